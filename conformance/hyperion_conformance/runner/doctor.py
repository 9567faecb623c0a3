"""The doctor: is this an adapter at all, before thousands of cases blame it for its plumbing?

Each check is a function from the patient to a finding. A check that does not apply says so; none is left out silently.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from hyperion_conformance.harness.adapter import Adapter, Broken, Deadlines
from hyperion_conformance.harness.address import Address
from hyperion_conformance.harness.channel import CannotStart
from hyperion_conformance.protocol.decode import shown
from hyperion_conformance.protocol.messages import Answer, ErrorReply, Hello, Json, Skip, TraceAnswer, run_request
from hyperion_conformance.runner import probes
from hyperion_conformance.runner.cases import Case
from hyperion_conformance.runner.judge import Judgement, Observation, judge, sameness
from hyperion_conformance.runner.probes import Probe
from hyperion_conformance.targets import target_named

Status: TypeAlias = Literal["ok", "warning", "failed", "not applicable"]


@attrs.frozen(slots=True)
class Finding:
    """The result of one check. `hint` says what to do about it. `wrong` marks an answer that was wrong, not broken,
    `silent` an adapter that does not answer at all.
    """

    check: str
    status: Status
    detail: str = ""
    hint: str = ""
    wrong: bool = False
    silent: bool = False


@attrs.frozen(slots=True)
class Patient:
    """The adapter on the table, its handshake, the random source of the probes."""

    adapter: Adapter
    hello: Hello
    rng: random.Random

    def fork(self, target: str) -> str | None:
        """The latest fork claimed for a target, by the adapter's own order."""
        return self.hello.targets[target].forks[-1] if target in self.hello.targets else None

    def see(self, probe: Probe, extra: Mapping[str, Json] | None = None) -> Observation:
        """The answer to a probe, with `extra` keys put into the request."""
        fork = self.fork(probe.target)
        if fork is None:
            raise LookupError(probe.target)
        if extra is None:
            return self.adapter.run(probe.target, fork, probe.input)
        reply = self.adapter.ask({**run_request(0, probe.target, fork, probe.input), **extra})
        return target_named(probe.target).canonical(reply.value) if isinstance(reply, Answer) else reply

    def judge(self, probe: Probe, seen: Observation) -> Judgement:
        """The judgement of an observation by the same judge that the runner uses."""
        return judge(case_of(probe), seen)

    def try_probe(self, probe: Probe) -> Judgement:
        """Ask and judge."""
        return self.judge(probe, self.see(probe))


def case_of(probe: Probe) -> Case:
    """A probe dressed as a released case."""
    outcome = target_named(probe.target).canonical(probe.outcome)
    return Case(
        "probe",
        1,
        "",
        probe.target,
        "probe",
        (),
        "MUST",
        0,
        "",
        "",
        probe.input,
        (outcome,),
    )


Check: TypeAlias = Callable[[Patient], Finding]


def examine(address: Address, deadlines: Deadlines, seed: int, cases: Sequence[Case] = ()) -> Iterator[Finding]:
    """All findings in order, each as soon as it is known. After a failed handshake there is nothing more to examine."""
    adapter = Adapter(address, deadlines)
    try:
        try:
            hello = adapter.hello()
        except CannotStart as error:
            yield Finding("handshake", "failed", str(error), "is the path right, and may the file be executed?")
            return
        if isinstance(hello, Broken):
            hint = "standard output is for the protocol only; logs go to standard error"
            yield Finding("handshake", "failed", f"{hello.kind}: {hello.detail}", hello.log.strip()[-400:] or hint)
            return
        who, claims = hello.implementation, ", ".join(f"{t} ({' '.join(v.forks)})" for t, v in hello.targets.items())
        features = f"; features {', '.join(sorted(hello.features))}" if hello.features else "; no optional features"
        yield Finding("handshake", "ok", f"{who.name} {who.version} ({who.language}): {claims}{features}")
        patient = Patient(adapter, hello, random.Random(seed))
        for check in CHECKS:
            finding = _safely(check, patient)
            yield finding
            if finding.silent:
                return  # every further question would only wait for its deadline
        yield released_sample(patient, cases)
    finally:
        adapter.close()


