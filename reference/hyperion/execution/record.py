"""Records as RLP lists: the order, name and form of each field, as a table.

A transaction, a header or a withdrawal is a list whose items have names. One table says how to read and to write it, so
that the two can't disagree, and so that a malformed encoding is refused under the name of the field.
"""

from collections.abc import Callable
from typing import Any, Final

import attrs

from hyperion.primitives.rlp import Item, RlpError, RlpReason, decode_bytes, decode_int, decode_list, int_to_bytes

HASH_BYTES: Final = 32
ADDRESS_BYTES: Final = 20


@attrs.frozen
class Field:
    """An item of a record's list: its name, and how it is read, under the name given, and written."""

    name: str
    read: Callable[[Item, str], Any]
    write: Callable[[Any], Item]


def natural(name: str, width: int = 32) -> Field:
    """A natural number of at most ``width`` bytes, without leading zeros."""
    return Field(name, lambda item, label: decode_int(item, width, label), int_to_bytes)


def octets(name: str, size: int | None = None) -> Field:
    """A byte string, of exactly ``size`` bytes if given."""
    return Field(name, lambda item, label: decode_bytes(item, size, label), bytes)


def hashed(name: str) -> Field:
    """A word that is written as 32 bytes, such as a hash or a storage key."""

    def read(item: Item, label: str) -> int:
        return int.from_bytes(decode_bytes(item, HASH_BYTES, label), "big")

    return Field(name, read, lambda word: word.to_bytes(HASH_BYTES, "big"))


def address(name: str) -> Field:
    """An address of 20 bytes."""

    def read(item: Item, label: str) -> int:
        return int.from_bytes(decode_bytes(item, ADDRESS_BYTES, label), "big")

    return Field(name, read, lambda account: account.to_bytes(ADDRESS_BYTES, "big"))


def recipient(name: str) -> Field:
    """An address of 20 bytes, or no bytes: None, which stands for a creation."""
    present = address(name)

    def read(item: Item, label: str) -> int | None:
        return None if item == b"" else present.read(item, label)

    return Field(name, read, lambda account: b"" if account is None else present.write(account))


def list_of(name: str, element: Field) -> Field:
    """A list of items that all have the form of ``element``; they are named by their index."""

    def read(item: Item, label: str) -> tuple[Any, ...]:
        parts = enumerate(decode_list(item, None, label))
        return tuple(element.read(part, f"{label}.{index}") for index, part in parts)

    return Field(name, read, lambda values: tuple(element.write(value) for value in values))


def nested(name: str, record: type, fields: tuple[Field, ...]) -> Field:
    """A record within the record."""
    return Field(
        name,
        lambda item, label: record(**read_fields(fields, item, label)),
        lambda value: write_fields(fields, value),
    )


def read_fields(fields: tuple[Field, ...], item: Item, label: str) -> dict[str, Any]:
    """The values of ``fields`` by name. Refuses what ``label`` or a field, named ``label.field``, does not allow."""
    items = decode_list(item, None, label)
    if len(items) != len(fields):
        raise RlpError(RlpReason.WRONG_SIZE, 0, f"{label}.length")
    return {field.name: field.read(part, f"{label}.{field.name}") for field, part in zip(fields, items, strict=True)}


def write_fields(fields: tuple[Field, ...], record: object) -> tuple[Item, ...]:
    """The list that stands for ``record``."""
    return tuple(field.write(getattr(record, field.name)) for field in fields)
