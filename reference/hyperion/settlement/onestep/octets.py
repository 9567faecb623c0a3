"""Byte strings, code and memory by their commitments: what instructions get in place of the bytes.

A byte string is a piece of a Merkle tree of words. Cutting it costs nothing: the tree stays, the piece becomes smaller.
What costs work by its length — reading all of it, hashing it, putting it elsewhere, analysing it as code — is left to
``Work``: the verifier of a whole step does it at once, that of a micro step a bounded part at a time.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import attrs

from hyperion.primitives.word import Word
from hyperion.rules import rule
from hyperion.settlement.onestep import merkle
from hyperion.settlement.onestep.merkle import WORD, ZERO_TREES, Tree, level_for
from hyperion.settlement.onestep.nodes import Hash, Nodes, OpeningError, Reason, Sink
from hyperion.vm.code import Analysis
from hyperion.vm.memory import Memory
from hyperion.vm.octets import Deferred

JUMPDEST: Final = 0x5B
PUSH1: Final = 0x60
PUSH32: Final = 0x7F


class Work(Protocol):
    """Who does what takes work by the length of a byte string."""

    def content(self, octets: Octets) -> bytes:
        """All bytes."""

    def keccak256(self, octets: Octets) -> Hash:
        """The Keccak-256 hash."""

    def copied(self, target: Tree, level: int, offset: int, octets: Octets) -> Tree:
        """The tree ``target`` with the bytes at ``offset``, all inside it."""

    def skips(self, octets: Octets) -> Octets:
        """For each word of code, how many bytes belong to the operand of an earlier PUSH."""


# --- byte strings ----------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Octets(Deferred):
    """``size`` bytes of a tree from ``start`` on, and zeros after them up to ``width`` bytes."""

    tree: Tree
    extent: int
    """Bytes of the whole tree, from which its level follows."""
    start: int
    size: int
    width: int
    work: Work

    @property
    def whole(self) -> bool:
        """Whether it is its tree: then the tree's root commits to it."""
        return self.start == 0 and self.size == self.extent == self.width

    @property
    def level(self) -> int:
        """The level of the tree."""
        return level_for(self.extent)

    def part(self, start: int, end: int) -> bytes:
        """The bytes from ``start`` up to ``end``, both inside ``width``."""
        known = merkle.read_bytes(
            self.tree, self.level, self.start + min(start, self.size), max(0, min(end, self.size) - start)
        )
        return known.ljust(end - start, b"\0")

    def keccak256(self) -> Hash:
        """As in ``Deferred``."""
        return self.work.keccak256(self)

    def analysis(self) -> Analysis:
        """As in ``Deferred``."""
        return analysis_of(self, self.work.skips(self))

    def __bytes__(self) -> bytes:
        return self.work.content(self)

    def __len__(self) -> int:
        return self.width

    def __getitem__(self, place: slice) -> Octets:
        """The slice between two natural bounds, as of ``bytes``: cut where the string ends."""
        start = min(place.start or 0, self.width)
        end = self.width if place.stop is None else max(start, min(place.stop, self.width))
        size = max(0, min(end, self.size) - start)
        if end == start:
            return nothing(self.work)
        return attrs.evolve(self, start=self.start + min(start, self.size), size=size, width=end - start)

    def ljust(self, width: int, fill: bytes) -> Octets:
        """The string with zeros after it up to ``width`` bytes, as of ``bytes``; the model fills with nothing else."""
        del fill
        return attrs.evolve(self, width=max(width, self.width))

    def startswith(self, prefix: bytes) -> bool:
        """As of ``bytes``; the prefix is short."""
        return self.width >= len(prefix) and self.part(0, len(prefix)) == prefix


def octets_of(tree: Tree, length: int, work: Work) -> Octets:
    """The byte string of ``length`` bytes that ``tree`` is."""
    return Octets(tree, length, 0, length, length, work)


def nothing(work: Work) -> Octets:
    """No bytes."""
    return octets_of(ZERO_TREES[0], 0, work)


def at_hand(data: bytes, work: Work) -> Octets:
    """The byte string ``data``."""
    return octets_of(merkle.of_bytes(data), len(data), work)


@rule("DIS-commit-bytes", "A byte string is committed to by its length and the root of the least tree that holds it.")
def sealed(data: bytes | Octets, sink: Sink) -> Hash:
    """The root of the tree of ``data``; a piece of another tree is put into one of its own first."""
    if isinstance(data, bytes):
        return merkle.sealed(merkle.of_bytes(data), level_for(len(data)), sink)
    level = level_for(data.width)
    tree = data.tree if data.whole else data.work.copied(ZERO_TREES[level], level, 0, data)
    return merkle.sealed(tree, level, sink)


# --- code ------------------------------------------------------------------------------------------------------------


