"""The built-in initializers, as Keras defines them."""

import math
from functools import partial

import numpy as np

from nnkit.errors import InvalidArgument
from nnkit.initializers.closed_form import deviation
from nnkit.initializers.record import Initializer, Parameters, Shape, compute_fans, matrix_shape
from nnkit.registry import ClosedForm, Hyper

# The standard deviation of a standard normal variable cut at -2 and 2; scipy.stats.truncnorm.std(-2, 2).
TRUNCATED_STDDEV = 0.87962566103423978


def fan(mode: str, shape: Shape) -> float:
    """Return the fan ``in``, ``out``, or the average of both; at least 1."""
    fan_in, fan_out = compute_fans(shape)
    return max(1.0, {"in": fan_in, "out": fan_out}.get(mode, (fan_in + fan_out) / 2))


def scaled_limit(scale: float, mode: str, shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    """Return the ends of the interval whose uniform numbers have the variance ``scale / fan``."""
    limit = math.sqrt(3.0 * scale / fan(mode, shape))
    return -limit, limit


def _scaled_stddev(scale: float, mode: str, shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    return 0.0, math.sqrt(scale / fan(mode, shape)) / TRUNCATED_STDDEV


def _fixed(number: float, shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    return (number,)


def _named(names: tuple[str, ...], shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    """Return the hyper-parameters called ``names``, whatever the shape."""
    return tuple(float(parameters[name] or 0.0) for name in names)


def _interval(shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    low, high = _named(("minval", "maxval"), shape, parameters)
    if low > high:
        raise InvalidArgument(f"random_uniform: minval must be at most maxval, found {low!r} and {high!r}.")
    return low, high


def _gain(shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    matrix_shape(shape)
    return _named(("gain",), shape, parameters)


_MEAN = Hyper("mean", 0.0, "centre of the draws")
_STDDEV = Hyper("stddev", 0.05, "standard deviation", at_least=0.0)
_KERAS = "Keras 3, keras.initializers."
_GLOROT = "Glorot and Bengio (2010), AISTATS, PMLR 9:249-256"
_HE = "He et al. (2015), Delving deep into rectifiers, arXiv:1502.01852"
_LECUN = "LeCun et al. (1998), Efficient BackProp; Klambauer et al. (2017), arXiv:1706.02515"

BUILTIN = (
    Initializer(
        name="zeros",
        summary="All zero: the usual bias; as a kernel it keeps all units alike.",
        formula="w = 0",
        source=_KERAS + "Zeros",
        closed_forms=(
            ClosedForm(
                "every weight is 0", lambda it: abs(it((2, 3), dtype="float64") - 0.0).max() + 1.0, 1.0
            ),
        ),
        distribution="constant",
        spread=partial(_fixed, 0.0),
    ),
    Initializer(
        name="ones",
        summary="All one: the usual scale of a normalisation.",
        formula="w = 1",
        source=_KERAS + "Ones",
        closed_forms=(
            ClosedForm("every weight is 1", lambda it: it((2, 2), dtype="float64"), np.ones((2, 2))),
        ),
        distribution="constant",
        spread=partial(_fixed, 1.0),
    ),
    Initializer(
        name="constant",
        summary="One value everywhere.",
        formula="w = value",
        source=_KERAS + "Constant",
        hyperparameters=(Hyper("value", 0.0, "the value everywhere"),),
        closed_forms=(
            ClosedForm(
                "every weight is value", lambda it: it((2,), dtype="float64"), np.full(2, 0.3), {"value": 0.3}
            ),
        ),
        distribution="constant",
        spread=partial(_named, ("value",)),
    ),
    Initializer(
        name="random_uniform",
        summary="Uniform in an interval, whatever the layer's size.",
        formula="w ~ U(minval, maxval)",
        source=_KERAS + "RandomUniform",
        aliases=("uniform",),
        hyperparameters=(
            Hyper("minval", -0.05, "lower end"),
            Hyper("maxval", 0.05, "upper end"),
        ),
        closed_forms=(
            deviation(
                "deviation (maxval - minval) / sqrt(12)", lambda fans: 0.1 / math.sqrt(12.0), "uniform"
            ),
        ),
        distribution="uniform",
        spread=_interval,
    ),
    Initializer(
        name="random_normal",
        summary="Normal, whatever the layer's size.",
        formula="w ~ N(mean, stddev**2)",
        source=_KERAS + "RandomNormal",
        aliases=("normal",),
        hyperparameters=(
            _MEAN,
            _STDDEV,
        ),
        closed_forms=(deviation("deviation stddev", lambda fans: 0.05, "normal"),),
        distribution="normal",
        spread=partial(_named, ("mean", "stddev")),
    ),
    Initializer(
        name="truncated_normal",
        summary="Normal, cut at two standard deviations: the draws have 0.88 of stddev.",
        formula="w ~ N(mean, stddev**2) within mean -+ 2 * stddev",
        source=_KERAS + "TruncatedNormal",
        hyperparameters=(
            _MEAN,
            _STDDEV,
        ),
        closed_forms=(
            deviation(
                "deviation 0.8796 stddev: that of a normal cut at two",
                lambda fans: 0.05 * TRUNCATED_STDDEV,
                "cut",
            ),
        ),
        distribution="truncated_normal",
        spread=partial(_named, ("mean", "stddev")),
    ),
    Initializer(
        name="glorot_uniform",
        summary="Uniform, made for sigmoid and tanh: signals keep their variance forwards and backwards.",
        formula="w ~ U(-a, a), a = sqrt(6 / (fan_in + fan_out))",
        source=_GLOROT,
        aliases=("xavier_uniform",),
        closed_forms=(
            deviation(
                "deviation sqrt(2 / (fan_in + fan_out))",
                lambda fans: math.sqrt(2.0 / (fans.fan_in + fans.fan_out)),
                "uniform",
            ),
        ),
        distribution="uniform",
        spread=partial(scaled_limit, 1.0, "average"),
    ),
    Initializer(
        name="glorot_normal",
        summary="Normal, made for sigmoid and tanh: signals keep their variance forwards and backwards.",
        formula="w ~ cut N, standard deviation of w sqrt(2 / (fan_in + fan_out))",
        source=_GLOROT,
        aliases=("xavier_normal",),
        closed_forms=(
            deviation(
                "deviation sqrt(2 / (fan_in + fan_out)), the cut made up for",
                lambda fans: math.sqrt(2.0 / (fans.fan_in + fans.fan_out)),
                "cut",
            ),
        ),
        distribution="truncated_normal",
        spread=partial(_scaled_stddev, 1.0, "average"),
    ),
    Initializer(
        name="he_uniform",
        summary="Uniform, made for ReLU, which loses half the variance of its input.",
        formula="w ~ U(-a, a), a = sqrt(6 / fan_in)",
        source=_HE,
        aliases=("kaiming_uniform",),
        closed_forms=(
            deviation("deviation sqrt(2 / fan_in)", lambda fans: math.sqrt(2.0 / fans.fan_in), "uniform"),
        ),
        distribution="uniform",
        spread=partial(scaled_limit, 2.0, "in"),
    ),
    Initializer(
        name="he_normal",
        summary="Normal, made for ReLU, which loses half the variance of its input.",
        formula="w ~ cut N, standard deviation of w sqrt(2 / fan_in)",
        source=_HE,
        aliases=("kaiming_normal",),
        closed_forms=(
            deviation(
                "deviation sqrt(2 / fan_in), the cut made up for",
                lambda fans: math.sqrt(2.0 / fans.fan_in),
                "cut",
            ),
        ),
        distribution="truncated_normal",
        spread=partial(_scaled_stddev, 2.0, "in"),
    ),
    Initializer(
        name="lecun_uniform",
        summary="Uniform, made for units whose slope at 0 is 1.",
        formula="w ~ U(-a, a), a = sqrt(3 / fan_in)",
        source=_LECUN,
        closed_forms=(
            deviation("deviation sqrt(1 / fan_in)", lambda fans: math.sqrt(1.0 / fans.fan_in), "uniform"),
        ),
        distribution="uniform",
        spread=partial(scaled_limit, 1.0, "in"),
    ),
    Initializer(
        name="lecun_normal",
        summary="Normal, made for units whose slope at 0 is 1, and for SELU.",
        formula="w ~ cut N, standard deviation of w sqrt(1 / fan_in)",
        source=_LECUN,
        closed_forms=(
            deviation(
                "deviation sqrt(1 / fan_in), the cut made up for",
                lambda fans: math.sqrt(1.0 / fans.fan_in),
                "cut",
            ),
        ),
        distribution="truncated_normal",
        spread=partial(_scaled_stddev, 1.0, "in"),
    ),
    Initializer(
        name="torch_uniform",
        summary="Uniform, as PyTorch draws dense and convolution kernels by itself.",
        formula="w ~ U(-a, a), a = 1 / sqrt(fan_in)",
        source="PyTorch, nn.Linear.reset_parameters: kaiming_uniform_ with a = sqrt(5)",
        closed_forms=(
            deviation(
                "variance 1 / (3 fan_in)", lambda fans: math.sqrt(1.0 / (3.0 * fans.fan_in)), "uniform"
            ),
        ),
        distribution="uniform",
        spread=partial(scaled_limit, 1 / 3, "in"),
    ),
    Initializer(
        name="orthogonal",
        summary="Rows or columns, whichever are fewer, at right angles and of length gain.",
        formula="w = gain * Q of the normal draw Z = Q R, R's diagonal positive",
        source="Saxe, McClelland and Ganguli (2014), arXiv:1312.6120",
        hyperparameters=(Hyper("gain", 1.0, "factor on the orthonormal matrix"),),
        closed_forms=(
            ClosedForm(
                "W'W = gain**2 I",
                lambda it: (lambda w: w.T @ w)(it((5, 3), dtype="float64")),
                4.0 * np.eye(3),
                {"gain": 2.0},
            ),
        ),
        distribution="orthogonal",
        spread=_gain,
    ),
)
