"""May this transaction be in this block? Each refusal is a value that names its rule.

The order of the questions decides which reason is given when several hold: first what the transaction says of itself,
then the block, then the sender. Source: Yellow Paper §6.2; EIP-1559, 2681, 3607, 3860, 4844, 7594, 7623, 7702, 7825.
"""

from typing import Final

import attrs

from hyperion.execution.fees import effective_price
from hyperion.execution.intrinsic import Intrinsic, intrinsic_of
from hyperion.execution.profile import Profile
from hyperion.execution.rejection import Reason, Rejected
from hyperion.execution.transaction import BlobTransaction, SetCodeTransaction, Transaction, sender_of
from hyperion.primitives.word import MODULUS, Address
from hyperion.rules import rule
from hyperion.state.world import Account, World
from hyperion.vm import gas as price
from hyperion.vm.code import delegate_of
from hyperion.vm.fork import GAS_PER_BLOB, Eip, Fork
from hyperion.vm.machine import Block
from hyperion.vm.step import Executor, run

MAX_NONCE: Final = 2**64 - 1
"""No transaction has this nonce (EIP-2681)."""
GAS_CAP: Final = 2**24
"""The most gas that a transaction may ask for (EIP-7825)."""
MAX_BLOBS: Final = 6
"""The most blobs of one transaction (EIP-7594)."""
BLOB_VERSION: Final = 1
"""The first byte of a blob's versioned hash: a KZG commitment (EIP-4844)."""


@attrs.frozen
class Context:
    """The block that a transaction is to be in, as far as it is known, and what is used up of it."""

    fork: Fork
    profile: Profile
    chain_id: int
    block: Block
    gas_used: int = 0
    blob_gas_used: int = 0
    executor: Executor = run
    """What runs the machines. Each executor gives what ``run`` gives, so no rule depends on which it is."""


@attrs.frozen
class Valid:
    """What validation found out about a transaction that may be executed."""

    sender: Address
    intrinsic: Intrinsic
    price: int
    """Wei for a unit of gas."""
    blob_fee: int
    """Wei for all its blobs."""


def validate(transaction: Transaction, world: World, context: Context) -> Valid | Rejected:
    """What is needed to execute ``transaction`` on ``world`` in the block of ``context``, or why it may not be."""
    valid = check_alone(transaction, context)
    if isinstance(valid, Rejected):
        return valid
    return check_sender(transaction, world.account(valid.sender), context.fork) or valid


def check_alone(transaction: Transaction, context: Context) -> Valid | Rejected:
    """What validation finds out, or why it refuses, without a look at the state: all but the sender's account."""
    intrinsic = check_place(transaction, context)
    if isinstance(intrinsic, Rejected):
        return intrinsic
    sender = check_signature(transaction, context.chain_id)
    if isinstance(sender, Rejected):
        return sender
    rejected = (
        check_fees(transaction, context.block) or check_blobs(transaction, context) or check_form(transaction)
    )
    if rejected is not None:
        return rejected
    gas_price = effective_price(transaction.max_fee, transaction.max_priority_fee, context.block.base_fee)
    blob_fee = GAS_PER_BLOB * len(transaction.blobs) * context.block.blob_base_fee
    return Valid(sender, intrinsic, gas_price, blob_fee)


def check_place(transaction: Transaction, context: Context) -> Intrinsic | Rejected:
    """The intrinsic gas of ``transaction`` if nothing in it forbids it and the block has room for it."""
    intrinsic = check_itself(transaction, context.fork, context.profile)
    return intrinsic if isinstance(intrinsic, Rejected) else check_block_gas(transaction, context) or intrinsic


# --- the transaction by itself ---------------------------------------------------------------------------------------


