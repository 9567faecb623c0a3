"""Counterexamples on real machines: what a solver proposes is built with the model's own containers and run.

A proposal says some words of memory and storage, some flags, some integers. The statement is run on them with the
stand-ins, which shows what it looks at; then a real machine is built with just that, and both the text of the block, as
the executor would run it, and ``step`` go on from it. Only if these differ is it a counterexample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final, cast

import attrs
import msgspec
from immutables import Map
from pyrsistent import pvector

from hyperion.primitives.hashing import keccak256
from hyperion.state.world import Account, World
from hyperion.symbolic.expression import number
from hyperion.vm.machine import Machine, Substate
from hyperion.vm.memory import EMPTY_MEMORY, Memory
from hyperion.vm.stack import Stack, stack_of
from hyperion.vm.staging.recording import Code
from hyperion.vm.step import step
from hyperion_proofs.statement import Given, Known, NotMet
from hyperion_proofs.validation.cutting import Cut, Variables, cut
from hyperion_proofs.validation.machines import ADDRESSES, CALLDATA, CREATED, INITIAL, STORAGE, TRANSIENT, WARM

MOST_ROUNDS: Final = 4
"""So many rounds of a loop are run."""
MOST_BYTES: Final = 2**16
"""A machine with more memory, call data or output than this is not built."""
HASH: Final = "hash of "
SLOTS: Final = (STORAGE, INITIAL, WARM, TRANSIENT)
"""What is asked of an address and a key."""
SHOWN_WORDS: Final = 6


@attrs.frozen(eq=False)
class Looking(Known):
    """Known inputs that remember what unknown functions were asked about, and from which machine both sides go on."""

    asked: dict[tuple[str, tuple[int, ...]], int] = attrs.field(factory=dict)
    machines: list[Machine] = attrs.field(factory=list)
    proposed: dict[int, int] = attrs.field(factory=dict)
    """For each hash what the proposal has in its place."""

    def result(self, name: str, arguments: tuple[int, ...], low: int | None = None, high: int | None = None) -> int:
        """As of ``Known``; hashes of words are the real ones, and are asked about as what they were proposed to be."""
        found = Known.result(self, name, tuple(self.proposed.get(part, part) for part in arguments), low, high)
        if name.startswith(HASH):
            real = int.from_bytes(keccak256(b"".join(word.to_bytes(32, "big") for word in arguments)), "big")
            self.proposed[real] = found
            found = real
        self.asked[name, arguments] = found
        return found


EDGES: Final = (0, 1, 2, 3, 4, 7, 31, 32, 64, 96, 255, 2**128, 2**255, 2**256 - 1)


@attrs.frozen(eq=False)
class Guessing(Looking):
    """Inputs that are drawn, for where solvers propose none: small numbers and edges, and plenty of gas."""

    rng: Random = attrs.field(kw_only=True)
    drawn: dict[str, int | bool] = attrs.field(factory=dict)

    def integer(self, name: str, low: int | None = None, high: int | None = None) -> int:
        """The same integer for the same name."""
        if name not in self.drawn:
            self.drawn[name] = self.draw(name, low, high)
        return int(self.drawn[name])

    def draw(self, name: str, low: int | None, high: int | None) -> int:
        """Some integer in the interval."""
        if name.startswith("gas"):
            return self.rng.choice((0, 50, 2_000, 10_000, 60_000, 2**20, 2**30))
        within = [edge for edge in EDGES if (low is None or low <= edge) and (high is None or edge <= high)]
        kept = [edge for edge in within if "memory" not in name or edge <= 255]
        return self.rng.choice(kept) if kept else low or 0

    def truth(self, name: str) -> bool:
        """The same truth value for the same name; frames are mostly not static."""
        if name not in self.drawn:
            self.drawn[name] = self.rng.random() < (0.2 if name in ("static", "creates") else 0.5)
        return bool(self.drawn[name])

    def result(self, name: str, arguments: tuple[int, ...], low: int | None = None, high: int | None = None) -> int:
        """The same result for the same arguments; created accounts are rare."""
        key = f"{name}{arguments}"
        if key not in self.drawn:
            rare = name == CREATED and self.rng.random() < 0.8
            self.drawn[key] = 0 if rare else self.draw(name, low, high)
        self.asked[name, arguments] = int(self.drawn[key])
        return int(self.drawn[key])


@attrs.frozen
class Difference:
    """Where the two part: after so many steps, in these fields, with both values as text."""

    steps: int
    fields: tuple[tuple[str, str, str], ...]


def replay_on_machines(part: Callable[[Given], None], code: Code, text: str, given: Given) -> None:
    """Run the part on known values, then text and ``step`` on the real machine that they describe."""
    known = given if isinstance(given, Guessing) else Looking(cast(Known, given).model)
    raised: Exception | None = None
    try:
        part(known)
    except Exception as error:  # a changed text may do anything; what counts is the real machine below
        raised = error
    if not known.machines:
        if raised is not None:
            raise raised
        return
    machine = real_machine(known, known.machines[0], code)
    known.failed.clear()  # claims about stand-ins: from here on, real machines have the word
    found = difference(machine, cut(text))
    if found is None:
        return
    tell(cast(Known, given), machine, found)
    given.claim("the block gives the machine that step gives", False)


def tell(given: Known, machine: Machine, found: Difference) -> None:
    """Show the machine, and where the two part."""
    address = machine.frame.address
    words = list(machine.stack.words())
    given.inputs.update({"pc": machine.pc, "gas": machine.gas, "stack depth": len(words)})
    given.inputs.update({"static": machine.frame.static})
    given.inputs.update({f"stack {index}": word for index, word in enumerate(words[:SHOWN_WORDS])})
    given.inputs.update({"memory size": machine.memory.size, "refund": machine.substate.refund})
    storage = machine.world.account(address).storage
    given.inputs.update({f"storage {number(key)}": word for key, word in sorted(storage.items())})
    given.inputs.update({f"touched {number(slot[1])}": True for slot in machine.substate.accessed_slots})
    given.note("after", f"{found.steps} steps")
    for name, block, stepped in found.fields:
        given.note(f"{name}: block", block)
        given.note(f"{name}: step", stepped)


# --- both sides on a real machine -------------------------------------------------------------------------------------


def difference(machine: Machine, pieces: Cut) -> Difference | None:
    """Where the block and ``step`` part, looked at after each round; None if they don't."""
    found: Machine | Variables = pieces.start(machine)
    stepped = machine
    for _ in range(MOST_ROUNDS):
        reached = found if isinstance(found, Machine) else pieces.machine(found)
        taken = reached.steps - stepped.steps
        if taken < 0 or (taken == 0 and isinstance(found, Machine) and reached != stepped):
            return Difference(taken, tuple(parts(reached, stepped)))
        for _ in range(taken):
            stepped = step(stepped)
        if reached != stepped:
            return Difference(stepped.steps - machine.steps, tuple(parts(reached, stepped)))
        if isinstance(found, Machine):
            return None
        found = pieces.turn(found)
    return None


