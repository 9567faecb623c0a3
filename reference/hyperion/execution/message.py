"""The transition of one transaction: validated, begun, run, settled.

``begin`` takes the fee and makes the machine, ``settle`` pays what is left over; between them the machine runs. They
are apart so that whoever traces an execution, or proves a step of it, has the same machine. Source: Yellow Paper §6;
EIP-1559, EIP-2929, EIP-3529, EIP-3651, EIP-6780, EIP-7623, EIP-7702.
"""

from typing import Final

import attrs
import msgspec
from immutables import Map

from hyperion.execution.rejection import Rejected
from hyperion.execution.set_code import authorize
from hyperion.execution.transaction import Transaction
from hyperion.execution.validate import Context, Valid, validate
from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.state.world import World
from hyperion.vm.address import create_address
from hyperion.vm.call import Message, enter_call, enter_create
from hyperion.vm.code import delegate_of
from hyperion.vm.fork import GAS_PER_BLOB, Eip
from hyperion.vm.machine import EMPTY_SUBSTATE, Environment, Halt, Log, Machine, Status, Substate

MAX_REFUND_QUOTIENT: Final = 5
"""At most one part in this of the gas used is refunded (EIP-3529)."""


@attrs.frozen
class Begun:
    """A transaction whose fee is taken and whose code is about to run."""

    transaction: Transaction
    context: Context
    valid: Valid
    world: World
    """What a failed execution goes back to: fee, nonce and authorisations stay."""
    substate: Substate
    """What a failed execution goes back to: refunds for authorisations stay."""
    machine: Machine


@attrs.frozen
class Applied:
    """What a transaction did."""

    world: World
    gas_used: int
    blob_gas_used: int
    halt: Halt
    """How its outermost frame ended."""
    logs: tuple[Log, ...]

    @property
    def succeeded(self) -> bool:
        """Whether the outermost frame kept its changes."""
        return self.halt.status.succeeds


def apply_transaction(transaction: Transaction, world: World, context: Context) -> Applied | Rejected:
    """The effect of ``transaction`` on ``world`` in the block of ``context``; or why it may not be there."""
    valid = validate(transaction, world, context)
    if isinstance(valid, Rejected):
        return valid
    begun = begin(transaction, world, context, valid)
    return settle(begun, context.executor(begun.machine))


# --- before the execution --------------------------------------------------------------------------------------------


@rule("EXE-buy-gas", "A sender pays for all gas and blobs, and its nonce rises, before the execution.")
def buy_gas(transaction: Transaction, world: World, valid: Valid) -> World:
    """The world after the sender paid for the gas limit and for the blobs."""
    sender = world.account(valid.sender)
    paid = sender.balance - transaction.gas_limit * valid.price - valid.blob_fee
    return world.with_account(valid.sender, sender.with_balance(paid).with_nonce(sender.nonce + 1))


@rule("EXE-warm-start", "Sender, recipient, precompiles, coinbase and the access list are warm from the start.")
def warm_at_start(transaction: Transaction, context: Context, sender: Address, recipient: Address) -> Substate:
    """The substate in which ``transaction`` begins (EIP-2929, EIP-2930, EIP-3651)."""
    warm = warm_precompiles(context)
    addresses = [sender, recipient, *(entry.address for entry in transaction.announced)]
    if Eip.WARM_COINBASE in context.fork.eips:
        addresses.append(context.block.coinbase)
    slots = {(entry.address, key): True for entry in transaction.announced for key in entry.keys}
    return msgspec.structs.replace(
        EMPTY_SUBSTATE,
        accessed_addresses=warm.update(dict.fromkeys(addresses, True)),
        accessed_slots=Map(slots),
    )


def warm_precompiles(context: Context) -> Map[Address, bool]:
    """The addresses of the fork's precompiles, each warm."""
    return Map(dict.fromkeys(context.fork.precompiles, True))


