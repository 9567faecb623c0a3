"""Adapter for pyrevm, the Python binding of revm (Rust).

Version 0.3.7 binds revm 8.0.0, whose Prague and Osaka are drafts, so only Cancun is offered. The binding has neither
message calls below a transaction nor fees: vm.run is a transaction whose intrinsic gas is taken back off, and evm.state
answers without a post state. Storage keys cannot be listed, so they are read off the trace.
"""

import json
import os
import re
import sys
from importlib.metadata import version
from typing import Any

import pyrevm
from serve import (
    Json,
    Refusal,
    Skip,
    Step,
    accounts_of,
    block_of,
    hexadecimal,
    number,
    octets,
    serve,
    storage_of,
)

TRACED_GAS = 200_000  # the tracer of the binding takes a millisecond a step: what spends more is not traced unasked
BLOCK_HASH = frozenset({0x40})
WRITES = frozenset({0x40, 0x55, 0xF0, 0xF5})  # these must be traced: what they do can be seen nowhere else
HALTS = {
    "OutOfGas": "out-of-gas",
    "StackUnderflow": "stack-underflow",
    "StackOverflow": "stack-overflow",
    "OpcodeNotFound": "invalid-opcode",
    "InvalidFEOpcode": "invalid-opcode",
    "InvalidJump": "invalid-jump",
    "StateChangeDuringStaticCall": "static-violation",
    "CallNotAllowedInsideStatic": "static-violation",
    "OutOfOffset": "return-data-out-of-bounds",
}
REFUSALS = {
    "NonceTooLow": "EXE-nonce-too-low",
    "NonceTooHigh": "EXE-nonce-too-high",
    "LackOfFundForMaxFee": "EXE-insufficient-funds",
    "CallGasCostMoreThanGasLimit": "EXE-intrinsic-gas",
    "CallerGasLimitMoreThanBlock": "EXE-gas-limit-exceeds-block",
    "PriorityFeeGreaterThanMaxFee": "EXE-priority-fee-above-max-fee",
    "RejectCallerWithCode": "EXE-sender-not-eoa",
    "CreateInitCodeSizeLimit": "EXE-initcode-too-large",
    "BlobGasPriceGreaterThanMax": "EXE-blob-fee-too-low",
    "EmptyBlobs": "EXE-no-blobs",
    "TooManyBlobs": "EXE-too-many-blobs",
    "BlobVersionNotSupported": "EXE-blob-version",
    "BlobCreateTransaction": "EXE-blob-create",
}


def machine(given: Json, accounts: dict[bytes, Json], transaction: Json, tracing: bool) -> Any:
    block, chain_id = block_of(given), number(given.get("chain_id", 1))
    environment = pyrevm.Env(
        cfg=pyrevm.CfgEnv(chain_id=chain_id),
        block=pyrevm.BlockEnv(
            number=number(block["number"]),
            coinbase=block["coinbase"],
            timestamp=number(block["timestamp"]),
            prevrandao=octets(block["prevrandao"], 32),
            basefee=number(block["base_fee"]),
            gas_limit=number(block["gas_limit"]),
            excess_blob_gas=number(block["excess_blob_gas"]),
        ),
        tx=pyrevm.TxEnv(**transaction),
    )
    evm = pyrevm.EVM(env=environment, spec_id="CANCUN", tracing=tracing)
    for address, account in accounts.items():
        slots = sum(1 for value in storage_of(account).values() if value)
        if slots > 1 or (slots and hexadecimal(address) != transaction["to"]):
            raise Skip("pyrevm warms an account that is given storage, and dirties every slot of it but the first")
        nonce, balance = number(account.get("nonce", 0)), number(account.get("balance", 0))
        code = octets(account.get("code", "0x")) or None
        evm.insert_account_info(hexadecimal(address), pyrevm.AccountInfo(nonce=nonce, balance=balance, code=code))
        for slot, value in storage_of(account).items():
            if value:
                evm.insert_account_storage(hexadecimal(address), slot, value)
    return evm


