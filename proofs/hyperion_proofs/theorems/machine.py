"""The machine: what ``step`` does to any well-formed machine, for each row of the instruction table.

Gas, depth, words, memory size, storage, accounts, environment and fork are unknown; only the row is given. A step asks
for an opcode's row and then for nothing more of it, and for single EIPs of the fork: so a row's one exploration speaks
of every opcode that has it, in every fork. The five theorems look at that exploration from five sides.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs
import msgspec

from hyperion.state.world import World
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.opaque import OpaqueBytes, length_of
from hyperion.symbolic.proxies import all_of, any_of, implies
from hyperion.vm import call, gas, step
from hyperion.vm.forks import FORKS
from hyperion.vm.instructions import INSTRUCTIONS
from hyperion.vm.machine import Halt, Instruction, Machine, Status, Suspended
from hyperion.vm.memory import EMPTY_MEMORY
from hyperion.vm.stack import STACK_LIMIT, Stack
from hyperion_proofs.concrete import View, replay_on_machine
from hyperion_proofs.machines import (
    ASSUMPTIONS,
    MAX_ADDRESS,
    MAX_GAS,
    MAX_SIZE,
    MAX_WORD,
    UnknownLogs,
    UnknownMemory,
    UnknownStack,
    memory_is_paid,
    step_of,
    unknown_environment,
    unknown_frame,
    unknown_machine,
    unknown_substate,
    unknown_world,
)
from hyperion_proofs.mutant import in_place, mutant
from hyperion_proofs.solve import ARITHMETIC
from hyperion_proofs.statement import Given, Part, Statement, word
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem

ROWS: Final = INSTRUCTIONS
"""All rows of all forks; an opcode without a meaning has that of INVALID."""
BY_NAME: Final = {row.name: row for row in ROWS}
CALLS: Final = frozenset({"CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"})
CREATIONS: Final = frozenset({"CREATE", "CREATE2"})
LOGS: Final = frozenset(f"LOG{number}" for number in range(5))

MAY_CHANGE_MEMORY: Final = CALLS | CREATIONS | LOGS | {
    "MLOAD", "MSTORE", "MSTORE8", "MCOPY", "KECCAK256", "CALLDATACOPY", "CODECOPY", "EXTCODECOPY", "RETURNDATACOPY",
}  # fmt: skip
MAY_CHANGE_WORLD: Final = CREATIONS | {"CALL", "CALLCODE", "SSTORE", "SELFDESTRUCT", "RETURN"}
"""RETURN ends a creation, whose output becomes code."""
MAY_CHANGE_SUBSTATE: Final = CALLS | CREATIONS | LOGS | {
    "BALANCE", "EXTCODESIZE", "EXTCODECOPY", "EXTCODEHASH", "SLOAD", "SSTORE", "TSTORE", "SELFDESTRUCT",
}  # fmt: skip
MAY_CHANGE_RETURNED: Final = CALLS | CREATIONS

HYPOTHESES: Final = (
    "the machine is well-formed: depth from 0 to 1,024, words from 0 to 2**256 − 1, memory of whole words that was "
    "paid for, gas below 2**64, the program counter inside the padded code, no empty account, no stored 0; the "
    "running account has a nonce or code; initialisation code is not static; any EIPs are in force"
)



def name_of(row: Instruction) -> str:
    """How an instruction is shown: byte and name."""
    return f"{row.opcode:#04x} {row.name}"


def executed(given: Given, row: Instruction) -> tuple[Machine, Machine]:
    """Any machine at the instruction, and the one a step later."""
    priced = row.name not in CALLS
    before = unknown_machine(given, row, priced=priced)
    after = step_of(given, before, priced)
    boundary: Any = after.boundary
    given.note("instruction", name_of(row))
    given.note("afterwards", boundary.status.value if type(boundary) is Halt else "goes on")
    given.note("gas, before and after", (before.gas, after.gas))
    return before, after


@attrs.frozen(eq=False)
class Alone:
    """One theorem's claims of a row: a statement."""

    view: View
    row: Instruction

    def __call__(self, given: Given) -> None:
        """Run the row on any machine, and claim it."""
        self.view(given, self.row, *executed(given, self.row))

    def obligation(self, name: str, ideals: Callable[[], tuple[Ideal, ...]] | None = None) -> Obligation:
        """To be proved; a counterexample is one of a real machine."""
        confirm = replay_on_machine(self, self.view, self.row)
        return Obligation(name, self, ARITHMETIC, ideals=ideals, confirm=confirm)


