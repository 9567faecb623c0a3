"""The oracle of long paths: it keeps one solver, so that a question costs what is new in it.

A term is translated once for all questions of an exploration, and what is known of its symbols is told the solver once;
each question is asked under the conditions that are connected with it. What the solver can't say at once is possible.
"""

from __future__ import annotations

from typing import Any, Final

import z3

from hyperion.symbolic.expression import Term
from hyperion_proofs.slicing import Slicer
from hyperion_proofs.solve import SEED
from hyperion_proofs.translate import Integers, Untranslatable

MILLISECONDS: Final = 200
"""For one question."""


class Incremental:
    """Says which sides of a branch are possible, over unbounded integers."""

    def __init__(self) -> None:
        self.domain = Integers()
        self.solver: Any = z3.Solver()
        self.solver.set("timeout", MILLISECONDS)
        self.solver.set("random_seed", SEED)
        self.told = 0
        self.slicer = Slicer()
        self.asked: dict[tuple[Term, ...], bool] = {}

    def feasible(self, conditions: tuple[Term, ...], further: Term) -> bool:
        """Whether some assignment meets all conditions."""
        key = (*self.slicer.slice(conditions, further), further)
        if key not in self.asked:
            self.asked[key] = self.ask(key)
        return self.asked[key]

    def ask(self, conditions: tuple[Term, ...]) -> bool:
        """The same; a condition that integers can't say is left out, which errs on the side of yes."""
        formulas: list[Any] = []
        for condition in conditions:
            try:
                formulas.append(self.domain.translate(condition))
            except Untranslatable:
                continue
        self.solver.add(*self.domain.facts[self.told :])
        self.told = len(self.domain.facts)
        return bool(self.solver.check(*formulas) != z3.unsat)
