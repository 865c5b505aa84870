"""Wrappers: what goes around any optimizer, found by name."""

from typing import TYPE_CHECKING

from nnkit.errors import InvalidArgument, did_you_mean
from nnkit.optimizers import expression
from nnkit.optimizers.wrappers.averages import EMA, POLYAK, TAIL
from nnkit.optimizers.wrappers.gradients import (
    AGC,
    CENTRALIZATION,
    CLIP,
    GROKFAST,
    MARS_CORRECTION,
    ORTHOGRAD,
)
from nnkit.optimizers.wrappers.steps import CAUTIOUS, CAUTIOUS_DECAY, LOOKAHEAD, SAM
from nnkit.optimizers.wrappers.wrapper import Wrapper
from nnkit.registry import Registry, Value

if TYPE_CHECKING:
    from nnkit.optimizers.bound import BoundWrapper

_registry: Registry[Wrapper] = Registry("wrapper")
for _part in (
    *(GROKFAST, CENTRALIZATION, ORTHOGRAD, AGC, CLIP, MARS_CORRECTION),
    *(CAUTIOUS, CAUTIOUS_DECAY, LOOKAHEAD, SAM),
    *(EMA, TAIL, POLYAK),
):
    _registry.add(_part)


def parse(text: str) -> expression.Expression:
    """Return what an optimizer's spelling says, or raise InvalidArgument for a wrapper there is not."""
    found = expression.parse(text)
    for one in expression.parts_of(found):
        if isinstance(one, expression.Wrapped) and one.name not in _registry:
            inner = expression.spell(one.inner)
            raise InvalidArgument(
                f"{text!r}: no wrapper named {one.name!r}.{did_you_mean(one.name, _registry.names())} Behind"
                f" the name of an optimizer write key=value in place of {inner!r}."
            )
    return found


def get(name: str, **hyperparameters: Value) -> "BoundWrapper":
    """Return the wrapper called ``name``; its ``around`` puts it around an optimizer."""
    from nnkit.optimizers.bound import BoundWrapper  # which reads the records of this room

    chosen = record(name)
    return BoundWrapper(chosen, chosen.resolve(hyperparameters))


def record(name: str) -> Wrapper:
    return _registry.record(name)


def names() -> tuple[str, ...]:
    return _registry.names()


def records() -> tuple[Wrapper, ...]:
    return tuple(_registry)
