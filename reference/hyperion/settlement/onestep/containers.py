"""The parts of a machine by their hashes: what stands in place of its stack, byte strings, memory and lists.

Each has the interface of the model's own container as far as instructions use it, and is opened as far as they do.
Beside it stands how the container is sealed: the model's own, and the one that was opened and has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs

from hyperion.primitives.word import Word
from hyperion.rules import rule
from hyperion.settlement.onestep import merkle, octets
from hyperion.settlement.onestep.merkle import Tree, known_as, level_for
from hyperion.settlement.onestep.nodes import Fields, Hash, Nodes, OpeningError, Reason, Sink, number_item
from hyperion.settlement.onestep.octets import Octets, TreeMemory, Work, octets_of
from hyperion.vm.machine import Log
from hyperion.vm.memory import Memory
from hyperion.vm.stack import EMPTY_STACK, Stack

NOTHING: Final = bytes(32)
"""Ends linked lists: the hash of nothing, as no bytes are known that have it."""
SIZE_BYTES: Final = 6
"""Width of lengths and of the program counter."""
WORD_BYTES: Final = 32


@attrs.frozen(eq=False)
class Later:
    """A record that is opened when one of its fields is asked for; until then and after it is its hash."""

    digest: Hash
    read: Callable[[], Any]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.read(), name)


# --- the stack -------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class HiddenStack:
    """A stack of at least one word by the hash of its topmost cell."""

    digest: Hash
    depth: int
    nodes: Nodes

    def cell(self) -> bytes:
        """The word and the hash of the stack below."""
        found = self.nodes.preimage(self.digest)
        if len(found) != 2 * WORD_BYTES:
            raise OpeningError(Reason.MALFORMED, "stack cell")
        return found

    @property
    def top(self) -> Word:
        """The topmost word."""
        return int.from_bytes(self.cell()[:WORD_BYTES], "big")

    @property
    def rest(self) -> Any:
        """The stack below."""
        return opened_stack(self.cell()[WORD_BYTES:], self.depth - 1, self.nodes)

    push, take, dup, swap = Stack.push, Stack.take, Stack.dup, Stack.swap


@rule("DIS-commit-stack", "A stack is a linked list: a cell is the hash of its word and of the cell below.")
def sealed_stack(stack: Stack | HiddenStack, sink: Sink) -> Hash:
    """The hash of the topmost cell; of nothing for the empty stack."""
    words, digest = [], NOTHING
    below: Any = stack
    while below.depth != 0:
        if isinstance(below, HiddenStack):
            digest = below.digest
            break
        words.append(below.top)
        below = below.rest
    for word in reversed(words):
        digest = sink.put(word.to_bytes(WORD_BYTES, "big") + digest)
    return digest


def opened_stack(digest: Hash, depth: int, nodes: Nodes) -> Any:
    """The stack of ``depth`` words with this hash."""
    return EMPTY_STACK if depth == 0 else HiddenStack(digest, depth, nodes)


# --- byte strings and memory -----------------------------------------------------------------------------------------


def sealed_octets(data: Any, sink: Sink) -> tuple[bytes, Hash]:
    """The two fields of a byte string: its length and its root. Code of an account is shown first."""
    plain = data.octets() if isinstance(data, octets.AccountCode) else data
    return number_item(len(plain)), octets.sealed(plain, sink)


def opened_octets(fields: Fields, nodes: Nodes, work: Work) -> Any:
    """The byte string of the next two fields."""
    length = fields.number(SIZE_BYTES)
    return octets_of(known_tree(fields.digest(), length, nodes), length, work)


def known_tree(digest: Hash, length: int, nodes: Nodes) -> Tree:
    """The tree of ``length`` bytes with this root."""
    return known_as(digest, level_for(length), nodes)


def sealed_memory(memory: Memory | TreeMemory, sink: Sink) -> tuple[bytes, Hash]:
    """The two fields of a memory: those of the byte string that it is."""
    if isinstance(memory, Memory):
        return sealed_octets(memory.read(0, memory.size), sink)
    return number_item(memory.size), merkle.sealed(memory.tree, level_for(memory.size), sink)


def opened_memory(fields: Fields, nodes: Nodes, work: Work) -> Any:
    """The memory of the next two fields."""
    size = fields.number(SIZE_BYTES)
    if size % WORD_BYTES != 0:
        raise fields.malformed("has a memory of broken words")
    return TreeMemory(size, known_tree(fields.digest(), size, nodes), work)


# --- lists ---------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class WordList:
    """A tuple of words by the byte string that they are."""

    octets: Octets

    def __len__(self) -> int:
        return self.octets.width // WORD_BYTES

    def __getitem__(self, index: int) -> Word:
        if index >= len(self):
            raise IndexError(index)  # how a sequence ends: without it, going through one has no end
        return int.from_bytes(self.octets.part(WORD_BYTES * index, WORD_BYTES * (index + 1)), "big")


@attrs.frozen(eq=False)
class LogList:
    """Logs by the hash of the last one, and those that were added."""

    count: int
    last: Hash
    added: tuple[Log, ...] = ()

    def append(self, log: Log) -> LogList:
        """One more."""
        return attrs.evolve(self, added=(*self.added, log))
