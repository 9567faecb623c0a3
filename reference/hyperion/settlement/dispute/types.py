"""The records of the edge game: immutable, without behaviour but derived properties."""

from collections.abc import Callable
from enum import Enum
from typing import Final, TypeAlias

import attrs
from immutables import Map

from hyperion.primitives.word import Address
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.parameters import Parameters
from hyperion.settlement.moment import Moment
from hyperion.settlement.rejection import Rejected

INFINITE: Final = 2**64 - 1
"""The timer of what is proved; no other timer reaches it."""

Proof: TypeAlias = object
"""A proof that only the verifier reads."""


@attrs.frozen(eq=False)
class Verifier:
    """What the game takes on trust from outside: how histories are committed to, and what one step is.

    A history of height h is the states 0 … h; its root binds each of them and the height.
    """

    single: Callable[[Hash], Hash]
    """The root of the history that is one state."""
    is_prefix: Callable[[Hash, int, Hash, int, Proof], bool]
    """Whether the proof shows that the history of the first root and height begins that of the second."""
    includes: Callable[[Hash, int, int, Hash, Proof], bool]
    """Whether the proof shows that the history of this root and height has this state at this index."""
    enter: Callable[[int, Hash], Hash]
    """The first state of a history of a level that refines a step which begins in the given state; injective."""
    leave: Callable[[int, Hash], Hash]
    """The last state of a history of a level that refines a step which ends in the given state; injective."""
    step: Callable[[int, Hash, Proof], Hash | None]
    """The state that follows the given one at a level, as the witness shows; None if the witness does not fit."""


@attrs.frozen
class Edge:
    """The claim that the history of ``start_root`` goes on as that of ``end_root``."""

    id: Hash
    mutual: Hash
    level: int
    origin: Hash
    """What the level is about: the contest at level 0, else the mutual id of the step that is refined."""
    start_height: int
    start_root: Hash
    end_height: int
    end_root: Hash
    created: int
    """Time of creation in seconds."""
    mover: Address
    """Who made it first: who gets what is paid for it."""
    claim: Hash | None = None
    """The assertion or the edge that the edge stands for, if it opens a level."""
    stake: int = 0
    """What was deposited for it, in wei; only an edge that opens a level has a stake."""
    lower: Hash | None = None
    upper: Hash | None = None
    timer: int = 0
    """The unrivalled time that has been credited to it so far, in seconds."""
    confirmed: bool = False
    useful: bool = False
    """Whether it has been shown to belong to the history that won."""
    refunded: bool = False

    @property
    def length(self) -> int:
        """Steps of its level."""
        return self.end_height - self.start_height

    @property
    def opens_level(self) -> bool:
        """Whether it is the root of a level's tree."""
        return self.claim is not None


@attrs.frozen
class Claim:
    """An assertion in the contest: the state in which it says that the contested span ends."""

    state: Hash
    created: int


@attrs.frozen
class Rivalry:
    """All that answer one question: who came first, when that ended to be all, and who won."""

    first: Hash
    rivalled_at: int | None = None
    confirmed: Hash | None = None


@attrs.frozen
class Ledger:
    """The game's money, in wei."""

    deposited: int = 0
    escrow: int = 0
    """First stakes: at most one of each question goes back."""
    pool: int = 0
    """Later stakes: at most one of each question is right, so the others are lost, and pay for useful moves."""
    credits: Map[Address, int] = attrs.field(factory=Map)
    """What is owed and not yet withdrawn."""
    owed: int = 0
    paid: int = 0


class Mode(Enum):
    """How the game's money is given out; decided once."""

    OPEN = "open"
    NORMAL = "normal"
    REFUND = "refund"


@attrs.frozen
class Game:
    """Everything about one contest between assertions with the same parent."""

    parameters: Parameters
    origin: Hash
    start: Hash
    """The state in which the contested span begins."""
    now: Moment
    claimed: Map[Hash, Claim] = attrs.field(factory=Map)
    contest: Rivalry | None = None
    """The rivalry of the assertions themselves."""
    edges: Map[Hash, Edge] = attrs.field(factory=Map)
    rivalries: Map[Hash, Rivalry] = attrs.field(factory=Map)
    ledger: Ledger = attrs.field(factory=Ledger)
    mode: Mode = Mode.OPEN
    winner: Hash | None = None
    """The assertion that has won."""


class Reason(Enum):
    """Why the game refuses an event."""

    TIME_BACKWARDS = "time-backwards"
    MALFORMED = "malformed"
    MODE = "mode"
    UNKNOWN_EDGE = "unknown-edge"
    UNKNOWN_CLAIM = "unknown-claim"
    CLAIM_EXISTS = "claim-exists"
    CLAIM_UNRIVALLED = "claim-unrivalled"
    DECIDED = "decided"
    STAKE = "stake"
    PREFIX_PROOF = "prefix-proof"
    START_PROOF = "start-proof"
    END_PROOF = "end-proof"
    EDGE_EXISTS = "edge-exists"
    UNRIVALLED = "unrivalled"
    SINGLE_STEP = "single-step"
    NOT_SINGLE_STEP = "not-single-step"
    ALREADY_BISECTED = "already-bisected"
    ALREADY_CONFIRMED = "already-confirmed"
    RIVAL_CONFIRMED = "rival-confirmed"
    LAST_LEVEL = "last-level"
    NOT_PROVABLE = "not-provable"
    NOT_A_ROOT = "not-a-root"
    NO_CHILDREN = "no-children"
    NOT_CLAIMED = "not-claimed"
    TIMER_TOO_LOW = "timer-too-low"
    NOTHING_TO_UPDATE = "nothing-to-update"
    CHILD_NOT_CONFIRMED = "child-not-confirmed"
    CLAIM_NOT_CONFIRMED = "claim-not-confirmed"
    STEP_PROOF = "step-proof"
    NOT_CONFIRMED = "not-confirmed"
    NO_STAKE = "no-stake"
    ALREADY_REFUNDED = "already-refunded"
    NOT_USEFUL = "not-useful"
    ALREADY_USEFUL = "already-useful"
    POOL_TOO_LOW = "pool-too-low"
    NOTHING_OWED = "nothing-owed"


Outcome: TypeAlias = Game | Rejected[Reason]
"""What a transition gives: the game after the event, or why it is refused."""
