"""No lie wins: what honest answers in time imply, by induction over the events of the edge game.

A lie is an edge that begins in the true history and does not end in it. ``wasted`` is the time for which lies were
first and unrivalled on the way down to a question, from the contest on: it is fixed when the question arises, since all
that is above it is rivalled by then. The hypothesis on honest play is that on no way down it exceeds the lateness.
"""

from typing import Any, Final

from hyperion.settlement.dispute import confirmation, timers
from hyperion.symbolic.proxies import all_of, implies, negation, where
from hyperion_proofs.dispute.histories import AGREES, HISTORIES, NAMES, REFINED, Histories
from hyperion_proofs.dispute.invariants import INVARIANTS, View, contest, is_lie, of_contest, whole_of
from hyperion_proofs.dispute.keeping import SOLVERS, keeps
from hyperion_proofs.dispute.play import MAKERS, Played
from hyperion_proofs.dispute.silence import seeded
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.theorem import Assumption, Control, Kind, Obligation, Theorem

HONEST: Final = Assumption(
    "A-honest-in-time",
    "On each way down from the contest, lies are first and unrivalled for no longer than the parameters' lateness "
    "(DIS-late says why an honest player sees to that), and the lateness is below the threshold.",
)


UNUSED: Final = ("staked", "paid_back", "one_winner")
NEEDED: Final = tuple(invariant for invariant in INVARIANTS if invariant.name not in UNUSED)
"""Stakes and winners have nothing to do with it; the fewer hypotheses, the quicker."""


def wasted(v: View, mutual: Any) -> Any:
    """The unrivalled time of lies above a question."""
    return v.given.result("wasted", (mutual,), 0)


def own_waste(v: View, mutual: Any) -> Any:
    """The unrivalled time of the first of rivals, if it is a lie."""
    first = v.rivals(mutual, "first")
    until = where(v.rivals(mutual, "rivalled"), v.rivals(mutual, "rivalled_at"), v.now)
    return where(is_lie(v, first), until - v.edge(first, "created"), 0)


def contest_waste(v: View) -> Any:
    """The same of the contest: the first assertion is false."""
    false = negation(v.claim(contest(v, "first"), "state") == v.given.integer("true state"))
    until = where(contest(v, "rivalled"), contest(v, "rivalled_at"), v.now)
    return where(all_of(contest(v, "has"), false), until - v.claim(contest(v, "first"), "created"), 0)


def know(v: View, key: Any, late: Any) -> None:
    """What the truth is about an edge, what is wasted above it, and that no more than the lateness is."""
    given, h = v.given, Histories(v.given)
    level, origin = v.edge(key, "level"), v.edge(key, "origin")
    start, end, mutual = v.edge(key, "start_height"), v.edge(key, "end_height"), v.edge(key, "mutual")
    given.assume(h.beginning(h.true(origin, end), end, start) == h.true(origin, start))
    whole = whole_of(v, key)
    above = where(of_contest(v, key), contest_waste(v), wasted(v, whole) + own_waste(v, whole))
    given.assume(wasted(v, mutual) == above)
    given.assume(implies(is_lie(v, v.rivals(mutual, "first")), wasted(v, mutual) + own_waste(v, mutual) <= late))
    given.assume(implies(v.edge(key, "start_root") == h.true(origin, start), wasted(v, mutual) <= late))
    know_level(v, key, level, origin)


def know_level(v: View, key: Any, level: Any, origin: Any) -> None:
    """Where a level's true history begins and ends: the contest's, or that of a step that begins in the truth."""
    given, h = v.given, Histories(v.given)
    claim, steps = v.edge(key, "claim"), v.level(level, "steps")
    truth = given.integer("true state")
    opens = v.edge(key, "opens")
    ends = h.last(h.true(origin, steps), steps)
    begins = h.true(origin, 0)
    top = all_of(begins == h.single(h.enter(0, v.game.start)), ends == h.leave(0, truth))
    given.assume(implies(of_contest(v, key), top))
    before = h.last(v.edge(claim, "start_root"), v.edge(claim, "start_height"))
    after = h.next(level - 1, before)
    below = all_of(begins == h.single(h.enter(level, before)), ends == h.leave(level, after))
    # A step that does not begin in the truth has no true history below: nothing is a lie there, for nobody answers.
    begun = v.edge(claim, "start_root") == h.true(v.edge(claim, "origin"), v.edge(claim, "start_height"))
    given.assume(implies(all_of(opens, level > 0, begun), below))


def know_step(v: View, key: Any) -> None:
    """A step is true exactly if it ends in the state after a true step."""
    h, at = Histories(v.given), v.edge(key, "start_height")
    h.know_step(v.edge(key, "level"), v.edge(key, "origin"), v.edge(key, "end_root"), at)


