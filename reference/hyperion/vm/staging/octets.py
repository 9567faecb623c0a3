"""Byte strings while a step is recorded: call data, output, pieces of memory, and what is made of them.

Each operation is a term that is printed as the same operation of Python, so a block slices, pads, joins and hashes what
``step`` does. Nothing but the length of a byte string is ever asked; any other question ends the recording.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn, TypeAlias

import attrs

from hyperion.primitives.hashing import HASH_BYTES, keccak256
from hyperion.primitives.word import MAX_WORD
from hyperion.symbolic.expression import ANY_INTEGER, Interval, Term
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.opaque import length_of, natural
from hyperion.symbolic.path import Path
from hyperion.symbolic.proxies import integer, integer_term
from hyperion.vm.instructions import arithmetic, environment
from hyperion.vm.memory import WORD_BYTES

SLICE: Final = "slice"
"""Of a byte string, where the piece starts, and where it stops."""
PADDED: Final = "padded"
"""With zeros up to a length: of a byte string, and the length."""
LENGTH: Final = "length"
"""How many bytes: of a byte string."""
NUMBER: Final = "number"
"""The integer, big-endian: of a byte string."""
DIGEST: Final = "digest"
"""The Keccak-256 hash: of a byte string."""
WORDS: Final = "words"
"""32 bytes for each word, big-endian, one after the other: of words."""
READ: Final = "read"
"""A piece of memory: of the version of memory, where it starts, and how long it is."""
LITERAL: Final = "literal:"
"""Bytes that are known: the name goes on with them in hexadecimal."""

RECORDING: Final = "recorded-bytes"
"""What is assumed of the functions that stand in for built-in ones: of what is known they give what these give."""

Octets: TypeAlias = "bytes | RecordedBytes"


@attrs.frozen(eq=False, repr=False)
class RecordedBytes:
    """The byte string that ``term`` stands for, and how long it is."""

    path: Path
    term: Term
    length: Any

    def derived(self, name: str, *arguments: Any) -> Term:
        """What an operation makes of them."""
        terms = (self.term, *(integer_term(self.path, argument, name) for argument in arguments))
        return self.path.terms.application(name, terms, ANY_INTEGER)

    def sized(self, term: Term, least: Any, most: Any) -> RecordedBytes:
        """Other bytes, of which bounds on the length are known."""
        interval = Interval(self.interval(least).low, self.interval(most).high)
        return RecordedBytes(
            self.path, term, integer(self.path, self.path.terms.application(LENGTH, (term,), interval))
        )

    def interval(self, value: Any) -> Interval:
        """What is known of an integer."""
        return self.path.interval(integer_term(self.path, value))

    def __getitem__(self, part: Any) -> RecordedBytes:
        if type(part) is not slice or part.step is not None or part.start is None or part.stop is None:
            self.refuse()
        start, stop = natural(part.start), natural(part.stop)
        if self.interval(stop - start).low is None:
            self.refuse()
        return self.sized(self.derived(SLICE, start, stop), 0, stop - start)

    def ljust(self, width: Any, fill: bytes) -> RecordedBytes:
        """As of ``bytes``, with zeros."""
        if fill != b"\0":
            self.refuse()
        term, longest = self.derived(PADDED, width), self.interval(self.length).high
        if type(width) is int and longest is not None and longest <= width:
            return RecordedBytes(self.path, term, width)
        return self.sized(term, width, self.length + width)

    def number(self) -> Any:
        """The integer that they stand for, big-endian."""
        longest = self.interval(self.length).high
        if longest is None or longest > WORD_BYTES:
            self.refuse()
        return integer(self.path, self.path.terms.application(NUMBER, (self.term,), Interval(0, MAX_WORD)))

    def refuse(self, *_: object) -> NoReturn:
        """No answer."""
        raise self.path.escape("a byte string", "only its length is asked while a step is recorded")

    __bool__ = __eq__ = __ne__ = __hash__ = __len__ = __iter__ = __contains__ = __bytes__ = __add__ = __radd__ = refuse
    __getattr__ = refuse


def bytes_of_words(path: Path, words: tuple[Any, ...]) -> RecordedBytes:
    """The words, 32 bytes each, one after the other."""
    terms = tuple(integer_term(path, word, WORDS) for word in words)
    return RecordedBytes(path, path.terms.application(WORDS, terms, ANY_INTEGER), WORD_BYTES * len(words))


def octets_term(path: Path, data: Any) -> Term:
    """The term of a byte string, known or recorded."""
    if type(data) is bytes:
        return path.terms.application(LITERAL + data.hex(), (), ANY_INTEGER)
    if type(data) is not RecordedBytes or data.path is not path:
        raise path.escape("a byte string", "it was not recorded")
    return data.term


def digest_of(data: Any) -> Any:
    """As ``keccak256``."""
    if type(data) is not RecordedBytes:
        return keccak256(data)
    return RecordedBytes(data.path, data.derived(DIGEST), HASH_BYTES)


@attrs.frozen
class RecordedIntegers:
    """What the name ``int`` means while a step is recorded."""

    def from_bytes(self, data: Any, byteorder: str) -> Any:
        """As of ``int``."""
        return data.number() if type(data) is RecordedBytes else int.from_bytes(data, "big")


IDEALS: Final = (
    Ideal(arithmetic, "keccak256", digest_of, RECORDING),
    Ideal(arithmetic, "int", RecordedIntegers(), RECORDING),
    Ideal(environment, "int", RecordedIntegers(), RECORDING),
    Ideal(environment, "len", length_of, RECORDING),
)
"""Where the instructions use functions that take byte strings only."""
