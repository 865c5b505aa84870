"""Names of parts: whatever is registered can be chosen on a command line, and stands for one thing."""

from dataclasses import replace
from typing import Any

import pytest

from nnkit import activations, datasets, initializers, losses, optimizers, schedules
from nnkit.errors import InvalidArgument
from nnkit.layers import LAYERS
from nnkit.registry import Hyper, Registry, parse_choice

REGISTRIES: list[Registry[Any]] = [
    *(module._registry for module in (activations, initializers, losses, optimizers, schedules)),  # type: ignore[attr-defined]
    datasets.DATASETS,
    LAYERS,
]
EACH = pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
NAMES = [
    "my|opt", "50%", "a b", "=1+1", "a\nb", "", "-x", "a(b)", "a,b", "$x", "~x", "a/b", "ad\u0430m", "é",
    "1st", "x" * 65, 5, None,
]  # fmt: skip


@EACH
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_no_command_line_can_choose_is_refused(registry: Registry[Any], name: Any) -> None:
    """As a name and as an alias; the registry stays as it was."""
    part, before = next(iter(registry)), registry.names()

    for renamed in (replace(part, name=name, aliases=()), replace(part, name="fine", aliases=(name,))):
        with pytest.raises(InvalidArgument, match="a name must be a letter") as caught:
            registry.add(renamed)
        assert "\n" not in str(caught.value)
    assert registry.names() == before


@EACH
def test_a_name_or_an_alias_that_is_taken_is_refused_in_any_case(registry: Registry[Any]) -> None:
    for taken in (*registry.names(), *registry._aliases):
        for name in {taken, taken.upper(), taken.lower()}:
            with pytest.raises(InvalidArgument, match="exists already"):
                registry.add(replace(next(iter(registry)), name=name, aliases=()))


@EACH
def test_the_word_for_a_cases_own_choice_is_no_name(registry: Registry[Any]) -> None:
    """A part called ``own`` could never be chosen: on every axis that is what the case makes of itself."""
    with pytest.raises(InvalidArgument, match="'own': on a command line this is the choice"):
        registry.add(replace(next(iter(registry)), name="own", aliases=()))


@pytest.mark.parametrize("name", ["a b", "1st", "a=b", "", "x,y"])
def test_a_hyperparameter_that_cannot_be_written_is_refused(name: str) -> None:
    registry: Registry[Any] = Registry("optimizer")

    with pytest.raises(InvalidArgument, match="a hyper-parameter's name must be"):
        registry.add(replace(optimizers.record("sgd"), hyperparameters=(Hyper(name, 1.0),)))


@EACH
def test_every_name_there_is_can_be_written(registry: Registry[Any]) -> None:
    for name in (*registry.names(), *registry._aliases):
        assert parse_choice(name) == (name, {})


@EACH
@pytest.mark.parametrize("given", [None, 5, ["adam"]])
def test_what_is_no_name_at_all_is_refused_in_words(registry: Registry[Any], given: Any) -> None:
    with pytest.raises(InvalidArgument, match="expected its name, found"):
        registry.record(given)
