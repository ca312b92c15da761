"""Which language to answer in."""

from __future__ import annotations


def preferred(header: str | None, default: str) -> str:
    """The language ("en" or "zh") that an Accept-Language header asks for, else ``default``.

    >>> preferred("zh-Hans-CN, en;q=0.8", "en")
    'zh'
    >>> preferred("fr, *;q=0.5", "zh")
    'zh'
    >>> preferred("zh;q=0, en;q=0.1", "zh")
    'en'
    """
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate((header or "").split(",")):
        tag, _, parameters = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        quality = _quality(parameters)
        if language in ("en", "zh") and quality > 0:
            wanted.append((-quality, place, language))
    return min(wanted)[2] if wanted else default


def _quality(parameters: str) -> float:
    """The q value of one entry; 1 where there is none, 0 where it cannot be read."""
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
