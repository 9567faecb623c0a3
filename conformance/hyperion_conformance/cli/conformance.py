"""`hyperion conformance`: hold an implementation against the released vectors, from its first handshake to a report."""

from __future__ import annotations

import datetime
import json
import os
import secrets
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import attrs
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hyperion_conformance.cli import ADAPTER_BROKE, HOLDS, INCONCLUSIVE, TARGET_WRONG, USAGE
from hyperion_conformance.harness import Address, Deadlines, calibrate, parse_address
from hyperion_conformance.harness.address import BadAddress
from hyperion_conformance.harness.channel import CannotStart
from hyperion_conformance.harness.skeleton import LANGUAGES, write_skeleton
from hyperion_conformance.protocol.messages import Hello
from hyperion_conformance.report.junit import junit
from hyperion_conformance.report.page import page
from hyperion_conformance.report.summary import conclusion
from hyperion_conformance.report.terminal import failure_lines, show_runs
from hyperion_conformance.runner import faults, wiring
from hyperion_conformance.runner.baseline import BadBaseline, apply_baseline, read_baseline, write_baseline
from hyperion_conformance.runner.bisect import Model
from hyperion_conformance.runner.campaign import AdapterBroke, Campaign, Settings, handshake
from hyperion_conformance.runner.cases import BadVectors, Case, Selection, find_case, read_vectors, suite_root
from hyperion_conformance.runner.doctor import examine
from hyperion_conformance.runner.quickstart import NotVerified, from_here, prepared, verified
from hyperion_conformance.runner.results import (
    BadResults,
    CaseResult,
    Run,
    case_line,
    exit_code,
    header_line,
    read_results,
    write_results,
)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Run an implementation against the released vectors. Exit codes: 0 holds, 1 the target is wrong, 2 usage, "
    "3 the adapter broke, 4 inconclusive.",
)
# A log file has no width: a table that is cut to eighty columns there is lost.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 240)
err = Console(stderr=True, highlight=False, soft_wrap=True)

AdapterWords = Annotated[
    list[str] | None, typer.Argument(metavar="-- COMMAND...", help="The adapter's command, or tcp:HOST:PORT.")
]
Vectors = Annotated[Path | None, typer.Option(help="Vector file or folder; default: the released ones.")]
Deadline = Annotated[float, typer.Option(min=0.05, help="Seconds for one answer, before calibration.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output instead of text.")]
Validate = Annotated[bool, typer.Option("--validate", help="Also check every message against the JSON Schema.")]


def _usage(message: object) -> NoReturn:
    err.print(f"[bold red]{escape(str(message))}[/]")
    raise typer.Exit(USAGE)


def _address(words: Sequence[str] | None) -> Address:
    try:
        return parse_address(words or ())
    except BadAddress as error:
        _usage(error)


def _cases(vectors: Path | None) -> tuple[Case, ...]:
    folder = vectors or wiring.released_vectors()
    if folder is None:
        _usage("this installation has no released vectors: name some with --vectors")
    try:
        return read_vectors(folder)
    except BadVectors as error:
        _usage(error)


def _settings(deadline: float, jobs: int = 1, once: bool = False, validate: bool = False) -> Settings:
    return Settings(jobs, calibrate(Deadlines(base=deadline)), twice=not once, validate=validate)


# --- run ------------------------------------------------------------------------------------------------------------


