"""What earlier gates found, commit by commit: a chain of ratios for each subject, and where it changed."""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nnbench.machine.writing import make_folder
from nnbench.records.gate import Chain, Family, GateReport, Moved
from nnbench.statistics.comparing.change_point import find_changes

PLACE = Path(".nnbench") / "gate" / "history.jsonl"
MOST_LINKS = 200  # of a chain: what is older has been decided
_SMALLEST = 1e-9  # an error of nothing has no chain


def remember(folder: Path, report: GateReport) -> None:
    """Append what a gate measured; a line is one gate, so that a kill loses at most its own."""
    items = [
        {
            "name": item.name,
            "family": item.family,
            "verdict": item.verdict,
            "ratio": item.ratio,
            "difference": item.difference,
            "interval": item.interval,
        }
        for item in report.items
        if item.interval is not None and all(map(math.isfinite, item.interval))
    ]
    if not items:
        return
    path = folder / PLACE
    make_folder(path.parent)
    line = json.dumps({"base": report.base, "head": report.head, "machine": report.machine, "items": items})
    with path.open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")


def chains(folder: Path) -> list[Chain]:
    """Return the chains of all subjects that some gate measured."""
    links: dict[tuple[str, Family], list[dict[str, Any]]] = {}
    for gate in _gates(folder):
        for item in gate["items"]:
            link = {**item, "base": gate["base"], "head": gate["head"]}
            links.setdefault((item["name"], item["family"]), []).append(link)
    return [_chain(name, family, each[-MOST_LINKS:]) for (name, family), each in sorted(links.items())]


def _gates(folder: Path) -> Iterator[dict[str, Any]]:
    path = folder / PLACE
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue  # a line that a kill cut short


def _chain(name: str, family: Family, links: Sequence[dict[str, Any]]) -> Chain:
    is_ratio = links[0]["ratio"] is not None
    values, errors = [], []
    for link in links:
        value, error = _link(link, is_ratio=is_ratio)
        values.append(value)
        errors.append(error)
    back = math.exp if is_ratio else float
    moved = tuple(
        Moved(
            str(links[each.first]["base"]),
            str(links[each.last]["head"]),
            back(each.total),
            (back(each.total - 1.96 * each.error), back(each.total + 1.96 * each.error)),
            each.p,
        )
        for each in find_changes(values, errors)
    )
    return Chain(name, family, len(links), back(math.fsum(values)), is_ratio, moved)


def _link(link: dict[str, Any], *, is_ratio: bool) -> tuple[float, float]:
    """Return the value of a link and its standard error, of a ratio as logarithms."""
    numbers = (link["ratio" if is_ratio else "difference"], *link["interval"])
    value, low, high = (math.log(each) if is_ratio else float(each) for each in numbers)
    return value, max((high - low) / (2 * 1.96), _SMALLEST)
