"""The committed machine: how each record of it is sealed into a hash, and opened again as far as it is asked for.

Sealing and opening stand side by side, record by record, so that they can be read against each other. A machine is
opened with its frame and its environment; all else waits behind its hash until an instruction asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import attrs

from hyperion.primitives import rlp
from hyperion.rules import rule
from hyperion.settlement.onestep import maps, octets
from hyperion.settlement.onestep.containers import (
    NOTHING,
    SIZE_BYTES,
    WORD_BYTES,
    Later,
    LogList,
    WordList,
    known_tree,
    opened_memory,
    opened_octets,
    opened_stack,
    sealed_memory,
    sealed_octets,
    sealed_stack,
)
from hyperion.settlement.onestep.nodes import (
    Fields,
    Hash,
    Kind,
    Nodes,
    Sink,
    encode_record,
    fields_of,
    number_item,
    signed_item,
)
from hyperion.settlement.onestep.octets import Destinations, Octets, Program, octets_of, skips_of
from hyperion.settlement.onestep.octets import Work as ByteWork
from hyperion.vm.fork import Fork
from hyperion.vm.forks import fork_named
from hyperion.vm.machine import (
    Block,
    Boundary,
    Environment,
    Frame,
    Halt,
    Machine,
    PrecompileCall,
    Status,
    Substate,
    Suspended,
)
from hyperion.vm.precompile import Precompile


class Work(ByteWork, Protocol):
    """Who does what takes work by the length of a byte string, for a whole machine."""

    def rules(self, fork: Fork) -> Fork:
        """The rules by which instructions act."""

    def run(self, precompile: Precompile, calldata: Octets) -> bytes | Octets | None:
        """What a precompile gives for its input, None if it fails."""


# --- frames ----------------------------------------------------------------------------------------------------------


@rule("DIS-commit-frames", "Frames are a linked list: a frame holds the hash of its suspended caller, a machine.")
def sealed_frame(frame: Frame, caller: bytes, sink: Sink) -> Hash:
    """The hash of a frame; ``caller`` is the hash of its suspended caller, no bytes for the outermost frame."""
    destinations: Any = frame.jump_destinations
    skips = destinations.skips if isinstance(destinations, Destinations) else skips_of(frame.code)
    fields = (
        number_item(frame.address), number_item(frame.caller), number_item(frame.value),
        *sealed_octets(frame.calldata, sink), *sealed_octets(frame.code, sink), octets.sealed(skips, sink),
        number_item(frame.static), number_item(frame.creates), number_item(frame.depth), caller,
    )  # fmt: skip
    return sink.put(encode_record(Kind.FRAME, fields))


def opened_frame(digest: Hash, fork: Fork, nodes: Nodes, work: Work) -> Frame:
    """The frame with this hash, under the rules of ``fork``."""
    fields = fields_of(Kind.FRAME, nodes.preimage(digest))
    address, caller, value = fields.number(20), fields.number(20), fields.number(32)
    calldata, code = opened_octets(fields, nodes, work), opened_octets(fields, nodes, work)
    words = (len(code) + WORD_BYTES - 1) // WORD_BYTES
    skips = octets_of(known_tree(fields.digest(), words, nodes), words, work)
    static, creates, depth = fields.truth(), fields.truth(), fields.number(2)
    above = fields.octets()
    if len(above) not in (0, WORD_BYTES):
        raise fields.malformed("has a caller that is no hash")
    fields.end()
    waiting: Any = Later(above, partial(opened_suspended, above, nodes, work)) if above else None
    program: Any = Program(code)
    destinations: Any = Destinations(code, skips)
    return Frame(
        work.rules(fork).instructions, program, destinations, code, address, caller, value, calldata, static, creates,
        depth, waiting,
    )  # fmt: skip


def sealed_suspended(suspended: Suspended, machine: Hash, sink: Sink) -> Hash:
    """The hash of a suspended caller whose machine has the hash ``machine``."""
    window = (number_item(suspended.output_offset), number_item(suspended.output_size))
    return sink.put(encode_record(Kind.SUSPENDED, (machine, *window)))


def opened_suspended(digest: Hash, nodes: Nodes, work: Work) -> Suspended:
    """The suspended caller with this hash."""
    fields = fields_of(Kind.SUSPENDED, nodes.preimage(digest))
    machine = fields.digest()
    offset, size = fields.number(32), fields.number(32)
    fields.end()
    return Suspended(opened_machine(machine, nodes, work), offset, size)


# --- environment and block -------------------------------------------------------------------------------------------


@rule("DIS-commit-environment", "Rules, chain, transaction, block and its number are inside the committed machine.")
def sealed_environment(environment: Environment, sink: Sink) -> Hash:
    """The hash of an environment. Rules are named by their fork."""
    hashes = b"".join(word.to_bytes(WORD_BYTES, "big") for word in environment.blob_hashes)
    fields = (
        environment.fork.name.encode(), number_item(environment.chain_id), number_item(environment.origin),
        number_item(environment.gas_price), *sealed_octets(hashes, sink),
        maps.sealed_world(environment.initial_world, sink), sealed_block(environment.block, sink),
    )  # fmt: skip
    return sink.put(encode_record(Kind.ENVIRONMENT, fields))


def opened_environment(digest: Hash, nodes: Nodes, work: Work) -> Any:
    """The environment with this hash, which seals itself again to it."""
    fields = fields_of(Kind.ENVIRONMENT, nodes.preimage(digest))
    fork = fork_named(fields.octets().decode("ascii", "replace"))
    if fork is None:
        raise fields.malformed("names no fork")
    chain_id, origin, price = fields.number(32), fields.number(20), fields.number(32)
    blobs: Any = WordList(opened_octets(fields, nodes, work))
    initial = maps.world_of(fields.digest(), nodes, work)
    block_hash = fields.digest()
    fields.end()
    block: Any = Later(block_hash, partial(opened_block, block_hash, nodes, work))
    environment = Environment(fork, chain_id, block, origin, price, blobs, initial)
    return Later(digest, lambda: environment)


def sealed_block(block: Block, sink: Sink) -> Hash:
    """The hash of what code can learn of a block."""
    numbers = (
        block.coinbase, block.number, block.timestamp, block.gas_limit, block.prevrandao, block.base_fee,
        block.blob_base_fee,
    )  # fmt: skip
    hashes = maps.sealed(block.hashes, maps.HASHES, sink)
    return sink.put(encode_record(Kind.BLOCK, (*map(number_item, numbers), hashes)))


def opened_block(digest: Hash, nodes: Nodes, work: Work) -> Block:
    """The block with this hash."""
    fields = fields_of(Kind.BLOCK, nodes.preimage(digest))
    coinbase, number, timestamp, limit = fields.number(20), fields.number(32), fields.number(32), fields.number(32)
    random, base_fee, blob_base_fee = fields.number(32), fields.number(32), fields.number(32)
    hashes = maps.opened(fields.digest(), maps.HASHES, nodes, work)
    fields.end()
    return Block(coinbase, number, timestamp, limit, random, base_fee, blob_base_fee, hashes)


# --- the substate ----------------------------------------------------------------------------------------------------


def sealed_logs(logs: Any, sink: Sink) -> tuple[bytes, Hash]:
    """The two fields of a list of logs: how many, and the hash of the last, which holds that of the one before."""
    known = logs if isinstance(logs, LogList) else LogList(0, NOTHING, tuple(logs))
    digest = known.last
    for log in known.added:
        topics = tuple(topic.to_bytes(WORD_BYTES, "big") for topic in log.topics)
        fields = (digest, number_item(log.address), topics, *sealed_octets(log.data, sink))
        digest = sink.put(encode_record(Kind.LOG, fields))
    return number_item(known.count + len(known.added)), digest


@rule("DIS-commit-substate", "Access sets, transient storage, created and destroyed accounts are tries; logs a list.")
def sealed_substate(substate: Substate, sink: Sink) -> Hash:
    """The hash of a substate."""
    fields = (
        maps.sealed(substate.accessed_addresses, maps.ADDRESSES, sink),
        maps.sealed(substate.accessed_slots, maps.SLOTS, sink),
        maps.sealed(substate.transient, maps.TRANSIENT, sink),
        maps.sealed(substate.created, maps.ADDRESSES, sink),
        maps.sealed(substate.destroyed, maps.DELETED, sink),
        *sealed_logs(substate.logs, sink), signed_item(substate.refund),
    )  # fmt: skip
    return sink.put(encode_record(Kind.SUBSTATE, fields))


def opened_substate(digest: Hash, nodes: Nodes, work: Work) -> Substate:
    """The substate with this hash."""
    fields = fields_of(Kind.SUBSTATE, nodes.preimage(digest))
    addresses, slots, transient, created, destroyed = (
        maps.opened(fields.digest(), form, nodes, work)
        for form in (maps.ADDRESSES, maps.SLOTS, maps.TRANSIENT, maps.ADDRESSES, maps.DELETED)
    )
    logs: Any = LogList(fields.number(SIZE_BYTES), fields.digest())
    refund = fields.signed()
    fields.end()
    return Substate(addresses, slots, transient, created, destroyed, logs, refund)


# --- the machine -----------------------------------------------------------------------------------------------------


def boundary_item(boundary: Boundary | None, sink: Sink) -> rlp.Item:
    """The field of a boundary: status and output of a halt, address of a precompile, or nothing."""
    if isinstance(boundary, Halt):
        return (boundary.status.value.encode(), *sealed_octets(boundary.output, sink))
    return () if boundary is None else (number_item(boundary.precompile.address),)


def opened_boundary(fields: Fields, fork: Fork, nodes: Nodes, work: Work) -> Boundary | None:
    """The boundary of the next field."""
    taken = fields.item()
    match taken:
        case ():
            return None
        case (bytes(address),):
            precompile = fork.precompiles.get(int.from_bytes(address, "big"))
            if precompile is not None and number_item(precompile.address) == address:
                run: Any = partial(work.run, precompile)
                return PrecompileCall(attrs.evolve(precompile, run=run))
        case (bytes(status), bytes(length), bytes(root)) if len(length) <= SIZE_BYTES and len(root) == WORD_BYTES:
            name = status.decode("ascii", "replace")
            size = int.from_bytes(length, "big")
            if name in {known.value for known in Status} and number_item(size) == length:
                output: Any = octets_of(known_tree(root, size, nodes), size, work)
                return Halt(Status(name), output)
    raise fields.malformed("has a boundary that is none")


def known_or(sealing: Callable[[Any, Sink], Hash], record: Any, sink: Sink) -> Hash:
    """The hash of a record that may be behind its hash still."""
    return record.digest if isinstance(record, Later) else sealing(record, sink)


@rule("DIS-commit-machine", "A machine is committed to by one hash over all that a step can see or change.")
def sealed_machine(machine: Machine, sink: Sink) -> Hash:
    """The root of ``machine``; nodes that are new go to ``sink``. Callers come first, from the outermost one on."""
    callees: list[Machine] = [machine]
    while isinstance(callees[-1].frame.caller_frame, Suspended):
        callees.append(callees[-1].frame.caller_frame.machine)
    outermost: Any = callees[-1].frame.caller_frame
    caller = b"" if outermost is None else outermost.digest
    digest = sealed_one(callees.pop(), caller, sink)
    while callees:
        waiting = callees[-1].frame.caller_frame
        if waiting is not None:
            caller = sealed_suspended(waiting, digest, sink)
        digest = sealed_one(callees.pop(), caller, sink)
    return digest


def sealed_one(machine: Machine, caller: bytes, sink: Sink) -> Hash:
    """The root of ``machine``, whose suspended caller has the hash ``caller``."""
    fields = (
        number_item(machine.pc), number_item(machine.gas), number_item(machine.stack.depth),
        sealed_stack(machine.stack, sink), *sealed_memory(machine.memory, sink), *sealed_octets(machine.returned, sink),
        sealed_frame(machine.frame, caller, sink), maps.sealed_world(machine.world, sink),
        known_or(sealed_substate, machine.substate, sink), known_or(sealed_environment, machine.environment, sink),
        number_item(machine.steps), boundary_item(machine.boundary, sink),
    )  # fmt: skip
    return sink.put(encode_record(Kind.MACHINE, fields))


def opened_machine(root: Hash, nodes: Nodes, work: Work) -> Machine:
    """The machine with this root. Refuses with ``OpeningError`` a record that no machine has."""
    fields = fields_of(Kind.MACHINE, nodes.preimage(root))
    pc, gas, depth = fields.number(SIZE_BYTES), fields.number(32), fields.number(2)
    stack = opened_stack(fields.digest(), depth, nodes)
    memory, returned = opened_memory(fields, nodes, work), opened_octets(fields, nodes, work)
    frame_hash, state_root, substate_hash = fields.digest(), fields.digest(), fields.digest()
    environment = opened_environment(fields.digest(), nodes, work)
    steps = fields.number(8)
    boundary = opened_boundary(fields, environment.fork, nodes, work)
    fields.end()
    substate: Any = Later(substate_hash, partial(opened_substate, substate_hash, nodes, work))
    return Machine(
        pc, gas, stack, memory, returned, opened_frame(frame_hash, environment.fork, nodes, work),
        maps.world_of(state_root, nodes, work), substate, environment, steps, boundary,
    )  # fmt: skip
