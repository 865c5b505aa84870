"""Which learning curves are drawn, on how many panels, under which labels."""

import numpy as np

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import Axes
from nnbench.reporting import digits
from nnbench.reporting.blocks import CurvesFigure, Panel, Series
from nnbench.reporting.texts import words
from nnbench.reporting.views.matrix import levels

MOST_LINES = 8  # on one panel; the palette has no more colours that everybody can tell apart
BEST, WORST = 48, 16  # lines of a picture that cannot show more when asked


def curves(case: CaseEvidence) -> CurvesFigure | None:
    """Return the figure of a case, or None where no trial has a value of the metric to draw."""
    name = case.facts.curve
    if not any(np.isfinite(trial.curves.get(name, ())).any() for trial in case.trials):
        return None
    metric = words.metric(case.facts)
    panels = tuple(_panels(case))
    still = _best_and_worst(case, panels)
    left_out = f"Drawn: the {BEST} best at the end and the {WORST} worst of {_counted(panels)}."
    return CurvesFigure(
        name=f"{file_name(case.facts.name)}-curves",
        caption=(
            f"{metric.capitalize()} of {case.facts.name} over training steps: median and quartiles of "
            f"{words.n_seeds(case)}."
        ),
        alternative=_alternative(case),
        facts=case.facts,
        panels=panels,
        varying=case.varying,
        still=still,
        left_out=left_out if still else "",
    )


def _counted(panels: tuple[Panel, ...]) -> str:
    return digits.counted(sum(len(panel.series) for panel in panels), "configuration")


def _best_and_worst(case: CaseEvidence, panels: tuple[Panel, ...]) -> tuple[Panel, ...]:
    """Return the panels with their best and worst lines alone; nothing where all lines have room."""
    ranked = [summary.axes for summary in case.ranking]
    if len(ranked) <= BEST + WORST:
        return ()
    kept = {*ranked[:BEST], *ranked[-WORST:]}
    shown = (
        Panel(panel.title, tuple(each for each in panel.series if each.trials[0].axes in kept))
        for panel in panels
    )
    return tuple(panel for panel in shown if panel.series)


def _panels(case: CaseEvidence) -> list[Panel]:
    axes = list(dict.fromkeys(trial.axes for trial in case.trials))
    if len(axes) <= MOST_LINES:
        return [Panel("", tuple(_series(case, each, case.varying) for each in axes))]
    if len(case.varying) < 2:
        places = {summary.axes: place for place, summary in enumerate(case.ranking)}
        axes.sort(key=lambda each: places.get(each, len(places)))
        starts = range(0, len(axes), MOST_LINES)
        return [
            Panel(
                f"places {start + 1}–{min(start + MOST_LINES, len(axes))}",
                tuple(_series(case, each, case.varying) for each in axes[start : start + MOST_LINES]),
            )
            for start in starts
        ]
    first, *rest = case.varying
    return [
        Panel(
            level,
            tuple(_series(case, each, tuple(rest)) for each in axes if each.as_dict().get(first) == level),
        )
        for level in levels(case, first)
    ]


def _series(case: CaseEvidence, axes: Axes, varying: tuple[str, ...]) -> Series:
    return Series(axes.label(varying), case.trials_of(axes))


def _alternative(case: CaseEvidence) -> str:
    best = case.ranking[0] if case.ranking else None
    leader = f" Best at the end: {case.label(best.axes)}." if best and words.has_score(best.median) else ""
    n = digits.counted(len(case.ranking), "configuration")
    return f"Learning curves of {n} on {case.facts.name}.{leader}"


def file_name(case_name: str) -> str:
    """Return the name of a case as the beginning of a file's."""
    # Case names may hold slashes ("digits/mlp"); a figure lies beside the report, never in a folder.
    return "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in case_name)
