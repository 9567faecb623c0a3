"""Vector files read strictly: what is not exactly a vector is refused with file, case, field and reason."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import attrs

from hyperion_conformance.protocol.decode import MalformedMessage
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.targets import TARGETS
from hyperion_conformance.vectors.canonical import fingerprint
from hyperion_conformance.vectors.input import InputError
from hyperion_conformance.vectors.record import FORMAT, MAX_CHECKPOINTS, Case, Trace, VectorError, VectorFile

T = TypeVar("T")

MANIFEST: Final = "manifest.json"
TOMBSTONES: Final = "tombstones.json"
TOMBSTONE_FORMAT: Final = "hyperion-tombstones/1"
WORDS: Final = r"[a-z0-9]+(?:-[a-z0-9]+)*"
ID: Final = re.compile(rf"[a-z]+\.[a-z]+/{WORDS}/{WORDS}")
RULE: Final = re.compile(r"[A-Z]{2,5}(?:-[a-z0-9]+)+")
DIGEST: Final = re.compile(r"0x[0-9a-f]{32}")
MARK: Final = re.compile(r"[0-9a-f]{32}")
TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)
MAX_DEPTH: Final = 32
LEVELS: Final = ("MUST", "SHOULD", "MAY")
TIERS: Final = 6


@attrs.frozen
class Place:
    """Where in which file: what an error names."""

    file: str
    case: str = ""
    field: str = "$"

    def at(self, key: str | int) -> "Place":
        """The place of a member."""
        step = f"[{key}]" if isinstance(key, int) else f".{key[:60]}"
        return attrs.evolve(self, field=self.field + step)

    def refuse(self, reason: str) -> NoReturn:
        """The error that something is wrong here."""
        raise VectorError(self.file, self.case, self.field, reason)


# --- JSON ------------------------------------------------------------------------------------------------------------


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError("an object has a key twice")
    return keys


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"the number {text[:40]} is not an integer")


def depth_of(text: str) -> int:
    """How deeply the brackets of a JSON text nest."""
    depth = most = 0
    for token in TOKEN.finditer(text):
        mark = token[0][0]
        depth += 1 if mark in "[{" else -1 if mark in "]}" else 0
        most = max(most, depth)
    return most


def parse(data: bytes, file: str) -> Json:
    """JSON without floats and without repeated keys."""
    try:
        text = data.decode("utf-8")
        if depth_of(text) > MAX_DEPTH:  # libraries raise the recursion limit, beyond which the parser ends the process
            raise VectorError(file, "", "$", f"nested more than {MAX_DEPTH} deep")
        document: Json = json.loads(text, object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float)
    except ValueError as error:
        raise VectorError(file, "", "$", f"not a document: {str(error)[:200]}") from None
    return document


def record(value: Json, place: Place, needed: Sequence[str], optional: Sequence[str] = ()) -> Mapping[str, Json]:
    """An object with exactly these keys."""
    if not isinstance(value, Mapping):
        place.refuse("an object is needed")
    for key in needed:
        if key not in value:
            place.at(key).refuse("missing")
    for key in value:
        if key not in needed and key not in optional:
            place.at(key).refuse("unknown key")
    return value


def text(value: Json, place: Place, shape: re.Pattern[str] | None = None) -> str:
    """A non-empty string, of the given shape if there is one."""
    if not isinstance(value, str) or not value.strip():
        place.refuse("a string is needed")
    if shape is not None and shape.fullmatch(value) is None:
        place.refuse(f"not of the shape {shape.pattern}: {value[:60]!r}")
    return value


def count(value: Json, place: Place, least: int = 0, most: int = 2**53 - 1) -> int:
    """An integer in a range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        place.refuse(f"an integer from {least} to {most} is needed")
    return value


