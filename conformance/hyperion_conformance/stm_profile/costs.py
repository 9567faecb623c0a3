"""What time an access takes: which shared variable it meets, and whether the worker has that near.

Each variable is a line of cache: many workers may have a copy, or one has it to write. An access is near if the worker
has the line in the state that it needs; else the line travels, and while it travels to a writer nobody else gets it.
So workers that count in one variable queue for it, which is what limits how small a transaction can usefully be.
"""

from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from typing import Any, Final, TypeAlias

import attrs

from hyperion.parallel.counter import Pc


@attrs.frozen
class Costs:
    """Times in nanoseconds; the defaults are those of a server of today with an interpreter of 1 Ggas/s."""

    gas_per_microsecond: int = 1000
    """How fast code runs. Gas is the protocol's own measure of work, and all parts of a transaction count by it."""
    near: int = 2
    """An access to a variable that the worker has."""
    far: int = 25
    """An access to one that another worker has changed, or that others have copies of and this one changes: as long as
    the cores of one die take that all increment one word; those of two sockets take four times as long."""
    search: int = 25
    """Finding a location in the memory: a hash, and a place in the list of its entries."""

    def of_gas(self, gas: int) -> int:
        """The time for so much gas."""
        return gas * 1000 // self.gas_per_microsecond


class Variable(Enum):
    """What is shared, each a variable of its own; of the last four, one for each transaction or location."""

    DONE = "done"
    EXECUTION_INDEX = "execution index"
    VALIDATION_INDEX = "validation index"
    ACTIVE = "active"
    LOWERED = "lowered"
    STATUS = "status of a transaction"
    DEPENDENTS = "dependents of a transaction"
    ENTRIES = "entries of a location"
    LISTS = "reads, writes and result of a transaction"


Line: TypeAlias = tuple[Variable, Hashable]
"""A variable, and whose it is."""


def single(worker: Any) -> Hashable:
    """There is but one of this variable."""
    return None


def claimed(worker: Any) -> Hashable:
    """The transaction whose index was claimed."""
    return int(worker.index)


def own(worker: Any) -> Hashable:
    """The transaction in hand."""
    return int(worker.version.transaction)


def blocker(worker: Any) -> Hashable:
    """The transaction that is waited for."""
    return int(worker.blocker)


def resumed(worker: Any) -> Hashable:
    """The transaction that has waited."""
    return int(worker.waiting[0])


Access: TypeAlias = tuple[Variable, Callable[[Any], Hashable]]

ACCESSES: Final[Mapping[Pc, Access]] = {
    Pc.LOOP: (Variable.DONE, single),
    Pc.PICK: (Variable.VALIDATION_INDEX, single),
    Pc.CHOOSE: (Variable.EXECUTION_INDEX, single),
    Pc.EXECUTION_LEFT: (Variable.EXECUTION_INDEX, single),
    Pc.EXECUTION_COUNT: (Variable.ACTIVE, single),
    Pc.EXECUTION_CLAIM: (Variable.EXECUTION_INDEX, single),
    Pc.EXECUTION_START: (Variable.STATUS, claimed),
    Pc.VALIDATION_LEFT: (Variable.VALIDATION_INDEX, single),
    Pc.VALIDATION_COUNT: (Variable.ACTIVE, single),
    Pc.VALIDATION_CLAIM: (Variable.VALIDATION_INDEX, single),
    Pc.VALIDATION_START: (Variable.STATUS, claimed),
    Pc.UNCLAIM: (Variable.ACTIVE, single),
    Pc.RELEASE: (Variable.ACTIVE, single),
    Pc.DONE_LOWERED: (Variable.LOWERED, single),
    Pc.DONE_EXECUTION: (Variable.EXECUTION_INDEX, single),
    Pc.DONE_VALIDATION: (Variable.VALIDATION_INDEX, single),
    Pc.DONE_ACTIVE: (Variable.ACTIVE, single),
    Pc.DONE_AGAIN: (Variable.LOWERED, single),
    Pc.DONE_MARK: (Variable.DONE, single),
    Pc.TASK_EXECUTE: (Variable.DONE, single),
    Pc.TASK_VALIDATE: (Variable.DONE, single),
    Pc.READ: (Variable.ENTRIES, lambda worker: worker.program.location),
    Pc.WAIT: (Variable.DEPENDENTS, blocker),
    Pc.SUSPEND: (Variable.DEPENDENTS, blocker),
    Pc.WRITE: (Variable.ENTRIES, lambda worker: worker.entries[0][0]),
    Pc.REMOVE: (Variable.ENTRIES, lambda worker: worker.stale[0]),
    Pc.KEEP_WRITTEN: (Variable.LISTS, own),
    Pc.KEEP_READS: (Variable.LISTS, own),
    Pc.FINISH: (Variable.STATUS, own),
    Pc.TAKE_DEPENDENTS: (Variable.DEPENDENTS, own),
    Pc.RESUME: (Variable.STATUS, resumed),
    Pc.LOWER_EXECUTION: (Variable.EXECUTION_INDEX, single),
    Pc.COUNT_EXECUTION: (Variable.LOWERED, single),
    Pc.COMPARE: (Variable.VALIDATION_INDEX, single),
    Pc.LOWER_VALIDATION: (Variable.VALIDATION_INDEX, single),
    Pc.COUNT_VALIDATION: (Variable.LOWERED, single),
    Pc.LOAD_READS: (Variable.LISTS, own),
    Pc.SCAN: (Variable.ENTRIES, lambda worker: worker.reads[0].location),
    Pc.ABORT: (Variable.STATUS, own),
    Pc.MARK: (Variable.ENTRIES, lambda worker: worker.locations[0]),
    Pc.REOPEN: (Variable.STATUS, own),
    Pc.LOWER_AFTER: (Variable.VALIDATION_INDEX, single),
    Pc.COUNT_AFTER: (Variable.LOWERED, single),
    Pc.RETRY_LEFT: (Variable.EXECUTION_INDEX, single),
    Pc.RETRY: (Variable.STATUS, own),
}
"""The variable that the access at each program counter is to. Under the lock of ``SUSPEND`` and ``WAIT`` the status of
a transaction is looked at or changed besides."""


def line_of(worker: Any) -> Line:
    """The variable that a worker's next access is to."""
    variable, whose = ACCESSES[worker.pc]
    return variable, whose(worker)


@attrs.define
class Lines:
    """Who has which variable near, and until when one is on its way to a writer."""

    costs: Costs
    near: dict[Line, set[int]] = attrs.Factory(dict)
    taken: dict[Line, int] = attrs.Factory(dict)

    def free_at(self, line: Line) -> int:
        """When the variable can be had."""
        return self.taken.get(line, 0)

    def access(self, worker: int, line: Line, writes: bool, now: int) -> int:
        """The time that an access takes which begins now; afterwards the worker has the variable near."""
        holders = self.near.setdefault(line, set())
        has_it = holders == {worker} if writes else worker in holders
        takes = self.costs.near if has_it else self.costs.far
        if writes:
            holders.clear()
            self.taken[line] = now + takes
        holders.add(worker)
        return takes + (self.costs.search if line[0] is Variable.ENTRIES else 0)
