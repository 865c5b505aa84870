"""Which part does the work: an optimizer and the choices beside it, each of their components off.

What the components are, and at which value each is off, the records of the parts say: a hyper-parameter's
``component``, and of an axis its choice that is none.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nnbench.cases import choices
from nnbench.cases.axis import AXES, OWN
from nnbench.cases.spec import CaseSpec
from nnbench.errors import UsageError
from nnbench.evidence import findings
from nnbench.evidence.ablation import AblatedCase, Ablation, ablated
from nnbench.evidence.case import Findings
from nnbench.plan.matrix import CaseMatrix, Combination, Matrix, configuration_key
from nnbench.plan.request import Plan
from nnbench.plan.settings import Given
from nnbench.running import experiment, rehearsal
from nnbench.running.workplace import workplace
from nnbench.studies.search import rehearsal as search_rehearsal
from nnbench.studies.search import search, tuned
from nnbench.terminal import progress, session
from nnkit.errors import did_you_mean
from nnkit.registry import Value, parse_choice, spell_choice, spell_value

MOST_CELLS = 64
_RATE = "learning_rate"


@dataclass(frozen=True, slots=True)
class Switch:
    """One component: on which axis it is, and how it is taken out."""

    component: str
    axis: str
    hyper: str | None  # of the choice; None: the choice itself is the component
    off: Value
    wrapper: str | None = None  # around the optimizer: the component, in place of the choice

    @property
    def written(self) -> str:
        """How it is written without the component."""
        if self.wrapper is not None:
            return f"without {self.wrapper}"
        if self.hyper is not None:
            return f"{self.hyper}={spell_value(self.off)}"
        return f"{AXES[self.axis].key.replace('_', ' ')} {self.off}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What one case is about: its components, and which of them are off in each combination of its matrix."""

    label: str
    switches: tuple[Switch, ...]
    off: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Study:
    """An ablation that has passed every check that needs no training; ``subjects`` are those of the cases."""

    plan: Plan
    subjects: tuple[Subject, ...]
    is_crossed: bool

    @property
    def is_tuned(self) -> bool:
        return self.plan.settings.tuned is not None


def make_study(plan: Plan, *, crossed: bool, untuned: bool, components: str | None) -> Study:
    """Return the ablation of the one configuration that a plan has for each case, or raise UsageError."""
    given = any(_RATE in part.asked or part.optimizers[0].rate is not None for part in plan.matrix.parts)
    is_tuned = not (untuned or given)
    made = [
        _of_case(part, crossed=crossed, components=components, is_tuned=is_tuned)
        for part in plan.matrix.parts
    ]
    matrix = Matrix(tuple(part for part, _ in made), plan.matrix.notes)
    # All configurations on all seeds: none leaves early, whatever the environment says of other runs.
    always = replace(plan.settings, race=False, budget_s=None)
    settings = replace(always, tuned=Given(True, "ablate") if is_tuned else None)
    whole = next(axes for _, axes in matrix.configurations())
    ready = replace(plan, settings=settings, matrix=matrix, against=whole.label(matrix.varying))
    return Study(ready, tuple(subject for _, subject in made), crossed)


def _of_case(
    part: CaseMatrix, *, crossed: bool, components: str | None, is_tuned: bool
) -> tuple[CaseMatrix, Subject]:
    optimizer, others = whole = _the_one(part)
    if not is_tuned:
        # All at the rate of the whole: the default of what is left without a component is no answer.
        whole = replace(optimizer, rate=None), {**others, _RATE: optimizer.at(others[_RATE])}
    switches = [each for each in _switches(part, whole) if _changes(part, whole, each)]
    label = " · ".join([optimizer.text, *_beside(switches, others)])
    if not switches:
        raise UsageError(
            f"{label} has no component to take out. Give it one, as in 'sgd(momentum=0.9)', or a choice"
            " beside it, as in --schedule cosine_decay or --clip 1."
        )
    kept = _named(switches, components)
    combined = _combinations(kept, crossed=crossed)
    listed = tuple(_without(part.case, whole, off) for off in combined)
    made = replace(
        part,
        optimizers=tuple(dict.fromkeys(one for one, _ in listed)),
        others={axis: tuple(dict.fromkeys(chosen[axis] for _, chosen in listed)) for axis in others},
        listed=listed,
    )
    offs = tuple(frozenset(each.component for each in off) for off in combined)
    return made, Subject(label, kept, offs)


