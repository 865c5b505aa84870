"""What is said of a class: the form that it is, how near, and the closed forms that it has or misses."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import numpy as np

from nnbench.errors import UsageError
from nnbench.records.checks import Checked
from nnbench.records.claims import Wording
from nnbench.studies.identify.candidates import Candidate, candidates
from nnbench.studies.identify.driving import Driven, Driver, Undriven, driven
from nnbench.studies.identify.naming import Asked, found, read
from nnbench.studies.identify.probes import Array, Probe
from nnbench.studies.identify.search import (
    SINGLE_PRECISION,
    TOLERANCE,
    Compared,
    Walked,
    apart,
    apart_along,
    best,
    namesake,
    nearest_of,
    walked,
)
from nnbench.studies.identify.spelling import translated
from nnbench.studies.identify.twins import Twin
from nnkit import optimizers
from nnkit.optimizers.optimizer import Variant
from nnkit.registry import ClosedForm, Value, spell_value


def identified(text: str) -> tuple[Checked, ...]:
    """Return the checks of the class that ``text`` names; the first says which form it is.

    Raises UsageError where it cannot be found or driven, EnvironmentProblem where its framework is missing.
    """
    asked = read(text)
    try:
        theirs = driven(found(asked.name), asked.options)
        paths = walked(theirs)
    except Undriven as error:
        raise UsageError(f"--class {text}: it cannot be driven: {error}") from error
    compared = best(paths, asked.name)
    return (
        _which(asked, compared, paths),
        *_walks(compared, paths),
        *_closed_forms(asked, theirs, compared, paths),
    )


def _which(asked: Asked, compared: Compared, paths: Walked) -> Checked:
    known = compared.known
    if not compared.fits:
        said = f"{asked.name}{_nearly(compared)} {_departure(compared, paths)}"
    elif isinstance(known, Twin):
        said = f"{asked.name} is {known.of}, but {known.wrong}. {_departure(_right(known, paths), paths)}"
    else:
        said = f"{asked.name} is {_named(known)}"
    return Checked(
        "class",
        "",
        Wording(said, said),
        f"≤ {compared.tolerance:g}",
        f"{compared.worst:.2g}",
        compared.fits and isinstance(known, Candidate),
    )


def _nearly(compared: Compared) -> str:
    """Return what a class is in some walks, where it is something at all."""
    wrong = [name for name, distance in compared.distances.items() if distance > _limit(compared)]
    n_right, known = len(compared.distances) - len(wrong), compared.known
    if n_right < 3 or not isinstance(known, Candidate):
        return ": no known form fits."
    which = ", ".join(map(repr, wrong[:3])) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
    return f": no known form fits. In {n_right} walks it is {_named(known)[:-1]}, but not in {which}."


def _limit(compared: Compared) -> float:
    return max(compared.tolerance, SINGLE_PRECISION)


def _right(twin: Twin, paths: Walked) -> Compared:
    """Return the nearest right form beside a class that is a wrong one."""
    nearest = nearest_of(paths, candidates(optimizers.record(twin.of), paths.options))
    assert nearest is not None, twin
    return nearest


def _named(known: Candidate) -> str:
    """Return the optimizer's name, whose form it is, and what the others have."""
    forms = () if _lacks_a_component(known) else known.variants()
    if not forms:
        return f"{known.name}{_choices(known, ())}{_decay(known)}."
    apart = [each for each in known.record.variants if each not in forms]
    whose = " and ".join(f"{each.name}'s" for each in forms)
    others = "; ".join(f"{each.name}'s has {_marks(each)}" for each in apart)
    choices = _choices(known, [name for each in known.record.variants for name in each.options])
    text = f"{known.name}{choices} in {whose} form: {_marks(forms[0])}{_decay(known)}"
    return f"{text}; {others}." if others else f"{text}."


def _marks(variant: Variant) -> str:
    return variant.note or _spelt(variant.options) or "the defaults"


def _lacks_a_component(known: Candidate) -> bool:
    """Return whether something is switched off that every published form has."""
    return any(
        hyper.component is not None and hyper.default != hyper.component.off == known.parameters[hyper.name]
        for hyper in known.record.hyperparameters
        if isinstance(hyper.default, bool)
    )


def _choices(known: Candidate, said: Collection[str]) -> str:
    """Return the switches that are not at their defaults, but those that are ``said`` anyway."""
    changed = {
        hyper.name: known.parameters[hyper.name]
        for hyper in known.record.hyperparameters
        if isinstance(hyper.default, bool | str)
        and known.parameters[hyper.name] != hyper.default
        and hyper.name not in said
    }
    return f" with {_spelt(changed)}" if changed else ""


def _decay(known: Candidate) -> str:
    return {
        "own": "",
        "coupled": ", the weight decay joining the gradient",
        "unscaled": ", the weight decay not scaled by the rate",
    }[known.decay]


