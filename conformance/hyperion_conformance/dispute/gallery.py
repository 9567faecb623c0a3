"""The gallery of attacks, played out: what each did, and a picture of its game."""

from collections.abc import Callable
from typing import Final

import attrs

from hyperion.settlement.dispute.types import Edge, Game
from hyperion_conformance.dispute.arena import START, Adversary, Arena
from hyperion_conformance.dispute.attacks import ATTACKS, EVE, Attack, Heights, step_of, sybils
from hyperion_conformance.dispute.drawing import (
    FAINT,
    INK,
    LIE,
    PALE_LIE,
    PALE_TRUTH,
    TRUTH,
    box,
    drawing,
    line,
    words,
)
from hyperion_conformance.dispute.players import HONEST, Defender
from hyperion_conformance.dispute.worlds import wrong_from

HEIGHTS: Final = (2, 2)
SEED: Final = 5
CENSORED: Final = 10
"""Blocks without honest events that a censor makes."""


def censors(heights: Heights, seed: int) -> Adversary:
    """Keeps all honest events off the L1 for as long as the parameters allow, from its first lie on."""
    trace = wrong_from(step_of(heights, seed))
    return Adversary((Defender(EVE, trace),), (trace,), censors=frozenset(range(1, 1 + CENSORED)))


def reorganises(heights: Heights, seed: int) -> Adversary:
    """Undoes four blocks of the L1 and makes them again without honest events."""
    trace = wrong_from(step_of(heights, seed))
    return Adversary((Defender(EVE, trace),), (trace,), reorgs=((9, 4),))


def many_sybils(heights: Heights, seed: int) -> Adversary:
    """Twelve accounts, each with an assertion, a stake and a lie of its own."""
    del seed
    return sybils(heights, 12)


GALLERY: Final[dict[str, Attack]] = {
    **ATTACKS,
    **{attack.__name__: attack for attack in (censors, reorganises, many_sybils)},
}
"""All adversaries by name, those who meddle with the L1 itself among them."""
BUDGETS: Final = {"censors": 12 * CENSORED, "reorganises": 12 * 4}
"""Seconds of censorship for which the parameters have to be made."""


@attrs.frozen
class Played:
    """A game of the gallery that has ended with the truth."""

    name: str
    what: str
    arena: Arena

    @property
    def late(self) -> int:
        """Seconds from the first lie to the decision."""
        return (self.arena.confirmed_at or 0) - self.arena.deadline + self.arena.game.parameters.longest

    @property
    def lost(self) -> int:
        """Wei of the stakes that the adversary does not get back."""
        edges = self.arena.game.edges.values()
        return sum(edge.stake for edge in edges if not edge.confirmed and edge.mover != HONEST)


class NotWon(Exception):
    """A game of the gallery that the truth has not won in time."""


def played(name: str, heights: Heights = HEIGHTS, seed: int = SEED) -> Played:
    """The game against one adversary, to the decision and until the money has moved. Refuses what the truth loses."""
    attack: Callable[[Heights, int], Adversary] = GALLERY[name]
    arena = Arena(heights, attack(heights, seed), BUDGETS.get(name, 0)).play(after=14)
    if arena.confirmed_at is None or arena.confirmed_at > arena.deadline:
        raise NotWon(f"{name}: the true assertion has not won by its deadline")
    return Played(name, (attack.__doc__ or "").strip().partition("\n\n")[0], arena)


# --- the picture -----------------------------------------------------------------------------------------------------

WIDE: Final = 620
SIDE: Final = 96
TOP: Final = 58


def picture(game: Played) -> str:
    """Each edge a bar from its creation to its confirmation: full while nobody denies it, pale after that.

    Blue edges are of the true history, red ones are false. A dot is a confirmation.
    """
    arena = game.arena
    edges = ordered(arena.game)
    row = 14.0 if len(edges) <= 40 else max(3.0, 560 / len(edges))
    end = max(arena.deadline, arena.confirmed_at or 0)
    scale = (WIDE - SIDE - 20) / (end - START)
    height = TOP + row * len(edges) + 40
    parts = [words(12, 20, game.name.replace("_", " "), 13), words(12, 36, game.what, 9, FAINT)]
    confirmed = confirmations(arena)
    for number, edge in enumerate(edges):
        parts += bar(arena, edge, confirmed.get(edge.id), TOP + row * number, row, scale)
    for at, text in ((arena.confirmed_at or 0, "decided"), (arena.deadline, "T + late")):
        x = SIDE + (at - START) * scale
        parts.append(line(x, TOP - 8, x, height - 24, INK, "3 3"))
        parts.append(words(x, height - 12, f"{text} {at - START} s", 9, INK, "end"))
    return drawing(WIDE, height, parts)


def ordered(game: Game) -> list[Edge]:
    """Edges level by level, questions in the order in which they were asked, answers in that in which they came."""
    return sorted(
        game.edges.values(),
        key=lambda edge: (edge.level, edge.origin, -edge.length, edge.start_height, edge.mutual, edge.created, edge.id),
    )


def confirmations(arena: Arena) -> dict[bytes, int]:
    """When each edge was confirmed."""
    found: dict[bytes, int] = {}
    for game, _ in arena.blocks:
        for edge in game.edges.values():
            if edge.confirmed:
                found.setdefault(edge.id, game.now.time)
    return found


def bar(arena: Arena, edge: Edge, confirmed: int | None, y: float, row: float, scale: float) -> list[str]:
    """The bar of one edge."""
    rivalry = arena.game.rivalries[edge.mutual]
    end = arena.confirmed_at or arena.deadline
    until = edge.created if rivalry.first != edge.id else end if rivalry.rivalled_at is None else rivalry.rivalled_at
    is_true = arena.world.is_true(edge)
    last = max(end, min(confirmed or 0, arena.deadline))
    left, mid, right = (SIDE + (at - START) * scale for at in (edge.created, min(until, end), last))
    thick = row * 0.7
    about = f"level {edge.level}: {edge.start_height}–{edge.end_height}, {'true' if is_true else 'false'}"
    parts = [
        box(left, y, right - left, thick, PALE_TRUTH if is_true else PALE_LIE, about),
        box(left, y, mid - left, thick, TRUTH if is_true else LIE, about) if until > edge.created else "",
    ]
    if row >= 9:
        parts.append(words(12, y + thick - 1, f"{edge.level}: {edge.start_height}–{edge.end_height}", 9))
    if confirmed is not None:
        x = SIDE + (min(confirmed, arena.deadline) - START) * scale
        parts.append(f"<circle cx='{x:.1f}' cy='{y + thick / 2:.1f}' r='{min(4.0, row / 2):.1f}' fill='{INK}'/>")
    return [part for part in parts if part]
