"""The layers of a case: its tables filled in with the choice on every axis."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from nnbench.cases.choices import NORM_LAYERS
from nnbench.cases.spec import CaseSpec
from nnkit import layers
from nnkit.errors import NnkitError
from nnkit.initializers.learnt import DRAWN, is_learnt
from nnkit.registry import parse_choice


def make_layers(case: CaseSpec, chosen: Mapping[str, str]) -> list[layers.Layer]:
    """Return the layers of the case's model with these choices."""
    return _stack(case, case.model.unrolled(), chosen)


def _stack(
    case: CaseSpec, tables: Sequence[Mapping[str, Any]], chosen: Mapping[str, str]
) -> list[layers.Layer]:
    made: list[layers.Layer] = []
    for table in tables:
        if not isinstance(table, Mapping) or not isinstance(table.get("type"), str):
            raise NnkitError(f"model.layers: expected a layer with its type, found {table!r}.")
        arguments = {key: _filled_in(value, chosen) for key, value in table.items()}
        kind = arguments.pop("type")
        if kind == "$norm" or kind in ("none", *NORM_LAYERS):
            made += _norm(chosen["norm"])
            continue
        if "layers" in arguments:
            arguments["layers"] = tuple(_stack(case, table["layers"], chosen))
        make = layers.record(kind).make
        if "kernel_l1" in (field.name for field in fields(make)):  # type: ignore[arg-type]
            arguments = {"kernel_l1": case.training.l1, "kernel_l2": case.training.l2, **arguments}
        try:
            made.append(make(**arguments))
        except TypeError as error:
            raise NnkitError(f"model.layers: {kind}: {str(error).split(') ')[-1]}.") from None
    return made


def _filled_in(value: Any, chosen: Mapping[str, str]) -> Any:
    if isinstance(value, str) and value.startswith("$") and value != "$norm":
        choice = chosen[value[1:]]
        return DRAWN if value == "$init" and is_learnt(choice) else choice
    return tuple(value) if isinstance(value, list) else value


def _norm(choice: str) -> list[layers.Layer]:
    name, given = parse_choice(choice)
    return [] if name == "none" else [layers.record(NORM_LAYERS[name]).make(**given)]
