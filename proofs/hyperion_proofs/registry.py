"""All theorems: what the modules in ``theorems`` list, by id."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import lru_cache

import attrs

from hyperion_proofs import theorems
from hyperion_proofs.theorem import Theorem


@attrs.frozen
class Entry:
    """A theorem and the module in which it stands."""

    theorem: Theorem
    module: str


def entries() -> Iterator[Entry]:
    """Theorems in the order of their modules' names, and within a module as listed."""
    for found in sorted(pkgutil.iter_modules(theorems.__path__), key=lambda module: module.name):
        name = f"{theorems.__name__}.{found.name}"
        for theorem in importlib.import_module(name).THEOREMS:
            yield Entry(theorem, name)


@lru_cache(maxsize=1)
def registry() -> Mapping[str, Entry]:
    """Theorems by id; two with the same id are a mistake."""
    found: dict[str, Entry] = {}
    for entry in entries():
        if entry.theorem.id in found:
            raise ValueError(f"two theorems are called {entry.theorem.id}")
        found[entry.theorem.id] = entry
    return found