def parts(block: Machine, stepped: Machine) -> Iterator[tuple[str, str, str]]:
    """The fields in which two machines differ, and how."""
    for name in Machine.__struct_fields__:
        mine, its = getattr(block, name), getattr(stepped, name)
        if mine != its:
            yield name, shown(mine), shown(its)


def shown(value: object) -> str:
    """A field for people."""
    match value:
        case int():
            return number(value)
        case Stack():
            words = [number(word) for word in value.words()]
            return f"({', '.join(words[:SHOWN_WORDS])}{', …' if len(words) > SHOWN_WORDS else ''}) {len(words)} words"
        case Memory():
            found = [f"{offset}: {number(value.load(offset))}" for offset in range(0, min(value.size, 4096), 32)]
            return "{" + ", ".join(each for each in found if not each.endswith(": 0")) + "}"
        case World():
            slots = ((key, word) for account in value.accounts.values() for key, word in account.storage.items())
            return "{" + ", ".join(f"{number(key)}: {number(word)}" for key, word in sorted(slots)) + "}"
        case Substate():
            touched = sorted(number(slot[1]) for slot in value.accessed_slots)
            return f"refund {value.refund}, touched {{{', '.join(touched)}}}"
    return str(value)


# --- the real machine -------------------------------------------------------------------------------------------------


