"""Cases of the fault game against what the public tests of the OP stack assert."""

from typing import Any, Final

import pytest

from hyperion_conformance.targets.fdg import FDG_GAME
from tests.conformance.fdg_facts import FACTS, OK, Fact

DRAFTS: Final = {f"{draft.group}/{draft.slug}": draft for draft in FDG_GAME.generators[0](7, 0)}


def outcome(case: str) -> Any:
    draft = DRAFTS[case]
    return FDG_GAME.outcome(draft.input, draft.fork, True, lambda _: None)


def said(fact: Fact, found: Any) -> list[str]:
    """In what the outcome is not as the fact says."""
    wrong = []
    last = found["answers"][-1]
    if fact.last is not None and last.get("rejected", OK) != fact.last:
        wrong.append(f"{last}, not {fact.last}")
    if fact.status is not None and found["final"]["status"] != fact.status:
        wrong.append(f"{found['final']['status']}, not {fact.status}")
    if fact.clocks is not None:
        clocks = tuple(int(claim.split("clock ")[1].split()[0]) for claim in found["final"]["claims"])
        wrong += [] if clocks == fact.clocks else [f"clocks {clocks}, not {fact.clocks}"]
    if fact.advice is not None:
        advice = tuple(move.split(" with ")[0] for move in last["moves"])
        wrong += [] if advice == fact.advice else [f"{advice}, not {fact.advice}"]
    return wrong


@pytest.mark.parametrize("case", FACTS)
def test_a_public_case_ends_as_it_is_said_to(case: str) -> None:
    assert said(FACTS[case], outcome(case)) == [], FACTS[case].source


def test_control_another_end_is_noticed() -> None:
    found = outcome("contract/contested")
    assert said(Fact("", last="clock-expired", status="defender-wins", clocks=(0, 1)), found) != []
    assert len(said(Fact("", last="clock-expired", status="defender-wins", clocks=(0, 1)), found)) == 3
    assert said(Fact("", advice=("defend 0",)), outcome("solver/false-root-is-attacked")) != []


def test_most_public_cases_are_told() -> None:
    assert len(FACTS) >= 55
    assert len({fact.source + case[-12:] for case, fact in FACTS.items()}) == len(FACTS)
