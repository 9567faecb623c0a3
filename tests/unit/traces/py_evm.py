"""Makes ``py_evm.json``: the steps of py-evm for the programs of ``eels.py``, through its adapter.

Run it where the package py-evm (0.12.1b1) is installed:

    .peers/python/bin/python tests/unit/traces/py_evm.py > tests/unit/traces/py_evm.json

A step is program counter, opcode, gas, depth, bytes of memory, and the stack, all before the instruction. The
account under test has no balance here.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(PROJECT), str(PROJECT / "conformance" / "adapters" / "python")]

from pyevm import vm_run  # noqa: E402

from tests.unit.traces.eels import OTHER, PROGRAMS, SENDER, TARGET  # noqa: E402


def steps_of(code: str, other: str, gas: int) -> list[list[object]]:
    steps: list[list[object]] = []

    def step(pc: int, op: int, gas: int, depth: int, memory: int, stack: Sequence[int]) -> None:
        steps.append([int(pc), int(op), int(gas), int(depth), int(memory), [hex(word) for word in stack]])

    account = {"balance": str(10**18), "nonce": "1", "storage": {}}
    given = {
        "code": "0x" + code,
        "gas": str(gas),
        "address": TARGET,
        "caller": SENDER,
        "accounts": {
            SENDER: {**account, "code": "0x"},
            OTHER: {**account, "code": "0x" + other},
        },
    }
    vm_run("PRAGUE", given, step)
    return steps


if __name__ == "__main__":
    traces = {name: steps_of(*program) for name, program in PROGRAMS.items()}
    lines = (f' "{name}": {json.dumps(steps, separators=(",", ":"))}' for name, steps in traces.items())
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")
