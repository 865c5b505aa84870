"""The matrix of a subject: its own parameters are the axes, and it alone knows what their values mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nnbench.cases import choices
from nnbench.cases.axis import AXES, OWN
from nnbench.cases.spec import CaseSpec
from nnbench.cases.subject import UNSAID, SubjectCase
from nnbench.errors import UsageError
from nnbench.plan.crossing import check_size
from nnbench.plan.durations import read_budget
from nnbench.plan.matrix import Asked, CaseMatrix, Matrix
from nnbench.plan.seeds import Ranges
from nnbench.plan.settings import Settings
from nnbench.records.trials import Axes

RATE = "learning_rate"


@dataclass(frozen=True, slots=True)
class SubjectMatrix(CaseMatrix):
    """What of a matrix belongs to a subject.

    ``optimizers`` and ``others`` are as in any matrix; an optimizer without a name, and a rate that is not
    handed over, are those of a subject that does not take them.
    """

    def _axes(self, optimizer: choices.Optimizer, others: Mapping[str, str]) -> Axes:
        rate = optimizer.at(others[RATE])
        chosen = {"optimizer": optimizer.text, **others, RATE: "" if rate == UNSAID else rate}
        named = (*(name for name in AXES if name in chosen), *chosen)
        return Axes(tuple((name, chosen[name]) for name in dict.fromkeys(named) if chosen[name]))

    def varying(self) -> set[str]:
        texts = {**self.others, "optimizer": tuple(one.text for one in self.optimizers)}
        return {name for name, values in texts.items() if len(values) > 1}


def with_subjects(
    matrix: Matrix,
    cases: Sequence[CaseSpec],
    chosen: Settings,
    *,
    seeds: Ranges | None,
    own_seeds: Mapping[str, Ranges],
) -> Matrix:
    """Return the matrix with the subjects among the cases, each in its place."""
    native = {part.case.name: part for part in matrix.parts}
    notes = list(matrix.notes)
    parts = [
        _part(case, chosen, seeds or own_seeds[case.name], notes)
        if isinstance(case, SubjectCase)
        else native[case.name]
        for case in cases
    ]
    check_size(parts)
    return replace(matrix, parts=tuple(parts), notes=tuple(dict.fromkeys(notes)))


def check_subjects(cases: Sequence[CaseSpec], chosen: Settings) -> None:
    """Raise UsageError for an axis that only a subject can have, and for what only nnkit can do."""
    for case in cases:
        if isinstance(case, SubjectCase):
            _check_subject(case, chosen)
        elif foreign := [name for name in chosen.axes if name not in AXES]:
            raise UsageError(
                f"{chosen.axes[foreign[0]].where}: case {case.name!r} has no axis of this name; only the"
                " parameters of a [subject] can be named freely."
            )


def native_only(cases: Sequence[CaseSpec], verb: str) -> None:
    """Raise UsageError where a verb that looks into nnkit's programs is asked for a subject."""
    for case in cases:
        if isinstance(case, SubjectCase):
            raise UsageError(
                f"{case.where}: this is a [subject], of which nnbench knows only what it logs; {verb} looks"
                " further. It can be run, tuned and compared."
            )


def _check_subject(case: SubjectCase, chosen: Settings) -> None:
    if case.subject.timeout is not None:
        read_budget(case.subject.timeout, f"{case.where}, subject.timeout")
    for is_asked, option in ((chosen.dtype != "float32", "--dtype"), (chosen.probes, "--probes")):
        if is_asked:
            raise UsageError(f"{option}: {case.where} is a [subject], which does this itself. Leave it out.")


def _part(case: SubjectCase, chosen: Settings, seeds: Ranges, notes: list[str]) -> SubjectMatrix:
    asked = chosen.axes or {
        name: Asked(texts, f"{case.where}, run.{name}") for name, texts in case.run.given().items()
    }
    for name, wanted in asked.items():
        case.check_takes(name, wanted.where)
    own = case.own_choices()
    for name in case.description.needed:
        if name not in {*own, *asked}:
            raise UsageError(
                f"{case.where}: {case.subject.call} needs {name!r}. Name it with --{_option(name)}, or write"
                " it in [axes]."
            )
    texts: dict[str, tuple[str, ...]] = {name: (text,) for name, text in own.items()}
    for name, wanted in asked.items():
        texts[name] = _read(case, name, wanted, notes)
    rates = texts.setdefault(RATE, (UNSAID,))
    default = own.get(RATE, UNSAID)
    optimizers = tuple(choices.Optimizer(text, None, default) for text in texts.pop("optimizer", ("",)))
    if rates == (default,):
        texts[RATE] = (choices.DEFAULT_RATE,)
    return SubjectMatrix(case, optimizers, texts, frozenset(asked), seeds, "float32")


def _read(case: SubjectCase, name: str, wanted: Asked, notes: list[str]) -> tuple[str, ...]:
    own = case.own_choices().get(name, UNSAID)
    texts: dict[str, str] = {}
    for text in wanted.values:
        if not text.strip():
            raise UsageError(
                f"{wanted.where}: there is an empty name. Write names with single commas between them."
            )
        value = own if text in (OWN, UNSAID) else case.read(name, text)
        if value in texts:
            notes.append(f"{wanted.where}: {value!r} is given twice; it runs once.")
        texts[value] = text
    if name == RATE:
        _check_rates(texts, wanted.where)
    return tuple(texts)


def _check_rates(texts: Mapping[str, str], where: str) -> None:
    for text in texts:
        if text != UNSAID:
            choices.learning_rate(text, where)


def _option(name: str) -> str:
    if name in AXES:
        return AXES[name].key.replace("_", "-")
    return f"set {name}=…"
