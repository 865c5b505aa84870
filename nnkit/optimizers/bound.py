"""An optimizer with its hyper-parameters, which can also be applied by hand, step after step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nnkit.entries import call
from nnkit.errors import InvalidArgument
from nnkit.jit import Kernel, explained
from nnkit.optimizers import expression
from nnkit.optimizers.arrays import (
    Array,
    can_stand_for,
    check_names,
    check_parameter,
    clipped,
    joined,
    kind_of,
    split_as,
)
from nnkit.optimizers.groups import matrices, matrix_of
from nnkit.optimizers.optimizer import COMMON, Optimizer, Sizes, as_number, scalar_names, takes_length
from nnkit.optimizers.wrappers.wrapper import START, Stage, Wrapper, stage_of
from nnkit.registry import Value
from nnkit.schedules import BoundSchedule


@dataclass(slots=True)
class Memory:
    """What an optimizer remembers between steps when it is applied by hand."""

    step: int = 0
    n_steps: int = 0  # that there will be in all; 0: nobody says
    slots: dict[str, tuple[Array, ...]] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)  # a plug-in's own


Gradients = Mapping[str, Array] | Callable[[Mapping[str, Array]], Mapping[str, Array]]


@dataclass(frozen=True, slots=True, eq=False)
class BoundWrapper:
    """A wrapper with every hyper-parameter's value, and what it remembers where it is applied by hand.

    of_pair     whether it goes around an optimizer and its companion, and not around the first alone
    """

    record: Wrapper
    parameters: dict[str, Value]
    of_pair: bool = True
    memory: Memory = field(default_factory=Memory)

    def stage(self, name: Stage) -> "BoundOptimizer | None":
        """Return one of the wrapper's kernels as what is called over parameters, gradients and slots."""
        record = stage_of(self.record, name)
        return None if record is None else BoundOptimizer(record, self.parameters, memory=self.memory)

    def around(self, optimizer: "BoundOptimizer") -> "BoundOptimizer":
        """Return the optimizer with this wrapper around it; its memory is new."""
        wrapped = optimizer.without(self.record.sees_decay)
        return replace(wrapped, wrappers=(*optimizer.wrappers, self), memory=Memory())