@rule("EXE-type-unsupported", "A transaction's type must be known to the chain and in force in the fork.")
@rule("EXE-nonce-max", "A transaction's nonce is below 2**64 - 1.")
@rule("EXE-initcode-too-large", "A transaction that creates carries at most 49,152 bytes of initialisation code.")
@rule("EXE-gas-cap", "A transaction asks for at most 2**24 gas.")
@rule("EXE-priority-fee-above-max-fee", "A transaction's priority fee is not above the most that it pays in all.")
@rule("EXE-cost-overflow", "The most that a transaction can cost fits in a word.")
def check_itself(transaction: Transaction, fork: Fork, profile: Profile) -> Intrinsic | Rejected:
    """The intrinsic gas of ``transaction`` if nothing in it forbids it in every block of ``fork``."""
    if type(transaction) not in profile.types_in(fork):
        return Rejected(Reason.TYPE_UNSUPPORTED, f"type {transaction.type}")
    intrinsic = intrinsic_of(transaction, fork)
    if transaction.gas_limit < intrinsic.gas:
        return Rejected(Reason.INTRINSIC_GAS, f"{transaction.gas_limit} < {intrinsic.gas}")
    if transaction.gas_limit < intrinsic.floor:
        return Rejected(Reason.FLOOR_GAS, f"{transaction.gas_limit} < {intrinsic.floor}")
    if transaction.nonce >= MAX_NONCE:
        return Rejected(Reason.NONCE_MAX)
    if transaction.to is None and Eip.INITCODE_LIMIT in fork.eips and len(transaction.data) > price.MAX_INITCODE_SIZE:
        return Rejected(Reason.INITCODE_TOO_LARGE, f"{len(transaction.data)} > {price.MAX_INITCODE_SIZE}")
    if Eip.TRANSACTION_GAS_CAP in fork.eips and transaction.gas_limit > GAS_CAP:
        return Rejected(Reason.GAS_CAP, f"{transaction.gas_limit} > {GAS_CAP}")
    if transaction.max_priority_fee > transaction.max_fee:
        return Rejected(Reason.PRIORITY_FEE_ABOVE_MAX_FEE, f"{transaction.max_priority_fee} > {transaction.max_fee}")
    if transaction.gas_limit * transaction.max_fee >= MODULUS:
        return Rejected(Reason.COST_OVERFLOW)
    return intrinsic


@rule("EXE-chain-id", "A transaction that names a chain names the one it is on.")
@rule("EXE-signature", "A transaction's signature is in range, has a low s, and is somebody's.")
def check_signature(transaction: Transaction, chain_id: int) -> Address | Rejected:
    """The sender of ``transaction``."""
    if transaction.signed_chain not in (None, chain_id):
        return Rejected(Reason.CHAIN_ID, f"{transaction.signed_chain} != {chain_id}")
    sender = sender_of(transaction)
    return Rejected(Reason.SIGNATURE) if sender is None else sender


@rule("EXE-blob-create", "A transaction with blobs calls an account.")
@rule("EXE-set-code-create", "A transaction with authorisations calls an account.")
@rule("EXE-authorization-list-empty", "A transaction of type 4 has an authorisation.")
def check_form(transaction: Transaction) -> Rejected | None:
    """Why the type of ``transaction`` does not go with what it does, or None."""
    if isinstance(transaction, BlobTransaction) and transaction.to is None:
        return Rejected(Reason.BLOB_CREATE)
    if isinstance(transaction, SetCodeTransaction):
        if transaction.to is None:
            return Rejected(Reason.SET_CODE_CREATE)
        if not transaction.authorizations:
            return Rejected(Reason.AUTHORIZATION_LIST_EMPTY)
    return None


# --- the block -------------------------------------------------------------------------------------------------------


