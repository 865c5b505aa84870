"""The pieces a document is made of, before anyone knows whether they become text, markdown or a page.

Views make them, renderers print them. Cells are finished text: no renderer rounds a number.
"""

from dataclasses import dataclass
from typing import Literal

from nnbench.records import CaseFacts, TrialRecord
from nnbench.statistics.tuning import TunedConfiguration

Align = Literal["left", "right", "decimal"]  # decimal: points stand in one column, where the font allows it
Tone = Literal["plain", "good", "bad", "same", "unsure", "quiet"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``tone`` may become a colour, and never says more than the text does."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Where room is short, the columns with the highest ``rank`` go first; rank 0 stays."""

    header: str
    align: Align = "left"
    rank: int = 0
    wraps: bool = False  # long texts may break; numbers never do


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


@dataclass(frozen=True, slots=True)
class CurvesFigure(FigureRef):
    """Learning curves."""

    facts: CaseFacts
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class RatesFigure(FigureRef):
    """The metric against the learning rate, a panel for each configuration."""

    facts: CaseFacts
    panels: tuple[tuple[str, TunedConfiguration], ...]  # with what to call it


Block = Table | Paragraph | Listing | FigureRef


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    sections: tuple[Section, ...]
