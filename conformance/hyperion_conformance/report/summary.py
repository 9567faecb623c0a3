"""What every report counts: verdicts per implementation and group, and per implementation and rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from hyperion_conformance.runner.judge import WEAK
from hyperion_conformance.runner.results import BROKE, WRONG, CaseResult, Run, exit_code

Standing: TypeAlias = Literal["pass", "known", "wrong", "broke", "none"]

SYMBOL: Mapping[str, str] = {"pass": "✓", "known": "△", "wrong": "✗", "broke": "!", "none": "·"}
"""A sign beside every colour, so that no report needs colour to be read."""

ENDING: Mapping[int, str] = {0: "holds", 1: "wrong", 3: "adapter broke", 4: "inconclusive"}


@attrs.frozen(slots=True)
class Cell:
    """One implementation at one row of the matrix."""

    passed: int = 0
    wrong: int = 0
    broke: int = 0
    skipped: int = 0
    unclaimed: int = 0
    listed: int = 0

    @property
    def asked(self) -> int:
        """Cases that the implementation claims and did not decline."""
        return self.passed + self.wrong + self.broke

    @property
    def standing(self) -> Standing:
        """The worst that happened here; a failure that is listed is known, whatever it is."""
        if self.listed and self.listed == self.wrong + self.broke:
            return "known"
        if self.wrong:
            return "wrong"
        return "broke" if self.broke else ("pass" if self.passed else "none")

    @property
    def text(self) -> str:
        """Symbol, passed of asked, and what was not asked."""
        if not self.asked:
            return "· skipped" if self.skipped else "· not claimed"
        rest = f" +{self.skipped} skipped" if self.skipped else ""
        return f"{SYMBOL[self.standing]} {self.passed}/{self.asked}{rest}"

    @property
    def short(self) -> str:
        """The same for a narrow column: one number where all passed, declined cases behind a dot, a dash for none."""
        rest = f" ·{self.skipped}" if self.skipped else ""
        if not self.asked:
            return rest.strip() or "–"
        done = str(self.passed) if self.passed == self.asked else f"{self.passed}/{self.asked}"
        return f"{SYMBOL[self.standing]} {done}{rest}"


def cell(results: Iterable[CaseResult]) -> Cell:
    """Counts over results of one implementation."""
    tally = {"passed": 0, "wrong": 0, "broke": 0, "skipped": 0, "unclaimed": 0, "listed": 0}
    names = {"pass": "passed", "skip": "skipped", "not-claimed": "unclaimed"}
    for result in results:
        known = "wrong" if result.verdict in WRONG else ("broke" if result.verdict in BROKE else names[result.verdict])
        tally[known] += 1
        tally["listed"] += result.baseline == "listed"
    return Cell(**tally)


Matrix: TypeAlias = Mapping[str, Sequence[Cell]]


def matrix(runs: Sequence[Run], rows_of: Callable[[CaseResult], Iterable[str]]) -> Matrix:
    """Row name -> one cell per run, rows in alphabetic order."""
    parts: dict[str, list[list[CaseResult]]] = {}
    for number, run in enumerate(runs):
        for result in run.results:
            for row in rows_of(result):
                parts.setdefault(row, [[] for _ in runs])[number].append(result)
    return {row: [cell(results) for results in parts[row]] for row in sorted(parts)}


def by_group(result: CaseResult) -> tuple[str]:
    """The row of a case in the matrix of groups."""
    return (f"{result.target}/{result.group}",)


def by_rule(result: CaseResult) -> tuple[str, ...]:
    """The rows of a case in the matrix of rules."""
    return result.rules


def ending(run: Run) -> str:
    """The run in one or two words."""
    if not run.complete:
        return "interrupted"
    code = exit_code(run)
    listed = sum(result.baseline == "listed" for result in run.results)
    unclaimed = sum(result.verdict == "not-claimed" for result in run.results)
    faults = len(known_faults(run))
    told = f" but for {counted(faults, 'known fault')} in {counted(listed, 'case')}"
    known = told if code == 0 and listed else ""
    # "holds" over the two cases that an implementation claims must not read like "holds" over all.
    return ENDING[code] + known + (f" ({unclaimed} not claimed)" if unclaimed else "")


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def known_faults(run: Run) -> Mapping[str, Sequence[CaseResult]]:
    """What is known to be wrong with an implementation, and the listed failures in which it shows."""
    faults: dict[str, list[CaseResult]] = {}
    for result in run.results:
        if result.baseline == "listed":
            faults.setdefault(result.known or result.signature, []).append(result)
    return faults


def weak_passes(run: Run) -> str:
    """How many passes rest on less than the whole outcome, in words; empty if none does."""
    count = sum(result.verdict == "pass" and result.detail == WEAK for result in run.results)
    return f"{count} of the passes: {WEAK}" if count else ""


def conclusion(code: int, runs: Sequence[Run], absent: Sequence[str]) -> Iterator[str]:
    """The last words about a run of several clients: what was found, and what the exit status means."""
    listed = [result for run in runs for results in known_faults(run).values() for result in results]
    faults = sum(len(known_faults(run)) for run in runs)
    faulty = sum(bool(known_faults(run)) for run in runs)
    if absent:
        yield f"not available here, so not asked: {', '.join(absent)}"
    if code == 0:
        held = f"holds: {counted(len(runs), 'client')} asked"
        if listed:
            where = f"of {faulty} of them in {counted(len(listed), 'case')}"
            held += f", {counted(faults, 'known fault')} {where}, no other failure"
        yield f"{held}  (exit 0)"
        return
    fresh = sum(not result.good and result.baseline != "listed" for run in runs for result in run.results)
    yield {
        1: f"wrong: {fresh} failures that no known fault explains, or a list of known faults that is no longer true",
        3: "adapter broke: a client gave no answer, or a required one could not be set up",
    }.get(code, "inconclusive: interrupted, or nothing was asked") + f"  (exit {code})"


def replay_line(run: Run, result: CaseResult) -> str:
    """The one line that runs a case again, from the folder in which the run was started."""
    options = f"{run.options} " if run.options else ""
    return f"{run.command} conformance replay {result.fingerprint[:12]} {options}-- {run.address}"
