"""Theorems as values: what is claimed, of which rules, how it is proved, on what it rests, and what must refute it."""

from collections.abc import Callable
from enum import Enum

import attrs

from hyperion.symbolic.explore import LIMITS, Limits
from hyperion.symbolic.ideal import Ideal
from hyperion_proofs.solve import BITWISE, Method
from hyperion_proofs.statement import Counterexample, Statement
from hyperion_proofs.translate import Model


class Kind(Enum):
    """What kind of proof it is."""

    INDUCTION = "induction"
    """For all sizes: the base case and the step are obligations, the conclusion follows from them."""
    PATHS = "all paths"
    """Every path of the executed functions, all inputs."""
    BOUNDED = "bounded"
    """All cases up to a bound that the statement names."""
    TESTED = "tested"
    """Not proved: sampled."""


@attrs.frozen
class Assumption:
    """Something that is not proved: a short id, and what is assumed."""

    id: str
    statement: str


@attrs.frozen(eq=False)
class Obligation:
    """A statement to be proved for all inputs; the theorem follows from its obligations."""

    name: str
    statement: Statement
    portfolio: tuple[Method, ...] = BITWISE
    ideals: Callable[[], tuple[Ideal, ...]] | None = None
    """Functions that are assumed rather than executed."""
    raises: tuple[type[Exception], ...] = ()
    """Exceptions that are allowed outcomes."""
    limits: Limits = LIMITS
    prune: bool = True
    """Whether the oracle is asked at each branch; where intervals suffice, this is quicker without."""
    shared: Statement | None = None
    """A run that makes the claims of this statement and those of others, so that it is explored once for all of them:
    claims of this obligation are those of its ``part``, and those that the run itself makes."""
    part: str = ""
    confirm: Callable[[Model], Counterexample | None] | None = None
    """A second replay, on the model's own containers where the statement has stand-ins: what it does not confirm is
    spurious."""


@attrs.frozen(eq=False)
class Control:
    """A weakening that must be refuted: the proof can see the difference, so it is not empty."""

    weakening: str
    obligation: Obligation


@attrs.frozen(eq=False)
class Theorem:
    """A claim about the model for all inputs, in one sentence, with everything that is needed to check it."""

    id: str
    statement: str
    rules: tuple[str, ...]
    kind: Kind
    obligations: tuple[Obligation, ...]
    controls: tuple[Control, ...]
    hypotheses: str = ""
    """In words what the obligations assume of their inputs."""
    assumptions: tuple[Assumption, ...] = ()
    argument: str = ""
    """How the claim follows from the obligations, where that is more than being all of them."""
    fast: bool = False
    """Whether it is checked on every run of the tests."""

    def __attrs_post_init__(self) -> None:
        if not self.controls or not self.obligations:
            raise ValueError(f"{self.id}: a theorem needs an obligation and a control")
