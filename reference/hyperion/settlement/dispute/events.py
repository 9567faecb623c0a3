"""What can happen in the edge game: who does it, and what they bring. Time comes beside the event, from the L1."""

from typing import TypeAlias

import attrs

from hyperion.primitives.word import Address
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.types import Mode, Proof


@attrs.frozen
class Admit:
    """An assertion joins the contest. Comes from the settlement contract, not from a player."""

    claim: Hash
    state: Hash


@attrs.frozen
class Root:
    """A stake for an assertion: the root of the tree of level 0, with the whole history of the contested span."""

    claim: Hash
    end_root: Hash
    prefix_proof: Proof
    """That the history begins with the contest's start."""
    end_proof: Proof
    """That it ends in the state that the assertion names."""
    paid: int
    mover: Address


@attrs.frozen
class Refine:
    """A stake for a single step: the root of a tree of the next level, with the history of what the step does."""

    edge: Hash
    before: Hash
    before_proof: Proof
    after: Hash
    after_proof: Proof
    end_root: Hash
    prefix_proof: Proof
    end_proof: Proof
    paid: int
    mover: Address


@attrs.frozen
class Bisect:
    """An edge is cut in two."""

    edge: Hash
    middle_root: Hash
    proof: Proof
    """That the history up to the middle begins the history up to the end."""
    mover: Address


@attrs.frozen
class UpdateTimer:
    """An edge is credited its own unrivalled time and that of its children."""

    edge: Hash


@attrs.frozen
class UpdateTimerByClaim:
    """An edge of one step is credited the time of an edge that stands for it one level below."""

    edge: Hash
    claimant: Hash


@attrs.frozen
class ConfirmByTime:
    """An edge has been unrivalled long enough."""

    edge: Hash


@attrs.frozen
class ConfirmByChildren:
    """Both halves of an edge are confirmed."""

    edge: Hash


@attrs.frozen
class ConfirmByClaim:
    """An edge that stands for this step one level below is confirmed."""

    edge: Hash
    claimant: Hash


@attrs.frozen
class ConfirmByOneStepProof:
    """The step is what the machine does."""

    edge: Hash
    before: Hash
    before_proof: Proof
    after: Hash
    after_proof: Proof
    witness: Proof


@attrs.frozen
class Decide:
    """An assertion wins the contest, as a root that stands for it shows."""

    edge: Hash


@attrs.frozen
class Close:
    """How money is given out is decided. Comes from the settlement contract."""

    mode: Mode


@attrs.frozen
class Refund:
    """A stake goes back to who deposited it."""

    edge: Hash


@attrs.frozen
class Reimburse:
    """Who made a useful edge is paid for it; ``via`` is what shows that it is useful: the edge above it."""

    edge: Hash
    via: Hash | None


@attrs.frozen
class Withdraw:
    """A player takes what it is owed."""

    account: Address


Event: TypeAlias = (
    Admit
    | Root
    | Refine
    | Bisect
    | UpdateTimer
    | UpdateTimerByClaim
    | ConfirmByTime
    | ConfirmByChildren
    | ConfirmByClaim
    | ConfirmByOneStepProof
    | Decide
    | Close
    | Refund
    | Reimburse
    | Withdraw
)
