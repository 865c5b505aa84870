"""The hidden layers of a case: how wide, how many, with which dropout; and the case with others.

A layer with weights is hidden unless it is the last one. A case is given as its specification; what is
returned is a specification too, with the layers written out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_SIZES = {"Dense": "units", "Maxout": "units", "Conv2D": "filters", "Conv1D": "filters"}
ACTIVATIONS = ("Activation", "LeakyReLU", "PReLU", "ELU")
_IN_A_STACK = ("Dense", "Maxout", "Residual")

Layer = Mapping[str, Any]
Layers = tuple[Layer, ...]


def width(case: Any) -> str:
    """Return the size of the hidden layers, ``"64"``, or their sizes, ``"64-32"``."""
    sizes = [
        str(layer.get(_SIZES[layer["type"]], "?"))
        for layer in _flat(_hidden(case))
        if layer["type"] in _SIZES
    ]
    return "-".join(sizes if len(set(sizes)) > 1 else sizes[:1]) or "none"


def with_width(case: Any, choice: str) -> Any:
    def wide(layer: Layer) -> Layers:
        size = _SIZES.get(layer["type"])
        return ({**layer, size: int(choice)} if size is not None else layer,)

    return rewritten(case, (*_each(_hidden(case), wide), *last(case)))


def lacks_layers(case: Any) -> str | None:
    return None if width(case) != "none" else "has no hidden layer, so this would change nothing"


def depth(case: Any) -> str:
    return str(len(blocks(case)[1]))


def with_depth(case: Any, choice: str) -> Any:
    before, stack = blocks(case)
    wanted = [*stack[: int(choice)], *stack[-1:] * (int(choice) - len(stack))]
    return rewritten(case, (*before, *(layer for block in wanted for layer in block), *last(case)))


def is_no_stack(case: Any) -> str | None:
    kinds = {layer["type"] for layer in _hidden(case)}
    if "Dense" in kinds and not any(kind.startswith(("Conv", "Max", "Average", "Global")) for kind in kinds):
        return None
    return "has no plain stack of dense hidden layers that could be longer or shorter"


def dropout(case: Any) -> str:
    """Return the rate of the dropout layers, ``"0"`` without any."""
    from nnkit.registry import spell_value

    rates = [layer.get("rate", 0) for layer in _flat(case.model.unrolled()) if layer["type"] == "Dropout"]
    return "-".join(dict.fromkeys(spell_value(float(rate)) for rate in rates)) or "0"


def with_dropout(case: Any, choice: str) -> Any:
    """Return the case with dropout behind every hidden activation, in place of what it has of its own."""
    rate = float(choice)

    def dropping(layer: Layer) -> Layers:
        if layer["type"] == "Dropout":
            return ()
        return (layer, {"type": "Dropout", "rate": rate}) if rate and _is_active(layer) else (layer,)

    return rewritten(case, (*_each(_hidden(case), dropping), *last(case)))


def lacks_activations(case: Any) -> str | None:
    active = any(_is_active(layer) for layer in _flat(_hidden(case)))
    return None if active else "has no hidden activation, so this would change nothing"


def _is_active(layer: Layer) -> bool:
    return layer["type"] in (*ACTIVATIONS, "Maxout") or layer.get("activation", "linear") not in (
        "linear",
        None,
    )


def _flat(layers: Sequence[Layer]) -> Iterator[Layer]:
    """Yield the layers, and those inside of a residual one."""
    for layer in layers:
        yield layer
        yield from _flat(layer.get("layers", ()))


def _each(layers: Sequence[Layer], change: Callable[[Layer], Layers]) -> Layers:
    """Return the layers, each changed, and those inside of a residual one."""
    return tuple(
        changed
        for layer in layers
        for changed in change(
            {**layer, "layers": list(_each(layer["layers"], change))} if "layers" in layer else layer
        )
    )


def _place_of_last(layers: Layers) -> int:
    """Return where the last layer with weights stands; the end where there is none."""
    return max((place for place, layer in enumerate(layers) if layer["type"] in _SIZES), default=len(layers))


def _hidden(case: Any) -> Layers:
    layers: Layers = case.model.unrolled()
    return layers[: _place_of_last(layers)]


def last(case: Any) -> Layers:
    layers: Layers = case.model.unrolled()
    return layers[_place_of_last(layers) :]


def blocks(case: Any) -> tuple[Layers, list[Layers]]:
    """Return the layers before the first hidden one, and each hidden layer with what belongs to it."""
    layers = _hidden(case)
    starts = [place for place, layer in enumerate(layers) if layer["type"] in _IN_A_STACK]
    if not starts:
        return layers, []
    ends = [*starts[1:], len(layers)]
    return layers[: starts[0]], [layers[start:end] for start, end in zip(starts, ends, strict=True)]


def rewritten(case: Any, layers: Layers) -> Any:
    model = type(case.model).model_validate({"layers": [dict(layer) for layer in layers]})
    return case.rewritten(model=model)
