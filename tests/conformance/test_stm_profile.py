"""Simulated time: runs are runs of the model, nothing beats the bound, and the figures and pictures are of the runs."""

from collections import deque
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import msgspec
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from hyperion.parallel.configuration import advance, initial, is_final, outcome
from hyperion.parallel.configuration import run as run_scheduled
from hyperion.parallel.counter import Pc
from hyperion.parallel.program import Outcome, execute_serially
from hyperion.parallel.scheduler import Phase
from hyperion.parallel.trees import Add, Constant, Name, Operation, ReadInto, Stop, Trees, Write
from hyperion.parallel.worker import Grain
from hyperion_conformance.cli.stm_profile import is_serial, register
from hyperion_conformance.exploration import witness
from hyperion_conformance.exploration.look_before import LOOK_BEFORE, LOOK_BEFORE_KILL
from hyperion_conformance.exploration.mutants import VARIANTS
from hyperion_conformance.exploration.workloads import block_of as small_block
from hyperion_conformance.fixtures.campaign import Selection, Which, plan, planned
from hyperion_conformance.stm.programs import block_json
from hyperion_conformance.stm_profile.bound import bound_of
from hyperion_conformance.stm_profile.contracts import transfers
from hyperion_conformance.stm_profile.costs import ACCESSES, Access, Costs, Line, Lines, Variable, line_of, own
from hyperion_conformance.stm_profile.metered import EvmMeter, MeteredBlock, TreeMeter, unmetered
from hyperion_conformance.stm_profile.phases import ARROWS, phases_drawn, taken
from hyperion_conformance.stm_profile.picture import LEFT, RIGHT, WIDTH, picture_of
from hyperion_conformance.stm_profile.profile import Figures, profile_of
from hyperion_conformance.stm_profile.simulation import Moment, SimulatedRun, simulate
from hyperion_conformance.stm_profile.spans import Doing, Fate, aborted_versions, fate_of, spans_of
from hyperion_conformance.stm_profile.workloads import WORKLOADS
from tests.support.stm_trees import blocks

COSTS: Final = Costs()
INDEPENDENT: Final = ("transfers", "tokens", "swaps", "inference")
CONTENDED: Final = ("clusters", "pools", "counter")
BAR: Final = 0.9
"""Of the bound, with 16 workers, on blocks without dependencies."""


def metered_trees(block: Trees) -> MeteredBlock:
    """The block, with nothing computed beside its accesses."""
    return MeteredBlock(TreeMeter(block, (0,) * block.size))


def measured(name: str, size: int, workers: int, trees: bool = False) -> tuple[Figures, SimulatedRun, MeteredBlock]:
    """A workload, run."""
    block = WORKLOADS[name].block(size, trees)
    return *profile_of(block, COSTS).measure(workers), block


# --- runs ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("STM-schedule")
@given(blocks(), st.integers(1, 5), st.integers(0, 100), st.integers(1, 4000))
@settings(max_examples=100)
def test_a_simulated_run_is_a_run_of_the_model_and_never_beats_the_bound(
    trees: Trees, workers: int, far: int, gas: int
) -> None:
    """Draws 100 blocks with other costs each."""
    costs, block = Costs(gas, far=far), metered_trees(trees)
    bound, run = bound_of(block, costs), simulate(block, workers, costs)
    at = initial(trees, workers)
    for worker in run.schedule:
        at = advance(trees, at, worker) or at
    left = outcome(trees, at)
    assert run.finished
    assert left == execute_serially(trees) == unmetered(bound.outcome)
    assert at.shared.scheduler == run.configuration.shared.scheduler
    assert bound.of(workers) <= run.makespan


@pytest.mark.rule("STM-evm-block")
@pytest.mark.parametrize("name", [*INDEPENDENT, *CONTENDED])
def test_workloads_end_as_serially_and_do_what_they_say(name: str) -> None:
    size = 8 if name == "inference" else 24
    found, run, block = measured(name, size, 4)
    left = outcome(block, run.configuration)
    assert isinstance(left, Outcome)
    assert is_serial(block, run, found)
    assert all(result.succeeded for result in unmetered(left).results)  # type: ignore[attr-defined]
    assert bound_of(block, COSTS).is_independent == (name in INDEPENDENT)
    assert bound_of(WORKLOADS[name].block(size, trees=True), COSTS).is_independent == (name in INDEPENDENT)


def test_a_wrong_end_is_noticed() -> None:
    block = WORKLOADS["counter"].block(4, trees=True)
    profile = profile_of(block, COSTS)
    found, run = profile.measure(3, VARIANTS["own-entry"].transitions)
    assert not found.serial
    assert not is_serial(block, run, found)


