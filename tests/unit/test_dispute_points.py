"""Steps between points of a block: as the trace has them, whole and in micro steps; none where a run or block ends."""

import pytest

from hyperion.primitives.hashing import keccak256
from hyperion.settlement import points
from hyperion.settlement.dispute.verifying import point_verifier
from hyperion.settlement.onestep import verify
from hyperion.settlement.onestep.nodes import Kind, Reason, encode_record
from hyperion.settlement.onestep.verify import Committed
from hyperion.settlement.rejection import Rejected
from hyperion.settlement.trace import Standing, Trace, place_of, point_node, points_from, state_at, trace_of
from tests.unit.test_onestep_trace import block_traces


@pytest.fixture(scope="module")
def trace() -> Trace:
    return trace_of(tuple(block_traces())[:1])


def committed_point(trace: Trace, index: int) -> Committed:
    """A point with the nodes behind it."""
    machine, place = state_at(trace, index), place_of(trace, index)
    assert machine is not None
    behind = verify.committed(machine)
    node = point_node(trace.blocks[0].number, place.run, place.step, Standing.RUNNING, behind.root)
    return Committed(points_from(trace, index, 1)[0], behind.nodes.set(points_from(trace, index, 1)[0], node))


def is_inside(trace: Trace, index: int) -> bool:
    """Whether a machine step follows."""
    machine = state_at(trace, index)
    return machine is not None and not machine.halted


@pytest.mark.rule("DIS-point-step", "DIS-point-level")
def test_a_point_is_followed_by_that_of_the_trace_or_by_none(trace: Trace) -> None:
    hashes, inside = points_from(trace, 0, trace.points), 0
    verifier = point_verifier(1)
    for index in range(trace.points - 1):
        before = committed_point(trace, index)
        if is_inside(trace, index):
            shown = verify.witness(before, points.point_after)
            assert points.verify_point_step(before.root, shown) == hashes[index + 1]
            assert verifier.step(1, before.root, shown) == hashes[index + 1]
            assert verifier.step(0, before.root, shown) is None
            inside += 1
        else:
            refused = points.verify_point_step(before.root, every(before))
            assert isinstance(refused, Rejected) and refused.reason is Reason.NO_STEP
    assert inside > 5


def every(before: Committed) -> tuple[bytes, ...]:
    """All nodes, since no witness of a step can be made where there is none."""
    return tuple(before.nodes.values())


@pytest.mark.rule("DIS-point-micro-step", "DIS-point-level")
def test_micro_steps_between_points_lead_where_the_step_leads(trace: Trace) -> None:
    hashes, verifier = points_from(trace, 0, trace.points), point_verifier(1)
    for index in range(0, trace.points - 1, 3):
        if not is_inside(trace, index):
            continue
        before = committed_point(trace, index)
        node = points.entered_node(before.root)
        state = Committed(verifier.enter(2, before.root), before.nodes.set(verifier.enter(2, before.root), node))
        count = 0
        while state.root != verifier.leave(2, hashes[index + 1]):
            shown = verify.witness(state, points.point_micro_after)
            after = verify.advance(state, points.point_micro_after)
            assert verifier.step(2, state.root, shown) == after.root != state.root
            state, count = after, count + 1
            assert count < 100
        assert count >= 3
        assert verify.advance(state, points.point_micro_after).root == state.root


@pytest.mark.rule("DIS-point-micro-step")
def test_a_halted_machine_has_no_micro_step_that_ends(trace: Trace) -> None:
    index = next(index for index in range(trace.points) if not is_inside(trace, index))
    before = committed_point(trace, index)
    node = points.entered_node(before.root)
    state = Committed(points.enter(before.root), before.nodes.set(points.enter(before.root), node))
    for _ in range(2):
        state = verify.advance(state, points.point_micro_after)
    refused = points.verify_point_micro_step(state.root, every(state))
    assert isinstance(refused, Rejected) and refused.reason is Reason.NO_STEP


def test_control_a_point_does_not_show_the_step_of_another(trace: Trace) -> None:
    inside = [index for index in range(trace.points - 1) if is_inside(trace, index)]
    first, second = committed_point(trace, inside[0]), committed_point(trace, inside[-1])
    shown = verify.witness(second, points.point_after)
    assert isinstance(points.verify_point_step(first.root, shown), Rejected)
    assert points.enter(first.root) != points.leave(first.root)


@pytest.mark.parametrize("node", [b"", b"\x80", b"\xc0", b"\xc1\x80", encode_record(Kind.POINT, ()), b"junk"])
def test_what_is_no_point_is_refused(node: bytes) -> None:
    for verified in (points.verify_point_step, points.verify_point_micro_step):
        refused = verified(keccak256(node), (node,))
        assert isinstance(refused, Rejected) and refused.reason is Reason.MALFORMED


@pytest.mark.rule("DIS-point-step")
def test_the_end_of_a_block_has_no_step() -> None:
    node = point_node(1, 2, 0, Standing.VALID, bytes(32))
    refused = points.verify_point_step(keccak256(node), (node,))
    assert isinstance(refused, Rejected) and refused.reason is Reason.NO_STEP
