"""A run: lanes of cases through adapter processes, every case twice, every failure once more alone.

A lane is a fixed slice of the chosen cases with a process of its own. Which worker takes a lane does not matter, so the
verdicts do not depend on the number of workers, not even for an adapter that keeps state between cases.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import attrs

from hyperion_conformance.harness.adapter import Adapter, Broken, Deadlines
from hyperion_conformance.harness.address import Address
from hyperion_conformance.protocol.messages import Hello
from hyperion_conformance.runner.bisect import Model, NoTrace, asker, find_divergence
from hyperion_conformance.runner.cases import Case
from hyperion_conformance.runner.cause import coarse, signature
from hyperion_conformance.runner.judge import Judgement, Observation, brief, general, judge, sameness
from hyperion_conformance.runner.results import CaseResult

LANE = 512
"""Cases per process: few enough to spread over workers, enough that starting a process does not dominate."""

IN_SUCCESSION = 5
"""So many broken answers in a row end a lane: the adapter is not able to run these cases."""

ALONE = 3
"""So many failures of one kind per lane are repeated alone; more are only if one of them turned out otherwise."""

REPEATS = 8
"""Answers asked in each of two fresh processes, to tell chance from memory."""


@attrs.frozen(slots=True)
class Settings:
    """How a run is done. `twice` asks every case a second time, in reverse order."""

    jobs: int = 1
    deadlines: Deadlines = attrs.field(factory=Deadlines)
    twice: bool = True
    validate: bool = False
    bisect_per_cause: int = 3
    bisect_total: int = 100


Report: TypeAlias = Callable[[Sequence[CaseResult]], None]
"""Told of every finished lane, from the caller's thread."""

Tick: TypeAlias = Callable[[], None]


