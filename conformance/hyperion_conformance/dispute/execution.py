"""Executing a block for a dispute: all its states, rightly or with one false one, and the points that they make.

What a header claims of the outcome is not read: on an L2 the block is derived, and everybody fills in what comes of it.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

import attrs
from immutables import Map

from hyperion.execution.block import Block, encode_block
from hyperion.execution.transition import Chain, Tip
from hyperion.settlement.between.blocks import begun
from hyperion.settlement.between.following import following
from hyperion.settlement.between.stages import Ended, Input, Pinned, Rules, Running, Standing, State
from hyperion.settlement.dispute.identity import Hash, identity
from hyperion.settlement.finality.types import Output
from hyperion.settlement.onestep.nodes import Collected, Hashed
from hyperion.settlement.onestep.verify import Committed, advance
from hyperion.settlement.onestep.work import AT_ONCE
from hyperion.settlement.points import At, next_at, output_of, sealed_point, step_of
from hyperion.settlement.trace import input_of
from hyperion_conformance.dispute.lies import BETWEEN, OUTPUT, Lie, false_word, word_of

BEFORE: Final = -1
"""The place of the output before the block, whose step is to the first point."""
ANY: Final = "any"
ANY_BETWEEN: Final = "between"


@attrs.frozen(eq=False)
class Task:
    """What is to be executed: a block on a tip, by the rules of a chain."""

    name: str
    tip: Tip
    block: Block
    chain: Chain

    @property
    def before(self) -> Ended:
        """Where it begins."""
        return Ended(Standing.VALID, self.tip)

    @property
    def given(self) -> Input:
        """The block as it is derived."""
        return input_of(self.block, len(encode_block(self.block)))


@attrs.frozen(eq=False)
class Execution:
    """What somebody says that a block does."""

    states: tuple[State, ...] = attrs.field(repr=False)
    places: tuple[At, ...] = attrs.field(repr=False)
    points: tuple[Hash, ...] = attrs.field(repr=False)
    """The hash of each point."""
    fault: int | None = None
    """The point whose step is false, if there is one."""

    @property
    def ended(self) -> Ended:
        """How the block ends."""
        last = self.states[-1]
        if not isinstance(last, Ended):
            raise ValueError("a block that does not end")
        return last

    @property
    def runs(self) -> int:
        """How many machines run."""
        firsts = [state for state, at in zip(self.states, self.places, strict=True) if at.step == 0]
        return sum(isinstance(state, Running) for state in firsts)

    def committed(self, index: int) -> Committed:
        """A point with the nodes behind it."""
        return committed(self.places[index], self.states[index])

    def output(self, inclusion: int) -> Output:
        """What follows from the end of the block; a liar may err here too."""
        output = output_of(self.points[-1], self.places[-1], self.ended, inclusion)
        if self.fault == len(self.points) - 1:
            return attrs.evolve(output, withdrawals=identity(int.from_bytes(output.withdrawals, "big")))
        return output


def committed(at: At, state: State) -> Committed:
    """A point with the nodes behind it."""
    collected = Collected()
    root = sealed_point(at, state, collected)
    return Committed(root, Map(collected.made))


def executed(task: Task, fault: int | None = None, lie: Lie = false_word) -> Execution:
    """The execution of a block, in which the state after the point ``fault`` is the one that ``lie`` makes of it."""
    states, places = list[State](), list[At]()
    for state, after in steps_of(task, fault, lie):
        places.append(next_at(places[-1], state, after) if places else At(task.block.header.number))
        states.append(after)
    return Execution(tuple(states), tuple(places), hashes(states, places, task.chain, fault), fault)


def steps_of(task: Task, fault: int | None, lie: Lie) -> Iterator[tuple[State, State]]:
    """Each state with the one that is said to come after it, from the end of the block before on."""
    rules = Rules(task.chain, AT_ONCE)
    state: State = task.before
    after, index = begun(task.before, task.given, rules), BEFORE
    while True:
        if index == fault:
            after = lie(state, after) or after
        yield state, after
        if isinstance(after, Ended):
            return
        state, after, index = after, following(after, rules), index + 1


def hashes(states: list[State], places: list[At], chain: Chain, fault: int | None) -> tuple[Hash, ...]:
    """The points' hashes; behind a false step the state is committed to anew, since no step leads there."""
    within = step_of(Pinned(chain, b"", 0))
    carried, found = committed(places[0], states[0]), list[Hash]()
    for index in range(len(states)):
        if index > 0:
            anew = fault is not None and index == fault + 1
            carried = committed(places[index], states[index]) if anew else advance(carried, within)
        found.append(carried.root)
    return tuple(found)


# --- faults ----------------------------------------------------------------------------------------------------------


def names_at(task: Task, execution: Execution, index: int) -> Iterator[tuple[str, Lie]]:
    """The lies that can be told about the step from a point: a false word, by its instruction, and those between."""
    before = execution.states[index] if index > BEFORE else task.before
    if index == len(execution.points) - 1:
        yield OUTPUT, false_word
        return
    after = execution.states[index + 1]
    name = word_of(before, after)
    if name is not None:
        yield name, false_word
    if isinstance(before, Running) and not before.machine.halted:
        return
    yield from ((name, lie) for name, lie in BETWEEN.items() if lie(before, after) is not None)


def candidates(task: Task, execution: Execution, wanted: str, seed: int) -> list[tuple[int, str, Lie]]:
    """Points with a lie about their step and its name, in an order that the seed chooses.

    ``wanted`` is the name of an instruction or of a lie between runs, ``between`` for any of these, ``any`` for all.
    """
    found = [
        (index, name, lie)
        for index in range(BEFORE, len(execution.points))
        for name, lie in names_at(task, execution, index)
        if wanted in (ANY, name) or (wanted == ANY_BETWEEN and (name in BETWEEN or name == OUTPUT))
    ]
    Random(seed).shuffle(found)
    return found


def outcome(task: Task, fault: int, lie: Lie) -> Hash:
    """The last point of such an execution, the others not hashed."""
    at = At(task.block.header.number)
    last: State = task.before
    for count, (state, after) in enumerate(steps_of(task, fault, lie)):
        at, last = next_at(at, state, after) if count else at, after
    return sealed_point(at, last, Hashed())


class NoFault(ValueError):
    """No step of the block can be spoiled as asked for, so that another outcome follows."""


def spoiling(
    task: Task, truth: Execution, wanted: str, seed: int, tried: Callable[[str], None] = lambda _: None
) -> tuple[Execution, str]:
    """An execution with one false state and another outcome, and what is wrong in it.

    A lie that changes nothing that anybody asserts, such as a word that is never used, is passed over.
    """
    for index, name, lie in candidates(task, truth, wanted, seed):
        if name == OUTPUT or outcome(task, index, lie) != truth.points[-1]:
            return executed(task, index, lie), name
        tried(name)
    raise NoFault(f"no lie of the kind {wanted} in this block changes its outcome")
