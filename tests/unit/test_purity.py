"""The model is pure: what its syntax shows, what its classes are, and what its functions leave of their arguments."""

import copy
import enum
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any, Final

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map

from hyperion.execution import receipt
from hyperion.state import commitment, trie
from hyperion.vm.code import analyse
from hyperion.vm.memory import EMPTY_MEMORY
from hyperion.vm.stack import stack_of
from hyperion_conformance.registry import modules_of
from tests.unit.purity import Finding, inspect_modules

REFERENCE: Final = Path(__file__).resolve().parents[2] / "reference"

SORTED_BY_TRIE: Final = "root_of and trie_of sort: see test_trie_does_not_see_the_order"
UNOBSERVABLE: Final = "memoised, unobservable: see test_cache_is_unobservable"
DERIVED: Final = "computed from frozen fields, once; not part of equality"
OF_ONE_RUN: Final = "state of one run of the explorer, in an object that it makes and drops"
OF_ONE_PROOF: Final = "nodes of the proof of one step, in an object that it makes and drops"
OF_ONE_TRACE: Final = "state of the tracing of one block, in an object that it makes and drops"
BLOCK_CACHE: Final = "a cache that the caller makes and hands in: see test_the_cache_does_not_show"
RESTORED: Final = "replaces a function for a `with` block and puts it back: see test_escapes"
ALLOWED: Final = {
    ("argument-mutation", "hyperion.rules.rule.attach"): "a decorator, run once when the function is made",
    ("identity", "hyperion.vm.stack.Stack.__hash__"): "a hash of integers, which does not vary between processes",
    ("reflection", "hyperion.vm.instructions.__init__.rows_of"): "names of a module in the order of its definitions",
    ("argument-mutation", "hyperion.settlement.onestep.nodes.Collected.keep"): OF_ONE_PROOF,
    ("argument-mutation", "hyperion.settlement.onestep.nodes.Collected.put"): OF_ONE_PROOF,
    ("argument-mutation", "hyperion.settlement.onestep.nodes.Opened.preimage"): OF_ONE_PROOF,
    ("argument-mutation", "hyperion.symbolic.path.Path.branch"): OF_ONE_RUN,
    ("argument-mutation", "hyperion.symbolic.path.Path.check"): OF_ONE_RUN,
    ("argument-mutation", "hyperion.symbolic.path.Path.escape"): OF_ONE_RUN,
    ("argument-mutation", "hyperion.symbolic.path.Path.fresh"): OF_ONE_RUN,
    ("argument-mutation", "hyperion.symbolic.path.Path.lemma"): OF_ONE_RUN,
    ("argument-mutation", "hyperion.symbolic.path.Path.settle"): OF_ONE_RUN,
    ("argument-mutation", "hyperion.symbolic.terms.Terms.integer"): OF_ONE_RUN,
    ("argument-mutation", "hyperion.symbolic.terms.Terms.make"): OF_ONE_RUN,
    ("argument-mutation", "hyperion.symbolic.terms.Terms.narrow"): OF_ONE_RUN,
    ("broad-except", "hyperion.symbolic.explore.follow"): "what the function raises is an outcome, whatever it is",
    ("argument-mutation", "hyperion.symbolic.ideal.Idealized.__enter__"): RESTORED,
    ("reflection", "hyperion.symbolic.ideal.Idealized.__enter__"): RESTORED,
    ("reflection", "hyperion.symbolic.ideal.Idealized.__exit__"): RESTORED,
    **{
        ("argument-mutation", f"hyperion.vm.staging.blocks.{name}"): BLOCK_CACHE
        for name in (
            "Blocks.note", "Blocks.note_frame", "Blocks.of", "Blocks.shrink", "Blocks.table", "Table.count",
            "Table.is_new", "Table.make", "Table.stretch", "Tables.forget",
        )
    },
    ("reflection", "hyperion.vm.staging.linking.compiled"): "the text is derived from the model and from code bytes "
    "alone, and gets no names but those it is linked with: see test_a_block_can_reach_nothing_else",
    ("argument-mutation", "hyperion.vm.staging.exploring.Assumptions.answer"): OF_ONE_TRACE,
    ("argument-mutation", "hyperion.vm.staging.exploring.Assumptions.at_least"): OF_ONE_TRACE,
    ("argument-mutation", "hyperion.vm.staging.exploring.Assumptions.at_most"): OF_ONE_TRACE,
    ("argument-mutation", "hyperion.vm.staging.exploring.Assumptions.feasible"): OF_ONE_TRACE,
    ("argument-mutation", "hyperion.vm.staging.exploring.Assumptions.guard"): OF_ONE_TRACE,
    ("argument-mutation", "hyperion.vm.staging.draft.Draft.ask"): OF_ONE_TRACE,
    ("argument-mutation", "hyperion.vm.staging.draft.Draft.cut"): OF_ONE_TRACE,
    ("argument-mutation", "hyperion.vm.staging.draft.Draft.need_slots"): OF_ONE_TRACE,
    ("argument-mutation", "hyperion.vm.staging.draft.Draft.one_more"): OF_ONE_TRACE,
    ("argument-mutation", "hyperion.vm.staging.draft.Draft.out"): OF_ONE_TRACE,
    ("argument-mutation", "hyperion.vm.staging.accessing.reads"): OF_ONE_TRACE,
    ("argument-mutation", "hyperion.vm.staging.draft.Draft.use"): OF_ONE_TRACE,
    ("argument-mutation", "hyperion.vm.staging.accessing.warmth"): OF_ONE_TRACE,
    ("cache", "hyperion.vm.code.analyse"): UNOBSERVABLE,
    ("cache", "hyperion.execution.receipt.bloom_bits"): UNOBSERVABLE,
    ("cache", "hyperion.state.commitment._root_of_storage"): UNOBSERVABLE,
    ("cache", "hyperion.state.commitment.account_key"): UNOBSERVABLE,
    ("cache", "hyperion.state.commitment.code_hash"): UNOBSERVABLE,
    ("cache", "hyperion.state.commitment.storage_key"): UNOBSERVABLE,
    ("cache", "hyperion.state.trie.Branch.reference"): DERIVED,
    ("cache", "hyperion.state.trie.Extension.reference"): DERIVED,
    ("cache", "hyperion.state.trie.Leaf.reference"): DERIVED,
    ("set-order", "hyperion.state.commitment._storage_entries"): SORTED_BY_TRIE,
    ("set-order", "hyperion.state.commitment.state_root"): SORTED_BY_TRIE,
    ("set-order", "hyperion.state.commitment.state_trie"): SORTED_BY_TRIE,
}
"""Findings that are harmless, each with the reason. An entry that no longer matches anything fails the test."""


