"""The axes are records: options, files, environment and keys follow from them."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.cases.axis import AXES, OWN, Axis, applied
from nnbench.cases.files import check
from nnbench.cases.spec import AxisLists, CaseSpec
from nnbench.commands import run as run_command
from nnbench.errors import UsageError
from nnbench.plan.crossing import cross
from nnbench.plan.matrix import Asked, Matrix
from nnbench.plan.settings import from_environment, from_file, from_options, read_settings, unknown_variables
from nnbench.training.data import parts_of
from nnbench.training.program import program_of
from nnkit.execution.trial import Trial
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case


def a_case(**changes: Any) -> CaseSpec:
    content = {**case_content(), **changes}
    content["model"]["layers"].insert(1, {"type": "$norm"})
    return check(CaseSpec, content, "small.toml")


def content_for_every_axis() -> dict[str, Any]:
    """Return a case of two hidden layers of one width, which a skip connection fits, and of a transfer."""
    content = {**case_content(), "transfer": {"source": [0], "target": [1], "rows": 10}}
    content["model"]["layers"].insert(1, {"type": "$norm"})
    content["model"]["layers"][3:3] = content["model"]["layers"][:3]
    return content


DEEP = check(CaseSpec, content_for_every_axis(), "small.toml")


def other_than_own(axis: Axis) -> str:
    """Return the last choice of the axis's line in the starter file that is not the small case's own."""
    (choices,) = tomllib.loads(axis.starter).values()
    return next(text for text in map(str, reversed(choices)) if axis.read(text, "") != axis.own(DEEP))


def crossed(case: CaseSpec | None = None, **axes: str) -> Matrix:
    case = case or a_case()
    asked = {axis: Asked(tuple(text.split("|")), f"--{axis}") for axis, text in axes.items()}
    return cross((case,), asked, seeds=(range(1),), own_seeds={}, dtype="float32")


def keys(matrix: Matrix) -> list[str]:
    return [trial.key for trial in matrix.trials()]


OTHER = {name: other_than_own(axis) for name, axis in AXES.items()}


@pytest.mark.parametrize("axis", AXES)
def test_the_own_choice_leaves_no_trace_in_the_key(axis: str) -> None:
    """Asked for by its name or as ``own``, the trial is the one of a run that never heard of the axis."""
    plain = keys(crossed(DEEP, optimizer="adam"))
    own = AXES[axis].own(DEEP)

    assert keys(crossed(DEEP, **{"optimizer": "adam", axis: OWN})) == plain
    assert keys(crossed(DEEP, **{"optimizer": "adam", axis: own})) == plain


@pytest.mark.parametrize("axis", AXES)
def test_another_choice_is_another_trial(axis: str) -> None:
    matrix = crossed(DEEP, **{"optimizer": "adam", axis: f"{OWN}|{OTHER[axis]}"})

    assert len(set(keys(matrix))) == 2
    assert matrix.varying == (axis,)


@pytest.mark.parametrize("axis", AXES)
def test_every_spelling_of_an_axis_is_read_in_every_place(axis: str) -> None:
    """Option, environment and file; by the key and by the full name; a repeated option adds to the list."""
    record = AXES[axis]
    for spelling in (record.key, record.name):
        environment = from_environment({f"NNBENCH_{spelling.upper()}": OTHER[axis]})
        assert read_settings(environment).axes[axis].values == (OTHER[axis],)
        lists = check(AxisLists, {spelling: [OTHER[axis]]}, "x.toml")
        assert lists.given() == {axis: (OTHER[axis],)}
    assert read_settings(from_options({record.key: OTHER[axis]})).axes[axis].values == (OTHER[axis],)


@pytest.mark.parametrize("axis", AXES)
def test_an_option_that_is_given_twice_adds_to_its_list(
    axis: str, nnb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_case(tmp_path / "small.toml", content_for_every_axis())
    monkeypatch.chdir(tmp_path)
    fake_trial.install(monkeypatch)
    flag = f"--{AXES[axis].key.replace('_', '-')}"

    code, text, errors = nnb("run", "small.toml", flag, OWN, flag, OTHER[axis], "--dry-run", "--seeds", "1")

    assert code == 0, errors
    assert "2 to run" in text


def test_every_axis_is_an_option_of_run_tune_explain_and_diagnose() -> None:
    import inspect

    from nnbench.commands import diagnose, explain, tune

    for command in (run_command, explain, diagnose):
        assert {axis.key for axis in AXES.values()} <= inspect.signature(command.command).parameters.keys()
    assert {axis.key for axis in AXES.values()} - {"lr"} <= inspect.signature(tune.command).parameters.keys()


def test_the_starter_has_a_line_for_every_axis(nnb: Any, tmp_path: Path) -> None:
    nnb("init", str(tmp_path / "m.toml"))
    lines = [
        line.removeprefix("# ")
        for line in (tmp_path / "m.toml").read_text(encoding="utf-8").splitlines()
        if " = " in line
    ]

    for axis in AXES.values():
        assert any(line.startswith(f"{axis.key} = ") for line in lines), axis.name


def test_two_spellings_of_a_variable_must_agree() -> None:
    same = from_environment({"NNBENCH_LR": "0.1", "NNBENCH_LEARNING_RATE": "0.1"})

    assert read_settings(same).axes["learning_rate"].values == ("0.1",)
    with pytest.raises(UsageError, match="NNBENCH_LR and NNBENCH_LEARNING_RATE are one setting"):
        from_environment({"NNBENCH_LR": "0.1", "NNBENCH_LEARNING_RATE": "0.2"})


def test_a_variable_that_is_no_setting_gets_a_remark() -> None:
    found = unknown_variables(
        {"NNBENCH_OPTIMISER": "sgd", "NNBENCH_JOBS": "1", "HOME": "/", "NNBENCH_DEBUG": "1"}
    )

    assert len(found) == 1
    assert found[0].startswith(
        "NNBENCH_OPTIMISER: there is no such setting. Did you mean 'NNBENCH_OPTIMIZER'?"
    )


@pytest.mark.parametrize(
    ("one", "other", "spelling"),
    [
        ("sgd(momentum=0.9)", "momentum", "momentum"),
        ("sgd(momentum=0.9, nesterov=true)", "nesterov", "nesterov"),
        ("momentum(momentum=0)", "sgd", "sgd"),
        ("nesterov(momentum=0)", "sgd", "sgd"),
        ("adamw(weight_decay=0)", "adam", "adam"),
        ("adam(weight_decay=0.004)", "adamw(weight_decay=0.004)", "adamw(weight_decay=0.004)"),
        ("adam(weight_decay=0.01)", "adamw", "adamw"),
    ],
)
def test_what_is_the_same_optimizer_is_one_configuration_with_a_remark(
    one: str, other: str, spelling: str
) -> None:
    matrix = crossed(optimizer=f"{one}|{other}")

    assert [axes.as_dict()["optimizer"] for _, axes in matrix.configurations()] == [spelling]
    assert any("runs once" in note for note in matrix.notes)
    assert keys(matrix) == keys(crossed(optimizer=spelling))


def test_adam_with_weight_decay_is_adamw_and_is_shown_as_it_was_asked_for() -> None:
    """One thing, one key: the run shows both axes, and the trial is that of ``adamw``."""
    matrix = crossed(optimizer="adam|sgd", weight_decay="0|0.01")
    shown = [axes.as_dict() for _, axes in matrix.configurations()]

    assert [(each["optimizer"], each["weight_decay"]) for each in shown] == [
        ("adam", "0"), ("adam", "0.01"), ("sgd", "0"), ("sgd", "0.01"),
    ]  # fmt: skip
    assert matrix.varying == ("optimizer", "weight_decay")
    assert keys(matrix)[1] == keys(crossed(optimizer="adamw(weight_decay=0.01)"))[0]
    assert keys(matrix)[0] == keys(crossed(optimizer="adam"))[0]


def test_a_limit_on_the_gradient_is_the_optimizers_own() -> None:
    assert keys(crossed(optimizer="adam", clip="1")) == keys(crossed(optimizer="adam(global_clipnorm=1)"))


def test_a_limit_of_the_case_can_be_taken_away() -> None:
    training = {**case_content()["training"], "clip_norm": 1.0}
    limited = a_case(training=training)

    assert keys(crossed(limited, optimizer="adam", clip="1")) == keys(crossed(limited, optimizer="adam"))
    free = crossed(limited, optimizer="adam", clip="none").trials()[0]
    assert program_of(free.case, free.axes, "float32").optimizer.parameters["global_clipnorm"] is None


def test_a_hyperparameter_is_given_once() -> None:
    with pytest.raises(UsageError, match="has a weight_decay of its own"):
        crossed(optimizer="adamw(weight_decay=0.1)", weight_decay="0.2").trials()


def built(**axes: str) -> list[tuple[int, ...]]:
    (trial,) = crossed(optimizer="adam", **axes).trials()
    program = program_of(trial.case, trial.axes, "float32")
    return [buffer.shape for name, buffer in program.parameters.items() if name.endswith("kernel")]


def test_width_and_depth_change_the_hidden_layers() -> None:
    """The small case has 4 inputs, 8 hidden units and 3 outputs."""
    assert built() == [(4, 8), (8, 3)]
    assert built(width="5") == [(4, 5), (5, 3)]
    assert built(depth="3") == [(4, 8), (8, 8), (8, 8), (8, 3)]
    assert built(depth="0") == [(4, 3)]
    assert built(depth="2", width="5") == [(4, 5), (5, 5), (5, 3)]


def test_where_hidden_layers_differ_the_last_one_is_repeated_or_left_out_first() -> None:
    """With what belongs to it: its activation."""
    hidden = [
        {"type": "Dense", "units": units, "activation": name} for units, name in ((8, "relu"), (6, "tanh"))
    ]
    case = check(
        CaseSpec,
        case_content() | {"model": {"layers": [*hidden, {"type": "Dense", "units": 3}]}},
        "small.toml",
    )

    def stack(depth: str) -> list[tuple[int, str | None]]:
        layers = applied(case, (("depth", depth),)).model.unrolled()
        return [(layer["units"], layer.get("activation")) for layer in layers]

    assert AXES["width"].own(case) == "8-6"
    assert AXES["depth"].own(case) == "2"
    assert stack("1") == [(8, "relu"), (3, None)]
    assert stack("4") == [(8, "relu"), (6, "tanh"), (6, "tanh"), (6, "tanh"), (3, None)]


def test_dropout_stands_behind_every_hidden_activation_and_moves_no_initial_weight() -> None:
    case = a_case()
    layers = [layer["type"] for layer in applied(case, (("dropout", "0.5"),)).model.unrolled()]
    starts = []
    for choice in ("0", "0.5"):
        (trial,) = crossed(optimizer="adam", dropout=choice).trials()
        run = Trial(program_of(trial.case, trial.axes, "float32"), 7)
        starts.append({name: values.copy() for name, values in run.parameters().items()})

    assert layers == ["Dense", "$norm", "Activation", "Dropout", "Dense"]
    for name, values in starts[0].items():
        np.testing.assert_array_equal(starts[1][name], values)


def test_scale_prepares_the_data() -> None:
    (trial,) = crossed(optimizer="adam", scale="unit").trials()

    values = parts_of(trial.as_trained, 0, "float32").train.x

    assert float(np.abs(values).max()) == 1.0
    assert trial.as_trained.digest != trial.case.digest


def test_l2_joins_the_loss() -> None:
    (trial,) = crossed(optimizer="adam", l2="0.25").trials()

    names = [op.kind.name for op in program_of(trial.case, trial.axes, "float32").sequences.train]

    assert names.count("regularize") == 2


@pytest.mark.parametrize(
    ("axis", "text"),
    [
        ("depth", "99999999999"), ("depth", "-1"), ("depth", "1.5"), ("depth", "9" * 6000), ("width", "0"),
        ("width", "100000000"), ("dropout", "1"), ("dropout", "-0.1"), ("dropout", "nan"), ("l2", "-1"),
        ("l2", "inf"), ("clip", "0"), ("clip", "nan"), ("weight_decay", "x"), ("scale", "big"), ("width", ""),
    ],
)  # fmt: skip
def test_an_absurd_choice_is_refused_with_a_remedy(axis: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        crossed(**{axis: text})

    assert str(caught.value).startswith(f"--{axis}")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("axis", ["width", "depth", "dropout"])
def test_a_case_without_hidden_layers_refuses_their_axes(axis: str) -> None:
    softmax = a_case(model={"layers": [{"type": "Dense", "units": 3}]})

    with pytest.raises(UsageError, match="Leave the case or the axis out"):
        crossed(softmax, **{axis: OTHER[axis]})


def test_a_regression_refuses_to_compare_losses_of_differently_scaled_targets() -> None:
    training = {"loss": "mean_squared_error", "epochs": 1}
    regression = a_case(training=training, measure={"metric": "loss", "noticeable": 0.1})

    with pytest.raises(UsageError, match="scales its targets"):
        crossed(regression, scale="none|standardize")


def test_axes_of_a_file_come_from_the_records_too(tmp_path: Path) -> None:
    from nnbench.cases.spec import MatrixFile

    file = check(MatrixFile, {"axes": {"dropout": [0, 0.1], "learning_rate": 0.1}}, "m.toml")
    layer = from_file(file, "m.toml", tmp_path)

    assert layer["dropout"].value == ("0", "0.1")
    assert layer["lr"].where == "m.toml, axes.learning_rate"


@pytest.mark.parametrize("repeats", [(10**9,), (10**4, 2), (200, 200), (10**400,)])
def test_a_billion_layers_are_refused_before_they_are_made(repeats: tuple[int, ...]) -> None:
    layers: list[dict[str, Any]] = [{"type": "Dense", "units": 3}]
    for repeat in repeats:
        layers = [{"repeat": repeat, "layers": layers}]

    with pytest.raises(UsageError, match="at most 10,000 are allowed"):
        a_case(model={"layers": layers})


def test_axes_that_change_nothing_at_a_depth_of_zero_are_one_trial() -> None:
    """Without a hidden layer every width, activation and share dropped is the same model."""
    found = crossed(depth="0|1", width="3|4", activation="tanh|relu", dropout="0|0.5")

    assert len(found.trials()) == 1 + 8
    assert len(set(keys(found))) == 1 + 8
    assert keys(crossed(depth="0", width="3")) == keys(crossed(depth="0"))


def test_sizes_of_several_layers_are_an_own_choice_beside_other_axes() -> None:
    """``own`` of layers of 64 and 32 units is no one width, and is crossed as it is."""
    sizes = ((6, "$activation"), (5, "$activation"), (3, "linear"))
    layers = [{"type": "Dense", "units": size, "activation": activation} for size, activation in sizes]
    case = a_case(model={"layers": layers})

    assert len(crossed(case, width="own|8", depth="own|1").trials()) == 4


def test_the_own_choice_beside_its_name_is_one_choice_and_a_remark() -> None:
    own = AXES["batch_size"].own(a_case())
    found = crossed(batch_size=f"own|{own}")

    assert len(found.trials()) == 1
    assert any("--batch_size: own is" in note and "runs once" in note for note in found.notes)


def test_an_axis_is_written_in_one_spelling_in_a_file() -> None:
    with pytest.raises(UsageError, match="lr and learning_rate are one key"):
        check(AxisLists, {"lr": [0.1], "learning_rate": [0.2]}, "m.toml")


def test_the_own_choice_may_be_named_in_every_spelling_where_no_other_is_possible() -> None:
    """A case without hidden layers has the width ``none``; ``own`` and that are no refusal."""
    case = a_case(model={"layers": [{"type": "Dense", "units": 3}]})

    assert len(crossed(case, width="own").trials()) == 1
    with pytest.raises(UsageError, match="case 'small' has no hidden layer, so this would change nothing"):
        crossed(case, width="own|8")


def test_every_verb_remarks_on_a_variable_that_is_no_setting(
    nnb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNBENCH_WIDHT", "8")

    for arguments in (["list", "datasets"], ["show", "adam"]):
        _, _, said = nnb(*arguments)
        assert "NNBENCH_WIDHT: there is no such setting. Did you mean 'NNBENCH_WIDTH'?" in said
