"""The adapter's half of protocol hyperion/1 for clients that have a Python interface.

A client supplies two functions of (fork, input, step). `step` is None when no trace is wanted, otherwise it is called
with (pc, op, gas, depth, memory_size, stack) before every opcode.
"""

import hashlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Step: TypeAlias = Callable[[int, int, int, int, int, Sequence[int]], None]
Target: TypeAlias = Callable[[str, Json, Step | None], Json]

PROTOCOL = "hyperion/1"
BLOCK: Json = {
    "coinbase": "0x000000000000000000000000000000000000c014",
    "number": 1,
    "timestamp": 1000,
    "gas_limit": 30_000_000,
    "prevrandao": "0x" + "00" * 32,
    "base_fee": 0,
    "excess_blob_gas": 0,
}

REQUIRED = {"vm.run": {"code", "gas", "address", "caller"}, "evm.state": {"pre", "block", "transaction"}}


class Refusal(Exception):
    """The transaction may not be in a block; `reason` is a rule slug, or None where the client does not say."""

    def __init__(self, reason: str | None) -> None:
        super().__init__(reason)
        self.reason = reason


class Skip(Exception):
    """The client cannot answer this case truthfully."""


class BadInput(Exception):
    """The request is not one that the protocol allows."""


def number(value: object) -> int:
    """An integer of the protocol: a decimal string, or a JSON integer."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadInput(f"not an integer: {value!r}")
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise BadInput(f"not a decimal string: {value!r}")
    return int(value)


def octets(value: object, size: int | None = None) -> bytes:
    """The bytes of 0x-prefixed hexadecimal, of exactly `size` bytes where given."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise BadInput(f"not 0x-hex: {value!r}")
    try:
        decoded = bytes.fromhex(value[2:])
    except ValueError:
        raise BadInput(f"not 0x-hex: {value!r}") from None
    if size is not None and len(decoded) != size:
        raise BadInput(f"not {size} bytes: {value!r}")
    return decoded


def hexadecimal(value: bytes) -> str:
    return "0x" + bytes(value).hex()


def block_of(given: Json) -> Json:
    block: Json = given.get("block", {})
    return BLOCK | block


def storage_of(account: Json) -> dict[int, int]:
    return {number(key): number(value) for key, value in account.get("storage", {}).items()}


def accounts_of(given: Json) -> dict[bytes, Json]:
    """The state before vm.run: the further accounts, and the account under test."""
    accounts = {octets(address, 20): account for address, account in given.get("accounts", {}).items()}
    under_test = {"nonce": 1, "balance": given.get("value", 0), "code": given["code"]}
    accounts[octets(given["address"], 20)] = under_test | {"storage": given.get("storage", {})}
    return accounts


def account_json(nonce: int, balance: int, code: bytes, storage: Mapping[int, int]) -> Json:
    words = {str(key): str(value) for key, value in sorted(storage.items()) if value}
    return {"nonce": str(nonce), "balance": str(balance), "code": hexadecimal(code), "storage": words}


def log_json(address: bytes, topics: Sequence[bytes], data: bytes) -> Json:
    return {"address": hexadecimal(address), "topics": [hexadecimal(t) for t in topics], "data": hexadecimal(data)}


class Trace:
    """The chained digest of the steps, kept only at the positions asked for."""

    def __init__(self, at: Sequence[object], full: bool) -> None:
        self.wanted = {number(index) for index in at}
        self.full, self.steps, self.digest = full, 0, b"\0" * 16
        self.found: Json = {}

    def step(self, pc: int, op: int, gas: int, depth: int, memory_size: int, stack: Sequence[int]) -> None:
        head = (int(pc), int(op), int(gas), int(depth), int(memory_size))
        line = "|".join(map(str, head)) + "|" + ",".join(str(int(word)) for word in stack)
        self.digest = hashlib.sha256(self.digest + line.encode()).digest()[:16]
        if self.steps in self.wanted:
            self.found[str(self.steps)] = self.state(head, stack) if self.full else hexadecimal(self.digest)
        self.steps += 1

    @staticmethod
    def state(head: Sequence[int], stack: Sequence[int]) -> Json:
        pc, op, gas, depth, memory_size = head
        words = [str(int(word)) for word in stack]
        return {"pc": pc, "op": op, "gas": str(gas), "depth": depth, "memory_size": memory_size, "stack": words}

    def answer(self) -> Json:
        late = {str(index): hexadecimal(self.digest) for index in self.wanted if index >= self.steps}
        return {"steps": self.steps, "states": self.found} if self.full else {
            "steps": self.steps,
            "digests": self.found | late,
        }


