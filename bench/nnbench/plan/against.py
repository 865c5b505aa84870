"""What others are compared with: ``--against``.

``adam,relu`` names one configuration by some of its choices. A list of optimizers, ``adam,sgd``, names
references: they join the optimizers of the run, and each is compared with the one that was there before.
"""

from collections.abc import Mapping
from contextlib import suppress

from nnbench.cases import choices
from nnbench.cases.axis import AXES
from nnbench.errors import UsageError
from nnbench.plan.matrix import Asked, Matrix
from nnbench.plan.settings import Given
from nnbench.records.trials import Axes

_SHOWN = 4


def with_references(axes: Mapping[str, Asked], against: Given | None) -> Mapping[str, Asked]:
    """Return the axes, the optimizers that ``against`` lists among those that were asked for."""
    named = _optimizers(against)
    if not named or "optimizer" not in axes or against is None:
        return axes
    asked = axes["optimizer"]
    known = {_on_axis("optimizer", text, asked.where)["optimizer"] for text in asked.values}
    added = [text for text in named if _on_axis("optimizer", text, against.where)["optimizer"] not in known]
    return {**axes, "optimizer": Asked((*asked.values, *dict.fromkeys(added)), asked.where)}


def reference_label(matrix: Matrix, against: Given | None) -> str | None:
    """Return the label of the one configuration that the others are compared with, or raise UsageError.

    None is the leader: where nothing is named, or several references and not one configuration besides.
    """
    if against is None:
        return None
    if len(named := _optimizers(against)) > 1:
        references = {_on_axis("optimizer", text, against.where)["optimizer"] for text in named}
        others = dict.fromkeys(
            axes.label(matrix.varying)
            for _, axes in matrix.configurations()
            if axes.as_dict()["optimizer"] not in references
        )
        return next(iter(others)) if len(others) == 1 else None
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


def _optimizers(against: Given | None) -> tuple[str, ...]:
    """Return the words of the list if all of them are optimizers, else none."""
    words = [] if against is None else choices.split(str(against.value))
    for word in words:
        try:
            choices.optimizer(word, "")
        except UsageError:
            return ()
    return tuple(words)


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
        return {axis: AXES[axis].read(word, where)}
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