@rule("EXE-gas-limit-exceeds-block", "A transaction asks for no more gas than the block has left.")
@rule("EXE-blob-gas-exceeds-block", "A transaction's blobs fit in the room for blobs that the block has left.")
def check_block_gas(transaction: Transaction, context: Context) -> Rejected | None:
    """Why ``transaction`` does not fit in the rest of the block, or None."""
    left = context.block.gas_limit - context.gas_used
    if transaction.gas_limit > left:
        return Rejected(Reason.GAS_LIMIT_EXCEEDS_BLOCK, f"{transaction.gas_limit} > {left}")
    if transaction.blobs and context.fork.blobs is not None:
        used = context.blob_gas_used + GAS_PER_BLOB * len(transaction.blobs)
        if used > GAS_PER_BLOB * context.fork.blobs.max:
            return Rejected(Reason.BLOB_GAS_EXCEEDS_BLOCK, f"{used} > {GAS_PER_BLOB * context.fork.blobs.max}")
    return None


@rule("EXE-max-fee-below-base-fee", "The most that a transaction pays for gas is not below the base fee.")
def check_fees(transaction: Transaction, block: Block) -> Rejected | None:
    """Why the price that ``transaction`` offers for gas is refused, or None."""
    if transaction.max_fee < block.base_fee:
        return Rejected(Reason.MAX_FEE_BELOW_BASE_FEE, f"{transaction.max_fee} < {block.base_fee}")
    return None


@rule("EXE-no-blobs", "A transaction of type 3 has a blob.")
@rule("EXE-too-many-blobs", "A transaction has at most 6 blobs.")
@rule("EXE-blob-version", "A blob's versioned hash begins with 1.")
@rule("EXE-blob-fee-too-low", "What a transaction offers for blob gas is not below its price.")
def check_blobs(transaction: Transaction, context: Context) -> Rejected | None:
    """Why the blobs of ``transaction`` are refused, or None."""
    if not isinstance(transaction, BlobTransaction):
        return None
    count = len(transaction.blob_versioned_hashes)
    if count == 0:
        return Rejected(Reason.NO_BLOBS)
    if Eip.BLOBS_PER_TRANSACTION in context.fork.eips and count > MAX_BLOBS:
        return Rejected(Reason.TOO_MANY_BLOBS, f"{count} > {MAX_BLOBS}")
    if any(versioned >> 248 != BLOB_VERSION for versioned in transaction.blob_versioned_hashes):
        return Rejected(Reason.BLOB_VERSION)
    if transaction.max_fee_per_blob_gas < context.block.blob_base_fee:
        return Rejected(
            Reason.BLOB_FEE_TOO_LOW, f"{transaction.max_fee_per_blob_gas} < {context.block.blob_base_fee}"
        )
    return None


# --- the sender ------------------------------------------------------------------------------------------------------


def most_cost(transaction: Transaction) -> int:
    """The most wei that ``transaction`` can take from its sender."""
    blob_gas = GAS_PER_BLOB * len(transaction.blobs)
    blob_cost = blob_gas * transaction.max_fee_per_blob_gas if isinstance(transaction, BlobTransaction) else 0
    return transaction.gas_limit * transaction.max_fee + blob_cost + transaction.value


@rule("EXE-nonce-too-low", "A transaction's nonce is not below its sender's.")
@rule("EXE-nonce-too-high", "A transaction's nonce is not above its sender's.")
@rule("EXE-insufficient-funds", "A sender can pay the value and all gas at the highest price offered.")
@rule("EXE-sender-not-eoa", "A sender has no code, unless it is a delegation designator.")
def check_sender(transaction: Transaction, sender: Account, fork: Fork) -> Rejected | None:
    """Why ``sender`` may not send ``transaction``, or None."""
    if transaction.nonce != sender.nonce:
        reason = Reason.NONCE_TOO_LOW if transaction.nonce < sender.nonce else Reason.NONCE_TOO_HIGH
        return Rejected(reason, f"{transaction.nonce} != {sender.nonce}")
    cost = most_cost(transaction)
    if sender.balance < cost:
        return Rejected(Reason.INSUFFICIENT_FUNDS, f"{sender.balance} < {cost}")
    delegates = Eip.SET_CODE in fork.eips and delegate_of(sender.code) is not None
    if sender.code and not delegates:
        return Rejected(Reason.SENDER_NOT_EOA)
    return None
