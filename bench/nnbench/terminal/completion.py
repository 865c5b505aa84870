"""What the shell offers for the arguments of a verb: names of parts, cases, datasets and runs."""

import inspect
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from typing import Any

from nnbench.cases import catalogue, choices, inventory
from nnbench.cases.axis import AXES, OWN, Axis
from nnbench.errors import NnbenchError
from nnbench.records.claims import LANGUAGES
from nnbench.starters.kinds import KINDS as STARTERS

_RUNS_OFFERED = 20
_LAYERS = {"norm": choices.NORM_LAYERS, "augment": choices.AUGMENT_LAYERS}


def offer(verb: Callable[..., int]) -> None:
    """Let the options and arguments of a verb be completed, by their names."""
    for name, parameter in inspect.signature(verb).parameters.items():
        for declared in getattr(parameter.annotation, "__metadata__", ()):
            if name in _NAMES:
                declared.autocompletion = _completer(_NAMES[name])


def _completer(names: Callable[[Any], Iterable[str]]) -> Callable[[Any, str], list[str]]:
    def complete(ctx: Any, incomplete: str) -> list[str]:
        begun, comma, last = incomplete.rpartition(",")
        # A store that cannot be read is no reason to spoil the line that somebody writes.
        with suppress(NnbenchError, OSError):
            return [f"{begun}{comma}{name}" for name in names(ctx) if name.startswith(last)]
        return []

    return complete


def _of_axis(axis: Axis) -> Callable[[Any], Iterable[str]]:
    words = ("none", *_LAYERS[axis.name]) if axis.name in _LAYERS else ()
    words = getattr(axis.canonical, "keywords", {}).get("words", words)
    return lambda ctx: (*(_parts(axis.lists) if axis.lists else words), OWN)


def _parts(kind: str) -> Iterable[str]:
    yield from import_module(f"nnkit.{kind}").names()


def _cases(ctx: Any) -> Iterable[str]:
    for entry in catalogue.built_in():
        yield from (entry.name, *entry.aliases)
    yield from catalogue.suites()


def _runs(ctx: Any) -> Iterable[str]:
    """Yield the newest runs in the store that the command line names, the newest first."""
    from nnbench.plan.settings import display_settings
    from nnbench.store import Store

    path = display_settings(store=ctx.params.get("store"), color=None).store
    with Store.open(path, create=False) as store:
        runs = store.runs()[:_RUNS_OFFERED]
    yield from (summary.run for summary in runs)
    yield from ("last" if not back else f"last~{back}" for back in range(len(runs)))


def _exports(ctx: Any) -> Iterable[str]:
    yield from import_module("nnbench.studies.export.kinds").KINDS


def _everything(ctx: Any) -> Iterable[str]:
    yield from (entry.name for kind in inventory.KINDS for entry in inventory.entries(kind))
    yield from _runs(ctx)


_NAMES: dict[str, Callable[[Any], Iterable[str]]] = {
    **{axis.key: _of_axis(axis) for axis in AXES.values()},
    **dict.fromkeys(("case", "cases"), _cases),
    **dict.fromkeys(("run", "a", "b"), _runs),
    "lang": lambda ctx: LANGUAGES,
    "against": lambda ctx: _parts("optimizers"),
    "names": lambda ctx: _parts("datasets"),
    "subject": lambda ctx: dict.fromkeys((*_cases(ctx), *_parts("functions"))),
    "function": lambda ctx: _parts("functions"),
    "starter": lambda ctx: STARTERS,
    "exported": _exports,
    "kind": lambda ctx: (*inventory.KINDS, "runs"),
    "name": _everything,
}
