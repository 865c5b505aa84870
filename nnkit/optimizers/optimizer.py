"""The record of an optimizer, and the hyper-parameters that all of them share."""

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

import numpy as np

from nnkit.errors import InvalidArgument
from nnkit.jit import Kernel
from nnkit.registry import Component, Hyper, Part, Value


@dataclass(frozen=True, slots=True)
class NameList(Hyper):
    """A hyper-parameter that is a list of words, spelled ``bias|gamma``; in Python a tuple will do."""

    def check(self, value: Any, where: str) -> Value:
        if value is None and self.optional:
            return None
        listed = value.split("|") if isinstance(value, str) else value
        words = listed if isinstance(listed, list | tuple) else ()
        if not words or not all(isinstance(word, str) and _WORD.fullmatch(word) for word in words):
            raise InvalidArgument(
                f"{where}: {self.name} must be words parted by '|', found {value!r}. Try 'bias|gamma|beta'."
            )
        return "|".join(words)

    def range_text(self) -> str:
        return "words parted by |"


_WORD = re.compile(r"[A-Za-z0-9_./-]+")

# What happens before the update of any optimizer, in Keras's names. Of gradients, values are clipped first
# where both limits are given.
CLIPPING = (
    Hyper(
        "clipvalue",
        None,
        "limit of each gradient's magnitude",
        above=0.0,
        optional=True,
        component=Component("clipping by value", None),
    ),
    Hyper(
        "global_clipnorm",
        None,
        "limit of the length of all gradients together",
        above=0.0,
        optional=True,
        component=Component("clipping", None),
    ),
    NameList(
        "exclude",
        None,
        "words parted by |: parameters that have one of them in their name are not decayed, as in Keras",
        optional=True,
    ),
)
NO_DECAY = Component("weight decay", 0.0)
DECAY = Hyper(
    "weight_decay",
    0.0,
    "decoupled: before its step, every weight loses this share of itself, multiplied by learning_rate",
    at_least=0.0,
    tune="log",
    component=NO_DECAY,
)
# What the built-in optimizers are made of. No epsilon at all would divide 0 by 0 where there is no gradient:
# without one is the smallest number that single precision can divide by.
NO_MOMENTUM = Component("momentum", 0.0)
NO_EPSILON = Component("epsilon", 1e-38)
SECOND_MOMENT = Hyper(
    "second_moment",
    True,
    "false: no division by the root of squared gradients",
    component=Component("second moment", False),
)
COMMON = (*CLIPPING, DECAY)


def decay(default: float, summary: str = DECAY.summary) -> Hyper:
    """Return the decay of an optimizer that has one by default; a kernel that does not take it leaves it to
    what goes before every step."""
    return replace(DECAY, default=default, summary=summary)


def share_kept(name: str, default: float, summary: str, component: Component | None = None) -> Hyper:
    """Return a hyper-parameter that says how much of a running mean or sum a step leaves."""
    return Hyper(name, default, summary, at_least=0.0, below=1.0, tune="complement", component=component)


