"""Accounts and the world state: a persistent map from addresses to accounts.

Worlds share structure: keeping one for each step of an execution costs a few small objects a change, and going back to
an earlier world (a revert) is choosing another value. Source: Yellow Paper §4.1; EIP-161 (empty accounts do not exist).
"""

from typing import Final

import msgspec
from immutables import Map

from hyperion.primitives.word import Address, Word
from hyperion.rules import rule


class Account(msgspec.Struct, frozen=True, gc=False):
    """An account: transaction count, balance in wei, code, and the non-zero words of its storage."""

    nonce: int
    balance: Word
    code: bytes
    storage: Map[Word, Word]

    def is_empty(self) -> bool:
        """Whether the account counts as non-existent: no transaction, no wei, no code (EIP-161)."""
        return self.nonce == 0 and self.balance == 0 and not self.code

    def is_taken(self) -> bool:
        """Whether no contract may be created here: there is a nonce, code or storage (EIP-684, EIP-7610)."""
        return self.nonce != 0 or bool(self.code) or len(self.storage) != 0

    def with_balance(self, balance: Word) -> "Account":
        """The account holding ``balance`` wei."""
        return Account(self.nonce, balance, self.code, self.storage)

    def with_nonce(self, nonce: int) -> "Account":
        """The account after ``nonce`` transactions."""
        return Account(nonce, self.balance, self.code, self.storage)

    def with_code(self, code: bytes) -> "Account":
        """The account with ``code``."""
        return Account(self.nonce, self.balance, code, self.storage)


NO_STORAGE: Final[Map[Word, Word]] = Map()
EMPTY_ACCOUNT: Final = Account(0, 0, b"", NO_STORAGE)


class World(msgspec.Struct, frozen=True, gc=False):
    """The state of all accounts; an address without an entry has the empty account."""

    accounts: Map[Address, Account] = Map()

    def account(self, address: Address) -> Account:
        """The account at ``address``."""
        return self.accounts.get(address, EMPTY_ACCOUNT)

    @rule("STATE-empty-account-absent", "An account without nonce, balance and code is not part of the state.")
    def with_account(self, address: Address, account: Account) -> "World":
        """The world in which ``address`` has ``account``; an empty account is removed (EIP-161)."""
        if not account.is_empty():
            return World(self.accounts.set(address, account))
        if address in self.accounts:
            return World(self.accounts.delete(address))
        return self

    def without(self, address: Address) -> "World":
        """The world in which ``address`` has no account."""
        return World(self.accounts.delete(address)) if address in self.accounts else self

    def storage(self, address: Address, key: Word) -> Word:
        """The word at ``key`` in the storage of ``address``; 0 if never written."""
        account = self.accounts.get(address)
        return 0 if account is None else account.storage.get(key, 0)

    @rule("STATE-zero-word-absent", "A storage word of zero is not part of the state: writing zero removes the key.")
    def with_storage(self, address: Address, key: Word, value: Word) -> "World":
        """The world in which ``key`` of ``address`` holds ``value``."""
        account = self.accounts.get(address, EMPTY_ACCOUNT)
        storage = account.storage
        if value != 0:
            storage = storage.set(key, value)
        elif key in storage:
            storage = storage.delete(key)
        return World(self.accounts.set(address, Account(account.nonce, account.balance, account.code, storage)))

    def credit(self, address: Address, amount: int) -> "World":
        """The world in which ``address`` has ``amount`` more wei (less, if negative)."""
        account = self.account(address)
        return self.with_account(address, account.with_balance(account.balance + amount))

    def transfer(self, sender: Address, recipient: Address, amount: Word) -> "World":
        """The world after ``amount`` wei went from ``sender``, who must hold them, to ``recipient``.

        Whoever pays itself keeps its account: going through the balance 0 could empty and so remove it in between.
        """
        if amount == 0 or sender == recipient:
            return self
        return self.credit(sender, -amount).credit(recipient, amount)

    def increment_nonce(self, address: Address) -> "World":
        """The world in which ``address`` has one transaction more."""
        account = self.account(address)
        return self.with_account(address, account.with_nonce(account.nonce + 1))


EMPTY_WORLD: Final = World()
