"""Adapter for EELS, the executable specification of Ethereum (package ethereum-execution)."""

import functools
import importlib
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

from ethereum import trace as events
from ethereum.exceptions import EthereumException
from ethereum_rlp import rlp
from ethereum_rlp.exceptions import DecodingError
from ethereum_types.bytes import Bytes, Bytes32
from ethereum_types.numeric import U64, U256, Uint
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
    "OutOfGasError": "out-of-gas",
    "StackUnderflowError": "stack-underflow",
    "StackOverflowError": "stack-overflow",
    "InvalidOpcode": "invalid-opcode",
    "InvalidJumpDestError": "invalid-jump",
    "WriteInStaticContext": "static-violation",
    "OutOfBoundsRead": "return-data-out-of-bounds",
}
REFUSALS = {
    "nonce too low": "EXE-nonce-too-low",
    "nonce too high": "EXE-nonce-too-high",
    "InsufficientBalanceError": "EXE-insufficient-funds",
    "GasUsedExceedsLimitError": "EXE-gas-limit-exceeds-block",
    "InsufficientMaxFeePerGasError": "EXE-max-fee-below-base-fee",
    "InvalidBlock": "EXE-max-fee-below-base-fee",
    "PriorityFeeGreaterThanMaxFeeError": "EXE-priority-fee-above-max-fee",
    "InvalidSenderError": "EXE-sender-not-eoa",
    "InitCodeTooLargeError": "EXE-initcode-too-large",
    "NonceOverflowError": "EXE-nonce-max",
    "TransactionTypeError": "EXE-type-unsupported",
    "InsufficientMaxFeePerBlobGasError": "EXE-blob-fee-too-low",
    "NoBlobDataError": "EXE-no-blobs",
    "BlobGasLimitExceededError": "EXE-blob-gas-exceeds-block",
    "BlobCountExceededError": "EXE-too-many-blobs",
    "InvalidBlobVersionedHashError": "EXE-blob-version",
    "EmptyAuthorizationListError": "EXE-authorization-list-empty",
    "TransactionGasLimitExceededError": "EXE-gas-cap",
}


@functools.cache
def modules(fork: str) -> SimpleNamespace:
    base = f"ethereum.forks.{fork.lower()}"
    names = ("fork", "state", "vm", "transactions", "fork_types", "vm.interpreter", "vm.precompiled_contracts.mapping")
    return SimpleNamespace(**{name.split(".")[-1]: importlib.import_module(f"{base}.{name}") for name in names})


def state_of(m: SimpleNamespace, accounts: dict[bytes, Json]) -> Any:
    state = m.state.State()
    for key, account in accounts.items():
        address, code = m.fork_types.Address(key), Bytes(octets(account["code"]))
        nonce, balance = Uint(number(account["nonce"])), U256(number(account["balance"]))
        m.state.set_account(state, address, m.fork_types.Account(nonce, balance, code))
        for slot, value in storage_of(account).items():
            if value:
                m.state.set_storage(state, address, Bytes32(slot.to_bytes(32, "big")), U256(value))
    return state


def storage_in(state: Any, address: bytes) -> dict[int, int]:
    trie = state._storage_tries.get(address)
    return {int.from_bytes(key, "big"): int(value) for key, value in trie._data.items()} if trie else {}


def block_environment(m: SimpleNamespace, given: Json, state: Any) -> Any:
    block = block_of(given)
    return m.vm.BlockEnvironment(
        chain_id=U64(number(given.get("chain_id", 1))),
        state=state,
        block_gas_limit=Uint(number(block["gas_limit"])),
        block_hashes=[Bytes32(b"\0" * 32)] * min(256, number(block["number"])),
        coinbase=m.fork_types.Address(octets(block["coinbase"], 20)),
        number=Uint(number(block["number"])),
        base_fee_per_gas=Uint(number(block["base_fee"])),
        time=U256(number(block["timestamp"])),
        prev_randao=Bytes32(octets(block["prevrandao"], 32)),
        excess_blob_gas=U64(number(block["excess_blob_gas"])),
        parent_beacon_block_root=Bytes32(b"\0" * 32),
    )


class Watch:
    """Turns the events of EELS into steps, and keeps how the outermost frame ended."""

    def __init__(self, step: Step | None) -> None:
        self.step, self.end = step, events.TransactionEnd(0, b"", EthereumException("address collision"))

    def __call__(self, evm: Any, event: Any) -> None:
        if isinstance(event, events.TransactionEnd):
            self.end = event
        if self.step is None or not evm.code:
            return
        unknown = isinstance(event, events.OpException) and type(event.error).__name__ == "InvalidOpcode"
        if isinstance(event, events.OpStart) or (unknown and int(evm.pc) < len(evm.code)):
            self.emit(evm, evm.code[int(evm.pc)])
        elif isinstance(event, events.EvmStop) and evm.running:
            self.emit(evm, 0)

    def emit(self, evm: Any, op: int) -> None:
        assert self.step is not None
        self.step(evm.pc, op, evm.gas_left, evm.message.depth + Uint(1), len(evm.memory), evm.stack)


def status_of(error: object) -> Json:
    if error is None:
        return {"status": "success"}
    name = type(error).__name__
    if name == "Revert":
        return {"status": "revert"}
    return {"status": "halt"} | ({"reason": HALTS[name]} if name in HALTS else {})


