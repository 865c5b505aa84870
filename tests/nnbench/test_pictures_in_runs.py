"""Pictures of a first convolution: one seed of each configuration has them, and nothing else changes."""

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nnkit
from nnbench.cases.catalogue import read_case
from nnbench.cli import main
from nnbench.plan.crossing import cross
from nnbench.plan.matrix import Matrix, TrialSpec
from nnbench.records.trials import Pictures
from nnbench.store import Store
from nnbench.training.data import parts_of
from nnbench.training.pictures import MOST_BYTES, MOST_FILTERS, MOST_SAMPLES, room
from nnbench.training.program import layers_of
from nnbench.training.trial import run_trial
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.store_samples import spelled
from tests.reference.convolution import conv2d_forward

RUN = ("run", "images.toml", "--optimizer", "adam,sgd", "--seeds", "4-6")
STORE = Path(".nnbench/store.sqlite")
CONVOLUTION = {"type": "Conv2D", "filters": 5, "kernel_size": 3, "padding": "same"}


def image_case(*layers: dict[str, Any]) -> dict[str, Any]:
    """Return a case of digits that begins with these layers, and trains for one epoch."""
    content = case_content()
    content["name"] = "images"
    content["data"] = {"dataset": "digits", "validation": 0.25, "scale": "unit"}
    content["training"]["epochs"] = 1
    content["model"]["layers"] = [
        {"type": "Reshape", "target_shape": [8, 8, 1]},
        *(layers or (CONVOLUTION, {"type": "Activation", "activation": "$activation"})),
        {"type": "MaxPooling2D", "pool_size": 2},
        {"type": "Flatten"},
        {"type": "Dense", "units": 10},
    ]
    return content


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_case(tmp_path / "images.toml", image_case())
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


