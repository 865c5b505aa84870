"""A case whose training is the user's own code: ``[subject] call = "train.py:train"``.

Such a file has no data, model or training of nnkit's. Its axes are the parameters of the function, and any of
them may be varied; what they stand for is the function's own business.
"""

import math
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, PrivateAttr, StrictBool, model_validator
from pydantic import StrictStr as Text

from nnbench.cases.axis import AXES
from nnbench.cases.data_section import DataSection
from nnbench.cases.fields import Number, Section
from nnbench.cases.files import check, read_bytes
from nnbench.cases.sources import Sources
from nnbench.cases.spec import (
    CaseSpec,
    LayerSection,
    MeasureSection,
    ModelSection,
    RunSection,
    TrainingSection,
)
from nnbench.errors import UsageError
from nnbench.records.trials import Direction, MetricFacts
from nnbench.subjects.process import PINS, Description, SubjectProcess
from nnkit import metrics
from nnkit.errors import UnknownName, did_you_mean
from nnkit.registry import spell_value

Plain = str | int | float
UNSAID = "default"  # an axis that is not handed over: the function's own default, whatever that is

_CALL = re.compile(r"(?:[\w.]+|[^:]+\.py):[A-Za-z_][\w.]*")
_BETTER: Mapping[str, Direction] = {"higher": "max", "lower": "min"}
# What an import may take: TensorFlow's takes half a minute from a cold disk.
_IMPORT_S = 300.0


def _named(value: str) -> str:
    if not _CALL.fullmatch(value):
        raise ValueError('expected "module:function" or "file.py:function"')
    return value


class SubjectSection(Section):
    call: Annotated[Text, AfterValidator(_named)]
    python: Text | None = None  # None: the interpreter that runs nnbench
    timeout: Text | None = None  # of one trial, as 10m; None: as long as it takes
    fresh: StrictBool = False  # a process for every trial: for code that remembers the one before


class SubjectAxes(Section):
    """Values of parameters in place of their defaults."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="after")
    def _are_plain(self) -> "SubjectAxes":
        for name, value in (self.model_extra or {}).items():
            if not isinstance(value, str | int | float):
                raise ValueError(f"{name}: expected a name or a number")
        return self


class SubjectRun(RunSection):
    """What is crossed when no axis is asked for: lists of values of any parameters, and seeds."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="after")
    def _are_lists(self) -> "SubjectRun":
        for name, value in (self.model_extra or {}).items():
            if not all(isinstance(one, str | int | float) for one in _as_list(value)) or value == []:
                raise ValueError(f"{name}: expected names or numbers")
        return self

    def given(self) -> dict[str, tuple[str, ...]]:
        own = {name: tuple(map(spelt, _as_list(value))) for name, value in (self.model_extra or {}).items()}
        return {**super().given(), **own}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class SubjectMeasure(MeasureSection):
    metric: Text = "val_accuracy"  # any name that the subject logs
    better: Literal["higher", "lower"] | None = None  # None: its name tells
    chance: Number | None = None  # the metric of a useless model

    def read_as(self) -> MetricFacts | None:
        """Return how the metric is read; None where nobody says whether more of it is better."""
        return metric_facts(self.metric, self.better)


