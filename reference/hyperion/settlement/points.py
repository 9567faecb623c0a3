"""Steps between points: what a game over blocks checks, from the output before them to the output after them.

A point is a block's state: a stage between two machines, a stage that waits for a machine, or the end of the block. Its
hash binds where it is. Every point has one next point, and so have the outputs at both ends: the parent's output begins
the first block, the end of the last block becomes the new output, and that one stays. So a game that comes down to one
step is decided by a proof, wherever that step is.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import attrs

from hyperion.primitives import rlp
from hyperion.primitives.hashing import HASH_BYTES
from hyperion.rules import rule
from hyperion.settlement.between.blocks import begun
from hyperion.settlement.between.following import following
from hyperion.settlement.between.records import opened_end, opened_input, opened_stage, sealed_end, sealed_stage
from hyperion.settlement.between.stages import (
    Ended,
    Input,
    Pinned,
    Rules,
    Running,
    Standing,
    State,
    malformed,
)
from hyperion.settlement.finality.types import OUTPUT, Output
from hyperion.settlement.onestep import maps, micro
from hyperion.settlement.onestep.containers import Later
from hyperion.settlement.onestep.micro import micro_after
from hyperion.settlement.onestep.nodes import (
    Hash,
    Kind,
    Nodes,
    Reason,
    Sink,
    encode_record,
    fields_of,
    number_item,
)
from hyperion.settlement.onestep.records import Work, known_or, opened_machine, sealed_machine
from hyperion.settlement.onestep.verify import Transition, Witness, verified
from hyperion.settlement.onestep.work import AT_ONCE
from hyperion.settlement.rejection import Rejected

NUMBER_BYTES: Final = 8
RECORDS: Final = 4_000
"""Bytes of the records of a point, stage, body, input and end, and of two headers and three filters in them."""


@attrs.frozen
class At:
    """Where a point is: the block's number, which of its stages and runs, and the step of a run."""

    number: int
    run: int = 0
    step: int = 0


def next_at(at: At, before: State, after: State) -> At:
    """Where the point after one at ``at`` is: a step of the same run, or the beginning of what comes after it."""
    if isinstance(before, Running) and isinstance(after, Running):
        return attrs.evolve(at, step=at.step + 1)
    return At(at.number, at.run + 1)


# --- the record of a point -------------------------------------------------------------------------------------------


@rule("DIS-commit-point", "A point is committed to with its block's number and place, what is known, stage, machine.")
def sealed_point(at: At, state: State, sink: Sink) -> Hash:
    """The hash of a point."""
    machine = b""
    if isinstance(state, Ended):
        standing, held = state.standing, sealed_end(state, sink)
    else:
        standing = Standing.RUNNING
        stage = state.stage if isinstance(state, Running) else state
        held = known_or(sealed_stage, stage, sink)
        machine = sealed_machine(state.machine, sink) if isinstance(state, Running) else b""
    return sink.put(point_node(at, standing, held, machine))


def point_node(at: At, standing: Standing, held: Hash, machine: bytes) -> bytes:
    """The record of a point: the hash of its stage or end, and the root of its machine, if there is one."""
    numbers = (at.number, at.run, at.step, standing)
    return encode_record(Kind.POINT, (*map(number_item, numbers), held, machine))


def opened_point(node: bytes, nodes: Nodes, work: Work) -> tuple[At, State]:
    """The point that ``node`` is the record of. Refuses with ``OpeningError`` what is none."""
    fields = fields_of(Kind.POINT, node)
    at = At(*(fields.number(NUMBER_BYTES) for _ in range(3)))
    standing, held, machine = fields.number(1), fields.digest(), fields.octets()
    fields.end()
    if standing != Standing.RUNNING:
        ended = opened_end(held, nodes, work)
        if machine or ended.standing != standing:
            raise malformed("an end of a block that is none")
        return at, ended
    if not machine:
        return at, opened_stage(held, nodes, work)
    if len(machine) != HASH_BYTES:
        raise malformed("a machine that is none")
    running = opened_machine(machine, nodes, work)
    opening = partial(opened_stage, held, nodes, work)
    stage: Any = opening() if running.halted else Later(held, opening)  # who goes on running does not look at it
    return at, Running(stage, running)


# --- the next point --------------------------------------------------------------------------------------------------


