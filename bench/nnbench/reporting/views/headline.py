"""The sentences for a reader in a hurry: who leads, by how much, how sure, and what would change it."""

from collections import Counter

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import Comparison, ConfigurationSummary, Verdict
from nnbench.reporting import digits
from nnbench.reporting.blocks import Paragraph
from nnbench.reporting.texts import words
from nnbench.statistics.comparing.looks import fewest_seeds
from nnbench.statistics.comparing.planning import rounded_up

_NAMES = 4


def headline(case: CaseEvidence) -> Paragraph:
    """Say in two or three sentences what the case showed."""
    return Paragraph(" ".join(_sentences(case)), lead=True)


def _sentences(case: CaseEvidence) -> list[str]:
    if not case.ranking:
        return [f"Nothing was measured on {case.facts.name}."]
    best = case.ranking[0]
    if case.reference is not None and not case.has_named_reference:
        best = case.summary_of(case.reference) or best  # the leader: the best of those that may be the best
    if not words.has_score(best.median):
        return [*_nothing_learned(case), *_lost(case)]
    if len(case.ranking) == 1:
        return [_alone(case, best), *_target(case, best), *_one_seed(best), *_lost(case)]
    if case.has_named_reference:
        told = _against(case)
    else:
        told = [_leads(case, best), *_target(case, best), *_lead(case)]
    return [*_too_few(case), *told, *_left(case), *_lost(case)]


def _too_few(case: CaseEvidence) -> list[str]:
    """Say first where no number of trials so small could tell anything: a lead is then no result."""
    assert case.judgement is not None
    n, enough = max((each.n for each in case.comparisons), default=0), fewest_seeds(case.judgement.level)
    return [f"{digits.counted(n, 'seed')} cannot decide anything: {enough} would."] if 0 < n < enough else []


def _median(case: CaseEvidence, summary: ConfigurationSummary) -> str:
    return words.median(summary.median, summary.interval, case.facts)


def _nothing_learned(case: CaseEvidence) -> list[str]:
    every = all(not words.has_score(each.median) for each in case.ranking)
    alone = len(case.ranking) == 1 or not every
    who = case.label(case.ranking[0].axes) if alone else "Every configuration"
    return [f"{who} lost half of its trials or more on {case.facts.name}, so there is no median score."]


def _alone(case: CaseEvidence, best: ConfigurationSummary) -> str:
    return (
        f"{case.label(best.axes)} has a median {words.metric(case.facts)} of {_median(case, best)} "
        f"on {case.facts.name}, n = {best.n}."
    )


def _target(case: CaseEvidence, best: ConfigurationSummary) -> list[str]:
    if case.facts.target is None:
        return []
    target = words.metric_value(case.facts.target, case.facts)
    reached = round(best.success_rate * best.n)
    if reached == 0:
        return [f"It reached the target of {target} in none of {digits.counted(best.n, 'trial')}."]
    steps = digits.count(best.median_steps_to_target)
    when = f", in the median after {steps} steps" if steps != digits.NEVER else ""
    return [f"It reached the target of {target} in {reached} of {digits.counted(best.n, 'trial')}{when}."]


def _one_seed(best: ConfigurationSummary) -> list[str]:
    return ["One seed shows no spread: more seeds are needed for an interval."] if best.n == 1 else []


def _leads(case: CaseEvidence, best: ConfigurationSummary) -> str:
    who = case.label(best.axes)
    level = [
        case.label(each.axes)
        for each in case.ranking
        if each.median == best.median and each.pruned is None and each is not best
    ]
    beside = f", level with {words.several(level)}" if level else ""
    best_set = f"; {_may_be_best(case)}" if case.may_be_best else ""
    led = f"{who} leads on {case.facts.name}{beside}{best_set}."
    return f"{led} Median {words.metric(case.facts)} of {who}: {_median(case, best)}, n = {best.n}."


def _may_be_best(case: CaseEvidence) -> str:
    """Say who may be the best: the leader and whoever is not shown behind somebody."""
    k, found = len(case.ranking), len(case.may_be_best)
    if found == 1:
        return f"it alone of {k} may be the best"
    if found == k:
        return f"any of the {k} may be the best"
    names = words.several([case.label(axes) for axes in case.may_be_best], most=_NAMES)
    return f"{found} of {k} may be the best: {names}"


