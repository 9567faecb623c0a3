"""Campaigns: one function over many independent tasks, by processes of this machine or by a Dask cluster.

The results come in the order of the tasks whoever works, so nothing that is made of them depends on the number of
workers. Tasks are handed out in chunks and with a bounded number under way, so a campaign may be longer than memory.
"""

import gc
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from multiprocessing import get_context
from typing import Final, TypeVar

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
    if workers.cluster is not None:
        yield from on_cluster(workers.cluster, function, tasks, chunk)
    elif workers.jobs == 1:
        yield from map(function, tasks)
    else:
        with get_context("spawn").Pool(workers.jobs, prepare) as pool:
            yield from pool.imap(function, tasks, chunksize=chunk)


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


def on_cluster(address: str, function: Callable[[T], R], tasks: Iterable[T], chunk: int) -> Iterator[R]:
    """The results from a Dask cluster. Refused with ``ClusterError``: an address where no scheduler answers."""
    from distributed import Client  # takes a second to import, and most runs have no cluster

    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no scheduler at {address}: {error}") from None
    with client:
        window = UNDER_WAY * max(len(client.ncores()), 1)
        under_way: deque[object] = deque()
        for part in chunked(tasks, chunk):
            under_way.append(client.submit(partial(run_chunk, function), part, pure=False))
            if len(under_way) >= window:
                yield from client.gather(under_way.popleft())
        while under_way:
            yield from client.gather(under_way.popleft())
