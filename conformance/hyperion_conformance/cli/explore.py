"""``hyperion explore``: every state that a model can reach, or as many as one has patience for."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Final

import attrs
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hyperion.parallel.worker import Grain
from hyperion_conformance.cli import HOLDS, INCONCLUSIVE, TARGET_WRONG, USAGE, explore_bft
from hyperion_conformance.exploration import checkpoint, liveness, witness
from hyperion_conformance.exploration.hunts import Hunt, Kill, hunts
from hyperion_conformance.exploration.mutants import VARIANTS
from hyperion_conformance.exploration.published import COMPARISON
from hyperion_conformance.exploration.search import Search, begin, explore
from hyperion_conformance.exploration.stm import StmPlan, StmSystem
from hyperion_conformance.exploration.workloads import WORKLOADS
from hyperion_conformance.workers import ClusterError, Workers

app = typer.Typer(help="Explore every interleaving of a model.", no_args_is_help=True, add_completion=False)
app.command("bft")(explore_bft.command)
app.command("bft-stable")(explore_bft.stable_command)
app.command("bft-node")(explore_bft.node_command)

PLAIN_EVERY: Final = 10.0
"""Seconds between two lines of progress where there is no terminal."""
WIDTH: Final = 100
"""Columns of a file or a pipe."""
KEEP_EVERY: Final = 60.0
"""Seconds between two checkpoints."""

@attrs.define
class Watcher:
    """Looks at a search now and then: shows it, keeps it, and stops it."""

    console: Console
    limit: int
    keep: Path | None
    interrupted: bool = False
    shown: float = attrs.field(factory=time.monotonic)
    kept: float = attrs.field(factory=time.monotonic)

    def __call__(self, search: Search[int]) -> bool:
        """Whether the search is to go on."""
        now = time.monotonic()
        if now - self.shown >= (0.5 if self.console.is_terminal else PLAIN_EVERY):
            self.shown = now
            ends = {"end": "\r"} if self.console.is_terminal else {}
            self.console.print(f"{sizes(search)} so far", highlight=False, **ends)  # type: ignore[arg-type]
        if self.keep is not None and now - self.kept >= KEEP_EVERY:
            self.kept = now
            checkpoint.save(search, self.keep)
        return not self.interrupted and len(search.states) < self.limit


def console_of() -> Console:
    """The console, a hundred columns wide where there is no terminal that says otherwise."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def sizes(search: Search[int]) -> str:
    """The size of a search in a few words."""
    found = search.statistics()
    reached = f"{found.states:,} states, {found.transitions:,} transitions, depth {found.depth}"
    return f"{reached}, {found.rate:,.0f} states/s"


@contextmanager
def interruptible(watcher: Watcher) -> Iterator[None]:
    """The first interrupt ends the search in good order, a second one at once."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        if watcher.interrupted:
            raise KeyboardInterrupt
        watcher.interrupted = True

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def command_line(plan: StmPlan) -> str:
    """The command that explores this plan."""
    variant = "" if plan.variant == "corrected" else f" --mutant {plan.variant}"
    plain = ("" if plan.symmetric else " --no-symmetry") + ("" if plan.invariants else " --no-invariants")
    return (
        f"hyperion explore stm --txs {plan.transactions} --workers {plan.workers} --grain {plan.grain} "
        f"--workload {plan.workload}{variant}{plain}"
    )


def figures(plan: StmPlan, search: Search[int]) -> tuple[str, ...]:
    """A row of the table of searches."""
    found = search.statistics()
    verdict = "fault" if search.fault else "holds" if search.is_complete else "cut"
    colour = {"fault": "red", "holds": "green", "cut": "yellow"}[verdict]
    return (
        plan.workload,
        f"{found.states:,}",
        f"{found.transitions:,}",
        f"{found.depth:,}",
        f"{found.finals:,}",
        f"{found.seconds:,.1f}",
        f"{found.rate:,.0f}",
        f"[{colour}]{verdict}[/]",
    )


def table_of(rows: Sequence[tuple[str, ...]], names: Sequence[str], left: int = 1) -> Table:
    """A plain table; the first ``left`` columns are text."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for place, name in enumerate(names):
        table.add_column(name, justify="left" if place < left else "right", no_wrap=place >= left)
    for row in rows:
        table.add_row(*row)
    return table


