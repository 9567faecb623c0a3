"""Faulty variants of Block-STM are found, sound ones are not, and schedules that show a fault can be replayed."""

import os
import re
import signal
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from hyperion.parallel.configuration import is_final, outcome
from hyperion.parallel.mvmemory import Blocked
from hyperion_conformance.cli.explore import Watcher, app, interruptible, kill_row
from hyperion_conformance.exploration import witness
from hyperion_conformance.exploration.hunts import Hunt, Kill, first_kill, hunt, kill_of
from hyperion_conformance.exploration.mutants import SOUND, UNSOUND, VARIANTS
from hyperion_conformance.exploration.search import begin, explore
from hyperion_conformance.exploration.stm import StmPlan

WITNESSES: Final = {
    "double-decrement": (
        4,
        "chain",
        "0x1,1x2,0x4,1x4,0x1,1x1,0x1,1x1,0x2,1x1,0x1,1x1,0x1,1x18,0x4,1x1,0x7,1x1,0x1,1x6,0x19,1x6,0x1,1x1,0x1,1x1,"
        "0x1,1x40,0x17,1x1,0x16,1x1",
    ),
}
"""Shortest schedules to a wrong end: transactions, workload, and the schedule of two workers."""


# --- hunting ---------------------------------------------------------------------------------------------------------

AT_ONCE: Final = {
    "validation-counted-late": "CARD",
    "execution-counted-late": "CARD",
    "no-recheck": "D3",
    "no-active-check": "D3",
    "count-before-lowering": "P9",
    "never-new": "P9",
    "new-to-the-memory": "P9",
    "skip-oneself": "P9",
    "no-estimates": "P8",
    "ready-before-estimates": "P3",
    "torn-status": "P3",
    "no-removal": "P8",
}
"""Variants that two transactions and two workers betray, and the first invariant that fails."""


@pytest.mark.parametrize("variant", AT_ONCE)
def test_an_unsound_variant_breaks_an_invariant(variant: str) -> None:
    kill, _, _ = first_kill(variant, ((2, 2),), True)
    assert kill is not None
    assert kill.what.startswith(f"{AT_ONCE[variant]} ")
    system = kill.plan.build()
    args = (system.block, system.first, kill.schedule, system.transitions, system.grain)
    assert system.fault_of(witness.last(*args)) == kill.what
    sound = StmPlan(2, 2, kill.plan.workload).build()
    assert sound.fault_of(witness.last(sound.block, sound.first, kill.schedule, sound.transitions, sound.grain)) is None


@pytest.mark.parametrize("variant", [variant.name for variant in SOUND])
def test_a_sound_variant_is_not_found_wrong(variant: str) -> None:
    found = hunt((variant, 2))
    assert found.as_expected, found.by_end


def test_a_variant_that_never_ends_is_found_without_invariants() -> None:
    plan = StmPlan(3, 2, "chain", variant="wait-while-active", invariants=False)
    (kill,) = kill_of(plan, explore(begin(plan)))
    assert "no end can be reached" in kill.what


def test_every_variant_says_what_it_is_and_sound_ones_why() -> None:
    assert len(VARIANTS) == len(UNSOUND) + len(SOUND)
    assert all(variant.sound is None for variant in UNSOUND)
    assert all(variant.sound for variant in SOUND)
    assert len(UNSOUND) >= 20
    assert len(SOUND) >= 5


# --- the paper's double decrement ------------------------------------------------------------------------------------


@pytest.mark.rule("STM-one-decrement")
@pytest.mark.parametrize("name", WITNESSES)
def test_the_witness_leads_the_variant_astray_and_not_the_algorithm(name: str) -> None:
    transactions, workload, text = WITNESSES[name]
    schedule = witness.read(text)
    wrong = StmPlan(transactions, 2, workload, variant=name).build()
    end = witness.last(wrong.block, wrong.first, schedule, wrong.transitions, wrong.grain)
    assert len(schedule) == 164
    assert is_final(end)
    assert isinstance(outcome(wrong.block, end), Blocked)
    right = StmPlan(transactions, 2, workload).build()
    at = witness.last(right.block, right.first, schedule, right.transitions, right.grain)
    assert right.fault_of(at) is None
    assert not at.shared.scheduler.done


