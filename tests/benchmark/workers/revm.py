"""revm, a client in Rust, through pyrevm. It runs whole transactions: their fixed 21,000 gas are taken off."""

from importlib.metadata import version

from pyrevm import EVM, AccountInfo, BlockEnv

from tests.benchmark.workers.protocol import Json, Prepare, Run, serve

TRANSACTION_GAS = 21_000


def engine_of(program: Json) -> EVM:
    """An engine that holds the accounts of a program."""
    engine = EVM(spec_id=program["fork"], gas_limit=2 * program["gas"])
    engine.set_block_env(
        BlockEnv(
            number=1, timestamp=1000, gas_limit=2 * program["gas"], basefee=0, prevrandao=bytes(32), excess_blob_gas=0
        )
    )
    for index in range(program["filler"]):
        engine.insert_account_info(f"0x{0x1000 + index:040x}", AccountInfo(balance=1))
    for text, entry in program["accounts"].items():
        code = bytes.fromhex(entry["code"])
        nonce = 0 if text == program["caller"] else entry["nonce"]
        engine.insert_account_info(f"0x{text}", AccountInfo(balance=entry["balance"], nonce=nonce, code=code))
    return engine


def load(program: Json) -> Prepare:
    """An engine is changed by a run: each run gets one of its own."""
    caller, target, gas = f"0x{program['caller']}", f"0x{program['target']}", program["gas"]

    def prepare() -> Run:
        engine = engine_of(program)

        def go() -> Json:
            engine.message_call(caller=caller, to=target, gas=gas)
            result = engine.result
            used = result.gas_used + result.gas_refunded - TRANSACTION_GAS
            return {"gas": used, "succeeds": result.is_success}

        return go

    return prepare


if __name__ == "__main__":
    serve(version("pyrevm"), load)
