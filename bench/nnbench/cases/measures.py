"""What trials of a case are measured by: the metric that is compared, and what is asked for besides."""

from collections.abc import Iterator
from contextlib import suppress

from nnbench.cases.spec import CaseSpec
from nnbench.cases.subject import SubjectCase
from nnkit import metrics
from nnkit.errors import NnkitError, did_you_mean
from nnkit.metrics import Asked

BY_THE_DRIVER = ("val_loss", "val_accuracy")  # every evaluation has them, accuracy where there are labels
_STEP_LOSS = "loss"  # what early stopping may watch besides: the loss of the batch before


def reported_of(case: CaseSpec) -> tuple[Asked, ...]:
    """Return the metric of a case, then the further ones that it asks for, each once."""
    names = dict.fromkeys([case.measure.metric, *case.measure.also])
    return tuple(map(metrics.asked, names))


def asked_of(case: CaseSpec) -> tuple[Asked, ...]:
    """Return the same, and behind them what early stopping watches."""
    reported, early = reported_of(case), case.training.early_stopping
    if early is None or early.monitor == _STEP_LOSS:
        return reported
    watched = metrics.asked(early.monitor.removeprefix("val_"))
    return reported if watched in reported else (*reported, watched)


def extra_curves(case: CaseSpec) -> set[str]:
    """Return the curves that a record of the case must have beside those that every record has."""
    if isinstance(case, SubjectCase):
        return set()  # all that a subject logs is in its record, and it logs no more when it is asked again
    return {one.curve for one in asked_of(case)} - set(BY_THE_DRIVER)


def mistakes(case: CaseSpec, where: str) -> Iterator[str]:
    """Yield a line for every value to be measured or monitored that trials of the case will not have."""
    yield from _measured(case, case.measure.metric, f"{where}, measure.metric")
    for name in case.measure.also:
        yield from _measured(case, name, f"{where}, measure.also")
    early = case.training.early_stopping
    if early is not None and early.monitor != _STEP_LOSS:
        yield from _monitored(case, early.monitor, f"{where}, training.early_stopping.monitor")


def _measured(case: CaseSpec, name: str, place: str) -> Iterator[str]:
    from nnkit import losses

    try:
        one = metrics.asked(name)
    except NnkitError as error:
        yield f"{place}: {error}"
        return
    if name != one.name:
        yield f"{place}: {name!r} is another name of a metric. Write {one.name!r}."
        return
    with suppress(NnkitError):  # that there is no such loss is said elsewhere
        if (reason := metrics.refusal(one.metric, losses.resolve(case.training.loss))) is not None:
            yield f"{place}: {reason}"


def _monitored(case: CaseSpec, name: str, place: str) -> Iterator[str]:
    known = [_STEP_LOSS, *(f"{part}{each}" for part in ("val_", "train_") for each in metrics.names())]
    if name in known:
        yield from _measured(case, name.removeprefix("val_"), place)
    else:
        yield f"{place}: no value named {name!r}.{did_you_mean(name, known)}"
