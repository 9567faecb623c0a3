"""Group environment: facts about frame, accounts, block and transaction; logs."""

from collections.abc import Iterator
from typing import Final

from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.generators.assembly import (
    ABSENT,
    ADDRESS,
    CALLER,
    COINBASE,
    FORKS,
    MAX_WORD,
    OTHER,
    RETURN_TOP,
    account,
    address_text,
    asm,
    contract,
    hash_text,
    rule_of,
    store_results,
    vm_draft,
)
from hyperion_conformance.vectors.record import Draft

GROUP: Final = "environment"
FRAME: Final = ("ADDRESS", "ORIGIN", "CALLER", "CALLVALUE", "CALLDATASIZE", "CODESIZE", "GASPRICE", "SELFBALANCE")
BLOCK: Final = ("COINBASE", "TIMESTAMP", "NUMBER", "PREVRANDAO", "GASLIMIT", "CHAINID", "BASEFEE", "BLOBBASEFEE")
RANDOM: Final = int("c3" * 31 + "01", 16)
FACTS: Final[dict[str, Json]] = {
    "coinbase": address_text(0xC0FFEE00000000000000000000000000000000FF),
    "number": "20000000",
    "timestamp": "1750000000",
    "gas_limit": "36000000",
    "prevrandao": hash_text(RANDOM),
    "base_fee": "123456789",
    "excess_blob_gas": "79429632",
}
DELEGATION: Final = b"\xef\x01\x00" + OTHER.to_bytes(20, "big")


def facts() -> Iterator[Draft]:
    """Each fact, in the outermost frame and as a callee and a delegate sees it."""
    for fork in FORKS:
        for name in (*FRAME, *BLOCK):
            yield vm_draft(
                GROUP, f"{name.lower()}-{fork.lower()}", f"{name} in the outermost frame.",
                (rule_of(name),), asm(name) + RETURN_TOP, fork, calldata=b"\1\2\3", value=77, block=FACTS,
            )  # fmt: skip
    code = asm(*FRAME) + store_results(len(FRAME))
    size = 32 * len(FRAME)
    for name, operands in (
        ("CALL", (size, 0, 5, 0, 3, OTHER, 50_000)), ("CALLCODE", (size, 0, 5, 0, 3, OTHER, 50_000)),
        ("DELEGATECALL", (size, 0, 5, 0, OTHER, 50_000)), ("STATICCALL", (size, 0, 5, 0, OTHER, 50_000)),
    ):  # fmt: skip
        yield vm_draft(
            GROUP, f"frame-of-{name.lower()}", f"Who is who inside a {name}: account, caller, value and data.",
            (rule_of(name), *(rule_of(fact) for fact in FRAME)), asm(*operands, name, "POP", size, 0, "RETURN"),
            value=77, accounts={OTHER: contract(code, 9)},
        )  # fmt: skip
    for fork in FORKS:
        for slug, excess in (("zero", 0), ("one-blob", 2**17), ("large", 150_000_000), ("at-target", 3 * 2**17)):
            block: dict[str, Json] = {**FACTS, "excess_blob_gas": str(excess)}
            yield vm_draft(
                GROUP, f"blobbasefee-excess-{slug}-{fork.lower()}",
                "The price of blob gas follows the excess by the fork's update fraction.",
                (rule_of("BLOBBASEFEE"), "EXE-blob-base-fee"), asm("BLOBBASEFEE") + RETURN_TOP, fork, block=block,
            )  # fmt: skip


