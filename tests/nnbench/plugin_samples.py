"""A plug-in for tests, and a process that has seen none yet."""

import pytest

from nnbench.cases import plugins
from nnkit import activations, functions, initializers, optimizers, schedules

MINE = """\
import nnkit

def update(params, grads, state, step, learning_rate, beta=0.9):
    "My own momentum."
    for name in params:
        velocity = state.setdefault(name, 0.0 * grads[name])
        velocity *= beta
        velocity += grads[name]
        params[name] -= learning_rate * velocity

nnkit.optimizers.register_numpy("mine", update, learning_rate=0.05, beta=0.9)
"""


def forget_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nnkit and nnbench as a new process finds them; undone after the test."""
    for module in (optimizers, activations, initializers, schedules, functions):
        registry = module._registry
        parts = {name: part for name, part in registry._parts.items() if part.source != "plug-in"}
        monkeypatch.setattr(registry, "_parts", parts)
    for known in ("_sources", "_executed"):
        monkeypatch.setattr(plugins, known, {})
