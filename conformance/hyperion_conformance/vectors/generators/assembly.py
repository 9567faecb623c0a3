"""Bytecode from mnemonics, and the inputs of target vm.run."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from hyperion.vm.instructions import INSTRUCTIONS
from hyperion.vm.machine import Instruction
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.record import Draft

FORKS: Final = ("CANCUN", "PRAGUE", "OSAKA")
"""The forks that vectors are made for, oldest first."""
NEWEST: Final = FORKS[-1]

ROWS: Final[Mapping[str, Instruction]] = {row.name: row for row in INSTRUCTIONS}
MAX_WORD: Final = 2**256 - 1

ADDRESS: Final = 0xC0DE00000000000000000000000000000000C0DE
"""The account whose code runs."""
CALLER: Final = 0xCA11E4000000000000000000000000000000CA11
OTHER: Final = 0x0DDE4000000000000000000000000000000000DD
"""A further account, cold at the start."""
ABSENT: Final = 0xAB5E47000000000000000000000000000000AB5E
"""An address without an account."""

COINBASE: Final = 0xC014

Item = str | int | bytes
T = TypeVar("T")


def push(value: int, size: int | None = None) -> bytes:
    """The shortest push of ``value``, or one with ``size`` bytes of operand."""
    width = (value.bit_length() + 7) // 8 if size is None else size
    return bytes((0x5F + width,)) + value.to_bytes(width, "big")


def asm(*items: Item) -> bytes:
    """Code from mnemonics, numbers (pushed) and raw bytes."""
    return b"".join(
        push(item) if isinstance(item, int) else item if isinstance(item, bytes) else bytes((ROWS[item].opcode,))
        for item in items
    )


RETURN_TOP: Final = asm(0, "MSTORE", 32, 0, "RETURN")
"""End with the topmost word as output."""


def store_results(count: int) -> bytes:
    """End with the ``count`` topmost words as output, the topmost first."""
    return asm(*(asm(32 * index, "MSTORE") for index in range(count)), 32 * count, 0, "RETURN")


def fill_stack(words: int) -> bytes:
    """Code that leaves ``words`` zeros on the stack, in a loop so that it stays short; memory grows to one word."""
    if words < 128:
        return asm("PUSH0") * words
    rounds, rest = divmod(words, 64)
    if rest < 8:
        rounds, rest = rounds - 1, rest + 64
    count = asm(0, "MLOAD", 1, "ADD", "DUP1", 0, "MSTORE")
    loop = asm("JUMPDEST", asm("PUSH0") * 64, count, rounds, "GT", 0, "JUMPI")
    return loop + asm("PUSH0") * rest


def hexadecimal(data: bytes) -> str:
    """Bytes in hex with 0x."""
    return "0x" + data.hex()


def address_text(address: int) -> str:
    """An address as 20 bytes in hex."""
    return f"0x{address:040x}"


def hash_text(word: int) -> str:
    """A word as 32 bytes in hex."""
    return f"0x{word:064x}"


def storage_text(storage: Mapping[int, int]) -> dict[str, Json]:
    """Storage with decimal keys and words."""
    return {str(key): str(word) for key, word in sorted(storage.items())}


def account(
    code: bytes = b"", balance: int = 0, nonce: int = 0, storage: Mapping[int, int] | None = None
) -> dict[str, Json]:
    """An account of a case."""
    return {
        "nonce": str(nonce), "balance": str(balance), "code": hexadecimal(code), "storage": storage_text(storage or {}),
    }  # fmt: skip


def contract(code: bytes, balance: int = 0, storage: Mapping[int, int] | None = None) -> dict[str, Json]:
    """An account with code and nonce 1."""
    return account(code, balance, 1, storage)


def vm_input(
    code: bytes,
    gas: int = 100_000,
    calldata: bytes = b"",
    value: int = 0,
    storage: Mapping[int, int] | None = None,
    accounts: Mapping[int, Json] | None = None,
    block: Mapping[str, Json] | None = None,
    address: int = ADDRESS,
) -> dict[str, Json]:
    """The input of a case of target vm.run."""
    given: dict[str, Json] = {
        "code": hexadecimal(code),
        "calldata": hexadecimal(calldata),
        "gas": str(gas),
        "value": str(value),
        "address": address_text(address),
        "caller": address_text(CALLER),
        "storage": storage_text(storage or {}),
    }
    if accounts:
        given["accounts"] = {address_text(key): value for key, value in sorted(accounts.items())}
    if block:
        given["block"] = dict(block)
    return given


def vm_draft(
    group: str,
    slug: str,
    why: str,
    rules: tuple[str, ...],
    code: bytes,
    fork: str = NEWEST,
    gas: int = 100_000,
    calldata: bytes = b"",
    value: int = 0,
    storage: Mapping[int, int] | None = None,
    accounts: Mapping[int, Json] | None = None,
    block: Mapping[str, Json] | None = None,
    address: int = ADDRESS,
) -> Draft:
    """A draft of target vm.run."""
    given = vm_input(code, gas, calldata, value, storage, accounts, block, address)
    return Draft("vm.run", group, slug, rules, why, fork, given)


def rule_of(name: str) -> str:
    """The rule of an instruction's row."""
    return ROWS[name].rule


class Draw:
    """Random choices that depend on seed, group and index alone. The one mutable thing here: a position in a stream."""

    def __init__(self, *origin: int | str) -> None:
        self.key = "\x1f".join(map(str, origin)).encode()
        self.position = 0

    def bits(self, count: int) -> int:
        """The next ``count`` bits, at most 256."""
        block = hashlib.sha256(self.key + self.position.to_bytes(8, "big")).digest()
        self.position += 1
        return int.from_bytes(block, "big") >> (256 - count)

    def below(self, end: int) -> int:
        """A number from 0 to ``end`` - 1. The bias, below ``end`` / 2**256, does not matter here."""
        return self.bits(256) % end

    def one_of(self, options: Sequence[T]) -> T:
        """One of ``options``."""
        return options[self.below(len(options))]

    def octets(self, count: int) -> bytes:
        """``count`` bytes."""
        return b"".join(self.bits(256).to_bytes(32, "big") for _ in range(-(-count // 32)))[:count]
