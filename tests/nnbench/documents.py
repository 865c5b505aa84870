"""Documents that commands print, held against their schemas with nothing more let through."""

import json
from copy import deepcopy
from functools import cache
from importlib.util import find_spec
from typing import Any

from nnbench.reporting.result_schemas import result_schema


def closed(schema: Any) -> Any:
    """Return a schema that refuses every key it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(each) for key, each in schema.items()}
    if isinstance(schema.get("properties"), dict):
        found["additionalProperties"] = False
    return found


@cache
def _validator(name: str) -> Any:
    jsonschema = __import__("jsonschema")
    schema = closed(deepcopy(result_schema(name)))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def complaints(document: dict[str, Any]) -> list[str]:
    """Return where a document is not as its schema says; nothing where jsonschema is not installed."""
    if find_spec("jsonschema") is None:
        return []
    found = [_nearest(error) for error in _validator(document["schema"]).iter_errors(document)]
    return [f"{error.json_path}: {error.message[:300]}" for error in found]


def _nearest(error: Any) -> Any:
    """Return of several shapes, none of which fits, what is wrong with the one that fits best."""
    while error.context:
        by_shape: dict[int, list[Any]] = {}
        for each in error.context:
            by_shape.setdefault(each.schema_path[0], []).append(each)
        error = min(by_shape.values(), key=len)[0]
    return error


def document_in(printed: str) -> dict[str, Any] | None:
    """Return the document that was printed, if it was one of ours."""
    if not printed.startswith("{"):
        return None
    document: dict[str, Any] = json.loads(printed)
    return document if str(document.get("schema", "")).startswith("nnbench.") else None
