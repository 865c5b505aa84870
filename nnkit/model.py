"""`Sequential`: layers in a row, with Keras's verbs. Underneath, a compiled program and one trial of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit import losses, optimizers
from nnkit.callbacks import Callback
from nnkit.compiler.encode import Table, encode
from nnkit.compiler.program import Program, compile_program
from nnkit.errors import InvalidArgument, shown
from nnkit.execution.trial import Data, Trial
from nnkit.layers.base import Layer
from nnkit.layers.ending import check_ending
from nnkit.losses import Loss
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.registry import parse_choice
from nnkit.training import saving
from nnkit.training.fit import Fit
from nnkit.training.hooks import Hooks, checked_callbacks
from nnkit.training.samples import as_array, checked_data, checked_inputs
from nnkit.training.turns import Turn, alone, in_turn

Array = NDArray[Any]
# Arenas have room for batches of this many samples, so that a fit in batches of another size moves nothing.
_LEAST_ROOM = 256


@dataclass
class History:
    """What a fit leaves: values per epoch by name, the loss of every step, and how it ended."""

    history: dict[str, list[float]] = field(default_factory=dict)
    step_loss: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    status: str = "finished"
    stopped_at: int = 0  # the number of steps made
    train_s: float = 0.0


class Sequential:
    """A model of layers in a row.

    ``input_shape`` is one sample's, without the batch; ``dtype`` is ``"float32"`` or ``"float64"``. The
    same seed gives the same initial weights, batch order and dropout masks, to the bit, on every machine.
    """

    def __init__(
        self, layers: Sequence[Layer], *, input_shape: Sequence[int], seed: int = 0, dtype: str = "float32"
    ) -> None:
        _check_arguments(layers, input_shape, seed, dtype)
        self.layers = tuple(layers)
        self.input_shape = tuple(int(size) for size in input_shape)
        self.seed = int(seed)
        self.dtype = dtype
        self._loss: Loss | None = None
        self._optimizer: BoundOptimizer | None = None
        self._metrics: tuple[str, ...] = ()
        self._trial: Trial | None = None
        self._is_stale = False  # the trial's program is from before the last compile
        self._learners: dict[int, tuple[Program, Table]] = {}  # by batch size
        self.stop_training = False  # a callback sets it, to end the fit after the epoch
        self.turn = Turn()

    # -- Keras's verbs -----------------------------------------------------------------------------

    @alone
    def compile(
        self,
        optimizer: str | BoundOptimizer = "sgd",
        loss: str | Loss = "sparse_categorical_crossentropy",
        metrics: str | Sequence[str] | None = (),
    ) -> None:
        """Choose the optimizer, the loss and the metrics (``"accuracy"``). The weights stay, as in Keras."""
        chosen = _resolve_optimizer(optimizer)
        record = losses.get(loss) if isinstance(loss, str) else loss
        if not isinstance(record, Loss):
            raise InvalidArgument(f"compile: loss must be a name such as 'mse', found {loss!r}.")
        check_ending(self.layers, record)
        self._metrics = _checked_metrics(metrics, record)
        self._optimizer, self._loss = chosen, record
        self._is_stale = True
        self._learners = {}

    @alone
    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        batch_size: int = 32,
        epochs: int = 1,
        validation_data: tuple[ArrayLike, ArrayLike] | None = None,
        shuffle: bool = True,
        callbacks: Sequence[Callback] = (),
    ) -> History:
        """Train for ``epochs`` epochs, the last batch of each possibly shorter; return what happened."""
        self._check_compiled("fit")
        _check_count("fit: batch_size", batch_size)
        _check_count("fit: epochs", epochs)
        if not isinstance(shuffle, bool):
            raise InvalidArgument(f"fit: shuffle must be True or False, found {shuffle!r}.")
        given = checked_callbacks(callbacks)
        data = self._checked(x, y)
        pair = () if validation_data is None else _pair(validation_data)
        validation = self._checked(*pair, where="validation_") if pair else None
        # A larger batch than the data is the data: no memory is asked for what is not there.
        rows = min(int(batch_size), len(data))
        trial = self._trial_of(rows)
        hooks = Hooks(self, given, epochs=int(epochs), metrics=self._counts_correct()) if given else None
        fit = Fit(
            trial,
            data,
            validation,
            epochs=int(epochs),
            shuffle=shuffle,
            callbacks=() if hooks is None else (hooks,),
            batch_size=rows,
        )
        if hooks is not None:
            steps = -(-len(data) // rows)
            hooks.begin({"epochs": int(epochs), "steps": steps, "batch_size": rows, "verbose": 0})
        outcome = fit.run()
        return History(
            outcome.per_epoch(self._counts_correct()),
            outcome.step_loss,
            outcome.status,
            outcome.steps,
            trial.train_s,
        )

    @in_turn
    def evaluate(self, x: ArrayLike, y: ArrayLike) -> dict[str, float]:
        """Return the mean loss, and the accuracy if compiled in, over all samples."""
        self._check_compiled("evaluate")
        loss, correct = self._trial_of().evaluate_on(self._checked(x, y))
        return {"loss": loss, "accuracy": correct} if self._counts_correct() else {"loss": loss}

    @in_turn
    def predict(self, x: ArrayLike) -> Array:
        """Return the outputs (logits, for classification) for every sample."""
        return self._trial_of().predict(checked_inputs(x, self.input_shape, self.dtype))

    # -- the learner's view ------------------------------------------------------------------------

    @in_turn
    def forward(self, x: ArrayLike, *, training: bool = False) -> Array:
        """Return the outputs; with ``training``, as a step sees them: batch statistics and dropout masks."""
        if not training:
            return self.predict(x)
        values = checked_inputs(x, self.input_shape, self.dtype)
        copy, _ = self._one_batch(Data(values, self._any_targets(len(values))))
        return copy.view(copy.program.training_outputs, len(values)).copy()

    @in_turn
    def loss_and_gradients(self, x: ArrayLike, y: ArrayLike) -> tuple[float, dict[str, Array]]:
        """Return the mean loss over the samples, penalties included, and its gradient for every parameter."""
        self._check_compiled("loss_and_gradients")
        trace = self.trace(x, y)
        return trace.loss, {name: trace.gradients[name] for name in self.parameters}

    @in_turn
    def trace(self, x: ArrayLike, y: ArrayLike) -> "Trace":
        """Run forward and backward on the samples as one batch; return every value and gradient by name."""
        self._check_compiled("trace")
        data = self._checked(x, y)
        copy, loss = self._one_batch(data)
        values = {name: copy.view(buffer, len(data)).copy() for name, buffer in copy.program.named.items()}
        gradients = {name: array.copy() for name, array in copy.gradients().items()}
        return Trace(loss, values, gradients)

    @property
    @in_turn
    def parameters(self) -> dict[str, Array]:
        """The live parameters by name, in order: writing into them changes the model.

        Views stay live until the model is compiled again or fitted in batches of more than 256.
        """
        return self._trial_of().parameters()

    @in_turn
    def set_parameters(self, values: Mapping[str, ArrayLike]) -> None:
        """Overwrite parameters by name; the others stay."""
        if not isinstance(values, Mapping):
            raise InvalidArgument(f"set_parameters: values must be arrays by name, found {values!r}.")
        known = self.parameters
        arrays = {name: as_array(value, f"set_parameters: {name}") for name, value in values.items()}
        for name, array in arrays.items():
            if name not in known:
                raise InvalidArgument(
                    f"set_parameters: no parameter named {name!r}. There are: {', '.join(known)}."
                )
            if array.shape != known[name].shape:
                raise InvalidArgument(
                    f"set_parameters: {name} must have shape {known[name].shape}, found {array.shape}."
                )
            if array.dtype.kind not in "biuf":
                raise InvalidArgument(f"set_parameters: {name} must hold real numbers, found {array.dtype}.")
        for name, array in arrays.items():
            known[name][...] = array

    @in_turn
    def digest(self) -> str:
        """Return the SHA-256 of all parameters."""
        return self._trial_of().digest()

    @property
    @in_turn
    def states(self) -> dict[str, Array]:
        """What lives with the model and is not trained, such as running statistics; live views."""
        trial = self._trial_of()
        return {name: trial.view(buffer) for name, buffer in trial.program.states.items()}

    @in_turn
    def save(self, path: str | Path) -> None:
        """Write architecture and weights to one ``.npz`` file; `nnkit.load_model` reads it."""
        saving.save(self, saving.as_path(path, "save"))

    # -- underneath --------------------------------------------------------------------------------

    @in_turn
    def program(self, *, batch_size: int = 32, keep_values: bool = False) -> Program:
        """Return the compiled program."""
        _check_count("program: batch_size", batch_size)
        return compile_program(
            self.layers,
            self.input_shape,
            self._loss or losses.get("mean_squared_error"),
            self._optimizer or optimizers.get("sgd"),
            dtype=self.dtype,
            batch_size=batch_size,
            keep_values=keep_values,
        )

    def _trial_of(self, batch_size: int = 1) -> Trial:
        """Return the model's trial, with room for batches of ``batch_size``."""
        trial = self._trial
        if trial is None or self._is_stale or batch_size > trial.program.batch_size:
            fresh = Trial(self.program(batch_size=max(batch_size, _LEAST_ROOM)), self.seed)
            if trial is not None:
                fresh.take_over(trial, training=not self._is_stale)
            self._trial, self._is_stale = fresh, False
            return fresh
        return trial

    def _one_batch(self, data: Data) -> tuple[Trial, float]:
        """Run forward and backward on a copy of the model that keeps all values; return it and the loss."""
        if len(data) not in self._learners:
            program = self.program(batch_size=len(data), keep_values=True)
            self._learners[len(data)] = (
                program,
                encode(program.gradient_ops, program.plan.offsets, program.dtype),
            )
        program, table = self._learners[len(data)]
        trial = Trial(program, self.seed)
        trial.take_over(self._trial_of(), training=False)
        return trial, trial.run_batch(data, table)

    def _checked(self, x: ArrayLike, y: ArrayLike, where: str = "") -> Data:
        program = self._trial_of().program
        return checked_data(x, y, program.loss, self.input_shape, program.output_shape, self.dtype, where)

    def _any_targets(self, n: int) -> Array:
        program = self._trial_of().program
        if program.loss.targets == "labels":
            return np.zeros(n, dtype=np.int32)
        return np.zeros((n, *program.output_shape), dtype=self.dtype)

    def _check_compiled(self, verb: str) -> None:
        if self._loss is None:
            raise InvalidArgument(f"{verb}: the model has no loss yet. Call compile(optimizer, loss) first.")

    def _counts_correct(self) -> bool:
        return "accuracy" in self._metrics


