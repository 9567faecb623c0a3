"""A scenario as a sequence picture (SVG): a lane for each validator, time downwards, an arrow for each message.

Left out is what says nothing new: a message that had been sent before, or comes after the decision, or a certificate,
where it changes nothing of the algorithm's state. The colours are variables, so that the
picture is light or dark as the page around it, or the reader's system, is.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

import attrs

from hyperion.sequencer.finality.acts import Driver
from hyperion.sequencer.finality.certificates import Certificate
from hyperion.sequencer.finality.node import Begin, Effects, Elapse, Event, Message
from hyperion.sequencer.finality.types import Address, CastVote, Proposal, Propose, Step, Timeout, Value, Vote, VoteType
from hyperion_conformance.bft.scenario import KINDS, Stage, UnderWay, acted, staged
from hyperion_conformance.protocol.messages import Json

WIDTH: Final = 1200
TOP: Final = 136
COLUMNS: Final = 110
"""Letters of a line of the title."""
LEFT: Final = 56
STEP: Final = 24
"""Pixels from one event to the next: a line of text and a gap."""
SHORT: Final = 9
"""The same for an event without words."""
KIND_NAMES: Final = ("proposal", "prevote", "precommit", "certificate")

LIGHT: Final = {
    "ink": "#17212b", "soft": "#5c6873", "lane": "#c3ccd4", "paper": "#ffffff", "proposal": "#2f6fd0",
    "prevote": "#1f8a7d", "precommit": "#8e5bc0", "certificate": "#b07a12", "lie": "#d0342c",
}  # fmt: skip
DARK: Final = {
    "ink": "#e6ebf0", "soft": "#9aa7b4", "lane": "#46525d", "paper": "#131416", "proposal": "#6ea0f0",
    "prevote": "#35b3a4", "precommit": "#b48be0", "certificate": "#d3a03a", "lie": "#ff6b61",
}  # fmt: skip


def variables(colours: Mapping[str, str]) -> str:
    """Colours as variables of a style."""
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


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


@attrs.define(eq=False)
class Moment:
    """Something that happens to one validator, with what it says about it."""

    who: Address
    words: list[str] = attrs.field(factory=list)
    y: float = 0.0


@attrs.frozen
class Arrow:
    """A message from one moment to another; ``end`` is None where it is lost."""

    message: UnderWay
    start: Moment
    end: Moment | None
    is_again: bool
    """Whether it had been sent before."""


@attrs.define
class Recording(Stage):
    """A scenario under way that keeps what happens."""

    moments: list[Moment] = attrs.field(factory=list)
    arrows: list[Arrow] = attrs.field(factory=list)
    sent: list[tuple[UnderWay, Moment, bool]] = attrs.field(factory=list)
    said: set[UnderWay] = attrs.field(factory=set)
    spoken: set[Message] = attrs.field(factory=set)

    def moment(self, who: Address, *words: str) -> Moment:
        """The next moment."""
        self.moments.append(Moment(who, list(words)))
        return self.moments[-1]

    def post(self, message: UnderWay) -> None:
        """Note from which moment a message leaves: one moment for all whom it is sent to."""
        Stage.post(self, message)
        again = message in self.said
        self.said.add(message)
        speaker = self.speaker(message)
        if not self.moments or self.moments[-1].who != speaker:
            self.moment(speaker)
        if message.message not in self.spoken and speaker in self.liars:
            self.moments[-1].words.append(named(message.message))
        self.spoken.add(message.message)
        self.sent.append((message, self.moments[-1], again))

    def speaker(self, message: UnderWay) -> Address:
        """The lane from which it is sent; a certificate from nobody is a liar's."""
        return message.sender or min(self.liars, default=min(self.nodes))

    def departed(self, message: UnderWay) -> tuple[Moment, bool]:
        """Where a message that arrives or is lost came from. Equal ones may be under way: it is this very one."""
        at = next(number for number, (each, _, _) in enumerate(self.sent) if each is message)
        _, moment, again = self.sent.pop(at)
        return moment, again

    def arrive(self, message: UnderWay) -> None:
        """An arrow, unless it tells what was known."""
        start, again = self.departed(message)
        if message.to in self.down:
            self.arrows.append(Arrow(message, start, None, again))
            return
        end, before = self.moment(message.to), self.nodes[message.to].driver.consensus
        Stage.arrive(self, message)
        is_old = again or before.step == Step.COMMIT or isinstance(message.message, Certificate)
        if is_old and not end.words and self.nodes[message.to].driver.consensus == before:
            self.moments.remove(end)
            return
        self.arrows.append(Arrow(message, start, end, again))
        if again and "sends again" not in start.words:
            start.words.append("sends again")

    def lose(self, message: UnderWay) -> None:
        """An arrow that ends on its way."""
        start, again = self.departed(message)
        self.arrows.append(Arrow(message, start, None, again))

    def happen(self, to: Address, event: Event) -> None:
        """Words for what the event changes."""
        if to in self.down:
            return
        before = self.nodes[to].driver
        if isinstance(event, Elapse):
            self.moment(to, f"timer for {timed(event.timeout)} ends")
        elif not self.moments or self.moments[-1].who != to or isinstance(event, Begin):
            self.moment(to)
        moment = self.moments[-1]
        Stage.happen(self, to, event)
        moment.words += changes(before, self.nodes[to].driver)
        moment.words.sort(key=lambda words: 0 if words.startswith("timer") else 1 if words.startswith("round") else 2)

    def say(self, sender: Address, effects: Effects) -> None:
        """Words for what is sent for the first time."""
        messages = [
            effect.proposal if isinstance(effect, Propose) else effect.vote
            for effect in effects
            if isinstance(effect, Propose | CastVote)
        ]
        for message in messages:
            if message not in self.spoken and self.moments:
                self.moments[-1].words.append(named(message))
        Stage.say(self, sender, effects)

    def stop(self, name: Address) -> None:
        """A validator stops."""
        self.moment(name, "stops")
        Stage.stop(self, name)

    def start(self, name: Address) -> None:
        """A validator starts again."""
        self.moment(name, "starts again from its log")
        Stage.start(self, name)


