"""The axis of a metric as data: its name and unit, the scales that it can have, and the target."""

from typing import Any

from nnbench.records.trials import CaseFacts
from nnbench.reporting import digits
from nnbench.reporting.figures.lines import Window
from nnbench.reporting.texts import words

_KINDS = {"log of the error": "error"}  # as the script calls it


def axis(facts: CaseFacts, view: Window) -> dict[str, Any]:
    """Return the axis, on the scale of the window to begin with."""
    scale, name = digits.scale_of(facts), words.metric(facts)
    return {
        "label": words.unit_after(name, scale.unit),
        "short": name,
        "unit": scale.unit,
        "factor": scale.factor,
        "kind": _KINDS.get(view.scale, view.scale),
        "kinds": ["linear", "log", *(["error"] if scale.bounded else [])],
        "least": view.resolution,
        "target": _target(facts),
    }


def _target(facts: CaseFacts) -> dict[str, Any] | None:
    if facts.target is None:
        return None
    return {"value": facts.target, "text": words.metric_value(facts.target, facts)}
