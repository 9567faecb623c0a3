"""Block-STM with real threads: the published algorithm (arXiv 2203.06871), its counter of active tasks corrected.

Every access to what threads share goes through ``access``: it has a label, takes one lock, and may be held up by a
gate. The lock makes an access atomic, and the log of events the order in which things happened; between two accesses
anything may happen. Procedures have the names of the paper.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from gates import Stopped
from program import Running, start

READY, EXECUTING, EXECUTED, ABORTING = "READY", "EXECUTING", "EXECUTED", "ABORTING"
STORAGE = "storage"
Version = tuple[int, int]
Task = tuple[str, Version]
Entry = tuple[str, int, int]
"""Kind (value, add or estimate), incarnation, and number."""
Read = tuple[str, list[Any], int]
"""Location, origins, and value."""

MUST_WAIT = object()


class Gate(Protocol):
    """What stands before an access."""

    def point(self, worker: int, label: str) -> None: ...
    def refused(self, worker: int) -> None: ...
    def left(self, worker: int) -> None: ...


class Engine:
    """One block under execution."""

    def __init__(self, given: dict[str, Any], gate: Gate) -> None:
        self.programs: list[list[dict[str, Any]]] = given["programs"]
        self.before = {location: int(value) for location, value in given["before"].items()}
        self.size = len(self.programs)
        self.gate = gate
        self.lock = threading.Lock()
        self.events: list[dict[str, Any]] = []
        self.execution_index = self.validation_index = self.lowered = self.active = 0
        self.done = False
        self.status: list[tuple[str, int]] = [(READY, 0)] * self.size
        self.waiting: list[list[int]] = [[] for _ in range(self.size)]
        self.locked = [False] * self.size
        self.data: dict[str, dict[int, Entry]] = {}
        self.written: list[list[str]] = [[] for _ in range(self.size)]
        self.reads: list[list[Read]] = [[] for _ in range(self.size)]
        self.effects: list[tuple[dict[str, int], dict[str, int]]] = [({}, {})] * self.size
        self.results: list[str | None] = [None] * self.size

    # --- access ---

    def access(self, worker: int, label: str, action: Callable[[], Any]) -> Any:
        """One atomic access; again, as long as it must wait for a lock."""
        while True:
            self.gate.point(worker, label)
            with self.lock:
                result = action()
            if result is not MUST_WAIT:
                return result
            self.gate.refused(worker)

    def say(self, worker: int, event: str, version: Version | None = None, **more: Any) -> None:
        """Enter an event in the log; only within an access."""
        about = {} if version is None else {"transaction": str(version[0]), "incarnation": str(version[1])}
        self.events.append({"worker": str(worker), "event": event, **about, **more})

    def change(self, name: str, by: int) -> int:
        """Add to a counter; what it was before."""
        before: int = getattr(self, name)
        setattr(self, name, before + by)
        return before

    def lower(self, name: str, target: int) -> None:
        """Lower an index."""
        setattr(self, name, min(getattr(self, name), target))

    # --- memory ---

    def resolve(self, location: str, reader: int) -> tuple[int | None, list[Any], int]:
        """Who blocks a read, if somebody does; else where its value comes from, and the value."""
        cell = self.data.get(location, {})
        total, origins = 0, []
        for writer in sorted((one for one in cell if one < reader), reverse=True):
            kind, incarnation, number = cell[writer]
            if kind == "estimate":
                return writer, [], 0
            origins.append([str(writer), str(incarnation)])
            total += number
            if kind == "value":
                return None, origins, total
        return None, [*origins, STORAGE], total + self.before.get(location, 0)

    def put(self, location: str, writer: int, entry: Entry | None) -> None:
        """Set an entry, or remove it."""
        cell = self.data.setdefault(location, {})
        if entry is None:
            cell.pop(writer, None)
        else:
            cell[writer] = entry
        if not cell:
            del self.data[location]

    # --- run, next_task ---

    def run(self, worker: int) -> None:
        """The life of a thread."""
        try:
            self.loop(worker)
        except Stopped:
            pass
        finally:
            self.gate.left(worker)

    def loop(self, worker: int) -> None:
        """Tasks, until all is done."""
        task: Task | None = None
        looked = False
        while True:
            if task is None:
                if not looked and self.access(worker, "LOOP", lambda: self.done):
                    return
                looked, task = False, self.next_task(worker)
                continue
            kind, version = task
            if self.access(worker, f"TASK_{kind}", lambda: self.done):
                return
            task = self.try_execute(worker, version) if kind == "EXECUTE" else self.needs_reexecution(worker, version)
            looked = task is None

    def next_task(self, worker: int) -> Task | None:
        """Validation before execution, where it lags."""
        validation = self.access(worker, "PICK", lambda: self.validation_index)
        behind = self.access(worker, "CHOOSE", lambda: validation < self.execution_index)
        return self.next_version_to_validate(worker) if behind else self.next_version_to_execute(worker)

    def next_version_to_execute(self, worker: int) -> Task | None:
        """Claim the next transaction for execution."""
        if self.access(worker, "EXECUTION_LEFT", lambda: self.execution_index >= self.size):
            self.check_done(worker)
            return None
        self.access(worker, "EXECUTION_COUNT", lambda: self.change("active", 1))
        index = self.access(worker, "EXECUTION_CLAIM", lambda: self.change("execution_index", 1))
        version = self.access(worker, "EXECUTION_START", lambda: self.try_incarnate(worker, index))
        if version is None:
            self.access(worker, "UNCLAIM", lambda: self.change("active", -1))
            return None
        return "EXECUTE", version

    def next_version_to_validate(self, worker: int) -> Task | None:
        """Claim the next transaction for validation."""
        if self.access(worker, "VALIDATION_LEFT", lambda: self.validation_index >= self.size):
            self.check_done(worker)
            return None
        self.access(worker, "VALIDATION_COUNT", lambda: self.change("active", 1))
        index = self.access(worker, "VALIDATION_CLAIM", lambda: self.change("validation_index", 1))
        status = self.access(worker, "VALIDATION_START", lambda: self.status[index] if index < self.size else None)
        if status is None or status[0] != EXECUTED:
            self.access(worker, "UNCLAIM", lambda: self.change("active", -1))
            return None
        return "VALIDATE", (index, status[1])

    def try_incarnate(self, worker: int, index: int) -> Version | None:
        """READY becomes EXECUTING; only within an access."""
        if index >= self.size or self.status[index][0] != READY:
            return None
        version = (index, self.status[index][1])
        self.status[index] = (EXECUTING, version[1])
        self.say(worker, "execute", version)
        return version

    def check_done(self, worker: int) -> None:
        """Announce the end, if all looks give the same picture."""
        lowered = self.access(worker, "DONE_LOWERED", lambda: self.lowered)
        if (
            self.access(worker, "DONE_EXECUTION", lambda: self.execution_index >= self.size)
            and self.access(worker, "DONE_VALIDATION", lambda: self.validation_index >= self.size)
            and self.access(worker, "DONE_ACTIVE", lambda: self.active == 0)
            and self.access(worker, "DONE_AGAIN", lambda: self.lowered == lowered)
        ):
            self.access(worker, "DONE_MARK", lambda: self.announce(worker))

    def announce(self, worker: int) -> None:
        """All threads may leave."""
        if not self.done:
            self.say(worker, "done")
        self.done = True

    def release(self, worker: int) -> None:
        """A task has ended without another: the only place where its count is given back."""
        self.access(worker, "RELEASE", lambda: self.change("active", -1))

    # --- try_execute ---

    def try_execute(self, worker: int, version: Version) -> Task | None:
        """Execute a version, record it, and finish; or wait for who blocks it."""
        index = version[0]
        while True:
            program = start(self.programs[index])
            reads: list[Read] = []
            blocker, effects = self.play(worker, version, program, reads)
            if blocker is None:
                break
            if not self.access(worker, "WAIT", partial(self.take_lock, worker, version, blocker)):
                continue
            self.access(worker, "SUSPEND", partial(self.suspend, worker, version, blocker))
            self.release(worker)
            return None
        new = self.record(worker, version, effects, reads)
        return self.finish_execution(worker, version, new)

    def play(self, worker: int, version: Version, program: Running, reads: list[Read]) -> tuple[int | None, Any]:
        """Run a program up to its end, or to a read that is blocked."""
        try:
            location = next(program)
            while True:
                blocker, origins, value = self.access(
                    worker, "READ", partial(self.read, worker, version, location)
                )
                if blocker is not None:
                    return blocker, None
                reads.append((location, origins, value))
                location = program.send(value)
        except StopIteration as ended:
            return None, ended.value

    def read(self, worker: int, version: Version, location: str) -> tuple[int | None, list[Any], int]:
        """Resolve a location; only within an access."""
        blocker, origins, value = self.resolve(location, version[0])
        if blocker is None:
            self.say(worker, "read", version, location=location, origins=origins)
        else:
            self.say(worker, "read", version, location=location, blocked=str(blocker))
        return blocker, origins, value

    def take_lock(self, worker: int, version: Version, blocker: int) -> Any:
        """Hold the lock of the blocker's dependents, unless it has been executed meanwhile."""
        if self.locked[blocker]:
            return MUST_WAIT
        if self.status[blocker][0] == EXECUTED:
            self.say(worker, "restart", version)
            return False
        self.locked[blocker] = True
        return True

    def suspend(self, worker: int, version: Version, blocker: int) -> None:
        """Wait in the list, and give the lock back."""
        index, incarnation = version
        self.waiting[blocker] = sorted([*self.waiting[blocker], index])
        self.status[index] = (ABORTING, incarnation)
        self.locked[blocker] = False
        self.say(worker, "wait", version, blocked=str(blocker))

    def record(self, worker: int, version: Version, effects: Any, reads: list[Read]) -> bool:
        """Put the effects into memory; whether there is a location that the incarnation before had not written."""
        index, incarnation = version
        writes, adds, result = effects
        entries = [(at, ("value", incarnation, value)) for at, value in writes.items()]
        entries += [(at, ("add", incarnation, amount)) for at, amount in adds.items()]
        locations = [at for at, _ in entries]
        before = self.written[index]
        for at, entry in entries:
            self.access(worker, "WRITE", partial(self.write, worker, version, at, entry))
        for at in before:
            if at not in locations:
                self.access(worker, "REMOVE", partial(self.remove, worker, version, at))
        self.access(worker, "KEEP_WRITTEN", lambda: self.keep_written(index, locations))
        self.access(worker, "KEEP_READS", lambda: self.keep_reads(index, reads, (writes, adds), result))
        return any(at not in before for at in locations)

    def write(self, worker: int, version: Version, location: str, entry: Entry) -> None:
        """Set one entry."""
        self.put(location, version[0], entry)
        self.say(worker, "write", version, location=location, **{entry[0]: str(entry[2])})

    def remove(self, worker: int, version: Version, location: str) -> None:
        """Remove one entry of the incarnation before."""
        self.put(location, version[0], None)
        self.say(worker, "remove", version, location=location)

    def keep_written(self, index: int, locations: list[str]) -> None:
        """Keep where the incarnation wrote."""
        self.written[index] = locations

    def keep_reads(self, index: int, reads: list[Read], effects: Any, result: str) -> None:
        """Keep what it read, and its result."""
        self.reads[index], self.effects[index], self.results[index] = reads, effects, result

    def certified_reads(self, index: int) -> list[Read]:
        """What the last incarnation of a transaction read, for its certificate."""
        return self.reads[index]

    # --- finish_execution ---

    def finish_execution(self, worker: int, version: Version, new: bool) -> Task | None:
        """EXECUTED; resume who waits; see that it is validated."""
        index = version[0]
        self.access(worker, "FINISH", lambda: self.set_executed(worker, version))
        waiting = self.access(worker, "TAKE_DEPENDENTS", lambda: self.take_dependents(worker, version))
        for one in waiting:
            self.access(worker, "RESUME", partial(self.set_ready, worker, one, "resume"))
        if waiting:
            self.access(worker, "LOWER_EXECUTION", lambda: self.lower("execution_index", waiting[0]))
            self.access(worker, "COUNT_EXECUTION", lambda: self.change("lowered", 1))
        if self.access(worker, "COMPARE", lambda: self.validation_index > index):
            if not new:
                return self.needs_reexecution(worker, version)
            self.access(worker, "LOWER_VALIDATION", lambda: self.lower("validation_index", index))
            self.access(worker, "COUNT_VALIDATION", lambda: self.change("lowered", 1))
        self.release(worker)
        return None

    def set_executed(self, worker: int, version: Version) -> None:
        """From here on it may be validated."""
        self.status[version[0]] = (EXECUTED, version[1])
        self.say(worker, "executed", version)

    def take_dependents(self, worker: int, version: Version) -> Any:
        """Take over who waits, when nobody is about to join."""
        index = version[0]
        if self.locked[index]:
            return MUST_WAIT
        self.say(worker, "take", version)
        waiting, self.waiting[index] = self.waiting[index], []
        return waiting

    def set_ready(self, worker: int, index: int, event: str) -> None:
        """The next incarnation may be executed."""
        incarnation = self.status[index][1]
        self.status[index] = (READY, incarnation + 1)
        self.say(worker, event, (index, incarnation))

    # --- needs_reexecution ---

    def needs_reexecution(self, worker: int, version: Version) -> Task | None:
        """Look at the reads again; abort the version, if one is not valid and nobody has."""
        index = version[0]
        reads = self.access(worker, "LOAD_READS", lambda: self.reads[index])
        for one in reads:
            if not self.access(worker, "SCAN", partial(self.scan, worker, version, one)):
                if self.access(worker, "ABORT", lambda: self.try_abort(worker, version)):
                    return self.finish_abort(worker, version)
                break
        self.release(worker)
        return None

    def scan(self, worker: int, version: Version, read: Read) -> bool:
        """Whether a read would find the same versions now."""
        blocker, origins, _ = self.resolve(read[0], version[0])
        same = blocker is None and origins == read[1]
        self.say(worker, "scan", version, location=read[0], origins=read[1], ok=same)
        return same

    def try_abort(self, worker: int, version: Version) -> bool:
        """EXECUTED becomes ABORTING, if this is the present incarnation."""
        index, incarnation = version
        if self.status[index] != (EXECUTED, incarnation):
            return False
        self.status[index] = (ABORTING, incarnation)
        self.say(worker, "abort", version)
        return True

    def finish_abort(self, worker: int, version: Version) -> Task | None:
        """Mark the entries, be ready again, send validation back, and execute again at once if execution has passed."""
        index = version[0]
        for at in self.written[index]:
            self.access(worker, "MARK", partial(self.mark, worker, version, at))
        self.access(worker, "REOPEN", lambda: self.set_ready(worker, index, "ready"))
        self.access(worker, "LOWER_AFTER", lambda: self.lower("validation_index", index + 1))
        self.access(worker, "COUNT_AFTER", lambda: self.change("lowered", 1))
        if self.access(worker, "RETRY_LEFT", lambda: self.execution_index > index):
            again = self.access(worker, "RETRY", lambda: self.try_incarnate(worker, index))
            if again is not None:
                return "EXECUTE", again
        self.release(worker)
        return None

    def mark(self, worker: int, version: Version, location: str) -> None:
        """An entry becomes an ESTIMATE."""
        self.put(location, version[0], ("estimate", version[1], 0))
        self.say(worker, "estimate", version, location=location)
