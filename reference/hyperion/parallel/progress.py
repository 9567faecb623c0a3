"""Invariants about the work that is left, and about the memory that it is done on: P7–P9.

Who owes what is the heart of the algorithm: whatever is ready will be executed and whatever is not valid will be
validated, by way of an index or in the hands of a worker that can be named.
"""

from __future__ import annotations

from typing import Any, Final

from hyperion.parallel import mvmemory
from hyperion.parallel.configuration import Configuration
from hyperion.parallel.counter import Pc, Shared
from hyperion.parallel.mvmemory import Entry, Estimate, Read
from hyperion.parallel.ownership import works_on
from hyperion.parallel.program import Block
from hyperion.parallel.scheduler import Phase, Status

RESUMING: Final = frozenset({Pc.RESUME, Pc.LOWER_EXECUTION})
REOPENED: Final = frozenset({Pc.LOWER_AFTER, Pc.COUNT_AFTER, Pc.RETRY_LEFT, Pc.RETRY})


def executes_later(worker: Any, transaction: int) -> bool:
    """Whether a worker is about to start a ready transaction, or to lower the execution index to it."""
    pc = worker.pc
    if pc is Pc.EXECUTION_START:
        return bool(worker.index == transaction)
    if pc in RESUMING:
        return bool(worker.least <= transaction)
    return works_on(worker, transaction, REOPENED)


def passed_over(block: Block, shared: Shared) -> list[int]:
    """Ready transactions that the execution index has passed."""
    return [
        transaction
        for transaction, status in enumerate(shared.scheduler.status[: shared.scheduler.execution_index])
        if status.phase is Phase.READY
    ]


def ready_is_executed_later(block: Block, at: Configuration) -> bool:
    """A ready transaction is before the execution index, or some worker is about to start it or to lower the index."""
    return all(
        any(executes_later(worker, transaction) for worker in at.workers)
        for transaction in passed_over(block, at.shared)
    )


def memory_is_as_recorded(block: Block, shared: Shared) -> bool:
    """Entries of an executed transaction are its present incarnation's, where it wrote; of a ready one, ESTIMATEs."""
    memory, rows = shared.memory, shared.scheduler.status
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


def exposed(block: Block, shared: Shared) -> list[tuple[int, Read]]:
    """Reads of executed incarnations that are not valid although validation has passed their transaction."""
    return [
        (transaction, read)
        for transaction, status in enumerate(shared.scheduler.status[: shared.scheduler.validation_index])
        if status.phase is Phase.EXECUTED
        for read in shared.memory.reads[transaction]
        if not mvmemory.valid(shared.memory, transaction, read, block.base)
    ]


VALIDATING: Final = frozenset({Pc.TASK_VALIDATE, Pc.LOAD_READS, Pc.ABORT})
ABORTING_WAVE: Final = frozenset({Pc.MARK, Pc.REOPEN, Pc.LOWER_AFTER})
FINISHED: Final = frozenset({Pc.TAKE_DEPENDENTS, Pc.RESUME, Pc.LOWER_EXECUTION, Pc.COUNT_EXECUTION, Pc.COMPARE})
WRITING_WAVE: Final = FINISHED | {Pc.WRITE, Pc.REMOVE, Pc.KEEP_WRITTEN, Pc.KEEP_READS, Pc.FINISH}


def validates_later(worker: Any, transaction: int, incarnation: int, read: Read) -> bool:
    """Whether a worker is about to find that a read is not valid, or to send validation back to its transaction.

    Who validates the present incarnation will find it; who aborts a lower transaction, or finishes one with new
    locations, lowers the index to it; and who finishes the transaction itself validates it, or lowers the index.
    """
    pc = worker.pc
    if pc is Pc.VALIDATION_START:
        return bool(worker.index == transaction)
    if pc is Pc.SCAN:
        return is_present(worker, transaction, incarnation) and read in worker.reads
    if pc in VALIDATING:
        return is_present(worker, transaction, incarnation)
    if pc in ABORTING_WAVE:
        return bool(worker.version.transaction < transaction)
    if pc is Pc.LOWER_VALIDATION:
        return bool(worker.version.transaction <= transaction)
    if pc in WRITING_WAVE and worker.new and worker.version.transaction < transaction:
        return True
    return pc in FINISHED and is_present(worker, transaction, incarnation)


def is_present(worker: Any, transaction: int, incarnation: int) -> bool:
    """Whether the version in a worker's hands is the present one of a transaction."""
    return bool(worker.version.transaction == transaction and worker.version.incarnation == incarnation)


def invalid_is_validated_later(block: Block, at: Configuration) -> bool:
    """A read that is not valid is before the validation index, or some worker is about to find it or to lower it."""
    status = at.shared.scheduler.status
    return all(
        any(validates_later(worker, transaction, status[transaction].incarnation, read) for worker in at.workers)
        for transaction, read in exposed(block, at.shared)
    )
