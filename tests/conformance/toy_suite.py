"""A small suite for the toy machine, written in the vector format, with the toy itself as the model."""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hyperion_conformance.harness import Command, Deadlines
from hyperion_conformance.protocol import Json, TraceAnswer
from hyperion_conformance.runner.campaign import Campaign, Settings, handshake
from hyperion_conformance.runner.cases import Case, cases_of
from hyperion_conformance.runner.results import CaseResult
from tests.conformance.broken_adapters import toy

ADAPTERS = Path(__file__).parent / "broken_adapters"
PATIENT = Settings(deadlines=Deadlines(base=30.0, start=60.0))
"""For adapters that answer: however busy the machine is, none of them must be taken for one that hangs."""

HASTY = Settings(deadlines=Deadlines(base=2.0, start=60.0))
"""For adapters that do not answer: each silence is waited for."""

SILENT = frozenset({"hang", "partial_line", "unbuffered_never"})

CODES = {
    "add": ("6001600201", "VM-add"),
    "add-wraps": ("7f" + "ff" * 32 + "600101", "VM-add"),
    "mul": ("6003600402600a5500", "VM-mul"),
    "mul-by-zero": ("6000600502" + "6001600155", "VM-mul"),
    "sub": ("6001600203", "VM-sub"),
    "store": ("602a600155", "VM-sstore"),
    "store-zero": ("6000600155", "VM-sstore"),
    "return-word": ("602a60005260206000f3", "VM-return"),
    "underflow": ("01", "VM-add"),
    "long-run": ("6001" + "600101" * 120 + "80600203600355", "VM-sub"),
    "long-mul": ("6001" + "600101" * 60 + "600302" + "600101" * 60 + "600355", "VM-mul"),
}
ADDRESS, CALLER = "0x" + "aa" * 20, "0x" + "bb" * 20


def given(code: str, gas: int = 100_000) -> dict[str, Any]:
    return {
        "code": "0x" + code,
        "calldata": "0x",
        "gas": str(gas),
        "value": "0",
        "address": ADDRESS,
        "caller": CALLER,
        "storage": {"1": "9"},
    }


def vector(name: str, code: str, rule: str) -> dict[str, Any]:
    lines, outcome = toy.execute(given(code))
    chain = toy.digests(lines)
    stride = max(1, -(-len(chain) // 32))
    marks = sorted({*range(0, len(chain), stride), len(chain) - 1})
    return {
        "id": f"vm.run/toy/{name}",
        "revision": 1,
        "rules": [rule],
        "level": "MUST",
        "tier": 1,
        "fork": "OSAKA",
        "fingerprint": hashlib.sha256(f"{name}{code}".encode()).hexdigest()[:32],
        "why": f"The toy knows {name}.",
        "input": given(code),
        "expect": {"exactly": outcome},
        "trace": {"steps": len(chain), "stride": stride, "digests": [chain[i] for i in marks]},
    }


def document() -> dict[str, Any]:
    cases = [vector(name, code, rule) for name, (code, rule) in CODES.items()]
    return {"format": "hyperion-vector/1", "target": "vm.run", "group": "toy", "cases": cases}


def suite() -> tuple[Case, ...]:
    return tuple(sorted(cases_of(document(), "toy"), key=lambda case: case.id))


def write_suite(folder: Path) -> Path:
    file = folder / "vm.run" / "toy.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(document()), "utf-8")
    return folder


def command(name: str, *arguments: str) -> Command:
    # An environment that unbuffers every Python program would hide a forgotten flush.
    return Command((sys.executable, str(ADAPTERS / f"{name}.py"), *arguments), environment={"PYTHONUNBUFFERED": ""})


class ToyModel:
    """The toy as the specification of itself."""

    def trace(
        self, target: str, fork: str, given: Mapping[str, Json], at: Sequence[int], full: bool = False
    ) -> TraceAnswer:
        lines, _ = toy.execute(given)
        chain = toy.digests(lines)
        states = {i: toy_state(lines[i]) for i in at if i < len(lines)} if full else {}
        return TraceAnswer(len(lines), {i: chain[min(i, len(chain) - 1)] for i in at}, states)

    def run(self, target: str, fork: str, given: Mapping[str, Json]) -> Mapping[str, Json]:
        outcome: Mapping[str, Json] = toy.execute(given)[1]
        return outcome


def toy_state(line: Mapping[str, Any]) -> dict[str, Json]:
    return {key: value if key == "stack" else str(value) for key, value in line.items()}


def verdicts(
    name: str, settings: Settings | None = None, cases: Sequence[Case] | None = None
) -> dict[str, CaseResult]:
    """Slug of the case -> result, of one adapter of the folder beside this file."""
    address, settings = command(name), settings or (HASTY if name in SILENT else PATIENT)
    campaign = Campaign(address, handshake(address, settings), settings)
    return {result.id.rpartition("/")[2]: result for result in campaign.run(suite() if cases is None else cases)}
