"""Every public name says what it is: `help(nnkit.optimizers.get)` in a notebook is documentation too."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import nnbench
import nnkit

# Modules that users import by name, beside those in nnkit.__all__.
MODULES = (
    *(f"nnkit.{name}" for name in nnkit.__all__ if inspect.ismodule(getattr(nnkit, name))),
    *("nnkit", "nnkit.callbacks", "nnkit.datasets", "nnkit.functions", "nnkit.testing"),
    *("nnbench", "nnbench.frames.results", "nnbench.frames.columns"),
)


def _names(module: ModuleType) -> list[str]:
    """Return what a module offers: its ``__all__``, or what it defines itself."""
    offered = getattr(module, "__all__", None)
    if offered is not None:
        return list(offered)
    own = {name: getattr(value, "__module__", None) for name, value in vars(module).items()}
    return [name for name, home in own.items() if home == module.__name__ and not name.startswith("_")]


def silent(module: ModuleType) -> Iterator[str]:
    """Yield the public functions, classes, methods and properties of a module that say nothing."""
    if not module.__doc__:
        yield module.__name__
    for name in _names(module):
        value = getattr(module, name)
        if inspect.isclass(value):
            yield from (f"{module.__name__}.{place}" for place in _silent_in(value))
        elif inspect.isroutine(value) and not inspect.getdoc(value):
            yield f"{module.__name__}.{name}"


def _silent_in(kind: type[Any]) -> Iterator[str]:
    # A dataclass without words of its own gets its signature for a docstring.
    own = kind.__dict__.get("__doc__") or ""
    if not own or own.startswith(f"{kind.__name__}("):
        yield kind.__name__
    for name, value in vars(kind).items():
        speaks = (
            inspect.getdoc(getattr(kind, name)) if inspect.isroutine(value) else getattr(value, "__doc__", "")
        )
        if not name.startswith("_") and _is_behaviour(value) and not speaks:
            yield f"{kind.__name__}.{name}"


def _is_behaviour(value: object) -> bool:
    return inspect.isroutine(value) or isinstance(value, property) or hasattr(value, "attrname")


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_says_what_it_is(name: str) -> None:
    assert list(silent(import_module(name))) == []


def test_what_says_nothing_is_found() -> None:
    module = ModuleType("sample", "A sample.")
    kind = type("Kind", (), {"__module__": "sample", "step": lambda self: None, "size": property(len)})
    module.__dict__.update(__all__=["Kind", "speak"], Kind=kind, speak=lambda: None)

    assert list(silent(module)) == ["sample.Kind", "sample.Kind.step", "sample.speak"]


def test_the_packages_offer_what_the_pages_use() -> None:
    assert {"load", "runs"} <= set(nnbench.__all__)
    assert {"Sequential", "activations", "layers", "optimizers"} <= set(nnkit.__all__)
