"""What the views say of runs whose answers are known."""

import math
from dataclasses import replace

import pytest
import report_samples as samples

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import Verdict
from nnbench.reporting.blocks import FigureRef, Listing, Paragraph, Table
from nnbench.reporting.document import listing
from nnbench.reporting.render import text
from nnbench.reporting.views.curves import MOST_LINES, curves
from nnbench.reporting.views.failures import failures
from nnbench.reporting.views.headline import headline
from nnbench.reporting.views.matrix import matrix
from nnbench.reporting.views.run import about
from nnbench.reporting.views.trials import trials
from nnbench.reporting.views.verdicts import verdicts
from nnbench.statistics.trials.summary import comparisons, summaries


def first_case(sample: samples.Sample) -> CaseEvidence:
    return sample.cases()[0]


def column(table: Table, header: str) -> list[str]:
    place = [each.header for each in table.columns].index(header)
    return [row[place].text for row in table.rows]


def headers(table: Table) -> list[str]:
    return [each.header for each in table.columns]


def test_the_table_is_sorted_by_median_best_first() -> None:
    """Rows follow the median and not the order in which the run asked for them."""
    table = verdicts(first_case(samples.six_by_ten()))

    assert column(table, "optimizer") == ["adam", "momentum", "adam", "momentum", "sgd", "sgd"]
    assert column(table, "#") == ["1*", "2*", "3", "4", "5", "6"]
    assert column(table, "accuracy, % [95%]")[0] == "97.08 [96.67, 97.78]"


def test_a_loss_is_sorted_upwards_and_has_no_unit() -> None:
    """Where less is better the smallest median leads, and no percent sign appears."""
    sample = samples.two_cases()

    table = verdicts(sample.cases()[1])

    assert column(table, "loss [95%]") == ["0.01234 [0.01190, 0.01310]", "0.0521 [0.0498, 0.0555]"]
    assert "reached target" not in headers(table)


def test_of_equal_medians_the_reference_stands_first() -> None:
    """The statistics break a tie their way; the table must not put another row above its own leader."""
    sample = samples.two_of("worse")
    leader, other = sample.summaries
    tied = (replace(other, median=leader.median, median_steps_to_target=1.0), leader)

    case = first_case(replace(sample, summaries=tied))

    assert case.ranking[0].axes == case.reference


def test_verdict_words_come_from_the_comparison() -> None:
    """Each row repeats the verdict on it, the reference is called so, and its difference stays empty."""
    table = verdicts(first_case(samples.six_by_ten()))

    assert column(table, "verdict") == ["reference", "cannot tell", "worse", "worse", "worse", "worse"]
    assert column(table, "difference, pp [95%]")[:2] == ["", "−0.33 [−0.58, +0.03]"]
    assert column(table, "p")[:3] == ["", "0.078", "0.029"]


def test_the_family_the_level_and_the_methods_are_printed() -> None:
    """A leader picked out of six was picked from 15 pairs; a reference named beforehand has only one each."""
    led = " ".join(verdicts(first_case(samples.six_by_ten())).notes)
    named = " ".join(verdicts(first_case(samples.two_of("better", against="adam"))).notes)

    assert "sign flips, 15 comparisons (all pairs)" in led
    assert "to adam · relu, the leader; intervals hold together" in led
    assert "at the 3.2 % level: look 1, of 5 % for all looks" in led
    assert "within ±0.5 pp" in led
    assert "medians by order statistics" in led
    assert "n = 10 seeds. *: may be the best." in led
    assert "sign flips, 1 comparison." in named
    assert "the leader" not in named


def test_a_further_look_is_said_with_the_level_that_it_has() -> None:
    """Who adds seeds until something shows must see what that costs."""
    sample = samples.six_by_ten()
    case = first_case(sample)
    second = replace(case, judgement=replace(case.judgement, look=2, level=0.01152))

    assert "at the 1.15 % level: look 2, of 5 % for all looks" in " ".join(verdicts(second).notes)


