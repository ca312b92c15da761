"""Creates the folder of a new card from that of an existing one."""

from __future__ import annotations

import re
from pathlib import Path

from cards.engine.card import FILES, Card
from cards.engine.catalog import all_cards, retired, sections
from cards.engine.sources import VERSION
from cards.thresholds import CATALOG, ContentError

_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
_NAMED = r"(?<=`){0}(?=`)|(?<=^card: ){0}$|(?<=#){0}(?=\")"
"""Where a folder refers to its own card. Elsewhere the same word may be a problem or plain English, as with `pregnancy`."""


def create(code: str, like: str, section: str = "", root: Path = CATALOG) -> Path:
    """Write the folder of ``code`` like that of the card ``like``, in ``section`` (default: the same), and return it.

    Numbers of the other card get the new code before their key, since no two cards may own one number. Its recommendations stay
    with it. Sign-offs are not copied. Raises ContentError if the card cannot be created.
    """
    model = _model(code, like)
    chapter = section or model.section
    if chapter not in sections():
        raise ContentError(f"no section is called {chapter}; there are {', '.join(sections())}")
    folder = root / chapter / code
    folder.mkdir(parents=True)
    for name in FILES:
        content = (model.folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(_renamed(content, name, code, model), encoding="utf-8")
    return folder


def _model(code: str, like: str) -> Card:
    if not _CODE.fullmatch(code):
        raise ContentError(
            f"{code!r} is not a valid card code: two or more words of lower-case letters and digits, with hyphens"
        )
    if code in all_cards():
        raise ContentError(f"there is a card {code} already")
    if code in retired():
        raise ContentError(f"{code} was a card until {retired()[code].until}: codes are never reused")
    if (model := all_cards().get(like)) is None:
        raise ContentError(f"there is no card {like}; `card list` names them")
    return model


def _renamed(content: str, name: str, code: str, model: Card) -> str:
    """The other card's file with its code and its own numbers renamed."""
    if name == "sample.md":
        return ""
    own = re.findall(r"^\[numbers\.([a-z0-9-]+)\]", (model.folder / "card.toml").read_text("utf-8"), re.MULTILINE)
    for key in own:
        content = re.sub(rf"\[numbers\.{key}\]", f"[numbers.{code}-{key}]", content)
        content = re.sub(rf"\bn\.{key.replace('-', '_')}\b", f"n.{code}-{key}".replace("-", "_"), content)
        content = content.replace(f"{{{key}}}", f"{{{code}-{key}}}")
    content = re.sub(_NAMED.format(re.escape(model.code)), code, content, flags=re.MULTILINE)
    if name == "card.toml":
        content = re.sub(r"^since = .*$", f'since = "{VERSION}"', content, count=1, flags=re.MULTILINE)
        content = re.sub(r"^reviewed = .*$", "reviewed = []", content, count=1, flags=re.MULTILINE)
        content = re.sub(r"^\[\[recommendations\]\]\n(?:[^\[\n].*\n)*\n?", "", content, flags=re.MULTILINE)
    return content
