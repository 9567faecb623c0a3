"""Group creation: CREATE and CREATE2, from the address to the deposit, and self-destruction at once."""

from collections.abc import Iterator
from typing import Final

from hyperion.primitives.hashing import keccak256
from hyperion.vm.address import create2_address, create_address
from hyperion_conformance.vectors.generators.assembly import (
    ADDRESS,
    FORKS,
    MAX_WORD,
    OTHER,
    account,
    asm,
    contract,
    rule_of,
    store_results,
    vm_draft,
)
from hyperion_conformance.vectors.record import Draft

GROUP: Final = "creation"
SALT: Final = 0x5A17
CREATES: Final = ("CREATE", "CREATE2")


def initcode(runtime: bytes) -> bytes:
    """Initialisation code that deposits ``runtime``."""
    size = len(asm(len(runtime), "DUP1", 1, 0, "CODECOPY", 0, "RETURN"))
    return asm(len(runtime), "DUP1", size, 0, "CODECOPY", 0, "RETURN") + runtime


def create(name: str, code: bytes, value: int = 0, salt: int = SALT) -> bytes:
    """Code that creates from ``code``, which stands in memory from offset 0."""
    words = [code[start : start + 32].ljust(32, b"\0") for start in range(0, len(code), 32)]
    fill = b"".join(asm(int.from_bytes(word, "big"), 32 * index, "MSTORE") for index, word in enumerate(words))
    return fill + asm(*((salt,) if name == "CREATE2" else ()), len(code), 0, value, name)


def from_calldata(name: str) -> bytes:
    """Code that creates from the call data."""
    return asm(
        "CALLDATASIZE", 0, 0, "CALLDATACOPY", *((SALT,) if name == "CREATE2" else ()), "CALLDATASIZE", 0, 0, name
    )


def rules(name: str, *more: str) -> tuple[str, ...]:
    """The rules of a creation."""
    return (rule_of(name), "VM-enter-create", *more)


def address_of(name: str, code: bytes) -> int:
    """Where the account under test, with nonce 1, creates."""
    return create_address(ADDRESS, 1) if name == "CREATE" else create2_address(ADDRESS, SALT, keccak256(code))


OUTCOME: Final = asm("GAS", "SWAP1", "DUP1", "EXTCODESIZE", "SWAP1", "DUP1", "BALANCE", "SWAP1", "RETURNDATASIZE")
"""After a creation: return data size, address, balance, code size, gas."""


def ends() -> Iterator[Draft]:
    """How initialisation code ends, and what becomes of it."""
    for fork in FORKS:
        for name in CREATES:
            for slug, code, why in (
                ("deposits-code", initcode(b"\1\2\3"), "the output becomes code"),
                ("deposits-nothing", b"", "a contract without code is made all the same, with nonce 1"),
                ("reverts", asm(MAX_WORD, 0, "MSTORE", 5, 3, "REVERT"), "a REVERT gives 0, its output and its gas"),
                ("invalid", asm("INVALID"), "an exceptional halt gives 0 and no output, and loses the gas given"),
                ("deposits-ef", initcode(b"\xef\x00"), "code must not begin with 0xEF"),
                ("deposits-ef-later", initcode(b"\x00\xef"), "0xEF after the first byte is allowed"),
                ("deposits-designator", initcode(b"\xef\x01\x00" + bytes(20)), "no designator can be deposited"),
                ("stop-with-memory", asm(1, 0, "MSTORE", "STOP"), "STOP deposits no code"),
                ("out-of-gas", asm("JUMPDEST", 0, "JUMP"), "the creator goes on with a 64th of its gas"),
            ):
                yield vm_draft(
                    GROUP, f"{name.lower()}-{slug}-{fork.lower()}", f"{name}: {why}.",
                    rules(name, "VM-code-deposit"), create(name, code, 3) + OUTCOME + store_results(5), fork,
                    gas=300_000, value=5,
                )  # fmt: skip


