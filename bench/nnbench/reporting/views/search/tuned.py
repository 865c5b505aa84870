"""Tuned beside default: what a search brought, measured on seeds it has not seen."""

from nnbench.evidence.searched import SearchedCase
from nnbench.records.trials import ConfigurationSummary, Search, Strategy
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Paragraph, Table
from nnbench.reporting.texts import words
from nnbench.reporting.views.headline import headline
from nnbench.statistics.estimation.distributions import share_error
from nnbench.statistics.tuning.searched import SearchedConfiguration

_MISSING = Cell(digits.MISSING, "quiet")
_SIDES = {"low": "lowest", "high": "highest", None: "last"}
_RATE = "learning_rate"


def point_word(strategy: Strategy) -> str:
    """Return what a point of a search is called."""
    return "rate" if strategy == "grid" else "setting"


def tuned_headline(case: SearchedCase) -> Paragraph:
    """Say who leads when tuned, whom tuning helps, where no optimum was found, and where a cliff is near."""
    led = f"With tuned {_word(case)}s {_standings(case)}"
    told = [led, *_found_by(case), *_gains(case), *_same(case), *_edges(case), *_cliffs(case), *_lost(case)]
    return Paragraph(" ".join(told), lead=True)


def tuned(case: SearchedCase) -> Table:
    """Set the tuned point and the default side by side, best tuned median first."""
    scale = digits.scale_of(case.facts)
    metric = words.unit_after(case.facts.metric.replace("_", " "), scale.unit)
    difference = words.unit_after("tuned − default", scale.difference_unit)
    is_grid = case.is_grid
    columns = (
        *(Column(axis, wraps=True) for axis in case.naming),
        # A setting is the first to go after p: the next table has it too.
        Column(f"tuned {_word(case)}", rank=0 if is_grid else 2, wraps=not is_grid),
        Column(f"tuned {metric} [95%]", "decimal"),
        *([Column("default rate")] if is_grid else []),
        Column(f"default {metric} [95%]", "decimal"),
        Column(f"{difference} [95%]", "decimal", rank=2 if is_grid else 1, below=f"{difference} {{}}"),
        Column("tuning is", rank=1 if is_grid else 0, below="tuning: {}"),
        Column("p", "decimal", rank=3, below="p {}"),
        Column("failures when tuned", rank=4, wraps=True, below="fails when tuned: {}"),
        Column("failures by default", rank=5, wraps=True, below="by default: {}"),
    )
    rows = tuple(
        (
            *map(Cell, case.choices(each)),
            tuned_point(case, each),
            _score(each.tuned, scale),
            *([Cell(each.search.axes.as_dict()[_RATE])] if is_grid else []),
            _score(each.default, scale),
            *_gain(case, each, scale),
            _failures(each.tuned),
            _failures(each.default),
        )
        for each in case.configurations
    )
    return Table("Tuned and default, on fresh seeds", columns, rows, tuple(_notes(case)))


def tuned_point(case: SearchedCase, each: SearchedConfiguration) -> Cell:
    """Return what was chosen; a rate that is alone and on an edge is not called an optimum."""
    search = each.search
    if search.best is None:
        return Cell("none works", "bad")
    if case.is_grid:
        rate = search.best.choices.as_dict()[_RATE]
        return Cell(f"{rate} (edge)", "bad") if search.edges else Cell(rate)
    named = zip(search.spans, search.best.values, strict=True)
    return Cell(", ".join(f"{span.name}={plain(value)}" for span, value in named))


def plain(value: float) -> str:
    """Write a value so that typing it gives the same."""
    return f"{value:g}" if float(f"{value:g}") == value else str(value)


def _word(case: SearchedCase) -> str:
    return point_word(case.tuning.strategy)


def _standings(case: SearchedCase) -> str:
    """Return who leads, as the end of a sentence that has begun."""
    led = headline(case.at_best).text
    for word in ("Every", "Nothing"):  # the only sentences that do not begin with a name
        led = led.replace(f"{word} ", f"{word.lower()} ", 1) if led.startswith(word) else led
    return led


