"""What all tests share: where the official cases are, how many examples Hypothesis draws, and the closing account."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

PROJECT: Final = Path(__file__).resolve().parents[1]
DEFAULT_FIXTURES: Final = PROJECT / ".." / "shared" / "fixtures"

# `ci` draws the same examples on every run, so a red build is about the change; `dev` draws new ones; `deep` is for a
# night. Choose with HYPOTHESIS_PROFILE or --hypothesis-profile.
SLOW_IS_FINE: Final = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "ci", max_examples=100, derandomize=True, deadline=None, database=None, suppress_health_check=SLOW_IS_FINE
)
settings.register_profile("dev", max_examples=100, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.register_profile("deep", max_examples=5_000, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

OFFICIAL_PROPERTY: Final = "official_cases"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--fixtures-dir=DIR``: the folder of official public cases (the variable ``FIXTURES`` serves too)."""
    named = os.environ.get("FIXTURES")
    found = str(DEFAULT_FIXTURES) if DEFAULT_FIXTURES.is_dir() else None
    parser.addoption(
        "--fixtures-dir",
        metavar="DIR",
        default=named or found,
        help="folder of official public cases (evm/*.jsonl.xz, *.tar.xz); tests that need it are skipped without it",
    )


def fixtures_of(config: pytest.Config) -> Path | None:
    """The folder of official cases of this run, or None; a folder that was named but is not there is a usage error."""
    named: str | None = config.getoption("--fixtures-dir")
    if named is None:
        return None
    folder = Path(named).resolve()
    if not folder.is_dir():
        raise pytest.UsageError(f"--fixtures-dir: no such folder: {named}")
    return folder


@pytest.fixture(scope="session")
def fixtures_dir(request: pytest.FixtureRequest) -> Path:
    """The folder of official cases; the test is skipped, with the reason reported, when there is none."""
    folder = fixtures_of(request.config)
    if folder is None:
        pytest.skip("official cases not available: say where they are with --fixtures-dir=DIR")
    return folder


@pytest.fixture
def count_official(record_property: Callable[[str, object], None]) -> Callable[[str, int], None]:
    """``count_official(kind, n)``: say that the test has run ``n`` official cases; the summary adds them up."""

    def count(kind: str, cases: int) -> None:
        record_property(OFFICIAL_PROPERTY, f"{kind}={cases}")

    return count


def official_counts(terminal: pytest.TerminalReporter) -> Counter[str]:
    """Official cases by kind, from the reports of all workers."""
    counts: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminal.getreports(outcome):
            for name, value in getattr(report, "user_properties", []):
                if name == OFFICIAL_PROPERTY:
                    kind, _, cases = str(value).rpartition("=")
                    counts[kind] += int(cases)
    return counts


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Close with how many official cases were run and from where: a green run must not hide that there were none."""
    terminalreporter.section("official cases")
    folder = fixtures_of(config)
    if folder is None:
        terminalreporter.write_line("none run: no folder of official cases; give one with --fixtures-dir=DIR")
        return
    counts = official_counts(terminalreporter)
    for kind, cases in sorted(counts.items()):
        terminalreporter.write_line(f"{cases:>8,}  {kind}")
    shown = os.path.relpath(folder, PROJECT)
    terminalreporter.write_line(f"{counts.total():>8,}  in all, from {shown}")
