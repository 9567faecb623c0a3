"""How edges come to be: an assertion joins, a level is opened, an edge is cut.

Each function takes the game at the time of the event, and gives the game after it or the reason of a refusal.
"""

import attrs

from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.settlement.dispute.bisection import bisection_height
from hyperion.settlement.dispute.events import Admit, Bisect, ConfirmByOneStepProof, Refine, Root
from hyperion.settlement.dispute.funds import deposit
from hyperion.settlement.dispute.identity import Hash, edge_id, mutual_id
from hyperion.settlement.dispute.timers import is_rivalled, rivalry_of
from hyperion.settlement.dispute.types import Claim, Edge, Game, Mode, Outcome, Reason, Rivalry, Verifier
from hyperion.settlement.rejection import Rejected


@rule("DIS-rivals", "The second answer to a question ends the unrivalled time of the first; later ones change nothing.")
def joined(rivalry: Rivalry | None, newcomer: Hash, now: int) -> Rivalry:
    """The rivalry with one answer more, which came at time ``now``."""
    if rivalry is None:
        return Rivalry(newcomer)
    if rivalry.rivalled_at is None:
        return attrs.evolve(rivalry, rivalled_at=now)
    return rivalry


@rule("DIS-admit", "Assertions with the same parent are rivals from the creation of the second on.")
def admit(game: Game, event: Admit) -> Outcome:
    """The game with one assertion more; settlement sees to it that it is a child of the contested parent."""
    if game.mode is not Mode.OPEN or game.winner is not None:
        return Rejected(Reason.DECIDED, "the contest is over")
    if event.claim in game.claimed:
        return Rejected(Reason.CLAIM_EXISTS)
    return attrs.evolve(
        game,
        claimed=game.claimed.set(event.claim, Claim(event.state, game.now.time)),
        contest=joined(game.contest, event.claim, game.now.time),
    )


def placed(game: Game, edge: Edge) -> Game:
    """The game with an edge that it did not have."""
    rivalry = joined(game.rivalries.get(edge.mutual), edge.id, game.now.time)
    return attrs.evolve(game, edges=game.edges.set(edge.id, edge), rivalries=game.rivalries.set(edge.mutual, rivalry))


def new_edge(
    game: Game, level: int, origin: Hash, start: tuple[int, Hash], end: tuple[int, Hash], mover: Address
) -> Edge:
    """The edge between two heights, each with the root of the history up to it, made now."""
    mutual = mutual_id(level, origin, *start, end[0])
    return Edge(edge_id(mutual, end[1]), mutual, level, origin, *start, *end, game.now.time, mover)


@rule("DIS-stake-exact", "An edge that opens a level costs exactly the stake of that level; no other edge costs any.")
def opened(
    game: Game, level: int, origin: Hash, claim: Hash, start: Hash, event: Root | Refine, verifier: Verifier
) -> Outcome:
    """The game with a root of a level: a whole history that begins in the state ``start``.

    The first stake on a question is held for the winner; a later one goes to the pool, since at most one is right.
    """
    rules = game.parameters.levels[level]
    if event.paid != rules.stake:
        return Rejected(Reason.STAKE, f"{event.paid} wei instead of {rules.stake}")
    steps, root = 2**rules.height, verifier.single(start)
    if not verifier.is_prefix(root, 0, event.end_root, steps, event.prefix_proof):
        return Rejected(Reason.PREFIX_PROOF, "the history does not begin in the state in which it has to")
    edge = new_edge(game, level, origin, (0, root), (steps, event.end_root), event.mover)
    if edge.id in game.edges:
        return Rejected(Reason.EDGE_EXISTS)
    edge = attrs.evolve(edge, claim=claim, stake=event.paid)
    is_first = edge.mutual not in game.rivalries
    return attrs.evolve(placed(game, edge), ledger=deposit(game.ledger, event.paid, is_first))


@rule("DIS-root", "A root of level 0 stands for a contested assertion, and ends in the assertion's state.")
def create_root(game: Game, event: Root, verifier: Verifier) -> Outcome:
    """The game with a root edge for an assertion; refused for one without a sibling, and after the decision."""
    if game.winner is not None:
        return Rejected(Reason.DECIDED, "an assertion has won")
    claim = game.claimed.get(event.claim)
    if claim is None:
        return Rejected(Reason.UNKNOWN_CLAIM)
    if game.contest is None or game.contest.rivalled_at is None:
        return Rejected(Reason.CLAIM_UNRIVALLED, "an assertion without a sibling is confirmed by time")
    steps, last = 2 ** game.parameters.levels[0].height, verifier.leave(0, claim.state)
    if not verifier.includes(event.end_root, steps, steps, last, event.end_proof):
        return Rejected(Reason.END_PROOF, "the history does not end in the state of the assertion")
    return opened(game, 0, game.origin, event.claim, verifier.enter(0, game.start), event, verifier)