def _beside(switches: Sequence[Switch], others: Mapping[str, str]) -> Iterable[str]:
    """Return the choices beside the optimizer that have components; a number with the name of its axis."""
    for axis in dict.fromkeys(each.axis for each in switches if each.axis != "optimizer"):
        yield others[axis] if AXES[axis].lists else f"{axis.replace('_', ' ')} {others[axis]}"


def _the_one(part: CaseMatrix) -> Combination:
    """Return the one combination of a case that is asked for, or raise UsageError."""
    for axis, texts in {"optimizer": [one.text for one in part.optimizers], **part.others}.items():
        if len(texts) > 1:
            raise UsageError(
                f"{axis.replace('_', ' ')}: ablate takes one choice apart, found {', '.join(texts)}."
                " Run it once for each."
            )
    return part.optimizers[0], {axis: texts[0] for axis, texts in part.others.items()}


def _switches(part: CaseMatrix, whole: Combination) -> list[Switch]:
    """Return the components that are on, of the optimizer and of what was asked for beside it."""
    optimizer, others = whole
    asked = [axis for axis in others if axis in part.asked and axis != _RATE]
    found = _inside("optimizer", optimizer.text)
    for axis in asked:
        off, text = AXES[axis].off, others[axis]
        found += _inside(axis, text) if AXES[axis].lists else []
        if off is not None and text.partition("(")[0] != off:
            found.append(Switch(AXES[axis].component or axis.replace("_", " "), axis, None, off))
    return found


def _inside(axis: str, text: str) -> list[Switch]:
    """Return the components that are hyper-parameters of a choice."""
    if axis == "optimizer":
        part, given = choices.core(text)
        around = choices.wrappers_of(text)
    else:
        name, given = parse_choice(text)
        part, around = choices.part_of(AXES[axis].lists or "", name), []
    resolved = part.resolve(given)
    return [
        *(Switch(one.replace("_", " "), axis, None, choices.NO_WRAPPER, one) for one in around),
        *(
            Switch(hyper.component.name, axis, hyper.name, hyper.component.off)
            for hyper in part.hyperparameters
            if hyper.component is not None and resolved[hyper.name] != hyper.component.off
        ),
    ]


def _changes(part: CaseMatrix, whole: Combination, switch: Switch) -> bool:
    """Say whether the component does anything here: epsilon, for one, where nothing is divided."""
    without = _without(part.case, whole, [switch])
    return part.configuration(without) != part.configuration(whole)


def _named(switches: Sequence[Switch], components: str | None) -> tuple[Switch, ...]:
    """Return the components that --components lists, or all."""
    if components is None:
        return tuple(switches)
    known = {each.component.replace("-", " "): each for each in switches}
    names = [name.replace("_", " ").replace("-", " ") for name in choices.split(components)]
    for name in names:
        if name not in known:
            raise UsageError(f"--components: there is no {name!r} to take out.{did_you_mean(name, known)}")
    return tuple(known[name] for name in dict.fromkeys(names))


def _combinations(switches: Sequence[Switch], *, crossed: bool) -> list[tuple[Switch, ...]]:
    """Return which components are off together, none of them first."""
    if not crossed:
        return [(), *((each,) for each in switches)]
    if 2 ** len(switches) > MOST_CELLS:
        names = ", ".join(each.component for each in switches)
        raise UsageError(
            f"--crossed: {len(switches)} components make {2 ** len(switches)} configurations, and at most"
            f" {MOST_CELLS} are crossed. Choose some with --components, of: {names}."
        )
    sizes = range(len(switches) + 1)
    return [off for size in sizes for off in itertools.combinations(switches, size)]


def _without(case: CaseSpec, whole: Combination, switches: Sequence[Switch]) -> Combination:
    """Return the combination with these components off."""
    optimizer, others = whole[0], dict(whole[1])
    for axis in dict.fromkeys(each.axis for each in switches):
        own = [each for each in switches if each.axis == axis]
        text = _off(axis, optimizer.text if axis == "optimizer" else others[axis], own)
        if axis == "optimizer":
            optimizer = replace(choices.optimizer(text, "ablate"), rate=optimizer.rate)
            others |= _off_in_case(case, own)
        else:
            others[axis] = AXES[axis].read(text, "ablate")
    return optimizer, others


