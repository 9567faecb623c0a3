"""What holds of every edge in every reachable state of the edge game, said of one edge, known or not.

Each condition is a function of a view of the state and a key. It is assumed of the edges that an event touches, and of
an arbitrary one, and proved of that one afterwards: so it holds of all.
"""

from collections.abc import Callable
from typing import Any, Final

import attrs

from hyperion.settlement.dispute.identity import EDGE, MUTUAL
from hyperion.settlement.dispute.types import Mode
from hyperion.symbolic.proxies import all_of, any_of, implies, negation, where
from hyperion_proofs.dispute.histories import Histories, Names
from hyperion_proofs.dispute.world import MODES
from hyperion_proofs.statement import Given


@attrs.frozen(eq=False)
class View:
    """A state, read without branches."""

    given: Given
    game: Any

    @property
    def histories(self) -> Histories:
        """The truth about histories."""
        return Histories(self.given)

    @property
    def now(self) -> Any:
        """The time of the last event."""
        return self.game.now.time

    def edge(self, key: Any, field: str) -> Any:
        """A field of an edge."""
        return self.game.edges.field(key, field)

    def rivalry(self, key: Any, field: str) -> Any:
        """A field of the rivalry that an edge is in."""
        return self.rivals(self.edge(key, "mutual"), field)

    def rivals(self, mutual: Any, field: str) -> Any:
        """A field of a rivalry."""
        return self.game.rivalries.field(mutual, field)

    def claim(self, key: Any, field: str) -> Any:
        """A field of an assertion."""
        return self.game.claimed.field(key, field)

    def level(self, number: Any, what: str) -> Any:
        """A figure of a level."""
        return self.given.result(what, (number,), 1 if what == "steps" else 0)

    def name(self, kind: int, *parts: Any) -> Any:
        """A name."""
        return Names(self.given).identity(kind, *parts)


Condition = Callable[[View, Any], Any]


@attrs.frozen(eq=False)
class Invariant:
    """A name, the theorem that it is a part of, and what holds of every edge that is there."""

    name: str
    part: str
    condition: Condition

    def of(self, view: View, key: Any) -> Any:
        """The condition of one key."""
        return implies(view.edge(key, "has"), self.condition(view, key))


def named(v: View, k: Any) -> Any:
    """The name is that of the content; the edge is in its rivalry."""
    content = [v.edge(k, name) for name in ("level", "origin", "start_height", "start_root", "end_height")]
    return all_of(
        v.edge(k, "id") == k,
        v.edge(k, "mutual") == v.name(MUTUAL, *content),
        k == v.name(EDGE, v.edge(k, "mutual"), v.edge(k, "end_root")),
        v.rivalry(k, "has"),
    )


def placed(v: View, k: Any) -> Any:
    """Level and heights are in bounds; the whole length is that of an edge that opens its level, and of no other."""
    level, start, end = (v.edge(k, name) for name in ("level", "start_height", "end_height"))
    steps = v.level(level, "steps")
    whole = all_of(start == 0, end == steps)
    return all_of(
        level >= 0, level < v.game.parameters.levels.length,
        start >= 0, start < end, end <= steps, v.edge(k, "opens") == whole,
    )  # fmt: skip


def begun(v: View, k: Any) -> Any:
    """The start is the beginning of the end."""
    root, height = v.edge(k, "end_root"), v.edge(k, "end_height")
    return v.edge(k, "start_root") == v.histories.beginning(root, height, v.edge(k, "start_height"))


def first_is_oldest(v: View, k: Any) -> Any:
    """An edge is the first of its rivals, or it came when the first was rivalled or later."""
    first, rivalled, at = (v.rivalry(k, name) for name in ("first", "rivalled", "rivalled_at"))
    created = v.edge(k, "created")
    return all_of(
        any_of(first == k, all_of(rivalled, at <= created)),
        implies(all_of(first == k, rivalled), created <= at),
        created >= 0,
        created <= v.now,
        implies(rivalled, at <= v.now),
        v.edge(first, "created") <= where(rivalled, at, v.now),
    )


