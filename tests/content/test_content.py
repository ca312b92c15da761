"""The medicine as text: what a signature covers, what a change is called, and what a tampered file cannot hide."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from cards.engine.catalog import all_cards
from cards.engine.sources import DOCUMENTS, EXTERNAL, RECOMMENDATIONS, newer, place_of, places
from cards.thresholds import ContentError
from cds_service.cli import main
from cds_service.content import releases
from cds_service.content.canon import Content, content_of, current, exported, found, parts_of
from cds_service.content.compare import beside, changes, differences, marked, shared_changes
from cds_service.content.releases import release, write
from cds_service.content.signatures import Signature, end_of, opened, sealed
from cds_service.content.tree import here
from cds_service.content.verifying import verified
from tests.each import for_each

CARD, SECOND = "calcium-contraindicated", "vitamin-k-warfarin"
FOLDER = f"catalog/{all_cards()[CARD].section}/{CARD}"


def signature(card: str = CARD, **more: str) -> Signature:
    now = current()
    told = {"decision": "signed", "by": "Li Na", "role": "pharmacist", "remark": "“300”?", "content": now.version}
    told |= {"hash": now.hashes[card], "shared": now.shared_hash, "at": "2026-11-28T09:00:00+00:00"}
    return Signature(card=card, **(told | more))  # type: ignore[arg-type]


def edited(path: str, old: str, new: str) -> Content:
    """The content with one file changed."""
    tree = dict(here())
    assert old in tree[path]
    return content_of({**tree, path: tree[path].replace(old, new, 1)})


# -- what a signature covers -----------------------------------------------------------------------------------------------


MAN = """[urine-calcium-man-mg]
name = { en = "Upper limit of urinary calcium, men", zh = "男性尿钙偏高的界限" }
"""

MAN_KEY = "urine-calcium-man-mg"

COVERED: dict[str, tuple[str, str, str, str]] = {
    "its number": ("thresholds.toml", MAN + "value = 300", MAN + "value = 310", "number urine-calcium-man-mg: 300"),
    "a place in a source": ("thresholds.toml", MAN, MAN + "place = 'here'\n", "urine-calcium-man-mg: what is told of it"),
    "a shared number": (
        "thresholds.toml",
        "[adult-years]",
        "[adult-years]\nplace = 'here'",
        "number adult-years: what is told",
    ),
    "a recommendation": (
        "recommendations.yaml",
        'ELD2023-04b, grade: "1C"',
        'ELD2023-04b, grade: "2C"',
        "ELD2023-04b: 1C → 2C",
    ),
    "a sentence": (
        f"{FOLDER}/sample.md",
        "Remove the calcium order",
        "Take away the calcium",
        "reads differently: critical, blood",
    ),
    "the rule": (f"{FOLDER}/rule.py", "When: calcium", "When: some calcium", "when and when not: the words of the rule"),
    "a case": (f"{FOLDER}/cases.yaml", "expect: none", "expect: info", "case expects something else"),
    "a text": (f"{FOLDER}/zh.md", "{% block summary %}", "{% block summary %}！", "Chinese text"),
    "a hook": (f"{FOLDER}/card.toml", '"patient-view", ', "", "card.toml, hooks: -patient-view"),
}


@pytest.mark.parametrize("what", COVERED)
def test_a_signature_covers(what: str) -> None:
    path, old, new, said = COVERED[what]
    later = edited(path, old, new)
    assert later.hashes[CARD] != current().hashes[CARD]
    told = list(differences(current().cards[CARD], later.cards[CARD]))
    assert any(said in each for each in told), told


NOT_COVERED: dict[str, tuple[str, str, str]] = {
    "who signed": (f"{FOLDER}/card.toml", "reviewed = []", 'reviewed = [{ by = "a", role = "b", on = "c", content = "d" }]'),
    "blanks at the end of a line": (f"{FOLDER}/en.md", "{% endblock %}", "{% endblock %}   "),
    "another card": (f"catalog/{all_cards()[SECOND].section}/{SECOND}/en.md", "{% endblock %}", "x {% endblock %}"),
}


@pytest.mark.parametrize("what", NOT_COVERED)
def test_a_signature_does_not_cover(what: str) -> None:
    path, old, new = NOT_COVERED[what]
    tree = {**here(), path: here()[path].replace(old, new, 1)}
    assert tree[path] != here()[path]
    lines = {key: "\n".join(line.rstrip() for line in text.splitlines()) for key, text in tree.items()}
    assert content_of(lines).hashes[CARD] == current().hashes[CARD]


def test_code_that_all_cards_share_is_told_apart() -> None:
    later = edited("definitions/person.py", "def adult(", "def  adult(")
    assert changes(current(), later) == []
    assert shared_changes(current(), later) == ["definitions/person.py"]
    assert later.fingerprint != current().fingerprint


def test_the_words_of_a_shared_definition_belong_to_the_cards_that_call_it() -> None:
    callers = {code for code, parts in current().cards.items() if "\ndensity.lowest_t: " in f"\n{parts['definitions']}"}
    later = edited(
        "definitions/density.py",
        'def lowest_t(chart: Chart) -> Measurement | None:\n    """',
        'def lowest_t(chart: Chart) -> Measurement | None:\n    """Now: ',
    )
    assert callers
    assert {each.code for each in changes(current(), later)} == callers


