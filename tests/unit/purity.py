"""What a syntax tree shows of impurity: the static half of the claim that the model is made of pure functions.

The check is by permission where that is possible (imports), by prohibition elsewhere, and errs on the side of an alarm:
a finding that is harmless is listed in ``test_purity.ALLOWED`` with its reason.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

PERMITTED_IMPORTS: Final = {
    "__future__": None,
    "abc": None,
    "ast": None,
    "bisect": {"bisect_left", "bisect_right"},
    "collections.abc": None,
    "enum": None,
    "functools": {"cache", "cached_property", "lru_cache", "partial", "reduce", "wraps"},  # a cache is also a finding
    "hashlib": {"sha256", "new"},
    "itertools": None,
    "math": {"comb", "gcd", "isqrt", "lcm", "prod"},  # the functions that stay in the integers
    "operator": {"attrgetter", "itemgetter"},
    "re": None,
    "struct": {"pack", "unpack"},
    "types": {"MappingProxyType", "ModuleType", "TracebackType"},
    "typing": None,
    # the project and its libraries
    "hyperion": None,
    "Crypto": None,
    "attrs": None,
    "blake2b": None,
    "ckzg": None,
    "coincurve": None,
    "cryptography": None,
    "gmpy2": {"invert", "mpz", "pack", "powmod", "unpack"},
    "immutables": None,
    "msgspec": None,
    "py_arkworks_bls12381": None,
    "py_ecc": None,
    "pyrsistent": None,
    "sha3": None,
}
"""Modules that the model may import, with the names it may take from them (None: any)."""

FORBIDDEN_NAMES: Final = {
    "input-output": {"open", "print", "input", "breakpoint"},
    "reflection": {"eval", "exec", "compile", "globals", "locals", "vars", "__import__", "setattr", "delattr"},
    "identity": {"id", "hash"},
    "float": {"float", "complex", "round"},
}
SET_TYPES: Final = {"set", "frozenset", "Set", "AbstractSet", "MutableSet", "FrozenSet", "PSet", "pset"}
HASH_MAPS: Final = {"Map", "PMap", "pmap", "MapMutation"}
MAP_VIEWS: Final = {"items", "keys", "values"}
SET_ALGEBRA: Final = {"union", "intersection", "difference", "symmetric_difference", "copy"}
ORDER_BLIND: Final = {
    "sorted", "len", "min", "max", "any", "all", "sum", "bool", "set", "frozenset", "pset", "Map", "pmap",
}  # fmt: skip
ORDERED_CONSUMERS: Final = {
    "list", "tuple", "iter", "enumerate", "map", "filter", "zip", "dict", "reversed", "next", "reduce",
    "join", "extend", "from_iterable", "chain",
}  # fmt: skip
CACHES: Final = {"cache", "lru_cache", "cached_property"}
ALWAYS_MUTATES: Final = {"popitem", "popleft", "setdefault", "__setattr__", "__setitem__", "__delitem__"}
MUTATES_IF_RESULT_UNUSED: Final = {
    "add", "append", "appendleft", "clear", "delete", "discard", "extend", "insert", "pop", "remove", "reverse", "set",
    "sort", "update",
}  # fmt: skip
"""On a list these mutate; persistent collections have methods of the same names, whose result is then lost."""
MUTABLE_TYPES: Final = {"list", "dict", "set", "bytearray", "deque", "defaultdict", "MutableMapping", "MutableSequence"}


@attrs.frozen(order=True)
class Finding:
    """A violation: its kind, the dotted name of the function (or module) around it, the line, and the code."""

    kind: str
    where: str
    line: int
    code: str


def outer_name(annotation: ast.expr | None) -> str:
    """``frozenset`` of ``frozenset[int]``, also inside quotes and ``Final[...]``; the empty string if there is none."""
    if annotation is None:
        return ""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return outer_name(ast.parse(annotation.value, mode="eval").body)
    if isinstance(annotation, ast.Subscript):
        name = outer_name(annotation.value)
        return outer_name(annotation.slice) if name in {"Final", "ClassVar", "Annotated"} else name
    if isinstance(annotation, ast.BinOp):
        return outer_name(annotation.left) or outer_name(annotation.right)
    return ast.unparse(annotation).rpartition(".")[2]


def names_with_type(trees: Iterable[ast.Module], types: set[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Names of fields, and names of functions, that any of the trees annotates with one of the types.

    Types are not inferred: a field of this name on another class raises a false alarm, not a false silence.
    """
    fields: set[str] = set()
    functions: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                fields |= {
                    item.target.id
                    for item in node.body
                    if isinstance(item, ast.AnnAssign)
                    and isinstance(item.target, ast.Name)
                    and outer_name(item.annotation) in types
                }
            elif isinstance(node, ast.FunctionDef) and outer_name(node.returns) in types:
                functions.add(node.name)
    return frozenset(fields), frozenset(functions)


