"""A text -> its mentions: cut into clauses, names found, what binds to each, the verdict and the words that decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from cds_service.fhir.phrases import fractures, kidney
from cds_service.fhir.phrases.characters import LONGEST, fold
from cds_service.fhir.phrases.lexicon import COMMA, FRACTURE, NAME, TARGETS, Lexicon, Token, Word
from cds_service.fhir.phrases.mentions import FRACTURE as FRACTURES
from cds_service.fhir.phrases.mentions import Mention, Verdict
from cds_service.fhir.phrases.scope import Scope, clauses

_VERDICTS = (  # what outweighs what
    ("device", Verdict.DEVICE),
    ("denied", Verdict.DENIED),
    ("family", Verdict.FAMILY),
    ("parent", Verdict.FAMILY),
    ("risk", Verdict.RISK),
    ("doubtful", Verdict.DOUBTFUL),
)
_OSTEOPOROSIS = "osteoporosis"
_BARE = frozenset({"site", "level", "side", "bone", "bone-part", "part", "link", "treated", "open", "close"})
_ADJECTIVES = frozenset({"osteoporotic", "骨质疏松性"})
_NOT_OURS = "-"


class Phrases:
    """Reads texts with one set of names. ``names``: (name, key, brand), "-" for what only looks like one of ours; a key may be
    several, joined by "+". ``bones``: whether fractures, kidney stages and weeks of pregnancy are looked for, too."""

    def __init__(self, names: Iterable[tuple[str, str, bool]], *, bones: bool = False) -> None:
        self._lexicon = Lexicon(names, bones=bones)

    def read(self, text: str, longest: int = LONGEST) -> tuple[Mention, ...]:
        """What ``text`` says, in order; of no more than ``longest`` characters of it."""
        folded = fold(text, longest)
        tokens = self._lexicon.tokens(folded)
        if not any(token.role in TARGETS for token in tokens):
            return ()
        parts = list(clauses(folded, tokens))
        scope = Scope(folded)
        for mark, some in parts:
            scope.read(mark, some)
        named = [mention for token in tokens for mention in _named(token, scope.bound.get(token.at, []))]
        if not any(token.role == FRACTURE for token in tokens):
            return tuple(_staged(named))
        low_energy = any(t.role == "low-energy" and t.word.reach == "clause" for t in tokens)
        broken = list(_fractures(folded, _absorbed(parts), scope, named, low_energy=low_energy))
        return tuple(sorted((*_staged(named), *broken), key=lambda m: m.at))

    def part_of(self, site: str, text: str) -> str:
        """The side, or the level of a vertebra, that a text about a bone names; "" where it names none or several."""
        return fractures.part_of(self._lexicon.tokens(fold(text), numbered=True), site)


def _named(token: Token, bound: list[Word]) -> Iterator[Mention]:
    if token.role != NAME or token.word.key == _NOT_OURS:
        return
    verdict, words = _decided(word for word in bound if word.role != "device")
    past = any(word.role == "past" for word in bound)
    parent = any(word.role == "parent" for word in bound)
    for key in token.word.key.split("+"):
        yield Mention(key, verdict, words, past, parent, brand=token.word.brand, at=token.at, end=token.end)


def _decided(bound: Iterable[Word]) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict, and the words that led to it; of what is there, those that say when or how."""
    some = list(bound)
    if not some:
        return Verdict.PRESENT, ()
    for role, verdict in _VERDICTS:
        if words := [word.said for word in some if word.role == role]:
            return verdict, tuple(dict.fromkeys(words))
    return Verdict.PRESENT, tuple(dict.fromkeys(word.said for word in some))


def _staged(named: list[Mention]) -> Iterator[Mention]:
    """The same without a kidney disease of no stage where a stage is told, too."""
    staged = any(m.key.startswith("ckd-") and m.verdict in (Verdict.PRESENT, Verdict.DOUBTFUL) for m in named)
    return (m for m in named if not (staged and m.key == kidney.DISEASE))


def _absorbed(parts: list[tuple[str, list[Token]]]) -> Iterator[list[Token]]:
    """The clauses that hold a fracture, each with those after a comma that only say where ("fracture, hip, left")."""
    current: list[Token] | None = None
    for mark, tokens in parts:
        if (
            current is not None
            and mark == COMMA
            and tokens
            and all(t.role in _BARE or t.word.said in _ADJECTIVES for t in tokens)
        ):
            current.extend(tokens)
            continue
        if current:
            yield current
        current = list(tokens) if any(t.role == FRACTURE for t in tokens) else None
    if current:
        yield current


def _fractures(
    text: str, parts: Iterable[list[Token]], scope: Scope, named: list[Mention], *, low_energy: bool
) -> Iterator[Mention]:
    """Those of all clauses; one of which no site is said says nothing beside one of which it is."""
    weak = frozenset(m.at for m in named if m.key == _OSTEOPOROSIS and m.is_present)
    found: list[tuple[bool, Mention]] = []
    for tokens in parts:
        for each in fractures.broken(text, tokens, weak):
            bound = scope.bound.get(each.head.at, [])
            verdict, words = _decided(bound)
            low = low_energy or any(word.role == "low-energy" for word in bound)
            past = any(word.role == "past" for word in bound)
            parent = any(word.role == "parent" for word in bound)
            bone = replace(each.bone, low_energy=low)
            mention = Mention(FRACTURES, verdict, words, past, parent, bone, at=each.head.at, end=each.head.end)
            found.append((each.sited, mention))
    sited = any(is_sited and mention.is_present for is_sited, mention in found)
    return (mention for is_sited, mention in found if is_sited or not (sited and mention.is_present))
