"""What a run would do, said without training anything, and without making trials that are only counted."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nnbench.cases.spec import CaseSpec
from nnbench.cases.subject import SubjectCase
from nnbench.plan.lots import Lot
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.settings import Settings
from nnbench.running.experiment import n_jobs
from nnbench.running.probing import settled_keys
from nnbench.store import MissingStore, Store
from nnbench.store.problems import DamagedStore
from nnbench.store.rows import choices_of_row

_Work = tuple[int, Lot | TrialSpec]  # how many trials there are to run like this one
_MOST_LOOKS = 30  # each compiles a program
_Configuration = tuple[str, frozenset[tuple[str, str]]]  # case and choices


@dataclass(frozen=True, slots=True)
class Forecast:
    """How much there is to do, and about how long it takes."""

    n_trials: int
    n_cached: int
    seconds: float | None  # None: how long a subject takes is not known
    jobs: int


def forecast(lots: Iterable[Lot], chosen: Settings, further: Sequence[TrialSpec] = ()) -> Forecast:
    """Return how many trials these and the further ones are, how many are stored, and the time of the rest.

    A key takes longer than everything else here, so it is made of a trial of a lot only where the store has
    one of that configuration and seed.
    """
    asked = list(lots)
    in_lots, cached = _looked_up(chosen, asked, further)
    todo: list[_Work] = [(len(lot) - n, lot) for lot, n in zip(asked, in_lots, strict=True) if n < len(lot)]
    todo += _counted(trial for trial in further if trial.key not in cached)
    n_trials = sum(map(len, asked)) + len(further)
    n_todo, jobs = sum(n for n, _ in todo), n_jobs(chosen)
    return Forecast(n_trials, n_trials - n_todo, _seconds(todo, min(jobs, max(1, n_todo))), jobs)


def _seconds(todo: Sequence[_Work], n_at_once: int) -> float | None:
    """Return the time of so many trials like each of these, from a fair sample where they are many."""
    from nnbench.training.program import estimate_s

    if any(isinstance(_case_of(work), SubjectCase) for _, work in todo):
        return None
    looked_at = todo if len(todo) <= _MOST_LOOKS else sorted(todo, key=_as_by_chance)[:_MOST_LOOKS]
    share = sum(n for n, _ in looked_at) / max(1, sum(n for n, _ in todo))
    made = ((n, next(work.trials()) if isinstance(work, Lot) else work) for n, work in looked_at)
    return sum(n * estimate_s(trial) for n, trial in made) / n_at_once / (share or 1.0)


def _case_of(work: Lot | TrialSpec) -> CaseSpec:
    return work.part.case if isinstance(work, Lot) else work.case


def _as_by_chance(work: _Work) -> bytes:
    """Return what puts configurations into an order that has nothing to do with their choices."""
    return hashlib.sha256(repr((_case_of(work[1]).name, work[1].axes.values)).encode()).digest()


def _counted(trials: Iterable[TrialSpec]) -> list[_Work]:
    """Return one trial of every configuration, and how many they are."""
    found: dict[tuple[str, object], list[TrialSpec]] = {}
    for trial in trials:
        found.setdefault((trial.case.name, trial.axes), []).append(trial)
    return [(len(own), own[-1]) for own in found.values()]


def _looked_up(
    chosen: Settings, lots: Sequence[Lot], further: Sequence[TrialSpec]
) -> tuple[list[int], set[str]]:
    """Return how many trials of each lot the store has, and the keys of the further ones that it has."""
    try:
        with Store.open(chosen.store, create=False) as store:
            known = _by_configuration(_seeds(store))
            found = [_recorded(lot, known) for lot in lots]
            settled = settled_keys(store, [*(trial for own in found for trial in own), *further])
            return [sum(trial.key in settled for trial in own) for own in found], settled
    except MissingStore:
        return [0] * len(lots), set()


def _seeds(store: Store) -> list[tuple[str, str, int]]:
    try:
        return store.recorded_seeds()
    except DamagedStore:
        return []  # what cannot be read has to be run again


def _by_configuration(found: Iterable[tuple[str, str, int]]) -> dict[_Configuration, list[int]]:
    """Return the seeds by case and choices."""
    by_text: dict[tuple[str, str], list[int]] = {}
    for case, axes, seed in found:
        by_text.setdefault((case, axes), []).append(seed)
    return {(case, choices_of_row(axes)): seeds for (case, axes), seeds in by_text.items()}


def _recorded(lot: Lot, known: dict[_Configuration, list[int]]) -> list[TrialSpec]:
    """Return the trials of a lot whose configuration and seed are in the store, by whatever key."""
    seeds = known.get((lot.part.case.name, frozenset(lot.axes.values)))
    return list(lot.among(seeds).trials()) if seeds else []
