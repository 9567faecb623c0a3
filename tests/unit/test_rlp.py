"""RLP: the malformed inputs one by one with the reason for refusing each, bombs, and the integer fields."""

import tracemalloc
from collections.abc import Callable
from typing import Final

import pytest

from hyperion.primitives import rlp
from hyperion.primitives.rlp import MAX_DEPTH, Item, RlpError, RlpReason

WELL_FORMED: Final[dict[str, Item]] = {
    "80": b"",
    "00": b"\x00",
    "7f": b"\x7f",
    "8180": b"\x80",
    "83646f67": b"dog",
    "b7" + "61" * 55: b"a" * 55,
    "b838" + "61" * 56: b"a" * 56,
    "b90100" + "61" * 256: b"a" * 256,
    "c0": (),
    "c88363617483646f67": (b"cat", b"dog"),
    "c7c0c1c0c3c0c1c0": ((), ((),), ((), ((),))),
    "f7" + "00" * 55: (b"\x00",) * 55,
    "f838" + "00" * 56: (b"\x00",) * 56,
}

MALFORMED: Final[dict[str, tuple[RlpReason, int]]] = {
    "": (RlpReason.EMPTY_INPUT, 0),
    "81": (RlpReason.TRUNCATED, 0),
    "83646f": (RlpReason.TRUNCATED, 0),
    "b8": (RlpReason.TRUNCATED, 0),
    "b901": (RlpReason.TRUNCATED, 0),
    "b838" + "61" * 55: (RlpReason.TRUNCATED, 0),
    "bfffffffffffffffff": (RlpReason.TRUNCATED, 0),
    "c1": (RlpReason.TRUNCATED, 0),
    "f8": (RlpReason.TRUNCATED, 0),
    "ffffffffffffffffff": (RlpReason.TRUNCATED, 0),
    "c281": (RlpReason.TRUNCATED, 0),
    "c181": (RlpReason.TRUNCATED, 1),
    "c3c18180": (RlpReason.EXCEEDS_LIST, 2),
    "c1c100": (RlpReason.EXCEEDS_LIST, 1),
    "c1b838" + "61" * 56: (RlpReason.EXCEEDS_LIST, 1),
    "0000": (RlpReason.TRAILING_BYTES, 1),
    "8000": (RlpReason.TRAILING_BYTES, 1),
    "c0c0": (RlpReason.TRAILING_BYTES, 1),
    "8100": (RlpReason.SINGLE_BYTE_NOT_ITSELF, 0),
    "817f": (RlpReason.SINGLE_BYTE_NOT_ITSELF, 0),
    "c3808105": (RlpReason.SINGLE_BYTE_NOT_ITSELF, 2),
    "b800": (RlpReason.LEADING_ZERO_LENGTH, 1),
    "b90038" + "61" * 56: (RlpReason.LEADING_ZERO_LENGTH, 1),
    "f90038" + "00" * 56: (RlpReason.LEADING_ZERO_LENGTH, 1),
    "b801ff": (RlpReason.NON_MINIMAL_LENGTH, 1),
    "b837" + "61" * 55: (RlpReason.NON_MINIMAL_LENGTH, 1),
    "f837" + "00" * 55: (RlpReason.NON_MINIMAL_LENGTH, 1),
    "c4f8020000": (RlpReason.NON_MINIMAL_LENGTH, 2),
}


def outcome(decode: Callable[[bytes], Item], data: bytes) -> Item | tuple[RlpReason, int]:
    try:
        return decode(data)
    except RlpError as error:
        return error.reason, error.offset


def faults_of(decode: Callable[[bytes], Item]) -> list[str]:
    """The inputs on which ``decode`` does not do what the two tables say."""
    expected: dict[str, Item | tuple[RlpReason, int]] = {**WELL_FORMED, **MALFORMED}
    return [data for data, want in expected.items() if outcome(decode, bytes.fromhex(data)) != want]


def nested(depth: int) -> bytes:
    """The encoding of ``depth`` lists inside each other."""
    data = b""
    for _ in range(depth):
        data = rlp.encode_list(data)
    return data


def nested_item(depth: int) -> Item:
    item: Item = ()
    for _ in range(depth - 1):
        item = (item,)
    return item


@pytest.mark.rule(
    "PRIM-rlp-exact", "PRIM-rlp-minimal-length", "PRIM-rlp-single-byte", "PRIM-rlp-within-bounds", "PRIM-rlp-nesting"
)
def test_every_form_is_accepted_or_refused_for_its_reason() -> None:
    assert faults_of(rlp.decode) == []


def test_every_reason_for_refusing_bytes_has_a_case() -> None:
    about_bytes = {reason for reason, _ in MALFORMED.values()} | {RlpReason.NESTING_TOO_DEEP}
    about_fields = {
        RlpReason.NOT_BYTES,
        RlpReason.NOT_A_LIST,
        RlpReason.WRONG_SIZE,
        RlpReason.LEADING_ZERO_INTEGER,
        RlpReason.INTEGER_TOO_WIDE,
        RlpReason.NEGATIVE_INTEGER,
    }
    assert about_bytes | about_fields == set(RlpReason)


@pytest.mark.rule("PRIM-rlp-encode-bytes", "PRIM-rlp-encode-list")
def test_encoding() -> None:
    assert {data: rlp.encode(item).hex() for data, item in WELL_FORMED.items()} == {data: data for data in WELL_FORMED}