def test_every_card_is_there_and_can_be_taken_apart_again() -> None:
    assert current().cards.keys() == all_cards().keys()
    assert all(parts_of(current().text(code)) == parts for code, parts in current().cards.items())


# -- two states ------------------------------------------------------------------------------------------------------------


def test_a_new_and_a_retired_card_are_called_so() -> None:
    fewer = replace(current(), cards={code: parts for code, parts in current().cards.items() if code != CARD})
    assert [(each.code, each.kind) for each in changes(current(), fewer)] == [(CARD, "retired")]
    assert [(each.code, each.kind) for each in changes(fewer, current())] == [(CARD, "new")]


def test_lines_far_from_a_change_are_left_out() -> None:
    before = "\n".join(map(str, range(100)))
    rows = beside(before, before.replace("50", "fifty").replace("\n90", ""))
    assert [(row.before, row.after) for row in rows if row.kind == "changed"] == [("50", "fifty")]
    assert [row.before for row in rows if row.kind == "gone"] == ["90"]
    assert [row.kind for row in rows].count("gap") == 1
    assert len(rows) < 20


def test_chinese_is_compared_by_character() -> None:
    left, right = marked("每日15 mg，连用3天", "每日20 mg，连用3天")
    assert [text for differs, text in left if differs] == ["15"]
    assert [text for differs, text in right if differs] == ["20"]


def test_an_exported_file_is_the_content_it_was_made_from(tmp_path: Path) -> None:
    (tmp_path / "content.json").write_bytes(exported(current()))
    assert found(str(tmp_path / "content.json")) == current()
    (tmp_path / "content.json").write_text("{}")
    with pytest.raises(ContentError, match="is no exported content"):
        found(str(tmp_path / "content.json"))


@pytest.mark.parametrize("name", ["no-such-ref", "--output=x", ""])
def test_what_is_neither_file_nor_ref_is_refused(name: str) -> None:
    with pytest.raises(ContentError, match="neither an exported file nor a git ref"):
        found(name)


def test_a_git_ref_is_read_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, text in here().items():
        (tmp_path / "cards" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cards" / path).write_text(text, encoding="utf-8")
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")

    def git(*told: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *who, *told], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "before")
    monkeypatch.chdir(tmp_path)
    assert found("HEAD") == current()
    main(["content", "diff", "HEAD"])
    assert "Nothing differs." in capsys.readouterr().out


def test_content_diff_prints_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, old, new, said = COVERED["its number"]
    (tmp_path / "later.json").write_bytes(exported(edited(path, old, new)))
    main(["content", "diff", ".", str(tmp_path / "later.json")])
    assert said in capsys.readouterr().out
    main(["content", "diff", ".", str(tmp_path / "later.json"), "--card", CARD])
    assert "+urine-calcium-man-mg = 310" in capsys.readouterr().out


# -- the file of signatures ------------------------------------------------------------------------------------------------


