"""Games played to the end against every adversary of the gallery: the truth wins in time, and the books balance.

A generated game is held against all invariants after each event (``Arena.watch``). Examples: see each ``@settings``.
"""

from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.primitives.hashing import HASH_BYTES
from hyperion.settlement.dispute import events as e
from hyperion.settlement.dispute.invariants import violated
from hyperion.settlement.dispute.rules import step
from hyperion.settlement.dispute.types import Game, Mode, Reason
from hyperion.settlement.dispute.verifying import machine_step, micro_ends
from hyperion.settlement.moment import Moment
from hyperion.settlement.onestep.micro import entered, micro_after
from hyperion.settlement.onestep.verify import advance, committed, witness
from hyperion.settlement.rejection import Rejected
from hyperion_conformance.dispute.arena import Adversary, Arena
from hyperion_conformance.dispute.attacks import ATTACKS, Heights, sybils
from hyperion_conformance.dispute.players import HONEST, Defender
from hyperion_conformance.dispute.worlds import TRUE, HashedWorld, World, wrong_from
from tests.support.dispute_machine import MachineWorld

SHAPES: Final = ((2,), (3,), (2, 2), (3, 1), (2, 1, 1))
SLOT: Final = 12
SHAPE: Final = st.sampled_from(SHAPES)
SEED: Final = st.integers(0, 10_000)


def play(heights: Heights, adversary: Adversary, censorship: int = 0, after: int = 0) -> Arena:
    """The game, after checking that the truth won in time; the arena has checked everything else on the way."""
    arena = Arena(heights, adversary, censorship).play(after)
    assert arena.confirmed_at is not None, "the true assertion is not confirmed in time"
    assert arena.confirmed_at <= arena.deadline
    return arena


@pytest.mark.rule("DIS-verifier", "DIS-bisect", "DIS-step-ends")
@pytest.mark.parametrize("name", ["wrong_from_step", "is_a_wolf", "malforms", "forks_everywhere"])
@settings(max_examples=4)
@given(heights=SHAPE, seed=SEED)
def test_games_over_real_commitments_go_as_those_over_ideal_ones(name: str, heights: Heights, seed: int) -> None:
    ideal = play(heights, ATTACKS[name](heights, seed), after=4)
    real = Arena(heights, ATTACKS[name](heights, seed), world_of=HashedWorld).play(4)
    assert real.confirmed_at == ideal.confirmed_at
    assert (real.sent, real.refused) == (ideal.sent, ideal.refused)
    assert real.game.ledger == ideal.game.ledger
    assert len(real.game.edges) == len(ideal.game.edges)


@pytest.mark.rule("DIS-machine-step", "DIS-verifier", "DIS-confirm-by-one-step")
@pytest.mark.parametrize("name", ["wrong_from_step", "malforms"])
@settings(max_examples=5)
@given(step=st.integers(1, 32))
def test_a_faulty_run_of_the_real_machine_is_refuted_by_one_of_its_steps(name: str, step: int) -> None:
    heights = (2, 3)
    arena = Arena(heights, ATTACKS[name](heights, step - 1), world_of=MachineWorld).play(4)
    assert arena.confirmed_at is not None
    assert arena.sent[HONEST, "ConfirmByOneStepProof"] == 1
    assert arena.refused["step-proof"] > 0 or name != "malforms"


@pytest.mark.rule("DIS-machine-step")
def test_a_witness_of_the_machine_shows_one_step_at_its_level_and_nothing_else() -> None:
    world = MachineWorld((2, 3))
    state, after = world.state_at(TRUE, 5), world.state_at(TRUE, 6)
    step, shown = machine_step(1), world.witness(1, state)
    assert step(1, state, shown) == after
    assert [step(0, state, shown), step(1, after, shown), step(1, state, None), step(1, state, ())] == [None] * 4
    enter, leave = micro_ends(2)
    assert (enter(1, state), leave(1, state)) == (state, state)
    begun, done = advance(entered(committed(world.run(0)[5])), micro_after), leave(2, after)
    assert enter(2, state) == entered(committed(world.run(0)[5])).root
    assert begun.root == done
    assert step(2, enter(2, state), witness(entered(committed(world.run(0)[5])), micro_after)) == done


