"""The levels of a check: what holds for the model's runs and for an engine with threads, and what each level finds."""

import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from hyperion.parallel.configuration import Run, run
from hyperion.parallel.trees import Trees
from hyperion_conformance.adapters import FOLDER, available
from hyperion_conformance.exploration.evm_variants import EVM_VARIANTS
from hyperion_conformance.exploration.mutants import SOUND, UNSOUND
from hyperion_conformance.exploration.workloads import block_of
from hyperion_conformance.harness import Command
from hyperion_conformance.stm.certificate import Certified, CertifiedRead, certificate_of, faults, final_state
from hyperion_conformance.stm.check import LEVELS, Share, Task, checked
from hyperion_conformance.stm.events import monitored
from hyperion_conformance.stm.serial import play
from hyperion_conformance.stm.table import CONTROLS, row_of
from hyperion_conformance.vectors.input import InputError
from hyperion_proofs.registry import registry
from tests.property.test_stm_evm_faults import SHOWN_BY
from tests.support.stm_trees import blocks

ENGINE = FOLDER / "threads" / "adapter.py"


def share(levels: tuple[str, ...], *more: str, sizes: tuple[int, ...] = (4,), enough: int = 1) -> Share:
    """One share of a check of the engine with threads, with a mistake built in or without."""
    return checked(Task(Command((sys.executable, str(ENGINE), *more)), levels, sizes, 3, 1, 5.0, enough))


# --- certificates ----------------------------------------------------------------------------------------------------


def certificate_by_model(block: Trees, schedule: list[int]) -> tuple[Certified, ...]:
    """What a run of the model certifies; the values are those of playing each transaction over the state before it."""
    ran = run(block, 3, schedule)
    assert isinstance(ran, Run)
    shared = ran.configuration.shared
    state: dict[str, int] = {}
    certified: list[Certified] = []
    for index in range(block.size):
        played = play(block, index, Map({**state}))
        reads = zip(shared.memory.reads[index], played.reads, strict=True)
        certified.append(
            Certified(
                shared.scheduler.status[index].incarnation,
                tuple(CertifiedRead(str(read.location), read.origins, value) for read, (_, value) in reads),
                tuple((str(at), value) for at, value in played.done.writes),
                tuple((str(at), amount) for at, amount in played.done.additions),
                str(played.done.result),
            )
        )
        state = final_state(block, certified)
    return tuple(certified)


@pytest.mark.rule("STM-record-reads")
@settings(max_examples=60)
@given(blocks(), st.lists(st.integers(0, 2), max_size=150))
def test_what_the_model_certifies_is_right(block: Trees, schedule: list[int]) -> None:
    """60 blocks under random schedules."""
    assert list(faults(block, certificate_by_model(block, schedule))) == []


def tampered(one: Certified) -> list[Certified]:
    """A certified transaction with one thing changed, in every way that there is here."""
    changed = [attrs.evolve(one, result=one.result + "0"), attrs.evolve(one, writes=(*one.writes, ("zz", 1)))]
    for place, read in enumerate(one.reads):
        lies = (attrs.evolve(read, value=read.value + 1), attrs.evolve(read, origins=read.origins[1:]))
        changed += [attrs.evolve(one, reads=(*one.reads[:place], lie, *one.reads[place + 1 :])) for lie in lies]
        changed.append(attrs.evolve(one, reads=(*one.reads[:place], *one.reads[place + 1 :])))
    return changed


@pytest.mark.parametrize("workload", ["counter", "branch", "aba", "delta", "layers", "gas"])
def test_control_a_certificate_that_is_tampered_with_is_refused(workload: str) -> None:
    block = block_of(workload, 4)
    good = certificate_by_model(block, [])
    assert list(faults(block, good)) == []
    for index, one in enumerate(good):
        for bad in tampered(one):
            assert list(faults(block, (*good[:index], bad, *good[index + 1 :]))), (index, bad)
    assert list(faults(block, good[1:]))


JSON = st.recursive(
    st.none() | st.booleans() | st.sampled_from(("0", "1", "storage", "a", "c", "read", "execute", "done", "scan")),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ("worker", "event", "transaction", "incarnation", "location", "origins", "reads", "writes", "result")
        ),
        inner, max_size=7,
    ),
    max_leaves=14,
)  # fmt: skip