def test_a_single_configuration_has_no_verdict_columns() -> None:
    """Nothing is compared, so nothing is said about a difference, a verdict or a p value."""
    table = verdicts(first_case(samples.alone()))

    assert not {"verdict", "p", "why"} & set(headers(table))
    assert not any("difference" in header for header in headers(table))
    assert column(table, "optimizer · activation") == ["adam · relu"]


def test_different_n_get_a_column() -> None:
    """Where seeds are missing in one row, every row shows its own n."""
    sample = samples.two_of("worse")
    fewer = (sample.summaries[0], replace(sample.summaries[1], n=7, success_rate=1.0))

    table = verdicts(first_case(replace(sample, summaries=fewer)))

    assert column(table, "n") == ["10", "7"]


@pytest.mark.parametrize("n", [3, 10, 49, 98, 103])
def test_how_many_reached_the_target_is_a_count(n: int) -> None:
    """The rate times n is rounded: 1 of 49, as a rate, times 49 is a little less than 1."""
    sample = samples.two_of("worse")
    leader, other = sample.summaries
    counted = (replace(leader, n=n, success_rate=1 / n), replace(other, n=n, success_rate=(n - 1) / n))

    table = verdicts(first_case(replace(sample, summaries=counted)))

    assert column(table, "reached target") == [f"1/{n}", f"{n - 1}/{n}"]


def test_no_score_is_said_and_not_a_number() -> None:
    """An infinite median is no number that somebody measured, nor is a difference of nothing."""
    table = verdicts(first_case(samples.all_diverged()))

    assert column(table, "accuracy, %") == ["no score", "no score"]
    assert column(table, "difference, pp") == ["", "—"]
    assert column(table, "steps to target") == ["never", "never"]
    assert column(table, "success, % [95%]") == ["0 [0, 28]", "0 [0, 28]"]
    assert column(table, "failures") == ["10 diverged", "10 diverged"]


@pytest.mark.parametrize(
    ("sample", "sentences"),
    [
        (
            samples.six_by_ten(),
            (
                "adam · relu leads on digits-mlp; 2 of 6 may be the best: adam · relu and momentum · relu.",
                "Median validation accuracy of adam · relu: 97.08 % [96.67, 97.78], n = 10.",
                "It reached the target of 95 % in 10 of 10 trials, in the median after 203 steps.",
                "It is better than 4 of 5 others; nearest is adam · sigmoid, 1.17 pp [0.94, 1.44] behind",
                "Whether momentum · relu differs from it cannot be told; 16 seeds of a new run would tell.",
                "3 of 60 trials left no score (3 diverged).",
            ),
        ),
        (samples.two_of("worse"), ("It is better than sgd, 1.20 pp [0.90, 1.50] behind (p = 0.029).",)),
        (samples.two_of("equivalent"), ("Equivalent to it, within ±0.5 pp: sgd.",)),
        (samples.two_of("worse"), ("adam leads on digits-mlp; it alone of 2 may be the best.",)),
        (samples.two_of("equivalent"), ("adam leads on digits-mlp; any of the 2 may be the best.",)),
        (
            samples.two_of("better", against="adam"),
            ("Against adam (97.08 % [96.67, 97.78], n = 10) on digits-mlp: sgd is better (+1.20 pp",),
        ),
        (
            samples.two_of("cannot_tell", against="adam", reason="no seed in common"),
            ("nothing is decided.", "Whether sgd differs from adam cannot be told (no seed in common)."),
        ),
        (samples.alone(), ("adam · relu has a median validation accuracy of 97.08 % [96.67, 97.78]",)),
        (samples.alone(n=1), ("97.1 % on digits-mlp, n = 1.", "One seed shows no spread")),
        (samples.all_diverged(), ("Every configuration lost half of its trials or more",)),
    ],
)
def test_headline(sample: samples.Sample, sentences: tuple[str, ...]) -> None:
    """The lead says who, by how much, how sure, and what would change it."""
    text = headline(first_case(sample)).text

    for sentence in sentences:
        assert sentence in text


