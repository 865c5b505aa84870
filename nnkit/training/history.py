"""What training and tracing leave: values per epoch, and one pass laid open."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.training.notebook import history_html

Array = NDArray[Any]


@dataclass
class History:
    """What a fit leaves: values per epoch by name, the loss of every step, and how it ended."""

    history: dict[str, list[float]] = field(default_factory=dict)
    step_loss: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    status: str = "finished"
    stopped_at: int = 0  # the number of steps made
    train_s: float = 0.0

    def _repr_html_(self) -> str:
        """Return the last epochs as a table and the losses as a picture, for a notebook."""
        said = f"{self.status} after {self.stopped_at:,} steps, {self.train_s:.3g} s of training"
        return history_html(self.history, said)


@dataclass(frozen=True, slots=True)
class Trace:
    """One forward and backward pass, laid open."""

    loss: float
    values: dict[str, Array]
    gradients: dict[str, Array]
