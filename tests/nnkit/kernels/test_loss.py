"""Loss kernels without options against float64 textbook forms, and where exp overflows, ties, NaN arise."""

import numpy as np
import pytest

from nnkit import losses
from tests.reference import losses as reference

SIZES = (1, 3, 16, 17, 33)
DTYPES = ("float32", "float64")
CROSS_ENTROPY = "sparse_categorical_crossentropy"
FAST = [record.name for record in losses.records() if record.fast is not None]
CASES = [
    (name, rows, n)
    for rows in SIZES
    for name in FAST
    for n in (SIZES if losses.record(name).n_outputs is None else (losses.record(name).n_outputs,))
]


def batch(name, rows, n, dtype):
    """Return outputs and targets of which some are predicted correctly and some are not."""
    random = np.random.default_rng((rows, n))
    outputs = (3 * random.normal(size=(rows, n))).astype(dtype)
    if losses.record(name).targets == "real":
        return outputs, random.normal(size=(rows, n)).astype(dtype)
    return outputs, random.integers(0, losses.get(name).n_classes(n), rows).astype(np.int32)


def run(name, outputs, targets):
    """Return the gradient, the totals beside it and the totals of the value kernel alone."""
    return run_in_blocks(name, outputs, targets, len(outputs))


def run_in_blocks(name, outputs, targets, block):
    """Return the same of a batch that comes in blocks of so many rows."""
    fast, n_rows = losses.record(name).fast, len(outputs)
    doutputs, terms = np.full_like(outputs, np.nan), np.full((2, n_rows), np.nan, outputs.dtype)
    totals, alone = np.full(2, np.nan), np.full(2, np.nan)
    for first in range(0, n_rows, block):
        rows = slice(first, first + block)
        given = outputs[rows], targets[rows]
        scratch = np.full_like(outputs[rows], np.nan)
        fast.gradient(*given, doutputs[rows], terms[0], totals, n_rows, first)
        fast.value(*given, scratch, terms[1], alone, n_rows, first)
    return doutputs, totals, alone


def textbook(name, outputs, targets):
    """Return the sum of the rows' losses, the gradient of their mean and the number of hits."""
    exact = outputs.astype(np.float64)
    if losses.record(name).targets == "real":
        mean, gradient = getattr(reference, name)(exact, targets.astype(np.float64))
        return mean * len(exact), gradient, 0
    if name == "binary_crossentropy":
        mean, gradient = reference.binary_crossentropy(exact, targets[:, None].astype(np.float64))
        return mean * len(exact), gradient, np.sum((exact[:, 0] > 0) == (targets == 1))
    mean, gradient = reference.sparse_categorical_crossentropy(exact, targets)
    return mean * len(exact), gradient, np.sum(exact.argmax(axis=1) == targets)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "rows", "n"), CASES)
def test_sums_gradients_and_hits_are_those_of_the_textbook(name, rows, n, dtype):
    """A row is some roundings of its largest value; a sum of rows has no more, for it is float64."""
    outputs, targets = batch(name, rows, n, dtype)
    before = outputs.copy()
    total, gradient, hits = textbook(name, outputs, targets)
    found, totals, alone = run(name, outputs, targets)
    eps = float(np.finfo(dtype).eps)

    assert found.dtype == dtype
    np.testing.assert_allclose(found, gradient, rtol=8 * eps, atol=4 * eps / rows)
    assert totals[0] == pytest.approx(total, rel=4 * eps, abs=8 * eps * rows)
    assert totals[1] == hits
    assert np.array_equal(alone, totals)
    assert np.array_equal(outputs, before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "rows", "n"), [case for case in CASES if case[1] in (17, 33)])
