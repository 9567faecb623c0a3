"""Byte strings of which only the length is known, as a number that may itself be unknown.

What is read out of them is a new unknown each time, within the bounds that the length gives. That says less than is
true (reading twice gives the same), so what is proved with them holds, and a counterexample has to be looked at.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn, Protocol

import attrs

from hyperion.symbolic.path import Path
from hyperion.symbolic.proxies import all_of, unknown_integer, unknown_truth, where


class Source(Protocol):
    """Where new unknowns come from."""

    def integer(self, name: str, low: int | None = None, high: int | None = None) -> Any:
        """An integer in the interval."""

    def truth(self, name: str) -> Any:
        """A truth value."""

    def fresh(self, stem: str) -> str:
        """A name that was not used."""


@attrs.frozen(eq=False)
class PathSource:
    """Unknowns of a path."""

    path: Path

    def integer(self, name: str, low: int | None = None, high: int | None = None) -> Any:
        """An unknown integer."""
        return unknown_integer(self.path, name, low, high)

    def truth(self, name: str) -> Any:
        """An unknown truth value."""
        return unknown_truth(self.path, name)

    def fresh(self, stem: str) -> str:
        """A new name of the path."""
        return self.path.fresh(stem)


class OpaqueError(BaseException):
    """The content of an opaque byte string is asked for. Not an ``Exception``: no handler of the model may take it."""


@attrs.frozen(eq=False, repr=False)
class OpaqueBytes:
    """``length`` bytes. Slicing with natural bounds, padding, joining and the empty test are exact in the length."""

    source: Source
    length: Any
    label: tuple[object, ...] = ()
    """Whose bytes they are, if that matters to whoever made them."""

    def refuse(self, operation: str) -> OpaqueError:
        """The error to raise."""
        return OpaqueError(f"{operation} of a byte string of which only the length is known")

    def __bool__(self) -> bool:
        return bool(self.length != 0)

    def __getitem__(self, part: Any) -> OpaqueBytes:
        if type(part) is not slice or part.step is not None:
            raise self.refuse("an index")
        first = smaller(self.length, 0 if part.start is None else natural(part.start))
        last = self.length if part.stop is None else smaller(self.length, natural(part.stop))
        return OpaqueBytes(self.source, larger(last - first, 0))

    def ljust(self, width: Any, fill: bytes) -> OpaqueBytes:
        """As of ``bytes``."""
        del fill
        return OpaqueBytes(self.source, larger(self.length, width))

    def startswith(self, prefix: bytes) -> Any:
        """Unknown, but false of what is shorter than the prefix."""
        return all_of(self.source.truth(self.source.fresh("starts with")), self.length >= len(prefix))

    def __add__(self, other: Any) -> OpaqueBytes:
        return OpaqueBytes(self.source, self.length + length_of(other))

    def __radd__(self, other: Any) -> OpaqueBytes:
        return OpaqueBytes(self.source, length_of(other) + self.length)

    def number(self) -> Any:
        """The integer that they stand for, big-endian: any that fits."""
        name, size = self.source.fresh("bytes"), self.length
        if type(size) is int:
            return self.source.integer(name, 0, 256**size - 1)
        return self.source.integer(name, 0, 2**256 - 1 if size <= 32 else None)

    def __hash__(self) -> int:
        raise self.refuse("a hash")

    def __eq__(self, other: object) -> bool:
        raise self.refuse("a comparison")

    def __len__(self) -> int:
        raise self.refuse("len()")

    def __iter__(self) -> NoReturn:
        raise self.refuse("iteration")

    def __contains__(self, item: object) -> bool:
        raise self.refuse("membership")

    def __bytes__(self) -> bytes:
        raise self.refuse("bytes()")

    def __repr__(self) -> str:
        raise self.refuse("repr()")

    @property
    def __class__(self) -> Any:  # asked by isinstance() about a class that is not its own
        raise self.refuse("isinstance()")

    @__class__.setter
    def __class__(self, value: object) -> None:
        raise self.refuse("__class__")


def natural(bound: Any) -> Any:
    """The bound of a slice; a negative one counts from the end, which is not modelled."""
    if bound < 0:
        raise OpaqueError("a negative bound of a slice")
    return bound


def smaller(a: Any, b: Any) -> Any:
    """The smaller of two integers, without a branch."""
    return where(b < a, b, a)


def larger(a: Any, b: Any) -> Any:
    """The larger of two integers, without a branch."""
    return where(a < b, b, a)


def length_of(value: Any) -> Any:
    """What ``len`` is to give: of what knows its length in another way than by ``__len__``, that."""
    sized = getattr(type(value), "length", None)
    return len(value) if sized is None else value.length


@attrs.frozen
class IntegerType:
    """What the name ``int`` is to mean where byte strings may be opaque."""

    def from_bytes(self, data: Any, byteorder: str = "big") -> Any:
        """As of ``int``."""
        return data.number() if type(data) is OpaqueBytes else int.from_bytes(data, "big")

    def __call__(self, value: Any = 0) -> Any:
        """As of ``int``: an unknown integer escapes here."""
        return int(value)


INTEGER_TYPE: Final = IntegerType()
