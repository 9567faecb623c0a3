"""Tasks: work that grows with the length of an input, cut into units that each read and write a bounded part.

A task is a value with what is still to do; ``unit`` is the task after a bounded part more. Its result is what the
function that works at once gives (``hyperion.settlement.onestep.work``). The name of a task is the hash of its
beginning, so a result can't be taken for that of another input.
"""

from __future__ import annotations

from struct import pack, unpack
from typing import Any, Final, TypeAlias

import attrs

from hyperion.primitives import rlp
from hyperion.primitives.word import Word, exp_step
from hyperion.rules import rule
from hyperion.settlement.onestep import merkle
from hyperion.settlement.onestep.compression import CHAINS, blake2_begin, blake2_end, blake2_round
from hyperion.settlement.onestep.merkle import WORD, ZERO_TREES, Tree, known_as, level_for
from hyperion.settlement.onestep.nodes import (
    Fields,
    Hash,
    Hashed,
    Kind,
    Nodes,
    Sink,
    encode_record,
    fields_of,
    number_item,
)
from hyperion.settlement.onestep.octets import Octets, Work, pending_after, skips_of
from hyperion.vm.precompiles.blake2f import INPUT_BYTES, LAYOUT

UNIT: Final = 256
"""Bytes of an input that a unit reads, but for Keccak, whose block is 136 bytes. Shorter work is done at once."""
ROUNDS: Final = 128
"""Rounds of BLAKE2F that a unit does."""
BITS: Final = 32
"""Bits of an exponent that a unit uses."""
LENGTH_BYTES: Final = 6


# --- a piece of a tree as fields of a record -------------------------------------------------------------------------


def source_items(source: Octets, sink: Sink) -> tuple[bytes, ...]:
    """The fields of a piece: the root of its tree, and which part of it."""
    root = merkle.sealed(source.tree, source.level, sink)
    return (root, *map(number_item, (source.extent, source.start, source.size, source.width)))


def opened_source(fields: Fields, nodes: Nodes, work: Work) -> Octets:
    """The piece of the next five fields."""
    root = fields.digest()
    extent, start, size, width = (fields.number(LENGTH_BYTES) for _ in range(4))
    if start + size > extent or size > width:
        raise fields.malformed("has a piece that is not in its tree")
    return Octets(known_as(root, level_for(extent), nodes), extent, start, size, width, work)


