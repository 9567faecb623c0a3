"""What kills each mutant: vectors first, by running the released cases with the mutant in force; else a test by name.

A case kills if the model's outcome is not the released one any more, or if the model breaks. Cases that the mutant's
part has no target for are not asked: settlement has tests and theorems only.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from hyperion_conformance.dispute.mutants.between import BETWEEN_MUTANTS
from hyperion_conformance.dispute.mutants.court import COURT_MUTANTS
from hyperion_conformance.dispute.mutants.edges import EDGE_MUTANTS
from hyperion_conformance.dispute.mutants.faults import FAULT_MUTANTS
from hyperion_conformance.dispute.mutants.mutant import Mutant, in_force
from hyperion_conformance.dispute.mutants.onestep import ONE_STEP_MUTANTS
from hyperion_conformance.targets import target_named
from hyperion_conformance.vectors.load import read_folder
from hyperion_conformance.vectors.record import Case

TARGETS: Final = ("dispute.game", "fdg.game", "osp.step")

BEYOND: Final[Mapping[str, str]] = {
    "cut-in-the-middle": "edges that a game can reach are aligned blocks of a power of two, whose middle is the same",
    "refund-of-todays-stake": "no event changes the parameters of a game that is open",
    "hashes-of-any-length": "a document with such a hash is refused when it is read",
    "any-value": "a document with such a value is refused when it is read",
    "ancestor-unbounded": "every claim has an even index, so an ancestor within a run never lies above its root",
    "first-log-written-last": "it is about logs that are at hand: a verifier can open only the last one first",
    "negative-refunds-lose-their-sign": "no run has a counter below zero: what a step takes back was given before",
}
"""Mutants that no released case can notice, and why; a test kills each."""


@attrs.frozen
class Part:
    """A part of the protocol, its mutants, and the target whose cases are asked."""

    name: str
    mutants: tuple[Mutant, ...]
    target: str | None


PARTS: Final = (
    Part("edge game", EDGE_MUTANTS, "dispute.game"),
    Part("fault game", FAULT_MUTANTS, "fdg.game"),
    Part("settlement", COURT_MUTANTS, None),
    Part("one-step proof", ONE_STEP_MUTANTS, "osp.step"),
    Part("between machines", BETWEEN_MUTANTS, "osp.step"),
)


@attrs.frozen
class Kill:
    """What kills a mutant."""

    part: str
    mutant: str
    case: str
    """The id of the first case that kills it, or nothing."""
    test: str
    """The test that kills it too, module and function."""


def cases_of(folder: Path, target: str) -> tuple[Case, ...]:
    """The released cases of a target, small ones first; micro steps last, as a mutant can make them endless."""
    cases = [case for file in read_folder(folder) if file.target == target for case in file.cases]
    return tuple(sorted(cases, key=lambda case: (case.group.endswith("micro"), len(str(case.input)), case.id)))


def differs(case: Case) -> bool:
    """Whether the model, as it is now, says something else than the case demands, or breaks."""
    try:
        outcome = target_named(case.target).outcome(case.input, case.fork, True, lambda _: None)
    except Exception:  # a wrong rule may break the model in any way: it is noticed, which is what counts
        return True
    return outcome != case.expect["exactly"]


def kills(folder: Path, parts: Sequence[Part] = PARTS, names: Sequence[str] = ()) -> Iterator[Kill]:
    """What kills each mutant, in their order; only those named if any are."""
    known: Mapping[str, tuple[Case, ...]] = {target: cases_of(folder, target) for target in TARGETS}
    for part in parts:
        for mutant in part.mutants:
            if names and mutant.name not in names:
                continue
            cases = () if part.target is None else known[part.target]
            with in_force(mutant):
                killer = next((case.id for case in cases if differs(case)), "")
            yield Kill(part.name, mutant.name, killer, mutant.killer)
