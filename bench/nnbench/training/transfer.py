"""Transfer: a net learns some classes first, and what it learnt is the start on others.

The net of the source has the layers of the trial, and is trained as the case trains by itself: with its own
optimizer, rate and schedule, whatever the trial has. So all ways of a seed start from the same features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from nnbench.cases.spec import CaseSpec, canonical_json
from nnbench.plan.matrix import Dtype, TrialSpec
from nnbench.training.data import source_of
from nnbench.training.layers import make_layers
from nnkit import Sequential
from nnkit.layers.base import Layer, named

_WEIGHTED = ("Dense", "Conv2D", "Conv1D", "Maxout", "Residual")


def freeze(model: Sequence[Layer], way: str) -> None:
    """Freeze what stays: every layer before the head, or those up to the first half of them with weights."""
    weighted = [place for place, layer in enumerate(model) if layer.record.name in _WEIGHTED]
    features = weighted[:-1]
    if way == "head":
        n_frozen = weighted[-1] if weighted else 0
    elif way == "partial" and len(features) > 1:
        n_frozen = features[len(features) // 2]
    else:
        n_frozen = 0
    for layer in model[:n_frozen]:
        for _, one in named([layer]):
            one.trainable = False


def start(
    trial: TrialSpec, parameters: Mapping[str, NDArray[Any]], states: Mapping[str, NDArray[Any]]
) -> None:
    """Give a trial the weights and statistics that the source left, all but those of the head."""
    learnt = _learn(_Task(trial))
    head = list(parameters)[-1].rpartition("/")[0]
    for name, values in {**parameters, **states}.items():
        if name.rpartition("/")[0] != head:
            values[...] = learnt[name]


@dataclass(frozen=True, slots=True)
class _Task:
    """What decides the features; equal tasks learn the same."""

    trial: TrialSpec

    def _decides(self) -> tuple[str, int, Dtype]:
        case: CaseSpec = self.trial.as_trained
        assert case.transfer is not None, case.name
        chosen = dict(self.trial.axes.values)
        model = {name: chosen[name] for name in ("activation", "init", "norm")}
        same = {**case.identity, "transfer": case.transfer.model_dump(mode="json", exclude={"way", "rows"})}
        own = {"optimizer": case.axes.optimizer, "learning_rate": case.axes.learning_rate}
        written = canonical_json({**same, "model": model, "own": own, "batch": case.training.batch_size})
        return written, self.trial.seed, self.trial.dtype

    def __hash__(self) -> int:
        return hash(self._decides())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Task) and self._decides() == other._decides()


# Every way and every learning rate of a seed starts from the same features.
@lru_cache(maxsize=64)
def _learn(task: _Task) -> dict[str, NDArray[Any]]:
    trial, case = task.trial, task.trial.as_trained
    assert case.transfer is not None, case.name
    data = source_of(case, trial.seed, trial.dtype).train
    made = make_layers(case, dict(trial.axes.values))
    model = Sequential(made, input_shape=data.x.shape[1:], seed=trial.seed, dtype=trial.dtype)
    model.compile(_own_optimizer(case), case.training.loss)
    batch = min(case.training.batch_size, len(data))
    model.fit(data.x, data.y, batch_size=batch, epochs=case.transfer.epochs)
    return {name: values.copy() for name, values in {**model.parameters, **model.states}.items()}


def _own_optimizer(case: CaseSpec) -> Any:
    from nnkit import optimizers

    rate = case.axes.learning_rate
    own = {} if rate is None else {"learning_rate": float(rate)}
    return optimizers.get(str(case.axes.optimizer), **own)
