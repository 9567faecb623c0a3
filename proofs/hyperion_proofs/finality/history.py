"""One validator and all that it ever voted in a height, beside whatever the others vote: what always holds of it.

The others appear as one predicate, for what there is a polka, which only grows. So nothing here depends on how many
there are, on the order in which messages come, or on who lies. What is claimed of all rounds is claimed of any two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import attrs

from hyperion.sequencer.finality import consensus
from hyperion.sequencer.finality.consensus import Consensus
from hyperion.sequencer.finality.types import CastVote, Decide, Kind, Vote, VoteType
from hyperion.symbolic.proxies import all_of, any_of, implies, where
from hyperion_proofs.finality.guards import NIL, NONE, Quorums, guard
from hyperion_proofs.finality.local_rows import any_turn, noted
from hyperion_proofs.finality.local_state import any_consensus, is_orderly, place, rank
from hyperion_proofs.statement import Given, Statement


class Votes(Protocol):
    """The votes of one validator."""

    def vote(self, type: VoteType, round: int) -> Any:
        """What it voted: a value, ``NIL``, or ``NONE``."""


@attrs.frozen(eq=False)
class Unknown:
    """Any votes of one validator, and any quorums."""

    given: Given
    name: str = ""
    """Of these quorums, if there are others in the statement."""

    def vote(self, type: VoteType, round: int) -> Any:
        """An unknown function of type and round."""
        return self.given.result("vote", (int(type), round), NONE)

    def polka(self, round: int, value: Any) -> Any:
        """An unknown predicate."""
        return self.given.result(f"polka{self.name}", (round, value), 0, 1) == 1

    def commit(self, round: int, value: Any) -> Any:
        """An unknown predicate."""
        return self.given.result(f"commit{self.name}", (round, value), 0, 1) == 1


@attrs.frozen(eq=False)
class Extended:
    """The same votes and one more."""

    before: Votes
    cast: Vote

    def vote(self, type: VoteType, round: int) -> Any:
        """The new one in its round and type."""
        earlier = self.before.vote(type, round)
        if type != self.cast.type:
            return earlier
        return where(round == self.cast.round, NIL if self.cast.value is None else self.cast.value, earlier)


@attrs.frozen(eq=False)
class Moment:
    """A validator at a time: its state, its votes so far, the quorums, and any two rounds."""

    state: Consensus
    votes: Votes
    quorums: Quorums
    first: int
    second: int
    candidates: tuple[Any, ...]
    """Rounds of which one may have the polka that a change of mind needs."""

    def prevote(self, round: int) -> Any:
        """What it prevoted."""
        return self.votes.vote(VoteType.PREVOTE, round)

    def precommit(self, round: int) -> Any:
        """What it precommitted."""
        return self.votes.vote(VoteType.PRECOMMIT, round)


def votes_have_their_place(moment: Moment) -> Any:
    """A vote of a round and type is cast no earlier than its step is entered."""
    return all_of(
        *(
            implies(moment.votes.vote(type, round) != NONE, place(type, round) <= rank(moment.state))
            for type in VoteType
            for round in (moment.first, moment.second)
        )
    )


def is_locked(state: Consensus) -> Any:
    """Whether a value is locked."""
    return state.locked_value is not None


def lock_is_kept(moment: Moment) -> Any:
    """Who precommitted a value is locked since that round or a later one; on that value if it is since that round."""
    state, found = moment.state, moment.precommit(moment.first)
    same = False if state.locked_value is None else found == state.locked_value
    since = all_of(state.locked_round >= moment.first, implies(state.locked_round == moment.first, same))
    return implies(found >= 0, since)


def lock_has_polka(moment: Moment) -> Any:
    """A locked value has a polka in the locked round, in which the validator has passed its precommit."""
    state = moment.state
    if state.locked_value is None:
        return True
    passed = place(VoteType.PRECOMMIT, state.locked_round) <= rank(state)
    return all_of(moment.quorums.polka(state.locked_round, state.locked_value), passed)


def precommit_has_polka(moment: Moment) -> Any:
    """A value that was precommitted has a polka in its round."""
    found = moment.precommit(moment.first)
    return implies(found >= 0, moment.quorums.polka(moment.first, found))


def changes_its_mind_with_polka(moment: Moment) -> Any:
    """Between a precommit of one value and a later prevote of another one there is a polka for the other one.

    It is of the round of the precommit, or of one after it and before the prevote.
    """
    first, second = moment.first, moment.second
    was, now = moment.precommit(first), moment.prevote(second)
    another = all_of(first < second, was >= 0, now >= 0, was != now)
    polka = any_of(
        *(all_of(first <= at, at < second, moment.quorums.polka(at, now)) for at in moment.candidates), False
    )
    return implies(another, polka)


INVARIANTS: Final[Mapping[str, Callable[[Moment], Any]]] = {
    "votes have their place": votes_have_their_place,
    "a lock is kept": lock_is_kept,
    "a lock has a polka": lock_has_polka,
    "a precommit has a polka": precommit_has_polka,
    "who changes its mind has a polka": changes_its_mind_with_polka,
}


def two_rounds(given: Given) -> tuple[int, int]:
    """Any two."""
    return given.integer("first round", 0), given.integer("second round", 0)


def witness(given: Given, first: int, second: int) -> int:
    """The round of the polka that the invariant says there is."""
    return given.result("round of the polka", (first, second))


def starts(given: Given) -> None:
    """Before the height begins everything holds: no vote is cast, and nothing is locked."""
    first, second = two_rounds(given)
    height, validator = given.integer("height", 0), given.integer("validator", 0)
    moment = Moment(Consensus(validator, height), Silent(), Unknown(given), first, second, ())  # type: ignore[arg-type]
    for name, holds in INVARIANTS.items():
        given.claim(name, holds(moment))


class Silent:
    """No votes."""

    def vote(self, type: VoteType, round: int) -> Any:
        """None."""
        return NONE


def keeps(kind: Kind, guarded: bool = True) -> Statement:
    """A row that is asked when its guard is true keeps the invariants, and decides only what has a commit."""

    def statement(given: Given) -> None:
        votes = Unknown(given)
        state, told = any_turn(given, kind)
        first, second = two_rounds(given)
        before = Moment(state, votes, votes, first, second, (witness(given, first, second),))
        for holds in INVARIANTS.values():
            given.assume(holds(before))
        # The new vote is of the present round, so what is known of the votes before matters there, too.
        given.assume(votes_have_their_place(attrs.evolve(before, first=state.round, second=state.round)))
        if guarded:
            given.assume(guard(votes, state, told))
        after, output = consensus.advance(state, told)
        noted(given, state, after)
        cast = output.vote if isinstance(output, CastVote) else None
        given.note("votes", None if cast is None else (cast.type.name.lower(), cast.round, cast.value))
        told_of = (before.prevote(first), before.precommit(first), before.prevote(second), before.precommit(second))
        given.note("prevote and precommit of the first round, of the second", told_of)
        moment = Moment(
            after, votes if cast is None else Extended(votes, cast), votes, first, second,
            (*before.candidates, state.locked_round, told.round),
        )  # fmt: skip
        for name, holds in INVARIANTS.items():
            given.claim(name, holds(moment))
        if isinstance(output, Decide):
            given.claim("what is decided has a commit", votes.commit(output.round, output.value))

    return statement


def others_vote(given: Given) -> None:
    """Votes of the others can only add polkas, and what holds goes on to hold."""
    votes, more = Unknown(given), Unknown(given, " afterwards")
    state = any_consensus(given)
    given.assume(is_orderly(state))
    first, second = two_rounds(given)
    between = witness(given, first, second)
    before = Moment(state, votes, votes, first, second, (between,))
    for holds in INVARIANTS.values():
        given.assume(holds(before))
    places = [(first, before.precommit(first)), (between, before.prevote(second))]
    if state.locked_value is not None:
        places.append((state.locked_round, state.locked_value))
    for round, value in places:
        given.assume(implies(votes.polka(round, value), more.polka(round, value)))
    for name, holds in INVARIANTS.items():
        given.claim(name, holds(attrs.evolve(before, quorums=more)))
