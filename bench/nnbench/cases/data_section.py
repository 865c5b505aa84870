"""The ``[data]`` of a case: a dataset by name, or files of the user's own."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, PrivateAttr, StrictBool, model_validator

from nnbench.cases.fields import Section, Text, Texts

_Share = Annotated[float, Field(gt=0, lt=1)]


def _validation(value: object) -> float | str:
    if value == "official":
        return "official"
    if isinstance(value, float) and 0 < value < 1:
        return value
    raise ValueError('expected a share above 0 and below 1, or "official"')


class DataSection(Section):
    """Where samples come from: a dataset by name, or files of the user's own and a question to them."""

    dataset: Text = ""  # a name, or "spirals(n_samples=600)"; empty where there are files
    file: Texts = ()  # or features and targets apart
    target: Texts = ()
    task: Literal["classification", "regression"] | None = None  # None: as the target looks
    drop: Texts = ()
    group: Text | None = None
    time: Text | None = None
    header: StrictBool | None = None  # None: as the first line looks
    # While a rate is tuned a part of the official training part stands in for the official test part; no file
    # can say "official_training", which is another case with other trials.
    validation: Annotated[
        float | Literal["official", "official_training"],
        PlainValidator(_validation, json_schema_input_type=_Share | Literal["official"]),
    ] = 0.25
    scale: Literal["none", "unit", "standardize"] = "none"
    # Where the files were found, and the digest of what was in them then.
    _paths: tuple[str, ...] = PrivateAttr(default=())
    _content: str = PrivateAttr(default="")

    @model_validator(mode="before")
    @classmethod
    def _of_files(cls, table: Any) -> Any:
        if not isinstance(table, dict):
            return table
        named = table.get("dataset")
        if isinstance(named, str) and _is_file(named):
            table = {"file": named, **{key: table[key] for key in table.keys() - {"dataset"}}}
        if ("dataset" in table) == ("file" in table):
            raise ValueError("expected either a dataset by name or a file")
        if isinstance(table.get("file"), list) and len(table["file"]) not in (1, 2):
            raise ValueError(f"expected one file, or features and targets, found {len(table['file'])} files")
        only = ("target", "task", "drop", "group", "time", "header")
        if "file" not in table and (wrong := next((key for key in only if key in table), None)):
            raise ValueError(f"{wrong} is said of a file, and a dataset by name is none")
        if "file" in table and table.get("validation") == "official":
            raise ValueError("a file has no official split. Give validation a share, such as 0.25")
        return {"scale": "standardize", **table} if "file" in table else table

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return where the files are."""
        return tuple(map(Path, self._paths or self.file))

    @property
    def content(self) -> str:
        """Return the digest of what was in the files when the case was read; empty without files."""
        return self._content

    def found_in(self, folder: Path, content: Callable[[tuple[Path, ...]], str]) -> "DataSection":
        """Return the section with its files looked up from a folder, and what is in them."""
        section = self.model_copy()
        section._paths = tuple(os.path.abspath(folder / name) for name in self.file)
        section._content = content(section.paths)
        return section

    def identity(self) -> dict[str, Any]:
        """Return what of the section can change a trial's result: of files their content, not their names."""
        own = self.model_dump(mode="json")
        if not self.file:
            return {key: own[key] for key in ("dataset", "validation", "scale")}
        said = {key: value for key, value in own.items() if value not in (None, "", []) and key != "file"}
        return {**said, "content": self._content}


def _is_file(text: str) -> bool:
    from nnkit.datasets.tables import SUFFIXES

    return "/" in text or "\\" in text or text.lower().endswith(SUFFIXES)
