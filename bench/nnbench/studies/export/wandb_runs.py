"""Trials as offline runs of Weights & Biases: nobody logs in, and nothing is sent until ``wandb sync`` is."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nnbench.errors import EnvironmentProblem
from nnbench.frames.columns import beside
from nnbench.machine.extras import extra
from nnbench.machine.writing import make_folder
from nnbench.records.trials import RunRecord
from nnbench.studies.export.kinds import Asked, Exported
from nnbench.studies.export.tracked import Tracked, facts_of, found_of, number, tracked, written

_PROJECT, _FOLDER = "nnbench", "wandb"
_ID_LETTERS, _LONGEST_NAME, _LONGEST_TAG = 32, 128, 64


def to_wandb(asked: Asked) -> Exported:
    """Write an offline run for each trial into a folder; what is there by its key stays as it is.

    The configuration is the choices and facts, the history the curves, the summary the numbers; the runs of
    one run of nnbench are a group.
    """
    found = found_of(asked.store, asked.name)
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    wandb = extra("wandb", "wandb", "export wandb")
    folder = _folder(asked.output)
    make_folder(folder)
    there = {path.name.rpartition("-")[2] for path in folder.glob("offline-run-*")}
    n_new = 0
    for n_done, trial in enumerate(tracked(asked.store, found)):
        asked.told(n_done, len(found.trials))
        if _id(trial) not in there:
            with _beside(folder) as half:
                _write(wandb, trial, found.run, half)
            n_new += 1
    said = written(found.run.run, n_new, len(found.trials))
    return Exported(folder, f"{said}. To send them: wandb sync {folder}/offline-run-*")


def _folder(output: Path | None) -> Path:
    """Return the folder of the offline runs, which wandb calls so in every project's folder."""
    if output is None:
        return Path(_FOLDER)
    return output if output.name == _FOLDER else output / _FOLDER


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Yield a folder to write one run in; once it is whole, it is moved to where it belongs."""
    try:
        half = Path(tempfile.mkdtemp(prefix=".half-", dir=folder))
    except OSError as error:
        raise EnvironmentProblem(f"{folder}: cannot be written: {error.strerror}.") from None
    try:
        yield half
        for run in (half / _FOLDER).glob("offline-run-*"):
            run.replace(folder / run.name)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _write(wandb: Any, trial: Tracked, run: RunRecord, folder: Path) -> None:
    opened = wandb.init(
        mode="offline",
        dir=str(folder),
        project=_PROJECT,
        group=run.run[:_LONGEST_NAME],
        job_type=trial.case[:_LONGEST_TAG],
        id=_id(trial),
        name=trial.name[:_LONGEST_NAME],
        tags=[trial.status],
        config={
            **{name: number(text) for name, text in beside(trial.choices, {"nnbench"}).items()},
            "nnbench": {**facts_of(run), **trial.facts},
        },
        settings=_settings(wandb),
    )
    for step, values in trial.by_step().items():
        opened.log(values, step=step)
    opened.summary.update({**trial.numbers, "status": trial.status, "digest": trial.facts.get("digest", "")})
    opened.finish(exit_code=0 if trial.has_finished else 1)


def _settings(wandb: Any) -> Any:
    """Return settings by which wandb prints nothing, and notes nothing of the machine that exports."""
    return wandb.Settings(
        silent=True,
        console="off",
        disable_git=True,
        disable_code=True,
        x_disable_stats=True,
        x_disable_meta=True,
        x_disable_machine_info=True,
    )


def _id(trial: Tracked) -> str:
    return trial.key[:_ID_LETTERS]
