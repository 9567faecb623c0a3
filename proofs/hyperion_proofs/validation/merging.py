"""Merging paths: a piece of a run that only computes values is explored by itself, and its paths become one again.

Prices of storage and of memory ask many questions and change nothing but a few integers. Where each question split the
whole run, a block with four writes to storage would have ten thousand paths; merged, the integers become conditional
terms. The pieces are run as they are, over all their paths, under what is known where they stand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

import attrs

from hyperion.symbolic.explore import Exploration, Limits, Outcome, follow, next_prefix
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.path import Decision, Infeasible, Oracle, Path, TooManyDecisions
from hyperion.symbolic.proxies import integer, integer_term, truth, truth_term
from hyperion.symbolic.terms import Terms
from hyperion.vm import gas as price
from hyperion_proofs.statement import Given

Values: TypeAlias = tuple[Any, ...]
MERGED: Final = "merged"
"""Marks functions of which the paths are merged: nothing is assumed of them."""


@attrs.frozen(eq=False)
class Part:
    """A part of a run that is explored by itself: the decisions to follow, and those made."""

    prefix: tuple[Decision, ...]
    trail: list[Decision] = attrs.field(factory=list)


@attrs.frozen(eq=False)
class MergingPath(Path):
    """A path whose parts may be explored by themselves."""

    parts: list[Part] = attrs.field(factory=list)

    def branch(self, condition: Any) -> bool:
        """As of ``Path``; within a part, the decision is the part's."""
        if not self.parts:
            return Path.branch(self, condition)
        part = self.parts[-1]
        index = len(part.trail)
        if index < len(part.prefix):
            decision = attrs.evolve(part.prefix[index], condition=condition)
        else:
            holds, fails = self.possible(condition), self.possible(self.terms.negation(condition))
            if not holds and not fails:
                raise Infeasible
            decision = Decision(condition, holds, holds and fails)
        part.trail.append(decision)
        self.settle(condition, decision.taken)
        return decision.taken

    def merge(self, compute: Callable[[], Values]) -> Values:
        """The values that ``compute`` gives, as terms over all its paths."""
        rows: list[tuple[tuple[Decision, ...], Values]] = []
        prefix: tuple[Decision, ...] | None = ()
        while prefix is not None:
            known = (len(self.conditions), dict(self.settled), dict(self.terms.learned), len(self.checks))
            part = Part(prefix)
            self.parts.append(part)
            try:
                values = compute()
                rows.append((tuple(part.trail), values))
                self.checks[known[3] :] = [
                    check if check.before is not None else attrs.evolve(check, before=tuple(self.conditions))
                    for check in self.checks[known[3] :]
                ]
            except Infeasible:
                pass
            finally:
                self.parts.pop()
                self.forget(*known[:3])
            prefix = next_prefix(part.trail)
        if not rows:
            raise Infeasible
        return self.chosen(rows, 0)

    def forget(self, conditions: int, settled: dict[Any, bool], learned: dict[Any, Any]) -> None:
        """What a part has decided does not hold after it."""
        del self.conditions[conditions:]
        self.settled.clear()
        self.settled.update(settled)
        self.terms.learned.clear()
        self.terms.learned.update(learned)

    def chosen(self, rows: list[tuple[tuple[Decision, ...], Values]], depth: int) -> Values:
        """The values of the row whose decisions are those of the input."""
        if len(rows) == 1:
            return rows[0][1]
        condition = rows[0][0][depth].condition
        yes = [row for row in rows if row[0][depth].taken]
        no = [row for row in rows if not row[0][depth].taken]
        if not yes or not no:
            return self.chosen(yes or no, depth + 1)
        pairs = zip(self.chosen(yes, depth + 1), self.chosen(no, depth + 1), strict=True)
        return tuple(self.one(condition, then, otherwise) for then, otherwise in pairs)

    def one(self, condition: Any, then: Any, otherwise: Any) -> Any:
        """A value that depends on the condition."""
        if then is otherwise:
            return then
        if isinstance(truth_or_none(then), bool) and isinstance(truth_or_none(otherwise), bool):
            return truth(self, self.terms.choose(condition, truth_term(self, then), truth_term(self, otherwise)))
        return integer(self, self.terms.choose(condition, integer_term(self, then), integer_term(self, otherwise)))


def truth_or_none(value: Any) -> bool | None:
    """Whether the value is a truth value, known or not: True if so."""
    from hyperion.symbolic.proxies import SymbolicBool

    return True if type(value) in (bool, SymbolicBool) else None


def merged(given: Given, compute: Callable[[], Values]) -> Values:
    """The values, of one path: on known values, just these."""
    path = given.symbolic
    return path.merge(compute) if isinstance(path, MergingPath) else compute()


def price_ideals(given: Given) -> tuple[Ideal, ...]:
    """Prices as they are, with their paths merged."""

    def of(function: Callable[..., int]) -> Callable[..., int]:
        return lambda *arguments: cast(int, merged(given, lambda: (function(*arguments),))[0])

    names = ("storage_cost", "storage_refund", "expansion_cost")
    return tuple(Ideal(price, name, of(getattr(price, name)), MERGED) for name in names)


def explore_merging(run: Callable[[Path], None], oracle: Oracle, limits: Limits) -> Exploration[None]:
    """As ``explore``, on paths that can merge parts."""
    terms = Terms()
    outcomes: list[Outcome[None]] = []
    dead_ends = 0
    prefix: tuple[Decision, ...] | None = ()
    while prefix is not None:
        if len(outcomes) >= limits.paths:
            return Exploration(tuple(outcomes), f"{limits.paths} paths", dead_ends)
        path = MergingPath(Terms(terms.known), prefix, oracle, limits.decisions)
        try:
            outcomes.append(follow(run, path))
        except Infeasible:
            dead_ends += 1
        except TooManyDecisions:
            return Exploration(tuple(outcomes), f"{limits.decisions} decisions on a path", dead_ends)
        path.ended.append(True)
        prefix = next_prefix(path.trail)
    return Exploration(tuple(outcomes), None, dead_ends)
