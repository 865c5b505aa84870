"""The pieces a document is made of, before anyone knows whether they become text, markdown or a page.

Views make them, renderers print them. Cells are finished text: no renderer rounds a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from nnbench.records.circuit import Circuit
    from nnbench.records.claims import Image, Line
    from nnbench.records.descent import Descent
    from nnbench.records.trials import CaseFacts, Pictures, TrialRecord
    from nnbench.statistics.tuning.searched import SearchedConfiguration

Align = Literal["left", "right", "decimal"]  # decimal: points stand in one column, where the font allows it
BREAKS = " (,"  # letters behind which a long text may go on below
Tone = Literal["plain", "good", "bad", "same", "unsure", "quiet"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``tone`` may become a colour, and never says more than the text does."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Where room is short, the columns with the highest ``rank`` go first; rank 0 stays.

    A column without which a row cannot be judged goes below its row: ``below`` is how it is said there. Of
    rank 0 it goes there last, where even intervals below their values leave no room.
    """

    header: str
    align: Align = "left"
    rank: int = 0
    wraps: bool = False  # long texts may break; numbers never do
    breaks: str = BREAKS
    below: str = ""  # e.g. "p {}"; empty: it is left out


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            assert len(row) == len(self.columns), (len(row), len(self.columns), self.title)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text. ``lead`` marks the sentence that a reader in a hurry needs."""

    text: str
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    name: str
    text: str
    is_verbatim: bool = False  # a command: to be copied, so never broken or decorated


@dataclass(frozen=True, slots=True)
class Listing:
    """Names with their values, e.g. what was run."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """The trials of one configuration, to be drawn as one line with its band."""

    label: str
    trials: tuple[TrialRecord, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes of a figure. The title is empty where there is only one panel."""

    title: str
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class FigureRef:
    """A picture that a renderer may draw. Nothing is drawn until it does."""

    name: str  # the file name without its ending
    caption: str
    alternative: str  # what somebody who cannot see the picture should know

    @property
    def of_still(self) -> str:
        """What is to be said of the picture alone, and not of what a page draws in its place."""
        return ""


@dataclass(frozen=True, slots=True)
class CurvesFigure(FigureRef):
    """Learning curves."""

    facts: CaseFacts
    panels: tuple[Panel, ...]
    varying: tuple[str, ...] = ()  # the axes on which the configurations differ
    still: tuple[Panel, ...] = ()  # what there is room for where nothing answers; empty: all panels
    left_out: str = ""  # what is not there, in words

    @property
    def of_still(self) -> str:
        return self.left_out


@dataclass(frozen=True, slots=True)
class Standing:
    """One configuration beside the reference: the difference and its interval, in units of the metric."""

    label: str
    difference: float
    interval: tuple[float, float]
    may_be_best: bool
    choices: tuple[tuple[str, str], ...] = ()  # on the axes that vary


@dataclass(frozen=True, slots=True)
class StandingsFigure(FigureRef):
    """Dots and intervals, best median first; those that may be the best stand out.

    ``meaning`` is what a filled dot says, and what a hollow one.
    """

    facts: CaseFacts
    rows: tuple[Standing, ...]
    meaning: tuple[str, str] = ("may be the best", "shown behind another")
    n_left_out: int = 0  # rows beyond those that are drawn


@dataclass(frozen=True, slots=True)
class ProfileFigure(FigureRef):
    """Shares over factors or thresholds with their bands, best configuration first."""

    curves: tuple[Curve, ...]
    legend: str  # what stands behind each label
    x_label: str
    y_label: str
    unit: str = ""  # behind a number on the x axis


@dataclass(frozen=True, slots=True)
class RanksFigure(FigureRef):
    """Average ranks over the cases of a run, by label, best first, and how far apart they must be."""

    ranks: tuple[tuple[str, float], ...]
    critical_difference: float | None  # None: too few cases for one
    bars: str = ""  # what the bars of the picture say

    @property
    def of_still(self) -> str:
        return self.bars


@dataclass(frozen=True, slots=True)
class SearchFigure(FigureRef):
    """The metric against every hyper-parameter that was searched, a panel for each of a configuration."""

    facts: CaseFacts
    rows: tuple[tuple[str, SearchedConfiguration], ...]  # with what to call it


