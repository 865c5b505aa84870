"""nnkit: a small training core, in which a model compiles to a flat program of Numba kernels."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnkit import activations, initializers, layers, losses, metrics, optimizers, pretraining, schedules
    from nnkit.callbacks import EarlyStopping
    from nnkit.model import History, Sequential, load_model
    from nnkit.neighbours import NearestMean, NearestNeighbours
    from nnkit.perceptron import Perceptron

__version__ = "0.1.0"
# Every record says it: it rises whenever a seed may give other bits than before. It is in no key: the parts
# whose bits moved say so (`Part.numerics`), and only trials that use them are trained again.
# 2: numbers below the smallest normal one are zero while a trial runs, which moves Lion's dead units.
NUMERICS_VERSION = 2

__all__ = [
    "NUMERICS_VERSION",
    "EarlyStopping",
    "History",
    "NearestMean",
    "NearestNeighbours",
    "Perceptron",
    "Sequential",
    "activations",
    "initializers",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "optimizers",
    "pretraining",
    "schedules",
]

# Where the names live that are no modules. All are imported when they are first asked for: a command line
# that prints a version has no use for models and layers, and would wait for them longer than for its answer.
_HOMES = {
    "callbacks": ("EarlyStopping",),
    "model": ("History", "Sequential", "load_model"),
    "neighbours": ("NearestMean", "NearestNeighbours"),
    "perceptron": ("Perceptron",),
}


def __getattr__(name: str) -> Any:
    home = next((home for home, names in _HOMES.items() if name in names), None)
    if home is not None:
        value = getattr(import_module(f"nnkit.{home}"), name)
    elif name.startswith("_") or find_spec(f"nnkit.{name}") is None:
        raise AttributeError(f"module 'nnkit' has no attribute {name!r}")
    else:
        value = import_module(f"nnkit.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