@settings(max_examples=300)
@given(JSON)
def test_whatever_an_engine_exports_is_judged_or_refused(value: Any) -> None:
    """300 documents as a certificate and as a log."""
    block = block_of("counter", 2)
    for judge in (lambda: list(faults(block, certificate_of(value))), lambda: monitored(block, value)):
        try:
            judge()
        except InputError:
            continue


# --- the engine with threads -----------------------------------------------------------------------------------------


def test_an_engine_with_threads_holds_at_all_levels() -> None:
    found = share(LEVELS, sizes=(2, 12))
    assert (found.found, found.broken, found.absent) == ((), "", ())
    assert found.asked["L0"] == 24 and found.asked["L3"] > 50


@pytest.mark.parametrize(
    "mistake",
    [
        "counted-late", "done-early", "never-invalid", "storage-unrecorded", "no-wave", "no-abort-wave",
        "stale-entries", "lost-wake-up", "own-entry", "least-writer", "read-unrecorded",
    ],
)  # fmt: skip
def test_a_mistake_is_found_access_by_access(mistake: str) -> None:
    assert share(("L3",), "--fault", mistake).found


@pytest.mark.parametrize("name", ["cosmos-sdk", "blockifier"])
def test_a_foreign_engine_gives_the_serial_result_and_certifies_it(name: str) -> None:
    """24 runs of each engine that is set up here: a sample. The release with a published race may fail any run."""
    client = next(client for client in available() if client.name == name)
    if client.command is None:
        pytest.skip(f"{name}: {client.why}")
    found = checked(Task(Command(client.command), ("L0", "L1"), (4, 12), 3, 1, 10.0))
    assert (found.found, found.broken) == ((), "") and found.asked["L1"] == 24


def test_a_wrong_certificate_of_a_right_run_is_found_by_its_level_alone() -> None:
    assert share(("L0", "L2"), "--fault", "origins-lie").found == ()
    assert share(("L1",), "--fault", "origins-lie").found


SILENT = """
import sys, time
sys.stdin.readline()
print('{"id":1,"ok":{"protocol":"hyperion/1","implementation":{"name":"silent","version":"1","language":"python"},'
      '"targets":{"stm.block":{"forks":["HYPERION"]}},"features":[]}}', flush=True)
time.sleep(60)
"""


def test_a_hang_is_a_fault() -> None:
    task = Task(Command((sys.executable, "-c", SILENT)), ("L0",), (4,), 2, 1, 0.5, 1)
    assert "hangs" in checked(task).found[0].what


@pytest.mark.parametrize("change", ["always-new", "spurious-aborts", "abort-any-incarnation"])
def test_what_is_no_mistake_passes_all_levels_but_the_comparison_of_accesses(change: str) -> None:
    assert share(("L0", "L1", "L2"), "--fault", change, sizes=(4, 12)).found == ()


def test_an_adapter_that_breaks_is_told_from_an_engine_that_is_wrong() -> None:
    assert checked(Task(Command((sys.executable, "-c", "pass")), ("L0",), (2,), 1, 0, 5.0)).broken


# --- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", [variant.name for variant in UNSOUND])
def test_the_table_says_what_kills_each_mutant(variant: str) -> None:
    row = row_of(next(one for one in UNSOUND if one.name == variant))
    assert row.as_expected and row.invariant != "–"


def test_there_are_enough_mutants_and_each_control_named_exists() -> None:
    evm = [name for name, mistake in EVM_VARIANTS.items() if mistake.sound is None]
    assert len(UNSOUND) + len(evm) >= 35 and len(SOUND) >= 4
    assert set(evm) == set(SHOWN_BY)
    for theorem, control in CONTROLS.values():
        assert control in {one.weakening for one in registry()[theorem].theorem.controls}, (theorem, control)


def test_the_engine_imports_nothing_of_ours() -> None:
    for path in sorted(Path(ENGINE).parent.glob("*.py")):
        assert "hyperion" not in path.read_text().replace("hyperion/1", "").replace('"HYPERION"', "")
