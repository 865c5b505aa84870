"""What a claim leaves behind: what each seed measured, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ClaimVerdict = Literal["supported", "refuted", "cannot_tell", "here_not_in_size", "not_measured"]
CLAIM_VERDICTS: tuple[ClaimVerdict, ...] = (
    *("supported", "here_not_in_size", "refuted", "cannot_tell", "not_measured"),
)


Language = Literal["en", "ko"]
LANGUAGES: tuple[Language, ...] = ("en", "ko")


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in both languages; where only one is there, it is shown in its place."""

    en: str = ""
    ko: str = ""

    def said(self, language: Language) -> str:
        return (self.ko or self.en) if language == "ko" else (self.en or self.ko)


@dataclass(frozen=True, slots=True)
class QuantityFacts:
    """What a report must know of a quantity: its name, its rule, and how its numbers are written."""

    name: Wording
    value: str  # the expression
    sign: Literal[">", ">=", "<", "<=", "in"]
    low: float
    high: float  # equal to low but for "in"
    scale: Literal["plain", "log", "share"]
    unit: str
    size: float | tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What a report must know of a claim's picture; labels as the lines or images are listed."""

    kind: Literal["dots", "lines", "images"]
    caption: Wording
    x_label: Wording
    y_label: Wording
    x_is_log: bool
    y_is_log: bool
    ticks: tuple[str, ...]
    labels: tuple[Wording, ...]
    extents: tuple[tuple[float, float, float, float] | None, ...]
    are_classes: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """What a report must know of a claim."""

    id: str
    note: str
    title: Wording
    sentence: Wording
    original: Wording
    method: Wording
    remark: Wording
    unmeasured: Wording  # why nothing can be measured; empty: it can
    quantities: tuple[QuantityFacts, ...]
    picture: PictureFacts


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one experiment gave for one seed. ``key`` is the hash of all that it follows from."""

    key: str
    experiment: str  # "module:function"
    seed: int
    values: Mapping[str, Any]  # numbers, and lists of them
    seconds: float


@dataclass(frozen=True, slots=True)
class QuantityResult:
    """One quantity over the seeds: their mean, its interval, and what its rule makes of it."""

    values: tuple[float, ...]  # one per seed; NaN where it had none
    effect: float  # mean of those that have a value
    interval: tuple[float, float]
    n: int
    verdict: ClaimVerdict
    reason: str  # a word of ``reporting.texts.claims``, empty where the verdict says all
    seeds_needed: int | None  # None: it is decided, or no number can be named
    counts: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a picture: the mean over the seeds at every x, and its interval."""

    x: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """One grid of numbers of the first seed, with points on it where there are any."""

    values: tuple[tuple[float, ...], ...]
    points: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """What is known of one claim."""

    claim: ClaimFacts
    verdict: ClaimVerdict
    quantities: tuple[QuantityResult, ...]  # as the claim lists them
    lines: tuple[Line, ...]
    images: tuple[Image, ...]
    seeds: tuple[int, ...]
    seconds: float  # of computing, all seeds together, whenever it was
    why_not: str = ""  # why nothing was measured, or what of it could not be
    missing_data: tuple[str, ...] = ()  # experiments that could not run, their data are not there
