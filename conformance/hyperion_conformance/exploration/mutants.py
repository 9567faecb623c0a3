"""Variants of Block-STM: faults that have been made or could be, and changes that look like faults and are none.

A variant is the table of transitions with some entries replaced by small functions, or another configuration to begin
with. An unsound one must be found; a sound one must not be, and says why it is sound.
"""

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from hyperion.parallel.configuration import Configuration
from hyperion.parallel.counter import Pc, Transition
from hyperion.parallel.worker import TRANSITIONS
from hyperion_conformance.exploration import memory_faults as memory
from hyperion_conformance.exploration import scheduling_faults as scheduling


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


UNSOUND: Final = (
    Variant(
        "double-decrement",
        "a failing try_incarnate decrements, and finish_validation behind it again (the paper's pseudocode)",
        {Pc.RETRY: scheduling.retry_and_decrement, Pc.UNCLAIM: scheduling.unclaim_then_release},
    ),
    Variant(
        "validation-counted-late",
        "a validation is claimed before the claimer counts itself active (cosmos-sdk #26583)",
        {
            Pc.VALIDATION_LEFT: scheduling.claim_validation_uncounted,
            Pc.VALIDATION_START: scheduling.start_validation_uncounted,
            Pc.VALIDATION_COUNT: scheduling.count_validation_late,
        },
    ),
    Variant(
        "execution-counted-late",
        "an execution is claimed before the claimer counts itself active",
        {
            Pc.EXECUTION_LEFT: scheduling.claim_execution_uncounted,
            Pc.EXECUTION_START: scheduling.start_execution_uncounted,
            Pc.EXECUTION_COUNT: scheduling.count_execution_late,
        },
    ),
    Variant(
        "no-recheck", "the end without looking again at the lowerings", {Pc.DONE_AGAIN: scheduling.done_without_recheck}
    ),
    Variant(
        "no-active-check",
        "the end without looking at the active workers",
        {Pc.DONE_ACTIVE: scheduling.done_without_active},
    ),
    Variant(
        "count-before-lowering",
        "a lowering is counted before it happens",
        {
            Pc.LOWER_EXECUTION: scheduling.EXECUTION_SWAP["lower"],
            Pc.COUNT_EXECUTION: scheduling.EXECUTION_SWAP["count"],
            Pc.LOWER_VALIDATION: scheduling.VALIDATION_SWAP["lower"],
            Pc.COUNT_VALIDATION: scheduling.VALIDATION_SWAP["count"],
            Pc.LOWER_AFTER: scheduling.AFTER_SWAP["lower"],
            Pc.COUNT_AFTER: scheduling.AFTER_SWAP["count"],
        },
    ),
    Variant("never-new", "new locations do not send validation back", {Pc.COMPARE: scheduling.compare_as_old}),
    Variant(
        "new-to-the-memory",
        "a location is new only if no transaction has an entry there",
        {pc: scheduling.new_to_the_memory(TRANSITIONS[pc]) for pc in (Pc.TASK_EXECUTE, Pc.READ, Pc.WAIT)},
    ),
    Variant(
        "skip-oneself",
        "validation goes back to the next transaction, and nobody validates this one",
        {Pc.LOWER_VALIDATION: scheduling.lower_validation_beyond},
    ),
    Variant("no-abort-wave", "validation does not go back after an abort", {Pc.REOPEN: scheduling.reopen_without_wave}),
    Variant(
        "no-estimates", "the entries of an aborted incarnation stay", {Pc.ABORT: scheduling.abort_without_estimates}
    ),
    Variant(
        "ready-before-estimates",
        "a transaction is ready again before its entries are marked",
        {
            Pc.ABORT: scheduling.abort_without_estimates,
            Pc.REOPEN: scheduling.reopen_then_mark,
            Pc.MARK: scheduling.mark_then_lower,
        },
    ),
    Variant("torn-status", "phase and incarnation change in two accesses", {Pc.REOPEN: scheduling.reopen_torn}),
    Variant("wait-without-lock", "a dependency is checked outside the lock", {Pc.WAIT: scheduling.wait_without_lock}),
    Variant(
        "resume-without-lowering",
        "execution does not go back to who was resumed",
        {Pc.RESUME: scheduling.resume_without_lowering},
    ),
    Variant("wait-while-active", "who waits stays counted active", {Pc.SUSPEND: scheduling.suspend_while_active}),
    Variant("no-removal", "a location no longer written keeps its entry", {Pc.REMOVE: memory.remove_nothing}),
    Variant(
        "storage-unrecorded",
        "reads of the storage are not recorded",
        {Pc.KEEP_READS: memory.reads_kept(memory.of_transactions)},
    ),
    Variant(
        "first-read-only",
        "of repeated reads of a location the first alone is validated",
        {Pc.KEEP_READS: memory.reads_kept(memory.first_of_each_location)},
    ),
    Variant(
        "no-incarnation",
        "versions are compared without incarnation",
        {Pc.SCAN: memory.scanned(memory.same_transactions)},
    ),
    Variant(
        "estimate-accepted",
        "a mark is as good as the value before it",
        {Pc.SCAN: memory.scanned(memory.estimate_accepted)},
    ),
    Variant(
        "nearest-origin",
        "what lies under an addition is not validated",
        {Pc.SCAN: memory.scanned(memory.nearest_origin)},
    ),
    Variant("own-entry", "a transaction reads its own entry of the memory", memory.resolved(memory.resolve_own)),
    Variant("saturating-sum", "a sum of additions stops at a bound", memory.resolved(memory.resolve_saturating)),
    Variant("least-writer", "a read takes the least writer below", memory.resolved(memory.resolve_least)),
    Variant(
        "foreign-mark",
        "a mark set in advance is not known as the transaction's own",
        {},
        prepare=memory.marked_beforehand,
    ),
)
"""Variants that are wrong: each must be found."""

SOUND: Final = (
    Variant("corrected", "the algorithm as it is", {}, "it is the algorithm"),
    Variant(
        "abort-any-incarnation",
        "an abort does not look at the incarnation",
        {Pc.ABORT: scheduling.abort_any_incarnation},
        "it may abort an incarnation that is valid; an abort costs time, and nothing else",
    ),
    Variant(
        "always-new",
        "every execution that validation has passed sends it back",
        {Pc.COMPARE: scheduling.compare_as_new},
        "more is validated than must be",
    ),
    Variant(
        "lower-and-validate",
        "validation goes back to this transaction, and the worker validates it besides",
        {Pc.COUNT_VALIDATION: scheduling.count_and_validate_oneself},
        "it is validated once more",
    ),
    Variant(
        "lower-beyond-and-validate",
        "validation goes back to the next transaction, and the worker validates this one itself",
        {
            Pc.LOWER_VALIDATION: scheduling.lower_validation_beyond,
            Pc.COUNT_VALIDATION: scheduling.count_and_validate_oneself,
        },
        "the worker stays active until it has validated it",
    ),
    Variant(
        "spurious-aborts",
        "first incarnations fail although they are valid",
        {Pc.SCAN: scheduling.abort_first_incarnations},
        "an abort costs time, and nothing else; there are finitely many",
    ),
    Variant(
        "own-mark",
        "a mark is set in advance, and known as the transaction's own",
        {},
        "it is removed or replaced as those of an aborted incarnation are",
        prepare=memory.marked_as_own,
    ),
)
"""Variants that are right: none may be found wrong."""

VARIANTS: Final = {variant.name: variant for variant in (*UNSOUND, *SOUND)}
