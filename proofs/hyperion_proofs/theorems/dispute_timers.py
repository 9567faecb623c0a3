"""Unrivalled time: who has it, how it adds up on a path, and what that means for the truth and for lies.

Times are any integers; a path has any length, and is followed by one question more at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs

from hyperion.settlement.dispute import parameters as presets
from hyperion.settlement.dispute.moves import joined
from hyperion.settlement.dispute.parameters import Parameters, stake_violations
from hyperion.settlement.dispute.timers import credited, timer_by_children, timer_by_claim, unrivalled_time
from hyperion.settlement.dispute.types import INFINITE
from hyperion.settlement.finality import parameters as settlement
from hyperion.symbolic.proxies import all_of, implies
from hyperion_proofs.dispute.silence import silent, with_fault
from hyperion_proofs.dispute.world import any_parameters
from hyperion_proofs.mutant import mutant
from hyperion_proofs.solve import INTEGERS
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem

Function = Callable[..., Any]
SOLVERS: Final = (INTEGERS,)
STAKES: Final = silent(stake_violations)


def later_rivals(own: Function = unrivalled_time, join: Function = joined) -> Statement:
    """Of two edges for one question, the second has no unrivalled time, also if it came in the same block."""

    def statement(given: Given) -> None:
        one, other = given.integer("first"), given.integer("second")
        given.assume(one != other)
        first, second, now = given.integer("made", 0), given.integer("made next", 0), given.integer("now", 0)
        given.assume(all_of(first <= second, second <= now))
        rivalry = join(join(None, one, first), other, second)
        given.claim("the first", own(rivalry.first == one, first, rivalry.rivalled_at, now) == second - first)
        given.claim("the second", own(rivalry.first == other, second, rivalry.rivalled_at, now) == 0)
        third = join(rivalry, given.integer("third"), now)
        given.assume(now > second)
        given.claim("the third", own(False, now, third.rivalled_at, now) == 0)
        given.claim("a third changes nothing", third.rivalled_at == second)

    return statement


def path_bound(own: Function = unrivalled_time, after_rival: bool = True) -> Statement:
    """One question more on a way down: all unrivalled times together stay within the time since the contest."""

    def statement(given: Given) -> None:
        begin, upper, total = given.integer("contest", 0), given.integer("upper rivalled"), given.integer("total", 0)
        created, now = given.integer("created"), given.integer("now")
        rivalled = given.integer("rivalled") if given.truth("is rivalled") else None
        given.assume(all_of(begin <= upper, total <= upper - begin, created <= now))
        given.assume((upper if after_rival else begin) <= created)
        until = now if rivalled is None else rivalled
        given.assume(all_of(created <= until, until <= now))
        more = own(given.truth("is first"), created, rivalled, now)
        given.claim("within the time since the contest", total + more <= until - begin)

    return statement


def pulls_up(children: Function = timer_by_children, claim: Function = timer_by_claim) -> Statement:
    """What is credited never exceeds what stands below, and grows with it."""

    def statement(given: Given) -> None:
        own, lower, upper = (given.integer(name, 0, 2**63) for name in ("own", "lower", "upper"))
        more = given.integer("more", 0, 2**63)
        found = children(own, lower, upper)
        given.claim("within the lower half", found <= own + lower)
        given.claim("within the upper half", found <= own + upper)
        given.claim("grows with a half", children(own, lower + more, upper) >= found)
        given.claim("a proof counts infinitely", claim(own, INFINITE) == INFINITE)
        given.claim("grows with a claimant", claim(own, lower + more) >= claim(own, lower))
        given.claim("within the claimant", claim(own, lower) <= own + lower)

    return statement


def never_falls(credit: Function = credited) -> Statement:
    """A credit is at least what was there and what is earned, and one of them."""

    def statement(given: Given) -> None:
        before, earned = given.integer("before"), given.integer("earned")
        found = credit(before, earned)
        given.claim("no less than before", found >= before)
        given.claim("no less than earned", found >= earned)
        given.claim("no more than the larger", any((found == before, found == earned)))

    return statement


def truth_gains(children: Function = timer_by_children, claim: Function = timer_by_claim) -> Statement:
    """A true edge whose halves have what they should has what it should: all time since the contest but the lateness.

    ``above`` is the unrivalled time of true edges above, so a half has the edge's own time above it besides.
    """

    def statement(given: Given) -> None:
        since, late, above = given.integer("since", 0, 2**62), given.integer("late", 0), given.integer("above", 0)
        own, lower, upper = (given.integer(name, 0) for name in ("own", "lower", "upper"))
        due = since - late - above
        given.assume(all_of(lower >= due - own, upper >= due - own))
        given.claim("by halves", children(own, lower, upper) >= due)
        given.claim("by a claimant", claim(own, lower) >= due)
        given.claim("by a proof", claim(own, INFINITE) >= due)

    return statement


def three_levels(given: Given) -> Parameters:
    """Any times, and three levels of any heights."""
    heights = [given.integer(f"height of level {number}", 0) for number in range(3)]
    levels = tuple(presets.Level(height, 0, 0, True) for height in heights)
    return attrs.evolve(any_parameters(given), levels=levels)


def thresholds(tight: bool = True) -> Statement:
    """The time on a path is the truth's, a lie's, or late; so a lie has less than T, and the truth T by T + late."""

    def statement(given: Given) -> None:
        rules, since = three_levels(given), given.integer("since", 0)
        honest, lie = given.integer("honest", 0), given.integer("lie", 0)
        given.assume(all_of(honest + lie <= since, honest >= since - rules.late))
        if tight:
            given.assume(rules.late < rules.threshold)
        given.claim("a lie has less than T", lie < rules.threshold)
        given.claim("the truth has T in time", implies(since >= rules.longest, honest >= rules.threshold))

    return statement


def late_moves(budget: bool = True) -> Statement:
    """One move or update more: late by no more than what was censored, and a reaction and a slot for each."""

    def statement(given: Given) -> None:
        rules = three_levels(given)
        done, late, censored = given.integer("moves", 0), given.integer("late", 0), given.integer("censored", 0)
        each = rules.reaction + rules.slot
        given.assume(all_of(late <= censored + done * each, censored <= rules.censorship))
        delay, kept = given.integer("delay", 0), given.integer("kept out", 0)
        given.assume(delay <= each + kept)
        if budget:
            given.assume(censored + kept <= rules.censorship)
        left = rules.moves + rules.updates - done - 1
        given.assume(left >= 0)
        given.claim("one move more", late + delay <= censored + kept + (done + 1) * each)
        given.lemma("the rest takes time", left * each >= 0)
        given.claim("within the lateness", late + delay <= rules.late)

    return statement


def stakes_cover(function: Function = STAKES) -> Statement:
    """One lie more at a level costs the liar its stake and honest players no more than the ratio's part of it."""

    def statement(given: Given) -> None:
        height, stake = choice_of_height(given), given.integer("stake", 0)
        level = presets.Level(height, stake, given.integer("reimbursement", 0), True)
        rules = attrs.evolve(any_parameters(given), levels=(level,))
        spent_before, lost_before = given.integer("spent", 0), given.integer("lost", 0)
        given.assume(100 * lost_before >= rules.resource_ratio * spent_before)
        if function(rules, 0):
            return
        for name, each in (("cost", rules.cost_of_move), ("reimbursement", level.reimbursement)):
            spent = (2 * height + 2) * each
            given.claim(name, 100 * (lost_before + stake) >= rules.resource_ratio * (spent_before + spent))

    return statement


