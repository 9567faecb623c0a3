"""A token of our own: an ERC-20 in assembly, for programs that are measured and blocks that are disputed about."""

from typing import Final

from hyperion.primitives.hashing import keccak256
from hyperion.primitives.word import Address, Word

TRANSFER: Final = 0xA9059CBB
MINT: Final = 0x1249C58B
TRANSFER_EVENT: Final = 0xDDF252AD1BE2C89B69C2B068FC378DAA952BA7F163C4A11628F55A4DF523B3EF

TOKEN_SOURCE: Final = f"""
    ; dispatch: the selector is the first four bytes
    0 CALLDATALOAD 224 SHR DUP1 {TRANSFER} EQ @transfer JUMPI {MINT} EQ @mint JUMPI
fail: 0 0 REVERT
transfer:
    CALLVALUE @fail JUMPI                       ; not payable
    CALLDATASIZE 68 GT @fail JUMPI              ; too short
    36 CALLDATALOAD 4 CALLDATALOAD              ; amount to
    DUP1 160 SHR @fail JUMPI                    ; not an address
    0 32 MSTORE                                 ; balances are the mapping at slot 0
    CALLER 0 MSTORE 64 0 KECCAK256              ; amount to slot
    DUP1 SLOAD                                  ; amount to slot balance
    DUP4 DUP2 LT @fail JUMPI                    ; balance < amount
    DUP4 SWAP1 SUB SWAP1 SSTORE                 ; amount to
    DUP1 0 MSTORE 64 0 KECCAK256                ; amount to slot
    DUP3 DUP2 SLOAD ADD                         ; amount to slot sum
    DUP4 DUP2 LT @fail JUMPI                    ; overflow
    SWAP1 SSTORE                                ; amount to
    SWAP1 0 MSTORE                              ; to
    CALLER {TRANSFER_EVENT} 32 0 LOG3
    1 0 MSTORE 32 0 RETURN
mint:
    CALLER 0 MSTORE 1000000000 64 0 KECCAK256 SSTORE STOP
"""
"""The transfer function of an ERC-20: a mapping of balances at slot 0, checks for funds and overflow, the event, and
``true``. Beside it only a mint that everyone may use, with which a program fills its own purse."""


def balance_slot(holder: Address) -> Word:
    """Where the balance of a holder is stored: the mapping at slot 0, as in Solidity's layout."""
    return int.from_bytes(keccak256(holder.to_bytes(32, "big") + bytes(32)), "big")


def transfer_input(recipient: Address, amount: Word) -> bytes:
    """The input of a transfer."""
    return TRANSFER.to_bytes(4, "big") + recipient.to_bytes(32, "big") + amount.to_bytes(32, "big")
