"""What a validator runs: nothing due stays undone, strangers and latecomers count for nothing, restart is safe."""

import pytest

from hyperion.sequencer.finality.acts import Act, Expire, Receive, Setting, Start, driver_of
from hyperion.sequencer.finality.certificates import certificate_of
from hyperion.sequencer.finality.driver import act
from hyperion.sequencer.finality.invariants import broken, disagreement
from hyperion.sequencer.finality.log import Log, logged, restarted
from hyperion.sequencer.finality.node import Begin, Deliver, Event, Supply, gossip, node_of, step
from hyperion.sequencer.finality.types import (
    CastVote,
    Decide,
    GetValue,
    Proposal,
    Propose,
    StartTimeout,
    Step,
    Timeout,
    Vote,
    VoteType,
)
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
    proposer,
    votes_of,
)

PREVOTE, PRECOMMIT = VoteType.PREVOTE, VoteType.PRECOMMIT


def test_a_round_without_trouble_decides() -> None:
    polka = [prevote(name, A) for name in NAMES[:2]]
    commit = [precommit(name, A) for name in NAMES[:2]]
    node, effects = driven([proposal(A), *polka, *commit])
    assert votes_of(effects) == [(PREVOTE, 0, A), (PRECOMMIT, 0, A)]
    assert effects[-1] == Decide(0, A) and broken(node.driver) == ()


@pytest.mark.rule("FIN-due")
def test_votes_that_come_before_their_step_start_the_timeout_all_the_same() -> None:
    """The published driver looks at the proposal only when the step changes; then nobody waits for prevotes."""
    early = [prevote(b"a", A), prevote(b"b", None), prevote(b"c", None)]
    _, effects = driven([*early, proposal(A)])
    assert StartTimeout(0, Timeout.PREVOTE) in effects
    published, waits = driver_of(b"d", FOUR, 0), False
    acts: list[Act] = [Start(), *(Receive(event.message) for event in [*early, proposal(A)])]
    for what in acts:
        published, output, _ = act(published, what, SETTING)
        waits = waits or output == StartTimeout(0, Timeout.PREVOTE)
    assert not waits and published.consensus.step == Step.PREVOTE


@pytest.mark.rule("FIN-due")
def test_a_polka_for_the_other_of_two_proposals_is_not_missed() -> None:
    early = [prevote(name, B) for name in NAMES[:3]]
    _, effects = driven([*early, proposal(A), proposal(B)])
    assert (PRECOMMIT, 0, B) in votes_of(effects)


@pytest.mark.rule("FIN-leads")
def test_the_leader_of_the_round_that_is_entered_leads_it() -> None:
    """Coming from round 0 into round 3, which d leads; the published driver asks who leads round 1."""
    skip = [prevote(name, None, 3) for name in NAMES[:2]]
    _, effects = driven(skip)
    assert effects[-1] == GetValue(0, 3)
    setting = Setting(proposer, SETTING.is_valid, lambda state, round: proposer(0, state.round + 1) == state.validator)
    node, effects = step(node_of(b"d", FOUR), Begin(FOUR), setting)
    for event in skip:
        node, effects = step(node, event, setting)
    assert effects == (StartTimeout(3, Timeout.PROPOSE),)


@pytest.mark.rule("FIN-known-sender")
@pytest.mark.parametrize("message", [
    Vote(PREVOTE, b"x", 0, 0, A), Vote(PREVOTE, b"a", 0, -1, A), Proposal(b"x", 0, 0, A, -1),
    Proposal(b"a", 0, 0, A, 0), Proposal(b"a", 0, 0, A, -2), certificate_of(PREVOTE, 0, -1, A, NAMES),
])
def test_what_can_mean_nothing_changes_nothing(message: Vote | Proposal) -> None:
    before, _ = driven([])
    assert step(before, Deliver(message), SETTING) == (before, ())


