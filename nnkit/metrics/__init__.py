"""Metrics by name: what a model is measured by beside its loss, with direction, range, formula and source."""

from dataclasses import dataclass

from nnkit.errors import InvalidArgument, UnknownName, did_you_mean
from nnkit.losses import BoundLoss
from nnkit.metrics.labels import ACCURACY, AUC, BALANCED_ACCURACY, F1, LOG_LOSS
from nnkit.metrics.record import Metric, Unit
from nnkit.metrics.values import LOSS, MAE, R2, RMSE
from nnkit.registry import Registry

__all__ = ["OF_TRAINING", "Asked", "Metric", "Unit", "asked", "names", "record", "records", "refusal"]

OF_TRAINING = "train_"  # before the name of a metric: of the training part, and not of the validation part

_registry: Registry[Metric] = Registry("metric")
for _part in (LOSS, ACCURACY, BALANCED_ACCURACY, F1, AUC, LOG_LOSS, RMSE, MAE, R2):
    _registry.add(_part)


def names() -> tuple[str, ...]:
    """Return the names of all metrics, registered ones among them."""
    return _registry.names()


def records() -> tuple[Metric, ...]:
    """Return what is known of each of the metrics, in the order of `names`."""
    return tuple(_registry)


def record(name: str) -> Metric:
    """Return the metric called ``name``, or with that alias: Keras's names are aliases."""
    return _registry.record(name)


@dataclass(frozen=True, slots=True)
class Asked:
    """A metric, and the part of the data that it is asked of."""

    metric: Metric
    of_training: bool

    @property
    def name(self) -> str:
        """The name in records and reports: ``f1`` of the validation part, ``train_f1`` of the training."""
        return f"{OF_TRAINING if self.of_training else ''}{self.metric.name}"

    @property
    def curve(self) -> str:
        """Keras's name for its values over a training."""
        return self.name if self.of_training else f"val_{self.name}"


def asked(name: str) -> Asked:
    """Return what ``name`` asks for: ``"f1"``, or ``"train_accuracy"``. Errors: UnknownName."""
    bare = name.removeprefix(OF_TRAINING) if isinstance(name, str) else record(name).name
    if bare not in _registry:
        meant = bare.lower().removeprefix("val_")
        raise UnknownName(f"no metric named {name!r}.{did_you_mean(meant, names())}")
    return Asked(record(bare), of_training=bare != name)


def refusal(metric: Metric, loss: BoundLoss) -> str | None:
    """Return why a model with this loss cannot be measured so; None where it can."""
    if metric.targets not in ("any", loss.kind):
        wanted, has = ("labels", "none") if metric.targets == "labels" else ("numbers as targets", "labels")
        fitting = ", ".join(each.name for each in records() if each.targets in ("any", loss.kind))
        return f"{metric.name} needs {wanted}, and loss {loss.name!r} has {has}. There are: {fitting}."
    if metric.needs_logits and not loss.takes_logits:
        return f"{metric.name} needs outputs that are logits, and loss {loss.name!r} takes none."
    return None


def is_better_larger(name: str) -> bool:
    """Return whether more is better of a value with Keras's name, such as ``val_f1``. Unknown ones: no."""
    try:
        return asked(name.removeprefix("val_")).metric.direction == "max"
    except (UnknownName, InvalidArgument):
        return False
