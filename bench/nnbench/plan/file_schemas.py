"""The JSON schemas of the files that users write, made from the models that read them.

Editors complete keys and names by a schema, and underline what no file may say. What several keys mean
together is in no schema: nnbench checks it when it reads the file.
"""

import json
from collections.abc import Iterable
from copy import deepcopy
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnbench.cases.axis import AXES, OWN

if TYPE_CHECKING:
    from pydantic import BaseModel

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Kind -> where the model of such a file is, and what the file is.
KINDS = {
    "case": ("nnbench.cases.spec:CaseSpec", "a task with data, model, budget and target"),
    "subject": ("nnbench.cases.subject:SubjectCase", "a task that your own code trains"),
    "matrix": ("nnbench.cases.spec:MatrixFile", "what to compare, also [tool.nnbench] of pyproject.toml"),
    "claim": ("nnbench.cases.claims:ClaimSpec", "a claim, and how it is measured"),
    "gate": ("nnbench.plan.gate:GateSection", "[tool.nnbench.gate] of pyproject.toml"),
}
# Keys that name a part and are no axis -> the kind of part.
_NAMED_ELSEWHERE = {"loss": "losses", "metric": "metrics", "dataset": "datasets", "type": "layers"}
# How pydantic calls limits that stand behind a check of our own, and how JSON Schema does.
_LIMITS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
# A subject's model has none of these sections, though its class inherits them.
_NOT_OF_SUBJECTS = ("data", "model", "training", "transfer")


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of the files of a kind, one of `KINDS`."""
    place, what = KINDS[kind]
    module, _, name = place.partition(":")
    model: type[BaseModel] = getattr(import_module(module), name)
    schema = _plain(model.model_json_schema(by_alias=True))
    if kind == "subject":
        schema["properties"] = {
            key: value for key, value in schema["properties"].items() if key not in _NOT_OF_SUBJECTS
        }
        schema["required"] = [key for key in schema["required"] if key not in _NOT_OF_SUBJECTS]
    for described in (schema, *schema["$defs"].values()):
        _offer_names(described)
    while unused := [name for name in schema["$defs"] if not _is_used(name, schema)]:
        for name in unused:
            del schema["$defs"][name]
    return {"$schema": _DIALECT, "title": f"nnbench {kind}: {what}", **schema}


def _is_used(name: str, schema: dict[str, Any]) -> bool:
    others = [part for other, part in schema["$defs"].items() if other != name]
    return f'"#/$defs/{name}"' in json.dumps([schema["properties"], others])


def _plain(value: Any) -> Any:
    """Return a schema in the words of JSON Schema and of TOML, without titles that only repeat a key."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {
        _LIMITS.get(key, key): _plain(one)
        for key, one in value.items()
        if key not in ("title", "default", "properties", "oneOf", "anyOf")
    }
    if "properties" in value:
        found["properties"] = {key: _plain(one) for key, one in value["properties"].items()}
    # A layer and a repeated stack are told apart by a key: a schema that lets further keys pass finds both
    # in a stack, so that "exactly one of them" would refuse it. And TOML has no null: a key is left out.
    choices = [
        _plain(one) for one in value.get("oneOf") or value.get("anyOf") or () if one != {"type": "null"}
    ]
    found |= {"anyOf": choices} if len(choices) > 1 else choices[0] if choices else {}
    if value.get("default") and not isinstance(value["default"], dict):
        found["default"] = value["default"]
    return found


def _offer_names(described: dict[str, Any]) -> None:
    """Add the names of parts to the keys that take them: offered by an editor, and never the only ones."""
    for axis in AXES.values():
        # A file may write either name of an axis.
        if axis.key != axis.name and axis.key in described.get("properties", {}):
            described["properties"][axis.name] = deepcopy(described["properties"][axis.key])
    for key, value in described.get("properties", {}).items():
        names = list(_names(key))
        if not names:
            continue
        word = {"anyOf": [{"enum": names}, {"type": "string"}]}
        if value.get("type") == "string":
            value.pop("type")
            value.update(word)
        elif "anyOf" in value and (lists := [one for one in value["anyOf"] if one.get("type") == "array"]):
            value["anyOf"] = [word, {"type": "number"}, *({**one, "items": word} for one in lists)]


def _names(key: str) -> Iterable[str]:
    kinds = {spelling: axis.lists for axis in AXES.values() for spelling in (axis.key, axis.name)}
    kind = {**kinds, **_NAMED_ELSEWHERE}.get(key)
    return (
        () if kind is None else (*import_module(f"nnkit.{kind}").names(), *((OWN,) if key in kinds else ()))
    )
