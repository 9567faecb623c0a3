"""Where a worker stands: a program counter, and what it carries in its own hands there.

Everything in these records is the worker's own; nobody else sees it. What is shared is in ``Shared``.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, auto
from typing import Any, TypeAlias

import msgspec

from hyperion.parallel import scheduler
from hyperion.parallel.mvmemory import Entry, Memory, Read
from hyperion.parallel.program import Block, Location, Result, Wants
from hyperion.parallel.scheduler import Scheduler
from hyperion.parallel.version import Version


class Pc(IntEnum):
    """The next access of a worker to what is shared."""

    LOOP = auto()  # run: read `done`, to leave or to look for a task
    PICK = auto()  # next_task: read the validation index
    CHOOSE = auto()  # next_task: read the execution index, and prefer validation where it lags

    EXECUTION_LEFT = auto()  # next_version_to_execute: read the execution index; past the end, look whether all is done
    EXECUTION_COUNT = auto()  # count oneself active, before claiming
    EXECUTION_CLAIM = auto()  # fetch and increment the execution index
    EXECUTION_START = auto()  # try_incarnate

    VALIDATION_LEFT = auto()  # next_version_to_validate: read the validation index; past the end, as above
    VALIDATION_COUNT = auto()  # count oneself active, before claiming
    VALIDATION_CLAIM = auto()  # fetch and increment the validation index
    VALIDATION_START = auto()  # read the status: only an executed incarnation is validated

    UNCLAIM = auto()  # nothing was claimed: no longer active, and back to LOOP
    RELEASE = auto()  # a task has ended without another: no longer active, and on to PICK

    DONE_LOWERED = auto()  # check_done: read how often an index was lowered
    DONE_EXECUTION = auto()  # read the execution index
    DONE_VALIDATION = auto()  # read the validation index
    DONE_ACTIVE = auto()  # read the number of active workers
    DONE_AGAIN = auto()  # read again how often an index was lowered
    DONE_MARK = auto()  # set `done`

    TASK_EXECUTE = auto()  # run with a task in hand: read `done`, to drop it or to execute
    TASK_VALIDATE = auto()  # the same before a validation

    READ = auto()  # resolve the location that the transaction wants
    WAIT = auto()  # add_dependency: lock the blocker's dependents, and look whether it has been executed meanwhile
    SUSPEND = auto()  # insert oneself, mark oneself aborting, unlock

    WRITE = auto()  # set one entry
    REMOVE = auto()  # remove one entry of the incarnation before, which this one did not write
    KEEP_WRITTEN = auto()  # replace the list of locations written
    KEEP_READS = auto()  # replace the list of reads, and the result

    FINISH = auto()  # finish_execution: EXECUTED
    TAKE_DEPENDENTS = auto()  # empty the list of those that wait, when nobody holds its lock
    RESUME = auto()  # make one of them ready
    LOWER_EXECUTION = auto()  # lower the execution index to the least of them
    COUNT_EXECUTION = auto()  # count that
    COMPARE = auto()  # read the validation index: has it passed this transaction?
    LOWER_VALIDATION = auto()  # new locations: lower it to this transaction
    COUNT_VALIDATION = auto()  # count that

    LOAD_READS = auto()  # needs_reexecution: take the list of reads
    SCAN = auto()  # resolve one of them again
    ABORT = auto()  # move the validated incarnation from EXECUTED to ABORTING, if it still is the present one
    MARK = auto()  # replace one of its entries by ESTIMATE
    REOPEN = auto()  # set_ready
    LOWER_AFTER = auto()  # lower the validation index to the next transaction
    COUNT_AFTER = auto()  # count that
    RETRY_LEFT = auto()  # read the execution index: has it passed this transaction?
    RETRY = auto()  # try_incarnate: execute it again at once

    EXIT = auto()  # the worker has left; no transition


class Shared(msgspec.Struct, frozen=True, cache_hash=True):
    """Everything that workers share."""

    scheduler: Scheduler
    memory: Memory


class Idle(msgspec.Struct, frozen=True, gc=False):
    """Nothing in hand."""

    pc: Pc


class Seen(msgspec.Struct, frozen=True, gc=False):
    """An index that was read or claimed."""

    pc: Pc
    index: int


class Checking(msgspec.Struct, frozen=True, gc=False):
    """How often an index had been lowered when the check began."""

    pc: Pc
    lowered: int


class Tasked(msgspec.Struct, frozen=True, gc=False):
    """A version to work on."""

    pc: Pc
    version: Version


class Executing(msgspec.Struct, frozen=True, cache_hash=True):
    """A version under execution: the transaction, which wants a value, and what it has read."""

    pc: Pc
    version: Version
    program: Wants
    reads: tuple[Read, ...]


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """A version whose read was blocked by another transaction."""

    pc: Pc
    version: Version
    blocker: int


class Recording(msgspec.Struct, frozen=True, cache_hash=True):
    """A version that was executed: entries still to set, locations still to remove, and what is kept afterwards."""

    pc: Pc
    version: Version
    entries: tuple[tuple[Location, Entry], ...]
    stale: tuple[Location, ...]
    written: tuple[Location, ...]
    reads: tuple[Read, ...]
    result: Result
    new: bool
    """Whether it wrote a location that the incarnation before did not."""


class Finishing(msgspec.Struct, frozen=True, gc=False):
    """A version that was recorded: whether it wrote new locations, and whom it must still resume."""

    pc: Pc
    version: Version
    new: bool
    waiting: tuple[int, ...] = ()
    least: int = 0
    """The least transaction of those that are resumed."""


class Scanning(msgspec.Struct, frozen=True, cache_hash=True):
    """A version under validation: the reads still to be looked at."""

    pc: Pc
    version: Version
    reads: tuple[Read, ...]


class Marking(msgspec.Struct, frozen=True, cache_hash=True):
    """A version that was aborted: the locations still to be marked."""

    pc: Pc
    version: Version
    locations: tuple[Location, ...]


Worker: TypeAlias = (
    Idle | Seen | Checking | Tasked | Executing | Waiting | Recording | Finishing | Scanning | Marking
)

Move: TypeAlias = tuple[Shared, Worker] | None
"""What is shared and the worker after a transition; None where the worker must wait for a lock."""

Transition: TypeAlias = Callable[[Block, Shared, Any], Move]
"""One access. It takes the worker record that its program counter goes with; ``Any`` stands for one of ``Worker``."""


def scheduled(shared: Shared, changed: Scheduler) -> Shared:
    """What is shared, with another scheduler."""
    return Shared(changed, shared.memory)


def remembered(shared: Shared, changed: Memory) -> Shared:
    """What is shared, with another memory."""
    return Shared(shared.scheduler, changed)


def counted(shared: Shared) -> Shared:
    """What is shared, with one more lowering of an index counted."""
    return scheduled(shared, scheduler.count_lowered(shared.scheduler))
