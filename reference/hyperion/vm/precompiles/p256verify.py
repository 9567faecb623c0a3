"""0x100: verification of a P-256 signature. Source: EIP-7951."""

from typing import Final

from hyperion.primitives import p256
from hyperion.rules import rule
from hyperion.vm.fork import Eip
from hyperion.vm.precompile import Precompile, read_int

GAS: Final = 6_900
INPUT_BYTES: Final = 160


@rule("VM-precompile-p256verify", "P256VERIFY gives the word 1 for a valid signature, and nothing for anything else.")
def p256verify(data: bytes) -> bytes | None:
    """The word 1 if ``hash r s x y`` of 32 bytes each is a signature with its key; otherwise empty. Never fails."""
    if len(data) != INPUT_BYTES:
        return b""
    r, s, x, y = (read_int(data, start, 32) for start in (32, 64, 96, 128))
    return (1).to_bytes(32, "big") if p256.verify(data[:32], r, s, x, y) else b""


PRECOMPILES: Final = (Precompile(0x100, "P256VERIFY", lambda data: GAS, p256verify, since=Eip.P256VERIFY, until=None),)
