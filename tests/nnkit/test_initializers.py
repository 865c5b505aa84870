"""Initializers: every name draws the distribution that Keras defines, whatever the shape."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

import nnkit
from nnkit import initializers
from nnkit.errors import InvalidArgument, UnknownName
from tests.reference import initializers as reference

DENSE, CONVOLUTION, GROUPED = (300, 200), (3, 3, 48, 64), (5, 2, 40, 96)
RANDOM = tuple(
    name
    for name in initializers.names()
    if initializers.record(name).distribution in ("uniform", "normal", "truncated_normal")
)

MATRICES = tuple(
    record.name for record in initializers.records() if record.distribution in ("orthogonal", "composed")
)


def looks_like(weights, expected):
    """True where moments, support and shape of the distribution are as ``expected``."""
    n = weights.size
    kurtosis = 3.0  # the normal's: the others' deviation is estimated better still
    return bool(
        abs(weights.mean() - expected.mean) < 4 * expected.stddev / math.sqrt(n)
        and abs(weights.std() / expected.stddev - 1) < 4 * math.sqrt((kurtosis - 1) / 4 / n)
        and weights.min() >= expected.minimum
        and weights.max() <= expected.maximum
        and stats.kstest(weights.ravel(), expected.cdf).pvalue > 1e-3
    )


@pytest.mark.parametrize("shape", [DENSE, CONVOLUTION, GROUPED], ids=str)
@pytest.mark.parametrize("name", RANDOM)
def test_weights_have_the_distribution_of_their_name(name, shape):
    """X6: limits and standard deviations of Glorot and He, dense and convolution, of the drawn weights."""
    weights = initializers.get(name)(shape, seed=1, dtype="float64")

    assert looks_like(weights, reference.expected(name, shape))


@pytest.mark.parametrize("name", RANDOM)
def test_the_distribution_test_rejects_a_wrong_twin(name):
    """Two per cent too wide, a third of a deviation off, or another form: each is seen."""
    weights = initializers.get(name)(DENSE, seed=1, dtype="float64")
    expected = reference.expected(name, DENSE)
    other = "random_normal" if expected.kind == "uniform" else "random_uniform"
    swapped = initializers.get(other)(DENSE, seed=1, dtype="float64")

    assert not looks_like(1.02 * weights, expected)
    assert not looks_like(weights + expected.stddev / 3, expected)
    assert not looks_like(swapped * expected.stddev / swapped.std(), expected)


def test_the_figures_of_glorot_and_he():
    """X6 in closed form: a = sqrt(6 / (fan_in + fan_out)), sigma = sqrt(2 / fan_in), field counted."""
    spread = {name: initializers.record(name).spread for name in initializers.names()}
    cut = initializers.TRUNCATED_STDDEV

    assert spread["glorot_uniform"]((100, 50), {}) == pytest.approx((-math.sqrt(6 / 150), math.sqrt(6 / 150)))
    assert spread["glorot_normal"]((100, 50), {})[1] * cut == pytest.approx(math.sqrt(2 / 150))
    assert spread["he_uniform"]((3, 3, 8, 16), {})[1] == pytest.approx(math.sqrt(6 / 72))
    assert spread["he_normal"]((3, 3, 8, 16), {})[1] * cut == pytest.approx(math.sqrt(2 / 72))


@pytest.mark.parametrize("shape", [(), (7,), (7, 5), (3, 7, 5), (3, 4, 7, 5)], ids=str)
def test_fans_count_the_receptive_field(shape):
    assert initializers.compute_fans(shape) == reference.compute_fans(shape)


@pytest.mark.parametrize("shape", [(), (3,), (0, 4), (2, 3), (1, 1), (3, 3, 2, 4)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", initializers.names())
def test_every_initializer_fills_every_shape(name, dtype, shape):
    """The right shape and type, no cell left out, the same for the same seed, float32 rounded float64."""
    initializer = initializers.get(name)
    if name in MATRICES and (len(shape) < 2 or 0 in shape):
        with pytest.raises(InvalidArgument, match="two axes"):
            initializer(shape)
        return
    weights = initializer(shape, seed=3, dtype=dtype)

    assert weights.shape == shape
    assert weights.dtype == dtype
    assert np.isfinite(weights).all()
    assert np.array_equal(weights, initializer(shape, seed=3, dtype="float64").astype(dtype))


@pytest.mark.parametrize("name", [*RANDOM, "orthogonal"])
def test_seeds_and_streams_draw_different_weights(name):
    initializer = initializers.get(name)
    draws = [initializer((20, 20), seed=seed, stream=stream) for seed in (0, 1, -1) for stream in (0, 1)]

    assert all(np.mean(a == b) < 0.01 for a, b in itertools.combinations(draws, 2))


def test_draws_of_one_seed_are_paired():
    """Two initialisations differ in scale, not in luck: He's uniform weights are Glorot's, times sqrt(2)."""
    he, glorot = (
        initializers.get(name)((64, 64), seed=5, dtype="float64") for name in ("he_uniform", "glorot_uniform")
    )
    normal = initializers.get("random_normal")((64, 64), seed=5, dtype="float64")

    np.testing.assert_allclose(he, math.sqrt(2) * glorot, rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(stats.norm.cdf(normal / 0.05), (glorot / glorot.max() + 1) / 2, atol=1e-3)


@pytest.mark.parametrize("shape", [(20, 30), (30, 20), (3, 3, 4, 8), (2, 2, 2, 30)], ids=str)
def test_orthogonal_kernels_are_orthogonal_as_matrices(shape):
    """All axes but the last, by the last; Keras's."""
    weights = initializers.get("orthogonal", gain=2.0)(shape, dtype="float64")

    assert reference.orthogonality_error(weights, gain=2.0) < 4e-13


