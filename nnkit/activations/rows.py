"""The records of the activations of rows: softmax and its kin, and gates over halves."""

import math

import numpy as np

from nnkit.activations.closed_form import slopes, values
from nnkit.activations.record import RowActivation
from nnkit.jit import Lazy
from nnkit.kernels import activation as a
from nnkit.kernels import scalar
from nnkit.kernels.rows import gate, simplex
from nnkit.registry import ClosedForm

_LOG3 = math.log(3.0)
_THREE = [0.0, math.log(2.0), math.log(5.0)]

SOFTMAX = RowActivation(
    name="softmax",
    summary="Shares of 1, by the powers of e: along the last axis.",
    formula="y[j] = exp(x[j]) / sum over k of exp(x[k])",
    source="Bridle (1990), Neurocomputing NATO ASI F68",
    forward=simplex.softmax_forward,
    backward=simplex.softmax_backward,
    gives_probability=True,
    flops=21,
    slope_flops=4,
    closed_forms=(
        values(
            "of (0, log 2, log 5): 1/8, 2/8, 5/8; moved by 1000, the same",
            np.add.outer([0.0, 1000.0], _THREE),
            np.tile([0.125, 0.25, 0.625], (2, 1)),
        ),
        slopes(
            "the Jacobian is diag(y) - y y'",
            _THREE,
            np.diag([0.125, 0.25, 0.625]) - np.outer([0.125, 0.25, 0.625], [0.125, 0.25, 0.625]),
        ),
    ),
)
LOG_SOFTMAX = RowActivation(
    name="log_softmax",
    summary="The logarithm of the softmax, finite where that is 0.",
    formula="y[j] = x[j] - log(sum over k of exp(x[k]))",
    source="Keras 3, keras.activations.log_softmax; torch.nn.LogSoftmax",
    forward=simplex.log_softmax_forward,
    backward=simplex.log_softmax_backward,
    flops=22,
    slope_flops=23,
    closed_forms=(
        values(
            "of (0, log 2, log 5): minus the logarithms of 8, 4 and 8/5", _THREE, -np.log([8.0, 4.0, 1.6])
        ),
        values("of (1000, 0): 0 and -1000", [1000.0, 0.0], [0.0, -1000.0]),
        slopes("the Jacobian is 1 - 1 y'", _THREE, np.eye(3) - np.outer(np.ones(3), [0.125, 0.25, 0.625])),
    ),
)
SPARSEMAX = RowActivation(
    name="sparsemax",
    summary="Shares of 1 as near to the inputs as can be: small ones are exactly 0.",
    formula="y = the nearest point to x with y >= 0 and sum of y = 1: max(x - edge, 0)",
    source="Martins, Astudillo (2016), ICML, arXiv:1602.02068",
    forward=simplex.sparsemax_forward,
    backward=simplex.sparsemax_backward,
    gives_probability=True,
    flops=8,
    slope_flops=2,
    closed_forms=(
        values(
            "of (0.5, 0.2, 0.3): itself; of (2, 0, 0.5): (1, 0, 0)",
            [[0.5, 0.2, 0.3], [2.0, 0.0, 0.5]],
            [[0.5, 0.2, 0.3], [1.0, 0.0, 0.0]],
        ),
        values("of (1, 0.5, -1): (3/4, 1/4, 0)", [1.0, 0.5, -1.0], [0.75, 0.25, 0.0]),
        slopes(
            "the Jacobian is diag(s) - s s' / |s| for the support s",
            [1.0, 0.5, -1.0],
            [[0.5, -0.5, 0.0], [-0.5, 0.5, 0.0], [0.0, 0.0, 0.0]],
        ),
    ),
)


def _gate(
    name: str,
    summary: str,
    formula: str,
    source: str,
    value: Lazy,
    slope: Lazy,
    flops: int,
    *forms: ClosedForm,
) -> RowActivation:
    """Return the record of a gate: PyTorch's order, the first half values and the second their gates."""
    return RowActivation(
        name=name,
        summary=summary,
        formula=formula,
        source=source,
        forward=gate.gate_forward.bind(value=value),
        backward=gate.gate_backward.bind(value=value, slope=slope),
        source_is="input",
        halves=True,
        flops=flops,
        slope_flops=2 * flops,
        closed_forms=forms,
    )


_SHAZEER = "Shazeer (2020), GLU variants improve Transformer, arXiv:2002.05202"
GLU = _gate(
    "glu",
    "The first half of the inputs times the sigmoid of the second.",
    "y = a / (1 + exp(-b)), x = (a, b)",
    "Dauphin, Fan, Auli, Grangier (2017), arXiv:1612.08083",
    scalar.sigmoid,
    a.sigmoid_slope_at,
    24,
    values("of (3, log 3): 9/4; of (0, 5): 0", [[3.0, _LOG3], [0.0, 5.0]], [[2.25], [0.0]]),
    slopes("by both halves at (3, log 3): 3/4 and 3 * 3/16", [3.0, _LOG3], [[0.75, 0.5625]]),
)
SWIGLU = _gate(
    "swiglu",
    "The first half of the inputs times the SiLU of the second.",
    "y = a * b / (1 + exp(-b)), x = (a, b)",
    _SHAZEER,
    a.silu,
    a.silu_slope,
    24,
    values("of (3, log 3): 9/4 log 3", [3.0, _LOG3], [2.25 * _LOG3]),
    slopes("by both halves at (3, log 3)", [3.0, _LOG3], [[0.75 * _LOG3, 3.0 * (0.75 + 0.1875 * _LOG3)]]),
)
GEGLU = _gate(
    "geglu",
    "The first half of the inputs times the GELU of the second.",
    "y = a * b * (1 + erf(b / sqrt(2))) / 2, x = (a, b)",
    _SHAZEER,
    a.gelu,
    a.gelu_slope,
    79,
    values(
        "of (2, sqrt(2)): sqrt(2) (1 + erf(1))", [2.0, math.sqrt(2.0)], [math.sqrt(2.0) * 1.8427007929497148]
    ),
    slopes("by both halves at (2, 0): 0 and 2/2", [2.0, 0.0], [[0.0, 1.0]]),
)
REGLU = _gate(
    "reglu",
    "The first half of the inputs times the ReLU of the second.",
    "y = a * max(b, 0), x = (a, b)",
    _SHAZEER,
    a.relu,
    a.relu_slope,
    1,
    values("of (2, 3) and (2, -3): 6 and 0", [[2.0, 3.0], [2.0, -3.0]], [[6.0], [0.0]]),
    slopes("by both halves at (2, 3): 3 and 2", [2.0, 3.0], [[3.0, 2.0]]),
)

ROWS = (SOFTMAX, LOG_SOFTMAX, SPARSEMAX, GLU, SWIGLU, GEGLU, REGLU)
