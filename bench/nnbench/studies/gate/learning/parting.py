"""Where two trainings part: the first step that differs, by how much of its update, and how."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Kind = Literal["rule", "rounding"]
# Up to this share of the update a difference is a few roundings, by the bytes of a number: the same rule,
# with its sums in another order. A logged value says nothing of its type, and is taken for float32.
ROUNDING = {2: 1e-2, 4: 1e-5, 8: 1e-11}
_SAME_RATIO = 1e-3  # elements whose ratios agree to this are one factor
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Moment:
    """What a training logged at a step: values by name, and its weights where it gave any."""

    step: int
    values: Mapping[str, float]
    weights: Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Parting:
    """The first moment at which two trainings differ."""

    step: int
    name: str  # of a tensor, or of a logged value
    relative: float  # of the update that led there
    kind: Kind
    factor: str  # how the update changed, in words; empty where no factor says it

    def told(self) -> str:
        """Return it as one line."""
        what = {"rule": "the update rule changed", "rounding": "another order of the same sums"}[self.kind]
        size = f"relative {self.relative:.2g} of the update" if math.isfinite(self.relative) else "not finite"
        how = f"; {self.factor}" if self.factor else ""
        return f"first difference: step {self.step}, {self.name}, {size} → {what}{how}"


def find_parting(base: Sequence[Moment], head: Sequence[Moment]) -> Parting | None:
    """Return where head parts from base; None where all that both logged is the same."""
    before: Moment | None = None
    for ours, theirs in zip(base, head, strict=False):
        if ours.step != theirs.step:
            return Parting(ours.step, "the steps that are logged", math.inf, "rule", "")
        found = list(_differences(before, ours, theirs))
        if found:
            return _parting(ours.step, max(found, key=lambda each: each.relative))
        before = ours
    return None if len(base) == len(head) else _of_length(base, head)


def _parting(step: int, worst: "_Difference") -> Parting:
    if worst.relative <= ROUNDING.get(worst.itemsize, ROUNDING[4]):
        return Parting(step, worst.name, worst.relative, "rounding", "")
    return Parting(step, worst.name, worst.relative, "rule", worst.factor)


def _of_length(base: Sequence[Moment], head: Sequence[Moment]) -> Parting:
    shorter = min(len(base), len(head))
    longer = base if len(base) > len(head) else head
    return Parting(longer[shorter].step, "the number of steps that are logged", math.inf, "rule", "")


class _Difference(NamedTuple):
    name: str
    relative: float  # of the update
    factor: str  # in words
    itemsize: int = 4


def _differences(before: Moment | None, base: Moment, head: Moment) -> Iterator[_Difference]:
    """Yield what differs at a moment.

    Logged values count only where the weights are the same or not there: a loss differs after the weights do.
    """
    found = False
    for name in base.weights:
        ours, theirs = base.weights[name], head.weights.get(name)
        if theirs is None or theirs.shape != ours.shape:
            found = True
            yield _Difference(name, math.inf, "its shape changed" if theirs is not None else "it is gone")
        elif not np.array_equal(ours, theirs, equal_nan=True):
            found = True
            earlier = None if before is None else before.weights.get(name)
            yield _of_tensor(name, earlier, ours, theirs)
    if new := [name for name in head.weights if name not in base.weights]:
        found = True
        yield _Difference(new[0], math.inf, "it is new")
    if found:
        return
    for name, ours_value in base.values.items():
        theirs_value = head.values.get(name, math.nan)
        if not _same(ours_value, theirs_value):
            earlier_value = before.values.get(name) if before is not None else None
            moved = abs(ours_value - earlier_value) if earlier_value is not None else abs(ours_value)
            yield _Difference(name, _share(abs(theirs_value - ours_value), moved), "")


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _of_tensor(
    name: str, earlier: NDArray[Any] | None, ours: NDArray[Any], theirs: NDArray[Any]
) -> _Difference:
    origin = np.zeros(ours.shape) if earlier is None else earlier.astype(np.float64)
    with np.errstate(all="ignore"):
        update = ours.astype(np.float64) - origin
        other = theirs.astype(np.float64) - origin
        relative = _share(float(np.linalg.norm(other - update)), float(np.linalg.norm(update)))
        factor = "" if earlier is None else _factor(update.ravel(), other.ravel())
        return _Difference(name, relative, factor, ours.dtype.itemsize)


def _share(difference: float, update: float) -> float:
    share = difference / max(update, _TINY)
    return share if math.isfinite(share) else math.inf


def _factor(update: NDArray[np.float64], other: NDArray[np.float64]) -> str:
    """Say what factor turns one update into the other, if one does for nearly all elements."""
    moved = np.abs(update) > 1e-3 * np.abs(update).max(initial=0.0)
    if not moved.any():
        return "the base does not move here"
    if not other.any():
        return "the head does not move here"
    ratios = other[moved] / update[moved]
    middle = float(np.median(ratios))
    is_one = np.mean(np.abs(ratios - middle) <= _SAME_RATIO * max(abs(middle), _SAME_RATIO)) >= 0.9
    if is_one and abs(middle - 1.0) > _SAME_RATIO:
        if abs(middle + 1.0) <= _SAME_RATIO:
            return "the update has the opposite sign"
        return f"the update is {middle:.4g} times as long"
    if np.mean(np.sign(other[moved]) != np.sign(update[moved])) > 0.9:
        return "the update has the opposite sign, and another size"
    return _by_size(np.abs(update[moved]), ratios)


def _by_size(sizes: NDArray[np.float64], ratios: NDArray[np.float64]) -> str:
    """Say whether small or large updates changed more: an epsilon elsewhere moves the small ones."""
    if sizes.size < 8:
        return ""
    changes = np.abs(ratios - 1.0)
    small, large = sizes <= np.quantile(sizes, 0.25), sizes >= np.quantile(sizes, 0.75)
    of_small, of_large = float(np.median(changes[small])), float(np.median(changes[large]))
    if of_small > 3.0 * of_large:
        return f"small updates changed by {100 * of_small:.2g} %, large ones by {100 * of_large:.2g} %"
    return ""
