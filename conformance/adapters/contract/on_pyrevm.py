"""The edge game's contract, run by revm through its Python binding."""

import re
from importlib.metadata import version

import pyrevm
from edge_game import answering
from eth_utils import keccak

GAS = 30_000_000
RICH = 2**128
OUTPUT = re.compile(r"output: (?:Bytes\()?(0x[0-9a-f]*)")


class RevmChain:
    """A database with one contract."""

    def __init__(self) -> None:
        self.evm = pyrevm.EVM(spec_id="CANCUN")
        self.contract = ""

    def prepare(self, sender: int, block: tuple[int, int]) -> str:
        time, height = block
        self.evm.set_block_env(pyrevm.BlockEnv(number=height, timestamp=time, gas_limit=2 * GAS))
        name = f"0x{sender:040x}"
        if self.evm.get_balance(name) == 0:
            self.evm.set_balance(name, RICH)
        return name

    def deploy(self, sender: int, code: bytes, block: tuple[int, int]) -> tuple[bool, bytes]:
        name = self.prepare(sender, block)
        try:
            self.contract = self.evm.deploy(name, code, 0, GAS)
        except RuntimeError as failure:
            return False, output_of(failure)
        return True, b""

    def call(self, sender: int, data: bytes, value: int, block: tuple[int, int]) -> tuple[bool, bytes]:
        name = self.prepare(sender, block)
        try:
            return True, bytes(self.evm.message_call(name, self.contract, data, value, GAS))
        except RuntimeError as failure:
            return False, output_of(failure)

    def balance(self) -> int:
        found: int = self.evm.get_balance(self.contract)
        return found

    def keccak(self, data: bytes) -> bytes:
        return bytes(keccak(data))


def output_of(failure: RuntimeError) -> bytes:
    """What the binding prints of a revert's output."""
    found = OUTPUT.search(str(failure))
    if found is None:
        raise RuntimeError(f"no revert: {failure}")
    return bytes.fromhex(found.group(1)[2:])


if __name__ == "__main__":
    answering("edge-contract-revm", version("pyrevm"), RevmChain)
