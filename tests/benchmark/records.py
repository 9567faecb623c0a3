"""Records and containers side by side: why the machine is made of what it is made of.

Run it as ``python -m tests.benchmark.records``. Figures are CPU nanoseconds an operation, the least of several rounds
that go around the candidates; the ratio is to the choice made, which is marked.
"""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import make_dataclass
from dataclasses import replace as dataclass_replace
from functools import reduce
from pathlib import Path
from timeit import timeit
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

import attrs
import msgspec
import typer
from immutables import Map
from pyrsistent import PRecord, field, pmap, pvector
from rich.console import Console
from rich.table import Table

from hyperion.vm.machine import Machine
from hyperion.vm.memory import EMPTY_MEMORY
from hyperion.vm.stack import stack_of

Operation: TypeAlias = Callable[[], object]

FIELDS: Final = Machine.__struct_fields__
VALUES: Final = tuple(range(len(FIELDS)))
CHANGED: Final = {"pc": 1, "gas": 2, "stack": 3, "steps": 4}
"""What an ordinary instruction changes."""

console = Console()


@attrs.frozen
class Question:
    """One choice: what was chosen, and what does the same."""

    title: str
    chosen: str
    candidates: dict[str, Operation]


# --- records ---------------------------------------------------------------------------------------------------------


class Tuple(NamedTuple):
    """The machine's fields as a named tuple."""

    pc: Any
    gas: Any
    stack: Any
    memory: Any
    returned: Any
    frame: Any
    world: Any
    substate: Any
    environment: Any
    steps: Any
    boundary: Any


def records() -> Question:
    """A new machine at each step: all fields given."""
    frozen = attrs.make_class("Frozen", list(FIELDS), frozen=True, slots=True)
    thawed = attrs.make_class("Thawed", list(FIELDS), slots=True)
    data = make_dataclass("Data", FIELDS, frozen=True, slots=True)
    struct = msgspec.defstruct("Struct", list(FIELDS), frozen=True, gc=False)
    collected = msgspec.defstruct("Collected", list(FIELDS), frozen=True)
    return Question(
        f"build a record of {len(FIELDS)} fields",
        "msgspec frozen, gc=False",
        {
            "msgspec frozen, gc=False": lambda: struct(*VALUES),
            "msgspec frozen": lambda: collected(*VALUES),
            "attrs frozen slots": lambda: frozen(*VALUES),
            "attrs slots, not frozen": lambda: thawed(*VALUES),
            "dataclass frozen slots": lambda: data(*VALUES),
            "NamedTuple": lambda: Tuple(*VALUES),
        },
    )


def replacements() -> Question:
    """A new machine at each step: the fields that change given, the others taken over."""
    frozen = attrs.make_class("Frozen", list(FIELDS), frozen=True, slots=True)(*VALUES)
    data = make_dataclass("Data", FIELDS, frozen=True, slots=True)(*VALUES)
    struct = msgspec.defstruct("Struct", list(FIELDS), frozen=True, gc=False)(*VALUES)
    named = Tuple(*VALUES)
    persistent = type("Persistent", (PRecord,), {name: field() for name in FIELDS})(
        **dict(zip(FIELDS, VALUES, strict=True))
    )
    return Question(
        f"change {len(CHANGED)} of {len(FIELDS)} fields",
        "msgspec.structs.replace",
        {
            "msgspec.structs.replace": lambda: msgspec.structs.replace(struct, **CHANGED),
            "attrs.evolve": lambda: attrs.evolve(frozen, **CHANGED),
            "dataclasses.replace": lambda: dataclass_replace(data, **CHANGED),
            "NamedTuple._replace": lambda: named._replace(**CHANGED),
            "pyrsistent PRecord": lambda: persistent.update(CHANGED),
        },
    )


# --- stacks ----------------------------------------------------------------------------------------------------------


def stacks(depth: int) -> Question:
    """What ADD does to a stack: two words off, one on."""
    words = [3**200 + index for index in range(depth)]
    cells, copied, vector = stack_of(words), tuple(words), pvector(words)

    def vector_add() -> object:
        return vector[:-2].append(vector[-1] + vector[-2])

    def cells_add() -> object:
        second = cells.rest
        return second.rest.push(cells.top + second.top)

    return Question(
        f"ADD on a stack of {depth} words",
        "cons cells",
        {
            "cons cells": cells_add,
            "tuple": lambda: (*copied[:-2], copied[-1] + copied[-2]),
            "pyrsistent pvector": vector_add,
        },
    )


