"""Metrics by name: against textbook loops, scikit-learn where it is installed, and models that use them."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnkit
from nnkit import layers, losses, metrics
from nnkit.errors import UnknownName
from tests.reference import metrics as reference

Array = NDArray[Any]
Computed = Callable[[Array, Array], float]
LABELS = ("balanced_accuracy", "f1", "auc")
VALUES = ("rmse", "mae", "r2")
# Sums of at most 200 numbers near 1, and a division.
CLOSE = 1e-13


def logits_of(n_outputs: int, *, n: int = 97, seed: int = 0) -> tuple[Array, Array]:
    """Return logits with some equal rows, and labels that they tell something of, the first class rare."""
    rng = np.random.default_rng(seed)
    n_classes = max(2, n_outputs)
    labels = rng.choice(n_classes, size=n, p=np.arange(1, n_classes + 1) / (n_classes * (n_classes + 1) / 2))
    known = (2 * labels - 1)[:, None] if n_outputs == 1 else np.eye(n_classes)[labels]
    # Quarters: scores are often equal, and their differences exact.
    logits = np.round(4 * (known + rng.normal(size=(n, n_outputs)))) / 4
    return logits, labels


def values_of(n_outputs: int, *, n: int = 97, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    targets = rng.normal(size=(n, n_outputs)) * np.arange(1, n_outputs + 1) + 3.0
    return targets + 0.5 * rng.normal(size=targets.shape), targets


def sample_of(name: str, n_outputs: int) -> tuple[Array, Array]:
    return logits_of(n_outputs) if name in LABELS else values_of(n_outputs)


def value(name: str, outputs: Array, targets: Array) -> float:
    return metrics.record(name).value(outputs, targets)


# -- the numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_outputs", [1, 2, 5])
@pytest.mark.parametrize("name", LABELS + VALUES)
def test_a_metric_is_that_of_the_textbook(name: str, n_outputs: int) -> None:
    outputs, targets = sample_of(name, n_outputs)
    expected = getattr(reference, name)(outputs, targets)

    assert value(name, outputs, targets) == pytest.approx(expected, rel=CLOSE)


def scikit_learns(name: str, n_outputs: int) -> Computed:
    sklearn = pytest.importorskip("sklearn.metrics", reason="scikit-learn is an oracle, not a dependency")

    def on_labels(score: Callable[..., float], **options: Any) -> Computed:
        # Labels from logits here are NumPy's, and share no code with nnkit.
        def found(z: Array, y: Array) -> float:
            predicted = (z[:, 0] > 0).astype(int) if z.shape[1] == 1 else z.argmax(axis=1)
            return float(score(y, predicted, **options))

        return found

    def area(z: Array, y: Array) -> float:
        shares = reference.softmax(z)
        if z.shape[1] <= 2:
            return float(sklearn.roc_auc_score(y, z[:, 0] if z.shape[1] == 1 else shares[:, 1]))
        return float(sklearn.roc_auc_score(y, shares, multi_class="ovr", average="macro"))

    known: dict[str, Computed] = {
        "balanced_accuracy": on_labels(sklearn.balanced_accuracy_score),
        "f1": on_labels(sklearn.f1_score, average="binary" if n_outputs <= 2 else "macro", zero_division=0),
        "auc": area,
        "rmse": lambda z, y: float(sklearn.root_mean_squared_error(y, z)),
        "mae": lambda z, y: float(sklearn.mean_absolute_error(y, z)),
        "r2": lambda z, y: float(sklearn.r2_score(y, z)),
    }
    return known[name]


@pytest.mark.parametrize("n_outputs", [1, 2, 5])
@pytest.mark.parametrize("name", LABELS + VALUES)
def test_a_metric_is_that_of_scikit_learn(name: str, n_outputs: int) -> None:
    outputs, targets = sample_of(name, n_outputs)

    assert value(name, outputs, targets) == pytest.approx(
        scikit_learns(name, n_outputs)(outputs, targets), rel=CLOSE
    )


def degenerate() -> dict[str, tuple[str, Array, Array]]:
    """Return samples at the edge of what a metric is defined on."""
    logits, _ = logits_of(5)
    two, _ = logits_of(2)
    outputs, targets = values_of(2)
    constant = np.full_like(targets, 2.0)
    return {
        "balanced accuracy of one class": ("balanced_accuracy", logits, np.full(97, 3)),
        "f1 of one class of five": ("f1", logits, np.full(97, 3)),
        "f1 without a positive row": ("f1", two, np.zeros(97, int)),
        "f1 without any positive": ("f1", np.tile([1.0, 0.0], (9, 1)), np.zeros(9, int)),
        "r2 of constants missed": ("r2", outputs, constant),
        "r2 of constants met": ("r2", constant, constant),
        "r2 of one constant of two": ("r2", outputs, np.column_stack([constant[:, 0], targets[:, 1]])),
        "r2 below zero": ("r2", -outputs, targets),
        "one row": ("rmse", outputs[:1], targets[:1]),
    }


@pytest.mark.parametrize("which", degenerate())
def test_at_the_edge_a_metric_is_that_of_scikit_learn(which: str) -> None:
    name, outputs, targets = degenerate()[which]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = scikit_learns(name, outputs.shape[1])(outputs, targets)

    assert value(name, outputs, targets) == pytest.approx(expected, rel=CLOSE)


def test_an_area_needs_two_classes() -> None:
    """NaN, and no exception, of one; of five the classes that occur have curves, and the mean is theirs."""
    logits, labels = logits_of(5)
    only = labels < 3

    assert math.isnan(value("auc", logits[:, :1], np.zeros(97)))
    assert math.isnan(value("auc", logits, np.full(97, 4)))
    found, expected = value("auc", logits[only], labels[only]), reference.auc(logits[only], labels[only])
    assert found == pytest.approx(expected, rel=CLOSE)


def test_one_row_explains_nothing() -> None:
    assert math.isnan(value("r2", np.ones((1, 2)), np.ones((1, 2))))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", LABELS + VALUES)
def test_outputs_that_are_no_numbers_have_no_metric(name: str, bad: float) -> None:
    outputs, targets = sample_of(name, 2)
    outputs[5, 1] = bad

    assert math.isnan(value(name, outputs, targets))


def test_confident_rows_are_still_ordered() -> None:
    """A softmax in float64 is 1 from a logit of 37 on; its log-odds go on."""
    logits = np.array([[60.0, 0, 0], [50, 0, 0], [40, 0, 0], [0, 40, 0]])

    assert value("auc", logits, np.array([0, 0, 1, 1])) == 1.0


def test_the_size_of_the_type_plays_no_part() -> None:
    logits, labels = logits_of(5)
    for name in LABELS:
        assert value(name, logits.astype(np.float32), labels) == value(
            name, logits.astype(np.float32).astype(np.float64), labels
        )


def wrong_twins() -> dict[str, Computed]:
    """Return a likely mistake for every metric."""

    def micro(z: Array, y: Array) -> float:
        return reference.accuracy(z, y)  # recalls weighted by class, which is accuracy; and micro F1

    def without_ties(z: Array, y: Array) -> float:
        ranks = np.argsort(np.argsort(z[:, 0], kind="stable"), kind="stable") + 1
        n = int((y == 1).sum())
        return float((ranks[y == 1].sum() - n * (n + 1) / 2) / (n * (len(y) - n)))

    return {
        "balanced_accuracy": micro,
        "f1": micro,
        "auc": without_ties,
        "rmse": lambda z, y: float(np.sqrt(np.mean((z - y) ** 2))),  # over all outputs at once
        "mae": lambda z, y: float(np.mean(np.median(np.abs(z - y), axis=0))),
        "r2": lambda z, y: float(1 - ((z - y) ** 2).sum() / ((y - y.mean(axis=0)) ** 2).sum()),
    }


@pytest.mark.parametrize("name", LABELS + VALUES)
def test_a_likely_mistake_is_told_apart(name: str) -> None:
    """The samples of these tests are such that the mistake shows in the third digit at least."""
    outputs, targets = sample_of(name, 1 if name == "auc" else 5)

    assert abs(wrong_twins()[name](outputs, targets) - value(name, outputs, targets)) > 5e-4


# -- the records -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", metrics.records(), ids=metrics.names())
def test_a_record_says_all_that_readers_need(record: metrics.Metric) -> None:
    assert (record.compute is None) != (record.evaluated is None)
    assert record.formula
    assert record.source
    assert record.summary.endswith(".")
    if record.unit == "%":
        assert (record.least, record.most) == (0.0, 1.0)


def useless(name: str, targets: Array, n_outputs: int) -> float:
    """Return the best that one output, the same for every row, does: of a grid of such outputs."""
    record = metrics.record(name)
    tries = [np.eye(n_outputs)[k] * 2 - 1 for k in range(n_outputs)]
    if record.targets == "real":
        tries = [np.array([level]) for level in np.linspace(targets.min(), targets.max(), 4001)]
    elif n_outputs == 1:
        tries = [np.array([-1.0]), np.array([1.0])]
    found = [record.value(np.tile(each, (len(targets), 1)), targets) for each in tries]
    return max(found) if record.direction == "max" else min(found)


@pytest.mark.parametrize("n_outputs", [1, 5])
@pytest.mark.parametrize("name", LABELS)
def test_a_useless_classifier_answers_the_same_to_everything(name: str, n_outputs: int) -> None:
    _, labels = logits_of(n_outputs)

    assert metrics.record(name).useless(labels) == pytest.approx(useless(name, labels, n_outputs), rel=CLOSE)


@pytest.mark.parametrize("name", VALUES)
def test_a_useless_regression_answers_the_same_to_everything(name: str) -> None:
    """To the step of the grid of answers that are tried."""
    _, targets = values_of(1)

    assert metrics.record(name).useless(targets) == pytest.approx(useless(name, targets, 1), abs=1e-4)


def test_of_the_training_part_is_asked_by_a_prefix() -> None:
    one, other = metrics.asked("train_f1"), metrics.asked("F1Score")

    assert (one.metric, one.of_training, one.name, one.curve) == (
        metrics.record("f1"), True, "train_f1", "train_f1",
    )  # fmt: skip
    assert (other.of_training, other.name, other.curve) == (False, "f1", "val_f1")
    with pytest.raises(UnknownName, match=r"no metric named 'train_acuracy'\. Did you mean 'accuracy'"):
        metrics.asked("train_acuracy")


def test_a_metric_that_does_not_fit_the_loss_is_refused_in_words() -> None:
    mse, crossentropy = losses.get("mse"), losses.get("cross_entropy")

    assert metrics.refusal(metrics.record("f1"), crossentropy) is None
    assert metrics.refusal(metrics.record("loss"), mse) is None
    found = metrics.refusal(metrics.record("f1"), mse)
    assert found == (
        "f1 needs labels, and loss 'mean_squared_error' has none. There are: loss, rmse, mae, r2."
    )


# -- in a model ------------------------------------------------------------------------------------------


def classifier(**chosen: Any) -> tuple[nnkit.Sequential, Array, Array]:
    x, y = logits_of(3, n=200)
    net = [layers.Dense(8, activation="relu"), layers.Dropout(0.2), layers.Dense(3)]
    model = nnkit.Sequential(net, input_shape=(3,), seed=1)
    model.compile("adam", **chosen)
    return model, x, y


def test_a_model_measures_what_it_is_compiled_with() -> None:
    """By Keras's names; the values are those of its predictions, in the history those of the validation."""
    model, x, y = classifier(metrics=["F1Score", "AUC", "balanced_accuracy", "log_loss"])
    history = model.fit(x, y, epochs=3, validation_data=(x[:50], y[:50])).history
    found = model.evaluate(x[:50], y[:50])

    outputs = model.predict(x[:50]).astype(np.float64)
    assert list(found) == ["loss", "f1", "auc", "balanced_accuracy", "log_loss"]
    for name in ("f1", "auc", "balanced_accuracy"):
        assert found[name] == pytest.approx(getattr(reference, name)(outputs, y[:50]), rel=CLOSE)
        assert history[f"val_{name}"][-1] == found[name]
        assert len(history[f"val_{name}"]) == 3
    # In float32, a few ulp.
    assert found["log_loss"] == pytest.approx(reference.log_loss(outputs, y[:50]), rel=1e-6)
    assert found["loss"] == found["log_loss"]


