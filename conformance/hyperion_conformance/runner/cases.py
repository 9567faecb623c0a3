"""Released cases as the runner needs them: read from vector files, selected, ordered, sharded."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import attrs

from hyperion_conformance.protocol.decode import MalformedMessage
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.targets import TARGETS

FORMAT = "hyperion-vector/1"


class BadVectors(Exception):
    """A vector file that cannot be used; the message names the file."""


@attrs.frozen(slots=True)
class Checkpoints:
    """Digests of the specified trace at steps 0, stride, 2*stride, ... and at the last step."""

    steps: int
    stride: int
    digests: tuple[str, ...]

    def at(self) -> dict[int, str]:
        """Step -> digest. The last digest belongs to the last step, wherever the stride would have put it."""
        last = max(self.steps - 1, 0)
        return {min(i * self.stride, last): digest for i, digest in enumerate(self.digests)}


@attrs.frozen(slots=True)
class Case:
    """One released case. `expected` lists the permitted outcomes in canonical form."""

    id: str
    revision: int
    fingerprint: str
    target: str
    group: str
    rules: tuple[str, ...]
    level: str
    tier: int
    fork: str
    why: str
    input: Mapping[str, Json] = attrs.field(repr=False)
    expected: tuple[Mapping[str, Json], ...] = attrs.field(repr=False)
    checkpoints: Checkpoints | None = attrs.field(default=None, repr=False)

    @property
    def steps(self) -> int | None:
        """Opcodes of the specified execution, where the case says it."""
        return self.checkpoints.steps if self.checkpoints else None


def read_vectors(path: Path) -> tuple[Case, ...]:
    """All cases of a file, or of every vector file below a folder, by id. Refused: no vectors at all, two of one id."""
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    cases: dict[str, Case] = {}
    for file in files:
        try:
            document = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise BadVectors(f"{file}: {error}") from None
        if path.is_dir() and (not isinstance(document, dict) or document.get("format") != FORMAT):
            continue
        for case in cases_of(document, str(file)):
            if case.id in cases:
                raise BadVectors(f"{file}: {case.id} is defined twice")
            cases[case.id] = case
    if not cases:
        raise BadVectors(f"{path}: no file of format {FORMAT} here")
    return tuple(cases[key] for key in sorted(cases))


def cases_of(document: Any, place: str) -> tuple[Case, ...]:
    """The cases of one vector document."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BadVectors(f"{place}: not of format {FORMAT}")
    try:
        return tuple(_case(document["target"], document["group"], item) for item in document["cases"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadVectors(f"{place}: {type(error).__name__}: {error}") from None
    except MalformedMessage as error:
        raise BadVectors(f"{place}: expectation {error}") from None


def _case(target: str, group: str, item: Mapping[str, Any]) -> Case:
    expect = item["expect"]
    if not expect.keys() & {"exactly", "one_of"}:
        raise ValueError(f"{item['id']}: expects neither exactly nor one_of")
    permitted = [expect["exactly"]] if "exactly" in expect else expect["one_of"]
    trace = item.get("trace")
    return Case(
        id=str(item["id"]),
        revision=int(item["revision"]),
        fingerprint=str(item["fingerprint"]),
        target=target,
        group=group,
        rules=tuple(item["rules"]),
        level=str(item["level"]),
        tier=int(item["tier"]),
        fork=str(item["fork"]),
        why=str(item["why"]),
        input=item["input"],
        expected=tuple(TARGETS[target].canonical(outcome) for outcome in permitted),
        checkpoints=trace and Checkpoints(int(trace["steps"]), max(1, int(trace["stride"])), tuple(trace["digests"])),
    )


@attrs.frozen(slots=True)
class Selection:
    """Which cases to run. Globs match whole ids or rules; `shard` is (i, n) with 1 <= i <= n."""

    ids: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    forks: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    tier: int | None = None
    shard: tuple[int, int] | None = None
    blind: int | None = None

    def of(self, cases: Iterable[Case]) -> tuple[Case, ...]:
        """The chosen cases, in the order in which they are asked."""
        chosen = [case for case in cases if self._takes(case)]
        if self.blind is not None:
            random.Random(self.blind).shuffle(chosen)
        return tuple(chosen)

    def _takes(self, case: Case) -> bool:
        return (
            _any(self.ids, case.id)
            and (not self.rules or any(_any(self.rules, rule) for rule in case.rules))
            and (not self.targets or case.target in self.targets)
            and (not self.forks or case.fork in self.forks)
            and (not self.levels or case.level in self.levels)
            and (self.tier is None or case.tier <= self.tier)
            and (self.shard is None or shard_of(case.id, self.shard[1]) == self.shard[0])
        )


def _any(globs: Sequence[str], text: str) -> bool:
    return not globs or any(fnmatch.fnmatchcase(text, glob) for glob in globs)


def shard_of(case: str, count: int) -> int:
    """1..count, from a hash of the id: adding cases never moves the others."""
    return int.from_bytes(hashlib.sha256(case.encode()).digest()[:8]) % count + 1


class Named(Protocol):
    """A case or its result: what a suite's identity consists of."""

    @property
    def id(self) -> str:
        """The slug that never changes."""

    @property
    def fingerprint(self) -> str:
        """The hash of what is asked and expected."""


def suite_root(cases: Iterable[Named]) -> str:
    """One hash over ids and fingerprints: two reports compare only when their roots agree."""
    lines = sorted(f"{case.id} {case.fingerprint}\n" for case in cases)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def find_case(cases: Sequence[Case], name: str) -> Case:
    """The case with this id, `id@revision`, or fingerprint prefix of at least 6 digits."""
    base, _, revision = name.partition("@")
    found = [case for case in cases if case.id == base and (not revision or str(case.revision) == revision)]
    if not found and len(name) >= 6:
        found = [case for case in cases if case.fingerprint.startswith(name.lower().removeprefix("0x"))]
    if len(found) != 1:
        near = [case.id for case in cases if base in case.id][:5]
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise BadVectors(f"{len(found) or 'no'} cases are named {name}{hint}")
    return found[0]
