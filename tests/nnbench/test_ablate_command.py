"""``nnbench ablate``: each component of an optimizer off, alone or crossed, and what that does."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nnbench.plan.matrix import TrialSpec
from nnbench.records.trials import TrialRecord
from nnkit.registry import parse_choice
from tests.nnbench import fake_trial
from tests.nnbench.case_file import case_content, write_case
from tests.nnbench.plugin_samples import forget_plugins

Result = tuple[int, str, str]
N_SEARCH = (13 + 2 * 2) * 3 + 5 * 17  # trials that choose a rate
ADAMW = "adamw(weight_decay=0.02)"
# What the fake optimizer loses in accuracy without each of its components; epsilon only stands in the way.
LOSSES = {"bias_correction": 0.06, "beta_1": 0.02, "epsilon": -0.03}


def run_trial(trial: TrialSpec, *, stop: Any = None) -> TrialRecord:
    """Lose what `LOSSES` says, a tenth a decade away from 0.01, and by a noise that a seed's trials share.

    Nothing works without the second moment in a case called cliff; without momentum, one called broken has an
    error.
    """
    record = fake_trial.run_trial(trial, stop=stop)
    axes = trial.axes.as_dict()
    if axes["activation"] == "selu":
        return record  # diverged
    name, given = parse_choice(axes["optimizer"])
    if trial.case.name == "cliff" and given.get("second_moment") is False:
        return replace(record, status="diverged", final={}, best={}, failure="diverged")
    if trial.case.name == "broken" and "beta_1" in given:
        raise RuntimeError("broken on purpose")
    lost = sum(loss for key, loss in LOSSES.items() if key in given)
    lost += 0.1 if name == "sgd" else 0.0
    lost += 0.04 if axes["schedule"].startswith("constant") else 0.0
    far = 0.1 * abs(math.log10(float(axes["learning_rate"]) / 0.01))
    noise = 0.01 * math.sin(trial.seed) + int(trial.key[:4], 16) / 0xFFFF * 0.002
    accuracy = max(0.1, 0.9 - lost - far + noise)
    return replace(record, final={"loss": 1.0 - accuracy, "accuracy": accuracy})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    fake_trial.install(monkeypatch, run_trial=run_trial)
    write_case(tmp_path / "small.toml", case_content())
    return tmp_path


def as_json(result: Result) -> Any:
    assert result[0] == 0, result[2]
    return json.loads(result[1])


def by_component(document: Any) -> dict[str, Any]:
    return {each["component"]: each for each in document["components"]}


def scores_of(nnb: Callable[..., Result], run: str) -> dict[str, dict[int, float]]:
    """Return the accuracies of a run's trials by optimizer and seed, as its report has them."""
    found: dict[str, dict[int, float]] = {}
    for trial in as_json(nnb("report", run, "--json"))["trials"]:
        found.setdefault(trial["axes"]["optimizer"], {})[trial["seed"]] = trial["final"]["accuracy"]
    return found


ABLATE = ("ablate", ADAMW, "small.toml", "--seeds", "10")


def test_the_component_that_does_the_work_is_named(nnb: Callable[..., Result]) -> None:
    """Bias correction is worth 6 pp here, momentum 2 and epsilon -3; the others are worth nothing."""
    document = as_json(nnb(*ABLATE, "--json"))
    _, text, _ = nnb(*ABLATE)

    found = by_component(document)
    assert {name: each["off"] for name, each in found.items()} == {
        "momentum": "beta_1=0",
        "epsilon": "epsilon=1e-38",
        "bias correction": "bias_correction=false",
        "second moment": "second_moment=false",
        "weight decay": "weight_decay=0",
    }
    assert {name for name, each in found.items() if each["verdict"] == "worse"} == {
        "bias correction",
        "momentum",
    }
    assert [name for name, each in found.items() if each["verdict"] == "better"] == ["epsilon"]
    assert found["bias correction"]["effect"] == pytest.approx(-0.06, abs=0.003)
    assert found["momentum"]["effect"] == pytest.approx(-0.02, abs=0.003)
    said = " ".join(text.split())
    assert f"Without its bias correction {ADAMW} loses " in said
    assert f"Without its epsilon {ADAMW} gains " in said
    assert "What does the work here: bias correction and momentum." in said
    rows = [line.split("  ")[0] for line in text.splitlines()]
    assert rows.index("bias correction") < rows.index("momentum") < rows.index("weight decay")
    assert rows.index("weight decay") < rows.index("epsilon")


