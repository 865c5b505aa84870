"""``nnbench.plan/1``, ``nnbench.doctor/1``, ``nnbench.merge/1`` and ``nnbench.calibration/1``."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from nnbench.reporting.shapes.parts import Axes


class PlannedConfiguration(TypedDict):
    """One configuration that would be trained."""

    case: Annotated[str, "The case."]
    axes: Axes
    seeds: Annotated[list[int], "Its seeds."]


class SearchAhead(TypedDict):
    """The search that goes before a run at tuned rates."""

    trials: Annotated[int, "Its trials at least."]
    leaves: Annotated[int, "Trials of the run that it ends with."]


class OutlookOn(TypedDict):
    """What the seeds of a case can show."""

    case: Annotated[str, "The case."]
    seeds: Annotated[int, "Seeds of each configuration."]
    fewest_seeds: Annotated[int, "With fewer nothing can be shown."]
    comparisons: Annotated[int, "Pairs that are judged together."]
    difference: Annotated[float | None, "The least difference that they show in nine runs of ten."]
    seeds_for_noticeable: Annotated[int | None, "Seeds that show the noticeable one; null: not known."]


class PlanDocument(TypedDict):
    """What `run --dry-run --json` prints."""

    schema: Annotated[Literal["nnbench.plan/1"], "The name and the version of this schema."]
    trials: Annotated[int, "Trials in all."]
    cached: Annotated[int, "Those of them that the store has."]
    estimated_s: Annotated[float | None, "Seconds it would take; null: a subject's time is not known."]
    jobs: Annotated[int, "Trials at a time."]
    budget_s: Annotated[float | None, "Seconds that were given; null: as long as it takes."]
    looks: Annotated[
        dict[str, list[int]], "Of each case that is raced: after how many seeds it is looked at."
    ]
    configurations: Annotated[list[PlannedConfiguration], "Every configuration."]
    outlook: Annotated[list[OutlookOn], "Of every case."]
    search: NotRequired[Annotated[SearchAhead, "With --tuned, where rates are not known."]]


class SearchPlanDocument(TypedDict):
    """What `tune --dry-run --json` prints."""

    schema: Annotated[Literal["nnbench.plan/1"], "The name and the version of this schema."]
    trials: Annotated[int, "Trials at least: a grid may grow."]
    cached: Annotated[int, "Those of them that the store has."]
    configurations: Annotated[int, "How many are searched."]
    rates: NotRequired[Annotated[int, "Rates of each, where the rate alone is searched."]]
    settings: NotRequired[Annotated[int, "Settings of each, where several dimensions are."]]
    estimated_s: Annotated[float | None, "Seconds it would take; null: a subject's time is not known."]
    jobs: Annotated[int, "Trials at a time."]


class Finding(TypedDict):
    """One line of the examination."""

    name: Annotated[str, "What was examined."]
    state: Annotated[Literal["ok", "warn", "fail"], "fail: nnbench does not work so; exit code 4."]
    finding: Annotated[str, "What was found."]


class DoctorDocument(TypedDict):
    """What `doctor --json` prints."""

    schema: Annotated[Literal["nnbench.doctor/1"], "The name and the version of this schema."]
    checks: Annotated[list[Finding], "Everything that was examined."]


class MergedStore(TypedDict):
    """What one store held, and how much of it was new."""

    store: Annotated[str, "The store."]
    trials: Annotated[int, "Its trials."]
    new_trials: Annotated[int, "Those that were new."]
    runs: Annotated[int, "Its runs."]
    new_runs: Annotated[int, "Those that were new."]
    new_pictures: Annotated[int, "New pictures of first layers."]
    new_tuned_rates: Annotated[int, "New results of searches."]
    new_measurements: Annotated[int, "New measurements of claims."]


class MergeDocument(TypedDict):
    """What `merge --json` prints."""

    schema: Annotated[Literal["nnbench.merge/1"], "The name and the version of this schema."]
    into: Annotated[str, "The store that it was copied into."]
    stores: Annotated[list[MergedStore], "Every store."]
    damaged: Annotated[dict[str, list[str]], "By store: what was left out, in words."]


class CalibratedConfiguration(TypedDict):
    """How a configuration stands to the new target."""

    label: Annotated[str, "Its choices."]
    median: Annotated[float | None, "Median of the metric."]
    at_target: Annotated[int, "Seeds that reach it."]
    n: Annotated[int, "Seeds."]


class CalibrationDocument(TypedDict):
    """What `calibrate --json` prints."""

    schema: Annotated[Literal["nnbench.calibration/1"], "The name and the version of this schema."]
    case: Annotated[str, "The case."]
    target: Annotated[float, "The new target."]
    previous_target: Annotated[float | None, "The one before; null: none."]
    calibration: Annotated[dict[str, Any], "The section [calibration] of the case's file: see `schema case`."]
    configurations: Annotated[list[CalibratedConfiguration], "Every configuration that was measured."]
