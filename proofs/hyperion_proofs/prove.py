"""Proving an obligation: explore the statement, decide each path, replay what is refuted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from time import perf_counter

import attrs

from hyperion.symbolic.explore import Exploration, Outcome, explore
from hyperion.symbolic.expression import Term
from hyperion.symbolic.ideal import Idealized
from hyperion.symbolic.opaque import OpaqueError
from hyperion.symbolic.path import Check, Escape
from hyperion_proofs.executed import Watch
from hyperion_proofs.loops import NoSuchLoop
from hyperion_proofs.mutant import NoSuchCode
from hyperion_proofs.slicing import Slicer
from hyperion_proofs.solve import Answer, Query, Verdict, Z3Oracle, decide
from hyperion_proofs.statement import Counterexample, Unknown, part_of, replay
from hyperion_proofs.theorem import Obligation
from hyperion_proofs.translate import Model


@attrs.frozen
class Finding:
    """What is known of an obligation after the attempt to prove it."""

    name: str
    answer: Answer
    reason: str
    """Why it is not proved; empty if it is."""
    paths: int
    goals: int
    seconds: float
    deciders: Mapping[str, int]
    """How many queries each method decided."""
    functions: tuple[str, ...]
    """Functions of the model that were executed."""
    counterexample: Counterexample | None = None


@attrs.frozen(eq=False)
class Attempt:
    """The state of an attempt: what was watched, and who decided what."""

    obligation: Obligation
    watch: Watch
    start: float
    slicer: Slicer
    proved: dict[tuple[tuple[Term, ...], Term], bool]
    """Claims that were proved from these conditions: on other paths they hold from the same ones."""
    deciders: Counter[str] = attrs.field(factory=Counter)

    def finding(
        self, answer: Answer, reason: str, paths: int, goals: int, counterexample: Counterexample | None = None
    ) -> Finding:
        """The attempt's end."""
        return Finding(
            self.obligation.name, answer, reason, paths, goals, perf_counter() - self.start, dict(self.deciders),
            self.watch.functions(), counterexample,
        )  # fmt: skip


def prove(obligation: Obligation) -> Finding:
    """Proved if every path is complete, every claim holds on it, and the hypotheses can be met; else why not."""
    return prove_together((obligation,))[0]


def prove_together(obligations: Sequence[Obligation]) -> list[Finding]:
    """The findings of obligations with the same ``shared`` run, which is explored once; or of a single one."""
    first, watch, start = obligations[0], Watch(), perf_counter()
    try:
        with Idealized(first.ideals() if first.ideals else ()):
            with watch:
                exploration = explore(
                    lambda path: (first.shared or first.statement)(Unknown(path)),
                    Z3Oracle() if first.prune else None,
                    first.limits,
                )
            return judged(obligations, watch, exploration, (perf_counter() - start) / len(obligations))
    except (Escape, OpaqueError) as escape:
        reason = f"a value escapes: {escape}"
    except (NoSuchCode, NoSuchLoop) as missing:
        reason = f"does not fit the source: {missing}"
    share = perf_counter() - (perf_counter() - start) / len(obligations)
    return [Attempt(each, watch, share, Slicer(), {}).finding(Answer.OPEN, reason, 0, 0) for each in obligations]


def judged(
    obligations: Sequence[Obligation], watch: Watch, exploration: Exploration[None], share: float
) -> list[Finding]:
    """What the paths say of each obligation; the exploration took each of them ``share`` seconds."""
    start = perf_counter()
    possible = any(satisfiable(obligations[0], outcome) for outcome in exploration.outcomes)
    share += (perf_counter() - start) / len(obligations)
    slicer, proved = Slicer(), dict[tuple[tuple[Term, ...], Term], bool]()
    findings: list[Finding] = []
    for obligation in obligations:
        attempt = Attempt(obligation, watch, perf_counter() - share, slicer, proved)
        findings.append(judge(attempt, exploration, possible))
    return findings


