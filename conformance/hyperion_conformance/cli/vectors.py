"""``hyperion vectors``: fill, verify, list and compare the released cases."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from hyperion_conformance.cli import ADAPTER_BROKE, HOLDS, TARGET_WRONG, USAGE
from hyperion_conformance.vectors import clients, coverage, diff, fill, verify
from hyperion_conformance.vectors.load import read_folder, read_tombstones
from hyperion_conformance.vectors.manifest import Check, manifest_of, read_manifest
from hyperion_conformance.vectors.record import Case, VectorError, VectorFile, files_of
from hyperion_conformance.vectors.schema import NAMES, schema
from hyperion_conformance.workers import ClusterError, Workers

app: Final = typer.Typer(add_completion=False, no_args_is_help=True, help="The released cases: fill, verify, compare.")

RELEASED: Final = Path(__file__).resolve().parents[2] / "vectors"
SHOWN: Final = 20
CI_SAMPLE: Final = 0.1

Folder = Annotated[Path, typer.Argument(help="A folder of vectors.")]
Jobs = Annotated[int, typer.Option(min=1, help="Processes to compute with; the result does not depend on it.")]
Cluster = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler whose workers compute instead; same result.")
]


@contextmanager
def progress_bar(console: Console) -> Iterator[fill.Progress]:
    """A bar for each phase on a terminal; nothing but a line at the end of each phase elsewhere."""
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)
            if done == total and not console.is_terminal:
                console.print(f"{what} {total}", highlight=False)

        yield report


def fail(command: str, error: Exception, code: int) -> typer.Exit:
    """Say on one line what is wrong, and the exit with that code."""
    typer.echo(f"hyperion vectors {command}: {error}", err=True)
    return typer.Exit(code)


def check_with(
    names: Sequence[str], cases: Sequence[Case], jobs: int, progress: fill.Progress
) -> tuple[list[Check], list[fill.Disagreement]]:
    """The accounts of all clients, and where they disagree with the model."""
    checks: list[Check] = []
    disagreements: list[fill.Disagreement] = []
    for name in names:
        address = clients.client(name)

        def report(what: str, done: int, total: int, name: str = name) -> None:
            progress(f"{what} by {name}"[:40], done, total)

        answers = fill.ask_all(address, cases, jobs, report)
        disagreements.extend(answer.disagreement for answer in answers if answer.disagreement is not None)
        checks.append(fill.check_of(address, answers))
    return checks, disagreements


def refuse_removal(files: Sequence[VectorFile], out: Path, targets: Sequence[str]) -> None:
    """Refuse to lose cases that the folder has: an id that was released needs a tombstone."""
    if not out.is_dir() or targets:
        return
    kept = {case.id for file in files for case in file.cases} | {stone.id for stone in read_tombstones(out)}
    for file in read_folder(out):
        for case in file.cases:
            if case.id not in kept:
                raise VectorError(file.path, case.id, "$.id", "would vanish; bury it in tombstones.json first")


@app.command("fill")
def fill_command(
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random cases.")] = fill.DEFAULT_SEED,
    count: Annotated[int, typer.Option(min=0, help="Cases of each random group.")] = fill.DEFAULT_COUNT,
    target: Annotated[list[str] | None, typer.Option(help="Only this target (may be repeated).")] = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = RELEASED,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    check: Annotated[
        str, typer.Option(help="Independent clients, by name or command, with commas; empty for none.")
    ] = clients.DEFAULT,
) -> None:
    """Make all cases, put them to independent clients, and write them if none disagrees."""
    console = Console()
    targets = tuple(target or ())
    try:
        with progress_bar(console) as progress:
            cases = fill.fill(fill.all_drafts(seed, count, targets), Workers(jobs, cluster), progress)
            coverage.refuse_unknown(cases)
            files = files_of(cases)
            refuse_removal(files, out, targets)
            names = [name.strip() for name in check.split(",") if name.strip()]
            checks, disagreements = check_with(names, cases, jobs, progress)
    except VectorError as error:
        raise fail("fill", error, TARGET_WRONG) from None
    except (clients.UnknownClient, ClusterError) as error:
        raise fail("fill", error, USAGE) from None
    except fill.ClientBroke as error:
        raise fail("fill", error, ADAPTER_BROKE) from None
    if disagreements:
        for disagreement in disagreements[:SHOWN]:
            console.print(f"[red]disagreement[/] {escape(str(disagreement))}", highlight=False, soft_wrap=True)
        console.print(f"nothing written: {len(disagreements)} of {len(cases)} cases are in dispute", highlight=False)
        raise typer.Exit(TARGET_WRONG)
    manifest = manifest_of(files, seed, count, targets, checks)
    try:
        fill.write(out, files, manifest)
    except VectorError as error:
        raise fail("fill", error, TARGET_WRONG) from None
    for item in checks:
        console.print(
            f"{item.name} {item.version}: agrees on {item.agreed} cases, {item.traces} of them with the whole trace; "
            f"{len(item.skipped)} skipped",
            highlight=False,
        )
    for line in coverage.report(cases):
        console.print(line, highlight=False, soft_wrap=True)
    size = sum(entry.bytes for entry in manifest.files)
    console.print(f"filled {len(cases)} cases, {size / 1e6:.1f} MB, {manifest.root}", highlight=False, soft_wrap=True)


@app.command("verify")
def verify_command(
    folder: Folder = RELEASED,
    refill: Annotated[bool, typer.Option("--refill", help="Ask the model again, and compare byte for byte.")] = False,
    sample: Annotated[float, typer.Option(min=0, max=1, help="With --refill: this share of the cases only.")] = 1.0,
    jobs: Jobs = 1,
    cluster: Cluster = None,
) -> None:
    """Hold a folder against its manifest and schema, and, if asked, against the model."""
    console = Console()
    try:
        found = verify.verify(folder)
        if refill:
            with progress_bar(console) as progress:
                found = verify.refill(found, sample, Workers(jobs, cluster), progress)
    except VectorError as error:
        raise fail("verify", error, TARGET_WRONG) from None
    except ClusterError as error:
        raise fail("verify", error, USAGE) from None
    for problem in found.problems[:SHOWN]:
        console.print(f"[red]wrong[/] {escape(str(problem))}", highlight=False, soft_wrap=True)
    asked = f", {found.refilled} of them filled again" if refill else ""
    verdict = f"{len(found.problems)} problems" if found.problems else "as the manifest says"
    console.print(
        f"verified {found.cases} cases in {len(found.files)} files{asked}: {verdict}, {found.manifest.root}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    raise typer.Exit(TARGET_WRONG if found.problems else HOLDS)


@app.command("list")
def list_command(
    folder: Folder = RELEASED,
    target: Annotated[str, typer.Option(help="Only this target.")] = "*",
    rule: Annotated[str, typer.Option(help="Only cases of rules like this, such as 'VM-s*'.")] = "*",
    fork: Annotated[str, typer.Option(help="Only this fork.")] = "*",
    tier: Annotated[int | None, typer.Option(help="Only this tier.")] = None,
    uncovered: Annotated[bool, typer.Option("--uncovered", help="The rules that no case names, instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List cases: id, revision, fingerprint, fork and why."""
    try:
        cases = [case for file in read_folder(folder) for case in file.cases]
    except VectorError as error:
        raise fail("list", error, TARGET_WRONG) from None
    if uncovered:
        for id in coverage.without_vector(cases):
            typer.echo(id)
        return
    chosen = [
        case
        for case in cases
        if fnmatchcase(case.target, target)
        and any(fnmatchcase(name, rule) for name in case.rules)
        and fnmatchcase(case.fork, fork.upper())
        and tier in (None, case.tier)
    ]
    for case in chosen:
        if as_json:
            kept = ("id", "revision", "fingerprint", "rules", "level", "tier", "fork", "why")
            document = case.document()
            typer.echo(json.dumps({key: document[key] for key in kept}))
        else:
            typer.echo(f"{case.id}@{case.revision}  {case.fingerprint[:8]}  {case.fork}  {case.why}")
    if not as_json:
        typer.echo(f"{len(chosen)} of {len(cases)} cases")


