"""Replay of traces made here: what surrounds validators, where traces lie, and what is told of one that is not equal.

Fuzzed: archives of any bytes (100), and traces of a network with any value in the place of a state's part (100).
"""

import io
import json
import tarfile
import tempfile
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map
from typer.testing import CliRunner

from hyperion.sequencer.finality.acts import Decision, Provide, Start, driver_of
from hyperion.sequencer.finality.certificates import certificate_of
from hyperion.sequencer.finality.driver import act, replace
from hyperion.sequencer.finality.types import Proposal, Timeout, VoteType
from hyperion.sequencer.finality.votes import validators_of
from hyperion_conformance.bft.itf import Trace, Truth, Variant, trace_of
from hyperion_conformance.bft.leaves import NONE, survey
from hyperion_conformance.bft.published import Network, network_of, setting_of, shown_node
from hyperion_conformance.bft.quint import shown_output
from hyperion_conformance.bft.replay import PLAYERS, replay
from hyperion_conformance.bft.rotation import orders
from hyperion_conformance.bft.sources import SourceError, documents
from hyperion_conformance.bft.walk import HISTORY, INITIAL, shown_network
from hyperion_conformance.cli import HOLDS, TARGET_WRONG, USAGE
from hyperion_conformance.cli.bft import app

NAMES = (b"v1", b"v2", b"v3", b"v4")
VALIDATORS = validators_of(dict.fromkeys(NAMES, 1))
SETTING = setting_of(VALIDATORS)


def itf(value: Any) -> Any:
    """A value as the format writes it."""
    if isinstance(value, Variant):
        return {"tag": value.tag, "value": itf(value.value)}
    if isinstance(value, Truth):
        return value.value
    if isinstance(value, int):
        return {"#bigint": str(value)}
    if isinstance(value, tuple):
        return {"#tup": [itf(item) for item in value]}
    if isinstance(value, frozenset):
        return {"#set": [itf(item) for item in sorted(value, key=repr)]}
    if isinstance(value, Map) and all(isinstance(name, str) for name in value):
        return {name: itf(value[name]) for name in sorted(value)}
    if isinstance(value, Map):
        return {"#map": [[itf(name), itf(value[name])] for name in sorted(value, key=repr)]}
    return value


def text(trace: Trace) -> str:
    """A trace as a document."""
    return json.dumps({"vars": [], "states": [itf(state) for state in trace.states]})


def state(network: Network, name: str, given: Variant, output: Variant) -> Any:
    """A state of a trace in which messages arrive at once."""
    shown: Any = Map({address.decode(): shown_node(node) for address, node in network.nodes.items()})
    told = (name, given, output)
    history: Any = Map(zip(HISTORY, told, strict=True)) if network.is_buffered else told
    return shown_network(network, shown, network).set("_hist", history)


def started(is_buffered: bool, **boxes: Any) -> list[Any]:
    """Two states: v2 begins as the leader, and what it asks for is in these of its boxes."""
    network = network_of(VALIDATORS, NAMES, 0, is_buffered)
    driver, output, _ = act(driver_of(b"v2", VALIDATORS, 0), Start(), SETTING)
    node = replace(network.nodes[b"v2"], driver=driver, **boxes)
    after = replace(network, nodes=network.nodes.set(b"v2", node))
    return [state(network, *INITIAL), state(after, "v2", Variant("StartDInput"), shown_output(output))]


ASKED = {"timeouts": frozenset({(Timeout.PROPOSE, 0, 0)}), "requests": frozenset({(0, 0)})}


def test_a_wish_for_a_value_is_dropped_only_where_messages_arrive_at_once() -> None:
    for boxes, is_buffered, holds in ((ASKED, True, True), (ASKED, False, True), ({}, False, True), ({}, True, False)):
        result = replay(Trace("asked", tuple(started(is_buffered, **boxes))))
        assert (result.difference is None, result.steps) == (holds, int(holds))


