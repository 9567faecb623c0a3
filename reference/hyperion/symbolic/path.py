"""One run of a function over values that are not known: what it has decided so far, and what that implies.

A run is repeated for each path, with a prefix of decisions to follow; beyond the prefix it takes the first side that is
possible, and notes whether the other one is too. State of a run lives in the run's own object and nowhere else.
"""

from __future__ import annotations

from typing import Protocol

import attrs

from hyperion.symbolic.expression import Interval, Term
from hyperion.symbolic.terms import Contradiction, Terms


class Escape(BaseException):
    """An unknown value would have become a constant, or an object that can't hold it: the run proves nothing.

    Not an ``Exception``, so that no handler of the function that is run can take it for an outcome of its own.
    """

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(f"{operation}: {reason}")
        self.operation = operation
        self.reason = reason


class Infeasible(BaseException):
    """No input takes this path."""


class TooManyDecisions(BaseException):
    """The run has met its bound on decisions."""


class Oracle(Protocol):
    """Says whether conditions can hold together. If it errs on the side of yes, a path is explored for nothing."""

    def feasible(self, conditions: tuple[Term, ...], further: Term) -> bool:
        """Whether some assignment meets the conditions and the further one."""


@attrs.frozen
class Decision:
    """A branch: the condition, the side taken, and whether the other side is possible and still to be taken."""

    condition: Term
    taken: bool
    open: bool


@attrs.frozen
class Check:
    """Something that must hold wherever this path is taken."""

    label: str
    condition: Term
    before: tuple[Term, ...] | None = None
    """The conditions from which it must follow; None for all conditions of the path."""


@attrs.frozen(eq=False)
class Path:
    """A run: the workshop of its terms, the decisions to follow, those made, and the conditions that they add up to."""

    terms: Terms
    prefix: tuple[Decision, ...]
    oracle: Oracle | None
    max_decisions: int
    trail: list[Decision] = attrs.field(factory=list)
    conditions: list[Term] = attrs.field(factory=list)
    settled: dict[Term, bool] = attrs.field(factory=dict)
    """Conditions that were decided or assumed: asked again, they have the same answer."""
    checks: list[Check] = attrs.field(factory=list)
    names: dict[str, int] = attrs.field(factory=dict)
    """How often each stem of a name was used."""
    escapes: list[Escape] = attrs.field(factory=list)
    ended: list[bool] = attrs.field(factory=list)
    """Holds a member once the run is over: it decides nothing any more."""

    def fresh(self, stem: str) -> str:
        """A name that this run has not used; a run that decides the same gives the same names."""
        self.names[stem] = self.names.get(stem, -1) + 1
        return f"{stem}#{self.names[stem]}"

    def escape(self, operation: str, reason: str) -> Escape:
        """The escape to raise; it is also noted, in case that someone swallows it."""
        self.escapes.append(Escape(operation, reason))
        return self.escapes[-1]

    def possible(self, condition: Term) -> bool:
        """Whether the condition can hold here, as far as the oracle can tell."""
        return self.oracle is None or self.oracle.feasible(tuple(self.conditions), condition)

    def settle(self, condition: Term, holds: bool) -> None:
        """The condition holds, or does not, from here on."""
        self.settled[condition] = holds
        self.conditions.append(condition if holds else self.terms.negation(condition))
        try:
            self.terms.learn(condition, holds)
        except Contradiction:
            raise Infeasible from None

    def decide(self, condition: Term) -> bool:
        """The truth of the condition on this path: known, or a branch."""
        if self.ended:
            raise self.escape("decision", "the run to which the value belongs has ended")
        known = self.terms.decided(condition)
        if known is None:
            known = self.settled.get(condition)
        if known is None:
            known = self.branch(condition)
        return known

    def branch(self, condition: Term) -> bool:
        """Take a side: the one of the prefix, else the first that is possible."""
        index = len(self.trail)
        if index < len(self.prefix):
            decision = Decision(condition, self.prefix[index].taken, self.prefix[index].open)
        elif index >= self.max_decisions:
            raise TooManyDecisions
        else:
            holds, fails = self.possible(condition), self.possible(self.terms.negation(condition))
            if not holds and not fails:
                raise Infeasible
            decision = Decision(condition, holds, holds and fails)
        self.trail.append(decision)
        self.settle(condition, decision.taken)
        return decision.taken

    def assume(self, condition: Term) -> None:
        """Restrict the run to inputs for which the condition holds."""
        if self.terms.decided(condition) is False:
            raise Infeasible
        if not condition.is_constant:
            self.settle(condition, True)

    def check(self, label: str, condition: Term) -> None:
        """Note that the condition must hold wherever this path is taken."""
        self.checks.append(Check(label, condition))

    def lemma(self, label: str, condition: Term) -> None:
        """Note that the condition must follow from what holds so far, and take it to hold from here on."""
        self.checks.append(Check(label, condition, tuple(self.conditions)))
        self.assume(condition)

    def interval(self, term: Term) -> Interval:
        """What is known of an integer here."""
        return self.terms.interval(term)