def test_the_effect_is_the_mean_difference_by_seed(nnb: Callable[..., Result]) -> None:
    """By hand from the trials, for every component; p is above that of the pair alone by Student's t."""
    document = as_json(nnb(*ABLATE, "--json"))

    scores = scores_of(nnb, document["run"])
    for component in document["components"]:
        (without,) = (each for each in document["configurations"] if each["off"] == [component["component"]])
        own = scores[without["axes"]["optimizer"]]
        differences = [own[seed] - scores[ADAMW][seed] for seed in range(10)]
        assert component["effect"] == pytest.approx(np.mean(differences), rel=1e-9)
        assert component["n"] == 10
        low, high = component["interval"]
        assert low < component["effect"] < high
        is_worse = component["verdict"] == "worse"
        assert is_worse == (component["component"] in ("momentum", "bias correction"))
        assert not is_worse or stats.ttest_1samp(differences, 0.0).pvalue < component["p"] < 0.05


def test_each_configuration_has_a_rate_of_its_own(nnb: Callable[..., Result]) -> None:
    """All are searched, at equal budget, around their defaults; a call again trains nothing."""
    code, out, said = nnb(*ABLATE, "--json")
    again = as_json(nnb(*ABLATE, "--json"))

    document = json.loads(out)
    assert code == 0
    assert f"tuned first: {6 * (N_SEARCH + 2 * 10)} trials run" in said
    assert len(document["tuned_by"]) == 1
    assert all(0.003 < each["learning_rate"] < 0.03 for each in document["components"])
    assert (again["new"], again["cached"]) == (0, 60)
    assert again["components"] == document["components"]


def test_untuned_configurations_run_at_the_rate_of_the_whole(nnb: Callable[..., Result]) -> None:
    """Its default, or what is given; not at the default of what is left without a component."""
    for options, rate in ((("--untuned",), 0.001), (("--lr", "0.02"), 0.02)):
        document = as_json(nnb(*ABLATE[:1], "adagrad", *ABLATE[2:], *options, "--json"))

        assert document["tuned_by"] == []
        assert {each["learning_rate"] for each in document["components"]} == {rate}
        trained = scores_of(nnb, document["run"])
        assert list(trained) == [
            "adagrad",
            "adagrad(initial_accumulator_value=0)",
            "adagrad(epsilon=1e-38)",
            "sgd",
        ]
    written = as_json(
        nnb(*ABLATE[:1], "adagrad(learning_rate=0.3)", *ABLATE[2:], "--components", "epsilon", "--json")
    )
    assert [each["learning_rate"] for each in written["components"]] == [0.3]


def test_choices_beside_the_optimizer_are_components(nnb: Callable[..., Result]) -> None:
    """The decay of a schedule and its warm-up apart, the clipping, the decay of the weights."""
    asked = ("--schedule", "cosine(warmup_steps=5)", "--clip", "1", "--weight-decay", "0.004")
    document = as_json(nnb("ablate", "momentum", "small.toml", "--seeds", "8", *asked, "--untuned", "--json"))

    found = by_component(document)
    assert document["new"] == 6 * 8  # each alone, and not the product of the choices
    assert {name: each["off"] for name, each in found.items()} == {
        "momentum": "momentum=0",
        "warm-up": "warmup_steps=0",
        "decay schedule": "schedule constant",
        "weight decay": "weight decay 0",
        "clipping": "clip none",
    }
    assert found["decay schedule"]["effect"] == pytest.approx(-0.04, abs=0.003)
    schedules = {"+".join(each["off"]): each["axes"]["schedule"] for each in document["configurations"]}
    assert schedules["decay schedule"] == "constant(warmup_steps=5)"
    assert schedules["warm-up"] == "cosine_decay"
    assert schedules["momentum"] == schedules[""] == "cosine_decay(warmup_steps=5)"


def test_a_decay_that_is_given_beside_is_one_component(nnb: Callable[..., Result]) -> None:
    """It takes the place of AdamW's own 0.004: off is 0, and not 0.004 or the half of it."""
    asked = ("ablate", "adamw", "small.toml", "--weight-decay", "0.01", "--untuned", "--json")

    document = as_json(nnb(*asked, "--components", "weight decay"))

    assert [each["off"] for each in document["components"]] == ["weight decay 0"]
    trials = as_json(nnb("report", document["run"], "--json"))["configurations"]
    assert [each["axes"]["weight_decay"] for each in trials] == ["0.01", "0"]