@rule("DIS-commit-skips", "Beside each word of code stands how many of its bytes are operand of an earlier PUSH.")
def skips_of(code: bytes, pending: int = 0) -> bytes:
    """One byte, up to 32, for each word of ``code``, ``pending`` bytes of which are operand from the start.

    So whether an offset may be jumped to is known from one word of code and one of these bytes.
    """
    skips = []
    for start in range(0, len(code), WORD):
        skips.append(min(pending, WORD))
        pending = pending_after(code[start : start + WORD], pending)
    return bytes(skips)


def pending_after(word: bytes, pending: int) -> int:
    """How many bytes after ``word`` are operand of a PUSH if ``pending`` of its own bytes and those after it are."""
    at = pending
    while at < len(word):
        opcode = word[at]
        at += opcode - PUSH1 + 2 if PUSH1 <= opcode <= PUSH32 else 1
    return at - WORD


def destinations_in(word: bytes, skip: int) -> tuple[int, ...]:
    """The offsets of the jump destinations in a word of code whose first ``skip`` bytes are operand."""
    found, at = [], skip
    while at < len(word):
        opcode = word[at]
        if opcode == JUMPDEST:
            found.append(at)
        at += opcode - PUSH1 + 2 if PUSH1 <= opcode <= PUSH32 else 1
    return tuple(found)


@attrs.frozen(eq=False)
class Program:
    """Code with zeros after it, as a frame reads it."""

    code: Octets

    def __getitem__(self, place: Any) -> Any:
        """An opcode, or the operand of a PUSH."""
        if isinstance(place, slice):
            return bytes(self.code[place]).ljust(place.stop - place.start, b"\0")
        return self.code.part(place, place + 1)[0] if place < self.code.width else 0


@attrs.frozen(eq=False)
class Destinations:
    """The jump destinations of code: which, is seen one word at a time."""

    code: Octets
    skips: Octets

    def __contains__(self, offset: Word) -> bool:
        if offset >= self.code.width:
            return False
        index, within = divmod(offset, WORD)
        skip = self.skips.part(index, index + 1)[0]
        start = index * WORD
        return within in destinations_in(self.code.part(start, min(start + WORD, self.code.width)), skip)


def analysis_of(code: Octets, skips: Octets) -> Analysis:
    """What a frame needs of the code that these two commit to."""
    program: Any = Program(code)
    destinations: Any = Destinations(code, skips)
    return Analysis(program, destinations)


@attrs.frozen(eq=False)
class AccountCode(Deferred):
    """An account's code, not empty, by its Keccak-256 hash. To see any of it, all is shown: 24,576 bytes at most."""

    hash: Hash
    nodes: Nodes
    work: Work

    def octets(self) -> Octets:
        """The code, shown."""
        return at_hand(self.nodes.preimage(self.hash), self.work)

    def keccak256(self) -> Hash:
        """As in ``Deferred``: known without the code."""
        return self.hash

    def analysis(self) -> Analysis:
        """As in ``Deferred``."""
        code = self.nodes.preimage(self.hash)
        return analysis_of(at_hand(code, self.work), at_hand(skips_of(code), self.work))

    def __bytes__(self) -> bytes:
        return self.nodes.preimage(self.hash)

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self.nodes.preimage(self.hash))

    def __getitem__(self, place: slice) -> Octets:
        return self.octets()[place]

    def startswith(self, prefix: bytes) -> bool:
        """As of ``bytes``."""
        return bytes(self).startswith(prefix)


# --- memory ----------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class TreeMemory:
    """A frame's memory by its commitment: that of the byte string that it is."""

    size: int
    tree: Tree
    work: Work

    touch = Memory.touch

    def expand(self, size: int) -> TreeMemory:
        """As in ``Memory``; ``touch`` asks for more than there is."""
        grown = merkle.grown(self.tree, level_for(self.size), level_for(size))
        return TreeMemory(size, grown, self.work)

    def inside(self, offset: int, length: int) -> int:
        """The tree's level, if it holds ``length`` bytes at ``offset``: it does in every machine that steps lead to."""
        if offset + length > self.size:
            raise OpeningError(Reason.MALFORMED, "memory is too small")
        return level_for(self.size)

    def load(self, offset: int) -> Word:
        """As in ``Memory``."""
        return int.from_bytes(merkle.read_bytes(self.tree, self.inside(offset, WORD), offset, WORD), "big")

    def store(self, offset: int, word: Word) -> TreeMemory:
        """As in ``Memory``."""
        return self.write(offset, word.to_bytes(WORD, "big"))

    def read(self, offset: int, length: int) -> Octets:
        """As in ``Memory``."""
        if length == 0:
            return nothing(self.work)
        self.inside(offset, length)
        return Octets(self.tree, self.size, offset, length, length, self.work)

    def write(self, offset: int, data: bytes | Octets) -> TreeMemory:
        """As in ``Memory``."""
        if len(data) == 0:
            return self
        level = self.inside(offset, len(data))
        if isinstance(data, bytes):
            return TreeMemory(self.size, merkle.write_bytes(self.tree, level, offset, data), self.work)
        return TreeMemory(self.size, self.work.copied(self.tree, level, offset, data), self.work)
