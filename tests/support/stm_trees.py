"""Blocks of decision trees, drawn by Hypothesis: few locations, so that transactions meet."""

from hypothesis import strategies as st

from hyperion.parallel.trees import (
    Add,
    Branch,
    Constant,
    Expression,
    Name,
    Operation,
    ReadInto,
    Require,
    Revert,
    Stop,
    Tree,
    Trees,
    Write,
)

LOCATIONS = st.sampled_from(("a", "b", "c"))
NAMES = st.sampled_from(("x", "y"))
SMALL = st.integers(-2, 3)


def expressions() -> st.SearchStrategy[Expression]:
    leaves = st.builds(Constant, SMALL) | st.builds(Name, NAMES)
    operations = st.builds(Operation, st.sampled_from(("+", "-", "*", "%")), leaves, leaves)
    return leaves | operations


def inner(trees: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    comparisons = st.sampled_from(("==", "<", "<="))
    return (
        st.builds(ReadInto, LOCATIONS, NAMES, trees)
        | st.builds(Branch, comparisons, expressions(), expressions(), trees, trees)
        | st.builds(Write, LOCATIONS, expressions(), trees)
        | st.builds(Add, LOCATIONS, SMALL, trees)
        | st.builds(Require, LOCATIONS, SMALL, trees)
    )


def programs() -> st.SearchStrategy[Tree]:
    ends: st.SearchStrategy[Tree] = st.builds(Stop, expressions()) | st.builds(Revert)
    return st.recursive(ends, inner, max_leaves=4)


def blocks(largest: int = 6) -> st.SearchStrategy[Trees]:
    before = st.dictionaries(LOCATIONS, SMALL).map(lambda values: tuple(values.items()))
    return st.builds(Trees, st.lists(programs(), min_size=0, max_size=largest).map(tuple), before)
