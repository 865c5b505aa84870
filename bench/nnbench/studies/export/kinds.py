"""The kinds of exports: what each makes, of what, and by which function."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from nnbench.errors import UsageError


@dataclass(frozen=True, slots=True)
class Asked:
    """What is exported, of which store, and to where; without a path, to where the kind says."""

    store: Path
    name: str  # of a run, or the key of a trial
    output: Path | None = None
    told: Callable[[int, int], None] = lambda n_done, n_total: None  # how far a long export is


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what is said of it besides."""

    path: Path
    remark: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of export. ``function`` is ``module:name`` in this folder, imported when it is asked for."""

    summary: str
    function: str

    def export(self, asked: Asked) -> Exported:
        """Write what is asked for, or raise one line."""
        module, _, name = self.function.partition(":")
        found: Callable[[Asked], Exported] = getattr(import_module(f"{__package__}.{module}"), name)
        return found(asked)


KINDS = {
    "parquet": Kind("four tables of a run: trials, curves, configurations, verdicts", "tables:to_parquet"),
    "mlflow": Kind("an MLflow run for each trial of a run, in a database file", "mlflow_runs:to_mlflow"),
    "wandb": Kind("an offline run of Weights & Biases for each trial of a run", "wandb_runs:to_wandb"),
    "onnx": Kind("the net of a trial, or of a run's leader, trained again to the same bits", "nets:to_onnx"),
    "safetensors": Kind("the weights of that net", "nets:to_safetensors"),
}


def kind_named(name: str) -> Kind:
    """Return the kind of export called so, or raise UsageError."""
    if name not in KINDS:
        from nnkit.errors import did_you_mean  # not at the top: the command's help must not wait for nnkit

        known = ", ".join(KINDS)
        raise UsageError(f"export: there is no kind {name!r}.{did_you_mean(name, KINDS)} There are {known}.")
    return KINDS[name]
