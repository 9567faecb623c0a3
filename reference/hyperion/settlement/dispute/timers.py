"""The one clock of the game: unrivalled time, and how it travels up from where it was earned.

Nothing here but integers: seconds of the L1's clock. Source: the BoLD paper, §4.3 and lemmas 5–6.
"""

from hyperion.rules import rule
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.types import INFINITE, Edge, Game, Rivalry


@rule("DIS-unrivalled-time", "Only the first of all rivals has unrivalled time: until the second is made.")
def unrivalled_time(is_first: bool, created: int, rivalled_at: int | None, now: int) -> int:
    """Seconds for which the edge stood alone: 0 for every later rival, also for one made in the same block."""
    if not is_first:
        return 0
    return (now if rivalled_at is None else rivalled_at) - created


@rule("DIS-timer-by-children", "An edge that is cut is as old as itself and the younger of its halves together.")
def timer_by_children(own: int, lower: int, upper: int) -> int:
    """Both halves have to stand for the whole to stand: the minimum. Infinite is the most there is."""
    return min(own + min(lower, upper), INFINITE)


@rule("DIS-timer-by-claim", "An edge of one step is as old as itself and any one edge that stands for it together.")
def timer_by_claim(own: int, claimant: int) -> int:
    """One refinement that stands suffices, so the best counts: the maximum, since a timer never falls."""
    return min(own + claimant, INFINITE)


@rule("DIS-timer-monotone", "A timer never falls.")
def credited(before: int, earned: int) -> int:
    """What the edge is credited after ``earned`` has been shown."""
    return max(before, earned)


def rivalry_of(game: Game, edge: Edge) -> Rivalry:
    """All that answer the question of the edge."""
    return game.rivalries[edge.mutual]


def is_rivalled(game: Game, edge: Edge) -> bool:
    """Whether another edge answers the same question otherwise."""
    return rivalry_of(game, edge).rivalled_at is not None


def own_time(game: Game, edge: Edge) -> int:
    """The unrivalled time of the edge by itself, until now."""
    rivalry = rivalry_of(game, edge)
    return unrivalled_time(rivalry.first == edge.id, edge.created, rivalry.rivalled_at, game.now.time)


def timer_of(game: Game, edge: Edge) -> int:
    """What the edge is credited if it is asked for now: its own time, and what its halves have been credited."""
    own = own_time(game, edge)
    if edge.lower is None or edge.upper is None:
        return credited(edge.timer, own)
    return credited(edge.timer, timer_by_children(own, game.edges[edge.lower].timer, game.edges[edge.upper].timer))


@rule("DIS-assertion-credit", "An assertion that was first has unrivalled time of its own, beside that of its roots.")
def assertion_time(game: Game, claim: Hash) -> int:
    """Unrivalled time of an assertion: those with the same parent are rivals like edges.

    So the clock of the truth need not wait for the first edge. No root is credited this time: several may stand for one
    assertion with histories that end alike, and at most one of these is true.
    """
    contest = game.contest
    if contest is None:
        return 0
    created = game.claimed[claim].created
    return unrivalled_time(contest.first == claim, created, contest.rivalled_at, game.now.time)
