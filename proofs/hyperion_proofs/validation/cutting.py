"""The text of a block, compiled for being looked at: adapted to unknown values, and cut into one round of its loop.

The pieces are made from the text's own syntax tree: everything before the loop, one round of it from whatever values
the variables have, and the machine that the round's first exit gives. That exit is taken before anything was done, so
it says which machine the variables stand for.

Where a value is not known, a display of a dictionary, a literal byte string and a method of integers can't be what they
are; each is exchanged for a call of a function that means the same. So are two idioms, in order not to branch:
``x = d.get(k)``, followed by reading and keeping ``x`` if that was None, and ``a in b or c in d``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, Final, TypeAlias, cast

import attrs

from hyperion.symbolic.opaque import length_of
from hyperion.vm.machine import Machine
from hyperion.vm.staging.linking import LINKS
from hyperion_proofs.statement import Given
from hyperion_proofs.validation.containers import Table, any_in
from hyperion_proofs.validation.merging import merged
from hyperion_proofs.validation.octets import Integers, hashed, octets_of, to_bytes

Variables: TypeAlias = dict[str, Any]
"""Values of a block's variables by name."""
VARIABLES: Final = "variables"
TOUCHES: Final = "touches_"
PIECE: Final = "piece"


class NoSuchForm(BaseException):
    """The text is not of the form that blocks have. Not an ``Exception``: nothing of the model may take it."""


# --- adapting ---------------------------------------------------------------------------------------------------------


class Adapted(ast.NodeTransformer):
    """The text for unknown values."""

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        """An empty dictionary."""
        return node if node.keys else expression("table()")

    def visit_List(self, node: ast.List) -> ast.expr:
        """An empty list."""
        return node if node.elts else expression("table()")

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """A byte string."""
        return call("octets", node) if isinstance(node.value, bytes) else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """``x.to_bytes(n, 'big')``."""
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr="to_bytes"), args=[length, ast.Constant(value="big")]):
                return call("to_bytes", value, length)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """``a in b or c in d``."""
        self.generic_visit(node)
        pairs: list[ast.expr] = []
        for part in node.values:
            match part:
                case ast.Compare(left=key, ops=[ast.In()], comparators=[container]) if isinstance(node.op, ast.Or):
                    pairs.append(ast.Tuple([key, container], ast.Load()))
                case _:
                    return node
        return call("any_in", *pairs)


def adapted(statements: list[ast.stmt]) -> list[ast.stmt]:
    """The statements with the idioms exchanged, at all depths."""
    found: list[ast.stmt] = []
    for original in statements:
        statement = expanded(original)
        if computes(statement):
            found.extend(merged_statement(statement))
            continue
        for field in ("body", "orelse"):
            if isinstance(statement, ast.If | ast.While):
                setattr(statement, field, adapted(getattr(statement, field)))
        kept = fetched(found[-1], statement) if found else None
        if kept is None:
            found.append(statement)
        else:
            found[-1] = kept
    return found


def fetched(first: ast.stmt, second: ast.stmt) -> ast.stmt | None:
    """One statement for ``x = d.get(k)`` and ``if x is None: x = d[k] = …``; None if it is not these two."""
    match first, second:
        case (
            ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=table), attr="get"), args=[key]),
            ),
            ast.If(
                test=ast.Compare(left=ast.Name(id=asked), ops=[ast.Is()], comparators=[ast.Constant(value=None)]),
                body=[
                    ast.Assign(
                        targets=[ast.Name(id=held), ast.Subscript(value=ast.Name(id=into), slice=at)], value=value
                    )
                ],
                orelse=[],
            ),
        ) if name == asked == held and table == into and ast.dump(at) == ast.dump(key):
            reading = ast.Lambda(expression("lambda: 0").args, value)  # type: ignore[attr-defined]
            return ast.Assign([ast.Name(name, ast.Store())], call(f"{table}.fetch", key, reading), lineno=0)
    return None


def expanded(statement: ast.stmt) -> ast.stmt:
    """``memory = memory.expand(n)`` without the question whether it is too small: else nothing changes anyway."""
    match statement:
        case ast.If(
            test=ast.Compare(left=ast.Attribute(value=ast.Name(id="memory"), attr="size"), ops=[ast.Lt()]),
            body=[ast.Assign(value=ast.Call(func=ast.Attribute(value=ast.Name(id="memory"), attr="expand"))) as body],
            orelse=[],
        ):
            return body
    return statement


