"""Calls, creations and self-destruction: the instructions that reach other accounts."""

from hyperion.primitives.word import MAX_ADDRESS, Address, Word
from hyperion.rules import rule
from hyperion.vm import gas as price
from hyperion.vm.address import create2_address, create_address
from hyperion.vm.call import Message, enter_call, enter_create
from hyperion.vm.code import delegate_of
from hyperion.vm.fork import Eip
from hyperion.vm.instructions.environment import access_account
from hyperion.vm.machine import CALL_DEPTH_LIMIT, Halt, Machine, Status, Substate, Suspended, instruction
from hyperion.vm.octets import keccak256
from hyperion.vm.stack import Stack

MAX_NONCE = 2**64 - 1
"""An account with this nonce can create nothing more (EIP-2681)."""


# --- creation --------------------------------------------------------------------------------------------------------


@instruction(0xF0, "CREATE", 3, 1, price.CREATE)
def create(machine: Machine, gas: int) -> Machine:
    """Create a contract, its address given by creator and nonce: value, offset and length of initialisation code."""
    (value, offset, length), stack = machine.stack.take(3)
    return create_contract(machine, gas, stack, value, offset, length, None)


@instruction(0xF5, "CREATE2", 4, 1, price.CREATE)
def create2(machine: Machine, gas: int) -> Machine:
    """Create a contract, its address given by creator, salt and code: value, offset and length of the code, salt."""
    (value, offset, length, salt), stack = machine.stack.take(4)
    return create_contract(machine, gas - price.keccak_cost(length), stack, value, offset, length, salt)


@rule("VM-create-conditions", "A creation without funds, nonce or depth pushes 0 and keeps its gas.")
def create_contract(
    machine: Machine, gas: int, stack: Stack, value: Word, offset: Word, length: Word, salt: Word | None
) -> Machine:
    """The machine that enters a creation, or goes on with 0 where it can't be."""
    if machine.frame.static:
        return machine.fail(Status.STATIC_VIOLATION)
    gas = gas - price.expansion_cost(machine.memory.size, offset, length)
    if Eip.INITCODE_LIMIT in machine.environment.fork.eips:
        if length > price.MAX_INITCODE_SIZE:
            return machine.fail(Status.INITCODE_TOO_LARGE)
        gas = gas - price.initcode_cost(length)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    memory = machine.memory.touch(offset, length)
    creator = machine.world.account(machine.frame.address)
    if creator.balance < value or creator.nonce == MAX_NONCE or machine.frame.depth >= CALL_DEPTH_LIMIT:
        return machine.next_with_memory(gas, stack.push(0), memory).with_returned(b"")
    code = memory.read(offset, length)
    address = (
        create_address(machine.frame.address, creator.nonce)
        if salt is None
        else create2_address(machine.frame.address, salt, keccak256(code))
    )
    forwarded = price.max_forwarded(gas)
    world = machine.world.increment_nonce(machine.frame.address)
    substate = machine.substate.with_accessed_address(address)
    suspended = machine.suspend(gas - forwarded, stack, memory, world, substate)
    message = Message(machine.frame.address, address, code, forwarded, value, depth=machine.frame.depth + 1)
    return enter_create(message, world, substate, machine.environment, machine.steps + 1, Suspended(suspended, 0, 0))


# --- calls -----------------------------------------------------------------------------------------------------------


@instruction(0xF1, "CALL", 7, 1, price.ZERO)
def call(machine: Machine, gas: int) -> Machine:
    """Call an account: gas, address, value, offset and length of input, offset and length of output."""
    (gas_asked, target, value, *window), stack = machine.stack.take(7)
    if machine.frame.static and value != 0:
        return machine.fail(Status.STATIC_VIOLATION)
    to = target & MAX_ADDRESS
    new = price.NEW_ACCOUNT if value != 0 and machine.world.account(to).is_empty() else 0
    me = machine.frame.address
    return make_call(machine, gas, stack, window, gas_asked, to, me, to, value, True, machine.frame.static, new)


@instruction(0xF2, "CALLCODE", 7, 1, price.ZERO)
def callcode(machine: Machine, gas: int) -> Machine:
    """Call an account's code on this account: gas, address, value, input, output (offset and length each)."""
    (gas_asked, target, value, *window), stack = machine.stack.take(7)
    me = machine.frame.address
    return make_call(
        machine, gas, stack, window, gas_asked, target & MAX_ADDRESS, me, me, value, True, machine.frame.static, 0
    )


@instruction(0xF4, "DELEGATECALL", 6, 1, price.ZERO)
def delegatecall(machine: Machine, gas: int) -> Machine:
    """Call an account's code on this account, with this frame's caller and value: gas, address, input, output."""
    (gas_asked, target, *window), stack = machine.stack.take(6)
    frame = machine.frame
    return make_call(
        machine, gas, stack, window, gas_asked, target & MAX_ADDRESS, frame.caller, frame.address, frame.value,
        False, frame.static, 0,
    )  # fmt: skip


