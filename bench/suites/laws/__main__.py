"""``python bench/suites/laws``: the cost laws of steps and commands, as JSON, a table and a picture.

Sizes grow by steps; a step that costs more than twice what the law allows is a cliff, and the exit code is 1.
All of it takes about ten minutes of a quiet machine, ``--quick`` a few seconds of small sizes.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

# As a folder that is run, this one is on the path; the suites' own modules lie beside it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from figures import machine_line
from laws import law, picture, sweeps
from laws.sweeps import Sweep

_EXPLAINED = (
    "Measured on {heading}. A cliff is a step from one size to the next that costs more than {cliff:g} times"
    " what the law allows; `worst` is the same over any number of steps. Written by"
    " `python bench/suites/laws`."
)
_PUBLISHED = Path(__file__).resolve().parents[3] / "reports" / "published"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the files, print the table; return 1 where there is a cliff."""
    parser = argparse.ArgumentParser(prog="laws", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes only")
    parser.add_argument("--only", choices=("steps", "commands"), help="one half of it")
    parser.add_argument("--into", type=Path, default=_PUBLISHED, metavar="FOLDER", help="where laws.* go")
    parser.add_argument("--scratch", type=Path, metavar="FOLDER", help="stores of made-up trials, kept")
    chosen = parser.parse_args(arguments)
    found: list[Sweep] = []
    with tempfile.TemporaryDirectory() as passing:
        scratch = chosen.scratch or Path(passing)
        scratch.mkdir(parents=True, exist_ok=True)
        if chosen.only != "commands":
            found += sweeps.steps(is_quick=chosen.quick)
        if chosen.only != "steps":
            found += sweeps.commands(scratch, is_quick=chosen.quick)
    today = datetime.now(UTC).date().isoformat()
    heading = f"{machine_line().split(', load')[0]}, {today}"
    chosen.into.mkdir(parents=True, exist_ok=True)
    text = markdown(found, heading)
    (chosen.into / "laws.md").write_text(text, encoding="utf-8")
    (chosen.into / "laws.json").write_text(
        json.dumps(as_dict(found, heading), indent=1) + "\n", encoding="utf-8"
    )
    (chosen.into / "laws.svg").write_bytes(picture.svg(found, heading))
    print(text)
    return int(any(law.cliffs(sweep.points, sweep.exponent) for sweep in found))


def as_dict(found: Sequence[Sweep], heading: str) -> dict[str, object]:
    """Return everything that was measured, and the laws."""
    return {
        "machine": heading,
        "sweeps": [
            {
                **asdict(sweep),
                "pieces": [asdict(piece) for piece in law.pieces(sweep.points)],
                "cliffs": [asdict(cliff) for cliff in law.cliffs(sweep.points, sweep.exponent)],
            }
            for sweep in found
        ],
    }


def markdown(found: Sequence[Sweep], heading: str) -> str:
    """Return the laws as a table, and what was measured as another."""
    lines = [
        "# Cost laws",
        "",
        _EXPLAINED.format(heading=heading, cliff=law.CLIFF),
        "",
        "![Seconds and memory over sizes, both logarithmic](laws.svg)",
        "",
        "| law | sizes | may grow as | grows as | cliffs | worst |",
        "| :-- | :-- | :-- | :-- | :-- | --: |",
        *(_law_row(sweep) for sweep in found),
        "",
    ]
    for sweep in found:
        lines += ["", f"## {sweep.name[0].upper()}{sweep.name[1:]}", "", f"{sweep.what}.", ""]
        lines += [f"| {sweep.size} | time | quartiles | n | memory |", "| --: | --: | :-- | --: | --: |"]
        lines += [_size_row(sweep, place) for place in range(len(sweep.points))]
    return "\n".join(lines) + "\n"


def _law_row(sweep: Sweep) -> str:
    grows = "; ".join(
        f"n^{piece.exponent:.2f} ({piece.first:,.0f}–{piece.last:,.0f})" for piece in law.pieces(sweep.points)
    )
    leaps = law.cliffs(sweep.points, sweep.exponent)
    told = ", ".join(f"{each.before:,.0f} → {each.after:,.0f}: {each.leap:.1f}×" for each in leaps) or "none"
    sizes = f"{sweep.points[0].size:,.0f} … {sweep.points[-1].size:,.0f} {sweep.size}"
    worst = f"{law.worst(sweep.points, sweep.exponent):.2f}×"
    return f"| {sweep.name} | {sizes} | n^{sweep.exponent:g} | {grows} | {told} | {worst} |"


def _size_row(sweep: Sweep, place: int) -> str:
    point, n_bytes = sweep.points[place], sweep.peak_bytes[place]
    quartiles = f"[{picture.seconds(point.low)}, {picture.seconds(point.high)}]"
    cost, memory = picture.seconds(point.cost), picture.size(n_bytes)
    return f"| {point.size:,.0f} | {cost} | {quartiles} | {point.n} | {memory} |"


if __name__ == "__main__":
    sys.exit(main())
