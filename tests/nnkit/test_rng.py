"""Philox: the published vectors, the words of the reference, and what is made of them."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from nnkit import rng
from tests.reference.philox import philox4x32

SIZES = (1, 2, 3, 4, 5, 16, 17, 33, 1797)
SEEDS = (0, 1, 2**31, 2**32 + 7, 2**63 - 1, -1, -(2**63))


def reference_words(n, seed, purpose, stream=0, epoch=0, batch=0):
    """Return the first words of a stream, from the documented layout of key and counter."""
    blocks = np.arange(-(-n // 4), dtype=np.uint64)
    counter = np.stack(
        np.broadcast_arrays(blocks, batch % 2**32, epoch % 2**32, purpose * 2**24 + stream), axis=-1
    ).astype(np.uint32)
    key = np.array([seed % 2**32, (seed >> 32) % 2**32], dtype=np.uint32)
    return philox4x32(counter, key).reshape(-1)[:n]


def words_of(n, *position):
    words = np.zeros(n, dtype=np.uint32)
    rng.philox_words(words, *position)
    return words


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ((0, 0, 0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 6, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
    ids=["zeros", "ones", "digits of pi"],
)
def test_a_block_is_the_published_one(inputs, expected):
    """The known answers that Salmon et al. (2011) ship with Random123."""
    *counter, low, high = inputs
    key = int(np.array([low, high], "<u4").view("<i8")[0])
    found = rng.philox_block(*counter, key)

    assert tuple(int(word) for word in found) == expected


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("seed", SEEDS)
def test_words_are_those_of_the_reference(n, seed):
    """Any length, any int64 seed: the vector loop, its scalar rest and the reference agree."""
    position = (rng.DROPOUT, 5, 3, 2**32 - 1)

    assert np.array_equal(words_of(n, seed, *position), reference_words(n, seed, *position))


def test_every_coordinate_makes_another_stream():
    """Seed, purpose, stream, epoch and batch: changing one by one leaves no word in its place."""
    base = (7, rng.INITIAL, 1, 2, 3)
    moved = [tuple(value + (i == j) for j, value in enumerate(base)) for i in range(5)]
    streams = [words_of(64, *position) for position in (base, *moved)]

    for first, second in itertools.combinations(streams, 2):
        assert not np.any(first == second)


def test_purposes_and_streams_cannot_meet():
    """The last stream of a purpose and the first of the next one are neighbours, not the same."""
    last = words_of(4, 0, rng.INITIAL, rng.MAX_STREAMS - 1, 0, 0)
    first = words_of(4, 0, rng.INITIAL + 1, 0, 0, 0)
    purposes = (rng.INITIAL, rng.ORDER, rng.DROPOUT, rng.AUGMENT, rng.SAMPLE)

    assert not np.any(first == last)
    assert len(set(purposes)) == len(purposes)
    assert max(purposes) < 2**8


def test_the_plain_python_twin_draws_the_same():
    """With the JIT off the words, orders and masks are the same."""
    words, order, mask = np.zeros(7, np.uint32), np.zeros(7, np.int32), np.zeros(7)
    rng.philox_words.python()(words, -5, rng.ORDER, 0, 1, 0)
    rng.shuffle.python()(order, np.zeros(4, np.uint32), 7, -5, 1)
    rng.dropout_mask.python()(mask, np.zeros(4, np.uint32), 0.5, -5, 0, 1, 0)

    assert np.array_equal(words, words_of(7, -5, rng.ORDER, 0, 1, 0))
    assert np.array_equal(order, shuffled(7, -5, 1))
    assert np.array_equal(mask, masked(7, 0.5, -5, 0, 1))


def test_uniform_numbers_are_the_leading_bits_of_two_words():
    """The second word is the higher one; 53 bits are kept and the last is set."""
    found = np.full(33, np.nan)
    rng.uniform(found, 3, rng.SAMPLE, 2, 1, 4)
    words = reference_words(66, 3, rng.SAMPLE, 2, 1, 4).astype(object)
    expected = [
        (((high << 32) + low) >> 11 | 1) / 2**53 for low, high in zip(words[::2], words[1::2], strict=True)
    ]

    assert np.array_equal(found, np.array(expected, dtype=np.float64))


def test_uniform_numbers_never_reach_the_ends():
    """The normal distribution's inverse is infinite at 0 and 1: the extreme words stay off them, evenly."""
    full, zero = np.uint64(2**32 - 1), np.uint64(0)

    assert rng.unit_interval(zero, zero) == 2.0**-53
    assert rng.unit_interval(full, full) == 1.0 - 2.0**-53


