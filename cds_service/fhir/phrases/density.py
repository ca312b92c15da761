"""Bone density in the words of a report: T-scores, Z-scores and BMD, each with the site that it was measured at.

``腰椎L1-L4 T值：-3.1；左股骨颈T值：-2.6``, ``Lumbar spine L1-L4 T-score -3.1``. What is not of this scan (an earlier one, a
criterion, a reference) and what names no site is left out: a value that is not read is said, one that is misread is not.
"""

from __future__ import annotations

import re
from datetime import date

from msgspec import Struct

from cds_service.fhir.phrases.characters import LONGEST_REPORT, fold, minus
from cds_service.fhir.phrases.volume import mean_of_vertebrae

_SPELLED = re.compile(r"(?:\bminus |负)(?=\d)")
_NUMBER = r"(?<![\d.])[-+]? ?\d{1,3}(?:[.,]\d{1,3})?(?![\d])"
_SIDES = r"(?:(?:left|right|左|右)侧? ?)?"
_TOKENS = re.compile(  # what begins with a figure stands apart, so that at a figure nothing else is tried
    r"(?!\d)(?:(?P<end>[。!\n]|\.(?!\d))"
    r"|(?P<part>[;|])"
    r"|(?P<before>前次|上次|前片|既往|以往|此前|原先|基线|对比|相比|比较(?![低高])|较(?![低高小大差轻重正同年])|\b(?:previous(?:ly)?|prior|"
    r"compared|comparison|baseline|formerly|earlier|versus|vs|last (?:exam\w*|scan|study|dxa))\b)"
    r"|(?P<now>[升降增减]至|升高至|降低至|下降至|增加至|减少至|本次|此次|今次)"
    r"|(?P<rule>标准|参考|正常值|正常范围|定义|目标|\b(?:criteri\w+|reference|defin\w+|classification|threshold|target|goal)\b)"
    r"|(?P<without>(?:excluding|except|without|除外|不含|除) ?l?\d(?:[,、和 /]+l?\d)*)"
    rf"|(?P<lumbar>(?<![a-z])l[1-4](?:[、,和及/ ]{{1,2}}l[1-4]){{1,3}} ?(?=平均|均值|mean|average)|"
    r"(?<![a-z])l ?[1-3] ?[-~至到/] ?l? ?[2-5](?!\d)|腰椎? ?[1-3] ?[-~至到] ?腰?椎? ?[2-5](?![\d.])|"
    r"腰椎(?! ?\d)|脊柱|\blumbar(?: spine)?\b|\b(?:ap )?spine\b)"
    r"|(?P<vertebra>(?<![a-z])l ?[1-5](?![\d.])|腰椎? ?[1-5](?![\d.])|第[1-5一二三四五]腰椎)"
    rf"|(?P<neck>{_SIDES}(?:股骨颈|femoral neck|femur neck|neck of (?:the )?femur|\bneck\b))"
    rf"|(?P<hip>{_SIDES}(?:全髋|总髋|髋部?总体?|股骨总体?|股骨近端总体?|total hip|hip total|total (?:proximal )?femur))"
    r"|(?P<region>大?转子|粗隆|ward|沃德|股骨干|trochanter\w*|intertrochanter\w*|femoral shaft)"
    rf"|(?P<hips>{_SIDES}(?:髋关节|髋部?|\bhips?\b))"
    rf"|(?P<femur>{_SIDES}(?:股骨(?:近端|上段|上端)?|\b(?:proximal )?femur\b)))"
    r"|(?P<date>(?<!\d)(?P<year>(?:19|20)\d\d)(?!\d)(?: ?[-/.年] ?(?P<month>\d{1,2})(?![\d]))?(?: ?[-/.月] ?\d{1,2})?[年月日]?)"
    rf"|(?P<radius>{_SIDES}(?:(?:前臂|桡骨?)(?:远端|远侧)? ?(?:1/3|33%|三分之一)|"
    r"\b(?:distal )?(?:1/3|33 ?%|one[- ]third) (?:of the )?(?:distal )?radius|radius (?:1/3|33 ?%)))"
    rf"|(?!\d)(?:(?P<forearm>{_SIDES}(?:前臂|桡骨|\bforearm\b|\bradius\b))"
    r"|(?P<heel>跟骨|超声|heel|calcane\w+|ultrasound|\bqus\b)"
    r"|(?P<other>尺骨|全身|胫骨|指骨|掌骨|胸椎|\bulna\b|"
    r"(?:whole|total) body|tibia|phalan\w+|hand|thoracic)"
    r"|(?P<total>\btotal\b|总体|合计)"
    r"|(?P<kind>(?<![a-z0-9])(?P<letter>[tz])(?:[ _-]{0,3}(?:scores?|值|评分|分值|指数)|(?= ?[:=])|(?= ?[-+] ?\d{1,2}[.,]\d)))"
    r"|(?P<bmd>(?<![a-z])v?bmd(?![a-z])|bone (?:mineral )?density|骨密度|骨矿密度)"
    r"|(?P<limit>[<>≤≥≦≧]=?|小于|大于|低于|高于|不足|超过|介于|"
    r"\b(?:below|above|under|over|less than|lower than|greater than|between)\b))"
    rf"|(?P<range>{_NUMBER} ?(?:~|至|到|to|-(?= ?-)) ?{_NUMBER})"
    r"|(?P<share>(?<![\d.,])\d{1,4}(?:[.,]\d{1,3})? ?(?:%|岁|years?|mm|kg|cm(?!2)))"
    rf"|(?P<number>{_NUMBER})"
)
_SITES = {
    "lumbar": "lumbar-spine",
    "neck": "femoral-neck",
    "hip": "total-hip",
    "hips": "total-hip",
    "femur": "femur",
    "radius": "distal-radius",
    "vertebra": "",
    "region": "",
    "forearm": "forearm",
    "heel": "heel",
    "other": "",
}
"""Sites by token; "" where a value there is none of ours (a single vertebra, Ward's triangle)."""
_WHOLE = frozenset({"hips", "femur", "forearm"})
"""What may only be named to say where a part of it is."""
_BETWEEN = re.compile(
    r"(?:[\s:=,、()\[\]/]|and|is|was|were|are|of|at|the|in|for|to be|分别|区|部|处|和|及|为|是|约|达|平均|均值|均|体积|仅"
    r"|只有|测得|sd)*"
)
_JOINED = re.compile(r"and|[,、和及与/]")
_BEHIND = re.compile(r" ?(?:\(|,? ?(?:at|in|of|on|for) (?:the )?(?:left |right )?|位于|见于)$")
_OPEN_END = re.compile(
    r" ?(?:sd)? ?(?:[及或和]?(?:以[上下]|更低|更高)|之间|(?:or|and) (?:less|lower|below|more|higher|above|greater))"
)
_EARLIER = re.compile(r" ?\(? ?(?:(?:in|on|at|from) )?(?:the )?(?:(?:prior|previous|last)\b|(?P<year>(?:19|20)\d\d)(?!\d))")
_UNIT = re.compile(r" ?g ?/ ?cm ?\^?2|克/平方厘米")
_UNIT_OF_VOLUME = re.compile(r" ?mg ?/ ?(?:cm ?\^?3|cc|ml)|毫克/立方厘米")
_FAR = 80
"""Characters after a site beyond which no value is taken to be of it."""
_LISTED = 8
"""Places in one list that are told apart."""
_UNSIGNED = 2.0
"""A score above this without a sign has more likely lost its minus: it is left unread."""
_EXTREME = 10.0


