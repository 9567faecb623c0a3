"""Random blocks of transactions that meet: in hot words, balances, nonces, code, creations and deletions.

A block is made of recipes, small tuples of numbers, so that a failing block shrinks. While it is made it is executed
serially, so that nonces and funds are right unless the recipe wants them wrong.
"""

from typing import Any, Final

import attrs
from immutables import Map

from hyperion.execution.message import Applied, apply_transaction
from hyperion.execution.profile import ETHEREUM, Profile
from hyperion.execution.set_code import MAGIC
from hyperion.execution.transaction import (
    Authorization,
    FeeMarketTransaction,
    LegacyTransaction,
    SetCodeTransaction,
    Transaction,
    encode_transaction,
    signing_hash,
)
from hyperion.execution.validate import Context
from hyperion.primitives.hashing import keccak256
from hyperion.primitives.rlp import encode, int_to_bytes
from hyperion.primitives.secp256k1 import address_of, public_key_of, sign
from hyperion.primitives.word import Address
from hyperion.state.world import NO_STORAGE, Account, World
from hyperion.vm.address import address_bytes, create2_address
from hyperion.vm.fork import Eip, Fork
from hyperion.vm.machine import Block
from tests.support.machines import assemble

# --- who is there ----------------------------------------------------------------------------------------------------

SECRETS: Final = (0xA11CE, 0xB0B, 0xCA401, 0xDA7E)
SENDERS: Final = tuple(address_of(public_key_of(secret)) for secret in SECRETS)
COUNTER, STORE, LEDGER, WATCH, FACTORY, BOUNCE, REVERT, BURN, DESTROY = range(0xC001, 0xC00A)
VAULT: Final = 0xFEE
FRESH: Final = (0xF001, 0xF002)
Z: Final = "0x6000"
"""A zero that PARIS can push."""

CHILD_CODE: Final = assemble(
    f"CALLDATASIZE 14 JUMPI {Z} SLOAD 1 ADD {Z} SSTORE STOP JUMPDEST {Z} CALLDATALOAD SELFDESTRUCT"
)
"""Counts when called without input, and destroys itself in favour of the address in its input."""
assert CHILD_CODE[14] == 0x5B


def initialisation(before: str, runtime: bytes = CHILD_CODE) -> bytes:
    """Code that does something and then returns ``runtime``."""
    head = assemble(before)
    offset = len(head) + 12
    copy = assemble(f"{len(runtime)} 0x60{offset:02x} {Z} CODECOPY {len(runtime)} {Z} RETURN")
    assert len(copy) == 12
    return head + copy + runtime


INIT: Final = (
    initialisation(f"7 7 SSTORE 7 {Z} SSTORE"),
    initialisation("5 7 SSTORE"),
    assemble(f"1 7 SSTORE {SENDERS[0]} SELFDESTRUCT"),
    initialisation(f"7 SLOAD 8 SSTORE COINBASE BALANCE 9 SSTORE {Z} SLOAD POP"),
)
"""Initialisation codes; the third destroys what it makes."""
CHILDREN: Final = tuple(create2_address(FACTORY, 0, keccak256(init)) for init in INIT)

CODES: Final[dict[Address, bytes]] = {
    COUNTER: assemble(f"{Z} SLOAD 1 ADD {Z} SSTORE"),
    STORE: assemble(f"CALLER {Z} CALLDATALOAD SSTORE {Z} CALLDATALOAD 1 ADD SLOAD {Z} {Z} LOG1"),
    LEDGER: assemble(f"1 CALLER SLOAD SUB CALLER SSTORE {Z} CALLDATALOAD SLOAD 1 ADD {Z} CALLDATALOAD SSTORE"),
    WATCH: assemble(
        f"{Z} CALLDATALOAD BALANCE {Z} SSTORE COINBASE BALANCE 1 SSTORE {Z} CALLDATALOAD EXTCODEHASH 2 SSTORE"
        f" {Z} CALLDATALOAD EXTCODESIZE {Z} {Z} LOG1"
    ),
    FACTORY: assemble(
        f"CALLDATASIZE {Z} {Z} CALLDATACOPY {Z} CALLDATASIZE {Z} CALLVALUE CREATE2 DUP1 3 SSTORE"
        f" {Z} {Z} {Z} {Z} {Z} DUP6 GAS CALL {Z} {Z} LOG1"
    ),
    BOUNCE: assemble(
        f"32 CALLDATASIZE SUB 32 {Z} CALLDATACOPY {Z} {Z} 32 CALLDATASIZE SUB {Z} CALLVALUE {Z} CALLDATALOAD GAS CALL"
        f" {Z} {Z} LOG1 4 SLOAD 1 ADD 4 SSTORE"
    ),
    REVERT: assemble(f"{Z} SLOAD 1 ADD {Z} SSTORE {Z} {Z} {Z} {Z} {Z} {COUNTER} GAS CALL {Z} {Z} REVERT"),
    BURN: assemble(f"JUMPDEST {Z} JUMP"),
    DESTROY: CHILD_CODE,
}
"""What the contracts do: count in one word; write a word; move a unit between words; look at accounts; create and call;
call on; change and undo; burn; destroy themselves."""

