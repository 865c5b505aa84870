"""Settings come from options, the environment, the matrix file and pyproject.toml; the first one wins."""

from pathlib import Path
from typing import Any

import pytest

from nnbench.cases import catalogue
from nnbench.cases.files import check, read_toml
from nnbench.cases.spec import MatrixFile
from nnbench.errors import UsageError
from nnbench.plan.request import Plan, make_plan, one_case
from tests.misspelt import NEAREST_OPTIMIZER, NO_OPTIMIZER
from tests.nnbench.case_file import case_content, write_case

PYPROJECT = """
[tool.nnbench]
jobs = 1
seeds = 11
epochs = 41
dtype = "float64"
store = "kept"
[tool.nnbench.axes]
optimizer = ["sgd"]
activation = ["elu"]
"""
MATRIX = """
cases = ["small.toml"]
jobs = 2
seeds = 12
epochs = 42
[axes]
optimizer = ["momentum", "sgd"]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


def plan(
    *arguments: str, options: dict[str, Any] | None = None, environment: dict[str, str] | None = None
) -> Plan:
    return make_plan(arguments, options or {}, environment=environment or {}, folder=Path.cwd())


def optimizers(found: Plan) -> list[str]:
    return [axes.as_dict()["optimizer"] for _, axes in found.matrix.configurations()]


def test_each_place_wins_over_those_behind_it(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "matrix.toml").write_text(MATRIX)

    found = plan(
        "matrix.toml", options={"seeds": "14"}, environment={"NNBENCH_SEEDS": "13", "NNBENCH_JOBS": "3"}
    )

    assert found.settings.seeds == (range(14),)  # the option
    assert found.settings.jobs == 3  # the environment
    assert found.settings.epochs == 42  # the matrix file
    assert found.settings.dtype == "float64"  # pyproject.toml


def test_axes_are_settings_like_all_others(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "matrix.toml").write_text(MATRIX)

    assert optimizers(plan("small.toml")) == ["sgd"]
    assert optimizers(plan("matrix.toml")) == ["momentum", "sgd"]
    assert optimizers(plan("matrix.toml", environment={"NNBENCH_OPTIMIZER": "lion"})) == ["lion"]
    assert optimizers(plan("matrix.toml", options={"optimizer": "adam(beta_1=0.5,beta_2=0.9),sgd"})) == [
        "adam(beta_1=0.5, beta_2=0.9)",
        "sgd",
    ]


def test_options_replace_one_axis_of_a_matrix_file_and_keep_the_others(folder: Path) -> None:
    (folder / "matrix.toml").write_text(MATRIX + 'activation = ["tanh", "elu"]\n')

    found = plan("matrix.toml", options={"activation": "relu"})

    assert [axes.label(("optimizer", "activation")) for _, axes in found.matrix.configurations()] == [
        "momentum · relu",
        "sgd · relu",
    ]


def test_an_empty_variable_counts_as_not_set(folder: Path) -> None:
    assert plan("small.toml", environment={"NNBENCH_SEEDS": "", "NNBENCH_LR": ""}).settings.seeds is None


def test_a_store_named_in_a_file_lies_beside_that_file(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(PYPROJECT)
    inner = folder / "inner"
    inner.mkdir()

    found = make_plan(["small.toml"], {}, environment={}, folder=inner)

    assert found.settings.store == folder / "kept" / "store.sqlite"


def test_a_store_is_a_folder_or_the_file_itself(folder: Path) -> None:
    assert plan("small.toml").settings.store == Path(".nnbench/store.sqlite")
    assert plan("small.toml", options={"store": "x"}).settings.store == Path("x/store.sqlite")
    assert plan("small.toml", options={"store": "x.sqlite"}).settings.store == Path("x.sqlite")


def test_a_case_named_on_the_command_line_stands_in_for_those_of_the_file(folder: Path) -> None:
    (folder / "matrix.toml").write_text(MATRIX)

    found = plan("matrix.toml", "iris")

    assert [part.case.name for part in found.matrix.parts] == ["iris_softmax"]
    assert optimizers(found) == ["momentum", "sgd"]


def test_cases_may_stand_in_pyproject(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.nnbench]\ncases = "iris"\n')

    assert [part.case.name for part in plan().matrix.parts] == ["iris_softmax"]


def test_a_case_by_two_names_runs_once(folder: Path) -> None:
    found = plan("digits", "digits_mlp")

    assert len(found.matrix.parts) == 1
    assert "case 'digits_mlp' is given twice; it runs once." in found.matrix.notes


def test_two_cases_of_one_name_are_refused(folder: Path) -> None:
    other = case_content()
    other["training"]["epochs"] = 9
    write_case(folder / "other.toml", other)

    with pytest.raises(UsageError, match=r"small\.toml and other\.toml: two different cases"):
        plan("small.toml", "other.toml")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"jobs": "0"}, "--jobs: must be at least 1, found 0."),
        ({"jobs": "many"}, "--jobs: expected a whole number, found 'many'."),
        ({"jobs": "99999"}, "--jobs: must be at most 1,024"),
        ({"epochs": "0"}, "--epochs: must be at least 1, found 0."),
        ({"epochs": "1.5"}, "--epochs: expected a whole number"),
        ({"seeds": "0"}, "--seeds: the number of seeds must be at least 1"),
        ({"seeds": "-1"}, "--seeds: the number of seeds must be at least 1"),
        ({"first_seed": "3"}, "--first-seed: this needs a number of seeds"),
        ({"first_seed": "-3", "seeds": "2"}, "--first-seed: must be at least 0"),
        ({"first_seed": "3", "seeds": "1,2"}, "contradict"),
        ({"dtype": "float16"}, "--dtype: no such value 'float16'. Did you mean 'float64'?"),
        ({"order": "random"}, "--order: no such value 'random'. Known: seed, shuffled."),
        ({"color": "allways"}, "--color: no such value 'allways'. Did you mean 'always'?"),
        ({"store": " "}, "--store: expected a folder"),
        ({"optimizer": ""}, "--optimizer: there is an empty name"),
        ({"optimizer": "adam,,sgd"}, "--optimizer: there is an empty name"),
        ({"optimizer": "adam("}, "--optimizer: 'adam(': the parentheses do not match."),
        ({"lr": "0"}, "--lr 0: the learning rate must be above 0. Try 0.001."),
        ({"batch_size": "0"}, "--batch-size 0: the batch size must be a whole number above 0. Try 32."),
        ({"against": "adma"}, "--against adma: 'adma' is no choice on any axis."),
        ({"against": "lion"}, "--against lion: no configuration of this run has that. It has: sgd; adam."),
        ({"against": "relu"}, "2 configurations have that: sgd; adam."),
    ],
)
def test_a_wrong_option_is_named_with_its_remedy(folder: Path, options: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan("small.toml", options=options)

    assert words in str(caught.value)


def test_a_wrong_variable_is_named_as_such(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"^NNBENCH_LR 0: the learning rate must be above 0"):
        plan("small.toml", environment={"NNBENCH_LR": "0"})


def test_a_wrong_choice_in_a_matrix_file_is_named_with_its_place(folder: Path) -> None:
    (folder / "matrix.toml").write_text('cases = "iris"\n[axes]\noptimizer = ["' + NO_OPTIMIZER + '"]\n')

    with pytest.raises(UsageError) as caught:
        plan("matrix.toml")

    assert str(caught.value) == (
        f"matrix.toml, axes.optimizer: no optimizer named {NO_OPTIMIZER!r}."
        f" Did you mean {NEAREST_OPTIMIZER!r}?"
    )


def test_an_empty_axis_in_a_matrix_file_is_refused(folder: Path) -> None:
    (folder / "matrix.toml").write_text('cases = "iris"\n[axes]\noptimizer = []\n')

    with pytest.raises(UsageError, match=r"matrix\.toml, axes\.optimizer: the list is empty"):
        plan("matrix.toml")


def test_a_misspelt_key_in_pyproject_is_named_with_its_place(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.nnbench]\nsed = 3\n")

    with pytest.raises(UsageError, match=r"pyproject\.toml, tool\.nnbench, sed: .*Did you mean 'seeds'"):
        plan("small.toml")


def test_two_matrix_files_are_refused(folder: Path) -> None:
    (folder / "a.toml").write_text(MATRIX)
    (folder / "b.toml").write_text(MATRIX)

    with pytest.raises(UsageError, match=r"a\.toml and b\.toml: a run takes one matrix file"):
        plan("a.toml", "b.toml")


def test_names_inside_a_case_file_are_checked_all_at_once(folder: Path) -> None:
    content = case_content()
    content["data"]["dataset"] = "irs"
    content["training"]["loss"] = "mse_loss"
    content["model"]["layers"][0]["type"] = "Dens"
    content["model"]["layers"][1]["activation"] = "$activaton"
    content["axes"] = {"optimizer": "adma"}
    content["run"]["optimizer"] = ["sgd", "addam"]
    write_case(folder / "bad.toml", content)

    with pytest.raises(UsageError) as caught:
        plan("bad.toml")

    places = [str(line).split(": ")[0] for line in caught.value.args]
    assert places == [
        "bad.toml, data.dataset",
        "bad.toml, training.loss",
        "bad.toml, model.layers",
        "bad.toml, model.layers",
        "bad.toml, axes.optimizer",
        "bad.toml, run.optimizer",
    ]


def test_a_reference_is_named_by_the_choices_that_tell_it_apart(folder: Path) -> None:
    options = {"optimizer": "sgd,adam,adam(beta_1=0.5)", "activation": "relu,tanh", "against": "tanh,adam"}

    assert plan("small.toml", options=options).against == "adam · tanh"


def test_a_reference_may_be_told_apart_by_its_rate(folder: Path) -> None:
    options = {"optimizer": "adam", "lr": "0.1,0.010", "against": "1e-2"}

    assert plan("small.toml", options=options).against == "0.01"


def test_one_case_leaves_out_what_it_crosses_by_itself(folder: Path) -> None:
    assert one_case("small.toml").run.given() == {}
    with pytest.raises(UsageError, match="no case named 'smal'"):
        one_case("smal")


def test_a_suite_is_a_matrix_file_with_a_name(folder: Path) -> None:
    """Its cases, seeds and optimizers; an option wins over it as over any file."""
    found, other = plan("quick"), plan("quick", options={"optimizer": "lion", "seeds": "3"})

    assert [part.case.name for part in found.matrix.parts] == [
        "iris_softmax",
        "wine_mlp",
        "breast_cancer_mlp",
        "spirals_mlp",
        "digits_mlp",
    ]
    assert optimizers(found)[:3] == ["sgd", "momentum", "adam"]
    assert set(optimizers(other)) == {"lion"}
    assert len(other.matrix.trials()) == 15


@pytest.mark.parametrize("name", list(catalogue.suites()))
def test_every_suite_names_cases_that_exist(folder: Path, name: str) -> None:
    """And crosses them with something by itself, alike, so that the cases can be seen together."""
    file = check(MatrixFile, read_toml(catalogue.suites()[name]), name)

    assert file.summary
    assert len({catalogue.case_named(case).name for case in file.cases}) == len(file.cases) >= 5
    assert file.axes.optimizer


def test_a_misspelt_suite_is_found(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"no case named 'qick'\. Did you mean 'quick'"):
        plan("qick")


def test_a_list_of_optimizers_joins_the_run_as_references(folder: Path) -> None:
    """Those that are there already stay; the one that is no reference is what they are compared with."""
    options = {"optimizer": "lion,adam", "against": "adam,sgd,momentum(momentum=0.90)"}

    found = plan("small.toml", options=options)

    assert optimizers(found) == ["lion", "adam", "sgd", "momentum"]
    assert found.against == "lion"


def test_one_optimizer_joins_the_run_as_the_reference(folder: Path) -> None:
    found = plan("small.toml", options={"optimizer": "lion,rmsprop", "against": "adam"})

    assert optimizers(found) == ["lion", "rmsprop", "adam"]
    assert found.against == "adam"


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "lion,rmsprop", "against": "adam,sgd"},
        {"optimizer": "lion", "activation": "relu,tanh", "against": "adam,sgd"},
        {"optimizer": "adam,sgd", "against": "adam,sgd"},
    ],
)
def test_references_without_one_to_compare_with_leave_the_leader(
    folder: Path, options: dict[str, str]
) -> None:
    """Two optimizers, or one in two configurations, or none besides the references."""
    assert plan("small.toml", options=options).against is None
