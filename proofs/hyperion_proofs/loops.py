"""Loops for induction: a function's own loop, cut into its start, its test, its body and its end.

A proof by induction needs one turn of a loop from any state, not from the one in which the function begins. The pieces
are compiled from the function's own syntax tree, so there is no second encoding that could differ from it.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any, TypeAlias, cast

import attrs

State: TypeAlias = Mapping[str, Any]
"""Values of the function's variables by name."""

class NoSuchLoop(BaseException):
    """The function is not of the form: statements, one ``while``, one ``return``."""


@attrs.frozen(eq=False)
class Loop:
    """The pieces: each takes a state; ``start`` takes the arguments of the function by name."""

    start: Callable[[State], State]
    test: Callable[[State], Any]
    body: Callable[[State], State]
    end: Callable[[State], Any]


def variables_of(function: ast.FunctionDef) -> list[str]:
    """Parameters and assigned names, in order of appearance."""
    parameters = [argument.arg for argument in function.args.args]
    names = (node for node in ast.walk(function) if isinstance(node, ast.Name))
    assigned = [name.id for name in names if isinstance(name.ctx, ast.Store)]
    return list(dict.fromkeys([*parameters, *assigned]))


def compiled(
    body: list[ast.stmt], parameters: list[str], result: ast.expr, origin: FunctionType
) -> Callable[..., Any]:
    """A function of the parameters with this body and result, in the module of the original."""
    definition = ast.parse(f"def {origin.__name__}({', '.join(parameters)}): pass").body[0]
    cast(ast.FunctionDef, definition).body = [*body, ast.Return(result)]
    ast.increment_lineno(definition, origin.__code__.co_firstlineno - 1)
    module = ast.fix_missing_locations(ast.Module([definition], []))
    # It stays the function's own code: the same file and name, so that it counts as executed.
    code = compile(module, origin.__code__.co_filename, "exec")
    inner = next(constant for constant in code.co_consts if isinstance(constant, CodeType))
    return FunctionType(inner, origin.__globals__, origin.__name__)


def loop_of(function: Callable[..., Any]) -> Loop:
    """The pieces of the function's one loop."""
    origin = cast(FunctionType, inspect.unwrap(function))
    tree = ast.parse(textwrap.dedent(inspect.getsource(origin))).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise NoSuchLoop(f"{origin.__qualname__} is no function")
    match [part for part in tree.body if not is_docstring(part)]:
        case [*before, ast.While(orelse=[]) as loop, ast.Return(value=ast.expr() as result)]:
            return cut(origin, tree, before, loop, result)
    raise NoSuchLoop(f"{origin.__qualname__} is not: statements, a loop, a result")


def cut(
    origin: FunctionType, tree: ast.FunctionDef, before: list[ast.stmt], loop: ast.While, result: ast.expr
) -> Loop:
    """Compile the pieces."""
    names = variables_of(tree)
    parameters = [argument.arg for argument in tree.args.args]
    state = ast.parse(f"({', '.join(names)},)", mode="eval").body
    start = compiled(before, parameters, state, origin)
    test = compiled([], names, loop.test, origin)
    body = compiled(loop.body, names, state, origin)
    end = compiled([], names, result, origin)
    return Loop(
        lambda arguments: dict(zip(names, start(**arguments), strict=True)),
        lambda state: test(**state),
        lambda state: dict(zip(names, body(**state), strict=True)),
        lambda state: end(**state),
    )


def is_docstring(part: ast.stmt) -> bool:
    """Whether the statement is a text."""
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)
