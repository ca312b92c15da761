"""Who the patient is: age, sex, menopause, pregnancy, body mass."""

from __future__ import annotations

from datetime import date

from cards.chart import Chart, Measurement, Problem, SetAside, per_chart
from cards.chart.calendar import add_days
from cards.vocabulary import Name

BIRTH, SEX = Name("date of birth", "出生日期"), Name("sex (female or male)", "性别（男或女）")


def adult(chart: Chart) -> bool:
    """{adult-years} or older; a patient of unknown age is assumed to be an adult."""
    age = chart.age
    return age is None or bool(age >= chart.numbers.adult_years)


_MENOPAUSE = ("menopause", "early-menopause", "oophorectomy")


@per_chart
def postmenopausal(chart: Chart) -> bool:
    """Female, and either {t-group-years} or older or with menopause, early menopause or bilateral oophorectomy on record."""
    if not chart.patient.female:
        return False
    old_enough = chart.age is not None and chart.age >= chart.numbers.t_group_years
    return old_enough or chart.problem(*_MENOPAUSE) is not None


def orchiectomy(chart: Chart) -> Problem | None:
    """A man without testes is deprived of androgens for good, whatever becomes of a drug."""
    return chart.problem("orchiectomy") if chart.patient.sex == "male" else None


def immobile(chart: Chart) -> Problem | None:
    """What keeps the patient from walking, if it is active: long immobility, or paraplegia, which lasts."""
    return chart.active_problem("immobility", "paraplegia")


def early_after_menopause(chart: Chart, years: int, age: int) -> bool:
    """A woman whose menopause began at most ``years`` ago, as far as its date goes; without a date, one who is younger than
    ``age``."""
    if not postmenopausal(chart):
        return False
    began = [p.at_latest for key in _MENOPAUSE for p in chart.problems.get(key, ()) if p.onset and p.at_latest]
    if began:
        return min(began) >= chart.months_ago(12 * years)
    return chart.age is not None and chart.age < age


@per_chart
def t_group(chart: Chart) -> bool:
    """Patients whose bone density is judged by T-scores (POP2022-D1): adult postmenopausal women and men of {t-group-years} or
    older. If the sex is unknown, the age decides, since it is the same for both."""
    old_enough = chart.age is not None and chart.age >= chart.numbers.t_group_years
    return adult(chart) and (old_enough or postmenopausal(chart))


def young(chart: Chart) -> bool:
    """An adult below {t-group-years} who is not postmenopausal: bone is judged by the Z-score, and a specialist decides on
    drugs."""
    known = chart.age is not None and chart.age < chart.numbers.t_group_years
    return known and adult(chart) and not postmenopausal(chart)


@per_chart
def pregnant(chart: Chart) -> bool:
    """Not male, under {pregnancy-age-years} (or of unknown age), with an active pregnancy on record that has no end date and
    began or was recorded within {pregnancy-days} days; an undated one counts. Miscarriage, delivery and puerperium do not."""
    if chart.patient.sex == "male" or (chart.age is not None and chart.age >= chart.numbers.pregnancy_age_years):
        return False
    since = chart.days_ago(chart.numbers.pregnancy_days)
    return any(
        p.active and p.abated is None and (p.when is None or p.when >= since) for p in chart.problems.get("pregnancy", ())
    )


def of_pregnancy(chart: Chart, day: date, after_days: int) -> bool:
    """Whether a value of this day belongs to a pregnancy that is active or has ended at most ``after_days`` days before it; a
    pregnancy counts as {pregnancy-days} days long."""
    if chart.patient.sex == "male":
        return False
    ends = [p.abated for p in chart.problems.get("pregnancy", ()) if p.abated is not None]
    ends += [chart.today] if pregnant(chart) else []
    return any(add_days(end, -chart.numbers.pregnancy_days) <= day <= add_days(end, after_days) for end in ends)


def of_unknown_age(chart: Chart) -> tuple[SetAside, ...]:
    """Recorded fractures that cannot be judged because the date of birth is unknown."""
    return tuple(each for each in chart.set_aside if each.reason == "age-unknown")


def body_mass_index(chart: Chart) -> Measurement | None:
    """The newest BMI: as reported, or from the newest weight and height within {bmi-window-months} months."""
    reported = chart.newest("bmi")
    since = chart.months_ago(chart.numbers.bmi_window_months)
    weight, height = (chart.newest(key, since=since) for key in ("weight", "height"))
    if weight is None or height is None or (reported is not None and reported.when >= weight.when):
        return reported
    value = weight.value / (height.value / 100) ** 2
    unsure = weight.unsure or height.unsure
    return Measurement("bmi", value, weight.when, weight.source, computed="weight / height²", unsure=unsure)
