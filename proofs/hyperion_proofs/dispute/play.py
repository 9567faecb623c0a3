"""Any event of the edge game in any state, run by the game's own transition function."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

import attrs

from hyperion.settlement.dispute import events, rules
from hyperion.settlement.dispute.types import Mode
from hyperion.settlement.moment import Moment
from hyperion.settlement.rejection import Rejected
from hyperion.symbolic.ideal import Idealized
from hyperion_proofs.dispute.histories import Histories
from hyperion_proofs.dispute.world import any_game, ideals
from hyperion_proofs.statement import Given

Maker: TypeAlias = Callable[[Given], Any]

def root(given: Given) -> events.Root:
    """A stake for an assertion."""
    number = given.integer
    paid, mover = number("paid"), cast(Any, number("player"))
    return events.Root(cast(Any, number("assertion")), cast(Any, number("end root")), None, None, paid, mover)


def refine(given: Given) -> events.Refine:
    """A stake for a step."""
    edge, before, after, end, paid, mover = (
        cast(Any, given.integer(name)) for name in ("edge", "before", "after", "end root", "paid", "player")
    )
    return events.Refine(edge, before, None, after, None, end, None, None, paid, mover)


def close(given: Given) -> events.Close:
    """In any mode."""
    return events.Close((Mode.OPEN, Mode.NORMAL, Mode.REFUND)[choice(given, "close as", 3)])


def reimburse(given: Given) -> events.Reimburse:
    """With or without an edge above."""
    via = cast(Any, given.integer("edge above")) if given.truth("has edge above") else None
    return events.Reimburse(cast(Any, given.integer("edge")), via)


def choice(given: Given, name: str, count: int) -> int:
    """One of so many, each on a path of its own."""
    found = given.integer(name, 0, count - 1)
    return next((number for number in range(count - 1) if found == number), count - 1)


def about(kind: Callable[..., Any], *names: str) -> Maker:
    """An event of numbers."""
    return lambda given: kind(*(given.integer(name) for name in names))


def one_step(given: Given) -> events.ConfirmByOneStepProof:
    """A proof of one step."""
    edge, before, after = (cast(Any, given.integer(name)) for name in ("edge", "before", "after"))
    return events.ConfirmByOneStepProof(edge, before, None, after, None, None)


def bisect(given: Given) -> events.Bisect:
    """A cut."""
    edge, middle, mover = (cast(Any, given.integer(name)) for name in ("edge", "middle root", "player"))
    return events.Bisect(edge, middle, None, mover)


MAKERS: Final[Mapping[str, Maker]] = {
    "Admit": about(events.Admit, "assertion", "state"),
    "Root": root,
    "Refine": refine,
    "Bisect": bisect,
    "UpdateTimer": about(events.UpdateTimer, "edge"),
    "UpdateTimerByClaim": about(events.UpdateTimerByClaim, "edge", "claimant"),
    "ConfirmByTime": about(events.ConfirmByTime, "edge"),
    "ConfirmByChildren": about(events.ConfirmByChildren, "edge"),
    "ConfirmByClaim": about(events.ConfirmByClaim, "edge", "claimant"),
    "ConfirmByOneStepProof": one_step,
    "Decide": about(events.Decide, "edge"),
    "Close": close,
    "Refund": about(events.Refund, "edge"),
    "Reimburse": reimburse,
    "Withdraw": about(events.Withdraw, "account"),
}
"""All events; a test says that they are all."""

LAST: Final = 2**63
"""No later time is looked at: infinity is more than any time since the first."""


@attrs.frozen(eq=False)
class Played:
    """A state, and what the event has made of it."""

    before: Any
    event: Any
    after: Any


def played(
    given: Given,
    kind: str,
    of_edge: Callable[[Any, Any], None],
    of_rivalry: Callable[[Any, Any], None],
    faults: Any = tuple,
) -> Played | None:
    """The event of this kind in any state that the hypotheses allow, at any time from now on; None if refused.

    The hypotheses are told the state and the key of each edge, and of each rivalry, that is looked up.
    """
    game = any_game(given, lambda key: of_edge(game, key), lambda key: of_rivalry(game, key))
    event = MAKERS[kind](given)
    at = Moment(given.integer("time of the event", 0, LAST), given.integer("height of the event", 0))
    with Idealized((*ideals(given), *faults())):
        after: Any = rules.step(game, event, at, Histories(given).verifier())
    return None if isinstance(after, Rejected) else Played(game, event, after)
