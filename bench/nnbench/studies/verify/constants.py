"""Values of activations to more digits than float64 has, computed with 60 and rounded to 17."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from nnbench.studies.verify.check import Check, held
from nnkit import activations

# Numbers of few bits, so that they are no approximations themselves.
POINTS = (-7.25, -1.375, 0.6875, 5.5)
VALUES: dict[str, tuple[float, float, float, float]] = {
    "linear": (-7.25, -1.375, 0.6875, 5.5),
    "sigmoid": (7.0967039910058816e-4, 0.20181322226037883, 0.665410558746814, 0.99592986228410387),
    "tanh": (-0.9999989913051836, -0.87982669965198476, 0.59637355547924234, 0.99996659715630381),
    "relu": (0.0, 0.0, 0.6875, 5.5),
    "leaky_relu": (-1.45, -0.275, 0.6875, 5.5),
    "relu6": (0.0, 0.0, 0.6875, 5.5),
    "elu": (-0.99928982561115745, -0.74716040419525352, 0.6875, 5.5),
    "selu": (-1.7568507837224661, -1.3135822141229349, 0.72235692880689284, 5.7788554304551427),
    "celu": (-0.99928982561115745, -0.74716040419525352, 0.6875, 5.5),
    "gelu": (-1.5107971650372503e-12, -0.11627786823308661, 0.51845485286357025, 5.4999998955574064),
    "gelu_tanh": (-1.0631936227657138e-16, -0.11651144716571995, 0.5184027048205461, 5.4999999940723597),
    "quick_gelu": (-3.1721911334084511e-5, -0.12078533628116115, 0.52467773140835202, 5.4995269634586915),
    "silu": (-0.0051451103934792641, -0.27749318060802089, 0.45746975913843463, 5.4776142425625713),
    "mish": (-0.0051469360592923842, -0.30479745794747293, 0.54906628761885106, 5.4998177767874236),
    "softplus": (7.0992233433930726e-4, 0.22541265160164793, 1.0948510472537265, 5.5040784432705707),
    "softsign": (-0.87878787878787879, -0.57894736842105263, 0.40740740740740741, 0.84615384615384615),
    "hard_sigmoid": (0.0, 0.27083333333333333, 0.61458333333333333, 1),
    "hard_silu": (0.0, -0.37239583333333333, 0.42252604166666667, 5.5),
    "hard_tanh": (-1, -1, 0.6875, 1),
    "exponential": (7.1017438884254906e-4, 0.25283959580474648, 1.9887374695822918, 244.69193226422039),
    "log_sigmoid": (-7.2507099223343393, -1.6004126516016479, -0.40735104725372648, -0.0040784432705707209),
    "tanh_shrink": (-6.2500010086948164, -0.49517330034801524, 0.09112644452075766, 4.5000334028436962),
    "soft_shrink": (-6.75, -0.875, 0.1875, 5.0),
    "hard_shrink": (-7.25, -1.375, 0.6875, 5.5),
    "squareplus": (0.13540223912283086, 0.52603048993422493, 1.4011827697305394, 5.6761749776799063),
    "relu_squared": (0.0, 0.0, 0.47265625, 30.25),
    "snake": (-6.5725378666056475, -0.41284881068376823, 1.0902261460055064, 5.9977871510059746),
}
# 4 units in the last place; a value that is nearly 0 by cancellation is held as a share of itself, too.
_LIMIT = 1e-15


def checks() -> Iterator[Check]:
    for name in VALUES:
        if name in activations.names():
            claim = f"{name} at −7.25, −1.375, 0.6875 and 5.5 to 17 digits: largest distance, as a share"
            yield held(f"activations.{name}.values", claim, _LIMIT, partial(_distance, name))


def _distance(name: str) -> float:
    found, exact = activations.get(name)(np.array(POINTS)), np.array(VALUES[name])
    return float(np.max(np.abs(found - exact) / np.where(exact == 0.0, 1.0, np.abs(exact))))
