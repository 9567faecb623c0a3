"""The first step at which an implementation leaves the specification, found by asking for a few digests.

Digests are chained, so once two runs differ they differ for ever, even if their states meet again. That makes "differs
at step i" monotone in i, and a search over it sound. One question may ask for many steps: with 32 points a question the
interval shrinks 33-fold each time, so a million steps take four questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from hyperion_conformance.harness.adapter import Adapter
from hyperion_conformance.protocol.messages import Json, TraceAnswer
from hyperion_conformance.runner.cases import Case
from hyperion_conformance.runner.results import Divergence

POINTS = 32


class Model(Protocol):
    """The executable specification, as far as the runner uses it."""

    def trace(
        self, target: str, fork: str, given: Mapping[str, Json], at: Sequence[int], full: bool = False
    ) -> TraceAnswer:
        """Digests, or full states, of the specified execution at the asked steps."""

    def run(self, target: str, fork: str, given: Mapping[str, Json]) -> Mapping[str, Json]:
        """The specified outcome."""


Ask: TypeAlias = Callable[[Sequence[int], bool], TraceAnswer]


class NoTrace(Exception):
    """The adapter did not answer a trace question; the message says what it did instead."""


def asker(adapter: Adapter, case: Case) -> Ask:
    """Trace questions to an adapter about one case."""

    def ask(at: Sequence[int], full: bool) -> TraceAnswer:
        answer = adapter.trace(case.target, case.fork, case.input, at, full, case.steps)
        if not isinstance(answer, TraceAnswer):
            raise NoTrace(str(answer))
        return answer

    return ask


def find_divergence(
    ask: Ask, case: Case, model: Model | None, name: Callable[[int], str] = lambda op: f"0x{op:02x}"
) -> Divergence:
    """Bisect between agreement (before the first step) and the first checkpoint that differs.

    Without a model the answer is the interval between two checkpoints. Raises `NoTrace` when either side has no trace.
    """
    marks = case.checkpoints.at() if case.checkpoints else {}
    if not marks and model is None:
        raise NoTrace("the case carries no trace, and there is no model to ask")
    steps_spec = case.checkpoints.steps if case.checkpoints else -1
    if not marks:
        assert model is not None
        steps_spec = model.trace(case.target, case.fork, case.input, []).steps
        marks = dict(model.trace(case.target, case.fork, case.input, _spread(-1, steps_spec)).digests)
    answer, questions = ask(sorted(marks), False), 1
    steps_got = answer.steps
    low, high = _narrow(-1, marks, answer)
    if high is None:
        # Every common step agrees: one side goes on where the other ends, or the last opcode's effect differs.
        high = min(steps_spec, steps_got)
        low = high - 1
    while high - low > 1 and model is not None:
        points = _spread(low, high)
        wanted = model.trace(case.target, case.fork, case.input, points).digests
        answer, questions = ask(points, False), questions + 1
        low, upper = _narrow(low, wanted, answer)
        high = high if upper is None else upper
    return _described(ask, case, model, name, low, high, steps_spec, steps_got, questions)


def _spread(low: int, high: int) -> list[int]:
    """At most `POINTS` steps strictly between, evenly."""
    count = min(POINTS, high - low - 1)
    return sorted({low + (high - low) * i // (count + 1) for i in range(1, count + 1)} - {low, high})


def _narrow(low: int, wanted: Mapping[int, str], answer: TraceAnswer) -> tuple[int, int | None]:
    """Last agreeing and first differing step among those asked."""
    for step in sorted(wanted):
        if step not in answer.digests:
            raise NoTrace(f"no digest for step {step} was given")
        if answer.digests[step] != wanted[step]:
            return low, step
        low = step
    return low, None


def _described(
    ask: Ask,
    case: Case,
    model: Model | None,
    name: Callable[[int], str],
    low: int,
    high: int,
    steps_spec: int,
    steps_got: int,
    questions: int,
) -> Divergence:
    exact = high - low == 1
    wanted = [step for step in (low, high) if step >= 0]
    got = ask(wanted, True).states
    spec = model.trace(case.target, case.fork, case.input, wanted, True).states if model else {}
    before = _plain(spec.get(low) or got.get(low))
    left, right = _plain(spec.get(high)), _plain(got.get(high))
    note = ""
    if steps_spec == steps_got == high:
        note = "every step agrees; the effect of the last opcode, or the report of it, differs"
    elif high >= steps_got:
        note = f"the implementation ends after {steps_got} steps, the specification after {steps_spec}"
    elif high >= steps_spec:
        note = f"the specification ends after {steps_spec} steps, the implementation after {steps_got}"
    elif left is not None and left == right:
        note = "the states agree, the digests do not: the stored trace is not the model's, verify the vectors"
    elif not exact:
        note = "no model is at hand to look between two checkpoints"
    opcode = name(int(str(before["op"]))) if exact and before else ("start" if exact and low < 0 else None)
    return Divergence(
        step=high,
        after=low,
        exact=exact,
        steps_expected=steps_spec,
        steps_got=steps_got,
        opcode=opcode,
        questions=questions + 1,
        differing=_differing(left, right),
        previous=before,
        expected=left,
        got=right,
        note=note,
    )


def _plain(state: Mapping[str, Json] | None) -> Mapping[str, Json] | None:
    """A state with its numbers as decimal strings, however its side writes them."""
    return state and {key: value if key == "stack" else str(value) for key, value in state.items()}


def _differing(left: Mapping[str, Json] | None, right: Mapping[str, Json] | None) -> tuple[str, ...]:
    if left is None or right is None:
        return ()
    return tuple(key for key in left if left[key] != right.get(key))
