"""Crossing: what was asked for on every axis becomes a matrix, or a line for every mistake in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from nnbench.cases import choices
from nnbench.cases.axis import AXES, OWN, applied
from nnbench.cases.catalogue import refusal
from nnbench.cases.spec import CaseSpec
from nnbench.errors import UsageError
from nnbench.plan.matrix import Asked, CaseMatrix, Dtype, Matrix, own_choice
from nnbench.plan.seeds import Ranges

MAX_TRIALS = 1_000_000


def cross(
    cases: tuple[CaseSpec, ...],
    asked: Mapping[str, Asked],
    *,
    seeds: Ranges | None,
    own_seeds: Mapping[str, Ranges],
    dtype: Dtype,
    probes: bool = False,
    notes: Sequence[str] = (),
) -> Matrix:
    """Return the matrix that is asked for, or raise UsageError with one line for every mistake in it.

    Without any axis asked for, a case crosses what its own ``[run]`` section says. ``own_seeds`` has the
    seeds of that section by case, for when ``seeds`` is None.
    """
    remarks = list(notes)
    given = _canonical(asked, remarks)
    parts = []
    for case in cases:
        values = given or _canonical(_run_section(case), remarks)
        _check_used(case, given, asked)
        part = _part(case, values, seeds or own_seeds[case.name], dtype, remarks)
        parts.append(replace(part, probes=probes))
    check_size(parts)
    for part in parts:
        if (n := len(part.configurations())) < part.n_combinations:
            remarks.append(
                f"case {part.case.name}: {part.n_combinations} combinations are {n} different configurations;"
                " what is the same thing in other words runs once."
            )
    return Matrix(parts=tuple(parts), notes=tuple(dict.fromkeys(remarks)))


def _canonical(asked: Mapping[str, Asked], notes: list[str]) -> dict[str, Asked]:
    """Return the canonical choices, each once; all mistakes are raised together."""
    mistakes: list[str] = []
    found: dict[str, Asked] = {}
    for axis, wanted in asked.items():
        texts: dict[str, str] = {}
        for text in wanted.values:
            try:
                canonical = AXES[axis].read(text, wanted.where)
            except UsageError as error:
                mistakes += map(str, error.args)
                continue
            if canonical in texts:
                is_named = _name(text) == _name(canonical)
                same = repr(canonical) if is_named else f"{text!r} is {canonical!r}, which"
                notes.append(f"{wanted.where}: {same} is given twice; it runs once.")
            texts.setdefault(canonical, text)
        found[axis] = Asked(tuple(texts), wanted.where)
    if mistakes:
        raise UsageError(*dict.fromkeys(mistakes))
    return found


def _name(choice: str) -> str:
    return choice.partition("(")[0].strip()


def _run_section(case: CaseSpec) -> dict[str, Asked]:
    return {axis: Asked(texts, f"{case.where}, run.{axis}") for axis, texts in case.run.given().items()}


def _part(
    case: CaseSpec, values: Mapping[str, Asked], seeds: Ranges, dtype: Dtype, notes: list[str]
) -> CaseMatrix:
    where = f"{case.where}, axes"
    texts = {}
    for name in AXES:
        own = own_choice(case, name)
        asked = values[name].values if name in values else (OWN,)
        texts[name] = tuple(dict.fromkeys(own if text == OWN else text for text in asked))
        if len(texts[name]) < len(asked):
            notes.append(
                f"{values[name].where}: own is {own!r} in case {case.name}, which is given twice; it runs"
                " once."
            )
    written = values["optimizer"].where if "optimizer" in values else where
    optimizers = tuple(choices.optimizer(text, written) for text in texts.pop("optimizer"))
    if "learning_rate" in values:
        _check_rates(optimizers, values["learning_rate"])
    idle = frozenset(_idle(case, texts, frozenset(values)))
    return CaseMatrix(case, optimizers, texts, frozenset(values), seeds, dtype, idle=idle)


def _idle(
    case: CaseSpec, texts: Mapping[str, tuple[str, ...]], asked: frozenset[str]
) -> Iterator[tuple[str, str, str]]:
    for axis in (name for name in asked & texts.keys() if AXES[name].feeds == "model"):
        for choice in set(texts[axis]) - {own_choice(case, axis)}:
            try:
                changed = applied(case, ((axis, choice),))
            except UsageError:  # it fits this case only beside a choice on another axis, if at all
                continue
            for other in asked - {axis}:
                if refusal(other, changed) is not None:
                    yield axis, choice, other


def _check_rates(optimizers: tuple[choices.Optimizer, ...], rates: Asked) -> None:
    for one in optimizers:
        if one.rate is not None:
            raise UsageError(
                f"{rates.where}: {one.text} has a learning rate of its own, {one.rate}. Give the rate once."
            )
        if one.default_rate == choices.DEFAULT_RATE and rates.values != (choices.DEFAULT_RATE,):
            raise UsageError(f"{rates.where}: {one.text} has no learning rate. Leave it out of this run.")


def _check_used(case: CaseSpec, given: Mapping[str, Asked], asked: Mapping[str, Asked]) -> None:
    """Refuse an axis that changes nothing in the case: its values would all be the same trial."""
    for axis, wanted in given.items():
        own = set(wanted.values) <= {OWN, AXES[axis].own(case)}
        if not own and (reason := refusal(axis, case)) is not None:
            raise UsageError(
                f"{asked[axis].where}: case {case.name!r} {reason}. Leave the case or the axis out."
            )


def check_size(parts: Sequence[CaseMatrix]) -> None:
    """Raise UsageError for more trials than one run may have."""
    n = sum(part.n_trials for part in parts)
    if n > MAX_TRIALS:
        raise UsageError(f"the matrix has {n:,} trials; at most {MAX_TRIALS:,} run at once. Split it.")
