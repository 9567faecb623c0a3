"""The reference client: serves the executable specification itself through protocol hyperion/1."""

import itertools
import json
import sys
from typing import Any

from hyperion_conformance import targets as model
from hyperion_conformance.targets.target import Session
from hyperion_conformance.vectors.input import InputError
from hyperion_conformance.vectors.manifest import spec_version

Json = dict[str, Any]
FORKS = frozenset(fork for target in model.TARGETS.values() for fork in target.forks)
SESSIONS: dict[str, tuple[Session[Any], Any]] = {}
"""Rules and state by the name of the session."""
NAMES = itertools.count()


def hello(request: Json) -> Json:
    who = {"name": "hyperion", "version": spec_version(), "language": "python"}
    targets = {target.name: {"forks": target.forks} for target in model.TARGETS.values()}
    features = ["trace", "sessions"]
    return {"ok": {"protocol": "hyperion/1", "implementation": who, "targets": targets, "features": features}}


def run(request: Json) -> Json:
    return {"ok": model.run(request["target"], request["fork"], request["input"], strict=False)}


def trace(request: Json) -> Json:
    at, full = [int(step) for step in request["at"]], bool(request.get("full"))
    found = model.trace(request["target"], request["fork"], request["input"], at, full, strict=False)
    return {"ok": {"steps": found.steps} | ({"states": found.states} if full else {"digests": found.digests})}


def open_session(request: Json) -> Json:
    session = model.target_named(request["target"]).session
    if session is None:
        raise InputError("$.target", "is asked as a whole")
    name = str(next(NAMES))
    SESSIONS[name] = session, session.open(request["input"], False)
    return {"ok": {"session": name}}


def act(request: Json) -> Json:
    session, state = SESSIONS[request["session"]]
    state, answer = session.act(state, request["event"], False)
    SESSIONS[request["session"]] = session, state
    return {"ok": answer}


def snapshot(request: Json) -> Json:
    session, state = SESSIONS[request["session"]]
    return {"ok": session.snapshot(state)}


def close(request: Json) -> Json:
    del SESSIONS[request["session"]]
    return {"ok": {}}


OPERATIONS = {
    "hello": hello, "run": run, "trace": trace,
    "open": open_session, "act": act, "snapshot": snapshot, "close": close,
}  # fmt: skip


def answer(line: str) -> Json | None:
    """The reply to a line; None to `bye`."""
    request: Json = {}
    try:
        request = json.loads(line)
        if request["op"] == "bye":
            return None
        operation = OPERATIONS.get(request["op"])
        if operation is None or request.get("fork", "OSAKA") not in FORKS:
            return {"id": request["id"], "error": {"code": "unsupported", "message": "no such operation or fork"}}
        return {"id": request["id"], **operation(request)}
    except InputError as error:
        code = "unsupported" if error.field == "$.target" else "bad-input"
        return {"id": request["id"], "error": {"code": code, "message": str(error)}}
    except (ValueError, KeyError, TypeError) as error:
        return {"id": request.get("id"), "error": {"code": "bad-input", "message": f"{type(error).__name__}: {error}"}}


for line in sys.stdin:
    reply = answer(line)
    if reply is None:
        break
    print(json.dumps(reply), flush=True)