def judge(attempt: Attempt, exploration: Exploration[None], possible: bool) -> Finding:
    """The finding from the paths of the statement; ``possible`` if some input meets the hypotheses."""
    paths = len(exploration.outcomes)
    goals = sum(max(len(checks_of(attempt.obligation, outcome)), 1) for outcome in exploration.outcomes)
    suspects = attempt.watch.suspects()
    if exploration.bound is not None:
        return attempt.finding(Answer.OPEN, f"more than {exploration.bound}", paths, goals)
    if suspects:
        return attempt.finding(Answer.OPEN, f"compares by identity: {suspects[0]}", paths, goals)
    for outcome in exploration.outcomes:
        verdict, counterexample = decide_path(attempt, outcome)
        if verdict.answer is Answer.REFUTED:
            return attempt.finding(verdict.answer, "a counterexample", paths, goals, counterexample)
        if verdict.answer is Answer.OPEN:
            labels = ", ".join(dict.fromkeys(check.label for check in checks_of(attempt.obligation, outcome)))
            raised = f"raises {outcome.raised!r}" if outcome.raised else labels
            return attempt.finding(verdict.answer, f"decided by {verdict.by}: {raised}", paths, goals)
    if not possible:
        return attempt.finding(Answer.OPEN, "no input meets the hypotheses", paths, goals)
    return attempt.finding(Answer.PROVED, "", paths, goals)


def checks_of(obligation: Obligation, outcome: Outcome[None]) -> list[Check]:
    """The claims on the path that are the obligation's."""
    mine = ("", obligation.part)
    return [check for check in outcome.checks if obligation.shared is None or part_of(check.label) in mine]


def claims_of(obligation: Obligation, outcome: Outcome[None]) -> list[Query]:
    """What must hold on the path: its lemmas, each from what held when it was stated, then its claims from all.

    An exception that is not allowed must be impossible.
    """
    if outcome.raised is not None and not isinstance(outcome.raised, obligation.raises):
        return [Query(outcome.conditions, outcome.path.terms.boolean(False))]
    return [
        Query(outcome.conditions if check.before is None else check.before, check.condition)
        for check in checks_of(obligation, outcome)
        if not (check.condition.is_constant and check.condition.value)
    ]


def decide_path(attempt: Attempt, outcome: Outcome[None]) -> tuple[Verdict, Counterexample | None]:
    """The verdict on one path: of each claim by itself, from what is connected with it; if that fails, from all."""
    obligation, terms = attempt.obligation, outcome.path.terms
    verdict = Verdict(Answer.PROVED, "intervals", 0.0)
    groups: dict[tuple[tuple[Term, ...], tuple[Term, ...]], list[Term]] = {}
    for query in claims_of(obligation, outcome):
        part = attempt.slicer.slice(query.conditions, query.goal)
        groups.setdefault((part, query.conditions), []).append(query.goal)
    if not groups:
        attempt.deciders[verdict.by] += 1
    for (part, conditions), goals in groups.items():
        goal = terms.all_of(tuple(goals))
        if (part, goal) in attempt.proved:
            continue
        verdict = decide(Query(part, goal), obligation.portfolio, stop_at_model=True)
        if verdict.answer is Answer.PROVED:
            attempt.proved[part, goal] = True
            attempt.deciders[verdict.by] += 1
            continue
        verdict, found = decide_whole(obligation, Query(conditions, goal))
        attempt.deciders[verdict.by] += 1
        if verdict.answer is not Answer.PROVED:
            return verdict, found
    return verdict, None


def decide_whole(obligation: Obligation, query: Query) -> tuple[Verdict, Counterexample | None]:
    """The verdict from all conditions, and the replayed counterexample if it is refuted."""
    replayed: list[Counterexample] = []

    def is_real(model: Model) -> bool:
        found = replay(obligation.statement, model, obligation.raises)
        if found is None or not found.real:
            return False
        if obligation.confirm is not None:
            found = obligation.confirm(model)
        if found is None or not found.real:
            return False
        replayed.append(found)
        return True

    verdict = decide(query, obligation.portfolio, is_real)
    return verdict, replayed[-1] if replayed else None


def satisfiable(obligation: Obligation, outcome: Outcome[None]) -> bool:
    """Whether some input takes the path: one is found, and the statement runs on it to its end."""

    def accept(model: Model) -> bool:
        return replay(obligation.statement, model, obligation.raises) is not None

    impossible = outcome.path.terms.boolean(False)
    return decide(Query(outcome.conditions, impossible), obligation.portfolio, accept).answer is Answer.REFUTED