@pytest.mark.rule("PRIM-rlp-within-bounds")
@pytest.mark.parametrize("first", ["bf", "ff"])
def test_a_huge_length_is_only_compared(first: str) -> None:
    """A header that claims 2**63 bytes is refused without memory being asked for."""
    data = bytes.fromhex(first + "7fffffffffffffff") + b"a" * 64
    tracemalloc.start()
    try:
        assert outcome(rlp.decode, data) == (RlpReason.TRUNCATED, 0)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.rule("PRIM-rlp-nesting")
def test_nesting_is_bounded_and_never_exhausts_the_stack() -> None:
    deepest = rlp.decode(nested(MAX_DEPTH))
    assert rlp.encode(deepest) == nested(MAX_DEPTH)
    assert outcome(rlp.decode, nested(MAX_DEPTH + 1))[0] is RlpReason.NESTING_TOO_DEEP
    assert outcome(rlp.decode, nested(20_000))[0] is RlpReason.NESTING_TOO_DEEP
    with pytest.raises(RlpError) as refused:
        rlp.encode((deepest,))
    assert refused.value.reason is RlpReason.NESTING_TOO_DEEP


def test_decoding_reads_each_header_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is linear in the input, however it is nested."""
    read: list[int] = []
    header = rlp._header

    def counted(data: bytes, start: int, end: int) -> tuple[bool, int, int]:
        read.append(start)
        return header(data, start, end)

    monkeypatch.setattr(rlp, "_header", counted)
    rlp.decode(rlp.encode((((), ((b"ab",),)) * 50, nested_item(100))))
    assert len(read) == len(set(read))


@pytest.mark.rule("PRIM-rlp-exact")
def test_prefix_says_where_the_item_ends() -> None:
    assert rlp.decode_prefix(bytes.fromhex("c280c0ff")) == ((b"", ()), 3)


@pytest.mark.rule("PRIM-rlp-integer-form", "PRIM-rlp-integer-strict")
@pytest.mark.parametrize(
    ("number", "encoded"),
    [(0, "80"), (1, "01"), (127, "7f"), (128, "8180"), (1024, "820400"), (2**64, "89" + "01" + "00" * 8)],
)
def test_integers(number: int, encoded: str) -> None:
    assert rlp.encode_int(number).hex() == encoded
    assert rlp.decode_int(rlp.decode(bytes.fromhex(encoded)), 9) == number


@pytest.mark.rule("PRIM-rlp-integer-strict")
@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (b"\x00", RlpReason.LEADING_ZERO_INTEGER),
        (b"\x00\x01", RlpReason.LEADING_ZERO_INTEGER),
        (b"\x01" * 9, RlpReason.INTEGER_TOO_WIDE),
        (b"\x00" * 9, RlpReason.INTEGER_TOO_WIDE),
        ((), RlpReason.NOT_BYTES),
    ],
)
def test_refused_integers(item: Item, reason: RlpReason) -> None:
    with pytest.raises(RlpError) as refused:
        rlp.decode_int(item, 8, "nonce")
    assert (refused.value.reason, refused.value.field) == (reason, "nonce")
    assert str(refused.value) == f"nonce: {reason.value} at byte 0"


@pytest.mark.rule("PRIM-rlp-integer-form")
def test_a_negative_integer_has_no_encoding() -> None:
    with pytest.raises(RlpError) as refused:
        rlp.encode_int(-1)
    assert refused.value.reason is RlpReason.NEGATIVE_INTEGER


def test_fields_of_another_shape_are_refused() -> None:
    assert rlp.decode_bytes(b"ab", 2) == b"ab"
    assert rlp.decode_list((b"a",), 1) == (b"a",)
    for decode, item, reason in (
        (lambda item: rlp.decode_bytes(item, 3), b"ab", RlpReason.WRONG_SIZE),
        (rlp.decode_bytes, (), RlpReason.NOT_BYTES),
        (lambda item: rlp.decode_list(item, 2), (b"a",), RlpReason.WRONG_SIZE),
        (rlp.decode_list, b"", RlpReason.NOT_A_LIST),
    ):
        with pytest.raises(RlpError) as refused:
            decode(item)
        assert refused.value.reason is reason


# --- controls: each leniency that decoders have had in the wild is caught by the tables -------------------------------


def lenient(monkeypatch: pytest.MonkeyPatch, name: str, replacement: object) -> list[str]:
    monkeypatch.setattr(rlp, name, replacement)
    return faults_of(rlp.decode)


def test_control_long_form_of_short_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    def any_length(data: bytes, start: int, width: int) -> int:
        return int.from_bytes(data[start : start + width], "big")

    assert "b801ff" in lenient(monkeypatch, "_long_length", any_length)


def test_control_single_byte_behind_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    def any_byte(data: bytes, start: int, payload: int, end: int) -> bytes:
        return data[payload:end]

    assert lenient(monkeypatch, "_string_payload", any_byte) == ["8100", "817f", "c3808105"]


def test_control_items_reaching_out_of_their_list(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = rlp._header

    def within_input_only(data: bytes, start: int, end: int) -> tuple[bool, int, int]:
        return strict(data, start, len(data))

    assert "c1c100" in lenient(monkeypatch, "_header", within_input_only)


def test_control_trailing_bytes() -> None:
    assert faults_of(lambda data: rlp.decode_prefix(data)[0]) == ["0000", "8000", "c0c0"]
