"""Bytes to and from an adapter, with a deadline on every wait.

Everything is read without blocking through one selector per adapter: a writer that waits for a full pipe while the
adapter waits for its own full pipe would hang both, and only the deadline would tell.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import time
from collections import deque
from typing import IO, Protocol

import attrs

from hyperion_conformance.harness.address import Address, Command, Tcp

MAX_LINE = 16 * 1024 * 1024
"""Bytes in one line from an adapter; more is garbage, not an answer."""

STDERR_TAIL = 8 * 1024
"""Bytes of the adapter's log kept for the report of a crash."""

_BLOCK = 1 << 16


@attrs.frozen(slots=True)
class Line:
    """A whole line, without its newline."""

    data: bytes


@attrs.frozen(slots=True)
class Silent:
    """The deadline passed. `partial` is what had come of a line that was never ended."""

    partial: bytes


@attrs.frozen(slots=True)
class Closed:
    """The other end is gone. `status` is its exit status in words."""

    partial: bytes
    status: str


@attrs.frozen(slots=True)
class Flood:
    """A line longer than `MAX_LINE`."""

    start: bytes


Heard = Line | Silent | Closed | Flood


class Channel(Protocol):
    """One live adapter."""

    def exchange(self, request: bytes, seconds: float) -> Heard:
        """Write a request and hear what comes."""

    def listen(self, seconds: float) -> Heard:
        """Hear what comes unasked."""

    def log_tail(self) -> str:
        """The end of the adapter's log."""

    def abort(self) -> None:
        """End it from another thread."""

    def close(self, farewell: bytes = b"") -> None:
        """Say farewell if there is one, then end it for certain."""


class CannotStart(Exception):
    """The command does not exist, may not be run, or nothing listens at the address."""


