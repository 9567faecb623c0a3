"""Addresses of new contracts."""

from hyperion.primitives.hashing import keccak256
from hyperion.primitives.rlp import encode, int_to_bytes
from hyperion.primitives.word import Address, Word
from hyperion.rules import rule


def address_bytes(address: Address) -> bytes:
    """The 20 bytes of ``address``, big-endian."""
    return address.to_bytes(20, "big")


@rule("VM-create-address", "CREATE's address is the hash of creator and nonce.")
def create_address(creator: Address, nonce: int) -> Address:
    """The low 160 bits of the hash of the RLP list of the creator's address and its nonce before the creation."""
    return int.from_bytes(keccak256(encode((address_bytes(creator), int_to_bytes(nonce))))[12:], "big")


@rule("VM-create2-address", "CREATE2's address is the hash of creator, salt and the hash of the initialisation code.")
def create2_address(creator: Address, salt: Word, initcode_hash: bytes) -> Address:
    """The low 160 bits of the hash of 0xff, creator, salt and the hash of the initialisation code (EIP-1014)."""
    return int.from_bytes(
        keccak256(b"\xff" + address_bytes(creator) + salt.to_bytes(32, "big") + initcode_hash)[12:], "big"
    )
