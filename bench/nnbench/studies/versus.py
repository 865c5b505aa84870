"""One against one, from the store: two configurations of a run, or the same configurations of two runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from nnbench.errors import NothingMeasured, UsageError
from nnbench.evidence.case import Findings
from nnbench.plan.against import called, example
from nnbench.records.trials import Axes, CaseFacts, Comparison
from nnbench.reporting import digits
from nnbench.statistics.comparing.families import Match, Scores, judge_matches, judge_pair
from nnbench.statistics.comparing.looks import level_of_look
from nnbench.statistics.trials.summary import as_comparison, as_left, level_of, scores_by_configuration

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Pair:
    """Two configurations compared on one case, with what to call them."""

    facts: CaseFacts
    a_label: str
    b_label: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Versus:
    """What was compared, and a sentence on the family that its p values are adjusted for."""

    pairs: tuple[Pair, ...]
    family: str


def of_configurations(found: Findings, a: str, b: str, *, planned: bool = False) -> Versus:
    """Compare the configurations called ``a`` and ``b``, e.g. ``"adam,relu"``, on every case that has both.

    A comparison that was ``planned`` before the run is judged alone; any other belongs to the run's family,
    since the run is what made one think of it.
    """
    pairs, notes = [], []
    for facts in found.run.cases:
        scores = scores_by_configuration(found.trials, facts)
        chosen_a, chosen_b = _named(a, scores, found), _named(b, scores, found)
        if chosen_a is None or chosen_b is None:
            continue
        if chosen_a == chosen_b:
            raise UsageError(f"{a!r} and {b!r} are the same configuration of case {facts.name!r}.")
        _check_seeds(scores[chosen_a], scores[chosen_b], facts)
        comparison, note = _judged(found, facts, scores, chosen_a, chosen_b, planned=planned)
        notes.append(note)
        labels = chosen_a.label(found.run.varying), chosen_b.label(found.run.varying)
        pairs.append(Pair(facts, *labels, comparison))
    if not pairs:
        raise _not_there(a, b, found)
    return Versus(tuple(pairs), " ".join(dict.fromkeys(notes)))


def of_runs(a: Findings, b: Findings) -> Versus:
    """Compare every configuration that both runs have, on every case that both have."""
    sides = [side for facts in a.run.cases for side in _of_case(facts, a, b)]
    if not sides:
        raise NothingMeasured(f"runs {a.run.run} and {b.run.run} share no configuration of any case.")
    matches = [Match(one, other, facts.direction, facts.noticeable) for facts, _, _, one, other in sides]
    level = level_of_look(1)
    decided = judge_matches(matches, level=level)
    pairs = [
        Pair(facts, labels[0], labels[1], as_comparison(facts, *axes, result, decision))
        for (facts, axes, labels, _, _), (result, decision) in zip(sides, decided, strict=True)
    ]
    return Versus(tuple(pairs), _at_level(f"Judged among all {len(pairs)} rows of this table", 1, level))


def _judged(
    found: Findings, facts: CaseFacts, scores: Mapping[Axes, Scores], a: Axes, b: Axes, *, planned: bool
) -> tuple[Comparison, str]:
    """Return the verdict on a pair of a run, and what family it was judged in."""
    look = found.run.looks.get(facts.name, 1)
    race = next((race for race in found.run.races if race.case == facts.name), None)
    level = level_of(look, race)
    labels = {axes.label(found.run.varying): axes for axes in scores}
    row = judge_pair(
        {axes: scores[axes] for axes in (a, b)} if planned else scores,
        a,
        b,
        direction=facts.direction,
        noticeable=facts.noticeable,
        level=level,
        reference=None if found.run.against is None else labels.get(found.run.against),
    )
    family = f"Judged among the comparisons of run {found.run.run}"
    if planned or len(scores) < 3:
        family = f"Judged: this pair alone{', planned before the run' if planned else ''}"
    comparison = as_comparison(facts, a, b, row.pair, row.decision)
    return comparison if planned else as_left(comparison, race), _at_level(family, look, level)


def _at_level(family: str, look: int, level: float) -> str:
    again = f", look {look}" if look > 1 else ""
    return f"{family}, at the {digits.level(level)} level{again} (sign-flip test)."


_Side = tuple[CaseFacts, tuple[Axes, Axes], tuple[str, str], Scores, Scores]


def _of_case(facts: CaseFacts, a: Findings, b: Findings) -> Iterator[_Side]:
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
        _check_seeds(mine[one], others[other], facts)
        labels = f"{a.run.run}: {one.label(varying)}", f"{b.run.run}: {other.label(varying)}"
        yield facts, (one, other), labels, mine[one], others[other]


def _version(facts: CaseFacts) -> str:
    return "none" if facts.suite_version is None else str(facts.suite_version)


def _check_seeds(a: Scores, b: Scores, facts: CaseFacts) -> None:
    if not a.keys() & b.keys():
        raise NothingMeasured(
            f"case {facts.name!r}: the two sides share no seed. Run both with the same seeds."
        )


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


def _not_there(a: str, b: str, found: Findings) -> UsageError:
    """Return the complaint that no case has both, which names the one that none has."""
    all_scores = [scores_by_configuration(found.trials, facts) for facts in found.run.cases]
    missing = [name for name in (a, b) if not any(_named(name, scores, found) for scores in all_scores)]
    which = repr(missing[0]) if len(missing) == 1 else f"both {a!r} and {b!r}"
    labels = list(dict.fromkeys(trial.axes.label(found.run.varying) for trial in found.trials))
    near = get_close_matches(missing[0].replace(",", " · "), labels, n=1) if len(missing) == 1 else []
    offered = "; ".join(labels[:_SHOWN]) + ("; …" if len(labels) > _SHOWN else "")
    hint = f"Did you mean {near[0]!r}?" if near else f"It has: {offered}."
    return UsageError(f"no case of run {found.run.run} has {which}. {hint} Another run is named by --run.")
