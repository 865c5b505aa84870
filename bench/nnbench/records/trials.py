"""What trials and runs leave behind: plain data that the store keeps and the reports read.

Nothing here computes, and nothing here imports nnkit or numba.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Status = Literal["finished", "diverged", "failed", "pruned", "cancelled"]
Direction = Literal["max", "min"]
Edge = Literal["low", "high"]
# How a search goes: along one dimension over a grid that grows and is refined, or through several at once.
Strategy = Literal["grid", "points"]
# Why a point was tried: it is one of the first grid, lies beyond an end of it, or beside the best; or it is
# a point of several dimensions.
Stage = Literal["grid", "grown", "refined", "point"]
# Why a race was over: one was left or better than all the others, every seed was given out, its budget was
# used up, or it was interrupted.
Ending = Literal["decided", "seeds", "budget", "stopped"]


@dataclass(frozen=True, slots=True)
class Axes:
    """One choice per axis, in the order the axes are printed: ``optimizer``, ``activation``, ``init``, …

    ``values`` are the canonical spellings that identify a configuration, e.g. ``("optimizer", "adamw")``.
    ``shown`` are choices that a run asked for in other words, or that identify nothing since they are the
    case's own: ``("optimizer", "adam"), ("weight_decay", "0.004")``. Two configurations are equal if their
    ``values`` are.
    """

    values: tuple[tuple[str, str], ...]
    shown: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def as_dict(self) -> dict[str, str]:
        """Return the choices as they are shown."""
        return {**dict(self.values), **dict(self.shown)}

    def label(self, varying: tuple[str, ...]) -> str:
        """Return the choices on the axes that vary, e.g. ``"adam · relu"``."""
        chosen = self.as_dict()
        return " · ".join(chosen[name] for name in varying if name in chosen) or "(only configuration)"

    def at(self, name: str, choice: str) -> "Axes":
        """Return the same choices but for this one axis."""
        moved = tuple((axis, choice if axis == name else value) for axis, value in self.values)
        return Axes(moved, self.without(name).shown)

    def without(self, name: str) -> "Axes":
        values, shown = (
            tuple((axis, choice) for axis, choice in pairs if axis != name)
            for pairs in (self.values, self.shown)
        )
        return Axes(values, shown)


@dataclass(frozen=True, slots=True)
class Pictures:
    """What the first convolution of a trial learned, and what it makes of a few validation samples.

    Kernels are (height, width, channels, filters), values (sample, height, width, channels); of sequences
    both are without the height. All are float32, and have the first of the filters where there are many.
    """

    layer: str
    activation: str  # that the maps are behind; "" none
    n_filters: int  # of the layer
    samples: tuple[int, ...]  # places in the validation data; none where they would take too much room
    labels: tuple[int, ...]  # of the samples; none where targets are no labels
    drawn: NDArray[np.float32]  # the kernel before training
    learned: NDArray[np.float32]
    inputs: NDArray[np.float32]
    maps: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """What one trial leaves. ``key`` is the hash of everything that can change its result."""

    key: str
    case: str
    axes: Axes
    seed: int
    status: Status
    final: Mapping[str, float]  # metrics at the last step, NaN where one has no value; empty unless finished
    best: Mapping[str, float]  # the best evaluated values, with "step"; empty if never evaluated
    steps: int
    steps_to_target: int | None  # first evaluated step that reached the case's target; None is infinity
    train_s: float
    digest: str  # sha256 of the final parameters
    failure: str | None = None  # failure kind: diverged, blown_up, chance, …
    error: str | None = None  # text of the error when status is failed
    # float32 curves: "step_loss" one per step; "eval_step", "val_*" and "train_*" one per evaluation
    curves: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    pictures: Pictures | None = None  # of one seed of a configuration whose first layer is a convolution
    numerics: int = 1  # nnkit's NUMERICS_VERSION: the same seed gives other bits in another one
    # The failure kind by the case as it is now, "" for none; None: nobody has looked. It is not stored.
    kind: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """How the numbers of a metric are read."""

    metric: str
    direction: Direction
    unit: str | None = None  # "%" or "", or None where it has no record: then its name tells
    least: float | None = None  # the ends of its range
    most: float | None = None

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """The ends of the metric's range, where it has any."""
        return (0.0, 1.0) if self.unit is None and self.metric == "accuracy" else (self.least, self.most)

    @property
    def curve(self) -> str:
        """The curve of a trial that has the metric's values."""
        return self.metric if self.is_of_training else f"val_{self.metric}"

    @property
    def is_of_training(self) -> bool:
        """True for ``train_accuracy``: it is evaluated on what was trained on."""
        return self.metric.startswith("train_")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts(MetricFacts):
    """What a report must know of a case, stored with the run so that reporting needs nothing else.

    The metric is the one that is compared: ``"accuracy"``, of the validation data, or ``"train_accuracy"``.
    """

    name: str
    summary: str
    target: float | None
    noticeable: float  # the just-noticeable difference, in units of the metric
    chance: float  # the metric of a useless model
    n_train: int
    n_validation: int
    n_parameters: int
    epochs: int
    batch_size: int
    steps: int
    suite_version: int | None = None  # of target and metric; None: the case was never calibrated
    exchange_rate: float | None = None  # of the metric for a step, near the target; None: not known
    also: tuple[MetricFacts, ...] = ()  # what is measured besides, and compared by nobody
    subject: str | None = None  # the user's own code that trains it, as it was named; None: nnkit does
    data: str = ""  # of files of the user's own: their names, rows, columns and digest


