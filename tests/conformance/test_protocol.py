"""Whatever an adapter writes is either a message or a typed refusal, and decoder and schema agree which."""

import json
import math
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from hyperion_conformance.harness import Tcp, parse_address
from hyperion_conformance.harness.address import BadAddress, Command
from hyperion_conformance.protocol import (
    Answer,
    ErrorReply,
    MalformedMessage,
    Skip,
    bye_request,
    decode_hello,
    decode_reply,
    decode_trace,
    encode,
    hello_request,
    parse_line,
    run_request,
    trace_request,
)
from hyperion_conformance.protocol.schema import check_reply, check_request, schema
from hyperion_conformance.targets import TARGETS
from tests.conformance.broken_adapters import toy
from tests.conformance.toy_suite import given as case_input

OUTCOME = toy.execute(case_input("602a60005260206000f3"))[1]
STATE_OUTCOME = {
    "status": "success", "gas_used": "21000", "logs": [], "output": "0x",
    "post": {"0x" + "11" * 20: {"nonce": "1", "balance": "5", "code": "0x", "storage": {"1": "2"}}},
}  # fmt: skip
HELLO = toy.hello({})


def line(message: object) -> bytes:
    return json.dumps(message).encode()


def test_the_schema_is_one_and_accepts_what_we_send() -> None:
    Draft202012Validator.check_schema(schema())
    for request in (
        hello_request(1),
        run_request(2, "vm.run", "OSAKA", case_input("00")),
        trace_request(3, "vm.run", "OSAKA", case_input("00"), [0, 5], full=True),
        bye_request(),
    ):
        check_request(request)
        assert parse_line(encode(request)[:-1]) == request


def test_an_expectation_in_a_request_is_refused_by_the_schema() -> None:
    request = run_request(2, "vm.run", "OSAKA", case_input("00"))
    with pytest.raises(MalformedMessage):
        check_request({**request, "expect": OUTCOME})


def test_replies_are_decoded() -> None:
    assert decode_reply(line({"id": 3, "ok": {"a": 1}, "new": 5})) == Answer(3, {"a": 1})
    assert decode_reply(b'{"id":3,"skip":{"why":"no KZG"}}') == Skip(3, "no KZG")
    error = decode_reply(b'{"id":3,"error":{"code":"internal","message":"x","detail":"at y"}}')
    assert error == ErrorReply(3, "internal", "x", "at y")
    assert decode_hello(HELLO).claims("vm.run", "OSAKA")
    assert not decode_hello(HELLO).claims("vm.run", "CANCUN")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"INFO starting", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "not a JSON object"),
        (b'{"id":1,"ok":{"gas":1.0}}', "floating-point"),
        (b'{"id":1,"ok":{"gas":1e3}}', "floating-point"),
        (b'{"id":1,"ok":{"gas":NaN}}', "floating-point"),
        (b'{"id":1,"ok":{"gas":9007199254740992}}', "2^53"),
        (b'{"id":1,"ok":{},"ok":{}}', "duplicate key"),
        (b'{"id":1}', "exactly one"),
        (b'{"id":1,"ok":{},"skip":{"why":""}}', "exactly one"),
        (b'{"id":"1","ok":{}}', "number of the request"),
        (b'{"id":true,"ok":{}}', "number of the request"),
        (b'{"id":1,"ok":[]}', "object is needed"),
        (b'{"id":1,"error":{"code":"oops","message":""}}', "not one of"),
        (b'{"id":1,"ok":' + b'{"a":' * 100_000, "nested deeper"),
        (b'{"id":1,"ok":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper"),
        (b'{"id":1,"ok":{"gas":' + b"9" * 100_000 + b"}}", "2^53"),
    ],
)
def test_malformed_lines_are_refused_with_a_reason(text: bytes, reason: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        decode_reply(text)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 400  # the first 80 bytes of it, never the whole line


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "ok"), ("status", None), ("gas_left", "007"), ("gas_left", "-1"), ("gas_left", "0x10"),
        ("gas_left", ""), ("gas_left", True), ("gas_left", str(2**256)), ("output", "0xABCD"), ("output", "0x1"),
        ("output", "1234"), ("storage", {"0x1": "1"}), ("storage", {"1": "0"}), ("storage", []),
        ("logs", [{"address": "0x1", "topics": [], "data": "0x"}]), ("logs", {}), ("reason", 7),
    ],
)  # fmt: skip
def test_a_malformed_outcome_names_its_field(field: str, value: object) -> None:
    broken: dict[str, Any] = {**OUTCOME, field: value}
    with pytest.raises(MalformedMessage) as caught:
        TARGETS["vm.run"].canonical(broken)
    assert caught.value.field.startswith(f"$.ok.{field}")


