"""One line after each epoch, where a fit is asked for it."""

from collections.abc import Mapping
from typing import Any

from nnkit.callbacks import Callback, Logs
from nnkit.errors import InvalidArgument, shown


class Progress(Callback):
    """Prints Keras's values of every epoch. Nothing can be shown within one: Python is not entered there."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        values = "".join(f" - {name}: {value:.4f}" for name, value in (logs or {}).items())
        print(f"Epoch {epoch + 1}/{self.params['epochs']}{values}", flush=True)


def prints(verbose: object, verb: str) -> bool:
    """Return whether ``verbose`` asks for lines: 1, 2 and "auto" do, 0 does not."""
    if verbose not in (0, 1, 2, "auto"):
        raise InvalidArgument(f"{verb}: verbose must be 0, 1, 2 or 'auto', found {shown(verbose)}.")
    return bool(verbose)


def evaluated(values: Mapping[str, Any]) -> str:
    return " - ".join(f"{name}: {value:.4f}" for name, value in values.items())