@app.command("diff")
def diff_command(
    before: Annotated[Path, typer.Argument(help="A folder of vectors.")] = RELEASED,
    after: Annotated[Path | None, typer.Argument(help="Another one; without it, what the model says now.")] = None,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show which cases were added, removed and changed, and where they differ first."""
    console = Console(stderr=as_json)
    try:
        old = [case for file in read_folder(before) for case in file.cases]
        if after is not None:
            new = [case for file in read_folder(after) for case in file.cases]
        else:
            manifest = read_manifest(before)
            with progress_bar(console) as progress:
                drafts = fill.all_drafts(manifest.seed, manifest.count, manifest.targets)
                new = list(fill.fill(drafts, Workers(jobs, cluster), progress))
    except (VectorError, ClusterError) as error:
        raise fail("diff", error, USAGE) from None
    changes = list(diff.compare_cases(old, new))
    for change in changes:
        typer.echo(json.dumps(change.document()) if as_json else str(change))
    if not as_json:
        kinds = [sum(change.kind == kind for change in changes) for kind in ("added", "removed", "changed")]
        typer.echo(f"{kinds[0]} added, {kinds[1]} removed, {kinds[2]} changed; {len(old)} -> {len(new)} cases")
    raise typer.Exit(TARGET_WRONG if changes else HOLDS)


@app.command("schema")
def schema_command(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}.")] = NAMES[0],
) -> None:
    """Print the JSON Schema of vector files, manifests or tombstones."""
    if name not in NAMES:
        raise fail("schema", ValueError(f"{name} is not one of {', '.join(NAMES)}"), USAGE)
    typer.echo(json.dumps(schema(name), indent=1))
