"""How a notebook shows a fit: its last epochs as a table, and its losses as a small picture."""

import math
from collections.abc import Mapping, Sequence
from html import escape

LAST_EPOCHS = 10
_WIDTH, _HEIGHT, _MARGIN = 420, 140, 4
# Blue and orange differ to every eye; by day and by night both are seen.
_LINES = {"loss": ("#c27c00", "training"), "val_loss": ("#3a9bd6", "validation")}


def history_html(history: Mapping[str, Sequence[float]], said: str) -> str:
    """Return a fit as HTML; ``said`` is how it ended. What is in names is text."""
    return f"<p>{escape(said)}</p>{_picture(history)}{_table(history)}"


def _table(history: Mapping[str, Sequence[float]]) -> str:
    n = max(map(len, history.values()), default=0)
    shown = range(max(0, n - LAST_EPOCHS), n)
    head = "".join(f"<th>{escape(name)}</th>" for name in ("epoch", *history))
    rows = "".join(
        f"<tr><td>{epoch + 1}</td>"
        + "".join(f"<td>{_word(values, epoch)}</td>" for values in history.values())
        + "</tr>"
        for epoch in shown
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if n else ""


def _word(values: Sequence[float], epoch: int) -> str:
    # A fit may end within an epoch, before it is evaluated.
    return f"{values[epoch]:.4g}" if epoch < len(values) else "—"


def _picture(history: Mapping[str, Sequence[float]]) -> str:
    """Return the losses over the epochs, on a log scale where all of them are above 0."""
    curves = {name: list(history[name]) for name in _LINES if name in history}
    finite = [value for values in curves.values() for value in values if math.isfinite(value)]
    if not finite or max(map(len, curves.values())) < 2:
        return ""
    is_log = min(finite) > 0
    scaled = {name: [_scaled(value, is_log=is_log) for value in values] for name, values in curves.items()}
    low, high = _scaled(min(finite), is_log=is_log), _scaled(max(finite), is_log=is_log)
    n = max(map(len, scaled.values()))
    lines = "".join(
        f'<path d="{_path(values, n, low, high)}" fill="none" stroke="{_LINES[name][0]}" stroke-width="1.5"/>'
        for name, values in scaled.items()
    )
    keys = ", ".join(
        f'<span style="color:{_LINES[name][0]}">\u2501</span> {_LINES[name][1]}' for name in scaled
    )
    ends = f"from {max(finite):.3g} above to {min(finite):.3g} below{', log scale' if is_log else ''}"
    label = f"{' and '.join(_LINES[name][1] for name in scaled)} loss over {n} epochs, {ends}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" role="img"'
        f' aria-label="{label}"><rect width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#888"'
        f' stroke-opacity="0.4"/>{lines}</svg><p>loss: {keys}; {ends}</p>'
    )


def _scaled(value: float, *, is_log: bool) -> float:
    return math.log10(value) if is_log and math.isfinite(value) else value


def _path(values: Sequence[float], n: int, low: float, high: float) -> str:
    """Return the line through the finite values; it is broken where others stand."""
    parts, pen = [], "M"
    for epoch, value in enumerate(values):
        if not math.isfinite(value):
            pen = "M"
            continue
        x = _MARGIN + (_WIDTH - 2 * _MARGIN) * epoch / (n - 1)
        y = _MARGIN + (_HEIGHT - 2 * _MARGIN) * (high - value) / ((high - low) or 1.0)
        parts.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(parts)
