"""What a vector is: a case, its expectation, its trace, and the file that holds the cases of a group."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

import attrs

from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.canonical import fingerprint, lines_of

FORMAT: Final = "hyperion-vector/1"
MAX_CHECKPOINTS: Final = 33
"""Digests of a trace that a case may carry, however long the trace is."""
FILLED_CHECKPOINTS: Final = 9
"""Digests that ours carry: a bisection needs two questions more than with 33, and the vectors are a third smaller."""


class VectorError(Exception):
    """What can't be used as a vector, manifest or tombstone: file, case (or ``""``), JSON path of the field, reason."""

    def __init__(self, file: str, case: str, field: str, reason: str) -> None:
        super().__init__(f"{file}: {f'{case}: ' if case else ''}{field}: {reason}")
        self.file = file
        self.case = case
        self.field = field
        self.reason = reason


@attrs.frozen
class Trace:
    """Digests of the specified trace: at step 0, at each multiple of ``stride``, and at the last step."""

    steps: int
    stride: int
    digests: tuple[str, ...]


@attrs.frozen
class Draft:
    """A case before it is filled: everything but what is expected."""

    target: str
    group: str
    slug: str
    """The condition, in words: the last part of the id."""
    rules: tuple[str, ...]
    why: str
    """What a client that fails gets wrong, and what that causes."""
    fork: str
    input: Mapping[str, Json] = attrs.field(repr=False)
    level: str = "MUST"
    tier: int = 1
    revision: int = 1
    names_reason: bool = True
    """False where several rules refuse at once: which of them a client names is its own affair."""

    @property
    def id(self) -> str:
        """The name of the case for ever: target, group, condition."""
        return f"{self.target}/{self.group}/{self.slug}"


@attrs.frozen
class Case:
    """A case with what is expected: one outcome exactly, or one of several that the rules permit."""

    id: str
    revision: int
    fingerprint: str
    rules: tuple[str, ...]
    level: str
    tier: int
    fork: str
    why: str
    input: Mapping[str, Json] = attrs.field(repr=False)
    expect: Mapping[str, Json] = attrs.field(repr=False)
    trace: Trace | None = attrs.field(default=None, repr=False)

    @property
    def target(self) -> str:
        """What kind of thing the case is about."""
        return self.id.split("/", 2)[0]

    @property
    def group(self) -> str:
        """The file it is in, within its target."""
        return self.id.split("/", 2)[1]

    def document(self) -> dict[str, Json]:
        """The case as JSON."""
        body: dict[str, Json] = {
            "id": self.id, "revision": self.revision, "fingerprint": self.fingerprint, "rules": list(self.rules),
            "level": self.level, "tier": self.tier, "fork": self.fork, "why": self.why, "input": self.input,
            "expect": self.expect,
        }  # fmt: skip
        if self.trace is not None:
            digests = list(self.trace.digests)
            body["trace"] = {"steps": self.trace.steps, "stride": self.trace.stride, "digests": digests}
        return body


def case_of(draft: Draft, outcome: Mapping[str, Json], trace: Trace | None) -> Case:
    """The case in which ``outcome`` is what the rules demand of ``draft``."""
    if not draft.names_reason:
        outcome = {key: value for key, value in outcome.items() if key != "reason"}
    expect: dict[str, Json] = {"exactly": outcome}
    mark = fingerprint(draft.target, draft.id, draft.revision, draft.fork, draft.input, expect)
    return Case(
        draft.id, draft.revision, mark, draft.rules, draft.level, draft.tier, draft.fork, draft.why, draft.input,
        expect, trace,
    )  # fmt: skip


@attrs.frozen
class VectorFile:
    """The cases of one group of one target, in the order of their ids."""

    target: str
    group: str
    cases: tuple[Case, ...]

    @property
    def path(self) -> str:
        """Where the file is in a folder of vectors."""
        return str(PurePosixPath(self.target, f"{self.group}.json"))

    def encode(self) -> bytes:
        """The bytes of the file."""
        head: dict[str, Json] = {"format": FORMAT, "target": self.target, "group": self.group}
        return lines_of(head, "cases", [case.document() for case in self.cases])


def files_of(cases: Sequence[Case]) -> tuple[VectorFile, ...]:
    """The cases sorted into files by target and group."""
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in sorted(cases, key=lambda case: case.id):
        groups.setdefault((case.target, case.group), []).append(case)
    return tuple(VectorFile(target, group, tuple(members)) for (target, group), members in groups.items())


def checkpoints(steps: int) -> tuple[int, tuple[int, ...]]:
    """The stride, and the steps whose digests a case carries: first and last included."""
    if steps == 0:
        return 1, ()
    last = steps - 1
    stride = max(1, -(-last // (FILLED_CHECKPOINTS - 1)))
    return stride, (*range(0, last, stride), last)
