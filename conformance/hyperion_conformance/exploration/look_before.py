"""The look at the validation index before a transaction is EXECUTED: the order of two accesses exchanged.

A validator that claims a transaction while it is EXECUTING passes it by, and relies on the executor to see afterwards
that validation has passed. Who has looked before sees nothing.
"""

from typing import Any, Final

from hyperion.parallel import executing
from hyperion.parallel.counter import Finishing, Idle, Marking, Move, Pc, Shared, Tasked
from hyperion.parallel.program import Block
from hyperion_conformance.exploration.mutants import Variant
from hyperion_conformance.stm.kills import Killing


def look_then_finish(block: Block, shared: Shared, worker: Any) -> Move:
    """First the look, with what is to be done kept in hand, then the status."""
    if isinstance(worker, Marking):
        seen: Any = worker.locations[0]
        return executing.finish(block, shared, Finishing(Pc.FINISH, worker.version, seen))
    passed = shared.scheduler.validation_index > worker.version.transaction
    return shared, Marking(Pc.FINISH, worker.version, (worker.new if passed else None,))


def act_as_seen(block: Block, shared: Shared, worker: Finishing) -> Move:
    """No second look: nothing is to be done if validation had not passed then."""
    if worker.new is None:
        return shared, Idle(Pc.RELEASE)
    if worker.new:
        return shared, Finishing(Pc.LOWER_VALIDATION, worker.version, worker.new)
    return shared, Tasked(Pc.LOAD_READS, worker.version)


LOOK_BEFORE: Final = Variant(
    "look-before-executed",
    "the executor looks at the validation index before it sets EXECUTED, not after",
    {Pc.FINISH: look_then_finish, Pc.COMPARE: act_as_seen},
)
LOOK_BEFORE_KILL: Final = Killing(
    LOOK_BEFORE.name, "end", 2, 2, "counter", "ends with c=1; results 0, 0; serially with c=2; results 0, 1",
    "0x5,1x3,0x4,1x6,0x22,1x4,0x3,1x13,0x1,1x1",
)  # fmt: skip
"""A shortest schedule to a wrong end."""
