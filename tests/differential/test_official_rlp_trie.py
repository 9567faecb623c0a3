"""The official RLP and trie suites, and of the basic tests those on hex-prefix, keys, addresses and genesis hashes."""

import json
import tarfile
from collections.abc import Callable, Iterator
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any, Final

import pytest
from py_ecc.secp256k1 import secp256k1 as oracle

from hyperion.primitives import rlp
from hyperion.primitives.hashing import keccak256
from hyperion.primitives.rlp import Item, RlpError, RlpReason
from hyperion.primitives.secp256k1 import address_of, public_key_of, recover
from hyperion.state import trie
from hyperion.state.trie import EMPTY_TRIE, ProofError, Trie

Count = Callable[[str, int], None]
Suites = dict[str, Any]

RLP_SUITES: Final = ("RLPTests/rlptest.json", "RLPTests/invalidRLPTest.json", "RLPTests/RandomRLPTests/example.json")
PLAIN_TRIES: Final = ("TrieTests/trietest.json", "TrieTests/trieanyorder.json")
SECURE_TRIES: Final = (
    "TrieTests/trietest_secureTrie.json",
    "TrieTests/trieanyorder_secureTrie.json",
    "TrieTests/hex_encoded_securetrie_test.json",
)
NEXT_PREVIOUS: Final = "TrieTests/trietestnextprev.json"
MOST_ORDERS: Final = 120
"""How many orders of writing each any-order case is tried in; cases of up to five entries are tried in all."""


@pytest.fixture(scope="module")
def suites(fixtures_dir: Path) -> Suites:
    """All JSON files of the archive but those of the transaction tests, by name."""
    found: Suites = {}
    with tarfile.open(fixtures_dir / "rlp_trie_transaction_tests.tar.xz") as archive:
        for member in archive:
            if not member.isfile() or not member.name.endswith(".json") or "TransactionTests" in member.name:
                continue
            content = archive.extractfile(member)
            if content is not None:
                found[member.name.removeprefix("./")] = json.loads(content.read())
    return found


