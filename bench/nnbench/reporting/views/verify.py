"""What was checked: what failed, then how many checks of each group agree."""

from collections.abc import Sequence

from nnbench.records.checks import Checked
from nnbench.records.claims import Language
from nnbench.reporting.blocks import Block, Cell, Column, Document, Paragraph, Section, Table

_WORDS = {
    "en": ("What was checked", "id", "check", "expected", "measured", "ok", "yes", "no"),
    "ko": ("검사한 수치", "번호", "검사", "기대한 값", "측정값", "일치", "예", "아니오"),
}
_FOUND = {"en": "{} of {} checks agree.", "ko": "검사 {1}개 중 {0}개가 일치한다."}
_GROUPS = {"en": ("group", "checks", "agree"), "ko": ("묶음", "검사", "일치")}
_FAILED = {"en": "What does not agree", "ko": "일치하지 않는 것"}
_CLASS = {"en": "Which optimizer it is", "ko": "어떤 옵티마이저인가"}


def build(found: Sequence[Checked], language: Language, *, is_all: bool = False) -> Document:
    """Return how many agree and every check; where all were asked for, what failed and counts by group."""
    told = Paragraph(_FOUND[language].format(sum(each.ok for each in found), len(found)), lead=True)
    title = _WORDS[language][0]
    if not is_all:
        return Document(title, (Section(title, (told, _table("", found, language))),), language)
    failed = [each for each in found if not each.ok]
    blocks: list[Block] = [told]
    if failed:
        blocks.append(_table(_FAILED[language], failed, language))
    return Document(title, (Section(title, (*blocks, _counts(found, language))),), language)


def of_class(found: Sequence[Checked], language: Language) -> Document:
    """Return which form a class is, in a sentence, over what it was held against."""
    first, *further = found
    title = _CLASS[language]
    lead = Paragraph(first.claim.said(language), lead=True)
    return Document(title, (Section(title, (lead, _table("", further, language))),), language)


def _table(title: str, found: Sequence[Checked], language: Language) -> Table:
    _, id_, claim, expected, measured, ok, yes, no = _WORDS[language]
    columns = (
        Column(id_),
        Column(claim, wraps=True),
        Column(expected, wraps=True, breaks=" "),  # not inside 1,000
        Column(measured, wraps=True, breaks=" "),
        Column(ok),
    )
    rows = tuple(
        (
            Cell(each.id),
            Cell(each.claim.said(language)),
            Cell(each.expected.replace("≤ ", "≤").replace("≥ ", "≥")),  # the sign stays at its number
            Cell(each.measured),
            Cell(yes, "good") if each.ok else Cell(no, "bad"),
        )
        for each in found
    )
    return Table(title, columns, rows)


def _counts(found: Sequence[Checked], language: Language) -> Table:
    groups = dict.fromkeys(each.group for each in found)
    group, checks, agree = _GROUPS[language]
    rows = []
    for name in groups:
        of_it = [each.ok for each in found if each.group == name]
        rows.append(
            (Cell(name), Cell(str(len(of_it))), Cell(str(sum(of_it)), "good" if all(of_it) else "bad"))
        )
    return Table("", (Column(group), Column(checks), Column(agree)), tuple(rows))


def rows(found: Sequence[Checked], language: Language) -> list[dict[str, object]]:
    """Return the checks as plain data."""
    return [
        {
            "id": each.id,
            "group": each.group,
            "note": each.note,
            "claim": each.claim.said(language),
            "expected": each.expected,
            "measured": each.measured,
            "ok": each.ok,
        }
        for each in found
    ]