class Score(Struct, frozen=True):
    """A value with its site: ``key`` and ``site`` as in the tables of the vocabulary, ``side`` "left", "right" or "",
    ``given`` as the report writes it."""

    key: str
    value: float
    site: str
    side: str = ""
    given: str = ""


class _Place(Struct):
    """A site as it was named, and where."""

    site: str
    side: str
    whole: bool
    end: int


def scores(text: str, day: date | None = None) -> list[Score]:
    """The values of this scan, of ``day``, in the text of a report, of no more than ``LONGEST_REPORT`` characters of it.

    >>> [(s.key, s.site, s.value) for s in scores("腰椎L1-L4 T值：-3.1；左股骨颈T值：－2.6。上次T值-2.1")]
    [('t-score', 'lumbar-spine', -3.1), ('t-score', 'femoral-neck', -2.6)]
    >>> scores("T值≤-2.5为骨质疏松"), scores("Compared with 2021: lumbar spine T -2.1")
    ([], [])
    """
    folded = _SPELLED.sub("-", minus(fold(text, LONGEST_REPORT)))
    found = [score for each in _Reading(folded, day).found if (score := _whole(each))]
    mean = "" if any(score.key == "qct-vbmd" for score in found) else mean_of_vertebrae(folded)
    return [*found, Score("qct-vbmd", float(mean), "lumbar-spine", given=mean)] if mean else found