@pytest.mark.rule("FIN-ahead", "FIN-begin")
def test_the_next_height_begins_with_what_was_kept_for_it() -> None:
    kept = [proposal(B, height=1), *(prevote(name, B, height=1) for name in NAMES[:3])]
    commit = [precommit(name, A) for name in NAMES[:3]]
    node, _ = driven([*kept, prevote(b"a", B, height=2), proposal(A), *commit])
    assert len(node.waiting) == 4, "the height after the next is not kept"
    node, effects = step(node, Begin(FOUR), SETTING)
    assert votes_of(effects) == [(PREVOTE, 0, B), (PRECOMMIT, 0, B)] and node.waiting == ()
    assert step(node, Begin(FOUR), SETTING) == (node, ()), "a height that is not decided goes on"


@pytest.mark.rule("FIN-stale")
def test_what_comes_too_late_changes_nothing() -> None:
    node, _ = driven([late(Timeout.PROPOSE), *(precommit(name, None) for name in NAMES[:3])])
    node, _ = step(node, late(Timeout.PRECOMMIT), SETTING)
    assert node.driver.consensus.round == 1
    for stale in (late(Timeout.PROPOSE), late(Timeout.PRECOMMIT), late(Timeout.PROPOSE, 1, 1), Supply(0, 1, A)):
        assert step(node, stale, SETTING) == (node, ())
    _, effects = driven([Supply(0, 0, A), Supply(0, 0, B)], b"a")
    assert [effect for effect in effects if isinstance(effect, Propose)] == [Propose(Proposal(b"a", 0, 0, A, -1))]


@pytest.mark.rule("FIN-stale")
def test_no_timer_runs_before_the_height_begins() -> None:
    node = node_of(b"b", FOUR)
    for timeout in Timeout:
        assert step(node, late(timeout, -1), SETTING) == (node, ()), "it would enter round 0 without having begun"


@pytest.mark.rule("FIN-rebroadcast")
def test_a_hidden_lock_is_shown() -> None:
    locked, _ = driven([proposal(A), *(prevote(name, A) for name in NAMES[:2])])
    sent = gossip(locked)
    polka = certificate_of(PREVOTE, 0, 0, A, (b"a", b"b", b"d"))
    assert polka in sent and Vote(PREVOTE, b"d", 0, 0, A) in sent and Vote(PRECOMMIT, b"d", 0, 0, A) in sent
    # Who prevoted nil in round 0 hears of the polka, and then accepts the value in round 1.
    other, effects = driven([late(Timeout.PROPOSE), *(precommit(name, None, 1) for name in (b"a", b"b"))], b"c")
    for message in (*sent, proposal(A, 1, 0).message):
        other, more = step(other, Deliver(message), SETTING)
        effects += more
    assert votes_of(effects)[-1] == (PREVOTE, 1, A)


@pytest.mark.rule("FIN-rebroadcast")
def test_who_is_left_behind_hears_how_the_round_ended() -> None:
    """One validator leaves round 0 by a precommit that the liar (a) sent to nobody else; then the liar is gone."""
    ahead, _ = driven([late(Timeout.PROPOSE), *(precommit(name, A) for name in (b"b", b"c")), precommit(b"a", None)])
    ahead, _ = step(ahead, late(Timeout.PRECOMMIT), SETTING)
    assert ahead.driver.consensus.round == 1
    left, _ = driven([proposal(A), *(prevote(name, A) for name in (b"a", b"b")), precommit(b"b", A)], b"c")
    assert left.driver.consensus.step == Step.PRECOMMIT
    effects: list[object] = []
    for message in gossip(ahead):
        left, more = step(left, Deliver(message), SETTING)
        effects += more
    assert StartTimeout(0, Timeout.PRECOMMIT) in effects


