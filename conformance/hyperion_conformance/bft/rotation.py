"""In which order leaders rotate: the specification makes a list of a set, and does not say in which order.

Its simulator keeps the order in which a model names its validators, or one of hashes where they are many; a trace does
not tell. It shows, though, who entered which round as its leader and who did not, and whose proposals were kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final

import attrs

from hyperion.sequencer.finality.types import Address

MOST: Final = 24
"""Orders that are tried where a trace leaves several open."""


@attrs.frozen
class Shown:
    """What a trace shows of the list: of some places who has them, and who has not."""

    known: dict[int, str]
    barred: frozenset[tuple[int, str]]


def orders(states: list[Any]) -> Iterator[tuple[Address, ...]]:
    """Orders of the validators that a trace of a network allows, the ascending one first."""
    system = states[0]["system"]
    names = sorted(system[min(system)]["es"]["valset"])
    ascending = tuple(name.encode() for name in names)
    yield ascending
    shown = shown_by(states, len(names))
    others = (order for order in lists(names, shown) if order != ascending)
    yield from itertools.islice(others, MOST)


def lists(names: list[str], shown: Shown) -> Iterator[tuple[Address, ...]]:
    """All lists that agree with what is shown, in ascending order."""

    def longer(start: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        place = len(start)
        if place == len(names):
            yield start
        for name in names:
            if name not in start and shown.known.get(place, name) == name and (place, name) not in shown.barred:
                yield from longer((*start, name))

    for found in longer(()):
        yield tuple(name.encode() for name in found)


def shown_by(states: list[Any], number: int) -> Shown:
    """What a trace of a network of so many validators shows."""
    known: dict[int, str] = {}
    barred: set[tuple[int, str]] = set()
    entries = {(name, node["es"]["executedInputs"]) for state in states for name, node in state["system"].items()}
    for name, executed in sorted(entries, key=repr):
        present = -1
        for given, _, round, _ in executed:
            # As published: the leader of the round after the present one is asked for, whichever is entered; but a
            # height that begins in a later round is entered without asking.
            if given.tag == "NewRoundProposerCInput":
                known[(present + 2) % number] = name
            elif given.tag == "NewRoundCInput" and (present >= 0 or given.value == 0):
                barred.add(((present + 2) % number, name))
            present = round
    kept = {proposal for state in states for node in state["system"].values() for proposal in node["es"]["proposals"]}
    for proposal in sorted(kept, key=repr):
        known[(proposal["round"] + 1) % number] = proposal["srcAddress"]
    return Shown(known, frozenset(barred))
