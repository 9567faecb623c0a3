"""Scenarios: those of the project are as they say, the reader agrees with the schema, and wrong claims are told."""

import json
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from hyperion_conformance.bft import scenario
from hyperion_conformance.cli.bft import app
from hyperion_conformance.vectors.input import InputError

FOLDER: Final = Path(scenario.__file__).parent
SCHEMA: Final = jsonschema.Draft202012Validator(json.loads((FOLDER / "scenario.schema.json").read_text()))
FILES: Final = sorted((FOLDER / "scenarios").glob("*.json"))
JSON = st.recursive(
    st.none() | st.sampled_from(["0", "0x61", "0x7a", "propose", "prevote"]) | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([*scenario.ACTIONS, "node", "to", "from", "kind", "prevote"]), inner, max_size=2),
    max_leaves=6,
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_is_as_it_says(path: Path) -> None:
    document = json.loads(path.read_text())
    SCHEMA.validate(document)
    _, failures = scenario.played(document)
    assert failures == ()
    assert sum("expect" in action for action in document["steps"]) >= 2


@given(JSON)
def test_any_step_is_refused_or_played(value: Any) -> None:
    document = {**json.loads(FILES[0].read_text()), "steps": [{"begin": ["0x61"]}, value]}
    try:
        scenario.played(document)
    except InputError as error:
        assert error.field.startswith("$")
    else:
        SCHEMA.validate(document)


def test_a_wrong_claim_is_told(tmp_path: Path) -> None:
    document = json.loads(FILES[0].read_text())
    document["steps"].append({"expect": {"node": "0x61", "decided": ["0x42"]}})
    _, failures = scenario.played(document)
    assert len(failures) == 1 and "decided" in failures[0]
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(document))
    assert CliRunner().invoke(app, ["run", str(file)]).exit_code == 1
    assert CliRunner().invoke(app, ["run"]).exit_code == 0
    file.write_text("[")
    assert CliRunner().invoke(app, ["run", str(file)]).exit_code == 2


def test_nobody_signs_for_an_honest_validator() -> None:
    document = json.loads(FILES[0].read_text())
    vote = {"sender": "0x61", "height": "0", "round": "0", "value": None}
    document["steps"] = [{"send": {"to": ["0x62"], "prevote": vote}}]
    with pytest.raises(InputError):
        scenario.played(document)
