"""The net of a recorded trial, for other programs: trained again to the same bits, and written.

A store keeps no weights. The same trial gives the same weights on every machine, and their digest shows it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from nnbench.cases import catalogue
from nnbench.cases.spec import CaseSpec
from nnbench.cases.subject import SubjectCase
from nnbench.errors import NnbenchError, UsageError
from nnbench.evidence import findings
from nnbench.machine import extras, writing
from nnbench.plan.matrix import Dtype, TrialSpec, remade
from nnbench.records.trials import TrialRecord
from nnbench.store import Store
from nnbench.studies.export.kinds import Asked, Exported
from nnbench.training.data import sizes_of
from nnbench.training.program import layers_of, steps_per_epoch
from nnbench.training.trial import data_of, run_with
from nnkit.callbacks import Callback
from nnkit.exchange.facts import described
from nnkit.exchange.onnx import onnx_bytes
from nnkit.exchange.weights import weights_bytes
from nnkit.execution.trial import Trial
from nnkit.layers.base import Layer

_KEY = re.compile(r"[0-9a-f]{6,64}")
_ROWS_CHECKED = 16
_MOST_APART = 1e-5  # of the largest output, or of 1


class OtherNet(NnbenchError):
    """What was trained again, or what was written, is not the net that was recorded."""

    exit_code = 3


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """The net of a trial, trained again."""

    record: TrialRecord
    layers: list[Layer]
    model: Trial
    validation: NDArray[Any]

    @property
    def weights(self) -> dict[str, NDArray[Any]]:
        """Parameters and running statistics by name."""
        program = self.model.program
        states = {name: self.model.view(buffer) for name, buffer in program.states.items()}
        return {**self.model.parameters(), **states}

    @property
    def about(self) -> dict[str, str]:
        """What the file says of where it comes from."""
        record = self.record
        facts = {"case": record.case, "key": record.key, "seed": str(record.seed), **record.axes.as_dict()}
        return described(record.digest, facts)

    @property
    def said(self) -> str:
        """Which net this is, in words."""
        choices = ", ".join(f"{name} {choice}" for name, choice in self.record.axes.as_dict().items())
        return f"{self.record.case}, seed {self.record.seed}: {choices}"


def to_onnx(asked: Asked) -> Exported:
    """Write the net of a trial as ONNX, once onnx's own evaluator has computed what it predicts."""
    extras.extra("onnx", "onnx", "export onnx")
    evaluator = extras.extra("onnx.reference", "onnx", "export onnx")
    net = trained_again(asked)
    program = net.model.program
    content = onnx_bytes(
        net.layers,
        net.validation.shape[1:],
        output_shape=program.output_shape,
        dtype=program.dtype,
        weights=net.weights,
        metadata=net.about,
    )
    apart = _apart(net, evaluator.ReferenceEvaluator(content))
    path = _written(asked, net, content, ".onnx")
    return Exported(path, f"{net.said}; onnx's evaluator differs from it by {apart:.1g} at most")


def to_safetensors(asked: Asked) -> Exported:
    """Write the weights of a trial's net as safetensors."""
    extras.extra("safetensors", "safetensors", "export safetensors")
    net = trained_again(asked)
    path = _written(asked, net, weights_bytes(net.weights, net.about), ".safetensors")
    return Exported(path, net.said)


def trained_again(asked: Asked) -> Net:
    """Train the trial that is asked for once more. Errors: UsageError; OtherNet for another digest."""
    record = _recorded(asked)
    trial = _specified(record)
    kept: list[Trial] = []

    def watching(model: Trial) -> Callback:
        kept.append(model)
        return Callback()

    again = run_with(trial, watching)
    asked.told(1, 1)
    if again.digest != record.digest:
        raise OtherNet(
            f"trial {record.key[:12]}: trained again it has other weights than recorded ({again.digest[:12]},"
            f" and not {record.digest[:12]}). Another version of nnkit or of a plug-in made it: run it again."
        )
    _, validation = data_of(trial)
    return Net(record, layers_of(trial.case, trial.axes), kept[0], validation.x)