def show_fault(console: Console, plan: StmPlan, system: StmSystem, what: str, schedule: Sequence[int]) -> None:
    """A counterexample: what is wrong, and the shortest schedule that leads there, told step by step."""
    console.print(f"[red]{escape(what)}[/]", highlight=False)
    console.print(f"shortest schedule, {len(schedule)} steps:", highlight=False)
    for worker, story in witness.told(system.block, system.first, schedule, system.transitions, system.grain):
        console.print(f"  [bold]worker {worker}[/]  {escape(story)}", highlight=False)
    console.print(
        f"replay: {command_line(plan)} --replay {witness.written(schedule)}", soft_wrap=True, highlight=False
    )


def check_liveness(console: Console, plan: StmPlan, search: Search[int]) -> bool:
    """Whether the end is reached: from everywhere, and, where actors keep their names, by every fair run."""
    system = system_of(search)
    lost = liveness.stranded(search)
    if lost:
        what = f"no end can be reached from {len(lost):,} states"
        show_fault(console, plan, system, what, system.schedule(search.path(lost[0])))
        return False
    console.print(f"  {plan.workload}: an end can be reached from every state", highlight=False)
    if not plan.symmetric:
        fair = liveness.fair_parts(search, plan.workers)
        if fair:
            what = f"{len(fair)} parts of the graph in which a fair run can stay for ever"
            show_fault(console, plan, system, what, system.schedule(search.path(fair[0])))
            return False
        console.print(f"  {plan.workload}: no fair run goes round for ever", highlight=False)
    return True


def system_of(search: Search[int]) -> StmSystem:
    """The system of a search of Block-STM."""
    if not isinstance(search.system, StmSystem):
        raise TypeError(f"{search.plan} is no plan of Block-STM")
    return search.system


def replay(console: Console, plan: StmPlan, text: str) -> int:
    """Tell a schedule, and what is wrong behind it. Gives the exit code."""
    try:
        schedule = witness.read(text)
    except ValueError:
        typer.echo(f"hyperion explore stm: --replay {text!r} is no schedule like 0x12,1x3", err=True)
        return USAGE
    if max(schedule) >= plan.workers:
        typer.echo(f"hyperion explore stm: --replay names worker {max(schedule)} of {plan.workers}", err=True)
        return USAGE
    system = plan.build()
    for worker, story in witness.told(system.block, system.first, schedule, system.transitions, system.grain):
        console.print(f"  [bold]worker {worker}[/]  {escape(story)}", highlight=False)
    at = witness.last(system.block, system.first, schedule, system.transitions, system.grain)
    what = system.fault_of(at)
    console.print(f"explore stm: behind {len(schedule)} steps: {what or 'nothing is wrong'}", highlight=False)
    return TARGET_WRONG if what else HOLDS


def kill_row(hunt: Hunt) -> tuple[str, ...]:
    """A row of the table of variants."""
    variant = VARIANTS[hunt.variant]
    verdict = "sound" if variant.sound else "killed"
    shown = f"[green]{verdict}[/]" if hunt.as_expected else "[red]unexpected[/]"

    def found(kill: Kill | None, by_name: bool) -> tuple[str, str]:
        if kill is None:
            return "–", "–"
        what = kill.what.partition(" ")[0] if by_name else ("trap" if "reached" in kill.what else "end")
        return f"{what} {kill.where}", f"{kill.states:,}/{len(kill.schedule)}"

    return hunt.variant, shown, *found(hunt.by_invariant, True), *found(hunt.by_end, False)


def show_variants(console: Console, largest: int, workers: Workers) -> int:
    """Hunt all variants and show what found them. Gives the exit code."""
    rows = []
    failed = []
    for found in hunts(largest, workers):
        rows.append(kill_row(found))
        failed += [] if found.as_expected else [found.variant]
        console.print(f"  {len(rows)} of {len(VARIANTS)}: {found.variant}", highlight=False)
    names = ("variant", "verdict", "n×t, invariant", "states/steps", "n×t, end", "states/steps")
    console.print(table_of(rows, names, 3))
    unsound = sum(variant.sound is None for variant in VARIANTS.values())
    unexpected = f"; unexpected: {', '.join(failed)}" if failed else ""
    console.print(
        f"explore stm: {unsound} unsound variants, {len(VARIANTS) - unsound} sound, "
        f"{len(rows) - len(failed)} as expected{unexpected}",
        highlight=False,
    )
    return TARGET_WRONG if failed else HOLDS


