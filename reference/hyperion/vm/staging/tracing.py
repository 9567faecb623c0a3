"""Tracing a block: from an entry of a code, one step after the other, both ways at a branch, printed as Python.

A trace follows jumps whose destination is known. It ends at an instruction that is not for blocks, where it would go in
a circle that does not come back to the entry, and where it has become long; the way back to the entry is a loop, whose
words stay in local variables. Every end gives the whole machine as ``step`` would have made it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Final, TypeAlias, TypeVar

import attrs

from hyperion.symbolic.expression import ANY_INTEGER, Interval, Op, Term, postorder
from hyperion.symbolic.ideal import Idealized
from hyperion.symbolic.terms import Key, Terms
from hyperion.vm.staging.exploring import MOST_MEMORY, Entry, Facts, Leaf, Step, explore_step
from hyperion.vm.staging.octets import IDEALS, LENGTH, LITERAL, NUMBER
from hyperion.vm.staging.printing import condition, nodes, text
from hyperion.vm.staging.recording import (
    ADDRESS,
    ALIGNED,
    ASSUMED_FALSE,
    BALANCE,
    CODE_SIZE,
    CURRENT,
    DEPTH,
    FACT_TERMS,
    FACTS,
    GAS,
    LOAD,
    LOGGED,
    MEMORY_SIZE,
    NATURAL,
    ORIGINAL,
    REFUND,
    TOUCH,
    TRANSIENT,
    WARM,
    WORD,
    WRITE,
    Code,
    Effect,
    State,
    Unstaged,
)  # fmt: skip

MOST_STEPS: Final = 400
"""Instructions of a block, all its branches together."""
MOST_BRANCHES: Final = 25
"""Branches within branches: Python nests no deeper than 100."""
MOST_GAS: Final = 200_000
"""Gas that a block may ask for at its entry. A block that asked for more would seldom be entered."""
LONG: Final = 3
LONG_TRUTH: Final = 14
"""A word whose text has more parts goes in a variable of its own; one that stands for a condition may be longer."""
FEW_PATHS: Final = 4
"""So many ways to one word are printed as one conditional expression; more, as statements."""
JUMPDEST: Final = 0x5B

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
READS: Final = (LOAD, CURRENT, ORIGINAL, TRANSIENT, NUMBER, LENGTH, BALANCE, CODE_SIZE)
"""What is read in a variable of its own."""

CACHED: Final = {
    LOAD: ("words", "memory.load({})"),
    CURRENT: ("current", "read_storage(address, {})"),
    ORIGINAL: ("original", "read_original(address, {})"),
    TRANSIENT: ("transient", "read_transient((address, {}), 0)"),
}
"""Words that a block keeps: in which dictionary, and how one that is not there is read."""
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

T = TypeVar("T")
Line: TypeAlias = "tuple[int, str | Callable[[], list[str]]]"
Names: TypeAlias = dict[Term, str]


@attrs.frozen
class Block:
    """The residual Python of an entry, and how many instructions are in it."""

    entry: int
    text: str
    instructions: int
    traced: int
    """How many were traced in all, where the block was made in two ways."""


@attrs.frozen(eq=False)
class Trace:
    """One block while it is traced: its lines, what its entry asks for, and what its ends must put back."""

    code: Code
    root: int
    most_memory: int = MOST_MEMORY
    """Bytes up to which memory grows."""
    known: dict[Key, Term] = attrs.field(factory=dict)
    lines: list[Line] = attrs.field(factory=list)
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

    # --- printing

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

    # --- the trace

    def start(self) -> State:
        """The state at the entry."""
        terms = Terms(self.known)
        gas, refund = terms.variable(GAS, NATURAL), terms.variable(REFUND, ANY_INTEGER)
        return State(self.root, gas, (), 0, refund, FACT_TERMS[MEMORY_SIZE], 0, 0, 0, 0)

    def trace(self, state: State, facts: Facts, indent: int, seen: frozenset[int]) -> None:
        """Print everything from ``state`` on."""
        while True:
            if state.pc == self.root and state.steps:
                self.back(state, indent)
                return
            if self.numbers[STEPS] >= MOST_STEPS or state.pc in seen:
                self.leave(state, indent)
                return
            try:
                step = explore_step(self.code, state, facts, self.known, self.most_memory)
                if self.entry.both(step.entry).gas > MOST_GAS:
                    raise Unstaged
                if all(leaf.successor.halts for leaf in step.leaves):
                    raise Unstaged
                if not plain(step) and indent - 1 > MOST_BRANCHES:
                    raise Unstaged
            except Unstaged:
                self.leave(state, indent)
                return
            if self.code.program[state.pc] == JUMPDEST:
                seen = seen | {state.pc}
            lines, entries = len(self.lines), len(self.entries)
            try:
                moved = self.instruction(state, facts, step, indent, seen)
            except Unstaged:
                self.cut(lines, entries)
                self.leave(state, indent)
                return
            if moved is None:
                return
            state, facts = moved

    def instruction(
        self, state: State, facts: Facts, step: Step, indent: int, seen: frozenset[int]
    ) -> tuple[State, Facts] | None:
        """Print one step; where it leads, or None if it was a branch, whose sides are printed."""
        self.ask(step.entry)
        self.one_more(STEPS)
        names: Names = {}
        self.guards(state, facts, step, indent)
        if not plain(step):
            self.branch(state, step.leaves, 0, indent, seen)
            return None
        settled = {**facts.settled, **dict(step.guards), **self.warmth(step, names, indent)}
        size = self.grow(state, step.leaves, indent)
        self.reads(step, settled, names, indent)
        reached = attrs.evolve(self.merge(state, step.leaves, names, indent), size=size)
        for effect in writes(step.leaves[0]):
            self.write(effect, names, indent)
        reached = self.short(reached, names, indent)
        if len(step.leaves) == 1:
            return reached, step.leaves[0].facts
        return reached, Facts(settled, facts.learned)

    def guards(self, state: State, facts: Facts, step: Step, indent: int) -> None:
        """Print the questions whose wrong answer leaves the instruction to ``step``."""
        for atom, answer in step.guards:
            if atom in facts.settled:
                continue
            if atom.op is Op.APPLY:
                what = self.text(atom.arguments[0], {})
                if atom.value == ALIGNED:
                    self.out(indent, f"if {what} & 31:")
                else:
                    self.use(WARM_ACCOUNTS)
                    self.out(indent, f"if {what} not in warm_accounts:")
                self.leave(state, indent + 1)
            else:
                self.out(indent, f"if {self.condition(atom, {}, not answer)}:")
                self.leave(state, indent + 1)

    def warmth(self, step: Step, names: Names, indent: int) -> dict[Term, bool]:
        """Print the questions whether keys were touched, and say that they are afterwards.

        A key whose word is in ``current`` was asked about before, so the order is: ask, then read.
        """
        asked: dict[Term, bool] = {}
        for leaf in step.leaves:
            for decision in leaf.trail:
                atom = decision.condition
                if atom.op is not Op.APPLY or atom.value != WARM:
                    continue
                touched = any(kind == TOUCH and key is atom.arguments[0] for kind, key, _ in leaf.successor.effects)
                if touched is decision.taken:
                    raise Unstaged
                asked[atom] = True
        for atom in asked:
            self.use(CURRENT, ADDRESS)
            key, held = self.text(atom.arguments[0], names), self.variable(ANY_INTEGER)
            self.out(indent, f"{held.value} = {key} in current or {key} in touched or (address, {key}) in warm")
            names[atom] = str(held.value)
        return asked

    def grow(self, state: State, leaves: tuple[Leaf, ...], indent: int) -> Term:
        """Print the growth of memory, if there may be one; its size afterwards."""
        rows = [(leaf, leaf.successor.state.size) for leaf in leaves if leaf.successor.state is not None]
        if all(size is state.size for _, size in rows):
            return state.size
        self.use(MEMORY, GROWN)
        held = self.variable(hull([Terms(self.known, leaf.facts.learned).interval(size) for leaf, size in rows]))
        self.out(indent, f"{held.value} = {self.text(self.chosen(rows, 0), {})}")
        self.out(indent, f"if memory.size < {held.value}:")
        self.out(indent + 1, f"memory = memory.expand({held.value})")
        return held

    def reads(self, step: Step, settled: dict[Term, bool], names: Names, indent: int) -> None:
        """Print what the step reads from memory and storage, in variables."""
        roots: list[Term] = []
        for leaf in step.leaves:
            roots.extend(decision.condition for decision in leaf.trail)
            if leaf.successor.state is not None:
                roots.extend((*leaf.successor.state.words, leaf.successor.state.gas, leaf.successor.state.refund))
            roots.extend(term for effect in leaf.successor.effects for term in effect[1:])
        for term in postorder(*roots):
            if term.op is Op.APPLY and term.value in READS:
                held = self.variable(term.interval)
                self.read(str(term.value), str(held.value), term.arguments[-1], settled, names, indent)
                names[term] = str(held.value)

    def read(self, kind: str, held: str, place: Term, settled: dict[Term, bool], names: Names, indent: int) -> None:
        """Print one read."""
        if kind == NUMBER:
            self.out(indent, f"{held} = from_bytes({self.octets(place, names, indent)}, 'big')")
            return
        if kind == LENGTH:
            self.out(indent, f"{held} = len({self.octets(place, names, indent)})")
            return
        where = self.text(place, names)
        match kind:
            case "balance":
                self.use(ACCOUNTS)
                self.out(indent, f"{held} = account({where}).balance")
                return
            case "code_size":
                self.use(ACCOUNTS)
                self.out(indent, f"{held} = len(account({where}).code)")
                return
        self.use(kind, *(() if kind == LOAD else (ADDRESS,)))
        if kind == CURRENT and not self.is_warm(place, settled):
            raise Unstaged
        kept, read = CACHED[kind]
        self.out(indent, f"{held} = {kept}.get({where})")
        self.out(indent, f"if {held} is None:")
        self.out(indent + 1, f"{held} = {kept}[{where}] = {read.format(where)}")

    def octets(self, term: Term, names: Names, indent: int) -> str:
        """The text of a byte string; memory has all that was written when it is read."""
        if term.op is Op.VARIABLE:
            self.use(str(term.value))
            return str(term.value)
        if str(term.value).startswith(LITERAL):
            return repr(bytes.fromhex(str(term.value)[len(LITERAL) :]))
        parts = term.arguments
        match term.value:
            case "slice":
                start, stop = (self.text(part, names) for part in parts[1:])
                return f"{self.octets(parts[0], names, indent)}[{start}:{stop}]"
            case "padded":
                return f"{self.octets(parts[0], names, indent)}.ljust({self.text(parts[1], names)}, b'\\0')"
            case "digest":
                return f"keccak256({self.octets(parts[0], names, indent)})"
            case "words":
                words = [f"({self.text(part, names)}).to_bytes(32, 'big')" for part in parts]
                return f"({' + '.join(words)})"
            case "read":
                self.flush(indent)
                return f"memory.read({self.text(parts[1], names)}, {self.text(parts[2], names)})"
        raise Unstaged

    def flush(self, indent: int) -> None:
        """Print that the words written reach memory here."""
        self.use(MEMORY, LOAD)
        if self.lines[-1] == (indent + 1, "written = {}"):
            return  # they have just done so
        self.out(indent, "if written:")
        self.out(indent + 1, "memory = with_words(memory, written)")
        self.out(indent + 1, "written = {}")

    def is_warm(self, key: Term, settled: dict[Term, bool]) -> bool:
        """Whether the block has made sure that the key is warm, so that its word is in ``current``."""
        return any(
            holds and atom.op is Op.APPLY and atom.value == WARM and atom.arguments[0] is key
            for atom, holds in settled.items()
        )

    def write(self, effect: Effect, names: Names, indent: int) -> None:
        """Print one write; what is written in whole words reaches the machine where the block ends."""
        kind, place, word = effect
        if kind == LOGGED:
            self.use(LOGGED, ADDRESS)
            topics = "".join(f"{self.text(topic, names)}, " for topic in word.arguments)
            self.out(indent, f"logged.append(Log(address, ({topics}), {self.octets(place, names, indent)}))")
        elif kind == WRITE:
            self.flush(indent)
            data = self.octets(word, names, indent)
            self.out(indent, f"memory = memory.write({self.text(place, names)}, {data})")
            self.out(indent, "words = {}")
        else:
            noted = {LOAD: WRITTEN, CURRENT: STORED, TRANSIENT: MOVED}[kind]
            self.use(kind, noted, *(() if kind == LOAD else (ADDRESS,)))
            where = self.text(place, names)
            self.out(indent, f"{CACHED[kind][0]}[{where}] = {noted}[{where}] = {self.text(word, names)}")

    # --- one successor of several paths

    def merge(self, state: State, leaves: tuple[Leaf, ...], names: Names, indent: int) -> State:
        """The state after a step whose paths differ in words, gas or refund only."""
        states = [leaf.successor.state for leaf in leaves if leaf.successor.state is not None]
        first = states[0]
        if first.refund is not state.refund:
            self.use(REFUND)
        if len(states) == 1:
            if leaves[0].successor.effects != writes(leaves[0]):
                raise Unstaged
            return first
        terms = Terms(self.known)
        spent = [spent_of(state.gas, each.gas, terms) for each in states]
        given = [terms.binary(Op.SUB, each.refund, state.refund) for each in states]
        columns = [spent, given, *(list(column) for column in zip(*(each.words for each in states), strict=True))]
        varying = [column for column in columns if any(term is not column[0] for term in column)]
        touches = any(effect[0] == TOUCH for leaf in leaves for effect in leaf.successor.effects)
        if len(varying) == 1 and not touches and len(leaves) <= FEW_PATHS:
            only = [self.chosen(list(zip(leaves, varying[0], strict=True)), 0)]
        else:
            only = [self.variable(hull([term.interval for term in column])) for column in varying]
            rows = [(leaf, tuple(column[index] for column in varying)) for index, leaf in enumerate(leaves)]
            self.cases([str(each.value) for each in only], rows, 0, names, indent)
        merged = iter(only)
        one = [column[0] if all(term is column[0] for term in column) else next(merged) for column in columns]
        gas = terms.binary(Op.SUB, state.gas, one[0])
        refund = terms.binary(Op.ADD, state.refund, one[1])
        if refund is not state.refund:
            self.use(REFUND)
        return attrs.evolve(first, gas=gas, refund=refund, words=tuple(one[2:]))

    def chosen(self, cases: list[tuple[Leaf, Term]], depth: int) -> Term:
        """The term of the path that is taken, as one conditional expression."""
        if len(cases) == 1:
            return cases[0][1]
        test, yes, no = divided(cases, depth)
        if not yes or not no:
            return self.chosen(yes or no, depth + 1)
        return Terms(self.known).choose(test, self.chosen(yes, depth + 1), self.chosen(no, depth + 1))

    def cases(
        self, held: list[str], rows: list[tuple[Leaf, tuple[Term, ...]]], depth: int, names: Names, indent: int
    ) -> None:
        """Print the terms of the path that is taken, as statements."""
        if len(rows) == 1:
            values = [self.text(term, names) for term in rows[0][1]]
            self.out(indent, f"{', '.join(held)} = {', '.join(values)}" if held else "pass")
            for kind, key, _ in rows[0][0].successor.effects:
                if kind == TOUCH:
                    self.use(TOUCH)
                    self.out(indent, f"touched[{self.text(key, names)}] = True")
            return
        test, yes, no = divided(rows, depth)
        if not yes or not no:
            self.cases(held, yes or no, depth + 1, names, indent)
            return
        self.out(indent, f"if {self.condition(test, names)}:")
        self.cases(held, yes, depth + 1, names, indent + 1)
        self.out(indent, "else:")
        self.cases(held, no, depth + 1, names, indent + 1)

    def short(self, state: State, names: Names, indent: int) -> State:
        """The state with its long terms in variables, each once."""
        held: dict[Term, Term] = {}

        def shortened(term: Term, most: int) -> Term:
            if term in names:
                return Terms(self.known).variable(names[term], WORD)
            if term not in held:
                held[term] = self.bound(term, names, indent) if nodes(term, names) > most else term
            return held[term]

        def most(word: Term) -> int:
            if state.words.count(word) > 1:
                return 1
            return LONG_TRUTH if is_truth(word) else LONG

        words = tuple(shortened(word, most(word)) for word in state.words)
        for part in postorder(state.gas):  # the part of the price that is not known; the rest stays a sum
            if part.op is Op.ITE and part not in held and part not in names:
                held[part] = self.bound(part, names, indent)
        gas = replaced(state.gas, held, Terms(self.known))
        return attrs.evolve(state, words=words, gas=gas, refund=shortened(state.refund, LONG))

    # --- branches and ends

    def branch(self, state: State, leaves: tuple[Leaf, ...], depth: int, indent: int, seen: frozenset[int]) -> None:
        """Print both sides of a branch, each to its end."""
        if len(leaves) == 1:
            reached = leaves[0].successor.state
            if reached is None:
                self.leave(state, indent)
            elif leaves[0].successor.effects:
                raise Unstaged
            else:
                self.trace(self.short(reached, {}, indent), leaves[0].facts, indent, seen)
            return
        test, yes, no = divided([(leaf, leaf) for leaf in leaves], depth)
        if yes and no:
            self.out(indent, f"if {self.condition(test, {})}:")
            self.branch(state, tuple(leaf for leaf, _ in yes), depth + 1, indent + 1, seen)
        self.branch(state, tuple(leaf for leaf, _ in no or yes), depth + 1, indent, seen)

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

        def lines() -> list[str]:
            standing = words + [f"s{index}" for index in range(state.below, self.numbers[SLOTS])]
            found, stack = [], "base"
            for height, word in enumerate(reversed(standing), 1):
                stack = f"Stack({word}, {stack}, base_depth + {height})"
                if height % 30 == 0:
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

        self.out(indent, lines)

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


def plain(step: Step) -> bool:
    """Whether all paths of the step lead to one place and write the same."""
    first = step.leaves[0].successor
    return all(
        leaf.successor.state is not None
        and first.state is not None
        and leaf.successor.state.pc == first.state.pc
        and len(leaf.successor.state.words) == len(first.state.words)
        and leaf.successor.state.below == first.state.below
        and writes(leaf) == writes(step.leaves[0])
        for leaf in step.leaves
    )


def writes(leaf: Leaf) -> tuple[Effect, ...]:
    """The path's writes to memory and storage."""
    return tuple(effect for effect in leaf.successor.effects if effect[0] != TOUCH)


