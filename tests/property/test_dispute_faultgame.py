"""Fault dispute games in which an honest player meets any moves: it wins, gets its bonds back, and never harms itself.

The rules that are checked after every action are those of the published solver. Examples: see each ``@settings``.
"""

from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.settlement.dispute.identity import identity
from hyperion.settlement.faultgame import events as e
from hyperion.settlement.faultgame.clocks import challenger_duration
from hyperion.settlement.faultgame.parameters import MAINNET, bond_at, extension_at, root
from hyperion.settlement.faultgame.position import Position, attack, defend, trace_ancestor, trace_index
from hyperion.settlement.faultgame.resolution import gone_through
from hyperion.settlement.faultgame.types import Checkpoint, Claim, Clock, Game, MachineStatus, Status
from hyperion_conformance.dispute.faultplay import (
    EVE,
    HONEST,
    SMALL,
    START,
    Chain,
    Match,
    Solver,
    context_below,
    output_at,
)

DEPTHS: Final = st.integers(0, 125)


@st.composite
def positions(draw: st.DrawFn) -> Position:
    depth = draw(DEPTHS)
    return Position(depth, draw(st.integers(0, 2**depth - 1)))


@pytest.mark.rule("DIS-fdg-attack", "DIS-fdg-defend", "DIS-fdg-trace-index")
@settings(max_examples=200)
@given(positions())
def test_positions_are_those_of_generalized_indices(position: Position) -> None:
    general = position.general
    assert attack(position).general == 2 * general
    if position.index % 2 == 0 and position.depth:
        assert defend(position).general == 2 * (general | 1)
    deep = position.depth + 3
    assert trace_index(position, deep) == ((general << 3) | 0b111) - 2**deep
    assert trace_index(attack(position), deep) == trace_index(position, deep) - 4


@pytest.mark.rule("DIS-fdg-trace-ancestor")
@settings(max_examples=200)
@given(positions(), st.integers(-1, 20))
def test_ancestor_is_the_highest_with_the_same_leaf(position: Position, above: int) -> None:
    found = trace_ancestor(position, above)
    line = [Position(d, position.index >> (position.depth - d)) for d in range(position.depth + 1)]
    same = [p for p in line if trace_index(p, 125) == trace_index(position, 125) and p.depth > above]
    assert found == min(same, key=lambda p: p.depth, default=position)


@pytest.mark.rule("DIS-fdg-bond")
@settings(max_examples=100)
@given(st.integers(0, 10**60), st.integers(1, 9))
def test_root_is_the_largest_whole_one(number: int, degree: int) -> None:
    found = root(number, degree)
    assert found**degree <= number < (found + 1) ** degree


@pytest.mark.rule("DIS-fdg-leftmost", "DIS-fdg-pages")
@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(1, 9)), min_size=1, max_size=8),
    st.lists(st.integers(0, 8), max_size=3),
)
def test_pages_do_not_change_who_is_leftmost(answers: list[tuple[int, bool, int]], cuts: list[int]) -> None:
    claims = [
        Claim(0, who, 0, b"", Position(2, index), Clock(0, 0), None if stands else 99) for index, stands, who in answers
    ]
    pages = sorted({0, len(claims), *(min(cut, len(claims)) for cut in cuts)})
    checkpoint = Checkpoint()
    for start, end in pairwise(pages):
        for claim in claims[start:end]:
            checkpoint = gone_through(checkpoint, claim)
    standing = [claim for claim in claims if claim.countered_by is None]
    best = min(standing, key=lambda claim: claim.position.index, default=None)
    assert checkpoint.countered_by == (None if best is None else best.claimant)
    assert checkpoint.cursor == len(claims)


def hostile_moves(match: Match, picks: list[tuple[int, bool, int]]) -> list[e.Event]:
    """Moves against any claims, with true and false values."""
    sent: list[e.Event] = []
    for pick, is_attack, kind in picks:
        parent = pick % len(match.game.claims)
        move = match.move(parent, is_attack)
        if match.game.claims[parent].position.depth >= match.game.parameters.max_depth:
            continue
        value = false_value(match, move, kind)
        sent.append(match.move(parent, is_attack, value, EVE + kind))
    return sent


def false_value(match: Match, move: e.Move, kind: int) -> bytes:
    """A value for a move, of four kinds: the true one, and three lies, with the status byte that its place demands."""
    rules, parent = match.game.parameters, match.game.claims[move.parent]
    position = attack(parent.position) if move.is_attack else defend(parent.position)
    lie = identity(300, kind)
    try:
        context = context_below(match.game, move.parent, move.is_attack)
    except AssertionError:
        return lie
    true = match.chain.value(position, context)
    if kind == 0:
        return true
    if position.depth == rules.split_depth + 1:
        return bytes([MachineStatus(kind % 3)]) + lie[1:]
    return lie


PICKS: Final = st.lists(st.tuples(st.integers(0, 400), st.booleans(), st.integers(0, 3)), max_size=5)
ROUNDS: Final = st.lists(st.tuples(PICKS, st.integers(0, 300)), max_size=7)


