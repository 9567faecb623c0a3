"""Checks an adapter against official state tests: python state_tests.py FIXTURES.jsonl[.xz] [--count N] -- ADAPTER...

The expected values of the official tests are computed by nobody in this project, so a disagreement here is a fault of
the adapter, or of the client behind it.
"""

import argparse
import json
import lzma
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BLOCK = {
    "coinbase": "currentCoinbase",
    "number": "currentNumber",
    "timestamp": "currentTimestamp",
    "gas_limit": "currentGasLimit",
    "prevrandao": "currentRandom",
    "base_fee": "currentBaseFee",
    "excess_blob_gas": "currentExcessBlobGas",
}
FIELDS = {"maxFeePerGas": "max_fee_per_gas", "maxPriorityFeePerGas": "max_priority_fee_per_gas",
          "gasPrice": "gas_price", "maxFeePerBlobGas": "max_fee_per_blob_gas", "nonce": "nonce"}


def decimal(value: str) -> str:
    return str(int(value or "0", 16))


def alloc(accounts: dict[str, Any]) -> dict[str, Any]:
    return {
        address: {
            "nonce": decimal(account["nonce"]),
            "balance": decimal(account["balance"]),
            "code": account["code"],
            "storage": {decimal(key): decimal(value) for key, value in account["storage"].items() if int(value, 16)},
        }
        for address, account in accounts.items()
    }


def case_of(test: dict[str, Any], post: dict[str, Any]) -> dict[str, Any]:
    """The input of evm.state for one entry of an official state test."""
    given, raw, where = test["transaction"], post["txbytes"], post["indexes"]
    lead = int(raw[2:4], 16)
    transaction: dict[str, Any] = {
        "type": lead if lead < 0xC0 else 0,
        "raw": raw,
        "to": given["to"] or None,
        "data": given["data"][where["data"]],
        "value": decimal(given["value"][where["value"]]),
        "gas_limit": decimal(given["gasLimit"][where["gas"]]),
        "sender": given.get("sender"),
        "secret_key": given.get("secretKey"),
    }
    transaction |= {name: decimal(given[key]) for key, name in FIELDS.items() if key in given}
    if given.get("accessLists"):
        entries = given["accessLists"][where["data"]] or []
        transaction["access_list"] = [{"address": e["address"], "storage_keys": e["storageKeys"]} for e in entries]
    if "blobVersionedHashes" in given:
        transaction["blob_versioned_hashes"] = given["blobVersionedHashes"]
    if "authorizationList" in given:
        names = {"chain_id": "chainId", "nonce": "nonce", "y_parity": "v", "r": "r", "s": "s"}
        transaction["authorization_list"] = [
            {"address": a["address"]} | {name: decimal(a[key]) for name, key in names.items()}
            for a in given["authorizationList"]
        ]
    env = {name: test["env"].get(key, "0x0") for name, key in BLOCK.items()}
    block = {n: v if n in ("coinbase", "prevrandao") else decimal(v) for n, v in env.items()}
    chain_id = decimal(test["config"]["chainid"])
    return {"pre": alloc(test["pre"]), "block": block, "chain_id": chain_id, "transaction": transaction}


def cases(path: Path, count: int) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Evenly spread cases of a file: id, fork, input, official post entry."""
    with (lzma.open(path, "rt") if path.suffix == ".xz" else path.open()) as lines:
        every = lines.readlines()
    for line in every[:: max(1, len(every) // count)]:
        record = json.loads(line)
        for fork, posts in record["test"]["post"].items():
            for post in posts:
                yield record["id"], fork.upper(), case_of(record["test"], post), post


def verdict(reply: dict[str, Any], post: dict[str, Any]) -> str:
    if "ok" not in reply:
        return "skip" if "skip" in reply else f"error {reply['error']['message'][:90]}"
    outcome, rejected = reply["ok"], "expectException" in post
    if (outcome["status"] == "reject") != rejected:
        return "accepted, should be rejected" if rejected else "rejected, should be accepted"
    if "state_root" in outcome and outcome["state_root"] != post["hash"]:
        return "state root"
    if "post" not in outcome:
        return "pass on status only"
    return "pass" if outcome["post"] == alloc(post["state"]) else "post state"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fixtures", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("adapter", nargs="+")
    options = parser.parse_args()
    tally: Counter[str] = Counter()
    with subprocess.Popen(options.adapter, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as adapter:
        assert adapter.stdin and adapter.stdout
        for name, fork, given, post in cases(options.fixtures, options.count):
            request = {"id": 1, "op": "run", "target": "evm.state", "fork": fork, "input": given}
            print(json.dumps(request), file=adapter.stdin, flush=True)
            found = verdict(json.loads(adapter.stdout.readline()), post)
            tally[found.split(" 0x")[0]] += 1
            if found not in ("pass", "skip", "pass on status only"):
                print(f"{found}: {name} ({post.get('expectException', 'valid')})")
        print('{"op":"bye","id":0}', file=adapter.stdin, flush=True)
    print(dict(tally))


if __name__ == "__main__":
    main()
