"""The ledger: what came of each theorem, for people and for programs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from hyperion_proofs.executed import union
from hyperion_proofs.prove import Finding
from hyperion_proofs.solve import Answer
from hyperion_proofs.statement import Counterexample
from hyperion_proofs.theorem import Theorem


@attrs.frozen
class Line:
    """A theorem and the findings about its obligations and controls."""

    theorem: Theorem
    obligations: tuple[Finding, ...]
    controls: tuple[Finding, ...]
    cached: bool = False

    @property
    def proved(self) -> bool:
        """Whether every obligation is."""
        return all(finding.answer is Answer.PROVED for finding in self.obligations)

    @property
    def refuted_controls(self) -> int:
        """Controls that are refuted by a counterexample that was replayed."""
        return sum(is_refuted(finding) for finding in self.controls)

    @property
    def holds(self) -> bool:
        """Whether the theorem is proved and each of its controls refuted."""
        return self.proved and self.refuted_controls == len(self.controls)

    @property
    def status(self) -> str:
        """In one word, or two."""
        if self.holds:
            return "holds"
        if any(finding.answer is Answer.REFUTED for finding in self.obligations):
            return "refuted"
        return "control missed" if self.proved else "open"

    @property
    def paths(self) -> int:
        """Paths of all obligations."""
        return sum(finding.paths for finding in self.obligations)

    @property
    def goals(self) -> int:
        """Claims on all paths of all obligations."""
        return sum(finding.goals for finding in self.obligations)

    @property
    def seconds(self) -> float:
        """Time of obligations and controls together, as if one process had done them."""
        return sum(finding.seconds for finding in (*self.obligations, *self.controls))

    @property
    def deciders(self) -> Mapping[str, int]:
        """How many queries about the obligations each method decided."""
        counts: Counter[str] = Counter()
        for finding in self.obligations:
            counts.update(finding.deciders)
        return dict(counts.most_common())

    @property
    def functions(self) -> tuple[str, ...]:
        """Functions of the model that were executed."""
        return union(finding.functions for finding in self.obligations)


def is_refuted(finding: Finding) -> bool:
    """Whether there is a counterexample that was replayed on the function."""
    found = finding.counterexample
    return finding.answer is Answer.REFUTED and found is not None and found.real


def trouble(line: Line) -> list[str]:
    """Why the theorem does not hold: a line an obligation or control, and the trace of a counterexample."""
    lines: list[str] = []
    for finding in line.obligations:
        if finding.answer is not Answer.PROVED:
            lines.append(f"{finding.name}: {finding.answer.value}, {finding.reason}")
            lines.extend(f"    {text}" for text in (finding.counterexample.lines() if finding.counterexample else ()))
    for control, finding in zip(line.theorem.controls, line.controls, strict=True):
        if not is_refuted(finding):
            detail = f", {finding.reason}" if finding.reason else ""
            lines.append(f"control not refuted: {control.weakening} ({finding.answer.value}{detail})")
    return lines


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """A finding for programs; the keys are stable."""
    found = finding.counterexample
    return {
        "name": finding.name,
        "answer": finding.answer.value,
        "reason": finding.reason,
        "paths": finding.paths,
        "goals": finding.goals,
        "seconds": round(finding.seconds, 3),
        "decided_by": dict(finding.deciders),
        "functions": list(finding.functions),
        "counterexample": None
        if found is None
        else {
            "inputs": {name: value if isinstance(value, bool) else hex(value) for name, value in found.inputs.items()},
            "notes": [list(note) for note in found.notes],
            "failed": list(found.failed),
        },
    }


def finding_from_json(document: Mapping[str, Any]) -> Finding:
    """The finding that was written."""
    found = document["counterexample"]
    counterexample = found and Counterexample(
        {name: value if isinstance(value, bool) else int(value, 16) for name, value in found["inputs"].items()},
        tuple((str(label), str(value)) for label, value in found["notes"]),
        tuple(found["failed"]),
    )
    return Finding(
        document["name"], Answer(document["answer"]), document["reason"], document["paths"], document["goals"],
        document["seconds"], document["decided_by"], tuple(document["functions"]), counterexample or None,
    )  # fmt: skip


def line_as_json(line: Line) -> dict[str, Any]:
    """A line for programs; the keys are stable."""
    theorem = line.theorem
    return {
        "id": theorem.id,
        "statement": theorem.statement,
        "status": line.status,
        "kind": theorem.kind.value,
        "rules": list(theorem.rules),
        "hypotheses": theorem.hypotheses,
        "argument": theorem.argument,
        "assumptions": {assumption.id: assumption.statement for assumption in theorem.assumptions},
        "paths": line.paths,
        "goals": line.goals,
        "seconds": round(line.seconds, 3),
        "decided_by": dict(line.deciders),
        "functions": list(line.functions),
        "cached": line.cached,
        "obligations": [finding_as_json(finding) for finding in line.obligations],
        "controls": [
            {"weakening": control.weakening, **finding_as_json(finding)}
            for control, finding in zip(theorem.controls, line.controls, strict=True)
        ],
    }


def line_from_json(theorem: Theorem, document: Mapping[str, Any]) -> Line:
    """The line that was kept, about a theorem that has not changed since."""
    return Line(
        theorem,
        tuple(finding_from_json(part) for part in document["obligations"]),
        tuple(finding_from_json(part) for part in document["controls"]),
        cached=True,
    )


def summary(lines: Iterable[Line]) -> str:
    """The account in one line."""
    lines = list(lines)
    controls = sum(len(line.controls) for line in lines)
    refuted = sum(line.refuted_controls for line in lines)
    return (
        f"prove: {sum(line.holds for line in lines)} of {len(lines)} theorems hold; "
        f"{sum(line.paths for line in lines):,} paths, {sum(line.goals for line in lines):,} goals; "
        f"{refuted} of {controls} controls refuted; {sum(line.cached for line in lines)} from the cache"
    )
