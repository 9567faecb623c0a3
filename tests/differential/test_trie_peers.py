"""The trie against two foreign ones, EELS's and py-trie's, in an environment of their own: roots, proofs both ways.

The interpreter of that environment is named by ``PEERS_PYTHON``, by default ``.peers/python/bin/python``; without it
these tests are skipped with the reason.
"""

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from hyperion.primitives import rlp
from hyperion.primitives.hashing import keccak256
from hyperion.state import trie
from hyperion.state.trie import EMPTY_TRIE, Trie

PROJECT: Final = Path(__file__).resolve().parents[2]
SEED: Final = 1186
CASES: Final = 60

# Reads cases on standard input: entries as hex, a key to ask for, and a proof of ours for it. Writes what each
# implementation finds. It shares no code with us.
FOREIGN: Final = """
import json, sys
import rlp
from eth_utils import keccak
from trie import HexaryTrie
from ethereum.forks.osaka.trie import Trie, root, trie_set

for line in sys.stdin:
    case = json.loads(line)
    entries = {bytes.fromhex(k): bytes.fromhex(v) for k, v in case["entries"].items()}
    key = bytes.fromhex(case["key"])
    eels, other = Trie(secured=False, default=b""), HexaryTrie({})
    for k, v in entries.items():
        trie_set(eels, k, v)
        other[k] = v
    proof = [rlp.decode(bytes.fromhex(node)) for node in case["proof"]]
    print(json.dumps({
        "eels": bytes(root(eels)).hex(),
        "py-trie": other.root_hash.hex(),
        "proved": HexaryTrie.get_from_proof(other.root_hash, key, proof).hex() if entries else "",
        "proof": [rlp.encode(node).hex() for node in other.get_proof(key)],
    }))
"""


def foreign_python() -> str:
    named = os.environ.get("PEERS_PYTHON", str(PROJECT / ".peers" / "python" / "bin" / "python"))
    if not Path(named).exists():
        pytest.skip(
            f"no foreign implementations: {os.path.relpath(named, PROJECT)} is not there; name it by PEERS_PYTHON"
        )
    return named


def generated(number: int) -> tuple[dict[bytes, bytes], bytes]:
    """Entries of one of three kinds: crowded short keys, hashed keys, encoded indices; and a key, present or not."""
    draw = random.Random(SEED + number)
    count = draw.choice([0, 1, 2, 5, 40])

    def key_of() -> bytes:
        if number % 3 == 0:
            return bytes(draw.choice((0x00, 0x01, 0x10, 0xFF)) for _ in range(draw.randrange(1, 5)))
        return keccak256(draw.randbytes(2)) if number % 3 == 1 else rlp.encode_int(draw.randrange(300))

    entries = {key_of(): draw.randbytes(draw.choice((1, 3, 28, 31, 32, 33, 100))) for _ in range(count)}
    return entries, draw.choice([*entries, key_of()])


def case_of(entries: dict[bytes, bytes], key: bytes) -> tuple[Trie, dict[str, Any]]:
    built: Trie = EMPTY_TRIE
    for k, v in entries.items():
        built = trie.put(built, k, v)
    listed = {k.hex(): v.hex() for k, v in entries.items()}
    return built, {"entries": listed, "key": key.hex(), "proof": [node.hex() for node in trie.prove(built, key)]}


@pytest.mark.rule(
    "STATE-trie-root", "STATE-trie-hex-prefix", "STATE-trie-reference", "STATE-trie-prove", "STATE-trie-verify"
)
def test_roots_and_proofs_are_those_of_eels_and_py_trie() -> None:
    python = foreign_python()
    maps = [generated(number) for number in range(CASES)]
    ours = [case_of(entries, key) for entries, key in maps]
    asked = "".join(json.dumps(case) + "\n" for _, case in ours)
    ran = subprocess.run([python, "-c", FOREIGN], input=asked, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(answers) == CASES
    for (entries, key), (built, _), answer in zip(maps, ours, answers, strict=True):
        root = trie.root(built)
        assert root.hex() == answer["eels"] == answer["py-trie"] == trie.root_of(entries.items()).hex()
        assert bytes.fromhex(answer["proved"]) == entries.get(key, b"")
        if entries:
            theirs = tuple(bytes.fromhex(node) for node in answer["proof"])
            assert trie.verify_proof(root, key, without_inline(theirs)) == entries.get(key)


def without_inline(proof: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """py-trie lists nodes that stand in their parents once more, and an empty node where a path ends at nothing."""
    return tuple(node for at, node in enumerate(proof) if at == 0 or len(node) >= 32)


def test_control_the_cases_reach_every_kind_of_node() -> None:
    """What agrees is not only the easy part: the tries have all node kinds, values on the way, and nodes in parents."""
    seen: set[str] = set()
    for number in range(CASES):
        built, _ = case_of(*generated(number))
        waiting = [built]
        while waiting:
            node = waiting.pop()
            seen.add(type(node).__name__)
            if isinstance(node, trie.Extension):
                waiting.append(node.child)
            elif isinstance(node, trie.Branch):
                waiting.extend(node.children)
                seen.update(["value on the way"] if node.value else [])
            if node is not None and len(node.encoding()) < 32:
                seen.add("in its parent")
    assert seen == {"Leaf", "Extension", "Branch", "NoneType", "value on the way", "in its parent"}
