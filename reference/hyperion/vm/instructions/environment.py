"""The environment: the frame, other accounts, call data, code, return data, the block and the transaction."""

from collections.abc import Callable
from typing import Final

from hyperion.primitives.word import MAX_ADDRESS, Address, Word
from hyperion.vm import gas as price
from hyperion.vm.fork import Eip
from hyperion.vm.machine import Instruction, Machine, Status, Substate, instruction
from hyperion.vm.octets import keccak256
from hyperion.vm.stack import Stack


def fact(
    opcode: int,
    name: str,
    meaning: str,
    read: Callable[[Machine], Word],
    since: Eip | None = None,
    gas: int = price.BASE,
) -> Instruction:
    """The row of an instruction that pushes a word read off the machine."""

    def operation(machine: Machine, gas: int) -> Machine:
        return machine.next(gas, machine.stack.push(read(machine)))

    operation.__doc__ = meaning
    return instruction(opcode, name, 0, 1, gas, since)(operation)


ADDRESS: Final = fact(0x30, "ADDRESS", "The account that the code works on.", lambda m: m.frame.address)
ORIGIN: Final = fact(0x32, "ORIGIN", "The sender of the transaction.", lambda m: m.environment.origin)
CALLER: Final = fact(0x33, "CALLER", "The account that made the call.", lambda m: m.frame.caller)
CALLVALUE: Final = fact(0x34, "CALLVALUE", "The wei that came with the call.", lambda m: m.frame.value)
CALLDATASIZE: Final = fact(0x36, "CALLDATASIZE", "The size of the call data in bytes.", lambda m: len(m.frame.calldata))
CODESIZE: Final = fact(0x38, "CODESIZE", "The size of the running code in bytes.", lambda m: len(m.frame.code))
GASPRICE: Final = fact(
    0x3A, "GASPRICE", "The price that the transaction pays, in wei per gas.", lambda m: m.environment.gas_price
)
RETURNDATASIZE: Final = fact(
    0x3D, "RETURNDATASIZE", "The size in bytes of the last call's output.", lambda m: len(m.returned)
)
COINBASE: Final = fact(0x41, "COINBASE", "The beneficiary of the block.", lambda m: m.environment.block.coinbase)
TIMESTAMP: Final = fact(
    0x42, "TIMESTAMP", "The block's time in seconds since 1970.", lambda m: m.environment.block.timestamp
)
NUMBER: Final = fact(0x43, "NUMBER", "The block's number.", lambda m: m.environment.block.number)
PREVRANDAO: Final = fact(
    0x44, "PREVRANDAO", "The random word of the block (EIP-4399).", lambda m: m.environment.block.prevrandao
)
GASLIMIT: Final = fact(0x45, "GASLIMIT", "The block's gas limit.", lambda m: m.environment.block.gas_limit)
CHAINID: Final = fact(0x46, "CHAINID", "The chain's id.", lambda m: m.environment.chain_id)
SELFBALANCE: Final = fact(
    0x47,
    "SELFBALANCE",
    "The account's balance in wei.",
    lambda m: m.world.account(m.frame.address).balance,
    gas=price.LOW,
)
BASEFEE: Final = fact(0x48, "BASEFEE", "The block's base fee in wei per gas.", lambda m: m.environment.block.base_fee)
BLOBBASEFEE: Final = fact(
    0x4A, "BLOBBASEFEE", "The block's price of blob gas in wei.", lambda m: m.environment.block.blob_base_fee,
    Eip.BLOB_BASE_FEE,
)  # fmt: skip


# --- other accounts --------------------------------------------------------------------------------------------------


def access_account(substate: Substate, address: Address) -> tuple[int, Substate]:
    """Gas for touching ``address``, and the substate in which it is warm (EIP-2929)."""
    if address in substate.accessed_addresses:
        return price.WARM_ACCESS, substate
    return price.COLD_ACCOUNT_ACCESS, substate.with_accessed_address(address)


def of_account(opcode: int, name: str, meaning: str, read: Callable[[Machine, Address], Word]) -> Instruction:
    """The row of an instruction that replaces an address by a word read off that account."""

    def operation(machine: Machine, gas: int) -> Machine:
        address, stack = machine.stack.top & MAX_ADDRESS, machine.stack.rest
        cost, substate = access_account(machine.substate, address)
        gas = gas - cost
        if gas < 0:
            return machine.fail(Status.OUT_OF_GAS)
        return machine.next_with_state(gas, stack.push(read(machine, address)), machine.world, substate)

    operation.__doc__ = meaning
    return instruction(opcode, name, 1, 1, price.ZERO)(operation)


