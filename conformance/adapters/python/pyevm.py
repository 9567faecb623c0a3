"""Adapter for py-evm, the Python client library (package py-evm)."""

import functools
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from eth.consensus import ConsensusContext
from eth.db.account import AccountDB
from eth.db.atomic import AtomicDB
from eth.db.chain import ChainDB
from eth.exceptions import PyEVMError
from eth.vm.chain_context import ChainContext
from eth.vm.forks import CancunVM, PragueVM
from eth.vm.forks.cancun.blocks import CancunBlockHeader
from eth.vm.logic.invalid import InvalidOpcode
from eth.vm.message import Message
from eth_utils import ValidationError
from rlp.exceptions import RLPException
from serve import (
    Json,
    Refusal,
    Step,
    account_json,
    accounts_of,
    block_of,
    hexadecimal,
    log_json,
    number,
    octets,
    serve,
    storage_of,
)

HALTS = {
    "OutOfGas": "out-of-gas",
    "InsufficientStack": "stack-underflow",
    "FullStack": "stack-overflow",
    "InvalidInstruction": "invalid-opcode",
    "InvalidJumpDestination": "invalid-jump",
    "WriteProtection": "static-violation",
    "OutOfBoundsRead": "return-data-out-of-bounds",
}
REFUSALS = (
    ("Invalid transaction nonce", "EXE-nonce"),
    ("cannot afford txn gas", "EXE-insufficient-funds"),
    ("does not have enough balance", "EXE-insufficient-funds"),
    ("insufficient funds for blob fee", "EXE-insufficient-funds"),
    ("Transaction exceeds gas limit", "EXE-gas-limit-exceeds-block"),
    ("lower than block's base fee", "EXE-max-fee-below-base-fee"),
    ("at least one blob", "EXE-no-blobs"),
    ("expected KZG version", "EXE-blob-version"),
    ("at least the current blob base fee", "EXE-blob-fee-too-low"),
    ("authorization_list", "EXE-authorization-list-empty"),
)


