"""The model's functions without the texts of their refusals, which would need to know the values that they tell.

A refusal has a reason, which stays, and a detail for people. Formatted texts are taken out of the syntax tree, and
nothing else; the functions stay in their file and at their lines, so they count as executed.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, cast

from hyperion.symbolic.ideal import Ideal
from hyperion_proofs.mutant import NoSuchCode

SETTLEMENT: Final = "hyperion.settlement."


class WithoutTexts(ast.NodeTransformer):
    """Formatted texts become a constant."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Constant:
        """A text with values in it."""
        return ast.copy_location(ast.Constant("…"), node)


@lru_cache(maxsize=512)
def silent(function: Callable[..., Any], old: str = "", new: str = "") -> Callable[..., Any]:
    """The function without texts, and with ``old``, which must stand in it once, replaced by ``new``."""
    origin = cast(FunctionType, inspect.unwrap(function))
    source = textwrap.dedent(inspect.getsource(origin))
    if old and source.count(old) != 1:
        raise NoSuchCode(f"{old!r} stands {source.count(old)} times in {origin.__qualname__}")
    tree = WithoutTexts().visit(ast.parse(source.replace(old, new) if old else source))
    cast(ast.FunctionDef, tree.body[0]).decorator_list = []
    ast.increment_lineno(tree, origin.__code__.co_firstlineno - 1)
    module = compile(ast.fix_missing_locations(tree), origin.__code__.co_filename, "exec")
    code = next(part for part in module.co_consts if isinstance(part, CodeType) and part.co_name == origin.__name__)
    return FunctionType(code, origin.__globals__, origin.__name__, origin.__defaults__, origin.__closure__)


@lru_cache(maxsize=512)
def tells(function: Callable[..., Any]) -> bool:
    """Whether the function's source formats a text."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    return any(isinstance(node, ast.JoinedStr) for node in ast.walk(tree))


def modules_of(*packages: str) -> tuple[ModuleType, ...]:
    """The loaded modules of these packages of settlement, in the order of their names."""
    names = [name for name in sys.modules if any(name.startswith(f"{SETTLEMENT}{package}") for package in packages)]
    return tuple(sys.modules[name] for name in sorted(names))


def bound(function: Callable[..., Any], replacement: object, why: str, modules: Sequence[ModuleType]) -> list[Ideal]:
    """The replacement under every name under which one of the modules knows the function."""
    return [
        Ideal(module, name, replacement, why)
        for module in modules
        for name, value in sorted(vars(module).items())
        if value is function
    ]


def silenced(modules: Sequence[ModuleType]) -> list[Ideal]:
    """Every function of the modules that formats texts, without them."""
    found = {
        id(value): value
        for module in modules
        for value in vars(module).values()
        if inspect.isfunction(value) and value.__module__.startswith(SETTLEMENT) and tells(value)
    }
    return [ideal for value in found.values() for ideal in bound(value, silent(value), "silent", modules)]


def seeded(function: Callable[..., Any], old: str, new: str, *packages: str) -> Callable[[], tuple[Ideal, ...]]:
    """The function with a fault, under every name under which the packages know it."""
    return lambda: tuple(bound(function, silent(function, old, new), "seeded fault", modules_of(*packages)))


def with_fault(function: Callable[..., Any], old: str, new: str) -> Callable[..., Any]:
    """The function with a fault, made when it is called: where the source has changed, only its control fails."""

    def run(*arguments: Any) -> Any:
        return silent(function, old, new)(*arguments)

    return run
