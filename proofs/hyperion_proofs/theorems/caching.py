"""Caches: each operation of the hot storage on any coherent cache, of any size, whatever it throws out."""

from collections.abc import Callable
from typing import Any, Final

import attrs
from pyrsistent import pvector

from hyperion.state.world import World
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.proxies import any_of, implies, where
from hyperion.vm.caching import running, storage
from hyperion.vm.caching.cache import Cache
from hyperion.vm.caching.running import Cached
from hyperion.vm.machine import Machine
from hyperion_proofs.caches import COUNTING, any_hot_storage, any_slot, cached, claim_sound, look, same, visible_word
from hyperion_proofs.machines import ASSUMPTIONS, UnknownAccounts, step_of, unknown_machine
from hyperion_proofs.mutant import in_place
from hyperion_proofs.solve import ARITHMETIC
from hyperion_proofs.statement import Given, Statement, word
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem
from hyperion_proofs.theorems.machine import BY_NAME, status_of

MODES: Final = (("written through", False), ("written back", True))


def reads(writes_back: bool) -> Statement:
    """A read gives the visible word, and leaves all visible words as they are."""

    def statement(given: Given) -> None:
        hot, slot, other = any_hot_storage(given, writes_back), any_slot(given, "slot"), any_slot(given, "some")
        expected, before = visible_word(hot, slot), visible_word(hot, other)
        with cached(given):
            found, after = storage.read(hot, slot)
        given.note("word read, visible word", (found, expected))
        given.claim("the visible word", found == expected)
        given.claim("visible words stay", claim_sound(given, after, other) == before)

    return statement


def writes(writes_back: bool) -> Statement:
    """A write changes the visible word of its slot, no other, and is in the journal."""

    def statement(given: Given) -> None:
        hot, slot, other = any_hot_storage(given, writes_back), any_slot(given, "slot"), any_slot(given, "some")
        new, before = word(given, "new"), visible_word(hot, other)
        given.assume(given.result("world exists", (slot[0],), 0, 1) == 1)
        with cached(given):
            after = storage.write(hot, slot, new)
        found = claim_sound(given, after, other)
        given.note("visible word before and after", (before, found))
        given.claim("the word written, or as before", found == where(same(slot, other), new, before))
        journal: Any = after.written[-1]
        given.claim("in the journal", len(journal.added) == 1 and same(journal.added[0], slot))

    return statement


def cleans(given: Given) -> None:
    """What a flush does to a line leaves all visible words as they are, and that line not dirty."""
    hot, slot, other = any_hot_storage(given, True), any_slot(given, "slot"), any_slot(given, "some")
    given.assume(look(hot, slot)[0])
    before = visible_word(hot, other)
    with cached(given):
        after = storage.cleaned(hot, slot)
    given.claim("visible words stay", claim_sound(given, after, other) == before)
    given.claim("not dirty", any_of(negated(same(slot, other)), negated(look(after, other)[2])))


def negated(condition: bool) -> bool:
    """``not`` without a branch."""
    return implies(condition, False)  # type: ignore[no-any-return]


def goes_back(given: Given) -> None:
    """A flushed storage whose frame wrote one slot and failed is coherent with the caller's world."""
    hot, slot, other = any_hot_storage(given, False), any_slot(given, "slot"), any_slot(given, "some")
    caller: Any = UnknownAccounts(given, "caller's world")
    world = World(caller)
    given.assume(negated(look(hot, other)[2]))
    given.assume(any_of(same(slot, other), hot.world.storage(*other) == world.storage(*other)))
    journal: Any = pvector([slot])
    after = storage.leave_frame(attrs.evolve(hot, written=(journal,)), world, success=False)
    given.note("word of the line, of the world", (look(after, other)[1], world.storage(*other)))
    claim_sound(given, after, other)


def loads(writes_back: bool) -> Statement:
    """SLOAD with a cache does what it does on any world with the visible word in that slot."""

    def statement(given: Given) -> None:
        machine = unknown_machine(given, BY_NAME["SLOAD"])
        given.assume(machine.stack.depth >= 1)
        hot = any_hot_storage(given, writes_back)
        slot = (machine.frame.address, machine.stack.top)
        accounts: Any = UnknownAccounts(given, "visible world")
        plain = machine.with_state(World(accounts), machine.substate)
        given.assume(plain.world.storage(*slot) == visible_word(hot, slot))
        expected = step_of(given, plain)
        with cached(given):
            found = stepped(given, Cached(machine.with_state(hot.world, machine.substate), hot, Cache(0)), slot)
        given.note("gas with a cache and without", (found.machine.gas, expected.gas))
        claim_equal_steps(given, found, expected, slot)
        if status_of(expected) is None:
            given.claim("the word on the stack", found.machine.stack.top == expected.stack.top)

    return statement


def stepped(given: Given, before: Cached, slot: tuple[int, int]) -> Cached:
    """The cached step, in which ``step`` runs as in all theorems about it."""
    run = Ideal(running, "step", lambda machine: step_of(given, machine), "see the machine theorems")
    with Idealized((run,)):
        return running.step_on_slot(before, slot, writes=False)


