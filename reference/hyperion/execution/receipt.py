"""Receipts: what a block's header binds of the effects of its transactions; and the filter over their logs.

Source: Yellow Paper §4.3.1; EIP-658 (status), EIP-2718 (types).
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import attrs

from hyperion.execution.record import Field, address, hashed, list_of, natural, nested, octets, write_fields
from hyperion.execution.transaction import envelope
from hyperion.primitives.hashing import keccak256
from hyperion.primitives.rlp import LIST_OFFSET, STRING_OFFSET, encode, encode_bytes, encode_header, encode_list
from hyperion.primitives.word import Word
from hyperion.rules import rule
from hyperion.vm.address import address_bytes
from hyperion.vm.machine import Log

BLOOM_BYTES: Final = 256
BLOOM_BITS: Final = 8 * BLOOM_BYTES

LOG: Final = (address("address"), list_of("topics", hashed("topic")), octets("data"))
LOGS: Final = list_of("logs", nested("log", Log, LOG))


@lru_cache(maxsize=2**12)
@rule("EXE-bloom-bits", "A value sets three bits of a filter, by three pairs of bytes of its hash modulo 2048.")
def bloom_bits(value: bytes) -> int:
    """The filter of ``value`` alone, as a number. Memoised unobservably: contracts and topics recur."""
    digest = keccak256(value)
    bits = 0
    for start in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[start : start + 2], "big") % BLOOM_BITS)
    return bits


def topic_bytes(topic: Word) -> bytes:
    """The 32 bytes of a topic."""
    return topic.to_bytes(32, "big")


@rule("EXE-bloom", "The filter of logs has the bits of their addresses and topics.")
def bloom(logs: Iterable[Log]) -> bytes:
    """The 256-byte filter of ``logs``."""
    bits = 0
    for log in logs:
        bits |= bloom_bits(address_bytes(log.address))
        for topic in log.topics:
            bits |= bloom_bits(topic_bytes(topic))
    return bits.to_bytes(BLOOM_BYTES, "big")


@attrs.frozen
class Receipt:
    """The receipt of a transaction in a block."""

    type: int
    """The transaction's type."""
    succeeded: int
    """1 if the outermost frame kept its changes, else 0."""
    cumulative_gas_used: int
    """Gas used in the block up to and including the transaction."""
    bloom: bytes
    logs: tuple[Log, ...]


RECEIPT: Final[tuple[Field, ...]] = (
    natural("succeeded", 1), natural("cumulative_gas_used", 8), octets("bloom", BLOOM_BYTES), LOGS,
)  # fmt: skip


def receipt_of(type_byte: int, succeeded: bool, cumulative_gas_used: int, logs: tuple[Log, ...]) -> Receipt:
    """The receipt of a transaction of the type given, with its filter."""
    return Receipt(type_byte, int(succeeded), cumulative_gas_used, bloom(logs), logs)


@rule("EXE-receipt-encoding", "A receipt is the list of status, cumulative gas, filter, logs, after the type's byte.")
def encode_receipt(receipt: Receipt) -> bytes:
    """The encoding that the receipts root binds."""
    return envelope(receipt.type, write_fields(RECEIPT, receipt))


def log_head(log: Log) -> bytes:
    """The encoding of ``log`` up to its data, which follow as they are."""
    size = len(log.data)
    own = b"" if size == 1 and bytes(log.data[:1])[0] < STRING_OFFSET else encode_header(STRING_OFFSET, size)
    topics = encode_list(b"".join(encode_bytes(topic_bytes(topic)) for topic in log.topics))
    front = encode_bytes(address_bytes(log.address)) + topics + own
    return encode_header(LIST_OFFSET, len(front) + size) + front


def receipt_head(type_byte: int, succeeded: bool, cumulative_gas_used: int, bloom: bytes, size: int) -> bytes:
    """The encoding of a receipt up to its logs, whose encodings follow, of ``size`` bytes in all."""
    status, gas, bits, _ = write_fields(RECEIPT, Receipt(type_byte, int(succeeded), cumulative_gas_used, bloom, ()))
    front = encode(status) + encode(gas) + encode(bits) + encode_header(LIST_OFFSET, size)
    typed = b"" if type_byte == 0 else bytes((type_byte,))
    return typed + encode_header(LIST_OFFSET, len(front) + size) + front


@rule("EXE-logs-hash", "The hash of logs is the hash of the RLP list of them.")
def logs_hash(logs: tuple[Log, ...]) -> bytes:
    """The hash by which state tests compare logs."""
    return keccak256(encode(LOGS.write(logs)))
