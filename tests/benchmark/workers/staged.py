"""The model with blocks: ``run_staged`` from the machine at the start of the call.

The blocks stay between runs, as they would in a node; what the first run takes, tracing and compiling included, is
reported beside.
"""

import time

from hyperion.vm.machine import Halt
from hyperion.vm.staging.executing import Blocks, run_staged
from tests.benchmark.workers.model import instructions, start_of
from tests.benchmark.workers.protocol import Json, Prepare, Run, serve


def load(program: Json) -> Prepare:
    """The machine is a value: each run starts from the same one."""
    start, blocks = start_of(program), Blocks()
    count = instructions(start)
    begin = time.process_time()
    run_staged(start, blocks)
    cold = time.process_time() - begin

    def prepare() -> Run:
        def go() -> Json:
            end = run_staged(start, blocks)
            assert isinstance(end.boundary, Halt)
            gas, succeeds = program["gas"] - end.gas, end.boundary.status.succeeds
            return {
                "gas": gas,
                "succeeds": succeeds,
                "instructions": count,
                "cold": cold,
                "traced": blocks.instructions,
            }

        return go

    return prepare


if __name__ == "__main__":
    serve("warm", load)
