"""L3: Block-STM that is granted one access at a time, as a session: the model's transitions, and what is then shared.

A session opens with a block and a number of workers. An event grants a worker one access, or several in a row. The
answer says how many it made and which comes next; a worker that waits for a lock, or has left, is refused. What is
shared is shown after any event, so that an engine can be compared with the model access by access.
"""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from hyperion.parallel.configuration import Configuration, advance, initial
from hyperion.parallel.counter import Pc, Transition
from hyperion.parallel.mvmemory import Added, Entry, Estimate, Read
from hyperion.parallel.trees import Trees
from hyperion.parallel.version import STORAGE, Version
from hyperion.parallel.worker import TRANSITIONS
from hyperion_conformance.exploration.mutants import unprepared
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.stm.programs import block_of
from hyperion_conformance.targets.target import Session
from hyperion_conformance.vectors.input import InputError, natural, record

MOST_WORKERS: Final = 8
MOST_STEPS: Final = 100_000
WAITS: Final[Mapping[str, Json]] = {"rejected": "STM-atomic"}
"""The worker has no access to make now: it waits for a lock, or has left."""


@attrs.frozen
class Stepped:
    """A session: the block, by which transitions it runs, and where it stands."""

    block: Trees
    at: Configuration
    transitions: Mapping[Pc, Transition] = attrs.field(default=TRANSITIONS, repr=False)


def opened(given: Mapping[str, Json], strict: bool) -> Stepped:
    """Nothing done yet, and every worker at the head of its loop."""
    needed = ("before", "programs", "workers")
    record(given, "$.input.open", needed, strict, needed)
    block = block_of(given, "$.input.open")
    workers = natural(given["workers"], "$.input.open.workers", MOST_WORKERS + 1)
    if workers == 0:
        raise InputError("$.input.open.workers", "at least one worker is needed")
    return Stepped(block, initial(block, workers))


def acted(state: Stepped, event: Mapping[str, Json], strict: bool) -> tuple[Stepped, dict[str, Json]]:
    """Some accesses of one worker."""
    record(event, "$.event", ("worker", "steps"), strict, ("worker",))
    worker = natural(event["worker"], "$.event.worker", MOST_WORKERS)
    steps = natural(event.get("steps", "1"), "$.event.steps", MOST_STEPS)
    if worker >= len(state.at.workers):
        raise InputError("$.event.worker", f"there are {len(state.at.workers)} workers")
    made, at = 0, state.at
    while made < steps:
        following = advance(state.block, at, worker, state.transitions)
        if following is None:
            break
        made, at = made + 1, following
    if made == 0 and steps > 0:
        return state, dict(WAITS)
    return attrs.evolve(state, at=at), {"made": str(made), "next": at.workers[worker].pc.name}


# --- what is shared, as JSON -----------------------------------------------------------------------------------------


def version_json(version: Version) -> Json:
    """A version, or that the value is from before the block."""
    return "storage" if version == STORAGE else [str(version.transaction), str(version.incarnation)]


def read_json(read: Read) -> Json:
    """A recorded read."""
    return {"location": str(read.location), "origins": [version_json(origin) for origin in read.origins]}


def entry_json(writer: int, entry: Entry) -> Json:
    """An entry of the memory: whose it is, of which incarnation, and what."""
    if isinstance(entry, Estimate):
        return {"writer": str(writer), "estimate": True}
    head: dict[str, Json] = {"writer": str(writer), "incarnation": str(entry.incarnation)}
    return {**head, "add": str(entry.amount)} if isinstance(entry, Added) else {**head, "value": str(entry.value)}


def shared_json(at: Configuration) -> dict[str, Json]:
    """All that workers share."""
    scheduler, memory = at.shared.scheduler, at.shared.memory
    return {
        "execution_index": str(scheduler.execution_index),
        "validation_index": str(scheduler.validation_index),
        "lowered": str(scheduler.lowered),
        "active": str(scheduler.active),
        "done": scheduler.done,
        "status": [[status.phase.name, str(status.incarnation)] for status in scheduler.status],
        "waiting": [[str(one) for one in waiting] for waiting in scheduler.dependents],
        "locked": list(scheduler.locked),
        "entries": {
            str(location): [entry_json(writer, entry) for writer, entry in cells]
            for location, cells in sorted(memory.cells.items(), key=lambda pair: str(pair[0]))
        },
        "written": [sorted(map(str, locations)) for locations in memory.written],
        "reads": [[read_json(read) for read in reads] for reads in memory.reads],
        "results": [None if result is None else str(result) for result in memory.results],
    }


def session_of(transitions: Mapping[Pc, Transition] = TRANSITIONS, prepare: Any = unprepared) -> Session[Stepped]:
    """The session of a variant of the algorithm."""

    def begin(given: Mapping[str, Json], strict: bool) -> Stepped:
        state = opened(given, strict)
        return attrs.evolve(state, at=prepare(state.at), transitions=transitions)

    return Session(begin, acted, lambda state: shared_json(state.at))


STEPS: Final = session_of()
"""The model's."""
