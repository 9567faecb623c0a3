"""Disputes about real blocks, from the false assertion to the paid withdrawal; and the gallery with its pictures."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import attrs
import pytest
from typer.testing import CliRunner

from hyperion.primitives.hashing import keccak256
from hyperion.settlement.dispute.invariants import violated as violated_in_game
from hyperion.settlement.finality.invariants import violated
from hyperion.settlement.finality.parameters import DEFAULT
from hyperion.settlement.trace import Standing
from hyperion_conformance.cli.dispute import app
from hyperion_conformance.dispute import gallery
from hyperion_conformance.dispute.descent import picture, rounds_of
from hyperion_conformance.dispute.execution import (
    Execution,
    NoFault,
    Task,
    candidates,
    executed,
    result_of,
    spoiling,
)
from hyperion_conformance.dispute.ground import LIE, BlockGround
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
@pytest.mark.parametrize(("wanted", "seed"), [("any", 1), ("any", 2), ("KECCAK256", 0), ("SLOAD", 3), ("CALLER", 0)])
def test_the_truth_wins_and_the_withdrawal_is_paid(wanted: str, seed: int) -> None:
    match, lie, name = dispute(wanted, seed)
    assert wanted in ("any", name)
    assert violated(match.chain) == () and violated_in_game(match.game) == ()
    rounds = rounds_of(match)
    assert sum(each.cut is not None for each in rounds) == sum(level.height for level in LEVELS)
    last = {each.edge.level: each.edge for each in rounds}
    assert last[1].start_height == lie.fault + 1, "the step that is contested is the one that was spoiled"
    assert result_of(match.ground.truth, lie.fault) == name
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
    lie, _ = spoiling(task, truth, "any", 9)
    assert truth.block.standing is Standing.VALID
    first = next(index for index in range(len(truth.points)) if truth.points[index] != lie.points[index])
    assert first == lie.fault + 1
    assert truth.block.tip.header.state_root != lie.block.tip.header.state_root
    assert len(candidates(truth, "any", 0)) > 500
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


@pytest.mark.rule("DIS-point-step")
def test_a_lie_about_what_begins_between_runs_stays_undecided() -> None:
    # The limit of the one-step check: points between runs are committed to, and no proof shows what follows them.
    task, truth = block()
    end = next(index for index in range(len(truth.points)) if not truth.is_step(index) and index > 100)
    false = tuple(keccak256(point) for point in truth.points[end + 1 :])
    lie = Execution(truth.trace, truth.points[: end + 1] + false, end)
    match = begin(task, truth, attrs.evolve(lie), DEFAULT)
    assertions(match)
    with pytest.raises(Undecided, match="no assertion has won"):
        contest(match, most=400)
    deepest = rounds_of(match)[-1].edge
    assert (deepest.level, deepest.length) == (2, 1)
    assert not [edge for edge in match.game.edges.values() if edge.confirmed]


def test_histories_of_both_sides_agree_up_to_the_false_step_and_nowhere_behind() -> None:
    match, lie, _ = dispute("any", 1)
    ground = match.ground
    for index, agreed in ((lie.fault, True), (lie.fault + 1, True), (lie.fault + 2, False)):
        assert (ground.root(TRUE, 1, 0, index) == ground.root(LIE, 1, 0, index)) is agreed
    base = (lie.fault + 1) * ground.stride(1)
    true, false = ground.given(TRUE, 2, base), ground.given(LIE, 2, base)
    assert true[:-2] == false[:-2] and true[-2] != false[-2] and true[-1] != false[-1]


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
        (["play", "--fault", "ADD", "--moves"], 0, "dispute play: the truth wins against a false ADD"),
        (["play", "--seed", "1", "--repeat", "2"], 0, "dispute play: the truth wins 2 of 2 disputes"),
        (["play", "--fault", "SDIV"], 4, "no result of SDIV"),
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
    told = f"{name} gives a false word at point {lie.fault:,} of {len(match.ground.truth.points):,}"
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