@app.command()
def stm(
    txs: Annotated[int, typer.Option(min=1, max=6, help="Transactions of the block.")] = 3,
    workers: Annotated[int, typer.Option(min=1, max=4, help="Workers.")] = 2,
    grain: Annotated[Grain, typer.Option(help="One access a step, or the memory of a task at once.")] = Grain.FINE,
    workload: Annotated[
        str, typer.Option(metavar="NAME", help=f"What the transactions do: all, {', '.join(WORKLOADS)}.")
    ] = "all",
    mutant: Annotated[str, typer.Option(metavar="NAME", help="A variant of the algorithm.")] = "corrected",
    mutants: Annotated[bool, typer.Option("--mutants", help="Hunt all variants, up to --txs transactions.")] = False,
    symmetry: Annotated[bool, typer.Option(help="Take workers as interchangeable.")] = True,
    invariants: Annotated[bool, typer.Option(help="Check every state, not ends alone.")] = True,
    live: Annotated[
        bool, typer.Option("--liveness", help="Check that the end is reached; with --no-symmetry, by all fair runs.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Stop behind so many states.")] = 20_000_000,
    keep: Annotated[
        Path | None, typer.Option("--checkpoint", metavar="FILE", help="Keep the search here; go on if it is there.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler instead.")] = None,
    schedule: Annotated[
        str | None, typer.Option("--replay", metavar="SCHEDULE", help="Tell this schedule, like 0x12,1x3.")
    ] = None,
) -> None:
    """Explore Block-STM: invariants in every state, and the serial result at every end.

    Ends with 0 if all holds, 1 if a fault was found (with a shortest schedule), 2 for wrong usage, 4 if it was cut.
    """
    console = console_of()
    hands = Workers(jobs, cluster)
    if mutant not in VARIANTS:
        typer.echo(f"hyperion explore stm: no variant {mutant!r}; there are {', '.join(VARIANTS)}", err=True)
        raise typer.Exit(USAGE)
    if workload not in ("all", *WORKLOADS):
        typer.echo(f"hyperion explore stm: no workload {workload!r}; there are {', '.join(WORKLOADS)}", err=True)
        raise typer.Exit(USAGE)
    if mutants:
        raise typer.Exit(show_variants(console, txs, hands))
    names = list(WORKLOADS) if workload == "all" else [workload]
    plans = [StmPlan(txs, workers, name, grain.value, mutant, symmetry, invariants) for name in names]
    if len(plans) > 1 and (keep is not None or schedule is not None):
        typer.echo("hyperion explore stm: --checkpoint and --replay need one --workload", err=True)
        raise typer.Exit(USAGE)
    if schedule is not None:
        raise typer.Exit(replay(console, plans[0], schedule))
    try:
        raise typer.Exit(run_all(console, plans, hands, Watcher(console, limit, keep), live))
    except (ClusterError, checkpoint.CheckpointError) as error:
        typer.echo(f"hyperion explore stm: {error}", err=True)
        raise typer.Exit(USAGE) from None


def run_all(console: Console, plans: Sequence[StmPlan], hands: Workers, watcher: Watcher, live: bool) -> int:
    """Explore some plans, and show them in one table. Gives the exit code."""
    rows = []
    worst = HOLDS
    states = 0
    for plan in plans:
        search = resumed(plan, watcher.keep)
        with interruptible(watcher):
            explore(search, hands, watcher)
        rows.append(figures(plan, search))
        states += len(search.states)
        if search.fault is not None:
            system = system_of(search)
            show_fault(console, plan, system, search.fault.what, system.schedule(search.fault.actors))
            worst = TARGET_WRONG
        elif not search.is_complete:
            worst = worst or INCONCLUSIVE
            if watcher.keep is not None:
                checkpoint.save(search, watcher.keep)
        elif live and not check_liveness(console, plan, search):
            worst = TARGET_WRONG
        if watcher.interrupted:
            break
    names = ("workload", "states", "transitions", "depth", "ends", "CPU s", "states/s", "verdict")
    console.print(table_of(rows, names))
    verdict = {HOLDS: "all holds", TARGET_WRONG: "a fault was found", INCONCLUSIVE: "cut before the end"}[worst]
    first = plans[0]
    console.print(
        f"explore stm: n={first.transactions} t={first.workers} {first.grain} {first.variant}: "
        f"{states:,} states of {len(rows)} workloads, {verdict}",
        highlight=False,
    )
    return worst


def resumed(plan: StmPlan, keep: Path | None) -> Search[int]:
    """The search of a checkpoint, where there is one, or a new one."""
    return checkpoint.load(plan, keep) if keep is not None and keep.exists() else begin(plan)


@app.command()
def compared() -> None:
    """Show what is modelled here and in the published TLA+ model of Block-STM."""
    rows = [(aspect.name, aspect.here, aspect.published) for aspect in COMPARISON]
    console_of().print(table_of(rows, ("aspect", "here", "yihuang/blockstm-spec"), 3))
