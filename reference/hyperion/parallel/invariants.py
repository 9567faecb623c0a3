"""What holds in every reachable configuration, and why the block is right when the workers say that it is done.

Names are those of the chapter: CARD about the counter of active workers; P1–P6 about who owns a transaction; P7 and P9
about who will still execute what is ready and validate what is not valid; P8 about the memory; D0–D4 about the check
for the end; G1 and G2 are the goal. D4 says that at the end nothing is under way; P7 and P9 then give G1 and G2; and
from G1, G2 and P8 the state is that of the serial execution, by induction over the transactions.

Each predicate is plain: it looks at the configuration alone, so that tests, the explorer and the proofs use the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import attrs

from hyperion.parallel import ending, ownership, progress
from hyperion.parallel.configuration import Configuration
from hyperion.parallel.counter import Shared
from hyperion.parallel.program import Block

Predicate: TypeAlias = Callable[[Block, Configuration], bool]
OfShared: TypeAlias = Callable[[Block, Shared], object]
"""Something about what is shared alone; it is so when it is true."""


def always(block: Block, shared: Shared) -> bool:
    """Whatever is shared, it is for the workers to break it."""
    return True


@attrs.frozen
class Invariant:
    """A predicate with its name in the chapter and its statement."""

    name: str
    statement: str
    holds: Predicate
    concerns: OfShared = always
    """Whether, with this shared value, there are workers that would break it. Whoever checks many configurations asks
    this once for each shared value."""


def named(name: str, holds: Predicate, concerns: OfShared = always) -> Invariant:
    """The invariant whose statement is what its predicate says of itself."""
    return Invariant(name, (holds.__doc__ or "").strip(), holds, concerns)


def of_shared(name: str, holds: OfShared) -> Invariant:
    """An invariant of what is shared alone: it is of concern only where it does not hold."""
    return Invariant(
        name,
        (holds.__doc__ or "").strip(),
        lambda block, at: bool(holds(block, at.shared)),
        lambda block, shared: not holds(block, shared),
    )


INVARIANTS: Final = (
    named("CARD", ownership.active_is_counted),
    named("P1", ownership.owner_is_executing),
    named("P2", ownership.executing_has_one_owner, ownership.some_executing),
    named("P3", ownership.aborter_is_aborting),
    named("P4", ownership.aborting_has_one_reason, ownership.some_aborting),
    named("P5", ownership.waiting_ends, ownership.some_waiting),
    named("P6", ownership.lock_has_one_holder),
    named("P7", progress.ready_is_executed_later, progress.passed_over),
    of_shared("P8", progress.memory_is_as_recorded),
    named("P9", progress.invalid_is_validated_later, progress.exposed),
    named("D0", ending.check_is_not_ahead),
    named("D1", ending.execution_past_since, ending.execution_is_left),
    named("D2", ending.validation_past_since, ending.validation_is_left),
    named("D3", ending.check_passes_when_quiet),
    named("D4", ending.done_is_quiet, ending.is_done),
    of_shared("G1", ending.done_is_executed),
    of_shared("G2", ending.done_is_valid),
)
"""All of them, in the order in which they are checked: the first that fails names the fault."""


def of_concern(block: Block, shared: Shared) -> tuple[Invariant, ...]:
    """The invariants that some workers would break with this shared value; all others hold whatever the workers."""
    return tuple(invariant for invariant in INVARIANTS if invariant.concerns(block, shared))


def violated(block: Block, at: Configuration) -> str | None:
    """The name of the first invariant that does not hold."""
    return next((invariant.name for invariant in INVARIANTS if not invariant.holds(block, at)), None)
