"""Traces: machines by index from checkpoints, points of blocks, and the history of a segment."""

from collections.abc import Iterator

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.settlement import trace as traces
from hyperion.settlement.history import history, includes, is_prefix
from hyperion.settlement.onestep import verify
from hyperion.settlement.trace import (
    BlockTrace,
    Place,
    Standing,
    Trace,
    TraceError,
    followed,
    index_of,
    machine_at,
    place_of,
    point_at,
    point_hash,
    points_from,
    state_at,
    trace_of,
    traced_block,
)
from hyperion.state.commitment import state_root
from hyperion.vm.forks import OSAKA
from hyperion.vm.machine import Machine
from hyperion.vm.step import step
from tests.support.machines import assemble, machine_for
from tests.unit.test_block import chain, genesis, sealed, transfer

LOOP = assemble("20 JUMPDEST 1 SWAP1 SUB DUP1 2 JUMPI")


def machines_of(machine: Machine) -> list[Machine]:
    """The whole run."""
    states = [machine]
    while not states[-1].halted:
        states.append(step(states[-1]))
    return states


@pytest.mark.rule("DIS-state-at")
@given(st.integers(2, 40), st.integers(0, 400))
@settings(max_examples=40)
def test_any_machine_is_found_from_few_checkpoints(most: int, index: int) -> None:
    states = machines_of(machine_for(LOOP))
    run = followed(states[0], most)
    assert run.steps == len(states) - 1 and len(run.checkpoints) <= most
    found, wanted = machine_at(run, index), states[min(index, run.steps)]
    assert bool(found == wanted) and found.steps == wanted.steps
    assert run.distance <= 2 * run.steps // most + 1


def block_traces() -> Iterator[BlockTrace]:
    """A block of two transfers, one of one, and one whose header claims other gas."""
    tip = genesis(OSAKA)
    for count in (2, 1):
        block = sealed(tip, OSAKA, *(transfer(nonce) for nonce in range(count)))
        yield traced_block(tip, block, chain(OSAKA), 1000)
    wrong = attrs.evolve(block, header=attrs.evolve(block.header, gas_used=1))
    yield traced_block(tip, wrong, chain(OSAKA), 1000)


@pytest.fixture(scope="module")
def trace() -> Trace:
    """Three blocks, the last of them invalid."""
    return trace_of(tuple(block_traces()))


@pytest.mark.rule("DIS-trace-index")
def test_places_and_indices_are_inverse(trace: Trace) -> None:
    places = [place_of(trace, index) for index in range(trace.points)]
    assert [index_of(trace, place) for place in places] == list(range(trace.points))
    assert len(set(places)) == len(places)
    assert places == sorted(places, key=lambda place: (place.block, place.run, place.step))
    assert place_of(trace, trace.points + 7) == places[-1]


@pytest.mark.rule("DIS-commit-point")
def test_points_bind_where_they_are_and_what_is_known(trace: Trace) -> None:
    hashes = points_from(trace, 0, trace.points)
    assert len(hashes) == trace.points
    one_block = hashes[: trace.blocks[0].points]
    assert len(set(one_block)) == len(one_block)
    for index in range(trace.points):
        assert point_at(trace, index) == hashes[index]
        machine, place = state_at(trace, index), place_of(trace, index)
        block = trace.blocks[place.block]
        if machine is None:
            assert hashes[index] == point_hash(
                block.number, len(block.runs), 0, block.standing, state_root(block.tip.world)
            )
        else:
            assert machine.environment.block.number == block.number
            root = verify.commit(machine)
            assert hashes[index] == point_hash(block.number, place.run, place.step, Standing.RUNNING, root)
    assert [block.standing for block in trace.blocks] == [Standing.VALID, Standing.VALID, Standing.INVALID]
    runs = [len(block.runs) for block in trace.blocks]
    assert runs[0] == runs[1] + 1 == runs[2] + 1


@pytest.mark.rule("DIS-commit-point")
def test_control_each_part_of_a_point_changes_its_hash() -> None:
    root = bytes(32)
    parts = [
        point_hash(1, 2, 3, Standing.RUNNING, root),
        point_hash(2, 2, 3, Standing.RUNNING, root),
        point_hash(1, 3, 3, Standing.RUNNING, root),
        point_hash(1, 2, 4, Standing.RUNNING, root),
        point_hash(1, 2, 3, Standing.VALID, root),
        point_hash(1, 2, 3, Standing.INVALID, root),
        point_hash(1, 2, 3, Standing.RUNNING, b"\x01" * 32),
    ]
    assert len(set(parts)) == len(parts)


@pytest.mark.rule("DIS-history-padding", "DIS-history-prefix")
def test_the_history_of_a_segment(trace: Trace) -> None:
    """A segment that reaches beyond the end of the trace is padded with its last point."""
    first, height = trace.points - 6, 2**20
    states = points_from(trace, first, 6)
    assert points_from(trace, first, 9) == (*states, *states[-1:] * 3)
    segment = history(states, height)
    for index in (0, 3, 5, 1000, height):
        point = point_at(trace, first + index)
        assert includes(segment.root(), height, index, point, segment.inclusion_proof(height, index))
    assert is_prefix(segment.root(3), 3, segment.root(), height, segment.prefix_proof(3, height))


@pytest.mark.parametrize(
    ("place", "field"),
    [(Place(3, 0, 0), "block"), (Place(0, 99, 0), "run"), (Place(0, 0, 10**9), "step"), (Place(-1, 0, 0), "block")],
)
def test_places_that_are_not_there(trace: Trace, place: Place, field: str) -> None:
    with pytest.raises(TraceError) as refused:
        index_of(trace, place)
    assert refused.value.field == field


def test_negative_indices_and_empty_traces(trace: Trace) -> None:
    for asked in (lambda: place_of(trace, -1), lambda: machine_at(trace.blocks[0].runs[0], -1), lambda: trace_of(())):
        with pytest.raises(TraceError):
            asked()
    assert traces.MOST >= 2
