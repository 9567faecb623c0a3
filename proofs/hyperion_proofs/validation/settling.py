"""Claims that follow at once: the exploration's own solver has them, before others are asked about what is left.

Most claims of a block are equalities of terms that are nearly the same, and they come back on path after path from the
same few conditions. So each is asked of the solver that has seen all conditions of the block already, and answered from
what it has learned where that suffices.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import attrs

from hyperion.symbolic.explore import Exploration, Outcome
from hyperion.symbolic.path import Check
from hyperion_proofs.validation.oracle import Incremental

AT_ONCE: Final = "z3 integers, hard operators unknown"
EARLIER: Final = "what was learned on other paths"


def follows(oracle: Incremental, outcome: Outcome[None], check: Check) -> bool:
    """Whether the claim follows from the conditions from which it must."""
    conditions = outcome.conditions if check.before is None else check.before
    return oracle.excluded(conditions, outcome.path.terms.negation(check.condition))


def is_impossible(oracle: Incremental, outcome: Outcome[None]) -> bool:
    """Whether the conditions of a path that raises exclude each other: it is not one then."""
    *conditions, last = outcome.conditions or (outcome.path.terms.boolean(True),)
    return oracle.excluded(conditions, last)


def settled(exploration: Exploration[None], oracle: Incremental, deciders: Counter[str]) -> Exploration[None]:
    """What is left to be proved; ``deciders`` counts what is not."""
    left: list[Outcome[None]] = []
    for outcome in exploration.outcomes:
        if outcome.raised is not None and is_impossible(oracle, outcome):
            deciders[AT_ONCE] += 1
            continue
        checks: list[Check] = []
        for check in outcome.checks:
            if check.condition.is_constant and check.condition.value:
                continue
            asked = oracle.asked
            if follows(oracle, outcome, check):
                deciders[AT_ONCE if oracle.asked > asked else EARLIER] += 1
            else:
                checks.append(check)
        left.append(attrs.evolve(outcome, checks=tuple(checks)))
    return attrs.evolve(exploration, outcomes=tuple(left))