def _spelt(options: Mapping[str, Value]) -> str:
    return ", ".join(f"{name} = {spell_value(value)}" for name, value in options.items())


def _departure(compared: Compared, paths: Walked) -> str:
    """Return where a class leaves the nearest form, in the first walk in which it does."""
    for probe, path in paths.paths.items():
        if probe.name not in compared.paths or compared.distances[probe.name] <= _limit(compared):
            continue
        known = compared.paths[probe.name]
        measure = apart if _limit(compared) == SINGLE_PRECISION else apart_along
        (step, *_) = np.flatnonzero(~(measure(path, known) <= _limit(compared)))
        theirs, ours = np.diff(path, axis=0), np.diff(known, axis=0)
        name = f"{compared.known.name}'s"
        ratios = _ratios(theirs, ours)
        if ratios:
            times = ", ".join(f"{each:.3g}" for each in ratios)
            return f"{_where(probe)} its first steps are {times} times {name}."
        place = int(np.argmax(np.abs(theirs[step] - ours[step])))
        return (
            f"{_where(probe)} step {step + 1} moves a weight by {theirs[step][place]:.6g},"
            f" {name} by {ours[step][place]:.6g}."
        )
    return "It cannot be driven where they differ."


def _ratios(theirs: Array, ours: Array) -> list[float]:
    """Return how many times longer the first three steps are, where they go the same way."""
    found = []
    for one, other in zip(theirs[:3], ours[:3], strict=True):
        square = float(other @ other)
        ratio = float(one @ other) / square if square else math.nan
        if not np.allclose(one, ratio * other, rtol=0.0, atol=1e-2 * float(np.abs(one).max(initial=0.0))):
            return []
        found.append(ratio)
    return found if any(abs(each - 1) > SINGLE_PRECISION for each in found) else []


def _where(probe: Probe) -> str:
    return f"On gradients of the walk {probe.name!r}"


def _walks(compared: Compared, paths: Walked) -> Iterator[Checked]:
    for probe in paths.paths:
        if probe.name not in compared.distances:
            continue
        distance = compared.distances[probe.name]
        said = f"the walk {probe.name!r}, {probe.n_steps} steps: distance from {compared.known.name}, share"
        ok = distance <= _limit(compared)
        yield Checked(
            f"class.{probe.name.replace(' ', '_')}",
            "",
            Wording(said, said),
            f"≤ {compared.tolerance:g}",
            f"{distance:.2g}",
            ok,
        )


class _Applied:
    """Somebody's optimizer with nnkit's ``apply``, so that closed forms can be measured of it."""

    def __init__(self, theirs: Driven, further: Mapping[str, object]) -> None:
        self._theirs, self._further = theirs, further
        self._driver: Driver | None = None

    def apply(self, parameters: dict[str, Array], gradients: Mapping[str, Array]) -> None:
        if self._driver is None:
            self._driver = self._theirs.begin(parameters, **self._further)
        given = {name: np.array(each) for name, each in gradients.items()}
        self._driver.step(Probe("", parameters, lambda t, w: given, 1), 1)
        for name, moved in self._driver.weights().items():
            parameters[name][...] = moved


def _closed_forms(asked: Asked, theirs: Driven, compared: Compared, paths: Walked) -> Iterator[Checked]:
    """Yield the closed forms of the nearest record, as the class has them."""
    own = namesake(asked.name)
    known = compared.known
    nearest = known if isinstance(known, Candidate) else _right(known, paths).known
    assert isinstance(nearest, Candidate), nearest
    if own is not None and nearest.record is not own and not compared.fits:
        return
    for place, form in enumerate(nearest.record.closed_forms, start=1):
        distance = _of_form(form, nearest, theirs, paths)
        if distance is None:
            continue
        limit = max(form.tolerance, compared.tolerance if compared.worst <= TOLERANCE else _limit(compared))
        yield Checked(
            f"class.{nearest.name}.{place}",
            "",
            Wording(f"{nearest.name}: {form.claim}", f"{nearest.name}: {form.claim}"),
            f"≤ {limit:g}",
            f"{distance:.2g}",
            distance <= limit,
        )


def _of_form(form: ClosedForm, nearest: Candidate, theirs: Driven, paths: Walked) -> float | None:
    """Return how far the class is from a closed form; None where it cannot be asked for it."""
    parameters = {**nearest.parameters, **form.options}
    changed = {key: value for key, value in form.options.items() if nearest.parameters[key] != value}
    further = translated(nearest.record, changed, paths.options)
    if further is None:
        return None
    try:
        ours = form.distance(replace(nearest, parameters=parameters).make(), parameters)
        # What this form of the optimizer does not fulfil itself is asked of none.
        if ours > form.tolerance:
            return None
        return form.distance(_Applied(theirs, further), parameters)
    except Exception:  # a shape, or a number, that the class does not take
        return None
