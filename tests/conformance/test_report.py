"""Reports say what the run found, survive hostile text, and the command's exit codes can be relied on."""

import datetime
import io
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import attrs
import pytest
from rich.console import Console
from typer.testing import CliRunner

from hyperion_conformance.cli.conformance import app, merge
from hyperion_conformance.harness import Tcp
from hyperion_conformance.report.junit import junit
from hyperion_conformance.report.page import page
from hyperion_conformance.report.summary import conclusion
from hyperion_conformance.report.terminal import show_runs
from hyperion_conformance.runner import faults, wiring
from hyperion_conformance.runner.baseline import BadBaseline, Known, apply_baseline, read_baseline, write_baseline
from hyperion_conformance.runner.campaign import Campaign, handshake
from hyperion_conformance.runner.cases import read_vectors
from hyperion_conformance.runner.results import CaseResult, Run, exit_code, read_results, write_results
from tests.conformance.toy_suite import PATIENT, command, suite, verdicts, write_suite

TODAY = datetime.date(2026, 6, 1)


@pytest.fixture(scope="module")
def wrong() -> Run:
    results = tuple(verdicts("wrong_answer").values())
    return Run(
        "wrong", "python wrong_answer.py", {"name": "toy", "version": "1", "language": "python"}, "ab" * 32, results
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_suite(tmp_path_factory.mktemp("vectors"))


def invoke(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def adapter(name: str) -> tuple[str, ...]:
    return ("--", *command(name).argv)


def untimed(run: Run) -> Run:
    return attrs.evolve(run, results=tuple(attrs.evolve(result, seconds=0.0) for result in run.results))


# --- files ----------------------------------------------------------------------------------------------------------


def test_results_survive_the_file(wrong: Run, tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    write_results(file, [wrong])
    (again,) = read_results(file)
    assert untimed(again) == untimed(wrong)


def test_a_torn_file_is_an_incomplete_run(wrong: Run, tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    write_results(file, [wrong])
    file.write_text(file.read_text()[:-400])
    (again,) = read_results(file)
    assert not again.complete
    assert {r.id for r in again.results} < {r.id for r in wrong.results}


def test_junit_counts_and_tells(wrong: Run) -> None:
    tree = ElementTree.fromstring(junit([wrong]))
    (found,) = tree.iter("testsuite")
    assert (found.get("tests"), found.get("failures"), found.get("errors")) == ("11", "3", "0")
    texts = [failure.text or "" for failure in tree.iter("failure")]
    assert all("hyperion conformance replay" in text and "VM-mul" in text for text in texts)


HOSTILE = "</script><script>alert(1)</script>\x00\x1b[31m<b>&amp;"


def test_hostile_text_stays_text(wrong: Run) -> None:
    bad = attrs.evolve(wrong.results[0], verdict="crash", detail=HOSTILE, log=HOSTILE, why=HOSTILE, field=None)
    run = attrs.evolve(wrong, name=HOSTILE, results=(bad,), broken=HOSTILE, log=HOSTILE)
    ElementTree.fromstring(junit([run]))
    assert "<script>alert" not in page([run])
    assert "\x1b" not in junit([run])


class Structure(HTMLParser):
    """Counts open elements and collects everything that would go to the network."""

    VOID = frozenset({"meta", "input", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.outside: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.stack.append(tag)
        self.outside += [
            value or "" for key, value in attributes if key in ("src", "href") and not (value or "").startswith("#")
        ]

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_is_well_formed_whole_and_needs_no_network(wrong: Run) -> None:
    html = page([wrong, attrs.evolve(wrong, name="other", results=wrong.results[:3])])
    parser = Structure()
    parser.feed(html)
    assert parser.stack == []
    assert parser.outside == []
    assert not re.search(r"https?://|@import|url\(", html)
    text = " ".join(parser.text)
    for needed in ("VM-mul", "$.gas_left", "vm.run/toy", "vm.run/toy/mul", "hyperion conformance replay", "✗ 8/11"):
        assert needed in text


# --- baseline -------------------------------------------------------------------------------------------------------


def known(run: Run, **changes: Any) -> tuple[Known, ...]:
    return tuple(
        attrs.evolve(Known(r.id, r.fingerprint, r.verdict, r.signature), **changes) for r in run.results if not r.good
    )


def test_listed_failures_are_excused(wrong: Run) -> None:
    run = apply_baseline(wrong, known(wrong), TODAY, True)
    assert exit_code(wrong) == 1
    assert exit_code(run) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "crash"},
        {"signature": "fail@$.output"},
        {"fingerprint": "00000000"},
        {"until": datetime.date(2026, 5, 31)},
        {"id": "vm.run/toy/gone"},
    ],
)
def test_a_stale_entry_fails_the_run(wrong: Run, changes: dict[str, Any]) -> None:
    stale = attrs.evolve(known(wrong)[0], **changes)
    assert exit_code(apply_baseline(wrong, (stale, *known(wrong)[1:]), TODAY, True)) == 1


def test_an_unlisted_failure_and_an_unexpected_pass_fail_the_run(wrong: Run) -> None:
    assert exit_code(apply_baseline(wrong, known(wrong)[1:], TODAY, True)) == 1
    passing = next(result for result in wrong.results if result.verdict == "pass")
    extra = Known(passing.id, passing.fingerprint, "fail")
    run = apply_baseline(wrong, (*known(wrong), extra), TODAY, True)
    assert exit_code(run) == 1
    assert "unexpected pass" in next(r for r in run.results if r.id == passing.id).baseline


def test_the_baseline_file_keeps_issues_and_dates(wrong: Run, tmp_path: Path) -> None:
    file = tmp_path / "baseline.toml"
    before = known(wrong, issue="https://example.org/1", until=datetime.date(2027, 1, 31))
    file.write_text(write_baseline(wrong.results, before))
    after = read_baseline(file)
    assert [entry.issue for entry in after] == ["https://example.org/1"] * 3
    assert exit_code(apply_baseline(wrong, after, TODAY, True)) == 0


@pytest.mark.parametrize(
    "text",
    ["x = 1", "[[expect]]\nid = 'a'", "[[expect]]\nid='a'\nfingerprint='12345678'\noutcome='fail'\ncolour='red'", "[["],
)
def test_a_malformed_baseline_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "baseline.toml"
    file.write_text(text)
    with pytest.raises(BadBaseline):
        read_baseline(file)


# --- known faults of shipped clients ---------------------------------------------------------------------------------


def test_the_shipped_list_is_about_cases_and_rules_that_exist() -> None:
    released = wiring.released_vectors()
    assert released is not None
    cases = {case.id: case for case in read_vectors(released)}
    assert len(faults.shipped()) > 10
    for fault in faults.shipped():
        assert fault.wrong in (fault.client, "adapter", faults.NEITHER)
        for rule in fault.rule.split(" .. "):
            assert wiring.rule_place(rule), rule
        for id, print_ in fault.cases.items():
            assert cases[id].fingerprint.startswith(print_), id


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "[[fault]]\nclient='a'\nrule='R'\nwrong='a'\nwhy='w'",  # shows nowhere
        "[[fault]]\nclient='a'\nrule='R'\nwrong='a'\nwhy='w'\n[fault.cases]\nx='12345678'",  # without outcome
        "[[fault]]\nclient='a'\nrule='R'\nwrong='a'\nwhy='w'\noutcome='fail'\n[fault.cases]\nx='123'",
        "[[fault]]\nclient='a'\nrule='R'\nwrong='a'\nwhy='w'\ncolour='red'\ntests=['t']",
        "[[fault]]\nclient='a'\nrule='R'\nwrong='a'\nwhy='w'\nuntil='soon'\ntests=['t']",
    ],
)
def test_a_malformed_list_of_faults_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "baseline.toml"
    file.write_text(text)
    with pytest.raises(BadBaseline):
        faults.read_faults(file)


def test_a_known_fault_is_shown_with_its_reason_and_does_not_count(wrong: Run) -> None:
    fault = faults.Fault("wrong", "VM-mul", "wrong", "multiplies too cheaply", "fail")
    fault = attrs.evolve(fault, cases={r.id: r.fingerprint for r in wrong.results if not r.good})
    run = apply_baseline(wrong, fault.known(), TODAY, True)
    assert exit_code(run) == 0
    reason = "wrong is wrong (VM-mul): it multiplies too cheaply"
    assert reason in page([run])
    console = Console(width=100, record=True, file=io.StringIO())
    show_runs(console, [run])
    text = console.export_text()
    assert reason in " ".join(text.split())
    assert "△ 8/11" in text and "✗" not in text.replace("✗ wrong", "")
    assert list(conclusion(0, [run], ())) == [
        "holds: 1 client asked, 1 known fault of 1 of them in 3 cases, no other failure  (exit 0)"
    ]
    one_less = apply_baseline(wrong, fault.known()[1:], TODAY, True)
    assert exit_code(one_less) == 1


def test_a_fault_of_the_model_itself_is_told_in_full_and_its_line_replays(tmp_path: Path) -> None:
    """ADD with a seeded fault, through the command, and the printed line through the shell."""
    argv = (sys.executable, str(Path(__file__).parent / "broken_adapters" / "model_with_fault.py"), "VM-add")
    hyperion = f"{shlex.quote(sys.executable)} -c 'from hyperion_conformance.cli import main; main()'"
    words = f"conformance run --once --id 'vm.run/arithmetic/add-m*' --output {tmp_path} -- {shlex.join(argv)}"
    done = shell(f"{hyperion} {words}")
    assert done.returncode == 1, done.stderr
    for needed in (
        "FAIL vm.run/arithmetic/add-max-signed-by-edges@1",
        "MUST VM-add",
        "$.output: differs from byte 96 of 352",
        "first divergence at step 6 of 58, after ADD",
        "step 5, both agree",
        "step 6, specification",
        "step 6, implementation",
        "rule: reference/hyperion/primitives/word.py:",
    ):
        assert needed in done.stdout, done.stdout
    line = next(line.strip() for line in done.stdout.splitlines() if line.strip().startswith("hyperion conformance"))
    again = shell(line.replace("hyperion", hyperion, 1))
    assert again.returncode == 1, again.stderr
    assert "first divergence at step 6 of 58, after ADD" in again.stdout


def shell(line: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ.get("PATH", "")}
    return subprocess.run(line, shell=True, capture_output=True, text=True, env=environment, timeout=120, check=False)


# --- the command ----------------------------------------------------------------------------------------------------


def test_run_holds(folder: Path, tmp_path: Path) -> None:
    code, text = invoke("run", "--vectors", str(folder), "--output", str(tmp_path), "--validate", *adapter("toy"))
    assert code == 0, text
    assert "11/11" in text
    assert {file.name for file in tmp_path.iterdir()} == {"results.jsonl", "junit.xml", "report.html"}


def test_run_wrong_prints_the_line_that_replays(folder: Path, tmp_path: Path) -> None:
    code, text = invoke("run", "--vectors", str(folder), "--output", str(tmp_path), *adapter("wrong_answer"))
    assert code == 1
    line = next(line for line in text.splitlines() if "hyperion conformance replay" in line)
    name = line.split()[3]
    assert f"--vectors {folder}" in line
    code, text = invoke("replay", name, "--vectors", str(folder), *adapter("wrong_answer"))
    assert code == 1 and "first divergence" in text
    code, text = invoke("replay", name, "--vectors", str(folder), *adapter("toy"))
    assert code == 0 and "PASS" in text


def test_bisect_of_a_passing_case_finds_nothing_but_agreement(folder: Path) -> None:
    code, text = invoke("bisect", "vm.run/toy/add", "--vectors", str(folder), *adapter("toy"))
    assert code == 0
    assert "every step agrees" in text


def test_exit_codes(folder: Path, tmp_path: Path) -> None:
    common = ("--vectors", str(folder), "--output", str(tmp_path), "--deadline", "30")
    assert invoke("run", *common)[0] == 2
    assert invoke("run", *common, "--id", "nothing*", *adapter("toy"))[0] == 2
    assert invoke("run", *common, "--", "./no-such-adapter")[0] == 3
    assert invoke("run", *common, *adapter("dies_at_hello"))[0] == 3
    assert invoke("run", *common, *adapter("always_crashes"))[0] == 3
    assert invoke("run", *common, "--id", "*/mul", *adapter("skips"))[0] == 4
    assert invoke("doctor", "--vectors", str(folder), *adapter("dies_at_hello"))[0] == 3
    assert invoke("replay", "no/such/case", "--vectors", str(folder), *adapter("toy"))[0] == 2


def test_json_output_is_json(folder: Path, tmp_path: Path) -> None:
    code, text = invoke("run", "--vectors", str(folder), "--output", str(tmp_path), "--json", *adapter("wrong_answer"))
    answer = json.loads(text)
    assert answer["exit"] == code == 1
    assert len(answer["runs"][0]["failing"]) == 3


def test_shards_merge_to_the_whole(folder: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", [tmp_path / "one", tmp_path / "two"]
    invoke("run", "--vectors", str(folder), "--output", str(whole), *adapter("wrong_answer"))
    for i, part in enumerate(parts, 1):
        invoke("run", "--vectors", str(folder), "--output", str(part), "--shard", f"{i}/2", *adapter("wrong_answer"))
    (left,) = merge(read_results(whole / "results.jsonl"))
    (right,) = merge([run for part in parts for run in read_results(part / "results.jsonl")])
    assert [(r.id, r.verdict, r.signature) for r in left.results] == [
        (r.id, r.verdict, r.signature) for r in right.results
    ]
    assert left.root == right.root
    code, text = invoke(
        "report", *(str(part / "results.jsonl") for part in parts), "--output", str(tmp_path / "merged")
    )
    assert code == 1 and "8/11" in text


def test_an_interrupted_run_can_be_resumed(folder: Path, tmp_path: Path) -> None:
    script = (
        "import hyperion_conformance.runner.campaign as c; c.LANE = 2\n"
        "from hyperion_conformance.cli.conformance import app; app()"
    )
    words = ["run", "--vectors", str(folder), "--output", str(tmp_path), "--deadline", "30", *adapter("hang")]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *words], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    file = tmp_path / "results.jsonl"
    until = time.monotonic() + 90
    while time.monotonic() < until and not (file.exists() and file.read_text().count('"case"') >= 2):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 4
    (before,) = read_results(file)
    assert not before.complete and 2 <= len(before.results) < 11
    code, _ = invoke(
        "run", "--resume", "--vectors", str(folder), "--output", str(tmp_path), "--deadline", "2", *adapter("hang")
    )
    (after,) = read_results(file)
    assert code == 3 and after.complete and len(after.results) == 11


def test_skeletons_are_written_and_fit(tmp_path: Path) -> None:
    code, text = invoke("init", "python", str(tmp_path / "new"))
    assert code == 0 and "doctor" in text
    assert invoke("init", "python", str(tmp_path / "new"))[0] == 2
    assert invoke("init", "cobol", str(tmp_path / "other"))[0] == 2
    skeleton = str(tmp_path / "new" / "adapter.py")
    hello = handshake(attrs.evolve(command("toy"), argv=(sys.executable, skeleton)), PATIENT)
    assert hello.implementation.name == "my-vm"
    code, text = invoke("doctor", "--", sys.executable, skeleton)
    assert code == 4 and "declines every probe" in text
    lines = (tmp_path / "new" / "adapter.py").read_text().splitlines()
    assert len(lines) <= 60


# --- over TCP -------------------------------------------------------------------------------------------------------


def test_an_adapter_behind_a_tcp_address() -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            child = subprocess.Popen(
                command("wrong_answer").argv, stdin=connection.fileno(), stdout=connection.fileno()
            )
            connection.close()
            threading.Thread(target=child.wait, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    address = Tcp("127.0.0.1", server.getsockname()[1])
    results: list[CaseResult] = Campaign(address, handshake(address, PATIENT), PATIENT).run(suite())
    server.close()
    assert sum(result.verdict == "fail" for result in results) == 3
    assert sum(result.verdict == "pass" for result in results) == 8


# --- quickstart -----------------------------------------------------------------------------------------------------


@attrs.frozen
class Foreign:
    name: str
    command: tuple[str, ...] | None
    why: str = ""


def test_quickstart_names_what_is_not_available(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right, wrong = command("toy").argv, command("wrong_answer").argv
    clients = {"pyrevm": right, "py-evm": wrong, "eels": right}

    def ensure(names: list[str], say: object) -> list[Foreign]:
        if names == ["ethereumjs"]:
            raise OSError("no network")
        return [Foreign(name, clients.get(name), "" if name in clients else "no toolchain") for name in names]

    monkeypatch.setitem(sys.modules, "hyperion_conformance.adapters", SimpleNamespace(ensure=ensure))
    monkeypatch.setattr("hyperion_conformance.cli.conformance.verified", lambda folder: "verified")
    code, text = invoke("quickstart", "--vectors", str(folder), "--output", str(tmp_path))
    assert code == 1, text
    assert "ethereumjs: not available: OSError: no network" in text
    assert "go-ethereum: not available: no toolchain" in text
    assert "not available here, so not asked: ethereumjs, go-ethereum, revm, malachite" in text
    assert text.strip().endswith("(exit 1)")
    assert {run.name for run in read_results(tmp_path / "results.jsonl")} == {"pyrevm", "py-evm", "eels"}
    del clients["pyrevm"]  # what is required and absent is an error, not a footnote
    clients["py-evm"] = right
    code, text = invoke("quickstart", "--vectors", str(folder), "--output", str(tmp_path))
    assert code == 3 and "pyrevm: not available: no toolchain" in text


def test_quickstart_refuses_vectors_that_cannot_be_verified(folder: Path, tmp_path: Path) -> None:
    assert invoke("quickstart", "--vectors", str(folder), "--output", str(tmp_path))[0] == 2
