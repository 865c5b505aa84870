"""The document of schema ``nnbench.descend/1``."""

from typing import Any

from nnbench.records.descent import Descent, Path
from nnbench.reporting.json.numbers import finite
from nnbench.reporting.shapes.descend import DescendDocument
from nnbench.reporting.shapes.descend import Path as PathShape


def as_dict(descent: Descent) -> DescendDocument:
    return {
        "schema": "nnbench.descend/1",
        "function": descent.function,
        "formula": descent.formula,
        "source": descent.source,
        "start": list(descent.start),
        "axes": [descent.landscape.x_label, descent.landscape.y_label],
        "largest_curvature": descent.curvature,
        "stability_limit": descent.stability_limit,
        "minima": descent.minima.tolist(),
        "noise": descent.noise,
        "paths": [_path(path) for path in descent.paths],
    }


def _path(path: Path) -> PathShape:
    return {
        "optimizer": path.optimizer,
        "learning_rate": path.learning_rate,
        "schedule": path.schedule,
        "batch_size": path.batch_size,
        "seed": path.seed,
        "points": path.points.tolist(),
        "values": [finite(value) for value in path.values.tolist()],
        "end": path.end,
        "why": path.why,
        "steps": path.n_steps,
        "settled": path.settled,
        "stability_limit": path.limit,
        "last_point": list(path.last),
    }


def rows(descent: Descent) -> list[dict[str, Any]]:
    """Return the trajectory of every path, a row for each step; the start is step 0."""
    return [
        {
            "optimizer": path.optimizer,
            "learning_rate": path.learning_rate,
            "schedule": path.schedule,
            "batch_size": path.batch_size,
            "seed": path.seed,
            "step": step,
            "x": float(x),
            "y": float(y),
            "value": float(value),
            "end": path.end,
        }
        for path in descent.paths
        for step, ((x, y), value) in enumerate(zip(path.points, path.values, strict=True))
    ]
