"""``nnbench run --race``: who leaves, what it saves, and that the record and the report say so."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from nnbench.cli import main
from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from nnbench.statistics.comparing.racing import design
from nnbench.store import Store
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.test_progress import SetClock

RACE = ("run", "small.toml", "--optimizer", "sgd,momentum,adam", "--race")
ONE_LEADS = ("run", "small.toml", "--optimizer", "sgd,adam", "--race")
LOOKS = (8, 12, 18, 27, 40)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    fake_trial.install(monkeypatch)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


def as_json(result: tuple[int, str, str]) -> Any:
    assert result[0] in (0, 3), result[2]
    return json.loads(result[1])


def counted(document: Any) -> dict[str, int]:
    """Return how many seeds each optimizer got."""
    return {row["axes"]["optimizer"]: row["n"] for row in document["configurations"]}


def test_a_race_is_over_when_everybody_else_has_lost(nnb: Any) -> None:
    document = as_json(nnb(*RACE, "--json"))

    assert design(3, 40, level=0.05).looks == LOOKS  # type: ignore[union-attr]
    assert counted(document) == {"sgd": 8, "momentum": 8, "adam": 8}
    assert (document["new"], len(document["trials"])) == (24, 24)
    (race,) = document["races"]
    assert (race["ending"], tuple(race["looks"])) == ("decided", LOOKS)
    assert [each["axes"]["optimizer"] for each in race["pruned"]] == ["sgd", "momentum"]
    assert {verdict["verdict"] for verdict in document["verdicts"]} == {"worse"}


def test_whoever_left_is_marked_with_its_evidence(nnb: Any) -> None:
    """Look, seeds, leader, difference and p are kept; the finished trials stay finished."""
    document = as_json(nnb(*ONE_LEADS, "--json"))

    pruned = {row["axes"]["optimizer"]: row["pruned"] for row in document["configurations"]}
    assert pruned["adam"] is None
    assert (pruned["sgd"]["look"], pruned["sgd"]["seeds"], pruned["sgd"]["n"]) == (1, 8, 8)
    assert pruned["sgd"]["against"]["optimizer"] == "adam"
    assert pruned["sgd"]["difference"] == pytest.approx(-0.1, abs=0.02)
    assert pruned["sgd"]["p"] == 2 / 2**8 <= document["races"][0]["threshold"] == 0.05 / 5
    assert {trial["status"] for trial in document["trials"]} == {"finished"}


def test_equals_race_to_the_last_seed(nnb: Any) -> None:
    """sgd and momentum differ by noise: nobody leaves, and the verdict is none."""
    document = as_json(nnb("run", "small.toml", "--optimizer", "sgd,momentum", "--race", "--json"))

    assert counted(document) == {"sgd": 40, "momentum": 40}
    assert (document["races"][0]["ending"], document["races"][0]["pruned"]) == ("seeds", [])
    assert document["verdicts"][0]["verdict"] in ("equivalent", "cannot_tell")


def test_the_p_value_of_a_verdict_is_that_with_which_it_left(nnb: Any) -> None:
    """Over all pairs, and held against the level of one look of five."""
    document = as_json(nnb(*RACE, "--json"))

    assert [verdict["p"] for verdict in document["verdicts"]] == [2 / 2**8] * 2
    assert document["races"][0]["threshold"] == 0.05 / len(LOOKS)


def test_the_same_race_again_trains_nothing_and_decides_the_same(nnb: Any) -> None:
    first = as_json(nnb(*RACE, "--json"))
    second = as_json(nnb(*RACE, "--json"))

    assert (second["new"], second["cached"]) == (0, 24)
    for key in ("races", "verdicts", "configurations"):
        assert second[key] == first[key]


def test_trials_of_another_run_do_not_change_the_race(nnb: Any) -> None:
    """Seeds beyond its look that the store happens to have are none of a loser's evidence."""
    first = as_json(nnb(*ONE_LEADS, "--json", "--store", "alone"))
    nnb("run", "small.toml", "--optimizer", "sgd,adam", "--seeds", "40")

    second = as_json(nnb(*ONE_LEADS, "--json"))

    assert second["new"] == 0
    assert second["races"] == first["races"]
    assert counted(second) == counted(first)


def test_the_report_says_who_left_and_by_which_rule(nnb: Any) -> None:
    text = " ".join(nnb(*RACE)[1].split())

    assert "2 of 3 left the race after 8 seeds." in text
    assert "Left the race" in text
    assert "all pairs judged together at the 1 % level: 5 % over 5 looks." in text
    assert "It ended when the leader had been told from all the others." in text
    assert "p: sign flips, 3 comparisons (all pairs)." in text
    assert "not recorded" not in text
    assert " ".join(nnb("report")[1].split()) == text
    assert "left the race after 8 seeds" in nnb("report", "--format", "markdown")[1]