def model_sources() -> dict[str, str]:
    """Every module of the model, as dotted name -> text."""
    return {
        ".".join(path.relative_to(REFERENCE).with_suffix("").parts): path.read_text(encoding="utf-8")
        for path in sorted((REFERENCE / "hyperion").rglob("*.py"))
    }


def test_model_has_no_impurity() -> None:
    sources = model_sources()
    assert len(sources) > 10, "the model was not found"
    findings = list(inspect_modules(sources))
    unexplained = [finding for finding in findings if (finding.kind, finding.where) not in ALLOWED]
    assert unexplained == []
    stale = set(ALLOWED) - {(finding.kind, finding.where) for finding in findings}
    assert stale == set(), "remove what is no longer needed"


# One seeded violation for each thing that the check claims to catch.
SEEDED: Final = {
    "clock": ("import", "import time"),
    "calendar": ("import", "from datetime import datetime"),
    "randomness": ("import", "import random"),
    "secrets": ("import", "from secrets import token_bytes"),
    "uuid": ("import", "import uuid"),
    "environment": ("import", "from os import environ"),
    "process": ("import", "import sys"),
    "files": ("import", "from pathlib import Path"),
    "streams": ("import", "import io"),
    "network": ("import", "import socket"),
    "threads": ("import", "import threading"),
    "subprocess": ("import", "import subprocess"),
    "foreign library": ("import", "import requests"),
    "real function": ("import", "from math import log2"),
    "relative import": ("import", "from . import step"),
    "import in function": ("import", "def f():\n    import time\n    return time.time()"),
    "file": ("input-output", "def f():\n    return open('x').read()"),
    "print": ("input-output", "def f(x):\n    print(x)"),
    "setup file": ("input-output", "import ckzg\nSETUP = ckzg.load_trusted_setup('setup.txt', 0)"),
    "eval": ("reflection", "def f(x):\n    return eval(x)"),
    "exec": ("reflection", "def f(x):\n    exec(x)"),
    "globals": ("reflection", "def f():\n    return globals()"),
    "instance dictionary": ("reflection", "def f(x):\n    return x.__dict__"),
    "identity": ("identity", "def f(x):\n    return id(x)"),
    "hash": ("identity", "def f(x):\n    return hash(x)"),
    "global": ("global", "N = 0\ndef f():\n    global N\n    N = 1"),
    "nonlocal": ("global", "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n    return g"),
    "table item": ("module-mutation", "T = {}\ndef f(k):\n    T[k] = 1"),
    "table method": ("module-mutation", "T = []\ndef f(k):\n    T.append(k)"),
    "table default": ("module-mutation", "T = {}\ndef f(k):\n    return T.setdefault(k, 1)"),
    "table delete": ("module-mutation", "T = {}\ndef f(k):\n    del T[k]"),
    "float literal": ("float", "HALF = 0.5"),
    "true division": ("float", "def f(a, b):\n    return a / b"),
    "division in place": ("float", "def f(a, b):\n    a /= b\n    return a"),
    "float conversion": ("float", "def f(a):\n    return int(float(a))"),
    "set display": ("set-order", "def f():\n    for x in {1, 2}:\n        yield x"),
    "set of list": ("set-order", "def f(xs: list[int]):\n    return [x + 1 for x in set(xs)]"),
    "set parameter": ("set-order", "def f(xs: frozenset[int]):\n    return list(xs)"),
    "set variable": ("set-order", "def f(a):\n    s = {x for x in a}\n    return tuple(s)"),
    "set annotated": ("set-order", "def f(a):\n    s: set[int] = a\n    return [*s]"),
    "set field": ("set-order", "class R:\n    eips: frozenset[int]\ndef f(r: R):\n    return next(iter(r.eips))"),
    "set result": ("set-order", "def g() -> set[int]: ...\ndef f():\n    return enumerate(g())"),
    "set algebra": ("set-order", "def f(a: set[int], b: set[int]):\n    return b''.join(x for x in a | b)"),
    "set union": ("set-order", "def f(a: set[int], b: set[int]):\n    return list(a.union(b))"),
    "set pop": ("set-order", "def f(a: set[int]):\n    return a.pop()"),
    "set in quotes": ("set-order", "def f(a: 'frozenset[int] | None'):\n    return tuple(a)"),
    "hash map": ("set-order", "def f(m: Map[bytes, int]):\n    return [v for _, v in m.items()]"),
    "hash map loop": ("set-order", "def f(m: Map[bytes, int]):\n    for k in m:\n        yield k"),
    "mutable default": ("mutable-default", "def f(x=[]):\n    return x"),
    "mutable default call": ("mutable-default", "def f(*, x=dict()):\n    return x"),
    "argument field": ("argument-mutation", "def f(a):\n    a.x = 1"),
    "argument item": ("argument-mutation", "def f(a):\n    a[0] = 1"),
    "argument item in place": ("argument-mutation", "def f(a):\n    a.b[0] += 1"),
    "argument unpacked": ("argument-mutation", "def f(a, b):\n    a[0], b[0] = 1, 2"),
    "argument deleted": ("argument-mutation", "def f(a):\n    del a[0]"),
    "argument method": ("argument-mutation", "def f(a):\n    a.append(1)"),
    "argument sorted in place": ("argument-mutation", "def f(a: list[int]):\n    a.sort()\n    return a"),
    "argument extended in place": ("argument-mutation", "def f(a: list[int]):\n    a += [1]\n    return a"),
    "argument popped": ("argument-mutation", "def f(a: list[int]):\n    return a.pop()"),
    "self": ("argument-mutation", "class C:\n    def f(self):\n        self.x = 1"),
    "frozen by force": ("argument-mutation", "def f(a):\n    object.__setattr__(a, 'x', 1)"),
    "inner function": ("argument-mutation", "def f(a):\n    def g():\n        a[0] = 1\n    return g"),
    "assert": ("assert", "def f(x):\n    assert x > 0\n    return x"),
    "bare except": ("broad-except", "def f(g):\n    try:\n        return g()\n    except:\n        return None"),
    "broad except": ("broad-except", "def f(g):\n    try:\n        g()\n    except (KeyError, Exception): ..."),
    "cache": ("cache", "from functools import lru_cache\n@lru_cache\ndef f(x):\n    return x"),
    "cache of a module": ("cache", "import functools\n@functools.cache\ndef f(x):\n    return x"),
    "coroutine": ("async", "async def f(): ..."),
}

