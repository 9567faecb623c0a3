"""The fault dispute game, rule by rule: what each accepts, what it refuses and why, on both sides of each bound."""

import attrs
import pytest

from hyperion.settlement.dispute.identity import identity
from hyperion.settlement.faultgame import events as e
from hyperion.settlement.faultgame.ancestry import context_of, local_data
from hyperion.settlement.faultgame.clocks import challenger_duration, elapsed, extended
from hyperion.settlement.faultgame.moves import is_first_of_run
from hyperion.settlement.faultgame.parameters import MAINNET, bond_at, extension_at, outlived, violations
from hyperion.settlement.faultgame.position import Position, moved, trace_index
from hyperion.settlement.faultgame.rules import open_game
from hyperion.settlement.faultgame.types import Game, MachineStatus, Mode, Reason, Status
from hyperion_conformance.dispute.faultplay import (
    EVE,
    HONEST,
    SMALL,
    START,
    Chain,
    Match,
    Solver,
    output_at,
    proposal,
)

INVALID = bytes([MachineStatus.INVALID])
VALID = bytes([MachineStatus.VALID])
END = START + 2 * SMALL.max_clock


def lie(status: bytes, number: int) -> bytes:
    return status + identity(400, number)[1:]


def attacks(match: Match, depth: int) -> Match:
    """Attacks one below the other down to ``depth``, with values of nobody's."""
    for at in range(len(match.game.claims) - 1, depth):
        match.accept(match.move(at, True, lie(INVALID, at)))
    return match


def at_leaf(is_attack: bool = True, is_true: bool = False) -> tuple[Match, Solver]:
    """A false root, honest answers, and an opponent who answers each of them; ends with the opponent's leaf.

    The opponent attacks or defends, and lies; with ``is_true``, only its leaf says what is so.
    """
    chain = Chain(attrs.evolve(SMALL, max_depth=6, split_depth=3))
    match = Match(chain)
    solver = Solver(HONEST, chain)
    while match.game.claims[-1].position.depth < 6:
        for event in solver.moves(match.game):
            match.accept(event)
        last = len(match.game.claims) - 1
        tries = [(side, lie(status, last)) for side in (is_attack, True) for status in (VALID, INVALID)]
        if is_true and match.game.claims[last].position.depth == 5:
            place = moved(match.game.claims[last].position, is_attack)
            tries = [(is_attack, chain.value(place, context_of(match.game, last)))]
        assert any(match.attempt(match.move(last, side, value)) for side, value in tries)
    return match, solver


# Parameters.


