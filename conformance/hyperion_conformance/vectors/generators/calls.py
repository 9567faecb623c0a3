"""Group calls: what a call pays, forwards, moves and gives back; static calls, depth, delegation, self-destruction."""

from collections.abc import Iterator
from typing import Final

from hyperion_conformance.vectors.generators.assembly import (
    ABSENT,
    ADDRESS,
    CALLER,
    FORKS,
    MAX_WORD,
    OTHER,
    RETURN_TOP,
    account,
    asm,
    contract,
    rule_of,
    store_results,
    vm_draft,
)
from hyperion_conformance.vectors.record import Draft

GROUP: Final = "calls"
THIRD: Final = 0x3333330000000000000000000000000000003333
ECHO: Final = asm("CALLDATASIZE", 0, 0, "CALLDATACOPY", "CALLDATASIZE", 0, "RETURN")
WITH_VALUE: Final = ("CALL", "CALLCODE")
FAMILY: Final = (*WITH_VALUE, "DELEGATECALL", "STATICCALL")
BYTES: Final = int.from_bytes(bytes(range(1, 33)), "big")


def call(
    name: str, to: int = OTHER, gas: int | str = "GAS", value: int = 0, data: tuple[int, int] = (0, 0),
    output: tuple[int, int] = (0, 0),
) -> bytes:  # fmt: skip
    """Code that calls; ``data`` and ``output`` are offset and length in memory."""
    amount = (value,) if name in WITH_VALUE else ()
    return asm(output[1], output[0], data[1], data[0], *amount, to, gas, name)


def rules(name: str, *more: str) -> tuple[str, ...]:
    """The rules of a call."""
    return (rule_of(name), "VM-call-price", *more)


def designator(delegate: int) -> bytes:
    """Code that delegates to ``delegate``."""
    return b"\xef\x01\x00" + delegate.to_bytes(20, "big")


def kinds_of_callee() -> Iterator[Draft]:
    """Price and result by what is called, cold and warm, with value and without, in every fork."""
    callees = {
        "contract": (OTHER, {OTHER: contract(asm(1, "POP"))}),
        "eoa": (OTHER, {OTHER: account(balance=1)}),
        "absent": (ABSENT, {}),
        "only-nonce": (OTHER, {OTHER: account(nonce=1)}),
        "precompile": (4, {}),
        "itself-without-gas": (ADDRESS, {}),
        "caller": (CALLER, {}),
    }
    for fork in FORKS:
        for kind, (to, others) in callees.items():
            for name in FAMILY:
                for value in (0, 1) if name in WITH_VALUE else (0,):
                    gas = 0 if to == ADDRESS else 5_000
                    body = call(name, to, gas, value)
                    code = asm("GAS") + body + asm("GAS") + body + asm("GAS") + store_results(5)
                    amount = "with" if value else "without"
                    yield vm_draft(
                        GROUP, f"{name.lower()}-{kind}-{amount}-value-{fork.lower()}",
                        f"{name} of this kind of account {amount} value, twice: access, value and new account cost.",
                        rules(name), code, fork, value=10, accounts=others,
                    )  # fmt: skip


