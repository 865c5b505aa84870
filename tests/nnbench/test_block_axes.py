"""The place of the normalisation, skip connections and augmentation: how a case is rewritten."""

from typing import Any

import pytest

from nnbench.cases.axis import AXES, applied
from nnbench.cases.files import check
from nnbench.cases.spec import CaseSpec
from nnbench.errors import UsageError
from tests.nnbench.case_file import case_content


def a_case(*widths: int) -> CaseSpec:
    content = case_content()
    content["model"]["layers"] = [
        layer
        for width in widths
        for layer in (
            {"type": "Dense", "units": width},
            {"type": "$norm"},
            {"type": "Activation", "activation": "relu"},
        )
    ] + [{"type": "Dense", "units": 3}]
    return check(CaseSpec, content, "small.toml")


def kinds(case: Any) -> list[str]:
    return [layer["type"] for layer in case.model.unrolled()]


def test_normalisation_changes_places_with_the_activation_and_back() -> None:
    case = a_case(8, 6)
    after = applied(case, (("norm_place", "after"),))

    assert kinds(after) == ["Dense", "Activation", "$norm"] * 2 + ["Dense"]
    assert (AXES["norm_place"].own(case), AXES["norm_place"].own(after)) == ("before", "after")
    assert applied(after, (("norm_place", "before"),)).identity == case.identity


def test_layers_as_wide_as_the_one_before_are_added_to_what_they_get() -> None:
    case = a_case(8, 8, 6, 6)
    skipping = applied(case, (("skip", "identity"),))
    block = ["Dense", "$norm", "Activation"]

    assert kinds(skipping) == [*block, "Residual", *block, "Residual", "Dense"]
    assert [layer["type"] for layer in skipping.model.unrolled()[3]["layers"]] == block
    assert (AXES["skip"].own(case), AXES["skip"].own(skipping)) == ("none", "identity")
    assert applied(skipping, (("skip", "none"),)).identity == case.identity


def test_a_depth_and_a_skip_go_together() -> None:
    deep = applied(a_case(8, 6), (("depth", "5"), ("skip", "identity")))

    assert kinds(deep).count("Residual") == 3


def test_skip_connections_are_refused_where_no_shapes_agree() -> None:
    with pytest.raises(UsageError, match=r"two hidden layers of one width.* found widths 8, 6"):
        applied(a_case(8, 6), (("skip", "identity"),))


def test_augmentation_stands_in_front_in_place_of_the_case_s_own() -> None:
    case = a_case(8)
    noisy = applied(case, (("augment", "noise(stddev=0.5)"),))
    moved = applied(noisy, (("augment", "shift"),))

    assert noisy.model.unrolled()[0] == {"type": "GaussianNoise", "stddev": 0.5}
    assert AXES["augment"].own(noisy) == "noise(stddev=0.5)"
    assert kinds(moved) == ["RandomShift", *kinds(case)]
    assert applied(moved, (("augment", "none"),)).identity == case.identity


@pytest.mark.parametrize(
    ("text", "spelling"), [("shift(pixels=1)", "shift"), ("noise(stddev=0.1)", "noise"), ("none", "none")]
)
def test_defaults_are_left_out_of_an_augmentation_s_spelling(text: str, spelling: str) -> None:
    assert AXES["augment"].read(text, "--augment") == spelling


def test_an_unknown_augmentation_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no augmentation named 'flop'\. Known: none, shift, noise"):
        AXES["augment"].read("flop", "--augment")
