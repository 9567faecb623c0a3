"""Positions and cuts: where the games' moves go, for trees and histories of every height.

The functions are the model's own; of a loop, one turn is run from any state, which keeps what is claimed of its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import attrs

from hyperion.settlement.dispute.bisection import bisection_height
from hyperion.settlement.faultgame.ancestry import neighbour
from hyperion.settlement.faultgame.position import Position, attack, defend, trace_ancestor, trace_index
from hyperion.symbolic.proxies import all_of, implies
from hyperion_proofs.dispute.play import choice
from hyperion_proofs.dispute.silence import silent
from hyperion_proofs.mutant import mutant
from hyperion_proofs.solve import BITWISE, INTEGERS, VECTORS, Method
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem

DEEPEST: Final = 125
"""Positions have at most 126 bits, as a rule of the parameters says."""
HEIGHTS: Final = 2**64 - 1
"""The greatest height that a history has."""
SOLVERS: Final[tuple[Method, ...]] = (attrs.evolve(VECTORS, timeout=60_000), *BITWISE)


def any_position(given: Given) -> tuple[int, Position]:
    """A tree's depth, and a position above its leaves; the index is that of any smaller tree too."""
    depth = choice(given, "depth", DEEPEST)
    return DEEPEST, Position(depth, given.integer("index", 0))


def in_tree(given: Given, before: Position, after: Position, room: int) -> None:
    """If the first position with room to its right is in the tree, the second is, one deeper."""
    fits = before.index + room < 1 << before.depth
    deeper = all_of(after.depth == before.depth + 1, after.index >= 0)
    given.claim("in the tree", all_of(deeper, implies(fits, after.index < 1 << after.depth)))


def attack_halves(move: Callable[[Position], Position] = attack) -> Statement:
    """An attack goes to the middle of what is left of the claim."""

    def statement(given: Given) -> None:
        deepest, position = any_position(given)
        moved = move(position)
        given.note("moved to", (moved.depth, moved.index))
        in_tree(given, position, moved, 0)
        half = 1 << (deepest - position.depth - 1)
        given.claim("half a block left", trace_index(moved, deepest) == trace_index(position, deepest) - half)

    return statement


def defence_halves(move: Callable[[Position], Position] = defend) -> Statement:
    """A defence goes to the middle of what is right of the claim."""

    def statement(given: Given) -> None:
        deepest, position = any_position(given)
        moved = move(position)
        given.note("moved to", (moved.depth, moved.index))
        in_tree(given, position, moved, 1)
        half = 1 << (deepest - position.depth - 1)
        given.claim("half a block right", trace_index(moved, deepest) == trace_index(position, deepest) + half)

    return statement


def even_and_general(move: Callable[[Position], Position] = defend, even: bool = True) -> Statement:
    """Moves give even indices, and there a defence is the contracts' ``2 * (g | 1)``."""

    def statement(given: Given) -> None:
        depth = 1 + choice(given, "depth", DEEPEST)
        half = given.integer("half of the index", 0, 2 ** (depth - 1) - 1)
        position = Position(depth, 2 * half + (0 if even else 1))
        for name, moved in (("attack", attack(position)), ("defence", move(position))):
            given.claim(f"{name}: the index is even", moved.index % 2 == 0)
        given.claim("attack: twice the general index", attack(position).general == 2 * position.general)
        given.claim("defence: twice the next one", move(position).general == 2 * (position.general | 1))

    return statement


def left_of(offset: int = -1) -> Statement:
    """What an attack disputes begins where the left neighbour's state is: the same distance on both sides."""

    def statement(given: Given) -> None:
        deepest, position = any_position(given)
        given.assume(position.index % 2 == 0)
        block = 1 << (deepest - position.depth)
        here = trace_index(position, deepest)
        left, right = neighbour(position, offset), neighbour(position, 1)
        given.claim("a block to the left", trace_index(left, deepest) == here - block)
        given.claim("a block to the right", trace_index(right, deepest) == here + block)
        half = 1 << (deepest - position.depth - 1)
        attacked = attack(position)
        given.claim(
            "an attack's left neighbour is the claim's",
            trace_index(neighbour(attacked, -1), deepest) == here - 2 * half,
        )
        given.claim("its right neighbour is the claim", trace_index(neighbour(attacked, 1), deepest) == here)
        defended = defend(position)
        given.claim("a defence's left neighbour is the claim", trace_index(neighbour(defended, -1), deepest) == here)

    return statement


