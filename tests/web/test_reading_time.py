"""The minutes that the desk tells are those of what its page shows, however that is folded: counted here without its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cards.engine.catalog import all_cards
from cards.words.phrases import LANGUAGES
from cds_service.app import create_app
from cds_service.content.covered import READ, divided
from cds_service.web.sheet.reading_time import Minutes, minutes
from cds_service.web.sheet.sheet import OPEN
from tests.web.conftest import settings
from tests.web.desk import LI, TOKEN

TYPICAL = ("denosumab-sequence", "start-treatment", "vitamin-d-low", "bisphosphonate-renal", "fall-risk")
"""Five cards as a pharmacist may be given: three of the largest, one of the middle, a small one. A reader in that role found an
earlier sheet's times a third too low, since headings, statuses and labels were not counted."""
IN_ALL, AT_ONCE = 28, 11
"""Minutes: of these five, which leaves some of half an hour for what is folded; of any card, the largest of which are signed by
chapter."""
VOID = {"br", "hr", "input", "img", "meta", "link"}


class Shown(HTMLParser):
    """The words of a sheet that can be seen as it opens, in tables and outside; and those behind each fold."""

    def __init__(self) -> None:
        super().__init__()
        self.open = {"table": 0, "text": 0}
        self.folded = 0
        self.path: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.path.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.path and self.path.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self.path]
        if "article" not in tags or "back no-print" in {told.get("class") for _, told in self.path}:
            return
        if any("hidden" in told for _, told in self.path) or "select" in tags:
            return
        words = len(re.findall(r"[●○✓]|[^\s●○]*\w[^\s●○]*", data))
        if any(tag == "details" and tags[place + 1 : place + 2] != ["summary"] for place, tag in enumerate(tags)):
            self.folded += words
        else:
            self.open["table" if {"table", "dl"} & set(tags) else "text"] += words


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder: Path = tmp_path_factory.mktemp("desk")
    app = create_app(settings(folder, CDS_REVIEW_TOKEN=TOKEN))
    yield app.test_client()
    app.extensions["store"].close()


def timed(http: FlaskClient, code: str, language: str) -> Minutes:
    with http.application.test_request_context(f"/?lang={language}"):
        return minutes(code, language)


@pytest.mark.parametrize("code", [*TYPICAL, "secondary-causes", "routine-care"])
def test_the_minutes_are_those_of_what_is_shown(http: FlaskClient, code: str) -> None:
    """Whatever stands open belongs to a part that is told to be open, and nothing that is folded does."""
    shown = Shown()
    shown.feed(http.get(f"/review/cards/{code}?lang=en", headers=LI).text)
    told = timed(http, code, "en").parts
    counted = (shown.open["text"] + 1.5 * shown.open["table"]) / 220
    assert sum(told[part] for part in OPEN) == pytest.approx(counted, abs=0.15)
    assert shown.folded > 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_five_typical_cards_are_read_in_half_an_hour_as_they_open(http: FlaskClient, language: str) -> None:
    told = {code: sum(timed(http, code, language).parts[part] for part in OPEN) for code in all_cards()}
    assert sum(told[code] for code in TYPICAL) <= IN_ALL, told
    assert max(told.values()) <= AT_ONCE, told


@pytest.mark.parametrize("code", sorted(all_cards()))
def test_every_part_has_its_minutes_in_both_languages(http: FlaskClient, code: str) -> None:
    """What one language has to be read, the other has, too: never is a part empty in one alone."""
    english, other = (timed(http, code, language) for language in LANGUAGES)
    for part in READ:
        assert bool(english[part]) == bool(other[part]), part
        assert english[part] <= 2 * other[part] + 1
        assert other[part] <= 2 * english[part] + 1
    assert english["sources"] == 0
    for part in (*OPEN, "numbers", "cases", "texts", "patient", "gists"):
        assert english[part], part


def test_the_desk_tells_the_minutes_of_each_part_where_it_is_ticked(http: FlaskClient) -> None:
    page = http.get("/review/cards/secondary-causes?lang=en", headers=LI).text
    told = timed(http, "secondary-causes", "en")
    assert f"about {told.opens} min as it opens, {told.folded} min folded" in page
    for part in divided(all_cards()["secondary-causes"].chapters_by_key)[:-1]:
        (label,) = re.findall(rf'value="{part}"[^>]*>(.*?)</label>', page)
        assert f">{told[part]} min<" in label
