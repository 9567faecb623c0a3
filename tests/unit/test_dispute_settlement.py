"""Settlement, rule by rule, on both sides of each bound; and a whole dispute from assertion to withdrawal."""

import attrs
import pytest

from hyperion.settlement.dispute import events as dispute
from hyperion.settlement.dispute.identity import identity
from hyperion.settlement.dispute.types import Mode
from hyperion.settlement.finality import events as e
from hyperion.settlement.finality.parameters import DEFAULT, violations
from hyperion.settlement.finality.rules import open_chain
from hyperion.settlement.finality.types import Reason
from hyperion.settlement.finality.withdrawals import withdrawal_id
from hyperion.settlement.moment import Moment
from tests.support.dispute_settlement import (
    ALICE,
    EVE,
    GENESIS,
    PROGRAM,
    RULES,
    START,
    Court,
    Disputed,
    false_output,
    true_output,
)

# Parameters.


@pytest.mark.rule("DIS-settlement-parameters", "DIS-genesis")
def test_windows_that_do_not_fit_are_refused_with_numbers() -> None:
    assert violations(DEFAULT) == violations(RULES) == ()
    total = RULES.game.longest + RULES.air_gap + RULES.proposal_lag
    cases = {
        "data-outlive": attrs.evolve(RULES, data_retention=total),
        "bond-covers-stake": attrs.evolve(RULES, bond=RULES.game.levels[0].stake - 1),
        "span": attrs.evolve(RULES, max_span=0),
        "not-negative": attrs.evolve(RULES, maturity=-1),
        "threshold-above-late": attrs.evolve(RULES, game=attrs.evolve(RULES.game, threshold=RULES.game.late)),
        "levels": attrs.evolve(RULES, game=attrs.evolve(RULES.game, levels=())),
    }
    for name, parameters in cases.items():
        assert [violation.name for violation in violations(parameters)] == [name]
        assert open_chain(parameters, 1, PROGRAM, GENESIS, START) == violations(parameters)
    assert f"≥ {total} s" in violations(cases["data-outlive"])[0].text
    assert violations(attrs.evolve(RULES, data_retention=total + 1)) == ()
    assert violations(attrs.evolve(RULES, bond=RULES.game.levels[0].stake)) == ()


@pytest.mark.rule("DIS-genesis")
def test_the_first_anchor_is_final() -> None:
    court = Court()
    assert court.chain.anchor in court.chain.final
    court.now = Moment(START.time - 1, START.height)
    court.refuse(e.Deposit(1), Reason.TIME_BACKWARDS)


# Making assertions.


@pytest.mark.rule("DIS-propose")
def test_an_assertion_needs_a_known_parent_its_bond_and_a_known_head() -> None:
    court = Court()
    good = court.propose(true_output(1_010))
    court.refuse(attrs.evolve(good, parent=b"?" * 32), Reason.UNKNOWN_PARENT)
    for paid in (RULES.bond - 1, RULES.bond + 1):
        court.refuse(attrs.evolve(good, paid=paid), Reason.BOND)
    court.refuse(attrs.evolve(good, l1_height=START.height + 1), Reason.L1_HEAD)
    early = attrs.evolve(good, l1_height=49, output=true_output(1_010, last_inclusion=30))
    court.refuse(early, Reason.L1_HEAD)
    court.accept(good)
    court.refuse(good, Reason.EXISTS)


@pytest.mark.rule("DIS-anchor-bounded")
def test_a_span_is_between_one_block_and_the_longest() -> None:
    court = Court()
    for block, reason in ((1_000, Reason.NOT_AHEAD), (999, Reason.NOT_AHEAD), (1_051, Reason.SPAN)):
        court.refuse(court.propose(true_output(block)), reason)
    court.refuse(court.propose(true_output(2**256 - 1)), Reason.SPAN)
    court.accept(court.propose(true_output(1_001)), court.propose(true_output(1_050)))


@pytest.mark.rule("DIS-data-decided")
def test_the_head_is_past_both_windows_of_the_last_batch() -> None:
    court = Court()
    court.refuse(court.propose(true_output(1_010, last_inclusion=92)), Reason.DATA_UNDECIDED)
    court.refuse(court.propose(true_output(1_010, last_inclusion=95)), Reason.DATA_UNDECIDED)
    court.accept(court.propose(true_output(1_010, last_inclusion=91)))


