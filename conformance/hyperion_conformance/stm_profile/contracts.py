"""Blocks of real EVM transactions: transfers, a token, a market maker, a counter, and calls that compute much.

Every transaction has a sender of its own, so that what depends on what is the contracts' doing.
"""

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
from hyperion_conformance.assembler import assemble
from hyperion_conformance.token import TOKEN_SOURCE, balance_slot, transfer_input
from hyperion_conformance.vectors.generators.assembly import COINBASE, Draw

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


# --- transfers -------------------------------------------------------------------------------------------------------


def transfers(size: int) -> EvmBlock:
    """Every sender pays an address that has no account yet."""
    return block_of([Call(FRESH + index, value=1 + index) for index in range(size)], {})


# --- a token ---------------------------------------------------------------------------------------------------------

TOKEN: Final = assemble(TOKEN_SOURCE)


def token(owners: range) -> Account:
    """A token of which these senders have some."""
    return contract(TOKEN, {balance_slot(sender(index)): TOKENS for index in owners})


def token_transfers(size: int) -> EvmBlock:
    """Every sender pays some of one token to an address that has none."""
    calls = [Call(CONTRACTS, transfer_input(FRESH + index, 1 + index)) for index in range(size)]
    return block_of(calls, {CONTRACTS: token(range(size))})


CLUSTER: Final = 8


def payee(index: int) -> int:
    """Whom a sender pays within its cluster."""
    return index // CLUSTER * CLUSTER + Draw("clusters", index).below(CLUSTER)


def clustered_transfers(size: int) -> EvmBlock:
    """A token for each eight senders, who pay one another."""
    calls = [
        Call(CONTRACTS + index // CLUSTER, transfer_input(sender(payee(index)), 1 + index)) for index in range(size)
    ]
    clusters = range(-(-size // CLUSTER))
    owners = {place: range(place * CLUSTER, (place + 1) * CLUSTER) for place in clusters}
    return block_of(calls, {CONTRACTS + place: token(owners[place]) for place in clusters})


# --- a market maker --------------------------------------------------------------------------------------------------

RESERVE: Final = 10**24
OWED: Final = 1 << 160
"""Set in the slot of what a trader has paid; what it got is at its address."""
POOL: Final = assemble(f"""
    0 CALLDATALOAD 997 MUL                      ; paid
    1 SLOAD DUP2 MUL                            ; paid paid*y
    0 SLOAD 1000 MUL DUP3 ADD SWAP1 DIV         ; paid got
    1 SLOAD DUP2 SWAP1 SUB 1 SSTORE
    0 SLOAD 0 CALLDATALOAD ADD 0 SSTORE
    CALLER SLOAD ADD CALLER SSTORE              ; paid
    {OWED} CALLER OR DUP1 SLOAD 0 CALLDATALOAD ADD SWAP1 SSTORE STOP
""")
"""A swap along x · y = constant with a fee of 0.3 %: reserves in slots 0 and 1, and what each trader paid and got."""


def swaps(size: int, pools: int) -> EvmBlock:
    """Every sender swaps in one of the pools, in turn."""
    calls = [Call(CONTRACTS + index % pools, word(10**18 + index)) for index in range(size)]
    pool = contract(POOL, {0: RESERVE, 1: RESERVE})
    return block_of(calls, {CONTRACTS + place: pool for place in range(pools)})


# --- one hot word ----------------------------------------------------------------------------------------------------

COUNTER: Final = assemble("0 SLOAD 1 ADD 0 SSTORE STOP")


def counted(size: int) -> EvmBlock:
    """Every sender increments one word."""
    return block_of([Call(CONTRACTS)] * size, {CONTRACTS: contract(COUNTER, {0: 1})})


# --- much computation ------------------------------------------------------------------------------------------------

LAYERS: Final = 24
TERMS: Final = 8
ACTIVATIONS: Final = 96 * 1024
"""Bytes of memory that a layer goes over."""
FIELD: Final = 2**61 - 1


WEIGHTS: Final = b"".join(keccak256(word(index)) for index in range(TERMS + 1))
MODEL: Final = assemble(f"""
    0 SLOAD POP                                 ; the version of the model
    {len(WEIGHTS)} 1 @weights ADD 0 CODECOPY {LAYERS}
layer: 0 {TERMS}                                ; layers sum index
term:
    {FIELD} DUP2 32 MUL DUP1 CALLDATALOAD SWAP1 MLOAD MULMOD
    SWAP1 SWAP2 ADD SWAP1                       ; layers sum index
    1 SWAP1 SUB DUP1 @term JUMPI POP            ; layers sum
    0 MSTORE {ACTIVATIONS} 0 KECCAK256 32 MSTORE
    1 SWAP1 SUB DUP1 @layer JUMPI
    32 MLOAD CALLER SSTORE STOP
weights:
""") + WEIGHTS
"""A model: its version is looked up, its weights are in the code, and each caller gets a result of its own. A layer is
a dot product of weights and call data, and a hash over all activations that goes into the next layer."""


def inferences(size: int) -> EvmBlock:
    """Every sender asks one model about an input of its own."""
    calls = [Call(CONTRACTS, b"".join(word(index + at) for at in range(TERMS + 1))) for index in range(size)]
    return block_of(calls, {CONTRACTS: contract(MODEL, {0: 1})})