@dataclass(frozen=True, slots=True)
class Around:
    """A wrapper, the parameters it goes around, and their learning rate as a multiple of the first's."""

    wrapper: BoundWrapper
    names: list[str]
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class BoundOptimizer:
    """An optimizer with every hyper-parameter's value; a ``schedule`` replaces the learning rate.

    What is no matrix is its ``companion``'s, where it has one. The companion's rate follows the schedule too:
    it stays the same multiple of this one's. ``wrappers`` stand from the innermost to the outermost.
    """

    record: Optimizer
    parameters: dict[str, Value]
    schedule: BoundSchedule | None = None
    memory: Memory = field(default_factory=Memory)
    companion: "BoundOptimizer | None" = None
    wrappers: tuple[BoundWrapper, ...] = ()
    decays_before: bool = False  # what the kernel could decay itself is decayed before its step

    @property
    def name(self) -> str:
        """The name by which it was chosen, without options."""
        return self.record.name

    @property
    def decay(self) -> float:
        """The decay of the weights before the optimizer's step; 0 where the step itself makes it."""
        is_before = self.decays_before or self.record.decays_before
        return as_number(self.parameters["weight_decay"]) if is_before else 0.0

    def is_spared(self, name: str) -> bool:
        """Say whether a parameter of this name is left out of the decay."""
        words = self.parameters.get("exclude")
        return words is not None and any(word in name for word in str(words).split("|"))

    def scalars(self, name: str = "") -> dict[str, float]:
        """Return the hyper-parameters as the kernel takes them, for a parameter where it sees one alone."""
        assert self.record.kernel is not None, self.name
        names = scalar_names(self.record.kernel)
        found = dict(zip(names, self.record.scalars(self.parameters), strict=True))
        is_apart = self.decays_before or ("weight_decay" in found and self.is_spared(name))
        return {**found, "weight_decay": 0.0} if is_apart else found

    def without(self, decay: bool) -> "BoundOptimizer":
        """Return the optimizer, with its decoupled decay made before its step unless ``decay``."""
        if decay:
            return self
        companion = self.companion and self.companion.without(decay)
        # A decay that does not go by the rate alone is the kernel's business.
        moves = self.record.decays and self.parameters.get("decay_scaling", "rate") == "rate"
        return replace(self, companion=companion, decays_before=self.decays_before or moves)

    def paired(self, second: "BoundOptimizer") -> "BoundOptimizer":
        """Return this optimizer for matrices and ``second`` for the rest."""
        alone = tuple(replace(one, of_pair=False) for one in self.wrappers)
        return replace(self, companion=second, wrappers=alone, memory=Memory())

    def described(self) -> tuple[str, dict[str, Value]]:
        """Return what `nnkit.optimizers.get` makes this optimizer of, but for its schedule."""
        if self.companion is None and not self.wrappers:
            return self.name, dict(self.parameters)
        return expression.spell(self._expression(self.companion is not None)), {}

    def _expression(self, is_paired: bool) -> expression.Expression:
        found: expression.Expression = expression.Choice(self.name, self.parameters)
        alone = [one for one in self.wrappers if not one.of_pair or not is_paired]
        for one in alone:
            found = expression.Wrapped(one.record.name, found, one.parameters)
        if self.companion is not None:
            found = expression.Pair(found, self.companion._expression(self.companion.companion is not None))
        for one in self.wrappers[len(alone) :]:
            found = expression.Wrapped(one.record.name, found, one.parameters)
        return found

    def members(self, shapes: Mapping[str, tuple[int, ...]]) -> "list[tuple[BoundOptimizer, list[str]]]":
        """Return every optimizer that moves some of these parameters, with their names in order."""
        own, rest = self._parted(shapes)
        own = sorted(own, key=self.is_spared)  # those that are decayed lie side by side
        further = [] if self.companion is None else self.companion.members(rest)
        return [*([(self, own)] if own else []), *further]

    def around(self, shapes: Mapping[str, tuple[int, ...]]) -> list[Around]:
        """Return every wrapper that goes around some of these parameters, outer ones first."""
        return self._around(shapes, self)

    def _around(self, shapes: Mapping[str, tuple[int, ...]], first: "BoundOptimizer") -> list[Around]:
        own, rest = self._parted(shapes)
        share = self.share_of_rate(first)
        of = {True: [name for _, names in self.members(shapes) for name in names], False: own}
        found = [Around(one, of[one.of_pair], share) for one in reversed(self.wrappers) if of[one.of_pair]]
        return found + ([] if self.companion is None else self.companion._around(rest, first))

    def _parted(self, shapes: Mapping[str, tuple[int, ...]]) -> tuple[list[str], dict[str, tuple[int, ...]]]:
        """Return the names of what this optimizer moves itself, and what is left to its companion."""
        own = list(shapes)
        if self.companion is not None:
            own = matrices(shapes, ends=self.parameters.get("ends") is not False)
        return own, {name: shape for name, shape in shapes.items() if name not in own}

    def share_of_rate(self, of: "BoundOptimizer") -> float:
        """Return what this optimizer's learning rate is as a multiple of another's."""
        return as_number(self.parameters["learning_rate"]) / as_number(of.parameters["learning_rate"])

    def apply(self, parameters: Mapping[str, Array], gradients: Gradients) -> None:
        """Make one step: change the arrays of ``parameters`` in place. Call again for the next step.

        In place of the gradients a function of the parameters may be given that returns them: a wrapper such
        as sam asks it for those at a second point.
        """
        at = gradients if callable(gradients) else None
        found = self._checked(parameters, gradients(parameters) if callable(gradients) else gradients)
        rate = self._rate(self.memory.step)
        self.memory.step += 1
        shapes = {name: array.shape for name, array in parameters.items()}
        around = self.around(shapes)
        for one in around:
            _check_by_hand(one.wrapper, has_function=at is not None)
            one.wrapper.memory.step = self.memory.step
            if (away := one.wrapper.stage("away")) is not None and at is not None:
                start = {name: parameters[name].copy() for name in one.names}
                away.call(parameters, found, one.names, rate * one.share)
                found = self._checked(parameters, at(parameters))
                for name, array in start.items():
                    parameters[name][...] = array
        for one in around:
            if (before := one.wrapper.stage("before")) is not None:
                before.call(parameters, found, one.names, rate * one.share)
        members = [
            (one, names, rate * (1.0 if one is self else one.share_of_rate(self)))
            for one, names in self.members(shapes)
        ]
        start = {name: array.copy() for name, array in parameters.items()} if around else {}
        for member, names, own_rate in members:
            member.memory.step = self.memory.step
            found |= clipped({name: found[name] for name in names}, member.parameters)
            if member.decay:
                for name in (one for one in names if not member.is_spared(one)):
                    parameters[name][...] *= parameters[name].dtype.type(1.0 - own_rate * member.decay)
        decayed = {name: array.copy() for name, array in parameters.items()} if around else {}
        for member, names, own_rate in members:
            member.call(parameters, found, names, own_rate)
        for one in reversed(around):
            if (after := one.wrapper.stage("after")) is not None:
                seen = start if one.wrapper.record.sees_decay else decayed
                after.call(parameters, found, one.names, rate * one.share, seen)

    def expect(self, n_steps: int) -> None:
        """Say how many steps there will be in all, which an average over the last of them must know."""
        for one in self.wrappers:
            one.memory.n_steps = n_steps
        if self.companion is not None:
            self.companion.expect(n_steps)

    def view(self, parameters: Mapping[str, Array]) -> dict[str, Array]:
        """Return what is to be evaluated after the steps that were made: the parameters, or an average."""
        seen = {name: np.array(array, order="C") for name, array in parameters.items()}
        if self.memory.step == 0:
            return seen
        shapes = {name: array.shape for name, array in seen.items()}
        for member, names in self.members(shapes):
            if member.record.view is not None:
                member._write_view(member.record.view, seen, names)
        for one in reversed(self.around(shapes)):
            if (view := one.wrapper.record.view) is not None:
                after = one.wrapper.stage("after")
                assert after is not None, one.wrapper.record.name
                after._write_view(view, seen, one.names)
        return seen

    def _write_view(self, view: Kernel, parameters: dict[str, Array], names: Sequence[str]) -> None:
        length = (self.memory.n_steps,) if takes_length(view) else ()
        scalars = (*length, *self.record.scalars(self.parameters, view))
        is_whole = self.record.over == "all" and not self.record.is_elementwise
        whole = joined({name: parameters[name] for name in names})
        at = 0
        for name in names:
            size = parameters[name].size
            if not is_whole:
                slots = (slot.reshape(-1) for slot in self.memory.slots[name])
                call(f"{self.name}_view", view, whole[at : at + size], *slots, self.memory.step, *scalars)
            at += size
        if is_whole:
            call(f"{self.name}_view", view, whole, *self.memory.slots[""], self.memory.step, *scalars)
        for name, piece in split_as(whole, {name: parameters[name] for name in names}).items():
            parameters[name][...] = piece

    def _checked(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> dict[str, Array]:
        """Return copies of the gradients, which kernels may change, in the types of the parameters."""
        check_names(parameters, gradients, self.name)
        for name, array in parameters.items():
            check_parameter(name, array, gradients[name], self.name)
        return {
            name: np.array(gradients[name], dtype=array.dtype, order="C")
            for name, array in parameters.items()
        }

    def call(
        self, parameters: Mapping[str, Array], gradients: dict[str, Array], names: Sequence[str], rate: float,
        start: Mapping[str, Array] | None = None,
    ) -> None:  # fmt: skip
        """Call the kernel, or the function in NumPy, for the parameters of these names."""
        arrays = {name: parameters[name] for name in names}
        slopes = {name: gradients[name] for name in names}
        if self.record.update is not None:
            update_by_hand(self, arrays, slopes, self.memory.state, self.memory.step, rate)
        elif self.record.over == "all" and not self.record.is_elementwise and arrays:
            self._call_for_all(arrays, slopes, rate, start)
        else:
            for name, array in arrays.items():
                self._call_kernel(name, array, slopes[name], rate, None if start is None else start[name])

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

    def _call_for_all(
        self, parameters: dict[str, Array], gradients: dict[str, Array], rate: float,
        start: Mapping[str, Array] | None,
    ) -> None:  # fmt: skip
        """Call a kernel that sees all parameters at once, as one vector of their common type."""
        whole, slopes = joined(parameters), joined(gradients)
        before = None if start is None else joined({name: start[name] for name in parameters})
        self._call_kernel("", whole, slopes, rate, before)
        for moved, given in ((whole, parameters), (slopes, gradients)):
            for name, piece in split_as(moved, given).items():
                given[name][...] = piece

    def _call_kernel(
        self, name: str, array: Array, gradient: Array, rate: float, start: Array | None = None
    ) -> None:
        assert self.record.kernel is not None, self.name
        rows, columns = matrix_of(array.shape) if self.record.over == "matrix" else (1, array.size)
        sizes = Sizes(rows, columns, 64 // array.dtype.itemsize)
        shape = self.record.shape_of("p", sizes)
        own = np.ascontiguousarray(array).reshape(shape)
        slots = self._slots(name, array, sizes)
        scratch = [
            np.empty(self.record.shape_of(one, sizes), self.record.type_of(one, array.dtype))
            if one != START or start is None
            else start.reshape(shape)
            for one in self.record.scratch
        ]
        length = (self.memory.n_steps,) if takes_length(self.record.kernel) else ()
        scalars = (*length, *self.scalars(name).values())
        with explained(f"optimizer {self.name!r}", self.record.kernel):
            step = self.memory.step
            given = own, gradient.reshape(shape), *slots, *scratch, rate, step, *scalars
            call(f"{self.name}_update", self.record.kernel, *given)
        if not np.shares_memory(own, array):
            array[...] = own.reshape(array.shape)


def _check_by_hand(wrapper: BoundWrapper, *, has_function: bool) -> None:
    """Refuse what only a model can give, or a function in place of the gradients."""
    record = wrapper.record
    if record.away is not None and not has_function:
        raise InvalidArgument(
            f"{record.name}: needs the gradients at a second point, found only those at the first. Compile a"
            " model with it, or give apply() a function of the parameters that returns their gradients."
        )
    needs_length = record.after is not None and takes_length(record.after)
    if needs_length and not wrapper.memory.n_steps and wrapper.parameters["from_step"] is None:
        raise InvalidArgument(
            f"{record.name}: by hand nobody says how many steps there will be. Call expect(n_steps) first, or"
            f" give it a from_step, the first step of the mean, as in {record.name}(sgd, from_step=100)."
        )


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
        if not can_stand_for(array, parameters[name]):
            raise _not_in_place(
                optimizer, f"it replaces {name!r}, {kind_of(parameters[name])}, by {kind_of(array)}"
            )
    # All are copied before any is written: one parameter may have been given another's array.
    for name, array in {name: array.copy() for name, array in moved.items()}.items():
        parameters[name][...] = array


def _not_in_place(optimizer: BoundOptimizer, found: str) -> InvalidArgument:
    return InvalidArgument(
        f"optimizer {optimizer.name!r}: its update must change the arrays of params in place, but {found}."
        " Write params[name] -= … or params[name][...] = … for every name."
    )
