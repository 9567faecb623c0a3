"""Each broken adapter gets the verdict that it deserves, and the correct one passes everything."""

import time
from collections import Counter

import attrs
import pytest

from hyperion_conformance.harness import Command, Deadlines
from hyperion_conformance.runner.campaign import AdapterBroke, Campaign, Settings, handshake
from hyperion_conformance.runner.cases import Selection, shard_of
from hyperion_conformance.runner.cause import causes
from hyperion_conformance.runner.results import CaseResult, Run, exit_code
from tests.conformance.toy_suite import PATIENT, ToyModel, command, suite, verdicts

MULTIPLYING = {"mul", "mul-by-zero", "long-mul"}


def by_verdict(results: dict[str, CaseResult]) -> Counter[str]:
    return Counter(result.verdict for result in results.values())


def as_run(results: dict[str, CaseResult]) -> Run:
    return Run("x", "x", {}, "", tuple(results.values()))


def test_correct_adapter_passes_everything() -> None:
    results = verdicts("toy")
    assert by_verdict(results) == {"pass": len(suite())}
    assert exit_code(as_run(results)) == 0


def test_wrong_answer_is_a_failure_at_its_field() -> None:
    results = verdicts("wrong_answer")
    assert {name for name, result in results.items() if result.verdict == "fail"} == MULTIPLYING
    assert results["mul"].field == "$.gas_left"
    assert int(str(results["mul"].got)) == int(str(results["mul"].expected)) + 1
    assert exit_code(as_run(results)) == 1


def test_crash_is_told_with_the_last_words_and_the_run_goes_on() -> None:
    results = verdicts("crash")
    for name, result in results.items():
        assert result.verdict == ("crash" if name in MULTIPLYING else "pass"), result
    assert "exit status 7" in results["mul"].detail
    assert "multiplication table exhausted" in results["mul"].log
    assert exit_code(as_run(results)) == 3


def test_repeated_crashing_is_bounded() -> None:
    results = verdicts("always_crashes")
    assert by_verdict(results) == {"crash": 5, "not-run": len(suite()) - 5}
    assert "SIGABRT" in next(r for r in results.values() if r.verdict == "crash").detail


def test_a_command_that_vanishes_during_a_run_is_a_crash() -> None:
    hello = handshake(command("toy"), PATIENT)
    found = Campaign(Command(("./gone",)), hello, PATIENT).run(suite())
    assert {result.verdict for result in found} == {"crash", "not-run"}
    assert "cannot be started" in found[0].detail


def test_hang_is_a_timeout_and_its_children_die_too() -> None:
    cases = Selection(ids=("*/mul", "*/underflow")).of(suite())
    begin = time.monotonic()
    results = verdicts("hang", cases=cases)
    assert results["mul"].verdict == "timeout"
    assert results["underflow"].verdict == "pass"
    assert time.monotonic() - begin < 50  # its child sleeps for 60


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("log_on_stdout", "INFO  executing MUL"),
        ("huge_line", "longer than 16 MiB"),
        ("partial_line", "begun and not ended"),
        ("rounds_numbers", "floating-point"),
    ],
)
def test_garbage_on_standard_output_is_a_protocol_violation(name: str, shown: str) -> None:
    results = verdicts(name, cases=Selection(ids=("*/mul",)).of(suite()))
    assert results["mul"].verdict == "protocol"
    assert shown in results["mul"].detail


def test_an_answer_with_another_number_is_a_protocol_violation() -> None:
    with pytest.raises(AdapterBroke, match=r"protocol at hello.*answered as 1001"):
        verdicts("wrong_id")


def test_a_log_line_after_the_answer_is_garbage_too() -> None:
    with pytest.raises(AdapterBroke, match="DEBUG done"):
        verdicts("log_after_answer")


def test_an_answer_that_is_never_flushed_is_a_timeout() -> None:
    results = verdicts("unbuffered_never", cases=Selection(ids=("*/mul",)).of(suite()))
    assert results["mul"].verdict == "timeout"


def test_echo_of_the_input_fails() -> None:
    results = verdicts("echo")
    assert by_verdict(results) == {"fail": len(suite())}


def test_chance_is_told_from_memory() -> None:
    flaky = verdicts("flaky", attrs.evolve(PATIENT, jobs=2))
    assert flaky["underflow"].verdict == "pass"
    assert {flaky[name].verdict for name in MULTIPLYING} == {"nondeterministic"}


