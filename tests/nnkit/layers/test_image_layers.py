"""Convolution, pooling, normalisation, residual, PReLU and maxout layers: gradients, values, errors."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnkit
from nnkit import layers
from nnkit.compiler import program as programs
from nnkit.errors import InvalidArgument
from nnkit.layers import Layer
from tests.nnkit.small_models import build, inputs_for, spread_parameters, targets_for
from tests.nnkit.test_gradients import loss_of, scales
from tests.reference import layers as reference
from tests.reference.numeric import numeric_gradient

Array = NDArray[Any]
_TOLERANCE = 1e-7
_IMAGE = (4, 5, 2)

# Every layer with every option, between layers that have parameters, and smooth: maxima are kept apart.
STACKS: dict[str, tuple[Sequence[int], list[Layer]]] = {
    "convolution": (_IMAGE, [layers.Conv2D(3, 3), layers.Activation("tanh")]),
    "convolution of a convolution": (_IMAGE, [layers.Conv2D(8, 3, padding="same"), layers.Conv2D(3, (2, 3))]),
    "no bias": (_IMAGE, [layers.Conv2D(3, 3, use_bias=False), layers.Conv2D(2, 1, use_bias=False)]),
    "penalties": (_IMAGE, [layers.Conv2D(3, 3, kernel_l1=0.02, kernel_l2=0.03)]),
    "strides": (_IMAGE, [layers.Conv2D(3, 1), layers.Conv2D(4, 3, strides=(2, 3), padding="same")]),
    "dilation": (_IMAGE, [layers.Conv2D(3, 1), layers.Conv2D(4, 2, dilation_rate=(2, 3))]),
    "groups": (_IMAGE, [layers.Conv2D(6, 1), layers.Conv2D(4, 3, groups=2, padding=1)]),
    "all options": (
        _IMAGE,
        [
            layers.Conv2D(4, 2),
            layers.Conv2D(6, (3, 2), (2, 1), padding=((2, 1), (0, 3)), dilation_rate=(1, 2), groups=2),
        ],
    ),
    "sequence": ((9, 2), [layers.Conv1D(3, 3, strides=2, padding="same"), layers.Conv1D(4, 2)]),
    "sequence, all options": (
        (9, 2),
        [layers.Conv1D(4, 1), layers.Conv1D(6, 3, 2, padding=(1, 2), dilation_rate=2, groups=2)],
    ),
    "transposed": (
        (3, 2, 2), [layers.Conv2DTranspose(3, 3, 2, padding="same"), layers.Conv2DTranspose(2, 2, 3)]
    ),
    "transposed, all options": (
        (3, 2, 2),
        [
            layers.Conv2D(4, 1),
            layers.Conv2DTranspose(
                6, (3, 2), 2, ((1, 0), (1, 1)), (1, 2), 2, kernel_l2=0.1, output_padding=1, use_bias=False
            ),
        ],
    ),
    "transposed, a sequence": ((5, 2), [layers.Conv1DTranspose(3, 2, 2), layers.Conv1DTranspose(2, 3)]),
    "depthwise and separable": (
        _IMAGE, [layers.DepthwiseConv2D(3, depth_multiplier=2, padding=1), layers.SeparableConv2D(3, 2)]
    ),
    "max pooling": (_IMAGE, [layers.Conv2D(3, 1), layers.MaxPooling2D(2), layers.Activation("tanh")]),
    "max pooling, overlapping": (
        _IMAGE, [layers.Conv2D(3, 1), layers.MaxPooling2D(3, strides=(2, 1), padding="same")]
    ),
    "max pooling, a sequence": ((9, 2), [layers.Conv1D(3, 1), layers.MaxPooling1D(2, padding=1)]),
    "average pooling": (_IMAGE, [layers.Conv2D(3, 1), layers.AveragePooling2D((2, 3))]),
    "average pooling, overlapping": (
        _IMAGE, [layers.Conv2D(3, 1), layers.AveragePooling2D(3, 2, padding=((1, 0), (2, 1)))]
    ),
    "average pooling, a sequence": ((9, 2), [layers.Conv1D(3, 1), layers.AveragePooling1D(3, 2, "same")]),
    "max pooling, dilated": (
        _IMAGE, [layers.Conv2D(3, 1), layers.MaxPooling2D(2, 1, padding=1, dilation_rate=(2, 3))]
    ),
    "average pooling, dilated": (
        _IMAGE, [layers.Conv2D(3, 1), layers.AveragePooling2D((3, 2), 1, padding=1, dilation_rate=(2, 3))]
    ),
    "average pooling, padding counts": (
        _IMAGE, [layers.Conv2D(3, 1), layers.AveragePooling2D(3, 2, "same", count_include_pad=True)]
    ),
    "norms": (
        (5, 5, 2),
        [layers.Conv2D(3, 1), layers.LpPooling2D(2, 1, padding=1), layers.LpPooling2D(2, norm_type=3)],
    ),
    "norm of a sequence": ((9, 2), [layers.Conv1D(3, 1), layers.LpPooling1D(3, 2, norm_type=1)]),
    "global average": (_IMAGE, [layers.Conv2D(3, 2, activation="tanh"), layers.GlobalAveragePooling2D()]),
    "global max": (_IMAGE, [layers.Conv2D(3, 2, activation="tanh"), layers.GlobalMaxPooling2D()]),
    "batch normalisation of channels": (_IMAGE, [layers.Conv2D(3, 2), layers.BatchNormalization()]),
    "layer normalisation": ((3,), [layers.Dense(5), layers.LayerNormalization()]),
    "layer normalisation of channels": ((2, 3, 2), [layers.Conv2D(19, 2), layers.LayerNormalization(0.1)]),
    "prelu": ((3,), [layers.Dense(5), layers.PReLU("constant(value=0.3)")]),
    "prelu of channels": (_IMAGE, [layers.Conv2D(3, 2), layers.PReLU("constant(value=-0.2)")]),
    "maxout": ((3,), [layers.Dense(4), layers.Maxout(5, pieces=3)]),
    "maxout over rows": ((2, 3), [layers.Dense(4), layers.Maxout(3)]),
    "residual": ((3,), [layers.Dense(4), layers.Residual([layers.Dense(4, "tanh"), layers.Dense(4)])]),
    "residual in a residual": (
        (3,),
        [
            layers.Dense(4),
            layers.Residual(
                [layers.Residual([layers.Activation("tanh")]), layers.Residual([layers.Dense(4)])]
            ),
            layers.Residual([layers.Activation("linear")]),
        ],
    ),
    "residual of images": (
        _IMAGE,
        [
            layers.Conv2D(3, 1),
            layers.Residual([layers.Conv2D(3, 3, padding="same", activation="tanh"), layers.Conv2D(3, 1)]),
        ],
    ),
}  # fmt: skip


def model_of(name: str, seed: int) -> tuple[nnkit.Sequential, Array, Array]:
    shape, stack = STACKS[name]
    model = build([*stack, layers.Flatten(), layers.Dense(3)], shape)
    spread_parameters(model, seed=seed)
    return model, inputs_for(shape, seed=seed), targets_for("sparse_categorical_crossentropy", 3)


def differences(model: nnkit.Sequential, x: Array, y: Array) -> dict[str, tuple[Array, Array]]:
    """Return the central differences of the loss for every parameter, at two steps."""
    found = {}
    for name, start in ((name, value.copy()) for name, value in model.parameters.items()):
        loss = loss_of(model, name, x, y)
        found[name] = (numeric_gradient(loss, start, 2e-3), numeric_gradient(loss, start, 1e-3))
    return found


def smooth_draw(name: str) -> tuple[nnkit.Sequential, Array, Array, dict[str, tuple[Array, Array]]]:
    """Return a draw without a kink near it: where a window's maximum moves, the steps' differences differ."""
    for seed in range(50):
        model, x, y = model_of(name, seed)
        found = differences(model, x, y)
        norms = scales({key: b for key, (_, b) in found.items()})
        if all(np.linalg.norm(a - b) <= 0.1 * _TOLERANCE * norms[key] for key, (a, b) in found.items()):
            return model, x, y, found
    raise AssertionError("every draw has a kink near it")


@pytest.mark.parametrize("name", STACKS)
def test_gradients_agree_with_differences(name: str) -> None:
    """Errors are relative to the norm of the gradient, or to the largest such norm over 10,000."""
    model, x, y, found = smooth_draw(name)
    _, gradients = model.loss_and_gradients(x, y)
    norms = scales(gradients)
    errors = {key: np.linalg.norm(gradients[key] - found[key][1]) / norms[key] for key in gradients}

    assert max(errors.values()) <= _TOLERANCE, errors


# -- what a training step is made of ---------------------------------------------------------------------

NETS: dict[str, list[Layer]] = {
    "relu before pooling": [
        layers.Conv2D(8, 3, padding="same", activation="relu"), layers.MaxPooling2D(2),
        layers.Conv2D(5, 3, activation="relu"), layers.Flatten(), layers.Dense(3),
    ],
    "relu behind pooling": [
        layers.Conv2D(8, 3, padding="same"), layers.MaxPooling2D(3, 2), layers.Activation("relu"),
        layers.Flatten(), layers.Dense(3),
    ],
    "relu behind a residual": [
        layers.Conv2D(4, 3, padding="same"), layers.Residual([layers.Conv2D(4, 1, activation="relu")]),
        layers.Activation("relu"), layers.AveragePooling2D(2), layers.Flatten(), layers.Dense(3),
    ],
    "flat twice": [
        layers.Conv2D(4, 3, activation="relu"), layers.GlobalMaxPooling2D(), layers.Flatten(),
        layers.Dense(3),
    ],
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NETS)
def test_fusing_changes_no_bit(name: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = inputs_for((9, 8, 2), rows=24), targets_for("sparse_categorical_crossentropy", 3, rows=24)

    def trained() -> tuple[str, list[float], bytes]:
        model = build(NETS[name], (9, 8, 2), optimizer="adam", dtype=dtype)
        history = model.fit(x, y, batch_size=7, epochs=2)
        return model.digest(), history.step_loss.tolist(), model.predict(x).tobytes()

    fused = trained()
    monkeypatch.setattr(programs, "fuse", list)

    assert trained() == fused


def test_a_step_of_a_convolutional_net_passes_over_every_value_once() -> None:
    """ReLUs are part of the ops before them, their gradients of the pooling's, and flattening is none."""
    model = build(NETS["relu before pooling"], (9, 8, 2))
    names = [op.kind.name for op in model.program().sequences.train]

    assert names[1:5] == ["conv2d", "max_pooling2d", "conv2d", "dense"]
    assert names.count("max_pooling2d_backward_relu") == 1
    assert not {"relu", "copy"} & set(names)


