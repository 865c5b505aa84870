"""``nnbench show`` draws a part: values, slopes, rates, shares and paths are the part's own."""

from pathlib import Path

import numpy as np
import pytest

from nnbench.cli import main
from nnbench.studies.portraits import portrait, walk
from nnkit import initializers, losses, schedules


def lines_of(kind: str, name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    drawn = portrait(kind, name)
    assert drawn is not None
    return {label: (np.array(x), np.array(y)) for label, x, y in drawn.lines}


def test_an_activation_is_drawn_with_its_slope() -> None:
    lines = lines_of("activations", "tanh")

    x, value = lines["value"]
    np.testing.assert_allclose(value, np.tanh(x), rtol=1e-12)
    np.testing.assert_allclose(lines["slope"][1], 1 - np.tanh(x) ** 2, rtol=1e-9, atol=1e-12)


def test_a_function_of_rows_is_drawn_over_its_first_value() -> None:
    ((x, value),) = lines_of("activations", "softmax").values()

    np.testing.assert_allclose(value, np.exp(x) / (np.exp(x) + np.e), rtol=1e-12)


def test_a_histogram_has_all_weights_and_a_loss_its_values() -> None:
    ((_, shares),) = lines_of("initializers", "he_uniform").values()
    ((x, squares),) = lines_of("losses", "mean_squared_error").values()

    assert shares.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(squares, x**2, rtol=1e-12)


def test_every_schedule_initializer_and_loss_has_a_picture() -> None:
    for kind, names in (
        ("schedules", schedules.names()),
        ("initializers", initializers.names()),
        ("losses", losses.names()),
    ):
        for name in names:
            for x, y in lines_of(kind, name).values():
                assert np.isfinite(x).all(), name
                assert np.isfinite(y).any(), name  # some losses have no value below 0
    assert portrait("layers", "Dense") is None


def test_an_optimizer_walks_down_the_notes_quadratic() -> None:
    descent = walk("momentum")

    assert descent is not None
    first, faster = descent.paths
    assert first.values[-1] < first.values[10] < first.values[0]
    assert faster.learning_rate == 10 * first.learning_rate


@pytest.mark.parametrize("name", ["relu", "cosine_decay"])
def test_show_prints_the_picture_and_writes_it_as_svg(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", name]) == 0
    printed = capsys.readouterr().out
    assert main(["show", name, "--format", "markdown", "--output", str(tmp_path / "out")]) == 0

    assert "└──" in printed
    assert max(map(len, printed.splitlines())) <= 80
    (svg,) = (tmp_path / "out").glob("*.svg")
    assert "<svg" in svg.read_text()
