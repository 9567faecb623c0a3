"""Verifying a folder of vectors: is it what its manifest says, and does the model still say the same."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from hyperion_conformance.vectors.canonical import sha256
from hyperion_conformance.vectors.diff import Change, compare_cases
from hyperion_conformance.vectors.fill import Progress, all_drafts, fill, no_progress
from hyperion_conformance.vectors.load import MANIFEST, TOMBSTONES, bytes_of, read_folder, read_tombstones
from hyperion_conformance.vectors.manifest import Manifest, counts_of, read_manifest, root_of, spec_version
from hyperion_conformance.vectors.record import Case, Draft, VectorError, VectorFile, files_of
from hyperion_conformance.vectors.schema import check_document
from hyperion_conformance.workers import ALONE, Workers

FULL: Final = 1.0


@attrs.frozen
class Verified:
    """What was found: the manifest, the cases, and what is wrong with them."""

    manifest: Manifest
    files: tuple[VectorFile, ...]
    problems: tuple[VectorError, ...]
    refilled: int = 0
    """How many cases the model was asked again."""

    @property
    def cases(self) -> int:
        """How many cases there are."""
        return sum(len(file.cases) for file in self.files)


def verify(folder: Path) -> Verified:
    """What is wrong with the folder by itself. Refused at once with ``VectorError``: what cannot be read as vectors."""
    manifest = read_manifest(folder)
    files = read_folder(folder)
    return Verified(manifest, files, tuple(problems_of(folder, manifest, files)))


def problems_of(folder: Path, manifest: Manifest, files: Sequence[VectorFile]) -> Iterator[VectorError]:
    """Everything in which manifest, files and schema disagree."""
    listed = {entry.path: entry for entry in manifest.files}
    present = {file.path: file for file in files}
    for path in sorted(listed.keys() - present.keys()):
        yield VectorError(MANIFEST, "", "$.files", f"{path} is listed, but not there")
    for path in sorted(present.keys() - listed.keys()):
        yield VectorError(path, "", "$", "is there, but not listed in the manifest")
    for path in sorted(listed.keys() & present.keys()):
        data, entry, file = bytes_of(folder / path, path), listed[path], present[path]
        if sha256(data) != entry.sha256:
            yield VectorError(path, "", "$", f"has SHA-256 {sha256(data)}, the manifest says {entry.sha256}")
        if (len(file.cases), len(data)) != (entry.cases, entry.bytes):
            yield VectorError(MANIFEST, "", "$.files", f"{path} has {len(file.cases)} cases in {len(data)} bytes")
        if file.encode() != data:
            yield VectorError(path, "", "$", "is not written canonically")
        yield from check_document("vector-1", json.loads(data), path)
    if manifest.root != root_of(manifest.files):
        yield VectorError(MANIFEST, "", "$.root", f"the files have root {root_of(manifest.files)}")
    if dict(manifest.counts) != counts_of(files):
        yield VectorError(MANIFEST, "", "$.counts", "not the counts of the files")
    data = bytes_of(folder / MANIFEST, MANIFEST)
    yield from check_document("manifest-1", json.loads(data), MANIFEST)
    if manifest.encode() != data:
        yield VectorError(MANIFEST, "", "$", "is not written canonically")
    yield from problems_of_tombstones(folder, files)


def problems_of_tombstones(folder: Path, files: Sequence[VectorFile]) -> Iterator[VectorError]:
    """What replaces a removed case exists."""
    known = {case.id for file in files for case in file.cases} | {stone.id for stone in read_tombstones(folder)}
    for stone in read_tombstones(folder):
        for id in stone.replaced_by:
            if id not in known:
                yield VectorError(TOMBSTONES, stone.id, "$.replaced_by", f"{id} is no case")


# --- the model again -------------------------------------------------------------------------------------------------


def in_sample(id: str, share: float) -> bool:
    """Whether a case is in the sample: decided by its id alone, so the same cases are drawn on every machine."""
    return int.from_bytes(hashlib.sha256(b"sample " + id.encode()).digest()[:8], "big") < share * 2**64


def refill(
    verified: Verified, share: float = FULL, workers: Workers = ALONE, progress: Progress = no_progress
) -> Verified:
    """What the model says now of a share of the cases, against what the folder says.

    The whole is compared byte for byte. Of a sample, each case is; the drafts are made anew in both.
    """
    manifest = verified.manifest
    problems = list(verified.problems)
    if manifest.spec_version != spec_version():
        reason = f"filled from version {manifest.spec_version}, this is {spec_version()}"
        problems.append(VectorError(MANIFEST, "", "$.spec.version", reason))
    drafts = all_drafts(manifest.seed, manifest.count, manifest.targets)
    released = {case.id: case for file in verified.files for case in file.cases}
    problems.extend(problems_of_drafts(drafts, released))
    chosen = [draft for draft in drafts if in_sample(draft.id, share)]
    fresh = fill(chosen, workers, progress)
    mine = [released[case.id] for case in fresh if case.id in released]
    for change in compare_cases(mine, [case for case in fresh if case.id in released]):
        problems.append(problem_of(change))
    if share >= FULL and not problems:
        for file, now in zip(verified.files, files_of(fresh), strict=True):
            if file.encode() != now.encode():
                problems.append(VectorError(file.path, "", "$", "refilled, it has other bytes"))
    return attrs.evolve(verified, problems=tuple(problems), refilled=len(fresh))


def problems_of_drafts(drafts: Sequence[Draft], released: dict[str, Case]) -> Iterator[VectorError]:
    """Cases that the generators do not make, and drafts that are not among the cases."""
    made = {draft.id for draft in drafts}
    for id in sorted(released.keys() - made):
        yield VectorError("generators", id, "$", "is released, but no generator makes it")
    for id in sorted(made - released.keys()):
        yield VectorError("generators", id, "$", "is made by a generator, but not released")


def problem_of(change: Change) -> VectorError:
    """A changed case as a problem."""
    return VectorError(
        "model", change.id, change.field, f"released {change.before!r:.200}, the model says {change.after!r:.200}"
    )
