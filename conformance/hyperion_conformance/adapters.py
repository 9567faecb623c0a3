"""Foreign clients: which there are, which can run here, and how their environments come to be.

Each folder of ``conformance/adapters`` with an ``adapter.toml`` describes one environment and the adapters that run in
it. Nothing is installed outside the project: environments live in ``.peers``, node's packages beside their adapter.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import attrs

CHECKOUT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = CHECKOUT / "conformance" / "adapters"
PEERS: Final = CHECKOUT / ".peers"
PATIENCE: Final = 1_800
"""Seconds that one step of a set-up may take: a first build of a client compiles a few hundred packages."""

Say: TypeAlias = Callable[[str], None]
Status: TypeAlias = Literal["ready", "not available"]


class UnknownClient(Exception):
    """A name that no manifest has."""


class SetupFailed(Exception):
    """A step of a set-up did not succeed; the text ends with what it printed last."""


@attrs.frozen(slots=True)
class Client:
    """A foreign client; `command` starts its adapter, or is None where `why` says what is missing."""

    name: str
    language: str
    command: tuple[str, ...] | None
    why: str = ""

    @property
    def status(self) -> Status:
        """Whether the adapter can be started now."""
        return "ready" if self.command else "not available"


@attrs.frozen(slots=True)
class Environment:
    """One folder of adapters: what it needs, how it is set up, and what is then there."""

    here: Path
    peers: Path
    needs: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]
    inputs: tuple[str, ...]
    makes: Path
    adapters: tuple[tuple[str, str, tuple[str, ...]], ...]

    @property
    def stamp(self) -> Path:
        """Where the fingerprint of the last set-up is kept."""
        return self.peers / f"{self.here.name}.stamp"

    @property
    def fingerprint(self) -> str:
        """A digest of everything the set-up depends on, so that a changed lock file is noticed.

        Of the interpreter only the version counts: which of the machine's environments asks does not matter.
        """
        digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
        for name in ("adapter.toml", *self.inputs):
            digest.update((self.here / name).read_bytes())
        return digest.hexdigest()

    @property
    def missing(self) -> tuple[str, ...]:
        """Tools that the set-up needs and that are not on this machine."""
        return tuple(tool for tool in self.needs if shutil.which(tool) is None)

    @property
    def fresh(self) -> bool:
        """Whether the environment is there and made from the files as they are now."""
        return self.makes.exists() and self.stamp.exists() and self.stamp.read_text() == self.fingerprint


def environments(folder: Path = FOLDER, peers: Path = PEERS) -> tuple[Environment, ...]:
    """Every environment that has a manifest, in order of folder names; none in an installation without a checkout."""
    return tuple(_environment(path.parent, peers) for path in sorted(folder.glob("*/adapter.toml")))


def _environment(here: Path, peers: Path) -> Environment:
    manifest = tomllib.loads((here / "adapter.toml").read_text("utf-8"))
    setup: dict[str, Any] = manifest["setup"]

    def filled(text: str) -> str:
        return text.format(here=here, peers=peers, python=sys.executable)

    def words(line: Sequence[str]) -> tuple[str, ...]:
        return tuple(map(filled, line))

    return Environment(
        here=here,
        peers=peers,
        needs=tuple(setup["needs"]),
        steps=tuple(map(words, setup["steps"])),
        inputs=tuple(setup["inputs"]),
        makes=Path(filled(setup["makes"])),
        adapters=tuple((a["name"], a["language"], words(a["command"])) for a in manifest["adapter"]),
    )


def available(folder: Path = FOLDER, peers: Path = PEERS) -> list[Client]:
    """Every client with its status; nothing is installed by asking."""
    return [client for place in environments(folder, peers) for client in _clients(place, _obstacle(place))]


def ensure(
    names: Iterable[str] | None = None, say: Say | None = None, folder: Path = FOLDER, peers: Path = PEERS
) -> list[Client]:
    """Set up the environments of the named clients (all without names) and return these clients, in the order asked.

    A missing toolchain or a failed step is told and makes its clients not available; it stops nothing else. Raises
    `UnknownClient` for a name without a manifest.
    """
    tell = say or _to_stderr
    places = environments(folder, peers)
    home = {name: place for place in places for name, _, _ in place.adapters}
    wanted = list(home if names is None else names)
    for name in wanted:
        if name not in home:
            raise UnknownClient(f"no adapter named {name!r}: there are {', '.join(home) or 'none here'}")
    found: dict[str, Client] = {}
    for place in dict.fromkeys(home[name] for name in wanted):
        found |= {client.name: client for client in _clients(place, _set_up(place, tell))}
    return [found[name] for name in wanted]


def _clients(place: Environment, obstacle: str) -> Iterator[Client]:
    for name, language, command in place.adapters:
        yield Client(name, language, None if obstacle else command, obstacle)


def _obstacle(place: Environment) -> str:
    """Why the environment cannot be used now, or nothing."""
    if place.missing:
        return f"not on this machine: {', '.join(place.missing)}"
    if not place.makes.exists():
        return "not set up yet"
    return "" if place.fresh else "set up from files that have changed since"


def _set_up(place: Environment, say: Say) -> str:
    """Make the environment fresh; the reason why that cannot be, or nothing."""
    names = ", ".join(name for name, _, _ in place.adapters)
    if place.missing:
        obstacle = _obstacle(place)
        say(f"{names}: {obstacle}")
        return obstacle
    with _alone(place):
        if place.fresh:
            return ""
        say(f"{names}: setting up from {', '.join(place.inputs)} in {place.here.name}/")
        try:
            for step in place.steps:
                _carry_out(step, place.here)
        except SetupFailed as failure:
            say(f"{names}: {failure}")
            return str(failure)
        place.stamp.write_text(place.fingerprint)
        say(f"{names}: ready")
    return ""


def _carry_out(step: Sequence[str], where: Path) -> None:
    # GOTOOLCHAIN: an old Go is told so by the build, rather than fetching another toolchain behind our back.
    environment = os.environ | {"GOTOOLCHAIN": "local", "PIP_NO_INPUT": "1"}
    try:
        done = subprocess.run(
            step, cwd=where, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupFailed(f"`{' '.join(step)}` failed: {error}") from None
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-6:]
        raise SetupFailed("\n  ".join([f"`{' '.join(step)}` exited {done.returncode}:", *last]))


@contextmanager
def _alone(place: Environment) -> Iterator[None]:
    """Hold the environment's lock: parallel test workers must not build it twice."""
    place.peers.mkdir(parents=True, exist_ok=True)
    with (place.peers / f"{place.here.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
