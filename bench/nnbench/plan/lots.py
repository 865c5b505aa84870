"""Configurations with their seeds: trials that are counted, and made only where somebody looks at them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from nnbench.plan.matrix import CaseMatrix, Matrix, TrialSpec, with_seeds
from nnbench.plan.seeds import Ranges, n_seeds, seeds_among
from nnbench.records.trials import Axes


@dataclass(frozen=True, slots=True)
class Lot:
    """The trials of one configuration; its length is their number."""

    part: CaseMatrix
    axes: Axes
    seeds: Ranges

    def __len__(self) -> int:
        return n_seeds(self.seeds)

    def trials(self) -> Iterator[TrialSpec]:
        return with_seeds(self.part, self.axes, self.seeds)

    def among(self, seeds: Iterable[int]) -> "Lot":
        """Return the lot with those of its seeds that are among these."""
        return replace(self, seeds=seeds_among(self.seeds, seeds))


def lots_of(matrix: Matrix) -> Iterator[Lot]:
    """Yield every configuration of a matrix with all of its seeds."""
    for part, axes in matrix.configurations():
        yield Lot(part, axes, part.seeds)
