"""What a report says of the axes: how much each explains, how far it shifts, and what that rests on."""

import itertools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from nnbench.evidence.case import CaseEvidence, Findings
from nnbench.records.trials import CaseFacts, TrialRecord
from nnbench.reporting.blocks import Block, HeatMaps, Paragraph, Table
from nnbench.reporting.figures import curves as figures
from nnbench.reporting.json import run as json
from nnbench.reporting.render import latex, markdown, text
from nnbench.reporting.views.factors.effects import effects
from tests.nnbench.reporting import report_samples as samples

AXES = {"optimizer": ("adam", "momentum", "sgd"), "activation": ("relu", "tanh"), "init": ("he", "glorot")}
Score = Callable[[Mapping[str, str]], float]


def trials(
    score: Score,
    *,
    axes: tuple[str, ...] = ("optimizer", "activation"),
    n_seeds: int = 5,
    spread: float = 0.004,
    facts: CaseFacts = samples.FACTS,
) -> list[TrialRecord]:
    """Return a crossed matrix whose scores are those of their choices and noise."""
    rng = np.random.default_rng(7)
    made = []
    for choices in itertools.product(*(AXES[axis] for axis in axes)):
        chosen = dict(zip(axes, choices, strict=True))
        for seed in range(n_seeds):
            value = score(chosen) + spread * rng.normal()
            plain = samples.trial(samples.axes(**chosen), seed, 0.9, facts=facts)
            made.append(replace(plain, final={facts.metric: value}))
    return made


def optimizer_alone(chosen: Mapping[str, str]) -> float:
    return 0.95 - 0.04 * (chosen["optimizer"] == "sgd")


def together(chosen: Mapping[str, str]) -> float:
    """Nothing but sgd with tanh is different."""
    return 0.95 - 0.04 * (chosen["optimizer"] == "sgd" and chosen["activation"] == "tanh")


def diverged(made: list[TrialRecord], *lost: tuple[str, str]) -> list[TrialRecord]:
    """Let all trials of these optimizers and activations diverge, but for the first seed's."""
    return [
        replace(each, status="diverged", final={})
        if each.seed and tuple(each.axes.as_dict().values())[:2] in lost
        else each
        for each in made
    ]


def case(made: list[TrialRecord], *, facts: CaseFacts = samples.FACTS) -> CaseEvidence:
    varying = tuple(made[0].axes.as_dict())
    (found,) = Findings(samples.run(tuple(made), cases=(facts,), varying=varying), tuple(made)).cases()
    return found


def tables(blocks: list[Block]) -> list[Table]:
    return [block for block in blocks if isinstance(block, Table)]


def lead(blocks: list[Block]) -> str:
    return next(block.text for block in blocks if isinstance(block, Paragraph))


def heat_maps(blocks: list[Block]) -> HeatMaps:
    return next(block for block in blocks if isinstance(block, HeatMaps))


def column(table: Table, header: str) -> list[str]:
    place = [each.header for each in table.columns].index(header)
    return [row[place].text for row in table.rows]


def test_the_lead_says_what_explains_the_spread_and_what_does_not() -> None:
    """The optimizer alone was made to matter: it is named with its share, and the rest is not shown."""
    said = lead(effects(case(trials(optimizer_alone))))

    assert re.match(
        r"Of the spread in validation accuracy optimizer explains 9\d.* % \[\d+.*, 9\d.*\];", said
    )
    assert "; that activation explains more than chance would is not shown." in said
    assert "That the choice on one axis changes what another does is not shown." in said


def test_shares_stand_sorted_beside_what_chance_would_explain() -> None:
    """Largest share first and the rest last, in per cent that add up."""
    shares, *_ = tables(effects(case(trials(optimizer_alone))))

    assert shares.title == "What explains the spread in validation accuracy"
    named = column(shares, "what")
    assert named[0] == "optimizer"
    assert set(named[1:3]) == {"activation", "optimizer × activation"}
    assert named[3] == "rest: seeds"
    values = [float(each.split()[0]) for each in column(shares, "share, % [95%]")]
    assert values[:3] == sorted(values[:3], reverse=True)
    assert sum(values) == pytest.approx(100, abs=0.5)
    assert column(shares, "more than chance") == ["yes", "not shown", "not shown", ""]
    assert column(shares, "by chance, %")[-1] == "—"
    assert shares.notes[0].endswith("n = 30 trials, 5 seeds.")
    assert not any("Type II" in each for each in shares.notes)


