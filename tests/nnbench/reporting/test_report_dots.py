"""Dots and intervals in letters: on the right places, whole at every width, in any script and encoding."""

import math
import re
from dataclasses import replace

import pytest
import report_samples as samples
from rich.cells import cell_len

from nnbench.reporting.blocks import Document, Section, Standing, StandingsFigure
from nnbench.reporting.render import text

PLAIN = samples.six_by_ten()


def figure(*rows: Standing, **changes: object) -> StandingsFigure:
    """Return a figure of these rows on the digits, where half a percentage point is noticeable."""
    (found,) = (
        block
        for section in PLAIN.document().sections
        for block in section.blocks
        if isinstance(block, StandingsFigure)
    )
    return replace(found, rows=rows or found.rows, **changes)  # type: ignore[arg-type]


def shown(made: StandingsFigure, width: int = 80) -> list[str]:
    return text.render(Document("", (Section("", (made,)),)), width=width).splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_dots_and_ends_stand_where_the_numbers_are(width: int) -> None:
    """The columns of two dots give the scale; every other dot and end lies on it to within a cell."""
    rows = (
        Standing("one", 0.0, (0.0, 0.0), True),
        Standing("two", -0.02, (-0.03, -0.01), False),
        Standing("three", 0.01, (-0.005, 0.02), True),
    )
    lines = shown(figure(*rows), width)[1:4]
    zero, two, three = (re.search("[●○]", line).start() for line in lines)  # type: ignore[union-attr]
    per_cell = 0.03 / (three - two)

    assert abs((zero - two) * per_cell - 0.02) <= 1.5 * per_cell
    for line, row in zip(lines[1:], rows[1:], strict=True):
        interval = re.search("[─┼●○]+", line)
        assert interval is not None
        for place, end in ((interval.start(), row.interval[0]), (interval.end() - 1, row.interval[1])):
            assert abs((place - zero) * per_cell - end) <= 1.5 * per_cell
    # The interval of the third crosses zero, that of the second does not.
    assert [line[zero] for line in lines] == ["●", "│", "┼"]


def test_the_set_is_marked_and_the_ends_of_the_axis_have_numbers() -> None:
    lines = shown(figure())
    best = {row.label: row.may_be_best for row in figure().rows}

    assert re.fullmatch(r"difference, pp +−\d\.\d +0 +\+0\.\d+", lines[0])
    for line, (label, is_best) in zip(lines[1:6], list(best.items())[:5], strict=True):
        assert line.startswith(label)
        assert ("●" in line, "○" in line) == (is_best, not is_best)


def test_what_is_far_out_is_an_arrow_with_its_number() -> None:
    """One configuration that learns nothing does not squeeze the others into one cell."""
    line = next(line for line in shown(figure()) if line.startswith("sgd · sigmoid"))

    assert "◀ −11.7 " in line
    assert "further out" in shown(figure())[-1]


@pytest.mark.parametrize("interval", [(-math.inf, 0.001), (-0.001, math.inf), (math.nan, math.nan)])
def test_an_end_that_is_no_number_is_an_arrow_or_nothing(interval: tuple[float, float]) -> None:
    rows = Standing("one", 0.0, (0.0, 0.0), True), Standing("two", 0.0, interval, True)
    line = shown(figure(*rows))[2]

    assert ("◀" in line, "▶" in line) == (interval[0] == -math.inf, interval[1] == math.inf)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
@pytest.mark.parametrize(
    "label", ["adam", "아담 · 렐루", "sgd(momentum=0.9, nesterov=true) · leaky_relu · he_normal · batch"]
)
def test_no_line_is_too_long_and_no_label_is_cut(label: str, width: int) -> None:
    """A letter of Korean takes two cells; a label that leaves too little room stands above its dots."""
    rows = Standing(label, 0.0, (0.0, 0.0), True), Standing("b", -0.01, (-0.02, 0.0), False)
    lines = shown(figure(*rows), width)

    assert max(map(cell_len, lines)) <= max(width, max(map(len, label.split(" "))))
    assert label.replace(" ", "") in "".join(lines).replace(" ", "")
    dot, edge = (next(line for line in lines if sign in line) for sign in ("●", "○"))
    assert cell_len(dot[: dot.index("●")]) == cell_len(edge[: edge.index("┼")])


def test_more_rows_than_are_drawn_are_counted() -> None:
    assert "the first 6 of 300, the table has all" in " ".join(shown(figure(n_left_out=294)))


def test_in_ascii_filled_and_hollow_dots_differ() -> None:
    plain = text.encodable("\n".join(shown(figure())), "ascii")

    assert "?" not in plain
    assert "O may be the best; o shown behind another" in plain


def test_a_label_cannot_move_the_cursor() -> None:
    rows = Standing("\x1b[2Jadam\n", 0.0, (0.0, 0.0), True), Standing("b", 0.01, (0.0, 0.02), True)

    assert "\x1b" not in "".join(shown(figure(*rows)))


def test_nobody_measured_what_has_no_score_on_either_side() -> None:
    """Where every trial diverged there is nothing to draw, and no dot at 0."""
    assert "difference, pp  −" not in text.render(samples.all_diverged().document())
