"""All validators together: from what holds of each honest one, and quorums that meet in an honest one, to agreement.

``history`` shows the first of every reachable state, ``quorums`` the second of all weights. What follows is an
induction on rounds, each step of which speaks of unknown rounds and values and of those in whom two quorums meet.
"""

from __future__ import annotations

from typing import Any

import attrs

from hyperion.sequencer.finality import votes
from hyperion.sequencer.finality.types import VoteType
from hyperion.symbolic.proxies import all_of, implies
from hyperion_proofs.finality.guards import NIL, NONE
from hyperion_proofs.finality.quorums import Weights
from hyperion_proofs.statement import Given, Statement

PREVOTE, PRECOMMIT = VoteType.PREVOTE, VoteType.PRECOMMIT


@attrs.frozen
class Quorum:
    """A quorum of votes of a type in a round for a value, if there is one."""

    type: VoteType
    round: int
    value: Any


@attrs.frozen(eq=False)
class Everybody:
    """Any votes of any honest validators, and any weight of votes."""

    given: Given
    most: int = 3
    """The faulty have at most one part of so many."""

    def vote(self, validator: int, type: VoteType, round: int) -> Any:
        """What an honest validator voted; it votes once (FIN-votes-once), so this is a function."""
        return self.given.result("vote", (validator, int(type), round), NONE)

    def has(self, quorum: Quorum) -> Any:
        """Whether it is there: the votes have the weight."""
        return votes.is_quorum(self.weight("votes", quorum), self.given.integer("total", 1))

    def weight(self, name: str, *quorums: Quorum) -> int:
        """The weight of some of those that are in all of these."""
        names = (number for one in quorums for number in (int(one.type), one.round, one.value))
        return self.given.result(f"weight of {name}", tuple(names), 0)

    def voted(self, validator: int, quorum: Quorum) -> Any:
        """Whether the validator is one of it."""
        return self.vote(validator, quorum.type, quorum.round) == quorum.value

    def common(self, one: Quorum, other: Quorum) -> int:
        """An honest validator that is in both, if there is one."""
        names = (int(one.type), one.round, one.value, int(other.type), other.round, other.value)
        return self.given.result("common", names)

    def meet(self, one: Quorum, other: Quorum) -> Any:
        """Weights are sums (FIN-quorum-intersection), so whoever outweighs the faulty in both has an honest one."""
        faulty, lying = self.given.integer("faulty weight", 0), self.weight("faulty in both", one, other)
        weights = Weights(
            self.given.integer("total", 1), self.weight("votes", one), self.weight("votes", other),
            self.weight("both", one, other), faulty, lying, lying,
        )  # fmt: skip
        few = self.most * faulty <= weights.total
        validator = self.common(one, other)
        honest = all_of(self.voted(validator, one), self.voted(validator, other))
        return all_of(weights.are_sums(), few, implies(weights.both > weights.faulty_in_both, honest))

    def change_of_mind(self, validator: int, first: int, second: int) -> int:
        """The round of the polka that comes between two votes of an honest validator for different values."""
        return self.given.result("round of the polka", (validator, first, second))

    def keeps_lock(self, validator: int, first: int, second: int) -> Any:
        """Of an honest validator: a precommit has a polka, and a change of mind another one (FIN-locked)."""
        was, now = self.vote(validator, PRECOMMIT, first), self.vote(validator, PREVOTE, second)
        between = self.change_of_mind(validator, first, second)
        another = all_of(first < second, was >= 0, now >= 0, was != now)
        polka = all_of(first <= between, between < second, self.has(Quorum(PREVOTE, between, now)))
        return all_of(implies(another, polka), implies(was >= 0, self.has(Quorum(PREVOTE, first, was))))


def two_values(given: Given) -> tuple[int, int]:
    """Any two, neither nil."""
    return given.integer("value", 0), given.integer("another value", 0)


def one_polka_a_round(given: Given) -> None:
    """Two polkas of a round are for the same."""
    everybody, round = Everybody(given), given.integer("round", 0)
    one, other = (Quorum(PREVOTE, round, given.integer(name, NIL)) for name in ("choice", "another choice"))
    given.assume(all_of(everybody.has(one), everybody.has(other), everybody.meet(one, other)))
    given.claim("for the same", one.value == other.value)


def no_polka_against_a_commit(locked: bool = True, most: int = 3) -> Statement:
    """A polka of a round after a commit is for its value, if those of rounds between are: the step of the induction."""

    def statement(given: Given) -> None:
        everybody, (value, another) = Everybody(given, most), two_values(given)
        first, second = given.integer("round of commit", 0), given.integer("later round", 0)
        commit, polka = Quorum(PRECOMMIT, first, value), Quorum(PREVOTE, second, another)
        given.assume(all_of(first < second, everybody.has(commit), everybody.has(polka)))
        turncoat = everybody.common(commit, polka)
        between = everybody.change_of_mind(turncoat, first, second)
        given.note("who is in both", turncoat)
        given.note("its precommit and its prevote", (value, another))
        given.assume(everybody.meet(commit, polka))
        if locked:
            given.assume(everybody.keeps_lock(turncoat, first, second))
        earlier = everybody.has(Quorum(PREVOTE, between, another))
        given.assume(implies(all_of(first < between, between < second, earlier), value == another))
        given.assume(everybody.meet(Quorum(PREVOTE, first, value), Quorum(PREVOTE, first, another)))
        given.claim("for the value of the commit", value == another)

    return statement


def one_decision(locked: bool = True) -> Statement:
    """Two commits, of any rounds, are for one value, if a later round has no polka against the earlier commit."""

    def statement(given: Given) -> None:
        everybody, (value, another) = Everybody(given), two_values(given)
        first, second = given.integer("round", 0), given.integer("another round", 0)
        one, other = Quorum(PRECOMMIT, first, value), Quorum(PRECOMMIT, second, another)
        given.assume(all_of(first <= second, everybody.has(one), everybody.has(other)))
        given.assume(all_of(everybody.meet(one, other), everybody.meet(other, other)))
        honest = everybody.common(other, other)
        given.note("an honest precommit for the other", everybody.vote(honest, PRECOMMIT, second))
        if locked:
            given.assume(everybody.keeps_lock(honest, second, second))
        polka = everybody.has(Quorum(PREVOTE, second, another))
        given.assume(implies(all_of(first < second, polka), value == another))
        given.claim("one value", value == another)

    return statement
