"""The documents stay true: what they name exists, and what exists is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cards.engine.card import FILES
from cards.engine.catalog import all_cards, sections
from cards.vocabulary import Data
from cds_service import site
from cds_service.config import Settings
from cds_service.dialect import Dialect
from cds_service.dialect.codes import bare
from cds_service.fhir.fetching.queries import camel_case
from cds_service.fhir.reading.elements import Coding, Concept
from cds_service.fhir.terminology.codes import load
from cds_service.hooks.cards import CHECKED, CONTAINS, CONTENT, EVIDENCE, RECOMMENDATIONS
from cds_service.hooks.discovery import SERVICES
from cds_service.hooks.errors import ISSUE_CODES
from cds_service.hooks.override_reasons import override_reasons
from fhir_fixtures import names
from fhir_fixtures.prefetch import templates
from tests.each import for_each

ROOT = Path(__file__).parents[1]
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})
"""All of them: also how to work here, and what was decided."""
PLACES = (".", "cds_service", "cds_service/fhir/terminology", "deploy/kubernetes")
README, INTEGRATION, SAFETY, EHR = (
    (ROOT / name).read_text(encoding="utf-8")
    for name in ("README.md", "docs/integration.md", "docs/clinical-safety.md", "docs/ehr.md")
)
HOOKS = {
    "PV": "patient-view",
    "OS": "order-select",
    "SG": "order-sign",
    "PL": "problem-list-item-create",
    "ED": "encounter-discharge",
    "MR": "medication-refill",
}


def section(text: str, heading: str) -> str:
    """What stands under a heading, down to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,6}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no section {heading!r}"
    return found[2]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of the tables in ``text``, without headers."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [number for number, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
    return [row for number, row in enumerate(cells) if number not in rules and number + 1 not in rules]


