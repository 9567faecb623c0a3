"""Where an adapter is: a command to start, or a TCP address at which one already listens."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import attrs


@attrs.frozen(slots=True)
class Command:
    """A process per adapter; `argv` is run without a shell, `environment` is added to ours."""

    argv: tuple[str, ...]
    directory: str | None = None
    environment: Mapping[str, str] = attrs.field(factory=dict)

    def __str__(self) -> str:
        return shlex.join(self.argv)


@attrs.frozen(slots=True)
class Tcp:
    """One connection per adapter; a new connection must find a fresh adapter."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"tcp:{self.host}:{self.port}"


Address: TypeAlias = Command | Tcp


class BadAddress(Exception):
    """Words on the command line that name no adapter."""


def parse_address(words: Sequence[str]) -> Address:
    """`tcp:host:port`, or a command with its arguments. Refused: nothing at all, a port that is no port."""
    if not words:
        raise BadAddress("no adapter given: put its command after `--`, or tcp:HOST:PORT")
    if len(words) == 1 and words[0].startswith("tcp:"):
        host, _, port = words[0][4:].rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise BadAddress(f"not tcp:HOST:PORT: {words[0]}")
        return Tcp(host.strip("[]"), int(port))
    return Command(tuple(words))
