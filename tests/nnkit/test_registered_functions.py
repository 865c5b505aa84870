"""Schedules and initializers from outside: one Python function each, tried out before it is taken."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nnkit
from nnkit import initializers, schedules
from nnkit.errors import InvalidArgument
from nnkit.registry import Registry
from tests.nnkit.small_models import blobs, build


@pytest.fixture(autouse=True)
def own_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the plug-ins of a test out of the other tests."""
    for module, kind in ((schedules, "schedule"), (initializers, "initializer")):
        own: Registry[Any] = Registry(kind)
        for record in module.records():
            own.add(record)
        monkeypatch.setattr(module, "_registry", own)


def falling(step: int, n_steps: int, learning_rate: float, floor: float = 0.1) -> float:
    """Falls in a line, but not below a floor."""
    return max(floor, learning_rate * (1 - step / n_steps))


def scaled(shape: Any, rng: Any, gain: float = 1.0) -> Any:
    return gain * rng.standard_normal(shape) / math.sqrt(shape[0])


def test_a_schedule_gets_the_step_the_length_of_the_run_and_the_learning_rate() -> None:
    """By hand: 0.4, 0.3, 0.2, and the floor, which is a rate and no share of one."""
    schedules.register("mine", falling, floor=0.15)

    np.testing.assert_allclose(schedules.get("mine").relative(0.4, 4), [0.4, 0.3, 0.2, 0.15], rtol=1e-15)
    absolute = schedules.get("mine", initial_learning_rate=0.4, floor=0.25).table(4)
    np.testing.assert_allclose(absolute, [0.4, 0.3, 0.25, 0.25], rtol=1e-15)


def test_a_schedule_from_outside_can_be_warmed_up() -> None:
    """Two updates rise to its first rate; then it counts from 0, in a run of two fewer."""
    seen: list[tuple[int, int]] = []

    def watched(step: int, n_steps: int, learning_rate: float) -> float:
        seen.append((step, n_steps))
        return learning_rate / (1 + step)

    schedules.register("mine", watched)
    seen.clear()

    np.testing.assert_allclose(
        schedules.get("mine", warmup_steps=2).relative(0.6, 5), [0, 0.3, 0.6, 0.3, 0.2], rtol=1e-15
    )
    assert set(seen) == {(0, 3), (1, 3), (2, 3)}


def test_a_built_in_schedule_written_as_a_function_is_the_same_training() -> None:
    """The inverse time decay: the same losses, step by step, to the rounding of one division."""
    schedules.register("mine", lambda step, n_steps, rate, k=9.0: rate / (1 + k * step / n_steps))
    (_, mine), (_, built_in) = (
        fit(optimizer=nnkit.optimizers.SGD(schedules.get(name, initial_learning_rate=0.3)))
        for name in ("mine", "inverse_time_decay")
    )

    np.testing.assert_allclose(mine.step_loss, built_in.step_loss, rtol=1e-5)
    assert mine.step_loss[-1] < mine.step_loss[0]


def test_what_a_function_takes_further_are_its_hyper_parameters() -> None:
    """With the function's defaults, or the keywords' at registration; the docstring is the summary."""
    schedules.register("mine", falling, floor=0.2)
    initializers.register("mine", scaled, formula="w ~ N(0, gain / fan_in)", source="by hand")
    schedule, initializer = schedules.record("mine"), initializers.record("mine")

    assert (schedule.hyperparameters[0].name, schedule.hyperparameters[0].default) == ("floor", 0.2)
    assert schedule.summary == "Falls in a line, but not below a floor."
    assert [(hyper.name, hyper.default) for hyper in initializer.hyperparameters] == [("gain", 1.0)]
    assert (initializer.formula, initializer.source) == ("w ~ N(0, gain / fan_in)", "by hand")


