"""Seeded mistakes between two machines of a block, each of which must show in one of a few blocks."""

from collections.abc import Iterator

import pytest

from hyperion.execution.transaction import AccessEntry
from hyperion.settlement.between.stages import Standing
from hyperion.settlement.onestep.nodes import OpeningError
from hyperion_conformance.dispute.mutants.between import BETWEEN_MUTANTS
from hyperion_conformance.dispute.mutants.mutant import Mutant, in_force
from hyperion_conformance.dispute.proving import Question, disagreement, question
from hyperion_conformance.dispute.rich_block import EVERY, LOGGER, OTHERS, PAID, beginning, chain, drafted, made
from tests.property.test_between import contradiction
from tests.unit.test_block import header_with


def whole() -> Iterator[str | None]:
    """What is wrong at the end of blocks, by the whole transition."""
    tip, rules = beginning(), chain()
    for sent in (EVERY, OTHERS, EVERY[:1] * 2):
        block, size = drafted(tip, sent, PAID)
        yield contradiction(question(tip, ((block, size),), rules), tip, block, size, rules)
    for requesting in (("0 0 RETURN",), ("0 0 REVERT", "0 0 RETURN")):
        begun = beginning(requesting=requesting)
        block, size = drafted(begun, ())
        yield contradiction(question(begun, ((block, size),), rules), begun, block, size, rules)
    for change in ({"base_fee": 8}, {"transactions_root": bytes(32)}):
        block, size = drafted(tip, EVERY[:1])
        asked = question(tip, ((header_with(**change)(block), size),), rules)
        yield None if asked.traces[0].standing is Standing.INVALID else "a header that does not follow"


def small() -> Question:
    """Two blocks with something of each kind, one that is invalid, and one after it."""
    tip, rules = beginning(), chain()
    first = drafted(tip, (OTHERS[0], made(1, 0, 1, LOGGER, b"\1" * 9, access_list=(AccessEntry(LOGGER, (1,)),))), PAID)
    middle = question(tip, (first,), rules).traces[0].tip
    return question(tip, (first, drafted(middle, OTHERS[:1]), drafted(middle, ())), rules)


def test_points_are_those_of_the_whole_transition() -> None:
    """Of seven blocks the ends, and of a row of three all points."""
    try:
        assert [told for told in whole() if told is not None] == []
        assert disagreement(small()) is None
    except OpeningError as error:
        raise AssertionError(str(error)) from error


@pytest.mark.parametrize("mutant", BETWEEN_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_is_seen(mutant: Mutant) -> None:
    with in_force(mutant), pytest.raises((AssertionError, ValueError, OverflowError)):
        test_points_are_those_of_the_whole_transition()
