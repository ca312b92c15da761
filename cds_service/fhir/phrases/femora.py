"""Signs of a cracking femur, however a report words them ("左股骨中上段外侧皮质局限性增厚", "beaking of the lateral cortex of
the right femur"): the lateral cortex thickened or beaked, a stress reaction, an incomplete fracture. Not of neck, head. And the
pain that comes before them, however a patient words it ("右大腿前外侧隐痛3周", "aching in the right thigh")."""

from __future__ import annotations

import re

LESION, STRESS, PAIN = "femur-lesion", "stress-fracture+femur-lesion", "thigh-pain"
_STRESS = re.compile(r"应力性?骨折|stress fracture")
_GAP = r"[^,;。.未无不内颈头变]"
_ZH = (
    rf"股骨{_GAP}{{0,10}}皮质{_GAP}{{0,8}}?(?:增厚|鸟嘴|鸟喙|喙状|喙样|隆起|横行)"
    rf"|股骨{_GAP}{{0,8}}?(?:应力性?(?:骨折|反应|改变)|不(?:完)?全性?骨折)"
)
_BONE = r"(?:femur|femoral|femora|subtrochanteric)"
_WORDS = r"(?:(?!neck|head|medial|\bnot?\b|without)[a-z:, -]){0,45}?"
_THICK = r"(?:thickening|beaking|flaring|stress reaction)"
_EN = (
    rf"(?<![a-z])(?<!medial )(?:cortical|cortex|periosteal|lateral)\b{_WORDS}\b{_THICK}\b{_WORDS}\b{_BONE}\b"
    rf"|(?<![a-z]){_THICK}\b{_WORDS}\bcortex\b{_WORDS}\b{_BONE}\b"
    rf"|(?<![a-z])(?:beaking|stress (?:fracture|reaction))\b{_WORDS}\b{_BONE}\b(?! (?:neck|head))"
    rf"|(?<![a-z]){_BONE}\b{_WORDS}\b(?:cortical|cortex|periosteal)\b{_WORDS}\b{_THICK}\b"
    rf"|(?<![a-z]){_BONE}\b{_WORDS}\b{_THICK}\b{_WORDS}\bcortex\b"
    rf"|(?<![a-z]){_BONE}\b{_WORDS}\b(?:beaking|(?:stress|incomplete|insufficiency) (?:fracture|reaction))\b"
)
_SIGN = re.compile(f"{_ZH}|{_EN}")
_ACHE = r"(?:疼痛|[酸隐胀刺钝剧闷疼]痛|痛|不适|酸胀)"
_THIGH = r"(?:大腿|腹股沟|股(?=[前外内部上中下]))"
_PLACE = r"(?:根部|[前后内外上中下]{1,3}侧?|近端|远端|中段|[侧部处区]|持续性?|反复|间断|活动[时后]|行走[时后]|负重[时后]){0,4}"
_ACHES = r"(?:pain|aches?|aching|discomfort|soreness)"
_SORE = re.compile(
    rf"{_THIGH}{_PLACE}{_ACHE}(?!觉)"
    rf"|(?<![a-z])(?:thigh|groin|femoral shaft)s? {_ACHES}\b"
    rf"|(?<![a-z]){_ACHES} (?:in|of|over) (?:(?:the|both|left|right|upper|lower|mid|outer|lateral|anterior) ){{0,3}}"
    r"(?:thigh|groin)s?\b"
)


def cracking(text: str) -> list[tuple[str, int, int]]:
    """Where folded ``text`` names such a sign, and of which kind.

    >>> cracking("左股骨干外侧骨皮质局限性增厚"), cracking("左股骨颈不全骨折"), cracking("股骨外侧皮质未见增厚")
    ([('femur-lesion', 1, 14)], [], [])
    >>> cracking("stress fracture of the right femur"), cracking("thickening of the bladder wall")
    ([('stress-fracture+femur-lesion', 0, 34)], [])
    """
    return [(STRESS if _STRESS.search(found[0]) else LESION, found.start(), found.end()) for found in _SIGN.finditer(text)]


def aching(text: str) -> list[tuple[str, int, int]]:
    """Where folded ``text`` names a pain of the thigh or the groin.

    >>> aching("右大腿前外侧隐痛3周"), aching("aching in the right thigh"), aching("股骨头坏死"), aching("大腿肌肉拉伤")
    ([('thigh-pain', 1, 8)], [('thigh-pain', 0, 25)], [], [])
    """
    return [(PAIN, found.start(), found.end()) for found in _SORE.finditer(text)]
