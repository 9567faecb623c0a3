"""Traces of the published specification: 29 with variables, 1,868 steps, each compared in the whole state.

Controls: a faulty model is told from the specification, and so is a trace in which one thing was changed, wherever it
is: 60 leaves of each smaller trace are.
"""

import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from hyperion.sequencer.finality import consensus, driver, votes
from hyperion.sequencer.finality.types import NOTHING, Kind
from hyperion_conformance.bft.itf import Trace, trace_of
from hyperion_conformance.bft.leaves import NONE, survey
from hyperion_conformance.bft.replay import replay

SMALL: Final = 300_000
"""Bytes up to which a trace is among the sample of the controls."""


@pytest.fixture(scope="module")
def texts(fixtures_dir: Path) -> dict[str, bytes]:
    file = fixtures_dir / "bft" / "malachite_quint_itf.tar.xz"
    if not file.is_file():
        pytest.skip(f"no {file.name} among the official cases")
    with tarfile.open(file) as archive:
        members = [member for member in archive.getmembers() if member.name.endswith(".itf.json")]
        opened = ((member.name, archive.extractfile(member)) for member in members)
        return {name: stream.read() for name, stream in opened if stream is not None}


@pytest.fixture(scope="module")
def sample(texts: dict[str, bytes]) -> list[Trace]:
    return [trace_of(name, text) for name, text in sorted(texts.items()) if len(text) < SMALL]


def test_every_state_of_every_trace_is_the_models(texts: dict[str, bytes]) -> None:
    results = [replay(trace_of(name, text)) for name, text in sorted(texts.items())]
    assert [result for result in results if result.difference is not None] == []
    told = [result for result in results if result.kind != "empty"]
    assert len(told) >= 29 and sum(result.steps for result in told) >= 1_868
    assert {result.kind for result in told} == {"network", "rows", "votes"}


def row_faults() -> Iterator[tuple[str, Kind, Callable[..., Any]]]:
    def no_lock(state: Any, given: Any) -> Any:
        return consensus.prevote_new(consensus.Consensus(state.validator, state.height, state.round), given)

    def nil_unlocks(state: Any, given: Any) -> Any:
        after, output = consensus.precommit_nil(state, given)
        return driver.replace(after, valid_round=state.round), output

    def silent(state: Any, given: Any) -> Any:
        return state, NOTHING

    yield "the lock is not looked at", Kind.PROPOSAL, no_lock
    yield "a polka for nil changes the valid round", Kind.POLKA_NIL, nil_unlocks
    yield "no timeout is started for prevotes", Kind.POLKA_ANY, silent


@pytest.mark.parametrize(("kind", "act"), [pytest.param(kind, act, id=name) for name, kind, act in row_faults()])
def test_a_faulty_row_is_seen(
    texts: dict[str, bytes], kind: Kind, act: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = consensus.ROWS[kind]
    assert row is not None
    rows = tuple(driver.replace(row, act=act) if each is row else each for each in consensus.ROWS)
    monkeypatch.setattr(consensus, "ROWS", rows)
    names = [name for name in sorted(texts) if "line32" in name or "consensusTest" in name]
    assert any(replay(trace_of(name, texts[name])).difference for name in names)


def test_a_faulty_threshold_is_seen(sample: list[Trace], monkeypatch: pytest.MonkeyPatch) -> None:
    # "At least two thirds" could not be seen: 4 and 7 equal weights have no subset of exactly two thirds.
    monkeypatch.setattr(votes, "is_quorum", lambda weight, total: 2 * weight > total + 2)
    assert any(replay(trace).difference for trace in sample)


def test_a_trace_that_was_changed_is_seen(texts: dict[str, bytes]) -> None:
    [text] = [text for name, text in texts.items() if name.startswith("disagreementTest")]
    document = json.loads(text)
    for number in (1, len(document["states"]) // 2, len(document["states"]) - 1):
        changed = json.loads(text)
        state = changed["states"][number]
        system = next(value for name, value in state.items() if name.endswith("::system"))
        system["#map"][0][1]["es"]["cs"]["validRound"] = {"#bigint": "17"}
        result = replay(trace_of("changed", json.dumps(changed)))
        assert result.difference is not None and result.difference.field.endswith(".es.cs.validRound")
        assert (result.difference.step, result.difference.found, result.steps) == (number, "17", number - 1)


def test_a_change_anywhere_is_seen_or_is_free(texts: dict[str, bytes]) -> None:
    small = [(name, text) for name, text in sorted(texts.items()) if len(text) < SMALL and b'"vars":[]' not in text]
    surveys = [survey(name, text, 60, Random(1)) for name, text in small]
    unnoticed = [found for each in surveys for found in each.unnoticed]
    assert [where for where, why in unnoticed if why == NONE] == []
    assert len(surveys) >= 15 and len(unnoticed) < 0.05 * sum(each.changed for each in surveys)


def test_traces_of_validators_with_other_names_are_explained(texts: dict[str, bytes]) -> None:
    # The second of the list leads first; ascending, v2 becomes the last.
    names = {b"v1": b"kim", b"v2": b"zed", b"v3": b"ann", b"v4": b"bob"}
    renamed = 0
    for name in sorted(texts):
        text = texts[name]
        if name.startswith(("rand", "disagreement")):
            for before, after in names.items():
                text = text.replace(b'"' + before + b'"', b'"' + after + b'"')
            renamed += 1
            assert replay(trace_of(name, text)).difference is None
    assert renamed >= 2
