"""Every seeded mistake of the games and of settlement is killed by the test that it names."""

from importlib import import_module
from types import FunctionType
from typing import Final

import pytest

from hyperion.settlement.dispute import bisection
from hyperion_conformance.dispute.arena import Arena
from hyperion_conformance.dispute.attacks import ATTACKS
from hyperion_conformance.dispute.mutants.court import COURT_MUTANTS
from hyperion_conformance.dispute.mutants.edges import EDGE_MUTANTS
from hyperion_conformance.dispute.mutants.faults import FAULT_MUTANTS
from hyperion_conformance.dispute.mutants.mutant import Mutant, in_force

MUTANTS: Final = (*EDGE_MUTANTS, *FAULT_MUTANTS, *COURT_MUTANTS)

KILLED: Final = (AssertionError, BaseExceptionGroup, OverflowError)
"""A test fails, a generated test fails in several ways, or the model crashes where it should have refused."""


def killer_of(mutant: Mutant) -> FunctionType:
    """The test that the mutant names."""
    module, _, name = mutant.killer.partition(":")
    found = getattr(import_module(module), name)
    assert isinstance(found, FunctionType)
    return found


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_killed_by_the_test_that_it_names(mutant: Mutant) -> None:
    killer = killer_of(mutant)  # before the mutant is in force: its module must not be imported with it
    with in_force(mutant), pytest.raises(KILLED):
        killer(*mutant.arguments)


PLAYED_OUT: Final = {
    "claim-link-unchecked": "steals_time",
    "step-unproved": "malforms",
    "later-rivals-have-time": "wrong_from_step",
    "losers-refunded": "steals",
    "refunded-again": "steals",
    "withdrawn-again": "steals",
    "shared-half-made-again": "front_runs",
    "all-stakes-held": "steals",
}
"""Mistakes that an adversary of the gallery turns into a false winner, or into money that is not there."""


@pytest.mark.parametrize("name", PLAYED_OUT)
def test_a_mistake_is_exploited_in_a_game(name: str) -> None:
    (mutant,) = [mutant for mutant in EDGE_MUTANTS if mutant.name == name]
    attack = ATTACKS[PLAYED_OUT[name]]
    with in_force(mutant), pytest.raises(AssertionError):
        for seed in range(12):  # who is first in a block depends on names of edges, and so on the lie
            arena = Arena((2, 2), attack((2, 2), seed)).play(after=12)
            assert arena.confirmed_at is not None


def test_there_are_enough_of_them_and_each_has_its_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 90
    assert min(len(EDGE_MUTANTS), len(FAULT_MUTANTS)) >= 30


def test_a_mutant_is_gone_when_it_is_left() -> None:
    mutant = MUTANTS[0]
    with in_force(mutant):
        assert bisection.bisection_height is mutant.wrong
    assert bisection.bisection_height is mutant.right
    killer_of(mutant)()


def test_an_equivalent_mutant_survives() -> None:
    # The control of the controls: a replacement that computes the same is not killed.
    mutant = MUTANTS[0]
    same = Mutant("same", mutant.right, lambda start, end, right=mutant.right: right(start, end), mutant.killer)
    killer = killer_of(same)
    with in_force(same):
        killer()
