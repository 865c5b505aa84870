"""Choices on the axes: many ways to write a thing, one name for it."""

import pytest

from nnbench.cases import choices as axes
from nnbench.cases.axis import AXES
from nnbench.errors import UsageError
from tests.misspelt import (
    NEAREST_ACTIVATION,
    NEAREST_INITIALIZER,
    NEAREST_OPTIMIZER,
    NEAREST_SCHEDULE,
    NO_ACTIVATION,
    NO_INITIALIZER,
    NO_OPTIMIZER,
    NO_SCHEDULE,
)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("adam", ["adam"]),
        ("adam,sgd", ["adam", "sgd"]),
        ("sgd(momentum=0.9,nesterov=true), adam", ["sgd(momentum=0.9,nesterov=true)", "adam"]),
        ("adam,,sgd", ["adam", "", "sgd"]),
        ("", [""]),
        ("adam,", ["adam", ""]),
    ],
)
def test_commas_part_choices_but_not_inside_parentheses(text: str, pieces: list[str]) -> None:
    assert axes.split(text) == pieces


@pytest.mark.parametrize("text", ["sgd(momentum=0.9", "sgd)", "a(b,c))"])
def test_parentheses_must_match(text: str) -> None:
    with pytest.raises(UsageError, match="parentheses"):
        axes.split(text)


@pytest.mark.parametrize(
    ("axis", "text", "spelling"),
    [
        ("optimizer", "adam", "adam"),
        ("optimizer", " adam ( beta_1 = 0.90 ) ", "adam"),
        ("optimizer", "adam(epsilon=1e-7,beta_1=0.8)", "adam(beta_1=0.8, epsilon=1e-07)"),
        ("optimizer", "heavy_ball", "momentum"),
        ("optimizer", "momentum(momentum=0.50)", "momentum(momentum=0.5)"),
        ("activation", "relu", "relu"),
        ("init", "he_normal", "he_normal"),
        ("norm", "none", "none"),
        ("norm", "batch", "batch"),
        ("norm", "batch(momentum=0.9)", "batch(momentum=0.9)"),
        ("norm", "batch(momentum=0.99)", "batch"),
        ("schedule", "exponential_decay(decay_rate=0.5)", "exponential_decay(decay_rate=0.5)"),
        ("learning_rate", "0.0010", "0.001"),
        ("learning_rate", "1e-3", "0.001"),
        ("learning_rate", "default", "default"),
        ("batch_size", "032", "32"),
    ],
)
def test_a_thing_has_one_spelling(axis: str, text: str, spelling: str) -> None:
    assert AXES[axis].read(text, "--x") == spelling
    assert AXES[axis].read(spelling, "--x") == spelling


@pytest.mark.parametrize(
    ("axis", "text", "words"),
    [
        ("optimizer", NO_OPTIMIZER, f"Did you mean {NEAREST_OPTIMIZER!r}?"),
        ("optimizer", "", "empty name"),
        ("optimizer", "adam(beta1=0.9)", "Did you mean 'beta_1'?"),
        ("optimizer", "adam(beta_1=1.5)", "below 1"),
        ("optimizer", "adam(beta_1=nan)", "below 1"),
        ("optimizer", "adam(learning_rate=0)", "above 0"),
        ("optimizer", "adam(beta_1)", "key=value"),
        ("optimizer", "a b", "name(key=value"),
        ("activation", NO_ACTIVATION, f"Did you mean {NEAREST_ACTIVATION!r}?"),
        ("init", NO_INITIALIZER, f"Did you mean {NEAREST_INITIALIZER!r}?"),
        ("norm", "grupo", "Known: none, batch, layer, group, instance, rms."),
        ("norm", "none(momentum=0.9)", "norm"),
        ("schedule", NO_SCHEDULE, f"Did you mean {NEAREST_SCHEDULE!r}?"),
        ("learning_rate", "0", "must be above 0. Try 0.001."),
        ("learning_rate", "-1", "must be above 0"),
        ("learning_rate", "nan", "finite"),
        ("learning_rate", "inf", "finite"),
        ("learning_rate", "fast", "a number"),
        ("batch_size", "0", "above 0"),
        ("batch_size", "-8", "above 0"),
        ("batch_size", "1.5", "whole number"),
        ("batch_size", "all", "whole number"),
    ],
)
def test_a_wrong_choice_is_named_with_its_place_and_a_remedy(axis: str, text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        AXES[axis].read(text, "--here")

    assert str(caught.value).startswith("--here")
    assert words in str(caught.value)


def test_a_learning_rate_written_with_the_optimizer_is_taken_out_of_its_name() -> None:
    found = axes.optimizer("adam(learning_rate=0.01, beta_1=0.8)", "--optimizer")

    assert (found.text, found.rate, found.default_rate) == ("adam(beta_1=0.8)", "0.01", "0.001")
    assert found.at("default") == "0.01"


def test_an_optimizer_runs_at_its_own_rate_unless_another_is_asked_for() -> None:
    found = axes.optimizer("adam", "--optimizer")

    assert found.at("default") == "0.001"
    assert found.at("0.1") == "0.1"