@dataclass(frozen=True, slots=True)
class Trace:
    """One forward and backward pass, laid open."""

    loss: float
    values: dict[str, Array]
    gradients: dict[str, Array]


def load_model(path: str | Path) -> Sequential:
    """Return the model in ``path``, weights and running statistics included; compile it to train on."""
    with saving.opened(saving.as_path(path, "load_model")) as saved:
        model = Sequential(**saved.facts())
        program = model.program()
        # All are looked at before memory is asked for: the file must have what the model says it has.
        for kind, buffers in (("parameter", program.parameters), ("state", program.states)):
            for name, buffer in buffers.items():
                saved.check(kind, name, buffer.shape)
        for kind, views in (("parameter", model.parameters), ("state", model.states)):
            for name, view in views.items():
                view[...] = saved.array(kind, name)
    return model


def _check_arguments(layers: object, input_shape: object, seed: object, dtype: str) -> None:
    """Raise InvalidArgument for the mistakes that are easily made: a bare layer, a bare size."""
    if dtype not in ("float32", "float64"):
        raise InvalidArgument(f"Sequential: dtype must be 'float32' or 'float64', found {dtype!r}.")
    if not isinstance(layers, Sequence) or isinstance(layers, str):
        raise InvalidArgument(f"Sequential: layers must be a list such as [Dense(10)], found {layers!r}.")
    for index, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise InvalidArgument(
                f"Sequential: layer {index} must be a layer such as Dense, found {layer!r}."
            )
    if not isinstance(input_shape, Sequence) or not all(_is_whole(size) for size in input_shape):
        raise InvalidArgument(
            f"Sequential: input_shape must be a tuple of sizes such as (64,), found {input_shape!r}."
        )
    if not input_shape or min(input_shape) < 1:
        raise InvalidArgument(
            f"Sequential: input_shape must hold sizes of at least 1, found {input_shape!r}."
        )
    if not _is_whole(seed) or not -(2**63) <= int(seed) < 2**63:  # type: ignore[call-overload]
        raise InvalidArgument(f"Sequential: seed must be a whole number of 64 bits, found {seed!r}.")


