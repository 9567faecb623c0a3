"""A search in a file, so that one that was cut goes on: which state was found from which by whom, and all edges.

The states are not kept: each is the successor of its parent by its actor, so they are made again on loading, and a file
cannot say anything about them that the model does not say.
"""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from hyperion_conformance.exploration.search import Search, begin
from hyperion_conformance.exploration.system import Plan

FORMAT: Final = "hyperion-search-1"
P = TypeVar("P", bound=Plan[Any])


class CheckpointError(Exception):
    """A file that is no checkpoint of this search."""


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of a checkpoint."""

    format: str
    plan: dict[str, Any]
    parents: bytes
    actors: bytes
    offsets: bytes
    targets: bytes
    movers: bytes
    finals: bytes
    expanded: int
    depth: int
    level_end: int
    seconds: float


def save(search: Search[Any], path: Path) -> None:
    """Write a checkpoint, in place of the one before only when it is whole."""
    kept = Kept(
        FORMAT,
        search.plan.fields(),
        search.parents.tobytes(),
        bytes(search.actors),
        search.offsets.tobytes(),
        search.targets.tobytes(),
        bytes(search.movers),
        search.finals.tobytes(),
        search.expanded,
        search.depth,
        search.level_end,
        search.seconds,
    )
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_bytes(msgspec.msgpack.encode(kept))
    os.replace(partial, path)


def load(plan: P, path: Path) -> Search[Any]:
    """The search of a checkpoint. Refused with ``CheckpointError``: a file of another plan, or no checkpoint at all."""
    try:
        kept = msgspec.msgpack.decode(path.read_bytes(), type=Kept)
    except (OSError, ValueError) as error:  # msgspec refuses with its own ValueErrors, and with those of UTF-8
        raise CheckpointError(f"{path}: {error}") from None
    if kept.format != FORMAT:
        raise CheckpointError(f"{path}: format {kept.format!r} is not {FORMAT!r}")
    if kept.plan != plan.fields():
        raise CheckpointError(f"{path} is of another search: {kept.plan}")
    try:
        return restored(plan, kept)
    except (ValueError, IndexError, KeyError) as error:
        raise CheckpointError(f"{path} does not fit the model: {error}") from None


def restored(plan: P, kept: Kept) -> Search[Any]:
    """The search with all its states made again."""
    search = begin(plan)
    search.parents = words("I", kept.parents)
    search.actors = bytearray(kept.actors)
    if len(search.parents) != len(search.actors):
        raise ValueError("the lists have different lengths")
    for number in range(1, len(search.parents)):
        parent, actor = search.parents[number], search.actors[number]
        successors = dict(search.system.successors(search.states[parent]))
        state = search.system.canonical(successors[actor])
        if search.numbers.setdefault(state, number) != number:
            raise ValueError(f"state {number} occurs twice")
        search.states.append(state)
    search.offsets, search.targets = words("Q", kept.offsets), words("I", kept.targets)
    search.movers, search.finals = bytearray(kept.movers), words("I", kept.finals)
    if len(search.offsets) != kept.expanded or len(search.targets) != len(search.movers):
        raise ValueError("the lists have different lengths")
    if not 0 <= kept.expanded <= kept.level_end <= len(search.states):
        raise ValueError("there are fewer states")
    if max((*search.targets, *search.finals), default=0) >= len(search.states):
        raise ValueError("an edge leads nowhere")
    search.expanded, search.depth, search.level_end = kept.expanded, kept.depth, kept.level_end
    search.seconds = kept.seconds
    return search


def words(kind: str, content: bytes) -> Any:
    """An array of machine words. Refused with ``ValueError``: a length that is no multiple of a word."""
    row = array(kind)
    row.frombytes(content)
    return row
