"""The phrases that cards share, and how names, numbers, dates and record text are written in each language."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

import msgspec

from cards.chart import Course, Draft, Fracture, Measurement, Problem
from cards.chart.calendar import Partial, months_between
from cards.chart.shown import Shown, shown
from cards.vocabulary import ANALYTES, DRUGS, FRACTURE_SITES, PROBLEMS, SERVICES, SITE_NAMES, Data, Drug, Name, Site

LANGUAGES = ("en", "zh")

PHRASES: dict[str, dict[str, Name]] = {
    table: phrases
    for file in ("phrases.toml", "patient.toml")
    for table, phrases in msgspec.convert(
        tomllib.loads(files("cards.words").joinpath(file).read_text(encoding="utf-8")), dict[str, dict[str, Name]]
    ).items()
}

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
NAMED: tuple[Mapping[str, Any], ...] = (DRUGS, ANALYTES, SERVICES, PROBLEMS, FRACTURE_SITES)

_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{0,20}://|www\.|mailto:|javascript:|data:)\S*", re.IGNORECASE)
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~&])")
_ESCAPE = re.compile(r"\\([\\`*_\[\]<>#|~&])")
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_UNITS = {
    "m[IU]/L": "mIU/L",
    "mm[Hg]": "mmHg",
    "mg/(24.h)": "mg/24 h",
    "mmol/(24.h)": "mmol/24 h",
    "10*3/uL": "10³/μL",
    "10*9/L": "10⁹/L",
    "umol/L": "μmol/L",
    "g/cm2": "g/cm²",
    "mg/cm2": "mg/cm²",
    "mg/cm3": "mg/cm³",
    "kg/m2": "kg/m²",
    "mL/min/1.73 m2": "mL/min/1.73 m²",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
}
_BY_LANGUAGE = {
    "years": Name("years", "岁"),
    "[iU]": Name("units", "IU"),
    "[IU]": Name("units", "IU"),
    "ug": Name("mcg", "μg"),
    "ug/L": Name("mcg/L", "μg/L"),
}
_THOUSANDS = re.compile(r"(?<=\d)(?=(?:\d{3}){1,6}$)")
LONGEST = 80
"""The most code points of record text that a card repeats."""


def phrase(table: str, key: str, language: str, **values: object) -> str:
    """A phrase with its placeholders filled; KeyError for a key that is not in the table.

    >>> phrase("option", "service", "en", what="P1NP")
    'Order P1NP'
    """
    return PHRASES[table][key][language].format(**values)


# -- text from the record ---------------------------------------------------------------------------------------------


def clean(text: str) -> str:
    """Record text as one plain line: no markup, addresses or control characters, at most ``LONGEST`` code points.

    >>> clean("Fosamax <b onclick=x>70</b> mg\\n\\u202ehttp://x.test/a")
    'Fosamax 70 mg'
    """
    visible = text if text.isascii() else unicodedata.normalize("NFC", text)
    if not visible.isprintable():  # anything that is neither a space nor printable is in category C or Z
        visible = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in visible)
    if "<" in visible:
        visible = _TAG.sub("", visible)
    if ":" in visible or "www." in visible.lower():
        visible = _ADDRESS.sub(" ", visible)
    return shorten(" ".join(visible.split()), LONGEST)


def escape(text: str) -> str:
    """Plain text for use inside Markdown.

    >>> print(escape("[a](b) 10*3/uL"))
    \\[a\\](b) 10\\*3/uL
    """
    return _MARKDOWN.sub(r"\\\1", text)


def plain(markdown: str) -> str:
    """One line without the escapes of ``escape``: a summary or a label."""
    return _ESCAPE.sub(r"\1", " ".join(markdown.split()))


def shorten(text: str, longest: int) -> str:
    """At most ``longest`` code points, cut at a word boundary where there is one near the end, marked with an ellipsis.

    >>> shorten("zoledronate is contraindicated", 20)
    'zoledronate is…'
    """
    if len(text) <= longest:
        return text
    head = text[: longest - 1]
    if text[longest - 1].isascii() and not text[longest - 1].isspace():
        word = head.rfind(" ")
        head = head[:word] if word > longest // 2 else head
    return head.rstrip(" ,;:.，；：、（(") + "…"


# -- values -----------------------------------------------------------------------------------------------------------


def day(when: date | Partial | None, language: str) -> str:
    """A day, or what is known of it, standing alone or after a comma.

    >>> day(date(2025, 11, 17), "en"), day(Partial(date(2026, 3, 1), date(2026, 3, 31)), "en")
    ('17 Nov 2025', 'in Mar 2026')
    """
    return bare_day(when, language) if not isinstance(when, Partial) or language == "zh" else f"in {bare_day(when, language)}"


def on_day(when: date | Partial | None, language: str) -> str:
    """A day with the preposition that it takes.

    >>> on_day(date(2025, 11, 17), "en"), on_day(Partial(date(2026, 1, 1), date(2026, 12, 31)), "en")
    ('on 17 Nov 2025', 'in 2026')
    """
    return f"on {day(when, language)}" if isinstance(when, date) and language == "en" else day(when, language)


def bare_day(when: date | Partial | None, language: str) -> str:
    """A day, month or year after any other preposition: "since 2026", "of Mar 2026".

    >>> bare_day(date(2025, 11, 17), "zh"), bare_day(Partial(date(2026, 3, 1), date(2026, 3, 31)), "en")
    ('2025年11月17日', 'Mar 2026')
    >>> bare_day(Partial(date(2025, 1, 1), date(2026, 2, 3)), "en"), bare_day(Partial(date(2025, 1, 1), date(2025, 2, 3)), "zh")
    ('2025 to 2026', '2025年')
    """
    if when is None:
        return phrase("line", "day-unknown", language)
    if isinstance(when, Partial):
        first, latest = when.first, when.latest
        if when.one_month:
            return f"{first.year}年{first.month}月" if language == "zh" else f"{_MONTHS[first.month - 1]} {first.year}"
        if first.year == latest.year:
            return f"{first.year}年" if language == "zh" else str(first.year)
        return f"{first.year}至{latest.year}年" if language == "zh" else f"{first.year} to {latest.year}"
    if language == "zh":
        return f"{when.year}年{when.month}月{when.day}日"
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def num(value: float, digits: int = 2) -> str:
    """A number for prose: proper minus, no trailing zeros, at most ``digits`` decimals.

    >>> num(-2.80), num(28.0), num(9.246, 1), num(-0.001)
    ('−2.8', '28', '9.2', '0')
    """
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−") if text != "-0" else "0"


def grouped(number: str, language: str) -> str:
    """Digits with thousands separators if the language uses them: orders for 10000 have been read as 1000.

    >>> grouped("−1250.5", "en"), grouped("1250.5", "zh"), grouped("800", "en")
    ('−1,250.5', '1250.5', '800')
    """
    whole, point, decimals = number.partition(".")
    return (_THOUSANDS.sub(",", whole) if language == "en" else whole) + point + decimals


def span(length: int | tuple[date, date], language: str, unit: str = "days") -> str:
    """A duration in years and months, in days below two months: a number of ``unit`` ("days", "months") or two dates.

    >>> span(1157, "en"), span(38, "zh", "months"), span((date(2026, 1, 1), date(2026, 2, 10)), "en")
    ('3 years 2 months', '3年2个月', '40 days')
    """
    if isinstance(length, tuple):
        days, months = (length[1] - length[0]).days, months_between(*length)
    elif unit == "months":
        days, months = None, length
    else:
        days, months = length, int(length / 30.4375 + 0.1)  # with three days' tolerance, a year of 365 days is twelve months
    if days is not None and months < 2:
        return f"{days}天" if language == "zh" else f"{days} day{'s' * (days != 1)}"
    years, rest = divmod(months, 12)
    if language == "zh":
        return (f"{years}年" if years else "") + (f"{rest}个月" if rest or not years else "")
    parts = [f"{n} {word}{'s' * (n != 1)}" for n, word in ((years, "year"), (rest, "month")) if n]
    return " ".join(parts) or "0 months"


def name(thing: object, language: str, *tables: Mapping[str, Any]) -> str:
    """What a drug, course, draft, analyte, site, service, problem or fracture is called. Plain text.

    A key is looked up in ``tables``, by default in all of them, drugs first. KeyError if it is in none of them.

    >>> name("calcium", "en"), name("calcium", "en", ANALYTES), name(Site.TOTAL_HIP, "zh")
    ('calcium', 'total calcium', '全髋')
    """
    if isinstance(thing, Name):
        return thing[language]
    if isinstance(thing, Drug):
        return thing.name[language]
    if isinstance(thing, Site):
        return SITE_NAMES[thing][language]
    if isinstance(thing, Fracture):
        return FRACTURE_SITES[thing.site][language]
    if isinstance(thing, Problem):
        return PROBLEMS[thing.key][language]
    if isinstance(thing, Course):
        return thing.drug.name[language]
    if isinstance(thing, Draft) and thing.product:
        return " + ".join(name(drug, language) for drug in thing.product)
    if isinstance(thing, Draft):
        called = name(thing.drug, language) if thing.drug is not None else clean(thing.text)
        return called or phrase("option", "draft", language)
    if isinstance(thing, Data):
        return phrase("unread", thing, language)
    if isinstance(thing, str):
        found = next((table[thing] for table in tables or NAMED if thing in table), None)
        if found is None:
            raise KeyError(thing)
        return name(found, language)
    return name(thing.name, language)  # type: ignore[attr-defined]


def unit(code: str, language: str) -> str:
    """A unit as people write it, from UCUM, without annotations. In English never μg, which is misread as mg.

    >>> unit("mg/(24.h)", "en"), unit("mL/min/{1.73_m2}", "en"), unit("{T-score}", "en"), unit("years", "zh"), unit("ug", "en")
    ('mg/24 h', 'mL/min/1.73 m²', '', '岁', 'mcg')
    """
    if code in _BY_LANGUAGE:
        return _BY_LANGUAGE[code][language]
    return _UNITS.get(code) or _ANNOTATION.sub("", code)


def quantity(value: str, of: str, language: str) -> str:
    """A value, already Markdown, with its UCUM unit.

    >>> quantity("28", "mL/min", "en"), quantity("65", "years", "zh")
    ('28 mL/min', '65岁')
    """
    said = escape(unit(clean(of), language))
    return f"{value}{'' if said in ('', '岁', '%') else ' '}{said}"


def word(thing: object, language: str) -> str:
    """Any value that a text may print, as Markdown: strings are assumed to come from the record and are cleaned and escaped."""
    if isinstance(thing, Markdown):
        return thing
    if type(thing) is str:
        return escape(clean(thing))
    if isinstance(thing, Drug | Name):
        return escape(name(thing, language))
    if isinstance(thing, date | Partial):
        return day(thing, language)
    if isinstance(thing, bool) or thing is None:
        raise TypeError("a card's text prints no truth value")
    if isinstance(thing, Decimal):
        return grouped(str(thing).replace("-", "−"), language)
    if isinstance(thing, int | float):
        return grouped(num(thing), language)
    if isinstance(thing, Measurement):
        return quantity(bare(thing, language), shown(thing).unit, language)
    if isinstance(thing, Shown):
        return quantity(word(thing.value, language), thing.unit, language)
    if isinstance(thing, str) and not isinstance(thing, Site | Data):
        return escape(clean(thing))
    return escape(name(thing, language))


def bare(measurement: Measurement, language: str) -> str:
    """A measurement as the record has it, without its unit."""
    return escape(measurement.comparator) + word(shown(measurement).value, language)


def undated(text: str, days: Iterable[date | Partial], language: str) -> str:
    """The text without these days, and without what sets them off.

    >>> undated("eGFR 32 on 20 May 2026, limit 35", [date(2026, 5, 20)], "en")
    'eGFR 32, limit 35'
    >>> undated("反流病（2020年1月1日）", [date(2020, 1, 1)], "zh")
    '反流病'
    """
    for said in {day(each, language) for each in days}:
        text = _without_day(text, said)
    return text


_BEFORE_DAY = re.compile(r"(?: on| in|,)? ?[(（]?$")


def _without_day(text: str, said: str) -> str:
    kept, *rest = text.split(said)
    for part in rest:
        if kept[-1:].isdigit():  # a part of another day
            kept += said + part
        else:
            kept = _BEFORE_DAY.sub("", kept, count=1) + part.removeprefix(")").removeprefix("）")
    return kept


def listed(words: Iterable[str], language: str) -> str:
    """
    >>> listed(["a", "b", "c"], "en"), listed(["a", "b"], "zh")
    ('a, b and c', 'a和b')
    """
    *head, last = words
    if not head:
        return last
    return joined(head, "comma", language) + phrase("between", "last", language) + last


def joined(words: Iterable[str], by: str, language: str) -> str:
    """Items joined by a separator; ``by`` is a key of the [between] table.

    >>> joined(["a, b", "c"], "clause", "en"), joined(["a", "b"], "comma", "zh")
    ('a, b; c', 'a、b')
    """
    return phrase("between", by, language).join(words)


def capital(text: str) -> str:
    """The first letter in upper case, the rest as it is ("eGFR" and "pH" keep their shape)."""
    return text if text[:2] == "eG" else text[:1].upper() + text[1:]


class Markdown(str):
    """Text that is already Markdown: written by us, or escaped."""

    __slots__ = ()
