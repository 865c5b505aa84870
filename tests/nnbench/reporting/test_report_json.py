"""The JSON document keeps its contract: names, types, and nothing that strict JSON lacks."""

from dataclasses import replace
from typing import Any

import pytest
import report_samples as samples

from nnbench.records.trials import CaseRace, Pruning
from nnbench.reporting.json import run as json

DOCUMENT = {"schema", "run", "new", "cached", "trials", "configurations", "verdicts"}
TRIAL = {
    *("key", "case", "axes", "seed", "status", "final", "best", "steps"),
    *("steps_to_target", "train_s", "digest"),
}
CONFIGURATION = {"case", "axes", "n", "median", "interval", "success_rate", "failures"}
VERDICT = {"case", "a", "b", "verdict", "difference", "interval", "p", "n", "seeds_needed"}


def parsed(sample: samples.Sample) -> dict[str, Any]:
    shown = "".join(json.render(sample))
    return samples.strict_json(shown)


@pytest.mark.parametrize("name", samples.EVERY_SAMPLE)
def test_the_contract_is_kept(name: str) -> None:
    """Every promised key is there in every situation, in strict JSON."""
    document = parsed(samples.EVERY_SAMPLE[name]())

    assert document.keys() >= DOCUMENT
    assert document["schema"] == "nnbench.run/1"
    assert all(each.keys() >= TRIAL for each in document["trials"])
    assert all(each.keys() >= CONFIGURATION for each in document["configurations"])
    assert all(each.keys() >= VERDICT for each in document["verdicts"])


def test_where_a_configuration_left_its_race_every_number_has_its_own_name() -> None:
    """Seeds that were given out, and pairs, which are fewer where a trial failed, are two numbers."""
    sample = samples.six_by_ten()
    leader, other = sample.summaries[:2]
    left = Pruning(
        other.axes, 2, 12, leader.axes, n=11, difference=-0.5, interval=(-0.75, -0.25), p=0.0009765625
    )
    race = CaseRace("digits", 0.05, 6, (9, 12, 17), (left,), "decided")
    sample = replace(
        sample,
        run=replace(sample.run, races=(race,)),
        summaries=(leader, replace(other, pruned=left), *sample.summaries[2:]),
    )

    document = parsed(sample)

    pruned = {
        "look": 2,
        "seeds": 12,
        "against": leader.axes.as_dict(),
        "n": 11,
        "difference": -0.5,
        "interval": [-0.75, -0.25],
        "p": 0.0009765625,
    }
    assert [each["pruned"] for each in document["configurations"]] == [None, pruned, None, None, None, None]
    assert document["races"] == [
        {
            "case": "digits",
            "level": 0.05,
            "configurations": 6,
            "looks": [9, 12, 17],
            "threshold": 0.05 / 3,
            "ending": "decided",
            "pruned": [{"axes": other.axes.as_dict(), **pruned}],
        }
    ]


def test_values_are_those_of_the_records() -> None:
    """Numbers are not rounded, axes are objects, and both sides of a verdict are named in full."""
    sample = samples.six_by_ten()

    document = parsed(sample)

    assert len(document["trials"]) == 60
    first = document["trials"][0]
    assert first["axes"] == {"optimizer": "adam", "activation": "relu"}
    assert first["final"] == {"accuracy": sample.trials[0].final["accuracy"]}
    assert first["best"]["step"] == 900
    assert isinstance(first["best"]["step"], int)
    verdict = document["verdicts"][1]
    assert verdict["a"] == {"optimizer": "momentum", "activation": "relu"}
    assert verdict["b"] == {"optimizer": "adam", "activation": "relu"}
    assert (verdict["verdict"], verdict["seeds_needed"], verdict["n"]) == ("cannot_tell", 16, 10)
    assert verdict["interval"] == [-0.0058, 0.0003]


def test_what_is_not_finite_is_null() -> None:
    """An infinite median and an open interval are null, with the failures that explain them beside."""
    rows = parsed(samples.six_by_ten())["configurations"]
    lost = parsed(samples.all_diverged())

    assert rows[5]["interval"] == [None, 0.8583]
    assert rows[5]["failures"] == {"diverged": 3}
    assert rows[4]["steps_to_target"] is None
    assert lost["configurations"][0]["median"] is None
    assert lost["configurations"][0]["interval"] == [None, None]
    assert lost["trials"][0]["final"] == {}
    assert lost["trials"][0]["steps_to_target"] is None


def test_an_environment_of_any_values_can_be_written() -> None:
    """Values that JSON lacks become text or null, down to any depth."""
    value = {"path": samples.GOLDEN, "deep": [{"x": float("nan")}, (1, 2)], 3: True}

    assert json._json_value(value) == {
        "path": str(samples.GOLDEN),
        "deep": [{"x": None}, [1, 2]],
        "3": True,
    }
