"""0x02 to 0x04: SHA2-256, RIPEMD-160 and the identity. Source: Yellow Paper, appendix E.1."""

from collections.abc import Callable
from hashlib import sha256 as sha2_256
from typing import Final

from Crypto.Hash import RIPEMD160

from hyperion.rules import rule
from hyperion.vm.precompile import Precompile


@rule("VM-precompile-gas-by-words", "The hashes and the identity cost a base and a price for each begun 32-byte word.")
def by_words(base: int, per_word: int) -> Callable[[bytes], int]:
    """The price function ``base + per_word * words``, in gas."""
    return lambda data: base + per_word * ((len(data) + 31) // 32)


@rule("VM-precompile-sha256", "SHA256 gives the SHA2-256 hash of its input.")
def sha256(data: bytes) -> bytes | None:
    """The 32-byte hash (FIPS 180-4). Never fails."""
    return sha2_256(data).digest()


@rule("VM-precompile-ripemd160", "RIPEMD160 gives the RIPEMD-160 hash of its input, left-padded to 32 bytes.")
def ripemd160(data: bytes) -> bytes | None:
    """The 20-byte hash behind 12 zero bytes. Never fails.

    The library is not the standard one, whose RIPEMD-160 is there or not by the build of OpenSSL.
    """
    digest: bytes = RIPEMD160.new(data).digest()
    return digest.rjust(32, b"\0")


@rule("VM-precompile-identity", "ID gives back its input.")
def identity(data: bytes) -> bytes | None:
    """The input. Never fails."""
    return data


PRECOMPILES: Final = (
    Precompile(0x02, "SHA256", by_words(60, 12), sha256, since=None, until=None),
    Precompile(0x03, "RIPEMD160", by_words(600, 120), ripemd160, since=None, until=None),
    Precompile(0x04, "ID", by_words(15, 3), identity, since=None, until=None),
)