def divided(rows: list[tuple[Leaf, T]], depth: int) -> tuple[Term, list[tuple[Leaf, T]], list[tuple[Leaf, T]]]:
    """The question that the paths ask at ``depth``, and those that answer it with yes and with no."""
    return (
        rows[0][0].trail[depth].condition,
        [row for row in rows if row[0].trail[depth].taken],
        [row for row in rows if not row[0].trail[depth].taken],
    )


def is_truth(term: Term) -> bool:
    """Whether the term says which of two constants it is."""
    return term.op is Op.ITE and term.arguments[1].is_constant and term.arguments[2].is_constant


def hull(intervals: list[Interval]) -> Interval:
    """The smallest interval around all."""
    return reduce(Interval.hull, intervals)


def spent_of(before: Term, after: Term, terms: Terms) -> Term:
    """``before - after``, of which the summands that are in both are left out."""
    counts: dict[Term, int] = {}
    waiting = [(before, 1), (after, -1)]
    while waiting:
        term, sign = waiting.pop()
        if term.op in (Op.ADD, Op.SUB):
            waiting += [(term.arguments[0], sign), (term.arguments[1], sign if term.op is Op.ADD else -sign)]
        elif term.op is Op.NEG:
            waiting.append((term.arguments[0], -sign))
        else:
            counts[term] = counts.get(term, 0) + sign
    total = terms.integer(0)
    for term, count in sorted(counts.items(), key=lambda counted: -counted[1]):
        for _ in range(abs(count)):
            total = terms.binary(Op.ADD if count > 0 else Op.SUB, total, term)
    return total


