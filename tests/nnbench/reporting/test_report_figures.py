"""Learning curves: the same records give the same bytes, every line can be told apart, nothing is hidden."""

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from nnbench.reporting.blocks import CurvesFigure, FigureRef, Series
from nnbench.reporting.figures import curves as figures
from nnbench.reporting.figures.lines import as_line, spread, window


def figure_of(sample: samples.Sample) -> CurvesFigure:
    blocks = [block for section in sample.document().sections for block in section.blocks]
    return next(block for block in blocks if isinstance(block, CurvesFigure))


def texts(svg: bytes) -> list[str]:
    root = ElementTree.fromstring(svg)
    return ["".join(each.itertext()).strip() for each in root.iter() if each.tag.endswith("}text")]


def test_the_same_records_give_the_same_bytes() -> None:
    """Drawn twice, from records made twice, the file is one and the same, without a date."""
    first = figures.svg(figure_of(samples.six_by_ten()))

    assert first == figures.svg(figure_of(samples.six_by_ten()))
    assert b"dc:date" not in first
    assert len(first) < 100_000


def test_labels_units_target_and_lost_trials_are_text() -> None:
    """A reader, or a search, finds every configuration, both axes with units, the target and the losses."""
    found = texts(figures.svg(figure_of(samples.six_by_ten())))

    assert {"adam · relu", "momentum · sigmoid", "training steps", "target 95 %"} <= set(found)
    assert "validation accuracy, %" in found
    assert "sgd · sigmoid" in found
    assert "3 of 10 diverged" in found


def test_every_line_has_its_own_colour() -> None:
    """Six configurations have six colours of the palette of Okabe and Ito."""
    shown = figures.svg(figure_of(samples.six_by_ten())).decode().lower()

    assert all(colour.lower() in shown for colour in figures.PALETTE[:6])


def test_more_labels_than_colours_get_other_dashes() -> None:
    """The eighth label repeats a colour and not the pattern."""
    styles = figures._colours([str(i) for i in range(12)])

    assert len({(colour, str(dashes)) for colour, dashes in styles.values()}) == 12


def test_small_multiples_share_a_legend_and_their_scales() -> None:
    """Nine configurations make three panels with their titles, and each label stands once, in the legend."""
    found = texts(figures.svg(figure_of(samples.grid())))

    assert [found.count(each) for each in ("opt0", "opt1", "opt2")] == [1, 1, 1]
    assert [found.count(each) for each in ("act0", "act1", "act2")] == [1, 1, 1]


@pytest.mark.parametrize("name", samples.EVERY_SAMPLE)
def test_every_situation_can_be_drawn(name: str) -> None:
    """One seed, everything diverged, a loss without a target: each makes a well-formed file."""
    for section in samples.EVERY_SAMPLE[name]().document().sections:
        for block in section.blocks:
            if isinstance(block, FigureRef):
                ElementTree.fromstring(figures.svg(block))


def test_a_single_evaluation_can_be_drawn() -> None:
    """A run that was evaluated once has one point and still a figure."""
    sample = samples.alone()
    short = tuple(
        replace(each, curves={name: curve[-1:] for name, curve in each.curves.items()})
        for each in sample.trials
    )

    assert b"training steps" in figures.svg(figure_of(replace(sample, trials=short)))


def test_the_line_is_the_median_and_ends_where_most_are_lost() -> None:
    """Of three trials two diverge at 450: the line ends there, and both are marked with their last value."""
    only = samples.axes(optimizer="sgd")
    trials = (
        samples.trial(only, 0, 0.9),
        samples.trial(only, 1, 0.9, diverged_at=450),
        samples.trial(only, 2, 0.9, diverged_at=450),
    )

    line = as_line(Series("sgd", trials), samples.FACTS)

    middle = sorted(trials, key=lambda each: each.curves["val_accuracy"][0])[1]
    assert line.n_finite == 10
    np.testing.assert_allclose(line.median[:10], middle.curves["val_accuracy"][:10])
    assert line.lost == "2 of 3 diverged"
    assert [step for step, _ in line.ends] == [450.0, 450.0]


def test_long_curves_are_thinned_to_what_can_be_seen() -> None:
    """A curve of 5000 evaluations is drawn from at most 160, with its first and its last."""
    steps = np.arange(0, 5000, dtype=np.float32)
    only = replace(
        samples.trial(samples.axes(), 0, 0.9),
        curves={"eval_step": steps, "val_accuracy": np.linspace(0, 1, 5000, dtype=np.float32)},
    )

    line = as_line(Series("x", (only,)), samples.FACTS)

    assert len(line.steps) <= 160
    assert (line.steps[0], line.steps[-1]) == (1.0, 4999.0)
    assert np.all(np.diff(line.steps) > 0)


def test_the_window_holds_all_lines_and_the_target() -> None:
    """Nothing that is finite lies outside, and the target is in sight even when nobody reached it."""
    case = samples.alone()
    lines = [as_line(Series("x", case.trials), samples.FACTS)]

    view = window(lines, replace(samples.FACTS, target=0.99))

    assert view.low < lines[0].median.min()
    assert view.high > 0.99
    assert view.scale == "log of the error"
    assert (view.first_step, view.last_step) == (45.0, 900.0)


@given(
    st.lists(
        st.tuples(st.floats(0, 200, allow_nan=False), st.floats(5, 30, allow_nan=False)),
        min_size=1,
        max_size=12,
    )
)
def test_labels_are_moved_apart_and_keep_their_order(labels: list[tuple[float, float]]) -> None:
    """No label covers another, none changes places, and all stay on the figure where there is room."""
    wanted, needed = [each[0] for each in labels], [each[1] for each in labels]
    room = max(200.0, sum(needed))

    places = spread(wanted, needed, room)

    order = sorted(range(len(labels)), key=lambda i: (wanted[i], -i))
    for lower, upper in pairwise(order):
        assert places[upper] - places[lower] >= (needed[lower] + needed[upper]) / 2 - 1e-6
    assert all(place - need / 2 >= -1e-6 for place, need in zip(places, needed, strict=True))
    assert all(place + need / 2 <= room + 1e-6 for place, need in zip(places, needed, strict=True))


def test_labels_with_room_stay_where_they_are() -> None:
    """Labels that do not collide stand at the ends of their lines."""
    assert spread([20.0, 100.0, 60.0], [10.0, 10.0, 10.0], 200.0) == [20.0, 100.0, 60.0]


def test_figures_leave_the_settings_of_matplotlib_alone() -> None:
    """Whoever draws in the same process keeps his own settings."""
    import matplotlib

    before = dict(matplotlib.rcParams)
    figures.svg(figure_of(samples.alone()))

    assert dict(matplotlib.rcParams) == before


def test_numbers_on_the_axes_are_plain() -> None:
    """Ticks are written like all numbers of the report: no powers of ten, no mathematical markup."""
    found = texts(figures.svg(figure_of(samples.six_by_ten())))

    ticks = [each for each in found if re.fullmatch(r"[\d,.]+", each)]
    assert {"50", "100", "200", "500"} <= set(ticks)
    assert {"90", "95"} <= set(ticks)
