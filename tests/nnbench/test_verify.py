"""``nnbench verify``: every figure of the notes is there and agrees, and broken code is found out."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnbench import cli
from nnbench.studies.verify import catalogue, graphs, norms
from nnbench.studies.verify.check import Check, carried_out, compared
from nnkit import Sequential, layers
from nnkit.activations import BoundActivation
from nnkit.initializers import BoundInitializer
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.schedules.record import BoundSchedule

CHECKS = {check.id: check for check in catalogue.figures()}


def test_every_figure_of_the_notes_is_checked() -> None:
    assert {catalogue.figure(name) for name in CHECKS} == {f"X{number}" for number in range(1, 29)}
    assert len(CHECKS) == len(catalogue.figures())


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_it_agrees(check: Check) -> None:
    done = carried_out(check)

    assert done.ok is True, (done.expected, done.measured)


def test_every_check_speaks_both_languages() -> None:
    assert not [check.id for check in CHECKS.values() if not (check.en and check.ko)]
    assert {check.note for check in CHECKS.values()} == {"L4", "L5", "DL", "BN", "OPT"}


def test_gradients_are_checked_of_every_layer() -> None:
    """Of those that pass a gradient on; augmentation stands before the first weight."""
    found = {type(layer).__name__ for made, _ in graphs.every_kind() for layer in made}

    assert set(layers.names()) - found <= {"RandomShift", "GaussianNoise"}


def _times(factor: float) -> Callable[[Any], Any]:
    """Return a maker of methods whose results are too large by a factor."""

    def wrong(right: Any) -> Any:
        return lambda self, *given, **named: factor * right(self, *given, **named)

    return wrong


def _gradients_scaled(right: Any) -> Any:
    def wrong(self: Sequential, x: Any, y: Any) -> Any:
        loss, found = right(self, x, y)
        return loss, {name: 1.001 * value for name, value in found.items()}

    return wrong


@pytest.mark.parametrize(
    ("owner", "method", "broken", "ids"),
    [
        (BoundOptimizer, "apply", lambda right: lambda self, values, gradients: None, ["X1.b", "X2.b"]),
        (BoundSchedule, "rate", _times(1.01), ["X4.b", "X5.a", "X28"]),
        (BoundSchedule, "table", _times(1.001), ["X3.a", "X3.b"]),
        (BoundInitializer, "__call__", _times(1.02), ["X6.a", "X6.b", "X6.c", "X6.d"]),
        (BoundActivation, "__call__", _times(1.001), ["X14.b", "X18.b"]),
        (BoundActivation, "gradient", _times(1.001), ["X9"]),
        (BoundActivation, "gradient", _times(1.5), ["X7.d", "X19.a"]),
        (Sequential, "predict", _times(1.01), ["X7.a", "X13.b", "X13.e", "X13.f", "X14.a", "X17.d"]),
        (Sequential, "loss_and_gradients", _gradients_scaled, ["X8.b", "X10"]),
        (Sequential, "forward", _times(1.001), ["X15.a", "X23.b"]),
    ],
    ids=lambda value: getattr(value, "__name__", None) if isinstance(value, type) else None,
)
def test_a_broken_part_is_found_out(
    owner: type, method: str, broken: Callable[[Any], Any], ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, method, broken(getattr(owner, method)))

    assert not [name for name in ids if carried_out(CHECKS[name]).ok]


def test_a_broken_kernel_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks of another rate, that never change: a third of the expectation is lost."""

    def wrong(mask: Any, words: Any, rate: float, key: int, stream: int, step: int) -> None:
        mask[...] = np.arange(mask.size) % 3 > 0

    monkeypatch.setattr(norms, "dropout_mask", wrong)

    assert not [name for name in ("X17.a", "X17.b", "X17.c") if carried_out(CHECKS[name]).ok]


@pytest.mark.parametrize(
    ("expected", "found", "shown", "ok"),
    [
        ("(−3.6, 1.9)", [-3.649, 1.9], "(−3.6, 1.9)", True),
        ("(−3.6, 1.9)", [-3.66, 1.9], "(−3.7, 1.9)", False),
        ("308,310", 308310, "308,310", True),
        ("308,310", 308311, "308,311", False),
        ("0", 1e-9, "0", True),
        ("0", 1, "1", False),
        ("0", -1e-9, "0", True),
        ("≤ 1e-7", 2e-8, "2e-08", True),
        ("≤ 1e-7", 2e-7, "2e-07", False),
        ("≤ 1e-7", float("nan"), "nan", False),
        ("0.5", float("nan"), "nan", False),
        ("≥ 2", 3.0, "3", True),
        ("≥ 2", 1.0, "1", False),
        ("6, 4, impossible", "6, 4, impossible", "6, 4, impossible", True),
        ("6, 4, impossible", "6, 4, 2", "6, 4, 2", False),
    ],
)
def test_what_is_measured_is_held_against_what_is_printed(
    expected: str, found: Any, shown: str, ok: bool
) -> None:
    assert compared(expected, found) == (shown, ok)


def test_an_error_is_a_check_that_failed() -> None:
    def fails() -> float:
        raise ValueError("no\nvalue")

    done = carried_out(Check("X1", "L4", "a", "b", "1", fails))
    assert (done.ok, done.measured) == (False, "ValueError: no value")


def test_json_has_the_checks_that_were_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", "x18", "X9", "X8.c", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)

    assert document["schema"] == "nnbench.verify/1"
    assert [check["id"] for check in document["checks"]] == ["X8.c", "X9", "X18.a", "X18.b"]
    assert {"id", "claim", "expected", "measured", "ok"} <= document["checks"][0].keys()
    assert all(check["ok"] is True for check in document["checks"])


def test_a_check_that_fails_is_the_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundActivation, "gradient", _times(1.5)(BoundActivation.gradient))

    assert cli.main(["verify", "X9", "X18"]) == 1
    assert "2 of 3 checks agree" in capsys.readouterr().out


def test_it_fits_eighty_columns_in_both_languages(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main(["verify", "X1", "X12"]) == 0
    english = capsys.readouterr().out
    assert cli.main(["verify", "X1", "X12", "--lang", "ko"]) == 0
    korean = capsys.readouterr().out

    assert "308,310" in english
    assert "3072 → 100 → 10의 파라미터" in korean
    assert "7개 중 7개가 일치한다" in korean
    assert max(map(len, english.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "said"), [(["X99"], "there is no check 'X99'"), (["X1", "--lang", "de"], "There are en and ko")]
)
def test_what_is_not_there_is_wrong_usage(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["verify", *words]) == 2
    assert said in capsys.readouterr().err