def replaced(term: Term, held: dict[Term, Term], terms: Terms) -> Term:
    """A sum in which the parts that are held in variables are these."""
    if term in held:
        return held[term]
    if term.op in (Op.ADD, Op.SUB):
        a, b = (replaced(argument, held, terms) for argument in term.arguments)
        return terms.binary(term.op, a, b)
    return term


def trace_block(code: Code, entry: int) -> Block | None:
    """The block for ``entry``; None if its first instruction is not for blocks.

    In a loop memory grows in the first round, if at all, so that a loop is made as if it did not.
    """
    trace = traced(Trace(code, entry))
    count = trace.numbers[STEPS]
    if LOOP in trace.uses and GROWN in trace.uses:
        trace = traced(Trace(code, entry, 0))
        count += trace.numbers[STEPS]
    return Block(entry, trace.render(), trace.numbers[STEPS], count) if trace.numbers[STEPS] else None


def traced(trace: Trace) -> Trace:
    """The trace when it is complete."""
    root = trace.start()
    trace.out(0, lambda: [f"if gas < {trace.entry.gas}:"] if trace.entry.gas > 0 else ["if False:"])
    trace.leave(root, 1)
    with Idealized(IDEALS):
        trace.trace(root, Facts(), 0, frozenset())
    return trace
