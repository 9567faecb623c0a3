"""Lists in a worker's hands, of any length: what the model asks of them is whether they are empty, and what is next.

The stand-ins behave towards the model's code as the tuples do, and say of the cells what follows from the answers.
"""

from collections.abc import Callable
from typing import Any

import attrs

from hyperion.parallel.mvmemory import Written
from hyperion.parallel.scheduler import Phase
from hyperion.symbolic.proxies import all_of, negation
from hyperion_proofs.stm.histories import Condition
from hyperion_proofs.stm.moment import Hands
from hyperion_proofs.stm.places import Aborting
from hyperion_proofs.stm.state import put_one


@attrs.frozen(eq=False)
class Items:
    """A list of any length: whether it is empty, its first item, and the rest."""

    filled: Callable[[], bool]
    first: Callable[[], Any]
    rest: Callable[[], "Items"]

    def __bool__(self) -> bool:
        return self.filled()

    def __getitem__(self, index: int | slice) -> Any:
        return self.first() if index == 0 else self.rest()


def more(own: Hands, what: str, kind: str, is_left: Callable[[int], Condition]) -> Callable[[], bool]:
    """Whether something is left; if nothing, no member of the kind is."""

    def filled() -> bool:
        if own.moment.truth(what):
            return True
        own.moment.require_each(kind, lambda member: negation(is_left(member)))
        return False

    return filled


def once(choose: Callable[[], Any]) -> Callable[[], Any]:
    """The same answer however often it is asked."""
    chosen: list[Any] = []

    def first() -> Any:
        if not chosen:
            chosen.append(choose())
        return chosen[0]

    return first


def items(choose: Callable[[], Any], filled: Callable[[], bool], after: Callable[[], bool]) -> Items:
    """A list whose first item is chosen; ``after`` says whether something is left behind it."""
    first = once(choose)

    def rest() -> Items:
        first()
        return items(choose, once(after), after)

    return Items(once(filled), first, rest)


def entries(own: Hands) -> Items:
    """Entries still to be set: each location once, among those that the incarnation writes."""

    def choose() -> tuple[int, Written]:
        location = own.moment.choose("l", "location")
        own.moment.require(all_of(own.pending(own.worker, location), own.planned(own.worker, location)))
        own.pending = put_one(own.pending, own.worker, location, False)
        return location, Written(0, 0)

    def left() -> bool:
        return bool(own.moment.truth("more entries"))

    return items(choose, left, left)


def stale(own: Hands) -> Items:
    """Locations still to be removed."""

    def choose() -> int:
        location = own.moment.choose("l", "location")
        own.moment.require(own.pending(own.worker, location))
        own.pending = put_one(own.pending, own.worker, location, False)
        return location

    def left() -> bool:
        return bool(own.moment.truth("more to remove"))

    return items(choose, left, left)


def unmarked(own: Hands) -> Items:
    """Locations still to become ESTIMATEs."""

    def choose() -> int:
        location = own.moment.choose("l", "location")
        own.moment.require(own.unmarked(own.worker, location))
        own.unmarked = put_one(own.unmarked, own.worker, location, False)
        return location

    left = more(own, "more to mark", "l", lambda location: own.unmarked(own.worker, location))
    return items(choose, lambda: True, left)


def unscanned(own: Hands) -> Items:
    """Reads still to be looked at, as their numbers."""

    def choose() -> int:
        read = own.moment.choose("r", "read")
        own.moment.require(negation(own.scanned(own.worker, read)))
        own.scanned = put_one(own.scanned, own.worker, read, True)
        return read

    left = more(own, "more reads", "r", lambda read: negation(own.scanned(own.worker, read)))
    return items(choose, lambda: True, left)


def kept(own: Hands) -> Items:
    """Transactions that the worker still has to resume."""
    state = own.state

    def is_kept(other: int) -> Condition:
        exists = all_of(other >= 0, other < state.size, state.phase(other) == Phase.ABORTING)
        return all_of(exists, state.aborting(other) == Aborting.RESUMER, state.keeper(other) == own.worker)

    def choose() -> int:
        other = own.moment.choose("x", "dependent")
        own.moment.require(is_kept(other))
        return other

    listed = items(choose, lambda: True, lambda: True)
    left = more(own, "more dependents", "x", lambda other: all_of(is_kept(other), other != listed[0]))
    return attrs.evolve(listed, rest=lambda: items(choose, once(left), left))