def _checked_metrics(given: str | Sequence[str] | None, loss: Loss) -> tuple[str, ...]:
    metrics = (given,) if isinstance(given, str) else given if given is not None else ()
    if not isinstance(metrics, list | tuple):
        raise InvalidArgument(f"compile: metrics must be a list such as ['accuracy'], found {given!r}.")
    unknown = [name for name in metrics if name != "accuracy"]
    if unknown:
        raise InvalidArgument(f"compile: no metric named {unknown[0]!r}. There is 'accuracy'.")
    if metrics and loss.targets != "labels":
        raise InvalidArgument(
            f"compile: accuracy needs labels, and loss {loss.name} has none. Leave metrics out."
        )
    return tuple(metrics)


def _check_count(where: str, value: object) -> None:
    if not _is_whole(value) or value < 1:  # type: ignore[operator]
        raise InvalidArgument(f"{where} must be a whole number of at least 1, found {shown(value)}.")


def _pair(given: object) -> tuple[ArrayLike, ArrayLike]:
    if not isinstance(given, list | tuple) or len(given) != 2:
        found = f"{len(given)} values" if isinstance(given, list | tuple) else type(given).__name__
        raise InvalidArgument(f"fit: validation_data must be a pair (x, y), found {found}.")
    return given[0], given[1]


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _resolve_optimizer(given: str | BoundOptimizer) -> BoundOptimizer:
    if isinstance(given, BoundOptimizer):
        return given
    if not isinstance(given, str):
        raise InvalidArgument(
            f"compile: optimizer must be a name such as 'adam' or made by a call such as optimizers.Adam(),"
            f" found {given!r}."
        )
    name, parameters = parse_choice(given)
    return optimizers.get(name, **parameters)
