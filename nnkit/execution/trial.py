"""One trial of a compiled program: its arena, its itinerary, and the calls into machine code."""

import hashlib
import time
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.compiler.encode import Table
from nnkit.compiler.program import Program
from nnkit.execution import driver
from nnkit.execution.cells import address_in, fixed_of, model_region, slot_region, weights_in
from nnkit.jit import Entry, function_at
from nnkit.ops import (
    BATCH_ROWS,
    EPOCH,
    EVALUATION,
    KEY,
    N_STEPS,
    ORDER,
    PENALTY,
    ROWS,
    STEP,
    STOP,
    TOTALS,
    VIEW,
    Buffer,
    W,
    X,
    Y,
    in_batch,
)

Array = NDArray[Any]
STATUS_NAMES = ("done", "diverged", "stopped")


@dataclass(frozen=True, slots=True)
class Data:
    """Samples and targets in the types that a program reads; checked by the caller.

    ``weights`` has one number for every row of the loss, for programs that multiply by them; None: all are 1.
    """

    x: Array
    y: Array
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True)
class Segment:
    """What a stretch of training left: up to which step, and why it ended there."""

    status: str
    step: int


class Trial:
    """A program with an arena of its own, trained on one data set under one seed.

    The same trial object may be entered by one thread at a time. ``stop()`` may be called from any.
    """

    def __init__(self, program: Program, seed: int) -> None:
        self.program = program
        self._fixed = fixed_of(program)
        # 64 bytes of slack: a vector load from an aligned arena never straddles two cache lines.
        n_words = program.plan.arena_bytes // 8
        block = np.zeros(n_words + 8 + driver.ITINERARY_CELLS + 2, dtype=np.int64)
        at = address_in(block)
        skip = -at % 64 // 8
        self._base, self._cells_at = at + 8 * skip, at + 8 * (skip + n_words)
        self._header = block[skip : skip + 32]
        self.arena: NDArray[np.uint8] = block[skip : skip + n_words].view(np.uint8)
        self._itinerary = block[skip + n_words : skip + n_words + driver.ITINERARY_CELLS]
        np.multiply(self._fixed.counts, self._base, out=self._itinerary)
        self._itinerary += self._fixed.cells
        self._block = block
        self._training: tuple[Any, ...] = ()  # arrays that the itinerary points into stay alive
        self._evaluation: tuple[Any, ...] = ()
        # Of optimizers in plain NumPy, in the order of the program's groups.
        self.optimizer_states: list[dict[str, Any]] = [{} for _ in program.by_hand]
        self._shown: Array | None = None  # the parameters as the driver left them in an evaluation view
        self._header[KEY] = seed
        self._run_once(program.tables["initial"])
        for buffer, draw in program.drawn.items():
            values = self.view(buffer)
            values[...] = draw(seed).reshape(values.shape)

    # -- values ------------------------------------------------------------------------------------

    def view(self, buffer: Buffer, rows: int | None = None) -> Array:
        """Return the live values of ``buffer``; ``rows`` is the batch they belong to."""
        shape = in_batch(buffer.shape, rows or self.program.batch_size)
        names = {"real": self.program.dtype, "double": "float64", "int32": "int32", "uint32": "uint32"}
        kind = np.dtype(names[buffer.type])
        start = self.program.plan.offsets[buffer]
        size = prod(shape) * kind.itemsize
        return self.arena[start : start + size].view(kind).reshape(shape)

    def region(self, name: str) -> Array:
        """Return a region of the arena (``"parameters"``, ``"gradients"``, ``"slot 0"`` …) as one vector."""
        start, size = self.program.plan.regions[name]
        return self.arena[start : start + size].view(self.program.dtype)

    def parameters(self) -> dict[str, Array]:
        return {name: self.view(buffer) for name, buffer in self.program.parameters.items()}

    def gradients(self) -> dict[str, Array]:
        return {name: self.view(buffer) for name, buffer in self.program.gradients.items()}

    def model_vector(self) -> Array:
        """Return parameters and states, which lie side by side, as one live vector of bytes."""
        start, size = model_region(self.program)
        return self.arena[start : start + size]

    def slot_vector(self) -> Array:
        """Return the optimizer's slots, which lie side by side, as one live vector of bytes."""
        start, size = slot_region(self.program)
        return self.arena[start : start + size]

    def is_finite(self) -> bool:
        """Return whether weights, states and the optimizer's slots are all finite."""
        vectors = (self.model_vector(), self.slot_vector())
        return all(np.isfinite(vector.view(self.program.dtype)).all() for vector in vectors)

    def digest(self) -> str:
        """Return the SHA-256 of all parameters, and then of the states, as their bytes lie in memory."""
        sha = hashlib.sha256()
        for span in self._fixed.spans:
            sha.update(self.arena[span].data)
        return sha.hexdigest()

    def take_over(self, other: "Trial", *, training: bool, without: Container[str] = ()) -> None:
        """Copy the model of ``other``, and with ``training`` also how far its optimizer has come.

        ``without`` names layers that keep their own first values.
        """
        for kind in ("parameters", "states"):
            known: dict[str, Buffer] = getattr(other.program, kind)
            for name, buffer in getattr(self.program, kind).items():
                if name in known and name.partition("/")[0] not in without:
                    self.view(buffer)[...] = other.view(known[name])
        if training:
            for region in self.program.plan.regions:
                if region.startswith("slot"):
                    self.region(region)[:] = other.region(region)
            self._header[[STEP, EPOCH, VIEW]] = other._header[[STEP, EPOCH, VIEW]]
            self.optimizer_states, self._shown = other.optimizer_states, other._shown

    def counts(self) -> list[int]:
        """Return the steps and epochs made, as the header keeps them, and 1 where this is a view."""
        made = [int(self._header[STEP]), int(self._header[EPOCH])]
        return [*made, 1] if self._is_in_view() else made

    def count_on(self, counts: Sequence[int]) -> None:
        """Go on counting from what `counts` returned."""
        self._header[[STEP, EPOCH, VIEW][: len(counts)]] = counts

    def _is_in_view(self) -> bool:
        """Say whether the parameters are what the optimizer shows, and nobody has changed them since."""
        if not self._header[VIEW]:
            return False
        return self._shown is None or np.array_equal(self.region("parameters"), self._shown)

    def enter_view(self) -> None:
        """Put what is evaluated in the place of what is trained; nothing where that is the same."""
        if self.program.sequences.enter_view:
            self._call(driver.ENTER_VIEW)
            self._shown = self.region("parameters").copy()

    # -- running -----------------------------------------------------------------------------------

    def attach_training(
        self,
        data: Data,
        *,
        rates: NDArray[np.float64],
        order: int = driver.RESHUFFLE,
        batch_size: int | None = None,
    ) -> None:
        """Say what to train on: one rate per step, how the samples are ordered, and how many make a batch.

        Steps and epochs are counted on from what the trial has trained before.
        """
        # What was set between two fits is trained on, and not what the view has kept.
        self._header[VIEW] = self._is_in_view()
        self._shown = None
        n, weights = len(data), weights_in(self.program, len(data), data.weights)
        self.rates = np.ascontiguousarray(rates, dtype=np.float64)
        n_words = max(4, -(-n // 4) * 4)
        totals_cells = driver.STEP_COLUMNS * len(rates)
        # One block of memory: to ask where an array lies takes longer than to make it.
        room = np.empty(totals_cells + (n + n_words + 1) // 2)
        at = address_in(room)
        self.step_totals = room[:totals_cells].reshape(-1, driver.STEP_COLUMNS)
        self.step_totals.fill(np.nan)
        room[totals_cells:].view(np.int32)[:n] = np.arange(n, dtype=np.int32)
        order_at = at + 8 * totals_cells
        self._set(
            {
                driver.X_TRAIN_AT: address_in(data.x),
                driver.Y_TRAIN_AT: address_in(data.y),
                driver.W_TRAIN_AT: address_in(weights),
                driver.N_TRAIN: n,
                driver.BATCH_SIZE: batch_size or self.program.batch_size,
                driver.ORDER_AT: order_at,
                driver.WORDS_AT: order_at + 4 * n,
                driver.ORDER_MODE: order,
                driver.N_STEPS: len(rates),
                driver.RATES_AT: address_in(self.rates),
                driver.STEP_OUT: at,
                driver.EARLIER_STEPS: self.steps_done,
                driver.EARLIER_EPOCHS: int(self._header[EPOCH]) + 1 if self.steps_done else 0,
                driver.TRAIN_S: 0,
                driver.N_EVAL: 0,
            }
        )
        self._header[N_STEPS] = self.steps_done + len(rates)
        self._training = data, weights, room

    def attach_evaluation(self, data: Data, *, every: int, n_evaluations: int = 1) -> None:
        """Say what to evaluate on, and after how many steps each time."""
        weights = weights_in(self.program, len(data), data.weights)
        identity = np.arange(len(data), dtype=np.int32)
        self.evaluations = np.full((max(1, n_evaluations), driver.EVAL_COLUMNS), np.nan)
        self._set(
            {
                driver.X_EVAL_AT: address_in(data.x),
                driver.Y_EVAL_AT: address_in(data.y),
                driver.W_EVAL_AT: address_in(weights),
                driver.N_EVAL: len(data),
                driver.EVAL_BATCH: self.program.eval_batch,
                driver.EVAL_ORDER_AT: address_in(identity),
                driver.EVAL_EVERY: every,
                driver.EVAL_OUT: address_in(self.evaluations),
                driver.N_EVALS: 0,
            }
        )
        self._evaluation = data, weights, identity
        if self.program.probes.n_cells:
            self._attach_probes(n_evaluations + 1)

    def _attach_probes(self, n_rows: int) -> None:
        """Make room for what the probes find: a row before training, and one for every evaluation."""
        probes = self.program.probes
        self.probe_rows = np.full((n_rows, probes.n_cells), np.nan)
        start, size = self.program.plan.regions["probes"]
        self.arena[start : start + size] = 0
        self._header[EVALUATION] = 0
        self._set({driver.PROBE_OUT: address_in(self.probe_rows), driver.N_PROBE_ROWS: n_rows})

    def run_table(self, name: str) -> None:
        """Run the ops of one sequence, where the driver does not."""
        self._run_once(self.program.tables[name])

    def train(self, first_step: int, last_step: int) -> Segment:
        """Run steps ``first_step`` up to ``last_step``, without the interpreter and without the GIL."""
        self._set({driver.FIRST_STEP: first_step, driver.LAST_STEP: last_step})
        self._call(driver.DRIVE)
        segment = Segment(
            STATUS_NAMES[self._itinerary[driver.STATUS]], int(self._itinerary[driver.STOPPED_AT])
        )
        if segment.status == "stopped":
            self._header[STOP] = 0
        if self._header[VIEW]:
            self._shown = self.region("parameters").copy()
        return segment

    def evaluate(self) -> tuple[float, float]:
        """Return the mean loss and the share of samples predicted correctly, over the evaluation data."""
        self._call(driver.EVALUATE)
        return float(self.evaluations[0, 1]), float(self.evaluations[0, 2])

    def evaluate_on(self, data: Data) -> tuple[float, float]:
        """Evaluate on other data; what a fit in progress evaluates on stays attached, and its probes."""
        cells, looks = self._itinerary.copy(), int(self._header[EVALUATION])
        kept = {name: getattr(self, name, None) for name in ("evaluations", "_evaluation", "probe_rows")}
        self.attach_evaluation(data, every=0)
        result = self.evaluate()
        self._itinerary[:], self._header[EVALUATION] = cells, looks
        vars(self).update(kept)
        return result

    def evaluate_after(self, step: int) -> None:
        """Evaluate now, and keep the row as the driver keeps those of its own evaluations."""
        row = self.evaluations[self.n_evaluations]
        self._set({driver.EVAL_OUT: address_in(row)})
        self._call(driver.EVALUATE)
        row[0], row[3] = step, self.train_s
        self._set({driver.EVAL_OUT: address_in(self.evaluations), driver.N_EVALS: self.n_evaluations + 1})

    @contextmanager
    def training_time(self) -> Iterator[None]:
        """Count what the block does, between two calls of the driver, as training."""
        began_s = time.perf_counter()
        yield
        self._itinerary[driver.TRAIN_S : driver.TRAIN_S + 1].view(np.float64)[0] += (
            time.perf_counter() - began_s
        )

    def predict(self, x: Array) -> Array:
        """Return the model's outputs for every sample of ``x``."""
        outputs = np.empty((len(x), *self.program.output_shape), dtype=self.program.dtype)
        order = np.arange(len(x), dtype=np.int32)
        batch = self.program.predict_rows
        for start in range(0, len(x), batch):
            rows = min(batch, len(x) - start)
            self._point_at(x, None, None, order[start : start + rows])
            self._run_once(self.program.tables["predict"])
            outputs[start : start + rows] = self.view(self.program.outputs, rows)
        return outputs

    def run_batch(self, data: Data, table: Table | None = None) -> float:
        """Run one table (the training ops by default) on ``data`` as one batch.

        Return the mean loss, penalties included.
        """
        order = np.arange(len(data), dtype=np.int32)
        weights = weights_in(self.program, len(data), data.weights)
        self._point_at(data.x, data.y, weights, order)
        numbers = self._header.view(np.float64)
        numbers[PENALTY] = 0.0
        self._run_once(table or self.program.tables["train"])
        return float(numbers[TOTALS] / len(data) + numbers[PENALTY])

    def stop(self) -> None:
        """Ask the driver to return after the step it is in."""
        self._header[STOP] = 1

    @property
    def n_evaluation_samples(self) -> int:
        return int(self._itinerary[driver.N_EVAL])

    @property
    def n_probe_rows(self) -> int:
        """How often the probes have looked so far."""
        return int(self._header[EVALUATION]) if self.program.probes.n_cells else 0

    @property
    def n_evaluations(self) -> int:
        return int(self._itinerary[driver.N_EVALS])

    @property
    def train_s(self) -> float:
        """Seconds of training until now, evaluation excluded."""
        return float(self._itinerary[driver.TRAIN_S : driver.TRAIN_S + 1].view(np.float64)[0])

    @property
    def steps_done(self) -> int:
        return int(self._header[STEP])

    # -- machine code ------------------------------------------------------------------------------

    def _point_at(self, x: Array, y: Array | None, weights: Array | None, order: NDArray[np.int32]) -> None:
        self._header[[ROWS, BATCH_ROWS]] = len(order)
        for cell, array in ((X, x), (Y, y), (W, weights), (ORDER, order)):
            self._header[cell : cell + 2] = (address_in(array), array.size) if array is not None else (0, 0)

    def _run_once(self, table: Table) -> None:
        # The driver reads the head of a table as the first cells of an itinerary.
        self._call(driver.RUN_ONCE, cells_at=table.head_at)

    def _call(self, entry: Entry, *, cells_at: int | None = None) -> None:
        function_at(entry.address("float64"))(self._base, cells_at or self._cells_at)

    def _set(self, cells: Mapping[int, int]) -> None:
        for cell, value in cells.items():
            self._itinerary[cell] = value
