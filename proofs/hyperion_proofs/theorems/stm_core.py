"""Parallel is serial: the core theorem of Block-STM, for any number of transactions, reads and locations."""

from typing import Final

import attrs

from hyperion.symbolic.proxies import all_of, any_of, implies, where
from hyperion_proofs.solve import CVC5_INTEGERS, INTEGERS
from hyperion_proofs.statement import Statement
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
    """An obligation about unknown functions of integers."""
    return Obligation(name, statement, SOLVERS)


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
    ("STM-validate-reads",),
    Kind.INDUCTION,
    (
        obligation("a read sees the entry below it on top of all before", resolution_steps()),
        obligation("transactions: base", first_reads_storage()),
        obligation("reads: base", runs_start_equal),
        obligation("reads: step", reads_agree()),
        obligation("as many reads", runs_end_equal),
        obligation("transactions: step", states_stay_equal()),
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
    ),
    "programs are deterministic and stop; values are integers, added without bound",
    argument="By induction on transactions: what t reads is the serial state after t - 1. Within t by induction on "
    "reads: local states are equal as long as both runs read, so both stop after as many reads and write the same, "
    "and resolution carries the equality to t + 1. What the transaction after the last would read is the snapshot.",
)

THEOREMS: Final = (SERIAL,)
