"""The algorithm as a table: what a worker does at each program counter, and how much of it is one step."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from hyperion.parallel import claiming, executing, validating
from hyperion.parallel.counter import Move, Pc, Shared, Transition, Worker
from hyperion.parallel.program import Block
from hyperion.rules import rule

TRANSITIONS: Final[Mapping[Pc, Transition]] = {
    Pc.LOOP: claiming.loop,
    Pc.PICK: claiming.pick,
    Pc.CHOOSE: claiming.choose,
    Pc.EXECUTION_LEFT: claiming.execution_left,
    Pc.EXECUTION_COUNT: claiming.execution_count,
    Pc.EXECUTION_CLAIM: claiming.execution_claim,
    Pc.EXECUTION_START: claiming.execution_start,
    Pc.VALIDATION_LEFT: claiming.validation_left,
    Pc.VALIDATION_COUNT: claiming.validation_count,
    Pc.VALIDATION_CLAIM: claiming.validation_claim,
    Pc.VALIDATION_START: claiming.validation_start,
    Pc.UNCLAIM: claiming.unclaim,
    Pc.RELEASE: claiming.release,
    Pc.DONE_LOWERED: claiming.done_lowered,
    Pc.DONE_EXECUTION: claiming.done_execution,
    Pc.DONE_VALIDATION: claiming.done_validation,
    Pc.DONE_ACTIVE: claiming.done_active,
    Pc.DONE_AGAIN: claiming.done_again,
    Pc.DONE_MARK: claiming.done_mark,
    Pc.TASK_EXECUTE: claiming.task_execute,
    Pc.TASK_VALIDATE: claiming.task_validate,
    Pc.READ: executing.read,
    Pc.WAIT: executing.wait,
    Pc.SUSPEND: executing.suspend,
    Pc.WRITE: executing.write,
    Pc.REMOVE: executing.remove,
    Pc.KEEP_WRITTEN: executing.keep_written,
    Pc.KEEP_READS: executing.keep_reads,
    Pc.FINISH: executing.finish,
    Pc.TAKE_DEPENDENTS: executing.take_dependents,
    Pc.RESUME: executing.resume,
    Pc.LOWER_EXECUTION: executing.lower_execution,
    Pc.COUNT_EXECUTION: executing.count_execution,
    Pc.COMPARE: executing.compare,
    Pc.LOWER_VALIDATION: executing.lower_validation,
    Pc.COUNT_VALIDATION: executing.count_validation,
    Pc.LOAD_READS: validating.load_reads,
    Pc.SCAN: validating.scan,
    Pc.ABORT: validating.abort,
    Pc.MARK: validating.mark,
    Pc.REOPEN: validating.reopen,
    Pc.LOWER_AFTER: validating.lower_after,
    Pc.COUNT_AFTER: validating.count_after,
    Pc.RETRY_LEFT: validating.retry_left,
    Pc.RETRY: validating.retry,
}
"""The algorithm: what a worker does at each program counter. At EXIT it does nothing. A variant replaces entries."""

MERGED: Final = frozenset(
    {Pc.READ, Pc.WRITE, Pc.REMOVE, Pc.KEEP_WRITTEN, Pc.KEEP_READS, Pc.SCAN, Pc.MARK, Pc.REOPEN, Pc.SUSPEND}
)
"""Program counters that the coarse grain does not stop at: the memory of one task at a time, and what a lock covers."""


class Grain(Enum):
    """How much of the algorithm is one step."""

    FINE = "fine"
    """Each access to what is shared by itself: every interleaving that sequentially consistent memory allows."""
    COARSE = "coarse"
    """All reads of an execution, all entries of a record, all reads of a validation as one: fewer interleavings, hence
    larger blocks in the same time, but no torn reads."""


@rule("STM-atomic", "One transition of a worker is one atomic access to what workers share.")
def step(
    block: Block,
    shared: Shared,
    worker: Worker,
    transitions: Mapping[Pc, Transition] = TRANSITIONS,
    grain: Grain = Grain.FINE,
) -> Move:
    """One step of a worker; None when it waits for a lock, or has left.

    A coarse step goes on as long as the worker's next access is one of ``MERGED`` and no lock stands in its way.
    """
    if worker.pc is Pc.EXIT:
        return None
    move = transitions[worker.pc](block, shared, worker)
    while grain is Grain.COARSE and move is not None and move[1].pc in MERGED:
        further = transitions[move[1].pc](block, *move)
        if further is None:
            break
        move = further
    return move
