"""Faults of commitment and verifier that the checks of one-step proofs must see, one at a time."""

from collections.abc import Callable
from typing import Any, Final

import attrs
import msgspec
import pytest
from immutables import Map

from hyperion.primitives.hashing import EMPTY_CODE_HASH
from hyperion.settlement.onestep import containers, maps, merkle, nodes, octets, records, verify
from hyperion.settlement.onestep.containers import Later
from hyperion.state import trie
from hyperion.vm.forks import CANCUN, OSAKA
from hyperion.vm.machine import Halt, Machine, Status
from hyperion.vm.stack import stack_of
from hyperion.vm.step import step
from tests.support.machines import assemble, machine_for
from tests.support.onestep import OTHERS, disagreement, machine_at, run_of, unbound, unsound

replaced: Final = msgspec.structs.replace


def inside_a_call() -> list[Machine]:
    """Machines on the way through a call with value and output, a creation that reverts, and a self-destruction."""
    source = (
        "9 0 MSTORE 33 3 40 1 2 13242862 GAS CALL 0x625f5ffd 0 MSTORE 3 29 0 CREATE RETURNDATASIZE 7 9 TSTORE "
        "0 9 TSTORE 5 SLOAD 0 5 SSTORE 0 6 SSTORE 1 2 3 4 5 SWAP3 DUP4 64 0 LOG2 2989 SELFDESTRUCT"
    )
    code = assemble(source)
    return list(run_of(machine_for(code, 10**6, value=9, storage={5: 1, 6: 2, 9: 3}, others=OTHERS), 100))


def machines() -> list[Machine]:
    """One of everything."""
    longer = b"\x60" * 31 + b"\x7f" + b"\x5b" * 40
    jumping = machine_for(assemble("64 JUMP") + bytes(29) + b"\x7f" + b"\x5b" * 34)
    return [
        *inside_a_call(),
        machine_at(0x56, b"", [2]),
        machine_at(0x57, b"", [3, 1]),
        machine_at(0x59, b"", [], memory=b"x" * 33),
        machine_at(0x51, b"", [250], memory=b"x" * 70),
        machine_at(0x52, b"", [7, 33], memory=b"x" * 70),
        machine_at(0x53, b"", [7, 33], memory=b"x" * 70),
        machine_at(0x37, b"", [70, 3, 5], calldata=b"y" * 66, memory=b"x" * 40),
        machine_at(0x3E, b"", [40, 3, 5], returned=b"y" * 66),
        machine_at(0x35, b"", [3], calldata=b"y" * 12),
        machine_at(0x1E, b"", [3], fork=CANCUN),
        machine_at(0x7F, b"\x01\x02", []),
        machine_at(0x40, b"", [299]),
        machine_at(0x49, b"", [1]),
        machine_at(0xFD, b"", [40, 3], memory=b"x" * 70),
        machine_at(0xF3, b"", [40, 3], memory=b"x" * 70, creates=True),
        machine_at(0xA1, b"", [4, 40, 3], memory=b"x" * 70),
        machine_for(longer, 10**6),
        *run_of(jumping, 4),
        replaced(machine_for(b"\x01", 10**6), pc=1, stack=stack_of([1])),
    ]


def problem() -> str | None:
    """The first thing that the checks see."""
    shared = unbound(machine_at(0x01, b"", [1, 2], memory=b"x" * 70, storage={1: 1}))
    if shared:
        return shared[0]
    for machine in machines():
        found = disagreement(machine)
        if found is not None:
            return found
    found = unsound(verify.committed(machines()[40]), verify.commit(step(machines()[40])), 1, 9)
    return found or unsound(verify.committed(machines()[5]), verify.commit(step(machines()[5])), 3, 9)


def test_without_a_fault_nothing_is_seen() -> None:
    assert problem() is None


# --- faults of the commitment: something is left out of the root -----------------------------------------------------

SEALED: Final = records.sealed_machine


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


@pytest.mark.rule("DIS-commit-machine", "DIS-commit-substate", "DIS-commit-environment", "DIS-commit-frames")
@pytest.mark.parametrize("name", FORGOTTEN)
def test_what_a_root_forgets_is_seen(name: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify, "sealed_machine", forgetting(FORGOTTEN[name]))
        assert seen()


def seen() -> bool:
    """Whether the checks see a fault; one that breaks them in any way is seen."""
    try:
        return problem() is not None
    except Exception:  # a fault may break the proof in any way; that it goes unseen is what must not be
        return True


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


@pytest.mark.rule("DIS-step-verify", "DIS-step-exact-witness", "DIS-commit-stack", "DIS-commit-words")
@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_seen(name: str) -> None:
    module, attribute, fault = FAULTS[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, attribute, fault)
        assert seen()


def test_the_machines_of_the_checks_are_what_they_are_meant_to_be() -> None:
    """Only truth values are asserted: a machine is too large to be shown."""
    reached = inside_a_call()
    called = [each.frame.caller_frame is not None for each in reached]
    logs, destroyed = len(reached[-1].substate.logs), len(reached[-1].substate.destroyed)
    status = reached[-1].boundary.status if isinstance(reached[-1].boundary, Halt) else None
    assert (any(called), logs, destroyed, status) == (True, 1, 0, Status.SELFDESTRUCT)
