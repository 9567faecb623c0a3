"""Logs: events that a contract emits, with up to four indexed words."""

from typing import Final

from hyperion.vm import gas as price
from hyperion.vm.machine import Instruction, Log, Machine, Status, instruction


def log(number: int) -> Instruction:
    """The row of the instruction that emits a log with ``number`` topics."""

    def operation(machine: Machine, gas: int) -> Machine:
        (offset, length, *topics), stack = machine.stack.take(2 + number)
        if machine.frame.static:
            return machine.fail(Status.STATIC_VIOLATION)
        gas = gas - price.LOG_BYTE * length - price.expansion_cost(machine.memory.size, offset, length)
        if gas < 0:
            return machine.fail(Status.OUT_OF_GAS)
        memory = machine.memory.touch(offset, length)
        substate = machine.substate.with_log(Log(machine.frame.address, tuple(topics), memory.read(offset, length)))
        return machine.next_with_memory(gas, stack, memory).with_substate(substate)

    operation.__doc__ = f"Emit a log of a piece of memory, offset and length, with {number} topic{'s' * (number != 1)}."
    gas = price.LOG + price.LOG_TOPIC * number
    return instruction(0xA0 + number, f"LOG{number}", 2 + number, 0, gas)(operation)


LOGS: Final = tuple(log(number) for number in range(5))