# --- the tasks -------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Hashing:
    """A hash over a long input: some blocks of it, with its padding, are in the state."""

    chain: str
    source: Octets
    done: int
    state: bytes

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.done > self.source.width

    @rule("DIS-micro-hash", "A unit of a hash takes in 136 bytes of Keccak-256, or 256 of SHA-256 or RIPEMD-160.")
    def unit(self) -> Hashing:
        """After one unit more. The input has its padding after it; the last unit is shorter if that ends."""
        chain, length = CHAINS[self.chain], self.source.width
        padding = chain.padding(length)
        end = min(self.done + max(UNIT // chain.block, 1) * chain.block, length + len(padding))
        piece = self.source.part(min(self.done, length), min(end, length))
        piece += padding[max(self.done - length, 0) : max(end - length, 0)]
        state = self.state
        for at in range(0, len(piece), chain.block):
            state = chain.compress(state, piece[at : at + chain.block])
        return attrs.evolve(self, done=end, state=state)

    def result(self, sink: Sink) -> bytes:
        """The 32 bytes of the hash."""
        del sink
        return CHAINS[self.chain].finish(self.state)

    def items(self, sink: Sink) -> tuple[rlp.Item, ...]:
        """The fields."""
        return (self.chain.encode(), *source_items(self.source, sink), number_item(self.done), self.state)


@attrs.frozen(eq=False)
class Copying:
    """A copy into a tree of ``level`` at ``offset``: ``done`` bytes of the source are there."""

    tree: Tree
    level: int
    offset: int
    source: Octets
    done: int

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.done >= self.source.width

    @rule("DIS-micro-copy", "A unit of a copy moves 256 bytes; the source is as it was before the copy began.")
    def unit(self) -> Copying:
        """After one unit more."""
        end = min(self.done + UNIT, self.source.width)
        piece = self.source.part(self.done, end)
        tree = merkle.write_bytes(self.tree, self.level, self.offset + self.done, piece)
        return attrs.evolve(self, tree=tree, done=end)

    def result(self, sink: Sink) -> bytes:
        """The root of the tree."""
        return merkle.sealed(self.tree, self.level, sink)

    def items(self, sink: Sink) -> tuple[rlp.Item, ...]:
        """The fields."""
        root = merkle.sealed(self.tree, self.level, sink)
        place = (number_item(self.level), number_item(self.offset))
        return (b"copy", root, *place, *source_items(self.source, sink), number_item(self.done))


@attrs.frozen(eq=False)
class Skipping:
    """The analysis of code: the operand bytes of its first words are in the tree, and ``pending`` more follow."""

    source: Octets
    done: int
    pending: int
    tree: Tree

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.done >= self.source.width

    @property
    def level(self) -> int:
        """Of the tree."""
        return level_for((self.source.width + WORD - 1) // WORD)

    @rule("DIS-micro-code", "A unit of code analysis reads 8 words and writes how much of each is operand.")
    def unit(self) -> Skipping:
        """After one unit more."""
        end = min(self.done + UNIT, self.source.width)
        piece = self.source.part(self.done, end)
        tree = merkle.write_bytes(self.tree, self.level, self.done // WORD, skips_of(piece, self.pending))
        pending = self.pending
        for at in range(0, len(piece), WORD):
            pending = pending_after(piece[at : at + WORD], pending)
        return attrs.evolve(self, done=end, pending=pending, tree=tree)

    def result(self, sink: Sink) -> bytes:
        """The root of the tree."""
        return merkle.sealed(self.tree, self.level, sink)

    def items(self, sink: Sink) -> tuple[rlp.Item, ...]:
        """The fields."""
        root = merkle.sealed(self.tree, self.level, sink)
        return (b"skips", *source_items(self.source, sink), number_item(self.done), number_item(self.pending), root)


@attrs.frozen(eq=False)
class Compressing:
    """BLAKE2F with many rounds, some of which are done."""

    data: bytes
    done: int
    words: tuple[int, ...]

    @property
    def rounds(self) -> int:
        """How many there are in all."""
        return int.from_bytes(self.data[:4], "big")

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.done >= self.rounds

    @rule("DIS-micro-blake2", "A unit of BLAKE2F does 128 rounds.")
    def unit(self) -> Compressing:
        """After one unit more."""
        end, words, block = min(self.done + ROUNDS, self.rounds), self.words, unpack(LAYOUT, self.data[4:])[8:24]
        for number in range(self.done, end):
            words = blake2_round(words, block, number)
        return attrs.evolve(self, done=end, words=words)

    def result(self, sink: Sink) -> bytes:
        """The 64 bytes of output."""
        del sink
        return blake2_end(unpack(LAYOUT, self.data[4:])[:8], self.words)

    def items(self, sink: Sink) -> tuple[rlp.Item, ...]:
        """The fields."""
        del sink
        return b"blake2", self.data, number_item(self.done), pack("<16Q", *self.words)


@attrs.frozen(eq=False)
class Raising:
    """EXP: ``power * square**rest`` modulo 2**256 stays the same, and ``rest`` becomes shorter."""

    power: Word
    square: Word
    rest: Word

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.rest == 0

    @rule("DIS-micro-exp", "A unit of EXP uses 32 bits of the exponent.")
    def unit(self) -> Raising:
        """After one unit more."""
        power, square, rest = self.power, self.square, self.rest
        for _ in range(BITS):
            power, square, rest = exp_step(power, square, rest)
        return Raising(power, square, rest)

    def result(self, sink: Sink) -> bytes:
        """The power, big-endian."""
        del sink
        return self.power.to_bytes(WORD, "big")

    def items(self, sink: Sink) -> tuple[rlp.Item, ...]:
        """The fields."""
        del sink
        return (b"exp", *map(number_item, (self.power, self.square, self.rest)))


Task: TypeAlias = Hashing | Copying | Skipping | Compressing | Raising


# --- beginnings ------------------------------------------------------------------------------------------------------


def hashing(chain: str, source: Octets) -> Hashing:
    """The hash of ``source`` by one of ``CHAINS``."""
    return Hashing(chain, source, 0, CHAINS[chain].start)


def copying(tree: Tree, level: int, offset: int, source: Octets) -> Copying:
    """``source`` put into ``tree``."""
    return Copying(tree, level, offset, source, 0)


def skipping(source: Octets) -> Skipping:
    """The analysis of ``source``."""
    return Skipping(source, 0, 0, ZERO_TREES[level_for((source.width + WORD - 1) // WORD)])


def compressing(data: bytes) -> Compressing:
    """BLAKE2F on an input that it does not refuse."""
    words = unpack(LAYOUT, data[4:])
    return Compressing(data, 0, blake2_begin(words[:8], (words[24], words[25]), words[26] == 1))


def raising(base: Word, exponent: Word) -> Raising:
    """The power of ``base`` to ``exponent``."""
    return Raising(1, base, exponent)


# --- records ---------------------------------------------------------------------------------------------------------


def sealed_task(task: Task, sink: Sink) -> Hash:
    """The hash of a task."""
    return sink.put(encode_record(Kind.TASK, task.items(sink)))


def name_of(task: Task) -> Hash:
    """The name of the task that begins so."""
    return sealed_task(task, Hashed())


def opened_task(digest: Hash, nodes: Nodes, work: Work) -> Task:
    """The task with this hash. Refuses with ``OpeningError`` a record that no task has."""
    fields = fields_of(Kind.TASK, nodes.preimage(digest))
    kind = fields.octets()
    task: Any
    if kind.decode("ascii", "replace") in CHAINS:
        chain = kind.decode("ascii")
        source, done, state = opened_source(fields, nodes, work), fields.number(LENGTH_BYTES), fields.octets()
        if len(state) != len(CHAINS[chain].start) or done % CHAINS[chain].block != 0:
            raise fields.malformed("has a state that is none of its hash")
        task = Hashing(chain, source, done, state)
    elif kind == b"copy":
        task = opened_copying(fields, nodes, work)
    elif kind == b"skips":
        task = opened_skipping(fields, nodes, work)
    elif kind == b"blake2":
        data, done, words = fields.octets(), fields.number(4), fields.octets()
        if len(data) != INPUT_BYTES or len(words) != 128:
            raise fields.malformed("has other sizes than BLAKE2F")
        task = Compressing(data, done, unpack("<16Q", words))
    elif kind == b"exp":
        task = Raising(fields.number(WORD), fields.number(WORD), fields.number(WORD))
    else:
        raise fields.malformed("is of a kind that there is not")
    fields.end()
    return task  # type: ignore[no-any-return]


def opened_copying(fields: Fields, nodes: Nodes, work: Work) -> Copying:
    """The copy of the next fields."""
    root, level, offset = fields.digest(), fields.number(1), fields.number(LENGTH_BYTES)
    source, done = opened_source(fields, nodes, work), fields.number(LENGTH_BYTES)
    if level >= len(ZERO_TREES) or offset + max(source.width, done) > WORD * 2**level:
        raise fields.malformed("does not fit in its tree")
    return Copying(known_as(root, level, nodes), level, offset, source, done)


def opened_skipping(fields: Fields, nodes: Nodes, work: Work) -> Skipping:
    """The code analysis of the next fields."""
    source, done = opened_source(fields, nodes, work), fields.number(LENGTH_BYTES)
    pending, root = fields.number(1), fields.digest()
    if done % WORD != 0 and done != source.width:
        raise fields.malformed("stands inside a word")
    level = level_for((source.width + WORD - 1) // WORD)
    return Skipping(source, done, pending, known_as(root, level, nodes))
