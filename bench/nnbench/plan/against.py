"""What others are compared with: ``--against``.

``adam,relu`` names one configuration by some of its choices. A list of optimizers, ``adam,sgd``, names
references: they join the optimizers of the run, and each is compared with the one that was there before.
Where one word may stand for several axes, ``width=16`` says which.
"""

from collections.abc import Iterable, Mapping
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
            if axes.as_dict().get("optimizer") not in references
        )
        return next(iter(others)) if len(others) == 1 else None
    every = [axes for _, axes in matrix.configurations()]
    for word in choices.split(str(against.value)):
        if not _meanings(word) and not any(_is_written(axes.as_dict(), word) for axes in every):
            raise UsageError(f"{against.where} {against.value}: {word!r} is no choice on any axis.")
    found = called(str(against.value), every, matrix.varying)
    labels = dict.fromkeys(axes.label(matrix.varying) for axes in found)
    if not labels:
        raise UsageError(
            f"{against.where} {against.value}: no configuration of this run has that. {_offer(matrix)}"
        )
    if len(labels) > 1:
        shown = "; ".join(list(labels)[:_SHOWN])
        raise UsageError(
            f"{against.where} {against.value}: {len(labels)} configurations have that: {shown}"
            f"{'; …' if len(labels) > _SHOWN else ''}. Name a choice for each of {', '.join(matrix.varying)},"
            f" as in {example(found[0], matrix.varying)}."
        )
    return next(iter(labels))


def called(text: str, configurations: Iterable[Axes], varying: tuple[str, ...]) -> list[Axes]:
    """Return the configurations with all choices of the list ``text``, on axes that vary if some do."""
    words = [(word, _meanings(word)) for word in choices.split(text)]
    every = list(configurations)
    for names in (set(varying), {name for axes in every for name in axes.as_dict()}):
        found = [axes for axes in every if all(_has(axes, names, *word) for word in words)]
        if found:
            return found
    return []


def _optimizers(against: Given | None) -> tuple[str, ...]:
    """Return the words of the list if all of them are optimizers, else none."""
    words = [] if against is None else choices.split(str(against.value))
    for word in words:
        try:
            choices.optimizer(word, "")
        except UsageError:
            return ()
    return tuple(words)


def _meanings(word: str) -> list[dict[str, str]]:
    """Return what a word can mean: for each axis that knows it, the choices it makes there."""
    name, _, choice = word.partition("=")
    named = [axis for axis in AXES if name in (axis, AXES[axis].key)]
    meanings: list[dict[str, str]] = []
    for axis in named or AXES:
        with suppress(UsageError):
            meanings.append(_on_axis(axis, choice if named else word, ""))
    return meanings


def _on_axis(axis: str, word: str, where: str) -> dict[str, str]:
    if axis != "optimizer":
        return {axis: AXES[axis].read(word, where)}
    optimizer = choices.optimizer(word, where)
    rate = {} if optimizer.rate is None else {"learning_rate": optimizer.rate}
    return {"optimizer": optimizer.text, **rate}


def _has(axes: Axes, names: set[str], word: str, meanings: list[dict[str, str]]) -> bool:
    """Say whether a choice on one of these axes is meant."""
    chosen = {name: choice for name, choice in axes.as_dict().items() if name in names}
    return _is_written(chosen, word) or any(meaning.items() <= chosen.items() for meaning in meanings)


def _is_written(chosen: Mapping[str, str], word: str) -> bool:
    """Say whether a choice is written so, alone or behind its axis; of a subject nothing else is known."""
    return word in chosen.values() or word in [f"{name}={choice}" for name, choice in chosen.items()]


def example(axes: Axes, varying: tuple[str, ...]) -> str:
    """Return the words that call this configuration and no other of its case."""
    chosen = axes.as_dict()
    return ",".join(f"{name}={chosen[name]}" for name in varying if name in chosen)


def _offer(matrix: Matrix) -> str:
    labels = dict.fromkeys(axes.label(matrix.varying) for _, axes in matrix.configurations())
    shown = "; ".join(list(labels)[:_SHOWN])
    return f"It has: {shown}{'; …' if len(labels) > _SHOWN else ''}."