def test_what_changes_nothing_is_no_component(nnb: Callable[..., Result]) -> None:
    """Where nothing is divided there is no epsilon to take out."""
    asked = ("ablate", "adam(second_moment=false)", "small.toml", "--untuned", "--json")

    assert set(by_component(as_json(nnb(*asked)))) == {"momentum", "bias correction"}


def test_clipping_that_is_off_is_not_that_of_the_case(nnb: Callable[..., Result], folder: Path) -> None:
    """An optimizer's own limit goes before the case's; without it the case's would be left."""
    content = case_content()
    content["training"]["clip_norm"] = 2.0
    write_case(folder / "clipped.toml", content)
    asked = ("ablate", "adam(global_clipnorm=0.5)", "clipped.toml", "--components", "clipping", "--untuned")

    document = as_json(nnb(*asked, "--json"))

    without = next(each for each in document["configurations"] if each["off"])
    assert (without["axes"]["optimizer"], without["axes"]["clip"]) == ("adam", "none")


def test_crossed_effects_are_means_over_all_combinations(nnb: Callable[..., Result]) -> None:
    """By hand: on each seed, the mean of the cells without momentum minus that of the cells with it."""
    asked = (*ABLATE, "--untuned", "--crossed", "--components", "momentum,bias_correction,epsilon")
    document = as_json(nnb(*asked, "--json"))
    _, text, _ = nnb(*asked)

    scores = scores_of(nnb, document["run"])
    assert len(scores) == len(document["configurations"]) == 8
    found = by_component(document)
    for component, word in (("momentum", "beta_1=0"), ("bias correction", "bias_correction=false")):
        off = [np.array(list(each.values())) for name, each in scores.items() if word in name]
        on = [np.array(list(each.values())) for name, each in scores.items() if word not in name]
        effects = np.mean(off, axis=0) - np.mean(on, axis=0)
        assert found[component]["effect"] == pytest.approx(effects.mean(), rel=1e-12)
        assert found[component]["verdict"] == "worse"
        assert found[component]["learning_rate"] is None
        low, high = found[component]["interval"]
        assert low < effects.mean() < high < 0
    assert "Averaged over all combinations of the others, without its bias correction" in " ".join(
        text.split()
    )
    assert found["momentum"]["trials"] == 4 * 10


def test_combinations_that_are_one_configuration_run_once(nnb: Callable[..., Result]) -> None:
    """Without both moments adam is sgd, with or without epsilon and bias correction."""
    document = as_json(nnb("ablate", "adam", "small.toml", "--crossed", "--untuned", "--json"))

    named = {each["axes"]["optimizer"] for each in document["configurations"]}
    assert len(document["configurations"]) == 16
    assert sum(1 for each in document["configurations"] if each["axes"]["optimizer"] == "sgd") == 4
    assert len(named) == 8 + 2 + 1


def test_what_works_at_no_rate_is_a_result(nnb: Callable[..., Result], folder: Path) -> None:
    """It runs at its default, fails there on every seed, and so is worse; the table says that none works."""
    write_case(folder / "cliff.toml", {**case_content(), "name": "cliff"})
    asked = ("ablate", "adam", "cliff.toml", "--seeds", "10", "--components", "second moment,epsilon")

    document = as_json(nnb(*asked, "--json"))
    _, text, _ = nnb(*asked)
    code, rehearsed, _ = nnb(*asked, "--dry-run")

    second = by_component(document)["second moment"]
    assert second["verdict"] == "worse"
    assert second["learning_rate"] is None
    assert second["failures"] == {"diverged": 10}
    assert "none works" in text
    assert "What does the work here: second moment." in " ".join(text.split())
    assert (code, "30 trials: 30 in the store, 0 to run." in rehearsed) == (0, True)