# -- values and parameters ----------------------------------------------------------------------------------


def test_parameters_have_keras_s_names_and_shapes() -> None:
    stack = [
        layers.Conv2D(6, (2, 3), groups=2), layers.MaxPooling2D(), layers.PReLU(),
        layers.LayerNormalization(), layers.Residual([layers.Conv2D(6, 1)]), layers.Flatten(),
        layers.Maxout(3, 4),
    ]  # fmt: skip
    model = build(stack, (6, 7, 4))
    shapes = {name: value.shape for name, value in model.parameters.items()}

    assert shapes == {
        "conv2d_0/kernel": (2, 3, 2, 6), "conv2d_0/bias": (6,), "pre_lu_0/alpha": (6,),
        "layer_normalization_0/gamma": (6,), "layer_normalization_0/beta": (6,),
        "residual_0/conv2d_0/kernel": (1, 1, 6, 6), "residual_0/conv2d_0/bias": (6,),
        "maxout_0/kernel": (24, 3, 4), "maxout_0/bias": (3, 4),
    }  # fmt: skip
    sequence = build([layers.Conv1D(5, 3), layers.Flatten()], (9, 2))
    assert sequence.parameters["conv1d_0/kernel"].shape == (3, 2, 5)


def test_maxout_takes_the_largest_piece() -> None:
    model = build([layers.Maxout(5, pieces=3)], (4,))
    spread_parameters(model)
    x = inputs_for((4,))
    kernel, bias = model.parameters.values()

    np.testing.assert_allclose(model.predict(x), reference.maxout_forward(x, kernel, bias), rtol=1e-14)


