"""Seeds: how many, or which; counted before they are made."""

import pytest

from nnbench.errors import UsageError
from nnbench.plan.seeds import MAX_SEED, n_seeds, read_seeds, seeds_between


def listed(asked: int | str | tuple[int, ...], **options: int) -> list[int]:
    return [seed for span in read_seeds(asked, "--seeds", **options) for seed in span]


@pytest.mark.parametrize(
    ("asked", "seeds"),
    [
        (3, [0, 1, 2]),
        ("3", [0, 1, 2]),
        ("1,5-7", [1, 5, 6, 7]),
        ("7,1", [1, 7]),
        ("4,", [4]),
        ("4-4", [4]),
        ((4,), [4]),
        ((9, 2), [2, 9]),
        ("1-3,2-5,5,6", [1, 2, 3, 4, 5, 6]),
        ("1-5,2-3,7", [1, 2, 3, 4, 5, 7]),
    ],
)
def test_a_number_is_a_count_and_a_list_is_a_list(
    asked: int | str | tuple[int, ...], seeds: list[int]
) -> None:
    assert listed(asked) == seeds


def test_counted_seeds_begin_where_they_are_told() -> None:
    assert listed("3", first=100) == [100, 101, 102]


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("0", "at least 1"),
        ("-3", "at least 1"),
        ("", "nothing between"),
        ("1,,2", "nothing between"),
        ("a", "'a'"),
        ("1.5", "'1.5'"),
        ("-1,2", "'-1'"),
        ("5-2", "backwards"),
        ("0-99999999999", "4294967295"),
        (10**12, "4294967295"),
        ((-1,), "'-1'"),
    ],
)
def test_what_is_no_list_of_seeds_is_refused_with_place_and_value(
    asked: int | str | tuple[int, ...], word: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_seeds(asked, "--seeds")

    assert str(caught.value).startswith("--seeds: ")
    assert word in str(caught.value)


def test_a_list_and_a_first_seed_contradict_each_other() -> None:
    with pytest.raises(UsageError, match="contradict"):
        read_seeds("1,2", "--seeds", first=5)


def test_four_billion_seeds_are_counted_without_being_made() -> None:
    assert n_seeds(read_seeds(f"0-{MAX_SEED}", "--seeds")) == MAX_SEED + 1


def test_some_of_the_seeds_are_taken_by_their_positions() -> None:
    """Across the gaps of a list, and none where there are no more."""
    seeds = read_seeds("1,5-9,20", "--seeds")

    assert seeds_between(seeds, 0, 3) == (range(1, 2), range(5, 7))
    assert seeds_between(seeds, 3, 9) == (range(7, 10), range(20, 21))
    assert seeds_between(seeds, 7, 9) == ()
    assert seeds_between(read_seeds(f"0-{MAX_SEED}", "--seeds"), 2, 4) == (range(2, 4),)
