"""Official block tests, point by point: each block with two transactions or more, proved from one output to the other.

The verifier's root after each point must be the prover's and that of the plain states, the end must be the block that
the test states, and micro steps between machines must lead where the step leads.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs
import msgspec

from hyperion.execution.block import decode_block
from hyperion.execution.transition import BlockResult, Chain, Tip, apply_block
from hyperion.primitives.rlp import RlpError
from hyperion.settlement.between.stages import Running, Stage, Standing, State
from hyperion_conformance.dispute.proving import Question, expected, micro_walk, proves, question, states_of, walked
from hyperion_conformance.fixtures.alloc import octets
from hyperion_conformance.fixtures.block_case import chain_of, genesis_of
from hyperion_conformance.fixtures.faults import NO_FAULT
from hyperion_conformance.fixtures.networks import network_named
from hyperion_conformance.fixtures.source import Case, Kind, cases_under
from hyperion_conformance.fixtures.verdict import Mismatch

FEWEST: Final = 2
"""Transactions of a block that is proved."""
MOST_POINTS: Final = 1_000
"""Blocks with more points are passed over, and counted."""


@attrs.frozen
class Largest:
    """What was seen of one kind of point: how many, and the most bytes of a witness, whole and of a micro step."""

    points: int = 0
    whole: int = 0
    micro: int = 0
    micro_steps: int = 0

    def __add__(self, other: "Largest") -> "Largest":
        return Largest(
            self.points + other.points, max(self.whole, other.whole), max(self.micro, other.micro),
            max(self.micro_steps, other.micro_steps),
        )  # fmt: skip


@attrs.frozen
class Proved:
    """What was proved of one block: where it fails, if it does, and the witnesses by kind of point."""

    name: str
    transactions: int
    valid: bool
    mismatch: str | None
    seen: dict[str, Largest]


def kind_of(state: State | None) -> str:
    """What stands for a point in the table."""
    if state is None:
        return "output before"
    if isinstance(state, Running):
        return f"halted: {state.stage.phase.name.lower()}" if state.machine.halted else "machine"
    return state.phase.name.lower() if isinstance(state, Stage) else "end"


def blocks_of(case: Case) -> Iterator[tuple[int, Tip, Any, int, Chain]]:
    """Each block of a test with its number, the tip it is on, the bytes of its encoding, and the chain's rules."""
    test = msgspec.json.decode(case.raw)
    chain = chain_of(test, network_named(test["network"], (test.get("config") or {}).get("blobSchedule")), NO_FAULT)
    genesis = genesis_of(test)
    if isinstance(genesis, Mismatch):
        return
    tips, head = {genesis.hash: genesis}, genesis
    for number, entry in enumerate(test["blocks"]):
        data = octets(entry["rlp"])
        try:
            block = decode_block(data)
        except RlpError:
            continue
        tip = tips.get(block.header.parent_hash, head)
        yield number, tip, block, len(data), chain
        result = apply_block(tip, block, chain, len(data))
        if isinstance(result, BlockResult):
            tips[result.tip.hash], head = result.tip, result.tip


def prove_blocks(fixtures: Path, most: int, part: str = "", seed: int = 0) -> Iterator[Proved | None]:
    """The proofs of at most ``most`` blocks of several transactions; None for one that is too long.

    Of all tests under ``fixtures`` whose id has ``part`` in it, in an order that the seed chooses.
    """
    cases = [case for case in cases_under(fixtures) if case.kind is Kind.BLOCKS and part in case.id]
    Random(seed).shuffle(cases)
    left = most
    for case in cases:
        for number, tip, block, size, chain in blocks_of(case):
            if left == 0:
                return
            if len(block.transactions) < FEWEST or block.header.number != tip.header.number + 1:
                continue
            done = proved(f"{case.id}, block {number}", tip, block, size, chain)
            left -= done is not None
            yield done


def proved(name: str, tip: Tip, block: Any, size: int, chain: Chain) -> Proved | None:
    """The proof of one block; None if it is too long."""
    asked = question(tip, ((block, size),), chain)
    if asked.traces[0].points > MOST_POINTS:
        return None
    result = apply_block(tip, block, chain, size)
    ended = asked.traces[0].ended
    mismatch = None
    if isinstance(result, BlockResult) and result.tip != ended.tip:
        mismatch = "the end is another than the block that is stated"
    elif not isinstance(result, BlockResult) and ended.standing is Standing.VALID and ended.tip.header == block.header:
        mismatch = f"a block that is refused is valid: {result.reason.value}"
    wrong, seen = points_proved(asked)
    return Proved(name, len(block.transactions), ended.standing is Standing.VALID, mismatch or wrong, seen)


def points_proved(asked: Question) -> tuple[str | None, dict[str, Largest]]:
    """Where the proof of a point fails, and what was seen of each kind."""
    roots, states = expected(asked), [None, *(state for _, state in states_of(asked))]
    seen: dict[str, Largest] = {}
    for place, (before, shown, reached) in enumerate(walked(asked)):
        wanted = roots[min(place, len(roots) - 1)]
        if reached != wanted or proves(asked, before.root, shown) != wanted:
            return f"another root after {place} steps", seen
        kind = kind_of(states[place]) if place < len(states) else "output after"
        micro = list(micro_walk(asked, before)) if kind != "machine" else []
        for (first, witness), (second, _) in pairwise(micro):
            if proves(asked, first.root, witness, micro=True) != second.root:
                return f"another micro state after {place} steps", seen
        sizes = [sum(map(len, witness)) for _, witness in micro]
        added = Largest(1, sum(map(len, shown)), max(sizes, default=0), max(len(micro) - 1, 0))
        seen[kind] = seen.get(kind, Largest()) + added
    return None, seen


def summed(each: Iterable[Proved]) -> dict[str, Largest]:
    """The figures of all blocks together."""
    total: dict[str, Largest] = {}
    for one in each:
        for kind, figures in one.seen.items():
            total[kind] = total.get(kind, Largest()) + figures
    return total