# --- ancestors -------------------------------------------------------------------------------------------------------


CLIMB: Final = "while position.index % 2 == 1 and position.depth - 1 > above"


def same_trace(test: str = "position.index % 2 == 1 and position.depth - 1 > above") -> Statement:
    """One turn, if this is the test of the climb, keeps the state and goes up; without a turn no higher one has it."""

    def statement(given: Given) -> None:
        climb = silent(trace_ancestor, CLIMB, f"if {test}")
        deepest, position = any_position(given)
        position = Position(position.depth, 2 * given.integer("half", 0) + choice(given, "odd", 2))
        above = given.integer("above", -1)
        given.assume(position.depth > above)
        index, after = trace_index(position, deepest), climb(position, above)
        if after.depth != position.depth:
            given.claim("the same state", trace_index(after, deepest) == index)
            given.claim("one higher", after.depth == position.depth - 1)
            given.claim("still below", after.depth > above)
        elif position.depth > 0:
            given.claim("the same position", after is position)
            parent = Position(position.depth - 1, position.index // 2)
            given.claim("no higher one", implies(parent.depth > above, trace_index(parent, deepest) != index))

    return statement


# --- cuts ------------------------------------------------------------------------------------------------------------


def any_edge(given: Given) -> tuple[int, int]:
    """Two heights with one between them."""
    start, end = given.integer("start", 0, HEIGHTS), given.integer("end", 0, HEIGHTS)
    given.assume(end - start >= 2)
    return start, end


def lowest_bit(number: int) -> int:
    """The highest power of two that divides the number."""
    return number & -number


def turn(function: Callable[..., Any]) -> Callable[[int, int], int]:
    """The cut with at most one turn of its loop, from the height that is given."""
    return lambda start, middle: cast(int, silent(function, "while (lower", "if (lower")(start, middle + 1))


def turn_of_fault(old: str, new: str) -> Callable[[int, int], int]:
    """A turn with a fault in the test."""
    test = "(lower := middle & (middle - 1))"
    once = mutant(bisection_height, f"while {test} {old}", f"if {test} {new}")
    return lambda start, middle: cast(int, once(start, middle + 1))


def cut_inside(one: Callable[[int, int], int]) -> Statement:
    """One turn: the height stays inside, and is so even that none above it is; where it ends, none below is either."""

    def statement(given: Given) -> None:
        start, end = any_edge(given)
        middle, other = given.integer("middle", 1, HEIGHTS), given.integer("other", 1, HEIGHTS)
        given.assume(all_of(start < middle, middle < end, end - 1 - middle < lowest_bit(middle)))
        after: int | None = one(start, middle)
        if after is None:
            given.claim("there is an inside", False)
            return
        given.note("cut at", after)
        if after == middle:
            among = all_of(start < other, other < end, other != middle)
            given.claim("no other is as even", implies(among, lowest_bit(other) < lowest_bit(middle)))
        else:
            given.claim("lower, and inside", all_of(start < after, after < middle))
            given.claim("more even than what is above is far", end - 1 - after < lowest_bit(after))

    return statement


def no_cut(given: Given) -> None:
    """What has no inside is not cut."""
    start, end = given.integer("start", 0, HEIGHTS), given.integer("end", 0, HEIGHTS)
    given.assume(end - start < 2)
    given.claim("none", bisection_height(start, end) is None)


def no_cut_of_two(given: Given) -> None:
    """The same claim of an edge that has an inside."""
    start = 4 * choice(given, "a fourth of the start", 2)
    given.claim("none", bisection_height(start, start + 2) is None)


def aligned_cut(one: Callable[[int, int], int]) -> Statement:
    """An aligned block is cut in its middle: from above it the search comes down, and at the middle it ends."""

    def statement(given: Given) -> None:
        size, start = given.integer("halvings", 1, 63), given.integer("start", 0, HEIGHTS)
        rest = given.integer("above the middle", 0, HEIGHTS)
        half = 1 << (size - 1)
        given.assume(all_of(start & (half + half - 1) == 0, rest < half))
        after = one(start, start + half + rest)
        if rest == 0:
            given.claim("ends at the middle", after == start + half)
        else:
            given.claim("comes down", after < start + half + rest)
            given.claim("not below the middle", after >= start + half)

    return statement


def obligation(name: str, statement: Statement, cut: bool = False) -> Obligation:
    """An obligation about positions."""
    return (
        Obligation(name, statement, SOLVERS, prune=True)
        if cut
        else Obligation(name, statement, (INTEGERS,), prune=False)
    )


def theorem(
    id: str, statement: str, rules: tuple[str, ...], made: Statement, *faults: tuple[str, Statement], fast: bool = False
) -> Theorem:
    """A theorem with one obligation; a fault is a weakening and the statement with it."""
    cut = id in ("DIS-cut-inside", "DIS-cut-aligned", "DIS-even-positions")
    controls = tuple(Control(weakening, obligation(weakening, wrong, cut)) for weakening, wrong in faults)
    return Theorem(id, statement, rules, Kind.PATHS, (obligation("all inputs", made, cut),), controls, fast=fast)


THEOREMS: Final = (
    theorem(
        "DIS-attack-halves",
        "An attack stands in the tree, half a block to the left of what it attacks, in trees of up to 125 levels.",
        ("DIS-fdg-attack", "DIS-fdg-trace-index"),
        attack_halves(),
        (
            "an attack goes to the right child",
            attack_halves(mutant(attack, "2 * position.index", "2 * position.index + 1")),
        ),
    ),
    theorem(
        "DIS-defence-halves",
        "A defence of a claim that has a right neighbour stands in the tree, half a block to the right of it.",
        ("DIS-fdg-defend", "DIS-fdg-trace-index"),
        defence_halves(),
        (
            "a defence goes to the right child",
            defence_halves(mutant(defend, "position.index + 2", "position.index + 1")),
        ),
    ),
    theorem(
        "DIS-even-positions",
        "Moves give even indices, and at an even index attack and defence are 2g and 2(g | 1) of the general index.",
        ("DIS-fdg-attack", "DIS-fdg-defend"),
        even_and_general(),
        ("a claim with an odd index is defended", even_and_general(even=False)),
    ),
    theorem(
        "DIS-neighbours",
        "The neighbours of an attack are the claim's left one and the claim; a defence's left one is the claim.",
        ("DIS-fdg-trace-index", "DIS-fdg-step-ends"),
        left_of(),
        ("the left neighbour is two to the left", left_of(-2)),
    ),
    theorem(
        "DIS-trace-ancestor",
        "The climb to an ancestor keeps the state that is spoken of, ends below its bound, and no higher one has it.",
        ("DIS-fdg-trace-ancestor", "DIS-fdg-trace-index"),
        same_trace(),
        ("the climb goes on at left children", same_trace("position.index % 2 == 0 and position.depth - 1 > above")),
        ("the climb is one step short", same_trace("position.index % 2 == 1 and position.depth - 2 > above")),
        ("the climb goes beyond its bound", same_trace("position.index % 2 == 1")),
    ),
    attrs.evolve(
        theorem(
            "DIS-cut-inside",
            "An edge of two steps or more is cut at the height inside that the highest power of two divides, "
            "and no other is as even (heights below 2**64, as histories have).",
            ("DIS-bisection-height",),
            cut_inside(turn(bisection_height)),
            ("a turn may leave the inside", cut_inside(turn_of_fault("> start", "> start - 2"))),
        ),
        kind=Kind.INDUCTION,
        argument="Each turn of the search keeps what is claimed of its height, so it holds where the search ends.",
    ),
    theorem(
        "DIS-cut-aligned",
        "An aligned block of 2**k steps is cut in its middle, so halves are aligned blocks of 2**(k-1), each half of "
        "one whole, and no edge is more than k cuts away from its steps.",
        ("DIS-bisection-height",),
        aligned_cut(turn(bisection_height)),
        ("the search stops at once", aligned_cut(turn_of_fault("> start", "> end"))),
    ),
    theorem(
        "DIS-no-cut",
        "An edge of one step has no cut.",
        ("DIS-bisection-height",),
        no_cut,
        ("edges of two steps have none", no_cut_of_two),
    ),
)
