"""From the leaves up: which claims stand, and to whom bonds fall. Source: the specification, "Resolution"."""

import attrs

from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.settlement.faultgame.bonds import distributed
from hyperion.settlement.faultgame.clocks import challenger_duration
from hyperion.settlement.faultgame.events import ResolveClaim
from hyperion.settlement.faultgame.types import Checkpoint, Claim, Game, Outcome, Reason, Status
from hyperion.settlement.rejection import Rejected


@rule("DIS-fdg-resolve-claim", "A claim is settled when nobody can answer it any more and all answers are settled.")
@rule("DIS-fdg-pages", "The answers to a claim may be gone through in pages of any size; the outcome is the same.")
def resolve_claim(game: Game, event: ResolveClaim) -> Outcome:
    """The game after a page of the answers to a claim, which is settled if it was the last.

    That its clock has run out is asked although all answers are settled: with extensions, that would not follow.
    """
    if game.status is not Status.IN_PROGRESS:
        return Rejected(Reason.NOT_IN_PROGRESS)
    if not 0 <= event.claim < len(game.claims):
        return Rejected(Reason.UNKNOWN_CLAIM)
    claim = game.claims[event.claim]
    if challenger_duration(game, event.claim) < game.parameters.max_clock:
        return Rejected(Reason.CLOCK_RUNNING)
    if claim.resolved:
        return Rejected(Reason.ALREADY_RESOLVED)
    if event.count < 0:
        return Rejected(Reason.NEGATIVE_COUNT)
    checkpoint = game.checkpoints.get(event.claim, Checkpoint())
    last = len(claim.children) if event.count == 0 else min(checkpoint.cursor + event.count, len(claim.children))
    answers = [game.claims[index] for index in claim.children[checkpoint.cursor : last]]
    if not all(answer.resolved for answer in answers):
        return Rejected(Reason.CHILD_UNRESOLVED)
    for answer in answers:
        checkpoint = gone_through(checkpoint, answer)
    game = attrs.evolve(game, checkpoints=game.checkpoints.set(event.claim, checkpoint))
    return settled(game, event.claim, checkpoint) if checkpoint.cursor == len(claim.children) else game


@rule("DIS-fdg-leftmost", "Of the answers that stand, the leftmost counts; of several at one place, the oldest.")
def gone_through(checkpoint: Checkpoint, answer: Claim) -> Checkpoint:
    """The checkpoint after one answer more."""
    best, place = checkpoint.leftmost, answer.position.general
    cursor = checkpoint.cursor + 1
    if answer.countered_by is None and (best is None or place < best):
        return Checkpoint(cursor, place, answer.claimant)
    return attrs.evolve(checkpoint, cursor=cursor)


@rule("DIS-fdg-settle", "A claim falls if an answer to it stands; its bond goes to that answer's maker, else back.")
def settled(game: Game, index: int, checkpoint: Checkpoint) -> Game:
    """The game with a claim settled: who countered it is noted, and its bond is credited."""
    claim = game.claims[index]
    countered = counters(game, index, claim, checkpoint)
    claim = attrs.evolve(claim, countered_by=countered, resolved=True)
    payee = claim.claimant if countered is None else countered
    return attrs.evolve(game, claims=game.claims.set(index, claim), bonds=distributed(game.bonds, payee, claim.bond))


@rule("DIS-fdg-block-number-first", "Who refuted the block number counters the root before all others.")
def counters(game: Game, index: int, claim: Claim, checkpoint: Checkpoint) -> Address | None:
    """Who counters the claim; a leaf has no answers, but may have been stepped against."""
    if index == 0 and game.block_challenger is not None:
        return game.block_challenger
    return checkpoint.countered_by if claim.children else claim.countered_by


@rule("DIS-fdg-resolve", "The defender wins exactly if nobody counters the root claim.")
def resolve(game: Game) -> Outcome:
    """The game with its outcome."""
    if game.status is not Status.IN_PROGRESS:
        return Rejected(Reason.NOT_IN_PROGRESS)
    if not game.claims[0].resolved:
        return Rejected(Reason.ROOT_UNRESOLVED)
    stands = game.claims[0].countered_by is None
    return attrs.evolve(game, status=Status.DEFENDER_WINS if stands else Status.CHALLENGER_WINS, resolved_at=game.now)
