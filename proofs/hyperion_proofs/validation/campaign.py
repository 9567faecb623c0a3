"""Validating many blocks: each is proved or told why not; mutants of it are refuted, or missed."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from random import Random
from time import process_time
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
from hyperion_proofs.validation.corpus import Contract, entries_of, subject_of
from hyperion_proofs.validation.cutting import NoSuchForm
from hyperion_proofs.validation.merging import explore_merging
from hyperion_proofs.validation.mutants import mutants_of
from hyperion_proofs.validation.oracle import Incremental
from hyperion_proofs.validation.replay import Guessing
from hyperion_proofs.validation.settling import settled

MACHINES_TRIED: Final = 200
"""Before a block that is not proved counts as open."""


def prove_part(obligation: Obligation) -> Finding:
    """As ``prove``, with the oracle for long paths, and without watching which functions run: they are ``step``'s.

    Seconds are the processor's: what else the machine does has no part in them.
    """
    start, oracle, deciders = process_time(), Incremental(), Counter[str]()
    try:
        found = explore_merging(lambda path: obligation.statement(Unknown(path)), oracle, obligation.limits)
        left = settled(found, oracle, deciders)
        finding = judged((obligation,), Watch(), left, 0.0)[0]
        goals = sum(max(len(outcome.checks), 1) for outcome in found.outcomes)
        return attrs.evolve(finding, paths=len(found.outcomes), goals=goals, deciders={**finding.deciders, **deciders})
    except (Escape, OpaqueError) as escape:
        reason = f"a value escapes: {escape}"
    except NoSuchForm as strange:
        reason = f"not the form of a block: {strange}"
    return Finding(obligation.name, Answer.OPEN, reason, 0, 0, process_time() - start, {}, ())


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
    """An entry of a contract, whose block is to be validated, with mutants of it or without."""

    contract: Contract
    entry: int
    mutants: bool


@attrs.frozen
class Result:
    """What is known of a block, or of a mutant of it."""

    contract: str
    entry: int
    text: str
    finding: Finding
    fault: str = ""

    @property
    def name(self) -> str:
        """Where the block is, and what is wrong with it."""
        return f"{self.contract}@{self.entry:#x}{f' with {self.fault}' if self.fault else ''}"

    @property
    def holds(self) -> bool:
        """Whether a block is proved, or a mutant refuted."""
        return self.finding.answer is (Answer.REFUTED if self.fault else Answer.PROVED)


def tasks_of(contracts: Sequence[Contract], sample: int | None, mutants: bool) -> list[Task]:
    """The entries, or about ``sample`` of them spread evenly over all."""
    found = [Task(contract, entry, mutants) for contract in contracts for entry in entries_of(contract)]
    return found if sample is None else found[:: max(1, len(found) // sample)]


def work(task: Task) -> list[Result]:
    """The results of an entry, in whatever process; none if it has no block."""
    subject, name = subject_of(task.contract, task.entry), task.contract.name
    if subject is None:
        return []
    found = [Result(name, task.entry, subject.text, validate(subject))]
    for mutant in mutants_of(subject.text) if task.mutants else ():
        finding = validate(attrs.evolve(subject, text=mutant.text))
        found.append(Result(name, task.entry, mutant.text, finding, mutant.kind))
    return found


def run_tasks(tasks: Sequence[Task], jobs: int, told: Callable[[Result], None]) -> list[Result]:
    """The results of all tasks, each told when it is there."""
    found: list[Result] = []

    def take(results: list[Result]) -> None:
        for result in results:
            found.append(result)
            told(result)

    if jobs <= 1:
        for task in tasks:
            take(work(task))
        return found
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        for done in as_completed([pool.submit(work, task) for task in tasks]):
            take(done.result())
    return found
