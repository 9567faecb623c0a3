"""The edge game's money and what never changes: claims of one event in any state, by the game's own ``step``.

Sums over all accounts are followed by what each write changes of them, so they hold for any number of accounts.
"""

from collections.abc import Mapping
from typing import Any, Final

from hyperion.settlement.dispute import confirmation, funds, moves, rules, timers
from hyperion.settlement.dispute.types import Mode
from hyperion.symbolic.proxies import all_of, any_of, implies, negation, where
from hyperion_proofs.dispute.invariants import View, mode_is
from hyperion_proofs.dispute.play import MAKERS, Played, played
from hyperion_proofs.dispute.silence import seeded
from hyperion_proofs.solve import INTEGERS
from hyperion_proofs.statement import Given, Part, Statement
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem

CONTENT: Final = (
    "id",
    "mutual",
    "level",
    "origin",
    "start_height",
    "start_root",
    "end_height",
    "end_root",
    "created",
    "mover",
    "opens",
    "claim",
    "stake",
)


def conserved(given: Given, play: Played, key: Any) -> None:
    """Deposited is held, owed or paid; nothing of it is negative that was not."""
    before, after = play.before.ledger, play.after.ledger
    balance = [ledger.deposited - ledger.escrow - ledger.pool - ledger.owed - ledger.paid for ledger in (before, after)]
    given.claim("deposited = escrow + pool + owed + paid", balance[0] == balance[1])
    given.claim("deposits never fall", after.deposited >= before.deposited)


def credits_add_up(given: Given, play: Played, key: Any) -> None:
    """What is owed changes as the sum of all credits does."""
    before, after = play.before.ledger, play.after.ledger
    change = after.credits.change(lambda table, account: table.field(account, "amount"))
    given.claim("owed = sum of credits", after.owed - before.owed == change)


def decided_once(given: Given, play: Played, key: Any) -> None:
    """A mode that is decided stays; normal only with a winner; a winner stays."""
    after, v = play.after, View(given, play.before)
    was = {mode: mode_is(v, mode) for mode in Mode}
    now = {mode: mode_is(View(given, after), mode) for mode in Mode}
    given.claim("a decision stays", all_of(*(implies(was[mode], now[mode]) for mode in (Mode.NORMAL, Mode.REFUND))))
    fresh = all_of(now[Mode.NORMAL], negation(was[Mode.NORMAL]))
    given.claim("normal only with a winner", implies(fresh, given.truth("has winner")))
    if "winner" in after.changed:
        given.claim("a winner stays", negation(given.truth("has winner")))


def content_stays(given: Given, play: Played, key: Any) -> None:
    """An edge keeps what it says and its deposit; its halves are made once."""
    before, after = View(given, play.before), View(given, play.after)
    was = before.edge(key, "has")
    same = all_of(after.edge(key, "has"), *(before.edge(key, name) == after.edge(key, name) for name in CONTENT))
    given.claim("content", implies(was, same))
    halves = all_of(*(before.edge(key, name) == after.edge(key, name) for name in ("halved", "lower", "upper")))
    given.claim("halves", implies(all_of(was, before.edge(key, "halved")), halves))


def only_grows(given: Given, play: Played, key: Any) -> None:
    """Timers never fall; what is confirmed, refunded or useful stays so; time goes on."""
    before, after = View(given, play.before), View(given, play.after)
    was = before.edge(key, "has")
    given.claim("timer", implies(was, after.edge(key, "timer") >= before.edge(key, "timer")))
    for name in ("confirmed", "refunded", "useful"):
        given.claim(name, implies(all_of(was, before.edge(key, name)), after.edge(key, name)))
    given.claim("time", after.now >= before.now)


def refunded_exactly(given: Given, play: Played, key: Any) -> None:
    """An edge that becomes refunded has its maker owed exactly its stake, and was not refunded before."""
    before, after = View(given, play.before), View(given, play.after)
    newly = all_of(before.edge(key, "has"), after.edge(key, "refunded"), negation(before.edge(key, "refunded")))
    owed = play.after.ledger.owed - play.before.ledger.owed
    player = before.edge(key, "mover")
    gained = play.after.ledger.credits.field(player, "amount") - balance_of(play.before.ledger, player)
    given.claim(
        "the stake, to who deposited it", implies(newly, all_of(owed == before.edge(key, "stake"), gained == owed))
    )
    if type(play.event).__name__ == "Refund":
        given.claim("it was not refunded before", negation(before.edge(play.event.edge, "refunded")))
        given.claim("it is now", after.edge(play.event.edge, "refunded"))


