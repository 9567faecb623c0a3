"""Every mistake of the table is told by the check that is named with it; the model passes every check."""

from collections.abc import Callable

import pytest

from tests.support.finality_mutants import CHECKS, EQUIVALENT, MUTANTS, OTHERS, Mutant


@pytest.mark.parametrize("check", [*CHECKS, *OTHERS], ids=lambda check: check.__name__)
def test_the_model_passes(check: Callable[[], bool]) -> None:
    assert check()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_is_told(mutant: Mutant) -> None:
    with mutant.planted():
        assert not mutant.check()


@pytest.mark.parametrize("mutant", EQUIVALENT, ids=lambda mutant: mutant.name)
def test_an_equivalent_change_is_not(mutant: Mutant) -> None:
    with mutant.planted():
        assert mutant.check()
