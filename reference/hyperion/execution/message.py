"""The transition of one transaction: validated, begun, run, settled.

``begin`` takes the fee and makes the machine, ``settle`` pays what is left over; between them the machine runs. They
are apart so that whoever traces an execution, or proves a step of it, has the same machine. ``begin`` in turn is
``admit``, an ``announce`` and a ``delegate`` for each entry of the two lists, and ``enter``: so each piece of it can be
taken by itself, with work that does not grow with the lists. Source: Yellow Paper §6; EIP-1559, EIP-2929, EIP-3529,
EIP-3651, EIP-6780, EIP-7623, EIP-7702.
"""

from typing import Final, TypeAlias

import attrs
import msgspec
from immutables import Map

from hyperion.execution.rejection import Rejected
from hyperion.execution.set_code import authorize
from hyperion.execution.transaction import Authorization, Transaction
from hyperion.execution.validate import Context, Valid, validate
from hyperion.primitives.word import Address, Word
from hyperion.rules import rule
from hyperion.state.world import World
from hyperion.vm.address import create_address
from hyperion.vm.call import Message, enter_call, enter_create
from hyperion.vm.code import delegate_of
from hyperion.vm.fork import GAS_PER_BLOB, Eip
from hyperion.vm.machine import EMPTY_SUBSTATE, Environment, Halt, Log, Machine, Status, Substate

MAX_REFUND_QUOTIENT: Final = 5
"""At most one part in this of the gas used is refunded (EIP-3529)."""


Announcement: TypeAlias = tuple[Address, Word | None]
"""An entry of an access list: an account, or a key of its storage."""


@attrs.frozen
class Admitted:
    """A transaction whose fee is taken, before its machine is made."""

    transaction: Transaction
    valid: Valid
    environment: Environment
    world: World
    substate: Substate


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
def warm_at_start(context: Context, sender: Address, recipient: Address) -> Substate:
    """The substate in which a transaction begins but for its access list (EIP-2929, EIP-3651)."""
    addresses = [sender, recipient]
    if Eip.WARM_COINBASE in context.fork.eips:
        addresses.append(context.block.coinbase)
    warm = warm_precompiles(context).update(dict.fromkeys(addresses, True))
    return msgspec.structs.replace(EMPTY_SUBSTATE, accessed_addresses=warm)


def warm_precompiles(context: Context) -> Map[Address, bool]:
    """The addresses of the fork's precompiles, each warm."""
    return Map(dict.fromkeys(context.fork.precompiles, True))


def announcements(transaction: Transaction) -> tuple[Announcement, ...]:
    """The accounts and storage keys of the access list of ``transaction``, one after the other (EIP-2930)."""
    return tuple((entry.address, key) for entry in transaction.announced for key in (None, *entry.keys))


def begin(transaction: Transaction, world: World, context: Context, valid: Valid) -> Begun:
    """The machine about to run ``transaction``, with the world and substate that remain if it fails."""
    admitted = admit(transaction, world, context, valid)
    for announcement in announcements(transaction):
        admitted = announce(admitted, announcement)
    for authorization in transaction.delegations:
        admitted = delegate(admitted, authorization)
    return enter(admitted, context)


def recipient_of(transaction: Transaction, sender: Address) -> Address:
    """The account that is called, or that the transaction makes."""
    return transaction.to if transaction.to is not None else create_address(sender, transaction.nonce)


def admit(transaction: Transaction, world: World, context: Context, valid: Valid) -> Admitted:
    """The transaction after its fee is taken, with the world before it as that of its original storage."""
    environment = Environment(
        context.fork, context.chain_id, context.block, valid.sender, valid.price, transaction.blobs, world
    )
    substate = warm_at_start(context, valid.sender, recipient_of(transaction, valid.sender))
    return Admitted(transaction, valid, environment, buy_gas(transaction, world, valid), substate)


def announce(admitted: Admitted, announcement: Announcement) -> Admitted:
    """The transaction after one entry of its access list has become warm (EIP-2930)."""
    address, key = announcement
    substate = admitted.substate
    if key is None:
        return attrs.evolve(admitted, substate=substate.with_accessed_address(address))
    return attrs.evolve(admitted, substate=substate.with_accessed_slot((address, key)))


def delegate(admitted: Admitted, authorization: Authorization) -> Admitted:
    """The transaction after one of its authorisations is acted upon, or passed over (EIP-7702)."""
    world, substate = authorize(authorization, admitted.environment.chain_id, admitted.world, admitted.substate)
    return attrs.evolve(admitted, world=world, substate=substate)


def enter(admitted: Admitted, context: Context) -> Begun:
    """The machine about to run the transaction."""
    transaction, valid, environment = admitted.transaction, admitted.valid, admitted.environment
    world, substate, gas = admitted.world, admitted.substate, transaction.gas_limit - valid.intrinsic.gas
    recipient = recipient_of(transaction, valid.sender)
    if transaction.to is None:
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


@attrs.frozen
class Charged:
    """A transaction that is paid for; its accounts to be deleted are still there."""

    world: World
    gas_used: int
    blob_gas_used: int
    halt: Halt
    substate: Substate


@rule("EXE-failed-execution", "A failed execution leaves fee, nonce and authorisations, but no logs or deletions.")
def charge(begun: Begun, halted: Machine) -> Charged:
    """The transaction whose execution ended as ``halted``, after its gas is paid for."""
    halt = halted.boundary if isinstance(halted.boundary, Halt) else Halt(Status.INVALID_OPCODE)
    world, substate = (
        (halted.world, halted.substate) if halt.status.succeeds else (begun.world, begun.substate)
    )
    used = gas_used(begun.transaction.gas_limit, halted.gas, substate.refund, begun.valid.intrinsic.floor)
    blob_gas = GAS_PER_BLOB * len(begun.transaction.blobs)
    return Charged(pay(begun, world, used), used, blob_gas, halt, substate)


def settle(begun: Begun, halted: Machine) -> Applied:
    """The effect of the transaction whose execution ended as ``halted``."""
    charged = charge(begun, halted)
    world = charged.world
    for address in sorted(charged.substate.destroyed):
        world = world.without(address)
    return Applied(world, charged.gas_used, charged.blob_gas_used, charged.halt, tuple(charged.substate.logs))
