"""What libraries call the hyper-parameters that a record has: ``betas`` and ``b1`` are beta_1."""

from collections.abc import Mapping, Sequence

from nnkit.errors import NnkitError
from nnkit.registry import Part, Value

# What a library's name may be in a record; the first that the record has is taken.
_NAMES: dict[str, tuple[str, ...]] = {
    "lr": ("learning_rate",),
    "eps": ("epsilon",),
    "b1": ("beta_1",),
    "b2": ("beta_2",),
    "b3": ("beta_3",),
    "beta1": ("beta_1",),
    "beta2": ("beta_2",),
    "beta3": ("beta_3",),
    "alpha": ("alpha", "rho"),
    "decay": ("rho", "decay"),
    "initial_scale": ("initial_accumulator_value",),
    "momentum": ("momentum", "beta_1", "beta"),
    "momentum_decay": ("psi", "momentum_decay"),
    "beta2_decay": ("beta_2_decay", "decay_rate", "decay"),
    "beta_2_decay": ("beta_2_decay", "decay_rate", "decay"),
    "d": ("clip_threshold", "d"),
    "ns_steps": ("ns_steps", "newton_schulz_steps", "iterations"),
    "adjust_lr_fn": ("scale",),
    "k": ("k", "every"),
    "ams_bound": ("amsgrad",),
    "nesterov": ("nesterov",),
    "eps_root": ("epsilon_root",),
}
# Several in one: the record's names, by place. Of these the first spelling that the record has, too.
_TUPLES: dict[str, tuple[tuple[str, ...], ...]] = {
    "betas": (("beta_1", "beta_2", "beta_3"),),
    "etas": (("eta_minus", "eta_plus"), ("shrink", "grow"), ("factor_down", "factor_up")),
    "step_sizes": (("step_min", "step_max"), ("smallest_step", "largest_step"), ("min_step", "max_step")),
    "eps": (("epsilon_1", "epsilon_2"),),
    "ns_coefficients": (("a", "b", "c"),),
}


def spelled(record: Part, options: Mapping[str, object]) -> dict[str, Value]:
    """Return those of a library's options that the record has, in its names, where it allows their values."""
    found: dict[str, Value] = {}
    for name, value in options.items():
        for own, each in _pairs(record, name, value):
            hyper = {hyper.name: hyper for hyper in record.hyperparameters}[own]
            try:
                found.setdefault(own, hyper.check(_plain(each), record.name))
            except NnkitError:
                continue
    return found


def translated(
    record: Part, wanted: Mapping[str, Value], options: Mapping[str, object]
) -> dict[str, object] | None:
    """Return the record's values in a library's names, given all its options; None where one has no name."""
    found: dict[str, object] = {}
    for own, value in wanted.items():
        for name, theirs in options.items():
            places = _places(record, name, theirs)
            if own not in places:
                continue
            if isinstance(theirs, Sequence) and not isinstance(theirs, str):
                row = list(found.get(name, theirs))  # type: ignore[call-overload]
                row[places.index(own)] = value
                found[name] = tuple(row)
            else:
                found[name] = value
            break
        else:
            return None
    return found


def _pairs(record: Part, name: str, value: object) -> list[tuple[str, object]]:
    places = _places(record, name, value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [(own, each) for own, each in zip(places, value, strict=False) if own]
    return [(own, value) for own in places]


def _places(record: Part, name: str, value: object) -> list[str]:
    """Return the record's name of an option, or of each of its places; ``""`` is a place without one."""
    own = {hyper.name for hyper in record.hyperparameters}
    if isinstance(value, Sequence) and not isinstance(value, str):
        for names in _TUPLES.get(name, ()):
            if own & set(names):
                return [each if each in own else "" for each in names][: len(value)]
        return []
    return [each for each in (name, *_NAMES.get(name, ())) if each in own][:1]


def _plain(value: object) -> Value:
    """Return a number of a library as Python's own."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return float(value)  # type: ignore[arg-type]
