"""DiagnosticReports: what they conclude is read, by code and in words; what cannot be read is never nothing."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from cards.chart import Chart
from cards.definitions.density import bmd_known, unknown_bmd
from cards.vocabulary import Site
from cds_service.fhir.phrases import LONGEST_REPORT
from cds_service.fhir.reading.limits import REPORTS
from tests.fhir.conftest import LOINC, SNOMED, Reader, Resource, concept, observation

DXA = concept(LOINC, "38268-9", text="DXA of lumbar spine and hip")
SPINE = concept(text="胸腰椎正侧位X线片")


def report(conclusion: str | None = None, /, *, code: Resource = DXA, on: str = "2025-12-01", **more: Any) -> Resource:
    return {
        "resourceType": "DiagnosticReport",
        "id": more.pop("id", "r"),
        "status": "final",
        "code": code,
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": on,
        **({"conclusion": conclusion} if conclusion is not None else {}),
        **more,
    }


def plain(text: str, *, kind: str = "text/plain", code: str = "utf-8") -> list[Resource]:
    return [{"contentType": kind, "data": b64encode(text.encode(code)).decode()}]


def told(chart: Chart) -> list[tuple[Site | None, float]]:
    return sorted((m.site, m.value) for m in chart.values("t-score"))


SAID = "腰椎L1-L4 T值：-3.1；左股骨颈T值：-2.6"
READ = [(Site.FEMORAL_NECK, -2.6), (Site.LUMBAR_SPINE, -3.1)]


@pytest.mark.parametrize(
    "found",
    [
        report(SAID),
        report(presentedForm=plain(SAID)),
        report(presentedForm=plain(SAID, kind="text/plain; charset=GBK", code="gbk")),
        report(SAID, presentedForm=plain(SAID)),
        report(SAID, status="amended"),
        report(SAID, code=concept(text="检查报告")),
    ],
)
def test_bone_density_in_words(chart_of: Reader, found: Resource) -> None:
    chart, trace = chart_of(found)
    assert told(chart) == READ
    assert {m.source for m in chart.values("t-score")} == {"DiagnosticReport/r"}
    assert all(m.from_text for m in chart.values("t-score"))
    assert trace.used["t-score"] == 2
    assert unknown_bmd(chart) is None


@pytest.mark.parametrize(
    "found",
    [
        report(),
        report("骨质疏松"),
        report("T值≤-2.5为骨质疏松"),
        report("T-score -3.1"),
        report("L1-L4 BMD 0.81 g/cm2"),
        report("Compared with 2021: L1-L4 T -2.1"),
        report(presentedForm=plain(SAID, kind="application/pdf")),
        report(presentedForm=[{"contentType": "text/plain", "data": "?"}]),
        report(presentedForm=plain(SAID, code="gbk")),
        report("。" * LONGEST_REPORT + SAID),
    ],
)
def test_a_report_of_bone_density_that_cannot_be_read_is_measured_and_not_known(chart_of: Reader, found: Resource) -> None:
    chart, _ = chart_of(found)
    assert not bmd_known(chart)
    unknown = unknown_bmd(chart)
    assert unknown is not None
    assert unknown.source == "DiagnosticReport/r"
    assert "result-unread" in {aside.reason for aside in chart.left_out("t-score")}


def test_reports_beyond_what_is_read_in_one_call_are_said(chart_of: Reader) -> None:
    filler = "。" * (LONGEST_REPORT - len(SAID)) + SAID
    many = [report(filler, id=f"r{number}") for number in range(REPORTS // LONGEST_REPORT + 1)]
    chart, _ = chart_of(*many)
    assert [aside.source for aside in chart.set_aside if aside.reason == "too-long"] == [f"DiagnosticReport/r{len(many) - 1}"]


def test_of_more_fractures_than_any_report_names_the_rest_is_said(chart_of: Reader) -> None:
    whole, _ = chart_of(report("无骨折," * 300))
    more, _ = chart_of(report("无骨折," * 301))
    assert ["too-long" in {aside.reason for aside in chart.set_aside} for chart in (whole, more)] == [False, True]


def test_what_is_longer_than_is_read_is_said(chart_of: Reader) -> None:
    long, _ = chart_of(report("。" * LONGEST_REPORT + SAID))
    assert "too-long" in {aside.reason for aside in long.set_aside}
    whole, _ = chart_of(report("。" * (LONGEST_REPORT - len(SAID)) + SAID))
    assert told(whole) == READ
    assert whole.set_aside == ()


@pytest.mark.parametrize(
    "found",
    [
        report(SAID, status="preliminary"),
        report(SAID, status="entered-in-error"),
        report(SAID, subject={"reference": "Patient/other"}),
        report(SAID, on="2030-01-01"),
        report(SAID, code=concept(text="超声骨密度")),
        {**report(SAID), "effectiveDateTime": None},
    ],
)
def test_a_report_that_does_not_count_tells_nothing(chart_of: Reader, found: Resource) -> None:
    chart, _ = chart_of(found)
    assert told(chart) == []


def test_a_report_of_no_day_that_concludes_something_is_set_aside(chart_of: Reader) -> None:
    undated, _ = chart_of({**report(SAID), "effectiveDateTime": None})
    assert {aside.reason for aside in undated.set_aside} == {"no-date"}
    empty, _ = chart_of({**report(), "effectiveDateTime": None})
    assert empty.set_aside == ()


@pytest.mark.parametrize("broken", [{"conclusion": 7}, {"conclusion": {}}, {"presentedForm": 7}, {"conclusionCode": "x"}])
def test_what_is_of_a_wrong_type_is_set_aside(chart_of: Reader, broken: dict[str, Any]) -> None:
    chart, _ = chart_of({**report(code=SPINE), **broken})
    assert "unreadable" in {aside.reason for aside in chart.set_aside}


def test_results_beside_a_report_answer_for_it(chart_of: Reader) -> None:
    result = observation("38267-1", -3.1, "{T-score}", on="2025-11-28")
    chart, _ = chart_of(report(), result)
    assert bmd_known(chart)
    assert chart.left_out("t-score") == ()
    later, _ = chart_of(report(on="2026-01-10"), result)
    assert later.left_out("t-score")


# -- other ways in which bone density was measured and is not known -----------------------------------------------------


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (report(), "report"),
        (observation("38267-1"), "scan"),
        (observation("38263-0", -2.4, "{T-score}"), "region"),
        (observation("24966-4", 0.8, "g/cm2"), "bmd"),
        (
            {
                "resourceType": "ServiceRequest",
                "id": "s",
                "status": "completed",
                "intent": "order",
                "code": DXA,
                "subject": {"reference": "Patient/p"},
                "authoredOn": "2025-12-01",
            },
            "scan",
        ),
    ],
)
def test_measured_and_not_known(chart_of: Reader, found: Resource, why: str) -> None:
    chart, _ = chart_of(found)
    unknown = unknown_bmd(chart)
    assert unknown is not None
    assert unknown.why == why
    known, _ = chart_of(found, observation("38267-1", -1.0, "{T-score}", on="2020-01-01", id="old"))
    assert unknown_bmd(known) is None


@pytest.mark.parametrize("found", [observation("38266-3"), observation("38265-5")])
def test_heel_and_forearm_without_a_value_are_no_bone_density(chart_of: Reader, found: Resource) -> None:
    chart, _ = chart_of(found)
    assert unknown_bmd(chart) is None


# -- conclusions by code, fractures in words ----------------------------------------------------------------------------


def test_a_coded_conclusion_is_a_condition_that_the_report_dates(chart_of: Reader) -> None:
    codes = [concept(SNOMED, "64859006"), concept(SNOMED, "207957008", "Compression fracture of thoracic spine")]
    chart, _ = chart_of(report(code=SPINE, conclusionCode=codes))
    (found,) = chart.problems["osteoporosis"]
    assert (found.source, found.recorded and found.recorded.isoformat()) == ("DiagnosticReport/r", "2025-12-01")
    (broken,) = chart.fractures
    assert (broken.site, broken.part, broken.when and broken.when.isoformat()) == ("vertebra", "thoracic", "2025-12-01")


@pytest.mark.parametrize(
    ("text", "level", "past"),
    [
        ("T12椎体压缩性骨折", "T12", False),
        ("Compression fracture of T12, 40% height loss.", "T12", False),
        ("胸12、腰1椎体压缩骨折", "T12, L1", False),
        ("L1椎体陈旧性压缩性骨折", "L1", True),
        ("L2 vertebral compression fracture. L1-L4 T-score -3.1", "L2", False),
    ],
)
def test_a_vertebral_fracture_in_words(chart_of: Reader, text: str, level: str, past: bool) -> None:
    chart, _ = chart_of(report(text, code=SPINE))
    (broken,) = chart.fractures
    assert (broken.site, broken.level, broken.from_text) == ("vertebra", level, True)
    assert (broken.when is None) == past, "an old one happened on no day that the film tells"


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("未见椎体骨折", False),
        ("No acute fracture.", False),
        ("胸腰椎未见明显异常", False),
        ("T12压缩性骨折", False),
        ("T12压缩性骨折？", True),
        ("退行性变", True),
        ("", True),
    ],
)
def test_a_report_of_the_spine_answers_where_it_speaks_of_fractures_or_finds_nothing(
    chart_of: Reader, text: str, unread: bool
) -> None:
    chart, _ = chart_of(report(text, code=SPINE))
    done = chart.done("vertebral-imaging")
    assert done is not None
    assert done.unread is unread


def test_a_fracture_of_code_and_words_is_one_and_is_no_longer_words_alone(chart_of: Reader) -> None:
    code = [concept(SNOMED, "207957008", "Compression fracture of thoracic spine")]
    chart, _ = chart_of(report("Compression fracture of T12", code=SPINE, conclusionCode=code))
    (broken,) = chart.fractures
    assert (broken.level, broken.from_text) == ("T12", False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("左侧股静脉血栓形成", {"venous-thromboembolism"}),
        ("临床诊断：深静脉血栓？所见：双下肢深静脉血流通畅", set()),
        ("检查目的：骨转移。结论：未见明显异常", set()),
        ("检查目的：骨转移 所见：L3椎体多发骨转移瘤", {"bone-metastasis"}),
        ("前列腺癌，评估骨转移情况", set()),
        ("Indication: stroke. Findings: unremarkable", set()),
        ("Evaluate for bone metastasis. None seen.", set()),
        ("右侧额叶脑梗死后遗改变", {"stroke"}),
        ("既往妊娠剖宫产史", set()),
        ("宫内早孕", {"pregnancy"}),
        ("血栓风险评估：DVT高风险", set()),
    ],
)
def test_what_forbids_a_drug_is_read_in_a_report_and_what_it_was_asked_is_not(
    chart_of: Reader, text: str, found: set[str]
) -> None:
    chart, _ = chart_of(report(text, code=concept(text="检查报告")))
    told_of = {"venous-thromboembolism", "bone-metastasis", "stroke", "pregnancy"}
    assert told_of & chart.problems.keys() == found


@pytest.mark.parametrize(
    ("text", "open_ones"),
    [
        ("全身多发活跃灶，考虑多发骨转移", ["bone-metastasis"]),
        ("骨转移待排", ["bone-metastasis"]),
        ("骨转移？复查后未见骨转移", []),
        ("考虑脑梗死", []),  # it forbids two drugs only, and a suspicion forbids none
    ],
)
def test_a_report_that_suspects_what_comes_before_any_drug_leaves_it_open(
    chart_of: Reader, text: str, open_ones: list[str]
) -> None:
    chart, _ = chart_of(report(text, code=concept(text="检查报告")))
    assert [each.key for each in chart.set_aside if each.reason == "doubtful"] == open_ones


@pytest.mark.parametrize("own_day", [True, False])
def test_a_report_is_read_with_the_results_that_it_carries(chart_of: Reader, *, own_day: bool) -> None:
    result = {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": concept(text="血清钙"),
        "valueQuantity": {"value": 1.8, "unit": "mmol/L"},
        **({"effectiveDateTime": "2025-11-30"} if own_day else {}),
    }
    carried = {"contained": [result], "result": [{"reference": "#o"}]}
    chart, _ = chart_of(report(code=concept(text="生化全套"), **carried))
    assert [(m.value, str(m.when)) for m in chart.values("calcium")] == [
        (pytest.approx(7.21, abs=0.02), "2025-11-30" if own_day else "2025-12-01")
    ]
    chart, _ = chart_of(report(code=concept(text="生化全套"), **carried) | {"status": "preliminary"})
    assert not chart.values("calcium")


@pytest.mark.parametrize("site", ["右股骨颈", "Right femoral neck", "femoral neck"])
def test_a_fracture_stands_where_its_site_says(chart_of: Reader, site: str) -> None:
    found = {
        "resourceType": "Condition",
        "id": "c",
        "subject": {"reference": "Patient/p"},
        "code": concept(text="骨折" if site[0] == "右" else "Fracture"),
        "bodySite": [concept(text=site)],
        "onsetDateTime": "2025-12-01",
    }
    chart, _ = chart_of(found)
    assert [each.site for each in chart.fractures] == ["hip"]


@pytest.mark.parametrize(("note", "sites"), [("腰1椎体压缩性骨折", ["vertebra"]), ("右手食指", [])])
def test_or_where_its_note_says(chart_of: Reader, note: str, sites: list[str]) -> None:
    found = {
        "resourceType": "Condition",
        "id": "c",
        "subject": {"reference": "Patient/p"},
        "code": concept(text="骨折"),
        "note": [{"text": note}],
        "onsetDateTime": "2025-12-01",
    }
    chart, _ = chart_of(found)
    assert [each.site for each in chart.fractures] == sites
