"""Steps between points of a block: as the trace has them, whole and in micro steps, from one output to the other."""

from itertools import pairwise

import pytest

from hyperion.primitives.hashing import keccak256
from hyperion.settlement import points
from hyperion.settlement.between.stages import Running, Standing
from hyperion.settlement.dispute.verifying import point_verifier
from hyperion.settlement.onestep import verify
from hyperion.settlement.onestep.nodes import Kind, Reason, encode_record
from hyperion.settlement.points import At, point_node
from hyperion.settlement.rejection import Rejected
from hyperion.vm.forks import OSAKA
from hyperion_conformance.dispute.proving import Question, expected, question, states_of, walked
from tests.unit.test_block import chain, genesis, sealed, transfer


@pytest.fixture(scope="module")
def asked() -> Question:
    """A block of two transfers and one of another."""
    tip = genesis(OSAKA)
    first = sealed(tip, OSAKA, transfer(0), transfer(1))
    return question(tip, ((first, 1000),), chain(OSAKA))


@pytest.mark.rule("DIS-point-step", "DIS-point-level", "DIS-point-end", "DIS-point-output")
def test_a_point_is_followed_by_that_of_the_trace(asked: Question) -> None:
    roots, verifier = expected(asked), point_verifier(1, asked.pinned)
    for place, (state, shown, _) in enumerate(walked(asked)):
        wanted = roots[min(place, len(roots) - 1)]
        assert points.verify_point_step(state.root, shown, asked.pinned) == wanted
        assert verifier.step(1, state.root, shown) == wanted
        assert verifier.step(0, state.root, shown) is None
    assert place == len(roots) > 40


@pytest.mark.rule("DIS-point-micro-step", "DIS-point-level")
def test_micro_steps_between_points_lead_where_the_step_leads(asked: Question) -> None:
    verifier, step = point_verifier(1, asked.pinned), points.micro_step_of(asked.pinned)
    for place, (before, _, reached) in enumerate(walked(asked)):
        state = verify.Committed(verifier.enter(2, before.root), points.entered(before).nodes)
        count = 0
        while state.root != verifier.leave(2, reached):
            after = verify.advance(state, step)
            assert verifier.step(2, state.root, verify.witness(state, step)) == after.root != state.root
            state, count = after, count + 1
            assert count < 99, place
        assert count >= 1
        assert verify.advance(state, step).root == state.root


def test_control_a_point_does_not_show_the_step_of_another(asked: Question) -> None:
    walk = list(walked(asked))
    for (first, _, _), (_, shown, _) in pairwise(walk):
        assert isinstance(points.verify_point_step(first.root, shown, asked.pinned), Rejected)
        assert points.enter(first.root) != points.leave(first.root)


@pytest.mark.rule("DIS-point-step", "DIS-between-follow")
def test_the_places_of_points_are_those_of_their_records(asked: Question) -> None:
    states = states_of(asked)
    for (at, state), (following, after) in pairwise(states):
        assert points.next_at(at, state, after) == following
    assert sum(isinstance(state, Running) for _, state in states) > 15


@pytest.mark.parametrize("node", [b"", b"\x80", b"\xc0", encode_record(Kind.POINT, ()), b"junk", bytes(160)])
def test_what_is_no_point_is_refused(asked: Question, node: bytes) -> None:
    for verified in (points.verify_point_step, points.verify_point_micro_step):
        refused = verified(keccak256(node), (node,), asked.pinned)
        assert isinstance(refused, Rejected) and refused.reason is Reason.MALFORMED


@pytest.mark.rule("DIS-point-step")
@pytest.mark.parametrize("standing", [Standing.VALID, Standing.INVALID])
def test_an_end_with_a_machine_is_none(asked: Question, standing: Standing) -> None:
    *_, (state, shown, _) = walked(asked)
    del state
    record = next(node for node in shown if node[:1] != b"\0")
    held = record[-33:-1]
    node = point_node(At(1, 2, 0), standing, held, bytes(32))
    refused = points.verify_point_step(keccak256(node), (node, *shown), asked.pinned)
    assert isinstance(refused, Rejected)
