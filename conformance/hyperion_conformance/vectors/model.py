"""The model as a client of the protocol: outcomes and traces, computed by ``hyperion``."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from immutables import Map

from hyperion.execution.fees import blob_base_fee
from hyperion.execution.message import Begun, begin, settle
from hyperion.execution.profile import ETHEREUM
from hyperion.execution.rejection import Reason, Rejected
from hyperion.execution.transaction import Malformed, TransactionError, decode_transaction
from hyperion.execution.validate import Context, validate
from hyperion.primitives.word import Address
from hyperion.state.commitment import state_root
from hyperion.state.world import Account, World
from hyperion.vm.address import address_bytes
from hyperion.vm.call import Message, enter_call
from hyperion.vm.fork import Fork
from hyperion.vm.forks import fork_named
from hyperion.vm.machine import Block, Environment, Halt, Log, Machine, Status, Substate
from hyperion.vm.stack import Stack
from hyperion.vm.step import run as run_machine
from hyperion.vm.step import step
from hyperion_conformance.protocol.messages import Json, TraceAnswer
from hyperion_conformance.vectors.input import BlockInput, EvmState, InputError, VmRun, evm_state, vm_run

DIGEST_BYTES: Final = 16
UNNAMED: Final = (Status.CODE_TOO_LARGE, Status.INITCODE_TOO_LARGE)
"""EIP-170 and EIP-3860 count these as running out of gas, so how a client names them is left open."""
ForkOf = Callable[[str], Fork | None]


def known_fork(name: str, fork_of: ForkOf = fork_named) -> Fork:
    """The fork called ``name``; another name is refused."""
    fork = fork_of(name)
    if fork is None:
        raise InputError("$.fork", f"no fork is called {name[:40]!r}")
    return fork


# --- JSON of values --------------------------------------------------------------------------------------------------


def hexadecimal(data: bytes) -> str:
    """Bytes in lower-case hex with 0x."""
    return "0x" + data.hex()


def address_json(address: Address) -> str:
    """An address as 20 bytes in hex."""
    return hexadecimal(address_bytes(address))


def storage_json(storage: Map[int, int]) -> dict[str, Json]:
    """Storage words by key, decimal, in the order of the keys."""
    return {str(key): str(word) for key, word in sorted(storage.items())}


def log_json(log: Log) -> dict[str, Json]:
    """A log."""
    topics: list[Json] = [hexadecimal(topic.to_bytes(32, "big")) for topic in log.topics]
    return {"address": address_json(log.address), "topics": topics, "data": hexadecimal(log.data)}


def account_json(account: Account) -> dict[str, Json]:
    """An account."""
    return {
        "nonce": str(account.nonce),
        "balance": str(account.balance),
        "code": hexadecimal(account.code),
        "storage": storage_json(account.storage),
    }


def world_json(world: World) -> dict[str, Json]:
    """All accounts of a state, by address."""
    return {address_json(address): account_json(account) for address, account in sorted(world.accounts.items())}


def status_json(status: Status) -> dict[str, Json]:
    """How an execution ended; the reason of an exceptional halt is the model's name for it."""
    if status.succeeds:
        return {"status": "success"}
    if status is Status.REVERT:
        return {"status": "revert"}
    if status in UNNAMED:
        return {"status": "halt"}
    return {"status": "halt", "reason": status.value}


# --- target vm.run ---------------------------------------------------------------------------------------------------


def block_of(given: BlockInput, fork: Fork) -> Block:
    """The block as code sees it. No hash of an earlier block is known, so each of them is zero."""
    fee = 0 if fork.blobs is None else blob_base_fee(given.excess_blob_gas, fork.blobs)
    return Block(
        given.coinbase, given.number, given.timestamp, given.gas_limit, given.prevrandao, given.base_fee, fee
    )


def machine_of(given: VmRun, fork: Fork) -> Machine:
    """The machine about to run the code of a case: the value has arrived, no gas is bought, nothing is paid back."""
    accounts = dict(given.accounts)
    accounts[given.address] = Account(1, given.value, given.code, given.storage)
    world = World(Map({address: account for address, account in accounts.items() if not account.is_empty()}))
    warm = (given.address, given.caller, given.block.coinbase, *fork.precompiles)
    substate = Substate(accessed_addresses=Map(dict.fromkeys(warm, True)))
    environment = Environment(fork, 1, block_of(given.block, fork), given.caller, 0, (), world)
    message = Message(
        given.caller, given.address, given.code, given.gas, given.value, given.calldata, transfers=False
    )
    return enter_call(message, world, substate, environment)


def vm_run_machine(given: Mapping[str, Json], fork: Fork, strict: bool) -> Machine:
    """The machine of a case."""
    return machine_of(vm_run(given, strict), fork)


def vm_run_outcome(given: VmRun, fork: Fork) -> dict[str, Json]:
    """What target vm.run compares: status, gas, refund counter, output, logs, and the storage of the account."""
    machine = run_machine(machine_of(given, fork))
    if not isinstance(machine.boundary, Halt):
        raise AssertionError("a machine that has run to its end has halted")
    kept = machine.boundary.status.succeeds
    storage = machine.world.account(given.address).storage if kept else given.storage
    return {
        **status_json(machine.boundary.status),
        "gas_left": str(machine.gas),
        "refund": str(machine.substate.refund if kept else 0),
        "output": hexadecimal(machine.boundary.output),
        "logs": [log_json(log) for log in machine.substate.logs] if kept else [],
        "storage": storage_json(storage),
    }


