"""Block-STM: the transactions of a block run side by side, and their result is that of running them one after another.

The algorithm is that of Gelashvili et al., "Block-STM" (arXiv 2203.06871), with one correction (``STM-one-decrement``).
Rooms, in the order in which a reader needs them:

* ``program``: what a transaction is, and what a block of them means when run serially: the specification;
* ``trees``: transactions as decision trees, small enough to explore every interleaving;
* ``mvmemory``: the multi-version memory; ``scheduler``: indices, states and counters; both as values;
* ``worker``: one thread as a program counter; one transition is one atomic access to what threads share;
* ``configuration``: all of it as one value, and a run of it under a given schedule;
* ``invariants``: what holds in every reachable configuration.
"""
