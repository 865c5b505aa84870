"""The view of what the probes saw in a run: pooled over what is no factor, in the order of the run."""

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np

from nnbench.evidence.case import CaseEvidence, Findings
from nnbench.records.probes import ProbeSummary
from nnbench.records.trials import TrialRecord
from nnbench.reporting.blocks import Table
from nnbench.reporting.views.diagnosis.diagnostics import diagnostics
from tests.nnbench.reporting import report_samples as samples


def curves(*, dead: float, saturated: float, gradients: tuple[float, ...]) -> dict[str, Any]:
    summary = ProbeSummary(
        units=np.array([30, 10], np.float32),
        dead_at_start=np.zeros(2, np.float32),
        dead=np.array([dead, 0], np.float32),
        revived=np.zeros(2, np.float32),
        saturated=np.full(2, saturated, np.float32),
        mean=np.zeros(2, np.float32),
        variance=np.ones(2, np.float32),
        gradient_norm=np.array(gradients, np.float32),
        update_ratio=np.full(len(gradients), 1e-3, np.float32),
    )
    return {f"probe_{name}": values for name, values in summary.items()}


def trial(optimizer: str, activation: str, seed: int, **found: Any) -> TrialRecord:
    plain = samples.trial(samples.axes(optimizer=optimizer, activation=activation), seed, 0.9)
    return replace(plain, curves={**plain.curves, **curves(**found)} if found else plain.curves)


def case(*trials: TrialRecord, varying: tuple[str, ...] = ("optimizer", "activation")) -> CaseEvidence:
    run = replace(samples.run(trials), varying=varying)
    (found,) = Findings(run, trials).cases()
    return found


def probed() -> list[TrialRecord]:
    return [
        trial(
            optimizer,
            activation,
            seed,
            dead=0.4 if activation == "relu" else 0.0,
            saturated=0.3,
            gradients=(1.0, 2.0) if activation == "relu" else (3.0, 0.5),
        )
        for optimizer, activation, seed in itertools.product(("sgd", "adam"), ("tanh", "relu"), range(3))
    ]


def column(table: Table, name: str) -> list[str]:
    place = [each.header for each in table.columns].index(name)
    return [row[place].text for row in table.rows]


def test_nothing_is_shown_of_trials_without_probes() -> None:
    assert diagnostics(case(trial("sgd", "relu", 0))) is None


def test_the_choices_of_a_factor_stand_in_the_order_of_the_run_and_pool_the_others() -> None:
    table = diagnostics(case(*probed()))

    assert column(table, "activation") == ["tanh", "relu"]
    assert column(table, "n") == ["6", "6"]
    assert "over all choices of optimizer" in table.notes[0]


def test_shares_count_units_and_ratios_go_from_the_first_layer_to_the_last() -> None:
    table = diagnostics(case(*probed()))

    # 40 % of 30 units and none of 10.
    assert column(table, "dead units, % [95%]") == ["0 [0, 0]", "30.0 [30.0, 30.0]"]
    assert column(table, "gradient, first / last layer [95%]") == [
        "6.00 [6.00, 6.00]",
        "0.500 [0.500, 0.500]",
    ]


def test_without_a_factor_the_case_is_one_row() -> None:
    table = diagnostics(case(*probed(), varying=("optimizer",)))

    assert column(table, "trials of") == [samples.FACTS.name]
    assert column(table, "n") == ["12"]


def test_what_was_never_measured_is_a_dash() -> None:
    lost = trial("sgd", "relu", 0, dead=0.0, saturated=0.0, gradients=(math.nan, math.nan))
    table = diagnostics(case(lost))

    assert column(table, "gradient, first / last layer [95%]") == ["—"]
