"""What the shell offers for the arguments of a verb: names of parts, cases, datasets and runs.

Whoever presses a key waits for it: what is slow to import is imported for the names that need it.
"""

import inspect
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from typing import Any

from nnbench.cases import choices, inventory, shipped
from nnbench.cases.axis import AXES, OWN, Axis
from nnbench.errors import NnbenchError
from nnkit.errors import NnkitError

Names = Callable[[Any, str], Iterable[str]]  # of the line so far, and of what the name begins with

_RUNS_OFFERED = 20
_LAYERS = {"norm": choices.NORM_LAYERS, "augment": choices.AUGMENT_LAYERS}
_KEY_LETTERS = 2  # of a trial, before keys are offered


def offer(verb: Callable[..., int]) -> None:
    """Let the options and arguments of a verb be completed, by their names."""
    own = _OF_VERB.get(verb.__module__.rpartition(".")[2], {})
    for name, parameter in inspect.signature(verb).parameters.items():
        for declared in getattr(parameter.annotation, "__metadata__", ()):
            if names := own.get(name) or _NAMES.get(name):
                declared.autocompletion = _completer(names)


def _completer(names: Names) -> Callable[[Any, str], list[str]]:
    def complete(ctx: Any, incomplete: str) -> list[str]:
        begun, last = _last_of(incomplete)
        found: list[str] = []
        # A store that cannot be read is no reason to spoil the line that somebody writes, or what else fits.
        with suppress(NnbenchError, NnkitError, OSError):
            found.extend(f"{begun}{name}" for name in names(ctx, last) if name.startswith(last))
        return found

    return complete


def _last_of(text: str) -> tuple[str, str]:
    """Split a comma list before its last entry; a comma between parentheses separates no entries."""
    depth, start = 0, 0
    for place, letter in enumerate(text, start=1):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            start = place
    return text[:start], text[start:]


def _of_axis(axis: Axis) -> Names:
    words = ("none", *_LAYERS[axis.name]) if axis.name in _LAYERS else ()
    words = getattr(axis.canonical, "keywords", {}).get("words", words)
    return lambda ctx, begun: (*(_choices(axis.lists, begun) if axis.lists else words), OWN)


def _choices(kind: str, begun: str) -> Iterable[str]:
    """Yield the names of a kind; behind ``adam(`` the hyper-parameters that are not given yet."""
    wrappers = choices.registry_of("wrappers").names() if kind == "optimizers" else ()
    half_written = re.fullmatch(r"(.*?)([\w.]+)\(((?:.*,\s*)?)[^(),]*", begun, re.S)
    if half_written is None:
        yield from (*_parts(kind), *(f"{name}(" for name in wrappers))
        return
    before, name, given = half_written.groups()
    is_wrapper = name in wrappers
    if is_wrapper and not given:
        yield from (f"{before}{name}({inner}" for inner in _parts(kind))
    for hyper in choices.registry_of("wrappers" if is_wrapper else kind).record(name).hyperparameters:
        if not re.search(rf"\b{hyper.name}\s*=", given):
            yield f"{before}{name}({given}{hyper.name}="


def _parts(kind: str) -> Iterable[str]:
    yield from import_module(f"nnkit.{kind}").names()


def _words(*words: str) -> Names:
    return lambda ctx, begun: words


def _cases(ctx: Any, begun: str) -> Iterable[str]:
    for entry in shipped.built_in():
        yield from (entry.name, *entry.aliases)
    yield from shipped.suites()


def _claims(ctx: Any, begun: str) -> Iterable[str]:
    from nnbench.cases import resources
    from nnbench.cases.files import read_toml

    yield from (read_toml(path)["id"] for path in sorted(resources.cases_folder().glob("claims/*.toml")))


def _schemas(ctx: Any, begun: str) -> Iterable[str]:
    from nnbench.plan.file_schemas import KINDS

    yield from KINDS


def _starters(ctx: Any, begun: str) -> Iterable[str]:
    from nnbench.starters.kinds import KINDS

    yield from KINDS


def _languages(ctx: Any, begun: str) -> Iterable[str]:
    from nnbench.records.claims import LANGUAGES

    yield from LANGUAGES


def _runs(ctx: Any, begun: str) -> Iterable[str]:
    """Yield the newest runs in the store that the command line names, the newest first."""
    from nnbench.plan.settings import display_settings
    from nnbench.store import Store

    path = display_settings(store=ctx.params.get("store"), color=None).store
    with Store.open(path, create=False) as store:
        runs = store.runs()[:_RUNS_OFFERED]
    yield from (summary.run for summary in runs)
    yield from ("last" if not back else f"last~{back}" for back in range(len(runs)))


def _trial_keys(ctx: Any, begun: str) -> Iterable[str]:
    """Yield the keys of the newest run's trials, once somebody writes one."""
    from nnbench.plan.settings import display_settings
    from nnbench.store import Store

    if re.fullmatch(rf"[0-9a-f]{{{_KEY_LETTERS},64}}", begun):
        path = display_settings(store=ctx.params.get("store"), color=None).store
        with Store.open(path, create=False) as store:
            yield from store.run("last").trial_keys


def _everything(ctx: Any, begun: str) -> Iterable[str]:
    for kind in inventory.PART_KINDS:
        yield from choices.registry_of(kind).names()
    yield from _cases(ctx, begun)
    yield from _claims(ctx, begun)
    yield from _runs(ctx, begun)
    yield from _trial_keys(ctx, begun)


_NAMES: dict[str, Names] = {
    **{axis.key: _of_axis(axis) for axis in AXES.values()},
    **dict.fromkeys(("case", "cases"), _cases),
    **dict.fromkeys(("run", "a", "b"), _runs),
    "lang": _languages,
    "against": lambda ctx, begun: _parts("optimizers"),
    "names": lambda ctx, begun: _parts("datasets"),
    "subject": lambda ctx, begun: dict.fromkeys((*_cases(ctx, begun), *_parts("functions"))),
    "function": lambda ctx, begun: _parts("functions"),
    "starter": _starters,
    "kind": _words(*inventory.KINDS, "runs"),
    "name": _everything,
    "claims": _claims,
    "color": _words("auto", "always", "never"),
    "dtype": _words("float32", "float64"),
    "engine": _words("threads", "processes", "dask"),
    "order": _words("shuffled", "seed"),
}
# Names that mean something else in one verb.
_OF_VERB: dict[str, dict[str, Names]] = {
    "schema": {"kind": _schemas},
    "skill": {"action": _words("show", "install")},
    "data": {"action": _words("list", "fetch", "import", "where", "check")},
    "ablate": {"optimizer": lambda ctx, begun: _choices("optimizers", begun)},
}
