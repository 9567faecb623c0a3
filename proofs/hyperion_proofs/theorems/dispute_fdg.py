"""The fault dispute game: honest answers, clocks, resolution and bonds, one move of a game of any size at a time.

Clocks, folds and bonds are the model's own functions on unknown records. How an honest player answers is a strategy and
no rule of the game, so its theorems say which claims are right; where answers stand is the model's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import attrs

from hyperion.settlement.faultgame import bonds as bond_rules
from hyperion.settlement.faultgame.ancestry import neighbour
from hyperion.settlement.faultgame.clocks import elapsed, extended
from hyperion.settlement.faultgame.moves import unproved
from hyperion.settlement.faultgame.parameters import MAINNET, Parameters, extension_at, outlived
from hyperion.settlement.faultgame.position import Position, moved, trace_index
from hyperion.settlement.faultgame.resolution import gone_through
from hyperion.settlement.faultgame.types import Bonds, Checkpoint, Claim, Clock, Context, Machine, Mode, Request
from hyperion.settlement.rejection import Rejected
from hyperion.symbolic.proxies import all_of, any_of, implies, negation
from hyperion_proofs.dispute.silence import silent, with_fault
from hyperion_proofs.dispute.table import Shape, Table
from hyperion_proofs.dispute.world import nobody
from hyperion_proofs.mutant import mutant
from hyperion_proofs.solve import INTEGERS
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem

Function = Callable[..., Any]
OUTLIVED: Final = silent(outlived)


# --- clocks ----------------------------------------------------------------------------------------------------------


def any_clocks(given: Given) -> Parameters:
    """The deployed depths, with any times that the parameters' rule allows."""
    clock, extension = given.integer("clock", 1), given.integer("extension", 0)
    preimage = given.integer("preimage period", 0)
    given.assume(all_of(2 * extension <= clock, extension + preimage <= clock))
    return attrs.evolve(MAINNET, max_clock=clock, extension=extension, preimage_period=preimage)


def any_depth(given: Given) -> int:
    """A depth of each kind: before the split, before a step, and any other."""
    kinds = (MAINNET.split_depth - 1, MAINNET.max_depth - 1, 5)
    found = given.integer("kind of depth", 0, 2)
    return next((depth for place, depth in enumerate(kinds[:2]) if found == place), kinds[2])


def clocks_bound(extend: Function = extended, expires: bool = True) -> Statement:
    """A move keeps: the time since the game began is at most both sides' clocks and the extensions so far."""

    def statement(given: Given) -> None:
        rules = any_clocks(given)
        mine, other = given.integer("mine", 0), given.integer("other", 0)
        since, extensions = given.integer("since", 0), given.integer("extensions", 0)
        given.assume(all_of(mine < rules.max_clock, other < rules.max_clock, since <= mine + other + extensions))
        passed = given.integer("passed", 0)
        used = elapsed(mine, 0, passed, rules.max_clock)
        if expires:
            given.assume(used < rules.max_clock)
        found = extend(rules, used, any_depth(given))
        given.claim("the clock is not out", found < rules.max_clock + (0 if rules.extension > 0 else 1))
        given.claim("a clock is not negative", found >= 0)
        given.claim("no more is given than the extension", used - found <= extension_at(rules, any_depth(given)))
        given.claim("all time is on the clocks", since + passed <= found + other + extensions + (used - found))

    return statement


def resolvable_in_time(given: Given) -> None:
    """When both clocks are out, no more than both and the extensions have passed; and that stays so."""
    rules = any_clocks(given)
    mine, since, now = given.integer("mine", 0), given.integer("claim made", 0), given.integer("now", 0)
    later = given.integer("later", 0)
    given.assume(all_of(mine < rules.max_clock, since <= now))
    before, after = (elapsed(mine, since, now + more, rules.max_clock) for more in (0, later))
    given.claim("a clock that is out stays out", implies(before == rules.max_clock, after == rules.max_clock))
    given.claim("a clock does not go back", after >= before)
    out = now >= since + rules.max_clock
    given.claim("it is out after its length", implies(out, before == rules.max_clock))


def not_capped(given: Given) -> None:
    """The same of a clock without a limit."""
    rules = any_clocks(given)
    mine, since, now = given.integer("mine", 0), given.integer("claim made", 0), given.integer("now", 0)
    run = mutant(elapsed, "min(inherited + now - since, limit)", "inherited + now - since")
    before, after = (run(mine, since, now + more, rules.max_clock) for more in (0, given.integer("later", 0)))
    given.claim("a clock that is out stays out", implies(before == rules.max_clock, after == rules.max_clock))


