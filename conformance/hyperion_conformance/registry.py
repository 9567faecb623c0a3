"""The registry of rules: made from the code on every call, never written down.

A rule stands in one function of the model (``hyperion.rules.rule``) or in one row of the instruction table. Tests,
vectors and chapters only point at it by its id. The registry joins the four, and says where the join has a gap.
"""

import ast
import importlib
import inspect
import json
import pkgutil
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

import attrs

from hyperion.rules import Level, Rule
from hyperion.vm.machine import Instruction

MODEL: Final = "hyperion"
SLUG: Final = re.compile(r"[A-Z]{2,5}(-[a-z0-9]+)+")
"""An id: the part of the protocol in capitals, then words; never a number in a sequence."""
POINTER: Final = re.compile(
    r"^```+\{rule-box\}\s+(?P<box>\S+)\s*$"  # the chapter's box, which shows the rule
    r"|\{rule\}`(?P<role>[^`\s]+)`"  # a mention in running text
    r"|^\((?P<anchor>[A-Z]{2,5}-[a-z0-9-]+)\)=\s*$"  # a plain MyST target
    r"|^```+\{(?P<table>opcode-table)\}",  # a row for each instruction, which is its rule
    re.MULTILINE,
)


@attrs.frozen
class Source:
    """Where a function stands: its dotted name, the file relative to the project, first and last line."""

    name: str
    file: str
    first: int
    last: int


@attrs.frozen
class Pointer:
    """A place outside the model that names a rule: ``place`` is a file, ``name`` what in it does the naming."""

    rule: str
    place: str
    name: str


@attrs.frozen
class Entry:
    """All that is known about a rule."""

    rule: Rule
    source: Source
    tests: tuple[Pointer, ...] = ()
    vectors: tuple[Pointer, ...] = ()
    chapters: tuple[Pointer, ...] = ()

    @property
    def is_checked(self) -> bool:
        """Whether a test or a vector names the rule."""
        return bool(self.tests or self.vectors)


@attrs.frozen
class Problem:
    """A gap in the join: its kind (unchecked, unknown, duplicate, malformed), the rule id, and what to look at."""

    kind: str
    rule: str
    detail: str


@attrs.frozen
class Registry:
    """Rules by id, in alphabetic order, and the problems found while joining."""

    entries: Mapping[str, Entry]
    problems: tuple[Problem, ...]


def project_root(start: Path | None = None) -> Path:
    """The checkout around ``start`` (by default the working directory, then this file): tests, vectors, chapters."""
    candidates = [start] if start else [Path.cwd(), Path(__file__)]
    for candidate in candidates:
        for folder in (candidate.resolve(), *candidate.resolve().parents):
            project = folder / "pyproject.toml"
            if project.is_file() and 'name = "hyperion-spec"' in project.read_text(encoding="utf-8"):
                return folder
    raise FileNotFoundError("no checkout of hyperion-spec here: run this inside one, or name it with --root")


def modules_of(package: str) -> Iterator[ModuleType]:
    """The package and every module below it, imported; a module that does not import is an error of the model."""
    top = importlib.import_module(package)
    yield top
    for found in pkgutil.walk_packages(top.__path__, prefix=f"{package}."):
        yield importlib.import_module(found.name)


def source_of(function: Callable[..., object], root: Path) -> Source:
    """Where ``function`` stands, looking through caches and other wrappers."""
    inner = inspect.unwrap(function)
    lines, first = inspect.getsourcelines(inner)
    file = Path(inspect.getsourcefile(inner) or "").resolve()
    shown = file.relative_to(root) if file.is_relative_to(root) else Path(file.name)
    return Source(f"{inner.__module__}.{inner.__qualname__}", shown.as_posix(), first, first + len(lines) - 1)


def functions_of(module: ModuleType) -> Iterator[Callable[..., object]]:
    """Functions that the module defines itself, and those in its classes; what it imports belongs elsewhere."""
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(value):
            for member in vars(value).values():
                inner = getattr(member, "__func__", getattr(member, "fget", member))
                if callable(inner):
                    yield inner
        elif callable(value):
            yield value


def instructions_of(module: ModuleType) -> Iterator[Instruction]:
    """Rows of the instruction table that the module holds, alone or in tuples."""
    for value in vars(module).values():
        rows = value if isinstance(value, tuple) else (value,)
        yield from (row for row in rows if isinstance(row, Instruction))


def instruction_rules(modules: Iterable[ModuleType]) -> list[tuple[Rule, Callable[..., object]]]:
    """The rules that rows of the instruction table are; the row of an opcode without meaning is no instruction."""
    rows = {row.rule: row for module in modules for row in instructions_of(module)}
    return [(Rule(id, row.meaning), home_of(row)) for id, row in rows.items()]


def home_of(row: Instruction) -> Callable[..., object]:
    """The function that an instruction is: its operation, or the function on words that the operation wraps.

    ADD is ``word.add`` lifted to machines; the lifting is the same for all, so it is no place to look the rule up.
    """
    lifted: object = inspect.getclosurevars(row.operation).nonlocals.get("meaning")
    return lifted if inspect.isfunction(lifted) else row.operation


def model_rules(modules: Iterable[ModuleType]) -> list[tuple[Rule, Callable[..., object]]]:
    """Each rule of the modules with the function that is the rule."""
    modules = list(modules)
    decorated = [
        (rule, function)
        for module in modules
        for function in functions_of(module)
        for rule in getattr(function, "__rules__", ())
    ]
    return [*decorated, *instruction_rules(modules)]


def pointers_in_test(path: str, text: str) -> Iterator[Pointer]:
    """Ids in ``pytest.mark.rule(...)`` of a test file, with the test (or class, or module) that carries the mark."""

    def visit(node: ast.AST, owner: str) -> Iterator[Pointer]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            owner = node.name
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.rule"):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield Pointer(argument.value, path, owner)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, owner)

    yield from visit(ast.parse(text, filename=path), "module")


