"""What a figure is to the script of a page: numbers and texts, or nothing where its picture says it all."""

from collections.abc import Mapping, Sequence
from typing import Any

from nnbench.machine.writing import printable
from nnbench.reporting.blocks import (
    ClaimFigure,
    CurvesFigure,
    DescentFigure,
    FigureRef,
    HeatMaps,
    ProfileFigure,
    RanksFigure,
    RooflineFigure,
    SearchFigure,
    SmallMultiples,
    StandingsFigure,
)


def data(figure: FigureRef) -> dict[str, Any] | None:
    """Return the figure as JSON has it; None where the script has no drawing of its own for it."""
    # Only here: a page without figures must not wait for what they need.
    from nnbench.reporting.plots import curves, descent, heat_map, quantities, roofline, search, standings

    found: dict[str, Any] | None = None
    match figure:
        case StandingsFigure():
            found = standings.data(figure)
        case CurvesFigure():
            found = curves.data(figure)
        case ProfileFigure():
            found = quantities.profile(figure)
        case SmallMultiples():
            found = quantities.multiples(figure)
        case ClaimFigure():
            found = quantities.claim(figure)
        case RooflineFigure():
            found = roofline.data(figure)
        case HeatMaps():
            found = heat_map.data(figure)
        case RanksFigure():
            found = standings.ranks(figure)
        case DescentFigure():
            found = descent.data(figure)
        case SearchFigure():
            found = search.data(figure)
    return None if found is None else {name: _safe(value) for name, value in found.items()}


def _safe(value: Any) -> Any:
    """Spell out what a screen would obey in every text: escapes of JSON would bring it back to life."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {_safe(name): _safe(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, Sequence):
        return [_safe(inner) for inner in value]
    return value
