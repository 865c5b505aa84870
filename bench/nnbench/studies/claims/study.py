"""``nnbench claims``: run what is missing of every claim, and judge each by what its seeds gave."""

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnbench.cases.claims import Claim, ClaimSpec, ExperimentSection, QuantitySection, facts
from nnbench.errors import UsageError
from nnbench.plan.settings import Settings
from nnbench.records.claims import ClaimResult, Image, Line, Measurement, QuantityResult
from nnbench.running.experiment import n_jobs
from nnbench.running.workplace import workplace
from nnbench.statistics.claims.expression import BadExpression, evaluate, names_in, parse
from nnbench.statistics.claims.verdict import judge, of_claim
from nnbench.statistics.estimation.intervals import t_interval
from nnbench.store import MissingStore, Store
from nnbench.studies.claims import matrices, measuring
from nnbench.studies.claims.matrices import Trials
from nnbench.studies.claims.measuring import Failed, Task
from nnkit import datasets
from nnkit.errors import NnkitError


@dataclass(frozen=True, slots=True)
class Study:
    """Claims that have passed every check that needs no training."""

    claims: tuple[Claim, ...]
    seeds: tuple[int, ...]
    settings: Settings
    is_embedded: bool  # whether data sets that do not ship are left out though they are there


@dataclass(slots=True)
class _Evidence:
    """What there is of one claim."""

    trials: dict[str, Trials] = field(default_factory=dict)
    measured: dict[str, dict[int, Measurement]] = field(default_factory=dict)  # by experiment and seed
    missing: dict[str, str] = field(default_factory=dict)  # experiments without their data
    seconds: float = 0.0

    def seeds(self) -> tuple[int, ...]:
        found = {trial.seed for trials in self.trials.values() for trial in trials.trials}
        return tuple(sorted(found.union(*self.measured.values()) if self.measured else found))

    def lookup(self, seed: int, name: str, attribute: str, choices: Mapping[str, Any] | None) -> Any:
        if name in self.trials:
            return self.trials[name].value(attribute, choices, seed)
        if choices is not None:
            raise BadExpression(f"{name} is an experiment: {name}.{attribute} is not called")
        measured = self.measured[name].get(seed)
        if measured is None:
            return math.nan
        if attribute not in measured.values:
            raise BadExpression(f"{name} has no {attribute!r}; it has {', '.join(sorted(measured.values))}")
        return measured.values[attribute]


def make_study(claims: Sequence[Claim], settings: Settings, *, is_embedded: bool) -> Study:
    """Return the study of these claims, or raise UsageError for a mistake in one of their files."""
    for claim in claims:
        for place, text in _expressions(claim.spec):
            _check(claim, place, text)
    seeds = tuple(seed for span in settings.seeds or (range(10),) for seed in span)
    return Study(tuple(claims), seeds, settings, is_embedded)


def carry_out(study: Study) -> tuple[list[ClaimResult], list[Failed]] | None:
    """Run and measure what the store does not have, and judge every claim; None where it was interrupted."""
    evidence = {claim.spec.id: _Evidence() for claim in study.claims}
    for claim in study.claims:
        found = evidence[claim.spec.id]
        found.missing = _missing(claim.spec, study)
        for name, section in claim.spec.matrix.items():
            where = f"{claim.where}, matrix.{name}"
            trials = matrices.carry_out(section, where, claim.path.parent, study.settings, study.seeds)
            if trials is None:
                return None
            found.trials[name] = trials
            found.seconds += sum(trial.train_s for trial in trials.trials if trial.train_s == trial.train_s)
    failed = _measure(study, evidence)
    if failed is None:
        return None
    return [_result(claim, evidence[claim.spec.id], failed) for claim in study.claims], failed


@dataclass(frozen=True, slots=True)
class Ahead:
    """What claims need: measurements of experiments, and trials; ``searches`` are matrices still to tune."""

    n_measurements: int
    n_measured: int
    n_trials: int
    n_trained: int
    searches: int
    trial_seconds: float


def ahead(study: Study) -> Ahead:
    """Return what the claims need and what of it the store has. Nothing is run."""
    keys = {task.key for _, _, task in _tasks(study)}
    try:
        with Store.open(study.settings.store, create=False) as store:
            n_measured = len(store.measurements(keys))
    except MissingStore:
        n_measured = 0
    found = [
        matrices.forecast(
            section, f"{claim.where}, matrix.{name}", claim.path.parent, study.settings, study.seeds
        )
        for claim in study.claims
        for name, section in claim.spec.matrix.items()
    ]
    return Ahead(
        n_measurements=len(keys),
        n_measured=n_measured,
        n_trials=sum(each.n_trials for each, _ in found),
        n_trained=sum(each.n_cached for each, _ in found),
        searches=sum(is_untuned for _, is_untuned in found),
        trial_seconds=sum(each.seconds or 0.0 for each, _ in found),
    )


