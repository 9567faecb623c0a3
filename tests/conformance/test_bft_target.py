"""Target bft.node: reader fuzzed (200 documents), schema and reader agree, a seeded fault changes vectors."""

import datetime
import json
import sys
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from referencing import Registry, Resource
from typer.testing import CliRunner

from hyperion.sequencer.finality import consensus
from hyperion.sequencer.finality.driver import replace
from hyperion.sequencer.finality.types import Kind
from hyperion_conformance.adapters import available
from hyperion_conformance.bft.beside import Beside, apart, beside, degree, random_session
from hyperion_conformance.cli.bft import app
from hyperion_conformance.harness import Adapter, Command
from hyperion_conformance.runner.baseline import Known, apply_baseline
from hyperion_conformance.runner.campaign import Campaign, Settings, handshake
from hyperion_conformance.runner.cases import read_vectors, suite_root
from hyperion_conformance.runner.faults import Fault, known_of
from hyperion_conformance.runner.results import Run, exit_code
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


# --- beside another implementation ----------------------------------------------------------------------------------

TODAY: Final = datetime.date(2026, 11, 25)
"""No entry on record has a last day."""
MODEL: Final = (sys.executable, str(TARGETS.parents[1] / "adapters" / "model" / "adapter.py"))


def besides(command: tuple[str, ...], sessions: int) -> list[Beside]:
    adapter = Adapter(Command(command))
    try:
        return [beside(adapter, random_session(1, index)) for index in range(sessions)]
    finally:
        adapter.close()


def test_the_model_beside_itself_never_parts_and_a_seeded_fault_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {each.worst for each in besides(MODEL, 10)} == {"equal"}
    rows = tuple(
        replace(row, act=consensus.prevote_late) if row is not None and row.kind == Kind.PROPOSAL else row
        for row in consensus.ROWS
    )
    monkeypatch.setattr(consensus, "ROWS", rows)
    parted = [each.parting for each in besides(MODEL, 10) if each.parting is not None]
    assert parted
    assert any("prevote nil" in parting.lacks and "prevote value" in parting.adds for parting in parted)


def test_how_far_two_answers_agree() -> None:
    vote: Any = {"prevote": {"value": None}}
    timer: Any = {"timer": {"round": "0", "step": "prevote"}}
    same: frozenset[str] = frozenset()
    assert degree([vote, timer], [vote, timer], same) == "equal"
    assert degree([vote, timer], [timer, vote], same) == "order"
    assert degree([vote, timer], [vote], same) == degree([vote], [vote, timer], same) == "timers"
    assert degree([vote], [vote], frozenset({"evidence"})) == "proofs"
    assert degree([vote], [vote, vote], same) == degree([vote], [vote], frozenset({"locked"})) == "parted"


def test_where_two_states_differ() -> None:
    one: Any = {"round": "0", "chain": [{"value": "0x41", "certificate": "0x01"}]}
    assert apart(one, one) == frozenset()
    assert apart(one, {**one, "round": "1"}) == {"round"}
    assert apart(one, {**one, "chain": [{"value": "0x41", "certificate": "0x02"}]}) == {"certificate"}
    assert apart(one, {**one, "chain": [{"value": "0x42", "certificate": "0x01"}]}) == {"chain"}


def test_sessions_without_certificates_and_liars() -> None:
    for index in range(20):
        events = random_session(1, index, certificates=False, liars=False)["events"]
        rounds = [event["proposal"]["round"] for event in events if "proposal" in event]
        assert len(rounds) == len(set(rounds))
        assert not any("certificate" in event for event in events)
        again = random_session(1, index, certificates=False, liars=False, restarts=True)["events"]
        assert [event for event in again if "restart" not in event] == events
        assert len(again) == len(events) + 2


def test_the_command_tells_where_they_part(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["beside", " ".join(MODEL), "--sessions", "2"]
    same = CliRunner().invoke(app, words)
    assert same.exit_code == 0
    assert same.output.strip().splitlines()[-1].startswith("bft beside: 2 sessions: 2 equal")
    assert CliRunner().invoke(app, ["beside", "no-such-client"]).exit_code == 2
    assert CliRunner().invoke(app, ["beside", f"{sys.executable} -c pass"]).exit_code == 3
    monkeypatch.setattr(consensus, "ROWS", (None,) * len(consensus.ROWS))
    parted = CliRunner().invoke(app, words)
    assert parted.exit_code == 1
    assert max(map(len, parted.output.splitlines())) <= 100


def test_malachite_is_as_the_model_but_for_what_is_written_down() -> None:
    """All released cases: those that differ are the ones on record, and an entry more or less is noticed."""
    client = next(client for client in available() if client.name == "malachite")
    if client.command is None:
        pytest.skip(f"malachite: {client.why}")
    address, settings, known = Command(client.command), Settings(twice=False), known_of("malachite")
    cases = [case for case in read_vectors(TARGETS.parents[1] / "vectors") if case.target == BFT_NODE.name]
    results = tuple(Campaign(address, handshake(address, settings), settings).run(cases))
    run = Run("malachite", str(address), {}, suite_root(cases), results)
    assert len(results) >= 54
    assert exit_code(apply_baseline(run, known, TODAY, False)) == 0
    assert exit_code(apply_baseline(run, known[1:], TODAY, False)) == 1
    equal = next(result for result in results if result.verdict == "pass")
    more = Known(equal.id, equal.fingerprint, "fail")
    assert exit_code(apply_baseline(run, (*known, more), TODAY, False)) == 1


def test_a_difference_of_design_is_told_as_such() -> None:
    text = str(Fault("other", "FIN-due", "neither", "waits"))
    assert text == "another design, neither side is wrong (FIN-due): it waits"
    assert str(Fault("other", "FIN-due", "other", "waits")) == "other is wrong (FIN-due): it waits"
