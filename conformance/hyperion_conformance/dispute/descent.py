"""The way down of a dispute: each cut, which half is contested, what it took; as a record and as a picture."""

from typing import Final

import attrs

from hyperion.settlement.dispute.timers import is_rivalled
from hyperion.settlement.dispute.types import Edge, Game
from hyperion_conformance.dispute.drawing import AGREED, FAINT, INK, LIE, PALE_LIE, area, box, drawing, words
from hyperion_conformance.dispute.match import Match, Move
from hyperion_conformance.dispute.players import refinement_of, root_of, tree
from hyperion_conformance.dispute.worlds import TRUE


@attrs.frozen
class Round:
    """An edge of the truth that is contested, and where it is cut; one step if it is not."""

    edge: Edge
    cut: int | None
    contested: Edge | None
    """The half of it that is contested."""


def rounds_of(match: Match) -> tuple[Round, ...]:
    """The contested edges of the truth, from the root down."""
    game, ground = match.game, match.ground
    node, found = root_of(game, ground, TRUE), []
    nodes = {below.edge.id: below for below in tree(game, ground, TRUE)}
    while node is not None:
        half = contested_half(game, node.edge)
        found.append(Round(node.edge, None if half is None else cut_of(game, node.edge), half))
        if half is not None:
            node = nodes[half.id]
        elif node.edge.level + 1 < len(ground.heights):
            node = refinement_of(game, ground, TRUE, node)
        else:
            node = None
    return tuple(found)


def contested_half(game: Game, edge: Edge) -> Edge | None:
    """The half of an edge that somebody denies."""
    halves = [game.edges[name] for name in (edge.lower, edge.upper) if name is not None]
    return next((half for half in halves if is_rivalled(game, half)), None)


def cut_of(game: Game, edge: Edge) -> int | None:
    """Where an edge is cut."""
    return None if edge.lower is None else game.edges[edge.lower].end_height


# --- the picture -----------------------------------------------------------------------------------------------------

LEFT: Final = 148
"""Pixels for the interval beside a bar."""
BAR: Final = 190
COLUMN: Final = LEFT + BAR + 26
ROW: Final = 22
THICK: Final = 9
TOP: Final = 74
UNITS: Final = ("segments", "points", "micro steps")


def picture(match: Match, title: str) -> str:
    """The descent: a column a level, a bar a contested edge; its contested part is the whole of the next bar."""
    rounds = rounds_of(match)
    levels = range(len(match.ground.heights))
    columns = [[each for each in rounds if each.edge.level == level] for level in levels]
    height = TOP + ROW * max(map(len, columns)) + 42
    parts = [words(16, 24, title, 14), words(16, 42, "red: the half in which the two differ; grey: agreed", 10, FAINT)]
    for level, column in enumerate(columns):
        parts += column_of(level, match.ground.heights[level], column, level * COLUMN + 16)
    proof = next((move for move in match.moves if move.name == "ConfirmByOneStepProof"), None)
    if proof is not None:
        parts.append(words(16, height - 14, last_line(proof), 11))
    return drawing(COLUMN * len(columns) + 24, height, parts)


def last_line(proof: Move) -> str:
    """What ends the descent."""
    return f"The last step is proved with {proof.posted:,} bytes: the truth's is what the machine does."


def column_of(level: int, height: int, column: list[Round], left: float) -> list[str]:
    """The bars of one level."""
    unit = UNITS[min(level, len(UNITS) - 1)]
    parts = [words(left, TOP - 12, f"level {level}: 2^{height} {unit}", 11)]
    for number, each in enumerate(column):
        y, edge, bar = TOP + ROW * number, each.edge, left + LEFT
        interval = f"{edge.start_height:,} – {edge.end_height:,}"
        parts.append(words(bar - 8, y + THICK - 1, interval, 9, INK, "end"))
        if each.contested is None:
            parts.append(box(bar, y, BAR, THICK, LIE, "one step"))
            continue
        scale = BAR / edge.length
        start = bar + (each.contested.start_height - edge.start_height) * scale
        width = each.contested.length * scale
        parts.append(box(bar, y, BAR, THICK, AGREED, f"cut at {each.cut:,}"))
        parts.append(box(start, y, width, THICK, LIE))
        shadow = ((start, y + THICK), (start + width, y + THICK), (bar + BAR, y + ROW), (bar, y + ROW))
        parts.append(area(shadow, PALE_LIE))
    return parts
