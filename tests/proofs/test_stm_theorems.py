"""A sample of the theorem of safety is proved on every run; ``hyperion prove 'STM-*'`` proves all of it."""

import pytest

from hyperion.parallel.counter import Pc
from hyperion.parallel.worker import TRANSITIONS
from hyperion_proofs.prove import prove
from hyperion_proofs.solve import Answer
from hyperion_proofs.stm.induction import keeps
from hyperion_proofs.stm.safety import INVARIANTS
from hyperion_proofs.theorem import Obligation
from hyperion_proofs.theorems.stm_scheduler import SAFETY, VARIANTS, obligation


@pytest.mark.parametrize("name", ["start", "step RELEASE", "step LOWER_AFTER", "end: all executed", "end: all valid"])
def test_an_obligation_of_safety_is_proved(name: str) -> None:
    found = prove(next(one for one in SAFETY.obligations if one.name == name))
    assert (found.answer, found.reason) == (Answer.PROVED, "")


@pytest.mark.parametrize("words", ["the paper's pseudocode", "an abort starts no wave"])
def test_a_control_of_safety_is_refuted_at_its_invariant(words: str) -> None:
    control = next(one for one in SAFETY.controls if words in one.weakening)
    found = prove(control.obligation)
    assert found.answer is Answer.REFUTED
    assert found.counterexample is not None
    (broken,) = found.counterexample.failed
    assert control.obligation.name.endswith(broken.partition(":")[0])


def test_every_program_counter_has_an_obligation() -> None:
    named = {one.name for one in SAFETY.obligations}
    assert {f"step {pc.name}" for pc in TRANSITIONS} <= named
    assert set(TRANSITIONS) == set(Pc) - {Pc.EXIT}


def test_every_invariant_has_a_name_of_its_own() -> None:
    assert len({invariant.name for invariant in INVARIANTS}) == len(INVARIANTS)


def test_the_sound_variants_are_each_proved_by_one_changed_transition() -> None:
    assert len({one.name for one in VARIANTS.obligations}) == 5


def test_a_claim_that_is_too_strong_is_not_proved() -> None:
    """Without the invariants' help a transition can't keep them: an obligation is no tautology."""
    too_strong: Obligation = obligation("all idle", lambda given: given.claim("false", given.integer("n") == 0))
    assert prove(too_strong).answer is Answer.REFUTED
    assert prove(obligation("kept", keeps(Pc.LOOP, "P1"))).answer is Answer.PROVED
