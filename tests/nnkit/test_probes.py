"""Probes see what is there, and change no bit of the training they look at."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnkit import activations, layers, losses, optimizers
from nnkit.activations import BoundActivation
from nnkit.activations.builtin import BUILTIN
from nnkit.activations.plugin import activation_of
from nnkit.callbacks import Fitting
from nnkit.compiler import explain
from nnkit.compiler.program import Program, compile_program
from nnkit.compiler.slopes import DEAD_SHARE, FLAT_SHARE, slopes_of
from nnkit.compiler.workbench import value_and_slope
from nnkit.execution.trial import Data, Trial
from nnkit.insight.probes import Readings, read
from nnkit.kernels.probe import probe_activation
from nnkit.layers import Layer
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.training.fit import Fit, Outcome
from tests.nnkit.small_models import blobs

Array = NDArray[Any]


def compiled(
    stack: Sequence[Layer],
    *,
    probes: bool = True,
    shape: tuple[int, ...] = (4,),
    optimizer: str | BoundOptimizer = "adam",
    dtype: str = "float32",
) -> Program:
    chosen = optimizers.get(optimizer) if isinstance(optimizer, str) else optimizer
    loss = losses.get("sparse_categorical_crossentropy")
    # 40 samples are evaluated in batches of 16, the last one shorter.
    return compile_program(
        stack, shape, loss, chosen, dtype=dtype, batch_size=8, eval_batch=16, probes=probes
    )


def data(dtype: str = "float32", shape: tuple[int, ...] = (4,)) -> tuple[Data, Data]:
    x, y = blobs(90, features=math.prod(shape))
    values = np.ascontiguousarray(x.reshape(-1, *shape), dtype=dtype)
    labels = y.astype(np.int32)
    return Data(values[:50], labels[:50]), Data(values[50:].copy(), labels[50:])


def fitted(program: Program, *, epochs: int = 3, seed: int = 0, **given: Any) -> tuple[Trial, Outcome]:
    train, validation = data(program.dtype, program.input_shape)
    trial = Trial(program, seed)
    return trial, Fit(trial, train, validation, epochs=epochs, **given).run()


def perceptron(activation: str) -> list[Layer]:
    return [layers.Dense(24, activation), layers.Dense(8, activation), layers.Dense(3)]


class Watcher:
    """A callback that does nothing: the fit comes back to Python at every evaluation point."""

    def on_evaluation(self, step: int, values: Mapping[str, float], fitting: Fitting) -> None: ...

    def on_end(self, fitting: Fitting) -> None: ...


# -- no bit changes ---------------------------------------------------------------------------------------

CONVOLUTION = [
    layers.Reshape((4, 4, 1)),
    layers.Conv2D(6, 3, activation="relu"),
    layers.Flatten(),
    layers.Dense(3),
]
NORMALIZED = [
    layers.Dense(24),
    layers.BatchNormalization(),
    layers.Activation("relu"),
    layers.Dropout(0.3),
    layers.Dense(3, kernel_l2=0.01),
]


@pytest.mark.parametrize(
    ("stack", "shape"),
    [
        (perceptron("relu"), (4,)),
        (perceptron("gelu"), (4,)),
        (perceptron("leaky_relu"), (4,)),
        (NORMALIZED, (4,)),
        (CONVOLUTION, (16,)),
        ([layers.Dense(3)], (4,)),
    ],
)
@pytest.mark.parametrize("callbacks", [(), (Watcher(),)])
def test_weights_losses_and_metrics_keep_their_bits(
    stack: list[Layer], shape: tuple[int, ...], callbacks: tuple[Any, ...]
) -> None:
    plain, without = fitted(compiled(stack, probes=False, shape=shape))
    probed, with_probes = fitted(compiled(stack, shape=shape), callbacks=callbacks)

    assert plain.digest() == probed.digest()
    assert np.array_equal(without.step_loss, with_probes.step_loss)
    assert np.array_equal(without.evaluations[:, :3], with_probes.evaluations[:, :3])
    assert np.array_equal(plain.region("slot 0"), probed.region("slot 0"))


def test_only_a_program_with_probes_lists_them() -> None:
    assert "probe" not in explain.render(compiled(perceptron("relu"), probes=False))
    listing = explain.render(compiled(perceptron("relu")))
    assert listing.count("probe_activation") == 2
    assert listing.count("probe_weights") == 3


# -- what they see ----------------------------------------------------------------------------------------


def forward(trial: Trial, x: Array, activation: str) -> list[tuple[Array, Array]]:
    """Return input and output of every activation, in NumPy."""
    values = {name: array.astype(np.float64) for name, array in trial.parameters().items()}
    found = []
    for name in ("dense_0", "dense_1"):
        inputs = x @ values[f"{name}/kernel"] + values[f"{name}/bias"]
        x = value_and_slope(activations.get(activation), inputs)[0]
        found.append((inputs, x))
    return found


@pytest.mark.parametrize(
    ("activation", "dtype"),
    [
        ("relu", "float32"),
        ("tanh", "float32"),
        ("gelu", "float32"),
        ("elu", "float32"),
        ("hard_tanh", "float32"),
        ("relu", "float64"),
        ("gelu", "float64"),
    ],
)
def test_the_last_reading_is_that_of_the_final_weights(activation: str, dtype: str) -> None:
    trial, _ = fitted(compiled(perceptron(activation), dtype=dtype))
    readings = read(trial)

    expected = forward(trial, data(dtype)[1].x.astype(np.float64), activation)
    for reading, (inputs, outputs) in zip(readings.activations, expected, strict=True):
        slopes = np.abs(value_and_slope(activations.get(activation), inputs)[1])
        steepest = slopes_of(activations.get(activation), dtype).steepest
        assert reading.dead[-1] == np.mean((slopes <= DEAD_SHARE * steepest).all(axis=0))
        # One value in a thousand may lie on the limit, where float32 and float64 disagree.
        assert reading.saturated[-1] == pytest.approx(
            float(np.mean(slopes <= FLAT_SHARE * steepest)), abs=1e-3
        )
        assert reading.mean[-1] == pytest.approx(float(outputs.mean()), rel=1e-4, abs=1e-6)
        assert reading.variance[-1] == pytest.approx(float(outputs.var()), rel=1e-4)


def test_the_first_reading_is_before_any_training() -> None:
    program = compiled(perceptron("tanh"))
    readings = read(fitted(program)[0])

    fresh = Trial(program, 0)
    first = forward(fresh, data()[1].x.astype(np.float64), "tanh")[0][1]
    assert readings.steps.tolist() == [0, 7, 14, 21]
    assert readings.activations[0].mean[0] == pytest.approx(float(first.mean()), rel=1e-4)
    assert np.isnan(readings.weights[0].update_ratio[0])


def test_layers_have_their_names_and_units() -> None:
    readings = read(fitted(compiled(perceptron("relu")))[0])

    assert [(each.layer, each.activation, each.units) for each in readings.activations] == [
        ("dense_0", "relu", 24),
        ("dense_1", "relu", 8),
    ]
    assert [each.layer for each in readings.weights] == ["dense_0", "dense_1", "dense_2"]


def plain_descent(
    params: Mapping[str, Array],
    grads: Mapping[str, Array],
    state: Any,
    step: int,
    learning_rate: float,
    **_: Any,
) -> None:
    for name in params:
        params[name][...] -= learning_rate * grads[name]


@pytest.mark.parametrize("is_by_hand", [False, True])
def test_a_step_of_gradient_descent_is_the_rate_times_the_gradient(is_by_hand: bool) -> None:
    optimizer = optimizers.get("sgd", learning_rate=0.25)
    if is_by_hand:
        record = replace(optimizer.record, name="by hand", kernel=None, update=plain_descent)
        optimizer = replace(optimizer, record=record)
    trial, _ = fitted(compiled(perceptron("tanh"), optimizer=optimizer, dtype="float64"))

    for reading, name in zip(read(trial).weights, ("dense_0", "dense_1", "dense_2"), strict=True):
        final = trial.parameters()[f"{name}/kernel"]
        steps = reading.update_ratio * reading.weight_norm
        assert reading.weight_norm[-1] == pytest.approx(np.linalg.norm(final), rel=1e-12)
        assert steps[1:] == pytest.approx(0.25 * reading.gradient_norm[1:], rel=1e-9)
        gradient = trial.gradients()[f"{name}/kernel"]
        assert reading.gradient_norm[-1] == pytest.approx(np.linalg.norm(gradient), rel=1e-12)


def readings_of(biases: Sequence[Sequence[float]]) -> Readings:
    """Evaluate a model of one hidden ReLU layer under each of these biases in turn; no training."""
    n = len(biases[0])
    trial = Trial(compiled([layers.Dense(n, "relu"), layers.Dense(3)]), 0)
    train, validation = data()
    Fit(trial, train, validation, epochs=len(biases) - 1)
    for row in biases:
        trial.parameters()["dense_0/bias"][:] = row
        trial.evaluate()
    return read(trial)


def test_dead_for_good_is_told_from_dead_for_a_while() -> None:
    on, off = 1000.0, -1000.0
    found = readings_of([[on, on, on, on], [on, off, off, on], [on, off, on, on], [on, off, on, off]])

    (reading,) = found.activations
    assert reading.dead.tolist() == [0.0, 0.5, 0.25, 0.5]
    assert reading.dead_for_good.tolist() == [0.0, 0.25, 0.25, 0.5]
    assert reading.revived == 0.25


def test_one_sample_in_the_last_batch_keeps_a_unit_alive() -> None:
    trial = Trial(compiled([layers.Dense(2, "relu"), layers.Dense(3)]), 0)
    train, validation = data()
    validation.x[:] = -1.0
    validation.x[-1] = 1.0
    Fit(trial, train, validation, epochs=1)
    trial.parameters()["dense_0/kernel"][:] = [[1.0, -1.0]] * 4
    trial.parameters()["dense_0/bias"][:] = [0.0, -5.0]
    trial.evaluate()

    (reading,) = read(trial).activations
    assert reading.dead[0] == 0.5
    assert reading.saturated[0] == pytest.approx(79 / 80)


def test_a_filter_is_a_unit() -> None:
    stack = [
        layers.Reshape((4, 4, 1)),
        layers.Conv2D(3, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(3),
    ]
    trial = Trial(compiled(stack, shape=(16,)), 0)
    Fit(trial, *data(shape=(16,)), epochs=1)
    trial.parameters()["conv2d_0/bias"][:] = [1000.0, -1000.0, 1000.0]
    trial.evaluate()

    reading = read(trial).activations[0]
    assert (reading.units, reading.layer) == (3, "conv2d_0")
    assert reading.dead[0] == pytest.approx(1 / 3)
    assert reading.saturated[0] == pytest.approx(1 / 3)


def test_a_trial_that_diverged_keeps_what_was_seen_before() -> None:
    program = compiled(perceptron("relu"), optimizer=optimizers.get("sgd", learning_rate=1e30))
    trial, outcome = fitted(program)

    assert outcome.status == "diverged"
    assert read(trial).steps.tolist() == [0]


# -- the limits -------------------------------------------------------------------------------------------


# Not of those without a slope, and not of a wave, which has more than one dip.
@pytest.mark.parametrize("name", [p.name for p in BUILTIN if p.name not in ("step", "sign", "snake")])
def test_limits_say_of_every_value_what_its_slope_says(name: str) -> None:
    chosen = activations.get(name)
    slopes = slopes_of(chosen, "float32")
    x = np.linspace(-19.9, 19.9, 4999, dtype=np.float32)

    values, found = value_and_slope(chosen, x)
    sizes = np.abs(found)
    source = x if chosen.scalar.slope_of == "input" else values
    for limits, share in ((slopes.dead, DEAD_SHARE), (slopes.flat, FLAT_SHARE)):
        is_small = (source <= limits.low) | (source >= limits.high)
        is_small |= (source >= limits.dip_from) & (source <= limits.dip_to)
        clear = np.abs(sizes / (share * slopes.steepest) - 1) > 1e-2
        if share == DEAD_SHARE:
            clear &= sizes > 0 if limits.low == -np.inf else True
            clear &= np.abs(x) > 1e-2  # a slope that is 0 at 0 alone
        assert np.array_equal(is_small[clear], (sizes <= share * slopes.steepest)[clear])


def test_a_slope_that_is_always_0_leaves_every_unit_dead() -> None:
    step = activation_of(
        "own_step",
        value=lambda x: 1.0 if x > 0 else 0.0,
        slope=lambda x: 0.0 * x,
        summary="",
        formula="",
        source="",
    )
    slopes = slopes_of(BoundActivation(step, {}), "float32")

    assert slopes.dead.low == math.inf


# -- the kernel -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", [probe_activation, probe_activation.python()])
@pytest.mark.parametrize(("columns", "units"), [(1, 1), (3, 3), (17, 17), (33, 11), (64, 4)])
def test_the_kernel_counts_as_numpy_does(run: Any, columns: int, units: int) -> None:
    rng = np.random.default_rng(columns)
    y = rng.normal(size=(7, columns)).astype(np.float32)
    y[:, 0] = -3.0
    alive_at, times_alive, row = np.zeros(units), np.zeros(units), np.zeros(4)
    scratch = [np.full(columns, np.nan, np.float32) for _ in range(4)]
    run(y, y, alive_at, times_alive, row, *scratch, -1.0, 2.0, -0.5, 1.0, 0.1, 0.2, units, 5)

    per_unit = y.reshape(-1, units)
    alive = ((per_unit > -1.0) & (per_unit < 2.0)).any(axis=0)
    flat = (y <= -0.5) | (y >= 1.0) | ((y >= 0.1) & (y <= 0.2))
    assert row[0] == alive.sum()
    assert np.array_equal(alive_at, 5.0 * alive)
    assert np.array_equal(times_alive, 1.0 * alive)
    assert row[1] == flat.sum()
    assert row[2:] == pytest.approx([y.sum(), (y**2).sum()], rel=1e-5, abs=1e-5)


def test_nan_is_neither_dead_nor_flat() -> None:
    y = np.full((2, 1), np.nan, np.float32)
    alive_at, times_alive, row = np.zeros(1), np.zeros(1), np.zeros(4)
    scratch = [np.zeros(1, np.float32) for _ in range(4)]
    probe_activation(
        y, y, alive_at, times_alive, row, *scratch, 0.0, math.inf, 0.0, math.inf, math.inf, -math.inf, 1, 1
    )

    assert row[:2].tolist() == [1.0, 0.0]
    assert np.isnan(row[2:]).all()
