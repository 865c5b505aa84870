"""nnkit: a small training core, in which a model compiles to a flat program of Numba kernels."""

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