def _safely(check: Check, patient: Patient) -> Finding:
    name = check.__name__.replace("_", " ")
    try:
        return check(patient)
    except LookupError as error:
        return Finding(name, "not applicable", f"the adapter does not claim {error.args[0]}")
    except Exception as error:
        # A malformed outcome under extra keys, for one; the doctor goes on to the next check.
        return Finding(name, "failed", f"{type(error).__name__}: {error}")


def _of(name: str, verdict: Judgement, good: str, hint: str = "") -> Finding:
    if verdict.verdict == "pass":
        return Finding(name, "ok", good)
    if verdict.verdict == "skip":
        return Finding(name, "warning", f"declined: {verdict.detail}")
    broke = verdict.verdict in ("crash", "timeout", "protocol")
    return Finding(name, "failed", f"{verdict.verdict}: {verdict.detail}", hint, wrong=not broke)


def purity(patient: Patient) -> Finding:
    """Nothing arrives on standard output that was not asked for."""
    line = patient.adapter.unasked(0.3)
    if line is None:
        return Finding("purity", "ok", "standard output is silent between answers")
    return Finding("purity", "failed", f"unasked: {shown(line)}", "write logs to standard error")


def flush(patient: Patient) -> Finding:
    """A single answer arrives although no further question pushes it out of a buffer."""
    probe = _any_probe(patient)
    begin = time.monotonic()
    seen = patient.see(probe)
    took = time.monotonic() - begin
    if isinstance(seen, Broken) and seen.kind == "timeout":
        return Finding("flush", "failed", seen.detail, "flush standard output after every line", silent=True)
    if isinstance(seen, Broken):
        return Finding("flush", "failed", f"{seen.kind}: {seen.detail}", seen.log.strip()[-400:])
    return Finding("flush", "ok", f"one question, one answer, {1000 * took:.1f} ms")


def fresh_answers(patient: Patient) -> Finding:
    """Random inputs that no one has seen before are answered correctly: this adapter computes."""
    asked = 0
    for make in (probes.sum_of_two, probes.transfer):
        for _ in range(3):
            probe = make(patient.rng)
            if patient.fork(probe.target) is None:
                break
            asked += 1
            verdict = patient.try_probe(probe)
            if verdict.verdict != "pass":
                hint = "an adapter that gives back its input or remembers the released cases fails here"
                return _of("fresh answers", verdict, "", hint)
    if not asked:
        raise LookupError("vm.run or evm.state")
    return Finding("fresh answers", "ok", f"{asked} random inputs answered as arithmetic demands")


def wrong_on_purpose(patient: Patient) -> Finding:
    """The judge itself: a right answer held against an altered expectation must not pass."""
    probe = _any_probe(patient)
    seen = patient.see(probe)
    if patient.judge(probe, seen).verdict != "pass":
        return Finding("wrong on purpose", "not applicable", "the adapter does not answer the unaltered probe")
    verdict = patient.judge(probes.altered(probe), seen)
    if verdict.verdict == "pass":
        return Finding(
            "wrong on purpose", "failed", "an altered expectation passed", "this is a defect of the runner: report it"
        )
    return Finding("wrong on purpose", "ok", f"an altered expectation is refused ({verdict.detail})")


def big_integers(patient: Patient) -> Finding:
    """Gas above 2^53 and words near 2^256 pass through unrounded."""
    for make in (probes.big_gas, probes.big_slot):
        verdict = patient.try_probe(make(patient.rng))
        if verdict.verdict != "pass":
            return _of(
                "big integers", verdict, "", "numbers are decimal strings: read them as big integers, not as doubles"
            )
    return Finding("big integers", "ok", "gas above 2^53, slots and words near 2^256")


