"""Optimizers over tensors, matrices and everything at once, against the textbook and their closed forms."""

import inspect
import math
import textwrap

import numpy as np
import pytest

import nnkit
from nnkit import layers, optimizers, schedules
from nnkit.kernels.algebra.symmetric import decompose
from nnkit.optimizers.optimizer import COMMON
from tests.reference import matrix_optimizers as reference
from tests.reference.schedules import exponential_decay

RECORDS = [
    record for record in optimizers.records() if not record.is_elementwise and record.kernel is not None
]
NAMES = [record.name for record in RECORDS]
RATE = {"initial_learning_rate": 0.02, "decay_steps": 30, "decay_rate": 0.5}
STEPS = 40
MATRICES = {"wide": (3, 7), "tall": (9, 4), "image": (2, 3, 2, 5)}
# Besides its defaults, the options of each that its reference knows.
CASES = [(name, {}) for name in NAMES] + [
    ("lamb", {"weight_decay": 0.1}),
    ("lars", {"weight_decay": 0.1, "nesterov": True}),
    ("novograd", {"weight_decay": 0.1, "averaging": True}),
    ("stableadamw", {"weight_decay": 0.1, "epsilon": 0.01}),
    ("adafactor", {"clip": 0.5, "beta_2_decay": -0.5}),
    ("sm3", {"momentum": 0.0}),
    (
        "prodigy",
        {
            "growth_rate": 1.02,
            "safeguard_warmup": True,
            "weight_decay": 0.1,
            "beta_3": 0.9,
            "first_distance": 0.1,
        },
    ),
    ("prodigy", {"bias_correction": True, "coefficient": 2.0, "first_distance": 0.01}),
    (
        "dadapt_adam",
        {"growth_rate": 1.02, "weight_decay": 0.1, "bias_correction": True, "first_distance": 0.1},
    ),
    ("dog", {"start_share": 0.1, "epsilon": 0.1}),
    ("shampoo", {"interval": 3, "beta_2": 0.9, "grafting": "adagrad"}),
    ("shampoo", {"one_sided": True, "grafting": "sgd", "epsilon": 0.01}),
    ("soap", {"interval": 1, "side_share": 0.8, "epsilon": 0.01}),
    ("splus", {"interval": 5, "beta_2": 0.9}),
    ("scion", {"norm": "sign", "constrained": True, "radius": 3.0}),
    ("scion", {"norm": "column", "momentum": 0.5}),
    ("adamuon", {"of_signs": False, "nesterov": False}),
    ("lbfgs", {"history": 2}),
    ("schedule_free_sgd", {"beta": 0.5, "weight_decay": 0.1}),
    ("schedule_free_adamw", {"beta_1": 0.5, "weight_decay": 0.1, "epsilon": 0.01}),
    ("muon", {"scale": "spectral", "coefficients": "dion", "nesterov": False}),
    ("muon", {"scale": "match_rms", "coefficients": "cubic", "iterations": 8, "momentum": 0.5}),
]


# And without each of their components.
CASES += [
    (record.name, {hyper.name: hyper.component.off})
    for record in RECORDS
    for hyper in record.hyperparameters
    if hyper.component and hyper not in COMMON and hyper.default != hyper.component.off
]


def own(optimizer):
    """Return the hyper-parameters that the textbook knows too."""
    outside = {"learning_rate", "companion_learning_rate", "ends", *(hyper.name for hyper in COMMON)}
    declared = {hyper.name for hyper in optimizer.record.hyperparameters if hyper not in COMMON}
    return {key: optimizer.parameters[key] for key in declared if key not in outside or key == "weight_decay"}


class Textbook:
    """A function of the reference with the methods of an optimizer of nnkit."""

    def __init__(self, update, optimizer):
        self.update, self.over, self.options = update, optimizer.record.over, own(optimizer)
        self.rate, self.states = optimizer.parameters["learning_rate"], {}

    def apply(self, parameters, gradients, rate=None):
        if self.over == "all":
            whole, slopes = (
                np.concatenate([one.ravel() for one in given.values()]) for given in (parameters, gradients)
            )
            pieces = {"": whole}
            self.move(pieces, {"": slopes}, rate)
            ends = np.cumsum([one.size for one in parameters.values()])[:-1]
            for array, piece in zip(parameters.values(), np.split(pieces[""], ends), strict=True):
                array[...] = piece.reshape(array.shape)
        else:
            self.move(parameters, gradients, rate)

    def view(self, parameters):
        """Return what is evaluated: the x that a schedule-free optimizer keeps."""
        ((name, array),) = parameters.items()
        return {name: self.states[""]["x"].reshape(array.shape)}

    def move(self, parameters, gradients, rate):
        for name, array in parameters.items():
            given = self.rate if rate is None else rate
            state = self.states.get(name, {})
            array[...], self.states[name] = self.update(
                array.copy(), gradients[name], state, given, **self.options
            )


