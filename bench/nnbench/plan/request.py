"""From what stands on the command line to a plan: which cases, which matrix, how. Nothing is written here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnbench.cases import catalogue, plugins, samples
from nnbench.cases.files import check, read_toml
from nnbench.cases.spec import CaseSpec, MatrixFile, RunSection
from nnbench.cases.subject import SubjectCase
from nnbench.errors import UsageError
from nnbench.plan import settings
from nnbench.plan.against import reference_label, with_references
from nnbench.plan.crossing import cross
from nnbench.plan.lots import Lot, lots_of
from nnbench.plan.matrix import Matrix, TrialSpec
from nnbench.plan.seeds import Ranges, read_seeds
from nnbench.plan.settings import Layer, Settings, auto_seeds
from nnbench.plan.subjects import check_subjects, native_only, with_subjects
from nnkit import datasets
from nnkit.datasets.tables import SUFFIXES

# For a race that is not told how many: the seeds of a case's own are too few for anybody to leave early.
RACE_SEEDS: Ranges = (range(40),)


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that has passed every check that needs no training."""

    settings: Settings
    matrix: Matrix
    against: str | None  # label of the reference configuration
    tuned_by: tuple[str, ...] = ()  # the searches that its learning rates come from

    def trials(self) -> list[TrialSpec]:
        """Return the trials of the matrix; of a shard, those that fall into it."""
        return [trial for lot in self.lots() for trial in lot.trials()]

    def lots(self) -> Iterator[Lot]:
        """Yield every configuration with its seeds; of a shard, with those that fall into it."""
        shard = self.settings.shard
        for lot in lots_of(self.matrix):
            if shard is None:
                yield lot
            else:
                yield lot.among(trial.seed for trial in lot.trials() if shard.has(trial.key))


@dataclass(frozen=True, slots=True)
class _Named:
    """What the arguments name: cases, and at most one matrix file with its settings."""

    cases: tuple[CaseSpec, ...]
    layer: Layer


def make_plan(
    arguments: Sequence[str],
    options: Mapping[str, object],
    further: Sequence[CaseSpec] = (),
    *,
    environment: Mapping[str, str],
    folder: Path,
) -> Plan:
    """Return the plan for these arguments and options, and further cases, or raise UsageError."""
    found, from_pyproject_cases = settings.from_pyproject(folder)
    asked = settings.from_options(options), settings.from_environment(environment)
    # Before the first name is looked up: a case may well be made of parts that a plug-in adds.
    plugins.load(settings.plugin_files(*asked, found))
    named = _read_arguments(arguments)
    chosen = settings.read_settings(*asked, named.layer, found)
    cases = (*named.cases, *further) or tuple(catalogue.case_named(name) for name in from_pyproject_cases)
    if not cases:
        raise UsageError("usage: nnbench run CASE… [--optimizer a,b] [--activation c,d] …", _known_cases())
    return plan_for(cases, chosen)


def plan_for(cases: Sequence[CaseSpec], chosen: Settings) -> Plan:
    """Return the plan that crosses these cases as the settings say, or each one's own ``[run]`` section."""
    distinct, notes = _each_once(cases)
    check_subjects(distinct, chosen)
    if chosen.epochs is not None:
        distinct = [case.trained_for(chosen.epochs) for case in distinct]
    seeds = chosen.seeds or (RACE_SEEDS if chosen.race else None)
    own_seeds = {case.name: _own_seeds(case, auto_seeds(race=chosen.race)) for case in distinct}
    native = tuple(case for case in distinct if not isinstance(case, SubjectCase))
    matrix = cross(
        native,
        with_references(chosen.axes, chosen.against) if native else {},
        seeds=seeds,
        own_seeds=own_seeds,
        dtype=chosen.dtype,
        probes=chosen.probes,
        notes=notes,
    )
    matrix = with_subjects(matrix, distinct, chosen, seeds=seeds, own_seeds=own_seeds)
    plan = Plan(settings=chosen, matrix=matrix, against=reference_label(matrix, chosen.against))
    # The last check: nobody should fetch data first and then read that an option is misspelt.
    datasets.require(name for case in native for name in samples.needed(case.data))
    return plan


