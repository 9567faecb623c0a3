"""Transitions of a worker that executes: it reads, waits, records, and finishes.

The procedures ``try_execute``, ``add_dependency``, ``record`` and ``finish_execution`` of the paper (arXiv 2203.06871,
Algorithms 1, 2, 3 and 5).
"""

from __future__ import annotations

from typing import Any

import msgspec

from hyperion.parallel import mvmemory, scheduler
from hyperion.parallel.counter import (
    Executing,
    Finishing,
    Idle,
    Move,
    Pc,
    Recording,
    Shared,
    Tasked,
    Waiting,
    counted,
    remembered,
    scheduled,
)
from hyperion.parallel.mvmemory import Added, Blocked, Entry, Memory, Read, Resolve, Written
from hyperion.parallel.program import Block, Done, Location
from hyperion.parallel.scheduler import Phase
from hyperion.parallel.version import Version
from hyperion.rules import rule

# --- try_execute -----------------------------------------------------------------------------------------------------


def begin(block: Block, memory: Memory, version: Version) -> Executing | Recording:
    """A version at the start of its execution."""
    return proceed(memory, version, block.start(version.transaction), ())


def proceed(memory: Memory, version: Version, program: Any, reads: tuple[Read, ...]) -> Executing | Recording:
    """On to the next read, or to recording. Where it wrote before, only its executor changes: no shared access."""
    if not isinstance(program, Done):
        return Executing(Pc.READ, version, program, reads)
    entries: tuple[tuple[Location, Entry], ...] = (
        *((location, Written(version.incarnation, value)) for location, value in program.writes),
        *((location, Added(version.incarnation, amount)) for location, amount in program.additions),
    )
    written = tuple(location for location, _ in entries)
    before = memory.written[version.transaction]
    stale = tuple(location for location in before if location not in written)
    new = any(location not in before for location in written)
    return recording(Recording(Pc.WRITE, version, entries, stale, written, reads, program.result, new))


def recording(worker: Recording) -> Recording:
    """The worker at the first thing that is left to record."""
    pc = Pc.WRITE if worker.entries else Pc.REMOVE if worker.stale else Pc.KEEP_WRITTEN
    return msgspec.structs.replace(worker, pc=pc)


@rule("STM-record-reads", "Every read of an incarnation is recorded with its versions, reads of the storage too.")
def read(block: Block, shared: Shared, worker: Executing, resolve: Resolve = mvmemory.resolve) -> Move:
    """Resolve the location that the transaction wants, and go on with the value; wait where it is blocked."""
    location = worker.program.location
    found = resolve(shared.memory, location, worker.version.transaction, block.base)
    if isinstance(found, Blocked):
        return shared, Waiting(Pc.WAIT, worker.version, found.transaction)
    reads = (*worker.reads, Read(location, found.origins))
    return shared, proceed(shared.memory, worker.version, worker.program.resume(found.value), reads)


def wait(block: Block, shared: Shared, worker: Waiting) -> Move:
    """Lock the blocker's dependents; if it has been executed meanwhile, execute again at once."""
    if shared.scheduler.locked[worker.blocker]:
        return None
    changed, held = scheduler.lock_dependents(shared.scheduler, worker.blocker)
    if not held:
        return shared, begin(block, shared.memory, worker.version)
    return scheduled(shared, changed), Waiting(Pc.SUSPEND, worker.version, worker.blocker)


def suspend(block: Block, shared: Shared, worker: Waiting) -> Move:
    """Wait in the list, and give the lock back."""
    changed = scheduler.suspend(shared.scheduler, worker.version.transaction, worker.blocker)
    return scheduled(shared, changed), Idle(Pc.RELEASE)


# --- record ----------------------------------------------------------------------------------------------------------


def write(block: Block, shared: Shared, worker: Recording) -> Move:
    """Set one entry."""
    location, entry = worker.entries[0]
    memory = mvmemory.put(shared.memory, location, worker.version.transaction, entry)
    return remembered(shared, memory), recording(msgspec.structs.replace(worker, entries=worker.entries[1:]))


