"""The scheduler is safe: when the end is announced, every transaction is executed and every recorded read is valid.

For any number of transactions, workers, locations and reads. The transitions are the model's own functions, run on
unknown states, one obligation for each program counter.
"""

from collections.abc import Callable
from typing import Any, Final

import attrs

from hyperion.parallel import scheduler, validating
from hyperion.parallel.counter import Pc
from hyperion.parallel.worker import TRANSITIONS
from hyperion.symbolic.ideal import Ideal
from hyperion_proofs.mutant import in_place, mutant
from hyperion_proofs.solve import INTEGERS
from hyperion_proofs.statement import Statement
from hyperion_proofs.stm.induction import all_are_executed, all_are_valid, keeps, none_has_a_task, starts
from hyperion_proofs.stm.transition import ideals
from hyperion_proofs.theorem import Assumption, Control, Kind, Obligation, Theorem

SOLVERS: Final = (attrs.evolve(INTEGERS, timeout=60_000),)

ATOMIC: Final = Assumption("STM-atomic", "each transition of a worker is one atomic access, in one order for all.")
SETS: Final = Assumption(
    "STM-lists",
    "lists in a worker's hands hold each item once; they, the rows and the memory are seen as sets of what is in them. "
    "Every reachable configuration that is explored confirms it.",
)


def obligation(name: str, statement: Statement, further: tuple[Ideal, ...] = ()) -> Obligation:
    """An obligation about transitions: no path is looked at before, so the solver is not asked at branches."""
    return Obligation(name, statement, SOLVERS, lambda: (*ideals(), *further), prune=False)


def variant(pc: Pc, old: str, new: str, *names: str) -> Obligation:
    """The transition with a piece of its source exchanged, and what is claimed of it: the names, or everything."""
    changed: dict[Pc, Callable[..., Any]] = {**TRANSITIONS, pc: mutant(TRANSITIONS[pc], old, new)}
    return obligation(f"{pc.name}: {', '.join(names) or 'all'}", keeps(pc, *names, transitions=changed))


def beneath(pc: Pc, function: Callable[..., Any], old: str, new: str, *names: str) -> Obligation:
    """The same with the piece in a function that the transition calls."""
    return Obligation(
        f"{pc.name}: {', '.join(names) or 'all'}", keeps(pc, *names), SOLVERS,
        lambda: (*ideals(), in_place(function, old, new)), prune=False,
    )  # fmt: skip


