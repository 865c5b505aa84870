"""Where settings come from: options, then ``NNBENCH_*``, then the matrix file, then pyproject.toml.

All four use the same names, and the first that gives one wins. Every value keeps the place it came from, so
that a message about it can say where to mend it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from nnbench.cases import choices
from nnbench.cases.axis import AXES
from nnbench.cases.files import check, read_toml
from nnbench.errors import UsageError
from nnkit.errors import did_you_mean

if TYPE_CHECKING:  # what lists and shows asks for two settings, and must not wait for what plans a run
    from nnbench.cases.spec import MatrixFile
    from nnbench.plan.matrix import Asked, Dtype, Order
    from nnbench.plan.seeds import Ranges
    from nnbench.plan.shard import Shard

Color = Literal["auto", "always", "never"]
How = Literal["threads", "processes", "dask"]  # engines, by name
ENVIRONMENT_PREFIX = "NNBENCH_"
# The options that may also stand in the environment or in a file, as they are spelt there.
SCALARS = (
    *("plugin", "seeds", "first_seed", "epochs", "jobs", "store"),
    *(
        "dtype",
        "against",
        "tuned",
        "race",
        "budget",
        "probes",
        "order",
        "engine",
        "scheduler",
        "color",
        "quiet",
    ),
)
# By every spelling: ``lr`` and ``learning_rate`` are one setting, and so are ``jobs`` and ``threads``.
NAMES = {
    **{spelling: axis.key for axis in AXES.values() for spelling in (axis.key, axis.name)},
    **{name: name for name in SCALARS},
    "threads": "jobs",
}
# What is no setting of a run, and may stand in the environment.
_OTHER_VARIABLES = {"NNBENCH_DEBUG", "NNBENCH_DATA_DIR"}
MAX_JOBS = 1024
# Here and not in the store, which takes longer to import than a list of parts to print.
DEFAULT_PATH = Path(".nnbench") / "store.sqlite"


@dataclass(frozen=True, slots=True)
class Given:
    """A value as somebody wrote it, and where."""

    value: object
    where: str


Layer = Mapping[str, Given]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is asked to do and how; None where nobody said anything."""

    axes: Mapping[str, Asked]
    seeds: Ranges | None
    first_seed: int
    epochs: int | None
    jobs: int | None
    store: Path
    dtype: Dtype
    against: Given | None
    tuned: Given | None  # whether each configuration runs at the rate that a search found for it
    order: Order
    color: Color
    quiet: bool
    race: bool = False
    budget_s: float | None = None
    probes: bool = False
    shard: Shard | None = None  # None: the whole run
    engine: How | None = None  # None: what suits the trials
    scheduler: str | None = None  # address of a dask scheduler; None: a cluster of this machine


def from_options(options: Mapping[str, object]) -> Layer:
    """Return the options that were given on the command line."""
    return {
        name: Given(value, f"--{name.replace('_', '-')}")
        for name, value in options.items()
        if value is not None and value is not False
    }


def from_environment(environment: Mapping[str, str]) -> Layer:
    """Return the settings among the environment variables; an empty one counts as not set."""
    found: dict[str, Given] = {}
    for spelling, name in NAMES.items():
        variable = ENVIRONMENT_PREFIX + spelling.upper()
        if not environment.get(variable):
            continue
        given = Given(environment[variable], variable)
        if name in found and found[name].value != given.value:
            raise UsageError(f"{found[name].where} and {variable} are one setting. Set one of them.")
        found.setdefault(name, given)
    return found


