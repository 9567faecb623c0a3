"""The model's records around a state of which little is known: what a transition of the model is run on."""

from collections.abc import Callable
from typing import Any

import attrs

from hyperion.parallel.counter import (
    Checking,
    Executing,
    Finishing,
    Idle,
    Marking,
    Pc,
    Recording,
    Scanning,
    Seen,
    Shared,
    Tasked,
    Waiting,
    Worker,
)
from hyperion.parallel.scheduler import Scheduler
from hyperion.parallel.version import Version
from hyperion_proofs.stm.histories import Condition
from hyperion_proofs.stm.lists import entries, kept, stale, unmarked, unscanned
from hyperion_proofs.stm.moment import Hands
from hyperion_proofs.stm.rows import Locks, Memory, Statuses, Waits


@attrs.frozen(eq=False)
class Program:
    """A transaction that wants a value."""

    location: int = 0

    def resume(self, value: object) -> "Program":
        """What it does with the value is unknown: ``proceeded`` says how it may go on."""
        del value
        return self


@attrs.frozen(eq=False)
class Programs:
    """A block of any number of transactions."""

    size: int

    def start(self, txn: int) -> Program:
        """Any program."""
        del txn
        return Program()

    def base(self, location: object) -> int:
        """The storage."""
        del location
        return 0


def shared(own: Hands) -> Shared:
    """What workers share, as the model's records."""
    state = own.state
    rows: Any = (
        Statuses(state.size, state.phase, state.incarnation),
        Waits(own, state.waits),
        Locks(state.locked),
    )
    memory: Any = Memory(own)
    counters = (state.execution, state.validation, state.active, state.lowered, state.done)
    return Shared(Scheduler(*counters, *rows), memory)


def worker(own: Hands, pc: Pc) -> Worker:
    """The worker that moves, with what it carries at this program counter."""
    state, who = own.state, own.worker
    version = Version(state.txn(who), state.held(who))
    lists: dict[Pc, Callable[[], Worker]] = {
        Pc.READ: lambda: Executing(pc, version, Program(), ()),
        Pc.RESUME: lambda: Finishing(pc, version, state.new(who), kept(own), state.least(who)),  # type: ignore[arg-type]
        Pc.SCAN: lambda: Scanning(pc, version, unscanned(own)),  # type: ignore[arg-type]
        Pc.MARK: lambda: Marking(pc, version, unmarked(own)),  # type: ignore[arg-type]
    }
    if pc in lists:
        return lists[pc]()
    if pc in (Pc.WRITE, Pc.REMOVE, Pc.KEEP_WRITTEN, Pc.KEEP_READS):
        return recording(own, pc, version, state.new(who))
    if pc in FINISHING:
        return Finishing(pc, version, state.new(who), (), state.least(who))
    if pc in (Pc.WAIT, Pc.SUSPEND):
        return Waiting(pc, version, state.blocker(who))
    if pc in TASKED:
        return Tasked(pc, version)
    if pc in (Pc.CHOOSE, Pc.EXECUTION_START, Pc.VALIDATION_START):
        return Seen(pc, state.txn(who))
    if pc in (Pc.DONE_EXECUTION, Pc.DONE_VALIDATION, Pc.DONE_ACTIVE, Pc.DONE_AGAIN):
        return Checking(pc, state.seen(who))
    return Idle(pc)


FINISHING = frozenset(
    {
        Pc.FINISH, Pc.TAKE_DEPENDENTS, Pc.LOWER_EXECUTION, Pc.COUNT_EXECUTION, Pc.COMPARE, Pc.LOWER_VALIDATION,
        Pc.COUNT_VALIDATION,
    }
)  # fmt: skip
TASKED = frozenset(
    {
        Pc.TASK_EXECUTE, Pc.TASK_VALIDATE, Pc.LOAD_READS, Pc.ABORT, Pc.REOPEN, Pc.LOWER_AFTER, Pc.COUNT_AFTER,
        Pc.RETRY_LEFT, Pc.RETRY,
    }
)  # fmt: skip


def recording(own: Hands, pc: Pc, version: Version, new: Condition) -> Recording:
    """A worker that records."""
    to_write: Any = entries(own)
    to_remove: Any = stale(own)
    return Recording(pc, version, to_write, to_remove, (), (), None, new)