def test_blocks_of_rows_have_the_bits_of_the_whole_batch(name, rows, n, dtype):
    outputs, targets = batch(name, rows, n, dtype)
    whole = run(name, outputs, targets)
    for block in (1, 4, 16):
        found = run_in_blocks(name, outputs, targets, block)

        assert all(map(np.array_equal, found, whole)), block


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "rows", "n"), [case for case in CASES if case[1] == 17])
def test_the_gradient_may_take_the_place_of_the_outputs(name, rows, n, dtype):
    outputs, targets = batch(name, rows, n, dtype)
    expected, expected_totals, _ = run(name, outputs, targets)
    totals = np.full(2, np.nan)
    terms = np.full(rows, np.nan, dtype)
    losses.record(name).fast.gradient(outputs, targets, outputs, terms, totals, rows, 0)

    assert np.array_equal(outputs, expected)
    assert np.array_equal(totals, expected_totals)


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_logits_do_not_overflow(dtype):
    """The loss of a wrong, certain prediction is the distance of the logits; of a right one, 0."""
    outputs = np.array([[1e4, 0, -1e4], [1e4, 0, -1e4], [1e38, -1e38, 0]], dtype)
    gradient, totals, _ = run(CROSS_ENTROPY, outputs, np.array([0, 2, 2], np.int32))

    assert totals[0] == pytest.approx(2e4 + float(outputs[2, 0]), rel=1e-6)
    np.testing.assert_allclose(gradient * 3, [[0, 0, 0], [1, 0, -1], [1, 0, -1]], atol=1e-7)
    assert totals[1] == 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_binary_logits_do_not_overflow(dtype):
    outputs = np.array([[1e4], [1e4], [-1e4], [-1e4]], dtype)
    gradient, totals, _ = run("binary_crossentropy", outputs, np.array([0, 1, 0, 1], np.int32))

    assert totals.tolist() == [2e4, 2.0]
    assert (gradient * 4).tolist() == [[1.0], [0.0], [0.0], [-1.0]]


@pytest.mark.parametrize("place", [0, 4, 9])
@pytest.mark.parametrize("name", FAST)
def test_one_nan_makes_the_loss_nan(name, place):
    """Divergence must reach the record, whichever output it came from."""
    n = 1 if name == "binary_crossentropy" else 10
    outputs, targets = batch(name, 10, n, "float32")
    outputs[3 if n == 10 else place, place if n == 10 else 0] = np.nan
    gradient, totals, alone = run(name, outputs, targets)

    assert np.isnan(totals[0])
    assert np.isnan(alone[0])
    assert np.isnan(gradient).any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_a_row_with_a_nan_predicts_nothing(n, dtype):
    """Whichever logits are NaN and whatever the target is, also where the target's logit is the largest."""
    for n_nan in range(1, n + 1):
        for target in range(n):
            outputs = np.zeros((3, n), dtype)
            outputs[np.arange(3), [0, target, 0]] = 1.0
            outputs[1, [place for place in range(n) if n_nan == n or place != target][:n_nan]] = np.nan
            _, totals, alone = run(CROSS_ENTROPY, outputs, np.array([0, target, 0], np.int32))

            assert totals[1] == alone[1] == 2


def test_a_nan_beside_a_row_with_two_maxima_predicts_nothing():
    """Counts of maxima, one too many and one too few, must not make up for each other."""
    outputs = np.array([[2, 2, 1], [np.nan, 0, 1], [1, np.nan, 0]], np.float32)
    _, totals, _ = run(CROSS_ENTROPY, outputs, np.array([0, 2, 0], np.int32))

    assert totals[1] == 1


@pytest.mark.parametrize("target", [0, 1])
def test_a_binary_logit_that_is_nan_predicts_neither_class(target):
    _, totals, alone = run(
        "binary_crossentropy", np.array([[np.nan], [1.0], [-1.0]]), np.array([target, 1, 0], np.int32)
    )

    assert totals[1] == alone[1] == 2


def test_the_first_of_equal_maxima_is_the_prediction():
    """As argmax does: a network of zeros predicts class 0 for every row."""
    targets = np.array([0, 1, 2, 0], np.int32)
    _, zeros, _ = run(CROSS_ENTROPY, np.zeros((4, 3), np.float32), targets)
    some = np.array([[1, 2, 2], [1, 2, 2], [1, 2, 2], [2, 1, 0]], np.float32)
    _, ties, _ = run(CROSS_ENTROPY, some, targets)

    assert zeros[1] == 2
    assert ties[1] == 2


