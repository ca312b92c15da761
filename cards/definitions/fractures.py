"""Which recorded fractures count as fragility fractures (card specification, "fragility fracture")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from cards.chart import Fracture, FractureEntry, Patient, Problem
from cards.thresholds import Numbers

FRAGILITY_SITES = frozenset({"vertebra", "hip", "proximal-humerus", "pelvis", "distal-forearm", "rib"})
MAJOR_SITES = frozenset({"vertebra", "hip"})
"""Osteoporosis whatever the bone density (POP2022-D3)."""
MINOR_SITES = frozenset({"proximal-humerus", "pelvis", "distal-forearm"})
"""Osteoporosis when bone density is low (POP2022-D3)."""

LONG_BONES = frozenset({"hip", "proximal-humerus", "distal-forearm", "long-bone"})
YOUNG_SITES = LONG_BONES | {"vertebra"}
"""What tells of weak bone before {t-group-years}: a vertebra, or two long bones."""

_HIGH_ENERGY = ("transport-accident", "fall-from-height")
_ATYPICAL = ("atypical-femur-fracture", "femur-lesion")
_BONE_TUMORS = ("bone-metastasis", "myeloma", "bone-cancer")


def fragility(
    numbers: Numbers,
    entries: Iterable[FractureEntry],
    problems: Mapping[str, tuple[Problem, ...]],
    patient: Patient,
    today: date,
    rebounds: Sequence[tuple[date, date]] = (),
) -> tuple[Fracture, ...]:
    """A fracture counts if its code says osteoporotic; or if it is of a vertebra, hip, proximal humerus, pelvis, distal forearm
    or rib, happened at {fragility-age-years} or later (for a date given as year or month, one possible day at that age is
    enough), no transport accident or fall from height is on record within {high-energy-window-days} days before or after, and
    no bone metastasis, myeloma or primary bone cancer is on record that began by that day or has no date. Without a date, one
    of vertebra or hip counts from {fragility-age-years} on, unless such an accident of any date is on record: as "ever", never
    as recent; the others do not, because children break their wrists, too. Without such a code, and unless the text says that
    the energy was low (which outweighs a transport accident near that date), it is presumed, and the card asks to confirm it. A
    fracture coded as osteoporotic after such a tumor counts, and the card says so. Refuted entries do not count; resolved ones
    do.

    Never: skull, face, cervical spine, fingers, toes; stress, atypical and neoplastic fractures, unless coded as osteoporotic.
    An ICD-10-CM 7th character for subsequent care (D, G, K, P, S) does not indicate a new fracture. Entries for one site within
    {one-fracture-days} days, and an undated entry, are the same fracture, dated by the first; left and right, or thoracic and
    lumbar, are two fractures, and an entry without side, level or site matches any; one that names several vertebrae is as
    many. From {rebound-from-months} to {rebound-to-months} months after denosumab, when several vertebrae may break, a
    vertebral entry {rebound-apart-days} days or more after another is another fracture.

    Entries later than the given day are left out. Newest first, undated last.
    """
    return _events(numbers, entries, today, lambda entry: _fracture(numbers, entry, problems, patient, today), rebounds)


def at_young_age(
    numbers: Numbers,
    entries: Iterable[FractureEntry],
    problems: Mapping[str, tuple[Problem, ...]],
    patient: Patient,
    today: date,
) -> tuple[Fracture, ...]:
    """Fractures of a vertebra or a long bone (hip, proximal humerus, distal forearm, a shaft) of an adult under {t-group-years}
    that nothing explains: by the rules of ``fragility`` for high energy and bone tumors. A long bone whose part is not told may
    be the one that another entry of {one-fracture-days} days tells; near an atypical fracture of the femur it may be that one.
    Newest first."""
    first, last = numbers.adult_years, numbers.t_group_years

    def unexplained(entry: FractureEntry) -> Fracture | None:
        age = patient.age_on(entry.when) if entry.when else None
        young = age is not None and first <= age < last
        atypical = entry.site == "long-bone" and _near(entry.when, problems, _ATYPICAL, days=numbers.one_fracture_days)
        return _explained_by_nothing(numbers, entry, problems) if young and entry.site in YOUNG_SITES and not atypical else None

    return _events(numbers, entries, today, unexplained, vague=LONG_BONES)


def _events(
    numbers: Numbers,
    entries: Iterable[FractureEntry],
    today: date,
    counted: Callable[[FractureEntry], Fracture | None],
    rebounds: Sequence[tuple[date, date]] = (),
    vague: frozenset[str] = frozenset(),
) -> tuple[Fracture, ...]:
    """The fractures that count up to ``today``, entries of one event combined; newest first, undated last. ``vague``: sites of
    which "long-bone" may be any."""
    events: list[Fracture] = []
    for entry in sorted(
        (e for e in entries if not e.subsequent), key=lambda e: (e.when is None, e.when or today, not e.osteoporotic, e.site)
    ):
        if entry.when is not None and entry.when > today:
            continue
        fracture = counted(entry)
        if fracture is None:
            continue
        same = next((i for i, other in enumerate(events) if _same_event(numbers, other, fracture, rebounds, vague)), None)
        if same is None:
            events.append(fracture)
        else:
            events[same] = _joined(events[same], fracture)
    return tuple(sorted(events, key=lambda f: f.when or date.min, reverse=True))


def _fracture(
    numbers: Numbers, entry: FractureEntry, problems: Mapping[str, tuple[Problem, ...]], patient: Patient, today: date
) -> Fracture | None:
    """The entry as a fragility fracture, or None if it is not one (or cannot be known to be one)."""
    if not entry.osteoporotic:
        age = patient.age_on(entry.latest or entry.when or today)
        sites = FRAGILITY_SITES if entry.when else MAJOR_SITES
        if entry.site not in sites or age is None or age < numbers.fragility_age_years:
            return None
    return _explained_by_nothing(numbers, entry, problems)


def _explained_by_nothing(
    numbers: Numbers, entry: FractureEntry, problems: Mapping[str, tuple[Problem, ...]]
) -> Fracture | None:
    """The entry as a fracture, unless high energy or a bone tumor explains it and its code does not say osteoporotic."""
    if not entry.osteoporotic:
        hard = _near(entry.when, problems, _HIGH_ENERGY, days=numbers.high_energy_window_days) and not entry.low_energy
        if hard or _after_tumor(entry.when, problems):
            return None
    after = _after_tumor(entry.when, problems)
    presumed = not (entry.osteoporotic or entry.low_energy)
    return Fracture(
        entry.site,
        entry.when,
        entry.source,
        entry.part,
        presumed,
        after,
        entry.latest,
        entry.level,
        entry.from_text,
        entry.several,
    )


def _near(day: date | None, problems: Mapping[str, tuple[Problem, ...]], keys: Iterable[str], *, days: int) -> bool:
    """Whether one of these problems is on record near that day; any of them may have been near a day that is not known."""
    found = [p.when for key in keys for p in problems.get(key, ())]
    return bool(found) if day is None else any(abs((when - day).days) <= days for when in found if when)


def _after_tumor(day: date | None, problems: Mapping[str, tuple[Problem, ...]]) -> bool:
    """Whether it happened at or after the onset of a bone tumor; an undated tumor may already have been present."""
    tumors = [p for key in _BONE_TUMORS for p in problems.get(key, ())]
    return any(p.when is None or day is None or day >= p.when for p in tumors)


def _same_event(
    numbers: Numbers, one: Fracture, other: Fracture, rebounds: Sequence[tuple[date, date]], vague: frozenset[str]
) -> bool:
    sites = {one.site, other.site}
    if len(sites) > 1 and "unspecified" not in sites and not ("long-bone" in sites and sites <= vague):
        return False
    if one.part and other.part and one.part != other.part:
        return False
    if one.when is None or other.when is None:
        return True  # an undated history entry describes a fracture that is already on record
    first, second = sorted(((f.when, f.at_latest or f.when) for f in (one, other) if f.when), key=lambda days: days[0])
    apart = (second[0] - first[1]).days
    if one.site == "vertebra" and any(begin <= second[0] <= end for begin, end in rebounds):
        return apart < numbers.rebound_apart_days
    return apart <= numbers.one_fracture_days


def _joined(first: Fracture, second: Fracture) -> Fracture:
    """Two entries of one event combined: the first date (an exact one in preference to a year or month), the named site, and
    "osteoporotic" if either says so."""
    named = second if first.site in ("unspecified", "long-bone") else first
    dated = min((f for f in (first, second) if f.when), key=lambda f: (f.latest is not None, f.when), default=first)
    return Fracture(
        named.site,
        dated.when,
        first.source,
        first.part or second.part,
        presumed=first.presumed and second.presumed,
        after_bone_tumor=first.after_bone_tumor and second.after_bone_tumor,
        latest=dated.latest,
        level=", ".join(dict.fromkeys(f"{first.level}, {second.level}".strip(", ").split(", "))),
        from_text=first.from_text and second.from_text,
        several=first.several or second.several,
    )


def vertebrae(fractures: Iterable[Fracture]) -> int:
    """How many vertebrae these fractures are: one that names T12 and L1 is two, and so is one of several without their names. A
    vertebra that is named in two of them counts once, unless there are fewer names than fractures."""
    broken = [f for f in fractures if f.site == "vertebra"]
    names = {name for f in broken for name in f.level.split(", ") if name}
    unnamed = sum(2 if f.several else 1 for f in broken if not f.level)
    return max(len(broken), len(names) + unnamed)


def counted(fractures: Sequence[Fracture]) -> int:
    """How many fractures they are, of vertebrae as above."""
    return vertebrae(fractures) + sum(1 for f in fractures if f.site != "vertebra")
