"""Targets ``stm.block`` and ``stm.steps``: decoding, the contract of a block, the serial account, deadly schedules."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from hyperion.parallel.program import execute_serially
from hyperion.parallel.trees import Trees
from hyperion_conformance import targets
from hyperion_conformance.adapters import available
from hyperion_conformance.exploration.mutants import UNSOUND
from hyperion_conformance.harness import Adapter, Command
from hyperion_conformance.stm import compiler
from hyperion_conformance.stm.compiler import compiled, contract_json
from hyperion_conformance.stm.kills import kills
from hyperion_conformance.stm.programs import block_json, block_of, without_additions
from hyperion_conformance.stm.serial import serial_json
from hyperion_conformance.stm.steps import STEPS as MODEL
from hyperion_conformance.stm.steps import session_of
from hyperion_conformance.targets import TARGETS
from hyperion_conformance.targets.target import PROTOCOL_FORK
from hyperion_conformance.vectors.generators.assembly import asm
from hyperion_conformance.vectors.generators.stm import session_input
from hyperion_conformance.vectors.input import InputError
from hyperion_conformance.vectors.schema import shipped
from tests.support.stm_contract import Answer, run_contract
from tests.support.stm_trees import blocks

SAMPLE = block_of({"before": {}, "programs": [[{"read": "a", "as": "x"}, {"stop": "x"}]]}, "$")
BLOCK, STEPS = TARGETS["stm.block"], TARGETS["stm.steps"]


def model(case: Any) -> Any:
    return targets.run("vm.run", "OSAKA", case)


def serial(block: Trees) -> tuple[dict[str, int], list[str]]:
    found = execute_serially(block)
    state = {location: block.base(location) for location, _ in compiled(block).slots}
    return state | {str(at): value for at, value in found.state.items()}, [str(result) for result in found.results]


def same(block: Trees, answer: Answer) -> bool:
    return run_contract(block, compiled(block), answer) == serial(block)


def fits(block: Trees) -> bool:
    """Whether all that a block leaves fits into words."""
    state, results = serial(block)
    return all(abs(value) < 2**254 for value in (*state.values(), *(int(r) for r in results if r != "reverted")))


# --- the contract ----------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(blocks())
def test_the_contract_does_what_the_trees_mean_by_our_machine(block: Trees) -> None:
    """60 blocks of up to six transactions."""
    assume(fits(block))
    assert same(block, model)


@pytest.mark.parametrize("name", ["go-ethereum", "revm", "ethereumjs", "eels"])
def test_the_contract_does_what_the_trees_mean_by_a_foreign_machine(name: str) -> None:
    """Every released workload of three transactions, by each client that is set up here."""
    client = next((client for client in available() if client.name == name), None)
    if client is None or client.command is None:
        pytest.skip(f"{name} is not set up")
    adapter = Adapter(Command(client.command))
    try:
        for draft in BLOCK.generators[0](1, 4):
            block = block_of(draft.input, "$")
            if draft.slug.endswith(("-3", "remainder", "and-3")) or draft.group != "workloads":
                assert same(block, lambda case: adapter.run("vm.run", "CANCUN", case)), draft.id  # type: ignore[arg-type, return-value]
    finally:
        adapter.close()


def test_control_a_contract_with_another_remainder_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "FLOOR_MODULO", asm("SMOD"))
    cases = [block_of(draft.input, "$") for draft in BLOCK.generators[0](1, 0) if draft.group == "programs"]
    assert not all(same(block, model) for block in cases)


# --- decoding --------------------------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(blocks())
def test_a_block_is_read_as_it_is_written(block: Trees) -> None:
    """100 blocks; their JSON is what the schema allows."""
    written = json.loads(json.dumps(contract_json(block)))
    back = BLOCK.decode(written, True)
    assert isinstance(back, Trees) and (back.programs, dict(back.before)) == (block.programs, dict(block.before))
    assert of_schema(BLOCK.schema, "input", written)


def of_schema(file: str | None, part: str, document: Any) -> bool:
    schema = shipped("hyperion_conformance.targets", str(file))
    return Draft202012Validator({**schema, "$ref": f"#/$defs/{part}"}).is_valid(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(("x", "0", "-1", "s", "", "read")),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(("before", "programs", "read", "as", "stop", "if", "then", "else", "<", "+", "write", "value")),
        inner, max_size=3,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300)
@given(JSON, st.booleans())
def test_whatever_comes_is_an_outcome_or_refused(value: Any, whole: bool) -> None:
    """300 documents, half of them with a block's keys at the top."""
    given_json = {"before": {}, "programs": value} if whole else value
    for target, case in ((BLOCK, given_json), (STEPS, {"open": given_json, "events": []})):
        try:
            target.decode(case, True)
        except InputError:
            continue
        assert target is STEPS or of_schema(target.schema, "input", case)


