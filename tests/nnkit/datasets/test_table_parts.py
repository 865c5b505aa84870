"""How a table is split, and what of it is learned on the training part alone."""

from typing import Any

import numpy as np
import pytest

from nnkit.datasets.tables.csvfile import read_csv
from nnkit.datasets.tables.parts import prepare_table, split_table
from nnkit.datasets.tables.problem import Problem, Question, pose
from nnkit.errors import InvalidData
from tests.reference.tables import one_hot, standardized

N = 40
_DRAWN = np.random.default_rng(5)
NUMBERS = [
    None if row % 9 == 4 else float(value) for row, value in enumerate(_DRAWN.normal(50, 9, N).round(3))
]
TEXTS = [None if row % 13 == 5 else ["red", "green", "blue"][row % 3] for row in range(N)]
TEXTS[17] = "rare"
TARGETS = [float(value) for value in _DRAWN.normal(-3, 40, N).round(2)]
LABELS = ["a" if row % 4 else "b" for row in range(N)]


def problem_of(columns: dict[str, list[Any]], *target: str, **asked: Any) -> Problem:
    lines = zip(*columns.values(), strict=True)
    text = ",".join(columns) + "\n"
    text += "".join(",".join("" if cell is None else str(cell) for cell in line) + "\n" for line in lines)
    return pose(read_csv(text.encode(), "t.csv", "0" * 64), Question(target, **asked))


