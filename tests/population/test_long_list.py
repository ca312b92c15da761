"""However long the worklist is, the page reads of it what it shows: counted, not timed."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.population import kept
from cds_service.population.job import prepared
from cds_service.population.listed import listed
from cds_service.population.rows import Broken, Gap, Item, Taken
from cds_service.web.worklist.pages import ON_A_PAGE
from tests.population.conftest import TODAY, generated

PEOPLE = 400
RIGHT = {"Authorization": "Bearer a token of the administrators"}


def person(number: int) -> Item:
    """Each tenth has an overdue denosumab, each other has DXA to be done besides."""
    first = Gap("denosumab-overdue", TODAY - timedelta(days=number)) if number % 10 == 0 else Gap("fracture-untreated", TODAY)
    return Item(
        f"p{number}",
        (first, Gap("dxa-due")) if number % 2 else (first,),
        name=f"Name{(number * 7) % PEOPLE:03} Family{number}",
        identifier=f"M{number}",
        fracture=Broken("hip", TODAY - timedelta(days=number % 90)),
        taken=Taken("denosumab", due=TODAY - timedelta(days=number % 50)),
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished list, without its run."""
    folder = tmp_path_factory.mktemp("long")
    generated(folder / "export", 1)
    job, _ = prepared(
        folder / "export", folder / "out", frozenset({"Patient"}), Settings(), TODAY, "pool", complete=True, fresh=True
    )
    with listed(job) as items:
        for number in range(PEOPLE):
            items.add(person(number))
        items.sort()
        items.about(1_000)
    return folder / "out"


@dataclass
class Read:
    """How many items and hashes were made since the last look."""

    times: Counter[str]

    def __call__(self) -> tuple[int, int]:
        told = self.times["items"], self.times["hashes"]
        self.times.clear()
        return told


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    times: Counter[str] = Counter()
    decoder = kept._ITEM

    class Counting:
        def decode(self, content: bytes) -> Item:
            times["items"] += 1
            return decoder.decode(content)

    monkeypatch.setattr(kept, "_ITEM", Counting())
    from cds_service.store import Store

    hashed = Store.hashed

    def counting(self: Store, kind: str, *parts: str) -> str:
        times["hashes"] += kind == "worklist"
        return hashed(self, kind, *parts)

    monkeypatch.setattr(Store, "hashed", counting)
    return Read(times)


@pytest.fixture
def http(place: Path, tmp_path: Path) -> Iterator[FlaskClient]:
    told = {"CDS_POPULATION": place, "CDS_ADMIN_TOKEN": RIGHT["Authorization"][7:], "CDS_TODAY": TODAY}
    app = create_app(Settings.model_validate(told | {"CDS_DATABASE_URL": f"sqlite:///{tmp_path}/store.db"}))
    app.extensions["store"].start()
    yield app.test_client()
    app.extensions["store"].close()


def seen(http: FlaskClient, address: str) -> str:
    answer = http.get(address, headers=RIGHT)
    assert answer.status_code == 200
    return answer.text


def numbers(text: str) -> list[int]:
    return [int(each) for each in re.findall(r">Name\d+ Family(\d+)<", text)]


def key_and_row(text: str, number: int) -> tuple[str, str]:
    found = re.search(rf'/worklist/patients/(\w+)\?lang=en&amp;row=(\d+)">Name\d+ Family{number}<', text)
    assert found
    return found[1], found[2]


@pytest.mark.parametrize("terms", ["", "page=3", "page=99", "gap=dxa-due", "sort=name", "sort=overdue&page=2", "sort=fracture"])
def test_a_page_reads_its_own_lines(http: FlaskClient, read: Read, terms: str) -> None:
    found = numbers(seen(http, f"/worklist?{terms}"))
    assert len(found) == ON_A_PAGE
    assert read() == (ON_A_PAGE, ON_A_PAGE)


def test_a_search_reads_what_it_finds(http: FlaskClient, read: Read) -> None:
    assert numbers(http.post("/worklist", data={"search": "FAMILY399"}, headers=RIGHT).text) == [399]
    assert read() == (1, 1)


def test_a_patient_and_a_state_read_one_item(http: FlaskClient, read: Read) -> None:
    key, row = key_and_row(seen(http, "/worklist"), 390)
    read()
    seen(http, f"/worklist/patients/{key}?row={row}")
    assert read() == (1, 1)
    form = {"key": key, "gap": "denosumab-overdue", "state": "reached"}
    assert http.post("/worklist/state", data=form | {"row": row}, headers=RIGHT).status_code == 303
    assert read() == (1, 1)


@pytest.mark.parametrize("row", ["", "1", "99999", "x", "-1"])
def test_a_patient_is_found_where_another_run_has_moved_it(http: FlaskClient, read: Read, row: str) -> None:
    key, _ = key_and_row(seen(http, "/worklist"), 390)
    read()
    assert "Family390" in seen(http, f"/worklist/patients/{key}?row={row}")
    items, _ = read()
    assert items <= 2
    assert http.get(f"/worklist/patients/0?row={row}", headers=RIGHT).status_code == 404


def test_a_filter_by_state_hashes_those_alone_who_can_have_it(http: FlaskClient, read: Read) -> None:
    text = seen(http, "/worklist")
    key, row = key_and_row(text, 390)
    http.post("/worklist/state", data={"key": key, "row": row, "gap": "denosumab-overdue", "state": "reached"}, headers=RIGHT)
    read()
    assert numbers(seen(http, "/worklist?state=reached")) == [390]
    assert read() == (1, 2), "one of that day, and the line that is shown"
    others = seen(http, "/worklist?state=&gap=denosumab-overdue")
    assert "39 of" in others or "39 " in others
    assert 390 not in numbers(others)
    assert len(numbers(others)) == 39


def test_pages_together_are_the_whole_list_in_every_order(http: FlaskClient) -> None:
    expected: dict[str, Any] = {
        "gap": lambda n: (n % 10 != 0, -n if n % 10 == 0 else 0, f"p{n}"),
        "name": lambda n: ((n * 7) % PEOPLE,),
        "overdue": lambda n: (-(n % 50),),
        "fracture": lambda n: (n % 90,),
        "clock": lambda n: (-n if n % 10 == 0 else 0,),
    }
    for sort, key in expected.items():
        found = [n for page in range(1, 9) for n in numbers(seen(http, f"/worklist?sort={sort}&page={page}"))]
        assert sorted(found) == [*range(PEOPLE)], sort
        assert [key(n) for n in found] == sorted(key(n) for n in found), sort


def test_the_sheet_is_sent_as_it_is_read(http: FlaskClient, read: Read) -> None:
    answer = http.get("/worklist/worklist.csv?sort=name", headers=RIGHT)
    pieces = answer.iter_encoded()
    first = [next(pieces) for _ in range(3)]
    assert 0 < read()[0] < PEOPLE
    text = b"".join([*first, *pieces]).decode().removeprefix("\ufeff")
    assert [row["Name"][:7] for row in csv.DictReader(io.StringIO(text))] == [f"Name{n:03}" for n in range(PEOPLE)]
    assert read()[0] <= PEOPLE


def test_no_name_is_written_outside_of_the_folder(place: Path) -> None:
    """SQLite would sort in files of its own."""
    with kept.Kept(place, str).worklist() as run:
        assert run
        assert run._kept.execute("pragma temp_store").fetchone() == (2,)
