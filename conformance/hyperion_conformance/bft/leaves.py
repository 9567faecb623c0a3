"""Control of the replay: one value anywhere in a trace is changed, and the replay must notice.

A change that is not noticed has made another run of the specification: the value was a choice of what surrounds the
validators, and no later step depends on it. Such leaves are told, with that reason.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from random import Random
from typing import Any, Final, TypeAlias

import attrs

from hyperion_conformance.bft.itf import ItfError, trace_of, value_of
from hyperion_conformance.bft.mismatch import Unexplained
from hyperion_conformance.bft.replay import META, PLAYERS, SHAPES, Group, Place, Player, groups_of, played_by, players

Path: TypeAlias = tuple[str | int, ...]
FREE: Final = {
    "nextValueToPropose": "the application may have any value to propose, and it was not asked before the next one",
    "incomingVotes": "a validator that is not correct may send any vote, and this one was not counted",
    "incomingProposals": "a validator that is not correct may send any proposal, and this one was not looked at",
    "incomingSyncProposals": "what is synchronised is not checked against its source",
    "incomingSyncCertificates": "what is synchronised is not checked against its source",
    "input": "a part of an input that its row does not look at",
    "weightedVote": "the round that the validator is in, where the vote is of no later one",
}
"""Parts of a state of which one value may be as good as another → why."""
NONE: Final = "no reason is known"


@attrs.frozen
class Survey:
    """How many leaves were changed, and which changes went unnoticed."""

    leaves: int
    """All leaves of the trace."""
    foreign: int
    """Leaves among them of variables that are not compared."""
    changed: int
    """Leaves that were changed, one at a time."""
    unnoticed: tuple[tuple[str, str], ...]
    """Where a change was not noticed, and why that is right."""


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where the numbers, strings and booleans of a document are; what it says of itself is left out."""
    if isinstance(value, dict):
        for name in sorted(value):
            if name != "#meta":
                yield from leaves(value[name], (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    else:
        yield path


def otherwise(value: Any, is_number: bool) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return str(int(value) + 1) if is_number else f"{value}'"


def survey(name: str, text: str | bytes, number: int, random: Random) -> Survey:
    """Change so many leaves of a trace, chosen at random, or all where it has no more.

    Refused with ``ItfError``: a trace that is not equal to begin with, of which nothing could be said.
    """
    states = json.loads(text)["states"]
    groups = list(groups_of(trace_of(name, text)))
    if len(groups) != 1:
        raise ItfError(name, f"{len(groups)} instances of the specification, not one")
    [group] = groups
    player = next((each for each in players(group) if played_by(name, group, each).difference is None), None)
    if player is None:
        raise ItfError(name, "not equal to begin with")
    places = [player.begin(group.states[0])]
    for before, after in itertools.pairwise(group.states):
        places.append(player.follow(places[-1], before, after)[0])
    paths = list(leaves(states))
    own = [path for path in paths if is_compared(path, group)]
    chosen = own if len(own) <= number else random.sample(own, number)
    unnoticed = [path for path in chosen if not is_noticed(path, states, group, player, places)]
    reasons = tuple((f"{name} {'.'.join(map(str, path))}", reason(path)) for path in unnoticed)
    return Survey(len(paths), len(paths) - len(own), len(chosen), reasons)


def is_compared(path: Path, group: Group) -> bool:
    """Whether a leaf belongs to a variable of the model."""
    instance, _, name = str(path[1]).rpartition("::")
    return instance not in META and name in PLAYERS[group.kind].known


def is_noticed(path: Path, states: list[Any], group: Group, player: Player, places: list[Place]) -> bool:
    """Whether the replay notices a change of a leaf: at once, or in a later step."""
    number = int(path[0])
    try:
        changed = with_change(states[number], path[1:], group.states[number])
        if number == 0:
            place = player.begin(changed)
        else:
            place, _ = player.follow(places[number - 1], group.states[number - 1], changed)
        before = changed
        for later in range(number + 1, len(states)):
            if place == places[later - 1] and later > number + 1:
                return False
            place, _ = player.follow(place, before, group.states[later])
            before = group.states[later]
    except (Unexplained, ItfError, *SHAPES):
        return True
    return False


def with_change(state: Any, path: Path, own: Any) -> Any:
    """A state of a group with one leaf of the document changed."""
    inner, last = state, path[-1]
    for step in path[:-1]:
        inner = inner[step]
    kept = inner[last]
    inner[last] = otherwise(kept, last == "#bigint")
    try:
        name = str(path[0]).rpartition("::")[2]
        return own.set(name, value_of(state[path[0]]))
    finally:
        inner[last] = kept


def reason(path: Path) -> str:
    """Why a change of a leaf need not be noticed: the innermost part of the state that is free, or ``NONE``."""
    parts = [str(step).rpartition("::")[2] for step in path]
    if "_hist" in parts:
        return NONE
    return next((FREE[part] for part in reversed(parts) if part in FREE), NONE)
