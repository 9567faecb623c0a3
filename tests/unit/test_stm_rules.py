"""Each rule of Block-STM by itself, on small values made by hand."""

from typing import Any, Final

import msgspec
import pytest
from immutables import Map

from hyperion.parallel import executing, mvmemory, scheduler
from hyperion.parallel.counter import (
    Checking,
    Executing,
    Finishing,
    Idle,
    Marking,
    Pc,
    Recording,
    Scanning,
    Seen,
    Shared,
    Tasked,
    Waiting,
    Worker,
)
from hyperion.parallel.mvmemory import ESTIMATE, Added, Blocked, Found, Memory, Read, Written
from hyperion.parallel.program import execute_serially
from hyperion.parallel.scheduler import Phase, Scheduler, Status
from hyperion.parallel.trees import Add, Constant, Name, ReadInto, Require, Revert, Stop, Trees, Write
from hyperion.parallel.version import STORAGE, Version
from hyperion.parallel.worker import TRANSITIONS

BLOCK: Final = Trees((Stop(),) * 3, (("a", 10),))
READS_A: Final = Trees((ReadInto("a", "x", Stop(Name("x"))),) * 3, (("a", 10),))


def memory_of(*cells: mvmemory.Cell) -> Memory:
    """Three transactions, and these entries at location a."""
    return msgspec.structs.replace(mvmemory.empty(3), cells=Map({"a": cells}))


def shared_of(memory: Memory | None = None, **fields: object) -> Shared:
    """Three transactions, with some fields of the scheduler given."""
    return Shared(msgspec.structs.replace(scheduler.initial(3), **fields), memory or mvmemory.empty(3))


def phases(*rows: tuple[int, Phase]) -> tuple[Status, ...]:
    return tuple(Status(*row) for row in rows)


def go(shared: Shared, worker: Worker, block: Trees = BLOCK) -> tuple[Shared, Any]:
    """The one access that the worker's program counter names."""
    move = TRANSITIONS[worker.pc](block, shared, worker)
    assert move is not None
    return move


FIRST_EXECUTED: Final = phases((0, Phase.EXECUTED), (0, Phase.READY), (0, Phase.READY))


# --- the memory ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("STM-read")
def test_a_read_takes_the_greatest_writer_below() -> None:
    memory = memory_of((0, Written(2, 5)), (1, Written(0, 7)))
    assert mvmemory.resolve(memory, "a", 0, BLOCK.base) == Found(10, (STORAGE,))
    assert mvmemory.resolve(memory, "a", 1, BLOCK.base) == Found(5, (Version(0, 2),))
    assert mvmemory.resolve(memory, "a", 2, BLOCK.base) == Found(7, (Version(1, 0),))


@pytest.mark.rule("STM-read")
def test_a_read_walks_through_additions() -> None:
    memory = memory_of((0, Added(0, 3)), (1, Added(4, -1)))
    assert mvmemory.resolve(memory, "a", 2, BLOCK.base) == Found(12, (Version(1, 4), Version(0, 0), STORAGE))
    memory = memory_of((0, Written(0, 0)), (1, Added(4, -1)))
    assert mvmemory.resolve(memory, "a", 2, BLOCK.base) == Found(-1, (Version(1, 4), Version(0, 0)))


@pytest.mark.rule("STM-read")
def test_an_estimate_on_the_way_blocks() -> None:
    assert mvmemory.resolve(memory_of((0, ESTIMATE), (1, Added(0, 1))), "a", 2, BLOCK.base) == Blocked(0)
    assert mvmemory.resolve(memory_of((0, ESTIMATE), (1, Written(0, 1))), "a", 2, BLOCK.base) == Found(
        1, (Version(1, 0),)
    )


@pytest.mark.rule("STM-valid-read")
def test_a_read_is_valid_while_all_its_versions_are() -> None:
    read = Read("a", (Version(1, 0), Version(0, 0), STORAGE))
    assert mvmemory.valid(memory_of((0, Added(0, 3)), (1, Added(0, 1))), 2, read, BLOCK.base)
    assert not mvmemory.valid(memory_of((0, Added(1, 3)), (1, Added(0, 1))), 2, read, BLOCK.base)
    assert not mvmemory.valid(memory_of((1, Added(0, 1))), 2, read, BLOCK.base)
    assert not mvmemory.valid(memory_of((0, ESTIMATE), (1, Added(0, 1))), 2, read, BLOCK.base)


@pytest.mark.rule("STM-snapshot")
def test_the_end_is_what_a_reader_behind_the_last_finds() -> None:
    assert mvmemory.snapshot(memory_of((0, Written(0, 1)), (2, Added(0, 4))), BLOCK.base) == Map({"a": 5})
    assert mvmemory.snapshot(memory_of((0, Written(0, 1)), (2, ESTIMATE)), BLOCK.base) == Blocked(2)


def test_removing_what_is_not_there_changes_nothing() -> None:
    assert mvmemory.put(mvmemory.empty(3), "a", 1, None) == mvmemory.empty(3)
    assert mvmemory.put(memory_of((0, ESTIMATE)), "a", 0, None) == mvmemory.empty(3)


