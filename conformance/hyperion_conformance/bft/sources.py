"""Where traces lie: files, folders with sub-folders, and archives."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ARCHIVES: Final = (".tar", ".tar.xz", ".tar.gz", ".tgz", ".tar.bz2", ".zip")
LARGEST: Final = 1 << 30
"""Bytes beyond which a document is refused unread; the largest published trace has 5 million."""


class SourceError(ValueError):
    """A place that holds no traces, or cannot be read: which, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def documents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of all ``*.json`` in a folder, an archive, or a file of any name, by name; ``.itf`` is optional.

    Archives within a folder are opened too. Refused with ``SourceError``: what is not there, is no archive although
    its name says so, or is too large.
    """
    if path.is_dir():
        for inner in sorted(path.rglob("*")):
            if inner.is_file() and (inner.suffix == ".json" or _is_archive(inner)):
                yield from ((f"{inner.relative_to(path).parent / name}", data) for name, data in documents(inner))
    elif not path.is_file():
        raise SourceError(str(path), "not there")
    elif not _is_archive(path):
        if path.stat().st_size > LARGEST:
            raise SourceError(str(path), "too large")
        yield path.name, path.read_bytes()
    else:
        try:
            yield from _zipped(path) if path.suffix == ".zip" else _tarred(path)
        except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError) as error:
            # A broken archive shows itself in many ways, among them those of the compressors beneath.
            raise SourceError(str(path), f"not a readable archive ({error})") from error


def _is_archive(path: Path) -> bool:
    return path.name.endswith(ARCHIVES)


def _tarred(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            stream = archive.extractfile(member) if member.isfile() and member.name.endswith(".json") else None
            if stream is not None:
                _bounded(member.name, member.size)
                yield member.name, stream.read()


def _zipped(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for member in sorted(archive.infolist(), key=lambda member: member.filename):
            if not member.is_dir() and member.filename.endswith(".json"):
                _bounded(member.filename, member.file_size)
                yield member.filename, archive.read(member)


def _bounded(name: str, size: int) -> None:
    if size > LARGEST:
        raise SourceError(name, "too large")
