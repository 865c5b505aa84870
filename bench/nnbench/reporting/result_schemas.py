"""The JSON schemas of what ``--json`` prints, made from the types that the documents are built as.

A schema lets further keys pass, for a later version may add some: the number behind a document's name rises
only when a key gets another meaning or goes.
"""

from collections.abc import Iterable
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from nnbench.reporting.shapes.catalogue import DataDocument, ListDocument, ShowDocument
from nnbench.reporting.shapes.claims import ClaimsDocument, VerifyDocument
from nnbench.reporting.shapes.descend import DescendDocument
from nnbench.reporting.shapes.diagnose import DiagnoseDocument, PreflightDocument
from nnbench.reporting.shapes.gate import GateDocument
from nnbench.reporting.shapes.kernels import KernelsDocument
from nnbench.reporting.shapes.program import CircuitDocument, ExplainDocument
from nnbench.reporting.shapes.run import CompareDocument, JudgeDocument, RunDocument, TablesDocument
from nnbench.reporting.shapes.tune import AblateDocument, TuneDocument
from nnbench.reporting.shapes.workplace import (
    CalibrationDocument,
    DoctorDocument,
    MergeDocument,
    PlanDocument,
    SearchPlanDocument,
)

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DOCUMENTS: tuple[Any, ...] = (
    *(
        RunDocument,
        TuneDocument,
        AblateDocument,
        JudgeDocument,
        CompareDocument,
        GateDocument,
        KernelsDocument,
    ),
    *(DiagnoseDocument, PreflightDocument, DescendDocument, ClaimsDocument, VerifyDocument, ExplainDocument),
    *(CircuitDocument, ListDocument, ShowDocument, DataDocument, PlanDocument, SearchPlanDocument),
    *(CalibrationDocument, MergeDocument, DoctorDocument, TablesDocument),
)
_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", NoneType: "null"}


def _name(document: Any) -> str:
    """Return what a document calls its schema."""
    said, _ = get_args(get_type_hints(document, include_extras=True)["schema"])
    return str(get_args(said)[0])


# What a document calls its schema -> the shapes that such a document may have.
RESULTS: dict[str, tuple[Any, ...]] = {
    name: tuple(each for each in _DOCUMENTS if _name(each) == name) for name in map(_name, _DOCUMENTS)
}


def words(taken: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the documents' names without program and version: run, tune …; with it where that is taken."""
    short = [name.removeprefix("nnbench.") for name in RESULTS]
    return tuple(name if (word := name.partition("/")[0]) in taken else word for name in short)


def named(word: str) -> str | None:
    """Return the schema that ``nnbench.run/1``, ``run/1`` or ``run`` means; None: there is no such one."""
    spelt = {
        name: {name, name.removeprefix("nnbench."), short}
        for name, short in zip(RESULTS, words(), strict=True)
    }
    return next((name for name, spellings in spelt.items() if word in spellings), None)


def result_schema(name: str) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a document, one of `RESULTS`."""
    shapes, parts = RESULTS[name], dict[str, Any]()
    made = [_object(shape, parts) for shape in shapes]
    whole = made[0] if len(made) == 1 else {"anyOf": made}
    return {"$schema": _DIALECT, "title": name, **whole, "$defs": dict(sorted(parts.items()))}


def _object(shape: Any, parts: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(shape, include_extras=True)
    # The name of the schema first and what may be absent last, wherever they are inherited from.
    needed = shape.__required_keys__
    hints = dict(sorted(hints.items(), key=lambda hint: (hint[0] != "schema", hint[0] not in needed)))
    return {
        "description": shape.__doc__,
        "type": "object",
        "properties": {key: _value(hint, parts) for key, hint in hints.items()},
        "required": [key for key in hints if key in needed],
    }


def _value(hint: Any, parts: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type; shapes that are met on the way are added to the parts."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is NotRequired:
        return _value(inner[0], parts)
    if origin is Annotated:
        return {**_value(inner[0], parts), "description": " ".join(inner[1:])}
    if is_typeddict(hint):
        if hint.__name__ not in parts:
            parts[hint.__name__] = {}  # holds the place: a shape may hold itself
            parts[hint.__name__] = _object(hint, parts)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if origin in (Union, UnionType):
        return _either([_value(one, parts) for one in inner])
    if origin is Literal:
        return {"const": inner[0]} if len(inner) == 1 else {"enum": list(inner)}
    if origin is list:
        return {"type": "array", "items": _value(inner[0], parts)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _value(inner[1], parts)}
    return {} if hint in (Any, object) else {"type": _KINDS[hint]}


def _either(choices: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one of several schemas, plain kinds in one word list."""
    kinds = [each.get("type") for each in choices]
    if all(list(each) == ["type"] for each in choices):
        return {"type": kinds}
    return {"anyOf": choices}