@pytest.mark.rule("DIS-verifier")
@given(st.sampled_from([None, 7, b"junk", (), (b"",), (1, 2), [b"x" * 32], ("x",)]))
def test_what_is_no_proof_shows_nothing(proof: object) -> None:
    verifier, root = HashedWorld((2,)).verifier, b"r" * HASH_BYTES
    assert not verifier.is_prefix(root, 1, root, 2, proof)
    assert not verifier.includes(root, 2, 1, b"s" * HASH_BYTES, proof)


def merged(one: Adversary, two: Adversary) -> Adversary:
    """Both adversaries at once."""
    both = tuple(dict.fromkeys((*one.assertions, *two.assertions)))
    return Adversary((*one.players, *two.players), both, honest_first=one.honest_first)


@pytest.mark.rule("DIS-confirm-by-time", "DIS-one-winner", "DIS-unrivalled-time")
@pytest.mark.parametrize("name", ATTACKS)
@settings(max_examples=8)
@given(heights=SHAPE, seed=SEED)
def test_the_truth_wins_in_time_against(name: str, heights: Heights, seed: int) -> None:
    play(heights, ATTACKS[name](heights, seed), after=4)


@settings(max_examples=15)
@given(heights=SHAPE, seed=SEED, names=st.tuples(st.sampled_from(sorted(ATTACKS)), st.sampled_from(sorted(ATTACKS))))
def test_the_truth_wins_against_two_at_once(heights: Heights, seed: int, names: tuple[str, str]) -> None:
    one, two = (ATTACKS[name](heights, seed + index) for index, name in enumerate(names))
    play(heights, merged(one, two), after=4)


@st.composite
def interference(draw: st.DrawFn) -> tuple[Heights, Adversary, int]:
    """An adversary that also censors and reorganises, within the seconds that the parameters allow it."""
    heights, seed = draw(SHAPE), draw(SEED)
    budget = draw(st.integers(0, 12))
    base = ATTACKS[draw(st.sampled_from(["wrong_from_step", "stalls_to_the_last_second", "is_a_wolf", "stalls"]))](
        heights, seed
    )
    depth = draw(st.integers(0, min(budget, 4)))
    reorgs = ((draw(st.integers(depth + 2, 40)), depth),) if depth else ()
    censors = frozenset(draw(st.sets(st.integers(0, 45), max_size=budget - depth)))
    return heights, Adversary(base.players, base.assertions, censors, reorgs), budget * SLOT


@settings(max_examples=40)
@given(interference())
def test_the_truth_wins_though_the_adversary_censors_and_reorganises(case: tuple[Heights, Adversary, int]) -> None:
    heights, adversary, censorship = case
    play(heights, adversary, censorship)


def test_more_censoring_than_the_parameters_allow_lets_a_lie_win() -> None:
    # The control: the bound on censoring is what the claim rests on.
    heights, lie = (2, 2), wrong_from(6)
    adversary = Adversary((Defender(66, lie),), (lie,), censors=frozenset(range(200)), honest_first=True)
    with pytest.raises(AssertionError, match="a false assertion has won"):
        play(heights, adversary)


def test_a_threshold_not_above_the_lateness_lets_a_lie_win() -> None:
    # The control: with less time than honest answers may take, an adversary who censors within its budget wins.
    heights, lie, censorship = (2, 2), wrong_from(6), 240
    adversary = Adversary((Defender(66, lie),), (lie,), censors=frozenset(range(20)))
    play(heights, adversary, censorship)
    arena = Arena(heights, adversary, censorship)
    short = attrs.evolve(arena.game.parameters, threshold=censorship - SLOT)
    arena.game = attrs.evolve(arena.game, parameters=short)
    with pytest.raises(AssertionError, match="a false assertion has won"):
        arena.play()


@pytest.mark.rule("DIS-parameters")
def test_a_step_that_may_be_proved_and_refined_lets_a_lie_win() -> None:
    # The control: why exactly the last level is provable. The refuted step goes on earning time by its refinement.
    heights, lie = (2, 2), wrong_from(6)
    arena = Arena(heights, Adversary((Defender(66, lie),), (lie,)))
    levels = tuple(attrs.evolve(level, provable=True) for level in arena.game.parameters.levels)
    arena.game = attrs.evolve(arena.game, parameters=attrs.evolve(arena.game.parameters, levels=levels))
    with pytest.raises(AssertionError, match="false"):
        arena.play()