def _off(axis: str, text: str, switches: Sequence[Switch]) -> str:
    """Return a choice with these of its components off."""
    if axis == "optimizer":
        values = {each.hyper: each.off for each in switches if each.hyper is not None}
        taken = [each.wrapper for each in switches if each.wrapper is not None]
        return choices.without(text, values, taken)
    given_up = [str(each.off) for each in switches if each.hyper is None]
    inside = {each.hyper: each.off for each in switches if each.hyper is not None}
    lists = AXES[axis].lists
    if given_up and lists is None:
        return given_up[0]
    name, given = parse_choice(text)
    given |= inside
    if given_up:
        # What both have, a warm-up for one, is a component of its own, and stays.
        name = given_up[0]
        hypers = choices.part_of(lists or "", name).hyperparameters
        shared = {hyper.name for hyper in hypers if hyper.component is not None}
        given = {key: value for key, value in given.items() if key in shared}
    return spell_choice(name, given)


def _off_in_case(case: CaseSpec, switches: Sequence[Switch]) -> dict[str, str]:
    """Return the choices without which the case's own, its clipping for one, would take the place."""
    hypers = {each.hyper for each in switches}
    return {
        name: axis.off
        for name, axis in AXES.items()
        if axis.off is not None and axis.into_optimizer in hypers and axis.own(case) not in (OWN, axis.off)
    }


def carry_out(study: Study) -> tuple[list[AblatedCase], Findings] | None:
    """Search the rates that are missing, run every configuration, and return what each component does.

    None where it was stopped. Every trial is recorded as soon as it is done.
    """
    plan = _at_own_rates(study)
    if plan is None:
        return None
    facts = experiment.facts_of(plan)
    with workplace(plan.settings) as around:
        run = experiment.carry_out(plan, facts, around)
        if around.stop.is_set():
            return None
        found = findings.find(around.store, run)
    cases = []
    for part, subject, of_case in zip(plan.matrix.parts, study.subjects, run.cases, strict=True):
        result, look = _result(part, subject, study), run.looks.get(of_case.name, 1)
        cases.append(ablated(result, found.trials, of_case, is_tuned=study.is_tuned, look=look))
    return cases, found


def _result(part: CaseMatrix, subject: Subject, study: Study) -> Ablation:
    """Return which configuration stands for which components being off."""
    assert part.listed is not None, part.case.name
    axes = [part.configuration(each) for each in part.listed]
    rated = [each for each in axes if each.as_dict()[_RATE] != choices.DEFAULT_RATE]
    return Ablation(
        optimizer=subject.label,
        components={switch.component: switch.written for switch in subject.switches},
        cells=dict(zip(subject.off, axes, strict=True)),
        unworkable=frozenset(
            each for each in rated if study.is_tuned and configuration_key(part, each) not in part.tuned
        ),
        is_crossed=study.is_crossed,
    )


def _at_own_rates(study: Study) -> Plan | None:
    """Return the plan with every configuration at its tuned rate; None where searching was interrupted.

    Rates that are missing are searched. Where none works the configuration runs at its default, and fails.
    """
    plan = study.plan
    if not study.is_tuned:
        return plan
    found = tuned.workable(plan)
    if found.missing:
        run = search.carry_out(tuned.search_for(plan, found))
        if run is None:
            return None
        progress.note(f"tuned first: {session.summary(run)}", quiet=plan.settings.quiet)
        found = tuned.workable(plan)
    for line in tuned.warnings(plan, found):
        progress.note(line, quiet=plan.settings.quiet)
    return tuned.at_tuned_rates(plan, found)


def rehearse(study: Study, *, as_json: bool) -> None:
    """Print what the ablation would do, and the search before it."""
    if study.is_tuned:
        search_rehearsal.rehearse_run(study.plan, as_json=as_json, found=tuned.workable(study.plan))
    else:
        rehearsal.rehearse(study.plan, as_json=as_json)
