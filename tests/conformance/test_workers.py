"""Campaigns: the same results from this process, from several, and from a Dask cluster."""

import math
from collections.abc import Iterator

import pytest
from distributed import LocalCluster

from hyperion_conformance import workers as workers_module
from hyperion_conformance.workers import ALONE, ClusterError, Workers, chunked, over

TASKS = range(50)
EXPECTED = [math.factorial(task) for task in TASKS]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a scheduler on this machine, with two workers."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, processes=True
    ) as local:
        yield str(local.scheduler_address)


def test_results_come_in_the_order_of_the_tasks_whoever_works(cluster: str) -> None:
    for workers in (ALONE, Workers(jobs=2), Workers(cluster=cluster)):
        assert list(over(workers, math.factorial, TASKS, chunk=3)) == EXPECTED, workers


def test_a_task_that_raises_raises_here(cluster: str) -> None:
    for workers in (ALONE, Workers(jobs=2), Workers(cluster=cluster)):
        with pytest.raises(ValueError, match="negative"):
            list(over(workers, math.factorial, [1, -1], chunk=1))


def test_an_address_without_a_scheduler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers_module, "PATIENCE", 0.5)
    with pytest.raises(ClusterError, match="no scheduler at"):
        list(over(Workers(cluster="tcp://127.0.0.1:9"), math.factorial, TASKS))


def test_tasks_are_cut_in_order_and_none_is_lost() -> None:
    assert list(chunked(range(7), 3)) == [(0, 1, 2), (3, 4, 5), (6,)]
    assert list(chunked([], 3)) == []


def test_control_workers_that_lose_the_order_are_told_from_these() -> None:
    assert list(reversed(EXPECTED)) != EXPECTED
    assert str(Workers(jobs=2)) == "2 processes" and "tcp" in str(Workers(cluster="tcp://x:1"))