def unknown_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return a remark for every variable that looks like a setting and is none."""
    known = {ENVIRONMENT_PREFIX + spelling.upper() for spelling in NAMES} | _OTHER_VARIABLES
    unknown = sorted(
        name for name in environment if name.startswith(ENVIRONMENT_PREFIX) and name not in known
    )
    return tuple(f"{name}: there is no such setting.{did_you_mean(name, known)}" for name in unknown)


def from_file(file: MatrixFile, where: str, folder: Path, *, prefix: str = "") -> Layer:
    """Return the settings of a matrix file. Paths in it are meant from the folder it lies in."""
    layer = {
        AXES[axis].key: Given(values, f"{where}, {prefix}axes.{axis}")
        for axis, values in file.axes.given().items()
    }
    if file.set is not None:
        layer["set"] = Given(file.set, f"{where}, {prefix}set")
    for name in SCALARS:
        value = getattr(file, name)
        if value is not None:
            if name == "store":
                value = str(folder / value)
            elif name == "plugin":
                value = tuple(str(folder / file) for file in value)
            layer[name] = Given(value, f"{where}, {prefix}{name}")
    return layer


def from_pyproject(start: Path) -> tuple[Layer, tuple[str, ...]]:
    """Return ``[tool.nnbench]`` of the nearest pyproject.toml at or above a folder, and its cases."""
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            tools = read_toml(path).get("tool", {})
            if not isinstance(tools, dict):
                raise UsageError(f"{path}, tool: expected a table. Write [tool.nnbench].")
            table = tools.get("nnbench")
            if table is None:
                return {}, ()
            if isinstance(table, dict):  # the gate's own table is read by the gate
                table = {key: value for key, value in table.items() if key != "gate"}
                if not table:
                    return {}, ()
            from nnbench.cases.spec import MatrixFile

            file = check(MatrixFile, table, f"{path}, tool.nnbench")
            return from_file(file, str(path), folder, prefix="tool.nnbench."), file.cases
    return {}, ()


def plugin_files(*layers: Layer) -> list[str]:
    """Return the plug-ins that any layer names: they add up, where other settings replace one another."""
    files: list[str] = []
    for layer in layers:
        value = layer["plugin"].value if "plugin" in layer else ()
        files += value.split(",") if isinstance(value, str) else map(str, cast("Sequence[str]", value))
    return files


def read_settings(*layers: Layer) -> Settings:
    """Return the settings, each from the first layer that gives it, or raise UsageError."""
    from nnbench.plan.durations import read_budget
    from nnbench.plan.matrix import Dtype, Order
    from nnbench.plan.seeds import read_seeds

    first = {name: given for layer in reversed(layers) for name, given in layer.items()}
    first_seed = _whole(first.get("first_seed"), at_least=0) or 0
    seeds = first.get("seeds")
    if seeds is None and "first_seed" in first:
        raise UsageError(
            f"{first['first_seed'].where}: this needs a number of seeds, for example --seeds 10."
        )
    race, budget = _truth(first.get("race")), first.get("budget")
    return Settings(
        axes=dict(_axes(first)),
        seeds=None
        if seeds is None
        else read_seeds(_seeds(seeds), seeds.where, first=first_seed, auto=auto_seeds(race=race)),
        first_seed=first_seed,
        epochs=_whole(first.get("epochs"), at_least=1, at_most=1_000_000),
        jobs=_whole(first.get("jobs"), at_least=1, at_most=MAX_JOBS),
        store=store_path(first.get("store")),
        dtype=_one_of(first.get("dtype"), Dtype, "float32"),
        against=first.get("against"),
        tuned=first.get("tuned") if _truth(first.get("tuned")) else None,
        # Who is stopped by the clock should have as many seeds of one configuration as of another.
        order=_one_of(first.get("order"), Order, "seed" if race or budget else "shuffled"),
        color=_one_of(first.get("color"), Color, "auto"),
        quiet=_truth(first.get("quiet")),
        race=race,
        budget_s=None if budget is None else read_budget(str(budget.value), budget.where),
        probes=_truth(first.get("probes")),
        shard=_shard(first.get("shard"), race=race),
        **_engine(first, budget),
    )


def _engine(first: Layer, budget: Given | None) -> dict[str, Any]:
    given, scheduler = first.get("engine"), first.get("scheduler")
    engine = None if given is None else _one_of(given, How, "threads")
    if scheduler is not None and engine != "dask":
        raise UsageError(f"{scheduler.where}: a scheduler is dask's. Add --engine dask, or leave it out.")
    if given is not None and budget is not None and engine != "threads":
        raise UsageError(
            f"{given.where}: {engine} run trials in batches, and {budget.where} decides before each one"
            " whether it still fits. Leave one of the two out."
        )
    return {"engine": engine, "scheduler": None if scheduler is None else str(scheduler.value)}


def _shard(given: Given | None, *, race: bool) -> Shard | None:
    if given is None:
        return None
    if race:
        raise UsageError(
            f"{given.where}: a race decides from all of its trials who goes on, and a shard has some of them."
            " Leave one of the two out."
        )
    from nnbench.plan.shard import read_shard

    return read_shard(str(given.value), given.where)


def store_path(given: Given | None) -> Path:
    """Return the store's file: in the folder that was named, or the file itself if one was."""
    if given is None:
        return DEFAULT_PATH
    text = str(given.value)
    if not text.strip() or "\0" in text:
        raise UsageError(f"{given.where}: expected a folder, found {text!r}. Try .nnbench.")
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise UsageError(f"{given.where}: found {text!r}, and there is no such user. Try .nnbench.") from None
    return path if path.is_file() or path.suffix == DEFAULT_PATH.suffix else path / DEFAULT_PATH.name


