"""Settlement: the anchor, who may win on what, the L1 head, withdrawals, and what the guardian cannot do.

Each transition is the model's own, on a chain of any number of assertions, contests and withdrawals, by its ``step``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import attrs

from hyperion.settlement.dispute.types import Mode
from hyperion.settlement.finality import assertions, events, guardian, rules, withdrawals
from hyperion.settlement.finality.parameters import DEFAULT
from hyperion.settlement.finality.types import Assertion as Made
from hyperion.settlement.finality.types import Chain, Contest, Inputs, Output, Outside, Proven
from hyperion.settlement.moment import Moment
from hyperion.settlement.rejection import Rejected
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.proxies import all_of, any_of, implies, negation
from hyperion_proofs.dispute.histories import NAMES, Names
from hyperion_proofs.dispute.silence import modules_of, seeded, silenced
from hyperion_proofs.dispute.table import Attrs, Record, Shape, Table
from hyperion_proofs.dispute.world import nobody
from hyperion_proofs.solve import INTEGERS
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.theorem import Assumption, Control, Kind, Obligation, Theorem

PACKAGES: Final = ("finality", "dispute")
GAMES: Final = Assumption("A-game", "What the game of a contest gives after a move is any game, or a refusal.")

ASSERTIONS: Final = Shape(
    "assertion",
    {"id": None, "question": None, "parent": None, "l2_block": 0, "l1_height": 0, "digest": None, "withdrawals": None,
     "last_inclusion": 0, "created": 0, "bond": 0, "bond_returned": True},
    Made,
)  # fmt: skip
CONTESTS: Final = Shape(
    "contest", {"parent": None, "winner": None, "decided": True, "won_at": 0, "is_void": True}, Contest,
    {"winner": "decided"},
)  # fmt: skip
FINAL: Final = Shape("final", {"since": 0}, None)
SPENT: Final = Shape("spent", {"amount": 0}, None)
PROVEN: Final = Shape("proven", {"assertion": None, "at": 0}, Proven)
ROUNDS: Final = Shape("rounds", {"count": 0}, None)


@attrs.frozen(eq=False)
class Assertions(Table):
    """Assertions, with what is inside their outputs and inputs."""

    def built(self, key: Any) -> Any:
        """The assertion."""

        def raw(field: str) -> Any:
            return self.raw(key, field)

        output = Record(Output, raw, raw)
        inputs = Record(Inputs, raw, raw)
        return Record(Made, raw, raw, {"output": output, "inputs": inputs, "id": key})


@attrs.frozen(eq=False)
class Contests(Table):
    """Contests; their games are said nothing of."""

    def built(self, key: Any) -> Any:
        """The contest."""

        def read(field: str) -> Any:
            if field == "winner" and not self.raw(key, "decided"):
                return None
            return self.raw(key, field)

        def of_game(field: str) -> Any:
            if field == "mode":
                return Mode.OPEN if self.given.result("game: open", (key,), 0, 1) == 1 else Mode.REFUND
            if field == "winner":
                return self.given.result("game: winner", (key,)) if self.given.result(
                    "game: has winner", (key,), 0, 1) == 1 else None
            raise AttributeError(field)

        return Record(Contest, read, lambda field: self.raw(key, field), {"game": Record(Contest, of_game, of_game)})


def any_chain(given: Given) -> Any:
    """A chain of which nothing is known, with the preset's windows replaced by any."""
    names = ("bond", "air_gap", "maturity", "challenge_window_blocks", "resolve_window_blocks", "pause_budget")
    windows: dict[str, Any] = {name: given.integer(name, 0) for name in names}
    parameters = attrs.evolve(DEFAULT, max_span=given.integer("max span", 1), **windows)
    fields: dict[str, Any] = {
        "parameters": parameters,
        "chain_id": given.integer("chain id", 0),
        "program": given.integer("program"),
        "now": Moment(given.integer("now", 0), given.integer("height", 0)),
        "anchor": given.integer("anchor"),
        "assertions": Assertions(given, ASSERTIONS, nobody),
        "contests": Contests(given, CONTESTS, nobody),
        "rounds": Table(given, ROUNDS, nobody),
        "final": Table(given, FINAL, nobody),
        "proven": Table(given, PROVEN, nobody),
        "spent": Table(given, SPENT, nobody),
    }
    for name in ("paused_until", "pause_used", "escrow", "bonds"):
        fields[name] = given.integer(name, 0)
    return Record(Chain, given.integer, given.integer, fields)