def kept(folder: Path, *signatures: Signature) -> Path:
    path = folder / "signatures.jsonl"
    path.write_text("".join(sealed(signatures)), encoding="utf-8")
    return path


def test_what_was_sealed_can_be_opened() -> None:
    told = [signature(), signature(SECOND, by="陈宇", remark="")]
    assert opened("".join(sealed(told))) == told


TAMPERED: dict[str, Callable[[list[str]], list[str]]] = {
    "a name is changed": lambda lines: [lines[0].replace("Li Na", "Li No"), *lines[1:]],
    "a hash is changed": lambda lines: [lines[0].replace(current().hashes[CARD], "0" * 64), *lines[1:]],
    "an objection becomes a signature": lambda lines: [*lines[:2], lines[2].replace("objected", "signed")],
    "a line is taken out": lambda lines: [lines[0], lines[2]],
    "lines change places": lambda lines: [lines[1], lines[0], lines[2]],
    "a field is added": lambda lines: [lines[0].replace("{", '{"more": "x", ', 1), *lines[1:]],
    "a seal is taken off": lambda lines: [lines[0].split(', "seal"')[0].rstrip() + "}", *lines[1:]],
    "something else": lambda lines: [*lines, "not JSON"],
}
CUT: dict[str, Callable[[list[str]], list[str]]] = {
    "the last line is cut off": lambda lines: lines[:-1],
    "all lines are cut off": lambda lines: [],
    "a line is cut in the middle": lambda lines: [*lines[:-1], lines[-1][:40]],
    "a line is there twice": lambda lines: [*lines, lines[-1]],
}
"""What no seal of a line can show; a file of the first format had no more."""


def three(folder: Path) -> tuple[Path, str, list[str]]:
    """A file of three signatures, its first line, and the others."""
    path = kept(folder, signature(), signature(SECOND), signature(SECOND, by="Chen Yu", decision="objected"))
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    return path, head, lines