def entered(before: Machine, after: Machine) -> Suspended | None:
    """The caller that waits, if the step has entered another frame."""
    return None if after.frame is before.frame else after.frame.caller_frame


def status_of(machine: Machine) -> Status | None:
    """How the frame ended, if it did."""
    boundary = machine.boundary
    return boundary.status if type(boundary) is Halt else None


def cells(stack: Any, below: Any) -> tuple[list[int], int | None, Any]:
    """The words on top of what is left of ``below``; how many of its words that leaves out, None if all; the rest."""
    found: list[int] = []
    chain = {id(cell): index for index, cell in enumerate(cells_of(below))}
    while type(stack) is Stack and id(stack) not in chain:
        found.append(stack.top)
        stack = stack.rest
    return found, stack.index if type(stack) is UnknownStack else chain.get(id(stack)), stack


def cells_of(stack: Any) -> Iterator[Stack]:
    """The cells of a real stack, the end included; none of an unknown one."""
    while type(stack) is Stack:
        yield stack
        stack = stack.rest


# --- well-formed ------------------------------------------------------------------------------------------------------


def claim_well_formed(given: Given, machine: Machine, before: Machine) -> None:
    """What is claimed of a machine that stands in the frame of the instruction."""
    program: Any = machine.frame.program
    memory: Any = machine.memory
    given.claim("program counter inside the program", all_of(machine.pc >= 0, machine.pc < length_of(program)))
    given.claim("depth from 0 to 1,024", all_of(machine.stack.depth >= 0, machine.stack.depth <= STACK_LIMIT))
    pushed, _, rest = cells(machine.stack, before.stack)
    for value in pushed:
        given.claim("words in range", all_of(value >= 0, value <= MAX_WORD))
    given.claim("depth counts the words", machine.stack.depth == rest.depth + len(pushed))
    given.claim("memory of whole words", memory.size % 32 == 0)
    given.claim("memory was paid for", memory_is_paid(memory.size, machine.gas))


def claim_running_account(given: Given, machine: Machine) -> None:
    """Where there is code to run, the account has a nonce or code."""
    account = machine.world.account(machine.frame.address)
    has_some = any_of(account.nonce != 0, length_of(account.code) != 0)
    given.claim("the running account has a nonce or code", implies(length_of(machine.frame.code) != 0, has_some))


def well_formed(given: Given, row: Instruction, before: Machine, after: Machine) -> None:
    """The successor of a well-formed machine is well-formed, in the same frame or in a new one."""
    given.claim("gas is not negative", after.gas >= 0)
    given.claim("steps are counted", after.steps == before.steps + 1)
    waiting = entered(before, after)
    if waiting is not None:
        given.claim("starts empty", after.stack.depth == 0 and after.memory is EMPTY_MEMORY)
        given.claim("starts at 0", after.pc == 0)
        given.claim("one call deeper", after.frame.depth == before.frame.depth + 1)
        given.claim("at most 1,024 deep", after.frame.depth <= 1024)
        given.claim("the caller has room for a result", waiting.machine.stack.depth < STACK_LIMIT)
        given.claim("the caller's gas is not negative", waiting.machine.gas >= 0)
        given.claim("initialisation code is not static", not (after.frame.static and after.frame.creates))
        claim_well_formed(given, waiting.machine, before)
        if status_of(after) is None:
            claim_running_account(given, after)
    elif after.boundary is None:
        claim_well_formed(given, after, before)
        if after.world is not before.world:
            claim_running_account(given, after)


