"""Makes ``eels.json``: traces of a few programs by the EIP-3155 tracer of EELS.

Run it where the package ethereum-execution (2.20.0) is installed, with its command on the PATH:

    PATH=.peers/python/bin:$PATH python tests/unit/traces/eels.py > tests/unit/traces/eels.json

Each program is the code of the account that one transaction calls; the command is ``ethereum-spec-evm t8n --state-test
--trace --trace.returndata`` with alloc, env and transaction on its standard input.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SECRET = "0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8"
SENDER = "0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b"
TARGET = "0x000000000000000000000000000000000000c0de"
OTHER = "0x0000000000000000000000000000000000000bad"
INTRINSIC = 21_000

RETURN_42 = "602a5f5260205ff3"
REVERT_42 = "602a5f5260205ffd"

# Name: code, code of the account OTHER, gas of the execution.
PROGRAMS = {
    "add": ("6001600201", "", 1000),
    "truncated-push": ("61ff", "", 1000),
    "memory": ("60ff60a052600160005360405160a051", "", 1000),
    "return": (RETURN_42, "", 1000),
    "revert": (REVERT_42, "", 1000),
    "jump": ("600456fe5b6001600b57fe5b00", "", 1000),
    "storage-and-refund": ("60015f555f5f55600260015560035f555f54600154", "", 100_000),
    "call": (f"60205f5f5f5f61{OTHER[-4:]}620186a0f13d5f5f3e5f51", RETURN_42, 100_000),
    "call-that-reverts": (f"5f5f5f5f61{OTHER[-4:]}5af43d5f5f3e5f51", REVERT_42, 100_000),
    "static-violation": (f"5f5f5f5f61{OTHER[-4:]}617530fa", "60015f55", 50_000),
    "call-with-value": (f"5f5f5f5f600161{OTHER[-4:]}612710f15a", "5a", 50_000),
    "call-of-nobody": ("5f5f5f5f5f61beef612710f1", "", 50_000),
    "precompile": ("602a5f5260205f60205f600460ff5af15060205f60205f60046103e8fa", "", 50_000),
    "create": (f"67{RETURN_42}5f52600860185ff0803b", "", 100_000),
    "create2": ("600a5f526001601f5f5ff5", "", 100_000),
    "out-of-gas": ("5b5f56", "", 50),
    "out-of-gas-in-call": (f"5f5f5f5f5f61{OTHER[-4:]}6064f15a", "5b5f56", 50_000),
    "underflow": ("600101", "", 1000),
    "invalid": ("5ffe", "", 1000),
    "undefined": ("5f0c", "", 1000),
    "bad-jump": ("600356", "", 1000),
    "return-data-bounds": ("60015f5f3e", "", 1000),
    "log": ("602a5f526020600b600a60205fa2", "", 10_000),
    "self-destruct": (f"61{OTHER[-4:]}ff", "", 50_000),
}


def lines_of(code: str, other: str, gas: int) -> list[Any]:
    """The lines that EELS writes for one program."""
    account = {"balance": "0xde0b6b3a7640000", "nonce": "0x1", "storage": {}}
    given = {
        "alloc": {
            SENDER: {**account, "nonce": "0x0", "code": "0x"},
            TARGET: {**account, "code": "0x" + code},
            OTHER: {**account, "code": "0x" + other},
        },
        "env": {
            "currentCoinbase": "0x000000000000000000000000000000000000c014",
            "currentGasLimit": "0x1c9c380",
            "currentNumber": "0x1",
            "currentTimestamp": "0x3e8",
            "currentRandom": "0x0",
            "currentBaseFee": "0x0",
            "currentExcessBlobGas": "0x0",
            "blockHashes": {},
            "withdrawals": [],
        },
        "txs": [
            {
                "gasPrice": "0x0", "nonce": "0x0", "gas": hex(gas + INTRINSIC), "to": TARGET, "value": "0x0",
                "input": "0x", "v": "0x0", "r": "0x0", "s": "0x0", "secretKey": SECRET,
            }
        ],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "ethereum-spec-evm", "t8n", "--input.alloc=stdin", "--input.env=stdin", "--input.txs=stdin",
            "--output.result=stdout", "--output.alloc=stdout", "--state.fork=Prague", "--state-test",
            "--trace", "--trace.returndata", f"--output.basedir={folder}",
        ]  # fmt: skip
        subprocess.run(command, input=json.dumps(given), text=True, check=True, capture_output=True)
        (trace,) = Path(folder).glob("trace-0-*.jsonl")
        return [json.loads(line) for line in trace.read_text().splitlines()]


def main() -> None:
    traces: dict[str, dict[str, Any]] = {
        name: {"code": code, "other": other, "gas": gas, "lines": lines_of(code, other, gas)}
        for name, (code, other, gas) in PROGRAMS.items()
    }
    sys.stdout.write("{\n")
    for index, (name, entry) in enumerate(traces.items()):
        lines = ",\n   ".join(json.dumps(line, separators=(",", ":")) for line in entry.pop("lines"))
        head = json.dumps(entry)[1:-1]
        comma = "," if index < len(traces) - 1 else ""
        sys.stdout.write(f' "{name}": {{{head}, "lines": [\n   {lines}]}}{comma}\n')
    sys.stdout.write("}\n")


if __name__ == "__main__":
    main()