@pytest.mark.rule("DIS-question")
def test_all_inputs_are_part_of_the_question() -> None:
    court = Court()
    names = [court.made(true_output(block)) for block in (1_010, 1_011)]
    other = attrs.evolve(court.propose(true_output(1_010, last_inclusion=90)), l1_height=99)
    court.accept(other)
    questions = {court.question(name) for name in court.chain.assertions} - {court.question(court.chain.anchor)}
    assert len(questions) == 3
    false = court.made(false_output(1_010))
    assert court.question(false) == court.question(names[0])
    for change in ({"chain_id": 1}, {"program": identity(9, 9)}):
        moved = Court()
        moved.chain = attrs.evolve(moved.chain, **change)
        assert moved.question(moved.made(true_output(1_010))) != court.question(names[0])


@pytest.mark.rule("DIS-alive")
def test_nothing_is_built_on_an_assertion_that_lost() -> None:
    court = Disputed().contested()
    child = court.made(true_output(1_020), court.falsehood)
    court.refuse(e.VoidOrphans(court.question(child)), Reason.PARENT_ALIVE)
    court.play(40).accept(e.Settle(court.truth))
    court.refuse(court.propose(true_output(1_021), court.falsehood), Reason.DEAD_PARENT)
    court.accept(court.propose(true_output(1_021), court.truth), e.VoidOrphans(court.question(child)))
    court.refuse(e.VoidOrphans(court.question(child)), Reason.VOID)
    court.refuse(e.VoidOrphans(b"?" * 32), Reason.UNKNOWN)


# Winning.


@pytest.mark.rule("DIS-challenge-window", "DIS-settle")
def test_an_assertion_that_nobody_denies_wins_after_the_threshold() -> None:
    court = Court()
    name = court.made(true_output(1_010))
    court.later(RULES.game.threshold - 1).refuse(e.Settle(name), Reason.WINDOW)
    court.later(1).accept(e.Settle(name))
    court.refuse(e.Settle(name), Reason.DECIDED)
    court.refuse(e.Settle(b"?" * 32), Reason.UNKNOWN)
    court.refuse(e.Settle(court.chain.anchor), Reason.UNKNOWN)
    court.refuse(court.propose(false_output(1_010)), Reason.DECIDED)


@pytest.mark.rule("DIS-challenge-window", "DIS-settle")
def test_an_assertion_that_is_denied_wins_only_by_its_game() -> None:
    court = Disputed().contested().later(10 * RULES.game.threshold)
    for name in (court.truth, court.falsehood):
        court.refuse(e.Settle(name), Reason.WINDOW)


@pytest.mark.rule("DIS-settle")
def test_a_child_is_settled_only_on_a_final_parent() -> None:
    court = Court()
    parent = court.made(true_output(1_010))
    child = court.made(true_output(1_020), parent)
    court.later(RULES.game.threshold).refuse(e.Settle(child), Reason.PARENT_NOT_FINAL)
    court.accept(e.Settle(parent))
    court.refuse(e.Settle(child), Reason.PARENT_NOT_FINAL)
    court.later(RULES.air_gap + 1).accept(e.Finalize(parent), e.Settle(child))


@pytest.mark.rule("DIS-finalize", "DIS-air-gap")
def test_a_winner_is_final_after_more_than_the_air_gap() -> None:
    court = Court()
    name = court.made(true_output(1_010))
    court.refuse(e.Finalize(name), Reason.NOT_WON)
    court.refuse(e.Finalize(b"?" * 32), Reason.UNKNOWN)
    court.later(RULES.game.threshold).accept(e.Settle(name))
    court.later(RULES.air_gap).refuse(e.Finalize(name), Reason.AIR_GAP)
    court.later(1).accept(e.Finalize(name))
    assert court.chain.anchor == name
    court.refuse(e.Finalize(name), Reason.NOT_NEXT)


@pytest.mark.rule("DIS-finalize")
def test_the_anchor_is_one_line() -> None:
    court = Court()
    one, two = court.made(true_output(1_010)), court.made(true_output(1_011))
    court.later(RULES.game.threshold).accept(e.Settle(one), e.Settle(two)).later(RULES.air_gap + 1)
    court.accept(e.Finalize(two))
    court.refuse(e.Finalize(one), Reason.NOT_NEXT)
    assert court.chain.assertions[court.chain.anchor].output.l2_block == 1_011


