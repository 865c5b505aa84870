"""An optimizer with its hyper-parameters, which can also be applied by hand, step after step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnkit.errors import InvalidArgument
from nnkit.jit import explained
from nnkit.kernels.update import LANES, clip_by_global_norm, clip_by_value
from nnkit.optimizers.groups import matrices, matrix_of
from nnkit.optimizers.optimizer import COMMON, DECAY, Optimizer, Sizes, as_number
from nnkit.registry import Value
from nnkit.schedules import BoundSchedule

Array = NDArray[Any]


@dataclass(slots=True)
class Memory:
    """What an optimizer remembers between steps when it is applied by hand."""

    step: int = 0
    slots: dict[str, tuple[Array, ...]] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)  # a plug-in's own


@dataclass(frozen=True, slots=True, eq=False)
class BoundOptimizer:
    """An optimizer with every hyper-parameter's value; a ``schedule`` replaces the learning rate.

    What is no matrix is its ``companion``'s, where it has one. The companion's rate follows the schedule too:
    it stays the same multiple of this one's.
    """

    record: Optimizer
    parameters: dict[str, Value]
    schedule: BoundSchedule | None = None
    memory: Memory = field(default_factory=Memory)
    companion: "BoundOptimizer | None" = None

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def decay(self) -> float:
        """The decay of the weights before the optimizer's step; 0 where the step itself makes it."""
        return as_number(self.parameters["weight_decay"]) if DECAY in self.record.hyperparameters else 0.0

    def members(self, shapes: Mapping[str, tuple[int, ...]]) -> "list[tuple[BoundOptimizer, list[str]]]":
        """Return every optimizer that moves some of these parameters, with their names in order."""
        own = list(shapes)
        if self.companion is not None:
            own = matrices(shapes, ends=self.parameters.get("ends") is not False)
        rest = {name: shape for name, shape in shapes.items() if name not in own}
        further = [] if self.companion is None else self.companion.members(rest)
        return [*([(self, own)] if own else []), *further]

    def share_of_rate(self, of: "BoundOptimizer") -> float:
        """Return what this optimizer's learning rate is as a multiple of another's."""
        return as_number(self.parameters["learning_rate"]) / as_number(of.parameters["learning_rate"])

    def apply(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        """Make one step: change the arrays of ``parameters`` in place. Call again for the next step."""
        _check_names(parameters, gradients, self.name)
        for name, array in parameters.items():
            _check_parameter(name, array, gradients[name], self.name)
        rate = self._rate(self.memory.step)
        self.memory.step += 1
        shapes = {name: array.shape for name, array in parameters.items()}
        for member, names in self.members(shapes):
            arrays = {name: parameters[name] for name in names}
            own = {
                name: np.ascontiguousarray(gradients[name], dtype=array.dtype)
                for name, array in arrays.items()
            }
            member.memory.step = self.memory.step
            member._move(arrays, own, rate * (1.0 if member is self else member.share_of_rate(self)))

    def _move(self, parameters: dict[str, Array], gradients: dict[str, Array], rate: float) -> None:
        gradients = _clipped(gradients, self.parameters)
        if self.decay:
            for array in parameters.values():
                array *= array.dtype.type(1.0 - rate * self.decay)
        if self.record.update is not None:
            # Copies, because an update may change its gradients too, and these may be the caller's own.
            own = {name: gradient.copy() for name, gradient in gradients.items()}
            update_by_hand(self, parameters, own, self.memory.state, self.memory.step, rate)
        elif self.record.over == "all" and not self.record.is_elementwise and parameters:
            self._call_for_all(parameters, gradients, rate)
        else:
            for name, array in parameters.items():
                self._call_kernel(name, array, gradients[name], rate)

    def _rate(self, step: int) -> float:
        return (
            as_number(self.parameters["learning_rate"]) if self.schedule is None else self.schedule.rate(step)
        )

    def _slots(self, name: str, array: Array, sizes: Sizes) -> tuple[Array, ...]:
        """Return the slots of a parameter, which stay with its name."""
        if name not in self.memory.slots:
            starts = self.record.start_values(self.parameters)
            self.memory.slots[name] = tuple(
                np.full(self.record.shape_of(slot, sizes), start, array.dtype)
                for slot, start in zip(self.record.slot_names, starts, strict=True)
            )
        slots = self.memory.slots[name]
        expected = [self.record.shape_of(slot, sizes) for slot in self.record.slot_names]
        if any(
            slot.shape != shape or slot.dtype != array.dtype
            for slot, shape in zip(slots, expected, strict=True)
        ):
            raise InvalidArgument(
                f"{self.name}: parameter {name!r} had {slots[0].size} values of {slots[0].dtype} in earlier"
                f" steps, found {array.size} of {array.dtype}. Take a new optimizer for another model."
            )
        return slots

    def _call_for_all(self, parameters: dict[str, Array], gradients: dict[str, Array], rate: float) -> None:
        """Call a kernel that sees all parameters at once, as one vector of their common type."""
        whole = np.concatenate([array.reshape(-1) for array in parameters.values()])
        slopes = np.concatenate([gradient.reshape(-1) for gradient in gradients.values()])
        self._call_kernel("", whole, slopes, rate)
        start = 0
        for array in parameters.values():
            array[...] = whole[start : start + array.size].reshape(array.shape)
            start += array.size

    def _call_kernel(self, name: str, array: Array, gradient: Array, rate: float) -> None:
        assert self.record.kernel is not None, self.name
        rows, columns = matrix_of(array.shape) if self.record.over == "matrix" else (1, array.size)
        sizes = Sizes(rows, columns, 64 // array.dtype.itemsize)
        shape = self.record.shape_of("p", sizes)
        own = np.ascontiguousarray(array).reshape(shape)
        slots = self._slots(name, array, sizes)
        scratch = [
            np.empty(self.record.shape_of(one, sizes), self.record.type_of(one, array.dtype))
            for one in self.record.scratch
        ]
        scalars = self.record.scalars(self.parameters)
        with explained(f"optimizer {self.name!r}", self.record.kernel):
            step = self.memory.step
            self.record.kernel(own, gradient.reshape(shape), *slots, *scratch, rate, step, *scalars)
        if not np.shares_memory(own, array):
            array[...] = own.reshape(array.shape)


def update_by_hand(
    optimizer: BoundOptimizer, parameters: Mapping[str, Array], gradients: Mapping[str, Array],
    state: dict[str, Any], step: int, rate: float,
) -> None:  # fmt: skip
    """Make the step of an optimizer in plain NumPy, whose state the caller keeps.

    A parameter that the update replaces by another array takes its values, if it has the same shape.
    """
    assert optimizer.record.update is not None, optimizer.name
    shared = {"learning_rate", *(hyper.name for hyper in optimizer.record.hyperparameters if hyper in COMMON)}
    own = {name: value for name, value in optimizer.parameters.items() if name not in shared}
    given = dict(parameters)
    returned = optimizer.record.update(given, dict(gradients), state, step, rate, **own)
    if returned is not None and returned is not given:
        raise _not_in_place(optimizer, f"it returns a {type(returned).__name__}, which nothing reads")
    if given.keys() != parameters.keys():
        changed = sorted(map(str, given.keys() ^ parameters.keys()))
        raise _not_in_place(optimizer, f"it adds or removes {', '.join(map(repr, changed))}")
    moved = {name: array for name, array in given.items() if array is not parameters[name]}
    for name, array in moved.items():
        if not _can_stand_for(array, parameters[name]):
            raise _not_in_place(
                optimizer, f"it replaces {name!r}, {_kind(parameters[name])}, by {_kind(array)}"
            )
    # All are copied before any is written: one parameter may have been given another's array.
    for name, array in {name: array.copy() for name, array in moved.items()}.items():
        parameters[name][...] = array


def _can_stand_for(array: object, parameter: Array) -> bool:
    return isinstance(array, np.ndarray) and array.dtype.kind in "fiu" and array.shape == parameter.shape


def _kind(value: object) -> str:
    return f"{value.dtype} of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__


def _not_in_place(optimizer: BoundOptimizer, found: str) -> InvalidArgument:
    return InvalidArgument(
        f"optimizer {optimizer.name!r}: its update must change the arrays of params in place, but {found}."
        " Write params[name] -= … or params[name][...] = … for every name."
    )


def _check_names(parameters: Mapping[str, Array], gradients: Mapping[str, Array], where: str) -> None:
    if set(parameters) != set(gradients):
        raise InvalidArgument(
            f"{where}: parameters and gradients must have the same names, found {sorted(parameters)} and"
            f" {sorted(gradients)}. Give one gradient for each parameter."
        )


def _check_parameter(name: str, array: Array, gradient: Array, where: str) -> None:
    if not isinstance(array, np.ndarray) or array.dtype not in (np.float32, np.float64):
        kind = getattr(array, "dtype", type(array).__name__)
        raise InvalidArgument(
            f"{where}: parameter {name!r} must be a float32 or float64 array, found {kind}. Convert it."
        )
    if not array.flags.writeable:
        raise InvalidArgument(f"{where}: parameter {name!r} is read-only; a step changes it. Give a copy.")
    if np.shape(gradient) != array.shape:
        raise InvalidArgument(
            f"{where}: the gradient of {name!r} must have shape {array.shape}, found {np.shape(gradient)}."
        )


def _clipped(gradients: dict[str, Array], parameters: Mapping[str, Value]) -> dict[str, Array]:
    """Return the gradients within the limits; the caller's arrays stay as they are."""
    value_limit, norm_limit = parameters["clipvalue"], parameters["global_clipnorm"]
    if (value_limit is None and norm_limit is None) or not gradients:
        return gradients
    flat = np.concatenate([gradient.reshape(-1) for gradient in gradients.values()])
    if value_limit is not None:
        clip_by_value(flat, as_number(value_limit))
    if norm_limit is not None:
        clip_by_global_norm(flat, np.zeros(LANES), as_number(norm_limit))
    ends = np.cumsum([gradient.size for gradient in gradients.values()])[:-1]
    pieces = np.split(flat, ends)
    return {
        name: piece.reshape(gradient.shape).astype(gradient.dtype, copy=False)
        for (name, gradient), piece in zip(gradients.items(), pieces, strict=True)
    }