def accounts() -> Iterator[Draft]:
    """BALANCE, EXTCODESIZE, EXTCODEHASH, EXTCODECOPY of all kinds of account, cold and warm."""
    kinds = {
        "contract": (OTHER, {OTHER: contract(asm(1, 2, "ADD"), 5)}),
        "eoa": (OTHER, {OTHER: account(balance=5, nonce=1)}),
        "empty": (OTHER, {}),
        "only-nonce": (OTHER, {OTHER: account(nonce=1)}),
        "only-balance": (OTHER, {OTHER: account(balance=1)}),
        "precompile": (1, {}),
        "precompile-with-balance": (4, {4: account(balance=1)}),
        "itself": (ADDRESS, {}),
        "caller": (CALLER, {}),
        "coinbase": (COINBASE, {}),
        "dirty-high-bits": (OTHER + 2**160 + 2**255, {OTHER: contract(asm(1, 2, "ADD"), 5)}),
    }
    for fork in FORKS:
        for kind, (address, others) in kinds.items():
            for name in ("BALANCE", "EXTCODESIZE", "EXTCODEHASH"):
                code = asm("GAS", address, name, "GAS", address, name, "POP", "GAS") + store_results(4)
                yield vm_draft(
                    GROUP, f"{name.lower()}-of-{kind}-{fork.lower()}",
                    f"{name} of this kind of account, and what it costs the first and the second time.",
                    (rule_of(name),), code, fork, accounts=others, value=3,
                )  # fmt: skip
    for name in ("BALANCE", "EXTCODESIZE", "EXTCODEHASH"):
        for fork in ("PRAGUE", "OSAKA"):
            yield vm_draft(
                GROUP, f"{name.lower()}-of-delegating-account-{fork.lower()}",
                f"{name} looks at the designator itself and does not follow it.",
                (rule_of(name), "VM-delegation-designator"), asm("GAS", ABSENT, name, "GAS") + store_results(3), fork,
                accounts={ABSENT: contract(DELEGATION, 1), OTHER: contract(asm(1, 2, "ADD"))},
            )  # fmt: skip
    for slug, target, source, length in (
        ("whole", 0, 0, 40), ("over-the-end", 4, 2, 8), ("from-greatest", 0, MAX_WORD, 5), ("nothing", 0, 0, 0)
    ):  # fmt: skip
        code = asm(MAX_WORD, 0, "MSTORE", length, source, target, OTHER, "EXTCODECOPY", "MSIZE", 0, "RETURN")
        yield vm_draft(
            GROUP, f"extcodecopy-{slug}", "EXTCODECOPY: bytes beyond the end of the code are zeros.",
            (rule_of("EXTCODECOPY"),), code, accounts={OTHER: contract(bytes(range(1, 21)))},
        )  # fmt: skip
    yield vm_draft(
        GROUP, "extcodecopy-cold-then-warm", "The account is warm after the first copy, though nothing was copied.",
        (rule_of("EXTCODECOPY"),),
        asm(0, 0, 0, OTHER, "EXTCODECOPY", "GAS", 0, 0, 0, OTHER, "EXTCODECOPY", "GAS", "SWAP1", "SUB") + RETURN_TOP,
    )  # fmt: skip


def hashes() -> Iterator[Draft]:
    """BLOCKHASH outside its window, and BLOBHASH without blobs."""
    for slug, number in (("this-block", 1000), ("next-block", 1001), ("too-old", 743), ("greatest", MAX_WORD)):
        block: dict[str, Json] = {**FACTS, "number": "1000"}
        yield vm_draft(
            GROUP, f"blockhash-of-{slug}", "BLOCKHASH knows the 256 blocks before this one, and gives 0 for others.",
            (rule_of("BLOCKHASH"),), asm(number, "BLOCKHASH") + RETURN_TOP, block=block,
        )  # fmt: skip
    for slug, index in (("first", 0), ("greatest", MAX_WORD)):
        yield vm_draft(
            GROUP, f"blobhash-{slug}-without-blobs", "BLOBHASH beyond the transaction's blobs is 0.",
            (rule_of("BLOBHASH"),), asm(index, "BLOBHASH") + RETURN_TOP,
        )  # fmt: skip