@dataclass(frozen=True, slots=True)
class Span:
    """One dimension of a search: between which values a hyper-parameter was searched, and its default."""

    name: str
    low: float
    high: float
    default: float


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a search: the choices that it sets, as they are spelt, and its value in each dimension."""

    choices: Axes
    values: tuple[float, ...]
    stage: Stage


@dataclass(frozen=True, slots=True)
class Search:
    """Which points one configuration was tried at, and which was chosen."""

    case: str
    axes: Axes  # as they were asked for: at the default of everything that was searched
    configuration: str  # hash of what was asked for: everything but rate and seed
    spans: tuple[Span, ...]  # a span for every dimension, the learning rate first
    points: tuple[Point, ...]  # those of a grid in ascending order, others with the default first
    chosen: int | None  # index of the point that was chosen; None: no point left a score
    finalists: tuple[int, ...] = ()  # indices of the points that the final seeds were spent on
    # Of the trials at the chosen point and at those beside it: how many failed as too long a step makes them
    # fail, and how many they are. None: an earlier version did not look.
    around: tuple[int, int] | None = None

    @property
    def best(self) -> Point | None:
        return None if self.chosen is None else self.points[self.chosen]

    @property
    def is_default(self) -> bool:
        return self.best is not None and self.at(self.best) == self.axes

    def at(self, point: Point) -> Axes:
        """Return the choices of the configuration at a point."""
        chosen = self.axes
        for axis, choice in point.choices.values:
            chosen = chosen.at(axis, choice)
        return chosen

    def place(self, name: str) -> int:
        """Return where a hyper-parameter stands among the values of a point."""
        return [span.name for span in self.spans].index(name)

    def value(self, name: str) -> float | None:
        """Return the value of a hyper-parameter at the chosen point."""
        return None if self.best is None else self.best.values[self.place(name)]

    def edge(self, name: str) -> Edge | None:
        """Return the end of all tried values of a hyper-parameter that its chosen value is."""
        tried = [point.values[self.place(name)] for point in self.points]
        ends: dict[float | None, Edge] = {min(tried): "low", max(tried): "high"}
        return ends.get(self.value(name))

    @property
    def edges(self) -> tuple[str, ...]:
        """The hyper-parameters beyond whose chosen value none was tried: there it is no optimum."""
        return tuple(span.name for span in self.spans if self.edge(span.name))


@dataclass(frozen=True, slots=True)
class Tuning:
    """What ``nnbench tune`` did: every configuration as many points, on seeds of their own."""

    strategy: Strategy
    tuning_seeds: tuple[int, ...]
    seeds: tuple[int, ...]  # fresh ones, at the chosen point and at the default
    searches: tuple[Search, ...]
    final_seeds: tuple[int, ...] = ()  # further tuning seeds, for the last few points
    repeats: tuple["Tuning", ...] = ()  # the same search again on other tuning seeds
    held_out: tuple[str, ...] = ()  # cases whose official test part no tuning trial has seen

    @property
    def n_points(self) -> int:
        """How many points every configuration was tried at."""
        return len(self.searches[0].points)

    @property
    def n_tuning_trials(self) -> int:
        """How many trials chose the point of one configuration, in one search."""
        n_final = len(self.searches[0].finalists) * len(self.final_seeds)
        return self.n_points * len(self.tuning_seeds) + n_final

    @property
    def of_configurations(self) -> tuple[tuple[Search, ...], ...]:
        """The searches of every configuration: the first one, then those on other tuning seeds."""
        return tuple(zip(self.searches, *(each.searches for each in self.repeats), strict=True))

    def fresh(self, place: int) -> tuple[int, ...]:
        """Return the fresh seeds of one of several searches: they take turns."""
        return self.seeds[place :: 1 + len(self.repeats)]


@dataclass(frozen=True, slots=True)
class Pruning:
    """When a configuration left a race, and the evidence: what its pairs with the leader showed."""

    axes: Axes
    look: int  # counted from 1
    n_seeds: int  # that had been given out by then
    against: Axes  # who led then
    n: int  # pairs
    difference: float  # mean of this one minus the leader, in units of the metric
    interval: tuple[float, float]
    p: float  # adjusted for all pairs of this look, at most the race's threshold


@dataclass(frozen=True, slots=True)
class CaseRace:
    """The race of one case: its rule, fixed beforehand, and what came of it."""

    case: str
    level: float  # of the whole race
    n_configurations: int
    looks: tuple[int, ...]  # after how many seeds the configurations are compared; the last one is the end
    prunings: tuple[Pruning, ...] = ()
    ending: Ending = "stopped"

    @property
    def threshold(self) -> float:
        """The level of each look: at each, all pairs are judged together."""
        return self.level / len(self.looks)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One invocation of ``run`` or ``tune``: which trials it asked for, in order, and where it ran."""

    run: str
    created: str  # ISO 8601, UTC
    command: str
    cases: tuple[CaseFacts, ...]
    varying: tuple[str, ...]  # axes with more than one value, in print order
    against: str | None  # the reference the user named, as a label; None: the leader
    trial_keys: tuple[str, ...]
    environment: Mapping[str, Any]
    elapsed_s: float
    n_new: int
    n_cached: int
    tuning: Tuning | None = None  # None: it was no search
    # bytes that an optimizer keeps for each parameter, by its spelling; empty where it was not looked at
    state_bytes: Mapping[str, float] = field(default_factory=dict)
    tuned_by: tuple[str, ...] = ()  # the searches that the learning rates of this run come from
    races: tuple[CaseRace, ...] = ()  # one per case, where configurations could leave early
    budget_s: float | None = None  # None: as long as it takes
    # Configurations, by case, that this run shows in other words than those that identify them.
    shown: tuple[tuple[str, Axes], ...] = ()
    # How many times the comparison of a case was looked at, this one included; those not named: once.
    looks: Mapping[str, int] = field(default_factory=dict)
    shard: str | None = None  # "2/8": of this run, the trials that fall into the third of eight shards


