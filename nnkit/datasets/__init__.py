"""Datasets by name: small real ones that ship with the package, generated ones, and larger ones to fetch."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from nnkit.datasets import remote
from nnkit.datasets.dataset import Dataset, DatasetRecord, Task
from nnkit.datasets.embedded import EMBEDDED
from nnkit.datasets.images import IMAGES
from nnkit.datasets.mnist1d import MNIST1D, MNIST1D_SHUFFLED
from nnkit.datasets.own import record_of
from nnkit.datasets.planar import PLANAR
from nnkit.registry import Registry, Value

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetRecord",
    "Task",
    "is_there",
    "load",
    "names",
    "record",
    "register",
    "require",
]

DATASETS: Registry[DatasetRecord] = Registry("dataset")
for _record in (*EMBEDDED, *PLANAR, MNIST1D, MNIST1D_SHUFFLED, *IMAGES):
    DATASETS.add(_record)


def names() -> tuple[str, ...]:
    """Return the names of all data sets, registered ones among them."""
    return DATASETS.names()


def record(name: str) -> DatasetRecord:
    """Return the record of the dataset called ``name``, or raise UnknownName with the nearest one."""
    return DATASETS.record(name)


def require(names: Iterable[str]) -> None:
    """Raise EnvironmentProblem, with the command that helps, where these need files that are not there."""
    remote.require({record(name).name: record(name).files for name in names})


def is_there(name: str) -> bool:
    """Return at once whether the dataset can be loaded: it needs no files, or has them (by their sizes)."""
    part = record(name)
    folder = remote.place(part.name)
    return all(remote.state_of(file, folder / file.name) == "fetched" for file in part.files)


def register(
    name: str,
    build: Callable[..., tuple[Any, Any]],
    *,
    task: Task | None = None,
    summary: str = "A plug-in.",
    source: str = "plug-in",
) -> DatasetRecord:
    """Add a dataset: a function that returns features (n, …) and targets (n,) or (n, outputs).

    It is called once, now, and again where it is loaded; keywords of it with a number as default become
    hyper-parameters. Targets of whole numbers or texts are classes, others are a regression, unless ``task``
    says which. Raises InvalidArgument or InvalidData with one line.
    """
    DATASETS.check_name(name)
    return DATASETS.add(record_of(name, build, task=task, summary=summary, source=source))


def load(name: str, /, **hyperparameters: Value) -> Dataset:
    """Return the dataset, built on the first call and the same object afterwards.

    Only generated datasets take hyper-parameters; ``record(name).hyperparameters`` lists them.
    """
    found = record(name)
    return _built(found.name, tuple(found.resolve(hyperparameters, f"dataset {found.name!r}").items()))


@lru_cache(maxsize=64)
def _built(name: str, hyperparameters: tuple[tuple[str, Value], ...]) -> Dataset:
    part, chosen = record(name), dict(hyperparameters)
    x, y = part.build(**chosen)
    return Dataset(
        name=part.name,
        x=x,
        y=y,
        task=part.task,
        n_classes=int(chosen.get("n_classes") or part.n_classes),
        n_official_train=part.n_official_train,
    )
