"""Independent clients that a filled case is put to: names of released adapters, or a command."""

import shlex
from collections.abc import Mapping
from typing import Final

from hyperion_conformance import adapters
from hyperion_conformance.harness.address import Address, Command, parse_address
from hyperion_conformance.runner import faults

DEFAULT: Final = "eels"
"""It covers every fork and target here, and traces; it is written by others from the same documents."""


KNOWN_FAULTS: Final[Mapping[tuple[str, str], str]] = {
    (fault.client, id): fault.why for fault in faults.shipped() for id in fault.cases
}
"""Cases in which a client is wrong, investigated: client and id, and what is wrong with it. Named in the manifest."""


class UnknownClient(Exception):
    """Words that name no client which can be started here."""


def client(words: str) -> Address:
    """The address of a client: ``tcp:HOST:PORT``, a command with a path in it, or the name of an adapter of ours.

    A named adapter is set up if need be. Refused: a name that is none, and a client that can't be set up here.
    """
    if words.startswith("tcp:") or "/" in words or " " in words:
        return parse_address(shlex.split(words))
    try:
        (found,) = adapters.ensure([words])
    except adapters.UnknownClient as error:
        raise UnknownClient(str(error)) from None
    if found.command is None:
        raise UnknownClient(f"{words}: {found.why}")
    return Command(found.command)
