"""Campaigns: one function over many independent tasks, by processes of this machine or by a Dask cluster.

The results come in the order of the tasks whoever works, so nothing that is made of them depends on the number of
workers. Tasks are handed out in chunks and with a bounded number under way, so a campaign may be longer than memory.
"""

import gc
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing import get_context
from typing import Any, Final, Protocol, TypeVar

import attrs

T = TypeVar("T")
R = TypeVar("R")

COLLECT_AFTER: Final = 200_000
"""Objects that a process makes between two searches for cycles; Python's own default is hundreds of times less."""
PATIENCE = 10.0
"""Seconds to wait for a scheduler."""
UNDER_WAY: Final = 4
"""Chunks that a worker of a cluster has before it: enough that none waits for the next, few enough to stop soon."""


class ClusterError(Exception):
    """A cluster that cannot be reached, or that lost a task."""


@attrs.frozen
class Workers:
    """Who works: so many processes of this machine, or the workers of the Dask scheduler at an address."""

    jobs: int = 1
    cluster: str | None = None

    def __str__(self) -> str:
        if self.cluster is not None:
            return f"the cluster at {self.cluster}"
        return "one process" if self.jobs == 1 else f"{self.jobs} processes"


ALONE: Final = Workers()
"""This process and no other."""


def over(workers: Workers, function: Callable[[T], R], tasks: Iterable[T], chunk: int = 8) -> Iterator[R]:
    """``function`` of each of ``tasks``, in their order; ``function`` must be known by name in every process."""
    with crew(workers) as hand_out:
        yield from hand_out(function, tasks, chunk)


class HandOut(Protocol):
    """Hands tasks out, and gives the results in their order."""

    def __call__(self, function: Callable[[T], R], tasks: Iterable[T], chunk: int, /) -> Iterator[R]:
        """``function`` of each of ``tasks``."""


@contextmanager
def crew(workers: Workers) -> Iterator[HandOut]:
    """Workers that stay for several campaigns, for those whose tasks depend on earlier results."""
    if workers.cluster is not None:
        with client_of(workers.cluster) as client:
            yield partial(on_cluster, client)
    elif workers.jobs == 1:
        yield lambda function, tasks, chunk: map(function, tasks)
    else:
        with get_context("spawn").Pool(workers.jobs, prepare) as pool:
            yield lambda function, tasks, chunk: pool.imap(function, tasks, chunksize=chunk)


def prepare() -> None:
    """Prepare a process of the pool: the parent alone answers to interrupts; the model makes few cycles to collect."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(COLLECT_AFTER)


def chunked(tasks: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """The tasks in tuples of ``size``, the last of them perhaps shorter."""
    remaining = iter(tasks)
    while part := tuple(islice(remaining, size)):
        yield part


def run_chunk(function: Callable[[T], R], chunk: tuple[T, ...]) -> list[R]:
    """The results of a chunk, in a worker."""
    return [function(task) for task in chunk]


def client_of(address: str) -> Any:
    """A client of a Dask scheduler. Refused with ``ClusterError``: an address where none answers."""
    from distributed import Client  # takes a second to import, and most runs have no cluster

    try:
        return Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no scheduler at {address}: {error}") from None


def on_cluster(client: Any, function: Callable[[T], R], tasks: Iterable[T], chunk: int) -> Iterator[R]:
    """The results from the workers of a Dask cluster."""
    window = UNDER_WAY * max(len(client.ncores()), 1)
    under_way: deque[object] = deque()
    for part in chunked(tasks, chunk):
        under_way.append(client.submit(partial(run_chunk, function), part, pure=False))
        if len(under_way) >= window:
            yield from client.gather(under_way.popleft())
    while under_way:
        yield from client.gather(under_way.popleft())