def has_extension(extend: Function = extended) -> Statement:
    """After a move its side has at least the extension left."""

    def statement(given: Given) -> None:
        rules, used, depth = any_clocks(given), given.integer("used", 0), any_depth(given)
        given.assume(used < rules.max_clock)
        left = rules.max_clock - extend(rules, used, depth)
        given.claim("an extension", left >= rules.extension)
        if depth == MAINNET.max_depth - 1:
            given.claim("and the preimage period before a step", left >= rules.extension + rules.preimage_period)
        if depth == MAINNET.split_depth - 1:
            given.claim("twice before the split", left >= 2 * rules.extension)

    return statement


def outlives(function: Function = OUTLIVED) -> Statement:
    """Parameters that pass leave data available until the longest game's end."""

    def statement(given: Given) -> None:
        rules, lag = any_clocks(given), given.integer("lag", 0)
        retention = given.integer("retention", 0)
        if not function(rules, lag, retention):
            given.claim("outlived", rules.longest + rules.air_gap + lag < retention)
            given.claim("two clocks at least", rules.longest >= 2 * rules.max_clock)

    return statement


# --- honest answers --------------------------------------------------------------------------------------------------


def claim_beside(given: Given, claim: Position, answer: Position, offset: int) -> int:
    """Which claim speaks of the state beside the answer: the claim (0), or one beside it (-1, 1); by their places."""
    at = trace_index(neighbour(answer, offset), MAINNET.max_depth)
    for place in (-1, 0, 1):
        if at == trace_index(neighbour(claim, place), MAINNET.max_depth):
            return place
    given.claim("a claim is about the state beside the answer", False)
    return 0


def honest_path(
    rule: Callable[[bool], bool] = lambda correct: not correct, mover: str = "honest", of_right: bool = True
) -> Statement:
    """One answer: what is left of it is right, and what is right of it is right exactly if honest."""

    def statement(given: Given) -> None:
        left, honest_right, right = (given.truth(name) for name in ("left", "honest right", "right"))
        correct = given.truth("correct")
        given.assume(all_of(left, honest_right == right))
        if mover != "honest" and of_right:
            given.assume(correct)
        attacks = rule(correct) if mover == "honest" else bool(given.truth("attacks"))
        claim = Position(5, 2 * given.integer("half of the index", 1))
        answer = moved(claim, attacks)
        values = {-1: left, 0: correct, 1: right}
        honest = {0: mover != "honest", 1: honest_right}
        given.claim("what is left is right", values[claim_beside(given, claim, answer, -1)])
        beside = claim_beside(given, claim, answer, 1)
        given.claim("it is the claim, or right of it", beside >= 0)
        if beside >= 0:
            given.claim("what is right is right exactly if honest", values[beside] == honest[beside])

    return statement


def step_outcome(given: Given, function: Function, honest_leaf: bool) -> None:
    """The rule of the step, at the end of an honest path: the opponent's leaf falls, an honest one does not."""
    left, honest_right, right, correct = (given.truth(name) for name in ("left", "honest right", "right", "correct"))
    given.assume(all_of(left, honest_right == right))
    attacks = bool(given.truth("attacks"))
    if honest_leaf:
        given.assume(correct)
    else:
        given.assume(correct if not attacks else negation(correct))
    # Attack: from the right state on the left into the leaf. Defence: out of the leaf into what is right of it.
    is_real = all_of(left, correct) if attacks else all_of(correct, right)
    same = True if attacks else (not honest_right if not honest_leaf else honest_right)
    depth = 4
    leaf = Claim(0, cast(Any, 0), 0, b"leaf", Position(depth, 0), Clock(0, 0))
    after = Claim(0, cast(Any, 0), 0, b"after", Position(depth if same else depth - 1, 0), Clock(0, 0))
    reached = b"after" if is_real else b"other"
    machine = Machine(lambda state: b"0before", lambda state, proof, context: reached, lambda value, evidence: None)
    context = Context(b"", None, b"", Position(0, 0))
    event = cast(Any, attrs.make_class("Step", ["state", "proof"])(b"", None))
    refused = function((b"0before", after), leaf, event, machine, context)
    if honest_leaf:
        given.claim("no step counters an honest leaf", isinstance(refused, Rejected))
    else:
        given.claim("the honest step counters the leaf", refused is None)


def stepping(honest_leaf: bool, function: Function = unproved) -> Statement:
    """One side of it."""
    return lambda given: step_outcome(given, function, honest_leaf)


def lifts(every: bool = True) -> Statement:
    """If every answer to an honest claim has an honest answer that stands, the claim stands."""

    def statement(given: Given) -> None:
        best = Checkpoint()
        answers = 3
        for number in range(answers):
            honest_stands = True if every or number else bool(given.truth("an answer is left"))
            countered = cast(Any, given.integer(f"countered {number}", 0)) if honest_stands else None
            claim = Claim(
                0,
                cast(Any, given.integer(f"claimant {number}")),
                0,
                b"",
                position_of(given, number),
                Clock(0, 0),
                countered,
            )
            best = gone_through(best, claim)
        given.claim("it stands", best.countered_by is None)
        given.claim("all were gone through", best.cursor == answers)

    return statement


