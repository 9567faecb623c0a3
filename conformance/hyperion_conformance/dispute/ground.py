"""A block as the ground of a dispute: real machines, real commitments, and micro steps at the last level.

States of the levels above the last are the output before, the points of the block, and the output after, which repeats.
Those of the last level are the micro states of one step. The lie differs from the truth by one false result: at the
last level in the micro step that takes the instruction, and in none after it.
"""

from typing import Final

import attrs

from hyperion.settlement import points
from hyperion.settlement.between.stages import Pinned
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.types import Verifier
from hyperion.settlement.dispute.verifying import point_verifier
from hyperion.settlement.history import History, history
from hyperion.settlement.onestep import micro, verify
from hyperion.settlement.onestep.verify import Committed, Witness
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
    pinned: Pinned
    """What the question is about."""
    before: Committed
    """The output before the block, which is where all histories begin, with all that is known before the block."""
    outputs: dict[Trace, Hash]
    """The output that each side asserts."""
    histories: dict[tuple[Trace, int, int], History] = attrs.field(factory=dict)
    micros: dict[tuple[Trace, int], tuple[Hash, ...]] = attrs.field(factory=dict)
    nodes: dict[Hash, Committed] = attrs.field(factory=dict)
    """What is behind the micro states that were made."""

    @property
    def verifier(self) -> Verifier:
        """What the game asks of this ground."""
        return point_verifier(len(self.heights) - 2, self.pinned)

    def execution(self, trace: Trace) -> Execution:
        """What one side says."""
        return self.truth if trace == TRUE else self.lie

    def states(self, trace: Trace) -> tuple[Hash, ...]:
        """All states above the last level: the point ``i`` is the state ``i + 1``."""
        return (self.before.root, *self.execution(trace).points, self.outputs[trace])

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
        """As in ``Ground``: each step is one, but for the one that is a lie."""
        if level < len(self.heights) - 1:
            return not self.is_false(trace, self.state_of(base) + index)
        state = self.state_of(base)
        return not (self.is_false(trace, state) and index == len(self.micro_states(trace, state)) - 2)

    def witness(self, level: int, state: Hash) -> Witness:
        """As in ``Ground``, for states of the true execution."""
        if level == len(self.heights) - 1:
            return verify.witness(self.nodes[state], self.micro_step)
        return verify.witness(self.committed(TRUE, self.states(TRUE).index(state)), points.step_of(self.pinned))

    @property
    def micro_step(self) -> verify.Transition:
        """A micro step of a step between points."""
        return points.micro_step_of(self.pinned)

    def committed(self, trace: Trace, state: int) -> Committed:
        """A state above the last level with the nodes behind it: a point, or one of the outputs."""
        states, execution = self.states(trace), self.execution(trace)
        if state == 0:
            return self.before
        point = execution.committed(min(state, len(states) - 2) - 1)
        nodes = point.nodes.update(self.before.nodes)
        if state < len(states) - 1:
            return Committed(point.root, nodes)
        record = execution.output(self.pinned.inclusion).record
        return Committed(self.outputs[trace], nodes.set(self.outputs[trace], record))

    def micro_states(self, trace: Trace, state: int) -> tuple[Hash, ...]:
        """The micro states of the step from a state, up to the one that repeats."""
        if (trace, state) not in self.micros:
            self.micros[trace, state] = self.made(trace, state)
        return self.micros[trace, state]

    def made(self, trace: Trace, state: int) -> tuple[Hash, ...]:
        """As ``micro_states``; a lie ends in another state than its last micro step leads to."""
        states = self.states(trace)
        made = [micro.entered(self.committed(trace, min(state, len(states) - 1)))]
        while len(made) < 2 or made[-1].root != made[-2].root:
            made.append(verify.advance(made[-1], self.micro_step))
        self.nodes |= {each.root: each for each in made}
        roots = tuple(each.root for each in made[:-1])
        return (*roots[:-1], points.leave(states[state + 1])) if self.is_false(trace, state) else roots
