"""Targets of the sequencers: decoders are total (100 examples each), schemas agree, faults change vectors."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from hyperion.sequencer.stake.slashing import burn
from hyperion_conformance.adapters import available
from hyperion_conformance.cli.seq import app
from hyperion_conformance.harness import Adapter, Command
from hyperion_conformance.protocol.messages import Json, Skip
from hyperion_conformance.seq.faults import killed, noticed
from hyperion_conformance.seq.installing import REFUTED, Ballot, Refuted, enough_heads, installed, shared_source
from hyperion_conformance.seq.variants import VARIANTS, Variant
from hyperion_conformance.targets import seq
from hyperion_conformance.targets.seq import SEQ_SCHEDULE, SEQ_STAKE, STAKE
from hyperion_conformance.targets.target import Target
from hyperion_conformance.vectors.input import InputError

FOLDER: Final = Path(seq.__file__).parent
TARGETS: Final = (SEQ_SCHEDULE, SEQ_STAKE)
DRAFTS: Final = {target.name: list(target.generators[0](7, 4)) for target in TARGETS}

scalars = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["0", "7", "01", "0x", "0x00", "x"]))
keys = st.sampled_from(
    ["first", "seats", "open", "events", "time", "kind", "bonds", "parameters", "questions", "stake"]
)
anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4))


def outcome(target: Target, given: Mapping[str, Json]) -> dict[str, Json]:
    return target.outcome(given, "HYPERION", True, lambda name: None)


def schema(target: Target, part: str) -> dict[str, Any]:
    whole = json.loads((FOLDER / str(target.schema)).read_text(encoding="utf-8"))
    assert whole["$id"] == target.schema
    return {"$ref": f"#/$defs/{part}", "$defs": whole["$defs"]}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@given(anything)
def test_any_json_is_read_or_refused(target: Target, value: Json) -> None:
    try:
        target.decode(value, True)
    except InputError as refused:
        assert refused.field
        assert refused.reason


def replaced(value: Any, path: int, by: Json) -> Any:
    """The JSON with the value at one of its places exchanged."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            places.append((node, key))
            if isinstance(inner, dict | list):
                walk(inner)

    made = json.loads(json.dumps(value))
    walk(made)
    node, key = places[path % len(places)]
    node[key] = by
    return made


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@given(st.data(), st.integers(0, 400), scalars)
def test_damaged_cases_are_read_or_refused(target: Target, data: st.DataObject, path: int, by: Json) -> None:
    draft = data.draw(st.sampled_from([draft for draft in DRAFTS[target.name] if draft.group != "random"][:20]))
    damaged = replaced(draft.input, path, by)
    try:
        found = outcome(target, damaged)
    except InputError:
        return
    jsonschema.validate(json.loads(json.dumps(found)), schema(target, "outcome"))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_cases_fit_their_schema(target: Target) -> None:
    drafts = DRAFTS[target.name]
    assert len({draft.id for draft in drafts}) == len(drafts) > 25
    for draft in drafts:
        jsonschema.validate(json.loads(json.dumps(draft.input)), schema(target, "input"))
        jsonschema.validate(outcome(target, draft.input), schema(target, "outcome"))


def test_the_schema_refuses_what_the_decoder_refuses() -> None:
    """The control of the schemas."""
    good = DRAFTS["seq.schedule"][0].input
    for broken in ({**good, "more": "1"}, {**good, "first": "01"}, {"first": "1"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema(SEQ_SCHEDULE, "input"))
        with pytest.raises(InputError):
            outcome(SEQ_SCHEDULE, broken)


def test_a_session_driven_event_by_event_is_the_same() -> None:
    draft = next(draft for draft in DRAFTS["seq.stake"] if draft.id.endswith("together/frozen"))
    opened: Any = draft.input["open"]
    state, answers = STAKE.open(opened, True), list[Json]()
    events: Any = draft.input["events"]
    for event in events:
        state, answer = STAKE.act(state, event, True)
        answers.append(answer)
    assert {"answers": answers, "final": STAKE.snapshot(state)} == outcome(SEQ_STAKE, draft.input)


# --- mutants ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_every_faulty_rule_is_killed_by_a_named_case(variant: Variant) -> None:
    assert killed(variant)


def test_no_fault_kills_nothing() -> None:
    """The control of the mutants: a fault that changes nothing is not killed."""
    harmless = Variant("none", "seq.stake", "", "", "", "", (("hyperion.sequencer.stake.rules", "burn", burn),))
    assert noticed(harmless, DRAFTS["seq.stake"][:10]) == []
    assert len(VARIANTS) >= 15


@pytest.mark.parametrize("refuted", REFUTED, ids=lambda refuted: refuted.name)
def test_rules_without_counterpart_are_refuted(refuted: Refuted) -> None:
    assert refuted.witness()


def test_the_witnesses_see_a_sound_rule() -> None:
    """The control: spans with something between their numbers do not collide; an exact bound draws fairly."""
    assert "-".join(map(str, (1, 12, 22))) != "-".join(map(str, (11, 2, 22)))
    assert not enough_heads("a", {"a": 1, "b": 1, "c": 1})
    assert installed([Ballot(name, (1, 10, 19), "x") for name in "abc"], False, 4) == "x"
    assert shared_source(["schedule", "schedule"]) == shared_source(["schedule", "schedule"])


@pytest.mark.parametrize("arguments", [["faults"], ["reach", "--sets", "1"], ["measure"]])
def test_commands(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert result.output.strip().splitlines()[-1].startswith(f"seq {arguments[0]}")
    assert max(map(len, result.output.splitlines())) <= 100


def test_a_fault_that_nothing_notices_fails_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = Variant("none", "seq.stake", "", "", "", "", (("hyperion.sequencer.stake.rules", "burn", burn),))
    monkeypatch.setattr("hyperion_conformance.cli.seq.VARIANTS", (harmless,))
    assert CliRunner().invoke(app, ["faults"]).exit_code == 1


def test_cometbft_elects_as_the_model() -> None:
    """Where CometBFT is set up: it agrees on all cases that it can be asked, and not with a faulty election."""
    client = next(client for client in available() if client.name == "cometbft")
    if client.command is None:
        pytest.skip(f"cometbft: {client.why}")
    adapter = Adapter(Command(client.command))
    try:
        replies = [(draft, adapter.run("seq.schedule", "HYPERION", draft.input)) for draft in DRAFTS["seq.schedule"]]
    finally:
        adapter.close()
    answered = [(draft, reply) for draft, reply in replies if isinstance(reply, Mapping)]
    assert all(isinstance(reply, Mapping | Skip) for _, reply in replies)
    assert len(answered) >= len(replies) - 4
    assert all(reply == outcome(SEQ_SCHEDULE, draft.input) for draft, reply in answered)
    with next(variant for variant in VARIANTS if variant.name == "last-of-equals").seeded():
        assert not all(reply == outcome(SEQ_SCHEDULE, draft.input) for draft, reply in answered)
