"""The reader of traces: every form of a value, and that nothing else passes; fuzzed (200 documents each)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map

from hyperion_conformance.bft.itf import ItfError, Trace, Truth, Unserializable, Variant, trace_of, value_of
from hyperion_conformance.bft.replay import replay

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["#bigint", "#tup", "#set", "#map", "#meta", "tag", "value", "system", "_hist", "state"]),
        inner,
        max_size=3,
    ),
    max_leaves=12,
)


def document(*states: Any) -> str:
    return json.dumps({"vars": [], "states": list(states)})


@pytest.mark.parametrize(("written", "meant"), [
    (3, 3), ({"#bigint": "-12"}, -12), ({"#bigint": 12}, 12), ("x", "x"), (True, Truth(True)), ([1, 2], (1, 2)),
    ({"#unserializable": "Int"}, Unserializable("Int")),
    ({"#tup": [1, "a"]}, (1, "a")), ({"#set": [1, 1, 2]}, frozenset({1, 2})), ({"#map": [["k", 1]]}, Map({"k": 1})),
    ({"a": 1, "#meta": {"index": 0}}, Map({"a": 1})), ({"tag": "Val", "value": "x"}, Variant("Val", "x")),
    ({"tag": "Nil", "value": {"#tup": []}}, Variant("Nil")),
    ({"tag": "Nil", "value": {"tag": "UNIT", "value": "U_OF_UNIT"}}, Variant("Nil")),
    ({"tag": "Nil", "value": "U_OF_UNIT"}, Variant("Nil")),
])
def test_each_form_of_a_value(written: Any, meant: Any) -> None:
    assert value_of(written) == meant


@pytest.mark.parametrize(("written", "field"), [
    (1.5, "$"), (None, "$"), ({"#bigint": "0x1"}, "$"), ({"#bigint": True}, "$"), ({"#bigint": "9" * 5_000}, "$"),
    ({"#set": 3}, "$"), ({"#map": [[1]]}, "$"), ({"#map": [[1, 2], [1, 3]]}, "$"), ({"#other": "Int"}, "$"),
    ({"a": [None]}, "$.a[0]"),
])
def test_what_is_no_value_is_refused_with_its_place(written: Any, field: str) -> None:
    with pytest.raises(ItfError) as error:
        value_of(written)
    assert error.value.field == field


def test_a_boolean_is_no_number() -> None:
    assert value_of({"#set": [True, 1]}) == frozenset({Truth(True), 1})


def test_a_deep_document_is_refused() -> None:
    with pytest.raises(ItfError):
        trace_of("deep", document(*["[" * 300 + "]" * 300]))
    with pytest.raises(ItfError):
        trace_of("deep", '{"states": [' + '{"a":' * 200 + "1" + "}" * 200 + "]}")


@given(JSON)
def test_any_document_is_a_trace_or_refused(value: Any) -> None:
    for text in (json.dumps(value), document(value, value), document({"system": value, "_hist": value}, value)):
        try:
            trace = trace_of("fuzzed", text)
        except ItfError:
            continue
        assert isinstance(trace, Trace)
        replay(trace)


@given(JSON, st.sampled_from([("system", "_hist"), ("state", "input", "output"), ("bookkeeper", "weightedVote")]))
def test_a_trace_of_another_shape_is_a_difference_not_a_crash(value: Any, names: tuple[str, ...]) -> None:
    states = [dict.fromkeys((*names, "lastEmitted"), value)] * 2
    try:
        trace = trace_of("fuzzed", document(*states))
    except ItfError:
        return
    replay(trace)
