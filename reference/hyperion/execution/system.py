"""What the protocol itself does in a block: calls of system contracts before and after the transactions; requests.

A system call has no sender who pays, a gas limit of its own, and counts towards nothing. Source: EIP-2935, EIP-4788,
EIP-6110, EIP-7002, EIP-7251, EIP-7685.
"""

from hashlib import sha256
from typing import Final

import attrs

from hyperion.execution.invalid import BlockReason, InvalidBlock
from hyperion.execution.message import outermost_call
from hyperion.execution.profile import RequestContract
from hyperion.execution.validate import Context
from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.state.world import World
from hyperion.vm.call import enter_call
from hyperion.vm.fork import Eip
from hyperion.vm.machine import EMPTY_SUBSTATE, Environment, Halt, Log, Machine, Status

DEPOSIT_EVENT: Final = 0x649BBC62D0E31342AFEA4E5CD82D4049E7E1EE912FC0889AA790803BE39038C5
"""First topic of the deposit contract's log: the hash of its signature."""
DEPOSIT_REQUEST: Final = 0
"""Type of a deposit request."""
DEPOSIT_LOG_BYTES: Final = 576

DEPOSIT_LAYOUT: Final = ((160, 48), (256, 32), (320, 8), (384, 96), (512, 8))
"""Offset and size of public key, withdrawal credentials, amount, signature and index in a deposit log (EIP-6110)."""


@attrs.frozen
class SystemResult:
    """What a system call did."""

    world: World
    halt: Halt


@rule("EXE-system-call", "A system call comes from the system address, has gas of its own, pays and logs nothing.")
def system_call(target: Address, data: bytes, world: World, context: Context) -> SystemResult:
    """The effect of calling ``target`` with ``data``; a failed call changes nothing."""
    return after_call(world, context.executor(enter_system_call(target, data, world, context)))


def enter_system_call(target: Address, data: bytes, world: World, context: Context) -> Machine:
    """The machine about to run the call."""
    caller = context.profile.system_address
    environment = Environment(
        context.fork, context.chain_id, context.block, caller, context.block.base_fee, (), world
    )
    message, substate = outermost_call(
        caller, target, 0, data, context.profile.system_gas, world, EMPTY_SUBSTATE, environment
    )
    return enter_call(message, world, substate, environment)


def after_call(world: World, halted: Machine) -> SystemResult:
    """The effect of the call on ``world``, whose machine ended as ``halted``."""
    halt = halted.boundary if isinstance(halted.boundary, Halt) else Halt(Status.INVALID_OPCODE)
    return SystemResult(halted.world if halt.status.succeeds else world, halt)


@rule("EXE-system-calls", "Before the transactions, the beacon root and the parent's hash are stored by system calls.")
def first_calls(context: Context, beacon_root: bytes | None, parent_hash: bytes) -> tuple[tuple[Address, bytes], ...]:
    """The system calls before the transactions of a block, in order: target and data of each."""
    calls = []
    if Eip.BEACON_ROOT in context.fork.eips and beacon_root is not None:
        calls.append((context.profile.beacon_root_contract, beacon_root))
    if Eip.HISTORY_IN_STATE in context.fork.eips:
        calls.append((context.profile.history_contract, parent_hash))
    return tuple(calls)


def before_transactions(world: World, context: Context, beacon_root: bytes | None, parent_hash: bytes) -> World:
    """The world in which the transactions of a block begin. A call that fails, or finds no code, is passed over."""
    for target, data in first_calls(context, beacon_root, parent_hash):
        world = system_call(target, data, world, context).world
    return world


# --- requests --------------------------------------------------------------------------------------------------------


@rule("EXE-deposit-log", "A deposit's log has its five fields at fixed offsets with fixed lengths.")
def deposit_request(data: bytes) -> bytes | None:
    """The deposit request in the data of a log; None if its layout is another."""
    if len(data) != DEPOSIT_LOG_BYTES:
        return None
    parts = []
    for position, (offset, size) in enumerate(DEPOSIT_LAYOUT):
        head = data[32 * position : 32 * position + 32]
        length = data[offset : offset + 32]
        if int.from_bytes(head, "big") != offset or int.from_bytes(length, "big") != size:
            return None
        parts.append(data[offset + 32 : offset + 32 + size])
    return b"".join(parts)


def is_deposit(log: Log, contract: Address) -> bool:
    """Whether ``log`` is the deposit event of the deposit contract; its data are not looked at."""
    return log.address == contract and bool(log.topics) and log.topics[0] == DEPOSIT_EVENT


@rule("EXE-deposit-requests", "Every log of the deposit contract with the deposit event is a deposit request.")
def deposit_requests(logs: tuple[Log, ...], contract: Address) -> bytes | InvalidBlock:
    """The deposit requests in ``logs``, one after the other; or why the block is invalid."""
    found = []
    for log in logs:
        if is_deposit(log, contract):
            request = deposit_request(log.data)
            if request is None:
                return InvalidBlock(BlockReason.DEPOSIT_LAYOUT, f"{len(log.data)} bytes")
            found.append(request)
    return b"".join(found)


def last_calls(context: Context) -> tuple[RequestContract, ...]:
    """The contracts that are called after the transactions of a block, in order."""
    return tuple(made for made in context.profile.request_contracts if made.since in context.fork.eips)


@attrs.frozen
class Requests:
    """The world after the request contracts were called, and the requests of the block, each with its type's byte."""

    world: World
    requests: tuple[bytes, ...]


@rule("EXE-requests", "Requests are the deposits of the logs and the outputs of the request contracts, if not empty.")
def collect_requests(world: World, context: Context, logs: tuple[Log, ...]) -> Requests | InvalidBlock:
    """The requests of a block whose transactions left ``world`` and ``logs``; a contract must be there and succeed."""
    requests: list[bytes] = []
    if Eip.DEPOSIT_REQUESTS in context.fork.eips:
        deposits = deposit_requests(logs, context.profile.deposit_contract)
        if isinstance(deposits, InvalidBlock):
            return deposits
        if deposits:
            requests.append(bytes((DEPOSIT_REQUEST,)) + deposits)
    for contract in last_calls(context):
        if not world.account(contract.address).code:
            return InvalidBlock(BlockReason.SYSTEM_CONTRACT_MISSING, f"{contract.address:#042x}")
        result = system_call(contract.address, b"", world, context)
        if not result.halt.status.succeeds:
            return InvalidBlock(BlockReason.SYSTEM_CONTRACT_FAILED, f"{contract.address:#042x}")
        world = result.world
        if result.halt.output:
            requests.append(bytes((contract.request_type,)) + result.halt.output)
    return Requests(world, tuple(requests))


@rule("EXE-requests-hash", "The requests hash is SHA2-256 of the SHA2-256 hashes of the requests, one after the other.")
def requests_hash(requests: tuple[bytes, ...]) -> bytes:
    """The hash that a header binds of ``requests``; they hold more than their type's byte."""
    return hash_of_hashes(b"".join(sha256(request).digest() for request in requests))


def hash_of_hashes(hashes: bytes) -> bytes:
    """The hash of requests whose hashes, one after the other, are ``hashes``."""
    return sha256(hashes).digest()
