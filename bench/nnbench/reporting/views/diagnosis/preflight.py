"""The check before any training: how variance and gradients pass through fresh layers, beside theory."""

from collections.abc import Sequence

from nnbench.records.diagnosis import LayerCheck, Preflight, Quantity
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Curve, Paragraph, Plot, SmallMultiples, Table
from nnbench.statistics.trials.propagation import (
    EXPLODED,
    VANISHED,
    Course,
    Fate,
    backward_course,
    forward_course,
)

_NOTHING = Cell(digits.MISSING, "quiet")
# A gain within this share of the one that keeps the variance is called right.
_NEAR = 0.02
# Decimals of a gain that theory gives; those of drawn weights are not so exact.
_EXACT = 5


def preflight_headline(check: Preflight) -> Paragraph | None:
    """Say what becomes of signals and gradients, and which gain would keep the variance."""
    sentences = [
        *_sentence("Signals", "variance", forward_course(check)),
        *_sentence("Gradients", "squared length", backward_course(check)),
        *_advice(check),
    ]
    return Paragraph(" ".join(sentences), lead=True) if sentences else None


def preflight_table(check: Preflight) -> Table:
    """Return one row for each layer with weights."""
    columns = (
        Column("layer"),
        Column("units", "right", rank=3),
        Column("then", rank=4),
        Column("gain", "decimal", rank=1),
        Column("keeping gain", "decimal", rank=1),
        Column("variance [95%]", "decimal"),
        Column("expected", "decimal"),
        Column("gradient factor [95%]", "decimal"),
        Column("expected", "decimal"),
    )
    n = f"{digits.counted(check.n_seeds, 'seed')}, {digits.counted(check.n_samples, 'training sample')}"
    note = (
        f"Fresh weights, mean over {n}. Variance: mean square of what the layer puts out, before its "
        "activation. Gradient factor: squared length of the gradient there over that at the next layer. "
        "Gain: root of (variance of the weights × inputs of a unit); the keeping gain would give variance 1 "
        "after variance 1. Expected: mean-field theory. Intervals: Student's t."
    )
    return Table("Before training", columns, tuple(_row(layer) for layer in check.layers), (note,))


def preflight_matrix(checks: Sequence[Preflight], varying: tuple[str, ...]) -> Table:
    """Return one row for each configuration: what is left at the far end of the model."""
    columns = (
        *(Column(axis, wraps=True) for axis in varying),
        Column("keeping gain", "decimal", rank=1),
        Column("variance, last / first layer", "decimal"),
        Column("expected", "decimal", rank=1),
        Column("gradient, first / last layer", "decimal"),
        Column("expected", "decimal", rank=1),
        Column("finding"),
    )
    rows = tuple(
        (
            *(Cell(check.axes.as_dict()[axis]) for axis in varying),
            _keeping(check),
            *_course_cells(forward_course(check)),
            *_course_cells(backward_course(check)),
            _finding(check),
        )
        for check in checks
    )
    first = checks[0]
    n = f"{digits.counted(first.n_seeds, 'seed')} and {digits.counted(first.n_samples, 'training sample')}"
    ends = f"from {first.layers[0].layer} to {first.layers[-1].layer} and back"
    note = (
        f"Fresh weights; ratios of mean squares and of squared lengths, over {n}, {ends}. Under {VANISHED:g} "
        f"a signal or gradient has vanished, above {EXPLODED:g} it has exploded. Expected: mean-field theory."
        " Keeping gain: of weights behind the activation; it gives variance 1 after variance 1."
    )
    return Table("Before training", columns, rows, (note,))


def preflight_figure(check: Preflight, name: str) -> SmallMultiples:
    """Return variance and gradient by layer, measured and expected."""
    x = tuple(float(place) for place in range(len(check.layers)))
    headline = preflight_headline(check)
    plots = tuple(
        Plot(title, _measured_and_expected(x, quantities), is_log=True)
        for title, quantities in (
            ("variance of the signal", [layer.variance for layer in check.layers]),
            ("squared length of the gradient", [layer.gradient for layer in check.layers]),
        )
    )
    return SmallMultiples(
        name=name,
        caption=(
            "Before training, layer by layer. Points: measured, with 95 % intervals over "
            f"{digits.counted(check.n_seeds, 'seed')}. Bars: mean-field theory."
        ),
        alternative=headline.text if headline else "Variance and gradient of one layer.",
        x_label="layer, from the input on",
        plots=plots,
        ticks=tuple(layer.layer for layer in check.layers),
    )