@pytest.mark.rule("DIS-fdg-parameters", "DIS-fdg-data-outlive", "DIS-fdg-open")
def test_unsafe_parameters_are_refused_with_numbers() -> None:
    assert violations(MAINNET) == violations(SMALL) == ()
    cases = {
        "split-depth": attrs.evolve(MAINNET, split_depth=1),
        "max-depth": attrs.evolve(MAINNET, max_depth=31),
        "position-bits": attrs.evolve(MAINNET, max_depth=126),
        "clock": attrs.evolve(MAINNET, extension=MAINNET.max_clock // 2 + 1),
        "not-negative": attrs.evolve(MAINNET, air_gap=-1),
    }
    for name, parameters in cases.items():
        assert [violation.name for violation in violations(parameters)] == [name]
        assert open_game(parameters, proposal(output_at(0), EVE, MAINNET), 0) == violations(parameters)
    assert violations(attrs.evolve(MAINNET, max_depth=125, split_depth=30)) == ()
    assert violations(attrs.evolve(MAINNET, extension=MAINNET.max_clock // 2)) == ()
    preimages = attrs.evolve(MAINNET, preimage_period=MAINNET.max_clock - MAINNET.extension + 1)
    assert [violation.name for violation in violations(preimages)] == ["clock"]


@pytest.mark.rule("DIS-fdg-data-outlive")
def test_mainnet_can_outlive_the_blobs() -> None:
    assert MAINNET.longest == 17 * 86_400 + 86_400 // 8
    total = MAINNET.longest + MAINNET.air_gap + 10
    assert [violation.name for violation in outlived(MAINNET, 10, 4096 * 32 * 12)] == ["data-outlive"]
    assert outlived(MAINNET, 10, total + 1) == ()
    assert len(outlived(MAINNET, 10, total)) == 1


@pytest.mark.rule("DIS-fdg-open", "DIS-fdg-bond-exact")
def test_a_game_is_opened_with_its_bond_above_its_anchor() -> None:
    good = proposal(output_at(0), EVE, SMALL)
    assert isinstance(open_game(SMALL, good, START), Game)
    for wrong in (attrs.evolve(good, paid=good.paid + 1), attrs.evolve(good, l2_block=good.anchor_block)):
        assert not isinstance(open_game(SMALL, wrong, START), Game)


# Moves.


@pytest.mark.rule("DIS-fdg-time")
def test_time_does_not_go_back() -> None:
    match = attacks(Match().at(START + 5), 1)
    match.at(START + 4).refuse(match.move(1, True), Reason.TIME_BACKWARDS)


@pytest.mark.rule("DIS-fdg-move-binds")
def test_a_move_names_what_it_disputes() -> None:
    match = Match()
    move = match.move(0, True)
    match.refuse(attrs.evolve(move, disputed=lie(INVALID, 9)), Reason.WRONG_DISPUTED_CLAIM)
    for index in (-1, 1):
        match.refuse(attrs.evolve(move, parent=index), Reason.UNKNOWN_CLAIM)


@pytest.mark.rule("DIS-fdg-no-defence-of-roots")
def test_roots_are_not_defended() -> None:
    match = Match()
    match.refuse(match.move(0, False), Reason.CANNOT_DEFEND_ROOT)
    attacks(match, 3)
    assert match.game.claims[3].position.depth == SMALL.split_depth + 1
    match.refuse(match.move(3, False), Reason.CANNOT_DEFEND_ROOT)
    match.accept(match.move(2, False, lie(VALID, 7)), match.move(1, False))


@pytest.mark.rule("DIS-fdg-depth")
def test_nothing_is_below_the_leaves() -> None:
    match = attacks(Match(), SMALL.max_depth)
    assert match.game.claims[-1].position.depth == SMALL.max_depth
    match.refuse(match.move(SMALL.max_depth, True), Reason.DEPTH_EXCEEDED)


@pytest.mark.rule("DIS-fdg-bond-exact")
def test_a_bond_is_exact() -> None:
    match = Match()
    move = match.move(0, True)
    assert move.paid == bond_at(SMALL, 1)
    for paid in (move.paid - 1, move.paid + 1):
        match.refuse(attrs.evolve(move, paid=paid), Reason.BOND)


@pytest.mark.rule("DIS-fdg-move")
def test_the_same_move_is_made_once_and_another_value_is_another_move() -> None:
    match = Match()
    move = match.move(0, True)
    match.accept(move)
    match.refuse(move, Reason.CLAIM_EXISTS)
    match.refuse(attrs.evolve(move, claimant=HONEST), Reason.CLAIM_EXISTS)
    match.accept(attrs.evolve(move, value=lie(INVALID, 5)))
    attacks(match, 2)
    again = match.move(1, True, match.game.claims[2].value)
    match.accept(attrs.evolve(again, value=lie(INVALID, 6)))


@pytest.mark.rule("DIS-fdg-run-status")
@pytest.mark.parametrize(("is_attack", "split", "allowed"), [(True, 2, {1, 2}), (False, 2, {1, 2}), (False, 3, {0})])
def test_the_root_of_a_run_says_how_it_ends(is_attack: bool, split: int, allowed: set[int]) -> None:
    # By defence, the output to the right of the leaf is that of the root: at depth 0, even as a split depth of 2 is.
    chain = Chain(attrs.evolve(SMALL, split_depth=split, max_depth=split + 3))
    match = Match(chain)
    for at in range(split):
        match.accept(match.move(at, at == 0 or is_attack, lie(INVALID, at)))
    for status in range(5):
        move = match.move(split, is_attack, lie(bytes([status]), status))
        if status in allowed:
            match.accept(move)
        else:
            match.refuse(move, Reason.UNEXPECTED_STATUS)


# Clocks.


@pytest.mark.rule("DIS-fdg-clock")
def test_the_clock_of_a_side_runs_from_two_claims_up() -> None:
    assert [elapsed(30, 100, now, 90) for now in (100, 130, 160, 161)] == [30, 60, 90, 90]
    match = attacks(Match().at(START + 100), 1)
    attacks(match.at(START + 350), 2)
    attacks(match.at(START + 400), 3)
    assert [claim.clock.duration for claim in match.claims] == [0, 100, 250, 150]
    assert challenger_duration(attrs.evolve(match.game, now=START + 500), 3) == 350


@pytest.mark.rule("DIS-fdg-clock", "DIS-fdg-move")
def test_a_second_before_the_end_is_in_time() -> None:
    for late, accepted in ((SMALL.max_clock - 1, True), (SMALL.max_clock, False)):
        match = Match().at(START + late)
        if accepted:
            match.accept(match.move(0, True))
        else:
            match.refuse(match.move(0, True), Reason.CLOCK_EXPIRED)


@pytest.mark.rule("DIS-fdg-extension", "DIS-fdg-clock-extended")
def test_extensions_are_longer_above_the_split_and_above_the_leaves() -> None:
    assert [extension_at(SMALL, depth) for depth in range(6)] == [40, 80, 40, 40, 140, 40]
    assert [extension_at(MAINNET, depth) // 3_600 for depth in (28, 29, 30, 71, 72, 73)] == [3, 6, 3, 3, 27, 3]
    for depth, extension in ((1, 80), (2, 40), (4, 140)):
        bound = SMALL.max_clock - extension
        assert [extended(SMALL, used, depth) for used in (bound - 1, bound, bound + 1, 999)] == [
            bound - 1, bound, bound, bound,
        ]  # fmt: skip


# Steps.


@pytest.mark.rule("DIS-fdg-step", "DIS-fdg-step-once", "DIS-fdg-prestate", "DIS-fdg-step-ends")
@pytest.mark.parametrize("is_attack", [True, False])
def test_a_false_leaf_is_stepped_against_once(is_attack: bool) -> None:
    match, solver = at_leaf(is_attack)
    (step,) = [event for event in solver.moves(match.game) if isinstance(event, e.Step)]
    match.refuse(attrs.evolve(step, state=step.state + b"x"), Reason.PRESTATE)
    match.refuse(attrs.evolve(step, claim=0), Reason.NOT_A_LEAF)
    match.refuse(attrs.evolve(step, claim=99), Reason.UNKNOWN_CLAIM)
    match.accept(step)
    match.refuse(step, Reason.DUPLICATE_STEP)
    assert match.game.claims[step.claim].countered_by == HONEST


@pytest.mark.rule("DIS-fdg-step-parity", "DIS-fdg-step")
def test_a_true_leaf_is_not_stepped_against() -> None:
    match, solver = at_leaf()
    leaf = match.game.claims[-1]
    step = next(event for event in solver.moves(match.game) if isinstance(event, e.Step))
    context = context_of(match.game, step.claim)
    assert context is not None
    truth = match.chain.value(leaf.position, context)
    claims = match.game.claims.set(step.claim, attrs.evolve(leaf, value=truth))
    match.game = attrs.evolve(match.game, claims=claims)
    match.refuse(step, Reason.VALID_STEP)


@pytest.mark.rule("DIS-fdg-step-parity", "DIS-fdg-step-ends")
def test_a_true_leaf_is_stepped_out_of() -> None:
    match, solver = at_leaf(is_true=True)
    (step,) = [event for event in solver.moves(match.game) if isinstance(event, e.Step)]
    assert not step.is_attack
    match.accept(step)


@pytest.mark.rule("DIS-fdg-step-once")
def test_a_settled_leaf_is_out_of_reach() -> None:
    match, solver = at_leaf()
    step = next(event for event in solver.moves(match.game) if isinstance(event, e.Step))
    match.at(END).accept(e.ResolveClaim(step.claim))
    match.refuse(step, Reason.ALREADY_RESOLVED)


@pytest.mark.rule("DIS-fdg-absolute-prestate")
def test_the_first_step_of_every_run_has_the_absolute_prestate() -> None:
    # Leaves at depth 5 below a split at 2: four in each run, so every fourth leaf is a first.
    assert [index for index in range(16) if is_first_of_run(Position(5, index), 3)] == [0, 4, 8, 12]
    assert trace_index(Position(3, 1), 5) == 7


@pytest.mark.rule("DIS-fdg-prestate")
def test_the_status_byte_of_a_prestate_does_not_count() -> None:
    match, solver = at_leaf()
    step = next(event for event in solver.moves(match.game) if isinstance(event, e.Step))
    other = bytes([9]) + match.game.absolute_prestate[1:]
    match.game = attrs.evolve(match.game, absolute_prestate=other)
    match.accept(step)
    shifted = attrs.evolve(match.game, absolute_prestate=match.game.absolute_prestate[:31] + b"\0")
    again, solver = at_leaf()
    again.game = attrs.evolve(again.game, absolute_prestate=shifted.absolute_prestate)
    again.refuse(step, Reason.PRESTATE)


@pytest.mark.rule("DIS-fdg-context", "DIS-fdg-local-data")
def test_a_run_goes_from_the_agreed_to_the_disputed_output() -> None:
    match = attacks(Match(), 3)
    context = context_of(match.game, 3)
    assert context is not None
    assert (context.starting, context.starting_position) == (match.game.anchor, None)
    assert context.disputed == match.game.claims[2].value
    assert context_of(match.game, 2) is None
    match.accept(match.move(2, False, lie(VALID, 8)))
    context = context_of(match.game, 4)
    assert context is not None
    assert (context.starting, context.disputed) == (match.game.claims[2].value, match.game.claims[1].value)
    game = match.game
    assert [local_data(game, context, key) for key in (1, 2, 3)] == [game.l1_head, context.starting, context.disputed]
    assert local_data(game, context, 4) == (102).to_bytes(8, "big")
    assert local_data(attrs.evolve(game, l2_block=101), context, 4) == (101).to_bytes(8, "big")
    assert local_data(game, context, 5) == (59_902).to_bytes(8, "big")
    assert local_data(game, context, 6) is None


@pytest.mark.rule("DIS-fdg-context")
def test_a_run_opened_to_the_right_of_another_output_starts_from_that_output() -> None:
    match = Match()
    for parent, is_attack in enumerate((True, False, True)):
        match.accept(match.move(parent, is_attack, lie(INVALID, parent)))
    context = context_of(match.game, 3)
    assert context is not None
    assert (context.starting, context.disputed) == (match.game.claims[1].value, match.game.claims[2].value)


# The block number.


@pytest.mark.rule("DIS-fdg-block-number", "DIS-fdg-block-number-first")
def test_a_wrong_block_number_loses_the_root_to_who_shows_it() -> None:
    match = Match()
    match.refuse(e.ChallengeBlockNumber(104, HONEST), Reason.BLOCK_NUMBER_MATCHES)
    match.refuse(e.ChallengeBlockNumber(b"junk", HONEST), Reason.BLOCK_NUMBER_PROOF)
    match.accept(match.move(0, True), e.ChallengeBlockNumber(105, HONEST))
    match.refuse(e.ChallengeBlockNumber(105, EVE), Reason.BLOCK_NUMBER_CHALLENGED)
    match.refuse(match.move(0, True, lie(INVALID, 3)), Reason.BLOCK_NUMBER_CHALLENGED)
    match.accept(match.move(1, True)).at(END).resolve_all()
    assert match.game.status is Status.CHALLENGER_WINS
    assert match.game.bonds.normal[HONEST] == bond_at(SMALL, 0)


@pytest.mark.rule("DIS-fdg-block-number-open")
def test_the_block_number_of_a_settled_root_is_out_of_reach() -> None:
    match = Match().at(END).accept(e.ResolveClaim(0))
    match.refuse(e.ChallengeBlockNumber(105, HONEST), Reason.ALREADY_RESOLVED)


# Resolution.


@pytest.mark.rule("DIS-fdg-resolve-claim")
def test_a_claim_is_settled_when_its_clock_has_run_out_and_its_answers_are_settled() -> None:
    match = attacks(Match(), 1).at(START + SMALL.max_clock - 1)
    match.refuse(e.ResolveClaim(1), Reason.CLOCK_RUNNING)
    match.at(START + SMALL.max_clock).refuse(e.ResolveClaim(0), Reason.CHILD_UNRESOLVED)
    match.refuse(e.ResolveClaim(2), Reason.UNKNOWN_CLAIM)
    match.refuse(e.ResolveClaim(1, -1), Reason.NEGATIVE_COUNT)
    match.refuse(e.Resolve(), Reason.ROOT_UNRESOLVED)
    match.accept(e.ResolveClaim(1))
    match.refuse(e.ResolveClaim(1), Reason.ALREADY_RESOLVED)
    match.accept(e.ResolveClaim(0), e.Resolve())
    match.refuse(e.Resolve(), Reason.NOT_IN_PROGRESS)
    match.refuse(e.ResolveClaim(0), Reason.NOT_IN_PROGRESS)
    match.refuse(match.move(0, True), Reason.NOT_IN_PROGRESS)
    match.refuse(e.ChallengeBlockNumber(1, EVE), Reason.NOT_IN_PROGRESS)
    match.refuse(e.Step(0, True, b"", None, EVE), Reason.NOT_IN_PROGRESS)


@pytest.mark.rule("DIS-fdg-leftmost", "DIS-fdg-pages", "DIS-fdg-settle")
def test_the_leftmost_and_of_those_the_oldest_answer_is_paid() -> None:
    match = attacks(Match(), 1)
    match.accept(match.move(1, False, account=7), match.move(1, True, account=8))
    match.accept(match.move(1, True, lie(INVALID, 9), account=9)).at(END)
    match.accept(*(e.ResolveClaim(index) for index in (2, 3, 4)))
    match.accept(e.ResolveClaim(1, 1))
    assert not match.game.claims[1].resolved
    match.accept(e.ResolveClaim(1, 2))
    assert (match.game.claims[1].resolved, match.game.claims[1].countered_by) == (True, 8)
    assert match.game.bonds.normal[8] == bond_at(SMALL, 2) + bond_at(SMALL, 1)


@pytest.mark.rule("DIS-fdg-settle", "DIS-fdg-resolve")
def test_an_uncontested_root_stands_and_a_stepped_leaf_falls_to_the_stepper() -> None:
    match = Match().at(END).resolve_all()
    assert match.game.status is Status.DEFENDER_WINS
    assert match.game.bonds.normal[EVE] == bond_at(SMALL, 0)
    match, solver = at_leaf()
    for event in solver.moves(match.game):
        match.accept(event)
    leaf = len(match.game.claims) - 1
    match.at(END).accept(e.ResolveClaim(leaf))
    assert match.game.bonds.normal.get(HONEST) == match.game.claims[leaf].bond


# Bonds.


def closed(mode: Mode) -> Match:
    match = Match()
    match.accept(match.move(0, True, account=HONEST)).at(END).resolve_all()
    match.at(END + SMALL.air_gap + 1)
    return match.accept(e.Close(mode is Mode.NORMAL))


@pytest.mark.rule("DIS-fdg-close", "DIS-fdg-mode")
def test_the_mode_is_decided_once_after_the_air_gap() -> None:
    match = Match()
    match.refuse(e.Close(True), Reason.NOT_RESOLVED)
    match.at(END).resolve_all()
    match.refuse(e.ClaimCredit(EVE), Reason.NOT_CLOSED)
    match.at(END + SMALL.air_gap).refuse(e.Close(True), Reason.AIR_GAP)
    match.at(END + SMALL.air_gap + 1).refuse(e.Close(True, is_paused=True), Reason.PAUSED)
    match.accept(e.Close(True))
    match.refuse(e.Close(False), Reason.ALREADY_CLOSED)
    assert match.game.mode is Mode.NORMAL


@pytest.mark.rule("DIS-fdg-credit", "DIS-fdg-distribute", "DIS-fdg-deposit")
@pytest.mark.parametrize("mode", [Mode.NORMAL, Mode.REFUND])
def test_credit_is_asked_for_and_taken_after_the_delay_once(mode: Mode) -> None:
    match = closed(mode)
    root, answer = bond_at(SMALL, 0), bond_at(SMALL, 1)
    due = {HONEST: root + answer, EVE: 0} if mode is Mode.NORMAL else {HONEST: answer, EVE: root}
    for account, amount in due.items():
        if amount == 0:
            match.refuse(e.ClaimCredit(account), Reason.NO_CREDIT)
            continue
        start, before = match.now, match.game.bonds.paid
        match.accept(e.ClaimCredit(account))
        match.at(start + SMALL.withdrawal_delay - 1).refuse(e.ClaimCredit(account), Reason.DELAY)
        match.at(start + SMALL.withdrawal_delay).accept(e.ClaimCredit(account))
        assert match.game.bonds.paid - before == amount
        match.refuse(e.ClaimCredit(account), Reason.NO_CREDIT)
    assert match.game.bonds.paid == match.game.bonds.deposited
