"""Changes of Block-STM's memory: what is read, recorded, removed, and taken for valid."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from hyperion.parallel import executing, mvmemory, validating
from hyperion.parallel.configuration import Configuration
from hyperion.parallel.counter import Executing, Move, Pc, Recording, Scanning, Shared, Transition, remembered
from hyperion.parallel.mvmemory import ESTIMATE, Blocked, Found, Memory, Read
from hyperion.parallel.program import Block, Location
from hyperion.parallel.version import STORAGE


def remove_nothing(block: Block, shared: Shared, worker: Recording) -> Move:
    """Entries of the incarnation before stay."""
    return shared, executing.recording(msgspec.structs.replace(worker, stale=worker.stale[1:]))


def reads_kept(keep: Callable[[tuple[Read, ...]], tuple[Read, ...]]) -> Transition:
    """What is kept of the reads at the end of an execution is changed."""

    def changed(block: Block, shared: Shared, worker: Recording) -> Move:
        return executing.keep_reads(block, shared, msgspec.structs.replace(worker, reads=keep(worker.reads)))

    return changed


def of_transactions(reads: tuple[Read, ...]) -> tuple[Read, ...]:
    """Without reads that touched the storage."""
    return tuple(read for read in reads if STORAGE not in read.origins)


def first_of_each_location(reads: tuple[Read, ...]) -> tuple[Read, ...]:
    """Without repeated reads of one location."""
    return tuple({read.location: read for read in reversed(reads)}.values())


def scanned(valid: Callable[..., bool]) -> Transition:
    """Validation with another notion of a valid read."""

    def changed(block: Block, shared: Shared, worker: Scanning) -> Move:
        return validating.scan(block, shared, worker, valid)

    return changed


def same_transactions(memory: Memory, reader: int, read: Read, base: Callable[[Location], Any]) -> bool:
    """The same writers, whichever incarnations."""
    now = mvmemory.resolve(memory, read.location, reader, base)
    return isinstance(now, Found) and [version.transaction for version in now.origins] == [
        version.transaction for version in read.origins
    ]


def estimate_accepted(memory: Memory, reader: int, read: Read, base: Callable[[Location], Any]) -> bool:
    """The same versions, or a mark by the writer of old."""
    now = mvmemory.resolve(memory, read.location, reader, base)
    if isinstance(now, Blocked):
        return any(version.transaction == now.transaction for version in read.origins)
    return now.origins == read.origins


def nearest_origin(memory: Memory, reader: int, read: Read, base: Callable[[Location], Any]) -> bool:
    """The nearest version is the same, whatever lies under an addition."""
    now = mvmemory.resolve(memory, read.location, reader, base)
    return isinstance(now, Found) and now.origins[0] == read.origins[0]


def resolve_own(memory: Memory, location: Location, reader: int, base: Callable[[Location], Any]) -> Found | Blocked:
    """The reader's own entry counts too."""
    return mvmemory.resolve(memory, location, reader + 1, base)


def resolve_least(memory: Memory, location: Location, reader: int, base: Callable[[Location], Any]) -> Found | Blocked:
    """The least writer below, not the greatest."""
    cells = mvmemory.below(memory.cells.get(location, ()), reader)
    return mvmemory.fold(cells[:1], location, base)


def resolve_saturating(
    memory: Memory, location: Location, reader: int, base: Callable[[Location], Any]
) -> Found | Blocked:
    """A sum of additions stops at a bound."""
    found = mvmemory.resolve(memory, location, reader, base)
    if isinstance(found, Blocked) or len(found.origins) == 1:
        return found
    return Found(min(found.value, BOUND), found.origins)


BOUND: Final = 12
"""Where saturating additions stop."""


def resolved(resolve: mvmemory.Resolve) -> Mapping[Pc, Transition]:
    """Reading and validating by another resolution."""

    def read(block: Block, shared: Shared, worker: Executing) -> Move:
        return executing.read(block, shared, worker, resolve)

    def valid(memory: Memory, reader: int, read: Read, base: Callable[[Location], Any]) -> bool:
        now = resolve(memory, read.location, reader, base)
        return isinstance(now, Found) and now.origins == read.origins

    return {Pc.READ: read, Pc.SCAN: scanned(valid)}


def marked_beforehand(configuration: Configuration) -> Configuration:
    """The second transaction is expected to write "b", and nothing says that the mark is its own."""
    memory = mvmemory.put(configuration.shared.memory, "b", 1, ESTIMATE)
    return msgspec.structs.replace(configuration, shared=remembered(configuration.shared, memory))


def marked_as_own(configuration: Configuration) -> Configuration:
    """The same, with "b" among the locations that the second transaction wrote before."""
    marked = marked_beforehand(configuration).shared
    memory = mvmemory.keep_written(marked.memory, 1, ("b",))
    return msgspec.structs.replace(configuration, shared=remembered(marked, memory))
