"""What is recorded for the page is what the trial did, and what a forward pass by hand says of it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nnbench.machine.stopping import Stop
from nnbench.plan import request
from nnbench.plan.matrix import TrialSpec
from nnbench.studies.playground import looking, training
from nnbench.training.trial import data_of, run_trial
from nnbench.training.watching import run_watched
from nnkit.execution.trial import Trial

Array = NDArray[np.float64]


def trials_of(case: str, **options: str) -> list[TrialSpec]:
    settings = request.settings_for({"seeds": "1", **options}, environment={}, folder=Path("/"))
    return request.plan_for([request.one_case(case)], settings).matrix.trials()


def silent(done: int, total: int) -> None: ...


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
def test_who_looks_changes_no_bit(optimizer: str) -> None:
    (trial,) = trials_of("spirals", optimizer=optimizer, epochs="4")
    view = looking.view_of(trial)

    record, seen = run_watched(trial, view.look, range(5), stop=Stop())

    alone = run_trial(trial)
    assert record.digest == alone.digest
    assert len(seen.frames) == 5
    assert [np.float32(each["val_loss"]) for each in seen.epochs] == list(alone.curves["val_loss"])


def test_the_plane_has_the_classes_of_a_forward_pass_by_hand() -> None:
    """Three epochs of tanh on the spirals; weights are read, and the answer over the grid computed anew."""
    (trial,) = trials_of("spirals", activation="tanh", optimizer="adam", lr="0.01", epochs="3")
    view, weights = looking.view_of(trial), []

    def look(run: Trial) -> NDArray[np.uint8]:
        weights.append({name: array.astype(np.float64) for name, array in run.parameters().items()})
        return view.look(run)

    _, seen = run_watched(trial, look, (0, 3), stop=Stop())

    assert view.plane is not None
    assert (view.kind, view.shape, view.n_classes) == ("classes", (48, 48), 3)
    grid = grid_of(view.plane.extent)
    for frame, known in zip(seen.frames, weights, strict=True):
        shares = softmax_of(known, grid)
        ordered = np.sort(shares, axis=1)
        clear = ordered[:, -1] - ordered[:, -2] > 1e-4
        levels = 256 // 3
        assert clear.mean() > 0.99
        np.testing.assert_array_equal((frame // levels)[clear], shares.argmax(axis=1)[clear])
        sure = (ordered[:, -1] - 1 / 3) / (2 / 3)
        # Half a level of 85, and what float32 adds.
        np.testing.assert_allclose((frame % levels / (levels - 1))[clear], sure[clear], atol=0.5 / 84 + 1e-4)


def grid_of(extent: tuple[float, float, float, float]) -> Array:
    """Return the 48 rows from above to below, each from left to right."""
    left, right, bottom, top = extent
    return np.array([(x, y) for y in np.linspace(top, bottom, 48) for x in np.linspace(left, right, 48)])


def softmax_of(weights: dict[str, Array], x: Array) -> Array:
    for layer in (0, 1):
        x = np.tanh(x @ weights[f"dense_{layer}/kernel"] + weights[f"dense_{layer}/bias"])
    raised = np.exp(x @ weights["dense_2/kernel"] + weights["dense_2/bias"])
    shares: Array = raised / raised.sum(axis=1, keepdims=True)
    return shares


def test_the_points_are_those_of_the_split_and_the_plane_reaches_beyond_them() -> None:
    (trial,) = trials_of("xor", epochs="1")
    train, validation = data_of(trial)

    plane = looking.view_of(trial).plane

    assert plane is not None
    assert plane.n_train == len(train)
    np.testing.assert_array_equal(plane.points, np.concatenate([train.x, validation.x]))
    np.testing.assert_array_equal(plane.targets, np.concatenate([train.y.ravel(), validation.y.ravel()]))
    left, right, bottom, top = plane.extent
    assert np.all(plane.points > (left, bottom))
    assert np.all(plane.points < (right, top))


@pytest.mark.parametrize("logit", [-800.0, -2.0, 0.0, 0.3, 800.0])
def test_one_logit_parts_two_classes(logit: float) -> None:
    found = looking.shares(np.array([[logit]]), is_single=True, are_shares=False)

    assert found[0, 1] == pytest.approx(0.5 * (1 + np.tanh(logit / 2)), abs=1e-15)
    assert found.sum() == pytest.approx(1.0)


def test_a_byte_is_the_class_and_how_sure_it_is() -> None:
    shares = np.array([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75], [0.0, 1.0], [np.nan, np.nan]])

    assert looking.class_bytes(shares).tolist() == [0, 127, 128 + 64, 255, 0]


def test_a_byte_is_a_weight_beside_the_largest() -> None:
    weights = np.array([0.0, 2.0, -2.0, 1.0, np.inf, np.nan])

    assert looking.weight_bytes(weights).tolist() == [128, 255, 1, 128 + 64, 128, 128]
    assert looking.weight_bytes(np.zeros(2)).tolist() == [128, 128]


def test_a_byte_is_a_value_between_the_targets() -> None:
    values = np.array([-1.0, 1.0, 2.0, 3.0, 9.0])

    assert looking.value_bytes(values, 1.0, 3.0).tolist() == [0, 0, 128, 255, 255]


@pytest.mark.parametrize(
    ("case", "shape"), [("digits_mlp", (16, 8, 8)), ("digits_cnn", (8, 3, 3)), ("iris", (0,))]
)
def test_images_show_the_weights_of_the_first_layer(case: str, shape: tuple[int, ...]) -> None:
    (trial,) = trials_of(case, epochs="1")

    view = looking.view_of(trial)

    assert view.shape == shape
    assert view.kind == ("filters" if len(shape) == 3 else "none")


def test_many_settings_of_large_images_have_fewer_filters() -> None:
    """Weights hardly deflate: 1.8 MB of bytes are 2.4 MB of letters, and a page has at most 3."""
    (trial,) = trials_of("digits_mlp", epochs="1")

    shapes = [looking.view_of(trial, n).shape for n in (1, 400, 2000, 10**6)]

    assert shapes == [(16, 8, 8), (11, 8, 8), (2, 8, 8), (1, 8, 8)]
    for n, (kept, *size) in zip((1, 400, 2000), shapes, strict=False):
        frames = training.most_frames(n, (kept, *size), looking.MOST_WEIGHT_BYTES)
        assert n * frames * kept * size[0] * size[1] <= looking.MOST_WEIGHT_BYTES


def test_the_filters_are_the_columns_of_the_kernel() -> None:
    (trial,) = trials_of("digits_mlp", epochs="1")
    view, kernels = looking.view_of(trial), []

    def look(run: Trial) -> NDArray[np.uint8]:
        kernels.append(run.parameters()["dense_0/kernel"].copy())
        return view.look(run)

    _, seen = run_watched(trial, look, (0, 1), stop=Stop())

    for frame, kernel in zip(seen.frames, kernels, strict=True):
        shown = kernel[:, :16]
        expected = 128 + np.rint(127 * shown.T / np.abs(shown).max())
        np.testing.assert_allclose(frame.reshape(16, 64).astype(int), expected, atol=1)


def test_every_setting_is_recorded_and_one_that_diverges_ends_early() -> None:
    trials = trials_of("spirals", optimizer="sgd", lr="0.01,1e30", epochs="3")

    found = training.train(trials, "nnbench playground spirals", progress=silent, stop=Stop())

    assert found is not None
    assert found.axes == {"learning_rate": ("0.01", "1e+30")}
    assert [setting.status for setting in found.settings] == ["finished", "diverged"]
    fine, diverged = found.settings
    assert len(fine.frames) == 4
    assert np.isfinite(fine.curves["val_accuracy"]).all()
    assert len(diverged.frames) == diverged.n_epochs + 1 < 4
    assert np.isnan(diverged.curves["val_loss"][diverged.n_epochs :]).all()


def test_a_stop_leaves_no_page() -> None:
    stop = Stop()
    stop.set()

    trials = trials_of("spirals", lr="0.01,0.1")
    assert training.train(trials, "", progress=silent, stop=stop) is None


@pytest.mark.parametrize("n_epochs", [1, 5, 23, 24, 100, 5000])
def test_frames_begin_before_training_and_end_with_it(n_epochs: int) -> None:
    found = training.frame_epochs(n_epochs)

    assert (found[0], found[-1]) == (0, n_epochs)
    assert len(found) <= training.MOST_FRAMES
    assert list(found) == sorted(set(found))
    gaps = np.diff(found)
    assert gaps[0] == 1 or n_epochs > 500
    assert gaps[-1] == gaps.max()


def test_many_settings_have_fewer_frames() -> None:
    counts = [training.most_frames(n, (48, 48)) for n in (1, 90, 200, 400)]

    assert counts == [24, 24, 13, 6]


def test_a_table_of_two_numbers_shows_the_value_over_its_plane(tmp_path: Path) -> None:
    """A linear model: the byte at each place follows from its two weights and its bias."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    table = np.column_stack([x, x[:, 0] - 2 * x[:, 1]])
    np.savetxt(tmp_path / "table.csv", table, delimiter=",", header="a,b,y", comments="")
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nsummary = "A plane"\n'
        '[data]\nfile = "table.csv"\ntarget = "y"\nvalidation = 0.25\nscale = "standardize"\n'
        '[model]\nlayers = [{ type = "Dense", units = 1 }]\n'
        '[training]\nloss = "mse"\nepochs = 2\nbatch_size = 15\n'
        '[measure]\nmetric = "loss"\nnoticeable = 0.01\n'
    )
    (trial,) = trials_of(str(tmp_path / "mine.toml"), optimizer="sgd", lr="0.01")
    view, weights = looking.view_of(trial), []

    def look(run: Trial) -> NDArray[np.uint8]:
        weights.append([array.astype(np.float64).ravel() for array in run.parameters().values()])
        return view.look(run)

    _, seen = run_watched(trial, look, (0, 2), stop=Stop())

    assert view.plane is not None
    assert view.kind == "values"
    low, high = float(view.plane.targets.min()), float(view.plane.targets.max())
    for frame, (kernel, bias) in zip(seen.frames, weights, strict=True):
        values = grid_of(view.plane.extent) @ kernel + bias
        shares = np.clip((values - low) / (high - low), 0.0, 1.0)
        np.testing.assert_allclose(frame, 255 * shares, atol=0.51)
