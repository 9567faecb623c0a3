"""The write-ahead log: a validator that stops and starts again says nothing that contradicts what it has said.

The log of a height is its snapshot and its events in order. A step is a function of state and event, so replaying the
log gives the same state and the same messages; equal messages are no equivocation.
"""

from __future__ import annotations

import msgspec

from hyperion.rules import rule
from hyperion.sequencer.finality.acts import Setting
from hyperion.sequencer.finality.node import Begin, Effects, Event, Node, step
from hyperion.sequencer.finality.types import Step


class Log(msgspec.Struct, frozen=True):
    """What is on disk: the validator when the height began, and what has happened since."""

    origin: Node
    history: tuple[Event, ...] = ()
    """In the order in which they happened."""


@rule("FIN-log-first", "An event is on disk before any message that it causes is sent; the application's value is one.")
def logged(log: Log, node: Node, event: Event) -> Log:
    """The log before the effects of ``event`` leave. A height that begins begins a log: what is decided needs none."""
    begins = isinstance(event, Begin) and (not node.driver.started or node.driver.consensus.step == Step.COMMIT)
    return Log(node, (event,)) if begins else Log(log.origin, (*log.history, event))


@rule("FIN-restart", "A restart replays the log; what it sends again it has sent before.")
def restarted(log: Log, setting: Setting) -> tuple[Node, Effects]:
    """The validator at the end of its log, and all effects of the height again.

    Its timers start anew, and a question to the application is open only if the log has no answer to it.
    """
    node = log.origin
    effects: Effects = ()
    for event in log.history:
        node, more = step(node, event, setting)
        effects += more
    return node, effects
