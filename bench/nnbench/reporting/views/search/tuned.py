"""Tuned beside default: what the search for a learning rate brought, measured on seeds it has not seen."""

from collections.abc import Sequence

from nnbench.evidence.case import CaseEvidence
from nnbench.evidence.tuned import TunedCase
from nnbench.records.trials import CaseFacts, Comparison, ConfigurationSummary
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Paragraph, Table
from nnbench.reporting.texts import words
from nnbench.reporting.views.headline import headline
from nnbench.statistics.tuning.tuning import TunedConfiguration

_MISSING = Cell(digits.MISSING, "quiet")


def tuned_headline(case: TunedCase) -> Paragraph:
    """Say who leads at tuned rates, whom tuning helps, and where no optimum was found."""
    gains = [(case.label(each), each.gain) for each in case.configurations]
    helped = gain_sentences(gains, case.facts, tuning="tuning the rate", tuned="the tuned rate")
    return Paragraph(
        " ".join([f"With tuned rates {standings(case.at_tuned_rates)}", *helped, *_edges(case)]), lead=True
    )


def standings(case: CaseEvidence) -> str:
    """Return who leads, as the end of a sentence that has begun."""
    led = headline(case).text
    for word in ("Every", "Nothing"):  # the only sentences that do not begin with a name
        led = led.replace(f"{word} ", f"{word.lower()} ", 1) if led.startswith(word) else led
    return led


def gain_sentences(
    gains: Sequence[tuple[str, Comparison | None]], facts: CaseFacts, *, tuning: str, tuned: str
) -> list[str]:
    """Say whom tuning helps, by label and gain, and whom it harms."""
    helped = [(label, gain) for label, gain in gains if gain and gain.verdict == "better"]
    harmed = [label for label, gain in gains if gain and gain.verdict == "worse"]
    sentences = []
    if helped:
        label, most = max(helped, key=lambda each: abs(each[1].difference))
        gain = words.signed_difference(most, facts)
        best = "" if len(helped) == 1 else f"most {label}, "
        names = words.several([label for label, _ in helped])
        sentences.append(f"{tuning.capitalize()} helps {names} ({best}{gain}).")
    elif gains:
        whom = " for any of them" if len(gains) > 1 else ""
        sentences.append(f"That {tuning} helps cannot be shown{whom}.")
    if harmed:
        sentences.append(f"On the fresh seeds {tuned} of {words.several(harmed)} is worse than the default.")
    return sentences


def tuned(case: TunedCase) -> Table:
    """Set the tuned rate and the default rate side by side, best tuned median first."""
    scale = digits.scale_of(case.facts.metric)
    metric = words.unit_after(case.facts.metric.replace("_", " "), scale.unit)
    difference = words.unit_after("tuned − default", scale.difference_unit)
    axes = case.varying or ("configuration",)
    columns = (
        *(Column(axis, wraps=True) for axis in axes),
        Column("tuned rate"),
        Column(f"tuned {metric} [95%]", "decimal"),
        Column("default rate"),
        Column(f"default {metric} [95%]", "decimal"),
        Column(f"{difference} [95%]", "decimal", rank=2),
        Column("tuning is", rank=1),
        Column("p", "decimal", rank=3),
        Column("failures when tuned", rank=4, wraps=True),
        Column("failures by default", rank=5, wraps=True),
    )
    rows = tuple(_row(case, each, scale) for each in case.configurations)
    return Table("Tuned and default, on fresh seeds", columns, rows, tuple(_notes(case)))


def rate(each: TunedConfiguration) -> Cell:
    """Return the tuned rate, which on an edge is not called an optimum."""
    if each.search.learning_rate is None:
        return Cell("none works", "bad")
    if each.search.edge is not None:
        return Cell(f"{each.search.learning_rate} (edge)", "bad")
    return Cell(each.search.learning_rate)


def _row(case: TunedCase, each: TunedConfiguration, scale: digits.Scale) -> tuple[Cell, ...]:
    chosen = each.search.axes.as_dict()
    choices = [chosen.get(axis, "") for axis in case.varying] or [case.label(each)]
    return (
        *(Cell(choice) for choice in choices),
        rate(each),
        score(each.tuned, scale),
        Cell(each.search.default_rate),
        score(each.default, scale),
        *gain("same rate" if each.is_same_rate else each.gain, scale),
        failures(each.tuned),
        failures(each.default),
    )


def score(row: ConfigurationSummary | None, scale: digits.Scale) -> Cell:
    """Return the median and its interval."""
    if row is None:
        return _MISSING
    if not words.has_score(row.median):
        return Cell("no score", "bad")
    return Cell(str(digits.estimate(row.median, words.scored(row.interval), scale)))


def gain(found: Comparison | str | None, scale: digits.Scale) -> tuple[Cell, Cell, Cell]:
    """Return difference, verdict and p; a text says why the default was not compared with itself."""
    if isinstance(found, str):
        return Cell(found, "quiet"), Cell("the default", "quiet"), _MISSING
    if found is None:
        return _MISSING, _MISSING, _MISSING
    written = (
        str(digits.difference(found.difference, words.scored(found.interval), scale))
        if words.has_score(found.difference)
        else digits.MISSING
    )
    return Cell(written), Cell(*words.VERDICT[found.verdict]), Cell(digits.bare_p(found.p))


def failures(row: ConfigurationSummary | None) -> Cell:
    """Return how many failed and how."""
    kinds = row.failures if row else {}
    return Cell(", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in sorted(kinds.items()) if n), "bad")


def _notes(case: TunedCase) -> list[str]:
    return notes(case.facts, case.tuning.seeds, len(case.configurations), thing="rate")


def notes(facts: CaseFacts, seeds: Sequence[int], n_rows: int, *, thing: str) -> list[str]:
    """Say in which order the rows are, how the tuned ones were chosen, and what was tested."""
    n = f"n = {digits.counted(len(seeds), 'fresh seed')} ({digits.ranges(list(seeds))})"
    family = f", Holm over the {n_rows} rows" if n_rows > 1 else ""
    chosen = (
        f"The tuned {thing} has the best median over the tuning seeds; a diverged trial counts as the worst"
    )
    return [
        f"Best tuned median first: {words.metric(facts)} after the last step, {n}.",
        f"{chosen}; of equally good {thing}s it is that with the least loss.",
        f"Difference: mean over pairs by seed; p: sign-flip test{family}.",
    ]


def _edges(case: TunedCase) -> list[str]:
    open_ended = [each for each in case.configurations if each.search.edge is not None]
    lost = [each for each in case.configurations if each.search.learning_rate is None]
    sentences = []
    if open_ended:
        names = words.several([case.label(each) for each in open_ended])
        sentences.append(
            f"The best rate of {names} is an end of all {case.n_rates} that were tried: it is no optimum."
        )
    if lost:
        sentences.append(f"No rate left a score for {words.several([case.label(each) for each in lost])}.")
    return sentences