def parameters_for(record):
    """Return parameters that this optimizer moves itself."""
    shapes = dict(MATRICES)
    if "left_basis" in record.slot_names:
        # Where a first gradient has fewer rows than columns, some of its eigenvectors are anyone's choice.
        shapes = {"wide": (5, 5), "image": (1, 2, 3, 6)}
    if record.companion is None:
        shapes["vector"] = (6,)
    return {name: np.linspace(-1, 1, math.prod(shape)).reshape(shape) for name, shape in shapes.items()}


def gradients_for(parameters, step):
    random = np.random.default_rng(step)
    return {name: random.normal(size=array.shape) + 0.3 for name, array in parameters.items()}


def deviation(found, wanted, start):
    """Return the largest deviation, as a share of how far the parameters moved."""
    return max(
        float(np.max(np.abs(found[name] - wanted[name])) / np.max(np.abs(wanted[name] - start[name])))
        for name in wanted
    )


@pytest.mark.parametrize(("name", "options"), CASES)
def test_many_steps_are_the_textbook_s(name, options):
    """float64, a falling rate, three matrices and a vector: 1e-12 of the way moved."""
    schedule = schedules.get("exponential_decay", **RATE)
    optimizer = optimizers.get(name, learning_rate=schedule, **options)
    textbook = Textbook(getattr(reference, name), optimizer)
    start = parameters_for(optimizer.record)
    found, wanted = ({key: array.copy() for key, array in start.items()} for _ in range(2))
    for step in range(STEPS):
        gradients = gradients_for(start, step)
        optimizer.apply(found, gradients)
        textbook.apply(wanted, gradients, exponential_decay(step, **RATE))

    assert deviation(found, wanted, start) < 1e-12


def miss(form, optimizer, measured):
    """Return by what a measured optimizer misses a closed form, as a share of the tolerance."""
    wanted = form.expected(optimizer.parameters) if callable(form.expected) else form.expected
    found, wanted = np.asarray(form.measure(measured)), np.asarray(wanted)
    assert found.shape == wanted.shape, form.claim
    return float(np.max(np.abs(found - wanted)) / np.max(np.abs(wanted)) / form.tolerance)


@pytest.mark.parametrize("record", RECORDS, ids=NAMES)
def test_its_closed_forms_hold(record):
    """Of nnkit's kernel, and of the textbook's function."""
    assert record.closed_forms
    for form in record.closed_forms:
        optimizer = optimizers.get(record.name, **form.options)

        assert miss(form, optimizer, optimizer) <= 1.0, form.claim
        assert miss(form, optimizer, Textbook(getattr(reference, record.name), optimizer)) <= 1.0, form.claim


