"""Group storage: prices and refunds of SSTORE by original, current and new word; warmth; transient storage."""

from collections.abc import Iterator
from itertools import product
from typing import Final

from hyperion_conformance.vectors.generators.assembly import (
    FORKS,
    MAX_WORD,
    OTHER,
    RETURN_TOP,
    asm,
    contract,
    rule_of,
    vm_draft,
)
from hyperion_conformance.vectors.record import Draft

GROUP: Final = "storage"
SSTORE: Final = (rule_of("SSTORE"), "VM-sstore-cost", "VM-sstore-refund")
TRANSIENT: Final = (rule_of("TLOAD"), rule_of("TSTORE"))
CALL_OTHER: Final = asm(0, 0, 0, 0, 0, OTHER, "GAS", "CALL")
NAMES: Final = {0: "zero", 1: "x", 2: "y", 3: "z"}


def price_table() -> Iterator[Draft]:
    """Every way of an original word over a current to a new one, with the key cold and warm, in every fork."""
    for fork, original, current, new in product(FORKS, (0, 1), (0, 1, 2), (0, 1, 2, 3)):
        path = "-".join(NAMES[word] for word in (original, current, new))
        storage = {7: original} if original else {}
        write = b"" if current == original else asm(current, 7, "SSTORE")
        for warmth in ("cold", "warm"):
            head = asm(7, "SLOAD", "POP") if warmth == "warm" else b""
            code = head + write + asm("GAS", new, 7, "SSTORE", "GAS", "SWAP1", "SUB") + RETURN_TOP
            why = (
                f"SSTORE on a {warmth} key that was {NAMES[original]}, is {NAMES[current]} and becomes {NAMES[new]}: "
                "a wrong price or refund changes every receipt after it."
            )
            yield vm_draft(GROUP, f"sstore-{path}-{warmth}-{fork.lower()}", why, SSTORE, code, fork, storage=storage)


def sentry() -> Iterator[Draft]:
    """SSTORE needs more than 2,300 gas, whatever it costs."""
    write = asm(7, "SLOAD", 7, "SSTORE")  # a warm no-op: 100 gas
    head = 3 + 2100 + 3
    for slug, left, what in (
        ("at-sentry", 2300, "must fail although the write costs only 100"),
        ("above-sentry", 2301, "must succeed"),
        ("below-sentry", 2299, "must fail"),
    ):
        why = f"SSTORE with {left} gas left {what}: the stipend of a call must never suffice to write storage."
        yield vm_draft(GROUP, f"sstore-{slug}", why, SSTORE, write, gas=head + left, storage={7: 5})


def keys_and_words() -> Iterator[Draft]:
    """Which key is which, and what zero means."""
    far = MAX_WORD
    yield vm_draft(
        GROUP, "sstore-zero-deletes-key", "A zero word is not stored; keeping the key gives another state root.",
        (*SSTORE, "STATE-zero-word-absent"), asm(0, 7, "SSTORE"), storage={7: 5, 8: 6},
    )  # fmt: skip
    yield vm_draft(
        GROUP, "sstore-zero-to-absent-key", "Writing zero where nothing is must not create the key.",
        (*SSTORE, "STATE-zero-word-absent"), asm(0, 7, "SSTORE"),
    )  # fmt: skip
    yield vm_draft(
        GROUP, "sstore-operand-order", "The key is topmost; the other order writes word 7 at key 9.",
        SSTORE, asm(9, 7, "SSTORE"),
    )  # fmt: skip
    yield vm_draft(
        GROUP, "sstore-greatest-key-and-word", "Keys and words are 256 bits; truncation makes keys collide.",
        SSTORE, asm(far, far, "SSTORE", 1, far >> 1, "SSTORE", far, "SLOAD") + RETURN_TOP,
    )  # fmt: skip
    yield vm_draft(
        GROUP, "sload-absent-key-is-zero", "A key that was never written reads as zero.",
        (rule_of("SLOAD"),), asm(1234, "SLOAD") + RETURN_TOP, storage={7: 5},
    )  # fmt: skip
    yield vm_draft(
        GROUP, "sload-cold-then-warm", "The first touch of a key costs 2,100, the next 100.",
        (rule_of("SLOAD"),),
        asm("GAS", 7, "SLOAD", "POP", "GAS", 7, "SLOAD", "POP", "GAS", "SWAP1", "SUB") + RETURN_TOP, storage={7: 5},
    )  # fmt: skip
    yield vm_draft(
        GROUP, "sload-warmed-by-sstore", "A write warms the key for a read.",
        (rule_of("SLOAD"), rule_of("SSTORE")), asm(1, 7, "SSTORE", "GAS", 7, "SLOAD", "POP", "GAS", "SWAP1", "SUB")
        + RETURN_TOP,
    )  # fmt: skip
    yield vm_draft(
        GROUP, "same-key-of-other-account-is-cold", "Warmth is of an account's key; by key alone the callee pays less.",
        (rule_of("SLOAD"),), asm(7, "SLOAD", "POP", "GAS") + CALL_OTHER + asm("POP", "GAS", "SWAP1",
        "SUB") + RETURN_TOP,
        accounts={OTHER: contract(asm(7, "SLOAD"))}, storage={7: 5},
    )  # fmt: skip


