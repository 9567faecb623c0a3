"""The guardian: may delay within a budget, and void before finality. It can make nothing valid, and take nothing."""

import attrs

from hyperion.rules import rule
from hyperion.settlement.dispute import rules as dispute
from hyperion.settlement.dispute.events import Close
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.types import Mode
from hyperion.settlement.finality.assertions import is_alive, is_past_air_gap, question_of, with_contest
from hyperion.settlement.finality.events import Pause, ReturnBond, Void, VoidOrphans
from hyperion.settlement.finality.types import Assertion, Chain, Contest, Outcome, Outside, Reason
from hyperion.settlement.rejection import Rejected


@rule("DIS-pause", "The guardian holds up finality and payments for no longer in total than its budget.")
def pause(chain: Chain, event: Pause) -> Outcome:
    """The chain with payments held up for so many seconds more."""
    used = chain.pause_used + event.seconds
    if event.seconds < 0 or used > chain.parameters.pause_budget:
        return Rejected(Reason.PAUSE_BUDGET, f"{used} s > {chain.parameters.pause_budget} s")
    until = max(chain.paused_until, chain.now.time) + event.seconds
    return attrs.evolve(chain, paused_until=until, pause_used=used)


@rule(
    "DIS-void",
    "The guardian may void a contest before any of it is final or paid out: all get back what they put down.",
)
def void(chain: Chain, event: Void, outside: Outside) -> Outcome:
    """The chain with a contest void, and its question open for a new round: a true answer is delayed, not lost."""
    contest = chain.contests.get(event.question)
    if contest is None:
        return Rejected(Reason.UNKNOWN)
    if contest.is_void:
        return Rejected(Reason.VOID)
    if contest.winner in chain.final or contest.game.mode is not Mode.OPEN:
        return Rejected(Reason.TOO_LATE)
    return refunding(chain, event.question, contest, outside)


@rule(
    "DIS-void-orphans",
    "On an assertion that lost or was voided, nothing can be settled: all get back what they put down.",
)
def void_orphans(chain: Chain, event: VoidOrphans, outside: Outside) -> Outcome:
    """The chain with a contest void whose question has no answer, since it supposes what is false. Anyone may ask."""
    contest = chain.contests.get(event.question)
    if contest is None:
        return Rejected(Reason.UNKNOWN)
    if contest.is_void:
        return Rejected(Reason.VOID)
    if is_alive(chain, chain.assertions[contest.parent]):
        return Rejected(Reason.PARENT_ALIVE)
    return refunding(chain, event.question, contest, outside)


def refunding(chain: Chain, question: Hash, contest: Contest, outside: Outside) -> Outcome:
    """The chain with the contest void, its game refunding, and the next round open."""
    game = dispute.step(contest.game, Close(Mode.REFUND), chain.now, outside.verifier)
    if isinstance(game, Rejected):
        return Rejected(Reason.GAME, game.reason.value)
    first = first_round_of(chain, question)
    chain = attrs.evolve(chain, rounds=chain.rounds.set(first, chain.rounds.get(first, 0) + 1))
    return with_contest(chain, question, attrs.evolve(contest, game=game, is_void=True))


def first_round_of(chain: Chain, question: Hash) -> Hash:
    """The name that the question has in its first round; every contest has an assertion, whose inputs say it."""
    of: Assertion = min(
        (assertion for assertion in chain.assertions.values() if assertion.question == question),
        key=lambda assertion: assertion.id,
    )
    return question_of(chain, of.inputs, 0)


@rule("DIS-bond-return", "The bond of an assertion goes back if it has won or its contest is void, else it stays.")
def return_bond(chain: Chain, event: ReturnBond) -> Outcome:
    """The chain after a bond went back to the proposer, once, after the air gap."""
    assertion = chain.assertions.get(event.assertion)
    contest = None if assertion is None else chain.contests.get(assertion.question)
    if assertion is None or contest is None:
        return Rejected(Reason.UNKNOWN)
    if assertion.bond_returned:
        return Rejected(Reason.BOND_RETURNED)
    if not contest.is_void:
        if contest.winner is None:
            return Rejected(Reason.NOT_WON)
        if contest.winner != assertion.id:
            return Rejected(Reason.BOND_LOST)
        if not is_past_air_gap(chain, contest):
            return Rejected(Reason.AIR_GAP)
    returned = attrs.evolve(assertion, bond_returned=True)
    return attrs.evolve(
        chain,
        assertions=chain.assertions.set(assertion.id, returned),
        bonds=chain.bonds - assertion.bond,
    )
