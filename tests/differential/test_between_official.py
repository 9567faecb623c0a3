"""Every point of a few official blocks with two transactions or more, proved from one output to the other.

``BETWEEN_SAMPLE`` in the environment says how many blocks (default: 4); ``hyperion dispute points`` proves all.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from hyperion.settlement.between import logs
from hyperion_conformance.dispute.official import Proved, prove_blocks, summed

SAMPLE: Final = int(os.environ.get("BETWEEN_SAMPLE", "4"))


@pytest.fixture(scope="module")
def block_tests(fixtures_dir: Path) -> Path:
    file = fixtures_dir / "evm" / "blockchain_transition.jsonl.xz"
    if not file.is_file():
        pytest.skip("no block tests of transitions among the official cases")
    return file


@pytest.mark.official
@pytest.mark.rule("DIS-point-step", "DIS-point-micro-step", "DIS-between-follow", "DIS-between-seal")
def test_every_point_of_a_sample(block_tests: Path, count_official: Callable[[str, int], None]) -> None:
    done: list[Proved] = [each for each in prove_blocks(block_tests, SAMPLE) if each is not None]
    assert [f"{each.name}: {each.mismatch}" for each in done if each.mismatch is not None] == []
    assert done and "writing" in summed(done)
    count_official("blocks (points between machines)", len(done))


@pytest.mark.official
def test_a_fault_is_seen(block_tests: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "leaf_path", lambda index, count: "7")
    assert [each.mismatch is not None for each in prove_blocks(block_tests, 1) if each is not None] == [True]
