"""The cheaper theorems about caches, and what they rest on: stand-ins that behave as the containers they stand for."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperion.vm.caching.storage import Line
from hyperion_proofs.caches import UnknownLines, UnknownOrder
from hyperion_proofs.prove import prove
from hyperion_proofs.solve import Answer
from hyperion_proofs.statement import Known
from hyperion_proofs.theorems.caching import REVERT
from hyperion_proofs.translate import Model

KEY: Final = (1, 2)
BEFORE: Final = Model({}, {"line": ({KEY: 1}, 0), "line's word": ({KEY: 7}, 0), "line is dirty": ({KEY: 1}, 0)})
slots = st.tuples(st.integers(1, 2), st.integers(1, 3))


@given(st.lists(st.tuples(slots, st.one_of(st.none(), st.builds(Line, st.integers(0, 3), st.booleans()))), max_size=8))
def test_unknown_lines_are_a_map(steps: list[tuple[tuple[int, int], Line | None]]) -> None:
    known = Known(BEFORE)
    mine, its, order = UnknownLines(known), {(1, 2): Line(7, True)}, UnknownOrder(known)
    for slot, line in steps:
        if line is None and slot in its:
            mine, its, order = mine.delete(slot), {key: its[key] for key in its if key != slot}, order.remove(slot)
        elif line is not None:
            order = order if slot in its else order.append(slot)
            mine, its = mine.set(slot, line), {**its, slot: line}
    for slot in ((1, 1), (1, 2), (2, 1), (2, 3)):
        assert mine.get(slot) == its.get(slot)
        assert (slot in mine) == (slot in its) == bool(order.holds(slot))
    assert known.failed == []


def test_what_is_not_there_is_a_claim_that_fails() -> None:
    known = Known(BEFORE)
    lines: Any = UnknownLines(known)
    lines[1, 1]
    UnknownOrder(known).remove((1, 1))
    UnknownOrder(known).append((1, 2))
    assert known.failed == ["the line is there", "the key is there", "no key is there twice"]


@pytest.mark.parametrize("obligation", REVERT.obligations, ids=lambda part: part.name)
def test_revert(obligation: Any) -> None:
    finding = prove(obligation)
    assert (finding.answer, finding.reason) == (Answer.PROVED, "")


def test_control_of_revert() -> None:
    finding = prove(REVERT.controls[0].obligation)
    assert finding.answer is Answer.REFUTED and finding.counterexample is not None
    assert "fails: coherent" in finding.counterexample.lines()
