"""JUnit XML, the report that every continuous-integration system reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from hyperion_conformance.report.summary import replay_line
from hyperion_conformance.runner.results import BROKE, CaseResult, Run

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold; an adapter's log may contain it."""


def junit(runs: Sequence[Run]) -> str:
    """One suite per implementation: wrong answers are failures, breakage is an error, a known failure is skipped."""
    root = ElementTree.Element("testsuites")
    for run in runs:
        counts = {"tests": len(run.results), "failures": 0, "errors": 0, "skipped": 0}
        suite = ElementTree.SubElement(root, "testsuite", name=_clean(run.name))
        for result in sorted(run.results, key=lambda r: r.id):
            kind = _case(suite, run, result)
            if kind:
                counts[kind] += 1
        if run.broken:
            counts["errors"] += 1
            counts["tests"] += 1
            case = ElementTree.SubElement(suite, "testcase", classname=_clean(f"{run.name}.adapter"), name="handshake")
            ElementTree.SubElement(case, "error", message=_clean(run.broken)).text = _clean(run.log)
        suite.attrib.update({key: str(value) for key, value in counts.items()})
        for problem in run.problems:
            ElementTree.SubElement(suite, "system-err").text = _clean(problem)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, run: Run, result: CaseResult) -> str:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=_clean(f"{run.name}.{result.target}/{result.group}"),
        name=result.id.rpartition("/")[2],
        time=f"{result.seconds:.3f}",
    )
    stale = result.baseline not in ("", "listed")
    if stale or (not result.good and result.baseline != "listed"):
        kind = "error" if result.verdict in BROKE and not stale else "failure"
        text = "\n".join(
            [
                result.id,
                *([f"baseline: {result.baseline}"] if stale else []),
                f"rules: {', '.join(result.rules)}",
                result.detail,
                *result.places,
                replay_line(run, result),
                result.log,
            ]
        )
        ElementTree.SubElement(case, kind, type=result.verdict, message=_clean(result.detail)).text = _clean(text)
        return kind + "s"
    if result.verdict in ("skip", "not-claimed") or result.baseline == "listed":
        why = result.detail if result.baseline != "listed" else f"known failure: {result.signature}"
        ElementTree.SubElement(case, "skipped", message=_clean(f"{result.verdict}: {why}"))
        return "skipped"
    return ""


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