def test_a_binary_logit_of_zero_predicts_class_0():
    _, totals, _ = run("binary_crossentropy", np.zeros((3, 1)), np.array([0, 1, 0], np.int32))

    assert totals[1] == 2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_the_gradient_of_a_row_sums_to_zero(n, dtype):
    """Shifting all logits of a row changes nothing: n roundings of numbers below 1 / rows."""
    gradient, _, _ = run(CROSS_ENTROPY, *batch(CROSS_ENTROPY, 33, n, dtype))

    assert np.abs(gradient.sum(axis=1)).max() <= n * np.finfo(dtype).eps / 33


@pytest.mark.parametrize("name", FAST)
def test_rows_count_in_index_order(name):
    """The bits of the sum are those of float64 additions, row after row, of each row alone."""
    n = 1 if name == "binary_crossentropy" else 7
    outputs, targets = batch(name, 100, n, "float32")
    _, totals, _ = run(name, outputs, targets)
    alone = [run(name, outputs[i : i + 1], targets[i : i + 1])[1] for i in range(100)]
    total = 0.0
    for one in alone:
        total += one[0]

    # The cross-entropy adds up its two terms one after the other: 100 roundings of the sum apart.
    assert totals[0] == (pytest.approx(total, rel=1e-14) if name == CROSS_ENTROPY else total)
    assert totals[1] == sum(one[1] for one in alone)


@pytest.mark.parametrize("name", FAST)
def test_the_python_twin_agrees(name):
    """Without the JIT the same functions run in Python."""
    outputs, targets = batch(name, 5, 1 if name == "binary_crossentropy" else 4, "float64")
    gradient, totals, _ = run(name, outputs, targets)
    twin, found = np.full_like(outputs, np.nan), np.full(2, np.nan)
    terms = np.full(5, np.nan)
    losses.record(name).fast.gradient.python()(outputs, targets, twin, terms, found, 5, 0)

    np.testing.assert_allclose(twin, gradient, rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(found, totals, rtol=1e-13)


def test_the_comparison_rejects_a_wrong_twin():
    """A gradient that forgets the target, and a sum that forgets a row, are far outside the tolerance."""
    outputs, targets = batch(CROSS_ENTROPY, 17, 16, "float32")
    total, gradient, _ = textbook(CROSS_ENTROPY, outputs, targets)
    found, totals, _ = run(CROSS_ENTROPY, outputs, targets)
    found[np.arange(17), targets] += np.float32(1 / 17)
    _, fewer, _ = run(CROSS_ENTROPY, outputs[1:], targets[1:])

    assert not np.allclose(found, gradient, rtol=1e-3)
    assert fewer[0] != pytest.approx(total, rel=1e-3)
    assert totals[0] == pytest.approx(total, rel=1e-6)


def test_squares_of_float32_are_summed_in_float64():
    """1e25 squared is no float32, and a difference of 2e38 less -2e38 is none either."""
    large = np.full((2, 1), 1e25, np.float32)
    _, totals, alone = run("mean_squared_error", large, 0 * large)
    outputs = np.full((1, 1), 2e38, np.float32)
    _, widest, _ = run("mean_squared_error", outputs, -outputs)

    assert totals[0] == alone[0] == 2 * float(np.float32(1e25)) ** 2
    assert widest[0] == (2 * float(outputs[0, 0])) ** 2


@pytest.mark.parametrize("name", FAST)
def test_the_python_twin_sums_in_float64_too(name):
    """Over 3,000 rows a float32 sum is off by 1e-5; exp and log of the twin may differ in the last bit."""
    outputs, targets = batch(name, 3000, 1 if name == "binary_crossentropy" else 3, "float32")
    totals = []
    kernel = losses.record(name).fast.value
    for function in (kernel, kernel.python()):
        totals.append(np.full(2, np.nan))
        terms = np.full(3000, np.nan, np.float32)
        function(outputs, targets, np.full_like(outputs, np.nan), terms, totals[-1], 3000, 0)

    np.testing.assert_allclose(totals[0], totals[1], rtol=1e-8)
