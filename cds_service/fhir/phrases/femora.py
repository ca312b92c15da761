"""Signs of a cracking femur, however a report words them ("左股骨中上段外侧皮质局限性增厚", "beaking of the lateral cortex of
the right femur"): the lateral cortex thickened or beaked, a stress reaction, an incomplete fracture. Not of neck, head."""

from __future__ import annotations

import re

LESION, STRESS = "femur-lesion", "stress-fracture+femur-lesion"
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


def cracking(text: str) -> list[tuple[str, int, int]]:
    """Where folded ``text`` names such a sign, and of which kind.

    >>> cracking("左股骨干外侧骨皮质局限性增厚"), cracking("左股骨颈不全骨折"), cracking("股骨外侧皮质未见增厚")
    ([('femur-lesion', 1, 14)], [], [])
    >>> cracking("stress fracture of the right femur"), cracking("thickening of the bladder wall")
    ([('stress-fracture+femur-lesion', 0, 34)], [])
    """
    return [(STRESS if _STRESS.search(found[0]) else LESION, found.start(), found.end()) for found in _SIGN.finditer(text)]
