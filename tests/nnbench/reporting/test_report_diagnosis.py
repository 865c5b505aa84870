"""The views of a diagnosis: what they say, what they leave out, and that it fits the page."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from nnbench.records.diagnosis import Training
from nnbench.reporting import diagnosis_document
from nnbench.reporting.blocks import SmallMultiples, Table
from nnbench.reporting.figures import curves as figures
from nnbench.reporting.json import diagnose as diagnose_json
from nnbench.reporting.render import html, markdown, text
from nnbench.reporting.views.diagnosis import microscope, preflight
from tests.nnbench import diagnosis_samples as samples


def spoken(paragraph: object) -> str:
    return str(getattr(paragraph, "text", ""))


def cells(table: Table | None, header: str) -> list[str]:
    assert table is not None
    place = [column.header for column in table.columns].index(header)
    return [row[place].text for row in table.rows]


@pytest.mark.parametrize(
    ("decay", "verb"), [(0.5, "hold"), (0.1, "vanish"), (10.0, "explode"), (1.0, "hold")]
)
def test_the_headline_says_what_becomes_of_signals_and_gradients(decay: float, verb: str) -> None:
    said = spoken(preflight.preflight_headline(samples.check(decay=decay)))

    assert f"Signals {verb}: their variance at dense_3 is" in said
    assert f"Gradients {verb}: their squared length at dense_0 is" in said


def test_the_headline_names_measured_and_expected_ratio_and_the_gain_that_would_keep_the_variance() -> None:
    said = spoken(preflight.preflight_headline(samples.check(decay=0.5)))

    assert "is 0.125 times that at dense_0 (expected 0.125)" in said
    assert said.endswith("Behind relu a gain of 1.41421 keeps the variance; the weights have 1.00.")


def test_where_theory_is_silent_nothing_is_expected() -> None:
    check = samples.check(decay=0.5, expected=False)

    assert "expected" not in spoken(preflight.preflight_headline(check))
    table = preflight.preflight_table(check)
    assert cells(table, "expected")[0] == "—"


def test_one_layer_has_no_way_to_go() -> None:
    assert preflight.preflight_headline(samples.check(decay=0.5, n_layers=1)) is None


def test_one_seed_has_no_interval() -> None:
    check = samples.check(decay=0.5)
    first = check.layers[0]
    alone = replace(first, variance=replace(first.variance, interval=(-math.inf, math.inf)))

    table = preflight.preflight_table(replace(check, layers=(alone,)))
    assert cells(table, "variance [95%]") == ["1.00"]


def test_the_matrix_tells_what_vanishes_from_what_holds() -> None:
    table = preflight.preflight_matrix(
        [samples.check(decay=0.5), samples.check(decay=0.01)], ("activation", "init")
    )

    assert cells(table, "finding") == ["holds", "signals vanish, gradients vanish"]
    assert cells(table, "activation") == ["relu", "relu"]
    assert cells(table, "keeping gain") == ["1.41421", "1.41421"]


def test_the_outcome_counts_failures_beside_the_median() -> None:
    said = spoken(microscope.training_headline(samples.diagnosis()))

    assert said.startswith("After 6 seeds: median validation accuracy 92.5 % [90.0, 95.0]; 1 dead.")
    assert "Of all units 0 % are dead before training and 25.0 % at the end" in said
    assert "The gradient of dense_0 is 8.00 times as long as that of dense_3 at the first evaluation" in said
    assert "64.0 times at the end" in said


def test_no_dead_units_are_said_in_words() -> None:
    none = replace(samples.diagnosis(), training=samples.training(dead=0.0))

    assert "No unit is dead" in spoken(microscope.training_headline(none))


def test_dead_units_of_fewer_than_half_of_the_seeds_are_counted() -> None:
    """The median over seeds is 0, and yet it is false that no unit is dead."""
    none = samples.training(dead=0.0)
    dead = none.activations[0].dead.copy()
    dead[1, -1] = 0.5
    some = replace(none, activations=(replace(none.activations[0], dead=dead), *none.activations[1:]))

    said = spoken(microscope.training_headline(replace(samples.diagnosis(), training=some)))

    assert "In the median over seeds no unit is dead, at the start or at the end; in 1 of 6 seeds" in said


def test_activations_show_start_and_end() -> None:
    table = microscope.activation_table(samples.training())

    assert cells(table, "dead at start, %") == ["0", "0", "0"]
    assert cells(table, "dead at end, % [95%]") == ["25.0 [25.0, 25.0]"] * 3
    assert cells(table, "revived, %") == ["12.5"] * 3
    assert cells(table, "variance at end") == ["1.00", "2.00", "3.00"]


def test_weights_begin_at_their_first_step() -> None:
    table = microscope.weight_table(samples.training())

    assert cells(table, "gradient norm at first") == ["1.00", "0.500", "0.250", "0.125"]
    assert cells(table, "step / weights at first") == ["0.00300"] * 4


def test_intervals_of_lengths_stay_above_0() -> None:
    training = samples.training()
    wide = np.array([[math.nan, 10.0**seed] for seed in range(3)])
    weights = (replace(training.weights[0], gradient_norm=wide, update_ratio=wide),)

    (cell,) = cells(microscope.weight_table(replace(training, weights=weights)), "at end [95%]")[:1]
    low = re.findall(r"\[([^,]+),", cell)
    assert low
    assert not low[0].startswith("−")


def test_tables_over_time_show_both_ends_and_leave_out_what_is_0_throughout() -> None:
    tables = microscope.over_time(samples.training(dead=0.0))

    titles = [table.title for table in tables]
    assert not any(title.startswith("Dead") for title in titles)
    for table in tables:
        headers = [column.header for column in table.columns]
        assert len(headers) <= 7
        assert headers[-1] == "100"
        assert headers[1] == ("0" if table.title.startswith("Saturated") else "10")


def test_trials_that_diverged_at_once_leave_rows_of_dashes_or_no_table() -> None:
    training = samples.training()
    lost = np.full((6, 1), np.nan)
    weights = tuple(replace(each, gradient_norm=lost, update_ratio=lost) for each in training.weights)
    activations = tuple(
        replace(
            each,
            **{name: getattr(each, name)[:, :1] for name in ("dead", "dead_for_good", "saturated")},
            mean=each.mean[:, :1],
            variance=each.variance[:, :1],
        )
        for each in training.activations
    )
    trials = tuple(
        replace(trial, status="diverged", final={}, failure="diverged") for trial in training.trials
    )
    early = Training(trials, samples.STEPS[:1], activations, weights)
    found = replace(samples.diagnosis(), training=early)

    assert microscope.weight_table(early) is None
    said = spoken(microscope.training_headline(found))
    assert "no score; 6 diverged" in said
    assert "—" not in said
    assert text.render(diagnosis_document.build(found))


@pytest.mark.parametrize("width", [80, 120])
def test_the_text_keeps_to_its_width(width: int) -> None:
    written = text.render(diagnosis_document.build(samples.diagnosis()), width=width)

    assert max(map(len, written.splitlines())) <= width


def test_markdown_comes_with_its_pictures_and_html_holds_them() -> None:
    document = diagnosis_document.build(samples.diagnosis())
    names = [name for name, _ in markdown.figures(document)]

    assert names == ["stack-before-training.svg", "stack-in-training.svg"]
    source = markdown.render(document)
    assert all(f"]({name})" in source for name in names)
    assert html.render(document).count("<svg") == 2


def test_the_same_diagnosis_gives_the_same_picture() -> None:
    document = diagnosis_document.build(samples.diagnosis())
    drawn = [
        block
        for section in document.sections
        for block in section.blocks
        if isinstance(block, SmallMultiples)
    ]

    for figure in drawn:
        assert figures.svg(figure) == figures.svg(figure)
    assert "first layer" in figures.svg(drawn[1]).decode()
    assert "dense_3" in figures.svg(drawn[0]).decode()


def test_the_document_has_every_series_by_seed_and_evaluation() -> None:
    document = diagnose_json.as_dict(samples.diagnosis())

    assert document["schema"] == "nnbench.diagnose/1"
    assert document["axes"]["activation"] == "relu"
    assert document["preflight"]["signals"] == {
        "from": "dense_0",
        "to": "dense_3",
        "ratio": 0.125,
        "expected": pytest.approx(0.125),
        "fate": "holds",
    }
    activation = document["training"]["activations"][0]
    assert np.shape(activation["dead"]) == (6, len(samples.STEPS))
    assert document["training"]["trials"][5]["failure"] == "dead"
    json.dumps(document)