def codes(text: str) -> list[str]:
    """What stands between backticks, but not in a block of its own: its fences would turn inside and outside around."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def test_every_variable_is_in_the_table_of_the_readme_and_no_other() -> None:
    variables = {str(field.validation_alias) for field in Settings.model_fields.values()}
    told = [name for row in rows(section(README, "Configuration")) for name in codes(row[0])]
    assert sorted(told) == sorted(variables)


def test_documents_name_no_variable_that_does_not_exist() -> None:
    variables = {str(field.validation_alias) for field in Settings.model_fields.values()}
    told = {name for path in PAGES for name in re.findall(r"\bCDS_[A-Z_]+\b", path.read_text(encoding="utf-8"))}
    assert told <= variables


def test_the_readme_has_every_section_and_names_cards_that_are_there() -> None:
    """Not every card: a new one is listed by `card list` and `/knowledge` without an edit here."""
    told = rows(section(README, "What it says"))
    assert [row[0] for row in told] == [each.title.en for each in sections().values()]
    assert {code for row in told for code in codes(row[1])} <= set(all_cards())


def test_the_targets_that_the_readme_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE))
    assert {"run", "test"} <= named <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_the_fixture_that_the_readme_asks_about_exists() -> None:
    assert set(re.findall(r"osteoporosis-cds (?:request|evaluate) ([a-z-]+)(?=\s)", README)) <= set(names())


def test_every_service_is_in_the_integration_guide() -> None:
    told = {codes(row[0])[0]: row[1] for row in rows(section(INTEGRATION, "Services and contexts"))}
    assert told == {service.id: service.hook for service in SERVICES.values()}


def test_the_example_of_local_codes_can_be_used(tmp_path: Path) -> None:
    found = re.search(r"```tsv\n(.*?)```", section(INTEGRATION, "Local codes"), re.DOTALL)
    assert found
    (tmp_path / "codes.tsv").write_text(found[1], encoding="utf-8")
    read = load(tmp_path / "codes.tsv").observation(Concept((Coding("urn:oid:1.2.3.4", "25OHD"),)))
    assert [meaning.key for meaning in read] == ["vitamin-d"]


@pytest.mark.parametrize("column", HOOKS)
def test_the_integration_guide_tells_the_prefetch_keys_of_each_hook(column: str) -> None:
    place = 2 + list(HOOKS).index(column)
    told = {
        codes(row[0])[0]: row[1].split()[0].rstrip(",") for row in rows(section(INTEGRATION, "Prefetch")) if row[place] == "x"
    }
    published = {key: re.split(r"[/?]", template)[0] for key, template in templates(HOOKS[column]).items()}
    assert told == published


def test_the_scopes_are_those_of_the_queries_in_both_versions() -> None:
    queries = {template for hook in HOOKS.values() for template in templates(hook).values()}
    wanted = {(kind, "?" in query) for query in queries for kind in [re.split(r"[/?]", query)[0]]}
    expected = [[kind, f"`patient/{kind}.read`", f"`patient/{kind}.{'s' if search else 'r'}`"] for kind, search in wanted]
    assert sorted(rows(section(INTEGRATION, "Scopes"))) == sorted(expected)


def test_the_essential_keys_are_those_that_some_card_cannot_be_given_without() -> None:
    told = rows(section(INTEGRATION, "Which keys are essential"))
    needed = {camel_case(data) for data in Data for card in all_cards().values() if data in card.needs}
    assert [codes(told[0][0]), set(codes(told[1][0]))] == [["patient"], needed]


def test_every_setting_of_a_dialect_is_told_and_no_other() -> None:
    told = {name for row in rows(section(EHR, "Dialects")) for name in codes(row[0])}
    assert told == set(Dialect.__struct_fields__) - {"iss", "like"}


def test_the_override_reasons_to_be_mapped_are_those_that_are_sent() -> None:
    told = re.search(r"Codes of our override reasons to be mapped: (.*?)\.\n", EHR, re.DOTALL)
    sent = {each["code"] for each in override_reasons(drug_options=True, order_safety=True, language="en", holds=True)}
    assert told
    assert set(codes(told[1])) == set(map(bare, sent))


@pytest.mark.parametrize("page", ["docs/ehr.md", "docs/deployment.md"])
def test_the_examples_of_a_site_can_be_used(page: str, tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    of_a_site = [each for each in blocks if "[[dialect]]" in each]
    assert of_a_site
    for each in of_a_site:
        (tmp_path / "site.toml").write_text(each, encoding="utf-8")
        assert site.load(tmp_path / "site.toml").dialect


def test_the_names_and_statuses_that_integrators_are_told_are_those_in_the_code() -> None:
    told = {codes(row[1])[0] for row in rows(section(INTEGRATION, "Extensions"))}
    assert told == {CONTENT, CHECKED, RECOMMENDATIONS, EVIDENCE, CONTAINS}
    statuses = {int(row[0]): codes(row[1])[0] for row in rows(section(INTEGRATION, "Errors"))}
    assert statuses == ISSUE_CODES


def test_the_thresholds_to_be_confirmed_are_printed_by_a_command_and_listed_nowhere_else() -> None:
    told = section(SAFETY, "Thresholds to be confirmed")
    assert "`osteoporosis-cds card list --to-confirm`" in told
    assert rows(told) == []


@for_each("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", path.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        linked = (path.parent / name) if name else path
        assert linked.is_file(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize(
    ("index", "folder"), [("docs/decisions/README.md", "docs/decisions"), ("CONTRIBUTING.md", "docs/contributing")]
)
def test_every_page_of_a_folder_is_pointed_to_by_its_index(index: str, folder: str) -> None:
    text = (ROOT / index).read_text(encoding="utf-8")
    linked = {((ROOT / index).parent / name).resolve() for name in re.findall(r"\]\(([^)#]+\.md)", text)}
    assert {path for path in (ROOT / folder).glob("*.md") if path != ROOT / index} <= linked


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@for_each("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_documents_name_exist(path: Path) -> None:
    """By the path from the root, from the service, from its FHIR side or its manifests; or what every card has."""
    named = {code for code in codes(path.read_text(encoding="utf-8")) if re.fullmatch(r"[\w/.-]+\.(py|toml|yaml|tsv)", code)}
    places = [ROOT / place for place in PLACES]
    assert {name for name in named - {*FILES} if not any((place / name).is_file() for place in places)} == set()


def test_every_folder_of_the_service_is_in_the_readme() -> None:
    """A newcomer finds there what each is for: as a step of the way, or in the table of the folders beside it."""
    told = {part for code in codes(README) for part in (code, code.removeprefix("cds_service/").partition("/")[0])}
    folders = {path.parent.name for path in (ROOT / "cds_service").glob("*/__init__.py")}
    assert folders - told == set()
