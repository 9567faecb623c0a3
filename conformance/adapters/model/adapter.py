"""The reference client: serves the executable specification itself through protocol hyperion/1."""

import json
import sys
from typing import Any

from hyperion_conformance.vectors import model
from hyperion_conformance.vectors.input import InputError
from hyperion_conformance.vectors.manifest import spec_version

Json = dict[str, Any]
FORKS = ["CANCUN", "PRAGUE", "OSAKA"]


def hello(request: Json) -> Json:
    who = {"name": "hyperion", "version": spec_version(), "language": "python"}
    targets = {target: {"forks": FORKS} for target in ("vm.run", "evm.state")}
    return {"ok": {"protocol": "hyperion/1", "implementation": who, "targets": targets, "features": ["trace"]}}


def run(request: Json) -> Json:
    return {"ok": model.run(request["target"], request["fork"], request["input"], strict=False)}


def trace(request: Json) -> Json:
    at, full = [int(step) for step in request["at"]], bool(request.get("full"))
    found = model.trace(request["target"], request["fork"], request["input"], at, full, strict=False)
    return {"ok": {"steps": found.steps} | ({"states": found.states} if full else {"digests": found.digests})}


def answer(line: str) -> Json | None:
    """The reply to a line; None to `bye`."""
    try:
        request = json.loads(line)
        if request["op"] == "bye":
            return None
        operation = {"hello": hello, "run": run, "trace": trace}.get(request["op"])
        if operation is None or request.get("fork", FORKS[0]) not in FORKS:
            return {"id": request["id"], "error": {"code": "unsupported", "message": "no such operation or fork"}}
        return {"id": request["id"], **operation(request)}
    except InputError as error:
        code = "unsupported" if error.field == "$.target" else "bad-input"
        return {"id": request["id"], "error": {"code": code, "message": str(error)}}
    except (ValueError, KeyError, TypeError) as error:
        return {"id": None, "error": {"code": "bad-input", "message": f"{type(error).__name__}: {error}"}}


for line in sys.stdin:
    reply = answer(line)
    if reply is None:
        break
    print(json.dumps(reply), flush=True)
