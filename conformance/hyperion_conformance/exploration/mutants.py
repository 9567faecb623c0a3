"""Variants of Block-STM: faults that have been made or could be, and changes that look like faults and are none.

A variant is the table of transitions with some entries replaced by small functions, or another configuration to begin
with. An unsound one must be found; a sound one must not be, and says why it is sound.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import msgspec

from hyperion.parallel import claiming, executing, mvmemory, scheduler, validating
from hyperion.parallel.configuration import Configuration
from hyperion.parallel.counter import (
    Executing,
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
    remembered,
    scheduled,
)
from hyperion.parallel.mvmemory import ESTIMATE, Blocked, Found, Memory, Read
from hyperion.parallel.program import Block, Location
from hyperion.parallel.scheduler import Phase, Status
from hyperion.parallel.version import STORAGE
from hyperion.parallel.worker import TRANSITIONS


def unprepared(configuration: Configuration) -> Configuration:
    """The configuration as it is."""
    return configuration


@attrs.frozen
class Variant:
    """The algorithm with a change, what the change is, and for a sound one why it does no harm."""

    name: str
    what: str
    changes: Mapping[Pc, Transition]
    sound: str | None = None
    prepare: Callable[[Configuration], Configuration] = unprepared

    @property
    def transitions(self) -> Mapping[Pc, Transition]:
        """The whole table."""
        return {**TRANSITIONS, **self.changes}


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


# --- the memory ------------------------------------------------------------------------------------------------------


def remove_nothing(block: Block, shared: Shared, worker: Recording) -> Move:
    """Entries of the incarnation before stay."""
    return shared, executing.recording(msgspec.structs.replace(worker, stale=worker.stale[1:]))


def reads_kept(keep: Callable[[tuple[Read, ...]], tuple[Read, ...]]) -> Transition:
    """What is kept of the reads at the end of an execution is changed."""

    def changed(block: Block, shared: Shared, worker: Recording) -> Move:
        return executing.keep_reads(block, shared, msgspec.structs.replace(worker, reads=keep(worker.reads)))

    return changed


def of_transactions(reads: tuple[Read, ...]) -> tuple[Read, ...]:
    """Without reads that touched the storage."""
    return tuple(read for read in reads if STORAGE not in read.origins)


def first_of_each_location(reads: tuple[Read, ...]) -> tuple[Read, ...]:
    """Without repeated reads of one location."""
    return tuple({read.location: read for read in reversed(reads)}.values())


def scanned(valid: Callable[..., bool]) -> Transition:
    """Validation with another notion of a valid read."""

    def changed(block: Block, shared: Shared, worker: Scanning) -> Move:
        return validating.scan(block, shared, worker, valid)

    return changed


def same_transactions(memory: Memory, reader: int, read: Read, base: Callable[[Location], Any]) -> bool:
    """The same writers, whichever incarnations."""
    now = mvmemory.resolve(memory, read.location, reader, base)
    return isinstance(now, Found) and [version.transaction for version in now.origins] == [
        version.transaction for version in read.origins
    ]


def estimate_accepted(memory: Memory, reader: int, read: Read, base: Callable[[Location], Any]) -> bool:
    """The same versions, or a mark by the writer of old."""
    now = mvmemory.resolve(memory, read.location, reader, base)
    if isinstance(now, Blocked):
        return any(version.transaction == now.transaction for version in read.origins)
    return now.origins == read.origins


def nearest_origin(memory: Memory, reader: int, read: Read, base: Callable[[Location], Any]) -> bool:
    """The nearest version is the same, whatever lies under an addition."""
    now = mvmemory.resolve(memory, read.location, reader, base)
    return isinstance(now, Found) and now.origins[0] == read.origins[0]


def resolve_own(memory: Memory, location: Location, reader: int, base: Callable[[Location], Any]) -> Found | Blocked:
    """The reader's own entry counts too."""
    return mvmemory.resolve(memory, location, reader + 1, base)


