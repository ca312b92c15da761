"""The minutes that the desk tells are those of the words that its page shows, and what is folded is not counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cards.engine.catalog import all_cards
from cards.thresholds import shipped
from cards.words.phrases import LANGUAGES
from cds_service.app import create_app
from cds_service.casebook.sheet import minutes
from cds_service.web.sheet import sheet
from tests.web.conftest import settings
from tests.web.test_review import LI, TOKEN

TYPICAL = ("denosumab-sequence", "start-treatment", "secondary-causes", "vitamin-d-low", "fall-risk")
"""Five cards as a pharmacist may be given: the largest, three of the middle, a small one."""
NOT_READ = {"code", "nav", "h2", "h3", "h4", "thead", "button", "label", "select", "a"}
"""Keys, headings of the page itself, links and buttons; below, what says where a thing is to be found, or since when."""
NOT_TOLD = {"hint", "key", "grade", "carry", "signed", "also", "back", "no-print", "document", "since"}
VOID = {"br", "input", "img", "meta", "link"}


class Shown(HTMLParser):
    """The texts of the sheet that stand open when the page comes, without what only names or leads somewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.path: list[tuple[str, set[str], bool]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag not in VOID:
            self.path.append((tag, set((told.get("class") or "").split()), "open" in told))
            self.inside = self.inside or (
                tag == "section" and told.get("id") in ("says", "when", "numbers", "cases", "sources")
            )

    def handle_endtag(self, tag: str) -> None:
        while self.path and self.path.pop()[0] != tag:
            pass
        self.inside = self.inside and any(each == "section" for each, _, _ in self.path)

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _, _ in self.path]
        folded = any(tag == "details" and not stands for tag, _, stands in self.path) and not self._chapter(tags)
        skipped = NOT_READ & set(tags) - ({"a"} if "rule-words" in self._classes() else set()) or NOT_TOLD & self._classes()
        if self.inside and not folded and not skipped and data.strip():
            self.texts.append(data)

    def _chapter(self, tags: list[str]) -> bool:
        return "summary" in tags and "strong" in tags

    def _classes(self) -> set[str]:
        return {name for _, names, _ in self.path for name in names}


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder: Path = tmp_path_factory.mktemp("desk")
    app = create_app(settings(folder, CDS_REVIEW_TOKEN=TOKEN))
    yield app.test_client()
    app.extensions["store"].close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", [*TYPICAL, "bisphosphonate-renal", "routine-care"])
def test_the_minutes_are_those_of_what_is_shown(http: FlaskClient, code: str, language: str) -> None:
    shown = Shown()
    shown.feed(
        re.sub(r"<script.*?</script>", "", http.get(f"/review/cards/{code}?lang={language}", headers=LI).text, flags=re.S)
    )
    told = sheet(all_cards()[code], shipped(), language).minutes
    assert abs(minutes(shown.texts) - told) <= max(1, 0.1 * told), minutes(shown.texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_five_typical_cards_are_read_in_half_an_hour(language: str) -> None:
    told = {code: sheet(all_cards()[code], shipped(), language).minutes for code in TYPICAL}
    assert sum(told.values()) <= 30, told
