"""Rows of the scheduler and the memory, for any number of transactions and locations.

The stand-ins behave towards the model's code as the real ones do, and keep account of what is changed.
"""

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from hyperion.parallel.mvmemory import Estimate
from hyperion.parallel.scheduler import Phase, Status
from hyperion.symbolic.proxies import all_of, any_of, implies, negation, where
from hyperion_proofs.stm.histories import Condition
from hyperion_proofs.stm.lists import Items, more, once
from hyperion_proofs.stm.moment import Hands
from hyperion_proofs.stm.state import Cell, put, put_one


@attrs.frozen(eq=False)
class StatusOf:
    """The status of a transaction. Asked for its phase, the path decides which one it is."""

    incarnation: int
    unknown: int

    @property
    def phase(self) -> Phase:
        """The phase, as the member that it is."""
        for phase in (Phase.READY, Phase.EXECUTED, Phase.EXECUTING):
            if self.unknown == int(phase):
                return phase
        return Phase.ABORTING

    def __ne__(self, other: object) -> Any:
        if not isinstance(other, Status):
            return NotImplemented
        return negation(all_of(self.unknown == int(other.phase), self.incarnation == other.incarnation))


@attrs.frozen(eq=False)
class Statuses:
    """One status for each transaction."""

    size: int
    phase: Cell
    incarnation: Cell

    def __getitem__(self, txn: int) -> StatusOf:
        return StatusOf(self.incarnation(txn), self.phase(txn))

    def replaced(self, txn: int, status: Status) -> "Statuses":
        """With another status of one transaction."""
        phase = put(self.phase, txn, int(status.phase))
        return Statuses(self.size, phase, put(self.incarnation, txn, status.incarnation))


@attrs.frozen(eq=False)
class Locks:
    """Whether the dependents of each transaction are locked."""

    locked: Cell

    def __getitem__(self, txn: int) -> Condition:
        return self.locked(txn)

    def replaced(self, txn: int, held: bool) -> "Locks":
        """With one lock taken or given back."""
        return Locks(put(self.locked, txn, held))


@attrs.frozen(eq=False)
class Dependents:
    """Those that wait for a transaction, ascending."""

    own: Hands
    blocker: int

    def waits(self, other: int) -> Condition:
        """Whether it is one of them."""
        return self.own.state.waits(other, self.blocker)

    def __bool__(self) -> bool:
        return more(self.own, "someone waits", "x", self.waits)()

    def __getitem__(self, index: int) -> int:
        least = self.own.moment.choose("x", "least dependent")
        self.own.moment.require(self.waits(least))
        self.own.moment.require_each("x", lambda other: implies(self.waits(other), least <= other))
        return least

    def __iter__(self) -> Iterator["Dependents"]:
        return iter((self,))


@attrs.frozen(eq=False)
class Waits:
    """The dependents of each transaction."""

    own: Hands
    waits: Cell

    def __getitem__(self, txn: int) -> Dependents:
        return Dependents(self.own, txn)

    def replaced(self, txn: int, listed: tuple[Any, ...]) -> "Waits":
        """With others for one transaction: either none, or those before and further ones."""
        kept = any(type(item) is Dependents for item in listed)
        further = [item for item in listed if type(item) is not Dependents]

        def waits(other: int, blocker: int) -> Condition:
            added = any_of(*(other == item for item in further))
            now = any_of(added, self.waits(other, blocker)) if kept else added
            return where(blocker == txn, now, self.waits(other, blocker))

        return Waits(self.own, waits)


# --- memory -----------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Lists:
    """What the memory keeps of each transaction: the reads, or the locations written."""

    of: Callable[[int], Any]

    def __getitem__(self, txn: int) -> Any:
        return self.of(txn)


@attrs.frozen(eq=False)
class Memory:
    """The multi-version memory, of which the proof knows what is valid, what is data, and what is listed."""

    own: Hands

    @property
    def reads(self) -> Lists:
        """The reads of a transaction: if there are none, none is invalid."""
        own = self.own
        return Lists(lambda txn: Items(once(more(own, "reads", "r", self.is_invalid)), lambda: None, self.nothing))

    def is_invalid(self, read: int) -> Condition:
        """Whether a read of the incarnation that the worker carries is invalid."""
        return negation(self.own.may_pass(read))

    @property
    def written(self) -> Lists:
        """The locations where the last incarnation wrote."""
        own = self.own
        return Lists(
            lambda txn: Items(
                once(more(own, "locations", "l", lambda location: own.listed(txn, location))),
                lambda: None,
                self.nothing,
            )
        )

    def nothing(self) -> Items:
        """The model does not ask for the rest of these lists: a proof in which it did would be open."""
        raise LookupError("the rest of a list of locations")

    def put(self, location: int, writer: int, entry: object) -> "Memory":
        """One entry set, or removed.

        An ESTIMATE makes reads by higher transactions invalid. Data, or nothing, in the place of an ESTIMATE leaves
        valid reads valid (``STM-rewrite``), and without new locations all that goes is an ESTIMATE. At a new location
        it may make reads of higher transactions invalid.
        """
        own = self.own
        estimate = isinstance(entry, Estimate)
        rewrites = negation(any_of(estimate, own.state.new(own.worker)))
        own.valid = own.moment.valid_after(lambda other: other <= writer, lambda other: rewrites)
        own.data = put_one(own.data, writer, location, not estimate and entry is not None)
        return self

    def keep_written(self, txn: int) -> "Memory":
        """The list of locations is that of the incarnation that is recorded."""
        own = self.own
        planned = own.planned
        own.listed = put(own.listed, txn, lambda location: planned(own.worker, location))
        return self

    def keep_reads(self, txn: int) -> "Memory":
        """The reads are those of the incarnation that is recorded, valid or not."""
        self.own.valid = self.own.moment.valid_after(lambda other: other != txn, lambda other: False)
        return self