def test_memory_between_cases_is_order_dependence() -> None:
    results = verdicts("order_dependent")
    assert "order-dependent" in by_verdict(results)
    assert set(by_verdict(results)) <= {"order-dependent", "pass"}
    assert "asked again" in next(r for r in results.values() if r.verdict == "order-dependent").detail


def test_a_case_that_fails_only_in_a_fresh_process_is_order_dependent() -> None:
    first = suite()[0].id.rpartition("/")[2]
    results = verdicts("fails_when_fresh")
    assert results[first].verdict == "order-dependent"
    assert by_verdict(results)["pass"] == len(suite()) - 1


def test_dying_at_hello_stops_the_run_with_the_log() -> None:
    with pytest.raises(AdapterBroke, match="crash at hello: exit status 1") as caught:
        verdicts("dies_at_hello")
    assert "genesis.json" in caught.value.broken.log


def test_another_protocol_version_is_refused() -> None:
    with pytest.raises(AdapterBroke, match="hyperion/9"):
        verdicts("wrong_version")


def test_a_banner_on_standard_output_is_shown() -> None:
    with pytest.raises(AdapterBroke, match="Welcome to toy"):
        verdicts("banner")


def test_a_skip_keeps_its_reason_and_an_unclaimed_fork_is_not_asked() -> None:
    cases = [attrs.evolve(case, fork="CANCUN") if case.id.endswith("underflow") else case for case in suite()]
    results = verdicts("skips", cases=cases)
    assert results["mul"].verdict == "skip"
    assert results["mul"].detail == "MUL is not built in"
    assert results["underflow"].verdict == "not-claimed"


def test_verdicts_do_not_depend_on_the_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperion_conformance.runner.campaign.LANE", 3)
    for name in ("order_dependent", "wrong_answer"):
        one, three = (verdicts(name, attrs.evolve(PATIENT, jobs=jobs)) for jobs in (1, 3))
        assert [attrs.evolve(r, seconds=0.0) for r in one.values()] == [
            attrs.evolve(r, seconds=0.0) for r in three.values()
        ]


def test_shards_partition_the_suite() -> None:
    shards = [Selection(shard=(i, 3)).of(suite()) for i in (1, 2, 3)]
    assert sorted(case.id for shard in shards for case in shard) == [case.id for case in suite()]
    assert all(shard_of(case.id, 3) == i for i, shard in enumerate(shards, 1) for case in shard)


def test_blind_order_is_a_shuffle_by_seed() -> None:
    one, two, other = (Selection(blind=seed).of(suite()) for seed in (1, 1, 2))
    assert one == two != other
    assert sorted(case.id for case in one) == [case.id for case in suite()]


def explained(name: str) -> dict[str, CaseResult]:
    address = command(name)
    campaign = Campaign(address, handshake(address, PATIENT), PATIENT)
    results = campaign.run(suite())
    told = campaign.explain(
        results, suite(), ToyModel(), lambda op: {2: "MUL", 0x55: "SSTORE"}.get(op, hex(op)), lambda r: r
    )
    return {result.id.rpartition("/")[2]: result for result in told}


def test_bisection_finds_the_step_after_the_wrong_opcode() -> None:
    results = explained("wrong_answer")
    found = results["long-mul"].divergence
    assert found is not None and found.exact
    assert found.step == 1 + 120 + 1 + 1  # PUSH1, sixty times PUSH1 ADD, PUSH1, and the MUL at this index less one
    assert found.opcode == "MUL"
    assert found.differing == ("gas",)
    assert found.questions <= 4
    assert found.expected is not None and found.got is not None
    assert int(str(found.got["gas"])) == int(str(found.expected["gas"])) + 1


def test_a_difference_after_the_last_step_is_told_as_such() -> None:
    found = explained("zero_slot")["store-zero"].divergence
    assert found is not None
    assert "every step agrees" in found.note


def test_failures_are_grouped_by_cause() -> None:
    groups = causes(explained("wrong_answer").values())
    assert [(cause.rule, cause.field, cause.opcode, len(cause.results)) for cause in groups] == [
        ("VM-mul", "$.gas_left", "MUL", 3)
    ]


def test_deadlines_grow_with_the_length_of_the_case_and_the_slowness_of_the_machine() -> None:
    deadlines = Deadlines(base=1.0, per_step=0.5, factor=2.0)
    assert deadlines.of(None) == 2.0
    assert deadlines.of(4) == 6.0
    assert Settings().deadlines.of(None) >= 1
