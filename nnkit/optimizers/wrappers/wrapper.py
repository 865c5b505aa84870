"""The record of a wrapper: what happens before and after the step of whatever optimizer it goes around."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from nnkit.jit import Kernel
from nnkit.optimizers.optimizer import Optimizer, Over, Shaped
from nnkit.registry import Hyper, Part, Value

Stage = Literal["away", "before", "after"]
START = "start"  # what a kernel calls the weights from before the step


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper(Part):
    """A wrapper: kernels around the step of another optimizer, or a view of its weights.

    before      ``before(p, g, slot, …, scratch, …, learning_rate, step, hyper, …)`` changes the gradients
    away        the same arguments: moves the parameters to where a second gradient is taken; the optimizer's
                step uses that one, from where the parameters were
    after       ``after(p, g, slot, …, start, scratch, …, learning_rate, step, hyper, …)`` changes parameters
                that the optimizer has moved from ``start``
    view        ``view(p, slot, …, step, hyper, …)`` writes what is evaluated, saved and kept in the end
    over        what the kernels are called for, as an optimizer's; slots and scratch are shared by all
    sees_decay  whether decoupled weight decay belongs to the step that ``after`` sees
    neutral     a hyper-parameter and the value at which the wrapper does nothing, to the bit
    """

    before: Kernel | None = None
    away: Kernel | None = None
    after: Kernel | None = None
    view: Kernel | None = None
    over: Over = "all"
    slot_names: tuple[str, ...] = ()
    scratch: tuple[str, ...] = ()
    shaped: Mapping[str, Shaped] = field(default_factory=dict, hash=False)
    sees_decay: bool = True
    neutral: tuple[str, Value] | None = None

    def is_neutral(self, parameters: Mapping[str, Value]) -> bool:
        """Say whether these hyper-parameters leave every bit as it is without the wrapper."""
        return self.neutral is not None and parameters[self.neutral[0]] == self.neutral[1]

    @property
    def is_average(self) -> bool:
        return self.view is not None


@cache
def stage_of(wrapper: Wrapper, name: Stage) -> Optimizer | None:
    """Return one of the kernels as what is called over parameters, gradients and slots; None: it has none."""
    kernel: Kernel | None = getattr(wrapper, name)
    if kernel is None:
        return None
    return Optimizer(
        name=f"{wrapper.name}_{name}",
        summary=wrapper.summary,
        formula=wrapper.formula,
        source=wrapper.source,
        hyperparameters=wrapper.hyperparameters,
        kernel=kernel,
        over=wrapper.over,
        slot_names=wrapper.slot_names,
        scratch=(*((START,) if name == "after" else ()), *wrapper.scratch),
        shaped=wrapper.shaped,
    )


def share(name: str, default: float, summary: str) -> Hyper:
    """Return a hyper-parameter from 0 to 1, neither a rate nor searched."""
    return Hyper(name, default, summary, at_least=0.0, at_most=1.0)
