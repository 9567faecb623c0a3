"""Attack, defend, step, and the challenge of the block number. Source: the specification, "Moves", "Step"."""

import attrs

from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.settlement.faultgame.ancestry import context_of, neighbour, speaks_of
from hyperion.settlement.faultgame.bonds import deposited
from hyperion.settlement.faultgame.clocks import challenger_duration, extended
from hyperion.settlement.faultgame.events import ChallengeBlockNumber, Move, Step
from hyperion.settlement.faultgame.parameters import bond_at
from hyperion.settlement.faultgame.position import Position, moved
from hyperion.settlement.faultgame.types import (
    Claim,
    Clock,
    Context,
    Game,
    Hash,
    Machine,
    MachineStatus,
    Outcome,
    Reason,
    Status,
)
from hyperion.settlement.rejection import Rejected


@rule("DIS-fdg-move", "A move answers an unexpired claim with a new claim and the bond of its depth.")
def move(game: Game, event: Move) -> Outcome:
    """The game with one claim more. The order of the questions is that of the contracts."""
    if game.status is not Status.IN_PROGRESS:
        return Rejected(Reason.NOT_IN_PROGRESS)
    if not 0 <= event.parent < len(game.claims):
        return Rejected(Reason.UNKNOWN_CLAIM)
    position = moved(game.claims[event.parent].position, event.is_attack)
    refused = misplaced(game, event, position) or unpaid(game, event, position)
    if refused is not None:
        return refused
    used = challenger_duration(game, event.parent)
    if used == game.parameters.max_clock:
        return Rejected(Reason.CLOCK_EXPIRED)
    name = (event.value, position.general, event.parent)
    if name in game.known:
        return Rejected(Reason.CLAIM_EXISTS)
    clock = Clock(extended(game.parameters, used, position.depth), game.now)
    claim = Claim(event.parent, event.claimant, event.paid, event.value, position, clock)
    return attrs.evolve(with_claim(game, claim), known=game.known.set(name, True))


def with_claim(game: Game, claim: Claim) -> Game:
    """The game with the claim at its end, and in the list of its parent."""
    claims, index = game.claims, len(game.claims)
    if claim.parent is not None:
        parent = claims[claim.parent]
        claims = claims.set(claim.parent, attrs.evolve(parent, children=(*parent.children, index)))
    return attrs.evolve(game, claims=claims.append(claim), bonds=deposited(game.bonds, claim.claimant, claim.bond))


@rule("DIS-fdg-move-binds", "A move names the value that it disputes, so it cannot come to mean another claim.")
@rule(
    "DIS-fdg-no-defence-of-roots", "The root claim and the root of a run are never defended: nothing is to their right."
)
@rule("DIS-fdg-depth", "No claim is deeper than the leaves.")
def misplaced(game: Game, event: Move, position: Position) -> Rejected[Reason] | None:
    """Why the move may not stand where it would, if it may not."""
    parent, rules = game.claims[event.parent], game.parameters
    if parent.value != event.disputed:
        return Rejected(Reason.WRONG_DISPUTED_CLAIM)
    if not event.is_attack and (event.parent == 0 or position.depth == rules.split_depth + 2):
        return Rejected(Reason.CANNOT_DEFEND_ROOT)
    if event.parent == 0 and game.block_challenger is not None:
        return Rejected(Reason.BLOCK_NUMBER_CHALLENGED)
    if position.depth > rules.max_depth:
        return Rejected(Reason.DEPTH_EXCEEDED, f"{position.depth} > {rules.max_depth}")
    if position.depth == rules.split_depth + 1:
        return check_status(game, event, parent)
    return None


@rule("DIS-fdg-run-status", "The root of a run says in its first byte whether the run confirms the disputed output.")
def check_status(game: Game, event: Move, output: Claim) -> Rejected[Reason] | None:
    """Why the first byte of a run's root is not what its place demands, if it is not.

    Who attacks an output, or defends one against an output of its own side, says that the run does not confirm it.
    """
    split = game.parameters.split_depth
    is_denied = event.is_attack
    if not is_denied:
        disputed = speaks_of(game, event.parent, neighbour(output.position, 1))
        is_denied = disputed is not None and disputed.position.depth % 2 == split % 2
    expected = (MachineStatus.INVALID, MachineStatus.PANIC) if is_denied else (MachineStatus.VALID,)
    if event.value[0] in expected:
        return None
    return Rejected(Reason.UNEXPECTED_STATUS, f"{event.value[0]} is not among {[int(status) for status in expected]}")


@rule("DIS-fdg-bond-exact", "A move brings exactly the bond of its depth.")
def unpaid(game: Game, event: Move, position: Position) -> Rejected[Reason] | None:
    """Why the payment is not the bond, if it is not."""
    bond = bond_at(game.parameters, position.depth)
    return None if event.paid == bond else Rejected(Reason.BOND, f"{event.paid} wei instead of {bond}")


