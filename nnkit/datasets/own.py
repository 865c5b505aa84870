"""Datasets of a plug-in: a function that returns features and targets becomes a record."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from nnkit.datasets.dataset import Arrays, Dataset, DatasetRecord, Task
from nnkit.errors import InvalidArgument
from nnkit.registry import Hyper

Build = Callable[..., tuple[Any, Any]]


def record_of(name: str, build: Build, *, task: Task | None, summary: str, source: str) -> DatasetRecord:
    """Return the record of what ``build()`` returns, which is called once.

    Keywords with a number as default become hyper-parameters. Raises InvalidData for what no net can learn.
    """
    hypers = tuple(_hyper(name, parameter) for parameter in inspect.signature(build).parameters.values())
    x, y = _arrays(name, build, {})
    found: Task = task or ("regression" if y.ndim > 1 or (y != np.floor(y)).any() else "classification")
    n_classes = 0 if found == "regression" else int(y.max()) + 1
    checked = Dataset(name, x, y, found, n_classes)

    def arrays(**chosen: Any) -> Arrays:
        return _arrays(name, build, chosen)

    return DatasetRecord(
        name=name,
        summary=summary,
        formula="",
        source=source,
        hyperparameters=hypers,
        licence="its author's",
        task=found,
        n_samples=len(checked),
        input_shape=checked.input_shape,
        n_classes=n_classes,
        build=arrays,
    )


def _hyper(name: str, parameter: inspect.Parameter) -> Hyper:
    default = parameter.default
    if default is inspect.Parameter.empty or not isinstance(default, bool | int | float):
        raise InvalidArgument(
            f"dataset {name!r}: expected its function to be called without arguments, or with keywords that"
            f" have a number as default; found {parameter}."
        )
    return Hyper(parameter.name, default, integer=type(default) is int)


def _arrays(name: str, build: Build, chosen: dict[str, Any]) -> Arrays:
    """Return features and targets as arrays; texts that name classes become their numbers."""
    made = build(**chosen)
    if not isinstance(made, tuple | list) or len(made) != 2:
        raise InvalidArgument(
            f"dataset {name!r}: expected its function to return (x, y), found {type(made).__name__}."
        )
    x, y = (np.asarray(each) for each in made)
    if y.dtype.kind in "US":
        y = np.unique(y, return_inverse=True)[1]
    if y.ndim == 2 and y.shape[1] == 1 and y.dtype.kind in "biu":
        y = y[:, 0]
    if y.size == 0 or y.dtype.kind not in "biuf":
        raise InvalidArgument(f"dataset {name!r}: expected targets of numbers or texts, found {y.dtype}.")
    return x, y