def refused(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(["content", "verify", str(path), *more])
    assert stopped.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("states", [True, False], ids=["with its end", "first format"])
@pytest.mark.parametrize("how", TAMPERED)
def test_a_tampered_file_is_refused(how: str, states: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, head, lines = three(tmp_path)
    assert TAMPERED[how](lines) != lines
    path.write_text("\n".join([*[head] * states, *TAMPERED[how](lines)]), encoding="utf-8")
    assert "signatures.jsonl, line" in refused(path, capsys)


@pytest.mark.parametrize("how", CUT)
def test_a_file_without_its_end_is_refused(how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its first line; without that, by the end that the desk showed."""
    path, head, lines = three(tmp_path)
    end = str(end_of(opened(path.read_text("utf-8"))))
    assert end.startswith("3-")
    path.write_text("\n".join([head, *CUT[how](lines)]), encoding="utf-8")
    assert "signatures.jsonl, line" in refused(path, capsys)
    path.write_text("\n".join(CUT[how](lines)), encoding="utf-8")
    assert "signatures.jsonl, line" in refused(path, capsys, "--end", end)


@pytest.mark.parametrize("head", ['{"format": "osteoporosis-cds signatures 3"}', '{"signatures": "2", "last": ""}'])
def test_a_first_line_that_is_not_ours_is_refused(head: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _, lines = three(tmp_path)
    path.write_text("\n".join([head, *lines]), encoding="utf-8")
    assert "signatures.jsonl, line 1" in refused(path, capsys)


def test_an_end_is_that_of_the_desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = kept(tmp_path, signature(), signature(SECOND))
    end = str(end_of([signature(), signature(SECOND)]))
    main(["content", "verify", str(path), "--end", end])
    assert f"where you said, at {end}" in capsys.readouterr().out
    for other in (str(end_of([signature(SECOND), signature()])), "1", "3-" + end[2:], "all of it"):
        refused(path, capsys, "--end", other)


def test_a_file_of_the_first_format_is_read_and_said_to_have_no_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = kept(tmp_path, signature(), signature(SECOND))
    path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[1:]), "utf-8")
    main(["content", "verify", str(path)])
    told = capsys.readouterr().out
    assert "does not say where it ends" in told
    assert "2 signatures, every seal right" in told


def test_nothing_signed_is_a_file_with_its_end() -> None:
    assert opened("".join(sealed([]))) == []
    assert opened("") == []


def test_signatures_are_verified_against_the_content(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = kept(tmp_path, signature(), signature(SECOND))
    main(["content", "verify", str(path)])
    assert capsys.readouterr().out.splitlines()[-1] == "2 signatures, every seal right; 0 to look at again"
    where, old, new, _ = COVERED["its number"]
    (tmp_path / "later.json").write_bytes(exported(edited(where, old, new)))
    with pytest.raises(SystemExit) as stopped:
        main(["content", "verify", str(path), "--against", str(tmp_path / "later.json")])
    assert stopped.value.code == 1
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()[:2]] == [["changed", CARD], ["holds", SECOND]]
    main(["content", "verify", str(path), "--against", str(tmp_path / "later.json"), "--against", "."])


def test_what_was_read_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["content", "verify", str(kept(tmp_path, signature(read="en says:1/2.0 cases")))])
    told = capsys.readouterr().out.splitlines()[0]
    assert told.endswith(
        "(read: English; what it says, in short, and its doses (variants 1/2, doses 0); the cases: I would decide the same)"
    )


def test_an_objection_to_the_card_as_it_is_stands_and_is_to_look_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["content", "verify", str(kept(tmp_path, signature(decision="objected")))])
    assert stopped.value.code == 3
    assert capsys.readouterr().out.split()[:3] == ["stands", CARD, "objected"]


@pytest.mark.parametrize(("objected", "status"), [(CARD, 1), (SECOND, 3)], ids=["to what was changed", "to what was not"])
def test_an_objection_that_stands_has_an_exit_status_of_its_own(objected: str, status: int, tmp_path: Path) -> None:
    """Beside a card that was changed since; an objection to the card before the change is answered by it, or is not."""
    where, old, new, _ = COVERED["its number"]
    (tmp_path / "later.json").write_bytes(exported(edited(where, old, new)))
    path = kept(tmp_path, signature(), signature(objected, by="Chen Yu", decision="objected"))
    with pytest.raises(SystemExit) as stopped:
        main(["content", "verify", str(path), "--against", str(tmp_path / "later.json")])
    assert stopped.value.code == status


def test_of_one_person_the_last_word_counts() -> None:
    told = [signature(decision="objected"), signature(at="2026-11-29T09:00:00+00:00")]
    assert [each.stands for each in verified(told, [current()])] == ["replaced", "holds"]
    gone = replace(signature(), card="no-such-card")
    assert verified([gone], [current()])[0].stands == "retired"


# -- releases --------------------------------------------------------------------------------------------------------------


def test_a_release_carries_the_changes_and_the_signatures_that_hold(tmp_path: Path) -> None:
    path, old, new, _ = COVERED["its number"]
    before = replace(edited(path, old, new), version="2026.10")
    told = [signature(), signature(SECOND, hash="0" * 64)]
    made = release(current(), before, date(2026, 12, 1), told)
    assert made.signatures == told[:1]
    assert {each.code for each in made.changes} == {code for code, card in all_cards().items() if MAN_KEY in card.shared}
    assert any("310" in each and "300" in each for each in made.changes[0].said)
    write(made, tmp_path)
    assert releases.releases(tmp_path) == [made]
    with pytest.raises(ContentError, match="raise the content version"):
        write(made, tmp_path)


def test_cards_that_differ_from_the_last_release_are_known(tmp_path: Path) -> None:
    path, old, new, _ = COVERED["a sentence"]
    made = release(edited(path, old, new), None, date(2026, 12, 1), [])
    assert releases.unreleased(current(), made) == [CARD]
    fewer = replace(current(), cards={code: parts for code, parts in current().cards.items() if code != SECOND})
    assert releases.unreleased(fewer, made) == sorted([CARD, SECOND])


def test_what_was_released_is_what_is_installed_under_its_number() -> None:
    """Whoever changes a card after a release raises the version: answers name it."""
    ours = [each for each in releases.releases() if each.version == current().version]
    assert [releases.unreleased(current(), each) for each in ours] == [[] for _ in ours]


def test_a_release_can_be_looked_at_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, old, new, said = COVERED["its number"]
    before = replace(edited(path, old, new), version="2026.10")
    (tmp_path / "before.json").write_bytes(exported(before))
    monkeypatch.setattr(releases, "RELEASES", tmp_path / "releases")
    main(["content", "release", "--since", str(tmp_path / "before.json"), "--dry-run"])
    told = capsys.readouterr().out
    assert "Nothing is written" in told
    assert f"{len(all_cards())} of {len(all_cards())} cards carry none" in told
    assert f"- `{CARD}`" in told
    assert said.split(": ")[0] in told
    assert releases.releases() == []


@for_each("version", lambda: [current().version, "2999.1"])
def test_a_release_has_a_later_number_than_the_one_before(version: str) -> None:
    with pytest.raises(ContentError, match="raise it"):
        release(current(), replace(current(), version=version), date(2026, 12, 1), [])


def test_committed_signatures_are_exported_with_those_of_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exported from a new database, the file that replaces the committed one must not lose what others signed."""
    kept = tmp_path / "signatures.jsonl"
    kept.write_text("".join(sealed([signature()])), "utf-8")
    monkeypatch.setattr(releases, "SIGNATURES", kept)
    monkeypatch.setenv("CDS_DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    main(["content", "signatures"])
    assert opened(capsys.readouterr().out) == [signature()]
    assert releases.with_committed([signature(), signature(SECOND)]) == [signature(), signature(SECOND)]


def test_a_card_is_of_a_release_only_where_it_is_as_that_release_had_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number is raised with the release: until then it alone does not say which text was signed."""
    monkeypatch.setattr(releases, "RELEASES", tmp_path)
    assert releases.named(CARD) == f"{current().version}{releases.SINCE}", "nobody kept what that release was"
    path, old, new, _ = COVERED["its number"]
    write(release(edited(path, old, new), None, date(2026, 12, 1), []), tmp_path)
    assert releases.named(CARD) == f"{current().version}{releases.SINCE}"
    assert releases.named(SECOND) == current().version


def test_releases_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for version in ("2026.9", "2026.12", "2027.1"):
        write(release(replace(current(), version=version), None, date(2026, 12, 1), []), tmp_path)
    assert [each.version for each in releases.releases(tmp_path)] == ["2027.1", "2026.12", "2026.9"]


def test_what_is_committed_can_be_opened() -> None:
    assert isinstance(releases.committed(), list)
    assert isinstance(releases.releases(), list)


# -- sources ---------------------------------------------------------------------------------------------------------------

NOT_FOUND = {"OVCF2021-S7"}
"""Nobody has found where its document says so."""


def test_every_recommendation_of_a_guideline_has_its_place() -> None:
    lacking = {r.id for r in RECOMMENDATIONS.values() if r.document.key != EXTERNAL and not place_of(r, "zh")}
    assert lacking == NOT_FOUND
    assert places().keys() == DOCUMENTS.keys()
    named = {f"{key}-{each}" for key, told in places().items() for each in told.places}
    assert named <= RECOMMENDATIONS.keys()


UNLINKED = {"EXT-01", "EXT-02", "EXT-06", "EXT-17", "EXT-27", "EXT-30"}
"""Whose address nobody has opened: labels without one of their own, several sources in one, our own rule."""


def test_what_no_document_of_ours_says_has_an_address_unless_nobody_has_opened_one() -> None:
    external = [each for each in RECOMMENDATIONS.values() if each.document.key == EXTERNAL]
    assert {each.id for each in external if not each.url} == UNLINKED


ENTRY = "newer:\n- {date: '2026-10', title: T, url: '%s', gist: g, documents: [%s], cards: []}\n"


@pytest.mark.parametrize(
    ("url", "document"), [("http://example.org", "POP2022"), ("", "POP2022"), ("https://example.org", "NICE")]
)
def test_what_is_newer_is_listed_only_with_a_link_and_a_document_of_ours(url: str, document: str) -> None:
    with pytest.raises(ContentError, match=r"newer\.yaml"):
        newer(ENTRY % (url, document))
    assert [each.title for each in newer(ENTRY % ("https://example.org", "POP2022"))] == ["T"]
    assert isinstance(newer(), list)
