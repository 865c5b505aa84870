"""Claims: a sentence of a textbook, what is run to test it, and the rule from an interval to a verdict."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, StrictFloat, StrictInt, model_validator
from pydantic import StrictStr as Text

from nnbench.cases import resources
from nnbench.cases.fields import Count, Section, Texts, Whole
from nnbench.cases.files import check, read_toml
from nnbench.cases.spec import AxisLists
from nnbench.errors import UsageError
from nnbench.records.claims import ClaimFacts, PictureFacts, QuantityFacts, Wording
from nnkit.errors import did_you_mean

_ID = re.compile(r"[A-Z]+[0-9]+")
_CALL = re.compile(r"(?:[\w/\\.-]+\.py|[a-z_0-9]+):[a-z_]\w*")
_RULE = re.compile(r"\s*(>=|<=|>|<|in)\s*(\S+)\s*")
_FIGURE = StrictInt | StrictFloat


class WordsSection(Section):
    en: Text = ""
    ko: Text = ""


def _worded(value: Any) -> Any:
    return {"en": value} if isinstance(value, str) else value


Words = Annotated[WordsSection, BeforeValidator(_worded, json_schema_input_type=str | WordsSection)]
_NOTHING = WordsSection()


def _wording(words: WordsSection) -> Wording:
    return Wording(words.en, words.ko)


class MatrixSection(AxisLists):
    """Trials by the ordinary road: the axes of ``nnbench run``, for one case or several."""

    cases: Texts
    tuned: StrictBool = False
    epochs: Whole | None = None
    probes: StrictBool = False


class ExperimentSection(Section):
    """A function that measures one seed, and its keyword arguments."""

    call: Text
    version: Count = 1
    needs: Text = ""  # a data set without which there is nothing to measure
    timed: StrictBool = False
    seeds: Count | None = None
    arguments: dict[str, Any] = Field(default_factory=dict, alias="with")

    @model_validator(mode="after")
    def _callable(self) -> Self:
        if not _CALL.fullmatch(self.call):
            raise ValueError("call must be 'module:function' or 'file.py:function'")
        return self


class Rule(Section):
    """On which side of which number an interval must lie: ``"> 0"``, or ``"in -0.01..0.01"``."""

    sign: Literal[">", ">=", "<", "<=", "in"]
    low: float
    high: float


def _rule(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = _RULE.fullmatch(value)
    try:
        assert found is not None
        ends = [float(end) for end in found[2].split("..")]
        assert len(ends) == (2 if found[1] == "in" else 1)
    except (AssertionError, ValueError):
        raise ValueError("a rule is written '> 0', '<= 0.5' or 'in -0.01..0.01'") from None
    return {"sign": found[1], "low": ends[0], "high": ends[-1]}


class QuantitySection(Section):
    """What every seed gives one value of, and the rule for the interval of their mean."""

    name: Words
    value: Text
    holds: Annotated[Rule, BeforeValidator(_rule, json_schema_input_type=str)]
    scale: Literal["plain", "log", "share"] = "plain"
    noticeable: _FIGURE | None = None
    size: _FIGURE | tuple[_FIGURE, _FIGURE] | None = None
    unit: Text = ""
    counts: StrictBool = True
    unless: Text = ""  # an experiment: this one counts only where that one's data are missing


class AxisSection(Section):
    values: tuple[_FIGURE, ...] = ()
    series: Text = ""
    label: Words = _NOTHING
    log: StrictBool = False
    ticks: Texts = ()


class LineSection(Section):
    label: Words
    values: Text
    x: Text = ""  # a series of its own, in place of the picture's
    unless: Text = ""  # an experiment: drawn only where that one's data are missing


class ImageSection(Section):
    label: Words
    values: Text
    points: Text = ""
    extent: tuple[_FIGURE, _FIGURE, _FIGURE, _FIGURE] | None = None
    colours: Literal["values", "classes"] = "values"


class PictureSection(Section):
    kind: Literal["dots", "lines", "images"] = "dots"
    x: AxisSection = AxisSection()
    y: AxisSection = AxisSection()
    lines: tuple[LineSection, ...] = ()
    images: tuple[ImageSection, ...] = ()
    caption: Words = _NOTHING

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "lines" and not (self.lines and (self.x.values or self.x.series)):
            raise ValueError("kind 'lines' needs lines, and x.values or x.series")
        if self.kind == "images" and not self.images:
            raise ValueError("kind 'images' needs images")
        return self


class ClaimSpec(Section):
    """One claim, as its file says it."""

    id: Text
    note: Text = ""
    title: Words
    sentence: Words
    original: Words = _NOTHING
    method: Words = _NOTHING
    remark: Words = _NOTHING
    matrix: dict[str, MatrixSection] = Field(default_factory=dict)
    experiment: dict[str, ExperimentSection] = Field(default_factory=dict)
    quantity: tuple[QuantitySection, ...] = Field(min_length=1)
    picture: PictureSection = PictureSection()
    unmeasured: Words = _NOTHING  # why nothing can be measured; empty: it can

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not _ID.fullmatch(self.id):
            raise ValueError("id must be capital letters and a number, such as 'B4' or 'MY1'")
        if twice := self.matrix.keys() & self.experiment.keys():
            raise ValueError(f"{sorted(twice)[0]!r} names a matrix and an experiment. Rename one")
        for quantity in self.quantity:
            if quantity.unless and quantity.unless not in self.experiment:
                raise ValueError(f"unless = {quantity.unless!r}: there is no such experiment")
        if not any(quantity.counts for quantity in self.quantity):
            raise ValueError("no quantity counts, so there could be no verdict")
        return self


def facts(spec: ClaimSpec) -> ClaimFacts:
    """Return what a report must know of a claim."""
    texts = ("title", "sentence", "original", "method", "remark", "unmeasured")
    return ClaimFacts(
        id=spec.id,
        note=spec.note,
        **{name: _wording(getattr(spec, name)) for name in texts},
        quantities=tuple(map(_quantity_facts, spec.quantity)),
        picture=_picture_facts(spec.picture),
    )


def _quantity_facts(section: QuantitySection) -> QuantityFacts:
    rule = section.holds
    return QuantityFacts(
        name=_wording(section.name),
        value=section.value,
        sign=rule.sign,
        low=rule.low,
        high=rule.high,
        scale=section.scale,
        unit=section.unit,
        size=section.size,
    )


def _picture_facts(section: PictureSection) -> PictureFacts:
    drawn: tuple[LineSection | ImageSection, ...] = (
        section.images if section.kind == "images" else section.lines
    )
    return PictureFacts(
        kind=section.kind,
        caption=_wording(section.caption),
        x_label=_wording(section.x.label),
        y_label=_wording(section.y.label),
        x_is_log=section.x.log,
        y_is_log=section.y.log,
        ticks=section.x.ticks,
        labels=tuple(_wording(each.label) for each in drawn),
        extents=tuple(each.extent for each in section.images),
        are_classes=tuple(each.colours == "classes" for each in section.images),
    )


class Claim:
    """A claim and the file that it was read from."""

    __slots__ = ("path", "spec", "where")

    def __init__(self, spec: ClaimSpec, path: Path, where: str) -> None:
        self.spec, self.path, self.where = spec, path, where


@lru_cache(maxsize=1)
def built_in() -> tuple[Claim, ...]:
    """Return the claims that ship with nnbench, in the order of their numbers."""
    files = sorted(resources.cases_folder().glob("claims/*.toml"))
    return tuple(sorted((read(path, f"cases/claims/{path.name}") for path in files), key=_order))


def read(path: Path, where: str) -> Claim:
    """Return the claim in a file, or raise UsageError with one line for every mistake in it."""
    return Claim(check(ClaimSpec, read_toml(path), where), path, where)


def named(words: Sequence[str]) -> tuple[Claim, ...]:
    """Return the claims with these ids, or in these files; all that ship where none is named."""
    if not words:
        return built_in()
    found: dict[str, Claim] = {}
    known = {claim.spec.id: claim for claim in built_in()}
    for word in words:
        if word.endswith(".toml") or "/" in word or "\\" in word:
            claim = read(Path(word), word)
        elif word.upper() in known:
            claim = known[word.upper()]
        else:
            raise UsageError(f"there is no claim {word!r}.{did_you_mean(word.upper(), known)}")
        if claim.spec.id in found and found[claim.spec.id].path != claim.path:
            raise UsageError(
                f"{claim.where}: the id {claim.spec.id} is that of {found[claim.spec.id].where}."
            )
        found[claim.spec.id] = claim
    return tuple(found.values())


def _order(claim: Claim) -> tuple[str, int]:
    letters = claim.spec.id.rstrip("0123456789")
    return letters, int(claim.spec.id[len(letters) :])