def output(given: Given) -> Any:
    """Any output."""
    fields = ("state", "withdrawals", "l2_block", "last_inclusion")
    names = {name: given.integer(f"output: {name}", 0) for name in fields}
    return Record(Output, names.__getitem__, names.__getitem__, {**names, "digest": given.integer("output: digest")})


def numbers(kind: Callable[..., Any], *names: str) -> Callable[[Given], Any]:
    """An event of numbers."""
    return lambda given: kind(*(given.integer(name) for name in names))


MAKERS: Final[Mapping[str, Callable[[Given], Any]]] = {
    "Propose": lambda given: events.Propose(
        cast(Any, given.integer("parent")), output(given), given.integer("l1 height", 0),
        cast(Any, given.integer("proposer")), given.integer("paid"),
    ),
    "Settle": numbers(events.Settle, "assertion"),
    "Finalize": numbers(events.Finalize, "assertion"),
    "Pause": numbers(events.Pause, "seconds"),
    "ReturnBond": numbers(events.ReturnBond, "assertion"),
    "Deposit": numbers(events.Deposit, "amount"),
    "Prove": lambda given: events.Prove(
        given.integer("nonce", 0), cast(Any, given.integer("recipient", 0)), given.integer("amount", 0),
        cast(Any, given.integer("assertion")), None,
    ),
    "Pay": numbers(events.Pay, "nonce", "recipient", "amount"),
    "Void": numbers(events.Void, "question"),
}  # fmt: skip


def ideals(given: Given) -> tuple[Ideal, ...]:
    """Names; refusals without texts; games that are said nothing of."""
    name = Names(given).identity
    stood = lambda chain, game, assertion: given.truth("stood alone")  # noqa: E731 (a name in a table of stand-ins)
    return (
        *silenced(modules_of(*PACKAGES)),
        *(Ideal(module, "identity", name, "A-names") for module in (assertions, withdrawals)),
        *(Ideal(module, "attrs", Attrs(), "as attrs") for module in (assertions, guardian, rules, withdrawals)),
        Ideal(rules, "is_well_formed", lambda event: given.truth("well formed"), "bytes are numbers here"),
        Ideal(assertions, "stood_alone", stood, "A-game"),
        Ideal(assertions, "admitted", lambda chain, *rest: chain if given.truth("admitted") else refused(), "A-game"),
        Ideal(guardian, "refunding", voided, "A-game"),
    )


def refused() -> Rejected[Any]:
    """By the game."""
    return Rejected(cast(Any, "game"))


def voided(chain: Any, question: Any, contest: Any, outside: Any) -> Any:
    """The contest is void; its game refunds."""
    del outside
    return assertions.with_contest(chain, question, Attrs().evolve(contest, is_void=True))


@attrs.frozen(eq=False)
class Settled:
    """A chain before and after an event."""

    before: Any
    event: Any
    after: Any


def settled(given: Given, kind: str, faults: Any = tuple) -> Settled | None:
    """The event at any later time; None if it is refused."""
    chain, event = any_chain(given), MAKERS[kind](given)
    at = Moment(given.integer("time of the event", 0), given.integer("height of the event", 0))

    def block_hash(height: Any) -> Any:
        return given.result("block hash", (height,)) if given.truth("L1 knows it") else None

    def includes(root: Any, name: Any, proof: object) -> Any:
        return given.result("includes", (root, name), 0, 1) == 1

    outside = Outside(cast(Any, None), block_hash, includes)
    with Idealized((*ideals(given), *faults())):
        after: Any = rules.step(chain, event, at, outside)
    return None if isinstance(after, Rejected) else Settled(chain, event, after)