def computes(statement: ast.stmt) -> bool:
    """Whether the statement branches and does nothing else than assigning integers to names, and touching a key."""
    match statement:
        case ast.Assign(targets=[ast.Name()], value=ast.IfExp() as value):
            return is_plain(value)
        case ast.If(body=body, orelse=orelse):
            return is_plain(statement.test) and bool(orelse) and all(assigns(part) for part in (*body, *orelse))
    return False


def assigns(statement: ast.stmt) -> bool:
    """Whether the statement is one of those within such a branch."""
    match statement:
        case ast.If():
            return computes(statement)
        case ast.Pass():
            return True
        case ast.Assign(targets=[ast.Name() | ast.Tuple()], value=value):
            return is_plain(value)
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="touched"), slice=ast.Name())]):
            return True
    return False


def is_plain(value: ast.expr) -> bool:
    """Whether the expression calls nothing, and can't be without a value."""
    bad = (ast.Call, ast.FloorDiv, ast.Mod, ast.LShift, ast.RShift, ast.Compare)
    return not any(
        isinstance(node, bad[:1])
        or (isinstance(node, ast.BinOp) and isinstance(node.op, bad[1:5]) and not isinstance(node.right, ast.Constant))
        or (isinstance(node, ast.Compare) and not isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.Lt | ast.GtE))
        for node in ast.walk(value)
    )


class Touches(ast.NodeTransformer):
    """``touched[k] = True`` becomes a truth value to be looked at afterwards."""

    def __init__(self) -> None:
        self.keys: dict[str, bool] = {}

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        """A key that is touched."""
        match node.targets:
            case [ast.Subscript(slice=ast.Name(id=key))]:
                self.keys[key] = True
                return ast.Assign([ast.Name(f"{TOUCHES}{key}", ast.Store())], ast.Constant(True), lineno=0)
        return node


def merged_statement(statement: ast.stmt) -> list[ast.stmt]:
    """The statement in a function of its own, whose paths are merged; keys that it touches are touched after it."""
    touches = Touches()
    inside = touches.visit(statement)
    flags = [f"{TOUCHES}{key}" for key in touches.keys]
    names = ", ".join(dict.fromkeys((*stored_names([inside]), *flags))) + ","
    lines = [f"def {PIECE}():", *(f"    {flag} = False" for flag in flags), "    pass", f"    return ({names})"]
    lines += [f"{names} = merged({PIECE})"]
    for key, flag in zip(touches.keys, flags, strict=True):
        lines += [f"if {flag}:", f"    touched[{key}] = True"]
    parsed = ast.parse("\n".join(lines)).body
    body = cast(ast.FunctionDef, parsed[0]).body
    body[len(flags)] = inside
    return parsed


def expression(text: str) -> ast.expr:
    """A parsed expression."""
    return ast.parse(text, mode="eval").body


def call(function: str, *arguments: ast.expr) -> ast.expr:
    """A call of a function with these arguments."""
    return ast.Call(expression(function), list(arguments), [])


# --- cutting ----------------------------------------------------------------------------------------------------------