def resolve_least(memory: Memory, location: Location, reader: int, base: Callable[[Location], Any]) -> Found | Blocked:
    """The least writer below, not the greatest."""
    cells = mvmemory.below(memory.cells.get(location, ()), reader)
    return mvmemory.fold(cells[:1], location, base)


def resolved(resolve: mvmemory.Resolve) -> Mapping[Pc, Transition]:
    """Reading and validating by another resolution."""

    def read(block: Block, shared: Shared, worker: Executing) -> Move:
        return executing.read(block, shared, worker, resolve)

    def valid(memory: Memory, reader: int, read: Read, base: Callable[[Location], Any]) -> bool:
        now = resolve(memory, read.location, reader, base)
        return isinstance(now, Found) and now.origins == read.origins

    return {Pc.READ: read, Pc.SCAN: scanned(valid)}


def abort_first_incarnations(block: Block, shared: Shared, worker: Scanning) -> Move:
    """The first incarnation of every transaction but the first fails, valid or not."""
    if worker.version.incarnation == 0 and worker.version.transaction > 0:
        return shared, Tasked(Pc.ABORT, worker.version)
    return validating.scan(block, shared, worker)


def marked_beforehand(configuration: Configuration) -> Configuration:
    """The second transaction is expected to write "b", and nothing says that the mark is its own."""
    memory = mvmemory.put(configuration.shared.memory, "b", 1, ESTIMATE)
    return msgspec.structs.replace(configuration, shared=remembered(configuration.shared, memory))


def marked_as_own(configuration: Configuration) -> Configuration:
    """The same, with "b" among the locations that the second transaction wrote before."""
    marked = marked_beforehand(configuration).shared
    memory = mvmemory.keep_written(marked.memory, 1, ("b",))
    return msgspec.structs.replace(configuration, shared=remembered(marked, memory))


