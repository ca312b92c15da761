"""The outcome of what no reader understood: it is clearly something else, or it might be relevant but this cannot be
determined.

A resource is *not ours* if it has a readable name, or a code from a public system, that is known or clearly something else. It
is *unread* if it has neither, or if its name suggests something the rules use. A unit or a category alone suggests nothing.
"""

from __future__ import annotations

import re

from cds_service.fhir.phrases import LONGEST, fold
from cds_service.fhir.reading import elements
from cds_service.fhir.reading.by_name import called
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.terminology.codes import Terminology
from cds_service.fhir.terminology.systems import PUBLIC, system_of

UNNAMED = "no-name"
LOCAL = "local-code"
UNKNOWN = "unknown-code"
NOT_UNDERSTOOD = "not-understood"
UNRESOLVED = "unresolved-reference"
WHYS = (UNNAMED, LOCAL, UNKNOWN, NOT_UNDERSTOOD, UNRESOLVED)
"""Why something is unread: it has neither name nor code; only codes of a system that nobody else knows; only a code of a public
system that is in none of the tables; a name or a code that points to something of ours; a reference that leads nowhere."""

_READABLE = re.compile(r"[^\W\d_]{2}|[㐀-鿿]")
_ATC = re.compile(r"[A-Z]\d\d[A-Z]{2}\d\d")
_ICD = re.compile(r"[A-Z]\d[0-9A-Z]")
_WHOLE = frozenset({"icd10pcs", "icd9"})
_LISTED = frozenset({"cpt", "hcpcs"})  # what of these is ours is a short list, and all of it is in the tables
_MEASURES = re.compile(
    r"(?a)\bt[ -]?(score|值|评分)|\bz[ -]?(score|值|评分)|\bbmd\b|bone (mineral )?density|骨密度|骨量|dxa|dexa"
    r"|\bfrax|\begfr\b|肾小球滤过率|glomerular filtration|25[- ]?\(?(oh|hydroxy|羟)|β-?ctx|\bp1np\b|胶原.{0,6}(肽|前肽)"
)
"""Names that say that something of ours was measured, wherever they stand."""
_PROBLEMS = re.compile(
    r"(?a)\bosteop[oe]r|骨质.松|(?<!乳头)(?<!乳房)(?<!mammary )\bpaget(?!.{0,30}(breast|nipple|vulva|乳|阴))"
    r"|(?:^|[^\x00-\x7f]|[?(])(?:aff|mm|pe)\b(?! tube)"
    r"|楔形变|楔变|压缩性?(改变|变形|变扁)|椎体变扁|wedge deformity|\bvertebral (wedging|deformity)"
    r"|acute coronary syndrome|急性冠脉综合征"
)
"""Names that may mean one of our problems and cannot be told: misspelled, or an abbreviation with other meanings, too."""
_LOCAL_MEASURES = re.compile(r"肌酐|血钙|总钙|creatinine|scr\b|^ca$|^钙$|albumin|白蛋白|甲状旁腺激素|\bi?pth\b")
"""The same for a result without a public code, unless it is of another specimen."""
_OTHER_SPECIMEN = re.compile(r"urin|尿|csf|脑脊液|fluid|胸水|腹水|钙素|clearance|清除|ratio|比值|微量")


def why_unread(concept: elements.Concept | None, terminology: Terminology) -> str:
    """Why something in no table might still be relevant: one of ``WHYS``; "" if it is clearly something else."""
    return UNNAMED if concept is None else terminology.recall("unread", concept, _why_unread)


def why_unread_drug(concept: elements.Concept | None, terminology: Terminology) -> str:
    """The same for a medication. The name of a class, without the drug, points to ours."""
    return UNNAMED if concept is None else terminology.recall("unread drug", concept, _why_unread_drug)


def why_unread_condition(concept: elements.Concept | None, terminology: Terminology) -> str:
    """The same for a condition: its name may mean one of our problems."""
    return UNNAMED if concept is None else terminology.recall("unread condition", concept, _why_unread_condition)


def why_unread_result(concept: elements.Concept | None, terminology: Terminology) -> str:
    """The same for a result: its name may say that something of ours was measured."""
    return UNNAMED if concept is None else terminology.recall("unread result", concept, _why_unread_result)


def _why_unread(concept: elements.Concept, terminology: Terminology) -> str:
    if _is_named(concept):
        return ""
    codings = [(system_of(c.system) if c.system else "", c.code) for c in elements.codings(concept) if c.code]
    if not codings:
        return UNNAMED
    judged = {_of_code(system, code, terminology) for system, code in codings}
    return "" if "" in judged else next(why for why in WHYS if why in judged)


def _why_unread_drug(concept: elements.Concept, terminology: Terminology) -> str:
    if terminology.drug(concept):
        return ""  # known, and known to be no drug of ours
    text = fold(wording(concept))
    if text and not terminology.drug_names.find(text) and _is_class_or_unclear(text, terminology):
        return NOT_UNDERSTOOD
    return _why_unread(concept, terminology)


def _is_class_or_unclear(text: str, terminology: Terminology) -> bool:
    """Whether it names a class, or a product of which is known that it is for bone, and not what is in it; or is written like a
    drug for bone, and is none that is known."""
    if terminology.class_names.find(text) or terminology.unclear_names.find(text):
        return True
    return terminology.drug_stems.begin(text) and not terminology.drug_names.knows(text)


def _why_unread_condition(concept: elements.Concept, terminology: Terminology) -> str:
    if any(terminology.condition(coding) is not None for coding in elements.codings(concept)):
        return ""
    if terminology.may_be_a_problem(fold(wording(concept)), _PROBLEMS):
        return NOT_UNDERSTOOD
    return _why_unread(concept, terminology)


def _why_unread_result(concept: elements.Concept, terminology: Terminology) -> str:
    text = fold(wording(concept))
    label = called(concept, terminology)
    if label.other:
        return ""
    if label.senses or label.refused:
        return NOT_UNDERSTOOD  # neither unit nor value fit what it is called, or it is a look-alike
    public = any(system_of(c.system) in PUBLIC for c in elements.codings(concept) if c.system and c.code)
    if text and not _OTHER_SPECIMEN.search(text):
        patterns = (_MEASURES,) if public else (_MEASURES, _LOCAL_MEASURES)
        if any(pattern.search(text) for pattern in patterns):
            return NOT_UNDERSTOOD
    return _why_unread(concept, terminology)


def _is_named(concept: elements.Concept) -> bool:
    """Whether there is a name that people can read: letters, and not only the code once more."""
    codes = {coding.code for coding in elements.codings(concept)}
    said = (concept.text, *(coding.display for coding in concept.coding or ()))
    return any(each and each not in codes and _READABLE.search(each[:LONGEST]) for each in said)


def _of_code(system: str, code: str, terminology: Terminology) -> str:
    if system in _LISTED:
        return ""
    if system == "atc" and _ATC.fullmatch(code):
        return NOT_UNDERSTOOD if code[:5] in _atc_groups(terminology) else ""
    if (system in ("icd10", "icd10cm") and _ICD.match(code)) or system in _WHOLE:
        return ""  # those of ours are in the tables by prefix
    return UNKNOWN if system in PUBLIC else LOCAL


def _atc_groups(terminology: Terminology) -> frozenset[str]:
    """The chemical groups that hold drugs of ours."""
    return frozenset(code[:5] for system, code in terminology.drugs if system == "atc")
