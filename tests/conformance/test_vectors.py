"""Vectors: what is released is what the model says, what the files claim, and what a reader of the schema expects."""

import copy
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from hyperion.vm import gas as price
from hyperion.vm.fork import Fork
from hyperion.vm.forks import fork_named
from hyperion_conformance import targets as model
from hyperion_conformance.cli.vectors import app
from hyperion_conformance.harness import Adapter
from hyperion_conformance.harness.address import Command
from hyperion_conformance.protocol.messages import Answer, ErrorReply, Json, TraceAnswer
from hyperion_conformance.vectors import coverage, diff, fill, verify
from hyperion_conformance.vectors.canonical import canonical
from hyperion_conformance.vectors.input import InputError
from hyperion_conformance.vectors.load import decode_file, decode_tombstones, read_folder
from hyperion_conformance.vectors.manifest import decode_manifest, manifest_of, read_manifest
from hyperion_conformance.vectors.record import Case, Draft, VectorError, files_of
from hyperion_conformance.vectors.schema import check_document
from hyperion_conformance.workers import Workers

PROJECT = Path(__file__).resolve().parents[2]
RELEASED = PROJECT / "conformance" / "vectors"
MODEL_ADAPTER = PROJECT / "conformance" / "adapters" / "model" / "adapter.py"
SAMPLE = 0.1
"""The share of the released cases that is filled again here; `hyperion vectors verify --refill` does all."""

BLOCK_RULES = ("EXE-block", "EXE-header", "EXE-bloom", "EXE-deposit", "EXE-request", "EXE-system", "EXE-withdrawals")
CACHE_RULES = ("VM-cache-",)
"""Rules about what may not be seen in any outcome: properties and theorems check them, and a vector can't."""
NOT_OBSERVABLE = {
    "EXE-base-fee", "EXE-cumulative-gas", "EXE-excess-blob-gas", "EXE-gas-limit", "EXE-logs-hash",
    "EXE-receipt-encoding", "EXE-transaction-hash", "EXE-transactions-root",
}  # fmt: skip
"""Rules about blocks, and about hashes that neither target shows: a target for blocks will need vectors for them."""


def chosen(share: float, count: int = 40) -> list[Draft]:
    return [draft for draft in fill.all_drafts(count=count) if verify.in_sample(draft.id, share)]


@pytest.fixture(scope="module")
def few() -> list[Draft]:
    return chosen(0.02)


@pytest.fixture(scope="module")
def cases(few: list[Draft]) -> tuple[Case, ...]:
    return fill.fill(few)


@pytest.fixture
def folder(tmp_path: Path, cases: tuple[Case, ...]) -> Path:
    files = files_of(cases)
    fill.write(tmp_path / "vectors", files, manifest_of(files, 7, 40, (), ()))
    return tmp_path / "vectors"


# --- the released ones -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def released() -> verify.Verified:
    return verify.verify(RELEASED)


def test_released_vectors_are_as_their_manifest_and_schema_say(released: verify.Verified) -> None:
    assert not released.problems
    assert released.cases > 4_000
    assert sum(entry.bytes for entry in released.manifest.files) < 10_000_000


def test_a_sample_of_the_released_vectors_is_what_the_model_says(released: verify.Verified) -> None:
    found = verify.refill(released, SAMPLE)
    assert found.problems == ()
    assert found.refilled > SAMPLE * released.cases * 0.8


def test_released_vectors_were_put_to_two_independent_clients(released: verify.Verified) -> None:
    checks = {check.name: check for check in released.manifest.checked}
    assert {"eels", "go-ethereum"} <= checks.keys()
    of_target = Counter(case.target for file in released.files for case in file.cases)
    of_the_machine = of_target["vm.run"] + of_target["evm.state"]
    for check in checks.values():
        unanswered = [case for case, why in check.skipped if not why.endswith("is not claimed")]
        assert len(unanswered) < 10
        asked = check.agreed + len(unanswered)
        assert asked == of_the_machine if check.name in ("eels", "go-ethereum") else asked > 50


def test_every_rule_that_a_target_shows_has_a_vector(released: verify.Verified) -> None:
    every = [case for file in released.files for case in file.cases]
    assert coverage.unknown(every) == []
    missing = {id for id in coverage.without_vector(every) if not id.startswith((*BLOCK_RULES, *CACHE_RULES))}
    assert missing - coverage.ELSEWHERE.keys() <= NOT_OBSERVABLE
    assert coverage.ELSEWHERE.keys() <= missing, "a rule that has a vector needs no reason"


