"""The bridge: what the proofs of dispute assume and claim of a state is asked of the states of played games.

Names, cuts, beginnings and the truth are read off the game and its machine; the conditions are the proofs' own.
"""

from functools import cached_property
from typing import Any, Final

import attrs
import pytest

from hyperion.settlement.dispute.bisection import bisection_height
from hyperion.settlement.dispute.identity import identity
from hyperion.settlement.dispute.types import Game
from hyperion_conformance.dispute.arena import Arena
from hyperion_conformance.dispute.attacks import ATTACKS
from hyperion_conformance.dispute.worlds import TRUE, World
from hyperion_proofs.dispute.invariants import (
    INVARIANTS,
    View,
    contest_is_old,
    is_lie,
    of_contest,
    of_rivalry,
    whole_of,
)
from hyperion_proofs.dispute.table import Record
from hyperion_proofs.dispute.world import CLAIMS, EDGES, RIVALRIES
from hyperion_proofs.statement import Known
from hyperion_proofs.theorems.dispute_safety import contest_waste, harmless, own_waste
from hyperion_proofs.translate import Model

NOWHERE: Final = b"nowhere"


@attrs.frozen
class Count:
    """Levels, of which the invariants ask how many there are."""

    length: int


@attrs.frozen(eq=False, slots=False)
class Seen(Known):
    """What unknown functions are in a game that is known."""

    views: list[Any] = attrs.field(factory=list)
    """Holds the view that asks."""

    @property
    def view(self) -> Any:
        """The view that asks."""
        return self.views[0]

    def result(self, name: str, arguments: tuple[Any, ...], low: int | None = None, high: int | None = None) -> Any:
        """By the game."""
        if name == "cut":
            return bisection_height(*arguments) or 0
        if name == "wasted":
            return self.view.wasted[arguments[0]]
        return self.view.wholes.get(arguments, arguments)[0 if name == "whole start" else 1]

    def integer(self, name: str, low: int | None = None, high: int | None = None) -> Any:
        """The state in which the true trace ends."""
        return self.view.world.final(TRUE)


@attrs.frozen(eq=False, slots=False)
class Histories:
    """What histories are, by the machine that knows them."""

    view: Any

    def beginning(self, root: Any, height: int, at: int) -> Any:
        """The root of a beginning; of the whole, itself."""
        history = self.view.world.histories.get(root)
        return NOWHERE if history is None else self.view.world.named(history.prefix(at))

    def last(self, root: Any, height: int) -> Any:
        """The last state."""
        history = self.view.world.histories.get(root)
        if history is None:
            return NOWHERE
        return self.view.world.state(history.base + history.height * history.stride, history.label(history.height))

    def true(self, origin: Any, height: int) -> Any:
        """The true history of an origin that begins in the truth."""
        if origin not in self.view.places:
            return NOWHERE
        return self.view.world.root(TRUE, *self.view.places[origin], height)

    def single(self, state: Any) -> Any:
        """By the machine."""
        return self.view.world.single(state)

    def enter(self, level: int, state: Any) -> Any:
        """States of all levels are of one kind."""
        return state

    leave = enter