def unhexed(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def item_of(value: Any) -> Item:
    """An item as the RLP suite writes it: text, a number, ``#`` and a big number, or a list of such."""
    if isinstance(value, list):
        return tuple(item_of(part) for part in value)
    if isinstance(value, int):
        return rlp.int_to_bytes(value)
    return rlp.int_to_bytes(int(value[1:])) if value.startswith("#") else value.encode("latin-1")


def bytes_of(value: str) -> bytes:
    """A key or value as the trie suite writes it: hex after ``0x``, else text."""
    return unhexed(value) if value.startswith("0x") else value.encode("latin-1")


def faults_in_rlp(case: dict[str, Any], decode: Callable[[bytes], Item]) -> str | None:
    """What is wrong with ``decode`` and our encoder on one case of the RLP suite, or None."""
    encoded, wanted = unhexed(case["out"]), case["in"]
    try:
        item = decode(encoded)
    except RlpError as error:
        return None if wanted == "INVALID" else f"refused: {error}"
    if wanted == "INVALID":
        return "accepted"
    if wanted != "VALID" and item != item_of(wanted):
        return f"decoded to {item!r}"
    return None if rlp.encode(item) == encoded else "encodes to other bytes"


def rlp_cases(suites: Suites) -> Iterator[tuple[str, dict[str, Any]]]:
    for suite in RLP_SUITES:
        for name, case in suites[suite].items():
            yield f"{suite}/{name}", case


@pytest.mark.rule(
    "PRIM-rlp-encode-bytes",
    "PRIM-rlp-encode-list",
    "PRIM-rlp-exact",
    "PRIM-rlp-minimal-length",
    "PRIM-rlp-single-byte",
    "PRIM-rlp-within-bounds",
)
def test_rlp(suites: Suites, count_official: Count) -> None:
    cases = dict(rlp_cases(suites))
    faults = {name: faults_in_rlp(case, rlp.decode) for name, case in cases.items()}
    assert {name: fault for name, fault in faults.items() if fault} == {}
    count_official("RLP tests", len(cases))


INVALID: Final = {
    "int32Overflow": RlpReason.TRUNCATED,
    "int32Overflow2": RlpReason.TRUNCATED,
    "wrongSizeList": RlpReason.NON_MINIMAL_LENGTH,
    "wrongSizeList2": RlpReason.NON_MINIMAL_LENGTH,
    "incorrectLengthInArray": RlpReason.LEADING_ZERO_LENGTH,
    "randomRLP": RlpReason.LEADING_ZERO_LENGTH,
    "bytesShouldBeSingleByte00": RlpReason.SINGLE_BYTE_NOT_ITSELF,
    "bytesShouldBeSingleByte01": RlpReason.SINGLE_BYTE_NOT_ITSELF,
    "bytesShouldBeSingleByte7F": RlpReason.SINGLE_BYTE_NOT_ITSELF,
    "leadingZerosInLongLengthArray1": RlpReason.LEADING_ZERO_LENGTH,
    "leadingZerosInLongLengthArray2": RlpReason.LEADING_ZERO_LENGTH,
    "leadingZerosInLongLengthList1": RlpReason.LEADING_ZERO_LENGTH,
    "leadingZerosInLongLengthList2": RlpReason.LEADING_ZERO_LENGTH,
    "nonOptimalLongLengthArray1": RlpReason.NON_MINIMAL_LENGTH,
    "nonOptimalLongLengthArray2": RlpReason.NON_MINIMAL_LENGTH,
    "nonOptimalLongLengthList1": RlpReason.NON_MINIMAL_LENGTH,
    "nonOptimalLongLengthList2": RlpReason.NON_MINIMAL_LENGTH,
    "emptyEncoding": RlpReason.EMPTY_INPUT,
    "lessThanShortLengthArray1": RlpReason.TRUNCATED,
    "lessThanShortLengthArray2": RlpReason.TRUNCATED,
    "lessThanShortLengthList1": RlpReason.TRUNCATED,
    "lessThanShortLengthList2": RlpReason.TRUNCATED,
    "lessThanLongLengthArray1": RlpReason.TRUNCATED,
    "lessThanLongLengthArray2": RlpReason.TRUNCATED,
    "lessThanLongLengthList1": RlpReason.TRUNCATED,
    "lessThanLongLengthList2": RlpReason.TRUNCATED,
}
"""The reason that the name of each invalid case gives; where the name fits several, the first that the bytes show."""


@pytest.mark.rule("PRIM-rlp-minimal-length", "PRIM-rlp-single-byte", "PRIM-rlp-within-bounds", "PRIM-rlp-exact")
def test_invalid_rlp_is_refused_for_its_reason(suites: Suites) -> None:
    reasons = {}
    for name, case in suites["RLPTests/invalidRLPTest.json"].items():
        with pytest.raises(RlpError) as refused:
            rlp.decode(unhexed(case["out"]))
        reasons[name] = refused.value.reason
    assert reasons == INVALID


def orders(entries: list[tuple[bytes, bytes]]) -> Iterator[tuple[tuple[bytes, bytes], ...]]:
    for number, order in enumerate(permutations(entries)):
        if number == MOST_ORDERS:
            return
        yield order


def faults_in_trie(case: dict[str, Any], keyed: Callable[[bytes], bytes]) -> list[str]:
    """What is wrong on one case: the root after all writes, the bulk root, and the proof of every key written."""
    wanted, writes = unhexed(case["root"]), case["in"]
    in_any_order = isinstance(writes, dict)
    pairs = [
        (keyed(bytes_of(key)), b"" if value is None else bytes_of(value))
        for key, value in (writes.items() if in_any_order else writes)
    ]
    faults = []
    for order in orders(pairs) if in_any_order else iter([tuple(pairs)]):
        built: Trie = EMPTY_TRIE
        for key, value in order:
            built = trie.put(built, key, value)
        if trie.root(built) != wanted:
            faults.append(f"root {trie.root(built).hex()}")
    remaining = dict(pairs)
    if trie.root_of(remaining.items()) != wanted:
        faults.append("bulk root")
    for key, value in remaining.items():
        try:
            if trie.verify_proof(wanted, key, trie.prove(built, key)) != (value or None):
                faults.append(f"proof of {key.hex()}")
        except ProofError as error:
            faults.append(f"proof of {key.hex()}: {error}")
    return faults


@pytest.mark.rule("STATE-trie-root", "STATE-trie-hex-prefix", "STATE-trie-reference", "STATE-trie-verify")
def test_tries(suites: Suites, count_official: Count) -> None:
    faults, cases = {}, 0
    for names, keyed in ((PLAIN_TRIES, bytes), (SECURE_TRIES, keccak256)):
        for suite in names:
            for name, case in suites[suite].items():
                faults[f"{suite}/{name}"] = faults_in_trie(case, keyed)
                cases += 1
    assert {name: fault for name, fault in faults.items() if fault} == {}
    count_official("trie tests", cases)


def test_keys_come_in_order(suites: Suites, count_official: Count) -> None:
    """The neighbours of a key, present or not, as the suite of next and previous keys wants them."""
    for case in suites[NEXT_PREVIOUS].values():
        built: Trie = EMPTY_TRIE
        for key in case["in"]:
            built = trie.put(built, key.encode(), b"v")
        present = [key.decode() for key, _ in trie.items(built)]
        assert all(a < b for a, b in pairwise(present))
        for key, previous, following in case["tests"]:
            assert ([k for k in present if k < key] or [""])[-1] == previous
            assert ([k for k in present if k > key] or [""])[0] == following
        count_official("trie tests", len(case["tests"]))


@pytest.mark.rule("STATE-trie-hex-prefix")
def test_hex_prefix(suites: Suites, count_official: Count) -> None:
    cases = suites["BasicTests/hexencodetest.json"]
    for name, case in cases.items():
        path = "".join(f"{digit:x}" for digit in case["seq"])
        assert trie.hex_prefix(path, case["term"]).hex() == case["out"], name
    count_official("basic tests", len(cases))


@pytest.mark.rule("PRIM-address-of-key", "PRIM-signature-recover")
def test_keys_and_addresses(suites: Suites, count_official: Count) -> None:
    """From the seed to the key to the address.

    The file's signatures "of the empty string" were made over another hash than the empty string's: under it neither
    our recovery nor py_ecc's gives the signer. So what is checked of them is that the two give the same key.
    """
    cases = suites["BasicTests/keyaddrtest.json"]
    for case in cases:
        assert keccak256(case["seed"].encode()).hex() == case["key"]
        assert address_of(public_key_of(int(case["key"], 16))) == int(case["addr"], 16)
        signature = case["sig_of_emptystring"]
        v, r, s = int(signature["v"]), int(signature["r"]), int(signature["s"])
        x, y = oracle.ecdsa_raw_recover(keccak256(b""), (v, r, s))
        assert recover(keccak256(b""), v - 27, r, s) == int(x).to_bytes(32, "big") + int(y).to_bytes(32, "big")
    count_official("basic tests", len(cases))


@pytest.mark.rule("PRIM-keccak256", "PRIM-rlp-exact")
def test_genesis_hash(suites: Suites, count_official: Count) -> None:
    case = suites["BasicTests/genesishashestest.json"]
    block = rlp.decode(unhexed(case["genesis_rlp_hex"]))
    header = rlp.decode_list(block, 3)[0]
    assert rlp.encode(block) == unhexed(case["genesis_rlp_hex"])
    assert keccak256(rlp.encode(header)).hex() == case["genesis_hash"]
    count_official("basic tests", 1)


# --- controls ---------------------------------------------------------------------------------------------------------


def test_control_a_decoder_that_takes_long_forms_fails_the_suite(
    suites: Suites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rlp, "_long_length", lambda data, at, width: int.from_bytes(data[at : at + width], "big"))
    failing = [name for name, case in rlp_cases(suites) if faults_in_rlp(case, rlp.decode)]
    assert "RLPTests/invalidRLPTest.json/nonOptimalLongLengthArray2" in failing


def test_control_a_decoder_that_takes_wrapped_bytes_fails_the_suite(
    suites: Suites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rlp, "_string_payload", lambda data, start, payload, end: data[payload:end])
    failing = [name for name, case in rlp_cases(suites) if faults_in_rlp(case, rlp.decode)]
    assert [name.rpartition("/")[2] for name in failing] == [f"bytesShouldBeSingleByte{b}" for b in ("00", "01", "7F")]


def test_control_a_trie_with_plain_keys_fails_the_secure_suite(suites: Suites) -> None:
    """All of it but the case that deletes everything again, whose root does not depend on keys."""
    passing = [
        name for suite in SECURE_TRIES for name, case in suites[suite].items() if not faults_in_trie(case, bytes)
    ]
    assert passing == ["branchingTests"]
