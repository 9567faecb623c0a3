"""Where a trace and the model part: told so that one can look it up in the file."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import attrs
from immutables import Map

from hyperion_conformance.bft.itf import Truth, Unserializable, Variant

LONGEST: Final = 200
"""Characters of a value that are shown."""
Difference: TypeAlias = tuple[str, str, str]
"""A field, the model's value of it, and the trace's."""
ABSENT: Final = "nothing"


@attrs.frozen
class Mismatch:
    """The first step of a trace that the model does not take."""

    step: int
    """The state that it should lead to; 0 is the first one, which no step leads to."""
    validator: str
    """Who is said to have acted; empty in traces that name nobody."""
    given: str
    """On which input."""
    field: str
    expected: str
    """What the model says."""
    found: str
    """What the trace says."""

    def __str__(self) -> str:
        by = f", {self.validator} on {self.given}" if self.validator else f", {self.given}" if self.given else ""
        return f"step {self.step}{by}: {self.field}: model {self.expected}, trace {self.found}"


class Unexplained(Exception):
    """No action of the model leads to the next state of the trace."""

    def __init__(self, difference: Difference, validator: str = "", given: str = "") -> None:
        super().__init__(*difference)
        self.difference = difference
        self.validator = validator
        self.given = given

    def at(self, step: int) -> Mismatch:
        """The mismatch, in a step of a trace."""
        return Mismatch(step, self.validator, self.given, *self.difference)


def difference(expected: Any, found: Any, field: str = "$") -> Difference:
    """Where two values differ, as deep as their shapes agree."""
    if isinstance(expected, Map) and isinstance(found, Map):
        for name in sorted({*expected, *found}, key=str):
            if name not in expected or name not in found:
                return (
                    f"{field}.{name}",
                    written(expected[name]) if name in expected else ABSENT,
                    written(found[name]) if name in found else ABSENT,
                )
            if expected[name] != found[name]:
                return difference(expected[name], found[name], f"{field}.{name}")
    if isinstance(expected, Variant) and isinstance(found, Variant) and expected.tag == found.tag:
        return difference(expected.value, found.value, f"{field}.{expected.tag}")
    if isinstance(expected, tuple) and isinstance(found, tuple) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        for number, (one, other) in pairs:
            if one != other:
                return difference(one, other, f"{field}[{number}]")
    if isinstance(expected, frozenset) and isinstance(found, frozenset):
        ours, theirs = expected - found, found - expected
        if len(ours) == len(theirs) == 1:
            return difference(next(iter(ours)), next(iter(theirs)), f"{field}{{}}")
        return field, written(ours) if ours else ABSENT, written(theirs) if theirs else ABSENT
    return field, written(expected), written(found)


def written(value: Any) -> str:
    """A value in a line, cut where it is long."""
    text = _written(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _written(value: Any) -> str:
    if isinstance(value, Map):
        return "{" + ", ".join(f"{name}: {_written(value[name])}" for name in sorted(value, key=str)) + "}"
    if isinstance(value, Variant):
        return value.tag if value.value == () else f"{value.tag}({_written(value.value)})"
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(_written, value))) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_written, value)) + ")"
    if isinstance(value, Truth):
        return str(value.value).lower()
    return value.text if isinstance(value, Unserializable) else str(value)