def _found_by(case: SearchedCase) -> list[str]:
    """Say over how many searches a verdict is one, and for which test set."""
    if not case.at_best.ranking:
        return []
    which = "Each stands" if len(case.at_best.ranking) > 1 else "It stands"
    told = (
        f"{which} at the {_word(case)} that one search found: --searches 3 shows what others find."
        if case.n_searches == 1
        else f"Verdicts carry what differs between the {case.n_searches} searches."
    )
    return [told, *_given_test_set(case, case.at_best.ranking[0].median)]


def _given_test_set(case: SearchedCase, best: float) -> list[str]:
    """Say how well the examples of an official test part know an accuracy: they are one draw of all."""
    if not case.is_held_out or case.facts.metric != "accuracy" or not words.has_score(best):
        return []
    reach = 100.0 * share_error(best, case.facts.n_validation)
    n = digits.counted(case.facts.n_validation, "test example")
    return [f"All of this is given this test set: {n} alone know such an accuracy to ±{reach:.2g} pp."]


def _gains(case: SearchedCase) -> list[str]:
    """Say whom tuning helps and whom it harms."""
    # Where the default was chosen there is nothing to gain, and another sentence says so.
    asked = [each for each in case.configurations if each.search.best and not each.is_default]
    helped = [(case.label(each), each.gain) for each in asked if each.gain and each.gain.verdict == "better"]
    harmed = [case.label(each) for each in asked if each.gain and each.gain.verdict == "worse"]
    tuning = "tuning the rate" if case.is_grid else "tuning"
    sentences = []
    if helped:
        label, most = max(helped, key=lambda each: abs(each[1].difference))
        gain = words.signed_difference(most, case.facts)
        best = "" if len(helped) == 1 else f"most {label}, "
        names = words.several([label for label, _ in helped])
        sentences.append(f"{tuning.capitalize()} helps {names} ({best}{gain}).")
    elif asked:
        whom = " for any of them" if len(asked) > 1 else ""
        sentences.append(f"That {tuning} helps cannot be shown{whom}.")
    if harmed:
        names = words.several(harmed)
        sentences.append(f"On the fresh seeds the tuned {_word(case)} of {names} is worse than the default.")
    return sentences


def _same(case: SearchedCase) -> list[str]:
    same = [case.label(each) for each in case.configurations if each.is_default]
    n = digits.counted(case.tuning.n_points, _word(case))
    return [f"The default of {words.several(same)} is the best of the {n} tried."] if same else []


def _edges(case: SearchedCase) -> list[str]:
    """Name the ends that best values are, and what would look beyond those that have a beyond."""
    open_ended = [each for each in case.configurations if each.search.edges]
    if not open_ended:
        return []
    if case.is_grid:
        names = words.several([case.label(each) for each in open_ended])
        n = case.tuning.n_points
        return [f"The best rate of {names} is an end of all {n} that were tried: it is no optimum."]
    first = open_ended[0]
    if len(open_ended) == len(first.search.edges) == 1:
        (name,) = first.search.edges
        which = (
            f"The best {name} of {case.label(first)} is the {_SIDES[first.search.edge(name)]} that was tried"
        )
        told = f"{which}: it is no optimum."
    else:
        own = [f"{case.label(each)} ({_ends(each)})" for each in open_ended]
        told = f"Some best values are ends of those that were tried, and so no optima: {words.several(own)}."
    return [told, *(["Widen the search with --decades."] if any(map(_can_widen, open_ended)) else [])]


def _ends(each: SearchedConfiguration) -> str:
    return ", ".join(f"{_SIDES[each.search.edge(name)]} {name}" for name in each.search.edges)


def _can_widen(each: SearchedConfiguration) -> bool:
    # A share is searched down to 0 at most, and there is nothing below.
    sides = [(span, each.search.edge(span.name)) for span in each.search.spans]
    return any(side == "high" or (side == "low" and span.low > 0) for span, side in sides)


