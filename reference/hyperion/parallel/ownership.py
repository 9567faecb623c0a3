"""Invariants about the counter of active workers and about who owns a transaction: CARD and P1–P6."""

from __future__ import annotations

from typing import Final

from hyperion.parallel.configuration import Configuration
from hyperion.parallel.counter import (
    Executing,
    Finishing,
    Marking,
    Pc,
    Recording,
    Scanning,
    Tasked,
    Waiting,
    Worker,
)
from hyperion.parallel.program import Block
from hyperion.parallel.scheduler import Phase, Status

INACTIVE: Final = frozenset(
    {
        Pc.LOOP,
        Pc.PICK,
        Pc.CHOOSE,
        Pc.EXECUTION_LEFT,
        Pc.EXECUTION_COUNT,
        Pc.VALIDATION_LEFT,
        Pc.VALIDATION_COUNT,
        Pc.DONE_LOWERED,
        Pc.DONE_EXECUTION,
        Pc.DONE_VALIDATION,
        Pc.DONE_ACTIVE,
        Pc.DONE_AGAIN,
        Pc.DONE_MARK,
        Pc.EXIT,
    }
)
"""Where a worker is not counted active."""

OWNING: Final = frozenset(
    {
        Pc.TASK_EXECUTE,
        Pc.READ,
        Pc.WAIT,
        Pc.SUSPEND,
        Pc.WRITE,
        Pc.REMOVE,
        Pc.KEEP_WRITTEN,
        Pc.KEEP_READS,
        Pc.FINISH,
    }
)
"""Where a worker is the owner of the version in its hands, which is EXECUTING."""


def version_of(worker: Worker, transaction: int, pcs: frozenset[Pc]) -> bool:
    """Whether a worker works on a transaction at one of these places."""
    return (
        worker.pc in pcs
        and isinstance(worker, Tasked | Executing | Waiting | Recording | Finishing | Scanning | Marking)
        and worker.version.transaction == transaction
    )


def active_is_counted(block: Block, at: Configuration) -> bool:
    """The counter of active workers is their number."""
    return at.shared.scheduler.active == sum(worker.pc not in INACTIVE for worker in at.workers)


def owner_is_executing(block: Block, at: Configuration) -> bool:
    """Who executes a version: it is the present one, and EXECUTING."""
    status = at.shared.scheduler.status
    return all(
        status[worker.version.transaction] == Status(worker.version.incarnation, Phase.EXECUTING)
        for worker in at.workers
        if worker.pc in OWNING and isinstance(worker, Tasked | Executing | Waiting | Recording | Finishing)
    )


def executing_has_one_owner(block: Block, at: Configuration) -> bool:
    """A transaction that is EXECUTING is executed by exactly one worker."""
    return all(
        status.phase is not Phase.EXECUTING
        or sum(version_of(worker, transaction, OWNING) for worker in at.workers) == 1
        for transaction, status in enumerate(at.shared.scheduler.status)
    )


ABORTER: Final = frozenset({Pc.MARK, Pc.REOPEN})


def aborter_is_aborting(block: Block, at: Configuration) -> bool:
    """Who aborts a transaction: it is ABORTING."""
    status = at.shared.scheduler.status
    return all(
        status[worker.version.transaction].phase is Phase.ABORTING
        for worker in at.workers
        if worker.pc in ABORTER and isinstance(worker, Tasked | Marking)
    )


def aborting_has_one_reason(block: Block, at: Configuration) -> bool:
    """A transaction that is ABORTING is aborted by one worker, or waits once, or is about to be resumed by one."""
    return all(
        status.phase is not Phase.ABORTING or reasons(at, transaction) == 1
        for transaction, status in enumerate(at.shared.scheduler.status)
    )


def reasons(at: Configuration, transaction: int) -> int:
    """How many reasons there are for a transaction to be ABORTING."""
    aborters = sum(version_of(worker, transaction, ABORTER) for worker in at.workers)
    waits = sum(waiting.count(transaction) for waiting in at.shared.scheduler.dependents)
    held = sum(worker.waiting.count(transaction) for worker in at.workers if isinstance(worker, Finishing))
    return aborters + waits + held


TAKING: Final = frozenset({Pc.TAKE_DEPENDENTS})


def will_resume(at: Configuration, blocker: int) -> bool:
    """Whether the dependents of a transaction will still be taken over: it has not been executed, or not finished."""
    return at.shared.scheduler.status[blocker].phase is not Phase.EXECUTED or any(
        version_of(worker, blocker, TAKING) for worker in at.workers
    )


def waiting_ends(block: Block, at: Configuration) -> bool:
    """Who waits, waits for a lower transaction that will still resume it."""
    return all(
        blocker < waiting[0] and will_resume(at, blocker)
        for blocker, waiting in enumerate(at.shared.scheduler.dependents)
        if waiting
    )


def lock_has_one_holder(block: Block, at: Configuration) -> bool:
    """A locked list of dependents has one holder, who is about to wait for what will still resume it."""
    holders = [worker.blocker for worker in at.workers if isinstance(worker, Waiting) and worker.pc is Pc.SUSPEND]
    locked = [blocker for blocker, held in enumerate(at.shared.scheduler.locked) if held]
    return sorted(holders) == locked and all(will_resume(at, blocker) for blocker in holders)
