"""L2: a log of a run, in the order in which things happened, against the invariants.

The monitor keeps what the log says of each transaction: its phase and incarnation, who works on it, who waits for it,
what it has read and written. An event that the algorithm does not permit then is a fault, by the name of the invariant
that it breaks. Events are the least common to engines of this kind; an index or a counter is nobody's business here, so
that what P7, P9 and D0–D3 promise is asked at the end: the log may say done only when all is executed and valid.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

import attrs

from hyperion.parallel.mvmemory import (
    ESTIMATE,
    Added,
    Blocked,
    Entry,
    Memory,
    Read,
    Written,
    empty,
    put,
    resolve,
    valid,
)
from hyperion.parallel.trees import Trees
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.stm.certificate import number, origin, place
from hyperion_conformance.vectors.input import InputError, items, natural, record

READY, EXECUTING, EXECUTED, ABORTING, WAITING = "READY", "EXECUTING", "EXECUTED", "ABORTING", "WAITING"


@attrs.frozen
class Broken:
    """An event that the algorithm does not permit: its place in the log, the invariant, and why."""

    place: int
    invariant: str
    what: str

    def __str__(self) -> str:
        return f"event {self.place}: {self.invariant}: {self.what}"


@attrs.define
class Standing:
    """What the log has said of a transaction so far."""

    incarnation: int = 0
    phase: str = READY
    owner: int = -1
    blocker: int = -1
    takers: int = 0
    """Who have executed it, and will still take over whoever waits for it."""
    reads: list[Read] = attrs.Factory(list)
    wrote: set[str] = attrs.Factory(set)
    last_reads: tuple[Read, ...] = ()


@attrs.define
class Monitor:
    """The state of the monitor."""

    block: Trees
    memory: Memory
    transactions: list[Standing]
    done: bool = False

    def base(self, location: object) -> int:
        """The value of a location before the block."""
        return self.block.base(str(location))

    def entries_of(self, transaction: int) -> dict[str, Entry]:
        """The entries of a transaction."""
        return {
            str(at): entry
            for at, cells in self.memory.cells.items()
            for writer, entry in cells
            if writer == transaction
        }


Said: TypeAlias = Mapping[str, Json]
Rule: TypeAlias = Callable[[Monitor, Standing, int, int, Said], Iterator[tuple[str, str]]]
"""From monitor, transaction, its index, worker and event to what is broken; the monitor is moved on."""


def monitored(block: Trees, log: Json) -> list[Broken]:
    """All that is wrong with a log. Refused with ``InputError``: what is no log."""
    monitor = Monitor(block, empty(block.size), [Standing() for _ in range(block.size)])
    found: list[Broken] = []
    events = items(log, "$.ok.events", lambda value, field: record(value, field, (), False, ("worker", "event")))
    for index, event in enumerate(events):
        found += (Broken(index, name, what) for name, what in happened(monitor, event, f"$.ok.events[{index}]"))
        if len(found) > MOST_FAULTS:
            break
    if not monitor.done and not found:
        found.append(Broken(len(events), "D4", "the log ends before the end is announced"))
    return found


MOST_FAULTS: Final = 20
"""Faults after which a log is not read on."""


def happened(monitor: Monitor, event: Said, field: str) -> Iterator[tuple[str, str]]:
    """One event."""
    worker = natural(event["worker"], f"{field}.worker", 2**16)
    name = event["event"]
    if name == "done":
        yield from finished(monitor)
        return
    rule = RULES.get(str(name))
    if rule is None:
        return
    transaction = natural(event.get("transaction"), f"{field}.transaction")
    if transaction >= monitor.block.size:
        raise InputError(f"{field}.transaction", "there is no such transaction")
    if monitor.done:
        yield "D4", f"{name} of {transaction} after the end was announced"
    yield from rule(monitor, monitor.transactions[transaction], transaction, worker, event)


def owned(one: Standing, worker: int, what: str) -> Iterator[tuple[str, str]]:
    """Whoever executes a version is its only owner."""
    if one.phase != EXECUTING or one.owner != worker:
        yield "P1", f"{what} by worker {worker}, but it is {one.phase} and worker {one.owner} has it"


def claimed(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``execute``: READY becomes EXECUTING, of the incarnation that is present."""
    incarnation = natural(event.get("incarnation"), "$.incarnation")
    if one.phase != READY or incarnation != one.incarnation:
        yield "P2", f"{index}.{incarnation} is executed, but it is {one.phase} at incarnation {one.incarnation}"
    one.phase, one.owner, one.incarnation = EXECUTING, worker, incarnation
    one.reads, one.wrote = [], set()


