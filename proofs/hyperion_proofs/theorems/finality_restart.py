"""Restart: a validator that stops at any moment says afterwards what it has said before, and goes on from there."""

from __future__ import annotations

from typing import Final

from hyperion.sequencer.finality import log
from hyperion_proofs.finality.local_faults import control, obligation
from hyperion_proofs.finality.local_log import nothing_sent_is_contradicted, replay_follows
from hyperion_proofs.theorem import Assumption, Control, Kind, Theorem

FUNCTION: Final = Assumption(
    "FIN-step-is-a-function", "A step depends on node, event and setting alone; tests of purity check the model for it."
)
DISK: Final = Assumption("FIN-disk-keeps", "What is on disk before a crash is there after it, whole and in order.")

RESTART: Final = Theorem(
    "FIN-restart-safe",
    "Replaying a log of any length gives the node and the effects of the height as they were; what was sent before a "
    "crash at any moment is a beginning of what is sent again. So no vote after a restart contradicts one before it.",
    ("FIN-log-first", "FIN-restart"),
    Kind.INDUCTION,
    (
        obligation("a log grows by an event", replay_follows),
        obligation("a crash while effects leave", nothing_sent_is_contradicted()),
    ),
    (
        control(
            "an event is not written", "a log grows", replay_follows,
            (log.logged, "Log(log.origin, (*log.history, event))", "Log(log.origin, log.history)"),
        ),
        control(
            "the application's answer is not written", "a log grows", replay_follows,
            (log.logged, "else Log(log.origin, (*log.history, event))",
             "else log if type(event).__name__ == 'Supply' else Log(log.origin, (*log.history, event))"),
        ),
        control(
            "every beginning begins a log", "a log grows", replay_follows,
            (log.logged, "isinstance(event, Begin) and (not node.driver.started or node.driver.consensus.step == "
             "Step.COMMIT)", "isinstance(event, Begin)"),
        ),
        control(
            "a restart does not replay in full", "a log grows", replay_follows,
            (log.restarted, "for event in log.history", "for event in log.history[-1:]"),
        ),
        Control(
            "effects leave before the event is on disk",
            obligation("a crash while effects leave", nothing_sent_is_contradicted(written_first=False)),
        ),
    ),
    "any step, any events, any number of effects",
    (FUNCTION, DISK),
    "By induction over the log it leads to the node before its last event, with the effects until then; one more event "
    "is the obligation. After the restart the validator is the one that did not stop, and FIN-votes-once speaks of it.",
    fast=True,
)  # fmt: skip

THEOREMS: Final = (RESTART,)
