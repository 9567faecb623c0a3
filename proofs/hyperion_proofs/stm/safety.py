"""The invariants of the algorithm, one by one for the workers, transactions and reads that they speak of.

They are those of ``hyperion.parallel.invariants``, with the same names, stated of one worker, transaction or read at a
time; together they are inductive. An invariant that says "there is a worker" gets it from ``some``: a name for it where
the invariant is assumed, a search where it is claimed.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import attrs

from hyperion.parallel.counter import Pc
from hyperion.parallel.scheduler import Phase
from hyperion.symbolic.proxies import all_of, any_of, implies, negation
from hyperion_proofs.stm.histories import Condition
from hyperion_proofs.stm.places import (
    ABORTER,
    ABORTING_WAVE,
    BEFORE_RECORDING,
    EXECUTION,
    EXECUTION_SEEN,
    FINISHED,
    INACTIVE,
    LAPSING,
    OWNING,
    RECORDING,
    REOPENED,
    RESUMING,
    VALIDATING,
    VALIDATION,
    VALIDATION_SEEN,
    Aborting,
    among,
)
from hyperion_proofs.stm.state import State

Some: TypeAlias = Callable[[Callable[[int], Condition]], Condition]
"""Whether a condition holds of some worker."""


@attrs.frozen(eq=False)
class Invariant:
    """``holds(state, some, *keys)`` for all keys: w a worker, x a transaction, r a read's number, l a location."""

    name: str
    keys: str
    meaning: str
    holds: Callable[..., Condition]


def exists(state: State, txn: int) -> Condition:
    """Whether there is such a transaction."""
    return all_of(txn >= 0, txn < state.size)


def is_in(state: State, txn: int, phase: Phase) -> Condition:
    """Whether there is the transaction, and it is in the phase."""
    return all_of(exists(state, txn), state.phase(txn) == int(phase))


def is_aborting(state: State, txn: int, how: Aborting) -> Condition:
    """Whether it is aborting in this way."""
    return all_of(is_in(state, txn, Phase.ABORTING), state.aborting(txn) == int(how))


# --- who has a transaction --------------------------------------------------------------------------------------------


def owns(state: State, some: Some, worker: int) -> Condition:
    """A worker that executes."""
    del some
    txn = state.txn(worker)
    owned = all_of(state.owner(txn) == worker, state.held(worker) == state.incarnation(txn))
    return implies(among(state.at(worker), OWNING), all_of(is_in(state, txn, Phase.EXECUTING), owned))


def is_owned(state: State, some: Some, txn: int) -> Condition:
    """A transaction that is executing."""
    del some
    owner = state.owner(txn)
    owned = all_of(among(state.at(owner), OWNING), state.txn(owner) == txn)
    return implies(is_in(state, txn, Phase.EXECUTING), owned)


def aborts(state: State, some: Some, worker: int) -> Condition:
    """A worker that marks what it has aborted."""
    del some
    txn = state.txn(worker)
    its = all_of(is_aborting(state, txn, Aborting.VALIDATOR), state.keeper(txn) == worker)
    return implies(among(state.at(worker), ABORTER), its)


def has_a_reason(state: State, some: Some, txn: int) -> Condition:
    """A transaction that is aborting."""
    del some
    keeper, how = state.keeper(txn), state.aborting(txn)
    validator = all_of(
        how == int(Aborting.VALIDATOR), among(state.at(keeper), ABORTER), state.txn(keeper) == txn
    )
    waiting = all_of(how == int(Aborting.BLOCKER), state.waits(txn, state.awaited(txn)))
    resumer = all_of(
        how == int(Aborting.RESUMER), state.at(keeper) == int(Pc.RESUME), state.least(keeper) <= txn
    )
    return implies(is_in(state, txn, Phase.ABORTING), any_of(validator, waiting, resumer))


def waits_once(state: State, some: Some, txn: int, blocker: int) -> Condition:
    """A transaction among the dependents of another."""
    del some
    waiting = all_of(is_aborting(state, txn, Aborting.BLOCKER), state.awaited(txn) == blocker)
    return implies(state.waits(txn, blocker), waiting)


def will_resume(state: State, some: Some, blocker: int) -> Condition:
    """Whether the dependents will be taken over: the blocker is not executed, or they are about to be."""
    taking = some(
        lambda other: all_of(state.at(other) == int(Pc.TAKE_DEPENDENTS), state.txn(other) == blocker)
    )
    return any_of(state.phase(blocker) != int(Phase.EXECUTED), taking)


def waiting_ends(state: State, some: Some, txn: int) -> Condition:
    """A transaction that waits."""
    blocker = state.awaited(txn)
    lower = all_of(blocker >= 0, blocker < txn)
    return implies(is_aborting(state, txn, Aborting.BLOCKER), all_of(lower, will_resume(state, some, blocker)))


