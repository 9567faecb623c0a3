"""Invariants about the check for the end, and what is true when it has been announced: D0–D4, G1 and G2."""

from __future__ import annotations

from typing import Final

from hyperion.parallel import mvmemory
from hyperion.parallel.configuration import Configuration
from hyperion.parallel.counter import Checking, Pc, Seen, Worker
from hyperion.parallel.ownership import INACTIVE
from hyperion.parallel.program import Block
from hyperion.parallel.scheduler import Phase

LAPSING: Final = frozenset({Pc.EXECUTION_CLAIM, Pc.VALIDATION_CLAIM, Pc.UNCLAIM, Pc.RELEASE})
"""Where a worker is active but, when all is done, only to find that out."""


def lapses(worker: Worker, size: int) -> bool:
    """Whether a worker has nothing in hand, not even a claim on a transaction of the block."""
    if isinstance(worker, Seen) and worker.pc in (Pc.EXECUTION_START, Pc.VALIDATION_START):
        return worker.index >= size
    return worker.pc in INACTIVE or worker.pc in LAPSING


def is_quiet(block: Block, at: Configuration) -> bool:
    """Both indices are past the end, and no worker has anything in hand."""
    scheduler = at.shared.scheduler
    return (
        scheduler.execution_index >= block.size
        and scheduler.validation_index >= block.size
        and all(lapses(worker, block.size) for worker in at.workers)
    )


def unchanged(at: Configuration, pcs: frozenset[Pc]) -> bool:
    """Whether some worker's check stands at one of these places, and no lowering was counted since it began."""
    return any(
        isinstance(worker, Checking) and worker.pc in pcs and worker.lowered == at.shared.scheduler.lowered
        for worker in at.workers
    )


def check_is_not_ahead(block: Block, at: Configuration) -> bool:
    """Nobody has seen more lowerings than were counted."""
    return all(
        worker.lowered <= at.shared.scheduler.lowered for worker in at.workers if isinstance(worker, Checking)
    )


EXECUTION_SEEN: Final = frozenset({Pc.DONE_VALIDATION, Pc.DONE_ACTIVE, Pc.DONE_AGAIN})
VALIDATION_SEEN: Final = frozenset({Pc.DONE_ACTIVE, Pc.DONE_AGAIN})
ACTIVE_SEEN: Final = frozenset({Pc.DONE_AGAIN})


def execution_past_since(block: Block, at: Configuration) -> bool:
    """Seen past the end and no lowering counted: the execution index still is, or a lowering is not yet counted."""
    return (
        at.shared.scheduler.execution_index >= block.size
        or not unchanged(at, EXECUTION_SEEN)
        or any(worker.pc is Pc.COUNT_EXECUTION for worker in at.workers)
    )


def validation_past_since(block: Block, at: Configuration) -> bool:
    """The same for the validation index."""
    return (
        at.shared.scheduler.validation_index >= block.size
        or not unchanged(at, VALIDATION_SEEN)
        or any(worker.pc in (Pc.COUNT_VALIDATION, Pc.COUNT_AFTER) for worker in at.workers)
    )


def check_passes_when_quiet(block: Block, at: Configuration) -> bool:
    """Nobody active was seen and no lowering counted, or the end is about to be announced: all is quiet."""
    about = unchanged(at, ACTIVE_SEEN) or any(worker.pc is Pc.DONE_MARK for worker in at.workers)
    return not about or is_quiet(block, at)


def done_is_quiet(block: Block, at: Configuration) -> bool:
    """When the end is announced, all is quiet, and stays so."""
    return not at.shared.scheduler.done or is_quiet(block, at)


def done_is_executed(block: Block, at: Configuration) -> bool:
    """When the end is announced, every transaction has been executed."""
    scheduler = at.shared.scheduler
    return not scheduler.done or all(status.phase is Phase.EXECUTED for status in scheduler.status)


def done_is_valid(block: Block, at: Configuration) -> bool:
    """When the end is announced, every read of every last incarnation is valid."""
    return not at.shared.scheduler.done or all(
        mvmemory.valid(at.shared.memory, transaction, read, block.base)
        for transaction, reads in enumerate(at.shared.memory.reads)
        for read in reads
    )
