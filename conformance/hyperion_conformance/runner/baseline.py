"""Known failures, written down so that they cannot rot.

An entry excuses exactly one failure: this case, at this fingerprint, with this outcome and this signature, until this
day. Anything else about it (it passes, it fails otherwise, the case changed, the day is over, the case is gone) fails
the run, so the list is always the truth.
"""

from __future__ import annotations

import datetime
import json
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from hyperion_conformance.runner.results import CaseResult, Run


@attrs.frozen(slots=True)
class Known:
    """One excused failure. `fingerprint` and `signature` may be prefixes; `until` is the last day that counts; `why`
    says what is wrong, and is shown wherever the failure is.
    """

    id: str
    fingerprint: str
    outcome: str
    signature: str = ""
    issue: str = ""
    until: datetime.date | None = None
    why: str = ""


class BadBaseline(Exception):
    """A baseline file that says something that no entry says."""


_KEYS = {"id", "fingerprint", "outcome", "signature", "issue", "until", "why"}


def read_baseline(path: Path) -> tuple[Known, ...]:
    """Entries `[[expect]]` of a TOML file. Refused: unknown or missing keys, one id twice, a short fingerprint."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadBaseline(f"{path}: {error}") from None
    if set(document) - {"expect"} or not isinstance(document.get("expect", []), list):
        raise BadBaseline(f"{path}: only [[expect]] entries are allowed")
    known: dict[str, Known] = {}
    for item in document.get("expect", []):
        where = f"{path}: {item.get('id', 'an entry without id')}" if isinstance(item, dict) else f"{path}"
        if not isinstance(item, dict) or set(item) - _KEYS or not {"id", "fingerprint", "outcome"} <= set(item):
            raise BadBaseline(f"{where}: needs id, fingerprint, outcome; may have signature, issue, until, why")
        until = item.get("until")
        texts = {key: value for key, value in item.items() if key != "until"}
        if not all(isinstance(value, str) for value in texts.values()) or len(item["fingerprint"]) < 8:
            raise BadBaseline(f"{where}: strings are needed, and at least 8 digits of the fingerprint")
        if until is not None and type(until) is not datetime.date:
            raise BadBaseline(f"{where}: until is a date such as 2027-01-31, without quotes")
        if item["id"] in known:
            raise BadBaseline(f"{where}: listed twice")
        known[item["id"]] = Known(**texts, until=until)
    return tuple(known.values())


def apply_baseline(run: Run, known: Sequence[Known], today: datetime.date, whole_suite: bool) -> Run:
    """The run with each listed failure excused or its entry called stale. An entry for a case that was not selected is
    stale only when the whole suite was run.
    """
    entries = {entry.id: entry for entry in known}
    results = tuple(
        _held(result, entries[result.id], today) if result.id in entries else result for result in run.results
    )
    missing = sorted(entries.keys() - {result.id for result in results}) if whole_suite and run.complete else []
    return attrs.evolve(
        run, results=results, problems=tuple(f"baseline: {name} is no case of this suite" for name in missing)
    )


def _held(result: CaseResult, entry: Known, today: datetime.date) -> CaseResult:
    standing = _standing(result, entry, today)
    known = "; ".join(text for text in (entry.why, entry.issue) if text) if standing == "listed" else ""
    return attrs.evolve(result, baseline=standing, known=known)


def _standing(result: CaseResult, entry: Known, today: datetime.date) -> str:
    if not result.fingerprint.startswith(entry.fingerprint):
        return "the case has changed since it was listed"
    if entry.until is not None and today > entry.until:
        return f"the entry expired on {entry.until}"
    if result.verdict == entry.outcome and result.signature.startswith(entry.signature):
        return "listed"
    if result.verdict == "pass":
        return "unexpected pass: take it off the list"
    if result.verdict != entry.outcome:
        return f"listed as {entry.outcome}, now {result.verdict}"
    return f"another signature: {result.signature}, listed {entry.signature}"


def write_baseline(results: Iterable[CaseResult], known: Sequence[Known] = ()) -> str:
    """A baseline that excuses exactly these failures; issue links and dates of entries that remain are kept."""
    kept = {entry.id: entry for entry in known}
    lines = ["# Known failures. A stale entry fails the run: see the chapter on conformance.\n"]
    for result in sorted((r for r in results if not r.good), key=lambda r: r.id):
        old = kept.get(result.id)
        fields = {
            "id": result.id,
            "fingerprint": result.fingerprint[:16],
            "outcome": result.verdict,
            "signature": result.signature,
            "issue": old.issue if old else "",
            **({"why": old.why} if old and old.why else {}),
        }
        lines.append("\n[[expect]]\n")
        lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items()]
        if old and old.until:
            lines.append(f"until = {old.until}\n")
    return "".join(lines)