def gas_falls(given: Given, row: Instruction, before: Machine, after: Machine) -> None:
    """Gas of all frames together falls strictly, or the frame ends; exceptional ends leave none."""
    waiting, status = entered(before, after), status_of(after)
    given.claim("gas is not negative", after.gas >= 0)
    if waiting is not None:
        given.claim("gas of caller and callee together falls", after.gas + waiting.machine.gas < before.gas)
    elif status is None:
        given.claim("gas falls", after.gas < before.gas)
    elif status.exceptional:
        given.claim("all gas is lost", after.gas == 0)
    else:
        given.claim("gas does not rise", after.gas <= before.gas)


# --- as the row says --------------------------------------------------------------------------------------------------


def as_the_row_says(given: Given, row: Instruction, before: Machine, after: Machine) -> None:
    """Underflow and overflow exactly where the row says; else its pops and pushes, its static gas, its place to go."""
    depth, status = before.stack.depth, status_of(after)
    short = depth < row.pops
    given.claim("underflow exactly if operands are missing", (status is Status.STACK_UNDERFLOW) == short)
    full = all_of(depth >= row.pops, depth - row.pops + row.pushes > STACK_LIMIT)
    given.claim("overflow exactly if there is no room", (status is Status.STACK_OVERFLOW) == full)
    waiting = entered(before, after)
    if status is not None and waiting is None:
        return
    machine = after if waiting is None else waiting.machine
    pushes = row.pushes if waiting is None else 0  # the result comes with the return
    given.claim("static gas is paid", machine.gas <= before.gas - row.gas)
    pushed, gone, _ = cells(machine.stack, before.stack)
    given.claim("no word below the operands is touched", gone is not None and gone <= row.pops)
    given.claim("pops and pushes", len(pushed) <= pushes and gone == row.pops - pushes + len(pushed))
    given.claim("depth", machine.stack.depth == depth - row.pops + pushes)
    if waiting is None and row.name not in ("JUMP", "JUMPI"):
        given.claim("on to the next instruction", after.pc == before.pc + 1 + row.immediate)


def nothing_else_changes(given: Given, row: Instruction, before: Machine, after: Machine) -> None:
    """What the instruction has no business with is the same object afterwards; an exceptional end changes nothing."""
    name, status, waiting = row.name, status_of(after), entered(before, after)
    machine = after if waiting is None else waiting.machine
    failed = status is not None and status.exceptional and waiting is None
    given.claim("environment", after.environment is before.environment)
    given.claim("frame", machine.frame is before.frame)
    if failed or name not in MAY_CHANGE_MEMORY:
        given.claim("memory", machine.memory is before.memory)
    if failed or name not in MAY_CHANGE_WORLD or (name == "RETURN" and not before.frame.creates):
        given.claim("world", after.world is before.world)
    if failed or name not in MAY_CHANGE_SUBSTATE:
        given.claim("substate", after.substate is before.substate)
    if failed or name not in MAY_CHANGE_RETURNED:
        given.claim("output of the last call", machine.returned is before.returned)


# --- static frames ----------------------------------------------------------------------------------------------------


def claim_same_world(given: Given, before: World, after: World) -> None:
    """Every account is the same, field by field, at an address and a key of which nothing is known."""
    address, key = given.integer("some address", 0, MAX_ADDRESS), word(given, "some key")
    mine, its = before.account(address), after.account(address)
    given.claim("nonces", mine.nonce == its.nonce)
    given.claim("balances", mine.balance == its.balance)
    given.claim("storage", mine.storage.get(key, 0) == its.storage.get(key, 0))
    given.claim("code", same_code(mine.code, its.code))


def same_code(mine: Any, its: Any) -> bool:
    """Whether two codes are one: that of the same account, or both none."""
    if type(mine) is not OpaqueBytes or type(its) is not OpaqueBytes:
        return type(mine) is type(its) and bool(mine == its)
    return bool(mine.label[0] == its.label[0]) and bool(mine.label[1] == its.label[1])


