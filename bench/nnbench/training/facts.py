"""What reports must know of a case, and what a trial of it is measured by."""

from dataclasses import asdict, replace
from functools import lru_cache, partial

import numpy as np

from nnbench.cases import samples
from nnbench.cases.measures import reported_of
from nnbench.cases.spec import CaseSpec
from nnbench.records.trials import CaseFacts, Direction, MetricFacts
from nnbench.training.data import dataset_of, parts_of, seen_of, sizes_of
from nnbench.training.layers import make_layers
from nnbench.training.program import CaseKey, steps_per_epoch
from nnkit import losses, optimizers
from nnkit.compiler.program import compile_program
from nnkit.metrics import Asked
from nnkit.training.samples import checked_data

_KNOWN = ("mean_squared_error", "sparse_categorical_crossentropy", "binary_crossentropy")  # to the metric


def facts(case: CaseSpec) -> CaseFacts:
    """Return what reports must know of a case; raises NnkitError where its model cannot be built."""
    n_train, n_validation = sizes_of(case)
    training, measure = case.training, case.measure
    dataset = dataset_of(case)
    model = make_layers(case, _own_axes(case))
    program = compile_program(
        model,
        dataset.input_shape,
        losses.resolve(training.loss),
        optimizers.get("sgd"),
        dtype="float32",
        batch_size=training.batch_size,
    )
    x, y = seen_of(case)
    metric, *others = (_metric_facts(one) for one in reported_of(case))
    checked_data(x, y, program.loss, dataset.input_shape, program.output_shape, "float32", "data.")
    if training.class_weight is not None:
        parts_of(case, 0, "float32")  # refuses classes that there are none of
    return CaseFacts(
        name=case.name,
        summary=case.summary,
        **asdict(metric),
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
        also=tuple(others),
        data=samples.described(case.data) if case.data.file else "",
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


def _metric_facts(one: Asked) -> MetricFacts:
    metric = one.metric
    return MetricFacts(one.name, metric.direction, metric.unit, metric.least, metric.most)


def _chance(case: CaseSpec) -> float:
    """Return the metric of a model that ignores its input: the commonest class, or the mean target."""
    metric = reported_of(case)[0].metric
    _, targets = seen_of(case)
    loss = losses.resolve(case.training.loss)
    if metric.name == "loss" and loss.spelled not in _KNOWN:
        metric = replace(metric, useless=partial(losses.useless_loss, loss))
    if dataset_of(case).n_classes:
        return metric.useless(targets.reshape(-1))
    values = np.asarray(targets, dtype=np.float64).reshape(len(targets), -1)
    if case.data.scale == "standardize" and metric.in_target_units:
        spread = values.std(axis=0)
        values = (values - values.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    return metric.useless(values)


def direction_of(case: CaseSpec) -> Direction:
    return reported_of(case)[0].metric.direction
