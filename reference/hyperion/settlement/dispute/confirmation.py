"""How an edge wins: it was proved, its halves won, what stands for it won, or it stood unrivalled long enough."""

import attrs

from hyperion.rules import rule
from hyperion.settlement.dispute.events import (
    ConfirmByChildren,
    ConfirmByClaim,
    ConfirmByOneStepProof,
    ConfirmByTime,
    Decide,
    UpdateTimer,
    UpdateTimerByClaim,
)
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.moves import step_ends
from hyperion.settlement.dispute.timers import assertion_time, credited, own_time, timer_by_claim, timer_of
from hyperion.settlement.dispute.types import INFINITE, Edge, Game, Outcome, Reason, Verifier
from hyperion.settlement.rejection import Rejected


def with_timer(game: Game, edge: Edge, earned: int) -> Outcome:
    """The game with the edge credited what it earned; an update that changes nothing is refused."""
    timer = credited(edge.timer, earned)
    if timer == edge.timer:
        return Rejected(Reason.NOTHING_TO_UPDATE, f"{earned} s earned, {edge.timer} s credited")
    return attrs.evolve(game, edges=game.edges.set(edge.id, attrs.evolve(edge, timer=timer)))


@rule("DIS-update-timer", "Anyone may have an edge credited what it and its halves have earned.")
def update_timer(game: Game, event: UpdateTimer) -> Outcome:
    """The game with the timer of one edge brought up to date with those of its halves."""
    edge = game.edges.get(event.edge)
    if edge is None:
        return Rejected(Reason.UNKNOWN_EDGE)
    return with_timer(game, edge, timer_of(game, edge))


@rule("DIS-claim-link", "Only an edge that stands for exactly this step, not for a rival of it, lends it its time.")
def claimant_of(game: Game, edge: Hash, claimant: Hash) -> tuple[Edge, Edge] | Rejected[Reason]:
    """The edge, and the root of a lower level that stands for it; both belong to one question, so the id decides."""
    if edge not in game.edges or claimant not in game.edges:
        return Rejected(Reason.UNKNOWN_EDGE)
    below = game.edges[claimant]
    if below.level == 0 or below.claim != edge:
        return Rejected(Reason.NOT_CLAIMED)
    return game.edges[edge], below


@rule("DIS-update-timer-by-claim", "Anyone may have a single step credited what an edge that stands for it has earned.")
def update_timer_by_claim(game: Game, event: UpdateTimerByClaim) -> Outcome:
    """The game with the timer of one edge brought up to date with that of one edge one level below."""
    pair = claimant_of(game, event.edge, event.claimant)
    if isinstance(pair, Rejected):
        return pair
    edge, below = pair
    return with_timer(game, edge, timer_by_claim(own_time(game, edge), below.timer))


@rule("DIS-one-winner", "Of all rivals, at most one is confirmed, once and for all.")
def confirmed(game: Game, edge: Edge) -> Outcome:
    """The game with the edge confirmed."""
    if edge.confirmed:
        return Rejected(Reason.ALREADY_CONFIRMED)
    rivalry = game.rivalries[edge.mutual]
    if rivalry.confirmed is not None:
        return Rejected(Reason.RIVAL_CONFIRMED)
    return attrs.evolve(
        game,
        edges=game.edges.set(edge.id, attrs.evolve(edge, confirmed=True)),
        rivalries=game.rivalries.set(edge.mutual, attrs.evolve(rivalry, confirmed=edge.id)),
    )


@rule("DIS-confirm-by-time", "An edge is confirmed that has been credited unrivalled time of at least the threshold.")
def confirm_by_time(game: Game, event: ConfirmByTime) -> Outcome:
    """The game with an edge confirmed that has stood long enough by itself."""
    edge = game.edges.get(event.edge)
    if edge is None:
        return Rejected(Reason.UNKNOWN_EDGE)
    total = timer_of(game, edge)
    if total < game.parameters.threshold:
        return Rejected(Reason.TIMER_TOO_LOW, f"{total} s < {game.parameters.threshold} s")
    return confirmed(game, edge)


@rule(
    "DIS-decide", "An assertion wins whose time, with that of any one root that stands for it, reaches the threshold."
)
def decide(game: Game, event: Decide) -> Outcome:
    """The game with its winner; a root that is confirmed needs no time. The decision is final.

    Any root will do, also one with a false history: it stands for the same end, so it helps the truth or hurts itself.
    """
    edge = game.edges.get(event.edge)
    if edge is None:
        return Rejected(Reason.UNKNOWN_EDGE)
    if edge.level != 0 or edge.claim is None:
        return Rejected(Reason.NOT_A_ROOT)
    if game.winner is not None:
        return Rejected(Reason.DECIDED)
    rival = game.rivalries[edge.mutual].confirmed
    if rival is not None and game.edges[rival].claim != edge.claim:
        return Rejected(Reason.RIVAL_CONFIRMED)
    total = timer_of(game, edge) + assertion_time(game, edge.claim)
    if total < game.parameters.threshold and not edge.confirmed:
        return Rejected(Reason.TIMER_TOO_LOW, f"{total} s < {game.parameters.threshold} s")
    return attrs.evolve(game, winner=edge.claim)


@rule("DIS-confirm-by-children", "An edge is confirmed whose halves are both confirmed.")
def confirm_by_children(game: Game, event: ConfirmByChildren) -> Outcome:
    """The game with an edge confirmed that consists of what is confirmed."""
    edge = game.edges.get(event.edge)
    if edge is None:
        return Rejected(Reason.UNKNOWN_EDGE)
    if edge.lower is None or edge.upper is None:
        return Rejected(Reason.NO_CHILDREN)
    if not (game.edges[edge.lower].confirmed and game.edges[edge.upper].confirmed):
        return Rejected(Reason.CHILD_NOT_CONFIRMED)
    return confirmed(game, edge)


@rule("DIS-confirm-by-claim", "A single step is confirmed if an edge that stands for exactly this step is confirmed.")
def confirm_by_claim(game: Game, event: ConfirmByClaim) -> Outcome:
    """The game with an edge confirmed whose refinement is confirmed."""
    pair = claimant_of(game, event.edge, event.claimant)
    if isinstance(pair, Rejected):
        return pair
    edge, below = pair
    return confirmed(game, edge) if below.confirmed else Rejected(Reason.CLAIM_NOT_CONFIRMED)


@rule("DIS-confirm-by-one-step", "A single step is confirmed, with infinite time, if the machine does just this step.")
def confirm_by_one_step(game: Game, event: ConfirmByOneStepProof, verifier: Verifier) -> Outcome:
    """The game with an edge confirmed that one step of the machine proves; the verifier sees root and witness only."""
    edge = game.edges.get(event.edge)
    if edge is None:
        return Rejected(Reason.UNKNOWN_EDGE)
    if not game.parameters.levels[edge.level].provable:
        return Rejected(Reason.NOT_PROVABLE, f"level {edge.level}")
    refused = step_ends(edge, event, verifier)
    if refused is not None:
        return refused
    if verifier.step(edge.level, event.before, event.witness) != event.after:
        return Rejected(Reason.STEP_PROOF)
    return confirmed(game, attrs.evolve(edge, timer=INFINITE))
