"""All official transaction tests: the verdict on the bytes, and hash, sender and intrinsic gas.

Forks from PARIS on are judged by the model. Of older forks, LONDON has PARIS's rules for transactions. Those before it
are not modelled; what does not depend on the fork is still compared: bytes that no fork may accept, and, where they say
that a transaction of type 0 is valid, its hash and sender.
"""

import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from hyperion.execution.rejection import Reason
from hyperion.execution.transaction import decode_transaction, sender_of, transaction_hash
from hyperion.vm.forks import PARIS
from hyperion_conformance.fixtures.alloc import number, octets
from hyperion_conformance.fixtures.exceptions import TRANSACTION_EXCEPTIONS
from hyperion_conformance.fixtures.faults import FAULTS
from hyperion_conformance.fixtures.networks import modelled
from hyperion_conformance.fixtures.transaction_case import judge, run_transaction_case

Count = Callable[[str, int], None]
Tests = dict[str, dict[str, Any]]

SAME_AS_PARIS: Final = "London"
RESULTS: Final = 2_665
"""Results in the archive."""
CHANGED_SINCE: Final = {
    "TYPE_NOT_SUPPORTED": 17,  # types 1 and 2 were not there yet (EIP-2718, EIP-1559)
    "INTRINSIC_GAS_TOO_LOW": 7,  # a byte of data cost 68 gas (EIP-2028)
    "INVALID_SIGNATURE_VRS": 45,  # a signature could not name a chain (EIP-155)
    "high s allowed": 2,  # EIP-2
}
"""Results of forks before LONDON that follow from a rule that has changed since: they are not comparable."""


@pytest.fixture(scope="module")
def transaction_tests(fixtures_dir: Path) -> Tests:
    """All transaction tests of the archive, by file and name."""
    found: Tests = {}
    with tarfile.open(fixtures_dir / "rlp_trie_transaction_tests.tar.xz") as archive:
        for member in archive:
            content = archive.extractfile(member) if "TransactionTests/" in member.name else None
            if content is not None and member.name.endswith(".json"):
                for name, test in msgspec.json.decode(content.read()).items():
                    found[f"{member.name}::{name}"] = test
    return found


def results(tests: Tests) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Every result: test, what it says, and of which fork."""
    return ((name, test, fork) for name, test in tests.items() for fork in test["result"])


@pytest.mark.official
@pytest.mark.rule("EXE-transaction-strict", "EXE-sender", "EXE-transaction-hash", "EXE-intrinsic-gas")
def test_every_result_of_the_forks_in_the_model(transaction_tests: Tests, count_official: Count) -> None:
    judged = 0
    for name, test, fork in results(transaction_tests):
        if modelled(fork):
            mismatch = run_transaction_case(test, fork)
            assert mismatch is None, f"{name} {fork}: {mismatch}"
            judged += 1
    assert judged >= 565
    count_official("transaction tests, forks of the model", judged)


@pytest.mark.official
def test_london_is_judged_as_paris(transaction_tests: Tests, count_official: Count) -> None:
    judged = 0
    for name, test, fork in results(transaction_tests):
        if fork == SAME_AS_PARIS:
            as_paris = {**test, "result": {"Paris": test["result"][fork]}}
            mismatch = run_transaction_case(as_paris, "Paris")
            assert mismatch is None, f"{name} {fork}: {mismatch}"
            judged += 1
    assert judged >= 210
    count_official("transaction tests, London by the rules of Paris", judged)


def verdict_of_older(test: dict[str, Any], fork: str) -> str:
    """How the result of an older fork relates to the model's: agreement, a rule since changed, or a mismatch."""
    expected, data = test["result"][fork], octets(test["txbytes"])
    found = judge(data, PARIS)
    if "exception" in expected:
        return "refused by both" if isinstance(found, tuple) else expected["exception"].rpartition(".")[2]
    transaction = decode_transaction(data)
    sender = sender_of(transaction)
    if transaction_hash(transaction) != octets(expected["hash"]):
        return "mismatch"
    if sender is None and fork == "Frontier":
        return "high s allowed"
    return "accepted by both" if sender == number(expected["sender"]) else "mismatch"


@pytest.mark.official
def test_older_forks_agree_on_what_depends_on_no_fork(transaction_tests: Tests, count_official: Count) -> None:
    counted: Counter[str] = Counter()
    for _, test, fork in results(transaction_tests):
        if not modelled(fork) and fork != SAME_AS_PARIS:
            counted[verdict_of_older(test, fork)] += 1
    assert counted["mismatch"] == 0
    assert {verdict: counted[verdict] for verdict in counted if " by both" not in verdict} == CHANGED_SINCE
    count_official("transaction tests, older forks: accepted, with hash and sender", counted["accepted by both"])
    count_official("transaction tests, older forks: refused by both", counted["refused by both"])


@pytest.mark.official
def test_all_results_are_accounted_for(transaction_tests: Tests) -> None:
    forks = Counter(fork for _, _, fork in results(transaction_tests))
    assert forks.total() == RESULTS
    assert {fork for fork in forks if modelled(fork)} == {"Paris", "Shanghai", "Cancun"}


@pytest.mark.official
@pytest.mark.rule("EXE-initcode-too-large")
def test_a_seeded_fault_is_noticed(transaction_tests: Tests) -> None:
    """Control: without EIP-3860 some result differs; a refusal for another reason does not pass as the right one."""
    fault = FAULTS["EXE-initcode-too-large"]
    cancun = [test for _, test, fork in results(transaction_tests) if fork == "Cancun"]
    failed = [test for test in cancun if run_transaction_case(test, "Cancun", fault) is not None]
    assert failed
    refused = judge(octets("0xc0"), PARIS)
    assert isinstance(refused, tuple)
    assert not refused[0] & TRANSACTION_EXCEPTIONS[Reason.NONCE_TOO_LOW]