# Games.


@pytest.mark.rule("DIS-play")
def test_players_do_not_admit_or_close() -> None:
    court = Disputed().contested()
    question = court.question(court.truth)
    for move in (dispute.Admit(b"x" * 32, b"y" * 32), dispute.Close(Mode.REFUND)):
        court.refuse(e.Play(question, move), Reason.NOT_A_MOVE)
    court.refuse(e.Play(question, dispute.UpdateTimer(b"?" * 32)), Reason.GAME)
    court.refuse(e.Play(b"?" * 32, dispute.UpdateTimer(b"?" * 32)), Reason.UNKNOWN)


@pytest.mark.rule("DIS-settle", "DIS-close-game", "DIS-bond-return", "BRI-withdrawal-pay")
def test_a_dispute_from_assertion_to_withdrawal() -> None:
    court = Disputed().contested()
    withdrawal = withdrawal_id(1, ALICE, 70)
    court.covered[true_output(1_010).withdrawals] = {withdrawal}
    court.accept(e.Deposit(100), e.Prove(1, ALICE, 70, court.truth, b"proof"))
    question = court.question(court.truth)
    court.refuse(e.CloseGame(question), Reason.NOT_WON)
    court.play(40)
    court.refuse(e.Settle(court.falsehood), Reason.WINDOW)
    court.accept(e.Settle(court.truth))
    court.refuse(e.CloseGame(question), Reason.AIR_GAP)
    court.refuse(e.ReturnBond(court.truth), Reason.AIR_GAP)
    court.later(RULES.air_gap + 1).accept(e.Finalize(court.truth), e.CloseGame(question), e.ReturnBond(court.truth))
    court.refuse(e.CloseGame(question), Reason.GAME)
    court.refuse(e.CloseGame(b"?" * 32), Reason.UNKNOWN)
    court.refuse(e.ReturnBond(court.truth), Reason.BOND_RETURNED)
    court.refuse(e.ReturnBond(court.falsehood), Reason.BOND_LOST)
    court.refuse(e.ReturnBond(b"?" * 32), Reason.UNKNOWN)
    court.play(12)
    ledger = court.game(court.truth).ledger
    stakes = [level.stake for level in RULES.game.levels]
    assert ledger.paid >= sum(stakes)
    court.later(RULES.maturity).accept(e.Pay(1, ALICE, 70))
    assert (court.chain.escrow, court.chain.bonds) == (30, RULES.bond)


# The guardian.


@pytest.mark.rule("DIS-void")
def test_the_guardian_voids_before_finality_and_the_question_begins_anew() -> None:
    court = Disputed().contested().play(8)
    question = court.question(court.truth)
    deposited = court.game(court.truth).ledger.deposited
    assert deposited > 0
    court.accept(e.Void(question))
    court.refuse(e.Void(question), Reason.VOID)
    court.refuse(e.Void(b"?" * 32), Reason.UNKNOWN)
    for name in (court.truth, court.falsehood):
        court.refuse(e.Settle(name), Reason.VOID)
        court.refuse(e.Finalize(name), Reason.VOID)
        court.accept(e.ReturnBond(name))
    court.refuse(e.CloseGame(question), Reason.VOID)
    court.play(2)
    assert court.game(court.truth).ledger.paid == deposited
    again = court.made(true_output(1_010))
    assert court.question(again) != question
    court.later(RULES.game.threshold).accept(e.Settle(again))


@pytest.mark.rule("DIS-void")
def test_what_is_final_or_paid_out_is_beyond_the_guardian() -> None:
    court = Court()
    name = court.finalized(true_output(1_010))
    court.refuse(e.Void(court.question(name)), Reason.TOO_LATE)
    disputed = Disputed().contested().play(40)
    question = disputed.question(disputed.truth)
    disputed.accept(e.Settle(disputed.truth)).later(RULES.air_gap + 1).accept(e.CloseGame(question))
    disputed.refuse(e.Void(question), Reason.TOO_LATE)


