"""Any state of the edge game: any number of assertions, edges and accounts, any levels of any heights."""

from collections.abc import Callable
from typing import Any, Final, cast

import attrs

from hyperion.settlement.dispute import confirmation, funds, identity, moves, rules, timers
from hyperion.settlement.dispute.parameters import Level, Parameters
from hyperion.settlement.dispute.types import Claim, Edge, Game, Ledger, Mode, Rivalry
from hyperion.settlement.moment import Moment
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.opaque import larger, length_of, smaller
from hyperion.symbolic.proxies import all_of
from hyperion_proofs.dispute.histories import Names
from hyperion_proofs.dispute.silence import modules_of, silenced
from hyperion_proofs.dispute.table import Attrs, Record, Shape, Table
from hyperion_proofs.statement import Given

EDGE_FIELDS: Final = {
    "id": None, "mutual": None, "level": 0, "origin": None, "start_height": 0, "start_root": None, "end_height": 0,
    "end_root": None, "created": None, "mover": None, "opens": True, "claim": None, "stake": None, "halved": True,
    "lower": None, "upper": None, "timer": None, "confirmed": True, "useful": True, "refunded": True,
}  # fmt: skip
EDGES: Final = Shape("edge", EDGE_FIELDS, Edge, {"claim": "opens", "lower": "halved", "upper": "halved"})
RIVALRIES: Final = Shape(
    "rivalry",
    {"first": None, "rivalled": True, "rivalled_at": None, "won": True, "confirmed": None},
    Rivalry,
    {"rivalled_at": "rivalled", "confirmed": "won"},
)
CLAIMS: Final = Shape("assertion", {"state": None, "created": None}, Claim)
CREDITS: Final = Shape("credit", {"amount": None}, None)
MODES: Final = (Mode.OPEN, Mode.NORMAL, Mode.REFUND)


@attrs.frozen(eq=False)
class Steps:
    """The height of a level, of which only the number of steps is asked for."""

    steps: Any

    def __rpow__(self, base: int) -> Any:
        return self.steps if base == 2 else NotImplemented


@attrs.frozen(eq=False)
class Levels:
    """Any number of levels."""

    given: Given
    length: Any

    def __getitem__(self, level: Any) -> Level:
        ask = self.given.result
        return Level(
            cast(int, Steps(ask("steps", (level,), 1))),
            ask("stake of level", (level,), 0),
            ask("reimbursement of level", (level,), 0),
            ask("provable", (level,), 0, 1) == 1,
        )


def any_parameters(given: Given) -> Parameters:
    """Any levels and times."""
    levels = cast("tuple[Level, ...]", Levels(given, given.integer("levels", 1)))
    return Parameters(
        levels, given.integer("threshold", 1), given.integer("censorship", 0), given.integer("reaction", 0),
        given.integer("slot", 1), given.integer("cost of move", 0), given.integer("resource ratio", 0),
    )  # fmt: skip


def nobody(key: Any) -> None:
    """Nobody is told."""


def any_ledger(given: Given) -> Ledger:
    """Any amounts."""
    deposited, escrow, pool, owed, paid = (
        given.integer(name) for name in ("deposited", "escrow", "pool", "owed", "paid")
    )
    return Ledger(deposited, escrow, pool, cast(Any, Table(given, CREDITS, nobody)), owed, paid)


@attrs.frozen(eq=False)
class Unread:
    """What is decided of a game when the model reads it."""

    given: Given

    def contest(self) -> Rivalry | None:
        """No assertion yet, one, or more."""
        if not self.given.truth("contest: has"):
            return None
        at = self.given.integer("contest: rivalled_at") if self.given.truth("contest: rivalled") else None
        return Rivalry(cast(Any, self.given.integer("contest: first")), at)

    def mode(self) -> Mode:
        """One of all modes."""
        number = self.given.integer("mode", 0, 2)
        return MODES[0] if number == 0 else MODES[1] if number == 1 else MODES[2]

    def winner(self) -> Any:
        """An assertion, or none."""
        return self.given.integer("winner") if self.given.truth("has winner") else None

    def read(self, name: str) -> Any:
        """The field."""
        return {"contest": self.contest, "mode": self.mode, "winner": self.winner}[name]()


def any_game(
    given: Given, touched: Callable[[Any], None] = nobody, rivalry_touched: Callable[[Any], None] = nobody
) -> Any:
    """A game of which nothing is known. The keys of edges and of rivalries that are looked up are told."""
    fields = {
        "parameters": any_parameters(given),
        "origin": given.integer("origin"),
        "start": given.integer("start"),
        "now": Moment(given.integer("now", 0), given.integer("height", 0)),
        "claimed": Table(given, CLAIMS, nobody),
        "edges": Table(given, EDGES, touched),
        "rivalries": Table(given, RIVALRIES, rivalry_touched),
        "ledger": any_ledger(given),
    }
    unread = Unread(given)
    return Record(Game, unread.read, unread.read, fields)


@attrs.frozen(eq=False)
class Cuts:
    """Where edges are cut, and of what an edge is a half; by the theorems on positions."""

    given: Given

    def height(self, start: Any, end: Any) -> Any:
        """The height between the ends, if there is one."""
        if end - start < 2:
            return None
        middle = self.given.result("cut", (start, end))
        self.given.assume(all_of(start < middle, middle < end))
        for first, last in ((start, middle), (middle, end)):
            self.given.assume(self.given.result("whole start", (first, last)) == start)
            self.given.assume(self.given.result("whole end", (first, last)) == end)
        return middle


def ideals(given: Given) -> tuple[Ideal, ...]:
    """What stands for names, cuts and lengths; refusals without texts."""
    return (
        *silenced(modules_of("dispute")),
        Ideal(identity, "identity", Names(given).identity, "A-names"),
        Ideal(moves, "bisection_height", Cuts(given).height, "DIS-cut-inside, DIS-cut-aligned"),
        *(Ideal(module, "attrs", Attrs(), "as attrs") for module in (confirmation, funds, moves, rules)),
        Ideal(timers, "min", smaller, "as min"),
        Ideal(timers, "max", larger, "as max"),
        Ideal(moves, "len", length_of, "as len"),
        Ideal(rules, "len", lambda part: 32, "a hash has 32 bytes"),
    )