@pytest.mark.parametrize(
    ("verdict", "seeds_needed", "shown"),
    [
        ("cannot_tell", 17, ["", "17"]),
        ("cannot_tell", 11_783, ["", "12,000"]),
        ("cannot_tell", None, []),
        ("worse", 17, []),
    ],
)
def test_what_would_change_cannot_tell_has_a_column(
    verdict: Verdict, seeds_needed: int | None, shown: list[str]
) -> None:
    """In two digits; without a number to name, or a doubt, there is none."""
    table = verdicts(first_case(samples.two_of(verdict, seeds_needed=seeds_needed)))

    assert (column(table, "seeds to tell") if "seeds to tell" in headers(table) else []) == shown


def test_a_lead_won_by_lost_scores_is_not_sold_as_a_difference() -> None:
    """Where the other side lost by leaving no score, the mean of the rest may be 0 and says nothing."""
    reason = "behind on 8 of 10 seeds; on 8 of them it left no score"
    sample = samples.two_of("worse", difference=0.0, interval=(-0.01, 0.01), reason=reason)

    text = headline(first_case(sample)).text

    assert f"It is better than sgd, {reason} (p = 0.029)." in text
    assert "0.0 pp" not in text


def test_an_empty_case_says_so() -> None:
    """A run of which nothing is recorded makes a document of one sentence."""
    sample = samples.alone()

    document = samples.Sample(sample.run, (), (), ()).document()

    block = document.sections[0].blocks[0]
    assert isinstance(block, Paragraph)
    assert block.text == "Nothing was measured on digits-mlp."


def test_failures_are_rows_and_counted_by_choice() -> None:
    """Each configuration and kind is a row with its seeds; every choice on every axis has its count."""
    (table,) = failures(first_case(samples.six_by_ten()))

    assert [cell.text for cell in table.rows[0]] == [
        "sgd · sigmoid",
        "diverged",
        "3/10",
        "2, 5, 6",
        "319–323",
    ]
    assert table.notes == (
        "By choice: optimizer adam 0/20, momentum 0/20, sgd 3/20; activation relu 0/30, sigmoid 3/30.",
    )


def test_several_kinds_of_failure_are_counted_for_every_choice() -> None:
    """A spike is a column of its own: which choice spikes, and which diverges."""
    sample = samples.six_by_ten()
    spiked = tuple(
        replace(each, failure="spike")
        if each.seed < 2 and each.axes.as_dict()["optimizer"] == "adam"
        else each
        for each in sample.trials
    )

    _, by_choice = failures(first_case(replace(sample, trials=spiked)))

    assert column(by_choice, "choice") == ["adam", "momentum", "sgd", "relu", "sigmoid"]
    assert column(by_choice, "spike") == ["4", "0", "0", "2", "2"]
    assert column(by_choice, "diverged") == ["0", "0", "3", "0", "3"]
    assert column(by_choice, "trials") == ["20", "20", "20", "30", "30"]


def test_an_error_is_shown_beside_its_trials() -> None:
    """A trial that failed with an error brings its text, once for all the seeds that had it."""
    sample = samples.two_of("worse")
    broken = tuple(
        replace(each, status="failed", error="ValueError: no such layer", final={}, curves={})
        if each.seed < 2 and each.axes.as_dict()["optimizer"] == "sgd"
        else each
        for each in sample.trials
    )

    table = failures(first_case(replace(sample, trials=broken)))[0]

    assert column(table, "error") == ["ValueError: no such layer"]
    assert column(table, "trials") == ["2/10"]


def test_nothing_failed_gives_no_table() -> None:
    """A run without failures has no section about them."""
    assert failures(first_case(samples.two_of("worse"))) == []


def test_matrix_crosses_two_axes() -> None:
    """Nine medians stand where their choices meet, and the best one is marked."""
    table = matrix(first_case(samples.grid()))

    assert table is not None
    assert headers(table) == ["optimizer", "act0", "act1", "act2"]
    assert [cell.text for cell in table.rows[1]] == ["opt1", "94.0", "93.0", "92.0"]
    assert [cell.tone for cell in table.rows[0]] == ["plain", "good", "plain", "plain"]


def test_matrix_needs_two_axes_with_three_choices() -> None:
    """A grid two wide repeats the verdict table, and one axis makes no grid."""
    assert matrix(first_case(samples.six_by_ten())) is None
    assert matrix(first_case(samples.two_of("worse"))) is None


