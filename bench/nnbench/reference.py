"""The configuration that others are compared with, named by some of its choices: ``--against adam,relu``."""

from contextlib import suppress

from nnbench import axes as choices
from nnbench.errors import UsageError
from nnbench.matrix import Matrix
from nnbench.records import Axes
from nnbench.settings import Given
from nnbench.spec import AXES

_SHOWN = 4


def reference_label(matrix: Matrix, against: Given | None) -> str | None:
    """Return the label of the one configuration that has every choice named, or raise UsageError."""
    if against is None:
        return None
    words = [_meanings(word, against) for word in choices.split(str(against.value))]
    found: dict[str, dict[str, None]] = {}
    for part, axes in matrix.configurations():
        if all(_has(axes, meanings) for meanings in words):
            found.setdefault(part.case.name, {})[axes.label(matrix.varying)] = None
    labels = dict.fromkeys(label for of_case in found.values() for label in of_case)
    if not labels:
        raise UsageError(
            f"{against.where} {against.value}: no configuration of this run has that. {_offer(matrix)}"
        )
    if len(labels) > 1:
        shown = "; ".join(list(labels)[:_SHOWN])
        raise UsageError(
            f"{against.where} {against.value}: {len(labels)} configurations have that: {shown}"
            f"{'; …' if len(labels) > _SHOWN else ''}. Name a choice for each of {', '.join(matrix.varying)}."
        )
    return next(iter(labels))


def _meanings(word: str, against: Given) -> list[dict[str, str]]:
    """Return what a word can mean: for each axis that knows it, the choices it makes there."""
    meanings: list[dict[str, str]] = []
    for axis in AXES:
        with suppress(UsageError):
            meanings.append(_on_axis(axis, word, against.where))
    if not meanings:
        raise UsageError(f"{against.where} {against.value}: {word!r} is no choice on any axis.")
    return meanings


def _on_axis(axis: str, word: str, where: str) -> dict[str, str]:
    if axis != "optimizer":
        return {axis: choices.canonical(axis, word, where)}
    optimizer = choices.optimizer(word, where)
    rate = {} if optimizer.rate is None else {"learning_rate": optimizer.rate}
    return {"optimizer": optimizer.text, **rate}


def _has(axes: Axes, meanings: list[dict[str, str]]) -> bool:
    chosen = axes.as_dict().items()
    return any(meaning.items() <= chosen for meaning in meanings)


def _offer(matrix: Matrix) -> str:
    labels = dict.fromkeys(axes.label(matrix.varying) for _, axes in matrix.configurations())
    shown = "; ".join(list(labels)[:_SHOWN])
    return f"It has: {shown}{'; …' if len(labels) > _SHOWN else ''}."
