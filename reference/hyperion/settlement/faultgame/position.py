"""Positions: nodes of a binary tree over the steps of a run, and what it means to attack and to defend one.

A claim at a position is a claim about the state after its rightmost leaf. Source: the fault dispute game
specification, "Game tree" and "Position".
"""

import attrs

from hyperion.rules import rule


@attrs.frozen
class Position:
    """A node: how deep it is, and how far from the left on its depth."""

    depth: int
    index: int

    @property
    def general(self) -> int:
        """Its generalized index: depth and index in one number. The root has 1; further left is less on one depth."""
        return (1 << self.depth) + self.index


ROOT = Position(0, 0)


@rule("DIS-fdg-attack", "To attack a claim is to claim something of the middle of what lies to its left.")
def attack(position: Position) -> Position:
    """The left child."""
    return Position(position.depth + 1, 2 * position.index)


@rule("DIS-fdg-defend", "To defend a claim is to claim something of the middle of what lies to its right.")
def defend(position: Position) -> Position:
    """The left child of the right neighbour.

    Every claim but the root has an even index, because both moves give one; so this is the generalized index
    ``2 * (g | 1)`` of the contracts, which would be an attack at an odd index.
    """
    return Position(position.depth + 1, 2 * position.index + 2)


def moved(position: Position, is_attack: bool) -> Position:
    """Where the answer to a claim at this position stands."""
    return attack(position) if is_attack else defend(position)


@rule("DIS-fdg-trace-index", "A claim is about the state after the rightmost leaf below its position.")
def trace_index(position: Position, max_depth: int) -> int:
    """The index of that leaf at ``max_depth``."""
    return ((position.index + 1) << (max_depth - position.depth)) - 1


@rule("DIS-fdg-trace-ancestor", "The ancestor of a position that is about the same state, as high up as there is one.")
def trace_ancestor(position: Position, above: int = -1) -> Position:
    """The highest ancestor with the same rightmost leaf whose depth is more than ``above``.

    A right child shares its rightmost leaf with its parent. ``above`` is the split depth where an answer about a
    machine's state is sought, so that claims about outputs are not mistaken for it.
    """
    while position.index % 2 == 1 and position.depth - 1 > above:
        position = Position(position.depth - 1, position.index // 2)
    return position