# Cost and money.


def stakes_lost(arena: Arena, honest: bool) -> int:
    """Stakes that can no longer go back to who put them down: to the honest player, or to all others."""
    return sum(
        edge.stake for edge in arena.game.edges.values() if not edge.confirmed and (edge.mover == HONEST) == honest
    )


COSTING: Final = ["wrong_root", "wrong_from_step", "forks_everywhere", "colludes", "is_a_wolf", "malforms", "griefs"]


@pytest.mark.rule("DIS-stake-covers-cost", "DIS-reimburse", "DIS-useful")
@pytest.mark.parametrize("name", COSTING)
@settings(max_examples=4)
@given(heights=SHAPE, seed=SEED)
def test_liars_pay_for_what_they_cost(name: str, heights: Heights, seed: int) -> None:
    arena = play(heights, ATTACKS[name](heights, seed), after=14)
    rules, edges = arena.game.parameters, arena.game.edges.values()
    moves = sum(arena.sent[HONEST, kind] for kind in ("Root", "Refine", "Bisect"))
    assert stakes_lost(arena, honest=True) == 0, "honest stakes all go back"
    assert arena.refused["pool-too-low"] == 0, "lost stakes reach for all useful edges"
    useful = [edge for edge in edges if edge.mover == HONEST and edge.useful]
    assert len(useful) >= moves, "every honest move is paid for at least once"
    stakes = sum(edge.stake for edge in edges if edge.mover == HONEST)
    assert arena.game.ledger.paid >= stakes + sum(rules.levels[edge.level].reimbursement for edge in useful)
    assert 100 * stakes_lost(arena, honest=False) >= rules.resource_ratio * moves * rules.cost_of_move