Claim = Callable[[Given, Settled], None]


def says(kind: str, claim: Claim, faults: Any = tuple) -> Statement:
    """What is claimed of an event that is not refused."""

    def statement(given: Given) -> None:
        found = settled(given, kind, faults)
        if found is not None:
            claim(given, found)

    return statement


def of(chain: Any, key: Any, field: str) -> Any:
    """A field of an assertion."""
    return chain.assertions.field(key, field)


def bounded_span(given: Given, play: Settled) -> None:
    """An assertion is ahead of its parent by one block to a span."""
    span = play.event.output.l2_block - of(play.before, play.event.parent, "l2_block")
    given.claim("ahead", span >= 1)
    given.claim("by no more than a span", span <= play.before.parameters.max_span)


def data_decided(given: Given, play: Settled) -> None:
    """A challenge of any batch of the span, and its answer, come before the L1 head, or never."""
    rules_, event = play.before.parameters, play.event
    included, challenged, answered = (given.integer(name, 0) for name in ("included", "challenged", "answered"))
    given.assume(all_of(included <= event.output.last_inclusion, included <= challenged, challenged <= answered))
    in_time = all_of(
        challenged <= included + rules_.challenge_window_blocks, answered <= challenged + rules_.resolve_window_blocks
    )
    given.claim("decided at the L1 head", implies(in_time, answered <= event.l1_height))
    given.claim("the L1 head is a block of the L1", event.l1_height <= play.after.now.height)


def wins_on_final(given: Given, play: Settled) -> None:
    """A contest is decided for a live question, on a final parent, once."""
    question = of(play.before, play.event.assertion, "question")
    before, after = play.before.contests, play.after.contests
    given.claim("on a final parent", play.before.final.field(before.field(question, "parent"), "has"))
    given.claim("once", negation(before.field(question, "decided")))
    given.claim("not void", negation(before.field(question, "is_void")))
    given.claim("for the assertion", after.field(question, "winner") == play.event.assertion)


def next_anchor(given: Given, play: Settled) -> None:
    """The new anchor stands on the old one, has won, is not void, is past the air gap; nothing is paused."""
    question, contests = of(play.before, play.event.assertion, "question"), play.before.contests
    given.claim("it is the anchor", play.after.anchor == play.event.assertion)
    given.claim("it stands on the anchor", contests.field(question, "parent") == play.before.anchor)
    given.claim("it has won", all_of(
        contests.field(question, "decided"), contests.field(question, "winner") == play.event.assertion))
    given.claim("it is not void", negation(contests.field(question, "is_void")))
    gap = play.after.now.time - contests.field(question, "won_at")
    given.claim("past the air gap", gap > play.before.parameters.air_gap)
    given.claim("not paused", play.after.now.time >= play.before.paused_until)


def stays_final(given: Given, play: Settled) -> None:
    """What is final stays final; only finalize makes something final."""
    key = given.integer("any assertion")
    before, after = play.before.final.field(key, "has"), play.after.final.field(key, "has")
    given.claim("final stays final", implies(before, after))
    if type(play.event).__name__ != "Finalize":
        given.claim("nothing else finalizes", after == before)
        given.claim("the anchor stays", play.after.anchor == play.before.anchor)