def test_a_race_in_which_nobody_left_says_so(nnb: Any) -> None:
    text = nnb("run", "small.toml", "--optimizer", "sgd,momentum", "--race")[1]

    assert "No configuration left the race. Looks after 8, 12, 18, 27 and 40 seeds" in " ".join(text.split())


def test_whoever_left_stands_behind_the_others(nnb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The early seeds are easy: sgd's median over them is above the leader's over all of its own."""

    def run_trial(trial: TrialSpec, *, stop: threading.Event | None = None) -> TrialRecord:
        record = plain(trial, stop=stop)
        easy = 0.0 if trial.seed < LOOKS[0] else -0.4
        worse = -0.02 if trial.axes.as_dict()["optimizer"] == "sgd" else 0.0
        noise = 0.001 * int(trial.key[:2], 16) / 255
        final = dict.fromkeys(record.final, 0.9 + easy + worse + noise)
        return TrialRecord(**{**{name: getattr(record, name) for name in record.__slots__}, "final": final})

    plain = fake_trial.run_trial
    monkeypatch.setattr(fake_trial, "run_trial", run_trial)

    document = as_json(nnb(*RACE, "--json"))

    medians = {row["axes"]["optimizer"]: row["median"] for row in document["configurations"]}
    assert counted(document) == {"sgd": 8, "momentum": 40, "adam": 40}
    assert medians["sgd"] > medians["adam"]
    assert [each["look"] for each in document["races"][0]["pruned"]] == [1]
    assert {verdict["b"]["optimizer"] for verdict in document["verdicts"]} <= {"adam", "momentum"}
    table = nnb("report")[1].partition("\n──")[2].partition("Best median first")[0]
    assert [line.split()[1] for line in table.splitlines()[1:] if line[0] != " "][-1] == "sgd"
    # And `compare` says what the report does, either way round: the pairs of 40 seeds do not outweigh its 8.
    (left,) = [verdict for verdict in document["verdicts"] if verdict["a"]["optimizer"] == "sgd"]
    other = left["b"]["optimizer"]
    (forth,) = as_json(nnb("compare", "sgd", other, "--json"))["verdicts"]
    (back,) = as_json(nnb("compare", other, "sgd", "--json"))["verdicts"]
    assert forth == {name: left[name] for name in forth}
    assert (forth["verdict"], back["verdict"], back["p"]) == ("worse", "better", forth["p"])
    assert back["interval"] == [-end for end in reversed(forth["interval"])]


def test_a_named_reference_stays_in_the_race(nnb: Any) -> None:
    """Everything is compared with it, so it gets seeds as long as anybody does."""
    rest = ("--activation", "relu,elu", "--against", "sgd,relu", "--json")
    document = as_json(nnb("run", "small.toml", "--optimizer", "sgd,adam", "--race", *rest))

    n = {tuple(row["axes"].values())[:2]: row["n"] for row in document["configurations"]}
    assert n == {("sgd", "relu"): 40, ("sgd", "elu"): 8, ("adam", "relu"): 40, ("adam", "elu"): 40}
    assert {verdict["b"]["activation"] for verdict in document["verdicts"]} == {"relu"}
    assert [each["axes"]["activation"] for each in document["races"][0]["pruned"]] == ["elu"]


def test_trials_that_fail_are_no_evidence_against_their_configuration(nnb: Any) -> None:
    """An error in tanh is not a loss: it stays, and the exit code says that trials failed."""
    code, text, _ = nnb("run", "small.toml", "--activation", "relu,tanh", "--race", "--json")

    assert code == 3
    assert json.loads(text)["races"][0]["pruned"] == []


def test_one_that_always_diverges_leaves(nnb: Any) -> None:
    document = as_json(nnb("run", "small.toml", "--activation", "relu,selu", "--race", "--json"))

    (pruned,) = document["races"][0]["pruned"]
    assert (pruned["axes"]["activation"], pruned["difference"]) == ("selu", None)
    assert "no score" in nnb("report")[1]


def test_every_case_has_a_race_of_its_own(nnb: Any, folder: Path) -> None:
    write_case(folder / "other.toml", {**case_content(), "name": "other"})

    document = as_json(nnb("run", "small.toml", "other.toml", *RACE[2:], "--json"))

    assert [(race["case"], race["ending"]) for race in document["races"]] == [
        ("small", "decided"),
        ("other", "decided"),
    ]


def test_a_comparison_out_of_a_race_counts_its_tests(nnb: Any) -> None:
    race = as_json(nnb(*ONE_LEADS, "--json"))

    (verdict,) = as_json(nnb("compare", "sgd", "adam", "--json"))["verdicts"]

    assert verdict["p"] == race["verdicts"][0]["p"]


def test_a_killed_race_can_be_reported_and_goes_on(nnb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def run_trial(trial: TrialSpec, *, stop: threading.Event | None = None) -> TrialRecord:
        if trial.seed == 12:
            raise Killed
        return plain(trial, stop=stop)

    plain = fake_trial.run_trial
    command = ("run", "small.toml", "--optimizer", "sgd,momentum", "--race", "--jobs", "1", "--json")
    with monkeypatch.context() as patched:
        patched.setattr(fake_trial, "run_trial", run_trial)
        with pytest.raises(Killed):
            main(command)

    left = as_json(nnb("report", "--json"))
    assert left["races"][0]["ending"] == "stopped"
    assert counted(left) == {"sgd": 12, "momentum": 12}
    assert as_json(nnb(*command))["cached"] == 24


def test_the_run_in_the_store_knows_only_the_trials_that_were_given_out(nnb: Any, folder: Path) -> None:
    document = as_json(nnb(*RACE, "--json"))

    with Store.open(folder / ".nnbench" / "store.sqlite", create=False) as store:
        run = store.run("last")
    assert list(run.trial_keys) == [trial["key"] for trial in document["trials"]]
    assert run.races[0].prunings[0].axes.as_dict()["optimizer"] == "sgd"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--optimizer", "adam", "--race"), "case 'small' has one configuration. Name an axis to cross"),
        (
            ("--optimizer", "sgd,adam,lion", "--seeds", "5", "--race"),
            "of case 'small' nobody can leave before 7 seeds, and there are 5. Try --seeds 16",
        ),
        (("--race", "--budget", "5"), "--budget: expected a time with its unit, found '5'. Try 90s"),
    ],
)
def test_a_race_that_could_do_nothing_is_refused(nnb: Any, arguments: tuple[str, ...], words: str) -> None:
    code, _, said = nnb("run", "small.toml", *arguments)

    assert code == 2
    assert words in said
    assert len(said.splitlines()) == 1


def test_a_dry_run_says_when_somebody_may_leave(nnb: Any) -> None:
    lines = nnb(*ONE_LEADS, "--budget", "5m", "--dry-run", "--jobs", "2")[1].splitlines()

    assert lines[-2:] == [
        "race of small: whoever has lost to the leader leaves after 8, 12, 18, 27 seeds",
        "80 trials: 0 in the store, 80 to run, at most about 20 s with 2 at a time; the budget is 5 min.",
    ]
    assert as_json(nnb(*ONE_LEADS, "--dry-run", "--json"))["looks"] == {"small": list(LOOKS)}


def test_a_race_can_be_asked_for_in_a_file_and_in_the_environment(
    nnb: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "matrix.toml").write_text('cases = ["small.toml"]\nrace = true\nbudget = "1h"\n')
    assert as_json(nnb("run", "matrix.toml", "--json"))["races"][0]["ending"] == "decided"

    monkeypatch.setenv("NNBENCH_RACE", "1")
    monkeypatch.setenv("NNBENCH_BUDGET", "2h")
    document = as_json(nnb("run", "small.toml", "--json"))
    assert (len(document["races"]), document["budget_s"]) == (1, 7200)


@pytest.mark.parametrize("race", [(), ("--race",)])
def test_a_budget_ends_the_run_fairly_and_the_next_one_goes_on(
    nnb: Any, monkeypatch: pytest.MonkeyPatch, race: tuple[str, ...]
) -> None:
    """25 trials fit; every configuration has the same seeds by then, give or take one."""
    clock, plain = SetClock(), fake_trial.run_trial

    def run_trial(trial: TrialSpec, *, stop: threading.Event | None = None) -> TrialRecord:
        clock.now_s += 1.0
        return plain(trial, stop=stop)

    monkeypatch.setattr("nnbench.running.workplace.Clock", lambda: clock)
    monkeypatch.setattr(fake_trial, "run_trial", run_trial)
    command = ("run", "small.toml", "--optimizer", "sgd,momentum,lion", "--seeds", "40", *race, "--jobs", "1")

    code, text, said = nnb(*command, "--budget", "25s")

    first = as_json(nnb("report", "--json"))
    assert (code, first["elapsed_s"]) == (0, 25.0)
    assert sorted(counted(first).values()) == [8, 8, 9]
    assert [each["ending"] for each in first["races"]] == ["budget"] * len(race)
    assert "25.0 s of a budget of 25.0 s" in " ".join(text.split())
    assert "0 from the store" in said
    second = as_json(nnb(*command, "--budget", "2s", "--json"))
    assert (second["cached"], second["new"]) == (25, 2)


def test_a_budget_that_is_gone_before_the_first_trial_says_so(
    nnb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_trial, "estimate_s", lambda trial: 2.0)

    code, _, said = nnb(*ONE_LEADS, "--budget", "1s")

    assert code == 6
    assert "no trial was recorded. Its budget did not last for one: ask for more." in said
