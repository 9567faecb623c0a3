"""The proofs of dispute: a sample on every run, the stand-ins against what they stand for, and the bridge to games.

``hyperion prove 'DIS-*' 'BRI-*'`` proves all.
"""

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from hyperion.settlement.dispute import events
from hyperion.settlement.dispute.bisection import bisection_height
from hyperion.settlement.dispute.moves import contested
from hyperion_proofs.dispute.invariants import BY_NAME
from hyperion_proofs.dispute.play import MAKERS
from hyperion_proofs.dispute.silence import silent
from hyperion_proofs.dispute.table import Attrs, Shape, Table
from hyperion_proofs.dispute.world import CREDITS
from hyperion_proofs.mutant import NoSuchCode
from hyperion_proofs.prove import prove
from hyperion_proofs.solve import Answer
from hyperion_proofs.statement import Known
from hyperion_proofs.theorems.dispute_invariants import WINNER
from hyperion_proofs.theorems.dispute_safety import SAFETY
from hyperion_proofs.translate import Model


def test_every_event_of_the_game_has_an_obligation() -> None:
    assert set(MAKERS) == {kind.__name__ for kind in get_args(events.Event)}


@pytest.mark.parametrize("name", ["ConfirmByOneStepProof", "ConfirmByChildren"])
def test_an_event_confirms_no_lie(name: str) -> None:
    found = prove(next(one for one in SAFETY.obligations if one.name == name))
    assert (found.answer, found.reason) == (Answer.PROVED, "")
    assert "hyperion.settlement.dispute.rules.step" in found.functions


@pytest.mark.parametrize("words", ["one half suffices", "any step is proved"])
def test_a_fault_lets_a_lie_win(words: str) -> None:
    found = prove(next(one for one in SAFETY.controls if one.weakening == words).obligation)
    assert found.answer is Answer.REFUTED
    assert found.counterexample is not None
    assert found.counterexample.failed == ("a lie is harmless",)


def test_two_rivals_are_confirmed_if_the_first_is_not_asked_for() -> None:
    found = prove(WINNER.controls[0].obligation)
    assert found.answer is Answer.REFUTED


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 3), st.none() | st.integers(0, 9))))
def test_a_table_is_a_map(changes: list[tuple[int, int | None]]) -> None:
    """100 examples: a table with nothing in it, written and read, is the map."""
    table: Any = Table(Known(Model({}, {})), CREDITS, lambda key: None)
    plain: Map[int, int] = Map()
    for key, value in changes:
        if value is not None:
            table, plain = table.set(key, value), plain.set(key, value)
        elif key in plain:
            table, plain = table.delete(key), plain.delete(key)
        assert [table.get(each) for each in range(4)] == [plain.get(each) for each in range(4)]
        assert [bool(table.field(each, "has")) for each in range(4)] == [each in plain for each in range(4)]
        assert table.change(lambda now, each: now.field(each, "amount")) == sum(plain.values())


def test_a_function_without_its_texts_refuses_as_before() -> None:
    quiet = silent(contested)
    assert quiet.__name__ == contested.__name__
    with pytest.raises(NoSuchCode):
        silent(contested, "no such code", "")


def test_a_written_record_keeps_what_was_not_changed() -> None:
    shape = Shape("claim", {"state": None, "created": 0}, dict)
    table = Table(Known(Model({}, {"claim: has": ({}, 1), "claim: state": ({}, 7)})), shape, lambda key: None)
    record = Attrs().evolve(table[3], created=5)
    after = table.set(3, record)
    assert (after.field(3, "state"), after.field(3, "created"), after.field(4, "created")) == (7, 5, 0)


@settings(max_examples=200)
@given(st.integers(0, 20), st.data())
def test_every_block_has_one_whole(height: int, data: st.DataObject) -> None:
    """200 examples: on the way down a level, an interval is a half of one interval only, as the proofs assume."""
    whole: dict[tuple[int, int], tuple[int, int]] = {}
    for _ in range(4):
        start, end = 0, 2**height
        while (middle := bisection_height(start, end)) is not None:
            for half in ((start, middle), (middle, end)):
                assert whole.setdefault(half, (start, end)) == (start, end)
            start, end = data.draw(st.sampled_from(((start, middle), (middle, end))))


def test_invariants_have_names_of_their_own() -> None:
    assert len(BY_NAME) == 12 + 1
