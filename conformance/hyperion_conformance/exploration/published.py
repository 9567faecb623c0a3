"""What is modelled here and in a published model of Block-STM, side by side.

The published one is https://github.com/yihuang/blockstm-spec (TLA+, checked with TLC), read at commits 0382d3ae
(``Executor.tla``), 174d7fd8 (``Executor.cfg``) and 04806c71 (``Tx.tla``). It was made to design a scheduler with, so a
row that says less is a remark on the detail and no judgement; where it says more, it covers what this one does not.
"""

from typing import Final

import attrs


@attrs.frozen
class Aspect:
    """An aspect of the algorithm, and what becomes of it in each model."""

    name: str
    here: str
    published: str


COMPARISON: Final = (
    Aspect("claiming a task", "4 accesses: look, count, fetch, status", "1: index and counter together"),
    Aspect("an execution", "1 access for each read, entry, list", "1 for all"),
    Aspect("a validation", "1 access for each read", "1 for all"),
    Aspect("an abort", "1 access for status, each mark, index, count", "1 for all"),
    Aspect("check for the end", "5 looks and the announcement", "1, of all variables at once"),
    Aspect("counter of lowerings", "modelled", "absent: nothing can come between the looks"),
    Aspect("ESTIMATE and waiting", "modelled, with the lock of dependents", "entries cleared; module Dependency apart"),
    Aspect("versions", "transaction and incarnation", "values of reads"),
    Aspect("programs", "adaptive decision trees, 11 workloads", "every static choice of reads, writes, dependencies"),
    Aspect("commutative additions", "modelled", "absent"),
    Aspect("rolling commit, waves", "absent (the paper's algorithm)", "wave counters modelled"),
    Aspect("safety checked", "17 invariants, and each end against serial", "2 invariants; what is committed is serial"),
    Aspect("liveness checked", "end reachable from all; no fair cycle", "all is committed (module Tx, no workers)"),
    Aspect("transactions × workers", "n=4 t=2, n=2 t=3 fine; n=3 t=3 coarse", "BlockSize=6, 2 executors, 1 key"),
    Aspect("faulty variants", "25, each with a shortest schedule", "absent"),
)
