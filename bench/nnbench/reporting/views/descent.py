"""A descent in words: where each path ended and why, beside the limit of stability, and its steps."""

from collections import Counter

from nnbench.records.descent import Descent, End, Path
from nnbench.reporting import digits
from nnbench.reporting.blocks import (
    Block,
    Cell,
    Column,
    DescentAnimation,
    DescentFigure,
    Document,
    Item,
    Listing,
    Paragraph,
    Section,
    Table,
    Tone,
)

_TONES: dict[End, Tone] = {
    "converged": "good",
    "saddle": "bad",
    "local_minimum": "unsure",
    "diverged": "bad",
    "running": "quiet",
}
_MOST_TRAJECTORIES = 4
_FIRST, _LAST = 5, 3  # of the steps of a trajectory
_MOVING = "The same, step by step; it moves where SVG animations are played."


def document(descent: Descent) -> Document:
    """Return the report of a descent."""
    steps = max(path.n_steps for path in descent.paths)
    heading = (
        f"{descent.function}: {digits.counted(len(descent.paths), 'path')},"
        f" {digits.counted(steps, 'step')} from {_point(descent.start)}"
    )
    blocks: list[Block] = [_lead(descent), _ends(descent), paths(descent), _moving(descent)]
    steps_taken = [_trajectory(descent, path) for path in descent.paths[:_MOST_TRAJECTORIES]]
    sections = [Section(heading, tuple(blocks)), Section("Steps", (*steps_taken, *_left_out(descent)))]
    return Document(
        f"Descent of {descent.function}", (*sections, Section("What was run", (_about(descent),)))
    )


def _point(numbers: tuple[float, ...]) -> str:
    shown = ", ".join(digits.number(each) for each in numbers[:2])
    return f"({shown})" if len(numbers) <= 2 else f"({shown}, …) in {len(numbers)} dimensions"


def _lead(descent: Descent) -> Paragraph:
    n = len(descent.paths)
    counts = Counter(path.end.replace("_", " ") for path in descent.paths)
    ended = ", ".join(f"{count} {end}" for end, count in counts.most_common())
    words = f"Of {digits.counted(n, 'path')}: {ended}." if n > 1 else f"The path ended: {ended}."
    limit = descent.stability_limit
    if limit is None or descent.curvature is None:
        return Paragraph(f"{words} This function has no minimum, so no rate is too large for one.", lead=True)
    beyond = [descent.label(path) for path in descent.paths if path.limit and path.learning_rate > path.limit]
    said = f" Beyond its own limit: {'; '.join(beyond)}." if beyond else ""
    return Paragraph(
        f"{words} The steepest curvature at the minimum is {digits.number(descent.curvature)}, so plain"
        f" gradient descent stays there only at rates below 2/{digits.number(descent.curvature)} ="
        f" {digits.number(limit)}.{said}",
        lead=True,
    )


def _ends(descent: Descent) -> Table:
    columns = (
        Column("path"),
        Column("rate limit", align="decimal", rank=2),
        Column("ended", rank=0),
        Column("there from step", align="right", rank=3),
        Column("value", align="decimal", rank=1),
        Column("why", wraps=True),
    )
    rows = tuple(_end(descent, path) for path in descent.paths)
    note = (
        "Converged, saddle, local minimum: the nearest stationary point, as Newton's step and the Hessian's"
        " eigenvalues tell, is nearer than a two-hundredth of the picture. The limit is that of the steepest"
        " direction at the minimum; adaptive optimizers have none in closed form."
    )
    return Table("", columns, rows, (note,))


def _end(descent: Descent, path: Path) -> tuple[Cell, ...]:
    is_beyond = path.limit is not None and path.learning_rate > path.limit
    return (
        Cell(descent.label(path)),
        Cell(
            digits.MISSING if path.limit is None else digits.number(path.limit),
            "bad" if is_beyond else "plain",
        ),
        Cell(path.end.replace("_", " "), _TONES[path.end]),
        Cell(digits.MISSING if path.settled is None else digits.count(path.settled)),
        Cell(digits.number(float(path.values[-1]))),
        Cell(path.why),
    )


def paths(descent: Descent) -> DescentFigure:
    """Return the picture of the paths over the function's contours."""
    caption = (
        f"Contours of {descent.formula}, and the paths from the square; + is a minimum, × another stationary"
        " point, and a ball the end of a path."
    )
    name = f"descent-{descent.function}"
    return DescentFigure(name, caption, f"Paths over contours: {_all_ends(descent)}", descent)


def _moving(descent: Descent) -> DescentAnimation:
    alternative = f"Paths over contours, moving: {_all_ends(descent)}"
    return DescentAnimation(f"descent-{descent.function}-moving", _MOVING, alternative, descent)


def _all_ends(descent: Descent) -> str:
    return "; ".join(f"{descent.label(path)}: {path.end.replace('_', ' ')}" for path in descent.paths)


def _trajectory(descent: Descent, path: Path) -> Table:
    n = path.n_steps
    all_of_them = n + 1 <= _FIRST + _LAST + 1
    shown = list(range(n + 1)) if all_of_them else [*range(_FIRST), *range(n + 1 - _LAST, n + 1)]
    labels = descent.landscape.x_label, descent.landscape.y_label, "value"
    columns = (Column("step", align="right"), *(Column(label, align="decimal") for label in labels))
    rows = [
        tuple(
            Cell(text)
            for text in (digits.count(step), *map(_exact, (*path.points[step].tolist(), path.values[step])))
        )
        for step in shown
    ]
    if not all_of_them:
        rows.insert(_FIRST, (Cell("…"), Cell(""), Cell(""), Cell("")))
    return Table(descent.label(path), columns, tuple(rows))


def _exact(value: float) -> str:
    """Write a coordinate with six significant digits: enough to hold a calculation by hand against it."""
    return f"{float(value):.6g}".replace("e+", "e").replace("inf", "∞").replace("-", digits.MINUS)


def _left_out(descent: Descent) -> tuple[Paragraph, ...]:
    n = len(descent.paths)
    if n <= _MOST_TRAJECTORIES:
        return (Paragraph("Every step: --json, or --format csv."),)
    return (Paragraph(f"The steps of all {n} paths: --json, or --format csv."),)


def _about(descent: Descent) -> Listing:
    items = (
        Item(descent.function, descent.summary),
        Item("formula", descent.formula),
        Item("source", descent.source),
        Item("noise", f"standard deviation {descent.noise:g} on every number" if descent.noise else ""),
        Item("again", descent.command, is_verbatim=True),
    )
    return Listing(tuple(item for item in items if item.text))