def _cliffs(case: SearchedCase) -> list[str]:
    """Name the tuned rates that a little more would break, and the points that break by themselves."""
    told = []
    for each in case.configurations:
        here, above, label = each.beside(0), each.cliff, case.label(each)
        n_failed, n_around = each.around
        if above is not None:
            told.append(
                f"The tuned rate of {label} stands at a cliff: {above.n_unstable} of"
                f" {digits.counted(above.n_seen, 'seed')} fail at the next larger rate, {above.values[0]:g};"
                f" at the tuned rate and beside it {n_failed} of {n_around}."
            )
        if here is not None and here.n_unstable:
            n = digits.counted(here.n_seen, "tuning seed")
            told.append(f"At the tuned {_word(case)} of {label} itself {here.n_unstable} of {n} fail.")
    return told


def _lost(case: SearchedCase) -> list[str]:
    lost = [case.label(each) for each in case.configurations if each.search.best is None]
    return [f"No {_word(case)} left a score for {words.several(lost)}."] if lost else []


def _score(row: ConfigurationSummary | None, scale: digits.Scale) -> Cell:
    """Return the median and its interval."""
    if row is None:
        return _MISSING
    if not words.has_score(row.median):
        return Cell("no score", "bad")
    return Cell(str(digits.estimate(row.median, words.scored(row.interval), scale)))


def _gain(case: SearchedCase, each: SearchedConfiguration, scale: digits.Scale) -> tuple[Cell, Cell, Cell]:
    """Return difference, verdict and p; a text says why the default was not compared with itself."""
    found = each.gain
    if each.is_default:
        return Cell(f"same {_word(case)}", "quiet"), Cell("the default", "quiet"), _MISSING
    if found is None:
        return _MISSING, _MISSING, _MISSING
    written = (
        str(digits.difference(found.difference, words.scored(found.interval), scale))
        if words.has_score(found.difference)
        else digits.MISSING
    )
    return Cell(written), Cell(*words.VERDICT[found.verdict]), Cell(digits.bare_p(found.p))


def _failures(row: ConfigurationSummary | None) -> Cell:
    """Return how many failed and how."""
    kinds = row.failures if row else {}
    return Cell(", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in sorted(kinds.items()) if n), "bad")


def _notes(case: SearchedCase) -> list[str]:
    """Say in which order the rows are, how the tuned ones were chosen, and what was tested."""
    thing, seeds, n_rows = _word(case), list(case.tuning.seeds), len(case.configurations)
    n = f"n = {digits.counted(len(seeds), 'fresh seed')} ({digits.ranges(seeds)})"
    name = "Bonferroni" if case.n_searches > 1 else "adjusted"
    family = f", {name} over the {n_rows} rows" if n_rows > 1 else ""
    good = f"the {thing}s whose mean over the tuning seeds is within one standard error of the best"
    where = "the middle one" if case.is_grid else "the default, or the nearest to it"
    lost = words.lost(case.facts)
    # What an earlier version chose by is said of its searches.
    is_former = all(search.around is None for search in case.tuning.searches)
    chosen = "the best median over the tuning seeds" if is_former else f"of {good}, {where}"
    test = f"Student's t over {case.n_searches} searches" if case.n_searches > 1 else "sign-flip test"
    return [
        f"Best tuned median first: {words.metric(case.facts)} after the last step, {n}.",
        f"Tuned {thing}: {chosen}; a diverged trial counts as {lost}.",
        f"Difference: mean over pairs by seed; p: {test}{family}.",
        *_searches(case),
    ]


def _searches(case: SearchedCase) -> list[str]:
    """Say what every search found, where there were several."""
    if case.n_searches == 1:
        return []
    found = "; ".join(
        f"{case.label(each)} {', '.join(_rate_of(search) for search in each.searches)}"
        for each in case.configurations
    )
    return [f"Learning rates of the {case.n_searches} searches: {found}. Fresh seeds take turns over them."]


def _rate_of(search: Search) -> str:
    rate = search.value(_RATE)
    return "none" if rate is None else f"{rate:g}"
