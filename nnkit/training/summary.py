"""A model as a table: its layers, what they give out, and how many parameters each has."""

from collections.abc import Sequence
from math import prod

from nnkit.compiler.explain import n_layers
from nnkit.compiler.program import Program
from nnkit.layers.base import Layer, named

_TITLES = ("layer", "output shape", "parameters", "trained")


def summarize(layers: Sequence[Layer], program: Program) -> str:
    """Return the table as text, with the number of layers that have weights above and the totals below."""
    shapes = _shapes(layers, program)
    rows = []
    for name, one in named(layers):
        if "/" in name:
            continue  # what is inside of a layer is counted with it
        own = {known: buffer for known, buffer in program.parameters.items() if known.startswith(f"{name}/")}
        n_all = sum(prod(buffer.shape) for buffer in own.values())
        n_trained = sum(prod(buffer.shape) for known, buffer in own.items() if known in program.gradients)
        trained = "" if not own else "yes" if n_trained == n_all else "partly" if n_trained else "no"
        rows.append((f"{name} ({one.record.name})", str(shapes[name]), f"{n_all:,}" if own else "0", trained))
    n_trained = sum(prod(program.parameters[name].shape) for name in program.gradients)
    total = f"{program.n_parameters:,} parameters, {n_trained:,} of them trained"
    depth = f"a {n_layers(program)}-layer net, counting the layers with weights"
    return "\n".join([depth, *_aligned(rows), total])


def _shapes(layers: Sequence[Layer], program: Program) -> dict[str, tuple[int, ...]]:
    """Return the shape of one sample behind each layer: the model that ends there says it."""
    from nnkit import losses, optimizers
    from nnkit.compiler.program import compile_program

    loss, optimizer = losses.get("mean_squared_error"), optimizers.get("sgd")
    top = [name for name, _ in named(layers) if "/" not in name]
    shapes = {}
    for place, name in enumerate(top, 1):
        upto = compile_program(
            layers[:place], program.input_shape, loss, optimizer, dtype=program.dtype, batch_size=1
        )
        shapes[name] = upto.output_shape
    return shapes


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in (_TITLES, *rows)) for column in range(len(_TITLES))]
    lines = [
        "  ".join(
            cell.rjust(width) if column == 2 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (_TITLES, *rows)
    ]
    return [lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]]
