"""The stake: money is conserved, nobody escapes, whoever forks pays all, whoever is honest pays nothing."""

from collections.abc import Callable
from typing import Any, Final

import attrs
from immutables import Map

from hyperion.sequencer.parameters import Parameters, Unsafe, violated
from hyperion.sequencer.stake import rules, slashing
from hyperion.sequencer.stake.invariants import conserved
from hyperion.sequencer.stake.types import (
    Account,
    Accuse,
    Bond,
    Claim,
    Deposit,
    EndEpoch,
    Event,
    Evidence,
    Exit,
    Fees,
    Refused,
    Reward,
    Seat,
    Set,
    Stake,
    Statement,
    Unbond,
    Unjail,
    Withdraw,
)
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.proxies import all_of, any_of, implies, negation
from hyperion_proofs.mutant import in_place, mutant
from hyperion_proofs.solve import CVC5_INTEGERS, INTEGERS
from hyperion_proofs.statement import Given
from hyperion_proofs.statement import Statement as Claimed
from hyperion_proofs.theorem import Assumption, Control, Kind, Obligation, Theorem

SOLVERS: Final = (INTEGERS, CVC5_INTEGERS)
FIGURES: Final = Parameters(
    least_bond=100, most_seats=3, unbonding=100, evidence_age=60, inclusion=10, correlation_window=200,
    downtime_burn=10, downtime_jail=20,
)  # fmt: skip
A, B, C = (bytes([letter]) * 20 for letter in b"\x0a\x0b\x0c")
AUTHENTIC: Final = Assumption("authentic-statements", "A statement that names a validator was signed by it.")


def of_rules(function: Callable[..., Any], old: str, new: str) -> Ideal:
    """A fault in a function that the transition has imported, where the transition looks for it."""
    return Ideal(rules, function.__name__, mutant(function, old, new), "seeded fault")


def obligation(
    name: str, statement: Claimed, *faults: tuple[Callable[..., Any], str, str], prune: bool = True
) -> Obligation:
    """An obligation about integers, with pieces of the source of functions exchanged if faults are given."""

    def seeded() -> tuple[Ideal, ...]:
        return tuple(of_rules(*fault) if hasattr(rules, fault[0].__name__) else in_place(*fault) for fault in faults)

    return Obligation(name, statement, SOLVERS, seeded, prune=prune)


# --- a small world ---------------------------------------------------------------------------------------------------


def some_state(given: Given) -> Stake:
    """A and B have seats in the running epoch; A has two exits, one of them released; all amounts are unknown."""
    names = ("free", "bonded", "leaving", "released")
    amounts = {name: given.integer(f"A {name}", 1) for name in names}
    exits = (Exit(amounts["released"], 3, 900), Exit(amounts["leaving"], 5))
    first = Account(amounts["free"], amounts["bonded"], exits)
    second = Account(given.integer("B free", 0), given.integer("B bonded", 100))
    pool, burned, withdrawn = (given.integer(name, 0) for name in ("pool", "burned", "withdrawn"))
    received = first.held + second.held + pool + burned + withdrawn
    seats = (Seat(A, given.integer("A weight", 100)), Seat(B, given.integer("B weight", 100)))
    sets = Map({5: Set(5, seats), 6: Set(6, seats)})
    return Stake(1_000, 5, Map({A: first, B: second}), sets, Map(), pool, received, withdrawn, burned)


def evidence_against(offender: bytes) -> Accuse:
    """Two precommits of one place."""
    one, other = (Statement(7, 0, "precommit", value) for value in (b"x", b"y"))
    return Accuse(Evidence(offender, 5, one, other))


EVENTS: Final[dict[str, Callable[[int], Event]]] = {
    "deposit": lambda amount: Deposit(C, amount),
    "bond": lambda amount: Bond(A, amount),
    "unbond": lambda amount: Unbond(A, amount),
    "claim": lambda amount: Claim(A),
    "withdraw": lambda amount: Withdraw(A, amount),
    "unjail": lambda amount: Unjail(A),
    "accusation": lambda amount: evidence_against(A),
    "fees": lambda amount: Fees(B, amount),
    "reward": Reward,
}


