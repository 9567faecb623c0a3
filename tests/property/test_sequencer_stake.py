"""Any sequence of stake events keeps the invariants. 100 sequences of up to 40 events; a faulty rule must break one."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperion.sequencer.parameters import Parameters
from hyperion.sequencer.stake import rules
from hyperion.sequencer.stake.invariants import (
    conserved,
    nobody_escapes,
    non_negative,
    penalties_are_bounded,
    sets_are_sound,
)
from hyperion.sequencer.stake.rules import genesis, step
from hyperion.sequencer.stake.types import (
    Accuse,
    Bond,
    Claim,
    Deposit,
    EndEpoch,
    Event,
    Evidence,
    Fees,
    Refused,
    Reward,
    Stake,
    Statement,
    Unbond,
    Unjail,
    Withdraw,
)
from hyperion_conformance.seq.variants import VARIANTS

FIGURES: Final = Parameters(
    least_bond=100, most_seats=3, unbonding=100, evidence_age=60, inclusion=10, correlation_window=200,
    downtime_burn=10, downtime_jail=20,
)  # fmt: skip
NAMES: Final = tuple(bytes([letter]) * 20 for letter in b"\x0a\x0b\x0c\x0d")

names = st.sampled_from(NAMES)
amounts = st.integers(1, 400)
ends = st.lists(st.tuples(names, st.integers(0, 10)), max_size=2).map(lambda missed: EndEpoch(10, tuple(missed)))
EQUIVOCATION: Final = tuple(Statement(1, 0, "precommit", value) for value in (b"x", b"y"))
accusations = st.builds(
    lambda name, epoch: Accuse(Evidence(name, epoch, *EQUIVOCATION)), names, st.integers(0, 12)
)  # fmt: skip
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Deposit, names, amounts),
    st.builds(Bond, names, amounts),
    st.builds(Unbond, names, amounts),
    st.builds(Claim, names),
    st.builds(Withdraw, names, amounts),
    st.builds(Unjail, names),
    st.builds(Fees, names, amounts),
    st.builds(Reward, amounts),
    accusations,
    ends,
    ends,
)
histories = st.lists(st.tuples(st.integers(0, 40), events), max_size=40)
first_bonds = st.tuples(*(st.integers(100, 1_000) for _ in NAMES[:3]))


def begin(bonds: tuple[int, ...]) -> Stake:
    state = genesis(FIGURES, 0, dict(zip(NAMES, bonds, strict=False)))
    assert isinstance(state, Stake)
    return state


def broken(state: Stake) -> list[str]:
    """Names of the invariants that do not hold."""
    downtime = state.burned - sum(offence.burned for offence in state.offences.values())
    holds = {
        "conserved": conserved(state),
        "non-negative": non_negative(state),
        "no escape": nobody_escapes(FIGURES, state, downtime),
        "sets": sets_are_sound(FIGURES, state),
        "penalties": penalties_are_bounded(state),
    }
    return [name for name, held in holds.items() if not held]


@pytest.mark.rule("SEQ-stake-unbond", "SEQ-stake-release", "SEQ-slash-order", "SEQ-set-fixed")
@given(first_bonds, histories)
def test_invariants_hold_after_any_events(bonds: tuple[int, ...], history: list[tuple[int, Event]]) -> None:
    state, time = begin(bonds), 0
    for later, event in history:
        time += later
        before = state
        after = step(FIGURES, state, time, event)
        state = before if isinstance(after, Refused) else after
        assert broken(state) == []
        for epoch in (before.epoch, before.epoch + 1):
            assert state.sets[epoch].seats == before.sets[epoch].seats


# A validator leaves in the epoch before the one in which it offends; whoever pays exits too early lets it escape.
LEAVING: Final[tuple[tuple[int, Event], ...]] = (
    (1, Unbond(NAMES[0], 300)), (2, EndEpoch(10)), (101, EndEpoch(10)), (102, Claim(NAMES[0])),
)  # fmt: skip


@pytest.mark.parametrize("name", ["clock-from-request", "paid-at-once"])
def test_the_invariants_notice_an_escape(name: str) -> None:
    """The control."""
    state = begin((300, 200, 100))
    assert broken(rules.run(FIGURES, state, LEAVING)) == []
    with next(variant for variant in VARIANTS if variant.name == name).seeded():
        assert broken(rules.run(FIGURES, state, LEAVING)) == ["no escape"]
