"""RLP as a bijection: every item has one encoding, and whatever is decoded encodes to the same bytes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hyperion.primitives import rlp
from hyperion.primitives.rlp import Item, RlpError

lengths = st.one_of(st.integers(0, 70), st.sampled_from([54, 55, 56, 57, 255, 256, 257]))
byte_strings = st.one_of(
    st.binary(max_size=4),
    lengths.flatmap(lambda n: st.binary(min_size=n, max_size=n)),
    st.binary(min_size=1, max_size=1),
)
items: st.SearchStrategy[Item] = st.recursive(
    byte_strings, lambda inner: st.lists(inner, max_size=8).map(tuple), max_leaves=20
)

# Bytes that look like RLP: headers of all kinds, lengths with and without zeros in front, and payloads.
headers = st.one_of(
    st.sampled_from([0x00, 0x7F, 0x80, 0x81, 0xB7, 0xB8, 0xB9, 0xBF, 0xC0, 0xC1, 0xC2, 0xF7, 0xF8, 0xF9, 0xFF]),
    st.integers(0, 255),
).map(lambda first: bytes((first,)))
near_rlp = st.lists(st.one_of(headers, items.map(rlp.encode), st.binary(max_size=3)), max_size=12).map(b"".join)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An encoding with one byte changed, left out or put in."""
    data = rlp.encode(draw(items))
    at = draw(st.integers(0, len(data)))
    removed = draw(st.integers(0, 1))
    return data[:at] + draw(st.binary(max_size=2)) + data[at + removed :]


def canonical_or_refused(data: bytes) -> None:
    try:
        item = rlp.decode(data)
    except RlpError as error:
        assert 0 <= error.offset <= len(data)
        return
    assert rlp.encode(item) == data


@pytest.mark.rule("PRIM-rlp-encode-bytes", "PRIM-rlp-encode-list")
@given(items)
def test_decode_undoes_encode(item: Item) -> None:
    assert rlp.decode(rlp.encode(item)) == item


@pytest.mark.rule("PRIM-rlp-exact", "PRIM-rlp-minimal-length", "PRIM-rlp-single-byte", "PRIM-rlp-within-bounds")
@given(st.one_of(st.binary(max_size=80), near_rlp, damaged()))
@example(b"\xc1" * 300)
@example(b"\xff" + b"\x7f" * 8)
def test_what_is_decoded_is_canonical(data: bytes) -> None:
    canonical_or_refused(data)


@pytest.mark.rule("PRIM-rlp-exact")
@given(items, st.binary(max_size=10))
def test_prefix_stops_at_the_end_of_its_item(item: Item, rest: bytes) -> None:
    encoded = rlp.encode(item)
    assert rlp.decode_prefix(encoded + rest) == (item, len(encoded))


@pytest.mark.rule("PRIM-rlp-exact")
@given(items, st.data())
def test_no_encoding_is_the_beginning_of_another(item: Item, data: st.DataObject) -> None:
    encoded = rlp.encode(item)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(RlpError):
        rlp.decode(encoded[:cut])


@pytest.mark.rule("PRIM-rlp-integer-form", "PRIM-rlp-integer-strict")
@given(st.integers(0, 2**256 - 1))
def test_integers_round_trip(number: int) -> None:
    assert rlp.decode_int(rlp.decode(rlp.encode_int(number)), 32) == number


@pytest.mark.rule("PRIM-rlp-integer-strict")
@given(items, st.integers(0, 33))
def test_what_is_read_as_an_integer_is_its_one_form(item: Item, width: int) -> None:
    try:
        number = rlp.decode_int(item, width)
    except RlpError:
        return
    assert rlp.int_to_bytes(number) == item and number < 256**width


def test_control_a_lenient_decoder_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepting a length with leading zeros breaks the bijection on a damaged encoding."""
    monkeypatch.setattr(
        rlp, "_long_length", lambda data, start, width: int.from_bytes(data[start : start + width], "big")
    )
    with pytest.raises(AssertionError):
        canonical_or_refused(b"\xb9\x00\x38" + b"a" * 56)
