"""One-step proofs: opening the root of a machine gives that machine; the units of a copy are the copy.

Hashing is ideal: what is put into the sink is its own hash, so a root is the tree of records itself, and only the same
record has the same root. Records are kept as lists of their fields; that their bytes determine the fields is RLP's
(tested), and that containers read and write by their roots as the plain ones do is tested too. What is proved is what a
reader could get wrong: no field is lost, doubled, exchanged with another, or too wide for the place that it is read
from, for every instruction that stands next, and for machines between frames.
"""

from __future__ import annotations

from typing import Any, Final

import attrs
import msgspec

from hyperion.settlement.onestep import maps, merkle, octets, records, tasks
from hyperion.settlement.onestep.nodes import Kind as Record
from hyperion.settlement.onestep.work import AT_ONCE
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.opaque import OpaqueBytes, length_of
from hyperion.symbolic.proxies import all_of, any_of
from hyperion.vm.forks import FORKS, OSAKA, fork_named
from hyperion.vm.machine import Halt, Instruction, Machine, Status, Suspended
from hyperion_proofs.machines import unknown_machine
from hyperion_proofs.mutant import in_place, mutant
from hyperion_proofs.solve import ARITHMETIC
from hyperion_proofs.statement import Given
from hyperion_proofs.theorem import Assumption, Control, Kind, Obligation, Theorem
from hyperion_proofs.theorems.machine import BY_NAME, HYPOTHESES, ROWS, name_of

IDEAL: Final = Assumption("A-ideal-hash", "Different nodes have different hashes: a root is the tree of its records.")
RECORDS: Final = Assumption(
    "A-records", "The bytes of a record determine its fields, if each fits its width (RLP; fuzzed, not proved)."
)
CONTAINERS: Final = Assumption(
    "A-containers",
    "Stacks, memories, bytes, maps and boundaries by their roots are the plain ones (property-tested, not proved).",
)


# --- ideal hashing ---------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Node:
    """A record with its fields: under ideal hashing, its own hash."""

    kind: Record
    fields: tuple[Any, ...]

    @property
    def length(self) -> int:
        """Of the hash that it is."""
        return 32


@attrs.frozen(eq=False)
class Tree:
    """A sink and a source: a node is its own hash."""

    keeps: bool = False

    def put(self, node: Any) -> Any:
        """The node."""
        return node

    def keep(self, digest: Any, node: Any) -> None:
        """Nothing to do."""

    def preimage(self, digest: Any) -> Any:
        """The node."""
        return digest


@attrs.frozen(eq=False)
class FieldsOf:
    """The fields of a node, in order; each must fit the place that it is read from."""

    given: Given
    node: Node
    left: list[Any]

    def item(self) -> Any:
        """The next field."""
        self.given.claim(f"{self.node.kind.name}: there is a field", bool(self.left))
        return self.left.pop(0)

    octets = digest = item

    def number(self, width: int) -> Any:
        """A natural number that fits."""
        value = self.item()
        self.given.claim(f"{self.node.kind.name}: fits {width} bytes", all_of(value >= 0, value < 256**width))
        return value

    def truth(self) -> Any:
        """A truth value."""
        return self.item()

    def signed(self) -> Any:
        """An integer that fits, with its sign."""
        value = self.item()
        self.given.claim(f"{self.node.kind.name}: fits with a sign", all_of(value > -(2**254), value < 2**254))
        return value

    def malformed(self, why: str) -> ValueError:
        """What must not happen."""
        return ValueError(why)

    def end(self) -> None:
        """No field is left."""
        self.given.claim(f"{self.node.kind.name}: no field is left", not self.left)


def ideals(given: Given) -> tuple[Ideal, ...]:
    """Records as lists of fields, and containers that go through unread."""

    def fields_of(kind: Record, node: Any) -> FieldsOf:
        given.claim(f"{kind.name} where one is expected", node.kind is kind)
        return FieldsOf(given, node, list(node.fields))

    def container(fields: FieldsOf, *rest: object) -> Any:
        fields.item()
        return fields.item()

    tokens: dict[str, Any] = {
        "encode_record": Node,
        "number_item": lambda value: value,
        "signed_item": lambda value: value,
        "fields_of": fields_of,
        "len": length_of,
        "sealed_stack": lambda stack, sink: stack,
        "opened_stack": lambda stack, depth, nodes: stack,
        "sealed_memory": lambda memory, sink: (memory.size, memory),
        "opened_memory": container,
        "sealed_octets": lambda data, sink: (length_of(data), data),
        "opened_octets": container,
        "skips_of": lambda code: code,
        "known_tree": lambda root, length, nodes: root,
        "sealed_logs": lambda logs, sink: (0, logs),
        "LogList": lambda count, last: last,
        "WordList": lambda words: words,
        "boundary_item": lambda boundary, sink: boundary,
        "opened_boundary": lambda fields, fork, nodes, work: fields.item(),
    }
    return (
        *(Ideal(records, name, token, RECORDS.id) for name, token in tokens.items()),
        Ideal(octets, "sealed", lambda data, sink: data, CONTAINERS.id),
        Ideal(maps, "sealed", lambda held, form, sink: (form, held), CONTAINERS.id),
        Ideal(maps, "opened", opened_map, CONTAINERS.id),
        Ideal(maps, "sealed_world", lambda world, sink: ("world", world), CONTAINERS.id),
        Ideal(maps, "world_of", lambda root, nodes, work: root[1], CONTAINERS.id),
    )


