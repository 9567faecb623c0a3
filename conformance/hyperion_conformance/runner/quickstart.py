"""First steps without choices: are the vectors the model's, and which foreign implementations are here?"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import attrs

from hyperion_conformance.harness.address import Address, Command

REQUIRED: Final = ("eels", "py-evm", "pyrevm")
"""Run by default; all come from the package index into one environment, so their absence is a failure."""

WELCOME: Final = ("ethereumjs", "go-ethereum", "revm", "malachite")
"""Run by default where their toolchain is present."""

SAMPLE: Final = 0.2
"""Share of the vectors that the model answers anew before a run; `hyperion vectors verify` does all."""


class NotVerified(Exception):
    """The vectors are not what the model says, or not what their manifest says."""


class Client(Protocol):
    """What preparing a foreign client yields: its command, or why there is none."""

    @property
    def name(self) -> str:
        """The column in the report."""

    @property
    def command(self) -> Sequence[str] | None:
        """How to start its adapter; None if it is not available."""

    @property
    def why(self) -> str:
        """Why it is not available, in words; empty if it is."""


@attrs.frozen(slots=True)
class Prepared:
    """A foreign implementation that is ready to run, or the reason why it is not."""

    name: str
    address: Address | None
    why: str
    required: bool


def verified(folder: Path) -> str:
    """One line about the vectors in a folder, once they were checked and a sample recomputed. Raises `NotVerified`."""
    try:
        verifier: Any = importlib.import_module("hyperion_conformance.vectors.verify")
    except ImportError as error:
        raise NotVerified(f"the vectors cannot be verified: {error}") from None
    try:
        found = verifier.refill(verifier.verify(folder), SAMPLE)
    except Exception as error:
        raise NotVerified(f"{folder}: {error}") from error
    problems = [str(problem) for problem in found.problems]
    if problems:
        more = f"\n  and {len(problems) - 20} more" if len(problems) > 20 else ""
        raise NotVerified(f"{folder} is not what the model says:\n  " + "\n  ".join(problems[:20]) + more)
    return f"{found.cases} cases are what their manifest says, and {found.refilled} of them what the model says now"


def prepared(names: Sequence[str] | None, say: Callable[[str], None]) -> Iterator[Prepared]:
    """Each foreign implementation in turn, its environment set up when needed."""
    for name in names or (*REQUIRED, *WELCOME):
        try:
            ensure: Callable[[Sequence[str], Callable[[str], None]], Sequence[Client]]
            ensure = importlib.import_module("hyperion_conformance.adapters").ensure
            clients = ensure([name], say)
        except Exception as error:
            # Setting up a stranger's toolchain fails in a hundred ways; each is told, none ends the run.
            yield Prepared(name, None, f"{type(error).__name__}: {error}", name in REQUIRED)
            continue
        for client in clients:
            address = Command(tuple(map(from_here, client.command))) if client.command else None
            yield Prepared(client.name, address, client.why, name in REQUIRED)


def from_here(word: str) -> str:
    """A path below the working folder as seen from there, so that the lines to replay are short; else as it is."""
    here = f"{Path.cwd()}{os.sep}"
    return word[len(here) :] if word.startswith(here) else word