class AdapterBroke(Exception):
    """The handshake failed: nothing can be run."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(f"{broken.kind} at hello: {broken.detail}")
        self.broken = broken


def handshake(address: Address, settings: Settings) -> Hello:
    """Who is there and what it claims. Raises `AdapterBroke`."""
    adapter = Adapter(address, settings.deadlines, settings.validate)
    try:
        hello = adapter.hello()
        if isinstance(hello, Broken):
            raise AdapterBroke(hello)
        return hello
    finally:
        adapter.close()


def lanes(cases: Sequence[Case]) -> tuple[tuple[Case, ...], ...]:
    """The cases cut into slices of `LANE`."""
    return tuple(tuple(cases[i : i + LANE]) for i in range(0, len(cases), LANE))


class Campaign:
    """One run against one adapter. Holds the live processes so that an interrupt can end them."""

    def __init__(self, address: Address, hello: Hello, settings: Settings) -> None:
        self.address = address
        self.hello = hello
        self.settings = settings
        self._live: set[Adapter] = set()
        self._stop = threading.Event()

    def run(self, cases: Sequence[Case], done: Report = lambda _: None, tick: Tick = lambda: None) -> list[CaseResult]:
        """All verdicts in the order of the cases. An interrupt ends the processes and is raised again."""
        work: queue.SimpleQueue[tuple[int, tuple[Case, ...]]] = queue.SimpleQueue()
        out: queue.SimpleQueue[tuple[int, list[CaseResult]] | BaseException | None] = queue.SimpleQueue()
        slices = lanes(cases)
        for numbered in enumerate(slices):
            work.put(numbered)

        def worker() -> None:
            try:
                while not self._stop.is_set():
                    number, lane = work.get_nowait()
                    found = self._lane(lane, tick)
                    if not self._stop.is_set():
                        out.put((number, found))
            except queue.Empty:
                pass
            except BaseException as error:  # handed to the caller's thread, which raises it
                out.put(error)
            out.put(None)

        workers = [threading.Thread(target=worker, daemon=True) for _ in range(min(self.settings.jobs, len(slices)))]
        for thread in workers:
            thread.start()
        found: dict[int, list[CaseResult]] = {}
        alive = len(workers)
        try:
            while alive:
                item = out.get()
                if item is None:
                    alive -= 1
                elif isinstance(item, BaseException):
                    raise item
                else:
                    found[item[0]] = item[1]
                    done(item[1])
        except BaseException:
            self._stop.set()
            for adapter in list(self._live):
                adapter.abort()
            for thread in workers:
                thread.join(2.0)
            raise
        return [result for number in sorted(found) for result in found[number]]

    def questions(self, cases: Sequence[Case]) -> int:
        """How many questions a run asks at most: every claimed case once or twice."""
        claimed = sum(self.hello.claims(case.target, case.fork) for case in cases)
        return claimed * (2 if self.settings.twice else 1)

    def alone(self, case: Case) -> tuple[Observation, CaseResult]:
        """One case in a fresh process."""
        begin = time.perf_counter()
        seen = self._fresh(case, 1)[0]
        return seen, _result(case, judge(case, seen), seen, time.perf_counter() - begin)

    # --- one lane ---------------------------------------------------------------------------------------------------

    def _lane(self, cases: Sequence[Case], tick: Tick) -> list[CaseResult]:
        adapter = self._adapter()
        claimed = [case for case in cases if self.hello.claims(case.target, case.fork)]
        try:
            first, seconds = self._pass(adapter, claimed, tick)
            second: dict[str, Observation] = {}
            if self.settings.twice:
                again = [case for case in claimed if case.id in first and not isinstance(first[case.id], Broken)]
                second, _ = self._pass(adapter, again[::-1], tick)
        finally:
            self._end(adapter)
        return list(self._verdicts(cases, first, second, seconds))

    def _pass(
        self, adapter: Adapter, cases: Sequence[Case], tick: Tick
    ) -> tuple[dict[str, Observation], dict[str, float]]:
        seen: dict[str, Observation] = {}
        seconds: dict[str, float] = {}
        broken = 0
        for case in cases:
            if self._stop.is_set() or broken >= IN_SUCCESSION:
                break
            begin = time.perf_counter()
            seen[case.id] = adapter.run(case.target, case.fork, case.input, case.steps)
            seconds[case.id] = time.perf_counter() - begin
            broken = broken + 1 if isinstance(seen[case.id], Broken) else 0
            tick()
        return seen, seconds

    def _verdicts(
        self,
        cases: Sequence[Case],
        first: dict[str, Observation],
        second: dict[str, Observation],
        seconds: dict[str, float],
    ) -> Iterator[CaseResult]:
        checked: Counter[str] = Counter()
        surprises: set[str] = set()
        for case in cases:
            if not self.hello.claims(case.target, case.fork):
                yield _result(
                    case, Judgement("not-claimed", f"{case.target} at {case.fork} is not in its hello"), None, 0.0
                )
                continue
            if case.id not in first:
                why = f"the adapter broke {IN_SUCCESSION} times in succession before this case"
                yield _result(case, Judgement("not-run", why), None, 0.0)
                continue
            seen = first[case.id]
            verdict = judge(case, seen)
            unstable = case.id in second and sameness(second[case.id]) != sameness(seen)
            if unstable:
                verdict = self._unstable(case, seen, second[case.id], "asked again in the same process")
            elif verdict.verdict not in ("pass", "skip") and not self._stop.is_set():
                kind = _kind(verdict)
                if checked[kind] < ALONE or kind in surprises:
                    checked[kind] += 1
                    alone = self._fresh(case, 1)[0]
                    if sameness(alone) != sameness(seen):
                        surprises.add(kind)
                        verdict = self._unstable(case, seen, alone, "asked alone in a fresh process")
            yield _result(case, verdict, seen, seconds[case.id])

    def _unstable(self, case: Case, one: Observation, other: Observation, how: str) -> Judgement:
        """Chance or memory? Two fresh processes get the same questions; only chance can make them differ."""
        left, right = (tuple(sameness(seen) for seen in self._fresh(case, REPEATS)) for _ in range(2))
        left_verdict, right_verdict = judge(case, one), judge(case, other)
        detail = f"in sequence: {_told(left_verdict)}; {how}: {_told(right_verdict)}"
        difference = left_verdict.difference or right_verdict.difference
        return Judgement("order-dependent" if left == right else "nondeterministic", detail, difference)

    def _fresh(self, case: Case, times: int) -> list[Observation]:
        adapter = self._adapter()
        try:
            seen: list[Observation] = []
            for _ in range(times):
                seen.append(adapter.run(case.target, case.fork, case.input, case.steps))
                if self._stop.is_set() or (isinstance(seen[-1], Broken) and seen[-1].kind == "timeout"):
                    break
            return seen
        finally:
            self._end(adapter)

    def _adapter(self) -> Adapter:
        adapter = Adapter(self.address, self.settings.deadlines, self.settings.validate)
        self._live.add(adapter)
        return adapter

    def _end(self, adapter: Adapter) -> None:
        self._live.discard(adapter)
        adapter.close()

    # --- after the lanes --------------------------------------------------------------------------------------------

    def explain(
        self,
        results: Sequence[CaseResult],
        cases: Sequence[Case],
        model: Model | None,
        name: Callable[[int], str],
        place: Callable[[str], str | None],
    ) -> list[CaseResult]:
        """Adds first divergences, source places and signatures to the failures; bounded per cause and in all."""
        by_id = {case.id: case for case in cases}
        per_cause: Counter[tuple[str, str, str, str]] = Counter()
        total = 0
        adapter = self._adapter()
        explained = {}
        try:
            for result in sorted((r for r in results if not r.good), key=lambda r: r.id):
                wanted = (
                    result.verdict in ("fail", "wrong-reason", "reject-mismatch") and "trace" in self.hello.features
                )
                if (
                    wanted
                    and per_cause[coarse(result)] < self.settings.bisect_per_cause
                    and total < self.settings.bisect_total
                ):
                    per_cause[coarse(result)] += 1
                    total += 1
                    result = with_divergence(result, by_id[result.id], adapter, model, name)
                places = tuple(found for rule in result.rules if (found := place(rule)))
                explained[result.id] = attrs.evolve(result, places=places, signature=signature(result))
        finally:
            self._end(adapter)
        return [explained.get(result.id, result) for result in results]

    def bisected(self, result: CaseResult, case: Case, model: Model | None, name: Callable[[int], str]) -> CaseResult:
        """One result with its divergence looked for, whatever its verdict."""
        adapter = self._adapter()
        try:
            return with_divergence(result, case, adapter, model, name)
        finally:
            self._end(adapter)


def with_divergence(
    result: CaseResult, case: Case, adapter: Adapter, model: Model | None, name: Callable[[int], str]
) -> CaseResult:
    """The result with its first divergence, or with a remark why there is none."""
    if not (case.checkpoints or model) or (result.field == "$.status" and "reject" in (result.expected, result.got)):
        return result
    try:
        return attrs.evolve(result, divergence=find_divergence(asker(adapter, case), case, model, name))
    except NoTrace as error:
        return attrs.evolve(result, detail=f"{result.detail} (no bisection: {error})")


def _kind(verdict: Judgement) -> str:
    return f"{verdict.verdict} {general(verdict.difference.path) if verdict.difference else ''}"


def _told(verdict: Judgement) -> str:
    return verdict.verdict + (f" ({brief(verdict.detail)})" if verdict.detail else "")


def _result(case: Case, verdict: Judgement, seen: Observation | None, seconds: float) -> CaseResult:
    difference = verdict.difference
    bad = verdict.verdict not in ("pass", "skip", "not-claimed")
    result = CaseResult(
        id=case.id,
        revision=case.revision,
        fingerprint=case.fingerprint,
        target=case.target,
        group=case.group,
        rules=case.rules,
        level=case.level,
        tier=case.tier,
        fork=case.fork,
        verdict=verdict.verdict,
        detail=verdict.detail,
        field=difference.path if difference else None,
        expected=difference.expected if difference else None,
        got=difference.got if difference else None,
        why=case.why if bad else "",
        log=seen.log if isinstance(seen, Broken) else "",
        input=case.input if bad else None,
        seconds=round(seconds, 4),
    )
    return attrs.evolve(result, signature=signature(result) if bad else "")
