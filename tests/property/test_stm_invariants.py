"""The invariants hold on random runs of random blocks, and a fault makes one of them fail. 100 examples each."""

from collections.abc import Iterator, Mapping
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.parallel.claiming import release
from hyperion.parallel.configuration import Configuration, advance, initial
from hyperion.parallel.counter import Move, Pc, Shared, Tasked, Transition
from hyperion.parallel.invariants import INVARIANTS, of_concern, violated
from hyperion.parallel.program import Block
from hyperion.parallel.trees import Constant, Name, Operation, ReadInto, Stop, Trees, Write
from hyperion.parallel.worker import TRANSITIONS, Grain
from tests.support.stm_trees import blocks

SCHEDULES: Final = st.lists(st.integers(0, 2), max_size=500)
COUNTER: Final = ReadInto("a", "x", Write("a", Operation("+", Name("x"), Constant(1)), Stop(Name("x"))))


def along(
    block: Block,
    workers: int,
    schedule: list[int],
    transitions: Mapping[Pc, Transition] = TRANSITIONS,
    grain: Grain = Grain.FINE,
) -> Iterator[Configuration]:
    """The configurations of a run."""
    at = initial(block, workers)
    yield at
    for turn in schedule:
        following = advance(block, at, turn % workers, transitions, grain)
        if following is not None:
            at = following
            yield at


@given(blocks(4), st.integers(1, 3), SCHEDULES, st.sampled_from(Grain))
@settings(max_examples=100)
def test_every_invariant_holds_along_every_run(
    block: Trees, workers: int, schedule: list[int], grain: Grain
) -> None:
    for at in along(block, workers, schedule, TRANSITIONS, grain):
        assert violated(block, at) is None


@given(blocks(4), SCHEDULES, SCHEDULES)
@settings(max_examples=100)
def test_what_is_of_no_concern_holds_whoever_works(block: Trees, schedule: list[int], other: list[int]) -> None:
    shared = [*along(block, 2, schedule)][-1].shared
    open_questions = of_concern(block, shared)
    for stranger in along(block, 2, other):
        at = Configuration(shared, stranger.workers)
        for invariant in INVARIANTS:
            assert invariant in open_questions or invariant.holds(block, at), invariant.name


def test_names_are_distinct_and_statements_are_given() -> None:
    assert len({invariant.name for invariant in INVARIANTS}) == len(INVARIANTS) == 17
    assert all(invariant.statement.endswith(".") for invariant in INVARIANTS)


def uncounted(block: Block, shared: Shared, worker: Tasked) -> Move:
    """A transaction is released without giving back its unit."""
    move = release(block, shared, worker)  # type: ignore[arg-type]  # the worker record does not matter to it
    return None if move is None else (shared, move[1])


def test_a_fault_is_named_by_the_first_invariant_that_fails() -> None:
    block = Trees((COUNTER,) * 3)
    faulty = {**TRANSITIONS, Pc.RELEASE: uncounted}
    names = [violated(block, at) for at in along(block, 2, [0] * 200, faulty)]
    assert "CARD" in names
