"""Messages of the adapter protocol `hyperion/1`, as immutable values.

One message is one JSON object on one line. A request is built here as a plain mapping, because the runner only ever
writes it; what comes back is decoded into the records below, because it comes from a stranger.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import attrs

PROTOCOL = "hyperion/1"

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
"""A JSON value without floats: the protocol has none."""


@attrs.frozen(slots=True)
class Implementation:
    """Who answers: shown in reports, never interpreted."""

    name: str
    version: str
    language: str
    homepage: str | None = None


@attrs.frozen(slots=True)
class Target:
    """What an adapter claims for one kind of case: the forks it knows."""

    forks: tuple[str, ...]


@attrs.frozen(slots=True)
class Hello:
    """The adapter's half of the handshake."""

    protocol: str
    implementation: Implementation
    targets: Mapping[str, Target]
    features: frozenset[str]

    def claims(self, target: str, fork: str) -> bool:
        """Whether cases of this target at this fork may be asked."""
        return target in self.targets and fork in self.targets[target].forks


@attrs.frozen(slots=True)
class Answer:
    """The adapter ran the case; `value` is not yet checked against the target's shape."""

    id: int
    value: Mapping[str, Json]


@attrs.frozen(slots=True)
class Skip:
    """The adapter declines this case and says why."""

    id: int
    why: str


@attrs.frozen(slots=True)
class ErrorReply:
    """The adapter could not answer. `code` is one of unsupported, bad-input, internal, resource."""

    id: int
    code: str
    message: str
    detail: str | None = None


Reply: TypeAlias = Answer | Skip | ErrorReply


@attrs.frozen(slots=True)
class TraceAnswer:
    """What a trace question returns, from an adapter or from the model.

    `steps` is the number of opcodes executed over all depths. `digests` and `states` hold the asked steps; a state of
    a step that does not exist is absent.
    """

    steps: int
    digests: Mapping[int, str]
    states: Mapping[int, Mapping[str, Json]]


def hello_request(number: int) -> dict[str, Json]:
    """The first message: which versions we speak."""
    return {"id": number, "op": "hello", "protocol": [PROTOCOL]}


def run_request(number: int, target: str, fork: str, given: Mapping[str, Json]) -> dict[str, Json]:
    """A case without what is expected of it: an adapter cannot echo an answer that it was never told."""
    return {"id": number, "op": "run", "target": target, "fork": fork, "input": given}


def trace_request(
    number: int, target: str, fork: str, given: Mapping[str, Json], at: Sequence[int], full: bool = False
) -> dict[str, Json]:
    """Digests, or full states, at the steps `at`."""
    request: dict[str, Json] = {
        "id": number,
        "op": "trace",
        "target": target,
        "fork": fork,
        "input": given,
        "at": list(at),
    }
    return {**request, "full": True} if full else request


def open_request(number: int, target: str, fork: str, given: Mapping[str, Json]) -> dict[str, Json]:
    """Begin a session of a target that is a state machine; the answer names the session."""
    return {"id": number, "op": "open", "target": target, "fork": fork, "input": given}


def act_request(number: int, session: str, event: Mapping[str, Json]) -> dict[str, Json]:
    """One event of a session."""
    return {"id": number, "op": "act", "session": session, "event": event}


def snapshot_request(number: int, session: str) -> dict[str, Json]:
    """The state of a session."""
    return {"id": number, "op": "snapshot", "session": session}


def close_request(number: int, session: str) -> dict[str, Json]:
    """The end of a session; the answer is an empty object."""
    return {"id": number, "op": "close", "session": session}


def bye_request() -> dict[str, Json]:
    """The last message; it has no answer."""
    return {"id": 0, "op": "bye"}


def encode(message: Mapping[str, Json]) -> bytes:
    """One line: compact JSON, ASCII only (so no adapter meets an encoding question), ended by a newline."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"
