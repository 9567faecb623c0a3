"""Logs of any length, with a step that may be any function of node and event.

All events of a log but the last are one token, which stands for what the loop over them gives: by induction some node,
and some effects. The model's loop and its appending then run on logs of every length.
"""

from __future__ import annotations

from typing import Any, Final, cast

import attrs

from hyperion.sequencer.finality import log
from hyperion.sequencer.finality.acts import Setting
from hyperion.sequencer.finality.log import Log
from hyperion.sequencer.finality.node import Begin, Deliver, Elapse, Event, Node, Supply
from hyperion.sequencer.finality.types import Step, Timeout
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.proxies import all_of
from hyperion_proofs.finality.local_state import one_of
from hyperion_proofs.statement import Given, Statement


@attrs.frozen
class Memory:
    """What the log reads of a driver's algorithm."""

    step: Step


@attrs.frozen(eq=False)
class Someone:
    """A node: a number that names it, and what the log reads of its driver, as which it also serves."""

    number: int
    started: bool
    consensus: Memory

    @property
    def driver(self) -> Someone:
        """Itself."""
        return self


@attrs.frozen(eq=False)
class Before:
    """All events of a log before the last ones, as one: it leads from the origin to a node, with any effects."""

    node: Someone


@attrs.frozen(eq=False)
class Effect:
    """All effects of one step, by node and event: equal steps have equal effects. ``count`` says how many are meant."""

    node: int
    event: int
    count: int


SETTING: Final = cast(Setting, None)
KINDS: Final = (Begin, Deliver, Elapse, Supply)


def any_someone(given: Given, name: str) -> Someone:
    """Any node: not begun, in a height, or after a decision."""
    where = one_of(given, f"{name} is", ("before its first height", "in a height", "after a decision"))
    step = Step.COMMIT if where == "after a decision" else Step.PREVOTE
    return Someone(given.integer(name), where != "before its first height", Memory(step))


def any_event(given: Given, name: str) -> Event:
    """An event of any kind."""
    number = given.integer(name, 0)
    begin, deliver = Begin(cast(Any, number)), Deliver(cast(Any, number))
    events: tuple[Event, ...] = (begin, deliver, Elapse(0, number, Timeout.PROPOSE), Supply(0, number, b""))
    return one_of(given, f"kind of {name}", events)


def number_of(event: Event) -> int:
    """The number that an event carries."""
    if isinstance(event, Begin):
        return cast(int, event.validators)
    return cast(int, event.message) if isinstance(event, Deliver) else event.round


@attrs.frozen(eq=False)
class AnyStep:
    """Any step: where it leads depends on node and event alone, and so do its effects."""

    given: Given

    def take(self, node: Any, event: Any, setting: Setting) -> tuple[Any, tuple[Any, ...]]:
        """In the place of ``step``."""
        del setting
        if type(event) is Before:
            return event.node, (event,)
        about = (node.number, KINDS.index(type(event)), number_of(event))
        after = self.given.result("step", about)
        count = self.given.result("how many effects", about, 0)
        return Someone(after, True, Memory(Step.PREVOTE)), (Effect(after, about[2], count),)


def stepping(given: Given) -> Ideal:
    """Any step in the place of the model's."""
    return Ideal(log, "step", AnyStep(given).take, "a step is a function of node and event")


def any_log(given: Given) -> tuple[Log, Someone]:
    """A log of any length, at the end of which there is the node."""
    now = any_someone(given, "node")
    origin = any_someone(given, "origin")
    return Log(cast(Node, origin), (cast(Event, Before(now)),)), now


def begins_a_log(node: Someone, event: Event) -> bool:
    """Whether the event begins a height."""
    return isinstance(event, Begin) and (not node.started or node.consensus.step == Step.COMMIT)


def replay_follows(given: Given) -> None:
    """The log with an event more leads where the step leads, with the effects before it and then those of the step.

    An event that begins a height begins a log: its effects are those of the step alone, since all before are of
    heights that are decided.
    """
    before, now = any_log(given)
    event = any_event(given, "event")
    step = AnyStep(given).take
    with Idealized((stepping(given),)):
        then, told = log.restarted(before, SETTING)
        given.claim("as it was", then is cast(Any, now))
        after, effects = log.restarted(log.logged(before, cast(Node, now), event), SETTING)
    live, caused = step(now, event, SETTING)
    given.note("after restart and live", (cast(Any, after).number, live.number))
    given.claim("the same node", cast(Any, after).number == live.number)
    fresh = begins_a_log(now, event)
    expected = caused if fresh else (*cast("tuple[Any, ...]", told), *caused)
    given.claim("as many parts", len(effects) == len(expected))
    for one, other in zip(cast("tuple[Any, ...]", effects), expected, strict=False):
        given.claim("the same effects", one is other or same(one, other))


def same(one: Any, other: Any) -> Any:
    """Whether two effects are of equal steps."""
    if type(one) is not Effect or type(other) is not Effect:
        return False
    return all_of(one.node == other.node, one.event == other.event, one.count == other.count)


def effect(given: Given, parts: tuple[Any, ...], at: int) -> int:
    """The effect at a place of a sequence that consists of parts: a number that says which one it is."""
    place, found = at, -1
    for part in parts:
        if type(part) is Before:
            length, which = given.integer("effects before", 0), given.result("effect before", (place,), 0)
        else:
            length, which = part.count, given.result("effect", (part.node, part.event, place), 0)
        found = which if bool(all_of(place >= 0, place < length)) else found
        place = place - length
    return found


def nothing_sent_is_contradicted(written_first: bool = True) -> Statement:
    """Whatever was sent before a crash stands in the same place of what the restarted validator sends.

    The crash comes when some effects of a step have left. With the event on disk before that, the replay has them;
    otherwise it may be another event that comes after the restart.
    """

    def statement(given: Given) -> None:
        before, now = any_log(given)
        event, step = any_event(given, "event"), AnyStep(given).take
        with Idealized((stepping(given),)):
            disk = log.logged(before, cast(Node, now), event) if written_first else before
            _, sent_before = log.restarted(before, SETTING)
            node, again = log.restarted(disk, SETTING)
            if not written_first:
                other = any_event(given, "event after the restart")
                again = (*again, *step(node, other, SETTING)[1])
        fresh = begins_a_log(now, event)
        sent = (*(() if fresh else cast("tuple[Any, ...]", sent_before)), *step(now, event, SETTING)[1])
        left = given.integer("effects that have left", 0)
        at = given.integer("place of an effect", 0)
        given.assume(at < left)
        first = effect(given, sent, at)
        given.assume(first >= 0)
        given.note("sent, and sent again", (first, effect(given, cast("tuple[Any, ...]", again), at)))
        given.claim("sent again, in its place", first == effect(given, cast("tuple[Any, ...]", again), at))

    return statement
