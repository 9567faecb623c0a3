"""What holds in every reachable state of the edge game: predicates for tests, explorers and proofs."""

from collections.abc import Callable
from typing import Final

from hyperion.settlement.dispute.bisection import bisection_height
from hyperion.settlement.dispute.identity import edge_id, mutual_id
from hyperion.settlement.dispute.types import INFINITE, Edge, Game, Mode


def edges_of(game: Game) -> list[Edge]:
    """All edges, in the order of their names."""
    return [game.edges[name] for name in sorted(game.edges)]


def is_solvent(game: Game) -> bool:
    """Every wei that came in is held, owed or paid, and none of these is negative."""
    ledger = game.ledger
    parts = (ledger.escrow, ledger.pool, ledger.owed, ledger.paid)
    return (
        min(parts) >= 0
        and sum(parts) == ledger.deposited
        and ledger.owed == sum(ledger.credits.values())
        and ledger.deposited == sum(edge.stake for edge in edges_of(game))
    )


def covers_stakes(game: Game) -> bool:
    """What is held suffices for all stakes that may still go back."""
    waiting = [edge for edge in edges_of(game) if edge.opens_level and not edge.refunded]
    if game.mode is Mode.REFUND:
        return game.ledger.escrow + game.ledger.pool == sum(edge.stake for edge in waiting)
    firsts = [edge for edge in edges_of(game) if edge.opens_level and game.rivalries[edge.mutual].first == edge.id]
    gone = sum(edge.stake for edge in edges_of(game) if edge.refunded)
    return game.ledger.escrow == sum(edge.stake for edge in firsts) - gone


def has_one_winner(game: Game) -> bool:
    """Of all rivals at most one is confirmed, and the rivalry says which."""
    winners = sorted((edge.mutual, edge.id) for edge in edges_of(game) if edge.confirmed)
    named = sorted((mutual, of.confirmed) for mutual, of in game.rivalries.items() if of.confirmed is not None)
    return winners == named


def is_named_right(game: Game) -> bool:
    """An edge's name is that of its content, so equal edges are one and rivals are known by their names."""
    return all(
        key == edge.id == edge_id(edge.mutual, edge.end_root)
        and edge.mutual == mutual_id(edge.level, edge.origin, edge.start_height, edge.start_root, edge.end_height)
        for key, edge in game.edges.items()
    )


def is_cut_right(game: Game) -> bool:
    """The halves of an edge are of its level, meet at the bisection height, and begin and end where it does."""
    return all(
        halves_fit(edge, game.edges[edge.lower], game.edges[edge.upper])
        for edge in edges_of(game)
        if edge.lower is not None and edge.upper is not None
    )


def halves_fit(edge: Edge, lower: Edge, upper: Edge) -> bool:
    """Whether these are the halves of the edge."""
    return (
        (lower.level, lower.origin) == (upper.level, upper.origin) == (edge.level, edge.origin)
        and (lower.start_height, lower.start_root) == (edge.start_height, edge.start_root)
        and (lower.end_height, lower.end_root) == (upper.start_height, upper.start_root)
        and (upper.end_height, upper.end_root) == (edge.end_height, edge.end_root)
        and lower.end_height == bisection_height(edge.start_height, edge.end_height)
    )


def stakes_at_roots_only(game: Game) -> bool:
    """An edge has the stake of its level if it opens it, else none."""
    return all(
        edge.stake == (game.parameters.levels[edge.level].stake if edge.opens_level else 0) for edge in edges_of(game)
    )


def knows_first(game: Game) -> bool:
    """The first of rivals is the oldest, and an edge is rivalled exactly if there is another for the same question."""
    counts = members(game)
    return all(
        (rivalry.rivalled_at is not None) == (counts[mutual] > 1)
        and game.edges[rivalry.first].created <= (game.now.time if rivalry.rivalled_at is None else rivalry.rivalled_at)
        for mutual, rivalry in game.rivalries.items()
    ) and len(counts) == len(game.rivalries)


def members(game: Game) -> dict[bytes, int]:
    """How many edges answer each question."""
    counts: dict[bytes, int] = {}
    for edge in edges_of(game):
        counts[edge.mutual] = counts.get(edge.mutual, 0) + 1
    return counts


def timers_within_age(game: Game) -> bool:
    """A timer that is not infinite is at most the age of the contest: times on a path do not overlap."""
    age = game.now.time - min((claim.created for claim in game.claimed.values()), default=game.now.time)
    return all(0 <= edge.timer <= age or edge.timer == INFINITE for edge in edges_of(game))


def useful_is_true(game: Game) -> bool:
    """An edge is useful only in a game that is decided normally, and a root only if it is confirmed."""
    useful = [edge for edge in edges_of(game) if edge.useful]
    return all(game.mode is Mode.NORMAL and (edge.confirmed or not edge.opens_level) for edge in useful)


INVARIANTS: Final[tuple[Callable[[Game], bool], ...]] = (
    is_solvent,
    covers_stakes,
    has_one_winner,
    is_named_right,
    is_cut_right,
    stakes_at_roots_only,
    knows_first,
    timers_within_age,
    useful_is_true,
)
"""All of them; a state that violates one is a mistake of the rules."""


def violated(game: Game) -> tuple[str, ...]:
    """Names of the invariants that the game violates."""
    return tuple(invariant.__name__ for invariant in INVARIANTS if not invariant(game))