@pytest.mark.parametrize("waits", [True, False])
def test_a_proposal_starts_no_timeout_where_messages_arrive_at_once(waits: bool) -> None:
    first, second = started(False, requests=ASKED["requests"], timeouts=ASKED["timeouts"])
    driver, _, _ = act(driver_of(b"v2", VALIDATORS, 0), Start(), SETTING)
    expired = state(network_of(VALIDATORS, NAMES, 0, False), *INITIAL)
    proposed, output, _ = act(driver, Provide(b"nothing to propose"), SETTING)
    proposal = Proposal(b"v2", 0, 0, b"nothing to propose", -1)
    network = network_of(VALIDATORS, NAMES, 0, False)
    nodes = {name: replace(node, proposals=frozenset({proposal})) for name, node in network.nodes.items()}
    nodes[b"v2"] = replace(nodes[b"v2"], driver=proposed, timeouts=ASKED["timeouts"] if waits else frozenset())
    third = state(
        replace(network, nodes=Map(nodes)), "v2", Variant("ProposeValueDInput", "nothing to propose"),
        shown_output(output),
    )  # fmt: skip
    result = replay(Trace("proposed", (first, second, third)))
    assert expired == first and (result.difference is None) == waits


def test_a_step_is_named_with_its_validator_input_field_and_both_values() -> None:
    first, second = started(True, **ASKED)
    node = second["system"]["v2"]
    wrong = node.set("es", node["es"].set("cs", node["es"]["cs"].set("round", 7)))
    found = replay(Trace("wrong", (first, second.set("system", second["system"].set("v2", wrong))))).difference
    assert found is not None
    assert (found.step, found.validator, found.given) == (1, "v2", "StartDInput")
    assert (found.field, found.expected, found.found) == ("$.system.v2.es.cs.round", "0", "7")
    assert str(found) == "step 1, v2 on StartDInput: $.system.v2.es.cs.round: model 0, trace 7"


def test_only_what_was_sent_or_comes_from_the_faulty_is_delivered() -> None:
    network = network_of(VALIDATORS, NAMES[1:], 0, True)
    for sender, holds in ((b"v1", True), (b"v3", False)):
        message = Proposal(sender, 0, 0, b"red", -1)
        node = replace(network.nodes[b"v2"], proposals=frozenset({message}))
        after = replace(network, nodes=network.nodes.set(b"v2", node))
        result = replay(Trace("sent", (state(network, *INITIAL), state(after, *INITIAL))))
        assert (result.difference is None) == holds
    both = replace(network.nodes[b"v2"], proposals=frozenset({Proposal(b"v1", 0, 0, b"red", -1)}), next_value=b"red")
    after = replace(network, nodes=network.nodes.set(b"v2", both))
    assert replay(Trace("two at once", (state(network, *INITIAL), state(after, *INITIAL)))).difference is not None


def test_validators_may_begin_at_different_heights() -> None:
    decided = Decision(Proposal(b"v2", 0, 0, b"red", 0), certificate_of(VoteType.PRECOMMIT, 0, 0, b"red", NAMES[:3]))
    network = network_of(VALIDATORS, NAMES, 0, True)
    ahead = replace(network.nodes[b"v3"], driver=driver_of(b"v3", VALIDATORS, 1, (decided,)))
    first = state(replace(network, nodes=network.nodes.set(b"v3", ahead)), *INITIAL)
    assert replay(Trace("late", (first, first))).difference is None
    begun = replace(ahead, driver=replace(ahead.driver, started=True))
    result = replay(Trace("begun", (state(replace(network, nodes=network.nodes.set(b"v3", begun)), *INITIAL),)))
    assert result.difference is not None and result.difference.step == 0


