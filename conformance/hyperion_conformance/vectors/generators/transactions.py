"""Groups of target evm.state: who may send what, what is paid, and what is left in the state."""

from collections.abc import Iterator
from typing import Any, Final

from hyperion.execution.transaction import encode_transaction
from hyperion.primitives.secp256k1 import ORDER
from hyperion.vm.address import create_address
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.generators import programs
from hyperion_conformance.vectors.generators.assembly import (
    ABSENT,
    FORKS,
    OTHER,
    RETURN_TOP,
    Draw,
    account,
    address_text,
    asm,
    contract,
    store_results,
)
from hyperion_conformance.vectors.generators.calls import designator
from hyperion_conformance.vectors.generators.creation import create, initcode
from hyperion_conformance.vectors.generators.signing import (
    COINBASE,
    KEY,
    OTHER_SIGNER,
    RECIPIENT,
    RICH,
    SENDER,
    access,
    authorization,
    signed,
    state_draft,
)
from hyperion_conformance.vectors.record import Draft

BLOB_GAS: Final = 2**17
VERSIONED: Final = 1 << 248
TYPES: Final = {"CANCUN": (0, 1, 2, 3), "PRAGUE": (0, 1, 2, 3, 4), "OSAKA": (0, 1, 2, 3, 4)}


def blobs(count: int) -> tuple[int, ...]:
    """Versioned hashes."""
    return tuple(VERSIONED + index for index in range(count))


# --- admission -------------------------------------------------------------------------------------------------------