def restarted(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``restart``: the same incarnation begins again, since what blocked it has been executed meanwhile."""
    yield from owned(one, worker, f"{index} is begun again")
    one.reads = []


def has_read(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``read``: the value comes from the entries that there are."""
    yield from owned(one, worker, f"{index} reads")
    location = place(event.get("location"), "$.location")
    now = resolve(monitor.memory, location, index, monitor.base)
    if "blocked" in event:
        blocker = natural(event["blocked"], "$.blocked")
        if not isinstance(now, Blocked) or now.transaction != blocker:
            yield "STM-read", f"{index} is blocked at {location} by {blocker}, which has no ESTIMATE there"
        return
    origins = items(event.get("origins"), "$.origins", origin)
    if isinstance(now, Blocked) or now.origins != origins:
        yield "STM-read", f"{index} reads {location} from other versions than there are"
    one.reads.append(Read(location, origins))


def waits(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``wait``: the blocker is lower, and those who wait for it have not been taken over yet."""
    yield from owned(one, worker, f"{index} waits")
    blocker = natural(event.get("blocked"), "$.blocked", monitor.block.size)
    other = monitor.transactions[blocker]
    if blocker >= index or (other.phase == EXECUTED and other.takers == 0):
        yield "P5", f"{index} waits for {blocker}, and nobody will resume it"
    one.phase, one.owner, one.blocker = WAITING, -1, blocker


def writes(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``write``: the owner sets an entry of this incarnation."""
    yield from owned(one, worker, f"{index} writes")
    location = place(event.get("location"), "$.location")
    one.wrote.add(location)
    entry: Entry = (
        Added(one.incarnation, number(event["add"], "$.add")) if "add" in event
        else Written(one.incarnation, number(event.get("value"), "$.value"))
    )  # fmt: skip
    monitor.memory = put(monitor.memory, location, index, entry)


def removes(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``remove``: the owner removes an entry of an incarnation before."""
    yield from owned(one, worker, f"{index} removes")
    monitor.memory = put(monitor.memory, place(event.get("location"), "$.location"), index, None)


def executed(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``executed``: the entries of the transaction are those that this incarnation wrote, and no other."""
    yield from owned(one, worker, f"{index} is executed")
    if set(monitor.entries_of(index)) != one.wrote:
        yield "P8", f"{index}.{one.incarnation} leaves entries that it did not write"
    one.phase, one.owner, one.last_reads = EXECUTED, -1, tuple(one.reads)
    one.takers += 1


def takes(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``take``: whoever waits for the transaction is taken over by who has executed it, once."""
    if one.takers == 0:
        yield "P5", f"those who wait for {index} are taken over before it is executed"
    one.takers -= 1


def resumes(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``resume``: who has waited becomes ready, once its blocker is executed."""
    if one.phase != WAITING:
        yield "P4", f"{index} is resumed, but it is {one.phase}"
    one.phase, one.blocker, one.incarnation = READY, -1, one.incarnation + 1


def scans(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``scan``: the verdict on one recorded read of the present incarnation is right at this moment."""
    incarnation = natural(event.get("incarnation"), "$.incarnation")
    if incarnation != one.incarnation or one.phase != EXECUTED:
        return  # A slow validator of an incarnation that is no more: what it finds is refused at the abort.
    read = Read(place(event.get("location"), "$.location"), items(event.get("origins"), "$.origins", origin))
    if bool(event.get("ok")) and not valid(monitor.memory, index, read, monitor.base):
        yield "P9", f"{index}.{incarnation}: the read of {read.location} is passed, but is not valid"


def aborts(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``abort``: of an executed incarnation, the present one."""
    incarnation = natural(event.get("incarnation"), "$.incarnation")
    if one.phase != EXECUTED or incarnation != one.incarnation:
        yield "P3", f"{index}.{incarnation} is aborted, but it is {one.phase} at incarnation {one.incarnation}"
    one.phase, one.owner = ABORTING, worker


def estimates(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``estimate``: by who aborts, while it is aborted."""
    if one.phase != ABORTING or one.owner != worker:
        yield "P3", f"an entry of {index} becomes an ESTIMATE while it is {one.phase}"
    monitor.memory = put(monitor.memory, place(event.get("location"), "$.location"), index, ESTIMATE)


def readied(monitor: Monitor, one: Standing, index: int, worker: int, event: Said) -> Iterator[tuple[str, str]]:
    """``ready``: after an abort, all entries being ESTIMATEs."""
    if one.phase != ABORTING:
        yield "P3", f"{index} becomes ready, but it is {one.phase}"
    if any(entry is not ESTIMATE for entry in monitor.entries_of(index).values()):
        yield "P8", f"{index} becomes ready with entries of an aborted incarnation"
    one.phase, one.owner, one.incarnation = READY, -1, one.incarnation + 1


def finished(monitor: Monitor) -> Iterator[tuple[str, str]]:
    """``done``: all is executed, and every read of every last incarnation is valid."""
    monitor.done = True
    for index, one in enumerate(monitor.transactions):
        if one.phase != EXECUTED:
            yield "G1", f"the end is announced while {index} is {one.phase}"
        for read in one.last_reads:
            if not valid(monitor.memory, index, Read(read.location, read.origins), monitor.base):
                yield "G2", f"the end is announced while the read of {read.location} by {index} is not valid"


RULES: Final[Mapping[str, Rule]] = {
    "execute": claimed,
    "restart": restarted,
    "read": has_read,
    "wait": waits,
    "write": writes,
    "remove": removes,
    "executed": executed,
    "take": takes,
    "resume": resumes,
    "scan": scans,
    "abort": aborts,
    "estimate": estimates,
    "ready": readied,
}
"""What is asked at each event; others may be in a log, and are passed over."""
