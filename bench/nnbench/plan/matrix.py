"""The matrix: cases crossed with choices on the axes and with seeds, and the identity of every trial in it.

A matrix is counted before it is expanded, so that a typing error cannot ask for a billion trials.
"""

import hashlib
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from nnbench.cases import choices, plugins
from nnbench.cases.catalogue import own_choices, used_axes
from nnbench.cases.spec import AXES, CaseSpec, canonical_json
from nnbench.errors import UsageError
from nnbench.machine.foreign import contained
from nnbench.plan.seeds import Ranges, n_seeds
from nnbench.records.trials import Axes
from nnkit.registry import parse_choice

MAX_TRIALS = 1_000_000
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


@dataclass(frozen=True, slots=True)
class Asked:
    """Values that were asked for on an axis, as they were written, and where that was."""

    values: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class CaseMatrix:
    """The part of a matrix that belongs to one case: canonical choices on every axis, each once."""

    case: CaseSpec
    optimizers: tuple[choices.Optimizer, ...]
    others: Mapping[str, tuple[str, ...]]  # every other axis
    seeds: Ranges
    dtype: Dtype
    # What searches found, by key of the configuration: the choice on every axis that they set.
    tuned: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    probes: bool = False

    @property
    def n_trials(self) -> int:
        """Return the size of the product, without expanding it."""
        return len(self.optimizers) * math.prod(map(len, self.others.values())) * n_seeds(self.seeds)

    def configurations(self) -> list[Axes]:
        """Return every configuration once, the last axis changing fastest."""
        others = list(itertools.product(*(self.others[axis] for axis in AXES[1:])))
        found = dict.fromkeys(_axes(one, chosen) for one in self.optimizers for chosen in others)
        if not self.tuned:
            return list(found)
        return [self._at_tuned(axes) for axes in found]

    def _at_tuned(self, axes: Axes) -> Axes:
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
        return tuple(axis for axis in AXES if axis in differing)

    def configurations(self) -> Iterator[tuple[CaseMatrix, Axes]]:
        for part in self.parts:
            for axes in part.configurations():
                yield part, axes

    def trials(self) -> list[TrialSpec]:
        """Return every trial: by case, then configuration, then seed."""
        return [trial for part, axes in self.configurations() for trial in with_seeds(part, axes, part.seeds)]


def cross(
    cases: tuple[CaseSpec, ...],
    asked: Mapping[str, Asked],
    *,
    seeds: Ranges | None,
    own_seeds: Mapping[str, Ranges],
    dtype: Dtype,
    probes: bool = False,
    notes: Sequence[str] = (),
) -> Matrix:
    """Return the matrix that is asked for, or raise UsageError with one line for every mistake in it.

    Without any axis asked for, a case crosses what its own ``[run]`` section says. ``own_seeds`` has the
    seeds of that section by case, for when ``seeds`` is None.
    """
    remarks = list(notes)
    given = _canonical(asked, remarks)
    parts = []
    for case in cases:
        values = given or _canonical(_run_section(case), remarks)
        _check_used(case, given, asked)
        part = _part(case, values, seeds or own_seeds[case.name], dtype)
        parts.append(replace(part, probes=probes))
    _check_size(parts)
    return Matrix(parts=tuple(parts), notes=tuple(dict.fromkeys(remarks)))


def in_order(trials: list[TrialSpec], order: Order) -> list[TrialSpec]:
    """Return the trials as they shall be run.

    ``shuffled`` sorts by key, a hash: the same order every time, and whatever has been run so far is a fair
    sample of the matrix. ``seed`` completes one seed of every configuration before the next begins.
    """
    if order == "seed":
        return sorted(trials, key=lambda trial: (trial.seed, trial.key))
    return sorted(trials, key=lambda trial: trial.key)