def step_conserves(event: Callable[[int], Event]) -> Claimed:
    """What is held, burned and withdrawn afterwards adds up to what was received; nothing of it is negative."""

    def statement(given: Given) -> None:
        state, amount = some_state(given), given.integer("amount")
        after = rules.step(FIGURES, state, 1_000, event(amount))
        if isinstance(after, Refused):
            return
        given.claim("conserved", conserved(after))
        for account in after.accounts.values():
            parts = (account.free, account.bonded, *(part.amount for part in account.exits))
            given.claim("not negative", all_of(*(part >= 0 for part in parts)))
        given.claim("burned never less", after.burned >= state.burned)

    return statement


def shares_conserve(given: Given) -> None:
    """A share is no more than what is there in proportion, so the shares of all are no more than the pool."""
    pool, one, other = given.integer("pool", 0), given.integer("one", 1), given.integer("other", 1)
    sets = Set(5, (Seat(A, one), Seat(B, other)))
    state = Stake(0, 5, Map({A: Account(), B: Account()}), Map({5: sets}), Map(), pool, pool, 0, 0)
    after = rules.shared(state, sets)
    given.note("left", after.pool)
    given.claim("conserved", conserved(after))
    given.claim("the pool is not overdrawn", after.pool >= 0)


CONSERVED: Final = Theorem(
    "STAKE-conserved",
    "Every event keeps free + bonded + leaving + pool + withdrawn + burned = received, no amount turns negative, and "
    "what is burned never returns, whatever the amounts of two validators.",
    (
        "SEQ-stake-deposit", "SEQ-stake-bond", "SEQ-stake-unbond", "SEQ-stake-withdraw", "SEQ-stake-reward",
        "SEQ-slash-order",
    ),
    Kind.INDUCTION,
    (
        *(obligation(name, step_conserves(event)) for name, event in EVENTS.items()),
        obligation("rewards are shared", shares_conserve),
    ),
    (
        Control(
            "what is withdrawn stays free",
            obligation(
                "withdraw", step_conserves(EVENTS["withdraw"]),
                (rules.withdraw, "account.free - event.amount", "account.free"),
            ),
        ),
        Control(
            "more is unbonded than there is",
            obligation(
                "unbond", step_conserves(EVENTS["unbond"]),
                (rules.too_small, "bonded == 0", "bonded <= 0"), (rules.short_of, "amount > available", "False"),
            ),
        ),
        Control(
            "shares rounded up",
            obligation(
                "shared", shares_conserve,
                (rules.shared, "state.pool * seat.stake // ended.total", "-(-state.pool * seat.stake // ended.total)"),
            ),
        ),
    ),
    "two accounts with seats, one of them with two exits, and an outsider; of the end of an epoch only the sharing of "
    "rewards is run here, the rest is tested",
)  # fmt: skip


# --- no escape -------------------------------------------------------------------------------------------------------


def nothing_is_paid_early(given: Given) -> None:
    """An exit with weight in an epoch is not paid as long as evidence about that epoch is judged.

    The parameters are any that the model makes: others are refused by its own check, which is an allowed outcome.
    """
    names = ("unbonding", "evidence_age", "inclusion", "correlation_window")
    unbonding, age, inclusion, window = (given.integer(name) for name in names)
    figures = Parameters(unbonding=unbonding, evidence_age=age, inclusion=inclusion, correlation_window=window)
    ended = given.integer("end of the epoch of the offence", 0)
    last = ended + given.integer("until the last epoch of weight ended", 0)
    account = Account(exits=(Exit(given.integer("amount", 1), 9),))
    part = rules.stamped(figures, account, 9, last).exits[0]
    time = given.integer("now", 0)
    given.note("released", part.release)
    given.claim("not both", negation(all_of(rules.released(part, time), slashing.in_time(figures, ended, time))))


def weight_stays_here(event: Callable[[int], Event]) -> Claimed:
    """Bond, exits with weight in an epoch, and what an offence has cost are together no less than the weight in it.

    So long as nothing of it is released, which is the other obligation.
    """

    def kept(state: Stake, epoch: int) -> int:
        account = state.accounts[A]
        exits = sum(part.amount for part in account.exits if part.last_epoch >= epoch)
        return account.bonded + exits + state.burned

    def statement(given: Given) -> None:
        state, amount = some_state(given), given.integer("amount")
        after = rules.step(FIGURES, state, 1_000, event(amount))
        if isinstance(after, Refused):
            return
        for epoch in (5, 6):
            weight = state.sets[epoch].stake_of(A)
            given.claim(f"weight of epoch {epoch}", implies(kept(state, epoch) >= weight, kept(after, epoch) >= weight))

    return statement


