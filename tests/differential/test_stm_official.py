"""Official block tests whose blocks have several transactions, side by side under 20 schedules each.

A sample of 45 of the 133 cases runs here; ``hyperion vm tests --parallel 20`` runs all. State root, receipts root,
filter and gas are those of the official header; and the block ends equal under each schedule.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from hyperion.execution.series import Progress, in_series
from hyperion_conformance.cli.vm import app
from hyperion_conformance.exploration.evm_variants import credited_otherwise
from hyperion_conformance.fixtures.campaign import Selection, Which, is_of, plan, planned, run_case
from hyperion_conformance.fixtures.side_by_side import UnderSchedules, run_all_side_by_side
from hyperion_conformance.fixtures.source import Case
from hyperion_conformance.fixtures.stitched import run_all_stitched, stitched
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
        chosen = plan(file, Selection(which=Which.SEVERAL, sample=SAMPLE // len(FILES) + 1, seed=1))
        found += planned(file, chosen)
    return found[:SAMPLE]


@pytest.mark.official
@pytest.mark.rule("STM-evm-block")
def test_official_blocks_end_the_same_under_every_schedule(
    cases: list[Case], count_official: Callable[[str, int], None]
) -> None:
    results = list(run_all_side_by_side(cases, ALONE, None, SEEDS))
    assert [f"{result.id}: {result.mismatch}" for result in results if not result.passed] == []
    assert len(results) == SAMPLE and all(is_of(Which.SEVERAL, case) for case in cases)
    count_official(f"blocks of several transactions, under {SEEDS} schedules (sample)", len(results))


@pytest.mark.official
def test_a_mistake_in_the_commitment_fails_them(cases: list[Case]) -> None:
    """Control: wei that were credited without a look at the balance are forgotten at the end."""
    mistaken = UnderSchedules(1, credited_otherwise(lambda _: 0))
    failed = [result for case in cases[:12] if not (result := run_case(case, execution=mistaken)).passed]
    assert failed and all("Diverged" in str(result.mismatch) for result in failed)


ABOUT: Final = "stCreate2|stSStoreTest|stSelfBalance|stRevertTest|eip6780|eip7702|eip7610|stCreateTest"
"""State tests whose contracts create, delete, delegate and write."""
STITCHED: Final = 60


@pytest.mark.official
@pytest.mark.rule("STM-evm-block")
def test_state_tests_stitched_into_blocks_end_the_same_under_every_schedule(
    fixtures_dir: Path, count_official: Callable[[str, int], None]
) -> None:
    """60 of the state tests about what conflicts, four transactions each; ``hyperion vm tests --stitch`` runs all."""
    file = fixtures_dir / "evm" / "state_osaka.jsonl.xz"
    chosen = plan(file, Selection(ABOUT, sample=STITCHED, seed=1, which=Which.STITCHABLE))
    found = list(planned(file, chosen))[:STITCHED]
    results = list(run_all_stitched(found, ALONE, None, 4))
    assert [f"{result.id}: {result.mismatch}" for result in results if not result.passed] == []
    executed = [in_series(*stitched(case)) for case in found]
    conflicting = [done for done in executed if isinstance(done, Progress) and len(done.receipts) == 4]
    assert len(conflicting) > STITCHED // 2, "most of these blocks are valid"
    count_official("state tests stitched into blocks, under 4 schedules (sample)", len(results))


@pytest.mark.official
def test_the_command_runs_only_blocks_of_several_transactions(fixtures_dir: Path) -> None:
    file = fixtures_dir / "evm" / "blockchain_transition.jsonl.xz"
    ran = CliRunner().invoke(
        app, ["tests", "--fixtures", str(file), "--parallel", "2", "--sample", "6", "--jobs", "1"]
    )
    assert ran.exit_code == 0, ran.output
    assert "6 passed, 0 failed" in ran.output.splitlines()[-1]


def test_options_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    for options in (("--staged", "--parallel", "1"), ("--stitch",)):
        assert CliRunner().invoke(app, ["tests", "--fixtures", str(tmp_path), *options]).exit_code == 2
