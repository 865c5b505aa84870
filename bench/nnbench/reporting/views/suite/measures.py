"""Each configuration over all cases: a column for each measure, and the note that explains it."""

from collections.abc import Callable
from dataclasses import dataclass

from nnbench.reporting import digits
from nnbench.reporting.blocks import Align, Cell, Column
from nnbench.reporting.texts import words
from nnbench.statistics.estimation.signed_rank import PRIOR_STRENGTH
from nnbench.statistics.suite.across import Estimate
from nnbench.statistics.suite.overview import Member, Overview
from nnbench.statistics.suite.profile import R_MAX
from nnbench.statistics.suite.ranks import FEWEST_CASES

LEVEL = 0.05
_MISSING = Cell(digits.MISSING, "quiet")


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a configuration, as it is written. Without a cell it is only explained."""

    header: str
    cell: Callable[[Member], Cell] | None
    note: str
    align: Align = "decimal"
    rank: int = 0

    def column(self) -> Column:
        return Column(self.header, self.align, rank=self.rank)


def measures(over: Overview) -> list[Measure]:
    """Return the measures that these cases allow, quality first and what it costs behind it."""
    found = (
        _score(over),
        _normalized(over),
        _rank(over),
        _improvement(over),
        _posterior(over),
        _time(),
        _state(over),
    )
    return [each for each in found if each is not None]


def _score(over: Overview) -> Measure:
    if not over.with_target:
        none = "No case has a target, other than chance, and seeds that all ran: so there is no profile."
        return Measure("", None, none)
    n = digits.counted(len(over.with_target), "case")
    unsolved = (
        f" No configuration reached the target of {words.several(list(over.unsolved))} in more than half of"
        " its trials: that counts for none."
        if over.unsolved
        else ""
    )
    mean = f"mean over {n} with a target of max(0, {R_MAX:g} − r) / {R_MAX - 1:g}"
    note = f"Profile score: {mean}, r being the steps to target over those of the fastest here.{unsolved}"
    return Measure("profile score [95%]", _score_cell, note)


def _score_cell(each: Member) -> Cell:
    if each.profile is None:
        return _MISSING
    return Cell(str(digits.estimate(each.profile.score, each.profile.score_interval, digits.PLAIN)))


def _normalized(over: Overview) -> Measure | None:
    if all(each.iqm is None for each in over.members):
        return None
    n = digits.counted(len(over.with_target), "case")
    note = f"IQM: mean of the middle half of the final scores of {n}, from 0 at chance to 1 at the target."
    return Measure("IQM [95%]", lambda each: _estimate(each.iqm, digits.PLAIN, _MISSING), note)


def _rank(over: Overview) -> Measure | None:
    found = over.friedman
    if found is None:
        return None
    n = digits.counted(found.n_cases, "case")
    how = "exact" if found.is_exact else "drawn"
    test = f"Friedman {digits.p_value(found.p)} ({how} permutation)"
    apart = f"which pairs differ takes {FEWEST_CASES} cases to tell"
    if found.critical_difference is not None:
        gap = f"ranks more than {found.critical_difference:.2f} apart differ"
        apart = f"{gap} at the {digits.level(LEVEL)} level (Nemenyi)"
    note = f"Rank of the median, averaged over {n}: {test}; {apart}."
    return Measure("average rank", lambda each: Cell(f"{each.average_rank:.2f}"), note, rank=1)


def _improvement(over: Overview) -> Measure | None:
    if all(each.improvement is None for each in over.members):
        return None
    role = "" if over.has_named_reference else ", the leader"
    wins = f"how often a trial ends better than one of {over.reference}{role}, ties counting half"
    reference = Cell("reference", "quiet")
    return Measure(
        f"beats {over.reference}, % [95%]",
        lambda each: _estimate(each.improvement, digits.PERCENT, reference),
        f"Beats: {wins}, on average over the cases.",
        rank=2,
    )


def _posterior(over: Overview) -> Measure | None:
    if all(each.posterior is None for each in over.members):
        return None
    note = (
        f"Better · same · worse: how probable each is, to {over.reference} and over cases like these, where"
        " medians closer than a case's noticeable difference are the same (Bayesian signed-rank, prior"
        f" {PRIOR_STRENGTH:g} at 0; not corrected for the number of rows)."
    )
    return Measure("better · same · worse, %", _posterior_cell, note, "right", rank=3)


def _posterior_cell(each: Member) -> Cell:
    found = each.posterior
    if found is None:
        return Cell("reference", "quiet")
    return Cell(" · ".join(map(_drawn_share, (found.better, found.equivalent, found.worse))))


def _drawn_share(share: float) -> str:
    # Drawn weights make nothing certain.
    if min(share, 1.0 - share) < 0.005:
        return "<1" if share < 0.5 else ">99"
    return f"{100 * share:.0f}"


def _time() -> Measure:
    note = "Time: one trial of every case, medians over seeds added up; trials run side by side."
    return Measure("time", lambda each: Cell(digits.seconds(each.train_s)), note, "right")


def _state(over: Overview) -> Measure | None:
    if all(each.state_bytes is None for each in over.members):
        return None
    note = "State: bytes that the optimizer keeps for each parameter."
    return Measure("state, B", _state_cell, note, "right")


def _state_cell(each: Member) -> Cell:
    return _MISSING if each.state_bytes is None else Cell(f"{each.state_bytes:.3g}")


def _estimate(found: Estimate | None, scale: digits.Scale, missing: Cell) -> Cell:
    if found is None:
        return missing
    if not words.has_score(found.value):
        return Cell("no score", "bad")
    return Cell(str(digits.estimate(found.value, words.scored(found.interval), scale)))
