"""What a class may be: every optimizer on record in every form, at the class's own numbers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from nnbench.studies.identify.driving import at_rate
from nnbench.studies.identify.spelling import spelled
from nnkit import optimizers
from nnkit.errors import NnkitError
from nnkit.optimizers.optimizer import COMMON, Optimizer, Variant
from nnkit.registry import Hyper, Value

Decay = Literal["own", "coupled", "unscaled"]
_MOST_FORMS = 64  # of one record: beyond, choices are changed one at a time


@dataclass(frozen=True, slots=True)
class Candidate:
    """An optimizer on record with its hyper-parameters, and how it decays the weights.

    decay   as the record does; "coupled": it joins the gradient; "unscaled": the rate does not scale it
    """

    record: Optimizer
    parameters: Mapping[str, Value]
    decay: Decay = "own"
    weight_decay: float = 0.0  # where it is not the record's own

    @property
    def name(self) -> str:
        return self.record.name

    def make(self) -> Any:
        made = optimizers.get(self.record.name, **self.parameters)
        if self.decay == "own":
            return made
        return _Decayed(made, self.weight_decay, is_coupled=self.decay == "coupled")

    def variants(self) -> tuple[Variant, ...]:
        """Return the published forms that it has."""
        return tuple(each for each in self.record.variants if self.has(each))

    def has(self, variant: Variant) -> bool:
        return all(self.parameters[name] == value for name, value in variant.options.items())


class _Decayed:
    """An optimizer before whose step the weights decay in another way than its own."""

    def __init__(self, optimizer: Any, decay: float, *, is_coupled: bool) -> None:
        self._optimizer, self._decay, self._is_coupled = optimizer, decay, is_coupled
        self.parameters = optimizer.parameters

    def at_rate(self, rate: float) -> "_Decayed":
        return _Decayed(at_rate(self._optimizer, rate), self._decay, is_coupled=self._is_coupled)

    def apply(self, parameters: dict[str, Any], gradients: Mapping[str, Any]) -> None:
        if self._is_coupled:
            gradients = {name: gradients[name] + self._decay * array for name, array in parameters.items()}
        else:
            for array in parameters.values():
                array *= 1.0 - self._decay
        self._optimizer.apply(parameters, gradients)


def candidates(record: Optimizer, options: Mapping[str, object]) -> Iterator[Candidate]:
    """Yield the record in every form, each once, at the numbers among a class's options."""
    decay = options.get("weight_decay")
    amount = float(decay) if isinstance(decay, int | float) else 0.0
    own = spelled(record, {**options, "weight_decay": amount})
    seen: set[tuple[object, ...]] = set()
    for given in _forms(record, own):
        for kind in _decays(record, amount):
            one = _candidate(record, {**given, **({} if kind == "own" else _no_decay(record))}, kind, amount)
            if one is None:
                continue
            key = (one.name, one.decay, *sorted(one.parameters.items()))
            if key not in seen:
                seen.add(key)
                yield one


def _candidate(record: Optimizer, given: Mapping[str, Value], kind: Decay, amount: float) -> Candidate | None:
    try:
        made = optimizers.get(record.name, **given)
    except NnkitError:  # options that do not go together
        return None
    return Candidate(made.record, made.parameters, kind, 0.0 if kind == "own" else amount)


def _decays(record: Optimizer, amount: float) -> tuple[Decay, ...]:
    if not amount:
        return ("own",)
    has_own = any(hyper.name == "weight_decay" for hyper in record.hyperparameters)
    return ("own", "coupled", "unscaled") if has_own else ("coupled", "unscaled")


def _no_decay(record: Optimizer) -> dict[str, Value]:
    return {hyper.name: 0.0 for hyper in record.hyperparameters if hyper.name == "weight_decay"}


def _forms(record: Optimizer, own: Mapping[str, Value]) -> Iterator[dict[str, Value]]:
    """Yield the class's numbers with those of every variant before or behind them, and every choice."""
    bases: list[dict[str, Value]] = [dict(own)]
    for variant in record.variants:
        bases += [{**variant.options, **own}, {**own, **variant.options}]
    yield from bases
    choices = [hyper for hyper in record.hyperparameters if _is_choice(hyper)]
    tried = _values(choices, _all if _count(choices) <= _MOST_FORMS else _one_at_a_time)
    for chosen in tried:
        for base in bases:
            yield {**base, **chosen}


def _is_choice(hyper: Hyper) -> bool:
    return hyper not in COMMON and (isinstance(hyper.default, bool) or bool(hyper.choices))


def _options_of(hyper: Hyper) -> tuple[Value, ...]:
    return hyper.choices or (True, False)


def _count(choices: list[Hyper]) -> int:
    n = 1
    for hyper in choices:
        n *= len(_options_of(hyper))
    return n


def _values(
    choices: list[Hyper], how: Callable[[list[Hyper]], Iterator[dict[str, Value]]]
) -> list[dict[str, Value]]:
    return list(how(choices))


def _all(choices: list[Hyper]) -> Iterator[dict[str, Value]]:
    for row in product(*(_options_of(hyper) for hyper in choices)):
        yield dict(zip((hyper.name for hyper in choices), row, strict=True))


def _one_at_a_time(choices: list[Hyper]) -> Iterator[dict[str, Value]]:
    for hyper in choices:
        yield from ({hyper.name: value} for value in _options_of(hyper))
