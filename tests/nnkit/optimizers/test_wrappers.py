"""Wrappers: each against its formula, around every optimizer, by hand and in a model, to the same bits."""

import inspect
import math
import textwrap
from dataclasses import replace

import numpy as np
import pytest

import nnkit
from nnkit import layers, optimizers
from nnkit.errors import InvalidArgument, NnkitError
from nnkit.jit import kernel
from nnkit.optimizers import wrappers
from nnkit.optimizers.bound import BoundWrapper
from tests.reference import optimizers as reference
from tests.reference.optimizers import wrappers as textbook

STEPS, RATE, SHAPE = 100, 0.02, (5, 7)
X = np.linspace(-1.0, 1.0, 18 * 5).reshape(18, 5)
Y = np.arange(18) % 3
FORMS = [
    pytest.param(record, form, id=f"{record.name}-{place}")
    for record in wrappers.records()
    for place, form in enumerate(record.closed_forms)
]
# wrapper, kernel, and what is replaced by what in its source: each a mistake that somebody could make
TWINS = [
    ("grokfast", "before", "real(g, 1.0 - alpha)", "real(g, 1.0)"),
    ("grokfast", "before", "fma(keep, mean[i], take", "fma(take, mean[i], keep"),
    ("centralize", "before", "sums[j] / rows", "sums[j] / columns"),
    ("orthograd", "before", "sqrt(before) / (sqrt(left) + 1e-30)", "1.0"),
    ("agc", "before", "at = 0 if rows == 1 else j", "at = 0"),
    ("agc", "before", "max(sqrt(weights[j]), least)", "sqrt(weights[j])"),
    ("clip", "before", "lanes, limit)", "lanes, 1.0)"),
    ("mars_correction", "before", "g[i] - last[i]", "last[i] - g[i]"),
    ("mars_correction", "before", "if square > 1.0:", "if square > 1e30:"),
    ("cautious", "after", "n_kept / p.size", "1.0"),
    ("cautious", "after", "= (moved < zero and g[i] > zero)", "= (moved < zero and g[i] < zero)"),
    ("cautious_decay", "after", "if shrinks:", "if not shrinks:"),
    ("cautious_decay", "after", "real(p, learning_rate * weight_decay)", "real(p, weight_decay)"),
    ("lookahead", "after", "step % int(k) == 0", "step % int(k) == 1"),
    ("lookahead", "after", "slow[i] = start[i]", "slow[i] = p[i]"),
    ("sam", "away", "real(p, rho /", "real(p, -rho /"),
    ("sam", "away", "rho / (global_norm(g, lanes) + 1e-12)", "rho"),
    ("ema", "after", "average[i] = start[i] if", "average[i] = p[i] if"),
    ("ema", "after", "real(p, decay), real(p, 1.0 - decay)", "real(p, 1.0 - decay), real(p, decay)"),
    ("tail", "after", "first_of_tail(", "1 + first_of_tail("),
    ("polyak", "after", "step, 0)", "step + 1, 0)"),
]  # fmt: skip


def name_update(params, grads, state, step, learning_rate):
    """A step in plain NumPy."""
    for name in params:
        params[name] -= learning_rate * grads[name]


@pytest.fixture(scope="module", autouse=True)
def in_numpy():
    registry = optimizers._registry
    before = dict(registry._parts)
    optimizers.register_numpy("in_numpy", name_update, learning_rate=0.01)
    yield
    registry._parts = before


@pytest.mark.parametrize(("record", "form"), FORMS)
def test_every_closed_form_holds(record, form):
    found = form.distance(wrappers.get(record.name, **form.options), record.resolve(form.options))

    assert found <= form.tolerance


def test_every_wrapper_says_all_of_itself():
    for record in wrappers.records():
        assert all((record.formula, record.source, record.summary, record.closed_forms)), record.name


