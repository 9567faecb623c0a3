"""The text of a block becomes a function: linked with these names, and with no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from hyperion.primitives.hashing import keccak256
from hyperion.primitives.word import Address, Word
from hyperion.state.world import World
from hyperion.vm.machine import Log, Machine, Substate
from hyperion.vm.memory import Memory
from hyperion.vm.stack import Stack

Run: TypeAlias = Callable[[Machine], Machine]


def with_words(memory: Memory, written: Mapping[int, Word]) -> Memory:
    """The memory with the words written, by offset. It has the room for them."""
    for offset, word in written.items():
        memory = memory.store(offset, word)
    return memory


def with_slots(world: World, address: Address, stored: Mapping[Word, Word]) -> World:
    """The world with the words stored, by key."""
    for key, word in stored.items():
        world = world.with_storage(address, key, word)
    return world


def with_touched(substate: Substate, address: Address, touched: Mapping[Word, bool]) -> Substate:
    """The substate in which the keys touched are warm."""
    for key in touched:
        substate = substate.with_accessed_slot((address, key))
    return substate


def with_transients(substate: Substate, address: Address, moved: Mapping[Word, Word]) -> Substate:
    """The substate with the words in transient storage, by key."""
    for key, word in moved.items():
        substate = substate.with_transient((address, key), word)
    return substate


def with_logs(substate: Substate, logged: Sequence[Log]) -> Substate:
    """The substate with more logs."""
    for log in logged:
        substate = substate.with_log(log)
    return substate


def with_refund(substate: Substate, refund: int) -> Substate:
    """The substate whose refund is ``refund``."""
    return substate.with_refund(refund - substate.refund)


LINKS: Final[Mapping[str, object]] = {
    "__builtins__": {"abs": abs, "len": len},
    "from_bytes": int.from_bytes,
    "keccak256": keccak256,
    "Log": Log,
    "Machine": Machine,
    "Stack": Stack,
    "with_words": with_words,
    "with_slots": with_slots,
    "with_touched": with_touched,
    "with_transients": with_transients,
    "with_logs": with_logs,
    "with_refund": with_refund,
}
"""All names that the text of a block can use."""


def compiled(text: str, name: str) -> Run:
    """The function that a block's text is. The text is made of terms and offsets alone: no input's text gets in it."""
    names = dict(LINKS)
    exec(compile(text, name, "exec"), names)  # noqa: S102 - the text is our own, derived from the model
    block: Run = names["block"]  # type: ignore[assignment]
    return block
