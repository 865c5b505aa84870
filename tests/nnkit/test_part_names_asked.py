"""What is said to somebody who misspells a name."""

import pytest

from nnkit.errors import did_you_mean


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("SGD", ["adam", "sgd"], " Did you mean 'sgd'?"),
        ("relu", ["Dense", "ReLU"], " Did you mean 'ReLU'?"),
        ("adma", ["adamax", "adam"], " Did you mean 'adam'?"),
        ("ADMA", ["adamax", "adam"], " Did you mean 'adam'?"),
        ("xyz", ["b", "a"], " Known: a, b."),
    ],
)
def test_the_nearest_name_is_found_whatever_the_case_of_its_letters(
    name: str, known: list[str], said: str
) -> None:
    assert did_you_mean(name, known) == said
