"""The cards on paper, for whoever reads them away from the screen: card by card, then once what several of them name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from cards.engine.card import Card
from cards.engine.catalog import all_cards, sections
from cards.thresholds import Threshold, Thresholds
from cards.vocabulary import Name
from cds_service.content.standing import Standing
from cds_service.web.sheet.definitions import Defined
from cds_service.web.sheet.reading_time import minutes
from cds_service.web.sheet.sheet import sheet
from cds_service.web.sheet.signable import signed_now


def of_section(section: str) -> list[Card]:
    """The cards of a section, "": all, in the order of the sections."""
    by_code = [card for _, card in sorted(all_cards().items())]
    return [card for key in sections() for card in by_code if card.section == key and section in ("", key)]


class Paper(Struct, frozen=True):
    """``page`` renders a template; ``form``: "short" or "full"."""

    page: Callable[..., str]
    thresholds: Thresholds
    language: str
    form: str

    def leaves(self, cards: Sequence[Card], said: Mapping[str, Sequence[Standing]]) -> Iterator[str]:
        """``said``: by card, what each person has said of it."""
        shared: dict[str, Threshold] = {}
        grades: dict[str, Name] = {}
        definitions: dict[str, Defined] = {}
        yield self.page("print_head.html", count=len(cards), form=self.form)
        for card in cards:
            made = sheet(card, self.thresholds, self.language)
            yield self.page(
                "print_card.html",
                s=made,
                card=card,
                times=minutes(card.code, self.language),
                signed=signed_now(card.code, said.get(card.code, ()), self.language),
                judge="",
                paper=self.form,
            )
            shared |= made.other
            grades |= made.grades
            definitions |= made.definitions
        ends = {"shared": dict(sorted(shared.items())), "definitions": dict(sorted(definitions.items()))}
        yield self.page("print_end.html", form=self.form, grades=grades, **ends)
