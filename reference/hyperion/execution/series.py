"""The transactions of a block, one after another: this is what a block means, and what all else must equal.

What a transaction uses up of the block, and the receipt it gets, depend on those before it; ``after`` is the one place
where that is added up.
"""

from collections.abc import Callable
from typing import TypeAlias

import attrs

from hyperion.execution.invalid import BlockReason, InvalidBlock
from hyperion.execution.message import Applied, apply_transaction
from hyperion.execution.receipt import Receipt, receipt_of
from hyperion.execution.rejection import Reason, Rejected
from hyperion.execution.transaction import Malformed, Transaction, TransactionError, decode_transaction
from hyperion.execution.validate import Context
from hyperion.rules import rule
from hyperion.state.world import World


@attrs.frozen
class Progress:
    """How far a block is: the world, what is used up of the block, and the receipts so far."""

    world: World
    context: Context
    receipts: tuple[Receipt, ...] = ()


Execution: TypeAlias = Callable[[tuple[bytes, ...], World, Context], Progress | InvalidBlock]
"""What executes the encoded transactions of a block: ``in_series``, or another function that gives the same."""


def in_series(transactions: tuple[bytes, ...], world: World, context: Context) -> Progress | InvalidBlock:
    """What encoded ``transactions`` do to ``world``; or why the first that is refused makes the block invalid."""
    progress = Progress(world, context)
    for index, encoded in enumerate(transactions):
        transaction = read_transaction(index, encoded, context)
        if isinstance(transaction, InvalidBlock):
            return transaction
        applied = apply_transaction(transaction, progress.world, progress.context)
        if isinstance(applied, Rejected):
            return refused(index, applied)
        progress = after(progress, encoded, applied)
    return progress


def read_transaction(index: int, encoded: bytes, context: Context) -> Transaction | InvalidBlock:
    """The block's transaction at ``index``; or why the block is invalid: its encoding, or a type that is not known."""
    try:
        return decode_transaction(encoded, context.profile.types_in(context.fork))
    except TransactionError as error:
        if error.reason is Malformed.UNKNOWN_TYPE:
            rejected = Rejected(Reason.TYPE_UNSUPPORTED, str(error))
            return InvalidBlock(BlockReason.TRANSACTION, str(error), index, rejected)
        return InvalidBlock(
            BlockReason.TRANSACTION_ENCODING, str(error), index, malformed=(error.reason, error.field)
        )


@rule("EXE-block-transactions", "A block that holds a refused transaction is invalid.")
def refused(index: int, rejected: Rejected) -> InvalidBlock:
    """The block whose transaction at ``index`` is refused."""
    return InvalidBlock(
        BlockReason.TRANSACTION, f"{rejected.reason.value} {rejected.detail}".strip(), index, rejected
    )


@rule("EXE-cumulative-gas", "A receipt has the gas of its transaction and of all before it in the block.")
def after(progress: Progress, encoded: bytes, applied: Applied) -> Progress:
    """The block after one more transaction, whose encoding is ``encoded``, had its effect."""
    context = attrs.evolve(
        progress.context,
        gas_used=progress.context.gas_used + applied.gas_used,
        blob_gas_used=progress.context.blob_gas_used + applied.blob_gas_used,
    )
    type_byte = 0 if encoded[0] >= 0xC0 else encoded[0]
    receipt = receipt_of(type_byte, applied.succeeded, context.gas_used, applied.logs)
    return Progress(applied.world, context, (*progress.receipts, receipt))
