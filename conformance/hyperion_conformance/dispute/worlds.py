"""An abstract machine to dispute about: a state is a counter and a label, a step counts on, and labels never change.

A wrong trace changes its label somewhere: that step, and no other, is false. Histories of any length are described by
the steps at which the label changes, so commitments to 2**40 states cost nothing. The commitments are ideal: a root is
the name of a description, and the verifier looks the description up.
"""

from typing import Final

import attrs

from hyperion.settlement.dispute.identity import Hash, identity
from hyperion.settlement.dispute.parameters import Level, Parameters
from hyperion.settlement.dispute.types import Edge, Verifier
from hyperion.settlement.dispute.verifying import verifier_of
from hyperion.settlement.history import History, history

STATE: Final = 101
HISTORY: Final = 102
GOOD_PROOF: Final = b"proof"
BAD_PROOF: Final = b"junk"


@attrs.frozen
class Trace:
    """All states of a run: ``changes`` are the steps from which a label holds. The true trace has none."""

    changes: tuple[tuple[int, int], ...] = ()

    def label(self, index: int) -> int:
        """The label of the state at ``index``."""
        return next((label for start, label in reversed(self.changes) if start <= index), 0)


TRUE: Final = Trace()


@attrs.frozen
class Described:
    """A history: its leaves are the states at ``base + j * stride`` for j up to ``height``, labels as in ``runs``."""

    base: int
    stride: int
    height: int
    runs: tuple[tuple[int, int], ...]

    def label(self, leaf: int) -> int:
        """The label of the state at a leaf."""
        return next(label for start, label in reversed(self.runs) if start <= leaf)

    def prefix(self, height: int) -> "Described":
        """Its beginning of ``height`` steps."""
        runs = tuple(run for run in self.runs if run[0] <= height)
        return Described(self.base, self.stride if height else 0, height, runs)


@attrs.define
class World:
    """What everybody may look up: the machine, and what states and roots stand for."""

    heights: tuple[int, ...]
    states: dict[Hash, tuple[int, int]] = attrs.field(factory=dict)
    histories: dict[Hash, Described] = attrs.field(factory=dict)
    roots: dict[Described, Hash] = attrs.field(factory=dict)

    @property
    def length(self) -> int:
        """Steps of the machine in the contested span."""
        return int(2 ** sum(self.heights))

    def stride(self, level: int) -> int:
        """Steps of the machine in a step of the level."""
        return int(2 ** sum(self.heights[level + 1 :]))

    def state(self, index: int, label: int) -> Hash:
        """The name of the state after ``index`` steps with this label."""
        name = identity(STATE, index, label)
        self.states[name] = (index, label)
        return name

    def state_at(self, trace: Trace, index: int) -> Hash:
        """The state of a trace after ``index`` steps of the machine: all that an actor needs to know of it."""
        return self.state(index, trace.label(index))

    def named(self, history: Described) -> Hash:
        """The root of a described history."""
        if history not in self.roots:
            parts = [part for run in history.runs for part in run]
            name = identity(HISTORY, history.base, history.stride, history.height, *parts)
            self.roots[history], self.histories[name] = name, history
        return self.roots[history]

    def root(self, trace: Trace, level: int, base: int, height: int) -> Hash:
        """The commitment to the first ``height`` steps of a level's history that begins at step ``base``."""
        return self.named(described(trace, base, self.stride(level), height))

    def prefix_proof(self, trace: Trace, level: int, base: int, short: int, long: int) -> object:
        """What shows that a trace's history of one height begins that of another."""
        return GOOD_PROOF

    def inclusion_proof(self, trace: Trace, level: int, base: int, height: int, index: int) -> object:
        """What shows that a state is in a trace's history."""
        return GOOD_PROOF

    def leaf(self, trace: Trace, level: int, base: int, index: int) -> Hash:
        """The state at ``index`` in a trace's history of a level that begins at step ``base``."""
        return self.state_at(trace, base + index * self.stride(level))

    def is_step(self, trace: Trace, level: int, base: int, index: int) -> bool:
        """Whether the step of a trace's history from ``index`` on is one of the machine."""
        first = base + index * self.stride(level)
        return trace.label(first) == trace.label(first + self.stride(level))

    def witness(self, level: int, state: Hash) -> object:
        """What shows the step from a state."""
        return GOOD_PROOF

    def final(self, trace: Trace) -> Hash:
        """The last state of a trace."""
        return self.state_at(trace, self.length)

    # What the verifier knows: names and proofs only.

    def single(self, state: Hash) -> Hash:
        """As in ``Verifier``."""
        index, label = self.states.get(state, (0, 2**128 + int.from_bytes(state[:15], "big")))
        return self.named(Described(index, 0, 0, ((0, label),)))

    def is_prefix(self, shorter: Hash, short: int, longer: Hash, long: int, proof: object) -> bool:
        """As in ``Verifier``."""
        first, second = self.histories.get(shorter), self.histories.get(longer)
        if first is None or second is None or proof != GOOD_PROOF or not short < long:
            return False
        return first.height == short and second.height == long and second.prefix(short) == first

    def includes(self, root: Hash, height: int, index: int, state: Hash, proof: object) -> bool:
        """As in ``Verifier``."""
        history = self.histories.get(root)
        if history is None or proof != GOOD_PROOF or history.height != height or index > height:
            return False
        return self.state(history.base + index * history.stride, history.label(index)) == state

    def step(self, level: int, state: Hash, witness: object) -> Hash | None:
        """As in ``Verifier``: the counter goes on, the label stays."""
        if witness != GOOD_PROOF or state not in self.states:
            return None
        index, label = self.states[state]
        return self.state(index + self.stride(level), label)

    @property
    def verifier(self) -> Verifier:
        """What the game asks of this machine."""
        return Verifier(self.single, self.is_prefix, self.includes, lambda _, s: s, lambda _, s: s, self.step)

    def begins_true(self, edge: Edge) -> bool:
        """Whether the states up to the edge's start are those of the machine."""
        return self.histories[edge.start_root].runs == ((0, 0),)

    def is_true(self, edge: Edge) -> bool:
        """Whether all states up to the edge's end are those of the machine."""
        return self.histories[edge.end_root].runs == ((0, 0),)