@rule("STM-remove-stale", "A location that the incarnation before wrote and this one did not loses its entry.")
def remove(block: Block, shared: Shared, worker: Recording) -> Move:
    """Remove one entry of the incarnation before."""
    memory = mvmemory.put(shared.memory, worker.stale[0], worker.version.transaction, None)
    return remembered(shared, memory), recording(msgspec.structs.replace(worker, stale=worker.stale[1:]))


def keep_written(block: Block, shared: Shared, worker: Recording) -> Move:
    """Keep the list of locations written."""
    memory = mvmemory.keep_written(shared.memory, worker.version.transaction, worker.written)
    return remembered(shared, memory), msgspec.structs.replace(worker, pc=Pc.KEEP_READS, written=())


def keep_reads(block: Block, shared: Shared, worker: Recording) -> Move:
    """Keep the list of reads, and the result."""
    memory = mvmemory.keep_reads(shared.memory, worker.version.transaction, worker.reads, worker.result)
    return remembered(shared, memory), Finishing(Pc.FINISH, worker.version, worker.new)


# --- finish_execution ------------------------------------------------------------------------------------------------


def finish(block: Block, shared: Shared, worker: Finishing) -> Move:
    """The incarnation is executed: from here on it may be validated."""
    changed = scheduler.with_phase(shared.scheduler, worker.version.transaction, Phase.EXECUTED)
    return scheduled(shared, changed), Finishing(Pc.TAKE_DEPENDENTS, worker.version, worker.new)


def take_dependents(block: Block, shared: Shared, worker: Finishing) -> Move:
    """Take over all who wait, when nobody is about to join them."""
    if shared.scheduler.locked[worker.version.transaction]:
        return None
    changed, waiting = scheduler.take_dependents(shared.scheduler, worker.version.transaction)
    if not waiting:
        return scheduled(shared, changed), Finishing(Pc.COMPARE, worker.version, worker.new)
    return scheduled(shared, changed), Finishing(Pc.RESUME, worker.version, worker.new, waiting, waiting[0])


@rule(
    "STM-resume",
    "Who waited for a transaction becomes ready when it has been executed, and execution starts again no later than "
    "there.",
)
def resume(block: Block, shared: Shared, worker: Finishing) -> Move:
    """Make one of those that waited ready."""
    changed = scheduler.set_ready(shared.scheduler, worker.waiting[0])
    left = worker.waiting[1:]
    pc = Pc.RESUME if left else Pc.LOWER_EXECUTION
    return scheduled(shared, changed), Finishing(pc, worker.version, worker.new, left, worker.least)


def lower_execution(block: Block, shared: Shared, worker: Finishing) -> Move:
    """Execution starts again at the least of them."""
    changed = scheduler.lower_execution(shared.scheduler, worker.least)
    return scheduled(shared, changed), Finishing(Pc.COUNT_EXECUTION, worker.version, worker.new)


@rule(
    "STM-count-after-lowering",
    "That an index was lowered is counted after it was lowered, and before the worker counts itself inactive.",
)
def count_execution(block: Block, shared: Shared, worker: Finishing) -> Move:
    """Count that the execution index was lowered."""
    return counted(shared), Finishing(Pc.COMPARE, worker.version, worker.new)


@rule(
    "STM-validate-again",
    "If validation has passed an incarnation when it is executed, it is validated again: from itself on when it wrote "
    "new locations, else itself alone.",
)
def compare(block: Block, shared: Shared, worker: Finishing) -> Move:
    """Itself alone is enough when it wrote no new location.

    All that it wrote before were ESTIMATEs meanwhile, so no read of them was valid; and its abort has sent validation
    to the next transaction already.
    """
    if shared.scheduler.validation_index <= worker.version.transaction:
        return shared, Idle(Pc.RELEASE)
    if worker.new:
        return shared, Finishing(Pc.LOWER_VALIDATION, worker.version, worker.new)
    return shared, Tasked(Pc.LOAD_READS, worker.version)


def lower_validation(block: Block, shared: Shared, worker: Finishing) -> Move:
    """Validation starts again at this transaction."""
    changed = scheduler.lower_validation(shared.scheduler, worker.version.transaction)
    return scheduled(shared, changed), Finishing(Pc.COUNT_VALIDATION, worker.version, worker.new)


def count_validation(block: Block, shared: Shared, worker: Finishing) -> Move:
    """Count that the validation index was lowered."""
    return counted(shared), Idle(Pc.RELEASE)