def test_main_effects_are_sorted_within_their_axis_and_toned_where_0_is_out() -> None:
    """sgd is 4 pp behind both others, so 2.7 pp below the mean and they 1.3 pp above it."""
    _, main, *_ = tables(effects(case(trials(optimizer_alone))))

    assert column(main, "axis") == ["optimizer"] * 3 + ["activation"] * 2
    assert column(main, "choice")[2] == "sgd"
    shifts = column(main, "shift, pp [95%]")
    assert [float(each.split()[0].replace("−", "-")) for each in shifts[:3]] == pytest.approx(
        [1.33, 1.33, -2.67], abs=0.3
    )
    assert [row[2].tone for row in main.rows] == ["good", "good", "bad", "plain", "plain"]
    assert column(main, "n") == ["10", "10", "10", "15", "15"]
    assert main.title.startswith("Main effects: shift from the mean validation accuracy of 93.")


def test_of_a_loss_less_is_better() -> None:
    """The choice that lowers the loss stands first and is the good one; there is no unit."""
    made = trials(lambda chosen: 1 + 0.2 * (chosen["optimizer"] == "adam"), facts=samples.LOSS_FACTS)
    blocks = effects(case(made, facts=samples.LOSS_FACTS))

    _, main, *_ = tables(blocks)

    assert column(main, "choice")[2] == "adam"
    assert [row[2].tone for row in main.rows[:3]] == ["good", "good", "bad"]
    assert "shift [95%]" in [each.header for each in main.columns]
    assert not heat_maps(blocks).more_is_better


def test_a_pair_that_matters_has_its_own_table() -> None:
    """Only sgd with tanh is bad: the pair is named in the lead, and its cell is below both shifts."""
    blocks = effects(case(trials(together)))
    _, _, pair = tables(blocks)

    assert "What one choice does depends on another: optimizer × activation explains" in lead(blocks)
    assert pair.title == "Beyond both shifts, pp [95%]: optimizer by activation"
    assert [each.header for each in pair.columns] == ["optimizer", "relu", "tanh"]
    (sgd,) = (row for row in pair.rows if row[0].text == "sgd")
    # A third of half of the 4 pp are the shifts' own.
    assert float(sgd[2].text.split()[0].replace("−", "-")) == pytest.approx(-4 * 2 / 3 / 2, abs=0.3)
    assert (sgd[1].tone, sgd[2].tone) == ("good", "bad")
    assert "n = 5 trials in each combination" in pair.notes[0]


def test_three_axes_leave_their_common_doings_to_the_rest() -> None:
    """All pairs are rows; the axis with more choices goes down; the rest says what it holds."""
    blocks = effects(case(trials(together, axes=("activation", "optimizer", "init"))))
    shares, main, pair = tables(blocks)

    assert len(shares.rows) == 7
    assert column(shares, "what")[-1] == "rest: seeds, and three axes together"
    assert column(main, "axis") == ["activation"] * 2 + ["optimizer"] * 3 + ["init"] * 2
    assert pair.title.endswith("optimizer by activation")
    assert len(heat_maps(blocks).maps) == 3


def test_no_effect_is_said_to_be_not_shown() -> None:
    """Noise alone: no axis and no pair is called anything, and no table of pairs is printed."""
    blocks = effects(case(trials(lambda _: 0.9)))

    assert len(tables(blocks)) == 2
    assert re.fullmatch(
        r"That \w+ and \w+ explain more of the spread in validation accuracy than chance would is not shown\."
        r" That the choice on one axis changes what another does is not shown\.",
        lead(blocks),
    )


def test_diverged_trials_are_counted_where_they_are_missing() -> None:
    """Four of five seeds of sgd with tanh diverged: the note says how many, where, and what follows."""
    made = diverged(trials(optimizer_alone), ("sgd", "tanh"))
    blocks = effects(case(made))
    shares, main, *_ = tables(blocks)

    assert lead(blocks).startswith(
        "Of the spread in validation accuracy of the 26 of 30 trials that left a score, optimizer explains"
    )
    note = next(each for each in shares.notes if "no score" in each)
    assert note == (
        "4 of 30 trials have no score (4 diverged): optimizer sgd 4/10; activation tanh 4/15. They are left"
        " out, so these choices may look better than they are. Shares are of Type II and need not add up to"
        " 100 %."
    )
    assert dict(zip(column(main, "choice"), column(main, "no score"), strict=True)) == {
        "adam": "0/10",
        "momentum": "0/10",
        "sgd": "4/10",
        "relu": "0/15",
        "tanh": "4/15",
    }
    assert any("as if every combination had as many trials" in each for each in main.notes)
    (cell,) = (each for row in heat_maps(blocks).maps[0].cells for each in row if "1 of 5" in each.lines)
    assert math.isfinite(cell.value)


