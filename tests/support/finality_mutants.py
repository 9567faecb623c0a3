"""Mistakes that implementations of finality have made or could make, each with the check that tells it.

A mutant replaces one function of the model; a check says whether something that the model promises is so.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import attrs
import pytest

from hyperion.sequencer.finality import acts, certificates, consensus, driver, log, node, votes
from hyperion.sequencer.finality.certificates import Handover, certificate_of, handover_refused, refused
from hyperion.sequencer.finality.node import Deliver, Supply, gossip, node_of, step
from hyperion.sequencer.finality.types import (
    NOTHING,
    Decide,
    Input,
    Kind,
    Proposal,
    Propose,
    Refusal,
    StartTimeout,
    Step,
    Timeout,
    Vote,
    VoteType,
)
from hyperion.sequencer.finality.votes import validators_of
from hyperion_conformance.bft.network import hiding, network_of, run, two_faced, world_of
from hyperion_conformance.exploration.bft import BftPlan
from hyperion_conformance.exploration.search import begin, explore, system_of
from tests.support.finality import (
    BAD,
    FOUR,
    NAMES,
    SETTING,
    A,
    B,
    driven,
    late,
    precommit,
    prevote,
    proposal,
    votes_of,
)

PREVOTE, PRECOMMIT = VoteType.PREVOTE, VoteType.PRECOMMIT
LOCKED: Final[tuple[node.Event, ...]] = (proposal(A), prevote(b"a", A), prevote(b"b", A))
"""d prevotes A, and with the polka locks it."""
NEXT: Final[tuple[node.Event, ...]] = (*(precommit(name, None) for name in NAMES[:2]), late(Timeout.PRECOMMIT))
"""Round 0 ends, round 1 begins."""


# --- checks ---------------------------------------------------------------------------------------------------------


def explored() -> bool:
    """2 rounds, 3 honest validators and a liar: the first 6,000 states have no fault."""
    system_of.cache_clear()  # a system remembers what rows did; a mutant's rows do something else
    search = explore(begin(BftPlan()), watch=lambda search: len(search.states) < 6_000)
    return search.fault is None


def explored_further() -> bool:
    """The same in the first 60,000 states: two decisions are 12 steps away."""
    system_of.cache_clear()
    return explore(begin(BftPlan()), watch=lambda search: len(search.states) < 60_000).fault is None


def lock_refuses() -> bool:
    """Another new value gets nil after a lock."""
    return votes_of(driven([*LOCKED, *NEXT, proposal(B, 1)])[1])[-1] == (PREVOTE, 1, None)


def lock_survives_nil() -> bool:
    """A polka for nil does not unlock."""
    polka = [prevote(name, None, 1) for name in NAMES[:3]]
    return driven([*LOCKED, *NEXT, late(Timeout.PROPOSE, 1), *polka])[0].driver.consensus.locked_value == A


def later_polka_frees() -> bool:
    """A polka after the lock frees it, one before it does not."""
    round_1: list[node.Event] = [*LOCKED, *NEXT, proposal(A, 1, 0), *(prevote(name, A, 1) for name in NAMES[:3])]
    old = [*(prevote(name, B) for name in NAMES[:1])]
    skip = [precommit(name, None, 2) for name in NAMES[:2]]
    before = Deliver(certificate_of(PREVOTE, 0, 0, B, NAMES[:3]))
    events: list[node.Event] = [*round_1, *old, *skip, before, proposal(B, 2, 0)]
    frees: list[node.Event] = [*LOCKED, *skip, Deliver(certificate_of(PREVOTE, 0, 1, B, NAMES[:3])), proposal(B, 2, 1)]
    return votes_of(driven(events)[1])[-1] == (PREVOTE, 2, None) and votes_of(driven(frees)[1])[-1] == (PREVOTE, 2, B)


def weights_decide() -> bool:
    """Quorums are of weight: 1 of 4 heads may be a quorum, 3 of 4 none; two thirds are none."""
    heavy = validators_of({b"a": 9, b"b": 1, b"c": 1, b"d": 1})
    thirds = validators_of({b"a": 1, b"b": 1, b"c": 1})

    def of(*names: bytes) -> certificates.Certificate:
        return certificate_of(PRECOMMIT, 0, 0, A, names)

    return (
        refused(of(b"a"), heavy) is None
        and refused(of(b"b", b"c", b"d"), heavy) is not None
        and refused(of(b"a", b"b"), thirds) is not None
    )


def values_apart() -> bool:
    """Precommits for different values do not add up."""
    events = [proposal(A), precommit(b"a", A), precommit(b"b", B), precommit(b"c", A)]
    return Decide(0, A) not in driven(events)[1]


def first_counts() -> bool:
    """A second vote is evidence, and no weight."""
    node, effects = driven([proposal(A), precommit(b"a", B), precommit(b"a", A), precommit(b"b", A)])
    quiet = Decide(0, A) not in effects and len(node.driver.keeper.evidence) == 1
    node, effects = driven([proposal(A), precommit(b"a", A), precommit(b"a", A), precommit(b"a", A)])
    return quiet and Decide(0, A) not in effects and not node.driver.keeper.evidence


def invalid_gets_nil() -> bool:
    """An invalid proposal gets nil, and is not decided whoever votes for it."""
    _, effects = driven([proposal(BAD), *(precommit(name, BAD) for name in NAMES[:3])])
    return votes_of(effects)[0] == (PREVOTE, 0, None) and not any(isinstance(e, Decide) for e in effects)


def past_decides() -> bool:
    """Precommits of a past round decide, and so does a proposal that comes last."""
    skip = [prevote(name, None, 3) for name in NAMES[:2]]
    commit = [precommit(name, A) for name in NAMES[:3]]
    orders = ([proposal(A), *skip, *commit], [*skip, *commit, proposal(A)])
    return all(Decide(0, A) in driven(events)[1] for events in orders)


def past_decides_in_the_driver() -> bool:
    """The published driver too decides by precommits of a past round."""
    state, decided = acts.driver_of(b"d", FOUR, 0), False
    skip = [prevote(name, None, 3) for name in NAMES[:2]]
    events = [proposal(A), *skip, *(precommit(name, A) for name in NAMES[:3])]
    told: list[acts.Act] = [acts.Start(), *(acts.Receive(event.message) for event in events)]
    for what in told:
        state, output, _ = driver.act(state, what, SETTING)
        decided = decided or output == Decide(0, A)
    return decided


def stale_is_nothing() -> bool:
    """A timer of a past round changes nothing."""
    nobody = [precommit(name, None) for name in NAMES[:3]]
    state, _ = driven([late(Timeout.PROPOSE), *nobody, late(Timeout.PRECOMMIT)])
    return step(state, late(Timeout.PROPOSE, 0), SETTING) == (state, ())


def only_leaders_propose() -> bool:
    """A proposal of another validator is dropped."""
    other = Deliver(Proposal(b"b", 0, 0, A, -1))
    return votes_of(driven([other])[1]) == []


def strangers_are_nothing() -> bool:
    """Votes from outside of the snapshot are not kept, a certificate with a stranger is refused."""
    state, _ = driven([prevote(b"x", A)])
    stranger = certificate_of(PRECOMMIT, 0, 0, A, (*NAMES, b"x"))
    return not state.driver.keeper.rounds and refused(stranger, FOUR) is not None


def signers_count_once() -> bool:
    """A signer named three times is no quorum."""
    return refused(certificates.Certificate(PRECOMMIT, 0, 0, A, (b"a", b"a", b"a")), FOUR) is not None


def handover_needs_both() -> bool:
    """Without the old set's quorum, or for another block, there is no hand-over."""
    new = validators_of({b"e": 1})
    old = certificate_of(PRECOMMIT, 5, 0, A, NAMES[:3])
    weak, other = certificate_of(PRECOMMIT, 5, 0, A, NAMES[:1]), certificate_of(PRECOMMIT, 5, 0, B, (b"e",))
    both = certificate_of(PRECOMMIT, 5, 0, A, (b"e",))
    results = [handover_refused(each, FOUR, new) for each in (Handover(weak, both), Handover(old, other))]
    return all(result is not None for result in results) and handover_refused(Handover(old, both), FOUR, new) is None


