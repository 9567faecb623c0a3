"""Exploring Block-STM exhaustively: small sizes hold, and the abstractions hide nothing."""

from collections import deque
from typing import Final

import msgspec
import pytest

from hyperion.parallel.configuration import Configuration, advance, initial, is_final
from hyperion.parallel.counter import Checking, Shared
from hyperion.parallel.invariants import violated
from hyperion_conformance.exploration.liveness import fair_parts, stranded
from hyperion_conformance.exploration.search import Search, begin, explore
from hyperion_conformance.exploration.stm import StmPlan, StmSystem
from hyperion_conformance.exploration.workloads import WORKLOADS

EVERY: Final = tuple(WORKLOADS)


def searched(plan: StmPlan) -> Search[int]:
    """A complete search that found no fault."""
    search = explore(begin(plan))
    assert search.fault is None, search.fault
    assert search.is_complete
    assert len(search.finals) > 0
    return search


@pytest.mark.rule("STM-schedule", "STM-done", "STM-one-decrement", "STM-atomic")
@pytest.mark.parametrize("workload", EVERY)
def test_three_transactions_two_workers_every_interleaving(workload: str) -> None:
    search = searched(StmPlan(3, 2, workload))
    assert len(search.states) > 10_000
    assert stranded(search) == []


@pytest.mark.parametrize("workload", EVERY)
def test_two_transactions_two_workers_every_fair_run_ends(workload: str) -> None:
    search = searched(StmPlan(2, 2, workload, symmetric=False))
    assert stranded(search) == []
    assert fair_parts(search, 2) == []


def test_three_transactions_two_workers_every_fair_run_ends() -> None:
    assert fair_parts(searched(StmPlan(3, 2, "chain", symmetric=False)), 2) == []


@pytest.mark.parametrize("workload", ["branch", "delta", "aba"])
def test_coarse_steps_reach_fewer_states_and_the_same_ends(workload: str) -> None:
    fine, coarse = searched(StmPlan(2, 2, workload)), searched(StmPlan(2, 2, workload, grain="coarse"))
    assert len(coarse.states) < len(fine.states)


# The abstractions. This search takes nothing for granted: configurations are the model's own, the counter of lowerings
# runs on, workers keep their names, and every configuration is checked.


def plain_search(plan: StmPlan) -> tuple[dict[Configuration, int], int]:
    """Every configuration, with a number, and how many transitions there are."""
    block = plan.block
    first = initial(block, plan.workers)
    seen, queue, transitions = {first: 0}, deque([first]), 0
    while queue:
        at = queue.popleft()
        assert violated(block, at) is None
        for worker in range(plan.workers):
            after = advance(block, at, worker)
            if after is not None:
                transitions += 1
                if after not in seen:
                    seen[after] = len(seen)
                    queue.append(after)
    return seen, transitions


def forgotten(at: Configuration) -> Configuration:
    """The configuration with the counter at 0, and what was read of it as the present (0) or the past (-1)."""
    now = at.shared.scheduler.lowered
    workers = tuple(
        msgspec.structs.replace(worker, lowered=0 if worker.lowered == now else -1)
        if isinstance(worker, Checking)
        else worker
        for worker in at.workers
    )
    return Configuration(
        Shared(msgspec.structs.replace(at.shared.scheduler, lowered=0), at.shared.memory), workers
    )


@pytest.mark.parametrize("workload", ["chain", "delta"])
def test_the_abstractions_reach_what_a_plain_search_reaches(workload: str) -> None:
    plan = StmPlan(2, 2, workload)
    seen, _ = plain_search(plan)
    named, merged = searched(StmPlan(2, 2, workload, symmetric=False)), searched(plan)
    system, unmerged = merged.system, named.system
    assert isinstance(system, StmSystem)
    assert isinstance(unmerged, StmSystem)
    assert {forgotten(at) for at in seen} == {unmerged.configuration(state) for state in named.states}
    assert {system.canonical(system.state_of(forgotten(at))) for at in seen} == set(merged.states)
    assert len(merged.states) < len(named.states) < len(seen)
    assert any(is_final(at) for at in seen)


def test_an_index_never_passes_the_block_by_more_than_the_workers() -> None:
    search = searched(StmPlan(2, 2, "counter"))
    system = search.system
    assert isinstance(system, StmSystem)
    indices = [shared.scheduler.execution_index for shared in system.shared.values]
    assert max(indices) == 2 + 2 - 1
    assert max(shared.scheduler.validation_index for shared in system.shared.values) <= 2 + 2 - 1
