"""Printing what a step reads and writes: words of memory and storage, accounts, byte strings, logs.

Words of memory and slots of storage stay in dictionaries of the block until it ends, or until bytes are read.
"""

from __future__ import annotations

from typing import Final

from hyperion.symbolic.expression import ANY_INTEGER, Op, Term, postorder
from hyperion.symbolic.terms import Terms
from hyperion.vm.staging.draft import ACCOUNTS, GROWN, MEMORY, MOVED, STORED, WRITTEN, Draft, Names
from hyperion.vm.staging.exploring import Leaf, Step
from hyperion.vm.staging.merging import chosen, hull
from hyperion.vm.staging.octets import LENGTH, LITERAL, NUMBER
from hyperion.vm.staging.recording import (
    ADDRESS,
    BALANCE,
    CODE_SIZE,
    CURRENT,
    LOAD,
    LOGGED,
    ORIGINAL,
    TOUCH,
    TRANSIENT,
    WARM,
    WRITE,
    Effect,
    State,
    Unstaged,
)

READS: Final = (LOAD, CURRENT, ORIGINAL, TRANSIENT, NUMBER, LENGTH, BALANCE, CODE_SIZE)
"""What is read in a variable of its own."""
CACHED: Final = {
    LOAD: ("words", "memory.load({})"),
    CURRENT: ("current", "read_storage(address, {})"),
    ORIGINAL: ("original", "read_original(address, {})"),
    TRANSIENT: ("transient", "read_transient((address, {}), 0)"),
}
"""Words that a block keeps: in which dictionary, and how one that is not there is read."""


def warmth(draft: Draft, step: Step, names: Names, indent: int) -> dict[Term, bool]:
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
        draft.use(CURRENT, ADDRESS)
        key, held = draft.text(atom.arguments[0], names), draft.variable(ANY_INTEGER)
        draft.out(indent, f"{held.value} = {key} in current or {key} in touched or (address, {key}) in warm")
        names[atom] = str(held.value)
    return asked


def grow(draft: Draft, state: State, leaves: tuple[Leaf, ...], indent: int) -> Term:
    """Print the growth of memory, if there may be one; its size afterwards."""
    rows = [(leaf, leaf.successor.state.size) for leaf in leaves if leaf.successor.state is not None]
    if all(size is state.size for _, size in rows):
        return state.size
    draft.use(MEMORY, GROWN)
    held = draft.variable(hull([Terms(draft.known, leaf.facts.learned).interval(size) for leaf, size in rows]))
    draft.out(indent, f"{held.value} = {draft.text(chosen(Terms(draft.known), rows, 0), {})}")
    draft.out(indent, f"if memory.size < {held.value}:")
    draft.out(indent + 1, f"memory = memory.expand({held.value})")
    return held


def reads(draft: Draft, step: Step, settled: dict[Term, bool], names: Names, indent: int) -> None:
    """Print what the step reads from memory and storage, in variables."""
    roots: list[Term] = []
    for leaf in step.leaves:
        roots.extend(decision.condition for decision in leaf.trail)
        if leaf.successor.state is not None:
            roots.extend((*leaf.successor.state.words, leaf.successor.state.gas, leaf.successor.state.refund))
        roots.extend(term for effect in leaf.successor.effects for term in effect[1:])
    for term in postorder(*roots):
        if term.op is Op.APPLY and term.value in READS:
            held = draft.variable(term.interval)
            read(draft, str(term.value), str(held.value), term.arguments[-1], settled, names, indent)
            names[term] = str(held.value)


def read(draft: Draft, kind: str, held: str, place: Term, settled: dict[Term, bool], names: Names, indent: int) -> None:
    """Print one read."""
    if kind == NUMBER:
        draft.out(indent, f"{held} = from_bytes({octets(draft, place, names, indent)}, 'big')")
        return
    if kind == LENGTH:
        draft.out(indent, f"{held} = len({octets(draft, place, names, indent)})")
        return
    where = draft.text(place, names)
    match kind:
        case "balance":
            draft.use(ACCOUNTS)
            draft.out(indent, f"{held} = account({where}).balance")
            return
        case "code_size":
            draft.use(ACCOUNTS)
            draft.out(indent, f"{held} = len(account({where}).code)")
            return
    draft.use(kind, *(() if kind == LOAD else (ADDRESS,)))
    if kind == CURRENT and not is_warm(place, settled):
        raise Unstaged
    kept, read = CACHED[kind]
    draft.out(indent, f"{held} = {kept}.get({where})")
    draft.out(indent, f"if {held} is None:")
    draft.out(indent + 1, f"{held} = {kept}[{where}] = {read.format(where)}")


def octets(draft: Draft, term: Term, names: Names, indent: int) -> str:
    """The text of a byte string; memory has all that was written when it is read."""
    if term.op is Op.VARIABLE:
        draft.use(str(term.value))
        return str(term.value)
    if str(term.value).startswith(LITERAL):
        return repr(bytes.fromhex(str(term.value)[len(LITERAL) :]))
    parts = term.arguments
    match term.value:
        case "slice":
            start, stop = (draft.text(part, names) for part in parts[1:])
            return f"{octets(draft, parts[0], names, indent)}[{start}:{stop}]"
        case "padded":
            return f"{octets(draft, parts[0], names, indent)}.ljust({draft.text(parts[1], names)}, b'\\0')"
        case "digest":
            return f"keccak256({octets(draft, parts[0], names, indent)})"
        case "words":
            words = [f"({draft.text(part, names)}).to_bytes(32, 'big')" for part in parts]
            return f"({' + '.join(words)})"
        case "read":
            flush(draft, indent)
            return f"memory.read({draft.text(parts[1], names)}, {draft.text(parts[2], names)})"
    raise Unstaged


def flush(draft: Draft, indent: int) -> None:
    """Print that the words written reach memory here."""
    draft.use(MEMORY, LOAD)
    if draft.lines[-1] == (indent + 1, "written = {}"):
        return  # they have just done so
    draft.out(indent, "if written:")
    draft.out(indent + 1, "memory = with_words(memory, written)")
    draft.out(indent + 1, "written = {}")


def is_warm(key: Term, settled: dict[Term, bool]) -> bool:
    """Whether the block has made sure that the key is warm, so that its word is in ``current``."""
    return any(
        holds and atom.op is Op.APPLY and atom.value == WARM and atom.arguments[0] is key
        for atom, holds in settled.items()
    )


def write(draft: Draft, effect: Effect, names: Names, indent: int) -> None:
    """Print one write; what is written in whole words reaches the machine where the block ends."""
    kind, place, word = effect
    if kind == LOGGED:
        draft.use(LOGGED, ADDRESS)
        topics = "".join(f"{draft.text(topic, names)}, " for topic in word.arguments)
        draft.out(indent, f"logged.append(Log(address, ({topics}), {octets(draft, place, names, indent)}))")
    elif kind == WRITE:
        flush(draft, indent)
        data = octets(draft, word, names, indent)
        draft.out(indent, f"memory = memory.write({draft.text(place, names)}, {data})")
        draft.out(indent, "words = {}")
    else:
        noted = {LOAD: WRITTEN, CURRENT: STORED, TRANSIENT: MOVED}[kind]
        draft.use(kind, noted, *(() if kind == LOAD else (ADDRESS,)))
        where = draft.text(place, names)
        draft.out(indent, f"{CACHED[kind][0]}[{where}] = {noted}[{where}] = {draft.text(word, names)}")
