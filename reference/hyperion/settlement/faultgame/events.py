"""What can happen in the fault dispute game: who does it, and what they bring. Time comes beside the event."""

from typing import TypeAlias

import attrs

from hyperion.primitives.word import Address
from hyperion.settlement.faultgame.types import Hash


@attrs.frozen
class Move:
    """An attack or a defence of a claim. ``disputed`` is the value of that claim, so that a reorganisation of the L1
    which puts another claim at its index makes the move fail instead of making it another move.
    """

    parent: int
    disputed: Hash
    value: Hash
    is_attack: bool
    claimant: Address
    paid: int


@attrs.frozen
class Step:
    """One step of the machine, against a leaf."""

    claim: int
    is_attack: bool
    state: bytes
    proof: object
    stepper: Address


@attrs.frozen
class ChallengeBlockNumber:
    """The root claim commits to another block number than the game says."""

    evidence: object
    challenger: Address


@attrs.frozen
class ResolveClaim:
    """Go through up to ``count`` answers to a claim (0: all that are left), and settle it after the last."""

    claim: int
    count: int = 0


@attrs.frozen
class Resolve:
    """The outcome of the root becomes that of the game."""


@attrs.frozen
class Close:
    """Whether bonds go by outcome is decided: comes from the registry, which knows if the game is proper."""

    is_proper: bool
    is_paused: bool = False


@attrs.frozen
class ClaimCredit:
    """A player asks for its credit, and asks again after the delay to take it."""

    account: Address


Event: TypeAlias = Move | Step | ChallengeBlockNumber | ResolveClaim | Resolve | Close | ClaimCredit
