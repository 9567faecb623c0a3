"""Running theorems: obligations and controls are spread over processes, results come from the cache where they can."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import attrs

from hyperion_proofs import cache
from hyperion_proofs.ledger import Line, line_as_json, line_from_json
from hyperion_proofs.prove import Finding, prove_together
from hyperion_proofs.registry import registry
from hyperion_proofs.theorem import Obligation, Theorem


@attrs.frozen
class Task:
    """One obligation or control of a theorem, named such that another process finds it."""

    theorem: str
    control: bool
    index: int


Progress = Callable[[int, int, str], None]
"""Told how many tasks are done, of how many, and the theorem of the last one."""


def tasks_of(theorem: Theorem) -> Iterator[Task]:
    """All that is to be done for a theorem."""
    yield from (Task(theorem.id, False, index) for index in range(len(theorem.obligations)))
    yield from (Task(theorem.id, True, index) for index in range(len(theorem.controls)))


def obligation_of(task: Task) -> Obligation:
    """What the task names."""
    theorem = registry()[task.theorem].theorem
    return theorem.controls[task.index].obligation if task.control else theorem.obligations[task.index]


def groups_of(tasks: Sequence[Task]) -> list[tuple[Task, ...]]:
    """The tasks, those together that share a run."""
    groups: dict[object, list[Task]] = {}
    for task in tasks:
        shared = obligation_of(task).shared
        groups.setdefault(task if shared is None else id(shared), []).append(task)
    return [tuple(group) for group in groups.values()]


def work(group: tuple[Task, ...]) -> list[tuple[Task, Finding]]:
    """Do tasks that share a run, in whatever process."""
    return list(zip(group, prove_together([obligation_of(task) for task in group]), strict=True))


def silent(done: int, total: int, theorem: str) -> None:
    """No progress is shown."""


def run_tasks(tasks: Sequence[Task], jobs: int, progress: Progress) -> dict[Task, Finding]:
    """The findings of all tasks."""
    found: dict[Task, Finding] = {}
    groups = groups_of(tasks)

    def take(done: list[tuple[Task, Finding]]) -> None:
        for task, finding in done:
            found[task] = finding
            progress(len(found), len(tasks), task.theorem)

    if jobs <= 1 or len(groups) <= 1:
        for group in groups:
            take(work(group))
        return found
    # Fresh processes: a solver's state does not survive being copied by a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(groups)), mp_context=context) as pool:
        for done in as_completed([pool.submit(work, group) for group in groups]):
            take(done.result())
    return found


def run(ids: Sequence[str], jobs: int = 1, folder: Path | None = None, progress: Progress = silent) -> list[Line]:
    """The ledger of the theorems, in the order given; ``folder`` is where results are kept, None keeps none."""
    lines: dict[str, Line] = {}
    keys: dict[str, str] = {}
    for id in ids:
        entry = registry()[id]
        if folder is None:
            continue
        keys[id] = cache.key_of(id, entry.module)
        kept = cache.load(folder, keys[id])
        if kept is not None:
            lines[id] = line_from_json(entry.theorem, kept)
    todo = [task for id in ids if id not in lines for task in tasks_of(registry()[id].theorem)]
    found = run_tasks(todo, jobs, progress)
    for id in ids:
        if id not in lines:
            lines[id] = line_of(registry()[id].theorem, found)
            if folder is not None:
                cache.store(folder, keys[id], line_as_json(lines[id]))
    return [lines[id] for id in ids]


def line_of(theorem: Theorem, found: dict[Task, Finding]) -> Line:
    """The line of a theorem from the findings of its tasks."""
    return Line(
        theorem,
        tuple(found[task] for task in tasks_of(theorem) if not task.control),
        tuple(found[task] for task in tasks_of(theorem) if task.control),
    )
