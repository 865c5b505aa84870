"""What keys of a user's file may hold: the kinds of values, and the table that they stand in."""

import json
import math
from typing import Annotated, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictStr,
)

from nnkit.registry import spell_value

T = TypeVar("T")


def _number(value: object) -> object:
    # Without this, "20" and true would pass for numbers; a file that says so has a mistake in it.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expected a number")
    return value


def _choice(value: object) -> str:
    """Return one value of an axis as text: names are written with quotes, rates and sizes without."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return spell_value(value)
    raise ValueError("expected a name or a number")


def as_list(value: object) -> object:
    """Take a single value for a list of one, so that ``optimizer = "adam"`` may be written."""
    return value if isinstance(value, list | tuple) else [value]


def _choices(value: object) -> object:
    if value == []:
        raise ValueError("the list is empty. Name at least one, or leave it out")
    return as_list(value)


def _seeds(value: object) -> int | str | tuple[int, ...]:
    if isinstance(value, int | str) and not isinstance(value, bool):
        return value
    if isinstance(value, list | tuple) and all(type(seed) is int for seed in value):
        return tuple(value)
    raise ValueError('expected a number of seeds, a list of seeds, or text like "1,5-9"')


def _class_weight(value: object) -> str | None:
    """Return weights by label or name of the class as JSON, which is a word in a key, or "balanced"."""
    if value is None or value == "balanced":
        return "balanced" if value else None
    # What was read once comes back as it is written here.
    table = json.loads(value) if isinstance(value, str) and value.startswith("{") else value
    weights = list(table.values()) if isinstance(table, dict) else []
    if (
        not isinstance(table, dict)
        or not weights
        or not all(type(one) in (int, float) and 0 <= one < math.inf for one in weights)
    ):
        raise ValueError('expected "balanced", or a weight of at least 0 for classes, as in {0 = 1, 1 = 5}')
    return json.dumps({str(name): float(weight) for name, weight in table.items()}, sort_keys=True)


def not_empty(value: T) -> T:
    # Not pydantic's min_length: that one also counts items that are wrong, and would report them twice.
    if not value:
        raise ValueError("expected at least one")
    return value


# What may be written stands in the JSON schema, for editors: a single value for a list of one.
_Word = str | float
Text = StrictStr
Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
NotNegative = Annotated[Number, Field(ge=0)]
Positive = Annotated[Number, Field(gt=0)]
Whole = Annotated[int, BeforeValidator(_number)]
Count = Annotated[Whole, Field(ge=1)]
Epochs = Annotated[Whole, Field(ge=1, le=1_000_000)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(as_list, json_schema_input_type=str | list[str])]
Choices = Annotated[
    tuple[Annotated[str, PlainValidator(_choice, json_schema_input_type=_Word)], ...],
    BeforeValidator(_choices, json_schema_input_type=_Word | Annotated[list[_Word], Field(min_length=1)]),
]
Seeds = Annotated[
    int | str | tuple[int, ...], PlainValidator(_seeds, json_schema_input_type=int | str | list[int])
]
_Weights = Literal["balanced"] | dict[str, float] | None
ClassWeight = Annotated[str | None, PlainValidator(_class_weight, json_schema_input_type=_Weights)]


class Section(BaseModel):
    """A table of a file: an unknown key is a mistake, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
