"""An engine held against blocks and schedules, through its adapter, at the levels that it offers.

L0 asks for a block by so many threads with such a seed and compares what comes with the serial outcome; L1 checks the
certificate of the same run; L2 its log; L3 grants one access at a time along schedules of the model and compares what
is shared after each. A question without an answer within the deadline is a hang, which is a fault of the engine.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

import attrs

from hyperion.parallel.configuration import Run, run
from hyperion.parallel.counter import Pc
from hyperion.parallel.trees import Trees
from hyperion_conformance.exploration.workloads import WORKLOADS, block_of
from hyperion_conformance.harness import Adapter, Address, Broken, Deadlines
from hyperion_conformance.protocol.messages import (
    Answer,
    Hello,
    Json,
    Reply,
    act_request,
    close_request,
    open_request,
    run_request,
    snapshot_request,
)
from hyperion_conformance.stm.certificate import certificate_of, faults, final_state
from hyperion_conformance.stm.events import monitored
from hyperion_conformance.stm.kills import kills
from hyperion_conformance.stm.programs import block_json, without_additions
from hyperion_conformance.stm.serial import serial_json
from hyperion_conformance.stm.steps import STEPS
from hyperion_conformance.targets.target import PROTOCOL_FORK
from hyperion_conformance.vectors.generators.assembly import Draw
from hyperion_conformance.vectors.generators.stm import random_block
from hyperion_conformance.vectors.input import InputError

ADDITIONS: Final = "stm.additions"
"""The feature of an engine that adds without reading; another gets programs in which an addition reads and writes."""
NEEDS: Final[Mapping[str, str]] = {"L1": "stm.certificate", "L2": "stm.events", "L3": "sessions"}
LEVELS: Final = ("L0", "L1", "L2", "L3")
BLOCK, STEPS_TARGET = "stm.block", "stm.steps"
LABELS: Final = frozenset(pc.name for pc in Pc)


@attrs.frozen
class Finding:
    """What is wrong: the level, the block, threads and seed, and how."""

    level: str
    block: str
    threads: int
    seed: int
    what: str

    def __str__(self) -> str:
        return f"{self.level} {self.block}, {self.threads} threads, seed {self.seed}: {self.what}"


@attrs.frozen
class Task:
    """One share of a check, for one process."""

    address: Address
    levels: tuple[str, ...]
    sizes: tuple[int, ...]
    threads: int
    seed: int
    patience: float
    enough: int = 100
    """Faults after which the share is not gone on with."""


@attrs.frozen
class Share:
    """What became of a task: how often each level was asked, what was found, and the breakage that ended it."""

    asked: Mapping[str, int]
    found: tuple[Finding, ...] = ()
    broken: str = ""
    absent: tuple[str, ...] = ()
    """Levels that were wanted and are not offered."""


class AdapterBroke(Exception):
    """The adapter crashed, or did not keep to the protocol."""


def named_blocks(sizes: Sequence[int], seed: int) -> Iterator[tuple[str, Trees]]:
    """Every workload at every size, and a random block for each size."""
    for size in sizes:
        for workload in WORKLOADS:
            yield f"{workload}-{size}", block_of(workload, size)
        yield f"random-{seed}-{size}", random_block(Draw(seed, "stm.check", size))


@attrs.define
class Checker:
    """An adapter under check, and what has been found so far."""

    task: Task
    adapter: Adapter
    features: frozenset[str]
    asked: dict[str, int] = attrs.Factory(dict)
    found: list[Finding] = attrs.Factory(list)

    def note(self, level: str, block: str, what: str) -> None:
        """A fault."""
        self.found.append(Finding(level, block, self.task.threads, self.task.seed, what[:300]))

    def count(self, level: str) -> None:
        """A question of a level."""
        self.asked[level] = self.asked.get(level, 0) + 1

    def value(self, reply: Reply | Broken, level: str, block: str) -> Mapping[str, Json] | None:
        """What was answered; a hang is a fault of the engine, and all else that is no answer breaks off the check."""
        if isinstance(reply, Answer):
            return reply.value
        if isinstance(reply, Broken) and reply.kind == "timeout":
            self.note(level, block, f"hangs: {reply.detail}")
            return None
        raise AdapterBroke(f"{level} {block}: {reply}"[:600])


def checked(task: Task) -> Share:
    """Do one share."""
    adapter = Adapter(task.address, Deadlines(base=task.patience))
    try:
        hello = adapter.hello()
        if isinstance(hello, Broken):
            return Share({}, broken=f"{hello.kind}: {hello.detail}"[:600])
        absent = tuple(level for level in task.levels if not offered(level, hello))
        checker = Checker(task, adapter, hello.features)
        levels = tuple(level for level in task.levels if level not in absent)
        try:
            check(checker, levels)
        except (AdapterBroke, InputError) as error:
            return Share(checker.asked, tuple(checker.found), str(error), absent)
        return Share(checker.asked, tuple(checker.found), absent=absent)
    finally:
        adapter.close()


def offered(level: str, hello: Hello) -> bool:
    """Whether an adapter offers a level."""
    target = STEPS_TARGET if level == "L3" else BLOCK
    return hello.claims(target, PROTOCOL_FORK) and NEEDS.get(level, "") in ("", *hello.features)


def check(checker: Checker, levels: Sequence[str]) -> None:
    """All blocks at these levels."""
    whole = tuple(level for level in levels if level != "L3")
    if whole:
        for name, block in named_blocks(checker.task.sizes, checker.task.seed):
            if len(checker.found) >= checker.task.enough:
                return
            run_whole(checker, whole, name, block)
    if "L3" in levels:
        for name, block, workers, turns in schedules(checker.task):
            if len(checker.found) >= checker.task.enough:
                return
            follow(checker, name, block, workers, turns)


# --- L0, L1, L2 ------------------------------------------------------------------------------------------------------


def run_whole(checker: Checker, levels: Sequence[str], name: str, block: Trees) -> None:
    """One run of a block, looked at on several levels."""
    sent = block if ADDITIONS in checker.features else without_additions(block)
    wish: Json = {
        "threads": str(checker.task.threads), "seed": str(checker.task.seed),
        "certificate": "L1" in levels, "log": "L2" in levels,
    }  # fmt: skip
    request = run_request(0, BLOCK, PROTOCOL_FORK, {**block_json(sent), "run": wish})
    outcome = checker.value(checker.adapter.ask(request), "L0", name)
    for level in levels:
        checker.count(level)
    if outcome is None:
        return
    if "L0" in levels:
        for what in differences(serial_json(sent), outcome):
            checker.note("L0", name, what)
    if "L1" in levels:
        certificate = certificate_of(outcome.get("certificate"))
        for fault in faults(sent, certificate):
            checker.note("L1", name, str(fault))
        left = {at: str(value) for at, value in final_state(sent, certificate).items()}
        if left != outcome.get("state"):
            checker.note("L1", name, f"the state is not what the certificate leaves: {left}")
    if "L2" in levels:
        for broken in monitored(sent, outcome.get("events")):
            checker.note("L2", name, str(broken))


def differences(expected: Mapping[str, Json], outcome: Mapping[str, Json]) -> Iterator[str]:
    """Where an outcome is not the serial one; what a client does not say is not compared, but state and results are."""
    for key, value in expected.items():
        if key in ("state", "results") or key in outcome:
            seen = outcome.get(key)
            if seen != value:
                yield f"{key} is {seen}; serially {value}"


# --- L3 --------------------------------------------------------------------------------------------------------------


def schedules(task: Task) -> Iterator[tuple[str, Trees, int, tuple[int, ...]]]:
    """Blocks with a number of workers and a schedule: those that kill variants, and random ones to the end."""
    for kill in kills():
        yield f"{kill.by} {kill.variant}", kill.block, kill.workers, kill.turns
    for workload in WORKLOADS:
        rng = Random(f"{workload} {task.seed}")
        block = block_of(workload, 4)
        ran = run(block, task.threads, tuple(rng.randrange(task.threads) for _ in range(2_000)))
        if isinstance(ran, Run):
            yield f"random {workload}-4", block, task.threads, ran.steps


def follow(checker: Checker, name: str, block: Trees, workers: int, turns: Sequence[int]) -> None:
    """Grant access after access, and compare what is shared after each with the model."""
    checker.count("L3")
    opening: dict[str, Json] = {**block_json(block), "workers": str(workers)}
    adapter = checker.adapter
    began = checker.value(adapter.ask(open_request(0, STEPS_TARGET, PROTOCOL_FORK, opening)), "L3", name)
    if began is None:
        return
    session = str(began.get("session"))
    state = STEPS.open(opening, True)
    for place, worker in enumerate(turns):
        event: dict[str, Json] = {"worker": str(worker)}
        state, expected = STEPS.act(state, event, True)
        answer = granted(checker, session, event, name)
        shared = checker.value(adapter.ask(snapshot_request(0, session)), "L3", name)
        if answer is None or shared is None:
            return
        wanted = STEPS.snapshot(state)
        differs = [key for key in wanted if shared.get(key) != wanted[key]]
        if answer.get("next") != expected.get("next") or differs:
            at = f"access {place} by worker {worker}: "
            detail = "; ".join(f"{key} is {shared.get(key)}, not {wanted[key]}" for key in differs)
            checker.note("L3", name, f"{at}next {answer.get('next')}, not {expected.get('next')}; {detail}")
            break
    checker.value(adapter.ask(close_request(0, session)), "L3", name)


def granted(checker: Checker, session: str, event: Mapping[str, Json], name: str) -> Mapping[str, Json] | None:
    """Grant one access, and as many more as the engine has of its own: those with a label that the model has not."""
    for _ in range(MOST_OWN):
        answer = checker.value(checker.adapter.ask(act_request(0, session, event)), "L3", name)
        if answer is None or answer.get("next") is None or answer["next"] in LABELS:
            return answer
    return answer


MOST_OWN: Final = 64
"""Accesses of its own that an engine may make in a row."""
