"""Obligations about one validator, and the faults that must refute them: in a function, or in a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from hyperion.sequencer.finality.types import Kind
from hyperion.symbolic.ideal import Ideal
from hyperion_proofs.finality.local_rows import with_fault
from hyperion_proofs.mutant import in_place
from hyperion_proofs.solve import CVC5_INTEGERS, INTEGERS
from hyperion_proofs.statement import Statement
from hyperion_proofs.theorem import Control, Obligation

SOLVERS: Final = (INTEGERS, CVC5_INTEGERS)
Fault: TypeAlias = tuple[Callable[..., Any], str, str] | tuple[Kind, str, str]
"""A function, or a row by its kind, with a piece of its source and what is to stand there."""


def seeded(fault: Fault) -> Ideal:
    """The fault standing where the function does, or the row among the rows."""
    place, old, new = fault
    return with_fault(place, old, new) if isinstance(place, Kind) else in_place(place, old, new)


def obligation(name: str, statement: Statement, *faults: Fault) -> Obligation:
    """An obligation about integers, with pieces of the model's source exchanged if faults are given."""
    return Obligation(name, statement, SOLVERS, lambda: tuple(map(seeded, faults)), prune=False)


def control(weakening: str, name: str, statement: Statement, *faults: Fault) -> Control:
    """A control that exchanges pieces of the source."""
    return Control(weakening, obligation(name, statement, *faults))
