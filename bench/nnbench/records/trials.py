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
# Why a race was over: one was left or better than all the others, every seed was given out, its budget was
# used up, or it was interrupted.
Ending = Literal["decided", "seeds", "budget", "stopped"]


@dataclass(frozen=True, slots=True)
class Axes:
    """One choice per axis, in the order the axes are printed: ``optimizer``, ``activation``, ``init``, …

    ``values`` are the canonical spellings, e.g. ``("optimizer", "sgd(momentum=0.9)")``.
    """

    values: tuple[tuple[str, str], ...]

    def as_dict(self) -> dict[str, str]:
        return dict(self.values)

    def label(self, varying: tuple[str, ...]) -> str:
        """Return the choices on the axes that vary, e.g. ``"adam · relu"``."""
        chosen = self.as_dict()
        return " · ".join(chosen[name] for name in varying if name in chosen) or "(only configuration)"

    def at(self, name: str, choice: str) -> "Axes":
        """Return the same choices but for this one axis."""
        return Axes(tuple((axis, choice if axis == name else value) for axis, value in self.values))

    def without(self, name: str) -> "Axes":
        return Axes(tuple((axis, value) for axis, value in self.values if axis != name))


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
    final: Mapping[str, float]  # validation metrics at the last step; empty unless finished
    best: Mapping[str, float]  # the best evaluated values, with "step"; empty if never evaluated
    steps: int
    steps_to_target: int | None  # first evaluated step that reached the case's target; None is infinity
    train_s: float
    digest: str  # sha256 of the final parameters
    failure: str | None = None  # failure kind: diverged, blown_up, chance, …
    error: str | None = None  # text of the error when status is failed
    # float32 curves: "step_loss" one per step; "eval_step" and "val_*" one per evaluation
    curves: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    pictures: Pictures | None = None  # of one seed of a configuration whose first layer is a convolution
    numerics: int = 1  # nnkit's NUMERICS_VERSION: the same seed gives other bits in another one


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What a report must know of a case, stored with the run so that reporting needs nothing else."""

    name: str
    summary: str
    metric: str  # "accuracy" or "loss": the validation metric that is compared
    direction: Direction
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


@dataclass(frozen=True, slots=True)
class RateSearch:
    """Which learning rates were tried for one configuration, as they are spelt, and which was chosen."""

    case: str
    axes: Axes  # every choice but the learning rate
    configuration: str  # hash of what all its trials share: everything but rate and seed
    default_rate: str
    grid: tuple[str, ...]  # evenly spaced in the logarithm, ascending; the default is in its middle
    grown: tuple[str, ...]  # beyond its ends, because the best rate was an end
    refined: tuple[str, ...]  # between the best rate and its neighbours
    learning_rate: str | None  # the best seen; None: no rate left a score
    edge: Edge | None  # the end of all these rates that it is: then it is no optimum


@dataclass(frozen=True, slots=True)
class Tuning:
    """What ``nnbench tune`` did: every configuration the same number of rates, on seeds of their own."""

    tuning_seeds: tuple[int, ...]
    seeds: tuple[int, ...]  # fresh ones, at the chosen rate and at the default rate
    searches: tuple[RateSearch, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """An optimizer with all its hyper-parameters, as it is spelt, and its learning rate."""

    optimizer: str
    learning_rate: str


@dataclass(frozen=True, slots=True)
class SpanSearched:
    """Between which values a hyper-parameter was searched, and what it is by default."""

    name: str
    low: float
    high: float
    default: float


@dataclass(frozen=True, slots=True)
class PointSearch:
    """Which settings of its hyper-parameters one configuration was tried at, and which was chosen."""

    case: str
    axes: Axes  # as they were asked for, at the default rate
    configuration: str  # hash of what was asked for: everything but rate and seed
    spans: tuple[SpanSearched, ...]  # the learning rate first
    points: tuple[Setting, ...]  # the default setting first
    values: tuple[tuple[float, ...], ...]  # of every point, in the order of the spans
    chosen: int | None  # index of the best; None: no point left a score
    edges: tuple[str, ...]  # hyper-parameters beyond whose best value none was tried: there it is no optimum


@dataclass(frozen=True, slots=True)
class Sampling:
    """What ``nnbench tune --over`` did: every configuration as many points, on seeds of their own."""

    tuning_seeds: tuple[int, ...]
    seeds: tuple[int, ...]  # fresh ones, at the chosen setting and at the default
    searches: tuple[PointSearch, ...]


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
    p: float  # of this pair alone, at most the race's threshold


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
    def n_tests(self) -> int:
        """Every pair at every look: what the level is divided by."""
        return self.n_configurations * (self.n_configurations - 1) // 2 * len(self.looks)

    @property
    def threshold(self) -> float:
        """The p value at which a configuration leaves."""
        return self.level / self.n_tests


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
    tuning: Tuning | None = None  # None: it was no search for learning rates
    sampling: Sampling | None = None  # None: it was no search for several hyper-parameters
    # bytes that an optimizer keeps for each parameter, by its spelling; empty where nobody asks
    state_bytes: Mapping[str, float] = field(default_factory=dict)
    tuned_by: tuple[str, ...] = ()  # the searches that the learning rates of this run come from
    races: tuple[CaseRace, ...] = ()  # one per case, where configurations could leave early
    budget_s: float | None = None  # None: as long as it takes


Verdict = Literal["better", "worse", "equivalent", "cannot_tell"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict on configuration ``a`` against reference ``b``, paired by seed: "a is better than b"."""

    case: str
    a: Axes
    b: Axes
    verdict: Verdict
    difference: float  # mean of a minus b over the pairs, in units of the metric
    interval: tuple[float, float]
    p: float  # Holm-adjusted within the printed family
    n: int  # pairs
    seeds_needed: int | None
    reason: str  # one clause a reader can act on


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
