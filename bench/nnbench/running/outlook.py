"""What a design can decide, said before anything is trained."""

import math
from dataclasses import dataclass

from nnbench.plan.matrix import CaseMatrix
from nnbench.plan.request import Plan
from nnbench.plan.seeds import n_seeds
from nnbench.records.trials import CaseFacts
from nnbench.reporting import digits
from nnbench.reporting.texts import words
from nnbench.statistics.comparing.looks import fewest_seeds, level_of_look
from nnbench.statistics.comparing.planning import difference_for_seeds, rounded_up, seeds_for_difference


@dataclass(frozen=True, slots=True)
class Outlook:
    """What so many seeds can tell of the configurations of a case."""

    facts: CaseFacts
    n: int
    fewest: int  # with which anything can be told
    n_pairs: int
    sigma: float | None  # of a paired difference, from the calibration; None: the case has none

    @property
    def seeds_for_noticeable(self) -> int | None:
        """Return how many seeds find a noticeable difference nine times in ten; None: not known."""
        if not self.sigma or not self.facts.noticeable:
            return None
        return max(self.fewest, seeds_for_difference(self.facts.noticeable, self.sigma, level=self._level))

    @property
    def difference(self) -> float | None:
        """Return the least difference that these seeds find nine times in ten; None: none, or not known."""
        if not self.sigma or self.n < self.fewest:
            return None
        return difference_for_seeds(self.n, self.sigma, level=self._level)

    @property
    def _level(self) -> float:
        return level_of_look(1) / self.n_pairs


def outlooks(plan: Plan, facts: tuple[CaseFacts, ...]) -> list[Outlook]:
    """Return the outlook of every case that compares anything."""
    pairs = zip(plan.matrix.parts, facts, strict=True)
    return [_outlook(plan, part, of_case) for part, of_case in pairs if len(part.configurations()) > 1]


def warnings(found: list[Outlook]) -> list[str]:
    """Return one line for designs that cannot decide anything."""
    short = [each for each in found if each.n < each.fewest]
    if not short:
        return []
    names = "" if len(short) == len(found) else f" ({words.several([each.facts.name for each in short])})"
    return [f"{_cannot(short[0])}{names}."]


def sentence(outlook: Outlook) -> str:
    """Say what the design of a case can decide, and what it cannot; empty where that is not known."""
    name = outlook.facts.name
    if outlook.n < outlook.fewest:
        return f"{name}: {_cannot(outlook)}."
    family = digits.counted(outlook.n_pairs, "comparison")
    if outlook.seeds_for_noticeable is None:
        return ""
    told = f"{name}: {digits.counted(outlook.n, 'seed')} tell {_told(outlook)} ({family})"
    noticeable = words.noticeable(outlook.facts).lstrip("±")
    if outlook.n >= outlook.seeds_for_noticeable:
        return f"{told}, so the noticeable {noticeable} too."
    return f"{told}; for the noticeable {noticeable} {rounded_up(outlook.seeds_for_noticeable)} would do."


def as_dict(outlook: Outlook) -> dict[str, object]:
    return {
        "case": outlook.facts.name,
        "seeds": outlook.n,
        "fewest_seeds": outlook.fewest,
        "comparisons": outlook.n_pairs,
        "difference": outlook.difference,
        "seeds_for_noticeable": outlook.seeds_for_noticeable,
    }


def _outlook(plan: Plan, part: CaseMatrix, facts: CaseFacts) -> Outlook:
    k = len(part.configurations())
    section = part.case.calibration
    return Outlook(
        facts=facts,
        n=n_seeds(part.seeds),
        fewest=fewest_seeds(level_of_look(1)),
        n_pairs=k - 1 if plan.against is not None else k * (k - 1) // 2,
        # Two trials of one seed share split and batches, and differ by no more than two of different seeds.
        sigma=None if section is None else math.sqrt(2.0) * section.sigma,
    )


def _told(outlook: Outlook) -> str:
    if outlook.difference is None:
        return "only what is far above the scatter of seeds"
    scale = digits.scale_of(outlook.facts)
    least = digits.with_unit(f"{outlook.difference * scale.factor:.2g}", scale.difference_unit)
    return f"differences of {least} or more"


def _cannot(outlook: Outlook) -> str:
    n = "1 seed" if outlook.n == 1 else f"{outlook.n} seeds"
    return f"{n} cannot decide anything: {outlook.fewest} would"
