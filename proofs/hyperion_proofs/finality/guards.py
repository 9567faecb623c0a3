"""What is true of the votes of all validators when a row is asked; FIN-guards shows that a validator sees to it.

A polka is a quorum of prevotes, a commit a quorum of precommits. Both are asked of all votes that were ever signed, so
what one validator has received is part of it, and nothing that is true becomes false.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from hyperion.sequencer.finality.consensus import Consensus
from hyperion.sequencer.finality.types import Input, Kind

NONE: Final = -2
"""No vote."""
NIL: Final = -1
"""A vote for nil. Values are natural numbers here: the rows only ask whether two are equal."""


class Quorums(Protocol):
    """For what there is a quorum."""

    def polka(self, round: int, value: Any) -> Any:
        """Whether a quorum prevoted the value, or nil, in the round."""

    def commit(self, round: int, value: Any) -> Any:
        """Whether a quorum precommitted the value in the round."""


GUARDS: Final[Mapping[Kind, Callable[[Quorums, Consensus, Input], Any]]] = {
    Kind.PROPOSAL_POLKA: lambda votes, state, told: votes.polka(state.round, told.value),
    Kind.PROPOSAL_POLKA_PREVIOUS: lambda votes, state, told: votes.polka(told.round, told.value),
    Kind.POLKA_NIL: lambda votes, state, told: votes.polka(state.round, NIL),
    Kind.PROPOSAL_COMMIT: lambda votes, state, told: votes.commit(told.round, told.value),
}
"""By kind, what must be true of the votes. The other kinds need nothing of them for the height to be safe."""


def guard(votes: Quorums, state: Consensus, told: Input) -> Any:
    """Whether the votes are such that the row may be asked."""
    needed = GUARDS.get(told.kind)
    return True if needed is None else needed(votes, state, told)
