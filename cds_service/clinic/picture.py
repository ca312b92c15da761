"""A journey as a picture (SVG): the T-score of the hip, what was taken, what broke, and the cards of every visit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from xml.sax.saxutils import escape

from cds_service.clinic.journey import Journey, Visit

WIDTH, HEIGHT = 960, 420
_LEFT, _RIGHT = 60, 930
_TOP, _BOTTOM = 60, 260
_DRUGS, _CARDS = 285, 330
_DOT = 4.5
_COLORS = {"critical": "#c0392b", "warning": "#e69f00", "info": "#4a7ab5"}
_DRUG_COLORS = {"tablets": "#8fbc8f", "zoledronate": "#66a3a3", "denosumab": "#b39ddb", "anabolic": "#f2b6a0"}
_STYLE = "text{font:12px sans-serif;fill:#333}.title{font-size:15px;font-weight:bold}"


def svg(journey: Journey) -> str:
    """The whole picture; it needs nothing from outside."""
    scale = _Scale(journey.visits)
    title = f"Simulated patient {journey.seed} ({journey.kind}), habit: {journey.habit}, record: {journey.style}"
    parts = (*_axes(scale), *_bone(journey, scale), *_taken(journey, scale), *_told(journey, scale), *_legend())
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>{_text(_LEFT, 30, title, "title")}',
            *parts,
            "</svg>\n",
        )
    )


class _Scale:
    """Days and T-scores as places on the picture."""

    def __init__(self, visits: list[Visit]) -> None:
        self.first, self.last = visits[0].today, visits[-1].today
        scores = [visit.truth.hip for visit in visits]
        self.low, self.high = int(min(scores)) - 1, int(max(scores))

    def x(self, day: date) -> float:
        part = (day - self.first).days / max(1, (self.last - self.first).days)
        return round(_LEFT + (_RIGHT - _LEFT) * part, 1)

    def y(self, score: float) -> float:
        return round(_TOP + (_BOTTOM - _TOP) * (self.high - score) / (self.high - self.low), 1)


def _text(x: float, y: float, words: str, name: str = "") -> str:
    return f'<text x="{x}" y="{y}" class="{name}">{escape(words)}</text>'


def _axes(scale: _Scale) -> Iterator[str]:
    yield _text(_LEFT, _TOP - 10, "T-score of the hip (true)")
    for score in range(scale.low, scale.high + 1):
        yield f'<path d="M{_LEFT} {scale.y(score)}H{_RIGHT}" stroke="#ddd"/>{_text(25, scale.y(score) + 4, f"{score}.0")}'
    for year in range(scale.first.year + 1, scale.last.year + 1):
        x = scale.x(date(year, 1, 1))
        yield f'<path d="M{x} {_TOP}V{_BOTTOM}" stroke="#eee"/>{_text(x - 14, _BOTTOM + 16, str(year))}'


def _bone(journey: Journey, scale: _Scale) -> Iterator[str]:
    points = " ".join(f"{scale.x(visit.today)},{scale.y(visit.truth.hip)}" for visit in journey.visits)
    yield f'<polyline points="{points}" fill="none" stroke="#333" stroke-width="2"/>'
    for visit in journey.visits:
        for news in visit.news:
            if news.startswith("fracture"):
                x, y = scale.x(visit.today), scale.y(visit.truth.hip)
                yield f'<path d="M{x - 5} {y - 5}l10 10m0 -10l-10 10" stroke="#c0392b" stroke-width="3"/>'
                yield _text(x + 8, y - 6, news.removeprefix("fracture "))


def _taken(journey: Journey, scale: _Scale) -> Iterator[str]:
    for drug, visits in groupby(journey.visits, key=lambda visit: visit.truth.drug):
        days = [visit.today for visit in visits]
        if drug:
            x = scale.x(days[0])
            width = max(3.0, scale.x(days[-1]) - x)
            yield f'<rect x="{x}" y="{_DRUGS}" width="{width:.1f}" height="16" fill="{_DRUG_COLORS[drug]}"/>'


def _told(journey: Journey, scale: _Scale) -> Iterator[str]:
    """A dot for each card, the most urgent on top; its code appears under the pointer."""
    for visit in journey.visits:
        for row, card in enumerate(visit.cards):
            place = f'cx="{scale.x(visit.today)}" cy="{_CARDS + row * 11}" r="{_DOT}" fill="{_COLORS[card.indicator.value]}"'
            yield f"<circle {place}><title>{visit.today} {escape(card.code)}</title></circle>"


def _legend() -> Iterator[str]:
    y = HEIGHT - 12
    marks = [(name, f'<rect x="{{x}}" y="{y - 11}" width="14" height="12" fill="{c}"/>') for name, c in _DRUG_COLORS.items()]
    marks += [(f"{name} card", f'<circle cx="{{x}}" cy="{y - 5}" r="{_DOT}" fill="{c}"/>') for name, c in _COLORS.items()]
    for number, (name, mark) in enumerate(marks):
        x = _LEFT + number * 120
        yield mark.format(x=x) + _text(x + 20, y, name)