def test_a_dry_run_changes_nothing(nnb: Callable[..., Result], folder: Path) -> None:
    """It names every configuration, and counts the search before them."""
    code, text, said = nnb(*ABLATE, "--dry-run")
    foreseen = as_json(nnb(*ABLATE, "--dry-run", "--json"))
    alone = as_json(nnb(*ABLATE, "--untuned", "--dry-run", "--json"))

    n_search = 6 * (N_SEARCH + 2 * 10)
    assert (code, said) == (0, "")
    assert "small: adamw(bias_correction=false, weight_decay=0.02), seeds 0-9" in text
    assert f"first a search, {n_search} trials at least; 6 configurations" in text
    assert foreseen["search"] == {"trials": n_search, "leaves": 60}
    assert (alone["trials"], len(alone["configurations"])) == (60, 6)
    assert not (folder / ".nnbench").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sgd",), "sgd has no component to take out. Give it one, as in 'sgd(momentum=0.9)'"),
        (("sgd,adam",), "optimizer: ablate takes one choice apart, found sgd, adam. Run it once for each."),
        (
            ("adam", "--schedule", "cosine,constant"),
            "schedule: ablate takes one choice apart, found cosine_decay, constant.",
        ),
        (("lyon",), "--optimizer: no optimizer named 'lyon'. Did you mean 'lion'?"),
        (
            ("adamw(clipvalue=1)", "--crossed", "--schedule", "cosine"),
            "--crossed: 7 components make 128 configurations, and at most 64 are crossed. Choose some",
        ),
        (("adam", "--components", "momentun"), "--components: there is no 'momentun' to take out. Did you"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(
    nnb: Callable[..., Result], words: tuple[str, ...], said: str
) -> None:
    code, out, line = nnb("ablate", words[0], "small.toml", *words[1:])

    assert (code, out) == (2, "")
    assert line.startswith(f"nnbench: {said}")


def test_a_plug_in_is_taken_apart_as_it_says(
    nnb: Callable[..., Result], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_plugins(monkeypatch)
    (folder / "mine.py").write_text(
        "from nnkit import optimizers\n"
        "def update(params, grads, state, step, learning_rate, inertia, twist):\n"
        "    pass\n"
        "optimizers.register_numpy('mine', update, inertia=0.9, twist=2.0, off={'inertia': 0.0})\n"
    )

    document = as_json(nnb("ablate", "mine", "small.toml", "--plugin", "mine.py", "--untuned", "--json"))

    assert {name: each["off"] for name, each in by_component(document).items()} == {"inertia": "inertia=0"}


def test_every_form_has_the_components(nnb: Callable[..., Result], folder: Path) -> None:
    """Several cases: a section each; CSV a row for each component; the report is written besides."""
    write_case(folder / "other.toml", {**case_content(), "name": "other"})
    asked = ("ablate", "momentum", "small.toml", "other.toml", "--untuned", "--clip", "1")

    document = as_json(nnb(*asked, "--json"))
    _, rows, _ = nnb(*asked, "--format", "csv")
    code, markdown, _ = nnb(*asked, "--format", "markdown")
    nnb(*asked, "--report", "made.html")

    assert document["schema"] == "nnbench.ablate/1"
    assert (document["optimizer"], document["case"]) == ("momentum · clip 1", "small")
    assert [(each["case"], each["component"]) for each in document["components"]] == [
        (case, component) for case in ("small", "other") for component in ("momentum", "clipping")
    ]
    wanted = {"component", "off", "effect", "interval", "p", "verdict", "n", "learning_rate"}
    assert all(wanted <= each.keys() for each in document["components"])
    assert rows.splitlines()[0].startswith("case,component,off,effect,interval_low,interval_high,p,verdict,n")
    assert len(rows.splitlines()) == 1 + 4
    assert code == 0
    assert "## momentum · clip 1 on other: 2 components, 2 seeds (0, 1)" in markdown
    assert "no difference that could be told" in (folder / "made.html").read_text()


@pytest.mark.parametrize("how", [(), ("--crossed",)])
def test_failed_trials_end_with_their_own_code(
    nnb: Callable[..., Result], folder: Path, how: tuple[str, ...]
) -> None:
    """Without momentum every trial ends in an error: that says nothing of it, and the command ends with 3."""
    write_case(folder / "broken.toml", {**case_content(), "name": "broken"})
    asked = ("ablate", "adam", "broken.toml", "--components", "momentum,epsilon", "--seeds", "8", "--untuned")

    code, out, _ = nnb(*asked, *how, "--json")

    momentum = by_component(json.loads(out))["momentum"]
    assert (code, momentum["verdict"], momentum["n"], momentum["p"]) == (3, "cannot_tell", 0, 1.0)
    assert momentum["interval"] == [None, None]


@pytest.mark.parametrize("how", [(), ("--crossed",)])
def test_where_everything_diverges_nothing_is_told(nnb: Callable[..., Result], how: tuple[str, ...]) -> None:
    """Divergence is a result; with and without the component it is the same one."""
    asked = ("ablate", "adam", "small.toml", "--activation", "selu", "--untuned", "--seeds", "8", *how)

    document = as_json(nnb(*asked, "--json"))

    assert {each["verdict"] for each in document["components"]} == {"cannot_tell"}
    assert all(each["failures"]["diverged"] == each["trials"] for each in document["components"])
