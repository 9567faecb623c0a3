"""A block's points from the output before it to the output after it, each proved from its root and a witness alone."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import attrs
from immutables import Map

from hyperion.execution.block import Block
from hyperion.execution.transition import Chain, Tip
from hyperion.settlement import points
from hyperion.settlement.between.stages import Ended, Pinned, Standing, State
from hyperion.settlement.onestep import micro
from hyperion.settlement.onestep.nodes import Collected
from hyperion.settlement.onestep.verify import Committed, Witness, advance, witness
from hyperion.settlement.points import At, output_of, sealed_point
from hyperion.settlement.trace import BlockTrace, at_of, input_of, pinned_inputs, state_at, trace_of, traced_block

INCLUSION: Final = 77
"""Height of the L1 block with the last batch; any will do."""


@attrs.frozen(eq=False)
class Question:
    """What is asked: which blocks, and the output before them with the nodes behind it."""

    pinned: Pinned
    before: Committed
    traces: tuple[BlockTrace, ...]


def question(tip: Tip, blocks: tuple[tuple[Block, int], ...], chain: Chain) -> Question:
    """The question about ``blocks`` on ``tip``, each with the bytes of its encoding; an invalid one is the last."""
    inputs = {tip.header.number + 1 + place: input_of(*block) for place, block in enumerate(blocks)}
    pinned, known = pinned_inputs(inputs, chain, INCLUSION)
    collected, at, ended = Collected(), At(tip.header.number), Ended(Standing.VALID, tip)
    before = output_of(sealed_point(at, ended, collected), at, ended, INCLUSION - 1)
    root = collected.put(before.record)
    traces, last = list[BlockTrace](), tip
    for number in sorted(inputs):
        traces.append(traced_block(last, inputs[number], chain))
        last = traces[-1].tip
        if traces[-1].standing is Standing.INVALID:
            break
    return Question(pinned, Committed(root, Map(collected.made).update(known.nodes)), tuple(traces))


def states_of(asked: Question) -> list[tuple[At, State]]:
    """The states of all points."""
    trace = trace_of(asked.traces)
    return [(at_of(trace, index), state_at(trace, index)) for index in range(trace.points)]


def walked(asked: Question) -> Iterator[tuple[Committed, Witness, bytes]]:
    """Each point or output with its witness and the root that a prover finds after it, the last output once."""
    state, step = asked.before, points.step_of(asked.pinned)
    while True:
        after = advance(state, step)
        yield state, witness(state, step), after.root
        if after.root == state.root:
            return
        state = after


def expected(asked: Question) -> list[bytes]:
    """The roots of all points as the plain states have them, and the output."""
    states = states_of(asked)
    roots = [sealed_point(at, state, Collected()) for at, state in states]
    at, ended = states[-1]
    assert isinstance(ended, Ended)
    return [*roots, output_of(roots[-1], at, ended, INCLUSION).digest]


def disagreement(asked: Question) -> str | None:
    """How a proof of one of the steps fails, if one does: prover, verifier and the plain states must agree."""
    roots = expected(asked)
    for place, (state, shown, reached) in enumerate(walked(asked)):
        wanted = roots[min(place, len(roots) - 1)]
        if reached != wanted:
            return f"the prover's root after {place} steps"
        if points.verify_point_step(state.root, shown, asked.pinned) != wanted:
            return f"the verifier's root after {place} steps"
    return None if place == len(roots) else f"{place} steps for {len(roots)} points and outputs"


def proves(asked: Question, root: bytes, shown: Witness, micro: bool = False) -> object:
    """What the verifier says of a step, or of a micro step."""
    verify = points.verify_point_micro_step if micro else points.verify_point_step
    return verify(root, shown, asked.pinned)


def micro_walk(asked: Question, state: Committed) -> Iterator[tuple[Committed, Witness]]:
    """The micro states of the step from a point, each but the last with the witness of its micro step."""
    step = points.micro_step_of(asked.pinned)
    last = points.leave(advance(state, points.step_of(asked.pinned)).root)
    state = micro.entered(state)
    while state.root != last:
        yield state, witness(state, step)
        state = advance(state, step)
    yield state, ()


def micro_disagreement(asked: Question, state: Committed) -> str | None:
    """How the micro steps of a step fail to give what the step gives, if they do."""
    walk = list(micro_walk(asked, state))
    for (before, shown), (after, _) in pairwise(walk):
        if points.verify_point_micro_step(before.root, shown, asked.pinned) != after.root:
            return "the verifier's micro step leads elsewhere"
    return None