# One wrong change of the textbook for each, or more where a fault is known to have shipped.
TWINS = [
    ("mars", "c / max(1.0, float(np.linalg.norm(c)))", "c"),
    ("mars", "gamma * beta_1 / (1 - beta_1)", "gamma"),
    ("lamb", "np.linalg.norm(w) / np.linalg.norm(r)", "np.linalg.norm(w) / np.linalg.norm(m)"),
    ("lamb", "(m / (1 - beta_1**t))", "m * np.sign(trust := 1.0)"),
    ("lars", "np.linalg.norm(g) + weight_decay", "np.linalg.norm(g)**2 + weight_decay"),
    ("lars", "0.0) + push", "0.0) + (1 - momentum) * push"),
    ("novograd", "np.sum(g**2)", "np.mean(g**2)"),
    ("novograd", "if state else square", "if state else (1 - beta_2) * square"),
    ("stableadamw", "** (t - 1)", "** t"),
    ("stableadamw", "max(1.0, rms)", "max(1.0, rms**2)"),
    ("adafactor", "max(rows.mean(), tiny)", "max(rows.sum(), tiny)"),
    ("adafactor", "1 - t**beta_2_decay", "1 - (t + 1)**beta_2_decay"),
    ("sm3", "np.minimum", "np.maximum"),
    ("sm3", "found.max(axis=0)", "found.min(axis=0)"),
    ("dog", "np.sqrt(squares + epsilon)", "(squares + epsilon)"),
    ("dog", "(1 + np.linalg.norm(w))", "np.linalg.norm(w - start + 1e-9)"),
    ("dowg", "reach**2 * np.sum(g**2)", "np.sum(g**2)"),
    ("prodigy", "np.sqrt(beta_2) if beta_3", "beta_2 if beta_3"),
    ("prodigy", "d**2 * (1 - beta_2)", "d * (1 - beta_2)"),
    ("prodigy", "if bias_correction else 1.0", "if True else 1.0"),
    ("dadapt_adam", "keep = state.get(\"t\", 0) + 1, state.get(\"d\", first_distance), np.sqrt(beta_2)",
     "keep = state.get(\"t\", 0) + 1, state.get(\"d\", first_distance), beta_2"),
    ("dadapt_adam", "(1 - beta_1) * rate * g", "(1 - beta_1) * d * 0.1 * g"),
    ("muonh", "* radius / np", "/ np"),
    ("adamh", "w = w * radius / np.linalg.norm(w)", "w = w / 1.0"),
    ("lbfgs", "turn @ inverse @ turn.T", "inverse"),
    ("lbfgs", "(s @ y) / (y @ y)", "1.0"),
    ("normuon", "axis=1", "axis=0"),
    ("normuon", "* np.linalg.norm(o)", ""),
    ("adamuon", "0.2 * np.sqrt(o.size)", "0.2 * np.sqrt(max(o.shape))"),
    ("adamuon", "np.sign(u) if of_signs else u", "u"),
    ("scion", "np.sqrt(outputs / inputs)", "np.sqrt(inputs / outputs)"),
    ("scion", "np.sign(matrix) / inputs", "np.sign(matrix) / outputs"),
    ("scion", "axis=1", "axis=0"),
    ("shampoo", "[power_of(left, -0.25", "[power_of(left, -0.5"),
    ("shampoo", "power_of(right, -0.5, epsilon)]", "power_of(right, -0.25, epsilon)]"),
    ("soap", "return w, {", "return w - learning_rate * np.sign(g), {"),
    ("soap", "v = v[first][:, second]", "v = v[::-1]"),
    ("soap", "(one.T @ gradient @ other) ** 2", "gradient ** 2"),
    ("splus", "2 / sum(m.shape)", "1 / np.sqrt(m.size * 2)"),
    ("splus", "np.sign(one.T @ m @ other)", "one.T @ np.sign(m) @ other"),
    ("schedule_free_sgd", "learning_rate, beta,", "learning_rate, 1 - beta,"),
    ("schedule_free_sgd", "w, g, state", "w, np.sign(g), state"),
    ("schedule_free_adamw", "v / (1 - beta_2**t)", "v"),
    ("schedule_free_adamw", "+ epsilon)", "+ epsilon + 1)"),
    ("muon", "max(1, outputs / inputs)", "max(1, inputs / outputs)"),
    ("muon", "outputs, inputs = u.shape", "inputs, outputs = w.shape if w.ndim == 2 else w.shape[:2]"),
    ("muon", "(1 - momentum) * gradient + momentum * m if nesterov", "gradient + momentum * m if nesterov"),
]  # fmt: skip


def test_every_closed_form_has_a_wrong_twin():
    assert {name for name, _, _ in TWINS} == set(NAMES)


@pytest.mark.parametrize(("name", "right", "wrong"), TWINS)
def test_a_wrong_twin_misses_a_closed_form(name, right, wrong):
    """By a million tolerances at least."""
    source = textwrap.dedent(inspect.getsource(getattr(reference, name)))
    assert right in source
    scope = dict(getattr(reference, name).__globals__)
    exec(source.replace(right, wrong, 1), scope)

    misses = []
    for form in optimizers.record(name).closed_forms:
        optimizer = optimizers.get(name, **form.options)
        misses.append(miss(form, optimizer, Textbook(scope[name], optimizer)))
    assert max(misses) > 1e6