class Rounds(ast.NodeTransformer):
    """``continue`` becomes the end of a round: it gives the variables."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.result = f"{VARIABLES}({', '.join(f'{name}={name}' for name in names)})"

    def visit_Continue(self, node: ast.Continue) -> ast.Return:
        """Exchange it."""
        del node
        return self.end()

    def end(self) -> ast.Return:
        """The end of a round."""
        return ast.Return(expression(self.result))


@attrs.frozen
class Pieces:
    """The compiled pieces of a text; of one without a loop, ``start`` is all of it."""

    start: CodeType
    turn: CodeType | None
    machine: CodeType | None
    names: tuple[str, ...]
    """Variables where a round begins."""
    tables: tuple[str, ...]
    """Those of them that are dictionaries or lists that a round changes."""
    carried: tuple[str, ...]
    """Those of them that a round changes, dictionaries aside."""


@lru_cache(maxsize=64)
def pieces_of(text: str, unknown: bool) -> Pieces:
    """Cut a text, adapted to unknown values or as it is."""
    match ast.parse(text).body:
        case [ast.FunctionDef(name="block", body=body)]:
            pass
        case _:
            raise NoSuchForm("not one function")
    tables = tuple(
        statement.targets[0].id
        for statement in body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Dict | ast.List)
        and statement.targets[0].id in changed_containers(body[-1])
    )
    if unknown:
        body = [Adapted().visit(statement) for statement in adapted(body)]
    loop = body[-1]
    if not isinstance(loop, ast.While):
        return Pieces(function_of(body, ("machine",)), None, None, (), tables, ())
    match loop.body[0]:
        case ast.If(body=[*_, ast.Return(value=ast.expr())] as leaving, orelse=[]):
            pass
        case _:
            raise NoSuchForm("the loop does not begin with an exit")
    before = body[:-1]
    names = tuple(dict.fromkeys(("machine", *stored_names(before))))
    rounds = Rounds(names)
    carried = tuple(name for name in stored_names(loop.body) if name in names and name not in tables)
    machine = function_of(leaving, names)
    turn = function_of([*(rounds.visit(statement) for statement in loop.body), rounds.end()], names)
    return Pieces(function_of([*before, rounds.end()], ("machine",)), turn, machine, names, tables, carried)


def changed_containers(statement: ast.stmt) -> set[str]:
    """Names whose dictionary or list the statement changes, or exchanges: the others stay as they are, empty."""
    found: set[str] = set()
    for node in ast.walk(statement):
        match node:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.Attribute(value=ast.Name(id=name), attr="append"):
                found.add(name)
    return found


def stored_names(statements: list[ast.stmt]) -> list[str]:
    """Names that the statements assign to, in order of appearance."""
    nodes = (node for statement in statements for node in ast.walk(statement))
    return [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def function_of(body: list[ast.stmt], parameters: tuple[str, ...]) -> CodeType:
    """The code of a function with this body."""
    definition = ast.parse(f"def block({', '.join(parameters)}): pass").body[0]
    cast(ast.FunctionDef, definition).body = body
    module = ast.fix_missing_locations(ast.Module([definition], []))
    code = compile(module, "<block>", "exec")
    return next(constant for constant in code.co_consts if isinstance(constant, CodeType))


@attrs.frozen(eq=False)
class Cut:
    """A block's pieces, linked: each can be called."""

    pieces: Pieces
    links: Mapping[str, object]

    def called(self, code: CodeType | None, variables: Mapping[str, Any]) -> Any:
        """What a piece gives."""
        if code is None:
            raise NoSuchForm("the text has no loop")
        return FunctionType(code, dict(self.links))(**variables)

    def start(self, machine: Machine) -> Machine | Variables:
        """The machine at an exit before the loop, or the variables where the first round begins."""
        found: Machine | Variables = self.called(self.pieces.start, {"machine": machine})
        return found

    def turn(self, variables: Variables) -> Machine | Variables:
        """The machine at an exit within a round, or the variables where the next one begins."""
        found: Machine | Variables = self.called(self.pieces.turn, variables)
        return found

    def machine(self, variables: Variables) -> Machine:
        """The machine that the variables stand for where a round begins."""
        found: Machine = self.called(self.pieces.machine, variables)
        return found


def cut(text: str) -> Cut:
    """The pieces as they are, for real machines."""
    return Cut(pieces_of(text, False), {**LINKS, VARIABLES: dict})


def cut_for(given: Given, text: str) -> Cut:
    """The pieces for unknown values, linked with stand-ins for the functions on byte strings."""
    builtins: Any = LINKS["__builtins__"]
    adapters: dict[str, Callable[..., Any]] = {
        "table": Table,
        "any_in": any_in,
        "octets": lambda data: octets_of(given, data),
        "to_bytes": lambda value, length: to_bytes(given, value, length),
        "merged": lambda compute: merged(given, compute),
        "keccak256": hashed,
        "from_bytes": Integers().from_bytes,
    }
    named = {**LINKS, **adapters, VARIABLES: dict}
    return Cut(pieces_of(text, True), {**named, "__builtins__": {**builtins, "len": length_of}})
