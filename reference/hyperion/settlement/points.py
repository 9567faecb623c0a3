"""Steps between points: what a game over a block's trace checks, at the level of machine steps and below.

A point is opened, the machine behind it takes its step, and what comes of it is the next point of the same run. Between
runs, and at the end of a block, the next point is not one step of a machine: nothing shows it from the points alone.
"""

from __future__ import annotations

import attrs

from hyperion.primitives import rlp
from hyperion.primitives.hashing import keccak256
from hyperion.rules import rule
from hyperion.settlement.onestep.micro import Working, micro_after, sealed_working
from hyperion.settlement.onestep.nodes import (
    Hash,
    Kind,
    Nodes,
    OpeningError,
    Reason,
    Sink,
    encode_record,
    fields_of,
)
from hyperion.settlement.onestep.verify import Witness, after, verified
from hyperion.settlement.rejection import Rejected
from hyperion.settlement.trace import Standing, point_node


@attrs.frozen
class Point:
    """A point within a run: its block's number, its run and step, and the root of its machine."""

    number: int
    run: int
    step: int
    root: Hash

    def next(self, root: Hash) -> bytes:
        """The record of the point after it, whose machine has ``root``. Refuses a machine that stands still."""
        if root == self.root:
            raise OpeningError(Reason.NO_STEP, "the run has ended")
        return point_node(self.number, self.run, self.step + 1, Standing.RUNNING, root)


def opened_point(digest: Hash, nodes: Nodes) -> Point:
    """The point with this hash. Refuses with ``OpeningError`` one that is no point, or at the end of a block."""
    fields = fields_of(Kind.POINT, nodes.preimage(digest))
    number, run, step, standing = fields.number(32), fields.number(8), fields.number(8), fields.number(1)
    root = fields.digest()
    fields.end()
    if standing != Standing.RUNNING:
        raise OpeningError(Reason.NO_STEP, "the block has ended")
    return Point(number, run, step, root)


@rule("DIS-point-step", "The next point of a run has its block and run, the next step, and the root after one step.")
def point_after(root: Hash, nodes: Nodes, sink: Sink) -> Hash:
    """The point one step later. Refuses with ``OpeningError``, for ``NO_STEP`` where a run or a block has ended."""
    point = opened_point(root, nodes)
    return sink.put(point.next(after(point.root, nodes, sink)))


# --- micro steps -----------------------------------------------------------------------------------------------------


def enter(point: Hash) -> Hash:
    """The micro state in which the step from ``point`` begins."""
    return keccak256(entered_node(point))


def entered_node(point: Hash) -> bytes:
    """The record of that state."""
    return encode_record(Kind.POINT_ENTERED, (point,))


def leave(point: Hash) -> Hash:
    """The micro state in which a step to ``point`` ends; its own successor."""
    return keccak256(encode_record(Kind.POINT_REACHED, (point,)))


@rule("DIS-point-micro-step", "A micro step between points opens the point, does one of the machine's, or closes it.")
def point_micro_after(root: Hash, nodes: Nodes, sink: Sink) -> Hash:
    """The micro state after that of ``root``. Refuses with ``OpeningError``."""
    node = nodes.preimage(root)
    match kind_of(node):
        case Kind.POINT_ENTERED:
            fields = fields_of(Kind.POINT_ENTERED, node)
            digest = fields.digest()
            fields.end()
            return under_way(digest, sealed_working(Working(opened_point(digest, nodes).root), sink), sink)
        case Kind.POINT_REACHED:
            fields = fields_of(Kind.POINT_REACHED, node)
            fields.digest()
            fields.end()
            return sink.put(node)
    fields = fields_of(Kind.POINT_UNDER_WAY, node)
    digest, working = fields.digest(), fields.digest()
    fields.end()
    inner = nodes.preimage(working)
    if kind_of(inner) is not Kind.FINISHED:
        return under_way(digest, micro_after(working, nodes, sink), sink)
    done = fields_of(Kind.FINISHED, inner)
    reached = done.digest()
    done.end()
    following = sink.put(opened_point(digest, nodes).next(reached))
    return sink.put(encode_record(Kind.POINT_REACHED, (following,)))


def under_way(point: Hash, working: Hash, sink: Sink) -> Hash:
    """The micro state in which the machine's step from ``point`` is at its micro state ``working``."""
    return sink.put(encode_record(Kind.POINT_UNDER_WAY, (point, working)))


def kind_of(node: bytes) -> Kind | None:
    """What kind of record ``node`` is; None if it is none."""
    try:
        items = rlp.decode_list(rlp.decode(node))
        return Kind(items[0][0]) if items and isinstance(items[0], bytes) and len(items[0]) == 1 else None
    except (rlp.RlpError, ValueError):
        return None


def verify_point_step(root: Hash, shown: Witness) -> Hash | Rejected[Reason]:
    """The point one step after ``root``, as the nodes ``shown`` show. Total, as ``verify_step``."""
    return verified(root, shown, point_after)


def verify_point_micro_step(root: Hash, shown: Witness) -> Hash | Rejected[Reason]:
    """The micro state after that of ``root``, as the nodes ``shown`` show. Total."""
    return verified(root, shown, point_micro_after)
