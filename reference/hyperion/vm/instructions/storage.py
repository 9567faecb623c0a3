"""Storage and transient storage. The first touch of a key in a transaction costs more (EIP-2929)."""

from hyperion.vm import gas as price
from hyperion.vm.fork import Eip
from hyperion.vm.machine import Machine, Status, instruction


@instruction(0x54, "SLOAD", 1, 1, price.ZERO)
def sload(machine: Machine, gas: int) -> Machine:
    """The word in the account's storage at the key given."""
    key, stack = machine.stack.top, machine.stack.rest
    address, substate = machine.frame.address, machine.substate
    slot = (address, key)
    if slot in substate.accessed_slots:
        gas = gas - price.WARM_ACCESS
    else:
        gas = gas - price.COLD_STORAGE_ACCESS
        substate = substate.with_accessed_slot(slot)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    return machine.next_with_state(gas, stack.push(machine.world.storage(address, key)), machine.world, substate)


@instruction(0x55, "SSTORE", 2, 0, price.ZERO)
def sstore(machine: Machine, gas: int) -> Machine:
    """Write the second word to the account's storage at the key given; price and refund are those of EIP-2200."""
    key, new, stack = machine.stack.top, machine.stack.rest.top, machine.stack.rest.rest
    if machine.frame.static:
        return machine.fail(Status.STATIC_VIOLATION)
    if gas <= price.SSTORE_SENTRY:
        return machine.fail(Status.OUT_OF_GAS)
    address, world, substate = machine.frame.address, machine.world, machine.substate
    slot = (address, key)
    if slot not in substate.accessed_slots:
        gas = gas - price.COLD_STORAGE_ACCESS
        substate = substate.with_accessed_slot(slot)
    original, current = original_word(machine, key), world.storage(address, key)
    gas = gas - price.storage_cost(original, current, new)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    substate = substate.with_refund(price.storage_refund(original, current, new))
    return machine.next_with_state(gas, stack, world.with_storage(address, key, new), substate)


def original_word(machine: Machine, key: int) -> int:
    """The word at ``key`` before the transaction; 0 in a contract that this transaction created."""
    address = machine.frame.address
    if address in machine.substate.created:
        return 0
    return machine.environment.initial_world.storage(address, key)


@instruction(0x5C, "TLOAD", 1, 1, price.TRANSIENT, Eip.TRANSIENT_STORAGE)
def tload(machine: Machine, gas: int) -> Machine:
    """The word in the account's transient storage at the key given."""
    key, stack = machine.stack.top, machine.stack.rest
    return machine.next(gas, stack.push(machine.substate.transient.get((machine.frame.address, key), 0)))


@instruction(0x5D, "TSTORE", 2, 0, price.TRANSIENT, Eip.TRANSIENT_STORAGE)
def tstore(machine: Machine, gas: int) -> Machine:
    """Write the second word to the account's transient storage at the key given."""
    key, value, stack = machine.stack.top, machine.stack.rest.top, machine.stack.rest.rest
    if machine.frame.static:
        return machine.fail(Status.STATIC_VIOLATION)
    substate = machine.substate.with_transient((machine.frame.address, key), value)
    return machine.next_with_state(gas, stack, machine.world, substate)
