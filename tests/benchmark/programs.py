"""What is measured: bytecode on a state, as data that every engine gets in the same form."""

from typing import Final, TypedDict

from hyperion_conformance.assembler import assemble
from hyperion_conformance.token import MINT, TOKEN_SOURCE, TRANSFER

GAS: Final = 1_000_000_000
CALLER: Final = 0x1111111111111111111111111111111111111111
TARGET: Final = 0x2222222222222222222222222222222222222222
CALLEE: Final = 0x3333333333333333333333333333333333333333
TOKEN: Final = 0x4444444444444444444444444444444444444444
RECIPIENT: Final = 0x6666666666666666666666666666666666666666
ODD: Final = 0xFFFEFDFCFBFAF9F8F7F6F5F4F3F2F1F0EFEEEDECEBEAE9E8E7E6E5E4E3E2E1E1
"""An odd word of full width: multiplying by it keeps the numbers large."""


class Account(TypedDict):
    """An account as it is sent to the engines: integers as they are, bytes in hexadecimal."""

    nonce: int
    balance: int
    code: str


class Program(TypedDict):
    """One measured run: a call from ``caller`` to ``target`` with no value, under ``fork``."""

    name: str
    what: str
    fork: str
    gas: int
    caller: str
    target: str
    accounts: dict[str, Account]
    filler: int
    """Further accounts, each with one wei, that the program never touches."""


def hexadecimal(address: int) -> str:
    """An address in 40 hexadecimal digits."""
    return f"{address:040x}"


def account(code: bytes = b"", balance: int = 0) -> Account:
    """An account with nonce 1."""
    return {"nonce": 1, "balance": balance, "code": code.hex()}


def program(name: str, what: str, source: str, others: dict[int, Account] | None = None, filler: int = 0) -> Program:
    """The program that ``source`` assembles to, with the accounts that it needs beside its own."""
    accounts = {CALLER: account(balance=10**24), TARGET: account(assemble(source)), **(others or {})}
    return {
        "name": name,
        "what": what,
        "fork": "PRAGUE",
        "gas": GAS,
        "caller": hexadecimal(CALLER),
        "target": hexadecimal(TARGET),
        "accounts": {hexadecimal(address): entry for address, entry in accounts.items()},
        "filler": filler,
    }


def loop(count: int, body: str, before: str = "") -> str:
    """``body``, which finds the rounds left on top of the stack and leaves the stack as it was, ``count`` times."""
    return f"{before} {count} loop: {body} 1 SWAP1 SUB DUP1 @loop JUMPI STOP"


# --- the token -------------------------------------------------------------------------------------------------------

def transfers(count: int) -> Program:
    """A contract that makes ``count`` transfers of one token each."""
    mint = f"{MINT << 224} 0 MSTORE 0 0 4 0 0 {TOKEN} GAS CALL POP"
    input_of_transfer = f"{TRANSFER << 224} 0 MSTORE {RECIPIENT} 4 MSTORE 1 36 MSTORE"
    source = loop(count, f"32 128 68 0 0 {TOKEN} GAS CALL POP", f"{mint} {input_of_transfer}")
    return program("erc20", "ERC-20 transfers, each a call", source, {TOKEN: account(assemble(TOKEN_SOURCE))})


# --- the programs ----------------------------------------------------------------------------------------------------


def arithmetic(count: int, before: str = "") -> str:
    """A multiplication and an addition of full-width words a round."""
    return loop(count, f"SWAP1 {ODD} MUL 7 ADD SWAP1", f"{before} 3")


def storage(count: int) -> str:
    """A read and a write of one of 256 storage words a round."""
    return loop(count, "DUP1 255 AND DUP1 SLOAD 1 ADD SWAP1 SSTORE")


def calls(count: int) -> str:
    """A call of a contract of five instructions a round."""
    return loop(count, f"0 0 0 0 0 {CALLEE} 0xffff CALL POP")


CALLEE_CODE: Final = assemble("1 2 ADD POP STOP")
CALLEE_ACCOUNT: Final = {CALLEE: account(CALLEE_CODE)}

