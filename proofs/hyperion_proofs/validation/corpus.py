"""Contracts whose blocks are validated: compiled code that comes with this package, and packages of the npm registry.

What is kept here is small and under a licence that permits it; its source stands beside it. Other packages are fetched
by npm itself when they are asked for, and nothing of them is kept.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import attrs

from hyperion.vm.code import analyse
from hyperion.vm.fork import Fork
from hyperion.vm.forks import OSAKA
from hyperion.vm.staging.recording import Code
from hyperion.vm.staging.tracing import trace_block
from hyperion_proofs.validation.blocks import Subject

FETCH_SECONDS: Final = 120
SMALLEST: Final = 100
"""Artifacts with fewer bytes are libraries whose functions are inlined elsewhere: there is nothing in them."""


@attrs.frozen
class Contract:
    """A name and runtime code."""

    name: str
    code: bytes


def code_of(code: bytes, fork: Fork = OSAKA) -> Code:
    """What the tracer knows of a frame that runs the code."""
    found = analyse(code)
    return Code(fork, code, found.program, found.jump_destinations)


def own_contracts() -> list[Contract]:
    """The contracts that come with this package."""
    text = (files("hyperion_proofs.validation") / "contracts.json").read_text(encoding="utf-8")
    return [Contract(each["name"], bytes.fromhex(each["code"])) for each in json.loads(text)["contracts"]]


def packaged_contracts(package: str) -> list[Contract]:
    """The contracts whose artifacts are in an npm package, by name; placeholders of libraries are zeros."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--pack-destination", folder, package]
        subprocess.run(command, check=True, capture_output=True, timeout=FETCH_SECONDS)
        archive = next(Path(folder).glob("*.tgz"))
        with tarfile.open(archive) as opened:
            names = sorted(name for name in opened.getnames() if name.endswith(".json"))
            texts = [(Path(name).stem, member.read()) for name in names if (member := opened.extractfile(name))]
    found = {name: code for name, text in texts if (code := runtime_code(text)) and len(code) >= SMALLEST}
    return [Contract(name, code) for name, code in found.items()]


def runtime_code(text: bytes) -> bytes | None:
    """The code of a compiler's artifact; None if it is none."""
    try:
        artifact: Any = json.loads(text)
    except ValueError:
        return None
    found = artifact.get("deployedBytecode") if isinstance(artifact, dict) else None
    if found is None and isinstance(artifact, dict) and isinstance(artifact.get("evm"), dict):
        found = artifact["evm"].get("deployedBytecode")
    if isinstance(found, dict):
        found = found.get("object")
    if not isinstance(found, str):
        return None
    digits = found.removeprefix("0x")
    plain = "".join(digit if digit in "0123456789abcdefABCDEF" else "0" for digit in digits)
    return bytes.fromhex(plain)


def entries_of(contract: Contract) -> list[int]:
    """Where blocks may begin: at the beginning of the code, and at its jump destinations."""
    return sorted({0, *analyse(contract.code).jump_destinations})


def subject_of(contract: Contract, entry: int, fork: Fork = OSAKA) -> Subject | None:
    """The block at an entry, if it has one."""
    code = code_of(contract.code, fork)
    block = trace_block(code, entry)
    return None if block is None else Subject(code, entry, block.text)