# --- claims ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("STM-lowest-first")
@pytest.mark.parametrize(("validation", "pc"), [(1, Pc.VALIDATION_LEFT), (2, Pc.EXECUTION_LEFT)])
def test_validation_is_preferred_while_it_lags(validation: int, pc: Pc) -> None:
    shared = shared_of(execution_index=2)
    assert go(shared, Seen(Pc.CHOOSE, validation)) == (shared, Idle(pc))


@pytest.mark.rule("STM-count-before-claim")
def test_both_paths_count_before_they_claim() -> None:
    assert go(shared_of(), Idle(Pc.EXECUTION_LEFT)) == (
        shared_of(),
        Idle(Pc.EXECUTION_COUNT),
    )
    assert go(shared_of(), Idle(Pc.EXECUTION_COUNT)) == (
        shared_of(active=1),
        Idle(Pc.EXECUTION_CLAIM),
    )
    assert go(shared_of(), Idle(Pc.VALIDATION_LEFT)) == (
        shared_of(),
        Idle(Pc.VALIDATION_COUNT),
    )
    assert go(shared_of(), Idle(Pc.VALIDATION_COUNT)) == (
        shared_of(active=1),
        Idle(Pc.VALIDATION_CLAIM),
    )


@pytest.mark.rule("STM-incarnate")
def test_only_a_ready_transaction_is_started() -> None:
    ready = scheduler.initial(3)
    started, version = scheduler.incarnate(ready, 1)
    assert version == Version(1, 0)
    assert scheduler.incarnate(started, 1) == (started, None)
    assert scheduler.incarnate(started, 3) == (started, None)


@pytest.mark.rule("STM-one-decrement")
def test_a_failing_retry_keeps_its_unit_for_the_release() -> None:
    shared = shared_of(active=1, status=phases((0, Phase.EXECUTING), (0, Phase.READY), (0, Phase.READY)))
    assert go(shared, Tasked(Pc.RETRY, Version(0, 0))) == (shared, Idle(Pc.RELEASE))
    released = go(shared, Idle(Pc.RELEASE))
    assert (released[0].scheduler.active, released[1]) == (0, Idle(Pc.PICK))


@pytest.mark.rule("STM-done")
def test_the_end_needs_every_look() -> None:
    idle = Idle(Pc.LOOP)
    done = shared_of(execution_index=3, validation_index=3, lowered=4)
    assert go(shared_of(execution_index=2), Checking(Pc.DONE_EXECUTION, 4)) == (
        shared_of(execution_index=2),
        idle,
    )
    assert go(shared_of(), Checking(Pc.DONE_VALIDATION, 4)) == (shared_of(), idle)
    assert go(shared_of(active=1), Checking(Pc.DONE_ACTIVE, 4)) == (
        shared_of(active=1),
        idle,
    )
    assert go(done, Checking(Pc.DONE_AGAIN, 3)) == (done, idle)
    assert go(done, Checking(Pc.DONE_AGAIN, 4)) == (done, Idle(Pc.DONE_MARK))


# --- execution -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("STM-record-reads")
def test_a_read_of_the_storage_is_recorded() -> None:
    begun = executing.begin(READS_A, mvmemory.empty(3), Version(1, 0))
    assert isinstance(begun, Executing)
    move = go(shared_of(), begun, READS_A)
    assert isinstance(move[1], Recording)
    assert (move[1].reads, move[1].result) == ((Read("a", (STORAGE,)),), 10)


@pytest.mark.rule("STM-wait")
def test_a_reader_does_not_wait_for_what_has_been_executed() -> None:
    waiting = Waiting(Pc.WAIT, Version(1, 0), 0)
    executed = shared_of(status=FIRST_EXECUTED)
    assert executing.wait(READS_A, executed, waiting) == (
        executed,
        executing.begin(READS_A, mvmemory.empty(3), Version(1, 0)),
    )
    locked = shared_of(locked=(True, False, False))
    assert executing.wait(READS_A, shared_of(), waiting) == (locked, Waiting(Pc.SUSPEND, Version(1, 0), 0))
    assert executing.wait(READS_A, locked, waiting) is None
    assert executing.take_dependents(BLOCK, locked, Finishing(Pc.TAKE_DEPENDENTS, Version(0, 0), False)) is None


@pytest.mark.rule("STM-next-incarnation", "STM-resume")
def test_who_waited_becomes_ready_and_execution_goes_back_to_it() -> None:
    held = shared_of(execution_index=3, locked=(True, False, False))
    suspended = go(held, Waiting(Pc.SUSPEND, Version(2, 4), 0))
    assert suspended[0].scheduler.dependents == ((2,), (), ())
    assert suspended[0].scheduler.locked == (False, False, False)
    assert suspended[0].scheduler.status[2].phase is Phase.ABORTING
    taken = go(suspended[0], Finishing(Pc.TAKE_DEPENDENTS, Version(0, 0), True))
    resumed = go(*taken)
    assert resumed[0].scheduler.status[2] == Status(1, Phase.READY)
    lowered = go(*resumed)
    assert lowered[0].scheduler.execution_index == 2


