"""What reports must know of a case, and what a trial of it is measured by."""

from functools import lru_cache

import numpy as np

from nnbench.cases.spec import CaseSpec
from nnbench.records.trials import CaseFacts, Direction
from nnbench.training.data import dataset_of, seen_of, sizes_of
from nnbench.training.layers import make_layers
from nnbench.training.program import CaseKey, steps_per_epoch
from nnkit import losses, optimizers
from nnkit.compiler.program import compile_program
from nnkit.training.samples import checked_data


def facts(case: CaseSpec) -> CaseFacts:
    """Return what reports must know of a case; raises NnkitError where its model cannot be built."""
    n_train, n_validation = sizes_of(case)
    training, measure = case.training, case.measure
    dataset = dataset_of(case)
    model = make_layers(case, _own_axes(case))
    program = compile_program(
        model,
        dataset.input_shape,
        losses.record(training.loss),
        optimizers.get("sgd"),
        dtype="float32",
        batch_size=training.batch_size,
    )
    x, y = seen_of(case)
    checked_data(x, y, program.loss, dataset.input_shape, program.output_shape, "float32", "data.")
    return CaseFacts(
        name=case.name,
        summary=case.summary,
        metric=measure.metric,
        direction=direction_of(case),
        target=measure.target,
        noticeable=measure.noticeable,
        chance=_chance(case),
        n_train=n_train,
        n_validation=n_validation,
        n_parameters=program.n_parameters,
        epochs=training.epochs,
        batch_size=training.batch_size,
        steps=training.epochs * steps_per_epoch(n_train, training.batch_size),
        suite_version=None if case.calibration is None else case.calibration.suite_version,
        exchange_rate=None if case.calibration is None else case.calibration.exchange_rate,
    )


def facts_of(case: CaseSpec) -> CaseFacts:
    """Return the facts of a case, found out once. Two cases that train alike may differ in their measure."""
    return cached_facts(CaseKey(case), case.name, case.training, case.measure, case.calibration)


@lru_cache(maxsize=256)
def cached_facts(key: CaseKey, *others: object) -> CaseFacts:
    return facts(key.spec)


def _own_axes(case: CaseSpec) -> dict[str, str]:
    own = case.axes
    return {"optimizer": own.optimizer, "activation": own.activation, "init": own.init, "norm": own.norm}


def _chance(case: CaseSpec) -> float:
    """Return the metric of a model that ignores its input: the commonest class, or the mean target."""
    dataset = dataset_of(case)
    if dataset.n_classes == 0:
        return 1.0 if case.data.scale == "standardize" else float(np.var(dataset.y))
    _, labels = seen_of(case)
    shares = np.bincount(labels) / len(labels)
    shares = shares[shares > 0]
    if case.measure.metric == "accuracy":
        return float(shares.max())
    return float(-np.sum(shares * np.log(shares)))


def direction_of(case: CaseSpec) -> Direction:
    return "max" if case.measure.metric == "accuracy" else "min"
