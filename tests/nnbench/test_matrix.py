"""The matrix: what is crossed with what, in which order, and what makes two trials the same."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nnkit
from nnbench.cases.files import check
from nnbench.cases.spec import CaseSpec
from nnbench.errors import UsageError
from nnbench.plan.crossing import cross
from nnbench.plan.matrix import Asked, Matrix, TrialSpec, _moved_parts, data_digest, in_order
from nnbench.plan.seeds import read_seeds
from tests.nnbench.case_file import case_content


def a_case(**changes: Any) -> CaseSpec:
    return check(CaseSpec, {**case_content(), **changes}, "small.toml")


def crossed(
    case: CaseSpec | None = None, *, seeds: str | None = "2", dtype: Any = "float32", **axes: str
) -> Matrix:
    case = case or a_case()
    asked = {axis: Asked(tuple(text.split("|")), f"--{axis}") for axis, text in axes.items()}
    return cross(
        (case,),
        asked,
        seeds=None if seeds is None else read_seeds(seeds, "--seeds"),
        own_seeds={case.name: read_seeds(case.run.seeds, "run.seeds")},
        dtype=dtype,
    )


def choices(matrix: Matrix, *axes: str) -> list[tuple[str, ...]]:
    return [tuple(chosen.as_dict()[axis] for axis in axes) for _, chosen in matrix.configurations()]


def the_trial(matrix: Matrix) -> TrialSpec:
    (trial,) = matrix.trials()
    return trial


def test_every_value_meets_every_other_with_every_seed() -> None:
    trials = crossed(optimizer="sgd|adam", activation="relu|tanh", seeds="3").trials()

    assert len(trials) == 12
    assert len({trial.key for trial in trials}) == 12
    assert [trial.seed for trial in trials[:4]] == [0, 1, 2, 0]


def test_without_an_axis_the_case_crosses_its_own_run_section() -> None:
    matrix = crossed(seeds=None)

    assert choices(matrix, "optimizer") == [("sgd",), ("adam",)]
    assert len(matrix.trials()) == 4


def test_an_axis_that_is_asked_for_replaces_the_whole_run_section() -> None:
    assert choices(crossed(activation="tanh"), "optimizer", "activation") == [("adam", "tanh")]


def test_the_learning_rate_on_the_axis_is_the_one_that_is_used() -> None:
    matrix = crossed(optimizer="sgd|adam|adam(learning_rate=0.5)")

    assert choices(matrix, "optimizer", "learning_rate") == [
        ("sgd", "0.01"),
        ("adam", "0.001"),
        ("adam", "0.5"),
    ]
    assert matrix.varying == ("optimizer", "learning_rate")


def test_optimizers_do_not_vary_in_the_rate_that_nobody_asked_for() -> None:
    assert crossed(optimizer="sgd|adam").varying == ("optimizer",)
    assert crossed(optimizer="adam", learning_rate="default|0.1").varying == ("learning_rate",)


def test_a_case_may_have_a_rate_of_its_own() -> None:
    case = a_case(axes={"learning_rate": 0.25})

    assert choices(crossed(case, optimizer="adam"), "learning_rate") == [("0.25",)]
    assert choices(crossed(case, optimizer="adam", learning_rate="default"), "learning_rate") == [("0.001",)]


def test_a_value_given_twice_runs_once_and_is_noted() -> None:
    matrix = crossed(optimizer="heavy_ball|momentum|momentum(momentum=0.9)|sgd")

    assert choices(matrix, "optimizer") == [("momentum",), ("sgd",)]
    assert matrix.notes == ("--optimizer: 'momentum' is given twice; it runs once.",)


def test_the_same_rate_by_two_names_is_one_configuration() -> None:
    assert len(crossed(optimizer="adam", learning_rate="default|0.001", seeds="1").trials()) == 1


def test_a_billion_trials_are_refused_at_once() -> None:
    """Counted, not expanded: their list would fill any memory."""
    with pytest.raises(UsageError, match=r"the matrix has 4,000,000,000 trials; at most 1,000,000"):
        crossed(optimizer="sgd|adam", activation="relu|tanh", seeds="1000000000")


def test_all_wrong_choices_are_reported_together() -> None:
    with pytest.raises(UsageError) as caught:
        crossed(optimizer="adma|adam", activation="relo", learning_rate="0|0.1|nan")

    assert [str(line).split(":")[0] for line in caught.value.args] == [
        "--optimizer",
        "--activation",
        "--learning_rate 0",
        "--learning_rate nan",
    ]


def test_a_rate_given_twice_contradicts_itself() -> None:
    with pytest.raises(UsageError, match="Give the rate once"):
        crossed(optimizer="adam(learning_rate=0.1)", learning_rate="0.01")


def test_an_axis_that_the_model_lacks_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--norm: case 'small' has no \$norm"):
        crossed(norm="none|batch")

    assert crossed(norm="none").trials()


# --- identity


def key_of(case: CaseSpec | None = None, **changes: Any) -> str:
    return the_trial(crossed(case, **{"seeds": "1", "optimizer": "adam", **changes})).key


@pytest.mark.parametrize(
    ("axes", "spelt"),
    [
        ({"optimizer": "adamw", "wrap": "cautious"}, "cautious(adamw)"),
        ({"optimizer": "adam", "wrap": "cautious", "weight_decay": "0.01"}, "cautious(adamw)"),
        ({"optimizer": "adam", "average": "ema(decay=0.9)"}, "ema( adam,decay=0.90)"),
        ({"optimizer": "sgd", "average": "tail", "wrap": "lookahead(k=3)"}, "tail(lookahead(sgd, k=3))"),
        ({"optimizer": "adam", "wrap": "sam(rho=0)", "average": "none"}, "adam"),
        ({"optimizer": "momentum+adam", "wrap": "clip"}, "clip(momentum + adam)"),
        ({"optimizer": "clip(adam)", "learning_rate": "0.01"}, "clip(adam(learning_rate=0.01))"),
    ],
)
def test_a_wrapper_by_its_axis_and_by_its_name_is_one_key(axes: dict[str, str], spelt: str) -> None:
    assert key_of(**axes) == key_of(optimizer=spelt)


def test_the_rate_of_a_pair_s_first_stays_with_it() -> None:
    """The second's is a multiple of it, so the two are one choice."""
    (found,) = crossed(optimizer="momentum(learning_rate=0.02)+adam(learning_rate=0.003)").configurations()

    assert found[1].as_dict()["optimizer"] == "momentum(learning_rate=0.02)+adam(learning_rate=0.003)"
    assert found[1].as_dict()["learning_rate"] == "0.02"


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ({"wrap": "ema"}, "Give it to --average"),
        ({"average": "cautious"}, "Give it to --wrap"),
        ({"optimizer": "cautious(adam)", "wrap": "cautious"}, "has a cautious of its own"),
    ],
)
def test_a_wrapper_on_the_wrong_axis_or_twice_is_refused(axes: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        crossed(**axes).configurations()


def test_a_key_is_the_sha256_of_canonical_json() -> None:
    trial = the_trial(crossed(optimizer="adam", seeds="7,"))
    entries = {
        "axes": trial.axes.as_dict(),
        "case": trial.case.digest,
        "case_name": "small",
        "data": nnkit.datasets.load("iris").digest,
        "dtype": "float32",
        "epochs": 2,
        "numerics": 1,
        "parts": {"adam": 2},
        "seed": 7,
    }

    text = json.dumps(entries, sort_keys=True, separators=(",", ":"))
    assert trial.key == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "same",
    [
        {"optimizer": "adam(beta_1=0.9)"},
        {"optimizer": "adam(learning_rate=0.001)"},
        {"learning_rate": "1e-3"},
        {"activation": "relu"},
        {"batch_size": "16"},
        {"case": a_case(measure={"metric": "loss", "target": 0.1, "noticeable": 0.5})},
        {"case": a_case(summary="In other words.", run={"seeds": 1})},
    ],
)
def test_what_cannot_change_a_result_keeps_the_key(same: dict[str, Any]) -> None:
    assert key_of(**same) == key_of()