class _Stream:
    """Selector, buffer and deadline shared by process and socket. Mutable: it is a wire, not a value."""

    def __init__(
        self, read: IO[bytes] | socket.socket, write: IO[bytes] | socket.socket, log: IO[bytes] | None
    ) -> None:
        self._selector = selectors.DefaultSelector()
        self._read, self._write, self._log = read.fileno(), write.fileno(), None if log is None else log.fileno()
        for descriptor in {self._read, self._write} | ({self._log} if self._log is not None else set()):
            os.set_blocking(descriptor, False)
        self._selector.register(self._read, selectors.EVENT_READ)
        if self._log is not None:
            self._selector.register(self._log, selectors.EVENT_READ)
        self._chunks: list[bytes] = []
        self._size = 0
        self._ready: deque[bytes] = deque()
        self._ended = False
        self._tail = b""

    def exchange(self, request: bytes, seconds: float) -> Line | Silent | Flood | None:
        """Write the whole request and read one line; None when the other end is gone."""
        until = time.monotonic() + seconds
        pending = memoryview(request)
        while pending:
            self._pump(0)
            if self._ended:
                return None
            try:
                pending = pending[os.write(self._write, pending[:_BLOCK]) :]
            except BlockingIOError:
                left = until - time.monotonic()
                if left <= 0:
                    return Silent(self._partial())
                self._pump(min(left, 0.01))
            except OSError:
                self._drain()
                return None if not self._ready else Line(self._ready.popleft())
        return self.listen(until - time.monotonic())

    def listen(self, seconds: float) -> Line | Silent | Flood | None:
        until = time.monotonic() + max(seconds, 0)
        while not self._ready:
            if self._ended:
                return None
            if self._size > MAX_LINE:
                return Flood(self._partial()[:80])
            left = until - time.monotonic()
            if left < 0:
                return Silent(self._partial())
            self._pump(left)
        return Line(self._ready.popleft())

    def _pump(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            try:
                data = os.read(key.fd, _BLOCK)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if key.fd == self._log:
                self._tail = (self._tail + data)[-STDERR_TAIL:]
            elif data:
                self._take(data)
            if not data:
                self._selector.unregister(key.fd)
                self._ended = self._ended or key.fd == self._read

    def _take(self, data: bytes) -> None:
        *whole, rest = data.split(b"\n")
        if whole:
            self._ready.append(b"".join([*self._chunks, whole[0]]))
            self._ready.extend(whole[1:])
            self._chunks, self._size = [], 0
        if rest:
            self._chunks.append(rest)
            self._size += len(rest)

    def _partial(self) -> bytes:
        return b"".join(self._chunks)

    def _drain(self) -> None:
        """What is still in the pipes of an adapter that is gone: its last words are the best part of the report."""
        until = time.monotonic() + 0.5
        while self._selector.get_map() and time.monotonic() < until:
            self._pump(0.05)

    def last_words(self) -> bytes:
        self._drain()
        return self._partial()

    def log_tail(self) -> str:
        while self._log is not None and self._log in self._selector.get_map() and self._selector.select(0):
            before = len(self._tail), self._tail[-64:]
            self._pump(0)
            if before == (len(self._tail), self._tail[-64:]):
                break
        return self._tail.decode("utf-8", "replace")

    def close(self) -> None:
        self._selector.close()


class ProcessChannel:
    """An adapter as a child process, in a process group of its own so that its children die with it."""

    def __init__(self, command: Command) -> None:
        try:
            self._process = subprocess.Popen(
                command.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=command.directory,
                env={**os.environ, **command.environment},
                start_new_session=True,
            )
        except OSError as error:
            raise CannotStart(f"{command}: {error.strerror or error}") from None
        assert self._process.stdin and self._process.stdout and self._process.stderr  # three times PIPE above
        self._stream = _Stream(self._process.stdout, self._process.stdin, self._process.stderr)

    def exchange(self, request: bytes, seconds: float) -> Heard:
        """Write a request and hear one line, the deadline, or the end of the other side."""
        return self._stream.exchange(request, seconds) or self._closed()

    def listen(self, seconds: float) -> Heard:
        """Hear a line that was not asked for, or silence."""
        return self._stream.listen(seconds) or self._closed()

    def log_tail(self) -> str:
        """The last of what it wrote to standard error."""
        return self._stream.log_tail()

    def _closed(self) -> Closed:
        partial = self._stream.last_words()
        try:
            status = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return Closed(partial, "closed its standard output but still runs")
        if status < 0:
            try:
                return Closed(partial, f"killed by {signal.Signals(-status).name}")
            except ValueError:
                return Closed(partial, f"killed by signal {-status}")
        return Closed(partial, f"exit status {status}")

    def close(self, farewell: bytes = b"") -> None:
        """Say farewell, wait half a second, and kill the whole process group."""
        if farewell and self._process.poll() is None:
            self._stream.exchange(farewell, 0.2)
        if self._process.stdin:
            self._process.stdin.close()
        if farewell:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.5)
        self._kill_group()
        self._process.wait()
        self._stream.close()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    def abort(self) -> None:
        """Kill the process group."""
        self._kill_group()

    def _kill_group(self) -> None:
        # The group outlives its leader when the adapter left children behind, so it is killed in any case.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


class SocketChannel:
    """An adapter behind a TCP address. It has no log, and a restart is a new connection."""

    def __init__(self, address: Tcp) -> None:
        try:
            self._socket = socket.create_connection((address.host, address.port), timeout=5.0)
        except OSError as error:
            raise CannotStart(f"{address}: {error.strerror or error}") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = _Stream(self._socket, self._socket, None)

    def exchange(self, request: bytes, seconds: float) -> Heard:
        """Write a request and hear one line, the deadline, or the end of the other side."""
        return self._stream.exchange(request, seconds) or Closed(self._stream.last_words(), "connection closed")

    def listen(self, seconds: float) -> Heard:
        """Hear a line that was not asked for, or silence."""
        return self._stream.listen(seconds) or Closed(self._stream.last_words(), "connection closed")

    def log_tail(self) -> str:
        """Nothing: the log of a server is on its own machine."""
        return ""

    def abort(self) -> None:
        """Shut the connection down."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self, farewell: bytes = b"") -> None:
        """Say farewell and close the connection."""
        if farewell:
            self._stream.exchange(farewell, 0.2)
        self._stream.close()
        self._socket.close()


def open_channel(address: Address) -> Channel:
    """Start the process or connect. Raises `CannotStart`."""
    return ProcessChannel(address) if isinstance(address, Command) else SocketChannel(address)
