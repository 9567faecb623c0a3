"""Blocks of real EVM transactions: transfers, a token, a market maker, a counter, and calls that compute much.

Every transaction has a sender of its own, so that what depends on what is the contracts' doing.
"""

from collections.abc import Callable
from typing import Final

import attrs
from immutables import Map

from hyperion.execution.profile import ETHEREUM
from hyperion.execution.transaction import FeeMarketTransaction, encode_transaction, signing_hash
from hyperion.execution.validate import Context
from hyperion.parallel.evm.block import EvmBlock, evm_block
from hyperion.primitives.hashing import keccak256
from hyperion.primitives.secp256k1 import address_of, public_key_of, sign
from hyperion.primitives.word import Address
from hyperion.state.world import NO_STORAGE, Account, World
from hyperion.vm.forks import OSAKA
from hyperion.vm.machine import Block
from hyperion_conformance.vectors.generators.assembly import COINBASE, Draw, asm

GAS_LIMIT: Final = 3_000_000
"""Of each transaction."""
FACTS: Final = Block(COINBASE, 1, 1000, 10**12, 0, 7, 1)
CONTEXT: Final = Context(OSAKA, ETHEREUM, 1, FACTS)
FUNDS: Final = 10**18
TOKENS: Final = 10**9
"""What each sender has of a token."""
SECRETS: Final = 0x5EC00000
CONTRACTS: Final = 0xC0DE0000
FRESH: Final = 0xF0000000
"""Where secrets, contracts and recipients without an account are counted from."""


@attrs.frozen
class Call:
    """A transaction by what matters here."""

    to: Address
    data: bytes = b""
    value: int = 0


def sender(index: int) -> Address:
    """The sender of the transaction at an index."""
    return address_of(public_key_of(SECRETS + index))


def encoded(index: int, call: Call) -> bytes:
    """The signed transaction at an index."""
    unsigned = FeeMarketTransaction(
        chain_id=1, nonce=0, max_priority_fee_per_gas=1, max_fee_per_gas=10, gas_limit=GAS_LIMIT, to=call.to,
        value=call.value, data=call.data, access_list=(), y_parity=0, r=0, s=0,
    )  # fmt: skip
    parity, r, s = sign(signing_hash(unsigned), SECRETS + index)
    return encode_transaction(attrs.evolve(unsigned, y_parity=parity, r=r, s=s))


def block_of(calls: list[Call], contracts: dict[Address, Account]) -> EvmBlock:
    """The block of these calls, each by a sender of its own, among these contracts."""
    accounts = {sender(index): Account(0, FUNDS, b"", NO_STORAGE) for index in range(len(calls))}
    transactions = tuple(encoded(index, call) for index, call in enumerate(calls))
    return evm_block(transactions, World(Map({**accounts, **contracts})), CONTEXT)


def word(number: int) -> bytes:
    """32 bytes."""
    return number.to_bytes(32, "big")


def contract(code: bytes, storage: dict[int, int]) -> Account:
    """An account with code."""
    return Account(1, 0, code, Map(storage))


def looped(before: bytes, body: Callable[[int], bytes]) -> bytes:
    """Code with a jump destination between ``before`` and the body, which is told where that is."""
    return before + asm("JUMPDEST") + body(len(before))


# --- transfers -------------------------------------------------------------------------------------------------------


def transfers(size: int) -> EvmBlock:
    """Every sender pays an address that has no account yet."""
    return block_of([Call(FRESH + index, value=1 + index) for index in range(size)], {})


# --- a token ---------------------------------------------------------------------------------------------------------

FAIL: Final = 3
"""Where the code of a token goes to when it refuses."""
TRANSFER_EVENT: Final = 0xDDF252AD1BE2C89B69C2B068FC378DAA952BA7F163C4A11628F55A4DF523B3EF
TOKEN_CODE: Final = asm(
    7, "JUMP", "JUMPDEST", 0, 0, "REVERT", "JUMPDEST",
    "CALLER", 0, "MSTORE", 64, 0, "KECCAK256", "DUP1", "SLOAD",  # slot, balance
    32, "CALLDATALOAD", "DUP2", "DUP2", "GT", FAIL, "JUMPI",  # slot, balance, amount
    "SWAP1", "SUB", "SWAP1", "SSTORE",
    0, "CALLDATALOAD", 0, "MSTORE", 64, 0, "KECCAK256", "DUP1", "SLOAD",  # slot, balance
    32, "CALLDATALOAD", "ADD", "SWAP1", "SSTORE",
    32, "CALLDATALOAD", 0, "MSTORE", 0, "CALLDATALOAD", "CALLER", TRANSFER_EVENT, 32, 0, "LOG3",
    1, 0, "MSTORE", 32, 0, "RETURN",
)  # fmt: skip
"""The transfer of an ERC-20: recipient and amount are the call data; balances are the mapping at slot 0."""


def balance_slot(owner: Address) -> int:
    """Where a token keeps a balance."""
    return int.from_bytes(keccak256(word(owner) + word(0)), "big")