def code_hash(machine: Machine, address: Address) -> Word:
    """The Keccak-256 hash of an account's code; 0 if the account does not exist (EIP-1052)."""
    account = machine.world.account(address)
    return 0 if account.is_empty() else int.from_bytes(keccak256(account.code), "big")


BALANCE: Final = of_account(
    0x31, "BALANCE", "The balance of an account in wei.", lambda m, address: m.world.account(address).balance
)
EXTCODESIZE: Final = of_account(
    0x3B,
    "EXTCODESIZE",
    "The size of an account's code in bytes.",
    lambda m, address: len(m.world.account(address).code),
)
EXTCODEHASH: Final = of_account(
    0x3F, "EXTCODEHASH", "The hash of an account's code; 0 if the account does not exist.", code_hash
)


@instruction(0x3C, "EXTCODECOPY", 4, 0, price.ZERO)
def extcodecopy(machine: Machine, gas: int) -> Machine:
    """Copy code of an account to memory: address, target offset, source offset, length."""
    (account, target, source, length), stack = machine.stack.take(4)
    address = account & MAX_ADDRESS
    cost, substate = access_account(machine.substate, address)
    gas = gas - cost
    copied = copy(machine, gas, stack, machine.world.account(address).code, target, source, length)
    return copied if copied.boundary is not None else copied.with_substate(substate)


# --- bytes that came from elsewhere ----------------------------------------------------------------------------------


def copy(machine: Machine, gas: int, stack: Stack, data: bytes, target: Word, source: Word, length: Word) -> Machine:
    """The machine after ``length`` bytes of ``data`` at ``source``, zero-padded, went to memory at ``target``."""
    gas = gas - price.copy_cost(length) - price.expansion_cost(machine.memory.size, target, length)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    piece = data[source : source + length].ljust(length, b"\0")
    return machine.next_with_memory(gas, stack, machine.memory.touch(target, length).write(target, piece))


@instruction(0x35, "CALLDATALOAD", 1, 1, price.VERY_LOW)
def calldataload(machine: Machine, gas: int) -> Machine:
    """The word in the 32 bytes of call data at the offset given, zeros beyond its end."""
    offset, stack = machine.stack.top, machine.stack.rest
    piece = machine.frame.calldata[offset : offset + 32].ljust(32, b"\0")
    return machine.next(gas, stack.push(int.from_bytes(piece, "big")))


@instruction(0x37, "CALLDATACOPY", 3, 0, price.VERY_LOW)
def calldatacopy(machine: Machine, gas: int) -> Machine:
    """Copy call data to memory, zeros beyond its end: target offset, source offset, length."""
    (target, source, length), stack = machine.stack.take(3)
    return copy(machine, gas, stack, machine.frame.calldata, target, source, length)


@instruction(0x39, "CODECOPY", 3, 0, price.VERY_LOW)
def codecopy(machine: Machine, gas: int) -> Machine:
    """Copy the running code to memory, zeros beyond its end: target offset, source offset, length."""
    (target, source, length), stack = machine.stack.take(3)
    return copy(machine, gas, stack, machine.frame.code, target, source, length)


@instruction(0x3E, "RETURNDATACOPY", 3, 0, price.VERY_LOW)
def returndatacopy(machine: Machine, gas: int) -> Machine:
    """Copy the last call's output to memory: target offset, source offset, length. It must reach so far (EIP-211)."""
    (target, source, length), stack = machine.stack.take(3)
    if source + length > len(machine.returned):
        return machine.fail(Status.RETURN_DATA_OUT_OF_BOUNDS)
    return copy(machine, gas, stack, machine.returned, target, source, length)


# --- block and transaction -------------------------------------------------------------------------------------------


@instruction(0x40, "BLOCKHASH", 1, 1, price.BLOCKHASH)
def blockhash(machine: Machine, gas: int) -> Machine:
    """The hash of the block of the number given if it is one of the 256 before this one, else 0."""
    number, stack = machine.stack.top, machine.stack.rest
    block = machine.environment.block
    recent = block.number - 256 <= number < block.number
    found = block.hashes.get(number) if recent else None
    return machine.next(gas, stack.push(0 if found is None else int.from_bytes(found, "big")))


@instruction(0x49, "BLOBHASH", 1, 1, price.BLOBHASH, Eip.BLOBS)
def blobhash(machine: Machine, gas: int) -> Machine:
    """The versioned hash of the transaction's blob at the index given; 0 if there is none."""
    index, stack = machine.stack.top, machine.stack.rest
    hashes = machine.environment.blob_hashes
    return machine.next(gas, stack.push(hashes[index] if index < len(hashes) else 0))
