"""A class as it is named: ``torch.optim.NAdam(lr=0.01)``, ``module:Class``, or the name of a plug-in."""

import ast
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from nnbench.errors import EnvironmentProblem, UsageError
from nnbench.machine.foreign import contained
from nnbench.machine.stopping import Interrupted
from nnkit import optimizers
from nnkit.errors import UnknownName, did_you_mean

# What is fetched for whom, where it is not installed.
_PACKAGES = {
    "torch": "torch",
    "keras": "keras torch",
    "optax": "optax",
    "jax": "jax",
    "pytorch_optimizer": "pytorch-optimizer torch",
    "schedulefree": "schedulefree torch",
}
_KERAS_RUNS_ON = ("torch", "jax", "tensorflow")
_EXAMPLE = "torch.optim.NAdam(lr=0.01), module:Class, or the name of a plug-in"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: the class, as it is written, and the options that it is made with."""

    name: str
    options: Mapping[str, Any]


def read(text: str) -> Asked:
    """Return the name and the options in ``text``, or raise UsageError."""
    name, bracket, _ = text.partition("(")
    name = name.strip()
    if not name or not name.replace(".", "").replace(":", "").replace("_", "").replace("-", "").isalnum():
        raise UsageError(f"--class {text}: expected {_EXAMPLE}.")
    return Asked(name, _options(text, text[len(name) :].strip()) if bracket else {})


def _options(text: str, call: str) -> dict[str, Any]:
    try:
        node = ast.parse(f"made{call}", mode="eval").body
        if not isinstance(node, ast.Call) or node.args or any(each.arg is None for each in node.keywords):
            raise ValueError
        return {str(each.arg): ast.literal_eval(each.value) for each in node.keywords}
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise UsageError(
            f"--class {text}: expected options as key=value with plain values, as in (lr=0.01)."
        ) from None


def found(name: str) -> Callable[..., Any]:
    """Return what ``name`` means: a class or a function that makes an optimizer.

    Raises UsageError where there is none, EnvironmentProblem where its framework is not installed.
    """
    if "." not in name and ":" not in name:
        return _known(name)
    module, colon, path = name.partition(":")
    _prepare(module.partition(".")[0])
    with _from_here():
        if colon:
            made, steps = _imported(module.removesuffix(".py"), name), path.split(".")
        else:
            made, steps = _innermost_module(name)
        for step in steps:
            if not hasattr(made, step):
                raise UsageError(
                    f"--class {name}: there is no {step!r} in {getattr(made, '__name__', name)}."
                    f"{_near(step, dir(made))}"
                )
            made = getattr(made, step)
    if not callable(made):
        raise UsageError(f"--class {name}: expected a class or a function, found {type(made).__name__}.")
    called: Callable[..., Any] = made
    return called


def _known(name: str) -> Callable[..., Any]:
    try:
        chosen = optimizers.record(name).name
    except UnknownName as error:
        raise UsageError(f"--class {name}: {error} For a class of a library write {_EXAMPLE}.") from None
    return lambda **options: optimizers.get(chosen, **options)


def _near(step: str, there: Sequence[str]) -> str:
    said = did_you_mean(step, [each for each in there if not each.startswith("_")])
    return said if said.startswith(" Did") else ""


def _innermost_module(name: str) -> tuple[Any, list[str]]:
    """Return the last module of a dotted name, and the names behind it."""
    words = name.split(".")
    made = _imported(words[0], name)
    for end in range(1, len(words) - 1):
        step = getattr(made, words[end], None)
        if step is None:
            try:
                step = _imported(".".join(words[: end + 1]), name)
            except UsageError:
                return made, words[end:]
        if not isinstance(step, ModuleType):
            return made, words[end:]
        made = step
    return made, words[-1:]


def _imported(module: str, name: str) -> Any:
    try:
        with contained():
            return import_module(module)
    except Interrupted:
        raise
    except BaseException as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise UsageError(f"--class {name}: {said}") from error


def _prepare(package: str) -> None:
    """See that the framework is there, and that it computes in double precision where it must be told."""
    if package in _PACKAGES and find_spec(package) is None:
        raise EnvironmentProblem(
            f"--class: {package} is not installed. Install it: pip install {_PACKAGES[package]}"
        )
    if package == "keras" and "KERAS_BACKEND" not in os.environ:
        there = next((each for each in _KERAS_RUNS_ON if find_spec(each)), None)
        if there is None:
            raise EnvironmentProblem(
                "--class: Keras has none of its backends here. Install one: pip install torch"
            )
        os.environ["KERAS_BACKEND"] = there
    os.environ.setdefault("JAX_ENABLE_X64", "1")


@contextmanager
def _from_here() -> Iterator[None]:
    """While the block runs, a module beside the user is found, as Python itself would find it there."""
    before = list(sys.path)
    sys.path.insert(0, str(Path.cwd()))
    try:
        yield
    finally:
        sys.path[:] = before
