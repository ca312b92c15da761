"""What people write, read: one spelling, names, what is said of each of them, and the words that decided.

``Phrases.read(text)`` gives the mentions of a text. The grammar is data beside this file: ``modifiers.tsv``, ``bones.tsv``,
``contexts.tsv``, ``simplified.tsv``; names come from the terminology. No text costs more than linear time.
"""

from cds_service.fhir.phrases.characters import LONGEST, LONGEST_REPORT, fold
from cds_service.fhir.phrases.mentions import Bone, Mention, Verdict
from cds_service.fhir.phrases.names import Found, Names, Stems
from cds_service.fhir.phrases.reader import Phrases

__all__ = ["LONGEST", "LONGEST_REPORT", "Bone", "Found", "Mention", "Names", "Phrases", "Stems", "Verdict", "fold"]
