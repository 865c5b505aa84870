"""A small picture of one part, for ``nnbench show``."""

from nnbench.records.claims import Line
from nnbench.records.portraits import Portrait
from nnbench.reporting.blocks import ClaimFigure, LabelledLine


def picture(portrait: Portrait) -> ClaimFigure:
    """Return the portrait as lines: drawn in letters in a terminal, as SVG in Markdown and HTML."""
    lines = tuple(
        LabelledLine(label, Line(x=places, mean=values, low=values, high=values))
        for label, places, values in portrait.lines
    )
    return ClaimFigure(
        name=f"{portrait.kind.removesuffix('s')}-{portrait.name}",
        caption=portrait.caption,
        alternative=f"{portrait.name}: {portrait.y_label} over {portrait.x_label}. {portrait.caption}",
        x_label=portrait.x_label,
        y_label=portrait.y_label,
        x_is_log=False,
        y_is_log=False,
        ticks=(),
        lines=lines,
    )
