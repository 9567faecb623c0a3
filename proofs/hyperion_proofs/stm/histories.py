"""Histories: a block of any number of programs, what their last incarnations did, and what they do serially.

Everything is an unknown function of integers: which location a program reads next, given its local state, what it then
knows, when it stops, what it writes. So a program is any deterministic program whose next read may depend on all values
read so far. Values may have been read at different moments; nothing says that an incarnation saw one state.

Transactions count from 1, so that 0 can stand for the storage before the block.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final, TypeAlias

import attrs

from hyperion.symbolic.proxies import all_of, implies, negation, where
from hyperion_proofs.statement import Given

Condition: TypeAlias = Any
"""A truth value, known or not."""


class Entry(IntEnum):
    """What the multi-version memory holds of a transaction at a location."""

    NOTHING = 0
    VALUE = 1
    DELTA = 2
    """An amount to be added to whatever is below."""


def applied(kind: int, amount: int, below: int) -> int:
    """The value above an entry: what is below it, replaced or increased."""
    return where(kind == Entry.VALUE, amount, where(kind == Entry.DELTA, below + amount, below))


@attrs.frozen(eq=False)
class Block:
    """Programs: what each would do in each local state. Local states, locations and values are integers."""

    given: Given

    def start(self, txn: int) -> int:
        """The local state in which the program starts."""
        return self.given.result("start", (txn,))

    def stops(self, txn: int, local: int) -> Condition:
        """Whether it reads no more."""
        return self.given.result("stops", (txn, local), 0, 1) == 1

    def wanted(self, txn: int, local: int) -> int:
        """The location that it reads next."""
        return self.given.result("wanted", (txn, local))

    def resumed(self, txn: int, local: int, value: int) -> int:
        """Its local state once it knows the value."""
        return self.given.result("resumed", (txn, local, value))

    def writes(self, txn: int, local: int, location: int) -> tuple[int, int]:
        """What it writes to the location when it has stopped: a kind of entry and an amount."""
        arguments = (txn, local, location)
        return self.given.result("write kind", arguments, 0, 2), self.given.result("write amount", arguments)

    def storage(self, location: int) -> int:
        """The value before the block."""
        return self.given.result("storage", (location,))


@attrs.frozen(eq=False)
class Run:
    """A run of each program: its local state after each number of reads, how many reads it makes, what they give."""

    block: Block
    name: str
    value: Callable[[int, int], int]
    """What the read with the number given obtains."""

    def local(self, txn: int, count: int) -> int:
        """The local state after so many reads."""
        return self.block.given.result(f"{self.name} local", (txn, count))

    def reads(self, txn: int) -> int:
        """How many reads it makes."""
        return self.block.given.result(f"{self.name} reads", (txn,), 0)

    def last(self, txn: int) -> int:
        """The local state when it has stopped."""
        return self.local(txn, self.reads(txn))

    def wanted(self, txn: int, count: int) -> int:
        """The location of the read with this number."""
        return self.block.wanted(txn, self.local(txn, count))

    def starts(self, txn: int) -> Condition:
        """It starts where the program does."""
        return self.local(txn, 0) == self.block.start(txn)

    def goes_on(self, txn: int, count: int) -> Condition:
        """As long as it reads, the program has not stopped, and resumes with the value read."""
        local = self.local(txn, count)
        going = all_of(count >= 0, count < self.reads(txn))
        resumed = self.block.resumed(txn, local, self.value(txn, count))
        stopped = self.block.stops(txn, local)
        return implies(going, all_of(self.local(txn, count + 1) == resumed, negation(stopped)))

    def ends(self, txn: int) -> Condition:
        """Where it ends the program stops."""
        return self.block.stops(txn, self.last(txn))


@attrs.frozen(eq=False)
class Serial:
    """Serial execution: each transaction sees what all before it have left."""

    block: Block

    def state(self, txn: int, location: int) -> int:
        """The value after the transaction; after 0 transactions, the storage."""
        return self.block.given.result("serial state", (txn, location))

    @property
    def run(self) -> Run:
        """The run in which every read gives the state that the transaction before has left."""
        return Run(self.block, "serial", lambda txn, count: self.state(txn - 1, self.run.wanted(txn, count)))

    def first(self, location: int) -> Condition:
        """The state after no transaction is the storage."""
        return self.state(0, location) == self.block.storage(location)

    def then(self, txn: int, location: int) -> Condition:
        """A transaction changes the state by what it writes."""
        written = self.block.writes(txn, self.run.last(txn), location)
        return self.state(txn, location) == applied(*written, self.state(txn - 1, location))


@attrs.frozen(eq=False)
class Parallel:
    """What is left when the parallel execution is done: of each transaction the last incarnation, and the memory."""

    block: Block

    @property
    def run(self) -> Run:
        """The last incarnations. What a read gave is any value: nothing is known of when it was read."""
        return Run(self.block, "last", lambda txn, count: self.block.given.result("value read", (txn, count)))

    def entry(self, txn: int, location: int) -> tuple[int, int]:
        """The entry of the transaction: its kind and amount."""
        arguments = (txn, location)
        return self.block.given.result("kind", arguments, 0, 2), self.block.given.result("amount", arguments)

    def origin(self, txn: int, location: int) -> int:
        """From which entry a read of the transaction starts: 0 for the storage."""
        return self.block.given.result("origin", (txn, location), 0)

    def resolved(self, txn: int, location: int) -> int:
        """What a read of the transaction gives now."""
        return self.block.given.result("resolved", (txn, location))

    def walks(self, txn: int, location: int) -> Condition:
        """A read gives the entry of its origin: a value as it is, an amount on what the origin itself would read."""
        origin = self.origin(txn, location)
        kind, amount = self.entry(origin, location)
        found = where(kind == Entry.VALUE, amount, self.resolved(origin, location) + amount)
        return self.resolved(txn, location) == where(origin == 0, self.block.storage(location), found)


# --- the rules of Block-STM, which a control may weaken ---------------------------------------------------------------

LastRule = Callable[[Parallel, int, int], Condition]


def recorded(parallel: Parallel, txn: int, location: int) -> Condition:
    """The memory holds exactly what the last incarnation wrote; older entries are removed."""
    kind, amount = parallel.entry(txn, location)
    wrote, value = parallel.block.writes(txn, parallel.run.last(txn), location)
    return all_of(kind == wrote, implies(kind != Entry.NOTHING, amount == value))


def origin_is_lower(parallel: Parallel, txn: int, location: int) -> Condition:
    """An origin is a transaction below the reader that has an entry, or the storage."""
    origin = parallel.origin(txn, location)
    kind, _ = parallel.entry(origin, location)
    return implies(origin > 0, all_of(origin < txn, kind != Entry.NOTHING))


def origin_is_greatest(parallel: Parallel, txn: int, location: int, other: int) -> Condition:
    """No transaction between the origin and the reader has an entry."""
    kind, _ = parallel.entry(other, location)
    between = all_of(other >= 1, parallel.origin(txn, location) < other, other < txn)
    return implies(between, kind == Entry.NOTHING)


def valid(parallel: Parallel, txn: int, count: int) -> Condition:
    """The read with this number gave what it would give now."""
    run = parallel.run
    return run.value(txn, count) == parallel.resolved(txn, run.wanted(txn, count))


@attrs.frozen(eq=False)
class Algorithm:
    """The rules on which the theorem rests."""

    recorded: LastRule = recorded
    origin_is_lower: LastRule = origin_is_lower
    origin_is_greatest: Callable[[Parallel, int, int, int], Condition] = origin_is_greatest
    valid: LastRule = valid


BLOCK_STM: Final = Algorithm()
