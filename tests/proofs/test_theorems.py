"""The fast theorems hold, each of their controls is refuted, and every theorem names rules that exist."""

from typing import Final

import pytest

from hyperion_conformance.registry import gather
from hyperion_proofs.ledger import trouble
from hyperion_proofs.registry import registry
from hyperion_proofs.run import run

FAST: Final = [id for id, entry in registry().items() if entry.theorem.fast]
"""Checked on every run of the tests; ``hyperion prove`` checks all."""


@pytest.mark.parametrize("id", FAST)
def test_fast_theorem_holds(id: str) -> None:
    (line,) = run([id])
    assert trouble(line) == []
    assert line.holds
    assert line.functions, "a proof executes the model"


def test_every_theorem_covers_rules_that_exist() -> None:
    known = gather().entries
    for id, entry in registry().items():
        assert entry.theorem.rules, id
        assert [rule for rule in entry.theorem.rules if rule not in known] == [], id


def test_every_theorem_says_what_it_claims() -> None:
    for entry in registry().values():
        assert entry.theorem.statement.endswith(".")
        assert all(control.weakening for control in entry.theorem.controls)