def static_changes_nothing(given: Given, row: Instruction, before: Machine, after: Machine) -> None:
    """World, logs, transient storage, creations and deletions are as before, and a frame that is entered is static."""
    static, mine, its = before.frame.static, before.substate, after.substate
    if after.world is not before.world and static:
        claim_same_world(given, before.world, after.world)
    for name in ("transient", "logs", "created", "destroyed"):
        given.claim(name, implies(static, getattr(mine, name) is getattr(its, name)))
    given.claim("refund", implies(static, mine.refund == its.refund))
    given.claim("what is entered is static", implies(static, any_of(after.frame is before.frame, after.frame.static)))


# --- what goes where --------------------------------------------------------------------------------------------------

OPERANDS: Final = {"CALL": 3, "CALLCODE": 3, "DELEGATECALL": 2, "STATICCALL": 2, "CREATE": 1, "CREATE2": 1}
"""How many operands stand above the offset of the input, or of the initialisation code."""
MOVES_MEMORY: Final = LOGS | CALLS | CREATIONS | {"MLOAD", "MSTORE", "RETURN", "REVERT"}


def content_goes_on(given: Given, row: Instruction, before: Machine, after: Machine) -> None:
    """The bytes that an instruction takes from memory are those at its operands, and arrive unchanged."""
    waiting, boundary = entered(before, after), after.boundary
    if row.name not in MOVES_MEMORY or (isinstance(boundary, Halt) and boundary.status.exceptional):
        return
    _, stack = before.stack.take(OPERANDS.get(row.name, 0))
    offset = stack.top
    if row.name == "MLOAD":
        given.claim("the word", after.stack.top == before.memory.touch(offset, 32).load(offset))
        return
    length = stack.rest.top
    if row.name == "MSTORE":
        stored = before.memory.touch(offset, 32).store(offset, length)
        given.claim("memory with the word", same_memory(stored, after.memory))
    elif row.name in LOGS:
        logs: Any = after.substate.logs
        added: Any = (logs.added if type(logs) is UnknownLogs else tuple(logs))[-1]
        topics, _ = stack.rest.rest.take(len(added.topics))
        given.claim("address", added.address == before.frame.address)
        given.claim("topics", all_of(*(a == b for a, b in zip(added.topics, topics, strict=True))))
        given.claim("data", same_bytes(added.data, read_at(before, offset, length)))
    elif isinstance(boundary, Halt) and waiting is None:
        given.claim("output", same_bytes(boundary.output, read_at(before, offset, length)))
    elif waiting is not None:
        frame = after.frame
        sent = frame.code if row.name in CREATIONS else frame.calldata
        given.claim("input", same_bytes(sent, read_at(before, offset, length)))
        if row.name in CALLS:
            (there, size), _ = stack.rest.rest.take(2)
            given.claim("place of the output", all_of(waiting.output_offset == there, waiting.output_size == size))


def read_at(machine: Machine, offset: int, length: int) -> bytes:
    """The bytes of memory at the place, which there will be once it is touched."""
    return machine.memory.touch(offset, length).read(offset, length)


def same_bytes(mine: Any, its: Any) -> bool:
    """Whether two pieces are the same: real ones, or ones that were read at the same place after the same writes."""
    if type(mine) is not OpaqueBytes or type(its) is not OpaqueBytes:
        return bool(type(mine) is type(its) and mine == its)
    if len(mine.label) != 3 or len(its.label) != 3 or mine.label[0] != its.label[0]:
        return False
    return all_of(mine.label[1] == its.label[1], mine.label[2] == its.label[2])  # type: ignore[no-any-return]


def same_memory(mine: Any, its: Any) -> bool:
    """Whether two memories have the same size and content: real ones, or ones with the same writes of words."""
    if type(mine) is not UnknownMemory or type(its) is not UnknownMemory:
        return bool(mine == its)
    if len(mine.writes) != len(its.writes):
        return False
    pairs = zip(mine.writes, its.writes, strict=True)
    return all_of(mine.size == its.size, *(all_of(a == b, v == w) for (a, v), (b, w) in pairs))  # type: ignore[no-any-return]


# --- between frames ---------------------------------------------------------------------------------------------------


