"""Induction over the events of the edge game: what holds of every edge before an event holds of every edge after it."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs

from hyperion.symbolic.proxies import negation
from hyperion_proofs.dispute.histories import Histories
from hyperion_proofs.dispute.invariants import INVARIANTS, PARTS, Invariant, View, contest_is_old, of_rivalry
from hyperion_proofs.dispute.play import MAKERS, Played, played
from hyperion_proofs.solve import INTEGERS
from hyperion_proofs.statement import PART_END, Given, Statement
from hyperion_proofs.theorem import Obligation

SOLVERS: Final = (attrs.evolve(INTEGERS, timeout=60_000),)


def assume_of(game: Any, given: Given, key: Any, invariants: Sequence[Invariant] = INVARIANTS) -> None:
    """The invariants hold of an edge."""
    view = View(given, game)
    for invariant in invariants:
        given.assume(invariant.of(view, key))


def assume_of_rivalry(game: Any, given: Given, mutual: Any) -> None:
    """The invariant holds of a rivalry."""
    given.assume(of_rivalry(View(given, game), mutual))


def know_cut(given: Given, play: Played) -> None:
    """Beginnings of beginnings, for the edge that was cut."""
    view, key, histories = View(given, play.before), play.event.edge, Histories(given)
    start, end, root = (view.edge(key, name) for name in ("start_height", "end_height", "end_root"))
    histories.know(root, end, given.result("cut", (start, end)), start)





def assume_decidable(given: Given) -> None:
    """What else would be refused: nobody has won, and an edge is there; so there are two assertions (``top_origin``).

    Said before the event, since the decision reads so much that is then known.
    """
    given.assume(given.truth("contest: has"))
    given.assume(given.truth("contest: rivalled"))
    given.assume(negation(given.truth("has winner")))
    given.assume(given.result("edge: has", (given.integer("edge"),), 0, 1) == 1)


Claim = Callable[[Given, Played, Any], None]
"""What is claimed of an edge after an event."""


def keeps(kind: str, claim: Claim, faults: Any = tuple, invariants: Sequence[Invariant] = INVARIANTS) -> Statement:
    """An event of this kind, in any state of which the invariants hold; the claim is about any edge afterwards."""

    def statement(given: Given) -> None:
        if kind == "Decide":
            assume_decidable(given)
        play = played(
            given,
            kind,
            lambda game, key: assume_of(game, given, key, invariants),
            lambda game, mutual: assume_of_rivalry(game, given, mutual),
            faults,
        )
        if play is None:
            return
        key, view = given.integer("any edge"), View(given, play.before)
        assume_of(play.before, given, key, invariants)
        assume_of_rivalry(play.before, given, view.edge(key, "mutual"))
        given.assume(contest_is_old(view))
        if kind == "Bisect":
            know_cut(given, play)
        claim(given, play, key)

    return statement


def all_kept(given: Given, play: Played, key: Any) -> None:
    """Every invariant holds of the edge afterwards, each for the theorem that it is a part of."""
    after = View(given, play.after)
    mutual = given.integer("any rivalry")
    assume_of_rivalry(play.before, given, mutual)
    given.claim(f"winner{PART_END}a rivalry knows its edges", of_rivalry(after, mutual))
    given.claim(f"time{PART_END}the contest is no younger", contest_is_old(after))
    for invariant in INVARIANTS:
        given.claim(f"{invariant.part}{PART_END}{invariant.name} is kept", invariant.of(after, key))


def decides_only(given: Given) -> None:
    """A decision changes nothing that invariants speak of but time, which goes on."""
    assume_decidable(given)
    play = played(given, "Decide", lambda game, key: None, lambda game, mutual: None)
    if play is not None:
        names = ("edges", "rivalries", "claimed", "parameters", "origin", "start")
        same = all(getattr(play.after, name) is getattr(play.before, name) for name in names)
        same = same and not {"contest", "mode"} & set(play.after.changed)
        for part in PARTS:
            given.claim(f"{part}{PART_END}nothing changes", same)
            given.claim(f"{part}{PART_END}time goes on", play.after.now.time >= play.before.now.time)


TOGETHER: Final = {kind: decides_only if kind == "Decide" else keeps(kind, all_kept) for kind in MAKERS}
"""One run for each event, which all theorems about invariants share."""


MISSING: Final[dict[str, tuple[type[Exception], ...]]] = {
    kind: (KeyError,) if kind == "Decide" else () for kind in MAKERS
}
"""A decision is run in states of which nothing is assumed, so a half may be missing there."""


def kept(name: str) -> tuple[Obligation, ...]:
    """The obligations of an invariant: no edge at the start, and every event keeps it."""
    return tuple(
        Obligation(kind, shared, SOLVERS, raises=MISSING[kind], prune=False, shared=shared, part=name)
        for kind, shared in TOGETHER.items()
    )


def broken(kind: str, name: str, faults: Any, invariants: Sequence[Invariant] = INVARIANTS) -> Obligation:
    """The same invariant and event with a fault in the model."""

    def one(given: Given, play: Played, key: Any) -> None:
        invariant = next(each for each in INVARIANTS if each.name == name)
        given.claim(f"{name} is kept", invariant.of(View(given, play.after), key))

    return Obligation(f"{kind}: {name}", keeps(kind, one, faults, invariants), SOLVERS, prune=False)
