"""Byte strings of which content matters and is not known: each operation on the same bytes gives the same bytes.

A byte string is an identity, an integer that unknown functions compute from how it was made, and a length. Strings made
of whole words remember them. That equal identities are equal bytes is all that is used, so what is proved with them
holds of any functions, the real ones included.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from hyperion.primitives.hashing import keccak256
from hyperion.symbolic.expression import Interval
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.opaque import OpaqueError, larger, length_of, natural, smaller
from hyperion.symbolic.path import Check, Path
from hyperion.symbolic.proxies import SymbolicInt, all_of, integer_term, truth_term, where
from hyperion.vm.instructions import arithmetic, environment, system
from hyperion_proofs.machines import MAX_WORD
from hyperion_proofs.statement import Given

CONTENT: Final = "content"
"""The assumption's id: byte strings and hashes are unknown functions of what they are made of."""
WORD_BYTES: Final = 32
ZERO: Final = int.from_bytes(keccak256(b"\0"), "big")
"""The identity of one zero byte."""


@attrs.frozen(eq=False, repr=False)
class Octets:
    """``length`` bytes; ``words`` if they are these words one after the other, ``cases`` if they may be."""

    given: Given
    identity: int
    length: Any
    words: tuple[int, ...] | None = None
    cases: tuple[tuple[bool, tuple[int, ...]], ...] = ()
    """Conditions under which they are these words; the identity says so too."""

    def derived(self, name: str, *arguments: int) -> int:
        """The identity of what an operation makes of them."""
        return self.given.result(f"{name} of bytes", (self.identity, *arguments), 0, MAX_WORD)

    def __bool__(self) -> bool:
        return bool(self.length != 0)

    def __getitem__(self, part: Any) -> Octets:
        if type(part) is not slice or part.step is not None:
            raise OpaqueError("an index of a byte string")
        first = 0 if part.start is None else natural(part.start)
        last = self.length if part.stop is None else natural(part.stop)
        return Octets(self.given, self.derived("slice", first, last), self.between(first, last))

    def between(self, first: Any, last: Any) -> Any:
        """How many bytes are between the bounds: if these are known to be so far apart, at most so many."""
        width = last - first
        if type(width) is not int:
            return larger(smaller(self.length, last) - smaller(self.length, first), 0)
        found = larger(smaller(self.length - first, width), 0)
        path = self.given.symbolic
        if path is not None and type(found) is not int:
            # Checked once, from no condition at all; what it says of the interval then serves wherever it is built.
            term = integer_term(path, found)
            bounds = all_of(found >= 0, found <= max(width, 0))
            path.checks.append(Check("a slice is not longer than its bounds are apart", truth_term(path, bounds), ()))
            path.terms.narrow(term, Interval(0, max(width, 0)))
        return found

    def ljust(self, width: Any, fill: Any) -> Octets:
        """As of ``bytes``, with zeros."""
        if octets_of(self.given, fill).identity != ZERO:
            raise OpaqueError("a padding that is not of zeros")
        return Octets(self.given, self.derived("padding", width), larger(self.length, width))

    def __add__(self, other: Any) -> Octets:
        its = octets_of(self.given, other)
        if self.words is not None and its.words is not None:
            return of_words(self.given, (*self.words, *its.words))
        return Octets(self.given, self.derived("joining", its.identity), self.length + its.length)

    def number(self) -> int:
        """The integer that they stand for, big-endian; of at most 32 bytes."""
        if self.words is not None and len(self.words) == 1:
            return self.words[0]
        self.given.claim("at most 32 bytes", self.length <= WORD_BYTES)
        return self.derived("number")


def of_words(given: Given, words: tuple[int, ...]) -> Octets:
    """The words, 32 bytes each."""
    return Octets(given, given.result(f"bytes of {len(words)} words", words, 0, MAX_WORD), 32 * len(words), words)


def octets_of(given: Given, data: Any) -> Octets:
    """The byte string, known or not. Known bytes are identified by their hash."""
    if type(data) is Octets:
        return data
    if type(data) is not bytes:
        raise OpaqueError(f"a byte string is expected, and not a {type(data).__name__}")
    return Octets(given, int.from_bytes(keccak256(data), "big"), len(data))


def to_bytes(given: Given, value: Any, length: int) -> Any:
    """As of ``int``, of a word in 32 bytes or less."""
    if length == WORD_BYTES:
        return of_words(given, (value,))
    if type(value) is int:
        return value.to_bytes(length, "big")
    given.claim("the number fits its bytes", value < 256**length)
    return Octets(given, given.result(f"number in {length} bytes", (value,), 0, MAX_WORD), length)


@attrs.frozen
class Integers:
    """What the name ``int`` means where byte strings have identities."""

    def from_bytes(self, data: Any, byteorder: str = "big") -> Any:
        """As of ``int``."""
        return data.number() if type(data) is Octets else int.from_bytes(data, "big")


def hashed(data: Any) -> Any:
    """The hash: 32 bytes that depend on the data."""
    if type(data) is not Octets:
        return keccak256(data)
    digest = data.derived("hash") if data.words is None else hash_of(data.given, data.words)
    for condition, words in data.cases:
        digest = where(condition, hash_of(data.given, words), digest)
    return of_words(data.given, (digest,))


def hash_of(given: Given, words: tuple[int, ...]) -> int:
    """The hash of some words."""
    return given.result(f"hash of {len(words)} words", words, 0, MAX_WORD)


def octet_ideals(given: Given) -> tuple[Ideal, ...]:
    """Stand-ins for the functions on byte strings that instructions call."""

    def method(value: Any, length: int = 1, byteorder: str = "big", *, signed: bool = False) -> Any:
        del byteorder, signed
        return to_bytes(given, value, length)

    symbolic = (Ideal(SymbolicInt, "to_bytes", method, CONTENT),) if isinstance(given.symbolic, Path) else ()
    return (
        *symbolic,
        *(Ideal(module, "keccak256", hashed, CONTENT) for module in (arithmetic, environment, system)),
        *(Ideal(module, "int", Integers(), CONTENT) for module in (arithmetic, environment)),
        *(Ideal(module, "len", length_of, CONTENT) for module in (environment, system)),
    )