def execute(evm: Any, call: Json, to: str | None) -> tuple[Json, list[Json]]:
    """Run one transaction; the tracer writes to descriptor 1, which is a file meanwhile."""
    output, error = b"", ""
    with os.fdopen(os.memfd_create("trace"), "w+") as file:
        log = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            if to is None:
                evm.deploy(call["caller"], call["data"], call["value"], call["gas_limit"])
                output = b""
            else:
                positional = (call["caller"], to, call["data"], call["value"], call["gas_limit"], call["gas_price"])
                output = bytes(evm.message_call(*positional))
        except RuntimeError as failure:
            error = str(failure)
        finally:
            os.dup2(log, 1)
            os.close(log)
        file.seek(0)
        steps = [json.loads(line) for line in file if '"pc"' in line]
    if evm.result is None:
        known = next((slug for name, slug in REFUSALS.items() if name in error), None)
        print(f"refused: {error}", file=sys.stderr)
        raise Refusal(known)
    result = evm.result
    status = "success" if result.is_success else "halt" if result.is_halt else "revert"
    found: Json = {"status": status, "output": hexadecimal(output)}
    if status == "revert":
        match = re.search(r"output: (0x[0-9a-f]*)", error)
        found["output"] = match.group(1) if match else "0x"
    if status == "halt":
        reason = next((slug for name, slug in HALTS.items() if result.reason.startswith(name)), None)
        found |= {"reason": reason} if reason else {}
    found["logs"] = [
        {"address": log.address.lower(), "topics": list(log.topics), "data": hexadecimal(log.data[1])}
        for log in result.logs
    ]
    if any(step["op"] == 0x40 for step in steps):
        raise Skip("pyrevm has no way to set block hashes")
    return found, steps


def executes(opcodes: frozenset[int], accounts: dict[bytes, Json], more: bytes = b"") -> bool:
    """Whether one of the opcodes stands somewhere in the code, push data left out."""
    for code in (more, *(octets(account.get("code", "0x")) for account in accounts.values())):
        at = 0
        while at < len(code):
            if code[at] in opcodes:
                return True
            at += code[at] - 0x5E if 0x60 <= code[at] <= 0x7F else 1
    return False


def replay(steps: list[Json], step: Step | None) -> None:
    """Report the steps, but for the STOP that revm runs as the code of an empty contract creation."""
    before: Json | None = None
    for s in steps if step else ():
        assert step is not None
        empty = before is not None and before["op"] in (0xF0, 0xF5) and int(before["stack"][-3], 16) == 0
        void, before = empty and before is not None and s["depth"] > before["depth"], s
        if void:
            continue
        step(s["pc"], s["op"], int(s["gas"], 16), s["depth"], int(s["memSize"], 0), [int(w, 16) for w in s["stack"]])


def observed(evm: Any, address: str, given: Json, steps: list[Json]) -> dict[str, str]:
    keys = set(storage_of(given)) | {int(s["stack"][-1], 16) for s in steps if s["op"] == 0x55 and s["stack"]}
    values = {key: int(evm.storage(address, key)) for key in sorted(keys)}
    return {str(key): str(value) for key, value in values.items() if value}