def test_maxout_starts_like_the_dense_layer_that_it_is() -> None:
    """Its variance is that of fans of 100 and 60, not of a receptive field of 100."""
    model = build([layers.Maxout(20, pieces=3, kernel_initializer="glorot_normal")], (100,))

    assert model.parameters["maxout_0/kernel"].std() == pytest.approx(np.sqrt(2 / 160), rel=0.03)


def test_a_residual_adds_its_input() -> None:
    model = build([layers.Residual([layers.Dense(4, "tanh"), layers.Residual([layers.Dense(4)])])], (4,))
    spread_parameters(model)
    x, p = inputs_for((4,)), model.parameters
    h = np.tanh(x @ p["residual_0/dense_0/kernel"] + p["residual_0/dense_0/bias"])
    h = h + h @ p["residual_0/residual_0/dense_0/kernel"] + p["residual_0/residual_0/dense_0/bias"]

    np.testing.assert_allclose(model.predict(x), x + h, rtol=1e-12)


def test_global_pooling_keeps_one_value_per_channel() -> None:
    x = inputs_for((9, 8, 5))
    mean, largest = (
        build([make()], (9, 8, 5)) for make in (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)
    )

    np.testing.assert_allclose(mean.predict(x), x.mean(axis=(1, 2)), rtol=1e-13, atol=1e-15)
    assert np.array_equal(largest.predict(x), x.max(axis=(1, 2)))