def test_numbers_may_be_small_integers_and_unknown_keys_are_ignored() -> None:
    spoken = {**OUTCOME, "gas_left": int(OUTCOME["gas_left"]), "time_ms": "3"}
    assert TARGETS["vm.run"].canonical(spoken) == TARGETS["vm.run"].canonical(OUTCOME)


def test_brackets_inside_strings_are_no_nesting() -> None:
    text = line({"id": 1, "ok": {"why": '[{"' * 500 + "\\"}})
    assert decode_reply(text) == Answer(1, {"why": '[{"' * 500 + "\\"})
    assert decode_reply(line({"id": 1, "ok": {"logs": [[]] * 500}})) == Answer(1, {"logs": [[]] * 500})


def test_a_raised_recursion_limit_does_not_let_a_line_overflow_the_stack() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        with pytest.raises(MalformedMessage, match="nested deeper"):
            decode_reply(b'{"id":1,"ok":' + b'{"a":' * 1_000_000)
    finally:
        sys.setrecursionlimit(before)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**54), 2**54)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["0x", "0x00", "1", "0", "success", "halt", "vm.run", "hyperion/1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "ok", "skip", "error", "why", "steps", "digests", "states", "stack", "1"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
@example(b"")
@example(b'{"id":1,"ok":{"steps":"1","digests":{"-1":"0x"}}}')
def test_every_line_is_a_message_or_a_typed_refusal(data: bytes) -> None:
    try:
        reply = decode_reply(data)
    except MalformedMessage as error:
        assert error.field.startswith("$") and error.reason
        return
    if isinstance(reply, Answer):
        for decode in (
            decode_hello,
            decode_trace,
            TARGETS["vm.run"].canonical,
            TARGETS["evm.state"].canonical,
        ):
            try:
                decode(reply.value)
            except MalformedMessage as error:
                assert error.field.startswith("$") and error.reason


def mutated(base: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    keys = st.sampled_from([*base, "unknown"])
    return st.tuples(keys, json_values).map(lambda change: {**base, change[0]: change[1]})


@given(st.data())
@pytest.mark.parametrize(
    ("op", "target", "base"),
    [
        ("hello", "", HELLO),
        ("run", "vm.run", OUTCOME),
        ("run", "evm.state", STATE_OUTCOME),
        ("trace", "", toy.trace({"input": case_input("600100"), "at": [0, 1], "full": True})),
        ("trace", "", toy.trace({"input": case_input("600100"), "at": [0, 1]})),
    ],
)
def test_decoder_and_schema_agree(op: str, target: str, base: dict[str, Any], data: st.DataObject) -> None:
    body = data.draw(mutated(base))
    try:
        text = json.dumps({"id": 1, "ok": body}, allow_nan=False).encode()
    except ValueError:
        return
    accepted = True
    try:
        reply = decode_reply(text)
        assert isinstance(reply, Answer)
        decode = {"hello": decode_hello, "trace": decode_trace}.get(op) or TARGETS[target].canonical
        decode(reply.value)
    except MalformedMessage:
        accepted = False
    valid = True
    try:
        check_reply(text, op, target)
    except MalformedMessage:
        valid = False
    # The schema cannot say "below 2^256" or "a zero slot is left out"; to the decoder a null optional is absent.
    assert valid == accepted or (not accepted and _beyond_schema(body)) or (not valid and None in body.values())


def _beyond_schema(body: dict[str, Any]) -> bool:
    return "0" in json.dumps(body.get("storage", body.get("post", {}))) or math.inf in body.values()


def test_addresses() -> None:
    assert parse_address(["tcp:localhost:7000"]) == Tcp("localhost", 7000)
    assert parse_address(["tcp:[::1]:7000"]) == Tcp("::1", 7000)
    assert parse_address(["./adapter", "--fast"]) == Command(("./adapter", "--fast"))
    for wrong in ([], ["tcp:7000"], ["tcp:h:0"], ["tcp:h:99999"], ["tcp:h:x"]):
        with pytest.raises(BadAddress):
            parse_address(wrong)
