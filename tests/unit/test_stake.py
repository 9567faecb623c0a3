"""Stake: what each event does and by which rule it is refused, at the boundaries."""

from typing import Any, Final

import attrs
import pytest

from hyperion.sequencer.parameters import HYPERION, METIS, Parameters, Unsafe, violated
from hyperion.sequencer.stake.invariants import (
    conserved,
    nobody_escapes,
    non_negative,
    penalties_are_bounded,
    sets_are_sound,
)
from hyperion.sequencer.stake.rules import genesis, run, step
from hyperion.sequencer.stake.sets import fixed_set
from hyperion.sequencer.stake.slashing import burn, conflicts, correlated, identity, penalty
from hyperion.sequencer.stake.types import (
    Account,
    Accuse,
    Address,
    Bond,
    Claim,
    Deposit,
    EndEpoch,
    Event,
    Evidence,
    Exit,
    Fees,
    Offence,
    Reason,
    Refused,
    Reward,
    Stake,
    Statement,
    Unbond,
    Unjail,
    Withdraw,
)

A, B, C, D = (bytes([letter]) * 20 for letter in b"\x0a\x0b\x0c\x0d")
SMALL: Final = Parameters(
    least_bond=100, most_seats=3, unbonding=100, evidence_age=60, inclusion=10, correlation_window=200,
    downtime_burn=10, downtime_jail=20,
)  # fmt: skip
END: Final = EndEpoch(10)


def start(**bonds: int) -> Stake:
    found = genesis(SMALL, 0, {{"a": A, "b": B, "c": C, "d": D}[name]: bond for name, bond in bonds.items()})
    assert isinstance(found, Stake)
    return found


def after(state: Stake, *events: tuple[int, Event]) -> Stake:
    for time, event in events:
        found = step(SMALL, state, time, event)
        assert isinstance(found, Stake), (event, found)
        assert conserved(found)
        assert non_negative(found)
        assert sets_are_sound(SMALL, found)
        assert nobody_escapes(SMALL, found, SMALL.downtime_burn)
        assert penalties_are_bounded(found)
        state = found
    return state


def refusal(state: Stake, time: int, event: Event) -> Reason:
    found = step(SMALL, state, time, event)
    assert isinstance(found, Refused)
    return found.reason


def proof(offender: Address, epoch: int = 0, height: int = 1, one: bytes = b"x", other: bytes | None = b"y") -> Accuse:
    statements = (Statement(height, 0, "precommit", value) for value in (one, other))
    return Accuse(Evidence(offender, epoch, *statements))


# --- parameters ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SEQ-stake-parameters")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"unbonding": HYPERION.evidence_age + HYPERION.inclusion}, "unbonding > evidence age + inclusion"),
        ({"least_bond": 0}, "least bond > 0"),
        ({"evidence_age": 0}, "evidence age > 0"),
        ({"correlation_factor": 2}, "correlation factor >= 3"),
        ({"most_seats": 0}, "seats >= 1"),
        ({"most_slots": 20}, "slots of a period >= seats"),
        ({"inclusion": -1}, "inclusion >= 0"),
        ({"correlation_window": HYPERION.unbonding - 1}, "correlation window >= unbonding"),
        ({"equivocation_share": 0}, "equivocation share >= 1"),
        ({"equivocation_share": 10_001}, ">= equivocation share"),
        ({"missed_share": 10_001}, ">= missed share"),
        ({"missed_share": -1}, "missed share >= 0"),
        ({"downtime_jail": -1}, "downtime jail >= 0"),
        ({"downtime_burn": -1}, "downtime burn >= 0"),
        ({"downtime_burn": HYPERION.least_bond}, "least bond > downtime burn"),
    ],
)
def test_unsafe_parameters_are_refused_with_words_and_numbers(changes: dict[str, int], words: str) -> None:
    with pytest.raises(Unsafe) as caught:
        attrs.evolve(HYPERION, **changes)
    assert words in caught.value.inequality
    assert str(caught.value.left) in str(caught.value)
    assert str(caught.value.right) in str(caught.value)


@pytest.mark.rule("SEQ-stake-parameters")
def test_the_preset_is_safe_and_stands_at_the_published_amounts() -> None:
    assert list(violated(HYPERION)) == []
    assert (HYPERION.least_bond, HYPERION.most_seats, HYPERION.unbonding) == (20_000 * METIS, 21, 604_800)
    attrs.evolve(HYPERION, unbonding=HYPERION.evidence_age + HYPERION.inclusion + 1)  # does not raise