def refused(given: Json, reason: str | None) -> Json:
    """The outcome of an inadmissible transaction: nothing happened."""
    post = {}
    for address, account in given["pre"].items():
        nonce, balance = number(account["nonce"]), number(account["balance"])
        post[address] = account_json(nonce, balance, octets(account["code"]), storage_of(account))
    outcome: Json = {"status": "reject", "gas_used": "0", "logs": [], "post": post}
    return outcome | ({"reason": reason} if reason else {})


def answer(hello: Json, targets: Mapping[str, Target], message: Json) -> Json:
    op, target, fork = message.get("op"), str(message.get("target")), str(message.get("fork"))
    if op == "hello" and PROTOCOL in message.get("protocol", (PROTOCOL,)):
        return {"ok": hello}
    forks = hello["targets"].get(target, {}).get("forks", [])
    if op not in ("run", "trace") or fork not in forks or (op == "trace" and "trace" not in hello["features"]):
        return {"error": {"code": "unsupported", "message": f"op {op!r}, target {target!r}, fork {fork!r}"}}
    given = message.get("input")
    if not isinstance(given, dict):
        raise BadInput("input is not an object")
    missing = REQUIRED.get(str(target), set()) - given.keys()
    if missing:
        raise BadInput(f"input lacks {sorted(missing)}")
    trace = Trace(message.get("at", []), bool(message.get("full"))) if op == "trace" else None
    try:
        outcome = targets[target](fork, given, trace.step if trace else None)
    except Refusal as refusal:
        outcome = refused(given, refusal.reason)
    return {"ok": trace.answer() if trace else outcome}


def guarded(hello: Json, targets: Mapping[str, Target], line: str) -> Json:
    message: Json = {}
    try:
        decoded = json.loads(line)
        if not isinstance(decoded, dict):
            raise BadInput("a message is a JSON object")
        message = decoded
        reply = answer(hello, targets, message)
    except Skip as skip:
        reply = {"skip": {"why": str(skip)}}
    except (BadInput, json.JSONDecodeError) as error:
        reply = failure("bad-input", str(error))
    except (RecursionError, MemoryError) as error:
        reply = failure("resource", f"{type(error).__name__}: {error}")
    except Exception as error:  # a crash of the client is an answer, not the end of the run
        reply = failure("internal", f"{type(error).__name__}: {error}")
    return {"id": message.get("id")} | reply


def failure(code: str, message: str) -> Json:
    return {"error": {"code": code, "message": message, "detail": traceback.format_exc(limit=-8)}}


def serve(name: str, version: str, language: str, homepage: str, forks: Sequence[str], targets: Mapping[str, Target],
          features: Sequence[str] = ("trace",)) -> None:
    """Answer requests until `bye` or the end of input; standard output carries protocol lines only."""
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever the client prints goes to the log
    implementation = {"name": name, "version": version, "language": language, "homepage": homepage}
    capabilities = {target: {"forks": list(forks)} for target in targets}
    hello = {"protocol": PROTOCOL, "implementation": implementation, "targets": capabilities}
    hello["features"] = list(features)

    def loop() -> None:
        for line in sys.stdin:
            if '"bye"' in line and json.loads(line).get("op") == "bye":
                break
            print(json.dumps(guarded(hello, targets, line), separators=(",", ":")), file=protocol, flush=True)

    # 1,024 nested EVM calls need more Python frames, and more C stack, than the defaults give
    sys.setrecursionlimit(200_000)
    threading.stack_size(512 * 1024 * 1024)
    worker = threading.Thread(target=loop)
    worker.start()
    worker.join()