def gas_forwarded() -> Iterator[Draft]:
    """63/64, the stipend, and gas that comes back."""
    show = {OTHER: contract(asm("GAS") + RETURN_TOP, 1)}
    for name in FAMILY:
        for slug, gas in (("all", "GAS"), ("greatest", MAX_WORD), ("some", 700), ("none", 0)):
            code = call(name, OTHER, gas, output=(0, 32)) + asm("GAS", 0, "MLOAD") + store_results(3)
            yield vm_draft(
                GROUP, f"{name.lower()}-forwards-{slug}",
                f"{name} asked for this gas gives at most 63/64 of what is left.",
                rules(name, "VM-63-64"), code, accounts=show,
            )  # fmt: skip
    for left in (64, 65, 127, 128, 6400):
        cost = 2600 + 7 * 3
        code = asm(32, 0, 0, 0, 0, OTHER, MAX_WORD, "CALL", 0, "MLOAD") + RETURN_TOP
        yield vm_draft(
            GROUP, f"call-keeps-one-64th-of-{left}",
            "What a caller keeps is rounded up; off by one shifts all gas after it.",
            rules("CALL", "VM-63-64"), code, gas=cost + 3 + left, accounts=show,
        )  # fmt: skip
    for name in WITH_VALUE:
        code = call(name, OTHER, 0, 1, output=(0, 32)) + asm(0, "MLOAD") + store_results(2)
        yield vm_draft(
            GROUP, f"{name.lower()}-stipend", "A call with value and no gas runs on the stipend of 2,300.",
            rules(name), code, value=5, accounts=show,
        )  # fmt: skip
        code = asm("GAS") + call(name, OTHER, 0, 99) + asm("GAS") + store_results(3)
        yield vm_draft(
            GROUP, f"{name.lower()}-without-funds", "A call beyond the balance is refused; gas and stipend come back.",
            rules(name), code, value=5, accounts=show,
        )  # fmt: skip
        yield vm_draft(
            GROUP, f"{name.lower()}-of-whole-balance", "A call with exactly the balance is not refused.",
            rules(name), call(name, OTHER, 0, 5) + asm("SELFBALANCE") + store_results(2), value=5, accounts=show,
        )  # fmt: skip
    stipend = {OTHER: contract(asm(1, 7, "SSTORE"), 1)}
    yield vm_draft(
        GROUP, "stipend-does-not-write-storage", "2,300 gas must not suffice for SSTORE.",
        rules("CALL", rule_of("SSTORE")), call("CALL", OTHER, 0, 1) + RETURN_TOP, value=5, accounts=stipend,
    )  # fmt: skip
    yield vm_draft(
        GROUP, "gas-of-reverting-callee-comes-back", "A REVERT gives its gas back, another failure does not.",
        rules("CALL", "VM-return-to-caller"),
        call("CALL", OTHER, 20_000) + asm("GAS") + call("CALL", THIRD, 20_000) + asm("GAS") + store_results(4),
        accounts={OTHER: contract(asm(0, 0, "REVERT")), THIRD: contract(asm("INVALID"))},
    )  # fmt: skip
    yield vm_draft(
        GROUP, "call-one-gas-short-of-access", "Without the gas for access the caller itself runs out.",
        rules("CALL"), call("CALL", OTHER, 0), gas=2600 + 20,
    )  # fmt: skip


def windows() -> Iterator[Draft]:
    """Input and output in memory."""
    fill = asm(BYTES, 0, "MSTORE")
    dump = asm("MSIZE", 0, "RETURN")
    for name in FAMILY:
        for slug, data, output in (
            ("exact", (3, 20), (64, 20)), ("output-shorter", (0, 32), (64, 8)), ("output-longer", (0, 8), (64, 32)),
            ("overlapping", (0, 32), (16, 32)), ("no-output", (0, 32), (0, 0)), ("input-beyond-memory", (40, 30), (0,
            30)),
            ("nothing-at-greatest", (MAX_WORD, 0), (MAX_WORD, 0)), ("output-grows-memory", (0, 4), (200, 100)),
        ):  # fmt: skip
            why = f"{name}: exactly the output that is there is written, memory for both is paid once."
            code = fill + call(name, OTHER, 10_000, 0, data, output) + asm("POP") + dump
            yield vm_draft(GROUP, f"{name.lower()}-window-{slug}", why, rules(name), code,
            accounts={OTHER: contract(ECHO)})
        for slug, data, output in (("input", (2**64, 1), (0, 0)), ("output", (0, 0), (MAX_WORD, 1))):
            yield vm_draft(
                GROUP, f"{name.lower()}-window-{slug}-unpayable", f"{name}: memory that no gas buys fails the caller.",
                rules(name, "VM-memory-expansion"), call(name, OTHER, 0, 0, data, output),
            )  # fmt: skip
    revert = asm(BYTES, 0, "MSTORE", 20, 5, "REVERT")
    yield vm_draft(
        GROUP, "output-of-revert-is-written", "The output of a REVERT goes to the caller's memory like any other.",
        rules("CALL", rule_of("REVERT")), call("CALL", output=(0, 32)) + asm("POP") + dump,
        accounts={OTHER: contract(revert)},
    )  # fmt: skip


