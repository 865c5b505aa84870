"""What a case measures besides the metric that it is judged by: medians, without verdicts."""

from dataclasses import asdict, replace

from nnbench.evidence.case import CaseEvidence
from nnbench.records.trials import Axes, CaseFacts, ConfigurationSummary, MetricFacts
from nnbench.reporting import digits
from nnbench.reporting.blocks import Cell, Column, Table
from nnbench.reporting.texts import words
from nnbench.statistics.trials.summary import summaries


def also_measured(case: CaseEvidence) -> Table | None:
    """Return a row for each configuration, in the order of the verdicts; None where nothing else is asked."""
    if not case.facts.also:
        return None
    facts = [_as_facts(case.facts, each) for each in case.facts.also]
    found = [_by_axes(case, each) for each in facts]
    rows = []
    for row in case.ranking:
        cells = (_cell(of.get(row.axes), each) for of, each in zip(found, facts, strict=True))
        rows.append((Cell(case.label(row.axes)), *cells))
    headers = [words.unit_after(words.metric(each), digits.scale_of(each).unit) for each in facts]
    return Table(
        title="Also measured, and compared by nobody",
        columns=(
            Column(" · ".join(case.named_axes(case.ranking[0].axes)), wraps=True),
            *(Column(header, "decimal") for header in headers),
        ),
        rows=tuple(rows),
        notes=(
            "Medians after the last step, and their 95 % intervals; a diverged trial counts as the worst.",
        ),
    )


def _as_facts(case: CaseFacts, also: MetricFacts) -> CaseFacts:
    """Return the case as if it were judged by another metric."""
    return replace(case, **asdict(also), target=None, also=())


def _by_axes(case: CaseEvidence, facts: CaseFacts) -> dict[Axes, ConfigurationSummary]:
    known = [trial for trial in case.trials if trial.status != "finished" or facts.metric in trial.final]
    return {row.axes: row for row in summaries(known, facts)}


def _cell(row: ConfigurationSummary | None, facts: CaseFacts) -> Cell:
    if row is None or not words.has_score(row.median):
        return Cell("no score", "bad")
    return Cell(str(digits.estimate(row.median, words.scored(row.interval), digits.scale_of(facts))))
