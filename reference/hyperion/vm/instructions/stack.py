"""The operand stack: pushing constants, copying and exchanging words."""

from typing import Final

from hyperion.vm import gas as price
from hyperion.vm.fork import Eip
from hyperion.vm.machine import Instruction, Machine, instruction
from hyperion.vm.stack import Stack


@instruction(0x50, "POP", 1, 0, price.BASE)
def pop(machine: Machine, gas: int) -> Machine:
    """Remove the topmost word."""
    return machine.next(gas, machine.stack.rest)


@instruction(0x5F, "PUSH0", 0, 1, price.BASE, Eip.PUSH0)
def push0(machine: Machine, gas: int) -> Machine:
    """Push the word 0."""
    return machine.next(gas, machine.stack.push(0))


def push(size: int) -> Instruction:
    """The row of the instruction that pushes the ``size`` bytes of code after it."""

    def operation(machine: Machine, gas: int) -> Machine:
        operand = machine.pc + 1
        end = operand + size
        stack, constant = machine.stack, int.from_bytes(machine.frame.program[operand:end], "big")
        return machine.jump(gas, Stack(constant, stack, stack.depth + 1), end)

    operation.__doc__ = f"Push the {size} byte{'s' * (size > 1)} of code that follow, zeros beyond its end."
    return instruction(0x5F + size, f"PUSH{size}", 0, 1, price.VERY_LOW, None, size)(operation)


def dup(number: int) -> Instruction:
    """The row of the instruction that copies the word at position ``number``, counted from 1 at the top."""

    def operation(machine: Machine, gas: int) -> Machine:
        return machine.next(gas, machine.stack.dup(number - 1))

    operation.__doc__ = f"Push a copy of word {number} of the stack, counted from 1 at the top."
    return instruction(0x7F + number, f"DUP{number}", number, number + 1, price.VERY_LOW)(operation)


def swap(number: int) -> Instruction:
    """The row of the instruction that exchanges the topmost word and the one ``number`` below it."""

    def operation(machine: Machine, gas: int) -> Machine:
        return machine.next(gas, machine.stack.swap(number))

    operation.__doc__ = f"Exchange the topmost word and word {number + 1} of the stack."
    return instruction(0x8F + number, f"SWAP{number}", number + 1, number + 1, price.VERY_LOW)(operation)


PUSHES: Final = tuple(push(size) for size in range(1, 33))
DUPS: Final = tuple(dup(number) for number in range(1, 17))
SWAPS: Final = tuple(swap(number) for number in range(1, 17))
