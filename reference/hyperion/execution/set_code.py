"""Authorisations: accounts that let another account's code run as theirs (EIP-7702)."""

from typing import Final

from hyperion.execution.intrinsic import AUTHORIZATION
from hyperion.execution.transaction import Authorization
from hyperion.primitives.hashing import keccak256
from hyperion.primitives.rlp import encode, int_to_bytes
from hyperion.primitives.secp256k1 import address_of, is_low_s, recover
from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.state.world import World
from hyperion.vm.address import address_bytes
from hyperion.vm.code import delegate_of, delegation_to
from hyperion.vm.machine import Substate

MAGIC: Final = b"\x05"
"""Stands before what an authority signs, so that it can't be taken for a transaction."""
AUTHORIZATION_BASE: Final = 12_500
"""What an authorisation costs when its account exists already; the rest is refunded."""
MAX_NONCE: Final = 2**64 - 1


@rule("EXE-authority", "An authority is the address whose key signed chain, address and nonce, after a magic byte.")
def authority_of(authorization: Authorization) -> Address | None:
    """Whose authorisation it is; None if the signature is nobody's."""
    if not is_low_s(authorization.s):
        return None
    signed = (
        int_to_bytes(authorization.chain_id), address_bytes(authorization.address), int_to_bytes(authorization.nonce)
    )  # fmt: skip
    digest = keccak256(MAGIC + encode(signed))
    key = recover(digest, authorization.y_parity, authorization.r, authorization.s)
    return None if key is None else address_of(key)


@rule("EXE-set-code", "A valid authorisation sets its account's code to a designator and takes up one of its nonces.")
def authorize(
    authorization: Authorization, chain_id: int, world: World, substate: Substate
) -> tuple[World, Substate]:
    """World and substate after ``authorization``; one that does not hold is passed over.

    The account is warm once its signature holds. It must have no code or a designator, and the nonce named. If it
    exists, what it paid as a new account is refunded.
    """
    if authorization.chain_id not in (0, chain_id) or authorization.nonce == MAX_NONCE:
        return world, substate
    authority = authority_of(authorization)
    if authority is None:
        return world, substate
    substate = substate.with_accessed_address(authority)
    account = world.account(authority)
    if (account.code and delegate_of(account.code) is None) or account.nonce != authorization.nonce:
        return world, substate
    if not account.is_empty():
        substate = substate.with_refund(AUTHORIZATION - AUTHORIZATION_BASE)
    code = delegation_to(authorization.address) if authorization.address != 0 else b""
    return world.with_account(authority, account.with_code(code).with_nonce(account.nonce + 1)), substate