def long_line(patient: Patient) -> Finding:
    """A request of one MiB is read whole."""
    verdict = patient.try_probe(probes.long_calldata(patient.rng))
    return _of("long line", verdict, "a request of 1 MiB", "the line buffer is too short (Go: bufio.Scanner.Buffer)")


def unknown_op(patient: Patient) -> Finding:
    """An operation of a later version is declined in words."""
    reply = patient.adapter.ask({"op": "levitate"})
    if isinstance(reply, ErrorReply) and reply.code == "unsupported":
        return Finding("unknown op", "ok", "declined as unsupported")
    return Finding(
        "unknown op", "failed", _said(reply), 'answer {"id":n,"error":{"code":"unsupported","message":"..."}}'
    )


def unknown_target(patient: Patient) -> Finding:
    """A target that was not claimed is declined in words."""
    reply = patient.adapter.ask({"op": "run", "target": "no.such", "fork": "OSAKA", "input": {}})
    if isinstance(reply, ErrorReply | Skip):
        return Finding("unknown target", "ok", "declined")
    return Finding("unknown target", "failed", _said(reply), "answer with error code unsupported")


def unknown_key(patient: Patient) -> Finding:
    """Keys of a later version are ignored."""
    probe = _any_probe(patient)
    seen = patient.see(probe, {"colour": "blue", "nested": {"deep": [1, None, True]}})
    return _of("unknown key", patient.judge(probe, seen), "ignored", "ignore keys that you do not know")


def bad_input(patient: Patient) -> Finding:
    """Nonsense in the input is answered with an error, and the adapter lives on."""
    probe = _any_probe(patient)
    fork = str(patient.fork(probe.target))
    reply = patient.adapter.ask(run_request(0, probe.target, fork, {"code": "0xzz", "pre": 7, "raw": "0x0"}))
    if isinstance(reply, ErrorReply | Skip):
        return Finding("bad input", "ok", f"answered: {_said(reply)}")
    return Finding(
        "bad input", "warning", _said(reply), "catch errors around each case and answer with error code bad-input"
    )


def same_twice(patient: Patient) -> Finding:
    """The same question has the same answer."""
    probe = _any_probe(patient)
    one, two = patient.see(probe), patient.see(probe)
    if sameness(one) == sameness(two):
        return Finding("same twice", "ok", "the same question, the same answer")
    return Finding(
        "same twice", "failed", "the same question was answered in two ways", "no clock, no randomness, no state", True
    )


def no_memory(patient: Patient) -> Finding:
    """A case sees nothing of the case before."""
    key = patient.rng.getrandbits(200)
    first = patient.try_probe(probes.write_slot(patient.rng, key))
    if first.verdict != "pass":
        return _of("no memory", first, "")
    verdict = patient.try_probe(probes.read_empty(patient.rng, key))
    return _of(
        "no memory", verdict, "a slot written by one case is empty in the next", "build the state anew for each case"
    )


