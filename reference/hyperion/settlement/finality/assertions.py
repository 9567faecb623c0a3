"""Assertions: how they are made, how one of several wins, and how a winner becomes final.

Source: the BoLD assertion chain; the anchor rules of the OP stack's registry; EIP-2935 (L1 block hashes).
"""

import attrs

from hyperion.rules import rule
from hyperion.settlement.dispute import rules as dispute
from hyperion.settlement.dispute.events import Admit, Close
from hyperion.settlement.dispute.identity import Hash, identity
from hyperion.settlement.dispute.timers import unrivalled_time
from hyperion.settlement.dispute.types import Game, Mode
from hyperion.settlement.finality.events import CloseGame, Finalize, Play, Propose, Settle
from hyperion.settlement.finality.types import (
    ASSERTION,
    QUESTION,
    Assertion,
    Chain,
    Contest,
    Inputs,
    Outcome,
    Outside,
    Reason,
)
from hyperion.settlement.rejection import Rejected


@rule("DIS-question", "Assertions contradict each other if they answer one question: all inputs are part of its name.")
def question_of(chain: Chain, inputs: Inputs, round_number: int) -> Hash:
    """The name of a question in its ``round_number``-th round: parent, span, L1 head, chain and program."""
    return identity(
        QUESTION,
        inputs.parent,
        inputs.l2_block,
        inputs.l1_height,
        inputs.l1_hash,
        chain.chain_id,
        chain.program,
        round_number,
    )


@rule(
    "DIS-propose",
    "An assertion is made on a parent that is alive, goes forward by a bounded span, and brings its bond.",
)
def propose(chain: Chain, event: Propose, outside: Outside) -> Outcome:
    """The chain with an assertion more, and with its contest opened if the question is new."""
    parent = chain.assertions.get(event.parent)
    if parent is None:
        return Rejected(Reason.UNKNOWN_PARENT)
    if not is_alive(chain, parent):
        return Rejected(Reason.DEAD_PARENT)
    refused = check_span(chain, parent, event) or check_data(chain, event)
    if refused is not None:
        return refused
    if event.paid != chain.parameters.bond:
        return Rejected(Reason.BOND, f"{event.paid} wei instead of {chain.parameters.bond}")
    head = outside.block_hash(event.l1_height) if event.l1_height <= chain.now.height else None
    if head is None:
        return Rejected(Reason.L1_HEAD, f"the L1 does not know its block {event.l1_height}")
    inputs = Inputs(event.parent, event.output.l2_block, event.l1_height, head)
    return admitted(chain, parent, inputs, event, outside)


def admitted(chain: Chain, parent: Assertion, inputs: Inputs, event: Propose, outside: Outside) -> Outcome:
    """The chain with the assertion in the current round of its question."""
    question = question_of(chain, inputs, chain.rounds.get(question_of(chain, inputs, 0), 0))
    name = identity(ASSERTION, question, event.output.digest)
    if name in chain.assertions:
        return Rejected(Reason.EXISTS)
    contest = chain.contests.get(question)
    if contest is None:
        contest = Contest(Game(chain.parameters.game, question, parent.output.digest, chain.now), event.parent)
    if contest.winner is not None:
        return Rejected(Reason.DECIDED)
    game = dispute.step(contest.game, Admit(name, event.output.digest), chain.now, outside.verifier)
    if isinstance(game, Rejected):
        return Rejected(Reason.GAME, game.reason.value)
    assertion = Assertion(name, question, inputs, event.output, event.proposer, event.paid, chain.now.time)
    return attrs.evolve(
        chain,
        assertions=chain.assertions.set(name, assertion),
        contests=chain.contests.set(question, attrs.evolve(contest, game=game)),
        bonds=chain.bonds + event.paid,
    )


@rule("DIS-alive", "An assertion is alive unless its contest is void or another assertion has won it.")
def is_alive(chain: Chain, assertion: Assertion) -> bool:
    """Whether something may be built on the assertion; the first anchor has no contest."""
    contest = chain.contests.get(assertion.question)
    return contest is None or (not contest.is_void and contest.winner in (None, assertion.id))


@rule(
    "DIS-anchor-bounded", "An assertion is ahead of its parent by at least one L2 block and at most the longest span."
)
def check_span(chain: Chain, parent: Assertion, event: Propose) -> Rejected[Reason] | None:
    """Why the assertion does not go forward as it has to, if it does not."""
    span = event.output.l2_block - parent.output.l2_block
    if span < 1:
        return Rejected(Reason.NOT_AHEAD, f"{event.output.l2_block} ≤ {parent.output.l2_block}")
    if span > chain.parameters.max_span:
        return Rejected(Reason.SPAN, f"{span} blocks > {chain.parameters.max_span}")
    return None