def harmless(v: View, key: Any, late: Any) -> Any:
    """A lie is not confirmed, and with what is wasted above it has no more time than the lateness."""
    short = v.edge(key, "timer") + wasted(v, v.edge(key, "mutual")) <= late
    return implies(all_of(v.edge(key, "has"), is_lie(v, key)), all_of(negation(v.edge(key, "confirmed")), short))


def relevant(play: Played, view: View) -> tuple[Any, ...]:
    """Edges that the event is about."""
    keys = [getattr(play.event, name) for name in ("edge", "claimant") if hasattr(play.event, name)]
    halves = [view.edge(keys[0], half) for half in ("lower", "upper")] if keys else []
    return (*keys, *halves)


def expect_truth(given: Given, play: Played, late: Any) -> None:
    """The assertion that is decided for is true; the decision changes no edge (DIS-structure)."""
    before, after, root = View(given, play.before), View(given, play.after), play.event.edge
    given.assume(implies(before.edge(root, "has"), harmless(before, root, late)))
    given.assume(harmless_halves(before, root, late))
    know(after, root, late)
    know(after, before.edge(root, "lower"), late)
    know(after, before.edge(root, "upper"), late)
    given.claim("the winner is true", before.claim(play.after.winner, "state") == given.integer("true state"))


def harmless_halves(v: View, key: Any, late: Any) -> Any:
    """Both halves are harmless, if they are there."""
    return all_of(*(harmless(v, v.edge(key, half), late) for half in ("lower", "upper")))


def no_lie_wins(kind: str, faults: Any = tuple, trusted: bool = True) -> Statement:
    """The event confirms no lie and lends it no time."""

    def claim(given: Given, play: Played, key: Any) -> None:
        before, after, late = View(given, play.before), View(given, play.after), given.integer("late", 0)
        if trusted:
            given.assume(late < play.before.parameters.threshold)
        if kind == "Decide":
            expect_truth(given, play, late)
            return
        for near in (*relevant(play, before), key):
            given.assume(implies(before.edge(near, "has"), harmless(before, near, late)))
            know(after, near, late)
            know_step(after, near)
        given.claim("a lie is harmless", harmless(after, key, late))

    return keeps(kind, claim, faults, NEEDED)


def obligation(kind: str, faults: Any = tuple, trusted: bool = True) -> Obligation:
    """The obligation of an event."""
    return Obligation(kind, no_lie_wins(kind, faults, trusted), SOLVERS, prune=False)


def fault(kind: str, function: Any, old: str, new: str) -> Obligation:
    """The same with a fault in the model."""
    return obligation(kind, seeded(function, old, new, "dispute"))


EDGE_EVENTS: Final = tuple(kind for kind in MAKERS if kind not in ("Close", "Refund", "Reimburse", "Withdraw"))

SAFETY: Final = Theorem(
    "DIS-safety",
    "If honest players answer in time, no lie is ever confirmed, no lie's timer reaches the threshold, and no false "
    "assertion wins: for any number of players, edges, levels and any heights.",
    ("DIS-confirm-by-time", "DIS-confirm-by-children", "DIS-confirm-by-claim", "DIS-confirm-by-one-step", "DIS-decide",
     "DIS-timer-by-children", "DIS-timer-by-claim", "DIS-update-timer", "DIS-update-timer-by-claim", "DIS-claim-link"),
    Kind.INDUCTION,
    tuple(obligation(kind) for kind in EDGE_EVENTS),
    (
        Control("the lateness is not below the threshold", obligation("ConfirmByTime", trusted=False)),
        Control("the older half counts", fault("UpdateTimer", timers.timer_by_children, "min(lower, upper)",
                                               "max(lower, upper)")),
        Control("any edge of the lower level lends its time", fault("UpdateTimerByClaim", confirmation.claimant_of,
                                                                    "below.claim != edge", "below.claim is None")),
        Control("one half suffices", fault("ConfirmByChildren", confirmation.confirm_by_children,
                                           "confirmed and game", "confirmed or game")),
        Control("any step is proved", fault("ConfirmByOneStepProof", confirmation.confirm_by_one_step,
                                            "!= event.after", "is None")),
    ),
    "The invariants of DIS-structure and DIS-path-order; the honest play of A-honest-in-time.",
    (NAMES, HISTORIES, REFINED, AGREES, HONEST),
    "A lie has a half, or a refinement, that is a lie: what it is lent is at most what that has, and what is wasted "
    "above that is more by just the lie's own time. So the sum never exceeds the lateness; nothing confirms a lie.",
)  # fmt: skip

THEOREMS: Final = (SAFETY,)