@pytest.mark.parametrize("name", INDEPENDENT)
def test_independent_blocks_come_near_the_bound_with_sixteen_workers(name: str) -> None:
    found, _, block = measured(name, 32 if name == "inference" else 128, 16)
    assert found.of_ideal >= BAR
    assert (found.executions, found.aborted, found.waited) == (block.size, 0, 0)


def test_needless_aborts_keep_a_block_from_the_bound() -> None:
    """The control of the bar: a sound variant that executes almost everything twice."""
    profile = profile_of(WORKLOADS["transfers"].block(64), COSTS)
    found, _ = profile.measure(16, VARIANTS["spurious-aborts"].transitions)
    assert found.serial
    assert found.of_ideal < 0.6


@pytest.mark.parametrize("name", CONTENDED)
def test_every_execution_counts_was_aborted_or_was_stopped(name: str) -> None:
    found, run, block = measured(name, 24, 12)
    fates = [fate_of(span, aborted_versions(run)) for span in spans_of(run) if span.doing is Doing.EXECUTING]
    assert found.executions == len(fates) == block.size + found.aborted + found.waited
    assert (fates.count(Fate.ABORTED), fates.count(Fate.BLOCKED)) == (found.aborted, found.waited)
    assert found.aborted > 0
    assert found.validations >= block.size


def test_a_run_is_the_same_again() -> None:
    first, second = measured("pools", 24, 6)[1], measured("pools", 24, 6)[1]
    assert first.schedule == second.schedule
    assert [moment.ends for moment in first.moments] == [moment.ends for moment in second.moments]


# --- accesses --------------------------------------------------------------------------------------------------------


def changed(before: Any, after: Any) -> set[Line]:
    """The variables in which two shared states differ."""
    old, new = before.scheduler, after.scheduler
    names = {
        Variable.EXECUTION_INDEX: "execution_index", Variable.VALIDATION_INDEX: "validation_index",
        Variable.ACTIVE: "active", Variable.LOWERED: "lowered", Variable.DONE: "done",
    }  # fmt: skip
    found: set[Line] = {(kind, None) for kind, name in names.items() if getattr(old, name) != getattr(new, name)}
    for kind, rows in (
        (Variable.STATUS, (old.status, new.status)),
        (Variable.DEPENDENTS, (old.dependents, new.dependents)),
        (Variable.DEPENDENTS, (old.locked, new.locked)),
        (Variable.LISTS, (before.memory.reads, after.memory.reads)),
        (Variable.LISTS, (before.memory.written, after.memory.written)),
    ):
        found |= {(kind, place) for place, (was, now) in enumerate(zip(*rows, strict=True)) if was != now}
    places = {*before.memory.cells, *after.memory.cells}
    cells = {place for place in places if before.memory.cells.get(place) != after.memory.cells.get(place)}
    return found | {(Variable.ENTRIES, place) for place in cells}


def misplaced(accesses: Mapping[Pc, Access]) -> set[Pc]:
    """Program counters at which something else changes than the table says, in runs of a contended block."""
    wrong = set()
    for workers in (2, 3, 5):
        block = WORKLOADS["pools"].block(20, trees=True)
        at = initial(block, workers)
        for moment in simulate(block, workers, COSTS).moments:
            after = advance(block, at, moment.worker)
            assert after is not None
            variable, whose = accesses[moment.before.pc]
            allowed = {(variable, whose(moment.before))}
            if moment.before.pc is Pc.SUSPEND:
                allowed.add((Variable.STATUS, moment.before.version.transaction))
            wrong |= {moment.before.pc} if changed(at.shared, after.shared) - allowed else set()
            at = after
    return wrong


@pytest.mark.rule("STM-atomic")
def test_an_access_changes_the_variable_that_it_is_said_to_be_to() -> None:
    assert set(ACCESSES) == set(Pc) - {Pc.EXIT}
    assert misplaced(ACCESSES) == set()
    assert misplaced({**ACCESSES, Pc.FINISH: (Variable.LISTS, own)}) == {Pc.FINISH}


def test_variables_are_near_to_one_writer_or_many_readers() -> None:
    lines, line = Lines(COSTS), (Variable.ACTIVE, None)
    assert lines.access(0, line, True, 0) == COSTS.far
    assert lines.free_at(line) == COSTS.far
    assert lines.access(0, line, True, 100) == COSTS.near
    assert lines.access(1, line, False, 200) == COSTS.far
    assert lines.access(0, line, False, 300) == COSTS.near
    assert lines.access(0, line, True, 400) == COSTS.far
    assert lines.access(1, line, False, 500) == COSTS.far
    entries = (Variable.ENTRIES, "a")
    assert lines.access(0, entries, False, 0) == COSTS.far + COSTS.search


