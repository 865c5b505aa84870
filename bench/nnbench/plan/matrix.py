"""The matrix: cases crossed with choices on the axes and with seeds, and the identity of every trial in it.

A matrix is counted before it is expanded, so that a typing error cannot ask for a billion trials.
"""

import hashlib
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from nnbench.cases import choices, plugins, samples
from nnbench.cases.axis import AXES, OWN, applied
from nnbench.cases.spec import CaseSpec, canonical_json
from nnbench.cases.subject import SubjectCase
from nnbench.machine.foreign import contained
from nnbench.plan.seeds import Ranges, n_seeds
from nnbench.records.trials import Axes

Dtype = Literal["float32", "float64"]
Order = Literal["shuffled", "seed"]


@dataclass(frozen=True, slots=True)
class TrialSpec:
    """One configuration of a case with one seed; ``key`` hashes everything that can change its result."""

    case: CaseSpec
    axes: Axes
    seed: int
    epochs: int
    dtype: Dtype
    key: str
    probes: bool = False  # look at more and change no result: no part of the key
    pictures: bool = False  # as little: keep what a first convolution learned

    @property
    def as_trained(self) -> CaseSpec:
        """The case as it would be written with the choices of this trial."""
        case: CaseSpec = applied(self.case, self.axes.values)
        return case


@dataclass(frozen=True, slots=True)
class Asked:
    """Values that were asked for on an axis, as they were written, and where that was."""

    values: tuple[str, ...]
    where: str


Combination = tuple[choices.Optimizer, Mapping[str, str]]  # with a choice on every other axis


@dataclass(frozen=True)
class CaseMatrix:
    """What of a matrix belongs to one case: canonical choices on every axis, each once."""

    case: CaseSpec
    optimizers: tuple[choices.Optimizer, ...]
    others: Mapping[str, tuple[str, ...]]  # every other axis
    asked: frozenset[str]  # axes that somebody named; the others are at the case's own choice
    seeds: Ranges
    dtype: Dtype
    # What searches found, by key of the configuration: the choice on every axis that they set.
    tuned: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    probes: bool = False
    # (axis, choice, other): at that choice, as at a depth of 0, the other axis changes nothing.
    idle: frozenset[tuple[str, str, str]] = frozenset()
    listed: tuple[Combination, ...] | None = None  # where it is not all of the product

    @property
    def n_combinations(self) -> int:
        """The size of the product without seeds, not expanded."""
        if self.listed is not None:
            return len(self.listed)
        return len(self.optimizers) * math.prod(map(len, self.others.values()))

    @property
    def n_trials(self) -> int:
        return self.n_combinations * n_seeds(self.seeds)

    def configurations(self) -> list[Axes]:
        """Return every configuration once, the last axis changing fastest."""
        return list(self._configurations)

    @cached_property
    def _configurations(self) -> tuple[Axes, ...]:
        found = dict.fromkeys(self._axes(one, chosen) for one, chosen in self._combinations())
        return tuple(self._at_tuned(axes) for axes in found)

    @cached_property
    def _own(self) -> dict[str, str]:
        """The case's own choice on every axis, as it is written."""
        return {name: axis.own(self.case) for name, axis in AXES.items()}

    def configuration(self, combination: Combination) -> Axes:
        """Return the configuration that a combination is, at its tuned rate if it has one."""
        return self._at_tuned(self._axes(*combination))

    def _combinations(self) -> Sequence[Combination]:
        if self.listed is not None:
            return self.listed
        others = [
            dict(zip(self.others, chosen, strict=True)) for chosen in itertools.product(*self.others.values())
        ]
        return [(one, chosen) for one in self.optimizers for chosen in others]

    def _axes(self, optimizer: choices.Optimizer, others: Mapping[str, str]) -> Axes:
        """Return a configuration: what identifies it, and beside it what was asked for in other words.

        An own choice that leaves no trace, and a choice that is a hyper-parameter of the optimizer, are
        shown as they were asked for, and identify nothing.
        """
        chosen = {
            "optimizer": optimizer.text,
            **others,
            "learning_rate": optimizer.at(others["learning_rate"]),
        }
        shown = {}
        for axis, choice, other in self.idle:
            if chosen[axis] == choice:
                shown[other] = others[other]
                chosen[other] = own_choice(self.case, other)
        for name in (name for name in others if not AXES[name].always_in_key):
            choice = chosen[name]
            if name in self.asked:
                shown.setdefault(name, choice)
            inside = AXES[name].into_optimizer
            where = f"--{AXES[name].key.replace('_', '-')} {choice}"
            if choice in (OWN, self._own[name]):
                del chosen[name]
            elif AXES[name].around:
                shown["optimizer"] = optimizer.text
                chosen["optimizer"] = choices.around(chosen["optimizer"], choice, where)
                del chosen[name]
            elif inside is not None and choice != "none":
                shown["optimizer"] = optimizer.text
                chosen["optimizer"] = choices.with_hyperparameter(chosen["optimizer"], inside, choice, where)
                del chosen[name]
        hidden = {name: text for name, text in shown.items() if chosen.get(name) != text}
        return Axes(tuple(chosen.items()), tuple(hidden.items()))

    def _at_tuned(self, axes: Axes) -> Axes:
        if not self.tuned:
            return axes
        for axis, choice in self.tuned.get(configuration_key(self, axes), {}).items():
            axes = axes.at(axis, choice)
        return axes

    def varying(self) -> set[str]:
        """Return the axes on which configurations differ because somebody asked for it."""
        values = {axis: set(texts) for axis, texts in self.others.items()}
        values["optimizer"] = {one.text for one in self.optimizers}
        # The optimizers' own rates differ without being a choice, so they are not told apart by them.
        values["learning_rate"] = {
            one.rate or rate for one in self.optimizers for rate in self.others["learning_rate"]
        }
        return {axis for axis, texts in values.items() if len(texts) > 1}