def claim_equal_steps(given: Given, found: Cached, expected: Machine, slot: tuple[int, int]) -> None:
    """Gas, way, end, depth, refund, and the visible word of the slot are the same."""
    mine = found.machine
    given.claim("ends alike", status_of(mine) is status_of(expected))
    given.claim("gas", mine.gas == expected.gas)
    given.claim("program counter", mine.pc == expected.pc)
    given.claim("refund", mine.substate.refund == expected.substate.refund)
    given.claim("depth", mine.stack.depth == expected.stack.depth)
    if status_of(expected) is None:
        given.claim("visible word", claim_sound(given, found.hot, slot) == expected.world.storage(*slot))


# --- the theorems -----------------------------------------------------------------------------------------------------


def by_mode(make: Callable[[bool], Statement]) -> tuple[Obligation, ...]:
    """An obligation for each way of writing."""
    return tuple(Obligation(name, make(back), ARITHMETIC) for name, back in MODES)


def seeded(weakening: str, statement: Statement, *ideals: Callable[[], Ideal]) -> Control:
    """A control in which functions of the model are replaced by faulty ones."""
    return Control(
        weakening, Obligation(weakening, statement, ARITHMETIC, ideals=lambda: tuple(make() for make in ideals))
    )


HYPOTHESES: Final = (
    "the cache is coherent and its order has the keys of its lines; both are kept; code runs on an account that exists"
)

READ: Final = Theorem(
    "CACHE-read",
    "A read through the cache gives the word of the visible world and leaves that world as it is, whatever is kept, "
    "however much of it, and whatever goes for it.",
    ("VM-cache-read", "VM-cache-eviction", "VM-cache-coherent"),
    Kind.INDUCTION,
    by_mode(reads),
    (
        seeded(
            "a dirty line is dropped when it is evicted", reads(True),
            lambda: in_place(storage.with_line, "hot if evicted is None else written_back(hot, *evicted)", "hot"),
        ),
        seeded(
            "a line with the word 0 counts as missing", reads(True),
            lambda: in_place(storage.read, "if line is not None:", "if line is not None and line.word != 0:"),
        ),
        seeded(
            "lines are by account alone", reads(False),
            lambda: in_place(storage.read, "find(hot.lines, slot)", "find(hot.lines, (slot[0], 0))"),
        ),
    ),
    HYPOTHESES,
    (COUNTING,),
    "An empty cache is coherent, every operation keeps it so (induction on the operations).",
)  # fmt: skip

WRITE: Final = Theorem(
    "CACHE-write",
    "A write through the cache changes the visible word of its slot and of no other, and is noted in the journal.",
    ("VM-cache-write", "VM-cache-eviction", "VM-cache-coherent"),
    Kind.INDUCTION,
    (*by_mode(writes), Obligation("a line is flushed", cleans, ARITHMETIC)),
    (
        seeded(
            "a line that was written is not marked", writes(True),
            lambda: in_place(storage.write, "Line(word, hot.writes_back)", "Line(word, False)"),
        ),
        seeded(
            "the write is not noted", writes(True),
            lambda: in_place(storage.write, "hot.written[-1].append(slot)", "hot.written[-1]"),
        ),
    ),
    HYPOTHESES,
    (COUNTING,),
    "A flush does to each dirty line what is proved of one.",
)  # fmt: skip

REVERT: Final = Theorem(
    "CACHE-revert",
    "A flushed cache whose frame failed is coherent with the caller's world: what the frame wrote is forgotten, in all "
    "other slots the worlds agree.",
    ("VM-cache-revert", "VM-cache-discard"),
    Kind.INDUCTION,
    (Obligation("a frame that wrote one slot", goes_back, ARITHMETIC),),
    (
        seeded(
            "lines are not forgotten at a revert", goes_back,
            lambda: in_place(storage.leave_frame, "hot if success else forget(hot, inner)", "hot"),
        ),
    ),
    HYPOTHESES + "; it is flushed; the worlds differ at most in what the journal has",
    (COUNTING,),
    "Slots of a longer journal are forgotten one after the other, and nothing else happens (induction on its length).",
)  # fmt: skip

STEP: Final = Theorem(
    "CACHE-step",
    "SLOAD with a cache is SLOAD without: gas, refund, word, end and the visible word are the same.",
    ("VM-cache-step", "VM-cache-access-price"),
    Kind.PATHS,
    by_mode(loads),
    (
        seeded(
            "the cache decides what is warm", loads(False),
            lambda: in_place(
                running.step_on_slot, "hot.world.with_storage(*slot, word), machine.substate)",
                "hot.world.with_storage(*slot, word), machine.substate.with_accessed_slot(slot) "
                "if slot in cached.hot.lines.entries else machine.substate)",
            ),
        ),
        seeded(
            "the step looks at the backing world", loads(True),
            lambda: in_place(running.step_on_slot, "hot.world.with_storage(*slot, word)", "hot.world"),
        ),
    ),
    HYPOTHESES,
    (*ASSUMPTIONS, COUNTING),
    "SSTORE is a read (CACHE-read), the step on that word, and a write (CACHE-write); put together, it is tested.",
)  # fmt: skip

THEOREMS: Final = (READ, WRITE, REVERT, STEP)
