"""The records of the fault dispute game."""

from collections.abc import Callable
from enum import Enum, IntEnum
from typing import TypeAlias

import attrs
from immutables import Map
from pyrsistent import PVector, pvector

from hyperion.primitives.word import Address
from hyperion.settlement.faultgame.parameters import Parameters
from hyperion.settlement.faultgame.position import Position
from hyperion.settlement.rejection import Rejected

Hash: TypeAlias = bytes
"""32 bytes."""


class MachineStatus(IntEnum):
    """First byte of a claim about a state of the machine: how the run stands."""

    VALID = 0
    INVALID = 1
    PANIC = 2
    UNFINISHED = 3


class Status(Enum):
    """How the game stands."""

    IN_PROGRESS = "in-progress"
    CHALLENGER_WINS = "challenger-wins"
    DEFENDER_WINS = "defender-wins"


class Mode(Enum):
    """How bonds are given out; decided once."""

    UNDECIDED = "undecided"
    NORMAL = "normal"
    REFUND = "refund"


@attrs.frozen
class Context:
    """What a run of the machine is about: the output that it starts from, and the one that it is to confirm."""

    starting: Hash
    starting_position: Position | None
    """None for the anchor."""
    disputed: Hash
    disputed_position: Position


@attrs.frozen(eq=False)
class Machine:
    """What the game takes on trust from outside."""

    hash_of: Callable[[bytes], Hash]
    """The claim that stands for a state that is written out."""
    step: Callable[[bytes, object, Context], Hash | None]
    """The claim that stands for the next state; None if the proof does not fit."""
    block_number: Callable[[Hash, object], int | None]
    """The block number that an output claim commits to, as the evidence shows; None if it does not show it."""


@attrs.frozen
class Clock:
    """A claim's clock: what its side had used when it was made, and when that was."""

    duration: int
    timestamp: int


@attrs.frozen
class Claim:
    """One move: a value at a position, against a claim, with a bond."""

    parent: int | None
    claimant: Address
    bond: int
    value: Hash
    position: Position
    clock: Clock
    countered_by: Address | None = None
    children: tuple[int, ...] = ()
    """Indices of the claims against it, oldest first."""
    resolved: bool = False


@attrs.frozen
class Checkpoint:
    """How far the claims against a claim have been gone through, and the best of those that stand."""

    cursor: int = 0
    leftmost: int | None = None
    """Generalized index of the leftmost claim that stands."""
    countered_by: Address | None = None


@attrs.frozen
class Request:
    """A credit that was asked for: how much, and when."""

    amount: int
    at: int


@attrs.frozen
class Bonds:
    """The game's money in wei: what each would get in each mode, and what is gone."""

    deposited: int = 0
    unresolved: int = 0
    """Bonds of claims that are not resolved."""
    normal: Map[Address, int] = attrs.field(factory=Map)
    refund: Map[Address, int] = attrs.field(factory=Map)
    requests: Map[Address, Request] = attrs.field(factory=Map)
    paid: int = 0


@attrs.frozen
class Game:
    """Everything about one game."""

    parameters: Parameters
    created: int
    anchor: Hash
    """The output that the game starts from."""
    anchor_block: int
    l2_block: int
    """The L2 block that the root claim is about."""
    l1_head: Hash
    chain_id: int
    absolute_prestate: Hash
    now: int
    claims: PVector[Claim] = attrs.field(factory=pvector)
    known: Map[tuple[Hash, int, int], bool] = attrs.field(factory=Map)
    """Moves that were made: value, generalized index, parent."""
    checkpoints: Map[int, Checkpoint] = attrs.field(factory=Map)
    status: Status = Status.IN_PROGRESS
    resolved_at: int | None = None
    block_challenger: Address | None = None
    bonds: Bonds = attrs.field(factory=Bonds)
    mode: Mode = Mode.UNDECIDED


class Reason(Enum):
    """Why the game refuses an event."""

    TIME_BACKWARDS = "time-backwards"
    MALFORMED = "malformed"
    NOT_IN_PROGRESS = "not-in-progress"
    UNKNOWN_CLAIM = "unknown-claim"
    WRONG_DISPUTED_CLAIM = "wrong-disputed-claim"
    CANNOT_DEFEND_ROOT = "cannot-defend-root"
    BLOCK_NUMBER_CHALLENGED = "block-number-challenged"
    DEPTH_EXCEEDED = "depth-exceeded"
    UNEXPECTED_STATUS = "unexpected-status"
    BOND = "bond"
    CLOCK_EXPIRED = "clock-expired"
    CLAIM_EXISTS = "claim-exists"
    NOT_A_LEAF = "not-a-leaf"
    PRESTATE = "prestate"
    VALID_STEP = "valid-step"
    DUPLICATE_STEP = "duplicate-step"
    ALREADY_RESOLVED = "already-resolved"
    CLOCK_RUNNING = "clock-running"
    CHILD_UNRESOLVED = "child-unresolved"
    NEGATIVE_COUNT = "negative-count"
    ROOT_UNRESOLVED = "root-unresolved"
    BLOCK_NUMBER_PROOF = "block-number-proof"
    BLOCK_NUMBER_MATCHES = "block-number-matches"
    NOT_RESOLVED = "not-resolved"
    AIR_GAP = "air-gap"
    PAUSED = "paused"
    ALREADY_CLOSED = "already-closed"
    NOT_CLOSED = "not-closed"
    NO_CREDIT = "no-credit"
    DELAY = "delay"


Outcome: TypeAlias = Game | Rejected[Reason]
"""What a transition gives: the game after the event, or why it is refused."""