def _tasks(study: Study) -> Iterator[tuple[str, str, Task]]:
    for claim in study.claims:
        missing = _missing(claim.spec, study)
        for name, section in claim.spec.experiment.items():
            if name not in missing:
                for task in measuring.tasks(section, claim.path.parent, _seeds(section, study)):
                    yield claim.spec.id, name, task


def _seeds(section: ExperimentSection, study: Study) -> tuple[int, ...]:
    return study.seeds[: section.seeds] if section.seeds else study.seeds


def _measure(study: Study, evidence: Mapping[str, _Evidence]) -> list[Failed] | None:
    """Measure what is missing, and put everything where it belongs; None where it was interrupted."""
    asked = list(_tasks(study))
    with Store.open(study.settings.store, create=True) as store:
        known = store.measurements({task.key for _, _, task in asked})
    todo = list({task.key: task for _, _, task in asked if task.key not in known}.values())
    failed: list[Failed] = []
    if todo:
        with workplace(study.settings) as around:

            def keep(measured: Measurement) -> None:
                around.store.put_measurement(measured)
                known[measured.key] = measured

            jobs, progress = n_jobs(study.settings), around.progress
            failed = measuring.carry_out(todo, jobs=jobs, stop=around.stop, keep=keep, tell=progress.training)
            if around.stop.is_set():
                return None
    for identity, name, task in asked:
        found = evidence[identity]
        found.measured.setdefault(name, {})
        if task.key in known:
            found.measured[name][task.seed] = known[task.key]
            found.seconds += known[task.key].seconds
    return failed


def _missing(spec: ClaimSpec, study: Study) -> dict[str, str]:
    """Return the experiments that cannot run, and the data sets that they lack."""
    needed = {name: section.needs for name, section in spec.experiment.items() if section.needs}
    return {name: data for name, data in needed.items() if study.is_embedded or not _is_there(data)}


def _is_there(dataset: str) -> bool:
    try:
        datasets.require([dataset])
    except NnkitError:
        return False
    return True


def _result(claim: Claim, evidence: _Evidence, failed: Sequence[Failed]) -> ClaimResult:
    spec, seeds = claim.spec, evidence.seeds()
    if not (spec.unmeasured.en or spec.unmeasured.ko):
        quantities = tuple(_quantities(claim, evidence, seeds))
        lines, images = _lines(claim, evidence, seeds), _images(claim, evidence, seeds)
    else:
        quantities, lines, images = (), (), ()
    own = {section.call for section in spec.experiment.values()}
    why = next((each.why for each in failed if each.task.call in own), "")
    return ClaimResult(
        claim=facts(spec),
        verdict=of_claim(quantities),
        quantities=quantities,
        lines=lines,
        images=images,
        seeds=seeds,
        seconds=evidence.seconds,
        why_not=why,
        missing_data=tuple(dict.fromkeys(evidence.missing.values())),
    )


def _quantities(claim: Claim, evidence: _Evidence, seeds: Sequence[int]) -> Iterator[QuantityResult]:
    sections = claim.spec.quantity
    trees = [parse(section.value) for section in sections]
    counting = [_counts(*pair, evidence) for pair in zip(sections, trees, strict=True)]
    for place, (section, tree) in enumerate(zip(sections, trees, strict=True)):
        has_data = names_in(tree).isdisjoint(evidence.missing)
        where = f"quantity[{place}].value"
        values = [_number(claim, where, tree, evidence, seed) for seed in seeds] if has_data else []
        yield judge(
            [value for value in values if value is not None],
            section.holds,
            n_counting=sum(counting),
            is_share=section.scale == "share" or isinstance(tree, ast.Compare),
            noticeable=section.noticeable,
            size=section.size,
            counts=counting[place],
        )


def _counts(section: QuantitySection, tree: ast.expr, evidence: _Evidence) -> bool:
    """Whether a quantity has part in the verdict: not without its data, nor where there are better data."""
    replaced = bool(section.unless) and section.unless not in evidence.missing
    return section.counts and not replaced and names_in(tree).isdisjoint(evidence.missing)


