"""The search itself: shortest paths, liveness, checkpoints, and the same numbers whoever works."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from distributed import LocalCluster
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion_conformance.exploration import checkpoint
from hyperion_conformance.exploration import search as search_module
from hyperion_conformance.exploration.checkpoint import CheckpointError
from hyperion_conformance.exploration.liveness import components, fair_parts, stranded
from hyperion_conformance.exploration.search import Search, begin, explore
from hyperion_conformance.exploration.stm import StmPlan
from hyperion_conformance.workers import Workers
from tests.support.stm_toys import Graph, GraphPlan

SMALL: Final = StmPlan(2, 2, "chain")


def whole(graph: Graph, finals: tuple[int, ...] = (), bad: tuple[int, ...] = ()) -> Search[int]:
    return explore(begin(GraphPlan(graph, finals, bad)))


# --- paths -----------------------------------------------------------------------------------------------------------


def test_the_first_fault_lies_at_the_end_of_a_shortest_path() -> None:
    graph: Graph = (((0, 1), (1, 2)), ((0, 3),), ((1, 4),), ((0, 4),), ())
    search = whole(graph, bad=(4,))
    assert search.fault is not None
    assert (search.fault.what, search.fault.actors) == ("bad", (1, 1))
    assert not search.is_complete or search.expanded == 5


def test_states_transitions_and_depth_are_counted() -> None:
    found = whole((((0, 1), (1, 2)), ((0, 3),), ((0, 3),), ((0, 3),)), finals=(3,)).statistics()
    assert (found.states, found.transitions, found.depth, found.finals) == (4, 5, 2, 1)


def test_a_search_stops_when_its_watch_says_so_and_goes_on_later() -> None:
    search = explore(begin(SMALL), watch=lambda search: False)
    assert not search.is_complete
    assert explore(search).statistics().states == explore(begin(SMALL)).statistics().states


# --- liveness --------------------------------------------------------------------------------------------------------


def test_states_without_a_way_to_an_end_are_found() -> None:
    assert stranded(whole((((0, 1), (1, 2)), ((0, 1),), ()), finals=(2,))) == [1]
    assert stranded(whole((((0, 1),), ((0, 0), (1, 2)), ()), finals=(2,))) == []


def test_a_cycle_is_fair_when_every_actor_moves_or_rests_in_it() -> None:
    # Actor 1 could leave the cycle of actor 0 in each of its states, and never does.
    assert fair_parts(whole((((0, 1), (1, 2)), ((0, 0), (1, 2)), ()), finals=(2,)), 2) == []
    # In state 1 it cannot: it may be kept waiting for ever.
    assert fair_parts(whole((((0, 1), (1, 2)), ((0, 0),), ()), finals=(2,)), 2) == [0]
    # Both move within the cycle.
    assert fair_parts(whole((((0, 1), (1, 0)), ((0, 0), (1, 2)), ()), finals=(2,)), 2) == [0]
    # A state that leads to itself is a cycle.
    assert fair_parts(whole((((0, 0), (1, 1)), ()), finals=(1,)), 2) == []
    assert fair_parts(whole((((0, 0),), ()), finals=()), 1) == [0]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 8))
    edges = st.lists(st.tuples(st.integers(0, 1), st.integers(0, size - 1)), max_size=3).map(tuple)
    return tuple(draw(edges) for _ in range(size))


def reach(graph: Graph, origin: int) -> set[int]:
    seen, queue = {origin}, [origin]
    while queue:
        for _, target in graph[queue.pop()]:
            if target not in seen:
                seen.add(target)
                queue.append(target)
    return seen


@given(graphs())
@settings(max_examples=300)
def test_parts_are_the_states_that_reach_each_other(graph: Graph) -> None:
    search = whole(graph)
    part = components(search)
    reached = {state: reach(graph, state) for state in search.states}
    for first, one in enumerate(search.states):
        for second, other in enumerate(search.states):
            assert (part[first] == part[second]) == (other in reached[one] and one in reached[other])


@given(graphs(), st.sets(st.integers(0, 7)))
@settings(max_examples=300)
def test_stranded_states_are_those_that_reach_no_end(graph: Graph, ends: set[int]) -> None:
    search = whole(graph, finals=tuple(sorted(ends)))
    expected = [number for number, state in enumerate(search.states) if not reach(graph, state) & ends]
    assert stranded(search) == expected


# --- many processes --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a scheduler on this machine, with two workers."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, processes=True
    ) as local:
        yield str(local.scheduler_address)


def test_the_numbers_do_not_depend_on_who_works(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "WORTH_SHARING", 40)
    monkeypatch.setattr(search_module, "BATCH", 20)
    alone = explore(begin(SMALL))
    for workers in (Workers(jobs=2), Workers(cluster=cluster)):
        together = explore(begin(SMALL), workers)
        assert together.parents == alone.parents
        assert together.targets == alone.targets
        assert (together.actors, together.movers) == (alone.actors, alone.movers)
        assert together.statistics().depth == alone.statistics().depth


def test_a_fault_is_the_same_whoever_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "WORTH_SHARING", 40)
    monkeypatch.setattr(search_module, "BATCH", 20)
    plan = StmPlan(2, 2, "chain", variant="no-recheck")
    assert explore(begin(plan), Workers(jobs=2)).fault == explore(begin(plan)).fault is not None


# --- checkpoints -----------------------------------------------------------------------------------------------------


def cut(plan: StmPlan, path: Path) -> Search[int]:
    search = explore(begin(plan), watch=lambda search: search.expanded < 3_000)
    checkpoint.save(search, path)
    return search


def test_a_search_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    search = cut(SMALL, tmp_path / "kept")
    assert not search.is_complete
    loaded = checkpoint.load(SMALL, tmp_path / "kept")
    assert (loaded.parents, loaded.actors, loaded.expanded) == (search.parents, search.actors, search.expanded)
    assert explore(loaded).targets == explore(begin(SMALL)).targets
    assert loaded.is_complete


def test_a_checkpoint_of_another_search_is_refused(tmp_path: Path) -> None:
    cut(SMALL, tmp_path / "kept")
    with pytest.raises(CheckpointError, match="another search"):
        checkpoint.load(StmPlan(2, 2, "counter"), tmp_path / "kept")
    with pytest.raises(CheckpointError, match="No such file"):
        checkpoint.load(SMALL, tmp_path / "lost")


@given(st.data())
@settings(max_examples=60)
def test_a_damaged_checkpoint_is_refused_or_still_a_search(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "kept"
    checkpoint.save(explore(begin(SMALL), watch=lambda search: search.expanded < 50), path)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content[: data.draw(st.sampled_from((len(content), at)))])
    try:
        loaded = checkpoint.load(SMALL, path)
    except CheckpointError:
        return
    assert loaded.states[0] == begin(SMALL).states[0]
    assert explore(loaded).is_complete
