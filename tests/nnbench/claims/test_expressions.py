"""The language of claims: arithmetic over what a seed gave, and nothing else."""

import math

import pytest

from nnbench.statistics.claims.expression import BadExpression, evaluate, names_in, parse

VALUES = {("main", "loss"): 0.5, ("shift", "series"): [1.0, 2.0, 4.0], ("shift", "none"): math.nan}


def value(text: str) -> object:
    def lookup(name: str, attribute: str, choices: object) -> object:
        return (name, attribute, choices) if choices is not None else VALUES[name, attribute]

    return evaluate(parse(text), lookup)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 - 4 / 8", 6.5),
        ("-2 ** 2", -4),
        ("log(exp(1.5))", 1.5),
        ("main.loss * 4", 2.0),
        ("shift.series", [1.0, 2.0, 4.0]),
        ("shift.series - 1", [0.0, 1.0, 3.0]),
        ("1 / shift.series", [1.0, 0.5, 0.25]),
        ("log2(shift.series)", [0.0, 1.0, 2.0]),
        ("slope([0, 1, 2], log2(shift.series))", 1.0),
        ("at(shift.series, -1) / at(shift.series, 0)", 4.0),
        ("mean(shift.series)", 7 / 3),
        ("max(1, 5, 2)", 5.0),
        ("kendall([5, 4, 3])", 1.0),
        ("kendall([1, 2, 3])", -1.0),
        ("kendall([3, 1, 2])", 1 / 3),
        ("share(shift.series > 1.5)", 2 / 3),
        ("first(shift.series >= 2, [10, 20, 40])", 20.0),
        ("argmax(shift.series)", 2.0),
        ("main.loss < 1", 1.0),
        (
            "main.accuracy(activation='relu', width=3)",
            ("main", "accuracy", {"activation": "relu", "width": 3}),
        ),
    ],
)
def test_an_expression_is_what_arithmetic_makes_of_it(text: str, expected: object) -> None:
    assert (
        value(text) == pytest.approx(expected) if not isinstance(expected, tuple) else value(text) == expected
    )


@pytest.mark.parametrize(
    "text", ["1 / 0", "log(-1)", "exp(1000)", "2 ** 100", "(-8) ** 0.5", "first([0], [1])"]
)
def test_what_has_no_value_is_nan(text: str) -> None:
    assert math.isnan(value(text))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "main.__class__.__mro__",
        "[x for x in (1, 2)]",
        "lambda: 1",
        "main.loss.real",
        "f'{1}'",
        "main.loss if 1 else 2",
        "open('x')",
        "log(x=1)",
        "1 < 2 < 3",
        "",
        "(((",
        "1 +" * 400,
        "main.f(*[1])",
        "b'x'",
    ],
)
def test_whatever_is_no_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        parse(text)


def test_names_are_those_of_matrices_and_experiments() -> None:
    assert names_in(parse("log(main.loss(activation='relu')) + shift.series")) == {"main", "shift"}


def test_lists_of_different_lengths_do_not_meet() -> None:
    with pytest.raises(BadExpression, match="3 values"):
        value("shift.series + [1, 2]")