PLACES: Final = (*SENDERS, *FRESH, *CODES, *CHILDREN, VAULT, 0xC014, 4)
"""Addresses that recipes name by number; one is a coinbase, one a precompile."""
COINBASES: Final = (0xC014, SENDERS[0], COUNTER, DESTROY, VAULT, FRESH[0], CHILDREN[0], WATCH)
PROFILES: Final = (ETHEREUM, attrs.evolve(ETHEREUM, name="VAULTED", base_fee_recipient=VAULT))
SMALL_BLOCK: Final = 400_000


def opening_world(deployed: int) -> World:
    """The world before a block; the bits of ``deployed`` choose what stands at addresses where contracts are made."""
    accounts = {sender: Account(3, 10**18, b"", NO_STORAGE) for sender in SENDERS}
    accounts |= {place: Account(1, 5, code, Map({0: 5, 9: 9})) for place, code in CODES.items()}
    children = (
        Account(1, 3, CHILD_CODE, Map({0: 5, 7: 1, 9: 9})),
        Account(0, 4, b"", NO_STORAGE),
        Account(0, 1, b"", Map({7: 1})),
        Account(0, 0, CHILD_CODE, Map({7: 1, 8: 8})),
    )
    there = enumerate(zip(CHILDREN, children, strict=True))
    accounts |= {address: child for bit, (address, child) in there if deployed >> bit & 1}
    return World(Map(accounts))


@attrs.frozen
class Setting:
    """Where a block is made."""

    fork: Fork
    coinbase: int = 0
    profile: int = 0
    deployed: int = 0
    gas_limit: int = 30_000_000

    @property
    def context(self) -> Context:
        """The block for its first transaction."""
        profile: Profile = PROFILES[self.profile]
        facts = Block(COINBASES[self.coinbase], 1, 1000, self.gas_limit, 0, 7, 1)
        return Context(self.fork, profile, 1, facts)

    @property
    def world(self) -> World:
        """The world in which it begins."""
        return opening_world(self.deployed)


# --- recipes ---------------------------------------------------------------------------------------------------------


@attrs.frozen
class Recipe:
    """A transaction by numbers: what it is, who sends it, which place it names, an amount, a tip, and what is wrong."""

    kind: str
    who: int = 0
    place: int = 0
    amount: int = 0
    tip: int = 1
    wrong: str = ""


KINDS: Final = (
    "transfer", "count", "call", "watch", "ledger", "store", "create", "factory", "destroy", "bounce", "bounce-destroy",
    "delegate", "drain",
)  # fmt: skip
WRONG: Final = ("nonce", "past", "funds", "gas", "signature", "bytes", "type", "fee")


def word(number: int) -> bytes:
    """32 bytes."""
    return number.to_bytes(32, "big")


def signed(transaction: Transaction, secret: int) -> Transaction:
    """The transaction with its sender's signature."""
    parity, r, s = sign(signing_hash(transaction), secret)
    if isinstance(transaction, LegacyTransaction):
        return attrs.evolve(transaction, v=37 + parity, r=r, s=s)
    return attrs.evolve(transaction, y_parity=parity, r=r, s=s)  # type: ignore[call-arg]


def authorization(secret: int, delegate: Address, nonce: int) -> Authorization:
    """A signed wish to run the code of ``delegate``."""
    fields = (int_to_bytes(1), address_bytes(delegate), int_to_bytes(nonce))
    parity, r, s = sign(keccak256(MAGIC + encode(fields)), secret)
    return Authorization(1, delegate, nonce, parity, r, s)


