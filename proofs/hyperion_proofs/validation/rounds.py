"""Between two rounds of a loop: what the variables may be, and what must hold of them again when a round ends.

The machine where a round begins is any machine. Backwards from it come the variables that stand for it: what the
dictionaries hold is what the machine has now, and what was there where the block was entered is unknown where earlier
rounds have written, and the same as now elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import attrs
import msgspec

from hyperion.symbolic.proxies import implies, where
from hyperion.vm.machine import Machine
from hyperion.vm.stack import Stack
from hyperion_proofs.machines import MAX_GAS, MAX_WORD
from hyperion_proofs.statement import Given, word
from hyperion_proofs.validation.containers import (
    Content,
    ContentLogs,
    ContentMap,
    Earlier,
    Function,
    Parts,
    Table,
    every,
    some,
)
from hyperion_proofs.validation.cutting import NoSuchForm, Pieces, Variables
from hyperion_proofs.validation.machines import FAR, MAX_MEMORY

PLAIN: Final = ("gas", "refund", "steps", "memory_size", "memory")
"""Variables beside words that a round may change, and dictionaries."""
TABLES: Final = ("words", "written", "current", "stored", "touched", "original", "transient", "moved", "logged")


def slots_in(pieces: Pieces) -> list[str]:
    """The variables that hold words of the stack, topmost first."""
    found = [name for name in pieces.names if name.startswith("s") and name[1:].isdigit()]
    return sorted(found, key=lambda name: int(name[1:]))


@attrs.frozen(eq=False)
class Invariant:
    """What holds where a round begins, of the machine ``now`` of which nothing else is known."""

    given: Given
    pieces: Pieces
    now: Machine

    # --- before a round

    def flag(self, name: str, key: int) -> bool:
        """Whether earlier rounds have put the key in the dictionary: never in one that no round changes."""
        if name not in self.pieces.tables:
            return False
        return self.given.result(f"{name} before", (key,), 0, 1) == 1

    def slot(self, key: int) -> Parts:
        """The account's key."""
        return (self.now.frame.address, key)

    def warm(self, key: int) -> bool:
        """Whether the key is touched now."""
        word_at: Function = self.now.substate.accessed_slots.content.before  # type: ignore[attr-defined]
        return word_at(self.slot(key)) != 0

    def storage(self, key: int) -> int:
        """The word of storage now."""
        word_at: Function = self.now.world.slots.before  # type: ignore[attr-defined]
        return word_at(self.slot(key))

    def transient(self, key: int) -> int:
        """The word of transient storage now."""
        word_at: Function = self.now.substate.transient.content.before  # type: ignore[attr-defined]
        return word_at(self.slot(key))

    def original(self, key: int) -> int:
        """The word of storage before the transaction."""
        word_at: Function = self.now.environment.initial_world.slots.before  # type: ignore[attr-defined]
        return word_at(self.slot(key))

    def memory(self, offset: int) -> int:
        """The word of memory now."""
        word_at: Callable[[int], int] = self.now.memory.before  # type: ignore[attr-defined]
        return word_at(offset)

    def place(self, key: int) -> bool:
        """Whether a whole word of memory is at the offset."""
        return every(key & 31 == 0, key >= 0, key + 32 <= self.now.memory.size)

    def holds(self, name: str, key: int) -> bool:
        """Whether earlier rounds have put the key in: what is written is cached, what is cached was touched."""
        flag = self.flag(name, key)
        match name:
            case "words":
                return every(some(flag, self.flag("written", key)), self.place(key))
            case "written":
                return every(flag, self.place(key))
            case "current":
                return every(some(flag, self.flag("stored", key)), self.warm(key))
            case "stored" | "touched":
                return every(flag, self.warm(key))
            case "transient":
                return some(flag, self.flag("moved", key))
        return flag

    def earlier(self, name: str) -> Earlier:
        """What earlier rounds have put in a dictionary."""
        values = {"words": self.memory, "current": self.storage, "original": self.original, "transient": self.transient}
        if name not in TABLES:
            raise NoSuchForm(f"nothing is known of {name!r} between rounds")
        warm = self.warm if name in ("current", "touched") else None
        return Earlier(self.given, partial(self.holds, name), values.get(name, lambda key: 1), warm)

    def below(self, name: str, content: Content) -> Content:
        """A container as it was at entry: unknown where earlier rounds have written, as now elsewhere."""
        address = self.now.frame.address

        def before(key: Parts) -> int:
            changed = every(key[0] == address, self.holds(name, key[1]))
            old: int = self.given.result(f"{name} at entry", key, 0, MAX_WORD)
            found: int = where(changed, old, content.before(key))
            return found

        return Content(self.given, f"{name} at entry", before, above=content)

    def memory_below(self) -> Any:
        """Memory as it was before the words that earlier rounds have written."""
        memory: Any = self.now.memory

        def before(offset: int) -> int:
            old = self.given.result("memory at entry", (offset,), 0, MAX_WORD)
            found: int = where(self.holds("written", offset), old, memory.before(offset))
            return found

        return attrs.evolve(memory, version=-1, before=before, above=memory)

    def at_entry(self) -> Machine:
        """The machine where the block was entered, as far as the variables go back to it."""
        given, now, tables = self.given, self.now, self.pieces.tables
        substate, world, memory = now.substate, now.world, now.memory
        slots, transient, logs = substate.accessed_slots, substate.transient, substate.logs
        unknown: Any
        if "touched" in tables:
            unknown = slots
            slots = ContentMap(self.below("touched", unknown.content))  # type: ignore[assignment]
        if "moved" in tables:
            unknown = transient
            transient = ContentMap(self.below("moved", unknown.content))  # type: ignore[assignment]
        if "logged" in tables:
            unknown = logs
            logs = ContentLogs("logs at entry", above=unknown)  # type: ignore[assignment]
        if "stored" in tables:
            unknown = world
            world = attrs.evolve(unknown, slots=self.below("stored", unknown.slots))
        if "written" in tables:
            memory = self.memory_below()
        refund = given.integer("refund at entry", -FAR, FAR) if "refund" in self.pieces.carried else substate.refund
        substate = msgspec.structs.replace(
            substate, accessed_slots=slots, transient=transient, logs=logs, refund=refund
        )
        gas, steps = given.integer("gas at entry", 0, MAX_GAS - 1), given.integer("steps at entry", 0, FAR)
        return msgspec.structs.replace(now, gas=gas, steps=steps, memory=memory, world=world, substate=substate)

    def variables(self, found: Variables) -> Variables:
        """The variables where a round begins, from those where the first one began."""
        changed = {name: self.carried(name) for name in self.pieces.carried}
        return {**found, **changed, **{name: Table(self.earlier(name)) for name in self.pieces.tables}}

    def carried(self, name: str) -> Any:
        """What a variable is that rounds change."""
        if name in slots_in(self.pieces):
            return word(self.given, f"{name} in some round")
        values: dict[str, Any] = {
            "gas": self.now.gas, "steps": self.now.steps, "refund": self.now.substate.refund,
            "memory_size": self.now.memory.size,
        }  # fmt: skip
        if name == "memory":
            return self.memory_below()
        if name not in values:
            raise NoSuchForm(f"nothing is known of {name!r} between rounds")
        return values[name]

    def machine(self, variables: Variables) -> Machine:
        """The machine where the round begins: the one that all this comes from, with the words of the variables."""
        stack: Any = self.now.stack
        names = slots_in(self.pieces)
        height = len(names)
        for _ in names:
            stack = stack.rest
        for index, name in enumerate(reversed(names), 1):
            stack = Stack(variables[name], stack, self.now.stack.depth - height + index)
        return msgspec.structs.replace(self.now, stack=stack)

    # --- after a round

    def claim_kept(self, variables: Variables, after: Machine) -> None:
        """The invariant holds of the variables where the next round begins, and of the machine ``after``."""
        given = self.given
        for name in slots_in(self.pieces):
            given.claim("words stay words", every(variables[name] >= 0, variables[name] <= MAX_WORD))
        given.claim("gas stays in range", every(after.gas >= 0, after.gas < MAX_GAS))
        given.claim("memory stays in range", every(after.memory.size >= 0, after.memory.size <= MAX_MEMORY))
        if "memory_size" in variables:
            given.claim("the size of memory is known", variables["memory_size"] == after.memory.size)
        self.claim_words_kept(variables, after)
        self.claim_slots_kept(variables, after)

    def claim_words_kept(self, variables: Variables, after: Any) -> None:
        """Words of memory that are cached are those of memory, at any offset; what is written is cached."""
        if "words" not in self.pieces.tables:
            return
        offset = 32 * self.given.integer("some cached word", 0, MAX_MEMORY // 32)
        words, held = variables["words"], variables["words"].holds(offset)
        self.given.claim("cached words are those of memory", implies(held, words.at(offset) == after.memory.at(offset)))
        self.given.claim("cached words are inside", implies(held, offset + 32 <= after.memory.size))
        tables = [words]
        if "written" in self.pieces.tables:
            tables.append(variables["written"])
            self.given.claim("what is written is cached", implies(tables[1].holds(offset), held))
        for place in (key for table in tables for key, _ in table.entries):
            self.given.claim("cached words are whole", place & 31 == 0)

    def claim_slots_kept(self, variables: Variables, after: Any) -> None:
        """Words of storage that are cached are those of storage, and so on, at any key."""
        given, key = self.given, word(self.given, "some cached key")
        slot, tables = self.slot(key), self.pieces.tables
        sources = {
            "current": after.world.slots,
            "original": after.environment.initial_world.slots,
            "transient": after.substate.transient.content,
        }
        for name, source in sources.items():
            if name in tables:
                table = variables[name]
                same = table.at(key) == source.at(slot)
                given.claim(f"{name}: as the machine has it", implies(table.holds(key), same))
        touched = after.substate.accessed_slots.content.at(slot) != 0
        for name, other in (("current", touched), ("touched", touched)):
            if name in tables:
                given.claim(f"{name}: touched", implies(variables[name].holds(key), other))
        for part, whole in (("stored", "current"), ("moved", "transient")):
            if part in tables:
                given.claim(f"{part}: cached", implies(variables[part].holds(key), variables[whole].holds(key)))
