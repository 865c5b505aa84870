"""The portrait of a part: what a small picture of it shows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Portrait:
    """Lines over one quantity: label, places, values.

    ``kind`` and ``name`` are the part's; ``caption`` says with what it was drawn.
    """

    kind: str
    name: str
    x_label: str
    y_label: str
    lines: tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...]
    caption: str