def _axes(optimizer: choices.Optimizer, others: tuple[str, ...]) -> Axes:
    chosen = dict(zip(AXES, (optimizer.text, *others), strict=True))
    chosen["learning_rate"] = optimizer.at(chosen["learning_rate"])
    return Axes(tuple(chosen.items()))


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
    from nnkit import NUMERICS_VERSION

    entries = {
        "axes": axes.as_dict(),
        "case": part.case.digest,
        # The name changes no bit, but a record carries it: a copied case must not appear under the other's.
        "case_name": part.case.name,
        "data": data_digest(part.case),
        "dtype": part.dtype,
        "epochs": epochs,
        "numerics": NUMERICS_VERSION,
    }
    # Left out where there is none, so that a plug-in changes no identity but those of its own trials.
    if sources := plugins.sources_among(plugins.names_in([axes.as_dict(), part.case.identity])):
        entries["plugins"] = sources
    return hashlib.sha256(canonical_json(entries).removesuffix("}").encode() + b",")


def data_digest(case: CaseSpec) -> str:
    """Return the digest of the case's samples and targets."""
    from nnkit import datasets

    name, given = parse_choice(case.data.dataset)
    with contained():  # the function of a plug-in may make it
        return datasets.load(name, **given).digest


def _canonical(asked: Mapping[str, Asked], notes: list[str]) -> dict[str, Asked]:
    """Return the canonical choices, each once; all mistakes are raised together."""
    mistakes: list[str] = []
    found: dict[str, Asked] = {}
    for axis, wanted in asked.items():
        texts: list[str] = []
        for text in wanted.values:
            try:
                texts.append(choices.canonical(axis, text, wanted.where))
            except UsageError as error:
                mistakes += map(str, error.args)
        twice = [text for text, times in Counter(texts).items() if times > 1]
        notes += [f"{wanted.where}: {text!r} is given twice; it runs once." for text in twice]
        found[axis] = Asked(tuple(dict.fromkeys(texts)), wanted.where)
    if mistakes:
        raise UsageError(*dict.fromkeys(mistakes))
    return found


def _run_section(case: CaseSpec) -> dict[str, Asked]:
    return {axis: Asked(texts, f"{case.where}, run.{axis}") for axis, texts in case.run.given().items()}


def _part(case: CaseSpec, values: Mapping[str, Asked], seeds: Ranges, dtype: Dtype) -> CaseMatrix:
    own = own_choices(case)
    where = f"{case.where}, axes"
    texts = {
        axis: values[axis].values if axis in values else (choices.canonical(axis, own[axis], where),)
        for axis in AXES
    }
    written = values["optimizer"].where if "optimizer" in values else where
    optimizers = tuple(choices.optimizer(text, written) for text in texts.pop("optimizer"))
    if "learning_rate" in values:
        _check_rates(optimizers, values["learning_rate"])
    return CaseMatrix(case=case, optimizers=optimizers, others=texts, seeds=seeds, dtype=dtype)


def _check_rates(optimizers: tuple[choices.Optimizer, ...], rates: Asked) -> None:
    for one in optimizers:
        if one.rate is not None:
            raise UsageError(
                f"{rates.where}: {one.text} has a learning rate of its own, {one.rate}. Give the rate once."
            )
        if one.default_rate == choices.DEFAULT_RATE and rates.values != (choices.DEFAULT_RATE,):
            raise UsageError(f"{rates.where}: {one.text} has no learning rate. Leave it out of this run.")


def _check_used(case: CaseSpec, given: Mapping[str, Asked], asked: Mapping[str, Asked]) -> None:
    """Refuse an axis that the model of the case does not have: its values would all be the same trial."""
    used = used_axes(case)
    for axis, wanted in given.items():
        if axis not in used and wanted.values != (own_choices(case)[axis],):
            raise UsageError(
                f"{asked[axis].where}: the model of case {case.name!r} has no ${axis}, so this would change"
                " nothing. Leave the case or the axis out."
            )


def _check_size(parts: list[CaseMatrix]) -> None:
    n = sum(part.n_trials for part in parts)
    if n > MAX_TRIALS:
        raise UsageError(f"the matrix has {n:,} trials; at most {MAX_TRIALS:,} run at once. Split it.")
