"""Where a block is between two runs of machines: its body so far, and the transaction that is under way.

A block is executed in stages, each of which does a piece of bounded work: it takes a fee, makes one entry of a list
warm, writes one log into a receipt. Some make a machine, which then runs to its end while the stage waits. All parts
are either at hand or behind their hashes: the functions of this package do not see which.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final, TypeAlias

import attrs

from hyperion.execution.header import Header
from hyperion.execution.message import Admitted
from hyperion.execution.transition import Chain, Tip
from hyperion.execution.validate import Context
from hyperion.rules import rule
from hyperion.settlement.onestep.nodes import Hash, OpeningError, Reason
from hyperion.settlement.onestep.octets import Octets
from hyperion.settlement.onestep.records import Work
from hyperion.state.trie import Trie
from hyperion.state.world import World
from hyperion.vm.machine import Block, Machine


class Standing(IntEnum):
    """What is known of a block at a point."""

    RUNNING = 0
    VALID = 1
    INVALID = 2


class Phase(IntEnum):
    """What a stage does next; one that is named after something done waits for the machine that does it."""

    CALL_FIRST = 0
    CALLED_FIRST = 1
    TRANSACTION = 2
    ADMITTED = 3
    ENTERED = 4
    CHARGED = 5
    WRITING = 6
    WITHDRAWAL = 7
    REQUEST = 8
    REQUESTED = 9


WAITING: Final = frozenset({Phase.CALLED_FIRST, Phase.ENTERED, Phase.REQUESTED})
"""Phases in which a machine runs."""


# --- what is given ---------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Pinned:
    """What a question has in its name: the rules of the chain, and all blocks whose outcome is asked for.

    The blocks are derived from the L1 up to the head that the question names. That the root of them is the right one is
    taken from there: no step of this package derives a block.
    """

    chain: Chain
    inputs: Hash
    """Root of the map from a block's number to the hash of its ``Input``."""
    inclusion: int
    """Height of the L1 block with the last batch of the span."""


@attrs.frozen(eq=False)
class Input:
    """A block as it is derived: a header whose claims of the outcome nobody reads, and the lists of the body."""

    header: Header
    ommers: int
    transactions: Trie
    """From the encoded index to the encoded transaction."""
    count: int
    withdrawals: Trie
    withdrawal_count: int | None
    """None before withdrawals exist."""
    size: int
    """Bytes of the whole block's encoding."""


@attrs.frozen(eq=False)
class Ended:
    """The end of a block, or the beginning of all: the tip of the chain there. An invalid block leaves the old one."""

    standing: Standing
    tip: Tip


# --- what is under way -----------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Body:
    """A block as far as it is executed."""

    input: Input
    before: Ended
    facts: Block
    world: World
    gas_used: int
    blob_gas_used: int
    receipts: Trie
    """The trie of all receipts, with the way to each that is there; see ``receipts``."""
    bloom: int
    deposits: Octets
    """The request of all deposits so far, its type's byte included; nothing if there is none."""
    hashes: bytes
    """The SHA2-256 hashes of the requests so far."""


@attrs.frozen(eq=False)
class Settled:
    """A transaction that is paid for: what is left of its deletions, and its receipt in the making."""

    type_byte: int
    succeeded: bool
    destroyed: Any
    """Accounts that are still to be deleted."""
    logs: Any
    left: Any
    """The logs that are not yet counted, or written: the last ones come first."""
    size: int
    """Bytes of the encodings of the logs that are counted."""
    deposits: int
    """How many of these are deposits."""
    bloom: int
    leaf: Octets
    """The leaf of the receipts' trie, whose end is written already."""
    end: int
    """Where the log goes that is written next: it ends here."""
    deposit_end: int
    """Where the deposit that is written next ends in those of the block."""


Detail: TypeAlias = Admitted | Settled | None


@attrs.frozen(eq=False)
class Stage:
    """Where a block is: what comes next, for which transaction, withdrawal or call, and which entry of its lists."""

    phase: Phase
    index: int
    entry: int
    body: Body
    detail: Detail = None


@attrs.frozen(eq=False)
class Running:
    """A stage that waits for a machine."""

    stage: Stage
    machine: Machine


State: TypeAlias = Stage | Running | Ended


def malformed(what: str) -> OpeningError:
    """The refusal of what no block has."""
    return OpeningError(Reason.MALFORMED, what)


@rule("DIS-between-context", "What is used up of a block, and what its code can learn of it, is committed to.")
def context_of(body: Body, chain: Chain) -> Context:
    """The block as a transaction sees it."""
    fork = chain.fork_at(body.facts.timestamp)
    return Context(fork, chain.profile, chain.chain_id, body.facts, body.gas_used, body.blob_gas_used)


def admitted_in(stage: Stage) -> Admitted:
    """The transaction that is admitted, in the world of the body, which is the one that is committed to."""
    if not isinstance(stage.detail, Admitted):
        raise malformed("no transaction is admitted")
    return attrs.evolve(stage.detail, world=stage.body.world)


def settled_in(stage: Stage) -> Settled:
    """The transaction that is paid for."""
    if not isinstance(stage.detail, Settled):
        raise malformed("no transaction is paid for")
    return stage.detail


@attrs.frozen(eq=False)
class Rules:
    """What a stage is taken by: the chain's rules, and who does long work."""

    chain: Chain
    work: Work
