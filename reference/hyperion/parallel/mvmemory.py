"""The multi-version memory: for each location, what each transaction's last incarnation left there.

An entry is an absolute value, a commutative addition whose writer never read the location, or the mark ESTIMATE of an
aborted incarnation, which says "this transaction will probably write here again". Beside the entries, the memory keeps
for each transaction what its last incarnation read (with where each value came from), where it wrote, and its result.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from operator import itemgetter
from typing import Final, TypeAlias

import msgspec
from immutables import Map

from hyperion.parallel.program import Location, Result, Value
from hyperion.parallel.version import STORAGE, Version, replaced
from hyperion.rules import rule


class Written(msgspec.Struct, frozen=True, cache_hash=True):
    """An absolute value."""

    incarnation: int
    value: Value


class Added(msgspec.Struct, frozen=True, gc=False):
    """An addition by a transaction that did not read the location."""

    incarnation: int
    amount: int


class Estimate(msgspec.Struct, frozen=True, gc=False):
    """The entry of an aborted incarnation."""


ESTIMATE: Final = Estimate()

Entry: TypeAlias = Written | Added | Estimate
Cell: TypeAlias = tuple[int, Entry]
"""An entry with the transaction that it belongs to."""

WRITER: Final = itemgetter(0)


class Read(msgspec.Struct, frozen=True, cache_hash=True):
    """A read as it is recorded: the location, and the versions that made the value.

    ``origins`` lists the additions from the nearest down, and ends with the absolute value or with ``STORAGE``.
    """

    location: Location
    origins: tuple[Version, ...]


class Found(msgspec.Struct, frozen=True):
    """A location's value for a reader, and the versions that made it."""

    value: Value
    origins: tuple[Version, ...]


class Blocked(msgspec.Struct, frozen=True, gc=False):
    """The value depends on a transaction that was aborted and has not been executed again."""

    transaction: int


Resolve: TypeAlias = Callable[..., Found | Blocked]
"""A way to resolve a read: ``resolve`` below, or a mutant of it."""


class Memory(msgspec.Struct, frozen=True, cache_hash=True):
    """Entries by location, ascending by transaction; by transaction: last reads, last locations written, result."""

    cells: Map[Location, tuple[Cell, ...]]
    reads: tuple[tuple[Read, ...], ...]
    written: tuple[tuple[Location, ...], ...]
    results: tuple[Result, ...]


def empty(size: int) -> Memory:
    """The memory before a block of ``size`` transactions."""
    return Memory(Map(), ((),) * size, ((),) * size, (None,) * size)


def below(cells: tuple[Cell, ...], reader: int) -> tuple[Cell, ...]:
    """The entries of the transactions before ``reader``."""
    return cells[: bisect_left(cells, reader, key=WRITER)]


@rule(
    "STM-read",
    "A read takes the entry of the greatest transaction below the reader; an addition is walked through down to the "
    "first absolute value or the storage; an ESTIMATE on the way blocks the read.",
)
def resolve(memory: Memory, location: Location, reader: int, base: Callable[[Location], Value]) -> Found | Blocked:
    """The value of a location for a reader, with the whole list of versions that made it.

    One atomic access: implementations keep the entries of one location behind one lock. The list, not only its first
    element, is what makes a read valid: a change of any addition on the way changes the value.
    """
    return fold(below(memory.cells.get(location, ()), reader), location, base)


def fold(cells: tuple[Cell, ...], location: Location, base: Callable[[Location], Value]) -> Found | Blocked:
    """Walk entries from the last down to an absolute value or the storage, and add up what was added on the way."""
    added = 0
    origins: tuple[Version, ...] = ()
    for writer, entry in reversed(cells):
        if isinstance(entry, Estimate):
            return Blocked(writer)
        origins = (*origins, Version(writer, entry.incarnation))
        if isinstance(entry, Written):
            return Found(entry.value + added if len(origins) > 1 else entry.value, origins)
        added += entry.amount
    value = base(location)
    return Found(value + added if origins else value, (*origins, STORAGE))


@rule("STM-valid-read", "A recorded read is valid when reading again is not blocked and finds the same versions.")
def valid(memory: Memory, reader: int, read: Read, base: Callable[[Location], Value]) -> bool:
    """Whether a recorded read would give the same value now: the same versions, and versions are written once."""
    now = resolve(memory, read.location, reader, base)
    return isinstance(now, Found) and now.origins == read.origins


def put(memory: Memory, location: Location, writer: int, entry: Entry | None) -> Memory:
    """The memory with one entry set, or removed where ``entry`` is None."""
    cells = memory.cells.get(location, ())
    at = bisect_left(cells, writer, key=WRITER)
    after = cells[at + 1 :] if at < len(cells) and cells[at][0] == writer else cells[at:]
    changed = (*cells[:at], *after) if entry is None else (*cells[:at], (writer, entry), *after)
    if changed:
        return msgspec.structs.replace(memory, cells=memory.cells.set(location, changed))
    return msgspec.structs.replace(memory, cells=memory.cells.delete(location)) if cells else memory


def keep_written(memory: Memory, transaction: int, locations: tuple[Location, ...]) -> Memory:
    """The memory with where a transaction's last incarnation wrote."""
    return msgspec.structs.replace(memory, written=replaced(memory.written, transaction, locations))


def keep_reads(memory: Memory, transaction: int, reads: tuple[Read, ...], result: Result) -> Memory:
    """The memory with what a transaction's last incarnation read, and its result."""
    return msgspec.structs.replace(
        memory, reads=replaced(memory.reads, transaction, reads), results=replaced(memory.results, transaction, result)
    )


@rule("STM-snapshot", "After the block, a location holds what a reader behind the last transaction would find.")
def snapshot(memory: Memory, base: Callable[[Location], Value]) -> Map[Location, Value] | Blocked:
    """What every location with an entry holds at the end.

    ``Blocked`` by the least transaction whose ESTIMATE is left: of the algorithm it never comes, only of mutants of it.
    """
    found = Map({location: fold(cells, location, base) for location, cells in memory.cells.items()})
    least = min((at.transaction for at in found.values() if isinstance(at, Blocked)), default=None)
    if least is not None:
        return Blocked(least)
    return Map({location: at.value for location, at in found.items() if isinstance(at, Found)})
