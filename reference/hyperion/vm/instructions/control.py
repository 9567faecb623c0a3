"""Control flow: halting, jumping, and where and with how much gas the machine stands."""

from hyperion.vm import gas as price
from hyperion.vm.call import deposit_code
from hyperion.vm.machine import Halt, Machine, Status, instruction


@instruction(0x00, "STOP", 0, 0, price.ZERO)
def stop(machine: Machine, gas: int) -> Machine:
    """End the frame without output."""
    return machine.end(gas, Halt(Status.STOP))


@instruction(0x56, "JUMP", 1, 0, price.MID)
def jump(machine: Machine, gas: int) -> Machine:
    """Go on at the jump destination given."""
    destination, stack = machine.stack.top, machine.stack.rest
    if destination not in machine.frame.jump_destinations:
        return machine.fail(Status.INVALID_JUMP)
    return machine.jump(gas, stack, destination)


@instruction(0x57, "JUMPI", 2, 0, price.HIGH)
def jumpi(machine: Machine, gas: int) -> Machine:
    """Go on at the jump destination given if the second word is not 0."""
    destination, condition, stack = machine.stack.top, machine.stack.rest.top, machine.stack.rest.rest
    if condition == 0:
        return machine.next(gas, stack)
    if destination not in machine.frame.jump_destinations:
        return machine.fail(Status.INVALID_JUMP)
    return machine.jump(gas, stack, destination)


@instruction(0x58, "PC", 0, 1, price.BASE)
def pc(machine: Machine, gas: int) -> Machine:
    """The offset of this instruction in the code."""
    return machine.next(gas, machine.stack.push(machine.pc))


@instruction(0x5A, "GAS", 0, 1, price.BASE)
def gas_left(machine: Machine, gas: int) -> Machine:
    """The gas left after this instruction."""
    return machine.next(gas, machine.stack.push(gas))


@instruction(0x5B, "JUMPDEST", 0, 0, price.JUMPDEST)
def jumpdest(machine: Machine, gas: int) -> Machine:
    """Nothing: marks a place that may be jumped to."""
    return machine.next(gas, machine.stack)


@instruction(0xF3, "RETURN", 2, 0, price.ZERO)
def return_(machine: Machine, gas: int) -> Machine:
    """End the frame with a piece of memory as output: offset, length. A creation's output becomes code."""
    (offset, length), _ = machine.stack.take(2)
    gas = gas - price.expansion_cost(machine.memory.size, offset, length)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    output = machine.memory.touch(offset, length).read(offset, length)
    if machine.frame.creates:
        return deposit_code(machine, gas, output)
    return machine.end(gas, Halt(Status.RETURN, output))


@instruction(0xFD, "REVERT", 2, 0, price.ZERO)
def revert(machine: Machine, gas: int) -> Machine:
    """End the frame, undo its changes, keep its gas, with a piece of memory as output: offset, length."""
    (offset, length), _ = machine.stack.take(2)
    gas = gas - price.expansion_cost(machine.memory.size, offset, length)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    output = machine.memory.touch(offset, length).read(offset, length)
    return machine.end(gas, Halt(Status.REVERT, output))


@instruction(0xFE, "INVALID", 0, 0, price.ZERO)
def invalid(machine: Machine, gas: int) -> Machine:
    """End the frame exceptionally. Every opcode without a meaning acts so."""
    return machine.fail(Status.INVALID_OPCODE)
