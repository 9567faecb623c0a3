"""Targets ``dispute.game``, ``fdg.game`` and ``osp.step``: decoding, schemas, what the cases cover, and controls."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from hyperion.settlement.dispute.types import Reason as EdgeReason
from hyperion.settlement.faultgame.types import Reason as FaultReason
from hyperion.settlement.onestep.nodes import Reason as StepReason
from hyperion_conformance.dispute.mutants.edges import EDGE_MUTANTS
from hyperion_conformance.dispute.mutants.faults import FAULT_MUTANTS
from hyperion_conformance.dispute.mutants.kills import BEYOND, PARTS, differs, kills
from hyperion_conformance.dispute.mutants.mutant import Mutant, in_force
from hyperion_conformance.settlement import edges, faults
from hyperion_conformance.targets.dispute import DISPUTE_GAME
from hyperion_conformance.targets.fdg import FDG_GAME
from hyperion_conformance.targets.osp import OSP_STEP
from hyperion_conformance.targets.target import Target
from hyperion_conformance.vectors.input import InputError
from hyperion_conformance.vectors.record import Draft, case_of
from hyperion_conformance.vectors.schema import shipped

TARGETS: Final = (DISPUTE_GAME, FDG_GAME, OSP_STEP)
DRAFTS: Final[Mapping[str, tuple[Draft, ...]]] = {
    target.name: tuple(target.generators[0](7, 400)) for target in TARGETS
}
RELEASED: Final = Path(__file__).resolve().parents[2] / "conformance" / "vectors"
UNREACHABLE: Final = {
    "malformed": "a document with a hash of another length is refused when it is read",
    "negative-count": "a document with a negative number is refused when it is read",
}


def outcome(target: Target, draft: Draft) -> Any:
    return target.outcome(draft.input, draft.fork, True, lambda _: None)


OUTCOMES: Final = {target.name: [outcome(target, draft) for draft in DRAFTS[target.name]] for target in TARGETS}


def of_schema(target: Target, part: str, document: Any) -> bool:
    schema = shipped("hyperion_conformance.targets", str(target.schema))
    return Draft202012Validator({**schema, "$ref": f"#/$defs/{part}"}).is_valid(document)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_inputs_and_outcomes_are_what_the_schema_says(target: Target) -> None:
    for draft, found in zip(DRAFTS[target.name], OUTCOMES[target.name], strict=True):
        assert of_schema(target, "input", json.loads(json.dumps(draft.input))), draft.id
        assert of_schema(target, "outcome", found), draft.id


@pytest.mark.parametrize(("target", "reasons"), [(DISPUTE_GAME, EdgeReason), (FDG_GAME, FaultReason)])
def test_every_refusal_of_a_game_has_a_case(target: Target, reasons: Any) -> None:
    named = {answer.get("rejected") for found in OUTCOMES[target.name] for answer in found["answers"]}
    assert {reason.value for reason in reasons} - named <= set(UNREACHABLE)


def test_every_refusal_of_a_proof_has_a_case() -> None:
    named = {found.get("rejected") for found in OUTCOMES["osp.step"]}
    assert {reason.value for reason in StepReason} <= named


def test_no_case_breaks_an_invariant() -> None:
    """In every state of every case."""
    assert [draft.id for draft in DRAFTS["dispute.game"] if edges.broken(draft.input)] == []
    assert [draft.id for draft in DRAFTS["fdg.game"] if faults.broken(draft.input)] == []


def test_a_wrong_witness_shows_nothing() -> None:
    for draft, found in zip(DRAFTS["osp.step"], OUTCOMES["osp.step"], strict=True):
        assert ("rejected" in found) == draft.group.endswith("wrong"), draft.id


# --- decoding --------------------------------------------------------------------------------------------------------

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(("", "0", "-1", "0x", "0x" + "00" * 32, "step")),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("event", "time", "x")), inner),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a document."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path, *(place for key in keys for place in places(value[key], (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """The document with something else at a place."""
    if not path:
        return junk
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(copy[path[0]], path[1:], junk)
    return copy


@settings(max_examples=150)
@given(st.data(), st.sampled_from(TARGETS), JUNK)
def test_whatever_comes_is_an_outcome_or_refused(data: st.DataObject, target: Target, junk: Any) -> None:
    """150 documents, each a case with junk in one place. What is an outcome is allowed by the schema."""
    draft = data.draw(st.sampled_from([draft for draft in DRAFTS[target.name] if len(str(draft.input)) < 8_000]))
    document = json.loads(json.dumps(draft.input))
    document = changed(document, data.draw(st.sampled_from(places(document))), junk)
    try:
        target.decode(document, True)
        found = target.outcome(document, "HYPERION", True, lambda _: None)
    except InputError:
        return
    assert of_schema(target, "outcome", found)
    assert of_schema(target, "input", document)


# --- controls --------------------------------------------------------------------------------------------------------

NAMES: Final = ("same-block-counts", "threshold-exceeded", "expired-in-time", "own-clock", "extension-at-the-split")
SAMPLE: Final = [
    (target, mutant)
    for target, mutants in ((DISPUTE_GAME, EDGE_MUTANTS), (FDG_GAME, FAULT_MUTANTS))
    for mutant in mutants
    if mutant.name in NAMES
]


@pytest.mark.parametrize(("target", "mutant"), SAMPLE, ids=lambda value: value.name)
def test_control_a_seeded_mistake_changes_an_outcome(target: Target, mutant: Mutant) -> None:
    cases = [
        case_of(draft, found, None) for draft, found in zip(DRAFTS[target.name], OUTCOMES[target.name], strict=True)
    ]
    with in_force(mutant):
        assert any(differs(case) for case in cases if case.group == "clocks")


def test_control_the_model_as_it_is_changes_none() -> None:
    for target in TARGETS:
        few = list(zip(DRAFTS[target.name], OUTCOMES[target.name], strict=True))[::10]
        assert not any(differs(case_of(draft, found, None)) for draft, found in few)


def test_every_mutant_of_a_target_is_killed_by_a_released_case_or_beyond_them() -> None:
    survivors = {kill.mutant for kill in kills(RELEASED, [part for part in PARTS if part.target]) if not kill.case}
    assert survivors == BEYOND.keys()


def test_there_are_mutants_of_every_part() -> None:
    assert {part.name: len(part.mutants) >= 18 for part in PARTS} == {part.name: True for part in PARTS}
    assert sum(len(part.mutants) for part in PARTS) >= 130
