"""One validator: it goes forward, votes once for each place, and asks a row only when what its input says is true."""

from __future__ import annotations

from typing import Final

from hyperion.sequencer.finality import consensus, driver, node
from hyperion.sequencer.finality.types import Kind
from hyperion_proofs.finality.local_asking import (
    ACTS,
    concludes_decision,
    concludes_skip,
    hands_on_at_most,
    responds,
)
from hyperion_proofs.finality.local_faults import control, obligation
from hyperion_proofs.finality.local_node import (
    EVENTS,
    answer_is_noted,
    answer_is_taken_once,
    does_what_is_due,
    due_is_true,
    follows,
    stays_decided,
    takes,
)
from hyperion_proofs.finality.local_rows import goes_forward, places_differ, proposes_anew, votes_anew
from hyperion_proofs.theorem import Control, Theorem
from hyperion_proofs.theorem import Kind as Sort

KINDS: Final = tuple(Kind)


def word(kind: Kind) -> str:
    """The kind as a name of an obligation."""
    return kind.name.lower().replace("_", " ")


# --- rows ------------------------------------------------------------------------------------------------------------

FORWARD: Final = Theorem(
    "FIN-monotone",
    "Whatever a row does, height, round and step never go back, the locked round is never after the valid one nor that "
    "after the present one, and a lock changes only where a polka for a proposal is answered by a precommit for it.",
    (
        "FIN-lead-round", "FIN-follow-round", "FIN-skip-round", "FIN-precommit-lock", "FIN-precommit-nil", "FIN-decide",
        "FIN-timeout-precommit",
    ),
    Sort.PATHS,
    tuple(obligation(word(kind), goes_forward(kind)) for kind in KINDS),
    (
        Control(
            "further conditions are not looked at",
            obligation(
                "new round", goes_forward(Kind.NEW_ROUND), (consensus.advance, "not row.is_enabled", "False and"),
            ),
        ),
        Control(
            "a polka for nil unlocks",
            obligation(
                "polka nil",
                goes_forward(Kind.POLKA_NIL),
                (
                    Kind.POLKA_NIL,
                    "_voted(state,",
                    "_voted(msgspec.structs.replace(state, locked_round=NO_ROUND, locked_value=None),",
                ),
            ),
        ),
        Control(
            "a polka that comes after the precommit locks, too",
            obligation(
                "proposal polka",
                goes_forward(Kind.PROPOSAL_POLKA),
                (Kind.PROPOSAL_POLKA, "valid=given.value), NOTHING", "valid=given.value, lock=given.value), NOTHING"),
            ),
        ),
        Control(
            "a round that ends is entered again",
            obligation(
                "timeout precommit",
                goes_forward(Kind.TIMEOUT_PRECOMMIT),
                (Kind.TIMEOUT_PRECOMMIT, "state.round + 1", "state.round"),
            ),
        ),
    ),
    "any orderly state and any input of the kind; the height is not decided, and begins with a round (FIN-guards)",
    fast=True,
)  # fmt: skip

ONCE: Final = Theorem(
    "FIN-votes-once",
    "Over any sequence of inputs a validator casts at most one prevote and at most one precommit in a round of a "
    "height, whatever the others send.",
    ("FIN-prevote-new", "FIN-prevote-old", "FIN-prevote-invalid", "FIN-precommit-lock", "FIN-precommit-nil",
     "FIN-timeout-propose", "FIN-timeout-prevote"),
    Sort.INDUCTION,
    (
        *(obligation(word(kind), votes_anew(kind)) for kind in KINDS),
        obligation("a place is a round and type", places_differ),
    ),
    (
        Control(
            "steps are not looked at",
            obligation(
                "proposal", votes_anew(Kind.PROPOSAL), (consensus.advance, "state.step not in row.steps", "False"),
            ),
        ),
        Control(
            "an invalid proposal with a polka is told in any step, as published",
            obligation("proposal polka invalid", votes_anew(Kind.PROPOSAL_POLKA_INVALID, rightly=False)),
        ),
        Control(
            "a precommit leaves the step",
            obligation(
                "timeout prevote",
                votes_anew(Kind.TIMEOUT_PREVOTE),
                (Kind.TIMEOUT_PREVOTE, "_voted(state, VoteType.PRECOMMIT, None)",
                 "state, _voted(state, VoteType.PRECOMMIT, None)[1]"),
            ),
        ),
    ),
    "any orderly state and any input of the kind; the height is not decided, and an invalid proposal is told before "
    "the prevote only (FIN-guards)",
    argument="A vote's place in the height is beyond the rank before it and is the rank after it; no row lowers the "
    "rank (FIN-monotone), and the next height has votes of its own. So no two votes have one place.",
    fast=True,
)  # fmt: skip


# --- what is asked ---------------------------------------------------------------------------------------------------

