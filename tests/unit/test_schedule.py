"""The schedule: published tables, bounds, and that no question changes an answer. Properties draw 100 examples."""

from itertools import pairwise
from math import gcd
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperion.sequencer.parameters import HYPERION
from hyperion.sequencer.schedule.invariants import above_minus_total, sum_is_zero, top_is_bounded
from hyperion.sequencer.schedule.leaders import NoSchedule, Schedule, leader, schedule
from hyperion.sequencer.schedule.rotation import elect, period
from hyperion.sequencer.schedule.slots import slots

# Published with CometBFT: the test of its validator set, and its document on proposer selection.
PUBLISHED: Final = (
    "foo baz foo bar foo foo baz foo bar foo foo baz foo foo bar foo baz foo foo bar foo foo baz foo bar foo foo baz "
    "foo bar foo foo baz foo foo bar foo baz foo foo bar foo baz foo foo bar foo baz foo foo bar foo baz foo foo foo "
    "baz bar foo foo foo baz foo bar foo foo baz foo bar foo foo baz foo bar foo foo baz foo bar foo foo baz foo foo "
    "bar foo baz foo foo bar foo baz foo foo bar foo baz foo foo"
)
NAMES: Final = (b"bar", b"baz", b"foo")

weights = st.lists(st.integers(1, 40), min_size=1, max_size=9).map(tuple)


def made(first: int, weights: tuple[int, ...], most: int = 4_096) -> Schedule:
    found = schedule(first, [(bytes([index]), weight) for index, weight in enumerate(weights)], most)
    assert isinstance(found, Schedule)
    return found


@pytest.mark.rule("SEQ-elect")
def test_published_proposers_of_three_validators() -> None:
    order = period((300, 330, 1000))
    assert " ".join(NAMES[index].decode() for index in order[: len(PUBLISHED.split())]) == PUBLISHED


@pytest.mark.rule("SEQ-elect")
def test_published_table_of_priorities() -> None:
    priorities: tuple[int, ...] = (0, 0)
    seen = []
    for _ in range(4):
        index, priorities = elect(priorities, (1, 3))
        seen.append((index, priorities))
    assert seen == [(1, (1, -1)), (0, (-2, 2)), (1, (-1, 1)), (1, (0, 0))]


@pytest.mark.rule("SEQ-elect", "SEQ-period")
def test_published_counts_and_orders() -> None:
    three = period((4, 5, 3)) * 10
    assert [three.count(index) for index in range(3)] == [40, 50, 30]
    assert period((100, 100, 100))[:15] == (0, 1, 2) * 5
    assert period((100, 100, 400))[:2] == (2, 0)  # not enough to lead twice in a row
    assert period((100, 100, 401))[:3] == (2, 2, 0)  # enough


@pytest.mark.rule("SEQ-period")
@given(weights)
def test_a_period_is_exactly_fair(weights: tuple[int, ...]) -> None:
    order = period(weights)
    assert tuple(order.count(index) for index in range(len(weights))) == weights


@pytest.mark.rule("SEQ-elect")
@given(weights)
def test_bounds_hold_at_every_election(weights: tuple[int, ...]) -> None:
    total, priorities, counts = sum(weights), (0,) * len(weights), [0] * len(weights)
    for election in range(1, total + 1):
        index, priorities = elect(priorities, weights)
        counts[index] += 1
        assert sum_is_zero(priorities)
        assert above_minus_total(priorities, weights)
        assert all(top_is_bounded(priorities, weights, size) for size in range(1, len(weights) + 1))
        assert all(count * total < election * weight + total for count, weight in zip(counts, weights, strict=True))
    assert set(priorities) == {0}


def test_bounds_can_be_broken() -> None:
    """The control of the bounds: a rule that elects the lowest breaks each."""
    assert not sum_is_zero((1, 0))
    assert not above_minus_total((-4, 4), (1, 3))
    assert not top_is_bounded((3, -3), (1, 3), 1)
    assert top_is_bounded((2, -2), (1, 3), 1)


@pytest.mark.rule("SEQ-leader", "SEQ-schedule-set")
@given(weights, st.integers(0, 10**6), st.integers(0, 2_000), st.integers(0, 50))
def test_a_leader_is_the_winner_of_its_election(weights: tuple[int, ...], first: int, later: int, round: int) -> None:
    found = made(first, weights)
    priorities, index = (0,) * len(weights), 0
    divided = tuple(weight // gcd(*weights) for weight in weights)
    for _ in range((later + round) % sum(divided) + 1):
        index, priorities = elect(priorities, divided)
    assert leader(found, first + later, round) == bytes([index])
    assert leader(found, first + later, round) == leader(found, first + later + round, 0)


@pytest.mark.rule("SEQ-slots")
@given(st.lists(st.integers(1, 10**24), min_size=1, max_size=21), st.integers(21, 4_096))
def test_slots_are_shares(stakes: list[int], most: int) -> None:
    found, total = slots(stakes, most), sum(stakes)
    if total <= most * gcd(*stakes):
        assert [count * gcd(*stakes) for count in found] == stakes
    else:
        assert sum(found) < most + len(stakes)
        assert all(abs(count * total - stake * most) < total for count, stake in zip(found, stakes, strict=True))
    order = sorted(range(len(stakes)), key=lambda index: stakes[index])
    assert all(found[low] <= found[high] for low, high in pairwise(order))
    assert min(found) >= 1


@pytest.mark.rule("SEQ-slots")
def test_slots_of_a_dwarf_among_giants() -> None:
    assert slots((10, 20), 4_096) == (1, 2)
    assert slots((1, 10**9), 100) == (1, 99)
    assert slots((7,), 1) == (1,)


@pytest.mark.rule("SEQ-schedule-set")
@pytest.mark.parametrize(
    ("seats", "most", "reason"),
    [
        ([], 9, "no validator"),
        ([(b"a", 0)], 9, "not positive"),
        ([(b"b", 1), (b"a", 1)], 9, "order"),
        ([(b"a", 1), (b"a", 1)], 9, "order"),
        ([(b"a", 1), (b"b", 1)], 1, "slots"),
    ],
)
def test_what_makes_no_schedule(seats: list[tuple[bytes, int]], most: int, reason: str) -> None:
    found = schedule(0, seats, most)
    assert isinstance(found, NoSchedule)
    assert reason in found.reason
    assert isinstance(schedule(-1, [(b"a", 1)], 9), NoSchedule)


@pytest.mark.rule("SEQ-leader")
def test_any_height_of_the_epoch_costs_an_index() -> None:
    found = made(0, tuple(range(100, 121)))
    assert len(found.order) <= HYPERION.most_slots + 20
    far = len(found.order) * 10**15
    assert leader(found, far + 3, 2) == leader(found, 5, 0)
