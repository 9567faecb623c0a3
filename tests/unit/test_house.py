"""The house itself: what is committed, what is installed, what the README promises, and how the command fails."""

import ast
import re
import subprocess
import tomllib
from importlib.metadata import EntryPoint, requires
from pathlib import Path
from typing import Final

import pytest
import typer
from typer.testing import CliRunner

from hyperion_conformance import cli

PROJECT: Final = Path(__file__).resolve().parents[2]
DESCRIPTION: Final = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK: Final = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
ONE_MEGABYTE: Final = 1_000_000
MACHINE_PATHS: Final = re.compile(r"/(?:home|Users|root|tmp|work)/[A-Za-z0-9_.-]+/|[A-Z]:\\\\Users")


def tracked() -> list[Path]:
    """Files under version control; in an unpacked archive without git, the check has nothing to say."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.decode().split("\0") if name and (path := PROJECT / name).is_file()]


def canonical(requirement: str) -> str:
    """The name in a requirement, as package indexes compare names (PEP 503)."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


# What is committed.


def test_no_large_files() -> None:
    assert [path.name for path in tracked() if path.stat().st_size > ONE_MEGABYTE and not is_vector(path)] == []


def test_vectors_stay_small() -> None:
    assert sum(path.stat().st_size for path in tracked() if is_vector(path)) < 10 * ONE_MEGABYTE


def is_vector(path: Path) -> bool:
    """Released vectors have a limit of their own, over all files."""
    return path.is_relative_to(PROJECT / "conformance" / "vectors")


def machine_paths(text: str) -> list[str]:
    """Places of somebody's own machine that a text names."""
    return MACHINE_PATHS.findall(text)


def test_no_path_of_a_machine() -> None:
    found = {}
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path != Path(__file__) and machine_paths(text):
            found[str(path.relative_to(PROJECT))] = machine_paths(text)
    assert found == {}


@pytest.mark.parametrize("text", ["x = '/home/ada/x'", "see /Users/ada/x", "/root/.cache/"])
def test_path_of_a_machine_is_caught(text: str) -> None:
    assert machine_paths(text)


def test_every_package_and_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(PROJECT))
        for folder in ("reference", "conformance/hyperion_conformance", "proofs", "tests", "spec")
        for path in sorted((PROJECT / folder).rglob("*.py"))
        if not (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").strip()
    ]
    assert silent == []


PACKAGES: Final = ["reference/hyperion", "conformance/hyperion_conformance", "proofs/hyperion_proofs"]


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_typed(package: str) -> None:
    assert (PROJECT / package / "py.typed").is_file()


@pytest.mark.parametrize("name", ["utils", "helpers", "misc", "manager", "common"])
def test_no_module_without_a_subject(name: str) -> None:
    folders = ["reference", "conformance/hyperion_conformance", "proofs", "tests", "spec/_ext"]
    assert [path for folder in folders for path in (PROJECT / folder).rglob(f"{name}*.py")] == []


# What is installed.


