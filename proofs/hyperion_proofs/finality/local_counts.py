"""A count of any number of votes of any number of validators: what is asked of it, and the sums that it must equal.

A map is a function, and what was written since; a sum over it is a number, and what each write has changed of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias, cast

import attrs

from hyperion.sequencer.finality import certificates, votes
from hyperion.sequencer.finality.types import Address, Value, Vote, VoteType
from hyperion.sequencer.finality.votes import Count, Event, Keeper, RoundVotes, Validators
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.proxies import all_of, any_of, where
from hyperion_proofs.finality.local_state import any_choice, any_type
from hyperion_proofs.statement import Given

NIL: Final = -1
"""Stands for nil where a function is asked about it; values are natural numbers."""
Choices: TypeAlias = "tuple[Value | Further | None, ...]"


class Signed(Vote, frozen=True, eq=False, gc=False):
    """A vote that may be put into a set though its fields are not known: it is equal to itself only."""


class Named(Event, frozen=True, eq=False, gc=False):
    """The same of an event."""


def code(value: Any) -> int:
    """A choice as a number."""
    return NIL if value is None else cast(int, value)


@attrs.frozen(eq=False)
class Further:
    """One or more choices of a sender beside its first, compared with all at once."""

    given: Given
    name: str
    sender: Address

    def holds(self, value: Any) -> Any:
        """Whether the value is one of them."""
        return self.given.result(f"{self.name}: voted later", (cast(int, self.sender), code(value)), 0, 1) == 1

    def __eq__(self, other: object) -> Any:
        return self.holds(other)

    __hash__ = None  # type: ignore[assignment]


@attrs.frozen(eq=False)
class Weighed:
    """The weight of each value: any, with what was written since."""

    given: Given
    name: str
    writes: tuple[tuple[Any, int], ...] = ()

    def first(self, value: Any) -> Any:
        """Before anything was written; no more than all together."""
        found = self.given.result(f"{self.name}: weight", (code(value),), 0)
        self.given.assume(found <= self.given.integer(f"{self.name}: weight of all", 0))
        return found

    def get(self, value: Any, default: int = 0) -> Any:
        """As of a map, in which 0 stands for absence."""
        del default
        for other, weight in reversed(self.writes):
            if code(value) == code(other):
                return weight
        return self.first(value)

    def set(self, value: Any, weight: int) -> Weighed:
        """As of a map."""
        return attrs.evolve(self, writes=(*self.writes, (value, weight)))

    def values(self) -> Weighed:
        """What is summed."""
        return self

    def sum(self) -> int:
        """The weight of all values."""
        total = self.given.integer(f"{self.name}: weight of all", 0)
        for at, (value, weight) in enumerate(self.writes):
            total = total + weight - attrs.evolve(self, writes=self.writes[:at]).get(value)
        return total


@attrs.frozen(eq=False)
class Ballots:
    """What each sender voted for, in order: any, with what was written since."""

    given: Given
    name: str
    weight: Callable[[Address], int]
    writes: tuple[tuple[Address, Choices], ...] = ()

    def before(self, sender: Address) -> Choices | None:
        """Before anything was written: nothing, one choice, or one and further ones."""
        about, ask = (cast(int, sender),), self.given.result
        if ask(f"{self.name}: has voted", about, 0, 1) == 0:
            return None
        first = ask(f"{self.name}: voted first", about, NIL)
        choice = None if first == NIL else cast(Value, first)
        if ask(f"{self.name}: voted again", about, 0, 1) == 0:
            return (choice,)
        return choice, Further(self.given, self.name, sender)

    def get(self, sender: Address, default: Any = None) -> Any:
        """As of a map."""
        for other, choices in reversed(self.writes):
            if sender == other:
                return choices
        found = self.before(sender)
        return default if found is None else found

    def set(self, sender: Address, choices: Choices) -> Ballots:
        """As of a map."""
        return attrs.evolve(self, writes=(*self.writes, (sender, choices)))

    def change(self, counts: Callable[[Choices], Any]) -> int:
        """By how much the weight of all senders of whose choices something holds has changed."""
        total = 0
        for at, (sender, choices) in enumerate(self.writes):
            old = attrs.evolve(self, writes=self.writes[:at]).get(sender, ())
            for sign, its in ((1, choices), (-1, old)):
                if its:
                    total = total + sign * where(counts(its), self.weight(sender), 0)
        return total


def is_first(value: Any) -> Callable[[Choices], Any]:
    """Whether the first choice is the value."""
    return lambda choices: code(choices[0]) == code(value)


def is_among(value: Any) -> Callable[[Choices], Any]:
    """Whether some choice is the value."""

    def among(choices: Choices) -> Any:
        parts = (one.holds(value) if type(one) is Further else code(one) == code(value) for one in choices)
        return any_of(*parts)

    return among


def is_there(choices: Choices) -> Any:
    """Whether there is a choice."""
    return len(choices) > 0


@attrs.frozen(eq=False)
class Voters:
    """The weight of each of those who were heard."""

    given: Given
    writes: tuple[tuple[Address, int], ...] = ()

    def __contains__(self, sender: Address) -> bool:
        if any(sender == other for other, _ in self.writes):
            return True
        return bool(self.given.result("was heard", (cast(int, sender),), 0, 1) == 1)

    def set(self, sender: Address, weight: int) -> Voters:
        """As of a map."""
        return attrs.evolve(self, writes=(*self.writes, (sender, weight)))

    def change(self) -> int:
        """By how much the sum has changed: who is written was not there."""
        total = 0
        for at, (sender, weight) in enumerate(self.writes):
            there = sender in attrs.evolve(self, writes=self.writes[:at])
            total = total + (0 if there else weight)
        return total


def told(event: Event) -> tuple[int, int, int]:
    """An event as numbers."""
    return int(event.reached), event.round, code(event.value)


@attrs.frozen(eq=False)
class Events:
    """What was named before."""

    given: Given
    added: tuple[Event, ...] = ()

    def has(self, event: Event) -> Any:
        """Whether the event was named."""
        before = self.given.result("was named", told(event), 0, 1) == 1
        pairs = (zip(told(event), told(other), strict=True) for other in self.added)
        return any_of(before, *(all_of(*(one == other for one, other in pair)) for pair in pairs))

    def __contains__(self, event: Event) -> bool:
        return bool(self.has(event))

    def __or__(self, more: frozenset[Event]) -> Events:
        return attrs.evolve(self, added=(*self.added, *more))


@attrs.frozen(eq=False)
class OneRound:
    """The rounds of a keeper, of which one is looked at: any votes, or none; and what was written."""

    votes: RoundVotes | None
    writes: tuple[tuple[int, RoundVotes], ...] = ()

    def get(self, round: int) -> RoundVotes | None:
        """The votes of the round that is looked at."""
        del round
        return self.votes

    def set(self, round: int, votes: RoundVotes) -> OneRound:
        """As of a map."""
        return attrs.evolve(self, writes=(*self.writes, (round, votes)))


@attrs.frozen(eq=False)
class Snapshot:
    """The weight of each validator: any, 0 for strangers. It can be asked about one, and not gone through."""

    given: Given
    name: str = "weight"

    def __contains__(self, address: Address) -> bool:
        return bool(self.given.result(f"{self.name}: is in", (cast(int, address),), 0, 1) == 1)

    def __getitem__(self, address: Address) -> int:
        return self.given.result(self.name, (cast(int, address),), 1)

    def get(self, address: Address, default: int = 0) -> int:
        """As of a map, without a branch."""
        return where(self.given.result(f"{self.name}: is in", (cast(int, address),), 0, 1) == 1, self[address], default)

    def __iter__(self) -> Iterator[Address]:
        raise KeyError("the order of a snapshot is looked at")


def any_validators(given: Given) -> Validators:
    """Any snapshot."""
    return Validators(cast(Any, Snapshot(given)), given.integer("total", 1))


def any_count(given: Given, name: str, validators: Validators) -> Count:
    """Any count of a round and type."""
    received = Ballots(given, name, lambda sender: validators.weights.get(sender, 0))
    return Count(validators.total, cast(Any, Weighed(given, name)), cast(Any, received))


def any_votes(given: Given, validators: Validators) -> RoundVotes:
    """Any votes of a round."""
    prevotes, precommits = (any_count(given, name, validators) for name in ("prevotes", "precommits"))
    events, voters = cast(Any, Events(given)), cast(Any, Voters(given))
    return RoundVotes(prevotes, precommits, events, voters, given.integer("heard", 0))


def any_keeper(given: Given, validators: Validators, votes_then: RoundVotes | None) -> Keeper:
    """Any votes of a height, of which one round is looked at."""
    rounds = OneRound(votes_then)
    return Keeper(given.integer("height", 0), validators, cast(Any, rounds), frozenset())


def any_signed(given: Given, keeper: Keeper) -> Vote:
    """Any vote of the height."""
    sender, round = cast(bytes, given.integer("sender", 0)), given.integer("round of vote", 0)
    return Signed(any_type(given, "type"), sender, keeper.height, round, any_choice(given, "choice"))


def total_of(numbers: Any) -> int:
    """As of ``sum``."""
    return numbers.sum() if type(numbers) is Weighed else sum(cast("Iterable[int]", numbers))


def ideals() -> tuple[Ideal, ...]:
    """What stands for records that are put into sets, and for sums."""
    return (
        Ideal(votes, "sum", total_of, "as sum"),
        Ideal(votes, "Event", Named, "as Event"),
        Ideal(votes, "Vote", Signed, "as Vote"),
        Ideal(certificates, "Vote", Signed, "as Vote"),
    )


def other_type(type: VoteType) -> VoteType:
    """Precommits for prevotes, and the other way round."""
    return VoteType.PRECOMMIT if type == VoteType.PREVOTE else VoteType.PREVOTE
