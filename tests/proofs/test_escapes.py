"""An unknown value that would become a constant is an error: each way out is planted here, and caught."""

import copy
import json
import math
import operator
import pickle
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

import pytest
from immutables import Map

from hyperion.symbolic.explore import explore
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.identity import identity_comparisons
from hyperion.symbolic.path import Escape, Path
from hyperion.symbolic.proxies import unknown_integer, unknown_truth


def swallow(value: Any) -> object:
    """A function that hides the escape: it is found all the same."""
    try:
        return hash(value)
    except BaseException:
        return 7


def stringify(value: Any) -> object:
    return value.__class__.__name__


ESCAPES: Final[dict[str, Callable[[Any], object]]] = {
    "hash": hash,
    "key of a dictionary": lambda x: {x: 1},
    "looked up in a dictionary": {1: 2}.get,
    "member of a set": lambda x: {x},
    "asked of a set": lambda x: x in frozenset({1, 2}),
    "key of a persistent map": lambda x: Map({1: 2}).get(x),
    "int": int,
    "float": float,
    "complex": complex,
    "index of a list": lambda x: [1, 2, 3][x],
    "slice of bytes": lambda x: b"abcdef"[x:],
    "range": lambda x: [*range(x)],
    "repetition": lambda x: b"\0" * x,
    "bytes": bytes,
    "bytes of one": lambda x: bytes([x]),
    "signed to_bytes": lambda x: x.to_bytes(32, "big", signed=True),
    "to_bytes of unknown length": lambda x: (5).to_bytes(x, "big"),
    "hex": hex,
    "str": str,
    "repr": repr,
    "format": lambda x: f"{x}",
    "format with width": lambda x: f"{x:064x}",
    "percent": lambda x: "%d" % x,  # noqa: UP031
    "repr in text": lambda x: f"{x!r}",
    "json": json.dumps,
    "iteration": list,
    "unpacking": lambda x: max(*x),
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
    "true division": lambda x: x / 2,
    "division of a constant": lambda x: 1 / x,
    "power with modulus": lambda x: pow(x, 2, 7),
    "unknown exponent": lambda x: 3**x,
    "large exponent": lambda x: x**1000,
    "round": round,
    "math": lambda x: math.gcd(x, 4),
    "operator.index": operator.index,
    "isinstance": lambda x: isinstance(x, int),
    "name of the class": stringify,
    "arithmetic with a float": lambda x: x * 0.5,
    "comparison with text": lambda x: x == "1",
    "order against text": lambda x: x < "1",
    "swallowed": swallow,
}
TRUTHS: Final[dict[str, Callable[[Any], object]]] = {
    "hash": hash,
    "key": lambda p: {p: 1},
    "index": lambda p: [1, 2][p],
    "int": int,
    "arithmetic": lambda p: p + 1,
    "reflected arithmetic": lambda p: 1 + p,
    "sum": lambda p: sum([p]),
    "bits": lambda p: p & True,
    "inversion": lambda p: ~p,
    "order": lambda p: p < True,
    "text": lambda p: f"{p}",
    "isinstance": lambda p: isinstance(p, bool),
    "comparison with an integer": lambda p: p == 1,
}


@pytest.mark.parametrize("name", ESCAPES)
def test_escape_of_an_integer_is_caught(name: str) -> None:
    with pytest.raises(Escape):
        explore(lambda path: ESCAPES[name](unknown_integer(path, "x", 0, 255)))


@pytest.mark.parametrize("name", TRUTHS)
def test_escape_of_a_truth_value_is_caught(name: str) -> None:
    with pytest.raises(Escape):
        explore(lambda path: TRUTHS[name](unknown_truth(path, "p")))


def test_escape_says_what_and_why() -> None:
    with pytest.raises(Escape) as caught:
        explore(lambda path: {unknown_integer(path, "x"): 1})
    assert caught.value.operation == "hash()"
    assert "no key of a dictionary" in caught.value.reason


def test_value_kept_from_another_run_is_caught() -> None:
    kept: list[Any] = []

    def mixing(path: Path) -> object:
        x = unknown_integer(path, "x")
        kept.append(x)
        return kept[0] + x if x < 5 else x - kept[0]

    with pytest.raises(Escape, match="another run"):
        explore(mixing)


def test_decision_on_a_value_of_another_run_is_caught() -> None:
    kept: list[Any] = []

    def asking(path: Path) -> object:
        kept.append(unknown_integer(path, "x"))
        return 0 if kept[-1] < 5 else bool(kept[0] == 3)

    with pytest.raises(Escape, match="has ended"):
        explore(asking)


# What proxies can't notice is found in the source.

SUSPECT: Final = ["a is b", "a is 5", "a is not stack.rest", "x = [1 for a in b if a is c]", "a < b is c"]
HARMLESS: Final = ["a is None", "a is not None", "status is Status.STOP", "a is EMPTY", "mine is Stack", "a is True"]


@pytest.mark.parametrize("code", SUSPECT)
def test_comparison_by_identity_is_found(code: str) -> None:
    assert len(identity_comparisons(code)) == 1


@pytest.mark.parametrize("code", HARMLESS)
def test_comparison_with_what_exists_once_is_let_through(code: str) -> None:
    assert identity_comparisons(code) == []


# Ideal functions are put back.


def module_with(**names: object) -> ModuleType:
    module = ModuleType("seeded")
    for name, value in names.items():
        setattr(module, name, value)
    return module


def test_ideal_functions_are_restored_after_a_failure() -> None:
    module = module_with(f=abs)
    ideals = (Ideal(module, "f", max, "A-max"), Ideal(module, "len", min, "A-len"), Ideal(module, "f", min, "A-min"))
    with pytest.raises(ZeroDivisionError), Idealized(ideals):
        assert (module.f, module.len) == (min, min)
        raise ZeroDivisionError
    assert module.f is abs
    assert not hasattr(module, "len")


def test_ideal_functions_are_restored_after_an_escape() -> None:
    module = module_with(f=abs)
    with pytest.raises(Escape), Idealized((Ideal(module, "f", hash, "A-hash"),)):
        explore(lambda path: module.f(unknown_integer(path, "x")))
    assert module.f is abs
