"""Small machines and programs for tests."""

from collections.abc import Iterable

from immutables import Map

from hyperion.state.world import EMPTY_WORLD, Account, World
from hyperion.vm.call import Message, enter_call
from hyperion.vm.fork import Fork
from hyperion.vm.forks import OSAKA
from hyperion.vm.machine import EMPTY_SUBSTATE, Block, Environment, Machine

CONTRACT = 0xC0DE
CALLER = 0xCA11
COINBASE = 0xC014
PLENTY = 10**7

OPCODES: dict[str, int] = {row.name: row.opcode for row in OSAKA.instructions if row.name != "INVALID"} | {
    "INVALID": 0xFE
}


def assemble(source: str) -> bytes:
    """Bytecode of a program: names of instructions; numbers become the shortest PUSH; ``0x..`` stands for itself."""
    code = bytearray()
    for token in source.split():
        if token.startswith("0x"):
            code += bytes.fromhex(token[2:])
        elif token.isdigit():
            value = int(token)
            size = (value.bit_length() + 7) // 8
            code += bytes([0x5F + size]) + value.to_bytes(size, "big")
        else:
            code.append(OPCODES[token])
    return bytes(code)


def world_of(accounts: dict[int, Account]) -> World:
    """The world with just these accounts."""
    return World(Map(accounts))


def machine_for(
    code: bytes,
    gas: int = PLENTY,
    *,
    fork: Fork = OSAKA,
    calldata: bytes = b"",
    value: int = 0,
    storage: dict[int, int] | None = None,
    others: dict[int, Account] | None = None,
    static: bool = False,
    warm: Iterable[int] = (),
    block: Block | None = None,
    blob_hashes: tuple[int, ...] = (),
) -> Machine:
    """A machine about to run ``code`` as the contract CONTRACT, called by CALLER with ``value`` and ``calldata``."""
    contract = Account(1, 0, code, Map(storage or {}))
    world = EMPTY_WORLD.with_account(CALLER, Account(1, 10**18, b"", Map())).with_account(CONTRACT, contract)
    for address, account in (others or {}).items():
        world = world.with_account(address, account)
    chain_block = block or Block(COINBASE, 1, 1000, 30_000_000, 0, 7, 1)
    environment = Environment(fork, 1, chain_block, CALLER, 10, blob_hashes, world)
    substate = EMPTY_SUBSTATE
    for address in (CONTRACT, CALLER, COINBASE, *fork.precompiles, *warm):
        substate = substate.with_accessed_address(address)
    message = Message(CALLER, CONTRACT, code, gas, value, calldata, static=static)
    return enter_call(message, world, substate, environment)
