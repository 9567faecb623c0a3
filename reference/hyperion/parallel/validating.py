"""Transitions of a worker that validates: it looks at the recorded reads again, and aborts what is not valid.

The procedures ``needs_reexecution`` and ``finish_validation`` of the paper (arXiv 2203.06871, Algorithms 1 and 5).
"""

from __future__ import annotations

from collections.abc import Callable

from hyperion.parallel import mvmemory, scheduler
from hyperion.parallel.counter import (
    Idle,
    Marking,
    Move,
    Pc,
    Scanning,
    Shared,
    Tasked,
    counted,
    remembered,
    scheduled,
)
from hyperion.parallel.mvmemory import ESTIMATE
from hyperion.parallel.program import Block
from hyperion.parallel.version import Version
from hyperion.rules import rule

# --- needs_reexecution, finish_validation ----------------------------------------------------------------------------


def load_reads(block: Block, shared: Shared, worker: Tasked) -> Move:
    """Take the list of reads. It may be a newer incarnation's: the outcome is then refused by ``STM-abort-once``."""
    reads = shared.memory.reads[worker.version.transaction]
    return shared, Scanning(Pc.SCAN, worker.version, reads) if reads else Idle(Pc.RELEASE)


@rule("STM-validate-reads", "An incarnation is valid when each of its recorded reads is.")
def scan(block: Block, shared: Shared, worker: Scanning, valid: Callable[..., bool] = mvmemory.valid) -> Move:
    """Look at one read; abort at the first that is not valid."""
    if not valid(shared.memory, worker.version.transaction, worker.reads[0], block.base):
        return shared, Tasked(Pc.ABORT, worker.version)
    left = worker.reads[1:]
    return shared, Scanning(Pc.SCAN, worker.version, left) if left else Idle(Pc.RELEASE)


def abort(block: Block, shared: Shared, worker: Tasked) -> Move:
    """Abort the incarnation, unless somebody has. Where it wrote, nobody changes while it is ABORTING."""
    changed, aborted = scheduler.try_abort(shared.scheduler, worker.version)
    return scheduled(shared, changed), marking(shared, worker.version) if aborted else Idle(Pc.RELEASE)


def marking(shared: Shared, version: Version) -> Marking | Tasked:
    """On to marking the entries of an aborted incarnation, if it has any."""
    locations = shared.memory.written[version.transaction]
    return Marking(Pc.MARK, version, locations) if locations else Tasked(Pc.REOPEN, version)


@rule("STM-estimate", "The entries of an aborted incarnation become ESTIMATEs before its transaction is ready again.")
def mark(block: Block, shared: Shared, worker: Marking) -> Move:
    """Replace one entry by ESTIMATE."""
    memory = mvmemory.put(shared.memory, worker.locations[0], worker.version.transaction, ESTIMATE)
    left = worker.locations[1:]
    following = Marking(Pc.MARK, worker.version, left) if left else Tasked(Pc.REOPEN, worker.version)
    return remembered(shared, memory), following


def reopen(block: Block, shared: Shared, worker: Tasked) -> Move:
    """The transaction is ready for its next incarnation."""
    changed = scheduler.set_ready(shared.scheduler, worker.version.transaction)
    return scheduled(shared, changed), Tasked(Pc.LOWER_AFTER, worker.version)


@rule("STM-abort-wave", "After an abort, validation starts again no later than at the next transaction.")
def lower_after(block: Block, shared: Shared, worker: Tasked) -> Move:
    """Whoever read what was aborted must be validated again."""
    changed = scheduler.lower_validation(shared.scheduler, worker.version.transaction + 1)
    return scheduled(shared, changed), Tasked(Pc.COUNT_AFTER, worker.version)


def count_after(block: Block, shared: Shared, worker: Tasked) -> Move:
    """Count that the validation index was lowered."""
    return counted(shared), Tasked(Pc.RETRY_LEFT, worker.version)


def retry_left(block: Block, shared: Shared, worker: Tasked) -> Move:
    """Execute it again at once, if execution has passed it: nobody else would."""
    passed = shared.scheduler.execution_index > worker.version.transaction
    return shared, Tasked(Pc.RETRY, worker.version) if passed else Idle(Pc.RELEASE)


def retry(block: Block, shared: Shared, worker: Tasked) -> Move:
    """Start the next incarnation, unless somebody has. The unit of ``active`` stays with the task."""
    changed, version = scheduler.incarnate(shared.scheduler, worker.version.transaction)
    return scheduled(shared, changed), Idle(Pc.RELEASE) if version is None else Tasked(Pc.TASK_EXECUTE, version)
