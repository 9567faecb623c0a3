"""Which module imports which, read from the syntax, and which of these arrows go up."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

FLOORS: Final = {
    "hyperion.rules": 0,  # how a rule gets its name: below everything, imports nothing
    "hyperion.symbolic": 0,  # runs any function, so it knows none
    "hyperion.primitives": 1,
    "hyperion.state": 2,
    "hyperion.vm": 3,
    "hyperion.execution": 4,
    "hyperion.parallel": 5,
    "hyperion.availability": 5,
    "hyperion.sequencer": 5,
    "hyperion.derivation": 6,
    "hyperion.settlement": 7,
    "hyperion.inference": 7,
    "hyperion.sdk": 8,
    "hyperion_conformance": 9,
    "hyperion_proofs": 9,
    "tests": 10,
    "benchmarks": 10,
}
"""Height of each package. An import goes down or stays inside its package; packages of one height do not meet."""

@attrs.frozen(order=True)
class Arrow:
    """``importer`` names ``imported`` in an import statement on ``line``."""

    importer: str
    line: int
    imported: str


def package_of(module: str) -> str | None:
    """The package with a floor that the module belongs to; None for the standard library and foreign packages."""
    for package in FLOORS:
        if module == package or module.startswith(f"{package}."):
            return package
    return None


def top_of(module: str) -> str:
    """``hyperion`` of ``hyperion.vm.step``."""
    return module.partition(".")[0]


def is_ours(module: str) -> bool:
    """Whether the module is the project's, with a floor or (by mistake) without."""
    return top_of(module) in {"hyperion", "hyperion_conformance", "hyperion_proofs", "tests", "benchmarks"}


def arrows_of(module: str, text: str, is_package: bool = False) -> Iterator[Arrow]:
    """All imports of a module, those in functions and under ``TYPE_CHECKING`` too, relative ones made absolute."""
    parts = module.split(".")
    for node in ast.walk(ast.parse(text, filename=module)):
        if isinstance(node, ast.Import):
            yield from (Arrow(module, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = parts[: len(parts) - node.level + is_package] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            # `from hyperion import vm` names hyperion.vm, so the name counts as well as the module.
            yield from (Arrow(module, node.lineno, f"{base}.{alias.name}") for alias in node.names)


def goes_up(arrow: Arrow) -> bool:
    """Whether the arrow leads to a higher floor, or to another package on the same one."""
    if not is_ours(arrow.imported):
        return False
    source, target = package_of(arrow.importer), package_of(arrow.imported)
    if source is None or target is None:
        return True  # a package of ours without a floor; the top package itself imports nothing
    return source != target and FLOORS[target] >= FLOORS[source]


def modules_under(folder: Path) -> Iterator[tuple[str, str, bool]]:
    """Dotted name, text, and whether it is a package, of every module under a folder of sources."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        yield ".".join(parts[:-1] if is_package else parts), path.read_text(encoding="utf-8"), is_package


def upward(folder: Path) -> list[Arrow]:
    """Arrows that go up, in our packages under a folder (adapters of foreign clients are no package of ours)."""
    return sorted(
        arrow
        for module, text, is_package in modules_under(folder)
        if is_ours(module)
        for arrow in arrows_of(module, text, is_package)
        if goes_up(arrow)
    )