class Unordered:
    """Which expressions of a module have the order of a set or of a hash."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        trees = list(trees)
        self.set_fields, self.set_functions = names_with_type(trees, SET_TYPES)
        self.map_fields, self.map_functions = names_with_type(trees, HASH_MAPS)

    def is_set(self, node: ast.expr, local: dict[str, str]) -> bool:
        """Whether the expression is a set, as far as names and annotations tell."""
        match node:
            case ast.Set() | ast.SetComp():
                return True
            case ast.Name(id=name):
                return local.get(name) == "set"
            case ast.Attribute(attr=name):
                return name in self.set_fields
            case ast.Call(func=ast.Name(id=name)):
                return name in {"set", "frozenset", "pset"} or name in self.set_functions
            case ast.Call(func=ast.Attribute(value=value, attr=name)):
                return name in self.set_functions or (name in SET_ALGEBRA and self.is_set(value, local))
            case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor()):
                return self.is_set(node.left, local) or self.is_set(node.right, local)
            case ast.IfExp():
                return self.is_set(node.body, local) or self.is_set(node.orelse, local)
        return False

    def is_map(self, node: ast.expr, local: dict[str, str]) -> bool:
        """Whether the expression is a map by hash, or a view of one."""
        match node:
            case ast.Name(id=name):
                return local.get(name) == "map"
            case ast.Attribute(attr=name):
                return name in self.map_fields
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in MAP_VIEWS:
                return self.is_map(value, local)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                return name in {"Map", "pmap"} or name in self.map_functions
        return False

    def has(self, node: ast.expr, local: dict[str, str]) -> bool:
        """Whether iterating the expression would show the order of a set or a hash."""
        return self.is_set(node, local) or self.is_map(node, local)

    def kind_of(self, annotation: ast.expr | None, value: ast.expr | None, local: dict[str, str]) -> str | None:
        """``set`` or ``map`` for a name bound like this, None for all else."""
        name = outer_name(annotation)
        if name in SET_TYPES or (value is not None and self.is_set(value, local)):
            return "set"
        if name in HASH_MAPS or (value is not None and self.is_map(value, local)):
            return "map"
        return None


class Inspector(ast.NodeVisitor):
    """One walk over a module that collects the findings."""

    def __init__(self, module: str, tree: ast.Module, unordered: Unordered) -> None:
        self.module = module
        self.unordered = unordered
        self.findings: list[Finding] = []
        self.scope: list[str] = []
        self.parameters: list[dict[str, str]] = []  # of the functions around, innermost last: name -> annotation
        self.locals: list[dict[str, str]] = [{}]  # names known to be sets or maps
        self.module_names = {
            target.id
            for node in tree.body
            for target in (node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)])
            if isinstance(target, ast.Name)
        }
        self.order_blind: set[int] = set()  # generator expressions that are direct arguments of sorted and the like

    def report(self, kind: str, node: ast.AST) -> None:
        """Add a finding at ``node``."""
        where = ".".join([self.module, *self.scope])
        code = " ".join(ast.unparse(node).split())[:100]
        self.findings.append(Finding(kind, where, getattr(node, "lineno", 0), code))

    @property
    def known(self) -> dict[str, str]:
        """Names that are sets or maps here."""
        return {name: kind for level in self.locals for name, kind in level.items()}

    def is_parameter(self, node: ast.expr) -> bool:
        """Whether the expression is reached through a parameter of a function around it."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        return isinstance(node, ast.Name) and any(node.id in level for level in self.parameters)

    def is_of_module(self, node: ast.expr) -> bool:
        """Whether the expression is reached through a module-level name, from inside a function."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        return isinstance(node, ast.Name) and bool(self.parameters) and node.id in self.module_names

    # imports and names

    def visit_Import(self, node: ast.Import) -> None:
        """``import x`` of a module that is not permitted as a whole."""
        for alias in node.names:
            if not permitted(alias.name, None):
                self.report("import", node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """``from x import y`` of what is not permitted."""
        for alias in node.names:
            if node.level or not permitted(node.module or "", alias.name):
                self.report("import", node)

    def visit_Name(self, node: ast.Name) -> None:
        """Built-in functions that reach outside."""
        if any(node.id in level for level in self.parameters):
            return
        for kind, names in FORBIDDEN_NAMES.items():
            if node.id in names and isinstance(node.ctx, ast.Load):
                self.report(kind, node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """The same functions by another name, and the load of a file behind a library."""
        if node.attr in {"__dict__", "__globals__", "__builtins__", "__subclasses__"}:
            self.report("reflection", node)
        if node.attr == "load_trusted_setup":
            self.report("input-output", node)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        """Module state changed from a function."""
        self.report("global", node)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        """State of a closure."""
        self.report("global", node)

    # numbers

    def visit_Constant(self, node: ast.Constant) -> None:
        """Floating point in a literal."""
        if isinstance(node.value, float | complex):
            self.report("float", node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """True division makes a float of two integers."""
        if isinstance(node.op, ast.Div):
            self.report("float", node)
        self.generic_visit(node)

    # control

    def visit_Assert(self, node: ast.Assert) -> None:
        """An assertion guards nothing under ``-O``, and is no typed refusal."""
        self.report("assert", node)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """An except that also hides mistakes of the model."""
        caught = {ast.unparse(name) for name in ast.walk(node.type)} if node.type else {"BaseException"}
        if caught & {"Exception", "BaseException"}:
            self.report("broad-except", node)
        self.generic_visit(node)

    # functions

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Defaults and caches, then the body with its parameters known."""
        arguments = node.args
        everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for default in [*arguments.defaults, *(d for d in arguments.kw_defaults if d)]:
            if is_mutable_display(default):
                self.report("mutable-default", default)
        self.scope.append(node.name)
        for decorator in node.decorator_list:
            if CACHES & {getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(decorator)}:
                self.report("cache", decorator)
        fresh = {everything[0].arg} if node.name in {"__init__", "__new__"} and everything else set()
        self.parameters.append({a.arg: outer_name(a.annotation) for a in everything if a.arg not in fresh})
        kinds = {a.arg: self.unordered.kind_of(a.annotation, None, {}) for a in everything}
        self.locals.append({name: kind for name, kind in kinds.items() if kind})
        self.generic_visit(node)
        self.locals.pop()
        self.parameters.pop()
        self.scope.pop()

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """A coroutine has a schedule outside its input."""
        self.report("async", node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A lambda is a function too."""
        self.parameters.append({a.arg: "" for a in node.args.args})
        self.generic_visit(node)
        self.parameters.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Names inside a class belong to it."""
        self.scope.append(node.name)
        self.locals.append({})
        self.generic_visit(node)
        self.locals.pop()
        self.scope.pop()

    # mutation

    def store(self, target: ast.expr) -> None:
        """A write through an attribute or an index."""
        if isinstance(target, ast.Tuple | ast.List):
            for element in target.elts:
                self.store(element)
        elif isinstance(target, ast.Attribute | ast.Subscript):
            if self.is_parameter(target):
                self.report("argument-mutation", target)
            elif self.is_of_module(target):
                self.report("module-mutation", target)

    def remember(self, target: ast.expr, annotation: ast.expr | None, value: ast.expr | None) -> None:
        """Note whether a name is now a set or a map."""
        if isinstance(target, ast.Name):
            kind = self.unordered.kind_of(annotation, value, self.known)
            if kind:
                self.locals[-1][target.id] = kind

    def visit_Assign(self, node: ast.Assign) -> None:
        """``x = ...``."""
        for target in node.targets:
            self.store(target)
            self.remember(target, None, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """``x: T = ...``."""
        self.store(node.target)
        self.remember(node.target, node.annotation, node.value)
        if node.value:
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """``x += ...`` changes a list in place; of a word it makes another word."""
        self.store(node.target)
        if isinstance(node.op, ast.Div):
            self.report("float", node)
        if isinstance(node.target, ast.Name):
            declared = [level[node.target.id] for level in self.parameters if node.target.id in level]
            if declared and declared[-1] in MUTABLE_TYPES:
                self.report("argument-mutation", node)
        self.generic_visit(node)

    def visit_Delete(self, node: ast.Delete) -> None:
        """``del x[...]``."""
        for target in node.targets:
            self.store(target)

    def visit_Expr(self, node: ast.Expr) -> None:
        """A call whose result is dropped: on a persistent collection a lost result, else a mutation."""
        match node.value:
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in MUTATES_IF_RESULT_UNUSED:
                self.mutation(value, node)
        self.generic_visit(node)

    def mutation(self, receiver: ast.expr, node: ast.AST) -> None:
        """A method that changes its receiver."""
        if self.is_parameter(receiver):
            self.report("argument-mutation", node)
        elif self.is_of_module(receiver):
            self.report("module-mutation", node)

    # order

    def visit_Call(self, node: ast.Call) -> None:
        """Consumers that show an order, and methods that mutate."""
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in ORDER_BLIND:
            self.order_blind |= {id(argument) for argument in node.args}
        elif name in ORDERED_CONSUMERS:
            for argument in node.args:
                inner = argument.value if isinstance(argument, ast.Starred) else argument
                if self.unordered.has(inner, self.known):
                    self.report("set-order", node)
        if isinstance(node.func, ast.Attribute):
            receiver = node.func.value
            if name in ALWAYS_MUTATES:
                self.mutation(receiver, node)
                if name == "__setattr__" and ast.unparse(receiver) == "object":
                    self.report("argument-mutation", node)
            elif name == "pop" and self.unordered.is_set(receiver, self.known):
                self.report("set-order", node)
            elif name == "pop" and isinstance(receiver, ast.Name):
                declared = [level[receiver.id] for level in self.parameters if receiver.id in level]
                if declared and declared[-1] in MUTABLE_TYPES:
                    self.report("argument-mutation", node)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        """A loop in the order of a set."""
        self.store(node.target)
        if self.unordered.has(node.iter, self.known):
            self.report("set-order", node.iter)
        self.generic_visit(node)

    def visit_Starred(self, node: ast.Starred) -> None:
        """``[*s]`` shows the order; ``{*s}`` does not, and is caught by its own iteration if at all."""
        if self.unordered.is_set(node.value, self.known):
            self.report("set-order", node)
        self.generic_visit(node)

    def visit_Set(self, node: ast.Set) -> None:
        """Sets made of sets show nothing."""
        for element in node.elts:
            self.visit(element.value if isinstance(element, ast.Starred) else element)

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.DictComp) -> None:
        """A comprehension in the order of a set, unless its consumer does not see the order."""
        for part in node.generators:
            if id(node) not in self.order_blind and self.unordered.has(part.iter, self.known):
                self.report("set-order", node)
        self.generic_visit(node)

    visit_ListComp = comprehension  # noqa: N815
    visit_GeneratorExp = comprehension  # noqa: N815
    visit_DictComp = comprehension  # noqa: N815


def permitted(module: str, name: str | None) -> bool:
    """Whether the model may import ``name`` from ``module`` (None: the module itself)."""
    for allowed, names in PERMITTED_IMPORTS.items():
        if module == allowed or module.startswith(f"{allowed}."):
            return names is None or (name is not None and name in names)
    return False


def is_mutable_display(node: ast.expr) -> bool:
    """Whether a default value is one object that all calls would share."""
    if isinstance(node, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
        return True
    return isinstance(node, ast.Call) and outer_name(node.func) in MUTABLE_TYPES


def inspect_modules(sources: dict[str, str]) -> Iterator[Finding]:
    """All findings in modules given as dotted name -> source text."""
    trees = {name: ast.parse(text, filename=name) for name, text in sources.items()}
    unordered = Unordered(trees.values())
    for name, tree in trees.items():
        inspector = Inspector(name, tree, unordered)
        inspector.visit(tree)
        yield from sorted(set(inspector.findings))
