"""py-evm, the Python client library: its ``apply_message``."""

from importlib.metadata import version

from eth.constants import BLANK_ROOT_HASH
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.prague.state import PragueState
from eth.vm.message import Message

from tests.benchmark.workers.protocol import Json, Prepare, Run, serve


def state_of(program: Json) -> PragueState:
    """The accounts of a program. They stay in the journal: writing 100,000 into the trie would take minutes."""
    context = ExecutionContext(
        coinbase=(0x5555).to_bytes(20, "big"),
        timestamp=1000,
        block_number=1,
        difficulty=0,
        mix_hash=bytes(32),
        gas_limit=2 * program["gas"],
        prev_hashes=[],
        chain_id=1,
        base_fee_per_gas=0,
        excess_blob_gas=0,
    )
    state = PragueState(AtomicDB(), context, BLANK_ROOT_HASH)
    for index in range(program["filler"]):
        state.set_balance((0x1000 + index).to_bytes(20, "big"), 1)
    for text, entry in program["accounts"].items():
        address = bytes.fromhex(text)
        state.set_nonce(address, entry["nonce"])
        state.set_balance(address, entry["balance"])
        state.set_code(address, bytes.fromhex(entry["code"]))
    state.lock_changes()
    return state


def load(program: Json) -> Prepare:
    """A state is changed by a run: each run gets one of its own, or, where that is dear, goes back to a snapshot."""
    assert program["fork"] == "PRAGUE"
    caller, target = bytes.fromhex(program["caller"]), bytes.fromhex(program["target"])
    code = bytes.fromhex(program["accounts"][program["target"]]["code"])
    kept = state_of(program) if program["filler"] else None

    def prepare() -> Run:
        state = kept or state_of(program)
        snapshot = state.snapshot()
        state.mark_address_warm(caller)
        state.mark_address_warm(target)
        message = Message(program["gas"], target, caller, 0, b"", code, should_transfer_value=False)
        context = state.get_transaction_context_class()(gas_price=0, origin=caller)

        def go() -> Json:
            computation = state.computation_class.apply_message(state, message, context)
            return {"gas": program["gas"] - computation.get_gas_remaining(), "succeeds": not computation.is_error}

        def go_back() -> Json:
            result = go()
            state.revert(snapshot)
            return result

        return go if kept is None else go_back

    return prepare


if __name__ == "__main__":
    serve(version("py-evm"), load)