def test_a_decision_is_learned_from_gossip() -> None:
    """Catch-up: a proposal and a certificate are enough for one who heard no vote."""
    done, _ = driven([proposal(A), *(precommit(name, A) for name in NAMES[:3])])
    node, effects = driven([Deliver(message) for message in gossip(done)], b"c")
    assert effects[-1] == Decide(0, A) and node.driver.chain == done.driver.chain
    ahead, _ = step(done, Begin(FOUR), SETTING)
    node, effects = driven([Deliver(message) for message in gossip(ahead)], b"c")
    assert Decide(0, A) in effects


@pytest.mark.rule("FIN-log-first", "FIN-restart")
def test_after_a_restart_nothing_else_is_said() -> None:
    events: list[Event] = [
        Begin(FOUR), Supply(0, 0, A), *(prevote(name, A) for name in NAMES[1:3]), late(Timeout.PREVOTE),
    ]
    node, log, said = node_of(b"a", FOUR), Log(node_of(b"a", FOUR)), set()
    for event in events:
        log = logged(log, node, event)
        node, effects = step(node, event, SETTING)
        said |= {effect for effect in effects if isinstance(effect, CastVote | Propose)}
        again, effects = restarted(log, SETTING)
        assert again == node
        assert {effect for effect in effects if isinstance(effect, CastVote | Propose)} == said
    # Control: without the application's answer in the log a second proposal, another one, is possible.
    short = Log(log.origin, tuple(event for event in log.history if not isinstance(event, Supply)))
    forgetful, _ = restarted(short, SETTING)
    _, effects = step(forgetful, Supply(0, 0, B), SETTING)
    assert any(isinstance(effect, Propose | CastVote) and effect not in said for effect in effects)


def test_invariants_can_fail() -> None:
    node, _ = driven([proposal(A), *(prevote(name, A) for name in NAMES[:2])])
    driver = node.driver
    assert broken(driver) == ()
    replace = type(driver.consensus)
    here = driver.consensus
    for changed, name in (
        (replace(here.validator, 0, 0, here.step, 0, B, 0, A), "lock-has-polka"),
        (replace(here.validator, 0, 0, here.step, 0, A, 1, A), "valid-has-polka"),
        (replace(here.validator, 0, 0, Step.COMMIT, 0, A, 0, A), "decisions-are-proven"),
        (replace(here.validator, 0, 0, here.step, -1, None, 0, A), "precommits-follow-locks"),
    ):
        faulty = type(driver)(changed, driver.keeper, driver.proposals)
        assert name in broken(faulty)
    one, _ = driven([proposal(A), *(precommit(name, A) for name in NAMES[:3])])
    two, _ = driven([proposal(B), *(precommit(name, B) for name in NAMES[:3])])
    assert disagreement([one.driver.chain, two.driver.chain]) == 0
    assert disagreement([one.driver.chain, (), one.driver.chain]) is None


def test_an_invalid_value_is_not_decided_by_a_quorum_of_liars() -> None:
    node, effects = driven([proposal(BAD), *(precommit(name, BAD) for name in NAMES[:3])])
    assert not any(isinstance(effect, Decide) for effect in effects) and node.driver.chain == ()


@pytest.mark.rule("FIN-decided")
def test_a_decided_height_stays_decided() -> None:
    done, _ = driven([proposal(A), *(precommit(name, A) for name in NAMES[:3])])
    for event in (late(Timeout.PRECOMMIT), late(Timeout.PREVOTE), Supply(0, 0, B), proposal(B), prevote(b"a", B, 5)):
        after, effects = step(done, event, SETTING)
        assert effects == () and after.driver.consensus == done.driver.consensus
        assert after.driver.chain == done.driver.chain
    after, _ = step(done, precommit(b"a", B), SETTING)
    assert len(after.driver.keeper.evidence) == 1
    # Control: the published rows go on to another round.
    there, output, _ = act(done.driver, Expire(Timeout.PRECOMMIT), SETTING)
    assert there.consensus.round == 1 and output == StartTimeout(1, Timeout.PROPOSE)