@pytest.mark.parametrize(
    "other",
    [
        {"optimizer": "adam(beta_1=0.8)"},
        {"activation": "tanh"},
        {"init": "he_normal"},
        {"schedule": "cosine_decay"},
        {"learning_rate": "0.1"},
        {"batch_size": "8"},
        {"seeds": "1,"},
        {"dtype": "float64"},
        {"case": a_case().trained_for(3)},
        {"case": a_case(data={"dataset": "iris", "validation": 0.5, "scale": "standardize"})},
        {"case": a_case(data={"dataset": "wine", "validation": 0.25, "scale": "standardize"})},
        {"case": a_case(name="renamed")},
    ],
)
def test_what_can_change_a_result_changes_the_key(other: dict[str, Any]) -> None:
    assert key_of(**other) != key_of()


def test_a_part_whose_bits_moved_has_other_trials_and_moves_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The version of all bits is in the record, not in the key."""
    lion = nnkit.optimizers.record("lion")
    before, others = key_of(optimizer="lion"), key_of(optimizer="adam")
    monkeypatch.setattr(nnkit, "NUMERICS_VERSION", nnkit.NUMERICS_VERSION + 1)
    assert key_of(optimizer="lion") == before

    object.__setattr__(lion, "numerics", lion.numerics + 1)
    try:
        assert key_of(optimizer="lion") != before
        assert key_of(optimizer="adam") == others
    finally:
        object.__setattr__(lion, "numerics", lion.numerics - 1)


@pytest.mark.parametrize(
    ("schedule", "epochs", "moves"),
    [
        ("piecewise_constant", 2, True),
        ("piecewise_constant", 3, False),
        ("piecewise_constant(boundaries=1|2, values=1|0.5|0.1)", 2, False),
    ],
)
def test_only_schedules_cut_short_have_other_keys_than_before(
    schedule: str, epochs: int, moves: bool
) -> None:
    """With three parts, a run of three epochs has three steps or more: its rates are what they were."""
    assert bool(_moved_parts({"schedule": schedule}, epochs)) is moves


def test_other_samples_of_a_generated_dataset_are_other_data() -> None:
    one, other = (a_case(data={"dataset": f"spirals(n_samples={n})", "validation": 0.25}) for n in (300, 600))

    assert data_digest(one) != data_digest(other)


# --- order


@given(seeds=st.integers(1, 5), order=st.sampled_from(["shuffled", "seed"]))
def test_an_order_keeps_every_trial_and_is_the_same_every_time(seeds: int, order: Any) -> None:
    trials = crossed(optimizer="sgd|adam", activation="relu|tanh|elu", seeds=str(seeds)).trials()

    ordered = in_order(trials, order)

    assert sorted(trial.key for trial in ordered) == sorted(trial.key for trial in trials)
    assert [trial.key for trial in ordered] == [trial.key for trial in in_order(trials[::-1], order)]


def test_shuffled_a_part_of_the_run_is_a_fair_sample_of_the_matrix() -> None:
    """Of 4 configurations with 250 seeds each, the first 200 trials hold about 50 of each, in mixed seeds."""
    trials = crossed(optimizer="sgd|adam", activation="relu|tanh", seeds="250").trials()

    first = in_order(trials, "shuffled")[:200]

    counts = [sum(trial.axes == axes for trial in first) for axes in {trial.axes for trial in trials}]
    assert all(30 <= count <= 70 for count in counts)  # 50 ± 3.3 standard deviations of 6.1
    assert max(trial.seed for trial in first) > 200


def test_by_seed_one_seed_of_every_configuration_comes_before_the_next() -> None:
    trials = crossed(optimizer="sgd|adam", activation="relu|tanh", seeds="3").trials()

    assert [trial.seed for trial in in_order(trials, "seed")] == [0] * 4 + [1] * 4 + [2] * 4
