"""The JSON Schema of `hyperion/1` and its use in both directions.

The decoder in `decode` is what decides; the schema is the same contract for readers and for tools in other languages,
and a test holds the two together.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from hyperion_conformance.protocol.decode import MalformedMessage, parse_line
from hyperion_conformance.protocol.messages import Json

SCHEMA_FILE = "hyperion-1.schema.json"


@functools.lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """The schema document as shipped."""
    text = resources.files("hyperion_conformance.protocol").joinpath(SCHEMA_FILE).read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@functools.lru_cache(maxsize=64)
def _validator(definition: str) -> Draft202012Validator:
    return Draft202012Validator({**schema(), "$ref": f"#/$defs/{definition}"})


def _check(definition: str, message: object) -> None:
    error = best_match(_validator(definition).iter_errors(message))
    if error is not None:
        raise MalformedMessage(error.json_path, f"schema {definition}: {error.message[:200]}")


def check_request(message: Mapping[str, Json]) -> None:
    """Refuses a request of ours that the schema does not allow; a failure is our own fault."""
    _check("request", json.loads(json.dumps(message)))


def check_reply(line: bytes, op: str, target: str) -> None:
    """Refuses a reply that the schema does not allow for the question that was asked."""
    message = parse_line(line)
    _check("reply", message)
    if "ok" not in message:
        return
    if op == "run":
        name = "outcome-" + target.replace(".", "-")
        if name in schema()["$defs"]:
            _check(name, message["ok"])
    elif op in ("hello", "trace", "open"):
        _check(f"{op}-ok", message["ok"])