def trace_consistency(patient: Patient) -> Finding:
    """Digests asked one by one, together, and recomputed from full states are one chain, constant after its end."""
    if "trace" not in patient.hello.features:
        return Finding(
            "trace consistency", "not applicable", "feature trace is not claimed: failures come without first step"
        )
    probe, fork = probes.long_chain(patient.rng), patient.fork("vm.run")
    if fork is None:
        raise LookupError("vm.run")

    def ask(at: Sequence[int], full: bool = False) -> TraceAnswer:
        answer = patient.adapter.trace("vm.run", fork, probe.input, at, full)
        if not isinstance(answer, TraceAnswer):
            raise TypeError(f"a trace question was answered with {_said(answer)}")
        return answer

    steps = ask([]).steps
    if steps != 206:
        return Finding(
            "trace consistency", "failed", f"{steps} steps, 206 opcodes were executed", "count every opcode once", True
        )
    every = list(range(steps))
    together, states = ask([*every, steps + 7]), ask(every, True).states
    if sorted(states) != every:
        return Finding("trace consistency", "failed", "full states are missing for some steps")
    chain = digest_chain([states[i] for i in every])
    for step in every:
        if together.digests.get(step) != chain[step]:
            detail = f"digest of step {step} is {together.digests.get(step)}, its states give {chain[step]}"
            return Finding("trace consistency", "failed", detail, "see the chapter's test value of the digest", True)
    if together.digests.get(steps + 7) != chain[-1]:
        return Finding("trace consistency", "failed", "a step after the end must have the digest of the last step")
    for step in (0, 1, steps // 2, steps - 1):
        if ask([step]).digests.get(step) != chain[step]:
            return Finding("trace consistency", "failed", f"step {step} asked alone has another digest")
    return Finding("trace consistency", "ok", f"{steps} digests agree with {steps} full states")


def digest_chain(states: Sequence[Mapping[str, Json]]) -> list[str]:
    """The chained digests of a sequence of states, from the definition in the chapter."""
    chain, previous = [], bytes(16)
    for state in states:
        numbers = "|".join(str(state[key]) for key in ("pc", "op", "gas", "depth", "memory_size"))
        stack = state["stack"]
        assert isinstance(stack, Sequence)
        previous = hashlib.sha256(previous + f"{numbers}|{','.join(map(str, stack))}".encode()).digest()[:16]
        chain.append("0x" + previous.hex())
    return chain


def other_version(patient: Patient) -> Finding:
    """A runner of another version is declined, not misunderstood."""
    reply = patient.adapter.ask({"op": "hello", "protocol": ["hyperion/999"]})
    if isinstance(reply, ErrorReply):
        return Finding("other version", "ok", "declined")
    return Finding("other version", "warning", _said(reply), "decline a hello that does not offer hyperion/1")


def restart(patient: Patient) -> Finding:
    """After a kill, a new process answers the same."""
    probe = _any_probe(patient)
    before = patient.see(probe)
    patient.adapter.kill()
    after = patient.see(probe)
    if sameness(before) == sameness(after):
        return Finding("restart", "ok", "killed, started again, same answer")
    return Finding(
        "restart", "failed", f"another answer after a restart: {_said(after)}", "keep nothing on disk between runs"
    )


CHECKS: tuple[Check, ...] = (
    purity,
    flush,
    fresh_answers,
    wrong_on_purpose,
    big_integers,
    long_line,
    unknown_op,
    unknown_target,
    unknown_key,
    bad_input,
    same_twice,
    no_memory,
    trace_consistency,
    other_version,
    restart,
)


def released_sample(patient: Patient, cases: Sequence[Case]) -> Finding:
    """A handful of released cases: whether a whole run is worth starting."""
    claimed = [case for case in cases if patient.hello.claims(case.target, case.fork)]
    sample = patient.rng.sample(claimed, min(10, len(claimed)))
    if not sample:
        return Finding("released sample", "not applicable", "no released case is claimed")
    verdicts = [judge(case, patient.adapter.run(case.target, case.fork, case.input, case.steps)) for case in sample]
    good = sum(verdict.verdict in ("pass", "skip") for verdict in verdicts)
    detail = f"{good} of {len(sample)} pass or are skipped"
    return Finding(
        "released sample",
        "ok" if good == len(sample) else "warning",
        detail,
        "" if good else "start with one: replay ID",
    )


def _any_probe(patient: Patient) -> Probe:
    for make in (probes.sum_of_two, probes.transfer):
        probe = make(patient.rng)
        if patient.fork(probe.target) is not None:
            return probe
    raise LookupError("vm.run or evm.state")


def _said(reply: object) -> str:
    match reply:
        case ErrorReply(_, code, message):
            return f"error {code}: {message[:200]}"
        case Skip(_, why):
            return f"skip: {why[:200]}"
        case Broken(kind, detail):
            return f"{kind}: {detail}"
        case Answer(_, value):
            return f"ok: {str(value)[:120]}"
    return str(reply)[:200]
