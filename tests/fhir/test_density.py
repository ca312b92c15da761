"""Bone density in the words of reports: what is of this scan is read, with its site, and nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.vocabulary import ANALYTES, Site
from cds_service.fhir.phrases import LONGEST_REPORT
from cds_service.fhir.phrases.density import scores

DAY = date(2026, 10, 1)
L, N, H = "lumbar-spine", "femoral-neck", "total-hip"


def read(text: str) -> list[tuple[str, str, float]]:
    """What is read, with a side and the first letter of what was measured."""
    return [(score.key[0], f"{score.side} {score.site}".strip(), score.value) for score in scores(text, DAY)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("腰椎L1-L4 T值：-3.1；左股骨颈T值：-2.6。诊断：骨质疏松。", [("t", L, -3.1), ("t", f"left {N}", -2.6)]),
        ("Lumbar spine L1-L4 T-score -3.1", [("t", L, -3.1)]),
        ("T = -3,1 (L1-L4)", [("t", L, -3.1)]),
        ("腰椎正位(L1~L4)：T值=-3.1", [("t", L, -3.1)]),
        ("腰1-4椎体 T值 -3.1", [("t", L, -3.1)]),
        ("腰椎骨密度减低，T值：-3.1，Z值：-1.0", [("t", L, -3.1), ("z", L, -1.0)]),
        ("L1-L4: BMD 0.812 g/cm2, T-score -3.1, Z-score -1.2", [("b", L, 0.812), ("t", L, -3.1), ("z", L, -1.2)]),
        ("L1-L4 骨密度 0.75g/cm² T-3.1 Z-1.2", [("b", L, 0.75), ("t", L, -3.1), ("z", L, -1.2)]),
        ("T-scores: lumbar spine -3.1, femoral neck -2.6, total hip -2.4", [("t", L, -3.1), ("t", N, -2.6), ("t", H, -2.4)]),
        ("T-scores of the lumbar spine and femoral neck were -3.1 and -2.6, respectively.", [("t", L, -3.1), ("t", N, -2.6)]),
        (
            "L1-4、左股骨颈、左全髋T值分别为-3.1、-2.6、-2.4",
            [("t", L, -3.1), ("t", f"left {N}", -2.6), ("t", f"left {H}", -2.4)],
        ),
        ("T-score -3.1 at the lumbar spine, -2.6 at the femoral neck", [("t", L, -3.1), ("t", N, -2.6)]),
        ("最低T值-3.1（左股骨颈）", [("t", f"left {N}", -3.1)]),
        ("Left hip: Neck T-score -2.6, Total T-score -2.4", [("t", f"left {N}", -2.6), ("t", f"left {H}", -2.4)]),
        ("脊柱T值-1.5，髋部T值-2.7", [("t", L, -1.5), ("t", H, -2.7)]),
        ("右侧股骨近端总 T值 -2.7", [("t", f"right {H}", -2.7)]),
        ("股骨T值 -3.0", [("t", "femur", -3.0)]),
        ("左前臂桡骨远端1/3 T值 -2.8", [("t", "left distal-radius", -2.8)]),
        ("T-score at L1-L4 (excluding L3): -3.1", [("t", L, -3.1)]),
        ("T-score of the lumbar spine (L1-L4) is -3.1 (85% of young adult)", [("t", L, -3.1)]),
        ("腰椎QCT骨密度 105.3 mg/cm³", [("q", L, 105.3)]),
        ("L1 78 mg/cm3, L2 74 mg/cm3, 腰椎BMD 76 mg/cm3", [("q", L, 76.0)]),
        ("Left hip, femoral neck: T-score -2.3", [("t", N, -2.3)]),
        ("腰椎T值负2.8", [("t", L, -2.8)]),
        ("Lumbar T score minus 2.8", [("t", L, -2.8)]),
        ("L2-L4 T-score +1.2", [("t", L, 1.2)]),
        ("L2-L4 T-score 0.4", [("t", L, 0.4)]),
        ("Lumbar spine:\nT-score: -3.1", [("t", L, -3.1)]),
    ],
)
def test_what_a_report_tells_of_bone_density(text: str, found: list[tuple[str, str, float]]) -> None:
    assert read(text) == found


@pytest.mark.parametrize("minus", ["-", "−", "－", "﹣", "–", "- "])
def test_every_minus_is_one(minus: str) -> None:
    assert read(f"腰椎T值：{minus}3.1") == [("t", L, -3.1)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("T值≤-2.5为骨质疏松", []),
        ("腰椎T值≤-2.5可诊断骨质疏松", []),
        ("腰椎T值-3.1，符合WHO标准(T值≤-2.5)", [("t", L, -3.1)]),
        ("T值-1.0~-2.5为骨量减少", []),
        ("L1-L4 T值-3.1~-2.8", []),
        ("T-score between -1.0 and -2.5 is osteopenia", []),
        ("T-score -2.5 or below is osteoporosis. L2-L4 T-score: -1.9", [("t", L, -1.9)]),
        ("腰椎T值-2.5及以下", []),
        ("Compared with 2021: L1-L4 T -2.1", []),
        ("上次腰椎T值-2.1", []),
        ("L1-L4 T-score -3.1, previously T-score -2.8", [("t", L, -3.1)]),
        ("L1-L4 T值 -3.1(2021年)", []),
        ("L1-L4 T-score -2.1 in 2021", []),
        ("腰椎 T值 -3.1 ，较2021年(-2.8)下降", [("t", L, -3.1)]),
        ("2021-05-03: L1-L4 T -2.1; 2026-10-01: L1-L4 T -3.1", [("t", L, -3.1)]),
        ("Lumbar spine:\nT-score: -3.1\nPrevious results:\nL1-L4 T -2.1\nNeck T -1.0", [("t", L, -3.1)]),
        ("T值 -3.1", []),
        ("T-score: -3.1", []),
        ("跟骨超声T值-3.1", [("t", "heel", -3.1)]),
        ("Whole body T-score -3.0", []),
        ("第1腰椎T值-3.3", []),
        ("L1 T -3.4, L2 T -3.0, L1-L4 T -2.2", [("t", L, -2.2)]),
        ("大转子T值-2.7", []),
        ("前臂T值-2.8", [("t", "forearm", -2.8)]),
        ("L1-L4椎体T值为3.1", []),
        ("腰椎、股骨颈T值分别为-3.1", []),
        ("L1-L4 BMD 0.812", []),
        ("T12 compression fracture, T2 weighted", []),
        ("腰椎T值 -31", []),
    ],
)
def test_what_is_not_of_this_scan_or_site_is_not_read(text: str, found: list[tuple[str, str, float]]) -> None:
    assert read(text) == found


@given(st.text(alphabet="TZ值腰椎L14股骨颈髋-−～~.,:：；。 0123456789()（）\n≤较与2021年", max_size=120))
def test_whatever_is_written_what_is_read_can_be_a_value_of_a_site(text: str) -> None:
    for score in scores(text, DAY):
        assert Site(score.site)
        assert score.key in ANALYTES
        assert score.key not in ("t-score", "z-score") or abs(score.value) <= 10


def test_no_more_is_read_than_a_report_may_hold() -> None:
    told = "腰椎T值：-3.1"
    assert scores("。" * (LONGEST_REPORT - len(told)) + told, DAY)
    assert scores("。" * LONGEST_REPORT + told, DAY) == []
