"""Parallel is serial: the core theorem of Block-STM, for any number of transactions, reads and locations.

The induction speaks of unknown functions. That these are the model's is shown beside it: by obligations that run the
model's own memory, up to a number of entries, and by whole blocks of three transactions.
"""

from collections.abc import Callable
from typing import Any, Final

import attrs

from hyperion.parallel import executing, mvmemory
from hyperion.parallel.counter import Pc
from hyperion.parallel.worker import TRANSITIONS
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.proxies import all_of, any_of, implies, where
from hyperion_proofs.mutant import in_place, mutant
from hyperion_proofs.solve import CVC5_INTEGERS, INTEGERS
from hyperion_proofs.statement import Statement
from hyperion_proofs.stm.bounded import but_second, first_only, or_stored, small_blocks_are_serial
from hyperion_proofs.stm.cells import by_value, change_keeps, entry_on_top, recording_is_exact, valid_means_equal
from hyperion_proofs.stm.core import (
    first_reads_storage,
    reads_agree,
    resolution_steps,
    runs_end_equal,
    runs_start_equal,
    states_stay_equal,
)
from hyperion_proofs.stm.histories import BLOCK_STM, Condition, Entry, Parallel
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem

SOLVERS: Final = (INTEGERS, CVC5_INTEGERS)


def obligation(name: str, statement: Statement) -> Obligation:
    """An obligation about integers; the paths are few, so the solver is not asked at branches."""
    return Obligation(name, statement, SOLVERS, prune=False)


def seeded(name: str, statement: Statement, function: Callable[..., Any], old: str, new: str) -> Obligation:
    """The same with a piece of the source of one of the model's functions exchanged."""

    def fault() -> tuple[Ideal, ...]:
        return (in_place(function, old, new),)

    return Obligation(name, statement, SOLVERS, fault, prune=False)


# --- weakened rules ---------------------------------------------------------------------------------------------------


def storage_unchecked(parallel: Parallel, txn: int, count: int) -> Condition:
    """A read from storage is not recorded, so it passes whatever it would give now."""
    location = parallel.run.wanted(txn, count)
    value = parallel.run.value(txn, count)
    return any_of(value == parallel.resolved(txn, location), value == parallel.block.storage(location))


def first_read_only(parallel: Parallel, txn: int, count: int) -> Condition:
    """Only the first read of a transaction is validated."""
    return implies(count == 0, BLOCK_STM.valid(parallel, txn, count))


def second_unvalidated(parallel: Parallel, txn: int, count: int) -> Condition:
    """One transaction is not validated."""
    return implies(txn != 2, BLOCK_STM.valid(parallel, txn, count))


def own_entry(parallel: Parallel, txn: int, location: int) -> Condition:
    """A read takes entries of the reader itself."""
    origin = parallel.origin(txn, location)
    kind, _ = parallel.entry(origin, location)
    return implies(origin > 0, all_of(origin <= txn, kind != Entry.NOTHING))


def any_origin(parallel: Parallel, txn: int, location: int, other: int) -> Condition:
    """A read takes any lower entry, not the greatest."""
    del parallel, txn, location, other
    return True


def stale_entries_stay(parallel: Parallel, txn: int, location: int) -> Condition:
    """What an earlier incarnation wrote, and the last did not, is not removed."""
    kind, _ = parallel.entry(txn, location)
    wrote, _ = parallel.block.writes(txn, parallel.run.last(txn), location)
    return implies(any_of(wrote != Entry.NOTHING, kind == Entry.NOTHING), BLOCK_STM.recorded(parallel, txn, location))


def deltas_as_values(parallel: Parallel, txn: int, location: int) -> Condition:
    """An amount to be added is recorded as the value itself."""
    kind, amount = parallel.entry(txn, location)
    wrote, value = parallel.block.writes(txn, parallel.run.last(txn), location)
    return all_of(kind == where(wrote == Entry.NOTHING, 0, 1), implies(kind != Entry.NOTHING, amount == value))


