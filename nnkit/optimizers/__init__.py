"""Optimizers: found by name, applied by hand or by a model, and registered by plug-ins."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from nnkit.errors import InvalidArgument, UnknownName
from nnkit.jit import Kernel
from nnkit.jit import kernel as as_kernel
from nnkit.optimizers import expression as expressions
from nnkit.optimizers import wrappers
from nnkit.optimizers.adaptive.adabelief import ADABELIEF
from nnkit.optimizers.adaptive.adabound import ADABOUND
from nnkit.optimizers.adaptive.adadelta import ADADELTA
from nnkit.optimizers.adaptive.adagrad import ADAGRAD
from nnkit.optimizers.adaptive.adam import ADAM
from nnkit.optimizers.adaptive.adam_atan2 import ADAM_ATAN2
from nnkit.optimizers.adaptive.adamax import ADAMAX
from nnkit.optimizers.adaptive.adamc import ADAMC
from nnkit.optimizers.adaptive.adamod import ADAMOD
from nnkit.optimizers.adaptive.adamw import ADAMW
from nnkit.optimizers.adaptive.adan import ADAN
from nnkit.optimizers.adaptive.ademamix import ADEMAMIX
from nnkit.optimizers.adaptive.adopt import ADOPT as ADOPT_RECORD
from nnkit.optimizers.adaptive.amsgrad import AMSGRAD
from nnkit.optimizers.adaptive.laprop import LAPROP
from nnkit.optimizers.adaptive.mars import MARS as MARS_RECORD
from nnkit.optimizers.adaptive.nadam import NADAM, NADAMW
from nnkit.optimizers.adaptive.qhadam import QHADAM
from nnkit.optimizers.adaptive.radam import RADAM
from nnkit.optimizers.adaptive.rmsprop import RMSPROP
from nnkit.optimizers.adaptive.yogi import YOGI
from nnkit.optimizers.bound import BoundOptimizer
from nnkit.optimizers.curvature.lbfgs import LBFGS
from nnkit.optimizers.descent.aggmo import AGGMO
from nnkit.optimizers.descent.lion import LION
from nnkit.optimizers.descent.momentum import MOMENTUM
from nnkit.optimizers.descent.nesterov import NESTEROV
from nnkit.optimizers.descent.qhm import QHM as QHM_RECORD
from nnkit.optimizers.descent.rprop import RPROP
from nnkit.optimizers.descent.sgd import SGD as SGD_RECORD
from nnkit.optimizers.descent.signum import SIGNSGD, SIGNUM
from nnkit.optimizers.descent.tiger import TIGER
from nnkit.optimizers.layerwise.adafactor import ADAFACTOR
from nnkit.optimizers.layerwise.lamb import LAMB
from nnkit.optimizers.layerwise.lars import LARS
from nnkit.optimizers.layerwise.novograd import NOVOGRAD
from nnkit.optimizers.layerwise.sm3 import SM3
from nnkit.optimizers.layerwise.stableadamw import STABLEADAMW
from nnkit.optimizers.matrix.hyperball import ADAMH, MUONH
from nnkit.optimizers.matrix.muon import MUON
from nnkit.optimizers.matrix.normuon import ADAMUON, NORMUON
from nnkit.optimizers.matrix.scion import SCION
from nnkit.optimizers.matrix.shampoo import SHAMPOO
from nnkit.optimizers.matrix.soap import SOAP
from nnkit.optimizers.matrix.splus import SPLUS
from nnkit.optimizers.optimizer import CLIPPING, COMMON, DECAY, Optimizer, learning_rate, scalar_names
from nnkit.optimizers.parameter_free.dog import DOG, DOWG
from nnkit.optimizers.parameter_free.prodigy import DADAPT_ADAM, PRODIGY
from nnkit.optimizers.schedule_free.averaged import SCHEDULE_FREE_ADAMW, SCHEDULE_FREE_SGD
from nnkit.registry import Component, Hyper, Registry, Value, declared_hyper, first_line, is_number
from nnkit.schedules import BoundSchedule

_registry: Registry[Optimizer] = Registry("optimizer")
for _part in (
    SGD_RECORD,
    MOMENTUM,
    NESTEROV,
    ADAGRAD,
    RMSPROP,
    ADAM,
    ADAMW,
    LION,
    MUON,
    LAMB,
    LARS,
    ADAFACTOR,
    NOVOGRAD,
    SM3,
    STABLEADAMW,
    PRODIGY,
    DADAPT_ADAM,
    DOG,
    DOWG,
    SHAMPOO,
    SOAP,
    SPLUS,
    NORMUON,
    ADAMUON,
    SCION,
    MUONH,
    ADAMH,
    LBFGS,
    SCHEDULE_FREE_SGD,
    SCHEDULE_FREE_ADAMW,
    AGGMO,
    QHM_RECORD,
    RPROP,
    SIGNSGD,
    SIGNUM,
    TIGER,
    ADABELIEF,
    ADABOUND,
    ADADELTA,
    ADAMAX,
    ADAM_ATAN2,
    ADAMC,
    ADAMOD,
    ADAN,
    ADEMAMIX,
    ADOPT_RECORD,
    AMSGRAD,
    LAPROP,
    MARS_RECORD,
    NADAM,
    NADAMW,
    QHADAM,
    RADAM,
    YOGI,
):
    _registry.add(_part)
    for _alias in _part.aliases:
        globals().pop(_alias, None)  # a record of that name: it is the constructor's, which __getattr__ makes


def get(name: str, **hyperparameters: Value | BoundSchedule) -> BoundOptimizer:
    """Return the optimizer that ``name`` names or spells; its ``learning_rate`` may be a schedule.

    ``"cautious(adamw)"`` has a wrapper around it, ``"muon+adamw"`` leaves to the second what is no matrix.
    Hyper-parameters are then those of the innermost optimizer, and of the first of two.
    """
    if not isinstance(name, str):
        record(name)  # which says what a name is
    return _bound(wrappers.parse(name), hyperparameters)


def wrap(optimizer: str | BoundOptimizer, name: str, **hyperparameters: Value) -> BoundOptimizer:
    """Return an optimizer with the wrapper called ``name`` around it."""
    return wrappers.get(name, **hyperparameters).around(
        get(optimizer) if isinstance(optimizer, str) else optimizer
    )


def pair(first: str | BoundOptimizer, second: str | BoundOptimizer) -> BoundOptimizer:
    """Return an optimizer that moves matrices as the first does, and everything else as the second."""
    one, other = (get(each) if isinstance(each, str) else each for each in (first, second))
    return one.paired(other)


def _bound(expression: expressions.Expression, asked: Mapping[str, Value | BoundSchedule]) -> BoundOptimizer:
    if isinstance(expression, expressions.Pair):
        return _bound(expression.first, asked).paired(_bound(expression.second, {}))
    if isinstance(expression, expressions.Wrapped):
        return wrap(_bound(expression.inner, asked), expression.name, **expression.given)
    return _chosen(expression.name, {**expression.given, **asked})


def _chosen(name: str, hyperparameters: Mapping[str, Value | BoundSchedule]) -> BoundOptimizer:
    chosen = record(name)
    schedule: BoundSchedule | None = None
    given: dict[str, Value] = {}
    for key, value in hyperparameters.items():
        if not isinstance(value, BoundSchedule):
            given[key] = value
        elif key == "learning_rate":
            schedule, given[key] = value, value.parameters["initial_learning_rate"]
        else:
            raise InvalidArgument(
                f"{name}: {key} must be a number, found a schedule. Only learning_rate moves."
            )
    parameters = chosen.resolve(given)
    while chosen.becomes is not None and (described := chosen.becomes(parameters)) is not None:
        chosen, parameters = record(described[0]), record(described[0]).resolve(described[1])
    made = None if chosen.companion is None else chosen.companion(parameters)
    bound = BoundOptimizer(chosen, parameters, schedule, companion=made and get(made[0], **made[1]))
    return _sparing(bound) if parameters.get("exclude") else bound


def _sparing(bound: BoundOptimizer) -> BoundOptimizer:
    """Return an optimizer that decays some parameters and others not, or raise InvalidArgument."""
    made = bound.without(False)
    if made.decays_before or DECAY in bound.record.hyperparameters or bound.record.over != "all":
        return made
    raise InvalidArgument(
        f"{bound.name}: exclude: its kernel decays all parameters at once, so none can be left out. Leave"
        " exclude out, or take adamw."
    )


def record(name: str) -> Optimizer:
    """Return what is known of one of the optimizers: formula, source, numbers with their ranges."""
    if isinstance(name, str) and name not in _registry and name in wrappers.names():
        raise UnknownName(f"no optimizer named {name!r}: it is a wrapper. Write {name}(adam), for example.")
    return _registry.record(name)


def names() -> tuple[str, ...]:
    """Return the names of all optimizers, registered ones among them."""
    return _registry.names()


def records() -> tuple[Optimizer, ...]:
    """Return what is known of each of the optimizers, in the order of `names`."""
    return tuple(_registry)


def _class_style(name: str) -> Callable[..., BoundOptimizer]:
    """Return Keras's way to write ``get(name, …)``, with the learning rate as first argument."""

    def make(learning_rate: float | BoundSchedule | None = None, **hyperparameters: Value) -> BoundOptimizer:
        given: dict[str, Any] = {} if learning_rate is None else {"learning_rate": learning_rate}
        return get(name, **given, **hyperparameters)

    make.__doc__ = f"Return ``get({name!r}, …)``."
    return make


