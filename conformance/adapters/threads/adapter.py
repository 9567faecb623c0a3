"""Adapter of protocol hyperion/1 for Block-STM with real threads: targets ``stm.block`` and ``stm.steps``.

``--fault NAME`` builds a mistake in, so that one can see which level of a check finds it.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
from typing import Any

from engine import Engine
from faults import MISTAKES, SOUND
from gates import Chance, Grants

Json = dict[str, Any]
FORK = "HYPERION"
FEATURES = ["sessions", "stm.additions", "stm.certificate", "stm.events"]
SESSIONS: dict[str, tuple[Engine, Grants, list[threading.Thread]]] = {}
NAMES = itertools.count()
STACK = 256 * 1024
ENGINE: type[Engine] = {**MISTAKES, **SOUND}[sys.argv[2]] if sys.argv[1:2] == ["--fault"] else Engine


def started(engine: Engine, workers: int) -> list[threading.Thread]:
    """The threads of a block, running."""
    threads = [threading.Thread(target=engine.run, args=(worker,), daemon=True) for worker in range(workers)]
    for thread in threads:
        thread.start()
    return threads


# --- stm.block ---


def run(given: Json) -> Json:
    """A block, by as many threads as are asked for."""
    wish = given.get("run", {})
    workers = int(wish.get("threads", "2"))
    engine = ENGINE(given, Chance(int(wish.get("seed", "0")), workers))
    for thread in started(engine, workers):
        thread.join()
    whole = {location: engine.resolve(location, engine.size) for location in sorted(engine.data)}
    outcome: Json = {
        "state": {location: str(value) for location, (_, _, value) in whole.items()},
        "results": engine.results,
    }
    if wish.get("certificate"):
        outcome["certificate"] = [certified(engine, index) for index in range(engine.size)]
    if wish.get("log"):
        outcome["events"] = engine.events
    return outcome


def certified(engine: Engine, index: int) -> Json:
    """What the last incarnation of a transaction read, wrote, added and gave."""
    writes, adds = engine.effects[index]
    reads = engine.certified_reads(index)
    return {
        "incarnation": str(engine.status[index][1]),
        "reads": [{"location": at, "origins": made, "value": str(value)} for at, made, value in reads],
        "writes": {at: str(value) for at, value in writes.items()},
        "additions": {at: str(value) for at, value in adds.items()},
        "result": engine.results[index],
    }


# --- stm.steps ---


def open_session(given: Json) -> Json:
    """Threads that stand before their first access."""
    workers = int(given["workers"])
    grants = Grants(workers)
    engine = ENGINE(given, grants)
    threads = started(engine, workers)
    for worker in range(workers):
        grants.settled(worker)
    name = str(next(NAMES))
    SESSIONS[name] = engine, grants, threads
    return {"session": name}


def act(name: str, event: Json) -> Json:
    """Grant a thread some accesses, one after the other."""
    _, grants, _ = SESSIONS[name]
    worker, made = int(event["worker"]), 0
    while made < int(event.get("steps", "1")) and grants.grant(worker):
        made += 1
    if made == 0:
        return {"rejected": "STM-atomic"}
    return {"made": str(made), "next": grants.at[worker]}


def snapshot(name: str) -> Json:
    """All that threads share."""
    engine = SESSIONS[name][0]
    return {
        "execution_index": str(engine.execution_index),
        "validation_index": str(engine.validation_index),
        "lowered": str(engine.lowered),
        "active": str(engine.active),
        "done": engine.done,
        "status": [[phase, str(incarnation)] for phase, incarnation in engine.status],
        "waiting": [[str(one) for one in waiting] for waiting in engine.waiting],
        "locked": engine.locked,
        "entries": {at: [shown(writer, cell[writer]) for writer in sorted(cell)] for at, cell in engine.data.items()},
        "written": [sorted(locations) for locations in engine.written],
        "reads": [[{"location": at, "origins": origins} for at, origins, _ in reads] for reads in engine.reads],
        "results": engine.results,
    }


def shown(writer: int, entry: tuple[str, int, int]) -> Json:
    """An entry of the memory."""
    kind, incarnation, number = entry
    if kind == "estimate":
        return {"writer": str(writer), "estimate": True}
    return {"writer": str(writer), "incarnation": str(incarnation), kind: str(number)}


def close(name: str) -> Json:
    """Let the threads go."""
    _, grants, threads = SESSIONS.pop(name)
    grants.stop()
    for thread in threads:
        thread.join()
    return {}


# --- protocol ---


class Unsupported(Exception):
    """No such operation or target."""


def answer(request: Json) -> Json:
    """The reply to a request."""
    match request["op"]:
        case "hello":
            who = {"name": "threads", "version": "1", "language": "python"}
            targets = {target: {"forks": [FORK]} for target in ("stm.block", "stm.steps")}
            return {"protocol": "hyperion/1", "implementation": who, "targets": targets, "features": FEATURES}
        case "run" if request["target"] == "stm.block":
            return run(request["input"])
        case "open" if request["target"] == "stm.steps":
            return open_session(request["input"])
        case "act":
            return act(request["session"], request["event"])
        case "snapshot":
            return snapshot(request["session"])
        case "close":
            return close(request["session"])
    raise Unsupported


def reply(line: str) -> Json:
    """The reply to a line, or why there is none."""
    request: Json = {}
    try:
        request = json.loads(line)
        return {"id": request["id"], "ok": answer(request)}
    except Unsupported:
        return {"id": request["id"], "error": {"code": "unsupported", "message": "no such operation or target"}}
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        text = f"{type(error).__name__}: {error}"
        return {"id": request.get("id"), "error": {"code": "bad-input", "message": text}}


def serve() -> None:
    """Answer line by line, until bye. Threads change often, so that few cores show many interleavings."""
    sys.setswitchinterval(1e-5)
    threading.stack_size(STACK)
    for line in sys.stdin:
        if '"bye"' in line:
            break
        print(json.dumps(reply(line)), flush=True)


if __name__ == "__main__":
    serve()
