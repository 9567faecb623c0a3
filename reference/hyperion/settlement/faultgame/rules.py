"""The fault dispute game as a transition function: a game, an event and a time give the next game, or why not."""

import attrs
from pyrsistent import pvector

from hyperion.primitives.hashing import HASH_BYTES
from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.settlement.faultgame import bonds, moves, resolution
from hyperion.settlement.faultgame.events import (
    ChallengeBlockNumber,
    ClaimCredit,
    Close,
    Event,
    Move,
    Resolve,
    ResolveClaim,
    Step,
)
from hyperion.settlement.faultgame.parameters import Parameters, Violation, bond_at, violations
from hyperion.settlement.faultgame.position import ROOT
from hyperion.settlement.faultgame.types import Claim, Clock, Game, Hash, Machine, Outcome, Reason
from hyperion.settlement.rejection import Rejected


@attrs.frozen
class Proposal:
    """What a game is opened with: an output claim for an L2 block, from an anchor, as of an L1 block."""

    value: Hash
    l2_block: int
    anchor: Hash
    anchor_block: int
    l1_head: Hash
    chain_id: int
    absolute_prestate: Hash
    proposer: Address
    paid: int
    """The bond of the root, in wei."""


@rule(
    "DIS-fdg-open", "A game is opened above its anchor, with the bond of the root, and with parameters that are safe."
)
def open_game(parameters: Parameters, proposal: Proposal, now: int) -> Game | tuple[Violation, ...]:
    """The game with its root claim, or the inequalities that keep it from being opened."""
    found = violations(parameters)
    if found:
        return found
    bond = bond_at(parameters, 0)
    if proposal.paid != bond:
        return (Violation("root-bond", f"payment = bond is violated: {proposal.paid} wei ≠ {bond} wei"),)
    if proposal.l2_block <= proposal.anchor_block:
        text = f"block > anchor block is violated: {proposal.l2_block} ≤ {proposal.anchor_block}"
        return (Violation("block-above-anchor", text),)
    game = Game(
        parameters,
        now,
        proposal.anchor,
        proposal.anchor_block,
        proposal.l2_block,
        proposal.l1_head,
        proposal.chain_id,
        proposal.absolute_prestate,
        now,
        pvector(),
    )
    return moves.with_claim(game, Claim(None, proposal.proposer, bond, proposal.value, ROOT, Clock(0, now)))


@rule("DIS-fdg-well-formed", "A claim's value is a string of 32 bytes.")
def is_well_formed(event: Event) -> bool:
    """Whether the value of a move has its length: its first byte has a meaning of its own."""
    return not isinstance(event, Move) or len(event.value) == HASH_BYTES


@rule("DIS-fdg-time", "Events come in the order of the L1's time.")
def step(game: Game, event: Event, now: int, machine: Machine) -> Outcome:
    """The game after an event at time ``now``; refused events leave no trace."""
    if now < game.now:
        return Rejected(Reason.TIME_BACKWARDS, f"{now} s after {game.now} s")
    if not is_well_formed(event):
        return Rejected(Reason.MALFORMED, f"a value has {HASH_BYTES} bytes")
    game = attrs.evolve(game, now=now)
    match event:
        case Move():
            return moves.move(game, event)
        case Step():
            return moves.step_leaf(game, event, machine)
        case ChallengeBlockNumber():
            return moves.challenge_block_number(game, event, machine)
        case ResolveClaim():
            return resolution.resolve_claim(game, event)
        case Resolve():
            return resolution.resolve(game)
        case Close():
            return bonds.close(game, event)
        case ClaimCredit():
            return bonds.claim_credit(game, event)
