"""The records of settlement."""

from collections.abc import Callable
from enum import Enum
from typing import Final, TypeAlias

import attrs
from immutables import Map

from hyperion.primitives.word import Address
from hyperion.settlement.dispute.identity import Hash, identity, words_of
from hyperion.settlement.dispute.types import Game, Proof, Verifier
from hyperion.settlement.finality.parameters import Parameters
from hyperion.settlement.moment import Moment
from hyperion.settlement.rejection import Rejected

ASSERTION: Final = 11
QUESTION: Final = 12
OUTPUT: Final = 13
WITHDRAWAL: Final = 14


@attrs.frozen(eq=False)
class Outside:
    """What settlement takes on trust from outside."""

    verifier: Verifier
    block_hash: Callable[[int], Hash | None]
    """The hash of the L1 block of a height, as far as the L1 remembers it."""
    includes_withdrawal: Callable[[Hash, Hash, Proof], bool]
    """Whether the proof shows that a withdrawals root covers a withdrawal."""


@attrs.frozen
class Output:
    """What an assertion says: the state of the L2 after a block, and what leaves the L2 by then."""

    state: Hash
    withdrawals: Hash
    l2_block: int
    last_inclusion: int
    """Height of the L1 block with the last batch that the span is derived from."""

    @property
    def digest(self) -> Hash:
        """The last state of the contested run: all of the output is inside it, so a lie about any part is disputed."""
        return identity(OUTPUT, self.state, self.withdrawals, self.l2_block, self.last_inclusion)

    @property
    def record(self) -> bytes:
        """The bytes that its name is the hash of, by which the verifier of a step opens it."""
        return words_of(OUTPUT, self.state, self.withdrawals, self.l2_block, self.last_inclusion)


@attrs.frozen
class Inputs:
    """All that the answer depends on: with the same inputs there is one true output."""

    parent: Hash
    l2_block: int
    l1_height: int
    l1_hash: Hash
    """The L1 head up to which the derivation reads."""


@attrs.frozen
class Assertion:
    """An output for a question, made by somebody who has put down a bond."""

    id: Hash
    question: Hash
    inputs: Inputs
    output: Output
    proposer: Address
    bond: int
    created: int
    bond_returned: bool = False


@attrs.frozen
class Contest:
    """All assertions that answer one question, and the game between them."""

    game: Game
    parent: Hash
    winner: Hash | None = None
    won_at: int = 0
    is_void: bool = False


@attrs.frozen
class Proven:
    """A withdrawal that was shown to be covered by an assertion, and when."""

    assertion: Hash
    at: int


@attrs.frozen
class Chain:
    """The settlement of one L2 on an L1."""

    parameters: Parameters
    chain_id: int
    program: Hash
    """The version of the rules by which blocks are derived and executed."""
    now: Moment
    anchor: Hash
    """The last final assertion."""
    assertions: Map[Hash, Assertion] = attrs.field(factory=Map)
    contests: Map[Hash, Contest] = attrs.field(factory=Map)
    rounds: Map[Hash, int] = attrs.field(factory=Map)
    """How often a question was voided, by the name of its first round."""
    final: Map[Hash, int] = attrs.field(factory=Map)
    """When an assertion became final."""
    paused_until: int = 0
    pause_used: int = 0
    escrow: int = 0
    """What was deposited for the L2 and not withdrawn from it, in wei."""
    bonds: int = 0
    """Bonds of assertions that are held, in wei."""
    proven: Map[Hash, Proven] = attrs.field(factory=Map)
    spent: Map[Hash, int] = attrs.field(factory=Map)
    """Withdrawals that were paid, with their amounts: each once."""


class Reason(Enum):
    """Why settlement refuses an event."""

    TIME_BACKWARDS = "time-backwards"
    MALFORMED = "malformed"
    UNKNOWN_PARENT = "unknown-parent"
    DEAD_PARENT = "dead-parent"
    NOT_AHEAD = "not-ahead"
    SPAN = "span"
    BOND = "bond"
    L1_HEAD = "l1-head"
    DATA_UNDECIDED = "data-undecided"
    EXISTS = "exists"
    DECIDED = "decided"
    UNKNOWN = "unknown"
    NOT_A_MOVE = "not-a-move"
    GAME = "game"
    PARENT_NOT_FINAL = "parent-not-final"
    WINDOW = "window"
    NOT_WON = "not-won"
    AIR_GAP = "air-gap"
    PAUSED = "paused"
    NOT_NEXT = "not-next"
    VOID = "void"
    TOO_LATE = "too-late"
    PAUSE_BUDGET = "pause-budget"
    PARENT_ALIVE = "parent-alive"
    BOND_LOST = "bond-lost"
    BOND_RETURNED = "bond-returned"
    DEAD_ASSERTION = "dead-assertion"
    WITHDRAWAL_PROOF = "withdrawal-proof"
    NOT_PROVEN = "not-proven"
    MATURITY = "maturity"
    NOT_FINAL = "not-final"
    SPENT = "spent"
    ESCROW = "escrow"


Outcome: TypeAlias = Chain | Rejected[Reason]
"""What a transition gives: the chain after the event, or why it is refused."""