def parameters_checked(name: str, *faults: tuple[Callable[..., Any], str, str]) -> Obligation:
    """The first obligation; parameters that the model refuses are an allowed outcome."""
    return attrs.evolve(obligation(name, nothing_is_paid_early, *faults), raises=(Unsafe,))


STAYING: Final = ("bond", "unbond", "claim", "withdraw", "accusation")
NO_ESCAPE: Final = Theorem(
    "STAKE-no-escape",
    "As long as evidence about an epoch is judged, the stake that had weight in it is bonded, leaving and unpaid, or "
    "burned: for all parameters that can be made, and however long epochs last.",
    ("SEQ-stake-unbond", "SEQ-stake-release", "SEQ-evidence-age", "SEQ-stake-parameters"),
    Kind.INDUCTION,
    (
        parameters_checked("paid only when it is too late for evidence"),
        *(obligation(name, weight_stays_here(EVENTS[name])) for name in STAYING),
    ),
    (
        Control(
            "unbonding may be as short as evidence age and inclusion",
            parameters_checked("paid", (violated, "found[1] <= found[2]", "found[1] < found[2]")),
        ),
        Control(
            "inclusion time is forgotten in the inequality",
            parameters_checked("paid", (violated, "figures.evidence_age + figures.inclusion", "figures.evidence_age")),
        ),
        Control(
            "stake loses its weight at the end of the running epoch",
            obligation(
                "unbond", weight_stays_here(EVENTS["unbond"]), (rules.unbond, "state.epoch + 1", "state.epoch")
            ),
        ),
    ),
    "the validator has two exits, one of them released, and any amounts",
    argument="Weight is bonded when a set is fixed; each event keeps it here; and what has weight is not paid in time.",
)  # fmt: skip


# --- penalties -------------------------------------------------------------------------------------------------------


def more_together_is_dearer(given: Given) -> None:
    """A greater misbehaving stake costs each no less; never more than all, never less than the least share."""
    stake, total = given.integer("stake", 1), given.integer("total", 1)
    together = given.integer("together", 1)
    more = together + given.integer("more", 0)
    factor = FIGURES.correlation_factor
    given.lemma("products", stake * factor * together <= stake * factor * more)
    one, other = (slashing.penalty(FIGURES, stake, amount, total) for amount in (together, more))
    given.note("penalties", (one, other))
    given.claim("dearer", one <= other)
    given.claim("at most all", other <= stake)
    given.claim("at least something", one >= 1)


def a_fork_costs_all(given: Given) -> None:
    """Where a third of the stake or more misbehaves together, each of them loses all."""
    stake, total, together = given.integer("stake", 1), given.integer("total", 1), given.integer("together", 1)
    given.assume(3 * together >= total)
    given.lemma("products", stake * 3 * together >= stake * total)
    given.claim("all", slashing.penalty(FIGURES, stake, together, total) == stake)


PENALTY: Final = Theorem(
    "STAKE-penalty",
    "The penalty never falls when more stake misbehaves together; where that is a third of the weight or more, it is "
    "all that each of them had.",
    ("SEQ-slash-penalty",),
    Kind.PATHS,
    (obligation("monotone", more_together_is_dearer), obligation("a fork", a_fork_costs_all)),
    (
        Control(
            "a factor of 2",
            obligation("a fork", a_fork_costs_all, (slashing.penalty, "figures.correlation_factor", "2")),
        ),
        Control(
            "the offender itself is not counted",
            obligation("a fork", a_fork_costs_all, (slashing.penalty, "* together //", "* (together - stake) //")),
        ),
        Control(
            "the others' share lowers the price",
            obligation("monotone", more_together_is_dearer, (slashing.penalty, "* together // total", "// together")),
        ),
    ),
    "stakes and weights are any positive integers; the shares are those of the preset",
)  # fmt: skip


# --- the honest ------------------------------------------------------------------------------------------------------


