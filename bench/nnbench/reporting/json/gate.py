"""A gate as JSON: its own schema, and the arrays that services for benchmarks read."""

import math
from collections.abc import Iterator
from typing import Any

from nnbench.records.gate import GateItem, GateReport, ItemVerdict
from nnbench.reporting.shapes.gate import GateDocument, Item
from nnbench.reporting.views import gate as view


def as_dict(report: GateReport) -> GateDocument:
    """Return the report as ``nnbench.gate/1``."""
    return {
        "schema": "nnbench.gate/1",
        "verdict": overall(report),
        "exit_code": report.exit_code,
        "why": report.why,
        "base": report.base,
        "head": report.head,
        "machine": report.machine,
        "seconds": round(report.seconds, 1),
        "items": rows(report),
        "notes": list(report.notes),
    }


def overall(report: GateReport) -> ItemVerdict:
    """Return the verdict of the whole: that of the item that decides, ok where there is none."""
    items = view.ordered(report.items)
    return items[0].verdict if items else "inconclusive"


def rows(report: GateReport) -> list[Item]:
    return [_item(item) for item in view.ordered(report.items)]


def _item(item: GateItem) -> Item:
    return {
        "name": item.name,
        "family": item.family,
        "verdict": item.verdict,
        "ratio": item.ratio,
        "difference": item.difference,
        "interval": None if item.interval is None else list(item.interval),
        "n": item.n,
        "metric": item.metric or None,
        "margin": item.margin,
        "mde": item.mde,
        "why": item.why,
        "found": list(item.found),
        "evidence": {**item.evidence},
    }


def bencher(report: GateReport) -> dict[str, Any]:
    """Return Bencher's metric format (BMF): head's ratio to the base, or the difference of the metric."""
    found: dict[str, Any] = {}
    for item, value, interval in _valued(report):
        measure = "ratio" if item.ratio is not None else item.metric or "difference"
        low, high = interval
        found[item.name] = {measure: {"value": value, "lower_value": low, "upper_value": high}}
    return found


def action_benchmark(report: GateReport) -> list[dict[str, Any]]:
    """Return github-action-benchmark's array ``customSmallerIsBetter``: ratios of times."""
    return [
        {
            "name": item.name,
            "unit": "head/base",
            "value": value,
            "range": f"[{interval[0]:.4g}, {interval[1]:.4g}]",
            "extra": item.why,
        }
        for item, value, interval in _valued(report)
        if item.ratio is not None
    ]


def _valued(report: GateReport) -> Iterator[tuple[GateItem, float, tuple[float, float]]]:
    for item in report.items:
        value = item.difference if item.ratio is None else item.ratio
        if value is not None and item.interval is not None and all(map(math.isfinite, item.interval)):
            yield item, value, item.interval
