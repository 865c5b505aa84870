"""Kernels over all parameters, over each tensor and over each matrix, and optimizers that share a model."""

import numpy as np
import pytest

import nnkit
from nnkit import layers, optimizers
from nnkit.jit import kernel
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.optimizers.optimizer import COMMON, Optimizer, Shaped, learning_rate
from nnkit.simd import double, real

X = np.linspace(-1.0, 1.0, 18 * 5).reshape(18, 5)
Y = np.arange(18) % 3


@kernel
def _by_row_sums(p, g, sums, work, learning_rate, step):
    """Step by the gradient plus the running sum of its row."""
    rows, columns = p.shape
    for i in range(rows):
        total = 0.0
        for j in range(columns):
            work[i, j] = double(g[i, j])
            total += work[i, j]
        sums[i] = sums[i] + real(p, total)
        for j in range(columns):
            p[i, j] -= real(p, learning_rate) * (g[i, j] + sums[i])


@kernel
def _by_total(p, g, total, learning_rate, step):
    """Step by the sign of the running sum of all gradients."""
    found = 0.0
    for i in range(g.size):
        found += double(g[i])
    total[0] = total[0] + real(p, found)
    for i in range(p.size):
        p[i] -= real(p, learning_rate) * (total[0] + g[i])


def _record(name, compute, over, **about):
    return Optimizer(
        name=name, summary="", formula="", source="", hyperparameters=(learning_rate(0.05), *COMMON),
        kernel=compute, over=over, **about,
    )  # fmt: skip


BY_ROW = _record(
    "by_row", _by_row_sums, "matrix", slot_names=("sums",), scratch=("work",),
    shaped={
        "sums": Shaped(lambda sizes: (sizes.rows,)),
        "work": Shaped(lambda sizes: (sizes.rows, sizes.columns), "double"),
    },
)  # fmt: skip
_TOTAL = {"total": Shaped(lambda sizes: (1,))}
BY_TENSOR = _record("by_tensor", _by_total, "tensor", slot_names=("total",), shaped=_TOTAL)
BY_ALL = _record("by_all", _by_total, "all", slot_names=("total",), shaped=_TOTAL)
SMALL_STEPS = {"learning_rate": 0.001}


def bound(record, companion=None):
    return BoundOptimizer(record, record.resolve({}), companion=companion)


def model_with(optimizer, dtype="float64"):
    model = nnkit.Sequential(
        [
            layers.Dense(7, activation="tanh"),
            layers.Dense(4, activation="tanh"),
            layers.BatchNormalization(),
            layers.Dense(3),
        ],
        input_shape=(5,), seed=3, dtype=dtype,
    )  # fmt: skip
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("companion", [None, "adam"])
@pytest.mark.parametrize("record", [BY_ROW, BY_TENSOR, BY_ALL], ids=lambda record: record.name)
def test_a_model_makes_the_steps_that_are_made_by_hand(record, companion):
    def made():
        return bound(record, None if companion is None else optimizers.get(companion))

    trained, by_hand, optimizer = model_with(made()), model_with("sgd"), made()
    values = {name: value.copy() for name, value in by_hand.parameters.items()}
    for _ in range(3):
        by_hand.set_parameters(values)
        _, gradients = by_hand.loss_and_gradients(X, Y)
        optimizer.apply(values, gradients)

    trained.fit(X, Y, batch_size=18, epochs=3, shuffle=False)

    for name, value in trained.parameters.items():
        np.testing.assert_allclose(value, values[name], rtol=1e-12, atol=1e-14, err_msg=name)


def test_matrices_are_moved_by_the_first_and_the_rest_by_its_companion():
    """The first alone moves nothing but kernels, the second nothing but the rest."""
    model = model_with(bound(BY_ROW, optimizers.get("sgd", learning_rate=1e-30)))
    before = {name: value.copy() for name, value in model.parameters.items()}

    model.fit(X, Y, batch_size=6, epochs=1)

    moved = {name for name, value in model.parameters.items() if np.abs(value - before[name]).max() > 1e-20}
    assert moved == {"dense_0/kernel", "dense_1/kernel", "dense_2/kernel"}


def test_the_first_and_last_matrix_can_be_left_to_the_companion():
    shapes = {"a/kernel": (5, 7), "a/bias": (7,), "b/kernel": (7, 4), "c/alpha": (2, 2), "d/kernel": (4, 3)}
    first, second = bound(BY_ROW, optimizers.get("adam")), bound(BY_ROW, optimizers.get("adam"))
    second.parameters["ends"] = False

    assert [names for _, names in first.members(shapes)] == [
        ["a/kernel", "b/kernel", "d/kernel"],
        ["a/bias", "c/alpha"],
    ]
    assert [names for _, names in second.members(shapes)] == [
        ["b/kernel"],
        ["a/kernel", "a/bias", "c/alpha", "d/kernel"],
    ]


def test_a_companion_s_rate_follows_the_schedule_of_the_first():
    """Both fall to a tenth after two steps."""
    schedule = nnkit.schedules.get("piecewise_constant", boundaries=(1,), values=(0.1, 0.01))
    pair = BoundOptimizer(
        BY_ROW,
        BY_ROW.resolve({"learning_rate": 0.1}),
        schedule,
        companion=optimizers.get("sgd", learning_rate=0.3),
    )
    values = {"w": np.zeros((2, 2)), "b": np.zeros(1)}
    path = []
    for _ in range(3):
        before = values["b"].copy()
        pair.apply(values, {"w": np.zeros((2, 2)), "b": np.ones(1)})
        path.append(float((before - values["b"])[0]))

    np.testing.assert_allclose(path, [0.3, 0.3, 0.03], rtol=1e-14)


@pytest.mark.parametrize("record", [BY_ROW, BY_ALL], ids=lambda record: record.name)
def test_training_that_is_saved_goes_on_to_the_same_bits(record, tmp_path, monkeypatch):
    registry = optimizers._registry
    monkeypatch.setattr(registry, "_parts", {**registry._parts, record.name: record})
    model, other = (model_with(optimizers.get(record.name), "float32") for _ in range(2))
    model.fit(X, Y, batch_size=6, epochs=4)

    other.fit(X, Y, batch_size=6, epochs=2)
    other.save(tmp_path / "half.npz")
    loaded = nnkit.load_model(tmp_path / "half.npz")
    loaded.fit(X, Y, batch_size=6, epochs=2)

    assert loaded.digest() == model.digest()