def opened_map(root: Any, form: Any, nodes: Any, work: Any) -> Any:
    """The map, if it is opened in the form in which it was sealed: sets of addresses are not told apart by it."""
    del nodes, work
    if root[0] is not form:
        raise ValueError("a map of another form")
    return root[1]


# --- what is claimed --------------------------------------------------------------------------------------------------


FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "machine": ("pc", "gas", "stack", "memory", "returned", "world", "steps"),
    "frame": ("code", "address", "caller", "value", "calldata", "static", "creates", "depth"),
    "substate": ("accessed_addresses", "accessed_slots", "transient", "created", "destroyed", "logs", "refund"),
    "environment": ("fork", "chain_id", "origin", "gas_price", "initial_world"),
    "block": (
        "coinbase", "number", "timestamp", "gas_limit", "prevrandao", "base_fee", "blob_base_fee", "hashes",
    ),
}  # fmt: skip


def claim_reopened(given: Given, before: Machine, opened: Machine) -> None:
    """Every field of ``opened`` is that of ``before``."""
    pairs: dict[str, tuple[Any, Any]] = {
        "machine": (before, opened),
        "frame": (before.frame, opened.frame),
        "substate": (before.substate, opened.substate),
        "environment": (before.environment, opened.environment),
        "block": (before.environment.block, opened.environment.block),
    }
    for record, names in FIELDS.items():
        mine, its = pairs[record]
        for name in names:
            a, b = getattr(mine, name), getattr(its, name)
            given.claim(f"{record}: {name}", True if a is b else a == b)


def simple(given: Given, row: Instruction) -> Machine:
    """Any machine at the instruction, under a fork of which the name is known; blob hashes are none."""
    before = unknown_machine(given, row)
    given.assume(before.steps < 2**64)
    environment = msgspec.structs.replace(before.environment, fork=OSAKA, blob_hashes=())
    return msgspec.structs.replace(before, environment=environment)


@attrs.frozen(eq=False)
class Reopened:
    """Sealing and opening any machine at an instruction."""

    row: Instruction

    def __call__(self, given: Given) -> None:
        """Seal it, open it, compare."""
        before = simple(given, self.row)
        with Idealized(ideals(given)):
            root: Any = records.sealed_machine(before, Tree())
            claim_reopened(given, before, records.opened_machine(root, Tree(), AT_ONCE))


def between_frames(given: Given) -> None:
    """A machine with a caller, at a boundary: the caller, its window and the boundary come back too."""
    caller, callee = simple(given, BY_NAME["STOP"]), simple(given, BY_NAME["STOP"])
    offset, size = given.integer("offset", 0, 2**256 - 1), given.integer("size", 0, 2**256 - 1)
    frame = msgspec.structs.replace(callee.frame, caller_frame=Suspended(caller, offset, size))
    for boundary in (Halt(Status.RETURN), None):
        before = msgspec.structs.replace(callee, frame=frame, boundary=boundary)
        with Idealized(ideals(given)):
            root: Any = records.sealed_machine(before, Tree())
            opened = records.opened_machine(root, Tree(), AT_ONCE)
            claim_reopened(given, before, opened)
            given.claim("boundary", opened.boundary is boundary)
            waiting: Any = opened.frame.caller_frame
            given.claim("window", all_of(waiting.output_offset == offset, waiting.output_size == size))
            claim_reopened(given, caller, waiting.machine)


def forks_have_names(given: Given) -> None:
    """The fork that a root names is that fork."""
    for fork in FORKS:
        given.claim(fork.name, fork_named(fork.name) is fork)


# --- the theorem -----------------------------------------------------------------------------------------------------


def broken(weakening: str, function: Any, old: str, new: str) -> Control:
    """A control: the function with a change in its text."""
    statement = Reopened(BY_NAME["ADD"])
    fault = in_place(function, old, new)
    return Control(weakening, Obligation(weakening, statement, ARITHMETIC, ideals=lambda: (fault,)))


