"""Block headers: their fields by fork, their encoding and hash, and what a header owes its parent.

Source: Yellow Paper §4.3.4; EIP-1559, EIP-3675, EIP-4399, EIP-4788, EIP-4844, EIP-4895, EIP-7685.
"""

from typing import Final

import attrs

from hyperion.execution.fees import ELASTICITY, next_base_fee, next_excess_blob_gas
from hyperion.execution.invalid import BlockReason, InvalidBlock
from hyperion.execution.record import Field, address, hashed, natural, octets, read_fields, write_fields
from hyperion.primitives.hashing import EMPTY_LIST_HASH, HASH_BYTES, keccak256
from hyperion.primitives.rlp import Item, RlpError, RlpReason, decode_list, encode
from hyperion.primitives.word import Address, Word
from hyperion.rules import rule
from hyperion.vm.fork import Eip, Fork

GAS_LIMIT_CHANGE_DENOMINATOR: Final = 1024
"""The gas limit changes by less than one part in this a block."""
MIN_GAS_LIMIT: Final = 5_000
MAX_GAS_LIMIT: Final = 2**63 - 1
"""The highest gas limit of a block (EIP-1985)."""
MAX_EXTRA_DATA: Final = 32
"""The most bytes of extra data."""
NO_NONCE: Final = bytes(8)
"""The nonce of every block since the merge (EIP-3675)."""


@attrs.frozen(kw_only=True)
class Header:
    """What a block says of itself. Fields that a fork does not have are None."""

    parent_hash: bytes
    ommers_hash: bytes
    coinbase: Address
    """The beneficiary of priority fees."""
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    bloom: bytes
    difficulty: int
    number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    """Seconds since 1970-01-01."""
    extra_data: bytes
    prevrandao: Word
    nonce: bytes
    base_fee: int
    """Wei per gas."""
    withdrawals_root: bytes | None = None
    blob_gas_used: int | None = None
    excess_blob_gas: int | None = None
    beacon_root: bytes | None = None
    """The root of the parent beacon block."""
    requests_hash: bytes | None = None


FIELDS: Final = (
    octets("parent_hash", HASH_BYTES), octets("ommers_hash", HASH_BYTES), address("coinbase"),
    octets("state_root", HASH_BYTES), octets("transactions_root", HASH_BYTES), octets("receipts_root", HASH_BYTES),
    octets("bloom", 256), natural("difficulty"), natural("number", 8), natural("gas_limit", 8),
    natural("gas_used", 8), natural("timestamp", 8), octets("extra_data"), hashed("prevrandao"), octets("nonce", 8),
    natural("base_fee"),
)  # fmt: skip
"""The fields of every header here, in order."""

LATER_FIELDS: Final[tuple[tuple[Eip, Field], ...]] = (
    (Eip.WITHDRAWALS, octets("withdrawals_root", HASH_BYTES)),
    (Eip.BLOBS, natural("blob_gas_used", 8)),
    (Eip.BLOBS, natural("excess_blob_gas", 8)),
    (Eip.BEACON_ROOT, octets("beacon_root", HASH_BYTES)),
    (Eip.REQUESTS, octets("requests_hash", HASH_BYTES)),
)
"""The fields that EIPs have added, in order."""


# --- encoding --------------------------------------------------------------------------------------------------------


@rule("EXE-header-fields", "A header is the list of the fields that its fork has, in order.")
def fields_in(fork: Fork) -> tuple[Field, ...]:
    """The fields of headers of ``fork``."""
    return (*FIELDS, *(field for eip, field in LATER_FIELDS if eip in fork.eips))


def read_header(item: Item) -> Header:
    """The header that ``item`` stands for, of whatever fork has so many fields. Refuses with ``RlpError``."""
    count = len(decode_list(item, None, "header"))
    fields = (*FIELDS, *(field for _, field in LATER_FIELDS))[:count]
    if count < len(FIELDS):
        raise RlpError(RlpReason.WRONG_SIZE, 0, "header.length")
    return Header(**read_fields(fields, item, "header"))


def header_item(header: Header) -> tuple[Item, ...]:
    """The list that stands for ``header``: its fields up to the last that it has."""
    later = tuple(field for _, field in LATER_FIELDS if getattr(header, field.name) is not None)
    return write_fields((*FIELDS, *later), header)


@rule("EXE-block-hash", "A block's hash is the hash of the encoding of its header.")
def block_hash(header: Header) -> bytes:
    """The hash by which the block of ``header`` is known."""
    return keccak256(encode(header_item(header)))