@pytest.mark.parametrize("name", initializers.names())
def test_every_initializer_has_a_closed_form_that_twice_the_weights_miss(name):
    forms = initializers.record(name).closed_forms

    assert forms
    for form in forms:
        made = initializers.get(name, **form.options)
        expected = np.asarray(form.expected, np.float64)
        bound = form.tolerance * np.abs(expected).max()
        assert np.abs(form.measure(made) - expected).max() <= bound
        twice = form.measure(lambda *shape, made=made, **dtype: 2.0 * made(*shape, **dtype))
        assert name in ("zeros", "sparse") or np.abs(twice - expected).max() > bound


@pytest.mark.parametrize("name", [name for name in MATRICES if name != "orthogonal"])
def test_what_lies_outside_of_the_centre_is_zero(name):
    """Without a field the centre is all; the two that fill their field leave no unit without weights."""
    dense = initializers.get(name)((6, 6), seed=2, dtype="float64")
    kernel = initializers.get(name)((3, 3, 6, 6), seed=2, dtype="float64")

    if name in ("sparse", "nguyen_widrow"):
        assert (kernel != 0).any(axis=(0, 1, 2)).all()
        return
    assert np.array_equal(kernel[1, 1], dense)
    assert np.count_nonzero(kernel) == np.count_nonzero(dense)


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_pytorch_s_default_draws_biases_by_the_fan_of_their_kernel(kind):
    made = {
        "dense": (nnkit.layers.Dense(8, kernel_initializer="torch_default"), (180,)),
        "convolution": (nnkit.layers.Conv2D(8, 3, kernel_initializer="torch_default"), (6, 6, 20)),
    }
    layer, shape = made[kind]
    biases = [
        value
        for seed in range(40)
        for name, value in nnkit.Sequential([layer], input_shape=shape, seed=seed).parameters.items()
        if name.endswith("bias")
    ]

    assert looks_like(np.concatenate(biases), reference.torch_default((180, 8)))


def test_values_that_do_not_depend_on_chance():
    assert np.array_equal(initializers.get("zeros")((2, 3)), np.zeros((2, 3)))
    assert np.array_equal(initializers.get("ones")((2, 3)), np.ones((2, 3)))
    assert np.array_equal(initializers.get("constant", value=0.25)((2, 3)), np.full((2, 3), 0.25))


@pytest.mark.parametrize(
    ("alias", "name"),
    [("kaiming_normal", "he_normal"), ("kaiming_uniform", "he_uniform"), ("xavier_normal", "glorot_normal"),
     ("xavier_uniform", "glorot_uniform"), ("uniform", "random_uniform"), ("normal", "random_normal")],
)  # fmt: skip
def test_pytorch_s_names_are_accepted(alias, name):
    assert initializers.get(alias).name == name


def test_mistakes_are_named():
    draw = initializers.get("he_normal")

    with pytest.raises(UnknownName, match="Did you mean 'he_normal'"):
        initializers.get("he_norma")
    with pytest.raises(InvalidArgument, match=r"stddev must be at least 0, found -1"):
        initializers.get("random_normal", stddev=-1.0)
    with pytest.raises(InvalidArgument, match="minval must be at most maxval"):
        initializers.get("random_uniform", minval=1.0)((2, 2))
    with pytest.raises(InvalidArgument, match="64 bits"):
        draw((2, 2), seed=2**63)
    with pytest.raises(InvalidArgument, match="stream"):
        draw((2, 2), stream=-1)
    with pytest.raises(InvalidArgument, match="'float16'"):
        draw((2, 2), dtype="float16")
