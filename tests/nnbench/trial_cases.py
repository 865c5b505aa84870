"""Cases whose trials can be followed by hand: datasets of a few rows, and models of a weight or two.

Every training sample of a regression here is the same, so that the order of a batch plays no part: the error
``e`` of the one output shrinks by ``1 - 2 * rate * (number of inputs)`` at each step.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnbench.cases.files import check
from nnbench.cases.spec import CaseSpec
from nnbench.plan.crossing import cross
from nnbench.plan.matrix import Asked, TrialSpec
from nnkit import datasets
from nnkit.datasets.dataset import DatasetRecord

Array = NDArray[Any]
LAYER = {"type": "Dense", "units": 1, "kernel_initializer": "zeros", "use_bias": False}


def install(
    monkeypatch: pytest.MonkeyPatch, name: str, train: tuple[Array, Array], validation: tuple[Array, Array]
) -> None:
    """Let there be a dataset with this official split while the test runs. Labels are whole numbers."""
    x, y = (np.concatenate(parts) for parts in zip(train, validation, strict=True))
    has_labels = y.dtype.kind == "i"
    n_classes = int(y.max()) + 1 if has_labels else 0
    record = DatasetRecord(
        name=name,
        summary="made for a test",
        formula="by hand",
        source="this test",
        licence="none",
        task="classification" if has_labels else "regression",
        n_samples=len(x),
        input_shape=x.shape[1:],
        n_classes=n_classes,
        n_official_train=len(train[0]),
        build=lambda: (x, y),
    )
    monkeypatch.setitem(datasets.DATASETS._parts, name, record)


def case_of(
    dataset: str,
    *,
    layers: list[dict[str, Any]] | None = None,
    training: dict[str, Any] | None = None,
    measure: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
) -> CaseSpec:
    """Return a case of the dataset: one linear output without a bias, squared errors, one epoch."""
    content = {
        "name": dataset,
        "summary": "a case to follow by hand",
        "data": {"dataset": dataset, "validation": "official", "scale": "none", **(data or {})},
        "model": {"layers": [LAYER] if layers is None else layers},
        "training": {
            "loss": "mean_squared_error", "epochs": 1, "batch_size": 64, "order": "fixed", **(training or {}),
        },
        "measure": {"metric": "loss", "noticeable": 1e-6, **(measure or {})},
    }  # fmt: skip
    return check(CaseSpec, content, f"{dataset}.toml")


def trial_of(
    case: CaseSpec, *, rate: float, schedule: str = "constant", dtype: Any = "float64", seed: int = 0
) -> TrialSpec:
    """Return the one trial of the case with plain gradient descent at this rate."""
    chosen = {"optimizer": "sgd", "learning_rate": repr(rate), "schedule": schedule}
    asked = {axis: Asked((value,), f"--{axis}") for axis, value in chosen.items()}
    seeds = (range(seed, seed + 1),)
    (trial,) = cross((case,), asked, seeds=seeds, own_seeds={}, dtype=dtype).trials()
    return trial