def test_the_double_decrement_needs_four_transactions() -> None:
    search = explore(begin(StmPlan(3, 2, "chain", variant="double-decrement")))
    assert search.is_complete
    assert search.fault is None


# --- schedules as text -----------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 3), min_size=1))
def test_a_schedule_is_read_back(schedule: list[int]) -> None:
    assert witness.read(witness.written(schedule)) == tuple(schedule)


@given(st.text(max_size=12))
def test_what_is_no_schedule_is_refused(text: str) -> None:
    try:
        schedule = witness.read(text)
    except ValueError:
        return
    assert all(worker >= 0 for worker in schedule)


# --- the command -----------------------------------------------------------------------------------------------------


def command(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["stm", *words], env={"COLUMNS": "100"})
    return result.exit_code, result.output


def test_the_command_ends_with_its_account() -> None:
    code, text = command("--txs", "2", "--workload", "chain", "--liveness", "--no-symmetry")
    assert code == 0
    assert "no fair run goes round for ever" in text
    assert re.search(r"explore stm: n=2 t=2 fine corrected: [\d,]+ states of 1 workloads, all holds\s*$", text)


def test_the_command_shows_a_fault_that_can_be_replayed() -> None:
    code, text = command("--txs", "2", "--workload", "chain", "--mutant", "no-recheck")
    assert code == 1
    replay = re.search(r"--replay (\S+)", text)
    assert replay is not None
    again = ("--txs", "2", "--workload", "chain", "--mutant", "no-recheck", "--replay", replay.group(1))
    code, text = command(*again)
    assert (code, "D3 does not hold" in text) == (1, True)
    assert command(*(word for word in again if word not in ("--mutant", "no-recheck")))[0] == 0


def test_a_search_that_was_cut_is_inconclusive() -> None:
    assert command("--txs", "3", "--workload", "chain", "--limit", "100")[0] == 4


def test_a_search_that_was_cut_goes_on_from_its_file(tmp_path: Path) -> None:
    words = ("--txs", "2", "--workload", "chain", "--checkpoint", str(tmp_path / "kept"))
    assert command(*words, "--limit", "100")[0] == 4
    assert (tmp_path / "kept").exists()
    code, text = command(*words)
    assert code == 0
    assert text.splitlines()[-1] == command("--txs", "2", "--workload", "chain")[1].splitlines()[-1]
    assert command("--txs", "3", *words[2:])[0] == 2


def test_an_interrupt_ends_a_search_in_good_order() -> None:
    watcher = Watcher(Console(quiet=True), 1_000_000, None)
    search = begin(StmPlan(2, 2, "chain"))
    with interruptible(watcher):
        os.kill(os.getpid(), signal.SIGINT)
        explore(search, watch=watcher)
    assert watcher.interrupted
    assert 0 < search.expanded < len(search.states) + 1
    assert not search.is_complete


@pytest.mark.parametrize(
    "words",
    [
        ("--mutant", "nobody"),
        ("--workload", "nothing"),
        ("--checkpoint", "x"),
        ("--workload", "chain", "--replay", "a"),
        ("--workload", "chain", "--replay", "-1x3"),
        ("--workload", "chain", "--replay", "7x1"),
    ],
)
def test_wrong_usage_is_refused(words: tuple[str, ...]) -> None:
    assert command(*words)[0] == 2


def test_the_table_of_variants_fits_the_screen() -> None:
    plan = StmPlan(3, 2, "counter", variant="lower-beyond-and-validate")
    kill = Kill(plan, "CARD does not hold: so", 123_456, (0,) * 164)
    row = kill_row(Hunt("lower-beyond-and-validate", kill, kill, 0, 0))
    plain = [re.sub(r"\[/?[a-z]*\]", "", part) for part in row]
    assert sum(map(len, plain)) + 2 * (len(row) - 1) <= 100


def test_the_comparison_fits_the_screen() -> None:
    result = CliRunner().invoke(app, ["compared"], env={"COLUMNS": "100"})
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 100