def items(value: Json, place: Place, decode: Callable[[Json, Place], T], least: int = 0) -> tuple[T, ...]:
    """A list of at least ``least`` things that ``decode`` accepts."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        place.refuse("a list is needed")
    if len(value) < least:
        place.refuse(f"at least {least} needed")
    return tuple(decode(item, place.at(index)) for index, item in enumerate(value))


# --- cases -----------------------------------------------------------------------------------------------------------

CASE_KEYS: Final = ("id", "revision", "fingerprint", "rules", "level", "tier", "fork", "why", "input", "expect")


def outcome(value: Json, place: Place, target: str) -> Mapping[str, Json]:
    """An outcome of the target in canonical form; what is not in that form is refused."""
    given = record(value, place, (), tuple(value) if isinstance(value, Mapping) else ())
    try:
        canonical_form = TARGETS[target].canonical(given)
    except MalformedMessage as error:
        raise VectorError(place.file, place.case, error.field.replace("$.ok", place.field), error.reason) from None
    if canonical_form != given:
        place.refuse("not in canonical form: unknown keys, or numbers that are not decimal strings")
    return given


def expectation(value: Json, place: Place, target: str) -> Mapping[str, Json]:
    """One outcome exactly, or one of at least two."""
    given = record(value, place, (), ("exactly", "one_of"))
    if len(given) != 1:
        place.refuse("either exactly or one_of is needed")
    if "exactly" in given:
        outcome(given["exactly"], place.at("exactly"), target)
    else:
        items(given["one_of"], place.at("one_of"), lambda item, at: outcome(item, at, target), 2)
    return given


def trace(value: Json, place: Place) -> Trace:
    """Digests at the checkpoints of a trace."""
    given = record(value, place, ("steps", "stride", "digests"))
    digests = items(given["digests"], place.at("digests"), lambda item, at: text(item, at, DIGEST))
    steps = count(given["steps"], place.at("steps"))
    stride = count(given["stride"], place.at("stride"), 1)
    expected = 0 if steps == 0 else -(-(steps - 1) // stride) + 1
    if len(digests) != expected or expected > MAX_CHECKPOINTS:
        place.at("digests").refuse(f"{expected} digests belong to {steps} steps by {stride}, not {len(digests)}")
    return Trace(steps, stride, digests)


def case(value: Json, place: Place, target: str, group: str) -> Case:
    """One case of a file of ``target`` and ``group``."""
    if isinstance(value, Mapping) and isinstance(value.get("id"), str):
        place = attrs.evolve(place, case=str(value["id"])[:120])
    given = record(value, place, CASE_KEYS, ("trace",))
    name = text(given["id"], place.at("id"), ID)
    if not name.startswith(f"{target}/{group}/"):
        place.at("id").refuse(f"does not begin with {target}/{group}/")
    level = text(given["level"], place.at("level"))
    if level not in LEVELS:
        place.at("level").refuse(f"not one of {', '.join(LEVELS)}")
    try:
        TARGETS[target].decode(given["input"], True)
    except InputError as error:
        raise VectorError(place.file, place.case, error.field.replace("$", place.field, 1), error.reason) from None
    decoded = Case(
        name,
        count(given["revision"], place.at("revision"), 1),
        text(given["fingerprint"], place.at("fingerprint"), MARK),
        items(given["rules"], place.at("rules"), lambda item, at: text(item, at, RULE), 1),
        level,
        count(given["tier"], place.at("tier"), 0, TIERS - 1),
        text(given["fork"], place.at("fork"), re.compile("[A-Z][A-Z0-9]*")),
        text(given["why"], place.at("why")),
        record(given["input"], place.at("input"), (), tuple(given["input"])),  # type: ignore[arg-type]
        expectation(given["expect"], place.at("expect"), target),
        None if "trace" not in given else trace(given["trace"], place.at("trace")),
    )
    mark = fingerprint(target, decoded.id, decoded.revision, decoded.fork, decoded.input, decoded.expect)
    if mark != decoded.fingerprint:
        place.at("fingerprint").refuse(f"the content has fingerprint {mark}")
    return decoded


def decode_file(data: bytes, file: str) -> VectorFile:
    """The vector file in ``data``; ``file`` is its name in errors."""
    place = Place(file)
    document = record(parse(data, file), place, ("format", "target", "group", "cases"))
    if document["format"] != FORMAT:
        place.at("format").refuse(f"not {FORMAT}")
    target, group = text(document["target"], place.at("target")), text(document["group"], place.at("group"))
    if target not in TARGETS:
        place.at("target").refuse(f"not one of {', '.join(TARGETS)}")
    cases = items(document["cases"], place.at("cases"), lambda item, at: case(item, at, target, group), 1)
    for before, after in pairwise(cases):
        if before.id >= after.id:
            Place(file, after.id, "$.cases").refuse(f"ids must ascend; {before.id} stands before it")
    return VectorFile(target, group, cases)


# --- tombstones ------------------------------------------------------------------------------------------------------


@attrs.frozen
class Tombstone:
    """An id that was released once and is not any more; it is never used again."""

    id: str
    last_revision: int
    removed_in: str
    why: str
    replaced_by: tuple[str, ...]

    def document(self) -> dict[str, Json]:
        """The tombstone as JSON."""
        return {**attrs.asdict(self), "replaced_by": list(self.replaced_by)}


def tombstone(value: Json, place: Place) -> Tombstone:
    """One tombstone."""
    given = record(value, place, ("id", "last_revision", "removed_in", "why", "replaced_by"))
    return Tombstone(
        text(given["id"], place.at("id"), ID),
        count(given["last_revision"], place.at("last_revision"), 1),
        text(given["removed_in"], place.at("removed_in")),
        text(given["why"], place.at("why")),
        items(given["replaced_by"], place.at("replaced_by"), lambda item, at: text(item, at, ID)),
    )


def decode_tombstones(data: bytes, file: str) -> tuple[Tombstone, ...]:
    """The tombstones in ``data``, each id once."""
    place = Place(file)
    document = record(parse(data, file), place, ("format", "tombstones"))
    if document["format"] != TOMBSTONE_FORMAT:
        place.at("format").refuse(f"not {TOMBSTONE_FORMAT}")
    stones = items(document["tombstones"], place.at("tombstones"), tombstone)
    if len({stone.id for stone in stones}) != len(stones):
        place.at("tombstones").refuse("an id stands here twice")
    return stones


# --- folders ---------------------------------------------------------------------------------------------------------


def bytes_of(path: Path, shown: str) -> bytes:
    """The bytes of a file that must be readable."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise VectorError(shown, "", "$", f"cannot be read: {error.strerror}") from None