def paid_right(given: Given, play: Settled) -> None:
    """A payment is of a proven, mature withdrawal of a final assertion, out of escrow, and not a second one."""
    chain, event = play.before, play.event
    name = Names(given).identity(14, event.nonce, event.recipient, event.amount)
    proven = chain.proven
    given.claim("proven", proven.field(name, "has"))
    given.claim("mature", play.after.now.time - proven.field(name, "at") > chain.parameters.maturity)
    given.claim("final", chain.final.field(proven.field(name, "assertion"), "has"))
    given.claim("once", all_of(negation(chain.spent.field(name, "has")), play.after.spent.field(name, "has")))
    given.claim("out of escrow", all_of(play.after.escrow == chain.escrow - event.amount, play.after.escrow >= 0))
    given.claim("not paused", play.after.now.time >= chain.paused_until)


def proven_right(given: Given, play: Settled) -> None:
    """A proof is of a withdrawal that a live assertion covers; its maturity begins now; nothing is paid."""
    chain, event = play.before, play.event
    name = Names(given).identity(14, event.nonce, event.recipient, event.amount)
    root = of(chain, event.assertion, "withdrawals")
    given.claim("covered", given.result("includes", (root, name), 0, 1) == 1)
    question = of(chain, event.assertion, "question")
    void = all_of(chain.contests.field(question, "has"), chain.contests.field(question, "is_void"))
    given.claim("alive", negation(void))
    given.claim("from now", play.after.proven.field(name, "at") == play.after.now.time)
    given.claim("nothing is paid", all_of(play.after.escrow == chain.escrow))


def only_delays(given: Given, play: Settled) -> None:
    """The guardian makes nothing final, won or paid, and pauses within the budget."""
    question = given.integer("any question")
    before, after = play.before, play.after
    given.claim("no new winner", all_of(
        implies(after.contests.field(question, "decided"), before.contests.field(question, "decided")),
        any_of(after.contests.field(question, "winner") == before.contests.field(question, "winner"),
               negation(before.contests.field(question, "decided")))))
    same = [getattr(after, name) is getattr(before, name) for name in ("final", "spent", "proven", "assertions")]
    given.claim("nothing is final, paid or proven by it", all(same))
    given.claim("no money moves", all_of(after.escrow == before.escrow, after.bonds == before.bonds))
    void = [chain.contests.field(question, "is_void") for chain in (before, after)]
    given.claim("no revival", implies(void[0], void[1]))
    if type(play.event).__name__ == "Pause":
        given.claim("within the budget", after.pause_used <= before.parameters.pause_budget)
        given.claim("what is paused is used", after.pause_used - before.pause_used >= 0)


def bond_back(given: Given, play: Settled) -> None:
    """A bond goes back once, as put down, for a winner past the air gap or in a void contest."""
    chain, key = play.before, play.event.assertion
    question = of(chain, key, "question")
    given.claim("once", negation(of(chain, key, "bond_returned")))
    given.claim("as put down", chain.bonds - play.after.bonds == of(chain, key, "bond"))
    won = all_of(chain.contests.field(question, "decided"), chain.contests.field(question, "winner") == key)
    given.claim("to winners, or of void contests", any_of(chain.contests.field(question, "is_void"), won))


def theorem(
    id: str, statement: str, names: tuple[str, ...], claim: Claim, kinds: tuple[str, ...],
    *faults: tuple[str, Any, str, str], of_kind: str = "",
) -> Theorem:  # fmt: skip
    """A theorem about events of some kinds; a fault is in a function of the model, and met by one of them."""
    controls = tuple(
        Control(weakening, obligation(of_kind or kinds[0], claim, seeded(function, old, new, *PACKAGES)))
        for weakening, function, old, new in faults
    )
    made = tuple(obligation(kind, claim) for kind in kinds)
    return Theorem(id, statement, names, Kind.INDUCTION, made, controls, HYPOTHESES, (NAMES, GAMES), fast=True)


def obligation(kind: str, claim: Claim, faults: Any = tuple) -> Obligation:
    """An obligation about an event."""
    return Obligation(kind, says(kind, claim, faults), (INTEGERS,), raises=(KeyError,), prune=False)


HYPOTHESES: Final = "An assertion is under its name, and a contest's parent is there: they are made so."