def deposits() -> Iterator[Draft]:
    """The price and the size of what is deposited."""
    for name in CREATES:
        fixed = create(name, initcode(b"\0" * 40))
        for slug, gas in (("one-short", 41_000), ("ample", 60_000)):
            yield vm_draft(
                GROUP, f"{name.lower()}-deposit-{slug}", "The deposit costs 200 gas a byte; without them all is lost.",
                rules(name, "VM-code-deposit"), fixed + OUTCOME + store_results(5), gas=gas,
            )  # fmt: skip
        for slug, size in (("at-limit", 0x6000), ("above-limit", 0x6001)):
            code = asm(size, 0, "RETURN")
            yield vm_draft(
                GROUP, f"{name.lower()}-code-{slug}", "Deposited code has at most 24,576 bytes.",
                rules(name, "VM-code-deposit"), create(name, code) + OUTCOME + store_results(5), gas=6_000_000,
            )  # fmt: skip
        for slug, size in (("at-limit", 0xC000), ("above-limit", 0xC001), ("far-above-limit", 2**20)):
            whole = asm(*((SALT,) if name == "CREATE2" else ()), size, 0, 0, name) + OUTCOME + store_results(5)
            yield vm_draft(
                GROUP, f"{name.lower()}-initcode-{slug}", "Initialisation code has at most 49,152 bytes; more fails.",
                rules(name, "VM-create-conditions"), whole, gas=6_000_000,
            )  # fmt: skip
        for size in (0, 1, 32, 33, 64):
            yield vm_draft(
                GROUP, f"{name.lower()}-initcode-price-of-{size}-bytes",
                "Initialisation code is paid by the word, and hashed by the word for CREATE2.",
                rules(name), from_calldata(name) + OUTCOME + store_results(5), calldata=bytes(size), gas=200_000,
            )  # fmt: skip


def conditions() -> Iterator[Draft]:
    """Creations that are refused before they begin."""
    code = initcode(b"\1")
    for name in CREATES:
        yield vm_draft(
            GROUP, f"{name.lower()}-without-funds", "A creation beyond the balance gives 0 and keeps gas and nonce.",
            rules(name, "VM-create-conditions"),
            create(name, code, 99) + OUTCOME + store_results(5), value=5, gas=200_000,
        )  # fmt: skip
        for slug, taken in (
            ("nonce", account(nonce=1)), ("code", account(b"\0")), ("balance", account(balance=7)),
            ("delegation", account(b"\xef\x01\x00" + bytes(19) + b"\1", nonce=1)),
        ):  # fmt: skip
            where = address_of(name, code)
            yield vm_draft(
                GROUP, f"{name.lower()}-where-{slug}-is",
                "An address with nonce or code is taken: all gas given is lost.",
                rules(name, "VM-create-address" if name == "CREATE" else "VM-create2-address"),
                create(name, code, 3) + OUTCOME + store_results(5), value=5, gas=200_000, accounts={where: taken},
            )  # fmt: skip
        twice = create(name, code) + create(name, code)
        yield vm_draft(
            GROUP, f"{name.lower()}-twice", "The nonce rises each time; CREATE2 at the same address collides.",
            rules(name), twice + asm("GAS") + store_results(3), gas=400_000,
        )  # fmt: skip
    for slug, salt in (("zero", 0), ("greatest", MAX_WORD)):
        yield vm_draft(
            GROUP, f"create2-salt-{slug}", "The salt is a whole word.", rules("CREATE2", "VM-create2-address"),
            create("CREATE2", code, 0, salt) + store_results(1), gas=200_000,
        )  # fmt: skip
    failing = create("CREATE", asm("INVALID")) + asm("POP") + create("CREATE", code)
    yield vm_draft(
        GROUP, "create-after-failed-create", "A failed creation has used up a nonce.",
        rules("CREATE", "VM-create-address"), failing + store_results(1), gas=2_000_000,
    )  # fmt: skip
    nested = create("CREATE", create("CREATE", code) + asm("POP"))
    yield vm_draft(
        GROUP, "create-in-initcode", "Initialisation code creates with nonce 1, that of a new contract.",
        rules("CREATE", "VM-create-address"), nested + store_results(1), gas=400_000,
    )  # fmt: skip
    makes = create("CREATE", code) + store_results(1)
    for nonce in (0, 1, 127, 128, 255, 256, 2**16, 2**32, 2**64 - 2):
        yield vm_draft(
            GROUP, f"create-by-account-with-nonce-{nonce}", "The nonce is in the address as its bytes, without zeros.",
            rules("CREATE", "VM-create-address"), asm(32, 0, 0, 0, 0, OTHER, 80_000, "CALL", 0, "MLOAD")
            + store_results(2), accounts={OTHER: account(makes, nonce=nonce)},
        )  # fmt: skip
    callee = {OTHER: contract(makes)}
    callee[OTHER]["nonce"] = str(2**64 - 1)
    yield vm_draft(
        GROUP, "create-at-greatest-nonce", "An account whose nonce can't rise creates nothing and keeps its gas.",
        rules("CREATE", "VM-create-conditions"),
        asm(32, 0, 0, 0, 0, OTHER, 80_000, "CALL", "GAS", 0, "MLOAD") + store_results(3), accounts=callee,
    )  # fmt: skip