def vm_run(fork: str, given: Json, step: Step | None) -> Json:
    m = modules(fork)
    address = m.fork_types.Address(octets(given["address"], 20))
    caller = m.fork_types.Address(octets(given["caller"], 20))
    block = block_environment(m, given, state_of(m, accounts_of(given)))
    transaction: Json = dict.fromkeys(m.vm.TransactionEnvironment.__dataclass_fields__)
    transaction |= {"origin": caller, "gas_price": Uint(0), "gas": Uint(number(given["gas"]))}
    transaction |= {"access_list_addresses": set(), "access_list_storage_keys": set(), "blob_versioned_hashes": ()}
    transaction |= {"transient_storage": m.state.TransientStorage(), "authorizations": ()}
    call: Json = dict.fromkeys(m.vm.Message.__dataclass_fields__)
    call |= {"block_env": block, "tx_env": m.vm.TransactionEnvironment(**kept(transaction, m)), "caller": caller}
    call |= {"target": address, "current_target": address, "gas": transaction["gas"], "depth": Uint(0)}
    call |= {"value": U256(number(given.get("value", 0))), "data": Bytes(octets(given.get("calldata", "0x")))}
    call |= {"code": Bytes(octets(given["code"])), "code_address": address, "should_transfer_value": False}
    call |= {"is_static": False, "accessed_storage_keys": set(), "disable_precompiles": False}
    call["accessed_addresses"] = {address, caller, block.coinbase} | set(m.mapping.PRE_COMPILED_CONTRACTS)
    if "disable_precompiles" not in m.vm.Message.__dataclass_fields__:
        del call["disable_precompiles"]
    events.set_evm_trace(Watch(step))
    evm = m.interpreter.process_message(m.vm.Message(**call))
    good = evm.error is None
    return status_of(evm.error) | {
        "gas_left": str(int(evm.gas_left)),
        "refund": str(int(evm.refund_counter)) if good else "0",
        "output": hexadecimal(evm.output),
        "logs": [log_json(log.address, log.topics, log.data) for log in evm.logs] if good else [],
        "storage": {str(key): str(value) for key, value in sorted(storage_in(block.state, address).items())},
    }


def kept(fields: Json, m: SimpleNamespace) -> Json:
    return {name: value for name, value in fields.items() if name in m.vm.TransactionEnvironment.__dataclass_fields__}


def decode(m: SimpleNamespace, raw: bytes) -> Any:
    if not raw:
        raise DecodingError("no bytes")  # EELS is never asked that, and would look for the first of them
    if raw[0] >= 0xC0:
        return rlp.decode_to(m.transactions.LegacyTransaction, raw)
    return m.transactions.decode_transaction(Bytes(raw))


def refusal_of(m: SimpleNamespace, error: EthereumException, raw: bytes) -> str | None:
    name = type(error).__name__
    if name == "TransactionTypeContractCreationError":
        return "EXE-blob-create" if raw[0] == 3 else "EXE-set-code-create"
    if name == "InsufficientTransactionGasError":
        tx = decode(m, raw)
        cost = m.transactions.calculate_intrinsic_cost(tx)
        return "EXE-intrinsic-gas" if not isinstance(cost, tuple) or tx.gas < cost[0] else "EXE-floor-gas"
    return REFUSALS.get(name) or REFUSALS.get(str(error))


def undecoded(error: DecodingError, raw: bytes) -> str:
    """Why an envelope is none: types 3 and 4 have no recipient of no bytes, so to EELS a creation is undecodable."""
    text = str(error)
    if "Transaction.to`" in text and text.endswith("expected 20 bytes but got 0"):
        return "EXE-blob-create" if raw[0] == 3 else "EXE-set-code-create"
    return "EXE-transaction-strict"


def evm_state(fork: str, given: Json, step: Step | None) -> Json:
    m, raw = modules(fork), octets(given["transaction"]["raw"])
    state = state_of(m, {octets(address, 20): account for address, account in given["pre"].items()})
    block, result, watch = block_environment(m, given, state), m.vm.BlockOutput(), Watch(step)
    events.set_evm_trace(watch)
    try:
        tx = decode(m, raw)
    except DecodingError as error:
        raise Refusal(undecoded(error, raw)) from error
    except (EthereumException, ValueError, TypeError) as error:
        raise Refusal(refusal_of(m, error, raw)) from error
    try:
        m.fork.process_transaction(block, result, tx, Uint(0))
    except EthereumException as error:
        raise Refusal(refusal_of(m, error, raw)) from error
    post = {}
    for address, account in state._main_trie._data.items():
        body = account_json(int(account.nonce), int(account.balance), account.code, storage_in(state, address))
        post[hexadecimal(address)] = body
    return status_of(watch.end.error) | {
        "gas_used": str(int(result.block_gas_used)),
        "output": hexadecimal(watch.end.output),
        "logs": [log_json(log.address, log.topics, log.data) for log in result.block_logs],
        "post": post,
        "state_root": hexadecimal(m.state.state_root(state)),
    }


if __name__ == "__main__":
    homepage = "https://github.com/ethereum/execution-specs"
    targets = {"vm.run": vm_run, "evm.state": evm_state}
    serve("eels", version("ethereum-execution"), "python", homepage, ("CANCUN", "PRAGUE", "OSAKA"), targets)