@dataclass(frozen=True, slots=True)
class Matrix:
    """Everything that one run is asked to do."""

    parts: tuple[CaseMatrix, ...]
    notes: tuple[str, ...]  # what the user should know: values given twice

    @property
    def varying(self) -> tuple[str, ...]:
        differing = set().union(*(part.varying() for part in self.parts))
        return (*(axis for axis in AXES if axis in differing), *sorted(differing - AXES.keys()))

    def configurations(self) -> Iterator[tuple[CaseMatrix, Axes]]:
        for part in self.parts:
            for axes in part.configurations():
                yield part, axes

    def trials(self) -> list[TrialSpec]:
        """Return every trial: by case, then configuration, then seed."""
        return [trial for part, axes in self.configurations() for trial in with_seeds(part, axes, part.seeds)]


def remade(case: CaseSpec, axes: Axes, seed: int, epochs: int, dtype: Dtype) -> TrialSpec:
    """Return one trial by itself: of the choices that a record names, and with the key that they give."""
    alone = (range(seed, seed + 1),)
    part = CaseMatrix(case.trained_for(epochs), (), {}, frozenset(), alone, dtype)
    return next(with_seeds(part, axes, alone))


def in_order(trials: list[TrialSpec], order: Order) -> list[TrialSpec]:
    """Return the trials as they shall be run.

    ``shuffled`` sorts by key, a hash: the same order every time, and whatever has been run so far is a fair
    sample of the matrix. ``seed`` completes one seed of every configuration before the next begins.
    """
    if order == "seed":
        return sorted(trials, key=lambda trial: (trial.seed, trial.key))
    return sorted(trials, key=lambda trial: trial.key)


def configuration_key(part: CaseMatrix, axes: Axes) -> str:
    """Return the hash of what all trials of a configuration share, at whatever rate and seed."""
    return _identity(part, axes.without("learning_rate"), part.case.training.epochs).hexdigest()


def with_seeds(part: CaseMatrix, axes: Axes, seeds: Ranges) -> Iterator[TrialSpec]:
    """Yield the trials of a configuration. Those with the first seed of the run keep pictures."""
    epochs = part.case.training.epochs
    first = part.seeds[0].start
    identity = _identity(part, axes, epochs)
    for seed in itertools.chain.from_iterable(seeds):
        # The start of the text is hashed once per configuration: a key costs a microsecond, not fifty.
        sha = identity.copy()
        sha.update(f'"seed":{seed}}}'.encode())
        key = sha.hexdigest()
        yield TrialSpec(part.case, axes, seed, epochs, part.dtype, key, part.probes, seed == first)


def _identity(part: CaseMatrix, axes: Axes, epochs: int) -> "hashlib._Hash":
    """Return the sha256 of the canonical JSON of a trial, up to its last entry: the seed."""
    chosen = dict(axes.values)
    entries: dict[str, object] = {
        "axes": chosen,
        "case": part.case.digest,
        # The name changes no bit, but a record carries it: a copied case must not appear under the other's.
        "case_name": part.case.name,
        "dtype": part.dtype,
        "epochs": epochs,
        # The version of the bits that all keys began with. A record says which version made it, and a part
        # whose bits have moved since then says so below: only the trials that use it are trained again.
        "numerics": 1,
    }
    if isinstance(part.case, SubjectCase):
        # Neither nnkit's data nor its parts: what its choices are called is its own business.
        return _begun(entries)
    entries["data"] = data_digest(part.case)
    # Left out where there are none, so that a plug-in changes no identity but those of its own trials.
    if sources := plugins.sources_among(plugins.names_in([chosen, part.case.identity])):
        entries["plugins"] = sources
    if moved := _moved_parts(chosen, epochs):
        entries["parts"] = moved
    return _begun(entries)


def _begun(entries: Mapping[str, object]) -> "hashlib._Hash":
    return hashlib.sha256(canonical_json(entries).removesuffix("}").encode() + b",")


def _moved_parts(chosen: Mapping[str, str], epochs: int) -> dict[str, int]:
    """Return the version of the bits of every chosen part whose bits have moved."""
    moved = {}
    for axis, text in chosen.items():
        if (kind := AXES[axis].lists) is not None:
            for part, given in choices.parts_in(kind, text):
                if part.numerics > 1 and part.moved(part.resolve(given), epochs):
                    moved[part.name] = part.numerics
    return moved


def data_digest(case: CaseSpec) -> str:
    """Return the digest of the case's samples and targets."""
    with contained():  # the function of a plug-in may make it
        return samples.digest_of(case.data)


def own_choice(case: CaseSpec, name: str) -> str:
    """Return the case's own choice on an axis, in the one spelling that keys have."""
    axis = AXES[name]
    return axis.read(axis.own(case), f"{case.where}, axes") if axis.always_in_key else axis.own(case)