@app.command()
def run(
    adapter: AdapterWords = None,
    vectors: Vectors = None,
    id: Annotated[list[str] | None, typer.Option(help="Only ids that match this glob; may be repeated.")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Only cases of rules that match this glob.")] = None,
    target: Annotated[list[str] | None, typer.Option(help="Only this target, such as vm.run.")] = None,
    fork: Annotated[list[str] | None, typer.Option(help="Only this fork, such as OSAKA.")] = None,
    level: Annotated[list[str] | None, typer.Option(help="Only this level: MUST, SHOULD, MAY.")] = None,
    tier: Annotated[int | None, typer.Option(help="Only tiers up to this one.")] = None,
    shard: Annotated[str | None, typer.Option(metavar="I/N", help="Part I of N, by hash of the id.")] = None,
    blind: Annotated[int | None, typer.Option(metavar="SEED", help="Ask in an order shuffled by this seed.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Adapter processes at a time; verdicts do not depend on it.")] = 1,
    deadline: Deadline = 10.0,
    once: Annotated[bool, typer.Option("--once", help="Ask each case once only: nondeterminism stays unseen.")] = False,
    validate: Validate = False,
    baseline: Annotated[Path | None, typer.Option(help="Known failures (TOML).")] = None,
    name: Annotated[str | None, typer.Option(help="Column in reports; default: the adapter's own name.")] = None,
    output: Annotated[Path, typer.Option(help="Folder for results.jsonl, junit.xml, report.html.")] = Path(
        "build/conformance"
    ),
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep what results.jsonl of an interrupted run holds.")
    ] = False,
    rules: Annotated[bool, typer.Option("--rules", help="Also print the table by rule.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the vectors against one adapter."""
    address, cases, settings = _address(adapter), _cases(vectors), _settings(deadline, jobs, once, validate)
    selection = Selection(
        tuple(id or ()),
        tuple(rule or ()),
        tuple(target or ()),
        tuple(fork or ()),
        tuple(level or ()),
        tier,
        _shard(shard),
        blind,
    )
    chosen = selection.of(cases)
    if not chosen:
        _usage("no case is selected")
    try:
        known = read_baseline(baseline) if baseline else ()
    except BadBaseline as error:
        _usage(error)
    finished = _campaign(address, chosen, settings, output, name, resume, _options(vectors))
    if known:
        finished = apply_baseline(finished, known, _today(), len(chosen) == len(cases))
    _write(output, [finished])
    _finish([finished], output, as_json, rules)


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    part, _, count = text.partition("/")
    if not (part.isdecimal() and count.isdecimal() and 1 <= int(part) <= int(count)):
        _usage(f"--shard takes I/N with 1 <= I <= N, not {text}")
    return int(part), int(count)


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def _options(vectors: Path | None) -> str:
    """What a replay has to be told, too, to find the same case."""
    return "" if vectors is None else f"--vectors {shlex.quote(str(vectors))}"


def _command() -> str:
    """How this command can be called again from here: by its name, or by where it is if that is on no path."""
    called = Path(sys.argv[0])
    found = shutil.which("hyperion")
    if called.name != "hyperion" or (found and Path(found).resolve() == called.resolve()):
        return "hyperion"
    return shlex.quote(from_here(str(called)))


def _campaign(
    address: Address,
    cases: Sequence[Case],
    settings: Settings,
    output: Path,
    name: str | None,
    resume: bool = False,
    options: str = "",
) -> Run:
    """One run with progress, written to `results.jsonl` as it goes, so that an interrupt loses unfinished lanes."""
    try:
        hello = handshake(address, settings)
    except (AdapterBroke, CannotStart) as error:
        log = error.broken.log if isinstance(error, AdapterBroke) else ""
        return Run(name or str(address), str(address), {}, suite_root(cases), (), broken=str(error), log=log)
    who = {key: value for key, value in attrs.asdict(hello.implementation).items() if value is not None}
    begun = Run(
        name or hello.implementation.name,
        str(address),
        who,
        suite_root(cases),
        (),
        options=options,
        command=_command(),
    )
    output.mkdir(parents=True, exist_ok=True)
    file = output / "results.jsonl"
    kept = _kept(file, begun, cases) if resume else {}
    campaign = Campaign(address, hello, settings)
    with file.open("w", encoding="utf-8") as stream:
        stream.write(header_line(begun) + "".join(case_line(begun.name, result) for result in kept.values()))
        stream.flush()
        done = list(kept.values())

        def keep(results: Sequence[CaseResult]) -> None:
            done.extend(results)
            stream.write("".join(case_line(begun.name, result) for result in results))
            stream.flush()

        missing = [case for case in cases if case.id not in kept]
        try:
            with _progress(begun.name, campaign.questions(missing)) as tick:
                campaign.run(missing, keep, tick)
        except KeyboardInterrupt:
            err.print(f"interrupted: {len(done)} of {len(cases)} cases are in {file}; go on with --resume")
            return attrs.evolve(begun, results=_ordered(done), complete=False)
    explained = campaign.explain(done, cases, _model_for(hello), wiring.opcode_name, wiring.rule_place)
    return attrs.evolve(begun, results=_ordered(explained))


def _ordered(results: Sequence[CaseResult]) -> tuple[CaseResult, ...]:
    return tuple(sorted(results, key=lambda result: result.id))


def _model_for(hello: Hello) -> Model | None:
    return wiring.model() if "trace" in hello.features else None


def _kept(file: Path, begun: Run, cases: Sequence[Case]) -> dict[str, CaseResult]:
    """Results of an interrupted run of the same suite and adapter; of any other run nothing is kept."""
    if not file.exists():
        return {}
    try:
        runs = [run for run in read_results(file) if (run.name, run.address, run.root) == _same(begun)]
    except BadResults as error:
        _usage(error)
    prints = {case.id: case.fingerprint for case in cases}
    return {r.id: r for run in runs for r in run.results if prints.get(r.id) == r.fingerprint}


def _same(run: Run) -> tuple[str, str, str]:
    return run.name, run.address, run.root


@contextmanager
def _progress(name: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar of questions on a terminal; elsewhere a line at each quarter: a log shows life without filling up."""
    if err.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
        )
        with Progress(*columns, console=err, transient=True) as bar:
            task = bar.add_task(escape(name), total=total)
            yield lambda: bar.advance(task)
        return
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if total >= 200 and done * 4 // total != (done - 1) * 4 // total:
            err.print(f"        {escape(name)}: {done} of {total} questions")

    yield tick


def _write(output: Path, runs: Sequence[Run]) -> None:
    output.mkdir(parents=True, exist_ok=True)
    write_results(output / "results.jsonl", runs)
    (output / "junit.xml").write_text(junit(runs), "utf-8")
    (output / "report.html").write_text(page(runs, date=_today().isoformat()), "utf-8")


def _finish(runs: Sequence[Run], output: Path, as_json: bool, rules: bool = False) -> NoReturn:
    code = overall(runs)
    if as_json:
        _print_json(
            {
                "exit": code,
                "output": str(output),
                "runs": [
                    {
                        "name": run.name,
                        "implementation": dict(run.implementation),
                        "root": run.root,
                        "exit": exit_code(run),
                        "complete": run.complete,
                        "counts": dict(run.counts),
                        "broken": run.broken,
                        "problems": list(run.problems),
                        "failing": [
                            {
                                "id": r.id,
                                "fingerprint": r.fingerprint,
                                "verdict": r.verdict,
                                "signature": r.signature,
                                "baseline": r.baseline,
                            }
                            for r in run.results
                            if not r.good
                        ],
                    }
                    for run in runs
                ],
            }
        )
    else:
        show_runs(out, runs, rules)
        out.print()
        out.print(
            f"report   {output / 'report.html'}\nresults  {output / 'results.jsonl'}\njunit    {output / 'junit.xml'}"
        )
    raise typer.Exit(code)


def overall(runs: Sequence[Run]) -> int:
    """The exit code over several runs: a wrong target outweighs a broken adapter, that an inconclusive run."""
    codes = {exit_code(run) for run in runs}
    return next((code for code in (TARGET_WRONG, ADAPTER_BROKE, INCONCLUSIVE) if code in codes), HOLDS)


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=1, default=dict) + "\n")


# --- one case -------------------------------------------------------------------------------------------------------


@app.command()
def replay(
    case: Annotated[str, typer.Argument(metavar="CASE", help="Id, id@revision, or a prefix of its fingerprint.")],
    adapter: AdapterWords = None,
    vectors: Vectors = None,
    deadline: Deadline = 10.0,
    validate: Validate = False,
    as_json: AsJson = False,
) -> None:
    """Run one case alone in a fresh process, and show where it goes wrong."""
    _one(case, adapter, vectors, deadline, validate, as_json)


@app.command()
def bisect(
    case: Annotated[str, typer.Argument(metavar="CASE", help="Id, id@revision, or a prefix of its fingerprint.")],
    adapter: AdapterWords = None,
    vectors: Vectors = None,
    deadline: Deadline = 10.0,
    as_json: AsJson = False,
) -> None:
    """Find the first step at which the adapter's execution leaves the specification, even if the outcome agrees."""
    _one(case, adapter, vectors, deadline, False, as_json, always_bisect=True)


def _one(
    wanted: str,
    words: Sequence[str] | None,
    vectors: Path | None,
    deadline: float,
    validate: bool,
    as_json: bool,
    always_bisect: bool = False,
) -> NoReturn:
    address, settings = _address(words), _settings(deadline, validate=validate)
    try:
        case = find_case(_cases(vectors), wanted)
    except BadVectors as error:
        _usage(error)
    try:
        hello = handshake(address, settings)
        campaign = Campaign(address, hello, settings)
        _, result = campaign.alone(case)
        if not hello.claims(case.target, case.fork):
            err.print(f"note: {case.target} at {case.fork} is not in the adapter's hello")
        told = campaign.explain([result], [case], _model_for(hello), wiring.opcode_name, wiring.rule_place)[0]
        if always_bisect and told.divergence is None:
            told = campaign.bisected(told, case, _model_for(hello), wiring.opcode_name)
    except (AdapterBroke, CannotStart) as error:
        err.print(f"[bold magenta]{escape(str(error))}[/]")
        raise typer.Exit(ADAPTER_BROKE) from None
    run = Run(
        hello.implementation.name, str(address), {}, "", (told,), options=_options(vectors), command=_command()
    )
    if as_json:
        _print_json(json.loads(case_line(run.name, told)))
    elif told.good and told.divergence is None:
        out.print(f"[bold blue]{told.verdict.upper()}[/] {case.id}@{case.revision} {escape(told.detail)}")
    else:
        for line in failure_lines(run, told):
            out.print(line)
    raise typer.Exit(exit_code(run) if told.verdict not in ("skip", "not-claimed") else INCONCLUSIVE)


# --- doctor ---------------------------------------------------------------------------------------------------------


@app.command()
def doctor(
    adapter: AdapterWords = None,
    vectors: Vectors = None,
    deadline: Deadline = 5.0,
    seed: Annotated[int | None, typer.Option(help="Seed of the random probes; default: a new one, printed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Examine an adapter's manners before any verdict: framing, numbers, purity, memory, traces."""
    address = _address(adapter)
    folder = vectors or wiring.released_vectors()
    cases: tuple[Case, ...] = ()
    if folder is not None:
        try:
            cases = read_vectors(folder)
        except BadVectors as error:
            if vectors is not None:
                _usage(error)
    chosen = secrets.randbits(32) if seed is None else seed
    findings = []
    signs = {"ok": "[blue]✓[/]", "warning": "[yellow]▲[/]", "failed": "[bold red]✗[/]", "not applicable": "[dim]·[/]"}
    for finding in examine(address, calibrate(Deadlines(base=deadline)), chosen, cases):
        findings.append(finding)
        if not as_json:
            out.print(f"{signs[finding.status]} {finding.check:<20} {escape(finding.detail)}")
            if finding.hint and finding.status != "ok":
                out.print(f"  {'':<20} [italic]{escape(finding.hint)}[/]")
    failed = [finding for finding in findings if finding.status == "failed"]
    declined = any(finding.check == "fresh answers" and finding.status != "ok" for finding in findings)
    good = INCONCLUSIVE if declined else HOLDS
    code = TARGET_WRONG if any(finding.wrong for finding in failed) else (ADAPTER_BROKE if failed else good)
    if as_json:
        _print_json({"exit": code, "seed": chosen, "findings": [attrs.asdict(finding) for finding in findings]})
    else:
        verdict = "nothing was computed: the adapter declines every probe" if declined else "fit for a run"
        verdict = f"{len(failed)} of {len(findings)} checks failed" if failed else verdict
        out.print(f"\n{verdict} (seed {chosen})")
    raise typer.Exit(code)


# --- reports and baseline -------------------------------------------------------------------------------------------


@app.command()
def report(
    results: Annotated[list[Path], typer.Argument(help="results.jsonl of one or several runs or shards.")],
    output: Annotated[Path, typer.Option(help="Folder for the merged report.")] = Path("build/conformance"),
    rules: Annotated[bool, typer.Option("--rules", help="Also print the table by rule.")] = False,
    as_json: AsJson = False,
) -> None:
    """Merge results of several implementations or shards into one report."""
    try:
        runs = merge([run for file in results for run in read_results(file)])
    except (BadResults, OSError) as error:
        _usage(error)
    _write(output, runs)
    _finish(runs, output, as_json, rules)


def merge(runs: Sequence[Run]) -> list[Run]:
    """Runs of one name become one: shards of a suite add up; a case that ran twice counts as the later says."""
    merged: dict[str, Run] = {}
    for run in runs:
        before = merged.get(run.name)
        if before is None:
            merged[run.name] = run
            continue
        results = {result.id: result for result in (*before.results, *run.results)}
        merged[run.name] = attrs.evolve(
            run,
            results=_ordered(list(results.values())),
            complete=before.complete and run.complete,
            root=run.root if run.root == before.root else suite_root_of(list(results.values())),
            problems=(*before.problems, *run.problems),
            broken=before.broken or run.broken,
            log=before.log or run.log,
        )
    return list(merged.values())


def suite_root_of(results: Sequence[CaseResult]) -> str:
    """The root over the cases that have results: shards that are complete together have the root of the whole."""
    return suite_root(results)


baseline_app = typer.Typer(no_args_is_help=True, help="Known failures, in a file that cannot rot.")
app.add_typer(baseline_app, name="baseline")


@baseline_app.command("write")
def baseline_write(
    results: Annotated[Path, typer.Argument(help="results.jsonl of a complete run.")],
    baseline: Annotated[Path, typer.Argument(help="The file to write; issues and dates in it are kept.")],
    name: Annotated[str | None, typer.Option(help="Which run, if the file holds several.")] = None,
) -> None:
    """List exactly the failures of a run. Refused for an incomplete run: it would drop what was not asked."""
    run = _one_run(results, name)
    if not run.complete or run.broken:
        _usage("the run is not complete: finish it with --resume first")
    try:
        known = read_baseline(baseline) if baseline.exists() else ()
    except BadBaseline as error:
        _usage(error)
    baseline.write_text(write_baseline(run.results, known), "utf-8")
    out.print(f"{sum(not result.good for result in run.results)} known failures in {baseline}")


@baseline_app.command("check")
def baseline_check(
    results: Annotated[Path, typer.Argument(help="results.jsonl of a run.")],
    baseline: Annotated[Path, typer.Argument(help="The list of known failures.")],
    name: Annotated[str | None, typer.Option(help="Which run, if the file holds several.")] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="The run was a selection: entries for others stay.")
    ] = False,
) -> None:
    """Hold finished results against a baseline: unlisted failures, unexpected passes and stale entries fail."""
    try:
        run = apply_baseline(_one_run(results, name), read_baseline(baseline), _today(), not partial)
    except BadBaseline as error:
        _usage(error)
    show_runs(out, [run])
    raise typer.Exit(exit_code(run))


def _one_run(results: Path, name: str | None) -> Run:
    try:
        runs = [run for run in merge(read_results(results)) if name in (None, run.name)]
    except (BadResults, OSError) as error:
        _usage(error)
    if len(runs) != 1:
        _usage(f"{results} holds {len(runs)} such runs: choose one with --name")
    return attrs.evolve(runs[0], results=tuple(attrs.evolve(result, baseline="") for result in runs[0].results))


# --- first steps ----------------------------------------------------------------------------------------------------


@app.command()
def init(
    language: Annotated[str, typer.Argument(help=f"One of {', '.join(LANGUAGES)}.")],
    folder: Annotated[Path, typer.Argument(help="Where to write; nothing is overwritten.")] = Path("adapter"),
) -> None:
    """Write the skeleton of an adapter, ready for the doctor."""
    try:
        files, command = write_skeleton(language, folder)
    except (KeyError, FileExistsError) as error:
        _usage(f"no skeleton for {language}" if isinstance(error, KeyError) else error)
    for file in files:
        out.print(f"wrote {file}")
    out.print(f"fill in `run`, then: hyperion conformance doctor -- {command}")


@app.command()
def quickstart(
    adapters: Annotated[
        list[str] | None,
        typer.Argument(help="Foreign clients; default: those in Python, and the others whose toolchain is present."),
    ] = None,
    vectors: Vectors = None,
    output: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("build/conformance"),
    jobs: Annotated[int, typer.Option(min=1, help="Adapter processes at a time.")] = max(2, os.cpu_count() or 2),
    deadline: Deadline = 20.0,
    once: Annotated[bool, typer.Option("--once", help="Ask each case once only: nondeterminism stays unseen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Verify the released vectors, set up foreign EVMs, run all of them, and write one report.

    Failures that the list of known faults explains do not count; anything else does.
    """
    begin = time.monotonic()

    def say(text: str) -> None:
        if not as_json:
            out.print(f"[dim]{time.monotonic() - begin:4.0f} s[/]  {escape(text)}")

    folder = vectors or wiring.released_vectors()
    if folder is None:
        _usage("this installation has no released vectors: name some with --vectors")
    try:
        say("vectors: checking hashes and schema, then asking the model a part of them again")
        say(f"vectors: {verified(folder)}")
    except NotVerified as error:
        _usage(error)  # vectors that cannot be trusted say nothing about any target
    cases, settings, runs, absent = _cases(folder), _settings(deadline, jobs, once), [], []
    for item in prepared(adapters, say):
        if item.address is None:
            say(f"{item.name}: not available: {item.why.splitlines()[0]}")  # the whole was told where it happened
            if adapters or item.required:
                runs.append(Run(item.name, "-", {}, suite_root(cases), (), broken=f"not available: {item.why}"))
            else:
                absent.append(item.name)
            continue
        say(f"{item.name}: {len(cases)} cases, {'once' if once else 'twice'} each where it claims them")
        run = _campaign(item.address, cases, settings, output / item.name, item.name, options=_options(vectors))
        runs.append(apply_baseline(run, faults.known_of(item.name), _today(), vectors is None))
        say(f"{item.name}: {', '.join(f'{count} {verdict}' for verdict, count in runs[-1].counts.items())}")
        if not run.complete:
            break
    if not runs:
        err.print("no foreign implementation is available: nothing was compared")
        raise typer.Exit(INCONCLUSIVE)
    _write(output, runs)
    try:
        _finish(runs, output, as_json)
    finally:
        if not as_json:
            out.print()
            for line in conclusion(overall(runs), runs, absent):
                out.print(line)