def begin(transaction: Transaction, world: World, context: Context, valid: Valid) -> Begun:
    """The machine about to run ``transaction``, with the world and substate that remain if it fails."""
    creates = transaction.to is None
    recipient = transaction.to if transaction.to is not None else create_address(valid.sender, transaction.nonce)
    environment = Environment(
        context.fork, context.chain_id, context.block, valid.sender, valid.price, transaction.blobs, world
    )
    world = buy_gas(transaction, world, valid)
    substate = warm_at_start(transaction, context, valid.sender, recipient)
    for authorization in transaction.delegations:
        world, substate = authorize(authorization, context.chain_id, world, substate)
    gas = transaction.gas_limit - valid.intrinsic.gas
    if creates:
        message = Message(valid.sender, recipient, transaction.data, gas, transaction.value)
        machine = enter_create(message, world, substate, environment)
    else:
        message, substate = outermost_call(
            valid.sender, recipient, transaction.value, transaction.data, gas, world, substate, environment
        )
        machine = enter_call(message, world, substate, environment)
    return Begun(transaction, context, valid, world, substate, machine)


@rule("EXE-delegated-recipient", "A recipient that delegates runs its delegate's code, which is warm from the start.")
def outermost_call(
    caller: Address,
    recipient: Address,
    value: int,
    data: bytes,
    gas: int,
    world: World,
    substate: Substate,
    environment: Environment,
) -> tuple[Message, Substate]:
    """The call of a transaction or of the protocol, and the substate in which the delegate, if any, is warm.

    A delegate that is a precompile has no code (EIP-7702).
    """
    code = world.account(recipient).code
    delegate = delegate_of(code) if Eip.SET_CODE in environment.fork.eips else None
    precompile: Address | None = recipient
    if delegate is not None:
        substate = substate.with_accessed_address(delegate)
        code, precompile = world.account(delegate).code, None
    return Message(caller, recipient, code, gas, value, data, precompile=precompile), substate


# --- after the execution ---------------------------------------------------------------------------------------------


@rule("EXE-refund", "At most a fifth of the gas used is refunded, and the floor of the data is paid in any case.")
def gas_used(gas_limit: int, gas_left: int, refund: int, floor: int) -> int:
    """Gas that a transaction pays for, of its limit and what the execution left (EIP-3529, EIP-7623)."""
    used = gas_limit - gas_left
    return max(used - min(used // MAX_REFUND_QUOTIENT, refund), floor)


@rule("EXE-settle", "Unused gas goes back to the sender; the priority fee goes to the coinbase.")
def pay(begun: Begun, world: World, used: int) -> World:
    """The world after the fees of ``used`` gas found their owners (EIP-1559)."""
    valid, block = begun.valid, begun.context.block
    world = world.credit(valid.sender, (begun.transaction.gas_limit - used) * valid.price)
    world = world.credit(block.coinbase, used * (valid.price - block.base_fee))
    recipient = begun.context.profile.base_fee_recipient
    return world if recipient is None else world.credit(recipient, used * block.base_fee)


@rule("EXE-failed-execution", "A failed execution leaves fee, nonce and authorisations, but no logs or deletions.")
def settle(begun: Begun, halted: Machine) -> Applied:
    """The effect of the transaction whose execution ended as ``halted``."""
    halt = halted.boundary if isinstance(halted.boundary, Halt) else Halt(Status.INVALID_OPCODE)
    world, substate = (
        (halted.world, halted.substate) if halt.status.succeeds else (begun.world, begun.substate)
    )
    used = gas_used(begun.transaction.gas_limit, halted.gas, substate.refund, begun.valid.intrinsic.floor)
    world = pay(begun, world, used)
    for address in sorted(substate.destroyed):
        world = world.without(address)
    blob_gas = GAS_PER_BLOB * len(begun.transaction.blobs)
    return Applied(world, used, blob_gas, halt, tuple(substate.logs))
