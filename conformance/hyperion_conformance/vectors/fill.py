"""Filling: drafts get what the model computes, and are put to clients that know nothing of it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Final

import attrs

from hyperion.vm.forks import fork_named
from hyperion_conformance.harness import Adapter, Broken, Deadlines
from hyperion_conformance.harness.address import Address
from hyperion_conformance.protocol.messages import ErrorReply, Json, Skip, TraceAnswer
from hyperion_conformance.runner.judge import compare
from hyperion_conformance.targets import TARGETS, target_named
from hyperion_conformance.targets.target import ForkOf
from hyperion_conformance.vectors import clients
from hyperion_conformance.vectors.load import MANIFEST, TOMBSTONES, read_tombstones
from hyperion_conformance.vectors.manifest import Check, Manifest
from hyperion_conformance.vectors.model import digest_chain, known_fork
from hyperion_conformance.vectors.record import Case, Draft, Trace, VectorError, VectorFile, case_of, checkpoints
from hyperion_conformance.workers import ALONE, Workers, over

DEFAULT_SEED: Final = 7
DEFAULT_COUNT: Final = 400
PATIENT: Final = Deadlines(base=120.0)
"""A client that is asked while its machine is busy may be slow; a hang costs a fill no more than its time."""
Progress = Callable[[str, int, int], None]
"""Called with what is done, how many are done, and how many there are."""


def no_progress(what: str, done: int, total: int) -> None:
    """Say nothing."""


def all_drafts(seed: int = DEFAULT_SEED, count: int = DEFAULT_COUNT, targets: Sequence[str] = ()) -> tuple[Draft, ...]:
    """The drafts of all generators by id. Refused: an id that two drafts have."""
    drafts: dict[str, Draft] = {}
    for generator in chain.from_iterable(target.generators for target in TARGETS.values()):
        for draft in generator(seed, count):
            if draft.id in drafts:
                raise VectorError(generator.__module__, draft.id, "$.id", "two drafts have this id")
            drafts[draft.id] = draft
    return tuple(draft for _, draft in sorted(drafts.items()) if not targets or draft.target in targets)


def fill_case(draft: Draft, fork_of: ForkOf = fork_named) -> Case:
    """The case of a draft: outcome and checkpoints of the trace by the model."""
    target = target_named(draft.target)
    outcome = target.outcome(draft.input, draft.fork, True, fork_of)
    machine = target.machine and target.machine(draft.input, known_fork(draft.fork, fork_of), True)
    if machine is None:
        return case_of(draft, outcome, None)
    digests = digest_chain(machine)
    stride, steps = checkpoints(len(digests))
    return case_of(draft, outcome, Trace(len(digests), stride, tuple(digests[step] for step in steps)))


def fill(drafts: Sequence[Draft], workers: Workers = ALONE, progress: Progress = no_progress) -> tuple[Case, ...]:
    """The cases of all drafts, in their order; who works changes nothing but the time."""
    return tuple(_reported(over(workers, fill_case, drafts, chunk=32), len(drafts), progress))


def _reported(cases: Iterator[Case], total: int, progress: Progress) -> Iterator[Case]:
    for done, case in enumerate(cases, 1):
        progress("filled", done, total)
        yield case


# --- independent clients ---------------------------------------------------------------------------------------------


@attrs.frozen
class Disagreement:
    """A client's answer that is not the model's: where, and both values."""

    client: str
    case: str
    field: str
    model: Json
    theirs: Json

    def __str__(self) -> str:
        return f"{self.case}: {self.field}: the model says {self.model!r}, {self.client} says {self.theirs!r}"


@attrs.frozen
class Answer:
    """What a client made of a case: a disagreement, a reason why it did not answer, or agreement, also on the trace."""

    case: str
    disagreement: Disagreement | None = None
    skipped: str | None = None
    trace: bool = False


class ClientBroke(Exception):
    """A client that does not start, crashes, hangs or speaks no protocol: nothing can be said of the cases."""


def ask(adapter: Adapter, case: Case) -> Answer:
    """A client's answer to a case. The expectation is not sent."""
    hello = adapter.hello()
    if isinstance(hello, Broken):
        raise ClientBroke(f"{hello.kind}: {hello.detail}\n{hello.log}")
    name = hello.implementation.name
    if not hello.claims(case.target, case.fork):
        return Answer(case.id, skipped=f"{case.target} at {case.fork} is not claimed")
    steps = None if case.trace is None else case.trace.steps
    fault = clients.KNOWN_FAULTS.get((name, case.id))
    reply = adapter.run(case.target, case.fork, case.input, steps)
    match reply:
        case Broken(kind, detail, log):
            raise ClientBroke(f"{name}, {case.id}: {kind}: {detail}\n{log}")
        case ErrorReply(_, code, message) if fault is None:
            return error_of(name, case, f"{code}: {' '.join(message.split())}")
        case Skip(_, why):
            return Answer(case.id, skipped=why)
        case ErrorReply():
            return Answer(case.id, skipped=f"known fault of the client: {fault}")
    expected = target_named(case.target).canonical(case.expect["exactly"])  # type: ignore[arg-type]
    differences = compare(case.target, expected, reply)
    if differences and fault is not None:
        return Answer(case.id, skipped=f"known fault of the client: {fault}")
    if differences:
        first = differences[0]
        return Answer(case.id, Disagreement(name, case.id, first.path, first.expected, first.got))
    if "trace" not in hello.features or case.trace is None:
        return Answer(case.id)
    return ask_trace(adapter, name, case, case.trace)


