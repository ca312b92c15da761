"""Free-text directions ("70 mg once weekly", "每周1次，每次1片") -> dose, interval, duration. Nothing is guessed.

The text is read by taking away what is understood, piece by piece; a number that is left over means that it was not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from cds_service.fhir.phrases import LONGEST, fold
from cds_service.fhir.reading.durations import DAYS, MONTH, YEAR

Found = TypeVar("Found")


class Sig(Struct, frozen=True):
    """What the text says. ``masses``: amounts with their unit ("mg", "ug", "g", "iu", "ml"); ``counts``: of tablets, syringes,
    pens; ``each``: the strength of one of them; ``every``: days between doses, 0 for a single dose; None where it says
    nothing. ``silent``: it speaks of neither dose nor time."""

    masses: tuple[tuple[float, str], ...] = ()
    counts: tuple[float, ...] = ()
    each: tuple[tuple[float, str], ...] = ()
    every: float | None = None
    days: float | None = None
    as_needed: bool = False
    readable: bool = True
    silent: bool = False


_N = r"((?<!\d)\d{1,7}(?:\.\d{1,7})?(?!\d))"  # more digits are no dose: they are left over, and so not understood
_AFTER_NUMBER = r"tab|pill|cap|inj|syr|vial|dose|spray|sachet|pen\b|mg|time|consecutive|successive|day|week|month|year|hour"
_CHINESE_DIGITS = str.maketrans("一二两三四五六七八九", "1223456789")
THEN = re.compile(
    r"(?a)^[\W_]*(?:and )?(?:then|followed by|after ?wards?|after that|thereafter)\b[\s,:]*"
    r"|^[\W_]*(?:然后|随后|之后|以后|继之|继以|此后)[改用为继续,: ]*"
)
"""What begins the text of a step that follows another one."""
_STEP = re.compile(
    r"(?ai)[\s,;.]{1,9}(?=(?:and )?(?:then|followed by|thereafter)\b)|[\s，,；;。]{0,9}(?=然后|随后|继以|此后)"
    r"|[;；]\s*|[,，]\s+(?=\d)"
)
_BEFORE: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (  # one spelling for many
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (re.compile(r"(?a)\b((?:[a-z]\.){2,})"), lambda m: m[1].replace(".", "")),
    (re.compile(r"[μµ]"), "u"),
    (re.compile(r"(?a)(?<=\d) ?(?:#|t(?=[ ,;/]|$))"), "片"),  # "1#/周", "1t qw"
    (re.compile(r"(?a)(?<![\d./])(\d{1,2}) ?/(?= ?(?:天|日|周|星期|[dw]\b))"), r"\1次/"),
    (re.compile(r"(?a)\b(?:one[- ])?half(?: an?| of an?)?\b(?=[ -](?:tab|pill|cap))|\b1/2\b|(?<![\d.])半(?=[片粒支丸袋年])"),
     "0.5"),
    (re.compile(r"(?a)\ban? (?=single\b|tablet|tab\b|pill|capsule|cap\b|injection|infusion|syringe|dose)"), "1 "),
    (re.compile(r"十二"), "12"),
    (re.compile(r"十(?=[次天日周片粒个])"), "10"),
    (re.compile(r"[一二两三四五六七八九](?=[次天日周片粒支丸袋个月年针瓶颗小半])|(?<=[日天周服])[一二两三四五六七八九](?=次)"),
     lambda m: m[0].translate(_CHINESE_DIGITS)),
    *(
        (re.compile(rf"(?a)\b{word}\b(?=[ -](?:\(|{_AFTER_NUMBER}))"), str(digit))
        for word, digit in {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "twelve": 12}.items()
    ),
    (re.compile(rf"(?a)\b{_N} ?\((?:\d{{1,7}}|one|two|three|four)\)"), r"\1"),
)  # fmt: skip
_DEFEATING = re.compile(
    r"(?a)\bthen\b|taper|alternat|\bmax|not more than|no more than|up to|/ ?kg|per kg|per m2|biweekly|bi-weekly|bimonthly"
    r"|increas|decreas|reduc|titrat|sliding|\b(?:do not|don't|never)\b[^.;]{0,20}(?:daily|every day|weekly)|as directed"
    r"|不超过|最多|最大|递减|减量|减至|加量|加至|增至|交替|改为|然后|以后|逐渐|每公斤|公斤体重|遵医嘱|酌情|切勿每"
    rf"|{_N} ?(?:-|–|~|～|to|or|至|到|或) ?{_N} ?(?:mg|u?g|mcg|iu|tab|pill|cap|片|粒|支|times|次|h|d|w|m|y|天|日|周|个|月|年)"
)
_AS_NEEDED = re.compile(r"(?a)\bprn\b|as needed|when needed|if needed|必要时|需要时|按需")
_BESIDES = re.compile(  # numbers that are neither dose nor interval
    rf"(?a)(?:at least |≥|over |for |within |after |wait )?{_N} ?(?:-|~|to|至)? ?(?:\d{{1,7}} ?)?"
    r"(?:minutes?|mins?|分钟|hours? (?:before|after)|小时[前后])"
    rf"|{_N} ?(?:-|~|to)? ?(?:\d{{1,7}} ?)?(?:ml|毫升|oz|ounces?)[ -]*(?:of )?(?:plain |tap |warm )*"
    r"(?:water|saline|温水|白开水|水|生理盐水)"
    rf"|(?:with|in|加入|溶于)[^,;，；。]{{0,16}}?{_N} ?(?:ml|毫升)"
    r"|\d{1,2}:\d{2}(?: ?[ap]m)?|\b\d{1,2} ?[ap]m\b|早?上?\d{1,2}点"
    r"|(?:of|same|time of|next) (?:the )?day|(?:vitamin|维生素|vit\.?|维) ?[dk] ?[23]|\b[dk][23]\b|碳酸钙d3|l[1-4]"
    r"|0\.9 ?%|5 ?% ?(?:glucose|dextrose|葡萄糖)"
    r"|(?:末次|上次|最近1?次|首次)(?:用药|给药|注射|输注)?(?:时间|日期)?[: ]{0,2}\d{4}(?:[-./年] ?\d{1,2}){0,2}[月日]?"
)
_DURATION = (
    re.compile(rf"(?a)(?:\bfor|\bx|×)(?: the next)? ?{_N} ?(days?|d|weeks?|wks?|wk|w|months?|mo|years?|yrs?)\b(?! after)"),
    re.compile(
        rf"(?:共|连续|连用|连服|疗程(?:为|:)?|持续|x|×)(?:使用|服用|治疗|应用|注射)?{_N} ?(?:个)?(天|日|周|星期|月|年)"
        rf"|{_N}(?:个)?(天|日|周|月|年)(?:为1?)?疗程"
    ),
)
_PER = re.compile(rf"(?:每|各)(?:1)?[片粒支丸袋瓶针](?:含钙|含)?{_N} ?(mg|毫克|mcg|ug|微克|g|克|iu|国际单位|单位|u(?![a-z]))")
_EACH = re.compile(rf"(?a)\(?{_N} ?(mg|mcg|ug|g|iu) ?(?:each|per (?:tablet|capsule)|/ ?(?:tab|cap|tablet|capsule|片|粒|支))\)?")
_MASS = re.compile(
    rf"(?a){_N} ?-?(mg|milligrams?|毫克|mcg|ug|micrograms?|微克|g|grams?|克|万 ?(?:iu|单位|u)|iu|国际单位|单位|units?|unt|u)"
    r"(?![a-z])"
    rf"(?: ?/ ?(?:dose|次|{_N}? ?(?:ml|毫升)))?"
)
_VOLUME = re.compile(rf"(?a){_N} ?(ml|毫升)(?![a-z])")
_COUNT = re.compile(
    rf"(?a){_N} ?-?(?:full )?(?:oral |prefilled |pre-filled )?(?:tablets?|tabs?|pills?|capsules?|caps?|injections?|syringes?"
    r"|pens?|vials?|doses?|sachets?|ampoules?|infusions?|sprays?|puffs?|片|粒|支|针|袋|瓶|丸|颗|喷|揿)(?:\(s\))?(?![a-z])"
)
_UNIT = {
    "毫克": "mg", "milligram": "mg", "milligrams": "mg", "mcg": "ug", "微克": "ug", "microgram": "ug", "micrograms": "ug",
    "克": "g", "gram": "g", "grams": "g", "国际单位": "iu", "单位": "iu", "unit": "iu", "units": "iu", "unt": "iu", "u": "iu",
    "毫升": "ml",
}  # fmt: skip
_TEN_THOUSAND = re.compile(r"^万 ?")
_WORDS = {"once": 1.0, "one time": 1.0, "twice": 2.0, "thrice": 3.0}
_EN_UNIT = r"(hours?|hrs?|hr|h|days?|d|nights?|mornings?|evenings?|weeks?|wks?|wk|w|months?|mos?|years?|yrs?|yr|y)"
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?"
_ADVERB = {
    "daily": 1.0, "nightly": 1.0, "weekly": 7.0, "fortnightly": 14.0, "monthly": MONTH, "quarterly": 3 * MONTH,
    "yearly": YEAR, "annually": YEAR, "annual": YEAR,
}  # fmt: skip
_LATIN = {
    "qd": 1.0, "od": 1.0, "qam": 1.0, "qpm": 1.0, "qhs": 1.0, "qn": 1.0, "qday": 1.0, "bid": 0.5, "bd": 0.5, "tid": 1 / 3,
    "tds": 1 / 3, "qid": 0.25, "qds": 0.25, "qod": 2.0, "eod": 2.0, "qw": 7.0, "qwk": 7.0, "biw": 3.5, "tiw": 7 / 3,
    "qow": 14.0, "qmo": MONTH, "qmonth": MONTH,
}  # fmt: skip


def _days(unit: str) -> float:
    """Days in a unit of time as the patterns below catch it."""
    return DAYS.get(unit) or DAYS.get(unit.removesuffix("s")) or 1.0  # night, morning, evening


def _times(text: str | None) -> float:
    return _WORDS.get(text or "1") or float(text or 1)


_TIMES = r"(once|twice|thrice|(?<!\d)\d{1,7}(?:\.\d{1,7})?(?= ?(?:times?|x\b|×)))(?: ?(?:times?|x|×))?"
_INTERVALS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], float]], ...] = tuple(
    (re.compile("(?a)" + pattern), reckon)
    for pattern, reckon in (
        (r"\bevery (?:other|2nd|second) day\b|\bon alternate days\b|\bq2d\b|隔[日天](?:1次)?", lambda m: 2.0),
        (r"\bevery (?:other|2nd|second) week\b|\bfortnightly\b|隔周(?:1次)?", lambda m: 14.0),
        (r"\bevery (?:other|2nd|second) month\b|隔月(?:1次)?", lambda m: 2 * MONTH),
        (r"\bevery half[- ]year\b|\bsemi-?annually\b|\bhalf-yearly\b|每?半年(?:1次)?", lambda m: YEAR / 2),
        (r"\bevery quarter\b|每季度?(?:1次)?", lambda m: 3 * MONTH),
        (
            rf"\b{_TIMES} ?(?:every|each|per|an?|/|in) {_N} ?{_EN_UNIT}\b",
            lambda m: float(m[2]) * _days(m[3]) / _times(m[1]),
        ),
        (rf"\b{_TIMES} ?(?:an?|per|each|every|/) ?{_EN_UNIT}\b", lambda m: _days(m[2]) / _times(m[1])),
        (rf"\b{_TIMES} (daily|weekly|monthly|yearly|annually)\b", lambda m: _ADVERB[m[2]] / _times(m[1])),
        (
            rf"\b{_N} (?:consecutive |successive )?days? (?:an?|per|each|every) (week|month)\b",
            lambda m: _days(m[2]) / float(m[1]),
        ),
        (rf"\b(?:every|each|q) ?{_N} ?-?{_EN_UNIT}\b", lambda m: float(m[1]) * _days(m[2])),
        # "q6m": months; nothing that is read here is given every so many minutes
        (rf"\bq ?{_N} ?m\b", lambda m: float(m[1]) * MONTH),
        (rf"\bq ?{_N} ?个?(小时|天|日|周|月|年)", lambda m: float(m[1]) * _days(m[2])),
        (rf"\b{_N}[- ](month|week|day|year)ly\b", lambda m: float(m[1]) * _days(m[2])),
        (
            r"\bevery (?:morning|day) and (?:every )?(?:night|evening|bedtime)\b|\bmorning and (?:evening|night)\b",
            lambda m: 0.5,
        ),
        (rf"\b(?:every|each|on) {_WEEKDAY}(?:(?:,? and |, ?|/){_WEEKDAY})+\b",
         lambda m: 7 / len(re.findall(_WEEKDAY, m[0]))),
        (rf"\b(?:every|each|on) {_WEEKDAY}\b", lambda m: 7.0),
        (rf"\b(?:every|each) {_EN_UNIT}\b", lambda m: _days(m[1])),
        (r"\b(daily|nightly|weekly|monthly|quarterly|yearly|annually|annual)\b", lambda m: _ADVERB[m[1]]),
        (r"\b(" + "|".join(_LATIN) + r")\b", lambda m: _LATIN[m[1]]),
        (r"每?周[1-6一二三四五六日天](?:[、,，和及/]?周?[1-6一二三四五六日天])+(?![次片粒支袋丸针m0-9.])",
         lambda m: 7 / len(re.findall(r"[1-6一二三四五六日天]", m[0]))),
        (rf"(?:每|/)? ?{_N}? ?个?(小时|天|日|周|星期|礼拜|月|年)"
         rf"(?:口服|皮下|静脉|静滴|注射|输注|给药|用药|服用?|内)*{_N}次",
         lambda m: _times(m[1]) * _days(m[2]) / float(m[3])),
        (rf"{_N}次 ?(?:/|每) ?{_N}? ?个?(天|日|d\b|周|w\b|星期|月|年)", lambda m: _times(m[2]) * _days(m[3]) / float(m[1])),
        (r"(?:每[日天]|每)?早[、和及]?晚", lambda m: 0.5),
        (r"(?:每[日天]|每)?早[、]?中[、]?晚", lambda m: 1 / 3),
        (rf"{_N} ?个?(天|日|周|星期|月|年)(?= ?\d{{1,2}}[片粒支针丸袋颗])", lambda m: float(m[1]) * _days(m[2])),
        (rf"每 ?{_N}? ?个?(小时|天|日|晚|早|晨|夜|周|星期|礼拜|月|年)[上]?", lambda m: _times(m[1]) * _days(m[2])),
        (r"(?:/|\bper |\ba ) ?(day|d|week|wk|month|mo|year)\b|/ ?(天|日|周|月|年)", lambda m: _days(m[1] or m[2])),
    )
)  # fmt: skip
_AT_NIGHT = re.compile(r"(?a)\bat bedtime\b|\bhs\b|睡前|临睡")
_ONCE = re.compile(
    r"(?a)\b(?:once|1? ?single dose|1 time|st(?:at)?)\b(?: only)?|单次|1次性|一次性|(?<![日天周月年每])1次(?!\d)"
)
_EACH_TIME = re.compile(r"1次(?=[ 口服用注射:：]*\d)")
_NUMBER_LEFT = re.compile(r"\d")
_TIME_LEFT = re.compile(rf"(?a)\b{_WEEKDAY}\b|\bhour|\bday|\bweek|\bmonth|\byear|小时|[日天周月年]")
_ROUTES = tuple(
    (route, re.compile(pattern))
    for route, pattern in (
        ("vaginal", r"(?a)vagin|阴道"),
        ("nasal", r"(?a)\bnasal|intranasal|nostril|鼻"),
        ("inhaled", r"(?a)inhal|吸入|雾化"),
        ("topical", r"(?a)topical|transderm|\bpatch|\bgel\b|cream|ointment|外用|透皮|贴片|贴剂|凝胶|涂抹|乳膏|软膏"),
        ("sc", r"(?a)subcut|\bsc\b|\bih\b|\bsq\b|\bs/c\b|under the skin|皮下"),
        ("im", r"(?a)intramusc|\bim\b|肌肉注射|肌注|肌内"),
        ("iv", r"(?a)intraven|\biv(?:gtt|drip|d|p)?\b|infus|静脉|静滴|静注|输注|滴注|点滴"),
        ("oral", r"(?a)\boral(?:ly)?\b|by mouth|\bpo\b|tablet|\btabs?\b|capsule|\bcaps?\b|口服|片|胶囊|嚼服|吞服|送服"),
    )
)  # fmt: skip


def route_of(text: str) -> str:
    """The route that folded words name ("oral", "sc", "iv", "im", "nasal", "inhaled", "topical", "vaginal"), else "".

    >>> route_of("Inject subcutaneously"), route_of("60mg 皮下注射"), route_of("as directed")
    ('sc', 'sc', '')
    """
    return next((route for route, pattern in _ROUTES if pattern.search(text)), "")


def split_steps(text: str) -> list[str]:
    """The steps of a plan that follow each other in one text.

    >>> split_steps("20 mg daily for 7 days, then 10 mg daily")
    ['20 mg daily for 7 days', 'then 10 mg daily']
    """
    return [step for step in _STEP.split(text) if step] if len(text) <= LONGEST else [text]


def read_sig(text: str) -> Sig:
    """What a text of directions says.

    >>> read_sig("70 mg once weekly").masses, read_sig("70 mg once weekly").every
    (((70.0, 'mg'),), 7.0)
    >>> read_sig("每日2次，每次1片").every, read_sig("每日2次，每次1片").counts
    (0.5, (1.0,))
    >>> read_sig("as directed").readable
    False
    """
    if len(text) > LONGEST:  # what stands at its end may take back what stands at its beginning
        return Sig(readable=False)
    rest = THEN.sub("", fold(text), count=1)
    for pattern, spelling in _BEFORE:
        rest = pattern.sub(spelling, rest)
    if _DEFEATING.search(rest):
        return Sig(readable=False)
    as_needed = _AS_NEEDED.search(rest) is not None
    rest = _BESIDES.sub(" ; ", rest)
    rest, days = _taken(rest, _DURATION, lambda m: _length(m))
    rest, each = _taken(rest, (_PER, _EACH), _mass)
    rest, intervals = _intervals(rest)
    rest = _EACH_TIME.sub(" ", rest)
    rest, masses = _taken(rest, (_MASS, _VOLUME), _mass)
    rest, counts = _taken(rest, (_COUNT,), lambda m: float(m[1]))
    if not intervals:
        rest, intervals = _single(rest)
    every = _agreed(intervals)
    left = _NUMBER_LEFT.search(rest) or (not intervals and _TIME_LEFT.search(rest))
    silent = not (masses or counts or intervals or left)
    readable = not silent and not left and (not intervals or every is not None) and len(days) <= 1
    return Sig(masses, counts, each, every, days[0] if len(days) == 1 else None, as_needed, readable, silent)


def _taken(
    text: str, patterns: tuple[re.Pattern[str], ...], read: Callable[[re.Match[str]], Found]
) -> tuple[str, tuple[Found, ...]]:
    """The text without what the patterns find, and what they found, each once."""
    found: dict[Found, None] = {}
    for pattern in patterns:
        for match in pattern.finditer(text):
            found[read(match)] = None
        text = pattern.sub(" ", text)
    return text, tuple(found)


def _intervals(text: str) -> tuple[str, list[float]]:
    found: list[float] = []
    for pattern, reckon in _INTERVALS:
        found += [reckon(match) for match in pattern.finditer(text)]
        text = pattern.sub(" ", text)
    return text, found


def _single(text: str) -> tuple[str, list[float]]:
    """Without an interval: at bedtime is daily, once is a single dose."""
    for pattern, every in ((_AT_NIGHT, 1.0), (_ONCE, 0.0)):
        if pattern.search(text):
            return pattern.sub(" ", text), [every]
    return text, []


def _agreed(intervals: list[float]) -> float | None:
    """The one interval that all name; "every week ... 7 days" is one."""
    if not intervals or max(intervals) - min(intervals) > 0.02 * max(intervals):
        return None
    return intervals[0]


def _mass(match: re.Match[str]) -> tuple[float, str]:
    value, unit = float(match[1]), match[2]
    if _TEN_THOUSAND.match(unit):
        return value * 10_000, "iu"
    return value, _UNIT.get(unit, unit)


def _length(match: re.Match[str]) -> float:
    amount, unit = [part for part in match.groups() if part]
    return float(amount) * _days(unit)
