"""Finality as a transition system: honest validators that run the model's rows, and one liar who may do anything.

A state holds, for each honest validator, what it remembers and which votes it has cast. It may act on any votes that
were cast, as if the network brought just these: this covers every order, delay and loss. The liar leads every round,
and its vote stands for whatever value, or not, differently for each listener; it stands for any proposal with any
valid round too. An honest leader does nothing that this leader cannot do, so every schedule of leaders is covered.
The rows are ``consensus.advance``, and weights are judged by ``votes.is_quorum`` and ``votes.is_skip``.

Honest validators of equal weight are exchangeable, and so are the values: of states that differ only in that, one is
kept. A validator may stand still at any time, so what is checked at 2 rounds holds of all prefixes of longer runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import attrs
import msgspec

from hyperion.sequencer.finality import votes
from hyperion.sequencer.finality.consensus import Consensus, advance
from hyperion.sequencer.finality.types import (
    CastVote,
    Decide,
    Input,
    Kind,
    SkipRound,
    Step,
    Value,
    VoteType,
)

NOT: Final = b"-"
"""No vote yet; nil is None."""
Cast: TypeAlias = tuple[Value | None, ...]


class Local(msgspec.Struct, frozen=True, cache_hash=True):
    """An honest validator: what it remembers, its votes by round, and what it decided."""

    state: Consensus
    prevotes: Cast
    precommits: Cast
    decided: Value | None = None


State: TypeAlias = tuple[Local, ...]


@attrs.frozen
class BftPlan:
    """How many honest validators, the weight of the liar, how many rounds and values."""

    honest: int = 3
    liar: int = 1
    """Weight of the liar; each honest validator weighs 1."""
    rounds: int = 2
    values: int = 2

    def build(self) -> BftSystem:
        """The system."""
        return BftSystem(self)

    def fields(self) -> dict[str, Any]:
        """The plan for a file."""
        return attrs.asdict(self)


def order_of(local: Local) -> tuple[Any, ...]:
    """A key by which validators are put in order."""
    here = local.state
    names = (here.locked_value, here.valid_value, local.decided, *local.prevotes, *local.precommits)
    return (here.round, here.step, here.locked_round, here.valid_round, *(name or b"" for name in names))


class BftSystem:
    """The system of a plan."""

    def __init__(self, plan: BftPlan) -> None:
        self.plan = plan
        self.total = plan.honest + plan.liar
        self.names = tuple(b"%c" % (65 + number) for number in range(plan.values))
        self.swaps = tuple(dict(zip(self.names, order, strict=True)) for order in itertools.permutations(self.names))
        self.renamed = lru_cache(maxsize=None)(self._renamed)
        self.done = lru_cache(maxsize=None)(self._done)

    def initial(self) -> State:
        """All validators in round 0, before its proposal."""
        state, _ = advance(Consensus(b"", 0), Input(Kind.NEW_ROUND, 0))
        empty = (NOT,) * self.plan.rounds
        return (Local(state, empty, empty),) * self.plan.honest

    # --- what may happen ---

    def weight(self, state: State, type: VoteType, round: int, value: Value | None) -> int:
        """Weight that a validator may have heard for a value: the honest votes, and the liar's."""
        return self.honest_weight(state, type, round, value) + self.plan.liar

    def honest_weight(self, state: State, type: VoteType, round: int, value: Value | None) -> int:
        """Weight of the honest votes for a value."""
        return sum((each.prevotes if type == VoteType.PREVOTE else each.precommits)[round] == value for each in state)

    def cast(self, state: State, type: VoteType, round: int) -> int:
        """Weight that may have been heard in a round."""
        votes = ((each.prevotes if type == VoteType.PREVOTE else each.precommits)[round] for each in state)
        return sum(vote != NOT for vote in votes) + self.plan.liar

    def inputs(self, state: State, local: Local) -> Iterator[Input]:
        """What one validator may be told."""
        here = local.state
        if here.step == Step.COMMIT:
            return
        quorum, total = votes.is_quorum, self.total
        for value in self.names:
            for at in range(self.plan.rounds):
                if quorum(self.weight(state, VoteType.PRECOMMIT, at, value), total):
                    yield Input(Kind.PROPOSAL_COMMIT, at, value)
            if here.step == Step.PROPOSE:
                yield Input(Kind.PROPOSAL, here.round, value)
                for at in range(here.round):
                    if quorum(self.weight(state, VoteType.PREVOTE, at, value), total):
                        yield Input(Kind.PROPOSAL_POLKA_PREVIOUS, at, value)
            elif quorum(self.weight(state, VoteType.PREVOTE, here.round, value), total):
                yield Input(Kind.PROPOSAL_POLKA, value=value)
        yield from self.without_proposal(state, here)

    def without_proposal(self, state: State, here: Consensus) -> Iterator[Input]:
        """What needs no proposal: nil, skips, and timeouts whose row was enabled before."""
        quorum, total = votes.is_quorum, self.total
        if here.step == Step.PROPOSE:
            yield Input(Kind.TIMEOUT_PROPOSE, here.round, height=0)
        if here.step == Step.PREVOTE:
            if quorum(self.weight(state, VoteType.PREVOTE, here.round, None), total):
                yield Input(Kind.POLKA_NIL)
            if quorum(self.cast(state, VoteType.PREVOTE, here.round), total):
                yield Input(Kind.TIMEOUT_PREVOTE, here.round, height=0)
        if here.round + 1 < self.plan.rounds and quorum(self.cast(state, VoteType.PRECOMMIT, here.round), total):
            yield Input(Kind.TIMEOUT_PRECOMMIT, here.round, height=0)
        for at in range(here.round + 1, self.plan.rounds):
            heard = sum(each.prevotes[at] != NOT or each.precommits[at] != NOT for each in state) + self.plan.liar
            if votes.is_skip(heard, total):
                yield Input(Kind.ROUND_SKIP, at)

    def _done(self, local: Local, given: Input) -> Local:
        state, output = advance(local.state, given)
        if isinstance(output, SkipRound):
            state, output = advance(state, Input(Kind.NEW_ROUND, output.round))
        if isinstance(output, Decide):
            return Local(state, local.prevotes, local.precommits, output.value)
        if isinstance(output, CastVote):
            at, value = output.vote.round, output.vote.value
            if output.vote.type == VoteType.PREVOTE:
                return Local(state, (*local.prevotes[:at], value, *local.prevotes[at + 1 :]), local.precommits)
            return Local(state, local.prevotes, (*local.precommits[:at], value, *local.precommits[at + 1 :]))
        return Local(state, local.prevotes, local.precommits, local.decided)

    def successors(self, state: State) -> Sequence[tuple[int, State]]:
        """The states after one validator was told one thing; what changes nothing is left out."""
        found: dict[State, int] = {}
        told: set[Local] = set()
        for actor, local in enumerate(state):
            if local in told:
                continue
            told.add(local)
            for given in self.inputs(state, local):
                after = self.done(local, given)
                if after != local:
                    found.setdefault(self.canonical((*state[:actor], after, *state[actor + 1 :])), actor)
        return [(actor, after) for after, actor in found.items()]

    # --- what must hold ---

    def fault(self, state: State) -> str | None:
        """Two decisions, a decision or lock without its quorum, or a lock that is not of the last precommit."""
        values = {local.decided for local in state if local.decided is not None}
        if len(values) > 1:
            return "two validators have decided differently"
        for local in state:
            here = local.state
            if here.locked_value is not None:
                polka = self.weight(state, VoteType.PREVOTE, here.locked_round, here.locked_value)
                if not votes.is_quorum(polka, self.total):
                    return "a value is locked without a polka"
            if any(vote not in {NOT, None} for vote in local.precommits[here.locked_round + 1 :]):
                return "a value was precommitted after the round of the lock"
        return None

    def is_final(self, state: State) -> bool:
        """Whether all have decided."""
        return all(local.decided is not None for local in state)

    # --- one for all that differ in names only ---

    def _renamed(self, local: Local, number: int) -> Local:
        swap = self.swaps[number]
        here = local.state

        def name(value: Value | None) -> Value | None:
            return None if value is None else swap.get(value, value)

        there = Consensus(
            here.validator, here.height, here.round, here.step, here.locked_round, name(here.locked_value),
            here.valid_round, name(here.valid_value),
        )  # fmt: skip
        return Local(there, tuple(map(name, local.prevotes)), tuple(map(name, local.precommits)), name(local.decided))

    def canonical(self, state: State) -> State:
        """The first of the states that differ in the names of values and of validators only."""
        turned = (
            tuple(sorted((self.renamed(local, number) for local in state), key=order_of))
            for number in range(len(self.swaps))
        )
        return min(turned, key=lambda other: tuple(map(order_of, other)))

    def pack(self, states: Sequence[State]) -> Any:
        """States for another process."""
        return msgspec.msgpack.encode(states)

    def unpack(self, packed: Any) -> list[State]:
        """What another process packed."""
        return [tuple(state) for state in msgspec.msgpack.decode(packed, type=list[tuple[Local, ...]])]
