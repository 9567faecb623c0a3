"""A scenario under way that keeps what happens to each validator, in words, and which message led from where to where.

Left out are messages from which the receiver learns nothing: it has them all, or has decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from hyperion.sequencer.finality.acts import Driver
from hyperion.sequencer.finality.certificates import Certificate
from hyperion.sequencer.finality.node import Begin, Effects, Elapse, Event, Message, Supply
from hyperion.sequencer.finality.types import Address, CastVote, Proposal, Propose, Step, Timeout, Value
from hyperion_conformance.bft.scenario import KINDS, Stage, UnderWay, acted, staged
from hyperion_conformance.protocol.messages import Json

AGAIN: Final = "sends again"
MOST: Final = 10
"""Letters of a value or a name."""


@attrs.define(eq=False)
class Moment:
    """Something that happens to one validator in one step of the scenario, with what it says about it."""

    who: Address
    turn: int
    words: list[str] = attrs.field(factory=list)


@attrs.frozen
class Arrow:
    """A message from one moment to another; ``end`` is None where it is lost."""

    message: UnderWay
    start: Moment
    end: Moment | None
    is_again: bool
    """Whether it had been sent before, by its sender or by whom it is passed on."""


@attrs.define
class Recording(Stage):
    """A scenario under way that keeps what happens."""

    moments: list[Moment] = attrs.field(factory=list)
    arrows: list[Arrow] = attrs.field(factory=list)
    sent: list[tuple[UnderWay, Moment, bool]] = attrs.field(factory=list)
    said: set[UnderWay] = attrs.field(factory=set)
    spoken: set[Message] = attrs.field(factory=set)
    repeating: bool = False

    def moment(self, who: Address, *words: str) -> Moment:
        """The next moment."""
        self.moments.append(Moment(who, self.turn, list(words)))
        return self.moments[-1]

    def present(self, who: Address) -> Moment:
        """The moment that is not over yet, if it is this validator's; else the next."""
        last = self.moments[-1] if self.moments else None
        return last if last is not None and (last.who, last.turn) == (who, self.turn) else self.moment(who)

    def post(self, message: UnderWay) -> None:
        """Note from which moment a message leaves: one moment for all whom it is sent to."""
        Stage.post(self, message)
        again = self.repeating or message in self.said
        self.said.add(message)
        speaker = self.speaker(message)
        moment = self.present(speaker)
        if message.message not in self.spoken and speaker in self.liars:
            moment.words.append(named(message.message))
        self.spoken.add(message.message)
        self.sent.append((message, moment, again))

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
        end, before = self.moment(message.to), self.nodes[message.to].driver
        Stage.arrive(self, message)
        if not end.words and not learns(before, self.nodes[message.to].driver):
            self.moments.remove(end)
            return
        self.arrows.append(Arrow(message, start, end, again))
        if again and AGAIN not in start.words:
            start.words.append(AGAIN)

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
            moment = self.moment(to, f"timer for {timed(event.timeout)} ends")
        else:
            moment = self.moment(to) if isinstance(event, Begin) else self.present(to)
        Stage.happen(self, to, event)
        moment.words += changes(before, self.nodes[to].driver)
        if isinstance(event, Supply) and self.nodes[to].driver == before:
            moment.words.append(f"value {shown(event.value)} changes nothing")
        moment.words.sort(key=lambda words: 0 if words.startswith("timer") else 1 if words.startswith("round") else 2)

    def say(self, sender: Address, effects: Effects) -> None:
        """Words for what is sent for the first time."""
        messages = [
            effect.proposal if isinstance(effect, Propose) else effect.vote
            for effect in effects
            if isinstance(effect, Propose | CastVote)
        ]
        for message in messages:
            if message not in self.spoken:
                self.present(sender).words.append(named(message))
        Stage.say(self, sender, effects)

    def repeat(self, name: Address) -> None:
        """What is sent now was sent before."""
        self.repeating = True
        Stage.repeat(self, name)
        self.repeating = False

    def stop(self, name: Address) -> None:
        """A validator stops."""
        self.moment(name, "stops")
        Stage.stop(self, name)

    def start(self, name: Address) -> None:
        """A validator starts again."""
        moment = self.moment(name, "starts again from its log")
        Stage.start(self, name)
        moment.words += dict.fromkeys(named(message.message) for message, start, _ in self.sent if start is moment)


def recorded(value: Json) -> Recording:
    """A scenario that was played. Refused with ``InputError``: one that cannot be."""
    stage = staged(value, Recording)
    acted(stage, value)
    met = {moment for arrow in stage.arrows for moment in (arrow.start, arrow.end)}
    stage.moments = [moment for moment in stage.moments if moment.words or moment in met]
    return stage


def learns(before: Driver, after: Driver) -> bool:
    """Whether a validator has learnt something that may still matter to it."""
    if before.consensus.step == Step.COMMIT:
        return False
    known = (before.consensus, before.keeper, before.proposals)
    return known != (after.consensus, after.keeper, after.proposals)


# --- in words -------------------------------------------------------------------------------------------------------


def timed(timeout: Timeout) -> str:
    """What a timer is for."""
    return {Timeout.PROPOSE: "the proposal", Timeout.PREVOTE: "prevotes", Timeout.PRECOMMIT: "precommits"}[timeout]


def shown(value: Value | None) -> str:
    """A value, or a validator's name, in few letters."""
    if value is None:
        return "nil"
    if 0 < len(value) <= MOST and value.isascii() and value.decode().isprintable():
        return value.decode()
    return "0x" + value.hex() if len(value) <= MOST // 2 else f"0x{value.hex()[: MOST - 3]}…"


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
    proven = {vote.sender for votes in after.keeper.evidence - before.keeper.evidence for vote in votes}
    yield from (f"has evidence against {shown(name)}" for name in sorted(proven))