def read_tombstones(folder: Path) -> tuple[Tombstone, ...]:
    """The tombstones of a folder; none if it has no such file."""
    path = folder / TOMBSTONES
    return decode_tombstones(bytes_of(path, TOMBSTONES), TOMBSTONES) if path.exists() else ()


def read_folder(folder: Path) -> tuple[VectorFile, ...]:
    """All vector files of a folder. Refused: an id twice, a buried id, a file that is not where it belongs."""
    if not folder.is_dir():
        raise VectorError(str(folder), "", "$", "no such folder")
    buried = {stone.id: stone for stone in read_tombstones(folder)}
    seen: dict[str, str] = {}
    files = []
    for path in sorted(folder.rglob("*.json")):
        shown = path.relative_to(folder).as_posix()
        if shown in (MANIFEST, TOMBSTONES):
            continue
        file = decode_file(bytes_of(path, shown), shown)
        if file.path != shown:
            Place(shown).refuse(f"a file of {file.target}, group {file.group}, belongs at {file.path}")
        for member in file.cases:
            if member.id in buried:
                removed_in = buried[member.id].removed_in
                Place(shown, member.id, "$.id").refuse(f"was removed in {removed_in}, and is never used again")
            if member.id in seen:
                Place(shown, member.id, "$.id").refuse(f"is in {seen[member.id]} already")
            seen[member.id] = shown
        files.append(file)
    return tuple(files)
