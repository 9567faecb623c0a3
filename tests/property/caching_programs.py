"""Random blocks for the caches: contracts that read, write, call, create, destroy and fail, over some transactions.

``compare`` runs a block twice, once as it is and once with caches, and compares the machines after every step. ``python
-m tests.property.caching_programs SEED COUNT`` is the campaign.
"""

import sys
from collections import Counter
from random import Random
from typing import Final

import attrs
import msgspec
from immutables import Map

from hyperion.state.world import Account, World
from hyperion.vm.caching.cache import Cache, Eviction
from hyperion.vm.caching.running import Cached, finish, plain, resume, step_cached
from hyperion.vm.caching.storage import HotStorage, discarded, flushed, is_coherent, next_transaction
from hyperion.vm.call import Message, enter_call
from hyperion.vm.code import Analysis
from hyperion.vm.fork import Fork
from hyperion.vm.forks import CANCUN, OSAKA, PARIS
from hyperion.vm.machine import EMPTY_SUBSTATE, Environment, Halt, Machine
from hyperion.vm.step import step
from tests.property.staging_programs import differing, push
from tests.support.machines import CALLER, CONTRACT, assemble, machine_for

OTHER: Final = 0xCA11EE
CHILD: Final = assemble("0 SLOAD 1 SSTORE 7 0 SSTORE 13311 0 MSTORE 2 30 RETURN")
"""Initialisation code that shows what its slot 0 held; the contract destroys itself when it is called (33 ff)."""
CREATE_CHILD: Final = (
    bytes([0x5F + len(CHILD)]) + CHILD + assemble(f"0 MSTORE 1 {len(CHILD)} {32 - len(CHILD)} 0 CREATE2")
)
CALL_CHILD: Final = assemble("0 0 0 0 0 DUP6 GAS CALL POP POP")
MOST_STEPS: Final = 300


class Difference(Exception):
    """A machine with caches is not the machine without."""


@attrs.frozen
class CacheSizes:
    """What the caches are like."""

    lines: int | None
    codes: int | None
    eviction: Eviction
    writes_back: bool
    per_block: bool


@attrs.frozen
class Call:
    """A transaction of the block: what is called, with how much gas, and whether it is only tried out."""

    target: int
    gas: int
    speculative: bool


@attrs.frozen
class Chain:
    """A block: the rules, the code of its contracts, and its transactions."""

    fork: Fork
    codes: dict[int, bytes]
    calls: tuple[Call, ...]


# --- what is run ------------------------------------------------------------------------------------------------------


def piece(rng: Random) -> bytes:
    """A few instructions that belong together, and leave the stack as it is."""
    kind, key = rng.random(), push(rng.choice((0, 0, 1, 2)))
    if kind < 0.25:
        return key + b"\x54" + push(rng.choice((0, 1, 5))) + b"\x01" + push(rng.choice((0, 1, 2))) + b"\x55"
    if kind < 0.5:
        return push(rng.choice((0, 0, 1, 5))) + key + b"\x55"
    if kind < 0.6:
        return key + b"\x54\x50"
    if kind < 0.8:
        opcode = rng.choice((0xF1, 0xF1, 0xF2, 0xF4, 0xFA))
        value = push(rng.choice((0, 0, 1))) if opcode in (0xF1, 0xF2) else b""
        gas = rng.choice((b"\x5a", b"\x5a", push(rng.choice((3_000, 30_000)))))
        return push(0) * 4 + value + push(rng.choice((OTHER, CONTRACT))) + gas + bytes([opcode, 0x50])
    if kind < 0.9:
        return CREATE_CHILD + rng.choice((CALL_CHILD, CALL_CHILD, b"\x50"))
    # A jump over a byte that is no instruction: what the analysis of the code is for.
    return b"\x58" + push(6) + b"\x01\x56\xfe\x5b" + key + b"\x31\x50"


def program(rng: Random) -> bytes:
    """Some pieces, and an end."""
    end = rng.choice((b"\x00", b"", push(0) * 2 + b"\xfd", push(0) * 2 + b"\xf3", b"\xfe", b"\x33\xff"))
    return b"".join(piece(rng) for _ in range(rng.randint(1, 7))) + end