def _lead(case: CaseEvidence) -> list[str]:
    """Say how the leader stands to the others, one sentence for each verdict that occurs."""
    sentences = []
    if beaten := _with(case, "worse"):
        sentences.append(_beats(case, beaten))
    if same := _with(case, "equivalent"):
        sentences.append(f"Equivalent to it, within {words.noticeable(case.facts)}: {_names(case, same)}.")
    return [*sentences, *_outlook(case)]


def _beats(case: CaseEvidence, beaten: list[Comparison]) -> str:
    others = len(case.comparisons)
    nearest = f"{case.label(beaten[0].a)}, {words.behind(beaten[0], case.facts)}"
    if len(beaten) == 1:
        return f"It is better than {nearest}."
    who = f"all {others} others" if len(beaten) == others else f"{len(beaten)} of {others} others"
    return f"It is better than {who}; nearest is {nearest}."


def _against(case: CaseEvidence) -> list[str]:
    """Say how the configurations stand to the reference that the user named."""
    assert case.reference is not None
    name = case.label(case.reference)
    summary = case.summary_of(case.reference)
    stands = f" ({_median(case, summary)}, n = {summary.n})" if summary else ""
    clauses = [
        f"{_first(case, found, words.VERDICT[verdict][0])} ({words.signed_difference(found[0], case.facts)})"
        for verdict in _DECIDED
        if (found := _with(case, verdict))
    ]
    said = "; ".join(clauses) or "nothing is decided"
    return [f"Against {name}{stands} on {case.facts.name}: {said}.", *_undecided(case, name)]


_DECIDED: tuple[Verdict, ...] = ("better", "equivalent", "worse")


def _first(case: CaseEvidence, found: list[Comparison], word: str) -> str:
    label = case.label(found[0].a)
    return f"{label} is {word}" if len(found) == 1 else f"{len(found)} are {word}, first {label}"


def _names(case: CaseEvidence, found: list[Comparison]) -> str:
    return words.several([case.label(each.a) for each in found])


def _with(case: CaseEvidence, verdict: Verdict) -> list[Comparison]:
    """Return the comparisons with this verdict, in the order of the table."""
    places = {summary.axes: place for place, summary in enumerate(case.ranking)}
    found = [each for each in case.comparisons if each.verdict == verdict]
    return sorted(found, key=lambda each: places.get(each.a, len(places)))


def _outlook(case: CaseEvidence) -> list[str]:
    """Say what it would take to tell the first of those apart from the leader that these seeds do not."""
    found = _with(case, "cannot_tell")
    if not found or _too_few(case):
        return []
    name, first = case.label(found[0].a), found[0]
    if first.seeds_needed is None:
        return [f"Whether {name} differs from it cannot be told ({first.reason})."]
    return [f"Whether {name} differs from it cannot be told; {_would_tell(first.seeds_needed)}."]


def _would_tell(seeds_needed: int) -> str:
    return f"{digits.count(rounded_up(seeds_needed))} seeds of a new run would tell"


def _undecided(case: CaseEvidence, reference: str) -> list[str]:
    """Say whom these seeds do not tell from the reference, and how many would."""
    found = _with(case, "cannot_tell")
    if not found or _too_few(case):
        return []
    verb = "differs" if len(found) == 1 else "differ"
    first = found[0]
    reason = first.reason if len(found) == 1 else f"{case.label(first.a)}: {first.reason}"
    would = "" if first.seeds_needed is None else f"; {_would_tell(first.seeds_needed)}"
    return [f"Whether {_names(case, found)} {verb} from {reference} cannot be told ({reason}{would})."]


def _left(case: CaseEvidence) -> list[str]:
    """Say how many left the race, and when."""
    left = [each.pruned.n_seeds for each in case.ranking if each.pruned is not None]
    if not left:
        return []
    n, when = f"{len(left)} of {len(case.ranking)}", digits.counted(min(left), "seed")
    span = when if min(left) == max(left) else f"{min(left)} to {digits.counted(max(left), 'seed')}"
    return [f"{n} left the race after {span}."]


def _lost(case: CaseEvidence) -> list[str]:
    lost = Counter(words.what_happened(each, case.facts) for each in case.trials if each.status != "finished")
    if not lost:
        return []
    kinds = ", ".join(f"{n} {kind}" for kind, n in lost.most_common())
    return [f"{lost.total()} of {digits.counted(len(case.trials), 'trial')} left no score ({kinds})."]