# --- the bound -------------------------------------------------------------------------------------------------------


def test_the_bound_of_a_chain_and_of_a_block_of_transfers_by_hand() -> None:
    """Writers hand on at their end; a gas takes a nanosecond. Of three increments each has 21,000 + 2,100 + 5,000 gas.

    The second and third begin at once, wait at their only read, and have 7,100 gas left behind it.
    """
    increment = ReadInto("c", "x", Write("c", Operation("+", Name("x"), Constant(1)), Stop()))
    bound = bound_of(metered_trees(Trees((increment,) * 3)), Costs(1000))
    assert (bound.work, bound.chain, bound.longest) == (3 * 28_100, 28_100 + 2 * 7_100, 28_100)
    assert bound.edges == ((0, 1), (1, 2))
    assert bound.of(1) == 3 * 28_100
    assert bound.of(2) == 42_300
    paid = bound_of(MeteredBlock(EvmMeter(transfers(3))), Costs(1000))
    assert (paid.work, paid.chain, paid.edges) == (63_000, 21_000, ())


def test_additions_wait_for_nobody_and_their_reader_for_all() -> None:
    adds = Add("f", 1, Stop())
    reads = ReadInto("f", "x", Write("g", Name("x"), Stop()))
    bound = bound_of(metered_trees(Trees((adds, adds, reads))), Costs(1000))
    assert bound.edges == ((0, 2), (1, 2))
    assert bound.chain == 26_000 + 7_100


# --- pictures --------------------------------------------------------------------------------------------------------


def drawn(name: str, size: int, workers: int) -> tuple[ElementTree.Element, SimulatedRun]:
    """A picture, read as XML."""
    profile = profile_of(WORKLOADS[name].block(size), COSTS)
    _, run = profile.measure(workers)
    return ElementTree.fromstring(picture_of(run, profile.bound, "a < b & c")), run


def of_kind(root: ElementTree.Element, tag: str, kind: str) -> list[ElementTree.Element]:
    """The elements of a tag whose class begins so."""
    return [at for at in root.iter(f"{{http://www.w3.org/2000/svg}}{tag}") if at.get("class", "").startswith(kind)]


def number(element: ElementTree.Element, name: str) -> float:
    """A coordinate."""
    return float(element.get(name, "nan"))


def test_a_picture_has_every_execution_in_its_row_and_no_label_beyond_its_bar() -> None:
    root, run = drawn("pools", 24, 12)
    bars = [bar for kind in Fate for bar in of_kind(root, "rect", kind.value) if number(bar, "height") > 20]
    executions = [span for span in spans_of(run) if span.doing is Doing.EXECUTING]
    assert len(bars) == len(executions) > 24
    for bar in bars:
        assert LEFT <= number(bar, "x") <= number(bar, "x") + number(bar, "width") <= WIDTH - RIGHT + 2
    by_row: dict[float, list[tuple[float, float]]] = {}
    for bar in bars:
        by_row.setdefault(number(bar, "y"), []).append((number(bar, "x"), number(bar, "x") + number(bar, "width")))
    assert len(by_row) == 12
    for row in by_row.values():
        ordered = sorted(row)
        assert all(before[1] <= after[0] + 0.1 for before, after in pairwise(ordered))
    labels = of_kind(root, "text", "in-bar")
    assert len(labels) > 24
    for label in labels:
        half = 7.8 * len(label.text or "") / 2
        left, right = number(label, "x") - half, number(label, "x") + half
        assert any(start <= left and right <= end for row in by_row.values() for start, end in row)


def test_a_picture_shows_what_was_in_vain_and_the_bound() -> None:
    root, run = drawn("counter", 12, 4)
    fates = [fate_of(span, aborted_versions(run)) for span in spans_of(run) if span.doing is Doing.EXECUTING]
    assert len(of_kind(root, "path", "again after-abort")) == fates.count(Fate.ABORTED)
    assert len(of_kind(root, "path", "again after-wait")) == fates.count(Fate.BLOCKED) > 0
    assert len(of_kind(root, "line", "ideal")) == 1
    assert root.get("aria-label") == "a < b & c"


@pytest.mark.rule("STM-incarnate", "STM-abort-once", "STM-next-incarnation")
@pytest.mark.parametrize(("name", "workers"), [("pools", 12), ("counter", 4)])
def test_states_of_transactions_are_entered_as_often_as_they_are_left(name: str, workers: int) -> None:
    """Every transaction begins READY and ends EXECUTED; the arrows between are counted from the steps."""
    _, run, block = measured(name, 24, workers)
    balance = dict.fromkeys(Phase, 0)
    for arrow, count in zip(ARROWS, taken(run), strict=True):
        assert count > 0
        balance[arrow.source] -= count
        balance[arrow.target] += count
    assert balance == {
        Phase.READY: -block.size, Phase.EXECUTING: 0, Phase.EXECUTED: block.size, Phase.ABORTING: 0,
    }  # fmt: skip
    drawing = ElementTree.fromstring(phases_drawn(run))
    counts = [label.text for label in of_kind(drawing, "text", "") if (label.text or "").endswith("×")]
    assert counts == [f"{count:,} ×" for count in taken(run)]


