"""Micro steps: one step of the machine as several, each of which needs a bounded number of bytes to be checked.

A step works at once on what is short. Where it needs the result of something long, it is given up: the micro state
notes the task, the following micro steps do the task a unit at a time, and the step is taken again with the result at
hand. So the step keeps its one meaning, and the work that grows with an input is done outside of it. The last micro
step gives the root that the whole step gives.

At once, whatever the input: the precompiles that the L1 has too, on as much input as they read; see ``INPUT_BYTES``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import attrs
from immutables import Map

from hyperion.primitives import hashing as hashes
from hyperion.primitives import rlp
from hyperion.primitives.word import Word, exp
from hyperion.rules import rule
from hyperion.settlement.onestep import merkle, tasks
from hyperion.settlement.onestep.merkle import Tree, known_as
from hyperion.settlement.onestep.nodes import (
    Fields,
    Hash,
    Hashed,
    Kind,
    Nodes,
    Reason,
    Sink,
    encode_record,
    fields_of,
)
from hyperion.settlement.onestep.octets import Octets, at_hand, octets_of, skips_of
from hyperion.settlement.onestep.records import Work
from hyperion.settlement.onestep.tasks import Task, name_of, opened_task, sealed_task
from hyperion.settlement.onestep.verify import Committed, Witness, after, verified
from hyperion.settlement.rejection import Rejected
from hyperion.vm.fork import Fork
from hyperion.vm.gas import MAX_CODE_SIZE
from hyperion.vm.instructions.arithmetic import EXP, raising
from hyperion.vm.precompile import Precompile
from hyperion.vm.precompiles.modexp import HEADER_BYTES, LONGEST

INPUT_BYTES: Final = {
    "ECREC": 128, "BN254_ADD": 128, "BN254_MUL": 96, "BLAKE2F": 213, "KZG_POINT_EVALUATION": 192, "P256VERIFY": 160,
    "BLS12_G1ADD": 256, "BLS12_G2ADD": 512, "BLS12_MAP_FP_TO_G1": 64, "BLS12_MAP_FP2_TO_G2": 128,
}  # fmt: skip
"""As many bytes a precompile reads, or must have exactly; one more shows all that matters of a longer input."""


RECORDS: Final = 3_000
"""Bytes of all records that one micro step opens: at most two machines and frames, and one of each other kind."""
CELLS: Final = 17
"""As many cells of the stack, of 64 bytes, does SWAP16 reach."""
KEYS: Final = 6
"""As many keys of tries does SSTORE look up: account, word, both as before the transaction, warm slot, created."""
TRIE_NODE: Final = 532
"""Bytes of the largest node of a trie: 16 hashes with their headers, and an empty value."""


@rule("DIS-micro-bound", "What a micro step shows is bounded by the depths of the trees, the longest code and MODEXP.")
def witness_bound(trie_levels: int, tree_level: int) -> int:
    """The most bytes that a witness of a micro step has.

    Tries have at most ``trie_levels`` nodes on a path, and trees of memory and byte strings at most ``tree_level``
    levels. From Osaka on; calls of pairings and multi-scalar multiplications show their input too, which gas bounds.
    A branch that is left with one way opens that one as well. Two ranges of 9 words are read, each by both its edges.
    """
    tries = KEYS * TRIE_NODE * (trie_levels + 1)
    trees = 2 * (9 + 2 * tree_level) * 2 * merkle.WORD
    return RECORDS + CELLS * 2 * merkle.WORD + tries + trees + MAX_CODE_SIZE + HEADER_BYTES + 3 * LONGEST


Step: TypeAlias = Callable[[Hash, Nodes, Sink, Work], Hash]
"""What takes a whole step, with the work done by whom it is told."""


class Needed(Exception):
    """A step needs the result of a task that is not done."""

    def __init__(self, task: Task) -> None:
        super().__init__(type(task).__name__)
        self.task = task


@attrs.frozen(eq=False)
class InUnits:
    """The work, short at once and long as tasks, whose results are known or needed."""

    results: Map[Hash, bytes]
    nodes: Nodes

    def result(self, task: Task) -> bytes:
        """The result of a task. Raises ``Needed``."""
        found = self.results.get(name_of(task))
        if found is None:
            raise Needed(task)
        return found

    def content(self, octets: Octets) -> bytes:
        """As in ``Work``: only what is short by its rule is asked for."""
        return octets.part(0, octets.width)

    def keccak256(self, octets: Octets) -> Hash:
        """As in ``Work``."""
        return self.hashed("keccak256", octets)

    def hashed(self, chain: str, octets: Octets) -> Hash:
        """The hash by one of the chains."""
        if chain == "keccak256" and octets.width <= tasks.UNIT:
            return hashes.keccak256(self.content(octets))
        return self.result(tasks.hashing(chain, octets))

    def copied(self, target: Tree, level: int, offset: int, octets: Octets) -> Tree:
        """As in ``Work``."""
        if octets.width <= tasks.UNIT:
            return merkle.write_bytes(target, level, offset, self.content(octets))
        return known_as(self.result(tasks.copying(target, level, offset, octets)), level, self.nodes)

    def skips(self, octets: Octets) -> Octets:
        """As in ``Work``."""
        if octets.width <= tasks.UNIT:
            return at_hand(skips_of(self.content(octets)), self)
        task = tasks.skipping(octets)
        words = (octets.width + merkle.WORD - 1) // merkle.WORD
        return octets_of(known_as(self.result(task), task.level, self.nodes), words, self)

    def power(self, base: Word, exponent: Word) -> Word:
        """The power, of a long exponent as a task."""
        if exponent < 2**tasks.BITS:
            return exp(base, exponent)
        return int.from_bytes(self.result(tasks.raising(base, exponent)), "big")

    def rules(self, fork: Fork) -> Fork:
        """The fork, whose EXP leaves long exponents to a task."""
        instructions = fork.instructions
        return attrs.evolve(
            fork,
            instructions=(*instructions[: EXP.opcode], raising(self.power), *instructions[EXP.opcode + 1 :]),
        )

    @rule("DIS-micro-precompile", "Hashes, identity and BLAKE2F are tasks; what the L1 has is called on what it reads.")
    def run(self, precompile: Precompile, calldata: Octets) -> bytes | Octets | None:
        """What a precompile gives for its input, None if it fails."""
        match precompile.name:
            case "ID":
                return calldata
            case "SHA256" | "RIPEMD160" if calldata.width > tasks.UNIT:
                return self.hashed(precompile.name.lower(), calldata)
            case "BLAKE2F" if calldata.width == INPUT_BYTES["BLAKE2F"]:
                data = self.content(calldata)
                long = int.from_bytes(data[:4], "big") > tasks.ROUNDS and data[-1] in (0, 1)
                return self.result(tasks.compressing(data)) if long else precompile.run(data)
        bound = INPUT_BYTES.get(precompile.name)
        return precompile.run(self.content(calldata if bound is None else calldata[: bound + 1]))


# --- micro states ----------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Working:
    """A step that is under way: the root before it, results, and the task under way with its name, if there is one."""

    machine: Hash
    results: tuple[tuple[Hash, bytes], ...] = ()
    task: tuple[Hash, Task] | None = None


def sealed_working(state: Working, sink: Sink) -> Hash:
    """The root of the micro state."""
    task: rlp.Item = () if state.task is None else (state.task[0], sealed_task(state.task[1], sink))
    return sink.put(encode_record(Kind.WORKING, (state.machine, state.results, task)))


def opened_working(fields: Fields, nodes: Nodes) -> Working:
    """The micro state of the fields. Refuses with ``OpeningError``."""
    machine, listed, at = fields.digest(), fields.item(), fields.item()
    fields.end()
    results = []
    for pair in (listed,) if isinstance(listed, bytes) else listed:
        match pair:
            case (bytes(name), bytes(value)) if len(name) == 32 and len(value) in (32, 64):
                results.append((name, value))
            case _:
                raise fields.malformed("has a result that is none")
    match at:
        case ():
            return Working(machine, tuple(results))
        case (bytes(name), bytes(digest)) if len(name) == 32:
            task = opened_task(digest, nodes, InUnits(Map(results), nodes))
            return Working(machine, tuple(results), (name, task))
    raise fields.malformed("has a task that is none")


@rule("DIS-micro-begin", "A step begins as a micro state without results or task, and ends as the root after it.")
def enter(machine: Hash) -> Hash:
    """The micro state in which the step from the root ``machine`` begins."""
    return sealed_working(Working(machine), Hashed())


def leave(machine: Hash) -> Hash:
    """The micro state in which a step to the root ``machine`` ends; its own successor."""
    return hashes.keccak256(encode_record(Kind.FINISHED, (machine,)))


def entered(before: Committed) -> Committed:
    """As ``enter``, with the nodes of the machine."""
    node = encode_record(Kind.WORKING, (before.root, (), ()))
    return Committed(hashes.keccak256(node), before.nodes.set(hashes.keccak256(node), node))


# --- the micro step --------------------------------------------------------------------------------------------------


@rule("DIS-micro-step", "A micro step takes the step, or begins the task that the step lacks, or does one unit of it.")
def micro_after(root: Hash, nodes: Nodes, sink: Sink, taking: Step = after) -> Hash:
    """The micro state after that of ``root``, of a step that ``taking`` takes. Refuses with ``OpeningError``."""
    node = nodes.preimage(root)
    if node[1:2] == bytes([Kind.FINISHED.value]):
        fields = fields_of(Kind.FINISHED, node)
        fields.digest()
        fields.end()
        return sink.put(node)
    state = opened_working(fields_of(Kind.WORKING, node), nodes)
    if state.task is not None:
        return sealed_working(worked(state, *state.task, sink), sink)
    try:
        reached = taking(state.machine, nodes, sink, InUnits(Map(state.results), nodes))
    except Needed as needed:
        task = needed.task
        return sealed_working(attrs.evolve(state, task=(name_of(task), task)), sink)
    return sink.put(encode_record(Kind.FINISHED, (reached,)))


def worked(state: Working, name: Hash, task: Task, sink: Sink) -> Working:
    """The micro state after one unit of its task."""
    task = task.unit()
    if not task.finished:
        return attrs.evolve(state, task=(name, task))
    return Working(state.machine, (*state.results, (name, task.result(sink))))


def verify_micro_step(root: Hash, shown: Witness) -> Hash | Rejected[Reason]:
    """The micro state after that of ``root``, as the nodes ``shown`` show; rejections are those of ``verify_step``."""
    return verified(root, shown, micro_after)