def restart_repeats() -> bool:
    """After a restart a leader proposes what it proposed, and nothing else."""
    before, journal = node_of(b"a", FOUR), log.Log(node_of(b"a", FOUR))
    events: tuple[node.Event, ...] = (node.Begin(FOUR), Supply(0, 0, A))
    for event in events:
        journal = log.logged(journal, before, event)
        before, _ = step(before, event, SETTING)
    after, effects = log.restarted(journal, SETTING)
    after, more = step(after, Supply(0, 0, B), SETTING)
    proposals = {effect.proposal.value for effect in (*effects, *more) if isinstance(effect, Propose)}
    return proposals == {A}


def one_answer() -> bool:
    """A second answer of the application is no second proposal."""
    _, effects = driven([Supply(0, 0, A), Supply(0, 0, B)], b"a")
    return sum(isinstance(effect, Propose) for effect in effects) == 1


def nothing_is_forgotten() -> bool:
    """Votes that came before their step start the timeout, and lock."""
    early = [prevote(b"a", A), prevote(b"b", None), prevote(b"c", None)]
    waits = StartTimeout(0, Timeout.PREVOTE) in driven([*early, proposal(A)])[1]
    polka = [prevote(name, B) for name in NAMES[:3]]
    return waits and (PRECOMMIT, 0, B) in votes_of(driven([*polka, proposal(A), proposal(B)])[1])


