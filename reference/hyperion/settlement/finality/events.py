"""What can happen in settlement. Time comes beside the event, from the L1; who may send it is in its name or text."""

from typing import TypeAlias

import attrs

from hyperion.primitives.word import Address
from hyperion.settlement.dispute import events as dispute
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.types import Proof
from hyperion.settlement.finality.types import Output


@attrs.frozen
class Propose:
    """Somebody asserts an output on top of a parent, as of an L1 head."""

    parent: Hash
    output: Output
    l1_height: int
    proposer: Address
    paid: int


@attrs.frozen
class Play:
    """A move in the game of a contest."""

    question: Hash
    move: dispute.Event


@attrs.frozen
class Settle:
    """An assertion has stood long enough, or its game is decided for it."""

    assertion: Hash


@attrs.frozen
class Finalize:
    """An assertion that won becomes the anchor."""

    assertion: Hash


@attrs.frozen
class CloseGame:
    """The money of a decided game is given out."""

    question: Hash


@attrs.frozen
class Void:
    """The guardian voids a contest, which may begin anew; everybody gets its deposits back."""

    question: Hash


@attrs.frozen
class VoidOrphans:
    """A contest on top of an assertion that has lost, or was voided, is void."""

    question: Hash


@attrs.frozen
class Pause:
    """The guardian holds up what is final and what is paid, for so many seconds more."""

    seconds: int


@attrs.frozen
class ReturnBond:
    """The bond of an assertion goes back to its proposer."""

    assertion: Hash


@attrs.frozen
class Deposit:
    """Money goes to the L2."""

    amount: int


@attrs.frozen
class Prove:
    """A withdrawal is shown to be covered by an assertion."""

    nonce: int
    recipient: Address
    amount: int
    assertion: Hash
    proof: Proof


@attrs.frozen
class Pay:
    """A proven withdrawal is paid."""

    nonce: int
    recipient: Address
    amount: int


Event: TypeAlias = (
    Propose | Play | Settle | Finalize | CloseGame | Void | VoidOrphans | Pause | ReturnBond | Deposit | Prove | Pay
)