@pytest.mark.parametrize(
    "programs",
    [
        [[]], [[{"read": "A", "as": "x"}, {"stop": "0"}]], [[{"read": "a", "as": "x", "z": "y"}, {"stop": "0"}]],
        [[{"stop": "01"}]], [[{"stop": "99999999999"}]], [[{"stop": {"+": ["1"]}}]], [[{"stop": {"/": ["1", "1"]}}]],
        [[{"revert": False}]], [[{"stop": "0", "as": "x"}]], [[{"if": {"<": ["1", "2"]}, "then": [{"stop": "0"}]}]],
    ],
)  # fmt: skip
def test_what_is_no_program_is_refused(programs: Any) -> None:
    with pytest.raises(InputError):
        BLOCK.decode({"before": {}, "programs": programs}, True)
    assert not of_schema(BLOCK.schema, "input", {"before": {}, "programs": programs})


@pytest.mark.parametrize("steps", [[{"stop": "0"}, {"stop": "0"}], [{"read": "a", "as": "x"}]])
def test_a_program_ends_once_and_at_its_end(steps: Any) -> None:
    with pytest.raises(InputError):
        BLOCK.decode({"before": {}, "programs": [steps]}, True)


def test_a_contract_that_is_not_the_programs_is_refused() -> None:
    case: dict[str, Any] = json.loads(json.dumps(contract_json(SAMPLE)))
    BLOCK.decode(case, True)
    case["evm"]["code"] += "00"
    with pytest.raises(InputError):
        BLOCK.decode(case, True)


# --- what is expected ------------------------------------------------------------------------------------------------


@pytest.mark.rule("STM-serial")
@settings(max_examples=100)
@given(blocks())
def test_the_serial_account_is_that_of_the_model(block: Trees) -> None:
    """100 blocks: state and results, without additions too, and the access list adds up to the state."""
    found: Any = serial_json(block)
    state, results = serial(block)
    assert {at: int(value) for at, value in found["state"].items()}.items() <= state.items()
    assert found["results"] == results
    plain: Any = serial_json(without_additions(block))
    assert (plain["state"], plain["results"]) == (found["state"], found["results"])
    changes = {entry["location"]: entry["changes"] for entry in found["access_list"]}
    final = {at: int(entries[-1]["value"]) for at, entries in changes.items() if entries}
    assert final == {at: state[at] for at in final}
    assert all(state[at] == block.base(at) for at in state if not changes.get(at))


def test_the_outcomes_are_what_the_schemas_allow() -> None:
    for target in (BLOCK, STEPS):
        for draft in target.generators[0](1, 5):
            outcome = json.loads(json.dumps(targets.run(target.name, PROTOCOL_FORK, draft.input)))
            assert of_schema(target.schema, "outcome", outcome), draft.id
            assert of_schema(target.schema, "input", json.loads(json.dumps(draft.input))), draft.id


# --- deadly schedules ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", [variant.name for variant in UNSOUND])
def test_every_unsound_variant_is_told_from_the_algorithm_by_its_schedule(variant: str) -> None:
    faulty = next(one for one in UNSOUND if one.name == variant)
    cases = [session_input(kill) for kill in kills() if kill.variant == variant]
    assert any(session_of(faulty.transitions, faulty.prepare).run(case) != MODEL.run(case) for case in cases)


def test_a_session_without_workers_or_beyond_them_is_refused() -> None:
    block = block_json(SAMPLE)
    for opening, events in (({**block, "workers": "0"}, []), ({**block, "workers": "1"}, [{"worker": "1"}])):
        with pytest.raises(InputError):
            STEPS.decode({"open": opening, "events": events}, True)
