"""The manifest: what a folder of vectors consists of, where it came from, and who checked it."""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import attrs

from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.registry import project_root
from hyperion_conformance.vectors.canonical import lines_of, sha256
from hyperion_conformance.vectors.load import MANIFEST, Place, bytes_of, count, items, parse, record, text
from hyperion_conformance.vectors.record import VectorFile

FORMAT: Final = "hyperion-manifest/1"
SPEC: Final = "hyperion-spec"


@attrs.frozen
class Entry:
    """A file of the folder."""

    path: str
    sha256: str
    cases: int
    bytes: int


@attrs.frozen
class Check:
    """What an independent client said of the cases. It disagreed with none, or they would not be here."""

    name: str
    version: str
    agreed: int
    traces: int
    """Of the cases agreed on, those whose whole trace agrees too."""
    skipped: tuple[tuple[str, str], ...]
    """Cases that the client did not answer, and why."""

    def document(self) -> dict[str, Json]:
        """The check as JSON, reasons grouped: a reason stands once, with the cases it holds for."""
        reasons: dict[str, list[Json]] = {}
        for case, why in self.skipped:
            reasons.setdefault(why, []).append(case)
        skipped: list[Json] = [{"why": why, "cases": cases} for why, cases in sorted(reasons.items())]
        return {
            "name": self.name, "version": self.version, "agreed": self.agreed, "traces": self.traces,
            "skipped": skipped,
        }  # fmt: skip


@attrs.frozen
class Manifest:
    """What a folder of vectors is."""

    spec_version: str
    seed: int
    count: int
    """How many random cases a random group was asked for."""
    targets: tuple[str, ...]
    root: str
    counts: Mapping[str, Json]
    files: tuple[Entry, ...]
    checked: tuple[Check, ...]

    def encode(self) -> bytes:
        """The bytes of the manifest."""
        head: dict[str, Json] = {
            "format": FORMAT,
            "spec": {"name": SPEC, "version": self.spec_version},
            "seed": self.seed,
            "count": self.count,
            "targets": list(self.targets),
            "root": self.root,
            "counts": self.counts,
            "checked": [check.document() for check in self.checked],
        }
        return lines_of(head, "files", [attrs.asdict(entry) for entry in self.files])


def spec_version() -> str:
    """The version of the specification: the installed one's, or that of the checkout around this file."""
    try:
        return version(SPEC)
    except PackageNotFoundError:
        project = tomllib.loads((project_root() / "pyproject.toml").read_text("utf-8"))["project"]
        return str(project["version"])


def root_of(entries: Sequence[Entry]) -> str:
    """One hash over paths and hashes of all files: two reports are about the same vectors if it is the same."""
    lines = sorted(f"{entry.path} {entry.sha256}\n" for entry in entries)
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()


def counts_of(files: Sequence[VectorFile]) -> dict[str, Json]:
    """How many cases there are, by target, fork, level and tier."""
    cases = [case for file in files for case in file.cases]
    by: dict[str, Counter[str]] = {
        "by_target": Counter(case.target for case in cases),
        "by_fork": Counter(case.fork for case in cases),
        "by_level": Counter(case.level for case in cases),
        "by_tier": Counter(str(case.tier) for case in cases),
    }
    counts: dict[str, Json] = {"cases": len(cases), "rules": len({rule for case in cases for rule in case.rules})}
    return counts | {key: dict(sorted(counter.items())) for key, counter in by.items()}


def manifest_of(
    files: Sequence[VectorFile], seed: int, count: int, targets: Sequence[str], checked: Sequence[Check]
) -> Manifest:
    """The manifest of ``files``."""
    encoded = [(file, file.encode()) for file in files]
    entries = tuple(Entry(file.path, sha256(data), len(file.cases), len(data)) for file, data in encoded)
    return Manifest(
        spec_version(), seed, count, tuple(targets), root_of(entries), counts_of(files), entries, tuple(checked)
    )


def entry(value: Json, place: Place) -> Entry:
    """One entry of a manifest."""
    given = record(value, place, ("path", "sha256", "cases", "bytes"))
    return Entry(
        text(given["path"], place.at("path")),
        text(given["sha256"], place.at("sha256")),
        count(given["cases"], place.at("cases"), 1),
        count(given["bytes"], place.at("bytes"), 1),
    )


def check(value: Json, place: Place) -> Check:
    """One client's check."""
    given = record(value, place, ("name", "version", "agreed", "traces", "skipped"))

    def reason(value: Json, place: Place) -> tuple[tuple[str, str], ...]:
        group = record(value, place, ("why", "cases"))
        why = text(group["why"], place.at("why"))
        return items(group["cases"], place.at("cases"), lambda item, at: (text(item, at), why))

    skipped = items(given["skipped"], place.at("skipped"), reason)
    return Check(
        text(given["name"], place.at("name")),
        text(given["version"], place.at("version")),
        count(given["agreed"], place.at("agreed")),
        count(given["traces"], place.at("traces")),
        tuple(pair for group in skipped for pair in group),
    )


MANIFEST_KEYS: Final = ("format", "spec", "seed", "count", "targets", "root", "counts", "files", "checked")


def decode_manifest(data: bytes, file: str = MANIFEST) -> Manifest:
    """The manifest in ``data``. Refused: unknown and missing keys, counts that are not counts."""
    place = Place(file)
    document = record(parse(data, file), place, MANIFEST_KEYS)
    if document["format"] != FORMAT:
        place.at("format").refuse(f"not {FORMAT}")
    spec = record(document["spec"], place.at("spec"), ("name", "version"))
    if not isinstance(document["counts"], Mapping):
        place.at("counts").refuse("an object is needed")
    return Manifest(
        text(spec["version"], place.at("spec").at("version")),
        count(document["seed"], place.at("seed")),
        count(document["count"], place.at("count")),
        items(document["targets"], place.at("targets"), text),
        text(document["root"], place.at("root")),
        document["counts"],
        items(document["files"], place.at("files"), entry),
        items(document["checked"], place.at("checked"), check),
    )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder."""
    return decode_manifest(bytes_of(folder / MANIFEST, MANIFEST))
