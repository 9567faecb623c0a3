"""Which rules of the parts that targets show have a vector, and why others cannot have one, or have none."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from hyperion.rules import Level
from hyperion_conformance.registry import model_rules, modules_of
from hyperion_conformance.targets import TARGETS
from hyperion_conformance.vectors.record import Case, VectorError

PREFIXES: Final = tuple(dict.fromkeys(prefix for target in TARGETS.values() for prefix in target.rules))
"""The parts of the protocol that the targets exercise."""


INSIDE: Final = "no case singles it out: every session takes this step, and its cases name what the step is for"
BLAME: Final = "judges votes of several validators after the fact; the target is one validator"
JOINED: Final = "joins stake and finality; each of the targets shows one of them"
ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("FIN-amnesia", "FIN-culprits", "FIN-equivocation", "FIN-pays", "FIN-precommit-owes"), BLAME
    ),
    **dict.fromkeys(
        (
            "FIN-chain", "FIN-count-vote", "FIN-follow-round", "FIN-hand-on-once", "FIN-height", "FIN-on-prevotes",
            "FIN-precommit-any", "FIN-threshold",
        ),
        INSIDE,
    ),
    "FIN-handover": "is of two sets of validators; the target runs one",
    "FIN-no-input": "no event leads to an input without a row",
    "FIN-rebroadcast": "what is sent again is asked for by the network and not part of a snapshot; scenarios show it",
    **dict.fromkeys(
        (
            "SEQ-accused", "SEQ-chain", "SEQ-decided", "SEQ-decided-fees", "SEQ-epoch-end", "SEQ-genesis", "SEQ-missed",
            "SEQ-setting", "SEQ-signed-epoch", "SEQ-step",
        ),
        JOINED,
    ),
}  # fmt: skip
"""Rules of finality and of sequencing that no released case names, with the reason. Tests show all of them."""


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
    unexplained = [id for id in missing if id not in ELSEWHERE]
    if unexplained:
        yield "  without: " + ", ".join(unexplained)
    for why in dict.fromkeys(ELSEWHERE[id] for id in missing if id in ELSEWHERE):
        yield f"  {why}: " + ", ".join(id for id in missing if ELSEWHERE.get(id) == why)