def timed(timeout: Timeout) -> str:
    """What a timer is for."""
    return {Timeout.PROPOSE: "the proposal", Timeout.PREVOTE: "prevotes", Timeout.PRECOMMIT: "precommits"}[timeout]


def shown(value: Value | None) -> str:
    """A value in few letters."""
    if value is None:
        return "nil"
    return value.decode() if value.isascii() and value.decode().isprintable() else "0x" + value.hex()[:8]


def named(message: Message) -> str:
    """A message in few words."""
    if isinstance(message, Proposal):
        valid = f" (polka in {message.valid_round})" if message.valid_round >= 0 else ""
        return f"proposes {shown(message.value)}{valid}"
    if isinstance(message, Certificate):
        return f"{KINDS[message.type]}s of a quorum for {shown(message.value)}"
    return f"{KINDS[message.type]} {shown(message.value)}"


def changes(before: Driver, after: Driver) -> Iterator[str]:
    """What an event changed in a validator."""
    old, new = before.consensus, after.consensus
    if new.round != old.round:
        yield f"round {new.round}"
    if (new.locked_round, new.locked_value) != (old.locked_round, old.locked_value):
        yield f"locks {shown(new.locked_value)}"
    elif (new.valid_round, new.valid_value) != (old.valid_round, old.valid_value):
        yield f"knows the polka for {shown(new.valid_value)}"
    if new.step == Step.COMMIT and old.step != Step.COMMIT:
        yield f"DECIDES {shown(after.chain[-1].proposal.value)}"
    if len(after.keeper.evidence) > len(before.keeper.evidence):
        yield "has evidence"


# --- drawing --------------------------------------------------------------------------------------------------------


def picture_of(value: Json) -> str:
    """The picture of a scenario. Refused with ``InputError``: one that cannot be played."""
    stage = staged(value, Recording)
    acted(stage, value)
    names = sorted(stage.validators.weights)
    place = {name: LEFT + (WIDTH - LEFT) * number / len(names) for number, name in enumerate(names)}
    floor = laid_out(stage)
    title = str(value["title"]) if isinstance(value, dict) else ""
    height = floor + 44
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" class="bft-run" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height:.0f}" rx="6"/>',
        *header(stage, title, place),
        *lanes(stage, place, floor),
        *(drawn(stage, arrow, place) for arrow in stage.arrows),
        *(dot(place[arrow.start.who], arrow.start.y, 3) for arrow in stage.arrows),
        *(part for moment in stage.moments for part in marked(stage, moment, place)),
        text(LEFT, floor + 30, outcome(stage), "soft"),
        "</svg>",
    ])  # fmt: skip