SENSIBLE: Final = Theorem(
    "FIN-guards",
    "Whenever a row is asked, the height is open and what the input says is true of the votes and proposals that the "
    "validator has received: the polka or the commit is there, the value was properly proposed, the round is later.",
    (
        "FIN-hand-on-once", "FIN-on-precommits", "FIN-on-prevotes", "FIN-proposal-leader", "FIN-valid-first",
        "FIN-valid-round", "FIN-step-change", "FIN-height", "FIN-act", "FIN-due", "FIN-stale", "FIN-chain", "FIN-begin",
    ),
    Sort.INDUCTION,
    (
        *(obligation(f"a driver is asked: {name}", responds(name)) for name in ACTS),
        obligation("a round is left", concludes_skip),
        obligation("a decision is recorded", concludes_decision),
        obligation("the rows are asked once, and as handed on", hands_on_at_most),
        obligation("what is due in any step", due_is_true(in_any_step=True)),
        obligation("what is due in this step", due_is_true(in_any_step=False)),
        obligation("a node does what is due", does_what_is_due),
        *(obligation(f"a node {name}", takes(name)) for name in EVENTS),
        obligation("following an act", follows(False)),
        obligation("following an input", follows(True)),
    ),
    (
        control(
            "precommits decide without a proposal", "a vote", responds("a vote"),
            (driver.on_precommits, "if proposes(driver, event.round, event.value)", "if event"),
        ),
        control(
            "a polka for nil counts in any round", "a vote", responds("a vote"),
            (driver.on_prevotes, "Reached.POLKA_NIL and event.round == here", "Reached.POLKA_NIL"),
        ),
        control(
            "a valid round is believed", "a proposal", responds("a proposal"),
            (driver.on_valid_in_propose, "if has_reached(", "if True or has_reached("),
        ),
        control(
            "validity is not asked", "a proposal", responds("a proposal"),
            (driver.on_proposal, "if not setting.is_valid(proposal.value)", "if False"),
        ),
        control(
            "an invalid proposal is told in any step", "a proposal", responds("a proposal"),
            (
                driver.on_invalid,
                "(here.step, here.round, here.height) != (Step.PROPOSE,", "(here.round, here.height) != (",
            ),
        ),
        control(
            "what is owed is due in any round", "what is owed", responds("what is owed"),
            (driver.on_settle, "if (owed.height, owed.round) == (here.height, here.round)", "if owed"),
        ),
        control(
            "an input is handed on again", "hand on", hands_on_at_most,
            (driver.hand_on, "if Done(given, before.height, before.round, before.step) in driver.done", "if False"),
        ),
        control(
            "an earlier round is a later one", "due", due_is_true(in_any_step=True),
            (node._in_any_step, "later > here.round and", ""),
        ),
        control(
            "timers run before the height begins", "elapses", takes("elapses"),
            (node.act_of, "not driver.started or", ""),
        ),
        control(
            "messages count after the decision", "delivers a vote", takes("delivers a vote"),
            (node.delivered, "if driver.consensus.step == Step.COMMIT", "if False"),
        ),
    ),
    "any votes, proposals, inputs handed on and inputs owed: what is assumed of them, what is put among them keeps",
    argument="A step of a node is a sequence of calls of one function that follows an act or an input. Each call is "
    "made in an open height and with what is true, by the obligations on the node; the driver hands on only what is "
    "true, and the rows are asked with just that. What is said of votes is about those received: more votes leave it "
    "true (FIN-count).",
)  # fmt: skip

DECIDED: Final = Theorem(
    "FIN-decided-final",
    "After a decision no message, timer or answer changes what a validator remembers or has decided, or has an effect; "
    "a beginning goes on to the next height, and keeps the decisions.",
    ("FIN-decided", "FIN-begin", "FIN-stale", "FIN-chain"),
    Sort.PATHS,
    tuple(obligation(name, stays_decided(name)) for name in EVENTS),
    (
        control(
            "a timer runs on after the decision", "elapses", stays_decided("elapses"),
            (node.step, "None if node.driver.consensus.step == Step.COMMIT else act_of", "act_of"),
        ),
        control(
            "messages count after the decision", "delivers a proposal", stays_decided("delivers a proposal"),
            (node.delivered, "if driver.consensus.step == Step.COMMIT", "if False"),
        ),
        control(
            "the next height is the same", "begins", stays_decided("begins"),
            (node.begun, "driver.consensus.height + 1", "driver.consensus.height"),
        ),
    ),
    "any votes, proposals and earlier decisions",
    fast=True,
)  # fmt: skip

PROPOSES_ONCE: Final = Theorem(
    "FIN-proposes-once",
    "Over any sequence of inputs a validator makes at most one proposal in a round of a height.",
    ("FIN-lead-round", "FIN-propose-value", "FIN-stale"),
    Sort.INDUCTION,
    (
        *(obligation(word(kind), proposes_anew(kind)) for kind in KINDS),
        obligation("an answer is noted", answer_is_noted),
        obligation("an answer is taken once", answer_is_taken_once),
    ),
    (
        control(
            "the application may answer twice", "an answer is taken once", answer_is_taken_once,
            (node.act_of, "and not asked", ""),
        ),
        control(
            "a valid value is no obstacle", "an answer is taken once", answer_is_taken_once,
            (node.act_of, "and here.valid_value is None", ""),
        ),
    ),
    "any orderly state, any input; only answers are handed on as values (FIN-guards)",
    argument="A round is entered once. If there is a valid value then, it is proposed, and no answer is taken, since a "
    "valid value stays one. Otherwise an answer is proposed; it is noted, and no other one is taken.",
    fast=True,
)  # fmt: skip

THEOREMS: Final = (FORWARD, ONCE, PROPOSES_ONCE, SENSIBLE, DECIDED)
