"""The bridge, both ways: invariants asked of configurations, and the proof's transitions compared with the model's.

A transition of the proof leaves some things open: which location is written next, whether a list ends here, what is
valid afterwards. For a step that the model has made they are settled: the answers are read off the two configurations.
With them the proof's account must give the state that the second configuration stands for, and all that it takes for
granted on the way must be true.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, Final

import attrs

from hyperion.parallel.configuration import Configuration
from hyperion.parallel.counter import Executing, Finishing, Marking, Pc, Recording, Scanning, Transition, Waiting
from hyperion.parallel.program import Block
from hyperion.parallel.scheduler import Phase
from hyperion.parallel.worker import TRANSITIONS
from hyperion_proofs.stm.abstraction import View
from hyperion_proofs.stm.places import RECORDING, is_active
from hyperion_proofs.stm.safety import INVARIANTS
from hyperion_proofs.stm.state import Cell, State
from hyperion_proofs.stm.transition import follow


def violated(block: Block, configuration: Configuration) -> str | None:
    """The first invariant of the proof that the configuration does not meet."""
    view = View(block, configuration)
    state, workers = view.state(), list(view.workers())
    if state.active != sum(bool(is_active(state.at(worker))) for worker in workers):
        return "CARD"
    members = {kind: list(view.keys(kind)) for kind in "wxrl"}
    for invariant in INVARIANTS:
        for keys in product(*(members[kind] for kind in invariant.keys)):
            if not invariant.holds(state, lambda condition: any(map(condition, workers)), *keys):
                return invariant.name
    return None


@attrs.frozen(eq=False)
class Observed:
    """A step that the model has made; what the proof leaves open is read off it."""

    first: View
    second: View
    before: State
    after: State
    worker: int
    wrong: list[str] = attrs.field(factory=list)
    """What the proof takes for granted and is not so."""

    def require(self, condition: bool) -> None:
        """It must be so."""
        if not condition:
            self.wrong.append("what a move requires")

    def require_each(self, kind: str, condition: Callable[[Any], bool]) -> None:
        """It must be so of each."""
        if not all(condition(member) for member in self.members(kind)):
            self.wrong.append(f"what a move requires of each {kind}")

    def members(self, kind: str) -> list[Any]:
        """All of a kind that there are before or after the step."""
        return list(dict.fromkeys((*self.first.keys(kind), *self.second.keys(kind))))

    def choose(self, kind: str, what: str) -> Any:
        """The one of the model."""
        now, then = self.first.worker(self.worker), self.second.worker(self.worker)
        match what, now, then:
            case "location", Recording(pc=Pc.WRITE), _:
                return now.entries[0][0]
            case "location", Recording(), _:
                return now.stale[0]
            case "location", Marking(), _:
                return now.locations[0]
            case "read", Scanning(), _:
                reads = self.first.memory.reads[now.version.transaction]
                return len(reads) - len(now.reads)
            case "dependent", Finishing(), _:
                return now.waiting[0]
            case "least dependent", _, Finishing():
                return then.waiting[0]
            case "blocker", _, Waiting():
                return then.blocker
        raise ValueError(f"{what}: not at this transition")

    def truth(self, what: str) -> bool:
        """As in the model."""
        then = self.second.worker(self.worker)
        match what:
            case "more entries" | "entries":
                return isinstance(then, Recording) and bool(then.entries)
            case "more to remove" | "stale":
                return isinstance(then, Recording) and bool(then.stale)
            case "new locations":
                return isinstance(then, Recording) and then.new
        went: Mapping[str, bool] = {
            "more to mark": isinstance(then, Marking),
            "locations": isinstance(then, Marking),
            "more reads": isinstance(then, Scanning),
            "reads": isinstance(then, Scanning),
            "more dependents": then.pc is Pc.RESUME,
            "someone waits": then.pc is Pc.RESUME,
            "wants a value": isinstance(then, Executing),
            "blocked": isinstance(then, Waiting),
            "valid": then.pc is not Pc.ABORT,
        }
        return went[what]

    def flags(self, what: str) -> Cell:
        """As after the step."""
        cells = {"pending afterwards": self.after.pending, "planned afterwards": self.after.planned}
        cell = cells.get(what, self.after.scanned)
        return lambda member: cell(self.worker, member)

    def valid_after(self, same: Callable[[int], bool], kept: Callable[[int], bool]) -> Cell:
        """As after the step, of transactions whose reads matter; it must be as the proof says."""
        for txn, read in product(self.members("x"), self.members("r")):
            if self.after.phase(txn) != int(Phase.EXECUTED):
                continue
            was, now = self.before.valid(txn, read), self.after.valid(txn, read)
            if (was and not now and (same(txn) or kept(txn))) or (now and not was and same(txn)):
                self.wrong.append("what stays valid")
        return self.after.valid


def disagreement(
    block: Block,
    first: Configuration,
    worker: int,
    second: Configuration,
    transitions: Mapping[Pc, Transition] = TRANSITIONS,
) -> str | None:
    """How the proof's account of the step differs from the model's; None if it does not.

    To be asked where the functions that take rows and lists apart are replaced (``transition.ideals``).
    """
    views = View(block, first), View(block, second)
    moment = Observed(*views, views[0].state(), views[1].state(), worker)
    found = follow(moment, views[0].worker(worker).pc, transitions)
    if moment.wrong:
        return moment.wrong[0]
    if found is None:
        return "the proof waits for a lock"
    return next(differences(moment, found), None)


SHARED: Final = ("execution", "validation", "active", "lowered", "done")
CARRIED: Final = {
    "txn": frozenset(Pc) - {Pc.CHOOSE},
    "held": frozenset(Pc) - {Pc.CHOOSE, Pc.EXECUTION_START, Pc.VALIDATION_START},
    "blocker": frozenset({Pc.WAIT, Pc.SUSPEND}),
    "new": frozenset({Pc.WRITE, Pc.REMOVE, Pc.KEEP_WRITTEN, Pc.KEEP_READS, Pc.FINISH, Pc.TAKE_DEPENDENTS, Pc.COMPARE}),
    "least": frozenset({Pc.RESUME, Pc.LOWER_EXECUTION}),
    "seen": frozenset({Pc.DONE_EXECUTION, Pc.DONE_VALIDATION, Pc.DONE_ACTIVE, Pc.DONE_AGAIN}),
}
"""Where a worker carries what."""


def differences(moment: Observed, found: State) -> Iterator[str]:
    """Cells in which a state differs from that of the second configuration, where they mean something."""
    after, place = moment.after, moment.second.worker(moment.worker).pc
    yield from (name for name in SHARED if getattr(found, name) != getattr(after, name))
    for worker in moment.members("w"):
        if found.at(worker) != after.at(worker):
            yield "at"
    for name, places in CARRIED.items():
        its = has_version(moment, place) if name in ("txn", "held") else True
        if place in places and its and getattr(found, name)(moment.worker) != getattr(after, name)(moment.worker):
            yield name
    for txn in moment.members("x"):
        yield from (name for name in meaningful(after, txn) if getattr(found, name)(txn) != getattr(after, name)(txn))
    yield from pair_differences(moment, found)


def has_version(moment: Observed, place: Pc) -> bool:
    """Whether the worker carries a version, or an index that was claimed."""
    claimed = place in (Pc.EXECUTION_START, Pc.VALIDATION_START)
    return claimed or hasattr(moment.second.worker(moment.worker), "version")


def meaningful(after: State, txn: int) -> Iterator[str]:
    """Cells of a transaction that mean something in its phase."""
    yield from ("phase", "incarnation", "locked")
    if after.phase(txn) == int(Phase.EXECUTING):
        yield "owner"
    if after.phase(txn) == int(Phase.ABORTING):
        yield "aborting"
        yield "awaited" if after.keeper(txn) < 0 else "keeper"
    if after.locked(txn):
        yield "holder"


LISTS: Final = {"scanned": "r", "pending": "l", "planned": "l", "unmarked": "l"}
OF_LISTS: Final = {
    "scanned": frozenset({Pc.SCAN}),
    "pending": RECORDING,
    "planned": RECORDING,
    "unmarked": frozenset({Pc.MARK}),
}


def pair_differences(moment: Observed, found: State) -> Iterator[str]:
    """The same of cells with two keys."""
    after, place, who = moment.after, moment.second.worker(moment.worker).pc, moment.worker
    for name, kind in LISTS.items():
        present = name != "scanned" or after.incarnation(after.txn(who)) == after.held(who)
        for member in moment.members(kind) if place in OF_LISTS[name] and present else ():
            if getattr(found, name)(who, member) != getattr(after, name)(who, member):
                yield name
    for txn in moment.members("x"):
        for other in moment.members("x"):
            if found.waits(txn, other) != after.waits(txn, other):
                yield "waits"
        for location in moment.members("l"):
            if found.data(txn, location) != after.data(txn, location):
                yield "data"
            if found.listed(txn, location) != after.listed(txn, location):
                yield "listed"
        for read in moment.members("r") if after.phase(txn) == int(Phase.EXECUTED) else ():
            if found.valid(txn, read) != after.valid(txn, read):
                yield "valid"