def test_every_instruction_of_every_fork_is_run_at_its_borders(released: verify.Verified) -> None:
    ids = {case.id for file in released.files for case in file.cases}
    for name in ("CANCUN", "PRAGUE", "OSAKA"):
        fork = fork_named(name)
        assert fork is not None
        for opcode, row in enumerate(fork.instructions):
            if row.opcode != opcode:
                assert f"vm.run/rows/undefined-{opcode:02x}-{name.lower()}" in ids
                continue
            place = f"vm.run/rows/{row.name.lower()}-{name.lower()}"
            assert f"{place}-least-gas" in ids
            assert row.pops == 0 or f"{place}-underflow" in ids
            assert row.pushes <= row.pops or f"{place}-overflow" in ids


# --- the same seed gives the same bytes ------------------------------------------------------------------------------

SPEAKING = """
import hashlib
from hyperion_conformance.vectors import fill, verify
from hyperion_conformance.vectors.record import files_of
drafts = [d for d in fill.all_drafts(count=40) if verify.in_sample(d.id, 0.02)]
print(hashlib.sha256(b"".join(file.encode() for file in files_of(fill.fill(drafts)))).hexdigest())
"""


def test_hash_seeds_of_the_interpreter_do_not_show(cases: tuple[Case, ...]) -> None:
    here = hashlib.sha256(b"".join(file.encode() for file in files_of(cases))).hexdigest()
    for seed in ("1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", SPEAKING], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == here


def test_number_of_processes_does_not_show(few: list[Draft], cases: tuple[Case, ...]) -> None:
    assert fill.fill(few, Workers(jobs=2)) == cases


def test_more_random_cases_leave_the_others_as_they_are() -> None:
    less = {draft.id: draft for draft in fill.all_drafts(count=8)}
    more = {draft.id: draft for draft in fill.all_drafts(count=24)}
    assert len(more) >= len(less) + 16 + 4
    assert all("random" in id for id in more.keys() - less.keys())
    assert all(more[id] == draft for id, draft in less.items())


def test_another_seed_changes_the_random_cases_only() -> None:
    mine = {draft.id: draft for draft in fill.all_drafts(seed=7, count=4)}
    other = {draft.id: draft for draft in fill.all_drafts(seed=8, count=4)}
    changed = {id for id in mine.keys() | other.keys() if mine.get(id) != other.get(id)}
    assert all("random" in id for id in changed)
    assert len(changed & mine.keys()) > 5


def test_fingerprint_is_the_hash_that_the_chapter_defines(cases: tuple[Case, ...]) -> None:
    case = cases[0]
    content = {"target": case.target, "id": case.id, "revision": 1, "fork": case.fork}
    content |= {"input": case.input, "expect": case.expect}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest()[:32] == case.fingerprint


# --- traces ----------------------------------------------------------------------------------------------------------


def test_digests_are_the_chain_over_the_states_that_the_protocol_defines(cases: tuple[Case, ...]) -> None:
    for case in cases[::4]:
        if case.trace is None:
            continue
        steps = case.trace.steps
        states = model.trace(case.target, case.fork, case.input, range(steps), full=True).states
        chain, digest = [], bytes(16)
        for step in range(steps):
            state: Any = states[step]
            head = "|".join(str(state[key]) for key in ("pc", "op", "gas", "depth", "memory_size"))
            digest = hashlib.sha256(digest + f"{head}|{','.join(state['stack'])}".encode()).digest()[:16]
            chain.append("0x" + digest.hex())
        assert model.trace(case.target, case.fork, case.input, range(steps)).digests == dict(enumerate(chain))
        last = max(steps - 1, 0)
        marked = [min(index * case.trace.stride, last) for index in range(len(case.trace.digests))]
        assert list(case.trace.digests) == [chain[step] for step in marked]


def test_digest_beyond_the_end_is_the_last_one() -> None:
    given: dict[str, Json] = {"code": "0x6001", "calldata": "0x", "gas": "9", "value": "0", "storage": {}}
    given |= {"address": "0x" + "11" * 20, "caller": "0x" + "22" * 20}
    found = model.trace("vm.run", "OSAKA", given, [1, 2, 99])
    assert found.steps == 2  # PUSH1, and the STOP beyond the end
    assert found.digests[1] == found.digests[2] == found.digests[99]


