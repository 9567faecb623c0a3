"""A world of which only some parts are known: asked for another part, it names it instead of inventing it.

Every function of the model that takes a world takes a partial one too, so there is no second meaning of an
instruction. Since all of them are pure, whoever runs them can catch ``Unknown`` between two steps, supply the part
(``learn``, ``knowing``) and take the same step again; what was asked for is then what was read. What was changed is
``changes``: a value that ``apply_changes`` lays upon a full world. Neither needs the parts that nobody asked for.

Who uses it: parallel execution, where each part that is asked for is a read of shared memory; and the verifier of one
step, who knows what a witness proves.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

import msgspec
from immutables import Map

from hyperion.primitives.word import MODULUS, Address, Word
from hyperion.rules import rule
from hyperion.state.world import NO_STORAGE, Account, World

# --- parts of a world ------------------------------------------------------------------------------------------------


class Part(IntEnum):
    """The kinds of parts in which a world can be known."""

    NONCE = 0
    BALANCE = 1
    CODE = 2
    WORD = 3
    """One word of storage; a key without a word has 0."""
    HAS_STORAGE = 4
    """Whether any word of storage is not 0; all that a creation asks (EIP-7610)."""
    STORAGE = 5
    """All words of an account. No execution of a well-formed world asks for it."""
    STATE = 6
    """All accounts. Only a commitment asks for it."""


class Location(NamedTuple):
    """Where a part is: kind, account, and the key of a word."""

    part: Part
    address: Address = 0
    key: Word = 0


Value: TypeAlias = int | bytes
"""What is at a location: a number, code, or a truth value."""


class Unknown(Exception):
    """A part was asked for that is not known: the step needs ``location`` before it can be taken."""

    def __init__(self, location: Location) -> None:
        super().__init__(f"{location.part.name} {location.address:#042x} {location.key:#x}")
        self.location = location


class Impossible(Exception):
    """What is known can't be of one world: an account would hold 2**256 wei or more."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"{address:#042x} would hold 2**256 wei or more")
        self.address = address


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What is known of an account as it was before any change; None, or a key that is missing: not known."""

    nonce: int | None = None
    balance: Word | None = None
    code: bytes | None = None
    has_storage: bool | None = None
    stored: Map[Word, Word] = Map()
    """Zeros included: that a word is 0 is knowledge."""


NO_FACTS: Final = Facts()
FACT_OF: Final = {
    Part.NONCE: "nonce", Part.BALANCE: "balance", Part.CODE: "code", Part.HAS_STORAGE: "has_storage"
}  # fmt: skip
"""The field that says what is known of a part."""


def learn(known: Map[Address, Facts], location: Location, value: Value) -> Map[Address, Facts]:
    """The knowledge ``known``, and that ``location`` holds ``value``.

    Refuses with ``Unknown`` what can't be one fact: a whole storage, or the whole state.
    """
    part, address, key = location
    facts = known.get(address, NO_FACTS)
    if part is Part.WORD and isinstance(value, int):
        return known.set(address, msgspec.structs.replace(facts, stored=facts.stored.set(key, value)))
    if part not in FACT_OF:
        raise Unknown(location)
    return known.set(address, msgspec.structs.replace(facts, **{FACT_OF[part]: value}))


def recall(known: Map[Address, Facts], location: Location) -> Value | None:
    """What is known to be at ``location``; None if that is not known."""
    facts = known.get(location.address, NO_FACTS)
    if location.part is Part.WORD:
        return facts.stored.get(location.key)
    value: Value | None = getattr(facts, FACT_OF[location.part]) if location.part in FACT_OF else None
    return value


def value_at(world: World, location: Location) -> Value:
    """What ``world`` has at ``location``. Refuses with ``Unknown`` a whole storage, or the whole state."""
    part, address, key = location
    if part is Part.WORD:
        return world.storage(address, key)
    account = world.account(address)
    if part is Part.NONCE:
        return account.nonce
    if part is Part.BALANCE:
        return account.balance
    if part is Part.CODE:
        return account.code
    if part is Part.HAS_STORAGE:
        return bool(account.storage)
    raise Unknown(location)


# --- changes ---------------------------------------------------------------------------------------------------------


class Change(msgspec.Struct, frozen=True, gc=False):
    """How an account is otherwise than before; None, or a key that is missing: as before."""

    nonce: int | None = None
    balance: Word | None = None
    code: bytes | None = None
    cleared: bool = False
    """Whether all words of before are gone."""
    stored: Map[Word, Word] = Map()
    """Words written, zeros included."""
    touched: bool = False
    """Whether it got 0 wei while its balance was not known, and before ``credited``: if empty, it is removed."""
    credited: int = 0
    """Wei that it got while its balance was not known."""


NO_CHANGE: Final = Change()
GONE: Final = Change(0, 0, b"", True)
"""The account is removed."""


@rule("STATE-changes", "Changes laid upon the world before them give the world after them.")
def apply_changes(world: World, changes: Map[Address, Change]) -> World:
    """``world`` with ``changes``. The order of the addresses is of no account: each change is of its own."""
    for address in sorted(changes):
        world = _apply(world, address, changes[address])
    return world


def _apply(world: World, address: Address, change: Change) -> World:
    if change.balance is not None or change.nonce is not None or change.code is not None or change.cleared:
        account = world.account(address)
        made = Account(
            account.nonce if change.nonce is None else change.nonce,
            account.balance if change.balance is None else change.balance,
            account.code if change.code is None else change.code,
            NO_STORAGE if change.cleared else account.storage,
        )
        world = world.with_account(address, made)
    for key in sorted(change.stored):
        world = world.with_storage(address, key, change.stored[key])
    if change.touched:
        world = world.credit(address, 0)
    return world.credit(address, change.credited) if change.credited else world


# --- accounts --------------------------------------------------------------------------------------------------------


class PartialAccount(Account, frozen=True, gc=False):
    """An account by what is known of it and what has changed. Its inherited fields hold nothing: made by ``_view``."""

    address: Address
    facts: Facts
    change: Change

    @property  # type: ignore[misc]  # a question stands where the base class has a field
    def nonce(self) -> int:
        """As in ``Account``."""
        if self.change.nonce is not None:
            return self.change.nonce
        if self.facts.nonce is None:
            raise Unknown(Location(Part.NONCE, self.address))
        return self.facts.nonce

    @property  # type: ignore[misc]  # a question stands where the base class has a field
    def balance(self) -> Word:
        """As in ``Account``: what was credited blindly is added to the balance before."""
        if self.change.balance is not None:
            return self.change.balance
        if self.facts.balance is None:
            raise Unknown(Location(Part.BALANCE, self.address))
        return possible(self.address, self.facts.balance + self.change.credited)

    @property  # type: ignore[misc]  # a question stands where the base class has a field
    def code(self) -> bytes:
        """As in ``Account``."""
        if self.change.code is not None:
            return self.change.code
        if self.facts.code is None:
            raise Unknown(Location(Part.CODE, self.address))
        return self.facts.code

    @property  # type: ignore[misc]  # a question stands where the base class has a field
    def storage(self) -> Map[Word, Word]:
        """As in ``Account``; known only if it was cleared."""
        if not self.change.cleared:
            raise Unknown(Location(Part.STORAGE, self.address))
        return Map({key: word for key, word in self.change.stored.items() if word})

    def has_storage(self) -> bool:
        """Whether a word of storage is not 0."""
        change = self.change
        if any(change.stored.values()):
            return True
        if change.cleared:
            return False
        if self.facts.has_storage is None:
            raise Unknown(Location(Part.HAS_STORAGE, self.address))
        if self.facts.has_storage and change.stored:
            raise Unknown(Location(Part.STORAGE, self.address))  # were those the last words?
        return self.facts.has_storage

    def is_empty(self) -> bool:
        """As in ``Account``; one part that is known not to be empty is enough."""
        change, facts = self.change, self.facts
        return not (
            (facts.nonce if change.nonce is None else change.nonce)
            or (facts.balance if change.balance is None else change.balance)
            or (facts.code if change.code is None else change.code)
            or change.credited
        ) and Account.is_empty(self)

    def is_taken(self) -> bool:
        """As in ``Account``."""
        return self.nonce != 0 or bool(self.code) or self.has_storage()

    def with_balance(self, balance: Word) -> Account:
        """As in ``Account``."""
        return self._with(
            msgspec.structs.replace(self.change, balance=possible(self.address, balance), credited=0)
        )

    def with_nonce(self, nonce: int) -> Account:
        """As in ``Account``."""
        return self._with(msgspec.structs.replace(self.change, nonce=nonce))

    def with_code(self, code: bytes) -> Account:
        """As in ``Account``."""
        return self._with(msgspec.structs.replace(self.change, code=code))

    def _with(self, change: Change) -> PartialAccount:
        return _view(self.address, self.facts, change)


def possible(address: Address, balance: int) -> Word:
    """The balance, if there is so much wei. Refuses more with ``Impossible``.

    Parts that were read at different moments may belong to no one world, and then nothing else bounds their sum.
    """
    if balance >= MODULUS:
        raise Impossible(address)
    return balance


def _view(address: Address, facts: Facts, change: Change) -> PartialAccount:
    return PartialAccount(0, 0, b"", NO_STORAGE, address, facts, change)


# --- the world -------------------------------------------------------------------------------------------------------


class PartialWorld(World, frozen=True, gc=False):
    """A world by what is known of it and what has changed; its questions raise ``Unknown`` where that is not enough.

    A question is answered as the full world would answer it, whatever else that world holds
    (``tests/unit/test_partial_world.py``).
    """

    known: Map[Address, Facts] = Map()
    changes: Map[Address, Change] = Map()

    @property  # type: ignore[misc]  # a question stands where the base class has a field
    def accounts(self) -> Map[Address, Account]:
        """Never known: a commitment to a partial world would be one to nothing."""
        raise Unknown(Location(Part.STATE))

    def knowing(self, known: Map[Address, Facts]) -> PartialWorld:
        """The same world, of which ``known`` is known. Changes stay."""
        return PartialWorld(known=known, changes=self.changes)

    def account(self, address: Address) -> Account:
        """As in ``World``; each part of the account asks for itself."""
        return _view(address, self.known.get(address, NO_FACTS), self._change(address))

    def with_account(self, address: Address, account: Account) -> World:
        """As in ``World``."""
        if account.is_empty():
            return self._changed(address, GONE)
        if isinstance(account, PartialAccount) and account.address == address:
            return self._changed(address, account.change)
        return self._changed(address, Change(account.nonce, account.balance, account.code, True, account.storage))

    def without(self, address: Address) -> World:
        """As in ``World``."""
        return self._changed(address, GONE)

    def storage(self, address: Address, key: Word) -> Word:
        """As in ``World``."""
        change = self._change(address)
        word = change.stored.get(key)
        if word is None and change.cleared:
            return 0
        if word is None:
            word = self.known.get(address, NO_FACTS).stored.get(key)
        if word is None:
            raise Unknown(Location(Part.WORD, address, key))
        return word

    def with_storage(self, address: Address, key: Word, value: Word) -> World:
        """As in ``World``."""
        change = self._change(address)
        return self._changed(address, msgspec.structs.replace(change, stored=change.stored.set(key, value)))

    def credit(self, address: Address, amount: int) -> World:
        """As in ``World``; wei for an account whose balance is not known is noted down, and the balance not asked for.

        0 wei remove an account that is empty (EIP-161). After a credit of more it can't be.
        """
        change = self.changes.get(address, NO_CHANGE)
        if amount < 0 or change.balance is not None or self.known.get(address, NO_FACTS).balance is not None:
            return World.credit(self, address, amount)
        touched = change.touched or (amount == 0 and change.credited == 0)
        credited = change.credited + amount
        return self._changed(address, msgspec.structs.replace(change, touched=touched, credited=credited))

    def _changed(self, address: Address, change: Change) -> PartialWorld:
        return PartialWorld(known=self.known, changes=self.changes.set(address, change))

    def _change(self, address: Address) -> Change:
        """How ``address`` has changed. Only here it matters whether 0 wei removed it, so only here that is asked."""
        change = self.changes.get(address, NO_CHANGE)
        if not change.touched:
            return change
        before = msgspec.structs.replace(change, touched=False, credited=0)
        if _view(address, self.known.get(address, NO_FACTS), before).is_empty():
            return msgspec.structs.replace(GONE, balance=change.credited)
        return msgspec.structs.replace(change, touched=False)