def _axes(first: Layer) -> Iterator[tuple[str, Asked]]:
    from nnbench.plan.matrix import Asked

    named = _named_values(first["set"]) if "set" in first else {}
    for name, axis in AXES.items():
        given = first.get(axis.key)
        if given is not None and name in named:
            raise UsageError(f"{given.where} and {named[name].where} are one setting. Give one of them.")
        if given is not None:
            try:
                values = given.value if isinstance(given.value, tuple) else choices.split(str(given.value))
            except UsageError as error:
                raise UsageError(f"{given.where}: {error}") from None
            yield name, Asked(tuple(values), given.where)
    yield from named.items()


def _named_values(given: Given) -> dict[str, Asked]:
    """Return the values of ``--set width=32,64``, or of the table ``[set]`` of a file, by axis."""
    from nnbench.plan.matrix import Asked

    by_key = {axis.key: axis.name for axis in AXES.values()}
    found: dict[str, Asked] = {}
    written = given.value
    pairs = written.items() if isinstance(written, Mapping) else map(_pair, cast("list[str]", written))
    for name, values in pairs:
        axis = by_key.get(name, name)
        if not name.isidentifier() or name in ("seed", "log") or axis in found:
            raise UsageError(
                f"{given.where}: expected the name of an axis once, with values behind it, found {name!r}."
                " Try --set width=32,64."
            )
        texts = choices.split(values) if isinstance(values, str) else values
        found[axis] = Asked(tuple(texts), f"{given.where} {name}")
    return found


def _pair(text: str) -> tuple[str, str]:
    name, _, values = text.partition("=")
    return name.strip(), values


def auto_seeds(*, race: bool) -> int:
    """Return what "auto" stands for: the fewest seeds with which a run can decide anything, or a race end."""
    from nnbench.statistics.comparing.looks import fewest_seeds, fewest_to_race, level_of_look

    return fewest_to_race() if race else fewest_seeds(level_of_look(1))


def _seeds(given: Given) -> int | str | tuple[int, ...]:
    value = given.value
    assert isinstance(value, int | str | tuple), f"seeds of type {type(value)} from {given.where}"
    return value


def _whole(given: Given | None, *, at_least: int, at_most: int | None = None) -> int | None:
    if given is None:
        return None
    try:
        number = int(str(given.value))
    except ValueError:
        raise UsageError(f"{given.where}: expected a whole number, found {given.value!r}.") from None
    if number < at_least:
        raise UsageError(f"{given.where}: must be at least {at_least}, found {number}.")
    if at_most is not None and number > at_most:
        raise UsageError(f"{given.where}: must be at most {at_most:,}, found {number}.")
    return number


def _one_of(given: Given | None, allowed: Any, default: str) -> Any:
    """Return one of the words of a Literal."""
    if given is None:
        return default
    words = get_args(allowed)
    if given.value not in words:
        raise UsageError(
            f"{given.where}: no such value {given.value!r}.{did_you_mean(str(given.value), words)}"
        )
    return given.value


def _truth(given: Given | None) -> bool:
    if given is None or isinstance(given.value, bool):
        return given is not None and bool(given.value)
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    word = str(given.value).lower()
    if word not in words:
        raise UsageError(f"{given.where}: expected true or false, found {given.value!r}.")
    return words[word]


@dataclass(frozen=True, slots=True)
class DisplaySettings:
    """What verbs that only look need to know."""

    store: Path
    color: Color
    plugins: tuple[str, ...]


def display_settings(
    *, store: str | None, color: str | None, plugin: Sequence[str] | None = None
) -> DisplaySettings:
    """Return what verbs that read and print need to know."""
    found, _ = from_pyproject(Path.cwd())
    options = from_options({"store": store, "color": color, "plugin": plugin})
    layers = (options, from_environment(os.environ), found)
    first = {name: given for layer in reversed(layers) for name, given in layer.items()}
    return DisplaySettings(
        store=store_path(first.get("store")),
        color=_one_of(first.get("color"), Color, "auto"),
        plugins=tuple(plugin_files(*layers)),
    )
