"""Any state of one validator's algorithm and any input for it: what a proof about a single row begins with.

Addresses and values are integers here: the rows only ask whether two are equal. Whether a value is nil, a step, and a
kind are decided when they are made, so everything that the model looks up by them is known on each path.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar, cast

from hyperion.sequencer.finality.consensus import Consensus
from hyperion.sequencer.finality.types import NO_ROUND, Input, Kind, Step, Timeout, Value, VoteType
from hyperion.symbolic.proxies import all_of
from hyperion_proofs.statement import Given

ORDER: Final = (Step.NONE, Step.PROPOSE, Step.PREVOTE, Step.PRECOMMIT, Step.UNSTARTED, Step.COMMIT)
"""The steps in the order in which a round takes them: it is left in ``UNSTARTED``, and the height in ``COMMIT``."""

T = TypeVar("T")


def one_of(given: Given, name: str, members: tuple[T, ...]) -> T:
    """One of the members: the paths divide."""
    number = given.integer(name, 0, len(members) - 1)
    return next((member for at, member in enumerate(members[:-1]) if number == at), members[-1])


def any_value(given: Given, name: str) -> Value:
    """A value that is not nil."""
    return cast(Value, given.integer(name, 0))


def any_choice(given: Given, name: str) -> Value | None:
    """A value or nil."""
    return None if given.truth(f"{name} is nil") else any_value(given, name)


def any_round(given: Given, name: str) -> int:
    """A round, or none."""
    return given.integer(name, NO_ROUND)


def any_step(given: Given, name: str = "step") -> Step:
    """One of all steps."""
    return one_of(given, name, tuple(Step))


def any_type(given: Given, name: str) -> VoteType:
    """A prevote or a precommit."""
    return one_of(given, name, tuple(VoteType))


def any_timeout(given: Given, name: str) -> Timeout:
    """One of all timeouts."""
    return one_of(given, name, tuple(Timeout))


def any_consensus(given: Given, step: Step | None = None) -> Consensus:
    """What a validator remembers, in the given step or in any, whether or not it can ever come about."""
    return Consensus(
        cast(bytes, given.integer("validator", 0)),
        given.integer("height", 0),
        any_round(given, "round"),
        any_step(given) if step is None else step,
        any_round(given, "locked round"),
        any_choice(given, "locked value"),
        any_round(given, "valid round"),
        any_choice(given, "valid value"),
    )


def any_input(given: Given, kind: Kind) -> Input:
    """An input of the kind, with anything in its fields."""
    round, value = any_round(given, "round of input"), any_choice(given, "value of input")
    return Input(kind, round, value, given.integer("height of input"))


def is_orderly(state: Consensus) -> Any:
    """Nothing is locked after it was valid, nothing valid later than now; a round stands where a value does.

    Before the first round there is no round, and the step is none.
    """
    locked, valid = state.locked_round, state.valid_round
    return all_of(
        locked >= NO_ROUND,
        locked <= valid,
        valid <= state.round,
        (locked == NO_ROUND) == (state.locked_value is None),
        (valid == NO_ROUND) == (state.valid_value is None),
        (state.round == NO_ROUND) if state.step == Step.NONE else (state.round >= 0),
    )


def rank(state: Consensus) -> int:
    """How far the validator is in the height: rounds first, steps within a round in their order."""
    return len(ORDER) * state.round + ORDER.index(state.step)


def place(type: VoteType, round: int) -> int:
    """The rank of a validator that has just cast the vote of a round and type."""
    return len(ORDER) * round + ORDER.index(Step.PREVOTE if type == VoteType.PREVOTE else Step.PRECOMMIT)
