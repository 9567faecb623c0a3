"""Disputes about real blocks, from the false assertion to the paid withdrawal; and the gallery with its pictures."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from hyperion.settlement.between import transactions
from hyperion.settlement.between.stages import Standing, malformed
from hyperion.settlement.dispute.invariants import violated as violated_in_game
from hyperion.settlement.finality.invariants import violated
from hyperion.settlement.finality.parameters import DEFAULT
from hyperion_conformance.cli.dispute import app
from hyperion_conformance.dispute import gallery
from hyperion_conformance.dispute.descent import picture, rounds_of
from hyperion_conformance.dispute.execution import (
    Execution,
    NoFault,
    Task,
    candidates,
    executed,
    spoiling,
)
from hyperion_conformance.dispute.ground import LIE, BlockGround
from hyperion_conformance.dispute.lies import OUTPUT, told_of, word_of
from hyperion_conformance.dispute.match import ALICE, Match, Undecided, assertions, begin, contest, played, posted
from hyperion_conformance.dispute.token_block import WITHDRAWAL, token_block
from hyperion_conformance.dispute.worlds import TRUE

PICTURES: Final = Path(__file__).parents[2] / "spec" / "_static" / "dispute"
LEVELS: Final = DEFAULT.game.levels


@cache
def block() -> tuple[Task, Execution]:
    task = token_block()
    return task, executed(task)


def dispute(wanted: str, seed: int) -> tuple[Match, Execution, str]:
    task, truth = block()
    lie, name = spoiling(task, truth, wanted, seed)
    return played(task, truth, lie, DEFAULT, WITHDRAWAL), lie, name


@pytest.mark.rule("DIS-point-level", "DIS-decide", "DIS-finalize", "BRI-withdrawal-pay", "DIS-reimburse")
@pytest.mark.parametrize(("wanted", "seed"), [("ADD", 1), ("LT", 2), ("KECCAK256", 0), ("SLOAD", 3), ("CALLER", 0)])
def test_the_truth_wins_and_the_withdrawal_is_paid(wanted: str, seed: int) -> None:
    match, lie, name = dispute(wanted, seed)
    assert wanted in ("any", name)
    assert violated(match.chain) == () and violated_in_game(match.game) == ()
    rounds = rounds_of(match)
    assert sum(each.cut is not None for each in rounds) == sum(level.height for level in LEVELS)
    last = {each.edge.level: each.edge for each in rounds}
    assert lie.fault is not None
    assert last[1].start_height == lie.fault + 1, "the step that is contested is the one that was spoiled"
    truth = match.ground.truth
    assert word_of(truth.states[lie.fault], truth.states[lie.fault + 1]) == name
    assert sum(match.chain.spent.values()) == WITHDRAWAL.amount
    rules, edges = match.game.parameters, match.game.edges.values()
    mine = [edge for edge in edges if edge.useful and edge.mover == ALICE]
    assert match.game.ledger.paid == sum(level.stake for level in LEVELS) + sum(
        rules.levels[edge.level].reimbursement for edge in mine
    )
    decided = next(move.at.time for move in match.moves if move.name == "Decide")
    assert decided - next(move.at.time for move in match.moves if move.name == "Propose") <= rules.longest


def test_the_model_fills_in_the_header_and_a_false_word_changes_it() -> None:
    task, truth = block()
    lie, _ = spoiling(task, truth, "ADD", 9)
    assert truth.ended.standing is Standing.VALID
    first = next(index for index in range(len(truth.points)) if truth.points[index] != lie.points[index])
    assert lie.fault is not None and first == lie.fault + 1
    assert truth.ended.tip.header.state_root != lie.ended.tip.header.state_root
    assert len(candidates(task, truth, "any", 0)) > 500
    with pytest.raises(NoFault):
        spoiling(task, truth, "SDIV", 0)


def test_control_a_watcher_without_witnesses_does_not_win(monkeypatch: pytest.MonkeyPatch) -> None:
    task, truth = block()
    lie, _ = spoiling(task, truth, "any", 1)
    monkeypatch.setattr(BlockGround, "witness", lambda *_: ())
    match = begin(task, truth, lie, DEFAULT)
    assertions(match)
    with pytest.raises(Undecided, match="no assertion has won"):
        contest(match, most=400)
    assert match.game.winner is None


KINDS: Final = ("begin", "nonce", "receipt", "fee", "withdrawal", OUTPUT)
"""Some of the lies between runs; all are played by ``hyperion dispute play --fault between --repeat``."""


@pytest.mark.rule("DIS-point-step", "DIS-point-end", "DIS-point-output", "DIS-point-level")
@pytest.mark.parametrize("kind", KINDS)
def test_a_lie_between_runs_loses_and_the_withdrawal_is_paid(kind: str) -> None:
    match, lie, name = dispute(kind, 0)
    assert name == kind and lie.fault is not None
    assert violated(match.chain) == () and violated_in_game(match.game) == ()
    last = {each.edge.level: each.edge for each in rounds_of(match)}
    assert last[1].start_height == lie.fault + 1, "the step that is contested is the one that was spoiled"
    assert sum(match.chain.spent.values()) == WITHDRAWAL.amount


@pytest.mark.rule("DIS-point-step", "DIS-between-admit")
def test_a_lie_that_accepts_an_invalid_transaction_loses() -> None:
    task = token_block(3, invalid=True)
    truth = executed(task)
    assert truth.ended.standing is Standing.INVALID
    lie, name = spoiling(task, truth, "accept", 0)
    assert name == "accept" and lie.ended.standing is Standing.VALID
    match = played(task, truth, lie, DEFAULT, None)
    assert match.game.winner == match.names[TRUE]


def test_control_without_the_step_between_runs_a_lie_there_stays_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    task, truth = block()
    lie, _ = spoiling(task, truth, "fee", 0)

    def refused(*arguments: object) -> object:
        raise malformed("no step between runs")

    match = begin(task, truth, lie, DEFAULT)
    assertions(match)
    ground = match.ground
    for trace in (TRUE, LIE):
        ground.micro_states(trace, (lie.fault or 0) + 1)
    shown = {state: ground.witness(2, state) for state in ground.nodes}
    monkeypatch.setattr(BlockGround, "witness", lambda self, level, state: shown.get(state, ()))
    monkeypatch.setattr(transactions, "charged", refused)
    with pytest.raises(Undecided, match="no assertion has won"):
        contest(match, most=400)
    assert not [edge for edge in match.game.edges.values() if edge.confirmed]


def test_histories_of_both_sides_agree_up_to_the_false_step_and_nowhere_behind() -> None:
    match, lie, _ = dispute("ADD", 1)
    ground = match.ground
    assert lie.fault is not None
    for index, agreed in ((lie.fault, True), (lie.fault + 1, True), (lie.fault + 2, False)):
        assert (ground.root(TRUE, 1, 0, index) == ground.root(LIE, 1, 0, index)) is agreed
    base = (lie.fault + 1) * ground.stride(1)
    true, false = ground.given(TRUE, 2, base), ground.given(LIE, 2, base)
    assert true[:-1] == false[:-1] and true[-1] != false[-1]


def test_what_is_posted_is_counted() -> None:
    assert posted((b"abc", 7, None, (b"", b"d"))) == 3 + 32 + 1
    assert posted(WITHDRAWAL) == 3 * 32


# --- official blocks -------------------------------------------------------------------------------------------------


@pytest.mark.official
@pytest.mark.parametrize("case", ["coverage", "pointer_resets_an_empty_code_account_with_storage"])
def test_a_dispute_about_an_official_block(
    fixtures_dir: Path, count_official: Callable[[str, int], None], case: str
) -> None:
    file = fixtures_dir / "evm" / "blockchain_osaka.jsonl.xz"
    if not file.is_file():
        pytest.skip("no block tests of Osaka among the official cases")
    done = CliRunner().invoke(app, ["play", "--fixtures", str(file), "--case", case, "--seed", "1"])
    assert done.exit_code == 0, done.output
    assert "the truth wins" in done.output
    count_official("block tests (disputes)", 1)


# --- commands and pictures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["play", "--fault", "ADD", "--moves"], 0, "dispute play: the truth wins against 'ADD gives a false word'"),
        (["play", "--fault", "between", "--repeat", "2"], 0, "dispute play: the truth wins 2 of 2 disputes"),
        (["play", "--fault", "SDIV"], 4, "no lie of the kind SDIV"),
        (["play", "--fixtures", "nowhere"], 2, "no such file"),
        (["gallery", "unused", "--attack", "nobody"], 2, "no attack named nobody"),
    ],
)
def test_commands_end_with_their_codes(arguments: list[str], code: int, told: str) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    assert told in " ".join(done.output.split())
    assert max(map(len, done.output.splitlines()[:-1]), default=0) <= 100


def test_the_pictures_of_the_chapter_are_those_of_the_games(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["gallery", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(gallery.GALLERY)
    for drawn in tmp_path.iterdir():
        assert drawn.read_text() == (PICTURES / drawn.name).read_text(), drawn.name
    match, lie, name = dispute("any", 1)
    told = f"{told_of(name)} at point {lie.fault:,} of {len(match.ground.truth.points):,}"
    assert picture(match, told) == (PICTURES / "descent.svg").read_text()


def test_the_chapter_quotes_the_preset_as_it_is() -> None:
    chapter = (PICTURES.parents[1] / "dispute.md").read_text()
    game, whole = DEFAULT.game, DEFAULT.game.longest + DEFAULT.air_gap + DEFAULT.proposal_lag
    turns = game.moves + game.updates
    for told in (
        f"{game.moves}, {game.updates}",
        f"{game.censorship:,} + {game.reaction + game.slot} × {turns} = {game.late:,} s",
        f"{game.threshold:,} s > {game.late:,} s",
        f"{game.longest:,} s",
        f"{whole:,} s < {DEFAULT.data_retention:,} s",
    ):
        assert told in chapter, told
    assert all(f"_static/dispute/{name}.svg" in chapter for name in gallery.GALLERY)


def test_control_the_gallery_reports_a_lost_game(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gallery.BUDGETS, "censors", 0)
    with pytest.raises((AssertionError, gallery.NotWon)):
        for seed in range(5, 9):
            monkeypatch.setattr(gallery, "CENSORED", 40)
            gallery.played("censors", seed=seed)