def balance_of(ledger: Any, account: Any) -> Any:
    """What an account is owed; 0 if it has no entry."""
    return where(ledger.credits.field(account, "has"), ledger.credits.field(account, "amount"), 0)


def reimbursed_once(given: Given, play: Played, key: Any) -> None:
    """An edge that becomes useful has its maker owed its level's sum out of the pool, which had it."""
    before, after = View(given, play.before), View(given, play.after)
    if type(play.event).__name__ != "Reimburse":
        given.claim(
            "nothing else makes useful",
            implies(before.edge(key, "has"), implies(after.edge(key, "useful"), before.edge(key, "useful"))),
        )
        return
    edge, ledgers = play.event.edge, (play.before.ledger, play.after.ledger)
    amount = before.level(before.edge(edge, "level"), "reimbursement of level")
    player = before.edge(edge, "mover")
    given.claim("not before", negation(before.edge(edge, "useful")))
    given.claim("out of the pool", all_of(ledgers[1].pool == ledgers[0].pool - amount, ledgers[1].pool >= 0))
    given.claim("escrow stays", ledgers[1].escrow == ledgers[0].escrow)
    given.claim("to its maker", balance_of(ledgers[1], player) - balance_of(ledgers[0], player) == amount)


def only_pulled(given: Given, play: Played, key: Any) -> None:
    """Money leaves by withdrawal alone, which takes all of one account and touches no other part of the game."""
    before, after = play.before.ledger, play.after.ledger
    account = given.integer("any account")
    if type(play.event).__name__ != "Withdraw":
        given.claim("nothing is paid", after.paid == before.paid)
        given.claim("no credit falls", balance_of(after, account) >= balance_of(before, account))
        return
    own = account == play.event.account
    given.claim(
        "all of it",
        implies(own, all_of(after.paid - before.paid == balance_of(before, account), balance_of(after, account) == 0)),
    )
    given.claim("others keep theirs", any_of(own, balance_of(after, account) == balance_of(before, account)))
    given.claim(
        "nothing else changes",
        all(getattr(play.after, name) is getattr(play.before, name) for name in ("edges", "rivalries", "claimed")),
    )


PARTS: Final[Mapping[str, Any]] = {
    "conserved": conserved,
    "credits": credits_add_up,
    "decided": decided_once,
    "content": content_stays,
    "grows": only_grows,
    "refunded": refunded_exactly,
    "reimbursed": reimbursed_once,
    "pulled": only_pulled,
}


def ran(kind: str, parts: Mapping[str, Any], faults: Any = tuple) -> Statement:
    """One event in any state; each part claims under its own name. Amounts and stakes of the state are not negative."""

    def statement(given: Given) -> None:
        def is_named(game: Any, key: Any) -> None:
            view = View(given, game)
            sums = all_of(view.edge(key, "stake") >= 0, view.edge(key, "timer") <= 2**64 - 1)
            given.assume(implies(view.edge(key, "has"), all_of(view.edge(key, "id") == key, sums)))

        play = played(given, kind, is_named, lambda game, mutual: None, faults)
        if play is None:
            return
        key = given.integer("any edge")
        is_named(play.before, key)
        for name, part in parts.items():
            part(Part(given, name), play, key)

    return statement


SOLVERS: Final = (INTEGERS,)
TOGETHER: Final = {kind: ran(kind, PARTS) for kind in MAKERS}


def obligations(part: str) -> tuple[Obligation, ...]:
    """Of one part, for every event."""
    return tuple(
        Obligation(kind, shared, SOLVERS, raises=(KeyError,), prune=False, shared=shared, part=part)
        for kind, shared in TOGETHER.items()
    )


def control(weakening: str, part: str, kind: str, function: Any, old: str, new: str) -> Control:
    """The event with a fault."""
    made = ran(kind, {part: PARTS[part]}, seeded(function, old, new, "dispute"))
    return Control(weakening, Obligation(kind, made, SOLVERS, raises=(KeyError,), prune=False))


def theorem(id: str, statement: str, rules_: tuple[str, ...], part: str, *controls: Control) -> Theorem:
    """A theorem about every event."""
    return Theorem(id, statement, rules_, Kind.INDUCTION, obligations(part), controls, HYPOTHESES)


