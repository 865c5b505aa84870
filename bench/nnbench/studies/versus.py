"""One against one, from the store: two configurations of a run, or the same configurations of two runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nnbench.errors import NothingMeasured, UsageError
from nnbench.evidence.case import Findings
from nnbench.plan.against import called, example
from nnbench.records.trials import Axes, CaseFacts, CaseRace, Comparison
from nnbench.statistics.comparing.pairs import PairResult, compare, paired_differences
from nnbench.statistics.comparing.racing import race_p, smallest_race_p
from nnbench.statistics.comparing.verdicts import decide_family
from nnbench.statistics.trials.summary import as_comparison, scores_by_configuration

LEVEL = 0.05
_SHOWN = 4

Scores = Mapping[int, float]  # by seed


@dataclass(frozen=True, slots=True)
class Pair:
    """Two configurations to be compared on one case, with what to call them."""

    facts: CaseFacts
    a: Axes
    b: Axes
    a_label: str
    b_label: str
    result: PairResult
    n_tests: int = 1  # that the race may make in which this is one; 1: it was no race


def of_configurations(found: Findings, a: str, b: str) -> list[Pair]:
    """Pair the configurations called ``a`` and ``b``, e.g. ``"adam,relu"``, on every case that has both."""
    pairs = []
    for facts in found.run.cases:
        scores = scores_by_configuration(found.trials, facts)
        chosen_a, chosen_b = _named(a, scores, found), _named(b, scores, found)
        if chosen_a is None or chosen_b is None:
            continue
        if chosen_a == chosen_b:
            raise UsageError(f"{a!r} and {b!r} are the same configuration of case {facts.name!r}.")
        result = _paired(scores[chosen_a], scores[chosen_b], facts)
        labels = chosen_a.label(found.run.varying), chosen_b.label(found.run.varying)
        pair = Pair(facts, chosen_a, chosen_b, *labels, result)
        race = next((race for race in found.run.races if race.case == facts.name), None)
        pairs.append(pair if race is None else _raced(pair, race, scores))
    if not pairs:
        raise UsageError(f"no case of run {found.run.run} has both {a!r} and {b!r}. It has: {_offer(found)}.")
    return pairs


def of_runs(a: Findings, b: Findings) -> list[Pair]:
    """Pair every configuration that both runs have, on every case that both have."""
    pairs = [pair for facts in a.run.cases for pair in _of_case(facts, a, b)]
    if not pairs:
        raise NothingMeasured(f"runs {a.run.run} and {b.run.run} share no configuration of any case.")
    return pairs


def decided(pairs: Sequence[Pair]) -> list[Comparison]:
    """Return the verdict on every pair, corrected over all of them.

    A pair out of a race counts as all the tests of that race: how many seeds it has was decided by them.
    """
    raced = [replace(pair.result, p=min(1.0, pair.result.p * pair.n_tests)) for pair in pairs]
    decisions = decide_family(raced, level=LEVEL)
    return [
        as_comparison(pair.facts, pair.a, pair.b, pair.result, decision)
        for pair, decision in zip(pairs, decisions, strict=True)
    ]


def _of_case(facts: CaseFacts, a: Findings, b: Findings) -> Iterator[Pair]:
    theirs = next((other for other in b.run.cases if other.name == facts.name), None)
    if theirs is None:
        return
    if (facts.metric, facts.direction) != (theirs.metric, theirs.direction):
        raise UsageError(
            f"case {facts.name!r}: run {a.run.run} is judged by {facts.metric} and run {b.run.run} by"
            f" {theirs.metric}. Run one of them again."
        )
    if facts.suite_version != theirs.suite_version:
        raise UsageError(
            f"case {facts.name!r}: run {a.run.run} is of suite version {_version(facts)}, run {b.run.run} of"
            f" {_version(theirs)}; results of different versions are not compared. Run the older one again:"
            " what it trained is in the store."
        )
    mine, others = scores_by_configuration(a.trials, facts), scores_by_configuration(b.trials, theirs)
    alone = len(mine) == 1 and len(others) == 1
    shared = (
        [(next(iter(mine)), next(iter(others)))]
        if alone
        else [(axes, axes) for axes in mine if axes in others]
    )
    varying = tuple(dict.fromkeys((*a.run.varying, *b.run.varying)))
    for one, other in shared:
        labels = [f"{run}: {axes.label(varying)}" for run, axes in ((a.run.run, one), (b.run.run, other))]
        yield Pair(facts, one, other, labels[0], labels[1], _paired(mine[one], others[other], facts))


def _version(facts: CaseFacts) -> str:
    return "none" if facts.suite_version is None else str(facts.suite_version)


def _paired(a: Scores, b: Scores, facts: CaseFacts) -> PairResult:
    seeds = sorted(a.keys() & b.keys())
    if not seeds:
        raise NothingMeasured(
            f"case {facts.name!r}: the two sides share no seed. Run both with the same seeds."
        )
    return compare(
        [a[seed] for seed in seeds],
        [b[seed] for seed in seeds],
        direction=facts.direction,
        noticeable=facts.noticeable,
        level=LEVEL,
    )


def _raced(pair: Pair, race: CaseRace, scores: Mapping[Axes, Scores]) -> Pair:
    """Return the pair with the p value that its race goes by."""
    a, b = scores[pair.a], scores[pair.b]
    seeds = sorted(a.keys() & b.keys())
    p = race_p(paired_differences([a[seed] for seed in seeds], [b[seed] for seed in seeds]))
    result = replace(pair.result, p=p, smallest_p=smallest_race_p(len(seeds)))
    return replace(pair, result=result, n_tests=race.n_tests)


def _named(name: str, scores: Mapping[Axes, Scores], found: Findings) -> Axes | None:
    """Return the configuration with this label, or with all the choices that the name lists."""
    matches = [axes for axes in scores if axes.label(found.run.varying) == name]
    matches = matches or called(name, scores, found.run.varying)
    if len(matches) > 1:
        labels = [axes.label(found.run.varying) for axes in matches]
        shown = "; ".join(labels[:_SHOWN]) + ("; …" if len(labels) > _SHOWN else "")
        raise UsageError(
            f"{name!r} may be any of {len(labels)} configurations: {shown}. Name more choices, as in"
            f" {example(matches[0], found.run.varying)}."
        )
    return matches[0] if matches else None


def _offer(found: Findings) -> str:
    labels = list(dict.fromkeys(trial.axes.label(found.run.varying) for trial in found.trials))
    return "; ".join(labels[:_SHOWN]) + ("; …" if len(labels) > _SHOWN else "")
