"""What a block knows and carries: the names of what it reads, and its state between two instructions."""

from __future__ import annotations

from typing import Final, TypeAlias

import attrs

from hyperion.primitives.word import MAX_WORD
from hyperion.symbolic.expression import Interval, Op, Sort, Term
from hyperion.vm.fork import Fork

NATURAL: Final = Interval(0, None)
WORD: Final = Interval(0, MAX_WORD)

GAS: Final = "gas"
DEPTH: Final = "depth"
MEMORY_SIZE: Final = "memory_size"
REFUND: Final = "refund"
ADDRESS: Final = "address"
CALLDATA: Final = "calldata"
CALLDATA_SIZE: Final = "calldata_size"
CODE: Final = "code"
RETURNED: Final = "returned"
RETURNED_SIZE: Final = "returned_size"

FACTS: Final = {
    ADDRESS: "machine.frame.address",
    "caller": "machine.frame.caller",
    "call_value": "machine.frame.value",
    "call_depth": "machine.frame.depth",
    "origin": "machine.environment.origin",
    "gas_price": "machine.environment.gas_price",
    "chain_id": "machine.environment.chain_id",
    "coinbase": "machine.environment.block.coinbase",
    "block_number": "machine.environment.block.number",
    "timestamp": "machine.environment.block.timestamp",
    "gas_limit": "machine.environment.block.gas_limit",
    "prevrandao": "machine.environment.block.prevrandao",
    "base_fee": "machine.environment.block.base_fee",
    "blob_base_fee": "machine.environment.block.blob_base_fee",
    CALLDATA: "machine.frame.calldata",
    CALLDATA_SIZE: "len(machine.frame.calldata)",
    CODE: "machine.frame.code",
    RETURNED: "machine.returned",
    RETURNED_SIZE: "len(machine.returned)",
    MEMORY_SIZE: "machine.memory.size",
}
"""What does not change within a block, and where it is read: integers, and three byte strings. The size of memory is
the one at entry, or at the start of the round of a loop."""

ASSUMED_FALSE: Final = {
    "static": "machine.frame.static",
    "creates": "machine.frame.creates",
    "created_now": "machine.frame.address in machine.substate.created",
}
"""Truths that don't change within a block; a block is for machines of which those that it asks for are false."""

WARM: Final = "warm"
"""Whether a storage key of the account has been touched: of a key."""
TOUCH: Final = "touch"
"""The effect of touching a key."""
ALIGNED: Final = "aligned"
"""Whether an offset in memory is a multiple of 32: of an offset."""
WARM_ACCOUNT: Final = "warm_account"
"""Whether an account has been touched: of an address."""
LOAD: Final = "load"
"""A word of memory: of the version of memory, and an offset."""
WRITE: Final = "write"
"""The effect of writing bytes to memory: an offset, and the bytes."""
CURRENT: Final = "current"
"""A word of storage: of the version of storage, and a key."""
ORIGINAL: Final = "original"
"""A word of storage before the transaction: of a key."""
TRANSIENT: Final = "transient"
"""A word of transient storage: of the version of transient storage, and a key."""
BALANCE: Final = "balance"
"""The balance of an account: of an address."""
CODE_OF: Final = "code_of"
"""The code of an account: of an address."""
CODE_SIZE: Final = "code_size"
"""How long the code of an account is: of an address."""
LOGGED: Final = "logged"
"""The effect of a log: its data, and its topics."""
TOPICS: Final = "topics"
"""The words of a log."""
MOST_WORDS: Final = 4
"""A piece of memory of so many whole words is read word by word."""

FACT_TERMS: Final = {name: Term(Op.VARIABLE, (), name, Sort.INTEGER, NATURAL) for name in FACTS}


class Unstaged(Exception):
    """The instruction, on this path, is for ``step``."""


@attrs.frozen
class Code:
    """What is known of the frame: rules, code, and where it may jump."""

    fork: Fork
    code: bytes
    program: bytes
    jump_destinations: frozenset[int]


Effect: TypeAlias = tuple[str, Term, Term]
"""Something that a step does beside words and gas: what kind, where, and what. A word written to memory (``LOAD``),
storage (``CURRENT``) or transient storage, bytes written to memory, a log, a ``TOUCH``."""


@attrs.frozen(eq=False)
class State:
    """What a block has made of its machine at some point: terms over the machine at its entry."""

    pc: int
    gas: Term
    words: tuple[Term, ...]
    """What stands on the untouched part of the stack at entry, topmost first."""
    below: int
    """How many words at entry are above that part."""
    refund: Term
    size: Term
    """Of memory, in bytes."""
    memory: int
    """How many writes memory has seen."""
    storage: int
    transient: int
    steps: int
