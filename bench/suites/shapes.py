"""The nets that steps are measured of, and what a step of ours should be beside each peer."""

from dataclasses import dataclass

from ours import CROSS_ENTROPY, SQUARES, Array, digits_like, numbers


@dataclass(frozen=True, slots=True)
class Shape:
    """A net of dense layers with its data and batch; goals are times that a peer takes longer."""

    features: int
    units: tuple[int, ...]
    rows: int
    batch_size: int
    goals: dict[str, str]
    activation: str = "relu"
    loss: str = CROSS_ENTROPY
    n_steps: int = 16  # of ours in a call

    def data(self) -> tuple[Array, Array]:
        if self.loss == SQUARES:
            return numbers(self.rows, self.features, self.units[-1])
        return digits_like(self.rows, self.features)


def _narrow(rows: int, goals: dict[str, str], n_steps: int) -> Shape:
    return Shape(4, (32, 16, 4), rows, rows, goals, "tanh", SQUARES, n_steps)


SHAPES = {
    "MLP 64-64-32-10, batch 32": Shape(
        64, (64, 32, 10), 1344, 32,
        {"torch": "at least 30x", "scan": "at least 3x", "vmap": "at least 2.2x", "step": ""}, n_steps=256,
    ),
    "MLP 784-128-64-10, batch 128": Shape(
        784, (128, 64, 10), 4096, 128,
        {"torch": "at least 3.7x", "scan": "at least 1.5x", "vmap": "", "step": ""},
    ),
    "narrow MLP 4-32-16-4 tanh, 200 rows": _narrow(200, {"torch": "", "step": ""}, 64),
    "narrow MLP 4-32-16-4 tanh, 10,000 rows": _narrow(
        10_000, {"torch": "at least 2.6x, aim 3.5x", "step": "at most 550 us"}, 4
    ),
}  # fmt: skip
