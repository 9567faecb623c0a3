"""Reading what people and harnesses write: numbers, bytes, addresses, and accounts as in a genesis or ``alloc`` file.

Whatever cannot be read is refused with ``InputError``, which says where it stands and why.
"""

import re
from typing import Final

from immutables import Map

from hyperion.primitives.word import Address, Word
from hyperion.state.world import EMPTY_WORLD, Account, World

NUMBER: Final = re.compile("0x[0-9a-fA-F]+|-?[0-9]+")
"""Numbers as they are written: no blanks, no underscores, and only these digits."""


class InputError(Exception):
    """An option or a file that cannot be understood: which, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def octets(field: str, text: object) -> bytes:
    """The bytes that hexadecimal ``text`` stands for, with or without 0x; blanks between bytes are allowed."""
    if not isinstance(text, str):
        raise InputError(field, f"not hexadecimal: {text!r}")
    try:
        return bytes.fromhex(text.strip().removeprefix("0x"))
    except ValueError:
        raise InputError(field, f"not hexadecimal: {text[:40]!r}") from None


def fixed(field: str, text: object, size: int) -> bytes:
    """The ``size`` bytes that hexadecimal ``text`` stands for."""
    given = octets(field, text)
    if len(given) != size:
        raise InputError(field, f"not {size} bytes: {text!r}")
    return given


def integer(field: str, value: object, bits: int = 256) -> int:
    """The natural number below 2**bits that ``value`` stands for: a JSON integer, a decimal or a 0x-string."""
    number: object = value
    if isinstance(value, str):
        number = int(value, 16 if value.startswith("0x") else 10) if NUMBER.fullmatch(value) else None
    if isinstance(number, bool) or not isinstance(number, int):
        raise InputError(field, f"not a number: {value!r}")
    if not 0 <= number < 2**bits:
        raise InputError(field, f"not in 0 .. 2**{bits} - 1: {value!r}")
    return number


def address_of(field: str, text: object) -> Address:
    """The address that 20 bytes of hexadecimal stand for."""
    return int.from_bytes(fixed(field, text, 20), "big")


def account_of(field: str, entry: object) -> Account:
    """An account of a state file; what is not said is zero or empty."""
    if not isinstance(entry, dict):
        raise InputError(field, "not an object")
    storage: object = entry.get("storage", {})
    if not isinstance(storage, dict):
        raise InputError(f"{field}.storage", "not an object")
    words: dict[Word, Word] = {
        integer(f"{field}.storage", key): integer(f"{field}.storage.{key}", value) for key, value in storage.items()
    }
    return Account(
        integer(f"{field}.nonce", entry.get("nonce", 0), 64),
        integer(f"{field}.balance", entry.get("balance", 0)),
        octets(f"{field}.code", entry.get("code", "0x")),
        Map({key: value for key, value in words.items() if value != 0}),
    )


def world_of(field: str, accounts: object) -> World:
    """The world of a state file: accounts by address, as in a genesis or ``alloc`` file."""
    if not isinstance(accounts, dict):
        raise InputError(field, "not an object of accounts by address")
    world = EMPTY_WORLD
    for text, entry in accounts.items():
        world = world.with_account(address_of(field, text), account_of(f"{field}.{text}", entry))
    return world
