"""What the runner takes from the rest of the project, each behind a plain function, and each able to be absent."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hyperion_conformance.runner.bisect import Model


def released_vectors() -> Path | None:
    """The folder of released vectors beside this package, or None in an installation without it."""
    folder = Path(__file__).resolve().parents[2] / "vectors"
    return folder if folder.is_dir() else None


def opcode_name(opcode: int) -> str:
    """The mnemonic of an opcode at the latest fork, else its number in hex."""
    return _opcodes().get(opcode, f"0x{opcode:02x}")


@functools.lru_cache(maxsize=1)
def _opcodes() -> Mapping[int, str]:
    from hyperion.vm.forks import FORKS

    return {row.opcode: row.name for fork in FORKS for row in fork.instructions if row.name != "INVALID"}


def rule_place(rule: str) -> str | None:
    """`file:line name()` of the function that is the rule, or None for a rule that the registry does not know."""
    return _places().get(rule)


@functools.lru_cache(maxsize=1)
def _places() -> Mapping[str, str]:
    from hyperion_conformance import registry

    try:
        entries = registry.gather().entries
    except FileNotFoundError:  # an installation without a checkout has no files to point at
        return {}
    return {
        name: f"{entry.source.file}:{entry.source.first} {entry.source.name.rpartition('.')[2]}()"
        for name, entry in entries.items()
    }


def model() -> Model | None:
    """The executable specification as the runner asks it, or None where it is not installed."""
    try:
        module: Any = importlib.import_module("hyperion_conformance.targets")
    except ImportError:
        return None
    specification: Model = module  # the module's functions `run` and `trace` are the model
    return specification
