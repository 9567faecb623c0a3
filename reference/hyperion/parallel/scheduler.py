"""The scheduler's shared state and the atomic operations on it.

Two indices run over the transactions: the next to execute and the next to validate; they are lowered when something
must be done again. ``active`` counts the workers that hold a task or are about to claim one, ``lowered`` counts how
often an index was lowered: with both, a worker can tell that nothing is left to do although it cannot look at all of
them at once. Each function below is one atomic operation; in which order a worker does them is ``worker``'s matter.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from hyperion.parallel.version import Version, replaced
from hyperion.rules import rule


class Phase(IntEnum):
    """Where the present incarnation of a transaction stands."""

    READY = 0
    EXECUTING = 1
    EXECUTED = 2
    ABORTING = 3


class Status(msgspec.Struct, frozen=True, gc=False):
    """The present incarnation of a transaction and its phase; both change together, under one lock."""

    incarnation: int
    phase: Phase


class Scheduler(msgspec.Struct, frozen=True, cache_hash=True):
    """What workers share beside the memory. Rows have one item for each transaction."""

    execution_index: int
    validation_index: int
    active: int
    lowered: int
    done: bool
    status: tuple[Status, ...]
    dependents: tuple[tuple[int, ...], ...]
    """For each transaction, ascending: those that wait until it has been executed."""
    locked: tuple[bool, ...]
    """For each transaction, whether a worker holds the lock of its dependents."""


def initial(size: int) -> Scheduler:
    """The scheduler before a block of ``size`` transactions."""
    ready = Status(0, Phase.READY)
    return Scheduler(0, 0, 0, 0, False, (ready,) * size, ((),) * size, (False,) * size)


def with_status(scheduler: Scheduler, transaction: int, status: Status) -> Scheduler:
    """The scheduler with the status of one transaction replaced."""
    return msgspec.structs.replace(scheduler, status=replaced(scheduler.status, transaction, status))


def with_phase(scheduler: Scheduler, transaction: int, phase: Phase) -> Scheduler:
    """The scheduler with a transaction's phase replaced, its incarnation kept."""
    return with_status(scheduler, transaction, Status(scheduler.status[transaction].incarnation, phase))


# --- counters and indices --------------------------------------------------------------------------------------------


def count_active(scheduler: Scheduler, change: int) -> Scheduler:
    """One worker more or fewer that is active."""
    return msgspec.structs.replace(scheduler, active=scheduler.active + change)


def count_lowered(scheduler: Scheduler) -> Scheduler:
    """An index has been lowered."""
    return msgspec.structs.replace(scheduler, lowered=scheduler.lowered + 1)


def claim_execution(scheduler: Scheduler) -> tuple[Scheduler, int]:
    """Take the transaction at the execution index, and move the index on."""
    index = scheduler.execution_index
    return msgspec.structs.replace(scheduler, execution_index=index + 1), index


def claim_validation(scheduler: Scheduler) -> tuple[Scheduler, int]:
    """Take the transaction at the validation index, and move the index on."""
    index = scheduler.validation_index
    return msgspec.structs.replace(scheduler, validation_index=index + 1), index


def lower_execution(scheduler: Scheduler, target: int) -> Scheduler:
    """Execution starts again no later than at ``target``."""
    return msgspec.structs.replace(scheduler, execution_index=min(scheduler.execution_index, target))


def lower_validation(scheduler: Scheduler, target: int) -> Scheduler:
    """Validation starts again no later than at ``target``."""
    return msgspec.structs.replace(scheduler, validation_index=min(scheduler.validation_index, target))


# --- incarnations ----------------------------------------------------------------------------------------------------


@rule("STM-incarnate", "A transaction is executed by whoever moves it from READY to EXECUTING, and by nobody else.")
def incarnate(scheduler: Scheduler, transaction: int) -> tuple[Scheduler, Version | None]:
    """Start the present incarnation, when there is such a transaction and it is ready."""
    if transaction >= len(scheduler.status) or scheduler.status[transaction].phase is not Phase.READY:
        return scheduler, None
    started = with_phase(scheduler, transaction, Phase.EXECUTING)
    return started, Version(transaction, scheduler.status[transaction].incarnation)


def executed_version(scheduler: Scheduler, transaction: int) -> Version | None:
    """The incarnation to validate, when there is such a transaction and it has been executed."""
    if transaction >= len(scheduler.status) or scheduler.status[transaction].phase is not Phase.EXECUTED:
        return None
    return Version(transaction, scheduler.status[transaction].incarnation)


@rule("STM-abort-once", "An incarnation is aborted only while it is the present one and executed, hence at most once.")
def try_abort(scheduler: Scheduler, version: Version) -> tuple[Scheduler, bool]:
    """Move an executed incarnation to ABORTING; whether it was this call that did."""
    if scheduler.status[version.transaction] != Status(version.incarnation, Phase.EXECUTED):
        return scheduler, False
    return with_phase(scheduler, version.transaction, Phase.ABORTING), True


@rule("STM-next-incarnation", "A transaction that was aborted, or has waited, becomes ready as its next incarnation.")
def set_ready(scheduler: Scheduler, transaction: int) -> Scheduler:
    """The next incarnation may be executed."""
    incarnation = scheduler.status[transaction].incarnation + 1
    return with_status(scheduler, transaction, Status(incarnation, Phase.READY))


# --- dependencies ----------------------------------------------------------------------------------------------------


@rule(
    "STM-wait",
    "A reader waits for a blocking transaction only if, under the lock of its dependents, it is not yet executed.",
)
def lock_dependents(scheduler: Scheduler, blocker: int) -> tuple[Scheduler, bool]:
    """Take the lock of a blocker's dependents and look at its status; held on only if it has not been executed."""
    if scheduler.status[blocker].phase is Phase.EXECUTED:
        return scheduler, False
    return msgspec.structs.replace(scheduler, locked=replaced(scheduler.locked, blocker, True)), True


def suspend(scheduler: Scheduler, transaction: int, blocker: int) -> Scheduler:
    """Under the lock: the transaction waits for its blocker. The lock is given back."""
    dependents = tuple(sorted((*scheduler.dependents[blocker], transaction)))
    return msgspec.structs.replace(
        with_phase(scheduler, transaction, Phase.ABORTING),
        dependents=replaced(scheduler.dependents, blocker, dependents),
        locked=replaced(scheduler.locked, blocker, False),
    )


def take_dependents(scheduler: Scheduler, transaction: int) -> tuple[Scheduler, tuple[int, ...]]:
    """Empty the list of those that wait for a transaction, which must then be resumed."""
    waiting = scheduler.dependents[transaction]
    return msgspec.structs.replace(scheduler, dependents=replaced(scheduler.dependents, transaction, ())), waiting


def mark_done(scheduler: Scheduler) -> Scheduler:
    """All workers may leave."""
    return msgspec.structs.replace(scheduler, done=True)
