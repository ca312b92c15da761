"""The page of the worklist: who may see it, what it shows, what it keeps and where."""

from __future__ import annotations

import csv
import io
import logging
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.config import Settings
from tests.population.conftest import TODAY, patient, went, written

TOKEN = "a token of the administrators"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
OSTEOPOROSIS = ("problem osteoporosis since 2020-03-01", "T-score total-hip -2.8 on 2025-12-01")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over four patients, each with a gap of another kind, one without."""
    folder = tmp_path_factory.mktemp("population")
    some = [
        *patient("late", "Wang Late, female 72", *OSTEOPOROSIS, "denosumab given 2025-03-15, 2025-09-15"),
        *patient("broken", "Li Broken, female 80", "fracture hip on 2026-01-01"),
        *patient("review", "Chen Review, male 77", *OSTEOPOROSIS, "alendronate taken since 2019-06-01"),
        *patient("well", "Sun Well, female 40", "creatinine 0.8 mg/dL on 2026-01-01"),
    ]
    went(written(folder / "export", some), folder / "out")
    return folder


@pytest.fixture
def app(place: Path, tmp_path: Path) -> Iterator[Flask]:
    url = f"sqlite:///{tmp_path}/store.db"
    told = {"CDS_DATABASE_URL": url, "CDS_POPULATION": place / "out", "CDS_ADMIN_TOKEN": TOKEN, "CDS_TODAY": TODAY}
    app = create_app(Settings.model_validate(told))
    app.extensions["store"].start()
    yield app
    app.extensions["store"].close()


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    return app.test_client()


def seen(http: FlaskClient, address: str = "/worklist") -> str:
    answer = http.get(address, headers=RIGHT)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin", "the browser says of a form where it comes from"
    return answer.text


def names(text: str) -> list[str]:
    return re.findall(r">(\w+ (?:Late|Broken|Review|Well))<", text)


def key_of(text: str, name: str) -> str:
    found = re.search(rf'/worklist/patients/(\w+)\?[^"]*">{name}<', text)
    assert found
    return found[1]


def test_nobody_sees_it_without_the_token(http: FlaskClient) -> None:
    for address in ("/worklist", "/worklist/worklist.csv", "/worklist/patients/x", "/worklist/patients/x/picture"):
        assert http.get(address).status_code == 401
    assert http.post("/worklist/state").status_code == 401


def test_a_worklist_without_a_token_stops_the_start(place: Path) -> None:
    with pytest.raises(ValueError, match="CDS_ADMIN_TOKEN: is required with CDS_POPULATION"):
        Settings.model_validate({"CDS_POPULATION": place / "out"})


def test_the_list_is_in_its_order_and_names_nobody_who_needs_nothing(http: FlaskClient) -> None:
    text = seen(http)
    assert names(text) == ["Wang Late", "Li Broken", "Chen Review"]
    assert "overdue by 92 days" in text
    assert "165 days ago" in text


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        ("gap=fracture-untreated", ["Li Broken"]),
        ("sort=name", ["Chen Review", "Li Broken", "Wang Late"]),
        ("state=arranged", []),
        ("gap=nonsense&sort=nonsense&state=nonsense&page=-1", ["Wang Late", "Li Broken", "Chen Review"]),
    ],
)
def test_it_is_filtered_and_sorted(http: FlaskClient, terms: str, found: list[str]) -> None:
    assert names(seen(http, f"/worklist?{terms}")) == found


@pytest.mark.parametrize(
    ("search", "found"),
    [("wang", ["Wang Late"]), ("REVIEW", ["Chen Review"]), ("late", ["Wang Late"]), ("nobody", [])],
)
def test_a_name_is_searched_for_and_stands_in_no_address(http: FlaskClient, search: str, found: list[str]) -> None:
    answer = http.post("/worklist", data={"search": search}, headers=RIGHT)
    assert (answer.status_code, names(answer.text)) == (200, found)
    addresses = " ".join(re.findall(r'(?:href|action|formaction)="([^"]*)"', answer.text))
    assert search.casefold() not in addresses.casefold()
    assert len(names(seen(http, f"/worklist?search={search}"))) == 3, "an address that names somebody is not obeyed"


def test_whoever_sets_the_state_of_somebody_searched_for_sees_that_line_again(http: FlaskClient) -> None:
    key = key_of(seen(http), "Li Broken")
    form = {"key": key, "gap": "fracture-untreated", "state": "reached", "at-search": "1", "at-sort": "name"}
    goal = http.post("/worklist/state", data=form, headers=RIGHT).headers["Location"]
    assert goal == f"/worklist?sort=name&line={key}&row=3#{key}"
    assert names(seen(http, goal)) == ["Li Broken"]


def test_a_filter_without_a_name_is_an_address(http: FlaskClient) -> None:
    answer = http.post("/worklist?lang=zh", data={"gap": "dxa-due", "state": "reached", "search": " "}, headers=RIGHT)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/worklist?lang=zh&gap=dxa-due&state=reached&sort=gap"


def test_a_line_that_was_asked_for_by_another_gap_speaks_of_that_gap(http: FlaskClient) -> None:
    """In the page, in its order, in the sheet, and with its own state."""
    key = key_of(seen(http), "Li Broken")
    http.post("/worklist/state", data={"key": key, "gap": "dxa-due", "state": "arranged"}, headers=RIGHT)
    rows = list(csv.DictReader(io.StringIO(seen(http, "/worklist/worklist.csv?gap=dxa-due").removeprefix("\ufeff"))))
    told = {row["Name"]: (row["Care gap"], row["By"], row["State"]) for row in rows}
    assert told["Li Broken"] == ("DXA due", "", "Arranged")
    assert "Wang Late" not in told or told["Wang Late"][0] == "DXA due"


def test_it_is_in_chinese_too(http: FlaskClient) -> None:
    text = seen(http, "/worklist?lang=zh")
    assert "髋部或椎体骨折16周仍未治疗" in text
    assert "逾期92天" in text


def test_a_state_is_kept_and_exported_and_taken_away(http: FlaskClient) -> None:
    key = key_of(seen(http), "Li Broken")
    form = {"key": key, "gap": "fracture-untreated", "state": "declined", "reason": "cost", "at-sort": "name"}
    answer = http.post("/worklist/state", data=form, headers=RIGHT)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/worklist?sort=name#{key}")
    assert names(seen(http, "/worklist?state=declined")) == ["Li Broken"]
    rows = list(csv.DictReader(io.StringIO(seen(http, "/worklist/worklist.csv?state=declined").removeprefix("\ufeff"))))
    assert [(row["Name"], row["State"], row["Why declined"]) for row in rows] == [("Li Broken", "Declined", "Cost")]
    http.post("/worklist/state", data=form | {"state": ""}, headers=RIGHT)
    assert names(seen(http, "/worklist?state=declined")) == []


@pytest.mark.parametrize(
    "wrong", [{"state": "declined"}, {"state": "gone"}, {"gap": "dxa"}, {"key": "0"}, {"state": "declined", "reason": "none"}]
)
def test_a_state_that_is_none_is_refused(http: FlaskClient, wrong: dict[str, str]) -> None:
    form = {"key": key_of(seen(http), "Li Broken"), "gap": "fracture-untreated", "state": "reached"}
    assert http.post("/worklist/state", data=form | wrong, headers=RIGHT).status_code == 400


def test_a_state_cannot_be_set_from_another_page(http: FlaskClient) -> None:
    form = {"key": key_of(seen(http), "Li Broken"), "gap": "fracture-untreated", "state": "reached"}
    told = [{"Origin": "https://evil.example"}, {"Origin": "http://localhost:1"}, {"Sec-Fetch-Site": "cross-site"}]
    assert [http.post("/worklist/state", data=form, headers=RIGHT | each).status_code for each in told] == [403] * 3
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert http.post("/worklist/state", data=form, headers=RIGHT | own).status_code == 303


def test_a_state_of_one_dose_says_nothing_of_the_next(http: FlaskClient, place: Path, tmp_path: Path) -> None:
    key = key_of(seen(http), "Wang Late")
    http.post("/worklist/state", data={"key": key, "gap": "denosumab-overdue", "state": "arranged"}, headers=RIGHT)
    later = [*patient("late", "Wang Late, female 72", *OSTEOPOROSIS, "denosumab given 2025-03-15, 2025-10-15")]
    went(written(tmp_path / "export", later), tmp_path / "out")
    told = {"CDS_POPULATION": tmp_path / "out", "CDS_ADMIN_TOKEN": TOKEN, "CDS_DATABASE_URL": f"sqlite:///{tmp_path}/store.db"}
    app = create_app(Settings.model_validate(told | {"CDS_TODAY": TODAY}))
    app.extensions["store"].start()
    assert names(seen(app.test_client(), "/worklist?state=arranged")) == []
    app.extensions["store"].close()
    assert names(seen(http, "/worklist?state=arranged")) == ["Wang Late"]


def test_neither_store_nor_log_nor_address_names_a_patient(
    http: FlaskClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    text = seen(http)
    key = key_of(text, "Wang Late")
    http.post("/worklist/state", data={"key": key, "gap": "denosumab-overdue", "state": "reached"}, headers=RIGHT)
    with sqlite3.connect(tmp_path / "store.db") as store:
        kept = repr(store.execute("select * from worklist").fetchall())
    assert key in kept
    addresses = " ".join(re.findall(r'(?:href|action|value)="([^"]*)"', text))
    for said in (kept, caplog.text, addresses):
        assert not re.search(r"Wang|\blate\b", said)


def test_a_patient_opens_the_picture_from_the_folder_of_the_run(http: FlaskClient) -> None:
    key = key_of(seen(http), "Wang Late")
    page = seen(http, f"/worklist/patients/{key}")
    assert "Wang Late" in page
    assert "Denosumab overdue" in page
    told = http.get(f"/worklist/patients/{key}/picture", headers=RIGHT).get_json()
    assert told["screen"]["today"] == TODAY.isoformat()
    marks = [mark for group in told["screen"]["groups"] for strip in group["strips"] for mark in strip["marks"]]
    assert {"2025-03-15", "2025-09-15"} <= {mark.get("date") for mark in marks}
    assert told["cards"][0]["source"]["topic"]["code"] == "denosumab-sequence"
    assert http.get("/worklist/patients/0", headers=RIGHT).status_code == 404


def test_where_no_run_has_been_finished_the_page_says_so(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    told = {"CDS_POPULATION": tmp_path / "out", "CDS_ADMIN_TOKEN": TOKEN, "CDS_DATABASE_URL": f"sqlite:///{tmp_path}/s.db"}
    http = create_app(Settings.model_validate(told)).test_client()
    assert "There is no worklist yet" in seen(http)


def test_a_list_that_is_old_says_so(place: Path, tmp_path: Path) -> None:
    told = {"CDS_POPULATION": place / "out", "CDS_ADMIN_TOKEN": TOKEN, "CDS_DATABASE_URL": f"sqlite:///{tmp_path}/s.db"}
    texts = [
        seen(create_app(Settings.model_validate(told | {"CDS_TODAY": day})).test_client())
        for day in ("2026-06-22", "2026-06-23")
    ]
    assert ["days old" in text for text in texts] == [False, True]


def test_no_date_stands_without_what_it_is_and_what_was_not_assessed_is_not_told_as_none(http: FlaskClient) -> None:
    """ "Falls not in the last year" would read as: has not fallen."""
    text = re.sub(r"<[^>]+>", "", seen(http))
    assert "by 2026-04-12 · 64 days over" in text
    assert "overdue by 92 days" in text
    assert "due 2026-03-15" in text
    assert "Falls assessment: none in the last year" in text
    text = re.sub(r"<[^>]+>", "", seen(http, "/worklist?lang=zh"))
    assert "期限2026-04-12 · 已过64天" in text
    assert "跌倒评估：近一年未做" in text
    assert "25羟维生素D；" in text