def call_of(recipe: Recipe, world: World) -> tuple[Address | None, int, bytes]:
    """Recipient, value and data of a recipe."""
    place = PLACES[recipe.place % len(PLACES)]
    init = INIT[recipe.amount % len(INIT)]
    plain = recipe.amount % 7
    match recipe.kind:
        case "count":
            return COUNTER, 0, b""
        case "call":
            return place, plain, b""
        case "watch":
            return WATCH, 0, word(place)
        case "ledger":
            return LEDGER, 0, word(SENDERS[recipe.place % len(SENDERS)])
        case "store":
            return STORE, 0, word(recipe.place % 3)
        case "create":
            return None, plain, init
        case "factory":
            return FACTORY, plain, init
        case "destroy":
            return (*CHILDREN, DESTROY)[recipe.amount % 5], plain, word(place)
        case "bounce":
            return BOUNCE, plain, word(place)
        case "bounce-destroy":
            return BOUNCE, plain, word((*CHILDREN, DESTROY)[recipe.amount % 5]) + word(place)
        case "drain":
            balance = world.account(SENDERS[recipe.who % len(SENDERS)]).balance
            return place, max(0, balance - GAS * 20 * (1 + recipe.amount % 2)), b""
    return place, recipe.amount, b""


GAS: Final = 300_000
"""What each transaction may use."""


def transaction_of(recipe: Recipe, world: World, fork: Fork) -> Transaction:
    """The signed transaction of a recipe in ``world``."""
    who = recipe.who % len(SENDERS)
    to, value, data = call_of(recipe, world)
    nonce = world.account(SENDERS[who]).nonce + {"nonce": 1, "past": -1}.get(recipe.wrong, 0)
    common: dict[str, Any] = {
        "nonce": max(nonce, 0), "gas_limit": GAS * (200 if recipe.wrong == "gas" else 1), "to": to,
        "value": 10**30 if recipe.wrong == "funds" else value, "data": data, "r": 0, "s": 0,
    }  # fmt: skip
    price = 6 if recipe.wrong == "fee" else 7 + recipe.tip
    if recipe.kind == "delegate" and Eip.SET_CODE in fork.eips:
        return signed(set_code_of(recipe, world, common, price), SECRETS[who])
    if recipe.amount % 2:
        legacy = LegacyTransaction(**common, gas_price=price, v=37)
        return signed(legacy, SECRETS[who])
    market = FeeMarketTransaction(
        **common, chain_id=1, y_parity=0, access_list=(), max_fee_per_gas=price, max_priority_fee_per_gas=recipe.tip
        if recipe.wrong != "fee" else 0,
    )  # fmt: skip
    return signed(market, SECRETS[who])


def set_code_of(recipe: Recipe, world: World, common: dict[str, Any], price: int) -> Transaction:
    """A transaction with two authorisations: another sender's, and the sender's own or a wrong one."""
    other, own = recipe.place % len(SENDERS), recipe.who % len(SENDERS)
    delegate = (COUNTER, 0, WATCH, DESTROY, SENDERS[1])[recipe.amount % 5]
    behind = 1 if other == own else 0
    wishes = (
        authorization(SECRETS[other], delegate, world.account(SENDERS[other]).nonce + behind),
        authorization(SECRETS[own], STORE, world.account(SENDERS[own]).nonce + recipe.amount % 3),
    )
    fields = {**common, "to": SENDERS[other]}
    return SetCodeTransaction(
        **fields, chain_id=1, y_parity=0, access_list=(), max_fee_per_gas=price, max_priority_fee_per_gas=0,
        authorizations=wishes,
    )  # fmt: skip


def encoded(recipe: Recipe, transaction: Transaction) -> bytes:
    """The bytes in the block; wrong ones if the recipe wants that."""
    if recipe.wrong == "signature":
        return encode_transaction(attrs.evolve(transaction, s=0))
    data = encode_transaction(transaction)
    if recipe.wrong == "bytes":
        return data[:-1]
    return b"\x05" + data if recipe.wrong == "type" else data


def block_of(recipes: list[Recipe], setting: Setting) -> tuple[bytes, ...]:
    """The encoded transactions of ``recipes``, each made for the world that those before it leave."""
    world, context = setting.world, setting.context
    made: list[bytes] = []
    for recipe in recipes:
        transaction = transaction_of(recipe, world, setting.fork)
        made.append(encoded(recipe, transaction))
        applied = None if recipe.wrong else apply_transaction(transaction, world, context)
        if isinstance(applied, Applied):
            world = applied.world
    return tuple(made)
