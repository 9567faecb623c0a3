"""One transition of the model, run on a state of which little is known: what the state is afterwards.

The function that is run is the model's own, from its table of transitions. Beside what it returns, the proof keeps
cells of its own: who owns a transaction, who will make it ready. They follow from where the worker went.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import attrs

from hyperion.parallel import executing, mvmemory, scheduler
from hyperion.parallel.counter import (
    Checking,
    Executing,
    Finishing,
    Idle,
    Move,
    Pc,
    Recording,
    Seen,
    Shared,
    Transition,
    Waiting,
    Worker,
)
from hyperion.parallel.mvmemory import Blocked, Found
from hyperion.parallel.version import Version
from hyperion.parallel.worker import TRANSITIONS
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.proxies import all_of, implies, where
from hyperion_proofs.stm.carried import Program, Programs, shared, worker
from hyperion_proofs.stm.histories import Condition
from hyperion_proofs.stm.moment import Hands, Moment, hands
from hyperion_proofs.stm.places import Aborting
from hyperion_proofs.stm.rows import Memory
from hyperion_proofs.stm.state import Cell, State, put

# --- what stands for functions of the model that look into what is not known ------------------------------------------

ASSUMED: Final = "lists and rows as sets"


def least(a: int, b: int) -> int:
    """The smaller one, without a branch."""
    return where(a < b, a, b)


def proceeded(memory: Memory, version: Version, program: object, reads: object) -> Executing | Recording:
    """A program wants another value, or has ended with any writes; whether some are new is any answer."""
    del program, reads
    own = memory.own
    if own.moment.truth("wants a value"):
        unknown: Any = Program()
        return Executing(Pc.READ, version, unknown, ())
    own.pending = put(own.pending, own.worker, own.moment.flags("pending afterwards"))
    own.planned = put(own.planned, own.worker, own.moment.flags("planned afterwards"))
    new = own.moment.truth("new locations")
    pc = Pc.WRITE if own.moment.truth("entries") else Pc.REMOVE if own.moment.truth("stale") else Pc.KEEP_WRITTEN
    return Recording(pc, version, (), (), (), (), None, new)


def ideals() -> tuple[Ideal, ...]:
    """Rows, lists and the memory are stand-ins; the functions that take real ones apart are replaced by theirs."""
    replacements: tuple[tuple[Any, str, object], ...] = (
        (scheduler, "replaced", lambda row, txn, item: row.replaced(txn, item)),
        (scheduler, "len", lambda row: row.size),
        (scheduler, "sorted", lambda listed: listed),
        (scheduler, "min", least),
        (executing, "proceed", proceeded),
        (mvmemory, "put", lambda memory, location, writer, entry: memory.put(location, writer, entry)),
        (mvmemory, "keep_written", lambda memory, txn, locations: memory.keep_written(txn)),
        (mvmemory, "keep_reads", lambda memory, txn, reads, result: memory.keep_reads(txn)),
    )
    return tuple(Ideal(module, name, replacement, ASSUMED) for module, name, replacement in replacements)


def resolved(memory: Memory, location: object, reader: int, base: object) -> Blocked | Found:
    """A read meets an ESTIMATE of some lower transaction, or finds a value."""
    del location, base
    moment = memory.own.moment
    if moment.truth("blocked"):
        lower = moment.choose("x", "blocker")
        moment.require(all_of(lower >= 0, lower < reader))
        return Blocked(lower)
    return Found(0, ())


def still_valid(memory: Memory, reader: int, read: int, base: object) -> Condition:
    """Whether the read is valid; of a newer incarnation's reads, nothing is known."""
    del reader, base
    own = memory.own
    return where(own.present, own.state.valid(own.txn, read), own.moment.truth("valid"))


def run(transitions: Mapping[Pc, Transition], own: Hands, pc: Pc) -> Move:
    """The model's transition at the program counter."""
    function: Callable[..., Move] = transitions[pc]
    given: dict[Pc, Callable[..., Move]] = {
        Pc.READ: partial(function, resolve=resolved),
        Pc.SCAN: partial(function, valid=still_valid),
    }
    return given.get(pc, function)(Programs(own.state.size), shared(own), worker(own, pc))


# --- the state afterwards ---------------------------------------------------------------------------------------------