def reverts() -> Iterator[Draft]:
    """What a failed frame wrote is undone, with its refund and its warmth."""
    write = asm(9, 7, "SSTORE")
    for slug, ending in (("revert", asm(0, 0, "REVERT")), ("invalid", asm("INVALID"))):
        yield vm_draft(
            GROUP, f"sstore-undone-by-{slug}", f"The outermost frame ends with {slug.upper()}: nothing is kept.",
            SSTORE, write + ending, storage={7: 5},
        )  # fmt: skip
        clear = asm(0, 7, "SSTORE")
        yield vm_draft(
            GROUP, f"refund-of-callee-undone-by-{slug}", "A failed callee's refund must not be paid.",
            (*SSTORE, "VM-return-to-caller"), asm(0, 0, 0, 0, 0, OTHER, 50_000, "CALL") + RETURN_TOP,
            accounts={OTHER: contract(clear + ending, storage={7: 5})},
        )  # fmt: skip
        touch = asm(7, "SLOAD", "POP")
        twice = CALL_OTHER if slug == "revert" else asm(0, 0, 0, 0, 0, OTHER, 20_000, "CALL")
        yield vm_draft(
            GROUP, f"warmth-of-callee-undone-by-{slug}", "A key that a failed callee touched is cold again.",
            (rule_of("SLOAD"), "VM-return-to-caller"),
            twice + asm("POP", "GAS") + twice + asm("POP", "GAS", "SWAP1", "SUB") + RETURN_TOP,
            accounts={OTHER: contract(touch + ending)},
        )  # fmt: skip


def original_words() -> Iterator[Draft]:
    """The original word is that before the transaction, not before the call."""
    callee = asm(0, "CALLDATALOAD", 7, "SSTORE")
    for slug, first, second in (("reset", 2, 5), ("clear-twice", 0, 0), ("clear-and-set", 0, 2), ("set-and-clear", 2,
    0)):
        code = b"".join(
            asm(word, 0, "MSTORE", 0, 0, 32, 0, 0, OTHER, "GAS", "CALL", "POP") for word in (first, second)
        )
        yield vm_draft(
            GROUP, f"original-across-calls-{slug}", "Two calls of one transaction share the original word.",
            SSTORE, code, accounts={OTHER: contract(callee, storage={7: 5})},
        )  # fmt: skip


def transient() -> Iterator[Draft]:
    """Transient storage: by account, undone by a revert, gone for nobody else."""
    for fork in FORKS:
        yield vm_draft(
            GROUP, f"tload-after-tstore-{fork.lower()}", "A transient word is read back; absent ones are zero.",
            TRANSIENT, asm(5, 7, "TSTORE", 8, "TLOAD", 7, "TLOAD", 0, "MSTORE", 32, "MSTORE", 64, 0, "RETURN"), fork,
        )  # fmt: skip
    yield vm_draft(
        GROUP, "tstore-is-not-storage", "Transient words are not in the state; storage keeps its own.",
        TRANSIENT, asm(5, 7, "TSTORE", 7, "SLOAD") + RETURN_TOP, storage={7: 3},
    )  # fmt: skip
    read = asm(7, "TLOAD") + RETURN_TOP
    yield vm_draft(
        GROUP, "tload-in-callee-is-its-own", "Transient words belong to an account; sharing them leaks locks.",
        TRANSIENT, asm(5, 7, "TSTORE", 32, 0, 0, 0, 0, OTHER, "GAS", "CALL", "POP", 32, 0, "RETURN"),
        accounts={OTHER: contract(read)},
    )  # fmt: skip
    yield vm_draft(
        GROUP, "tload-in-delegatecall-is-callers", "In a DELEGATECALL the account is the caller's.",
        TRANSIENT, asm(5, 7, "TSTORE", 32, 0, 0, 0, OTHER, "GAS", "DELEGATECALL", "POP", 32, 0, "RETURN"),
        accounts={OTHER: contract(read)},
    )  # fmt: skip
    reenter = asm(9, 7, "TSTORE", 0, 0, "REVERT")
    yield vm_draft(
        GROUP, "tstore-undone-by-revert", "A failed callee's transient words go back to those before the call.",
        (*TRANSIENT, "VM-return-to-caller"),
        asm(5, 7, "TSTORE", 0, 0, 0, 0, OTHER, "GAS", "DELEGATECALL", "POP", 7, "TLOAD") + RETURN_TOP,
        accounts={OTHER: contract(reenter)},
    )  # fmt: skip
    yield vm_draft(
        GROUP, "tstore-kept-across-calls", "A transient word lives on to the next call of the transaction.",
        TRANSIENT,
        CALL_OTHER + asm("POP", 32, 0, 0, 0, 0, OTHER, "GAS", "CALL", "POP", 32, 0, "RETURN"),
        accounts={OTHER: contract(asm(7, "TLOAD", "DUP1", 1, "ADD", 7, "TSTORE") + RETURN_TOP)},
    )  # fmt: skip
    yield vm_draft(
        GROUP, "tstore-zero-clears", "A transient word of zero reads as an absent one.",
        TRANSIENT, asm(5, 7, "TSTORE", 0, 7, "TSTORE", 7, "TLOAD") + RETURN_TOP,
    )  # fmt: skip
    yield vm_draft(
        GROUP, "tstore-needs-no-sentry", "TSTORE has no lower bound of gas, unlike SSTORE.",
        TRANSIENT, asm(5, 7, "TSTORE"), gas=106,
    )  # fmt: skip
    yield vm_draft(
        GROUP, "tstore-has-no-refund", "Clearing a transient word refunds nothing.",
        TRANSIENT, asm(5, 7, "TSTORE", 0, 7, "TSTORE", "GAS") + RETURN_TOP,
    )  # fmt: skip


def drafts(seed: int, count: int) -> Iterator[Draft]:
    """All cases of the group."""
    del seed, count
    yield from price_table()
    yield from sentry()
    yield from keys_and_words()
    yield from reverts()
    yield from original_words()
    yield from transient()
