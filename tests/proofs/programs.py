"""Random small functions: arithmetic, bits and branches, with one meaning for known and unknown values."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from hypothesis import strategies as st

from hyperion.symbolic.proxies import all_of, any_of, implies, negation, where

NAMES: Final = "abc"
ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    ">>": operator.rshift,
    "<<": lambda a, b: a << (b % 9),
    "max": max,
    "choose": lambda a, b: where(a < b, a, b + 1),
}
ALONE: Final[dict[str, Callable[[Any], Any]]] = {
    "neg": operator.neg,
    "abs": abs,
    "~": operator.invert,
    "bits": lambda a: a.bit_length(),
    "square": lambda a: a**2,
}
COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "both": lambda a, b: all_of(a < b, b < 20),
    "either": lambda a, b: any_of(a == 3, negation(b > 0)),
    "implied": lambda a, b: implies(a > b, a > 0),
}

leaves = st.sampled_from(NAMES) | st.sampled_from([0, 1, 2, 3, 7, 8, 31, 255, -1, -5])
programs: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: (
        st.tuples(st.sampled_from(sorted(ARITHMETIC)), inner, inner)
        | st.tuples(st.sampled_from(sorted(ALONE)), inner)
        | st.tuples(st.just("if"), st.sampled_from(sorted(COMPARISONS)), inner, inner, inner, inner)
    ),
    max_leaves=8,
)


def run(program: Any, inputs: Mapping[str, Any]) -> Any:
    """The meaning of a program: ordinary operators and branches of Python, whatever the values are."""
    if isinstance(program, str):
        return inputs[program]
    if isinstance(program, int):
        return program
    if program[0] == "if":
        _, name, left, right, then, otherwise = program
        return run(then if COMPARISONS[name](run(left, inputs), run(right, inputs)) else otherwise, inputs)
    if len(program) == 2:
        return ALONE[program[0]](run(program[1], inputs))
    return ARITHMETIC[program[0]](run(program[1], inputs), run(program[2], inputs))