PURE: Final = {
    "sorted set": "def f(s: set[int]):\n    return sorted(s)",
    "size and membership": "def f(s: frozenset[int], x):\n    return len(s) + (x in s)",
    "order-blind consumers": "def f(s: set[int]):\n    return max(x + 1 for x in s), any(x == 1 for x in s)",
    "sorted map": "def f(m: Map[bytes, int]):\n    return [m[k] for k in sorted(m)], sorted(m.items())",
    "local list": "def f(n):\n    out = []\n    out.append(n)\n    out[0] = 2\n    return tuple(out)",
    "persistent append": "def f(logs, x):\n    return logs.append(x)",
    "floor division": "def f(a, b):\n    return a // b",
    "constructor": "class E(Exception):\n    def __init__(self, field):\n        self.field = field",
    "narrow except": "def f(g):\n    try:\n        return g()\n    except KeyError:\n        return None",
    "list iteration": "def f(xs: list[int]):\n    return [x for x in xs]",
    "word in place": "def f(a: int):\n    a += 1\n    return a",
}


@pytest.mark.parametrize("name", SEEDED)
def test_seeded_impurity_is_caught(name: str) -> None:
    kind, code = SEEDED[name]
    assert kind in {finding.kind for finding in inspect_modules({"hyperion.seeded": code})}


