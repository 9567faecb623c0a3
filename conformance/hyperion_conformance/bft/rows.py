"""What each row of the algorithm does, found by asking it: from which step to which, and what comes of it.

A row sees no more of a state than its step, its round, and what is locked or valid; a state of each kind is asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

import attrs

from hyperion.sequencer.finality.consensus import TABLE, Consensus, Row
from hyperion.sequencer.finality.types import (
    NO_ROUND,
    CastVote,
    Decide,
    GetValue,
    Input,
    Output,
    Propose,
    SkipRound,
    StartTimeout,
    Step,
    Value,
    VoteType,
)

ROUND: Final = 3
"""The present round of every state: what is locked may be of an earlier round, or of one between it and this."""
VALUE: Final = b"the value"
MEMORIES: Final[tuple[tuple[int, Value | None], ...]] = (
    (NO_ROUND, None), *itertools.product((0, 2), (VALUE, b"another")),
)  # fmt: skip


@attrs.frozen
class Effect:
    """What a row does: each way from step to step, and whatever may come of it."""

    row: Row
    moves: tuple[tuple[Step, Step], ...]
    outcomes: tuple[str, ...]


def effects() -> tuple[Effect, ...]:
    """Those of all rows, in the order of the table."""
    return tuple(effect_of(row) for row in TABLE)


def effect_of(row: Row) -> Effect:
    """Ask a row in each state in which it is enabled."""
    moves: dict[tuple[Step, Step], None] = {}
    outcomes: dict[str, None] = {}
    for state, given in itertools.product(states(row), inputs(row)):
        if row.is_enabled(state, given):
            after, output = row.act(state, given)
            moves[state.step, after.step] = None
            outcomes.update(dict.fromkeys(told(state, after, output)))
    return Effect(row, tuple(moves), tuple(outcomes))


def states(row: Row) -> Iterator[Consensus]:
    """A state of each kind in the row's steps. What is valid is never of an earlier round than the lock."""
    for step, locked, valid in itertools.product(sorted(row.steps), MEMORIES, MEMORIES):
        if valid[0] >= locked[0]:
            yield Consensus(b"self", 0, ROUND, step, *locked, *valid)


def inputs(row: Row) -> Iterator[Input]:
    """What may be told: of earlier rounds, the present one, and later ones."""
    return (Input(row.kind, round, VALUE, 0) for round in range(NO_ROUND, ROUND + 3))


def told(before: Consensus, after: Consensus, output: Output) -> Iterator[str]:
    """What has come of a row, in words."""
    yield from said(output)
    if after.locked_round != before.locked_round:
        yield "lock on the value"
    elif after.valid_round != before.valid_round:
        yield "valid value"


def said(output: Output) -> Iterator[str]:
    """What a row asks of its surroundings, in words."""
    match output:
        case CastVote():
            vote = "prevote" if output.vote.type == VoteType.PREVOTE else "precommit"
            yield f"{vote} for {'nil' if output.vote.value is None else 'the value'}"
        case StartTimeout():
            yield f"timer for {output.timeout.name.lower()}"
        case Propose():
            yield "proposal"
        case GetValue():
            yield "question to the application"
        case Decide():
            yield "decision"
        case SkipRound():
            yield "next round" if output.round == ROUND + 1 else "later round"
