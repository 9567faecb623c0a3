"""Traces: machines by index from checkpoints, points of blocks, and the history of a segment."""

from collections.abc import Iterator

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.execution.block import transactions_root
from hyperion.primitives.hashing import keccak256
from hyperion.settlement import trace as traces
from hyperion.settlement.between.records import sealed_end, sealed_stage
from hyperion.settlement.between.stages import Ended, Running, Standing
from hyperion.settlement.history import history, includes, is_prefix
from hyperion.settlement.onestep import verify
from hyperion.settlement.onestep.nodes import Hashed
from hyperion.settlement.points import At, point_node
from hyperion.settlement.trace import (
    BlockTrace,
    Place,
    Trace,
    TraceError,
    at_of,
    followed,
    index_of,
    input_of,
    machine_at,
    place_of,
    point_at,
    points_from,
    state_at,
    trace_of,
    traced_block,
)
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
    """A block of two transfers, one of one, and one whose second transaction has another nonce."""
    tip = genesis(OSAKA)
    for count in (2, 1):
        block = sealed(tip, OSAKA, *(transfer(nonce) for nonce in range(count)))
        yield traced_block(tip, input_of(block, 1000), chain(OSAKA))
    bad = (transfer(0), transfer(7))
    wrong = attrs.evolve(
        block, transactions=bad, header=attrs.evolve(block.header, transactions_root=transactions_root(bad))
    )
    yield traced_block(tip, input_of(wrong, 1000), chain(OSAKA))


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
    hashes = points_from(trace, chain(OSAKA), 0, trace.points)
    assert len(hashes) == trace.points
    one_block = hashes[: trace.blocks[0].points]
    assert len(set(one_block)) == len(one_block)
    for index in range(trace.points):
        assert point_at(trace, index) == hashes[index]
        state, at = state_at(trace, index), at_of(trace, index)
        block = trace.blocks[place_of(trace, index).block]
        assert at.number == block.number
        if isinstance(state, Ended):
            node = point_node(at, block.standing, sealed_end(state, Hashed()), b"")
        else:
            stage = state.stage if isinstance(state, Running) else state
            machine = verify.commit(state.machine) if isinstance(state, Running) else b""
            node = point_node(at, Standing.RUNNING, sealed_stage(stage, Hashed()), machine)
        assert keccak256(node) == hashes[index]
    assert [block.standing for block in trace.blocks] == [Standing.VALID, Standing.VALID, Standing.INVALID]
    assert [len(block.runs) for block in trace.blocks] == [6, 5, 3]


@pytest.mark.rule("DIS-commit-point")
def test_control_each_part_of_a_point_changes_its_hash() -> None:
    root, other = bytes(32), b"\x01" * 32
    parts = [
        point_node(At(1, 2, 3), Standing.RUNNING, root, root),
        point_node(At(2, 2, 3), Standing.RUNNING, root, root),
        point_node(At(1, 3, 3), Standing.RUNNING, root, root),
        point_node(At(1, 2, 4), Standing.RUNNING, root, root),
        point_node(At(1, 2, 3), Standing.VALID, root, root),
        point_node(At(1, 2, 3), Standing.INVALID, root, root),
        point_node(At(1, 2, 3), Standing.RUNNING, other, root),
        point_node(At(1, 2, 3), Standing.RUNNING, root, other),
        point_node(At(1, 2, 3), Standing.RUNNING, root, b""),
    ]
    assert len(set(map(keccak256, parts))) == len(parts)


@pytest.mark.rule("DIS-history-padding", "DIS-history-prefix")
def test_the_history_of_a_segment(trace: Trace) -> None:
    """A segment that reaches beyond the end of the trace is padded with its last point."""
    first, height = trace.points - 6, 2**20
    states = points_from(trace, chain(OSAKA), first, 6)
    assert points_from(trace, chain(OSAKA), first, 9) == (*states, *states[-1:] * 3)
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