def in_the_making() -> Iterator[Draft]:
    """What initialisation code sees and does."""
    sees = asm("ADDRESS", "CALLER", "CALLVALUE", "CALLDATASIZE", "CODESIZE", "ADDRESS",
    "EXTCODESIZE") + store_results(7)
    for name in CREATES:
        reads = create(name, sees, 3) + asm(224, 0, 0, "DUP4", "EXTCODECOPY", 224, 0, "RETURN")
        yield vm_draft(
            GROUP, f"{name.lower()}-frame", "Initialisation code runs on the new account, without call data or code.",
            rules(name), reads, value=5, gas=300_000,
        )  # fmt: skip
        writes = asm(5, 1, "SSTORE", 0, 1, "SSTORE", 6, 1, "SSTORE")
        yield vm_draft(
            GROUP, f"{name.lower()}-writes-storage", "In a new contract the original word is 0, so refunds differ.",
            rules(name, rule_of("SSTORE"), "VM-sstore-refund"), create(name, writes) + asm("GAS") + store_results(2),
            gas=300_000,
        )  # fmt: skip
        for fork in FORKS:
            dies = asm(OTHER, "SELFDESTRUCT")
            after = asm("DUP1", "EXTCODESIZE", "SWAP1", "DUP1", "BALANCE", "SWAP1", OTHER, "BALANCE", "GAS")
            yield vm_draft(
                GROUP, f"{name.lower()}-selfdestruct-at-once-{fork.lower()}",
                "A contract may destroy itself while it is made; its balance goes at once.",
                rules(name, rule_of("SELFDESTRUCT")), create(name, dies, 3) + after + store_results(5), fork,
                value=5, gas=300_000,
            )  # fmt: skip
            burns = create(name, asm("ADDRESS", "SELFDESTRUCT"), 3) + asm("DUP1", "BALANCE", "SWAP1", "SELFBALANCE")
            yield vm_draft(
                GROUP, f"{name.lower()}-selfdestruct-to-itself-{fork.lower()}",
                "A new contract that destroys itself in its own favour burns its balance.",
                rules(name, rule_of("SELFDESTRUCT")), burns + store_results(3), fork, value=5, gas=300_000,
            )  # fmt: skip
        yield vm_draft(
            GROUP, f"{name.lower()}-warms-address", "The new address is warm, whatever comes of the creation.",
            rules(name), create(name, asm(0, 0, "REVERT")) + asm("GAS", address_of(name, asm(0, 0, "REVERT")))
            + asm("BALANCE", "GAS") + store_results(4), gas=200_000,
        )  # fmt: skip
        yield vm_draft(
            GROUP, f"{name.lower()}-jumps-in-initcode", "Jump destinations are those of the initialisation code.",
            rules(name, "VM-jump-destinations"), create(name, asm(4, "JUMP", "INVALID",
            "JUMPDEST")) + store_results(1), gas=200_000,
        )  # fmt: skip
    deep = asm("CALLDATASIZE", 0, "MSTORE", 0, 0, 0, "CREATE", 0, 0, 0, 0, 0, "ADDRESS", "GAS", "CALL")
    yield vm_draft(
        GROUP, "create-in-recursion", "Each frame creates with the next nonce, until gas is out.",
        rules("CREATE", "VM-63-64"), deep, gas=500_000,
    )  # fmt: skip


def drafts(seed: int, count: int) -> Iterator[Draft]:
    """All cases of the group."""
    del seed, count
    yield from ends()
    yield from deposits()
    yield from conditions()
    yield from in_the_making()