def halted_stays(given: Given) -> None:
    """The step of a halted machine is itself."""
    machine = unknown_machine(given, BY_NAME["STOP"])
    for status in Status:
        halted = msgspec.structs.replace(machine, boundary=Halt(status))
        given.claim(f"halted by {status.value}", halted.halted and step_of(given, halted) is halted)
    given.claim("a machine that goes on is not halted", not machine.halted)


def returns(status: Status, creates: bool) -> Statement:
    """The caller goes on with the gas of both, one word more, and the callee's changes exactly if it succeeded."""

    def statement(given: Given) -> None:
        caller = unknown_machine(given, BY_NAME["CREATE" if creates else "CALL"])
        given.assume(caller.stack.depth < STACK_LIMIT)
        offset, size = word(given, "output offset"), word(given, "output size")
        memory: Any = caller.memory
        given.assume(any_of(size == 0, offset + size <= memory.size))
        frame = msgspec.structs.replace(
            unknown_frame(given, BY_NAME["STOP"], 0, static=given.truth("callee is static")),
            creates=creates, caller_frame=Suspended(caller, 0 if creates else offset, 0 if creates else size),
        )  # fmt: skip
        output: Any = OpaqueBytes(given, given.integer("output length", 0, MAX_SIZE))
        callee = Machine(
            0, given.integer("callee's gas", 0, MAX_GAS - 1), caller.stack, caller.memory, caller.returned, frame,
            unknown_world(given, "callee's world"), unknown_substate(given), unknown_environment(given),
            given.integer("callee's steps", 0, 2**64), Halt(status, output),
        )  # fmt: skip
        after = step_of(given, callee)
        given.claim("the caller goes on", after.boundary is None and after.frame is caller.frame)
        given.claim("at the next instruction", after.pc == caller.pc + 1)
        given.claim("with the gas of both", after.gas == caller.gas + callee.gas)
        given.claim("with one word more", after.stack.rest is caller.stack)
        given.claim("that says whether it succeeded", (after.stack.top != 0) == any_of(
            status.succeeds and not creates, all_of(status.succeeds, callee.frame.address != 0)
        ))  # fmt: skip
        source = callee if status.succeeds else caller
        given.claim("with these changes", after.world is source.world and after.substate is source.substate)

    return statement


# --- the theorems -----------------------------------------------------------------------------------------------------


VIEWS: Final[dict[str, View]] = {
    "MACHINE-row": as_the_row_says,
    "MACHINE-gas": gas_falls,
    "MACHINE-untouched": nothing_else_changes,
    "MACHINE-content": content_goes_on,
    "MACHINE-static": static_changes_nothing,
    "MACHINE-well-formed": well_formed,
}
"""The theorems that share the exploration of a row; last are those whose claims may branch."""


def together(row: Instruction) -> Statement:
    """What all of them claim of a row."""

    def statement(given: Given) -> None:
        before, after = executed(given, row)
        for name, view in VIEWS.items():
            view(Part(given, name), row, before, after)

    return statement


TOGETHER: Final = tuple(together(row) for row in ROWS)


def every_fork_has_these_rows(given: Given) -> None:
    """Each of the 256 opcodes of each fork has one of the rows, the very object, and no EIP of its own."""
    rows = {id(row): row for row in ROWS}
    for fork in FORKS:
        given.claim(f"256 rows in {fork.name}", len(fork.instructions) == 256)
        for opcode, row in enumerate(fork.instructions):
            given.claim(f"{opcode:#04x} in {fork.name}", id(row) in rows)


def for_all_rows(theorem: str, names: frozenset[str] = frozenset(BY_NAME)) -> tuple[Obligation, ...]:
    """An obligation for each row, or each of those named, and the one that there are no others."""
    view = VIEWS[theorem]
    return (
        Obligation("all opcodes of all forks", every_fork_has_these_rows, ARITHMETIC),
        *(
            attrs.evolve(Alone(view, row).obligation(name_of(row)), shared=shared, part=theorem)
            for row, shared in zip(ROWS, TOGETHER, strict=True)
            if row.name in names
        ),
    )


