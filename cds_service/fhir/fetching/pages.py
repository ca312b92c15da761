"""What a query returns, or a client sends for one: a resource or a page of a searchset, and the link to the next page."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

from msgspec import Raw, Struct, json

from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.given import BROKEN, Source, whole

MAX_VALUES = 500_000
"""JSON values of one page, with which nobody reads on."""
_SKIPPED = json.Decoder(Raw)


def values_of(content: bytes) -> int:
    """How many JSON values there are at most: objects, lists and what they hold."""
    return content.count(b"{") + content.count(b"[") + content.count(b",")


def too_deep(content: bytes) -> bool:
    """Whether it is nested more deeply than a decoder goes, which is some hundreds of levels."""
    try:
        _SKIPPED.decode(content)
    except RecursionError:
        return True
    except BROKEN:
        return False
    return False


class Page(Struct, frozen=True):
    """``source`` is for the reader: decoded as a whole, or in parts where something in it has to be looked at by itself."""

    source: Source
    entries: int = 0
    next_url: str | None = None

    def following(self, base: str) -> str | None:
        """The URL of the next page; a relative one is taken from the server's base, as FHIR says."""
        return None if self.next_url is None else urljoin(f"{base}/", self.next_url)


def page_of(content: Source) -> Page | None:
    """The page that was sent; None for an OperationOutcome, a non-resource, or a malformed Bundle."""
    found = whole(content) if isinstance(content, bytes | Raw) else content
    if isinstance(found, wire.Bundle):
        return Page(found, len(found.entry or ()), _next(found.link))
    if isinstance(found, wire.OperationOutcome):
        return None
    if found is None and isinstance(content, bytes | Raw):
        return _apart(content)
    return None if found is None else Page(found)


def _apart(content: bytes | Raw) -> Page | None:
    try:
        kind = wire.KIND.decode(content).resource_type
        if kind != "Bundle":
            return Page(content) if kind else None
        loose = wire.LOOSE_BUNDLE.decode(content)
    except BROKEN:
        return None
    return Page(loose, len(loose.entry or ()), _next(loose.link))


def _next(links: tuple[elements.Link, ...] | None) -> str | None:
    return next((link.url for link in links or () if link.relation == "next" and isinstance(link.url, str)), None)


def below(base: str, url: str) -> bool:
    """Whether a URL is textually below a base URL: same host, no path traversal, no embedded user name.

    >>> below("https://ehr.example.org/fhir", "https://ehr.example.org/fhir?page=2")
    True
    >>> below("https://ehr.example.org/fhir", "https://ehr.example.org/fhir/../admin")
    False
    >>> below("https://ehr.example.org", "https://ehr.example.org.evil.example/x")
    False
    """
    if not url.startswith((f"{base}/", f"{base}?")):
        return False
    return ".." not in unquote(urlsplit(url).path).replace("\\", "/").split("/")