# --- traces ----------------------------------------------------------------------------------------------------------


def instructions_of(machine: Machine) -> Iterator[Machine]:
    """The machines that are about to execute an instruction, from ``machine`` on. Code that is empty has none."""
    while not machine.halted:
        if machine.boundary is None and machine.frame.code:
            yield machine
        machine = step(machine)


class StackText:
    """Stacks in text, from the bottom. They share their lower cells, so text is kept: unobservable, but quick."""

    LIMIT = 4096

    def __init__(self) -> None:
        self.known: dict[int, tuple[Stack, str]] = {}

    def of(self, stack: Stack) -> str:
        """The words of ``stack`` from the bottom, decimal, with commas between them."""
        if len(self.known) > self.LIMIT:
            self.known.clear()
        above: list[Stack] = []
        while stack.depth != 0 and id(stack) not in self.known:
            above.append(stack)
            stack = stack.rest
        text = self.known[id(stack)][1] if stack.depth != 0 else ""
        for cell in reversed(above):
            text = f"{text},{cell.top}" if text else str(cell.top)
            self.known[id(cell)] = (cell, text)
        return text


def state_line(machine: Machine, stacks: StackText) -> bytes:
    """The canonical line of a machine about to execute: pc, opcode, gas, depth, memory size, stack from the bottom."""
    frame = machine.frame
    opcode, depth, words = frame.program[machine.pc], frame.depth + 1, stacks.of(machine.stack)
    return f"{machine.pc}|{opcode}|{machine.gas}|{depth}|{machine.memory.size}|{words}".encode()


def state_json(machine: Machine) -> dict[str, Json]:
    """The machine about to execute, as a trace shows it in full."""
    stack: list[Json] = [str(word) for word in reversed(list(machine.stack.words()))]
    return {
        "pc": machine.pc,
        "op": machine.frame.program[machine.pc],
        "gas": str(machine.gas),
        "depth": machine.frame.depth + 1,
        "memory_size": machine.memory.size,
        "stack": stack,
    }


def digest_chain(machine: Machine) -> list[str]:
    """The chained digest at each step: each covers all steps before it."""
    chain: list[str] = []
    digest, stacks = bytes(DIGEST_BYTES), StackText()
    for current in instructions_of(machine):
        digest = hashlib.sha256(digest + state_line(current, stacks)).digest()[:DIGEST_BYTES]
        chain.append(hexadecimal(digest))
    return chain


def trace_of(machine: Machine, at: Sequence[int], full: bool) -> TraceAnswer:
    """Digests, or full states, at the steps asked for. Beyond the end, the digest of the last step stands."""
    if full:
        wanted = frozenset(at)
        steps, states = 0, {}
        for steps, current in enumerate(instructions_of(machine), 1):
            if steps - 1 in wanted:
                states[steps - 1] = state_json(current)
        return TraceAnswer(steps, {}, states)
    chain = digest_chain(machine)
    last = chain[-1] if chain else hexadecimal(bytes(DIGEST_BYTES))
    return TraceAnswer(len(chain), {step: chain[step] if step < len(chain) else last for step in at}, {})


def no_trace(at: Sequence[int]) -> TraceAnswer:
    """The trace of a case in which nothing is executed."""
    return TraceAnswer(0, {step: hexadecimal(bytes(DIGEST_BYTES)) for step in at}, {})


# --- target evm.state ------------------------------------------------------------------------------------------------


def context_of(given: EvmState, fork: Fork) -> Context:
    """The block in which a case's transaction is the first one."""
    return Context(fork, ETHEREUM, given.chain_id, block_of(given.block, fork))


def world_of(given: EvmState) -> World:
    """The state before the transaction."""
    return World(Map({address: account for address, account in given.pre.items() if not account.is_empty()}))


def prepared(given: EvmState, fork: Fork) -> Begun | str:
    """The transaction of a case, begun; or the id of the rule that refuses it, as it may refuse mere bytes."""
    world, context = world_of(given), context_of(given, fork)
    try:
        transaction = decode_transaction(given.raw)
    except TransactionError as error:
        unknown = error.reason is Malformed.UNKNOWN_TYPE
        return Reason.TYPE_UNSUPPORTED.value if unknown else "EXE-transaction-strict"
    valid = validate(transaction, world, context)
    return valid.reason.value if isinstance(valid, Rejected) else begin(transaction, world, context, valid)


def evm_state_outcome(given: EvmState, fork: Fork) -> dict[str, Json]:
    """What target evm.state compares: status, gas, output, logs, and the whole state afterwards with its root."""
    begun = prepared(given, fork)
    if isinstance(begun, str):
        return {
            "status": "reject", "reason": begun, "gas_used": "0", "logs": [], "post": world_json(world_of(given)),
        }  # fmt: skip
    applied = settle(begun, run_machine(begun.machine))
    return {
        **status_json(applied.halt.status),
        "gas_used": str(applied.gas_used),
        "output": hexadecimal(applied.halt.output),
        "logs": [log_json(log) for log in applied.logs],
        "post": world_json(applied.world),
        "state_root": hexadecimal(state_root(applied.world)),
    }


def evm_state_machine(given: Mapping[str, Json], fork: Fork, strict: bool) -> Machine | None:
    """The machine that runs the transaction of a case; None if the transaction is refused, so that nothing runs."""
    begun = prepared(evm_state(given, strict), fork)
    return None if isinstance(begun, str) else begun.machine
