"""Case and matrix files: what they may hold, and one line for every mistake in them."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from nnbench.cases import resources
from nnbench.cases.catalogue import read_case
from nnbench.cases.files import MOST_BYTES, check, read_text, read_toml
from nnbench.cases.spec import CaseSpec, MatrixFile
from nnbench.errors import UsageError
from tests.nnbench.case_file import case_content


def mistakes(model: Any, content: dict[str, Any]) -> list[str]:
    with pytest.raises(UsageError) as caught:
        check(model, content, "my.toml")
    return list(caught.value.args)


def test_every_case_that_ships_is_well_formed() -> None:
    paths = sorted(resources.cases_folder().glob("*.toml"))
    assert paths

    for path in paths:
        check(CaseSpec, read_toml(path), str(path))


def test_every_mistake_in_a_file_is_one_line_with_its_place() -> None:
    content = case_content()
    content["sumary"] = "misspelt"
    content["data"]["scale"] = "units"
    content["model"]["layers"][0] = {"tipe": "Dense"}
    content["training"].update(epochs=0, batch_size="32", early_stopping={"patience": True})
    content["measure"]["noticeable"] = float("nan")

    assert mistakes(CaseSpec, content) == [
        "my.toml, data.scale: must be 'none', 'unit' or 'standardize', found 'units'.",
        "my.toml, model.layers[0].type: this is missing.",
        "my.toml, training.epochs: must be greater than or equal to 1, found 0.",
        "my.toml, training.batch_size: expected a number, found '32'.",
        "my.toml, training.early_stopping.patience: expected a number, found True.",
        "my.toml, measure.noticeable: must be a finite number, found nan.",
        "my.toml, sumary: there is no such key. Did you mean 'summary'?",
    ]


def test_a_misspelt_key_deep_inside_is_compared_with_the_keys_of_its_own_table() -> None:
    content = case_content()
    content["model"]["layers"].append({"repeat": 2, "layrs": [{"type": "Dense"}]})

    assert "my.toml, model.layers[3].layrs: there is no such key. Did you mean 'layers'?" in mistakes(
        CaseSpec, content
    )


@pytest.mark.parametrize("share", [0, 1, 0.0, 1.0, -0.5, "some", True])
def test_the_validation_share_lies_between_0_and_1(share: object) -> None:
    content = case_content()
    content["data"]["validation"] = share

    assert mistakes(CaseSpec, content) == [
        f'my.toml, data.validation: expected a share above 0 and below 1, or "official", found {share!r}.'
    ]


def test_repeats_are_written_out() -> None:
    content = case_content()
    inner = {"repeat": 2, "layers": [{"type": "Flatten"}]}
    content["model"]["layers"] = [{"repeat": 3, "layers": [{"type": "Dense", "units": 4}, inner]}]

    unrolled = check(CaseSpec, content, "my.toml").model.unrolled()

    assert [layer["type"] for layer in unrolled] == ["Dense", "Flatten", "Flatten"] * 3
    assert unrolled[0] == {"type": "Dense", "units": 4}


def test_one_value_may_stand_without_a_list_and_numbers_without_quotes() -> None:
    axes = {"optimizer": "adam", "lr": [0.1, 1e-3, "default"], "batch_size": 32}

    assert check(MatrixFile, {"axes": axes}, "my.toml").axes.given() == {
        "optimizer": ("adam",),
        "learning_rate": ("0.1", "0.001", "default"),
        "batch_size": ("32",),
    }


@pytest.mark.parametrize("seeds", [1.5, [1, "2"], True, {"n": 3}])
def test_seeds_of_another_kind_are_refused(seeds: object) -> None:
    (line,) = mistakes(MatrixFile, {"seeds": seeds})

    assert line.startswith("my.toml, seeds: expected a number of seeds")


def test_what_changes_no_result_changes_no_identity_of_a_case() -> None:
    case = check(CaseSpec, case_content(), "my.toml")
    other = case_content()
    other.update(name="renamed", summary="Another.", aliases=["a"], run={"optimizer": ["sgd"], "seeds": 3})
    other["measure"] = {"metric": "loss", "target": 0.5, "noticeable": 0.1}
    other["training"]["early_stopping"] = None
    other["training"]["l2"] = 0

    assert check(CaseSpec, other, "my.toml").digest == case.digest


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("data", "dataset", "wine"),
        ("data", "validation", 0.3),
        ("data", "scale", "none"),
        ("training", "order", "fixed"),
        ("training", "loss", "mean_squared_error"),
        ("training", "clip_norm", 1.0),
        ("training", "l2", 1e-4),
        ("training", "early_stopping", {"patience": 3}),
        ("model", "layers", [{"type": "Dense", "units": 3}]),
    ],
)
def test_what_changes_results_changes_the_identity(section: str, key: str, value: object) -> None:
    other = case_content()
    other[section][key] = value

    assert check(CaseSpec, other, "my.toml").digest != check(CaseSpec, case_content(), "my.toml").digest


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"a = ", "TOML"), (b"\xff", "UTF-8"), (b"a = 1\na = 2", "TOML")],
)
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        read_toml(path)

    assert str(path) in str(caught.value)
    assert word in str(caught.value)


def test_a_file_that_is_not_there_and_a_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_toml(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="folder"):
        read_toml(tmp_path)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    path = tmp_path / "marked.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\n")

    assert read_toml(path) == {"a": 1}


def of_another_kind(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.toml"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(str(path))
    else:
        path.symlink_to(kind)
    return path


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="devices and named pipes are Unix's")
@pytest.mark.parametrize("kind", ["/dev/zero", "/dev/urandom", "/dev/null", "fifo", "socket"])
def test_what_is_no_regular_file_is_not_read(kind: str, tmp_path: Path) -> None:
    """A device has no end, and a pipe may have no writer: neither may be opened."""
    path = Path(kind) if kind.startswith("/") else of_another_kind(kind, tmp_path)

    with pytest.raises(UsageError, match="not a regular file"):
        read_text(path, what="a TOML file")


def test_the_size_of_a_file_has_a_cap_that_is_named(tmp_path: Path) -> None:
    """Exactly at the cap a file is read."""
    path = tmp_path / "large.toml"
    path.write_bytes(b"#" * MOST_BYTES)
    assert read_toml(path) == {}

    path.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(UsageError, match=r"large\.toml: larger than 1 MB"):
        read_toml(path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a\0b.toml", "cannot be the name of a file"),
        ("\ud800.toml", "cannot be the name of a file"),
        ("a" * 5000 + ".toml", "cannot be read"),
        ("loop.toml", "cannot be read"),
    ],
)
def test_a_name_that_no_file_can_have_is_a_mistake_in_one_line(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "loop.toml").symlink_to("loop.toml")

    with pytest.raises(UsageError, match=words):
        read_text(tmp_path / name, what="a TOML file")


@pytest.mark.parametrize("loss", ["mse", "mean_squared_error"])
@pytest.mark.parametrize("metric", ["accuracy", None])
def test_accuracy_of_a_loss_without_labels_is_refused_when_the_file_is_read(
    loss: str, metric: str | None
) -> None:
    """Also where it is only the default, and where early stopping would wait for it."""
    content = case_content()
    content["training"].update(loss=loss, early_stopping={"monitor": "val_accuracy"})
    content["measure"] = {"noticeable": 0.1, **({} if metric is None else {"metric": metric})}

    with pytest.raises(UsageError) as caught:
        read_case(content, "my.toml")
    needs = "needs labels, and loss 'mean_squared_error' has none. There are: loss, rmse, mae, r2."
    assert list(caught.value.args) == [
        f"my.toml, measure.metric: accuracy {needs}",
        f"my.toml, training.early_stopping.monitor: accuracy {needs}",
    ]


def test_early_stopping_watches_a_value_that_there_is() -> None:
    content = case_content()
    content["training"]["early_stopping"] = {"monitor": "val_los"}

    with pytest.raises(
        UsageError, match=r"early_stopping.monitor: no value named 'val_los'. Did you mean 'val_loss'"
    ):
        read_case(content, "my.toml")