def test_a_choice_that_never_left_a_score_is_a_row_and_marked_cells() -> None:
    """All of sgd diverged: it has no shift, but it is there, in the table and on the map."""
    made = [
        replace(each, status="diverged", final={}) if "sgd" in str(each.axes) else each
        for each in trials(optimizer_alone)
    ]
    blocks = effects(case(made))
    _, main, *_ = tables(blocks)

    assert [cell.text for cell in main.rows[2]] == ["optimizer", "sgd", "no score", "0", "10/10"]
    (only,) = heat_maps(blocks).maps
    assert [cell.lines for cell in only.cells[2]] == [("no score",), ("no score",)]


def test_trials_that_were_not_run_unbalance_the_matrix_too() -> None:
    """A run that was interrupted, or a race: nothing failed, and still the shares need not add up."""
    made = [each for each in trials(optimizer_alone) if each.seed < 3 or "sgd" not in str(each.axes)]

    shares, main, *_ = tables(effects(case(made)))

    assert shares.notes[-1].startswith(
        "Some combinations have more trials than others. Shares are of Type II"
    )
    assert "no score" not in [each.header for each in main.columns]


def test_one_seed_tells_nothing_from_chance() -> None:
    """Shares and shifts are shown without intervals, nothing is toned, and the lead says why."""
    shares, main, *more = tables(effects(case(trials(optimizer_alone, n_seeds=1))))

    assert lead(effects(case(trials(optimizer_alone, n_seeds=1)))) == (
        "One seed shows no spread, so what an axis explains cannot be told from chance."
    )
    assert more == []
    assert not any("[" in each for each in [*column(shares, "share, %"), *column(main, "shift, pp")])
    assert {row[2].tone for row in main.rows} == {"plain"}


def test_one_axis_says_nothing_beyond_its_table() -> None:
    """With one axis, or without a score, there is no block at all."""
    assert effects(case(trials(optimizer_alone, axes=("optimizer",)))) == []
    lost = [replace(each, status="diverged", final={}) for each in trials(optimizer_alone)]
    assert effects(case(lost)) == []


def test_an_axis_that_goes_with_another_is_left_out_and_said_to_be() -> None:
    """A learning rate for each optimizer: its effect is the optimizer's, and no number is made up."""
    rates = {"adam": "0.001", "momentum": "0.05", "sgd": "0.1"}
    made = [
        replace(
            each,
            axes=samples.axes(**each.axes.as_dict(), learning_rate=rates[each.axes.as_dict()["optimizer"]]),
        )
        for each in trials(optimizer_alone)
    ]
    shares, main, *_ = tables(effects(case(made)))

    assert "learning_rate" not in " ".join([*column(shares, "what"), *column(main, "axis")])
    assert shares.notes[-1] == (
        "Left out: the choices of learning_rate are not crossed with those of the other axes."
    )
    only = [replace(each, axes=each.axes.without("activation")) for each in made if "relu" in str(each.axes)]
    assert [type(each) for each in effects(case(only))] == [Paragraph]


def test_many_choices_are_listed_and_not_gridded() -> None:
    """Five columns with their intervals fit on no terminal: what stands out becomes rows, furthest first."""
    chosen = [
        (f"a{i}", f"b{j}", 0.9 + 0.01 * (i == j == 0), seed)
        for i in range(6)
        for j in range(5)
        for seed in range(4)
    ]
    made = [
        replace(
            samples.trial(samples.axes(optimizer=one, activation=other), seed, 0.9),
            final={"accuracy": level + 0.0005 * np.random.default_rng(place).normal()},
        )
        for place, (one, other, level, seed) in enumerate(chosen)
    ]
    *_, pair = tables(effects(case(made)))

    assert [each.header for each in pair.columns][:2] == ["optimizer", "activation"]
    assert [cell.text for cell in pair.rows[0]][:2] == ["a0", "b0"]
    assert pair.rows[0][2].tone == "good"
    assert len(pair.rows) <= 10
    assert "30 combinations in all" in pair.notes[0]


def test_the_heat_map_is_drawn_with_every_value_in_its_cell() -> None:
    """Names, values and what is missing are text; the same records give the same bytes."""
    made = diverged(trials(optimizer_alone), ("sgd", "tanh"))
    made = [
        replace(each, status="diverged", final={})
        if each.axes.as_dict() == {"optimizer": "adam", "activation": "relu"}
        else each
        for each in made
    ]
    figure = heat_maps(effects(case(made)))

    drawn = figures.svg(figure)

    found = {"".join(each.itertext()) for each in ElementTree.fromstring(drawn).iter() if "text" in each.tag}
    lines = {line for each in figure.maps for row in each.cells for cell in row for line in cell.lines}
    assert lines | {"adam", "momentum", "sgd", "relu", "tanh", "no score", "1 of 5"} <= found
    assert drawn == figures.svg(figure)


