"""Which column of a sheet is what: as the user says, or as its name says.

MLflow (``mlflow.search_runs().to_csv()``, ``mlflow experiments csv``) writes a row for each run, with
``run_id``, ``status``, ``params.NAME``, ``metrics.NAME`` and ``tags.NAME``. Weights & Biases' table of runs
has ``Name``, ``State`` and others, then hyper-parameters and metrics side by side without a mark; made with
its interface and pandas it has dictionaries, ``summary`` and ``config``. In that of nnbench (``nnbench report
--format csv``) the axes stand between ``case`` and ``seed``; with ``--curves`` its rows are values of curves.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from nnbench.errors import UsageError
from nnbench.studies.judged.cells import ENDED, is_numeric
from nnbench.studies.judged.measure import direction_of
from nnbench.studies.judged.sheet import Sheet
from nnkit.errors import did_you_mean

_CONFIG = ("config", "configuration", "method", "algorithm", "model", "name")
_SEED = ("seed", "random_seed", "random_state", "rng_seed", "run", "trial", "replicate", "repetition", "rep")
_STEP = ("step", "global_step", "_step", "iteration", "epoch")
_CASE = ("case", "dataset", "task")
_STATUS = ("status", "state")
# What trackers write of a run beside its settings and its metrics.
_OF_THE_RUN = re.compile(
    "(run_)?(name|id)|experiment_id|artifact_uri|agent|state|status|notes|user|tags.*|created|updated|runtime"
    "|duration|sweep|group|job_type|host(name)?|start_time|end_time|date|time(stamp)?|commit"
)
_PREFIX = re.compile(r"^(params|metrics|config|summary|tags)[./:]|^final_")
_NNBENCH = {"case", "seed", "status", "metric", "direction", "noticeable"}


@dataclass(frozen=True, slots=True)
class Named:
    """The columns that the user named; what is empty or None is to be found."""

    config: tuple[str, ...] = ()
    seed: str | None = None
    metric: str | None = None
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    config: tuple[str, ...]
    seed: str
    metric: str | None  # None: each row names its own, as nnbench's do
    step: str | None
    status: str | None
    case: str | None


def plain(name: str) -> str:
    """Return ``val_accuracy`` for ``metrics.val_accuracy``."""
    return _PREFIX.sub("", name)


def find_columns(sheet: Sheet, named: Named) -> Columns:
    """Return what each column is, or raise UsageError that says which cannot be told and what to do."""
    is_own = set(sheet.header) >= _NNBENCH
    seed = _named(sheet, named.seed, "--seed") or _first(sheet.header, _SEED)
    if seed is None:
        raise UsageError(
            f"{sheet.name}: no column of seeds among {_listed(sheet.header)}. Results are compared seed by"
            " seed: the number that fixed a run's data split and initial weights, the same for every"
            " configuration. The order of the rows is no seed. Add a column seed, or name it: --seed COLUMN."
        )
    step = _named(sheet, named.step, "--step") or _first(sheet.header, _STEP)
    status = next((name for name in _by_name(sheet.header, _STATUS) if _are_endings(sheet, name)), None)
    filled = [name for name in sheet.header if all(sheet.column(name))]
    case = _first([name for name in filled if name not in named.config], _CASE)
    config = tuple(name for each in named.config if (name := _named(sheet, each, "--config")))
    metric = _named(sheet, named.metric, "--metric")
    taken = {*config, seed, step, status, case}
    if metric is None and not is_own:
        metric = _metric(sheet, [name for name in sheet.header if name not in taken])
    free = [name for name in sheet.header if name not in {*taken, metric}]
    if is_own:
        free = list(sheet.header[sheet.header.index("case") + 1 : sheet.header.index("seed")])
    config = config or _config(sheet, free, is_own=is_own)
    if named.step is None and _has_no_twins(sheet, *config, seed, case):
        step = None  # one row for each trial: what a tracker calls its step is where it stood at the end
    return Columns(config, seed, metric, step, status, case)


def _has_no_twins(sheet: Sheet, *names: str | None) -> bool:
    cells = zip(*(sheet.column(name) for name in names if name), strict=True)
    return len(set(cells)) == len(sheet.rows)


def _named(sheet: Sheet, asked: str | None, option: str) -> str | None:
    if asked is None or asked in sheet.header:
        return asked
    found = _by_name(sheet.header, (asked,))
    if len(found) != 1:
        what = "several such columns" if found else "no such column"
        near = did_you_mean(asked, found or sheet.header)
        raise UsageError(f"{option} {asked}: {sheet.name} has {what}.{near}")
    return found[0]


def _by_name(header: Iterable[str], names: Sequence[str]) -> list[str]:
    """Return the columns of these names in any case, with or without a tracker's prefix; best name first."""
    folded = {name: {_folded(name), _folded(plain(name))} for name in header}
    return [column for name in names for column in folded if _folded(name) in folded[column]]


def _folded(name: str) -> str:
    return name.lower().replace(" ", "_")


def _first(header: Iterable[str], names: Sequence[str]) -> str | None:
    return next(iter(_by_name(header, names)), None)


def _are_endings(sheet: Sheet, name: str) -> bool:
    return all(cell.lower() in ENDED for cell in set(sheet.column(name)))


def _metric(sheet: Sheet, free: Sequence[str]) -> str:
    """Return the only column that can be the metric, by its name and its numbers."""
    free = [name for name in free if name.startswith(("metrics.", "summary."))] or free
    free = [name for name in free if is_numeric(sheet.column(name))]
    found = _by_name(free, ("metric",)) or [name for name in free if direction_of(plain(name))] or free
    if len(found) == 1:
        return found[0]
    what = f"It may be {_listed(found)}." if found else f"None of {_listed(sheet.header)} has numbers."
    raise UsageError(f"{sheet.name}: which column is the metric? {what} Name it: --metric COLUMN.")


def _config(sheet: Sheet, free: Sequence[str], *, is_own: bool) -> tuple[str, ...]:
    """Return the columns that name a configuration: those that a tracker marks, one by its name, or texts.

    A column in which no two rows agree names the runs, one in which all do names nothing: these are taken
    where there is nothing else.
    """
    repeated = {name for name in free if 1 < len(set(sheet.column(name))) < len(sheet.rows)}
    marked = list(free) if is_own else [name for name in free if name.startswith(("params.", "config."))]
    known = [] if marked else _by_name(free, _CONFIG)
    settings = [name for name in free if not _OF_THE_RUN.fullmatch(_folded(name))]
    texts = marked or [name for name in settings if not is_numeric(sheet.column(name))]
    for names in (known, texts):
        if telling := [name for name in names if name in repeated]:
            return _telling(sheet, telling if names is texts else telling[:1])
    if not known and not texts:
        raise UsageError(
            f"{sheet.name}: which columns name the configuration? It may be"
            f" {_listed(free) or 'none of them'}. Name them: --config COLUMN,COLUMN."
        )
    return _telling(sheet, known[:1] or texts)


def _telling(sheet: Sheet, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that tell rows apart, words first, without those that follow from others."""
    kept: list[str] = []
    n_apart = 1
    for name in sorted(names, key=lambda name: is_numeric(sheet.column(name))):
        n = len(set(zip(*map(sheet.column, [*kept, name]), strict=True)))
        if n > n_apart:
            kept, n_apart = [*kept, name], n
    return tuple(name for name in names if name in kept) or (names[0],)


def _listed(names: Collection[str]) -> str:
    shown = ", ".join([*names][:12])
    return f"{shown} and {len(names) - 12} more" if len(names) > 12 else shown
