"""Results are kept by the content of everything that they depend on.

A theorem's module imports what it executes, directly or through others: the key covers the source of all modules of the
project that are reached so, the versions of the solvers, and Python's. A result with the same key is the same result.
"""

import ast
import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from hyperion_proofs.solve import versions

PREFIX = "hyperion"


def imports_of(source: str) -> Iterator[str]:
    """Names of modules of the project that the source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(PREFIX))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PREFIX):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@lru_cache(maxsize=4096)
def file_of(module: str) -> Path | None:
    """The module's source file; None if the name is not a module's."""
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None
    return Path(found.origin) if found is not None and found.origin is not None else None


def parents(module: str) -> Iterator[str]:
    """The module and the packages around it, whose code runs when it is imported."""
    parts = module.split(".")
    yield from (".".join(parts[: count + 1]) for count in range(len(parts)))


def reached(module: str) -> dict[str, Path]:
    """The module, what it imports, and so on, with their files."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        for name in parents(waiting.pop()):
            file = file_of(name)
            if name not in found and file is not None:
                found[name] = file
                waiting.extend(imports_of(file.read_text(encoding="utf-8")))
    return found


def key_of(theorem: str, module: str, engine: str = "hyperion_proofs.prove") -> str:
    """The key of a result: it changes when any source that the theorem or the prover reaches does."""
    sources = {**reached(module), **reached(engine)}
    digests = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in sources.items()}
    content = {"theorem": theorem, "sources": digests, "solvers": dict(versions()), "python": sys.version}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def default_folder() -> Path:
    """Where results are kept: the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hyperion-spec" / "prove"


def load(folder: Path, key: str) -> dict[str, Any] | None:
    """The result kept under the key; None if there is none, or it can't be read."""
    try:
        found = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def store(folder: Path, key: str, result: dict[str, Any]) -> None:
    """Keep a result; a reader never sees half of it."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{key}.{os.getpid()}.part"
    part.write_text(json.dumps(result), encoding="utf-8")
    part.replace(folder / f"{key}.json")