@pytest.mark.parametrize("width", [80, 120])
def test_the_blocks_fit_every_format(width: int) -> None:
    """Text keeps to its width, Markdown and LaTeX have the tables, and text needs no picture."""
    made = tuple(trials(together, axes=("optimizer", "activation", "init")))
    run = samples.run(made, varying=("optimizer", "activation", "init"), command="nnbench run digits-mlp")
    summary = samples.summary(made[0].axes, 0.95, (0.94, 0.96), n=5, reached=5)
    document = samples.Sample(run, made, (summary,), ()).document()

    shown = text.render(document, width=width)

    assert max(map(len, shown.splitlines())) <= width
    assert "What explains the spread" in shown
    assert "digits-mlp-effects.svg" in markdown.render(document)
    assert r"optimizer $\times$ activation" in latex.render(document)


def test_json_has_the_numbers_behind_the_tables() -> None:
    """One entry for each case with two axes or more, with nulls for what nothing bounds."""
    made = tuple(diverged(trials(optimizer_alone), ("sgd", "tanh")))
    shown = "".join(json.render(Findings(samples.run(made), made)))

    (entry,) = samples.strict_json(shown)["effects"]

    assert entry["case"] == "digits-mlp"
    assert entry["factors"] == ["optimizer", "activation"]
    assert (entry["n"], entry["seeds"], entry["balanced"]) == (26, 5, False)
    assert entry["without_score"] == {"diverged": 4}
    assert [each["term"] for each in entry["shares"]] == [
        ["optimizer"],
        ["activation"],
        ["optimizer", "activation"],
    ]
    first = entry["shares"][0]
    assert first["interval"][0] < first["share"] < first["interval"][1]
    assert first["degrees_of_freedom"] == 2
    (sgd,) = (each for each in entry["main"] if each["choice"] == "sgd")
    assert sgd["shift"]["value"] < -0.02
    assert sgd["without_score"] == 4
    (cell,) = (each for each in entry["pairs"] if each["choices"] == ["sgd", "tanh"])
    assert cell["score"]["interval"] == [None, None]
    assert cell["score"]["n"] == cell["beyond_shifts"]["n"] == 1


def test_json_of_one_axis_has_no_effects() -> None:
    """The list is there and empty."""
    made = tuple(trials(optimizer_alone, axes=("optimizer",)))

    shown = "".join(json.render(Findings(samples.run(made, varying=("optimizer",)), made)))

    assert samples.strict_json(shown)["effects"] == []


def both(chosen: Mapping[str, str]) -> float:
    """Activation matters three times as much as optimizer."""
    return 0.9 - 0.03 * (chosen["activation"] == "tanh") - 0.01 * (chosen["optimizer"] == "sgd")


def test_the_lead_names_the_larger_share_first() -> None:
    """Not the axis that is printed first, but the one that explains more."""
    said = lead(effects(case(trials(both, spread=0.001))))

    assert re.match(
        r"Of the spread in validation accuracy activation explains 9[\d.]+ % .* and optimizer", said
    )


def test_a_map_that_was_turned_keeps_its_values() -> None:
    """With more optimizers than activations the optimizers go down, and every score stays in its cell."""
    (only,) = heat_maps(effects(case(trials(together, axes=("activation", "optimizer"))))).maps

    assert only.title == "optimizer by activation, n = 5 each"
    assert (only.rows, only.columns) == (AXES["optimizer"], AXES["activation"])
    scores = np.array([[cell.value for cell in row] for row in only.cells])
    assert scores == pytest.approx(np.array([[0.95, 0.95], [0.95, 0.95], [0.95, 0.91]]), abs=0.006)


@pytest.mark.parametrize("facts", [samples.FACTS, samples.LOSS_FACTS], ids=["accuracy", "loss"])
def test_the_better_cell_is_the_brighter_one(facts: CaseFacts) -> None:
    """Of an accuracy the highest value, of a loss the lowest, has the last colour of the map."""
    made = trials(lambda chosen: optimizer_alone(chosen) + 1, facts=facts)
    figure = heat_maps(effects(case(made, facts=facts)))
    drawn = figures.svg(figure).decode()

    values = [cell.value for row in figure.maps[0].cells for cell in row]
    fills = re.findall(r"fill: (#[0-9a-f]{6}); stroke: #[0-9a-f]{6}; stroke-width: 0.7", drawn)
    brightness = [sum(int(fill[i : i + 2], 16) for i in (1, 3, 5)) for fill in fills]
    best = max if facts.direction == "max" else min
    assert len(brightness) == len(values)
    assert brightness.index(max(brightness)) == values.index(best(values))
