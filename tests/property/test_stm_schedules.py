"""Any schedule of any block of decision trees ends as the serial execution does. Each property draws 200 examples."""

from collections.abc import Mapping
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.parallel import claiming, executing
from hyperion.parallel.configuration import Run, Stuck, outcome, run
from hyperion.parallel.counter import Executing, Move, Pc, Recording, Shared, Transition
from hyperion.parallel.mvmemory import Read, resolve
from hyperion.parallel.program import Block, execute_serially
from hyperion.parallel.trees import Constant, Name, Operation, ReadInto, Stop, Trees, Write
from hyperion.parallel.version import STORAGE
from hyperion.parallel.worker import TRANSITIONS
from tests.support.stm_trees import blocks

SCHEDULES: Final = st.lists(st.integers(0, 3), max_size=400)
COUNTER: Final = ReadInto("a", "x", Write("a", Operation("+", Name("x"), Constant(1)), Stop(Name("x"))))


def bursts(turns: list[tuple[int, int]]) -> list[int]:
    """Schedules that starve: one worker for a long while, then another."""
    return [worker for worker, length in turns for _ in range(length)]


STARVING: Final = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 60)), max_size=12).map(bursts)


@pytest.mark.rule("STM-schedule", "STM-serial", "STM-snapshot", "STM-atomic")
@given(blocks(), st.integers(1, 4), SCHEDULES | STARVING)
@settings(max_examples=200)
def test_any_schedule_ends_as_the_serial_execution(block: Trees, workers: int, schedule: list[int]) -> None:
    ended = run(block, workers, schedule)
    assert isinstance(ended, Run)
    assert outcome(block, ended.configuration) == execute_serially(block)


@given(blocks(), st.integers(1, 4), SCHEDULES)
@settings(max_examples=200)
def test_a_run_is_replayed_by_its_own_steps(block: Trees, workers: int, schedule: list[int]) -> None:
    ended = run(block, workers, schedule)
    assert run(block, workers, ended.steps) == ended


@given(blocks(), st.integers(1, 4), SCHEDULES)
@settings(max_examples=200)
def test_every_read_of_a_last_incarnation_is_valid_at_the_end(
    block: Trees, workers: int, schedule: list[int]
) -> None:
    memory = run(block, workers, schedule).configuration.shared.memory
    for transaction, reads in enumerate(memory.reads):
        for read in reads:
            found = resolve(memory, read.location, transaction, block.base)
            assert getattr(found, "origins", None) == read.origins


@given(blocks())
@settings(max_examples=200)
def test_a_tree_is_read_back_from_json(block: Trees) -> None:
    assert msgspec.json.decode(msgspec.json.encode(block), type=Trees) == block


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@settings(max_examples=200)
def test_what_is_no_block_of_trees_is_refused(text: bytes) -> None:
    try:
        decoded = msgspec.json.decode(text, type=Trees)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert isinstance(decoded, Trees)


# Controls: the property fails for a faulty algorithm.


def without_storage_reads(
    block: Block, shared: Shared, worker: Executing
) -> Move:
    move = executing.read(block, shared, worker)
    if move is None or not isinstance(move[1], Executing | Recording):
        return move
    kept: tuple[Read, ...] = tuple(read for read in move[1].reads if STORAGE not in read.origins)
    return move[0], msgspec.structs.replace(move[1], reads=kept)


def disagrees(transitions: Mapping[Pc, Transition]) -> bool:
    """Whether some schedule of four increments of one counter ends otherwise."""
    block = Trees((COUNTER,) * 4)
    for length in range(0, 120, 3):
        ended = run(block, 2, [0] * length + [1] * 300, transitions, patience=5_000)
        if isinstance(ended, Stuck) or outcome(block, ended.configuration) != execute_serially(block):
            return True
    return False


def test_the_property_fails_without_reads_of_the_storage() -> None:
    assert disagrees({**TRANSITIONS, Pc.READ: without_storage_reads})
    assert not disagrees(TRANSITIONS)


def test_the_property_fails_when_the_end_is_never_found() -> None:
    assert disagrees({**TRANSITIONS, Pc.RELEASE: claiming.pick})