# --- resolution ------------------------------------------------------------------------------------------------------


def position_of(given: Given, number: int) -> Position:
    """A place on one depth."""
    return Position(7, given.integer(f"place {number}", 0, 2**7 - 1))


def leftmost(fold: Function = gone_through) -> Statement:
    """One answer more: the checkpoint has the leftmost of those that stand, the oldest at one place."""

    def statement(given: Given) -> None:
        there = bool(given.truth("one stands"))
        place, who = given.integer("best", 0), given.integer("who")
        before = Checkpoint(given.integer("cursor", 0), place if there else None, cast(Any, who) if there else None)
        countered = cast(Any, given.integer("countered by")) if given.truth("countered") else None
        claimant = cast(Any, given.integer("claimant"))
        answer = Claim(0, claimant, 0, b"", position_of(given, 0), Clock(0, 0), countered)
        after = fold(before, answer)
        new = answer.position.general
        given.claim("one further", after.cursor == before.cursor + 1)
        takes = countered is None and (not there or new < place)
        expected = (new, claimant) if takes else (before.leftmost, before.countered_by)
        for found, right in zip((after.leftmost, after.countered_by), expected, strict=True):
            given.claim(
                "the leftmost, the oldest", (found is None) == (right is None) and (found is None or found == right)
            )

    return statement


# --- bonds -----------------------------------------------------------------------------------------------------------

TALLY: Final = Shape("tally", {"amount": 0}, None)
REFUNDS: Final = Shape("refunds", {"amount": 0}, None)
REQUESTS: Final = Shape("request", {"amount": 0, "at": 0}, Request)


def any_bonds(given: Given) -> Any:
    """Any tallies of any number of players."""
    tables = [Table(given, shape, nobody) for shape in (TALLY, REFUNDS, REQUESTS)]
    normal, refund, requests = (cast(Any, table) for table in tables)
    return Bonds(given.integer("deposited", 0), given.integer("unresolved", 0), normal, refund, requests,
                 given.integer("paid", 0))  # fmt: skip


def total(table: Any) -> Any:
    """By how much the sum over all players has changed."""
    return table.change(lambda now, account: now.field(account, "amount"))


def bonds_balance(deposit: Function = bond_rules.deposited, distribute: Function = bond_rules.distributed) -> Statement:
    """A deposit is unresolved and refundable, a distribution credits what was unresolved; sums over all players."""

    def statement(given: Given) -> None:
        before, account, amount = any_bonds(given), given.integer("account"), given.integer("amount", 0)
        after = deposit(before, account, amount)
        given.claim(
            "deposited = unresolved + credited",
            after.deposited - before.deposited == after.unresolved - before.unresolved + total(after.normal),
        )
        given.claim("refunds are the deposits", total(after.refund) == after.deposited - before.deposited)
        after = distribute(before, account, amount)
        given.claim("each bond falls once", total(after.normal) == before.unresolved - after.unresolved)
        given.claim("refunds stay", total(after.refund) == 0)

    return statement


@attrs.frozen(eq=False)
class Paying:
    """As much of a game as asking for a credit reads."""

    bonds: Any
    mode: Mode
    now: Any


def one_tally(function: Function = bond_rules.asked) -> Statement:
    """Asking takes one tally and voids both, so nobody is paid by outcome and by refund."""

    def statement(given: Given) -> None:
        before, account = any_bonds(given), given.integer("account")
        mode = Mode.NORMAL if given.truth("normal") else Mode.REFUND
        after = function(Paying(before, mode, given.integer("now", 0)), account)
        if isinstance(after, Rejected):
            return
        tables = (before.normal, before.refund) if mode is Mode.NORMAL else (before.refund, before.normal)
        asked = after.bonds.requests.field(account, "amount")
        given.claim("what the mode gives", asked == tables[0].field(account, "amount"))
        given.claim(
            "both are void",
            all_of(*(table.field(account, "amount") == 0 for table in (after.bonds.normal, after.bonds.refund))),
        )
        other = given.integer("other")
        given.claim(
            "others keep theirs",
            any_of(
                other == account,
                all_of(
                    after.bonds.normal.field(other, "amount") == before.normal.field(other, "amount"),
                    after.bonds.refund.field(other, "amount") == before.refund.field(other, "amount"),
                ),
            ),
        )

    return statement


def obligation(name: str, statement: Statement) -> Obligation:
    """An obligation about the fault dispute game."""
    return Obligation(name, statement, (INTEGERS,), prune=False)


