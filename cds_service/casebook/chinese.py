"""The lines of a case in Chinese, made from what they declare: sentence by sentence, with the names of the vocabulary.

Nobody has to write a case twice, and no figure can differ between the languages. What a record says in words of its own
("called ...", "says ...") is quoted as it stands. Words that the vocabulary does not have stand in ``chinese.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cards.engine.catalog import all_cards
from cards.vocabulary import ANALYTES, DRUGS, FRACTURE_SITES, PROBLEMS, SERVICES, SITE_NAMES
from cards.vocabulary.regimens import REGIMENS
from cards.words.phrases import unit
from fhir_fixtures.lines import DATE, PERSON, SENTENCES, in_parts
from fhir_fixtures.lines.notes import Notes, split_off

_STATES = {
    "active": "有效",
    "completed": "已完成",
    "stopped": "已停用",
    "on-hold": "暂停",
    "cancelled": "已取消",
    "draft": "草稿",
    "not-done": "未执行",
    "in-progress": "进行中",
    "unknown": "状态不明",
    "final": "正式报告",
    "preliminary": "初步报告",
    "amended": "已修订",
    "corrected": "已更正",
    "entered-in-error": "误录",
    "revoked": "已撤销",
    "resolved": "已缓解",
    "refuted": "已排除",
    "inactive": "已失效",
    "osteoporotic": "骨质疏松性",
    "high": "高危",
    "anaphylaxis": "过敏性休克",
    "dyspepsia": "消化不良",
    "urticaria": "荨麻疹",
    "low": "低危",
    "untyped": "未注明过敏或不耐受",
    "unconfirmed": "未核实",
    "text only": "仅有文字",
    "ATC only": "仅有ATC编码",
    "RxNorm only": "仅有RxNorm编码",
    "contained": "药品内嵌于医嘱",
    "no sig": "无用法",
    "no unit": "无单位",
    "not selected": "未选中",
}
_VALUED = {
    "called": "记录原文“{}”",
    "says": "结论“{}”",
    "sig": "用法“{}”",
    "range": "参考范围{}",
    "assay": "检测方法{}",
    "at": "{}",
    "site": "部位“{}”",
    "code": "编码{}",
    "ICD-10": "ICD-10编码{}",
    "resolved": "{}缓解",
    "from": "自{}起",
    "dose": "每次{}",
    "every": "每{}",
    "route": "{}",
    "because": "因{}",
}
_ROUTES = {
    "oral": "口服",
    "intravenous": "静脉",
    "subcutaneous": "皮下",
    "intramuscular": "肌内",
    "vaginal": "阴道",
    "nasal": "鼻用",
}
_PERIODS = {"d": "天", "wk": "周", "mo": "个月", "a": "年", "h": "小时"}
_UNDATED = "日期不明，"
_SEX = {"female": "女", "male": "男", "unknown": "性别不明"}
_HABIT = {"current": "目前吸烟", "former": "既往吸烟", "never": "从不吸烟"}
_KIN = {"mother": "母亲", "father": "父亲", "sister": "姐妹"}


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(Path(__file__).with_name("chinese.toml").read_text("utf-8"))


@cache
def variant_names() -> Mapping[str, Mapping[str, str]]:
    """The variants of cards in Chinese, by card."""
    return tomllib.loads(Path(__file__).with_name("variants.zh.toml").read_text("utf-8"))


def patient(words: str) -> str:
    """A patient.

    >>> patient("female 72"), patient("male born 1950-03-01, deceased 2026-06-01")
    ('女，72岁', '男，1950-03-01出生，已故（2026-06-01）')
    """
    found = PERSON.fullmatch(words)
    if not found:
        raise ValueError(f"cannot read the patient {words!r}")
    called, sex, age, born, deceased, died = found.groups()
    told = [called or "", _SEX[sex], f"{age}岁" if age else f"{born}出生" if born else "年龄不明"]
    return "，".join(filter(None, [*told, "已故" + (f"（{died}）" if died else "") if deceased else ""]))


def line(words: str) -> str:
    """A line of a record.

    >>> line("denosumab given 2025-05-17, 2025-11-17")
    '地舒单抗：2025-05-17、2025-11-17给药'
    >>> line("creatinine 0.8 mg/dL (range 0.5-0.95), T-score total-hip -2.7 on 2026-05-01")
    '肌酐 0.8 mg/dL（参考范围0.5-0.95），全髋T值 -2.7，2026-05-01'
    """
    if len(parts := in_parts(words)) > 1:
        return _shared_day([line(part) for part in parts])
    text, notes = split_off(words)
    for (pattern, _), told in zip(SENTENCES, _TOLD, strict=True):
        if found := re.fullmatch(pattern, text):
            return told(*found.groups()) + _noted(notes)
    raise ValueError(f"cannot read the line {words!r}")


def draft(words: str) -> str:
    """An order that is being written.

    >>> draft("alendronate (dose 35 mg)"), draft("test dxa (from 2027-06-01)"), draft("unknown drug")
    ('阿仑膦酸钠（每次35 mg）', '腰椎和髋部双能X线骨密度检查（DXA）（自2027-06-01起）', '无法识别的药物')
    """
    text, notes = split_off(words)
    if text == "unknown drug":
        return "无法识别的药物" + _noted(notes)
    return (_service(text.removeprefix("test ")) if text.startswith("test ") else _drug(text)) + _noted(notes)


def named(key: str) -> str:
    """What a case demands by its key: a drug, a regimen, a test, a card."""
    if key in _words()["demands"]:
        return _words()["demands"][key]
    if key in REGIMENS:
        return DRUGS[key].name.zh if key in DRUGS else f"{REGIMENS[key].product.zh}（{key}）"
    if key in all_cards():
        return all_cards()[key].title.zh
    return SERVICES[key].zh if key in SERVICES else PROBLEMS[key].zh if key in PROBLEMS else _drug(key)


def _shared_day(parts: list[str]) -> str:
    """Results of one day, with the day behind the last."""
    day = str(re.findall(rf"，{DATE}", parts[-1])[-1])
    return "，".join(part.replace(day, "") for part in parts) + day


def _since(day: str) -> str:
    return f"自{day}{'年' if len(day) == 4 else ''}起"


def drugs() -> list[str]:
    """Every name of a drug that a line can have."""
    return [*(each.name.zh for each in DRUGS.values()), *_words()["drugs"].values()]


def data(group: str) -> str:
    """A group of data that could not be retrieved."""
    return _words()["data"][group]


def chapter(title: str) -> str:
    """A heading of a file of cases; as it is where nobody has written it in Chinese yet."""
    return _words()["chapters"].get(title, title)


def _noted(notes: Notes) -> str:
    told = "，".join(_note(name, value) for name, value in notes.items())
    return f"（{told}）" if told else ""


def _note(name: str, value: str) -> str:
    if not value:
        return _STATES[name]
    if name == "route":
        value = _ROUTES.get(value, value)
    elif name == "because":
        value = _problem(value)
    elif name == "every":
        count, period = value.split(" ")
        value = f"{count}{_PERIODS[period]}"
    elif name == "dose":
        value = _amount(value)
    return _VALUED[name].format(value)


def _amount(value: str) -> str:
    number, _, of = value.partition(" ")
    return f"{number} {unit(of, 'zh')}".strip()


def _drug(key: str) -> str:
    return _words()["drugs"].get(key) or DRUGS[key].name.zh


def _service(key: str) -> str:
    return _words()["services"].get(key) or SERVICES[key].zh


def _problem(key: str) -> str:
    return _words()["problems"].get(key) or PROBLEMS[key].zh


def _measured(key: str) -> str:
    return _words()["measurements"].get(key) or ANALYTES[key].name.zh


def _fracture(key: str) -> str:
    return _words()["fractures"].get(key) or _name(FRACTURE_SITES[key])


def _name(each: Any) -> str:
    return each if isinstance(each, str) else str(each.zh)


def _site(key: str) -> str:
    sites = {each.value: name.zh for each, name in SITE_NAMES.items()}
    return sites.get(key) or _words()["sites"][key]


def _taken(drug: str, first: str | None, since: str | None, last: str | None) -> str:
    begun = _since(first or since or "") if first or since else ""
    return f"{_drug(drug)}：{begun}{'，' if begun and last else ''}{f'至{last}止' if last else ''}{'服用' if not last else ''}"


_TOLD: tuple[Callable[..., str], ...] = (
    lambda drug, days: f"{_drug(drug)}：{days.replace(', ', '、') if days else _UNDATED}给药",
    lambda drug, day, supply: f"{_drug(drug)}：{day or _UNDATED}发药" + (f"，供{supply}天" if supply else ""),
    lambda service, kind, day: f"{_service(service)}：{day}{'开单' if kind == 'ordered' else '已做'}",
    lambda service, day: f"{_service(service)}报告，{day}",
    lambda drug, day: f"{_drug(drug)}：{day or _UNDATED}开具",
    _taken,
    lambda kind, site, than, value, day: f"{_site(site)}{'T值' if kind == 'T-score' else '骨密度'} {than}{value}，{day}",
    lambda what, than, value, of, day: f"{_measured(what)} {than}{_amount(f'{value} {of}' if of else value)}，{day}",
    lambda site, day: _fracture(site) + (f"，{day}" if day else "，日期不明"),
    lambda name, since: _problem(name) + (f"，{_since(since)}" if since else ""),
    lambda name, day: f"就诊：{_problem(name)}，{day or '日期不明'}",
    lambda name, since, end: (
        f"照护计划：{_problem(name)}，{_since(since) if since else '日期不明'}" + (f"，至{end}止" if end else "")
    ),
    lambda kind, name: f"{_words()['classes'].get(name) or _drug(name)}{'过敏' if kind == 'allergy' else '不耐受'}",
    lambda who, site: f"家族史：{_KIN[who]}{_fracture(site)}",
    lambda habit, day: f"{_HABIT[habit]}，{day}",
)
"""In the order of ``SENTENCES``."""
