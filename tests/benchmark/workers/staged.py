"""The model with blocks: ``run_staged`` from the machine at the start of the call.

The blocks stay between runs, as they would in a node. Before the first run that is timed, the program runs until its
blocks are made; what making them takes is reported beside.
"""

import time
from typing import Final

from hyperion.vm.machine import Halt, Machine
from hyperion.vm.staging.blocks import Blocks, Table
from hyperion.vm.staging.executing import run_staged
from tests.benchmark.workers.model import instructions, start_of
from tests.benchmark.workers.protocol import Json, Prepare, Run, serve

QUIET_RUNS: Final = 10
"""Runs in a row in which no block is made, before the blocks count as made."""
ENOUGH_STEPS: Final = 1_000_000
"""Steps before that, at least: a block has to be paid for by steps."""


def warm(start: Machine, blocks: Blocks) -> float:
    """Run until no more blocks are made; the CPU seconds of the first run."""
    began = time.process_time()
    steps = run_staged(start, blocks).steps
    first, made, quiet = time.process_time() - began, blocks.instructions, 0
    while quiet < QUIET_RUNS or steps < ENOUGH_STEPS:
        steps += run_staged(start, blocks).steps
        quiet = quiet + 1 if blocks.instructions == made else 0
        made = blocks.instructions
    return first


def making(blocks: Blocks) -> float:
    """The CPU seconds that it takes to make all blocks that are there."""
    began = time.process_time()
    for table in blocks.tables:
        again = Table(table.code)
        for entry in table.texts:
            again.make(entry)
    return time.process_time() - began


def load(program: Json) -> Prepare:
    """The machine is a value: each run starts from the same one."""
    start, blocks = start_of(program), Blocks()
    count = instructions(start)
    first = warm(start, blocks)
    cold = making(blocks)

    def prepare() -> Run:
        def go() -> Json:
            end = run_staged(start, blocks)
            assert isinstance(end.boundary, Halt)
            gas, succeeds = program["gas"] - end.gas, end.boundary.status.succeeds
            return {
                "gas": gas,
                "succeeds": succeeds,
                "instructions": count,
                "first": first,
                "cold": cold,
                "traced": blocks.instructions,
            }

        return go

    return prepare


if __name__ == "__main__":
    serve("warm", load)