def laid_out(stage: Recording) -> float:
    """Give each moment its height; those of one lane that carry words are a line apart. Gives where the lanes end."""
    y = float(TOP)
    for moment in stage.moments:
        y += STEP if moment.words else SHORT
        moment.y = y
    return y + STEP


def outcome(stage: Recording) -> str:
    """What each validator has decided."""
    by_value: dict[str, list[str]] = {}
    for name, node in sorted(stage.nodes.items()):
        chain = ", ".join(shown(decision.proposal.value) for decision in node.driver.chain)
        by_value.setdefault(chain or "nothing", []).append(shown(name))
    return "decided: " + "; ".join(f"{value} by {', '.join(who)}" for value, who in by_value.items())


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(words)}</text>'


def dot(x: float, y: float, radius: int) -> str:
    """A point of a lane."""
    return f'<circle cx="{x}" cy="{y}" r="{radius}" class="dot"/>'


def header(stage: Recording, title: str, place: Mapping[Address, float]) -> Iterator[str]:
    """The title, what the colours mean, and the names of the lanes."""
    lines = textwrap.wrap(title, COLUMNS)
    yield from (text(LEFT - 28, 28 + 22 * number, line, "title") for number, line in enumerate(lines[:2]))
    x = float(LEFT - 28)
    for kind, words in (*((kind, kind) for kind in KIND_NAMES), ("again", "sent again"), ("lie", "contradicts itself")):
        colour = "prevote again" if kind == "again" else kind
        yield f'<line x1="{x}" y1="80" x2="{x + 34}" y2="80" class="arrow {colour}"/>'
        yield text(x + 42, 85, words, "soft")
        x += 74 + 7.4 * len(words)
    yield text(x, 85, "× lost", "soft")
    for name, at in place.items():
        lies = " (liar)" if name in stage.liars else ""
        yield text(at - 8, TOP - 14, shown(name) + lies, "name lie" if lies else "name")


def lanes(stage: Recording, place: Mapping[Address, float], floor: float) -> Iterator[str]:
    """The lanes, broken where a validator is down."""
    for name, x in place.items():
        y, down = float(TOP), False
        for moment in stage.moments:
            if moment.who == name and moment.words and moment.words[0].startswith("stops" if not down else "starts"):
                yield f'<line x1="{x}" y1="{y}" x2="{x}" y2="{moment.y}" class="{"down" if down else "lane"}"/>'
                y, down = moment.y, not down
        yield f'<line x1="{x}" y1="{y}" x2="{x}" y2="{floor}" class="{"down" if down else "lane"}"/>'


def marked(stage: Recording, moment: Moment, place: Mapping[Address, float]) -> Iterator[str]:
    """A dot, with words to its right."""
    if not moment.words:
        return
    x = place[moment.who]
    yield dot(x, moment.y, 4)
    words = " · ".join(dict.fromkeys(moment.words))
    yield text(x + 10, moment.y + 5, words, "lie" if moment.who in stage.liars else "")


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


def drawn(stage: Recording, arrow: Arrow, place: Mapping[Address, float]) -> str:
    """An arrow with its head, or one that stops half-way."""
    kind = "lie" if contradicts(stage, arrow.message) else arrow.message.kind
    kind += " again" if arrow.is_again else ""
    x1, y1 = place[arrow.start.who], arrow.start.y
    x2 = place[arrow.message.to]
    y2 = arrow.end.y if arrow.end is not None else y1 + STEP
    note = f"<title>{escape(named(arrow.message.message))}</title>"
    if arrow.end is None:
        x2, y2 = x1 + (x2 - x1) * 0.3, y1 + STEP * 0.6
        cross = f"M {x2 - 4} {y2 - 4} l 8 8 m 0 -8 l -8 8"
        return f'<g>{note}<path d="M {x1} {y1} L {x2:.1f} {y2:.1f} {cross}" class="arrow {kind}"/></g>'
    length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1.0)
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    tip = f"{x2 - 5 * dx:.1f},{y2 - 5 * dy:.1f}"
    left = f"{x2 - 14 * dx - 4 * dy:.1f},{y2 - 14 * dy + 4 * dx:.1f}"
    right = f"{x2 - 14 * dx + 4 * dy:.1f},{y2 - 14 * dy - 4 * dx:.1f}"
    return (
        f'<g>{note}<path d="M {x1} {y1} L {x2 - 9 * dx:.1f} {y2 - 9 * dy:.1f}" class="arrow {kind}"/>'
        f'<polygon points="{tip} {left} {right}" class="head {kind.split()[0]}"/></g>'
    )
