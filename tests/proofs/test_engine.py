"""The engine against Python itself: for known inputs, one path's conditions hold and its result has the value."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hyperion.primitives import word
from hyperion.symbolic import intervals
from hyperion.symbolic.explore import Exploration, Limits, Outcome, explore
from hyperion.symbolic.expression import Interval, Op, Unassigned, Value, apply, evaluate, postorder, show
from hyperion.symbolic.path import Path
from hyperion.symbolic.proxies import (
    SymbolicBool,
    SymbolicInt,
    unknown_integer,
    unknown_result,
    unknown_truth,
)
from hyperion.vm import gas
from tests.proofs.programs import NAMES, programs, run

MAX: Final = 2**256 - 1
EDGES: Final = [0, 1, 2, 31, 32, 255, 256, 2**128, 2**255 - 1, 2**255, 2**255 + 1, MAX - 1, MAX]
words: Final = st.sampled_from(EDGES) | st.integers(0, MAX) | st.integers(0, 300)
small: Final = st.integers(-40, 40)


def value_of(result: object, inputs: Mapping[str, Value]) -> object:
    """The result of a path under an assignment; of a tuple, member by member."""
    if type(result) in (SymbolicInt, SymbolicBool):
        return evaluate(result.term, inputs)  # type: ignore[attr-defined]
    return tuple(value_of(part, inputs) for part in result) if isinstance(result, tuple) else result


def taken(exploration: Exploration[Any], inputs: Mapping[str, Value]) -> list[Outcome[Any]]:
    """The paths whose conditions the assignment meets."""
    return [
        outcome
        for outcome in exploration.outcomes
        if all(evaluate(condition, inputs) for condition in outcome.conditions)
    ]


def run_concretely(function: Callable[..., object], arguments: list[int]) -> object:
    """The result, or the type of the exception."""
    try:
        return function(*arguments)
    except (ZeroDivisionError, ValueError) as error:
        return type(error)


def agrees(function: Callable[..., object], exploration: Exploration[Any], arguments: list[int]) -> bool:
    """Whether exactly one path is for these arguments, and says of them what Python says."""
    inputs = dict(zip(NAMES, arguments, strict=False))
    paths = taken(exploration, inputs)
    if len(paths) != 1:
        return False
    raised = paths[0].raised
    found = value_of(paths[0].result, inputs) if raised is None else type(raised)
    return found == run_concretely(function, arguments)


def over_integers(function: Callable[..., object], count: int, low: int, high: int) -> Exploration[Any]:
    return explore(lambda path: function(*[unknown_integer(path, name, low, high) for name in NAMES[:count]]))


# --- random functions -------------------------------------------------------------------------------------------------

@given(programs, st.lists(st.tuples(small, small, small), min_size=3, max_size=3))
@example(("//", "a", "b"), [(7, -2, 0), (-7, 2, 0), (0, 0, 0)])
@example(("if", "<", ("+", "a", 3), ("-", "b", 5), "a", ("&", "a", -8)), [(1, 9, 0), (1, 10, 0), (-3, 0, 0)])
def test_random_functions(program: Any, inputs: list[tuple[int, int, int]]) -> None:
    def function(*values: Any) -> Any:
        return run(program, dict(zip(NAMES, values, strict=True)))

    exploration = over_integers(function, 3, -40, 40)
    assert exploration.bound is None
    for triple in inputs:
        assert agrees(function, exploration, [*triple])


@given(programs, small, small, small)
def test_intervals_hold(program: Any, a: int, b: int, c: int) -> None:
    """On the path that is taken, every term of its result and conditions lies in its interval."""
    inputs = {"a": a, "b": b, "c": c}
    exploration = explore(
        lambda path: run(program, {name: unknown_integer(path, name, -40, 40) for name in NAMES})
    )
    (outcome,) = taken(exploration, inputs)
    result = [outcome.result.term] if type(outcome.result) is SymbolicInt else []
    for term in postorder(*result, *outcome.conditions):
        if term.op is Op.ITE or term.interval == Interval():
            continue
        try:
            value = evaluate(term, inputs)
        except (ZeroDivisionError, ValueError):  # below a side of a choice that is not taken
            continue
        assert Interval(value, value).meet(term.interval) == Interval(value, value)


@given(st.sampled_from(sorted(intervals.BINARY, key=str)), small, small, small, small, st.data())
def test_interval_of_an_operation(op: Op, a: int, b: int, c: int, d: int, data: st.DataObject) -> None:
    if op in (Op.LSHIFT, Op.RSHIFT):
        c, d = abs(c), abs(d)
    left, right = Interval(min(a, b), max(a, b)), Interval(min(c, d), max(c, d))
    x, y = data.draw(st.integers(min(a, b), max(a, b))), data.draw(st.integers(min(c, d), max(c, d)))
    if op in (Op.FLOORDIV, Op.MOD) and y == 0:
        return
    value = apply(op, (x, y))
    for mine in (left, Interval(left.low), Interval(None, left.high)):
        for its in (right, Interval(right.low), Interval(None, right.high)):
            if op in (Op.LSHIFT, Op.RSHIFT) and its.low is None:
                continue
            found = intervals.BINARY[op](mine, its)
            assert found.meet(Interval(value, value)) == Interval(value, value), (mine, its)


# --- the model's functions --------------------------------------------------------------------------------------------

FUNCTIONS: Final[dict[str, tuple[Callable[..., object], int]]] = {
    **{
        name: (getattr(word, name), 2)
        for name in (
            "add", "mul", "sub", "div", "sdiv", "mod", "smod", "signextend", "lt", "gt", "slt", "sgt", "eq",
            "and_", "or_", "xor", "byte", "shl", "shr", "sar",
        )
    },
    **{name: (getattr(word, name), 1) for name in ("iszero", "not_", "clz", "signed")},
    **{name: (getattr(word, name), 3) for name in ("addmod", "mulmod", "exp_step")},
    "storage_cost": (gas.storage_cost, 3),
    "storage_refund": (gas.storage_refund, 3),
    "memory_cost": (gas.memory_cost, 1),
    "expansion_cost": (gas.expansion_cost, 3),
    "exponent_cost": (gas.exponent_cost, 1),
    "max_forwarded": (gas.max_forwarded, 1),
}  # fmt: skip
EXPLORED: Final = {name: over_integers(function, count, 0, MAX) for name, (function, count) in FUNCTIONS.items()}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(a=words, b=words, c=words)
@example(a=2**255, b=MAX, c=1)
@example(a=0, b=0, c=0)
def test_functions_of_the_model(name: str, a: int, b: int, c: int) -> None:
    function, count = FUNCTIONS[name]
    assert agrees(function, EXPLORED[name], [a, b, c][:count])


def test_control_a_wrong_path_is_caught() -> None:
    assert not agrees(word.sub, EXPLORED["add"], [5, 3])
    assert not agrees(word.shr, EXPLORED["sar"], [1, 2**255])


# --- exploring --------------------------------------------------------------------------------------------------------


def count_bits(value: int) -> int:
    bits = 0
    while value != 0:
        value, bits = value >> 1, bits + 1
    return bits


def test_bounds_are_reported() -> None:
    def tree(path: Path) -> int:
        return sum(1 if unknown_truth(path, name) else 0 for name in "pqrst")

    full = explore(tree)
    assert (len(full.outcomes), full.bound) == (32, None)
    cut = explore(tree, limits=Limits(paths=5))
    assert (len(cut.outcomes), cut.bound) == (5, "5 paths")
    endless = explore(lambda path: count_bits(unknown_integer(path, "a", 0)), limits=Limits(decisions=20))  # type: ignore[arg-type]
    assert endless.bound == "20 decisions on a path"


def test_a_decision_is_asked_once_and_impossible_sides_are_left_out() -> None:
    def function(path: Path) -> int:
        a = unknown_integer(path, "a", 0, 100)
        if a < 10:
            return 1 if a < 10 and a + 1 <= 10 and a < 50 else 2
        return 3 if a >= 10 and a != 5 else 4

    assert sorted(outcome.result or 0 for outcome in explore(function).outcomes) == [1, 3]


def test_assumptions_narrow_what_follows() -> None:
    def function(path: Path) -> object:
        a = unknown_integer(path, "a", 0)
        path.assume((a < 31).term)  # type: ignore[union-attr]
        return 8 * a + 7

    (outcome,) = explore(function).outcomes
    assert outcome.result.term.interval == Interval(7, 247)  # type: ignore[attr-defined]


def test_an_oracle_prunes() -> None:
    class Never:
        def feasible(self, conditions: object, further: Any) -> bool:
            return further.op is not Op.NOT

    def function(path: Path) -> bool:
        return bool(unknown_truth(path, "p"))

    assert [outcome.result for outcome in explore(function, Never()).outcomes] == [True]


def test_exceptions_are_outcomes() -> None:
    def function(path: Path) -> object:
        return 1 << unknown_integer(path, "a", -5, 5)

    kinds = {type(outcome.raised) for outcome in explore(function).outcomes}
    assert kinds == {ValueError, type(None)}


def test_unknown_functions_are_the_same_for_the_same_argument() -> None:
    def function(path: Path) -> object:
        a = unknown_integer(path, "a", 0, 9)
        return unknown_result(path, "f", (a,), 0, 9) == unknown_result(path, "f", (a + 1 - 1,), 0, 9)

    assert [outcome.result for outcome in explore(function).outcomes] == [True]


def test_constants_fold_and_gather() -> None:
    def function(path: Path) -> object:
        gas_left = unknown_integer(path, "gas", 0)
        return (gas_left - 3) - (gas_left - 8), gas_left - 3 - 2, ((gas_left - 3 - 2) < 0) == (gas_left < 5)

    (outcome,) = explore(function).outcomes
    difference, rest, same = cast(tuple[Any, Any, Any], outcome.result)
    assert (difference, show(rest.term), same) == (5, "(gas + -5)", True)


def test_an_unassigned_variable_has_no_value() -> None:
    (outcome,) = explore(lambda path: unknown_integer(path, "a") + 1).outcomes
    with pytest.raises(Unassigned, match="a"):
        evaluate(outcome.result.term, {})  # type: ignore[union-attr]
