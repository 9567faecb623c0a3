"""Strict decoding of what an adapter writes. Everything malformed is a `MalformedMessage` with field and reason.

Unknown keys are ignored, so that an adapter may say more than we ask; a known key with a wrong value is refused,
because a number that was silently rounded or a word that was silently truncated would be judged as a wrong answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TypeAlias

from hyperion_conformance.protocol.messages import (
    PROTOCOL,
    Answer,
    ErrorReply,
    Hello,
    Implementation,
    Json,
    Reply,
    Skip,
    Target,
    TraceAnswer,
)

MAX_SAFE_INTEGER = 2**53 - 1
"""Largest JSON integer that a reader with double-precision numbers keeps exact (RFC 8259 §6)."""

ERROR_CODES = frozenset({"unsupported", "bad-input", "internal", "resource"})
MAX_DEPTH = 64
"""Objects and arrays within each other; no message of the protocol needs ten."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_BRACKET = re.compile(rb"[{}\[\]]")
_DECIMAL = re.compile(r"0|[1-9][0-9]*")
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*")


FieldDecoder: TypeAlias = Callable[[Json, str], Json]
"""Reads the value at a JSON path into its canonical form. Refused with ``MalformedMessage``."""


class MalformedMessage(Exception):
    """A line that is not a message of the protocol. `field` is a JSON path, `reason` a short sentence."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def _refuse_float(text: str) -> NoReturn:
    raise MalformedMessage("$", f"floating-point number {text[:40]}")


def _safe_integer(text: str) -> int:
    # Compared by length first: converting a number of a million digits is itself a denial of service.
    if len(text) > 17 or abs(int(text)) > MAX_SAFE_INTEGER:
        raise MalformedMessage("$", f"JSON integer {text[:40]} is not below 2^53; write it as a decimal string")
    return int(text)


def _unique_keys(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    record = dict(pairs)
    if len(record) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise MalformedMessage(f"$.{key[:40]}", "duplicate key")
            seen.add(key)
    return record


def _refuse_depth(line: bytes) -> None:
    """Refuses nesting beyond `MAX_DEPTH`, counted outside of strings.

    Counted here and not left to Python's recursion limit: a library may raise that limit for the whole process (py_ecc
    does), and then a stranger's line overflows the stack of the runner itself.
    """
    if line.count(b"{") + line.count(b"[") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", line)):
        depth += 1 if bracket in b"{[" else -1
        if depth > MAX_DEPTH:
            raise MalformedMessage("$", f"nested deeper than {MAX_DEPTH}: {shown(line)}")


def parse_line(line: bytes) -> Mapping[str, Json]:
    """One line to one JSON object. Refused: not UTF-8, not JSON, floats, unsafe integers, duplicate keys."""
    _refuse_depth(line)
    try:
        value = json.loads(
            line.decode("utf-8"),
            parse_float=_refuse_float,
            parse_constant=_refuse_float,
            parse_int=_safe_integer,
            object_pairs_hook=_unique_keys,
        )
    except UnicodeDecodeError:
        raise MalformedMessage("$", "not UTF-8: " + shown(line)) from None
    except json.JSONDecodeError:
        raise MalformedMessage("$", "not JSON: " + shown(line)) from None
    if not isinstance(value, dict):
        raise MalformedMessage("$", "not a JSON object: " + shown(line))
    return value


def shown(line: bytes) -> str:
    """The first 80 bytes of a line, printable: enough to recognise a stray log statement."""
    return repr(line[:80].decode("utf-8", "backslashreplace"))


def text(value: Json, field: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise MalformedMessage(field, f"a string is needed, not {_kind(value)}")
    return value


def mapping(value: Json, field: str) -> Mapping[str, Json]:
    """An object."""
    if not isinstance(value, Mapping):
        raise MalformedMessage(field, f"an object is needed, not {_kind(value)}")
    return value


def array(value: Json, field: str) -> Sequence[Json]:
    """An array."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise MalformedMessage(field, f"an array is needed, not {_kind(value)}")
    return value


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    names: dict[type, str] = {bool: "a boolean", int: "a number", str: "a string", list: "an array", dict: "an object"}
    return names.get(type(value), type(value).__name__)


def natural(value: Json, field: str) -> str:
    """A natural number below 2^256 as its canonical decimal string."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise MalformedMessage(field, f"a decimal string is needed, not {_kind(value)}")
    digits = str(value)
    # 2^256 has 78 digits; equal length is decided by the text because both are canonical decimals.
    if not _DECIMAL.fullmatch(digits):
        raise MalformedMessage(field, f"not a canonical decimal number: {digits[:40]!r}")
    if len(digits) > 78 or int(digits) >= 2**256:
        raise MalformedMessage(field, "not below 2^256")
    return digits


def _count(value: Json, field: str) -> int:
    return int(natural(value, field))


def octets(value: Json, field: str) -> str:
    """Whole bytes in lower-case hex with 0x."""
    given = text(value, field)
    if not _HEX.fullmatch(given):
        raise MalformedMessage(field, f"not lower-case 0x-hex with whole bytes: {given[:40]!r}")
    return given


def _fixed(size: int) -> Callable[[Json, str], str]:
    def decode(value: Json, field: str) -> str:
        given = octets(value, field)
        if len(given) != 2 + 2 * size:
            raise MalformedMessage(field, f"{size} bytes are needed, not {len(given) // 2 - 1}")
        return given

    return decode


address20, hash32, digest16 = _fixed(20), _fixed(32), _fixed(16)


def _message_id(message: Mapping[str, Json]) -> int:
    value = message.get("id")
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedMessage("$.id", "the number of the request is needed")
    return value


def decode_reply(line: bytes) -> Reply:
    """An answer, a skip or an error: exactly one of `ok`, `skip`, `error`, with the request's number."""
    message = parse_line(line)
    number = _message_id(message)
    kinds = [key for key in ("ok", "skip", "error") if key in message]
    if len(kinds) != 1:
        raise MalformedMessage("$", f"exactly one of ok, skip, error is needed, not {kinds or 'none'}")
    body = mapping(message[kinds[0]], f"$.{kinds[0]}")
    if kinds[0] == "ok":
        return Answer(number, body)
    if kinds[0] == "skip":
        return Skip(number, text(body.get("why"), "$.skip.why"))
    code = text(body.get("code"), "$.error.code")
    if code not in ERROR_CODES:
        raise MalformedMessage("$.error.code", f"not one of {', '.join(sorted(ERROR_CODES))}: {code[:40]!r}")
    detail = body.get("detail")
    return ErrorReply(
        number,
        code,
        text(body.get("message"), "$.error.message"),
        None if detail is None else text(detail, "$.error.detail"),
    )