def follow(moment: Moment, pc: Pc, transitions: Mapping[Pc, Transition] = TRANSITIONS) -> State | None:
    """The state after the worker's transition; None where it must wait for a lock."""
    own = hands(moment)
    move = run(transitions, own, pc)
    if move is None:
        return None
    after = carried(own, read_back(own, move[0]), move[1])
    return with_notes(own, pc, after, move[1])


def read_back(own: Hands, after: Shared) -> State:
    """What workers share."""
    found, rows = after.scheduler, Rows(after.scheduler)
    return attrs.evolve(
        own.state,
        execution=found.execution_index,
        validation=found.validation_index,
        active=found.active,
        lowered=found.lowered,
        done=found.done,
        phase=rows.statuses.phase,
        incarnation=rows.statuses.incarnation,
        locked=rows.locks.locked,
        waits=rows.waits.waits,
        valid=own.valid,
        data=own.data,
        listed=own.listed,
    )


@attrs.frozen(eq=False)
class Rows:
    """The rows of a scheduler, which are stand-ins."""

    of: Any

    @property
    def statuses(self) -> Any:
        """Phases and incarnations."""
        return self.of.status

    @property
    def waits(self) -> Any:
        """Dependents."""
        return self.of.dependents

    @property
    def locks(self) -> Any:
        """Their locks."""
        return self.of.locked


def carried(own: Hands, state: State, record: Worker) -> State:
    """What the worker carries where it is now."""
    who = own.worker
    changes: dict[str, Any] = {
        "at": put(state.at, who, int(record.pc)),
        "scanned": own.scanned,
        "pending": own.pending,
        "planned": own.planned,
        "unmarked": own.unmarked,
    }
    if isinstance(record, Seen):
        changes["txn"] = put(state.txn, who, record.index)
    elif isinstance(record, Checking):
        changes["seen"] = put(state.seen, who, record.lowered)
    elif not isinstance(record, Idle):
        changes["txn"] = put(state.txn, who, record.version.transaction)
        changes["held"] = put(state.held, who, record.version.incarnation)
    if isinstance(record, Waiting):
        changes["blocker"] = put(state.blocker, who, record.blocker)
    if isinstance(record, Recording | Finishing):
        changes["new"] = put(state.new, who, record.new)
    if isinstance(record, Finishing):
        changes["least"] = put(state.least, who, record.least)
    return attrs.evolve(state, **changes)


def with_notes(own: Hands, pc: Pc, after: State, record: Worker) -> State:
    """What the proof notes of a transition, by where it starts and where it leads."""
    who, txn = own.worker, own.txn
    match pc, record.pc:
        case (Pc.EXECUTION_START | Pc.RETRY), Pc.TASK_EXECUTE:
            return attrs.evolve(after, owner=put(after.owner, txn, who))
        case Pc.WAIT, Pc.SUSPEND:
            return attrs.evolve(after, holder=put(after.holder, own.state.blocker(who), who))
        case Pc.SUSPEND, _:
            awaited = put(after.awaited, txn, own.state.blocker(who))
            return attrs.evolve(after, awaited=awaited, aborting=put(after.aborting, txn, Aborting.BLOCKER))
        case Pc.TAKE_DEPENDENTS, Pc.RESUME:
            return taken_over(own, after)
        case Pc.LOAD_READS, Pc.SCAN:
            return attrs.evolve(after, scanned=put(after.scanned, who, passed(own)))
        case Pc.ABORT, (Pc.MARK | Pc.REOPEN):
            keeper, unmarked = put(after.keeper, txn, who), put(after.unmarked, who, partial(after.listed, txn))
            aborting = put(after.aborting, txn, Aborting.VALIDATOR)
            return attrs.evolve(after, keeper=keeper, aborting=aborting, unmarked=unmarked)
    return after


def taken_over(own: Hands, after: State) -> State:
    """All who waited are kept by the worker now."""
    state, who, txn = own.state, own.worker, own.txn
    return attrs.evolve(
        after,
        aborting=lambda other: where(state.waits(other, txn), Aborting.RESUMER, state.aborting(other)),
        keeper=lambda other: where(state.waits(other, txn), who, state.keeper(other)),
    )


def passed(own: Hands) -> Cell:
    """Reads that are not in the list that was taken: of an incarnation that is the last one, they are valid."""
    after = own.moment.flags("passed")
    own.moment.require_each("r", lambda read: implies(after(read), own.may_pass(read)))
    return after

