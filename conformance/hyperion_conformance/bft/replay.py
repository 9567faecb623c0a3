"""Replay of traces of the published specification through the model: every state must be the one of the trace.

The model's state is carried along; a trace only says which of the possible actions was taken. What it cannot explain
is a mismatch: the first one ends the replay of its trace. A trace of something else is refused.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import attrs
from immutables import Map

from hyperion.sequencer.finality.consensus import Consensus, advance
from hyperion.sequencer.finality.votes import SILENCE, Keeper, apply_vote, keeper_of
from hyperion_conformance.bft import walk
from hyperion_conformance.bft.itf import ItfError, Trace, Variant
from hyperion_conformance.bft.mismatch import Mismatch, Unexplained, difference, written
from hyperion_conformance.bft.quint import (
    read_input,
    read_validators,
    read_vote,
    shown_consensus,
    shown_event,
    shown_input,
    shown_keeper,
    shown_output,
    shown_vote,
)
from hyperion_conformance.bft.rotation import orders
from hyperion_conformance.bft.surroundings import BUFFERS, Record

Place: TypeAlias = Any
"""Where a replay is; what that is depends on what the trace is of."""


@attrs.frozen
class Player:
    """How traces of one kind are replayed."""

    needed: frozenset[str]
    """The variables that make a trace one of this kind."""
    known: frozenset[str]
    """All variables that are compared."""
    begin: Callable[[Record], Place]
    """The place of the first state; raises ``Unexplained`` where the model begins otherwise."""
    follow: Callable[[Place, Record, Record], tuple[Place, bool]]
    """The place after a step, and whether the model acted."""


@attrs.frozen
class Replayed:
    """How a trace was replayed."""

    name: str
    kind: str
    """``network``, ``rows`` or ``votes``: what the trace is of; ``empty`` for one without variables, or ``refused``."""
    steps: int
    """Steps that were explained, each compared with the whole state."""
    acts: int
    """Steps among them that called the model's driver, a row or the count of votes."""
    difference: Mismatch | None
    refusal: str | None = None
    """Why the trace is none of this specification."""
    unread: tuple[str, ...] = ()
    """Variables that are none of the specification's, or of its parts that the model lacks: not compared."""


@attrs.frozen
class Group:
    """The states of one instance of the specification within a trace, its name removed from the variables."""

    kind: str
    states: list[Record]


def replay(trace: Trace) -> Replayed:
    """Replay one trace, of whichever kind."""
    names = sorted({name for state in trace.states for name in state})
    try:
        groups = list(groups_of(trace))
    except ItfError as error:
        return Replayed(trace.name, "refused", 0, 0, None, str(error))
    own = [name for name in names if name.rpartition("::")[0] not in META]
    if not groups:
        kind, refusal = ("refused", missing(own)) if own else ("empty", None)
        return Replayed(trace.name, kind, 0, 0, None, refusal)
    unread = tuple(name for name in names if not any(name.rpartition("::")[2] in PLAYERS[g.kind].known for g in groups))
    results = [played(trace.name, group) for group in groups]
    worst = max(results, key=lambda result: (result.refusal is not None, result.difference is not None))
    steps, acts = sum(result.steps for result in results), sum(result.acts for result in results)
    return attrs.evolve(worst, steps=steps, acts=acts, unread=unread)


def played(name: str, group: Group) -> Replayed:
    """Replay the states of one instance."""
    results: list[Replayed] = []
    try:
        for player in players(group):
            results.append(played_by(name, group, player))
            if results[-1].difference is None:
                return results[-1]
    except (ItfError, *SHAPES) as error:
        # What loses its shape later on has differed there, whatever order its leaders may have.
        told = str(error) if isinstance(error, ItfError) else f"not of the specification: {error!r}"
        return results[0] if results else Replayed(name, "refused", 0, 0, None, told)
    return results[0]


SHAPES: Final = (KeyError, AttributeError, TypeError, ValueError, IndexError)
"""What reading a document of another shape than the specification's raises: told, never a traceback."""


def players(group: Group) -> Iterator[Player]:
    """The ways to replay a group: for a network one for each order in which its leaders may rotate."""
    player = PLAYERS[group.kind]
    if group.kind != "network":
        yield player
        return
    walk.check_shape(group.states[0])
    for order in orders(group.states):
        yield attrs.evolve(player, begin=functools.partial(walk.begin, order=order))


def played_by(name: str, group: Group, player: Player) -> Replayed:
    """Replay the states of one instance in one way."""
    number = acts = 0
    try:
        place = player.begin(group.states[0])
        for before, after in itertools.pairwise(group.states):
            number += 1
            place, acted = player.follow(place, before, after)
            acts += acted
    except Unexplained as error:
        return Replayed(name, group.kind, max(number - 1, 0), acts, error.at(number))
    except (ItfError, *SHAPES) as error:
        # What cannot be read at the beginning is a trace of something else; so is an input that no driver makes.
        if number == 0 or (group.kind == "rows" and isinstance(error, ItfError)):
            raise
        told = Mismatch(number, "", "", "$", "a state of the specification", repr(error))
        return Replayed(name, group.kind, number - 1, acts, told)
    return Replayed(name, group.kind, number, acts, None)