@rule(
    "DIS-data-decided",
    "The L1 head of an assertion is so late that it is decided whether each of its batches is available.",
)
def check_data(chain: Chain, event: Propose) -> Rejected[Reason] | None:
    """Why the availability of the span's data may still change after the L1 head, if it may.

    A batch can be challenged in one window from its inclusion and the challenge answered in one from the challenge.
    The height of the last inclusion is part of the output, so a lie about it is a false assertion.
    """
    decided = event.output.last_inclusion + chain.parameters.settling_blocks
    if event.l1_height >= decided:
        return None
    return Rejected(Reason.DATA_UNDECIDED, f"L1 head {event.l1_height} < {decided}")


@rule("DIS-play", "The players' moves go to the game; who joins it and how it ends is decided by settlement alone.")
def play(chain: Chain, event: Play, outside: Outside) -> Outcome:
    """The chain after a move in a game."""
    contest = chain.contests.get(event.question)
    if contest is None:
        return Rejected(Reason.UNKNOWN)
    if isinstance(event.move, Admit | Close):
        return Rejected(Reason.NOT_A_MOVE)
    game = dispute.step(contest.game, event.move, chain.now, outside.verifier)
    if isinstance(game, Rejected):
        return Rejected(Reason.GAME, game.reason.value)
    return with_contest(chain, event.question, attrs.evolve(contest, game=game))


def with_contest(chain: Chain, question: Hash, contest: Contest) -> Chain:
    """The chain with a contest as given."""
    return attrs.evolve(chain, contests=chain.contests.set(question, contest))


@rule(
    "DIS-settle",
    "An assertion on a final parent wins if nobody denies it for the threshold, or if its game is decided for it.",
)
def settle(chain: Chain, event: Settle) -> Outcome:
    """The chain with a contest decided."""
    assertion = chain.assertions.get(event.assertion)
    contest = None if assertion is None else chain.contests.get(assertion.question)
    if assertion is None or contest is None:
        return Rejected(Reason.UNKNOWN)
    if contest.is_void:
        return Rejected(Reason.VOID)
    if contest.winner is not None:
        return Rejected(Reason.DECIDED)
    if contest.parent not in chain.final:
        return Rejected(Reason.PARENT_NOT_FINAL)
    if contest.game.winner != assertion.id and not stood_alone(chain, contest.game, assertion):
        return Rejected(Reason.WINDOW)
    decided = attrs.evolve(contest, winner=assertion.id, won_at=chain.now.time)
    return with_contest(chain, assertion.question, decided)


@rule("DIS-challenge-window", "An assertion that nobody denies wins after the threshold, in seconds from its creation.")
def stood_alone(chain: Chain, game: Game, assertion: Assertion) -> bool:
    """Whether the assertion is without a rival, and has been for as long as confirms an edge."""
    rivalry = game.contest
    if rivalry is None or rivalry.rivalled_at is not None:
        return False
    time = unrivalled_time(rivalry.first == assertion.id, assertion.created, None, chain.now.time)
    return time >= chain.parameters.game.threshold


@rule("DIS-air-gap", "What was decided has consequences only after more than the air gap.")
def is_past_air_gap(chain: Chain, contest: Contest) -> bool:
    """Whether the guardian has had its time."""
    return chain.now.time - contest.won_at > chain.parameters.air_gap


@rule(
    "DIS-finalize",
    "A winner becomes final, and the anchor, if its parent is the anchor: so the anchor only goes forward.",
)
def finalize(chain: Chain, event: Finalize) -> Outcome:
    """The chain with a new anchor."""
    assertion = chain.assertions.get(event.assertion)
    contest = None if assertion is None else chain.contests.get(assertion.question)
    if assertion is None or contest is None:
        return Rejected(Reason.UNKNOWN)
    if chain.now.time < chain.paused_until:
        return Rejected(Reason.PAUSED)
    if contest.is_void:
        return Rejected(Reason.VOID)
    if contest.winner != assertion.id:
        return Rejected(Reason.NOT_WON)
    if contest.parent != chain.anchor:
        return Rejected(Reason.NOT_NEXT)
    if not is_past_air_gap(chain, contest):
        return Rejected(Reason.AIR_GAP)
    return attrs.evolve(chain, anchor=assertion.id, final=chain.final.set(assertion.id, chain.now.time))


@rule("DIS-close-game", "The money of a game is given out by its outcome after the air gap.")
def close_game(chain: Chain, event: CloseGame, outside: Outside) -> Outcome:
    """The chain with the game of a decided contest closed; to its players it is all one if the winner is final."""
    contest = chain.contests.get(event.question)
    if contest is None:
        return Rejected(Reason.UNKNOWN)
    if contest.is_void:
        return Rejected(Reason.VOID)
    if contest.winner is None or contest.game.winner is None:
        return Rejected(Reason.NOT_WON)
    if not is_past_air_gap(chain, contest):
        return Rejected(Reason.AIR_GAP)
    game = dispute.step(contest.game, Close(Mode.NORMAL), chain.now, outside.verifier)
    if isinstance(game, Rejected):
        return Rejected(Reason.GAME, game.reason.value)
    return with_contest(chain, event.question, attrs.evolve(contest, game=game))
