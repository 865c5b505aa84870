"""Tuned beside default: what the search for a learning rate brought, measured on seeds it has not seen."""

from nnbench.records import ConfigurationSummary
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Paragraph, Table
from nnbench.reporting.tuned_evidence import TunedCase
from nnbench.reporting.views import words
from nnbench.reporting.views.headline import headline
from nnbench.statistics.tuning import TunedConfiguration

_MISSING = Cell(digits.MISSING, "quiet")


def tuned_headline(case: TunedCase) -> Paragraph:
    """Say who leads at tuned rates, whom tuning helps, and where no optimum was found."""
    led = headline(case.at_tuned_rates).text
    for word in ("Every", "Nothing"):  # the only sentences that do not begin with a name
        led = led.replace(f"{word} ", f"{word.lower()} ", 1) if led.startswith(word) else led
    return Paragraph(" ".join([f"With tuned rates {led}", *_gains(case), *_edges(case)]), lead=True)


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
        _score(each.tuned, scale),
        Cell(each.search.default_rate),
        _score(each.default, scale),
        *_gain(each, scale),
        _failures(each.tuned),
        _failures(each.default),
    )


def _score(row: ConfigurationSummary | None, scale: digits.Scale) -> Cell:
    if row is None:
        return _MISSING
    if not words.has_score(row.median):
        return Cell("no score", "bad")
    return Cell(str(digits.estimate(row.median, words.scored(row.interval), scale)))


def _gain(each: TunedConfiguration, scale: digits.Scale) -> tuple[Cell, Cell, Cell]:
    if each.is_same_rate:
        return Cell("same rate", "quiet"), Cell("the default", "quiet"), _MISSING
    if each.gain is None:
        return _MISSING, _MISSING, _MISSING
    written = (
        str(digits.difference(each.gain.difference, words.scored(each.gain.interval), scale))
        if words.has_score(each.gain.difference)
        else digits.MISSING
    )
    return Cell(written), Cell(*words.VERDICT[each.gain.verdict]), Cell(digits.bare_p(each.gain.p))


def _failures(row: ConfigurationSummary | None) -> Cell:
    kinds = row.failures if row else {}
    return Cell(", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in sorted(kinds.items()) if n), "bad")


def _notes(case: TunedCase) -> list[str]:
    seeds = list(case.tuning.seeds)
    n = f"n = {digits.counted(len(seeds), 'fresh seed')} ({digits.ranges(seeds)})"
    rows = len(case.configurations)
    family = f", Holm over the {rows} rows" if rows > 1 else ""
    chosen = "The tuned rate has the best median over the tuning seeds; a diverged trial counts as the worst"
    return [
        f"Best tuned median first: {words.metric(case.facts)} after the last step, {n}.",
        f"{chosen}; of equally good rates it is that with the least loss.",
        f"Difference: mean over pairs by seed; p: sign-flip test{family}.",
    ]


def _gains(case: TunedCase) -> list[str]:
    n = len(case.configurations)
    helped = [each for each in case.configurations if each.gain and each.gain.verdict == "better"]
    harmed = [each for each in case.configurations if each.gain and each.gain.verdict == "worse"]
    sentences = []
    if helped:
        most = max(helped, key=lambda each: abs(each.gain.difference) if each.gain else 0.0)
        assert most.gain is not None
        gain = words.signed_difference(most.gain, case.facts)
        names = words.several([case.label(each) for each in helped])
        best = "" if len(helped) == 1 else f"most {case.label(most)}, "
        sentences.append(f"Tuning the rate helps {names} ({best}{gain}).")
    elif n:
        sentences.append("That tuning the rate helps cannot be shown for any of them.")
    if harmed:
        names = words.several([case.label(each) for each in harmed])
        sentences.append(f"On the fresh seeds the tuned rate of {names} is worse than the default.")
    return sentences


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
