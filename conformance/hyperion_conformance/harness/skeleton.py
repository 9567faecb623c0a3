"""Skeletons of adapters, one file each, without a library of ours."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

FILES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "python": ("adapter.py", "python {file}"),
        "javascript": ("adapter.mjs", "node {file}"),
        "go": ("main.go", "go run {file}"),
        "rust": ("main.rs", "cargo run --release --quiet"),
    }
)
"""Language -> file name, command. The templates end in .txt, lest a tool take them for code of this project."""

LANGUAGES: Final = tuple(FILES)


def write_skeleton(language: str, folder: Path) -> tuple[tuple[Path, ...], str]:
    """Write the files and return them with the command that starts the adapter. Nothing is overwritten.

    Raises KeyError for an unknown language, FileExistsError for a file in the way.
    """
    name, command = FILES[language]
    wanted = {name: f"{name}.txt"}
    if language == "rust":
        wanted = {f"src/{name}": f"{name}.txt", "Cargo.toml": "Cargo.toml.txt"}
        command += f" --manifest-path {folder / 'Cargo.toml'}"
    files = {folder / target: source for target, source in wanted.items()}
    for file in files:
        if file.exists():
            raise FileExistsError(f"{file} exists; choose another folder")
    for file, source in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            resources.files("hyperion_conformance.harness").joinpath("templates", source).read_text("utf-8")
        )
    return tuple(files), command.format(file=folder / name)