@pytest.mark.parametrize(
    ("function", "given", "words"),
    [
        (lambda step: 0.1, {}, "the function must take (step, n_steps, learning_rate)"),
        (lambda step, n, rate, beta: rate, {}, "have a default for everything else: missing .* 'beta'"),
        (lambda step, n, rate: rate, {"beta": 1.0}, "got an unexpected keyword argument 'beta'"),
        (lambda step, n, rate, mode="a": rate, {}, "mode must be a number, true, false or none, found 'a'"),
        (lambda step, n, rate, warmup_steps=1: rate, {}, "warmup_steps belongs to every schedule"),
        (lambda step, n, rate: None, {}, "the rate at step 0 must be a number, found None"),
        (lambda step, n, rate: -rate if step == 7 else rate, {}, "the rate at step 7 is -0.1; every rate"),
        (lambda step, n, rate: math.nan, {}, "the rate at step 0 is nan"),
        (0.1, {}, "expected a Python function of .* found 0.1"),
    ],
    ids=["arguments", "default", "keyword", "text", "common", "none", "negative", "nan", "number"],
)
def test_a_schedule_that_cannot_be_used_is_refused(
    function: Callable[..., Any], given: Any, words: str
) -> None:
    with pytest.raises(InvalidArgument, match=words.replace("(", r"\(").replace(")", r"\)")):
        schedules.register("mine", function, **given)
    assert "mine" not in schedules.names()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda shape: np.zeros(shape), "the function must take .shape, rng"),
        (lambda shape, rng: rng.normal(size=shape[::-1]), r"an array of shape \(5, 3\), found \(3, 5\)"),
        (lambda shape, rng: rng.normal(), "an array of numbers, found -?[0-9.]+"),
        (lambda shape, rng: np.full(shape, "a"), "an array of numbers, found an array of <U1"),
        (lambda shape, rng: np.full(shape, 1j), "an array of numbers, found an array of complex128"),
        (lambda shape, rng: np.full(shape, np.nan), "every weight must be finite in float32, found nan"),
        (lambda shape, rng: np.full(shape, 1e39), "every weight must be finite in float32, found inf"),
        (lambda shape, rng: np.random.default_rng().normal(size=shape), "Draw from the rng it is given"),
    ],
    ids=["arguments", "shape", "scalar", "text", "complex", "nan", "too large", "other generator"],
)
def test_an_initializer_that_cannot_be_used_is_refused(function: Callable[..., Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        initializers.register("mine", function)
    assert "mine" not in initializers.names()


def test_names_that_are_taken_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="initializer 'he_normal' exists already"):
        initializers.register("he_normal", scaled)
    with pytest.raises(InvalidArgument, match="schedule 'cosine' exists already"):
        schedules.register("cosine", falling)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_starts_with_what_its_initializer_draws(dtype: str) -> None:
    """Kernel 0 and kernel 2 of the model, each from the generator of the trial's seed and its own place."""
    initializers.register("mine", scaled)
    model, _ = fit(optimizer="sgd(learning_rate=1e-30)", dtype=dtype, initializer="mine(gain=2)")

    kernels = [value for name, value in model.parameters.items() if name.endswith("kernel")]
    for place, kernel in zip((0, 2), kernels, strict=True):
        rng = np.random.Generator(np.random.PCG64([3, place]))
        np.testing.assert_array_equal(kernel, scaled(kernel.shape, rng, gain=2.0).astype(dtype))
    assert not np.array_equal(kernels[0][:3, :3], kernels[1][:3, :3])


def test_the_same_distribution_from_outside_trains_as_well_as_the_built_in_one() -> None:
    """LeCun's normal as a function, over 20 seeds: the mean final losses agree within their errors."""
    initializers.register("mine", scaled)
    losses = {
        name: np.array([fit(seed=seed, initializer=name)[1].history["loss"][0] for seed in range(20)])
        for name in ("mine", "lecun_normal")
    }
    a, b = losses["mine"], losses["lecun_normal"]

    assert abs(a.mean() - b.mean()) < 4 * math.hypot(a.std(), b.std()) / math.sqrt(20)
    assert not np.array_equal(a, b)


def test_a_seed_is_a_draw_whatever_was_drawn_before() -> None:
    """Two models of one seed are equal, of another are not, and global random numbers are not touched."""
    initializers.register("mine", scaled)
    before = np.random.get_state()[1].tolist()  # type: ignore[index]
    first, again, other = (fit(seed=seed, initializer="mine")[0].digest() for seed in (3, 3, 4))

    assert first == again != other
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index]


def test_a_shape_that_an_initializer_cannot_draw_is_named() -> None:
    """It is tried on a matrix alone; the kernel of a convolution shows what it cannot do."""
    initializers.register("mine", lambda shape, rng: rng.standard_normal(shape[:2]))

    stack = [nnkit.layers.Conv2D(2, 3, kernel_initializer="mine"), nnkit.layers.Flatten()]
    model = nnkit.Sequential(stack, input_shape=(8, 8, 1))

    with pytest.raises(InvalidArgument, match=r"initializer 'mine': .* shape \(3, 3, 1, 2\), found \(3, 3\)"):
        model.predict(np.zeros((1, 8, 8, 1)))


def fit(
    *, initializer: str = "glorot_uniform", optimizer: Any = "sgd", seed: int = 3, dtype: str = "float32"
) -> tuple[nnkit.Sequential, nnkit.History]:
    x, y = blobs()
    stack = [
        nnkit.layers.Dense(8, activation="tanh", kernel_initializer=initializer),
        nnkit.layers.Dense(3, kernel_initializer=initializer),
    ]
    model = build(stack, (4,), optimizer=optimizer, seed=seed, dtype=dtype)
    return model, model.fit(x, y, epochs=3)