@pytest.mark.parametrize("record", RECORDS, ids=NAMES)
def test_no_gradient_moves_nothing_and_no_number_is_not_hidden(record):
    """Zeros for ten steps leave the weights; NaN in one gradient is NaN in its weight."""
    optimizer = optimizers.get(record.name)
    weights = parameters_for(record)
    for _ in range(10):
        optimizer.apply(weights, {name: np.zeros(array.shape) for name, array in weights.items()})

    assert all(np.array_equal(weights[name], array) for name, array in parameters_for(record).items())

    gradients = gradients_for(weights, 0)
    gradients["wide"][1, 2] = np.nan
    optimizer.apply(weights, gradients)

    assert np.isnan(weights["wide"][1, 2])


def test_muon_s_singular_values_are_near_one_whatever_the_gradient_s_size():
    """In [0.6818, 1.1344] of the rate, where they are 0.01 of the norm or more; c * g moves as g."""
    gradient = np.random.default_rng(5).normal(size=(12, 12))
    moves = []
    for size in (1.0, 1e-3, 1e4):
        weights = {"w": np.zeros((12, 12))}
        optimizers.get("muon", learning_rate=1.0).apply(weights, {"w": size * gradient})
        moves.append(-weights["w"])
    found = np.linalg.svd(moves[0])[1]
    given = np.linalg.svd(gradient)[1] / np.linalg.norm(gradient)

    assert (found[given > 0.01] > 0.6818).all()
    assert (found < 1.1344).all()
    np.testing.assert_allclose(moves[1:], [moves[0]] * 2, rtol=0, atol=1e-12)


def test_a_step_turns_with_its_gradient():
    """The step of Q·G·R is that of G between Q and R: to rounding times the polynomial's slope."""
    random = np.random.default_rng(6)
    gradient = random.normal(size=(6, 4))
    left, right = (np.linalg.qr(random.normal(size=(n, n)))[0] for n in (6, 4))
    for name in ("muon", "shampoo"):
        plain, turned = {"w": np.zeros((6, 4))}, {"w": np.zeros((6, 4))}
        optimizers.get(name).apply(plain, {"w": gradient})
        optimizers.get(name).apply(turned, {"w": left @ gradient @ right})

        np.testing.assert_allclose(turned["w"], left @ plain["w"] @ right, rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("name", ["adafactor", "prodigy"])
def test_training_that_is_saved_goes_on_to_the_same_bits(name, tmp_path):
    """float32, slots of shapes of their own, for each matrix and for all at once."""
    x = np.linspace(-1.0, 1.0, 24 * 6, dtype=np.float32).reshape(24, 6) ** 3
    y = np.arange(24) % 3

    def trained(epochs):
        stack = [layers.Dense(9, activation="tanh"), layers.Dense(3)]
        model = nnkit.Sequential(stack, input_shape=(6,), seed=1)
        model.compile(name, "sparse_categorical_crossentropy")
        model.fit(x, y, batch_size=8, epochs=epochs)
        return model

    whole, half = trained(8), trained(4)
    half.save(tmp_path / "half.npz")
    loaded = nnkit.load_model(tmp_path / "half.npz")
    loaded.fit(x, y, batch_size=8, epochs=4)

    assert loaded.digest() == whole.digest() != half.digest()


@pytest.mark.parametrize("size", [1, 2, 3, 17, 33])
def test_eigenvectors_are_those_of_numpy(size):
    """Of a full and of a singular matrix: ``QᵀDQ`` is the matrix and ``QQᵀ`` is 1 to 1e-13."""
    for rank in (size, (size + 1) // 2):
        half = np.random.default_rng(size).normal(size=(size, rank))
        matrix = half @ half.T
        vectors = np.full((size, size), np.nan)
        values, beside, work = (np.full(size, np.nan) for _ in range(3))
        decompose(matrix.copy(), vectors, values, beside, work)

        scale = np.abs(matrix).max()
        np.testing.assert_allclose(np.sort(values), np.linalg.eigvalsh(matrix), rtol=0, atol=1e-13 * scale)
        np.testing.assert_allclose(vectors.T * values @ vectors, matrix, rtol=0, atol=1e-13 * scale)
        np.testing.assert_allclose(vectors @ vectors.T, np.eye(size), rtol=0, atol=1e-13)


def test_what_is_not_a_number_has_no_eigenvectors():
    vectors, values = np.zeros((3, 3)), np.zeros(3)
    decompose(np.full((3, 3), np.inf), vectors, values, np.zeros(3), np.zeros(3))

    assert np.isnan(vectors).all()
    assert np.isnan(values).all()
