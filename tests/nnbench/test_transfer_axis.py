"""The axis ``transfer``: what is kept of a net that learnt other classes, and what is refused."""

import numpy as np
import pytest

from nnbench.cases.catalogue import case_named, read_case
from nnbench.cases.spec import CaseSpec
from nnbench.errors import UsageError
from nnbench.plan import request, settings
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.settings import Given
from nnbench.training import transfer
from nnbench.training.data import parts_of, sizes_of, source_of
from nnbench.training.program import program_of
from nnbench.training.trial import run_trial
from nnkit.execution.trial import Trial


@pytest.fixture(scope="module")
def case() -> CaseSpec:
    return case_named("digits_transfer")


def trials(case: CaseSpec, *ways: str, seeds: int = 1) -> list[TrialSpec]:
    layer = {"transfer": Given(ways, "test"), "seeds": Given(seeds, "test"), "epochs": Given("2", "test")}
    return request.plan_for([case], settings.read_settings(layer)).matrix.trials()


def test_few_rows_of_the_target_are_trained_on_and_all_of_it_is_judged(case: CaseSpec) -> None:
    moved, source = parts_of(case, 3, "float32"), source_of(case, 3, "float32")
    assert len(moved.train) == 50
    assert sizes_of(case) == (50, len(moved.validation))
    for part in (moved.train, moved.validation, source.train):
        assert set(np.unique(part.y)) == set(range(5))
    assert len(source.train) + len(source.validation) + len(moved.validation) < 1797
    whole = parts_of(case.rewritten(transfer=None), 3, "float32")
    rows = {row.tobytes() for row in whole.train.x[np.isin(whole.train.y, (5, 6, 7, 8, 9))]}
    assert all(row.tobytes() in rows for row in moved.train.x)


def test_labels_are_the_places_of_their_classes(case: CaseSpec) -> None:
    assert case.transfer is not None
    turned = case.rewritten(transfer=case.transfer.model_copy(update={"target": (9, 8, 7, 6, 5)}))
    plain, backwards = parts_of(case, 0, "float32"), parts_of(turned, 0, "float32")
    assert np.array_equal(plain.train.x, backwards.train.x)
    assert np.array_equal(plain.train.y, 4 - backwards.train.y)


@pytest.mark.parametrize(
    ("way", "stays"), [("head", ["dense_0", "dense_1"]), ("partial", ["dense_0"]), ("full", [])]
)
def test_what_is_frozen_keeps_the_bits_of_the_source(case: CaseSpec, way: str, stays: list[str]) -> None:
    (trial,) = trials(case, way)
    program = program_of(trial.case, trial.axes, trial.dtype)
    assert (
        sorted(
            {name.split("/")[0] for name in program.parameters} - {n.split("/")[0] for n in program.gradients}
        )
        == stays
    )
    first, again = Trial(program, trial.seed), Trial(program, trial.seed)
    untouched = {name: values.copy() for name, values in first.parameters().items()}
    for run in (first, again):
        transfer.start(trial, run.parameters(), {})
    for name, values in first.parameters().items():
        same = np.array_equal(values, untouched[name])
        assert same == (name.startswith("dense_2") or (name.endswith("bias") and not values.any())), name
        assert np.array_equal(values, again.parameters()[name])


def test_all_ways_of_a_seed_start_from_the_same_features(case: CaseSpec) -> None:
    found = trials(case, "head", "full")
    assert [transfer._Task(trial) for trial in found[:1]] == [transfer._Task(trial) for trial in found[1:]]


def test_trials_differ_by_their_way_and_repeat_to_the_bit(case: CaseSpec) -> None:
    found = trials(case, "none", "head", "partial", "full")
    digests = [run_trial(trial).digest for trial in found]
    assert len({trial.key for trial in found}) == len(set(digests)) == 4
    assert [run_trial(trial).digest for trial in found] == digests


def test_none_is_the_cases_own_choice_and_leaves_no_trace(case: CaseSpec) -> None:
    (named,) = trials(case, "none")
    assert "transfer" not in dict(named.axes.values)


def test_a_case_without_the_section_refuses_in_words() -> None:
    with pytest.raises(UsageError, match=r"has no section \[transfer\]"):
        trials(case_named("digits"), "head")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"source": [0, 5]}, "no class in common"),
        ({"source": [0, 1, 2]}, "as many classes"),
        ({"rows": 0}, "rows"),
        ({"way": "half"}, "way"),
    ],
)
def test_a_mistake_in_the_section_is_one_line(changed: dict[str, object], said: str) -> None:
    content = case_named("digits_transfer").model_dump(mode="json", exclude_none=True)
    content["transfer"] = {**content["transfer"], **changed}
    content["run"] = {"seeds": 10}
    with pytest.raises(UsageError, match=said):
        read_case(content, "mine.toml")
