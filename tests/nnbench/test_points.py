"""The points of a search over several hyper-parameters: even, around the default, within every range."""

import itertools

import pytest

from nnbench.errors import UsageError
from nnbench.studies.search.points import Dimension, dimensions, quasi_random, searchable, values_of
from nnkit import optimizers

ADAM, MOMENTUM = optimizers.record("adam"), optimizers.record("momentum")


def searched(*over: str, decades: float = 6.0) -> tuple[Dimension, ...]:
    return dimensions(ADAM, {}, over, decades=decades, where="adam")


def largest_gap(points: list[float]) -> float:
    """Return the longest stretch of the unit interval without a point."""
    ordered = [0.0, *sorted(points), 1.0]
    return max(b - a for a, b in itertools.pairwise(ordered))


def test_the_points_are_halton_s() -> None:
    """In bases 2, 3 and 5, as textbooks list them; the first points do not depend on how many follow."""
    points = quasi_random(6, 3)

    assert [point[0] for point in points] == [1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8, 3 / 8]
    assert [point[1] for point in points] == [1 / 3, 2 / 3, 1 / 9, 4 / 9, 7 / 9, 2 / 9]
    assert [point[2] for point in points] == [1 / 5, 2 / 5, 3 / 5, 4 / 5, 1 / 25, 6 / 25]
    assert quasi_random(40, 3)[:6] == points


@pytest.mark.parametrize("n_dimensions", [1, 2, 3, 4])
def test_the_points_are_more_even_than_random_ones(n_dimensions: int) -> None:
    """In each dimension no gap exceeds 4 / n, at every n; the largest of random points is near ln(n) / n."""
    for n in (8, 16, 32, 64, 128):
        points = quasi_random(n, n_dimensions)

        assert len(set(points)) == n
        for place in range(n_dimensions):
            assert largest_gap([point[place] for point in points]) <= 4.0 / n


def test_a_span_is_even_on_the_scale_of_its_hyper_parameter() -> None:
    """A rate within three decades to either side, what beta_2 loses within one and a half."""
    rate, beta_2 = searched("beta_2")

    assert (rate.span.low, rate.span.high) == pytest.approx((1e-6, 1.0))
    assert (1 - beta_2.span.low, 1 - beta_2.span.high) == pytest.approx((1e-3 * 10**1.5, 1e-3 * 10**-1.5))
    assert [rate.at(share) for share in (0.0, 0.5, 1.0)] == pytest.approx([1e-6, 1e-3, 1.0])
    assert [beta_2.at(share) for share in (0.0, 0.5, 1.0)] == pytest.approx(
        [0.9684, 0.999, 0.9999684], abs=1e-6
    )


def test_a_share_that_is_kept_does_not_fall_below_nothing() -> None:
    """Around a momentum of 0.9 three decades would reach beyond a loss of 1."""
    _, momentum = dimensions(MOMENTUM, {}, ["momentum"], decades=6.0, where="momentum")

    assert momentum.span.low == 0.0
    assert momentum.at(0.0) == 0.0
    assert 0.996 < momentum.at(1.0) < 0.997


@pytest.mark.parametrize("decades", [0.5, 6.0, 20.0])
@pytest.mark.parametrize(
    "name", [name for name in optimizers.names() if "learning_rate" in str(optimizers.record(name))]
)
def test_every_point_of_every_optimizer_is_allowed_and_the_default_comes_first(
    name: str, decades: float
) -> None:
    part = optimizers.record(name)
    found = dimensions(part, {}, searchable(part, {}), decades=decades, where=name)
    points = values_of(found, 64)

    assert len(points) == len(set(points)) == 64
    assert points[0] == tuple(part.resolve({})[each.hyper.name] for each in found)
    for values in points:
        part.resolve({each.hyper.name: value for each, value in zip(found, values, strict=True)})
        for each, value in zip(found, values, strict=True):
            assert each.span.low * 0.994 - 1e-12 <= value <= each.span.high * 1.006 + 1e-12


def test_what_was_given_is_what_is_searched_around() -> None:
    _, beta_1 = dimensions(ADAM, {"beta_1": 0.5}, ["beta_1"], decades=4.0, where="adam(beta_1=0.5)")

    assert beta_1.span.default == 0.5
    assert beta_1.span.high == pytest.approx(1 - 0.5 / 10)


@pytest.mark.parametrize(
    ("name", "over", "words"),
    [
        ("adam", "epsilon_hat", "--over: epsilon_hat of adam has no scale to be searched on. Leave it out."),
        ("lion", "weight_decay", "weight_decay of lion is 0.0, and a search goes around a value above 0."),
        ("rmsprop", "momentum", "Give it one, for example rmsprop(momentum=0.9)."),
    ],
)
def test_what_cannot_be_searched_is_said(name: str, over: str, words: str) -> None:
    with pytest.raises(UsageError, match="--over") as raised:
        dimensions(optimizers.record(name), {}, [over], decades=6.0, where=name)

    assert words in str(raised.value)