def test_few_curves_share_one_panel() -> None:
    """Six lines can be told apart on one pair of axes."""
    figure = curves(first_case(samples.six_by_ten()))

    assert figure is not None
    assert [(panel.title, len(panel.series)) for panel in figure.panels] == [("", 6)]
    assert figure.name == "digits-mlp-curves"


def test_many_curves_get_a_panel_for_each_choice_on_the_first_axis() -> None:
    """Nine lines would be spaghetti; three panels of three are read side by side."""
    figure = curves(first_case(samples.grid()))

    assert figure is not None
    assert [panel.title for panel in figure.panels] == ["opt0", "opt1", "opt2"]
    assert [series.label for series in figure.panels[0].series] == ["act0", "act1", "act2"]


def test_many_curves_on_one_axis_are_split_by_rank() -> None:
    """With one axis there is no choice to split by, so the best eight share a panel."""
    sample = samples.grid(9, 1)
    case = first_case(replace(sample, run=replace(sample.run, varying=("optimizer",))))

    figure = curves(case)

    assert figure is not None
    assert [len(panel.series) for panel in figure.panels] == [MOST_LINES, 1]
    assert figure.panels[0].series[0].label == "opt0"


def test_trials_without_curves_make_no_figure() -> None:
    """The store may be asked without curves, or all diverge before the first evaluation: no empty picture."""
    sample = samples.alone()
    bare = tuple(replace(each, curves={}) for each in sample.trials)

    assert curves(first_case(replace(sample, trials=bare))) is None
    assert curves(first_case(samples.all_diverged())) is None
    assert not any(
        isinstance(block, FigureRef)
        for section in replace(sample, trials=bare).document().sections
        for block in section.blocks
    )


def test_the_run_is_described_so_that_it_can_be_repeated() -> None:
    """Data, budget, machine, versions and the command itself are there."""
    sample = samples.six_by_ten()

    said = {item.name: item.text for item in about(sample).items}

    assert said["again"] == sample.run.command
    assert "1,437 training and 360 validation examples, 6,570 parameters" in said["digits-mlp"]
    assert said["budget"] == "20 epochs in batches of 32, 900 steps; target 95 %; chance 10 %"
    assert said["machine"] == "Example 9000, 2 cores, avx2+fma, Linux, Python 3.12.3"
    assert said["versions"].startswith("nnkit 0.1.0, numba 0.68.0")
    assert said["run"].endswith("60 trials, 1.23 s")


def test_a_run_that_was_resumed_says_what_is_new_and_what_is_missing() -> None:
    """Trials that came from the store or are not there yet are counted."""
    sample = samples.six_by_ten()
    resumed = replace(sample.run, n_new=12, n_cached=48)

    said = {
        item.name: item.text for item in about(replace(sample, run=resumed, trials=sample.trials[:50])).items
    }

    assert "60 trials (12 new, 10 not recorded)" in said["run"]


def test_an_unknown_machine_is_left_out() -> None:
    """What could not be found out has no line, rather than the word None."""
    sample = samples.alone()

    shown = about(replace(sample, run=replace(sample.run, environment={"cpu": None})))

    assert {item.name for item in shown.items} == {"digits-mlp", "budget", "run", "again"}


def test_the_listing_has_a_row_for_every_trial() -> None:
    """Diverged trials are rows like all others, with dashes for the scores they do not have."""
    sample = samples.six_by_ten()

    table = trials(first_case(sample))

    assert len(table.rows) == 60
    assert column(table, "status").count("diverged") == 3
    assert column(table, "final accuracy, %")[52] == "—"
    assert isinstance(listing(sample).sections[-1].blocks[0], Listing)


def test_statistics_and_report_agree() -> None:
    """From trials through the real statistics to the table: the leader is the reference and stands on top."""
    sample = samples.six_by_ten()
    rows = tuple(summaries(sample.trials, samples.FACTS))
    verdicts_ = tuple(comparisons(sample.trials, samples.FACTS))
    case = first_case(replace(sample, summaries=rows, comparisons=verdicts_))

    table = verdicts(case)

    assert column(table, "verdict")[0] == "reference"
    assert column(table, "optimizer")[0] == "adam"
    assert headline(case).text.startswith("adam · relu leads on digits-mlp")
    assert column(table, "failures")[-1] == "3 diverged"
    assert "[−∞, " in column(table, "accuracy, % [95%]")[-1]