def test_a_short_last_batch_is_whole() -> None:
    """Ten samples in batches of four: the last two see no leftovers of the batch before."""
    stack = [
        layers.Conv2D(8, 3, padding="same"),
        layers.MaxPooling2D(3, 1, "same"),
        layers.Flatten(),
        layers.Dense(3),
    ]
    x = inputs_for((5, 5, 3), rows=10)
    one, four = build(stack, (5, 5, 3)), build(stack, (5, 5, 3))
    y = targets_for("sparse_categorical_crossentropy", 3, rows=10)
    four.fit(x, y, batch_size=4, epochs=1, shuffle=False)
    for start in (0, 4, 8):
        one.fit(x[start : start + 4], y[start : start + 4], batch_size=4, epochs=1, shuffle=False)

    assert one.digest() == four.digest()


def test_layers_within_layers_are_saved(tmp_path: Path) -> None:
    stack = [
        layers.Conv2D(6, 3, padding=((1, 2), (0, 1)), strides=(1, 2), activation="elu(alpha=0.5)"),
        layers.Residual(
            [layers.BatchNormalization(), layers.Residual([layers.Conv2D(6, 1), layers.PReLU()])]
        ),
        layers.AveragePooling2D((2, 1), padding="same"), layers.Flatten(), layers.Maxout(3),
    ]  # fmt: skip
    model = build(stack, (6, 7, 2))
    spread_parameters(model)
    model.save(tmp_path / "model.npz")
    x = inputs_for((6, 7, 2))

    assert np.array_equal(nnkit.load_model(tmp_path / "model.npz").predict(x), model.predict(x))