META: Final = frozenset({"mbt", "q"})
"""What stands before variables with which Quint tells of its own choices or keeps its own books."""
LOGS: Final = frozenset({"debug"})
"""Fields of a validator that only log: versions of the specification under development had one."""


def groups_of(trace: Trace) -> Iterator[Group]:
    """The states of each instance that a trace has variables of. ``ItfError`` where a variable comes and goes."""
    names = {name for state in trace.states for name in state}
    for instance in sorted({name.rpartition("::")[0] for name in names} - META):
        before = f"{instance}::" if instance else ""
        own = {name.rpartition("::")[2] for name in names if name.rpartition("::")[0] == instance}
        for kind, player in PLAYERS.items():
            if player.needed <= own:
                present = sorted(player.known & own)
                states = [part(state, number, before, present) for number, state in enumerate(trace.states)]
                yield Group(kind, [without_logs(state) for state in states] if kind == "network" else states)


def part(state: Record, number: int, before: str, names: list[str]) -> Record:
    """The variables of one instance in a state."""
    for name in names:
        if before + name not in state:
            raise ItfError(f"states[{number}].{before}{name}", "missing, but there in another state")
    return Map({name: state[before + name] for name in names})


def without_logs(state: Record) -> Record:
    """A state of a network without fields that only log."""
    system = state["system"]
    nodes = dict(system) if isinstance(system, Map) else {}
    if not any(isinstance(node, Map) and set(node) & LOGS for node in nodes.values()):
        return state
    shorn = {
        name: Map({field: node[field] for field in node if field not in LOGS}) if isinstance(node, Map) else node
        for name, node in nodes.items()
    }
    return state.set("system", Map(shorn))


def missing(names: list[str]) -> str:
    """Which variables a trace lacks to be of a kind that is known."""
    own = {name.rpartition("::")[2] for name in names}
    lacks = "; ".join(f"{kind}: no {', '.join(sorted(each.needed - own))}" for kind, each in PLAYERS.items())
    return f"variables of another specification: {lacks}"


# --- rows and votes alone -------------------------------------------------------------------------------------------


def same(expected: Any, found: Any, validator: str, given: str) -> None:
    """Raise ``Unexplained`` where they differ."""
    if expected != found:
        raise Unexplained(difference(expected, found), validator, given)


def first_row(state: Record) -> Consensus:
    """Traces of the algorithm alone: state, input, output."""
    here = fresh(state["state"])
    nothing: Record = Map(input=Variant("NoConsensusInput"), output=Variant("NoConsensusOutput"))
    same(nothing.set("state", shown_consensus(here)), state, here.validator.decode(), "the first state")
    return here


def fresh(record: Record) -> Consensus:
    """A validator before a height, of which the trace tells both."""
    return Consensus(record["p"].encode(), record["height"])


def next_row(state: Consensus, before: Record, after: Record) -> tuple[Consensus, bool]:
    """One input, nothing, or a test that begins anew."""
    if after == before:
        return state, False
    if after["input"].tag == "NoConsensusInput" and after["output"].tag == "NoConsensusOutput":
        return first_row(after), False
    given = read_input(after["input"])
    following, output = advance(state, given)
    shown = Map(state=shown_consensus(following), input=shown_input(given), output=shown_output(output))
    same(shown, after, state.validator.decode(), written(after["input"]))
    return following, True


def first_count(state: Record) -> Keeper:
    """Traces of the count of votes alone: keeper, last vote, last event."""
    there = state["bookkeeper"]
    keeper = keeper_of(there["height"], read_validators(there["validatorSet"]))
    nothing: Record = Map(weightedVote=Variant("NoWeightedVote"), lastEmitted=shown_event(SILENCE))
    same(nothing.set("bookkeeper", shown_keeper(keeper)), state, "", "the first state")
    return keeper


def next_count(keeper: Keeper, before: Record, after: Record) -> tuple[Keeper, bool]:
    """One vote, nothing, or a test that begins anew."""
    if after == before:
        return keeper, False
    given = after["weightedVote"]
    if given.tag == "NoWeightedVote":
        return first_count(after), False
    record, _, round = given.value
    vote = read_vote(record)
    sender = vote.sender.decode()
    counted = Variant("WV", (shown_vote(vote), keeper.validators.weights.get(vote.sender, 0), round))
    # Which height a vote is of is looked at before it comes here.
    same(keeper.height, vote.height, sender, f"the height of {written(given)}")
    following, event = apply_vote(keeper, vote, round)
    shown = Map(bookkeeper=shown_keeper(following), weightedVote=counted, lastEmitted=shown_event(event))
    same(shown, after, sender, written(given))
    return following, True


def _player(needed: str, also: str, begin: Callable[..., Place], follow: Callable[..., tuple[Place, bool]]) -> Player:
    return Player(frozenset(needed.split()), frozenset(f"{needed} {also}".split()), begin, follow)


PLAYERS: Final[Mapping[str, Player]] = {
    "network": _player("system", " ".join(["_hist", *(name for name, _ in BUFFERS.values())]), walk.begin, walk.follow),
    "rows": _player("state input output", "", first_row, next_row),
    "votes": _player("bookkeeper weightedVote lastEmitted", "", first_count, next_count),
}
"""What a trace may be of."""