def vm_run(fork: str, given: Json, step: Step | None) -> Json:
    data, gas, value = octets(given.get("calldata", "0x")), number(given["gas"]), number(given.get("value", 0))
    intrinsic = 21_000 + 16 * len(data) - 12 * data.count(0)
    if gas + intrinsic >= 2**63:
        raise Skip("gas and intrinsic gas together do not fit the binding")
    accounts = accounts_of(given)
    address, caller = octets(given["address"], 20), octets(given["caller"], 20)
    payer = accounts.get(caller, {"nonce": 0, "balance": 0, "code": "0x"})
    if octets(payer.get("code", "0x")):
        raise Skip("pyrevm runs a transaction, and that may not come from code")
    # the value is moved from the caller by the transaction, so that the balances come out as the protocol states them
    accounts[address] = accounts[address] | {"balance": 0}
    accounts[caller] = payer | {"balance": number(payer.get("balance", 0)) + value}
    call: Json = {"caller": hexadecimal(caller), "gas_limit": gas + intrinsic, "gas_price": 0, "value": value}
    call |= {"data": data, "to": hexadecimal(address)}

    def executed(tracing: bool) -> tuple[Any, Json, list[Json], int]:
        evm = machine(given, accounts, call, tracing)
        try:
            found, steps = execute(evm, call, call["to"])
        except Refusal as refusal:
            raise Skip(f"pyrevm refuses the transaction around the code: {refusal.reason}") from refusal
        return evm, found, steps, evm.result.gas_used + evm.result.gas_refunded

    evm, found, steps, spent = executed(step is not None)
    if step is None and executes(WRITES, accounts):
        if spent - intrinsic > TRACED_GAS:
            raise Skip("what was stored shows only in a trace, and pyrevm takes a millisecond a step for it")
        evm, found, steps, spent = executed(True)
    if evm.result.gas_refunded >= spent // 5 > 0:
        raise Skip("pyrevm tells the refund that is paid; at its cap that is not the counter")
    replay(steps, step)
    found |= {"gas_left": str(gas + intrinsic - spent), "refund": str(evm.result.gas_refunded)}
    found["storage"] = observed(evm, call["to"], given, steps)
    return found


def evm_state(fork: str, given: Json, step: Step | None) -> Json:
    tx, base_fee = given["transaction"], number(block_of(given)["base_fee"])
    price = number(tx.get("gas_price", tx.get("max_fee_per_gas", 0)))
    if price < base_fee or number(tx.get("max_priority_fee_per_gas", 0)) > price:
        raise Skip("pyrevm switches the checks of fees off")
    if number(tx["gas_limit"]) > number(block_of(given)["gas_limit"]):
        raise Skip("pyrevm switches the check of the block gas limit off")
    if number(tx["type"]) == 4:
        raise Refusal("EXE-type-unsupported")
    call: Json = {
        "caller": tx["sender"],
        "gas_limit": number(tx["gas_limit"]),
        "gas_price": price,
        "to": tx["to"] and tx["to"].lower(),
        "value": number(tx["value"]),
        "data": octets(tx["data"]),
        "nonce": number(tx["nonce"]),
        "chain_id": number(given.get("chain_id", 1)),
    }
    if "max_priority_fee_per_gas" in tx:
        call["gas_priority_fee"] = number(tx["max_priority_fee_per_gas"])
    if tx.get("access_list"):
        call["access_list"] = [(e["address"], [int(k, 16) for k in e["storage_keys"]]) for e in tx["access_list"]]
    if number(tx["type"]) == 3:
        call["blob_hashes"] = [octets(h, 32) for h in tx["blob_versioned_hashes"]]
        call["max_fee_per_blob_gas"] = number(tx["max_fee_per_blob_gas"])
    pre = {octets(address, 20): account for address, account in given["pre"].items()}
    doubt, short = executes(BLOCK_HASH, pre, call["data"]), call["gas_limit"] <= TRACED_GAS
    if doubt and not short and step is None:
        raise Skip("pyrevm has no way to set block hashes")
    evm = machine(given, pre, call, step is not None or doubt)
    found, steps = execute(evm, call, tx["to"])
    replay(steps, step)
    if tx["to"] is None:
        del found["output"]  # deploy gives the address instead
    return found | {"gas_used": str(evm.result.gas_used)}


if __name__ == "__main__":
    homepage = "https://github.com/paradigmxyz/pyrevm"
    serve("pyrevm", version("pyrevm"), "rust", homepage, ("CANCUN",), {"vm.run": vm_run, "evm.state": evm_state})
