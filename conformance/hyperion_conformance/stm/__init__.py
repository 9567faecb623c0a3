"""What other Block-STM engines are held against: blocks as programs in JSON, certificates, event logs and schedules.

* ``programs``: decision trees as JSON, and what a block of them gives serially;
* ``compiler``: the same block as one EVM contract;
* ``certificate`` (L1): a run is right because of what each transaction read and wrote, whoever scheduled it;
* ``events`` (L2): a log of a run against the invariants;
* ``steps`` (L3): an engine that is granted one access at a time;
* ``check``: all of it through an adapter; ``kills``: which mutant is killed by what.
"""