@pytest.mark.rule("DIS-void-orphans", "DIS-bond-return")
def test_children_of_a_void_assertion_are_void() -> None:
    court = Court()
    parent = court.made(true_output(1_010))
    child = court.made(true_output(1_020), parent)
    court.accept(e.Void(court.question(parent)))
    court.refuse(e.ReturnBond(child), Reason.NOT_WON)
    court.accept(e.VoidOrphans(court.question(child)), e.ReturnBond(child))


@pytest.mark.rule("DIS-pause")
def test_the_guardian_delays_within_its_budget() -> None:
    court = Court()
    name = court.won(true_output(1_010))
    court.accept(e.Pause(RULES.air_gap + 10), e.Pause(5))
    court.later(RULES.air_gap + 14).refuse(e.Finalize(name), Reason.PAUSED)
    court.refuse(e.Pay(1, ALICE, 1), Reason.PAUSED)
    court.later(1).accept(e.Finalize(name))
    rest = RULES.pause_budget - RULES.air_gap - 15
    court.refuse(e.Pause(rest + 1), Reason.PAUSE_BUDGET)
    court.refuse(e.Pause(-1), Reason.PAUSE_BUDGET)
    court.accept(e.Pause(rest))
    court.refuse(e.Pause(1), Reason.PAUSE_BUDGET)


# Withdrawals.


def proven() -> tuple[Court, e.Pay]:
    """A withdrawal of 70 that is proven against a final assertion."""
    court = Court()
    name = court.finalized(true_output(1_010))
    court.covered[true_output(1_010).withdrawals] = {withdrawal_id(1, ALICE, 70)}
    court.accept(e.Deposit(100), e.Prove(1, ALICE, 70, name, b"proof"))
    return court, e.Pay(1, ALICE, 70)


@pytest.mark.rule("BRI-withdrawal-pay", "BRI-escrow")
def test_a_withdrawal_is_paid_once_after_more_than_its_maturity() -> None:
    court, pay = proven()
    court.later(RULES.maturity).refuse(pay, Reason.MATURITY)
    court.later(1).accept(pay)
    court.refuse(pay, Reason.SPENT)
    court.refuse(e.Prove(1, ALICE, 70, court.chain.anchor, b"proof"), Reason.SPENT)
    assert court.chain.escrow == 30


@pytest.mark.rule("BRI-withdrawal-id")
def test_a_withdrawal_is_paid_as_proven() -> None:
    court, pay = proven()
    court.later(RULES.maturity + 1)
    for change in ({"amount": 71}, {"recipient": EVE}, {"nonce": 2}):
        court.refuse(attrs.evolve(pay, **change), Reason.NOT_PROVEN)


@pytest.mark.rule("BRI-withdrawal-prove")
def test_a_withdrawal_is_proven_against_a_living_assertion_that_covers_it() -> None:
    court = Disputed().contested()
    good = e.Prove(1, ALICE, 70, court.truth, b"proof")
    court.refuse(good, Reason.WITHDRAWAL_PROOF)
    court.covered[true_output(1_010).withdrawals] = {withdrawal_id(1, ALICE, 70)}
    court.refuse(attrs.evolve(good, proof=b"junk"), Reason.WITHDRAWAL_PROOF)
    court.refuse(attrs.evolve(good, assertion=b"?" * 32), Reason.UNKNOWN)
    court.accept(good)
    court.later(RULES.maturity + 1).refuse(e.Pay(1, ALICE, 70), Reason.NOT_FINAL)
    court.accept(e.Void(court.question(court.truth)))
    court.refuse(good, Reason.DEAD_ASSERTION)


@pytest.mark.rule("BRI-withdrawal-prove")
def test_proving_anew_starts_the_maturity_anew() -> None:
    court, pay = proven()
    court.later(RULES.maturity).accept(e.Prove(1, ALICE, 70, court.chain.anchor, b"proof"))
    court.later(1).refuse(pay, Reason.MATURITY)
    court.later(RULES.maturity).accept(pay)


@pytest.mark.rule("BRI-escrow")
def test_escrow_is_never_overdrawn() -> None:
    court, pay = proven()
    court.refuse(e.Deposit(-1), Reason.ESCROW)
    court.chain = attrs.evolve(court.chain, escrow=69)
    court.later(RULES.maturity + 1).refuse(pay, Reason.ESCROW)
    court.chain = attrs.evolve(court.chain, escrow=70)
    court.accept(pay)
    assert court.chain.escrow == 0
