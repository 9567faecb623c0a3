"""A correct adapter for a toy machine: a dozen opcodes, written against the protocol chapter and nothing else.

The broken adapters beside this file are this one with one fault each. They are scripts of strangers, so they are not
type-checked.
"""

# mypy: ignore-errors
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

WORD = 2**256
GAS = {0x01: 3, 0x02: 5, 0x03: 3}


class Halt(Exception):
    pass


def store(storage, key, word):
    storage.pop(key, None)
    if word:
        storage[key] = str(word)


def execute(given: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """All state lines of one execution, and its outcome."""
    code, gas = bytes.fromhex(given["code"][2:]), int(given["gas"])
    before = dict(given.get("storage", {}))
    storage, stack, memory, pc, lines = dict(before), [], b"", 0, []

    def grow(size):
        nonlocal memory, gas
        words = (size + 31) // 32
        old = len(memory) // 32
        if words > old:
            charge(3 * words + words * words // 512 - 3 * old - old * old // 512)
            memory = memory.ljust(32 * words, b"\0")

    def charge(amount):
        nonlocal gas
        if amount > gas:
            raise Halt("out-of-gas")
        gas -= amount

    def pop():
        if not stack:
            raise Halt("stack-underflow")
        return stack.pop()

    status, output, reason = "success", b"", None
    try:
        while True:
            op = code[pc] if pc < len(code) else 0
            lines.append(
                {
                    "pc": pc,
                    "op": op,
                    "gas": str(gas),
                    "depth": 1,
                    "memory_size": len(memory),
                    "stack": [str(word) for word in stack],
                }
            )
            if op == 0x00:
                break
            if op in (0x01, 0x02, 0x03):
                charge(GAS[op])
                a, b = pop(), pop()
                stack.append({1: a + b, 2: a * b, 3: a - b}[op] % WORD)
            elif op == 0x50:
                charge(2)
                pop()
            elif op == 0x52:
                charge(3)
                at, word = pop(), pop()
                grow(at + 32)
                memory = memory[:at] + word.to_bytes(32, "big") + memory[at + 32 :]
            elif op == 0x36:
                charge(2)
                stack.append(len(given["calldata"]) // 2 - 1)
            elif op == 0x54:
                charge(2100)
                stack.append(int(storage.get(str(pop()), "0")))
            elif op == 0x55:
                key, word = str(pop()), pop()
                charge(22_100 if word and key not in storage else 5000)
                store(storage, key, word)
            elif 0x60 <= op <= 0x7F:
                charge(3)
                size = op - 0x5F
                stack.append(int.from_bytes(code[pc + 1 : pc + 1 + size].ljust(size, b"\0"), "big"))
                pc += size
            elif op == 0x80:
                charge(3)
                stack.extend([pop()] * 2)
            elif op in (0xF3, 0xFD):
                at, size = pop(), pop()
                grow(at + size if size else 0)
                output, status = memory[at : at + size], "success" if op == 0xF3 else "revert"
                break
            else:
                raise Halt("invalid-opcode")
            pc += 1
    except Halt as halt:
        status, reason, gas = "halt", str(halt), 0
    outcome = {
        "status": status,
        "gas_left": str(gas),
        "refund": "0",
        "output": "0x" + output.hex(),
        "logs": [],
        "storage": storage if status == "success" else before,
    }
    return lines, outcome | ({"reason": reason} if reason else {})


def digests(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    chain, previous = [], bytes(16)
    for line in lines:
        text = "|".join(str(line[key]) for key in ("pc", "op", "gas", "depth", "memory_size"))
        previous = hashlib.sha256(previous + f"{text}|{','.join(line['stack'])}".encode()).digest()[:16]
        chain.append("0x" + previous.hex())
    return chain


def hello(_: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "protocol": "hyperion/1",
        "implementation": {"name": "toy", "version": "1", "language": "python"},
        "targets": {"vm.run": {"forks": ["OSAKA"]}},
        "features": ["trace"],
    }


def run(message: Mapping[str, Any]) -> dict[str, Any]:
    return execute(message["input"])[1]


def trace(message: Mapping[str, Any]) -> dict[str, Any]:
    lines, _ = execute(message["input"])
    answer = {"steps": len(lines)}
    if message.get("full"):
        return answer | {"states": {str(i): lines[i] for i in message["at"] if i < len(lines)}}
    chain = digests(lines)
    return answer | {"digests": {str(i): chain[min(i, len(chain) - 1)] for i in message["at"]}}


def multiplies(message):
    return any(line["op"] == 0x02 for line in execute(message["input"])[0])


OPS = {"hello": hello, "run": run, "trace": trace}


def reply(message, ops=OPS):
    if message["op"] not in ops:
        return {"id": message["id"], "error": {"code": "unsupported", "message": f"no op {message['op']}"}}
    if message["op"] == "hello" and "hyperion/1" not in message["protocol"]:
        return {"id": message["id"], "error": {"code": "unsupported", "message": "only hyperion/1"}}
    if message["op"] != "hello" and message.get("target") != "vm.run":
        return {"id": message["id"], "error": {"code": "unsupported", "message": "no such target"}}
    try:
        return {"id": message["id"], "ok": ops[message["op"]](message)}
    except Exception as error:
        return {"id": message["id"], "error": {"code": "internal", "message": repr(error)}}


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def serve(ops=OPS, before=lambda message: None, write=say):
    """Answer every line; `before` may misbehave, and `write` may spoil what is written."""
    for line in sys.stdin:
        message = json.loads(line)
        if message["op"] == "bye":
            break
        before(message)
        write(json.dumps(reply(message, ops)))


if __name__ == "__main__":
    serve()
