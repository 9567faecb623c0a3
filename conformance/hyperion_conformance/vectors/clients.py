"""Independent clients that a filled case is put to: names of released adapters, or a command."""

import importlib
import shlex
from collections.abc import Callable, Mapping
from typing import Final

from hyperion_conformance.harness.address import Address, Command, parse_address

DEFAULT: Final = "eels"
"""It covers every fork and target here, and traces; it is written by others from the same documents."""


KNOWN_FAULTS: Final[Mapping[tuple[str, str], str]] = {
    ("eels", "evm.state/admission/reject-other-chain-type2"): "does not compare the chain of a typed transaction",
}
"""Cases in which a client is wrong, investigated: client and id, and what is wrong with it. Named in the manifest."""


class UnknownClient(Exception):
    """Words that name no client which can be started here."""


def client(words: str) -> Address:
    """The address of a client: ``tcp:HOST:PORT``, a command with a path in it, or the name of an adapter of ours."""
    if words.startswith("tcp:") or "/" in words or " " in words:
        return parse_address(shlex.split(words))
    try:
        adapters = importlib.import_module("hyperion_conformance.adapters")
    except ImportError:
        raise UnknownClient(f"{words}: adapters by name are not available here; give a command") from None
    ensure: Callable[[str], object] = adapters.ensure
    found = ensure(words)
    if isinstance(found, Command):
        return found
    if isinstance(found, list | tuple):
        return Command(tuple(str(part) for part in found))
    raise UnknownClient(f"{words}: not an adapter of this distribution")