def locks_are_shown() -> bool:
    """Gossip has the polka of the lock."""
    return any(isinstance(message, certificates.Certificate) for message in gossip(driven(LOCKED)[0]))


def skips() -> bool:
    """More than a third in a later round is followed; a third is not."""
    one = driven([prevote(b"a", None, 2)])[0].driver.consensus.round
    two = driven([prevote(name, None, 2) for name in NAMES[:2]])[0].driver.consensus.round
    return (one, two) == (0, 2)


def decided_stays() -> bool:
    """A decided height is not decided again."""
    commit = [precommit(name, A) for name in NAMES[:3]]
    events: list[node.Event] = [proposal(A), *commit, late(Timeout.PRECOMMIT), proposal(B, 1)]
    again = [*(precommit(name, B, 1) for name in NAMES[:3])]
    state, effects = driven([*events, *again])
    once = sum(isinstance(effect, Decide) for effect in effects) == 1 and len(state.driver.chain) == 1
    return once and state.driver.consensus.step == Step.COMMIT


def lives() -> bool:
    """With a hidden lock and a liar, 6 seeds decide two heights in time."""
    weights = validators_of({b"v%d" % number: 1 for number in range(4)})
    networks = [
        network_of(world_of(weights, hiding(20_000), liars={b"v3": two_faced}, heights=2, checks=True), seed)
        for seed in range(6)
    ]
    return all(run(network, 80_000) and not network.faults for network in networks)


# --- mutants --------------------------------------------------------------------------------------------------------


@attrs.frozen
class Mutant:
    """A mistake: where, what stands there instead, and the check that tells it."""

    name: str
    place: Any
    attribute: str
    instead: Any
    check: Callable[[], bool]

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The model with the mistake in it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.place, self.attribute, self.instead)
            yield


def rows(kind: Kind, **changes: Any) -> tuple[consensus.Row | None, ...]:
    """The rows with one of them changed."""
    return tuple(
        driver.replace(row, **changes) if row is not None and row.kind == kind else row for row in consensus.ROWS
    )


def row(name: str, kind: Kind, check: Callable[[], bool], **changes: Any) -> Mutant:
    """A mutant of a row."""
    return Mutant(name, consensus, "ROWS", rows(kind, **changes), check)


def _always_prevote(state: Any, given: Input) -> Any:
    return consensus._voted(state, PREVOTE, given.value)


def _unlock(state: Any, given: Input) -> Any:
    after, output = consensus.precommit_nil(state, given)
    return driver.replace(after, locked_round=-1, locked_value=None), output


def _precommit_without_lock(state: Any, given: Input) -> Any:
    return consensus._voted(state, PRECOMMIT, given.value) if state.step == Step.PREVOTE else (state, NOTHING)


def _count_again(count: Any, vote: Vote, weight: int) -> Any:
    weights = count.weights.set(vote.value, count.weights.get(vote.value, 0) + weight)
    before = count.received.get(vote.sender, ())
    values = before if vote.value in before else (*before, vote.value)
    return votes.Count(count.total, weights, count.received.set(vote.sender, values))


def _any_value(count: Any, value: Any) -> bool:
    return votes.is_quorum(sum(count.weights.values()), count.total)


def _without_canonical(certificate: Any, validators: Any) -> Any:
    weight = sum(validators.weights.get(signer, 0) for signer in certificate.signers)
    return None if votes.is_quorum(weight, validators.total) else certificates.Rejected("FIN-quorum")


def _new_only(handover: Any, outgoing: Any, incoming: Any) -> Any:
    return refused(handover.incoming, incoming)


def _late_log(journal: Any, before: Any, event: Any) -> Any:
    return journal if isinstance(event, Supply) else _logged(journal, before, event)


_logged = log.logged


def _any_timer(state: Any, event: Any) -> Any:
    return acts.Expire(event.timeout) if isinstance(event, node.Elapse) else acts.Provide(event.value)


def _answers(state: Any, event: Any) -> Any:
    here = (state.consensus.height, state.consensus.round)
    if isinstance(event, Supply) and (event.height, event.round) == here:
        return acts.Provide(event.value)
    return None


def _no_invalid(state: Any, message: Any, setting: Any) -> Any:
    lenient = acts.Setting(setting.proposer, lambda value: True, setting.enters_leading)
    return _on_proposal(state, message, lenient)


def _any_leader(state: Any, message: Any, setting: Any) -> Any:
    lenient = acts.Setting(lambda height, round: message.sender, setting.is_valid, setting.enters_leading)
    return _on_proposal(state, message, lenient)


_on_proposal = driver.on_proposal


