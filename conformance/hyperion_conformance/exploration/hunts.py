"""Hunting variants: the smallest configuration in which a fault shows, by an invariant and by the end of a run."""

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from hyperion_conformance.exploration.liveness import stranded
from hyperion_conformance.exploration.mutants import SOUND, UNSOUND, VARIANTS
from hyperion_conformance.exploration.search import Search, begin, explore
from hyperion_conformance.exploration.stm import StmPlan, StmSystem
from hyperion_conformance.exploration.workloads import WORKLOADS
from hyperion_conformance.workers import ALONE, Workers, over

SIZES: Final = ((2, 2), (3, 2), (4, 2))
"""Transactions and workers, in the order in which they are tried."""
LIMIT: Final = 1_500_000
"""States after which a configuration is given up."""


@attrs.frozen
class Kill:
    """A fault that was found: in which configuration, what, after how many states, by which schedule."""

    plan: StmPlan
    what: str
    states: int
    schedule: tuple[int, ...]

    @property
    def where(self) -> str:
        """The configuration in short: transactions × workers, and the workload."""
        return f"{self.plan.transactions}×{self.plan.workers} {self.plan.workload}"


@attrs.frozen
class Hunt:
    """What became of a variant: the kill by an invariant, the kill by ends alone, and how much was explored."""

    variant: str
    by_invariant: Kill | None
    by_end: Kill | None
    states: int
    unfinished: int
    """Configurations that were given up."""

    @property
    def as_expected(self) -> bool:
        """Whether an unsound variant was found and a sound one was not; nothing must have been given up on for that."""
        if VARIANTS[self.variant].sound is None:
            return self.by_invariant is not None
        return self.by_end is None and self.unfinished == 0


def hunt(task: tuple[str, int]) -> Hunt:
    """Try a variant on all workloads in configurations of up to so many transactions.

    An unsound one first with every state checked: what that does not find, ends alone will not either, so they are
    asked only when something was found, to see how late. A sound one by its ends alone: invariants are about the
    algorithm as it is, and a change that does no harm may keep the peace in another way.
    """
    variant, largest = task
    sizes = tuple(size for size in SIZES if size[0] <= largest)
    sound = VARIANTS[variant].sound is not None
    by_invariant, seen, given_up = (None, 0, 0) if sound else first_kill(variant, sizes, True)
    if by_invariant is None and not sound:
        return Hunt(variant, None, None, seen, given_up)
    by_end, more, also = first_kill(variant, sizes, False)
    return Hunt(variant, by_invariant, by_end, seen + more, given_up + also)


def first_kill(
    variant: str, sizes: Sequence[tuple[int, int]], invariants: bool
) -> tuple[Kill | None, int, int]:
    """The first kill, the smallest configurations first; the states explored; the configurations given up."""
    states = given_up = 0
    for transactions, workers in sizes:
        for workload in WORKLOADS:
            plan = StmPlan(transactions, workers, workload, variant=variant, invariants=invariants)
            search = explore(begin(plan), watch=within_limit)
            states += len(search.states)
            given_up += search.fault is None and not search.is_complete
            for kill in kill_of(plan, search):
                return kill, states, given_up
    return None, states, given_up


def within_limit(search: Search[int]) -> bool:
    """Whether a search is still small."""
    return len(search.states) < LIMIT


def kill_of(plan: StmPlan, search: Search[int]) -> Iterator[Kill]:
    """The fault that a search has found: a state, or a state from which no end can be reached."""
    system = search.system
    if not isinstance(system, StmSystem):
        return
    if search.fault is not None:
        yield Kill(plan, search.fault.what, len(search.states), system.schedule(search.fault.actors))
    elif search.is_complete:
        lost = stranded(search)
        if lost:
            what = f"no end can be reached from {len(lost):,} states"
            yield Kill(plan, what, len(search.states), system.schedule(search.path(lost[0])))


def hunts(largest: int, workers: Workers = ALONE) -> Iterator[Hunt]:
    """All variants, the unsound ones first."""
    names = [variant.name for variant in (*UNSOUND, *SOUND)]
    return over(workers, hunt, [(name, largest) for name in names], 1)
