"""The JSON Schemas of vector files, manifests and tombstones: the loader's contract, for readers in other languages."""

import functools
import json
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

from jsonschema import Draft202012Validator

from hyperion_conformance.targets import TARGETS
from hyperion_conformance.targets.target import Target
from hyperion_conformance.vectors.record import VectorError

NAMES: Final = ("vector-1", "manifest-1", "tombstones-1")


def shipped(package: str, file: str) -> dict[str, Any]:
    """The schema in ``file`` of a package."""
    document: dict[str, Any] = json.loads(resources.files(package).joinpath(file).read_text("utf-8"))
    return document


@functools.lru_cache(maxsize=len(NAMES))
def schema(name: str) -> dict[str, Any]:
    """The schema called ``name``; that of vectors with what each target says of its inputs and outcomes."""
    document = shipped("hyperion_conformance.vectors", f"{name}.schema.json")
    if name != "vector-1":
        return document
    document["properties"]["target"] = {"enum": list(TARGETS)}
    document["allOf"] = [_cases_of(target) for target in TARGETS.values()]
    for target in TARGETS.values():
        if target.schema is not None:
            document["$defs"][f"target-{target.name}"] = shipped("hyperion_conformance.targets", target.schema)
    return document


def _cases_of(target: Target) -> dict[str, Any]:
    """What holds of the cases of a file of ``target``."""
    slug = target.name.replace(".", "-")
    local = target.schema is None
    given, outcome = (
        {"$ref": f"#/$defs/{part}-{slug}" if local else f"{target.schema}#/$defs/{part}"}
        for part in ("input", "outcome")
    )
    expect = {
        "type": "object",
        "properties": {"exactly": outcome, "one_of": {"type": "array", "items": outcome, "minItems": 2}},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
    cases = {"items": {"properties": {"input": given, "expect": expect}}}
    return {"if": {"properties": {"target": {"const": target.name}}}, "then": {"properties": {"cases": cases}}}


@functools.lru_cache(maxsize=len(NAMES))
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def check_document(name: str, document: object, file: str) -> Iterator[VectorError]:
    """What in ``document`` the schema does not allow."""
    for error in _validator(name).iter_errors(document):
        yield VectorError(file, "", error.json_path, f"schema {name}: {error.message[:200]}")
