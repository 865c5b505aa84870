"""A small case as a file holds it, for tests to change."""

import copy
import json
from pathlib import Path
from typing import Any

_CONTENT: dict[str, Any] = {
    "name": "small",
    "summary": "Iris through one hidden layer.",
    "data": {"dataset": "iris", "validation": 0.25, "scale": "standardize"},
    "model": {
        "layers": [
            {"type": "Dense", "units": 8, "kernel_initializer": "$init"},
            {"type": "Activation", "activation": "$activation"},
            {"type": "Dense", "units": 3, "kernel_initializer": "$init"},
        ]
    },
    "training": {"loss": "sparse_categorical_crossentropy", "epochs": 2, "batch_size": 16},
    "measure": {"metric": "accuracy", "target": 0.9, "noticeable": 0.01},
    "run": {"optimizer": ["sgd", "adam"], "seeds": 2},
}


def case_content() -> dict[str, Any]:
    return copy.deepcopy(_CONTENT)


def as_toml(content: dict[str, Any]) -> str:
    """Return TOML: tables inside lists are written inline."""
    return "\n".join(f"{key} = {_value(value)}" for key, value in content.items()) + "\n"


def write_case(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(as_toml(content), encoding="utf-8")
    return path


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)