def median_of(sample: samples.Sample, place: int, **fields: object) -> samples.Sample:
    """Return the sample with other figures of one configuration."""
    rows = list(sample.summaries)
    rows[place] = replace(rows[place], **fields)  # type: ignore[arg-type]
    return replace(sample, summaries=tuple(rows))


def test_a_leader_that_others_are_level_with_does_not_lead_alone() -> None:
    """Equal medians are said."""
    sample = samples.two_of("cannot_tell", reason="difference smaller than the noise")
    tied = median_of(sample, 1, median=sample.summaries[0].median)

    assert (
        "adam leads on digits-mlp, level with sgd; any of the 2 may be the best."
        in headline(first_case(tied)).text
    )
    assert "level with" not in headline(first_case(sample)).text


def test_every_configuration_lost_its_trials_only_where_every_one_did() -> None:
    """Behind a leader without a score stands one that left the race with one."""
    case = first_case(samples.all_diverged())
    with_score = replace(case.ranking[1], median=0.9)

    said = headline(replace(case, ranking=(case.ranking[0], with_score))).text

    assert said.startswith("adam lost half of its trials or more")
    assert headline(case).text.startswith("Every configuration lost half")


@pytest.mark.parametrize(
    ("reached", "steps", "written"), [(0, math.inf, "never"), (1, math.inf, ">900"), (5, math.inf, ">900")]
)
def test_steps_to_target_are_never_only_where_no_trial_got_there(
    reached: int, steps: float, written: str
) -> None:
    """Beside "2/10 reached" the median lies beyond the last step, and is not never."""
    sample = median_of(samples.alone(), 0, success_rate=reached / 10, median_steps_to_target=steps)

    table = verdicts(first_case(sample))

    assert column(table, "steps to target") == [written]


@pytest.mark.parametrize("n_reached", [0, 2, 5])
def test_an_unsolved_case_is_one_that_none_solved_in_more_than_half(n_reached: int) -> None:
    """Two of ten trials reached the target: it is false that nobody did."""
    sample = samples.two_cases()
    trials = tuple(
        replace(each, steps_to_target=700 if each.seed < n_reached else None)
        if each.case == samples.FACTS.name
        else each
        for each in sample.trials
    )

    shown = " ".join(text.render(replace(sample, trials=trials).document(), width=200).split())

    said = "No configuration reached the target of digits-mlp in more than half of its trials"
    assert said in shown
    assert "obody" not in shown


@pytest.mark.parametrize(
    ("sizes", "method"),
    [
        ((10, 10), "medians by order statistics."),
        ((5, 5), "medians by Student's t."),
        ((5, 10), "medians by order statistics (Student's t below n = 6)."),
        ((10, 5), "medians by order statistics (Student's t below n = 6)."),
    ],
)
def test_the_method_named_is_that_of_every_row(sizes: tuple[int, int], method: str) -> None:
    """Where one row has too few seeds for order statistics, the note says which method it has."""
    sample = median_of(median_of(samples.two_of("worse"), 0, n=sizes[0]), 1, n=sizes[1])

    assert method in " ".join(verdicts(first_case(sample)).notes)


def test_seconds_of_python_are_said_under_every_table_with_seconds() -> None:
    """A NumPy plug-in's time stands beside those of kernels, and is not to be compared with them."""
    sample = samples.two_cases()
    run = replace(sample.run, environment={**samples.ENVIRONMENT, "interpreted": ["sgd"]})
    slow = replace(sample, run=run)

    for document in (slow.document(), listing(slow)):
        blocks = [each for section in document.sections for each in section.blocks]
        timed = [
            each
            for each in blocks
            if isinstance(each, Table) and any("time" in header for header in headers(each))
        ]
        assert len(timed) >= 2
        assert all("Seconds of sgd are those of plain Python" in " ".join(each.notes) for each in timed)
    assert "plain Python" not in text.render(sample.document(), width=200)
