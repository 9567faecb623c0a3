"""Rewrites: every entry of the registry is a theorem, nothing else is applied, and the engine does what they say."""

import ast
import inspect
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.symbolic import rewrites, terms
from hyperion.symbolic.expression import BINARY, Interval, Op, Term, evaluate
from hyperion.symbolic.rewrites import CONSTANTS, KNOWN, LAWS, Law, UnknownRewrite, rewriting
from hyperion.symbolic.terms import Terms
from hyperion.vm.staging import printing
from hyperion_proofs.prove import prove
from hyperion_proofs.solve import Answer
from hyperion_proofs.theorem import Obligation
from hyperion_proofs.theorems.rewrites import PORTFOLIO, REGISTRY, law_holds, plain_terms


@pytest.mark.parametrize("obligation", REGISTRY.obligations, ids=lambda obligation: obligation.name)
def test_every_rewrite_is_proved(obligation: Obligation) -> None:
    assert prove(obligation).answer is Answer.PROVED


@pytest.mark.parametrize("control", REGISTRY.controls, ids=lambda control: control.weakening)
def test_control_a_false_rewrite_is_refuted(control: Any) -> None:
    finding = prove(control.obligation)
    assert finding.answer is Answer.REFUTED
    assert finding.counterexample is not None and finding.counterexample.real


def test_every_entry_has_an_obligation() -> None:
    assert {each.name for each in REGISTRY.obligations} == {entry.id for entry in (*CONSTANTS, *LAWS)}


PLANTED: Final = Law("planted", lambda a, b: a | b, lambda a, b: a + b, ("a", "b"), when=lambda a, b: a >= 0)


def test_control_a_planted_rewrite_is_refused() -> None:
    assert prove(Obligation("planted", law_holds(PLANTED), PORTFOLIO, plain_terms)).answer is not Answer.PROVED
    with pytest.raises(UnknownRewrite, match="planted"):
        rewriting("planted")


# --- nothing else is applied ------------------------------------------------------------------------------------------


RESULTS: Final = ("Term", "Term | None", "str")


def makers(source: str) -> dict[str, bool]:
    """Functions that give a term, or the text of one, and whether they name the rewrites that they apply."""
    found: dict[str, bool] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.returns is not None and ast.unparse(node.returns) in RESULTS:
            found[node.name] = any("rewriting" in ast.unparse(each) for each in node.decorator_list)
    return found


PLAIN: Final = {"make", "integer", "boolean", "variable", "proposition", "application", "all_of", "any_of", "number"}
"""These build what they are asked for, by ``make`` or by another one."""


@pytest.mark.parametrize("module", [terms, printing], ids=lambda module: module.__name__)
def test_whoever_rewrites_names_the_rewrites(module: Any) -> None:
    found = makers(inspect.getsource(module))
    assert {name for name, marked in found.items() if not marked} <= PLAIN
    assert any(found.values())


def test_control_an_unmarked_rewrite_is_seen() -> None:
    assert makers("def clever(a: Term) -> Term:\n    return a.arguments[0]\n") == {"clever": False}


def named_rewrites(source: str) -> set[str]:
    """The names given to ``rewriting`` in the source; the registry's constants are named all at once."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "rewriting":
            for argument in node.args:
                match argument:
                    case ast.Constant(value=str() as name):
                        found.add(name)
                    case ast.Starred():
                        found |= {each.id for each in CONSTANTS}
                    case ast.Name(id=name):
                        found.add(str(getattr(rewrites, name)))
    return found


def test_every_entry_is_applied_somewhere() -> None:
    assert set().union(*(named_rewrites(inspect.getsource(module)) for module in (terms, printing))) == KNOWN


# --- the engine does what they say ------------------------------------------------------------------------------------

small = st.integers(-40, 40)
OPERATIONS: Final = (Op.ADD, Op.SUB, Op.MUL, Op.FLOORDIV, Op.MOD, Op.AND, Op.OR, Op.XOR, Op.LSHIFT, Op.RSHIFT)


def operand(workshop: Terms, name: str, kind: int, value: int, constant: int) -> tuple[Term, int]:
    """A constant, a variable, or a variable with a constant added; and its value where the variable has ``value``."""
    if kind == 0:
        return workshop.integer(constant), constant
    variable = workshop.variable(name, Interval(value - kind, value + 3) if kind < 3 else Interval(None, None))
    added = constant if kind == 2 else 0
    return workshop.binary(Op.ADD, variable, workshop.integer(added)), value + added


@given(st.sampled_from(OPERATIONS), st.tuples(st.integers(0, 3), st.integers(0, 3)), small, small, small, small)
@settings(max_examples=2000)
def test_the_workshop_keeps_values(op: Op, kinds: tuple[int, int], a: int, b: int, p: int, q: int) -> None:
    workshop = Terms()
    same = a == b and p == q
    mine, left = operand(workshop, "a", kinds[0], a, p)
    its, right = operand(workshop, "a" if same else "b", kinds[0] if same else kinds[1], b, q)
    values = {"a": a, "b": b}
    if not ((op in (Op.FLOORDIV, Op.MOD) and right == 0) or (op in (Op.LSHIFT, Op.RSHIFT) and right < 0)):
        found = workshop.binary(op, mine, its)
        assert evaluate(found, values) == BINARY[op](left, right)
        interval = workshop.interval(found)
        assert interval.low is None or interval.low <= evaluate(found, values)
        assert interval.high is None or evaluate(found, values) <= interval.high
    assert evaluate(workshop.less(mine, its), values) == (left < right)
    assert evaluate(workshop.equal(mine, its), values) == (left == right)
