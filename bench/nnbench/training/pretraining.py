"""Weights that are learnt before the training: ``--init dbn`` for the hidden layers of a trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnbench.cases.choices import part_of
from nnbench.cases.spec import canonical_json
from nnbench.machine.clock import Clock
from nnbench.plan.matrix import Dtype, TrialSpec
from nnbench.training.data import parts_of
from nnkit.errors import NnkitError
from nnkit.execution.trial import Trial
from nnkit.layers import Activation, Dense, Dropout, Flatten, Layer
from nnkit.pretraining import DBN
from nnkit.registry import Value, parse_choice

# Rows of a step of contrastive divergence: Hinton (2010) advises ten to a hundred.
_BATCH = 20


def hidden_sizes(model: Sequence[Layer], where: str) -> list[int]:
    """Return the units of the hidden layers that a deep belief net can be for, or raise NnkitError."""
    stack = [layer for layer in model if not isinstance(layer, Flatten | Dropout)]
    sizes, place = [], 0
    while place < len(stack) - 1:
        layer, after = stack[place], stack[place + 1]
        if not isinstance(layer, Dense) or not layer.use_bias:
            raise _unfit(where, type(layer).__name__)
        own = _name(layer.activation)
        chosen = own if own != "linear" or not isinstance(after, Activation) else _name(after.activation)
        if chosen != "sigmoid":
            raise _unfit(where, f"a hidden layer with {chosen}")
        sizes.append(layer.units)
        place += 2 if isinstance(after, Activation) and own == "linear" else 1
    if not sizes or place == len(stack) or not isinstance(stack[-1], Dense):
        raise _unfit(where, "no hidden layer before the last one" if not sizes else type(stack[-1]).__name__)
    return sizes


def pretrain(trial: TrialSpec, run: Trial, model: Sequence[Layer]) -> float:
    """Give the hidden layers of ``run`` the weights that the trial's choice learns; return its seconds."""
    chosen = dict(trial.axes.values)["init"]
    sizes = tuple(hidden_sizes(model, f"case {trial.case.name!r}, init {chosen}"))
    learnt = _learn(_Task(trial, sizes, chosen, trial.dtype))
    parameters = run.parameters()
    for name, values in learnt.parameters.items():
        parameters[name][...] = values
    return learnt.seconds


@dataclass(frozen=True, slots=True)
class _Task:
    """What decides the weights; equal tasks learn the same."""

    trial: TrialSpec
    sizes: tuple[int, ...]
    chosen: str
    dtype: Dtype

    def _decides(self) -> tuple[Any, ...]:
        data = canonical_json(self.trial.as_trained.data.identity())
        return data, self.trial.seed, self.sizes, self.chosen, self.dtype

    def __hash__(self) -> int:
        return hash(self._decides())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Task) and self._decides() == other._decides()


@dataclass(frozen=True, slots=True)
class _Learnt:
    parameters: Mapping[str, NDArray[Any]]
    seconds: float


# A search tries many learning rates of the training on one seed: what comes before is the same for all.
@lru_cache(maxsize=64)
def _learn(task: _Task) -> _Learnt:
    clock = Clock()
    x = parts_of(task.trial.as_trained, task.trial.seed, task.dtype).train.x
    rows = np.ascontiguousarray(x.reshape(len(x), -1))
    # Binary units take probabilities; what lies outside them is taken for normal about a mean.
    visible = "bernoulli" if rows.min() >= 0.0 and rows.max() <= 1.0 else "gaussian"
    given = _resolved(task.chosen)
    net = DBN(task.sizes, seed=task.trial.seed, visible=visible, dtype=task.dtype)
    net.fit(
        rows,
        epochs=int(given["epochs"] or 0),
        learning_rate=float(given["rate"] or 0.0),
        k=int(given["k"] or 0),
        batch_size=min(_BATCH, len(rows)),
    )
    return _Learnt(net.hidden_parameters(), clock.elapsed_s())


def _resolved(choice: str) -> dict[str, Value]:
    name, given = parse_choice(choice)
    return part_of("initializers", name).resolve(given)


def _name(activation: Any) -> str:
    return parse_choice(activation)[0] if isinstance(activation, str) else str(activation.name)


def _unfit(where: str, found: str) -> NnkitError:
    return NnkitError(
        f"{where}: a deep belief net is for dense hidden layers with sigmoid, found {found}."
        " Use --activation sigmoid on a case of dense layers, or another init."
    )
