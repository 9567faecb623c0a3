"""The node: whoever asks a driver has an open height, and asks what is true; a decision stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import msgspec

from hyperion.sequencer.finality import driver, node
from hyperion.sequencer.finality.acts import Act, Done, Driver, Expire, Provide, Receive, Setting, Settle, Start
from hyperion.sequencer.finality.types import NOTHING, CastVote, Input, Kind, Output, Propose, SkipRound, Step
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion_proofs.finality.local_asking import any_certificate, any_change, any_vote, claim_guard
from hyperion_proofs.finality.local_driver import any_driver, any_proposal, any_setting, ideals
from hyperion_proofs.finality.local_sets import Kept, Votes
from hyperion_proofs.finality.local_state import any_timeout, any_value, one_of
from hyperion_proofs.statement import Given, Statement


def following(given: Given, due: tuple[Input, ...] = ()) -> Ideal:
    """In the place of ``_follow``: whoever calls it has an open height, and hands on what is true or is due."""

    def follow(it: Driver, act: Act | Input, setting: Setting) -> tuple[Driver, tuple[()]]:
        here = it.consensus
        given.claim("the height is open", here.step != Step.COMMIT)
        given.claim("begun, or beginning", it.started != isinstance(act, Start))
        if isinstance(act, Input):
            given.claim("due", any(act is one for one in due))
        elif isinstance(act, Settle):
            given.claim("what is owed is true", cast(Kept, it.owed).proper(act.owed))
        elif isinstance(act, Provide):
            given.claim("no valid value", here.valid_value is None)
        elif isinstance(act, Receive):
            given.claim("of this height", act.message.height == here.height)
        closed = msgspec.structs.replace(here, step=Step.COMMIT)
        return msgspec.structs.replace(it, consensus=closed, started=True), ()

    return Ideal(node, "_follow", follow, "FIN-guards: follow")


def does_what_is_due(given: Given) -> None:
    """One turn of ``_settled`` on any driver. After it the height may be closed: then it ends.

    What is due are two inputs that stand for any: that these are true is another obligation.
    """
    setting = any_setting(given)
    changed = any_change(given) if given.truth("a step was entered") else Step.NONE
    before = any_driver(given, setting, Step.COMMIT if given.truth("closed") else None, changed=changed)
    due = Input(Kind.PRECOMMIT_ANY), Input(Kind.POLKA_ANY)
    ideal = (
        Ideal(node, "_in_any_step", lambda it: iter(due[:1]), "FIN-guards: due in any step"),
        Ideal(node, "_in_this_step", lambda it, setting: iter(due[1:]), "FIN-guards: due in this step"),
    )
    with Idealized((*ideals(), following(given, due), *ideal)):
        after, _ = node._settled(before, setting)
    if before.consensus.step == Step.COMMIT:
        given.claim("nothing is due in a closed height", after is before)


def due_is_true(in_any_step: bool) -> Statement:
    """Whatever is found to be due, in any step or in the present one, is true."""

    def statement(given: Given) -> None:
        setting = any_setting(given)
        it = any_driver(given, setting)
        with Idealized(ideals()):
            for told in node._in_any_step(it) if in_any_step else node._in_this_step(it, setting):
                claim_guard(given, it, told)
                given.claim("no value is due", told.kind != Kind.PROPOSE_VALUE)

    return statement


EVENTS: Final[Mapping[str, Callable[[Given], node.Event]]] = {
    "delivers a proposal": lambda given: node.Deliver(any_proposal(given, "message")),
    "delivers a vote": lambda given: node.Deliver(any_vote(given)),
    "delivers a certificate": lambda given: node.Deliver(any_certificate(given)),
    "elapses": lambda given: node.Elapse(
        given.integer("height of timer"), given.integer("round of timer"), any_timeout(given, "timeout")
    ),
    "supplies": lambda given: node.Supply(
        given.integer("height of answer"), given.integer("round of answer"), any_value(given, "answer")
    ),
    "begins": lambda given: node.Begin(cast(Any, Votes(given, 0, "next votes"))),
}
"""Every event of a node, by name."""


def any_node(given: Given, setting: Setting, name: str) -> node.Node:
    """A node before its first height, in one, or after its decision; for a beginning with a message that waits."""
    step = one_of(given, "where", (None, Step.NONE, Step.COMMIT))
    it = any_driver(given, setting, step, valid_value=name == "supplies")
    return node.Node(it, (any_proposal(given, "waiting"),) if name == "begins" else ())


def stepping(given: Given) -> tuple[Ideal, ...]:
    """For a node: what is due is the other obligation, and so is a message that waits."""
    return (
        *ideals(),
        following(given),
        Ideal(node, "_settled", lambda it, setting: (it, ()), "FIN-guards: what is due"),
    )


def takes(name: str) -> Statement:
    """Whatever happens to a node, its driver is asked in an open height only, and what is true."""

    def statement(given: Given) -> None:
        setting = any_setting(given)
        before = any_node(given, setting, name)
        with Idealized(stepping(given)):
            node.step(before, EVENTS[name](given), setting)

    return statement


def stays_decided(name: str) -> Statement:
    """After a decision no event but the next beginning changes what the validator remembers, or has an effect."""

    def statement(given: Given) -> None:
        setting = any_setting(given)
        before = node.Node(any_driver(given, setting, step=Step.COMMIT))
        with Idealized(stepping(given)):
            after, effects = node.step(before, EVENTS[name](given), setting)
        here, now = before.driver.consensus, after.driver.consensus
        given.note("before and after", ((here.height, here.step.name), (now.height, now.step.name)))
        given.claim("what was decided stays", after.driver.chain == before.driver.chain)
        if name == "begins":
            given.claim("the next height", now.height == here.height + 1)
        else:
            given.claim("the same memory", now is here)
            given.claim("no effects", effects == ())

    return statement


def follows(is_input: bool) -> Statement:
    """What is followed goes to the driver or the rows as it is, then its output is concluded, and own messages heard.

    The first call is the model's; the call for the validator's own message is noted.
    """

    def statement(given: Given) -> None:
        setting = any_setting(given)
        before = any_driver(given, setting, Step.PROPOSE)
        act: Act | Input = Input(Kind.POLKA_ANY) if is_input else Expire(any_timeout(given, "timeout"))
        own = any_proposal(given, "own")
        outputs: tuple[Output, ...] = (NOTHING, SkipRound(1), Propose(own), CastVote(any_vote(given)))
        output = one_of(given, "output", outputs)
        told, more, calls = list[Any](), list[Any](), 0

        def respond(it: Driver, what: object, setting: object = None) -> tuple[Driver, Output]:
            nonlocal calls
            calls += 1
            (told if calls == 1 else more).append(what)
            return it, output if calls == 1 else NOTHING

        def concluded(it: Driver, found: Output, setting: object) -> tuple[Driver, Output]:
            return it, found

        with Idealized((
            Ideal(node, "respond", respond, "any driver"), Ideal(node, "hand_on", respond, "any driver"),
            Ideal(node, "concluded", concluded, "any driver"),
        )):  # fmt: skip
            _, effects = node._follow(before, act, setting)
        said = isinstance(output, Propose | CastVote)
        given.claim("as it is", told[0] is act)
        given.claim("own messages are heard at once", len(more) == said and all(type(it) is Receive for it in more))
        given.claim("told", effects == ((output,) if said else ()))

    return statement


# --- answers ----------------------------------------------------------------------------------------------------------


def answer_is_noted(given: Given) -> None:
    """An answer that is handed on is noted for its round."""
    setting = any_setting(given)
    before = any_driver(given, setting, valid_value=True)
    fresh = msgspec.structs.replace(before, done=())
    after, _ = driver.hand_on(fresh, Input(Kind.PROPOSE_VALUE, value=any_value(given, "answer")))
    noted = after.done[-1]
    given.claim("noted", noted.given.kind == Kind.PROPOSE_VALUE)
    given.claim("for its round", noted.round == before.consensus.round)


def answer_is_taken_once(given: Given) -> None:
    """An answer is taken only where none was noted for the round, and where there is no valid value."""
    setting = any_setting(given)
    before = any_driver(given, setting, valid_value=True)
    here = before.consensus
    noted = Done(Input(Kind.PROPOSE_VALUE), here.height, given.integer("round of an answer", 0), here.step)
    led = Done(Input(Kind.NEW_ROUND_PROPOSER, here.round), here.height, here.round, here.step)
    it = msgspec.structs.replace(before, done=(noted, led) if given.truth("it leads") else (noted,))
    event = node.Supply(given.integer("height of answer"), given.integer("round of answer"), any_value(given, "answer"))
    act = node.act_of(it, event)
    if act is None:
        return
    given.note("round, and of the answer before", (here.round, noted.round))
    given.claim("none before", noted.round != here.round)
    given.claim("no valid value", here.valid_value is None)
    given.claim("as asked", isinstance(act, Provide) and act.value is event.value)
