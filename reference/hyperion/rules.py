"""Rules have names: a decorator that ties a rule of the protocol to the function that *is* the rule.

The decorator only attaches data to the function. There is no registry to mutate: whoever wants one walks the modules
and gathers what it finds (``hyperion rules`` does).
"""

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

import attrs

F = TypeVar("F", bound=Callable[..., object])


class Level(Enum):
    """How binding a rule is, in the sense of RFC 2119."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


@attrs.frozen
class Rule:
    """A rule of the protocol: a slug that never changes its meaning, one sentence, and how binding it is."""

    id: str
    statement: str
    level: Level = Level.MUST


def rule(id: str, statement: str, level: Level = Level.MUST) -> Callable[[F], F]:
    """Mark the decorated function as the one home of the rule ``id``. A function may carry several rules."""

    def attach(function: F) -> F:
        carried: tuple[Rule, ...] = getattr(function, "__rules__", ())
        function.__rules__ = (Rule(id, statement, level), *carried)  # type: ignore[attr-defined]
        return function

    return attach