# --- money -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SEQ-stake-genesis")
def test_genesis() -> None:
    state = start(a=100, b=300)
    assert state.sets[0].seats == state.sets[1].seats
    assert [(seat.address, seat.stake) for seat in state.sets[0].seats] == [(A, 100), (B, 300)]
    assert conserved(state)
    assert genesis(SMALL, 0, {A: 99}) == Refused(Reason.NO_SET)
    assert isinstance(genesis(SMALL, 0, {A: 200, B: 0}), Refused)


@pytest.mark.rule("SEQ-stake-deposit", "SEQ-stake-bond", "SEQ-stake-withdraw")
def test_money_comes_is_bonded_and_leaves() -> None:
    state = after(start(a=100), (1, Deposit(D, 150)), (1, Bond(D, 120)), (2, Withdraw(D, 30)))
    assert state.accounts[D] == Account(bonded=120)
    assert (state.received, state.withdrawn) == (250, 30)


@pytest.mark.rule("SEQ-stake-funds", "SEQ-stake-amount", "SEQ-stake-clock", "SEQ-stake-least-bond")
def test_refusals_of_amounts() -> None:
    state = after(start(a=150), (5, Deposit(D, 150)))
    assert refusal(state, 5, Bond(D, 151)) is Reason.FUNDS
    assert refusal(state, 5, Withdraw(D, 151)) is Reason.FUNDS
    assert refusal(state, 5, Unbond(A, 151)) is Reason.FUNDS
    assert refusal(state, 5, Bond(D, 99)) is Reason.LEAST_BOND
    assert refusal(state, 5, Unbond(A, 51)) is Reason.LEAST_BOND
    assert refusal(state, 4, Deposit(D, 1)) is Reason.CLOCK
    events: tuple[Event, ...] = (Deposit(D, 0), Bond(D, -1), Unbond(A, 0), Withdraw(D, 0), Fees(A, 0), Reward(-1))
    assert {refusal(state, 5, event) for event in events} == {Reason.AMOUNT}
    assert run(SMALL, state, tuple((5, event) for event in events)) == state


# --- sets ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SEQ-set-fixed", "SEQ-set-eligible")
def test_a_bond_has_weight_in_the_second_epoch_after() -> None:
    state = after(start(a=100), (1, Deposit(B, 200)), (2, Bond(B, 200)), (3, END))
    assert state.sets[1].stake_of(B) == 0
    assert state.sets[2].stake_of(B) == 200
    late = after(state, (4, Deposit(C, 200)), (4, Bond(C, 200)))
    assert late.sets == state.sets


@pytest.mark.rule("SEQ-set-canonical")
def test_a_set_is_the_greatest_in_the_order_of_addresses() -> None:
    state = after(start(d=100, c=100, b=300, a=100))
    assert [seat.address for seat in state.sets[0].seats] == [A, B, C]
    accounts = {D: Account(bonded=300), A: Account(bonded=100), C: Account(bonded=99), B: Account(bonded=100)}
    chosen = fixed_set(SMALL, 7, type(state.accounts)(accounts))
    backwards = fixed_set(SMALL, 7, type(state.accounts)(dict(reversed(accounts.items()))))
    assert [seat.address for seat in chosen.seats] == [A, B, D]
    assert chosen == backwards


@pytest.mark.rule("SEQ-stake-no-set")
def test_an_epoch_without_heirs_goes_on() -> None:
    state = after(start(a=100), (1, Unbond(A, 100)))
    assert refusal(state, 2, END) is Reason.NO_SET
    assert after(state, (3, Deposit(B, 100)), (4, Bond(B, 100)), (5, END)).sets[2].stake_of(B) == 100


# --- leaving ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SEQ-stake-unbond", "SEQ-stake-release")
def test_the_time_of_an_exit_begins_when_its_stake_has_no_weight() -> None:
    state = after(start(a=300, b=100), (1, Unbond(A, 200)), (1_000, END))
    assert state.sets[1].stake_of(A) == 300  # fixed before
    assert state.accounts[A].exits == (Exit(200, 1),)
    state = after(state, (5_000, END))
    assert state.accounts[A].exits == (Exit(200, 1, 5_100),)
    assert refusal(state, 5_099, Claim(A)) is Reason.RELEASE
    state = after(state, (5_100, Claim(A)))
    assert (state.accounts[A].free, state.accounts[A].exits) == (200, ())


