# ruff: noqa: D103 - the name of a wrong function says what it does
"""Seeded mistakes of the commitment to a machine, and of the verifier of one-step proofs."""

from collections.abc import Callable
from typing import Any, Final

import attrs
import msgspec
from immutables import Map

from hyperion.primitives.hashing import EMPTY_CODE_HASH
from hyperion.settlement.onestep import containers, maps, merkle, nodes, octets, records, verify
from hyperion.settlement.onestep.containers import Later
from hyperion.state import trie
from hyperion.vm.forks import OSAKA
from hyperion.vm.machine import Halt, Machine
from hyperion_conformance.dispute.mutants.mutant import Mutant

CONTROLS: Final = "tests.property.test_onestep_controls"
replaced: Final = msgspec.structs.replace
SEALED: Final = records.sealed_machine

# --- something is left out of the root -------------------------------------------------------------------------------

def forgetting(change: Callable[[Machine], Machine]) -> Callable[[Any, Any], bytes]:
    """A commitment that sees every machine as if ``change`` had happened to it."""
    return lambda machine, sink: SEALED(change(machine), sink)


def in_frame(**changes: Any) -> Callable[[Machine], Machine]:
    return lambda machine: replaced(machine, frame=replaced(machine.frame, **changes))


def in_substate(**changes: Any) -> Callable[[Machine], Machine]:
    return lambda machine: replaced(
        machine, substate=replaced(getattr(machine.substate, "read", lambda: machine.substate)(), **changes)
    )


def in_environment(change: Callable[[Any], Any]) -> Callable[[Machine], Machine]:
    return lambda machine: replaced(machine, environment=change(opened(machine.environment)))


def opened(record: Any) -> Any:
    """The record, whether it waits behind its hash or not."""
    return record.read() if isinstance(record, Later) else record


FORGOTTEN: Final[dict[str, Callable[[Machine], Machine]]] = {
    "gas": lambda machine: replaced(machine, gas=0),
    "program counter": lambda machine: replaced(machine, pc=0),
    "step counter": lambda machine: replaced(machine, steps=0),
    "return data": lambda machine: replaced(machine, returned=b""),
    "boundary": lambda machine: replaced(machine, boundary=None),
    "boundary's output": lambda machine: replaced(
        machine, boundary=Halt(machine.boundary.status) if isinstance(machine.boundary, Halt) else machine.boundary
    ),
    "staticness": in_frame(static=False),
    "creation": in_frame(creates=False),
    "value": in_frame(value=0),
    "call data": in_frame(calldata=b""),
    "transient storage": in_substate(transient=Map()),
    "warm slots": in_substate(accessed_slots=Map()),
    "created accounts": in_substate(created=Map()),
    "accounts to be deleted": in_substate(destroyed=Map()),
    "refund": in_substate(refund=0),
    "block number": in_environment(lambda known: replaced(known, block=replaced(opened(known.block), number=1))),
    "world before the transaction": in_environment(
        lambda known: replaced(known, initial_world=type(known.initial_world)())
    ),
    "blob hashes": in_environment(lambda known: replaced(known, blob_hashes=())),
}

# --- faults of sealing, opening and verifying -------------------------------------------------------------------------

READ, WRITE, PUT, LOGS, FIELDS = (
    merkle.read, merkle.write_bytes, trie.put, records.sealed_logs, containers.opened_stack,
)  # fmt: skip


@attrs.frozen(eq=False)
class Trusting:
    """Nodes of a verifier that takes whatever comes next for what it asked for."""

    nodes: Any
    taken: list[bytes] = attrs.field(factory=list)

    def preimage(self, digest: bytes) -> bytes:
        """The next node."""
        shown = list(self.nodes.values())
        if len(self.taken) >= len(shown):
            raise nodes.OpeningError(nodes.Reason.MISSING_NODE, "")
        self.taken.append(digest)
        return bytes(shown[len(self.taken) - 1])


def whole_word(tree: Any, level: int, start: int, data: bytes) -> Any:
    """A write that clears the rest of the words that it touches."""
    first, within = divmod(start, 32)
    padded = (bytes(within) + data).ljust(-(-(within + len(data)) // 32) * 32, b"\0") if data else b""
    return merkle.write(tree, level, first, [padded[at : at + 32] for at in range(0, len(padded), 32)])


def in_order(logs: Any) -> list[Any]:
    """Logs as if their order did not matter."""
    return sorted(getattr(logs, "added", logs), key=lambda log: (log.address, log.topics))


def never_deleted(top: Any, key: bytes, value: bytes) -> Any:
    """A trie from which nothing is removed."""
    return PUT(top, key, value) if value else top


FAULTS: Final[dict[str, tuple[Any, str, Any]]] = {
    "a witness may be longer than needed": (verify, "refused_excess", lambda opened, shown: None),
    "nodes are not hashed": (verify, "Stored", Trusting),
    "a write clears the rest of the word": (merkle, "write_bytes", whole_word),
    "a grown memory keeps its old tree": (merkle, "grown", lambda tree, level, target: tree),
    "memory has one level for all sizes": (containers, "level_for", lambda length: 3),
    "removed words stay in the storage trie": (trie, "put", never_deleted),
    "code of an account is not rehashed": (maps, "sealed_code", lambda code, sink: EMPTY_CODE_HASH),
    "the stack below is taken to be as deep": (
        records, "opened_stack", lambda digest, depth, known: FIELDS(digest, depth + (digest[0] > 128), known),
    ),
    "negative refunds lose their sign": (records, "signed_item", lambda number: nodes.signed_item(abs(number))),
    "logs are a set": (
        records, "sealed_logs",
        lambda logs, sink: LOGS(in_order(logs), sink),
    ),
    "rules are those of the newest fork": (records, "fork_named", lambda name: OSAKA),
    "operands are counted one short": (octets, "pending_after", lambda word, pending: 0),
    "code after its end is not STOP": (octets.Program, "__getitem__", lambda program, place: (
        bytes(program.code[place]).ljust(place.stop - place.start, b"\0") if isinstance(place, slice)
        else program.code.part(place, place + 1)[0] if place < program.code.width else 0xFE)),
    "every word of code begins with an instruction": (
        octets, "destinations_in", lambda word, skip: tuple(at for at, byte in enumerate(word) if byte == 0x5B),
    ),
    "nothing follows the end of a string": (octets.Octets, "ljust", lambda data, width, fill: data),
    "a caller's window is not kept": (
        records, "sealed_suspended",
        lambda suspended, machine, sink: sink.put(nodes.encode_record(nodes.Kind.SUSPENDED, (machine, b"", b""))),
    ),
    "an empty trie has no hash": (trie, "hidden", trie.Hidden),
    "warm addresses are not looked up": (maps.TrieMap, "__contains__", lambda held, key: False),
}  # fmt: skip


def slug(name: str) -> str:
    """A name in one word."""
    return name.replace("'s", "").replace(" ", "-")


ONE_STEP_MUTANTS: Final = (
    *(
        Mutant(
            f"root-forgets-{slug(name)}", (verify, "sealed_machine"), forgetting(change),
            f"{CONTROLS}:test_what_a_root_forgets_is_seen", (name,),
        )
        for name, change in FORGOTTEN.items()
    ),
    *(
        Mutant(slug(name), (owner, attribute), wrong, f"{CONTROLS}:test_faults_are_seen", (name,))
        for name, (owner, attribute, wrong) in FAULTS.items()
    ),
)  # fmt: skip
