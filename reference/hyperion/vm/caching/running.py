"""A machine that runs with caches: hot storage in front of its world, and analyses of code that is entered again.

No instruction has a second meaning here. ``step`` itself runs, on a world that has the cached word in the one slot that
the instruction asks for; and a frame that is entered gets the analysis that was kept. So a wrong cache shows, and the
refinement is a statement that can fail: ``plain(step_cached(c)) == step(plain(c))``.
"""

from typing import Final

import attrs
import msgspec

from hyperion.primitives.hashing import keccak256
from hyperion.rules import rule
from hyperion.vm.caching.cache import Cache, find, keep
from hyperion.vm.caching.storage import HotStorage, Line, enter_frame, flushed, leave_frame, read, visible, write
from hyperion.vm.code import Analysis, analyse
from hyperion.vm.machine import Frame, Halt, Machine, Slot
from hyperion.vm.step import step

STORING: Final = frozenset({"SLOAD", "SSTORE"})
"""What the hot storage serves."""
SEES_ALL: Final = frozenset(
    {"CREATE", "CREATE2", "CALL", "CALLCODE", "DELEGATECALL", "STATICCALL", "SELFDESTRUCT", "RETURN"}
)
"""What keeps or changes whole accounts: these are given the visible world."""


@attrs.frozen
class Cached:
    """A machine, whose world is the backing world of the hot storage, and its caches."""

    machine: Machine
    hot: HotStorage
    codes: Cache[bytes, Analysis]
    """By hash of the code."""


def begin(machine: Machine, lines: Cache[Slot, Line], writes_back: bool, codes: Cache[bytes, Analysis]) -> Cached:
    """The machine, at the start of its outermost frame, with caches that are coherent with its world."""
    return resume(machine, HotStorage(machine.world, lines, writes_back), codes)


def resume(machine: Machine, hot: HotStorage, codes: Cache[bytes, Analysis]) -> Cached:
    """The machine, at the start of its outermost frame, with the flushed hot storage of earlier runs over its world."""
    return with_analysis(Cached(machine, enter_frame(attrs.evolve(hot, world=machine.world)), codes))


def plain(cached: Cached) -> Machine:
    """The machine that the cached one stands for."""
    return msgspec.structs.replace(cached.machine, world=visible(cached.hot))


@rule("VM-cache-code-key", "An analysis is kept under the hash of the code that it is of, and under nothing else.")
def code_key(frame: Frame) -> bytes:
    """The key of the frame's code: an account's code changes, or runs for another one; what a hash is of stays."""
    return keccak256(frame.code)


def analysed(codes: Cache[bytes, Analysis], key: bytes, code: bytes) -> tuple[Analysis, Cache[bytes, Analysis]]:
    """The analysis of the code, kept under the key if it is; and the cache that has it if there is room."""
    analysis, codes = find(codes, key)
    if analysis is not None:
        return analysis, codes
    analysis = analyse(code)
    return analysis, keep(codes, key, analysis)[0]


def with_analysis(cached: Cached) -> Cached:
    """The machine whose frame has the analysis that is kept for its code."""
    frame = cached.machine.frame
    analysis, codes = analysed(cached.codes, code_key(frame), frame.code)
    frame = msgspec.structs.replace(frame, program=analysis.program, jump_destinations=analysis.jump_destinations)
    return attrs.evolve(cached, machine=msgspec.structs.replace(cached.machine, frame=frame), codes=codes)


@rule("VM-cache-step", "A step with caches is the step: the same machine stands behind it, whatever is kept.")
def step_cached(cached: Cached) -> Cached:
    """The cached machine one step later."""
    machine = cached.machine
    if machine.boundary is None:
        row = machine.frame.instructions[machine.frame.program[machine.pc]]
        if row.name in STORING and machine.stack.depth >= row.pops:
            return step_on_slot(cached, (machine.frame.address, machine.stack.top), row.name == "SSTORE")
        if row.name not in SEES_ALL:
            return attrs.evolve(cached, machine=step(machine))
    hot = flushed(cached.hot)
    before = msgspec.structs.replace(machine, world=hot.world)
    return between_frames(attrs.evolve(cached, hot=hot), before, step(before))


@rule("VM-cache-access-price", "Whether an access is cold is for the substate to say, never for a cache.")
def step_on_slot(cached: Cached, slot: Slot, writes: bool) -> Cached:
    """The cached machine after SLOAD or SSTORE: the step sees the cached word in this slot, and no other slot."""
    machine = cached.machine
    word, hot = read(cached.hot, slot)
    before = machine.with_state(hot.world.with_storage(*slot, word), machine.substate)
    after = step(before)
    if writes and after.boundary is None:
        hot = write(hot, slot, after.world.storage(*slot))
    return attrs.evolve(cached, machine=after.with_state(hot.world, after.substate), hot=hot)


def between_frames(cached: Cached, before: Machine, after: Machine) -> Cached:
    """The cached machine after a step on the visible world, which may have entered or left a frame."""
    deeper = after.frame.depth - before.frame.depth
    cached = attrs.evolve(cached, machine=after, hot=attrs.evolve(cached.hot, world=after.world))
    if deeper > 0:
        return with_analysis(attrs.evolve(cached, hot=enter_frame(cached.hot)))
    if deeper < 0:
        return attrs.evolve(cached, hot=leave_frame(cached.hot, after.world, succeeded(before)))
    return cached


def succeeded(machine: Machine) -> bool:
    """Whether the frame of the machine has ended such that its changes count."""
    return isinstance(machine.boundary, Halt) and machine.boundary.status.succeeds


def finish(cached: Cached) -> tuple[Machine, HotStorage]:
    """The halted machine that stands behind the cached one, and the hot storage after its outermost frame.

    If that frame failed, the storage is over the world that ``resume`` will give it: the one from before.
    """
    hot = flushed(cached.hot)
    machine = msgspec.structs.replace(cached.machine, world=hot.world)
    return machine, leave_frame(hot, hot.world, succeeded(machine))


def run_cached(cached: Cached) -> Cached:
    """The cached machine when its outermost frame has ended."""
    while not cached.machine.halted:
        cached = step_cached(cached)
    return cached
