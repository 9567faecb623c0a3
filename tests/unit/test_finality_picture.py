"""Sequence pictures: they show what a run says and no more, and no words of a lane lie upon others."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from hyperion_conformance.bft import scenario
from hyperion_conformance.bft.picture import STEP, Recording, contradicts, picture_of
from hyperion_conformance.cli.bft import app

FOLDER: Final = Path(scenario.__file__).parent / "scenarios"
FILES: Final = sorted(FOLDER.glob("*.json"))
SVG: Final = "{http://www.w3.org/2000/svg}"


def recorded(name: str) -> tuple[dict[str, Any], Recording]:
    document = json.loads((FOLDER / f"{name}.json").read_text())
    stage = scenario.staged(document, Recording)
    scenario.acted(stage, document)
    return document, stage


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_words_are_apart(path: Path) -> None:
    document = json.loads(path.read_text())
    texts = list(ElementTree.fromstring(picture_of(document)).iter(f"{SVG}text"))
    places = sorted((float(text.attrib["x"]), float(text.attrib["y"])) for text in texts)
    for (x, y), (right, below) in pairwise(places):
        assert x != right or below - y >= min(STEP, 22)
    assert all(float(text.attrib["x"]) + 7.2 * len(text.text or "") < 1250 for text in texts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_picture_shows_the_run(path: Path) -> None:
    """The recording is the run without it, and each decision that it ends with is drawn."""
    document, stage = recorded(path.stem)
    states, failures = scenario.played(document)
    assert failures == tuple(stage.failures) == ()
    assert {name: len(node.driver.chain) for name, node in stage.nodes.items()} == {
        bytes.fromhex(name[2:]): len(state["chain"]) for name, state in states.items()
    }
    drawn = picture_of(document)
    assert drawn.count("DECIDES") == sum(len(node.driver.chain) for node in stage.nodes.values())
    assert all(arrow.end is None or arrow.end.y >= arrow.start.y for arrow in stage.arrows)


def test_only_a_liar_contradicts_itself() -> None:
    _, stage = recorded("equivocation")
    lies = [arrow for arrow in stage.arrows if contradicts(stage, arrow.message)]
    assert lies and {arrow.message.sender for arrow in lies} == {b"a"}
    for name in ("hidden-lock", "crash-and-restart", "left-behind"):
        _, stage = recorded(name)
        assert not any(contradicts(stage, arrow.message) for arrow in stage.arrows)


def test_what_is_lost_has_no_end() -> None:
    _, stage = recorded("hidden-lock")
    lost = [arrow for arrow in stage.arrows if arrow.end is None]
    assert len(lost) == 3 and {arrow.message.kind for arrow in lost} == {"precommit"}


def test_the_command_draws(tmp_path: Path) -> None:
    target = tmp_path / "picture.svg"
    assert CliRunner().invoke(app, ["run", str(FILES[0]), "--picture", str(target)]).exit_code == 0
    assert re.match(r"<svg .*viewBox=\"0 0 1200 \d+\"", target.read_text())
    assert CliRunner().invoke(app, ["run", "--picture", str(target)]).exit_code == 2
