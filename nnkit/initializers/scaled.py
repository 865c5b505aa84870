"""Initializers that scale a draw by more than Keras's fans: by depth, by width, by frequency."""

import math
from functools import partial

from nnkit.initializers.builtin import TRUNCATED_STDDEV, fan, scaled_limit
from nnkit.initializers.closed_form import deviation
from nnkit.initializers.record import Initializer, Parameters, Shape, compute_fans
from nnkit.registry import Hyper, number


def _variance_scaling(shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    stddev = math.sqrt(number(parameters, "scale") / fan(str(parameters["mode"]).removeprefix("fan_"), shape))
    return 0.0, stddev / TRUNCATED_STDDEV


def _he_out(shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    return 0.0, math.sqrt(2.0 / fan("out", shape))


def _siren(shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    inputs = fan("in", shape)
    limit = 1.0 / inputs if parameters["first"] else math.sqrt(6.0 / inputs) / number(parameters, "omega")
    return -limit, limit


def _depth_scaled(shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    return 0.0, number(parameters, "stddev") / math.sqrt(2.0 * number(parameters, "layers"))


def _fixup(shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    layers, branch = number(parameters, "layers"), number(parameters, "branch")
    power = 1.0 / (2.0 * branch - 2.0) if branch > 1.0 else 0.0
    return 0.0, math.sqrt(2.0 / fan("in", shape)) / layers**power


def _mup(shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    return 0.0, math.sqrt(1.0 / fan("in", shape))


def _mup_output(shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    return 0.0, 1.0 / fan("in", shape)


def _spectral(shape: Shape, parameters: Parameters) -> tuple[float, ...]:
    fan_in, fan_out = (max(1, fan) for fan in compute_fans(shape))
    field = max(1, math.prod(shape[:-2]))
    outputs = fan_out / field
    return 0.0, min(1.0, math.sqrt(outputs / fan_in)) / math.sqrt(fan_in)


_LAYERS = Hyper("layers", 8, "how many residual branches the net has", at_least=1, integer=True)

SCALED = (
    Initializer(
        name="variance_scaling",
        summary="Cut normal whose variance is a scale over a fan: the family of Glorot's, He's and LeCun's.",
        formula="w ~ cut N, standard deviation of w sqrt(scale / fan)",
        source="Keras 3, keras.initializers.VarianceScaling",
        aliases=("VarianceScaling",),
        hyperparameters=(
            Hyper("scale", 1.0, "2 is He's", above=0.0),
            Hyper("mode", "fan_in", "which fan", choices=("fan_in", "fan_out", "fan_avg")),
        ),
        closed_forms=(
            deviation("deviation sqrt(scale / fan_in)", lambda fans: math.sqrt(1.0 / fans.fan_in), "cut"),
            deviation(
                "mode fan_out: deviation sqrt(scale / fan_out)",
                lambda fans: math.sqrt(3.0 / fans.fan_out),
                "cut",
                mode="fan_out",
                scale=3.0,
            ),
        ),
        distribution="truncated_normal",
        spread=_variance_scaling,
    ),
    Initializer(
        name="he_normal_out",
        summary="Normal, keeps the variance of gradients that flow backwards through ReLU.",
        formula="w ~ N(0, 2 / fan_out)",
        source="He et al. (2015), arXiv:1502.01852, equation 14; PyTorch, kaiming_normal_ with"
        " mode='fan_out', as its ResNets use it",
        closed_forms=(
            deviation("deviation sqrt(2 / fan_out)", lambda fans: math.sqrt(2.0 / fans.fan_out), "normal"),
        ),
        distribution="normal",
        spread=_he_out,
    ),
    Initializer(
        name="torch_default",
        summary="What PyTorch gives dense layers and convolutions by itself: kernels and biases alike.",
        formula="w, b ~ U(-a, a), a = 1 / sqrt(fan_in of w)",
        source="PyTorch 2, nn.Linear and nn.Conv2d, reset_parameters: kaiming_uniform_ with a = sqrt(5)",
        closed_forms=(
            deviation(
                "variance 1 / (3 fan_in)", lambda fans: math.sqrt(1.0 / (3.0 * fans.fan_in)), "uniform"
            ),
        ),
        distribution="uniform",
        spread=partial(scaled_limit, 1 / 3, "in"),
        draws_bias=True,
    ),
    Initializer(
        name="siren",
        summary="Uniform, made for sines of a frequency: their inputs stay standard normal.",
        formula="w ~ U(-a, a), a = sqrt(6 / fan_in) / omega; 1 / fan_in in the first layer",
        source="Sitzmann et al. (2020), arXiv:2006.09661, section 3.2",
        hyperparameters=(
            Hyper("omega", 30.0, "frequency of the sines", above=0.0),
            Hyper("first", False, "the first layer's form"),
        ),
        closed_forms=(
            deviation(
                "deviation sqrt(2 / fan_in) / omega",
                lambda fans: math.sqrt(2.0 / fans.fan_in) / 30.0,
                "uniform",
            ),
            deviation(
                "in the first layer 1 / (sqrt(3) fan_in)",
                lambda fans: 1.0 / (math.sqrt(3.0) * fans.fan_in),
                "uniform",
                first=True,
            ),
        ),
        distribution="uniform",
        spread=_siren,
    ),
    Initializer(
        name="depth_scaled",
        summary="Normal, smaller the more residual branches add up.",
        formula="w ~ N(0, stddev**2 / (2 layers))",
        source="Radford et al. (2019), GPT-2, section 2.3: residual layers scaled by 1 / sqrt(N)",
        hyperparameters=(Hyper("stddev", 0.02, "of a net without depth", above=0.0), _LAYERS),
        closed_forms=(deviation("deviation stddev / sqrt(2 layers)", lambda fans: 0.02 / 4.0, "normal"),),
        distribution="normal",
        spread=_depth_scaled,
    ),
    Initializer(
        name="fixup",
        summary="He's, smaller with depth, so that residual nets train without normalisation.",
        formula="w ~ N(0, 2 / fan_in * layers**(-1 / (branch - 1)))",
        source="Zhang, Dauphin and Ma (2019), Fixup, arXiv:1901.09321: scale layers**(-1 / (2 m - 2)); the"
        " last layer of a branch and the classifier start with zeros",
        hyperparameters=(
            _LAYERS,
            Hyper("branch", 2, "weight layers of a branch, m", at_least=1, integer=True),
        ),
        closed_forms=(
            deviation(
                "deviation sqrt(2 / fan_in) / layers**(1 / (2 m - 2))",
                lambda fans: math.sqrt(2.0 / fans.fan_in / 8.0),
                "normal",
            ),
        ),
        distribution="normal",
        spread=_fixup,
    ),
    Initializer(
        name="mup",
        summary="Normal by the input fan: hidden layers of the maximal update parametrisation.",
        formula="w ~ N(0, 1 / fan_in); Adam's rate for it falls as 1 / fan_in",
        source="Yang et al. (2022), Tensor programs V, arXiv:2203.03466, table 3",
        closed_forms=(
            deviation("deviation 1 / sqrt(fan_in)", lambda fans: math.sqrt(1.0 / fans.fan_in), "normal"),
        ),
        distribution="normal",
        spread=_mup,
    ),
    Initializer(
        name="mup_output",
        summary="Normal, smaller by another root of the fan: the output layer of that parametrisation.",
        formula="w ~ N(0, 1 / fan_in**2)",
        source="Yang et al. (2022), Tensor programs V, arXiv:2203.03466, table 3",
        closed_forms=(deviation("deviation 1 / fan_in", lambda fans: 1.0 / fans.fan_in, "normal"),),
        distribution="normal",
        spread=_mup_output,
    ),
    Initializer(
        name="spectral",
        summary="Normal, its largest singular value about sqrt(outputs / inputs) at every width.",
        formula="w ~ N(0, s**2), s = min(1, sqrt(outputs / fan_in)) / sqrt(fan_in)",
        source="Yang, Simon and Bernstein (2023), A spectral condition, arXiv:2310.17813",
        closed_forms=(
            deviation(
                "deviation min(1, sqrt(outputs / fan_in)) / sqrt(fan_in)",
                lambda fans: min(1.0, math.sqrt(fans.outputs / fans.fan_in)) / math.sqrt(fans.fan_in),
                "normal",
            ),
        ),
        distribution="normal",
        spread=_spectral,
    ),
)
