"""A block as the ground of a dispute: real machines, real commitments, and micro steps at the last level.

States of the levels above the last are the output before, the points of the block, and the output after, which repeats.
Those of the last level are the micro states of one step. The lie differs from the truth by one false result: at the
last level in the micro step that takes the instruction, and in none after it.
"""

from typing import Final

import attrs

from hyperion.settlement import points
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.types import Verifier
from hyperion.settlement.dispute.verifying import point_verifier
from hyperion.settlement.history import History, history
from hyperion.settlement.onestep import micro, verify
from hyperion.settlement.onestep.nodes import Hashed
from hyperion.settlement.onestep.verify import Committed, Witness
from hyperion.settlement.trace import Place, Standing, place_of, point_node
from hyperion.vm.machine import Machine
from hyperion_conformance.dispute.execution import Execution
from hyperion_conformance.dispute.worlds import TRUE, Trace, wrong_from

LIE: Final = wrong_from(1)
"""The other execution; which step of it is false is known to the ground."""


@attrs.define(eq=False)
class BlockGround:
    """What both sides of a dispute about a block compute; implements ``Ground`` for three levels."""

    heights: tuple[int, ...]
    truth: Execution
    lie: Execution
    parent: Hash
    """The output before the block, which is where all histories begin."""
    outputs: dict[Trace, Hash]
    """The output that each side asserts."""
    histories: dict[tuple[Trace, int, int], History] = attrs.field(factory=dict)
    micros: dict[tuple[Trace, int], tuple[Hash, ...]] = attrs.field(factory=dict)
    nodes: dict[Hash, Committed] = attrs.field(factory=dict)
    """What is behind the micro states that were made."""

    @property
    def verifier(self) -> Verifier:
        """What the game asks of this ground."""
        return point_verifier(len(self.heights) - 2)

    def execution(self, trace: Trace) -> Execution:
        """What one side says."""
        return self.truth if trace == TRUE else self.lie

    def states(self, trace: Trace) -> tuple[Hash, ...]:
        """All states above the last level: the point ``i`` is the state ``i + 1``."""
        return (self.parent, *self.execution(trace).points, self.outputs[trace])

    def stride(self, level: int) -> int:
        """As in ``Ground``."""
        return int(2 ** sum(self.heights[level + 1 :]))

    def state_of(self, base: int) -> int:
        """Which state is at a step of the last level."""
        return base >> self.heights[-1]

    def given(self, trace: Trace, level: int, base: int) -> tuple[Hash, ...]:
        """The states of a history up to the one that repeats."""
        first = self.state_of(base)
        if level == len(self.heights) - 1:
            return self.micro_states(trace, first)
        states, stride = self.states(trace), self.stride(level) >> self.heights[-1]
        count = min(2 ** self.heights[level], max(0, -(-(len(states) - 1 - first) // stride)))
        return tuple(states[min(first + leaf * stride, len(states) - 1)] for leaf in range(count + 1))

    def history(self, trace: Trace, level: int, base: int) -> History:
        """A history, made once."""
        key = (trace, level, base)
        if key not in self.histories:
            self.histories[key] = history(self.given(trace, level, base), 2 ** self.heights[level])
        return self.histories[key]

    def leaf(self, trace: Trace, level: int, base: int, index: int) -> Hash:
        """As in ``Ground``."""
        given = self.given(trace, level, base)
        return given[min(index, len(given) - 1)]

    def root(self, trace: Trace, level: int, base: int, height: int) -> Hash:
        """As in ``Ground``."""
        return self.history(trace, level, base).root(height)

    def prefix_proof(self, trace: Trace, level: int, base: int, short: int, long: int) -> object:
        """As in ``Ground``."""
        return self.history(trace, level, base).prefix_proof(short, long)

    def inclusion_proof(self, trace: Trace, level: int, base: int, height: int, index: int) -> object:
        """As in ``Ground``."""
        return self.history(trace, level, base).inclusion_proof(height, index)

    def final(self, trace: Trace) -> Hash:
        """As in ``Ground``."""
        return self.outputs[trace]

    # --- steps -------------------------------------------------------------------------------------------------------

    def is_false(self, trace: Trace, state: int) -> bool:
        """Whether the step from a state is the false one of the trace."""
        return trace != TRUE and state - 1 == self.lie.fault

    def is_step(self, trace: Trace, level: int, base: int, index: int) -> bool:
        """As in ``Ground``. Nothing shows a step between runs, or to an output."""
        if level < len(self.heights) - 1:
            state = self.state_of(base) + index
            return self.execution(trace).is_step(state - 1) and not self.is_false(trace, state)
        state = self.state_of(base)
        if not self.execution(trace).is_step(state - 1):
            return False
        return not (self.is_false(trace, state) and index == len(self.micro_states(trace, state)) - 3)

    def witness(self, level: int, state: Hash) -> Witness:
        """As in ``Ground``, for states of the true execution."""
        if level == len(self.heights) - 1:
            return verify.witness(self.nodes[state], points.point_micro_after)
        return verify.witness(self.committed(self.truth, self.truth.points.index(state)), points.point_after)

    def committed(self, execution: Execution, index: int) -> Committed:
        """A point within a run, with the nodes behind it. Costs the size of its machine."""
        behind, place = verify.committed(within(execution, index)), place_of(execution.trace, index)
        digest = execution.points[index]
        return Committed(digest, behind.nodes.set(digest, node_of(execution, place, behind.root)))

    def micro_states(self, trace: Trace, state: int) -> tuple[Hash, ...]:
        """The micro states of the step from a state, up to the one that repeats."""
        if (trace, state) not in self.micros:
            self.micros[trace, state] = self.made(trace, state)
        return self.micros[trace, state]

    def made(self, trace: Trace, state: int) -> tuple[Hash, ...]:
        """As ``micro_states``. Where no step of a machine is, there is nothing between the ends."""
        states, execution = self.states(trace), self.execution(trace)
        before, after = states[state], states[min(state + 1, len(states) - 1)]
        if not execution.is_step(state - 1):
            return points.enter(before), points.leave(after)
        behind = self.committed(execution, state - 1)
        begun = points.enter(before)
        made = [Committed(begun, behind.nodes.set(begun, points.entered_node(before)))]
        while len(made) < 2 or made[-1].root != made[-2].root:
            made.append(verify.advance(made[-1], points.point_micro_after))
        self.nodes |= {each.root: each for each in made}
        roots = tuple(each.root for each in made[:-1])
        if not self.is_false(trace, state):
            return roots
        claimed = micro.leave(verify.commit(within(execution, state)))
        return (*roots[:-2], points.under_way(before, claimed, Hashed()), points.leave(after))


def within(execution: Execution, index: int) -> Machine:
    """The machine at a point that is not the end of the block."""
    machine = execution.machine(index)
    if machine is None:
        raise ValueError(f"point {index} is the end of a block")
    return machine


def node_of(execution: Execution, place: Place, root: Hash) -> bytes:
    """The record of a point within a run."""
    return point_node(execution.block.number, place.run, place.step, Standing.RUNNING, root)
