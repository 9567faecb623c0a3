"""The edge game's L1 contract against the model: in our own machine, in revm, and compiled anew."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from hyperion_conformance.adapters import PEERS
from hyperion_conformance.dispute.mutants.edges import EDGE_MUTANTS
from hyperion_conformance.dispute.mutants.mutant import in_force
from hyperion_conformance.harness import Adapter, Command
from hyperion_conformance.targets.dispute import DISPUTE_GAME
from hyperion_conformance.vectors.record import Draft

CONFORMANCE: Final = Path(__file__).resolve().parents[2] / "conformance"
CONTRACTS: Final = CONFORMANCE / "contracts"
REVM: Final = PEERS / "python" / "bin" / "python"
DRAFTS: Final = tuple(DISPUTE_GAME.generators[0](7, 400))
SAMPLE: Final = DRAFTS[::7]
"""For our own machine, which is slow; `hyperion conformance run` asks all."""


def model(draft: Draft) -> dict[str, Any]:
    return DISPUTE_GAME.outcome(draft.input, draft.fork, True, lambda _: None)


def contract(python: str, script: str) -> Iterator[Adapter]:
    started = Adapter(Command((python, str(CONFORMANCE / "adapters" / "contract" / script))))
    yield started
    started.close()


def answer(adapter: Adapter, draft: Draft) -> Any:
    reply = adapter.run("dispute.game", draft.fork, draft.input)
    assert isinstance(reply, Mapping), reply
    return reply


@pytest.fixture(scope="module")
def own() -> Iterator[Adapter]:
    yield from contract(sys.executable, "on_hyperion.py")


@pytest.fixture(scope="module")
def revm() -> Iterator[Adapter]:
    if not REVM.exists():
        pytest.skip("edge-contract-revm is not available: the environment of the Python clients is not set up")
    yield from contract(str(REVM), "on_pyrevm.py")


@pytest.mark.parametrize("draft", SAMPLE, ids=lambda draft: draft.id)
def test_the_contract_is_the_model_in_our_own_machine(own: Adapter, draft: Draft) -> None:
    assert answer(own, draft) == model(draft)


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.id)
def test_the_contract_is_the_model_in_revm(revm: Adapter, draft: Draft) -> None:
    assert answer(revm, draft) == model(draft)


@pytest.mark.parametrize("name", ["threshold-exceeded", "same-block-counts", "older-half-counts"])
def test_control_a_wrong_model_is_not_the_contract(own: Adapter, name: str) -> None:
    (mutant,) = [mutant for mutant in EDGE_MUTANTS if mutant.name == name]
    clocks = [draft for draft in DRAFTS if draft.group == "clocks"]
    right = [model(draft) for draft in clocks]
    with in_force(mutant):
        differing = [draft for draft, was in zip(clocks, right, strict=True) if model(draft) != was]
        assert differing
        assert answer(own, differing[0]) != model(differing[0])


def test_the_sources_compile_to_the_committed_bytes() -> None:
    if shutil.which("node") is None or not (CONTRACTS / "node_modules" / "solc").is_dir():
        pytest.skip("the compiler is not available: npm ci in conformance/contracts installs it")
    done = subprocess.run(["node", "build.mjs", "--check"], cwd=CONTRACTS, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "as committed\n"), done.stderr


def test_the_contract_fits_an_account() -> None:
    """Creation code is longer than what it deploys, which EIP-170 bounds."""
    artifact = json.loads((CONTRACTS / "artifacts" / "EdgeGame.json").read_text("utf-8"))
    assert len(artifact["bytecode"]) // 2 < 24_576
