"""Each order is offered once: by the card that owns it (``voice.toml``); the others point there."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence, Set

from msgspec.structs import replace

from cards.chart.facts import Fact
from cards.engine.findings import CRITICAL, INFO, Finding, Option
from cards.engine.options import TOGETHER, service
from cards.engine.trial import NOT_READ
from cards.engine.voice.table import table
from cards.vocabulary import ANTI_OSTEOPOROSIS, DRUGS, SERVICES, Mechanism

_STAYS = ("education",)
"""Beside drugs that exclude each other a referral may stand, and what is tried before any of them."""
_REFERRAL = "referral"
_FIRST_LINE = "anti-osteoporosis"
TESTS = "tests-due"
_VITAMIN_D = "vitamin-d-low"
_SUPPLEMENTS = (Mechanism.CALCIUM, Mechanism.VITAMIN_D)
"""One order whatever the dose."""


def exclusive(findings: Sequence[Finding], off: Container[str] = ()) -> list[Finding]:
    """Drugs that exclude each other stand alone, and at most one of them is chosen; the tests of such a card move to
    `tests-due`, which then fires for them. Where the site switched that card ``off`` they stay beside the drugs."""
    moved: dict[Option, str] = {}
    asked_for: list[Fact] = []
    told = []
    for finding in findings:
        if finding.about is None and _drugs_exclude(finding.options):
            tests = [] if TESTS in off else [option for option in finding.options if _is_test(option)]
            moved = dict.fromkeys(tests, "drug-now" if finding.indicator is CRITICAL else "next-drug") | moved
            asked_for += finding.facts[:1] if tests else ()
            options = tuple(option for option in finding.options if option not in tests)
            finding = replace(finding, options=options, any_number=False, see=(*finding.see, *([TESTS] if tests else [])))
        told.append(finding)
    return _with_tests(told, moved, asked_for) if moved else told


def _drugs_exclude(options: Iterable[Option]) -> bool:
    mechanisms = [DRUGS[option.key].mechanism for option in options if option.kind == "drug"]
    return (
        sum(mechanism in ANTI_OSTEOPOROSIS for mechanism in mechanisms) > 1 or mechanisms.count(Mechanism.ACTIVE_VITAMIN_D) > 1
    )


def _is_test(option: Option) -> bool:
    return option.kind == "service" and not option.key.startswith(_REFERRAL) and option.key not in _STAYS


def _with_tests(findings: Sequence[Finding], tests: Mapping[Option, str], because: Sequence[Fact]) -> list[Finding]:
    """`tests-due` with these besides its own, each with why: a drug that is critical does not wait for a result. ``because``:
    what the cards that ask for them rest on first."""
    own = next((each for each in findings if each.code == TESTS), None)
    due = own or Finding(code=TESTS, indicator=INFO, values={"tests": []}, any_number=True)
    asked = {option.key: why for option, why in tests.items() if option.key not in {each.key for each in due.options}}
    lines = [{"name": SERVICES[key], "why": why, "last": None} for key, why in asked.items()]
    due = replace(
        due,
        options=(*due.options, *(service(key, recommended=True) for key in asked)),
        values={**due.values, "tests": [*lines, *due.values["tests"]]},
        facts=(*due.facts, *(fact for fact in dict.fromkeys(because) if fact not in due.facts)),
    )
    return [*(due if each is own else each for each in findings), *([] if own else [due])]


def once(findings: Sequence[Finding], *, writing: bool) -> list[Finding]:
    """The findings, each order offered by its owner alone. ``writing``: orders are being written; then every draft has its own
    alternatives, of which no two are the same. What an owner withholds, since something could not be read, no other card offers
    in its place."""
    offered = {option.key for each in findings for option in each.options if option.kind == "service"}
    findings = [_without_implied(each, offered) for each in findings]
    owners: dict[Hashable, int] = {}
    for place, finding in enumerate(findings):
        for option in _claimed(finding):
            if thing := _thing(option, finding, writing):
                known = owners.get(thing)
                if known is None or _claim(option, finding) < _claim(option, findings[known]):
                    owners[thing] = place
    told = [_owned(finding, place, findings, owners, writing) for place, finding in enumerate(findings)]
    told = [_pointing(each, told) for each in _as_recommended(told, writing)]
    return _one_recommended_drug(told)


def _claimed(finding: Finding) -> Iterator[Option]:
    """What a card offers, or would but for what could not be read."""
    yield from (*finding.options, *finding.withheld)
    yield from (Option("drug", each.key) for each in finding.dropped if each.phrase == NOT_READ)


def _without_implied(finding: Finding, offered: Set[str]) -> Finding:
    """The finding without the orders that come with another order of the answer (``offered``), as albumin does with calcium."""
    implied = {key for whole in offered & TOGETHER.keys() for key in TOGETHER[whole]} - TOGETHER.keys()
    options = tuple(option for option in finding.options if option.kind != "service" or option.key not in implied)
    return finding if len(options) == len(finding.options) else replace(finding, options=options)


def _thing(option: Option, finding: Finding, writing: bool) -> Hashable | None:
    """What an option orders, as far as two of them would be one order; None for what only changes drafts and lists. A test that
    its card wants now, and once more on a later day, is two orders."""
    if option.kind == "service":
        again = option.start and any(each.key == option.key and each.start is None for each in finding.options)
        return ("service", option.key, option.start) if again else ("service", option.key)
    if option.kind != "drug":
        return None
    if not writing and _first_line(option):
        return _FIRST_LINE
    if not writing and (mechanism := DRUGS[option.key].mechanism) in _SUPPLEMENTS:
        return ("drug", mechanism)
    return ("drug", option.key, option.regimen, option.start)


def _claim(option: Option, finding: Finding) -> int:
    """How strong a card's claim to an order is: its place in the list of owners."""
    owners = table().owners
    if option.kind == "drug":
        mechanism = DRUGS[option.key].mechanism
        codes = owners.drugs.get(_FIRST_LINE if mechanism in ANTI_OSTEOPOROSIS else mechanism.value, ())
    else:
        general = _REFERRAL if option.key.startswith(_REFERRAL) else ""
        codes = owners.services.get(option.key) or owners.services.get(general, ())
    return codes.index(finding.code) if finding.code in codes else len(codes)