@rule("DIS-fdg-step", "A leaf is countered by a step of the machine that contradicts what the leaf says.")
@rule("DIS-fdg-step-once", "A leaf is countered once, and not after it is settled.")
def step_leaf(game: Game, event: Step, machine: Machine) -> Outcome:
    """The game with a leaf countered by who stepped.

    That a settled leaf is out of reach is stricter than early contracts, where a bond that was given back could still
    turn the claim above.
    """
    if game.status is not Status.IN_PROGRESS:
        return Rejected(Reason.NOT_IN_PROGRESS)
    if not 0 <= event.claim < len(game.claims):
        return Rejected(Reason.UNKNOWN_CLAIM)
    leaf = game.claims[event.claim]
    if leaf.position.depth != game.parameters.max_depth:
        return Rejected(Reason.NOT_A_LEAF, f"depth {leaf.position.depth}")
    context, ends = context_of(game, event.claim), step_ends(game, leaf, event.is_attack)
    if context is None or ends is None:
        return Rejected(Reason.UNKNOWN_CLAIM, "no claim on the path is about the other end of the step")
    refused = unproved(ends, leaf, event, machine, context)
    if refused is not None:
        return refused
    if leaf.countered_by is not None:
        return Rejected(Reason.DUPLICATE_STEP)
    if leaf.resolved:
        return Rejected(Reason.ALREADY_RESOLVED)
    return attrs.evolve(game, claims=game.claims.set(event.claim, attrs.evolve(leaf, countered_by=event.stepper)))


@rule("DIS-fdg-step-ends", "A step goes from the claim about the state before to the claim about the state after it.")
def step_ends(game: Game, leaf: Claim, is_attack: bool) -> tuple[Hash, Claim] | None:
    """The value before the step and the claim after it; None if no claim on the path is about one of them.

    A leaf is attacked by the step into it, from its left neighbour: at the first leaf of a run, from the absolute
    prestate. It is defended by the step out of it.
    """
    rules = game.parameters
    at = leaf.parent if leaf.parent is not None else 0
    if not is_attack:
        after = speaks_of(game, at, neighbour(leaf.position, 1), rules.split_depth)
        return None if after is None else (leaf.value, after)
    if is_first_of_run(leaf.position, rules.max_depth - rules.split_depth):
        return game.absolute_prestate, leaf
    before = speaks_of(game, at, neighbour(leaf.position, -1), rules.split_depth)
    return None if before is None else (before.value, leaf)


@rule("DIS-fdg-absolute-prestate", "The first step of every run starts from the absolute prestate.")
def is_first_of_run(leaf: Position, width: int) -> bool:
    """Whether the step into the leaf is the first of its run; ``width`` is max depth minus split depth."""
    return (2 * leaf.index) % (1 << width) == 0


@rule("DIS-fdg-prestate", "The state that is stepped from is the one claimed, whatever status byte the claim has.")
@rule(
    "DIS-fdg-step-parity", "A step counts only against a claim: true steps against enemies, false ones against friends."
)
def unproved(
    ends: tuple[Hash, Claim], leaf: Claim, event: Step, machine: Machine, context: Context
) -> Rejected[Reason] | None:
    """Why the step does not counter the leaf, if it does not.

    ``after`` is on the leaf's side exactly if their depths have the same parity. A step that the machine really does
    would then confirm what the leaf says; one that it does not would refute the other side.
    """
    before, after = ends
    if machine.hash_of(event.state)[1:] != before[1:]:
        return Rejected(Reason.PRESTATE)
    is_true = machine.step(event.state, event.proof, context) == after.value
    is_same_side = (leaf.position.depth - after.position.depth) % 2 == 0
    return Rejected(Reason.VALID_STEP) if is_same_side == is_true else None


@rule("DIS-fdg-block-number", "A root claim that commits to another block number than the game says loses, once shown.")
@rule("DIS-fdg-block-number-open", "After the root claim is settled its block number cannot be challenged any more.")
def challenge_block_number(game: Game, event: ChallengeBlockNumber, machine: Machine) -> Outcome:
    """The game with its block number refuted: no further moves against the root, whose bond the challenger will get."""
    if game.status is not Status.IN_PROGRESS:
        return Rejected(Reason.NOT_IN_PROGRESS)
    if game.block_challenger is not None:
        return Rejected(Reason.BLOCK_NUMBER_CHALLENGED)
    if game.claims[0].resolved:
        return Rejected(Reason.ALREADY_RESOLVED)
    number = machine.block_number(game.claims[0].value, event.evidence)
    if number is None:
        return Rejected(Reason.BLOCK_NUMBER_PROOF)
    if number == game.l2_block:
        return Rejected(Reason.BLOCK_NUMBER_MATCHES)
    challenger: Address = event.challenger
    return attrs.evolve(game, block_challenger=challenger)
