"""Target dispute.game by the edge game's L1 contract: events become transactions, its storage becomes the state.

What runs the contract is a chain of two functions, so that the same contract can be run by any machine. Nothing here
knows a rule of the game: what the contract refuses is what is answered.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "python"))

from serve import BadInput, Json, hexadecimal, number, octets, serve  # noqa: E402 - found there

ARTIFACT = HERE.parents[1] / "contracts" / "artifacts" / "EdgeGame.json"
WORD = 32
SETTLEMENT = 0x5E771E
"""Deploys the contract, and alone may admit assertions and close the game."""
MODES = ("open", "normal", "refund")
VIOLATIONS = ("levels", "resource-ratio", "slot", "last-level-provable", "threshold-above-late")
"""Names of the bits of Unsafe; from the next bit on, stakes by level."""
MONEY = ("deposited", "escrow", "pool", "owed", "paid")


class Chain(Protocol):
    """Runs a contract. Both functions say whether it worked, and give the output; blocks are (time, height)."""

    def deploy(self, sender: int, code: bytes, block: tuple[int, int]) -> tuple[bool, bytes]:
        """Creates the contract."""

    def call(self, sender: int, data: bytes, value: int, block: tuple[int, int]) -> tuple[bool, bytes]:
        """Calls it."""

    def balance(self) -> int:
        """What the contract has."""

    def keccak(self, data: bytes) -> bytes:
        """Keccak-256."""


# --- the contract's ABI ----------------------------------------------------------------------------------------------


def word(value: int) -> bytes:
    return value.to_bytes(WORD, "big")


def encode(values: Sequence[Any]) -> bytes:
    """Bytes are static parts as they are, lists are arrays of such, tuples are structs with lists in them."""
    size = sum(len(value) if isinstance(value, bytes) else WORD for value in values)
    head, tail = b"", b""
    for value in values:
        if isinstance(value, bytes):
            head += value
            continue
        head += word(size + len(tail))
        tail += word(len(value)) + b"".join(value) if isinstance(value, list) else encode(value)
    return head + tail


def words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + WORD], "big") for at in range(0, len(data), WORD)]


def arrays(data: bytes, count: int) -> list[list[int]]:
    """The arrays that a function returned."""
    found, all_words = [], words(data)
    for at in all_words[:count]:
        length = all_words[at // WORD]
        found.append(all_words[at // WORD + 1 :][:length])
    return found


# --- events as calls -------------------------------------------------------------------------------------------------


def path(value: Any) -> list[bytes]:
    if not isinstance(value, list):
        raise BadInput("a proof is a list")
    return [octets(item, WORD) for item in value]


def hash_of(value: Any) -> bytes:
    return octets(value, WORD)


def step_of(event: Json) -> tuple[Any, ...]:
    names = ("before", "after")
    sides = [part for name in names for part in (hash_of(event[name]), path(event[f"{name}_proof"]))]
    return (hash_of(event["edge"]), *sides)


def named(*fields: str) -> Callable[[Json], list[Any]]:
    return lambda event: [hash_of(event[field]) for field in fields]


def opening(event: Json) -> list[Any]:
    return [hash_of(event["end_root"]), path(event["prefix_proof"]), path(event["end_proof"])]


CALLS: Mapping[str, tuple[str, Callable[[Json], list[Any]]]] = {
    "admit": ("admit", named("claim", "state")),
    "root": ("createRoot", lambda event: [hash_of(event["claim"]), *opening(event)]),
    "refine": ("refine", lambda event: [step_of(event), *opening(event)]),
    "bisect": (
        "bisect",
        lambda event: [hash_of(event["edge"]), hash_of(event["middle_root"]), path(event["proof"])],
    ),
    "update-timer": ("updateTimer", named("edge")),
    "update-timer-by-claim": ("updateTimerByClaim", named("edge", "claimant")),
    "confirm-by-time": ("confirmByTime", named("edge")),
    "confirm-by-children": ("confirmByChildren", named("edge")),
    "confirm-by-claim": ("confirmByClaim", named("edge", "claimant")),
    "confirm-by-one-step": ("confirmByOneStep", lambda event: [step_of(event), path(event["witness"])]),
    "decide": ("decide", named("edge")),
    "close": ("close", lambda event: [word(MODES.index(event["mode"]))]),
    "refund": ("refund", named("edge")),
    "reimburse": (
        "reimburse",
        lambda event: [hash_of(event["edge"]), bytes(WORD) if event["via"] is None else hash_of(event["via"])],
    ),
    "withdraw": ("withdraw", lambda event: []),
}


def constructor(given: Json) -> bytes:
    parameters = given["parameters"]
    keys = ("threshold", "censorship", "reaction", "slot", "cost_of_move", "resource_ratio")
    figures = b"".join(word(number(parameters[key])) for key in keys)
    levels = [
        b"".join(
            (
                word(number(level["height"])), word(int(level["provable"])), word(number(level["stake"])),
                word(number(level["reimbursement"])),
            )
        )
        for level in parameters["levels"]
    ]  # fmt: skip
    return encode([hash_of(given["origin"]), hash_of(given["start"]), figures, levels])


class Contract:
    """A game on a chain, and what was last read of its storage."""

    def __init__(self, chain: Chain, given: Json) -> None:
        artifact = json.loads(ARTIFACT.read_text("utf-8"))
        self.chain = chain
        self.methods = {name.partition("(")[0]: bytes.fromhex(of) for name, of in artifact["methods"].items()}
        self.block = number(given["time"]), number(given["height"])
        done, output = chain.deploy(SETTLEMENT, bytes.fromhex(artifact["bytecode"]) + constructor(given), self.block)
        self.violations = None if done else self.unsafe(output)
        self.edges: dict[int, list[int]] = {}
        self.rivalries: dict[int, list[int]] = {}

    def unsafe(self, output: bytes) -> list[str]:
        """Which inequalities the constructor found violated."""
        if output[:4] != self.chain.keccak(b"Unsafe(uint256)")[:4]:
            raise RuntimeError(f"the constructor failed: {output.hex()}")
        mask = int.from_bytes(output[4:], "big")
        names = (*VIOLATIONS, *(f"stake-of-level-{level}" for level in range(8)))
        return [name for bit, name in enumerate(names) if mask >> bit & 1]

    def view(self, method: str, *values: int) -> bytes:
        """What a function says that changes nothing."""
        data = self.methods[method] + b"".join(map(word, values))
        done, output = self.chain.call(SETTLEMENT, data, 0, self.block)
        if not done:
            raise RuntimeError(f"{method} failed: {output.hex()}")
        return output

    def act(self, event: Json) -> Json:
        """What is answered to an event."""
        if event.get("event") not in CALLS:
            raise BadInput(f"no event {event.get('event')!r}")
        method, arguments = CALLS[event["event"]]
        data = self.methods[method] + encode(arguments(event))
        if self.violations is not None:
            return {"rejected": "unsafe-parameters"}
        sender = int(str(event.get("mover", event.get("account", hex(SETTLEMENT)))), 16)
        block = number(event["time"]), number(event["height"])
        done, output = self.chain.call(sender, data, number(event.get("paid", 0)), block)
        if not done:
            if output[:4] != self.chain.keccak(b"Refused(bytes32)")[:4]:
                raise RuntimeError(f"{method} failed: {output.hex() or 'without a reason'}")
            return {"rejected": output[4:].rstrip(b"\0").decode("ascii")}
        self.block = block
        fields = [int(str(event[key]), 16) for key in ("edge", "claimant", "via") if event.get(key)]
        return {"digest": self.digest(fields)}

    # The state.

    def reread(self, names: Sequence[int]) -> None:
        for name in names:
            edge = words(self.view("edgeWords", name))
            self.edges[name] = edge
            self.rivalries[edge[1]] = words(self.view("rivalryWords", edge[1]))

    def digest(self, touched: Sequence[int]) -> str:
        """The digest of the state; only edges that are new or touched are read again."""
        head, contest = words(self.view("head")), words(self.view("contestWords"))
        edges, claims, creditors = arrays(self.view("names"), 3)
        self.reread([name for name in edges if name in touched or name not in self.edges])
        if self.chain.balance() != head[5] - head[9]:
            raise RuntimeError("the contract has another balance than its books say")
        owed = {account: words(self.view("credit", account))[0] for account in creditors}
        parts = [*head, *contest]
        for group in (self.edges, self.rivalries, {name: words(self.view("claimWords", name)) for name in claims}):
            parts.append(len(group))
            for name in sorted(group):
                parts += group[name]
        credits = [part for account in sorted(owed) if owed[account] for part in (account, owed[account])]
        parts += [len(credits) // 2, *credits]
        return hexadecimal(self.chain.keccak(b"".join(map(word, parts)))[:16])

    def snapshot(self) -> Json:
        """The state at the end, all of it read anew."""
        if self.violations is not None:
            return {"violations": self.violations}
        self.edges, self.rivalries = {}, {}
        digest, head = self.digest(()), words(self.view("head"))
        return {
            "digest": digest, "time": str(head[0]), "height": str(head[1]), "mode": MODES[head[2]],
            "winner": hexadecimal(word(head[4])) if head[3] else None,
            "ledger": {name: str(head[5 + at]) for at, name in enumerate(MONEY)},
            "edges": [text_of(self.edges[name]) for name in sorted(self.edges)],
        }  # fmt: skip


def text_of(edge: Sequence[int]) -> str:
    """An edge in a line."""
    marks = [name for bit, name in enumerate(("confirmed", "useful", "refunded")) if edge[16] >> bit & 1]
    place = f"level {edge[2]}, {edge[4]} to {edge[6]}, timer {edge[15]}"
    return " ".join((f"{hexadecimal(word(edge[0])[:8])}: {place}", *marks))


def answering(name: str, version: str, chain: Callable[[], Chain]) -> None:
    """Serve the protocol with a chain of one's own for each case."""

    def play(fork: str, given: Json, step: object) -> Json:
        contract = Contract(chain(), given["open"])
        return {"answers": [contract.act(event) for event in given["events"]], "final": contract.snapshot()}

    serve(name, version, "solidity", "", ("HYPERION",), {"dispute.game": play}, ())
