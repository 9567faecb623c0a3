"""How much parallel execution is worth: runs of Block-STM in simulated time, against what no machine could do faster.

* ``costs``: how long an access takes, which of a worker's accesses meets which shared variable, who has it near;
* ``metered``: blocks whose transactions know how much gas they have used at each read;
* ``simulation``: the model's own transitions in the order in which a machine with those costs would make them;
* ``bound``: the work, and the longest chain of values that wait for one another: no schedule is faster;
* ``workloads``, ``contracts``: blocks that are like what chains execute, as decision trees and as EVM transactions;
* ``spans``, ``picture``: what each worker did when, and that as a drawing.
"""
