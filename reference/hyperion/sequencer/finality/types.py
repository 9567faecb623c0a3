"""Messages of the algorithm, and what goes into and comes out of its rows.

A value is named by its identifier; nil is ``None``. Rounds begin at 0, and -1 is no round. Messages are authentic:
a signature that fails is no message, so a vote or proposal here was made by whom it names.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import msgspec

Address: TypeAlias = bytes
Value: TypeAlias = bytes
NO_ROUND = -1


class VoteType(IntEnum):
    """Both votes of a round."""

    PREVOTE = 0
    PRECOMMIT = 1


class Step(IntEnum):
    """Where a validator is in a round."""

    NONE = 0
    """Before the first round of a height."""
    UNSTARTED = 1
    """A round has ended, and the next is not entered."""
    PROPOSE = 2
    PREVOTE = 3
    PRECOMMIT = 4
    COMMIT = 5
    """The height is decided."""


class Timeout(IntEnum):
    """What a validator may wait for in vain."""

    PROPOSE = 0
    PREVOTE = 1
    PRECOMMIT = 2


class Vote(msgspec.Struct, frozen=True, gc=False):
    """One validator's vote in one round of one height."""

    type: VoteType
    sender: Address
    height: int
    round: int
    value: Value | None


def vote_order(vote: Vote) -> tuple[int, int, int, Address, Value]:
    """A key that puts votes in order; nil before every value but the empty one, which is equal to it."""
    return vote.height, vote.round, vote.type, vote.sender, b"" if vote.value is None else vote.value


class Proposal(msgspec.Struct, frozen=True, order=True, gc=False):
    """A leader's proposal; ``valid_round`` is the round in which it saw a polka for the value, or -1."""

    sender: Address
    height: int
    round: int
    value: Value
    valid_round: int


class Kind(IntEnum):
    """What an input of the algorithm says has happened. The lines are those of arXiv 1807.04938, algorithm 1."""

    NONE = 0
    NEW_ROUND = 1
    """Enter a round that another validator leads."""
    NEW_ROUND_PROPOSER = 2
    """Enter a round as its leader."""
    PROPOSE_VALUE = 3
    """The application gave the value to propose."""
    PROPOSAL = 4
    """A valid proposal of this round without a valid round."""
    PROPOSAL_POLKA_PREVIOUS = 5
    """A valid proposal of this round whose valid round has a polka for the value."""
    PROPOSAL_INVALID = 6
    POLKA_NIL = 7
    POLKA_ANY = 8
    PROPOSAL_POLKA = 9
    """A valid proposal of this round with a polka for it in this round."""
    PROPOSAL_POLKA_INVALID = 10
    """An invalid proposal whose valid round nevertheless has a polka for it."""
    PRECOMMIT_ANY = 11
    PROPOSAL_COMMIT = 12
    """A valid proposal of any round with a quorum of precommits for it in that round."""
    ROUND_SKIP = 13
    """More than a third of the weight is in a later round."""
    TIMEOUT_PROPOSE = 14
    TIMEOUT_PREVOTE = 15
    TIMEOUT_PRECOMMIT = 16


class Input(msgspec.Struct, frozen=True, order=True, gc=False):
    """An input of the algorithm; a field that its kind does not use keeps its default."""

    kind: Kind
    round: int = NO_ROUND
    value: Value | None = None
    height: int = -1


class Nothing(msgspec.Struct, frozen=True, gc=False):
    """The step asks nothing of anybody."""


class Propose(msgspec.Struct, frozen=True, gc=False):
    """Broadcast the proposal."""

    proposal: Proposal


class GetValue(msgspec.Struct, frozen=True, gc=False):
    """Ask the application for a value, and start the timeout for the round's proposal."""

    height: int
    round: int


class CastVote(msgspec.Struct, frozen=True, gc=False):
    """Broadcast the vote."""

    vote: Vote


class StartTimeout(msgspec.Struct, frozen=True, gc=False):
    """Tell the node when the time for something in this round is over."""

    round: int
    timeout: Timeout


class Decide(msgspec.Struct, frozen=True, gc=False):
    """The height is decided on the value, by the precommits of this round."""

    round: int
    value: Value


class SkipRound(msgspec.Struct, frozen=True, gc=False):
    """The round is over; enter this one."""

    round: int


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """The row for the input is not enabled; the state is unchanged."""

    rule: str
    by_step: bool
    """Whether the step forbids it; otherwise the row's further condition does."""


Output: TypeAlias = Nothing | Propose | GetValue | CastVote | StartTimeout | Decide | SkipRound | Refusal
"""What a step of the algorithm asks of its surroundings."""
NOTHING = Nothing()