@rule("DIS-refine", "A contested step is refined by a history that begins and ends where the step does.")
def refine(game: Game, event: Refine, verifier: Verifier) -> Outcome:
    """The game with a root edge of the next level, which stands for the step that ``event.edge`` claims."""
    edge = game.edges.get(event.edge)
    if edge is None:
        return Rejected(Reason.UNKNOWN_EDGE)
    level = edge.level + 1
    if level >= len(game.parameters.levels):
        return Rejected(Reason.LAST_LEVEL)
    refused = contested(game, edge) or step_ends(edge, event, verifier)
    if refused is not None:
        return refused
    steps, last = 2 ** game.parameters.levels[level].height, verifier.leave(level, event.after)
    if not verifier.includes(event.end_root, steps, steps, last, event.end_proof):
        return Rejected(Reason.END_PROOF, "the history does not end where the step does")
    return opened(game, level, edge.mutual, edge.id, verifier.enter(level, event.before), event, verifier)


def contested(game: Game, edge: Edge) -> Rejected[Reason] | None:
    """Why the edge may not be taken apart, if it may not: somebody has to deny it, and nobody may have won."""
    if not is_rivalled(game, edge):
        return Rejected(Reason.UNRIVALLED)
    if edge.confirmed:
        return Rejected(Reason.ALREADY_CONFIRMED)
    if rivalry_of(game, edge).confirmed is not None:
        return Rejected(Reason.RIVAL_CONFIRMED)
    return None


@rule("DIS-step-ends", "Who speaks of a single step names the states before and after it, and shows them.")
def step_ends(edge: Edge, event: Refine | ConfirmByOneStepProof, verifier: Verifier) -> Rejected[Reason] | None:
    """Why the states of the event are not those between which the edge steps, if they are not."""
    if edge.length != 1:
        return Rejected(Reason.NOT_SINGLE_STEP, f"{edge.length} steps")
    if not verifier.includes(edge.start_root, edge.start_height, edge.start_height, event.before, event.before_proof):
        return Rejected(Reason.START_PROOF)
    if not verifier.includes(edge.end_root, edge.end_height, edge.end_height, event.after, event.after_proof):
        return Rejected(Reason.END_PROOF)
    return None


@rule("DIS-bisect", "Anyone may cut a contested edge of more than one step: at one height, with one root.")
def bisect(game: Game, event: Bisect, verifier: Verifier) -> Outcome:
    """The game with both halves of an edge; a half that is there already is shared, whoever made it.

    That the start begins the middle needs no proof: both begin the end, and the start is the shorter.
    """
    edge = game.edges.get(event.edge)
    if edge is None:
        return Rejected(Reason.UNKNOWN_EDGE)
    refused = contested(game, edge)
    if refused is not None:
        return refused
    if edge.lower is not None:
        return Rejected(Reason.ALREADY_BISECTED, "the same cut was made before")
    middle = bisection_height(edge.start_height, edge.end_height)
    if middle is None:
        return Rejected(Reason.SINGLE_STEP)
    if not verifier.is_prefix(event.middle_root, middle, edge.end_root, edge.end_height, event.proof):
        return Rejected(Reason.PREFIX_PROOF, f"height {middle} of {edge.end_height}")
    start, cut = (edge.start_height, edge.start_root), (middle, event.middle_root)
    end = (edge.end_height, edge.end_root)
    lower = new_edge(game, edge.level, edge.origin, start, cut, event.mover)
    upper = new_edge(game, edge.level, edge.origin, cut, end, event.mover)
    game = shared(shared(game, lower), upper)
    return attrs.evolve(game, edges=game.edges.set(edge.id, attrs.evolve(edge, lower=lower.id, upper=upper.id)))


@rule("DIS-shared-half", "A half that another edge has already is the same edge: making it again is no failure.")
def shared(game: Game, edge: Edge) -> Game:
    """The game with the edge; if it has it already, the game as it is, so that nobody can be in the way of a cut."""
    return game if edge.id in game.edges else placed(game, edge)
