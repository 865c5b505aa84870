"""What a gate finds: an item for each subject, and what all of them say together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Family = Literal["quality", "speed", "compile"]  # quality is learning
ItemVerdict = Literal["ok", "regressed", "improved", "accepted", "inconclusive", "not_comparable", "crashed"]
# What the verdicts mean for a reader, the one that decides first.
VERDICTS: tuple[ItemVerdict, ...] = (
    "crashed",
    "regressed",
    "not_comparable",
    "inconclusive",
    "improved",
    "accepted",
    "ok",
)


@dataclass(frozen=True, slots=True)
class GateItem:
    """One subject: base against head.

    ``ratio`` is head ÷ base in seconds (speed, compile); ``difference`` is head − base in the unit of the
    metric (quality). The interval belongs to the one of them that there is.
    """

    name: str
    family: Family
    verdict: ItemVerdict
    why: str  # one clause that a reader can act on
    ratio: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    n: int = 0  # pairs
    margin: float = 0.0  # in the unit of the interval: 0.03 is 3 % of a ratio, or 0.03 of a metric
    mde: float | None = None  # the smallest effect that this run could have seen
    metric: str = ""  # of quality
    evidence: Mapping[str, float | str] = field(default_factory=dict)  # shown beside, never decides
    found: tuple[str, ...] = ()  # further lines: where the two part first, what was printed last
    place: tuple[str, int] | None = None  # a file of the project and its line, for annotations
    same_bits: bool = False  # nothing had to be compared
    crashed_on_head: bool = False  # the base was fine
    vanished: bool = False  # the base has it, and the head does not


@dataclass(frozen=True, slots=True)
class GateReport:
    """One gate: which commits, on what, what was found, and why the exit code is what it is."""

    base: str
    head: str
    machine: str
    seconds: float
    items: tuple[GateItem, ...]
    exit_code: int
    why: str  # of the exit code
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scatter:
    """How a subject scatters over seeds, the margin that follows, and how often that gives a false alarm."""

    name: str
    metric: str
    n: int  # seeds with a score
    n_failed: int
    sigma: float  # of the difference of two seeds
    margin: float
    n_red: int  # of 1,000 gates of unchanged code with other seeds


@dataclass(frozen=True, slots=True)
class Moved:
    """Commits between which a subject changed: by a ratio of times, or a difference of a metric."""

    before: str
    after: str
    change: float
    interval: tuple[float, float]
    p: float


@dataclass(frozen=True, slots=True)
class Chain:
    """One subject over the gates that measured it."""

    name: str
    family: Family
    n: int
    level: float  # the last commit against the first: a ratio, or a difference
    is_ratio: bool
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How one call scatters where nothing changed, over suites of pairs, and the margin that follows."""

    name: str
    n_suites: int
    n_red: int
    sd: float  # of the log ratio of a pair, the median over the suites
    margin: float  # that a suite with all its pairs can see
