"""Changes of Block-STM's scheduling: each a small function that stands in for one transition of the algorithm."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hyperion.parallel import claiming, executing, scheduler, validating
from hyperion.parallel.counter import (
    Finishing,
    Idle,
    Marking,
    Move,
    Pc,
    Recording,
    Scanning,
    Seen,
    Shared,
    Tasked,
    Transition,
    Waiting,
    counted,
    scheduled,
)
from hyperion.parallel.program import Block
from hyperion.parallel.scheduler import Phase, Status

# --- counters, claims and the end ------------------------------------------------------------------------------------


def retry_and_decrement(block: Block, shared: Shared, worker: Tasked) -> Move:
    """A failing retry gives back its unit itself, and so does the release behind it."""
    move = validating.retry(block, shared, worker)
    failed = move is not None and move[1].pc is Pc.RELEASE
    return (shared, Tasked(Pc.UNCLAIM, worker.version)) if failed else move


def unclaim_then_release(block: Block, shared: Shared, worker: Any) -> Move:
    """The first of the two decrements of a failing retry; for any other worker as it should be."""
    move = claiming.unclaim(block, shared, worker)
    return (move[0], Idle(Pc.RELEASE)) if move is not None and isinstance(worker, Tasked) else move


def claim_validation_uncounted(block: Block, shared: Shared, worker: Idle) -> Move:
    """From the look at the index straight to the claim."""
    move = claiming.validation_left(block, shared, worker)
    return (shared, Idle(Pc.VALIDATION_CLAIM)) if move and move[1].pc is Pc.VALIDATION_COUNT else move


def start_validation_uncounted(block: Block, shared: Shared, worker: Seen) -> Move:
    """After the claim, count if there is something to validate."""
    version = scheduler.executed_version(shared.scheduler, worker.index)
    return shared, Idle(Pc.LOOP) if version is None else Tasked(Pc.VALIDATION_COUNT, version)


def count_validation_late(block: Block, shared: Shared, worker: Tasked) -> Move:
    """Count with the claimed version in hand."""
    active = scheduler.count_active(shared.scheduler, 1)
    return scheduled(shared, active), Tasked(Pc.TASK_VALIDATE, worker.version)


def claim_execution_uncounted(block: Block, shared: Shared, worker: Idle) -> Move:
    """From the look at the index straight to the claim."""
    move = claiming.execution_left(block, shared, worker)
    return (shared, Idle(Pc.EXECUTION_CLAIM)) if move and move[1].pc is Pc.EXECUTION_COUNT else move


def start_execution_uncounted(block: Block, shared: Shared, worker: Seen) -> Move:
    """After the claim, count if there is something to execute."""
    changed, version = scheduler.incarnate(shared.scheduler, worker.index)
    return scheduled(shared, changed), Idle(Pc.LOOP) if version is None else Tasked(Pc.EXECUTION_COUNT, version)


def count_execution_late(block: Block, shared: Shared, worker: Tasked) -> Move:
    """Count with the claimed version in hand."""
    active = scheduler.count_active(shared.scheduler, 1)
    return scheduled(shared, active), Tasked(Pc.TASK_EXECUTE, worker.version)


def done_without_recheck(block: Block, shared: Shared, worker: Any) -> Move:
    """Nobody asks whether an index was lowered meanwhile."""
    return shared, Idle(Pc.DONE_MARK)


def done_without_active(block: Block, shared: Shared, worker: Any) -> Move:
    """Nobody asks whether a worker is active: the state is taken before the last record."""
    return shared, msgspec.structs.replace(worker, pc=Pc.DONE_AGAIN)


def counts_first(lower: Transition, count: Transition) -> Mapping[str, Transition]:
    """Two transitions with their effects on the shared state exchanged, and their ways on kept."""

    def first(block: Block, shared: Shared, worker: Any) -> Move:
        move = lower(block, shared, worker)
        return None if move is None else (counted(shared), with_least(move[1], worker))

    def second(block: Block, shared: Shared, worker: Any) -> Move:
        lowered, move = lower(block, shared, worker), count(block, shared, worker)
        return None if lowered is None or move is None else (lowered[0], move[1])

    return {"lower": first, "count": second}


def with_least(worker: Any, before: Any) -> Any:
    """The worker, with the least transaction that it resumes kept in hand."""
    return msgspec.structs.replace(worker, least=before.least) if isinstance(before, Finishing) else worker


EXECUTION_SWAP: Final = counts_first(executing.lower_execution, executing.count_execution)
VALIDATION_SWAP: Final = counts_first(executing.lower_validation, executing.count_validation)
AFTER_SWAP: Final = counts_first(validating.lower_after, validating.count_after)


# --- what is validated again -----------------------------------------------------------------------------------------


def with_new(shared: Shared, worker: Any, new: bool) -> Any:
    """The worker, told whether it wrote new locations."""
    return msgspec.structs.replace(worker, new=new)


def compare_as_old(block: Block, shared: Shared, worker: Finishing) -> Move:
    """No location is ever new."""
    return executing.compare(block, shared, with_new(shared, worker, False))


def compare_as_new(block: Block, shared: Shared, worker: Finishing) -> Move:
    """Something is always new."""
    return executing.compare(block, shared, with_new(shared, worker, True))


def new_to_the_memory(transition: Transition) -> Transition:
    """A location is new only if nobody has an entry there."""

    def changed(block: Block, shared: Shared, worker: Any) -> Move:
        move = transition(block, shared, worker)
        if move is None or not isinstance(move[1], Recording):
            return move
        new = any(location not in shared.memory.cells for location in move[1].written)
        return move[0], msgspec.structs.replace(move[1], new=new)

    return changed


def lower_validation_beyond(block: Block, shared: Shared, worker: Finishing) -> Move:
    """Validation goes back to the next transaction only."""
    changed = scheduler.lower_validation(shared.scheduler, worker.version.transaction + 1)
    return scheduled(shared, changed), Finishing(Pc.COUNT_VALIDATION, worker.version, worker.new)


def count_and_validate_oneself(block: Block, shared: Shared, worker: Finishing) -> Move:
    """Count that the index was lowered, and validate the transaction oneself."""
    return counted(shared), Tasked(Pc.LOAD_READS, worker.version)


def reopen_without_wave(block: Block, shared: Shared, worker: Tasked) -> Move:
    """Validation does not go back after an abort."""
    move = validating.reopen(block, shared, worker)
    return None if move is None else (move[0], Tasked(Pc.RETRY_LEFT, worker.version))


# --- aborts and dependencies -----------------------------------------------------------------------------------------


def abort_without_estimates(block: Block, shared: Shared, worker: Tasked) -> Move:
    """The entries of the aborted incarnation stay."""
    move = validating.abort(block, shared, worker)
    return (move[0], Tasked(Pc.REOPEN, worker.version)) if move and isinstance(move[1], Marking) else move


def reopen_then_mark(block: Block, shared: Shared, worker: Tasked) -> Move:
    """The transaction is ready before its entries are marked."""
    move = validating.reopen(block, shared, worker)
    locations = shared.memory.written[worker.version.transaction]
    return (move[0], Marking(Pc.MARK, worker.version, locations)) if move and locations else move


def mark_then_lower(block: Block, shared: Shared, worker: Marking) -> Move:
    """The marks come last, and then the index is lowered."""
    move = validating.mark(block, shared, worker)
    return (move[0], Tasked(Pc.LOWER_AFTER, worker.version)) if move and isinstance(move[1], Tasked) else move


def reopen_torn(block: Block, shared: Shared, worker: Any) -> Move:
    """READY in one access, the next incarnation in another."""
    transaction = worker.version.transaction
    if isinstance(worker, Tasked):
        changed = scheduler.with_phase(shared.scheduler, transaction, Phase.READY)
        return scheduled(shared, changed), Marking(Pc.REOPEN, worker.version, ())
    status = shared.scheduler.status[transaction]
    changed = scheduler.with_status(shared.scheduler, transaction, Status(status.incarnation + 1, status.phase))
    return scheduled(shared, changed), Tasked(Pc.LOWER_AFTER, worker.version)


def abort_any_incarnation(block: Block, shared: Shared, worker: Tasked) -> Move:
    """Whatever incarnation is the present one, it is aborted if it has been executed."""
    version = scheduler.executed_version(shared.scheduler, worker.version.transaction)
    return validating.abort(block, shared, worker if version is None else Tasked(worker.pc, version))


def wait_without_lock(block: Block, shared: Shared, worker: Waiting) -> Move:
    """Look whether the blocker has been executed without holding the lock of its dependents."""
    if shared.scheduler.status[worker.blocker].phase is Phase.EXECUTED:
        return shared, executing.begin(block, shared.memory, worker.version)
    return shared, Waiting(Pc.SUSPEND, worker.version, worker.blocker)


def suspend_while_active(block: Block, shared: Shared, worker: Waiting) -> Move:
    """Who waits is still counted active."""
    move = executing.suspend(block, shared, worker)
    return None if move is None else (move[0], Idle(Pc.PICK))


def resume_without_lowering(block: Block, shared: Shared, worker: Finishing) -> Move:
    """Execution does not go back to who was resumed."""
    move = executing.resume(block, shared, worker)
    if move is None or move[1].pc is Pc.RESUME:
        return move
    return move[0], Finishing(Pc.COMPARE, worker.version, worker.new)


def abort_first_incarnations(block: Block, shared: Shared, worker: Scanning) -> Move:
    """The first incarnation of every transaction but the first fails, valid or not."""
    if worker.version.incarnation == 0 and worker.version.transaction > 0:
        return shared, Tasked(Pc.ABORT, worker.version)
    return validating.scan(block, shared, worker)
