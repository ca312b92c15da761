"""A systemic glucocorticoid as a burden of bone: what dose, for how long, how much in all, taken or planned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart, Course, Dosing, Draft, Period, per_chart
from cards.chart.calendar import add_days
from cards.definitions.overlap import begins
from cards.thresholds import Numbers
from cards.vocabulary import Drug, Mechanism

GLUCOCORTICOID = frozenset({Mechanism.GLUCOCORTICOID})

Doses = list[float | None]
"""Of each day the dose as prednisone in mg; 0 for none, None where it cannot be read."""


class Exposure(Struct, frozen=True):
    """A systemic glucocorticoid that is taken or ordered. ``drug``: the one that stands for all, ``others`` those beside it;
    ``course`` and ``draft``: where it stands. In mg of prednisone: ``now`` the dose of the day, ``daily`` the mean of
    {glucocorticoid-mean-days} days, both None where they cannot be read; in grams: ``grams`` of {glucocorticoid-sum-days} days.
    ``days``: how long in all, with what is planned; ``run``: the longest time without a pause at {glucocorticoid-very-high-mg}
    mg or more.

    ``long``: for {glucocorticoid-days} days or more. ``very_high``: at {glucocorticoid-very-high-mg} mg for more than
    {glucocorticoid-very-high-days} days, or {glucocorticoid-sum-grams} g. ``assessed``: bone is to be assessed, from
    {glucocorticoid-assess-mg} mg on; ``counts``: it may call for treatment, from {glucocorticoid-mg} mg on or very high."""

    drug: Drug
    course: Course | None
    draft: Draft | None
    others: tuple[Drug, ...]
    now: float | None
    daily: float | None
    grams: float
    days: int
    run: int
    long: bool
    very_high: bool
    assessed: bool
    counts: bool

    @property
    def unreadable(self) -> bool:
        """Taken for long, and nobody knows how much."""
        return self.long and self.daily is None and not self.very_high


def prednisone_equivalent(numbers: Numbers, drug: Drug, dosing: Dosing | None) -> float | None:
    """The daily dose of a systemic glucocorticoid as prednisone in mg; unknown (None) if the dose or timing cannot be read.
    Equivalent to {prednisone-5-equals-prednisone} mg of prednisone: prednisolone {prednisone-5-equals-prednisolone},
    methylprednisolone {prednisone-5-equals-methylprednisolone}, dexamethasone {prednisone-5-equals-dexamethasone},
    betamethasone {prednisone-5-equals-betamethasone}, hydrocortisone {prednisone-5-equals-hydrocortisone}, cortisone
    {prednisone-5-equals-cortisone}, triamcinolone {prednisone-5-equals-triamcinolone}, deflazacort
    {prednisone-5-equals-deflazacort} mg. Inhaled, nasal, topical, ocular, otic, rectal and intra-articular forms are not
    systemic."""
    daily = dosing.daily if dosing else None
    if daily is None:
        return None
    return daily * numbers.prednisone_5_equals_prednisone / numbers[f"prednisone-5-equals-{drug.key}"]


def dose_on(numbers: Numbers, drug: Drug, dosing: Dosing | None, day: int) -> float | None:
    """The same for one day of an entry, the first is 0: of a taper the dose of its step, whose last one goes on. Unknown, too,
    from a step on whose length is not told and that is not the last."""
    steps = dosing.steps if dosing else ()
    for step in steps:
        if step is steps[-1] or (step.days is not None and day < step.days):
            return prednisone_equivalent(numbers, drug, step)
        if step.days is None:
            return None
        day -= round(step.days)
    return prednisone_equivalent(numbers, drug, dosing)


def at_least(numbers: Numbers, dose: float, limit: float) -> bool:
    """Whether a dose reaches a limit, with {glucocorticoid-tolerance} % tolerance."""
    return round(dose, 6) >= round(limit * (1 - numbers.glucocorticoid_tolerance / 100), 6)


def enough_glucocorticoid(numbers: Numbers, daily: float) -> bool:
    """Whether a daily dose is {glucocorticoid-mg} mg of prednisone or more, from which treatment is considered."""
    return at_least(numbers, daily, numbers.glucocorticoid_mg)


def above(numbers: Numbers, dose: float, limit: float) -> bool:
    """Whether a dose is beyond a limit by more than {glucocorticoid-tolerance} %."""
    return round(dose, 6) > round(limit * (1 + numbers.glucocorticoid_tolerance / 100), 6)


def exposure(chart: Chart) -> Exposure | None:
    """The glucocorticoids that are being ordered, with those of the list beside them; otherwise what is taken."""
    return ordered(chart) if chart.drafted(GLUCOCORTICOID) else taken(chart)


@per_chart
def taken(chart: Chart) -> Exposure | None:
    """The systemic glucocorticoids that are taken today, as one. An entry's dose holds until the next one of its drug begins; a
    pause of up to {glucocorticoid-pause-days} days between two entries is none. Entries of one day add up, unless they say the
    same. With long-term use on the problem list the dose counts for the time before the first entry, too."""
    courses = _on(chart)
    return _exposure(chart, courses, (), _doses(chart, chart.numbers.glucocorticoid_sum_days), 0) if courses else None


def long_glucocorticoid(chart: Chart) -> Course | None:
    """A systemic glucocorticoid of {glucocorticoid-mg} mg prednisone equivalent a day or more ({glucocorticoid-tolerance} %
    tolerance, mean of {glucocorticoid-mean-days} days) that is taken today and has been taken for {glucocorticoid-days} days or
    more in total."""
    found = taken(chart)
    return found.course if found is not None and found.counts and found.long else None


def may_be_enough_today(chart: Chart) -> bool:
    """Whether a systemic glucocorticoid is taken today of which {glucocorticoid-mg} mg prednisone or more, or a dose that
    cannot be read, is the dose of the day or the mean of {glucocorticoid-mean-days} days, or so much was taken that it
    counts."""
    found = taken(chart)
    if found is None or found.now is None:
        return found is not None
    doses = (found.now, found.daily)
    return found.counts or any(dose is not None and enough_glucocorticoid(chart.numbers, dose) for dose in doses)


def ordered(chart: Chart) -> Exposure:
    """The systemic glucocorticoids that are being ordered (at least one), together with those of the list that go on beside
    them; an order renews what the list holds of its drug. Without a stated duration or supply an order counts as long as
    {glucocorticoid-days} days where it says "long-term" or goes on from that on the list, else not at all."""
    drafts = (*chart.drafted(GLUCOCORTICOID), *chart.drafted_beside(GLUCOCORTICOID))
    plan = _planned(chart, drafts)
    past = _doses(chart, chart.numbers.glucocorticoid_sum_days)[:-1]
    return _exposure(chart, _on(chart), drafts, [*past, *plan], len(plan))


def _exposure(chart: Chart, courses: Sequence[Course], drafts: Sequence[Draft], doses: Doses, planned: int) -> Exposure:
    """``planned``: how many of the last days are yet to come."""
    n = chart.numbers
    drugs = [draft.drug for draft in drafts if draft.drug] or [course.drug for course in courses]
    days, run = _days(chart, courses) + planned, _longest(n, doses)
    daily = max(filter(None, _means(n, doses, planned)), default=None)
    # the largest sum of a year that ends with the plan or before it
    grams = max(_sum(doses[-n.glucocorticoid_sum_days - back :][: n.glucocorticoid_sum_days]) for back in {0, planned}) / 1000
    very_high = run > n.glucocorticoid_very_high_days or grams >= n.glucocorticoid_sum_grams
    long = days >= n.glucocorticoid_days
    return Exposure(
        drugs[0],
        next((course for course in courses if course.drug is drugs[0]), None),
        drafts[0] if drafts else None,
        tuple(dict.fromkeys(each for each in (*drugs, *(c.drug for c in courses)) if each is not drugs[0])),
        next((dose for dose in (doses[-planned:] if planned else reversed(doses)) if dose != 0), None),
        daily,
        grams,
        days,
        run,
        long,
        very_high,
        assessed=long and daily is not None and at_least(n, daily, n.glucocorticoid_assess_mg),
        counts=very_high or (long and daily is not None and enough_glucocorticoid(n, daily)),
    )


def _on(chart: Chart) -> list[Course]:
    """Those that are taken today and were not stopped, the one of the highest dose first."""
    on = [c for c in chart.courses(GLUCOCORTICOID) if c.on_treatment(chart.today) and not c.stopped]
    return sorted(on, key=lambda c: prednisone_equivalent(chart.numbers, c.drug, c.dosing) or 0, reverse=True)


def _days(chart: Chart, courses: Iterable[Course]) -> int:
    """How long those that are taken have been taken, with what was taken just before them, at least."""
    n = chart.numbers
    told = [course.exposure_days or 0 for course in courses]
    if not told:
        return 0
    listed = n.glucocorticoid_days if chart.active_problem("long-term-glucocorticoid") else 0
    whole = [course for course in chart.courses(GLUCOCORTICOID) if not course.start_latest and not course.end_latest]
    spans = sorted((begin, min(end, chart.today)) for course in whole for begin, end in course.spans)
    together, reach = 0, None
    for begin, end in spans:
        if reach is None or (begin - reach).days > n.gap_days:
            together, reach = (end - begin).days, end
        elif end > reach:
            together, reach = together + (end - reach).days, end
    return max(*told, listed, together if reach == chart.today else 0)


# -- doses by day -------------------------------------------------------------------------------------------------------


@per_chart
def _doses(chart: Chart, days: int) -> Doses:
    """Of the last ``days`` days, today the last."""
    by_course = [_doses_of(chart, course, days) for course in chart.courses(GLUCOCORTICOID)]
    return [_together(day) for day in zip(*by_course, strict=True)] if by_course else [0.0] * days


def _together(doses: Iterable[float | None]) -> float | None:
    """What is known of them; None where nothing is."""
    told = tuple(doses)
    known = [dose for dose in told if dose is not None]
    return None if None in told and not any(known) else sum(known)


def _doses_of(chart: Chart, course: Course, days: int) -> Doses:
    n, first = chart.numbers, add_days(chart.today, 1 - days)
    periods = _bridged(course.periods, n.glucocorticoid_pause_days)
    begin = min((p.begin for p in periods), default=None)
    listed = chart.active_problem("long-term-glucocorticoid") is not None and course.on_treatment(chart.today)
    doses: Doses = []
    for day in (add_days(first, index) for index in range(days)):
        if listed and (begin is None or day < begin):
            doses.append(dose_on(n, course.drug, course.dosing, 0))
            continue
        holding = [p for p in periods if p.begin <= day <= p.end]
        newest = max((p.begin for p in holding), default=None)
        told = dict.fromkeys(_of_period(n, course, p, day) for p in holding if p.begin == newest)
        doses.append(_together(told) if told else 0.0)
    return doses


def _bridged(periods: Sequence[Period], pause: int) -> list[Period]:
    """The periods, each up to the next one where that begins within ``pause`` days; what was given once is not gone on with."""
    bridged = [*periods[-1:]]
    for period, following in pairwise(periods):
        late = not period.once and 1 < (following.begin - period.end).days <= pause + 1
        bridged.append(replace(period, end=add_days(following.begin, -1)) if late else period)
    return bridged


def _of_period(numbers: Numbers, course: Course, period: Period, day: date) -> float | None:
    dosing = period.dosing or course.dosing
    if dosing is not None and period.once:
        dosing = replace(dosing, every_days=1.0)
    return dose_on(numbers, course.drug, dosing, (day - period.begin).days)


def _planned(chart: Chart, drafts: Sequence[Draft]) -> Doses:
    """Of the days from today on, as long as the longest order lasts."""
    n = chart.numbers
    spans: list[tuple[int, int, Draft]] = []
    known = _days(chart, _on(chart)) >= n.glucocorticoid_days
    for draft in drafts:
        begin = (begins(chart, draft) - chart.today).days
        spans.append((begin, begin + _length(n, draft, goes_on=known), draft))
    ingredients = {draft.drug.ingredient for draft in drafts if draft.drug}
    others = [course for course in _on(chart) if course.active and course.drug.ingredient not in ingredients]
    beside = [_doses_of(chart, course, 1)[0] for course in others]
    last = min(max((end for _, end, _ in spans), default=0), n.glucocorticoid_sum_days)
    plan = []
    for day in range(last):
        new = (_of_draft(n, draft, day - begin) for begin, end, draft in spans if begin <= day < end)
        plan.append(_together((*beside, *new, 0.0)))
    return plan


def _length(numbers: Numbers, draft: Draft, *, goes_on: bool) -> int:
    """For how many days an order is meant, of a taper as far as it is told; one without an end, {glucocorticoid-days} days at
    least where it goes on."""
    dosing = draft.dosing
    if dosing is None or dosing.days is None:
        told = sum(step.days or 0 for step in dosing.steps) if dosing else 0
        lasting = goes_on or (dosing is not None and dosing.long_term)
        return max(round(told), numbers.glucocorticoid_days if lasting else 0)
    return round(dosing.days)


def _of_draft(numbers: Numbers, draft: Draft, day: int) -> float | None:
    return dose_on(numbers, draft.drug, draft.dosing, day) if draft.drug else None


def _means(numbers: Numbers, doses: Doses, planned: int) -> Iterable[float | None]:
    """The mean of the last {glucocorticoid-mean-days} days, and of each such time that lies within what is planned."""
    days = numbers.glucocorticoid_mean_days
    for end in range(len(doses) - max(planned - days, 0), len(doses) + 1):
        window = doses[max(end - days, 0) : end]
        known = [dose for dose in window if dose is not None]
        if any(known):
            yield sum(known) / len(known)


def _sum(doses: Doses) -> float:
    return sum(dose for dose in doses if dose is not None)


def _longest(numbers: Numbers, doses: Doses) -> int:
    """The longest run of days at the very high dose."""
    longest = run = 0
    for dose in doses:
        run = run + 1 if dose is not None and at_least(numbers, dose, numbers.glucocorticoid_very_high_mg) else 0
        longest = max(longest, run)
    return longest