def returned() -> Iterator[Draft]:
    """RETURNDATASIZE and RETURNDATACOPY after all kinds of calls."""
    give = asm(MAX_WORD, 0, "MSTORE", 7, 0, "RETURN")
    call = asm(0, 0, 0, 0, 0, OTHER, 30_000, "CALL", "POP")
    for slug, code in (
        ("return", give), ("revert", give[:-1] + b"\xfd"), ("invalid", asm("INVALID")), ("stop", b""),
        ("out-of-gas", asm("JUMPDEST", 0, "JUMP")),
    ):  # fmt: skip
        yield vm_draft(
            GROUP, f"returndatasize-after-{slug}", "The output of the last call, none if it failed exceptionally.",
            (rule_of("RETURNDATASIZE"),), call + asm("RETURNDATASIZE") + RETURN_TOP, accounts={OTHER: contract(code)},
        )  # fmt: skip
    yield vm_draft(
        GROUP, "returndatasize-at-start", "Before any call there is no return data.",
        (rule_of("RETURNDATASIZE"),), asm("RETURNDATASIZE") + RETURN_TOP,
    )  # fmt: skip
    yield vm_draft(
        GROUP, "returndatasize-after-refused-call", "A call that is refused for want of funds clears the return data.",
        (rule_of("RETURNDATASIZE"),), call + asm(0, 0, 0, 0, 1, OTHER, 0, "CALL", "POP", "RETURNDATASIZE") + RETURN_TOP,
        accounts={OTHER: contract(give)},
    )  # fmt: skip
    for slug, source, length in (
        ("whole", 0, 7), ("part", 3, 4), ("nothing-at-end", 7, 0), ("one-beyond", 0, 8), ("from-beyond", 8, 0),
        ("wraps", MAX_WORD, 2), ("greatest-source", MAX_WORD, 0),
    ):  # fmt: skip
        yield vm_draft(
            GROUP, f"returndatacopy-{slug}", "RETURNDATACOPY beyond the return data fails; it never gives zeros.",
            (rule_of("RETURNDATACOPY"),), call + asm(length, source, 0, "RETURNDATACOPY", "MSIZE", 0, "RETURN"),
            accounts={OTHER: contract(give)},
        )  # fmt: skip


def logs() -> Iterator[Draft]:
    """Logs: topics in order, data, prices, and what a failure leaves of them."""
    fill = asm(int.from_bytes(bytes(range(1, 33)), "big"), 0, "MSTORE")
    for topics in range(5):
        name = f"LOG{topics}"
        for slug, offset, length in (("with-data", 3, 40), ("without-data", 0, 0)):
            yield vm_draft(
                GROUP, f"log{topics}-{slug}",
                f"{name}: topics from the top down, data from memory; a bloom needs both.",
                (rule_of(name),), fill + asm(*range(topics, 0, -1), length, offset, name),
            )  # fmt: skip
    other = asm(7, 0, 0, "LOG1")
    call = asm(0, 0, 0, 0, 0, OTHER, 30_000, "CALL", "POP")
    for slug, ending in (("kept", b""), ("undone-by-revert", asm(0, 0, "REVERT")), ("undone-by-invalid",
    asm("INVALID"))):
        yield vm_draft(
            GROUP, f"log-of-callee-{slug}", "Logs come in order of execution; a failed frame leaves none.",
            (rule_of("LOG1"), "VM-return-to-caller"), asm(1, 0, 0, "LOG1") + call + asm(2, 0, 0, "LOG1"),
            accounts={OTHER: contract(other + ending)},
        )  # fmt: skip
    yield vm_draft(
        GROUP, "log-in-delegatecall", "A log names the account that the code works on, not that of the code.",
        (rule_of("LOG1"),), asm(0, 0, 0, 0, OTHER, 30_000, "DELEGATECALL"), accounts={OTHER: contract(other)},
    )  # fmt: skip


def drafts(seed: int, count: int) -> Iterator[Draft]:
    """All cases of the group."""
    del seed, count
    yield from facts()
    yield from accounts()
    yield from hashes()
    yield from returned()
    yield from logs()
