"""Traces in the Informal Trace Format as plain values (https://apalache-mc.org/docs/adr/015adr-trace.html).

Integers may be written as such or as ``#bigint``, of a string or of a number; sets and maps have no order; a record is
a map from its field names. A variant is a tag with a payload; one without payload has the empty tuple, however it is
written.
"""

from __future__ import annotations

import json
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


def value_of(value: Any, field: str = "$", depth: int = 0) -> Any:
    """A value of the format. Refused with ``ItfError``: what it does not have, and a key twice in a map."""
    if depth > DEPTH:
        raise ItfError(field, "nested too deeply")
    if isinstance(value, bool):
        return Truth(value)
    if isinstance(value, int | str):
        return value
    if isinstance(value, list):
        return tuple(value_of(item, f"{field}[{number}]", depth + 1) for number, item in enumerate(value))
    if not isinstance(value, dict):
        raise ItfError(field, f"{type(value).__name__} is not a value of the format")
    if set(value) == {"#bigint"}:
        return _integer(value["#bigint"], field)
    if set(value) == {"#unserializable"} and isinstance(value["#unserializable"], str):
        return Unserializable(value["#unserializable"])
    for name, make in (("#tup", _tuple), ("#set", _set), ("#map", _map)):
        if set(value) == {name}:
            return make(_list(value[name], field), field, depth)
    if set(value) == {"tag", "value"} and isinstance(value["tag"], str):
        payload = value_of(value["value"], f"{field}.{value['tag']}", depth + 1)
        is_unit = payload in ((), "U_OF_UNIT") or payload == Variant("UNIT")
        return Variant(value["tag"], () if is_unit else payload)
    if any(name.startswith("#") and name != "#meta" for name in value):
        raise ItfError(field, "an unknown form of value")
    return Map({name: value_of(item, f"{field}.{name}", depth + 1) for name, item in value.items() if name != "#meta"})


DIGITS: Final = 1_000
"""Digits beyond which an integer is refused: Python takes quadratic time to read one, and refuses at 4,300."""


def _integer(text: Any, field: str) -> int:
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    if not isinstance(text, str) or not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > DIGITS:
        raise ItfError(field, "not an integer")
    return int(text)


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise ItfError(field, "not a list")
    return value


def _tuple(items: list[Any], field: str, depth: int) -> tuple[Any, ...]:
    return tuple(value_of(item, f"{field}[{number}]", depth + 1) for number, item in enumerate(items))


def _set(items: list[Any], field: str, depth: int) -> frozenset[Any]:
    return frozenset(_tuple(items, field, depth))


def _map(items: list[Any], field: str, depth: int) -> Map[Any, Any]:
    pairs = _tuple(items, field, depth)
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise ItfError(field, "not pairs")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ItfError(field, "a key twice")
    return Map(found)


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
