"""Pictures of filters: which trials are shown, what the caption says, and that every panel is drawn."""

import base64
import io
import re
from dataclasses import replace
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import report_samples as samples
from test_report_figures import texts

from nnbench.evidence.case import CaseEvidence
from nnbench.evidence.showcase import showcase
from nnbench.records.trials import Pictures
from nnbench.reporting.blocks import FiltersFigure
from nnbench.reporting.figures import curves as figures
from nnbench.reporting.render import html, latex, markdown, text
from nnbench.reporting.views.filters import filters
from tests.nnbench.picture_samples import pictures, sequences


def with_pictures(sample: samples.Sample, left: Pictures, *seeds: int) -> samples.Sample:
    """Return the sample with these pictures on every trial of these seeds."""
    trials = tuple(replace(trial, pictures=left if trial.seed in seeds else None) for trial in sample.trials)
    return replace(sample, trials=trials)


def case_of(sample: samples.Sample) -> CaseEvidence:
    (case,) = sample.cases()
    return case


def figure_of(left: Pictures) -> FiltersFigure:
    (figure,) = filters(case_of(with_pictures(samples.alone(), left, 0)))
    return figure


def images_in(svg: bytes) -> list[Any]:
    """Return the pictures inside a drawing, as they are stored there."""
    found = re.findall(rb"data:image/png;base64,([^\"]+)", svg)
    return [matplotlib.image.imread(io.BytesIO(base64.b64decode(each))) for each in found]


def test_the_best_configuration_and_the_worst_are_shown() -> None:
    """By the lowest seed that has pictures; the captions say which is which."""
    case = case_of(with_pictures(samples.six_by_ten(), pictures(), 3, 7))

    best, worst = filters(case)

    assert (
        "(adam · relu, best of 6 by median validation accuracy): conv2d_0, seed 3, 900 steps" in best.caption
    )
    assert "(sgd · sigmoid, last of 6 by median validation accuracy)" in worst.caption
    assert (best.name, worst.name) == ("digits-mlp-filters", "digits-mlp-filters-2")


def test_where_the_best_has_no_pictures_its_place_is_not_claimed() -> None:
    sample = samples.six_by_ten()
    having = {trial.key for trial in sample.trials if trial.axes == samples.axes(
        optimizer="momentum", activation="relu")}  # fmt: skip

    case = case_of(with_pictures(sample, pictures(), 0))
    (shown,) = showcase(case, having)
    only = replace(case, trials=(replace(shown, pictures=pictures()),))

    assert "momentum · relu, place 2 of 6" in filters(only)[0].caption


def test_a_case_without_pictures_has_no_figure() -> None:
    assert filters(case_of(samples.six_by_ten())) == []


def test_the_caption_names_samples_labels_and_scales() -> None:
    left = pictures()
    figure = figure_of(left)

    limit = max(abs(left.drawn).max(), abs(left.learned).max())
    moved = np.linalg.norm(left.learned - left.drawn) / np.linalg.norm(left.drawn)
    assert "(its only configuration): conv2d_0, seed 0, 900 steps. Its 8 filters" in figure.caption
    assert "validation samples 0, 1 and 2 (labels 9, 8 and 7)" in figure.caption
    assert f"all from −{limit:.3f} to {limit:.3f}. " in figure.caption
    assert f"behind relu, all from 0 to {left.maps.max():.2f}." in figure.caption
    assert f"moved them by {100 * moved:.0f} % of their norm" in figure.caption


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (pictures(n_filters=64), "The first 8 of its 64 filters: as drawn and as learned"),
        (pictures(channels=3), "in red, green and blue, each from its own least weight to its greatest"),
        (pictures(channels=2), "(the first of 2 channels)"),
        (pictures(samples=1), "validation sample 0 (label 9)"),
        (pictures(labels=()), "validation samples 0, 1 and 2, black at"),
        (pictures(samples=0), "Maps of samples of this size are not kept."),
        (pictures(activation=""), "before any activation"),
        (sequences(), "behind tanh, all from −"),
        (sequences(), "as drawn (grey) and as learned (blue)"),
    ],
)
def test_the_caption_says_what_is_special(left: Pictures, words: str) -> None:
    assert words in figure_of(left).caption


@pytest.mark.parametrize(
    ("left", "n_images"),
    [
        (pictures(), 2 * 8 + 3 * (1 + 8) + 2),
        (pictures(filters=32, samples=1), 2 * 32 + (2 + 32) + 2),  # two rows of filters, each with the sample
        (pictures(channels=3), 2 * 8 + 3 * (1 + 8) + 1),  # colours have no scale in common
        (pictures(samples=0), 2 * 8 + 1),
        (sequences(), 0),
    ],
)
def test_every_panel_is_drawn(left: Pictures, n_images: int) -> None:
    """Filters before and after, samples and maps, and a bar for each scale."""
    assert len(images_in(figures.svg(figure_of(left)))) == n_images


def test_a_panel_has_the_values_of_its_filter() -> None:
    """Its pixels are as many as the weights, each enlarged; the largest weight is the darkest red."""
    left = pictures()
    drawn, learned = figure_of(left), np.zeros_like(left.learned)
    learned[0, 2, 0, 5] = 1.0
    figure = replace(drawn, pictures=replace(left, learned=learned), weight_limit=1.0)

    shown = images_in(figures.svg(figure))[2 * 5 + 1]

    corner = shown[: len(shown) // 3, -(len(shown) // 3) :]
    assert len(np.unique(shown.reshape(-1, shown.shape[-1]), axis=0)) == 2
    assert len(np.unique(corner.reshape(-1, shown.shape[-1]), axis=0)) == 1
    assert corner[0, 0, 0] > 2 * corner[0, 0, 2]


def test_sequences_are_drawn_as_lines() -> None:
    """Each filter before and after, each sample, each map, and what they are on one scale."""
    drawn = figures.svg(figure_of(sequences()))

    n_lines = drawn.count(b'<g id="line2d_')
    assert n_lines == 5 * (1 + 2) + 2 * (1 + 5 * 2)  # the others are the lines at 0
    assert any(re.fullmatch(r"filters −(\S+) to \1, samples −\S+ to \S+, maps −(\S+) to \2", each)
               for each in texts(drawn))  # fmt: skip


def test_columns_are_numbered_and_rows_named() -> None:
    found = texts(figures.svg(figure_of(pictures(samples=1))))

    assert {"as drawn", "learned", "sample 0", "0", "7"} <= {
        part for each in found for part in each.split("\n")
    }


def test_the_same_pictures_give_the_same_bytes() -> None:
    figure = figure_of(pictures())

    assert figures.svg(figure) == figures.svg(figure)


@pytest.mark.parametrize("left", [pictures(), sequences()])
def test_filters_and_maps_of_nothing_can_be_drawn(left: Pictures) -> None:
    """Dead filters, maps and samples: no scale divides by 0."""
    nothing = {name: np.zeros_like(getattr(left, name)) for name in ("drawn", "learned", "inputs", "maps")}

    figure = figure_of(replace(left, **nothing))

    assert "moved" not in figure.caption
    assert figures.svg(figure)


def test_every_format_does_with_them_what_it_does_with_figures() -> None:
    sample = with_pictures(samples.two_of("worse"), pictures(), 0)
    document = sample.document()

    page = html.render(document)
    said = text.render(document, width=80)
    assert page.count("What the first convolution of digits-mlp learned (adam, best of 2") == 1
    assert said.count("nnbench report --format html") == 1
    assert "(digits-mlp-filters.svg)" in markdown.render(document)
    assert "filters" not in latex.render(document)