def play(match: Match, solver: Solver, rounds: list[tuple[list[tuple[int, bool, int]], int]]) -> Match:
    """Hostile rounds, each answered at once by the honest player, who goes on until it has nothing to answer."""
    answered(match, solver)
    for picks, delay in rounds:
        match.at(match.now + delay)
        for event in hostile_moves(match, picks):
            match.attempt(event)
        answered(match, solver)
    return match.at(match.now + 2 * match.game.parameters.max_clock)


def answered(match: Match, solver: Solver) -> None:
    """All honest moves, until there are none; none of them is refused but for an expired clock of others."""
    for _ in range(12):
        honest = solver.honest(match.game)
        sent = solver.moves(match.game)
        for event in sent:
            target = event.parent if isinstance(event, e.Move) else getattr(event, "claim", -1)
            assert target not in honest, "an honest player does not counter itself"
            if not match.attempt(event):
                assert challenger_duration(match.game, target) == match.game.parameters.max_clock
        if not sent:
            return


@pytest.mark.rule(
    "DIS-fdg-move", "DIS-fdg-step", "DIS-fdg-step-parity", "DIS-fdg-step-ends", "DIS-fdg-settle", "DIS-fdg-resolve"
)
@pytest.mark.parametrize("is_true", [False, True])
@settings(max_examples=60)
@given(rounds=ROUNDS)
def test_an_honest_player_wins_and_gets_its_bonds_back(
    is_true: bool, rounds: list[tuple[list[tuple[int, bool, int]], int]]
) -> None:
    check_played(is_true, rounds, Solver(HONEST, Chain()))


def check_played(is_true: bool, rounds: list[tuple[list[tuple[int, bool, int]], int]], solver: Solver) -> None:
    """A game between the solver and the hostile rounds, resolved: outcome, bonds, and who is leftmost."""
    root_value = output_at(2**SMALL.split_depth - 1) if is_true else identity(205, 0)
    match = Match(solver.chain, root_value, HONEST if is_true else EVE)
    play(match, solver, rounds).resolve_all()
    assert match.game.status is (Status.DEFENDER_WINS if is_true else Status.CHALLENGER_WINS)
    mine = [claim for claim in match.game.claims if claim.claimant == HONEST]
    assert all(claim.countered_by is None for claim in mine), "no honest claim is countered"
    assert match.game.bonds.normal.get(HONEST, 0) >= sum(claim.bond for claim in mine)
    check_honest_wins_leftmost(match.game, solver)


class Naive(Solver):
    """Answers only what is against it, and leaves those who answer beside it alone."""

    def is_to_be_countered(self, game: Game, index: int, honest: set[int]) -> bool:
        parent = game.claims[index].parent
        return parent is None or parent in honest


def test_who_leaves_freeloaders_alone_loses_bonds_to_them() -> None:
    # The control: without the rule on freeloaders, a false answer further left takes the bond.
    @settings(max_examples=200)
    @given(rounds=ROUNDS)
    def played(rounds: list[tuple[list[tuple[int, bool, int]], int]]) -> None:
        check_played(False, rounds, Naive(HONEST, Chain()))

    with pytest.raises(AssertionError, match="stands left of the honest one"):
        played()


def check_honest_wins_leftmost(game: Game, solver: Solver) -> None:
    """A claim that the honest player answered falls to it, or to an answer that stands further left and is true.

    An answer that is further left and false would have been countered too: that is what freeloaders are countered for.
    """
    for index, claim in enumerate(game.claims):
        mine = [game.claims[child] for child in claim.children if game.claims[child].claimant == HONEST]
        if not mine or claim.countered_by == HONEST:
            continue
        standing = [child for child in claim.children if game.claims[child].countered_by is None]
        first = min(standing, key=lambda child: game.claims[child].position.general)
        assert game.claims[first].position.general <= min(answer.position.general for answer in mine)
        assert not solver.attacks(game, first), f"a false answer to claim {index} stands left of the honest one"


@pytest.mark.rule("DIS-fdg-clock", "DIS-fdg-clock-extended", "DIS-fdg-extension")
@settings(max_examples=40)
@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=5))
def test_a_path_lasts_at_most_both_clocks_and_the_extensions(delays: list[int]) -> None:
    match = Match()
    for depth, delay in enumerate(delays, 1):
        match.at(match.now + delay)
        status = bytes([MachineStatus.INVALID])
        value = status + identity(301, depth)[1:]
        if not match.attempt(match.move(depth - 1, True, value)):
            break
        used = sum(extension_at(SMALL, d) for d in range(1, depth + 1))
        claim = match.game.claims[depth]
        before = match.game.claims[depth - 1].clock.duration
        assert match.now - START <= claim.clock.duration + before + used
        assert SMALL.max_clock - claim.clock.duration >= extension_at(SMALL, depth)
    last = len(match.game.claims) - 1
    match.at(START + SMALL.longest)
    assert challenger_duration(match.game, last) <= SMALL.max_clock


@pytest.mark.rule("DIS-fdg-bond")
def test_mainnet_bonds_are_the_published_ones() -> None:
    bonds = [bond_at(MAINNET, depth) for depth in range(74)]
    assert bonds[0] == 8 * 10**16
    assert bonds[73] == 60 * 10**18
    assert all(109 * a <= 100 * b <= 110 * a for a, b in pairwise(bonds))
    assert 631_234 <= sum(bonds[:73]) // 10**15 < 631_235
    assert 1_215 <= bonds[30] // 10**15 < 1_216