def choice_of_height(given: Given) -> int:
    """Heights of the presets and others."""
    found = given.integer("which height", 0, 3)
    return next((height for place, height in enumerate((16, 20, 26)) if found == place), 0)


def presets_hold(game: Parameters = presets.DEFAULT) -> Statement:
    """The preset's inequalities, by the model's own functions."""

    def statement(given: Given) -> None:
        given.integer("nothing is unknown")
        whole = attrs.evolve(settlement.DEFAULT, game=game)
        given.claim("the game's", presets.violations(game) == ())
        given.claim("settlement's", settlement.violations(whole) == ())
        given.claim("threshold above lateness", game.threshold > game.late)
        longest = game.threshold + game.late + whole.air_gap + whole.proposal_lag
        given.claim("data outlive the contest", longest < whole.data_retention)

    return statement


def obligation(name: str, statement: Statement) -> Obligation:
    """An obligation about times."""
    return Obligation(name, statement, SOLVERS, prune=False)


def theorem(
    id: str, statement: str, rules: tuple[str, ...], kind: Kind, made: Statement, *faults: tuple[str, Statement]
) -> Theorem:
    """A theorem with one obligation; a fault is a weakening and the statement with it."""
    controls = tuple(Control(weakening, obligation(weakening, wrong)) for weakening, wrong in faults)
    return Theorem(id, statement, rules, kind, (obligation("all inputs", made),), controls, fast=True)


