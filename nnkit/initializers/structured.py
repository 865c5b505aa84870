"""Initializers that put numbers in places: identities, orthogonal centres, sparse and scaled columns."""

import math

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import InvalidArgument
from nnkit.initializers.record import Draws, Initializer, Parameters, Shape
from nnkit.registry import ClosedForm, Hyper, number

Array = NDArray[np.float64]


def _axes(shape: Shape, name: str) -> tuple[Shape, int, int]:
    """Return the receptive field, the inputs and the outputs of a kernel."""
    if len(shape) < 2 or 0 in shape:
        raise InvalidArgument(f"{name} needs a shape of two axes or more, none of them 0, found {shape!r}.")
    return shape[:-2], shape[-2], shape[-1]


def _at_centre(field: Shape, matrix: Array) -> Array:
    """Return the kernel that has ``matrix`` at the centre of its field and 0 elsewhere."""
    kernel = np.zeros((*field, *matrix.shape))
    kernel[tuple(size // 2 for size in field)] = matrix
    return kernel


def _identity(draws: Draws, shape: Shape, parameters: Parameters) -> Array:
    field, inputs, outputs = _axes(shape, "identity")
    return _at_centre(field, number(parameters, "gain") * np.eye(inputs, outputs))


def _delta_orthogonal(draws: Draws, shape: Shape, parameters: Parameters) -> Array:
    field, inputs, outputs = _axes(shape, "delta_orthogonal")
    return _at_centre(field, draws.orthogonal((inputs, outputs), number(parameters, "gain")))


def _padded_identity(draws: Draws, shape: Shape, parameters: Parameters) -> Array:
    """Where the width grows, rows repeat cyclically; where it shrinks, what is too much is left out."""
    field, inputs, outputs = _axes(shape, "idinit")
    matrix = np.zeros((inputs, outputs))
    matrix[np.arange(outputs) % inputs, np.arange(outputs)] = number(parameters, "tau")
    slip = number(parameters, "epsilon")
    matrix += slip * np.where((np.arange(inputs)[:, np.newaxis] + np.arange(outputs)) % 2 == 0, 1.0, -1.0)
    return _at_centre(field, matrix)


def _hadamard(size: int) -> Array:
    """Return Sylvester's Hadamard matrix of the least power of 2 that is at least ``size``."""
    matrix = np.ones((1, 1))
    while len(matrix) < size:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix


def _zero(draws: Draws, shape: Shape, parameters: Parameters) -> Array:
    field, inputs, outputs = _axes(shape, "zero_hadamard")
    if outputs <= inputs:
        return _at_centre(field, np.eye(inputs, outputs))
    # I_in H I_out: partial identities around the transform, whose scale keeps its first row of length 1.
    whole = _hadamard(outputs)
    return _at_centre(field, whole[:inputs, :outputs] / math.sqrt(len(whole)))


def _sparse(draws: Draws, shape: Shape, parameters: Parameters) -> Array:
    field, inputs, outputs = _axes(shape, "sparse")
    rows = math.prod(field) * inputs
    n_zeros = math.ceil(number(parameters, "sparsity") * rows)
    values = draws.normal((rows, outputs)) * number(parameters, "stddev")
    order = np.argsort(draws.uniform((rows, outputs)), axis=0, kind="stable")
    values[order[:n_zeros], np.arange(outputs)] = 0.0
    return values.reshape(shape)


def _root(value: float, degree: int) -> float:
    """Return the root of a value of at least 1 by Newton's steps from above: the same bits everywhere."""
    found = 1.0 + (value - 1.0) / degree
    for _ in range(100):
        power = 1.0
        for _ in range(degree - 1):
            power *= found
        found -= (found * power - value) / (degree * power)
    return found


def _nguyen_widrow(draws: Draws, shape: Shape, parameters: Parameters) -> Array:
    field, inputs, outputs = _axes(shape, "nguyen_widrow")
    rows = math.prod(field) * inputs
    values = 2.0 * draws.uniform((rows, outputs)) - 1.0
    squares = np.zeros(outputs)
    for row in values:  # in order: a sum in pairs would have other bits on another CPU
        squares += row * row
    length = 0.7 * _root(float(outputs), rows)
    return (values * (length / np.sqrt(squares))).reshape(shape)


def _mirrored(draws: Draws, shape: Shape, parameters: Parameters) -> Array:
    field, inputs, outputs = _axes(shape, "looks_linear")
    half_in, half_out = inputs // 2, outputs // 2
    matrix = np.zeros((inputs, outputs))
    if half_in and half_out:
        block = draws.orthogonal((half_in, half_out), number(parameters, "gain"))
        matrix[: 2 * half_in, : 2 * half_out] = np.block([[block, -block], [-block, block]])
    return _at_centre(field, matrix)


_GAIN = Hyper("gain", 1.0, "factor on all of it")
_TAU = Hyper("tau", 1.0, "the ones", above=0.0)

STRUCTURED = (
    Initializer(
        name="identity",
        summary="Every output starts as one input: ones on the diagonal, at the centre of a convolution.",
        formula="w[centre, i, j] = gain where i = j, else 0",
        source="Keras 3, keras.initializers.Identity; PyTorch, nn.init.eye_ and dirac_",
        aliases=("eye", "dirac"),
        hyperparameters=(_GAIN,),
        closed_forms=(
            ClosedForm(
                "x W = gain x, where there are as many outputs as inputs",
                lambda it: np.arange(1.0, 5.0) @ it((4, 4), dtype="float64"),
                2.0 * np.arange(1.0, 5.0),
                {"gain": 2.0},
            ),
        ),
        distribution="composed",
        compose=_identity,
    ),
    Initializer(
        name="delta_orthogonal",
        summary="A convolution that is an orthogonal matrix at its centre: isometric at any depth.",
        formula="w[centre] = gain * Q, else 0",
        source="Xiao et al. (2018), arXiv:1806.05393, algorithm 1",
        hyperparameters=(_GAIN,),
        closed_forms=(
            ClosedForm(
                "at the centre W W' = gain**2 I, elsewhere 0",
                lambda it: (lambda w: [w[1, 1] @ w[1, 1].T, (w**2).sum() / 4.0 * np.eye(3)])(
                    it((3, 3, 3, 5), dtype="float64")
                ),
                np.array([4.0 * np.eye(3), 3.0 * np.eye(3)]),
                {"gain": 2.0},
            ),
        ),
        distribution="composed",
        compose=_delta_orthogonal,
    ),
    Initializer(
        name="idinit",
        summary="An identity, padded by itself where a layer is not square, with a small pattern on it.",
        formula="w[i, j] = tau where i = j mod inputs, plus epsilon in signs of a chessboard",
        source="Pan et al. (2025), IDInit, arXiv:2503.04626; epsilon keeps units apart that would stay alike",
        hyperparameters=(_TAU, Hyper("epsilon", 1e-6, "size of the pattern", at_least=0.0)),
        closed_forms=(
            ClosedForm(
                "to twice as many outputs, every input is copied twice",
                lambda it: np.array([1.0, 2.0]) @ it((2, 4), dtype="float64"),
                np.array([1.0, 2.0, 1.0, 2.0]),
                {"epsilon": 0.0},
            ),
        ),
        distribution="composed",
        compose=_padded_identity,
    ),
    Initializer(
        name="zero_hadamard",
        summary="ZerO: partial identities, and a Hadamard transform where the width grows. No chance in it.",
        formula="w = I where outputs <= inputs, else the first rows of H / sqrt(n), n the next power of 2",
        source="Zhao, Schaefer and Anandkumar (2022), ZerO initialization, arXiv:2110.12661, algorithm 1",
        aliases=("zero_init",),
        closed_forms=(
            ClosedForm(
                "to a power of 2: W W' = I",
                lambda it: (lambda w: w @ w.T)(it((3, 8), dtype="float64")),
                np.eye(3),
            ),
        ),
        distribution="composed",
        compose=_zero,
    ),
    Initializer(
        name="sparse",
        summary="Normal, with the same share of zeros in every unit's weights.",
        formula="w ~ N(0, stddev**2), ceil(sparsity * fan_in) of each unit's set to 0",
        source="Martens (2010), Deep learning via Hessian-free optimization; PyTorch, nn.init.sparse_",
        hyperparameters=(
            Hyper("sparsity", 0.9, "share of zeros", at_least=0.0, below=1.0),
            Hyper("stddev", 0.01, "of the others; PyTorch's", above=0.0),
        ),
        closed_forms=(
            ClosedForm(
                "every unit has ceil(sparsity * fan_in) zeros",
                lambda it: (it((10, 4), dtype="float64") == 0.0).sum(axis=0),
                np.full(4, 8.0),
                {"sparsity": 0.71},
            ),
        ),
        distribution="composed",
        compose=_sparse,
    ),
    Initializer(
        name="nguyen_widrow",
        summary="Uniform directions of one length, so that sigmoid units share out the input's range.",
        formula="w = v * beta / |v|, v ~ U(-1, 1), beta = 0.7 * outputs**(1 / inputs)",
        source="Nguyen and Widrow (1990), IJCNN 3:21-26",
        closed_forms=(
            ClosedForm(
                "every unit's weights have the length 0.7 outputs**(1 / inputs)",
                lambda it: np.sqrt((it((4, 16), dtype="float64") ** 2).sum(axis=0)),
                np.full(16, 1.4),
            ),
        ),
        distribution="composed",
        compose=_nguyen_widrow,
    ),
    Initializer(
        name="looks_linear",
        summary="Mirrored orthogonal blocks: ReLU units cancel in pairs, and the net starts linear.",
        formula="w = [[Q, -Q], [-Q, Q]]",
        source="Balduzzi et al. (2017), The shattered gradients problem, arXiv:1702.08591, section 4",
        hyperparameters=(_GAIN,),
        closed_forms=(
            ClosedForm(
                "behind ReLU of (z, -z) it is linear: relu(z, -z) W = (z Q, -z Q), of z's length twice over",
                lambda it: (lambda w, z: np.linalg.norm(np.maximum(np.concatenate([z, -z]), 0.0) @ w))(
                    it((6, 6), dtype="float64"), np.array([3.0, -4.0, 12.0])
                ),
                13.0 * math.sqrt(2.0),
            ),
        ),
        distribution="composed",
        compose=_mirrored,
    ),
)