@pytest.mark.rule("STM-count-after-lowering")
def test_lowering_comes_before_its_count() -> None:
    shared = shared_of(execution_index=3, validation_index=3)
    for pc in (Pc.LOWER_EXECUTION, Pc.LOWER_VALIDATION, Pc.LOWER_AFTER):
        after_abort = pc is Pc.LOWER_AFTER
        worker = Tasked(pc, Version(1, 0)) if after_abort else Finishing(pc, Version(1, 0), True, (), 1)
        lowered = go(shared, worker)
        assert lowered[0].scheduler != shared.scheduler
        assert (lowered[0].scheduler.lowered, lowered[1].pc) == (0, pc + 1)
        counted, following = go(*lowered)
        assert counted.scheduler.lowered == 1
        assert following.pc in (Pc.RELEASE, Pc.COMPARE, Pc.RETRY_LEFT)


@pytest.mark.rule("STM-remove-stale")
def test_what_is_not_written_again_is_removed() -> None:
    memory = msgspec.structs.replace(memory_of((1, ESTIMATE)), written=((), ("a",), ()))
    begun = executing.begin(BLOCK, memory, Version(1, 1))
    assert isinstance(begun, Recording)
    assert (begun.pc, begun.stale) == (Pc.REMOVE, ("a",))
    removed = go(shared_of(memory), begun)
    assert removed[0].memory.cells == Map()


@pytest.mark.rule("STM-validate-again")
@pytest.mark.parametrize(
    ("validation", "new", "pc"),
    [(1, True, Pc.RELEASE), (2, False, Pc.LOAD_READS), (2, True, Pc.LOWER_VALIDATION)],
)
def test_validation_that_has_passed_is_made_again(validation: int, new: bool, pc: Pc) -> None:
    shared = shared_of(validation_index=validation)
    move = go(shared, Finishing(Pc.COMPARE, Version(1, 0), new))
    assert move[1].pc is pc


# --- validation ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("STM-validate-reads")
def test_one_read_that_is_not_valid_is_enough() -> None:
    good, bad = Read("a", (STORAGE,)), Read("b", (Version(0, 0),))
    shared = shared_of()
    assert go(shared, Scanning(Pc.SCAN, Version(1, 0), (good, bad))) == (
        shared,
        Scanning(Pc.SCAN, Version(1, 0), (bad,)),
    )
    assert go(shared, Scanning(Pc.SCAN, Version(1, 0), (bad, good))) == (
        shared,
        Tasked(Pc.ABORT, Version(1, 0)),
    )
    assert go(shared, Scanning(Pc.SCAN, Version(1, 0), (good,))) == (shared, Idle(Pc.RELEASE))


@pytest.mark.rule("STM-abort-once")
def test_an_incarnation_is_aborted_once() -> None:
    executed = msgspec.structs.replace(scheduler.initial(3), status=FIRST_EXECUTED)
    aborted, mine = scheduler.try_abort(executed, Version(0, 0))
    assert mine
    assert scheduler.try_abort(aborted, Version(0, 0)) == (aborted, False)
    assert scheduler.try_abort(executed, Version(0, 1)) == (executed, False)


@pytest.mark.rule("STM-estimate", "STM-abort-wave")
def test_entries_are_marked_before_the_transaction_is_ready_again() -> None:
    memory = msgspec.structs.replace(memory_of((0, Written(0, 1))), written=(("a",), (), ()))
    shared = shared_of(memory, status=FIRST_EXECUTED, validation_index=3)
    aborted = go(shared, Tasked(Pc.ABORT, Version(0, 0)))
    assert aborted[1] == Marking(Pc.MARK, Version(0, 0), ("a",))
    marked = go(*aborted)
    assert marked[0].memory.cells == Map({"a": ((0, ESTIMATE),)})
    assert marked[1] == Tasked(Pc.REOPEN, Version(0, 0))
    opened = go(*marked)
    assert opened[1].pc is Pc.LOWER_AFTER
    lowered = go(*opened)
    assert lowered[0].scheduler.validation_index == 1


# --- serial meaning and trees ----------------------------------------------------------------------------------------


@pytest.mark.rule("STM-serial")
def test_each_transaction_sees_what_those_before_it_left() -> None:
    block = Trees(
        (
            Write("a", Constant(4), Add("a", 1, Stop(Constant(1)))),
            Add("a", 2, ReadInto("a", "x", Write("b", Name("x"), Stop(Name("x"))))),
            Require("a", 8, Write("a", Constant(0), Stop())),
            Write("b", Constant(1), Revert()),
        ),
        (("a", 10),),
    )
    ended = execute_serially(block)
    assert ended.state == Map({"a": 7, "b": 7})
    assert ended.results == (1, 7, "reverted", "reverted")


def test_the_scheduler_starts_with_nothing_done() -> None:
    assert scheduler.initial(2) == Scheduler(0, 0, 0, 0, False, (Status(0, Phase.READY),) * 2, ((), ()), (False, False))
