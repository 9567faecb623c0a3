"""Official state tests on EELS. Timed: the transaction, with its validation, then state root and logs hash.

Its own transition tool makes state, block and transaction, which is not timed.
"""

import json
import logging
import sys
from importlib.metadata import version
from io import StringIO
from typing import Any

from ethereum.crypto.hash import keccak256
from ethereum.exceptions import EthereumException
from ethereum_rlp import rlp
from ethereum_spec_tools.evm_tools import create_parser  # type: ignore[import-not-found]
from ethereum_spec_tools.evm_tools.t8n import T8N, ForkCache  # type: ignore[import-not-found]
from ethereum_types.numeric import Uint

from tests.benchmark.workers.protocol import Json, Prepare, Run, serve

CACHE = ForkCache()
OPTIONS = ["t8n", "--input.alloc=stdin", "--input.env=stdin", "--input.txs=stdin", "--state-test"]
PARTS = {"data": "input", "gasLimit": "gas", "value": "value"}


def transaction_of(test: Json, indexes: Json) -> Json:
    """The transaction of the parts at ``indexes``, as the tool reads it."""
    parts = test["transaction"]
    made = {name: value for name, value in parts.items() if name not in (*PARTS, "accessLists")}
    chosen = {"data": indexes["data"], "gasLimit": indexes["gas"], "value": indexes["value"]}
    made |= {PARTS[name]: parts[name][index] for name, index in chosen.items()}
    listed = parts.get("accessLists")
    if listed and listed[indexes["data"]] is not None:
        made["accessList"] = listed[indexes["data"]]
    return made


def load(case: Json) -> Prepare:
    """A case is the text of a test, a fork, and the index of an outcome."""
    test = json.loads(case["test"])
    outcome = test["post"][case["fork"]][case["index"]]
    env = {**test["env"], "blockHashes": {}, "withdrawals": []}
    given = json.dumps({"alloc": test["pre"], "env": env, "txs": [transaction_of(test, outcome["indexes"])]})
    options: Any = create_parser().parse_args([*OPTIONS, f"--state.fork={case['fork']}"])

    def prepare() -> Run:
        tool = T8N(options, StringIO(), StringIO(given), CACHE)
        fork, block, output = tool.fork, tool.block_environment(), tool.fork.BlockOutput()
        transaction = tool.txs.transactions[0] if tool.txs.transactions else None
        tool.backup_state()

        def go() -> Json:
            if transaction is not None:
                try:
                    fork.process_transaction(block, output, transaction, Uint(0))
                except EthereumException:
                    tool.restore_state()
            root, logs = fork.state_root(block.state), keccak256(rlp.encode(output.block_logs))
            return {"root": bytes(root).hex(), "logs": bytes(logs).hex()}

        return go

    return prepare


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(20_000)
    serve(version("ethereum-execution"), load)
