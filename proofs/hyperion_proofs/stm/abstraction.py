"""The bridge, one way: the state that a configuration of the model stands for.

Every cell is read off the configuration by a rule of its own, so that the invariants can be asked of it, and the
proof's account of a transition compared with what the model does.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import attrs

from hyperion.parallel import mvmemory
from hyperion.parallel.configuration import Configuration
from hyperion.parallel.counter import Checking, Finishing, Marking, Pc, Recording, Scanning, Seen, Waiting, Worker
from hyperion.parallel.mvmemory import Estimate, Memory
from hyperion.parallel.program import Block, Location
from hyperion.parallel.scheduler import Phase, Scheduler, Status
from hyperion.parallel.version import Version
from hyperion_proofs.stm.places import ABORTER, OWNING, Aborting
from hyperion_proofs.stm.state import State

T = TypeVar("T")

NOBODY: Final = -1
NO_VERSION: Final = Version(NOBODY, 0)
NO_STATUS: Final = Status(0, Phase.READY)


def at_or(row: Sequence[T], index: int, otherwise: T) -> T:
    """The item of a row; of what is not there, another value."""
    return row[index] if 0 <= index < len(row) else otherwise


@attrs.frozen(eq=False)
class View:
    """A configuration of a block, and what the cells of its state are."""

    block: Block
    configuration: Configuration

    @property
    def scheduler(self) -> Scheduler:
        """Its scheduler."""
        return self.configuration.shared.scheduler

    @property
    def memory(self) -> Memory:
        """Its memory."""
        return self.configuration.shared.memory

    def worker(self, index: int) -> Worker:
        """A worker's record."""
        return self.configuration.workers[index]

    def version(self, index: int) -> Version:
        """The version that a worker carries."""
        found: Version = getattr(self.worker(index), "version", NO_VERSION)
        return found

    # --- transactions

    def status(self, txn: int) -> Status:
        """The status of a transaction."""
        return at_or(self.scheduler.status, txn, NO_STATUS)

    def valid(self, txn: int, read: int) -> bool:
        """Whether a read is valid; one that is not there is."""
        reads = at_or(self.memory.reads, txn, ())
        there = 0 <= read < len(reads)
        return not there or mvmemory.valid(self.memory, txn, reads[read], self.block.base)

    def data(self, txn: int, location: Location) -> bool:
        """Whether there is an entry that is no ESTIMATE."""
        entries = dict(self.memory.cells.get(location, ()))
        return txn in entries and not isinstance(entries[txn], Estimate)

    def listed(self, txn: int, location: Location) -> bool:
        """Whether the memory lists the location."""
        return location in at_or(self.memory.written, txn, ())

    # --- workers

    def txn(self, index: int) -> int:
        """The transaction, or the index, that a worker carries."""
        worker = self.worker(index)
        return worker.index if isinstance(worker, Seen) else self.version(index).transaction

    def field(self, index: int, kind: type | tuple[type, ...], name: str, otherwise: Any) -> Any:
        """A field of a worker's record, if it is of the kind."""
        worker = self.worker(index)
        return getattr(worker, name) if isinstance(worker, kind) else otherwise

    def scanned(self, index: int, read: int) -> bool:
        """Whether a scan is past the read: it is not among those that are left, counted from the end of the list."""
        left = len(self.field(index, Scanning, "reads", ()))
        total = len(at_or(self.memory.reads, self.txn(index), ()))
        return not total - left <= read < total

    def pending(self, index: int, location: Location) -> bool:
        """Whether a recording has still to write or to remove the location."""
        entries, stale = (self.field(index, Recording, name, ()) for name in ("entries", "stale"))
        return location in stale or any(location == written for written, _ in entries)

    def planned(self, index: int, location: Location) -> bool:
        """Whether a recording writes the location; once the list is kept, it is in the memory."""
        if self.worker(index).pc in (Pc.KEEP_READS, Pc.FINISH):
            return self.listed(self.txn(index), location)
        return location in self.field(index, Recording, "written", ())

    def unmarked(self, index: int, location: Location) -> bool:
        """Whether the location has still to become an ESTIMATE."""
        return location in self.field(index, Marking, "locations", ())

    # --- who is to do what

    def workers(self) -> range:
        """All workers."""
        return range(len(self.configuration.workers))

    def who(self, txn: int, places: frozenset[Pc]) -> int:
        """The worker who is about the transaction at one of the places."""
        there = (index for index in self.workers() if self.worker(index).pc in places)
        return next((index for index in there if self.version(index).transaction == txn), NOBODY)

    def resumer(self, txn: int) -> int:
        """The worker who has still to resume the transaction."""
        found = (index for index in self.workers() if txn in self.field(index, Finishing, "waiting", ()))
        return next(found, NOBODY)

    def awaited(self, txn: int) -> int:
        """For which transaction it waits."""
        found = (blocker for blocker, waiting in enumerate(self.scheduler.dependents) if txn in waiting)
        return next(found, NOBODY)

    def aborting(self, txn: int) -> int:
        """Who makes it ready again."""
        if self.who(txn, ABORTER) != NOBODY:
            return Aborting.VALIDATOR
        if self.resumer(txn) != NOBODY:
            return Aborting.RESUMER
        return Aborting.BLOCKER if self.awaited(txn) != NOBODY else Aborting.NOBODY

    def keeper(self, txn: int) -> int:
        """The worker who does."""
        return max(self.who(txn, ABORTER), self.resumer(txn))

    def holder(self, txn: int) -> int:
        """The worker who has locked its dependents."""
        found = (index for index in self.workers() if self.locks(index, txn))
        return next(found, NOBODY)

    def locks(self, index: int, txn: int) -> bool:
        """Whether the worker has."""
        worker = self.worker(index)
        return worker.pc is Pc.SUSPEND and isinstance(worker, Waiting) and worker.blocker == txn

    def keys(self, kind: str) -> Iterator[Any]:
        """All workers, transactions, numbers of reads, or locations."""
        if kind == "w":
            yield from self.workers()
        elif kind == "x":
            yield from range(self.block.size)
        elif kind == "r":
            yield from range(max((len(reads) for reads in self.memory.reads), default=0))
        else:
            pending = [self.field(index, Recording, "entries", ()) for index in self.workers()]
            written = (location for entries in pending for location, _ in entries)
            yield from dict.fromkeys((*sorted(self.memory.cells, key=str), *written))

    def state(self) -> State:
        """The state that the configuration stands for."""
        scheduler = self.scheduler
        return State(
            size=self.block.size,
            execution=scheduler.execution_index,
            validation=scheduler.validation_index,
            active=scheduler.active,
            lowered=scheduler.lowered,
            done=scheduler.done,
            phase=lambda txn: int(self.status(txn).phase),
            incarnation=lambda txn: self.status(txn).incarnation,
            locked=lambda txn: at_or(scheduler.locked, txn, False),
            waits=lambda txn, blocker: txn in at_or(scheduler.dependents, blocker, ()),
            valid=self.valid,
            data=self.data,
            listed=self.listed,
            at=lambda index: int(self.worker(index).pc) if index != NOBODY else int(Pc.EXIT),
            txn=self.txn,
            held=lambda index: self.version(index).incarnation,
            blocker=lambda index: self.field(index, Waiting, "blocker", NOBODY),
            new=lambda index: self.field(index, (Recording, Finishing), "new", False),
            least=lambda index: self.field(index, Finishing, "least", 0),
            seen=lambda index: self.field(index, Checking, "lowered", 0),
            scanned=self.scanned,
            pending=self.pending,
            planned=self.planned,
            unmarked=self.unmarked,
            owner=lambda txn: self.who(txn, OWNING),
            aborting=self.aborting,
            keeper=self.keeper,
            awaited=self.awaited,
            holder=self.holder,
        )