def pointers_in_vectors(path: str, document: object) -> Iterator[Pointer]:
    """Ids in the ``rules`` of every case in a vector file, with the id of the case."""
    if isinstance(document, dict):
        rules, case = document.get("rules"), document.get("id")
        if isinstance(rules, list) and isinstance(case, str):
            yield from (Pointer(rule, path, case) for rule in rules if isinstance(rule, str))
        for value in document.values():
            yield from pointers_in_vectors(path, value)
    elif isinstance(document, list):
        for value in document:
            yield from pointers_in_vectors(path, value)


def pointers_in_chapter(path: str, text: str) -> Iterator[Pointer]:
    """Ids that a chapter shows in a box, mentions, or carries as a target."""
    for match in POINTER.finditer(text):
        kind = match.lastgroup or "role"
        yield Pointer(match[kind], path, kind)


def scan(root: Path) -> tuple[list[Pointer], list[Pointer], list[Pointer]]:
    """All pointers of a checkout: from tests, from released vectors, from chapters."""

    def name(path: Path) -> str:
        return path.relative_to(root).as_posix()

    tests = [
        pointer
        for path in sorted((root / "tests").rglob("test_*.py"))
        for pointer in pointers_in_test(name(path), path.read_text(encoding="utf-8"))
    ]
    vectors = [
        pointer
        for path in sorted((root / "conformance" / "vectors").rglob("*.json"))
        for pointer in pointers_in_vectors(name(path), json.loads(path.read_bytes()))
    ]
    chapters = [
        pointer
        for path in sorted((root / "spec").rglob("*.md"))
        for pointer in pointers_in_chapter(name(path), path.read_text(encoding="utf-8"))
    ]
    return tests, vectors, chapters


def by_rule(pointers: Iterable[Pointer]) -> dict[str, tuple[Pointer, ...]]:
    """Pointers grouped by the rule they name."""
    groups: defaultdict[str, list[Pointer]] = defaultdict(list)
    for pointer in pointers:
        groups[pointer.rule].append(pointer)
    return {rule: tuple(dict.fromkeys(group)) for rule, group in groups.items()}


def join(
    rules: Iterable[tuple[Rule, Source]],
    tests: Iterable[Pointer],
    vectors: Iterable[Pointer],
    chapters: Iterable[Pointer],
) -> Registry:
    """The registry of these rules and pointers, with every gap: this function reads nothing, so it is easy to test."""
    rules = sorted(rules, key=lambda pair: (pair[0].id, pair[1].name))
    tested, vectored, written = by_rule(tests), by_rule(vectors), by_rule(chapters)
    entries = {
        rule.id: Entry(rule, source, tested.get(rule.id, ()), vectored.get(rule.id, ()), written.get(rule.id, ()))
        for rule, source in rules
    }
    return Registry(
        entries,
        (
            *duplicates(rules),
            *malformed(entries),
            *unchecked(entries),
            *unknown(entries, {"test": tested, "vector": vectored, "chapter": written}),
        ),
    )


def duplicates(rules: Iterable[tuple[Rule, Source]]) -> Iterator[Problem]:
    """A rule has one home: two functions with the same id are one too many."""
    homes = by_rule(Pointer(rule.id, source.name, "") for rule, source in rules)
    counts = Counter(rule.id for rule, _ in rules)
    for id, times in counts.items():
        if times > 1:
            yield Problem("duplicate", id, "in " + ", ".join(dict.fromkeys(home.place for home in homes[id])))


def malformed(entries: Mapping[str, Entry]) -> Iterator[Problem]:
    """An id is a slug, and a rule has a sentence."""
    for id, entry in entries.items():
        if not SLUG.fullmatch(id):
            yield Problem("malformed", id, f"not a slug like VM-add, in {entry.source.name}")
        if not entry.rule.statement.strip():
            yield Problem("malformed", id, f"no statement, in {entry.source.name}")


def unchecked(entries: Mapping[str, Entry]) -> Iterator[Problem]:
    """A rule that binds is named by a test or a vector."""
    for id, entry in entries.items():
        if entry.rule.level is Level.MUST and not entry.is_checked:
            yield Problem("unchecked", id, f"no test and no vector names it, {entry.source.file}:{entry.source.first}")


def unknown(
    entries: Mapping[str, Entry], pointers: Mapping[str, Mapping[str, tuple[Pointer, ...]]]
) -> Iterator[Problem]:
    """What tests, vectors and chapters name exists."""
    for kind, groups in pointers.items():
        for id, named in groups.items():
            if id not in entries:
                yield Problem("unknown", id, f"no function has it; named by {kind} {named[0].place} ({named[0].name})")


def gather(root: Path | None = None, package: str = MODEL) -> Registry:
    """The registry of a checkout: imports the whole model, reads tests, vectors and chapters."""
    root = project_root(root)
    modules = list(modules_of(package))
    rules = [(rule, source_of(function, root)) for rule, function in model_rules(modules)]
    tests, vectors, chapters = scan(root)
    instructions = [rule.id for rule, _ in instruction_rules(modules)]
    return join(rules, tests, vectors, spread(chapters, instructions))


def spread(chapters: Iterable[Pointer], instructions: Iterable[str]) -> list[Pointer]:
    """The pointers of chapters, with each table of opcodes replaced by a pointer for every instruction."""
    chapters, instructions = list(chapters), list(instructions)
    rows = [
        Pointer(id, table.place, table.name) for table in chapters if table.name == "table" for id in instructions
    ]
    return [*(pointer for pointer in chapters if pointer.name != "table"), *rows]