def honest_pays_nothing(given: Given) -> None:
    """Evidence against one who signed at most one value for each place is refused."""
    state = some_state(given)
    heights, rounds = (tuple(given.integer(f"{name} {half}", 0) for half in (1, 2)) for name in ("height", "round"))
    for values in ((b"x", b"x"), (b"x", b"y"), (b"x", None)):
        if values[0] != values[1]:
            given.assume(any_of(heights[0] != heights[1], rounds[0] != rounds[1]))
        halves = [Statement(heights[half], rounds[half], "precommit", values[half]) for half in (0, 1)]
        after = rules.step(FIGURES, state, 1_000, Accuse(Evidence(B, 5, *halves)))
        given.claim("refused", isinstance(after, Refused))


def another_pays(given: Given) -> None:
    """Evidence against one validator changes nothing of another that has not been judged itself."""
    state = some_state(given)
    after = rules.step(FIGURES, state, 1_000, evidence_against(A))
    given.claim("judged", not isinstance(after, Refused))
    if isinstance(after, Stake):
        given.claim("free", after.accounts[B].free == state.accounts[B].free)
        given.claim("bonded", after.accounts[B].bonded == state.accounts[B].bonded)


def judged_once(given: Given) -> None:
    """After an offence, no evidence about the same validator is judged."""
    state = some_state(given)
    after = rules.step(FIGURES, state, 1_000, evidence_against(A))
    if isinstance(after, Refused):
        given.claim("judged", False)
        return
    height, time = given.integer("height", 0), given.integer("later", 1_000)
    pairs = ((b"x", b"y"), (b"y", b"x"))
    for pair in pairs:
        halves = [Statement(height, 0, "precommit", value) for value in pair]
        again = rules.step(FIGURES, after, time, Accuse(Evidence(A, 5, *halves)))
        given.claim("refused", isinstance(again, Refused))


HONEST: Final = Theorem(
    "STAKE-honest",
    "No evidence costs a validator anything that has signed at most one value for each height, round and kind; and "
    "none costs anyone a second time.",
    ("SEQ-evidence-conflict", "SEQ-evidence-once"),
    Kind.PATHS,
    (
        obligation("honest", honest_pays_nothing, prune=False),
        obligation("another", another_pays),
        obligation("once", judged_once),
    ),
    (
        Control(
            "statements of different rounds conflict",
            obligation(
                "honest", honest_pays_nothing,
                (slashing.conflicts, "one.round, one.kind) == (other.height, other.round", "one.kind) == (other.height")
            ),
        ),
        Control("nobody remembers", obligation("once", judged_once, (rules.accuse, "known is not None", "False"))),
    ),
    "two validators, any amounts, heights, rounds and times",
    (AUTHENTIC,),
)  # fmt: skip


# --- sets ------------------------------------------------------------------------------------------------------------


def sets_never_change(event: Callable[[int], Event]) -> Claimed:
    """The seats of the running epoch and of the next are after any event what they were before it."""

    def statement(given: Given) -> None:
        state, amount = some_state(given), given.integer("amount")
        after = rules.step(FIGURES, state, 1_000, event(amount))
        if isinstance(after, Refused):
            return
        for epoch in (5, 6):
            given.claim(f"epoch {epoch}", after.sets[epoch].seats is state.sets[epoch].seats)

    return statement


IMMUTABLE: Final = Theorem(
    "STAKE-sets-immutable",
    "No event, the end of the epoch included, changes a set that is fixed: past leaders stay who they were.",
    ("SEQ-set-fixed",),
    Kind.PATHS,
    (
        *(obligation(name, sets_never_change(event)) for name, event in EVENTS.items()),
        obligation("end of the epoch", sets_never_change(lambda amount: EndEpoch(10))),
    ),
    (
        Control(
            "the end of an epoch fixes the next set anew",
            obligation(
                "end", sets_never_change(lambda amount: EndEpoch(10)),
                (rules.end_epoch, "state.epoch + 2: following", "state.epoch + 1: following"),
            ),
        ),
    ),
    "two validators with any amounts",
)  # fmt: skip

THEOREMS: Final = (CONSERVED, NO_ESCAPE, PENALTY, HONEST, IMMUTABLE)