@rule("DIS-point-step", "Every point has one next point, and so has an output: what the block's execution comes to.")
def point_after(root: Hash, nodes: Nodes, sink: Sink, work: Work, pinned: Pinned) -> Hash:
    """The point, or output, one step later. Refuses with ``OpeningError``."""
    node = nodes.preimage(root)
    try:
        if node[:1] == b"\0":
            return after_output(node, nodes, sink, Rules(pinned.chain, work), pinned)
        at, state = opened_point(node, nodes, work)
        if isinstance(state, Ended):
            return after_end(root, at, state, nodes, sink, Rules(pinned.chain, work), pinned)
        reached = following(state, Rules(pinned.chain, work))
        return sealed_point(next_at(at, state, reached), reached, sink)
    except rlp.RlpError as error:  # a number below zero, which no block leads to, or a header or list that is none
        raise malformed(f"{error.field} {error.reason.value}") from error


def input_after(at: At, ended: Ended, nodes: Nodes, pinned: Pinned, work: Work) -> Input | None:
    """The block that the question asks for after this one, if there is one; none comes after an invalid block."""
    if ended.standing is not Standing.VALID:
        return None
    known = maps.opened(pinned.inputs, maps.HASHES, nodes, work)
    digest = known.get(at.number + 1)
    return None if digest is None else opened_input(digest, nodes, work)


@rule("DIS-point-end", "After a block comes the beginning of the next one that is derived; after the last, the output.")
def after_end(root: Hash, at: At, ended: Ended, nodes: Nodes, sink: Sink, rules: Rules, pinned: Pinned) -> Hash:
    """The first point of the next block; the output, if the question asks for no more."""
    given = input_after(at, ended, nodes, pinned, rules.work)
    if given is None:
        return sink.put(output_of(root, at, ended, pinned.inclusion).record)
    return sealed_point(At(at.number + 1), begun(ended, given, rules), sink)


def output_of(root: Hash, at: At, ended: Ended, inclusion: int) -> Output:
    """What an assertion says after the block whose end is the point ``root``."""
    return Output(root, ended.tip.header.state_root, at.number, inclusion)


@rule("DIS-point-output", "The output before the blocks begins the first of them; the one after them stays.")
def after_output(node: bytes, nodes: Nodes, sink: Sink, rules: Rules, pinned: Pinned) -> Hash:
    """The first point after an output, or the output itself."""
    words = [node[at : at + HASH_BYTES] for at in range(0, len(node), HASH_BYTES)]
    if len(node) != 5 * HASH_BYTES or int.from_bytes(words[0], "big") != OUTPUT:
        raise malformed("an output that is none")
    at, ended = opened_point(nodes.preimage(words[1]), nodes, rules.work)
    if not isinstance(ended, Ended):
        raise malformed("an output of a block that has not ended")
    given = input_after(at, ended, nodes, pinned, rules.work)
    if given is None:
        return sink.put(node)
    return sealed_point(At(at.number + 1), begun(ended, given, rules), sink)


# --- as transitions --------------------------------------------------------------------------------------------------


def step_of(pinned: Pinned) -> Transition:
    """The step from a point to the next, as a transition of one-step proofs."""
    return partial(point_after, work=AT_ONCE, pinned=pinned)


@rule("DIS-point-micro-step", "Micro steps between points take the same step, and its long work a unit at a time.")
def micro_step_of(pinned: Pinned) -> Transition:
    """A micro step of that step."""
    return partial(micro_after, taking=partial(point_after, pinned=pinned))


@rule("DIS-point-bound", "Between machines a micro step shows a transaction's bytes, and no more than one inside does.")
def point_witness_bound(trie_levels: int, tree_level: int, transaction: int) -> int:
    """The most bytes that a witness of a micro step from a point has, where a transaction has ``transaction`` bytes.

    For the levels of tries and trees see ``witness_bound``: no stage looks up more keys, reads more of a byte string or
    shows more code than an instruction may. Lists of a transaction are in its bytes, taken an entry at a time; logs,
    receipts and requests are copied and hashed in units. What is posted in an L1 block bounds a transaction's bytes.
    """
    return micro.witness_bound(trie_levels, tree_level) + RECORDS + transaction


enter, leave, entered = micro.enter, micro.leave, micro.entered


def verify_point_step(root: Hash, shown: Witness, pinned: Pinned) -> Hash | Rejected[Reason]:
    """The point one step after ``root``, as the nodes ``shown`` show. Total, as ``verify_step``."""
    return verified(root, shown, step_of(pinned))


def verify_point_micro_step(root: Hash, shown: Witness, pinned: Pinned) -> Hash | Rejected[Reason]:
    """The micro state after that of ``root``, as the nodes ``shown`` show. Total."""
    return verified(root, shown, micro_step_of(pinned))