@pytest.mark.rule("DIS-stake-covers-cost")
def test_stakes_below_the_cost_leave_honest_moves_unpaid() -> None:
    # The control: with stakes of a tenth, lost stakes do not reach for the honest moves.
    lie = wrong_from(6)
    arena = Arena((2, 2), Adversary((Defender(66, lie),), (lie,)))
    levels = tuple(attrs.evolve(level, stake=level.stake // 10) for level in arena.game.parameters.levels)
    arena.game = attrs.evolve(arena.game, parameters=attrs.evolve(arena.game.parameters, levels=levels))
    arena.play(after=14)
    assert arena.refused["pool-too-low"] > 0


@pytest.mark.rule("DIS-withdraw", "DIS-refund")
@settings(max_examples=12)
@given(heights=SHAPE, seed=SEED, name=st.sampled_from(["steals", "freeloads", "front_runs", "is_a_wolf"]))
def test_in_refund_mode_everybody_gets_its_deposits_and_nothing_else(heights: Heights, seed: int, name: str) -> None:
    arena = Arena(heights, ATTACKS[name](heights, seed))
    for _ in range(6 + seed % 9):
        arena.play_block()
    if arena.game.mode is not Mode.OPEN:
        return
    arena.apply(e.Close(Mode.REFUND))
    for edge in list(arena.game.edges.values()):
        if edge.opens_level:
            arena.apply(e.Refund(edge.id))
    deposits: dict[int, int] = {}
    for edge in arena.game.edges.values():
        if edge.stake:
            deposits[edge.mover] = deposits.get(edge.mover, 0) + edge.stake
    assert dict(arena.game.ledger.credits) == deposits
    for account in deposits:
        arena.apply(e.Withdraw(account))
    assert arena.game.ledger.paid == arena.game.ledger.deposited


@pytest.mark.rule("DIS-rivals", "DIS-shared-half")
def test_fifty_sybils_are_beaten_by_one_honest_player() -> None:
    heights = (6, 6)
    arena = Arena(heights, sybils(heights, 50), watch=False, honest=Defender(HONEST, counts_every=4)).play(after=10)
    assert arena.confirmed_at is not None
    assert arena.confirmed_at <= arena.deadline
    assert sum(edge.level == 0 and edge.opens_level for edge in arena.game.edges.values()) == 51
    assert len(arena.game.edges) > 1_000
    assert stakes_lost(arena, honest=True) == 0


# The transition function takes anything.

NAMES: Final = st.sampled_from([b"", b"x" * HASH_BYTES, b"y" * HASH_BYTES, b"z" * (HASH_BYTES + 1)])
PROOFS: Final = st.sampled_from([None, b"junk", b"proof", 7])
AMOUNTS: Final = st.integers(-5, 300)
EVENTS: Final = st.one_of(
    st.builds(e.Admit, NAMES, NAMES),
    st.builds(e.Root, NAMES, NAMES, PROOFS, PROOFS, AMOUNTS, AMOUNTS),
    st.builds(e.Refine, NAMES, NAMES, PROOFS, NAMES, PROOFS, NAMES, PROOFS, PROOFS, AMOUNTS, AMOUNTS),
    st.builds(e.Bisect, NAMES, NAMES, PROOFS, AMOUNTS),
    st.builds(e.UpdateTimer, NAMES),
    st.builds(e.UpdateTimerByClaim, NAMES, NAMES),
    st.builds(e.ConfirmByTime, NAMES),
    st.builds(e.ConfirmByChildren, NAMES),
    st.builds(e.ConfirmByClaim, NAMES, NAMES),
    st.builds(e.ConfirmByOneStepProof, NAMES, NAMES, PROOFS, NAMES, PROOFS, PROOFS),
    st.builds(e.Decide, NAMES),
    st.builds(e.Close, st.sampled_from(Mode)),
    st.builds(e.Refund, NAMES),
    st.builds(e.Reimburse, NAMES, st.none() | NAMES),
    st.builds(e.Withdraw, AMOUNTS),
)


@pytest.mark.rule("DIS-well-formed")
@settings(max_examples=200)
@given(events=st.lists(st.tuples(EVENTS, st.integers(-3, 40)), max_size=12), seed=SEED)
def test_any_event_is_accepted_or_refused_with_a_reason(events: list[tuple[e.Event, int]], seed: int) -> None:
    arena = Arena((1, 1), ATTACKS["wrong_from_step"]((1, 1), seed))
    for _ in range(seed % 20):
        arena.play_block()
    game, names = arena.game, sorted(arena.game.edges)
    for event, delay in events:
        placed = aimed(event, names, seed)
        at = Moment(game.now.time + delay, game.now.height)
        after = step(game, placed, at, arena.world.verifier)
        if isinstance(after, Rejected):
            assert isinstance(after.reason, Reason)
        else:
            game = after
        assert isinstance(game, Game)
        assert violated(game) == ()


def aimed(event: Any, names: list[bytes], seed: int) -> Any:
    """The event with its first edge replaced by one that exists, so that it gets past the first question."""
    return attrs.evolve(event, edge=names[seed % len(names)]) if names and hasattr(event, "edge") else event


# The arena itself: what it simulates is what it says.


def test_a_reorganisation_undoes_honest_moves_and_keeps_hostile_ones() -> None:
    lie = wrong_from(6)
    arena = Arena((2, 2), Adversary((Defender(66, lie),), (lie,), reorgs=((6, 3),)), censorship=36)
    for _ in range(6):
        arena.play_block()
    before = {edge.id for edge in arena.game.edges.values() if edge.mover == HONEST}
    arena.reorganise(3)
    after = {edge.id for edge in arena.game.edges.values() if edge.mover == HONEST}
    assert after < before


def test_commitments_of_the_abstract_machine_bind_what_they_show() -> None:
    world = World((2, 2))
    lie = wrong_from(6)
    assert world.root(TRUE, 0, 0, 1) == world.root(lie, 0, 0, 1)
    assert world.root(TRUE, 0, 0, 2) != world.root(lie, 0, 0, 2)
    assert world.single(world.state_at(TRUE, 4)) == world.root(TRUE, 1, 4, 0)
    assert world.root(wrong_from(6, 1), 1, 4, 4) != world.root(wrong_from(6, 2), 1, 4, 4)
    assert world.step(1, world.state_at(lie, 5), b"proof") != world.state_at(lie, 6)
    assert world.step(1, world.state_at(lie, 6), b"proof") == world.state_at(lie, 7)