def _recorded(asked: Asked) -> TrialRecord:
    with Store.open(asked.store, create=False) as store:
        if _KEY.fullmatch(asked.name) and not store.has_run(asked.name):
            keys = [asked.name] if len(asked.name) == 64 else _begun_so(store, asked.name)
            if not keys and asked.name.isdigit():  # runs are named by dates
                keys = [_of_leader(store, asked.name)]
        else:
            keys = [_of_leader(store, asked.name)]
        record = next(iter(store.trials(keys)), None)
    if record is None:
        raise UsageError(f"export: no trial has the key {asked.name}. `nnbench report --json` has all keys.")
    if record.status != "finished":
        raise UsageError(f"export: trial {record.key[:12]} has no net to be kept: it is {record.status}.")
    return record


def _begun_so(store: Store, begun: str) -> list[str]:
    """Return the key of the newest run's trial that begins so: letters of a whole store say too little."""
    found = [key for key in store.run("last").trial_keys if key.startswith(begun)]
    if len(found) > 1:
        raise UsageError(f"export: {len(found)} trials of the last run have keys that begin with {begun}.")
    return found


def _of_leader(store: Store, name: str) -> str:
    """Return the key of a run's leading configuration: the trial with its first seed."""
    found = findings.find(store, store.run(name))
    cases = found.cases()
    if len(cases) != 1 or not cases[0].ranking:
        n = "no ranking" if len(cases) < 2 else f"{len(cases)} cases"
        raise UsageError(
            f"export: run {found.run.run} has {n}, and no one leader. Name a trial by its key, from"
            " `nnbench report --json`."
        )
    leader = cases[0].ranking[0].axes
    own = [trial for trial in found.trials if trial.axes == leader and trial.status == "finished"]
    if not own:
        raise UsageError(f"export: no trial of the leader of run {found.run.run} has finished.")
    return min(own, key=lambda trial: trial.seed).key


def _specified(record: TrialRecord) -> TrialSpec:
    """Return what the record is the result of: the specification that has its key."""
    case = _case_of(record)
    for epochs in _epochs(record, case):
        for dtype in get_args(Dtype):
            trial = remade(case, record.axes, record.seed, epochs, dtype)
            if trial.key == record.key:
                return trial
    raise UsageError(
        f"export: trial {record.key[:12]} of case {record.case!r} is not what that case, its data and its"
        " plug-ins say today. Run it again, or load the plug-ins that it was run with (--plugin)."
    )


def _case_of(record: TrialRecord) -> CaseSpec:
    beside = Path(f"{record.case}.toml")
    case = catalogue.case_named(str(beside) if beside.is_file() else record.case)
    if isinstance(case, SubjectCase):
        raise UsageError(f"export: case {record.case!r} is trained by a program of yours, which has its net.")
    return case


def _epochs(record: TrialRecord, case: CaseSpec) -> Iterator[int]:
    """Yield how many epochs it may have been: the case's own, and as many as its steps make."""
    yield case.training.epochs
    n_train, _ = sizes_of(case)
    batch = int(dict(record.axes.values).get("batch_size", case.training.batch_size))
    yield -(-record.steps // steps_per_epoch(n_train, batch))


def _apart(net: Net, evaluator: Any) -> float:
    """Return how far outputs of the file are from those of the net, or raise where that is too far."""
    x = net.validation[:_ROWS_CHECKED]
    expected = net.model.predict(x)
    (found,) = evaluator.run(None, {"input": x})
    apart = float(np.max(np.abs(found - expected)))
    if not apart <= _MOST_APART * max(1.0, float(np.max(np.abs(expected)))):
        raise OtherNet(f"export onnx: {net.said}: the file computes other outputs, {apart:.1g} apart.")
    return apart


def _written(asked: Asked, net: Net, content: bytes, ending: str) -> Path:
    name = f"{net.record.case}-{net.record.key[:8]}{ending}"
    path = asked.output or Path(name)
    path = path / name if path.is_dir() else path
    writing.make_folder(path.parent)
    writing.write_files({path: content})
    return path