def _current_only(state: Any, event: Any) -> Any:
    return _on_precommits(state, event) if event.round == state.consensus.round else (state, NOTHING)


_on_precommits = driver.on_precommits


def _quiet(state: Any) -> Any:
    return tuple(message for message in _gossip(state) if not isinstance(message, certificates.Certificate))


_gossip = node.gossip

MUTANTS: Final = (
    row("a new value is prevoted in spite of a lock", Kind.PROPOSAL, lock_refuses, act=_always_prevote),
    row("a new value is prevoted in spite of a lock (explored)", Kind.PROPOSAL, explored_further, act=_always_prevote),
    row("a value is precommitted without a lock", Kind.PROPOSAL_POLKA, explored, act=_precommit_without_lock),
    row("a polka for nil unlocks", Kind.POLKA_NIL, lock_survives_nil, act=_unlock),
    row("line 28 does not compare the lock with the valid round", Kind.PROPOSAL_POLKA_PREVIOUS, later_polka_frees,
        act=_always_prevote),
    row("a lock is for ever", Kind.PROPOSAL_POLKA_PREVIOUS, later_polka_frees, act=consensus.prevote_new),
    row("a timer of another round counts", Kind.TIMEOUT_PROPOSE, lambda: consensus.advance(
        consensus.Consensus(b"", 0, 3, Step.PROPOSE), Input(Kind.TIMEOUT_PROPOSE, 2, height=0))[0].step == Step.PROPOSE,
        is_enabled=consensus._always),
    row("a height is decided twice", Kind.PROPOSAL_COMMIT, lambda: isinstance(consensus.advance(
        consensus.Consensus(b"", 0, 0, Step.COMMIT), Input(Kind.PROPOSAL_COMMIT, 0, A))[1], Refusal),
        steps=consensus.ALL),
    Mutant("two thirds are a quorum", certificates, "is_quorum", lambda w, t: 3 * w >= 2 * t, weights_decide),
    Mutant("heads are counted, not weight", certificates, "is_quorum", lambda w, t: w >= 3, weights_decide),
    Mutant("a third is a quorum (explored)", votes, "is_quorum", lambda w, t: 2 * w >= t, explored),
    Mutant("votes for different values are added", votes, "has_quorum", _any_value, values_apart),
    Mutant("every vote of a validator counts", votes, "add_vote", _count_again, first_counts),
    Mutant("a third of the weight is followed", votes, "is_skip", lambda w, t: 4 * w >= t, skips),
    Mutant("validity is judged after the vote", driver, "on_proposal", _no_invalid, invalid_gets_nil),
    Mutant("anybody proposes", driver, "on_proposal", _any_leader, only_leaders_propose),
    Mutant("precommits of other rounds are ignored", driver, "on_precommits", _current_only,
           past_decides_in_the_driver),
    Mutant("a timer of a past round is the present one's", node, "act_of", _any_timer, stale_is_nothing),
    Mutant("the application may answer twice", node, "act_of", _answers, one_answer),
    Mutant("strangers are heard", node, "is_admissible", lambda state, message: True, strangers_are_nothing),
    Mutant("what is due is not looked for", node, "due", lambda state, setting: None, nothing_is_forgotten),
    Mutant("gossip has no polka", node, "gossip", _quiet, lambda: any(
        isinstance(message, certificates.Certificate) for message in node.gossip(driven(LOCKED)[0]))),
    Mutant("a signer may sign thrice", certificates, "refused", _without_canonical,
           lambda: certificates.refused(certificates.Certificate(PRECOMMIT, 0, 0, A, (b"a",) * 3), FOUR) is not None),
    Mutant("the new set alone ends an epoch", certificates, "handover_refused", _new_only,
           lambda: certificates.handover_refused(
               Handover(certificate_of(PRECOMMIT, 5, 0, A, NAMES[:1]), certificate_of(PRECOMMIT, 5, 0, A, (b"e",))),
               FOUR, validators_of({b"e": 1})) is not None),
    Mutant("the application's value is not logged", log, "logged", _late_log, restart_repeats),
    Mutant("after a decision the rows go on", node, "witnessed",
           lambda state, message: node._settled(node._follow(state, acts.Receive(message), SETTING)[0], SETTING)[0],
           decided_stays),
)
"""Each is told by its check."""
EQUIVALENT: Final = (
    Mutant("precommits of other rounds are not handed on at once", driver, "on_precommits", _current_only,
           past_decides),
)
"""Not told, since ``due`` looks at all rounds after every event: what is handed on later is handed on all the same."""
CHECKS: Final = tuple(dict.fromkeys(mutant.check for mutant in (*MUTANTS, *EQUIVALENT)))
OTHERS: Final = (signers_count_once, handover_needs_both, locks_are_shown, lives)
"""Checks beside those of the mutants, which the model passes too."""
