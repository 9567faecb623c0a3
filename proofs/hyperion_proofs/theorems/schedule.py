"""The schedule: who leads, how often, and how far priorities go.

What an election does is shown by running the model's own for up to four validators. What follows from it is shown for
any number, or up to 21, from just those facts: the bridge between the two is the first theorem.
"""

from collections.abc import Callable
from itertools import combinations
from typing import Any, Final

from hyperion.sequencer.parameters import HYPERION
from hyperion.sequencer.schedule import rotation
from hyperion.sequencer.schedule.invariants import harmonic_excess
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.proxies import all_of
from hyperion_proofs.mutant import in_place
from hyperion_proofs.solve import CVC5_INTEGERS, INTEGERS
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem

SOLVERS: Final = (INTEGERS, CVC5_INTEGERS)
MOST_RUN: Final = 4


def obligation(name: str, statement: Statement, fault: tuple[Callable[..., Any], str, str] | None = None) -> Obligation:
    """An obligation about integers, with a piece of the source of a function exchanged if a fault is given."""

    def seeded() -> tuple[Ideal, ...]:
        return () if fault is None else (in_place(*fault),)

    return Obligation(name, statement, SOLVERS, seeded, prune=False)


def some_priorities(given: Given, size: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Priorities that add up to zero, each above minus the total; and positive weights."""
    weights = tuple(given.integer(f"weight {index}", 1) for index in range(size))
    priorities = tuple(given.integer(f"priority {index}") for index in range(size))
    total = sum(weights)
    given.assume(sum(priorities) == 0)
    given.assume(all_of(*(priority > -total for priority in priorities)))
    return priorities, weights


# --- what an election does -------------------------------------------------------------------------------------------


def election_is_as_said(size: int) -> Statement:
    """All grow by their weights; one that is no lower than any pays the total, the first of those; nothing else."""

    def statement(given: Given) -> None:
        priorities, weights = some_priorities(given, size)
        chosen, after = rotation.elect(priorities, weights)
        grown = [priority + weight for priority, weight in zip(priorities, weights, strict=True)]
        given.note("leader", chosen)
        given.note("priorities after", after)
        for index in range(size):
            paid = sum(weights) if index == chosen else 0
            given.claim("grows by its weight, the leader pays", after[index] == grown[index] - paid)
            given.claim("nobody is higher", grown[chosen] >= grown[index])
            if index < chosen:
                given.claim("nobody earlier is as high", grown[chosen] > grown[index])
        given.claim("the sum stays zero", sum(after) == 0)
        given.claim("nobody owes a total", all_of(*(priority > -sum(weights) for priority in after)))

    return statement


def begins_at_zero(given: Given) -> None:
    """Zero priorities satisfy what is assumed."""
    total = given.integer("total", 1)
    given.claim("above minus the total", -total < 0)


def highest_is_no_less_than_average(given: Given) -> None:
    """Sums of so many that none is above the highest: one more of them keeps sum <= count * highest."""
    count, highest, partial, following = (given.integer(name) for name in ("count", "highest", "sum", "next"))
    given.assume(all_of(count >= 0, partial <= count * highest, following <= highest))
    given.claim("one more", partial + following <= (count + 1) * highest)


def leader_stays_above(strict: bool = True) -> Statement:
    """The highest of n that add up to the total P > 0 is positive, so it owes less than P when it has paid P."""

    def statement(given: Given) -> None:
        count, highest, total = given.integer("count", 1), given.integer("highest"), given.integer("total", 1)
        if strict:
            given.assume(total <= count * highest)
        other, weight = given.integer("another's priority"), given.integer("another's weight", 1)
        given.assume(other > -total)
        given.claim("the leader", highest - total > -total)
        given.claim("another", other + weight > -total)

    return statement


ELECTION: Final = Theorem(
    "SCHEDULE-election",
    "An election makes all grow by their weights, and the highest, the first among equals, pay the total: the sum of "
    "priorities stays zero, and nobody ever owes a whole total, for any number of validators.",
    ("SEQ-elect",),
    Kind.INDUCTION,
    (
        obligation("at first", begins_at_zero),
        *(obligation(f"run for {size}", election_is_as_said(size)) for size in range(1, MOST_RUN + 1)),
        obligation("any number: sums", highest_is_no_less_than_average),
        obligation("any number: step", leader_stays_above()),
    ),
    (
        Control(
            "the last among equals leads",
            obligation("run", election_is_as_said(3), (rotation.highest, "> priorities[best]", ">= priorities[best]")),
        ),
        Control(
            "the leader pays one less",
            obligation("run for 2", election_is_as_said(2), (rotation.elect, "- sum(weights)", "- sum(weights) + 1")),
        ),
        Control(
            "the second leads, not the highest",
            obligation("run for 3", election_is_as_said(3), (rotation.highest, "best = index", "best = 0")),
        ),
        Control("a leader that is not the highest", obligation("step", leader_stays_above(strict=False))),
    ),
    "weights are positive",
    argument="Run by the model for up to four validators; for more, its sums and its step follow from what is shown of "
    "the election, and the property tests hold the model to it for up to nine.",
    fast=True,
)  # fmt: skip


# --- fairness --------------------------------------------------------------------------------------------------------


def counts_follow(size: int) -> Statement:
    """A priority is elections times weight, less the total for each time that its owner led: an election keeps it."""

    def statement(given: Given) -> None:
        _, weights = some_priorities(given, size)
        total, elections = sum(weights), given.integer("elections", 0)
        led = tuple(given.integer(f"led {index}", 0) for index in range(size))
        before = tuple(elections * weight - total * count for weight, count in zip(weights, led, strict=True))
        chosen, after = rotation.elect(before, weights)
        for index in range(size):
            count = led[index] + (index == chosen)
            given.claim("still", after[index] == (elections + 1) * weights[index] - total * count)

    return statement


def period_is_fair(bounded: bool = True) -> Statement:
    """After P elections: who has led more often than its weight owes a total, which nobody does."""

    def statement(given: Given) -> None:
        total, weight, led = given.integer("total", 1), given.integer("weight", 1), given.integer("led", 0)
        priority = total * weight - total * led
        given.note("priority", priority)
        if bounded:
            given.assume(priority > -total)
        given.claim("led no more often than its weight", led <= weight)

    return statement


def sums_leave_nothing(given: Given) -> None:
    """Differences that are not negative and add up to zero are each zero."""
    one, rest = given.integer("weight - led", 0), given.integer("those of the others together", 0)
    given.assume(one + rest == 0)
    given.claim("exactly its weight", one == 0)


def prefix_is_fair(given: Given) -> None:
    """At any time somebody has led less than one time more than its share."""
    total, weight, led = given.integer("total", 1), given.integer("weight", 1), given.integer("led", 0)
    elections = given.integer("elections", 0)
    given.assume(elections * weight - total * led > -total)
    given.claim("led P < k w + P", led * total < elections * weight + total)


FAIR: Final = Theorem(
    "SCHEDULE-fair",
    "In a period of P elections, P the total weight, each leads exactly as often as its weight, and all priorities are "
    "zero again; after any k elections it has led less than k w / P + 1 times, for any number of validators.",
    ("SEQ-period", "SEQ-elect"),
    Kind.INDUCTION,
    (
        *(obligation(f"counts, run for {size}", counts_follow(size)) for size in (1, 2, 3)),
        obligation("no more than its weight", period_is_fair()),
        obligation("no less than its weight", sums_leave_nothing),
        obligation("at any time", prefix_is_fair),
    ),
    (
        Control(
            "the leader is set back to zero",
            obligation("counts", counts_follow(2), (rotation.elect, "grown[leader] - sum(weights)", "0")),
        ),
        Control("somebody may owe more than a total", obligation("no more", period_is_fair(bounded=False))),
    ),
    "weights are positive",
    argument="The differences of weight and times led are not negative, and add up to P - P = 0, so each is zero.",
    fast=True,
)  # fmt: skip


# --- how high, and how long to wait ----------------------------------------------------------------------------------


def bound_of(size: int, of: int, total: int) -> tuple[int, int]:
    """Numerator over denominator: the highest ``size`` of ``of`` together reach no more."""
    numerator, denominator = harmonic_excess(size, of)
    return size * total * numerator, denominator


def top_sums_stay_bounded(validators: int, highest: bool = True) -> Statement:
    """Any ``size`` priorities add up to no more than their bound: an election keeps it.

    With the leader: they grow by P at most, and it pays P. Without: they and the leader were bounded as one more, grew
    by P at most together, and none of them is above the leader.
    """

    def statement(given: Given) -> None:
        total = given.integer("total", 1)
        for size in range(1, validators + 1):
            bound, scale = bound_of(size, validators, total)
            before, growth = given.integer(f"sum of {size}"), given.integer(f"growth of {size}", 0)
            given.assume(all_of(before * scale <= bound, growth <= total))
            given.claim(f"{size} with the leader", (before + growth - total) * scale <= bound)
            if size == validators:
                continue
            wider, scale = bound_of(size + 1, validators, total)
            more, growth = given.integer(f"sum of {size} and the leader"), given.integer(f"their growth {size}", 0)
            chosen = given.integer(f"leader beside {size}")
            given.assume(all_of(more * scale <= wider, growth <= total))
            left = more + growth - chosen
            if highest:
                given.assume(left <= size * chosen)
            given.claim(f"{size} without the leader", left * scale <= bound)

    return statement


def top_sums_run(size: int) -> Statement:
    """The same of the model's election, for all subsets at once."""

    def within(priorities: tuple[int, ...], total: int) -> Any:
        conditions: list[bool] = []
        for count in range(1, size + 1):
            bound, scale = bound_of(count, size, total)
            conditions += [sum(some) * scale <= bound for some in combinations(priorities, count)]
        return all_of(*conditions)

    def statement(given: Given) -> None:
        priorities, weights = some_priorities(given, size)
        total = sum(weights)
        given.assume(within(priorities, total))
        _, after = rotation.elect(priorities, weights)
        given.note("priorities after", after)
        given.claim("all subsets stay bounded", within(after, total))

    return statement


def waits_no_longer(above: bool = True) -> Statement:
    """Who is above -P, and after k elections without leading no higher than P (H - 1), has k w < P H."""

    def statement(given: Given) -> None:
        numerator, denominator = harmonic_excess(0, HYPERION.most_seats)
        total, weight = given.integer("total", 1), given.integer("weight", 1)
        priority, gained = given.integer("priority"), given.integer("elections times weight", 0)
        if above:
            given.assume(priority > -total)
        given.assume((priority + gained) * denominator <= total * (numerator - denominator))
        given.claim("k w < P H", gained * denominator < total * numerator)
        given.claim("weight is positive", weight > 0)

    return statement


BOUNDED: Final = Theorem(
    "SCHEDULE-bounds",
    "With n validators, n up to 21, no priority exceeds P (H - 1), where H = 1 + 1/2 + … + 1/n; so priorities stay "
    "within P H of each other, and whoever has weight w leads at least once in any P H / w elections.",
    ("SEQ-elect",),
    Kind.BOUNDED,
    (
        *(obligation(f"run for {size}", top_sums_run(size)) for size in (1, 2, 3)),
        *(obligation(f"{n} validators", top_sums_stay_bounded(n)) for n in range(1, HYPERION.most_seats + 1)),
        obligation("waiting", waits_no_longer()),
    ),
    (
        Control(
            "the lowest leads",
            obligation("run for 2", top_sums_run(2), (rotation.highest, "> priorities[best]", "< priorities[best]")),
        ),
        Control("a leader that is not the highest", obligation("5", top_sums_stay_bounded(5, highest=False))),
        Control("somebody may owe more than a total", obligation("waiting", waits_no_longer(above=False))),
    ),
    "weights are positive; n is 21 at most, as in the preset",
    argument="At zero all sums are bounded. The sum of all n is zero, which is its bound; that of one is P (H - 1).",
)  # fmt: skip


THEOREMS: Final = (ELECTION, FAIR, BOUNDED)
