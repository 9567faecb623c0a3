"""Which rules of the machine and of transactions have a vector."""

from collections.abc import Iterable, Iterator
from typing import Final

from hyperion.rules import Level
from hyperion_conformance.registry import model_rules, modules_of
from hyperion_conformance.targets import TARGETS
from hyperion_conformance.vectors.record import Case, VectorError

PREFIXES: Final = tuple(dict.fromkeys(prefix for target in TARGETS.values() for prefix in target.rules))
"""The parts of the protocol that the targets exercise."""


def rules() -> dict[str, Level]:
    """The rules in the scope of vectors, with their levels."""
    found = {rule.id: rule.level for rule, _ in model_rules(modules_of("hyperion"))}
    return {id: level for id, level in sorted(found.items()) if id.startswith(PREFIXES)}


def without_vector(cases: Iterable[Case]) -> list[str]:
    """MUST rules in scope that no case names."""
    named = {rule for case in cases for rule in case.rules}
    return [id for id, level in rules().items() if level is Level.MUST and id not in named]


def unknown(cases: Iterable[Case]) -> list[str]:
    """Ids that cases name, and that no function of the model has."""
    known = {rule.id for rule, _ in model_rules(modules_of("hyperion"))}
    return sorted({rule for case in cases for rule in case.rules} - known)


def refuse_unknown(cases: Iterable[Case]) -> None:
    """Refuse cases that name a rule which does not exist."""
    cases = tuple(cases)
    for id in unknown(cases):
        case = next(case for case in cases if id in case.rules)
        raise VectorError(f"{case.target}/{case.group}.json", case.id, "$.rules", f"no function of the model is {id}")


def report(cases: Iterable[Case]) -> Iterator[str]:
    """The account in lines."""
    cases = tuple(cases)
    missing = without_vector(cases)
    parts = ", ".join(prefix.rstrip("-") for prefix in PREFIXES)
    yield f"rules: {len(rules())} of {parts}, {len(missing)} of them MUST without a vector"
    if missing:
        yield "  without: " + ", ".join(missing)
