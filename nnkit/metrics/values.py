"""Metrics of real targets, and the loss itself. Of several outputs they are the mean over the outputs.

Targets that a case standardised are measured in their standard deviations, as the model sees them.
"""

import numpy as np

from nnkit.metrics.labels import entropy
from nnkit.metrics.record import Metric, Targets, Values


def rmse(outputs: Values, targets: Targets) -> float:
    """Return the root of the mean squared error of every output, then their mean."""
    return float(np.mean(np.sqrt(np.mean((outputs - targets) ** 2, axis=0))))


def mae(outputs: Values, targets: Targets) -> float:
    """Return the mean absolute error of every output, then their mean."""
    return float(np.mean(np.mean(np.abs(outputs - targets), axis=0)))


def r2(outputs: Values, targets: Targets) -> float:
    """Return the share of the variance of every output that is explained, then their mean.

    A target that does not vary has nothing to explain: 1 where it is met exactly, else 0. NaN of one row.
    """
    if len(targets) < 2:
        return float("nan")
    left = np.sum((outputs - targets) ** 2, axis=0)
    whole = np.sum((targets - np.mean(targets, axis=0)) ** 2, axis=0)
    explained = 1.0 - left / np.where(whole > 0.0, whole, 1.0)
    return float(np.mean(np.where(whole > 0.0, explained, np.where(left > 0.0, 0.0, 1.0))))


def _useless_loss(targets: Targets) -> float:
    """The entropy of the shares of the classes; of real targets the variance, which is the mean's error."""
    return entropy(targets) if targets.dtype.kind in "iu" else float(np.mean(np.var(targets, axis=0)))


_SKLEARN = "scikit-learn 1.9, metrics."
LOSS = Metric(
    name="loss",
    summary="The loss that is trained by, without penalties.",
    formula="as the loss has it: mean over the rows",
    source="the case's or the model's own loss",
    direction="min",
    targets="any",
    useless=_useless_loss,
    evaluated=0,
    in_target_units=True,
)
RMSE = Metric(
    name="rmse",
    aliases=("root_mean_squared_error", "RootMeanSquaredError"),
    summary="The root of the mean squared error, in units of the target; of several outputs, their mean.",
    formula="sqrt(mean((y - target)**2)), the mean over the outputs",
    source=f"{_SKLEARN}root_mean_squared_error",
    direction="min",
    targets="real",
    useless=lambda targets: float(np.mean(np.std(targets, axis=0))),
    compute=rmse,
    least=0.0,
    in_target_units=True,
)
MAE = Metric(
    name="mae",
    aliases=("mean_absolute_error", "MeanAbsoluteError"),
    summary="The mean absolute error, in units of the target; of several outputs, their mean.",
    formula="mean(|y - target|), the mean over the outputs",
    source=f"{_SKLEARN}mean_absolute_error",
    direction="min",
    targets="real",
    useless=lambda targets: float(np.mean(np.abs(targets - np.median(targets, axis=0)))),
    compute=mae,
    least=0.0,
    in_target_units=True,
)
R2 = Metric(
    name="r2",
    aliases=("r2_score", "R2Score"),
    summary="The share of the target's variance that is explained; of several outputs, their mean.",
    formula="1 - sum((y - target)**2) / sum((target - mean(target))**2), the mean over the outputs",
    source=f"{_SKLEARN}r2_score(multioutput='uniform_average')",
    direction="max",
    targets="real",
    useless=lambda targets: 0.0,
    compute=r2,
    most=1.0,
)
