"""What holds in every reachable state of the fault dispute game: predicates for tests, explorers and proofs."""

from collections.abc import Callable
from typing import Final

from hyperion.settlement.faultgame.parameters import bond_at
from hyperion.settlement.faultgame.types import Game, Mode, Status


def is_solvent(game: Game) -> bool:
    """What came in is unresolved, credited, asked for or paid; nothing is negative, and refunds sum to deposits."""
    bonds = game.bonds
    asked = sum(request.amount for request in bonds.requests.values())
    if game.mode is not Mode.UNDECIDED:
        tally = sum((bonds.normal if game.mode is Mode.NORMAL else bonds.refund).values())
        return tally + asked + bonds.paid <= bonds.deposited and min(tally, asked, bonds.paid) >= 0
    normal = sum(bonds.normal.values())
    return (
        normal + bonds.unresolved == bonds.deposited == sum(bonds.refund.values())
        and bonds.unresolved == sum(claim.bond for claim in game.claims if not claim.resolved)
        and asked == bonds.paid == 0
    )


def has_even_positions(game: Game) -> bool:
    """Every claim but the root has an even index, so that defence is what its name says."""
    return all(claim.position.index % 2 == 0 for claim in game.claims)


def is_within_tree(game: Game) -> bool:
    """A claim is one deeper than what it answers, within the tree, and has the bond of its depth."""
    return all(
        0 <= claim.position.index < 2**claim.position.depth
        and claim.position.depth <= game.parameters.max_depth
        and claim.bond == bond_at(game.parameters, claim.position.depth)
        and claim.position.depth == (0 if claim.parent is None else game.claims[claim.parent].position.depth + 1)
        for claim in game.claims
    )


def resolves_bottom_up(game: Game) -> bool:
    """What is settled has only settled answers; the root is settled before the game."""
    below = all(game.claims[index].resolved for claim in game.claims if claim.resolved for index in claim.children)
    return below and (game.status is Status.IN_PROGRESS or game.claims[0].resolved)


def clocks_in_bounds(game: Game) -> bool:
    """No clock has used as much as there is, and none began before the game or after now."""
    return all(
        0 <= claim.clock.duration < game.parameters.max_clock and game.created <= claim.clock.timestamp <= game.now
        for claim in game.claims
    )


def outcome_is_that_of_the_root(game: Game) -> bool:
    """The defender has won exactly if nobody counters the settled root."""
    if game.status is Status.IN_PROGRESS:
        return game.resolved_at is None
    return (game.status is Status.DEFENDER_WINS) == (game.claims[0].countered_by is None)


INVARIANTS: Final[tuple[Callable[[Game], bool], ...]] = (
    is_solvent,
    has_even_positions,
    is_within_tree,
    resolves_bottom_up,
    clocks_in_bounds,
    outcome_is_that_of_the_root,
)
"""All of them; a state that violates one is a mistake of the rules."""


def violated(game: Game) -> tuple[str, ...]:
    """Names of the invariants that the game violates."""
    return tuple(invariant.__name__ for invariant in INVARIANTS if not invariant(game))