Verdict = Literal["better", "worse", "equivalent", "cannot_tell"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict on configuration ``a`` against reference ``b``, paired by seed: "a is better than b"."""

    case: str
    a: Axes
    b: Axes
    verdict: Verdict
    difference: float  # mean of a minus b over the pairs, in units of the metric
    interval: tuple[float, float]  # simultaneous over the family
    p: float  # adjusted for the family: step-down max-T under sign flips
    n: int  # pairs
    seeds_needed: int | None  # of a new run
    reason: str  # one clause a reader can act on


@dataclass(frozen=True, slots=True)
class Judgement:
    """How the configurations of one case stand to each other, judged together."""

    case: str
    may_be_best: tuple[Axes, ...]  # those that are shown behind nobody, best first
    look: int  # counted from 1
    level: float  # of this look
    n_pairs: int  # of the family that the comparisons belong to


@dataclass(frozen=True, slots=True)
class ConfigurationSummary:
    """One configuration over its seeds. Trials without a score take part as the worst value there is."""

    case: str
    axes: Axes
    n: int
    median: float
    interval: tuple[float, float]
    success_rate: float
    success_interval: tuple[float, float]
    failures: Mapping[str, int]
    median_steps_to_target: float  # inf when at least half never reached it
    train_s: float  # median
    pruned: Pruning | None = None  # None: it did not leave a race
