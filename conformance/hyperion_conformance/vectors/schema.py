"""The JSON Schemas of vector files, manifests and tombstones: the loader's contract, for readers in other languages."""

import functools
import json
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

from jsonschema import Draft202012Validator

from hyperion_conformance.vectors.record import VectorError

NAMES: Final = ("vector-1", "manifest-1", "tombstones-1")


@functools.lru_cache(maxsize=len(NAMES))
def schema(name: str) -> dict[str, Any]:
    """The schema called ``name``, as shipped."""
    file = resources.files("hyperion_conformance.vectors").joinpath(f"{name}.schema.json")
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return document


@functools.lru_cache(maxsize=len(NAMES))
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def check_document(name: str, document: object, file: str) -> Iterator[VectorError]:
    """What in ``document`` the schema does not allow."""
    for error in _validator(name).iter_errors(document):
        yield VectorError(file, "", error.json_path, f"schema {name}: {error.message[:200]}")
