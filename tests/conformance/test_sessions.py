"""State machines as targets: driven one event at a time where the adapter can, and asked as a whole where not."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hyperion_conformance.harness import Adapter, Broken, Command
from hyperion_conformance.protocol.messages import ErrorReply, Json
from hyperion_conformance.targets import TARGETS
from hyperion_conformance.targets.target import PROTOCOL_FORK, SESSION_SHAPE, Session, Target
from hyperion_conformance.vectors.input import InputError, natural


def begin(given: Mapping[str, Json], strict: bool) -> int:
    return natural(given.get("from", "0"), "$.input.open.from")


def act(state: int, event: Mapping[str, Json], strict: bool) -> tuple[int, dict[str, Json]]:
    add = natural(event.get("add"), "$.event.add")
    return (state, {"rejected": "COUNT-too-large"}) if state + add > 9 else (state + add, {"accepted": True})


def show(state: int) -> dict[str, Json]:
    return {"count": str(state)}


COUNTER = Session(begin, act, show)
TARGET = Target(
    name="toy.counter", rules=(), forks=(PROTOCOL_FORK,), shape=SESSION_SHAPE, decode=lambda given, strict: given,
    outcome=lambda given, fork, strict, fork_of: COUNTER.run(given, strict), generators=(), session=COUNTER,
)  # fmt: skip

ADAPTER = """
import json, sys
features, fault = sys.argv[1].split(), sys.argv[2]
count, seen = 0, []
def act(event):
    global count
    seen.append(event)
    if count + int(event["add"]) > 9:
        return {"rejected": "COUNT-too-large"}
    count += int(event["add"]) + (fault == "off-by-one")
    return {"accepted": True}
for line in sys.stdin:
    request = json.loads(line)
    op, ok = request["op"], {}
    if op == "bye":
        break
    if op == "hello":
        who = {"name": "toy", "version": "1", "language": "python"}
        targets = {"toy.counter": {"forks": ["HYPERION"]}}
        ok = {"protocol": "hyperion/1", "implementation": who, "targets": targets, "features": features}
    elif op == "open":
        count, ok = int(request["input"]["from"]), {"session": 7 if fault == "no-name" else "s"}
    elif op == "act":
        if fault == "crash":
            sys.exit(3)
        ok = act(request["event"])
    elif op == "snapshot":
        ok = {"count": count}
    elif op == "run":
        count = int(request["input"]["open"]["from"])
        ok = {"answers": [act(event) for event in request["input"]["events"]], "final": {"count": count}}
    print(json.dumps({"id": request["id"], "ok": ok}), flush=True)
"""
GIVEN: Mapping[str, Json] = {"open": {"from": "3"}, "events": [{"add": "4"}, {"add": "4"}, {"add": "2"}]}


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS, "toy.counter", TARGET)


@pytest.fixture
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Adapter]:
    (tmp_path / "toy.py").write_text(ADAPTER)
    features, fault = request.param
    started = Adapter(Command((sys.executable, str(tmp_path / "toy.py"), features, fault)), validate=True)
    yield started
    started.close()


def expected() -> Mapping[str, Json]:
    return TARGET.canonical(TARGET.outcome(GIVEN, PROTOCOL_FORK, True, lambda _: None))


def test_the_model_answers_each_event_and_shows_the_end() -> None:
    assert expected() == {
        "answers": [{"accepted": True}, {"rejected": "COUNT-too-large"}, {"accepted": True}], "final": {"count": "9"},
    }  # fmt: skip


@pytest.mark.parametrize("adapter", [("sessions", ""), ("", "")], indirect=True)
def test_an_adapter_is_driven_event_by_event_or_asked_as_a_whole(adapter: Adapter) -> None:
    assert adapter.run("toy.counter", PROTOCOL_FORK, GIVEN) == expected()


@pytest.mark.parametrize("adapter", [("sessions", "off-by-one"), ("", "off-by-one")], indirect=True)
def test_control_a_wrong_state_is_seen(adapter: Adapter) -> None:
    seen = adapter.run("toy.counter", PROTOCOL_FORK, GIVEN)
    assert not isinstance(seen, Broken | ErrorReply) and seen != expected()


@pytest.mark.parametrize("adapter", [("sessions", "crash")], indirect=True)
def test_a_crash_in_a_session_is_a_crash(adapter: Adapter) -> None:
    seen = adapter.run("toy.counter", PROTOCOL_FORK, GIVEN)
    assert isinstance(seen, Broken) and seen.kind == "crash"


@pytest.mark.parametrize("adapter", [("sessions", "no-name")], indirect=True)
def test_a_session_without_a_name_breaks_the_protocol(adapter: Adapter) -> None:
    seen = adapter.run("toy.counter", PROTOCOL_FORK, GIVEN)
    assert isinstance(seen, Broken) and seen.kind == "protocol"


@pytest.mark.parametrize("given", [{}, {"open": {}}, {"open": [], "events": []}, {"open": {}, "events": [1]}])
def test_what_is_no_session_is_refused(given: Mapping[str, Json]) -> None:
    with pytest.raises(InputError):
        COUNTER.run(given)