def decode_hello(value: Mapping[str, Json]) -> Hello:
    """The body of the answer to `hello`. Refused: another protocol version, no target, a target without forks."""
    protocol = text(value.get("protocol"), "$.ok.protocol")
    if protocol != PROTOCOL:
        raise MalformedMessage("$.ok.protocol", f"{PROTOCOL} was offered, the adapter speaks {protocol[:40]!r}")
    who = mapping(value.get("implementation"), "$.ok.implementation")
    home = who.get("homepage")
    implementation = Implementation(
        text(who.get("name"), "$.ok.implementation.name"),
        text(who.get("version"), "$.ok.implementation.version"),
        text(who.get("language"), "$.ok.implementation.language"),
        None if home is None else text(home, "$.ok.implementation.homepage"),
    )
    targets: dict[str, Target] = {}
    for name, body in mapping(value.get("targets"), "$.ok.targets").items():
        field = f"$.ok.targets.{name}"
        forks = tuple(
            text(fork, f"{field}.forks") for fork in array(mapping(body, field).get("forks"), f"{field}.forks")
        )
        if not forks:
            raise MalformedMessage(f"{field}.forks", "at least one fork is needed")
        targets[name] = Target(forks)
    if not targets:
        raise MalformedMessage("$.ok.targets", "at least one target is needed")
    features = [text(item, "$.ok.features") for item in array(value.get("features", []), "$.ok.features")]
    return Hello(protocol, implementation, targets, frozenset(features))


def decode_trace(value: Mapping[str, Json]) -> TraceAnswer:
    """The body of the answer to `trace`."""
    digests = {
        _count(step, "$.ok.digests"): digest16(digest, f"$.ok.digests.{step}")
        for step, digest in mapping(value.get("digests", {}), "$.ok.digests").items()
    }
    states = {
        _count(step, "$.ok.states"): _state(mapping(state, f"$.ok.states.{step}"), f"$.ok.states.{step}")
        for step, state in mapping(value.get("states", {}), "$.ok.states").items()
    }
    return TraceAnswer(_count(value.get("steps"), "$.ok.steps"), digests, states)


def _state(state: Mapping[str, Json], field: str) -> Mapping[str, Json]:
    numbers: dict[str, Json] = {
        key: natural(state.get(key), f"{field}.{key}") for key in ("pc", "op", "gas", "depth", "memory_size")
    }
    stack = array(state.get("stack"), f"{field}.stack")
    return {**numbers, "stack": [natural(word, f"{field}.stack[{i}]") for i, word in enumerate(stack)]}


# --- outcomes, per target -------------------------------------------------------------------------------------------


def logs(value: Json, field: str) -> Json:
    """Events in their order."""

    def one(item: Json, at: str) -> Json:
        log = mapping(item, at)
        topics = array(log.get("topics"), f"{at}.topics")
        return {
            "address": address20(log.get("address"), f"{at}.address"),
            "topics": [hash32(topic, f"{at}.topics[{i}]") for i, topic in enumerate(topics)],
            "data": octets(log.get("data"), f"{at}.data"),
        }

    return [one(item, f"{field}[{i}]") for i, item in enumerate(array(value, field))]


def storage(value: Json, field: str) -> Json:
    """Non-zero words by key."""
    slots: dict[str, Json] = {}
    for key, word in mapping(value, field).items():
        slots[natural(key, field)] = natural(word, f"{field}.{key}")
        if slots[key] == "0":
            raise MalformedMessage(f"{field}.{key}", "a zero slot is written by leaving it out")
    return slots


def accounts(value: Json, field: str) -> Json:
    """Accounts by address; what is not given is zero or empty."""

    def one(item: Json, at: str) -> Json:
        account = mapping(item, at)
        return {
            "nonce": natural(account.get("nonce", "0"), f"{at}.nonce"),
            "balance": natural(account.get("balance", "0"), f"{at}.balance"),
            "code": octets(account.get("code", "0x"), f"{at}.code"),
            "storage": storage(account.get("storage", {}), f"{at}.storage"),
        }

    return {address20(key, field): one(item, f"{field}.{key}") for key, item in mapping(value, field).items()}


def choice(*choices: str) -> FieldDecoder:
    """A decoder of one of these words."""

    def decode(value: Json, field: str) -> str:
        word = text(value, field)
        if word not in choices:
            raise MalformedMessage(field, f"not one of {', '.join(choices)}: {word[:40]!r}")
        return word

    return decode


def plain(value: Json, field: str = "$") -> Json:
    """Any value, its integers as decimal strings."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Mapping):
        return {key: plain(item, field) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item, field) for item in value]
    return value
