"""The documents that commands print: which views, in which order."""

from nnbench.evidence.case import CaseEvidence, Findings
from nnbench.evidence.searched import SearchedCase, searched_evidence
from nnbench.records.judged import JudgedFile
from nnbench.reporting import digits
from nnbench.reporting.blocks import Block, Document, Section
from nnbench.reporting.texts import words
from nnbench.reporting.views.also import also_measured
from nnbench.reporting.views.curves import curves
from nnbench.reporting.views.diagnosis.diagnostics import diagnostics
from nnbench.reporting.views.factors.effects import effects
from nnbench.reporting.views.failures import failures
from nnbench.reporting.views.fewer_seeds import fewer_seeds
from nnbench.reporting.views.filters import filters
from nnbench.reporting.views.headline import headline
from nnbench.reporting.views.judged import about_file
from nnbench.reporting.views.matrix import matrix
from nnbench.reporting.views.race import race
from nnbench.reporting.views.run import about
from nnbench.reporting.views.search.debt import tuning_debt
from nnbench.reporting.views.search.figure import search_figures
from nnbench.reporting.views.search.sensitivity import sensitivity
from nnbench.reporting.views.search.settings import best_settings
from nnbench.reporting.views.search.tuned import tuned, tuned_headline
from nnbench.reporting.views.shard import shard
from nnbench.reporting.views.standings import standings
from nnbench.reporting.views.successes import successes
from nnbench.reporting.views.suite.across import across
from nnbench.reporting.views.trials import trials as trial_table
from nnbench.reporting.views.verdicts import verdicts
from nnbench.statistics.suite.overview import overview


def build(found: Findings) -> Document:
    """Return the report of a run or a search: for each case what it showed, and at the end what was run."""
    run = found.run
    if run.tuning is not None:
        title, sections = "Search", _tuned(found)
    else:
        title, sections = "Run", _compared(found)
    return _document(f"{title} {run.run}", sections, found)


def listing(found: Findings) -> Document:
    """Return the long listing of a run: every trial as a row."""
    sections = [Section(case.facts.name, (trial_table(case),)) for case in found.cases()]
    return _document(f"Run {found.run.run}", sections, found)


def judged(found: Findings, file: JudgedFile) -> Document:
    """Return the report on results made elsewhere."""
    sections = [Section(_heading(case), _of_case(case)) for case in found.cases()]
    return Document(
        f"Verdicts on {file.name}", (*sections, Section("What was judged", (about_file(found, file),)))
    )


def _document(title: str, sections: list[Section], found: Findings) -> Document:
    return Document(title, (*sections, Section("What was run", (about(found),))))


def _compared(found: Findings) -> list[Section]:
    sections = [Section(_heading(case), _of_case(case)) for case in found.cases()]
    over = overview(found.run, found.trials) if found.run.shard is None else None
    if over is not None:
        sections.append(across(over, found.run))
    return sections


def _heading(case: CaseEvidence) -> str:
    n = digits.counted(len(case.ranking), "configuration")
    return f"{case.facts.name}: {n}, {words.n_seeds(case)}" if case.ranking else case.facts.name


def _of_case(case: CaseEvidence) -> tuple[Block, ...]:
    blocks: list[Block | None] = [headline(case) if case.shard is None else shard(case)]
    if case.ranking:
        blocks += [
            standings(case),
            verdicts(case),
            also_measured(case),
            successes(case),
            fewer_seeds(case),
            race(case),
            matrix(case),
            *effects(case),
            *failures(case),
        ]
        blocks += [diagnostics(case), curves(case)]
        blocks += filters(case)
    return tuple(block for block in blocks if block is not None)


def _tuned(found: Findings) -> list[Section]:
    return [
        Section(
            f"{case.facts.name}: {digits.counted(len(case.configurations), 'configuration')}, tuned",
            _of_search(case),
        )
        for case in searched_evidence(found.run, found.trials)
    ]


def _of_search(case: SearchedCase) -> tuple[Block, ...]:
    matters = sensitivity(case) if case.is_grid else best_settings(case)
    shown = [tuned_headline(case), standings(case.at_best), tuned(case), tuning_debt(case), matters]
    return (*(block for block in shown if block is not None), *search_figures(case))