def refusals() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Slug, rule, what is wrong, and the arguments of the draft."""
    many = {f"type{kind}-": kind for kind in range(5)}
    for prefix, kind in many.items():
        yield f"{prefix}nonce-too-low", "nonce-too-low", "a replay", {
            "kind": kind, "nonce": 4, "sender": account(balance=RICH, nonce=5),
        }  # fmt: skip
        yield f"{prefix}nonce-too-high", "nonce-too-high", "a gap", {
            "kind": kind, "nonce": 6, "sender": account(balance=RICH, nonce=5),
        }  # fmt: skip
        yield f"{prefix}sender-has-code", "sender-not-eoa", "a contract can't sign", {
            "kind": kind, "sender": account(b"\0", RICH),
        }  # fmt: skip
        yield f"{prefix}gas-limit-above-block", "gas-limit-exceeds-block", "more gas than the block has", {
            "kind": kind, "block": {"gas_limit": "199999"},
        }  # fmt: skip
    yield "max-fee-below-base-fee", "max-fee-below-base-fee", "one wei too little", {"max_fee_per_gas": 9}
    yield "gas-price-below-base-fee", "max-fee-below-base-fee", "one wei too little", {"kind": 0, "gas_price": 9}
    yield "priority-fee-above-max-fee", "priority-fee-above-max-fee", "the tip exceeds the whole", {
        "max_fee_per_gas": 20, "max_priority_fee_per_gas": 21,
    }  # fmt: skip
    yield "funds-one-wei-short", "insufficient-funds", "one wei is missing", {
        "value": 100, "sender": account(balance=200_000 * 20 + 99),
    }  # fmt: skip
    yield "funds-at-max-fee", "insufficient-funds", "the effective price would be paid, the maximum not", {
        "max_fee_per_gas": 1000, "max_priority_fee_per_gas": 0, "sender": account(balance=200_000 * 999),
    }  # fmt: skip
    yield "funds-without-blob-fee", "insufficient-funds", "gas is paid, blobs are not", {
        "kind": 3, "sender": account(balance=200_000 * 20 + 5 * BLOB_GAS - 1),
    }  # fmt: skip
    yield "cost-beyond-word", "cost-overflow", "gas limit times price does not fit in a word", {
        "max_fee_per_gas": 2**250, "max_priority_fee_per_gas": 0, "names_reason": False,
    }  # fmt: skip
    yield "other-chain-type0", "chain-id", "signed for chain 2", {"kind": 0, "v": 39}
    yield "other-chain-type2", "chain-id", "signed for chain 2", {"chain_id": 1, "altered": None, "fields_chain": 2}
    yield "s-above-half", "signature", "a high s is the same signature a second time", {"flip": True}
    yield "r-zero", "signature", "r is 0", {"altered": {"r": 0}}
    yield "s-zero", "signature", "s is 0", {"altered": {"s": 0}}
    yield "r-is-order", "signature", "r is not below the order", {"altered": {"r": ORDER}}
    yield "y-parity-2", "signature", "the parity is 0 or 1", {"altered": {"y_parity": 2}}
    yield "legacy-v-29", "signature", "v stands for nothing", {"kind": 0, "altered": {"v": 29}}
    yield "nonce-greatest", "nonce-max", "no transaction has the greatest nonce", {
        "nonce": 2**64 - 1, "sender": account(balance=RICH, nonce=2**64 - 1),
    }  # fmt: skip
    yield "initcode-above-limit", "initcode-too-large", "49,153 zero bytes of initialisation code", {
        "to": None, "data": bytes(0xC001), "gas_limit": 2_000_000,
    }  # fmt: skip
    yield "gas-above-cap", "gas-cap", "one more than 2**24", {"gas_limit": 2**24 + 1}
    yield "no-blobs", "no-blobs", "a blob transaction without a blob", {"kind": 3, "blob_versioned_hashes": ()}
    yield "seven-blobs", "too-many-blobs", "one more than a transaction may have", {
        "kind": 3, "blob_versioned_hashes": blobs(7),
    }  # fmt: skip
    yield "ten-blobs", "blob-gas-exceeds-block", "one more than a block may have", {
        "kind": 3, "blob_versioned_hashes": blobs(10), "names_reason": False,
    }  # fmt: skip
    yield "blob-version-0", "blob-version", "the second hash has another version", {
        "kind": 3, "blob_versioned_hashes": (VERSIONED, 7),
    }  # fmt: skip
    yield "blob-fee-too-low", "blob-fee-too-low", "below the price of blob gas", {
        "kind": 3, "max_fee_per_blob_gas": 1, "block": {"excess_blob_gas": str(10**7)},
    }  # fmt: skip
    yield "blob-create", "blob-create", "blobs and a creation", {"kind": 3, "to": None}
    yield "set-code-create", "set-code-create", "authorisations and a creation", {"kind": 4, "to": None}
    yield "no-authorizations", "authorization-list-empty", "type 4 without an authorisation", {
        "kind": 4, "authorizations": (),
    }  # fmt: skip


def admission() -> Iterator[Draft]:
    """Transactions that may not be in the block, and their neighbours that may."""
    why = "Refused: {}. A client that lets it in builds blocks that others reject."
    for slug, rule, what, arguments in refusals():
        fields = dict(arguments)
        if fields.pop("flip", False):
            plain = signed(2, KEY, {})
            fields["altered"] = {"s": ORDER - plain.s, "y_parity": 1 - getattr(plain, "y_parity", 0)}
        if "fields_chain" in fields:
            other = signed(2, KEY, {"chain_id": fields.pop("fields_chain")})
            fields = {"raw": encode_transaction(other)}
        fork = "PRAGUE" if slug == "ten-blobs" else "OSAKA"
        yield state_draft("admission", f"reject-{slug}", why.format(what), (f"EXE-{rule}",), fork=fork, **fields)
    for kind, forks in ((4, ("CANCUN",)),):
        for fork in forks:
            yield state_draft(
                "admission", f"reject-type{kind}-{fork.lower()}", "Refused: the type came with a later fork.",
                ("EXE-type-unsupported",), kind, fork,
            )  # fmt: skip
    good = encode_transaction(signed(2, KEY, {}))
    for slug, raw, rule in (
        ("unknown-type", b"\x05" + good[1:], "type-unsupported"), ("trailing-byte", good + b"\0", "transaction-strict"),
        ("cut-short", good[:-1], "transaction-strict"), ("no-bytes", b"", "transaction-strict"),
        ("only-type", b"\x02", "transaction-strict"),
    ):  # fmt: skip
        yield state_draft(
            "admission", f"reject-{slug}", "Refused: not the encoding of a transaction.", (f"EXE-{rule}",), raw=raw
        )
    for slug, rule, fields in (
        ("funds-exact", "insufficient-funds", {"value": 100, "sender": account(balance=200_000 * 20 + 100)}),
        ("max-fee-is-base-fee", "max-fee-below-base-fee", {"max_fee_per_gas": 10, "max_priority_fee_per_gas": 0}),
        ("gas-limit-is-block", "gas-limit-exceeds-block", {"block": {"gas_limit": "200000"}}),
        ("legacy-without-chain", "chain-id", {"kind": 0, "v": 27}),
        ("gas-at-cap", "gas-cap", {"gas_limit": 2**24}),
        ("gas-above-cap-prague", "gas-cap", {"gas_limit": 2**24 + 1, "fork": "PRAGUE"}),
        ("six-blobs", "too-many-blobs", {"kind": 3, "blob_versioned_hashes": blobs(6)}),
        ("seven-blobs-prague", "too-many-blobs", {"kind": 3, "blob_versioned_hashes": blobs(7), "fork": "PRAGUE"}),
        ("sender-delegates", "sender-not-eoa", {"sender": account(designator(RECIPIENT), RICH)}),
        ("nonce-below-greatest", "nonce-max", {
            "nonce": 2**64 - 2, "sender": account(balance=RICH, nonce=2**64 - 2),
        }),
        ("blob-fee-exact", "blob-fee-too-low", {"kind": 3, "max_fee_per_blob_gas": 1}),
    ):  # fmt: skip
        yield state_draft(
            "admission", f"accept-{slug}", "Accepted: exactly at the border. Refusing it censors.",
            (f"EXE-{rule}",), **fields,
        )  # fmt: skip


# --- gas and fees ----------------------------------------------------------------------------------------------------


def intrinsic() -> Iterator[Draft]:
    """Exactly the gas that a transaction pays for itself, and one less."""
    some = {"zeros": bytes(20), "nonzeros": b"\1" * 20, "mixed": bytes(10) + b"\1" * 10, "none": b""}
    for fork in FORKS:
        floor = fork != "CANCUN"
        for slug, data in some.items():
            tokens = data.count(0) + 4 * (len(data) - data.count(0))
            least = 21_000 + max(4 * tokens, 10 * tokens if floor else 0)
            yield from at_border(f"data-{slug}", fork, least, {"data": data}, floor and tokens > 0)
        code = b"\0" * 33
        least = 21_000 + 32_000 + 4 * 33 + 2 * 2
        yield from at_border("creation", fork, least, {"to": None, "data": code}, False)
        entries = access((OTHER, (1, 2)), (ABSENT, ()), (OTHER, (1,)))
        least = 21_000 + 3 * 2_400 + 3 * 1_900
        yield from at_border("access-list", fork, least, {"kind": 1, "access_list": entries}, False)
        if fork != "CANCUN":
            two = (authorization(), authorization(nonce=1))
            yield from at_border("authorizations", fork, 21_000 + 2 * 25_000, {"kind": 4, "authorizations": two}, False)


def at_border(slug: str, fork: str, least: int, fields: dict[str, Any], floor: bool) -> Iterator[Draft]:
    """A transaction with the least gas limit, and one with one gas less."""
    rules = ("EXE-floor-gas",) if floor else ("EXE-intrinsic-gas",)
    for name, gas in (("exact", least), ("one-short", least - 1)):
        yield state_draft(
            "intrinsic", f"{slug}-{name}-{fork.lower()}",
            f"The least gas limit is {least}, whatever the code then does.",
            rules, fork=fork, gas_limit=gas, **fields,
        )  # fmt: skip


def fees() -> Iterator[Draft]:
    """Who pays what to whom."""
    spend = {RECIPIENT: contract(asm(1, 1, "SSTORE"))}
    for fork in FORKS:
        for kind in TYPES[fork]:
            yield state_draft(
                "fees", f"type{kind}-{fork.lower()}",
                "The sender pays gas at the effective price, the base fee is burned.",
                (
                    "EXE-effective-price", "EXE-settle", "EXE-buy-gas", "EXE-sender", "EXE-signing-hash",
                    "EXE-transaction-encoding",
                ),
                kind, fork, spend, value=5,
            )  # fmt: skip
    for slug, fields in (
        ("priority-capped-by-max", {"max_fee_per_gas": 12, "max_priority_fee_per_gas": 12}),
        ("no-priority-fee", {"max_fee_per_gas": 20, "max_priority_fee_per_gas": 0}),
        ("base-fee-zero", {"block": {"base_fee": "0"}, "max_fee_per_gas": 0, "max_priority_fee_per_gas": 0}),
        ("coinbase-is-sender", {"block": {"coinbase": address_text(SENDER)}}),
        ("coinbase-is-recipient", {"block": {"coinbase": address_text(RECIPIENT)}, "value": 3}),
        ("coinbase-is-absent-and-gets-nothing", {"max_priority_fee_per_gas": 0, "max_fee_per_gas": 10}),
    ):  # fmt: skip
        yield state_draft(
            "fees", slug, "Fees move to their owners exactly once.", ("EXE-effective-price", "EXE-settle"), **fields
        )
    price = asm("GASPRICE", "ORIGIN", "CALLER") + store_results(3)
    for kind in range(5):
        yield state_draft(
            "fees", f"gasprice-seen-by-type{kind}", "GASPRICE is the effective price, not the maximum.",
            ("VM-gasprice", "EXE-effective-price"), kind, accounts={RECIPIENT: contract(price)},
        )  # fmt: skip


def refunds() -> Iterator[Draft]:
    """The cap of refunds, the floor, and refunds of failures."""
    for count in (1, 2, 3, 8):
        code = b"".join(asm(0, key, "SSTORE") for key in range(count))
        storage = dict.fromkeys(range(count), 1)
        for fork in FORKS:
            yield state_draft(
                "refunds", f"clears-{count}-words-{fork.lower()}", "At most a fifth of the gas used is refunded.",
                ("EXE-refund", "VM-sstore-refund"), fork=fork, accounts={RECIPIENT: contract(code, storage=storage)},
            )  # fmt: skip
    data = b"\1" * 1000
    clear = {RECIPIENT: contract(asm(0, 1, "SSTORE"), storage={1: 1})}
    for fork in FORKS:
        yield state_draft(
            "refunds", f"floor-after-refund-{fork.lower()}",
            "The floor is applied after the refund, so it can't be undercut.",
            ("EXE-refund", "EXE-floor-gas"), fork=fork, accounts=clear, data=data,
        )  # fmt: skip
        burn = {RECIPIENT: contract(asm(60, "JUMPDEST", 1, "SWAP1", "SUB", "DUP1", 2, "JUMPI") * 1)}
        yield state_draft(
            "refunds", f"execution-above-floor-{fork.lower()}", "Gas used above the floor is what is paid.",
            ("EXE-floor-gas",), fork=fork, accounts=burn, data=b"\1" * 10,
        )  # fmt: skip
    for slug, ending in (("revert", asm(0, 0, "REVERT")), ("invalid", asm("INVALID"))):
        yield state_draft(
            "refunds", f"no-refund-after-{slug}", "A failed execution refunds nothing for storage.",
            ("EXE-refund", "EXE-failed-execution"),
            accounts={RECIPIENT: contract(asm(0, 1, "SSTORE") + ending, storage={1: 1})},
        )  # fmt: skip


# --- state -----------------------------------------------------------------------------------------------------------


def transfers() -> Iterator[Draft]:
    """Value, nonce, failure, warmth, in every fork and type."""
    for fork in FORKS:
        for kind in TYPES[fork]:
            for slug, accounts in (("new", {}), ("existing", {RECIPIENT: account(balance=7)})):
                yield state_draft(
                    "transfers", f"type{kind}-to-{slug}-account-{fork.lower()}", "Value arrives, the nonce rises.",
                    ("EXE-buy-gas", "EXE-settle"), kind, fork, accounts, value=5,
                )  # fmt: skip
    for slug, code in (
        ("stop", b"\0"), ("revert", asm(42, 0, "MSTORE", 32, 0, "REVERT")), ("invalid", asm("INVALID")),
        ("out-of-gas", asm("JUMPDEST", 0, "JUMP")), ("return", asm(42) + RETURN_TOP),
        ("log", asm(7, 3, 0, "LOG1")), ("log-then-revert", asm(7, 3, 0, "LOG1", 0, 0, "REVERT")),
        ("transient-word", asm(5, 1, "TSTORE")),
    ):  # fmt: skip
        yield state_draft(
            "transfers", f"code-that-ends-with-{slug}",
            "A failure undoes value, storage and logs, but not nonce and fee.",
            ("EXE-failed-execution", "VM-enter-call"), value=5, accounts={RECIPIENT: contract(asm(9, 9,
            "SSTORE") + code)},
        )  # fmt: skip
    for slug, to in (("itself", SENDER), ("precompile", 4), ("coinbase", COINBASE), ("failing-precompile", 9)):
        yield state_draft(
            "transfers", f"to-{slug}", "Value to special recipients.", ("EXE-buy-gas", "EXE-settle"), to=to, value=5,
            data=b"\1\2",
        )  # fmt: skip
    yield state_draft(
        "transfers", "nothing-to-absent-account", "A call without value creates no account.",
        ("STATE-empty-account-absent",), to=ABSENT,
    )  # fmt: skip
    yield state_draft(
        "transfers", "nonce-is-risen-during-execution", "A contract sees the balance after gas was bought.",
        ("EXE-buy-gas",), accounts={RECIPIENT: contract(asm("ORIGIN", "BALANCE") + RETURN_TOP)},
    )  # fmt: skip


def warmth() -> Iterator[Draft]:
    """What is warm from the start."""
    places = {
        "sender": SENDER, "recipient": RECIPIENT, "coinbase": COINBASE, "precompile": 2, "p256verify": 0x100,
        "bls-precompile": 0x11, "no-precompile": 0x12, "other": OTHER,
    }  # fmt: skip
    for fork in FORKS:
        for slug, place in places.items():
            code = asm("GAS", place, "BALANCE", "POP", "GAS", "SWAP1", "SUB") + RETURN_TOP
            yield state_draft(
                "warmth", f"balance-of-{slug}-{fork.lower()}", "What is warm at the start costs 100, the rest 2,600.",
                ("EXE-warm-start", "VM-balance"), fork=fork, accounts={RECIPIENT: contract(code)},
            )  # fmt: skip
    probe = asm("GAS", 1, "SLOAD", "POP", "GAS", 2, "SLOAD", "POP", "GAS", OTHER, "BALANCE", "POP", "GAS")
    for kind in range(1, 5):
        yield state_draft(
            "warmth", f"access-list-of-type{kind}", "Listed addresses and keys are warm, others are not.",
            ("EXE-warm-start", "EXE-intrinsic-gas"), kind, accounts={RECIPIENT: contract(probe + store_results(4))},
            access_list=access((RECIPIENT, (1,)), (OTHER, ())),
        )  # fmt: skip
    yield state_draft(
        "warmth", "access-list-key-of-other-account", "A key is warm for the account it is listed with only.",
        ("EXE-warm-start",), 1, accounts={RECIPIENT: contract(probe + store_results(4))},
        access_list=access((OTHER, (1, 2))),
    )  # fmt: skip
    undone = asm(1, "SLOAD", 0, 0, "REVERT")
    yield state_draft(
        "warmth", "access-list-survives-revert", "What the list warms stays warm after a callee failed.",
        ("EXE-warm-start",), 1, access_list=access((OTHER, (1,))),
        accounts={
            RECIPIENT: contract(
                (asm("GAS", 0, 0, 0, 0, 0, OTHER, 30_000, "CALL", "POP")) * 2 + asm("GAS") + store_results(3)
            ),
            OTHER: contract(undone),
        },
    )  # fmt: skip


def creations() -> Iterator[Draft]:
    """Transactions that create."""
    target = create_address(SENDER, 0)
    for fork in FORKS:
        for slug, code in (
            ("deposits-code", initcode(b"\1\2\3")), ("deposits-nothing", b""), ("reverts", asm(0, 0, "REVERT")),
            ("invalid", asm("INVALID")), ("deposits-ef", initcode(b"\xef")), ("deposits-too-much", asm(0x6001, 0,
            "RETURN")),
            ("selfdestructs", asm(OTHER, "SELFDESTRUCT")), ("selfdestructs-to-itself", asm("ADDRESS", "SELFDESTRUCT")),
            ("writes-storage", asm(5, 1, "SSTORE") + initcode(b"\1")), ("logs", asm(0, 0, "LOG0")),
        ):  # fmt: skip
            yield state_draft(
                "creation", f"{slug}-{fork.lower()}",
                "A transaction that creates: the account, its code, or nothing of it.",
                ("VM-enter-create", "VM-code-deposit", "VM-create-address"), fork=fork, to=None, data=code, value=3,
                gas_limit=6_000_000,
            )  # fmt: skip
    for slug, taken in (
        ("nonce", account(nonce=1)), ("code", account(b"\0")), ("balance", account(balance=9)),
    ):  # fmt: skip
        yield state_draft(
            "creation", f"where-{slug}-is", "An address with nonce or code is taken: all gas is lost, value stays.",
            ("VM-enter-create",), to=None, data=initcode(b"\1"), value=3, accounts={target: taken},
        )  # fmt: skip
    for kind in (0, 1, 2):
        yield state_draft(
            "creation", f"type{kind}", "Types 0 to 2 may create.", ("VM-enter-create",), kind, to=None,
            data=initcode(b"\1")
        )
    yield state_draft(
        "creation", "initcode-at-limit", "49,152 bytes of initialisation code are allowed.",
        ("EXE-initcode-too-large",), to=None, data=bytes(0xC000), gas_limit=2_000_000,
    )  # fmt: skip
    made = create("CREATE2", asm(OTHER, "SELFDESTRUCT"), 2)
    yield state_draft(
        "creation", "destroyed-in-the-same-transaction", "What was made and destroyed in one transaction is gone.",
        ("VM-selfdestruct", "EXE-settle"), accounts={RECIPIENT: contract(made, 9)},
    )  # fmt: skip
    later = create("CREATE", initcode(asm(OTHER, "SELFDESTRUCT")), 2)
    call = asm(0, 0, 0, 0, 5, "DUP6", 60_000, "CALL", "POP")
    again = asm(0, 0, 0, 0, 1, "DUP6", 60_000, "CALL", "POP")
    yield state_draft(
        "creation", "destroyed-then-paid", "Wei sent to a contract after it destroyed itself are burned with it.",
        ("VM-selfdestruct", "EXE-settle"), accounts={RECIPIENT: contract(later + call + again, 20)}, gas_limit=400_000,
    )  # fmt: skip
    old = {RECIPIENT: contract(asm(0, 0, 0, 0, 0, OTHER, 60_000, "CALL")), OTHER: contract(asm(ABSENT, "SELFDESTRUCT"),
    5)}
    yield state_draft(
        "creation", "old-contract-survives-selfdestruct", "A contract from before keeps code, storage and nonce.",
        ("VM-selfdestruct",), accounts=old,
    )  # fmt: skip


def set_code() -> Iterator[Draft]:
    """Authorisations that hold and that are passed over."""
    code = asm("ADDRESS", 1, "SSTORE", "CALLVALUE", 2, "SSTORE")
    base: dict[int, Json] = {RECIPIENT: contract(code)}
    signer = OTHER_SIGNER
    cases: tuple[tuple[str, dict[int, Json], dict[str, Any]], ...] = (
        ("of-new-account", {}, {}),
        ("of-existing-account", {signer: account(balance=1)}, {}),
        ("called-at-once", {}, {"to": signer, "value": 4}),
        ("any-chain", {}, {"authorizations": (authorization(chain_id=0),)}),
        ("other-chain", {}, {"authorizations": (authorization(chain_id=2),)}),
        ("nonce-too-high", {}, {"authorizations": (authorization(nonce=1),)}),
        ("nonce-too-low", {signer: account(nonce=1)}, {}),
        ("nonce-greatest", {signer: account(nonce=2**64 - 1)}, {"authorizations": (authorization(nonce=2**64 - 1),)}),
        ("of-contract", {signer: account(b"\0")}, {}),
        ("replaces-delegation", {signer: contract(designator(OTHER))}, {"authorizations": (authorization(nonce=1),)}),
        ("ends-delegation", {signer: contract(designator(OTHER))}, {"authorizations": (authorization(0, nonce=1),)}),
        ("to-zero-of-new-account", {}, {"authorizations": (authorization(0),)}),
        ("twice", {}, {"authorizations": (authorization(), authorization(OTHER, nonce=1))}),
        ("twice-same-nonce", {}, {"authorizations": (authorization(), authorization(OTHER))}),
        ("by-sender", {}, {"authorizations": (authorization(nonce=1, key=KEY),)}),
        ("by-sender-with-old-nonce", {}, {"authorizations": (authorization(nonce=0, key=KEY),)}),
        ("by-sender-to-itself-called", {}, {"authorizations": (authorization(nonce=1, key=KEY),), "to": SENDER,
        "value": 1}),
        ("high-s", {}, {"authorizations": (authorization(s=ORDER - authorization().s,
        y_parity=1 - authorization().y_parity),)}),
        ("r-zero", {}, {"authorizations": (authorization(r=0),)}),
        ("y-parity-2", {}, {"authorizations": (authorization(y_parity=2),)}),
        ("changed-after-signing", {}, {"authorizations": (authorization(address=OTHER, nonce=0, chain_id=1),)}),
        ("to-precompile-called", {}, {"authorizations": (authorization(4),), "to": signer, "data": b"\1\2\3"}),
        ("chain-of-delegations", {OTHER: contract(designator(RECIPIENT))}, {
            "authorizations": (authorization(OTHER),), "to": signer,
        }),
        ("loop", {}, {"authorizations": (authorization(signer),), "to": signer}),
        ("survives-revert", {RECIPIENT: contract(asm(0, 0, "REVERT"))}, {}),
        ("survives-invalid", {RECIPIENT: contract(asm("INVALID"))}, {}),
        ("signer-is-warm", {RECIPIENT: contract(asm("GAS", signer, "BALANCE", "GAS") + store_results(3))}, {}),
        ("passed-over-signer-is-warm", {
            RECIPIENT: contract(asm("GAS", signer, "BALANCE", "GAS") + store_results(3)), signer: account(nonce=9),
        }, {}),
    )  # fmt: skip
    for fork in ("PRAGUE", "OSAKA"):
        for slug, more, fields in cases:
            yield state_draft(
                "set-code", f"authorization-{slug}-{fork.lower()}",
                "An authorisation sets its signer's code, or is passed over without a trace but its price.",
                ("EXE-set-code", "EXE-authority", "EXE-delegated-recipient"), 4, fork, {**base, **more}, **fields,
            )  # fmt: skip
        for slug, delegate in (("contract", RECIPIENT), ("precompile", 2), ("absent", ABSENT)):
            yield state_draft(
                "set-code", f"recipient-delegates-to-{slug}-{fork.lower()}",
                "A transaction to an account that delegates runs the delegate's code, and its delegate is warm.",
                ("EXE-delegated-recipient", "VM-delegation-designator"), 2, fork,
                {**base, OTHER: contract(designator(delegate))}, to=OTHER, value=1,
            )  # fmt: skip


def blob_transactions() -> Iterator[Draft]:
    """Blobs: their hashes, their price."""
    code = asm(0, "BLOBHASH", 1, "BLOBHASH", 5, "BLOBHASH", 6, "BLOBHASH", 2**256 - 1, "BLOBHASH") + store_results(5)
    for fork in FORKS:
        for count in (1, 2, 6):
            yield state_draft(
                "blobs", f"{count}-blobs-{fork.lower()}",
                "Code sees the versioned hashes in order, and zeros beyond them.",
                ("VM-blobhash", "EXE-buy-gas"), 3, fork, {RECIPIENT: contract(code)},
                blob_versioned_hashes=blobs(count),
            )  # fmt: skip
        for slug, excess in (("one-blob", 2**17), ("medium", 30_000_000), ("large", 60_000_000)):
            yield state_draft(
                "blobs", f"price-at-{slug}-excess-{fork.lower()}",
                "Blob gas is paid at its price and burned, not refunded.",
                ("EXE-blob-base-fee", "EXE-buy-gas"), 3, fork, {RECIPIENT: contract(asm("BLOBBASEFEE") + RETURN_TOP)},
                {"excess_blob_gas": str(excess)}, max_fee_per_blob_gas=10**9,
            )  # fmt: skip
    for slug, fails in (("revert", asm(0, 0, "REVERT")), ("invalid", asm("INVALID"))):
        yield state_draft(
            "blobs", f"paid-after-{slug}", "Blobs are paid whatever becomes of the execution.",
            ("EXE-buy-gas", "EXE-failed-execution"), 3, accounts={RECIPIENT: contract(fails)},
        )  # fmt: skip


# --- random ----------------------------------------------------------------------------------------------------------


def random(seed: int, count: int) -> Iterator[Draft]:
    """A quarter as many random transactions as random programs: any type, on programs as recipients."""
    for index in range(count // 4):
        draw = Draw("hyperion", seed, "random", index)
        name = f"{draw.bits(48):012x}"
        fork = draw.one_of(FORKS)
        kind = draw.one_of(TYPES[fork])
        code = programs.program(draw, 6 + draw.below(20))
        fields: dict[str, Any] = {"value": draw.below(20), "data": draw.octets(draw.below(60))}
        if kind >= 1 and draw.below(2):
            fields["access_list"] = access((OTHER, (draw.below(4),)), (RECIPIENT, (draw.below(4), draw.below(4))))
        if kind == 4:
            fields["authorizations"] = (
                authorization(draw.one_of((RECIPIENT, OTHER, 4)), draw.below(2), draw.below(2)),
                authorization(RECIPIENT, 1 + draw.below(2), 1, KEY),
            )
        elif kind < 3 and draw.below(4) == 0:
            fields["to"] = None
            fields["data"] = programs.program(draw, 10)
        gas = draw.one_of((80_000, 150_000, 400_000, 1_000_000))
        accounts = {
            **programs.world_of(draw),
            RECIPIENT: contract(code, draw.below(9), {draw.below(4): 1 + draw.below(9)}),
        }
        yield state_draft(
            "random", f"random-{name}", "A random transaction: whatever goes wrong in it shows in the state root.",
            ("EXE-settle", "VM-step"), kind, fork, accounts, gas_limit=gas, **fields,
        )  # fmt: skip


def drafts(seed: int, count: int) -> Iterator[Draft]:
    """All groups of the target."""
    yield from admission()
    yield from intrinsic()
    yield from fees()
    yield from refunds()
    yield from transfers()
    yield from warmth()
    yield from creations()
    yield from set_code()
    yield from blob_transactions()
    yield from random(seed, count)
