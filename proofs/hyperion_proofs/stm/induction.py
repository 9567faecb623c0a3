"""The induction over transitions: what must be proved of each, and what follows when the end is announced.

Nothing here has a quantifier. An invariant that holds of all workers is assumed of those that matter, which are named
by the transition and by the goal, or reached from them through the state; a goal is claimed of any one. Assuming less
than is known can only make a proof fail that might succeed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

import attrs

from hyperion.parallel.counter import Pc, Transition
from hyperion.parallel.scheduler import Phase
from hyperion.parallel.worker import TRANSITIONS
from hyperion.symbolic.proxies import SymbolicInt, all_of, any_of, implies, negation, where
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.stm.histories import Condition
from hyperion_proofs.stm.places import is_active
from hyperion_proofs.stm.safety import INVARIANTS, Invariant, Some, exists, is_in
from hyperion_proofs.stm.state import Cell, State, unknown_state
from hyperion_proofs.stm.transition import follow

CARD: Final = "CARD"


def identity(value: Any) -> object:
    """Of a known integer itself, of an unknown one its term: equal terms are the same object."""
    return value.term if type(value) is SymbolicInt else value


@attrs.frozen(eq=False)
class Pool:
    """The workers, transactions, reads and locations that facts are stated about, by kind: w, x, r, l."""

    members: dict[str, dict[object, Any]] = attrs.field(factory=lambda: {kind: {} for kind in "wxrl"})

    def add(self, kind: str, *values: Any) -> None:
        """Speak of these too."""
        for value in values:
            self.members[kind].setdefault(identity(value), value)

    def all(self, kind: str) -> list[Any]:
        """Those of a kind."""
        return list(self.members[kind].values())

    def keys(self, kinds: str) -> Iterator[tuple[Any, ...]]:
        """All combinations."""
        return product(*(self.all(kind) for kind in kinds))


BY_NAME: Final = {invariant.name: invariant for invariant in INVARIANTS}


def witness(given: Given, invariant: Invariant, keys: Sequence[Any]) -> int:
    """The worker of which the invariant says that there is one."""
    return given.result(f"witness of {invariant.name}", tuple(keys))


def named(given: Given, invariant: Invariant, keys: Sequence[Any]) -> Some:
    """There is a worker, so call it the witness."""
    return lambda condition: condition(witness(given, invariant, keys))


def searched(pool: Pool) -> Some:
    """There is a worker, in the pool."""
    return lambda condition: any_of(*(condition(worker) for worker in pool.all("w")))


def reach(given: Given, pool: Pool, state: State, first: Sequence[int]) -> None:
    """Add what is reached from the first workers and the transactions named: their owners, and the witnesses.

    The first transaction is the one of which something is claimed: only its witnesses matter.
    """
    transactions = pool.all("x")
    for txn in transactions:
        pool.add("w", state.owner(txn), state.keeper(txn))
    claimed = transactions[0]
    pool.add("x", state.awaited(claimed))
    pool.add("w", *(witness(given, BY_NAME[name], (claimed,)) for name in ("P5", "P7")))
    pool.add("w", *(witness(given, BY_NAME["P9"], (claimed, read)) for read in pool.all("r")))
    for worker in first:
        pool.add("x", state.txn(worker), state.blocker(worker))
        pool.add("w", state.holder(state.blocker(worker)))
        pool.add("w", *(witness(given, BY_NAME[name], (worker,)) for name in ("P6", "D1", "D2")))


@attrs.frozen(eq=False)
class Anywhere:
    """A moment of which nothing is known but what the transition requires."""

    given: Given
    before: State
    worker: int
    pool: Pool
    facts: list[tuple[str, Callable[..., Condition]]] = attrs.field(factory=list)

    def require(self, condition: Condition) -> None:
        """Assumed."""
        self.facts.append(("", lambda: condition))

    def require_each(self, kind: str, condition: Callable[[int], Condition]) -> None:
        """Assumed of those in the pool."""
        self.facts.append((kind, condition))

    def choose(self, kind: str, what: str) -> int:
        """An unknown one, of which facts are stated."""
        chosen = self.given.integer(what)
        self.pool.add(kind, chosen)
        return chosen

    def truth(self, what: str) -> Condition:
        """Unknown."""
        return self.given.truth(what)

    def flags(self, what: str) -> Cell:
        """Unknown of each."""
        return lambda *keys: self.given.result(what, keys, 0, 1) == 1

    def valid_after(self, same: Callable[[int], Condition], kept: Callable[[int], Condition]) -> Cell:
        """Unknown of each read, with the two facts."""
        after = self.flags("valid afterwards")

        def fact(txn: int, read: int) -> Condition:
            before, now = self.before.valid(txn, read), after(txn, read)
            stays = implies(all_of(any_of(same(txn), kept(txn)), before), now)
            return all_of(stays, implies(all_of(same(txn), now), before))

        self.facts.append(("xr", fact))
        return after

    def assume(self) -> None:
        """What is required, of all in the pool."""
        for kinds, condition in self.facts:
            for keys in self.pool.keys(kinds):
                self.given.assume(condition(*keys))


FOR_FIRST: Final = frozenset({"P6", "P6 lower", "P8 marked", "D0", "D1", "D2", "D3"})
"""Of these invariants the first key is one of the first workers: others than those do not matter."""


def instances(invariant: Invariant, pool: Pool, first: Sequence[int], targets: Sequence[int]) -> Iterator[Any]:
    """The keys for which the invariant is assumed."""
    if invariant.name in FOR_FIRST:
        return product(first, *(pool.all(kind) for kind in invariant.keys[1:]))
    return product(pool.all("x"), targets) if invariant.keys == "xx" else pool.keys(invariant.keys)


def assume_invariants(
    given: Given, state: State, pool: Pool, first: Sequence[int] = (), targets: Sequence[int] = ()
) -> None:
    """Every invariant, of all in the pool that matter to it."""
    for invariant in INVARIANTS:
        for keys in instances(invariant, pool, first, targets):
            given.assume(invariant.holds(state, named(given, invariant, keys), *keys))


@attrs.frozen
class AnyOnes:
    """One of each kind, of which nothing is known; two workers and two transactions."""

    by_kind: Mapping[str, tuple[int, ...]]

    def keys(self, kinds: str) -> tuple[int, ...]:
        """Different ones where a kind is named twice."""
        return tuple(self.by_kind[kind][kinds[:index].count(kind)] for index, kind in enumerate(kinds))


def any_ones(given: Given) -> AnyOnes:
    """Of each kind."""
    return AnyOnes(
        {
            "w": (given.integer("any worker"), given.integer("another worker")),
            "x": (given.integer("any transaction"), given.integer("another transaction")),
            "r": (given.integer("any read"),),
            "l": (given.integer("any location"),),
        }
    )


def counts_active(given: Given, moment: Anywhere, after: State) -> Condition:
    """That the counter still is the number of active workers.

    Of the number only this is used: it is not 0 if some worker is active, and it changes with the worker that moves.
    """
    before, worker = moment.before, moment.worker
    number = given.integer("number of active workers", 0)
    given.assume(before.active == number)
    for other in moment.pool.all("w"):
        given.assume(implies(is_active(before.at(other)), number >= 1))
    was, now = is_active(before.at(worker)), is_active(after.at(worker))
    then = number + where(all_of(now, negation(was)), 1, 0) - where(all_of(was, negation(now)), 1, 0)
    return after.active == then


def keeps(pc: Pc, *names: str, transitions: Mapping[Pc, Transition] = TRANSITIONS) -> Statement:
    """The transition at a program counter keeps the invariants; with names, only these are claimed."""

    def statement(given: Given) -> None:
        before, worker = unknown_state(given), given.integer("worker")
        chosen, pool = any_ones(given), Pool()
        first = (worker, chosen.by_kind["w"][0])
        pool.add("w", worker, *chosen.by_kind["w"])
        for kind in "xrl":
            pool.add(kind, chosen.by_kind[kind][0])
        moment = Anywhere(given, before, worker, pool)
        given.assume(before.at(worker) == int(pc))
        after = follow(moment, pc, transitions)
        if after is None:
            return
        pool.add("x", before.txn(worker), after.txn(worker))
        reach(given, pool, before, first)
        targets = (before.txn(worker), before.blocker(worker), chosen.by_kind["x"][1])
        assume_invariants(given, before, pool, first, targets)
        moment.assume()
        claim_invariants(given, moment, after, chosen, names)
        if given.symbolic is None:
            tell(given, moment, after, chosen)

    return statement


def claim_invariants(given: Given, moment: Anywhere, after: State, chosen: AnyOnes, names: Sequence[str]) -> None:
    """Each invariant, of any worker, transaction, read and location."""
    counted = counts_active(given, moment, after)
    if CARD in names or not names:
        given.claim("CARD: the counter of active workers is their number", counted)
    for invariant in INVARIANTS:
        if invariant.name in names or not names:
            holds = invariant.holds(after, searched(moment.pool), *chosen.keys(invariant.keys))
            given.claim(f"{invariant.name}: {invariant.meaning}", holds)


def tell(given: Given, moment: Anywhere, after: State, chosen: AnyOnes) -> None:
    """The step of a counterexample in words."""
    before, worker = moment.before, moment.worker
    txn, read = chosen.keys("xr")
    given.note("the worker goes", f"{Pc(before.at(worker)).name} → {Pc(after.at(worker)).name}")
    given.note("it carries", f"transaction {before.txn(worker)}, incarnation {before.held(worker)}")
    counters = ("size", "execution", "validation", "active", "lowered", "done")
    changes = (f"{name} {getattr(before, name)} → {getattr(after, name)}" for name in counters)
    given.note("counters", ", ".join(changes))
    phases = f"{Phase(before.phase(txn)).name} → {Phase(after.phase(txn)).name}"
    valid = f"{before.valid(txn, read)} → {after.valid(txn, read)}"
    given.note("any transaction", f"{txn}: {phases}; read {read} valid: {valid}")
    for other in chosen.keys("ww"):
        given.note("any worker", f"{other} at {Pc(after.at(other)).name}, transaction {after.txn(other)}")


def starts(given: Given) -> None:
    """Before anything nobody has a task, all transactions are ready, all counters 0, and there are no entries."""
    state, chosen = unknown_state(given), any_ones(given)
    for counter in (state.execution, state.validation, state.active, state.lowered):
        given.assume(counter == 0)
    given.assume(negation(state.done))
    for worker in chosen.by_kind["w"]:
        given.assume(state.at(worker) == int(Pc.LOOP))
    for txn in chosen.by_kind["x"]:
        given.assume(all_of(state.phase(txn) == int(Phase.READY), negation(state.locked(txn))))
        given.assume(negation(any_of(*(state.waits(txn, other) for other in chosen.by_kind["x"]))))
        given.assume(negation(any_of(*(state.data(txn, location) for location in chosen.by_kind["l"]))))
    given.claim("nobody is counted", negation(is_active(state.at(chosen.by_kind["w"][0]))))
    for invariant in INVARIANTS:
        holds = invariant.holds(state, lambda condition: False, *chosen.keys(invariant.keys))
        given.claim(f"{invariant.name}: {invariant.meaning}", holds)


def at_the_end(given: Given) -> tuple[State, int, Pool]:
    """A state in which the invariants hold and the end is announced, and a transaction in it."""
    state, pool, txn = unknown_state(given), Pool(), given.integer("any transaction")
    pool.add("x", txn)
    pool.add("r", given.integer("any read"))
    reach(given, pool, state, ())
    given.assume(all_of(state.done, exists(state, txn)))
    assume_invariants(given, state, pool)
    return state, txn, pool


def all_are_executed(given: Given) -> None:
    """The least transaction that is not executed would lead to a contradiction, so there is none."""
    state, txn, pool = at_the_end(given)
    for lower in pool.all("x"):
        given.assume(implies(all_of(exists(state, lower), lower < txn), state.phase(lower) == int(Phase.EXECUTED)))
    given.note("phase", state.phase(txn))
    given.claim("G1: executed", is_in(state, txn, Phase.EXECUTED))


def all_are_valid(given: Given) -> None:
    """Every read of an executed transaction is valid now."""
    state, txn, pool = at_the_end(given)
    given.assume(is_in(state, txn, Phase.EXECUTED))
    for read in pool.all("r"):
        given.claim("G2: valid", state.valid(txn, read))


def none_has_a_task(given: Given) -> None:
    """No worker executes, records, validates or aborts."""
    state, worker, pool = unknown_state(given), given.integer("any worker"), Pool()
    pool.add("w", worker)
    given.assume(state.done)
    assume_invariants(given, state, pool)
    busy = all_of(is_active(state.at(worker)), state.at(worker) >= int(Pc.TASK_EXECUTE))
    given.claim("no task", negation(all_of(busy, state.at(worker) < int(Pc.EXIT))))
