"""Outputs, targets and options to try every loss with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit import losses
from nnkit.losses import BoundLoss
from tests.reference import losses as reference

Array = NDArray[Any]
# Beside the defaults: every hyper-parameter of every loss is somewhere off its own.
OPTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "sparse_categorical_crossentropy": ({"label_smoothing": 0.2}, {"ignore_label": 2}),
    "categorical_crossentropy": ({"label_smoothing": 0.2},),
    "binary_crossentropy": ({"label_smoothing": 0.3},),
    "binary_focal_crossentropy": ({"gamma": 0.5, "apply_class_balancing": True, "alpha": 0.3},),
    "categorical_focal_crossentropy": ({"gamma": 0.7, "alpha": 0.4}, {"gamma": 0.0}),
    "negative_log_likelihood": ({"ignore_label": 2},),
    "multiclass_hinge": ({"margin": 0.5, "form": "weston_watkins"}, {"form": "keras"}, {"margin": 2.5}),
    "huber": ({"delta": 0.4},),
    "poisson": ({"log_input": True},),
}  # fmt: skip
CHOICES = [(name, options) for name in losses.names() for options in ({}, *OPTIONS.get(name, ()))]


def sample(loss: BoundLoss, *, rows: int = 7, n: int = 4, scale: float = 2.0) -> tuple[Array, Array]:
    """Return outputs and targets that fit the loss, none of them where it has a kink."""
    rng = np.random.default_rng([rows, n])
    outputs = scale * rng.normal(size=(rows, 1 if loss.is_single else n))
    if loss.record.needs == "positive" and not loss.parameters.get("log_input"):
        outputs = 0.3 + np.abs(outputs)
    if loss.record.targets == "labels":
        return outputs, rng.permutation(np.arange(rows) % loss.n_classes(n))
    if loss.record.targets == "shares":
        shares = rng.dirichlet(np.ones(n), size=rows)
        shares[0] = np.eye(n)[1]
        return outputs, shares
    targets = rng.normal(size=outputs.shape)
    counts = ("poisson", "mean_squared_logarithmic_error")
    return outputs, np.round(3 * np.abs(targets)) if loss.name in counts else targets


def textbook(loss: BoundLoss, outputs: Array, targets: Array) -> reference.Loss:
    """Return the mean loss and its gradient in float64."""
    options = {name: value for name, value in loss.parameters.items() if name != "from_logits"}
    found: reference.Loss = getattr(reference, loss.name)(outputs.astype(np.float64), targets, **options)
    return found


def spelt(value: object) -> str:
    """Return the id of a parametrised choice."""
    return "-".join(f"{key}={each}" for key, each in value.items()) if isinstance(value, dict) else str(value)
