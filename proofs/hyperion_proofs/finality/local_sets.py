"""Stand-ins for what a driver has received: votes, proposals and inputs of any number.

What the model reads of a set is either something that it was given, or any member of which the invariant of the set
holds; a search that finds nothing has met no such member. What it puts in must keep the invariant, which is claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, cast

import attrs

from hyperion.sequencer.finality.acts import Done, Owed
from hyperion.sequencer.finality.types import Input, Kind, Proposal, Step, Value, VoteType
from hyperion.symbolic.proxies import any_of, implies
from hyperion_proofs.finality.local_state import any_round, one_of
from hyperion_proofs.statement import Given

NIL: Final = -1
"""Stands for nil where a function of the votes is asked about it."""


class Made(Proposal, frozen=True, eq=False, order=False, gc=False):
    """A proposal that may be put into a set though its fields are not known: it is equal to itself only."""


class Due(Owed, frozen=True, eq=False, order=False, gc=False):
    """The same of what is owed."""


@attrs.frozen(eq=False)
class Votes:
    """Any votes of a height: in which rounds and for what there is a quorum, and how much was heard."""

    given: Given
    height: int
    name: str = "votes"

    def has(self, round: int, type: VoteType, value: Value | None) -> Any:
        """Whether a quorum is for the value, or nil. Then there is one for anything, which FIN-count shows."""
        about = (round, int(type), NIL if value is None else cast(int, value))
        found = self.given.result(f"{self.name}: quorum", about, 0, 1) == 1
        self.given.assume(implies(found, self.has_any(round, type)))
        return found

    def has_any(self, round: int, type: VoteType) -> Any:
        """Whether a quorum voted for anything."""
        return self.given.result(f"{self.name}: quorum of any", (round, int(type)), 0, 1) == 1

    def is_later_proven(self, round: int) -> Any:
        """Whether more than a third was heard in the round, or a quorum voted in it."""
        return any_of(*(self.has_any(round, type) for type in VoteType), 3 * self.heard(round) > self.total)

    def heard(self, round: int) -> int:
        """The weight of those of whom there is a vote of the round."""
        return self.given.result(f"{self.name}: heard", (round,), 0)

    @property
    def total(self) -> int:
        """The weight of all."""
        return self.given.integer("total", 1)

    @property
    def validators(self) -> Votes:
        """The snapshot, of which only the total is asked for."""
        return self

    @property
    def weights(self) -> Anyone:
        """Who has a weight."""
        return Anyone(self.given)

    @property
    def rounds(self) -> Rounds:
        """The rounds of which there are votes."""
        return Rounds(self)


@attrs.frozen(eq=False)
class Anyone:
    """Any snapshot."""

    given: Given

    def __contains__(self, address: bytes) -> bool:
        return bool(self.given.result("has weight", (cast(int, address),), 0, 1) == 1)


@attrs.frozen(eq=False)
class Rounds:
    """Any rounds; each with its counts."""

    votes: Votes

    def listed(self) -> list[int]:
        """One of them, if there are any."""
        given = self.votes.given
        return [given.integer(given.fresh("round with votes"), 0)] if given.truth(given.fresh("has rounds")) else []

    def __getitem__(self, round: int) -> Counted:
        return Counted(self.votes, round)


@attrs.frozen(eq=False)
class Counted:
    """The votes of a round."""

    votes: Votes
    round: int

    @property
    def prevotes(self) -> tuple[Votes, int, VoteType]:
        """Which count it is."""
        return self.votes, self.round, VoteType.PREVOTE

    @property
    def precommits(self) -> tuple[Votes, int, VoteType]:
        """Which count it is."""
        return self.votes, self.round, VoteType.PRECOMMIT

    @property
    def heard(self) -> int:
        """The weight that was heard."""
        return self.votes.heard(self.round)


@attrs.frozen(eq=False)
class Kept:
    """Any set of which an invariant holds: some members are known, of others one is met at a time."""

    given: Given
    name: str
    made: Callable[[str], Any]
    proper: Callable[[Any], Any]
    members: tuple[Any, ...] = ()
    seen: list[Any] = attrs.field(factory=list)
    """All members that the run has met."""

    def listed(self) -> list[Any]:
        """What a search finds: the known ones, and any other, or none."""
        further = []
        if self.given.truth(self.given.fresh(f"another {self.name}")):
            further.append(self.made(self.given.fresh(self.name)))
            self.given.assume(self.proper(further[0]))
            self.seen.append(further[0])
        return further + list(self.members)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.listed())

    def __bool__(self) -> bool:
        return bool(self.members) or bool(self.given.truth(f"has {self.name}"))

    def __or__(self, more: frozenset[Any]) -> Kept:
        for one in more:
            self.given.claim(f"{self.name} that is kept is proper", self.proper(one))
        self.seen.extend(more)
        return attrs.evolve(self, members=(*self.members, *more))

    def __sub__(self, less: frozenset[Any]) -> Kept:
        return attrs.evolve(self, members=tuple(one for one in self.members if one not in less))


@attrs.frozen(eq=False)
class Asked:
    """Any inputs that were handed on."""

    given: Given

    def __contains__(self, done: Done) -> bool:
        return bool(self.given.truth(self.given.fresh("was handed on")))

    def __iter__(self) -> Iterator[Done]:
        """One of them, if there are any: what the application or the schedule was asked."""
        if not self.given.truth(self.given.fresh("has handed on")):
            return iter(())
        name = self.given.fresh("handed on")
        kind = one_of(self.given, f"kind of {name}", (Kind.PROPOSE_VALUE, Kind.NEW_ROUND_PROPOSER, Kind.NEW_ROUND))
        told = Input(kind, any_round(self.given, f"round of {name}"))
        return iter((Done(told, 0, any_round(self.given, f"round after {name}"), Step.PROPOSE),))


def listed(things: Any, reverse: bool = False) -> Any:
    """As of ``sorted``, which is asked about stand-ins and about lists of what stand-ins gave."""
    return things.listed() if isinstance(things, Kept | Rounds) else sorted(things, reverse=reverse)


def least(things: Any) -> Any:
    """As of ``min``: of any set any member."""
    found = things.made(things.given.fresh(things.name))
    things.given.assume(things.proper(found))
    return found