def seeded(weakening: str, statement: Alone, *ideals: Callable[[], Ideal]) -> Control:
    """A control in which functions of the model, or the row's operation, are replaced by faulty ones."""
    return Control(weakening, statement.obligation(weakening, lambda: tuple(make() for make in ideals)))


def seeded_between(weakening: str, statement: Statement, ideal: Callable[[], Ideal]) -> Control:
    """The same for what is claimed of machines between frames."""
    return Control(weakening, Obligation(weakening, statement, ARITHMETIC, ideals=lambda: (ideal(),)))


def with_operation(name: str, operation: Callable[[Machine, int], Machine]) -> Instruction:
    """The row with another operation."""
    return msgspec.structs.replace(BY_NAME[name], operation=operation)


def with_fault(name: str, old: str, new: str) -> Instruction:
    """The row with a change in the text of its operation."""
    return with_operation(name, mutant(BY_NAME[name].operation, old, new))


WELL_FORMED: Final = Theorem(
    "MACHINE-well-formed",
    "A step of any well-formed machine, whatever its opcode, gives a well-formed machine: depth, words, memory, "
    "program counter and gas stay in their ranges, no cell is read that is not there, no byte used that is not.",
    ("VM-step",),
    Kind.INDUCTION,
    for_all_rows("MACHINE-well-formed"),
    (
        seeded(
            "SUB without its reduction modulo 2**256",
            Alone(well_formed, with_operation("SUB", lambda machine, left: machine.next(
                left, machine.stack.rest.rest.push(machine.stack.top - machine.stack.rest.top)
            ))),
        ),
        seeded(
            "memory is not touched by MLOAD",
            Alone(well_formed, with_fault("MLOAD", "machine.memory.touch(offset, 32)", "machine.memory")),
        ),
    ),
    HYPOTHESES,
    ASSUMPTIONS,
    "Every machine that a transaction starts with is well-formed, and steps keep it (induction on the steps).",
)  # fmt: skip


GAS_FALLS: Final = Theorem(
    "MACHINE-gas",
    "Each step pays gas, of all frames together, or ends its frame; an exceptional end leaves none: every run ends.",
    ("VM-step",),
    Kind.PATHS,
    for_all_rows("MACHINE-gas"),
    (
        seeded(
            "a failed frame keeps its gas", Alone(gas_falls, BY_NAME["ADD"]),
            lambda: Ideal(Machine, "fail", lambda machine, status: machine.end(machine.gas, Halt(status)), "fault"),
        ),
        seeded(
            "the stipend of a call is larger than what its value costs", Alone(gas_falls, BY_NAME["CALLCODE"]),
            lambda: Ideal(gas, "CALL_STIPEND", 10_000, "seeded fault"),
        ),
    ),
    HYPOTHESES,
    ASSUMPTIONS,
    "Gas is a natural number, so a rank of all steps that stay below the outermost frame; frames are left at most as "
    "often as they are entered.",
)  # fmt: skip

ROW: Final = Theorem(
    "MACHINE-row",
    "Each opcode fails for missing operands or missing room exactly where its row says, takes and gives the words that "
    "it says, pays its static gas, and goes on behind its immediate operand; the words below are untouched.",
    ("VM-step",),
    Kind.PATHS,
    for_all_rows("MACHINE-row"),
    (
        seeded(
            "the row of DUP2 says that it copies the first word",
            Alone(
                lambda given, row, before, after: as_the_row_says(
                    given, msgspec.structs.replace(row, pops=1, pushes=2), before, after
                ),
                BY_NAME["DUP2"],
            ),
        ),
        seeded(
            "a stack may hold 1,025 words", Alone(as_the_row_says, BY_NAME["PUSH1"]),
            lambda: in_place(step.step, "depth > row.max_depth", "depth > row.max_depth + 1"),
        ),
        seeded(
            "the check for operands is left out", Alone(as_the_row_says, BY_NAME["POP"]),
            lambda: in_place(step.step, "depth < row.pops", "depth < row.pops - 1"),
        ),
    ),
    HYPOTHESES,
    ASSUMPTIONS,
)  # fmt: skip

