"""Cuts and refinements: a disagreement about the whole is one about exactly one part, down to one step.

Edges are any of which the invariants hold that the game's transitions were proved to keep (DIS-structure).
"""

from __future__ import annotations

from typing import Final

from hyperion.settlement.dispute.identity import MUTUAL
from hyperion.symbolic.proxies import all_of, any_of, implies, negation
from hyperion_proofs.dispute.histories import HISTORIES, NAMES, REFINED, Histories, Names
from hyperion_proofs.dispute.invariants import View, is_lie, is_true
from hyperion_proofs.dispute.keeping import SOLVERS, assume_of
from hyperion_proofs.dispute.world import any_game
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem


def one_part(rivals: bool = True) -> Statement:
    """Two rivals that are cut: their lower halves are rivals, or the same and their upper halves are rivals."""

    def statement(given: Given) -> None:
        game = any_game(given)
        view, keys = View(given, game), (given.integer("one"), given.integer("other"))
        parts = [[view.edge(key, half) for key in keys] for half in ("lower", "upper")]
        for key in keys:
            given.assume(all_of(view.edge(key, "has"), view.edge(key, "halved")))
        for key in (*keys, *parts[0], *parts[1]):
            assume_of(game, given, key)
        given.assume(keys[0] != keys[1])
        if rivals:
            given.assume(view.edge(keys[0], "mutual") == view.edge(keys[1], "mutual"))
        mutual = [[view.edge(half, "mutual") for half in pair] for pair in parts]
        contest = [all_of(pair[0] == pair[1], half[0] != half[1]) for pair, half in zip(mutual, parts, strict=True)]
        given.claim("one pair is of rivals", any_of(*contest))
        given.claim("not both", negation(all_of(*contest)))

    return statement


def half_of_lie(one_piece: bool = True) -> Statement:
    """A lie has exactly one half that is a lie; the halves of a true edge are true."""

    def statement(given: Given) -> None:
        game, h = any_game(given), Histories(given)
        view, key = View(given, game), given.integer("edge")
        given.assume(all_of(view.edge(key, "has"), view.edge(key, "halved")))
        assume_of(game, given, key)
        lower, upper = view.edge(key, "lower"), view.edge(key, "upper")
        origin, cut = view.edge(key, "origin"), view.edge(lower, "end_height")
        end = view.edge(key, "end_height")
        if one_piece:
            h.know_truth(origin, end, cut)
        h.know_truth(origin, end, view.edge(key, "start_height"))
        assume_of(game, given, upper)
        given.note("halves", (lower, upper))
        lies = is_lie(view, lower), is_lie(view, upper)
        whole = is_lie(view, key)
        given.claim("one half of a lie is one", implies(whole, any_of(*lies)))
        given.claim("not both", implies(whole, negation(all_of(*lies))))
        truth = implies(is_true(view, key), all_of(is_true(view, lower), is_true(view, upper)))
        given.claim("halves of the truth are true", truth)

    return statement


def disagreement_goes_down(both: bool = True) -> Statement:
    """A lie of one step: whatever stands for it one level below, with both its ends, is a lie there."""

    def statement(given: Given) -> None:
        h, level = Histories(given), given.integer("level", 0)
        origin, start, end = given.integer("origin"), given.integer("start root"), given.integer("end root")
        at = given.integer("height", 0)
        h.know_step(level, origin, end, at)
        given.assume(start == h.true(origin, at))
        given.assume(all_of(h.beginning(end, at + 1, at) == start, end != h.true(origin, at + 1)))
        given.assume(h.beginning(h.true(origin, at + 1), at + 1, at) == h.true(origin, at))
        before, after = h.last(start, at), h.last(end, at + 1)
        below, steps = Names(given).identity(MUTUAL, level, origin, at, start, at + 1), given.integer("steps", 1)
        truth = h.true(below, steps)
        given.assume(h.last(truth, steps) == h.leave(level + 1, h.next(level, before)))
        root = given.integer("root below")
        if both:
            given.assume(h.last(root, steps) == h.leave(level + 1, after))
        given.claim("a lie below", root != truth)

    return statement


def obligation(name: str, statement: Statement) -> Obligation:
    """An obligation about edges."""
    return Obligation(name, statement, SOLVERS, prune=False)


def theorem(
    id: str, statement: str, names_: tuple[str, ...], kind: Kind, made: Statement, *faults: tuple[str, Statement]
) -> Theorem:
    """A theorem with one obligation."""
    controls = tuple(Control(weakening, obligation(weakening, wrong)) for weakening, wrong in faults)
    assumed = (NAMES, HISTORIES, REFINED)
    return Theorem(id, statement, names_, kind, (obligation("any state", made),), controls, "", assumed)


THEOREMS: Final = (
    theorem(
        "DIS-one-part",
        "When two rivals are cut, either their lower halves are rivals, or these are the same and their "
        "upper halves are.",
        ("DIS-bisect", "DIS-mutual-id", "DIS-shared-half"),
        Kind.PATHS,
        one_part(),
        ("the edges need not be rivals", one_part(rivals=False)),
    ),
    theorem(
        "DIS-half-of-lie",
        "A lie that is cut has exactly one half that is a lie, and the halves of a true edge are true.",
        ("DIS-bisect",),
        Kind.PATHS,
        half_of_lie(),
        ("a true history need not be of one piece", half_of_lie(one_piece=False)),
    ),
    theorem(
        "DIS-disagreement-down",
        "Whatever stands for a lie of one step one level below, bound at both ends, is a lie there.",
        ("DIS-refine", "DIS-step-ends"),
        Kind.PATHS,
        disagreement_goes_down(),
        ("only its beginning is bound", disagreement_goes_down(both=False)),
    ),
)