def learning_rate(default: float) -> Hyper:
    """Return the hyper-parameter that every optimizer has."""
    return Hyper("learning_rate", default, "length of a step", above=0.0, tune="log")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of what a kernel is called for: its rows and columns, and the values that fill a vector of 64 bytes."""

    rows: int
    columns: int
    lanes: int


@dataclass(frozen=True, slots=True)
class Shaped:
    """A slot or scratch whose shape is not that of the parameters. Only scratch may be ``double``."""

    shape: Callable[[Sizes], tuple[int, ...]]
    type: Literal["real", "double"] = "real"

    @property
    def rank(self) -> int:
        return len(self.shape(Sizes(2, 3, 16)))


# What a kernel may take behind ``step``: the learning rate that was chosen, of which a schedule makes others.
BASE_RATE = "base_rate"
Over = Literal["all", "tensor", "matrix"]
# What a kernel may take behind ``step``: the steps of the whole training, earlier fits included.
LENGTH = "n_steps"


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """A form in which an optimizer was published or ships, and which is not the only one of its name.

    name       whose it is: ``"Keras"``, ``"PyTorch"``, ``"paper"`` …
    options    the hyper-parameters that make it
    note       what sets it apart, in words that follow "it has"; or nothing
    tolerance  how far its original's path may be from it, as a share of a step: more than rounding only where
               the original computes in a shorter type than its weights
    """

    name: str
    options: Mapping[str, Value] = field(default_factory=dict)
    note: str = ""
    tolerance: float = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimizer(Part):
    """An optimizer: one kernel over parameters and their gradients, or a plug-in's NumPy function.

    kernel      ``update(p, g, slot, …, scratch, …, learning_rate, step, hyper, …)`` over contiguous arrays,
                in place; scalars are float64 (true is 1, none is NaN, a choice its place among the choices)
                but ``step``, an int64, which is 1 at first. Slots that start from the parameters are to be
                copied at step 1: until then the parameters may be set
    over        what it is called for: ``all`` parameters as one flat vector; every ``tensor`` as a vector; or
                every ``matrix`` of (all other sizes, outputs), where a vector is a matrix of one row
    slot_names  optimizer state, as the kernel's arguments are called
    slot_start  the value a slot starts from: a number, or the name of a hyper-parameter
    scratch     arguments behind the slots whose values no step needs from the one before
    shaped      the shapes of all scratch, and of slots that are not as long as the parameters
    companion   the optimizer of what is no matrix, as a spelling, given the hyper-parameters; None: the same
    decays      whether the kernel itself makes the decoupled ``weight_decay``: with 0 it may as well be made
                before the step
    flops       operations per parameter; a fused multiply-add is two, a root and a division one each
    view        ``view(p, slot, …, step, hyper, …)`` writes what is evaluated, saved and kept in the end,
                where that is not where the optimizer goes on
    becomes     the name and hyper-parameters of another optimizer, where these describe one: two spellings
                of one thing are then one optimizer, to the bit
    update      ``update(params, grads, state, step, learning_rate, **hyperparameters)`` over dicts of
                arrays; where it is given there is no kernel
    variants    its published forms, which ``nnbench verify --class`` tells apart
    """

    kernel: Kernel | None = None
    over: Over = "all"
    slot_names: tuple[str, ...] = ()
    slot_start: tuple[float | str, ...] = ()
    scratch: tuple[str, ...] = ()
    shaped: Mapping[str, Shaped] = field(default_factory=dict, hash=False)
    companion: Callable[[Mapping[str, Value]], tuple[str, dict[str, Value]]] | None = None
    view: Kernel | None = None
    decays: bool = False
    flops: int = 0
    becomes: Callable[[Mapping[str, Value]], tuple[str, dict[str, Value]] | None] | None = None
    update: Callable[..., None] | None = None
    variants: tuple[Variant, ...] = ()

    @property
    def n_slots(self) -> int:
        """How many vectors as long as the parameters it keeps."""
        return len(self.slot_names)

    @property
    def rank(self) -> int:
        """How many axes the kernel's parameters have."""
        return 2 if self.over == "matrix" else 1

    @property
    def is_elementwise(self) -> bool:
        """Whether a number's step depends on no other number's gradient: any cut of the vector will do."""
        return self.over == "all" and not self.shaped

    @property
    def decays_before(self) -> bool:
        """Whether the shared decay goes before its step: no plug-in's own, and none that its kernel makes."""
        own = () if self.kernel is None else scalar_names(self.kernel)
        return "weight_decay" not in own and any(
            hyper.name == DECAY.name and hyper.component is NO_DECAY for hyper in self.hyperparameters
        )

    def shape_of(self, argument: str, sizes: Sizes) -> tuple[int, ...]:
        """Return the shape of one of the kernel's arrays, where it is called for so many rows and columns."""
        if argument in self.shaped:
            return self.shaped[argument].shape(sizes)
        return (sizes.rows, sizes.columns) if self.rank == 2 else (sizes.rows * sizes.columns,)

    def rank_of(self, argument: str) -> int:
        """Return how many axes an argument of the kernel has: 1 for flat vectors, 2 for matrices."""
        return self.shaped[argument].rank if argument in self.shaped else self.rank

    def type_of(self, argument: str, real: Any) -> Any:
        """Return the NumPy type of one of the kernel's arrays, given that of the parameters."""
        return np.float64 if argument in self.shaped and self.shaped[argument].type == "double" else real

    def start_values(self, parameters: Mapping[str, Value]) -> tuple[float, ...]:
        """Return the number that each slot starts from."""
        starts = self.slot_start or (0.0,) * self.n_slots
        assert len(starts) == self.n_slots, (starts, self.slot_names)
        return tuple(as_number(parameters[start]) if isinstance(start, str) else start for start in starts)

    def scalars(self, parameters: Mapping[str, Value], kernel: Kernel | None = None) -> tuple[float, ...]:
        """Return what the kernel takes after ``step``, the learning rate that was chosen among it."""
        kernel = kernel or self.kernel
        assert kernel is not None, self.name
        known = {**parameters, BASE_RATE: parameters.get("learning_rate")}  # a wrapper has none
        choices = {hyper.name: hyper.choices for hyper in self.hyperparameters if hyper.choices}
        return tuple(
            float(choices[name].index(str(known[name]))) if name in choices else as_number(known[name])
            for name in scalar_names(kernel)
        )


@cache
def scalar_names(kernel: Kernel) -> tuple[str, ...]:
    """Return the names of a kernel's arguments after ``step`` that are hyper-parameters."""
    names = tuple(inspect.signature(kernel.function).parameters)
    return names[names.index("step") + (2 if takes_length(kernel) else 1) :]


@cache
def takes_length(kernel: Kernel) -> bool:
    """Say whether a kernel takes the number of all steps behind ``step``."""
    return LENGTH in inspect.signature(kernel.function).parameters


def as_number(value: Value) -> float:
    """Return how a kernel sees a hyper-parameter: none is NaN, true 1 and false 0."""
    assert not isinstance(value, str), value
    return math.nan if value is None else float(value)
