"""Cases made up on the spot, with answers that need no model: schoolbook arithmetic and a bank transfer.

Their words are drawn anew each time, so an adapter that knows the released cases by heart, or gives its input back,
cannot know these.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

import attrs

from hyperion.primitives import rlp, secp256k1
from hyperion.primitives.hashing import keccak256
from hyperion_conformance.protocol.messages import Json

WORD = 2**256


@attrs.frozen(slots=True)
class Probe:
    """An input with the only right outcome."""

    target: str
    input: Mapping[str, Json]
    outcome: Mapping[str, Json]


def _address(rng: random.Random) -> str:
    return f"0x{rng.getrandbits(152) | 1 << 151:040x}"


def _push32(word: int) -> str:
    return f"7f{word:064x}"


RETURN_WORD = "60005260206000f3"
"""PUSH1 0 MSTORE PUSH1 32 PUSH1 0 RETURN: 3 + (3+3) + 3 + 3 + 0 = 15 gas with one new word of memory."""


def _machine(
    rng: random.Random,
    code: str,
    spent: int,
    output: int | None,
    gas: int = 100_000,
    storage: Mapping[str, str] | None = None,
    after: Mapping[str, str] | None = None,
    calldata: str = "0x",
) -> Probe:
    before = storage or {}
    return Probe(
        "vm.run",
        {
            "code": "0x" + code,
            "calldata": calldata,
            "gas": str(gas),
            "value": "0",
            "address": _address(rng),
            "caller": _address(rng),
            "storage": before,
        },
        {
            "status": "success",
            "gas_left": str(gas - spent),
            "refund": "0",
            "output": "0x" if output is None else f"0x{output:064x}",
            "logs": [],
            "storage": before if after is None else after,
        },
    )


def sum_of_two(rng: random.Random) -> Probe:
    """A + b modulo 2^256 of two random words: 3 + 3 + 3 for the sum."""
    a, b = rng.getrandbits(256), rng.getrandbits(256)
    return _machine(rng, _push32(a) + _push32(b) + "01" + RETURN_WORD, 24, (a + b) % WORD)


def long_chain(rng: random.Random) -> Probe:
    """A hundred random sums one after another, for trace questions: 3 gas for each of 201 instructions."""
    words = [rng.getrandbits(256) for _ in range(101)]
    code = _push32(words[0]) + "".join(_push32(word) + "01" for word in words[1:])
    return _machine(rng, code + RETURN_WORD, 3 * 201 + 15, sum(words) % WORD)


def big_gas(rng: random.Random) -> Probe:
    """Gas just above 2^53, where a double-precision number begins to round."""
    a = rng.getrandbits(255)
    return _machine(rng, _push32(a) + "600101" + RETURN_WORD, 24, a + 1, gas=2**53 + 1 + 2 * rng.randrange(100))


def big_slot(rng: random.Random) -> Probe:
    """The slot 2^256-1-n holding 2^256-1-m is read (cold, 2100) and returned."""
    key, word = WORD - 1 - rng.randrange(1000), WORD - 1 - rng.randrange(1000)
    return _machine(rng, _push32(key) + "54" + RETURN_WORD, 3 + 2100 + 15, word, storage={str(key): str(word)})


def write_slot(rng: random.Random, key: int) -> Probe:
    """A random word is written to an empty cold slot: 2100 + 20000."""
    word = rng.getrandbits(255) | 1
    return _machine(rng, _push32(word) + _push32(key) + "55", 3 + 3 + 22_100, None, after={str(key): str(word)})


def read_empty(rng: random.Random, key: int) -> Probe:
    """A slot that this case never set is zero."""
    return _machine(rng, _push32(key) + "54" + RETURN_WORD, 3 + 2100 + 15, 0)


def long_calldata(rng: random.Random, size: int = 512 * 1024) -> Probe:
    """CALLDATASIZE (2) over half a MiB of input: a line of one MiB."""
    return _machine(rng, "36" + RETURN_WORD, 17, size, calldata="0x" + f"{rng.getrandbits(64):016x}" * (size // 8))


def transfer(rng: random.Random) -> Probe:
    """A legacy transaction moves a random amount between fresh accounts at gas price 0 and base fee 0: 21000 gas."""
    secret = rng.getrandbits(248) | 1
    sender = f"0x{secp256k1.address_of(secp256k1.public_key_of(secret)):040x}"
    to, value, balance = _address(rng), rng.getrandbits(60) | 1, rng.getrandbits(80) | 1 << 79
    body = (b"", b"", rlp.int_to_bytes(21_000), bytes.fromhex(to[2:]), rlp.int_to_bytes(value), b"")
    unsigned = keccak256(rlp.encode((*body, b"\x01", b"", b"")))
    y_parity, r, s = secp256k1.sign(unsigned, secret)
    raw = rlp.encode((*body, *map(rlp.int_to_bytes, (37 + y_parity, r, s))))
    return Probe(
        "evm.state",
        {
            "pre": {sender: {"nonce": "0", "balance": str(balance), "code": "0x", "storage": {}}},
            "block": {
                "coinbase": "0x000000000000000000000000000000000000c014",
                "number": "1",
                "timestamp": "1000",
                "gas_limit": "30000000",
                "prevrandao": "0x" + "00" * 32,
                "base_fee": "0",
                "excess_blob_gas": "0",
            },
            "chain_id": "1",
            "transaction": {
                "type": 0,
                "sender": sender,
                "secret_key": f"0x{secret:064x}",
                "nonce": "0",
                "to": to,
                "value": str(value),
                "gas_limit": "21000",
                "data": "0x",
                "gas_price": "0",
                "raw": "0x" + raw.hex(),
            },
        },
        {
            "status": "success",
            "gas_used": "21000",
            "output": "0x",
            "logs": [],
            "post": {
                sender: {"nonce": "1", "balance": str(balance - value), "code": "0x", "storage": {}},
                to: {"nonce": "0", "balance": str(value), "code": "0x", "storage": {}},
            },
        },
    )


def altered(probe: Probe) -> Probe:
    """The same input with an outcome that is wrong on purpose: the judge must not let it pass."""
    name = "gas_left" if "gas_left" in probe.outcome else "gas_used"
    return attrs.evolve(probe, outcome={**probe.outcome, name: str(int(str(probe.outcome[name])) + 1)})
