"""``nnbench run`` and the verbs that read what it recorded, with trials that take no time."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from nnbench.cli import main
from nnbench.store import Store
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    fake_trial.install(monkeypatch)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


def as_json(result: tuple[int, str, str]) -> Any:
    assert result[0] in (0, 3), result[2]
    return json.loads(result[1])


def keys(document: Any) -> list[str]:
    return [trial["key"] for trial in document["trials"]]


RUN = ("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "8")


def test_a_run_prints_its_verdicts_and_says_where_it_came_from(nnb: Any) -> None:
    code, text, said = nnb(*RUN)

    assert code == 0
    assert "adam leads on small" in text
    assert "16 trials run in" in said
    assert "0 from the store" in said


def test_json_is_one_document_and_stands_alone_on_stdout(nnb: Any) -> None:
    document = as_json(nnb(*RUN, "--json"))

    assert document["schema"] == "nnbench.run/1"
    assert (document["new"], document["cached"]) == (16, 0)
    assert len(set(keys(document))) == 16
    promised = {
        "key",
        "case",
        "axes",
        "seed",
        "status",
        "final",
        "best",
        "steps",
        "steps_to_target",
        "train_s",
    }
    assert all(promised <= trial.keys() for trial in document["trials"])
    assert len(document["configurations"]) == 2
    (verdict,) = document["verdicts"]
    assert (verdict["a"]["optimizer"], verdict["b"]["optimizer"], verdict["verdict"]) == (
        "sgd",
        "adam",
        "worse",
    )


def test_the_same_command_again_trains_nothing_and_says_the_same(nnb: Any) -> None:
    first = as_json(nnb(*RUN, "--json"))
    second = as_json(nnb(*RUN, "--json"))

    assert (second["new"], second["cached"]) == (0, 16)
    assert second["trials"] == first["trials"]
    assert second["verdicts"] == first["verdicts"]


def test_a_larger_matrix_trains_only_what_is_new(nnb: Any) -> None:
    nnb(*RUN)

    document = as_json(nnb("run", "small.toml", "--optimizer", "sgd,adam,lion", "--seeds", "10", "--json"))

    assert (document["new"], document["cached"]) == (14, 16)


def test_a_moved_target_trains_nothing_and_is_judged_anew(nnb: Any, folder: Path) -> None:
    before = as_json(nnb(*RUN, "--json"))
    content = case_content()
    content["measure"]["target"] = 0.7
    write_case(folder / "small.toml", content)

    after = as_json(nnb(*RUN, "--json"))

    assert after["new"] == 0
    assert {
        trial["steps_to_target"] for trial in before["trials"] if trial["axes"]["optimizer"] == "sgd"
    } == {None}
    assert {trial["steps_to_target"] for trial in after["trials"] if trial["axes"]["optimizer"] == "sgd"} == {
        30
    }


def test_a_copied_case_does_not_borrow_the_name_of_the_other(nnb: Any, folder: Path) -> None:
    nnb(*RUN)
    write_case(folder / "mine.toml", {**case_content(), "name": "mine"})

    document = as_json(nnb("run", "mine.toml", *RUN[2:], "--json"))

    assert {trial["case"] for trial in document["trials"]} == {"mine"}


def test_failed_trials_end_in_exit_code_3_and_the_others_are_kept(nnb: Any) -> None:
    code, text, _ = nnb("run", "small.toml", "--activation", "relu,tanh", "--seeds", "3")

    assert code == 3
    assert "RuntimeError: tanh is not for fakes" in " ".join(text.split())
    assert as_json(nnb("report", "--json"))["configurations"][0]["n"] == 3


def test_failed_trials_are_run_again_by_the_same_command(nnb: Any) -> None:
    command = ("run", "small.toml", "--activation", "relu,tanh", "--seeds", "3", "--json")
    nnb(*command)

    again = as_json(nnb(*command))

    assert (again["new"], again["cached"]) == (3, 3)


def test_divergence_is_a_result_and_not_a_failure(nnb: Any) -> None:
    code, text, _ = nnb("run", "small.toml", "--activation", "relu,selu", "--seeds", "3", "--json")

    assert code == 0
    assert {trial["status"] for trial in json.loads(text)["trials"]} == {"finished", "diverged"}


def test_a_dry_run_says_what_would_run_and_writes_nothing(nnb: Any, folder: Path) -> None:
    code, text, _ = nnb(*RUN, "--dry-run", "--jobs", "2")

    assert code == 0
    assert text.splitlines() == [
        "small: sgd, seeds 0-7",
        "small: adam, seeds 0-7",
        "16 trials: 0 in the store, 16 to run, about 4 s with 2 at a time.",
    ]
    assert [path.name for path in folder.iterdir()] == ["small.toml"]


def test_a_dry_run_knows_what_the_store_has(nnb: Any) -> None:
    nnb(*RUN)

    document = as_json(
        nnb("run", "small.toml", "--optimizer", "sgd,lion", "--seeds", "8", "--dry-run", "--json")
    )

    assert (document["trials"], document["cached"]) == (16, 8)


def test_a_dry_run_of_a_large_matrix_stays_readable(nnb: Any) -> None:
    rates = ",".join(str(0.001 * n) for n in range(1, 101))

    _, text, _ = nnb("run", "small.toml", "--lr", rates, "--seeds", "1", "--dry-run")

    assert len(text.splitlines()) == 43
    assert "1 seed cannot decide anything: 6 would" in text
    assert "… and 60 more configurations" in text


def test_quiet_leaves_the_result_alone(nnb: Any) -> None:
    loud, quiet = nnb(*RUN), nnb(*RUN, "--quiet")

    assert quiet[2] == ""
    assert quiet[1].splitlines()[:5] == loud[1].splitlines()[:5]


def test_colour_is_used_when_it_is_asked_for(nnb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in nnb(*RUN)[1]
    assert "\x1b[" in nnb(*RUN, "--color", "always")[1]
    monkeypatch.setenv("NNBENCH_COLOR", "always")
    assert "\x1b[" in nnb(*RUN)[1]


def test_the_reference_is_the_one_that_was_named(nnb: Any) -> None:
    document = as_json(nnb(*RUN, "--against", "sgd", "--json"))

    assert document["against"] == "sgd"
    assert [verdict["b"]["optimizer"] for verdict in document["verdicts"]] == ["sgd"]
    assert as_json(nnb("report", "--json"))["verdicts"] == document["verdicts"]


def test_a_report_is_written_beside_the_result(nnb: Any, folder: Path) -> None:
    code, _, said = nnb(*RUN, "--report", "made/here")

    assert code == 0
    assert "wrote made/here/report.md" in said
    assert (folder / "made/here/report.md").read_text(encoding="utf-8").startswith("# ")
    assert list((folder / "made/here").glob("*.svg"))


@pytest.mark.parametrize(
    ("form", "start"), [("text", "small"), ("markdown", "#"), ("json", "{"), ("csv", "run,case")]
)
def test_a_report_comes_in_every_form_from_the_store_alone(
    nnb: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, form: str, start: str
) -> None:
    nnb(*RUN)
    (folder / "small.toml").unlink()
    for module in fake_trial.MODULES:
        monkeypatch.delitem(sys.modules, module)

    code, text, _ = nnb("report", "last", "--format", form)

    assert code == 0
    assert text.startswith(start)
    assert nnb("report", "--format", form, "--output", "there")[0] == 0
    assert len(list((folder / "there").glob("report.*"))) == 1


def test_the_report_says_what_the_run_said(nnb: Any) -> None:
    assert nnb(*RUN)[1] == nnb("report")[1]


def test_a_run_that_is_not_there_is_named_with_those_that_are(nnb: Any) -> None:
    nnb(*RUN)

    code, _, said = nnb("report", "1999")

    assert code == 2
    assert "no such run" in said


def test_a_store_that_cannot_be_written_is_found_out_before_training(
    nnb: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "taken").write_text("a file in the way")
    monkeypatch.setattr(fake_trial, "run_trial", lambda *args, **rest: pytest.fail("trained"))

    code, _, said = nnb(*RUN, "--store", "taken/below")

    assert code == 4
    assert "taken" in said
    assert len(said.splitlines()) == 1


def test_a_model_that_cannot_be_built_is_a_mistake_in_the_file(
    nnb: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnkit.errors import InvalidArgument

    def facts(case: Any) -> Any:
        raise InvalidArgument("dense_0: units must be at least 1, found 0. Try 32.")

    monkeypatch.setattr(fake_trial, "facts", facts)

    code, _, said = nnb(*RUN)

    assert code == 2
    assert said == "nnbench: small.toml: dense_0: units must be at least 1, found 0. Try 32.\n"
    assert [path.name for path in folder.iterdir()] == ["small.toml"]


def test_a_batch_larger_than_the_training_part_is_refused(nnb: Any) -> None:
    code, _, said = nnb("run", "small.toml", "--batch-size", "16,101")

    assert code == 2
    assert "small.toml: a batch of 101 is more than the 100 training samples." in said


def test_runs_are_listed_and_shown(nnb: Any) -> None:
    run = as_json(nnb(*RUN, "--json"))

    items = as_json(nnb("list", "runs", "--json"))["items"]
    assert [item["name"] for item in items] == [run["run"]]
    shown = as_json(nnb("show", run["run"], "--json"))["items"][0]
    assert (shown["trials"], shown["new"]) == (16, 16)


def test_a_trial_is_shown_by_its_key(nnb: Any) -> None:
    key = keys(as_json(nnb(*RUN, "--json")))[3]

    (shown,) = as_json(nnb("show", key, "--json"))["items"]
    assert (shown["key"], shown["status"], shown["seed"]) == (key, "finished", 3)


def test_two_configurations_of_a_run_are_compared(nnb: Any) -> None:
    nnb(*RUN)

    (verdict,) = as_json(nnb("compare", "adam", "sgd", "--json"))["verdicts"]
    assert (verdict["verdict"], verdict["n"]) == ("better", 8)
    assert nnb("compare", "sgd", "adam", "--strict")[0] == 1
    assert nnb("compare", "adam", "sgd", "--strict")[0] == 0
    assert "better" in nnb("compare", "adam", "sgd")[1]


def test_too_few_seeds_cannot_tell(nnb: Any) -> None:
    nnb("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "3")

    assert as_json(nnb("compare", "adam", "sgd", "--json"))["verdicts"][0]["verdict"] == "cannot_tell"
    assert nnb("compare", "adam", "sgd", "--strict")[0] == 5


def test_two_runs_are_compared_configuration_by_configuration(nnb: Any) -> None:
    one = as_json(nnb(*RUN, "--json"))["run"]
    other = as_json(nnb(*RUN, "--epochs", "3", "--json"))["run"]

    verdicts = as_json(nnb("compare", one, other, "--json"))["verdicts"]

    assert [verdict["a"]["optimizer"] for verdict in verdicts] == ["sgd", "adam"]
    assert all(verdict["a"] == verdict["b"] for verdict in verdicts)


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("adam", "adma", "no case of run"),
        ("adam", "adam", "are the same configuration"),
        ("relu", "adam", "'relu' may be any of 2 configurations: sgd; adam."),
        ("relu", "adam", "Name more choices, as in optimizer=sgd."),
    ],
)
def test_what_cannot_be_compared_is_said(nnb: Any, a: str, b: str, words: str) -> None:
    nnb(*RUN)

    code, _, said = nnb("compare", a, b)

    assert code == 2
    assert words in said


def test_a_word_means_the_axis_that_varies_or_the_one_it_names(nnb: Any) -> None:
    """A width and a batch size may both be 16, and every configuration can still be called."""
    nnb("run", "small.toml", "--optimizer", "sgd(momentum=0.9),adam", "--width", "8,16", "--seeds", "2")
    same = ("adam,16", "adam,width=16", "optimizer=adam,width=16", "adamw(weight_decay=0),16", "adam · 16")

    for word in same:
        (verdict,) = as_json(nnb("compare", word, "sgd(momentum=0.9),8", "--json"))["verdicts"]
        assert (verdict["a"]["optimizer"], verdict["a"]["width"]) == ("adam", "16"), word
        assert (verdict["b"]["optimizer"], verdict["b"]["width"]) == ("momentum", "8"), word

    run = ("run", "small.toml", "--width", "8,16", "--depth", "1,16", "--seeds", "2", "--dry-run")
    assert nnb(*run, "--against", "width=16,depth=16")[0] == 0
    assert "as in width=8,depth=16." in nnb(*run, "--against", "16")[2]


def test_a_killed_run_can_be_reported(nnb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends the process in the middle leaves the run and its finished trials in the store."""

    class Killed(BaseException):
        pass

    def run_trial(trial: Any, **options: Any) -> Any:
        if trial.seed == 5:
            raise Killed
        return fake_trial_run(trial, **options)

    fake_trial_run = fake_trial.run_trial
    monkeypatch.setattr(fake_trial, "run_trial", run_trial)
    with pytest.raises(Killed):
        main([*RUN, "--jobs", "1", "--order", "seed"])

    document = as_json(nnb("report", "--json"))
    assert [trial["seed"] for trial in document["trials"]] == [0, 1, 2, 3, 4] * 2


def test_ctrl_c_while_kernels_are_compiled_begins_no_trial(nnb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def warm_up(trials: Any, progress: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        progress(1, 9, "dense")
        pytest.fail("went on compiling")

    monkeypatch.setattr(fake_trial, "warm_up", warm_up)
    monkeypatch.setattr(fake_trial, "run_trial", lambda *args, **rest: pytest.fail("trained"))

    code, _, said = nnb(*RUN)

    assert code == 130
    assert "interrupted: 0 of 16 trials are kept" in said


def test_everything_is_recorded_in_the_store_that_was_named(nnb: Any, folder: Path) -> None:
    document = as_json(nnb(*RUN, "--store", "elsewhere", "--json"))

    assert not (folder / ".nnbench").exists()
    with Store.open(folder / "elsewhere" / "store.sqlite", create=False) as store:
        assert len(store.trials(keys(document))) == 16
