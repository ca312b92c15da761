"""The burden as a page: tables and bars (SVG), nothing from outside, no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape

from cards.engine.catalog import all_cards
from cds_service.burden.counts import Burden

_COLORS = {"critical": "#c0392b", "warning": "#e69f00", "info": "#4a7ab5", "": "#66a3a3"}
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:left;border-bottom:1px solid #ddd}"
    "td.n{text-align:right}text{font:13px sans-serif;fill:#222}"
)
_BAR, _LABEL, _WIDTH = 22, 330, 900
_MOST = 30
"""Cards in the picture."""

Bar = tuple[str, float, str]


def page(burden: Burden, notes: Sequence[str], days: str) -> str:
    """``notes``: what was assumed; ``days``: over what it was counted."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    hour = f", {burden.an_hour:.2f} for each clinician-hour" if burden.an_hour is not None else ""
    parts = (
        f"<p><strong>{burden.a_day:.1f} alerts a day{hour}</strong>, in {sum(burden.calls.values()):.0f} calls "
        f"({escape(days)}).</p>",
        f"<p>{100 * burden.empty:.0f}% of calls show no card; one call in twenty shows {burden.most} or more.</p>",
        *(f"<p>{escape(note)}</p>" for note in notes),
        "<h2>By hook</h2>",
        _table(
            ("Hook", "Calls a day", "Alerts a day", "Alerts per 1,000 calls"),
            (
                (hook, f"{n:.0f}", f"{burden.alerts.get(hook, 0):.1f}", f"{_per(burden, hook):.0f}")
                for hook, n in burden.calls.items()
            ),
        ),
        "<h2>By card</h2>",
        bars(
            [(_title(code), number, kind) for (code, kind), number in [*burden.by_card.items()][:_MOST]], "Alerts a day by card"
        ),
        "<h2>By urgency</h2>",
        bars(_by_urgency(burden), "Alerts a day by urgency"),
        "<h2>What holds it down</h2>",
        bars(_holds(burden), "Alerts a day with and without each measure"),
    )
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}"><title>Alert burden</title>'
    body = f"<h1>Alert burden</h1>{''.join(parts)}"
    return f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>\n'


def _per(burden: Burden, hook: str) -> float:
    return 1000 * burden.alerts.get(hook, 0) / burden.calls[hook] if burden.calls[hook] else 0.0


def _by_urgency(burden: Burden) -> list[Bar]:
    kinds = ("critical", "warning", "info")
    return [(kind, sum(n for (_, told), n in burden.by_card.items() if told == kind), kind) for kind in kinds]


def _holds(burden: Burden) -> list[Bar]:
    found = [("as it is", burden.a_day, ""), ("every card by itself, no routine card", burden.apart, "")]
    found += [(f"at most {cap} cards, warnings never cut", number, "") for cap, number in burden.caps.items()]
    return found + [(f"after overrides: {name}", burden.a_day * (1 - share), "") for name, share in burden.overrides.items()]


def _title(code: str) -> str:
    return all_cards()[code].title.en if code in all_cards() else code


def bars(some: Sequence[Bar], title: str) -> str:
    """Horizontal bars with their numbers."""
    most = max((number for _, number, _ in some), default=0) or 1
    height, rows = _BAR * len(some) + 8, []
    for place, (name, number, kind) in enumerate(some):
        y, width = place * _BAR + 4, (_WIDTH - _LABEL - 80) * number / most
        rows.append(f'<text x="{_LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(name[:52])}</text>')
        rows.append(f'<rect x="{_LABEL}" y="{y + 3}" width="{width:.1f}" height="{_BAR - 7}" fill="{_COLORS[kind]}"/>')
        rows.append(f'<text x="{_LABEL + width + 6:.1f}" y="{y + 15}">{number:.1f}</text>')
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    return f"{svg}<title>{escape(title)}</title>{''.join(rows)}</svg>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    told = "".join(f"<th scope='col'>{escape(each)}</th>" for each in head)
    lines = (f"<tr><td>{escape(first)}</td>{_numbers(rest)}</tr>" for first, *rest in rows)
    return f"<table><thead><tr>{told}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _numbers(cells: Iterable[str]) -> str:
    return "".join(f'<td class="n">{escape(each)}</td>' for each in cells)