UNTOUCHED: Final = Theorem(
    "MACHINE-untouched",
    "An instruction changes only what it is for: world, substate, memory and return data are the same object after all "
    "others, and after every exceptional end.",
    ("VM-step",),
    Kind.PATHS,
    for_all_rows("MACHINE-untouched"),
    (
        seeded(
            "a failed instruction warms nothing, but SLOAD fails late",
            Alone(nothing_else_changes, with_fault(
                "SLOAD", "return machine.fail(Status.OUT_OF_GAS)",
                "return machine.with_substate(substate).fail(Status.OUT_OF_GAS)",
            )),
        ),
    ),
    HYPOTHESES,
    ASSUMPTIONS,
)  # fmt: skip

STATIC: Final = Theorem(
    "MACHINE-static",
    "In a static frame no opcode changes accounts, storage, transient storage, logs, creations, deletions or refunds, "
    "and what it enters is static.",
    ("VM-step",),
    Kind.INDUCTION,
    for_all_rows("MACHINE-static"),
    (
        seeded(
            "TSTORE without the check",
            Alone(static_changes_nothing, with_fault("TSTORE", "if machine.frame.static:", "if False:")),
        ),
        seeded(
            "LOG1 without the check",
            Alone(static_changes_nothing, with_fault("LOG1", "if machine.frame.static:", "if False:")),
        ),
    ),
    HYPOTHESES,
    ASSUMPTIONS,
    "Frames entered from a static one are static, so nothing changes until it is left (induction on the steps).",
)  # fmt: skip

CONTENT: Final = Theorem(
    "MACHINE-content",
    "What an instruction takes from memory is what is there at its operands, and arrives as it is: the word of MLOAD, "
    "the memory after MSTORE, data and topics of logs, output of RETURN and REVERT, input of calls, code of creations.",
    ("VM-step",),
    Kind.PATHS,
    for_all_rows("MACHINE-content", MOVES_MEMORY),
    (
        seeded(
            "RETURN gives nothing",
            Alone(content_goes_on, with_fault("RETURN", ".read(offset, length)", ".read(offset, 0)")),
        ),
        seeded(
            "MSTORE halves the word",
            Alone(content_goes_on, with_fault("MSTORE", ".store(offset, value)", ".store(offset, value // 2)")),
        ),
    ),
    HYPOTHESES,
    ASSUMPTIONS,
)  # fmt: skip

HALTED: Final = Theorem(
    "MACHINE-halted",
    "A machine whose outermost frame has ended is a fixed point of the step, however it ended.",
    ("VM-step",),
    Kind.PATHS,
    (Obligation("fixed point", halted_stays, ARITHMETIC),),
    (
        seeded_between(
            "a halted machine goes on", halted_stays,
            lambda: in_place(step.step, "machine.boundary is not None", "machine.boundary is None"),
        ),
    ),
    HYPOTHESES,
    ASSUMPTIONS,
    fast=True,
)  # fmt: skip

ENDINGS: Final = tuple((status, creates) for status in Status for creates in (False, True))
RETURNS: Final = Theorem(
    "MACHINE-return",
    "A caller goes on with its own gas and what the callee left, one word more, and the callee's changes exactly if it "
    "succeeded.",
    ("VM-return-to-caller",),
    Kind.PATHS,
    tuple(
        Obligation(f"{status.value}{' of a creation' if creates else ''}", returns(status, creates), ARITHMETIC)
        for status, creates in ENDINGS
    ),
    (
        seeded_between(
            "a reverted callee keeps its changes", returns(Status.REVERT, False),
            lambda: Ideal(
                step, "leave", mutant(call.leave, "machine.world if success", "machine.world if True"), "seeded fault"
            ),
        ),
    ),
    HYPOTHESES,
    ASSUMPTIONS,
    fast=True,
)  # fmt: skip

THEOREMS: Final = (WELL_FORMED, GAS_FALLS, ROW, UNTOUCHED, STATIC, CONTENT, HALTED, RETURNS)