SAFETY: Final = Theorem(
    "STM-safety",
    "When the end is announced, every transaction is executed, every read of its last incarnation is valid, and no "
    "worker has a task, for any number of transactions, workers and locations and every interleaving.",
    (
        "STM-done", "STM-count-before-claim", "STM-count-after-lowering", "STM-one-decrement", "STM-incarnate",
        "STM-abort-once", "STM-abort-wave", "STM-wait", "STM-resume", "STM-validate-again", "STM-validate-reads",
        "STM-estimate", "STM-next-incarnation", "STM-atomic",
    ),
    Kind.INDUCTION,
    (
        obligation("start", starts),
        *(obligation(f"step {pc.name}", keeps(pc)) for pc in TRANSITIONS),
        obligation("end: all executed", all_are_executed),
        obligation("end: all valid", all_are_valid),
        obligation("end: no task", none_has_a_task),
    ),
    (
        Control(
            "a failing try_incarnate decrements the counter, and finish_validation again (the paper's pseudocode)",
            variant(
                Pc.RETRY, "return scheduled(shared, changed), Idle",
                "return scheduled(shared, changed if version else scheduler.count_active(changed, -1)), Idle", "CARD",
            ),
        ),
        Control(
            "a validation is claimed before it is counted",
            variant(Pc.VALIDATION_LEFT, "Pc.VALIDATION_COUNT", "Pc.VALIDATION_CLAIM", "CARD"),
        ),
        Control(
            "an execution is claimed before it is counted",
            variant(Pc.EXECUTION_LEFT, "Pc.EXECUTION_COUNT", "Pc.EXECUTION_CLAIM", "CARD"),
        ),
        Control(
            "a worker whose transaction waits stays counted",
            variant(Pc.SUSPEND, "Idle(Pc.RELEASE)", "Idle(Pc.PICK)", "CARD"),
        ),
        Control(
            "a lowering after an abort is not counted",
            variant(Pc.COUNT_AFTER, "return counted(shared)", "return shared", "D2"),
        ),
        Control(
            "a lowering for a resumed transaction is not counted",
            variant(Pc.COUNT_EXECUTION, "return counted(shared)", "return shared", "D1"),
        ),
        Control(
            "a lowering is counted before it is done",
            variant(Pc.LOWER_AFTER, "Pc.COUNT_AFTER", "Pc.RETRY_LEFT", "D2"),
        ),
        Control(
            "the check for the end does not look again at the lowerings",
            variant(Pc.DONE_AGAIN, "shared.scheduler.lowered == worker.lowered", "True", "D3"),
        ),
        Control(
            "the check for the end does not look at who is active",
            variant(Pc.DONE_ACTIVE, "shared.scheduler.active == 0", "True", "D3"),
        ),
        Control(
            "new locations start no wave",
            variant(Pc.COMPARE, "if worker.new:", "if False:", "P9"),
        ),
        Control(
            "a wave starts after the transaction, which is not validated",
            variant(Pc.LOWER_VALIDATION, "worker.version.transaction)", "worker.version.transaction + 1)", "P9"),
        ),
        Control("an abort starts no wave", variant(Pc.REOPEN, "Pc.LOWER_AFTER", "Pc.RETRY_LEFT", "P9")),
        Control(
            "the wave of an abort leaves the next transaction out",
            variant(Pc.LOWER_AFTER, "transaction + 1", "transaction + 2", "P9"),
        ),
        Control("a scan passes what is not valid", variant(Pc.SCAN, "if not valid(", "if None is valid(", "P9")),
        Control(
            "an aborted incarnation leaves its entries as they are",
            beneath(Pc.ABORT, validating.marking, "if locations else", "if None else", "P8"),
        ),
        Control(
            "a transaction is ready before all its entries are ESTIMATEs",
            variant(Pc.MARK, "if left else", "if None else", "P8"),
        ),
        Control(
            "the dependents are taken while someone is about to join them",
            variant(Pc.TAKE_DEPENDENTS, "return None", "pass", "P6"),
        ),
        Control(
            "resumed transactions do not lower the execution index",
            variant(Pc.RESUME, "Pc.LOWER_EXECUTION", "Pc.COMPARE", "P7"),
        ),
        Control(
            "a transaction is aborted whatever its phase",
            beneath(
                Pc.ABORT, scheduler.try_abort,
                "scheduler.status[version.transaction] != Status(version.incarnation, Phase.EXECUTED)", "False", "P1",
            ),
        ),
        Control(
            "a transaction is executed whatever its phase",
            beneath(
                Pc.EXECUTION_START, scheduler.incarnate,
                "or scheduler.status[transaction].phase is not Phase.READY", "", "P1",
            ),
        ),
    ),
    "programs stop",
    (ATOMIC, SETS),
    "The invariants hold at the start, every transition keeps them, and at the end they say the claim. Of programs "
    "and the memory nothing is used but STM-rewrite. With STM-serial the memory then holds the serial result.",
)  # fmt: skip

VARIANTS: Final = Theorem(
    "STM-variants",
    "Safety does not need that an abort looks at the incarnation, that only new locations start a wave, or that only "
    "invalid reads abort; and a wave may start lower than it must.",
    ("STM-abort-once", "STM-validate-again", "STM-abort-wave", "STM-validate-reads"),
    Kind.INDUCTION,
    (
        beneath(
            Pc.ABORT, scheduler.try_abort,
            "scheduler.status[version.transaction] != Status(version.incarnation, Phase.EXECUTED)",
            "scheduler.status[version.transaction].phase is not Phase.EXECUTED",
        ),
        variant(Pc.COMPARE, "if worker.new:", "if True:"),
        variant(Pc.SCAN, "if not valid(", "if None is not valid("),
        variant(Pc.LOWER_AFTER, "transaction + 1", "transaction"),
        variant(Pc.COUNT_VALIDATION, "Idle(Pc.RELEASE)", "Tasked(Pc.LOAD_READS, worker.version)"),
    ),
    (
        Control(
            "a wave starts one transaction higher than it must",
            variant(Pc.LOWER_AFTER, "transaction + 1", "transaction + 2", "P9"),
        ),
        Control(
            "an incarnation without new locations is not validated",
            variant(Pc.COMPARE, "return shared, Tasked(Pc.LOAD_READS, worker.version)",
                    "return shared, Idle(Pc.RELEASE)", "P9"),
        ),
    ),
    "as of STM-safety, with one transition changed",
    (ATOMIC, SETS),
    "The other transitions keep the same invariants as they are (STM-safety).",
)  # fmt: skip

THEOREMS: Final = (SAFETY, VARIANTS)
