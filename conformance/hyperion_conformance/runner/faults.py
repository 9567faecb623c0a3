"""Faults of shipped clients, each investigated once and written down in one file: `conformance/adapters/baseline.toml`.

A fault says which client is concerned, which rule is broken, which side is wrong, and why; and it lists the cases in
which it shows, each with its fingerprint. The runner excuses exactly those, the filler of vectors leaves them out, and
the tests of the adapters expect them.
"""

from __future__ import annotations

import datetime
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from hyperion_conformance.runner.baseline import BadBaseline, Known

FILE: Final = Path(__file__).resolve().parents[2] / "adapters" / "baseline.toml"
NEITHER: Final = "neither"
REQUIRED: Final = frozenset({"client", "rule", "wrong", "why"})
OPTIONAL: Final = frozenset({"outcome", "signature", "issue", "until", "cases", "tests"})


@attrs.frozen(slots=True)
class Fault:
    """One fault of one client. `cases` maps ids of released cases to fingerprints, `tests` names hand-computed ones."""

    client: str
    rule: str
    wrong: str
    """Which side is wrong: the client, the adapter before it, or neither where two designs differ."""
    why: str
    outcome: str = ""
    signature: str = ""
    issue: str = ""
    until: datetime.date | None = None
    cases: Mapping[str, str] = attrs.field(factory=dict)
    tests: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What is wrong, on one line."""
        if self.wrong == NEITHER:
            return f"another design, neither side is wrong ({self.rule}): it {self.why}"
        return f"{self.wrong} is wrong ({self.rule}): it {self.why}"

    def known(self) -> tuple[Known, ...]:
        """The fault as entries of a baseline."""
        return tuple(
            Known(id, print_, self.outcome, self.signature, self.issue, self.until, str(self))
            for id, print_ in self.cases.items()
        )


def read_faults(path: Path) -> tuple[Fault, ...]:
    """Entries `[[fault]]` of a TOML file. Refused: unknown and missing keys, cases without an outcome, a case twice."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadBaseline(f"{path}: {error}") from None
    entries = document.get("fault", [])
    if set(document) - {"fault"} or not isinstance(entries, list):
        raise BadBaseline(f"{path}: only [[fault]] entries are allowed")
    faults = tuple(_fault(f"{path}: fault {number}", entry) for number, entry in enumerate(entries, 1))
    seen: set[tuple[str, str]] = set()
    for fault in faults:
        for id in fault.cases:
            if (fault.client, id) in seen:
                raise BadBaseline(f"{path}: {id} is listed twice for {fault.client}")
            seen.add((fault.client, id))
    return faults


def _fault(where: str, entry: Any) -> Fault:
    if not isinstance(entry, dict) or REQUIRED - set(entry) or set(entry) - REQUIRED - OPTIONAL:
        raise BadBaseline(f"{where}: needs {', '.join(sorted(REQUIRED))}; may have {', '.join(sorted(OPTIONAL))}")
    cases, tests, until = entry.get("cases", {}), entry.get("tests", []), entry.get("until")
    texts = {key: value for key, value in entry.items() if key not in ("cases", "tests", "until")}
    if not isinstance(cases, dict) or not isinstance(tests, list) or not (cases or tests):
        raise BadBaseline(f"{where}: a table of cases or a list of tests is needed")
    if not all(isinstance(text, str) for text in (*texts.values(), *cases.values(), *tests)):
        raise BadBaseline(f"{where}: strings are needed")
    if any(len(print_) < 8 for print_ in cases.values()):
        raise BadBaseline(f"{where}: at least 8 digits of each fingerprint are needed")
    if cases and "outcome" not in entry:
        raise BadBaseline(f"{where}: cases have an outcome")
    if until is not None and type(until) is not datetime.date:
        raise BadBaseline(f"{where}: until is a date such as 2027-01-31, without quotes")
    return Fault(**texts, until=until, cases=cases, tests=tuple(tests))


@functools.lru_cache(maxsize=1)
def shipped() -> tuple[Fault, ...]:
    """The faults of the clients that have an adapter here; none in an installation without a checkout."""
    return read_faults(FILE) if FILE.exists() else ()


def known_of(client: str) -> tuple[Known, ...]:
    """What is known of a shipped client, as entries of a baseline."""
    return tuple(entry for fault in shipped() if fault.client == client for entry in fault.known())