# --- theorem ----------------------------------------------------------------------------------------------------------

SERIAL: Final = Theorem(
    "STM-serial",
    "If every read of every transaction's last incarnation would give the same now, then each of them wrote what its "
    "transaction writes serially, and the memory resolves to the serial state, for any number of adaptive programs.",
    ("STM-validate-reads", "STM-serial", "STM-read", "STM-snapshot", "STM-record-reads"),
    Kind.INDUCTION,
    (
        obligation("a read sees the entry below it on top of all before", resolution_steps()),
        obligation("transactions: base", first_reads_storage()),
        obligation("reads: base", runs_start_equal),
        obligation("reads: step", reads_agree()),
        obligation("as many reads", runs_end_equal),
        obligation("transactions: step", states_stay_equal()),
        obligation("three small transactions by the model's functions", small_blocks_are_serial()),
    ),
    (
        Control(
            "reads from storage are not validated",
            obligation("reads: step", reads_agree(attrs.evolve(BLOCK_STM, valid=storage_unchecked))),
        ),
        Control(
            "only the first read is validated",
            obligation("reads: step", reads_agree(attrs.evolve(BLOCK_STM, valid=first_read_only))),
        ),
        Control(
            "one transaction is not validated",
            obligation("reads: step", reads_agree(attrs.evolve(BLOCK_STM, valid=second_unvalidated))),
        ),
        Control(
            "a read takes the reader's own entry (a step of resolution)",
            obligation("resolution", resolution_steps(attrs.evolve(BLOCK_STM, origin_is_lower=own_entry))),
        ),
        Control(
            "a read takes the reader's own entry (the base)",
            obligation("base", first_reads_storage(attrs.evolve(BLOCK_STM, origin_is_lower=own_entry))),
        ),
        Control(
            "a read takes any lower entry, not the greatest",
            obligation("resolution", resolution_steps(attrs.evolve(BLOCK_STM, origin_is_greatest=any_origin))),
        ),
        Control(
            "entries of earlier incarnations stay",
            obligation("transactions: step", states_stay_equal(attrs.evolve(BLOCK_STM, recorded=stale_entries_stay))),
        ),
        Control(
            "amounts to be added are recorded as values",
            obligation("transactions: step", states_stay_equal(attrs.evolve(BLOCK_STM, recorded=deltas_as_values))),
        ),
        Control(
            "a block goes wrong: reads from storage are not validated",
            obligation("block", small_blocks_are_serial(or_stored)),
        ),
        Control(
            "a block goes wrong: only the first read is validated",
            obligation("block", small_blocks_are_serial(first_only)),
        ),
        Control(
            "a block goes wrong: one transaction is not validated",
            obligation("block", small_blocks_are_serial(but_second)),
        ),
        Control(
            "a block goes wrong: an entry of an earlier incarnation stays",
            obligation("block", small_blocks_are_serial(stale=True)),
        ),
        Control(
            "a block goes wrong: a read takes the reader's own entry",
            seeded("block", small_blocks_are_serial(), mvmemory.below, "cells, reader,", "cells, reader + 1,"),
        ),
        Control(
            "a block goes wrong: a read takes the least entry",
            seeded("block", small_blocks_are_serial(), mvmemory.fold, "reversed(cells)", "cells"),
        ),
    ),
    "programs are deterministic and stop; values are integers, added without bound",
    argument="By induction on transactions: what t reads is the serial state after t - 1. Within t by induction on "
    "reads: local states are equal as long as both runs read, so both stop after as many reads and write the same, "
    "and resolution carries the equality to t + 1. What the transaction after the last would read is the snapshot.",
    fast=True,
)

# --- the memory -------------------------------------------------------------------------------------------------------

