"""EELS, the executable specification of Ethereum: its ``process_message``."""

import importlib
import sys
from importlib.metadata import version
from types import ModuleType
from typing import Any

from ethereum_types.bytes import Bytes, Bytes32
from ethereum_types.numeric import U64, U256, Uint

from tests.benchmark.workers.protocol import Json, Prepare, Run, serve


def module(fork: str, name: str) -> ModuleType:
    """A module of a fork."""
    return importlib.import_module(f"ethereum.forks.{fork.lower()}.{name}")


def state_of(fork: str, program: Json) -> Any:
    """The accounts of a program, in a state of EELS."""
    state, types = module(fork, "state"), module(fork, "fork_types")
    made = state.State()
    for index in range(program["filler"]):
        address = types.Address((0x1000 + index).to_bytes(20, "big"))
        state.set_account(made, address, types.Account(Uint(0), U256(1), Bytes(b"")))
    for text, entry in program["accounts"].items():
        address = types.Address(bytes.fromhex(text))
        body = types.Account(Uint(entry["nonce"]), U256(entry["balance"]), Bytes(bytes.fromhex(entry["code"])))
        state.set_account(made, address, body)
    return made


def message_of(fork: str, program: Json, state: Any) -> Any:
    """The outermost message, with the environments that it needs."""
    vm, types = module(fork, "vm"), module(fork, "fork_types")
    caller = types.Address(bytes.fromhex(program["caller"]))
    target = types.Address(bytes.fromhex(program["target"]))
    code = Bytes(bytes.fromhex(program["accounts"][program["target"]]["code"]))
    block = vm.BlockEnvironment(
        chain_id=U64(1),
        state=state,
        block_gas_limit=Uint(2 * program["gas"]),
        block_hashes=[],
        coinbase=types.Address((0x5555).to_bytes(20, "big")),
        number=Uint(1),
        base_fee_per_gas=Uint(0),
        time=U256(1000),
        prev_randao=Bytes32(bytes(32)),
        excess_blob_gas=U64(0),
        parent_beacon_block_root=Bytes32(bytes(32)),
    )
    transaction = vm.TransactionEnvironment(
        origin=caller,
        gas_price=Uint(0),
        gas=Uint(program["gas"]),
        access_list_addresses=set(),
        access_list_storage_keys=set(),
        transient_storage=module(fork, "state").TransientStorage(),
        blob_versioned_hashes=(),
        authorizations=(),
        index_in_block=None,
        tx_hash=None,
    )
    return vm.Message(
        block_env=block,
        tx_env=transaction,
        caller=caller,
        target=target,
        current_target=target,
        gas=Uint(program["gas"]),
        value=U256(0),
        data=Bytes(b""),
        code_address=target,
        code=code,
        depth=Uint(0),
        should_transfer_value=False,
        is_static=False,
        accessed_addresses={caller, target},
        accessed_storage_keys=set(),
        disable_precompiles=False,
        parent_evm=None,
    )


def load(program: Json) -> Prepare:
    """A state is changed by a run: each run gets one of its own."""
    fork = program["fork"]
    process_message = module(fork, "vm.interpreter").process_message

    def prepare() -> Run:
        message = message_of(fork, program, state_of(fork, program))

        def go() -> Json:
            evm = process_message(message)
            return {"gas": program["gas"] - int(evm.gas_left), "succeeds": evm.error is None}

        return go

    return prepare


if __name__ == "__main__":
    sys.setrecursionlimit(20_000)
    serve(version("ethereum-execution"), load)
