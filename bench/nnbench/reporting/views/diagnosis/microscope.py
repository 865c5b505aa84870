"""One configuration in training, layer by layer: dead and saturated units, gradients, steps."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nnbench.records.diagnosis import Diagnosis, Series, Training
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Curve, Paragraph, Plot, SmallMultiples, Table
from nnbench.reporting.texts import words
from nnbench.reporting.views.diagnosis.medians import (
    METHOD,
    median_of,
    plain,
    share,
    share_with_interval,
    size_with_interval,
)
from nnbench.statistics.estimation.intervals import median_interval
from nnbench.statistics.trials.summary import is_evidence, score, worst_score

_MOST_STEPS = 6  # columns of a table over time

Values = NDArray[np.float64]


def training_headline(diagnosis: Diagnosis) -> Paragraph:
    """Say how the trials ended, how many units are dead, and how gradients differ between the ends."""
    training = diagnosis.training
    return Paragraph(" ".join([_outcome(diagnosis), *_dead(training), *_gradients(training)]), lead=True)


def activation_table(training: Training) -> Table | None:
    """Return one row for each activation: before training, and at the end."""
    if not training.activations:
        return None
    columns = (
        Column("layer"),
        Column("activation", rank=4),
        Column("units", "right", rank=3),
        Column("dead at start, %", "decimal"),
        Column("dead at end, % [95%]", "decimal"),
        Column("revived, %", "decimal", rank=2),
        Column("saturated at start, %", "decimal"),
        Column("at end, % [95%]", "decimal"),
        Column("mean at end", "decimal", rank=1),
        Column("variance at end", "decimal", rank=1),
    )
    rows = tuple(
        (
            Cell(each.layer),
            Cell(each.activation),
            Cell(digits.count(each.units)),
            share(_first(each.dead)),
            share_with_interval(_last(each.dead)),
            share(each.revived),
            share(_first(each.saturated)),
            share_with_interval(_last(each.saturated)),
            plain(_last(each.mean)),
            plain(_last(each.variance)),
        )
        for each in training.activations
    )
    note = (
        "Dead: no validation sample moves the unit's weights, the slope being 0 for all (below a millionth "
        "of the steepest). Revived: dead at some evaluation, alive at the end. Saturated: of all values, "
        "those with a slope under 5 % of the steepest; of ReLU and its kin, the side without slope. "
        f"Medians over seeds; {METHOD}."
    )
    return Table("Activations", columns, rows, (note,))


def weight_table(training: Training) -> Table | None:
    """Return one row for each kernel: at the step before the first evaluation, and at the last."""
    if not any(np.isfinite(each.gradient_norm).any() for each in training.weights):
        return None
    columns = (
        Column("layer"),
        Column("gradient norm at first", "decimal"),
        Column("at end [95%]", "decimal"),
        Column("step / weights at first", "decimal"),
        Column("at end [95%]", "decimal"),
    )
    rows = tuple(
        (
            Cell(each.layer),
            plain(_first(each.gradient_norm)),
            size_with_interval(_last(each.gradient_norm)),
            plain(_first(each.update_ratio)),
            size_with_interval(_last(each.update_ratio)),
        )
        for each in training.weights
    )
    note = (
        "At the last step before an evaluation, in Euclidean lengths. A rule of thumb wants steps of about "
        "0.001 of the weights (CS231n notes)."
    )
    return Table("Gradients and steps", columns, rows, (note,))


def over_time(training: Training) -> list[Table]:
    """Return a table of each quantity with a row per layer and a column for some of the evaluations."""
    found: list[Table | None] = [
        _table_over_time(
            "Dead units, %, by training step",
            [(each.layer, each.dead) for each in training.activations],
            training,
            share,
        ),
        _table_over_time(
            "Saturated values, %, by training step",
            [(each.layer, each.saturated) for each in training.activations],
            training,
            share,
        ),
        _table_over_time(
            "Gradient norm, by training step",
            [(each.layer, each.gradient_norm) for each in training.weights],
            training,
            plain,
        ),
        _table_over_time(
            "Step / weights, by training step",
            [(each.layer, each.update_ratio) for each in training.weights],
            training,
            plain,
        ),
    ]
    return [table for table in found if table is not None]


def training_figure(diagnosis: Diagnosis, name: str) -> SmallMultiples | None:
    """Return every quantity over the training steps, a line for each layer."""
    training = diagnosis.training
    activations, weights = training.activations, training.weights
    plots = [
        Plot("dead units", _curves(training, [(e.layer, e.dead) for e in activations]), is_share=True),
        Plot("saturated", _curves(training, [(e.layer, e.saturated) for e in activations]), is_share=True),
        Plot("mean activation", _curves(training, [(e.layer, e.mean) for e in activations])),
        Plot("variance", _curves(training, [(e.layer, e.variance) for e in activations]), is_log=True),
        Plot("gradient norm", _curves(training, [(e.layer, e.gradient_norm) for e in weights]), is_log=True),
        Plot("step / weights", _curves(training, [(e.layer, e.update_ratio) for e in weights]), is_log=True),
    ]
    drawn = tuple(plot for plot in plots if any(np.isfinite(curve.y).any() for curve in plot.curves))
    if not drawn:
        return None
    return SmallMultiples(
        name=name,
        caption=(
            "Over training, a line for each layer from the first to the last: medians and quartiles of "
            f"{digits.counted(len(training.trials), 'seed')}."
        ),
        alternative=training_headline(diagnosis).text,
        x_label="training steps",
        plots=drawn,
        order=("first layer", "last layer"),
    )


def _outcome(diagnosis: Diagnosis) -> str:
    facts, trials = diagnosis.facts, diagnosis.training.trials
    n = digits.counted(len(trials), "seed")
    if not trials:
        return "No trial was finished."
    scores = [score(trial, facts) for trial in trials if is_evidence(trial, facts)]
    middle = float(np.median(scores)) if scores else worst_score(facts)
    median = words.median(middle, median_interval(scores), facts)
    found = f"median {words.metric(facts)} {median}" if words.has_score(middle) else median
    kinds = Counter(words.what_happened(trial, facts) for trial in trials)
    lost = [f"{count} {kind}" for kind, count in kinds.items() if kind]
    ended = f"; {', '.join(lost)}" if lost else ""
    return f"After {n}: {found}{ended}."


def _dead(training: Training) -> list[str]:
    if not training.activations:
        return []
    at_start, at_end = _weighted(training, _first), _weighted(training, _last)
    start, end = median_of(at_start), median_of(at_end)
    if start == end == 0:
        n_some = int(np.count_nonzero((at_start > 0) | (at_end > 0)))
        some = f"; in {n_some} of {digits.counted(at_end.size, 'seed')} some are" if n_some else ""
        who = "In the median over seeds no" if n_some else "No"
        return [f"{who} unit is dead, at the start or at the end{some}."]
    worst = max(training.activations, key=lambda each: median_of(_last(each.dead)))
    at_worst = median_of(_last(worst.dead))
    where = f", most in {worst.layer} ({digits.percentage(at_worst)} %)" if at_worst > 0 else ""
    shares = digits.percentage(start), digits.percentage(end)
    return [f"Of all units {shares[0]} % are dead before training and {shares[1]} % at the end{where}."]


def _weighted(training: Training, at: Callable[[Series], Values]) -> Values:
    """Return the share of dead units over all layers, by seed."""
    units = [each.units for each in training.activations]
    return np.average([at(each.dead) for each in training.activations], axis=0, weights=units)


def _gradients(training: Training) -> list[str]:
    if len(training.weights) < 2:
        return []
    first, last = training.weights[0], training.weights[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        start, end = (median_of(at(first.gradient_norm) / at(last.gradient_norm)) for at in (_first, _last))
    if np.isnan(start) or np.isnan(end):
        return []  # diverged before the first evaluation
    sentence = (
        f"The gradient of {first.layer} is {digits.number(start)} times as long as that of {last.layer} at "
        f"the first evaluation, {digits.number(end)} times at the end."
    )
    return [sentence]


def _table_over_time(
    title: str, rows: Sequence[tuple[str, Series]], training: Training, cell: Callable[[Values], Cell]
) -> Table | None:
    places = [
        place
        for place in _some_places(len(training.steps))
        if any(np.isfinite(series[:, place]).any() for _, series in rows)
    ]
    values = [series[:, places] for _, series in rows]
    if not places or not any(np.nan_to_num(each).any() for each in values):
        return None
    columns = (
        Column("layer"),
        *(
            Column(digits.count(training.steps[place]), "decimal", rank=_rank(place, places))
            for place in places
        ),
    )
    cells = tuple((Cell(name), *(cell(series[:, place]) for place in places)) for name, series in rows)
    return Table(title, columns, cells)


def _rank(place: int, places: list[int]) -> int:
    """Return which column goes first where room is short: never the two ends."""
    return 0 if place in (places[0], places[-1]) else 1 + places.index(place)


def _some_places(n: int) -> list[int]:
    """Return at most so many evaluations: the first two, the last, and between them ever farther apart."""
    if n <= _MOST_STEPS:
        return list(range(n))
    spread = np.geomspace(1, n - 1, _MOST_STEPS - 1).round().astype(int)
    return [0, *dict.fromkeys(int(place) for place in spread)]


def _curves(training: Training, rows: Sequence[tuple[str, Series]]) -> tuple[Curve, ...]:
    steps = tuple(float(step) for step in training.steps)
    return tuple(Curve(name, steps, *_quartiles(series)) for name, series in rows)


def _quartiles(series: Series) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Return median, lower and upper quartile over the seeds that came so far."""
    found = np.full((3, series.shape[1]), np.nan)
    for place, values in enumerate(series.T):
        known = values[np.isfinite(values)]
        if known.size:
            found[:, place] = np.quantile(known, (0.5, 0.25, 0.75))
    median, low, high = (tuple(map(float, row)) for row in found)
    return median, low, high


def _first(series: Series) -> Values:
    """Return the first value of every seed: weights have none before the first step."""
    return np.array([row[np.isfinite(row)][0] if np.isfinite(row).any() else np.nan for row in series])


def _last(series: Series) -> Values:
    """Return the last value of every seed, wherever its trial ended."""
    return np.array([row[np.isfinite(row)][-1] if np.isfinite(row).any() else np.nan for row in series])