# --- jail ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SEQ-stake-misses", "SEQ-stake-unjail")
def test_who_misses_more_than_half_is_jailed() -> None:
    state = after(start(a=300, b=200, c=120), (5, EndEpoch(10, ((B, 5), (A, 6)))))
    assert state.accounts[A] == Account(bonded=290, jailed_until=25)
    assert state.accounts[B].jailed_until is None
    assert state.burned == 10
    assert state.sets[2].stake_of(A) == 0
    assert refusal(state, 24, Unjail(A)) is Reason.JAIL
    assert refusal(state, 24, Unjail(B)) is Reason.JAIL
    assert after(state, (10, END)).sets[3].stake_of(A) == 0
    state = after(state, (25, Unjail(A)), (26, END))
    assert state.sets[3].stake_of(A) == 290


@pytest.mark.rule("SEQ-stake-misses")
def test_who_is_in_jail_is_not_jailed_again() -> None:
    state = after(start(a=300, b=200), (5, EndEpoch(10, ((A, 10),))), (6, EndEpoch(10, ((A, 10),))))
    assert (state.burned, state.accounts[A].jailed_until) == (10, 25)


@pytest.mark.rule("SEQ-stake-seated")
@pytest.mark.parametrize("missed", [((D, 1),), ((A, 11),), ((A, -1),), ((A, 1), (A, 1))])
def test_misses_are_of_the_set_and_its_heights(missed: tuple[tuple[Address, int], ...]) -> None:
    assert refusal(start(a=300), 1, EndEpoch(10, missed)) is Reason.MISSES
    assert refusal(start(a=300), 1, EndEpoch(0)) is Reason.MISSES


@pytest.mark.rule("SEQ-stake-reward", "SEQ-stake-seated")
def test_rewards_are_shared_and_fees_are_the_leaders() -> None:
    state = after(start(a=100, b=200), (1, Fees(B, 7)), (1, Reward(100)), (2, EndEpoch(10, ((A, 10),))))
    assert state.accounts[B].free == 7 + 66
    assert state.accounts[A].free == 0
    assert state.pool == 34
    assert refusal(state, 3, Fees(C, 1)) is Reason.NOT_SEATED


# --- evidence --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SEQ-evidence-conflict")
def test_what_is_no_conflict() -> None:
    one = Statement(1, 0, "precommit", b"x")
    others = [
        one,
        Statement(2, 0, "precommit", b"y"),
        Statement(1, 1, "precommit", b"y"),
        Statement(1, 0, "prevote", b"y"),
    ]
    assert not any(conflicts(Evidence(A, 0, one, other)) for other in others)
    assert conflicts(Evidence(A, 0, one, attrs.evolve(one, value=None)))
    assert refusal(start(a=100), 1, Accuse(Evidence(A, 0, one, one))) is Reason.EVIDENCE


@pytest.mark.rule("SEQ-evidence-canonical", "SEQ-evidence-once")
def test_evidence_counts_once_in_either_order() -> None:
    state = after(start(a=1_000, b=9_000), (1, proof(A)))
    assert identity(proof(A).evidence) == identity(proof(A, one=b"y", other=b"x").evidence)
    assert identity(proof(A).evidence) != identity(proof(A, height=2).evidence)
    assert identity(proof(A, other=None).evidence) != identity(proof(A, other=b"").evidence)
    for again in (proof(A), proof(A, one=b"y", other=b"x"), proof(A, height=5)):
        assert refusal(state, 2, again) is Reason.ONCE


@pytest.mark.rule("SEQ-evidence-age")
def test_evidence_is_judged_to_the_second() -> None:
    state = after(start(a=1_000, b=9_000), (50, END), (55, END))
    assert after(state, (120, proof(A))).burned > 0
    assert refusal(state, 121, proof(A)) is Reason.KNOWN_EPOCH
    assert after(state, (121, proof(A, epoch=1))).burned > 0
    assert refusal(state, 60, proof(A, epoch=3)) is Reason.KNOWN_EPOCH
    assert refusal(state, 60, proof(A, epoch=9)) is Reason.KNOWN_EPOCH
    assert refusal(state, 60, proof(C)) is Reason.NOT_SEATED


@pytest.mark.rule("SEQ-slash-penalty")
@pytest.mark.parametrize(
    ("stake", "together", "total", "due"),
    [(1_000, 1, 10_000, 50), (1_000, 1_000, 10_000, 300), (1_000, 3_333, 10_000, 1_000), (1_000, 3_334, 10_000, 1_000),
     (1_000, 9_999, 10_000, 1_000), (1, 1, 10_000, 1), (1_001, 1, 10_000, 51)],
)  # fmt: skip
def test_penalty(stake: int, together: int, total: int, due: int) -> None:
    assert penalty(SMALL, stake, together, total) == due


