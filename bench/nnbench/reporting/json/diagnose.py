"""A diagnosis as one JSON document: ``nnbench.diagnose/1``."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final

from numpy.typing import NDArray

from nnbench.records.diagnosis import Diagnosis, LayerCheck, Preflight, Quantity, Training
from nnbench.reporting.shapes import diagnose as shapes
from nnbench.reporting.texts import words
from nnbench.statistics.trials.propagation import Course, backward_course, forward_course

SCHEMA: Final = "nnbench.diagnose/1"


def as_dict(diagnosis: Diagnosis) -> shapes.DiagnoseDocument:
    """Return the diagnosis of one configuration; series are by seed, then by evaluation."""
    return {
        "schema": SCHEMA,
        "case": diagnosis.facts.name,
        "axes": diagnosis.axes.as_dict(),
        "preflight": _preflight(diagnosis.preflight),
        "training": _training(diagnosis),
    }


def matrix_as_dict(case: str, checks: Sequence[Preflight]) -> shapes.PreflightDocument:
    """Return the check before training of several configurations."""
    return {
        "schema": SCHEMA,
        "case": case,
        "configurations": [
            {"axes": check.axes.as_dict(), "preflight": _preflight(check)} for check in checks
        ],
    }


def rows(diagnosis: shapes.DiagnoseDocument) -> list[dict[str, Any]]:
    """Return a row for each layer: what the check before training saw, then what training made of it."""
    before, training = diagnosis["preflight"]["layers"], diagnosis["training"]
    measured = [
        *({"stage": "before", **each} for each in before),
        *({"stage": "training", **_at_end(each)} for each in training["activations"]),
        *({"stage": "training", **_at_end(each)} for each in training["weights"]),
    ]
    return [{"case": diagnosis["case"], "axes": diagnosis["axes"], **each} for each in measured]


def matrix_rows(checks: shapes.PreflightDocument) -> list[dict[str, Any]]:
    """Return a row for each configuration: its choices, and what is left of signals and gradients."""
    return [
        {
            "case": checks["case"],
            "axes": each["axes"],
            "signals": each["preflight"]["signals"],
            "gradients": each["preflight"]["gradients"],
        }
        for each in checks["configurations"]
    ]


def _at_end(layer: Mapping[str, object]) -> dict[str, Any]:
    """Return a layer with every series as one number: the median over seeds of its last values."""
    return {name: _last(value) if isinstance(value, list) else value for name, value in layer.items()}


def _last(series: list[Any]) -> float | None:
    ends = [each[-1] if isinstance(each, list) else each for each in series]
    known = [end for end in ends if end == end]
    return median(known) if known else None


def _preflight(check: Preflight) -> shapes.Preflight:
    return {
        "seeds": check.n_seeds,
        "samples": check.n_samples,
        "signals": _course(forward_course(check)),
        "gradients": _course(backward_course(check)),
        "layers": [_layer(layer) for layer in check.layers],
    }


def _course(course: Course) -> shapes.Course:
    return {
        "from": course.start,
        "to": course.end,
        "ratio": course.ratio,
        "expected": course.expected,
        "fate": course.fate,
    }


def _layer(layer: LayerCheck) -> shapes.LayerCheck:
    return {
        "layer": layer.layer,
        "units": layer.units,
        "activation": layer.activation,
        "gain": layer.gain,
        "keeping_gain": layer.keeping_gain,
        "variance": _quantity(layer.variance),
        "gradient": _quantity(layer.gradient),
        "gradient_factor": None if layer.gradient_factor is None else _quantity(layer.gradient_factor),
    }


def _quantity(quantity: Quantity) -> shapes.Quantity:
    return {"mean": quantity.mean, "interval": list(quantity.interval), "expected": quantity.expected}


def _training(diagnosis: Diagnosis) -> shapes.WatchedTraining:
    training: Training = diagnosis.training
    return {
        "steps": _list(training.steps),
        "trials": [
            {
                "key": trial.key,
                "seed": trial.seed,
                "status": trial.status,
                "failure": words.what_happened(trial, diagnosis.facts) or None,
                "final": dict(trial.final),
                "digest": trial.digest,
            }
            for trial in training.trials
        ],
        "activations": [
            {
                "layer": each.layer,
                "activation": each.activation,
                "units": each.units,
                "dead": _list(each.dead),
                "dead_for_good": _list(each.dead_for_good),
                "revived": _list(each.revived),
                "saturated": _list(each.saturated),
                "mean": _list(each.mean),
                "variance": _list(each.variance),
            }
            for each in training.activations
        ],
        "weights": [
            {
                "layer": each.layer,
                "gradient_norm": _list(each.gradient_norm),
                "update_ratio": _list(each.update_ratio),
            }
            for each in training.weights
        ],
    }


def _list(values: NDArray[Any]) -> list[Any]:
    found: list[Any] = values.tolist()
    return found