def test_uniform_numbers_are_uniform():
    """Mean and variance within 4 standard errors, and the distribution by Kolmogorov and Smirnov."""
    u = np.full(100_000, np.nan)
    rng.uniform(u, 0, rng.SAMPLE, 0, 0, 0)

    assert abs(u.mean() - 1 / 2) < 4 * math.sqrt(1 / 12 / u.size)
    assert abs(u.var() - 1 / 12) < 4 * math.sqrt(1 / 180 / u.size)
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 4 / math.sqrt(u.size)


def test_bits_of_words_are_fair():
    """Each of the 32 bits is set in half of the words, within 4.5 standard errors."""
    words = words_of(100_000, 9, rng.INITIAL, 0, 0, 0)
    shares = [float(np.mean((words >> bit) & 1)) for bit in range(32)]

    assert max(abs(share - 0.5) for share in shares) < 4.5 * 0.5 / math.sqrt(words.size)


def shuffled(n, seed, epoch, scratch=None):
    order = np.full(n, -1, dtype=np.int32)
    rng.shuffle(order, np.zeros(scratch or n, dtype=np.uint32), n, seed, epoch)
    return order


@pytest.mark.parametrize("n", SIZES)
def test_an_order_is_fisher_and_yates_by_the_words(n):
    """Place i takes what stood at place (word_i * (i + 1)) >> 32, which takes i."""
    expected = []
    for index, word in enumerate(int(word) for word in reference_words(n, 11, rng.ORDER, 0, 2)):
        chosen = word * (index + 1) >> 32
        expected.append(index)
        expected[index], expected[chosen] = expected[chosen], index

    assert shuffled(n, 11, 2).tolist() == expected
    assert sorted(expected) == list(range(n))


@pytest.mark.parametrize("scratch", [4, 5, 64, 1796, 1797, 5000])
def test_an_order_does_not_depend_on_the_scratch(scratch):
    """Words drawn in pieces of any size are the same words."""
    assert np.array_equal(shuffled(1797, 3, 1, scratch), shuffled(1797, 3, 1))


def test_orders_of_epochs_and_seeds_differ():
    orders = [shuffled(100, seed, epoch).tolist() for seed in (0, 1) for epoch in (0, 1, 2)]

    assert all(first != second for first, second in itertools.combinations(orders, 2))


def test_every_permutation_is_equally_likely():
    """All 24 orders of 4 examples over 12,000 epochs, by chi-squared."""
    order, words = np.zeros(4, np.int32), np.zeros(4, np.uint32)
    counts = dict.fromkeys(itertools.permutations(range(4)), 0)
    for epoch in range(12_000):
        rng.shuffle(order, words, 4, 5, epoch)
        counts[tuple(int(place) for place in order)] += 1

    assert stats.chisquare(list(counts.values())).pvalue > 1e-3


def masked(n, rate, seed, stream, step, dtype="float64", scratch=4096):
    mask = np.full(n, np.nan, dtype)
    rng.dropout_mask(mask, np.zeros(scratch, dtype=np.uint32), rate, seed, stream, step, 0)
    return mask


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", SIZES)
def test_a_mask_keeps_what_its_word_says(n, dtype):
    """A value is dropped where its word is below rate * 2**32, else scaled by 1 / (1 - rate)."""
    words = reference_words(n, 1, rng.DROPOUT, 2, 0, 9)
    expected = np.where(words < 0.2 * 2**32, 0.0, 1 / 0.8).astype(dtype)

    assert np.array_equal(masked(n, 0.2, 1, 2, 9, dtype), expected)
    assert np.array_equal(masked(n, 0.2, 1, 2, 9, dtype, scratch=5), expected)


def test_dropout_at_a_fifth_drops_a_fifth_and_keeps_the_expectation():
    """X17: 20 % of the units, a fresh mask every step, and a mean of 1, within 4 standard errors."""
    masks = np.stack([masked(5000, 0.2, 0, 0, step) for step in range(20)])
    error = math.sqrt(0.2 * 0.8 / masks.size)

    assert abs(np.mean(masks == 0) - 0.2) < 4 * error
    assert abs(masks.mean() - 1.0) < 4 * error / 0.8
    assert abs(np.corrcoef(masks[:-1].ravel(), masks[1:].ravel())[0, 1]) < 4 / math.sqrt(masks.size)


def test_the_word_at_the_threshold_is_kept():
    """Exactly rate * 2**32 of the words are below it."""
    word = int(reference_words(1, 1, rng.DROPOUT)[0])

    assert masked(1, word / 2**32, 1, 0, 0)[0] > 0
    assert masked(1, (word + 1) / 2**32, 1, 0, 0)[0] == 0


def test_nothing_is_dropped_at_rate_zero():
    assert np.array_equal(masked(33, 0.0, 0, 0, 1), np.ones(33))
