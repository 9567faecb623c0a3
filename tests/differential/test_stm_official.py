"""Official block tests whose blocks have several transactions, side by side under 20 schedules each.

A sample of 45 of the 133 cases runs here; ``hyperion vm tests --parallel 20`` runs all. State root, receipts root,
filter and gas are those of the official header; and the block ends equal under each schedule.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import pytest
from immutables import Map
from typer.testing import CliRunner

from hyperion.parallel.evm import block as blocks
from hyperion.primitives.word import Address
from hyperion.state.partial import Change, apply_changes
from hyperion.state.world import World
from hyperion_conformance.cli.vm import app
from hyperion_conformance.fixtures.campaign import Selection, has_several, plan, planned
from hyperion_conformance.fixtures.side_by_side import run_all_side_by_side
from hyperion_conformance.fixtures.source import Case
from hyperion_conformance.workers import ALONE

SAMPLE: Final = 45
SEEDS: Final = 20
FILES: Final = ("blockchain_cancun", "blockchain_osaka", "blockchain_prague", "blockchain_transition")


@pytest.fixture(scope="module")
def cases(fixtures_dir: Path) -> list[Case]:
    """The sample, over all forks."""
    found: list[Case] = []
    for name in FILES:
        file = fixtures_dir / "evm" / f"{name}.jsonl.xz"
        if not file.is_file():
            pytest.skip(f"no {file.name} among the official cases")
        chosen = plan(file, Selection(several=True, sample=SAMPLE // len(FILES) + 1, seed=1))
        found += planned(file, chosen)
    return found[:SAMPLE]


@pytest.mark.official
@pytest.mark.rule("STM-evm-block")
def test_official_blocks_end_the_same_under_every_schedule(
    cases: list[Case], count_official: Callable[[str, int], None]
) -> None:
    results = list(run_all_side_by_side(cases, ALONE, None, SEEDS))
    assert [f"{result.id}: {result.mismatch}" for result in results if not result.passed] == []
    assert len(results) == SAMPLE and all(has_several(case) for case in cases)
    count_official(f"blocks of several transactions, under {SEEDS} schedules (sample)", len(results))


@pytest.mark.official
def test_a_mistake_in_the_commitment_fails_them(cases: list[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: wei that were added without a look at the balance are forgotten at the end."""

    def forgetful(world: World, changes: Map[Address, Change]) -> World:
        seen = {at: msgspec.structs.replace(change, credited=0) for at, change in changes.items()}
        return apply_changes(world, Map(seen))

    monkeypatch.setattr(blocks, "apply_changes", forgetful)
    failed = [result for result in run_all_side_by_side(cases[:12], ALONE, None, 1) if not result.passed]
    assert failed and all("Diverged" in str(result.mismatch) for result in failed)


@pytest.mark.official
def test_the_command_runs_only_blocks_of_several_transactions(fixtures_dir: Path) -> None:
    file = fixtures_dir / "evm" / "blockchain_transition.jsonl.xz"
    ran = CliRunner().invoke(
        app, ["tests", "--fixtures", str(file), "--parallel", "2", "--sample", "6", "--jobs", "1"]
    )
    assert ran.exit_code == 0, ran.output
    assert "6 passed, 0 failed" in ran.output.splitlines()[-1]


def test_the_two_ways_of_execution_exclude_each_other(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    refused = CliRunner().invoke(app, ["tests", "--fixtures", str(tmp_path), "--staged", "--parallel", "1"])
    assert refused.exit_code == 2
