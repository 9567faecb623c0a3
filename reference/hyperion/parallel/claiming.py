"""Transitions of a worker without a task: it looks for one, claims one, or finds that all is done.

The procedures ``run``, ``next_task``, ``next_version_to_execute``, ``next_version_to_validate`` and ``check_done`` of
the paper (arXiv 2203.06871, Algorithms 1, 4 and 5). The fields of ``Pc`` say which access of them each one is.
"""

from __future__ import annotations

from hyperion.parallel import scheduler
from hyperion.parallel.counter import Checking, Idle, Move, Pc, Seen, Shared, Tasked, scheduled
from hyperion.parallel.executing import begin
from hyperion.parallel.program import Block
from hyperion.rules import rule

# --- run, next_task --------------------------------------------------------------------------------------------------


def loop(block: Block, shared: Shared, worker: Idle) -> Move:
    """Leave when all is done."""
    return shared, Idle(Pc.EXIT if shared.scheduler.done else Pc.PICK)


def pick(block: Block, shared: Shared, worker: Idle) -> Move:
    """Look how far validation is."""
    return shared, Seen(Pc.CHOOSE, shared.scheduler.validation_index)


@rule("STM-lowest-first", "Validation is preferred to execution while its index is the lower.")
def choose(block: Block, shared: Shared, worker: Seen) -> Move:
    """Prefer the lower index: what fails early there saves work."""
    behind = worker.index < shared.scheduler.execution_index
    return shared, Idle(Pc.VALIDATION_LEFT if behind else Pc.EXECUTION_LEFT)


def task_execute(block: Block, shared: Shared, worker: Tasked) -> Move:
    """Execute, unless all is done."""
    return shared, Idle(Pc.EXIT) if shared.scheduler.done else begin(block, shared.memory, worker.version)


def task_validate(block: Block, shared: Shared, worker: Tasked) -> Move:
    """Validate, unless all is done."""
    return shared, Idle(Pc.EXIT) if shared.scheduler.done else Tasked(Pc.LOAD_READS, worker.version)


# --- next_version_to_execute, next_version_to_validate ---------------------------------------------------------------


def execution_left(block: Block, shared: Shared, worker: Idle) -> Move:
    """Past the end there may be nothing left to do."""
    past = shared.scheduler.execution_index >= block.size
    return shared, Idle(Pc.DONE_LOWERED if past else Pc.EXECUTION_COUNT)


@rule("STM-count-before-claim", "A worker counts itself active before it claims a transaction, on both paths.")
def execution_count(block: Block, shared: Shared, worker: Idle) -> Move:
    """Active before the index moves: otherwise the check for the end could see neither the claim nor the claimer."""
    return scheduled(shared, scheduler.count_active(shared.scheduler, 1)), Idle(Pc.EXECUTION_CLAIM)


def execution_claim(block: Block, shared: Shared, worker: Idle) -> Move:
    """Claim the next transaction."""
    changed, index = scheduler.claim_execution(shared.scheduler)
    return scheduled(shared, changed), Seen(Pc.EXECUTION_START, index)


def execution_start(block: Block, shared: Shared, worker: Seen) -> Move:
    """Start its present incarnation, if it is ready."""
    changed, version = scheduler.incarnate(shared.scheduler, worker.index)
    return scheduled(shared, changed), Idle(Pc.UNCLAIM) if version is None else Tasked(Pc.TASK_EXECUTE, version)


def validation_left(block: Block, shared: Shared, worker: Idle) -> Move:
    """Past the end there may be nothing left to do."""
    past = shared.scheduler.validation_index >= block.size
    return shared, Idle(Pc.DONE_LOWERED if past else Pc.VALIDATION_COUNT)


def validation_count(block: Block, shared: Shared, worker: Idle) -> Move:
    """``STM-count-before-claim`` on the other path."""
    return scheduled(shared, scheduler.count_active(shared.scheduler, 1)), Idle(Pc.VALIDATION_CLAIM)


def validation_claim(block: Block, shared: Shared, worker: Idle) -> Move:
    """Claim the next transaction."""
    changed, index = scheduler.claim_validation(shared.scheduler)
    return scheduled(shared, changed), Seen(Pc.VALIDATION_START, index)


def validation_start(block: Block, shared: Shared, worker: Seen) -> Move:
    """Validate its present incarnation, if it has been executed."""
    version = scheduler.executed_version(shared.scheduler, worker.index)
    return shared, Idle(Pc.UNCLAIM) if version is None else Tasked(Pc.TASK_VALIDATE, version)


def unclaim(block: Block, shared: Shared, worker: Idle) -> Move:
    """Nothing was to be done for what was claimed."""
    return scheduled(shared, scheduler.count_active(shared.scheduler, -1)), Idle(Pc.LOOP)


@rule("STM-one-decrement", "A worker that ends without a task counts itself inactive exactly once.")
def release(block: Block, shared: Shared, worker: Idle) -> Move:
    """The only place where a task's unit of ``active`` is given back.

    In the paper's pseudocode a failing ``try_incarnate`` decrements, and ``finish_validation`` behind it again; the
    number of active workers then is too low, and the end is announced while a transaction is under execution.
    """
    return scheduled(shared, scheduler.count_active(shared.scheduler, -1)), Idle(Pc.PICK)


# --- check_done ------------------------------------------------------------------------------------------------------


def done_lowered(block: Block, shared: Shared, worker: Idle) -> Move:
    """Remember how often an index was lowered."""
    return shared, Checking(Pc.DONE_EXECUTION, shared.scheduler.lowered)


def done_execution(block: Block, shared: Shared, worker: Checking) -> Move:
    """All executed?"""
    past = shared.scheduler.execution_index >= block.size
    return shared, Checking(Pc.DONE_VALIDATION, worker.lowered) if past else Idle(Pc.LOOP)


def done_validation(block: Block, shared: Shared, worker: Checking) -> Move:
    """All validated?"""
    past = shared.scheduler.validation_index >= block.size
    return shared, Checking(Pc.DONE_ACTIVE, worker.lowered) if past else Idle(Pc.LOOP)


def done_active(block: Block, shared: Shared, worker: Checking) -> Move:
    """Nobody at work?"""
    return shared, Checking(Pc.DONE_AGAIN, worker.lowered) if shared.scheduler.active == 0 else Idle(Pc.LOOP)


@rule(
    "STM-done",
    "The block is done when both indices are past its end and no worker is active, and no index was lowered between "
    "the first of these looks and the last.",
)
def done_again(block: Block, shared: Shared, worker: Checking) -> Move:
    """The looks were at different moments: they count as one if no index was lowered meanwhile."""
    return shared, Idle(Pc.DONE_MARK if shared.scheduler.lowered == worker.lowered else Pc.LOOP)


def done_mark(block: Block, shared: Shared, worker: Idle) -> Move:
    """Announce the end."""
    return scheduled(shared, scheduler.mark_done(shared.scheduler)), Idle(Pc.LOOP)