# --- the loader ------------------------------------------------------------------------------------------------------


def small_file() -> bytes:
    drafts = [draft for draft in fill.all_drafts(count=0) if draft.id.startswith(("vm.run/arithmetic/add-wraps",))]
    (file,) = files_of(fill.fill(drafts))
    return file.encode()


SMALL = small_file()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in pairs:
        yield from places(member, (*path, key))


OBJECTS = [path for path in places(json.loads(SMALL)) if path[-1:] not in (("storage",),)]


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


@pytest.mark.parametrize("path", [path for path in OBJECTS if isinstance(at(json.loads(SMALL), path), dict)], ids=str)
def test_unknown_keys_are_refused_by_schema_and_loader(path: tuple[Any, ...]) -> None:
    document = json.loads(SMALL)
    assert not list(check_document("vector-1", document, "file"))
    at(document, path)["surprise"] = "1"
    assert list(check_document("vector-1", document, "file"))
    with pytest.raises(VectorError):
        decode_file(json.dumps(document).encode(), "file")


def test_an_error_names_file_case_field_and_reason() -> None:
    document = json.loads(SMALL)
    document["cases"][0]["input"]["gas"] = "007"
    with pytest.raises(VectorError) as caught:
        decode_file(json.dumps(document).encode(), "vm.run/arithmetic.json")
    error = caught.value
    assert error.file == "vm.run/arithmetic.json"
    assert error.case == "vm.run/arithmetic/add-wraps"
    assert error.field == "$.cases[0].input.gas"
    assert "canonical decimal" in error.reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fingerprint": "0" * 32}, "has fingerprint"),
        ({"id": "vm.run/storage/add-wraps"}, "begin with"),
        ({"id": "vm.run/arithmetic/Add_wraps"}, "shape"),
        ({"level": "SHALL"}, "not one of"),
        ({"tier": 9}, "integer from 0 to 5"),
        ({"rules": []}, "at least 1"),
        ({"why": " "}, "string is needed"),
        ({"revision": True}, "integer"),
        ({"expect": {}}, "exactly or one_of"),
        ({"trace": {"steps": 2, "stride": 1, "digests": []}}, "2 digests belong"),
    ],
)
def test_a_case_that_is_not_in_order_is_refused(change: dict[str, Any], reason: str) -> None:
    document = json.loads(SMALL)
    document["cases"][0] |= change
    with pytest.raises(VectorError, match=reason):
        decode_file(json.dumps(document).encode(), "file")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["0x", "0", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def refused_or_read(data: bytes) -> None:
    for decode in (decode_file, decode_manifest, decode_tombstones):
        try:
            decode(data, "file")
        except VectorError as error:
            assert error.file == "file"
            assert error.field.startswith("$")
            assert error.reason


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    refused_or_read(data)


@given(JSON)
def test_any_document_is_read_or_refused(value: object) -> None:
    refused_or_read(json.dumps(value).encode())


@given(st.sampled_from(list(places(json.loads(SMALL)))[1:]), JSON, st.booleans())
def test_any_change_of_a_vector_file_is_read_or_refused(path: tuple[Any, ...], value: object, drops: bool) -> None:
    document = copy.deepcopy(json.loads(SMALL))
    if drops:
        del at(document, path[:-1])[path[-1]]
    else:
        at(document, path[:-1])[path[-1]] = value
    refused_or_read(json.dumps(document).encode())


MANIFEST = manifest_of(files_of(fill.fill(chosen(0.0005))), 7, 40, (), ()).encode()


@given(st.sampled_from(list(places(json.loads(MANIFEST)))[1:]), JSON)
def test_any_change_of_a_manifest_is_read_or_refused(path: tuple[Any, ...], value: object) -> None:
    document = copy.deepcopy(json.loads(MANIFEST))
    at(document, path[:-1])[path[-1]] = value
    refused_or_read(json.dumps(document).encode())


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":1,"a":2}', b"1e5", b"NaN", b"\xff", b"9" * 10_000])
def test_hostile_json_is_refused(text: bytes) -> None:
    with pytest.raises(VectorError):
        decode_file(text, "file")


@given(st.sampled_from(["vm.run", "evm.state", "x"]), st.sampled_from(["OSAKA", "x"]), JSON)
def test_any_input_is_run_or_refused_by_the_model(target: str, fork: str, value: object) -> None:
    for strict in (True, False):
        with pytest.raises(InputError):
            model.run(target, fork, value, strict)  # type: ignore[arg-type]


# --- folders ---------------------------------------------------------------------------------------------------------


def test_what_was_written_is_read_and_verified(folder: Path, cases: tuple[Case, ...]) -> None:
    assert tuple(sorted(case.id for file in read_folder(folder) for case in file.cases)) == tuple(c.id for c in cases)
    assert verify.verify(folder).problems == ()


def test_verify_sees_a_file_that_is_missing_or_too_many(folder: Path) -> None:
    first = sorted(folder.rglob("*/*.json"))[0]
    moved = first.with_name("elsewhere.json")
    shutil.copyfile(first, moved)
    with pytest.raises(VectorError, match="belongs at"):
        verify.verify(folder)
    moved.unlink()
    first.unlink()
    assert any("not there" in problem.reason for problem in verify.verify(folder).problems)


def test_verify_sees_a_change_that_keeps_the_meaning(folder: Path) -> None:
    first = sorted(folder.rglob("*/*.json"))[0]
    first.write_bytes(first.read_bytes() + b"\n")
    reasons = " ".join(problem.reason for problem in verify.verify(folder).problems)
    assert "SHA-256" in reasons
    assert "canonically" in reasons


def test_buried_ids_are_refused_by_loader_and_writer(folder: Path, cases: tuple[Case, ...]) -> None:
    stone = {"id": cases[0].id, "last_revision": 1, "removed_in": "0.2", "why": "was wrong", "replaced_by": []}
    document = {"format": "hyperion-tombstones/1", "tombstones": [stone]}
    (folder / "tombstones.json").write_text(json.dumps(document))
    assert not list(check_document("tombstones-1", document, "file"))
    with pytest.raises(VectorError, match="never used again"):
        verify.verify(folder)
    files = files_of(cases)
    with pytest.raises(VectorError, match="never used again"):
        fill.write(folder, files, manifest_of(files, 7, 40, (), ()))
    rest = files_of(cases[1:])
    fill.write(folder, rest, manifest_of(rest, 7, 40, (), ()))
    assert (folder / "tombstones.json").exists()


def test_a_failed_write_leaves_what_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def broken(self: Path, data: bytes) -> int:
        raise OSError("no room")

    monkeypatch.setattr(Path, "write_bytes", broken)
    with pytest.raises(OSError, match="no room"):
        fill.write(folder, read_folder(folder), read_manifest(folder))
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert list(folder.parent.iterdir()) == [folder]


# --- controls: a fault that is seeded must show ----------------------------------------------------------------------


def add_costs_more(name: str) -> Fork | None:
    fork = fork_named(name)
    if fork is None:
        return None
    row = fork.instructions[0x01]
    faulty = msgspec.structs.replace(row, gas=row.gas + 1)
    return attrs.evolve(fork, instructions=(fork.instructions[0], faulty, *fork.instructions[2:]))


def test_control_a_dearer_add_changes_cases(few: list[Draft], cases: tuple[Case, ...]) -> None:
    assert list(diff.compare_cases(cases, fill.fill(few))) == []
    changes = list(diff.compare_cases(cases, [fill.fill_case(draft, add_costs_more) for draft in few]))
    assert len(changes) > 5
    assert all(change.kind == "changed" and not change.revised for change in changes if "expect" in change.field)


def test_control_a_wrong_refund_is_found_by_verify(released: verify.Verified, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = price.storage_refund
    monkeypatch.setattr(price, "storage_refund", lambda *words: honest(*words) + 1)
    problems = verify.refill(released, 0.02).problems
    assert any("sstore" in problem.case and problem.field.endswith("refund") for problem in problems)


LIAR = """
import json, sys
from hyperion_conformance import targets as model
for line in sys.stdin:
    request = json.loads(line)
    if request["op"] == "bye":
        break
    if request["op"] == "hello":
        who = {"name": "liar", "version": "1", "language": "python"}
        ok = {"protocol": "hyperion/1", "implementation": who, "features": []}
        ok["targets"] = {"vm.run": {"forks": ["OSAKA"]}}
    else:
        ok = model.run(request["target"], request["fork"], request["input"])
        ok["gas_left"] = str(int(ok["gas_left"]) ^ 1)
    print(json.dumps({"id": request["id"], "ok": ok}), flush=True)
"""


def test_control_a_disagreement_stops_the_fill_and_nothing_is_written(
    tmp_path: Path, few: list[Draft], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "liar.py").write_text(LIAR)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setattr(fill, "all_drafts", lambda *_: tuple(few))
    check = f"{sys.executable} {tmp_path / 'liar.py'}"
    result = CliRunner().invoke(app, ["fill", "--out", str(tmp_path / "out"), "--check", check])
    assert result.exit_code == 1
    assert "$.gas_left: the model says" in result.output
    assert "nothing written" in result.output
    assert not (tmp_path / "out").exists()


def test_skipped_cases_are_counted_and_named(
    tmp_path: Path, cases: tuple[Case, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "liar.py").write_text(LIAR.replace(" ^ 1", ""))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    address = Command((sys.executable, str(tmp_path / "liar.py")))
    answers = fill.ask_all(address, cases, 1)
    check = fill.check_of(address, answers)
    foreign = [case.id for case in cases if (case.target, case.fork) != ("vm.run", "OSAKA")]
    assert sorted(id for id, _ in check.skipped) == foreign
    assert check.agreed == len(cases) - len(foreign)


# --- the model behind the protocol -----------------------------------------------------------------------------------


def test_the_reference_client_serves_the_model(cases: tuple[Case, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    adapter = Adapter(Command((sys.executable, str(MODEL_ADAPTER))))
    try:
        for case in cases[::3]:
            answer = fill.ask(adapter, case)
            assert answer.disagreement is None
            assert answer.trace or case.trace is None
        case = next(case for case in cases if case.target == "vm.run")
        full = adapter.trace(case.target, case.fork, case.input, [0], full=True)
        assert isinstance(full, TraceAnswer)
        assert full.states[0]["depth"] == "1"
        assert isinstance(adapter.ask({"op": "open", "target": "vm.run", "fork": "OSAKA", "input": {}}), ErrorReply)
        bad = adapter.run("vm.run", "OSAKA", {"code": 5})
        assert isinstance(bad, ErrorReply)
        assert bad.code == "bad-input"
        request: dict[str, Json] = {"op": "run", "target": case.target, "fork": case.fork, "input": case.input}
        assert isinstance(adapter.ask(request), Answer)
    finally:
        adapter.close()


# --- the command -----------------------------------------------------------------------------------------------------


def test_commands_verify_list_diff_schema(folder: Path, cases: tuple[Case, ...], tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["verify", str(folder)]).exit_code == 0
    listed = runner.invoke(app, ["list", str(folder), "--rule", "VM-s*", "--fork", "osaka", "--json"])
    wanted = [c for c in cases if c.fork == "OSAKA" and any(rule.startswith("VM-s") for rule in c.rules)]
    assert [json.loads(line)["id"] for line in listed.output.splitlines()] == [case.id for case in wanted]
    other = tmp_path / "other"
    files = files_of((attrs.evolve(cases[0], why="another reason"), *cases[2:]))
    fill.write(other, files, manifest_of(files, 7, 40, (), ()))
    compared = runner.invoke(app, ["diff", str(folder), str(other)])
    assert compared.exit_code == 1
    assert "0 added, 1 removed, 1 changed" in compared.output
    assert f"changed {cases[0].id}: $.why" in compared.output
    assert json.loads(runner.invoke(app, ["schema", "manifest-1"]).output)["title"]
    assert runner.invoke(app, ["schema", "nothing"]).exit_code == 2
    assert runner.invoke(app, ["verify", str(tmp_path / "absent")]).exit_code == 1


def test_fill_refuses_to_lose_a_released_case(folder: Path, few: list[Draft], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill, "all_drafts", lambda *_: tuple(few[1:]))
    result = CliRunner().invoke(app, ["fill", "--out", str(folder), "--check", ""])
    assert result.exit_code == 1
    assert "would vanish" in result.output


def test_canonical_json_has_one_spelling() -> None:
    assert canonical({"b": [1, "é"], "a": {}}) == b'{"a":{},"b":[1,"\\u00e9"]}'
    with pytest.raises(ValueError, match="Out of range"):
        canonical({"a": float("nan")})  # type: ignore[dict-item]