def real_machine(known: Looking, general: Any, code: Code) -> Machine:
    """The machine that has what the general one has at every key that was looked at, and nothing elsewhere."""
    address = general.frame.address
    slots = set(slots_of(known, address))
    world = real_world(known, code, address, [(slot, general.world.slots.at(slot)) for slot in sorted(slots)])
    initial = general.environment.initial_world.slots
    before = real_world(known, code, address, [(slot, initial.at(slot)) for slot in sorted(slots)])
    block = msgspec.structs.replace(general.environment.block, hashes=Map())
    environment = msgspec.structs.replace(general.environment, block=block, blob_hashes=(), initial_world=before)
    calldata = real_calldata(known, general.frame.calldata.length)
    frame = msgspec.structs.replace(general.frame, calldata=calldata, code=code.code)
    returned = bytes(min(general.returned.length, MOST_BYTES))
    return Machine(
        general.pc, general.gas, real_stack(known, general.stack), real_memory(known, general.memory), returned, frame,
        world, real_substate(known, general.substate, slots), environment, general.steps, None,
    )  # fmt: skip


def slots_of(known: Looking, address: int) -> Iterator[tuple[int, int]]:
    """Storage keys that were looked at: those of two parts, and those of the dictionaries between rounds."""
    for name, key in list(known.asked):
        if name in SLOTS:
            yield (key[0], key[1])
        elif name.endswith(" before"):
            yield (address, key[0])


def real_stack(known: Looking, general: Any) -> Stack:
    """The words on top as they are, those below as the proposal says."""
    words: list[int] = []
    while type(general) is Stack:
        words.append(general.top)
        general = general.rest
    words.extend(int(known.model.values.get(f"stack {index}", 0)) for index in range(general.index, general.total))
    return stack_of(reversed(words))


def real_calldata(known: Looking, size: int) -> bytes:
    """Call data in which the words that were read stand where they were read."""
    data = bytearray(min(size, MOST_BYTES))
    for (name, key), piece in list(known.asked.items()):
        if name == "slice of bytes" and key[0] == CALLDATA and key[2] - key[1] == 32:
            padded = known.asked.get(("padding of bytes", (piece, 32)), piece)
            word = known.asked.get(("number of bytes", (padded,)), 0).to_bytes(32, "big")
            data[key[1] : key[2]] = word[: max(0, len(data) - key[1])]
    return bytes(data[:size])


def real_memory(known: Looking, general: Any) -> Memory:
    """The words that were looked at."""
    if general.size > MOST_BYTES:
        raise NotMet("more memory than is built")
    memory = EMPTY_MEMORY.expand(general.size)
    for offset in sorted({key[1] for name, key in list(known.asked) if name == "memory"}):
        if offset % 32 == 0 and 0 <= offset <= general.size - 32:
            memory = memory.store(offset, general.at(offset))
    return memory


def real_world(known: Looking, code: Code, own: int, words: list[tuple[tuple[int, int], int]]) -> World:
    """The world with these words of storage, and the accounts that were looked at."""
    world = World(Map({own: Account(1, 0, code.code, Map())}))
    for (name, key), value in list(known.asked.items()):
        if name == "world balance":
            world = world.with_account(key[0], world.account(key[0]).with_balance(value))
    for slot, word in words:
        if slot[0] == own or word != 0:
            world = world.with_storage(*slot, word)
    return world


def real_substate(known: Looking, general: Any, slots: set[tuple[int, int]]) -> Substate:
    """The substate with the flags and words that were looked at."""
    accessed: Map[tuple[int, int], bool] = Map()
    transient: Map[tuple[int, int], int] = Map()
    for slot in sorted(slots):
        accessed = accessed.set(slot, True) if general.accessed_slots.content.at(slot) else accessed
        word = general.transient.content.at(slot)
        transient = transient.set(slot, word) if word else transient
    named = {
        name: Map({key[0]: True for (asked, key), value in known.asked.items() if asked == name and value})
        for name in (ADDRESSES, CREATED)
    }
    return Substate(named[ADDRESSES], accessed, transient, named[CREATED], Map(), pvector(), general.refund)