def halved(v: View, k: Any) -> Any:
    """The halves are there, meet at the cut, and begin and end where the edge does."""
    lower, upper = v.edge(k, "lower"), v.edge(k, "upper")
    cut = v.given.result("cut", (v.edge(k, "start_height"), v.edge(k, "end_height")))
    same = [v.edge(half, name) == v.edge(k, name) for half in (lower, upper) for name in ("level", "origin")]
    return implies(
        v.edge(k, "halved"),
        all_of(
            v.edge(lower, "has"), v.edge(upper, "has"), *same,
            v.edge(lower, "start_height") == v.edge(k, "start_height"),
            v.edge(lower, "start_root") == v.edge(k, "start_root"),
            v.edge(lower, "end_height") == cut, v.edge(upper, "start_height") == cut,
            v.edge(lower, "end_root") == v.edge(upper, "start_root"),
            v.edge(upper, "end_height") == v.edge(k, "end_height"),
            v.edge(upper, "end_root") == v.edge(k, "end_root"),
            v.edge(k, "start_height") < cut, cut < v.edge(k, "end_height"),
            v.rivalry(k, "rivalled"),
        ),
    )  # fmt: skip


def whole_of(v: View, k: Any) -> Any:
    """The question of which an edge's question is a part: that of the whole that it is a half of, or its origin.

    It depends on the content alone: the interval has one whole, and the start of the whole is a beginning of the end.
    """
    start, end = v.edge(k, "start_height"), v.edge(k, "end_height")
    first, last = v.given.result("whole start", (start, end)), v.given.result("whole end", (start, end))
    root = v.histories.beginning(v.edge(k, "end_root"), end, first)
    half = v.name(MUTUAL, v.edge(k, "level"), v.edge(k, "origin"), first, root, last)
    return where(v.edge(k, "opens"), v.edge(k, "origin"), half)


def of_contest(v: View, k: Any) -> Any:
    """Whether the edge opens level 0, so that what it is a part of is the contest of assertions."""
    return all_of(v.edge(k, "opens"), v.edge(k, "level") == 0)


def contest(v: View, field: str) -> Any:
    """A field of the contest."""
    if "contest" not in v.game.changed:
        if field in ("has", "rivalled"):
            return v.given.truth(f"contest: {field}")
        return v.given.integer(f"contest: {field}")
    rivalry = v.game.contest
    found = {
        "has": rivalry is not None,
        "first": 0 if rivalry is None else rivalry.first,
        "rivalled": rivalry is not None and rivalry.rivalled_at is not None,
        "rivalled_at": 0 if rivalry is None or rivalry.rivalled_at is None else rivalry.rivalled_at,
    }
    return found[field]


def mode_is(v: View, mode: Mode) -> Any:
    """Whether the game is in the mode."""
    if "mode" in v.game.changed:
        return v.game.mode is mode
    return v.given.integer("mode", 0, 2) == MODES.index(mode)


def younger(v: View, k: Any) -> Any:
    """An edge came when what it is a part of was rivalled, or later."""
    whole, created = whole_of(v, k), v.edge(k, "created")
    return where(
        of_contest(v, k),
        all_of(contest(v, "rivalled"), contest(v, "rivalled_at") <= created),
        all_of(v.rivals(whole, "has"), v.rivals(whole, "rivalled"), v.rivals(whole, "rivalled_at") <= created),
    )


def parts_are_parts(v: View, k: Any) -> Any:
    """What halves are a part of is the question of the edge."""
    return implies(
        v.edge(k, "halved"),
        all_of(*(whole_of(v, v.edge(k, half)) == v.edge(k, "mutual") for half in ("lower", "upper"))),
    )


def one_winner(v: View, k: Any) -> Any:
    """A confirmed edge is the winner of its rivalry."""
    return implies(v.edge(k, "confirmed"), all_of(v.rivalry(k, "won"), v.rivalry(k, "confirmed") == k))


def staked(v: View, k: Any) -> Any:
    """An edge that opens a level has its stake, any other none."""
    return v.edge(k, "stake") == where(v.edge(k, "opens"), v.level(v.edge(k, "level"), "stake of level"), 0)


def paid_back(v: View, k: Any) -> Any:
    """A stake goes back only when the mode is decided, normally only of a confirmed edge; useful only normally."""
    return all_of(
        implies(v.edge(k, "refunded"), all_of(v.edge(k, "opens"), negation(mode_is(v, Mode.OPEN)))),
        implies(v.edge(k, "refunded"), any_of(mode_is(v, Mode.REFUND), v.edge(k, "confirmed"))),
        implies(v.edge(k, "useful"), mode_is(v, Mode.NORMAL)),
    )