UNSOUND: Final = (
    Variant(
        "double-decrement",
        "a failing try_incarnate decrements, and finish_validation behind it again (the paper's pseudocode)",
        {Pc.RETRY: retry_and_decrement, Pc.UNCLAIM: unclaim_then_release},
    ),
    Variant(
        "validation-counted-late",
        "a validation is claimed before the claimer counts itself active (cosmos-sdk #26583)",
        {
            Pc.VALIDATION_LEFT: claim_validation_uncounted,
            Pc.VALIDATION_START: start_validation_uncounted,
            Pc.VALIDATION_COUNT: count_validation_late,
        },
    ),
    Variant(
        "execution-counted-late",
        "an execution is claimed before the claimer counts itself active",
        {
            Pc.EXECUTION_LEFT: claim_execution_uncounted,
            Pc.EXECUTION_START: start_execution_uncounted,
            Pc.EXECUTION_COUNT: count_execution_late,
        },
    ),
    Variant("no-recheck", "the end without looking again at the lowerings", {Pc.DONE_AGAIN: done_without_recheck}),
    Variant("no-active-check", "the end without looking at the active workers", {Pc.DONE_ACTIVE: done_without_active}),
    Variant(
        "count-before-lowering",
        "a lowering is counted before it happens",
        {
            Pc.LOWER_EXECUTION: EXECUTION_SWAP["lower"],
            Pc.COUNT_EXECUTION: EXECUTION_SWAP["count"],
            Pc.LOWER_VALIDATION: VALIDATION_SWAP["lower"],
            Pc.COUNT_VALIDATION: VALIDATION_SWAP["count"],
            Pc.LOWER_AFTER: AFTER_SWAP["lower"],
            Pc.COUNT_AFTER: AFTER_SWAP["count"],
        },
    ),
    Variant("never-new", "new locations do not send validation back", {Pc.COMPARE: compare_as_old}),
    Variant(
        "new-to-the-memory",
        "a location is new only if no transaction has an entry there",
        {pc: new_to_the_memory(TRANSITIONS[pc]) for pc in (Pc.TASK_EXECUTE, Pc.READ, Pc.WAIT)},
    ),
    Variant(
        "skip-oneself",
        "validation goes back to the next transaction, and nobody validates this one",
        {Pc.LOWER_VALIDATION: lower_validation_beyond},
    ),
    Variant("no-abort-wave", "validation does not go back after an abort", {Pc.REOPEN: reopen_without_wave}),
    Variant("no-estimates", "the entries of an aborted incarnation stay", {Pc.ABORT: abort_without_estimates}),
    Variant(
        "ready-before-estimates",
        "a transaction is ready again before its entries are marked",
        {Pc.ABORT: abort_without_estimates, Pc.REOPEN: reopen_then_mark, Pc.MARK: mark_then_lower},
    ),
    Variant("torn-status", "phase and incarnation change in two accesses", {Pc.REOPEN: reopen_torn}),
    Variant("wait-without-lock", "a dependency is checked outside the lock", {Pc.WAIT: wait_without_lock}),
    Variant(
        "resume-without-lowering", "execution does not go back to who was resumed", {Pc.RESUME: resume_without_lowering}
    ),
    Variant("wait-while-active", "who waits stays counted active", {Pc.SUSPEND: suspend_while_active}),
    Variant("no-removal", "a location no longer written keeps its entry", {Pc.REMOVE: remove_nothing}),
    Variant(
        "storage-unrecorded", "reads of the storage are not recorded", {Pc.KEEP_READS: reads_kept(of_transactions)}
    ),
    Variant(
        "first-read-only",
        "of repeated reads of a location the first alone is validated",
        {Pc.KEEP_READS: reads_kept(first_of_each_location)},
    ),
    Variant("no-incarnation", "versions are compared without incarnation", {Pc.SCAN: scanned(same_transactions)}),
    Variant("estimate-accepted", "a mark is as good as the value before it", {Pc.SCAN: scanned(estimate_accepted)}),
    Variant("nearest-origin", "what lies under an addition is not validated", {Pc.SCAN: scanned(nearest_origin)}),
    Variant("own-entry", "a transaction reads its own entry of the memory", resolved(resolve_own)),
    Variant("least-writer", "a read takes the least writer below", resolved(resolve_least)),
    Variant(
        "foreign-mark", "a mark set in advance is not known as the transaction's own", {}, prepare=marked_beforehand
    ),
)
"""Variants that are wrong: each must be found."""

SOUND: Final = (
    Variant("corrected", "the algorithm as it is", {}, "it is the algorithm"),
    Variant(
        "abort-any-incarnation",
        "an abort does not look at the incarnation",
        {Pc.ABORT: abort_any_incarnation},
        "it may abort an incarnation that is valid; an abort costs time, and nothing else",
    ),
    Variant(
        "always-new",
        "every execution that validation has passed sends it back",
        {Pc.COMPARE: compare_as_new},
        "more is validated than must be",
    ),
    Variant(
        "lower-and-validate",
        "validation goes back to this transaction, and the worker validates it besides",
        {Pc.COUNT_VALIDATION: count_and_validate_oneself},
        "it is validated once more",
    ),
    Variant(
        "lower-beyond-and-validate",
        "validation goes back to the next transaction, and the worker validates this one itself",
        {Pc.LOWER_VALIDATION: lower_validation_beyond, Pc.COUNT_VALIDATION: count_and_validate_oneself},
        "the worker stays active until it has validated it",
    ),
    Variant(
        "spurious-aborts",
        "first incarnations fail although they are valid",
        {Pc.SCAN: abort_first_incarnations},
        "an abort costs time, and nothing else; there are finitely many",
    ),
    Variant(
        "own-mark",
        "a mark is set in advance, and known as the transaction's own",
        {},
        "it is removed or replaced as those of an aborted incarnation are",
        prepare=marked_as_own,
    ),
)
"""Variants that are right: none may be found wrong."""

VARIANTS: Final = {variant.name: variant for variant in (*UNSOUND, *SOUND)}
