"""Invariants about the work that is left, and about the memory that it is done on: P7–P9.

Who owes what is the heart of the algorithm: whatever is ready will be executed and whatever is not valid will be
validated, by way of an index or in the hands of a worker that can be named.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hyperion.parallel import mvmemory
from hyperion.parallel.configuration import Configuration
from hyperion.parallel.counter import Finishing, Marking, Pc, Recording, Scanning, Seen, Shared, Tasked, Worker
from hyperion.parallel.mvmemory import Entry, Estimate, Read
from hyperion.parallel.ownership import version_of
from hyperion.parallel.program import Block
from hyperion.parallel.scheduler import Phase, Status

RESUMING: Final = frozenset({Pc.RESUME, Pc.LOWER_EXECUTION})
REOPENED: Final = frozenset({Pc.LOWER_AFTER, Pc.COUNT_AFTER, Pc.RETRY_LEFT, Pc.RETRY})


def executes_later(worker: Worker, transaction: int) -> bool:
    """Whether a worker is about to start a ready transaction, or to lower the execution index to it."""
    if isinstance(worker, Seen):
        return worker.pc is Pc.EXECUTION_START and worker.index == transaction
    if isinstance(worker, Finishing):
        return worker.pc in RESUMING and worker.least <= transaction
    return version_of(worker, transaction, REOPENED)


def ready_is_executed_later(block: Block, at: Configuration) -> bool:
    """A ready transaction is before the execution index, or some worker is about to start it or to lower the index."""
    index = at.shared.scheduler.execution_index
    return all(
        status.phase is not Phase.READY
        or index <= transaction
        or any(executes_later(worker, transaction) for worker in at.workers)
        for transaction, status in enumerate(at.shared.scheduler.status)
    )


def memory_is_as_recorded(block: Block, at: Configuration) -> bool:
    """Entries of an executed transaction are its present incarnation's, where it wrote; of a ready one, ESTIMATEs."""
    memory, rows = at.shared.memory, at.shared.scheduler.status
    settled = sum(
        len(memory.written[transaction]) for transaction, status in enumerate(rows) if status.phase in SETTLED
    )
    found = sum(rows[writer].phase in SETTLED for cells in memory.cells.values() for writer, _ in cells)
    return found == settled and all(
        rows[writer].phase not in SETTLED or (location in memory.written[writer] and fits(entry, rows[writer]))
        for location, cells in memory.cells.items()
        for writer, entry in cells
    )


SETTLED: Final = frozenset({Phase.EXECUTED, Phase.READY})
"""Where nobody is about to change the entries of a transaction."""


def fits(entry: Entry, status: Status) -> bool:
    """Whether the entry of a transaction that nobody executes or aborts is what its status says."""
    if status.phase is Phase.READY:
        return isinstance(entry, Estimate)
    return not isinstance(entry, Estimate) and entry.incarnation == status.incarnation


def exposed(block: Block, shared: Shared) -> Iterator[tuple[int, Read]]:
    """Reads of executed incarnations that are not valid although validation has passed their transaction."""
    for transaction, status in enumerate(shared.scheduler.status[: shared.scheduler.validation_index]):
        if status.phase is Phase.EXECUTED:
            for read in shared.memory.reads[transaction]:
                if not mvmemory.valid(shared.memory, transaction, read, block.base):
                    yield transaction, read


ABORTING_WAVE: Final = frozenset({Pc.MARK, Pc.REOPEN, Pc.LOWER_AFTER})
WRITING_WAVE: Final = frozenset(
    {Pc.TAKE_DEPENDENTS, Pc.RESUME, Pc.LOWER_EXECUTION, Pc.COUNT_EXECUTION, Pc.COMPARE, Pc.FINISH}
)
FINISHED: Final = frozenset({Pc.TAKE_DEPENDENTS, Pc.RESUME, Pc.LOWER_EXECUTION, Pc.COUNT_EXECUTION, Pc.COMPARE})
VALIDATING: Final = frozenset({Pc.TASK_VALIDATE, Pc.LOAD_READS, Pc.ABORT})


def validates_later(worker: Worker, transaction: int, incarnation: int, read: Read) -> bool:
    """Whether a worker is about to find that a read is not valid, or to send validation back to its transaction."""
    match worker:
        case Seen():
            return worker.pc is Pc.VALIDATION_START and worker.index == transaction
        case Scanning():
            return is_present(worker, transaction, incarnation) and read in worker.reads
        case Marking():
            return worker.version.transaction < transaction
        case Recording():
            return worker.new and worker.version.transaction < transaction
        case Finishing():
            return finisher_validates(worker, transaction, incarnation)
        case Tasked():
            if worker.pc in VALIDATING:
                return is_present(worker, transaction, incarnation)
            return worker.pc in ABORTING_WAVE and worker.version.transaction < transaction
        case _:
            return False


def is_present(worker: Tasked | Scanning | Finishing, transaction: int, incarnation: int) -> bool:
    """Whether the version in a worker's hands is the present one of a transaction."""
    return worker.version.transaction == transaction and worker.version.incarnation == incarnation


def finisher_validates(worker: Finishing, transaction: int, incarnation: int) -> bool:
    """Who finishes new locations lowers the index to itself; who finishes the transaction itself will validate it."""
    if worker.pc is Pc.LOWER_VALIDATION:
        return worker.version.transaction <= transaction
    if worker.pc in WRITING_WAVE and worker.new and worker.version.transaction < transaction:
        return True
    return worker.pc in FINISHED and is_present(worker, transaction, incarnation)


def invalid_is_validated_later(block: Block, at: Configuration) -> bool:
    """A read that is not valid is before the validation index, or some worker is about to find it or to lower it."""
    status = at.shared.scheduler.status
    return all(
        any(validates_later(worker, transaction, status[transaction].incarnation, read) for worker in at.workers)
        for transaction, read in exposed(block, at.shared)
    )
