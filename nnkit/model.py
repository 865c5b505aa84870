"""`Sequential`: layers in a row, with Keras's verbs. Underneath, a compiled program and one trial of it."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnkit import losses, optimizers, schedules
from nnkit.callbacks import Callback
from nnkit.compiler.encode import Table, encode
from nnkit.compiler.program import Program, compile_program
from nnkit.errors import InvalidArgument
from nnkit.exchange.leaving import Leaving
from nnkit.execution.trial import Data, Trial
from nnkit.layers.base import Layer, frozen_names, named
from nnkit.layers.ending import check_ending, dropped
from nnkit.losses import BoundLoss
from nnkit.metrics import Asked, asked
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.training import saving
from nnkit.training.arguments import (
    check_arguments,
    check_count,
    check_fit,
    checked_metrics,
    checked_optimizer,
)
from nnkit.training.assigning import assign
from nnkit.training.fit import Fit
from nnkit.training.history import History as History
from nnkit.training.history import Trace as Trace
from nnkit.training.hooks import Hooks, checked_callbacks
from nnkit.training.measuring import measured
from nnkit.training.parts import ClassWeight, parts_of, weighted_loss
from nnkit.training.progress import Progress, evaluated, prints
from nnkit.training.samples import checked_data, checked_inputs
from nnkit.training.summary import summarize
from nnkit.training.turns import Turn, alone, in_turn

Array = NDArray[Any]
# Arenas have room for batches of this many samples, so that a fit in batches of another size moves nothing.
_LEAST_ROOM = 256


class Sequential(Leaving):
    """A model of layers in a row.

    ``input_shape`` is one sample's, without the batch; ``dtype`` is ``"float32"`` or ``"float64"``. The
    same seed gives the same initial weights, batch order and dropout masks, to the bit, on every machine.
    """

    def __init__(
        self, layers: Sequence[Layer], *, input_shape: Sequence[int], seed: int = 0, dtype: str = "float32"
    ) -> None:
        check_arguments(layers, input_shape, seed, dtype)
        self.layers = tuple(layers)
        self.input_shape = tuple(int(size) for size in input_shape)
        self.seed = int(seed)
        self.dtype = dtype
        self._loss: BoundLoss | None = None
        self._optimizer: BoundOptimizer | None = None
        self._metrics: tuple[Asked, ...] = ()
        self._trial: Trial | None = None
        self._is_stale = False  # the trial's program is from before the last compile
        self._learners: dict[int, tuple[Program, Table]] = {}  # by batch size
        self._frozen: tuple[str, ...] = ()  # the layers that the trial's program leaves as they are
        self._new_layers: tuple[str, ...] = ()  # those that do not take their weights over from the trial
        self.stop_training = False  # a callback sets it, to end the fit after the epoch
        self.turn = Turn()

    # -- Keras's verbs -----------------------------------------------------------------------------

    @alone
    def compile(
        self,
        optimizer: str | BoundOptimizer = "sgd",
        loss: str | BoundLoss = "sparse_categorical_crossentropy",
        metrics: str | Sequence[str] | None = (),
    ) -> None:
        """Choose optimizer, loss and metrics (`nnkit.metrics`, by name). The weights stay, as in Keras."""
        chosen = checked_optimizer(optimizer)
        judged = losses.resolve(loss, "compile: loss")
        check_ending(self.layers, judged)
        self._metrics = checked_metrics(metrics, judged)
        self._optimizer, self._loss = chosen, judged
        if (note := dropped(self.layers, judged)) is not None:
            print(f"compile: {note}.", file=sys.stderr)
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
        validation_data: tuple[ArrayLike, ...] | None = None,
        shuffle: bool = True,
        callbacks: Sequence[Callback] = (),
        validation_split: float = 0.0,
        class_weight: ClassWeight = None,
        sample_weight: ArrayLike | None = None,
        verbose: int | str = 0,
    ) -> History:
        """Train for ``epochs`` epochs, the last batch of each possibly shorter; return what happened.

        All arguments mean what they mean in Keras. ``validation_split`` holds out the end of the data.
        ``class_weight`` (by label, or "balanced") and ``sample_weight`` multiply the losses of the rows; the
        mean still divides by their number. ``verbose`` 1 or 2 prints a line for every epoch.
        """
        self._check_compiled("fit")
        check_fit(batch_size, epochs, shuffle)
        given = checked_callbacks(callbacks) + ((Progress(),) if prints(verbose, "fit") else ())
        program = self._trial_of().program
        parts = parts_of(
            self._checked, program.loss, program.output_shape, x, y,
            validation_data=validation_data, validation_split=validation_split,
            class_weight=class_weight, sample_weight=sample_weight,
        )  # fmt: skip
        data = parts.train
        # A larger batch than the data is the data: no memory is asked for what is not there.
        rows = min(int(batch_size), len(data))
        trial = self._trial_of(rows, weighted=parts.weighted)
        hooks = Hooks(self, given, epochs=int(epochs), metrics=self._counts_correct()) if given else None
        fit = Fit(
            trial,
            data,
            parts.validation,
            epochs=int(epochs),
            shuffle=shuffle,
            callbacks=() if hooks is None else (hooks,),
            batch_size=rows,
            metrics=self._metrics,
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
    def evaluate(
        self, x: ArrayLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None, verbose: int | str = 0
    ) -> dict[str, float]:
        """Return the mean loss over all samples, weighted if asked, and the metrics that are compiled in."""
        self._check_compiled("evaluate")
        trial, data = self._trial_of(), self._checked(x, y)
        found = measured(trial, data, (asked("loss"), *self._metrics))
        if sample_weight is not None:
            found["loss"] = weighted_loss(trial, data, sample_weight)
        if prints(verbose, "evaluate"):
            print(evaluated(found))
        return found

    @in_turn
    def predict(self, x: ArrayLike, *, batch_size: int | None = None, verbose: int | str = 0) -> Array:
        """Return the outputs: logits, or shares where the model ends in them. Nothing else moves them."""
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
        """Return the mean loss over the samples, penalties included, and the gradients of what is trained."""
        self._check_compiled("loss_and_gradients")
        trace = self.trace(x, y)
        return trace.loss, {n: trace.gradients[n] for n in self.parameters if n in trace.gradients}

    @in_turn
    def trace(self, x: ArrayLike, y: ArrayLike) -> Trace:
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
        unknown = next((name for name in values if name not in known), None)
        if unknown is not None:
            raise InvalidArgument(
                f"set_parameters: no parameter named {unknown!r}. There are: {', '.join(known)}."
            )
        assign(known, values, "set_parameters")

    def get_weights(self) -> list[Array]:
        """Return copies of all weights in Keras's order: layer by layer, running statistics behind."""
        return [value.copy() for value in self._weights().values()]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Overwrite all weights; they stand in the order of `get_weights`."""
        known = self._weights()
        if not isinstance(weights, list | tuple) or len(weights) != len(known):
            found = len(weights) if isinstance(weights, list | tuple) else repr(weights)
            raise InvalidArgument(f"set_weights: expected {len(known)} arrays in a list, found {found}.")
        assign(known, dict(zip(known, weights, strict=True)), "set_weights")

    @alone
    def replace_head(self, layer: Layer) -> None:
        """Put ``layer`` in the place of the last one, with first weights of its own; the others keep theirs.

        The optimizer starts anew. Freeze what stays by ``model.layers[i].trainable = False``.
        """
        if not isinstance(layer, Layer):
            raise InvalidArgument(f"replace_head: expected a layer such as Dense(10), found {layer!r}.")
        made = (*self.layers[:-1], layer)
        if self._loss is not None:
            check_ending(made, self._loss)
        self.layers = made
        top = [name for name, _ in named(made) if "/" not in name]
        self._new_layers = (top[-1],)
        self._is_stale, self._learners = True, {}

    def summary(self) -> str:
        """Print a table of the layers: output shape, parameters, trained or not; and return it.

        The first line counts layers as textbooks do: those that have weights.
        """
        note = None if self._loss is None else dropped(self.layers, self._loss)
        text = summarize(self.layers, self.program(batch_size=1)) + (f"\n{note}" if note else "")
        print(text)
        return text

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

    def how_far(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return how the model is trained and how far it has come, and the optimizer's slots by name.

        Nothing where it is not compiled, or where its optimizer is plain NumPy and keeps what it likes.
        """
        optimizer, loss = self._optimizer, self._loss
        if optimizer is None or loss is None or (trial := self._trial_of()).program.by_hand:
            return {}, {}
        schedule = optimizer.schedule
        facts = {
            "optimizer": optimizer.described(),
            "schedule": None if schedule is None else [schedule.record.name, dict(schedule.parameters)],
            "loss": loss.spelled,
            "metrics": [one.name for one in self._metrics],
            "frozen": list(frozen_names(self.layers)),
            "counts": trial.counts(),
        }
        regions = trial.program.plan.regions
        return facts, {name: trial.region(name) for name in regions if name.startswith("slot")}

    def go_on(self, facts: Mapping[str, Any]) -> dict[str, Array]:
        """Compile as `how_far` says, count on from there, and return the slots to be filled."""
        for name, one in named(self.layers):
            one.trainable = name not in facts["frozen"]
        name, parameters = facts["optimizer"]
        if facts["schedule"] is not None:
            kind, shape = facts["schedule"]
            parameters = {**parameters, "learning_rate": schedules.get(kind, **saving.tuples(shape))}
        self.compile(optimizers.get(name, **saving.tuples(parameters)), facts["loss"], facts["metrics"])
        trial = self._trial_of()
        trial.count_on(facts["counts"])
        regions = trial.program.plan.regions
        return {name: trial.region(name) for name in regions if name.startswith("slot")}

    # -- underneath --------------------------------------------------------------------------------

    @in_turn
    def program(self, *, batch_size: int = 32, keep_values: bool = False, weighted: bool = False) -> Program:
        """Return the compiled program."""
        check_count("program: batch_size", batch_size)
        return compile_program(
            self.layers,
            self.input_shape,
            self._loss or losses.get("mean_squared_error"),
            self._optimizer or optimizers.get("sgd"),
            dtype=self.dtype,
            batch_size=batch_size,
            keep_values=keep_values,
            weighted=weighted,
        )

    def _trial_of(self, batch_size: int = 1, *, weighted: bool | None = None) -> Trial:
        """Return the model's trial, with room for batches of ``batch_size``, and for weights or not."""
        trial, frozen = self._trial, frozen_names(self.layers)
        if frozen != self._frozen:
            self._frozen, self._is_stale, self._learners = frozen, True, {}
        is_other = trial is not None and weighted not in (None, trial.program.weighted)
        if trial is None or self._is_stale or is_other or batch_size > trial.program.batch_size:
            room = max(batch_size, _LEAST_ROOM)
            fresh = Trial(self.program(batch_size=room, weighted=bool(weighted)), self.seed)
            if trial is not None:
                fresh.take_over(trial, training=not self._is_stale, without=self._new_layers)
            self._trial, self._is_stale, self._new_layers = fresh, False, ()
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
        if program.loss.record.targets == "labels":
            return np.zeros((n, *program.loss.label_shape(program.output_shape)), dtype=np.int32)
        return np.zeros((n, *program.output_shape), dtype=self.dtype)

    def _check_compiled(self, verb: str) -> None:
        if self._loss is None:
            raise InvalidArgument(f"{verb}: the model has no loss yet. Call compile(optimizer, loss) first.")

    def _counts_correct(self) -> bool:
        return any(one.name == "accuracy" for one in self._metrics)


def load_model(path: str | Path) -> Sequential:
    """Return the model in ``path``: weights, running statistics, and the optimizer where it was.

    A model that was compiled is compiled again, and its next fit goes on where the last one ended.
    """
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
        training = saved.training()
        for name, slot in (model.go_on(training) if training else {}).items():
            saved.check("slot", name, slot.shape)
            slot[:] = saved.array("slot", name)
    return model