SGD = _class_style("sgd")
Momentum = _class_style("momentum")
Nesterov = _class_style("nesterov")
Adagrad = _class_style("adagrad")
RMSprop = _class_style("rmsprop")
Adam = _class_style("adam")
AdamW = _class_style("adamw")
Lion = _class_style("lion")


def __getattr__(name: str) -> Callable[..., BoundOptimizer]:
    """Return the constructor of any other optimizer whose record has this class's name as an alias."""
    for part in _registry:
        if name[:1].isupper() and name in part.aliases:
            return _class_style(part.name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def register_numpy(
    name: str,
    update: Callable[..., None],
    *,
    off: Mapping[str, Value] | None = None,
    **hyperparameters: Value,
) -> Optimizer:
    """Add an optimizer written in plain NumPy: slower than a kernel, good for trying an idea.

    ``update(params, grads, state, step, learning_rate, **further)`` changes the arrays of ``params`` in
    place; ``state`` is a dict of its own, ``step`` is 1 at first. Keywords here are hyper-parameters with
    their defaults; ``off`` has the values at which some of them do nothing, for ``nnbench ablate``.
    """
    _registry.check_name(name)
    declared = _declared(name, hyperparameters, off or {})
    further = {hyper.name: hyper.default for hyper in declared if hyper.name != "learning_rate"}
    try:
        inspect.signature(update).bind({}, {}, {}, 1, 0.1, **further)
    except (TypeError, ValueError) as error:  # the second for functions that say nothing of their arguments
        expected = ", ".join(("params", "grads", "state", "step", "learning_rate", *further))
        raise InvalidArgument(f"optimizer {name!r}: update must take ({expected}): {error}.") from None
    return _registry.add(
        Optimizer(
            name=name,
            summary=first_line(update) or "A plug-in in plain NumPy.",
            formula="update(params, grads, state, step, learning_rate)",
            source="plug-in",
            hyperparameters=_with_common(declared),
            update=update,
        )
    )


def register_kernel(
    name: str,
    kernel: Kernel | Callable[..., None],
    n_slots: int,
    *,
    slot_start: tuple[float | str, ...] = (),
    off: Mapping[str, Value] | None = None,
    **hyperparameters: Value,
) -> Optimizer:
    """Add an optimizer that is one function which numba can compile, as fast as a built-in one.

    ``kernel(p, g, slot, …, learning_rate, step, hyper, …)`` changes the vectors in place. Keywords here are
    hyper-parameters with their defaults; the kernel's arguments after ``step`` must be among them. ``off``
    is that of ``register_numpy``.
    """
    _registry.check_name(name)
    declared = _declared(name, hyperparameters, off or {})
    plain = getattr(kernel, "py_func", kernel)  # of a function that numba compiled already
    made = plain if isinstance(plain, Kernel) else as_kernel(plain)
    arguments = _arguments_of(made.function, f"optimizer {name!r}, kernel")
    if type(n_slots) is not int or n_slots < 0:
        raise InvalidArgument(
            f"optimizer {name!r}: n_slots must be a whole number from 0, found {n_slots!r}."
        )
    if arguments[2 + n_slots : 4 + n_slots] != ("learning_rate", "step"):
        raise InvalidArgument(
            f"optimizer {name!r}: with {n_slots} slots the kernel must take (p, g, {n_slots} slots,"
            f" learning_rate, step, hyper-parameters), found ({', '.join(arguments)})."
        )
    unknown = sorted(set(scalar_names(made)) - {hyper.name for hyper in declared})
    if unknown:
        raise InvalidArgument(f"optimizer {name!r}: the kernel takes {unknown}, which no keyword declares.")
    allowed = [one in {hyper.name for hyper in declared} or is_number(one) for one in slot_start]
    if len(allowed) not in (0, n_slots) or not all(allowed):
        raise InvalidArgument(
            f"optimizer {name!r}: slot_start must have {n_slots} numbers or names of hyper-parameters, found"
            f" {slot_start!r}."
        )
    return _registry.add(
        Optimizer(
            name=name,
            summary=first_line(made) or "A plug-in compiled by numba.",
            formula=f"{made.__name__}({', '.join(arguments)})",
            source="plug-in",
            hyperparameters=_with_common(declared),
            slot_names=arguments[2 : 2 + n_slots],
            slot_start=slot_start,
            kernel=made,
        )
    )


def _declared(name: str, defaults: dict[str, Value], off: Mapping[str, Value]) -> tuple[Hyper, ...]:
    """Return the hyper-parameters that a plug-in's keywords declare, the learning rate first."""
    for key in defaults:
        if key in {hyper.name for hyper in CLIPPING}:
            raise InvalidArgument(f"optimizer {name!r}: {key} belongs to every optimizer. Leave it out.")
    further = {key: value for key, value in defaults.items() if key != "learning_rate"}
    rate = learning_rate(0.01)
    chosen = rate.check(defaults.get("learning_rate", rate.default), f"optimizer {name!r}")
    assert isinstance(chosen, float), chosen
    if unknown := sorted(off.keys() - further.keys()):
        raise InvalidArgument(f"optimizer {name!r}: off names {unknown}, which no keyword declares.")
    parts = {key: Component(key.replace("_", " "), value) for key, value in off.items()}
    return (
        learning_rate(chosen),
        *(
            declared_hyper(f"optimizer {name!r}", key, value, parts.get(key))
            for key, value in further.items()
        ),
    )


def _with_common(declared: tuple[Hyper, ...]) -> tuple[Hyper, ...]:
    """Return the hyper-parameters of a plug-in beside those of all: a decay of its own stays its own."""
    own = {hyper.name for hyper in declared}
    return (*declared, *(hyper for hyper in COMMON if hyper.name not in own))


def _arguments_of(function: object, where: str) -> tuple[str, ...]:
    """Return the names of a function's arguments, each of which must be given by its place."""
    try:
        found = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InvalidArgument(f"{where}: expected a Python function, found {function!r}.") from None
    if any(one.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD for one in found):
        raise InvalidArgument(f"{where}: * and ** cannot be compiled. Name every argument.")
    return tuple(one.name for one in found)
