"""Losses from outside: trained by like any other, and refused where the slope is not the derivative."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from nnkit import layers, losses
from nnkit.errors import InvalidArgument
from tests.nnkit.small_models import blobs, build


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Let no other test meet what is registered here."""
    parts: dict[str, Any] = losses._registry._parts
    before = dict(parts)
    yield
    parts.clear()
    parts.update(before)


def pinball(y, t, share=0.5):  # type: ignore[no-untyped-def]
    """The loss of a quantile."""
    d = t - y
    return (share * d, -share) if d > 0.0 else ((share - 1.0) * d, 1.0 - share)


def test_a_plug_in_is_trained_by() -> None:
    record = losses.register("pinball", pinball, share=0.9)
    x, y = blobs(40)
    model = build([layers.Dense(1)], (4,), loss="pinball(share=0.8)", optimizer="sgd(learning_rate=0.01)")
    history = model.fit(x, y[:, None], epochs=60).history["loss"]
    d = y[:, None] - model.predict(x)

    assert record.summary == "The loss of a quantile."
    assert history[-1] < history[0]
    expected = float(np.mean(np.maximum(0.8 * d, -0.2 * d)))
    assert model.evaluate(x, y[:, None])["loss"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("each", "message"),
    [
        (lambda y, t: ((y - t) ** 2, y - t), "its slopes add up to .* but its value rises by"),
        (lambda y, t: (1 / (y - y), 0.0), "it must be finite"),
        (lambda y, t: ([y], 0.0), "loss 'wrong': numba cannot compile it"),
        (lambda y: (y, 1.0), "the function must take .output, target."),
    ],
)
def test_a_function_that_cannot_be_used_is_refused(each: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        losses.register("wrong", each)
    assert "wrong" not in losses.names()