@dataclass(frozen=True, slots=True)
class Curve:
    """Numbers over numbers. ``low`` and ``high`` are a band or error bars, or empty."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    look: Literal["line", "points", "expected"] = "line"


@dataclass(frozen=True, slots=True)
class Plot:
    """One pair of axes with its curves. A share is written in percent."""

    title: str
    curves: tuple[Curve, ...]
    is_log: bool = False
    is_share: bool = False


@dataclass(frozen=True, slots=True)
class SmallMultiples(FigureRef):
    """Plots of several quantities over the same x; a label has the same colour on all of them.

    ``ticks`` name the whole numbers on the x axis, where these are not numbers but things. Where the curves
    of a plot are in an order, their colours run from that of the first to that of the last, and ``order``
    says what these are.
    """

    x_label: str
    plots: tuple[Plot, ...]
    ticks: tuple[str, ...] = ()
    order: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class RooflinePoint:
    """One kernel at one shape."""

    name: str
    shape: str
    family: str
    flops_per_byte: float
    flops_s: float


@dataclass(frozen=True, slots=True)
class RooflineFigure(FigureRef):
    """FLOP per second against FLOP per byte, under the ceilings of the machine."""

    peak_flops_s: float
    levels: tuple[tuple[int, float], ...]  # working set in bytes, bytes per second; the last is memory
    points: tuple[RooflinePoint, ...]


@dataclass(frozen=True, slots=True)
class FiltersFigure(FigureRef):
    """The filters of one trial before and after learning, and samples beside their activation maps."""

    pictures: Pictures
    weight_limit: float  # of all filters, in size; the colours end there
    map_limit: float  # of all maps
    mention: str  # what is said where nothing can be drawn; empty: nothing


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One cell of a heat map: its lines as they are printed, and what its colour says; NaN: nothing."""

    lines: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True)
class HeatMap:
    """One grid with the names of its rows and columns."""

    title: str
    axes: tuple[str, str]  # down and across
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[HeatCell, ...], ...]


@dataclass(frozen=True, slots=True)
class HeatMaps(FigureRef):
    """Grids of one quantity; a value has the same colour on all of them, and the better is the brighter."""

    facts: CaseFacts
    maps: tuple[HeatMap, ...]

    @property
    def more_is_better(self) -> bool:
        return self.facts.direction == "max"


@dataclass(frozen=True, slots=True)
class DotRow:
    """One quantity of a claim, on an axis of its own: mean, interval, and where the claim holds."""

    label: str
    text: str  # mean and interval in words
    mean: float
    low: float
    high: float
    edges: tuple[float, ...]  # one number, or the two ends of a range
    side: int  # 1: the claim holds above the edge, -1: below it, 0: between the two
    counts: bool
    told: str = ""  # its rule and its verdict, in words
    seeds: tuple[tuple[int, float], ...] = ()  # what each seed measured, where it measured anything
    factor: float = 1.0  # from a number to what is shown; of a logarithm it is the ratio that it is of
    is_log: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True)
class LabelledLine:
    label: str
    line: Line


@dataclass(frozen=True, slots=True)
class LabelledImage:
    label: str
    image: Image
    extent: tuple[float, float, float, float] | None
    is_classes: bool


@dataclass(frozen=True, slots=True)
class ClaimFigure(FigureRef):
    """The picture of a claim: dots with intervals, lines with bands, or images."""

    x_label: str
    y_label: str
    x_is_log: bool
    y_is_log: bool
    ticks: tuple[str, ...]
    dots: tuple[DotRow, ...] = ()
    lines: tuple[LabelledLine, ...] = ()
    images: tuple[LabelledImage, ...] = ()


@dataclass(frozen=True, slots=True)
class DescentFigure(FigureRef):
    """Paths over the contours of a function. A terminal shows it in letters."""

    descent: Descent


@dataclass(frozen=True, slots=True)
class DescentAnimation(FigureRef):
    """The same, step by step: an SVG that moves."""

    descent: Descent


@dataclass(frozen=True, slots=True)
class CircuitFigure(FigureRef):
    """A computational graph: values above its nodes, gradients below; in letters as a tree."""

    circuit: Circuit
    tree_heads: tuple[str, str]  # over the values and the gradients of the tree


Block = Table | Paragraph | Listing | FigureRef


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    sections: tuple[Section, ...]
    language: str = "en"
