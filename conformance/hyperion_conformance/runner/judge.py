"""The judgement: one observation against what the specification permits, and the first place where they part."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import attrs

from hyperion_conformance.harness.adapter import Broken
from hyperion_conformance.protocol.messages import ErrorReply, Json, Skip
from hyperion_conformance.runner.cases import Case
from hyperion_conformance.runner.results import Verdict
from hyperion_conformance.targets import target_named

Observation: TypeAlias = Mapping[str, Json] | Skip | ErrorReply | Broken


LONG = 72
"""Characters of a value that fit on a line of a report."""

WEAK = "the state afterwards was not given, so it was not compared"
"""Said of a pass that rests on status, gas and logs alone; reports count such passes."""


@attrs.frozen(slots=True)
class Difference:
    """The first differing field as a JSON path; None stands for an absent value."""

    path: str
    expected: Json
    got: Json


@attrs.frozen(slots=True)
class Judgement:
    """A verdict, why in words, and the first differing field if there is one."""

    verdict: Verdict
    detail: str = ""
    difference: Difference | None = None


def judge(case: Case, seen: Observation) -> Judgement:
    """The verdict on one observation, without regard to any other."""
    match seen:
        case Broken(kind, detail):
            return Judgement(kind, detail)
        case Skip(_, why):
            return Judgement("skip", why)
        case ErrorReply(_, code, message):
            claim = "claimed in hello, yet " if code == "unsupported" else ""
            return Judgement("fail", f"{claim}error {code}: {message}", Difference("$.error", None, code))
    outcome: Mapping[str, Json] = seen
    differences = [compare(case.target, permitted, outcome) for permitted in case.expected]
    if any(not found for found in differences):
        return Judgement("pass", WEAK if target_named(case.target).weak(outcome) else "")
    nearest = min(differences, key=len)
    first = nearest[0]
    among = f" (nearest of {len(differences)} permitted outcomes)" if len(differences) > 1 else ""
    return Judgement(_kind(first), f"{first.path}: {contrast(first.expected, first.got)}{among}", first)


def _kind(first: Difference) -> Verdict:
    if first.path == "$.status" and "reject" in (first.expected, first.got):
        return "reject-mismatch"
    return "wrong-reason" if first.path == "$.reason" else "fail"


def compare(target: str, expected: Mapping[str, Json], got: Mapping[str, Json]) -> list[Difference]:
    """First difference inside each differing field, in the target's order. Optional ones count if both give them."""
    found = []
    for name, (mandatory, _) in target_named(target).shape.items():
        if not mandatory and (name not in expected or name not in got):
            continue
        difference = first_difference(f"$.{name}", expected.get(name), got.get(name))
        if difference:
            found.append(difference)
    return found


def first_difference(path: str, expected: Json, got: Json) -> Difference | None:
    """Depth first; maps by key (numbers numerically), lists by index and then by length."""
    if expected == got:
        return None
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for key in sorted(expected.keys() | got.keys(), key=_numerically):
            inner = first_difference(f"{path}.{key}", expected.get(key), got.get(key))
            if inner:
                return inner
    if _is_list(expected) and _is_list(got):
        assert isinstance(expected, Sequence) and isinstance(got, Sequence)
        for i in range(max(len(expected), len(got))):
            left = expected[i] if i < len(expected) else None
            inner = first_difference(f"{path}[{i}]", left, got[i] if i < len(got) else None)
            if inner:
                return inner
    return Difference(path, expected, got)


def _is_list(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _numerically(key: str) -> tuple[int, int, str]:
    return (0, int(key), "") if key.isdecimal() else (1, 0, key)


def general(path: str) -> str:
    """A path without the names of one case: addresses, slots and indices become `*`, so that like failures group."""
    return re.sub(r"\[\d+\]", "[*]", re.sub(r"\.(0x[0-9a-f]+|\d+)(?=$|[.\[])", ".*", path))


def sameness(seen: Observation) -> str:
    """What two observations of one case must share to count as the same behaviour."""
    match seen:
        case Broken(kind, _):
            return f"broken {kind}"
        case Skip():
            return "skip"
        case ErrorReply(_, code, _):
            return f"error {code}"
    return json.dumps(seen, sort_keys=True)


def _is_bytes(value: Json) -> bool:
    return isinstance(value, str) and value.startswith("0x")


def contrast(expected: Json, got: Json) -> str:
    """Both values on one line; of long bytes only the words about the first that differs, and where that is."""
    if _is_bytes(expected) and _is_bytes(got) and max(len(str(expected)), len(str(got))) > LONG:
        left, right = str(expected)[2:], str(got)[2:]
        differing = (i for i, (one, other) in enumerate(zip(left, right, strict=False)) if one != other)
        same = next(differing, min(len(left), len(right)))
        start, end = same // 64 * 64, same // 64 * 64 + 64  # the word of 32 bytes, since most bytes here are words
        parts = [f"0x{'..' * (start > 0)}{text[start:end]}{'..' * (len(text) > end)}" for text in (left, right)]
        return f"differs from byte {same // 2} of {len(left) // 2}: expected {parts[0]}, got {parts[1]}"
    return f"expected {brief(expected)}, got {brief(got)}"


def brief(value: Json, limit: int = LONG) -> str:
    """A value on one line of a report."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= limit else f"{text[: limit - 20]}...({len(text)} characters)"