def _owned(finding: Finding, place: int, findings: Sequence[Finding], owners: dict[Hashable, int], writing: bool) -> Finding:
    at = [(option, owners.get(_thing(option, finding, writing), place)) for option in finding.options]
    if all(owner == place for _, owner in at):
        return finding
    see = (*finding.see, *(findings[owner].code for _, owner in at if owner != place))
    return _off_the_desk(
        replace(
            finding,
            options=tuple(option for option, owner in at if owner == place),
            elsewhere=tuple(option for option, owner in at if owner != place),
            see=tuple(code for code in dict.fromkeys(see) if code != finding.code),
        )
    )


def _as_recommended(findings: Sequence[Finding], writing: bool) -> list[Finding]:
    """The findings, a test or referral that one of them recommends recommended by the card that owns it, too."""
    wanted = {_thing(each, finding, writing) for finding in findings for each in finding.elsewhere if _recommends(each)}

    def told(option: Option, finding: Finding) -> Option:
        same = option.kind == "service" and _thing(option, finding, writing) in wanted
        return replace(option, recommended=True) if same else option

    return [replace(each, options=tuple(told(option, each) for option in each.options)) for each in findings]


def _recommends(option: Option) -> bool:
    return option.kind == "service" and option.recommended


def _pointing(finding: Finding, findings: Sequence[Finding]) -> Finding:
    """With the card to which a label points that names the vitamin D below."""
    if finding.code == _VITAMIN_D or not any(option.first.startswith("vitamin-d") for option in finding.options):
        return finding
    see = [each.code for each in findings if each.code == _VITAMIN_D]
    return replace(finding, see=tuple(dict.fromkeys((*finding.see, *see))))


def _one_recommended_drug(findings: Sequence[Finding]) -> list[Finding]:
    """Of the drugs against osteoporosis one is recommended, in all the answer."""
    told: list[Finding] = []
    taken = False
    for finding in findings:
        best = any(option.recommended and _first_line(option) for option in finding.options)
        told.append(without_recommended_drug(finding) if best and taken else finding)
        taken = taken or best
    return told


def without_recommended_drug(finding: Finding) -> Finding:
    """The finding with no drug against osteoporosis recommended."""
    options = tuple(replace(each, recommended=False) if _first_line(each) else each for each in finding.options)
    return _off_the_desk(replace(finding, options=options))


def _first_line(option: Option) -> bool:
    return option.kind == "drug" and DRUGS[option.key].mechanism in ANTI_OSTEOPOROSIS


def _off_the_desk(finding: Finding) -> Finding:
    """Where a draft is forbidden and nothing is left that is recommended in its place, removing it is."""
    if finding.indicator is not CRITICAL or finding.about is None or any(option.recommended for option in finding.options):
        return finding
    return replace(
        finding,
        options=tuple(replace(each, recommended=True) if each.kind == "discard" else each for each in finding.options),
    )
