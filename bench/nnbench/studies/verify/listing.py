"""What counts as a layer."""

from nnbench.studies.verify.check import Check
from nnkit import Sequential, layers
from nnkit.compiler import explain


def _first_line() -> str:
    """Return what the listing of 3072-100-10 calls it."""
    program = Sequential(
        [layers.Dense(100, activation="relu"), layers.Dense(10)], input_shape=(3072,)
    ).program()
    return next(
        (word for word in explain.render(program).split("\n")[0].split(", ") if "-layer" in word), "none"
    )


CHECKS = (
    Check(
        "X26",
        "L4",
        "3072-100-10: only layers with weights count",
        "3072-100-10: 가중치가 있는 것만 층으로 센다",
        "2-layer net",
        _first_line,
    ),
)
