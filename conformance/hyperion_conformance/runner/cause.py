"""Failures by cause: a thousand red cases are rarely a thousand faults."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from hyperion_conformance.runner.judge import general
from hyperion_conformance.runner.results import CaseResult


@attrs.frozen(slots=True)
class Cause:
    """Failures that share verdict, target, rule, first differing field and opcode at the divergence."""

    verdict: str
    target: str
    rule: str
    field: str
    opcode: str
    results: tuple[CaseResult, ...]

    @property
    def title(self) -> str:
        """The cause on one line."""
        parts = [self.verdict, self.rule, self.field, f"after {self.opcode}" if self.opcode else ""]
        return " · ".join(part for part in parts if part)


def signature(result: CaseResult) -> str:
    """The failure in one word for the baseline: stable between runs, and a prefix of it may be listed."""
    text = result.verdict + (f"@{general(result.field)}" if result.field else "")
    return text + (f"/{result.divergence.opcode}" if result.divergence and result.divergence.opcode else "")


def coarse(result: CaseResult) -> tuple[str, str, str, str]:
    """The cause as far as it is known before any trace question was asked."""
    return result.verdict, result.target, result.rules[0] if result.rules else "", general(result.field or "")


def causes(results: Iterable[CaseResult]) -> tuple[Cause, ...]:
    """Groups of failing results, the largest first. One whose trace was not asked joins its group if only one fits."""
    failing = sorted((result for result in results if not result.good), key=lambda r: r.id)
    opcodes: dict[tuple[str, str, str, str], set[str]] = {}
    for result in failing:
        if result.divergence and result.divergence.opcode:
            opcodes.setdefault(coarse(result), set()).add(result.divergence.opcode)
    groups: dict[tuple[str, str, str, str, str], list[CaseResult]] = {}
    for result in failing:
        key = coarse(result)
        known = opcodes.get(key, set())
        own = result.divergence.opcode if result.divergence and result.divergence.opcode else ""
        groups.setdefault((*key, own or (min(known) if len(known) == 1 else "")), []).append(result)
    found = [Cause(*key, tuple(members)) for key, members in groups.items()]
    return tuple(sorted(found, key=lambda cause: (-len(cause.results), cause.title)))