@pytest.mark.rule("SEQ-slash-correlated", "SEQ-slash-together")
def test_together_is_dearer_and_the_order_does_not_matter() -> None:
    begin = start(a=1_000, b=2_000, c=7_000)
    one, two = after(begin, (1, proof(A)), (2, proof(B))), after(begin, (1, proof(B)), (2, proof(A)))
    for state in (one, two):
        assert {offence.burned for offence in state.offences.values()} == {900, 1_800}
        assert (state.accounts[A].bonded, state.accounts[B].bonded) == (100, 200)
    alone = after(begin, (1, proof(A)))
    assert alone.burned == 300


@pytest.mark.rule("SEQ-slash-correlated")
def test_offences_far_apart_do_not_count_together() -> None:
    offence = Offence((), 0, 1, 3, 1_000, 0)
    assert correlated(SMALL, offence, attrs.evolve(offence, judged=9_000))
    assert correlated(SMALL, offence, attrs.evolve(offence, epoch=4, judged=1_200))
    assert not correlated(SMALL, offence, attrs.evolve(offence, epoch=4, judged=1_201))
    assert not correlated(SMALL, offence, attrs.evolve(offence, epoch=4, judged=799))


@pytest.mark.rule("SEQ-slash-together")
def test_a_fork_costs_all_that_forked() -> None:
    state = after(start(a=3_000, b=3_000, c=1_000), (1, proof(A)), (1, proof(B)))
    assert state.burned == 6_000
    assert state.accounts[A].slashable == state.accounts[B].slashable == 0


@pytest.mark.rule("SEQ-slash-order")
def test_burning_takes_the_bond_first_then_what_leaves_last() -> None:
    account = Account(free=5, bonded=10, exits=(Exit(20, 1, 50), Exit(30, 2)))
    assert burn(account, 25) == (attrs.evolve(account, bonded=0, exits=(Exit(20, 1, 50), Exit(15, 2))), 25)
    assert burn(account, 41) == (attrs.evolve(account, bonded=0, exits=(Exit(19, 1, 50),)), 41)
    assert burn(account, 100) == (attrs.evolve(account, bonded=0, exits=()), 60)
    assert burn(account, 0) == (account, 0)


@pytest.mark.rule("SEQ-stake-offended", "SEQ-stake-frozen")
def test_an_offender_is_out_for_good_and_its_rest_waits() -> None:
    state = after(start(a=1_000, b=9_000), (1, Deposit(A, 500)), (1, proof(A)), (2, END), (3, END))
    assert state.sets[2].stake_of(A) == 0
    assert refusal(state, 3, Bond(A, 500)) is Reason.OFFENDED
    state = after(state, (4, Unbond(A, 650)), (5, END), (6, END), (7, END))
    assert refusal(state, 105, Claim(A)) is Reason.RELEASE
    assert refusal(state, 201, Claim(A)) is Reason.FROZEN
    state = after(state, (202, Claim(A)), (202, Withdraw(A, 1_150)))
    assert state.accounts[A].held == 50


@pytest.mark.rule("SEQ-stake-unbond", "SEQ-slash-together")
def test_leaving_after_the_offence_saves_nothing() -> None:
    state = after(start(a=3_000, b=3_000, c=1_000), (1, Unbond(A, 3_000)), (2, END), (3, END))
    state = after(state, (73, proof(A, epoch=1)), (73, proof(B, epoch=1)))
    assert state.burned == 6_000


def test_invariants_can_be_broken() -> None:
    """The control of the invariants: each is false of a state that violates it."""
    state = start(a=300, b=200)
    changes: dict[str, Any] = {"burned": 1}
    assert not conserved(attrs.evolve(state, **changes))
    assert not non_negative(attrs.evolve(state, pool=-1))
    poor = attrs.evolve(state, accounts=state.accounts.set(A, Account(bonded=289)))
    assert not nobody_escapes(SMALL, poor, 10)
    assert not sets_are_sound(SMALL, attrs.evolve(state, sets=state.sets.delete(1)))
    assert not sets_are_sound(attrs.evolve(SMALL, most_seats=1), state)
    assert not penalties_are_bounded(attrs.evolve(state, offences=state.offences.set(A, Offence((), 0, 1, 3, 0, 2))))