RECURSION: Final = """
    0 CALLDATALOAD DUP1 ISZERO @end JUMPI
    1 SWAP1 SUB 0 MSTORE
    0 0 32 0 0 ADDRESS GAS CALL POP
end: STOP
"""
"""Calls itself as often as the first word of its call data says, each call within the last."""


def nested(count: int, depth: int) -> Program:
    """``count`` times a tower of ``depth`` calls."""
    source = loop(count, f"0 0 32 0 0 {CALLEE} GAS CALL POP", f"{depth} 0 MSTORE")
    return program("nested", f"calls within calls, {depth} deep", source, {CALLEE: account(assemble(RECURSION))})


def collatz(count: int) -> str:
    """The Collatz sequence of each number up to ``count``: branches that depend on data."""
    return f"""
        {count}
    outer: DUP1
    step: DUP1 1 EQ @done JUMPI
        DUP1 1 AND @odd JUMPI
        1 SHR @step JUMP
    odd: 3 MUL 1 ADD @step JUMP
    done: POP 1 SWAP1 SUB DUP1 @outer JUMPI STOP
    """


def sort(count: int) -> str:
    """Bubble sort of ``count`` pseudo-random words, with an internal function that returns by a computed jump."""
    return f"""
        12345 0
    fill: SWAP1 1103515245 MUL 12345 ADD 0xffffffff AND
        DUP1 DUP3 5 SHL MSTORE
        SWAP1 1 ADD DUP1 {count} GT @fill JUMPI
        POP POP {count - 1}
    outer: 0
    inner: @back DUP2 @order JUMP
    back: 32 ADD DUP1 {32 * (count - 1)} GT @inner JUMPI
        POP 1 SWAP1 SUB DUP1 @outer JUMPI STOP
    order: DUP1 MLOAD DUP2 32 ADD MLOAD                 ; return at a b
        DUP2 DUP2 LT ISZERO @ordered JUMPI
        DUP3 MSTORE DUP2 32 ADD MSTORE POP JUMP
    ordered: POP POP POP JUMP
    """


DEEP_WORDS: Final = 900
MANY_ACCOUNTS: Final = 100_000


def programs(scale: float = 1.0) -> list[Program]:
    """All programs; ``scale`` multiplies the rounds. At 1, EELS needs about a tenth of a second for each."""

    def rounds(count: int) -> int:
        return max(1, round(count * scale))

    in_page = "DUP1 5 SHL 0x7fe0 AND DUP1 MLOAD 1 ADD SWAP1 MSTORE"
    copy = "256 DUP2 8 SHL 0x3f00 AND DUP1 0x4000 ADD MCOPY"
    below = "PUSH0 " * DEEP_WORDS
    return [
        program("arithmetic", "256-bit multiply and add", arithmetic(rounds(2000))),
        program("keccak", "hash 64 bytes, store the hash", loop(rounds(1000), "64 0 KECCAK256 0 MSTORE")),
        program("storage", "read and write 256 words", storage(rounds(1200))),
        program("memory", "MLOAD and MSTORE over 32 KiB", loop(rounds(1500), in_page)),
        program("mcopy", "MCOPY of 256 bytes within 32 KiB", loop(rounds(1500), copy, "0 0x7fe0 MSTORE")),
        program("mcopy-16k", "MCOPY of 16 KiB", loop(rounds(1000), "0x4000 0 0x4000 MCOPY", "0 0x7fe0 MSTORE")),
        program("calls", "calls of a small contract", calls(rounds(600)), CALLEE_ACCOUNT),
        nested(rounds(12), 50),
        transfers(rounds(150)),
        program("collatz", "branches that depend on data", collatz(rounds(60))),
        program("sort", "bubble sort with an internal function", sort(max(2, round(34 * scale**0.5)))),
        program("deep", f"arithmetic above {DEEP_WORDS} words", arithmetic(rounds(2000), below)),
        program("storage-100k", f"storage, {MANY_ACCOUNTS:,} accounts", storage(rounds(1200)), filler=MANY_ACCOUNTS),
        program("calls-100k", f"calls, {MANY_ACCOUNTS:,} accounts", calls(rounds(100)), CALLEE_ACCOUNT, MANY_ACCOUNTS),
    ]
