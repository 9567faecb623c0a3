"""The table of mutants: what is changed, and by which vector, schedule, invariant and theorem's control it is killed.

Mutants of scheduler and memory are run here along their schedules. Those of the EVM part need blocks of signed
transactions; ``tests/property/test_stm_evm_faults.py`` has one for each, and runs them.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from hyperion.parallel.configuration import is_final, outcome
from hyperion.parallel.invariants import violated
from hyperion.parallel.program import execute_serially
from hyperion_conformance.exploration.evm_variants import EVM_VARIANTS
from hyperion_conformance.exploration.hunts import SIZES, first_kill
from hyperion_conformance.exploration.mutants import SOUND, UNSOUND, Variant
from hyperion_conformance.stm.kills import Killing, kills
from hyperion_conformance.stm.steps import STEPS, Stepped, session_of
from hyperion_conformance.vectors.generators.stm import session_input

SAFETY: Final = "STM-safety"
SERIAL: Final = "STM-serial"

CONTROLS: Final[Mapping[str, tuple[str, str]]] = {
    "double-decrement": (
        SAFETY, "a failing try_incarnate decrements the counter, and finish_validation again (the paper's pseudocode)"
    ),
    "validation-counted-late": (SAFETY, "a validation is claimed before it is counted"),
    "execution-counted-late": (SAFETY, "an execution is claimed before it is counted"),
    "no-recheck": (SAFETY, "the check for the end does not look again at the lowerings"),
    "no-active-check": (SAFETY, "the check for the end does not look at who is active"),
    "count-before-lowering": (SAFETY, "a lowering is counted before it is done"),
    "never-new": (SAFETY, "new locations start no wave"),
    "skip-oneself": (SAFETY, "a wave starts after the transaction, which is not validated"),
    "no-abort-wave": (SAFETY, "an abort starts no wave"),
    "no-estimates": (SAFETY, "an aborted incarnation leaves its entries as they are"),
    "ready-before-estimates": (SAFETY, "a transaction is ready before all its entries are ESTIMATEs"),
    "wait-without-lock": (SAFETY, "the dependents are taken while someone is about to join them"),
    "resume-without-lowering": (SAFETY, "resumed transactions do not lower the execution index"),
    "wait-while-active": (SAFETY, "a worker whose transaction waits stays counted"),
    "no-removal": (SERIAL, "entries of earlier incarnations stay"),
    "storage-unrecorded": (SERIAL, "reads from storage are not validated"),
    "first-read-only": (SERIAL, "only the first read is validated"),
    "no-incarnation": ("STM-versions", "versions without incarnation"),
    "nearest-origin": ("STM-versions", "what lies under an addition is not compared"),
    "own-entry": ("STM-entries", "one reads one's own entry"),
    "saturating-sum": (
        "STM-entries", "sums are cut off at a greatest value, so that additions do not associate"
    ),
    "least-writer": (SERIAL, "a block goes wrong: a read takes the least entry"),
}  # fmt: skip
"""The control of a theorem that is the same mistake, where there is one: theorem and control by name."""


@attrs.frozen
class Row:
    """A mutant, or a variant that is none: what it is of, what killed it, and whether that is as it should be."""

    name: str
    part: str
    invariant: str = "–"
    end: str = "–"
    vectors: str = "–"
    """How many of the vectors that belong to the mutant tell it from the algorithm."""
    control: str = "–"
    sound: bool = False
    as_expected: bool = True

    @property
    def cells(self) -> tuple[str, ...]:
        """The row in text."""
        return self.name, self.part, self.invariant, self.end, self.vectors, self.control


def rows() -> Iterator[Row]:
    """All mutants, and behind them what must not be killed."""
    for variant in UNSOUND:
        yield row_of(variant)
    for name, mistake in EVM_VARIANTS.items():
        if mistake.sound is None:
            yield Row(name, "EVM", end=EVM_TEST)
    for variant in SOUND:
        kill, _, _ = first_kill(variant.name, SIZES[:1], False)
        lives = "lives" if kill is None else f"killed: {kill.what}"
        yield Row(variant.name, "sound", end=lives, control="STM-variants", sound=True, as_expected=kill is None)
    for name, mistake in EVM_VARIANTS.items():
        if mistake.sound is not None:
            yield Row(name, "sound", end=EVM_TEST, sound=True)


EVM_TEST: Final = "test_stm_evm_faults"


def row_of(variant: Variant) -> Row:
    """The row of a mutant, its schedules run by it and by the algorithm."""
    shown, told, made = {}, 0, True
    both = [kill for kill in kills() if kill.variant == variant.name]
    for kill in both:
        what = verdict(kill, last_of(kill, variant))
        made = made and (what is not None or "reached" in kill.what)
        case = session_input(kill)
        told += session_of(variant.transitions, variant.prepare).run(case) != STEPS.run(case)
        name = f"{what or 'trap'} " if kill.by == "invariant" else ""
        shown[kill.by] = f"{name}{kill.transactions}×{kill.workers} {kill.workload}, {len(kill.turns)}"
    return Row(
        variant.name, "memory" if variant.name in MEMORY else "scheduler", shown.get("invariant", "–"),
        shown.get("end", "–"), f"{told} of {len(both)}", CONTROLS.get(variant.name, ("–",))[0],
        as_expected=made and told > 0,
    )  # fmt: skip


MEMORY: Final = frozenset(
    {
        "no-removal", "storage-unrecorded", "first-read-only", "no-incarnation", "estimate-accepted", "nearest-origin",
        "own-entry", "saturating-sum", "least-writer", "foreign-mark",
    }
)  # fmt: skip


def last_of(kill: Killing, variant: Variant) -> Stepped:
    """Where the schedule leads a variant."""
    session = session_of(variant.transitions, variant.prepare)
    case = session_input(kill)
    state = session.open(case["open"], True)  # type: ignore[arg-type]
    for event in case["events"]:  # type: ignore[union-attr]
        state, _ = session.act(state, event, True)  # type: ignore[arg-type]
    return state


def verdict(kill: Killing, state: Stepped) -> str | None:
    """The invariant that does not hold, or that the end is not the serial one."""
    broken = violated(kill.block, state.at)
    if broken is not None:
        return broken
    wrong = is_final(state.at) and outcome(kill.block, state.at) != execute_serially(kill.block)
    return "end" if wrong else None