# -- mistakes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("Conv2D", {"filters": 0, "kernel_size": 3}, "Conv2D: filters must be at least 1, found 0"),
        ("Conv2D", {"filters": 4, "kernel_size": 0}, "kernel_size must be a whole number .* found 0"),
        ("Conv2D", {"filters": 4, "kernel_size": (3, 3, 3)}, r"kernel_size .* found \(3, 3, 3\)"),
        ("Conv2D", {"filters": 4, "kernel_size": 2.5}, "kernel_size .* found 2.5"),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "strides": 0}, "strides .* found 0"),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "dilation_rate": -1}, "dilation_rate .* found -1"),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": "full"}, "padding must .* found 'full'"),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": -1}, "padding .* found -1"),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": (1, 2)}, r"\(\(top, .* found \(1, 2\)"),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 3}, "multiple of groups, found 4 and 3"),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "activation": "rellu"}, "no activation named 'rellu'"),
        ("Conv1D", {"filters": 4, "kernel_size": (3, 3)}, r"Conv1D: kernel_size must .* \(3, 3\)"),
        ("Conv1D", {"filters": 4, "kernel_size": 3, "padding": (1, -1)}, r"\(before, .* found \(1, -1\)"),
        ("MaxPooling2D", {"pool_size": 0}, "MaxPooling2D: pool_size .* found 0"),
        ("MaxPooling2D", {"strides": (0, 1)}, r"strides .* found \(0, 1\)"),
        ("AveragePooling2D", {"padding": "nearest"}, "AveragePooling2D: padding .* found 'nearest'"),
        ("AveragePooling1D", {"pool_size": (2, 2)}, r"AveragePooling1D: pool_size .* found \(2, 2\)"),
        ("LayerNormalization", {"epsilon": 0.0}, "epsilon must be above 0, found 0.0"),
        ("Maxout", {"units": 3, "pieces": 0}, "Maxout: pieces must be at least 1, found 0"),
        ("Residual", {"layers": []}, "Residual: needs at least one layer, found none"),
        ("Residual", {"layers": ["Dense"]}, "Residual: needs a list of layers, found"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_refused_when_the_layer_is_made(
    name: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(nnkit.errors.NnkitError, match=message) as refused:
        layers.record(name).make(**arguments)

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("stack", "shape", "message"),
    [
        ([layers.Conv2D(4, 3)], (8,), r"conv2d_0: needs .* \(height, width, channels\), found \(8,\)"),
        ([layers.Conv1D(4, 3)], (8, 8, 1), r"conv1d_0: needs .* \(steps, channels\), found \(8, 8, 1\)"),
        ([layers.Conv2D(4, 5)], (4, 9, 1), "conv2d_0: a window of 5 x 5 does not fit an input of 4 x 9"),
        ([layers.Conv2D(4, 3, dilation_rate=4)], (8, 8, 1), "a window of 9 x 9 does not fit"),
        ([layers.Conv2D(4, 3, groups=2)], (8, 8, 3), "3 input channels cannot be split into 2 groups"),
        ([layers.MaxPooling2D(3)], (2, 9, 1), "max_pooling2d_0: a window of 3 x 3 does not fit"),
        ([layers.MaxPooling2D(2, padding=2)], (8, 8, 1), "padding must be smaller than the window"),
        ([layers.GlobalAveragePooling2D()], (8,), "global_average_pooling2d_0: needs inputs of shape"),
        ([layers.Residual([layers.Conv2D(4, 3)])], (8, 8, 4), r"keep the shape.* into \(6, 6, 4\)"),
    ],
)  # fmt: skip
def test_a_layer_that_does_not_fit_its_input_says_so(
    stack: list[Layer], shape: tuple[int, ...], message: str
) -> None:
    model = build(stack, shape)
    with pytest.raises(InvalidArgument, match=message) as refused:
        model.program()

    assert "\n" not in str(refused.value)
