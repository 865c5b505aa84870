"""Figures of the lecture notes beside what was measured."""

from collections.abc import Sequence

from nnbench.records.checks import Checked
from nnbench.records.claims import Language
from nnbench.reporting.blocks import Cell, Column, Document, Paragraph, Section, Table

_WORDS = {
    "en": ("Figures of the lecture notes", "id", "figure", "expected", "measured", "ok", "yes", "no"),
    "ko": ("강의 노트의 수치", "번호", "수치", "노트의 값", "측정값", "일치", "예", "아니오"),
}
_FOUND = {"en": "{} of {} checks agree.", "ko": "검사 {1}개 중 {0}개가 일치한다."}


def build(found: Sequence[Checked], language: Language) -> Document:
    """Return the table of all checks, under how many agree."""
    title, *headers, yes, no = _WORDS[language]
    id_, figure, expected, measured, ok = headers
    columns = (
        Column(id_),
        Column(figure, wraps=True),
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
    told = _FOUND[language].format(sum(each.ok for each in found), len(found))
    blocks = (Paragraph(told, lead=True), Table("", columns, rows))
    return Document(title, (Section(title, blocks),), language)


def rows(found: Sequence[Checked], language: Language) -> list[dict[str, object]]:
    """Return the checks as plain data."""
    return [
        {
            "id": each.id,
            "note": each.note,
            "claim": each.claim.said(language),
            "expected": each.expected,
            "measured": each.measured,
            "ok": each.ok,
        }
        for each in found
    ]
