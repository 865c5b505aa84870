"""Which kernels the cases use: every op of training and evaluation, at every shape, once."""

import pytest

from nnbench.cases.catalogue import read_case
from nnbench.kernelbench.uses import Use, external_data, shape_text, uses_of
from nnbench.plan import request
from nnbench.plan.settings import from_options, read_settings
from tests.nnbench.case_file import case_content


def uses(*, case: str = "small", units: int = 8, **options: str) -> list[Use]:
    """Return the uses of one small case: iris, batches of 16, one hidden layer."""
    content = case_content()
    content["name"] = case
    content["model"]["layers"][0]["units"] = units
    given = {"optimizer": "adam", "activation": "relu", **options, "seeds": "1"}
    plan = request.plan_for([read_case(content, "case.toml")], read_settings(from_options(given)))
    return uses_of(plan.matrix.trials())


def named(found: list[Use]) -> dict[tuple[str, str, str], Use]:
    return {(use.op.kind.name, use.sequence, shape_text(use)): use for use in found}


def test_every_op_is_there_once_with_its_shape() -> None:
    found = uses()

    assert sorted((use.op.kind.name, shape_text(use)) for use in found if use.sequence == "train") == [
        ("adam_update", "67"),
        ("column_sum", "16x3"),
        ("column_sum", "16x8"),
        ("dense", "16x4, 4x8"),
        ("dense", "16x8, 8x3"),
        ("dense_backward_input", "16x3, 8x3"),
        ("dense_backward_kernel", "16x4, 16x8"),
        ("dense_backward_kernel", "16x8, 16x3"),
        ("gather", "16x4"),
        ("gather_labels", "16x1"),
        ("relu_backward", "16x8"),
        ("sparse_categorical_crossentropy_gradient", "16x3"),
    ]
    # 38 of the 150 samples are for validation, fewer than an evaluation takes at a time.
    assert sorted((use.op.kind.name, shape_text(use)) for use in found if use.sequence == "evaluate") == [
        ("dense", "38x4, 4x8"),
        ("dense", "38x8, 8x3"),
        ("gather", "38x4"),
        ("gather_labels", "38x1"),
        ("sparse_categorical_crossentropy_value", "38x3"),
    ]


def test_what_two_configurations_share_is_one_use() -> None:
    """The second optimizer adds its own update, and nothing else."""
    one, two = uses(optimizer="adam"), uses(optimizer="adam,sgd")

    added = {key for key in named(two) if key not in named(one)}
    assert {name for name, _, _ in added} == {"sgd_update"}
    assert len(two) == len(one) + 1


def test_cases_are_named_with_what_they_share() -> None:
    contents = []
    for name, units in (("narrow", 8), ("wide", 16)):
        content = case_content()
        content["name"] = name
        content["model"]["layers"][0]["units"] = units
        contents.append(read_case(content, f"{name}.toml"))
    chosen = read_settings(from_options({"optimizer": "sgd", "activation": "relu", "seeds": "1"}))
    found = named(uses_of(request.plan_for(contents, chosen).matrix.trials()))

    assert found["gather", "train", "16x4"].cases == ["narrow", "wide"]
    assert found["dense", "train", "16x4, 4x16"].cases == ["wide"]


def test_a_batch_is_no_larger_than_the_data() -> None:
    """112 samples train: the last batch of 128 is the only one, and has them all."""
    assert {use.rows for use in uses(batch_size="128") if use.sequence == "train"} == {112}


@pytest.mark.parametrize(("name", "data"), [("gather", "x"), ("gather_labels", "y"), ("dense", None)])
def test_what_lies_outside_the_arena(name: str, data: str | None) -> None:
    use = next(use for use in uses() if use.op.kind.name == name)

    assert external_data(use) == data


def test_a_working_set_counts_every_array_once_and_scratch_too() -> None:
    """Adam moves p, m and v twice and g once, and touches four vectors of 67 values."""
    adam = next(use for use in uses() if use.op.kind.name == "adam_update")

    assert adam.bytes == 7 * 67 * 4
    assert adam.working_set_bytes(0) == 4 * 67 * 4
    assert adam.working_set_bytes(1000) == 4 * 67 * 4 + 1000