def chain_of(rng: Random) -> Chain:
    """A random block."""
    calls = tuple(
        Call(rng.choice((CONTRACT, OTHER)), rng.choice((30_000, 60_000, 200_000, 10**6)), rng.random() < 0.2)
        for _ in range(rng.randint(1, 4))
    )
    return Chain(rng.choice((OSAKA, CANCUN, PARIS)), {CONTRACT: program(rng), OTHER: program(rng)}, calls)


def sizes_of(rng: Random) -> CacheSizes:
    """Random caches."""
    eviction = Eviction(rng.random() < 0.5, tuple(rng.randrange(8) for _ in range(rng.randint(1, 4))))
    return CacheSizes(
        rng.choice((0, 1, 1, 2, 3, 5, None)), rng.choice((0, 1, 2, None)), eviction, rng.random() < 0.5,
        rng.random() < 0.8,
    )  # fmt: skip


# --- running it twice -------------------------------------------------------------------------------------------------


def started(chain: Chain, call: Call, world: World) -> Machine:
    """The machine of a transaction over the world."""
    blank: Environment = machine_for(b"", fork=chain.fork).environment
    environment = msgspec.structs.replace(blank, initial_world=world)
    code = world.account(call.target).code
    return enter_call(Message(CALLER, call.target, code, call.gas), world, EMPTY_SUBSTATE, environment)


def compare_run(machine: Machine, cached: Cached, seen: Counter[str]) -> tuple[Machine, Cached]:
    """Both halted machines; or as far as they got. Raises Difference where they are not the same."""
    for _ in range(MOST_STEPS):
        if machine.halted:
            break
        machine, cached = step(machine), step_cached(cached)
        if plain(cached) != machine:
            raise Difference(f"step {machine.steps}: {', '.join(differing(plain(cached), machine))}")
        if not is_coherent(cached.hot):
            raise Difference(f"step {machine.steps}: a line that is not the world's")
        seen["steps"] += 1
        seen["lines met"] = max(seen["lines met"], len(cached.hot.lines.entries))
    seen[machine.boundary.status.value if isinstance(machine.boundary, Halt) else "unfinished"] += 1
    return machine, cached


def compare(chain: Chain, sizes: CacheSizes, seen: Counter[str]) -> None:
    """Run the block with and without caches. Raises Difference where it shows."""
    world = World(Map({address: Account(1, 9, code, Map({0: 5})) for address, code in chain.codes.items()}))
    world = world.with_account(CALLER, Account(1, 10**9, b"", Map()))
    hot = HotStorage(world, Cache(sizes.lines, sizes.eviction), sizes.writes_back)
    codes: Cache[bytes, Analysis] = Cache(sizes.codes, sizes.eviction)
    for call in chain.calls:
        machine = started(chain, call, world)
        ended, cached = compare_run(machine, resume(machine, hot, codes), seen)
        codes = cached.codes
        kept = ended.halted and not call.speculative
        if not kept:  # given up, or only tried out: nothing of it counts
            hot = discarded(cached.hot, world)
            continue
        mine, hot = finish(cached)
        if mine != ended:
            raise Difference("the halted machine")
        destroyed: tuple[int, ...] = ()
        if isinstance(ended.boundary, Halt) and ended.boundary.status.succeeds:
            world, destroyed = ended.world, tuple(sorted(ended.substate.destroyed))
            for address in destroyed:
                world = world.without(address)
        hot = next_transaction(flushed(hot), world, destroyed, sizes.per_block)
        seen["destroyed"] += len(destroyed)
        if not is_coherent(hot):
            raise Difference("after a transaction, a line that is not the world's")


def compare_seed(seed: int, seen: Counter[str]) -> None:
    """The comparison for a seed."""
    rng = Random(seed)
    compare(chain_of(rng), sizes_of(rng), seen)


def campaign(seed: int, count: int) -> Counter[str]:
    """What ``count`` blocks went through; raises at the first difference."""
    seen: Counter[str] = Counter(blocks=count)
    for index in range(count):
        try:
            compare_seed(seed + index, seen)
        except Difference as difference:
            raise Difference(f"seed {seed + index}: {difference}") from difference
    return seen


if __name__ == "__main__":
    sys.stdout.write(f"{dict(campaign(int(sys.argv[1]), int(sys.argv[2])))}\n")
