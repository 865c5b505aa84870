"""Curves as nnbench writes them, a row per value: those of one metric are a sheet to be judged."""

from collections.abc import Mapping
from dataclasses import replace

from nnbench.errors import UsageError
from nnbench.studies.judged.columns import Named
from nnbench.studies.judged.sheet import Sheet
from nnkit.errors import did_you_mean

_COLUMNS = {"case", "seed", "status", "step", "metric", "value", "direction", "noticeable"}


def with_one_metric(sheet: Sheet, named: Named) -> tuple[Sheet, Named]:
    """Return the rows of the metric that each case is judged by, or that --metric names; other sheets as is.

    The value moves to a column ``final_METRIC``, as in the file that has a row for each trial.
    """
    if not set(sheet.header) >= _COLUMNS:
        return sheet, named
    at = {name: sheet.header.index(name) for name in sheet.header}
    judged = _metrics(sheet, at, named.metric)
    kept = [place for place, row in enumerate(sheet.rows) if row[at["metric"]] == judged.get(row[at["case"]])]
    names = tuple(dict.fromkeys(name.removeprefix("val_") for name in judged.values()))
    rows = []
    for place in kept:
        row = list(sheet.rows[place])
        row[at["metric"]] = row[at["metric"]].removeprefix("val_")
        value = row[at["value"]]
        rows.append([*row, *(value if name == row[at["metric"]] else "" for name in names)])
    header = (*sheet.header, *(f"final_{name}" for name in names))
    lines = tuple(sheet.lines[place] for place in kept)
    return replace(sheet, header=header, rows=tuple(rows), lines=lines), replace(named, metric=None)


def _metrics(sheet: Sheet, at: Mapping[str, int], asked: str | None) -> dict[str, str]:
    """Return the metric of each case: the one that is asked for, or that has a noticeable difference."""
    found: dict[str, dict[str, None]] = {}
    for row in sheet.rows:
        names = found.setdefault(row[at["case"]], {})
        if asked is not None or row[at["noticeable"]]:
            names[row[at["metric"]]] = None
    if asked is None:
        return {case: next(iter(names)) for case, names in found.items() if names}
    known = dict.fromkeys(name for names in found.values() for name in names)
    chosen = asked if asked in known else f"val_{asked}"
    if chosen not in known:
        raise UsageError(f"--metric {asked}: {sheet.name} has no such curve.{did_you_mean(asked, known)}")
    return {case: chosen for case, names in found.items() if chosen in names}