HYPOTHESES: Final = (
    "Edges are under their names (DIS-structure), which also excludes that a half or a rivalry is missing; times are "
    "below 2**63. At the start all is 0 and open."
)

THEOREMS: Final = (
    theorem(
        "DIS-conservation",
        "Deposited = escrow + pool + owed + paid in every reachable state, whoever plays and however long.",
        ("DIS-stake-held", "DIS-stake-exact", "DIS-refund", "DIS-reimburse", "DIS-withdraw"),
        "conserved",
        control("a stake is counted twice", "conserved", "Root", funds.deposit, "(amount, 0)", "(amount, amount)"),
        control("what is credited stays in the pool", "conserved", "Reimburse", funds.credit, "- from_pool", ""),
    ),
    theorem(
        "DIS-credits-sum",
        "What is owed is the sum of the credits of all accounts, for any number of accounts.",
        ("DIS-refund", "DIS-reimburse", "DIS-withdraw"),
        "credits",
        control(
            "a withdrawal leaves the credit",
            "credits",
            "Withdraw",
            funds.withdraw,
            "ledger.credits.delete(event.account)",
            "ledger.credits",
        ),
        control(
            "a second credit replaces the first",
            "credits",
            "Refund",
            funds.credit,
            "ledger.credits.get(account, 0) + amount",
            "amount",
        ),
    ),
    theorem(
        "DIS-mode-once",
        "A game's mode is decided once and normally only with a winner, and a winner is never exchanged.",
        ("DIS-mode", "DIS-decide"),
        "decided",
        control(
            "a closed game is closed again", "decided", "Close", funds.close, "game.mode is not Mode.OPEN", "False"
        ),
        control(
            "a winner is not asked for",
            "decided",
            "Close",
            funds.close,
            "event.mode is Mode.NORMAL and game.winner is None",
            "False",
        ),
        control("a second winner", "decided", "Decide", confirmation.decide, "game.winner is not None", "False"),
    ),
    theorem(
        "DIS-edge-constant",
        "An edge keeps its name, ends, maker, time and deposit for ever, and is cut at most once.",
        ("DIS-edge-id", "DIS-bisect", "DIS-shared-half", "DIS-refund"),
        "content",
        control("an edge is cut again", "content", "Bisect", moves.bisect, "edge.lower is not None", "False"),
        control(
            "a half that is there is made anew", "content", "Bisect", moves.shared, "edge.id in game.edges", "False"
        ),
    ),
    theorem(
        "DIS-only-grows",
        "No timer ever falls, what is confirmed, refunded or useful stays so, and time does not go back.",
        ("DIS-timer-monotone", "DIS-time-monotone", "DIS-one-winner", "DIS-update-timer"),
        "grows",
        control("the last update counts", "grows", "UpdateTimer", timers.credited, "max(before, earned)", "earned"),
        control("time goes back", "grows", "Withdraw", rules.step, "not follows(at, game.now)", "False"),
    ),
    theorem(
        "DIS-refund-exact",
        "A stake goes back at most once, exactly as deposited, to who deposited it, in either mode.",
        ("DIS-refund",),
        "refunded",
        control("a stake goes back twice", "refunded", "Refund", funds.refund, "edge.refunded:", "False:"),
        control(
            "today's stake goes back, not the one deposited",
            "refunded",
            "Refund",
            funds.refund,
            "(edge.stake, 0) if held",
            "(game.parameters.levels[edge.level].stake, 0) if held",
        ),
    ),
    theorem(
        "DIS-reimbursed-once",
        "A maker of a useful edge is paid its level's sum once, out of the pool, which is never overdrawn.",
        ("DIS-reimburse", "DIS-useful"),
        "reimbursed",
        control(
            "an edge is paid for twice", "reimbursed", "Reimburse", funds.reimburse, "if edge.useful:", "if False:"
        ),
        control(
            "the pool is overdrawn", "reimbursed", "Reimburse", funds.reimburse, "game.ledger.pool < amount", "False"
        ),
    ),
    theorem(
        "DIS-pull-payments",
        "Money leaves only when its owner takes it; nothing else lowers a credit, and taking it changes nothing else.",
        ("DIS-withdraw",),
        "pulled",
        control(
            "a withdrawal takes one wei too many",
            "pulled",
            "Withdraw",
            funds.withdraw,
            "ledger.paid + amount",
            "ledger.paid + amount + 1",
        ),
    ),
)