def stands_for(v: View, k: Any) -> Any:
    """A root of a level begins and ends where what it stands for does."""
    claim, level, h = v.edge(k, "claim"), v.edge(k, "level"), v.histories
    ends = h.last(v.edge(k, "end_root"), v.edge(k, "end_height"))
    before = h.last(v.edge(claim, "start_root"), v.edge(claim, "start_height"))
    after = h.last(v.edge(claim, "end_root"), v.edge(claim, "end_height"))
    top = all_of(
        v.edge(k, "origin") == v.game.origin,
        v.claim(claim, "has"),
        v.edge(k, "start_root") == h.single(h.enter(0, v.game.start)),
        ends == h.leave(0, v.claim(claim, "state")),
    )
    below = all_of(
        v.edge(claim, "has"), v.edge(claim, "level") == level - 1,
        v.edge(k, "origin") == v.edge(claim, "mutual"),
        v.edge(claim, "end_height") == v.edge(claim, "start_height") + 1,
        v.edge(k, "start_root") == h.single(h.enter(level, before)),
        ends == h.leave(level, after),
    )  # fmt: skip
    return implies(v.edge(k, "opens"), where(level == 0, top, below))


def top_origin(v: View, k: Any) -> Any:
    """All of level 0 is about the contest, in which there are two assertions."""
    contested = all_of(contest(v, "has"), contest(v, "rivalled"), contest(v, "rivalled_at") <= v.now)
    return implies(v.edge(k, "level") == 0, all_of(v.edge(k, "origin") == v.game.origin, contested))


def not_negative(v: View, k: Any) -> Any:
    """No timer is negative, and none above infinity."""
    return all_of(v.edge(k, "timer") >= 0, v.edge(k, "timer") <= 2**64 - 1)


PARTS: Final = {
    "structure": (named, placed, begun, halved, parts_are_parts, stands_for, top_origin),
    "time": (first_is_oldest, younger, not_negative),
    "winner": (one_winner,),
    "stakes": (staked, paid_back),
}
INVARIANTS: Final = tuple(
    Invariant(condition.__name__, part, condition) for part, conditions in PARTS.items() for condition in conditions
)
BY_NAME: Final = {invariant.name: invariant for invariant in INVARIANTS}


def rivals_are_there(v: View, mutual: Any) -> Any:
    """The first and the winner of a rivalry are edges of it, the winner a confirmed one; it is rivalled by now."""
    first, winner = v.rivals(mutual, "first"), v.rivals(mutual, "confirmed")
    return all_of(
        v.edge(first, "has"),
        v.edge(first, "mutual") == mutual,
        v.edge(first, "created") >= 0,
        v.edge(first, "created") <= v.now,
        implies(v.rivals(mutual, "rivalled"), v.rivals(mutual, "rivalled_at") <= v.now),
        implies(v.rivals(mutual, "rivalled"), v.edge(first, "created") <= v.rivals(mutual, "rivalled_at")),
        implies(
            v.rivals(mutual, "won"),
            all_of(v.edge(winner, "has"), v.edge(winner, "confirmed"), v.edge(winner, "mutual") == mutual),
        ),
    )


def of_rivalry(v: View, mutual: Any) -> Any:
    """The condition of one rivalry, if it is there."""
    return implies(v.rivals(mutual, "has"), rivals_are_there(v, mutual))


def contest_is_old(v: View) -> Any:
    """The contest was there before it was rivalled, and that was no later than now."""
    rivalled = all_of(contest(v, "has"), contest(v, "rivalled_at") <= v.now)
    return implies(contest(v, "rivalled"), rivalled)


def is_true(v: View, k: Any) -> Any:
    """Whether the edge is part of the true history of its level."""
    return v.edge(k, "end_root") == v.histories.true(v.edge(k, "origin"), v.edge(k, "end_height"))


def is_lie(v: View, k: Any) -> Any:
    """Whether the edge leaves the true history: it begins in it, and does not end in it."""
    start = v.histories.true(v.edge(k, "origin"), v.edge(k, "start_height"))
    return all_of(v.edge(k, "start_root") == start, negation(is_true(v, k)))
