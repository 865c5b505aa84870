"""What a gate found: lines for a terminal, and a document for everything else."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from textwrap import wrap

from nnbench.records.gate import VERDICTS, Chain, Family, GateItem, GateReport, ItemVerdict
from nnbench.records.trials import MetricFacts
from nnbench.reporting import digits
from nnbench.reporting.blocks import (
    Block,
    Cell,
    Column,
    Document,
    Item,
    Listing,
    Paragraph,
    Section,
    Table,
    Tone,
)

WORDS: dict[ItemVerdict, str] = {
    "crashed": "CRASHED",
    "regressed": "REGRESSED",
    "not_comparable": "not comparable",
    "inconclusive": "inconclusive",
    "improved": "improved",
    "accepted": "accepted",
    "ok": "ok",
}
_TONES: dict[ItemVerdict, Tone] = {
    "crashed": "bad",
    "regressed": "bad",
    "not_comparable": "unsure",
    "inconclusive": "unsure",
    "improved": "good",
    "accepted": "quiet",
    "ok": "same",
}
FAMILIES: dict[Family, str] = {"quality": "learning", "speed": "speed", "compile": "compile"}
_HANGING = " " * 4


def counts(report: GateReport) -> str:
    """Return how many items have which verdict: ``1 regressed, 22 ok``."""
    n = Counter(item.verdict for item in report.items)
    parts = [f"{n[verdict]} {WORDS[verdict].lower()}" for verdict in VERDICTS if n[verdict]]
    return ", ".join(parts) or "nothing measured"


def sides(report: GateReport) -> str:
    return f"base {report.base} → head {report.head} · {report.machine}, {report.seconds:.0f} s"


def ordered(items: Sequence[GateItem]) -> list[GateItem]:
    """Return the items, those first that decide."""
    return sorted(items, key=lambda item: (VERDICTS.index(item.verdict), item.family, item.name))


def measured(item: GateItem) -> str:
    """Return what was measured: ``val_accuracy −0.62 pp [−0.91, −0.33], margin 0.30 pp, n = 12 pairs``."""
    if item.same_bits or item.interval is None:
        return ""
    if item.ratio is not None:
        low, high = (end - 1.0 for end in item.interval)
        said = _difference(item.ratio - 1.0, (low, high), digits.PERCENT, item.margin)
        return f"{said.value} % {said.interval}, margin {100 * item.margin:.3g} %, n = {item.n} pairs"
    assert item.difference is not None, item
    scale = digits.scale_of(MetricFacts(item.metric, "max"))
    said = _difference(item.difference, item.interval, scale, item.margin)
    unit = f" {scale.difference_unit}" if scale.difference_unit else ""
    margin = f"{digits.number(item.margin * scale.factor)}{unit}"
    return f"{item.metric} {said.value}{unit} {said.interval}, margin {margin}, n = {item.n} pairs"


def _difference(
    value: float, interval: tuple[float, float], scale: digits.Scale, margin: float
) -> digits.Estimate:
    """Write a difference; its digits end where the margin could no longer notice them."""
    if interval[1] - interval[0] >= margin / 50.0:
        return digits.difference(value, interval, scale)
    decimals = max(0, 2 - math.floor(math.log10(margin * scale.factor)))
    centre, low, high = (
        digits.number(each * scale.factor, decimals=decimals, signed=True) for each in (value, *interval)
    )
    return digits.Estimate(centre, f"[{low}, {high}]")


def could_have_seen(item: GateItem) -> str:
    """Return the smallest effect that this run would have shown, where it matters."""
    if item.mde is None or item.verdict not in ("inconclusive", "ok") or item.same_bits:
        return ""
    if item.ratio is not None:
        return f"this run could have seen {100 * item.mde:.2g} %"
    scale = digits.scale_of(MetricFacts(item.metric, "max"))
    unit = f" {scale.difference_unit}" if scale.difference_unit else ""
    return f"this run could have seen {digits.number(item.mde * scale.factor)}{unit}"


def said(item: GateItem) -> str:
    """Return the whole of an item in one sentence."""
    return "; ".join(filter(None, (measured(item), item.why, could_have_seen(item))))


def ending(report: GateReport) -> str:
    """Return why the exit code is what it is."""
    return f"exit {report.exit_code} ({report.why})."


def acceptance(report: GateReport, today: date) -> tuple[str, ...]:
    """Return the lines of pyproject.toml that accept the first regression; none where there is none."""
    worse = next((item for item in ordered(report.items) if item.verdict == "regressed"), None)
    if worse is None:
        return ()
    months = today.year * 12 + today.month + 1
    return (
        "[[tool.nnbench.gate.accept]]",
        f"subject = {json.dumps(worse.name, ensure_ascii=False)}",
        'reason = "…"',
        f"until = {months // 12}-{months % 12 + 1:02d}-01",
    )


def text(report: GateReport, today: date, width: int) -> str:
    """Return the lines for a terminal: counts first, what decides next, why the exit code last."""
    lines = [f"nnbench gate: {counts(report)}", sides(report)]
    shown = [item for item in ordered(report.items) if not _is_collapsed(item)]
    pad = max((len(_start(item)) for item in shown), default=0)
    for item in shown:
        start = _start(item).ljust(min(pad, 34))
        lines += [f"{start}  {said(item)}", *(_HANGING + line for line in item.found)]
    lines += [*_collapsed(report.items), *report.notes, ending(report)]
    if accept := acceptance(report, today):
        lines += ["Intended? Add to pyproject.toml:", *(_HANGING + line for line in accept)]
    return "".join(f"{line}\n" for each in lines for line in _wrapped(each, width))


def _start(item: GateItem) -> str:
    return f"{WORDS[item.verdict]}  {FAMILIES[item.family]}  {item.name}"


def _is_collapsed(item: GateItem) -> bool:
    return item.verdict == "ok" and (item.same_bits or item.interval is None) and not item.found


def _collapsed(items: Sequence[GateItem]) -> Iterator[str]:
    """Yield a line for all items of a family that are as they were, for the same reason."""
    together: dict[tuple[str, str], list[str]] = {}
    for item in items:
        if _is_collapsed(item):
            together.setdefault((FAMILIES[item.family], item.why), []).append(item.name)
    for (family, why), names in together.items():
        several = f" ({len(names)})" if len(names) > 3 else ""
        yield f"ok  {family}  {', '.join(names)}{several}: {why}"


def _wrapped(line: str, width: int) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())]
    return wrap(
        line,
        width,
        subsequent_indent=indent + _HANGING,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
        drop_whitespace=True,
    ) or [""]


def build(report: GateReport, today: date) -> Document:
    """Return the document: counts, a table of the items, what goes with them, and the ending."""
    columns = (
        Column("verdict"),
        Column("family"),
        Column("subject", wraps=True),
        Column("what was found", wraps=True),
    )
    rows = tuple(
        (
            Cell(WORDS[item.verdict], _TONES[item.verdict]),
            Cell(FAMILIES[item.family]),
            Cell(item.name),
            Cell(". ".join((said(item), *item.found))),
        )
        for item in ordered(report.items)
    )
    accept = acceptance(report, today)
    listing = Listing(
        (
            Item("base", report.base),
            Item("head", report.head),
            Item("machine", report.machine),
            Item("time", f"{report.seconds:.0f} s"),
            *(Item("note", note) for note in report.notes),
            *(Item("to accept it", "  ".join(accept), is_verbatim=True),) * bool(accept),
        )
    )
    blocks: tuple[Block, ...] = (
        Paragraph(f"{counts(report)}.", lead=True),
        Table("", columns, rows),
        Paragraph(ending(report)),
        listing,
    )
    return Document("nnbench gate", (Section("base and head", blocks),))


def progress(chain: Chain) -> list[str]:
    """Return a chain as lines: how far it has come, and where it changed."""
    level = f"{100 * (chain.level - 1):+.1f} %" if chain.is_ratio else f"{chain.level:+.4g}"
    lines = [f"{FAMILIES[chain.family]}  {chain.name}: {level} over {chain.n} gates"]
    for each in chain.moved:
        low, high = each.interval
        size = (
            f"{100 * (each.change - 1):+.1f} % [{100 * (low - 1):+.1f}, {100 * (high - 1):+.1f}]"
            if chain.is_ratio
            else f"{each.change:+.4g} [{low:+.4g}, {high:+.4g}]"
        )
        lines.append(f"    between {each.before} and {each.after}: {size}, p = {each.p:.2g}")
    return lines
