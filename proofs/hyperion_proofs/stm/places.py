"""Where a worker stands: sets of the model's program counters that the invariants speak of.

They are written down here again, not taken from ``hyperion.parallel.invariants``: two statements of what must hold, and
the bridge asks both of the same configurations.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from hyperion.parallel.counter import Pc
from hyperion.symbolic.proxies import any_of, negation
from hyperion_proofs.stm.histories import Condition

INACTIVE: Final = frozenset(
    {
        Pc.LOOP, Pc.PICK, Pc.CHOOSE, Pc.EXECUTION_LEFT, Pc.EXECUTION_COUNT, Pc.VALIDATION_LEFT, Pc.VALIDATION_COUNT,
        Pc.DONE_LOWERED, Pc.DONE_EXECUTION, Pc.DONE_VALIDATION, Pc.DONE_ACTIVE, Pc.DONE_AGAIN, Pc.DONE_MARK, Pc.EXIT,
    }
)  # fmt: skip
"""Here a worker is not counted."""
BEFORE_RECORDING: Final = frozenset({Pc.TASK_EXECUTE, Pc.READ, Pc.WAIT, Pc.SUSPEND})
RECORDING: Final = frozenset({Pc.WRITE, Pc.REMOVE, Pc.KEEP_WRITTEN, Pc.KEEP_READS, Pc.FINISH})
"""Here the entries of a transaction are replaced one by one."""
OWNING: Final = BEFORE_RECORDING | RECORDING
"""Here a worker has the execution of its transaction to itself."""
ABORTER: Final = frozenset({Pc.MARK, Pc.REOPEN})
"""Here a worker has the abort of its transaction to itself."""
RESUMING: Final = frozenset({Pc.RESUME, Pc.LOWER_EXECUTION})
REOPENED: Final = frozenset({Pc.LOWER_AFTER, Pc.COUNT_AFTER, Pc.RETRY_LEFT, Pc.RETRY})
"""Here a worker has made the transaction ready that it aborted."""
FINISHED: Final = frozenset({Pc.TAKE_DEPENDENTS, Pc.RESUME, Pc.LOWER_EXECUTION, Pc.COUNT_EXECUTION, Pc.COMPARE})
"""Here a worker has executed its transaction, and has not yet seen to its validation."""
VALIDATING: Final = frozenset({Pc.TASK_VALIDATE, Pc.LOAD_READS, Pc.ABORT})
"""Here a worker validates, and has passed no read as valid; or has found one that is not."""
ABORTING_WAVE: Final = ABORTER | {Pc.LOWER_AFTER}
"""Here a worker will lower the validation index to the transaction after its own."""
EXECUTION: Final = frozenset({Pc.EXECUTION_START})
VALIDATION: Final = frozenset({Pc.VALIDATION_START})
EXECUTION_SEEN: Final = frozenset({Pc.DONE_VALIDATION, Pc.DONE_ACTIVE, Pc.DONE_AGAIN})
"""Here a check for the end has found the execution index past the end."""
VALIDATION_SEEN: Final = frozenset({Pc.DONE_ACTIVE, Pc.DONE_AGAIN})
LAPSING: Final = frozenset({Pc.EXECUTION_CLAIM, Pc.VALIDATION_CLAIM, Pc.UNCLAIM, Pc.RELEASE})
"""Here a worker is counted, but has nothing in hand."""


def among(place: int, places: Iterable[Pc]) -> Condition:
    """Whether the place is one of these."""
    return any_of(*(place == int(one) for one in sorted(places)))


def is_active(place: int) -> Condition:
    """Whether a worker at the place is counted."""
    return negation(among(place, INACTIVE))


class Aborting(IntEnum):
    """Who is to make an aborting transaction ready again."""

    NOBODY = 0
    VALIDATOR = 1
    BLOCKER = 2
    """It is among the dependents of a lower transaction."""
    RESUMER = 3
    """A worker has taken it out of them."""
