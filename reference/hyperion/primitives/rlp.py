"""Recursive length prefix (RLP): the serialization of the execution layer, with a decoder that accepts one form only.

An item is a byte string or a tuple of items. ``decode`` accepts exactly the byte strings that ``encode`` makes, hence
an item has one encoding and a hash of an encoding names one item. Source: Yellow Paper, appendix B.

============  =====================================================================
first byte    what follows
============  =====================================================================
``00 .. 7f``  nothing: the byte is the item
``80 .. b7``  a byte string of 0 to 55 bytes, the length being in the first byte
``b8 .. bf``  1 to 8 bytes of length, then a byte string of 56 bytes or more
``c0 .. f7``  the items of a list, 0 to 55 bytes together
``f8 .. ff``  1 to 8 bytes of length, then items of 56 bytes or more together
============  =====================================================================
"""

from enum import Enum
from typing import Final, TypeAlias

from hyperion.rules import rule

Item: TypeAlias = bytes | tuple["Item", ...]
"""What RLP serializes: a byte string, or a tuple of items."""

MAX_DEPTH: Final = 256
"""How many lists may stand inside each other. No structure of the protocol goes beyond 6; the bound keeps comparing,
hashing and printing a decoded item within the interpreter's stack."""

SHORT_LENGTH_MAX: Final = 55
"""The longest payload, in bytes, whose length is written in the first byte."""

STRING_OFFSET: Final = 0x80
LIST_OFFSET: Final = 0xC0
LONG_STRING_OFFSET: Final = STRING_OFFSET + SHORT_LENGTH_MAX
LONG_LIST_OFFSET: Final = LIST_OFFSET + SHORT_LENGTH_MAX


class RlpReason(Enum):
    """Why bytes are not the encoding of an item, or an item is not what is wanted there."""

    EMPTY_INPUT = "empty-input"
    TRUNCATED = "truncated"
    EXCEEDS_LIST = "exceeds-list"
    TRAILING_BYTES = "trailing-bytes"
    SINGLE_BYTE_NOT_ITSELF = "single-byte-not-itself"
    LEADING_ZERO_LENGTH = "leading-zero-length"
    NON_MINIMAL_LENGTH = "non-minimal-length"
    NESTING_TOO_DEEP = "nesting-too-deep"
    NOT_BYTES = "not-bytes"
    NOT_A_LIST = "not-a-list"
    WRONG_SIZE = "wrong-size"
    LEADING_ZERO_INTEGER = "leading-zero-integer"
    INTEGER_TOO_WIDE = "integer-too-wide"
    NEGATIVE_INTEGER = "negative-integer"


class RlpError(ValueError):
    """A refused encoding or item: the reason, the offset in bytes at which it shows, and the field's name if known."""

    def __init__(self, reason: RlpReason, offset: int = 0, field: str = "rlp") -> None:
        super().__init__(f"{field}: {reason.value} at byte {offset}")
        self.reason = reason
        self.offset = offset
        self.field = field


# --- encoding -------------------------------------------------------------------------------------------------------


def encode_header(offset: int, length: int) -> bytes:
    """The bytes before a payload of ``length`` bytes; ``offset`` is ``STRING_OFFSET`` or ``LIST_OFFSET``."""
    if length <= SHORT_LENGTH_MAX:
        return bytes((offset + length,))
    width = (length.bit_length() + 7) // 8
    return bytes((offset + SHORT_LENGTH_MAX + width,)) + length.to_bytes(width, "big")


@rule(
    "PRIM-rlp-encode-bytes", "A byte below 0x80 is its own encoding; another byte string follows its shortest header."
)
def encode_bytes(data: bytes) -> bytes:
    """The encoding of a byte string."""
    length = len(data)
    if length == 1 and data[0] < STRING_OFFSET:
        return data
    return encode_header(STRING_OFFSET, length) + data


@rule("PRIM-rlp-encode-list", "A list is the concatenated encodings of its items after the shortest header.")
def encode_list(encoded_items: bytes) -> bytes:
    """The encoding of a list whose items' encodings, one after the other, are ``encoded_items``."""
    return encode_header(LIST_OFFSET, len(encoded_items)) + encoded_items


def encode(item: Item, depth: int = 0) -> bytes:
    """The encoding of ``item``, which stands inside ``depth`` lists.

    Refuses ``NESTING_TOO_DEEP`` when that makes more than ``MAX_DEPTH``.
    """
    if isinstance(item, bytes):
        return encode_bytes(item)
    if depth >= MAX_DEPTH:
        raise RlpError(RlpReason.NESTING_TOO_DEEP)
    parts = []
    for part in item:
        parts.append(encode_bytes(part) if isinstance(part, bytes) else encode(part, depth + 1))
    return encode_list(b"".join(parts))


def encode_int(number: int) -> bytes:
    """The encoding of a natural number. Refuses ``NEGATIVE_INTEGER``."""
    return encode_bytes(int_to_bytes(number))


@rule("PRIM-rlp-integer-form", "A natural number is its big-endian bytes without leading zeros; zero is no bytes.")
def int_to_bytes(number: int) -> bytes:
    """The byte string that stands for ``number`` in an item. Refuses ``NEGATIVE_INTEGER``."""
    if number < 0:
        raise RlpError(RlpReason.NEGATIVE_INTEGER)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


# --- decoding -------------------------------------------------------------------------------------------------------