@pytest.mark.parametrize(("name", "stage", "right", "wrong"), TWINS)
def test_a_wrong_twin_misses_a_closed_form(name, stage, right, wrong, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    record = wrappers.record(name)
    function = getattr(record, stage).function
    source = textwrap.dedent(inspect.getsource(function)).removeprefix("@kernel\n")
    assert right in source, "the twin must differ"
    scope = dict(function.__globals__)
    exec(source.replace(right, wrong, 1), scope)
    twin = replace(record, **{stage: kernel(scope[function.__name__])})

    with np.errstate(all="ignore"):
        misses = [
            not form.distance(BoundWrapper(twin, twin.resolve(form.options)), twin.resolve(form.options))
            < 1e-6
            for form in record.closed_forms
        ]

    assert any(misses)


def test_every_wrapper_has_a_wrong_twin():
    assert {name for name, *_ in TWINS} == set(wrappers.names())


@pytest.mark.parametrize("inner", ["sgd", "adam"])
@pytest.mark.parametrize(
    "name", [name for name in wrappers.names() if hasattr(textbook, name)]
)  # fmt: skip
def test_a_hundred_steps_are_the_textbook_s(name, inner):
    """float64: 1e-12 of the way moved."""
    random = np.random.default_rng(7)
    optimizer = optimizers.wrap(optimizers.get(inner, learning_rate=RATE), name)
    update, state = getattr(textbook, name)(getattr(reference, inner)), {}
    start = np.linspace(-1, 1, math.prod(SHAPE)).reshape(SHAPE)
    found, wanted = start.copy(), start.copy()
    for _ in range(STEPS):
        g = random.normal(size=SHAPE) + 0.3
        optimizer.apply({"w": found}, {"w": g})
        wanted, state = update(wanted, g, state, RATE)

    assert np.abs(found - wanted).max() < 1e-12 * np.abs(wanted - start).max()


NEUTRAL = [(record.name, dict([record.neutral])) for record in wrappers.records() if record.neutral]


@pytest.mark.parametrize(("name", "options"), NEUTRAL)
def test_a_neutral_wrapper_leaves_every_bit_as_it_is(name, options):
    """float32, ten steps of Adam."""
    random = np.random.default_rng(3)
    bare = optimizers.get("adam")
    wrapped = optimizers.wrap("adam", name, **options)
    one, other = ({"w": np.linspace(-1, 1, 12, dtype="float32")} for _ in range(2))
    for _ in range(10):
        g = random.normal(size=12).astype("float32")
        bare.apply(one, {"w": g})
        wrapped.apply(other, lambda at, g=g: {"w": g})

    assert np.array_equal(one["w"], other["w"])
    assert np.array_equal(one["w"], wrapped.view(other)["w"])


def model_with(optimizer, dtype="float64"):
    model = nnkit.Sequential(
        [layers.Dense(7, activation="tanh"), layers.BatchNormalization(), layers.Dense(3)],
        input_shape=(5,), seed=3, dtype=dtype,
    )  # fmt: skip
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


EVERYWHERE = [
    "cautious(adamw)", "sam(momentum)", "cautious(momentum)+adam",
    "ema(lookahead(momentum+adam, k=2), decay=0.5)", "agc(centralize(sgd))",
    "orthograd(grokfast(in_numpy))", "lookahead(in_numpy, k=2)+sgd",
]  # fmt: skip


@pytest.mark.parametrize("spelling", EVERYWHERE)
def test_a_model_makes_the_steps_that_are_made_by_hand(spelling):
    """And shows the same view: to the bit, in three steps."""
    model, by_hand, optimizer = model_with(spelling), model_with("sgd"), optimizers.get(spelling)
    values = {name: value.copy() for name, value in by_hand.parameters.items()}

    def gradients(at):
        by_hand.set_parameters(at)
        return by_hand.loss_and_gradients(X, Y)[1]

    for _ in range(3):
        optimizer.apply(values, gradients)
    model.fit(X, Y, batch_size=18, epochs=3, shuffle=False)

    for name, value in optimizer.view(values).items():
        assert np.array_equal(model.parameters[name], value), name


def test_sam_records_the_loss_and_the_statistics_of_its_first_gradient():
    """The moving statistics after one step are those of plain gradient descent."""
    sharp, plain = model_with("sam(sgd, rho=0.5)"), model_with("sgd")
    losses = [model.fit(X, Y, batch_size=18, epochs=1).step_loss for model in (sharp, plain)]

    assert np.array_equal(*losses)
    for name, state in plain.states.items():
        assert np.array_equal(sharp.states[name], state), name
    assert not np.array_equal(sharp.parameters["dense_0/kernel"], plain.parameters["dense_0/kernel"])


def test_an_average_is_what_is_evaluated_and_kept_and_training_goes_on_from_its_own_weights():
    """Two fits of two epochs are one of four, and losses of steps are those without an average."""
    averaged, again, bare = model_with("ema(adam)"), model_with("ema(adam)"), model_with("adam")
    run = {"batch_size": 6, "shuffle": False}
    once = averaged.fit(X, Y, epochs=4, validation_data=(X, Y), **run)
    plain = bare.fit(X, Y, epochs=4, **run)
    again.fit(X, Y, epochs=2, **run)
    again.fit(X, Y, epochs=2, **run)

    assert np.array_equal(once.step_loss, plain.step_loss)
    assert averaged.digest() == again.digest() != bare.digest()
    assert once.history["val_loss"][-1] == averaged.evaluate(X, Y)["loss"]


def test_batch_statistics_of_a_view_are_those_of_the_training_data():
    """With one batch: the mean and the variance of what comes out of the first layer at the shown weights."""
    model = model_with("polyak(sgd)")
    model.fit(X, Y, batch_size=18, epochs=3)
    values = np.tanh(X @ model.parameters["dense_0/kernel"] + model.parameters["dense_0/bias"])

    mean, variance = model.states.values()
    np.testing.assert_allclose(mean, values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(variance, values.var(axis=0), rtol=1e-12)


@pytest.mark.parametrize("spelling", ["ema(cautious(adamw))", "lookahead(sgd, k=3)"])
def test_training_that_is_saved_goes_on_to_the_same_bits(spelling, tmp_path):
    model, other = (model_with(spelling, "float32") for _ in range(2))
    model.fit(X, Y, batch_size=6, epochs=4)
    other.fit(X, Y, batch_size=6, epochs=2)
    other.save(tmp_path / "half.npz")
    loaded = nnkit.load_model(tmp_path / "half.npz")
    loaded.fit(X, Y, batch_size=6, epochs=2)

    assert loaded.digest() == model.digest()


def test_weights_that_are_set_between_two_fits_are_trained_on():
    """Not those that the average kept aside."""
    model, fresh = model_with("polyak(sgd)"), model_with("sgd")
    model.fit(X, Y, batch_size=18, epochs=2)
    start = {name: np.full_like(value, 0.1) for name, value in model.parameters.items()}
    for one in (model, fresh):
        one.set_parameters(start)
    losses = [one.fit(X, Y, batch_size=18, epochs=1).step_loss[0] for one in (model, fresh)]

    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    ("spelling", "words"),
    [
        ("cautius(adam)", "Did you mean 'cautious'"),
        ("adam(beta_1)", "write key=value in place of 'beta_1'"),
        ("cautious", "it is a wrapper. Write cautious(adam)"),
        ("adam+sgd+lion", "at most two"),
        ("adam+", "no optimizer on one side"),
        ("cautious(adam", "parentheses do not match"),
        ("cautious(adam, sgd)", "around one optimizer"),
        ("lookahead(sgd, k=0)", "k must be at least 1"),
        ("sam(adamm)", "Did you mean 'adam'"),
    ],
)
def test_a_wrong_spelling_is_one_line_with_a_remedy(spelling, words):
    with pytest.raises(NnkitError) as caught:
        optimizers.get(spelling)

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_needs_a_model_says_so_by_hand():
    at = {"w": np.ones(2)}
    with pytest.raises(InvalidArgument, match="give apply"):
        optimizers.get("sam(sgd)").apply(at, at)
    with pytest.raises(InvalidArgument, match="from_step"):
        optimizers.get("tail(sgd)").apply(at, at)


@pytest.mark.parametrize("spelling", ["adamw", "lion", "sgd", "lamb", "cautious(adamw)"])
def test_what_is_excluded_is_not_decayed_and_all_else_is_as_before(spelling):
    """By hand and in a model: biases as without decay, kernels as with it."""
    options = {"learning_rate": 0.01, "weight_decay": 0.5}
    rng = np.random.default_rng(0)
    shapes = {"a/kernel": (3, 2), "a/bias": (2,), "a/gamma": (2,)}
    start = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    slopes = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    found = {}
    for key, changed in {
        "some": {"exclude": ("bias", "gamma")}, "all": {}, "none": {"weight_decay": 0.0},
    }.items():  # fmt: skip
        found[key] = {name: value.copy() for name, value in start.items()}
        optimizers.get(spelling, **{**options, **changed}).apply(found[key], slopes)

    np.testing.assert_allclose(found["some"]["a/kernel"], found["all"]["a/kernel"], rtol=1e-14)
    assert not np.allclose(found["all"]["a/bias"], found["none"]["a/bias"])
    for name in ("a/bias", "a/gamma"):
        np.testing.assert_allclose(found["some"][name], found["none"][name], rtol=1e-14)


def test_a_model_leaves_out_of_the_decay_what_is_excluded():
    spelling = "adamw(weight_decay=0.5, exclude=bias|normalization)"
    model, by_hand, optimizer = model_with(spelling), model_with("sgd"), optimizers.get(spelling)
    values = {name: value.copy() for name, value in by_hand.parameters.items()}
    for _ in range(2):
        by_hand.set_parameters(values)
        optimizer.apply(values, by_hand.loss_and_gradients(X, Y)[1])
    model.fit(X, Y, batch_size=18, epochs=2, shuffle=False)

    for name, value in values.items():
        assert np.array_equal(model.parameters[name], value), name


@pytest.mark.parametrize("words", ["", (), "bias||gamma", 3, ("bias", 1), "a b"])
def test_a_wrong_list_of_names_is_refused(words):
    with pytest.raises(InvalidArgument, match=r"Try 'bias\|gamma\|beta'"):
        optimizers.get("adamw", exclude=words)


def test_what_decays_all_at_once_can_leave_nothing_out():
    with pytest.raises(InvalidArgument, match="take adamw"):
        optimizers.get("prodigy", exclude="bias")
