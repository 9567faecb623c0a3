"""The one spelling of a document: equal values have equal bytes, so hashes and comparisons mean something.

Keys sorted, no spaces, ASCII only, integers plain, no floats. Vector files put each case on a line of its own: a diff
then shows which cases changed, and a reader can stream.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence

from hyperion_conformance.protocol.messages import Json


def canonical(value: Json) -> bytes:
    """The canonical JSON of ``value``, without a newline at the end."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def fingerprint(target: str, id: str, revision: int, fork: str, given: Json, expect: Json) -> str:
    """The first 128 bits of the SHA-256 of what a case asks and expects, as 32 hex digits.

    Rules, level and the reason why are left out: rewording them does not make another case.
    """
    content: Json = {
        "expect": expect, "fork": fork, "id": id, "input": given, "revision": revision, "target": target,
    }  # fmt: skip
    return hashlib.sha256(canonical(content)).hexdigest()[:32]


def lines_of(head: Mapping[str, Json], key: str, items: Sequence[Json]) -> bytes:
    """The document ``head`` with the list ``items`` under ``key``, each item canonical on a line of its own."""
    opening = canonical(head)[:-1] + (b"," if head else b"") + canonical(key) + b":["
    body = b",\n".join(canonical(item) for item in items)
    return opening + b"\n" + body + (b"\n" if items else b"") + b"]}\n"


def sha256(data: bytes) -> str:
    """The SHA-256 of ``data`` in hex."""
    return hashlib.sha256(data).hexdigest()
