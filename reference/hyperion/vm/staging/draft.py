"""A block while it is written: its lines, what its entry asks for, and what it uses.

Which containers a block reads, how deep it reads the stack and how much gas it asks for is known at its end only, and
is printed at its beginning; so lines are kept until the block is complete.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import attrs

from hyperion.symbolic.expression import Interval, Op, Term, postorder
from hyperion.symbolic.terms import Key, Terms
from hyperion.vm.staging.exploring import Entry
from hyperion.vm.staging.printing import condition, nodes, text
from hyperion.vm.staging.recording import (
    ASSUMED_FALSE,
    CURRENT,
    DEPTH,
    FACT_TERMS,
    FACTS,
    LOAD,
    LOGGED,
    MEMORY_SIZE,
    ORIGINAL,
    REFUND,
    TOUCH,
    TRANSIENT,
    State,
    Unstaged,
)

STEPS: Final = "steps"
"""How many instructions were traced."""
SLOTS: Final = "slots"
"""How many words of the stack at entry are in variables."""
TEMPORARIES: Final = "temporaries"
"""How many variables are in use."""
LOOP: Final = "loop"
"""Whether a path comes back to the entry."""
MEMORY: Final = "memory"
"""Whether memory is read or changed in another way than by whole words."""
GROWN: Final = "grown"
"""Whether memory grows."""
WRITTEN: Final = "written"
"""Whether words of memory are written."""
STORED: Final = "stored"
"""Whether words of storage are written."""
MOVED: Final = "moved"
"""Whether words of transient storage are written."""
ACCOUNTS: Final = "accounts"
"""Whether balance or code of an account is read."""
WARM_ACCOUNTS: Final = "warm_accounts"
"""Whether it is asked if an account was touched."""

PREAMBLES: Final = {
    MEMORY: ("memory = machine.memory",),
    LOAD: ("words = {}", "written = {}", "memory = machine.memory"),
    CURRENT: (
        "current = {}",
        "stored = {}",
        "touched = {}",
        "warm = machine.substate.accessed_slots",
        "read_storage = machine.world.storage",
    ),
    ORIGINAL: ("original = {}", "read_original = machine.environment.initial_world.storage"),
    TRANSIENT: ("transient = {}", "moved = {}", "read_transient = machine.substate.transient.get"),
    LOGGED: ("logged = []",),
    ACCOUNTS: ("account = machine.world.account",),
    WARM_ACCOUNTS: ("warm_accounts = machine.substate.accessed_addresses",),
}
"""What a block does before it begins, for what it uses."""

Line: TypeAlias = "tuple[int, str | Callable[[], list[str]]]"
Names: TypeAlias = dict[Term, str]


@attrs.frozen(eq=False)
class Draft:
    """One block while it is written. Its fields are filled as the trace goes on, and cut back where a step fails."""

    known: dict[Key, Term] = attrs.field(factory=dict)
    """The terms of this block, each once."""
    lines: list[Line] = attrs.field(factory=list)
    """Each with its indentation."""
    entries: list[Entry] = attrs.field(factory=lambda: [Entry()])
    """What each part asks for at the entry, and what all parts so far do: the last one."""
    numbers: dict[str, int] = attrs.field(factory=lambda: {STEPS: 0, SLOTS: 0, TEMPORARIES: 0})
    """``STEPS``, ``SLOTS`` and ``TEMPORARIES``."""
    uses: dict[str, bool] = attrs.field(factory=dict)
    """Facts, containers that the block reads or writes, and whether it loops."""

    @property
    def entry(self) -> Entry:
        """What must hold at the entry for all parts so far."""
        return self.entries[-1]

    def ask(self, entry: Entry) -> None:
        """Let the entry ask for this too."""
        self.entries.append(self.entry.both(entry))

    def use(self, *names: str) -> None:
        """Note that the block needs this."""
        self.uses.update(dict.fromkeys(names, True))

    def need_slots(self, count: int) -> None:
        """Note that the block takes so many words off the stack, or reads so deep."""
        self.numbers[SLOTS] = max(self.numbers[SLOTS], count)

    def one_more(self, name: str) -> int:
        """Count one more, and say how many there are."""
        self.numbers[name] += 1
        return self.numbers[name]

    def cut(self, lines: int, entries: int) -> None:
        """Forget what was printed and asked since there were so many lines and parts."""
        del self.lines[lines:]
        del self.entries[entries:]

    def out(self, indent: int, line: str | Callable[[], list[str]]) -> None:
        """One more line, or lines that are known when the trace is complete."""
        self.lines.append((indent, line))

    def text(self, term: Term, names: Names) -> str:
        """The term's text; the variables that it reads are noted."""
        nodes(term, names)
        for part in postorder(term):
            if part.op is Op.VARIABLE:
                self.variable_read(str(part.value))
        return text(term, names)

    def variable_read(self, name: str) -> None:
        """Note that a variable must be there: a fact, or a word of the stack at entry."""
        if name in FACTS:
            self.use(name)
        elif name in ASSUMED_FALSE or name == DEPTH:
            raise Unstaged
        elif name.startswith("s") and name[1:].isdigit():
            self.need_slots(int(name[1:]) + 1)

    def condition(self, term: Term, names: Names, holds: bool = True) -> str:
        """As ``text``, of a condition or its opposite."""
        self.text(term, names)
        return condition(term, names, holds)

    def variable(self, interval: Interval) -> Term:
        """A new local variable."""
        return Terms(self.known).variable(f"t{self.one_more(TEMPORARIES)}", interval)

    def bound(self, term: Term, names: Names, indent: int) -> Term:
        """A variable that holds the term from here on."""
        held = self.variable(term.interval)
        self.out(indent, f"{held.value} = {self.text(term, names)}")
        return held

    # --- its ends

    def back(self, state: State, indent: int) -> None:
        """The way back to the entry: a loop if the stack has the height that it had."""
        if len(state.words) != state.below:
            self.leave(state, indent)
            return
        self.use(LOOP)
        moves = [(f"s{index}", self.text(word, {})) for index, word in enumerate(state.words)]
        moves += [("gas", self.text(state.gas, {})), ("refund", self.text(state.refund, {}))]
        moves.append((MEMORY_SIZE, self.text(state.size, {})))
        moves = [(name, value) for name, value in moves if name != value] + [("steps", f"steps + {state.steps}")]
        self.need_slots(state.below)
        if state.size is not FACT_TERMS[MEMORY_SIZE]:
            self.use(MEMORY_SIZE)
        self.out(indent, f"{', '.join(name for name, _ in moves)} = {', '.join(value for _, value in moves)}")
        self.out(indent, "continue")

    def leave(self, state: State, indent: int) -> None:
        """An end: the machine in ``state``."""
        words = [self.text(word, {}) for word in state.words]
        gas, refund = self.text(state.gas, {}), self.text(state.refund, {})
        self.need_slots(state.below)
        self.out(indent, lambda: self.machine(state, words, gas, refund))

    def machine(self, state: State, words: list[str], gas: str, refund: str) -> list[str]:
        """The lines that put a machine together: what the block has not changed is of the machine at its entry."""
        standing = words + [f"s{index}" for index in range(state.below, self.numbers[SLOTS])]
        found, stack = [], "base"
        for height, word in enumerate(reversed(standing), 1):
            stack = f"Stack({word}, {stack}, base_depth + {height})"
            if height % 30 == 0:  # Python nests no deeper than 100
                found.append(f"rest = {stack}")
                stack = "rest"
        memory = "memory" if MEMORY in self.uses else "machine.memory"
        if WRITTEN in self.uses:
            memory = f"with_words({memory}, written)"
        world = "with_slots(machine.world, address, stored)" if STORED in self.uses else "machine.world"
        substate = "with_touched(machine.substate, address, touched)" if TOUCH in self.uses else "machine.substate"
        if MOVED in self.uses:
            substate = f"with_transients({substate}, address, moved)"
        if LOGGED in self.uses:
            substate = f"with_logs({substate}, logged)"
        if REFUND in self.uses:
            substate = f"with_refund({substate}, {refund})"
        steps = f"steps + {state.steps}" if state.steps else "steps"
        return [
            *found,
            f"return Machine({state.pc}, {gas}, {stack}, {memory}, machine.returned, machine.frame, {world}, "
            f"{substate}, machine.environment, {steps}, None)",
        ]

    # --- the text

    def render(self) -> str:
        """The block as a function of a machine."""
        preamble = ["def block(machine):", "    stack = machine.stack", "    depth = stack.depth"]
        asked = []
        words = max(self.entry.words, self.numbers[SLOTS])
        if words:
            asked.append(f"depth < {words}")
        asked.append(f"depth > {self.entry.most_words}")
        asked.extend(ASSUMED_FALSE[name] for name in self.entry.false)
        preamble += [f"    if {' or '.join(asked)}:", "        return machine"]
        for index in range(self.numbers[SLOTS]):
            preamble += [f"    s{index} = stack.top", "    stack = stack.rest"]
        preamble += ["    base = stack", f"    base_depth = depth - {self.numbers[SLOTS]}"]
        preamble += ["    gas = machine.gas", "    steps = machine.steps"]
        if REFUND in self.uses:
            preamble.append("    refund = machine.substate.refund")
        preamble += [f"    {name} = {FACTS[name]}" for name in FACTS if name in self.uses]
        needed = [line for name, lines in PREAMBLES.items() if name in self.uses for line in lines]
        preamble += [f"    {line}" for line in dict.fromkeys(needed)]
        if LOOP in self.uses:
            preamble.append("    while True:")
        margin = "        " if LOOP in self.uses else "    "
        body = [
            margin + "    " * indent + line
            for indent, content in self.lines
            for line in ([content] if isinstance(content, str) else content())
        ]
        return "\n".join(preamble + body) + "\n"
