"""The report as one page of HTML: no network, opens from a file, complete without its script."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib import resources

from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.report.summary import (
    SYMBOL,
    Cell,
    Matrix,
    by_group,
    by_rule,
    counted,
    ending,
    known_faults,
    matrix,
    replay_line,
    weak_passes,
)
from hyperion_conformance.runner.cause import Cause, causes
from hyperion_conformance.runner.results import BROKE, CaseResult, Divergence, Run, exit_code

FULL_PER_CAUSE = 25
"""Cases shown in full per cause; the others are listed by id, or one fault would make a page of 100 MB."""

LONG = 4_000
"""Characters of one value shown; the whole is in results.jsonl."""


def page(runs: Sequence[Run], title: str = "Conformance report", date: str = "") -> str:
    """The whole document."""
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_asset('page.css')}</style></head><body>"
        '<a class="skip" href="#main">Skip to the results</a>'
    )
    body = "".join(
        [
            *_header(runs, title, date),
            '<main id="main">',
            *_matrix("Groups", "by group of cases", runs, matrix(runs, by_group), opened=True),
            *_matrix("Rules", "by rule of the specification", runs, matrix(runs, by_rule), opened=False),
            *_known(runs),
            *_failures(runs),
            *(_declined(runs)),
            "</main>",
            "<footer>Written by <code>hyperion conformance</code>. The same for machines: results.jsonl (mergeable), "
            "junit.xml.</footer>",
        ]
    )
    return f"{head}{body}<script>{_asset('page.js')}</script></body></html>\n"


def _asset(name: str) -> str:
    return resources.files("hyperion_conformance.report").joinpath(name).read_text("utf-8")


def _header(runs: Sequence[Run], title: str, date: str) -> Iterator[str]:
    roots = sorted({run.root for run in runs})
    yield f"<header><h1>{escape(title)}</h1><p class=soft>"
    yield f"{escape(date)} · " if date else ""
    yield "suite " + ", ".join(f"<code title='{escape(root)}'>{escape(root[:16])}</code>" for root in roots)
    yield " · <b>different suites: the columns do not compare</b>" if len(roots) > 1 else ""
    yield (
        f"</p><p class=soft>{SYMBOL['pass']} passed &nbsp; {SYMBOL['known']} known faults only &nbsp; "
        f"{SYMBOL['wrong']} wrong answer &nbsp; {SYMBOL['broke']} "
        f"no answer (crash, hang, garbage) &nbsp; {SYMBOL['none']} not asked</p><div class=cards>"
    )
    for run in runs:
        yield from _card(run)
    yield "</div></header>"


def _card(run: Run) -> Iterator[str]:
    standing = {0: "pass", 1: "wrong", 3: "broke"}.get(exit_code(run), "none")
    who = run.implementation
    about = " · ".join(str(who[key]) for key in ("name", "version", "language") if who.get(key))
    yield f'<section class="card {standing}"><h3>{escape(run.name)}</h3><p class=soft>{escape(about)}</p>'
    yield f"<p class=ending>{SYMBOL[standing]} {escape(ending(run))}</p><ul class=counts>"
    yield from (f"<li>{count} {escape(verdict)}</li>" for verdict, count in run.counts.items())
    yield "</ul>"
    yield f"<p>{escape(run.note)}</p>" if run.note else ""
    for text in (run.broken, *run.problems, weak_passes(run)):
        yield f"<p>{escape(text)}</p>" if text else ""
    yield f"<pre>{escape(run.log[-2000:])}</pre>" if run.log else ""
    yield "</section>"


def _matrix(title: str, caption: str, runs: Sequence[Run], rows: Matrix, opened: bool) -> Iterator[str]:
    yield f"<h2>{title}</h2><details{' open' if opened else ''}>"
    yield f"<summary>{counted(len(rows), 'row')}, {caption}</summary>"
    yield f"<div class=scroll><table class=matrix-of><thead><tr><th scope=col>{title[:-1]}</th>"
    yield from (f"<th scope=col>{escape(run.name)}</th>" for run in runs)
    yield "</tr></thead><tbody>"
    for row, cells in rows.items():
        yield f"<tr><th scope=row><code>{escape(row)}</code></th>"
        yield from (_cell(item) for item in cells)
        yield "</tr>"
    yield "</tbody></table></div></details>"


def _cell(item: Cell) -> str:
    known = f" ({item.listed} known)" if item.listed and item.standing != "known" else ""
    return f'<td class="matrix {item.standing}">{escape(item.text)}{known}</td>'


def _known(runs: Sequence[Run]) -> Iterator[str]:
    rows = [(run, why, results) for run in runs for why, results in known_faults(run).items()]
    if not rows:
        return
    yield "<h2 id=known>Known faults</h2><p>Investigated and written down; these failures do not count.</p>"
    yield "<div class=scroll><table><thead><tr><th scope=col>Client</th><th scope=col>What is wrong</th>"
    yield "<th scope=col>Cases</th></tr></thead><tbody>"
    for run, why, results in rows:
        yield f"<tr><th scope=row>{escape(run.name)}</th><td>{escape(why)}</td><td>{len(results)}</td></tr>"
    yield "</tbody></table></div>"


def _failures(runs: Sequence[Run]) -> Iterator[str]:
    groups = [(number, run, causes(run.results)) for number, run in enumerate(runs)]
    failing = sum(len(cause.results) for _, _, found in groups for cause in found)
    yield "<h2 id=failures>Failures by cause</h2>"
    if not failing:
        yield "<p>None.</p>"
        return
    yield (
        "<div class=tools><label for=search>Filter</label><input id=search type=search "
        'placeholder="rule, id, opcode, field">'
        "<span class=soft>press / to filter</span><button id=open type=button>open all</button>"
        "<button id=close type=button>close all</button><span id=shown role=status class=soft></span></div>"
    )
    for number, run, found in groups:
        if found:
            total = sum(len(cause.results) for cause in found)
            known = sum(result.baseline == "listed" for cause in found for result in cause.results)
            excused = f" ({'all' if known == total else known} known)" if known else ""
            yield f"<h3>{escape(run.name)}: {counted(total, 'failing case')}{excused}, "
            yield f"{counted(len(found), 'cause')}</h3>"
        for cause in found:
            yield from _cause(number, run, cause)


def _cause(number: int, run: Run, cause: Cause) -> Iterator[str]:
    size = counted(len(cause.results), "case")
    yield f"<section class=cause><h4>{escape(cause.title)} <span class=soft>({size})</span></h4>"
    ranked = sorted(cause.results, key=lambda r: (r.divergence is None, len(str(r.input)), r.id))
    for result in ranked[:FULL_PER_CAUSE]:
        yield from _case(number, run, result)
    rest = ranked[FULL_PER_CAUSE:]
    if rest:
        yield f"<details><summary>{len(rest)} more of this cause</summary><p class=mono>"
        yield "<br>".join(escape(f"{result.fingerprint[:12]} {result.id}") for result in rest)
        yield "</p></details>"
    yield "</section>"


def _case(number: int, run: Run, result: CaseResult) -> Iterator[str]:
    standing = "broke" if result.verdict in BROKE else "wrong"
    opcode = result.divergence.opcode if result.divergence and result.divergence.opcode else ""
    text = " ".join(
        [run.name, result.id, result.fingerprint, *result.rules, result.verdict, result.detail, opcode]
    ).lower()
    yield f'<details class=case id="c{number}-{escape(result.fingerprint)}" data-text="{escape(text[:600])}"><summary>'
    yield f'<span class="tag {standing}">{SYMBOL[standing]} {escape(result.verdict)}</span>'
    known = " <i>known fault</i>" if result.baseline == "listed" else ""
    yield f"<code>{escape(result.id)}</code>{known}</summary>"
    rules = ", ".join(f"<code>{escape(rule)}</code>" for rule in result.rules)
    yield f"<p>{escape(result.why)}</p><p class=soft>{escape(result.level)} {rules} · tier {result.tier}"
    yield f" · {escape(result.fork)} · revision {result.revision} · <code>{escape(result.fingerprint)}</code></p>"
    yield "".join(f"<p class=soft>the rule is <code>{escape(place)}</code></p>" for place in result.places)
    yield f"<p><b>Known:</b> {escape(result.known)}</p>" if result.known else ""
    yield f"<p>baseline: {escape(result.baseline)}</p>" if result.baseline not in ("", "listed") else ""
    if result.field and result.field != "$.error":
        yield f"<h4>First differing field: <code>{escape(result.field)}</code></h4>"
        yield _pairs([(result.field.removeprefix("$."), result.expected, result.got)])
    else:
        yield f"<p>{escape(result.detail)}</p>"
    if result.field and (result.verdict in ("nondeterministic", "order-dependent") or "from byte" in result.detail):
        yield f"<p>{escape(result.detail)}</p>"
    if result.divergence:
        yield from _divergence(result.divergence)
    yield f"<h4>Adapter's log</h4><pre>{escape(result.log[-2000:])}</pre>" if result.log else ""
    yield f"<details><summary>Input</summary><pre>{escape(_pretty(result.input))}</pre></details>"
    yield f"<div class=replay><pre>{escape(replay_line(run, result))}</pre>"
    yield "<button class=copy type=button hidden>copy</button></div>"
    yield "</details>"


def _divergence(found: Divergence) -> Iterator[str]:
    where = f"step {found.step}" if found.exact else f"between steps {found.after} and {found.step}"
    yield f"<h4>First divergence: {where} of {found.steps_expected}"
    yield f", after <code>{escape(found.opcode)}</code>" if found.opcode else ""
    yield f" <span class=soft>({counted(found.questions, 'trace question')})</span></h4>"
    yield f"<p>{escape(found.note)}</p>" if found.note else ""
    if found.expected is not None and found.got is not None:
        rows = list(_state_rows(found.expected, found.got))
        if rows != (same := [row for row in rows if row[1] == row[2]]):
            yield _pairs([row for row in rows if row[1] != row[2]])
        yield f"<details><summary>{counted(len(same), 'field')} on which both agree</summary>{_pairs(same)}</details>"
    elif found.previous is not None:
        rows = [(key, value, value) for key, value in found.previous.items()]
        yield f"<details><summary>Last state on which both agree</summary>{_pairs(rows)}</details>"


def _state_rows(left: Mapping[str, Json], right: Mapping[str, Json]) -> Iterator[tuple[str, Json, Json]]:
    for key in left:
        one, other = left[key], right.get(key)
        if key == "stack" and isinstance(one, Sequence) and isinstance(other, Sequence):
            for i in reversed(range(max(len(one), len(other)))):
                yield f"stack[{i}]", one[i] if i < len(one) else None, other[i] if i < len(other) else None
        else:
            yield key, one, other


def _pairs(rows: Iterable[tuple[str, Json, Json]]) -> str:
    lines = [
        f"<tr{' class=differs' if one != other else ''}><th scope=row><code>{escape(name)}</code></th>"
        f"<td class=value>{escape(_value(one))}</td><td class=value>{escape(_value(other))}</td></tr>"
        for name, one, other in rows
    ]
    return (
        "<div class=scroll><table><thead><tr><th scope=col>field</th><th scope=col>specification</th>"
        f"<th scope=col>implementation</th></tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _value(value: Json) -> str:
    text = "(absent)" if value is None else (value if isinstance(value, str) else json.dumps(value, default=dict))
    return text if len(text) <= LONG else f"{text[:LONG]}... ({len(text)} characters, whole in results.jsonl)"


def _pretty(value: Json) -> str:
    text = json.dumps(value, indent=1, default=dict)
    return (
        text if len(text) <= 4 * LONG else f"{text[: 4 * LONG]}\n... ({len(text)} characters, whole in results.jsonl)"
    )


def _declined(runs: Sequence[Run]) -> Iterator[str]:
    parts = [(run, [r for r in run.results if r.verdict in ("skip", "not-claimed")]) for run in runs]
    if not any(found for _, found in parts):
        return
    yield "<h2>Not asked</h2>"
    for run, found in parts:
        reasons: dict[str, list[str]] = {}
        for result in found:
            reasons.setdefault(f"{result.verdict}: {result.detail}", []).append(result.id)
        for reason, ids in sorted(reasons.items()):
            yield f"<details><summary>{escape(run.name)}: {escape(reason)} ({counted(len(ids), 'case')})</summary>"
            yield f"<p class=mono>{'<br>'.join(map(escape, ids))}</p></details>"
