"""What a run leaves behind: one record per case, as values and as JSON lines that merge by concatenation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import attrs

from hyperion_conformance.protocol.messages import Json

Verdict: TypeAlias = Literal[
    "pass",
    "fail",
    "reject-mismatch",
    "wrong-reason",
    "crash",
    "timeout",
    "protocol",
    "nondeterministic",
    "order-dependent",
    "skip",
    "not-claimed",
    "not-run",
]
VERDICTS: tuple[str, ...] = get_args(Verdict)

WRONG: frozenset[str] = frozenset({"fail", "reject-mismatch", "wrong-reason", "nondeterministic", "order-dependent"})
"""The target answered, and wrongly."""

BROKE: frozenset[str] = frozenset({"crash", "timeout", "protocol", "not-run"})
"""The adapter did not answer."""

FORMAT = "hyperion-results/1"


@attrs.frozen(slots=True)
class Divergence:
    """Where two executions part: the first step whose digests differ, and the opcode that led there.

    `step` is exact when `exact`; else the first difference lies in (`after`, `step`]. The states are those before step
    `step`; `previous` is the last state on which both sides agree.
    """

    step: int
    after: int
    exact: bool
    steps_expected: int
    steps_got: int
    opcode: str | None
    questions: int
    differing: tuple[str, ...] = ()
    previous: Mapping[str, Json] | None = None
    expected: Mapping[str, Json] | None = None
    got: Mapping[str, Json] | None = None
    note: str = ""


@attrs.frozen(slots=True)
class CaseResult:
    """The verdict on one case with everything a report says about it. `seconds` is the only field that may vary."""

    id: str
    revision: int
    fingerprint: str
    target: str
    group: str
    rules: tuple[str, ...]
    level: str
    tier: int
    fork: str
    verdict: Verdict
    detail: str = ""
    field: str | None = None
    expected: Json = None
    got: Json = None
    signature: str = ""
    why: str = ""
    log: str = ""
    input: Mapping[str, Json] | None = attrs.field(default=None, repr=False)
    divergence: Divergence | None = None
    places: tuple[str, ...] = ()
    baseline: str = ""
    known: str = ""
    """What is wrong, of a failure that is listed."""
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Passed, or not asked."""
        return self.verdict not in WRONG and self.verdict not in BROKE


@attrs.frozen(slots=True)
class Run:
    """One implementation against one selection of cases."""

    name: str
    address: str
    implementation: Mapping[str, Json]
    root: str
    results: tuple[CaseResult, ...]
    complete: bool = True
    broken: str = ""
    log: str = ""
    note: str = ""
    problems: tuple[str, ...] = ()
    options: str = ""
    """Words that a replay needs beside the case and the address, such as `--vectors DIR`."""
    command: str = "hyperion"
    """How the command was called: in a fresh checkout it is on no path."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Verdict -> number of cases, those that occur, in fixed order."""
        tally: Counter[str] = Counter(result.verdict for result in self.results)
        return {verdict: tally[verdict] for verdict in VERDICTS if verdict in tally}


def exit_code(run: Run) -> int:
    """0 holds, 1 the target is wrong, 3 the adapter broke, 4 inconclusive. A failure listed in the baseline is none."""
    open_results = [result for result in run.results if result.baseline != "listed"]
    if run.problems or any(result.verdict in WRONG or result.baseline for result in open_results):
        return 1
    if run.broken or any(result.verdict in BROKE for result in open_results):
        return 3
    if not run.complete or not any(result.verdict == "pass" or result.baseline for result in run.results):
        return 4
    return 0


# --- JSON lines -----------------------------------------------------------------------------------------------------


def _slim(record: object) -> dict[str, Any]:
    assert attrs.has(type(record))
    return {
        key: value
        for key, value in attrs.asdict(record).items()  # type: ignore[arg-type]
        if value is not None and value != "" and value != ()
    }


def header_line(run: Run) -> str:
    """Who was asked what."""
    return _line(
        {
            "type": "header",
            "format": FORMAT,
            "run": run.name,
            "address": run.address,
            "implementation": dict(run.implementation),
            "root": run.root,
            **({"note": run.note} if run.note else {}),
            **({"options": run.options} if run.options else {}),
            **({"command": run.command} if run.command != "hyperion" else {}),
        }
    )


def case_line(run: str, result: CaseResult) -> str:
    """One verdict, without its empty fields."""
    return _line({"type": "case", "run": run, **_slim(result)})


def footer_line(run: Run) -> str:
    """The sums; its absence marks an interrupted run."""
    return _line(
        {
            "type": "footer",
            "run": run.name,
            "complete": run.complete,
            "counts": dict(run.counts),
            "exit": exit_code(run),
            **({"broken": run.broken, "log": run.log} if run.broken else {}),
            **({"problems": list(run.problems)} if run.problems else {}),
        }
    )


def _line(record: Mapping[str, object]) -> str:
    return json.dumps(record, separators=(",", ":"), default=_plain) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


def write_results(path: Path, runs: Iterable[Run]) -> None:
    """The whole file anew, cases by id: the same bytes for the same verdicts, but for the times."""
    with path.open("w", encoding="utf-8") as out:
        for run in runs:
            out.write(header_line(run))
            out.writelines(case_line(run.name, result) for result in sorted(run.results, key=lambda r: r.id))
            out.write(footer_line(run))


class BadResults(Exception):
    """A file that is no results file of this version."""


def read_results(path: Path) -> tuple[Run, ...]:
    """Every run in a results file, also an interrupted one: a torn last line is dropped, a missing footer says so."""
    headers: dict[str, dict[str, Any]] = {}
    footers: dict[str, dict[str, Any]] = {}
    results: dict[str, dict[str, CaseResult]] = {}
    lines = path.read_text("utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            record = json.loads(line)
            kind, run = record.pop("type"), record.pop("run")
            if kind == "header":
                if record["format"] != FORMAT:
                    raise BadResults(f"{path}:{number}: format {record['format']}, not {FORMAT}")
                headers.setdefault(run, record)
            elif kind == "case":
                result = _result(record)
                results.setdefault(run, {})[result.id] = result
            elif kind == "footer":
                footers[run] = record
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines):
                break
            raise BadResults(f"{path}:{number}: {type(error).__name__}: {error}") from None
    return tuple(
        Run(
            name,
            header["address"],
            header["implementation"],
            header["root"],
            tuple(results.get(name, {}).values()),
            complete=footers.get(name, {}).get("complete", False),
            broken=footers.get(name, {}).get("broken", ""),
            log=footers.get(name, {}).get("log", ""),
            note=header.get("note", ""),
            options=header.get("options", ""),
            command=header.get("command", "hyperion"),
            problems=tuple(footers.get(name, {}).get("problems", ())),
        )
        for name, header in headers.items()
    )


def _result(record: dict[str, Any]) -> CaseResult:
    divergence = record.pop("divergence", None)
    if divergence is not None:
        divergence = Divergence(**{**divergence, "differing": tuple(divergence.get("differing", ()))})
    for key in ("rules", "places"):
        record[key] = tuple(record.get(key, ()))
    return CaseResult(**record, divergence=divergence)