def token(owners: range) -> Account:
    """A token of which these senders have some."""
    return contract(TOKEN_CODE, {balance_slot(sender(index)): TOKENS for index in owners})


def token_transfers(size: int) -> EvmBlock:
    """Every sender pays some of one token to an address that has none."""
    calls = [Call(CONTRACTS, word(FRESH + index) + word(1 + index)) for index in range(size)]
    return block_of(calls, {CONTRACTS: token(range(size))})


CLUSTER: Final = 8


def payee(index: int) -> int:
    """Whom a sender pays within its cluster."""
    return index // CLUSTER * CLUSTER + Draw("clusters", index).below(CLUSTER)


def clustered_transfers(size: int) -> EvmBlock:
    """A token for each eight senders, who pay one another."""
    calls = [
        Call(CONTRACTS + index // CLUSTER, word(sender(payee(index))) + word(1 + index)) for index in range(size)
    ]
    clusters = range(-(-size // CLUSTER))
    owners = {place: range(place * CLUSTER, (place + 1) * CLUSTER) for place in clusters}
    return block_of(calls, {CONTRACTS + place: token(owners[place]) for place in clusters})


# --- a market maker --------------------------------------------------------------------------------------------------

RESERVE: Final = 10**24
OWED: Final = 1 << 160
"""Set in the slot of what a trader has paid; what it got is at its address."""
POOL_CODE: Final = asm(
    0, "CALLDATALOAD", 997, "MUL", 1, "SLOAD", "DUP2", "MUL",  # in · 997, y · in · 997
    0, "SLOAD", 1000, "MUL", "DUP3", "ADD", "SWAP1", "DIV",  # in · 997, out
    1, "SLOAD", "DUP2", "SWAP1", "SUB", 1, "SSTORE",
    0, "SLOAD", 0, "CALLDATALOAD", "ADD", 0, "SSTORE",
    "CALLER", "SLOAD", "ADD", "CALLER", "SSTORE",
    OWED, "CALLER", "OR", "DUP1", "SLOAD", 0, "CALLDATALOAD", "ADD", "SWAP1", "SSTORE", "STOP",
)  # fmt: skip
"""A swap along x · y = constant with a fee of 0.3 %: reserves in slots 0 and 1, and what each trader paid and got."""


def swaps(size: int, pools: int) -> EvmBlock:
    """Every sender swaps in one of the pools, in turn."""
    calls = [Call(CONTRACTS + index % pools, word(10**18 + index)) for index in range(size)]
    pool = contract(POOL_CODE, {0: RESERVE, 1: RESERVE})
    return block_of(calls, {CONTRACTS + place: pool for place in range(pools)})


# --- one hot word ----------------------------------------------------------------------------------------------------

COUNTER_CODE: Final = asm(0, "SLOAD", 1, "ADD", 0, "SSTORE", "STOP")


def counted(size: int) -> EvmBlock:
    """Every sender increments one word."""
    return block_of([Call(CONTRACTS)] * size, {CONTRACTS: contract(COUNTER_CODE, {0: 1})})


# --- much computation ------------------------------------------------------------------------------------------------

LAYERS: Final = 24
TERMS: Final = 16
ACTIVATIONS: Final = 96 * 1024
"""Bytes of memory that a layer goes over."""
FIELD: Final = 2**61 - 1


def term(start: int) -> bytes:
    """One term of a dot product of weights in memory and call data; the stack is sum, index."""
    return asm(
        FIELD, "DUP2", 32, "MUL", "DUP1", "CALLDATALOAD", "SWAP1", "MLOAD", "MULMOD",  # sum, index, product
        "SWAP1", "SWAP2", "ADD", "SWAP1", 1, "SWAP1", "SUB", "DUP1", start, "JUMPI",
    )  # fmt: skip


def layer(start: int) -> bytes:
    """A dot product, and a hash over all activations that goes into the next layer; the stack is layers left."""
    head = asm(0, TERMS)
    inner = looped(head, lambda place: term(start + 1 + place))
    tail = asm("POP", 0, "MSTORE", ACTIVATIONS, 0, "KECCAK256", 32, "MSTORE", 1, "SWAP1", "SUB", "DUP1", start, "JUMPI")
    return inner + tail


def inference_code() -> bytes:
    """A model: its version is looked up, its weights are in the code, and each caller gets its own result."""
    weights = b"".join(keccak256(word(index)) for index in range(TERMS + 1))

    def program(offset: int) -> bytes:
        before = asm(0, "SLOAD", "POP", len(weights), offset, 0, "CODECOPY", LAYERS)
        return looped(before, layer) + asm("POP", 32, "MLOAD", "CALLER", "SSTORE", "STOP")

    return program(len(program(255))) + weights


def inferences(size: int) -> EvmBlock:
    """Every sender asks one model about an input of its own."""
    calls = [Call(CONTRACTS, b"".join(word(index + at) for at in range(TERMS + 1))) for index in range(size)]
    return block_of(calls, {CONTRACTS: contract(inference_code(), {0: 1})})