# --- validity --------------------------------------------------------------------------------------------------------


@rule("EXE-gas-limit", "A block's gas limit differs from its parent's by less than a 1024th, and is 5,000 or more.")
def gas_limit_allowed(gas_limit: int, parent_gas_limit: int) -> bool:
    """Whether a block after a parent with ``parent_gas_limit`` may have ``gas_limit``."""
    bound = parent_gas_limit // GAS_LIMIT_CHANGE_DENOMINATOR
    return abs(gas_limit - parent_gas_limit) < bound and MIN_GAS_LIMIT <= gas_limit <= MAX_GAS_LIMIT


@rule("EXE-header-form", "A header has exactly its fork's fields, and those of proof of work have no content.")
def check_form(header: Header, fork: Fork) -> InvalidBlock | None:
    """Why ``header`` is none of ``fork``, or None."""
    for eip, field in LATER_FIELDS:
        if (getattr(header, field.name) is not None) != (eip in fork.eips):
            return InvalidBlock(BlockReason.HEADER_FIELDS, field.name)
    if len(header.extra_data) > MAX_EXTRA_DATA:
        return InvalidBlock(BlockReason.EXTRA_DATA_TOO_LONG, f"{len(header.extra_data)} > {MAX_EXTRA_DATA}")
    if header.difficulty != 0:
        return InvalidBlock(BlockReason.DIFFICULTY, f"{header.difficulty} != 0")
    if header.nonce != NO_NONCE:
        return InvalidBlock(BlockReason.NONCE, header.nonce.hex())
    if header.ommers_hash != EMPTY_LIST_HASH:
        return InvalidBlock(BlockReason.OMMERS, header.ommers_hash.hex())
    return None


@rule("EXE-header-succession", "Number, time, gas limit and base fee of a header follow from its parent's.")
def check_succession(header: Header, parent: Header) -> InvalidBlock | None:
    """Why ``header`` can't come after ``parent``, or None."""
    if header.number != parent.number + 1:
        return InvalidBlock(BlockReason.NUMBER, f"{header.number} != {parent.number + 1}")
    if header.timestamp <= parent.timestamp:
        return InvalidBlock(BlockReason.TIMESTAMP, f"{header.timestamp} <= {parent.timestamp}")
    if not gas_limit_allowed(header.gas_limit, parent.gas_limit):
        return InvalidBlock(BlockReason.GAS_LIMIT, f"{header.gas_limit} after {parent.gas_limit}")
    if header.gas_used > header.gas_limit:
        return InvalidBlock(BlockReason.GAS_USED_ABOVE_LIMIT, f"{header.gas_used} > {header.gas_limit}")
    base_fee = next_base_fee(max(parent.gas_limit, ELASTICITY), parent.gas_used, parent.base_fee)
    if header.base_fee != base_fee:
        return InvalidBlock(BlockReason.BASE_FEE, f"{header.base_fee} != {base_fee}")
    return None


@rule("EXE-header-blobs", "The excess blob gas of a header follows from its parent's figures.")
def check_excess(header: Header, parent: Header, fork: Fork) -> InvalidBlock | None:
    """Why the excess blob gas of ``header`` can't come after ``parent``, or None."""
    if fork.blobs is None:
        return None
    excess = expected_excess(parent, fork)
    if header.excess_blob_gas != excess:
        return InvalidBlock(BlockReason.EXCESS_BLOB_GAS, f"{header.excess_blob_gas} != {excess}")
    return None


def expected_excess(parent: Header, fork: Fork) -> int:
    """The excess blob gas of the block after ``parent``; a parent before blobs counts as one without any."""
    if fork.blobs is None or parent.excess_blob_gas is None or parent.blob_gas_used is None:
        return 0
    return next_excess_blob_gas(
        parent.excess_blob_gas,
        parent.blob_gas_used,
        parent.base_fee,
        fork.blobs,
        Eip.BLOB_BASE_FEE_FLOOR in fork.eips,
    )


def check_header(header: Header, parent: Header, parent_hash: bytes, fork: Fork) -> InvalidBlock | None:
    """Why a block with ``header`` can't come after ``parent``, or None."""
    if header.parent_hash != parent_hash:
        return InvalidBlock(BlockReason.PARENT, header.parent_hash.hex())
    return check_form(header, fork) or check_succession(header, parent) or check_excess(header, parent, fork)