def static_calls() -> Iterator[Draft]:
    """What may not happen inside a STATICCALL, also deeper."""
    forbidden = {
        "sstore": asm(1, 1, "SSTORE"), "tstore": asm(1, 1, "TSTORE"), "log0": asm(0, 0, "LOG0"),
        "log4": asm(1, 1, 1, 1, 0, 0, "LOG4"), "create": asm(0, 0, 0, "CREATE"), "create2": asm(0, 0, 0, 0, "CREATE2"),
        "selfdestruct": asm(THIRD, "SELFDESTRUCT"), "call-with-value": call("CALL", THIRD, 0, 1),
    }  # fmt: skip
    allowed = {
        "call-without-value": call("CALL", THIRD, 0), "callcode-with-value": call("CALLCODE", THIRD, 0, 1),
        "sload": asm(1, "SLOAD"), "tload": asm(1, "TLOAD"), "delegatecall": call("DELEGATECALL", THIRD, 0),
    }  # fmt: skip
    outer = call("STATICCALL", OTHER, 60_000) + asm("GAS") + store_results(2)
    for slug, code in forbidden.items():
        yield vm_draft(
            GROUP, f"static-forbids-{slug}", "A change of state inside a STATICCALL fails the frame.",
            rules("STATICCALL"), outer, accounts={OTHER: contract(code, 5)},
        )  # fmt: skip
        for name in ("CALL", "DELEGATECALL"):
            middle = call(name, THIRD, 40_000) + RETURN_TOP
            yield vm_draft(
                GROUP, f"static-forbids-{slug}-through-{name.lower()}", "What a static frame calls is static too.",
                rules("STATICCALL", rule_of(name)), call("STATICCALL", OTHER, 60_000, output=(0, 32)) + asm(0, "MLOAD")
                + store_results(2), accounts={OTHER: contract(middle, 5), THIRD: contract(code, 5)},
            )  # fmt: skip
    for slug, code in allowed.items():
        yield vm_draft(
            GROUP, f"static-allows-{slug}", "What changes nothing is allowed inside a STATICCALL.",
            rules("STATICCALL"), outer, accounts={OTHER: contract(code, 5)},
        )  # fmt: skip
    yield vm_draft(
        GROUP, "static-forbids-before-out-of-gas", "A forbidden write fails whatever gas is left.",
        rules("STATICCALL"), call("STATICCALL", OTHER, 10) + asm("GAS") + store_results(2),
        accounts={OTHER: contract(asm(1, 1, "SSTORE"))},
    )  # fmt: skip


def depth() -> Iterator[Draft]:
    """Calls nest 1,024 deep."""
    count = asm(1, "SLOAD", 1, "ADD", 1, "SSTORE")
    again = asm(0, 0, 0, 0, 0, "ADDRESS", "GAS", "CALL", 2, "SSTORE")
    yield vm_draft(
        GROUP, "depth-runs-into-63-64", "With ordinary gas a recursion ends by 63/64 long before the limit of depth.",
        ("VM-63-64", rule_of("CALL")), count + again, gas=3_000_000,
    )  # fmt: skip
    for name in ("CALL", "DELEGATECALL", "STATICCALL", "CALLCODE"):
        body = call(name, ADDRESS).replace(asm(ADDRESS), asm("ADDRESS")) + asm("POP")
        yield vm_draft(
            GROUP, f"depth-limit-{name.lower()}", f"The 1,025th nested {name} is refused, and its gas comes back.",
            rules(name), body + asm("GAS") + RETURN_TOP, gas=2**62,
        )  # fmt: skip


def effects() -> Iterator[Draft]:
    """State through calls."""
    yield vm_draft(
        GROUP, "value-back-after-failure", "The value of a failed call stays with the caller.",
        rules("CALL", "VM-return-to-caller"), call("CALL", OTHER, 9_000, 3) + asm("SELFBALANCE", OTHER, "BALANCE")
        + store_results(3), value=5, accounts={OTHER: contract(asm("INVALID"), 1)},
    )  # fmt: skip
    yield vm_draft(
        GROUP, "value-to-itself", "A call to oneself with value moves nothing and needs the funds.",
        rules("CALL"), asm("CALLDATASIZE", 99, "JUMPI") + call("CALL", ADDRESS, 0, 5) + asm("SELFBALANCE")
        + store_results(2), value=5,
    )  # fmt: skip
    write = asm("CALLER", 1, "SSTORE", "CALLVALUE", 2, "SSTORE", "ADDRESS", 3, "SSTORE")
    for name in ("CALLCODE", "DELEGATECALL"):
        yield vm_draft(
            GROUP, f"{name.lower()}-writes-own-storage", f"{name} runs foreign code on the own storage.",
            rules(name), call(name, OTHER, "GAS", 2), value=5, accounts={OTHER: contract(write)},
        )  # fmt: skip
    yield vm_draft(
        GROUP, "storage-undone-with-callee", "What a failed callee wrote to its caller's storage is undone.",
        rules("DELEGATECALL", "VM-return-to-caller"), asm(8, 1, "SSTORE") + call("DELEGATECALL", OTHER, 60_000),
        accounts={OTHER: contract(write + asm("INVALID"))},
    )  # fmt: skip
    reenter = call("CALL", ADDRESS, 40_000) + RETURN_TOP
    inner = asm("CALLVALUE", 40, "JUMPI", 1, "SLOAD", 1, "ADD", 1, "SSTORE", "STOP").ljust(40, b"\0")
    body = inner + asm("JUMPDEST") + call("CALL", OTHER, 80_000) + asm(1, "SLOAD")
    yield vm_draft(
        GROUP, "reentrant-write-is-seen", "A callee that calls back writes storage that the caller then reads.",
        rules("CALL"), body + RETURN_TOP, value=1, storage={1: 5}, accounts={OTHER: contract(reenter)},
    )  # fmt: skip


