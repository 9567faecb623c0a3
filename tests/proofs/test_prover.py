"""The prover's own honesty: what is true is proved, what is false is refuted and replayed, all else is a failure."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from typer.testing import CliRunner

from hyperion.primitives import word
from hyperion.symbolic.explore import Limits
from hyperion.symbolic.ideal import Ideal
from hyperion_proofs import cache, cli
from hyperion_proofs import registry as theorems
from hyperion_proofs.ledger import Line, line_as_json, line_from_json, summary, trouble
from hyperion_proofs.loops import NoSuchLoop, loop_of
from hyperion_proofs.mutant import NoSuchCode, in_place, mutant, mutated
from hyperion_proofs.prove import Finding, prove
from hyperion_proofs.registry import Entry
from hyperion_proofs.run import run, run_tasks, tasks_of
from hyperion_proofs.slicing import Slicer
from hyperion_proofs.solve import ABSTRACT, ARITHMETIC, AS_INTEGERS, BITWUZLA, INTEGERS, VECTORS, Answer, Method
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.statement import word as any_word
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem
from hyperion_proofs.theorems.words import signed_quotient


def attempt(statement: Statement, portfolio: tuple[Method, ...] = ARITHMETIC, **settings: Any) -> Finding:
    return prove(Obligation("test", statement, portfolio, **settings))


def commutes(given: Given) -> None:
    a, b = any_word(given, "a"), any_word(given, "b")
    given.claim("commutes", word.add(a, b) == word.add(b, a))


def subtraction_commutes(given: Given) -> None:
    a, b = any_word(given, "a"), any_word(given, "b")
    given.note("a - b", word.sub(a, b))
    given.claim("commutes", word.sub(a, b) == word.sub(b, a))


def factors(given: Given) -> None:
    """True of this product of primes, but no solver finds that out in a moment."""
    a, b = given.integer("a", 2, 2**64), given.integer("b", 2, 2**64)
    given.claim("prime", a * b != 0xD3D0_7C5A_1D5B_9B3F_0A3C_61D3_2F2C_6B01)


def test_what_is_true_is_proved() -> None:
    finding = attempt(commutes)
    assert (finding.answer, finding.reason, finding.paths) == (Answer.PROVED, "", 1)
    assert finding.functions == ("hyperion.primitives.word.add",)
    assert sum(finding.deciders.values()) == 1


@pytest.mark.parametrize("method", [INTEGERS, AS_INTEGERS, BITWUZLA, VECTORS], ids=lambda method: method.name)
def test_what_is_false_is_refuted_and_replayed_whoever_finds_it(method: Method) -> None:
    finding = attempt(subtraction_commutes, (method,))
    assert finding.answer is Answer.REFUTED
    assert finding.deciders == {method.name: 1}
    found = finding.counterexample
    assert found is not None
    a, b = int(found.inputs["a"]), int(found.inputs["b"])
    assert word.sub(a, b) != word.sub(b, a)
    assert found.failed == ("commutes",)
    assert any(line.startswith("a - b: ") for line in found.lines())


@pytest.mark.parametrize("method", [INTEGERS, AS_INTEGERS, BITWUZLA, VECTORS], ids=lambda method: method.name)
def test_every_solver_proves(method: Method) -> None:
    assert attempt(commutes, (method,)).answer is Answer.PROVED


def test_unknown_fails() -> None:
    finding = attempt(factors, (attrs.evolve(VECTORS, timeout=50),))
    assert finding.answer is Answer.OPEN
    assert "nobody" in finding.reason


def test_spurious_counterexample_is_reported_and_counts_as_open() -> None:
    """Products as unknown functions do not distribute: the counterexample is none."""

    def distributes(given: Given) -> None:
        a, b, c = (given.integer(name, 0) for name in "abc")
        given.claim("distributes", a * (b + c) == a * b + a * c)

    finding = attempt(distributes, (ABSTRACT,))
    assert finding.answer is Answer.OPEN
    assert "spurious counterexample" in finding.reason
    assert attempt(distributes, (ABSTRACT, INTEGERS)).answer is Answer.PROVED


def test_what_no_solver_can_say_is_open() -> None:
    def unbounded(given: Given) -> None:
        a, b = given.integer("a"), given.integer("b")
        given.claim("commutes", (a ^ b) + 1 > (b & a) - 5)

    assert attempt(unbounded).answer is Answer.OPEN


def test_exception_is_a_counterexample_unless_it_is_allowed() -> None:
    def divides(given: Given) -> None:
        given.claim("small", 1 // given.integer("a", 0, 9) <= 1)

    finding = attempt(divides)
    assert finding.answer is Answer.REFUTED
    assert finding.counterexample is not None
    assert finding.counterexample.inputs == {"a": 0}
    assert "ZeroDivisionError" in finding.counterexample.failed[0]
    assert attempt(divides, raises=(ZeroDivisionError,)).answer is Answer.PROVED


def test_contradictory_hypotheses_prove_nothing() -> None:
    def vacuous(given: Given) -> None:
        a = given.integer("a", 0, 100)
        given.assume(a * a == 7)
        given.claim("anything", a == 101)

    finding = attempt(vacuous)
    assert finding.answer is Answer.OPEN
    assert finding.reason == "no input meets the hypotheses"


def test_no_path_at_all_proves_nothing() -> None:
    def impossible(given: Given) -> None:
        a = given.integer("a", 0, 100)
        given.assume(a > 100)
        given.claim("anything", False)

    assert attempt(impossible).answer is Answer.OPEN


def test_bound_that_is_met_is_a_failure() -> None:
    def counts(given: Given) -> None:
        given.claim("small", word.clz(any_word(given, "a")) <= 256)

    finding = attempt(counts, limits=Limits(paths=10), prune=False)
    assert finding.answer is Answer.OPEN
    assert finding.reason == "more than 10 paths"


def test_escape_is_a_failure() -> None:
    def escapes(given: Given) -> None:
        given.claim("even", {2: True}.get(any_word(given, "a"), True))

    finding = attempt(escapes)
    assert finding.answer is Answer.OPEN
    assert "hash()" in finding.reason


def test_comparison_by_identity_in_an_executed_function_is_a_failure() -> None:
    """The equality of stacks compares cells by identity: no proof may run it on unknown words."""
    from hyperion.vm.stack import stack_of

    def compares(given: Given) -> None:
        words = [any_word(given, "a")]
        given.claim("equal", stack_of(words) == stack_of(words))

    finding = attempt(compares)
    assert finding.answer is Answer.OPEN
    assert "compares by identity: hyperion.vm.stack.Stack.__eq__" in finding.reason


def test_model_is_as_before_after_ideal_functions() -> None:
    def constant(given: Given) -> None:
        given.claim("ideal", word.add(any_word(given, "a"), 1) == 7)

    def ideals() -> tuple[Ideal, ...]:
        return (Ideal(word, "add", lambda a, b: 7, "A-seven"),)

    assert attempt(constant, ideals=ideals).answer is Answer.PROVED
    assert attempt(constant).answer is Answer.REFUTED
    assert word.add(1, 2) == 3


# Seeded faults in functions of the model.


@pytest.mark.parametrize(
    ("function", "old", "new"),
    [
        (word.sub, "a - b", "a + b"),
        (word.sdiv, "abs(dividend) // abs(divisor)", "dividend // divisor"),
        (word.smod, "abs(dividend) % abs(divisor)", "dividend % divisor"),
    ],
)
def test_fault_put_into_the_model_is_refuted_by_the_theorem_as_it_stands(function: Any, old: str, new: str) -> None:
    theorem = theorems.registry()[f"WORD-{function.__name__}"].theorem
    (obligation,) = theorem.obligations
    seeded = mutated(function, old, new)
    original = function.__code__
    try:
        function.__code__ = seeded.__code__
        finding = prove(obligation)
    finally:
        function.__code__ = original
    assert finding.answer is Answer.REFUTED
    assert finding.counterexample is not None
    assert finding.counterexample.real
    assert prove(obligation).answer is Answer.PROVED


def test_mutant_must_change_what_it_says() -> None:
    with pytest.raises(NoSuchCode, match="0 times"):
        mutated(word.add, "a - b", "a + b")
    with pytest.raises(NoSuchCode, match="2 times"):
        mutated(word.exp_step, "power * square", "power")
    ideal = in_place(word.add, "a + b", "a - b")
    assert (ideal.module, ideal.name) == (word, "add")


def test_control_that_no_longer_fits_the_source_fails_and_harms_nothing_else() -> None:
    faulty = mutant(word.add, "a - b", "a + b")  # no complaint yet: the module of the theorem can be imported

    def statement(given: Given) -> None:
        given.claim("commutes", faulty(any_word(given, "a"), 1) == 1)

    finding = attempt(statement)
    assert finding.answer is Answer.OPEN
    assert "does not fit the source: 'a - b' stands 0 times in add" in finding.reason


# Theorems, the ledger and the command.

PROVABLE: Final = Obligation("commutes", commutes, ARITHMETIC)
FALSE: Final = Obligation("commutes", subtraction_commutes, ARITHMETIC)


def theorem_of(obligation: Obligation, control: Obligation, id: str = "TEST-x") -> Theorem:
    controls = (Control("subtract instead", control),)
    return Theorem(id, "Addition commutes.", ("VM-add",), Kind.PATHS, (obligation,), controls)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Entry]]:
    """A registry of three theorems: one holds, one is false, one has a control that is not refuted."""
    entries = {
        id: Entry(theorem_of(obligation, control, id), "hyperion_proofs.theorems.words")
        for id, obligation, control in (
            ("TEST-holds", PROVABLE, FALSE),
            ("TEST-false", FALSE, FALSE),
            ("TEST-blind", PROVABLE, PROVABLE),
        )
    }
    for module in ("hyperion_proofs.run", "hyperion_proofs.cli"):
        monkeypatch.setattr(sys.modules[module], "registry", lambda: entries)
    yield entries


def test_control_that_is_not_refuted_fails_the_theorem(known: dict[str, Entry]) -> None:
    holds, false, blind = run(list(known))
    assert [line.status for line in (holds, false, blind)] == ["holds", "refuted", "control missed"]
    assert [line.holds for line in (holds, false, blind)] == [True, False, False]
    assert trouble(holds) == []
    assert any("fails: commutes" in text for text in trouble(false))
    assert trouble(blind) == ["control not refuted: subtract instead (proved)"]
    assert "1 of 3 theorems hold" in summary([holds, false, blind])


def test_theorem_without_control_can_not_be_stated() -> None:
    with pytest.raises(ValueError, match="control"):
        Theorem("TEST-x", "x", (), Kind.PATHS, (PROVABLE,), ())


def test_ledger_survives_being_written_and_read(known: dict[str, Entry]) -> None:
    for id in known:
        (line,) = run([id])
        kept = line_from_json(line.theorem, json.loads(json.dumps(line_as_json(line))))
        written, read = line_as_json(line), line_as_json(kept)
        assert read == {**written, "cached": True, "seconds": read["seconds"]}


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(cli.app, [*arguments, "--jobs", "1", "--no-cache"], env={"COLUMNS": "100"})


def test_command_shows_the_ledger_and_fails_with_the_theorem(known: dict[str, Entry]) -> None:
    shown = invoke("TEST-holds")
    assert shown.exit_code == cli.HOLDS, shown.output
    assert "1/1" in shown.output
    assert "fails: commutes" in shown.output  # the control's counterexample, as a trace
    assert invoke("TEST-blind").exit_code == cli.FAILS
    failed = invoke("TEST-f*")
    assert failed.exit_code == cli.FAILS
    assert "a - b: " in failed.output
    assert max(map(len, failed.output.splitlines())) <= 100


def test_command_refuses_an_unknown_theorem(known: dict[str, Entry]) -> None:
    result = CliRunner().invoke(cli.app, ["TEST-none"])
    assert result.exit_code == cli.USAGE
    assert "no theorem matches 'TEST-none'" in result.output


def test_command_lists_and_speaks_json(known: dict[str, Entry]) -> None:
    assert "TEST-blind" in invoke("--list").output
    document = json.loads(invoke("TEST-false", "--json").output)
    assert {"z3", "cvc5", "bitwuzla"} == set(document["solvers"])
    (line,) = document["theorems"]
    assert (line["id"], line["status"], line["rules"]) == ("TEST-false", "refuted", ["VM-add"])
    assert line["obligations"][0]["counterexample"]["failed"] == ["commutes"]


def test_work_is_done_by_other_processes_too() -> None:
    tasks = list(tasks_of(theorems.registry()["WORD-add"].theorem))
    found = run_tasks(tasks, 2, lambda done, total, id: None)
    assert {task.control: finding.answer for task, finding in found.items()} == {
        False: Answer.PROVED,
        True: Answer.REFUTED,
    }


# Kept results.


def test_result_is_kept_and_found(known: dict[str, Entry], tmp_path: Path) -> None:
    (first,) = run(["TEST-holds"], folder=tmp_path)
    (second,) = run(["TEST-holds"], folder=tmp_path)
    assert (first.cached, second.cached) == (False, True)
    assert (second.status, second.paths, second.functions) == (first.status, first.paths, first.functions)
    for file in tmp_path.iterdir():
        file.write_text("{broken")
    (third,) = run(["TEST-holds"], folder=tmp_path)
    assert not third.cached


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Three modules: a theorem's, one that it imports through another, and one that it does not import."""
    folder = tmp_path / "hyperion_seeded"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "theorem.py").write_text("from hyperion_seeded import model\n")
    (folder / "model.py").write_text("def f():\n    from hyperion_seeded.deep import g\n    return g()\n")
    (folder / "deep.py").write_text("def g():\n    return 1\n")
    (folder / "beside.py").write_text("def h():\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    cache.file_of.cache_clear()
    yield folder
    cache.file_of.cache_clear()


def test_key_follows_the_source_of_what_is_reached(project: Path) -> None:
    before = cache.key_of("TEST-x", "hyperion_seeded.theorem")
    assert cache.key_of("TEST-x", "hyperion_seeded.theorem") == before
    assert cache.key_of("TEST-y", "hyperion_seeded.theorem") != before
    (project / "beside.py").write_text("def h():\n    return 2\n")
    assert cache.key_of("TEST-x", "hyperion_seeded.theorem") == before
    (project / "deep.py").write_text("def g():\n    return 2\n")
    assert cache.key_of("TEST-x", "hyperion_seeded.theorem") != before


def test_key_follows_the_solvers(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache.key_of("TEST-x", "hyperion_seeded.theorem")
    monkeypatch.setattr(cache, "versions", lambda: {"z3": "0"})
    assert cache.key_of("TEST-x", "hyperion_seeded.theorem") != before


def test_theorems_reach_the_functions_that_they_execute() -> None:
    reached = cache.reached("hyperion_proofs.theorems.words")
    assert {"hyperion.primitives.word", "hyperion.symbolic.proxies", "hyperion_proofs.mutant"} <= set(reached)


# The domains agree with Python.


def test_definitions_run_on_known_words_too() -> None:
    assert signed_quotient(2**256 - 7, 2) == 2**256 - 3
    assert signed_quotient(2**255, 2**256 - 1) == 2**255


def test_line_of_nothing_is_no_success() -> None:
    theorem = theorem_of(PROVABLE, FALSE)
    open_finding = Finding("x", Answer.OPEN, "because", 0, 0, 0.0, {}, ())
    line = Line(theorem, (open_finding,), (open_finding,))
    assert (line.status, line.holds) == ("open", False)
    assert len(trouble(line)) == 2


# Lemmas and loops.


def test_lemma_is_proved_before_it_serves() -> None:
    def with_lemma(true: bool) -> Statement:
        def statement(given: Given) -> None:
            a, b = given.integer("a", 0), given.integer("b", 0)
            given.lemma("product", a * b >= 0 if true else a * b >= a)
            given.claim("sum", a + b + a * b >= a)

        return statement

    assert attempt(with_lemma(True)).answer is Answer.PROVED
    finding = attempt(with_lemma(False))
    assert finding.answer is Answer.REFUTED
    assert finding.counterexample is not None
    assert finding.counterexample.failed[0] == "product"


def test_lemma_can_not_prove_itself() -> None:
    def circular(given: Given) -> None:
        a = given.integer("a", 0)
        given.lemma("too much", a > 5)
        given.claim("the same", a > 5)

    assert attempt(circular).answer is Answer.REFUTED


def test_pieces_of_a_loop_are_the_loop() -> None:
    loop = loop_of(word.exp)
    for base, exponent in ((3, 5), (2, 300), (0, 0), (7, 2**256 - 1)):
        state = loop.start({"base": base, "exponent": exponent})
        while loop.test(state):
            state = loop.body(state)
        assert loop.end(state) == word.exp(base, exponent)


def test_what_is_no_loop_is_refused() -> None:
    with pytest.raises(NoSuchLoop):
        loop_of(word.add)


# Slices.


def test_slice_keeps_what_is_connected_and_nothing_else() -> None:
    from hyperion.symbolic.explore import explore
    from hyperion.symbolic.proxies import unknown_integer

    def run_over(path: Any) -> int:
        a, b, c, d = (unknown_integer(path, name, 0, 99) for name in "abcd")
        return 1 if a < b and b < c and d > 3 else 0

    outcome = next(outcome for outcome in explore(run_over).outcomes if outcome.result == 1)
    first, second, third = outcome.conditions
    assert Slicer().slice(outcome.conditions, first) == (first, second)
    assert Slicer().slice(outcome.conditions, third) == (third,)


def test_claim_that_needs_a_connected_condition_is_proved_and_one_that_does_not_follow_is_not() -> None:
    def statement(given: Given) -> None:
        a, b, c = (given.integer(name, 0, 99) for name in "abc")
        given.assume(a < b)
        given.assume(b < c)
        given.claim("transitive", a < c)
        given.claim("never at the end", a + 1 < 99)

    assert attempt(statement).answer is Answer.PROVED

    def broken(given: Given) -> None:
        statement(given)
        given.claim("too much", given.integer("a", 0, 99) + 2 < given.integer("c", 0, 99))

    assert attempt(broken).answer is Answer.REFUTED
