"""The registry joins rules, tests, vectors and chapters; each gap that it claims to find is seeded here and found."""

import json
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from typer.testing import CliRunner

from hyperion.rules import Level, Rule, rule
from hyperion_conformance.cli.rules import app
from hyperion_conformance.registry import (
    Pointer,
    Problem,
    Source,
    gather,
    instruction_rules,
    join,
    model_rules,
    modules_of,
    pointers_in_chapter,
    pointers_in_test,
    pointers_in_vectors,
    project_root,
    source_of,
    spread,
)

PROJECT: Final = Path(__file__).resolve().parents[2]
ADD: Final = Rule("VM-add", "The sum of two words.")
HERE: Final = Source("hyperion.vm.f", "reference/hyperion/vm.py", 3, 9)
THERE: Final = Source("hyperion.vm.g", "reference/hyperion/vm.py", 20, 29)
TESTED: Final = [Pointer("VM-add", "tests/unit/test_vm.py", "test_add")]


def kinds(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    return [(problem.kind, problem.rule) for problem in problems]


# The check on the project itself.


def test_every_rule_of_the_model_is_checked() -> None:
    registry = gather(PROJECT)
    assert len(registry.entries) > 200
    assert [f"{p.kind}: {p.rule}: {p.detail}" for p in registry.problems] == []


def test_every_instruction_is_a_rule() -> None:
    names = {rule.id for rule, _ in instruction_rules(modules_of("hyperion"))}
    assert {"VM-add", "VM-sload", "VM-push0", "VM-push32", "VM-dup16", "VM-selfdestruct"} <= names


def test_an_instruction_points_at_the_function_that_gives_its_meaning() -> None:
    entries = gather(PROJECT).entries
    assert entries["VM-sdiv"].source.name == "hyperion.primitives.word.sdiv"
    assert entries["VM-sload"].source.name == "hyperion.vm.instructions.storage.sload"


# Its controls: one seeded gap a kind.


def test_a_sound_join_has_no_problem() -> None:
    chapter = [Pointer("VM-add", "spec/machine.md", "box")]
    vector = [Pointer("VM-add", "conformance/vectors/vm.json", "vm-add-1")]
    registry = join([(ADD, HERE)], TESTED, vector, chapter)
    assert registry.problems == ()
    entry = registry.entries["VM-add"]
    assert (entry.tests, entry.vectors, entry.chapters) == (tuple(TESTED), tuple(vector), tuple(chapter))


def test_unchecked_rule_is_a_problem() -> None:
    chapter = [Pointer("VM-add", "spec/machine.md", "box")]  # to be written about is not to be checked
    assert kinds(join([(ADD, HERE)], [], [], chapter).problems) == [("unchecked", "VM-add")]


def test_a_vector_checks_a_rule() -> None:
    vectors = [Pointer("VM-add", "conformance/vectors/vm.json", "vm-add-1")]
    assert join([(ADD, HERE)], [], vectors, []).problems == ()


@pytest.mark.parametrize("level", [Level.SHOULD, Level.MAY])
def test_only_binding_rules_need_a_check(level: Level) -> None:
    assert join([(Rule("VM-add", "The sum.", level), HERE)], [], [], []).problems == ()


def test_duplicate_id_is_a_problem() -> None:
    assert kinds(join([(ADD, HERE), (ADD, THERE)], TESTED, [], []).problems) == [("duplicate", "VM-add")]


@pytest.mark.parametrize("id", ["VM", "vm-add", "VM-Add", "VM_add", "VM-", "add", "VM-add "])
def test_malformed_id_is_a_problem(id: str) -> None:
    pointers = [Pointer(id, "tests/unit/test_vm.py", "test_add")]
    assert kinds(join([(Rule(id, "The sum."), HERE)], pointers, [], []).problems) == [("malformed", id)]


def test_missing_statement_is_a_problem() -> None:
    assert kinds(join([(Rule("VM-add", " "), HERE)], TESTED, [], []).problems) == [("malformed", "VM-add")]


@pytest.mark.parametrize("where", ["tests", "vectors", "chapters"])
def test_unknown_id_is_a_problem(where: str) -> None:
    stray = [Pointer("VM-addd", "somewhere", "name")]
    pointers = {"tests": list(TESTED), "vectors": [], "chapters": []}
    pointers[where] = [*pointers[where], *stray]
    assert kinds(join([(ADD, HERE)], **pointers).problems) == [("unknown", "VM-addd")]


# Reading.


def module_with(**members: object) -> ModuleType:
    module = ModuleType("hyperion.seeded")
    for name, member in members.items():
        setattr(module, name, member)
    return module


def test_rules_are_found_on_functions_and_methods_but_not_on_imports() -> None:
    @rule("VM-function", "A rule.")
    @rule("VM-second", "Another rule of the same function.")
    def function() -> None: ...

    @rule("VM-imported", "A rule of another module.")
    def imported() -> None: ...

    class Record:
        @rule("VM-method", "A rule.")
        def method(self) -> None: ...

        @property
        @rule("VM-property", "A rule.")
        def derived(self) -> int:
            return 0

    function.__module__ = Record.__module__ = "hyperion.seeded"
    module = module_with(function=function, imported=imported, Record=Record)
    assert [found.id for found, _ in model_rules([module])] == [
        "VM-function",
        "VM-second",
        "VM-method",
        "VM-property",
    ]


def test_source_is_where_the_function_stands() -> None:
    source = source_of(source_of, PROJECT)
    text = (PROJECT / source.file).read_text(encoding="utf-8").splitlines()
    assert source.name == "hyperion_conformance.registry.source_of"
    assert text[source.first - 1].startswith("def source_of(")
    assert text[source.last - 1].startswith("    return Source(")


def test_marks_are_read_from_functions_classes_modules_and_cases() -> None:
    text = """
import pytest
pytestmark = pytest.mark.rule("VM-module")
@pytest.mark.rule("VM-a", "VM-b")
def test_function(): ...
@pytest.mark.rule("VM-class")
class TestClass:
    @pytest.mark.rule("VM-method")
    def test_method(self): ...
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.rule("VM-case"))])
def test_cases(x): ...
@pytest.mark.slow
def test_other(): "pytest.mark.rule('VM-in-a-string')"
"""
    found = {(pointer.rule, pointer.name) for pointer in pointers_in_test("tests/test_x.py", text)}
    assert found == {
        ("VM-module", "module"),
        ("VM-a", "test_function"),
        ("VM-b", "test_function"),
        ("VM-class", "TestClass"),
        ("VM-method", "test_method"),
        ("VM-case", "test_cases"),
    }


def test_rules_of_cases_are_read_from_vectors() -> None:
    document = {"target": "vm.run", "cases": [{"id": "a", "rules": ["VM-add", "VM-mul"]}, {"id": "b", "rules": []}]}
    found = [(pointer.rule, pointer.name) for pointer in pointers_in_vectors("v.json", document)]
    assert found == [("VM-add", "a"), ("VM-mul", "a")]


def test_boxes_mentions_and_targets_are_read_from_chapters() -> None:
    text = """
(VM-target)=
# Title
```{rule-box} VM-box
```
A mention, {rule}`VM-role`, and `VM-no-mention`.
(a-heading)=
```{opcode-table}
```
"""
    pointers = spread(pointers_in_chapter("spec/x.md", text), ["VM-add", "VM-mul"])
    found = {(pointer.rule, pointer.name) for pointer in pointers}
    boxes = {("VM-target", "anchor"), ("VM-box", "box"), ("VM-role", "role")}
    assert found == boxes | {("VM-add", "table"), ("VM-mul", "table")}


# The command.


def checkout(folder: Path, test: str) -> Path:
    """A checkout with the whole model, one test file, no vectors and no chapters."""
    (folder / "tests").mkdir()
    (folder / "pyproject.toml").write_text('name = "hyperion-spec"\n')
    (folder / "tests" / "test_seeded.py").write_text(test)
    return folder


def test_command_fails_on_a_gap(tmp_path: Path) -> None:
    root = checkout(tmp_path, "@pytest.mark.rule('VM-no-such-rule')\ndef test_x(): ...\n")
    result = CliRunner().invoke(app, ["--check", "--root", str(root)])
    assert result.exit_code == 1
    assert "unknown" in result.output
    assert "VM-no-such-rule" in result.output
    assert "unchecked" in result.output


def test_command_shows_one_rule_many_or_none() -> None:
    run = CliRunner().invoke
    assert "reference/hyperion/vm/gas.py" in run(app, ["VM-63-64", "--root", str(PROJECT)]).output
    document = json.loads(run(app, ["VM-*", "--json", "--root", str(PROJECT)]).output)
    assert {"id", "level", "statement", "function", "file", "lines", "tests", "vectors", "chapters"} == set(
        document["rules"][0]
    )
    assert all(entry["id"].startswith("VM-") for entry in document["rules"])
    assert run(app, ["NO-such", "--root", str(PROJECT)]).exit_code == 2


def test_command_outside_a_checkout_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no checkout"):
        project_root(tmp_path)
    assert CliRunner().invoke(app, ["--root", str(tmp_path)]).exit_code == 2
