"""What a gate is asked to do: the table ``[tool.nnbench.gate]`` of a project's pyproject.toml."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic import StrictStr as Text

from nnbench.cases.fields import Count, Number, Positive, Section, Texts
from nnbench.cases.files import check, read_toml
from nnbench.errors import UsageError
from nnbench.plan.durations import read_budget

CALIBRATION = "nnbench-gate.toml"  # beside pyproject.toml, written by --calibrate and committed
# Files that no subject is made of. A change of these alone is green, and nothing is measured.
IGNORED = ("*.md", "*.rst", "docs/*", "LICENSE*", ".github/*", ".gitignore")
_LOWER = ("loss", "error", "rmse", "mae", "mse", "perplexity")


def _call(value: str) -> str:
    module, colon, function = value.rpartition(":")
    if not colon or not module or not function.isidentifier():
        raise ValueError('expected "module:function" or "folder/file.py:function"')
    return value


def _looks(value: tuple[int, ...]) -> tuple[int, ...]:
    if list(value) != sorted(set(value)) or not value or value[0] < 3:
        raise ValueError("expected numbers of seeds in rising order, at least 3, such as [6, 10, 20]")
    return value


def _duration(value: str) -> str:
    try:
        read_budget(value, "")
    except UsageError:
        raise ValueError("expected a time with its unit, such as 90s, 5m or 1h30m") from None
    return value


Call = Annotated[Text, AfterValidator(_call)]
Duration = Annotated[Text, AfterValidator(_duration)]


class LearningSection(Section):
    """A subject that learns: ``def train(seed, log)`` with ``log(step, val_accuracy=…)``.

    ``pytest`` names a folder of tests instead: those with the mark ``learning`` are subjects.
    """

    name: Text = ""
    call: Call = ""
    pytest: Text | None = None
    metric: Text = "val_loss"
    better: Literal["higher", "lower"] | None = None  # None: as the name of the metric has it
    # "auto": the one that --calibrate proposed for this subject
    margin: Positive | Literal["auto"] = "auto"
    seeds: Annotated[tuple[Count, ...], AfterValidator(_looks)] = (6, 10, 20)
    target: Number | None = None  # then also the steps to this value are compared
    timeout: Duration = "10m"  # of one training

    @model_validator(mode="after")
    def _one_or_many(self) -> "LearningSection":
        if (self.pytest is None) == (not (self.name and self.call)) or (self.pytest and self.name):
            raise ValueError("expected either name and call, or pytest")
        return self

    @property
    def is_better_higher(self) -> bool:
        if self.better is not None:
            return self.better == "higher"
        return not any(word in self.metric for word in _LOWER)


class SpeedSection(Section):
    """Code that should stay as fast as it is: a function, or a suite of pytest-benchmark."""

    name: Text | None = None
    call: Call | None = None
    pytest: Text | None = None
    margin: Positive = 0.03  # of the ratio of times

    @model_validator(mode="after")
    def _one_of_both(self) -> "SpeedSection":
        if (self.call is None) == (self.pytest is None):
            raise ValueError("expected either call or pytest")
        return self


class AcceptSection(Section):
    """A change for the worse that is meant."""

    subject: Text
    reason: Text = Field(min_length=1)
    until: date


class GateSection(Section):
    """The whole table. Without learning and speed there is nothing to measure."""

    base: Text = "merge-base"  # or a tag, a branch, a commit
    setup: Text | None = None  # a shell command, once per side, in a virtual environment of its own
    path: Texts = (".",)  # folders of a side that its modules are imported from
    ignore: Texts = IGNORED
    budget: Duration | None = None
    learning: tuple[LearningSection, ...] = ()
    speed: tuple[SpeedSection, ...] = ()
    accept: tuple[AcceptSection, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> "GateSection":
        names = [each.name for each in self.learning if each.pytest is None]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two learning subjects are called {name!r}. Rename one")
        return self


def read_gate(folder: Path) -> GateSection | None:
    """Return ``[tool.nnbench.gate]`` of the pyproject.toml of a folder; None where there is none."""
    path = folder / "pyproject.toml"
    if not path.is_file():
        return None
    table = read_toml(path).get("tool", {})
    for key in ("nnbench", "gate"):
        table = table.get(key) if isinstance(table, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise UsageError(f"{path}, tool.nnbench.gate: expected a table. Write [tool.nnbench.gate].")
    return check(GateSection, table, f"{path}, tool.nnbench.gate")