def locked() -> dict[str, str]:
    """Pinned versions by canonical name."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", LOCK, re.MULTILINE)
    return {canonical(name): version for name, version in pins}


def test_lock_covers_all_dependencies() -> None:
    wanted = [*DESCRIPTION["project"]["dependencies"], *DESCRIPTION["dependency-groups"]["dev"]]
    assert {canonical(requirement) for requirement in wanted} - set(locked()) == set()


def test_lock_pins_everything_with_hashes_and_names_no_host() -> None:
    pins = len(re.findall(r"^\S+==", LOCK, re.MULTILINE))
    requirements = re.findall(r"^\S.*(?:\n +--hash=sha256:[0-9a-f]{64}(?: \\)?)+", LOCK, re.MULTILINE)
    assert len(requirements) == pins > 50
    assert "://" not in LOCK
    assert "--index" not in LOCK


def test_installed_distribution_is_this_description() -> None:
    installed = {canonical(requirement) for requirement in requires("hyperion-spec") or []}
    assert installed == {canonical(requirement) for requirement in DESCRIPTION["project"]["dependencies"]}


def test_the_card_is_installed() -> None:
    assert {"attrs", "hypothesis", "mypy", "pyrsistent", "pytest", "z3-solver"} <= set(locked())


# What the README and the Makefile promise.


def fenced_commands(text: str) -> list[str]:
    """Lines of the fenced shell blocks of a Markdown text, without prompts and comments."""
    blocks = re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ").split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def make_targets() -> set[str]:
    """Targets of the Makefile."""
    return set(re.findall(r"^([a-z][a-z-]*):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def commands_in(document: str) -> list[str]:
    return fenced_commands((PROJECT / document).read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_make_targets_of_the_documents_exist(document: str) -> None:
    named = {target for line in commands_in(document) if line.startswith("make ") for target in line.split()[1:]}
    named = {target for target in named if "=" not in target}
    assert named
    assert named - make_targets() == set()


def hyperion_commands() -> list[str]:
    """Every ``hyperion …`` line of README and CONTRIBUTING, without its arguments."""
    lines = [line for document in ("README.md", "CONTRIBUTING.md") for line in commands_in(document)]
    found = [re.match(r"(?:\.venv/bin/)?hyperion((?: [a-z][a-z0-9-]+)+)", line) for line in lines]
    return sorted({match[1].strip() for match in found if match})


@pytest.mark.parametrize("command", hyperion_commands())
def test_commands_of_the_documents_exist(command: str) -> None:
    words = command.split()[:2]
    result = CliRunner().invoke(cli.app, [*words, "--help"])
    assert result.exit_code == 0, result.output
    assert "not available" not in result.output


def test_readme_command_that_is_not_there_is_caught() -> None:
    assert CliRunner().invoke(cli.app, ["conformance", "no-such-command", "--help"]).exit_code == 2
    assert fenced_commands("```sh\n$ make test  # all\n```\n```python\nx\n```\n") == ["make test"]


# How the command fails.


def test_every_entry_point_loads() -> None:
    loaded = {name: command.help for name, command in cli.Plugins().items()}
    assert set(loaded) == set(DESCRIPTION["project"]["entry-points"]["hyperion.commands"])
    assert [name for name, text in loaded.items() if "not available" in (text or "")] == []


def test_broken_plugin_is_reported_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("prove", "hyperion_proofs.no_such_module:app", cli.GROUP)
    sound = EntryPoint("rules", "hyperion_conformance.cli.rules:app", cli.GROUP)
    monkeypatch.setattr(cli, "entry_points", lambda group: [broken, sound])
    run = CliRunner().invoke
    listing = run(cli.app, ["--help"])
    assert listing.exit_code == 0
    assert "not available" in listing.output
    used = run(cli.app, ["prove", "all", "--jobs", "2"])
    assert used.exit_code == cli.USAGE
    assert used.stderr.count("\n") == 1
    assert "hyperion prove: not available: ModuleNotFoundError" in used.stderr
    assert run(cli.app, ["rules", "--help"]).exit_code == 0


def test_plugin_may_be_a_function_or_an_app() -> None:
    def greet(name: str) -> None:
        typer.echo(f"hello {name}")

    app = typer.Typer()
    app.command()(greet)
    root = typer.Typer(cls=cli.Root)
    root.callback()(lambda: None)
    for plugin in (greet, app):
        command = cli.command_of(plugin, "greet")
        assert command.name == "greet"
        assert command.main(["world"], standalone_mode=False) is None
    with pytest.raises(TypeError, match="neither"):
        cli.command_of(7, "seven")


def test_version_is_printed() -> None:
    result = CliRunner().invoke(cli.app, ["--version"])
    assert result.output.strip() == f"hyperion-spec {DESCRIPTION['project']['version']}"
