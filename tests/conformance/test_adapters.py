"""Each foreign client, driven through its adapter, against outcomes worked out by hand; and each adapter's manners.

A client that is not set up here is skipped with its reason: `hyperion_conformance.adapters.ensure()` sets it up.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from hyperion_conformance import adapters
from hyperion_conformance.runner import faults
from tests.conformance.adapter_cases import CALLER, CASES, SELF, Case, differences

ADDRESSES: Final = {"code": "0x", "address": SELF, "caller": CALLER}

KNOWN: Final[Mapping[tuple[str, str], str]] = {
    (fault.client, case): fault.why for fault in faults.shipped() for case in fault.tests
}
"""Where a client is wrong, and how: from the list of known faults. The test fails, too, when one stops being so."""


TOO_SLOW: Final = {("pyrevm", "overflow"): "its tracer needs a minute for a thousand deep stacks"}


class Talk:
    """One adapter process, asked one thing at a time."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.hello = self.ask({"op": "hello", "protocol": ["hyperion/1"]})["ok"]

    def line(self, text: str) -> Any:
        """The reply to a line, whatever is in it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(text, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """The reply to a message, its id checked."""
        reply: dict[str, Any] = self.line(json.dumps({"id": 7, **message}))
        assert reply.pop("id") == 7
        return reply

    def speaks(self, case: Case, fork: str) -> bool:
        """Whether the adapter offers the target at the fork."""
        return fork in self.hello["targets"].get(case.target, {}).get("forks", ())

    def run(self, case: Case, fork: str) -> dict[str, Any]:
        """The reply to a case."""
        return self.ask({"op": "run", "target": case.target, "fork": fork, "input": case.given})

    def traced(self, case: Case, fork: str, **more: Any) -> dict[str, Any]:
        """The trace of a case."""
        message = {"op": "trace", "target": case.target, "fork": fork, "input": case.given}
        answer: dict[str, Any] = self.ask(message | more)["ok"]
        return answer


ELSEWHERE: Final = frozenset({"threads", "cosmos-sdk", "cosmos-sdk-0.54.3", "blockifier", "cometbft"}) | frozenset(
    {"edge-contract", "edge-contract-revm", "malachite"}
)
"""Clients that claim no target of the machine; the tests of their targets ask them."""
CLIENTS: Final = {client.name: client for client in adapters.available() if client.name not in ELSEWHERE}


@pytest.fixture(scope="module")
def talks() -> Iterator[dict[str, Talk]]:
    """Adapters started so far, by name."""
    started: dict[str, Talk] = {}
    yield started
    for talk in started.values():
        talk.process.kill()
        talk.process.wait()


def spoken_to(name: str, talks: dict[str, Talk]) -> Talk:
    client = CLIENTS[name]
    if client.command is None:
        pytest.skip(f"{name}: {client.why}")
    if name not in talks:
        talks[name] = Talk(client.command)
    return talks[name]


@pytest.mark.parametrize("name", CLIENTS)
def test_hand_computed(name: str, talks: dict[str, Talk]) -> None:
    """Every case at every fork that the client knows, save the faults of the client that are on record."""
    talk = spoken_to(name, talks)
    wrong: list[str] = []
    met: set[str] = set()
    count = 0
    for case in CASES:
        for fork in case.forks:
            if not talk.speaks(case, fork):
                continue
            reply = talk.run(case, fork)
            if "skip" in reply:
                continue
            faults = differences(case.expected(fork), reply["ok"]) if "ok" in reply else [str(reply)]
            if (name, case.name) in KNOWN and faults:
                met.add(case.name)
                continue
            count += 1
            wrong += [f"{case.name} at {fork}: {fault}" for fault in faults]
    assert not wrong, "\n".join(wrong)
    assert count > 60, "the client was hardly asked anything"
    assert met == {case for client, case in KNOWN if client == name}, "a fault on record is gone: take it off the list"


def test_control() -> None:
    """A wrong gas figure, a missing status and a wrong storage value are noticed."""
    case = next(case for case in CASES if case.name == "sstore-set")
    good = case.expected("CANCUN")
    assert differences(good, good) == []
    assert differences(good, good | {"gas_left": "1"})
    assert differences(good, good | {"storage": {}})
    assert differences(good, {field: value for field, value in good.items() if field != "status"})


def left_out(name: str, case: Case) -> bool:
    """Whether a trace is not compared: it takes too long, or a client is known to compute something else."""
    return (name, case.name) in TOO_SLOW or any(known == case.name for _, known in KNOWN)


@pytest.mark.parametrize("name", CLIENTS)
def test_traces_agree(name: str, talks: dict[str, Talk]) -> None:
    """The digest chain of each case is that of the first client that is here and knows the fork."""
    talk = spoken_to(name, talks)
    if "trace" not in talk.hello["features"]:
        pytest.skip(f"{name}: offers no traces")
    others = [spoken_to(other, talks) for other, client in CLIENTS.items() if client.command and other != name]
    compared = 0
    for case in CASES:
        for fork in case.forks:
            witness = next((other for other in others if other.speaks(case, fork) and talk.speaks(case, fork)), None)
            if witness is None or case.wanted["status"] == "reject" or left_out(name, case):
                continue
            if "skip" in talk.run(case, fork) or "skip" in witness.run(case, fork):
                continue
            compared += 1
            assert talk.traced(case, fork, at=[0, 3, 10**6]) == witness.traced(case, fork, at=[0, 3, 10**6]), case.name
    if not compared:
        pytest.skip("there is no other client here to compare with")


@pytest.mark.parametrize("name", CLIENTS)
def test_states_of_a_trace(name: str, talks: dict[str, Talk]) -> None:
    """Gas and memory are those before the opcode, the stack is bottom first, and the STOP nobody wrote is a step."""
    talk = spoken_to(name, talks)
    given = {**ADDRESSES, "code": "0x600760205260ff", "gas": "1000"}
    case, fork = Case("steps", "vm.run", given, {}), "CANCUN"
    trace = talk.traced(case, fork, at=[0, 2, 3, 4, 9], full=True)
    left = 1_000 - 3 - 3
    stored = left - 3 - 6
    assert trace == {
        "steps": 5,
        "states": {
            "0": {"pc": 0, "op": 0x60, "gas": "1000", "depth": 1, "memory_size": 0, "stack": []},
            "2": {"pc": 4, "op": 0x52, "gas": str(left), "depth": 1, "memory_size": 0, "stack": ["7", "32"]},
            "3": {"pc": 5, "op": 0x60, "gas": str(stored), "depth": 1, "memory_size": 64, "stack": []},
            "4": {"pc": 7, "op": 0x00, "gas": str(stored - 3), "depth": 1, "memory_size": 64, "stack": ["255"]},
        },
    }


@pytest.mark.parametrize("name", CLIENTS)
def test_manners(name: str, talks: dict[str, Talk]) -> None:
    """Unknown operations, targets and forks are unsupported, bad input is bad input, and neither ends the process."""
    talk = spoken_to(name, talks)
    run = {"op": "run", "target": "vm.run", "fork": "CANCUN"}
    assert talk.ask({"op": "hello", "protocol": ["hyperion/9"]})["error"]["code"] == "unsupported"
    for odd in ({"op": "dance"}, run | {"target": "vm.dance"}, run | {"fork": "FRONTIER"}):
        assert talk.ask(odd | {"input": {**ADDRESSES, "gas": "1"}})["error"]["code"] == "unsupported"
    for bad in ({}, {**ADDRESSES, "gas": "-1"}, {**ADDRESSES, "gas": "1", "code": "0xf"}, {**ADDRESSES, "gas": 1.5}):
        assert talk.ask(run | {"input": bad})["error"]["code"] == "bad-input", bad
    assert talk.line("{")["error"]["code"] == "bad-input"
    assert talk.ask(run | {"input": {**ADDRESSES, "gas": "5", "unheard_of": 1}})["ok"]["gas_left"] == "5"


@pytest.mark.parametrize("name", CLIENTS)
def test_nothing_stays_between_cases(name: str, talks: dict[str, Talk]) -> None:
    """A case answers the same after a case that wrote the same storage."""
    talk = spoken_to(name, talks)
    case = next(case for case in CASES if case.name == "sstore-set")
    assert talk.run(case, "CANCUN") == talk.run(case, "CANCUN")


def test_bye(talks: dict[str, Talk]) -> None:
    """An adapter that is told so ends by itself, with success."""
    for client in CLIENTS.values():
        if client.command:
            done = subprocess.run(client.command, input='{"id":0,"op":"bye"}\n', text=True, timeout=60, check=False)
            assert done.returncode == 0, client.name


def test_a_missing_tool_is_said(tmp_path: Path) -> None:
    """A client whose toolchain is absent is not available, and the reason names the tool."""
    folder = tmp_path / "strange"
    folder.mkdir()
    (folder / "adapter.toml").write_text(
        '[setup]\nneeds = ["no-such-tool"]\nsteps = [["true"]]\ninputs = []\nmakes = "{peers}/x"\n'
        '[[adapter]]\nname = "strange"\nlanguage = "none"\ncommand = ["true"]\n'
    )
    said: list[str] = []
    (client,) = adapters.ensure(["strange"], said.append, tmp_path, tmp_path / "peers")
    assert client.status == "not available"
    assert "no-such-tool" in client.why
    assert said


def test_a_failed_step_is_said(tmp_path: Path) -> None:
    """A set-up step that fails leaves the client not available, with what the step printed."""
    folder = tmp_path / "strange"
    folder.mkdir()
    (folder / "adapter.toml").write_text(
        '[setup]\nneeds = []\nsteps = [["sh", "-c", "echo no luck >&2; exit 3"]]\ninputs = []\nmakes = "{peers}/x"\n'
        '[[adapter]]\nname = "strange"\nlanguage = "none"\ncommand = ["true"]\n'
    )
    (client,) = adapters.ensure(["strange"], lambda _: None, tmp_path, tmp_path / "peers")
    assert client.command is None
    assert "no luck" in client.why


def test_an_unknown_name_is_refused() -> None:
    """A name without a manifest is an error, not an empty answer."""
    with pytest.raises(adapters.UnknownClient):
        adapters.ensure(["no-such-client"], lambda _: None)
