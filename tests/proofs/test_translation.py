"""Terms and their formulas mean the same: on random functions, both domains say of known inputs what Python says."""

from typing import Any, Final

import pytest
import z3
from hypothesis import example, given
from hypothesis import strategies as st

from hyperion.symbolic.explore import explore
from hyperion.symbolic.expression import Term, evaluate
from hyperion.symbolic.proxies import SymbolicInt, unknown_integer
from hyperion_proofs.translate import Bits, Domain, Integers, Untranslatable
from tests.proofs.programs import NAMES, programs, run

DOMAINS: Final = {"integers": Integers, "vectors": Bits}
small: Final = st.integers(-40, 40)


def with_inputs(domain: Domain, inputs: dict[str, int], *formulas: Any) -> z3.Solver:
    """A solver that knows the inputs and the formulas."""
    solver = z3.Solver()
    solver.add(*domain.facts, *formulas)
    for name, (_, symbol) in domain.variables().items():
        solver.add(symbol == inputs[name])
    return solver


def says(domain: Domain, term: Term, inputs: dict[str, int], value: int) -> bool:
    """Whether the term's formula has the value, and no other, where the inputs are these."""
    formula = domain.translate(term)
    constant = z3.BitVecVal(value, formula.size()) if z3.is_bv(formula) else value
    if z3.is_bv(formula) and not -(2 ** (formula.size() - 1)) <= value < 2 ** (formula.size() - 1):
        return False
    same, other = with_inputs(domain, inputs, formula == constant), with_inputs(domain, inputs, formula != constant)
    return bool(same.check() == z3.sat) and bool(other.check() == z3.unsat)


@pytest.mark.parametrize("name", DOMAINS)
@given(programs, small, small, small)
@example(("//", "a", "b"), -7, 2, 0)
@example(("%", "a", "b"), -7, -2, 0)
@example(("//", "a", 0), -7, -2, 0)
@example((">>", "a", 2), -7, 0, 0)
@example(("&", ("*", "a", "b"), 255), -7, 39, 0)
@example(("^", "a", "b"), -1, 5, 0)
def test_formula_of_a_random_function(name: str, program: Any, a: int, b: int, c: int) -> None:
    inputs = {"a": a, "b": b, "c": c}
    exploration = explore(lambda path: run(program, {name: unknown_integer(path, name, -40, 40) for name in NAMES}))
    for outcome in exploration.outcomes:
        if not all(evaluate(condition, inputs) for condition in outcome.conditions):
            continue
        domain = DOMAINS[name]()
        try:
            for condition in outcome.conditions:
                formula = domain.translate(condition)
                assert with_inputs(domain, inputs, formula).check() == z3.sat
            if type(outcome.result) is SymbolicInt:
                value = int(evaluate(outcome.result.term, inputs))
                assert says(domain, outcome.result.term, inputs, value)
        except Untranslatable:
            assert name == "integers"  # it can't say bits of two unknowns; vectors of bounded integers say everything


def test_control_another_value_is_noticed() -> None:
    (outcome,) = explore(lambda path: unknown_integer(path, "a", -40, 40) * 3 + 1).outcomes
    assert isinstance(outcome.result, SymbolicInt)
    for domain in (Integers(), Bits()):
        assert says(domain, outcome.result.term, {"a": -2}, -5)
        assert not says(domain, outcome.result.term, {"a": -2}, 5)
