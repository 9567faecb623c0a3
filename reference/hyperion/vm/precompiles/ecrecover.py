"""0x01: the address that signed a hash with secp256k1. Source: Yellow Paper, appendix E.1."""

from typing import Final

from hyperion.primitives.secp256k1 import address_of, recover
from hyperion.rules import rule
from hyperion.vm.precompile import Precompile, read, read_int

GAS: Final = 3_000
"""Gas of a recovery."""


@rule("VM-precompile-ecrecover", "ECREC gives the signer's address in 32 bytes, or nothing if there is no signer.")
def ecrecover(data: bytes) -> bytes | None:
    """The signer's address, left-padded to 32 bytes, for ``hash v r s`` of 32 bytes each; empty if there is none.

    ``v`` is 27 or 28. A high ``s`` is accepted: EIP-2 is about transactions. Never fails.
    """
    v, r, s = (read_int(data, start, 32) for start in (32, 64, 96))
    if v not in (27, 28):
        return b""
    public_key = recover(read(data, 0, 32), v - 27, r, s)
    return b"" if public_key is None else address_of(public_key).to_bytes(32, "big")


PRECOMPILES: Final = (Precompile(0x01, "ECREC", lambda data: GAS, ecrecover, since=None, until=None),)