THEOREMS: Final = (
    theorem(
        "DIS-span",
        "Every assertion is ahead of its parent by at least one block and at most the longest span.",
        ("DIS-propose", "DIS-anchor-bounded"), bounded_span, ("Propose",),
        ("no longest span", assertions.check_span, "span > chain.parameters.max_span", "False"),
        ("an assertion may stand still", assertions.check_span, "span < 1", "span < 0"),
    ),
    theorem(
        "DIS-head-decides",
        "Whether a batch of the span is available is decided at the L1 head: no later event changes it.",
        ("DIS-propose", "DIS-data-decided"), data_decided, ("Propose",),
        ("the window for answers is forgotten", assertions.check_data, "chain.parameters.settling_blocks",
         "chain.parameters.challenge_window_blocks"),
    ),
    theorem(
        "DIS-final-parent",
        "A contest is decided once, not when void, and only on a final parent.",
        ("DIS-settle",), wins_on_final, ("Settle",),
        ("a parent that has won suffices", assertions.settle, "contest.parent not in chain.final", "False"),
        ("a decided contest is decided anew", assertions.settle, "contest.winner is not None", "False"),
    ),
    theorem(
        "DIS-anchor-next",
        "The anchor goes to a winner that stands on it, past the air gap, not void, and not while paused.",
        ("DIS-finalize", "DIS-air-gap", "DIS-pause"), next_anchor, ("Finalize",),
        ("the air gap is forgotten", assertions.finalize, "not is_past_air_gap(chain, contest)", "False"),
        ("any winner becomes the anchor", assertions.finalize, "contest.parent != chain.anchor", "False"),
        ("a void contest's winner too", assertions.finalize, "contest.is_void", "False"),
    ),
    theorem(
        "DIS-final-stays",
        "What is final stays final, and nothing but finalizing moves the anchor.",
        ("DIS-finalize", "DIS-void", "DIS-settle"), stays_final, tuple(MAKERS),
        ("proposing moves the anchor", assertions.with_contest, "contests=", "anchor=question, contests="),
        of_kind="Settle",
    ),
    theorem(
        "BRI-paid-right",
        "A payment is of a proven, mature withdrawal of a final assertion, once, and out of escrow.",
        ("BRI-withdrawal-pay", "BRI-escrow"), paid_right, ("Pay",),
        ("maturity is forgotten", withdrawals.pay, "chain.now.time - proven.at <= chain.parameters.maturity", "False"),
        ("a withdrawal is paid twice", withdrawals.pay, "name in chain.spent", "False"),
        ("a live assertion suffices", withdrawals.pay, "proven.assertion not in chain.final", "False"),
        ("escrow is overdrawn", withdrawals.pay, "event.amount > chain.escrow", "False"),
    ),
    theorem(
        "BRI-proven-right",
        "A withdrawal is proven only against a live assertion that covers it, and matures from then on.",
        ("BRI-withdrawal-prove", "BRI-withdrawal-id", "DIS-alive"), proven_right, ("Prove",),
        ("a proof anew keeps its maturity", withdrawals.prove, "chain.now.time)", "chain.now.time - 1)"),
        ("dead assertions count", withdrawals.prove, "not is_alive(chain, assertion)", "False"),
    ),
    theorem(
        "DIS-guardian-delays",
        "The guardian makes nothing won, final, proven or paid, and pauses within its budget.",
        ("DIS-void", "DIS-pause"), only_delays, ("Pause", "Void"),
        ("no budget", guardian.pause, "used > chain.parameters.pause_budget", "False"),
    ),
    theorem(
        "DIS-bond-back",
        "A bond goes back once, as put down, and only for a winner or of a void contest.",
        ("DIS-bond-return",), bond_back, ("ReturnBond",),
        ("losers get it back", guardian.return_bond, "contest.winner != assertion.id", "False"),
        ("it goes back twice", guardian.return_bond, "assertion.bond_returned", "False"),
    ),
)  # fmt: skip