@instruction(0xFA, "STATICCALL", 6, 1, price.ZERO)
def staticcall(machine: Machine, gas: int) -> Machine:
    """Call an account such that nothing changes: gas, address, input, output."""
    (gas_asked, target, *window), stack = machine.stack.take(6)
    to = target & MAX_ADDRESS
    return make_call(machine, gas, stack, window, gas_asked, to, machine.frame.address, to, 0, True, True, 0)


@rule(
    "VM-call-price",
    "A call pays access, value and memory, forwards at most 63/64 of the rest, and adds a stipend to value.",
)
def make_call(
    machine: Machine,
    gas: int,
    stack: Stack,
    window: list[Word],
    gas_asked: Word,
    code_address: Address,
    caller: Address,
    address: Address,
    value: Word,
    transfers: bool,
    static: bool,
    new_account_cost: int,
) -> Machine:
    """The machine that enters a call, or goes on with 0 where funds or depth do not allow it.

    ``window`` is offset and length of the input, then of the output, in memory. ``code_address`` is whose code runs,
    ``address`` on whose account.
    """
    input_offset, input_length, output_offset, output_length = window
    memory = machine.memory
    memory_cost = price.expansion_cost_of_both(
        memory.size, (input_offset, input_length), (output_offset, output_length)
    )
    access_cost, code, delegated, substate = access_code(machine, code_address)
    pays_value = transfers and value != 0
    gas = gas - memory_cost - access_cost - new_account_cost - (price.CALL_VALUE if pays_value else 0)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    forwarded = min(gas_asked, price.max_forwarded(gas))
    gas = gas - forwarded
    if pays_value:
        forwarded = forwarded + price.CALL_STIPEND
    memory = memory.touch(input_offset, input_length).touch(output_offset, output_length)
    poor = transfers and machine.world.account(machine.frame.address).balance < value
    if poor or machine.frame.depth >= CALL_DEPTH_LIMIT:
        refused = machine.next_with_memory(gas + forwarded, stack.push(0), memory)
        return refused.with_returned(b"").with_substate(substate)
    suspended = machine.suspend(gas, stack, memory, machine.world, substate)
    message = Message(
        caller, address, code, forwarded, value, memory.read(input_offset, input_length), transfers, static,
        machine.frame.depth + 1, None if delegated else code_address,
    )  # fmt: skip
    waiting = Suspended(suspended, output_offset, output_length)
    return enter_call(message, machine.world, substate, machine.environment, machine.steps + 1, waiting)


@rule("VM-delegated-code", "A call to an account that delegates runs the delegate's code, and pays to access it.")
def access_code(machine: Machine, address: Address) -> tuple[int, bytes, bool, Substate]:
    """Gas for accessing the code to run for ``address``, that code, whether it is a delegate's, and the substate.

    A delegate is followed once: code that is itself a designator is not followed, and a precompile as delegate has no
    code (EIP-7702).
    """
    cost, substate = access_account(machine.substate, address)
    code = machine.world.account(address).code
    if Eip.SET_CODE not in machine.environment.fork.eips:
        return cost, code, False, substate
    delegate = delegate_of(code)
    if delegate is None:
        return cost, code, False, substate
    delegate_cost, substate = access_account(substate, delegate)
    return cost + delegate_cost, machine.world.account(delegate).code, True, substate


# --- self-destruction ------------------------------------------------------------------------------------------------


@instruction(0xFF, "SELFDESTRUCT", 1, 0, price.SELFDESTRUCT)
def selfdestruct(machine: Machine, gas: int) -> Machine:
    """End the frame and send the balance to an account; what this transaction created is deleted (EIP-6780)."""
    beneficiary = machine.stack.top & MAX_ADDRESS
    if machine.frame.static:
        return machine.fail(Status.STATIC_VIOLATION)
    address, world, substate = machine.frame.address, machine.world, machine.substate
    balance = world.account(address).balance
    if beneficiary not in substate.accessed_addresses:
        gas = gas - price.COLD_ACCOUNT_ACCESS
        substate = substate.with_accessed_address(beneficiary)
    if balance != 0 and world.account(beneficiary).is_empty():
        gas = gas - price.NEW_ACCOUNT
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    deleted = Eip.SELFDESTRUCT_ONLY_NEW not in machine.environment.fork.eips or address in substate.created
    world = world.transfer(address, beneficiary, balance)
    if deleted:
        world = world.credit(address, -world.account(address).balance)
        substate = substate.with_destroyed(address)
    return machine.end(gas, Halt(Status.SELFDESTRUCT)).with_state(world, substate)