@attrs.define
class HashedWorld(World):
    """The same machine with the commitments of the model: histories are written out, so only for short ones."""

    made: dict[tuple[Trace, int, int], History] = attrs.field(factory=dict)

    def history(self, trace: Trace, level: int, base: int) -> History:
        """A history with its layers, made once."""
        key = (trace, level, base)
        if key not in self.made:
            height, stride = 2 ** self.heights[level], self.stride(level)
            states = [self.leaf(trace, level, base, leaf) for leaf in range(height + 1)]
            self.made[key] = history(states, height)
            for leaf in range(height + 1):
                self.histories[self.made[key].root(leaf)] = described(trace, base, stride, leaf)
        return self.made[key]

    def root(self, trace: Trace, level: int, base: int, height: int) -> Hash:
        """As in ``World``."""
        return self.history(trace, level, base).root(height)

    def prefix_proof(self, trace: Trace, level: int, base: int, short: int, long: int) -> object:
        """As in ``World``."""
        return self.history(trace, level, base).prefix_proof(short, long)

    def inclusion_proof(self, trace: Trace, level: int, base: int, height: int, index: int) -> object:
        """As in ``World``."""
        return self.history(trace, level, base).inclusion_proof(height, index)

    @property
    def verifier(self) -> Verifier:
        """What the game asks of this machine."""
        return verifier_of(self.step)


def described(trace: Trace, base: int, stride: int, height: int) -> Described:
    """The history of a trace: runs of equal labels at its leaves, each named by its first leaf."""
    runs = [(0, trace.label(base))]
    for start, _ in trace.changes:
        leaf = max(0, -(-(start - base) // stride))
        label = trace.label(base + leaf * stride)
        if 0 < leaf <= height and label != runs[-1][1] and leaf > runs[-1][0]:
            runs.append((leaf, label))
    return Described(base, stride if height else 0, height, tuple(runs))


def wrong_from(step: int, label: int = 1) -> Trace:
    """The trace whose step to ``step`` is false, and no other."""
    return Trace(((step, label),))


def parameters(heights: tuple[int, ...], censorship: int = 0, slot: int = 12) -> Parameters:
    """The tightest safe parameters for these heights: the threshold is one second above the lateness."""
    levels = tuple(
        Level(height, stake=11 * (2 * height + 2), reimbursement=10, provable=index == len(heights) - 1)
        for index, height in enumerate(heights)
    )
    loose = Parameters(levels, 0, censorship, 0, slot, 10, 110)
    return attrs.evolve(loose, threshold=loose.late + 1)