@pytest.fixture(name="problem")
def _problem() -> Problem:
    return problem_of({"x": NUMBERS, "t": TEXTS, "y": TARGETS}, "y")


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_columns_are_prepared_as_by_hand(problem: Problem, seed: int) -> None:
    """With a text that only one row has: where that row validates, no input is 1."""
    parts = prepare_table(problem, validation=0.25, split_seed=seed, scale="standardize")
    train = parts.train_rows.tolist()

    expected = np.column_stack([standardized(NUMBERS, train), one_hot(TEXTS, train)])
    np.testing.assert_allclose(parts.x_train, expected[parts.train_rows], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(parts.x_val, expected[parts.val_rows], rtol=1e-5, atol=1e-6)
    targets = standardized(TARGETS, train)[:, None]
    np.testing.assert_allclose(parts.y_train, targets[parts.train_rows], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(parts.y_val, targets[parts.val_rows], rtol=1e-5, atol=1e-6)


def test_what_is_in_the_validation_part_changes_nothing_of_the_training_part(problem: Problem) -> None:
    """Its numbers are made a thousand times larger, and its texts are others."""
    before = prepare_table(problem, validation=0.25, split_seed=3, scale="standardize")
    held_out = set(before.val_rows.tolist())
    assert held_out & set(range(0, N, 3)), "some row has a red text"
    numbers = [1e3 * (cell or 1.0) if row in held_out else cell for row, cell in enumerate(NUMBERS)]
    texts = [
        ("green" if cell == "red" else cell) if row in held_out else cell for row, cell in enumerate(TEXTS)
    ]
    targets = [cell - 500 if row in held_out else cell for row, cell in enumerate(TARGETS)]

    other = problem_of({"x": numbers, "t": texts, "y": targets}, "y")
    after = prepare_table(other, validation=0.25, split_seed=3, scale="standardize")
    np.testing.assert_array_equal(after.x_train, before.x_train)
    np.testing.assert_array_equal(after.y_train, before.y_train)
    assert not np.array_equal(after.x_val, before.x_val)


def test_every_row_is_on_one_side_and_every_class_in_its_share() -> None:
    problem = problem_of({"x": TARGETS, "y": LABELS}, "y")
    splits = [split_table(problem, 0.25, seed) for seed in range(20)]

    for train, val in splits:
        assert sorted([*train, *val]) == list(range(N))
        assert np.bincount(problem.y[val]).tolist() == [8, 2]  # of 30 and 10: 7.5 and 2.5, ten in all
    assert len({tuple(val) for _, val in splits}) == 20


def test_a_class_of_one_row_always_trains() -> None:
    labels = ["rare" if row == 11 else "ab"[row % 2] for row in range(12)]
    problem = problem_of({"x": TARGETS[:12], "y": labels}, "y")

    assert all(11 in split_table(problem, 0.9, seed)[0] for seed in range(20))


def test_no_group_is_on_both_sides() -> None:
    """Of 16 groups of different sizes, about a quarter of the rows is held out."""
    groups = [f"g{row % 7 if row < 21 else row % 16}" for row in range(N)]
    problem = problem_of({"x": TARGETS, "g": groups, "y": LABELS}, "y", group="g")
    held_out = set()

    for seed in range(30):
        train, val = split_table(problem, 0.25, seed)
        on_train, on_val = ({groups[row] for row in part} for part in (train, val))
        assert not on_train & on_val
        assert 5 <= len(val) <= 10
        held_out |= on_val
    assert held_out == set(groups)


def test_groups_larger_than_the_share_are_held_out_one_at_a_time() -> None:
    groups = ["small" if row < 15 else "large" for row in range(N)]
    problem = problem_of({"x": TARGETS, "g": groups, "y": LABELS}, "y", group="g")

    assert {tuple(sorted(split_table(problem, 0.1, seed)[1])) for seed in range(9)} == {tuple(range(15))}


def test_the_last_rows_by_time_validate_whatever_the_seed() -> None:
    """Dates in any order; the order in which the others train is the seed's."""
    days = [f"2026-{1 + row * 7 % N // 28:02}-{1 + row * 7 % N % 28:02}" for row in range(N)]
    problem = problem_of({"x": TARGETS, "day": days, "y": LABELS}, "y", time="day")
    splits = [split_table(problem, 0.25, seed) for seed in range(5)]

    latest = set(sorted(range(N), key=days.__getitem__)[-10:])
    assert all(set(val.tolist()) == latest for _, val in splits)
    assert len({tuple(train) for train, _ in splits}) == 5


def test_the_parts_of_a_seed_are_these() -> None:
    """Philox draws them: another machine or version of NumPy may not draw others."""
    problem = problem_of({"x": TARGETS[:8], "y": [float(row) ** 1.5 for row in range(8)]}, "y")
    train, val = split_table(problem, 0.25, 0)

    expected = np.random.Generator(np.random.Philox(key=0)).permutation(8)
    assert [*val, *train] == expected.tolist()


def test_whole_numbers_of_any_size_keep_their_differences() -> None:
    """Float32 has no odd number beyond 2**24; standardised in float64, these differ as they should."""
    problem = problem_of({"x": [10**15 + row**2 % 7 for row in range(N)], "y": LABELS}, "y")
    parts = prepare_table(problem, validation=0.25, split_seed=0, scale="standardize")

    expected = standardized([float(row**2 % 7) for row in range(N)], parts.train_rows.tolist())
    np.testing.assert_allclose(parts.x_train[:, 0], expected[parts.train_rows], rtol=1e-5, atol=1e-6)


def test_a_column_that_is_constant_in_the_training_part_is_zero_everywhere() -> None:
    """And so is one of which every known number is held out."""
    base = problem_of({"x": TARGETS, "y": LABELS}, "y")
    val = set(split_table(base, 0.25, 2)[1].tolist())
    once = [0.1 if row not in val else 5.0 + row for row in range(N)]
    gone = [None if row not in val else 5.0 + row for row in range(N)]
    problem = problem_of({"x": TARGETS, "once": once, "gone": gone, "y": LABELS}, "y")

    parts = prepare_table(problem, validation=0.25, split_seed=2, scale="standardize")
    assert not parts.x_train[:, 1].any()
    assert not parts.x_val[:, 1].any()
    assert not parts.x_train[:, 2].any()


def test_unit_divides_by_the_largest_magnitude_and_none_leaves_what_is_there(problem: Problem) -> None:
    unit, plain = (
        prepare_table(problem, validation=0.25, split_seed=0, scale=scale) for scale in ("unit", "none")
    )

    assert np.abs(unit.x_train[:, 0]).max() == 1.0
    np.testing.assert_allclose(
        unit.x_val[:, 0] * np.abs(plain.x_train[:, 0]).max(), plain.x_val[:, 0], rtol=1e-6
    )
    np.testing.assert_array_equal(unit.y_train, np.array(TARGETS, np.float32)[unit.train_rows, None])


def test_parts_without_rows_and_targets_without_a_difference_are_refused() -> None:
    two = problem_of({"x": [1.5, 3, 2], "y": [0.5, 2, 3]}, "y")
    with pytest.raises(InvalidData, match="3 rows leave 3 for training and 0 for validation"):
        prepare_table(two, validation=0.1, split_seed=0, scale="none")

    late = problem_of(
        {"x": TARGETS, "d": list(range(N)), "y": [0.5] * 35 + [1.0] * 5}, "y", time="d", task="regression"
    )
    with pytest.raises(InvalidData, match="column 'y': the target is the same in every row of the training"):
        prepare_table(late, validation=0.25, split_seed=0, scale="standardize")