@pytest.fixture
def document(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def run(*arguments: str) -> Any:
        capsys.readouterr()
        code = main([*arguments, "--json", "--quiet"])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return json.loads(captured.out)

    return run


def recorded(store: Path = STORE) -> dict[tuple[str, int], Pictures]:
    """Return the pictures of the last run in a store, by optimizer and seed."""
    with Store.open(store, create=False) as opened:
        trials = opened.trials(opened.run("last").trial_keys)
        found = opened.pictures(trial.key for trial in trials)
    return {
        (trial.axes.as_dict()["optimizer"], trial.seed): found[trial.key]
        for trial in trials
        if trial.key in found
    }


def matrix_of(content: dict[str, Any]) -> Matrix:
    case = read_case(tomllib.loads(_toml(content)), "images.toml")
    return cross((case,), {}, seeds=(range(3, 5),), own_seeds={}, dtype="float32")


def _toml(content: dict[str, Any]) -> str:
    return write_case(Path("written.toml"), content).read_text(encoding="utf-8")


def one_trial(*layers: dict[str, Any]) -> TrialSpec:
    return matrix_of(image_case(*layers)).trials()[0]


def pictures_of(trial: TrialSpec) -> Pictures:
    found = run_trial(trial).pictures
    assert found is not None
    return found


def test_the_filters_are_those_of_the_model_trained_the_same_way() -> None:
    """To the bit: by the learner's own interface, before and after the same steps, with the same digest."""
    trial = one_trial()
    record = run_trial(trial)
    parts = parts_of(trial.case, trial.seed, "float32")
    model = nnkit.Sequential(layers_of(trial.case, trial.axes), input_shape=(64,), seed=trial.seed)
    model.compile(trial.axes.as_dict()["optimizer"], "sparse_categorical_crossentropy")
    drawn = model.parameters["conv2d_0/kernel"].copy()
    model.fit(parts.train.x, parts.train.y, batch_size=16, epochs=1)

    assert record.digest == model.digest()
    assert record.pictures is not None
    np.testing.assert_array_equal(record.pictures.drawn, drawn)
    np.testing.assert_array_equal(record.pictures.learned, model.parameters["conv2d_0/kernel"])
    assert not np.array_equal(drawn, record.pictures.learned)


def test_the_maps_are_a_convolution_of_the_samples_that_are_named() -> None:
    """A linear one without a bias, so that the stored filters are all it takes; to float32 accuracy."""
    trial = one_trial({**CONVOLUTION, "use_bias": False})
    found = pictures_of(trial)
    validation = parts_of(trial.case, trial.seed, "float32").validation
    images = validation.x[list(found.samples)].reshape(-1, 8, 8, 1)

    expected = conv2d_forward(np.float64(images), np.float64(found.learned), padding="same")
    np.testing.assert_array_equal(found.inputs, images)
    np.testing.assert_array_equal(found.labels, validation.y[list(found.samples)].ravel())
    np.testing.assert_allclose(found.maps, expected, atol=1e-5)
    assert len(set(found.labels)) == len(found.samples) == MOST_SAMPLES


def test_only_the_first_seed_of_each_configuration_has_pictures(document: Callable[..., Any]) -> None:
    document(*RUN)

    assert set(recorded()) == {("adam", 4), ("sgd", 4)}


def test_jobs_and_order_change_no_picture(document: Callable[..., Any]) -> None:
    document(*RUN, "--jobs", "1", "--order", "seed", "--store", "one.sqlite")
    document(*RUN, "--jobs", "2", "--store", "two.sqlite")

    one, two = recorded(Path("one.sqlite")), recorded(Path("two.sqlite"))
    assert list(one) == list(two)
    assert spelled(one) == spelled(two)


def test_pictures_are_no_part_of_a_trial_and_change_no_bit() -> None:
    trials = matrix_of(image_case()).trials()
    shown = trials[0]
    plain = replace(shown, pictures=False)

    records = [replace(run_trial(trial), train_s=0.0) for trial in (shown, plain)]

    assert [trial.pictures for trial in trials[:2]] == [True, False]
    assert records[1].pictures is None
    assert spelled(replace(records[0], pictures=None)) == spelled(records[1])


def test_a_race_pictures_the_same_seed(document: Callable[..., Any]) -> None:
    document("run", "images.toml", "--optimizer", "adam,sgd", "--seeds", "12", "--race")

    assert set(recorded()) == {("adam", 0), ("sgd", 0)}


@pytest.mark.parametrize(
    "run",
    [
        ("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "2"),
        ("run", "images.toml", "--optimizer", "sgd", "--lr", "1e30", "--seeds", "2"),
    ],
)
def test_no_convolution_or_no_finished_trial_leaves_none(run: tuple[str, ...], document: Any) -> None:
    document(*run)

    assert recorded() == {}


def test_a_trial_with_probes_has_its_pictures_too(document: Callable[..., Any]) -> None:
    document(*RUN, "--store", "plain.sqlite")
    document(*RUN, "--probes", "--store", "probed.sqlite")

    assert spelled(recorded(Path("plain.sqlite"))) == spelled(recorded(Path("probed.sqlite")))


def test_the_page_has_each_picture_once_and_asks_nothing_of_the_network(
    document: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    document(*RUN)

    assert main(["report", "--format", "html"]) == 0
    page = capsys.readouterr().out

    assert page.count("What the first convolution of images learned (adam, ") == 1
    assert page.count("What the first convolution of images learned (sgd, ") == 1
    assert page.count('aria-label="Filters of conv2d_0 in images before and after learning, with ') == 2
    links = [part.split('"')[0] for part in page.split('href="')[1:]]
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    assert any(link.startswith("data:") for link in links)


def test_a_terminal_says_once_where_the_pictures_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--quiet"]) == 0

    assert capsys.readouterr().out.count("nnbench report --format html") == 1


def test_trials_recorded_without_pictures_are_reported_without(
    document: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """They are not run again, and nothing is said of pictures."""
    document(*RUN)
    with Store.open(STORE, create=True) as store:
        store._connection.execute("DELETE FROM pictures")

    again = document(*RUN)
    for form in ("text", "html"):
        assert main(["report", "--format", form]) == 0
        said = capsys.readouterr().out
        assert "first convolution" not in said
        assert "nnbench report --format html" not in said

    assert (again["new"], again["cached"]) == (0, 6)


@given(
    n_filters=st.integers(1, 600),
    n_weights=st.integers(1, 20_000),
    n_inputs=st.integers(1, 60_000),
    n_pixels=st.integers(1, 60_000),
)
def test_what_is_kept_never_takes_more_than_its_room(
    n_filters: int, n_weights: int, n_inputs: int, n_pixels: int
) -> None:
    """Whatever the layer; and a layer and images that fit are kept whole."""
    filters, samples = room(
        n_filters, filter_bytes=4 * n_weights, input_bytes=4 * n_inputs, map_bytes=4 * n_pixels
    )

    size = 4 * (filters * 2 * n_weights + samples * (n_inputs + filters * n_pixels))
    assert size <= MOST_BYTES
    assert 0 <= filters <= min(n_filters, MOST_FILTERS)
    assert 0 <= samples <= MOST_SAMPLES
    whole = min(n_filters, MOST_FILTERS)
    if 4 * (whole * 2 * n_weights + MOST_SAMPLES * (n_inputs + whole * n_pixels)) <= MOST_BYTES:
        assert (filters, samples) == (whole, MOST_SAMPLES)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ({"n_filters": 8, "filter_bytes": 36, "input_bytes": 256, "map_bytes": 256}, (8, 3)),  # digits_cnn
        ({"n_filters": 8, "filter_bytes": 36, "input_bytes": 3136, "map_bytes": 3136}, (8, 3)),  # mnist_cnn
        (
            {"n_filters": 16, "filter_bytes": 108, "input_bytes": 12288, "map_bytes": 4096},
            (16, 1),
        ),  # cifar10_cnn
        ({"n_filters": 64, "filter_bytes": 108, "input_bytes": 12288, "map_bytes": 4096}, (19, 1)),
        ({"n_filters": 32, "filter_bytes": 588, "input_bytes": 602112, "map_bytes": 50176}, (32, 0)),
        ({"n_filters": 4, "filter_bytes": 50000, "input_bytes": 4, "map_bytes": 4}, (0, 0)),
    ],
)
def test_filters_come_first_and_then_samples(shape: dict[str, int], expected: tuple[int, int]) -> None:
    assert room(**shape) == expected