def error_of(name: str, case: Case, message: str) -> Answer:
    """What an error is: no answer where the case is refused, since bytes that are no transaction stop some clients."""
    outcome = case.expect.get("exactly")
    refused = isinstance(outcome, Mapping) and outcome.get("status") == "reject"
    if refused:
        return Answer(case.id, skipped=f"error instead of a refusal: {message}"[:160])
    return Answer(case.id, Disagreement(name, case.id, "$.error", None, message))


def ask_trace(adapter: Adapter, name: str, case: Case, trace: Trace) -> Answer:
    """Whether the client's trace is the model's at all checkpoints; if not, the first that differs."""
    last = max(trace.steps - 1, 0)
    steps = [min(index * trace.stride, last) for index in range(len(trace.digests))]
    reply = adapter.trace(case.target, case.fork, case.input, steps, steps=trace.steps)
    if isinstance(reply, Broken):
        raise ClientBroke(f"{name}, {case.id}: trace: {reply.kind}: {reply.detail}\n{reply.log}")
    if not isinstance(reply, TraceAnswer):
        return Answer(case.id)
    for step, digest in zip(steps, trace.digests, strict=True):
        if reply.digests.get(step) != digest:
            at = f"$.trace.digests[{step}]"
            return Answer(case.id, Disagreement(name, case.id, at, digest, reply.digests.get(step)))
    if reply.steps != trace.steps:
        return Answer(case.id, Disagreement(name, case.id, "$.trace.steps", trace.steps, reply.steps))
    return Answer(case.id, trace=True)


def ask_all(address: Address, cases: Sequence[Case], jobs: int, progress: Progress = no_progress) -> tuple[Answer, ...]:
    """A client's answers to all cases, in their order, from ``jobs`` processes of it."""
    slices = [cases[start::jobs] for start in range(jobs)]
    done = [0] * jobs

    def work(index: int) -> list[Answer]:
        adapter = Adapter(address, PATIENT)
        answers = []
        try:
            for case in slices[index]:
                answers.append(ask(adapter, case))
                done[index] += 1
                progress("checked", sum(done), len(cases))
        finally:
            adapter.close()
        return answers

    with ThreadPoolExecutor(jobs) as pool:
        parts = list(pool.map(work, range(jobs)))
    by_case = {answer.case: answer for part in parts for answer in part}
    return tuple(by_case[case.id] for case in cases)


def check_of(address: Address, answers: Sequence[Answer]) -> Check:
    """The account of a client's answers, none of which disagrees."""
    adapter = Adapter(address)
    hello = adapter.hello()
    adapter.close()
    if isinstance(hello, Broken):
        raise ClientBroke(f"{hello.kind}: {hello.detail}\n{hello.log}")
    skipped = tuple((answer.case, answer.skipped) for answer in answers if answer.skipped is not None)
    agreed = sum(answer.skipped is None and answer.disagreement is None for answer in answers)
    who = hello.implementation
    return Check(who.name, who.version, agreed, sum(answer.trace for answer in answers), skipped)


# --- writing ---------------------------------------------------------------------------------------------------------


def refuse_buried(files: Sequence[VectorFile], folder: Path) -> None:
    """Refuse ids that have a tombstone in ``folder``."""
    buried = {stone.id for stone in read_tombstones(folder)} if folder.is_dir() else set()
    for file in files:
        for case in file.cases:
            if case.id in buried:
                raise VectorError(file.path, case.id, "$.id", "was removed once, and is never used again")


def write(folder: Path, files: Sequence[VectorFile], manifest: Manifest) -> None:
    """Put the vectors in ``folder`` all at once: whoever reads it sees the old ones or the new ones."""
    refuse_buried(files, folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for file in files:
            path = fresh / file.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(file.encode())
        (fresh / MANIFEST).write_bytes(manifest.encode())
        if (folder / TOMBSTONES).exists():
            shutil.copyfile(folder / TOMBSTONES, fresh / TOMBSTONES)
        fresh.chmod(0o755)
        replace(folder, fresh)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def replace(folder: Path, fresh: Path) -> None:
    """Put ``fresh`` where ``folder`` is. A directory can't be replaced in one call, so it is moved aside first."""
    old = fresh.with_name(fresh.name + "-old")
    if folder.exists():
        folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
