"""A schedule as a text that can be copied, and told step by step."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from hyperion.parallel.configuration import Configuration, advance
from hyperion.parallel.counter import Pc, Transition
from hyperion.parallel.program import Block
from hyperion.parallel.worker import Grain

STRETCH: Final = re.compile(r"([0-9]{1,2})(?:x([0-9]{1,6}))?")
"""So many steps of one worker."""


def written(schedule: Sequence[int]) -> str:
    """A schedule with repetitions counted: ``0x12,1x3`` is twelve steps of worker 0 and three of worker 1."""
    runs = ((worker, len([*steps])) for worker, steps in groupby(schedule))
    return ",".join(f"{worker}x{length}" for worker, length in runs)


def read(text: str) -> tuple[int, ...]:
    """The schedule of a text. Refused with ``ValueError``: what is no list of ``worker`` or ``workerxlength``."""
    schedule: list[int] = []
    for part in text.split(","):
        match = STRETCH.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is not like 0x12")
        schedule += [int(match[1])] * int(match[2] or 1)
    return tuple(schedule)


def told(
    block: Block,
    first: Configuration,
    schedule: Sequence[int],
    transitions: Mapping[Pc, Transition],
    grain: Grain,
) -> Iterator[tuple[int, str]]:
    """The worker and the story of each stretch of steps of one worker, up to the first that it cannot make."""
    at = first
    for worker, steps in groupby(schedule):
        story: list[str] = []
        for _ in steps:
            following = advance(block, at, worker, transitions, grain)
            if following is None:
                yield worker, " · ".join([*story, "waits"])
                return
            story.append(told_step(at.workers[worker]))
            at = following
        yield worker, " · ".join(story)


def told_step(worker: Any) -> str:
    """A step: its program counter, and what it is about."""
    name = worker.pc.name
    if hasattr(worker, "version"):
        return f"{name} {worker.version.transaction}.{worker.version.incarnation}"
    return f"{name} {worker.index}" if hasattr(worker, "index") else name


def last(
    block: Block,
    first: Configuration,
    schedule: Sequence[int],
    transitions: Mapping[Pc, Transition],
    grain: Grain,
) -> Configuration:
    """The configuration behind a schedule, a step that cannot be made being passed over."""
    at = first
    for worker in schedule:
        at = advance(block, at, worker, transitions, grain) or at
    return at