OPENS: Final = Theorem(
    "ONESTEP-opens",
    "For every instruction, and between frames: the machine that is opened from the root of a machine has each field "
    "of that machine, and each fits the width in which it is read; so the verified step is that machine's step.",
    ("DIS-commit-machine", "DIS-commit-frames", "DIS-commit-environment", "DIS-commit-substate", "DIS-step-verify"),
    Kind.PATHS,
    (
        *(Obligation(name_of(row), Reopened(row), ARITHMETIC) for row in ROWS),
        Obligation("between frames", between_frames, ARITHMETIC),
        Obligation("names of forks", forks_have_names, ARITHMETIC),
    ),
    (
        broken(
            "the program counter is read in one byte", records.opened_machine,
            "fields.number(SIZE_BYTES), fields.number(32), fields.number(2)",
            "fields.number(1), fields.number(32), fields.number(2)",
        ),
        broken(
            "caller and address of a frame are exchanged", records.opened_frame,
            "address, caller, value = ", "caller, address, value = ",
        ),
        broken(
            "steps are committed to in place of gas", records.sealed_one,
            "number_item(machine.gas)", "number_item(machine.steps)",
        ),
        broken(
            "the base fee is that of blobs", records.sealed_block, "block.base_fee,", "block.blob_base_fee,",
        ),
    ),
    HYPOTHESES + "; steps below 2**64; blob hashes are none",
    (IDEAL, RECORDS, CONTAINERS),
    "step reads a machine through its fields alone, so equal fields give equal steps; sealing what comes of it is the "
    "same function that seals the machine after the step.",
)  # fmt: skip


# --- micro steps ------------------------------------------------------------------------------------------------------


def a_unit_of_a_copy(given: Given) -> None:
    """Any copy that is not at its end: what its next unit reads and writes, and how far it is then."""
    width, offset = given.integer("width", 1, 2**47), given.integer("offset", 0, 2**47)
    done = given.integer("done", 0, 2**47)
    given.assume(done < width)
    source = octets.octets_of(merkle.ZERO_TREES[0], width, AT_ONCE)

    def part(piece: Any, start: int, end: int) -> OpaqueBytes:
        given.claim("reads on from where it is", start == done)
        given.claim("reads inside the source", all_of(start < end, end <= width))
        given.claim("reads at most a unit", end - start <= tasks.UNIT)
        return OpaqueBytes(given, end - start, ("piece",))

    def write(tree: Any, level: int, start: int, data: OpaqueBytes) -> Any:
        given.claim("writes what it read", data.label == ("piece",))
        given.claim("writes where it belongs", start == offset + done)
        return tree

    reading = Ideal(octets.Octets, "part", part, CONTAINERS.id)
    writing = Ideal(merkle, "write_bytes", write, CONTAINERS.id)
    with Idealized((reading, writing)):
        after = tasks.Copying(merkle.ZERO_TREES[0], 0, offset, source, done).unit()
    given.claim("goes on", all_of(after.done > done, after.done <= width))
    given.claim("a whole unit, or to the end", any_of(after.done == done + tasks.UNIT, after.done == width))
    given.claim("ends exactly at the end", after.finished == (after.done == width))


def broken_unit(weakening: str, old: str, new: str) -> Control:
    """A control: the unit of a copy with a change in its text."""
    fault = Ideal(tasks.Copying, "unit", mutant(tasks.Copying.unit, old, new), "seeded fault")
    return Control(weakening, Obligation(weakening, a_unit_of_a_copy, ARITHMETIC, ideals=lambda: (fault,)))


COPIES: Final = Theorem(
    "MICRO-copy",
    "The units of a copy of any length read its source once, in order, in pieces of at most 256 bytes, write each "
    "where it belongs, and end: after ⌈width / 256⌉ of them.",
    ("DIS-micro-copy",),
    Kind.INDUCTION,
    (Obligation("a unit", a_unit_of_a_copy, ARITHMETIC),),
    (
        broken_unit("a unit moves nothing", "self.done + UNIT", "self.done"),
        broken_unit("every unit writes to the same place", "self.offset + self.done", "self.offset"),
        broken_unit("a unit leaves out a byte", "part(self.done, end)", "part(self.done + 1, end)"),
    ),
    "the copy has not ended; lengths below 2**47",
    (CONTAINERS,),
    "Before the first unit nothing is done; each unit adds 256 bytes or the rest (induction on the units). That "
    "writing the pieces of a string one after the other writes the string is the tree's (tested).",
)  # fmt: skip

THEOREMS: Final = (OPENS, COPIES)