def test_the_order_of_leaders_is_found_and_a_trace_that_contradicts_itself_has_none() -> None:
    first, second = started(True, **ASKED)
    names = {"v1": "zed", "v2": "bob", "v3": "ann", "v4": "kim"}
    renamed = text(Trace("renamed", (first, second)))
    for before, after in names.items():
        renamed = renamed.replace(f'"{before}"', f'"{after}"')
    trace = trace_of("renamed", renamed)
    assert replay(trace).difference is None
    # Ascending, bob is the second: another name makes the leader the last of all.
    other = trace_of("other", renamed.replace('"bob"', '"zoe"'))
    ascending, found, *_ = orders(list(other.states))
    assert ascending[1] != b"zoe" and found[1] == b"zoe"
    assert replay(other).difference is None
    follows = second["_hist"].set("output", Variant("TimeoutOutput", (0, Variant("ProposeTimeout"))))
    assert replay(Trace("contradicts", (first, second.set("_hist", follows)))).difference is not None


def test_a_trace_that_does_not_tell_who_acted_is_explained_all_the_same() -> None:
    states = [each.delete("_hist") for each in started(True, **ASKED)]
    assert (replay(Trace("silent", tuple(states))).acts, replay(Trace("silent", tuple(states))).difference) == (1, None)
    silent = states[1].set("system", states[0]["system"].set("v3", states[1]["system"]["v2"]))
    assert replay(Trace("wrong", (states[0], silent))).difference is not None


def test_a_log_and_choices_are_not_compared_and_that_is_told() -> None:
    states = started(True, **ASKED)
    logged = [
        each.set("system", each["system"].set("v1", each["system"]["v1"].set("debug", (number,))))
        .set("mbt::actionTaken", "step").set("other", number)
        for number, each in enumerate(states)
    ]  # fmt: skip
    result = replay(Trace("logged", tuple(logged)))
    assert (result.difference, result.unread) == (None, ("mbt::actionTaken", "other"))


@pytest.mark.parametrize(("variables", "reason"), [
    ({"view": 1, "delivered": 2}, "network: no system; rows: no input, output, state; votes: no bookkeeper"),
    ({"state": 1, "input": 2}, "rows: no output"),
    ({"system": 1}, "system: no validators"),
    ({"system": Map(v1=Map(es=Map(height=1)))}, "system.v1: not a validator of this specification"),
])
def test_traces_of_something_else_are_refused(variables: dict[str, Any], reason: str) -> None:
    result = replay(Trace("other", (Map(variables),) * 2))
    assert (result.kind, result.difference) == ("refused", None)
    assert result.refusal is not None and reason in result.refusal
    assert replay(Trace("empty", (Map(), Map({"mbt::actionTaken": "step"})))).kind == "empty"


def test_a_trace_that_loses_its_shape_differs_there() -> None:
    first, second = started(True, **ASKED)
    found = replay(Trace("shapeless", (first, second, second.set("system", Map(v1=Map(es=3)))))).difference
    assert found is not None and found.step == 2


def test_a_variable_that_comes_and_goes_is_refused() -> None:
    first, second = started(True, **ASKED)
    result = replay(Trace("gaps", (first, second.delete("voteBuffer"))))
    assert result.refusal == "states[1].voteBuffer: missing, but there in another state"


# --- where traces lie -----------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One trace in every place where one may lie."""
    data = text(Trace("asked", tuple(started(True, **ASKED)))).encode()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for place in ("a.itf.json", "deep/plain.json", "deep/er/c.itf.json"):
        (tmp_path / place).write_bytes(data)
    for suffix, mode in ((".tar.xz", "w:xz"), (".tgz", "w:gz"), (".tar", "w")):
        with tarfile.open(tmp_path / f"b{suffix}", mode) as archive:  # type: ignore[call-overload]
            member = tarfile.TarInfo("inner/d.itf.json")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as packed:
        packed.writestr("inner/e.json", data)
    (tmp_path / "note.txt").write_text("no trace")
    return tmp_path


def command(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "100"})
    return result.exit_code, result.output


def test_all_places_are_read_and_the_command_says_what_is_equal(folder: Path) -> None:
    assert len(list(documents(folder))) == 7
    code, output = command("replay", folder)
    assert (code, "7 of 7 traces equal, 7 steps" in output) == (HOLDS, True)