def settings_for(options: Mapping[str, object], *, environment: Mapping[str, str], folder: Path) -> Settings:
    """Return the settings for a verb that takes one case, with its plug-ins loaded."""
    found, _ = settings.from_pyproject(folder)
    asked = settings.from_options(options), settings.from_environment(environment)
    plugins.load(settings.plugin_files(*asked, found))
    return settings.read_settings(*asked, found)


def one_case(argument: str) -> CaseSpec:
    """Return the case with this name or alias, or in this file, without what it crosses by itself."""
    case = whole_case(argument)
    native_only([case], "this verb")
    return case.model_copy(update={"run": RunSection()})


def whole_case(argument: str) -> CaseSpec:
    """Return the case with this name or alias, or in this file."""
    named = _read_arguments([argument])
    if len(named.cases) != 1:
        raise UsageError(f"{argument}: this names {len(named.cases)} cases. Name one case or its file.")
    return named.cases[0]


def _read_arguments(arguments: Sequence[str]) -> _Named:
    cases: list[CaseSpec] = []
    from_matrix: list[CaseSpec] = []
    layers: dict[str, Layer] = {}
    for argument in arguments:
        if argument.lower().endswith(SUFFIXES):
            raise UsageError(f"{argument}: no case, but data: nnbench run --data {argument} --target COLUMN")
        suite = catalogue.suites().get(argument)
        if suite is None and not _is_path(argument):
            cases.append(catalogue.case_named(argument))
            continue
        path = suite or Path(argument)
        content = read_toml(path)
        if catalogue.is_case(content):
            cases.append(catalogue.read_case(content, argument))
            continue
        file = check(MatrixFile, content, argument)
        layers[argument] = settings.from_file(file, argument, path.parent)
        plugins.load(settings.plugin_files(layers[argument]))
        from_matrix += _cases_of(file, argument, path.parent)
    if len(layers) > 1:
        raise UsageError(
            f"{' and '.join(layers)}: a run takes one matrix file. Run them one after the other."
        )
    return _Named(cases=tuple(cases or from_matrix), layer=next(iter(layers.values()), {}))


def _cases_of(file: MatrixFile, where: str, folder: Path) -> Iterable[CaseSpec]:
    for index, text in enumerate(file.cases):
        place = f"{where}, cases[{index}]"
        if _is_path(text):
            yield catalogue.read_case(read_toml(folder / text), str(folder / text))
        else:
            try:
                yield catalogue.case_named(text)
            except UsageError as error:
                raise UsageError(f"{place}: {error}") from None


def _is_path(text: str) -> bool:
    return text.endswith(".toml") or "/" in text or "\\" in text


def _each_once(cases: Sequence[CaseSpec]) -> tuple[list[CaseSpec], list[str]]:
    distinct: dict[str, CaseSpec] = {}
    notes = []
    for case in cases:
        known = distinct.setdefault(case.name, case)
        if known is not case and known.model_dump() == case.model_dump():
            notes.append(f"case {case.name!r} is given twice; it runs once.")
        elif known is not case:
            raise UsageError(
                f"{known.where} and {case.where}: two different cases are called {case.name!r}. Rename one."
            )
    return list(distinct.values()), notes


def _own_seeds(case: CaseSpec, auto: int) -> Ranges:
    return read_seeds(case.run.seeds, f"{case.where}, run.seeds", auto=auto)


def _known_cases() -> str:
    entries = catalogue.built_in()
    names = (entry.name + (f" ({', '.join(entry.aliases)})" if entry.aliases else "") for entry in entries)
    return (
        f"cases: {', '.join(names)}; suites: {', '.join(catalogue.suites())}; or the path of a .toml file."
        " `nnbench list cases` and `nnbench list suites` describe them."
    )
