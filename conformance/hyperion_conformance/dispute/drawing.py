"""Drawing as SVG: the few shapes that pictures of games are made of."""

from collections.abc import Sequence
from html import escape
from typing import Final

INK: Final = "#1f2933"
FAINT: Final = "#7b8794"
TRUTH: Final = "#2b6cb0"
LIE: Final = "#c53030"
PALE_TRUTH: Final = "#bcd4ec"
PALE_LIE: Final = "#f3c1c1"
AGREED: Final = "#dfe5eb"
FONT: Final = "font-family='DejaVu Sans, Arial, sans-serif'"


def box(x: float, y: float, width: float, height: float, fill: str, title: str = "") -> str:
    """A rectangle; its title is shown when the mouse is over it."""
    inside = f"<title>{escape(title)}</title>" if title else ""
    place = f"x='{x:.1f}' y='{y:.1f}' width='{max(width, 0.8):.1f}' height='{height:.1f}'"
    return f"<rect {place} fill='{fill}'>{inside}</rect>"


def words(x: float, y: float, text: str, size: int = 10, fill: str = INK, anchor: str = "start") -> str:
    """A line of text whose baseline begins, or ends, at the point."""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{fill}' text-anchor='{anchor}' {FONT}>"
        f"{escape(text)}</text>"
    )


def area(points: Sequence[tuple[float, float]], fill: str) -> str:
    """A polygon."""
    return f"<polygon points='{' '.join(f'{x:.1f},{y:.1f}' for x, y in points)}' fill='{fill}'/>"


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, dashes: str = "") -> str:
    """A line."""
    dashed = f" stroke-dasharray='{dashes}'" if dashes else ""
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{stroke}'{dashed}/>"


def drawing(width: float, height: float, parts: Sequence[str]) -> str:
    """The picture, on white."""
    return "\n".join((
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:.0f} {height:.0f}' "
        f"width='{width:.0f}' height='{height:.0f}'>",
        box(0, 0, width, height, "#ffffff"),
        *parts,
        "</svg>\n",
    ))  # fmt: skip
