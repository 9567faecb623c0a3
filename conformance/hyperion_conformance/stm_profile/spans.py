"""What each worker did when: executions, validations, aborts, bookkeeping; and what became of every incarnation."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

import attrs

from hyperion.parallel.counter import Pc
from hyperion.parallel.version import Version
from hyperion_conformance.stm_profile.simulation import Moment, SimulatedRun


class Doing(Enum):
    """What a worker is doing at a program counter."""

    EXECUTING = "executing"
    VALIDATING = "validating"
    ABORTING = "aborting"
    SCHEDULING = "scheduling"


class Fate(Enum):
    """What became of an execution."""

    KEPT = "kept"
    ABORTED = "aborted"
    BLOCKED = "blocked"
    """It met an ESTIMATE, and is executed again when that is replaced."""


DOING: Final[Mapping[Pc, Doing]] = {
    **dict.fromkeys(
        (Pc.TASK_EXECUTE, Pc.READ, Pc.WAIT, Pc.SUSPEND, Pc.WRITE, Pc.REMOVE, Pc.KEEP_WRITTEN, Pc.KEEP_READS, Pc.FINISH),
        Doing.EXECUTING,
    ),
    **dict.fromkeys((Pc.TASK_VALIDATE, Pc.LOAD_READS, Pc.SCAN), Doing.VALIDATING),
    **dict.fromkeys((Pc.ABORT, Pc.MARK, Pc.REOPEN, Pc.LOWER_AFTER, Pc.COUNT_AFTER, Pc.RETRY_LEFT), Doing.ABORTING),
}
"""Program counters that are not named are of scheduling: claims, counts, the end."""


@attrs.frozen
class Span:
    """A stretch of time in which one worker did one thing. Times in nanoseconds."""

    worker: int
    doing: Doing
    version: Version | None
    begins: int
    ends: int
    last: Pc
    """The last access of it."""
    then: Pc
    """Where the worker went from there."""


def spans_of(run: SimulatedRun) -> tuple[Span, ...]:
    """The spans of all workers, in the order of their beginnings."""
    by_worker: dict[int, list[Moment]] = {}
    for moment in run.moments:
        by_worker.setdefault(moment.worker, []).append(moment)
    found = [span for moments in by_worker.values() for span in joined(moments)]
    return tuple(sorted(found, key=lambda span: (span.begins, span.worker)))


def joined(moments: list[Moment]) -> Iterator[Span]:
    """Steps of one worker that follow one another and are of one thing, as one span."""
    open_span: Span | None = None
    for moment in moments:
        doing, version = what(moment)
        if open_span is not None and goes_on(open_span, doing, version, moment):
            open_span = attrs.evolve(open_span, ends=moment.ends, last=moment.before.pc, then=moment.after)
            continue
        if open_span is not None:
            yield open_span
        open_span = Span(moment.worker, doing, version, moment.begins, moment.ends, moment.before.pc, moment.after)
    if open_span is not None:
        yield open_span


def what(moment: Moment) -> tuple[Doing, Version | None]:
    """What a step is part of, and of which incarnation."""
    doing = DOING.get(moment.before.pc, Doing.SCHEDULING)
    return doing, None if doing is Doing.SCHEDULING else moment.before.version


def goes_on(span: Span, doing: Doing, version: Version | None, moment: Moment) -> bool:
    """Whether a step belongs to the span before it: the same thing, without a restart or a rest between them."""
    restarted = span.last is Pc.WAIT and moment.before.pc is not Pc.SUSPEND
    rested = doing is Doing.SCHEDULING and moment.before.pc is Pc.LOOP and moment.begins > span.ends
    return (span.doing, span.version) == (doing, version) and not restarted and not rested


def aborted_versions(run: SimulatedRun) -> frozenset[Version]:
    """The incarnations that were executed and then aborted."""
    return frozenset(
        moment.before.version
        for moment in run.moments
        if moment.before.pc is Pc.ABORT and moment.after is not Pc.RELEASE
    )


def fate_of(span: Span, aborted: frozenset[Version]) -> Fate:
    """What became of an execution."""
    if span.last in (Pc.WAIT, Pc.SUSPEND):
        return Fate.BLOCKED
    return Fate.ABORTED if span.version in aborted else Fate.KEPT
