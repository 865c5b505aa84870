"""The search: which optimizer on record walks the paths of somebody's class."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nnbench.studies.identify.candidates import Candidate, candidates
from nnbench.studies.identify.driving import Driven, Undriven
from nnbench.studies.identify.probes import Array, Probe, probes
from nnbench.studies.identify.twins import TWINS, Twin
from nnkit import optimizers
from nnkit.optimizers.optimizer import Optimizer

TOLERANCE = 1e-9  # of a step; rounding in double precision is 1e-13 of one
SINGLE_PRECISION = 3e-6
# Probes by which the candidates are sorted out: the first that the class can be driven along, and these.
_FIRST, _TELLING = 2, ("tall matrix",)
_LEFT = 24  # candidates that go through all probes


@dataclass(frozen=True, slots=True)
class Walked:
    """The paths of a class: by probe; and why it could not be driven along the others."""

    paths: Mapping[Probe, Array]
    reasons: Mapping[str, str]
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Compared:
    """A candidate, or a known wrong form, beside a class: the largest distance in each probe."""

    known: Candidate | Twin
    distances: Mapping[str, float]
    paths: Mapping[str, Array] = field(repr=False)

    @property
    def worst(self) -> float:
        return max(self.distances.values())

    @property
    def share_right(self) -> float:
        return sum(each <= self.tolerance for each in self.distances.values()) / len(self.distances)

    @property
    def tolerance(self) -> float:
        """How far apart the two may be: more where a library is known to compute in a shorter type."""
        return _tolerance(self.known)

    @property
    def fits(self) -> bool:
        return self.worst <= max(self.tolerance, SINGLE_PRECISION)


def _tolerance(known: Candidate | Twin) -> float:
    forms = known.variants() if isinstance(known, Candidate) else ()
    return max([TOLERANCE, *(each.tolerance for each in forms)])


def walked(driven: Driven) -> Walked:
    """Drive the class along every probe; raise Undriven where it goes along none."""
    paths: dict[Probe, Array] = {}
    reasons: dict[str, str] = {}
    options: Mapping[str, object] = {}
    for probe in probes():
        try:
            with np.errstate(all="ignore"):
                paths[probe] = driven.walk(probe)
            # Of two methods in one class, that of matrices comes last and has its name.
            options = {**options, **driven.begin(probe.start).options}
        except Undriven as error:
            reasons[probe.name] = str(error)
    if not paths:
        raise Undriven(next(iter(reasons.values())))
    return Walked(paths, reasons, options)


def namesake(class_name: str) -> Optimizer | None:
    """Return the record that has the class's name, in whatever spelling."""
    wanted = _letters(re.split(r"[.:]", class_name)[-1])
    for record in optimizers.records():
        if wanted in {_letters(name) for name in (record.name, *record.aliases)}:
            return record
    return None


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def best(found: Walked, class_name: str) -> Compared:
    """Return the form that fits, of the namesake first; else the nearest, of the namesake if there is one."""
    own = namesake(class_name)
    nearest = None if own is None else nearest_of(found, candidates(own, found.options))
    if nearest is not None and nearest.fits:
        return nearest
    twins = [_compared(found, twin, list(found.paths)) for twin in TWINS if twin.of in optimizers.names()]
    others = [
        one
        for record in optimizers.records()
        if record is not own
        for one in candidates(record, found.options)
    ]
    other = nearest_of(found, others)
    for each in (other, *twins):
        # Who has the name may be as far off as its shorter type makes it; nobody else.
        if each is not None and each.fits and each.tolerance <= SINGLE_PRECISION:
            return each
    chosen = nearest or other
    assert chosen is not None, class_name
    return chosen


def nearest_of(found: Walked, known: Iterable[Candidate]) -> Compared | None:
    """Return the candidate that is right in the most probes, and nearest in the first of them."""
    first = [*list(found.paths)[:_FIRST], *(probe for probe in found.paths if probe.name in _TELLING)]
    sorted_out = sorted(
        (_compared(found, one, first) for one in known), key=lambda each: (-each.share_right, _sum(each))
    )
    left = [_compared(found, each.known, list(found.paths)) for each in sorted_out[:_LEFT]]
    # The first of equals: forms come with the class's own numbers first, and records in the list's order.
    return min(left, key=lambda each: (not each.fits, -each.share_right, _sum(each)), default=None)


def _sum(compared: Compared) -> float:
    """Return how far apart two are over all probes; rounding does not decide between forms."""
    found = compared.distances.values()
    return sum(math.log10(max(min(each, 1e9), compared.tolerance)) for each in found) / len(found)


def _compared(found: Walked, known: Candidate | Twin, over: Sequence[Probe]) -> Compared:
    driven = Driven(known.make, {}, "nnkit")
    if isinstance(known, Twin):
        driven = Driven(lambda: known.make(found.options), {}, "nnkit")
    distances: dict[str, float] = {}
    paths: dict[str, Array] = {}
    for probe in _asked_of(known, over):
        try:
            with np.errstate(all="ignore"):
                paths[probe.name] = driven.walk(probe)
            measure = apart if _tolerance(known) <= SINGLE_PRECISION else apart_along
            distances[probe.name] = float(measure(found.paths[probe], paths[probe.name]).max())
        except Undriven:
            distances[probe.name] = math.inf
    return Compared(known, distances, paths)


def _asked_of(known: Candidate | Twin, over: Sequence[Probe]) -> Sequence[Probe]:
    """Return the probes of matrices alone, if there are any, where a companion moves what is none."""
    if isinstance(known, Twin) or known.record.companion is None:
        return over
    return [probe for probe in over if all(each.ndim > 1 for each in probe.start.values())] or over


def apart(one: Array, other: Array) -> Array:
    """Return the distance of two paths at every step, as a share of the larger step.

    What the rounding of the weights makes of it does not count; NaN beside NaN is no difference.
    """
    steps, known = np.diff(one, axis=0), np.diff(other, axis=0)
    with np.errstate(all="ignore"):
        difference = np.where(np.isnan(steps) & np.isnan(known), 0.0, np.abs(steps - known))
        size = np.maximum(np.abs(np.nan_to_num(steps)), np.abs(np.nan_to_num(known))).max(axis=1)
        rounding = 16 * np.finfo(float).eps * np.nan_to_num(np.abs(one)).max()
        left = np.maximum(np.nan_to_num(difference, nan=np.inf).max(axis=1) - rounding, 0.0)
        least = max(float(size.max()) * 1e-6, np.finfo(float).tiny)
    return np.asarray(left / np.maximum(size, least))


def apart_along(one: Array, other: Array) -> Array:
    """Return by which share every step is longer or shorter along the known form's step.

    What a short type adds across it counts only where it is far longer than the step itself: Newton's
    iteration blows up its rounding in directions that a gradient does not have.
    """
    steps, known = np.diff(one, axis=0), np.diff(other, axis=0)
    square = np.einsum("ti,ti->t", known, known)
    along = np.einsum("ti,ti->t", steps, known) / np.where(square == 0.0, 1.0, square)
    across = np.linalg.norm(steps - along[:, None] * known, axis=1) / np.sqrt(
        np.where(square == 0, 1.0, square)
    )
    still = (square == 0.0) & (np.abs(steps).max(axis=1) == 0.0)
    return np.where(still, 0.0, np.where(across < 2.0, np.abs(along - 1.0), 1.0))
