"""What a validator knows at one height, what it may be asked to do, and what all validators of a chain agree on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from hyperion.sequencer.finality.certificates import Certificate
from hyperion.sequencer.finality.consensus import Consensus
from hyperion.sequencer.finality.types import Address, Input, Proposal, Step, Timeout, Value, Vote
from hyperion.sequencer.finality.votes import SILENCE, Event, Keeper, Validators, keeper_of


class Setting(msgspec.Struct, frozen=True):
    """What all validators of a chain agree on outside of the algorithm."""

    proposer: Callable[[int, int], Address]
    """Who leads a round of a height."""
    is_valid: Callable[[Value], bool]
    """Whether the application accepts a value. It must be a function of the value: any two validators agree."""
    enters_leading: Callable[[Consensus, int], bool]
    """Whether a validator enters a round as its leader."""


class Owed(msgspec.Struct, frozen=True, order=True, gc=False):
    """An input that became due while another one was handled, with the height and round in which it is."""

    given: Input
    height: int
    round: int


class Done(msgspec.Struct, frozen=True, gc=False):
    """An input that was handed on: the height and round after it, and the step before it."""

    given: Input
    height: int
    round: int
    step: Step


class Decision(msgspec.Struct, frozen=True):
    """A decided height: the proposal, and the precommits for it."""

    proposal: Proposal
    commit: Certificate | None


class Driver(msgspec.Struct, frozen=True):
    """All that a validator knows at one height, and what it decided before."""

    consensus: Consensus
    keeper: Keeper
    proposals: frozenset[Proposal] = frozenset()
    """Valid ones from the leaders of their rounds."""
    done: tuple[Done, ...] = ()
    owed: frozenset[Owed] = frozenset()
    changed: Step = Step.NONE
    """The step that the last act entered; ``NONE`` if it entered none."""
    started: bool = False
    event: Event = SILENCE
    """What the last vote or certificate brought about."""
    chain: tuple[Decision, ...] = ()


class Start(msgspec.Struct, frozen=True, gc=False):
    """Begin the height."""


class Receive(msgspec.Struct, frozen=True, gc=False):
    """A message arrived."""

    message: Proposal | Vote | Certificate


class Expire(msgspec.Struct, frozen=True, gc=False):
    """A timeout of the present round is over."""

    timeout: Timeout


class Provide(msgspec.Struct, frozen=True, gc=False):
    """The application answers with a value to propose."""

    value: Value


class Settle(msgspec.Struct, frozen=True, gc=False):
    """Hand on an input that is owed."""

    owed: Owed


class Reconsider(msgspec.Struct, frozen=True, gc=False):
    """The step has changed: look again at what was received. Of several proposals of a leader, at this one."""

    proposal: Proposal | None = None


Act: TypeAlias = Start | Receive | Expire | Provide | Settle | Reconsider
"""What a validator may be asked to do."""


def driver_of(validator: Address, validators: Validators, height: int, chain: tuple[Decision, ...] = ()) -> Driver:
    """A validator before a height."""
    return Driver(Consensus(validator, height), keeper_of(height, validators), chain=chain)
