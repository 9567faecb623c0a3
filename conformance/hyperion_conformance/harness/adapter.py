"""A conversation with one adapter: handshake, numbered questions, and restart after anything went wrong."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from hyperion_conformance.harness.address import Address
from hyperion_conformance.harness.channel import CannotStart, Channel, Closed, Flood, Line, Silent, open_channel
from hyperion_conformance.protocol.decode import (
    MalformedMessage,
    decode_hello,
    decode_reply,
    decode_trace,
    shown,
    text,
)
from hyperion_conformance.protocol.messages import (
    Answer,
    ErrorReply,
    Hello,
    Json,
    Reply,
    Skip,
    TraceAnswer,
    act_request,
    bye_request,
    close_request,
    encode,
    hello_request,
    open_request,
    run_request,
    snapshot_request,
    trace_request,
)
from hyperion_conformance.protocol.schema import check_reply, check_request
from hyperion_conformance.targets import target_named

SESSIONS = "sessions"
"""The feature of an adapter that can be driven one event at a time."""

Breakage: TypeAlias = Literal["crash", "timeout", "protocol"]


@attrs.frozen(slots=True)
class Broken:
    """The adapter did not answer as an adapter does. The process is gone; the next question starts a new one."""

    kind: Breakage
    detail: str
    log: str = ""


@attrs.frozen(slots=True)
class Deadlines:
    """Seconds until silence counts as a hang: a base, a share per opcode, and the slowness of this machine."""

    base: float = 10.0
    per_step: float = 0.001
    start: float = 30.0
    factor: float = 1.0

    def of(self, steps: int | None) -> float:
        """Seconds for one case of so many opcodes."""
        return (self.base + self.per_step * (steps or 0)) * self.factor

    @property
    def of_start(self) -> float:
        """Seconds for starting and shaking hands."""
        return self.start * self.factor


def calibrate(deadlines: Deadlines, nominal: float = 0.020) -> Deadlines:
    """Stretch the deadlines on a slow or busy machine, at most tenfold; never shorten them.

    `nominal` is the time that the fixed work below takes on an ordinary idle machine. The best of a few tries counts:
    one that was interrupted says nothing about the machine.
    """
    tries = []
    for _ in range(3):
        begin, digest = time.perf_counter(), b""
        for _ in range(20_000):
            digest = hashlib.sha256(digest).digest()
        tries.append(time.perf_counter() - begin)
    return attrs.evolve(deadlines, factor=min(10.0, max(1.0, min(tries) / nominal)))


class Adapter:
    """One adapter, started lazily and restarted after breakage with the handshake replayed."""

    def __init__(self, address: Address, deadlines: Deadlines | None = None, validate: bool = False) -> None:
        self.address = address
        self.deadlines = deadlines or Deadlines()
        self.starts = 0
        self._validate = validate
        self._channel: Channel | None = None
        self._number = 0
        self._hello: Hello | None = None

    def hello(self) -> Hello | Broken:
        """The handshake of the running process, which is started if there is none."""
        if self._channel is not None and self._hello is not None:
            return self._hello
        self.kill()
        self._channel = open_channel(self.address)
        self.starts += 1
        self._number = 1
        reply = self._ask(hello_request(1), self.deadlines.of_start)
        if isinstance(reply, Broken):
            return reply
        if not isinstance(reply, Answer):
            return self._broken("protocol", f"hello was not answered with ok: {reply}")
        try:
            self._hello = decode_hello(reply.value)
        except MalformedMessage as error:
            return self._broken("protocol", str(error))
        return self._hello

    def run(
        self, target: str, fork: str, given: Mapping[str, Json], steps: int | None = None
    ) -> Mapping[str, Json] | Skip | ErrorReply | Broken:
        """One case. An answer is returned in canonical form; one of the wrong shape is breakage, not a wrong answer.

        A state machine is driven one event at a time where the adapter offers sessions; else it gets the whole case.
        """
        rules = target_named(target)
        hello = self._ready()
        if isinstance(hello, Broken):
            return hello
        if rules.session is not None and SESSIONS in hello.features:
            reply = self._session(target, fork, given)
        else:
            reply = self._question(run_request(self._next(), target, fork, given), self.deadlines.of(steps))
        if not isinstance(reply, Answer):
            return reply
        try:
            return rules.canonical(reply.value)
        except MalformedMessage as error:
            # The line was framed correctly, so the process can go on.
            return Broken("protocol", str(error), self.log_tail())

    def _session(self, target: str, fork: str, given: Mapping[str, Json]) -> Reply | Broken:
        """All events of a case in a session of its own; what is no answer to one of them ends it."""
        beginning, events = given["open"], given["events"]
        assert isinstance(beginning, Mapping) and isinstance(events, Sequence)  # as the case was read
        opened = self.ask(open_request(0, target, fork, beginning))
        if not isinstance(opened, Answer):
            return opened
        try:
            session = text(opened.value.get("session"), "$.ok.session")
        except MalformedMessage as error:
            return Broken("protocol", str(error), self.log_tail())
        answers: list[Json] = []
        for event in events:
            assert isinstance(event, Mapping)
            reply = self.ask(act_request(0, session, event))
            if not isinstance(reply, Answer):
                return reply
            answers.append(reply.value)
        final = self.ask(snapshot_request(0, session))
        if not isinstance(final, Answer):
            return final
        closed = self.ask(close_request(0, session))
        if not isinstance(closed, Answer):
            return closed
        return attrs.evolve(final, value={"answers": answers, "final": final.value})

    def trace(
        self,
        target: str,
        fork: str,
        given: Mapping[str, Json],
        at: Sequence[int],
        full: bool = False,
        steps: int | None = None,
    ) -> TraceAnswer | Skip | ErrorReply | Broken:
        """Digests, or full states, at the asked steps of one case."""
        reply = self._question(trace_request(self._next(), target, fork, given, at, full), self.deadlines.of(steps))
        if not isinstance(reply, Answer):
            return reply
        try:
            return decode_trace(reply.value)
        except MalformedMessage as error:
            return Broken("protocol", str(error), self.log_tail())

    def ask(self, request: Mapping[str, Json]) -> Reply | Broken:
        """Any request, numbered here: for the probes of the doctor."""
        return self._question({**request, "id": self._next()}, self.deadlines.of(None))

    def unasked(self, seconds: float) -> bytes | None:
        """A line that arrives although nothing was asked, or None."""
        heard = self._channel.listen(seconds) if self._channel is not None else Silent(b"")
        return heard.data if isinstance(heard, Line) else getattr(heard, "partial", b"") or None

    def log_tail(self) -> str:
        """The last of what it wrote to standard error."""
        return self._channel.log_tail() if self._channel is not None else ""

    def kill(self) -> None:
        """End the process without a word; the next question starts a new one."""
        if self._channel is not None:
            self._channel.close()
        self._channel, self._hello = None, None

    def abort(self) -> None:
        """End the process from another thread; whoever waits for its answer hears that it is gone."""
        channel = self._channel
        if channel is not None:
            channel.abort()

    def close(self) -> None:
        """Say bye, wait a moment, and kill what is left."""
        if self._channel is not None:
            self._channel.close(encode(bye_request()))
        self._channel, self._hello = None, None

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _ready(self) -> Hello | Broken:
        """The handshake of a process that can be asked, which is started if there is none."""
        try:
            hello = self.hello()
        except CannotStart as error:
            # It ran before, and its command is gone since: in the middle of a run that is a crash like any other.
            return Broken("crash", f"cannot be started: {error}")
        return attrs.evolve(hello, detail="at hello: " + hello.detail) if isinstance(hello, Broken) else hello

    def _question(self, request: dict[str, Json], seconds: float) -> Reply | Broken:
        hello = self._ready()
        if isinstance(hello, Broken):
            return hello
        if self._number != request["id"]:  # a restart began to count anew
            request["id"] = self._next()
        return self._ask(request, seconds)

    def _ask(self, request: Mapping[str, Json], seconds: float) -> Reply | Broken:
        if self._validate:
            check_request(request)
        assert self._channel is not None
        stray = self._channel.listen(0)
        if isinstance(stray, Line):
            return self._broken("protocol", f"a line that nobody asked for: {shown(stray.data)}")
        heard = self._channel.exchange(encode(request), seconds)
        match heard:
            case Silent(b""):
                return self._broken("timeout", f"no answer within {seconds:.3g} s")
            case Silent(partial):
                return self._broken(
                    "protocol", f"a line was begun and not ended within {seconds:.3g} s: {shown(partial)}"
                )
            case Closed(partial, status):
                tail = f", after a line that never ended: {shown(partial)}" if partial else ""
                return self._broken("crash", status + tail)
            case Flood(start):
                return self._broken("protocol", f"a line longer than 16 MiB, beginning {shown(start)}")
            case Line(data):
                return self._reply(data, request)

    def _reply(self, data: bytes, request: Mapping[str, Json]) -> Reply | Broken:
        try:
            reply = decode_reply(data)
            if self._validate:
                check_reply(data, str(request["op"]), str(request.get("target", "")))
        except MalformedMessage as error:
            return self._broken("protocol", str(error))
        if reply.id != request["id"]:
            return self._broken("protocol", f"$.id: question {request['id']} was answered as {reply.id}")
        assert self._channel is not None
        stray = self._channel.listen(0)
        if isinstance(stray, Line):
            return self._broken("protocol", f"a second line after the answer: {shown(stray.data)}")
        return reply

    def _broken(self, kind: Breakage, detail: str) -> Broken:
        log = self.log_tail()
        self.kill()
        return Broken(kind, detail, log)
