"""Replay of traces of the published specification through the model: every state must be the one of the trace.

The model's state is carried along; a trace only says which of the possible actions was taken. What it cannot explain
is a difference: the first one ends the replay of its trace.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Final

import attrs
from immutables import Map

from hyperion.sequencer.finality.consensus import Consensus, advance
from hyperion.sequencer.finality.votes import SILENCE, apply_vote, keeper_of
from hyperion_conformance.bft.itf import ItfError, Trace
from hyperion_conformance.bft.quint import (
    read_consensus,
    read_input,
    read_validators,
    read_vote,
    shown_consensus,
    shown_event,
    shown_keeper,
    shown_output,
)
from hyperion_conformance.bft.walk import BUFFERS, Record, Unexplained, difference, network_steps

VARIABLES: Final[Mapping[str, frozenset[str]]] = {
    "network": frozenset({"system", "_hist"}),
    "rows": frozenset({"state", "input", "output"}),
    "votes": frozenset({"bookkeeper", "weightedVote", "lastEmitted"}),
}
"""What a trace is of → the variables that it has then."""


@attrs.frozen
class Replayed:
    """How a trace was replayed."""

    name: str
    kind: str
    """``network``, ``rows`` or ``votes``: what the trace is of; ``empty`` for one without variables."""
    steps: int
    """Steps that were explained, each compared with the whole state."""
    acts: int
    """Steps among them that called the model's driver, a row or the count of votes."""
    difference: str | None
    """The first step that the model does not explain, and where the states differ."""


def replay(trace: Trace) -> Replayed:
    """Replay one trace, of whichever kind."""
    kinds = [(kind, group) for kind, group in groups_of(trace) if len(group) > 1]
    if not kinds:
        return Replayed(trace.name, "empty", 0, 0, None)
    steps = acts = 0
    for kind, states in kinds:
        begin = {"network": network_steps, "rows": row_steps, "votes": vote_steps}[kind]
        try:
            for acted in begin(states):
                steps, acts = steps + 1, acts + acted
        except (Unexplained, ItfError) as error:
            return Replayed(trace.name, kind, steps, acts, f"step {steps + 1}: {error}")
        except (KeyError, AttributeError, TypeError, ValueError, IndexError) as error:
            # A document of another shape than the specification's: told as a difference, never as a traceback.
            return Replayed(trace.name, kind, steps, acts, f"step {steps + 1}: not of the specification: {error!r}")
    return Replayed(trace.name, kinds[0][0], steps, acts, None)


def groups_of(trace: Trace) -> Iterator[tuple[str, list[Record]]]:
    """The states of each instance that a trace has variables of, with the instance's name removed."""
    instances = sorted({name.rpartition("::")[0] for state in trace.states for name in state})
    for instance in instances:
        before = f"{instance}::" if instance else ""
        states = [
            Map({name[len(before) :]: value for name, value in state.items() if name.rpartition("::")[0] == instance})
            for state in trace.states
            if any(name.startswith(before) for name in state)
        ]
        for kind, needed in VARIABLES.items():
            if needed <= set(states[0]):
                known = needed | {theirs for theirs, _ in BUFFERS.values()}
                yield kind, [Map({name: state[name] for name in state if name in known}) for state in states]


# --- rows and votes alone -------------------------------------------------------------------------------------------


def row_steps(states: list[Record]) -> Iterator[bool]:
    """Traces of the algorithm alone: state, input, output."""
    state = read_consensus(states[0]["state"])
    for before, after in itertools.pairwise(states):
        if after == before:
            yield False
            continue
        if after["input"].tag == "NoConsensusInput" and after["output"].tag == "NoConsensusOutput":
            there = after["state"]
            fresh = Consensus(there["p"].encode(), there["height"])
            if there != shown_consensus(state):
                state = fresh
            if there != shown_consensus(state):
                raise Unexplained(difference(shown_consensus(state), there))
            yield False
            continue
        state, output = advance(state, read_input(after["input"]))
        shown = Map(state=shown_consensus(state), input=after["input"], output=shown_output(output))
        if shown != after:
            raise Unexplained(difference(shown, after))
        yield True


def vote_steps(states: list[Record]) -> Iterator[bool]:
    """Traces of the count of votes alone: keeper, last vote, last event."""
    first = states[0]["bookkeeper"]
    keeper = keeper_of(first["height"], read_validators(first["validatorSet"]))
    if shown_keeper(keeper) != first:
        raise Unexplained(difference(shown_keeper(keeper), first))
    for before, after in itertools.pairwise(states):
        there, given = after["bookkeeper"], after["weightedVote"]
        if after == before:
            yield False
            continue
        if given.tag == "NoWeightedVote":
            keeper = keeper_of(there["height"], read_validators(there["validatorSet"]))
            event = SILENCE
        else:
            record, weight, round = given.value
            vote = read_vote(record)
            if keeper.validators.weights.get(vote.sender, 0) != weight:
                raise Unexplained(f"the weight of {record['srcAddress']} is {weight} in the trace")
            keeper, event = apply_vote(keeper, vote, round)
        shown = Map(bookkeeper=shown_keeper(keeper), weightedVote=given, lastEmitted=shown_event(event))
        if shown != after:
            raise Unexplained(difference(shown, after))
        yield given.tag != "NoWeightedVote"