class SubjectCase(CaseSpec):
    """A task that the user's own code trains.

    What else a case has stands here for nothing, and no part of nnkit is called so: a verb that reads it does
    not find it, and says so.
    """

    subject: SubjectSection
    data: DataSection = DataSection(dataset="(of the subject)")
    model: ModelSection = ModelSection(layers=(LayerSection(type="(of the subject)"),))
    training: TrainingSection = TrainingSection(loss="(of the subject)", epochs=1)
    axes: SubjectAxes = SubjectAxes()  # type: ignore[assignment]
    measure: SubjectMeasure
    run: SubjectRun = SubjectRun()
    _description: Description | None = PrivateAttr(default=None)
    # The process that was asked: copies of the case share it, and the first trial goes on in it.
    _asked: list[SubjectProcess] = PrivateAttr(default_factory=list)

    @property
    def folder(self) -> Path:
        """The folder of the case's file: where the subject is looked for, and what it starts in."""
        return Path(self.where).parent.resolve()

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Return what can change a trial's result, beside its axes and seed: the source and the pins."""
        return {
            "subject": self.subject.call,
            "python": self.subject.python,
            "source": source_digest(self.subject.call, self.folder),
            "pins": dict(PINS),
            **({"fresh": True} if self.subject.fresh else {}),
            # A training without it has failed, so that one that is judged by another is another trial.
            "metric": self.measure.metric,
        }

    def process(self, timeout_s: float | None) -> SubjectProcess:
        """Return a process that trains this subject: the one that was asked, or one that starts on use."""
        if self._asked:
            process = self._asked.pop()
            process.timeout_s = timeout_s
            return process
        python = _interpreter(self.subject, self.folder)
        return SubjectProcess(self.subject.call, self.folder, python=python, timeout_s=timeout_s)

    @property
    def description(self) -> Description:
        """What the subject says of itself."""
        assert self._description is not None, f"{self.where} was not described"
        return self._description

    def described(self) -> "SubjectCase":
        """Return the case with what the subject says of itself, or raise UsageError."""
        where = f"{self.where}, subject.call"
        _check_there(self.subject.call, self.folder, where)
        process = self.process(_IMPORT_S)
        found = process.describe()
        if found.error is not None:
            process.close()
            place = f"{found.place}: " if found.place else ""
            raise UsageError(f"{where} {self.subject.call}: {place}{found.error}.")
        self._description = found
        self._asked.append(process)
        for name in self.axes.model_extra or {}:
            self.check_takes(name, f"{self.where}, axes.{name}")
        return self

    def check_takes(self, name: str, where: str) -> None:
        """Raise UsageError if the subject does not take an axis of this name."""
        if not self.description.open and name not in self.description.axes:
            option = f" Its axes are: {', '.join(self.description.axes) or 'none'}."
            near = did_you_mean(name, self.description.axes)
            raise UsageError(f"{where}: {self.subject.call} has no parameter {name!r}.{near or option}")

    def own_choices(self) -> dict[str, str]:
        """Return the value of every axis that nobody asked for, where one is known, in print order."""
        defaults = {**self.description.defaults, **(self.axes.model_extra or {})}
        names = (*(name for name in AXES if name in defaults), *defaults)
        return {name: spelt(defaults[name]) for name in dict.fromkeys(names)}

    def read(self, name: str, text: str) -> str:
        """Return the one spelling of a value: 0.10 is 0.1."""
        return text if text == UNSAID else spelt(self.handed(name, text))

    def handed(self, name: str, text: str) -> Plain:
        """Return a value as the function gets it: of the type of its default, or as it reads."""
        default = {**self.description.defaults, **(self.axes.model_extra or {})}.get(name)
        words = {"true": True, "false": False}
        if isinstance(default, bool) or (default is None and text in words):
            return words.get(text, text)
        if isinstance(default, str):
            return text
        is_real = isinstance(default, float) or name == "learning_rate"
        return next((number for number in _numbers(text, is_real=is_real)), text)

    def trained_for(self, epochs: int) -> "SubjectCase":
        """Return the same case with another budget, which is a parameter of the function."""
        self.check_takes("epochs", "--epochs")
        values = {**(self.axes.model_extra or {}), "epochs": epochs}
        return self.model_copy(update={"axes": SubjectAxes.model_validate(values)})


def read_subject(content: dict[str, Any], where: str) -> SubjectCase:
    """Return the subject in a file's content, or raise UsageError; its code is imported to be asked."""
    for section in ("data", "model", "training", "transfer"):
        if section in content:
            raise UsageError(f"{where}, {section}: a subject has its own. Leave this out, or [subject].")
    case = check(SubjectCase, content, where).read_from(where)
    if case.measure.read_as() is None:
        raise UsageError(
            f"{where}, measure.better: this is missing: is more or less of {case.measure.metric} better?"
            ' Write better = "higher" or better = "lower".'
        )
    return case.described()


def metric_facts(name: str, better: str | None) -> MetricFacts | None:
    """Return how what a subject logs is read: as nnkit's metric of that name, or as the file says.

    Reports call validation values without their prefix, as those of nnkit are.
    """
    bare = name.removeprefix("val_")
    with suppress(UnknownName):
        known = metrics.asked(bare).metric
        if better is None or _BETTER[better] == known.direction:
            return MetricFacts(bare, known.direction, known.unit, known.least, known.most)
    if better is not None:
        return MetricFacts(bare, _BETTER[better])
    direction: Direction | None = "max" if "accuracy" in bare else "min" if "loss" in bare else None
    return None if direction is None else MetricFacts(bare, direction)


def spelt(value: Plain) -> str:
    return value if isinstance(value, str) else spell_value(value)


def _numbers(text: str, *, is_real: bool) -> Iterator[Plain]:
    for read in (float,) if is_real else (int, float):
        try:
            number = read(text)
        except ValueError:
            continue
        if math.isfinite(number):
            yield number


def source_digest(call: str, folder: Path) -> str:
    """Return the sha256 of the module that a call names, and of what it imports beside it."""
    module = call.rpartition(":")[0]
    content = f"import {module}".encode()
    if module.endswith(".py"):
        path = folder / module
        folder, content = path.parent, read_bytes(path, what="a Python file")
    sources = Sources(folder)
    sources.follow(content)
    return sources.digest_with(content)


def _check_there(call: str, folder: Path, where: str) -> None:
    module = call.rpartition(":")[0]
    if module.endswith(".py"):
        try:
            read_bytes(folder / module, what="a Python file")
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None


def _interpreter(subject: SubjectSection, folder: Path) -> str:
    """Return the interpreter; a path is meant from the folder, as all paths of a file are."""
    if subject.python is None:
        return sys.executable
    is_path = "/" in subject.python or "\\" in subject.python
    return str(folder / Path(subject.python).expanduser()) if is_path else subject.python
