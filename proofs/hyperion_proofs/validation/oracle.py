"""The oracle of long paths: it keeps one solver, and what it has learned serves for all paths of a block.

A condition is told the solver once, under a name; a question is asked by names. Where the answer is no, the solver says
which conditions it comes from: on any path on which these hold it is no again, unasked. Hard operators are unknown
functions here. The solver's effort is bounded by its own count of steps, not by time, so that answers do not depend on
what else the machine does; what it can't say within that is possible, or not proved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import z3

from hyperion.symbolic.expression import Term
from hyperion_proofs.slicing import Slicer
from hyperion_proofs.solve import SEED
from hyperion_proofs.translate import Untranslatable
from hyperion_proofs.validation.unknowns import Congruent

Core: TypeAlias = frozenset[Term]
EFFORT: Final = 1_000_000
"""Steps of the solver for one question: about a quarter of a second."""


class Incremental:
    """Says which conditions can hold together, and what follows from them, over unbounded integers."""

    def __init__(self) -> None:
        self.domain = Congruent()
        self.solver: Any = z3.Solver()
        self.solver.set("rlimit", EFFORT)
        self.solver.set("random_seed", SEED)
        self.told = 0
        self.asked = 0
        self.slicer = Slicer()
        self.names: dict[Term, Any] = {}
        self.conditions: dict[int, Term] = {}
        self.cores: dict[Term, list[Core]] = {}
        """For a condition, others with which it can't hold."""
        self.possible: dict[tuple[Term, ...], bool] = {}
        """Sets of conditions of which nothing is known to be wrong."""

    def feasible(self, conditions: tuple[Term, ...], further: Term) -> bool:
        """Whether some assignment meets all conditions, as far as is known."""
        return not self.excluded(conditions, further)

    def excluded(self, conditions: Sequence[Term], further: Term) -> bool:
        """Whether it is sure that no assignment meets all conditions and the further one."""
        holding = {*conditions, further}
        if any(core <= holding for core in self.cores.get(further, ())):
            return True
        key = (*self.slicer.slice(conditions, further), further)
        if key in self.possible:
            return False
        core = self.core_of(key)
        if core is None:
            self.possible[key] = True
            return False
        self.cores.setdefault(further, []).append(core)
        return True

    def core_of(self, conditions: Sequence[Term]) -> Core | None:
        """Some of the conditions that can't hold together; None if the solver knows of none."""
        self.asked += 1
        names = [self.name(condition) for condition in conditions]
        self.solver.add(*self.domain.facts[self.told :])
        self.told = len(self.domain.facts)
        if self.solver.check(*(name for name in names if name is not None)) != z3.unsat:
            return None
        return frozenset(self.conditions[name.get_id()] for name in self.solver.unsat_core())

    def name(self, condition: Term) -> Any:
        """The solver's name of a condition; None of one that integers can't say: it is left out, which is sound."""
        if condition not in self.names:
            name = z3.Bool(f"condition {len(self.names)}")
            try:
                self.solver.add(z3.Implies(name, self.domain.translate(condition)))
            except Untranslatable:
                name = None
            self.names[condition] = name
            if name is not None:
                self.conditions[name.get_id()] = condition
        return self.names[condition]