# --- maps ------------------------------------------------------------------------------------------------------------


def maps(size: int) -> Question:
    """A storage word written, with the map before kept."""
    entries = {key * 0x9E3779B97F4A7C15 % 2**64: key for key in range(size)}
    key = next(iter(entries))
    hamt, persistent = Map(entries), pmap(entries)

    def copied_dict() -> object:
        copied = entries.copy()
        copied[key] = 1
        return copied

    candidates: dict[str, Operation] = {
        "immutables.Map": lambda: hamt.set(key, 1),
        "pyrsistent pmap": lambda: persistent.set(key, 1),
        "dict, copied": copied_dict,
    }
    try:
        from rpds import HashTrieMap
    except ImportError:
        pass
    else:
        rust = HashTrieMap(entries)
        candidates["rpds.HashTrieMap"] = lambda: rust.insert(key, 1)
    return Question(f"set in a map of {size:,} entries", "immutables.Map", candidates)


# --- memories --------------------------------------------------------------------------------------------------------


def memories(size: int) -> Question:
    """A word of memory written, with the memory before kept."""
    data, word, offset = bytes(size), 3**150, size // 2
    tree = EMPTY_MEMORY.expand(size).write(0, data)
    pages = tuple(bytes(1024) for _ in range(size // 1024))
    words = reduce(lambda held, index: held.set(index, index), range(size // 32), Map[int, int]())

    def paged() -> object:
        index, within = divmod(offset, 1024)
        page = pages[index]
        page = page[:within] + word.to_bytes(32, "big") + page[within + 32 :]
        return (*pages[:index], page, *pages[index + 1 :])

    return Question(
        f"store a word in {size // 1024} KiB",
        "tree of pages",
        {
            "tree of pages": lambda: tree.store(offset, word),
            "bytes, copied": lambda: data[:offset] + word.to_bytes(32, "big") + data[offset + 32 :],
            "tuple of 1 KiB pages": paged,
            "map of words": lambda: words.set(offset // 32, word),
        },
    )


# --- measuring -------------------------------------------------------------------------------------------------------


def nanoseconds(operation: Operation, budget: float) -> float:
    """CPU nanoseconds of one operation, run for about ``budget`` seconds."""
    once = max(timeit(operation, number=3, timer=time.perf_counter) / 3, 1e-8)
    number = max(1, int(budget / once))
    return timeit(operation, number=number, timer=time.process_time) / number * 1e9


def answer(question: Question, rounds: int, budget: float) -> dict[str, float]:
    """The least figure of each candidate."""
    found: dict[str, float] = {}
    for _ in range(rounds):
        for name, operation in question.candidates.items():
            found[name] = min(nanoseconds(operation, budget), found.get(name, float("inf")))
    return found


def show(question: Question, found: dict[str, float]) -> None:
    """One question as a table."""
    table = Table(title=question.title, box=None, title_justify="left", title_style="bold", min_width=58)
    table.add_column("", no_wrap=True, width=28)
    table.add_column("ns", justify="right", width=14)
    table.add_column("×", justify="right", width=10)
    for name, figure in found.items():
        mark = "[green]" if name == question.chosen else ""
        table.add_row(f"{mark}{name}", f"{mark}{figure:,.0f}", f"{mark}{figure / found[question.chosen]:,.1f}")
    console.print(table)


def questions() -> Iterable[Question]:
    """All choices of ``machine.py``, ``stack.py``, ``world.py`` and ``memory.py``."""
    yield records()
    yield replacements()
    yield from (stacks(depth) for depth in (4, 32, 900))
    yield from (maps(size) for size in (10, 1_000, 100_000))
    yield from (memories(size) for size in (1024, 32 * 1024, 1024 * 1024))


def main(
    rounds: Annotated[int, typer.Option(min=1, help="rounds over the candidates of a question")] = 5,
    budget: Annotated[float, typer.Option(help="seconds for one candidate in one round")] = 0.02,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here too")] = None,
) -> None:
    """Measure the records and containers of the machine against others."""
    figures = {}
    for question in questions():
        found = answer(question, rounds, budget)
        show(question, found)
        figures[question.title] = {"chosen": question.chosen, "nanoseconds": found}
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