def locks(state: State, some: Some, worker: int) -> Condition:
    """A worker that is about to add its transaction to the dependents of another."""
    blocker = state.blocker(worker)
    holds = all_of(state.locked(blocker), state.holder(blocker) == worker)
    return implies(state.at(worker) == int(Pc.SUSPEND), all_of(holds, will_resume(state, some, blocker)))


def is_lower(state: State, some: Some, worker: int) -> Condition:
    """A worker that has met an ESTIMATE."""
    del some
    blocker = state.blocker(worker)
    lower = all_of(blocker >= 0, blocker < state.txn(worker))
    return implies(among(state.at(worker), {Pc.WAIT, Pc.SUSPEND}), lower)


def is_held(state: State, some: Some, txn: int) -> Condition:
    """A transaction whose dependents are locked."""
    del some
    holder = state.holder(txn)
    held = all_of(state.at(holder) == int(Pc.SUSPEND), state.blocker(holder) == txn)
    return implies(all_of(exists(state, txn), state.locked(txn)), held)


# --- what will be executed, and validated -----------------------------------------------------------------------------


def executes_later(state: State, txn: int, worker: int) -> Condition:
    """Whether the worker sees to it that the transaction is executed."""
    at = state.at(worker)
    resuming = all_of(among(at, RESUMING), state.least(worker) <= txn)
    return any_of(resuming, all_of(among(at, EXECUTION | REOPENED), state.txn(worker) == txn))


def is_executed_later(state: State, some: Some, txn: int) -> Condition:
    """A transaction that is ready."""
    executed = some(lambda other: executes_later(state, txn, other))
    return implies(is_in(state, txn, Phase.READY), any_of(state.execution <= txn, executed))


def validates_later(state: State, txn: int, read: int, worker: int) -> Condition:
    """Whether the worker sees to it that the read is validated, or its transaction."""
    at, its = state.at(worker), state.txn(worker)
    present = all_of(its == txn, state.held(worker) == state.incarnation(txn))
    return any_of(
        all_of(among(at, VALIDATION), its == txn),
        all_of(at == int(Pc.SCAN), present, negation(state.scanned(worker, read))),
        all_of(among(at, VALIDATING | FINISHED), present),
        all_of(among(at, ABORTING_WAVE), its < txn),
        all_of(among(at, RECORDING | FINISHED), its < txn, state.new(worker)),
        all_of(at == int(Pc.LOWER_VALIDATION), its <= txn),
    )


def is_validated_later(state: State, some: Some, txn: int, read: int) -> Condition:
    """An invalid read of an executed transaction."""
    invalid = all_of(is_in(state, txn, Phase.EXECUTED), negation(state.valid(txn, read)))
    validated = some(lambda other: validates_later(state, txn, read, other))
    return implies(invalid, any_of(state.validation <= txn, validated))


TASKS: Final = FINISHED | VALIDATING | REOPENED | {Pc.LOWER_VALIDATION, Pc.COUNT_VALIDATION, Pc.SCAN}
"""Here a worker is about a transaction that there is, whose phase may be any."""


def is_about_one(state: State, some: Some, worker: int) -> Condition:
    """A worker with a task, or with a claim."""
    del some
    at, txn = state.at(worker), state.txn(worker)
    return all_of(
        implies(among(at, TASKS), exists(state, txn)),
        implies(among(at, EXECUTION | VALIDATION), txn >= 0),
        implies(among(at, RESUMING), state.least(worker) >= 0),
    )


def naturals(state: State, some: Some) -> Condition:
    """The indices."""
    del some
    return all_of(state.execution >= 0, state.validation >= 0)


# --- what the memory holds --------------------------------------------------------------------------------------------


def has_no_data(state: State, some: Some, txn: int, location: int) -> Condition:
    """A transaction that is to be executed anew."""
    del some
    before = all_of(is_in(state, txn, Phase.EXECUTING), among(state.at(state.owner(txn)), BEFORE_RECORDING))
    marked = all_of(is_aborting(state, txn, Aborting.VALIDATOR), state.at(state.keeper(txn)) == int(Pc.REOPEN))
    waits = any_of(is_aborting(state, txn, Aborting.BLOCKER), is_aborting(state, txn, Aborting.RESUMER))
    clean = any_of(is_in(state, txn, Phase.READY), before, marked, waits)
    return implies(clean, negation(state.data(txn, location)))


def data_is_new(state: State, some: Some, txn: int, location: int) -> Condition:
    """A transaction that is being recorded."""
    del some
    owner = state.owner(txn)
    recorded = all_of(is_in(state, txn, Phase.EXECUTING), among(state.at(owner), RECORDING))
    new = all_of(state.planned(owner, location), negation(state.pending(owner, location)))
    return implies(all_of(recorded, state.data(txn, location)), new)


