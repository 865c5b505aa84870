"""Searches in the facts of a run, and the rows that they leave in the table of tuned rates.

Runs of earlier versions have a search for learning rates, or one over several hyper-parameters, in a shape of
its own: both are read as what they are now.
"""

from collections.abc import Mapping
from typing import Any

from nnbench.records.trials import Axes, Point, Search, Span, Stage, Tuning

_RATE = "learning_rate"
_STAGES: tuple[Stage, ...] = ("grid", "grown", "refined")


def tuning_of(tuning: Mapping[str, Any] | None, sampling: Mapping[str, Any] | None) -> Tuning | None:
    """Return the search of a run. ``sampling`` is what earlier versions called one over several."""
    written = tuning or sampling
    if written is None:
        return None
    earlier = _rate_search if tuning else _point_search
    return Tuning(
        strategy=written.get("strategy", "grid" if tuning else "points"),
        tuning_seeds=tuple(written["tuning_seeds"]),
        seeds=tuple(written["seeds"]),
        searches=tuple(map(_search if "strategy" in written else earlier, written["searches"])),
        final_seeds=tuple(written.get("final_seeds", ())),
        repeats=tuple(filter(None, (tuning_of(each, None) for each in written.get("repeats", ())))),
        held_out=tuple(written.get("held_out", ())),
    )


def chosen_axes(values: Mapping[str, Any]) -> Axes:
    pairs = (tuple((axis, choice) for axis, choice in values.get(name, ())) for name in ("values", "shown"))
    return Axes(*pairs)


def tuned_rates(run: str, tuning: Tuning) -> list[tuple[object, ...]]:
    """Return the rows of the table of tuned rates that a search leaves: of several, the first one's."""
    found: list[tuple[object, ...]] = []
    for search in tuning.searches:
        chosen = {} if search.best is None else search.best.choices.as_dict()
        edges = ",".join(search.edges) or None
        found.append((search.configuration, chosen.get(_RATE), edges, run, chosen.get("optimizer")))
    return found


def _search(values: Mapping[str, Any]) -> Search:
    read = {
        "axes": chosen_axes(values["axes"]),
        "spans": tuple(Span(**span) for span in values["spans"]),
        "points": tuple(map(_point, values["points"])),
        "finalists": tuple(values.get("finalists", ())),
        "around": tuple(values["around"]) if values.get("around") else None,
    }
    return Search(**{**values, **read})


def _point(values: Mapping[str, Any]) -> Point:
    return Point(chosen_axes(values["choices"]), tuple(values["values"]), values["stage"])


def _rate_search(values: Mapping[str, Any]) -> Search:
    """Read a search for a learning rate of an earlier version."""
    stages: dict[str, Stage] = {rate: stage for stage in _STAGES for rate in values[stage]}
    rates = sorted(stages, key=float)
    grid, default, best = values["grid"], values["default_rate"], values["learning_rate"]
    return Search(
        case=values["case"],
        axes=_with_rate(chosen_axes(values["axes"]), default),
        configuration=values["configuration"],
        spans=(Span(_RATE, float(grid[0]), float(grid[-1]), float(default)),),
        points=tuple(Point(Axes(((_RATE, rate),)), (float(rate),), stages[rate]) for rate in rates),
        chosen=None if best is None else rates.index(best),
    )


def _with_rate(axes: Axes, rate: str) -> Axes:
    """Return the choices with the rate where those versions had it: before the batch size, or else last."""
    names = [axis for axis, _ in axes.values]
    place = names.index("batch_size") if "batch_size" in names else len(names)
    return Axes((*axes.values[:place], (_RATE, rate), *axes.values[place:]))


def _point_search(values: Mapping[str, Any]) -> Search:
    """Read a search over several hyper-parameters of an earlier version."""
    points = tuple(
        Point(Axes(tuple(point.items())), tuple(own), "point")
        for point, own in zip(values["points"], values["values"], strict=True)
    )
    own = {name: values[name] for name in ("case", "configuration", "chosen")}
    return Search(
        **own,
        axes=chosen_axes(values["axes"]),
        spans=tuple(Span(**span) for span in values["spans"]),
        points=points,
    )