def test_a_foreign_trace_does_not_keep_the_others_from_being_replayed(folder: Path) -> None:
    (folder / "f.itf.json").write_text('{"states": [{"view": 1}, {"view": 2}]}')
    (folder / "g.json").write_text("[]")
    code, output = command("replay", folder)
    assert (code, "7 of 7 traces equal" in output, "2 refused" in output) == (USAGE, True, True)
    wrong = text(Trace("wrong", tuple(started(True, **ASKED)))).replace("StartDInput", "NoDInput")
    (folder / "h.itf.json").write_text(wrong)
    code, output = command("replay", folder)
    assert code == TARGET_WRONG and "h.itf.json step 1, v2 on NoDInput" in output and "7 of 8" in output


def test_a_place_without_traces_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4 no archive")
    for place in (tmp_path / "broken.zip", tmp_path / "nowhere"):
        with pytest.raises(SourceError):
            list(documents(place))
        assert command("replay", place)[0] == USAGE
    (tmp_path / "broken.zip").unlink()
    assert command("replay", tmp_path)[0] == USAGE
    assert command("leaves", tmp_path)[0] == USAGE


@settings(max_examples=100)
@given(st.sampled_from([".zip", ".tar.xz", ".tgz", ".tar"]), st.binary(max_size=600))
def test_any_bytes_are_an_archive_or_refused(suffix: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / f"fuzzed{suffix}"
        place.write_bytes(data)
        try:
            assert list(documents(place)) == []
        except SourceError as error:
            assert "not a readable archive" in error.reason


ITF = st.recursive(
    st.integers() | st.text(max_size=3) | st.sampled_from([Truth(True), Variant("Nil"), Variant("Val", "red"), ()]),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["es", "cs", "v2", "round", "height"]), inner, max_size=2).map(Map),
    max_leaves=6,
)  # fmt: skip
PARTS = [
    tuple(f"system v2 {part}".split())
    for part in ("", "es", "es bk", "es chain", "es valset", "es executedInputs", "timeouts", "incomingVotes")
] + [("system",), ("voteBuffer",), ("_hist",), ("_hist", "input"), ("_hist", "validator")]


def with_part(record: Any, path: tuple[str, ...], value: Any) -> Any:
    return value if not path else record.set(path[0], with_part(record[path[0]], path[1:], value))


@settings(max_examples=100)
@given(st.sampled_from(PARTS), ITF, st.sampled_from([0, 1, 2]))
def test_any_value_in_any_part_is_a_difference_or_refused(path: tuple[str, ...], value: Any, which: int) -> None:
    states = started(True, **ASKED)
    for number in (0, 1) if which == 2 else (which,):
        states[number] = with_part(states[number], path, value)
    result = replay(Trace("fuzzed", tuple(states)))
    assert states == started(True, **ASKED) or result.difference is not None or result.refusal is not None


# --- controls -------------------------------------------------------------------------------------------------------


def test_every_leaf_of_a_trace_is_compared(folder: Path) -> None:
    data = (folder / "a.itf.json").read_bytes()
    found = survey("asked", data, 10_000, Random(1))
    assert (found.changed, found.foreign) == (found.leaves, 0) and found.leaves > 150
    assert found.unnoticed == ()
    code, output = command("leaves", folder, "--number", "20")
    assert (code, "140 of 140 changes noticed (100.00%), 0 without a reason" in output) == (HOLDS, True)


def test_a_replay_that_compares_nothing_is_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(place: Any, before: Any, after: Any) -> tuple[Any, bool]:
        return place, False

    players = dict(PLAYERS, network=attrs.evolve(PLAYERS["network"], follow=blind))
    monkeypatch.setattr("hyperion_conformance.bft.replay.PLAYERS", players)
    found = survey("asked", (folder / "a.itf.json").read_bytes(), 300, Random(1))
    assert any(why == NONE for _, why in found.unnoticed)
