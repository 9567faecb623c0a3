"""Blocks: header, transactions, ommers (none since the merge) and withdrawals; decoding, encoding, roots.

Transactions stay encoded until they are executed, since the block binds their bytes. Source: Yellow Paper §4.3;
EIP-2718, EIP-3675, EIP-4895.
"""

from typing import Final

import attrs

from hyperion.execution.header import Header, header_item, read_header
from hyperion.execution.record import address, list_of, natural, nested, write_fields
from hyperion.primitives.rlp import Item, RlpError, RlpReason, decode, decode_list, encode
from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.state.commitment import ordered_root

GWEI: Final = 10**9
"""Wei in the unit of a withdrawal's amount."""


@attrs.frozen
class Withdrawal:
    """Wei that the consensus layer hands to an account (EIP-4895)."""

    index: int
    validator_index: int
    address: Address
    amount: int
    """In gwei."""


WITHDRAWAL: Final = (natural("index", 8), natural("validator_index", 8), address("address"), natural("amount", 8))
WITHDRAWALS: Final = list_of("withdrawals", nested("withdrawal", Withdrawal, WITHDRAWAL))


@attrs.frozen
class Block:
    """A block."""

    header: Header
    transactions: tuple[bytes, ...]
    """Encodings, each with its type's byte."""
    ommers: tuple[Item, ...] = ()
    withdrawals: tuple[Withdrawal, ...] | None = None
    """None before withdrawals exist."""


@rule("EXE-block-encoding", "A block is the list of header, transactions, ommers and, where they exist, withdrawals.")
def encode_block(block: Block) -> bytes:
    """The one encoding of ``block``."""
    body: list[Item] = [header_item(block.header), tuple(map(transaction_item, block.transactions)), block.ommers]
    if block.withdrawals is not None:
        body.append(WITHDRAWALS.write(block.withdrawals))
    return encode(tuple(body))


def decode_block(data: bytes) -> Block:
    """The block whose encoding is ``data``. Refuses with ``RlpError``, under the name of the field."""
    items = decode_list(decode(data), None, "block")
    if len(items) not in (3, 4):
        raise RlpError(RlpReason.WRONG_SIZE, 0, "block.length")
    return Block(
        read_header(items[0]),
        tuple(transaction_bytes(item) for item in decode_list(items[1], None, "block.transactions")),
        decode_list(items[2], None, "block.ommers"),
        WITHDRAWALS.read(items[3], "block.withdrawals") if len(items) == 4 else None,
    )


def transaction_item(encoded: bytes) -> Item:
    """How an encoded transaction stands in a block: type 0 as the list that it is, others as byte strings."""
    return decode(encoded) if encoded and encoded[0] >= 0xC0 else encoded


def transaction_bytes(item: Item) -> bytes:
    """The encoding of the transaction that stands in a block as ``item``."""
    return item if isinstance(item, bytes) else encode(item)


# --- roots -----------------------------------------------------------------------------------------------------------


@rule("EXE-transactions-root", "The transactions root is the ordered root of the transactions' encodings.")
def transactions_root(transactions: tuple[bytes, ...]) -> bytes:
    """The root of encoded ``transactions``."""
    return ordered_root(transactions)


@rule("EXE-withdrawals-root", "The withdrawals root is the ordered root of the withdrawals' encodings.")
def withdrawals_root(withdrawals: tuple[Withdrawal, ...]) -> bytes:
    """The root of ``withdrawals``."""
    return ordered_root(encode(write_fields(WITHDRAWAL, withdrawal)) for withdrawal in withdrawals)