def _measured_and_expected(x: tuple[float, ...], quantities: Sequence[Quantity]) -> tuple[Curve, ...]:
    known = [(at, each.expected) for at, each in zip(x, quantities, strict=True) if each.expected is not None]
    measured = Curve(
        "measured",
        x,
        tuple(each.mean for each in quantities),
        tuple(each.interval[0] for each in quantities),
        tuple(each.interval[1] for each in quantities),
        look="points",
    )
    expected = Curve("expected", tuple(at for at, _ in known), tuple(y for _, y in known), look="expected")
    return measured, expected


def _row(layer: LayerCheck) -> tuple[Cell, ...]:
    factor = layer.gradient_factor
    return (
        Cell(layer.layer),
        Cell(digits.count(layer.units)),
        Cell(layer.activation or ""),
        _gain(layer.gain),
        _gain(layer.keeping_gain, decimals=_EXACT),
        _measured(layer.variance),
        _number(layer.variance.expected),
        _measured(factor) if factor else Cell("", "quiet"),
        _number(factor.expected) if factor else Cell("", "quiet"),
    )


def _measured(quantity: Quantity) -> Cell:
    return Cell(str(digits.estimate(quantity.mean, _bounded(quantity.interval), digits.PLAIN)))


def _bounded(interval: tuple[float, float]) -> tuple[float, float]:
    """Return the interval, or none where one seed shows no spread."""
    low, high = interval
    # Student's interval does not know that a mean square is not negative.
    return (max(low, 0.0), high) if high - low < float("inf") else (float("nan"), float("nan"))


def _number(value: float | None) -> Cell:
    return _NOTHING if value is None else Cell(digits.number(value))


def _keeping(check: Preflight) -> Cell:
    """Return the gain that the weights behind every activation need; nothing where they need several."""
    gains = {layer.keeping_gain for layer in check.layers[1:]}
    return _gain(gains.pop(), decimals=_EXACT) if len(gains) == 1 else _NOTHING


def _gain(value: float | None, *, decimals: int = 2) -> Cell:
    return _NOTHING if value is None else Cell(_gain_text(value, decimals=decimals))


def _gain_text(value: float, *, decimals: int = 2) -> str:
    return digits.number(value, decimals=decimals if 0.1 <= value < 100 else None)


def _course_cells(course: Course) -> tuple[Cell, Cell]:
    return Cell(digits.number(course.ratio)), _number(course.expected)


def _finding(check: Preflight) -> Cell:
    fates = [("signals", forward_course(check).fate), ("gradients", backward_course(check).fate)]
    found = [f"{who} {_VERBS[fate]}" for who, fate in fates if fate != "holds"]
    return Cell(", ".join(found), "bad") if found else Cell("holds", "good")


_VERBS: dict[Fate, str] = {
    "holds": "hold",
    "vanishes": "vanish",
    "explodes": "explode",
    "unknown": "are lost",
}


def _sentence(who: str, quantity: str, course: Course) -> list[str]:
    """Say what is left at the far end; a model of one layer has none."""
    if course.start == course.end:
        return []
    theory = "" if course.expected is None else f" (expected {digits.number(course.expected)})"
    ratio = f"{digits.number(course.ratio)} times that at {course.start}{theory}"
    return [f"{who} {_VERBS[course.fate]}: their {quantity} at {course.end} is {ratio}."]


def _advice(check: Preflight) -> list[str]:
    """Name the gain that would keep the variance behind each activation, where the weights have another."""
    wrong: dict[str, tuple[float, set[str]]] = {}
    for before, layer in zip(check.layers, check.layers[1:], strict=False):
        if layer.gain is None or layer.keeping_gain is None or before.activation is None:
            continue
        if abs(layer.gain / layer.keeping_gain - 1) > _NEAR:
            wrong.setdefault(before.activation, (layer.keeping_gain, set()))[1].add(_gain_text(layer.gain))
    return [
        f"Behind {activation} a gain of {_gain_text(keeping, decimals=_EXACT)} keeps the variance; the"
        f" weights have {' and '.join(sorted(gains)) if len(gains) < 3 else f'{min(gains)} to {max(gains)}'}."
        for activation, (keeping, gains) in wrong.items()
    ]