ENTRIES: Final = Theorem(
    "STM-entries",
    "What the next transaction reads is this one's entry on top of what this one reads: it replaces it, adds to it, "
    "blocks, or is not there; up to four entries of a location.",
    ("STM-read",),
    Kind.BOUNDED,
    (obligation("one entry more", entry_on_top(3)),),
    (
        Control(
            "one reads one's own entry",
            seeded("one entry more", entry_on_top(2), mvmemory.below, "cells, reader,", "cells, reader + 1,"),
        ),
        Control(
            "sums are cut off at a greatest value, so that additions do not associate",
            seeded(
                "one entry more", entry_on_top(2), mvmemory.fold,
                "added += entry.amount", "added = min(3, added + entry.amount)",
            ),
        ),
    ),
    "incarnations are natural numbers, values and amounts any integers",
    argument="The walk treats one entry after another alike, which is the induction over more.",
    fast=True,
)  # fmt: skip

REWRITE: Final = Theorem(
    "STM-rewrite",
    "Data, or nothing, in the place of an ESTIMATE leaves every valid read valid; and no change of an entry touches "
    "the reads of its transaction and of lower ones; up to three entries of a location.",
    ("STM-estimate", "STM-valid-read", "STM-validate-again"),
    Kind.BOUNDED,
    (obligation("a change", change_keeps(3)),),
    (Control("the entry need not be an ESTIMATE", obligation("a change", change_keeps(2, of_estimate=False))),),
    "the read was valid before",
    argument="A valid read meets no ESTIMATE on its walk, so it ended above the one that is replaced.",
    fast=True,
)

VERSIONS: Final = Theorem(
    "STM-versions",
    "A read that is valid later has the value that it had, and from the same writers; up to two entries of a "
    "location, each written once a version.",
    ("STM-valid-read",),
    Kind.BOUNDED,
    (obligation("then and now", valid_means_equal(2)),),
    (
        Control(
            "versions without incarnation",
            seeded(
                "then and now", valid_means_equal(2), mvmemory.valid, "now.origins == read.origins",
                "[one.transaction for one in now.origins] == [one.transaction for one in read.origins]",
            ),
        ),
        Control(
            "what lies under an addition is not compared",
            seeded(
                "then and now", valid_means_equal(2), mvmemory.valid,
                "now.origins == read.origins", "now.origins[:1] == read.origins[:1]",
            ),
        ),
        Control(
            "values are compared, not versions: a read that depends on who wrote it differs",
            obligation("then and now", valid_means_equal(2, by_value)),
        ),
    ),
    "what an incarnation writes does not change, which STM-safety's P1 and P2 give",
    fast=True,
)  # fmt: skip

NO_REMOVAL: Final = {
    **TRANSITIONS,
    Pc.REMOVE: mutant(executing.remove, "worker.version.transaction, None)", "worker.version.transaction, ESTIMATE)"),
}

RECORDING: Final = Theorem(
    "STM-recording",
    "Recording leaves the entries of the incarnation that is recorded and no other, lists just these, and says new of "
    "what was not listed before; up to three locations.",
    ("STM-remove-stale", "STM-record-reads"),
    Kind.BOUNDED,
    (obligation("write, remove, keep", recording_is_exact()),),
    (
        Control(
            "a location that is not written any more keeps an ESTIMATE",
            Obligation(
                "write, remove, keep", recording_is_exact(NO_REMOVAL), SOLVERS,
                lambda: (Ideal(executing, "ESTIMATE", mvmemory.ESTIMATE, "seeded fault"),), prune=False,
            ),
        ),
        Control(
            "new is said only if all locations are",
            seeded(
                "write, remove, keep", recording_is_exact(), executing.proceed,
                "any(location not in before", "all(location not in before",
            ),
        ),
    ),
    "a location stands once in what a program writes and adds",
    fast=True,
)  # fmt: skip

THEOREMS: Final = (SERIAL, ENTRIES, REWRITE, VERSIONS, RECORDING)
