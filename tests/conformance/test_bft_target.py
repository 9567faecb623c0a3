"""Target bft.node: reader fuzzed (200 documents), schema and reader agree, a seeded fault changes vectors."""

import json
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from referencing import Registry, Resource

from hyperion.sequencer.finality import consensus
from hyperion.sequencer.finality.driver import replace
from hyperion.sequencer.finality.types import Kind
from hyperion_conformance.targets.bft import BFT_NODE
from hyperion_conformance.vectors.generators.bft import validators
from hyperion_conformance.vectors.input import InputError
from hyperion_conformance.vectors.record import Draft

TARGETS: Final = Path(__file__).parents[2] / "conformance" / "hyperion_conformance" / "targets"
SCHEMA: Final = json.loads((TARGETS / (BFT_NODE.schema or "")).read_text())
DRAFTS: Final = tuple(validators(1, 4))
KEYS: Final = (
    "open", "events", "begin", "prevote", "proposal", "certificate", "timeout", "restart", "sender", "height", "round",
    "value", "validator", "validators", "leaders", "0x61",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["0", "1", "0x61", "0x", "propose", "-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)


def checker(part: str) -> jsonschema.Draft202012Validator:
    registry: Any = Registry().with_resource(SCHEMA["$id"], Resource.from_contents(SCHEMA))
    return jsonschema.Draft202012Validator({"$ref": f"{SCHEMA['$id']}#/$defs/{part}"}, registry=registry)


def answer(given: Any) -> dict[str, Any]:
    return BFT_NODE.outcome(given, "HYPERION", True, lambda name: None)


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.id)
def test_input_and_outcome_have_the_schema(draft: Draft) -> None:
    checker("input").validate(draft.input)
    checker("outcome").validate(answer(draft.input))


@given(JSON, st.sampled_from(("whole", "open", "event")))
def test_any_json_is_refused_or_answered(value: Any, place: str) -> None:
    whole: Any = dict(DRAFTS[0].input)
    whole = value if place == "whole" else {**whole, place: value} if place == "open" else {**whole, "events": [value]}
    try:
        outcome = BFT_NODE.outcome(whole, "HYPERION", True, lambda name: None) if isinstance(whole, dict) else None
        BFT_NODE.decode(whole, True)
    except InputError as error:
        assert error.field.startswith("$")
        return
    checker("input").validate(whole)
    assert outcome is not None
    checker("outcome").validate(outcome)


def test_a_seeded_fault_changes_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [answer(draft.input) for draft in DRAFTS]
    rows = tuple(
        replace(row, act=consensus.prevote_new) if row is not None and row.kind == Kind.PROPOSAL_POLKA_PREVIOUS else row
        for row in consensus.ROWS
    )
    monkeypatch.setattr(consensus, "ROWS", rows)
    assert [answer(draft.input) for draft in DRAFTS] != before