class _Value(Struct):
    """A number that was read, before it is settled where it belongs."""

    kind: str
    number: str
    places: list[_Place]
    at: int
    end: int


class _Reading:
    """One walk over the tokens of a text. ``found``: values with the one place of each."""

    def __init__(self, text: str, day: date | None) -> None:
        self.text, self.day = text, day
        self.found: list[_Value] = []
        self._heading = False
        self._reset()
        for token in _TOKENS.finditer(text):
            self._take(token)
        self._settle()

    def _reset(self) -> None:
        self.kind, self.ready, self.limit, self.rule = "", False, False, False
        self.earlier = ""  # why what follows is not of this scan: "word" or "date"
        self.places: list[_Place] = []
        self.fresh = False  # whether a place was named after the last number
        self.values: list[_Value] = []
        self.last = 0

    def _take(self, token: re.Match[str]) -> None:
        role = token.lastgroup or ""
        at, end = token.span()
        if role == "end":
            self._finish(at)
        elif role == "part":
            self._settle()
            self.kind, self.ready, self.limit, self.rule, self.fresh = "", False, False, False, False
        elif role == "now":
            self.earlier = "" if self.earlier == "date" or token[0].endswith("次") else self.earlier
            self.ready = bool(self.kind)
        elif role == "before":
            self.earlier = "word"
        elif role == "date":
            self._dated(token)
        elif role == "rule":
            self.rule = True
        elif role == "limit":
            self.limit = True
        elif role == "total":
            self._total(token)
        elif role in _SITES:
            self._place(role, token)
        elif role in ("kind", "bmd"):
            self._settle()
            self.kind = "bmd" if role == "bmd" else f"{token['letter']}-score"
            self.ready, self.limit = True, False
        elif role == "number":
            self._number(token)
        elif role in ("range", "share"):
            self.ready = self.ready and role == "share"
        if role != "share":
            self.last = end

    def _finish(self, at: int) -> None:
        """A sentence ends; under a heading what it says holds for the next line as well."""
        earlier, places = self.earlier, self.places
        is_heading = self.text[at] == "\n" and self.text[max(0, at - 3) : at].rstrip().endswith(":")
        self._settle()
        under = self._heading
        self._reset()
        if is_heading:
            self.earlier, self.places, self._heading = earlier, places, bool(earlier)
        elif under and self.text[at] == "\n":
            self.earlier = "word"

    def _dated(self, token: re.Match[str]) -> None:
        is_todays = self.day is not None and int(token["year"]) == self.day.year
        if is_todays and token["month"] and self.day is not None:
            is_todays = int(token["month"]) == self.day.month
        if not is_todays:
            self.earlier = self.earlier or "date"
        elif self.earlier == "date":
            self.earlier = ""

    def _place(self, role: str, token: re.Match[str]) -> None:
        at, end = token.span()
        place = _Place(_SITES[role], _side(self.text[max(0, at - 8) : at], token[0]), role in _WHOLE, end)
        if self._is_behind(at, end):
            self.values[-1].places = [place]
            self.places, self.fresh, self.ready = [], False, bool(self.kind)
            return
        if not self.fresh:
            self._settle()
            self.places = []
        if self.places:
            known = self.places[-1]
            joined = _JOINED.search(self.text[known.end : at]) is not None
            if known.site == place.site or (known.whole and not joined):
                place.side = place.side or known.side
                self.places.pop()
        self.places = [*self.places[-_LISTED:], place]
        self.fresh, self.ready, self.limit = True, bool(self.kind), False

    def _is_behind(self, at: int, end: int) -> bool:
        """Whether a place says, behind a number, where that was measured: "-3.1 at the lumbar spine", "-3.1(L1-L4)"."""
        if not self.values or self.fresh:
            return False
        between = self.text[self.values[-1].end : at]
        if len(between) > 20 or not _BEHIND.fullmatch(between):
            return False
        return "(" not in between or self.text[end : end + 1] == ")"

    def _total(self, token: re.Match[str]) -> None:
        """The whole of the region that is being told of."""
        if self.places:
            known = self.places[-1]
            hip = known.site in ("femoral-neck", "total-hip", "femur") or known.whole
            self._settle()
            self.places = [_Place("total-hip" if hip else "", known.side, whole=False, end=token.end())]
            self.fresh, self.ready = True, bool(self.kind)

    def _number(self, token: re.Match[str]) -> None:
        between = self.text[self.last : token.start()]
        follows = _BETWEEN.fullmatch(between) is not None
        listed = bool(self.values) and len(self.values) < len(self.values[-1].places) and follows
        is_value = self.kind and follows and (self.ready or listed) and not (self.limit or (self.rule and not self.places))
        if is_value and not self.earlier and not self._is_open(token):
            self.values.append(_Value(self.kind, token[0], list(self.places), token.start(), token.end()))
        elif self.ready or listed:
            self._drop()
        self.ready, self.fresh, self.limit = False, False, False

    def _is_open(self, token: re.Match[str]) -> bool:
        """Whether what follows the number makes it a limit, or the value of another day."""
        behind = self.text[token.end() : token.end() + 30]
        earlier = _EARLIER.match(behind)
        other_day = earlier is not None and not (earlier["year"] and self.day and int(earlier["year"]) == self.day.year)
        return _OPEN_END.match(behind) is not None or other_day

    def _drop(self) -> None:
        if self.values and len(self.values[-1].places) > 1:
            self.values = []

    def _settle(self) -> None:
        """Give each number of a list its place; where they do not match, none is read."""
        values, self.values = self.values, []
        for number, value in enumerate(values):
            if len(value.places) > 1:
                value.places = _of_list(value.places, number, len(values))
            if value.places and value.at - value.places[0].end <= _FAR:
                value.kind = self._by_unit(value)
                self.found += [value] if value.kind else []

    def _by_unit(self, value: _Value) -> str:
        """A density is one of area or of volume by its unit, and without one none."""
        if value.kind != "bmd":
            return value.kind
        behind = self.text[value.end : value.end + 12]
        if _UNIT.match(behind):
            return "bmd"
        return "qct-vbmd" if _UNIT_OF_VOLUME.match(behind) and value.places[0].site == "lumbar-spine" else ""


def _of_list(places: list[_Place], number: int, values: int) -> list[_Place]:
    """The place of a value of a list: each has its own, or all but the last only say where that is ("left hip, neck")."""
    if values == len(places):
        return [places[number]]
    return places[-1:] if values == 1 and all(place.whole for place in places[:-1]) else []


def _side(before: str, place: str) -> str:
    """The side that the words of a place name, or those before it."""
    for side, said, word in (("left", "左", "left"), ("right", "右", "right")):
        if place.startswith((said, word)) or before.rstrip("侧 ").endswith((said, word)):
            return side
    return ""


def _whole(value: _Value) -> Score | None:
    """The value as a number, where it can be one."""
    place = value.places[0]
    number = float(value.number.replace(" ", "").replace(",", "."))
    signed = value.number.lstrip()[:1] in "+-"
    is_score = value.kind in ("t-score", "z-score")
    if not place.site or (is_score and (abs(number) > _EXTREME or (not signed and number > _UNSIGNED))):
        return None
    return Score(value.kind, number, place.site, place.side, value.number.strip())