class Recorder(AccountDB):  # type: ignore[misc]  # py-evm gives no types
    """The account database, noting what was written: the tries below it only know hashes of addresses and keys."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.addresses: set[bytes] = set()
        self.slots: set[tuple[bytes, int]] = set()

    def _set_account(self, address: Any, account: Any) -> None:
        self.addresses.add(address)
        super()._set_account(address, account)

    def set_storage(self, address: Any, slot: int, value: int) -> None:
        self.slots.add((address, slot))
        super().set_storage(address, slot, value)

    def storage(self, address: Any) -> dict[int, int]:
        return {slot: self.get_storage(address, slot) for owner, slot in self.slots if owner == address}


class Watched(dict[int, Any]):
    """An opcode table that reports a step before it hands out an instruction."""

    def __init__(self, table: dict[int, Any], step: Step) -> None:
        super().__init__(table)
        self.report = step

    def __getitem__(self, op: int) -> Callable[..., None]:
        run = self.get(op) or InvalidOpcode(op)

        def instruction(computation: Any) -> None:
            code = computation.code
            if len(code):  # no code, no step
                self.report(
                    position(code, op),
                    op,
                    computation.get_gas_remaining(),
                    computation.msg.depth + 1,
                    len(computation._memory),
                    [w if isinstance(w, int) else int.from_bytes(w, "big") for w in computation._stack.values],
                )
            run(computation=computation)

        return instruction


def position(code: Any, op: int) -> int:
    """The counter of py-evm is one past an instruction, but not past the STOP it supplies at the end of the code."""
    counter = int(code.program_counter)
    written = counter <= len(code) and code[counter - 1] == op and code.is_valid_opcode(counter - 1)
    return counter - 1 if op or written else counter


@functools.cache
def plain(fork: str) -> Any:
    base: Any = {"CANCUN": CancunVM, "PRAGUE": PragueVM}[fork]
    return base.configure(_state_class=base.get_state_class().configure(account_db_class=Recorder))


def machine(fork: str, given: Json, accounts: dict[bytes, Json], step: Step | None) -> Any:
    vm_class: Any = plain(fork)
    if step is not None:
        state_class = vm_class.get_state_class()
        table = Watched(state_class.computation_class.opcodes, step)
        computation_class = state_class.computation_class.configure(opcodes=table)
        vm_class = vm_class.configure(_state_class=state_class.configure(computation_class=computation_class))
    block = block_of(given)
    header = CancunBlockHeader(
        difficulty=0,
        block_number=number(block["number"]),
        gas_limit=number(block["gas_limit"]),
        timestamp=number(block["timestamp"]),
        coinbase=octets(block["coinbase"], 20),
        mix_hash=octets(block["prevrandao"], 32),
        base_fee_per_gas=number(block["base_fee"]),
        excess_blob_gas=number(block["excess_blob_gas"]),
    )
    database = AtomicDB()
    vm = vm_class(header, ChainDB(database), ChainContext(number(given.get("chain_id", 1))), ConsensusContext(database))
    hashes = (b"\0" * 32 for _ in range(256))
    context = vm.create_execution_context(header, hashes, vm.chain_context)
    vm._state = vm.get_state_class()(database, context, header.state_root)
    for address, account in accounts.items():
        vm.state.set_balance(address, number(account["balance"]))
        vm.state.set_nonce(address, number(account["nonce"]))
        vm.state.set_code(address, octets(account["code"]))
        for slot, value in storage_of(account).items():
            vm.state.set_storage(address, slot, value)
    vm.state.persist()
    return vm


def outcome_of(computation: Any) -> Json:
    good = not computation.is_error
    name = type(computation._error).__name__
    status = "success" if good else "revert" if name == "Revert" else "halt"
    logs = [
        log_json(address, [topic.to_bytes(32, "big") for topic in topics], data)
        for address, topics, data in (computation.get_log_entries() if good else ())
    ]
    output = computation.output if status != "halt" else b""
    outcome: Json = {"status": status, "output": hexadecimal(output), "logs": logs}
    if "Jump resulted in invalid instruction" in str(computation._error):  # into push data
        name = "InvalidJumpDestination"
    return outcome | ({"reason": HALTS[name]} if status == "halt" and name in HALTS else {})


def vm_run(fork: str, given: Json, step: Step | None) -> Json:
    state = machine(fork, given, accounts_of(given), step).state
    address, caller = octets(given["address"], 20), octets(given["caller"], 20)
    code, data = octets(given["code"]), octets(given.get("calldata", "0x"))
    message = Message(
        gas=number(given["gas"]),
        to=address,
        sender=caller,
        value=number(given.get("value", 0)),
        data=data,
        code=code,
        should_transfer_value=False,
    )
    for warm in (address, caller, *state.computation_class._precompiles):
        state.mark_address_warm(warm)
    context = state.get_transaction_context_class()(gas_price=0, origin=caller)
    computation = state.computation_class.apply_message(state, message, context)
    storage = sorted(state._account_db.storage(address).items())
    return outcome_of(computation) | {
        "gas_left": str(computation.get_gas_remaining()),
        "refund": str(0 if computation.is_error else computation.get_gas_refund()),
        "storage": {str(slot): str(value) for slot, value in storage if value},
    }


def refusal_of(error: Exception, vm: Any, tx: Any) -> str | None:
    reason = next((slug for text, slug in REFUSALS if text in str(error)), None)
    if reason == "EXE-nonce":
        return "EXE-nonce-too-low" if tx.nonce < vm.state.get_nonce(tx.sender) else "EXE-nonce-too-high"
    return reason


def evm_state(fork: str, given: Json, step: Step | None) -> Json:
    pre = {octets(address, 20): account for address, account in given["pre"].items()}
    vm, tx = machine(fork, given, pre, step), None
    try:
        tx = vm.get_transaction_builder().decode(octets(given["transaction"]["raw"]))
        receipt, computation = vm.apply_transaction(vm.get_header(), tx)
    except (ValidationError, PyEVMError, RLPException) as error:
        raise Refusal(refusal_of(error, vm, tx)) from error
    database = vm.state._account_db
    post = {}
    for address in database.addresses:
        if database.account_exists(address) and not database.account_is_empty(address):
            balance, nonce = database.get_balance(address), database.get_nonce(address)
            body = account_json(nonce, balance, database.get_code(address), database.storage(address))
            post[hexadecimal(address)] = body
    gas_used, root = str(receipt.gas_used), hexadecimal(vm.state.make_state_root())
    return outcome_of(computation) | {"gas_used": gas_used, "post": post, "state_root": root}


if __name__ == "__main__":
    homepage = "https://github.com/ethereum/py-evm"
    targets = {"vm.run": vm_run, "evm.state": evm_state}
    serve("py-evm", version("py-evm"), "python", homepage, ("CANCUN", "PRAGUE"), targets)
