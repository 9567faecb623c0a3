"""Invariants about the check for the end, and what is true when it has been announced: D0–D4, G1 and G2."""

from __future__ import annotations

from typing import Any, Final

from hyperion.parallel import mvmemory
from hyperion.parallel.configuration import Configuration
from hyperion.parallel.counter import Pc, Shared
from hyperion.parallel.ownership import INACTIVE
from hyperion.parallel.program import Block
from hyperion.parallel.scheduler import Phase

LAPSING: Final = frozenset({Pc.EXECUTION_CLAIM, Pc.VALIDATION_CLAIM, Pc.UNCLAIM, Pc.RELEASE})
"""Where a worker is active but, when all is done, only to find that out."""


STARTING: Final = frozenset({Pc.EXECUTION_START, Pc.VALIDATION_START})


def lapses(worker: Any, size: int) -> bool:
    """Whether a worker has nothing in hand, not even a claim on a transaction of the block."""
    if worker.pc in STARTING:
        return bool(worker.index >= size)
    return worker.pc in INACTIVE or worker.pc in LAPSING


def is_quiet(block: Block, at: Configuration) -> bool:
    """Both indices are past the end, and no worker has anything in hand."""
    scheduler = at.shared.scheduler
    return (
        scheduler.execution_index >= block.size
        and scheduler.validation_index >= block.size
        and all(lapses(worker, block.size) for worker in at.workers)
    )


def is_unchanged(at: Configuration, worker: Any, pcs: frozenset[Pc]) -> bool:
    """Whether a worker's check stands at one of these places, and no lowering was counted since it began."""
    return worker.pc in pcs and worker.lowered == at.shared.scheduler.lowered


EXECUTION_SEEN: Final = frozenset({Pc.DONE_VALIDATION, Pc.DONE_ACTIVE, Pc.DONE_AGAIN})
VALIDATION_SEEN: Final = frozenset({Pc.DONE_ACTIVE, Pc.DONE_AGAIN})
ACTIVE_SEEN: Final = frozenset({Pc.DONE_AGAIN})
CHECKING: Final = EXECUTION_SEEN | {Pc.DONE_EXECUTION}
EXECUTION_UNCOUNTED: Final = frozenset({Pc.COUNT_EXECUTION})
VALIDATION_UNCOUNTED: Final = frozenset({Pc.COUNT_VALIDATION, Pc.COUNT_AFTER})


def check_is_not_ahead(block: Block, at: Configuration) -> bool:
    """Nobody has seen more lowerings than were counted."""
    checking: list[Any] = [worker for worker in at.workers if worker.pc in CHECKING]
    return all(worker.lowered <= at.shared.scheduler.lowered for worker in checking)


def execution_is_left(block: Block, shared: Shared) -> bool:
    """Whether the execution index is within the block."""
    return shared.scheduler.execution_index < block.size


def validation_is_left(block: Block, shared: Shared) -> bool:
    """Whether the validation index is within the block."""
    return shared.scheduler.validation_index < block.size


def is_done(block: Block, shared: Shared) -> bool:
    """Whether the end has been announced."""
    return shared.scheduler.done


def execution_past_since(block: Block, at: Configuration) -> bool:
    """Seen past the end and no lowering counted: the execution index still is, or a lowering is not yet counted."""
    return (
        not execution_is_left(block, at.shared)
        or not any(is_unchanged(at, worker, EXECUTION_SEEN) for worker in at.workers)
        or any(worker.pc in EXECUTION_UNCOUNTED for worker in at.workers)
    )


def validation_past_since(block: Block, at: Configuration) -> bool:
    """The same for the validation index."""
    return (
        not validation_is_left(block, at.shared)
        or not any(is_unchanged(at, worker, VALIDATION_SEEN) for worker in at.workers)
        or any(worker.pc in VALIDATION_UNCOUNTED for worker in at.workers)
    )


def check_passes_when_quiet(block: Block, at: Configuration) -> bool:
    """Nobody active was seen and no lowering counted, or the end is about to be announced: all is quiet."""
    passes = [
        worker
        for worker in at.workers
        if worker.pc is Pc.DONE_MARK or is_unchanged(at, worker, ACTIVE_SEEN)
    ]
    return not passes or is_quiet(block, at)


def done_is_quiet(block: Block, at: Configuration) -> bool:
    """When the end is announced, all is quiet, and stays so."""
    return not at.shared.scheduler.done or is_quiet(block, at)


def done_is_executed(block: Block, shared: Shared) -> bool:
    """When the end is announced, every transaction has been executed."""
    scheduler = shared.scheduler
    return not scheduler.done or all(status.phase is Phase.EXECUTED for status in scheduler.status)


def done_is_valid(block: Block, shared: Shared) -> bool:
    """When the end is announced, every read of every last incarnation is valid."""
    return not shared.scheduler.done or all(
        mvmemory.valid(shared.memory, transaction, read, block.base)
        for transaction, reads in enumerate(shared.memory.reads)
        for read in reads
    )
