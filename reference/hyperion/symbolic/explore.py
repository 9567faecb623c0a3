"""All paths of a run, by running it again for each: the last decision whose other side is open is turned around.

Bounds are explicit. An exploration that meets one says so and is incomplete: nothing is cut off silently.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

import attrs

from hyperion.symbolic.expression import Term
from hyperion.symbolic.path import Check, Decision, Escape, Infeasible, Oracle, Path, TooManyDecisions
from hyperion.symbolic.terms import Terms

R = TypeVar("R")


@attrs.frozen
class Limits:
    """The most paths of an exploration, and the most decisions of a path."""

    paths: int = 10_000
    decisions: int = 2_000


LIMITS: Final = Limits()


@attrs.frozen(eq=False)
class Outcome(Generic[R]):
    """A path: the conditions under which it is taken, and what the run gives there: a result or an exception."""

    conditions: tuple[Term, ...]
    result: R | None
    raised: Exception | None
    checks: tuple[Check, ...]
    path: Path
    """For building terms about the result."""


@attrs.frozen(eq=False)
class Exploration(Generic[R]):
    """The paths of a run, and which bound was met, if any; then there are more paths than these."""

    outcomes: tuple[Outcome[R], ...]
    bound: str | None
    dead_ends: int
    """Runs that turned out impossible on the way."""


def explore(run: Callable[[Path], R], oracle: Oracle | None = None, limits: Limits = LIMITS) -> Exploration[R]:
    """Run over all paths that the oracle finds possible; without an oracle, all that intervals do not exclude.

    ``run`` must depend on its path alone. An Escape on any path ends the exploration: it is raised.
    """
    terms = Terms()
    outcomes: list[Outcome[R]] = []
    dead_ends = 0
    prefix: tuple[Decision, ...] | None = ()
    while prefix is not None:
        if len(outcomes) >= limits.paths:
            return Exploration(tuple(outcomes), f"{limits.paths} paths", dead_ends)
        path = Path(Terms(terms.known), prefix, oracle, limits.decisions)
        try:
            outcomes.append(follow(run, path))
        except Infeasible:
            dead_ends += 1
        except TooManyDecisions:
            return Exploration(tuple(outcomes), f"{limits.decisions} decisions on a path", dead_ends)
        path.ended.append(True)
        prefix = next_prefix(path.trail)
    return Exploration(tuple(outcomes), None, dead_ends)


def follow(run: Callable[[Path], R], path: Path) -> Outcome[R]:
    """What the run gives on this path; an exception that it raises is an outcome, an escape is none."""
    result: R | None = None
    raised: Exception | None = None
    try:
        result = run(path)
    except Exception as error:
        raised = error
    swallowed: list[Escape] = path.escapes
    if swallowed:
        raise swallowed[0]
    return Outcome(tuple(path.conditions), result, raised, tuple(path.checks), path)


def next_prefix(trail: list[Decision]) -> tuple[Decision, ...] | None:
    """The decisions up to the last one whose other side is open, that one turned around; None if none is."""
    last = max((index for index, decision in enumerate(trail) if decision.open), default=None)
    if last is None:
        return None
    turned = attrs.evolve(trail[last], taken=not trail[last].taken, open=False)
    return (*trail[:last], turned)
