"""In which way a trial failed, told from its status and its curves, and how often at each level of a factor.

The thresholds are conventions, written here once; the kinds are tried in the order of ``FailureKind``.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nnbench.records.trials import CaseFacts, Status, TrialRecord

FailureKind = Literal[
    "failed", "pruned", "diverged", "no_value", "blown_up", "dead", "spike", "chance", "overfit", "plateau"
]

# The training loss at the end, in units of the loss at the start.
BLOWN_UP_RATIO = 10.0
# The validation loss at the end, in units of its lowest value, while the training loss went on falling.
OVERFIT_RATIO = 1.2
# A spike: in the second half of the steps the training loss leapt to so many times its level before, and
# above the lowest validation loss …
SPIKE_RATIO = 5.0
# … and one rise from an evaluation to the next is this share of what the validation loss lost.
SPIKE_SHARE = 0.5
# A plateau: over the second half of the steps the training loss fell by less than this share of itself,
# or rose …
PLATEAU_FALL = 0.02
# … and stands above this share of the loss at the start: below it there was little left to learn.
PLATEAU_LEVEL = 0.1
# Chance is a share of the examples, known to so many of its standard errors.
CHANCE_ERRORS = 2.0
# A loss "at" a step is the median over this share of all the steps around it, since one batch is noisy.
_WINDOW_SHARE = 0.1

_BY_STATUS: Mapping[Status, FailureKind] = {"failed": "failed", "pruned": "pruned", "diverged": "diverged"}


class Ended(Protocol):
    """What of a trial tells how it failed; a record has it."""

    @property
    def status(self) -> Status: ...
    @property
    def final(self) -> Mapping[str, float]: ...
    @property
    def curves(self) -> Mapping[str, NDArray[np.float32]]: ...


@dataclass(slots=True)
class LevelFailures:
    """The failures at one level of a factor."""

    n: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


def failure_kind(trial: Ended, facts: CaseFacts, *, dead_share: float = 0.0) -> FailureKind | None:
    """Return how the trial failed, or None where it did not (or was cancelled).

    ``dead_share`` is the largest share of dead units in any layer, where a probe has measured it. A trial
    that stands at its target at the end has not failed, whatever its curves look like.
    """
    if trial.status != "finished":
        return _BY_STATUS.get(trial.status)
    if has_no_value(trial, facts):
        return "no_value"
    loss = _curve(trial, "step_loss")
    if loss.size and _level_at_end(loss) > BLOWN_UP_RATIO * abs(float(loss[0])):
        return "blown_up"
    if dead_share >= 1.0:
        return "dead"
    if _is_at_target(trial, facts):
        return None
    validation_loss = _curve(trial, "val_loss")
    if _has_spiked(loss, validation_loss):
        return "spike"
    if is_at_chance(trial.final.get(facts.metric), facts):
        return "chance"
    if _has_overfit(loss, validation_loss):
        return "overfit"
    return "plateau" if facts.target is not None and _is_on_plateau(loss) else None


@dataclass(frozen=True, slots=True)
class Suspicions:
    """Which of many trials may have failed, by their curves: ``failure_kind`` says of these whether."""

    at_target: NDArray[np.bool_]  # even if it stands at its target
    elsewhere: NDArray[np.bool_]  # if it does not, and is not at chance


def suspicions(loss: NDArray[np.float32], validation_loss: NDArray[np.float32]) -> Suspicions:
    """Look at the curves of many finished trials, a row each; both have two values or more."""
    first, at_end, middle = (
        loss[:, 0].astype(np.float64),
        _levels_around(loss, 1.0),
        _levels_around(loss, 0.5),
    )
    validation = validation_loss.astype(np.float64)
    has_blown_up = at_end > BLOWN_UP_RATIO * np.abs(first)
    has_risen = validation[:, -1] > OVERFIT_RATIO * validation.min(axis=1)
    is_flat = (at_end > (1.0 - PLATEAU_FALL) * middle) & (at_end > PLATEAU_LEVEL * first)
    return Suspicions(has_blown_up, has_blown_up | has_risen | is_flat)


def how_it_failed(trial: TrialRecord, facts: CaseFacts) -> str | None:
    """Return the failure kind that is recorded, or else that of the case as it is now; None: it did not."""
    if trial.failure or trial.kind is None:
        return trial.failure or failure_kind(trial, facts)
    return trial.kind or None


def has_no_value(trial: Ended, facts: CaseFacts) -> bool:
    """Return whether a trial went well, and its metric has no value on its data: an AUC of one class."""
    is_missing = math.isnan(trial.final.get(facts.metric, 0.0))
    return trial.status == "finished" and is_missing and math.isfinite(trial.final.get("loss", math.nan))


def failures_by_level(trials: Iterable[TrialRecord], facts: CaseFacts) -> dict[str, dict[str, LevelFailures]]:
    """Return, for every axis and every choice on it, the number of trials and of their failures by kind."""
    counts = Counter(
        (trial.axes, how_it_failed(trial, facts))
        for trial in trials
        if trial.case == facts.name and trial.status != "cancelled"
    )
    table: dict[str, dict[str, LevelFailures]] = {}
    for (axes, kind), n in counts.items():
        for axis, choice in axes.values:
            level = table.setdefault(axis, {}).setdefault(choice, LevelFailures())
            level.n += n
            if kind is not None:
                level.kinds[kind] += n
    return table


def _curve(trial: Ended, name: str) -> NDArray[np.float64]:
    return np.asarray(trial.curves.get(name, ()), dtype=np.float64)


def _is_at_target(trial: Ended, facts: CaseFacts) -> bool:
    value = trial.final.get(facts.metric)
    if facts.target is None or value is None:
        return False
    return stands_at_target(value, facts.target, facts)


def stands_at_target(value: float, target: float, facts: CaseFacts) -> bool:
    return value >= target if facts.direction == "max" else value <= target


def is_at_chance(value: float | None, facts: CaseFacts) -> bool:
    """Return whether the final metric is no better than chance by more than could be noise."""
    if value is None or math.isnan(facts.chance):  # of results made elsewhere nobody knows what chance is
        return False
    gain = value - facts.chance if facts.direction == "max" else facts.chance - value
    noise = facts.noticeable
    n = facts.n_train if facts.is_of_training else facts.n_validation
    if facts.limits == (0.0, 1.0) and n:  # nobody knows how many rows a subject has
        error = math.sqrt(facts.chance * (1.0 - facts.chance) / n)  # of an accuracy; of others about it
        noise = max(noise, CHANCE_ERRORS * error)
    return gain <= noise


def _has_overfit(loss: NDArray[np.float64], validation_loss: NDArray[np.float64]) -> bool:
    if validation_loss.size < 2 or loss.size < 2:
        return False
    lowest = int(validation_loss.argmin())
    # Both curves span the run evenly, so the same share of the way is the same moment.
    then = _level_around(loss, lowest / (validation_loss.size - 1))
    return _has_risen(validation_loss) and _level_at_end(loss) < then


def _has_risen(validation_loss: NDArray[np.float64]) -> bool:
    return bool(validation_loss[-1] > OVERFIT_RATIO * validation_loss.min())


def _has_spiked(loss: NDArray[np.float64], validation_loss: NDArray[np.float64]) -> bool:
    """Return whether a leap of the loss, late in training, is why the validation loss ends above its lowest.

    Overfitting raises it step by step, while the training loss falls.
    """
    if validation_loss.size < 2 or loss.size < 4 or not _has_risen(validation_loss):
        return False
    lowest = validation_loss.min()
    rises = np.diff(validation_loss)
    leap = rises[(rises.size - 1) // 2 :].max()
    start, width = loss.size // 2, min(_width(loss.size), loss.size // 2)
    before = np.median(sliding_window_view(loss[start - width : -1], width), axis=1)
    has_leapt = loss[start:] > np.maximum(SPIKE_RATIO * before, lowest)
    return bool(has_leapt.any()) and bool(leap > SPIKE_SHARE * (validation_loss[-1] - lowest))


def _is_on_plateau(loss: NDArray[np.float64]) -> bool:
    if loss.size < 2:
        return False
    end, middle = _level_at_end(loss), _level_around(loss, 0.5)
    return end > (1.0 - PLATEAU_FALL) * middle and end > PLATEAU_LEVEL * float(loss[0])


def _level_at_end(loss: NDArray[np.float64]) -> float:
    return _level_around(loss, 1.0)


def _level_around(loss: NDArray[np.float64], share: float) -> float:
    """Return the median loss in a window at this share of the way through the steps."""
    return _median(loss[_window(loss.size, share)])


def _levels_around(losses: NDArray[np.float32], share: float) -> NDArray[np.float64]:
    """Return ``_level_around`` of every row."""
    ordered = np.sort(losses[:, _window(losses.shape[1], share)], axis=1)  # NaN last
    n = ordered.shape[1]
    low, high, last = (ordered[:, place].astype(np.float64) for place in ((n - 1) // 2, n // 2, n - 1))
    return np.where(np.isnan(last), math.nan, 0.5 * (low + high))


def _window(n: int, share: float) -> slice:
    """Return the places of the window at this share of the way through n steps."""
    width = _width(n)
    start = min(max(0, round(share * (n - 1)) - width // 2), n - width)
    return slice(start, start + width)


def _median(values: NDArray[np.float64]) -> float:
    """Return the median: NumPy's own, which takes ten times as long on the few numbers of a window."""
    kept = values.copy()
    kept.sort()  # NaN last
    ordered, n = kept.tolist(), len(kept)
    return math.nan if math.isnan(ordered[-1]) else 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])


def _width(n: int) -> int:
    return max(1, round(_WINDOW_SHARE * n))
