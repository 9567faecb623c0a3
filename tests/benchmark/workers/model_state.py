"""Official state tests on the model. Timed: the transaction, with its validation, then state root and logs hash."""

import json

from hyperion.execution.message import apply_transaction
from hyperion.execution.profile import ETHEREUM
from hyperion.execution.receipt import logs_hash
from hyperion.execution.rejection import Rejected
from hyperion.execution.transaction import Transaction, TransactionError, decode_transaction
from hyperion.execution.validate import Context
from hyperion.state.commitment import state_root
from hyperion_conformance.fixtures.alloc import number, world_of
from hyperion_conformance.fixtures.networks import one_fork, scheduled
from hyperion_conformance.fixtures.state_case import NO_LOGS_HASH, block_of, encoded_transaction
from tests.benchmark.workers.protocol import Json, Prepare, Run, serve


def load(case: Json) -> Prepare:
    """A case is the text of a test, a fork, and the index of an outcome."""
    test = json.loads(case["test"])
    outcome = test["post"][case["fork"]][case["index"]]
    config = test.get("config") or {}
    fork = scheduled(one_fork(case["fork"]), config.get("blobSchedule"))
    chain_id = number(config.get("chainid", "0x1"))

    def prepare() -> Run:
        world, context = world_of(test["pre"]), Context(fork, ETHEREUM, chain_id, block_of(test["env"], fork))
        transaction: Transaction | None
        try:
            transaction = decode_transaction(encoded_transaction(test, outcome, chain_id))
        except TransactionError:
            transaction = None

        def go() -> Json:
            result = None if transaction is None else apply_transaction(transaction, world, context)
            if result is None or isinstance(result, Rejected):
                return {"root": state_root(world).hex(), "logs": NO_LOGS_HASH.hex()}
            return {"root": state_root(result.world).hex(), "logs": logs_hash(result.logs).hex()}

        return go

    return prepare


if __name__ == "__main__":
    serve("model", load)