def delegation() -> Iterator[Draft]:
    """Accounts that delegate (EIP-7702), called in every way."""
    target = asm("ADDRESS", "CALLER", "CODESIZE", 7, "SLOAD") + store_results(4)
    for fork in FORKS:
        for name in FAMILY:
            body = call(name, OTHER, 20_000, output=(0, 128)) + asm("POP")
            code = asm("GAS") + body + asm("GAS") + body + asm("GAS", 64, "MLOAD", 32, "MLOAD", 0, "MLOAD")
            yield vm_draft(
                GROUP, f"{name.lower()}-delegating-account-{fork.lower()}",
                f"{name} runs the delegate's code on the account, and pays for both; before Prague it just fails.",
                rules(name, "VM-delegated-code", "VM-delegation-designator"), code + store_results(6), fork,
                accounts={OTHER: contract(designator(THIRD), storage={7: 70}), THIRD: contract(target)},
            )  # fmt: skip
    for slug, delegate, more in (
        ("precompile", 4, {}), ("absent", ABSENT, {}), ("itself", OTHER, {}), ("running-account", ADDRESS, {}),
        ("another-designator", THIRD, {THIRD: contract(designator(ABSENT))}), ("zero", 0, {}),
    ):  # fmt: skip
        yield vm_draft(
            GROUP, f"delegate-is-{slug}", "A delegate is followed once; a precompile as delegate has no code.",
            rules("CALL", "VM-delegated-code"),
            asm("GAS") + call("CALL", OTHER, 500, output=(0, 32), data=(0, 32)) + asm("GAS", "RETURNDATASIZE")
            + store_results(4), accounts={OTHER: contract(designator(delegate)), **more},
        )  # fmt: skip
    for slug, code in (
        ("too-long", designator(THIRD) + b"\0"), ("too-short", designator(THIRD)[:-1]),
        ("other-version", b"\xef\x01\x01" + designator(THIRD)[3:]),
    ):  # fmt: skip
        yield vm_draft(
            GROUP, f"designator-{slug}", "What is not exactly a designator is code, and 0xEF is no opcode.",
            rules("CALL", "VM-delegation-designator"), call("CALL", OTHER, 500) + RETURN_TOP,
            accounts={OTHER: contract(code), THIRD: contract(b"")},
        )  # fmt: skip


def self_destruction() -> Iterator[Draft]:
    """SELFDESTRUCT of an account that existed before."""
    for fork in FORKS:
        for slug, to, value, others in (
            ("to-absent-with-balance", ABSENT, 5, {}), ("to-absent-without-balance", ABSENT, 0, {}),
            ("to-contract", OTHER, 5, {OTHER: contract(b"\0")}), ("to-itself", ADDRESS, 5, {}),
            ("to-caller", CALLER, 5, {}), ("to-precompile", 2, 5, {}),
        ):  # fmt: skip
            yield vm_draft(
                GROUP, f"selfdestruct-{slug}-{fork.lower()}",
                "An account from before keeps code and storage; only its balance goes, and a new account is paid for.",
                (rule_of("SELFDESTRUCT"),), asm(to, "SELFDESTRUCT"), fork, value=value, accounts=others, storage={1: 2},
            )  # fmt: skip
    give = asm(THIRD, "SELFDESTRUCT")
    for slug, name, more in (("call", "CALL", b""), ("delegatecall", "DELEGATECALL", b"")):
        code = call(name, OTHER, 60_000) + more + asm("SELFBALANCE", OTHER, "BALANCE", THIRD, "BALANCE")
        yield vm_draft(
            GROUP, f"selfdestruct-in-{slug}", "The balance that goes is that of the account the code works on.",
            (rule_of("SELFDESTRUCT"),), code + store_results(4), value=5, accounts={OTHER: contract(give, 9)},
        )  # fmt: skip
    yield vm_draft(
        GROUP, "selfdestruct-twice", "The second time there is no balance, and the code is still there.",
        (rule_of("SELFDESTRUCT"),), (call("CALL", OTHER, 60_000) + asm("GAS")) * 2 + store_results(4),
        accounts={OTHER: contract(give, 9)},
    )  # fmt: skip


def drafts(seed: int, count: int) -> Iterator[Draft]:
    """All cases of the group."""
    del seed, count
    yield from kinds_of_callee()
    yield from gas_forwarded()
    yield from windows()
    yield from static_calls()
    yield from depth()
    yield from effects()
    yield from delegation()
    yield from self_destruction()
