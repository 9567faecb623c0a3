"""Validating many blocks: each is proved or told why not; mutants of it are refuted, or missed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from random import Random
from time import perf_counter
from typing import Final

import attrs

from hyperion.symbolic.opaque import OpaqueError
from hyperion.symbolic.path import Escape
from hyperion_proofs.executed import Watch
from hyperion_proofs.prove import Finding, judged
from hyperion_proofs.solve import Answer
from hyperion_proofs.statement import Counterexample, NotMet, Unknown
from hyperion_proofs.theorem import Obligation
from hyperion_proofs.translate import Model
from hyperion_proofs.validation.blocks import Subject, obligations_of
from hyperion_proofs.validation.corpus import Contract, code_of, subjects_of
from hyperion_proofs.validation.cutting import NoSuchForm
from hyperion_proofs.validation.merging import explore_merging
from hyperion_proofs.validation.mutants import mutants_of
from hyperion_proofs.validation.oracle import Incremental
from hyperion_proofs.validation.replay import Guessing

MACHINES_TRIED: Final = 200
"""Before a block that is not proved counts as open."""


def prove_part(obligation: Obligation) -> Finding:
    """As ``prove``, with the oracle for long paths, and without watching which functions run: they are ``step``'s."""
    start = perf_counter()
    try:
        exploration = explore_merging(
            lambda path: obligation.statement(Unknown(path)), Incremental(), obligation.limits
        )
        return judged((obligation,), Watch(), exploration, perf_counter() - start)[0]
    except (Escape, OpaqueError) as escape:
        reason = f"a value escapes: {escape}"
    except NoSuchForm as strange:
        reason = f"not the form of a block: {strange}"
    return Finding(obligation.name, Answer.OPEN, reason, 0, 0, perf_counter() - start, {}, ())


def validate(subject: Subject) -> Finding:
    """The finding of a block: that of its parts together; the first part that is not proved has the last word."""
    try:
        obligations = obligations_of(subject)
    except NoSuchForm as strange:
        return Finding("block", Answer.OPEN, f"not the form of a block: {strange}", 0, 0, 0.0, {}, ())
    found = Finding("block", Answer.PROVED, "", 0, 0, 0.0, {}, ())
    for obligation in obligations:
        part = prove_part(obligation)
        found = attrs.evolve(
            part, name="block", paths=found.paths + part.paths, goals=found.goals + part.goals,
            seconds=found.seconds + part.seconds,
        )  # fmt: skip
        if found.answer is not Answer.PROVED:
            break
    return found if found.answer is not Answer.OPEN else searched(subject, obligations, found)


def searched(subject: Subject, obligations: Sequence[Obligation], found: Finding) -> Finding:
    """Where solvers have no answer: the finding, with a counterexample if one of the machines that are tried is one."""
    for seed in range(MACHINES_TRIED):
        for obligation in obligations:
            given = Guessing(Model({}, {}), rng=Random(f"{subject.entry}/{seed}"))
            try:
                obligation.statement(given)
            except NotMet:
                continue
            except Exception as error:  # the text, run on a real machine, raises: wrong as well
                given.failed.append(f"raises {type(error).__name__}: {error}")
            if given.failed:
                shown = Counterexample(given.inputs, tuple(given.notes), tuple(given.failed))
                return attrs.evolve(found, answer=Answer.REFUTED, reason="found by trying", counterexample=shown)
    return found


# --- many -------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Task:
    """A block of a contract, as it is traced or with one kind of fault; named such that another process makes it."""

    contract: Contract
    entry: int
    text: str
    fault: str = ""

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.contract.name}@{self.entry:#x}{f' with {self.fault}' if self.fault else ''}"


@attrs.frozen
class Result:
    """What is known of a task."""

    task: Task
    finding: Finding

    @property
    def holds(self) -> bool:
        """Whether a block is proved, or a mutant refuted."""
        return self.finding.answer is (Answer.REFUTED if self.task.fault else Answer.PROVED)


def tasks_of(contracts: Sequence[Contract], sample: int | None, mutants: bool) -> Iterator[Task]:
    """The blocks, or ``sample`` of them spread evenly over all; with their mutants, if these are asked for."""
    found = [(contract, subject) for contract in contracts for subject in subjects_of(contract)]
    every = 1 if sample is None else max(1, -(-len(found) // max(sample, 1)))
    for contract, subject in found[::every]:
        yield Task(contract, subject.entry, subject.text)
        for mutant in mutants_of(subject.text) if mutants else ():
            yield Task(contract, subject.entry, mutant.text, mutant.kind)


def work(task: Task) -> Result:
    """Do a task, in whatever process."""
    return Result(task, validate(Subject(code_of(task.contract.code), task.entry, task.text)))


def run_tasks(tasks: Sequence[Task], jobs: int, told: Callable[[Result], None]) -> list[Result]:
    """The results of all tasks, in their order."""
    found: dict[Task, Result] = {}
    if jobs <= 1:
        for task in tasks:
            found[task] = work(task)
            told(found[task])
        return [found[task] for task in tasks]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        for done in as_completed([pool.submit(work, task) for task in tasks]):
            result = done.result()
            found[result.task] = result
            told(result)
    return [found[task] for task in tasks]
