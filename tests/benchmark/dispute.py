"""What a dispute costs by the length of the trace, and what a commitment costs by step and by state.

The block is executed and every machine of it committed to. A longer trace is the same one, padded with its last state
as after a machine that has halted: so the rounds, the bytes and the work of a move are those of the length, and only
the making of a history is not; that is measured by the leaf, and its sum for a full one is printed as calculated.

    python -m tests.benchmark.dispute
"""

import statistics
import time
from typing import Final

import attrs

from hyperion.execution.transition import Chain
from hyperion.settlement.between.stages import Pinned, Running
from hyperion.settlement.dispute.parameters import Level
from hyperion.settlement.finality.parameters import DEFAULT, Parameters
from hyperion.settlement.history import history
from hyperion.settlement.onestep import verify
from hyperion.settlement.points import step_of
from hyperion_conformance.dispute.descent import rounds_of
from hyperion_conformance.dispute.execution import Execution, Task, executed, spoiling
from hyperion_conformance.dispute.match import ALICE, Match, first_of, played
from hyperion_conformance.dispute.token_block import token_block

LENGTHS: Final = (10, 15, 20, 25, 30, 35, 40, 46)
SEGMENT: Final = 26
SMALL: Final = 10
"""As many transfers fit in the shortest trace."""
STAKE: Final = 100 * 10**18
SEED: Final = 1


def parameters(length: int) -> Parameters:
    """The preset for a trace of ``2**length`` points: at most 2**26 of them a segment, the rest segments."""
    below = min(length, SEGMENT)
    heights = (length - below, below, DEFAULT.game.levels[-1].height)
    levels = tuple(
        Level(height, STAKE, like.reimbursement, like.provable)
        for height, like in zip(heights, DEFAULT.game.levels, strict=True)
    )
    return attrs.evolve(DEFAULT, bond=STAKE, game=attrs.evolve(DEFAULT.game, levels=levels))


def dispute_of(length: int, seed: int = SEED) -> Match:
    """A dispute about a trace of ``2**length`` points."""
    task = token_block(SMALL) if length == min(LENGTHS) else token_block()
    truth = executed(task)
    return played(task, truth, spoiling(task, truth, "any", seed)[0], parameters(length), None)


def show_disputes() -> None:
    print("log2 points  rounds  moves to proof  bytes  largest  proof  ms a move  most ms  s of L1 to proof")
    for length in LENGTHS:
        match = dispute_of(length)
        until = first_of(match, "ConfirmByOneStepProof")
        down = [move for move in match.moves if move.who == ALICE and move.at.time <= until and move.edge is not None]
        times = [1000 * move.seconds for move in down]
        proof = next(move.posted for move in down if move.name == "ConfirmByOneStepProof")
        rounds = sum(each.cut is not None for each in rounds_of(match))
        sizes = [move.posted for move in down]
        print(
            f"{length:11}  {rounds:6}  {len(down):14}  {sum(sizes):5}  {max(sizes):7}  {proof:5}  "
            f"{statistics.median(times):9.2f}  {max(times):7.1f}  {until - first_of(match, 'Propose'):16}"
        )


def machine_at(truth: Execution, index: int) -> bool:
    """Whether a step of a machine follows."""
    state = truth.states[index]
    return isinstance(state, Running) and not state.machine.halted


def committing(truth: Execution, chain: Chain) -> tuple[float, float, float]:
    """Microseconds and new hashes of a committed step, and milliseconds of a whole commitment."""
    first = next(index for index in range(200, len(truth.points)) if machine_at(truth, index))
    steps, within = 0, step_of(Pinned(chain, b"", 0))
    state = truth.committed(first)
    before, began = len(state.nodes), time.perf_counter()
    while machine_at(truth, first + steps):
        state, steps = verify.advance(state, within), steps + 1
    spent = time.perf_counter() - began
    made = len(state.nodes) - before
    began = time.perf_counter()
    truth.committed(first)
    return 1e6 * spent / steps, made / steps, 1e3 * (time.perf_counter() - began)


def show_commitments() -> None:
    print("accounts  us a committed step  new hashes a step  ms a whole machine")
    for bystanders in (0, 1_000, 10_000):
        task: Task = token_block(SMALL, bystanders)
        step, hashes, whole = committing(executed(task), task.chain)
        print(f"{len(task.tip.world.accounts):8,}  {step:19.0f}  {hashes:17.1f}  {whole:18.1f}")


def show_histories() -> None:
    leaves = [index.to_bytes(32, "big") for index in range(2**16)]
    began = time.perf_counter()
    history(leaves, 2**SEGMENT)
    leaf = (time.perf_counter() - began) / len(leaves)
    task = token_block(SMALL)
    step = committing(executed(task), task.chain)[0] / 1e6
    print(f"history: {1e6 * leaf:.2f} us a leaf, so {leaf * 2**20:.1f} s for the 2^20 segments of a full level 0")
    print(f"a full segment of 2^26 points, calculated: {2**SEGMENT * (leaf + step) / 3600:.1f} h of one processor")


if __name__ == "__main__":
    show_disputes()
    print()
    show_commitments()
    print()
    show_histories()
