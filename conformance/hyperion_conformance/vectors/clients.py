"""Independent clients that a filled case is put to: names of released adapters, or a command."""

import shlex
from collections.abc import Mapping
from typing import Final

from hyperion_conformance import adapters
from hyperion_conformance.harness.address import Address, Command, parse_address

DEFAULT: Final = "eels"
"""It covers every fork and target here, and traces; it is written by others from the same documents."""


FLOOR: Final = "admits a gas limit below the floor of EIP-7623"
INITCODE: Final = "does not count initialisation code in the intrinsic gas (EIP-3860)"
BASE: Final = "takes a base of no bytes to any power for 0, also to the power 0"
DESIGNATOR: Final = "takes code that begins like a designator for one, whatever its length"

KNOWN_FAULTS: Final[Mapping[tuple[str, str], str]] = {
    ("eels", "evm.state/admission/reject-other-chain-type2"): "does not compare the chain of a typed transaction",
    ("py-evm", "evm.state/admission/reject-ten-blobs"): "asks for the blob limit of the block only when it is complete",
    ("py-evm", "evm.state/intrinsic/creation-one-short-cancun"): INITCODE,
    ("py-evm", "evm.state/intrinsic/creation-one-short-prague"): INITCODE,
    ("py-evm", "evm.state/intrinsic/data-mixed-one-short-prague"): FLOOR,
    ("py-evm", "evm.state/intrinsic/data-nonzeros-one-short-prague"): FLOOR,
    ("py-evm", "evm.state/intrinsic/data-zeros-one-short-prague"): FLOOR,
    ("py-evm", "vm.run/precompiles/modexp-length-1024-cancun"): BASE,
    ("py-evm", "vm.run/precompiles/modexp-length-1024-prague"): BASE,
    ("py-evm", "vm.run/precompiles/modexp-length-1025-cancun"): BASE,
    ("py-evm", "vm.run/precompiles/modexp-length-1025-prague"): BASE,
    ("ethereumjs", "vm.run/calls/designator-too-long"): DESIGNATOR,
    ("ethereumjs", "vm.run/calls/designator-too-short"): DESIGNATOR,
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