def theorem(
    id: str, statement: str, rules: tuple[str, ...], made: Statement, *faults: tuple[str, Statement],
    kind: Kind = Kind.INDUCTION,
) -> Theorem:  # fmt: skip
    """A theorem with one obligation; a fault is a weakening and the statement with it."""
    controls = tuple(Control(weakening, obligation(weakening, wrong)) for weakening, wrong in faults)
    return Theorem(id, statement, rules, kind, (obligation("all inputs", made),), controls, fast=True)


THEOREMS: Final = (
    theorem(
        "DIS-fdg-clocks-bound",
        "After any number of moves, the time since the game began is at most both clocks and the extensions given.",
        ("DIS-fdg-clock", "DIS-fdg-clock-extended"),
        clocks_bound(),
        ("a clock that is out may move", clocks_bound(expires=False)),
    ),
    theorem(
        "DIS-fdg-expired",
        "A clock runs out after its length and stays out, so a claim that can be settled gets no further answer.",
        ("DIS-fdg-clock", "DIS-fdg-resolve-claim"),
        resolvable_in_time,
        ("a clock without a limit", not_capped),
        kind=Kind.PATHS,
    ),
    theorem(
        "DIS-fdg-extension-left",
        "After a move its side has the extension left: twice before the split, and the preimage period before a step.",
        ("DIS-fdg-extension", "DIS-fdg-clock-extended", "DIS-fdg-parameters"),
        has_extension(),
        ("the clock is not set back", has_extension(lambda rules, used, depth: used)),
        kind=Kind.PATHS,
    ),
    theorem(
        "DIS-fdg-outlived",
        "Parameters that pass leave data available beyond the longest game, its air gap and the lag of the proposal.",
        ("DIS-fdg-data-outlive",),
        outlives(),
        ("the air gap is forgotten", outlives(with_fault(outlived, " + parameters.air_gap +", " +"))),
        kind=Kind.PATHS,
    ),
    theorem(
        "DIS-fdg-honest-answers",
        "An honest answer leaves a right claim to its left, and to its right a claim that is right exactly if honest.",
        ("DIS-fdg-attack", "DIS-fdg-defend"),
        honest_path(),
        ("right claims are attacked", honest_path(lambda correct: correct)),
    ),
    theorem(
        "DIS-fdg-any-answers",
        "Whatever is answered to a right claim, the same holds of it.",
        ("DIS-fdg-move",),
        honest_path(mover="any"),
        ("the claim that is answered may be wrong", honest_path(mover="any", of_right=False)),
    ),
    theorem(
        "DIS-fdg-step-succeeds",
        "At the end of an honest path the step against the opponent's leaf is accepted.",
        ("DIS-fdg-step", "DIS-fdg-step-parity"),
        stepping(honest_leaf=False),
        ("the parity is ignored", stepping(False, mutant(unproved, "is_same_side == is_true", "is_true"))),
    ),
    theorem(
        "DIS-fdg-step-fails",
        "No step is accepted against a right leaf at the end of an honest path.",
        ("DIS-fdg-step", "DIS-fdg-step-parity"),
        stepping(honest_leaf=True),
        (
            "the parity is turned",
            stepping(True, mutant(unproved, "is_same_side == is_true", "is_same_side != is_true")),
        ),
    ),
    theorem(
        "DIS-fdg-leftmost-fold",
        "Going through the answers in pages of any size finds the leftmost that stands, the oldest at one place.",
        ("DIS-fdg-leftmost", "DIS-fdg-pages"),
        leftmost(),
        ("the youngest at one place", leftmost(mutant(gone_through, "place < best", "place <= best"))),
    ),
    theorem(
        "DIS-fdg-lift",
        "A claim stands of which every answer is countered (three answers; DIS-fdg-leftmost-fold has any number).",
        ("DIS-fdg-settle", "DIS-fdg-leftmost"),
        lifts(),
        ("one answer is left uncountered", lifts(every=False)),
        kind=Kind.BOUNDED,
    ),
    theorem(
        "DIS-fdg-bonds-sum",
        "Deposits are unresolved or credited, each bond falls once, and refunds are the deposits: sums over any number "
        "of players.",
        ("DIS-fdg-deposit", "DIS-fdg-distribute"),
        bonds_balance(),
        (
            "a deposit is not refundable twice over",
            bonds_balance(mutant(bond_rules.deposited, "bonds.refund.get(account, 0) + amount", "amount")),
        ),
        (
            "a bond falls and stays",
            bonds_balance(distribute=mutant(bond_rules.distributed, "bonds.unresolved - amount", "bonds.unresolved")),
        ),
    ),
    theorem(
        "DIS-fdg-one-tally",
        "A player is credited by outcome or by refund, never both, and nobody else is touched.",
        ("DIS-fdg-mode", "DIS-fdg-credit"),
        one_tally(),
        (
            "the other tally stays",
            one_tally(mutant(bond_rules.asked, "refund=bonds.refund.set(account, 0)", "refund=bonds.refund")),
        ),
    ),
)
