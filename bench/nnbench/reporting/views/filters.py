"""What the first convolution of a case learned: filters before and after, and maps of a few samples.

Each configuration has pictures of one seed. Two are shown, the best of the case and the worst.
"""

import numpy as np
from numpy.typing import NDArray

from nnbench.evidence.case import CaseEvidence
from nnbench.evidence.showcase import showcase
from nnbench.records.trials import Axes, Pictures, TrialRecord
from nnbench.reporting import digits
from nnbench.reporting.blocks import FiltersFigure
from nnbench.reporting.texts import words
from nnbench.reporting.views.curves import file_name


def filters(case: CaseEvidence) -> list[FiltersFigure]:
    """Return the figures of a case; none where no trial of it left pictures."""
    shown = showcase(case, {trial.key for trial in case.trials if trial.pictures is not None})
    return [
        _figure(case, trial, trial.pictures, place)
        for place, trial in enumerate(shown)
        if trial.pictures is not None
    ]


def _figure(case: CaseEvidence, trial: TrialRecord, pictures: Pictures, place: int) -> FiltersFigure:
    label = case.label(trial.axes) if case.varying else "its only configuration"
    which = f"{label}, {_standing(case, trial.axes)}" if case.varying else label
    weights, maps = _limit(pictures.drawn, pictures.learned), _limit(pictures.maps)
    caption = (
        f"What the first convolution of {case.facts.name} learned ({which}): {pictures.layer}, seed "
        f"{trial.seed}, {digits.counted(trial.steps, 'step')}. {_of_filters(pictures, weights)}"
        f"{_of_samples(pictures, maps)}"
    )
    return FiltersFigure(
        name=f"{file_name(case.facts.name)}-filters{f'-{place + 1}' if place else ''}",
        caption=caption,
        alternative=(
            f"Filters of {pictures.layer} in {case.facts.name} before and after learning, with {label}, and "
            f"activation maps of {digits.counted(len(pictures.samples), 'validation sample')}."
        ),
        pictures=pictures,
        weight_limit=weights,
        map_limit=maps,
        mention="" if place else "What its first layer learned is drawn in `nnbench report --format html`.",
    )


def _standing(case: CaseEvidence, axes: Axes) -> str:
    """Return ``best of 6 by median validation accuracy``, or the place where that is not it."""
    n = len(case.ranking)
    place = next(place for place, summary in enumerate(case.ranking) if summary.axes == axes)
    standing = {0: "best", n - 1: "last"}.get(place, f"place {place + 1}")
    return f"{standing} of {n} by median {words.metric(case.facts)}"


def _of_filters(pictures: Pictures, limit: float) -> str:
    kept, n_channels = pictures.learned.shape[-1], pictures.learned.shape[-2]
    n = digits.counted(pictures.n_filters, "filter")
    which = f"Its {n}" if kept == pictures.n_filters else f"The first {kept} of its {n}"
    if is_sequence(pictures):
        how = f"as drawn (grey) and as learned (blue), every box from {span(limit)}"
    elif has_colours(pictures, n_channels):
        how = (
            "as drawn and as learned, in red, green and blue, each from its own least weight to its greatest"
        )
    else:
        how = f"as drawn and as learned, blue below 0 and red above, all from {span(limit)}"
    return f"{which}: {how}{_shown(pictures, n_channels)}. {_moved(pictures)}"


def _moved(pictures: Pictures) -> str:
    drawn = float(np.linalg.norm(pictures.drawn))
    if drawn == 0.0:
        return ""
    moved = float(np.linalg.norm(pictures.learned - pictures.drawn)) / drawn
    return f"Learning moved them by {digits.number(100 * moved, decimals=0)} % of their norm. "


def _of_samples(pictures: Pictures, limit: float) -> str:
    if not pictures.samples:
        return "Maps of samples of this size are not kept."
    several = len(pictures.samples) > 1
    n_channels = pictures.inputs.shape[-1]
    samples = f"validation sample{'s' if several else ''} {_listed(pictures.samples)}"
    behind = f"behind {pictures.activation}" if pictures.activation else "before any activation"
    maps = span(limit, signed=are_signed(pictures.maps))
    return (
        f"Below, {samples}{_labelled(pictures)}{_stretched(pictures)}{_shown(pictures, n_channels)}, and "
        f"what each filter makes of {'them' if several else 'it'}, {behind}, all from {maps}."
    )


def _labelled(pictures: Pictures) -> str:
    if not pictures.labels:
        return ""
    return f" (label{'s' if len(pictures.labels) > 1 else ''} {_listed(pictures.labels)})"


def _stretched(pictures: Pictures) -> str:
    if is_sequence(pictures):
        return f", from {between(pictures.inputs)}"
    if has_colours(pictures, pictures.inputs.shape[-1]):
        return ", stretched to the full range of colours"
    return ", black at its least value and white at its greatest"


def is_sequence(pictures: Pictures) -> bool:
    """True where the convolution runs along one axis."""
    return pictures.learned.ndim == 3


def has_colours(pictures: Pictures, n_channels: int) -> bool:
    """True for filters or samples with as many channels where these are red, green and blue."""
    return n_channels == 3 and not is_sequence(pictures)


def _shown(pictures: Pictures, n_channels: int) -> str:
    is_all = n_channels == 1 or has_colours(pictures, n_channels)
    return "" if is_all else f" (the first of {n_channels} channels)"


def _listed(numbers: tuple[int, ...]) -> str:
    return words.several([str(number) for number in numbers])


def _limit(*values: NDArray[np.float32]) -> float:
    return max(float(np.abs(each).max(initial=0.0)) for each in values)


def are_signed(values: NDArray[np.float32]) -> bool:
    """True where the scale must reach below 0."""
    return bool((values < 0).any())


def between(values: NDArray[np.float32]) -> str:
    """Return ``−2.1 to 3.4``: the least of the values and the greatest."""
    return f"{digits.number(float(values.min()))} to {digits.number(float(values.max()))}"


def span(limit: float, *, signed: bool = True) -> str:
    """Return ``−0.5 to 0.5``, or ``0 to 0.5``."""
    end = digits.number(limit)
    return f"{digits.MINUS}{end} to {end}" if signed else f"0 to {end}"