@rule("PRIM-rlp-minimal-length", "A length of 55 or less is in the first byte; a longer one has no leading zero byte.")
def _long_length(data: bytes, start: int, width: int) -> int:
    """The payload length written in the ``width`` bytes at ``start``, which lie within ``data``."""
    if data[start] == 0:
        raise RlpError(RlpReason.LEADING_ZERO_LENGTH, start)
    length = int.from_bytes(data[start : start + width], "big")
    if length <= SHORT_LENGTH_MAX:
        raise RlpError(RlpReason.NON_MINIMAL_LENGTH, start)
    return length


@rule("PRIM-rlp-within-bounds", "An item ends within the input and within the list that holds it.")
def _header(data: bytes, start: int, end: int) -> tuple[bool, int, int]:
    """Whether the item at ``start`` is a list, and where its payload starts and ends.

    ``end``, the end of the enclosing list or of the input, is greater than ``start``. Lengths are only compared, never
    allocated, so a header that claims 2**63 bytes costs nothing.
    """
    first = data[start]
    is_list = first >= LIST_OFFSET
    overrun = RlpReason.TRUNCATED if end == len(data) else RlpReason.EXCEEDS_LIST
    if first < STRING_OFFSET:
        return False, start, start + 1
    long_offset = LONG_LIST_OFFSET if is_list else LONG_STRING_OFFSET
    payload = start + 1
    if first <= long_offset:
        length = first - (LIST_OFFSET if is_list else STRING_OFFSET)
    else:
        width = first - long_offset
        if payload + width > end:
            raise RlpError(overrun, start)
        length = _long_length(data, payload, width)
        payload += width
    if payload + length > end:
        raise RlpError(overrun, start)
    return is_list, payload, payload + length


@rule("PRIM-rlp-single-byte", "A single byte below 0x80 is encoded as itself, never behind a header.")
def _string_payload(data: bytes, start: int, payload: int, end: int) -> bytes:
    """The byte string at ``payload .. end`` whose header is at ``start``."""
    if end - payload == 1 and payload != start and data[payload] < STRING_OFFSET:
        raise RlpError(RlpReason.SINGLE_BYTE_NOT_ITSELF, start)
    return data[payload:end]


@rule("PRIM-rlp-nesting", "No more than 256 lists stand inside each other.")
def decode_prefix(data: bytes) -> tuple[Item, int]:
    """The item that ``data`` begins with, and the offset at which it ends.

    Refuses, in the order in which the bytes are read: ``EMPTY_INPUT``, ``TRUNCATED``, ``EXCEEDS_LIST``,
    ``LEADING_ZERO_LENGTH``, ``NON_MINIMAL_LENGTH``, ``SINGLE_BYTE_NOT_ITSELF``, ``NESTING_TOO_DEEP``. The lists that
    are still open are kept on a stack of our own, so no input exhausts the interpreter's.
    """
    if not data:
        raise RlpError(RlpReason.EMPTY_INPUT)
    opened: list[tuple[list[Item], int]] = []
    position, limit = 0, len(data)
    while True:
        start = position
        is_list, payload, end = _header(data, start, limit)
        item: Item
        if is_list:
            if len(opened) >= MAX_DEPTH:
                raise RlpError(RlpReason.NESTING_TOO_DEEP, start)
            if payload < end:
                opened.append(([], end))
                position, limit = payload, end
                continue
            item = ()
        else:
            item = _string_payload(data, start, payload, end)
        position = end
        while opened:
            items, limit = opened[-1]
            items.append(item)
            if position < limit:
                break
            item = tuple(items)
            opened.pop()
        if not opened:
            return item, position


@rule("PRIM-rlp-exact", "An encoding is one item and nothing after it.")
def decode(data: bytes) -> Item:
    """The item whose encoding is ``data``, all of it.

    Refuses what ``decode_prefix`` refuses, and ``TRAILING_BYTES``.
    """
    item, end = decode_prefix(data)
    if end != len(data):
        raise RlpError(RlpReason.TRAILING_BYTES, end)
    return item


# --- what an item must be where it stands -----------------------------------------------------------------------------


@rule("PRIM-rlp-integer-strict", "A decoded integer has no leading zero byte and fits the width of its field.")
def decode_int(item: Item, width: int, field: str = "integer") -> int:
    """The natural number that ``item`` stands for, of at most ``width`` bytes.

    Refuses ``NOT_BYTES``, ``INTEGER_TOO_WIDE`` and ``LEADING_ZERO_INTEGER`` under the name ``field``.
    """
    if not isinstance(item, bytes):
        raise RlpError(RlpReason.NOT_BYTES, 0, field)
    if len(item) > width:
        raise RlpError(RlpReason.INTEGER_TOO_WIDE, 0, field)
    if item and item[0] == 0:
        raise RlpError(RlpReason.LEADING_ZERO_INTEGER, 0, field)
    return int.from_bytes(item, "big")


def decode_bytes(item: Item, size: int | None = None, field: str = "bytes") -> bytes:
    """The byte string ``item``, of exactly ``size`` bytes if given. Refuses ``NOT_BYTES`` and ``WRONG_SIZE``."""
    if not isinstance(item, bytes):
        raise RlpError(RlpReason.NOT_BYTES, 0, field)
    if size is not None and len(item) != size:
        raise RlpError(RlpReason.WRONG_SIZE, 0, field)
    return item


def decode_list(item: Item, size: int | None = None, field: str = "list") -> tuple[Item, ...]:
    """The list ``item``, of exactly ``size`` items if given. Refuses ``NOT_A_LIST`` and ``WRONG_SIZE``."""
    if isinstance(item, bytes):
        raise RlpError(RlpReason.NOT_A_LIST, 0, field)
    if size is not None and len(item) != size:
        raise RlpError(RlpReason.WRONG_SIZE, 0, field)
    return item