@pytest.mark.parametrize("name", PURE)
def test_pure_code_is_let_through(name: str) -> None:
    assert list(inspect_modules({"hyperion.pure": PURE[name]})) == []


def test_finding_says_where() -> None:
    code = "class C:\n    def f(self, a):\n        a.x = 1\n"
    assert list(inspect_modules({"hyperion.m": code})) == [Finding("argument-mutation", "hyperion.m.C.f", 3, "a.x")]


# Records are frozen: an argument that is one cannot be changed, whatever the syntax says.


def classes_of(modules: Iterator[ModuleType]) -> list[type]:
    """The classes that the modules define themselves."""
    return [
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value) and value.__module__ == module.__name__
    ]


def is_frozen(cls: type) -> bool:
    """Whether instances cannot change: a frozen record, an enumeration, a tuple, an exception, or a protocol."""
    if issubclass(cls, enum.Enum | BaseException | tuple | int | bytes):
        return True
    if issubclass(cls, msgspec.Struct):
        return cls.__struct_config__.frozen
    if attrs.has(cls):
        return cls.__setattr__ is not object.__setattr__  # attrs.frozen replaces it by one that refuses
    return getattr(cls, "_is_protocol", False)


def test_records_are_frozen() -> None:
    classes = classes_of(modules_of("hyperion"))
    assert len(classes) > 10
    assert [cls.__qualname__ for cls in classes if not is_frozen(cls)] == []


def test_unfrozen_records_are_caught() -> None:
    class Plain:
        pass

    class Loose(msgspec.Struct):
        x: int

    @attrs.define
    class Open:
        x: int

    @attrs.frozen
    class Closed:
        x: int

    assert [is_frozen(cls) for cls in (Plain, Loose, Open, Closed)] == [False, False, False, True]


# Mutable arguments are allowed in Python, so call what takes plain containers and look at them afterwards.


def unchanged(function: Callable[..., object], *arguments: object) -> bool:
    """Whether the arguments are equal before and after the call."""
    before = copy.deepcopy(arguments)
    function(*arguments)
    return before == arguments


@given(st.lists(st.integers(0, 2**256 - 1), max_size=20))
def test_containers_are_left_as_they_were(words: list[int]) -> None:
    assert unchanged(stack_of, words)
    assert unchanged(EMPTY_MEMORY.expand(4096).write, len(words), bytearray(len(words)))


def test_mutation_is_caught() -> None:
    def sort(numbers: list[int]) -> list[int]:
        numbers.sort()
        return numbers

    assert not unchanged(sort, [2, 1])
    assert unchanged(sorted, [2, 1])


WORDS: Final = st.integers(0, 2**256 - 1)
CACHED: Final[dict[str, tuple[Any, st.SearchStrategy[Any]]]] = {
    "hyperion.execution.receipt.bloom_bits": (receipt.bloom_bits, st.binary(max_size=40)),
    "hyperion.vm.code.analyse": (analyse, st.binary(max_size=100)),
    "hyperion.state.commitment._root_of_storage": (
        commitment._root_of_storage,
        st.dictionaries(WORDS, WORDS.filter(bool), max_size=5).map(Map),
    ),
    "hyperion.state.commitment.account_key": (commitment.account_key, st.integers(0, 2**160 - 1)),
    "hyperion.state.commitment.code_hash": (commitment.code_hash, st.binary(max_size=100)),
    "hyperion.state.commitment.storage_key": (commitment.storage_key, WORDS),
}


@pytest.mark.parametrize("name", CACHED)
@given(st.data())
def test_cache_is_unobservable(name: str, data: st.DataObject) -> None:
    function, arguments = CACHED[name]
    argument = data.draw(arguments)
    without = inspect.unwrap(function)(argument)
    remembered = function(argument), function(argument)
    function.cache_clear()
    assert [*remembered, function(argument)] == [without] * 3


def test_every_cache_is_tested() -> None:
    assert {where for (kind, where), why in ALLOWED.items() if kind == "cache" and why == UNOBSERVABLE} == set(CACHED)


@given(st.dictionaries(st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=40)), st.randoms())
def test_trie_does_not_see_the_order(entries: dict[bytes, bytes], random: Random) -> None:
    shuffled = list(entries.items())
    random.shuffle(shuffled)
    assert trie.root_of(shuffled) == trie.root_of(entries.items())