def data_is_listed(state: State, some: Some, txn: int, location: int) -> Condition:
    """A transaction of which the list of locations is kept."""
    del some
    kept = all_of(
        is_in(state, txn, Phase.EXECUTING), among(state.at(state.owner(txn)), {Pc.KEEP_READS, Pc.FINISH})
    )
    listed = any_of(is_in(state, txn, Phase.EXECUTED), kept)
    return implies(all_of(listed, state.data(txn, location)), state.listed(txn, location))


def data_is_unmarked(state: State, some: Some, worker: int, location: int) -> Condition:
    """A worker that makes ESTIMATEs."""
    del some
    left = all_of(state.at(worker) == int(Pc.MARK), state.data(state.txn(worker), location))
    return implies(left, state.unmarked(worker, location))


# --- the check for the end --------------------------------------------------------------------------------------------


def is_not_ahead(state: State, some: Some, worker: int) -> Condition:
    """A worker that looks whether all is done."""
    del some
    checking = among(state.at(worker), EXECUTION_SEEN | {Pc.DONE_EXECUTION})
    return implies(checking, state.seen(worker) <= state.lowered)


def no_execution_left(state: State, some: Some, worker: int) -> Condition:
    """A worker that has found the execution index past the end."""
    saw = all_of(among(state.at(worker), EXECUTION_SEEN), state.seen(worker) == state.lowered)
    lowering = some(lambda other: state.at(other) == int(Pc.COUNT_EXECUTION))
    return implies(saw, any_of(state.execution >= state.size, lowering))


def no_validation_left(state: State, some: Some, worker: int) -> Condition:
    """A worker that has found both indices past the end."""
    saw = all_of(among(state.at(worker), VALIDATION_SEEN), state.seen(worker) == state.lowered)
    lowering = some(lambda other: among(state.at(other), {Pc.COUNT_VALIDATION, Pc.COUNT_AFTER}))
    return implies(saw, any_of(state.validation >= state.size, lowering))


def is_quiet(state: State, worker: int) -> Condition:
    """Both indices are past the end, and the worker has nothing in hand, nor can it get something."""
    at = state.at(worker)
    claims = all_of(among(at, EXECUTION | VALIDATION), state.txn(worker) >= state.size)
    past = all_of(state.execution >= state.size, state.validation >= state.size)
    return all_of(past, any_of(among(at, INACTIVE | LAPSING), claims))


def about_to_be_done(state: State, some: Some, worker: int, other: int) -> Condition:
    """A worker that has found nobody active, and any worker."""
    del some
    at = state.at(worker)
    saw = all_of(at == int(Pc.DONE_AGAIN), state.seen(worker) == state.lowered)
    return implies(any_of(saw, at == int(Pc.DONE_MARK)), is_quiet(state, other))


def done_is_quiet(state: State, some: Some, other: int) -> Condition:
    """Any worker, when the end is announced."""
    del some
    return implies(state.done, is_quiet(state, other))


INVARIANTS: Final = (
    Invariant("P1", "w", "who executes a transaction owns its present incarnation", owns),
    Invariant("P2", "x", "an executing transaction is executed by its owner", is_owned),
    Invariant("P3", "w", "who aborts a transaction has it to itself", aborts),
    Invariant("P4", "x", "an aborting transaction is aborted by a worker, waits, or is resumed by one", has_a_reason),
    Invariant("P4 once", "xx", "a transaction waits once, and is aborting", waits_once),
    Invariant("P5", "x", "who waits, waits for a lower transaction that will resume it", waiting_ends),
    Invariant("P6", "w", "who is about to wait holds the lock, and will be resumed", locks),
    Invariant("P6 lower", "w", "who met an ESTIMATE waits for a lower transaction", is_lower),
    Invariant("P6 held", "x", "a lock is held by who is about to wait", is_held),
    Invariant("P7", "x", "a ready transaction will be executed", is_executed_later),
    Invariant("P8", "xl", "who is to be executed anew has left ESTIMATEs only", has_no_data),
    Invariant("P8 recorded", "xl", "data of a transaction that is recorded is of this recording", data_is_new),
    Invariant("P8 listed", "xl", "data of an executed transaction is where it is listed", data_is_listed),
    Invariant("P8 marked", "wl", "what is not yet an ESTIMATE will be", data_is_unmarked),
    Invariant("P9", "xr", "an invalid read of an executed transaction will be validated", is_validated_later),
    Invariant("D0", "w", "nobody has seen more lowerings than were counted", is_not_ahead),
    Invariant("D1", "w", "no execution is left, or its lowering will be counted", no_execution_left),
    Invariant("D2", "w", "no validation is left, or its lowering will be counted", no_validation_left),
    Invariant("D3", "ww", "when the end is about to be announced, all is quiet", about_to_be_done),
    Invariant("D4", "w", "when the end is announced, all is quiet", done_is_quiet),
    Invariant("task", "w", "a task is about a transaction that there is", is_about_one),
    Invariant("index", "", "the indices are not negative", naturals),
)
"""All but the count of active workers (CARD), which ``induction`` adds."""
