"""Memory: words, bytes and copies within it. Touching bytes beyond its size grows it, which is paid for."""

from hyperion.vm import gas as price
from hyperion.vm.fork import Eip
from hyperion.vm.machine import Machine, Status, instruction


@instruction(0x51, "MLOAD", 1, 1, price.VERY_LOW)
def mload(machine: Machine, gas: int) -> Machine:
    """The word in the 32 bytes of memory at the offset given."""
    offset, stack = machine.stack.top, machine.stack.rest
    gas = gas - price.expansion_cost(machine.memory.size, offset, 32)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    memory = machine.memory.touch(offset, 32)
    return machine.next_with_memory(gas, stack.push(memory.load(offset)), memory)


@instruction(0x52, "MSTORE", 2, 0, price.VERY_LOW)
def mstore(machine: Machine, gas: int) -> Machine:
    """Write the second word to the 32 bytes of memory at the offset given."""
    offset, value, stack = machine.stack.top, machine.stack.rest.top, machine.stack.rest.rest
    gas = gas - price.expansion_cost(machine.memory.size, offset, 32)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    return machine.next_with_memory(gas, stack, machine.memory.touch(offset, 32).store(offset, value))


@instruction(0x53, "MSTORE8", 2, 0, price.VERY_LOW)
def mstore8(machine: Machine, gas: int) -> Machine:
    """Write the lowest byte of the second word to the byte of memory at the offset given."""
    (offset, value), stack = machine.stack.take(2)
    gas = gas - price.expansion_cost(machine.memory.size, offset, 1)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    memory = machine.memory.touch(offset, 1).write(offset, (value & 0xFF).to_bytes(1, "big"))
    return machine.next_with_memory(gas, stack, memory)


@instruction(0x59, "MSIZE", 0, 1, price.BASE)
def msize(machine: Machine, gas: int) -> Machine:
    """The size of memory in bytes."""
    return machine.next(gas, machine.stack.push(machine.memory.size))


@instruction(0x5E, "MCOPY", 3, 0, price.VERY_LOW, Eip.MCOPY)
def mcopy(machine: Machine, gas: int) -> Machine:
    """Copy within memory, as if through a buffer: target offset, source offset, length."""
    (target, source, length), stack = machine.stack.take(3)
    size = machine.memory.size
    gas = gas - price.copy_cost(length) - price.expansion_cost(size, max(target, source), length)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    memory = machine.memory.touch(max(target, source), length)
    return machine.next_with_memory(gas, stack, memory.write(target, memory.read(source, length)))