THEOREMS: Final = (
    theorem(
        "DIS-later-rivals",
        "Only the first of rivals has unrivalled time, until the second comes, in the same block too; a third changes "
        "nothing.",
        ("DIS-rivals", "DIS-unrivalled-time"),
        Kind.PATHS,
        later_rivals(),
        ("any rival has unrivalled time", later_rivals(mutant(unrivalled_time, "not is_first", "False"))),
        ("a third rival ends the time anew", later_rivals(join=mutant(joined, "rivalry.rivalled_at is None", "True"))),
    ),
    theorem(
        "DIS-path-bound",
        "The unrivalled times on a way down of any length are together at most the time since the contest began, if no "
        "edge is older than what ended the time of the one above (DIS-path-order).",
        ("DIS-unrivalled-time", "DIS-bisect"),
        Kind.INDUCTION,
        path_bound(),
        ("edges are cut before they are rivalled", path_bound(after_rival=False)),
    ),
    theorem(
        "DIS-timers-below",
        "A timer is at most its own time and that of either half, or of the claimant; it grows with theirs, and a "
        "proof counts infinitely.",
        ("DIS-timer-by-children", "DIS-timer-by-claim"),
        Kind.PATHS,
        pulls_up(),
        ("the older half counts", pulls_up(mutant(timer_by_children, "min(lower, upper)", "max(lower, upper)"))),
        ("both halves count", pulls_up(mutant(timer_by_children, "min(lower, upper)", "(lower + upper)"))),
    ),
    theorem(
        "DIS-credit-larger",
        "A credit is the larger of what was there and what is earned.",
        ("DIS-timer-monotone",),
        Kind.PATHS,
        never_falls(),
        ("the smaller counts", never_falls(mutant(credited, "max(", "min("))),
    ),
    theorem(
        "DIS-truth-gains",
        "A true edge is credited all the time since the contest but what is late and what true edges above it have, if "
        "its halves or the edge that stands for it are: by induction from the steps up, for any height and levels.",
        ("DIS-timer-by-children", "DIS-timer-by-claim"),
        Kind.INDUCTION,
        truth_gains(),
        ("a half's time replaces the edge's own", truth_gains(mutant(timer_by_children, "own + ", ""))),
    ),
    theorem(
        "DIS-threshold",
        "If the truth stands for all but the lateness, and the lateness is below T, no lie has T, and the truth has T "
        "when T and the lateness have passed.",
        ("DIS-parameters", "DIS-confirm-by-time"),
        Kind.PATHS,
        thresholds(),
        ("the lateness is not below T", thresholds(tight=False)),
    ),
    theorem(
        "DIS-late",
        "An honest player who answers each move within a reaction and a slot, but for what is censored, is late by no "
        "more than the lateness of the parameters (three levels of any heights).",
        ("DIS-parameters",),
        Kind.INDUCTION,
        late_moves(),
        ("censorship is without a budget", late_moves(budget=False)),
    ),
    theorem(
        "DIS-cost-ratio",
        "However many lies are told, what they cost their tellers in stakes is at least the ratio's part of what "
        "honest players spend on them (heights 0, 16, 20, 26).",
        ("DIS-stake-covers-cost",),
        Kind.INDUCTION,
        stakes_cover(),
        (
            "only one edge of each cut is counted",
            stakes_cover(with_fault(stake_violations, "2 * level.height + 2", "level.height")),
        ),
    ),
    theorem(
        "DIS-preset",
        "The preset satisfies every inequality: threshold above lateness, stakes above costs, and data on the L1 "
        "outlive the longest contest, the air gap and the lag of proposals.",
        ("DIS-parameters", "DIS-settlement-parameters", "DIS-stake-covers-cost"),
        Kind.BOUNDED,
        presets_hold(),
        (
            "a level of a hundred heights more",
            presets_hold(
                attrs.evolve(
                    presets.DEFAULT,
                    levels=(attrs.evolve(presets.DEFAULT.levels[0], height=120), *presets.DEFAULT.levels[1:]),
                )
            ),
        ),
    ),
)