def _number(claim: Claim, where: str, tree: ast.expr, evidence: _Evidence, seed: int) -> float | None:
    """Return the value of a seed; None where an experiment has fewer seeds than that."""
    if any(seed not in evidence.measured.get(name, {seed: None}) for name in names_in(tree)):
        return None
    value = _value(claim, where, tree, evidence, seed)
    if isinstance(value, list):
        raise UsageError(f"{claim.where}, {where}: this is a list. A quantity is one number for each seed.")
    return float(value)


def _value(claim: Claim, where: str, tree: ast.expr, evidence: _Evidence, seed: int) -> Any:
    try:
        return evaluate(tree, lambda *asked: evidence.lookup(seed, *asked))
    except (BadExpression, TypeError, ValueError, IndexError) as error:
        raise UsageError(f"{claim.where}, {where}: {error}.") from None


def _lines(claim: Claim, evidence: _Evidence, seeds: Sequence[int]) -> tuple[Line, ...]:
    """Return a line for each that the picture lists; one without points where it is not drawn."""
    picture = claim.spec.picture
    return tuple(
        Line((), (), (), ())
        if line.unless and line.unless not in evidence.missing
        else _line(claim, place, line.values, line.x or picture.x.series, evidence, seeds)
        for place, line in enumerate(picture.lines)
    )


def _line(
    claim: Claim, place: int, values: str, own_x: str, evidence: _Evidence, seeds: Sequence[int]
) -> Line:
    where = f"picture.lines[{place}]"
    rows = _series(claim, f"{where}.values", values, evidence, seeds)
    if not rows:
        return Line((), (), (), ())
    x: Sequence[float] = claim.spec.picture.x.values
    if own_x:
        x = _series(claim, f"{where}.x", own_x, evidence, seeds)[0]
    n = min(len(x), *(len(row) for row in rows))
    columns = [[row[at] for row in rows if math.isfinite(row[at])] for at in range(n)]
    ends = [t_interval(column) for column in columns]
    mean = [math.fsum(column) / len(column) if column else math.nan for column in columns]
    bounds = [pair if math.isfinite(pair[0]) else (at, at) for pair, at in zip(ends, mean, strict=True)]
    low, high = zip(*bounds, strict=True)
    return Line(tuple(map(float, x[:n])), tuple(mean), low, high)


def _series(
    claim: Claim, where: str, text: str, evidence: _Evidence, seeds: Sequence[int]
) -> list[list[float]]:
    """Return a list of numbers for each seed that has one."""
    tree = parse(text)
    if not names_in(tree).isdisjoint(evidence.missing):
        return []
    found = [_value(claim, where, tree, evidence, seed) for seed in seeds]
    return [[float(value) for value in row] for row in found if isinstance(row, list)]


def _images(claim: Claim, evidence: _Evidence, seeds: Sequence[int]) -> tuple[Image, ...]:
    drawn = []
    for place, image in enumerate(claim.spec.picture.images):
        where = f"picture.images[{place}]"
        grid = _value(claim, f"{where}.values", parse(image.values), evidence, seeds[0])
        text = image.points or "[]"
        points = _value(claim, f"{where}.points", parse(text), evidence, seeds[0])
        drawn.append(
            Image(
                tuple(tuple(map(float, row)) for row in grid),
                tuple((float(x), float(y), int(label)) for x, y, label in points),
            )
        )
    return tuple(drawn)


def _expressions(spec: ClaimSpec) -> Iterator[tuple[str, str]]:
    """Yield every expression of a claim's file and where it stands."""
    for place, quantity in enumerate(spec.quantity):
        yield f"quantity[{place}].value", quantity.value
    for place, line in enumerate(spec.picture.lines):
        yield f"picture.lines[{place}].values", line.values
        if line.x:
            yield f"picture.lines[{place}].x", line.x
    for place, image in enumerate(spec.picture.images):
        yield f"picture.images[{place}].values", image.values
        if image.points:
            yield f"picture.images[{place}].points", image.points
    if spec.picture.x.series:
        yield "picture.x.series", spec.picture.x.series


def _check(claim: Claim, place: str, text: str) -> None:
    try:
        unknown = names_in(parse(text)) - claim.spec.matrix.keys() - claim.spec.experiment.keys()
    except BadExpression as error:
        raise UsageError(f"{claim.where}, {place}: {text!r}: {error}.") from None
    if unknown:
        raise UsageError(
            f"{claim.where}, {place}: {sorted(unknown)[0]!r} is no matrix and no experiment of this claim."
        )
