"""Sequence pictures: they show what a run says and no more, and no words of a lane lie upon others."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from hyperion.sequencer.finality.certificates import Certificate
from hyperion_conformance.bft import picture, scenario
from hyperion_conformance.bft.picture import contradicts, laid_out, picture_of
from hyperion_conformance.bft.recording import named, recorded
from hyperion_conformance.bft.session import hexed, node_json
from hyperion_conformance.cli.bft import app
from hyperion_conformance.protocol.messages import Json

FOLDER: Final = Path(scenario.__file__).parent / "scenarios"
FILES: Final = sorted(FOLDER.glob("*.json"))
SVG: Final = "{http://www.w3.org/2000/svg}"


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return document


def overlaps(document: Json) -> list[tuple[str, str]]:
    """Pairs of texts of a picture that lie upon each other, a letter being as wide as the widest font makes it."""
    texts = ElementTree.fromstring(picture_of(document)).iter(f"{SVG}text")
    boxes = [(float(text.attrib["x"]), float(text.attrib["y"]), text.text or "") for text in texts]
    return [
        (one, other)
        for (x, y, one), (right, below, other) in combinations(sorted(boxes), 2)
        if right < x + 8 * len(one) and abs(below - y) < 16
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_words_are_apart(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(path.read_text())
    assert overlaps(document) == []
    monkeypatch.setattr(picture, "GAP", 0)
    monkeypatch.setattr(picture, "SHORT", 0)
    assert overlaps(document), "the control: words upon words are found"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_picture_shows_the_run(path: Path) -> None:
    """The recording is the run without it, and each decision that it ends with is drawn."""
    document = read(path.stem)
    stage = recorded(document)
    states, failures = scenario.played(document)
    assert failures == tuple(stage.failures) == ()
    assert {name: len(node.driver.chain) for name, node in stage.nodes.items()} == {
        bytes.fromhex(name[2:]): len(state["chain"]) for name, state in states.items()
    }
    drawn = picture_of(document)
    assert drawn.count("DECIDES") == sum(len(node.driver.chain) for node in stage.nodes.values())
    spots = laid_out(stage).spots
    assert all(arrow.end is None or spots[arrow.end].above > spots[arrow.start].below for arrow in stage.arrows)


ONE: Final = st.sampled_from(["0x61", "0x62", "0x63"])
SOME: Final = st.lists(ONE, min_size=1, max_size=3, unique=True)
PLACE: Final = st.fixed_dictionaries({"height": st.just("0"), "round": st.sampled_from(["0", "0", "1"])})
VOTES: Final = st.tuples(PLACE, st.sampled_from([None, "0x41", "0x41", "0x41", "0x3c26", "0x" + "41" * 40])).map(
    lambda drawn: {**drawn[0], "sender": "0x64", "value": drawn[1]}
)
SENT: Final = st.tuples(SOME, st.sampled_from(["prevote", "precommit"]), VOTES).map(
    lambda drawn: {"to": drawn[0], drawn[1]: drawn[2]}
)
LED: Final = st.tuples(SOME, PLACE, st.sampled_from(["0x41", "0x42"])).map(
    lambda drawn: {"to": drawn[0], "proposal": {**drawn[1], "sender": "0x64", "value": drawn[2]}}
)
SOUGHT: Final = st.fixed_dictionaries({}, optional={"to": SOME, "kind": st.sampled_from(["proposal", "prevote"])})
STEPS: Final = st.one_of(
    *[st.just({"deliver": {}})] * 4,
    SOME.map(lambda names: {"begin": names}),
    SENT.map(lambda sent: {"send": sent}),
    LED.map(lambda sent: {"send": sent}),
    st.tuples(st.sampled_from(["deliver", "deliver", "drop", "delay", "release"]), SOUGHT).map(
        lambda drawn: {drawn[0]: drawn[1]}
    ),
    SOME.map(lambda names: {"gossip": names}),
    ONE.map(lambda name: {"crash": name}),
    ONE.map(lambda name: {"restart": name}),
    st.tuples(ONE, st.sampled_from(["propose", "prevote", "precommit"])).map(
        lambda drawn: {"timeout": {"node": drawn[0], "step": drawn[1]}}
    ),
    st.tuples(ONE, st.sampled_from(["0x41", "0x42"])).map(
        lambda drawn: {"value": {"node": drawn[0], "value": drawn[1]}}
    ),
)


BEGUN: Final = [
    {"begin": ["0x61", "0x62", "0x63"]},
    {"send": {"to": ["0x61", "0x62", "0x63"],
              "proposal": {"sender": "0x64", "height": "0", "round": "0", "value": "0x41"}}},
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, min_size=20, max_size=60))
def test_any_scenario_is_drawn_as_it_is_played(steps: list[Any]) -> None:
    """100 scenarios with a liar who leads round 0: what is drawn is what happens, and words are apart."""
    document = {**read("left-behind"), "steps": [*BEGUN, *steps]}
    states, _ = scenario.played(document)
    stage = recorded(document)
    assert {hexed(name): node_json(node) for name, node in stage.nodes.items()} == states
    assert {moment.who for arrow in stage.arrows for moment in (arrow.start,)} <= {b"a", b"b", b"c", b"d"}
    assert all(arrow.end is None or arrow.end.turn > arrow.start.turn for arrow in stage.arrows)
    assert overlaps(document) == []


def test_only_a_liar_contradicts_itself() -> None:
    stage = recorded(read("equivocation"))
    lies = [arrow for arrow in stage.arrows if contradicts(stage, arrow.message)]
    assert lies and {arrow.message.sender for arrow in lies} == {b"a"}
    for name in ("hidden-lock", "crash-and-restart", "left-behind"):
        stage = recorded(read(name))
        assert not any(contradicts(stage, arrow.message) for arrow in stage.arrows)


def test_what_ended_a_round_is_shown_where_it_matters() -> None:
    """A liar's vote that one validator passes on, and nothing that the others have already."""
    stage = recorded(read("left-behind"))
    passed = [arrow for arrow in stage.arrows if arrow.is_again and arrow.start.who == b"c"]
    assert {(arrow.message.to, named(arrow.message.message)) for arrow in passed} == {
        (b"a", "precommit nil"), (b"b", "precommit nil"),
    }  # fmt: skip
    told = [arrow for arrow in stage.arrows if arrow.is_again and isinstance(arrow.message.message, Certificate)]
    assert [arrow.end.who for arrow in told if arrow.end is not None] == [b"c"]


def test_a_restart_says_the_same_again() -> None:
    stage = recorded(read("crash-and-restart"))
    [again] = [moment.words for moment in stage.moments if moment.words[:1] == ["starts again from its log"]]
    assert again[1:] == ["proposes A", "prevote A"]
    assert ["value B changes nothing"] in [moment.words for moment in stage.moments]


def test_what_is_lost_has_no_end() -> None:
    stage = recorded(read("hidden-lock"))
    lost = [arrow for arrow in stage.arrows if arrow.end is None]
    assert len(lost) == 3 and {arrow.message.kind for arrow in lost} == {"precommit"}


def test_the_command_draws(tmp_path: Path) -> None:
    target = tmp_path / "picture.svg"
    assert CliRunner().invoke(app, ["run", str(FILES[0]), "--picture", str(target)]).exit_code == 0
    assert re.match(r"<svg .*viewBox=\"0 0 1000 \d+\"", target.read_text())
    assert CliRunner().invoke(app, ["run", "--picture", str(target)]).exit_code == 2
