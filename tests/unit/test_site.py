"""The document builds offline with warnings as errors, shows what the code says, and refuses what is not there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from hyperion.vm.instructions import INSTRUCTIONS
from hyperion_conformance.registry import gather

PROJECT: Final = Path(__file__).resolve().parents[2]
EXTERNAL: Final = re.compile(
    r"""<(?:script|link|img|iframe)[^>]*?(?:src|href)=["'](?:https?:)?//|url\(["']?https?:|@import"""
)


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Build as ``hyperion site`` does."""
    options = ["-n", "-W", "--keep-going", "-q", "-E", "-b", "html"]
    command = [sys.executable, "-m", "sphinx", *options, str(source), str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    built = build(PROJECT / "spec", target)
    assert built.returncode == 0, built.stderr
    return target


@pytest.mark.slow
def test_every_chapter_is_built(site: Path) -> None:
    chapters = {path.stem for path in (PROJECT / "spec").glob("*.md")}
    assert {"index", "machine", "rules"} <= chapters
    assert chapters <= {path.stem for path in site.glob("*.html")}


@pytest.mark.slow
def test_no_page_loads_anything_from_the_network(site: Path) -> None:
    pages = [*site.glob("*.html"), *site.rglob("*.css")]
    assert [page.name for page in pages if EXTERNAL.search(page.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "text",
    ['<script src="https://cdn.example/x.js">', "<link rel='x' href='//fonts.example/a.css'>", "url(https://x/y.woff)"],
)
def test_load_from_the_network_is_caught(text: str) -> None:
    assert EXTERNAL.search(text)


@pytest.mark.slow
def test_every_rule_and_every_instruction_is_shown(site: Path) -> None:
    index = (site / "rules.html").read_text(encoding="utf-8")
    assert [id for id in gather(PROJECT).entries if f'id="index-{id.lower()}"' not in index] == []
    machine = (site / "machine.html").read_text(encoding="utf-8")
    assert [row.name for row in INSTRUCTIONS if f'id="{f"rule-{row.rule}".lower()}"' not in machine] == []


BROKEN: Final = {
    "box of an unknown rule": ("```{rule-box} VM-no-such-rule\n```", "no rule VM-no-such-rule"),
    "mention of an unknown rule": ("See {rule}`VM-no-such-rule`.", "VM-no-such-rule"),
    "name that is not in the code": ("See {py:func}`hyperion.vm.step.no_such_function`.", "no_such_function"),
    "unknown document": ("See [it](no-such-chapter.md).", "no-such-chapter"),
    "schedule against the algorithm itself": ("```{stm-ordering} corrected\n```", "is kept for corrected"),
    "unknown variant": ("```{stm-ordering} nothing\n```", "no variant nothing"),
    "unreadable formula": ("$\\frac{$", "formula"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
def test_broken_chapter_fails_the_build(name: str, tmp_path: Path) -> None:
    text, complaint = BROKEN[name]
    (tmp_path / "pyproject.toml").write_text('name = "hyperion-spec"\n')
    spec = tmp_path / "spec"
    shutil.copytree(PROJECT / "spec", spec, ignore=shutil.ignore_patterns("*.md", "__pycache__"))
    (spec / "index.md").write_text(f"# Title\n\n{text}\n")
    built = build(spec, tmp_path / "site")
    assert built.returncode != 0
    assert complaint in built.stderr