def test_spans_cover_the_steps_and_rests_are_none() -> None:
    _, run, _ = measured("clusters", 24, 4)
    spans = spans_of(run)
    for worker in range(4):
        own_spans = [span for span in spans if span.worker == worker]
        assert all(before.ends <= after.begins for before, after in pairwise(own_spans))
    moments: tuple[Moment, ...] = run.moments
    assert all(line_of(moment.before)[0] in Variable for moment in moments)
    assert sum(span.ends - span.begins for span in spans) >= sum(moment.ends - moment.begins for moment in moments)


# --- the command -----------------------------------------------------------------------------------------------------


def called(*arguments: str) -> Any:
    """The command, run in a group of its own."""
    group = typer.Typer()
    group.callback()(lambda: None)
    register(group)
    return CliRunner().invoke(group, ["profile", *arguments])


def test_the_command_shows_a_table_and_writes_a_picture(tmp_path: Path) -> None:
    file = tmp_path / "run.svg"
    result = called("clusters", "--txs", "16", "--workers", "1,4", "--svg", str(file))
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert max(len(line) for line in lines if str(file) not in line) <= 100
    assert "…" not in result.output
    assert lines[-1].startswith("stm profile clusters: ")
    assert lines[-1].endswith("all runs as serially")
    assert ElementTree.fromstring(file.read_text("utf-8")).tag.endswith("svg")


def test_the_command_refuses_what_it_does_not_know() -> None:
    for arguments in (("nothing",), ("counter", "--workers", "0"), ("counter", "--workers", "x")):
        result = called(*arguments)
        assert result.exit_code == 2, result.output


def test_the_command_takes_a_file_of_trees(tmp_path: Path) -> None:
    file = tmp_path / "trees.json"
    file.write_bytes(msgspec.json.encode(block_json(small_block("counter", 5))))
    result = called(str(file), "--workers", "2")
    assert result.exit_code == 0
    assert result.output.splitlines()[0].endswith("5 transactions, 4 dependencies")


@pytest.mark.official
def test_the_command_takes_an_official_test(fixtures_dir: Path, tmp_path: Path) -> None:
    packed = fixtures_dir / "evm" / "blockchain_prague.jsonl.xz"
    if not packed.is_file():
        pytest.skip(f"no {packed.name} among the official cases")
    cases = planned(packed, plan(packed, Selection(which=Which.SEVERAL, sample=6, seed=1)))
    file = tmp_path / "official.json"
    file.write_bytes(msgspec.json.encode({case.id: msgspec.Raw(case.raw) for case in cases}))
    result = called(str(file), "--workers", "1,3")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].endswith("all runs as serially")


def test_the_command_refuses_files_without_a_block(tmp_path: Path) -> None:
    file = tmp_path / "block.json"
    for text in ("", "[]", "{}", '{"before": {}, "programs": [1]}', '{"before": [], "programs": []}'):
        file.write_text(text, encoding="utf-8")
        result = called(str(file))
        assert result.exit_code == 2, (text, result.output)


# --- orderings -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("STM-validate-again")
def test_the_schedule_of_the_early_look_is_a_shortest_one_to_a_wrong_end() -> None:
    """A search from the beginning, over all interleavings; the unchanged algorithm ends as serially along it."""
    block, serial = LOOK_BEFORE_KILL.block, execute_serially(LOOK_BEFORE_KILL.block)
    first = initial(block, LOOK_BEFORE_KILL.workers)
    seen, queue = {first: 0}, deque([first])
    found = None
    while queue and found is None:
        at = queue.popleft()
        found = seen[at] if is_final(at) and outcome(block, at) != serial else None
        for worker in range(LOOK_BEFORE_KILL.workers):
            after = advance(block, at, worker, LOOK_BEFORE.transitions)
            if after is not None and after not in seen:
                seen[after] = seen[at] + 1
                queue.append(after)
    assert found == len(LOOK_BEFORE_KILL.turns)
    turns, transitions = LOOK_BEFORE_KILL.turns, LOOK_BEFORE.transitions
    assert outcome(block, witness.last(block, first, turns, transitions, Grain.FINE)) != serial
    ended = run_scheduled(block, LOOK_BEFORE_KILL.workers, turns)
    assert outcome(block, ended.configuration) == serial
