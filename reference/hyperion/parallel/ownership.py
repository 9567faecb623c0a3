"""Invariants about the counter of active workers and about who owns a transaction: CARD and P1–P6."""

from __future__ import annotations

from typing import Any, Final

from hyperion.parallel.configuration import Configuration
from hyperion.parallel.counter import Pc, Shared
from hyperion.parallel.program import Block
from hyperion.parallel.scheduler import Phase

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


def works_on(worker: Any, transaction: int, pcs: frozenset[Pc]) -> bool:
    """Whether a worker is at one of these places with a version of the transaction: at each of them it has one."""
    return worker.pc in pcs and worker.version.transaction == transaction


def has_phase(shared: Shared, worker: Any, phase: Phase) -> bool:
    """Whether the version in a worker's hands is the present one of its transaction, in this phase."""
    status = shared.scheduler.status[worker.version.transaction]
    return status.phase is phase and status.incarnation == worker.version.incarnation


def active_is_counted(block: Block, at: Configuration) -> bool:
    """The counter of active workers is their number."""
    return at.shared.scheduler.active == sum([worker.pc not in INACTIVE for worker in at.workers])


def owner_is_executing(block: Block, at: Configuration) -> bool:
    """Who executes a version: it is the present one, and EXECUTING."""
    return all(
        has_phase(at.shared, worker, Phase.EXECUTING) for worker in at.workers if worker.pc in OWNING
    )


def in_phase(shared: Shared, phase: Phase) -> list[int]:
    """The transactions in a phase."""
    return [transaction for transaction, status in enumerate(shared.scheduler.status) if status.phase is phase]


def some_executing(block: Block, shared: Shared) -> bool:
    """Whether any transaction is EXECUTING."""
    return bool(in_phase(shared, Phase.EXECUTING))


def executing_has_one_owner(block: Block, at: Configuration) -> bool:
    """A transaction that is EXECUTING is executed by exactly one worker."""
    return all(
        sum([works_on(worker, transaction, OWNING) for worker in at.workers]) == 1
        for transaction in in_phase(at.shared, Phase.EXECUTING)
    )


ABORTER: Final = frozenset({Pc.MARK, Pc.REOPEN})


def aborter_is_aborting(block: Block, at: Configuration) -> bool:
    """Who aborts a transaction: it is ABORTING."""
    rows = at.shared.scheduler.status
    aborters: list[Any] = [worker for worker in at.workers if worker.pc in ABORTER]
    return all(rows[worker.version.transaction].phase is Phase.ABORTING for worker in aborters)


def some_aborting(block: Block, shared: Shared) -> bool:
    """Whether any transaction is ABORTING."""
    return bool(in_phase(shared, Phase.ABORTING))


def aborting_has_one_reason(block: Block, at: Configuration) -> bool:
    """A transaction that is ABORTING is aborted by one worker, or waits once, or is about to be resumed by one."""
    return all(reasons(at, transaction) == 1 for transaction in in_phase(at.shared, Phase.ABORTING))


def reasons(at: Configuration, transaction: int) -> int:
    """How many reasons there are for a transaction to be ABORTING."""
    aborters = sum([works_on(worker, transaction, ABORTER) for worker in at.workers])
    waits = sum([waiting.count(transaction) for waiting in at.shared.scheduler.dependents])
    return aborters + waits + sum([held_by(worker, transaction) for worker in at.workers])


def held_by(worker: Any, transaction: int) -> int:
    """How often a worker holds a transaction that it will resume."""
    return worker.waiting.count(transaction) if worker.pc is Pc.RESUME else 0


TAKING: Final = frozenset({Pc.TAKE_DEPENDENTS})


def will_resume(at: Configuration, blocker: int) -> bool:
    """Whether the dependents of a transaction will still be taken over: it has not been executed, or not finished."""
    return at.shared.scheduler.status[blocker].phase is not Phase.EXECUTED or any(
        works_on(worker, blocker, TAKING) for worker in at.workers
    )


def some_waiting(block: Block, shared: Shared) -> bool:
    """Whether any transaction waits for another."""
    return any(shared.scheduler.dependents)


def waiting_ends(block: Block, at: Configuration) -> bool:
    """Who waits, waits for a lower transaction that will still resume it."""
    return all(
        blocker < waiting[0] and will_resume(at, blocker)
        for blocker, waiting in enumerate(at.shared.scheduler.dependents)
        if waiting
    )


def lock_has_one_holder(block: Block, at: Configuration) -> bool:
    """A locked list of dependents has one holder, who is about to wait for what will still resume it."""
    suspending: list[Any] = [worker for worker in at.workers if worker.pc is Pc.SUSPEND]
    held = [blocker for blocker, locked in enumerate(at.shared.scheduler.locked) if locked]
    holders = [worker.blocker for worker in suspending]
    return sorted(holders) == held and all(will_resume(at, blocker) for blocker in holders)
