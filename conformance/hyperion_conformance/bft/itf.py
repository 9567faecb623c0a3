"""Traces in the Informal Trace Format as plain values (https://apalache-mc.org/docs/adr/015adr-trace.html).

Integers may be written as such or as ``#bigint``, of a string or of a number; sets and maps have no order; a record is
a map from its field names. A variant is a tag with a payload; one without payload has the empty tuple, however it is
written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import msgspec
from immutables import Map

DEPTH: Final = 100
"""Nesting beyond which a document is refused."""


class ItfError(ValueError):
    """A document that is no trace: where, and what is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class Variant(msgspec.Struct, frozen=True):
    """A value of a sum type."""

    tag: str
    value: Any = ()


class Truth(msgspec.Struct, frozen=True):
    """A boolean, kept apart from the integers 0 and 1, which Python holds to be equal to them."""

    value: bool


class Unserializable(msgspec.Struct, frozen=True):
    """A value that the writer of the trace could not write, such as an infinite set: equal to no value of the model."""

    text: str


Itf: TypeAlias = "int | Truth | Unserializable | str | tuple[Itf, ...] | frozenset[Itf] | Map[Itf, Itf] | Variant"
"""A value; a list is a tuple."""


class Trace(msgspec.Struct, frozen=True):
    """The states of one run, each a record of its variables; a module's instance stands before the name of each."""

    name: str
    states: tuple[Map[Any, Any], ...]


def value_of(value: Any, field: str = "$") -> Any:
    """A value of the format. Refused with ``ItfError``: what it does not have, and a key twice in a map."""
    try:
        return _value(value, 0)
    except ItfError as error:
        raise ItfError(field + error.field, error.reason) from None


def _value(value: Any, depth: int) -> Any:
    # Where a value lies is put together only when it is refused: nearly all the time of reading went there.
    if depth > DEPTH:
        raise ItfError("", "nested too deeply")
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _tagged(value, depth)
    if isinstance(value, list):
        return _items(value, depth)
    if isinstance(value, bool):
        return Truth(value)
    if isinstance(value, int):
        return value
    raise ItfError("", f"{type(value).__name__} is not a value of the format")


def _tagged(value: dict[str, Any], depth: int) -> Any:
    """What an object stands for: one of the forms with a special name, a variant, or else a record."""
    if len(value) == 1:
        [(name, content)] = value.items()
        if name in FORMS:
            return FORMS[name](content, depth)
    if len(value) == 2 and isinstance(value.get("tag"), str) and "value" in value:
        payload = _inner(value["value"], depth, "value")
        is_unit = payload in ((), "U_OF_UNIT") or payload == Variant("UNIT")
        return Variant(value["tag"], () if is_unit else payload)
    if any(name.startswith("#") and name != "#meta" for name in value):
        raise ItfError("", "an unknown form of value")
    return Map({name: _inner(item, depth, name) for name, item in value.items() if name != "#meta"})


def _inner(value: Any, depth: int, place: str) -> Any:
    try:
        return _value(value, depth + 1)
    except ItfError as error:
        raise ItfError(f".{place}{error.field}", error.reason) from None


def _items(value: Any, depth: int) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ItfError("", "not a list")
    found: list[Any] = []
    try:
        for item in value:
            found.append(_value(item, depth + 1))
    except ItfError as error:
        raise ItfError(f"[{len(found)}]{error.field}", error.reason) from None
    return tuple(found)


DIGITS: Final = 1_000
"""Digits beyond which an integer is refused: Python takes quadratic time to read one, and refuses at 4,300."""


def _integer(text: Any, depth: int) -> int:
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    if not isinstance(text, str) or not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > DIGITS:
        raise ItfError("", "not an integer")
    return int(text)


def _set(items: Any, depth: int) -> frozenset[Any]:
    return frozenset(_items(items, depth))


def _map(items: Any, depth: int) -> Map[Any, Any]:
    pairs = _items(items, depth)
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise ItfError("", "not pairs")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ItfError("", "a key twice")
    return Map(found)


def _unserializable(text: Any, depth: int) -> Unserializable:
    if not isinstance(text, str):
        raise ItfError("", "not a description")
    return Unserializable(text)


FORMS: Final[Mapping[str, Callable[[Any, int], Any]]] = {
    "#bigint": _integer, "#tup": _items, "#set": _set, "#map": _map, "#unserializable": _unserializable,
}  # fmt: skip
"""The special names, and how what stands under them is read."""


def trace_of(name: str, text: str | bytes) -> Trace:
    """The trace of a document. Refused with ``ItfError``: what is not JSON, has no states, or states that are none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ItfError("$", "not JSON") from error
    if not isinstance(document, dict) or not isinstance(document.get("states"), list):
        raise ItfError("$.states", "missing")
    states = tuple(value_of(state, f"$.states[{number}]") for number, state in enumerate(document["states"]))
    for number, state in enumerate(states):
        if not isinstance(state, Map):
            raise ItfError(f"$.states[{number}]", "not a record")
    return Trace(name, states)
