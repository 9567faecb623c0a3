"""A scenario as a sequence picture (SVG): a lane for each validator, time downwards, an arrow for each message.

The steps of a scenario follow one another from top to bottom; within one, lanes are independent. The colours are
variables, so that the picture is light or dark as the page around it, or the reader's system, is.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Final

import attrs

from hyperion.sequencer.finality.certificates import Certificate
from hyperion.sequencer.finality.types import Address, Proposal, Vote, VoteType
from hyperion_conformance.bft.recording import AGAIN, Arrow, Moment, Recording, named, recorded, shown
from hyperion_conformance.bft.scenario import UnderWay
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.stm_profile.picture import variables

WIDTH: Final = 1000
LANE: Final = 200
"""Least width of a lane; more lanes than fit make the picture wider."""
TOP: Final = 124
COLUMNS: Final = 98
"""Letters of a line of the title."""
LETTER: Final = 8.2
LEFT: Final = 44
SHORT: Final = 12
"""Pixels from one arrival to the next."""
LINE: Final = 17
GAP: Final = 30
"""Between the steps of a scenario: room in which arrows can be told apart."""
KIND_NAMES: Final = ("proposal", "prevote", "precommit", "certificate")

LIGHT: Final = {
    "ink": "#17212b", "soft": "#5c6873", "lane": "#c3ccd4", "paper": "#ffffff", "proposal": "#2f6fd0",
    "prevote": "#1f8a7d", "precommit": "#8e5bc0", "certificate": "#b07a12", "lie": "#d0342c",
}  # fmt: skip
DARK: Final = {
    "ink": "#e6ebf0", "soft": "#9aa7b4", "lane": "#46525d", "paper": "#131416", "proposal": "#6ea0f0",
    "prevote": "#35b3a4", "precommit": "#b48be0", "certificate": "#d3a03a", "lie": "#ff6b61",
}  # fmt: skip
STYLE: Final = "\n".join(
    [
        f".bft-run {{ {variables(LIGHT)} font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; "
        "width: 100%; height: auto; }",
        f"@media (prefers-color-scheme: dark) {{ .bft-run {{ {variables(DARK)} }} }}",
        f'body[data-theme="light"] .bft-run {{ {variables(LIGHT)} }}',
        f'body[data-theme="dark"] .bft-run {{ {variables(DARK)} }}',
        ".bft-run .paper { fill: var(--paper); }",
        ".bft-run text { fill: var(--ink); font-size: 14px; stroke: var(--paper); stroke-width: 5px; "
        "stroke-linejoin: round; paint-order: stroke; }",
        ".bft-run .title { font-size: 16px; font-weight: 600; }",
        ".bft-run .name { font-size: 15px; font-weight: 600; }",
        ".bft-run .decides { font-weight: 600; }",
        ".bft-run .soft { fill: var(--soft); }",
        ".bft-run text.lie { fill: var(--lie); }",
        ".bft-run .lane { stroke: var(--lane); stroke-width: 2; }",
        ".bft-run .down { stroke: var(--lane); stroke-width: 2; stroke-dasharray: 3 5; }",
        ".bft-run .dot { fill: var(--ink); }",
        ".bft-run .arrow { fill: none; stroke-width: 1.4; }",
        ".bft-run .again { stroke-dasharray: 6 4; }",
        *(f".bft-run .arrow.{name} {{ stroke: var(--{name}); }} .bft-run .head.{name} {{ fill: var(--{name}); }}"
          for name in (*KIND_NAMES, "lie")),
    ]
)  # fmt: skip


@attrs.frozen
class Spot:
    """Where a moment is: its lane, where arrows end above its words, its lines of words, where arrows begin below."""

    x: float
    above: float
    lines: tuple[str, ...]
    y: float
    below: float


@attrs.frozen
class Picture:
    """A recording, laid out."""

    stage: Recording
    lanes: Mapping[Address, float]
    spots: Mapping[Moment, Spot]
    width: float
    floor: float
    """Where the lanes end."""


def picture_of(value: Json) -> str:
    """The picture of a scenario. Refused with ``InputError``: one that cannot be played."""
    picture = laid_out(recorded(value))
    title = str(value["title"]) if isinstance(value, Mapping) else ""
    height = picture.floor + 44
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" class="bft-run" viewBox="0 0 {picture.width:.0f} {height:.0f}" '
        f'role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{picture.width:.0f}" height="{height:.0f}" rx="6"/>',
        *header(picture, title),
        *(part for name in picture.lanes for part in lane(picture, name)),
        *(drawn(picture, arrow) for arrow in picture.stage.arrows),
        *(part for moment in picture.stage.moments for part in marked(picture, moment)),
        text(LEFT - 8, picture.floor + 28, outcome(picture.stage), "soft"),
        "</svg>",
    ])  # fmt: skip


def laid_out(stage: Recording) -> Picture:
    """A place for each moment: below all of the steps before, and below those of its lane in the same step."""
    names = sorted(stage.validators.weights)
    width = max(WIDTH, LEFT + LANE * len(names))
    room = (width - LEFT) / len(names)
    lanes = {name: LEFT + room * number for number, name in enumerate(names)}
    reached = {arrow.end for arrow in stage.arrows}
    spots: dict[Moment, Spot] = {}
    floor = float(TOP)
    for _, moments in groupby(stage.moments, key=lambda moment: moment.turn):
        bottoms = dict.fromkeys(names, floor + (GAP if spots else 0))
        for moment in moments:
            lines = told(moment, int((room - 24) / LETTER))
            spots[moment] = spot(lanes[moment.who], bottoms[moment.who], lines, moment in reached)
            bottoms[moment.who] = spots[moment].below
        floor = max(bottoms.values())
    return Picture(stage, lanes, spots, width, floor + GAP)


def spot(x: float, top: float, lines: tuple[str, ...], is_reached: bool) -> Spot:
    """The next place of a lane."""
    above = top + SHORT
    y = above + (SHORT if lines and is_reached else 0)
    return Spot(x, above, lines, y, y + (LINE * len(lines) - 7 if lines else 0))


def told(moment: Moment, columns: int) -> tuple[str, ...]:
    """The words of a moment in lines that fit its lane, what it says never broken."""
    said = list(dict.fromkeys(moment.words))
    whole = " · ".join(said).replace(" ", "\xa0").replace("\xa0·\xa0", "\xa0· ")
    lines = textwrap.wrap(whole, columns, break_long_words=False, break_on_hyphens=False)
    return tuple(line.replace("\xa0", " ").removesuffix(" ·") for line in lines)


def outcome(stage: Recording) -> str:
    """What each validator has decided."""
    by_value: dict[str, list[str]] = {}
    for name, node in sorted(stage.nodes.items()):
        chain = ", ".join(shown(decision.proposal.value) for decision in node.driver.chain)
        by_value.setdefault(chain or "nothing", []).append(shown(name))
    return "decided: " + "; ".join(f"{value} by {', '.join(who)}" for value, who in by_value.items())


# --- drawing --------------------------------------------------------------------------------------------------------


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(words)}</text>'


def header(picture: Picture, title: str) -> Iterator[str]:
    """The title, what the colours mean, and the names of the lanes."""
    lines = textwrap.wrap(title, COLUMNS)
    yield from (text(LEFT - 16, 28 + 22 * number, line, "title") for number, line in enumerate(lines[:2]))
    x = float(LEFT - 16)
    for kind, words in (*((kind, kind) for kind in KIND_NAMES), ("again", "sent again"), ("lie", "contradicts itself")):
        colour = "prevote again" if kind == "again" else kind
        yield f'<line x1="{x:.1f}" y1="73" x2="{x + 34:.1f}" y2="73" class="arrow {colour}"/>'
        yield text(x + 42, 78, words, "soft")
        x += 74 + 7.4 * len(words)
    yield text(x, 78, "× lost", "soft")
    for name, at in picture.lanes.items():
        lies = " (liar)" if name in picture.stage.liars else ""
        yield text(at - 8, TOP - 12, shown(name) + lies, "name lie" if lies else "name")


def lane(picture: Picture, name: Address) -> Iterator[str]:
    """A lane, broken where its validator is down."""
    x, y, down = picture.lanes[name], float(TOP), False
    for moment in picture.stage.moments:
        if moment.who == name and moment.words and moment.words[0].startswith("starts" if down else "stops"):
            at = picture.spots[moment].y
            yield f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{at:.1f}" class="{"down" if down else "lane"}"/>'
            y, down = at, not down
    yield (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{picture.floor:.1f}" class="{"down" if down else "lane"}"/>'
    )


def marked(picture: Picture, moment: Moment) -> Iterator[str]:
    """A dot, with words to its right."""
    spot = picture.spots[moment]
    for number, line in enumerate(spot.lines):
        kind = "lie" if moment.who in picture.stage.liars else "decides" if "DECIDES" in line else ""
        yield text(spot.x + 10, spot.y + 5 + LINE * number, line, "soft" if line == AGAIN else kind)
    if spot.lines:
        yield f'<circle cx="{spot.x:.1f}" cy="{spot.y:.1f}" r="4" class="dot"/>'


def contradicts(stage: Recording, message: UnderWay) -> bool:
    """Whether its sender has said something else for the same place."""
    one = message.message
    if isinstance(one, Certificate) or message.sender not in stage.liars:
        return False
    return any(
        type(other) is type(one)
        and not isinstance(other, Certificate)
        and (other.sender, other.height, other.round) == (one.sender, one.height, one.round)
        and other.value != one.value
        and vote_type(other) == vote_type(one)
        for other in stage.spoken
    )


def vote_type(message: Proposal | Vote) -> VoteType | None:
    """The type of a vote; a proposal has none."""
    return message.type if isinstance(message, Vote) else None


def drawn(picture: Picture, arrow: Arrow) -> str:
    """An arrow with its head, or one that stops half-way."""
    kind = "lie" if contradicts(picture.stage, arrow.message) else arrow.message.kind
    colour, kind = kind, kind + (" again" if arrow.is_again else "")
    x1, y1 = picture.spots[arrow.start].x, picture.spots[arrow.start].below
    x2 = picture.lanes[arrow.message.to]
    note = f"<title>{escape(named(arrow.message.message))}</title>"
    if arrow.end is None:
        # Several of one moment may be lost on the same way.
        x2, y2 = x1 + (x2 - x1) * (0.24 + 0.06 * KIND_NAMES.index(arrow.message.kind)), y1 + GAP * 0.6
        cross = f"M {x2 - 4:.1f} {y2 - 4:.1f} l 8 8 m 0 -8 l -8 8"
        return f'<g>{note}<path d="M {x1:.1f} {y1:.1f} L {x2:.1f} {y2:.1f} {cross}" class="arrow {kind}"/></g>'
    y2 = picture.spots[arrow.end].above
    length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1.0)
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    tip = f"{x2 - 2 * dx:.1f},{y2 - 2 * dy:.1f}"
    left = f"{x2 - 11 * dx - 4 * dy:.1f},{y2 - 11 * dy + 4 * dx:.1f}"
    right = f"{x2 - 11 * dx + 4 * dy:.1f},{y2 - 11 * dy - 4 * dx:.1f}"
    line = f"M {x1:.1f} {y1:.1f} L {x2 - 9 * dx:.1f} {y2 - 9 * dy:.1f}"
    return (
        f'<g>{note}<path d="{line}" class="arrow {kind}"/>'
        f'<polygon points="{tip} {left} {right}" class="head {colour}"/></g>'
    )
