"""A text -> its mentions: cut into clauses, names found, what binds to each, the verdict and the words that decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
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
_LOW_ENERGY = "low-energy"


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
        low_energy = any(_is_low_energy(token.word) for token in tokens)
        broken = list(_fractures(folded, _absorbed(parts), scope, named, low_energy=low_energy))
        return tuple(sorted((*_staged(named), *broken), key=lambda m: m.at))

    def without_others(self, text: str) -> str:
        """Folded ``text`` without what is known to look like one of ours and to be none."""
        folded = fold(text)
        others = [token for token in self._lexicon.tokens(folded) if token.role == NAME and token.word.key == _NOT_OURS]
        for token in reversed(others):
            folded = f"{folded[: token.at]} {folded[token.end :]}"
        return folded

    def part_of(self, site: str, text: str) -> str:
        """The side, or the level of a vertebra, that a text about a bone names; "" where it names none or several."""
        return fractures.part_of(self._lexicon.tokens(fold(text), numbered=True), site)


def _is_low_energy(word: Word) -> bool:
    """Whether it says of all that is told that little force was needed."""
    return (word.role == _LOW_ENERGY and word.reach == "clause") or (word.role == NAME and word.key.endswith(_LOW_ENERGY))


def _named(token: Token, bound: list[Word]) -> Iterator[Mention]:
    if token.role != NAME or token.word.key == _NOT_OURS:
        return
    verdict, words = _decided(word for word in bound if word.role != "device")
    past = any(word.role == "past" for word in bound)
    parent = any(word.role == "parent" for word in bound)
    for key in token.word.key.split("+"):
        if key != _LOW_ENERGY:
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


class _Part(Struct):
    """A clause that holds a fracture, or several; ``before``: the clause before it, where only a comma stands between;
    ``sentence``: which sentence it is of."""

    tokens: list[Token]
    before: list[Token]
    sentence: int


def _absorbed(parts: list[tuple[str, list[Token]]]) -> Iterator[_Part]:
    """The clauses that hold a fracture, each with those after a comma that only say where ("fracture, hip, left")."""
    current: _Part | None = None
    before: list[Token] = []
    sentence = 0
    for mark, tokens in parts:
        if current is not None and mark == COMMA and _says_where(tokens):
            current.tokens.extend(tokens)
            continue
        if current:
            yield current
        sentence += mark != COMMA
        is_broken = any(t.role == FRACTURE for t in tokens)
        current = _Part(list(tokens), before if mark == COMMA else [], sentence) if is_broken else None
        before = tokens
    if current:
        yield current


def _says_where(tokens: list[Token]) -> bool:
    return bool(tokens) and all(t.role in _BARE or t.word.said in _ADJECTIVES for t in tokens)


class _Break(Struct):
    """One fracture, whether it is said which, and whether its word only says what a vertebra looks like."""

    mention: Mention
    sited: bool
    deformity: bool
    sentence: int


def _fractures(text: str, parts: Iterable[_Part], scope: Scope, named: list[Mention], *, low_energy: bool) -> Iterator[Mention]:
    """Those of all clauses; one of which no site is said says nothing beside one of which it is."""
    weak = frozenset(m.at for m in named if m.key == _OSTEOPOROSIS and m.is_present)
    found: list[_Break] = []
    for part in parts:
        where = fractures.bone_of(part.before) if part.before else None
        for each in fractures.broken(text, part.tokens, weak):
            bound = scope.bound.get(each.head.at, [])
            verdict, words = _decided(bound)
            low = low_energy or any(word.role == _LOW_ENERGY for word in bound)
            past = any(word.role in ("past", "old") for word in bound)
            parent = any(word.role == "parent" for word in bound)
            bone = replace(each.bone, low_energy=low)
            if verdict is Verdict.DOUBTFUL and not each.sited:
                bone = where or bone
            mention = Mention(FRACTURES, verdict, words, past, parent, bone, at=each.head.at, end=each.head.end)
            deformity = each.head.word.key == fractures.DEFORMITY
            found.append(_Break(mention, each.sited, deformity, part.sentence))
    if any(each.deformity for each in found):
        found = list(_thought_over(found))
    sited = any(each.sited and each.mention.is_present for each in found)
    return (each.mention for each in found if each.sited or not (sited and each.mention.is_present))


def _thought_over(found: list[_Break]) -> Iterator[_Break]:
    """The same, where the sentence goes on to doubt that a deformed vertebra is broken: the deformity is the doubtful one."""
    doubts = {(each.sentence, part): each for each in found if _is_of_deformity(each) for part in _parts(each)}
    deformed = {(each.sentence, _part(each)) for each in found if each.deformity}
    for each in found:
        doubt = doubts.get((each.sentence, _part(each)))
        if each.deformity and doubt and each.mention.is_present:
            words = doubt.mention.words
            each.mention = replace(each.mention, verdict=Verdict.DOUBTFUL, words=words, past=False)
        elif _is_of_deformity(each) and any((each.sentence, part) in deformed for part in _parts(each)):
            continue
        yield each


def _is_of_deformity(each: _Break) -> bool:
    """Whether it is a doubtful fracture, of a vertebra or of nothing that is said."""
    bone = each.mention.bone
    is_one = not each.deformity and each.mention.verdict is Verdict.DOUBTFUL
    return is_one and bone is not None and (not each.sited or bone.site == "vertebra")


def _part(each: _Break) -> str:
    return each.mention.bone.part if each.mention.bone else ""


def _parts(each: _Break) -> tuple[str, ...]:
    """The levels that a doubt may be about: any, where it names none."""
    return (_part(each),) if _part(each) else ("", "lumbar", "thoracic")