def test_measuring_moves_no_weight() -> None:
    digests = []
    for chosen in ((), ("auc", "f1")):
        model, x, y = classifier(metrics=chosen)
        model.fit(x, y, epochs=3, validation_data=(x[:50], y[:50]))
        digests.append(model.digest())

    assert digests[0] == digests[1]


def test_early_stopping_knows_which_way_a_metric_gets_better() -> None:
    """More AUC is better: as a loss it would be stopped after its first rise."""
    model, x, y = classifier(metrics=["auc"])
    early = nnkit.EarlyStopping("val_auc", patience=1)
    history = model.fit(x, y, epochs=5, validation_data=(x, y), callbacks=[early]).history

    assert early.best == max(history["val_auc"]) > history["val_auc"][0]


def test_a_saved_model_goes_on_measuring(tmp_path: Any) -> None:
    model, x, y = classifier(metrics=["f1"])
    model.fit(x, y)
    model.save(tmp_path / "model.npz")

    assert nnkit.load_model(tmp_path / "model.npz").evaluate(x, y) == model.evaluate(x, y)


def test_a_convolution_may_have_any_shape_of_targets() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 5, 5, 1)).astype(np.float32)
    model = nnkit.Sequential([layers.Conv2D(2, 3)], input_shape=(5, 5, 1))
    model.compile("sgd", "mse", metrics=["rmse", "r2"])
    y = rng.normal(size=(6, 3, 3, 2))

    found, outputs = model.evaluate(x, y), model.predict(x).reshape(6, -1).astype(np.float64)
    expected = reference.rmse(outputs, y.astype(np.float32).astype(np.float64).reshape(6, -1))
    assert found["rmse"] == pytest.approx(expected, rel=CLOSE)
