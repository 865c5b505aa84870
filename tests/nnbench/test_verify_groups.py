"""``nnbench verify`` beside the figures: parts, gradients, theory, published runs; wrong twins fail."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnbench import cli
from nnbench.records.checks import Checked, group_of
from nnbench.records.claims import Wording
from nnbench.reporting.render import text
from nnbench.reporting.views import verify as view
from nnbench.studies.verify import catalogue
from nnbench.studies.verify.check import carried_out
from nnkit import Sequential, activations, layers, losses
from nnkit.activations import BoundActivation
from nnkit.functions import Function
from nnkit.insight import meanfield
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.registry import ClosedForm

CHECKS = {check.id: check for check in catalogue.checks()}


def test_every_check_has_a_name_of_its_own_and_belongs_to_a_group() -> None:
    assert len(CHECKS) == len(catalogue.checks())
    assert {"figures", "optimizers", "activations", "gradients", "meanfield", "quadratics"} <= {
        group_of(id_) for id_ in CHECKS
    }


def test_every_layer_and_every_loss_has_its_gradients_checked() -> None:
    assert {f"gradients.{name}" for name in (*layers.names(), *losses.names())} <= CHECKS.keys()


@pytest.mark.parametrize("group", ["optimizers", "schedules", "initializers", "activations", "losses"])
def test_every_closed_form_on_record_holds(group: str) -> None:
    asked = [check for check in CHECKS.values() if group_of(check.id) == group]

    assert [each for each in map(carried_out, asked) if not each.ok] == []


def _scaled(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given, **named: 1.001 * right(*given, **named)


def _wrong_gradients(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(self: Sequential, x: Any, y: Any) -> Any:
        loss, found = right(self, x, y)
        return loss, {name: 1.001 * value for name, value in found.items()}

    return wrong


@pytest.mark.parametrize(
    ("owner", "name", "broken", "ids"),
    [
        pytest.param(
            BoundOptimizer,
            "apply",
            lambda right: lambda self, values, gradients: None,
            ["optimizers.adam.1", "quadratics.deepobs.4"],
            id="no step",
        ),
        pytest.param(BoundActivation, "__call__", _scaled, ["activations.tanh.values"], id="value"),
        pytest.param(
            Sequential,
            "loss_and_gradients",
            _wrong_gradients,
            ["gradients.Flatten", "gradients.mean_squared_error"],
            id="gradient",
        ),
        pytest.param(meanfield, "preserving_gain", _scaled, ["meanfield.selu.1"], id="gain"),
        pytest.param(
            Function, "largest_curvature", _scaled, ["quadratics.deepobs.3"], id="largest eigenvalue"
        ),
    ],
)
def test_a_wrong_twin_is_found_out(
    owner: Any, name: str, broken: Callable[..., Any], ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [id_ for id_ in ids if not carried_out(CHECKS[id_]).ok] == []

    monkeypatch.setattr(owner, name, broken(getattr(owner, name)))

    assert [id_ for id_ in ids if carried_out(CHECKS[id_]).ok] == []


def test_one_wrong_activation_among_all_turns_its_group_red(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sigmoid's slope by another factor: gradients through it disagree, and the exit code is 1."""
    right = BoundActivation.__call__
    monkeypatch.setattr(
        BoundActivation, "__call__", lambda self, x: right(self, x) * (1.001 if self.name == "sigmoid" else 1)
    )

    assert cli.main(["verify", "activations", "--json", "--quiet"]) == 1
    failed = [one["id"] for one in json.loads(capsys.readouterr().out)["checks"] if not one["ok"]]
    assert "activations.sigmoid.values" in failed
    assert not [id_ for id_ in failed if ".sigmoid." not in id_]


def test_a_part_of_a_group_is_asked_for_by_the_beginning_of_its_ids(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["verify", "optimizers.adam", "ACTIVATIONS.TANH", "--json", "--quiet"]) == 0

    found = [check["id"] for check in json.loads(capsys.readouterr().out)["checks"]]
    assert "optimizers.adam.1" in found
    assert "activations.tanh.values" in found
    assert not [id_ for id_ in found if not id_.startswith(("optimizers.adam.", "activations.tanh."))]


def _checked(id_: str, ok: bool) -> Checked:
    return Checked(id_, "", Wording(f"claim of {id_}", ""), "≤ 1e-12", "1" if not ok else "0", ok)


def test_the_whole_report_says_what_failed_and_counts_the_rest() -> None:
    found = [_checked(f"optimizers.x.{n}", n != 7) for n in range(500)] + [_checked("X1.a", True)]

    printed = text.render(view.build(found, "en", is_all=True))

    assert "500 of 501 checks agree" in printed
    assert printed.index("claim of optimizers.x.7") < printed.index("figures")
    assert "claim of optimizers.x.8" not in printed
    assert len(printed.splitlines()) < 20


def test_a_closed_form_measures_a_share_of_its_largest_value() -> None:
    form = ClosedForm("", lambda made: np.array([2.0, 4.0]) * made, lambda p: [2.0, p["last"]])

    assert form.distance(1.0, {"last": 4.0}) == 0.0
    assert form.distance(1.1, {"last": 4.0}) == pytest.approx(0.1)
    assert form.distance(np.nan, {"last": 4.0}) == np.inf
    assert ClosedForm("", lambda made: [1.0, 1.0], [1.0]).distance(None, {}) == np.inf


def test_values_to_17_digits_are_of_every_activation_without_parameters_that_is_smooth() -> None:
    """One check each, under the name of the activation; what is missing has its closed forms alone."""
    smooth = {"sigmoid", "tanh", "gelu", "gelu_tanh", "silu", "mish", "softplus", "softsign", "exponential"}

    assert {f"activations.{name}.values" for name in smooth & set(activations.names())} <= CHECKS.keys()
