"""The blocks of a case: the place of its normalisation, skip connections, and what changes its inputs.

A case is given as its specification; what is returned is a specification too, with the layers written out.
"""

from itertools import pairwise
from typing import Any

from nnbench.cases import choices, hidden
from nnbench.cases.hidden import Layer, Layers
from nnbench.errors import UsageError

_NORMS = ("$norm", *choices.NORM_LAYERS, *choices.NORM_LAYERS.values())


def norm_place(case: Any) -> str:
    """Return ``"after"`` where a normalisation stands right behind an activation, else ``"before"``."""
    return "after" if any(_is_norm(b) and _acts(a) for a, b in _neighbours(case)) else "before"


def with_norm_place(case: Any, choice: str) -> Any:
    """Return the case with each normalisation and the activation beside it in this order."""
    layers = list(case.model.unrolled())
    place = 0
    while place + 1 < len(layers):
        first, second = layers[place : place + 2]
        is_turned = (_acts(first) and _is_norm(second)) if choice == "before" else _is_pair(first, second)
        if is_turned:
            layers[place : place + 2] = [second, first]
        place += 2 if is_turned else 1
    return hidden.rewritten(case, tuple(layers))


def lacks_norm_beside_activation(case: Any) -> str | None:
    beside = any(_is_pair(a, b) or (_acts(a) and _is_norm(b)) for a, b in _neighbours(case))
    return None if beside else "has no normalisation beside an activation, so this would change nothing"


def skip(case: Any) -> str:
    return "identity" if any(layer["type"] == "Residual" for layer in case.model.unrolled()) else "none"


def with_skip(case: Any, choice: str) -> Any:
    """Return the case with, or without, its hidden layers added to what they get.

    The first hidden layer, and one of another width than that before, cannot be added and stay plain.
    """
    opened = tuple(inner for layer in case.model.unrolled() for inner in _opened(layer))
    plain = hidden.rewritten(case, opened)
    if choice == "none":
        return plain
    before, stack = hidden.blocks(plain)
    sizes = [block[0].get("units") for block in stack]
    added = [place > 0 and sizes[place] == sizes[place - 1] for place in range(len(stack))]
    if not any(added):
        raise UsageError(
            f"{case.where}: --skip identity needs two hidden layers of one width, one behind the other, "
            f"found widths {', '.join(map(str, sizes)) or 'none'}. Add --width 32 --depth 4, or leave it out."
        )
    blocks = [_residual(block) if is_added else block for block, is_added in zip(stack, added, strict=True)]
    return hidden.rewritten(case, (*before, *(one for block in blocks for one in block), *hidden.last(plain)))


def augment(case: Any) -> str:
    """Return how the case changes its inputs, as the axis spells it."""
    from nnkit.registry import spell_choice

    first = case.model.unrolled()[0]
    names = {layer: name for name, layer in choices.AUGMENT_LAYERS.items()}
    if first["type"] not in names:
        return "none"
    given = {key: value for key, value in first.items() if key != "type"}
    return choices.canonical("augmentations", spell_choice(names[first["type"]], given), case.where)


def with_augment(case: Any, choice: str) -> Any:
    """Return the case with this change of its inputs, in place of its own."""
    from nnkit.registry import parse_choice

    layers = case.model.unrolled()
    rest = layers[1:] if augment(case) != "none" else layers
    name, given = parse_choice(choice)
    first = () if name == "none" else ({"type": choices.AUGMENT_LAYERS[name], **given},)
    return hidden.rewritten(case, (*first, *rest))


def _residual(block: Layers) -> Layers:
    return ({"type": "Residual", "layers": [dict(layer) for layer in block]},)


def _opened(layer: Layer) -> Layers:
    return tuple(layer["layers"]) if layer["type"] == "Residual" else (layer,)


def _neighbours(case: Any) -> list[tuple[Layer, Layer]]:
    layers = case.model.unrolled()
    return list(pairwise(layers))


def _is_pair(first: Layer, second: Layer) -> bool:
    return _is_norm(first) and _acts(second)


def _is_norm(layer: Layer) -> bool:
    return layer["type"] in _NORMS


def _acts(layer: Layer) -> bool:
    return layer["type"] in hidden.ACTIVATIONS