@attrs.frozen(eq=False, slots=False)
class Concrete(View):
    """A state that is known."""

    whole: Any = None
    world: Any = None

    @cached_property
    def histories(self) -> Any:
        """By the machine."""
        return Histories(self)

    def edge(self, key: Any, field: str) -> Any:
        """By the game."""
        found = self.whole.edges.get(key)
        return found is not None if field == "has" else 0 if found is None else EDGES.take(found, field)

    def rivals(self, mutual: Any, field: str) -> Any:
        """By the game."""
        found = self.whole.rivalries.get(mutual)
        return found is not None if field == "has" else 0 if found is None else RIVALRIES.take(found, field)

    def claim(self, key: Any, field: str) -> Any:
        """By the game."""
        found = self.whole.claimed.get(key)
        return found is not None if field == "has" else 0 if found is None else CLAIMS.take(found, field)

    def level(self, number: Any, what: str) -> Any:
        """By the parameters."""
        level = self.whole.parameters.levels[number]
        return {"steps": 2**level.height, "stake of level": level.stake}[what]

    def name(self, kind: int, *parts: Any) -> Any:
        """By the hash."""
        return identity(kind, *parts)

    @cached_property
    def wholes(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Of what an interval of a level is a half."""
        found: dict[tuple[int, int], tuple[int, int]] = {}
        waiting = [(0, 2**level.height) for level in self.whole.parameters.levels]
        while waiting:
            start, end = waiting.pop()
            middle = bisection_height(start, end)
            for half in () if middle is None else ((start, middle), (middle, end)):
                found[half] = (start, end)
                waiting.append(half)
        return found

    @cached_property
    def places(self) -> dict[Any, tuple[int, int]]:
        """Level and first step of the machine, of every origin that begins in the truth."""
        found = {self.whole.origin: (0, 0)}
        for edge in sorted(self.whole.edges.values(), key=lambda edge: edge.level):
            if edge.length == 1 and edge.origin in found and self.world.begins_true(edge):
                level, base = found[edge.origin]
                found[edge.mutual] = (level + 1, base + edge.start_height * self.world.stride(level))
        return found

    @cached_property
    def wasted(self) -> dict[Any, int]:
        """The unrivalled time of lies above each question, from the contest down."""
        found: dict[Any, int] = {}
        for edge in sorted(self.whole.edges.values(), key=lambda edge: (edge.level, -edge.length)):
            if of_contest(self, edge.id):
                found[edge.mutual] = contest_waste(self)
            else:
                above = whole_of(self, edge.id)
                found[edge.mutual] = found[above] + own_waste(self, above)
        return found


def view_of(game: Game, world: World) -> Concrete:
    """The state as the proofs see it."""
    given = Seen(Model({}, {}))
    fields = {field.name: getattr(game, field.name) for field in attrs.fields(Game)}
    read, levels = fields.__getitem__, Count(len(game.parameters.levels))
    fields["parameters"] = Record(Game, read, read, {"levels": levels})
    view = Concrete(given, Record(Game, read, read, fields), game, world)
    given.views.append(view)
    return view


def violated(view: Concrete) -> list[str]:
    """Conditions of the proofs that the state does not meet."""
    late = view.whole.parameters.late
    found = [] if contest_is_old(view) else ["contest_is_old"]
    for key, edge in view.whole.edges.items():
        found += [invariant.name for invariant in INVARIANTS if not invariant.of(view, key)]
        found += [] if of_rivalry(view, edge.mutual) else ["of_rivalry"]
        found += [] if harmless(view, key, late) else ["harmless"]
        waste = view.wasted[edge.mutual] + own_waste(view, edge.mutual)
        found += [] if waste <= late or not view.world.begins_true(edge) else ["A-honest-in-time"]
    return found


@pytest.mark.parametrize("name", sorted(ATTACKS))
@pytest.mark.parametrize("heights", [(2, 2), (3, 1)])
def test_states_of_played_games_meet_what_the_proofs_say_of_states(name: str, heights: tuple[int, ...]) -> None:
    arena = Arena(heights, ATTACKS[name](heights, 3), watch=False).play(4)
    states = [game for game, _ in arena.blocks]
    lies = 0
    for game in states[:: max(len(states) // 12, 1)]:
        view = view_of(game, arena.world)
        assert violated(view) == []
        assert [bool(is_lie(view, key)) for key in game.edges] == [arena.is_lie(edge) for edge in game.edges.values()]
        lies += sum(arena.is_lie(edge) for edge in game.edges.values())
    assert lies > 0 or name == "is_silent"


def test_a_state_that_no_game_has_is_noticed() -> None:
    arena = Arena((2, 2), ATTACKS["wrong_from_step"]((2, 2), 3), watch=False).play(0)
    game = arena.game
    for edge in game.edges.values():
        changes: list[tuple[str, dict[str, Any]]] = [("one_winner", {"confirmed": not edge.confirmed})]
        changes += [("named", {"end_root": NOWHERE}), ("first_is_oldest", {"created": -1})]
        changes += [("harmless", {"timer": game.parameters.threshold})] if arena.is_lie(edge) else []
        for name, change in changes:
            wrong = attrs.evolve(game, edges=game.edges.set(edge.id, attrs.evolve(edge, **change)))
            if name == "named":
                assert not INVARIANTS[0].of(view_of(wrong, arena.world), edge.id)
            elif name != "one_winner" or not edge.confirmed:
                assert name in violated(view_of(wrong, arena.world))
