"""Generators: one module a group of cases; each yields drafts, inputs with their reasons, and no expectations.

A draft's id names its condition, and what is random in it is derived from the seed, the group and its index alone, so
adding a generator or raising a count changes no other case.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from hyperion_conformance.vectors.generators import (
    arithmetic,
    calls,
    control,
    creation,
    environment,
    memory,
    precompiles,
    programs,
    rows,
    storage,
    transactions,
)
from hyperion_conformance.vectors.record import Draft

Generator: TypeAlias = Callable[[int, int], Iterator[Draft]]
"""From a seed and a number of random cases to drafts; most take neither."""

GENERATORS: Final[tuple[Generator, ...]] = (
    arithmetic.drafts,
    calls.drafts,
    control.drafts,
    creation.drafts,
    environment.drafts,
    memory.drafts,
    precompiles.drafts,
    programs.drafts,
    rows.drafts,
    storage.drafts,
    transactions.drafts,
)
